"""Decay statistics: half-lives, plateaus, bands over generations, and extinction against its exact chance."""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom

from synthtab.errors import DataError
from synthtab.recursion.bands import chain_interval, simultaneous_band, welch_excess
from synthtab.recursion.decay import Decay, fit_decay
from synthtab.recursion.extinction import (
    class_means,
    extinction_curves,
)

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from wright_fisher import extinction_probability

Floats = npt.NDArray[np.float64]


def curve(generations: int, start: float, plateau: float, rate: float) -> Floats:
    return np.asarray(plateau + (start - plateau) * np.exp(rate * np.arange(generations)))


def noisy(rng: np.random.Generator, chains: int, mean: Floats, noise: float, *, walk: bool = False) -> Floats:
    """Chains around a mean: independent skewed noise, or a random walk of the same final spread."""
    errors = rng.exponential(size=(chains, len(mean))) - 1
    if walk:
        errors = rng.normal(size=errors.shape).cumsum(axis=1) / np.sqrt(len(mean))
    return np.asarray(mean + noise * errors)


# --- fit_decay ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("generations", "rate"), [(3, -0.5), (10, -0.3), (10, -2.0), (10, -0.03), (50, -0.02), (50, -1.0)]
)
def test_an_exact_exponential_gives_its_parameters_back(generations: int, rate: float) -> None:
    """Lambda, half-life, plateau and misfit of a noiseless curve are recovered, the interval a point."""
    mean = curve(generations, 0.9, 0.4, rate)
    decay = fit_decay(mean + np.array([[-0.01], [0.0], [0.01]]))
    assert decay.direction == "decay"
    assert decay.shape == "levelling"
    assert decay.rate.value == pytest.approx(rate, rel=1e-4)
    assert decay.half_life.value == pytest.approx(math.log(2) / -rate, rel=1e-4)
    assert (decay.half_life.low, decay.half_life.high) == pytest.approx(
        (decay.half_life.value,) * 2, rel=0.02
    )
    assert not decay.censored
    assert decay.plateau.value == pytest.approx(0.4, abs=1e-3)
    assert decay.misfit.value == pytest.approx(0.1)
    assert decay.n_generations == generations


@pytest.mark.parametrize("walk", [False, True])
@pytest.mark.parametrize(("chains", "rate"), [(5, -0.3), (5, -0.1), (20, -1.0)])
def test_intervals_of_half_life_and_plateau_cover(chains: int, rate: float, walk: bool) -> None:
    """95 % intervals cover in 90 % and more of 200 studies (measured: 93-97 %; P of a false alarm < .01)."""
    rng = np.random.default_rng([chains, int(-100 * rate), walk])
    mean, half_life, plateau = curve(10, 0.9, 0.3, rate), [], []
    for _ in range(200):
        decay = fit_decay(noisy(rng, chains, mean, 0.06, walk=walk))
        half_life.append(decay.half_life.low <= math.log(2) / -rate <= decay.half_life.high)
        plateau.append(decay.plateau.low <= 0.3 <= decay.plateau.high)
        assert decay.direction == "decay"
    assert 0.9 <= np.mean(half_life) <= 0.99
    assert 0.9 <= np.mean(plateau) <= 0.99


@pytest.mark.parametrize("walk", [False, True])
@pytest.mark.parametrize(("chains", "generations"), [(3, 10), (5, 2), (5, 10), (10, 30)])
def test_no_decay_is_detected_in_flat_chains(chains: int, generations: int, walk: bool) -> None:
    """Flat chains: "decay" in at most 5 % and a change in at most 9 % of 200 studies."""
    rng = np.random.default_rng([chains, generations, walk, 1])
    found = [fit_decay(noisy(rng, chains, np.full(generations, 0.8), 0.05, walk=walk)) for _ in range(200)]
    assert np.mean([decay.direction == "decay" for decay in found]) <= 0.05
    assert np.mean([decay.direction != "none" for decay in found]) <= 0.09
    for decay in found:
        if decay.direction == "none":
            assert decay.censored
            assert decay.half_life.value == decay.half_life.high == math.inf
            assert math.isnan(decay.plateau.value)
            assert decay.halving_low > 0.8


def test_a_halving_bound_is_given_where_no_decay_is_seen() -> None:
    """Flat chains of small noise: rho needs more than (rho_1 / 2) / (steepest slope) generations to halve."""
    decay = fit_decay(noisy(np.random.default_rng(1), 10, np.full(10, 0.8), 0.01, walk=True))
    assert decay.direction == "none"
    assert decay.change.low < 0 < decay.change.high
    assert decay.halving_low == pytest.approx((1 - decay.misfit.value) / 2 / -decay.change.low)
    assert decay.halving_low > 100


def test_a_decline_that_does_not_level_is_right_censored() -> None:
    """A straight decline: decay, steady, half-life only "more than", and no lower end to the plateau."""
    rng = np.random.default_rng(2)
    found = [fit_decay(noisy(rng, 10, np.linspace(0.9, 0.7, 10), 0.02, walk=True)) for _ in range(30)]
    straight = [decay for decay in found if decay.shape == "steady"]
    assert len(straight) >= 25  # each interval excludes 0 by chance in 5 %
    for decay in straight:
        assert decay.direction == "decay"
        assert decay.censored
        assert decay.half_life.high == math.inf
        assert 1 < decay.half_life.low < math.inf
        assert not decay.plateau.low > -math.inf
    assert np.mean([decay.change.value for decay in found]) == pytest.approx(-0.2 / 9, rel=0.05)


@pytest.mark.parametrize("rate", [0.4, -0.4])
def test_growth_is_told_as_growth(rate: float) -> None:
    """Rising chains, whether they level or run away, have no half-life at all, never a negative one."""
    mean = curve(10, 0.4, 0.9, rate) if rate < 0 else curve(10, 0.4, 0.39, rate)
    decay = fit_decay(noisy(np.random.default_rng(3), 8, mean, 0.01))
    assert decay.direction == "growth"
    assert decay.change.low > 0
    assert math.isnan(decay.half_life.value)
    assert math.isnan(decay.half_life.low)
    assert not decay.censored
    assert decay.shape == ("levelling" if rate < 0 else "accelerating")
    if rate < 0:
        assert decay.plateau.low <= 0.9 <= decay.plateau.high
    assert decay.halving_low == math.inf


def test_a_decline_that_speeds_up_has_no_half_life() -> None:
    """A fall that grows by the generation is decay, accelerating, without half-life or plateau."""
    decay = fit_decay(noisy(np.random.default_rng(4), 8, curve(10, 0.9, 0.91, 0.4), 0.01))
    assert decay.direction == "decay"
    assert decay.shape == "accelerating"
    assert decay.rate.low > 0
    assert math.isnan(decay.half_life.value)
    assert math.isnan(decay.plateau.value)


def test_misfit_is_not_decay() -> None:
    """A first fit that loses half but keeps it: a misfit of .5 with its t interval, and no decay."""
    chains = noisy(np.random.default_rng(5), 6, np.full(8, 0.5), 0.03)
    decay = fit_decay(chains)
    expected = chain_interval(1 - chains[:, 0])
    assert decay.misfit == expected
    assert expected.low < 0.5 < expected.high
    assert decay.direction == "none"


def test_the_trend_is_a_t_test_over_chains() -> None:
    """The p-value is Student's t of the chains' slopes on log g; the change is their slope on g."""
    from scipy import stats

    chains = noisy(np.random.default_rng(6), 5, curve(6, 0.8, 0.6, -0.4), 0.1)
    g = np.arange(1, 7)
    on_log = [np.polyfit(np.log(g), chain, 1)[0] for chain in chains]
    on_g = [np.polyfit(g, chain, 1)[0] for chain in chains]
    decay = fit_decay(chains)
    assert decay.p_change == pytest.approx(stats.ttest_1samp(on_log, 0).pvalue)
    assert decay.change.value == pytest.approx(np.mean(on_g))
    low, high = stats.ttest_1samp(on_g, 0).confidence_interval(0.95)
    assert (decay.change.low, decay.change.high) == pytest.approx((low, high))


@pytest.mark.parametrize("shape", [(1, 8), (5, 1), (4, 2), (1, 1)])
def test_short_and_single_chains_are_answered_without_overclaiming(shape: tuple[int, int]) -> None:
    """One chain, one or two generations: no rate is bounded, no warning, and every answer says so."""
    chains = noisy(np.random.default_rng(7), shape[0], curve(shape[1], 0.9, 0.2, -0.5), 0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decay = fit_decay(chains)
    assert (decay.rate.low, decay.rate.high) == (-math.inf, math.inf)
    assert decay.censored
    assert decay.shape == "steady"
    assert decay.direction == ("decay" if shape == (4, 2) else "none")


def test_constant_chains_have_no_decay() -> None:
    """Chains that never move, equal or apart: p is 1, nothing is divided by 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for chains in (np.full((4, 6), 0.7), np.repeat([[0.1], [0.7]], 6, axis=1)):
            decay = fit_decay(chains)
            assert decay.direction == "none"
            assert decay.p_change == 1
            assert math.isnan(decay.rate.value)


def test_gaps_do_not_shift_the_curve() -> None:
    """Values missing, all in low chains: the half-life stays; a generation without values is skipped."""
    rng = np.random.default_rng(8)
    mean = curve(12, 0.9, 0.3, -0.3)
    chains = mean + np.linspace(-0.2, 0.2, 10)[:, np.newaxis] + rng.normal(0, 0.005, (10, 12))
    whole = fit_decay(chains)
    chains[:3, 3:7] = np.nan
    chains[:, 9] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gaps = fit_decay(chains)
    assert gaps.n_generations == 11
    assert gaps.rate.value == pytest.approx(whole.rate.value, rel=0.05)
    assert gaps.rate.value == pytest.approx(-0.3, rel=0.05)
    assert gaps.half_life.low <= whole.half_life.value <= gaps.half_life.high


def test_fits_are_refused_without_a_first_generation() -> None:
    """Misfit needs generation 1; arrays of another shape or with infinities are errors."""
    with pytest.raises(DataError, match="first generation"):
        fit_decay(np.array([[np.nan, 0.5], [np.nan, 0.4]]))
    with pytest.raises(DataError, match="expected"):
        fit_decay(np.array([0.9, 0.8]))
    with pytest.raises(DataError, match="infinite"):
        fit_decay(np.array([[0.9, -np.inf]]))


def test_units_do_not_matter() -> None:
    """Scaled and shifted chains give the same rates, and a plateau that is scaled and shifted with them."""
    chains = noisy(np.random.default_rng(9), 6, curve(9, 0.9, 0.4, -0.3), 0.03)
    first, second = fit_decay(chains), fit_decay(1000 * chains - 70)

    def rates(decay: Decay) -> list[float]:
        return [decay.rate.value, decay.rate.low, decay.rate.high, decay.p_change]

    assert rates(first) == pytest.approx(rates(second), rel=1e-4)
    assert second.plateau.low == pytest.approx(1000 * first.plateau.low - 70, rel=1e-3)


# --- bands -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chains", "generations"), [(5, 10), (10, 30), (20, 10)])
def test_the_band_covers_all_generations_at_once(chains: int, generations: int) -> None:
    """The 95 % band holds over all generations in 90 % and more of 120 studies."""
    rng = np.random.default_rng([chains, generations])
    held = []
    for _ in range(120):
        steps = rng.normal(size=(chains, generations))
        band = simultaneous_band(0.5 * steps + 0.5 * steps.cumsum(axis=1))
        held.append(((band.low <= 0) & (band.high >= 0)).all())
    assert 0.9 <= np.mean(held) <= 0.995


def test_a_band_of_one_generation_is_a_t_interval() -> None:
    """With one generation, the critical value is Student's t."""
    values = np.random.default_rng(10).normal(size=(8, 1))
    band, interval = simultaneous_band(values), chain_interval(values[:, 0])
    assert band.mean[0] == interval.value
    assert (band.low[0], band.high[0]) == pytest.approx((interval.low, interval.high), rel=0.1)
    wider = simultaneous_band(np.random.default_rng(10).normal(size=(8, 20)))
    assert wider.critical > band.critical + 1


def test_bands_of_constant_missing_and_single_chains() -> None:
    """Constant generations have a band of no width, single chains none, missing values leave their mean."""
    rng = np.random.default_rng(11)
    values = np.column_stack([np.full(6, 0.3), rng.normal(size=6), np.full(6, np.nan), rng.normal(size=6)])
    values[0, 3] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        band = simultaneous_band(values)
        alone = simultaneous_band(values[1:2])
        constant = simultaneous_band(values[:, :1])
    assert band.low[0] == band.mean[0] == band.high[0] == 0.3
    assert np.isnan(band.mean[2])
    assert band.mean[3] == pytest.approx(values[1:, 3].mean())
    assert band.low[3] < band.mean[3] < band.high[3]
    assert np.isnan(alone.low).all()
    assert alone.mean[1] == values[1, 1]
    assert constant.low[0] == constant.high[0] == 0.3


def test_the_same_seed_gives_the_same_band() -> None:
    """One seed, one band; another seed, another within simulation error."""
    values = np.random.default_rng(12).normal(size=(7, 9))
    assert simultaneous_band(values, seed=1).critical == simultaneous_band(values, seed=1).critical
    other = simultaneous_band(values, seed=2).critical
    assert other != simultaneous_band(values, seed=1).critical
    assert other == pytest.approx(simultaneous_band(values, seed=1).critical, rel=0.1)


def test_a_single_chain_borrows_the_spread_of_the_null() -> None:
    """The excess of one chain has an interval, from the null's spread; equal constants have a point."""
    nulls = np.random.default_rng(13).normal(size=(100, 1, 1))
    excess, low, high, z = (float(side[0, 0]) for side in welch_excess(np.ones((1, 1, 1)), nulls, 0.95))
    error = float(nulls.std(ddof=1)) * math.sqrt(1 + 1 / 100)
    assert z == pytest.approx(excess / error)
    assert high - low == pytest.approx(2 * 1.984 * error, rel=0.01)
    still = welch_excess(np.ones((3, 1, 1)), np.ones((50, 1, 1)), 0.95)
    assert [float(side[0, 0]) for side in still] == [0, 0, 0, 0]


# --- extinction ------------------------------------------------------------------------------------------


def test_extinction_has_its_exact_chances() -> None:
    """At n = 500: c=1 .3675 (g1), .841 (g10); c=5 .420 (g10), .822 (g50); c=n never; c=0 always."""
    chance = extinction_probability(np.array([1, 5, 500, 0]), 500, 50)
    assert chance[[0, 9], 0] == pytest.approx([0.3675, 0.841], abs=5e-4)
    assert chance[[9, 49], 1] == pytest.approx([0.420, 0.822], abs=5e-4)
    assert chance[:, 2].max() == 0
    assert chance[:, 3].min() == pytest.approx(1)


@pytest.mark.parametrize("rows", [7, 300])
def test_cutting_off_states_costs_nothing(rows: int) -> None:
    """The cut chain equals the whole transition matrix to 1e-8, for every count."""
    states = np.arange(rows + 1)
    transition = binom.pmf(states, rows, states[:, np.newaxis] / rows)
    extinct = (states == 0).astype(float)
    for _ in range(8):
        extinct = transition @ extinct
    np.testing.assert_allclose(extinction_probability(states, rows, 8)[-1], extinct, atol=1e-8)


def test_extinction_curves_match_the_exact_chain() -> None:
    """Twenty neutral chains: 95 % intervals hold the exact chance in 90 % and more of classes x generations.

    One generation off would be seen: at least a third of intervals exclude the chance of the next generation.
    """
    rng, rows, generations = np.random.default_rng(15), 1000, 6
    initial = np.repeat([1, 2, 3, 4, 6, 8], 30)
    shares = np.append(initial, rows - initial.sum()) / rows
    classes = [(1, 1), (2, 4), (5, 9)]
    exact = class_means(extinction_probability(initial, rows, generations), initial, classes)
    held, late = [], []
    for _ in range(10):
        table, present = np.broadcast_to(shares, (20, len(shares))), []
        for _ in range(generations):
            table = rng.multinomial(rows, table) / rows
            present.append(table[:, :-1] > 0)
        curves = extinction_curves(np.stack(present, axis=1), initial, classes)
        held.append((curves.low <= exact) & (exact <= curves.high))
        late.append((curves.low[:, :-1] <= exact[:, 1:]) & (exact[:, 1:] <= curves.high[:, :-1]))
    assert np.mean(held) >= 0.9
    assert np.mean(late) <= 2 / 3
    assert curves.n_levels.tolist() == [30, 90, 60]


def test_chains_that_differ_more_than_levels_count_for_less() -> None:
    """Each chain loses a share of its own: 95 % intervals cover in 88 % and more (plain Wilson: half)."""
    rng = np.random.default_rng(16)
    initial, held, trials = np.ones(100, dtype=int), [], []
    for _ in range(200):
        share = rng.beta(3, 7, (8, 1, 1))
        curves = extinction_curves(rng.random((8, 1, 100)) >= share, initial, [(1, 1)])
        held.append(curves.low[0, 0] <= 0.3 <= curves.high[0, 0])
        trials.append(curves.trials[0, 0])
    assert np.mean(held) >= 0.88
    assert np.median(trials) < 200


def test_extinction_curves_by_hand() -> None:
    """Two chains, three levels: shares and Wilson ends by hand; an empty class knows nothing."""
    present = np.array([[[True, False, True]], [[False, True, False]]])
    curves = extinction_curves(present, np.array([1, 1, 7]), [(1, 1), (5, 9), (10, 20)])
    assert curves.lost[:2, 0].tolist() == [0.5, 0.5]
    assert curves.trials[0, 0] == 4
    assert (curves.low[0, 0], curves.high[0, 0]) == pytest.approx((0.1500, 0.8500), abs=1e-4)
    assert np.isnan(curves.lost[2, 0])
    assert (curves.low[2, 0], curves.high[2, 0]) == (0, 1)
    one = extinction_curves(present[:1], np.array([1, 1, 7]), [(1, 1)])
    assert one.trials[0, 0] == 2
    with pytest.raises(DataError, match="levels"):
        extinction_curves(present, np.array([1, 1]), [(1, 1)])


@pytest.mark.parametrize(("counts", "rows"), [([1], 0), ([11], 10), ([-1], 10)])
def test_impossible_counts_are_refused(counts: list[int], rows: int) -> None:
    """Counts outside 0..n, and tables without rows, are errors."""
    with pytest.raises(DataError, match="between 0"):
        extinction_probability(np.array(counts), rows, 3)
