"""ColumnPlan: the four cuts of one column.

Each column is cut four times, each cut a merging of the one before:

bins
    as fine as the reference: every distinct value with the gaps between (up to 10,000), else 1,024 cells;
cells
    about twenty of equal mass, values that many rows share in cells of their own: total variation;
pair cells
    about ten (labels: the 19 most frequent levels and the rest): two-way tables;
groups
    about five: the interaction score.

Missing values have a bin of their own at every level, after the last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.profiling.encoding import number_bins
from synthtab.schema import Kind, LabelColumn, NumberColumn
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["RARE_LEVELS", "ColumnPlan"]

# in a releasable plan this level stands for all that were too rare to name, so unknown levels belong there
RARE_LEVELS = "__rare__"
_LARGEST_SHORT = 2**15 - 1


@dataclass(frozen=True, eq=False)
class ColumnPlan:
    """How one column is counted.

    Parameters
    ----------
    name : str
        Column name.
    kind : Kind
        Kind of the column.
    points : ndarray of float, shape (n_points,)
        Number columns: distinct values and cell edges (exact), or edges only. Empty for labels.
    exact : bool
        Whether values equal to a point have a bin of their own.
    levels : tuple of str
        Label columns: levels of the reference and of the public code book, sorted; one more bin holds the
        rest.
    is_public_level : ndarray of bool, shape (n_levels,)
        Whether the schema declares the level public.
    cell_of_bin, pair_of_bin, group_of_bin : ndarray of int, shape (n_bins + 1,)
        Merging of bins into coarser cells; the last entry is the missing bin.
    edges : ndarray of float
        Number columns: where cells end, as short decimals that name no real value.
    """

    name: str
    kind: Kind
    points: FloatArray
    exact: bool
    levels: tuple[str, ...]
    is_public_level: npt.NDArray[np.bool_]
    cell_of_bin: IntArray
    pair_of_bin: IntArray
    group_of_bin: IntArray
    edges: FloatArray

    @property
    def n_bins(self) -> int:
        """Number of bins without the missing one."""
        return len(self.cell_of_bin) - 1

    @property
    def n_cells(self) -> int:
        """Number of cells, the missing one included."""
        return int(self.cell_of_bin[-1]) + 1

    @property
    def n_pair_cells(self) -> int:
        """Number of pair cells, the missing one included."""
        return int(self.pair_of_bin[-1]) + 1

    @property
    def n_groups(self) -> int:
        """Number of interaction groups, the missing one included."""
        return int(self.group_of_bin[-1]) + 1

    @property
    def is_number(self) -> bool:
        """Whether the column lies on the number line."""
        return self.kind.is_number

    @property
    def is_ordered(self) -> bool:
        """Whether bins have an order that means something."""
        return self.kind.is_number or self.kind is Kind.ORDINAL

    def group_of_pair(self) -> IntArray:
        """Give the interaction group of each pair cell.

        Returns
        -------
        ndarray of int, shape (n_pair_cells,)
            The merging of pair cells into groups.
        """
        lookup = np.zeros(self.n_pair_cells, dtype=np.int64)
        lookup[self.pair_of_bin] = self.group_of_bin
        return lookup

    def encode(self, column: NumberColumn | LabelColumn) -> npt.NDArray[np.integer]:
        """Give each row its bin.

        Parameters
        ----------
        column : NumberColumn or LabelColumn
            The rows.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Bin of each row; `n_bins` where missing.
        """
        if isinstance(column, LabelColumn):
            position = {level: index for index, level in enumerate(self.levels)}
            unknown = position.get(RARE_LEVELS, len(self.levels))
            lookup = [position.get(level, unknown) for level in column.levels]
            codes: npt.NDArray[np.integer] = np.array([*lookup, self.n_bins], dtype=self._code_type)
            return codes[column.codes]
        bins = number_bins(self.points, column.values, exact=self.exact, missing=self.n_bins)
        return np.asarray(bins, dtype=self._code_type)

    @property
    def _code_type(self) -> type[np.int16 | np.int32]:
        # two bytes a row where they do: codes are read once for each table that the column is in
        return np.int16 if self.n_bins < _LARGEST_SHORT else np.int32

    def bin_bounds(self) -> tuple[FloatArray, FloatArray]:
        """Give the lowest and highest value of each bin; the outermost bins end at the outermost points.

        Returns
        -------
        tuple of ndarray of float, shape (n_bins,)
            Lower and upper ends.
        """
        if not len(self.points):
            return np.zeros(1), np.zeros(1)
        low = np.concatenate([self.points[:1], self.points])
        high = np.concatenate([self.points, self.points[-1:]])
        if not self.exact:
            return low, high
        both_low, both_high = np.empty(self.n_bins), np.empty(self.n_bins)
        both_low[0::2], both_high[0::2] = low, high
        both_low[1::2] = both_high[1::2] = self.points
        return both_low, both_high
