"""The label test: exact levels, joint p-values, people kept whole, power where labels matter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom
from simulated_tables import COLUMNS, three_tables

from synthtab.attacks.candidates import Candidates, pool_candidates
from synthtab.attacks.counts import effective_trials, excess_risk, wilson
from synthtab.attacks.label_test import LabelTest, RecordStatistic, label_test, mean_differences
from synthtab.attacks.rates import compared_rate


def pool_of(n_train: int, n_holdout: int, seed: int = 0) -> Candidates:
    """Pool two tables of one law."""
    train, holdout, _ = three_tables(seed, (n_train, n_holdout, 2))
    return pool_candidates(train, holdout, COLUMNS)


def judged(pool: Candidates, statistics: list[RecordStatistic], seed: int = 0, n: int = 199) -> LabelTest:
    """Run the label test on some statistics."""
    keys = [(item.family, item.name) for item in statistics]
    measured = [(keys, mean_differences(pool, statistics))]
    return label_test(pool, measured, alpha=0.05, n_labellings=n, seed=seed)


def test_one_statistic_is_the_hypergeometric_test() -> None:
    """For one yes-or-no success the permutation p-value is Fisher's exact one, to Monte Carlo error."""
    pool = pool_of(60, 40)
    success = np.zeros(100)
    success[np.flatnonzero(pool.is_train)[:9]] = 1
    success[np.flatnonzero(~pool.is_train)[:2]] = 1
    found = judged(pool, [RecordStatistic("a", "b", success)], n=9_999).p_value()
    assert found == pytest.approx(hypergeom.sf(8, 100, 60, 11), abs=0.01)


def test_level_is_exact_over_many_statistics() -> None:
    """Successes that know no labels: p ≤ .05 in about 5 % of 300 tables: 6 to 25, outside under 1 %."""
    alarms = 0
    for seed in range(300):
        pool = pool_of(40, 25)
        rng = np.random.default_rng(seed)
        labels = rng.permutation(pool.is_train)
        shuffled = Candidates(pool.table, labels, pool.persons, 0, pool.origin)
        statistics = [RecordStatistic("a", str(i), rng.random(65) ** (i + 1)) for i in range(4)]
        statistics += [RecordStatistic("b", "rare", (rng.random(65) < 0.1).astype(float))]
        alarms += (judged(shuffled, statistics, seed).p_value() or 0.0) <= 0.05
    assert 6 <= alarms <= 25


def test_joint_p_values_rise_with_company() -> None:
    """A family is held against the largest of all: its p is no smaller than alone, others stay large."""
    pool = pool_of(60, 60)
    rng = np.random.default_rng(1)
    told = pool.is_train * 0.4 + rng.random(120)
    alone = judged(pool, [RecordStatistic("leak", "x", told)], n=999)
    noise = [RecordStatistic(f"noise {i}", "x", rng.random(120)) for i in range(10)]
    together = judged(pool, [RecordStatistic("leak", "x", told), *noise], n=999)
    assert alone.p_value("leak") == 0.001
    assert 0.001 <= (together.p_value("leak") or 0) <= 0.02
    assert min(together.p_value(item.family) or 0.0 for item in noise) > 0.05
    assert together.strongest() == together.strongest("leak")
    assert together.p_value() == together.p_value("leak")
    assert together.p_value("never asked") is None


def test_unasked_records_do_not_count() -> None:
    """Records that could not be attacked move neither mean; a statistic that cannot vary is left out."""
    pool = pool_of(30, 30)
    asked = np.zeros(60, dtype=bool)
    asked[:20] = True
    success = np.where(asked, 1.0, 0.0)
    found = judged(pool, [RecordStatistic("a", "constant where asked", success, asked)])
    assert found.names == ()
    assert found.p_value() is None
    half = np.where(np.arange(60) % 2, 1.0, 0.0)
    values = mean_differences(pool, [RecordStatistic("a", "b", half, asked)])(pool.is_train[None, :])
    by_hand = half[asked & pool.is_train].mean() - half[asked & ~pool.is_train].mean()
    assert values[0, 0] == pytest.approx(by_hand)


def test_smallest_seen_is_honest() -> None:
    """An advantage of the size that the test names is found in most tables: 11 of 20 or more."""
    found = 0
    for seed in range(20):
        pool = pool_of(300, 300, seed)
        rng = np.random.default_rng(seed)
        noise = (rng.random(600) < 0.3).astype(float)
        smallest = judged(pool, [RecordStatistic("a", "b", noise)], seed).smallest_seen("a")
        assert smallest is not None
        lifted = (rng.random(600) < 0.3 + smallest * pool.is_train).astype(float)
        found += (judged(pool, [RecordStatistic("a", "b", lifted)], seed).p_value() or 1.0) <= 0.05
    assert found >= 11


# ---------------------------------------------------------------- rates


def test_wilson_by_hand() -> None:
    """The score interval of 5 of 10 is .2366 to .7634; none of none is the whole range."""
    assert wilson(5, 10) == pytest.approx((0.23659, 0.76341), abs=1e-5)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0


def test_excess_risk_by_hand() -> None:
    """The risk is (.9 - .5) / .5; equal rates give 0; a control of all leaves nothing to add."""
    risk, low, high = excess_risk(90, 100, 50, 100)
    assert risk == pytest.approx(0.8)
    assert low < 0.8 < high <= 1.0
    assert excess_risk(30, 100, 15, 50)[0] == pytest.approx(0.0)
    assert excess_risk(5, 5, 7, 7) == (0.0, -1.0, 1.0)
    assert excess_risk(0, 0, 7, 7) == (0.0, -1.0, 1.0)


@pytest.mark.parametrize("n_control", [1_000, 250])
def test_excess_risk_covers_zero_at_any_control_size(n_control: int) -> None:
    """At one rate on both sides the interval holds 0 in 92 % of 400 draws, also for a small control."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        _, low, high = excess_risk(rng.binomial(1_000, 0.05), 1_000, rng.binomial(n_control, 0.05), n_control)
        held += low <= 0 <= high
    assert held >= 368


def side_by_side(is_train: list[bool], persons: list[int] | None = None) -> Candidates:
    """Pool records of which only sides and people matter."""
    n = len(is_train)
    table = three_tables(0, (n, 2, 2))[0]
    own = np.arange(n) if persons is None else np.array(persons)
    return Candidates(table, np.array(is_train), own, 0, np.arange(n))


def test_compared_rate_counts_each_side_for_itself() -> None:
    """Three of four training and one of two holdout records; a mask leaves records out on both sides."""
    success = np.array([1.0, 1, 1, 0, 1, 0])
    pool = side_by_side([True, True, True, True, False, False])
    rate = compared_rate(success, pool)
    assert (rate.main, rate.control, rate.n_main, rate.n_control) == (0.75, 0.5, 4, 2)
    assert rate.risk == pytest.approx(0.5)
    masked = compared_rate(success, pool, np.array([True, True, False, False, True, True]))
    assert (masked.main, masked.control) == (1.0, 0.5)


def test_intervals_count_people() -> None:
    """Four like rows a person are worth one: the interval is that of a quarter of the trials."""
    success = np.repeat(np.arange(40) % 2, 4).astype(float)
    persons = np.repeat(np.arange(40), 4)
    assert effective_trials(success, persons) == pytest.approx(40)
    assert effective_trials(success, np.arange(160)) == 160
    pool = side_by_side([True] * 80 + [False] * 80, persons.tolist())
    rate = compared_rate(success, pool)
    assert (rate.low, rate.high) == pytest.approx(wilson(10, 20))
    assert (rate.main, rate.n_main) == (0.5, 80)
