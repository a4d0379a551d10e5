"""Names beside points, each where it covers least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from synthtab.plotting.axes_style import QUIET
from synthtab.reporting.text import text_width

__all__ = ["write_names"]

_SIZE = 8.5
_GAP = 6.0
_POINT = 5.0
# to the right, to the left, above, below, then the corners: direction of the name from its point
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_RINGS = (1.0, 3.0, 5.0, 7.0)
_FAR = 2.0
_LEADER: dict[str, Any] = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.7, "shrinkB": 4}
_ALIGN = {1: "left", -1: "right", 0: "center"}
_STAND = {1: "bottom", -1: "top", 0: "center"}

Box = tuple[float, float, float, float]


def write_names(ax: Axes, points: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Write a name beside each point, on the side where it covers no other name and no other point.

    Parameters
    ----------
    ax : Axes
        Where; its limits are taken as they are.
    points : sequence of (float, float)
        In the units of the axes.
    names : sequence of str
        Already made harmless.
    """
    scale = 72.0 / ax.figure.dpi
    at = [tuple(scale * float(end) for end in ax.transData.transform(point)) for point in points]
    frame = (scale * ax.bbox.x0, scale * ax.bbox.y0, scale * ax.bbox.x1, scale * ax.bbox.y1)
    taken: list[Box] = [(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in at]
    for place, ((x, y), name) in enumerate(zip(at, names, strict=True)):
        others = [box for other, box in enumerate(taken) if other != place]
        width = 0.9 * text_width(name, _SIZE)
        boxes = {(side, ring): _box(x, y, side, width, ring * _GAP) for ring in _RINGS for side in _SIDES}
        order = list(boxes)
        spot = min(order, key=lambda spot: (_covered(boxes[spot], others, frame), order.index(spot)))
        taken.append(boxes[spot])
        side, ring = spot
        ax.annotate(
            name,
            points[place],
            xytext=(ring * _GAP * side[0], ring * _GAP * side[1]),
            textcoords="offset points",
            ha=_ALIGN[side[0]],
            va=_STAND[side[1]],
            fontsize=_SIZE,
            arrowprops=_LEADER if ring > _FAR else None,
        ).set_in_layout(False)


def _box(x: float, y: float, side: tuple[int, int], width: float, gap: float) -> Box:
    left = x + gap * side[0] + (-width / 2, 0.0, -width)[side[0]]
    height = 1.2 * _SIZE
    foot = y + gap * side[1] + (-height / 2, 0.0, -height)[side[1]]
    return left, foot, left + width, foot + height


def _covered(box: Box, others: Sequence[Box], frame: Box) -> float:
    """Add up what a name would cover; beyond the frame counts as covered."""
    left, foot, right, top = box
    area = (right - left) * (top - foot)
    inside = _shared(box, frame)
    return area - inside + sum(_shared(box, other) for other in others)


def _shared(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)
