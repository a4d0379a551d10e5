"""check_table: judge a table that somebody else made, against a profile of the real rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from synthtab.auditing import Policy, audit
from synthtab.lineage.fingerprints import library_versions
from synthtab.profiling import Profile
from synthtab.results import (
    AuditResult,
    Check,
    GateFigure,
    GateResult,
    GateStatus,
    Interval,
    RequirementAnswer,
    Section,
    Status,
)
from synthtab.selection.figures import figure
from synthtab.selection.gate_judgement import joined, number, worst_first
from synthtab.selection.requirements import Requirement, answer_requirement, parse_requirements
from synthtab.tables.source import TableLike

__all__ = ["check_table"]

_FIGURES = {
    "STB001": "schema.outside_domain",
    "STB002": "schema.broken_rules",
    "STB101": "marginal.tvd",
    "STB102": "marginal.ks",
    "STB104": "marginal.missing_rate",
    "STB201": "association.interaction_tvd",
    "STB202": "association.cramers_v",
    "STB203": "association.spearman",
    "STB205": "association.missingness",
    "STB301": "rare.coverage",
    "STB302": "rare.mass",
    "STB401": "tails.tail_mass",
}
_MASS = "STB302"
_RATIOS = frozenset({_MASS, "STB304", "STB305"})
_JUDGED = {Status.PASS: GateStatus.PASS, Status.WARN: GateStatus.WARN, Status.FAIL: GateStatus.FAIL}
_NEED_ROWS = (Section.UTILITY, Section.DETECTION, Section.PRIVACY)
_MOST_NAMED = 3


def check_table(
    reference: str | Path | Profile,
    synthetic: TableLike,
    *,
    require: Mapping[str, str] | None = None,
    title: str = "",
    seed: int = 0,
) -> GateResult:
    """Judge a synthetic table as it is, against what fresh real rows would score.

    Parameters
    ----------
    reference : str, Path or Profile
        What `make_reference` wrote of the real rows: it may stand where they may not.
    synthetic : table
        The rows to be judged.
    require : mapping of str to str, optional
        What must hold beside the margins of the audit, e.g. ``{"rare.coverage": ">=0.9"}``.
    title : str, default ""
        Name of the table, for the report.
    seed : int, default 0
        Seed of every draw.

    Returns
    -------
    GateResult
        ``before`` is what fresh real rows score. fail where a check of the audit fails or a requirement is
        not met; what needs real rows (models, a classifier, attacks) is not judged.

    Raises
    ------
    DataError
        When the table has no rows or lacks a column.
    SavedModelError
        When the reference cannot be read.
    SpecError
        When a requirement cannot be read.
    """
    asked = parse_requirements(require)
    policy = Policy()
    found = audit(reference=reference, synthetic=synthetic, policy=policy, title=title, seed=seed)
    figures = worst_first(
        [
            _figure(check, policy)
            for check in found.checks
            if check.code in _FIGURES and check.status is not Status.NOTE
        ]
        # what is no figure of a gate is told where it decides something
        + [
            _figure(check, policy)
            for check in found.checks
            if check.code not in _FIGURES and check.status in (Status.WARN, Status.FAIL)
        ]
    )
    answers = tuple(_answer(item, figures) for item in asked)
    judged = [check for check in found.checks if check.status in _JUDGED]
    status = _status(figures, answers)
    return GateResult(
        status=status,
        summary=_summary(status, figures, answers, len(judged)),
        table=found.provenance.title,
        synthesizer_before="fresh real rows",
        synthesizer_now="this table",
        seeds_before=(),
        seeds_now=(),
        test="one table against a profile of the real rows, tested as an audit tests",
        figures=figures,
        requirements=answers,
        changes=(),
        power=_power(found, figures),
        versions=library_versions(),
    )


def _figure(check: Check, policy: Policy) -> GateFigure:
    known = figure(_FIGURES[check.code]) if check.code in _FIGURES else None
    higher = check.code in _RATIOS or (check.at_least if known is None else known.higher_is_better)
    value = check.value
    if value is not None and check.code in _RATIOS:
        value = _smaller_over_larger(value)
    applies = check.status in _JUDGED
    return GateFigure(
        name=check.code if known is None else known.name,
        label=check.name[:1].upper() + check.name[1:] if known is None else known.label,
        section=check.section,
        status=_JUDGED.get(check.status, GateStatus.NOT_APPLICABLE),
        higher_is_better=higher,
        fresh=check.reference,
        before=check.reference if applies else None,
        now=value,
        spread_before=None,
        spread_now=None,
        worsening=_worsening(check, value, higher_is_better=higher) if applies else Interval(),
        margin=policy.margins[check.code].tolerance,
        p_value=check.p_value,
        detectable=check.smallest_seen,
        reason=check.reason,
    )


def _worsening(check: Check, value: float | None, *, higher_is_better: bool) -> Interval:
    """Give how far the table is from fresh real rows, above 0 where it is worse."""
    if value is None or check.reference is None:
        return Interval()
    ends: tuple[float | None, float | None] = (check.low, check.high)
    if check.code in _RATIOS:
        ends = _ends_of_ratio(check)
    low, high = ends
    if higher_is_better:
        return Interval(check.reference - value, _less(check.reference, high), _less(check.reference, low))
    return Interval(value - check.reference, _less(low, check.reference), _less(high, check.reference))


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _ends_of_ratio(check: Check) -> tuple[float | None, float | None]:
    """Give the interval of the smaller mass over the larger: it turns round where the two are equal."""
    if check.low is None or check.high is None:
        return None, None
    ends = [_smaller_over_larger(end) for end in (check.low, check.high)]
    return min(ends), 1.0 if check.low <= 1 <= check.high else max(ends)


def _smaller_over_larger(ratio: float) -> float:
    return 0.0 if ratio <= 0 else min(ratio, 1 / ratio)


def _answer(asked: Requirement, figures: tuple[GateFigure, ...]) -> RequirementAnswer:
    if asked.figure.name not in _FIGURES.values():
        return answer_requirement(asked, None, 0, "it needs real rows, and only a profile of them is at hand")
    own = next((item for item in figures if item.name == asked.figure.name), None)
    if own is None or own.status is GateStatus.NOT_APPLICABLE:
        why = "" if own is None else own.reason.removeprefix("Not applicable: ").rstrip(".")
        return answer_requirement(asked, None, 0, why)
    return answer_requirement(asked, own.now, 0)


def _status(figures: tuple[GateFigure, ...], answers: tuple[RequirementAnswer, ...]) -> GateStatus:
    found = {item.status for item in figures} | {item.status for item in answers}
    for status in (GateStatus.FAIL, GateStatus.WARN, GateStatus.PASS):
        if status in found:
            return status
    return GateStatus.INCOMPARABLE


def _summary(
    status: GateStatus,
    figures: tuple[GateFigure, ...],
    answers: tuple[RequirementAnswer, ...],
    checks: int,
) -> str:
    def named(wanted: GateStatus) -> str:
        own = [
            item.label if item.now is None else f"{item.label} ({number(item.now)})"
            for item in figures
            if item.status is wanted
        ]
        more = len(own) - _MOST_NAMED
        return joined(own[:_MOST_NAMED] + ([f"{more} more"] if more > 0 else []))

    unmet = [f"{item.label} {item.bound}" for item in answers if item.status is GateStatus.FAIL]
    failed = sum(item.status is GateStatus.FAIL for item in figures)
    parts = []
    if failed:
        parts.append(
            f"{failed} of {checks} checks failed: worse than fresh real rows by more than the margin in "
            f"{named(GateStatus.FAIL)}."
        )
    if unmet:
        parts.append(f"Not met: {joined(unmet)}.")
    if parts:
        return " ".join(parts)
    if status is GateStatus.INCOMPARABLE:
        return "Nothing could be judged, so this says nothing."
    if status is GateStatus.WARN:
        return f"Nothing failed, but look at {named(GateStatus.WARN)}."
    return f"{checks} checks passed: no worse than fresh real rows, as far as a profile can tell."


def _power(found: AuditResult, figures: tuple[GateFigure, ...]) -> str:
    seen = [item for item in figures if item.detectable is not None]
    told = [
        f"{number(item.detectable)} in {item.label[0].lower() + item.label[1:]}"
        for item in seen
        if item.detectable
    ]
    rows = f"With {found.provenance.n_synthetic:,} rows this gate"
    can = f"{rows} sees, 4 times in 5, a distance from fresh real rows of {joined(told)}. " if told else ""
    missing = joined([section.value for section in _NEED_ROWS])
    return f"{can}It has no real rows, so it says nothing about {missing}."
