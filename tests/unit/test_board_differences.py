"""Differences on a board: paired over seeds, adjusted over the pairs of a figure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synthtab.selection.board_differences import differences, mean_interval
from synthtab.selection.figures import figure

UP, DOWN = figure("marginal.tvd"), figure("privacy.membership_auc")


def test_a_mean_with_students_interval() -> None:
    """1, 2, 3: mean 2, half width t(.975; 2) / sqrt 3 = 2.484; what is missing is left out."""
    found = mean_interval([1.0, None, 2.0, 3.0])
    assert (found.value, found.low, found.high) == pytest.approx((2.0, -0.4841, 4.4841), abs=1e-4)
    assert mean_interval([4.0]).low is None
    assert mean_interval([None]).value is None


def test_a_pair_is_scipys_paired_test() -> None:
    """One pair, one figure: nothing to adjust, so p is that of scipy's t-test on related samples."""
    first, second = [0.9, 0.93, 0.91, 0.95], [0.7, 0.75, 0.74, 0.72]
    (found,) = differences([UP], {"a": [first], "b": [second]})
    known = stats.ttest_rel(first, second)
    interval = known.confidence_interval(0.95)
    assert (found.better, found.worse) == ("a", "b")
    assert found.p_value == pytest.approx(known.pvalue)
    assert (found.by.low, found.by.high) == pytest.approx((interval.low, interval.high))
    assert found.is_real
    assert found.matters


def test_lower_may_be_better() -> None:
    """Of a risk the smaller is better, and the difference still is above 0."""
    (found,) = differences([DOWN], {"a": [[0.6, 0.61, 0.62]], "b": [[0.5, 0.52, 0.51]]})
    assert (found.better, found.worse) == ("b", "a")
    assert found.by.value == pytest.approx(0.1)


def test_p_values_are_adjusted_within_a_figure() -> None:
    """Three pairs: Holm's steps by hand, 3 times the smallest, 2 times the next, never falling."""
    rng = np.random.default_rng(1)
    rows = {
        name: [list(mean + rng.normal(0, 0.01, 5))] for name, mean in (("a", 0.9), ("b", 0.88), ("c", 0.8))
    }
    found = differences([UP], rows)
    raw = {
        frozenset(pair): stats.ttest_rel(rows[pair[0]][0], rows[pair[1]][0]).pvalue
        for pair in ("ab", "ac", "bc")
    }
    steps, ordered = {}, sorted(raw, key=lambda pair: raw[pair])
    highest = 0.0
    for place, pair in enumerate(ordered):
        highest = max(highest, min(1.0, raw[pair] * (3 - place)))
        steps[pair] = highest
    for item in found:
        assert item.p_value == pytest.approx(steps[frozenset((item.better, item.worse))])


def test_rows_that_never_vary() -> None:
    """Deterministic rows differ for sure or not at all; one seed alone cannot be tested."""
    rows = {"a": [[0.9, 0.9]], "b": [[0.8, 0.8]], "c": [[0.8, 0.8]]}
    found = {(d.better, d.worse): d for d in differences([UP], rows)}
    assert found["a", "b"].p_value == 0
    assert found["b", "c"].p_value == 1
    (alone,) = differences([UP], {"a": [[0.9]], "b": [[0.8]]})
    assert alone.p_value is None
    assert not alone.is_real


def test_seeds_that_failed_are_left_out_of_both() -> None:
    """A pair is compared over the seeds that both have; without any there is no difference."""
    (found,) = differences([UP], {"a": [[0.9, None, 0.92]], "b": [[0.8, 0.5, 0.82]]})
    assert found.by.value == pytest.approx(0.1)
    assert differences([UP], {"a": [[None, 0.9]], "b": [[0.8, None]]}) == ()


def test_false_alarms_on_equal_rows() -> None:
    """Six rows that differ by noise alone, 400 boards of 5 seeds: any real difference in at most 5 %.

    Expected alarms: 20 at most (Holm is conservative under the dependence of pairs); more than 33 has a
    chance of one in a thousand. Unadjusted, 15 pairs would alarm in about a quarter of the boards.
    """
    rng = np.random.default_rng(5)
    alarms = loose = 0
    for _ in range(400):
        rows = {name: [list(rng.normal(0.9, 0.02, 5))] for name in "abcdef"}
        found = differences([UP], rows)
        alarms += any(item.is_real for item in found)
        loose += any(
            stats.ttest_rel(rows[item.better][0], rows[item.worse][0]).pvalue <= 0.05 for item in found
        )
    assert alarms <= 33
    assert loose > 60
