"""Subgroups as view models: which people does the synthetic table serve worse than others."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.axes import Axis, linear_axis
from synthtab.reporting.metric_words import metric_words
from synthtab.reporting.sectionmodel import GroupBlock, SubgroupView
from synthtab.reporting.text import clean, figure, open_interval, percent
from synthtab.reporting.viewmodel import Strip, StripRow
from synthtab.results import Status
from synthtab.results.shown import Subgroup

__all__ = ["subgroup_view"]

_MOST_LEVELS = 6
_MOST_COLUMNS = 5
_UNJUDGED = "too few people to compare"


def subgroup_view(groups: Sequence[Subgroup], reason: str = "") -> SubgroupView | None:
    """Show every group, column by column, on one axis.

    Parameters
    ----------
    groups : sequence of Subgroup
        Worst first.
    reason : str
        Why there are none, when there are none.

    Returns
    -------
    SubgroupView or None
        None when there is neither a group nor a reason.
    """
    if not groups:
        return SubgroupView(None, (), (), clean(reason, 2_000)) if reason else None
    axis = linear_axis(
        [0.0, *(side for group in groups for side in (group.excess, group.low, group.high))],
        least=-1.0,
        most=1.0,
    )
    by_column: dict[str, list[StripRow]] = {}
    rows = []
    for group in sorted(groups, key=lambda item: _measured(item.excess) is None):
        row = _row(group, axis)
        rows.append(row)
        by_column.setdefault(group.column, []).append(row)
    blocks = [
        GroupBlock(clean(column), tuple(levels[:_MOST_LEVELS]), max(len(levels) - _MOST_LEVELS, 0))
        for column, levels in by_column.items()
    ]
    ticks = axis.named(0.0, "0 fresh real data")
    head = (
        *("Group", "Answer", "Share of real rows", "Beyond fresh real data [95 % interval]"),
        *("Trained on synthetic", "Trained on real"),
    )
    return SubgroupView(
        strip=Strip(tuple(rows), ticks, (axis.place(0.0) or 0.0,), head),
        blocks=tuple(blocks[:_MOST_COLUMNS]),
        folded=tuple(blocks[_MOST_COLUMNS:]),
        said=_worst_said(groups),
    )


def _measured(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _row(group: Subgroup, axis: Axis) -> StripRow:
    column, level, tag = clean(group.column), clean(group.level), tag_of(group.status)
    excess = _measured(group.excess)
    shown = open_interval(excess, group.low, group.high, signed=True) if excess is not None else "–"
    measure = metric_words(group.measure) if group.measure else "score"
    learned = group.tstr is not None and group.trtr is not None
    trained = f"; {measure} {figure(group.tstr)} (real {figure(group.trtr)})" if learned else ""
    share, name = f"{percent(group.share)} of the rows", f"{column} = {level}"
    return StripRow(
        label=level,
        tag=tag,
        at=axis.place(excess),
        low=axis.place(group.low) if excess is not None else None,
        high=axis.place(group.high) if excess is not None else None,
        beyond=axis.beyond(excess),
        band_low=None,
        band_high=None,
        mark=None,
        figure=shown,
        detail=(
            *(percent(group.share), shown),
            *(f"{measure} {figure(side)}" if side is not None else "–" for side in (group.tstr, group.trtr)),
        ),
        said=f"{name}: {tag.word}, {shown} beyond fresh real data, {share}{trained}",
        name=name,
        about=f"{share}{trained}",
        absent=_UNJUDGED,
    )


def _worst_said(groups: Sequence[Subgroup]) -> str:
    """Name the worst group, and say whether it is worse than chance alone would make it."""
    order = (Status.FAIL, Status.WARN, Status.PASS, Status.NOTE)
    known = [
        (order.index(group.status), -excess, place)
        for place, group in enumerate(groups)
        if (excess := _measured(group.excess)) is not None and group.status in order
    ]
    if not known:
        return "No group is large enough to be judged."
    rank, _, place = min(known)
    worst = groups[place]
    shown = open_interval(worst.excess, worst.low, worst.high, signed=True)
    name = f"{clean(worst.column)} = {clean(worst.level)}"
    if order[rank] not in (Status.FAIL, Status.WARN):
        return f"No group is clearly served worse than the others; furthest off is {name}, by {shown}."
    shown = open_interval(worst.excess, worst.low, worst.high)
    return (
        f"Served worst: {name}, {percent(worst.share)} of the real rows. Their other columns lie {shown} "
        "further from real people than those of fresh real rows."
    )
