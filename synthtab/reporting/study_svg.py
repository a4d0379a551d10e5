"""Drawings of a study: lines over generations, points over classes, bars in three parts.

As in `svg`, sideways everything is a percentage and type has a fixed size. Labels that stand beside a plot
are drawings of their own, so that their columns keep their width on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup

from synthtab.reporting.study_model import ForestRow, ForestView, Line, LinePanel, PartsBar, PointPanel
from synthtab.reporting.text import shorten

__all__ = ["forest_axis", "forest_line", "line_panel", "parts_bar", "point_panel", "series_key"]

_TOP, _PLOT, _FOOT = 8.0, 150.0, 22.0
_UNITS = 1000.0
_LABEL_ROOM = 78.0
_LABEL_STEP = 15.0
_ALONE = 0.03
_BAR = 16.0
_SPREAD = 0.72
_MOST_SPACING = 0.19


def _n(value: float) -> str:
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def _p(share: float) -> str:
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    return f"{'0' if text == '-0' else text}%"


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _y(at: float) -> float:
    """Give the height in pixels of a place on the scale."""
    return _TOP + _PLOT * (1 - at)


def series_key(css: str) -> Markup:
    """Draw the mark of a legend.

    Parameters
    ----------
    css : str
        A series, or ``null``, ``fresh``, ``chance``.

    Returns
    -------
    Markup
        A small SVG; the word stands beside it, so it is hidden from those who listen.
    """
    if css == "null":
        body = Markup('<rect class="drift-band" x="1" y="2" width="34" height="12"/>')
        body += Markup('<line class="drift-mean" x1="1" x2="35" y1="8" y2="8"/>')
    elif css in {"fresh", "chance"}:
        body = Markup('<line class="{}" x1="1" x2="35" y1="8" y2="8"/>').format(css)
    else:
        body = Markup(
            '<g class="{0}"><path class="run" d="M1,8H35"/><use class="end-mark" href="#m-{0}" x="30" y="8"/></g>'
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
    labels = _labels(panel)
    bottom = max([_TOP + _PLOT, *(place for place, *_ in labels)])
    height = max(_TOP + _PLOT + _FOOT, bottom + 8)
    up = Markup('<text class="tick end" x="32" y="{}">{}</text>')
    scale = _join(up.format(_n(_y(at) + 4), text) for at, text in panel.up_ticks)
    frame = Markup(
        '<div class="lines"><svg class="up" aria-hidden="true" width="36" height="{h}">{scale}</svg>'
        '<svg class="plot" role="img" aria-label="{said}" width="100%" height="{h}">{plot}</svg>'
        '<svg class="names" aria-hidden="true" width="{room}" height="{h}">{names}</svg></div>'
    )
    return frame.format(
        h=_n(height),
        scale=scale,
        said=panel.said,
        plot=_plot(panel),
        room=_n(_LABEL_ROOM + 14),
        names=_join(_label(*label) for label in labels),
    )


def _plot(panel: LinePanel) -> Markup:
    across = Markup('<line class="{}" x2="100%" y1="{y}" y2="{y}"/>')
    parts = [across.format("grid", y=_n(_y(at))) for at, _ in panel.up_ticks]
    paths = []
    if panel.null is not None:
        paths.append(Markup('<path class="drift-band" d="{}"/>').format(_area(panel.null, panel.across)))
        paths.append(Markup('<path class="drift-mean" d="{}"/>').format(_run(panel.null.at, panel.across)))
    paths += [
        Markup('<path class="spread-of {}" d="{}"/>').format(line.css, area)
        for line in panel.lines
        if (area := _area(line, panel.across))
    ]
    paths += [
        Markup('<path class="run {}" d="{}"/>').format(line.css, run)
        for line in panel.lines
        if (run := _run(line.at, panel.across))
    ]
    drawing = Markup(
        '<svg viewBox="0 0 1000 100" preserveAspectRatio="none" width="100%" height="{}" y="{}">{}</svg>'
    )
    parts.append(drawing.format(_n(_PLOT), _n(_TOP), _join(paths)))
    parts += [
        across.format(line.css, y=_n(_y(at)))
        for line in panel.levels
        if line.at and (at := line.at[0]) is not None
    ]
    mark = Markup('<use class="end-mark {0}" href="#m-{0}" x="{1}" y="{2}"/>')
    for line in panel.lines:
        place = _last(line.at)
        if place is not None:
            at = line.at[place]
            parts.append(mark.format(line.css, _p(panel.across[place]), _n(_y(at or 0.0))))
    text = Markup('<text class="tick {}" x="{}" y="{}">{}</text>')
    ticks = panel.across_ticks
    for index, (at, label) in enumerate(ticks):
        anchor = "end" if len(ticks) > 1 and index == len(ticks) - 1 else "start" if at < 0.1 else "middle"  # noqa: PLR2004 - at the left edge
        parts.append(text.format(anchor, _p(at), _n(_TOP + _PLOT + 17), label))
    return _join(parts)


def _last(values: Sequence[float | None]) -> int | None:
    return next((place for place in reversed(range(len(values))) if values[place] is not None), None)


def _runs(known: Sequence[bool]) -> list[list[int]]:
    """Give the stretches of a line that exist."""
    return [[place for place, _ in group] for own, group in groupby(enumerate(known), lambda i: i[1]) if own]


def _run(values: Sequence[float | None], across: Sequence[float]) -> str:
    """Draw a line, with gaps where there is no figure."""
    drawn = []
    for places in _runs([value is not None for value in values]):
        points = [(_UNITS * across[p], 100 * (1 - (values[p] or 0.0))) for p in places]
        if len(points) == 1:
            x, y = points[0]
            points = [(x - _UNITS * _ALONE, y), (x + _UNITS * _ALONE, y)]
        drawn.append("M" + "L".join(f"{x:.0f},{_n(y)}" for x, y in points))
    return "".join(drawn)


def _area(line: Line, across: Sequence[float]) -> str:
    """Draw the band of a line; a single generation gets a little width."""
    if len(line.low) != len(line.high):
        return ""
    drawn = []
    known = [low is not None and high is not None for low, high in zip(line.low, line.high, strict=True)]
    for places in _runs(known):
        upper = [(_UNITS * across[p], 100 * (1 - (line.high[p] or 0.0))) for p in places]
        lower = [(_UNITS * across[p], 100 * (1 - (line.low[p] or 0.0))) for p in places]
        if len(places) == 1:
            side = _UNITS * _ALONE
            upper = [(x + step, y) for x, y in upper for step in (-side, side)]
            lower = [(x + step, y) for x, y in lower for step in (-side, side)]
        path = "L".join(f"{x:.0f},{_n(y)}" for x, y in [*upper, *reversed(lower)])
        drawn.append(f"M{path}Z")
    return "".join(drawn)


def _labels(panel: LinePanel) -> list[tuple[float, float, str, str]]:
    """Place names beside the ends of their lines, so far apart that none touches another."""
    wanted = []
    references = [*([panel.null] if panel.null is not None else []), *panel.levels]
    for line in [*panel.lines, *references]:
        place = _last(line.at)
        if place is not None:
            at = line.at[place] or 0.0
            css = line.css if line in panel.lines else "soft"
            wanted.append((_y(at), css, shorten(line.label, _LABEL_ROOM)))
    wanted.sort(key=lambda item: item[0])
    top, bottom = _TOP - 2, _TOP + _PLOT + 4
    places = _apart([own for own, _, _ in wanted], top, bottom)
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
    frame = Markup(
        '<g class="{}"><path class="lead" d="M1,{}L10,{}"/><text class="name" x="13" y="{}">{}</text></g>'
    )
    return frame.format(css, _n(own), _n(place), _n(place + 4), text)


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
    up = Markup('<text class="tick end" x="40" y="{}">{}</text>')
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    scale = _join(up.format(_n(_y(at) + 4), f"{100 * at:.0f}\u00a0%") for at in shares)
    across = Markup('<line class="grid" x2="100%" y1="{0}" y2="{0}"/>')
    parts = [across.format(_n(_y(at))) for at in shares]
    count = max(len(panel.classes), 1)
    width = 1 / count
    text = Markup('<text class="tick middle" x="{}" y="{}">{}</text>')
    step = min(width * _SPREAD / max(len(panel.points), 1), _MOST_SPACING * width)
    for place, label in enumerate(panel.classes):
        centre = (place + 0.5) * width
        expected = panel.expected[place] if place < len(panel.expected) else None
        if expected is not None:
            half = width * (_SPREAD / 2 + 0.06)
            line = Markup('<line class="predicted" x1="{}" x2="{}" y1="{y}" y2="{y}"/>')
            parts.append(line.format(_p(centre - half), _p(centre + half), y=_n(_y(expected))))
        for index, points in enumerate(panel.points):
            x = _p(centre + step * (index - (len(panel.points) - 1) / 2))
            parts += _point(points.css, x, points.at[place], points.low[place], points.high[place])
        parts.append(text.format(_p(centre), _n(_TOP + _PLOT + 17), label))
    frame = Markup(
        '<div class="lines of-points"><svg class="up" aria-hidden="true" width="44" height="{h}">{scale}</svg>'
        '<svg class="plot" role="img" aria-label="{said}" width="100%" height="{h}">{plot}</svg></div>'
    )
    return frame.format(h=_n(_TOP + _PLOT + _FOOT), scale=scale, said=panel.said, plot=_join(parts))


def _point(css: str, x: str, at: float | None, low: float | None, high: float | None) -> list[Markup]:
    parts = []
    if low is not None and high is not None:
        whisker = Markup('<line class="whisker {}" x1="{x}" x2="{x}" y1="{}" y2="{}"/>')
        parts.append(whisker.format(css, _n(_y(high)), _n(_y(low)), x=x))
    if at is not None:
        mark = Markup('<use class="end-mark {0}" href="#m-{0}" x="{1}" y="{2}"/>')
        parts.append(mark.format(css, x, _n(_y(at))))
    return parts


def forest_line(row: ForestRow, view: ForestView) -> Markup:
    """Draw one column of a forest plot; its figures stand beside it.

    Parameters
    ----------
    row : ForestRow
        Dot and interval.
    view : ForestView
        The axis it shares.

    Returns
    -------
    Markup
        An SVG as wide as its place, hidden from those who listen.
    """
    parts = [Markup('<line class="axis" x1="{0}" x2="{0}" y2="24"/>').format(_p(view.one))]
    if row.low is not None and row.high is not None:
        whisker = Markup('<line class="ci drawn" x1="{}" x2="{}" y1="12" y2="12"/>')
        parts.append(whisker.format(_p(row.low), _p(row.high)))
    if row.at is not None:
        parts.append(Markup('<use class="dot drawn" href="#m-drawn" x="{}" y="12"/>').format(_p(row.at)))
    return Markup('<svg aria-hidden="true" width="100%" height="24">{}</svg>').format(_join(parts))


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
    text = Markup('<text class="tick middle" x="{}" y="14">{}</text>')
    shown = [tick for tick in view.ticks if tick[1] in {"0.1", "0.5", "2", "10"} or tick[0] == view.one]
    return Markup('<svg class="ticks" aria-hidden="true" width="100%" height="20">{}</svg>').format(
        _join(text.format(_p(at), "1" if at == view.one else label) for at, label in shown)
    )


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
            parts.append(piece.format(kind, _p(left), _p(share), _n(_BAR)))
        left += share
    return Markup('<svg aria-hidden="true" width="100%" height="20">{}</svg>').format(_join(parts))
