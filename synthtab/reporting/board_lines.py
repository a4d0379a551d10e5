"""The board itself: which figures have a column, every row in a line, and why figures are missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from synthtab.reporting.board_model import BoardLine, HeadColumn, MissingRow, Placed, ScoreCell
from synthtab.reporting.board_rows import Names, cell_of, column_digits, real_words, value_of, with_bounds
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure, plural, whole
from synthtab.results import BoardCell, BoardResult, BoardRow, Interval, Section

__all__ = ["board_lines", "head_figures", "missing_rows"]

_LONGEST = 2_000
_CHANCE, _ROOM = -0.05, 0.15


def head_figures(result: BoardResult) -> tuple[tuple[int, HeadColumn], ...]:
    """Choose the columns of the board: the first figure of each family that applies, use and risk as asked.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.

    Returns
    -------
    tuple of (int, HeadColumn)
        Place of the figure, and the column.
    """
    roles = {result.settings.use_figure: "Use", result.settings.risk_figure: "Risk"}
    closed = {Section.SCHEMA, *(item.section for item in result.figures if item.name in roles)}
    chosen: list[tuple[int, HeadColumn]] = []
    for place, item in enumerate(result.figures):
        if not any(value_of(row, place) is not None for row in result.rows):
            continue
        if item.name in roles or item.section not in closed:
            closed.add(item.section)
            chosen.append((place, HeadColumn(roles.get(item.name, ""), clean(item.label), real_words(item))))
    return tuple(chosen)


def board_lines(result: BoardResult, names: Names, heads: Sequence[int]) -> tuple[BoardLine, ...]:
    """Put each row in a line.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.
    heads : sequence of int
        Places of the figures that have a column.

    Returns
    -------
    tuple of BoardLine
        In the order of the board.
    """
    tracks = {place: _Track.of(result, place) for place in heads}
    taken: dict[str, list[str]] = {}
    for item in result.recommendations:
        taken.setdefault(item.synthesizer, []).append(clean(item.label))
    lines = []
    for row in result.rows:
        trouble = " ".join(_sentence(reason) for reason in row.failures)
        if not row.cells:
            why = trouble or "No reason was told."
            lines.append(BoardLine(names[row.name], failure=f"Could not be fitted. {why}"))
            continue
        count = plural(len(result.settings.seeds), "refit")
        lines.append(
            BoardLine(
                name=names[row.name],
                about=clean(row.explanation, _LONGEST) if row.explanation else "",
                fitted=f"{row.fits} of {count} succeeded." if trouble else "",
                trouble=trouble,
                taken=tuple(taken.get(row.name, ())),
                cells=tuple(tracks[place].cell(cell_of(row, place)) for place in heads),
                cost=_cost(row),
            )
        )
    return tuple(lines)


def _cost(row: BoardRow) -> tuple[str, ...]:
    if row.costs is None:
        return ()
    memory = row.costs.memory
    time = f"{figure(row.costs.fit_cpu)}\u00a0s"
    return (time,) if memory is None else (time, f"{whole(memory)}\u00a0MB")


def _sentence(text: str) -> str:
    shown = clean(text, _LONGEST)
    return shown if shown.endswith((".", "!", "?")) else f"{shown}."


@dataclass(frozen=True)
class _Track:
    """The scale of one column: better to the right, whichever way the figure is counted."""

    worst: float
    best: float
    fresh: float | None
    digits: int

    @classmethod
    def of(cls, result: BoardResult, place: int) -> _Track:
        """Reach from chance, or the worst row, to a little beyond fresh real rows, or the best row."""
        item, digits = result.figures[place], column_digits(result, place)
        known = [value for row in result.rows if (value := value_of(row, place)) is not None]
        known += [item.fresh] if item.fresh is not None else []
        low, high = min(known, default=0.0), max(known, default=1.0)
        if item.higher_is_better and item.fresh == 1.0:
            return cls(_CHANCE, max(1 + _ROOM, min(high, 1.5)), item.fresh, digits)
        room = _ROOM * ((high - low) or 1.0)
        worst, best = (low, high + room) if item.higher_is_better else (high, low - room)
        return cls(worst, best, item.fresh, digits)

    def place(self, value: float | None) -> float | None:
        """Give the place of a figure, at an end where it lies beyond it."""
        if value is None or not math.isfinite(value):
            return None
        span = (self.best - self.worst) or 1.0
        return min(max((value - self.worst) / span, 0.0), 1.0)

    def cell(self, cell: BoardCell | None) -> ScoreCell:
        """Draw one figure."""
        mean = None if cell is None else cell.mean
        at = None if mean is None else self.place(mean.value)
        if mean is None or at is None:
            return ScoreCell(NOT_A_NUMBER, "", None)
        value, bounds = figure(mean.value, digits=self.digits), _brief_bounds(mean, self.digits)
        low, high = sorted((self.place(mean.low), self.place(mean.high)), key=lambda end: end or 0.0)
        ends = (low, high) if bounds else (None, None)
        return ScoreCell(value, bounds, Placed(at, *ends, self.place(self.fresh)))


def _brief_bounds(mean: Interval, digits: int) -> str:
    """Write an interval in the fewest characters: half its length where it lies evenly around the figure."""
    _, bounds = with_bounds(mean, digits)
    if not bounds or mean.value is None or mean.low is None or mean.high is None:
        return bounds
    below, above = mean.value - mean.low, mean.high - mean.value
    is_even = abs(below - above) <= 0.1**digits / 2
    return f"±\u00a0{figure(max(below, above), digits=digits)}" if is_even else bounds


def missing_rows(result: BoardResult, names: Names, heads: Sequence[int]) -> tuple[MissingRow, ...]:
    """Say why figures of the board are missing, each reason once.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.
    heads : sequence of int
        Places of the figures that have a column.

    Returns
    -------
    tuple of MissingRow
        By figure; a whole family that does not apply is told too.
    """
    shown = {result.figures[place].section for place in heads}
    asked = [*heads, *(place for place, item in enumerate(result.figures) if item.section not in shown)]
    told: list[MissingRow] = []
    for place in sorted(asked):
        item = result.figures[place]
        if item.section is Section.SCHEMA:
            continue
        fitted = [row for row in result.rows if row.cells]
        by_reason: dict[str, list[str]] = {}
        for row in fitted:
            cell = cell_of(row, place)
            if value_of(row, place) is None and cell is not None and cell.reason:
                by_reason.setdefault(clean(cell.reason, _LONGEST), []).append(names[row.name].name)
        told += [
            MissingRow(clean(item.label), () if len(own) == len(fitted) else tuple(own), reason)
            for reason, own in by_reason.items()
        ]
    return tuple(told)
