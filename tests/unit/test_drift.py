"""Drift statistics: chains beside null chains, effective size, direction, and the parts of a distance."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from synthtab.errors import DataError
from synthtab.recursion.decomposition import decompose
from synthtab.recursion.drift import NullComparison, compare_with_null
from synthtab.recursion.population import effective_size
from synthtab.results import DRIFT_ALARM

Floats = npt.NDArray[np.float64]

ROWS, GENERATIONS, LEVELS = 500, 10, 60
COUNTS = np.maximum(1, (ROWS / np.arange(1, LEVELS + 1) / (1 / np.arange(1, LEVELS + 1)).sum()).astype(int))
COUNTS[0] += ROWS - COUNTS.sum()
SHARES = COUNTS / ROWS
RARE = COUNTS <= 5


def steps(
    rng: np.random.Generator,
    chains: int,
    shares: Floats = SHARES,
    loss: float = 0.0,
    rare: npt.NDArray[np.bool_] = RARE,
    drawn: int = ROWS,
) -> tuple[Floats, Floats]:
    """Run the replace regime; each generation's model may lose a part of the rare mass."""
    before, after = (np.empty((chains, GENERATIONS, len(shares))) for _ in range(2))
    table = np.broadcast_to(shares, (chains, len(shares)))
    for g in range(GENERATIONS):
        before[:, g] = table
        model = np.where(rare, table * (1 - loss), table)
        table = rng.multinomial(drawn, model / model.sum(axis=1, keepdims=True)) / drawn
        after[:, g] = table
    return before, after


def measured(sampled: Floats) -> Floats:
    """TVD from the first table, share of levels present, rare mass: skewed, autocorrelated, discrete."""
    distance = np.abs(sampled - SHARES).sum(axis=2) / 2
    return np.stack([distance, (sampled > 0).mean(axis=2), sampled[..., RARE].sum(axis=2)], axis=2)


@pytest.fixture(scope="module")
def null() -> Floats:
    return measured(steps(np.random.default_rng(0), 500)[1])


def assert_same(first: NullComparison, second: NullComparison) -> None:
    for name, value in vars(first).items():
        np.testing.assert_array_equal(value, getattr(second, name), err_msg=name)


# --- compare_with_null ---------------------------------------------------------------------------------


def test_the_null_itself_raises_at_most_ten_false_alarms_in_two_hundred() -> None:
    """Ten null chains against 500 others: at most 10 of 200 studies leave the null (P of more: .01).

    The p-values are exact: at .05, joint and per metric, at most 19 of 200 (P of more: .002), and some.
    """
    rng = np.random.default_rng(1)
    alarms, joint, per_metric, outside = 0, 0, np.zeros(3), np.zeros(3)
    for study in range(200):
        chains = measured(steps(rng, 510)[1])
        found = compare_with_null(chains[:10], chains[10:], seed=study, draws=800)
        alarms += found.p_joint <= DRIFT_ALARM
        joint += found.p_joint <= 0.05
        per_metric += found.p_metric <= 0.05
        outside += ((found.observed < found.null_low) | (found.observed > found.null_high)).any(axis=0)
    assert alarms <= 10
    assert 2 <= joint <= 19
    assert 2 <= per_metric.min() <= per_metric.max() <= 19
    assert 2 <= outside.min() <= outside.max() <= 19, "the band holds over all generations at once"


def test_a_loss_of_a_tenth_of_the_rare_mass_is_found(null: Floats) -> None:
    """Power is 80 % and more (measured: 100 %), and the rare mass alone is found, downwards."""
    rng = np.random.default_rng(2)
    found = [
        compare_with_null(measured(steps(rng, 10, loss=0.1)[1]), null, seed=s, draws=1000) for s in range(20)
    ]
    assert np.mean([study.p_joint <= 0.05 for study in found]) >= 0.8
    assert np.mean([study.p_adjusted[2] <= 0.05 for study in found]) >= 0.8
    assert all(study.excess[-1, 2] < 0 and study.excess_high[-1, 2] < 0 for study in found)


def test_losing_less_than_resampling_is_found_too(null: Floats) -> None:
    """Chains that stand still leave the null on the other side: the test is two-sided."""
    still = measured(np.broadcast_to(SHARES, (10, GENERATIONS, LEVELS)))
    still = still + np.random.default_rng(3).normal(0, 0.001, still.shape)
    found = compare_with_null(still, null, seed=0)
    assert found.p_adjusted[0] <= 0.05
    assert found.p_adjusted[1] <= 0.05
    assert found.excess[-1, 1] > 0 > found.excess[-1, 0]


def test_means_are_compared_with_means(null: Floats) -> None:
    """Ten chains that are each within the null, but all on one side, are found: one of them alone is not."""
    shifted = null[:10] + 0.8 * null.std(axis=0)
    rest = null[10:]
    assert compare_with_null(shifted, rest, seed=0).p_joint <= 0.01
    assert compare_with_null(shifted[:1] - shifted[:1] + rest.mean(axis=0), rest, seed=0).p_joint > 0.5
    alone = np.median(rest, axis=0)[np.newaxis] + 0.8 * null.std(axis=0)
    assert compare_with_null(alone, rest, seed=0).p_joint > 0.05


def test_a_single_chain_is_ranked_among_all_null_chains() -> None:
    """At C = 1 every null chain is one draw, so p is a multiple of 1 / (K + 1), exactly."""
    nulls = np.arange(99.0).reshape(99, 1, 1)
    found = compare_with_null(np.array([[[97.5]]]), nulls, seed=0)
    assert found.p[0, 0] == pytest.approx(2 * 2 / 100)
    assert compare_with_null(np.array([[[1000.0]]]), nulls, seed=0).p[0, 0] == pytest.approx(2 * 1 / 100)


def test_excess_z_and_band_have_their_formulas() -> None:
    """Excess is observed - null mean; z divides by s sqrt(1/C + 1/K); the interval is Welch's."""
    rng = np.random.default_rng(4)
    chains, nulls = rng.normal(0.4, 2, (6, 1, 1)), rng.normal(0, 1, (200, 1, 1))
    found = compare_with_null(chains, nulls, seed=0, draws=20_000)
    excess = chains.mean() - nulls.mean()
    error = nulls.std(ddof=1) * np.sqrt(1 / 6 + 1 / 200)
    assert found.excess[0, 0] == pytest.approx(excess)
    assert found.z[0, 0] == pytest.approx(excess / error)
    welch = stats.ttest_ind(chains.ravel(), nulls.ravel(), equal_var=False).confidence_interval(0.95)
    assert (found.excess_low[0, 0], found.excess_high[0, 0]) == pytest.approx((welch.low, welch.high))
    band = (found.null_low[0, 0], found.null_high[0, 0])
    assert band == pytest.approx((nulls.mean() - 1.96 * error, nulls.mean() + 1.96 * error), abs=0.08)


def test_a_constant_metric_neither_alarms_nor_hides_the_others(null: Floats) -> None:
    """A metric that never moves: equal is p = 1; different is flagged, with a small p and z unknown."""
    constant = np.full((*null.shape[:2], 1), 0.7)
    nulls = np.concatenate([null[10:], constant[10:]], axis=2)
    equal = np.concatenate([null[:10], constant[:10]], axis=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calm = compare_with_null(equal, nulls, seed=0)
        plain = compare_with_null(null[:10], null[10:], seed=0)
        other = compare_with_null(equal - [0, 0, 0, 0.1], nulls, seed=0)
    assert calm.p_metric[3] == 1
    assert not calm.off_constant.any()
    assert (calm.z[:, 3] == 0).all()
    assert calm.null_low[0, 3] == calm.null_high[0, 3] == 0.7
    np.testing.assert_array_equal(calm.p_metric[:3], plain.p_metric)
    assert calm.p_joint == plain.p_joint
    assert other.off_constant[:, 3].all()
    assert np.isnan(other.z[:, 3]).all()
    assert other.p_adjusted[3] <= 0.01
    np.testing.assert_array_equal(other.p_metric[:3], plain.p_metric)


def test_one_odd_chain_off_a_constant_is_weighed_by_its_chance() -> None:
    """One odd chain among ten, off what 490 null chains agree on: by chance in 10 of 500, so p = .04."""
    nulls = np.ones((490, 1, 1))
    chains = np.ones((10, 1, 1))
    chains[3] = 0.9
    found = compare_with_null(chains, nulls, seed=0)
    assert found.p[0, 0] == pytest.approx(2 * 10 / 500, rel=0.25)
    chains[4] = 0.9
    assert compare_with_null(chains, nulls, seed=0).p[0, 0] <= 0.005


def test_an_early_rare_event_does_not_hide_later_generations() -> None:
    """Early events of z = 10 in one null chain of 100 do not hide a later shift of 5 standard errors."""
    rng = np.random.default_rng(5)
    nulls = rng.normal(size=(500, 6, 1))
    nulls[:, :5] = 0
    for g in range(5):
        nulls[g * 5 : g * 5 + 5, g] = 1.0
    chains = np.zeros((10, 6, 1))
    chains[:, 5] = rng.normal(5 / np.sqrt(10), 1, size=(10, 1))
    assert compare_with_null(chains, nulls, seed=0).p_joint <= 0.005


def test_a_passing_departure_is_found() -> None:
    """A shift of 5 standard errors in generation 1 alone is found by the metric's p, over ten generations."""
    rng = np.random.default_rng(15)
    nulls, chains = rng.normal(size=(500, 10, 1)), rng.normal(size=(10, 10, 1))
    chains[:, 0] += 5 / np.sqrt(10)
    found = compare_with_null(chains, nulls, seed=0)
    assert found.p_metric[0] <= 0.01
    assert (found.observed[0] > found.null_high[0]).all()


def test_equal_means_are_ties_in_any_unit() -> None:
    """Counts of few levels, and the same as shares (n/10, inexact in binary), give exactly the same p."""
    rng = np.random.default_rng(16)
    nulls, chains = rng.binomial(10, 0.8, (300, 6, 2)), rng.binomial(10, 0.75, (7, 6, 2))
    counts = compare_with_null(chains, nulls, seed=0)
    shares = compare_with_null(0.1 * chains + 0.7, 0.1 * nulls + 0.7, seed=0)
    np.testing.assert_array_equal(counts.p, shares.p)
    np.testing.assert_array_equal(counts.p_adjusted, shares.p_adjusted)


def test_undefined_metrics_are_left_out(null: Floats) -> None:
    """NaN in a generation for everybody is left out; NaN in some chains leaves those chains out of a mean."""
    nulls, chains = null[10:].copy(), null[:10].copy()
    nulls[:, 0, 0] = chains[:, 0, 0] = np.nan
    nulls[:, :, 2] = chains[:, :, 2] = np.nan
    chains[4, 5, 1] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare_with_null(chains, nulls, seed=0)
    assert np.isnan(found.p[0, 0])
    assert np.isnan(found.null_low[0, 0])
    assert not np.isnan(found.p[1:, 0]).any()
    assert np.isnan(found.p_adjusted[2])
    assert 0 < found.p_joint <= 1
    assert found.observed[5, 1] == pytest.approx(np.nanmean(chains[:, 5, 1]))
    np.testing.assert_allclose(
        found.p_metric[0], compare_with_null(chains[:, 1:], nulls[:, 1:], seed=0).p_metric[0]
    )


def test_adjusted_p_values_hold_for_many_metrics_at_once() -> None:
    """Step-down: the smallest is the joint p, none is below its own p, and they rise in the same order."""
    rng = np.random.default_rng(6)
    nulls, chains = rng.normal(size=(400, 5, 12)), rng.normal(size=(8, 5, 12))
    chains[..., 0] += 1
    found = compare_with_null(chains, nulls, seed=0)
    assert found.p_adjusted.min() == found.p_joint
    assert (found.p_adjusted >= found.p_metric).all()
    assert (np.diff(found.p_adjusted[np.argsort(found.p_metric)]) >= 0).all()
    assert found.p_adjusted[0] == pytest.approx(12 * found.p_metric[0], rel=0.6)


def test_the_same_seed_gives_the_same_figures(null: Floats) -> None:
    """One seed, one answer; and a metric's own p does not depend on the other metrics."""
    first = compare_with_null(null[:10], null[10:], seed=3)
    assert_same(first, compare_with_null(null[:10], null[10:], seed=3))
    alone = compare_with_null(null[:10, :, 1:2], null[10:, :, 1:2], seed=3)
    assert alone.p_metric[0] == first.p_metric[1]


@pytest.mark.parametrize(
    ("chains", "nulls", "message"),
    [
        ((5, 4, 2), (500, 4, 3), "generations and metrics"),
        ((5, 4, 2), (20, 4, 2), "too few"),
        ((60, 4, 2), (50, 4, 2), "too few"),
        ((5, 4), (500, 4, 2), "expected"),
        ((0, 4, 2), (500, 4, 2), "empty"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    chains: tuple[int, ...], nulls: tuple[int, ...], message: str
) -> None:
    """Shapes that do not agree and too few null chains are errors, not silent answers."""
    with pytest.raises(DataError, match=message):
        compare_with_null(np.zeros(chains), np.zeros(nulls), seed=0)
    with pytest.raises(DataError, match="infinite"):
        compare_with_null(np.full((5, 4, 2), np.inf), np.zeros((500, 4, 2)), seed=0)


# --- one figure a chain ----------------------------------------------------------------------------------


def chi_square_p(before: Floats, after: Floats) -> float:
    """Pearson's test of the levels, added up over steps and chains."""
    expected = before * ROWS
    held = expected > 0
    terms = np.where(held, (after * ROWS - expected) ** 2 / np.where(held, expected, 1), 0)
    return float(stats.chi2.sf(terms.sum(), (held.sum(axis=-1) - 1).sum()))


def one_figure(chains: Floats, nulls: Floats, *, seed: int, draws: int = 2000) -> NullComparison:
    """Compare one figure a chain: one generation, one metric."""
    return compare_with_null(chains[:, None, None], nulls[:, None, None], seed=seed, draws=draws)


def rare_mass(tables: tuple[Floats, Floats], rare: npt.NDArray[np.bool_]) -> Floats:
    """Sum over the steps of mass(S_g) - mass(T_g), per chain."""
    before, after = tables
    return np.asarray((after[..., rare] - before[..., rare]).sum(axis=(1, 2)))


def test_direction_finds_selection_that_a_chi_square_does_not() -> None:
    """5 % of the rare mass lost a step: power >= 80 % (measured 92 %), a chi-square of levels <= 15 %."""
    rng, rare = np.random.default_rng(7), np.arange(LEVELS) >= 30
    nulls = rare_mass(steps(rng, 500), rare)
    directional, chi_square = [], []
    for study in range(60):
        tables = steps(rng, 10, loss=0.05, rare=rare)
        test = one_figure(rare_mass(tables, rare), nulls, seed=study, draws=800)
        directional.append(test.p_joint <= 0.05)
        chi_square.append(chi_square_p(*tables) <= 0.05)
        assert not directional[-1] or test.z[0, 0] < 0
    assert np.mean(directional) >= 0.8
    assert np.mean(chi_square) <= 0.15


def test_direction_holds_its_level_and_sees_both_sides() -> None:
    """False alarms: at most 18 of 200 at .05 (P = .01); a gain is found as a loss is."""
    rng = np.random.default_rng(8)
    moved = rare_mass(steps(rng, 2500), RARE)
    p = [
        one_figure(moved[500 + 10 * i : 510 + 10 * i], moved[:500], seed=i, draws=400).p_joint
        for i in range(200)
    ]
    assert 2 <= np.sum(np.array(p) <= 0.05) <= 18
    gain = one_figure(moved[500:510] + 3 * moved.std(), moved[:500], seed=0)
    assert gain.p_joint <= 0.001
    assert gain.z[0, 0] > 3
    assert gain.excess_low[0, 0] > 0
    assert gain.p[0, 0] == pytest.approx(
        one_figure(-moved[500:510] - 3 * moved.std(), -moved[:500], seed=0).p[0, 0]
    )


def test_the_p_value_counts_both_sides() -> None:
    """One chain, second largest of 100: two of a hundred are as far out on its side, so p is .04."""
    test = one_figure(np.array([97.5]), np.arange(99.0), seed=0)
    assert test.p[0, 0] == pytest.approx(2 * 2 / 100)


# --- effective_size ------------------------------------------------------------------------------------


def test_the_effective_size_of_resampling_is_n() -> None:
    """E[nF] = 1 for any column: the pooled ratio of 200 chains is 1 within three standard errors."""
    rng = np.random.default_rng(9)
    columns = {"two": np.array([0.5, 0.5]), "rare": np.array([0.02, 0.98]), "many": SHARES}
    runs = {name: steps(rng, 200, shares, rare=shares < 0) for name, shares in columns.items()}
    sizes = effective_size(
        {name: run[0] for name, run in runs.items()}, {name: run[1] for name, run in runs.items()}, ROWS
    )
    assert list(sizes.columns) == list(columns)
    for size, tolerance in zip(
        [*sizes.columns.values(), sizes.pooled], [0.1, 0.12, 0.025, 0.06], strict=True
    ):
        assert size.ratio == pytest.approx(1, abs=tolerance)
        assert size.scaled_drift == pytest.approx(1 / size.ratio)
    assert sizes.columns["two"].steps == 2000
    assert sizes.pooled.steps == sum(size.steps for size in sizes.columns.values())


def test_drift_is_averaged_before_it_is_inverted() -> None:
    """Steps of nF = .5 and 1.5 give N_e/n = 1: the mean of the inverses would be 1.33."""
    before = np.full((2, 2, 2), 0.5)
    after = before.copy()
    for step, scaled in enumerate((0.5, 1.5)):
        after[:, step, 0] += np.sqrt(scaled * 0.5 / 100 / 2)
        after[:, step, 1] -= np.sqrt(scaled * 0.5 / 100 / 2)
    size = effective_size({"x": before}, {"x": after}, 100).pooled
    assert size.ratio == pytest.approx(1)
    assert effective_size({"x": before}, {"x": after}, np.array([100, 300])).pooled.ratio == pytest.approx(
        0.4
    )


def test_sampling_half_the_rows_halves_the_effective_size_and_the_interval_covers() -> None:
    """N_e/n = .5; the 95 % interval covers in 91 to 98.5 % of 400 studies at 3, 5 and 10 chains."""
    rng, shares = np.random.default_rng(10), np.array([0.3, 0.7])
    before, after = steps(rng, 4000, shares, rare=shares < 0, drawn=ROWS // 2)
    for chains in (3, 5, 10):
        covered = []
        for start in range(0, 400 * chains, chains):
            part = slice(start, start + chains)
            size = effective_size({"x": before[part]}, {"x": after[part]}, ROWS).pooled
            covered.append(size.low <= 0.5 <= size.high)
        assert 0.91 <= np.mean(covered) <= 0.985, chains


def test_a_column_at_one_level_is_skipped() -> None:
    """Steps with nothing to move, failed steps and constant columns count for nothing, silently."""
    before = np.array([[[1.0, 0.0], [0.5, 0.5], [np.nan, np.nan]]])
    after = np.array([[[1.0, 0.0], [0.6, 0.4], [0.5, 0.5]]])
    constant = np.ones((1, 3, 1)) * 50
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sizes = effective_size({"x": before, "one": constant}, {"x": after, "one": constant}, 50)
    assert sizes.columns["x"].steps == 1
    assert sizes.columns["x"].ratio == pytest.approx(0.5 / (50 * 0.02))
    assert np.isnan(sizes.columns["x"].low)
    assert np.isnan(sizes.columns["one"].ratio)
    assert sizes.pooled.ratio == sizes.columns["x"].ratio
    frozen = effective_size({"x": before[:, 1:2]}, {"x": before[:, 1:2]}, 50).pooled
    assert frozen.ratio == float("inf")


def test_bias_in_every_step_lowers_the_effective_size() -> None:
    """With a shift b a step, n E[F] = 1 + n 2 b^2 / (1 - sum p^2): at any n, N_e ends at a limit."""
    rng = np.random.default_rng(11)
    before = np.full((400, 10, 2), 0.5)
    for rows in (100, 10_000):
        first = rng.binomial(rows, 0.52, (400, 10)) / rows
        size = effective_size({"x": before}, {"x": np.stack([first, 1 - first], axis=2)}, rows).pooled
        scatter = 0.52 * 0.48 / 0.25
        assert size.scaled_drift == pytest.approx(scatter + rows * 2 * 0.02**2 / 0.5, rel=0.1)


def test_more_rows_measured_than_handed_on_change_no_expectation() -> None:
    """N_e/n from M = 20 n rows is that of n rows: 1 for resampling, 1 / (1 + n bias) for a biased model."""
    rng, rows, many = np.random.default_rng(14), 200, 4000
    before = np.tile([0.3, 0.7], (300, 5, 1))
    for share in (0.3, 0.34):
        first = rng.binomial(many, share, (300, 5)) / many
        size = effective_size(
            {"x": before}, {"x": np.stack([first, 1 - first], axis=2)}, rows, measured=many
        ).pooled
        expected = share * (1 - share) / 0.21 + rows * (share - 0.3) ** 2 / 0.21
        assert size.scaled_drift == pytest.approx(expected, rel=0.03)


def test_columns_that_do_not_agree_are_refused() -> None:
    """Other columns, shapes or generations before and after are errors."""
    steps_of = np.full((2, 3, 2), 5.0)
    with pytest.raises(DataError, match="different columns"):
        effective_size({"x": steps_of}, {"y": steps_of}, 10)
    with pytest.raises(DataError, match="shape"):
        effective_size({"x": steps_of}, {"x": steps_of[:, :2]}, 10)
    with pytest.raises(DataError, match="different numbers"):
        effective_size({"x": steps_of, "y": steps_of[:1]}, {"x": steps_of, "y": steps_of[:1]}, 10)


# --- decompose -----------------------------------------------------------------------------------------


def test_the_parts_of_a_distance_come_apart_without_bias() -> None:
    """Known bias, training spread and sampling noise: each found within four SE over 800 studies.

    Uncorrected, bias^2 would be 13 % too high (training variance / 10) and training 11 % (measuring noise).
    """
    rng, chains, studies, measured_rows, rows = np.random.default_rng(12), 10, 800, 20_000, 500
    real = np.array([0.5, 0.3, 0.15, 0.05])
    bias = np.array([0.01, -0.01, 0.005, -0.005])
    spread = rng.normal(size=(studies, chains, 1, 4)) * 0.01
    spread -= spread.mean(axis=3, keepdims=True)
    models = real + bias + spread
    shares = rng.multinomial(measured_rows, models) / measured_rows
    parts = [decompose(study, real, rows=rows, measured=measured_rows) for study in shares]
    training = 3 * 0.01**2  # four deviations, less their mean
    expected = real + bias
    truth = {
        "bias_squared": np.sum(bias**2),
        "training": training,
        "sampling": (np.sum(expected * (1 - expected)) - training) / rows,
    }
    for name, true in truth.items():
        found = np.array([getattr(part, name)[0] for part in parts])
        assert found.mean() == pytest.approx(true, abs=4 * found.std() / np.sqrt(studies)), name


def test_failed_chains_are_left_out_and_one_chain_is_not_enough() -> None:
    """NaN chains are counted out per generation; fewer than two give NaN; wrong shapes are refused."""
    shares = np.array([[[0.5, 0.5], [0.5, 0.5]], [[0.6, 0.4], [np.nan, np.nan]]])
    parts = decompose(shares, np.array([0.5, 0.5]), rows=10, measured=1000)
    assert parts.n_chains.tolist() == [2, 1]
    assert np.isnan(parts.training[1])
    with pytest.raises(DataError, match="reference"):
        decompose(shares, np.array([1.0]), rows=10, measured=1000)
    with pytest.raises(DataError, match="measured"):
        decompose(shares, np.array([0.5, 0.5]), rows=10, measured=1)
