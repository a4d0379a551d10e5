"""Importance: rank agreement by hand, what models rely on, and synthetic rows that teach other columns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import kendalltau
from simulated_tables import COLUMNS, numbers, reordered, shuffled, specs, three_tables
from sklearn.inspection import permutation_importance

from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.importance import (
    ImportanceAgreement,
    importance_agreement,
    permutation_losses,
    rank_agreement,
)
from synthtab.metrics.learners import Learner, fit_model
from synthtab.metrics.prediction import prediction_task
from synthtab.schema import CastTable


def agreement_of(
    real: CastTable, made: CastTable, test: CastTable, target: str = "y", seed: int = 0
) -> ImportanceAgreement | None:
    """Ask for the agreement of models that predict one column from all others."""
    columns = tuple(column for column in specs(real) if column.name != target)
    encoder = FeatureEncoder.fit((real, made), (real,), columns)
    task = prediction_task(real, test, target)
    return importance_agreement(real, made, test, task, encoder, seed=seed)


def test_rank_agreement_by_hand() -> None:
    """Columns a, b, c ranked 1 2 3 and 1 3 2: pairs weigh 10/3, 19/6 and 5/3; the last disagrees."""
    # weights 1/r + 1/s: a 1 + 1, b 1/2 + 1/3, c 1/3 + 1/2; ab 2 + 5/6, ac 2 + 5/6, bc 5/6 + 5/6
    expected = (17 / 6 + 17 / 6 - 10 / 6) / (17 / 6 + 17 / 6 + 10 / 6)
    found = rank_agreement(np.array([9.0, 5.0, 1.0]), np.array([9.0, 1.0, 5.0]))
    assert float(found) == pytest.approx(expected)


def test_the_top_counts_most() -> None:
    """Two columns exchanged at the top cost more than two exchanged at the bottom; unweighted, as much."""
    plain = np.arange(6.0)[::-1]
    top, bottom = plain[[1, 0, 2, 3, 4, 5]], plain[[0, 1, 2, 3, 5, 4]]
    assert float(rank_agreement(plain, top)) < float(rank_agreement(plain, bottom)) - 0.05
    assert kendalltau(plain, top).statistic == pytest.approx(kendalltau(plain, bottom).statistic)


@pytest.mark.parametrize("seed", range(5))
def test_rank_agreement_properties(seed: int) -> None:
    """Bounds, identity, reversal, symmetry, and independence of the order of columns and of scale."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=9), rng.integers(0, 4, 9).astype(float)
    found = float(rank_agreement(first, second))
    assert -1 <= found <= 1
    assert float(rank_agreement(first, first)) == pytest.approx(1)
    assert float(rank_agreement(first, -first)) == pytest.approx(-1)
    assert float(rank_agreement(second, first)) == pytest.approx(found)
    order = rng.permutation(9)
    assert float(rank_agreement(first[order], second[order])) == pytest.approx(found)
    assert float(rank_agreement(np.exp(first), 3 * second + 1)) == pytest.approx(found)
    assert float(rank_agreement(first, np.zeros(9))) == 0


def test_rank_agreement_is_centred() -> None:
    """Over all orders of four columns the mean agreement with any one order is exactly 0."""
    orders = np.array(list(itertools.permutations(range(4))), dtype=np.float64)
    found = rank_agreement(np.arange(4.0), orders)
    assert found.shape == (24,)
    assert float(found.mean()) == pytest.approx(0, abs=1e-12)


def test_importance_is_permutation_importance() -> None:
    """The mean rise of the squared error agrees with scikit-learn's permutation importance."""
    train, test, _ = three_tables(1, 500)
    columns = tuple(column for column in COLUMNS if column.name.startswith("x") and column.name != "x2")
    task = prediction_task(train, test, "x2")
    encoder = FeatureEncoder.fit((train,), (train,), columns)
    model = fit_model(Learner.GRADIENT_BOOSTING, encoder, train, task, 0)
    own = permutation_losses(model, test, task, 0, repeats=20).mean(axis=0)
    theirs = permutation_importance(
        model.fitted,
        model.features(test),
        task.truth,
        scoring="neg_mean_squared_error",
        n_repeats=20,
        random_state=0,
    ).importances_mean
    # clipping of predictions to the range shown in training is ours alone
    assert own == pytest.approx(theirs, rel=0.15, abs=0.01)


def test_a_column_without_meaning_has_no_importance() -> None:
    """One column makes the target, one is noise, one is constant: large, near zero, exactly zero."""
    rng = np.random.default_rng(0)

    def table() -> CastTable:
        x = rng.normal(size=600)
        return numbers(
            cause=x, noise=rng.normal(size=600), same=np.ones(600), y=x + 0.3 * rng.normal(size=600)
        )

    train, test = table(), table()
    task = prediction_task(train, test, "y")
    encoder = FeatureEncoder.fit((train,), (train,), specs(train)[:3])
    model = fit_model(Learner.GRADIENT_BOOSTING, encoder, train, task, 0)
    cause, noise, same = permutation_losses(model, test, task, 0).mean(axis=0)
    assert cause > 1
    assert abs(noise) < 0.05
    assert same == 0


def test_fresh_rows_teach_the_same_columns() -> None:
    """Fresh real rows agree as well as real halves do: the excess is centred on 0 over ten tables."""
    found = []
    for seed in range(10):
        train, test, fresh = three_tables(seed, 500)
        result = agreement_of(train, fresh, test, seed=seed)
        assert result is not None
        assert -1 <= result.low <= result.value <= result.high <= 1
        assert result.excess == pytest.approx(result.value - result.floor)
        assert result.n_train in range(200, 251)
        found.append(result)
    excess = np.array([result.excess for result in found])
    assert abs(excess.mean()) < 2.5 * excess.std(ddof=1) / np.sqrt(10)
    assert sum(result.excess_high < 0 for result in found) <= 2
    assert np.mean([result.floor for result in found]) > 0.4


def test_shuffled_columns_teach_no_order() -> None:
    """Shuffled columns hold nothing to rely on: agreement near 0, far below that of real halves."""
    found = []
    for seed in range(8):
        train, test, _ = three_tables(seed, 500)
        result = agreement_of(train, shuffled(train, np.random.default_rng(seed)), test, seed=seed)
        assert result is not None
        found.append(result)
    assert abs(np.mean([result.value for result in found])) < 0.25
    assert np.mean([result.excess for result in found]) < -0.3
    assert sum(result.excess_high < 0 for result in found) >= 6


def test_a_wrong_cause_lowers_agreement() -> None:
    """Synthetic rows that make other columns the causes: agreement falls beyond its interval, every time."""
    rng = np.random.default_rng(3)

    def table(causes: str) -> CastTable:
        x = {name: rng.normal(size=400) for name in "abcdefgh"}
        y = sum(weight * x[name] for weight, name in enumerate(causes, start=1))
        return numbers(**x, y=y + 0.3 * rng.normal(size=400))

    found = [agreement_of(table("abcd"), table("efgh"), table("abcd"), seed=seed) for seed in range(5)]
    for result in found:
        assert result is not None
        assert result.real[:2] == ("d", "c")
        assert result.synthetic[:2] == ("h", "g")
        assert result.excess < -0.3
        assert result.excess_high < 0


def test_persons_stay_in_one_half() -> None:
    """Rows of one person in both halves would make the floor too good: persons halve it otherwise."""
    train, test, fresh = three_tables(4, 400)
    columns = tuple(column for column in COLUMNS if column.name != "y")
    encoder = FeatureEncoder.fit((train, fresh), (train,), columns)
    task = prediction_task(train, test, "y")
    one_person = np.r_[np.zeros(300, dtype=np.int64), np.arange(1, 101)]
    result = importance_agreement(train, fresh, test, task, encoder, real_persons=one_person, seed=0)
    assert result is not None
    assert result.n_train < 80  # the half without the frequent visitor sets the size


def test_too_little_to_rank() -> None:
    """Two columns have no order worth the name, and a target that nothing predicts has none either."""
    rng = np.random.default_rng(0)
    train, test, made = (numbers(a=rng.normal(size=60), b=rng.normal(size=60)) for _ in range(3))
    assert agreement_of(train, made, test, "b") is None
    constant = numbers(a=np.ones(60), b=np.ones(60), c=np.ones(60), y=rng.normal(size=60))
    assert agreement_of(constant, constant, constant) is None


def test_order_of_columns_changes_nothing() -> None:
    """Columns the other way round give the same agreement to the last bit; another seed another."""
    train, test, fresh = three_tables(5, 300)
    plain = agreement_of(train, fresh, test)
    assert plain == agreement_of(reordered(train), reordered(fresh), reordered(test))
    assert plain != agreement_of(train, fresh, test, seed=1)
