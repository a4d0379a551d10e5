"""Drawings: view models in, SVG out. Pure functions; every text and attribute is escaped by `Markup.format`.

Sideways everything is a percentage and type has a fixed size, so that a drawing fits a phone, a screen
and a sheet of paper without its letters growing or shrinking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup

from synthtab.reporting.sectionmodel import Meter
from synthtab.reporting.svg_numbers import anchor, fine_percent, joined, tenths
from synthtab.reporting.text import shorten, text_width
from synthtab.reporting.viewmodel import Bar, ColumnView, Strip, StripRow

__all__ = ["histogram", "icon", "key", "level_bars", "meter", "strip_axis", "strip_row"]

_NARROWEST = 252.0
"""Width in pixels of the narrowest figure: a small column on a phone."""
_HEIGHT = 172.0
_PLOT = _HEIGHT - 24
_UNITS = 1000.0
_HEADROOM = 0.95
_ROW = 31.0
_EDGE = 0.03
_BAR = 9.0


def icon(kind: str) -> Markup:
    """Draw the icon of a status; the word stands beside it, so it is hidden from those who listen.

    Parameters
    ----------
    kind : str
        pass, warn, fail, na or note.

    Returns
    -------
    Markup
        A small SVG that uses the page's own symbol.
    """
    return Markup('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>').format(kind)


def key(kind: str) -> Markup:
    """Draw the mark of a legend.

    Parameters
    ----------
    kind : str
        full, hollow, mark or line: what stands for one side in a row of dots.

    Returns
    -------
    Markup
        A small SVG; the word stands beside it, so it is hidden from those who listen.
    """
    shapes = {
        "full": Markup('<use class="dot drawn" href="#m-drawn"/>'),
        "hollow": Markup('<use class="hollow" href="#m-hollow"/>'),
        "mark": Markup('<line class="mark" x1="0" x2="0" y1="-8" y2="8"/>'),
        "line": Markup('<line class="ci" x1="-7" x2="7" y1="0" y2="0"/>'),
    }
    frame = Markup(
        '<svg class="key" aria-hidden="true" width="18" height="18" viewBox="-9 -9 18 18">{}</svg>'
    )
    return frame.format(shapes[kind])


def meter(bar: Meter) -> Markup:
    """Draw a small bar for the cell of a table; its figures stand in the same row.

    Parameters
    ----------
    bar : Meter
        Length, interval and reference mark.

    Returns
    -------
    Markup
        An SVG as wide as its place, hidden from those who listen.
    """
    parts = [
        Markup('<rect class="rail" x="0" y="3" width="100%" height="8" rx="2"/>'),
        Markup('<rect class="fill" x="0" y="3" width="{}" height="8" rx="2"/>').format(fine_percent(bar.at)),
    ]
    if bar.low is not None and bar.high is not None:
        whisker = Markup('<line class="spread" x1="{}" x2="{}" y1="7" y2="7"/>')
        parts.append(whisker.format(fine_percent(bar.low), fine_percent(bar.high)))
    if bar.mark is not None:
        parts.append(
            Markup('<line class="mark" x1="{0}" x2="{0}" y1="0" y2="14"/>').format(fine_percent(bar.mark))
        )
    frame = Markup('<svg class="meter" aria-hidden="true" width="100%" height="14">{}</svg>')
    return frame.format(joined(parts))


def strip_row(row: StripRow, strip: Strip) -> Markup:
    """Draw one row of dots: grid, band, interval, reference mark and dot.

    Parameters
    ----------
    row : StripRow
        The row.
    strip : Strip
        The axis it shares.

    Returns
    -------
    Markup
        An SVG as wide as its place.
    """
    parts = []
    if row.band_low is not None and row.band_high is not None:
        band = Markup('<rect class="band" x="{}" y="12%" width="{}" height="76%" rx="3"/>')
        parts.append(band.format(fine_percent(row.band_low), fine_percent(row.band_high - row.band_low)))
    line = Markup('<line class="{}" x1="{}" x2="{}" y1="0" y2="100%"/>')
    parts += [
        line.format("grid", fine_percent(at), fine_percent(at))
        for at, _ in strip.ticks
        if at not in strip.strong
    ]
    parts += [line.format("axis", fine_percent(at), fine_percent(at)) for at in strip.strong]
    if row.low is not None and row.high is not None:
        whisker = Markup('<line class="ci {}" x1="{}" x2="{}" y1="50%" y2="50%"/>')
        parts.append(whisker.format(row.tag.kind, fine_percent(row.low), fine_percent(row.high)))
    if row.mark is not None:
        mark = Markup('<line class="mark" x1="{0}" x2="{0}" y1="10%" y2="90%"/>')
        parts.append(mark.format(fine_percent(row.mark)))
    if row.is_joined and row.at is not None and row.hollow is not None:
        joint = Markup('<line class="joint" x1="{}" x2="{}" y1="50%" y2="50%"/>')
        parts.append(joint.format(fine_percent(row.hollow), fine_percent(row.at)))
    if row.hollow is not None:
        parts.append(
            Markup('<use class="hollow" href="#m-hollow" x="{}" y="50%"/>').format(fine_percent(row.hollow))
        )
    if row.at is not None:
        kind = "drawn" if row.is_synthetic else row.tag.kind
        shape = {-1: "m-left", 1: "m-right"}.get(row.beyond, f"m-{kind}")
        dot = Markup('<use class="dot {}" href="#{}" x="{}" y="50%"/>')
        parts.append(dot.format(kind, shape, fine_percent(row.at)))
    frame = Markup('<svg role="img" aria-label="{}" width="100%" height="100%">{}</svg>')
    return frame.format(row.said, joined(parts))


def strip_axis(strip: Strip) -> Markup:
    """Draw the labels of an axis that rows of dots share.

    Parameters
    ----------
    strip : Strip
        The axis.

    Returns
    -------
    Markup
        An SVG as wide as its place.
    """
    text = Markup('<text class="tick {}" x="{}" y="14">{}</text>')
    labels = _apart([(at, label) for at, label in strip.ticks if label])
    drawn = joined(text.format(anchor(at, _EDGE), fine_percent(at), label) for at, label in labels)
    return Markup('<svg class="ticks" aria-hidden="true" width="100%" height="20">{}</svg>').format(drawn)


def _apart(labels: Sequence[tuple[float, str]], width: float = _NARROWEST) -> list[tuple[float, str]]:
    """Keep the labels that do not touch their left neighbour, and the last one whatever it costs."""
    gap = 8.0

    def span(at: float, label: str) -> tuple[float, float]:
        size = text_width(label)
        start = at * width - {"start": 0.0, "middle": size / 2, "end": size}[anchor(at, _EDGE)]
        return start, start + size

    kept: list[tuple[float, str]] = []
    for at, label in labels:
        if not kept or span(at, label)[0] >= span(*kept[-1])[1] + gap:
            kept.append((at, label))
    if labels and kept[-1] != labels[-1]:
        while kept and span(*labels[-1])[0] < span(*kept[-1])[1] + gap:
            kept.pop()
        kept.append(labels[-1])
    return kept


def _named(column: ColumnView, css: str, parts: Iterable[Markup]) -> Markup:
    """Frame a figure of one column, with its title and its description."""
    frame = Markup(
        '<svg class="{css}" role="img" aria-labelledby="{key}-t {key}-d" width="100%" height="{height}">'
        '<title id="{key}-t">{title}</title><desc id="{key}-d">{said}</desc>{body}</svg>'
    )
    title = f"{column.name}: real and synthetic"
    return frame.format(
        css=css, key=column.key, height=tenths(_HEIGHT), title=title, said=column.said, body=joined(parts)
    )


def histogram(column: ColumnView) -> Markup:
    """Draw a number column: real as a grey shape, fresh real data as a band, synthetic as a stepped line.

    Parameters
    ----------
    column : ColumnView
        Bars of equal width along a number line.

    Returns
    -------
    Markup
        An SVG as wide as its place.
    """
    bars = column.bars
    tallest = max(map(_top, bars), default=0.0) or 1.0
    width = 1 / max(len(bars), 1)

    def place(share: float) -> float:
        return 100 * (1 - _HEADROOM * max(share, 0.0) / tallest)

    body, skyline, bands, hidden = [], [], [], []
    hatch = Markup('<rect class="withheld" x="{}" width="{}" y="4" height="{}"/>')
    for index, bar in enumerate(bars):
        if bar.real is None:
            hidden.append(hatch.format(fine_percent(index * width), fine_percent(width), tenths(_PLOT)))
            continue
        left, right, top = (
            tenths(at) for at in (_edge(index, width), _edge(index + 1, width), place(bar.real))
        )
        body.append(f"M{left},100V{top}H{right}V100")
        skyline.append(f"M{left},{top}H{right}")
        if bar.noise:
            upper, lower = place(bar.real + bar.noise), place(bar.real - bar.noise)
            bands.append(f"M{left},{tenths(upper)}H{right}V{tenths(lower)}H{left}Z")
    line = _steps([None if bar.synthetic is None else place(bar.synthetic) for bar in bars], width)
    path = Markup('<path class="{}" d="{}"/>')
    drawn = [("real", body), ("sky", skyline), ("noise", bands), ("syn", line)]
    plot = Markup(
        '<svg viewBox="0 0 1000 100" preserveAspectRatio="none" width="100%" height="{}" y="4">{}</svg>'
    ).format(tenths(_PLOT), joined(path.format(css, "".join(parts)) for css, parts in drawn if parts))
    base = Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(tenths(_PLOT + 4))
    text = Markup('<text class="tick {}" x="{}" y="{}">{}</text>')
    marks = [
        text.format(anchor(at, _EDGE), fine_percent(at), tenths(_PLOT + 19), label)
        for at, label in _bar_labels(bars)
    ]
    return _named(column, "hist", [*hidden, plot, base, *marks])


def _edge(index: int, width: float) -> float:
    return _UNITS * index * width


def _top(bar: Bar) -> float:
    """Give the highest thing drawn in a cell; what is withheld counts for nothing."""
    return max(0.0 if bar.real is None else bar.real + bar.noise, bar.synthetic or 0.0)


def _steps(heights: Sequence[float | None], width: float) -> list[str]:
    """Draw a stepped line from the base and back to it, with gaps where a share is withheld."""
    drawn: list[str] = []
    for known, run in groupby(enumerate(heights), key=lambda item: item[1] is not None):
        cells = [(index, height) for index, height in run if height is not None]
        if known:
            steps = "".join(f"V{tenths(height)}H{tenths(_edge(index + 1, width))}" for index, height in cells)
            drawn.append(f"M{tenths(_edge(cells[0][0], width))},100{steps}V100")
    return drawn


def _bar_labels(bars: Sequence[Bar]) -> list[tuple[float, str]]:
    """Name the first, the middle and the last bar, as far as they do not touch."""
    count, few = len(bars), 3
    if count < few:
        room = _NARROWEST / max(count, 1) - 8
        return [((index + 0.5) / count, shorten(bar.label, room)) for index, bar in enumerate(bars)]
    room = 0.47 * _NARROWEST
    ends = [(0.0, shorten(bars[0].label, room)), (1.0, shorten(bars[-1].label, room))]
    middle = ((count // 2 + 0.5) / count, bars[count // 2].label)
    return _apart([ends[0], middle, ends[1]])


def level_bars(column: ColumnView, most: int = 5) -> Markup:
    """Draw a label column: real as grey bars, fresh real data as a band, synthetic as a blue tick.

    Parameters
    ----------
    column : ColumnView
        Its levels, in the order they are to be read.
    most : int
        Levels to draw; the table has them all.

    Returns
    -------
    Markup
        An SVG as wide as its place.
    """
    rows = column.bars[:most]
    tallest = max((_top(bar) for bar in rows), default=0.0) or 1.0
    parts: list[Markup] = []
    for index, bar in enumerate(rows):
        parts += _level(bar, _ROW * index, 1 / tallest)
    if len(column.bars) > most:
        rest = f"and {len(column.bars) - most} more in the table"
        parts.append(
            Markup('<text class="tick start" x="0" y="{}">{}</text>').format(tenths(_HEIGHT - 3), rest)
        )
    return _named(column, "levels", parts)


def _level(bar: Bar, y: float, scale: float) -> list[Markup]:
    """Draw one level: its name and shares in words, and below them its bar."""
    rect = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>')
    text = Markup('<text class="{}" x="{}" y="{}">{}</text>')
    top, height = tenths(y + 17), tenths(_BAR)
    shares = " / ".join(
        "withheld" if share is None else f"{100 * share:.1f}" for share in (bar.real, bar.synthetic)
    )
    shares = shares if bar.real is not None or bar.synthetic is not None else "withheld"
    room = _NARROWEST - text_width(shares) - 14
    parts = [
        text.format("level", "0", tenths(y + 12), shorten(bar.label, room)),
        text.format("tick end", "100%", tenths(y + 12), shares),
    ]
    if bar.real is None:
        parts.append(rect.format("withheld", "0", top, "100%", height))
    else:
        parts.append(rect.format("real", "0", top, fine_percent(bar.real * scale), height))
        if bar.noise:
            low, high = max(bar.real - bar.noise, 0.0) * scale, (bar.real + bar.noise) * scale
            parts.append(rect.format("noise", fine_percent(low), top, fine_percent(high - low), height))
        end = Markup('<line class="end-of-real" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>')
        parts.append(end.format(fine_percent(bar.real * scale), top, tenths(y + 17 + _BAR)))
    if bar.synthetic is not None:
        tick = Markup('<line class="syn tickmark" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>')
        parts.append(tick.format(fine_percent(bar.synthetic * scale), tenths(y + 15), tenths(y + 19 + _BAR)))
    return parts
