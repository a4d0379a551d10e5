"""The drift null: what a perfect model would lose, sampled through the same regime.

A finite sample loses rare categories even from a perfect model. So hundreds of chains are run in which the
synthesizer is a row bootstrap: every row of them is a real row, so that a table is an array of row numbers,
and its counts are one sparse product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import stacked
from synthtab.profiling.memory import violations
from synthtab.profiling.profile import Moments, Profile
from synthtab.recursion.chain import by_weight, row_weights
from synthtab.recursion.measures import Measures
from synthtab.recursion.real import RealTables
from synthtab.recursion.regime import Origin, Past, Portion, Regime
from synthtab.schema import CastTable, TableSchema
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

__all__ = ["DriftNull", "NullChains", "NullCounter", "drift_null"]

RowNumbers = npt.NDArray[np.intp]

_CHAINS_AT_ONCE = 100


@dataclass(frozen=True, eq=False)
class DriftNull:
    """Figures of the chains of the drift null.

    Parameters
    ----------
    figures : ndarray of float, shape (chains, generations, figures)
        As the measures of the study name them.
    rare_steps : ndarray of float, shape (chains, generations)
        Sum so far of what each sampling moved: the rare share of S_g less that of T_g.
    absent : ndarray of float, shape (generations, levels)
        Share of the chains whose S_g lacks each level of D0, in the order of `Measures.level_counts`.
    """

    figures: FloatArray
    rare_steps: FloatArray
    absent: FloatArray


class NullCounter:
    """Count tables that are made of real rows.

    Parameters
    ----------
    measures : Measures
        Plan and definitions.
    table : CastTable
        All real rows that a table may be made of.
    """

    def __init__(self, measures: Measures, table: CastTable) -> None:
        from scipy import sparse

        self.measures = measures
        self.n_rows = table.n_rows
        plan = measures.plan
        codes = [column.encode(table[column.name]).astype(np.int64) for column in plan.columns]
        self._bin_widths = [column.n_bins + 1 for column in plan.columns]
        pair_codes = [column.pair_of_bin[code] for column, code in zip(plan.columns, codes, strict=True)]
        self._pair_shapes = [
            (plan.columns[a].n_pair_cells, plan.columns[b].n_pair_cells) for a, b in plan.pairs
        ]
        joint = [
            pair_codes[a] * shape[1] + pair_codes[b]
            for (a, b), shape in zip(plan.pairs, self._pair_shapes, strict=True)
        ]
        widths = [*self._bin_widths, *(a * b for a, b in self._pair_shapes)]
        starts = np.cumsum([0, *widths])
        columns = np.stack(
            [code + start for code, start in zip([*codes, *joint], starts[:-1], strict=True)], axis=1
        )
        ones = np.ones(columns.size, dtype=np.float32)
        rows = np.arange(0, columns.size + 1, columns.shape[1])
        self._starts = starts
        # cells down, rows across: a product with many tables at once reads each cell's rows once
        self._cells = sparse.csr_array(
            (ones, columns.ravel(), rows), shape=(self.n_rows, int(starts[-1]))
        ).T.tocsr()
        self._outside, self._broken = (flags.astype(np.float32) for flags in violations(table, plan.schema))

    def count(self, tables: Sequence[RowNumbers]) -> Profile:
        """Count tables.

        Parameters
        ----------
        tables : sequence of ndarray of int
            Row numbers of each table, repeats allowed.

        Returns
        -------
        Profile
            A shard a table; what no figure of a recursion is made of is left at zero.
        """
        times = np.zeros((len(tables), self.n_rows), dtype=np.float32)
        for position, rows in enumerate(tables):
            times[position] = np.bincount(rows, minlength=self.n_rows)
        counts = np.rint(self._cells @ times.T).astype(np.int32).T
        parts = [counts[:, start:end] for start, end in zip(self._starts[:-1], self._starts[1:], strict=True)]
        n, d = len(tables), len(self._bin_widths)
        numbers = len(self.measures.plan.numbers)
        none = np.zeros((n, numbers, numbers))
        return Profile(
            plan=self.measures.plan,
            shard_rows=np.array([len(rows) for rows in tables], dtype=np.int64),
            bins=tuple(part.astype(np.int64) for part in parts[:d]),
            overshoot=np.zeros((n, d, 2)),
            pairs=tuple(
                part.reshape(n, *shape) for part, shape in zip(parts[d:], self._pair_shapes, strict=True)
            ),
            outside=np.rint(times @ self._outside).astype(np.int64),
            broken=np.rint(times @ self._broken).astype(np.int64),
            moments=Moments(none, none, none, none, np.zeros(numbers)),
            beyond=np.zeros((n, d, 2), dtype=np.int64),
            views=(),
            triples=(),
            keys=np.zeros((n, 0), dtype=np.int64),
            mined_rows=np.zeros((n, 0), dtype=np.int64),
            mined_broken=np.zeros((n, 1), dtype=np.int64),
        )


class _NumberedRows:
    """A table of the null: row numbers into the real rows."""

    def __init__(self, numbers: RowNumbers, rows: CastTable) -> None:
        self.numbers = numbers
        self._rows = rows

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def table(self) -> CastTable:
        return self._rows.take(self.numbers)


class NullChains:
    """Chains of a row bootstrap under one regime.

    Parameters
    ----------
    regime : Regime
        What is trained on.
    rows, growth, measured : int
        As in the real chains.
    original, pool : int
        Rows of D0 and of the pool; row numbers go on from the one to the other.
    table : CastTable
        Both, one under the other.
    schema : TableSchema
        What is public.
    """

    def __init__(
        self,
        regime: Regime,
        *,
        rows: int,
        growth: int,
        measured: int,
        original: int,
        pool: int,
        table: CastTable,
        schema: TableSchema,
    ) -> None:
        self.regime = regime
        self.rows, self.growth, self.measured = rows, growth, measured
        self.original, self.pool = original, pool
        self.table = table
        self.schema = schema

    def run(self, generations: int, seed: int) -> list[tuple[RowNumbers, RowNumbers, RowNumbers]]:
        """Run one chain.

        Parameters
        ----------
        generations : int
            How many.
        seed : int
            Seed of the chain.

        Returns
        -------
        list of tuple of ndarray of int
            Row numbers of T_g, of the n rows of S_g, and of the measured rows, for each generation.
        """
        regime = self.regime
        rng = generator(seed, "recursion", "null")
        inflow = self.original + rng.permutation(self.pool)
        original = _NumberedRows(np.arange(self.original), self.table)
        kept: list[_NumberedRows] = []
        found = []
        used = 0
        for g in range(1, generations + 1):
            past = Past(
                generation=g - 1,
                rows=self.rows,
                growth=self.growth,
                original=original,
                synthetic=kept,
                fixed=generator(seed, "recursion", "fixed"),
            )
            portions = regime.training(past, rng)
            fresh = regime.touched(g, self.rows, self.rows).fresh
            training = np.concatenate(
                [self._numbers(portion, inflow[used : used + fresh], kept) for portion in portions]
            )
            used += fresh
            weights = row_weights(portions)
            if weights is not None:
                training = training[by_weight(weights, rng)]
            size = max(regime.sampled_rows(self.rows, self.growth), self.rows)
            drawn = training[rng.integers(len(training), size=size)]
            measured = drawn[: self.measured]
            if self.measured > len(drawn):
                measured = training[rng.integers(len(training), size=self.measured)]
            needed = regime.needed_rows(self.rows, self.growth)
            chosen = regime.select(_NumberedRows(drawn, self.table), needed, None, self.schema, rng)
            kept.append(_NumberedRows(drawn[chosen], self.table))
            found.append((training, drawn[: self.rows], measured))
        return found

    def _numbers(self, portion: Portion, inflow: RowNumbers, kept: Sequence[_NumberedRows]) -> RowNumbers:
        if portion.origin is Origin.ORIGINAL:
            return portion.rows
        if portion.origin is Origin.FRESH:
            return inflow[portion.rows]
        return kept[portion.generation - 1].numbers[portion.rows]


def drift_null(
    real: RealTables,
    measures: Measures,
    regime: Regime,
    *,
    generations: int,
    rows: int,
    growth: int,
    measured: int,
    chains: int,
    seed: int,
) -> DriftNull:
    """Run the drift null of one regime.

    Parameters
    ----------
    real : RealTables
        D0 and the pool.
    measures : Measures
        What is measured.
    regime : Regime
        What is trained on; one that `has_null`.
    generations, rows, growth, measured : int
        As in the real chains.
    chains : int
        Number of chains.
    seed : int
        Seed of all draws.

    Returns
    -------
    DriftNull
        Their figures.
    """
    table = stacked([real.original, real.pool], real.schema.names) if real.pool.n_rows else real.original
    counter = NullCounter(measures, table)
    runner = NullChains(
        regime,
        rows=rows,
        growth=growth,
        measured=measured,
        original=real.original.n_rows,
        pool=real.pool.n_rows,
        table=table,
        schema=real.schema,
    )
    rare_per_row = _rare_values(measures, table)
    figures = np.zeros((chains, generations, len(measures.figures)))
    steps = np.zeros((chains, generations))
    absent = np.zeros((generations, measures.levels.size))
    for start in range(0, chains, _CHAINS_AT_ONCE):
        batch = range(start, min(start + _CHAINS_AT_ONCE, chains))
        runs = [runner.run(generations, seed * chains + chain) for chain in batch]
        for g in range(generations):
            counted = counter.count([run[g][2] for run in runs])
            figures[batch.start : batch.stop, g] = measures.read(counted)
            if measured != rows:
                counted = counter.count([run[g][1] for run in runs])
            absent[g] += (measures.level_counts(counted.bins) == 0).sum(axis=0) / chains
        for chain, run in zip(batch, runs, strict=True):
            moved = [
                float(rare_per_row[after].mean() - rare_per_row[before].mean()) for before, after, _ in run
            ]
            steps[chain] = np.cumsum(moved)
    return DriftNull(figures, steps, absent)


def _rare_values(measures: Measures, table: CastTable) -> FloatArray:
    """Count in each real row the values that are rare in D0."""
    plan, rare = measures.plan, measures.rare
    found = np.zeros(table.n_rows)
    for index, column in enumerate(plan.columns):
        own = [level for c, level in zip(rare.columns, rare.levels, strict=True) if c == index]
        if own:
            found += np.isin(column.encode(table[column.name]), own)
    return found
