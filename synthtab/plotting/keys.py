"""Keys: what each marker, line and area means, inside the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from synthtab.plotting.axes_style import FAINT, LineStyle, MarkStyle

__all__ = ["band_key", "key", "key_above", "line_key", "mark_key"]

Place = Literal["best", "lower left"]


def mark_key(style: MarkStyle, text: str = "", *, hollow: bool = False, has_line: bool = False) -> Artist:
    """Make the entry of a marker in a key.

    Parameters
    ----------
    style : MarkStyle
        The marker.
    text : str
        What it means; by default the style's own word.
    hollow : bool
        Whether it is empty.
    has_line : bool
        Whether a line goes through it.

    Returns
    -------
    Artist
        The entry.
    """
    return Line2D(
        [],
        [],
        linestyle=style.line if has_line else "none",
        marker=style.marker,
        markersize=5.5,
        color=style.color,
        markerfacecolor="white" if hollow else style.color,
        label=text or style.word,
    )


def line_key(text: str, color: str, line: LineStyle = "-") -> Artist:
    """Make the entry of a line in a key.

    Parameters
    ----------
    text : str
        What it means.
    color : str
        Of the line.
    line : str or tuple
        Its style.

    Returns
    -------
    Artist
        The entry.
    """
    return Line2D([], [], linestyle=line, linewidth=1.4, color=color, label=text)


def band_key(text: str, color: str, alpha: float = FAINT, hatch: str = "") -> Artist:
    """Make the entry of an area in a key.

    Parameters
    ----------
    text : str
        What it means.
    color : str
        Of the area.
    alpha : float
        Of the area.
    hatch : str
        Pattern that it is filled with.

    Returns
    -------
    Artist
        The entry.
    """
    if hatch:
        return Patch(facecolor="none", edgecolor=color, hatch=hatch, linewidth=0, label=text)
    return Patch(facecolor=color, alpha=alpha, linewidth=0, label=text)


def key(ax: Axes, entries: Sequence[Artist], place: Place = "best", columns: int = 1) -> Legend:
    """Explain what is drawn, inside the axes, so that a figure can be composed of them.

    Parameters
    ----------
    ax : Axes
        Where.
    entries : sequence of Artist
        What is explained.
    place : {'best', 'lower left'}
        Where in the axes, as matplotlib names it.
    columns : int
        Columns.

    Returns
    -------
    Legend
        The key; move it with matplotlib's own means.
    """
    made = ax.legend(
        handles=entries,
        loc=place,
        ncols=columns,
        frameon=place == "best",
        framealpha=0.85,
        edgecolor="none",
        fontsize="small",
        handlelength=2.2,
        columnspacing=1.4,
        borderaxespad=0.2,
    )
    # a key that is wider than its axes must not press them flat
    made.set_in_layout(False)
    return made


def key_above(ax: Axes, entries: Sequence[Artist], columns: int) -> Legend:
    """Explain what is drawn above all axes of a figure that was made for them.

    Parameters
    ----------
    ax : Axes
        One of them.
    entries : sequence of Artist
        What is explained.
    columns : int
        Columns.

    Returns
    -------
    Legend
        The key.
    """
    return ax.figure.legend(
        handles=entries,
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        fontsize="small",
        handlelength=2.8,
        columnspacing=1.4,
    )
