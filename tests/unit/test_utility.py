"""Utility: scores of textbook definition, honest intervals, and synthetic tables that lost what matters."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from simulated_tables import (
    COLUMNS,
    labels,
    numbers,
    reordered,
    shuffled,
    specs,
    three_tables,
    ugly_tables,
)
from sklearn.metrics import r2_score, roc_auc_score

from synthtab.metrics.columns import stacked
from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.learners import Learner, fit_predict
from synthtab.metrics.prediction import prediction_task
from synthtab.metrics.utility import ModelUtility, UtilityResult, train_synthetic_test_real
from synthtab.schema import CastTable, LabelColumn, NumberColumn
from synthtab.seeding import derive_seed

UGLY = ugly_tables()


def _model(result: UtilityResult, name: str) -> ModelUtility:
    return next(model for model in result.models if model.model == name)


@pytest.mark.parametrize(("target", "measure"), [("y", "auc"), ("x1", "r2"), ("a", "auc")])
def test_fresh_rows_train_as_well(target: str, measure: str) -> None:
    """A fresh sample scores like real rows: z below 2.5 and the calibrated interval holds 1."""
    train, holdout, fresh = three_tables(0, 700)
    result = train_synthetic_test_real(train, holdout, fresh, COLUMNS, target)
    assert [model.model for model in result.models] == ["gradient_boosting", "linear"]
    for model in result.models:
        assert model.measure == measure
        assert model.trtr > model.chance + 0.1
        assert model.z is not None
        assert abs(model.z) < 2.5
        assert model.low is not None
        assert model.high is not None
        assert model.low <= 1 <= model.high
        assert model.difference == pytest.approx(model.tstr - model.trtr)


@pytest.mark.parametrize("target", ["y", "x1"])
def test_independent_columns_train_nothing(target: str) -> None:
    """Shuffled columns hold nothing to learn: a calibrated score near 0 and z above 5."""
    train, holdout, _ = three_tables(0, 700)
    made = shuffled(train, np.random.default_rng(0))
    for model in train_synthetic_test_real(train, holdout, made, COLUMNS, target).models:
        assert model.z is not None
        assert model.calibrated is not None
        assert model.z > 5
        assert model.calibrated < 0.35


def test_false_alarms() -> None:
    """Of 15 fresh samples and both models, at most one z exceeds 2.58 and at most five 1.64."""
    z = []
    for seed in range(15):
        train, holdout, fresh = three_tables(seed, 300)
        result = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "x1", seed=seed, n_bootstrap=100)
        z += [model.z for model in result.models]
    found = np.array(z, dtype=float)
    assert (found > 2.58).sum() <= 1
    assert (found > 1.64).sum() <= 5


def test_scores_are_scikit_learns() -> None:
    """Macro one-vs-rest AUC and R² of the unweighted test rows equal scikit-learn's."""
    train, holdout, _ = three_tables(1, 400)
    ones = np.ones((1, 400), dtype=np.float32)
    for target in ("a", "x0"):
        features = tuple(column for column in COLUMNS if column.name != target)
        encoder = FeatureEncoder.fit((train,), (train,), features)
        task = prediction_task(train, holdout, target)
        predicted = fit_predict(Learner.LINEAR, encoder, train, holdout, task, 0)
        if target == "a":
            aucs = [roc_auc_score(task.truth == code, predicted[:, code]) for code in task.scored]
            assert len(aucs) == 4
            assert task.score(predicted, ones)[0] == pytest.approx(np.mean(aucs))
            assert np.allclose(predicted.sum(axis=1), 1)
        else:
            assert task.score(predicted, ones)[0] == pytest.approx(r2_score(task.truth, predicted[:, 0]))


def test_a_lost_class_gets_no_probability() -> None:
    """Synthetic rows without one of three classes: no crash, that class scores .5, the others still count."""
    rng = np.random.default_rng(0)

    def table(classes: str) -> CastTable:
        codes = rng.integers(0, len(classes), 400)
        at = np.array([{"p": -2.0, "q": 0.0, "r": 2.0}[name] for name in classes])
        return CastTable(
            {
                **numbers(x=at[codes] + 0.3 * rng.normal(size=400)).columns,
                "c": LabelColumn(codes, tuple(classes)),
            },
            400,
        )

    train, holdout, made = table("pqr"), table("pqr"), table("pq")
    result = train_synthetic_test_real(train, holdout, made, specs(train), "c")
    assert result.n_classes == 3
    boosted = _model(result, "gradient_boosting")
    assert boosted.trtr > 0.97
    assert 0.6 < boosted.tstr < 0.9
    assert boosted.z is not None
    assert boosted.z > 3


def test_one_class_is_a_constant_predictor() -> None:
    """Synthetic rows of a single class predict it always: exactly chance, calibrated exactly 0."""
    train, holdout, fresh = three_tables(2, 300)
    made = CastTable({**fresh.columns, "y": LabelColumn(np.zeros(300, dtype=np.int64), ("yes",))}, 300)
    for model in train_synthetic_test_real(train, holdout, made, COLUMNS, "y").models:
        assert (model.tstr, model.calibrated) == (0.5, 0.0)


def test_an_invented_class_does_no_harm() -> None:
    """A class that no real row has is learnt and never scored."""
    train, holdout, fresh = three_tables(3, 300)
    codes = fresh.label("y").codes + 1
    codes[:10] = 0
    made = CastTable({**fresh.columns, "y": LabelColumn(codes, ("banana", "no", "yes"))}, 300)
    result = train_synthetic_test_real(train, holdout, made, COLUMNS, "y")
    assert result.n_classes == 2
    for model in result.models:
        assert model.tstr > 0.7


def test_sizes() -> None:
    """Both models get as many rows as the smaller table, capped; test rows without a target are dropped."""
    train, holdout, fresh = three_tables(4, (300, 200, 150))
    known = int((~holdout["x1"].is_missing).sum())
    result = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "x1")
    assert (result.n_train, result.n_test, result.task) == (150, known, "regression")
    assert known < 200
    capped = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "x1", max_rows=100)
    assert capped.n_train == 100
    assert capped.n_test <= 100


def test_rare_flag() -> None:
    """A class of 3 % of the test rows makes a target rare; one of under ten rows is not scored at all."""
    rng = np.random.default_rng(0)

    def table(shares: tuple[float, ...]) -> CastTable:
        codes = np.repeat(np.arange(len(shares)), [round(600 * share) for share in shares])
        names = tuple("abc"[: len(shares)])
        return CastTable(
            {**numbers(x=codes + rng.normal(size=600)).columns, "c": LabelColumn(codes, names)}, 600
        )

    rare = table((0.57, 0.40, 0.03))
    result = train_synthetic_test_real(rare, rare, rare, specs(rare), "c")
    assert (result.rare, result.n_classes) == (True, 3)
    hidden = table((0.59, 0.40, 0.01))
    result = train_synthetic_test_real(hidden, hidden, hidden, specs(hidden), "c")
    assert (result.rare, result.n_classes) == (False, 2)


def test_no_signal_is_not_applicable() -> None:
    """A target that nothing predicts has a reason instead of a calibrated score; TSTR and TRTR stay."""
    rng = np.random.default_rng(0)
    train, holdout, made = (
        CastTable({**numbers(x=rng.normal(size=400), y=rng.normal(size=400)).columns}, 400) for _ in range(3)
    )
    for model in train_synthetic_test_real(train, holdout, made, specs(train), "y").models:
        assert model.calibrated is None
        assert model.z is None
        assert "constant predictor" in model.reason
        assert np.isfinite([model.tstr, model.trtr]).all()


def test_large_test_sets_widen_the_error() -> None:
    """With far more test than training rows training noise rules: the error exceeds 1.3 bootstrap SDs."""
    z = []
    for seed in range(12):
        train, holdout, fresh = three_tables(seed, (150, 2_500, 150))
        result = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "x1", seed=seed, n_bootstrap=60)
        z += [model.z for model in result.models]
    assert np.abs(np.array(z, dtype=float)).max() < 3.3
    assert np.std(np.array(z, dtype=float)) < 1.6


def test_people_widen_the_error() -> None:
    """Eight rows a person carry less news than eight people: the bootstrap by person is wider."""
    rng = np.random.default_rng(0)

    def visits() -> CastTable:
        ids = np.repeat(np.arange(60), 8)
        x = rng.normal(size=60)[ids]
        return numbers(x=x + 0.1 * rng.normal(size=480), y=x + rng.normal(size=60)[ids])

    train, holdout, made = visits(), visits(), visits()
    persons = np.repeat(np.arange(60), 8)
    by_person = train_synthetic_test_real(
        train, holdout, made, specs(train), "y", holdout_persons=persons, n_bootstrap=400
    )
    by_row = train_synthetic_test_real(train, holdout, made, specs(train), "y", n_bootstrap=400)
    assert _model(by_person, "gradient_boosting").se > 1.5 * _model(by_row, "gradient_boosting").se


def test_many_classes() -> None:
    """A target of 300 levels pools all but the twenty most frequent, and answers."""
    rng = np.random.default_rng(0)

    def table() -> CastTable:
        codes = np.minimum(rng.geometric(0.1, 1_000), 300)
        return CastTable(
            {
                **numbers(x=codes + rng.normal(size=1_000)).columns,
                **labels(c=[f"{code:03d}" for code in codes]).columns,
            },
            1_000,
        )

    train, holdout, made = table(), table(), table()
    result = train_synthetic_test_real(train, holdout, made, specs(train), "c", n_bootstrap=50)
    assert 10 <= result.n_classes <= 20
    assert _model(result, "gradient_boosting").trtr > 0.75


def test_shifted_and_wild_features() -> None:
    """Synthetic features on another scale, or infinite, cost utility, never an error."""
    train, holdout, fresh = three_tables(5, 300)
    for values in (1_000 * fresh.number("x3").values + 5e6, np.full(300, np.inf)):
        made = CastTable({**fresh.columns, "x3": NumberColumn(values)}, 300)
        for target in ("y", "x1"):
            for model in train_synthetic_test_real(train, holdout, made, COLUMNS, target).models:
                assert np.isfinite([model.tstr, model.trtr, model.se]).all()
                assert model.tstr < model.trtr + 0.1


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Every table gets finite figures for either kind of target, or none and a reason."""
    train, holdout, made = UGLY[case]
    for target in ("x", "y", "x1", "a", "id"):
        if target not in train.columns:
            continue
        result = train_synthetic_test_real(train, holdout, made, specs(train), target, n_bootstrap=20)
        assert bool(result.models) != bool(result.reason)
        figures = [value for model in result.models for value in asdict(model).values()]
        assert np.isfinite([value for value in figures if isinstance(value, float)]).all()


def test_order_and_seed() -> None:
    """Columns the other way round change nothing to the last bit; another seed draws other bootstraps."""
    train, holdout, fresh = three_tables(6, 200)
    plain = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "y", seed=1)
    turned = train_synthetic_test_real(
        reordered(train), reordered(holdout), reordered(fresh), COLUMNS[::-1], "y", seed=1
    )
    assert plain == turned
    other = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "y", seed=2)
    assert other.models[0].se != plain.models[0].se


def test_three_families_at_depth() -> None:
    """Thorough asks extra trees too, for either kind of target, and leaves the families before it as good."""
    train, holdout, fresh = three_tables(8, 400)
    for target in ("y", "x1"):
        standard = train_synthetic_test_real(train, holdout, fresh, COLUMNS, target)
        thorough = train_synthetic_test_real(train, holdout, fresh, COLUMNS, target, depth="thorough")
        assert [model.model for model in standard.models] == ["gradient_boosting", "linear"]
        assert [model.model for model in thorough.models][2:] == ["extra_trees"]
        for shallow, deep in zip(standard.models, thorough.models, strict=False):
            assert (deep.tstr, deep.trtr, deep.trstr) == (shallow.tstr, shallow.trtr, shallow.trstr)
            assert deep.se == pytest.approx(shallow.se, rel=0.2)
        trees = _model(thorough, "extra_trees")
        assert trees.trtr > trees.chance + 0.1
        assert trees.z is not None
        assert abs(trees.z) < 2.5
        flat = train_synthetic_test_real(
            train, holdout, shuffled(train, np.random.default_rng(0)), COLUMNS, target, depth="thorough"
        )
        assert (_model(flat, "extra_trees").z or 0.0) > 3  # beyond the budget shared by all models


def test_noise_on_the_labels_is_found() -> None:
    """Two thirds of the synthetic labels drawn anew: every family trains worse, at z above 3."""
    train, holdout, fresh = three_tables(9, 800)
    rng = np.random.default_rng(0)
    codes = fresh.label("y").codes.copy()
    noisy = rng.random(800) < 2 / 3
    codes[noisy] = rng.permutation(codes[noisy])
    made = CastTable({**fresh.columns, "y": LabelColumn(codes, ("no", "yes"))}, 800)
    for model in train_synthetic_test_real(train, holdout, made, COLUMNS, "y").models:
        assert model.z is not None
        assert model.z > 3


def test_augmentation_with_fresh_rows_helps() -> None:
    """Few real rows and as many fresh ones beside them: every family gains, beyond chance on most tables."""
    words, gains = [], []
    for seed in range(6):
        train, holdout, fresh = three_tables(seed, (150, 2_000, 150))
        models = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "x1", n_bootstrap=60).models
        words += [model.augmentation for model in models]
        gains += [model.gain for model in models]
    assert min(gains) > -0.01
    assert np.mean(gains) > 0.01
    assert "harms" not in words


def test_augmentation_with_garbage_harms() -> None:
    """Synthetic rows with the labels turned round spoil the real ones beside them; and TRSTR adds up."""
    train, holdout, fresh = three_tables(1, 600)
    turned = CastTable({**fresh.columns, "y": LabelColumn(1 - fresh.label("y").codes, ("no", "yes"))}, 600)
    for model in train_synthetic_test_real(train, holdout, turned, COLUMNS, "y").models:
        assert model.augmentation == "harms"
        assert model.trstr < model.trtr - 0.1
        assert model.gain == pytest.approx(model.trstr - model.trtr)
        assert model.gain_low < model.gain < model.gain_high < 0


def test_augmentation_learns_from_both_tables() -> None:
    """TRSTR is the score of a model trained on the rows of both tables under one another."""
    train, holdout, fresh = three_tables(2, 300)
    task = prediction_task(train, holdout, "y")
    columns = tuple(column for column in COLUMNS if column.name != "y")
    encoder = FeatureEncoder.fit((train, fresh), (train,), columns)
    both = stacked((train, fresh), tuple(sorted(train.columns)))
    seed = derive_seed(0, "utility", "y", "linear")
    scores = fit_predict(Learner.LINEAR, encoder, both, holdout, task, seed)[:, 1]
    known = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "y")
    expected = roc_auc_score(holdout.label("y").codes == 1, scores)
    assert _model(known, "linear").trstr == pytest.approx(expected, abs=1e-3)


def test_global_random_state_is_left_alone() -> None:
    """Thorough utility draws nothing from NumPy's global stream."""
    train, holdout, fresh = three_tables(3, 120)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not move
    train_synthetic_test_real(train, holdout, fresh, COLUMNS, "y", depth="thorough", n_bootstrap=20)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002 - as above
