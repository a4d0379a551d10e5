"""Epsilon where the leak is known: how much of it is bounded, and that the bound does not exceed it."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from synthtab.attacks.canary_fits import inserted_canaries, refit_canaries
from synthtab.attacks.epsilon import EpsilonBound, paired_canaries, steinke_bound
from synthtab.attacks.record_scores import density_ratio
from synthtab.attacks.tables import AttackTables
from synthtab.auditing.epsilon import audit_epsilon
from synthtab.schema import ColumnSpec, TableSchema

ROWS = 1_600
SCHEMA = TableSchema(
    (ColumnSpec("x", "numeric"), ColumnSpec("y", "numeric"), ColumnSpec("site", "categorical"))
)


@pytest.fixture(scope="module")
def simulated() -> Any:
    """Give the simulated tables of the unit tests."""
    folder = str(Path(__file__).parents[1] / "unit")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("simulated_tables")
    finally:
        sys.path.remove(folder)


def people(n_rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 6])
    numbers = rng.normal(size=(n_rows, 2)).round(4)
    return pd.DataFrame({"x": numbers[:, 0], "y": numbers[:, 1], "site": rng.choice(list("abc"), n_rows)})


def with_probability(epsilon: float) -> float:
    """Give the chance of a true answer in a randomized response of this epsilon."""
    return 1 / (1 + math.exp(-epsilon))


def bounds(outcomes: list[EpsilonBound]) -> npt.NDArray[np.float64]:
    return np.array([outcome.epsilon for outcome in outcomes], dtype=np.float64)


# ---------------------------------------------------------------- pairs of simulated tables


def paired(simulated: Any, leak: Callable[..., Any], seed: int) -> EpsilonBound:
    train, holdout, fresh = simulated.three_tables(seed, ROWS)
    made = leak(train, fresh, np.random.default_rng([seed, 3]))
    attacked = AttackTables.of(train, holdout, made, simulated.COLUMNS, seed=seed)
    scores = density_ratio(attacked.to_real, attacked.to_made)
    return paired_canaries(scores, attacked.pool.is_train, attacked.pool.persons, seed=seed)


def test_a_fresh_sample_bounds_nothing(simulated: Any) -> None:
    """Fresh rows of the same law: 0 in at least 19 of 20 tables."""
    found = bounds([paired(simulated, lambda _, fresh, __: fresh, seed) for seed in range(20)])
    assert (found == 0).sum() >= 19


@pytest.mark.parametrize(
    ("copies", "low", "high"),
    [
        (16, 1.0, 1.2),  # the first round all right: 1.155
        (80, 2.8, 3.0),  # the third round all right: 2.88
    ],
)
def test_copies_bound_what_their_number_can_show(
    simulated: Any, copies: int, low: float, high: float
) -> None:
    """Sixteen copied rows (1 %) bound about 1.0, eighty about 2.9, in nine of ten tables at least."""
    found = bounds(
        [
            paired(simulated, lambda t, s, rng: simulated.leaking(s, t, copies, rng), seed)
            for seed in range(10)
        ]
    )
    assert ((found >= low) & (found <= high)).sum() >= 9


def test_near_copies_are_bounded_too(simulated: Any) -> None:
    """A tenth of the rows copied with noise of .02 standard deviations: at least 1.5 in each table."""
    found = [
        paired(simulated, lambda t, s, rng: simulated.leaking(s, t, 160, rng, 0.02), seed)
        for seed in range(5)
    ]
    assert bounds(found).min() >= 1.5


def test_a_memoriser_bounds_what_the_design_can_show(simulated: Any) -> None:
    """A bootstrap of the training rows: at least 3 in each table, of 3.58 that could be shown."""
    found = [
        paired(simulated, lambda t, _, rng: simulated.bootstrap(t, ROWS, rng), seed) for seed in range(5)
    ]
    assert bounds(found).min() >= 3.0
    assert found[0].cap == pytest.approx(3.584, abs=0.001)


# ---------------------------------------------------------------- false bounds


@pytest.mark.parametrize(("n_train", "n_holdout"), [(1_600, 1_600), (700, 300)])
@pytest.mark.parametrize("levels", [None, 3])
def test_labels_that_mean_nothing_rarely_bound_anything(
    n_train: int, n_holdout: int, levels: int | None
) -> None:
    """Shuffled labels, distinct or tied scores, equal or 70:30 sides: above 0 in 5 % of 2,000 at most.

    The four rounds together give 3.3 % (a coin's counts are coarse); 5 % lies four standard deviations above.
    """
    rng = np.random.default_rng(4)
    size = n_train + n_holdout
    scores = rng.normal(size=size) if levels is None else rng.integers(0, levels, size).astype(float)
    found = [
        paired_canaries(scores, rng.permutation(np.arange(size) < n_train), np.arange(size), seed=seed)
        for seed in range(2_000)
    ]
    assert (bounds(found) > 0).mean() <= 0.05


def test_guessing_without_pairs_would_bound_what_is_not_there() -> None:
    """On a 70:30 split, calling the 100 highest scores 'in' gives .4 and more from noise; pairs give 0."""
    rng = np.random.default_rng(1)
    unpaired, in_pairs = [], []
    for seed in range(50):
        scores, is_train = rng.normal(size=1_000), rng.permutation(np.arange(1_000) < 700)
        right = int(is_train[np.argsort(-scores)[:100]].sum())
        unpaired.append(steinke_bound(100, right, canaries=1_000, beta=0.05))
        in_pairs.append(paired_canaries(scores, is_train, np.arange(1_000), seed=seed))
    assert np.median(unpaired) > 0.4
    assert np.mean(np.array(unpaired) > 0) > 0.9
    assert (bounds(in_pairs) > 0).mean() <= 0.06


# ---------------------------------------------------------------- mechanisms of known epsilon


@pytest.mark.parametrize("epsilon", [0.5, 1.0])
def test_randomized_response_in_pairs(epsilon: float) -> None:
    """Membership is given out by randomized response of known epsilon; replacing one doubles it.

    In 200 runs the bound exceeds the truth in 5 % at most, and lies within 0.6 of it on average.
    """
    rng = np.random.default_rng(7)
    found = []
    for seed in range(200):
        is_train = rng.permutation(np.arange(2 * ROWS) < ROWS)
        answers = np.where(rng.random(2 * ROWS) < with_probability(epsilon), is_train, ~is_train)
        found.append(paired_canaries(answers.astype(float), is_train, np.arange(2 * ROWS), seed=seed))
    assert (bounds(found) > 2 * epsilon).mean() <= 0.05
    assert bounds(found).mean() > 2 * epsilon - 0.6


def test_randomized_response_over_inserted_canaries() -> None:
    """A mechanism that tells by randomized response of epsilon 2 whether each canary was in.

    In 40 runs the bound exceeds 2 in 5 % at most, and lies within 0.6 of it on average.
    """
    epsilon, train = 2.0, people(100)
    own = people(200, seed=1).assign(x=10 + np.arange(200.0))
    found = []
    for seed in range(40):

        def answer(rows: pd.DataFrame, fit_seed: int) -> pd.DataFrame:
            rng = np.random.default_rng(fit_seed)
            was_in = own["x"].isin(rows["x"]).to_numpy()
            told = np.where(rng.random(200) < with_probability(epsilon), was_in, ~was_in)
            return pd.concat([people(100, seed=2), own[told]], ignore_index=True)

        found.append(inserted_canaries(train, SCHEMA, answer, canaries=own, seed=seed))
    assert (bounds(found) > epsilon).mean() <= 0.05
    assert bounds(found).mean() > epsilon - 0.6


def test_randomized_response_over_refits() -> None:
    """A mechanism that tells by randomized response of epsilon 2 whether the target was in.

    In 20 runs of 60 fits the bound exceeds 2 in 5 % at most, and lies within 1.2 of it on average.
    """
    epsilon, train, other = 2.0, people(30), people(30, seed=2)
    target = people(1).assign(site="rare")

    def answer(rows: pd.DataFrame, fit_seed: int) -> pd.DataFrame:
        is_true = np.random.default_rng(fit_seed).random() < with_probability(epsilon)
        was_in = bool((rows["site"] == "rare").any())
        return pd.concat([other, target], ignore_index=True) if was_in is is_true else other

    found = [refit_canaries(train, SCHEMA, answer, target=target, fits=60, seed=seed) for seed in range(20)]
    assert (bounds(found) > epsilon).mean() <= 0.05
    assert bounds(found).mean() > epsilon - 1.2


def test_resampling_rows_is_seen_by_inserted_canaries() -> None:
    """The resampler gives canaries out word for word: above 1 in each of five audits, whatever the guard."""
    for seed in range(5):
        found = audit_epsilon(people(800), schema=SCHEMA, synthesizer="resampler", seed=seed)
        assert found.epsilon is not None
        assert found.epsilon > 1.0
        assert found.cap == pytest.approx(3.105, abs=0.001)


def test_independent_columns_hide_inserted_canaries_behind_a_guard() -> None:
    """Independent columns behind a guard: 0 in at least four of five audits."""
    found = [
        audit_epsilon(people(800), schema=SCHEMA, synthesizer="independent", seed=seed).epsilon
        for seed in range(5)
    ]
    assert sum(value == 0 for value in found) >= 4


def test_a_unique_category_is_given_away_without_a_guard() -> None:
    """Forty fits of independent columns, one person alone at a site: above .5 unguarded, 0 with the guard."""
    target = people(1, seed=3).assign(site="only one")
    given: dict[str, Any] = {"schema": SCHEMA, "synthesizer": "independent", "target": target, "fits": 40}
    bare = [audit_epsilon(people(150), guard=False, n_synthetic=600, seed=seed, **given) for seed in range(3)]
    assert min(found.epsilon for found in bare if found.epsilon is not None) > 0.5
    assert bare[0].cap == pytest.approx(1.823, abs=0.001)
    guarded = audit_epsilon(people(150), n_synthetic=600, **given)
    assert guarded.epsilon == 0.0
    assert "0 is not evidence of privacy" in guarded.sentence
