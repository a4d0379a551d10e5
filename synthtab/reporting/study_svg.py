"""Drawings of a study: lines over generations, points over classes, bars in three parts.

As in `svg`, sideways everything is a percentage and type has a fixed size. Labels that stand beside a plot
are drawings of their own, so that their columns keep their width on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from markupsafe import Markup

from synthtab.reporting.study_model import ForestRow, ForestView, Line, LinePanel, PartsBar, PointPanel
from synthtab.reporting.svg_numbers import joined, percent, tenths
from synthtab.reporting.text import shorten, text_width
from synthtab.reporting.viewmodel import Strip

__all__ = [
    "forest_axis",
    "forest_line",
    "line_panel",
    "parts_bar",
    "place",
    "point_panel",
    "series_key",
    "unlined",
]

_TOP, _PLOT, _FOOT = 8.0, 150.0, 22.0
_UNITS = 1000.0
_LEAST_ROOM, _MOST_ROOM = 62.0, 108.0
_LABEL_STEP = 15.0
_ALONE = 0.06
_BAR = 16.0
_SPREAD = 0.72
_MOST_SPACING = 0.19


def _y(at: float) -> float:
    """Give the height in pixels of a place on the scale."""
    return _TOP + _PLOT * (1 - at)


def series_key(css: str) -> Markup:
    """Draw the mark of a legend.

    Parameters
    ----------
    css : str
        A series, or ``null``, ``fresh``, ``chance``, ``predicted``.

    Returns
    -------
    Markup
        A small SVG; the word stands beside it, so it is hidden from those who listen.
    """
    if css == "null":
        body = Markup('<rect class="drift-band" x="1" y="2" width="34" height="12"/>')
        body += Markup('<path class="drift-mean" d="M1,8H35"/>')
    elif css in {"fresh", "chance", "predicted"}:
        body = Markup('<path class="{}" d="M1,8H35"/>').format(css)
    else:
        body = Markup(
            '<g class="{0}"><path class="run" d="M1,8H35"/><use href="#m-{0}" x="30" y="8"/></g>'
        ).format(css)
    return Markup('<svg class="series-key" aria-hidden="true" width="38" height="16">{}</svg>').format(body)


def line_panel(panel: LinePanel) -> Markup:
    """Draw the lines of one regime.

    Parameters
    ----------
    panel : LinePanel
        Lines, band, level lines and scales.

    Returns
    -------
    Markup
        Three drawings side by side: scale, plot, names at the ends of the lines.
    """
    wanted = _wanted(panel)
    room = min(max([text_width(text) for *_, text in wanted] + [_LEAST_ROOM]), _MOST_ROOM)
    labels = _labels([(own, css, shorten(text, room)) for own, css, text in wanted])
    bottom = max([_TOP + _PLOT, *(place for place, *_ in labels)])
    height = max(_TOP + _PLOT + _FOOT, bottom + 8)
    frame = Markup(
        '<div class="lines"><svg class="up" aria-hidden="true" height="{h}">{scale}</svg>'
        '<svg class="plot" role="img" aria-label="{said}" height="{h}">{plot}</svg>'
        '<svg class="names" aria-hidden="true" width="{room}" height="{h}">{names}</svg></div>'
    )
    return frame.format(
        h=tenths(height),
        scale=_scale(panel.up_ticks),
        said=panel.said,
        plot=_plot(panel),
        room=tenths(room + 16),
        names=joined(_label(*label) for label in labels),
    )


def _scale(ticks: Sequence[tuple[float, str]]) -> Markup:
    text = Markup('<text y="{}">{}</text>')
    return joined(text.format(tenths(_y(at) + 4), label) for at, label in ticks)


def _box(across: Sequence[float]) -> str:
    """Give the box of a plot in generations sideways and thousandths upwards: few characters."""
    if len(across) < 2:  # noqa: PLR2004 - one generation stands in the middle
        return "-1 0 2 1000"
    step = across[1] - across[0]
    return f"{-across[0] / step:.2f} 0 {1 / step:.2f} 1000"


def _plot(panel: LinePanel) -> Markup:
    path = Markup('<path class="{}" d="{}"/>')
    ends = (-1, len(panel.across) + 1)
    level = "M{} {}H{}"
    rows = "".join(level.format(ends[0], _thousandth(at), ends[1]) for at, _ in panel.up_ticks)
    drawn = [("rows", rows)]
    if panel.null is not None:
        drawn += [("drift-band", _area(panel.null)), ("drift-mean", _run(panel.null.at))]
    drawn += [
        (line.css, level.format(ends[0], _thousandth(line.at[0]), ends[1]))
        for line in panel.levels
        if line.at and line.at[0] is not None
    ]
    drawn += [(f"spread-of {line.css}", _area(line)) for line in panel.lines]
    drawn += [(f"run {line.css}", _run(line.at)) for line in panel.lines]
    lines = Markup('<svg viewBox="{}" preserveAspectRatio="none" height="{}" y="{}">{}</svg>')
    body = joined(path.format(css, shape) for css, shape in drawn if shape)
    parts = [lines.format(_box(panel.across), tenths(_PLOT), tenths(_TOP), body)]
    mark = Markup('<use href="#m-{0}" x="{1}" y="{2}"/>')
    for line in panel.lines:
        place = _last(line.at)
        if place is not None:
            at = line.at[place]
            parts.append(mark.format(line.css, percent(panel.across[place]), tenths(_y(at or 0.0))))
    text = Markup('<text x="{}" y="{}">{}</text>')
    parts += [text.format(percent(at), tenths(_TOP + _PLOT + 17), label) for at, label in panel.across_ticks]
    return joined(parts)


def _thousandth(at: float | None) -> str:
    """Write a height in the units of a plot, from above."""
    return f"{_UNITS * (1 - (at or 0.0)):.0f}"


def _last(values: Sequence[float | None]) -> int | None:
    return next((place for place in reversed(range(len(values))) if values[place] is not None), None)


def _runs(known: Sequence[bool]) -> list[list[int]]:
    """Give the stretches of a line that exist."""
    return [[place for place, _ in group] for own, group in groupby(enumerate(known), lambda i: i[1]) if own]


def _through(points: Iterable[tuple[float, float | None]]) -> str:
    """Write points one after another; what follows a move is a line."""
    return "M" + " ".join(f"{x:g} {_thousandth(at)}" for x, at in points)


def _run(values: Sequence[float | None]) -> str:
    """Draw a line, with gaps where there is no figure."""
    drawn = []
    for places in _runs([value is not None for value in values]):
        points = [(float(place), values[place]) for place in places]
        if len(points) == 1:
            # a figure that stands alone would be a line without length
            points = [(places[0] + side, values[places[0]]) for side in (-_ALONE, _ALONE)]
        drawn.append(_through(points))
    return "".join(drawn)


def _area(line: Line) -> str:
    """Draw the band of a line; a figure that stands alone gets a little width."""
    if len(line.low) != len(line.high):
        return ""
    drawn = []
    known = [low is not None and high is not None for low, high in zip(line.low, line.high, strict=True)]
    for places in _runs(known):
        sides = (-_ALONE, _ALONE) if len(places) == 1 else (0.0,)
        there = [(place + side, place) for place in places for side in sides]
        upper = [(x, line.high[place]) for x, place in there]
        lower = [(x, line.low[place]) for x, place in reversed(there)]
        drawn.append(f"{_through([*upper, *lower])}Z")
    return "".join(drawn)


def _wanted(panel: LinePanel) -> list[tuple[float, str, str]]:
    """Give the height, the colour and the words of every label, from above."""
    wanted = []
    references = [*([panel.null] if panel.null is not None else []), *panel.levels]
    for lines, is_series in ((panel.lines, True), (references, False)):
        for line in lines:
            place = _last(line.at)
            if place is not None:
                css = line.css if is_series else "soft"
                wanted.append((_y(line.at[place] or 0.0), css, line.label))
    return sorted(wanted, key=lambda item: item[0])


def _labels(wanted: Sequence[tuple[float, str, str]]) -> list[tuple[float, float, str, str]]:
    """Place labels beside the ends of their lines, so far apart that none touches another."""
    places = _apart([own for own, _, _ in wanted], _TOP - 2, _TOP + _PLOT + 4)
    return [(place, own, css, text) for place, (own, css, text) in zip(places, wanted, strict=True)]


def _apart(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Move labels as little as it takes: groups that would touch are centred on where they want to be."""
    groups: list[tuple[float, int]] = []
    for own in wanted:
        groups.append((own, 1))
        while len(groups) > 1:
            (first, many), (second, few) = groups[-2:]
            if second - first >= _LABEL_STEP * (many + few) / 2:
                break
            groups[-2:] = [((first * many + second * few) / (many + few), many + few)]
    placed = [
        centre + _LABEL_STEP * (index - (many - 1) / 2) for centre, many in groups for index in range(many)
    ]
    # the box may push whole groups inwards; then from above and from below in turn
    for index, place in enumerate(placed):
        least = top if index == 0 else placed[index - 1] + _LABEL_STEP
        placed[index] = max(place, least)
    for index in range(len(placed) - 1, -1, -1):
        most = bottom if index == len(placed) - 1 else placed[index + 1] - _LABEL_STEP
        placed[index] = min(placed[index], most)
    lift = max(0.0, top - placed[0]) if placed else 0.0
    return [place + lift for place in placed]


def _label(place: float, own: float, css: str, text: str) -> Markup:
    frame = Markup('<g class="{}"><path d="M1,{}L10,{}"/><text y="{}">{}</text></g>')
    return frame.format(css, tenths(own), tenths(place), tenths(place + 4), text)


def point_panel(panel: PointPanel) -> Markup:
    """Draw what is kept, class by class.

    Parameters
    ----------
    panel : PointPanel
        Points with intervals, and the prediction.

    Returns
    -------
    Markup
        Scale and plot, side by side.
    """
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    scale = _scale([(at, f"{100 * at:.0f}\u00a0%") for at in shares])
    across = Markup('<line class="grid" x2="100%" y1="{0}" y2="{0}"/>')
    parts = [across.format(tenths(_y(at))) for at in shares]
    count = max(len(panel.classes), 1)
    width = 1 / count
    text = Markup('<text x="{}" y="{}">{}</text>')
    step = min(width * _SPREAD / max(len(panel.points), 1), _MOST_SPACING * width)
    for place, label in enumerate(panel.classes):
        centre = (place + 0.5) * width
        expected = panel.expected[place] if place < len(panel.expected) else None
        if expected is not None:
            half = width * (_SPREAD / 2 + 0.06)
            line = Markup('<line class="predicted" x1="{}" x2="{}" y1="{y}" y2="{y}"/>')
            parts.append(line.format(percent(centre - half), percent(centre + half), y=tenths(_y(expected))))
        for index, points in enumerate(panel.points):
            x = percent(centre + step * (index - (len(panel.points) - 1) / 2))
            parts += _point(points.css, x, points.at[place], points.low[place], points.high[place])
        parts.append(text.format(percent(centre), tenths(_TOP + _PLOT + 17), label))
    frame = Markup(
        '<div class="lines of-points"><svg class="up" aria-hidden="true" height="{h}">{scale}</svg>'
        '<svg class="plot" role="img" aria-label="{said}" height="{h}">{plot}</svg></div>'
    )
    return frame.format(h=tenths(_TOP + _PLOT + _FOOT), scale=scale, said=panel.said, plot=joined(parts))


def _point(css: str, x: str, at: float | None, low: float | None, high: float | None) -> list[Markup]:
    parts = []
    if low is not None and high is not None:
        whisker = Markup('<line class="whisker {}" x1="{x}" x2="{x}" y1="{}" y2="{}"/>')
        parts.append(whisker.format(css, tenths(_y(high)), tenths(_y(low)), x=x))
    if at is not None:
        mark = Markup('<use href="#m-{0}" x="{1}" y="{2}"/>')
        parts.append(mark.format(css, x, tenths(_y(at))))
    return parts


def forest_line(row: ForestRow) -> Markup:
    """Draw one column of a forest plot, for the cell of a table; its figures stand in the same row.

    Parameters
    ----------
    row : ForestRow
        Dot and interval.

    Returns
    -------
    Markup
        An SVG as wide as its place, hidden from those who listen.
    """
    parts = []
    if row.low is not None and row.high is not None:
        whisker = Markup('<line x1="{}" x2="{}" y1="8" y2="8"/>')
        parts.append(whisker.format(percent(row.low), percent(row.high)))
    if row.at is not None:
        parts.append(Markup('<use href="#m-drawn" x="{}" y="8"/>').format(percent(row.at)))
    return Markup('<svg aria-hidden="true">{}</svg>').format(joined(parts))


def forest_axis(view: ForestView) -> Markup:
    """Draw the labels of the axis of a forest plot.

    Parameters
    ----------
    view : ForestView
        Its ticks.

    Returns
    -------
    Markup
        An SVG as wide as its place: half, one and twice as much, and nothing that could touch them.
    """
    text = Markup('<text x="{}" y="12">{}</text>')
    shown = [tick for tick in view.ticks if tick[1] in {"0.1", "0.5", "2", "10"} or tick[0] == view.one]
    return Markup('<svg class="ends" aria-hidden="true">{}</svg>').format(
        joined(text.format(percent(at), "1" if at == view.one else label) for at, label in shown)
    )


def place(share: float) -> str:
    """Write a place on an axis for the style sheet.

    Parameters
    ----------
    share : float
        Between 0 and 1.

    Returns
    -------
    str
        A percentage.
    """
    return percent(share)


def unlined(strip: Strip) -> Strip:
    """Give the axis of a strip without lines: the style sheet draws those behind all rows at once.

    Parameters
    ----------
    strip : Strip
        Rows and ticks.

    Returns
    -------
    Strip
        The same without ticks.
    """
    return replace(strip, ticks=(), strong=())


def parts_bar(bar: PartsBar) -> Markup:
    """Draw bias, training and sampling end to end; their figures stand in the table.

    Parameters
    ----------
    bar : PartsBar
        Lengths.

    Returns
    -------
    Markup
        An SVG as wide as its place.
    """
    parts, left = [], 0.0
    piece = Markup('<rect class="part-{}" x="{}" y="2" width="{}" height="{}"/>')
    for kind, share in zip(("bias", "training", "sampling"), bar.shares, strict=True):
        if share > 0:
            parts.append(piece.format(kind, percent(left), percent(share), tenths(_BAR)))
        left += share
    return Markup('<svg aria-hidden="true" width="100%" height="20">{}</svg>').format(joined(parts))
