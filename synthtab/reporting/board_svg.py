"""Drawings of a board: small tracks, forests, and use against risk.

As in `svg`, sideways everything is a percentage and type has a fixed size. Labels are placed twice: whole
names for wide plots, numbers for a phone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup

from synthtab.reporting.board_labels import LABEL, PLOT, TOP, PlacedLabel, height, placed_labels
from synthtab.reporting.board_model import FigureForest, ForestLine, FrontMark, FrontView, ScoreCell
from synthtab.reporting.svg_numbers import anchor, joined, percent, tenths
from synthtab.reporting.text import shorten

__all__ = [
    "board_forest_axis",
    "board_forest_line",
    "breakable",
    "front_key",
    "front_plot",
    "score_track",
]

_BREAKS = re.compile(r"(?<=[^(])(?=\()|(?<=[,_])(?=\w)")
_FOOT = 22.0
_UNITS = 1000.0
_WIDE, _NARROW = (560.0, 640.0, 740.0, 900.0, 1000.0), (230.0, 262.0, 300.0, 420.0, 560.0)
_LONGEST = 190.0
_TRACK = 7.0
_CLOSE = 14.0
_EDGE = 0.04
_MOST_TICKS = 5


def breakable(name: str) -> Markup:
    """Let a long name break where a reader would: before a bracket, after a comma or an underscore.

    Parameters
    ----------
    name : str
        E.g. ``gaussian_copula(default_distribution=norm)``.

    Returns
    -------
    Markup
        The name, escaped, with places to break.
    """
    return Markup("<wbr>").join(_BREAKS.split(name))


def score_track(cell: ScoreCell) -> Markup:
    """Draw one figure of the board: interval, dot and the mark of fresh real rows; better to the right.

    Parameters
    ----------
    cell : ScoreCell
        What is drawn; its figures stand in the same cell of the table.

    Returns
    -------
    Markup
        An SVG as wide as its place, hidden from those who listen; nothing where there is no figure.
    """
    placed = cell.track
    if placed is None or placed.at is None:
        return Markup("")
    y = tenths(_TRACK)
    parts = [Markup('<line class="rail-of" x2="100%" y1="{0}" y2="{0}"/>').format(y)]
    if placed.mark is not None:
        parts.append(Markup('<line class="real-at" x1="{0}" x2="{0}" y2="14"/>').format(percent(placed.mark)))
    if placed.low is not None and placed.high is not None:
        whisker = Markup('<line class="reach" x1="{}" x2="{}" y1="{y}" y2="{y}"/>')
        parts.append(whisker.format(percent(placed.low), percent(placed.high), y=y))
    parts.append(Markup('<circle cx="{}" cy="{}" r="4.2"/>').format(percent(placed.at), y))
    return Markup('<svg class="score-track" aria-hidden="true">{}</svg>').format(joined(parts))


def board_forest_line(line: ForestLine) -> Markup:
    """Draw one row of a forest, for the cell of a table; its figures stand in the same row.

    Parameters
    ----------
    line : ForestLine
        Dot and interval.

    Returns
    -------
    Markup
        An SVG as wide as its place, hidden from those who listen.
    """
    placed, parts = line.placed, []
    if placed is not None and placed.low is not None and placed.high is not None and not placed.beyond:
        whisker = Markup('<line x1="{}" x2="{}" y1="8" y2="8"/>')
        parts.append(whisker.format(percent(placed.low), percent(placed.high)))
    if placed is not None and placed.at is not None:
        shape = {-1: "m-left", 1: "m-right"}.get(placed.beyond, "m-other" if line.name.css else "m-drawn")
        parts.append(Markup('<use href="#{}" x="{}" y="8"/>').format(shape, percent(placed.at)))
    return Markup('<svg aria-hidden="true">{}</svg>').format(joined(parts))


def board_forest_axis(forest: FigureForest) -> Markup:
    """Draw the labels of the axis of a forest.

    Parameters
    ----------
    forest : FigureForest
        Its ticks.

    Returns
    -------
    Markup
        An SVG as wide as its place.
    """
    text = Markup('<text class="{}" x="{}" y="12">{}</text>')
    return Markup('<svg class="ends" aria-hidden="true">{}</svg>').format(
        joined(
            text.format(f"{anchor(at, _EDGE)}{' of-real' if is_real else ''}", percent(at), label)
            for at, label, is_real in forest.ticks
        )
    )


def front_key(shape: str) -> Markup:
    """Draw the mark of a legend.

    Parameters
    ----------
    shape : str
        front, plain, other or line.

    Returns
    -------
    Markup
        A small SVG; the word stands beside it, so it is hidden from those who listen.
    """
    body = Markup('<use class="at {0}" href="#m-{0}" x="19" y="8"/>').format(shape)
    if shape == "line":
        body = Markup('<path class="front-line" d="M1,13H19V3H37"/>')
    return Markup('<svg class="series-key" aria-hidden="true" width="38" height="16">{}</svg>').format(body)


def front_plot(view: FrontView) -> Markup:
    """Draw use against risk.

    Parameters
    ----------
    view : FrontView
        Marks, front and scales.

    Returns
    -------
    Markup
        Scale and plot, side by side.
    """
    across = Markup('<line class="grid" x2="100%" y1="{0}" y2="{0}"/>')
    upright = Markup('<line class="grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>')
    text = Markup('<text class="tick {}" x="{}" y="{}">{}</text>')
    parts = [across.format(tenths(height(at))) for at, _ in view.y_ticks]
    parts += [upright.format(percent(at), tenths(TOP), tenths(TOP + PLOT)) for at, _ in view.x_ticks]
    if view.steps:
        path = "L".join(f"{_UNITS * x:.0f} {_UNITS * (1 - y):.0f}" for x, y in view.steps)
        frame = Markup(
            '<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="{}" y="{}">'
            '<path class="front-line" d="M{}"/></svg>'
        )
        parts.append(frame.format(tenths(PLOT), tenths(TOP), path))
    parts += [_cross(mark) for mark in view.marks]
    use = Markup('<use class="at {}" href="#m-{}" x="{}" y="{}"/>')
    parts += [
        use.format(mark.shape, _symbol(mark), percent(mark.x), tenths(height(mark.y))) for mark in view.marks
    ]
    for css, widths, words in (("full", _WIDE, _full), ("brief", _NARROW, _brief)):
        labels = placed_labels(view.marks, [words(mark) for mark in view.marks], widths)
        parts.append(Markup('<g class="{}">{}</g>').format(css, joined(map(_label, labels))))
    for (at, label), css in zip(view.x_ticks, _ticks(view.x_ticks), strict=True):
        parts.append(text.format(f"{anchor(at, _EDGE)}{css}", percent(at), tenths(TOP + PLOT + 17), label))
    scale = Markup('<text y="{}">{}</text>')
    frame = Markup(
        '<div class="lines of-points front"><svg class="up" aria-hidden="true" height="{h}">{scale}</svg>'
        '<svg class="plot" role="img" aria-label="{said}" height="{h}">{plot}</svg></div>'
    )
    return frame.format(
        h=tenths(TOP + PLOT + _FOOT),
        scale=joined(scale.format(tenths(height(at) + 4), label) for at, label in view.y_ticks),
        said=view.said,
        plot=joined(parts),
    )


def _ticks(ticks: Sequence[tuple[float, str]]) -> list[str]:
    """Keep every other label on a phone, 0 or the first among them."""
    first = next((place for place, (_, label) in enumerate(ticks) if label == "0"), 0)
    many = len(ticks) > _MOST_TICKS
    return [" full" if many and (place - first) % 2 else "" for place in range(len(ticks))]


def _symbol(mark: FrontMark) -> str:
    """Give the symbol of a mark: an arrow at the edge that it lies beyond."""
    if not mark.beyond:
        return mark.shape
    return "down" if mark.y < 0.5 else "up"  # noqa: PLR2004 - the nearer edge


def _cross(mark: FrontMark) -> Markup:
    line = Markup('<line class="cross {}" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    x, y, parts = percent(mark.x), tenths(height(mark.y)), []
    if mark.x_low is not None and mark.x_high is not None:
        parts.append(line.format(mark.shape, percent(mark.x_low), percent(mark.x_high), y, y))
    if mark.y_low is not None and mark.y_high is not None:
        parts.append(line.format(mark.shape, x, x, tenths(height(mark.y_low)), tenths(height(mark.y_high))))
    return joined(parts)


def _full(mark: FrontMark) -> str:
    words = shorten(f"{mark.name.number} {mark.name.short}".strip(), _LONGEST, LABEL)
    return f"{words}: {mark.beyond}" if mark.beyond else words


def _brief(mark: FrontMark) -> str:
    words = mark.name.number or "–"
    return f"{words}: {mark.beyond}" if mark.beyond else words


def _label(label: PlacedLabel) -> Markup:
    """Draw a label from its mark; a line leads to one that stands far away."""
    lead = Markup("")
    if abs(label.dx) + abs(label.dy - 4) > _CLOSE + 6:
        # the line ends where the text begins, at half its height
        end = label.dx - (3 if label.dx > 0 else -3 if label.dx < 0 else 0)
        lead = Markup('<path d="M0 0L{} {}"/>').format(tenths(end), tenths(label.dy - 4))
    frame = Markup('<svg x="{}" y="{}" width="1" height="1">{}<text class="{}" x="{}" y="{}">{}</text></svg>')
    return frame.format(
        percent(label.x), tenths(label.y), lead, label.anchor, tenths(label.dx), tenths(label.dy), label.text
    )
