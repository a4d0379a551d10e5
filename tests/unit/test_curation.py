"""Curation: which of the rows that were drawn may be trained on, and by which synthesizer they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from regime_chains import (
    GAUSSIAN,
    SCHEMA,
    Floats,
    N,
    Ran,
    alike,
    largest,
    numbers,
    real_tables,
)

import synthtab as st
from synthtab.recursion.chain import TableRows
from synthtab.recursion.curation import Curate, Evolve, TailReweight
from synthtab.recursion.regime import Regime
from synthtab.recursion.regimes import (
    Accumulate,
    AllReal,
    FreshMix,
    Golden,
    Replace,
)
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, TableSchema
from synthtab.seeding import one_native_thread

OVER = [Replace(), Accumulate(), AllReal(0.5), AllReal(2.0), Golden(2.0), FreshMix(0.25)]


@pytest.mark.parametrize("over", OVER, ids=str)
@pytest.mark.parametrize("keep", [0.5, 0.3, 1.0])
def test_curate_keeps_the_best(over: Regime, keep: float) -> None:
    """Of what was drawn, the best by the score may be trained on, as many as are needed, in their order."""
    ran = Ran(Curate(largest, keep, over=over), real_tables(verifier=5), generations=2)
    needed = over.needed_rows(N, N)
    for g in (1, 2):
        drawn = ran.history[g - 1].drawn.number("x").values
        assert len(drawn) == int(np.ceil(needed / keep))
        best = np.sort(drawn)[-needed:]
        np.testing.assert_array_equal(ran.made(g), drawn[np.isin(drawn, best)])


def test_curation_of_curated_rows() -> None:
    """The inner score chooses among what the outer one left; each keeps its share."""
    twice = Curate(largest, 0.5, over=Curate(largest, 0.5))
    assert twice.sampled_rows(N, N) == 4 * N
    ran = Ran(twice, real_tables(verifier=5), generations=1)
    drawn = ran.history[0].drawn.number("x").values
    np.testing.assert_array_equal(np.sort(ran.made(1)), np.sort(drawn)[-N:])


def test_ties_are_broken_at_random() -> None:
    """Rows of equal score are not kept by their position."""
    ran = Ran(Curate(alike, 0.5), real_tables(verifier=5), generations=2)
    for g in (1, 2):
        drawn = ran.history[g - 1].drawn.number("x").values
        kept = np.flatnonzero(np.isin(drawn, ran.made(g)))
        assert len(kept) == N
        assert not np.array_equal(kept, np.arange(N))


def test_validity_keeps_what_is_inside_the_bounds() -> None:
    """A sixth of normal rows are below the lower bound −1: none of them is kept."""
    ran = Ran(Curate("validity", 0.5), generations=3)
    assert (ran.history[0].drawn.number("x").values < -1).any()
    for g in (1, 2, 3):
        assert (ran.made(g) >= -1).all()


def test_rarity_keeps_rare_levels() -> None:
    """All three rows of a level of three among eighty are kept, when half is."""
    codes = np.repeat([0, 1, 2], [3, 37, 40])
    table = CastTable({"a": LabelColumn(codes, ("p", "q", "r"))}, len(codes))
    schema = TableSchema((ColumnSpec("a", "categorical"),))
    kept = Curate("rarity", 0.5).select(TableRows(table), 40, None, schema, np.random.default_rng(0))
    assert np.bincount(codes[kept], minlength=3).tolist() == [3, 37, 0]


def test_density_ratio_keeps_what_looks_real() -> None:
    """Of 150 rows like the verifier's and 150 four SD off, nine in ten that are kept are of the first."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.standard_normal(150), 4 + rng.standard_normal(150)])
    verifier = TableRows(numbers(rng.standard_normal(150)))
    with one_native_thread():
        kept = Curate("density_ratio", 0.5).select(TableRows(numbers(rows)), 150, verifier, SCHEMA, rng)
    assert len(set(kept)) == 150
    assert (kept < 150).mean() > 0.9


def test_tail_reweight_raises_rare_levels() -> None:
    """A single label column of 92, 6 and 2 % comes out uniform at power 1, and unchanged as power goes to 0.

    Binomial, within four standard errors of 3,000 rows; numbers alone are drawn again without preference.
    """
    codes = np.repeat([0, 1, 2], [460, 30, 10])
    table = TableRows(CastTable({"a": LabelColumn(codes, ("p", "q", "r"))}, len(codes)))
    schema = TableSchema((ColumnSpec("a", "categorical"),))

    def shares(power: float) -> Floats:
        chosen = TailReweight(power).select(table, 3_000, None, schema, np.random.default_rng(1))
        return np.bincount(codes[chosen], minlength=3) / 3_000

    def within(found: Floats, expected: Floats) -> bool:
        return bool((np.abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / 3_000)).all())

    real, roots = np.array([0.92, 0.06, 0.02]), np.sqrt([0.92, 0.06, 0.02])
    assert within(shares(1.0), np.full(3, 1 / 3))
    assert within(shares(0.5), roots / roots.sum())
    assert within(shares(1e-9), real)
    assert not within(shares(0.5), real)
    even = TailReweight(1.0).select(
        TableRows(numbers(np.arange(500.0))), 500, None, SCHEMA, np.random.default_rng(2)
    )
    assert np.mean(even) == pytest.approx(249.5, abs=4 * 144.3 / np.sqrt(500))


def test_evolve_takes_turns() -> None:
    """The synthesizers come in turn, from the first again after the last, whatever the study's own is."""
    regime = Evolve([st.spec("gaussian", ddof=0), "resampler", "independent"])
    ran = Ran(regime)
    names = [generation.synthesizer.name for generation in ran.history]
    assert names == ["gaussian", "resampler", "independent", "gaussian", "resampler"]
    assert ran.history[3].synthesizer.params == {"ddof": 0}
    # the second generation is a bootstrap of the first's rows, the first is none of D0's
    assert set(ran.made(2)) <= set(ran.made(1))
    assert not set(ran.made(1)) & set(ran.real.original.number("x").values)
    assert regime.decides_synthesizer
    assert not Replace().decides_synthesizer


def test_layers_over_layers() -> None:
    """Evolve over curate over accumulate: synthesizers in turn, the best rows kept, all accumulates."""
    regime = Evolve([GAUSSIAN, "independent"], over=Curate(largest, 0.5, over=Accumulate()))
    ran = Ran(regime, real_tables(verifier=5), generations=3)
    assert [generation.synthesizer.name for generation in ran.history] == [
        "gaussian",
        "independent",
        "gaussian",
    ]
    assert ran.origins(2) == (N, 0, {1: N})
    assert ran.learned(3).size == 3 * N
    np.testing.assert_array_equal(np.sort(ran.made(1)), np.sort(ran.history[0].drawn.number("x").values)[-N:])
    assert regime.needs_all
    assert not regime.has_null
