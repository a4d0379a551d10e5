"""One gate as a page: the verdict in words, what changed, every figure then and now, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from synthtab.reporting.audit_answers import SECTIONS
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure, interval, p_value, plural
from synthtab.reporting.viewmodel import FactRow, NavItem, Strip, StripRow, Tag
from synthtab.results import GateFigure, GateResult, GateStatus, RequirementAnswer

__all__ = ["GATE_TAGS", "DecidedRow", "GatePage", "RequirementRow", "gate_page"]

GATE_TAGS = {
    GateStatus.PASS: Tag("pass", "Pass"),
    GateStatus.WARN: Tag("warn", "Warn"),
    GateStatus.FAIL: Tag("fail", "Fail"),
    GateStatus.INCOMPARABLE: Tag("na", "Not comparable"),
    GateStatus.NOT_APPLICABLE: Tag("na", "Not applicable"),
}
"""Answers of a gate as words and icons."""

_LONGEST = 2_000
_KINDS = {
    "data": "Data",
    "schema": "Schema",
    "library": "Library",
    "synthesizer": "Synthesizer",
    "parameters": "Parameters",
    "seeds": "Seeds",
    "guard": "Guard",
    "rows": "Rows",
    "targets": "Targets",
    "metric": "Metric",
}
_REACH = 3.0
_SPEAKING = (GateStatus.FAIL, GateStatus.INCOMPARABLE, GateStatus.WARN)


@dataclass(frozen=True)
class DecidedRow:
    """One figure that speaks against a pass.

    Parameters
    ----------
    name, family : str
        The figure and its family.
    tag : Tag
        Its answer.
    then, now, fresh : str
        Means over refits, and what fresh real rows score.
    worse, margin, p_value : str
        How much worse it got, what matters, and the adjusted p.
    reason : str
        Why.
    """

    name: str
    family: str
    tag: Tag
    then: str
    now: str
    fresh: str
    worse: str
    margin: str
    p_value: str
    reason: str


@dataclass(frozen=True)
class RequirementRow:
    """One absolute requirement.

    Parameters
    ----------
    name : str
        The figure.
    tag : Tag
        Its answer.
    wanted, found : str
        The bound and the figure.
    reason : str
        In a sentence.
    """

    name: str
    tag: Tag
    wanted: str
    found: str
    reason: str


@dataclass(frozen=True)
class GatePage:
    """The page of one gate.

    Parameters
    ----------
    title : str
        The table.
    made_by : str
        The synthesizer now.
    meta : tuple of str
        Refits, test.
    verdict : Tag
        The answer.
    summary : str
        The answer in words.
    nav : tuple of NavItem
        Contents.
    decided : tuple of DecidedRow
        Figures that speak against a pass, worst first.
    changes : tuple of FactRow
        What is not as it was.
    figures : Strip
        Every figure: how much worse, in margins.
    requirements : tuple of RequirementRow
        Absolute requirements.
    power : str
        What the gate can see.
    actions : tuple of str
        What to do.
    provenance, versions : tuple of FactRow
        How it was made; libraries.
    """

    title: str
    made_by: str
    meta: tuple[str, ...]
    verdict: Tag
    summary: str
    nav: tuple[NavItem, ...]
    decided: tuple[DecidedRow, ...]
    changes: tuple[FactRow, ...]
    figures: Strip
    requirements: tuple[RequirementRow, ...]
    power: str
    actions: tuple[str, ...]
    provenance: tuple[FactRow, ...]
    versions: tuple[FactRow, ...]


def gate_page(result: GateResult) -> GatePage:
    """Turn a gate into the page of it.

    Parameters
    ----------
    result : GateResult
        Its releasable form.

    Returns
    -------
    GatePage
        Plain strings and numbers.
    """
    return GatePage(
        title=clean(result.table) if result.table else "A table",
        made_by=clean(result.synthesizer_now) if result.synthesizer_now else "",
        meta=_meta(result),
        verdict=GATE_TAGS[result.status],
        summary=clean(result.summary, _LONGEST) if result.summary else "Nothing was said of this gate.",
        nav=_NAV,
        decided=tuple(
            _decided(item) for status in _SPEAKING for item in result.figures if item.status is status
        ),
        changes=tuple(
            FactRow(_KINDS.get(item.kind, clean(item.kind)), clean(item.text, _LONGEST))
            for item in result.changes
        ),
        figures=_strip(result.figures),
        requirements=tuple(map(_requirement, result.requirements)),
        power=clean(result.power, _LONGEST) if result.power else "",
        actions=_actions(result),
        provenance=_provenance(result),
        versions=tuple(FactRow(clean(name), clean(version)) for name, version in result.versions),
    )


_NAV = (
    NavItem("verdict", "Verdict", None),
    NavItem("decided", "What decided it", None),
    NavItem("changes", "What changed", None),
    NavItem("figures", "Then and now", None),
    NavItem("requirements", "Requirements", None),
    NavItem("power", "What it can see", None),
    NavItem("actions", "What to do", None),
    NavItem("provenance", "Provenance", None),
    NavItem("reading", "How to read this", None),
)


def _meta(result: GateResult) -> tuple[str, ...]:
    told = [
        plural(len(result.figures), "figure"),
        plural(len(result.requirements), "requirement"),
        f"{plural(len(result.seeds_before), 'refit')} then, {len(result.seeds_now):,} now",
    ]
    return tuple(told + ([clean(result.test, _LONGEST)] if result.test else []))


def _worse(item: GateFigure) -> str:
    """Say in words that cannot be misread how a figure moved."""
    worse = item.worsening
    if worse.value is None:
        return NOT_A_NUMBER
    shown = interval(worse.value, worse.low, worse.high, signed=True, beside=item.margin)
    return shown if shown.strip("0.") else "0"


def _decided(item: GateFigure) -> DecidedRow:
    return DecidedRow(
        name=clean(item.label),
        family=SECTIONS[item.section],
        tag=GATE_TAGS[item.status],
        then=figure(item.before),
        now=figure(item.now),
        fresh=figure(item.fresh),
        worse=_worse(item),
        margin=figure(item.margin),
        p_value=p_value(item.p_value),
        reason=clean(item.reason, _LONGEST) if item.reason else "",
    )


def _strip(figures: Sequence[GateFigure]) -> Strip:
    """Put every figure on one scale: how much worse it got, in margins."""
    head = (
        *("Figure", "Answer", "Then", "Now", "Spread then, now", "Worse by [95\u00a0% interval]", "Margin"),
        *("p", "Could have seen", "Fresh real rows", "Why"),
    )
    steps = (-_REACH, -1.0, 0.0, 1.0, _REACH)
    words = ("better", "", "0", "margin", "worse")
    ticks = tuple((_place(step), word) for step, word in zip(steps, words, strict=True))
    return Strip(tuple(map(_row, figures)), ticks, (_place(0.0), _place(1.0)), head)


def _place(margins: float) -> float:
    """Give the place of a worsening on the axis, at its end where it lies beyond it."""
    edge = 0.03
    at = (min(max(margins, -_REACH), _REACH) + _REACH) / (2 * _REACH)
    return edge + (1 - 2 * edge) * at


def _in_margins(value: float | None, margin: float) -> float | None:
    return value / margin if value is not None and math.isfinite(value) and margin > 0 else None


def _row(item: GateFigure) -> StripRow:
    label, tag = clean(item.label), GATE_TAGS[item.status]
    low, at, high = (
        _in_margins(end, item.margin)
        for end in (item.worsening.low, item.worsening.value, item.worsening.high)
    )
    reason = clean(item.reason, _LONGEST) if item.reason else NOT_A_NUMBER
    worse = _worse(item)
    moved = f"{figure(item.before)} then, {figure(item.now)} now"
    fresh = "" if item.fresh is None else f", real\u00a0{item.fresh:.3g}"
    spread = f"{figure(item.spread_before)}, {figure(item.spread_now)}"
    is_drawn = at is not None and item.status is not GateStatus.INCOMPARABLE
    has_ends = is_drawn and low is not None and high is not None
    return StripRow(
        label=label,
        tag=tag,
        at=_place(at) if at is not None and is_drawn else None,
        low=_place(low) if low is not None and has_ends else None,
        high=_place(high) if high is not None and has_ends else None,
        beyond=0 if at is None else (at > _REACH) - (at < -_REACH),
        band_low=_place(-1.0) if is_drawn else None,
        band_high=_place(1.0) if is_drawn else None,
        mark=None,
        figure=worse if is_drawn else "",
        detail=(
            *(figure(item.before), figure(item.now), spread, worse, figure(item.margin)),
            *(p_value(item.p_value) or NOT_A_NUMBER, figure(item.detectable), figure(item.fresh), reason),
        ),
        said=f"{label}: {tag.word}, {moved}, worse by {worse}, margin {figure(item.margin)}",
        about=f"{moved}{fresh}",
        absent=reason,
    )


def _requirement(item: RequirementAnswer) -> RequirementRow:
    bound = clean(item.bound).replace(">=", "≥ ").replace("<=", "≤ ")
    return RequirementRow(
        clean(item.label),
        GATE_TAGS[item.status],
        bound,
        figure(item.value),
        clean(item.reason, _LONGEST) if item.reason else "",
    )


_RECORD = "synthtab gate record"
_CHECK = "synthtab gate check"


def _actions(result: GateResult) -> tuple[str, ...]:
    """Say what to do, most useful first."""
    statuses = {item.status for item in result.figures}
    actions = []
    if GateStatus.FAIL in statuses:
        if result.changes:
            actions.append(
                "Undo what changed, one thing at a time and the likeliest first, and check again with "
                f"“{_CHECK}”: the change that brings the figures back is the cause."
            )
        else:
            actions.append(
                "Nothing that this gate knows of has changed. Look for what it does not see: another "
                "machine, a seed that is not passed on, rows in another split."
            )
        actions.append(
            f"If you accept the worsening, record a new baseline with “{_RECORD}”. From then on the gate "
            "holds the choice to what it is worth now."
        )
    if any(item.status is GateStatus.FAIL for item in result.requirements):
        actions.append(
            "A requirement holds whatever the baseline was. Change the synthesizer or its parameters until "
            "it is met, or lower the requirement and say why."
        )
    if GateStatus.INCOMPARABLE in (*statuses, result.status):
        actions.append(
            "What cannot be compared needs a new baseline: go back to what it was recorded with to see "
            f"whether anything got worse, then record what is there now with “{_RECORD}”."
        )
    if GateStatus.WARN in statuses:
        actions.append(
            "Read each warning: where refits differ too much to see a worsening that matters, record and "
            "check with more seeds; where a figure is worse within its margin, watch it."
        )
    if not actions:
        actions.append(
            "Nothing: the choice is worth what it was, as far as this gate can see."
            + (" The changes above did not make it worse." if result.changes else "")
        )
    return tuple(actions)


def _provenance(result: GateResult) -> tuple[FactRow, ...]:
    return (
        FactRow("Table", clean(result.table) if result.table else "not told"),
        FactRow("Synthesizer, recorded", _told(result.synthesizer_before)),
        FactRow("Synthesizer, now", _told(result.synthesizer_now)),
        FactRow("Seeds, recorded", _seeds(result.seeds_before)),
        FactRow("Seeds, now", _seeds(result.seeds_now)),
        FactRow("Compared", _told(result.test)),
    )


def _told(text: str) -> str:
    return clean(text, _LONGEST) if text else "not told"


def _seeds(seeds: Sequence[int]) -> str:
    is_run = len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]} to {seeds[-1]}" if is_run else ", ".join(map(str, seeds)) or "none"
