"""Profile metrics against values worked by hand, closed forms and other libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import contingency

from synthtab.metrics.association import cramers_v, interaction, merge_cells, spearman, table_total_variation
from synthtab.metrics.calibration import calibrate, jackknife_variance, joint_null
from synthtab.metrics.marginal import cumulative, kolmogorov_smirnov, shares, total_variation, wasserstein
from synthtab.metrics.rare import mass_ratio_interval, presence, relative_tail_difference


def test_total_variation_by_hand() -> None:
    """Half the sum of absolute differences: (.1 + .1 + .2) / 2."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.6, 0.4, 0.0])
    assert total_variation(p, q) == pytest.approx(0.2)


def test_ks_and_wasserstein_equal_scipy() -> None:
    """Over one bin a distinct value, both equal SciPy's two-sample figures."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 20, 300), rng.integers(3, 25, 200)
    points = np.arange(25.0)
    p, q = (cumulative(np.bincount(x, minlength=25)) for x in (first, second))
    assert kolmogorov_smirnov(p, q) == pytest.approx(stats.ks_2samp(first, second).statistic)
    expected = stats.wasserstein_distance(first, second) / 4.0
    assert wasserstein(p, q, points, 4.0) == pytest.approx(expected)


def test_wasserstein_of_a_shift() -> None:
    """Moving every value by three inter-quartile ranges scores three."""
    p, q = cumulative(np.array([1.0, 1, 0, 0])), cumulative(np.array([0.0, 0, 1, 1]))
    assert wasserstein(p, q, np.array([0.0, 1, 6, 7]), 2.0) == pytest.approx(3.0)


def test_cramers_v_equals_bergsma_and_kills_the_bias() -> None:
    """The corrected V follows Bergsma's formula, and is near zero where the raw one reads 0.39."""
    rng = np.random.default_rng(1)
    table = rng.integers(1, 40, (3, 5)).astype(float)
    n, (r, c) = table.sum(), table.shape
    chi = stats.chi2_contingency(table, correction=False).statistic
    phi = max(0.0, chi / n - (r - 1) * (c - 1) / (n - 1))
    size = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    assert cramers_v(table) == pytest.approx(math.sqrt(phi / size))
    wide = np.zeros((300, 300))
    np.add.at(wide, (rng.integers(0, 300, 2000), rng.integers(0, 300, 2000)), 1)
    raw = contingency.association(wide[wide.sum(1) > 0][:, wide.sum(0) > 0].astype(int), method="cramer")
    assert raw > 0.35
    assert cramers_v(wide) < 0.1


def test_cramers_v_ends() -> None:
    """One when one column determines the other, zero when a column is constant or there is no row."""
    assert cramers_v(np.diag([500.0, 500, 500])) == pytest.approx(1.0, abs=0.01)
    assert cramers_v(np.array([[10.0, 20.0], [0.0, 0.0]])) == 0
    assert cramers_v(np.zeros((2, 2))) == 0


def test_spearman_equals_scipy_with_ties() -> None:
    """The rank correlation of a table equals SciPy's on the rows behind it."""
    rng = np.random.default_rng(2)
    a = rng.integers(0, 6, 500)
    b = np.clip(a + rng.integers(-2, 3, 500), 0, 7)
    table = np.zeros((6, 8))
    np.add.at(table, (a, b), 1)
    assert spearman(table) == pytest.approx(stats.spearmanr(a, b).statistic)
    assert spearman(table[:, ::-1]) == pytest.approx(-stats.spearmanr(a, b).statistic)
    assert spearman(np.array([[3.0, 4.0]])) == 0


def test_interaction_by_hand() -> None:
    """Two perfectly dependent coins: each cell departs by a quarter; two independent ones do not."""
    assert interaction(np.diag([5.0, 5.0])) == pytest.approx(np.array([[0.25, -0.25], [-0.25, 0.25]]))
    assert interaction(np.outer([2.0, 3.0], [1.0, 4.0])) == pytest.approx(np.zeros((2, 2)), abs=1e-12)
    distance = table_total_variation(interaction(np.diag([5.0, 5.0])), interaction(np.full((2, 2), 5.0)))
    assert distance == pytest.approx(0.5)


def test_merge_cells_adds_counts() -> None:
    """Merging rows 0 and 1 adds them up."""
    merge = np.array([[1.0, 0], [1, 0], [0, 1]])
    merged = merge_cells(np.arange(9.0).reshape(3, 3), merge, np.eye(3))
    assert merged.tolist() == [[3, 5, 7], [6, 7, 8]]


def test_presence_equals_the_hypergeometric() -> None:
    """The chance that a level shows up equals SciPy's hypergeometric."""
    counts = np.array([0.0, 1, 3, 40, 60])
    expected = 1 - stats.hypergeom.pmf(0, 100, counts.astype(int), 50)
    assert presence(counts, np.array([100.0]), 50.0) == pytest.approx(expected)


def test_mass_ratio_interval_by_hand() -> None:
    """Equal counts of equal tables hold 1; nothing synthetic has no lower end, nothing real no upper."""
    low, high = mass_ratio_interval(20, 1000, 20, 1000)
    assert low < 1 < high
    assert low == pytest.approx(1 / high)
    half = stats.beta.ppf(0.025, 20, 21)
    assert low == pytest.approx(half / (1 - half))
    assert mass_ratio_interval(5, 100, 0, 100)[0] == 0
    assert mass_ratio_interval(0, 100, 5, 100)[1] == math.inf
    # twice the synthetic rows at the same count is half the mass
    assert mass_ratio_interval(20, 1000, 20, 2000)[0] == pytest.approx(low / 2)


def test_mass_ratio_interval_covers() -> None:
    """Over 400 seeded draws at ratio 0.5 the 95 % interval covers at least 92 %."""
    rng = np.random.default_rng(3)
    real, made = rng.binomial(2000, 0.01, 400), rng.binomial(1000, 0.005, 400)
    ends = [mass_ratio_interval(int(r), 2000, int(s), 1000) for r, s in zip(real, made, strict=True)]
    assert np.mean([low <= 0.5 <= high for low, high in ends]) >= 0.92


def test_relative_tail_difference_is_two_sided() -> None:
    """A tail lost and a tail doubled are equally wrong."""
    reference = np.array([0.01, 0.01])
    assert relative_tail_difference(np.array([0.0, 0.02]), reference, reference).tolist() == [1.0, 1.0]


def test_calibrate_is_a_ratio_of_sums() -> None:
    """(1 − .4 + .1 − .1) / (1 − .2 + .1 − .1): no mean of two ratios, one of which is 0/0."""
    score = calibrate(np.array([1.0, 0.1]), np.array([0.4, 0.1]), np.array([0.2, 0.1]))
    assert score == pytest.approx(0.6 / 0.8)
    assert np.isnan(calibrate(np.array([0.1]), np.array([0.1]), np.array([0.1])))


def test_jackknife_of_a_mean_is_its_variance() -> None:
    """Deleting one of n values at a time gives exactly s²/n for a mean."""
    values = np.random.default_rng(4).normal(size=40)
    deleted = (values.sum() - values) / 39
    assert jackknife_variance(deleted) == pytest.approx(values.var(ddof=1) / 40)
    assert np.isnan(jackknife_variance(np.ones((1, 2)))).all()


def test_joint_null_holds_its_budget_and_sees_what_is_there() -> None:
    """Twelve correlated safe checks alarm in about 5 % of 400 tables; a large shift always does."""
    rng = np.random.default_rng(5)

    def draws(n: int) -> np.ndarray:
        return np.asarray(rng.normal(size=(n, 12)) + rng.normal(size=(n, 1)))

    alarms = sum(bool((joint_null(draws(1)[0], draws(299), 0.05).p_values <= 0.05).any()) for _ in range(400))
    # binomial(400, .05) exceeds 33 with probability .003
    assert 8 <= alarms <= 33
    shifted = draws(1)[0] + np.r_[10.0, np.zeros(11)]
    judged = joint_null(shifted, draws(299), 0.05)
    assert judged.p_values[0] == pytest.approx(1 / 300)
    assert judged.smallest_seen()[0] == pytest.approx((judged.critical + 0.8416) * judged.spread[0], rel=1e-3)


def test_joint_null_skips_what_cannot_be_asked() -> None:
    """A check without a figure has no p-value and costs the others nothing."""
    null = np.random.default_rng(6).normal(size=(199, 2))
    judged = joint_null(np.array([np.nan, 9.0]), null, 0.05)
    assert np.isnan(judged.p_values[0])
    assert judged.p_values[1] == pytest.approx(1 / 200)


def test_shares_of_nothing_are_zero() -> None:
    """An empty table has zero shares, not NaN."""
    assert shares(np.zeros(3)).tolist() == [0, 0, 0]
