"""Forests: a row a name, a figure with its interval on each, and words where there is no figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties

from synthtab.plotting.axes_style import FAINT, QUIET, LineStyle, MarkStyle, label, numbers, tidy
from synthtab.plotting.keys import key
from synthtab.reporting.text import figure, text_width

__all__ = ["RowMark", "draw_marks", "forest_axes", "forest_key", "row_text", "span", "upright"]

_OVER, _UNDER = 0.6, 0.4
_HIGH, _LOW, _LINES, _LEADING, _SMALLEST = 72, 60, 2, 1.15, 5.0
_ENTRY, _LINE, _EDGE = 34.0, 14.0, 10.0
_KEY_SIZE = 8.5
# the estimate is on the safe side for any font
_DRAWN = 0.85
# names of rows will take a part of what the axes have now
_USABLE = 0.8


@dataclass(frozen=True)
class RowMark:
    """A figure with its interval, on a row of a forest.

    Parameters
    ----------
    row : float
        Where, from the top.
    value, low, high : float or None
        The figure and its 95 % interval; what is None is not drawn.
    style : MarkStyle
        How.
    hollow : bool
        Whether the marker is empty.
    """

    row: float
    value: float | None
    low: float | None
    high: float | None
    style: MarkStyle
    hollow: bool = False


def forest_axes(ax: Axes, names: Sequence[str], wrap: int, details: Sequence[str] = ()) -> None:
    """Write a name beside each row of a forest, the first on top; in low rows on one line, and smaller.

    Parameters
    ----------
    ax : Axes
        Where.
    names : sequence of str
        As they are.
    wrap : int
        Characters after which a new line begins, where rows are high enough.
    details : sequence of str
        What stands below each name, or after it.
    """
    height = 72.0 * ax.bbox.height / ax.figure.dpi / (len(names) + 1)
    size = FontProperties(size=mpl.rcParams["ytick.labelsize"]).get_size_in_points()
    has_room = height >= _LINES * _LEADING * size
    is_wrapped = has_room and not details
    shown = [label(name, _HIGH if is_wrapped else _LOW, wrap if is_wrapped else 0) for name in names]
    if details:
        between = "\n" if has_room else "  "
        shown = [f"{name}{between}{detail}" for name, detail in zip(shown, details, strict=True)]
    ax.set_yticks(range(len(names)), labels=shown, fontsize=max(min(size, height / _LEADING), _SMALLEST))
    ax.set_ylim(len(names) - _UNDER, -_OVER)
    ax.tick_params(axis="y", length=0)
    tidy(ax, "x")
    ax.spines["left"].set_visible(False)


def draw_marks(ax: Axes, marks: Sequence[RowMark]) -> None:
    """Draw figures with their intervals: the markers of a style are one artist, their intervals another.

    Parameters
    ----------
    ax : Axes
        A forest.
    marks : sequence of RowMark
        The figures.
    """
    for style, hollow in dict.fromkeys((mark.style, mark.hollow) for mark in marks):
        own = [mark for mark in marks if (mark.style, mark.hollow) == (style, hollow)]
        bounds = [
            (mark.row, mark.low, mark.high)
            for mark in own
            if mark.value is not None and mark.low is not None and mark.high is not None
        ]
        if bounds:
            rows, low, high = zip(*bounds, strict=True)
            ax.hlines(rows, low, high, colors=style.color, linewidth=1.0 if hollow else 1.8, zorder=3)
        ax.plot(
            numbers(mark.value for mark in own),
            [mark.row for mark in own],
            linestyle="none",
            marker=style.marker,
            markersize=6,
            color=style.color,
            markerfacecolor="white" if hollow else style.color,
            markeredgewidth=1.3,
            zorder=4,
        )
    low_end, high_end = sorted(ax.get_xlim())
    for mark in marks:
        if mark.value is not None and not low_end <= mark.value <= high_end:
            _point_beyond(ax, mark, is_above=mark.value > high_end)


def _point_beyond(ax: Axes, mark: RowMark, *, is_above: bool) -> None:
    """Say at the end of the axis that a figure lies beyond it."""
    ax.annotate(
        figure(mark.value),
        (1.0 if is_above else 0.0, mark.row),
        xycoords=ax.get_yaxis_transform(),
        xytext=(-26 if is_above else 26, 0),
        textcoords="offset points",
        ha="right" if is_above else "left",
        va="center",
        fontsize="small",
        color=mark.style.color,
        arrowprops={"arrowstyle": "->", "color": mark.style.color, "linewidth": 1.3},
    )


def row_text(ax: Axes, row: float, text: str) -> None:
    """Write words on a row of a forest where no figure can stand.

    Parameters
    ----------
    ax : Axes
        A forest.
    row : float
        Which row.
    text : str
        Already made harmless by `label`.
    """
    ax.text(
        0.01,
        row,
        text,
        transform=ax.get_yaxis_transform(),
        va="center",
        fontsize="small",
        style="italic",
        color=QUIET,
    ).set_in_layout(False)


def upright(ax: Axes, at: float, color: str, rows: int, line: LineStyle = "-") -> None:
    """Draw a line through all rows of a forest.

    Parameters
    ----------
    ax : Axes
        A forest.
    at : float
        At which figure.
    color : str
        Of the line.
    rows : int
        How many.
    line : str or tuple
        Its style.
    """
    ax.plot([at, at], [-_OVER, rows - _UNDER], color=color, linestyle=line, linewidth=1.2, zorder=1.5)


def span(ax: Axes, ends: tuple[float, float], color: str, rows: int) -> None:
    """Shade what lies between two figures, behind all rows of a forest.

    Parameters
    ----------
    ax : Axes
        A forest.
    ends : tuple of (float, float)
        The figures.
    color : str
        Of the area.
    rows : int
        How many.
    """
    ax.fill_between(sorted(ends), -_OVER, rows - _UNDER, color=color, alpha=FAINT, linewidth=0, zorder=0.5)


def forest_key(ax: Axes, entries: Sequence[Artist], rows: int) -> None:
    """Explain what is drawn below the last row, in as many columns as there is room for.

    Parameters
    ----------
    ax : Axes
        A forest.
    entries : sequence of Artist
        What is explained.
    rows : int
        Rows of the forest.
    """
    if not entries:
        return
    scale = 72.0 / ax.figure.dpi
    widths = [_ENTRY + _DRAWN * text_width(str(entry.get_label()), _KEY_SIZE) for entry in entries]
    room = _USABLE * scale * ax.bbox.width
    count = len(entries)
    fitting = (tall for tall in range(1, count) if _width(widths, math.ceil(count / tall)) <= room)
    tall = next(fitting, count)
    height = _EDGE + _LINE * tall
    all_rows = rows + _OVER - _UNDER
    free = max(scale * ax.bbox.height - height, height)
    ax.set_ylim(rows - _UNDER + all_rows * height / free, -_OVER)
    key(ax, entries, "lower left", columns=math.ceil(count / tall))


def _width(widths: Sequence[float], columns: int) -> float:
    """Add up the widths of a key's columns: filled from the top, the first ones an entry taller."""
    short, taller = divmod(len(widths), columns)
    ends = [place * short + min(place, taller) for place in range(columns + 1)]
    return sum(max(widths[start:end]) for start, end in pairwise(ends))
