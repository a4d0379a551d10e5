"""Chains on one column of numbers whose rows can be told apart, and scores to curate by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

import synthtab as st
from synthtab.execution import MemoryStore
from synthtab.recursion.chain import Chain, ChainPlan, Generation
from synthtab.recursion.real import RealTables
from synthtab.recursion.records import ChainStore
from synthtab.recursion.regime import Regime
from synthtab.schema import CastTable, ColumnSpec, NumberColumn, TableSchema
from synthtab.synthesizers.guard import FittedGuard

Floats = npt.NDArray[np.float64]

N = 20
GENERATIONS = 5
SCHEMA = TableSchema((ColumnSpec("x", "numeric", lower=-1.0),))
GAUSSIAN = st.spec("gaussian")


def numbers(values: Floats) -> CastTable:
    """One column of numbers."""
    return CastTable({"x": NumberColumn(np.asarray(values, dtype=np.float64))}, len(values))


def real_tables(pool: int = 400, verifier: int = 0, schema: TableSchema = SCHEMA) -> RealTables:
    """Give normal rows; no two of them are equal."""
    rng = np.random.default_rng(5)
    parts = [numbers(rng.standard_normal(size)) for size in (N, pool, verifier)]
    guard = FittedGuard(0, {}, {}, (), schema)
    return RealTables(schema, parts[0], parts[1], parts[2] if verifier else None, parts[0], guard, parts[0])


class Ran:
    """A chain that was run, and where the rows of each training table came from."""

    def __init__(
        self,
        regime: Regime,
        real: RealTables | None = None,
        synthesizer: st.SynthesizerSpec = GAUSSIAN,
        seed: int = 3,
        generations: int = GENERATIONS,
    ) -> None:
        self.real = real or real_tables()
        self.memory = ChainStore(MemoryStore(), "chain")
        chain = Chain(self.real, ChainPlan(synthesizer, regime, seed, N, N, N), self.memory)
        self.history: Sequence[Generation] = [chain.advance(g) for g in range(1, generations + 1)]

    def made(self, generation: int) -> Floats:
        """Give what may be trained on of S_g."""
        return self.memory.get(generation).number("x").values

    def learned(self, generation: int) -> Floats:
        """Values of T_g."""
        return self.history[generation - 1].training.number("x").values

    def origins(self, generation: int) -> tuple[int, int, dict[int, int]]:
        """Count original, fresh and synthetic rows of T_g, by table: no two of these share a value."""
        rows = self.learned(generation)
        original, fresh = (
            int(np.isin(rows, table.number("x").values).sum())
            for table in (self.real.original, self.real.pool)
        )
        made = {j: int(np.isin(rows, self.made(j)).sum()) for j in range(1, generation)}
        assert original + fresh + sum(made.values()) == len(rows)
        return original, fresh, {j: count for j, count in made.items() if count}

    def fresh_rows(self, generation: int) -> Floats:
        """Fresh values of T_g."""
        rows = self.learned(generation)
        return rows[np.isin(rows, self.real.pool.number("x").values)]


def largest(
    rows: CastTable, verifier: CastTable | None, schema: TableSchema, rng: np.random.Generator
) -> Floats:
    """Score rows by their value."""
    del verifier, schema, rng
    return rows.number("x").values


def alike(
    rows: CastTable, verifier: CastTable | None, schema: TableSchema, rng: np.random.Generator
) -> Floats:
    """Score all rows the same."""
    del verifier, schema, rng
    return np.zeros(rows.n_rows)


def broken(
    rows: CastTable, verifier: CastTable | None, schema: TableSchema, rng: np.random.Generator
) -> Floats:
    """Score no row."""
    del verifier, schema, rng
    return np.full(rows.n_rows, np.nan)
