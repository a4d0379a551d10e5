"""Which shards make up each table: subsamples, deletions, exchanges."""

from __future__ import annotations

import numpy as np

from synthtab.auditing.comparison import Comparison
from synthtab.auditing.readings import Weights
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

__all__ = ["ShardChoices"]

DRAWS = 20
PERMUTATIONS = 999
# exchanges of real shards only, for what does not depend on the synthetic table: bands and power
REAL_EXCHANGES = 199
_EXACT_IN_SINGLE = 2**24


class ShardChoices:
    """Choose shards: subsamples of equal size, deletions, exchanges.

    Parameters
    ----------
    comparison : Comparison
        The three profiles.
    compared : tuple of int
        Shards of the synthetic table, the holdout and the training table that one comparison uses.
    seed : int
        Seed of all draws.
    has_holdout : bool, default True
        Without a holdout the training table stands in for it.
    """

    def __init__(
        self, comparison: Comparison, compared: tuple[int, int, int], seed: int, *, has_holdout: bool = True
    ) -> None:
        self.has_holdout = has_holdout
        self.sizes = comparison.sizes
        self.compared = compared
        self.seed = seed
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)])
        self.total = int(self.starts[-1])
        per_shard = comparison.profiles[0].n_rows / comparison.profiles[0].n_shards
        self.fits_single_precision = sum(p.n_rows for p in comparison.profiles) < _EXACT_IN_SINGLE
        self.synthetic_rows = round(per_shard * compared[0])

    def _pick(self, table: int, rng: np.random.Generator) -> FloatArray:
        weight = np.zeros(self.total)
        chosen = rng.permutation(self.sizes[table])[: self.compared[table]]
        weight[self.starts[table] + chosen] = 1
        return weight

    def draws(self) -> Weights:
        """Draw subsamples of equal size; one draw when whole tables are compared.

        Returns
        -------
        Weights
            One choice for each draw.
        """
        whole = self.sizes == self.compared
        rng = generator(self.seed, "subsamples")
        picks = [[self._pick(table, rng) for table in range(3)] for _ in range(1 if whole else DRAWS)]
        parts = [np.array([pick[table] for pick in picks]) for table in range(3)]
        return self._standing_in(*parts)

    def _standing_in(self, synthetic: FloatArray, holdout: FloatArray, train: FloatArray) -> Weights:
        return Weights(synthetic, holdout, train if self.has_holdout else holdout)

    def single(self) -> Weights:
        """Give the first draw alone.

        Returns
        -------
        Weights
            One choice.
        """
        all_draws = self.draws()
        return self._standing_in(all_draws.synthetic[:1], all_draws.holdout[:1], all_draws.train[:1])

    def deletions(self) -> tuple[Weights, FloatArray]:
        """Leave out one shard at a time; also say of which table each was.

        Returns
        -------
        tuple of Weights and ndarray of float
            One choice for each shard left out, and the table it was of.
        """
        base = self.single()
        parts = [base.synthetic[0], base.holdout[0], base.train[0]]
        tables = range(3 if self.has_holdout else 2)
        used = [(table, shard) for table in tables for shard in np.flatnonzero(parts[table])]
        stacked = [np.repeat(part[None, :], len(used), axis=0) for part in parts]
        for row, (table, shard) in enumerate(used):
            stacked[table][row, shard] = 0
        return self._standing_in(*stacked), np.array([table for table, _ in used], dtype=np.float64)

    def whole_tables(self) -> tuple[Weights, Weights, FloatArray]:
        """Give whole tables, all real rows in the holdout's place; also leave out one shard at a time.

        Returns
        -------
        tuple of Weights, Weights and ndarray of float
            One choice; one choice for each shard left out, and the table it was of.
        """
        synthetic, real = np.zeros((1, self.total)), np.zeros((1, self.total))
        synthetic[:, : self.starts[1]] = 1
        real[:, self.starts[1] : self.starts[3 if self.has_holdout else 2]] = 1
        used = np.flatnonzero((synthetic + real)[0])
        left, kept = (np.repeat(part, len(used), axis=0) for part in (synthetic, real))
        for row, shard in enumerate(used):
            left[row, shard] = kept[row, shard] = 0
        table = np.searchsorted(self.starts, used, side="right") - 1
        return Weights(synthetic, real, real), Weights(left, kept, kept), table.astype(np.float64)

    def permutations(self) -> Weights:
        """Exchange shards of the synthetic table and the holdout; the training table stays.

        Returns
        -------
        Weights
            One choice for each exchange.
        """
        base = self.single()
        pool = np.flatnonzero(base.synthetic[0] + base.holdout[0])
        rng = generator(self.seed, "permutations")
        order = rng.permuted(np.tile(pool, (PERMUTATIONS, 1)), axis=1)
        synthetic, holdout = np.zeros((PERMUTATIONS, self.total)), np.zeros((PERMUTATIONS, self.total))
        rows = np.arange(PERMUTATIONS)[:, None]
        synthetic[rows, order[:, : self.compared[0]]] = 1
        holdout[rows, order[:, self.compared[0] :]] = 1
        exchanged = self._standing_in(synthetic, holdout, base.train)
        return exchanged.single_precision() if self.fits_single_precision else exchanged

    def real_exchanges(self) -> Weights:
        """Exchange training and holdout shards, so that fresh real rows stand for the synthetic table.

        Returns
        -------
        Weights
            One choice for each exchange.
        """
        if not self.has_holdout:
            return self.resamples(REAL_EXCHANGES)
        base = self.single()
        pool = np.flatnonzero(base.holdout[0] + base.train[0])
        order = generator(self.seed, "real exchanges").permuted(np.tile(pool, (REAL_EXCHANGES, 1)), axis=1)
        fresh, holdout = np.zeros((REAL_EXCHANGES, self.total)), np.zeros((REAL_EXCHANGES, self.total))
        rows = np.arange(REAL_EXCHANGES)[:, None]
        holdout[rows, order[:, : self.compared[1]]] = 1
        fresh[rows, order[:, self.compared[1] :]] = 1
        exchanged = Weights(fresh, holdout, base.train)
        return exchanged.single_precision() if self.fits_single_precision else exchanged

    def resamples(self, draws: int = DRAWS) -> Weights:
        """Draw two independent bootstrap resamples of the reference in place of synthetic table and holdout.

        Parameters
        ----------
        draws : int, default 20
            Number of draws.

        Returns
        -------
        Weights
            One choice for each draw.
        """
        rng = generator(self.seed, "resamples")
        size = self.sizes[1]
        parts = []
        for shards in (self.compared[0], self.compared[1]):
            weight = np.zeros((draws, self.total))
            weight[:, self.starts[1] : self.starts[2]] = rng.multinomial(
                shards, np.full(size, 1 / size), size=draws
            )
            parts.append(weight)
        return self._standing_in(parts[0], parts[1], self.single().train)
