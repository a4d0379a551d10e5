"""Plots of a board: what each synthesizer is good for against what it gives away, and one figure of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from synthtab.errors import SpecError
from synthtab.plotting.axes_style import (
    FRESH,
    NOISE,
    QUIET,
    LineStyle,
    MarkStyle,
    axes_for,
    chosen,
    label,
    numbers,
    tidy,
)
from synthtab.plotting.forests import RowMark, draw_marks, forest_axes, forest_key, row_text, span, upright
from synthtab.plotting.keys import band_key, key, line_key, mark_key
from synthtab.plotting.point_names import write_names
from synthtab.results import BoardResult, BoardRow, FrontPoint, Role

__all__ = ["KINDS", "plot_board"]

KINDS = ("front", "board")
"""What can be drawn of a board."""

_ROLES = {
    Role.CONTENDER: MarkStyle("#0072b2", "o", word="contender"),
    Role.BASELINE: MarkStyle("#b06a00", "s", word="baseline"),
    Role.MARK: MarkStyle("#44546a", "D", word="mark to compare with"),
}
_WORDS = {
    (Role.CONTENDER, True): "contender on the front",
    (Role.CONTENDER, False): "contender beside the front",
    (Role.BASELINE, True): "baseline on the front",
    (Role.BASELINE, False): "baseline",
    (Role.MARK, False): "mark to compare with",
}
_FRONT_LINE: LineStyle = (0, (4, 2))
_WIDTH, _ROW, _NAME = 6.4, 0.42, 28
_FRONT_SIZE = (6.4, 4.6)


def plot_board(
    result: BoardResult, kind: str = "front", *, ax: Axes | Iterable[Axes] | None, figure: str | None
) -> Axes:
    """Draw one side of a board, as its releasable form tells it.

    Parameters
    ----------
    result : BoardResult
        The board.
    kind : str
        One of `KINDS`.
    ax : Axes, iterable of Axes, or None
        Where to draw.
    figure : str or None
        For a board: which figure; by default the one that tells what a table is good for.

    Returns
    -------
    Axes
        What was drawn in.

    Raises
    ------
    SpecError
        When there is no such kind or figure, or nothing to draw.
    """
    kind = chosen("kind", kind, KINDS)
    released = result.releasable()
    if kind == "board":
        return _forest(released, figure, ax)
    if figure is not None:
        raise SpecError("Kind 'front' takes no figure.", hint='Ask for kind="board", or leave figure out.')
    return _front(released, ax)


def _label_of(result: BoardResult, name: str) -> str:
    return label(next((item.label for item in result.figures if item.name == name), name))


def _front(result: BoardResult, ax: Axes | Iterable[Axes] | None) -> Axes:
    points = [point for point in result.front if point.use.value is not None and point.risk.value is not None]
    if not points:
        raise SpecError(
            "This board has no row with both use and risk.",
            hint='Ask for kind="board" with a figure that it has.',
        )
    (axes,) = axes_for(ax, 1, _FRONT_SIZE)
    known = {row.name: row for row in result.rows}
    # the front is of what may be handed out: rows that are guarded, and no marks
    best = [
        point
        for point in points
        if point.on_front
        and point.name in known
        and known[point.name].releasable
        and known[point.name].role is not Role.MARK
    ]
    best.sort(key=lambda point: (point.use.value or 0.0, point.risk.value or 0.0))
    entries: list[Artist] = []
    if len(best) > 1:
        axes.step(
            numbers(point.use.value for point in best),
            numbers(point.risk.value for point in best),
            # first to the risk of the next row, then to its use
            where="pre",
            color=QUIET,
            linewidth=1.2,
            linestyle=_FRONT_LINE,
            zorder=1.5,
        )
    for role, style in _ROLES.items():
        for is_best in (True, False):
            own = [point for point in points if _role(known, point) is role and (point in best) is is_best]
            if own:
                _crosses(axes, own, style, hollow=not is_best)
                entries.append(mark_key(style, _WORDS[role, is_best], hollow=not is_best))
    if len(best) > 1:
        entries.append(line_key("the front: no row is better in both", QUIET, _FRONT_LINE))
    axes.margins(0.12)
    axes.yaxis.set_inverted(True)
    axes.set_xlabel(f"{_label_of(result, result.settings.use_figure)} (more is better)")
    axes.set_ylabel(f"{_label_of(result, result.settings.risk_figure)} (less is higher)")
    tidy(axes, "y")
    write_names(
        axes,
        [(point.use.value or 0.0, point.risk.value or 0.0) for point in points],
        [label(point.name, longest=32) for point in points],
    )
    key(axes, entries)
    return axes


def _role(known: Mapping[str, BoardRow], point: FrontPoint) -> Role:
    return known[point.name].role if point.name in known else Role.CONTENDER


def _crosses(ax: Axes, points: Sequence[FrontPoint], style: MarkStyle, *, hollow: bool) -> None:
    """Draw each point with both of its intervals."""
    use, risk = (numbers(getattr(point, side).value for point in points) for side in ("use", "risk"))
    ends = {
        (side, end): numbers(getattr(getattr(point, side), end) for point in points)
        for side in ("use", "risk")
        for end in ("low", "high")
    }
    ax.hlines(risk, ends["use", "low"], ends["use", "high"], colors=style.color, linewidth=1.2, alpha=0.8)
    ax.vlines(use, ends["risk", "low"], ends["risk", "high"], colors=style.color, linewidth=1.2, alpha=0.8)
    ax.plot(
        use,
        risk,
        linestyle="none",
        marker=style.marker,
        markersize=7,
        color=style.color,
        markerfacecolor="white" if hollow else style.color,
        markeredgewidth=1.4,
        zorder=4,
    )


def _forest(result: BoardResult, name: str | None, ax: Axes | Iterable[Axes] | None) -> Axes:
    names = [item.name for item in result.figures]
    wanted = chosen("figure", result.settings.use_figure if name is None else name, names)
    place = names.index(wanted)
    figure = result.figures[place]
    rows = result.rows
    (axes,) = axes_for(ax, 1, (_WIDTH, 1.2 + _ROW * len(rows)))
    forest_axes(axes, [row.name for row in rows], _NAME)
    cells = [row.cells[place] if place < len(row.cells) else None for row in rows]
    marks, seeds, entries = [], [], list[Artist]()
    for at, (row, cell) in enumerate(zip(rows, cells, strict=True)):
        if cell is None or cell.mean.value is None:
            why = cell.reason if cell is not None else next(iter(row.failures), "")
            row_text(axes, at, label(why or "no figure", longest=90))
            continue
        marks.append(RowMark(at, cell.mean.value, cell.mean.low, cell.mean.high, _ROLES[row.role]))
        seeds += [(value, at + 0.27) for value in cell.values if value is not None]
    if figure.fresh is not None:
        worse = figure.fresh - figure.margin if figure.higher_is_better else figure.fresh + figure.margin
        span(axes, (figure.fresh, worse), NOISE, len(rows))
        upright(axes, figure.fresh, FRESH, len(rows))
    if seeds:
        across, down = np.array(seeds).T
        axes.plot(
            across, down, linestyle="none", marker="|", markersize=5, color=QUIET, markeredgewidth=1, zorder=2
        )
    _fit(axes, marks, [value for value, _ in seeds], figure.fresh)
    draw_marks(axes, marks)
    drawn = {mark.style for mark in marks}
    entries = [mark_key(style) for style in _ROLES.values() if style in drawn]
    if seeds:
        entries.append(mark_key(MarkStyle(QUIET, "|"), "each refit"))
    if figure.fresh is not None:
        entries += [line_key("fresh real data", FRESH), band_key("within the margin", NOISE)]
    forest_key(axes, entries, len(rows))
    better = "higher" if figure.higher_is_better else "lower"
    axes.set_xlabel(f"{label(figure.label)} ({better} is better)")
    return axes


def _fit(ax: Axes, marks: Sequence[RowMark], seeds: Sequence[float], fresh: float | None) -> None:
    """Make an axis that holds every figure and its interval, with a little room."""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high)] + [fresh, *seeds]
    known = [end for end in ends if end is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    room = 0.05 * max(high - low, 1e-3)
    ax.set_xlim(low - room, high + room)
