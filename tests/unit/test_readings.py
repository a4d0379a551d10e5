"""Readings: sums over shards by hand, halves of the memory, parts of the questions, equal tables."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from synthtab.auditing.choices import ShardChoices
from synthtab.auditing.comparison import PROFILE_METRICS, Comparison
from synthtab.auditing.group_metrics import find_groups
from synthtab.auditing.members import find_rare_levels, find_tails
from synthtab.auditing.readings import Reading, Tables, Weights, reading
from synthtab.metrics.rare import presence
from synthtab.profiling import Profile, count_table, make_plan
from synthtab.profiling.mining import mine_rules
from synthtab.schema import CastTable, ColumnSpec, Inequality, TableSchema

SHARDS = (5, 4, 6)
ROWS = (500, 480, 600)
# their value is a rate of the synthetic table, or a mass over the reference's: equal tables have their own
RATES = {
    *("outside_domain", "broken_rules", "broken_logic", "outside_range"),
    *("coverage", "combination_coverage", "identity_coverage", "invented"),
}
MASSES = {"rare_mass", "combination_mass", "identity_mass"}

SCHEMA = TableSchema(
    (
        ColumnSpec("age", "integer", lower=0, upper=100, role="quasi_identifier"),
        ColumnSpec("later", "integer"),
        ColumnSpec("pay", "numeric"),
        ColumnSpec("seen", "datetime"),
        ColumnSpec("sex", "categorical", role="quasi_identifier"),
        ColumnSpec("town", "categorical"),
    ),
    rules=(Inequality("age", "pay"),),
)


def people(rows: int, seed: int) -> CastTable:
    """Draw numbers, a date, labels with rare levels, missing values, a broken rule and one that is obeyed."""
    rng = np.random.default_rng([seed, 3])
    age = rng.integers(0, 110, rows)
    pay = np.where(rng.random(rows) < 0.1, np.nan, age + rng.normal(30, 30, rows))
    sex = np.where(rng.random(rows) < 0.3 + 0.004 * age, "f", "m")
    frame = pd.DataFrame(
        {
            "age": age,
            "later": age + rng.integers(0, 9, rows),
            "pay": pay,
            "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366 * 24, rows), unit="h"),
            "sex": sex,
            "town": [f"t{level}" for level in np.minimum(rng.zipf(1.8, rows), 30)],
        }
    )
    return SCHEMA.cast(frame)


@cache
def three(*, same: bool = False) -> tuple[Profile, Profile, Profile]:
    """Count a synthetic table, a holdout and a training table under one plan."""
    tables = [people(rows, seed) for seed, rows in enumerate(ROWS)]
    if same:
        tables[0] = tables[1]
    plan = make_plan(SCHEMA, tables[1:], 10, targets=["sex"], mined=mine_rules(SCHEMA, tables[2]))
    sizes = (SHARDS[1], *SHARDS[1:]) if same else SHARDS
    made, held, trained = (
        count_table(table, plan, shards=shards) for table, shards in zip(tables, sizes, strict=True)
    )
    return made, held, trained


def comparison(profiles: tuple[Profile, Profile, Profile]) -> Comparison:
    """Set three profiles side by side."""
    plan = profiles[2].plan
    real = tuple(a + b for a, b in zip(profiles[1].bin_totals, profiles[2].bin_totals, strict=True))
    return Comparison(
        *profiles,
        rare=find_rare_levels(profiles[2]),
        tails=find_tails(plan, real, ROWS[1], 10),
        groups=find_groups(Tables(profiles), ("age", "sex"), 10),
        k=10,
        seed=0,
    )


def whole(sizes: tuple[int, ...]) -> Weights:
    """Use every shard of each of three tables."""
    return Weights(*(np.repeat(np.eye(3)[side], sizes)[None, :] for side in range(3)))


def random_choices(sizes: tuple[int, ...], batch: int = 7) -> Weights:
    """Choose shards of each table, some of them twice, some of the wrong table."""
    rng = np.random.default_rng(1)
    return Weights(*(rng.integers(0, 3, (batch, sum(sizes))).astype(float) for _ in range(3)))


def same(one: Reading, other: Reading, tolerance: float = 0.0) -> bool:
    """Say whether two readings have the same members and figures."""
    return one.members == other.members and all(
        np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
        for a, b in ((one.value, other.value), (one.floor, other.floor))
    )


# ---------------------------------------------------------------------- sums over shards


def test_mix_is_the_sum_over_shards() -> None:
    """Adding up by matrix product equals adding shard after shard, whatever the shape of the statistic."""
    profiles = three()
    tables, weights = Tables(profiles), random_choices(SHARDS)
    for parts in (
        [profile.bins[4] for profile in profiles],
        [profile.pairs[3] for profile in profiles],
        [profile.triples[0] for profile in profiles],
        [profile.moments.products for profile in profiles],
        [profile.shard_rows[:, None] for profile in profiles],
    ):
        pool = [shard for part in parts for shard in part]
        for choice, found in zip(weights.synthetic, tables.mix(parts, weights.synthetic), strict=True):
            expected = np.zeros(pool[0].shape)
            for weight, shard in zip(choice, pool, strict=True):
                expected = expected + weight * shard
            assert found == pytest.approx(expected)


def test_mix_by_hand() -> None:
    """Two shards of one table twice and once, one of another: (1, 2)·2 + (3, 4) + (0, 10)."""
    parts = [np.array([[1, 2], [3, 4]]), np.array([[5, 6]]), np.array([[0, 10], [7, 7]])]
    weight = np.array([[2.0, 1, 0, 1, 0], [0, 0, 0, 0, 0]])
    assert Tables(three()).mix(parts, weight).tolist() == [[5, 18], [0, 0]]


def test_rows_are_counted_and_never_none() -> None:
    """Whole tables have their rows; a choice of no shard has one, so that its rates are zero."""
    tables = Tables(three())
    assert [float(tables.rows(weight)[0, 0]) for weight in whole(SHARDS).roles] == [*ROWS]
    assert tables.rows(np.zeros((1, sum(SHARDS)))).tolist() == [[1.0]]


def test_readings_are_put_together_in_the_order_given() -> None:
    """One figure a choice and several members at once; a figure that no choice changes fills its batch."""
    found = reading(
        [("a",), ("b",), ("c",)],
        [np.array([0.1, 0.2]), np.array([[1.0, 2.0], [3.0, 4.0]])],
        [np.array([0.5]), np.array([[0.6, 0.7]])],
    )
    assert found.value.tolist() == [[0.1, 1, 2], [0.2, 3, 4]]
    assert found.floor.tolist() == [[0.5, 0.6, 0.7]] * 2
    assert found.for_batch(2).value is not None
    assert reading([], [], []).value.shape == (1, 0)


# ---------------------------------------------------------------------- what is read


def test_everything_that_is_asked_is_answered() -> None:
    """These tables have members for every Profile metric, so that no test below is empty."""
    found = comparison(three()).read(whole(SHARDS))
    assert set(found) == PROFILE_METRICS
    assert [name for name, read in found.items() if not read.members] == []


@pytest.mark.parametrize("metric", sorted(PROFILE_METRICS))
def test_a_part_of_the_questions_has_the_same_answers(metric: str) -> None:
    """One metric alone reads what it reads among all, for whole tables and for any choice."""
    compared = comparison(three())
    weights = random_choices(SHARDS)
    together, alone = compared.read(weights), compared.read(weights, frozenset({metric}))
    assert set(alone) == {metric}
    assert same(alone[metric], together[metric])


@pytest.mark.parametrize("metric", sorted(PROFILE_METRICS))
def test_single_precision_is_precise_enough(metric: str) -> None:
    """Half the memory changes no figure by more than 2e-5, and makes none NaN."""
    compared = comparison(three())
    weights = ShardChoices(compared, SHARDS, 0).deletions()[0]
    assert weights.single_precision().synthetic.dtype == np.float32
    double, single = (
        compared.read(choice, frozenset({metric}))[metric] for choice in (weights, weights.single_precision())
    )
    assert same(single, double, 2e-5)


@pytest.mark.parametrize("rows", [600, 50_000, 1_000_000])
def test_presence_is_as_precise_in_large_tables(rows: int) -> None:
    """Half of the rows show a level of one row with probability ½, also when read in single precision.

    Exchanges of tables below 16 million rows are read so: their coverage must not be rounding noise.
    """
    counts = np.array([0.0, 1.0, 2.0, 5.0])
    drawn, size = np.array([[rows / 2]]), np.array([[float(rows)]])
    expected = [0, 1 / 2, 1 - (rows / 2 - 1) / (rows - 1) / 2, 1 - 2.0**-5]
    for kind in (np.float64, np.float32):
        found = presence(*(part.astype(kind) for part in (counts, size, drawn)))
        assert found[0] == pytest.approx(expected, abs=1e-3)


def test_a_batch_is_its_choices_one_by_one() -> None:
    """What stands in a batch does not depend on what else is in it."""
    compared = comparison(three())
    weights = random_choices(SHARDS)
    batch = compared.read(weights)
    for row in (0, 3, 6):
        alone = compared.read(Weights(*(part[row : row + 1] for part in weights.roles)))
        for name, read in batch.items():
            picked = Reading(read.members, read.value[row : row + 1], read.floor[row : row + 1])
            assert same(alone[name], picked, 1e-12), name


def test_equal_tables_have_no_distance() -> None:
    """Where the synthetic table is the holdout all distances are 0, all masses equal, all rates the same."""
    compared = comparison(three(same=True))
    found = compared.read(whole((SHARDS[1], *SHARDS[1:])))
    for name, read in found.items():
        if name in RATES:
            assert read.value == pytest.approx(read.floor if name != "outside_range" else read.value), name
        else:
            assert read.value == pytest.approx(np.full_like(read.value, float(name in MASSES)), abs=1e-7), (
                name
            )
        if name not in RATES:
            assert np.any(read.floor > 0), name


def test_swapping_training_and_synthetic_shards_swaps_value_and_floor() -> None:
    """A value is to the synthetic table what the floor is to the training table."""
    compared = comparison(three())
    weights = whole(SHARDS)
    one = compared.read(weights)
    other = compared.read(Weights(weights.train, weights.holdout, weights.synthetic))
    for name in sorted(PROFILE_METRICS - RATES - {"combination_coverage"}):
        assert one[name].value == pytest.approx(other[name].floor), name
        assert one[name].floor == pytest.approx(other[name].value), name


def test_the_order_of_rows_and_shards_changes_nothing() -> None:
    """Profiles of shuffled rows, and the same shards in another order, read the same on whole tables."""
    profiles = three()
    expected = comparison(profiles).read(whole(SHARDS))
    turned = tuple(profile.select(np.arange(profile.n_shards)[::-1]) for profile in profiles)
    plan = profiles[0].plan
    shuffled = tuple(
        count_table(
            people(rows, seed).take(np.random.default_rng(seed).permutation(rows)), plan, shards=shards
        )
        for seed, (rows, shards) in enumerate(zip(ROWS, SHARDS, strict=True))
    )
    for other in (turned, shuffled):
        found = comparison(other).read(whole(SHARDS))  # type: ignore[arg-type] # three of them
        for name, read in expected.items():
            assert same(found[name], read, 1e-9), name


def test_bounded_metrics_stay_in_their_bounds() -> None:
    """Distances of shares lie between 0 and 1 for any choice; none is NaN where shards were chosen."""
    found = comparison(three()).read(random_choices(SHARDS, batch=20))
    for name in sorted(PROFILE_METRICS):
        assert np.isfinite(found[name].value).all(), name
        assert np.all(found[name].value >= 0), name
    for name in ("tvd", "ks", "jensen_shannon", "missing_rate", "pair_tvd", "triple_tvd", "group_tvd"):
        assert np.all(found[name].value <= 1 + 1e-9), name


# ---------------------------------------------------------------------- which shards


def test_choices_use_equal_parts_of_each_table() -> None:
    """Draws take as many shards as were compared, without repeating one; whole tables need one draw only."""
    compared = comparison(three())
    draws = ShardChoices(compared, (3, 4, 3), 0).draws()
    assert draws.batch == 20
    for weight, own, many in zip(draws.roles, np.eye(3), (3, 4, 3), strict=True):
        assert set(np.unique(weight)) <= {0.0, 1.0}
        assert weight.sum(axis=1).tolist() == [many] * 20
        assert not np.any(weight[:, np.repeat(own, SHARDS) == 0])
    assert ShardChoices(compared, SHARDS, 0).draws().batch == 1


def test_exchanges_keep_the_pool_and_the_training_table() -> None:
    """Exchanges deal out the same shards of synthetic table and holdout; deletions leave one out."""
    choices = ShardChoices(comparison(three()), SHARDS, 0)
    exchanged = choices.permutations()
    pool = exchanged.synthetic + exchanged.holdout
    assert np.all(pool == np.repeat([1.0, 1.0, 0.0], SHARDS))
    assert np.all(exchanged.train == np.repeat([0.0, 0.0, 1.0], SHARDS))
    assert exchanged.synthetic.sum(axis=1).tolist() == [SHARDS[0]] * 999
    assert len(np.unique(exchanged.synthetic, axis=0)) > 100
    deleted, tables = choices.deletions()
    assert deleted.batch == sum(SHARDS)
    assert np.bincount(tables.astype(int)).tolist() == [*SHARDS]
    assert np.all(sum(part.sum(axis=1) for part in deleted.roles) == sum(SHARDS) - 1)


@pytest.mark.parametrize("has_holdout", [True, False])
def test_whole_tables_put_all_real_rows_together(has_holdout: bool) -> None:
    """The reference is holdout and training shards, or the one real table; each shard is left out once."""
    choices = ShardChoices(comparison(three()), SHARDS, 0, has_holdout=has_holdout)
    base, left, tables = choices.whole_tables()
    real = [0.0, 1.0, float(has_holdout)]
    assert base.synthetic.tolist() == [np.repeat([1.0, 0.0, 0.0], SHARDS).tolist()]
    assert base.holdout.tolist() == [np.repeat(real, SHARDS).tolist()]
    used = sum(SHARDS) if has_holdout else sum(SHARDS[:2])
    assert left.batch == len(tables) == used
    assert np.all((left.synthetic + left.holdout).sum(axis=1) == used - 1)
