"""Gates made by hand: what the tests of the page draw."""

from __future__ import annotations

from dataclasses import replace

from synthtab.results import (
    Change,
    GateFigure,
    GateResult,
    GateStatus,
    Interval,
    RequirementAnswer,
)
from synthtab.selection.figures import GATE_FIGURES, figure

_MOVED = {
    "association.interaction_tvd": (GateStatus.FAIL, 0.64, 0.52, Interval(0.12, 0.10, 0.14), 0.0004),
    "rare.coverage": (GateStatus.WARN, 0.83, 0.79, Interval(0.04, -0.13, 0.21), 0.48),
    "marginal.tvd": (GateStatus.WARN, 0.972, 0.959, Interval(0.013, 0.006, 0.02), 0.009),
    "utility.boosted": (GateStatus.PASS, 0.62, 0.61, Interval(0.01, -0.02, 0.04), 0.6),
    "detection.auc": (GateStatus.PASS, 0.82, 0.821, Interval(0.001, -0.01, 0.012), 1.0),
    "privacy.membership_auc": (GateStatus.PASS, 0.502, 0.501, Interval(-0.001, -0.006, 0.004), 1.0),
    "tails.tail_mass": (GateStatus.PASS, 0.93, 0.95, Interval(-0.02, -0.05, 0.01), 1.0),
    "rare.mass": (GateStatus.PASS, 0.88, 0.91, Interval(-0.03, -0.11, 0.05), 1.0),
}
_WHY = {
    GateStatus.FAIL: "Significantly worse, by more than its margin.",
    GateStatus.WARN: "Refits differ too much: a worsening of twice the margin could have been missed.",
    GateStatus.PASS: "No worse, as far as can be seen.",
}


def _figure(name: str) -> GateFigure:
    item = figure(name)
    status, before, now, worsening, p = _MOVED[name]
    return GateFigure(
        name=name,
        label=item.label,
        section=item.section,
        status=status,
        higher_is_better=item.higher_is_better,
        fresh=item.fresh,
        before=before,
        now=now,
        spread_before=0.01,
        spread_now=0.012,
        worsening=worsening,
        margin=item.margin,
        p_value=p,
        detectable=1.6 * item.margin if status is GateStatus.WARN else 0.6 * item.margin,
        reason=_WHY[status],
    )


def failing_gate() -> GateResult:
    """Make a gate that fails: dependence got worse after an upgrade, and a requirement is missed."""
    return GateResult(
        status=GateStatus.FAIL,
        summary="Dependence between columns got worse by 0.12 [0.10, 0.14], more than its margin of 0.05, "
        "and a requirement is not met. The other figures hold.",
        table="nhanes_adults",
        synthesizer_before="gaussian_copula",
        synthesizer_now="gaussian_copula",
        seeds_before=(0, 1, 2, 3, 4),
        seeds_now=(0, 1, 2, 3, 4),
        test="paired over 5 seeds",
        figures=tuple(_figure(name) for name in _MOVED),
        requirements=(
            RequirementAnswer(
                *("rare.coverage", "Rare categories kept", ">=0.8", 0.79, GateStatus.FAIL),
                "0.79 is below 0.8.",
            ),
            RequirementAnswer(
                *("privacy.membership_auc", "Membership inference (AUC)", "<=0.55", 0.501, GateStatus.PASS),
                "0.501 is at most 0.55.",
            ),
        ),
        changes=(
            Change("library", "sdv was 1.37.0 and is 2.0.0."),
            Change("data", "Column hba1c has other counts than when the baseline was recorded."),
        ),
        power="With 5 paired refits this gate would call a worsening of 0.03 to 0.16 a failure four times "
        "out of five. It asks the same table and the same split: it does not see what other rows would do.",
        versions=(("sdv", "2.0.0"), ("synthtab", "0.1.0")),
    )


def passing_gate() -> GateResult:
    """Make a gate in which nothing changed and nothing is worse."""
    gate = failing_gate()
    return replace(
        gate,
        status=GateStatus.PASS,
        summary="Nothing got worse, as far as this gate can see.",
        figures=tuple(
            replace(
                item,
                status=GateStatus.PASS,
                reason=_WHY[GateStatus.PASS],
                worsening=Interval(0.0, -0.01, 0.01),
            )
            for item in gate.figures
        ),
        requirements=(),
        changes=(),
    )


def warning_gate() -> GateResult:
    """Make a gate that only warns, recorded and run with one seed: no interval and no test."""
    gate = passing_gate()
    first, *rest = gate.figures
    bare = [
        replace(
            item,
            worsening=Interval(0.01, None, None),
            spread_before=None,
            spread_now=None,
            p_value=None,
            detectable=None,
        )
        for item in (
            replace(first, status=GateStatus.WARN, reason="One refit each: nothing can be tested."),
            *rest,
        )
    ]
    return replace(
        gate,
        status=GateStatus.WARN,
        summary="Nothing could be tested.",
        figures=tuple(bare),
        seeds_before=(0,),
        seeds_now=(0,),
        test="not tested",
        changes=failing_gate().changes,
    )


def incomparable_gate() -> GateResult:
    """Make a gate that compares nothing: other data, another definition, a figure that does not apply."""
    gate = failing_gate()
    first, second, third, *rest = gate.figures
    nothing = {"worsening": Interval(), "p_value": None, "detectable": None}
    return replace(
        gate,
        status=GateStatus.INCOMPARABLE,
        summary="The schema is another one: figures from then and now cannot be compared.",
        figures=(
            replace(first, status=GateStatus.INCOMPARABLE, reason="Its definition changed.", **nothing),
            replace(
                second,
                status=GateStatus.NOT_APPLICABLE,
                reason="There is no rare category.",
                before=None,
                now=None,
                **nothing,
            ),
            replace(third, worsening=Interval(9.0, 8.0, 10.0)),
            *rest,
        ),
        requirements=(
            RequirementAnswer(
                "rare.coverage", "Rare categories kept", ">=0.8", None, GateStatus.FAIL, "No such figure."
            ),
        ),
        changes=(Change("schema", "The schema has other columns."),),
    )


def varied_gate() -> GateResult:
    """Make a gate with every answer, and a figure ten margins worse."""
    gate = failing_gate()
    *first, far, odd, gone = gate.figures
    nothing = {"worsening": Interval(), "p_value": None, "detectable": None}
    worse = Interval(*(margins * far.margin for margins in (10.3, 9.0, 11.0)))
    return replace(
        gate,
        figures=(
            *first,
            replace(far, status=GateStatus.FAIL, worsening=worse),
            replace(odd, status=GateStatus.INCOMPARABLE, reason="Its definition changed.", **nothing),
            replace(gone, status=GateStatus.NOT_APPLICABLE, reason="There is no rare category.", **nothing),
        ),
    )


def empty_gate() -> GateResult:
    """Make a gate of nothing at all."""
    return GateResult(GateStatus.INCOMPARABLE, "", "", "", "", (), (), "", (), (), (), "", ())


def hostile_gate(texts: tuple[str, ...]) -> GateResult:
    """Make a gate whose every text is one of these, each used at least once."""
    gate = failing_gate()
    names = [GATE_FIGURES[n % len(GATE_FIGURES)] for n in range(8)]
    return replace(
        gate,
        summary=" ".join(texts[:3]),
        table=texts[0],
        synthesizer_before=texts[1],
        synthesizer_now=texts[2],
        test=texts[3],
        figures=tuple(
            replace(_figure(name), label=texts[(n + 4) % len(texts)], reason=texts[(n + 9) % len(texts)])
            for n, name in enumerate(names)
        ),
        requirements=tuple(
            RequirementAnswer(
                "a", texts[n % len(texts)], texts[(n + 1) % len(texts)], 0.5, GateStatus.FAIL, text
            )
            for n, text in enumerate(texts[:5])
        ),
        changes=tuple(Change("data" if n % 2 else text, text) for n, text in enumerate(texts)),
        power=texts[5 % len(texts)],
        versions=tuple((text, text) for text in texts[:5]),
    )
