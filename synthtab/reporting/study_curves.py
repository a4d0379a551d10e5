"""Small multiples: one metric a figure, one regime a panel, one synthesizer a line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from synthtab.reporting.axes import Axis, linear_axis
from synthtab.reporting.study_arms import Roster
from synthtab.reporting.study_model import Grid, GridRow, Line, LinePanel, MetricFigure
from synthtab.reporting.study_words import metric_title, reading_words
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure, interval, p_value, plus_minus
from synthtab.results import Arm, Curve
from synthtab.results.answers import Section

__all__ = ["FIRST_METRICS", "generation_ticks", "line_places", "metric_figures"]

FIRST_METRICS = ("levels_lost", "interaction_tvd", "tvd", "tail_mass")
"""Metrics that stand unfolded, in this order."""

_FEW = 6
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_EDGE = 0.03
_NEAR = 0.6

Figures = tuple[float | None, ...]
Key = tuple[Section, str]


def line_places(generations: int) -> tuple[float, ...]:
    """Place generations along an axis.

    Parameters
    ----------
    generations : int
        How many.

    Returns
    -------
    tuple of float
        Between 0 and 1.
    """
    if generations <= 1:
        return (0.5,) * generations
    return tuple(_EDGE + (1 - 2 * _EDGE) * g / (generations - 1) for g in range(generations))


def generation_ticks(generations: int) -> tuple[tuple[float, str], ...]:
    """Choose the generations to write under an axis.

    Parameters
    ----------
    generations : int
        How many.

    Returns
    -------
    tuple of (float, str)
        Place and label: all when they are few, else the first, the last and round ones between.
    """
    at = line_places(generations)
    shown = list(range(1, generations + 1))
    if generations > _FEW:
        step = next((step for step in _STEPS if generations <= 3 * step), generations)
        inner = [
            g
            for g in range(step, generations, step)
            if g - 1 >= _NEAR * step and generations - g >= _NEAR * step
        ]
        shown = [1, *inner, generations]
    return tuple((at[g - 1], f"{g:,}") for g in shown)


def metric_figures(roster: Roster, generations: int) -> tuple[MetricFigure, ...]:
    """Draw every metric that any arm has.

    Parameters
    ----------
    roster : Roster
        Arms.
    generations : int
        Length of the chains.

    Returns
    -------
    tuple of MetricFigure
        The families first, then the others as they come.
    """
    keys = list(dict.fromkeys((curve.section, curve.metric) for arm in roster for curve in arm.curves))
    keys.sort(key=lambda key: FIRST_METRICS.index(key[1]) if key[1] in FIRST_METRICS else len(FIRST_METRICS))
    return tuple(_figure(roster, key, f"metric-{place}", generations) for place, key in enumerate(keys, 1))


def _of(arm: Arm, key: Key) -> Curve | None:
    return next((curve for curve in arm.curves if (curve.section, curve.metric) == key), None)


def _figure(roster: Roster, key: Key, name: str, generations: int) -> MetricFigure:
    curves = [curve for arm in roster if (curve := _of(arm, key)) is not None]
    axis = _axis(curves)
    first = curves[0]
    title = metric_title(first)
    panels = tuple(
        _panel(roster, regime, arms, key, axis, generations) for regime, arms in roster.by_regime.items()
    )
    return MetricFigure(name, title, reading_words(first), panels, _table(roster, key, title, generations))


def _axis(curves: Sequence[Curve]) -> Axis:
    """Make one scale for all regimes; a band that runs far beyond every mean does not stretch it."""
    inner = [
        value
        for curve in curves
        for part in (curve.mean, curve.null_mean, curve.null_low, curve.null_high, (curve.floor,))
        for value in part
        if value is not None
    ]
    outer = [value for curve in curves for part in (curve.low, curve.high) for value in part]
    low, high = min(inner, default=0.0), max(inner, default=1.0)
    room = 0.25 * max(high - low, 1e-9)
    kept = [value for value in outer if value is not None and low - room <= value <= high + room]
    # a share or a distance is never below 0, whatever its band is
    least = 0.0 if low >= 0 else -math.inf
    return linear_axis([*inner, *kept], least=least)


def _heights(axis: Axis, values: Iterable[float | None]) -> Figures:
    return tuple(axis.place(value) for value in values)


def _panel(
    roster: Roster, regime: str, arms: Sequence[Arm], key: Key, axis: Axis, generations: int
) -> LinePanel:
    found = [(arm, curve) for arm in arms if (curve := _of(arm, key)) is not None]
    lines = tuple(
        Line(
            roster.series[arm.synthesizer].css,
            roster.series[arm.synthesizer].short,
            *(_heights(axis, part) for part in (curve.mean, curve.low, curve.high)),
        )
        for arm, curve in found
    )
    null = _null([curve for _, curve in found], axis)
    missing = [roster.series[arm.synthesizer].name for arm in arms if _of(arm, key) is None]
    notes = []
    if found and null is None:
        notes.append("No drift null to compare with.")
    if missing:
        notes.append(f"Nothing of {', '.join(missing)}.")
    return LinePanel(
        title=clean(regime),
        lines=lines,
        null=null,
        levels=_levels([curve for _, curve in found], axis),
        across=line_places(generations),
        across_ticks=generation_ticks(generations),
        up_ticks=tuple((axis.place(value) or 0.0, text) for value, text in axis.ticks),
        said=_said(clean(regime), [(roster.series[arm.synthesizer].short, curve) for arm, curve in found]),
        note=" ".join(notes),
    )


def _null(curves: Sequence[Curve], axis: Axis) -> Line | None:
    """Give one band for a panel: the widest, where arms have different numbers of chains."""
    own = [curve for curve in curves if curve.null_mean]
    if not own:
        return None

    def over(part: str, pick: str) -> list[float | None]:
        sides = zip(*(getattr(curve, part) for curve in own), strict=True)
        known = [[value for value in side if value is not None] for side in sides]
        return [(min(side) if pick == "least" else max(side)) if side else None for side in known]

    return Line(
        "null",
        "resampling",
        _heights(axis, own[0].null_mean),
        _heights(axis, over("null_low", "least")),
        _heights(axis, over("null_high", "most")),
    )


def _levels(curves: Sequence[Curve], axis: Axis) -> tuple[Line, ...]:
    lines = []
    floor = next((curve.floor for curve in curves if curve.floor is not None), None)
    chance = next((curve.chance for curve in curves if curve.chance is not None), None)
    if floor is not None:
        lines.append(Line("fresh", "fresh real", (axis.place(floor),)))
    if chance is not None and axis.low <= chance <= axis.high:
        lines.append(Line("chance", "chance", (axis.place(chance),)))
    return tuple(lines)


def _ends(values: Figures) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "not known"
    return figure(known[0]) if len(values) == 1 else f"{figure(known[0])} to {figure(known[-1])}"


def _said(regime: str, curves: Sequence[tuple[str, Curve]]) -> str:
    if not curves:
        return f"{regime}: nothing was measured."
    parts = [f"{name} {_ends(curve.mean)}" for name, curve in curves]
    null = next((curve.null_mean for _, curve in curves if curve.null_mean), ())
    parts += [f"resampling {_ends(null)}"] if null else []
    floor = next((curve.floor for _, curve in curves if curve.floor is not None), None)
    parts += [f"fresh real data {figure(floor)}"] if floor is not None else []
    return f"{regime}, first to last generation: {'; '.join(parts)}."


def _cells(mean: Figures, low: Figures, high: Figures, generations: int) -> tuple[str, ...]:
    def at(values: Figures, place: int) -> float | None:
        return values[place] if place < len(values) else None

    return tuple(plus_minus(at(mean, g), at(low, g), at(high, g)) for g in range(generations))


def _table(roster: Roster, key: Key, title: str, generations: int) -> Grid:
    head = (
        "Arm",
        *(f"{'Generation ' if g == 1 else ''}{g}" for g in range(1, generations + 1)),
        "Beyond resampling, at the end",
        "p of drift",
    )
    rows = []
    for arms in roster.by_regime.values():
        null: Curve | None = None
        for arm in arms:
            curve = _of(arm, key)
            if curve is None:
                continue
            null = null or (curve if curve.null_mean else None)
            excess = interval(curve.excess.value, curve.excess.low, curve.excess.high, signed=True)
            rows.append(
                GridRow(
                    roster.name(arm).both,
                    (
                        *_cells(curve.mean, curve.low, curve.high, generations),
                        excess,
                        p_value(curve.p_drift) or NOT_A_NUMBER,
                    ),
                )
            )
        if null is not None:
            cells = _cells(null.null_mean, null.null_low, null.null_high, generations)
            rows.append(GridRow(f"resampling, {clean(arms[0].regime)}", cells, is_reference=True))
    curves = [curve for arm in roster if (curve := _of(arm, key)) is not None]
    for name, part in (("fresh real data", "floor"), ("chance", "chance")):
        value = next((getattr(c, part) for c in curves if getattr(c, part) is not None), None)
        if value is not None:
            rows.append(GridRow(name, (figure(value),), is_reference=True))
    return Grid(title, head, tuple(rows))
