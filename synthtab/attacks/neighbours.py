"""Neighbours: each row's nearest rows in another table, by brute force in blocks of float32 products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import narrowed
from synthtab.metrics.features import FeatureEncoder, Float32Array
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray, HashArray, IntArray

__all__ = ["Neighbours", "Points", "nearest"]

# A tile of 512 × 2,048 float32 products is 4 MB: it stays in the cache while minima are taken, and memory
# grows with rows, not with pairs.
_TILE_ROWS = 512
_TILE_COLUMNS = 2_048


@dataclass(frozen=True, eq=False)
class Points:
    """Rows as points.

    Parameters
    ----------
    coordinates : ndarray of float32, shape (n, n_coordinates)
        From `FeatureEncoder.distance_matrix`.
    hashes : ndarray of uint64, shape (n,)
        Equal for identical rows.
    persons : ndarray of int, shape (n,)
        Person of each row, 0 … n_persons - 1.
    """

    coordinates: Float32Array
    hashes: HashArray
    persons: IntArray

    @classmethod
    def of(cls, table: CastTable, encoder: FeatureEncoder, persons: IntArray | None = None) -> Points:
        """Encode a table.

        Parameters
        ----------
        table : CastTable
            The rows.
        encoder : FeatureEncoder
            How rows become coordinates.
        persons : ndarray of int, optional
            Person of each row; by default each row is a person.

        Returns
        -------
        Points
            The points.
        """
        own = np.arange(table.n_rows, dtype=np.int64) if persons is None else persons
        return cls(encoder.distance_matrix(table), narrowed(table, encoder.names).row_hash(), own)

    def take(self, rows: npt.NDArray[np.intp]) -> Points:
        """Give some points.

        Parameters
        ----------
        rows : ndarray of int
            Positions.

        Returns
        -------
        Points
            Those points, in that order.
        """
        return Points(self.coordinates[rows], self.hashes[rows], self.persons[rows])


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest references of each query.

    Parameters
    ----------
    distances : ndarray of float, shape (n_queries, k)
        Rising; exactly 0 for an identical row, infinite where there is no reference.
    positions : ndarray of int, shape (n_queries, k)
        Positions among the references; -1 where there is none.
    """

    distances: FloatArray
    positions: IntArray


def nearest(queries: Points, references: Points, *, k: int = 1, skip_own: bool = False) -> Neighbours:
    """Find each query's nearest references by brute force.

    Squared distances come as ``|a|² + |b|² - 2ab`` in float32, tile by tile. That errs by about .003 near
    0, so the winners' distances are computed again in float64 and identical rows are found by their hash.

    Parameters
    ----------
    queries, references : Points
        Points of one encoder.
    k : int, default 1
        Number of neighbours.
    skip_own : bool, default False
        Whether references of the query's own person are passed over (leave-one-out within one table).

    Returns
    -------
    Neighbours
        Distances and positions.
    """
    by_person = (
        np.argsort(references.persons, kind="stable") if skip_own else np.arange(len(references.hashes))
    )
    query_order = np.argsort(queries.persons, kind="stable") if skip_own else np.arange(len(queries.hashes))
    sought, pool = queries.take(query_order), references.take(by_person)
    positions = _nearest_positions(sought, pool, k, skip_own=skip_own)
    distances = np.full(positions.shape, np.inf)
    for column in range(k):
        found = np.flatnonzero(positions[:, column] >= 0)
        for start in range(0, len(found), _TILE_COLUMNS):
            rows = found[start : start + _TILE_COLUMNS]
            gap = sought.coordinates[rows].astype(np.float64) - pool.coordinates[positions[rows, column]]
            distances[rows, column] = np.sqrt((gap**2).sum(axis=1))
    twins = _twin_positions(sought, pool, k, skip_own=skip_own)
    order = np.argsort(distances, axis=1, kind="stable")
    positions, distances = np.take_along_axis(positions, order, 1), np.take_along_axis(distances, order, 1)
    # twins come first in `twins` too, so that a second twin never lands before a first one
    positions, distances = np.where(twins >= 0, twins, positions), np.where(twins >= 0, 0.0, distances)
    back = np.argsort(query_order, kind="stable")
    named = np.where(positions >= 0, by_person[positions] if len(by_person) else -1, -1)
    return Neighbours(distances[back], named[back].astype(np.int64))


def _nearest_positions(sought: Points, pool: Points, k: int, *, skip_own: bool) -> IntArray:
    """Give the positions of the k smallest squared distances; both sorted by person if own are skipped."""
    n_queries, n_pool = len(sought.hashes), len(pool.hashes)
    positions = np.full((n_queries, k), -1, dtype=np.int64)
    squares = (pool.coordinates.astype(np.float64) ** 2).sum(axis=1).astype(np.float32)
    # one product gives |b|² - 2ab; |a|² is the same for a whole row and moves no minimum
    right = np.column_stack([pool.coordinates, squares])
    own_first = np.searchsorted(pool.persons, sought.persons, side="left") if skip_own else None
    own_end = np.searchsorted(pool.persons, sought.persons, side="right") if skip_own else None
    for start in range(0, n_queries, _TILE_ROWS):
        part = sought.coordinates[start : start + _TILE_ROWS]
        left = np.column_stack([-2 * part, np.ones(len(part), dtype=np.float32)])
        every = np.arange(len(part))
        best = np.full((len(part), k), np.inf, dtype=np.float32)
        where = np.full((len(part), k), -1, dtype=np.int64)
        for first in range(0, n_pool, _TILE_COLUMNS):
            tile = left @ right[first : first + _TILE_COLUMNS].T
            if own_first is not None and own_end is not None:
                low = np.maximum(own_first[start : start + len(part)] - first, 0)
                high = own_end[start : start + len(part)] - first
                for row in np.flatnonzero((low < tile.shape[1]) & (high > 0)):
                    tile[row, low[row] : high[row]] = np.inf
            for _ in range(min(k, tile.shape[1])):
                column = tile.argmin(axis=1)
                value = tile[every, column]
                tile[every, column] = np.inf
                worst = best.argmax(axis=1)
                closer = value < best[every, worst]
                best[every[closer], worst[closer]] = value[closer]
                where[every[closer], worst[closer]] = first + column[closer]
        positions[start : start + len(part)] = where
    return positions


def _twin_positions(sought: Points, pool: Points, k: int, *, skip_own: bool) -> IntArray:
    """Give up to k identical references of each query, -1 where there are fewer."""
    order = np.lexsort((pool.persons, pool.hashes))
    hashes = pool.hashes[order]
    left, right = (np.searchsorted(hashes, sought.hashes, side=side) for side in ("left", "right"))
    own_left = own_right = left
    if skip_own and len(order):
        # within a run of identical references, those of one person stand together: pass over that stretch
        run = np.unique(hashes, return_inverse=True)[1].astype(np.int64)
        width = 1 + int(max(pool.persons.max(), sought.persons.max(initial=0)))
        key = run * width + pool.persons[order]
        own_key = run[np.minimum(left, len(run) - 1)] * width + sought.persons
        has_run = left < right
        own_left, own_right = (
            np.where(has_run, np.searchsorted(key, own_key, side=side), left) for side in ("left", "right")
        )
    twins = np.full((len(sought.hashes), k), -1, dtype=np.int64)
    for column in range(k):
        place = left + column
        place = np.where(place < own_left, place, place + own_right - own_left)
        found = place < right
        twins[found, column] = order[place[found]]
    return twins
