"""The Gaussian copula on normal scores: marginals, heaps, dependence, missingness, and no single extreme."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from synthtab.datasets import Dataset
from synthtab.schema import ColumnSpec, TableSchema
from synthtab.synthesizers import Guard, make
from synthtab.synthesizers.normal_scores import NormalScores
from synthtab.synthesizers.polychoric import interval_means, latent_correlation, loadings, whole_loadings

# -------------------------------------------------------------------- normal scores


@given(
    some.lists(some.integers(-1000, 1000).map(lambda i: i / 8), min_size=1, max_size=300),
    some.integers(2, 120),
    some.integers(2, 12),
)
@settings(max_examples=150)
def test_quantile_functions_rise_from_0_to_1(values: list[float], quantiles: int, k: int) -> None:
    """Whatever the values: shares and quantiles never fall; every value of k people keeps its exact mass."""
    column = np.array(values)
    scores = NormalScores.fit(column, quantiles=quantiles, k=k)
    assert scores.shares[0] == 0.0
    assert scores.shares[-1] == 1.0
    assert (np.diff(scores.shares) >= 0).all()
    assert (np.diff(scores.values) >= 0).all()
    for value, count in zip(*np.unique(column, return_counts=True), strict=True):
        if count >= k:
            here = scores.shares[np.isclose(scores.values, value, rtol=0, atol=1e-9)]
            assert np.ptp(here) >= count / len(column) - 1e-12


def test_heaps_come_back_with_their_mass() -> None:
    """A fifth at 0 and a top-coded tenth at 80 come back as such; the values between do not heap."""
    draws = np.random.default_rng(0)
    column = np.concatenate([np.zeros(400), draws.uniform(1, 79, 1400), np.full(200, 80.0)])
    drawn = NormalScores.fit(column).quantile(draws.random(50_000))
    assert abs((drawn == 0).mean() - 0.2) < 0.006
    assert abs((drawn == 80).mean() - 0.1) < 0.005
    inside = drawn[(drawn > 0) & (drawn < 80)]
    assert len(np.unique(inside)) == len(inside)


@pytest.mark.parametrize("name", ["norm", "lognorm", "t"])
def test_spread_and_tails_come_back(name: str) -> None:
    """Over 40 samples of 3,685: standard deviation within 2 %, the 99 % quantile within 3 %."""
    shape = {"norm": (), "lognorm": (1.0,), "t": (3,)}[name]
    ratios, tails = [], []
    for seed in range(40):
        draws = np.random.default_rng(seed)
        column = getattr(stats, name).rvs(*shape, size=3685, random_state=draws)
        drawn = NormalScores.fit(column).quantile(draws.random(20_000))
        ratios.append(drawn.std() / column.std())
        tails.append(np.quantile(drawn, 0.99) / getattr(stats, name).ppf(0.99, *shape))
    assert abs(np.mean(ratios) - 1) < 0.02
    assert abs(np.mean(tails) - 1) < 0.03


def test_no_knot_is_one_persons_value() -> None:
    """None of 500 different values is a knot; one row of a hundred million does not set the end."""
    draws = np.random.default_rng(0)
    column = np.append(draws.normal(size=499), 1e8)
    scores = NormalScores.fit(column)
    assert not set(scores.values.tolist()) & set(column.tolist())
    assert scores.values[-1] < 3e7


def test_heaps_are_counted_in_people() -> None:
    """Forty rows of one person at one value are no heap; forty people are."""
    column = np.concatenate([np.arange(100.0), np.full(40, 55.5)])
    one_person = np.concatenate([np.arange(100), np.full(40, 100)])
    assert (NormalScores.fit(column).values == 55.5).sum() == 2
    share_at = [
        (NormalScores.fit(column, people).values == 55.5).sum() for people in (np.arange(140), one_person)
    ]
    assert share_at[0] == 2
    assert NormalScores.fit(column, one_person, k=2).values.tolist().count(55.5) < 4


def test_scores_are_normal_and_go_back() -> None:
    """Ties are broken at random into normal scores; missing stays missing; the values come back."""
    draws = np.random.default_rng(0)
    column = np.append(draws.integers(0, 4, 2000).astype(float), [np.nan] * 100)
    scores = NormalScores.scores(column, draws)
    assert np.isnan(scores[-100:]).all()
    assert stats.kstest(scores[:-100], "norm").pvalue > 0.99
    back = np.round(NormalScores.fit(column).values_of(scores))
    assert np.array_equal(back[:-100], column[:-100])


# -------------------------------------------------------------------- latent correlations


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.1, 0.5, 0.8, 0.95])
def test_latent_correlations_are_found_through_levels(rho: float) -> None:
    """Of 300,000 pairs seen as 2 and 4 levels, and as levels and numbers, ρ is found within .02."""
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, rho], [rho, 1]], 300_000)
    edges = [np.array([[0, 0.9, 1.0]]), np.array([[0, 0.2, 0.5, 0.97, 1.0]])]
    seen = [
        interval_means(own)[0][np.searchsorted(own[0, 1:-1], stats.norm.cdf(z[:, i]))]
        for i, own in enumerate(edges)
    ]
    by_column = np.array([*(loadings(own, np.ones(1)) for own in edges), whole_loadings()])
    found = latent_correlation(np.corrcoef([*seen, z[:, 1]]), by_column)
    np.testing.assert_allclose(found[0, 1:], rho, atol=0.02)
    np.testing.assert_allclose(by_column[:2, 0], [np.var(own) for own in seen], atol=0.005)


def test_two_halves_follow_sheppards_arcsine() -> None:
    """Two medians' splits of latent correlation ρ correlate by 2/π · arcsin ρ: solved for, ρ comes back."""
    by_column = np.array([loadings(np.array([[0, 0.5, 1.0]]), np.ones(1))] * 2)
    for rho in (-0.7, 0.2, 0.6):
        seen = np.array([[1, 2 / np.pi * np.arcsin(rho)], [2 / np.pi * np.arcsin(rho), 1]])
        assert latent_correlation(seen, by_column)[0, 1] == pytest.approx(rho, abs=1e-3)


# -------------------------------------------------------------------- the copula


def _linked(n: int = 4000, seed: int = 0) -> tuple[pd.DataFrame, TableSchema]:
    draws = np.random.default_rng(seed)
    z = draws.multivariate_normal(np.zeros(3), [[1, 0.8, 0.6], [0.8, 1, 0.5], [0.6, 0.5, 1]], n)
    ill = z[:, 2] > 0.8
    since = np.where(ill, np.exp(z[:, 1] / 2 + draws.normal(size=n) / 2), np.nan)
    visit = draws.random(n) < 0.7
    frame = pd.DataFrame(
        {
            "a": np.exp(z[:, 0]).round(2),
            "b": z[:, 1].round(2),
            "level": pd.cut(
                z[:, 0] + draws.normal(size=n), [-9, -1, 0, 1, 9], labels=["q", "c", "x", "a"]
            ).astype(str),
            "ill": np.where(ill, "yes", "no"),
            "since": since,
            "lab 1": np.where(visit, z[:, 0], np.nan),
            "lab 2": np.where(visit, z[:, 1], np.nan),
        }
    )
    kinds = ("numeric", "numeric", "categorical", "categorical", "numeric", "numeric", "numeric")
    return frame, TableSchema(tuple(ColumnSpec(name, kind) for name, kind in zip(frame, kinds, strict=True)))


def test_dependence_of_numbers_and_levels_comes_back() -> None:
    """Rank correlations within .03, through missing values too; levels' means on a column within .1."""
    frame, schema = _linked()
    sample = make("gaussian_copula", schema).fit(frame).sample(20_000, seed=1)
    for one, other in (("a", "b"), ("lab 1", "lab 2"), ("a", "lab 1")):
        assert (
            abs(frame[one].corr(frame[other], "spearman") - sample[one].corr(sample[other], "spearman"))
            < 0.03
        )
    real, drawn = (table.groupby("level")["b"].mean() for table in (frame, sample))
    assert (real - drawn).abs().max() < 0.1
    odds = [pd.crosstab(table["level"], table["ill"], normalize="index")["yes"] for table in (frame, sample)]
    assert (odds[0] - odds[1]).abs().max() < 0.05


def test_missing_by_design_stays_by_design() -> None:
    """What is missing for the healthy stays so, row by row; two results of one visit are missing together."""
    frame, schema = _linked()
    sample = make("gaussian_copula", schema).fit(frame).sample(5000, seed=1)
    assert sample["since"].isna().equals(sample["ill"] == "no")
    assert sample["lab 1"].isna().equals(sample["lab 2"].isna())
    for name in frame:
        assert abs(frame[name].isna().mean() - sample[name].isna().mean()) < 0.02


def test_values_that_only_some_have_keep_their_marginal() -> None:
    """What only the upper fifth of a correlated column has comes out distributed as it was."""
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 5000)
    frame = pd.DataFrame(
        {
            "a": z[:, 0],
            "ill": np.where(z[:, 0] > 0.8, "yes", "no"),
            "x": np.where(z[:, 0] > 0.8, z[:, 1], np.nan),
        }
    )
    kinds = ("numeric", "categorical", "numeric")
    schema = TableSchema(tuple(ColumnSpec(name, kind) for name, kind in zip(frame, kinds, strict=True)))
    sample = make("gaussian_copula", schema).fit(frame).sample(20_000, seed=1)
    assert abs(sample["x"].mean() - frame["x"].mean()) < 0.05
    assert stats.ks_2samp(frame["x"].dropna(), sample["x"].dropna()).statistic < 0.05


def test_missing_rates_of_few_people_are_not_learned() -> None:
    """A level of 3 people, none of them missing, gets everybody's rate, not its own 0."""
    draws = np.random.default_rng(0)
    levels = np.array(["a"] * 500 + ["b"] * 497 + ["few"] * 3)
    gone = np.where(levels == "a", draws.random(1000) < 0.9, levels == "zzz")
    frame = pd.DataFrame({"level": levels, "x": np.where(gone, np.nan, draws.normal(size=1000))})
    schema = TableSchema(
        (ColumnSpec("level", "categorical", categories=("a", "b", "few")), ColumnSpec("x", "numeric"))
    )
    synth = make("gaussian_copula", schema).fit(frame)
    [item] = synth._copula.missing  # type: ignore[attr-defined] # the state under test
    assert item.parent == "level"
    [line] = [line for line in synth._copula.columns if line.name == "level"]  # type: ignore[attr-defined]
    rates = dict(zip(line.levels, item.rates, strict=True))
    assert rates["b"] == 0.0
    assert rates["few"] == pytest.approx(gone.mean())


def test_samples_stay_within_public_bounds_and_levels(nhanes: Dataset) -> None:
    """On NHANES, 20,000 sampled rows break no bound and no list of levels: only rules can be broken."""
    sample = make("gaussian_copula", nhanes.schema).fit(nhanes.frame).sample(20_000, seed=1)
    problems = nhanes.schema.check(sample).problems
    assert {problem.rule.split(" the rule ")[0] for problem in problems} <= {"breaks"}
    assert not any("missing(diabetes_age)" in problem.rule for problem in problems)


def test_open_ends_stay_within_the_guards(nhanes: Dataset) -> None:
    """Without public bounds nothing beyond the k-th value is sampled."""
    schema = TableSchema((ColumnSpec("blood_lead", "numeric"), ColumnSpec("age", "integer")))
    frame = nhanes.frame[["blood_lead", "age"]]
    sample = make("gaussian_copula", schema, guard=Guard(25)).fit(frame).sample(20_000, seed=1)
    assert sample["blood_lead"].max() <= frame["blood_lead"].nlargest(25).iloc[-1]


def test_two_columns_of_one_truth_stay_one() -> None:
    """Perfectly dependent columns make a singular matrix, and come out dependent all the same."""
    x = np.random.default_rng(0).normal(size=500)
    frame = pd.DataFrame({"x": x, "same": x, "minus": -x})
    schema = TableSchema(tuple(ColumnSpec(name, "numeric") for name in frame))
    sample = make("gaussian_copula", schema).fit(frame).sample(2000, seed=1)
    assert sample["x"].corr(sample["same"], "spearman") > 0.99
    assert sample["x"].corr(sample["minus"], "spearman") < -0.99


def test_a_large_table_is_structured_on_a_sample() -> None:
    """Beyond 10,000 rows, parents are judged on a sample; what is missing by design is found all the same."""
    frame, schema = _linked(12_000)
    sample = make("gaussian_copula", schema).fit(frame).sample(1000, seed=1)
    assert sample["since"].isna().equals(sample["ill"] == "no")


def test_ordinal_levels_keep_their_order() -> None:
    """An ordinal column that rises with a number rises with it in the sample, in its declared order."""
    draws = np.random.default_rng(0)
    x = draws.normal(size=2000)
    grades = np.array(["zero", "mid", "a lot"])[np.digitize(x + draws.normal(size=2000) / 3, [-0.5, 0.5])]
    frame = pd.DataFrame({"x": x, "grade": grades})
    schema = TableSchema(
        (ColumnSpec("x", "numeric"), ColumnSpec("grade", "ordinal", categories=("zero", "mid", "a lot")))
    )
    means = make("gaussian_copula", schema).fit(frame).sample(5000, seed=1).groupby("grade")["x"].mean()
    assert means["zero"] < means["mid"] - 0.4 < means["a lot"] - 0.8


def test_as_sdv_differs_and_keeps_the_guard(nhanes: Dataset) -> None:
    """SDV's own behaviour is another model, fitted to the same guarded rows."""
    frame = nhanes.frame.iloc[:800]
    ours, sdvs = (make("gaussian_copula", nhanes.schema, as_sdv=flag).fit(frame) for flag in (False, True))
    assert ours.guard == sdvs.guard
    assert not ours.sample(100, seed=1).equals(sdvs.sample(100, seed=1))
    assert sdvs.spec.params == {"as_sdv": True}
