"""Where a column is cut: cells of about equal mass, heaped values apart, end cells of at least k people."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from synthtab.profiling.columns import ColumnPlan
from synthtab.schema import ColumnSpec, Kind, LabelColumn
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["GROUPS", "MAX_EXACT", "plan_labels", "plan_numbers"]

MAX_EXACT = 10_000
MAX_CELLS = 1_024
TVD_CELLS = 20
TVD_LEVELS = 100
PAIR_CELLS = 10
PAIR_LEVELS = 20
GROUPS = 5


def plan_numbers(spec: ColumnSpec, distinct: FloatArray, counts: IntArray, k: int) -> ColumnPlan:
    """Cut a number column.

    Parameters
    ----------
    spec : ColumnSpec
        What the schema says of it.
    distinct : ndarray of float, shape (n_distinct,)
        Distinct finite reference values, rising.
    counts : ndarray of int, shape (n_distinct,)
        Reference rows that hold each.
    k : int
        End cells hold at least so many rows.

    Returns
    -------
    ColumnPlan
        The cuts.
    """
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


def plan_labels(spec: ColumnSpec, parts: Sequence[LabelColumn]) -> ColumnPlan:
    """Cut a label column.

    Parameters
    ----------
    spec : ColumnSpec
        What the schema says of it.
    parts : sequence of LabelColumn
        Reference rows.

    Returns
    -------
    ColumnPlan
        The cuts; levels of the code book are kept even when no reference row holds them.
    """
    public = set(spec.public_categories)
    counted: dict[str, int] = dict.fromkeys(public, 0)
    for part in parts:
        counts = np.bincount(part.codes + 1, minlength=len(part.levels) + 1)[1:]
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

    A cell ends before the count that would take it over one and a half times its share, or once it has its
    share. Returns the position at which each cell starts. The first and last cell hold at least `k`.
    """
    filled = np.cumsum(counts)
    total = int(filled[-1]) if len(filled) else 0
    if not total:
        return np.zeros(1, dtype=np.int64)
    share = max(total / most, 1)
    heaps = np.append(np.flatnonzero(counts >= share), len(counts))
    enough, too_much = math.ceil(share), math.floor(1.5 * share)
    starts = [0]
    while True:
        # counts are whole numbers, so each end is found by looking up the running total
        before = int(filled[starts[-1]] - counts[starts[-1]])
        over = int(filled.searchsorted(before + too_much, side="right"))
        full = int(filled.searchsorted(before + enough, side="left")) + 1
        heap = int(heaps[heaps.searchsorted(starts[-1], side="right")]) if starts[-1] < len(counts) else over
        following = max(min(over, full, heap), starts[-1] + 1)
        if following >= len(counts):
            break
        starts.append(following)
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
