"""What every plot shares: axes to draw in, names that draw as they are, colours, markers and lines."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from synthtab.errors import SpecError
from synthtab.reporting.text import clean
from synthtab.results import Status

__all__ = [
    "CHANCE",
    "FAINT",
    "FRESH",
    "NOISE",
    "QUIET",
    "REAL",
    "STATUS_STYLES",
    "SYNTHETIC",
    "LineStyle",
    "MarkStyle",
    "Panels",
    "as_panels",
    "axes_for",
    "chosen",
    "label",
    "numbers",
    "series_style",
    "tidy",
]

LineStyle = Literal["-", "none"] | tuple[float, Sequence[float]]
"""A line style of matplotlib."""

Panels = Axes | NDArray[np.object_]
"""One axes, or an array of them."""

# told apart with any colour vision, and never by colour alone: markers, lines and words tell them too
REAL = "#b3bbc3"
SYNTHETIC = "#0a5fb0"
NOISE = "#2f9e6e"
FRESH = "#0a6b4d"
CHANCE = "#a05a00"
QUIET = "#6b757f"
FAINT = 0.22
_LONGEST = 72
_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    char: f"\\{char}" for char in "$_%&#{}"
}


@dataclass(frozen=True)
class MarkStyle:
    """How one series is told from the others: by colour, by marker and by line.

    Parameters
    ----------
    color : str
        Hexadecimal.
    marker : str
        Of matplotlib.
    line : str or tuple
        Line style of matplotlib.
    word : str
        What it means, where the style itself has a meaning.
    """

    color: str
    marker: str
    line: LineStyle = "-"
    word: str = ""


STATUS_STYLES = {
    Status.PASS: MarkStyle("#0a6b4d", "o", word="pass"),
    Status.WARN: MarkStyle("#b06a00", "^", word="warn"),
    Status.FAIL: MarkStyle("#b0231c", "s", word="fail"),
    Status.NOTE: MarkStyle("#44546a", "P", word="told, never judged"),
    Status.NOT_APPLICABLE: MarkStyle(QUIET, "X", word="not applicable"),
}
"""How each answer is drawn."""

_SERIES = (
    MarkStyle("#0072b2", "o", "-"),
    MarkStyle("#d55e00", "s", (0, (6, 2))),
    MarkStyle("#009e73", "^", (0, (6, 2, 1, 2))),
    MarkStyle("#8a4f9e", "D", (0, (2, 1.5))),
    MarkStyle("#b58900", "v", (0, (8, 2, 2, 2, 2, 2))),
    MarkStyle("#333333", "P", (0, (4, 3))),
)


def series_style(place: int) -> MarkStyle:
    """Give the style of a series that has no meaning of its own.

    Parameters
    ----------
    place : int
        Which, from 0; styles come again after thirty, with another pair of colour and marker after six.

    Returns
    -------
    MarkStyle
        Its colour, marker and line.
    """
    count = len(_SERIES)
    base = _SERIES[place % count]
    return MarkStyle(base.color, _SERIES[(place + place // count) % count].marker, base.line)


def label(text: object, longest: int = _LONGEST, wrap: int = 0) -> str:
    """Make a name or sentence draw as it is written, whatever it holds.

    Parameters
    ----------
    text : object
        A name from a table, or words.
    longest : int
        Most characters; the rest is an ellipsis.
    wrap : int
        Characters after which a new line begins; 0 for a single line.

    Returns
    -------
    str
        Never taken for mathematics, and never left out of a legend for its first character.
    """
    shown = clean(text)
    if len(shown) > longest:
        shown = shown[: longest - 1].rstrip() + "…"
    # a legend leaves out what begins so
    shown = f" {shown}" if shown.startswith("_") else shown
    if wrap:
        shown = "\n".join(textwrap.wrap(shown, wrap, drop_whitespace=True) or [shown])
    if mpl.rcParams["text.usetex"]:
        return "".join(_TEX.get(char, char) for char in shown)
    return shown.replace("$", r"\$")


def chosen(what: str, value: object, known: Sequence[str]) -> str:
    """Take one of several names.

    Parameters
    ----------
    what : str
        What is named, e.g. ``kind``.
    value : object
        The name.
    known : sequence of str
        The names that there are.

    Returns
    -------
    str
        The name.

    Raises
    ------
    SpecError
        When there is no such name; tells the nearest, or all.
    """
    if isinstance(value, str) and value in known:
        return value
    near = difflib.get_close_matches(str(value).lower(), known, n=1, cutoff=0.5)
    listed = ", ".join(repr(clean(name)) for name in known) or "none"
    hint = f"Did you mean {clean(near[0])!r}? Known: {listed}." if near else f"Known: {listed}."
    raise SpecError(f"There is no {what} {clean(value)!r} to plot.", hint=hint)


def axes_for(ax: Axes | Iterable[Axes] | None, count: int, size: tuple[float, float]) -> tuple[Axes, ...]:
    """Take the axes that were given, or make a figure with as many as are needed.

    Parameters
    ----------
    ax : Axes, iterable of Axes, or None
        Where to draw; None for a new figure of pyplot, which a notebook shows by itself.
    count : int
        Axes that are needed.
    size : tuple of (float, float)
        Width and height of a new figure, in inches.

    Returns
    -------
    tuple of Axes
        Exactly `count`.

    Raises
    ------
    SpecError
        When what was given is no axes, or not as many as are needed.
    """
    if ax is None:
        # only here: with axes of the caller's own no figure is opened, and no backend chosen
        from matplotlib import pyplot as plt

        _, made = plt.subplots(1, count, figsize=size, layout="constrained", squeeze=False)
        return tuple(made.ravel())
    given = (ax,) if isinstance(ax, Axes) else tuple(np.ravel(np.asarray(ax, dtype=object)))
    if not all(isinstance(one, Axes) for one in given):
        raise SpecError(
            "Only matplotlib Axes can be drawn in.", hint="Pass ax=figure.subplots(), or an array of axes."
        )
    if len(given) != count:
        raise SpecError(
            f"This plot has {count} {'panel' if count == 1 else 'panels'}, but ax holds {len(given)}.",
            hint=f"Pass as many, e.g. ax=figure.subplots(1, {count}).",
        )
    return given


def as_panels(axes: Sequence[Axes]) -> Panels:
    """Give axes back as pyplot does: one by itself, several as an array.

    Parameters
    ----------
    axes : sequence of Axes
        What was drawn in.

    Returns
    -------
    Axes or numpy.ndarray of Axes
        The same.
    """
    if len(axes) == 1:
        return axes[0]
    panels = np.empty(len(axes), dtype=object)
    panels[:] = list(axes)
    return panels


def numbers(values: Iterable[float | None]) -> NDArray[np.float64]:
    """Make an array of figures.

    Parameters
    ----------
    values : iterable of float or None
        The figures.

    Returns
    -------
    ndarray of float
        Not a number where there is none.
    """
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def tidy(ax: Axes, grid: str = "") -> None:
    """Take away what says nothing: the upper and the right frame.

    Parameters
    ----------
    ax : Axes
        Which.
    grid : str
        ``x`` or ``y`` for faint lines at its ticks.
    """
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    if grid == "x":
        ax.grid(visible=True, axis="x", color=QUIET, alpha=FAINT, linewidth=0.6)
    elif grid == "y":
        ax.grid(visible=True, axis="y", color=QUIET, alpha=FAINT, linewidth=0.6)
