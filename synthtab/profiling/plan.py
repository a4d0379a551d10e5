"""ProfilePlan: which cells every engine counts, fixed once by the reference.

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

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from synthtab.schema import CastTable, ColumnSpec, Kind, LabelColumn, NumberColumn, TableSchema
from synthtab.schema.casting import FloatArray, IntArray

__all__ = ["ColumnPlan", "ProfilePlan", "make_plan"]

MAX_EXACT = 10_000
MAX_CELLS = 1_024
TVD_CELLS = 20
TVD_LEVELS = 100
PAIR_CELLS = 10
PAIR_LEVELS = 20
GROUPS = 5
# in a releasable plan this level stands for all that were too rare to name, so unknown levels belong there
RARE_LEVELS = "__rare__"


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

    def encode(self, column: NumberColumn | LabelColumn) -> IntArray:
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
            codes = column.recoded(self.levels)
            unknown = self.levels.index(RARE_LEVELS) if RARE_LEVELS in self.levels else len(self.levels)
            lookup = np.concatenate([np.arange(len(self.levels)), [unknown, self.n_bins]])
            return np.asarray(lookup[codes], dtype=np.int64)
        values = column.values
        if not self.exact:
            bins = np.searchsorted(self.points, values, side="right")
        elif len(values) > 4 * len(self.points):
            # far more rows than points: look each distinct value up once
            import pandas as pd

            codes, uniques = pd.factorize(values, use_na_sentinel=False)
            bins = self._exact_bins(uniques)[codes]
        else:
            bins = self._exact_bins(values)
        return np.where(np.isnan(values), self.n_bins, bins)

    def _exact_bins(self, values: FloatArray) -> IntArray:
        if not len(self.points):
            return np.zeros(len(values), dtype=np.int64)
        position = np.searchsorted(self.points, values, side="left")
        inside = np.minimum(position, len(self.points) - 1)
        return np.asarray(2 * position + (self.points[inside] == values), dtype=np.int64)

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


@dataclass(frozen=True, eq=False)
class ProfilePlan:
    """What every engine counts.

    Parameters
    ----------
    columns : tuple of ColumnPlan
        Modelled columns, in schema order.
    pairs : tuple of tuple of int
        Positions of the two columns of each two-way table.
    schema : TableSchema
        Domain and rules, whose violations are counted too.
    """

    columns: tuple[ColumnPlan, ...]
    pairs: tuple[tuple[int, int], ...]
    schema: TableSchema

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(column.name for column in self.columns)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Positions of the number columns."""
        return tuple(index for index, column in enumerate(self.columns) if column.is_number)

    def __getitem__(self, name: str) -> ColumnPlan:
        """Give one column's plan."""
        return self.columns[self.names.index(name)]


def make_plan(schema: TableSchema, references: Sequence[CastTable], k: int = 10) -> ProfilePlan:
    """Fix the cells from the reference rows.

    Parameters
    ----------
    schema : TableSchema
        Says which columns are modelled and which levels are public.
    references : sequence of CastTable
        Real rows: training and holdout together, so that neither is favoured.
    k : int, default 10
        End cells hold at least so many rows.

    Returns
    -------
    ProfilePlan
        The plan.
    """
    columns = tuple(
        _plan_column(column, [table[column.name] for table in references], k) for column in schema.modelled
    )
    return ProfilePlan(columns, tuple(combinations(range(len(columns)), 2)), schema)


def _plan_column(spec: ColumnSpec, parts: Sequence[NumberColumn | LabelColumn], k: int) -> ColumnPlan:
    if spec.kind.is_label:
        return _plan_labels(spec, [part for part in parts if isinstance(part, LabelColumn)])
    values = np.concatenate([part.values for part in parts if isinstance(part, NumberColumn)])
    values = values[np.isfinite(values)]
    return _plan_numbers(spec, values, k)


def _plan_numbers(spec: ColumnSpec, values: FloatArray, k: int) -> ColumnPlan:
    distinct, counts = np.unique(values, return_counts=True)
    exact = len(distinct) <= MAX_EXACT
    if not exact:
        starts = _greedy_cells(counts, MAX_CELLS, k)
        edges = _between(distinct, starts[1:])
        counts = np.add.reduceat(counts, starts)
        cell_starts = _greedy_cells(counts, TVD_CELLS, k)
        cell_edges, points = edges[cell_starts[1:] - 1], edges
    else:
        cell_starts = _greedy_cells(counts, TVD_CELLS, k)
        cell_edges = _between(distinct, cell_starts[1:])
        points = np.unique(np.concatenate([distinct, cell_edges]))
    cell_counts = np.add.reduceat(counts, cell_starts) if len(counts) else np.zeros(1, dtype=np.int64)
    pair_starts = _greedy_cells(cell_counts, PAIR_CELLS, k)
    pair_counts = np.add.reduceat(cell_counts, pair_starts)
    group_starts = _greedy_cells(pair_counts, GROUPS, k)
    # the cell of a bin follows from where its lower end lies among the edges; an edge belongs to the cell
    # above
    if exact:
        positions = np.concatenate([[-np.inf], np.repeat(points, 2)])
    else:
        positions = np.concatenate([[-np.inf], points])
    cell = np.searchsorted(cell_edges, positions, side="right")
    pair = np.searchsorted(pair_starts, cell, side="right") - 1
    group = np.searchsorted(group_starts, pair, side="right") - 1
    return ColumnPlan(
        spec.name,
        spec.kind,
        points,
        exact,
        (),
        np.zeros(0, dtype=bool),
        _with_missing(cell),
        _with_missing(pair),
        _with_missing(group),
        cell_edges,
    )


def _plan_labels(spec: ColumnSpec, parts: Sequence[LabelColumn]) -> ColumnPlan:
    public = set(spec.public_categories)
    counted: dict[str, int] = dict.fromkeys(public, 0)
    for part in parts:
        counts = np.bincount(part.codes[part.codes >= 0], minlength=len(part.levels))
        for level, count in zip(part.levels, counts.tolist(), strict=True):
            counted[level] = counted.get(level, 0) + count
    total = sum(counted.values())
    ranked = sorted(counted, key=lambda level: (-counted[level], level))
    levels = _in_order(spec, ranked[:MAX_EXACT])
    rank = {level: position for position, level in enumerate(ranked)}
    cells = min(TVD_LEVELS, max(PAIR_LEVELS, total // 10))
    cell = _keep_most_frequent(levels, rank, cells)
    # levels beyond those kept share the cell of the rest, which also takes what the reference never held
    pair = _keep_most_frequent(levels, rank, PAIR_LEVELS)
    group = _keep_most_frequent(levels, rank, GROUPS)
    return ColumnPlan(
        spec.name,
        spec.kind,
        np.zeros(0),
        exact=True,
        levels=levels,
        is_public_level=np.array([level in public for level in levels], dtype=bool),
        cell_of_bin=_with_missing(cell),
        pair_of_bin=_with_missing(pair),
        group_of_bin=_with_missing(group),
        edges=np.zeros(0),
    )


def _in_order(spec: ColumnSpec, levels: Sequence[str]) -> tuple[str, ...]:
    if spec.kind is Kind.ORDINAL and spec.categories is not None:
        place = {level: index for index, level in enumerate(spec.categories)}
        return tuple(sorted(levels, key=lambda level: (place.get(level, len(place)), level)))
    return tuple(sorted(levels))


def _keep_most_frequent(levels: tuple[str, ...], rank: dict[str, int], most: int) -> IntArray:
    """Give each kept level a cell of its own, in their order, and all others one."""
    keep = len(levels) if len(levels) <= most else most - 1
    kept = [level for level in levels if rank[level] < keep]
    number = {level: index for index, level in enumerate(kept)}
    return np.array([number.get(level, len(kept)) for level in levels] + [len(kept)], dtype=np.int64)


def _with_missing(cells: npt.NDArray[np.integer]) -> IntArray:
    return np.append(cells, cells.max(initial=0) + 1).astype(np.int64)


def _greedy_cells(counts: IntArray, most: int, k: int) -> IntArray:
    """Start cells of about equal mass over ordered counts; a count as large as a cell stands alone.

    Returns the position at which each cell starts. The first and last cell hold at least `k`.
    """
    total = int(counts.sum())
    if not total:
        return np.zeros(1, dtype=np.int64)
    target = max(total / most, 1)
    starts, mass = [0], 0
    for index, count in enumerate(counts.tolist()):
        heap = count >= target
        if mass and (mass + count > 1.5 * target or heap or mass >= target):
            starts.append(index)
            mass = 0
        mass += count
    if len(starts) > 1 and counts[: starts[1]].sum() < k:
        del starts[1]
    if len(starts) > 1 and counts[starts[-1] :].sum() < k:
        del starts[-1]
    return np.array(starts, dtype=np.int64)


def _between(values: FloatArray, positions: IntArray) -> FloatArray:
    """Give, for each position, a short decimal above the value before it and at most the value there."""
    return np.unique([_short_decimal(float(values[i - 1]), float(values[i])) for i in positions.tolist()])


def _short_decimal(low: float, high: float) -> float:
    middle = low + (high - low) / 2
    scale = max(abs(low), abs(high), 1e-300)
    for digits in range(17):
        rounded = float(f"{middle:.{digits}e}") if scale else 0.0
        if low < rounded < high:
            return rounded
    return high if math.isinf(middle) or not low < middle < high else middle
