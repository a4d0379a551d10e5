"""Chains: on disk as in memory, from where they stopped, with synthesizers of other packages."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import synthtab as st
from synthtab.execution import DirectoryStore, MemoryStore
from synthtab.recursion.chain import Chain, ChainPlan, by_weight
from synthtab.recursion.packing import frame_of, pack_table, unpack_table
from synthtab.recursion.real import RealTables
from synthtab.recursion.records import ChainStore, chain_key
from synthtab.recursion.regime import Regime
from synthtab.recursion.regimes import Accumulate, AccumulateSubsample, FixedMix, FreshMix, Replace
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn, TableSchema
from synthtab.synthesizers import synthesizer_class
from synthtab.synthesizers.guard import FittedGuard

N = 40
GENERATIONS = 4
SCHEMA = TableSchema(
    (
        ColumnSpec("amount", "numeric", rounding=2),
        ColumnSpec("count", "integer"),
        ColumnSpec("seen", "datetime"),
        ColumnSpec("town", "categorical"),
    )
)


def drawn(rows: int, rng: np.random.Generator) -> CastTable:
    """Every kind of column, with missing values."""
    gone = rng.random((3, rows)) < 0.15
    seconds = np.round(1.6e9 + 1e7 * rng.random(rows))
    town = np.where(rng.random(rows) < 0.1, -1, rng.integers(0, 4, rows))
    return CastTable(
        {
            "amount": NumberColumn(np.where(gone[0], np.nan, np.round(rng.gamma(2, 50, rows), 2))),
            "count": NumberColumn(np.where(gone[1], np.nan, rng.poisson(3, rows) * 1.0)),
            "seen": NumberColumn(np.where(gone[2], np.nan, seconds)),
            "town": LabelColumn(town, ("Ærø", "Bonn", "Łódź", "São Paulo")),
        },
        rows,
    )


@pytest.fixture(scope="module")
def real() -> RealTables:
    rng = np.random.default_rng(4)
    original, pool = drawn(N, rng), drawn(N, rng)
    guard = FittedGuard(0, {}, {}, (), SCHEMA)
    return RealTables(SCHEMA, original, pool, None, original, guard, original)


REGIMES = [Replace(), Accumulate(), AccumulateSubsample(), FreshMix(0.25), FixedMix(0.25)]


@pytest.mark.parametrize("regime", REGIMES, ids=str)
def test_a_chain_on_disk_equals_its_twin_in_memory(real: RealTables, tmp_path: Path, regime: Regime) -> None:
    """Every table is the same to the byte, though the chain on disk is taken up anew for each generation."""
    plan = ChainPlan(st.spec("independent"), regime, 9, N, N, N)
    memory, key = ChainStore(MemoryStore(), "chain"), chain_key("independent", str(regime), 9)
    twin = Chain(real, plan, memory)
    for g in range(1, GENERATIONS + 1):
        ours = twin.advance(g)
        # a new store and a new chain each time: nothing is remembered but what is on the disk
        store = ChainStore(DirectoryStore(tmp_path), key)
        theirs = Chain(real, plan, store).advance(g)
        for name in ("training", "drawn", "measured"):
            assert pack_table(getattr(ours, name)) == pack_table(getattr(theirs, name)), (g, name)
        assert pack_table(memory.get(g)) == pack_table(store.get(g))
        assert ours.lineage == theirs.lineage
        if not regime.needs_all:
            store.forget(g)
    kept = [ChainStore(DirectoryStore(tmp_path), key).has(g) for g in range(1, GENERATIONS + 1)]
    assert kept == ([True] * 4 if regime.needs_all else [False, False, True, True])


def test_a_generation_made_again_is_the_same(real: RealTables) -> None:
    """A generation whose record was lost is made again from the table before it, to the byte."""
    memory = ChainStore(MemoryStore(), "chain")
    chain = Chain(real, ChainPlan(st.spec("independent"), FreshMix(0.25), 2, N, N, 3 * N), memory)
    first = [chain.advance(g) for g in (1, 2, 3)]
    again = chain.advance(2)
    assert pack_table(again.drawn) == pack_table(first[1].drawn)
    assert pack_table(again.measured) == pack_table(first[1].measured)
    assert again.measured.n_rows == 3 * N


def test_packing_keeps_every_bit(real: RealTables) -> None:
    """A table comes back from bytes, and from the frame that models learn, as it was."""
    table = real.original
    back = unpack_table(pack_table(table))
    cast = SCHEMA.cast(frame_of(table, SCHEMA), "synthetic")
    for name, column in table.columns.items():
        for other in (back, cast):
            if isinstance(column, NumberColumn):
                assert other.number(name).values.tobytes() == column.values.tobytes()
            else:
                held = other[name]
                assert isinstance(held, LabelColumn)
                assert [(*held.levels, None)[c] for c in held.codes] == [
                    (*column.levels, None)[c] for c in column.codes
                ]
    assert pack_table(back) == pack_table(table)


def test_rows_repeated_by_weight() -> None:
    """Each row comes as often as its weight, whole part at least, in the mean exactly; none of weight zero.

    2,000 draws: within four standard errors.
    """
    weights = np.array([0.0, 0.3, 0.7, 1.0, 2.5, 1.5])
    counts = np.array(
        [
            np.bincount(by_weight(weights, np.random.default_rng([seed, 6])), minlength=6)
            for seed in range(2_000)
        ]
    )
    assert (counts.sum(axis=1) == len(weights)).all()
    assert (np.abs(counts - weights) < 1).all()
    part = weights % 1
    assert (np.abs(counts.mean(axis=0) - weights) <= 4 * np.sqrt(part * (1 - part) / 2_000) + 1e-12).all()


PLUGIN = '''
from synthtab.synthesizers.baselines import GaussianSynthesizer

class Wide(GaussianSynthesizer):
    """Twice as wide."""

    name = "wide_gaussian_of_another_package"

    def _fit(self, table, seed):
        super()._fit(table, seed)
        self.covariance = 4 * self.covariance
'''


def test_synthesizers_of_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain fits what an installed package registered by the entry points `synthtab.synthesizers`."""
    (tmp_path / "wide_package.py").write_text(PLUGIN)
    info = tmp_path / "wide_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wide-package\nVersion: 1.0\n")
    name = "wide_gaussian_of_another_package"
    (info / "entry_points.txt").write_text(f"[synthtab.synthesizers]\n{name} = wide_package:Wide\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    try:
        assert synthesizer_class(name).name == name
        schema = TableSchema((ColumnSpec("x", "numeric"),))
        table = CastTable({"x": NumberColumn(np.random.default_rng(0).standard_normal(400))}, 400)
        tables = RealTables(
            schema, table, table.take(np.arange(0)), None, table, FittedGuard(0, {}, {}, (), schema), table
        )
        chain = Chain(
            tables, ChainPlan(st.spec(name), Replace(), 0, 400, 400, 400), ChainStore(MemoryStore(), "chain")
        )
        wide = [chain.advance(g).drawn.number("x").values.std() for g in (1, 2, 3)]
    finally:
        sys.modules.pop("wide_package", None)
    # standard deviation of a standard deviation of 400 rows: 3.5 %
    assert wide == pytest.approx([2, 4, 8], rel=0.25)
