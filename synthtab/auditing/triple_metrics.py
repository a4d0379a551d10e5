"""Three-way tables of columns, for any choice of shards."""

from __future__ import annotations

from copy import copy
from functools import partial

import numpy as np

from synthtab.auditing.readings import Reading, Tables, Weights, reading
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["TripleMetrics"]

CHANCE_DRAWS = 50
# cells looked at together: 16 MB a temporary
_AT_ONCE = 1_000_000


class TripleMetrics:
    """Read what triples of columns say.

    Parameters
    ----------
    tables : Tables
        The three profiles.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.plan = tables.profiles[0].plan

    def _cells(self) -> tuple[list[FloatArray], IntArray]:
        """Give the three-way cells that any table holds, in one row, and where each triple starts."""
        sides: list[list[FloatArray]] = [[], [], []]
        starts, width = [], 0
        for position in range(len(self.plan.triples)):
            flat = [
                profile.triples[position].reshape(profile.n_shards, -1) for profile in self.tables.profiles
            ]
            held = np.flatnonzero(sum(part.sum(axis=0) for part in flat))
            held = held if len(held) else np.zeros(1, dtype=np.intp)
            starts.append(width)
            width += len(held)
            for side, part in zip(sides, flat, strict=True):
                side.append(part[:, held].astype(np.float64))
        return [np.concatenate(side, axis=1) for side in sides], np.array(starts, dtype=np.int64)

    def on(self, tables: Tables) -> TripleMetrics:
        """Give the same questions to other tables under the same plan.

        Parameters
        ----------
        tables : Tables
            The other tables.

        Returns
        -------
        TripleMetrics
            With the scales, cells and members of these.
        """
        other = copy(self)
        other.tables = tables
        return other

    def _shares(self, parts: list[FloatArray], weight: FloatArray) -> FloatArray:
        return np.asarray(self.tables.mix(parts, weight) / self.tables.rows(weight))

    def read(self, weights: Weights) -> Reading:
        """Measure a batch of choices.

        Parameters
        ----------
        weights : Weights
            Which shards make up each table.

        Returns
        -------
        Reading
            Total variation of each three-way table.
        """
        parts, starts = self._cells()
        stands_in = weights.train is weights.holdout
        ends = np.append(starts[1:], parts[0].shape[1])
        step = max(1, _AT_ONCE * len(starts) // (parts[0].shape[1] * weights.batch))
        distances: list[list[FloatArray]] = [[], []]
        for first in range(0, len(starts), step):
            last = min(first + step, len(starts)) - 1
            own = [part[:, starts[first] : ends[last]] for part in parts]
            views = weights.each(partial(self._shares, own))
            inner = starts[first : last + 1] - starts[first]
            for side, view in zip(distances, views[:1] if stands_in else (views[0], views[2]), strict=False):
                gap = view - views[1]
                side.append(0.5 * np.add.reduceat(np.abs(gap, out=gap), inner, axis=1))
        if stands_in:
            distances[1] = [np.zeros((1, len(starts)))]
        members = [tuple(self.plan.names[index] for index in triple) for triple in self.plan.triples]
        value, floor = (np.concatenate(side, axis=1) for side in distances)
        return reading(members, [value], [floor])

    def chance(self, weights: Weights, rows: int, rng: np.random.Generator) -> FloatArray:
        """Give what independent columns would score, from samples of the synthetic size.

        Parameters
        ----------
        weights : Weights
            One choice of shards.
        rows : int
            Rows of each draw.
        rng : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        ndarray of float, shape (members,)
            Mean over draws.
        """
        found = []
        for position in range(len(self.plan.triples)):
            parts = [profile.triples[position] for profile in self.tables.profiles]
            trained = self.tables.mix(parts, weights.train)[0]
            held = self.tables.mix(parts, weights.holdout)[0]
            total = max(trained.sum(), 1.0)
            margins = [trained.sum(axis=axes) / total for axes in ((1, 2), (0, 2), (0, 1))]
            product = np.einsum("i,j,k->ijk", *margins).ravel()
            draws = rng.multinomial(rows, product / max(product.sum(), 1e-300), size=CHANCE_DRAWS) / rows
            gap = np.abs(draws - held.ravel() / max(held.sum(), 1.0)).sum(axis=1)
            found.append(float(0.5 * gap.mean()))
        return np.array(found)
