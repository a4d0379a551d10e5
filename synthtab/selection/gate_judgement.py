"""Judgement: a baseline then and now become one answer, figure by figure, with what could not be seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthtab.errors import SavedModelError, SpecError
from synthtab.results import (
    Baseline,
    BaselineFigure,
    FamilyFigure,
    GateFigure,
    GateResult,
    GateStatus,
    Interval,
    RequirementAnswer,
)
from synthtab.selection.detectable import MOST_REFITS
from synthtab.selection.figures import figure
from synthtab.selection.gate_changes import list_changes, shown_spec
from synthtab.selection.requirements import answer_requirement, parse_requirements
from synthtab.selection.worsening import Judgement, judge, worsening_by_seed

__all__ = ["compare_baselines", "joined", "judge_baselines", "known_figure", "number", "worst_first"]

_ORDER = (
    GateStatus.FAIL,
    GateStatus.INCOMPARABLE,
    GateStatus.WARN,
    GateStatus.PASS,
    GateStatus.NOT_APPLICABLE,
)
_MOST_NAMED = 3


def compare_baselines(before: Baseline, now: Baseline) -> GateResult:
    """Compare two baselines as they were recorded: nothing is fitted.

    Parameters
    ----------
    before, now : Baseline
        Then and now; the requirements of `now` are asked of its own figures.

    Returns
    -------
    GateResult
        The answer that `check_baseline` would give had it measured `now`.

    Raises
    ------
    SavedModelError
        When a baseline asks for a figure that this version does not know, or its refits do not fit its seeds.
    """
    return judge_baselines(before, now)


def judge_baselines(
    before: Baseline, now: Baseline, *, reasons: dict[str, str] | None = None, failed: Sequence[str] = ()
) -> GateResult:
    """Compare what was recorded with what was measured now.

    Parameters
    ----------
    before, now : Baseline
        Then and now; figures are compared on the grid that they are recorded on.
    reasons : dict of str to str, optional
        Why a figure of `now` cannot be had, by name.
    failed : sequence of str, optional
        Why refits of `now` did not end well, one each: none is a failure of the gate.

    Returns
    -------
    GateResult
        fail before incomparable before warn before pass.

    Raises
    ------
    SavedModelError
        When a baseline asks for a figure that this version does not know, or its refits do not fit its seeds.
    """
    for item in (before, now):
        _refuse_torn(item)
    figures, judgements = _figures(before.releasable(), now.releasable(), reasons or {})
    requirements = (*_refits(now, failed), *_requirements(now, reasons or {}))
    status = _worst(figures, requirements)
    return GateResult(
        status=status,
        summary=_summary(status, figures, requirements),
        table=now.table,
        synthesizer_before=shown_spec(before),
        synthesizer_now=shown_spec(now),
        seeds_before=before.seeds,
        seeds_now=now.seeds,
        test=_test(judgements, before, now),
        figures=figures,
        requirements=requirements,
        changes=list_changes(before, now),
        power=_power(figures, judgements, before, now),
        versions=now.versions,
    )


def known_figure(name: str) -> FamilyFigure:
    """Give a figure that a baseline names.

    Parameters
    ----------
    name : str
        E.g. ``"rare.coverage"``.

    Returns
    -------
    FamilyFigure
        What it is.

    Raises
    ------
    SavedModelError
        When this version does not know it.
    """
    try:
        return figure(name)
    except SpecError as error:
        raise SavedModelError(
            f"The baseline asks for {name!r}, a figure that this version of synthtab does not know.",
            hint="Record it anew: synthtab gate record.",
        ) from error


def worst_first(figures: Sequence[GateFigure]) -> tuple[GateFigure, ...]:
    """Put figures in the order that a reader should see them in.

    Parameters
    ----------
    figures : sequence of GateFigure
        In any order.

    Returns
    -------
    tuple of GateFigure
        By status, then by the worsening in margins.
    """

    def place(item: GateFigure) -> tuple[int, float]:
        worse = -math.inf if item.worsening.value is None else item.worsening.value / item.margin
        return _ORDER.index(item.status), -worse

    return tuple(sorted(figures, key=place))


def number(value: float) -> str:
    """Write a figure with three decimals, or with two digits where these would all be zero.

    Parameters
    ----------
    value : float
        A figure.

    Returns
    -------
    str
        E.g. ``0.031``.
    """
    value += 0.0  # minus zero becomes zero
    shown = f"{value:.3f}" if abs(value) >= 0.001 or not value else f"{value:.2g}"  # noqa: PLR2004 - three decimals
    return shown.rstrip("0").rstrip(".") if "." in shown and "e" not in shown else shown


def joined(parts: Sequence[str]) -> str:
    """Join words as a sentence does.

    Parameters
    ----------
    parts : sequence of str
        At least one.

    Returns
    -------
    str
        E.g. ``a, b and c``.
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _refuse_torn(baseline: Baseline) -> None:
    for item in baseline.figures:
        known_figure(item.name)
        if item.values and len(item.values) != len(baseline.seeds):
            raise SavedModelError(
                f"The baseline has {len(baseline.seeds)} seeds and {len(item.values)} refits of {item.name}.",
                hint="It was edited. Record it anew: synthtab gate record.",
            )


def _figures(
    before: Baseline, now: Baseline, reasons: dict[str, str]
) -> tuple[tuple[GateFigure, ...], dict[str, Judgement]]:
    has = {item.name: item for item in now.figures}
    # a figure that was recorded for a requirement only has a mean and no refits
    asked = [item for item in before.figures if item.values or item.mean is None]
    why = {item.name: _why_not(item, has.get(item.name), reasons) for item in asked}
    tested = [item for item in asked if why[item.name] is None]
    judged = judge(
        [
            worsening_by_seed(
                dict(zip(before.seeds, item.values, strict=True)),
                dict(zip(now.seeds, has[item.name].values, strict=True)),
                higher_is_better=figure(item.name).higher_is_better,
            )
            for item in tested
        ],
        [figure(item.name).margin for item in tested],
    )
    judgements = {item.name: answer for item, answer in zip(tested, judged, strict=True)}
    return (
        worst_first(
            [_judged(item, has[item.name], judgements[item.name]) for item in tested]
            + [
                _unjudged(item, has.get(item.name), *reason)
                for item in asked
                if (reason := why[item.name]) is not None
            ]
        ),
        judgements,
    )


def _why_not(
    was: BaselineFigure, has: BaselineFigure | None, reasons: dict[str, str]
) -> tuple[GateStatus, str] | None:
    """Say why a figure cannot be compared, if so."""
    if was.mean is None:
        later = " It applies now: record anew to have it judged." if has is not None and has.values else ""
        return GateStatus.NOT_APPLICABLE, f"It did not apply when the baseline was recorded.{later}"
    if has is None or (has.mean is not None and not has.values):
        return GateStatus.INCOMPARABLE, "It was recorded, and is not measured now."
    if was.version != has.version:
        versions = f"version {was.version} then, {has.version} now"
        return GateStatus.INCOMPARABLE, f"Its definition changed ({versions}): record anew."
    if has.mean is None:
        told = f": {reasons[was.name]}" if reasons.get(was.name) else ""
        return GateStatus.INCOMPARABLE, f"It applied when the baseline was recorded, and does not now{told}."
    return None


def _unjudged(was: BaselineFigure, has: BaselineFigure | None, status: GateStatus, reason: str) -> GateFigure:
    known = figure(was.name)
    return GateFigure(
        name=known.name,
        label=known.label,
        section=known.section,
        status=status,
        higher_is_better=known.higher_is_better,
        fresh=known.fresh,
        before=was.mean,
        now=None if has is None else has.mean,
        spread_before=was.spread,
        spread_now=None if has is None else has.spread,
        worsening=Interval(),
        margin=known.margin,
        p_value=None,
        detectable=None,
        reason=reason,
    )


def _judged(was: BaselineFigure, has: BaselineFigure, answer: Judgement) -> GateFigure:
    known, found = figure(was.name), answer.worsening
    return GateFigure(
        name=known.name,
        label=known.label,
        section=known.section,
        status=answer.status,
        higher_is_better=known.higher_is_better,
        fresh=known.fresh,
        before=was.mean,
        now=has.mean,
        spread_before=was.spread,
        spread_now=has.spread,
        worsening=Interval(found.mean, found.low, found.high),
        margin=known.margin,
        p_value=answer.p_value,
        detectable=answer.detectable,
        reason=_reason(answer),
    )


def _reason(answer: Judgement) -> str:
    found, margin = answer.worsening, answer.margin
    if answer.p_value is None:
        return "With one refit then and one now nothing can be tested: luck looks like a change."
    if found.is_identical:
        return "Every refit scores exactly as it did."
    change = "Better" if found.mean < 0 else "Worse"
    size = f"{change} by {number(abs(found.mean))}"
    chance = "p < 0.001" if answer.p_value < 0.001 else f"p = {answer.p_value:.2g}"  # noqa: PLR2004 - the usual end
    if answer.is_significant:
        beyond = answer.status is GateStatus.FAIL
        where = "more than the margin of" if beyond else "within the margin of"
        return f"{size}, surely ({chance}), and {where} {number(margin)}."
    if answer.is_underpowered:
        lead = f"{size}, and luck explains it" if found.mean > 0 else "No worsening was seen"
        return (
            f"{lead}; but refits differ so much that {number(2 * margin)} could go unseen. {_needs(answer)}"
        )
    if found.mean <= 0:
        return f"{size}." if found.mean < 0 else "Neither better nor worse."
    return f"{size}, which luck explains ({chance})."


def _needs(answer: Judgement) -> str:
    if answer.refits_needed is None:
        return f"Not even {MOST_REFITS:,} refits would see it."
    return f"It would take {answer.refits_needed} refits."


def _refits(now: Baseline, failed: Sequence[str]) -> tuple[RequirementAnswer, ...]:
    if not failed:
        return ()
    ended, whole = len(now.seeds), len(now.seeds) + len(failed)
    return (
        RequirementAnswer(
            "refits",
            "Refits that ended well",
            f">={whole}",
            float(ended),
            GateStatus.FAIL,
            f"{len(failed)} of {whole} refits failed; the first: {failed[0]}",
        ),
    )


def _requirements(now: Baseline, reasons: dict[str, str]) -> tuple[RequirementAnswer, ...]:
    has = {item.name: item for item in now.figures}
    answers = []
    for asked in parse_requirements(dict(now.require)):
        own = has.get(asked.figure.name)
        why_not = "it was not measured" if own is None else reasons.get(asked.figure.name, "")
        value = None if own is None else own.mean
        answers.append(answer_requirement(asked, value, len(now.seeds), why_not))
    return tuple(answers)


def _worst(figures: Sequence[GateFigure], requirements: Sequence[RequirementAnswer]) -> GateStatus:
    found = {item.status for item in figures} | {item.status for item in requirements}
    found.discard(GateStatus.NOT_APPLICABLE)
    # a gate that asked nothing has seen nothing
    return min(found, key=_ORDER.index, default=GateStatus.INCOMPARABLE)


def _summary(
    status: GateStatus, figures: Sequence[GateFigure], requirements: Sequence[RequirementAnswer]
) -> str:
    def named(wanted: GateStatus) -> str:
        own = [item for item in figures if item.status is wanted]
        told = [_told(item) for item in own[:_MOST_NAMED]]
        more = len(own) - _MOST_NAMED
        return joined(told + ([f"{more} more"] if more > 0 else []))

    unmet = [item for item in requirements if item.status is GateStatus.FAIL]
    asked = [item for item in figures if item.status is not GateStatus.NOT_APPLICABLE]
    parts = []
    worse = [item for item in figures if item.status is GateStatus.FAIL]
    if worse:
        parts.append(
            f"{len(worse)} of {len(asked)} figures got worse by more than they may: {named(GateStatus.FAIL)}."
        )
    if unmet:
        parts.append(f"Not met: {joined([f'{item.label} {item.bound}' for item in unmet])}.")
    if status is GateStatus.FAIL:
        return " ".join(parts)
    if not asked and status is GateStatus.INCOMPARABLE:
        return "No figure could be compared, so this says nothing."
    if status is GateStatus.INCOMPARABLE:
        return f"Some figures cannot be compared with the baseline: {named(GateStatus.INCOMPARABLE)}."
    if status is GateStatus.WARN:
        return f"Nothing failed, but look at {named(GateStatus.WARN)}."
    count = f"{len(asked)} figure{'s' * (len(asked) != 1)}"
    met = f" and {len(requirements)} requirement{'s' * (len(requirements) != 1)}" if requirements else ""
    return f"{count}{met}: nothing got worse that could be seen." if asked else "Every requirement is met."


def _told(item: GateFigure) -> str:
    if item.before is None or item.now is None:
        return item.label
    return f"{item.label} ({number(item.before)} → {number(item.now)})"


def _test(judgements: dict[str, Judgement], before: Baseline, now: Baseline) -> str:
    pairs = {item.worsening.pairs for item in judgements.values()}
    if not judgements:
        return "nothing could be compared"
    if pairs != {0}:
        return (
            f"paired over {max(pairs)} seeds, Student's t for worsening, Holm over {len(judgements)} figures"
        )
    then, here = len(before.seeds), len(now.seeds)
    if then == here == 1:
        return "no test: one refit then and one now"
    how = f"Student's t for worsening, Holm over {len(judgements)} figures"
    return f"two samples of {then} and {here} refits, {how}"


def _power(
    figures: Sequence[GateFigure], judgements: dict[str, Judgement], before: Baseline, now: Baseline
) -> str:
    """Say what the gate sees, and what it could miss."""
    seen, noisy = [], []
    for item in figures:
        answer = judgements.get(item.name)
        if answer is None or answer.detectable is None:
            continue
        name = item.label[0].lower() + item.label[1:]
        if answer.is_underpowered:
            needed = (
                f"more than {MOST_REFITS:,}" if answer.refits_needed is None else f"{answer.refits_needed}"
            )
            noisy.append(f"{name} ({number(answer.detectable)}; {needed} refits would be needed)")
        else:
            seen.append(f"{number(answer.detectable)} in {name}")
    if not seen and not noisy:
        return "Nothing could be tested: take two refits or more, then and now; five are advised."
    parts = []
    pairs = max(item.worsening.pairs for item in judgements.values())
    with_refits = (
        f"With {pairs} refits" if pairs else f"With {len(before.seeds)} refits then and {len(now.seeds)} now"
    )
    if seen:
        parts.append(
            f"{with_refits} this gate sees, 4 times in 5, a worsening of {joined(seen)}; "
            "it could miss smaller ones."
        )
    if noisy:
        lead = (
            "Too noisy to see twice the margin"
            if seen
            else f"{with_refits} this is too noisy to see twice the margin"
        )
        parts.append(f"{lead} in {joined(noisy)}.")
    return " ".join(parts)
