"""Heat maps: triangles of pairwise figures, with their scale. Pure functions from view models to SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from synthtab.reporting.text import figure, shorten, text_width
from synthtab.reporting.viewmodel import HeatPanel, HeatView

__all__ = ["LABEL_ROOM", "heat_legend", "heat_map"]

LABEL_ROOM = 116
"""Pixels to the right of a triangle that names may run into."""

_STEPS = 6
_SMALLEST_LABELLED = 13
_LARGEST_CELL = 24


def heat_map(view: HeatView, panel: HeatPanel, room: int, *, labelled: bool = False) -> Markup:
    """Draw the lower triangle of a matrix.

    Parameters
    ----------
    view : HeatView
        Names along both sides.
    panel : HeatPanel
        What to draw.
    room : int
        Width in pixels that it may take.
    labelled : bool
        Whether names stand at the diagonal: each names the row to its left and the column below it.

    Returns
    -------
    Markup
        An SVG that shrinks with its place; each cell tells its pair and figure when pointed at.
    """
    count = len(view.columns)
    cell = max(4, min(_LARGEST_CELL, room // max(count, 1)))
    cells: dict[str, list[Markup]] = {}
    # the size of a cell stands once, in the style of the whole: there may be a thousand cells
    rect = Markup('<rect x="{}" y="{}"><title>{}</title></rect>')
    for row, values in enumerate(panel.values):
        for column, value in enumerate(values):
            said = "withheld" if value is None else figure(value, signed=panel.signed)
            title = f"{view.columns[row]} × {view.columns[column]}: {said}"
            drawn = rect.format(column * cell, row * cell, title)
            cells.setdefault(_shade(value, panel), []).append(drawn)
    group = Markup('<g class="{}">{}</g>')
    body = Markup("").join(group.format(shade, Markup("").join(cells[shade])) for shade in sorted(cells))
    names = _names(view.columns, cell) if labelled and cell >= _SMALLEST_LABELLED else Markup("")
    frame = Markup(
        '<svg class="heat" role="img" aria-labelledby="{key}-t {key}-d" width="{size}" height="{size}" '
        'viewBox="0 0 {size} {size}" style="--cell:{cell}px"><title id="{key}-t">{title}</title>'
        '<desc id="{key}-d">{said}</desc>{body}{names}</svg>'
    )
    return frame.format(
        key=panel.key,
        size=max(count * cell, 1),
        cell=cell - 1,
        title=panel.title,
        said=panel.said,
        body=body,
        names=names,
    )


def _names(columns: Sequence[str], cell: int) -> Markup:
    """Write each name at its place on the diagonal, cut where the page would end."""
    text = Markup('<text class="level" x="{}" y="{}">{}{}</text>')
    full = Markup("<title>{}</title>")
    drawn = []
    for index, name in enumerate(columns):
        room = LABEL_ROOM - 8 + (len(columns) - 1 - index) * cell
        short = shorten(name, room)
        whole = full.format(name) if short != name else Markup("")
        drawn.append(text.format(index * cell + 4, f"{(index + 0.5) * cell + 4:g}", whole, short))
    return Markup("").join(drawn)


def _shade(value: float | None, panel: HeatPanel) -> str:
    """Give the class of a cell: one of six strengths on either side of nothing."""
    if value is None:
        return "withheld"
    step = min(_STEPS, round(_STEPS * abs(value) / panel.scale))
    return "z" if step == 0 else f"{'n' if value < 0 else 'p'}{step}"


def heat_legend(panel: HeatPanel) -> Markup:
    """Draw the scale of a heat map.

    Parameters
    ----------
    panel : HeatPanel
        The panel it belongs to.

    Returns
    -------
    Markup
        A small SVG with the figures at its ends.
    """
    low = [f"n{step}" for step in range(_STEPS, 0, -1)] if panel.signed else []
    shades = [*low, "z", *(f"p{step}" for step in range(1, _STEPS + 1))]
    box = 14
    width = box * len(shades)
    texts = [(0.0, figure(-panel.scale), "start")] if panel.signed else []
    texts += [
        (box * (len(low) + 0.5), "0", "middle"),
        (float(width), figure(panel.scale, signed=panel.signed), "end"),
    ]
    rect = Markup('<rect class="{}" x="{}" y="0" width="{}" height="12"/>')
    text = Markup('<text class="tick {}" x="{}" y="27">{}</text>')
    parts = [rect.format(shade, box * place, box - 1) for place, shade in enumerate(shades)]
    parts += [text.format(anchor, f"{at:g}", label) for at, label, anchor in texts]
    ends = f"from {figure(-panel.scale) if panel.signed else '0'} to {figure(panel.scale)}"
    assert text_width(texts[-1][1]) < width / 2
    frame = Markup(
        '<svg class="scale" role="img" aria-label="Colour scale {}" width="{}" height="32">{}</svg>'
    )
    return frame.format(ends, width, Markup("").join(parts))
