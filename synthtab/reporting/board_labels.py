"""Labels beside the marks of a plot, placed so that none touches a mark, an edge or another label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synthtab.reporting.board_model import FrontMark
from synthtab.reporting.text import text_width

__all__ = ["LABEL", "PLOT", "TOP", "PlacedLabel", "height", "placed_labels"]

TOP, PLOT = 10.0, 330.0
"""Pixels above the plot, and its height."""
LABEL = 13.0
"""Size of the type."""
_LINE, _MARK = 15.0, 8.0


def height(at: float) -> float:
    """Give the pixels from above of a place on the scale.

    Parameters
    ----------
    at : float
        Between 0, below, and 1.

    Returns
    -------
    float
        Pixels.
    """
    return TOP + PLOT * (1 - at)


@dataclass(frozen=True)
class PlacedLabel:
    """A label beside its mark.

    Parameters
    ----------
    x, y : float
        The mark: a place from 0 to 1, and pixels from above.
    dx, dy : float
        From the mark to where the text is anchored, in pixels.
    anchor : str
        start, middle or end.
    text : str
        What it says.
    """

    x: float
    y: float
    dx: float
    dy: float
    anchor: str
    text: str

    def box(self, width: float) -> tuple[float, float, float, float]:
        """Give the ends of the text, sideways and down.

        Parameters
        ----------
        width : float
            Width of the plot in pixels.

        Returns
        -------
        tuple of float
            Left, right, top, bottom.
        """
        size = text_width(self.text, LABEL)
        left = self.x * width + self.dx - {"start": 0.0, "middle": size / 2, "end": size}[self.anchor]
        return left, left + size, self.y + self.dy - _LINE + 4, self.y + self.dy + 4


def placed_labels(
    marks: Sequence[FrontMark], words: Sequence[str], widths: Sequence[float]
) -> list[PlacedLabel]:
    """Place labels so that at every width none touches a mark, another label or an edge.

    Parameters
    ----------
    marks : sequence of FrontMark
        Marks.
    words : sequence of str
        One label each.
    widths : sequence of float
        Widths of the plot that are tried.

    Returns
    -------
    list of PlacedLabel
        One a mark; where there is no room at all, the place that touches least.
    """
    placed: list[PlacedLabel] = []
    for mark, text in zip(marks, words, strict=True):
        best, least = None, float("inf")
        for dx, dy, anchor in _offsets():
            label = PlacedLabel(mark.x, height(mark.y), dx, dy, anchor, text)
            trouble = sum(_trouble(label, placed, marks, width) for width in widths)
            if trouble < least:
                best, least = label, trouble
            if not trouble:
                break
        if best is not None:
            placed.append(best)
    return placed


def _offsets() -> Iterator[tuple[float, float, str]]:
    """Give places beside a mark, nearer ones first; off its cross before on it."""
    for reach in (12.0, 17.0, 26.0, 38.0, 52.0, 68.0, 86.0, 106.0, 130.0):
        for down in (-5.0, 16.0):
            yield reach, down, "start"
            yield -reach, down, "end"
        yield reach, 4.0, "start"
        yield -reach, 4.0, "end"
        yield 0.0, -reach, "middle"
        yield 0.0, reach + 9.0, "middle"
        for up in (-1.0, 1.0):
            for slope in (0.5, 1.0, 2.0):
                yield reach, 4.0 + up * slope * reach, "start"
                yield -reach, 4.0 + up * slope * reach, "end"


def _trouble(
    label: PlacedLabel, placed: Sequence[PlacedLabel], marks: Sequence[FrontMark], width: float
) -> float:
    """Add up by how many pixels a label touches what it must not."""
    left, right, top, bottom = label.box(width)
    touched = max(0.0, -left) + max(0.0, right - width) + max(0.0, 2 - top) + max(0.0, bottom - TOP - PLOT)
    boxes = [other.box(width) for other in placed]
    boxes += [
        (mark.x * width - _MARK, mark.x * width + _MARK, height(mark.y) - _MARK, height(mark.y) + _MARK)
        for mark in marks
    ]
    for other_left, other_right, other_top, other_bottom in boxes:
        across = min(right, other_right) - max(left, other_left) + 3
        down = min(bottom, other_bottom) - max(top, other_top)
        if across > 0 and down > 0:
            touched += across + down
    return touched
