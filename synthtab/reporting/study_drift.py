"""Effective sizes: how much faster shares drift than by resampling, arm by arm and column by column."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthtab.reporting.axes import Axis, ratio_axis
from synthtab.reporting.study_arms import Roster
from synthtab.reporting.study_model import ForestRow, ForestView, Grid, GridRow, StripGroup
from synthtab.reporting.text import clean, figure, open_interval
from synthtab.reporting.viewmodel import Strip, StripRow, Tag
from synthtab.results import Arm, ColumnDrift, Interval

__all__ = ["forest_views", "pooled_strips", "pooled_table"]

_MOST = 15
_TAG = Tag("note", "")


def _words(ratio: Interval) -> str:
    return open_interval(ratio.value, ratio.low, ratio.high)


def _pooled(arm: Arm) -> Interval | None:
    return next((item.ratio for item in arm.drift if not item.column), None)


def _axis(ratios: Sequence[Interval]) -> tuple[Axis, float, tuple[tuple[float, str], ...]]:
    axis = ratio_axis(end for ratio in ratios for end in (ratio.value, ratio.low, ratio.high))
    one = axis.place(1.0) or 0.5
    return axis, one, axis.named(1.0, "1 resampling")


def pooled_strips(roster: Roster) -> tuple[StripGroup, ...]:
    """Show the effective size of each arm, all columns together.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    tuple of StripGroup
        By regime, on one axis.
    """
    known = {id(arm): ratio for arm in roster if (ratio := _pooled(arm)) is not None}
    axis, one, ticks = _axis(list(known.values()))
    groups = []
    for regime, arms in roster.by_regime.items():
        rows = tuple(
            StripRow(
                label=roster.series[arm.synthesizer].name,
                tag=_TAG,
                at=axis.place(ratio.value),
                low=axis.place(ratio.low),
                high=axis.place(ratio.high),
                beyond=axis.beyond(ratio.value),
                band_low=None,
                band_high=None,
                mark=None,
                figure=_words(ratio),
                detail=(_words(ratio),),
                said=_words(ratio),
                name=roster.name(arm).both,
                absent="not known",
                is_synthetic=True,
            )
            for arm in arms
            if (ratio := known.get(id(arm))) is not None
        )
        if rows:
            groups.append(StripGroup(clean(regime), Strip(rows, ticks, (one,), ())))
    return tuple(groups)


def pooled_table(roster: Roster) -> Grid:
    """List the effective size of each arm.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    Grid
        A row an arm.
    """
    rows = tuple(
        GridRow(roster.name(arm).both, (_words(ratio),))
        for arm in roster
        if (ratio := _pooled(arm)) is not None
    )
    return Grid("N_e/n of all columns together", ("Arm", "N_e/n [95\u00a0% interval]"), rows)


def forest_views(roster: Roster) -> tuple[ForestView, ...]:
    """Show the effective size of each column, arm by arm.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    tuple of ForestView
        Those with any column, worst columns first.
    """
    return tuple(view for arm in roster if (view := _forest(roster, arm)) is not None)


def _forest(roster: Roster, arm: Arm) -> ForestView | None:
    def order(item: ColumnDrift) -> tuple[float, str]:
        value = item.ratio.value
        return (math.inf if value is None or math.isnan(value) else value, item.column)

    columns = sorted((item for item in arm.drift if item.column), key=order)
    if not columns:
        return None
    axis, one, ticks = _axis([item.ratio for item in columns[:_MOST]])
    rows = tuple(
        ForestRow(
            clean(item.column),
            # so that a narrow cell breaks between the figure and its interval
            _words(item.ratio).replace(", ", ",\u00a0"),
            *(axis.place(end) for end in (item.ratio.value, item.ratio.low, item.ratio.high)),
        )
        for item in columns
    )
    name = roster.name(arm)
    worst = columns[0]
    lowest = f"{clean(worst.column)} {figure(worst.ratio.value)}" if worst.ratio.value is not None else ""
    return ForestView(name, lowest, rows, min(len(rows), _MOST), ticks, one)
