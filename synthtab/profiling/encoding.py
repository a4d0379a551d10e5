"""Which bin each value of a number column falls into, without a search for each row."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from synthtab.schema.cast_table import FloatArray

__all__ = ["number_bins"]

_CHUNK = 1 << 15  # rows that stay in the processor's own memory while they are worked on
_CELLS_A_POINT = 8
_MOST_CELLS = 1 << 17
_FEW = 4_096
_MOST_CROWDED = 0.3


def number_bins(
    points: FloatArray, values: FloatArray, *, exact: bool, missing: int
) -> npt.NDArray[np.int32]:
    """Give each value its bin.

    Parameters
    ----------
    points : ndarray of float, shape (n_points,)
        Rising, distinct and finite.
    values : ndarray of float, shape (n_rows,)
        Values; NaN is missing.
    exact : bool
        Whether a value equal to a point has a bin of its own: bin 2i lies below point i, bin 2i + 1 is point
        i. Otherwise bin i lies below point i, and a value equal to a point is in the bin above.
    missing : int
        Bin of missing values.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        The bins.

    Examples
    --------
    >>> number_bins(np.array([1.0, 2.0]), np.array([0.5, 1.0, 1.5, np.nan]), exact=True, missing=5).tolist()
    [0, 1, 2, 5]
    """
    grid = _Grid.over(points) if len(values) > _FEW else None
    bins = np.empty(len(values), dtype=np.int32)
    step = 2 if exact else 1
    for start in range(0, len(values), _CHUNK):
        part = values[start : start + _CHUNK]
        below, equal = _searched(points, part) if grid is None else grid.locate(part)
        own = bins[start : start + _CHUNK]
        np.multiply(below, step, out=own, casting="unsafe")
        own += equal
        empty = np.isnan(part)
        if empty.any():
            own[empty] = missing
    return bins


def _searched(
    points: FloatArray, values: FloatArray
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.bool_]]:
    """Give how many points lie below each value, and whether one equals it."""
    below = np.searchsorted(points, values, side="left")
    if not len(points):
        return below, np.zeros(len(values), dtype=bool)
    return below, points[np.minimum(below, len(points) - 1)] == values


class _Grid:
    """Equal cells over the range of the points, nearly all with one point or none: one comparison a row.

    The cell of a value rises with the value, whatever is lost to rounding; so a point in a lower cell is
    below, one in a higher cell above, and only a point in the same cell has to be compared.
    """

    def __init__(self, points: FloatArray, cells: int, scale: float) -> None:
        self.points, self.low, self.scale, self.cells = points, float(points[0]), scale, cells
        cell = self._cell(points)
        held = np.bincount(cell, minlength=cells + 1)
        self.below = (np.cumsum(held) - held).astype(np.int32)
        # NaN compares false with everything: such a cell holds no point
        self.first = np.where(held > 0, np.append(points, np.nan)[self.below], np.nan)
        self.crowded = held > 1
        self.crowding = float(np.mean(self.crowded[cell]))

    @classmethod
    def over(cls, points: FloatArray) -> _Grid | None:
        """Give the grid, or None when it would not save a search."""
        if len(points) < 2:  # noqa: PLR2004 - a range has two ends
            return None
        cells = min(_CELLS_A_POINT * len(points), _MOST_CELLS)
        with np.errstate(over="ignore"):
            width = float(points[-1] - points[0])
        scale = cells / width if width else math.inf
        if not (math.isfinite(width) and math.isfinite(scale) and scale > 0):
            return None
        grid = cls(points, cells, scale)
        return None if grid.crowding > _MOST_CROWDED else grid

    def _cell(self, values: FloatArray) -> npt.NDArray[np.int32]:
        with np.errstate(over="ignore", invalid="ignore"):
            cell = values - self.low
            cell *= self.scale
        # fmax and fmin put missing values into a cell too
        np.fmax(cell, 0.0, out=cell)
        np.fmin(cell, float(self.cells), out=cell)
        return cell.astype(np.int32)

    def locate(self, values: FloatArray) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.bool_]]:
        """Give how many points lie below each value, and whether one equals it."""
        cell = self._cell(values)
        first = self.first[cell]
        below = self.below[cell]
        below += values > first
        equal = values == first
        if self.crowding:
            rows = np.flatnonzero(self.crowded[cell])
            if len(rows):
                below[rows], equal[rows] = _searched(self.points, values[rows])
        return below, equal
