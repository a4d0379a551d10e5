"""The vectorised drift null: it counts as profiles count, and drifts as chains of a row bootstrap do."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

import synthtab as st
from synthtab.execution import MemoryStore
from synthtab.metrics.columns import stacked
from synthtab.recursion.chain import Chain, ChainPlan
from synthtab.recursion.curation import Curate, TailReweight
from synthtab.recursion.measures import FAMILIES, Measures
from synthtab.recursion.null import DriftNull, NullChains, NullCounter, drift_null
from synthtab.recursion.real import RealTables
from synthtab.recursion.records import ChainStore
from synthtab.recursion.regime import Regime
from synthtab.recursion.regimes import Accumulate, AccumulateSubsample, FixedMix, FreshMix, Golden, Replace
from synthtab.schema import CastTable, ColumnSpec, Inequality, LabelColumn, NumberColumn, TableSchema
from synthtab.seeding import one_native_thread
from synthtab.synthesizers.guard import FittedGuard

Floats = npt.NDArray[np.float64]

N, HOLDOUT, POOL = 120, 400, 60
GENERATIONS = 4
REAL_CHAINS, NULL_CHAINS = 40, 400
SCHEMA = TableSchema(
    (
        ColumnSpec("age", "integer", lower=0, upper=80),
        ColumnSpec("income", "numeric"),
        ColumnSpec("town", "categorical"),
        ColumnSpec("grade", "ordinal", categories=("low", "mid", "high")),
        ColumnSpec("smoker", "boolean"),
    ),
    rules=(Inequality("age", "income"),),
)


def drawn(rows: int, rng: np.random.Generator) -> CastTable:
    """Rows with missing values, rare towns, a level no list allows, values out of bounds, a broken rule."""
    age = np.round(40 + 20 * rng.standard_normal(rows))
    income = np.where(rng.random(rows) < 0.1, np.nan, age + 30 * rng.standard_normal(rows) + 25)
    town = np.minimum(rng.zipf(1.6, rows), 30)
    towns, codes = np.unique([f"t{number:02d}" for number in town], return_inverse=True)
    grade = np.where(age > 45, rng.integers(1, 4, rows), rng.integers(-1, 3, rows))
    return CastTable(
        {
            "age": NumberColumn(age),
            "income": NumberColumn(income),
            "town": LabelColumn(codes.astype(np.int64), tuple(map(str, towns))),
            "grade": LabelColumn(grade.astype(np.int64), ("high", "low", "mid", "odd")),
            "smoker": LabelColumn((rng.random(rows) < 0.3).astype(np.int64), ("no", "yes")),
        },
        rows,
    )


@cache
def real() -> RealTables:
    """Give the real tables of all tests here."""
    rng = np.random.default_rng(8)
    original, pool, holdout = (drawn(rows, rng) for rows in (N, POOL, HOLDOUT))
    return RealTables(SCHEMA, original, pool, None, holdout, FittedGuard(0, {}, {}, (), SCHEMA), original)


@cache
def measures() -> Measures:
    """Give their measures."""
    return Measures(real(), k=5)


@cache
def null_of(regime: Regime) -> DriftNull:
    """Run the null of one regime."""
    return drift_null(
        real(), measures(), regime, generations=GENERATIONS, rows=N, growth=N, measured=N,
        chains=NULL_CHAINS, seed=1,
    )  # fmt: skip


@cache
def chains_of(regime: Regime) -> Floats:
    """Run real chains of a row bootstrap; figures of shape (chains, generations, figures)."""
    found = []
    with one_native_thread():
        for seed in range(REAL_CHAINS):
            chain = Chain(
                real(),
                ChainPlan(st.spec("resampler"), regime, seed, N, N, N),
                ChainStore(MemoryStore(), "chain"),
            )
            history = [chain.advance(g) for g in range(1, GENERATIONS + 1)]
            found.append([measures().read(measures().profile(g.measured))[0] for g in history])
    return np.array(found)


def families() -> list[int]:
    """Positions of the figures that are means over a family."""
    listed = measures().figures
    found = [i for i, figure in enumerate(listed) if figure.metric in FAMILIES and not figure.columns]
    assert len(found) >= 3
    return found


def standard_scores(regime: Regime, null: DriftNull) -> Floats:
    """Difference of the means at the last generation, in standard errors."""
    both = [values[:, -1, families()] for values in (chains_of(regime), null.figures)]
    error = np.sqrt(sum(values.var(axis=0, ddof=1) / len(values) for values in both))
    return np.asarray((both[0].mean(axis=0) - both[1].mean(axis=0)) / error)


# ------------------------------------------------------------------ counting


def tables() -> tuple[CastTable, list[npt.NDArray[np.intp]]]:
    """Real rows, and row numbers: repeats, one row only, rows of the pool, all rows."""
    table = stacked([real().original, real().pool], SCHEMA.names)
    rng = np.random.default_rng(2)
    numbers = [
        rng.integers(table.n_rows, size=N),
        np.full(7, 3),
        np.arange(N, N + POOL),
        np.arange(table.n_rows),
        rng.integers(N, size=5 * N),
    ]
    return table, numbers


def test_counts_are_those_of_a_profile() -> None:
    """Rows, one-way and two-way counts, bounds and rules of numbered rows are those of the rows."""
    table, numbers = tables()
    counted = NullCounter(measures(), table).count(numbers)
    for position, rows in enumerate(numbers):
        own = measures().profile(table.take(rows))
        assert counted.shard_rows[position] == own.shard_rows[0] == len(rows)
        for name in ("bins", "pairs"):
            for ours, theirs in zip(getattr(counted, name), getattr(own, name), strict=True):
                np.testing.assert_array_equal(ours[position], theirs[0], err_msg=name)
        np.testing.assert_array_equal(counted.outside[position], own.outside[0])
        np.testing.assert_array_equal(counted.broken[position], own.broken[0])
    assert counted.outside[0, -1] > 0
    assert counted.broken[0, -1] > 0


def test_figures_are_those_of_a_profile() -> None:
    """Every figure read off counts of many tables at once is that of the table alone, up to round-off."""
    table, numbers = tables()
    at_once = measures().read(NullCounter(measures(), table).count(numbers))
    for position, rows in enumerate(numbers):
        alone = measures().read(measures().profile(table.take(rows)))[0]
        np.testing.assert_allclose(at_once[position], alone, rtol=1e-12, atol=1e-15)
    names = {figure.metric for figure in measures().figures}
    assert {
        "tvd",
        "interaction_tvd",
        "levels_lost",
        "missing_rate",
        "outside_domain",
        "broken_rules",
    } <= names


def test_levels_are_counted_where_they_are() -> None:
    """The share of null chains that lack a level after one step is that of n draws without it."""
    held = measures().levels
    expected = (1 - held / N) ** N
    found = null_of(Replace()).absent[0]
    error = np.sqrt(expected * (1 - expected) / NULL_CHAINS)
    assert (np.abs(found - expected) <= 4 * error + 1e-12).all()
    assert expected.max() > 0.3


# ------------------------------------------------------------------ which rows


def run(
    regime: Regime, seed: int = 0
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Run one null chain."""
    table = stacked([real().original, real().pool], SCHEMA.names)
    chains = NullChains(
        regime, rows=N, growth=N, measured=N, original=N, pool=POOL, table=table, schema=SCHEMA
    )
    return chains.run(GENERATIONS, seed)


def test_rows_of_null_chains() -> None:
    """T_1 is D0; T_g holds what the regime says: whole tables, the same fixed rows, fresh rows once each."""
    everything = np.arange(N)
    replaced = run(Replace())
    np.testing.assert_array_equal(replaced[0][0], everything)
    for (_, before, _), (after, _, _) in pairwise(replaced):
        np.testing.assert_array_equal(after, before)
    accumulated = run(Accumulate())
    for g in range(1, GENERATIONS + 1):
        expected = np.concatenate([everything, *(made for _, made, _ in accumulated[: g - 1])])
        np.testing.assert_array_equal(accumulated[g - 1][0], expected)
    assert all(len(training) == N for training, _, _ in run(AccumulateSubsample()))
    kept = [training[:24] for training, _, _ in run(FixedMix(0.2))[1:]]
    assert all(np.array_equal(rows, kept[0]) for rows in kept)
    assert len(np.unique(kept[0])) == 24
    fresh = np.concatenate([training[:12] for training, _, _ in run(FreshMix(0.1))[1:]])
    assert len(np.unique(fresh)) == len(fresh) == 12 * (GENERATIONS - 1)
    assert fresh.min() >= N


def test_null_of_chains_differ_by_seed_only() -> None:
    """One seed gives one chain, another seed another."""
    for once, again in zip(run(FreshMix(0.1)), run(FreshMix(0.1)), strict=True):
        for ours, theirs in zip(once, again, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(run(Replace())[0][1], run(Replace(), seed=1)[0][1])


def test_rows_beyond_n_are_drawn_for_measuring_only() -> None:
    """More rows may be measured than are learned from."""
    table = real().original
    chains = NullChains(
        Replace(), rows=N, growth=N, measured=3 * N, original=N, pool=0, table=table, schema=SCHEMA
    )
    for training, made, measured in chains.run(3, 0):
        assert len(training) == len(made) == N
        assert len(measured) == 3 * N
        assert set(measured) <= set(training)


# ------------------------------------------------------------------ in distribution


@pytest.mark.parametrize(
    "regime", [Replace(), Accumulate(), FreshMix(0.1), FixedMix(0.2), TailReweight()], ids=str
)
def test_real_chains_of_a_bootstrap_agree_with_the_null(regime: Regime) -> None:
    """Mean figures of four families after four generations: within three standard errors of the null's.

    Twenty comparisons: one false alarm in about twenty seeds.
    """
    assert (np.abs(standard_scores(regime, null_of(regime))) <= 3).all()


def test_the_null_of_another_regime_is_seen() -> None:
    """The same comparison tells replace from accumulate, and plain from reweighted rows."""
    assert np.abs(standard_scores(Replace(), null_of(Accumulate()))).max() > 5
    assert np.abs(standard_scores(TailReweight(), null_of(Replace()))).max() > 5


def test_weights_and_scores_go_through_the_null() -> None:
    """Under golden a fresh row of weight 1.5 is there once or twice; curation runs."""
    table = stacked([real().original.take(np.arange(20)), real().pool], SCHEMA.names)
    chains = NullChains(
        Golden(1.0, 0.75), rows=20, growth=20, measured=20, original=20, pool=POOL, table=table, schema=SCHEMA
    )
    times = np.bincount(chains.run(3, 0)[1][0], minlength=table.n_rows)
    fresh = times[20:][times[20:] > 0]
    assert times.sum() == 40
    assert len(fresh) == 20
    assert set(fresh) == {1, 2}
    rare = run(Curate("rarity", 0.5))
    assert all(len(training) == N for training, _, _ in rare)
