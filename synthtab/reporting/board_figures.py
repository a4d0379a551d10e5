"""Every figure of a board in a forest of its own, where tables may go, and what each row costs."""

from __future__ import annotations

import math
from collections.abc import Collection

from synthtab.reporting.audit_answers import SECTIONS
from synthtab.reporting.axes import Axis, linear_axis
from synthtab.reporting.board_model import (
    CircleCell,
    CircleLine,
    CostLine,
    FamilyForests,
    FigureForest,
    ForestLine,
    Placed,
)
from synthtab.reporting.board_rows import (
    Names,
    cell_of,
    column_digits,
    real_words,
    value_of,
    with_bounds,
)
from synthtab.reporting.sectionmodel import Meter
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure, text_width, whole
from synthtab.reporting.viewmodel import Tag
from synthtab.results import BoardResult, ContextCount, FamilyFigure

__all__ = ["circle_lines", "cost_lines", "family_forests"]

_LONGEST = 2_000
_LEAST, _MOST = -0.5, 1.5
_NARROWEST = 104.0
_GAP = 7.0


def family_forests(result: BoardResult, names: Names, heads: Collection[int]) -> tuple[FamilyForests, ...]:
    """Draw every figure of every row, by family.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.
    heads : collection of int
        Places of the figures that have a column on the board: they are shown first.

    Returns
    -------
    tuple of FamilyForests
        In the order of the figures; empty when nothing succeeded.
    """
    if not any(row.cells for row in result.rows):
        return ()
    found: dict[str, list[int]] = {}
    for place, item in enumerate(result.figures):
        found.setdefault(SECTIONS[item.section], []).append(place)
    return tuple(
        FamilyForests(
            title,
            tuple(_forest(result, place, names) for place in places if place in heads),
            tuple(_forest(result, place, names) for place in places if place not in heads),
        )
        for title, places in found.items()
    )


def _forest(result: BoardResult, place: int, names: Names) -> FigureForest:
    item, digits = result.figures[place], column_digits(result, place)
    rows = [row for row in result.rows if row.cells]
    own = [(row, cell_of(row, place)) for row in rows]
    known = [
        end
        for _, cell in own
        if cell is not None
        for end in (cell.mean.value, cell.mean.low, cell.mean.high)
        if end is not None and math.isfinite(end)
    ]
    reasons = {clean(cell.reason, _LONGEST) for _, cell in own if cell is not None and cell.reason}
    better = "Higher is better" if item.higher_is_better else "Lower is better"
    real = real_words(item).removeprefix("real\u00a0")
    words = [
        clean(item.explanation, _LONGEST) if item.explanation else "",
        f"{better}; fresh real rows score {real}." if real else f"{better}.",
    ]
    reading = " ".join(word for word in words if word)
    key, title = f"figure-{place + 1}", clean(item.label)
    if not known:
        absent = " ".join(sorted(reasons)) or "No row has this figure."
        return FigureForest(key, title, reading, (), None, (), absent)
    scaled = item.fresh == 1.0
    # figures that are all alike still need a scale
    wide = [] if item.fresh is None else [item.fresh, item.fresh + (-1 if scaled else 1) * item.margin]
    axis = linear_axis([*known, *wide], *((_LEAST, _MOST) if scaled else ()))
    mark = axis.place(item.fresh)
    lines = []
    for row, cell in own:
        value = value_of(row, place)
        if cell is None or value is None:
            why = clean(cell.reason, _LONGEST) if cell is not None and cell.reason else NOT_A_NUMBER
            lines.append(ForestLine(names[row.name], None, why))
            continue
        mean = cell.mean
        ends = (axis.place(mean.low), axis.place(mean.high))
        placed = Placed(axis.place(value), *ends, mark, axis.beyond(value))
        lines.append(ForestLine(names[row.name], placed, " ".join(with_bounds(mean, digits)).strip()))
    return FigureForest(key, title, reading, _ticks(axis, item), mark, tuple(lines))


def _ticks(axis: Axis, item: FamilyFigure) -> tuple[tuple[float, str, bool], ...]:
    """Keep the fresh real rows and such ends of the axis as do not touch them on a phone."""
    mark, words = axis.place(item.fresh), real_words(item)
    kept = [] if mark is None or not words else [(mark, words, True)]
    for value, text in (axis.ticks[0], axis.ticks[-1]):
        at = axis.place(value) or 0.0
        room = [abs(at - other) * _NARROWEST for other, _, _ in kept]
        if all(gap > (text_width(words) + text_width(text)) / 2 + _GAP for gap in room):
            kept.append((at, text, False))
    return tuple(sorted(kept))


def circle_lines(result: BoardResult, names: Names) -> tuple[tuple[str, ...], tuple[CircleLine, ...]]:
    """Say where the tables of each row may go.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.

    Returns
    -------
    tuple of (tuple of str, tuple of CircleLine)
        Circles, and the rows that were asked about.
    """
    circles = {item.name: clean(item.label) for row in result.rows for item in row.contexts}
    lines = []
    for row in result.rows:
        if row.contexts:
            own = {item.name: item for item in row.contexts}
            cells = tuple(_circle(label, own.get(name)) for name, label in circles.items())
            lines.append(CircleLine(names[row.name], cells))
    return tuple(circles.values()), tuple(lines)


def _circle(label: str, count: ContextCount | None) -> CircleCell:
    if count is None:
        return CircleCell(label, (Tag("na", "not asked"),), ())
    counted = (
        ("pass", "yes", count.yes),
        ("warn", "with notes", count.with_notes),
        ("fail", "no", count.no),
    )
    tags = tuple(Tag(kind, f"{number} {word}") for kind, word, number in counted if number)
    reasons = tuple(clean(reason, _LONGEST) for reason in count.reasons)
    return CircleCell(label, tags or (Tag("na", "not asked"),), reasons)


def cost_lines(result: BoardResult, names: Names) -> tuple[CostLine, ...]:
    """Say what each row cost.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.

    Returns
    -------
    tuple of CostLine
        Rows that were fitted.
    """
    found = [(row, row.costs) for row in result.rows if row.costs is not None]
    dearest = max((costs.fit_cpu for _, costs in found), default=0.0) or 1.0
    return tuple(
        CostLine(
            names[row.name],
            Meter(min(max(costs.fit_cpu / dearest, 0.0), 1.0), None, None, None),
            figure(costs.fit_cpu),
            figure(costs.fit_wall),
            figure(costs.sample_cpu),
            figure(costs.sample_wall),
            NOT_A_NUMBER if costs.memory is None else whole(costs.memory),
        )
        for row, costs in found
    )
