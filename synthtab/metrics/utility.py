"""Utility: whether a model trained on synthetic rows predicts real ones as well as one trained on real."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.prediction import Learner, PredictionTask, fit_predict, has_target, prediction_task
from synthtab.metrics.ranking import PersonArray, bootstrap_weights, numbered_persons
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.casting import FloatArray
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = ["ModelUtility", "UtilityResult", "train_synthetic_test_real"]

MIN_SIGNAL = 0.05
# The bootstrap of test rows does not see that other training rows would have given other models. With as
# many test as training rows that widens the error by 1.3; training noise falls with training rows, so with
# relatively more test rows it weighs more.
_TRAINING_NOISE = 1.3


@dataclass(frozen=True)
class ModelUtility:
    """One model family: trained on synthetic rows beside trained on real rows, tested on the holdout.

    Parameters
    ----------
    model : str
        ``gradient_boosting`` or ``linear``.
    measure : str
        ``auc`` (one class against the rest, mean over classes; 0 … 1) or ``r2`` (at most 1); 1 is perfect.
    tstr, trtr : float
        Score of the model trained on synthetic, and on as many real rows.
    chance : float
        Score of a constant predictor.
    difference, difference_low, difference_high : float
        ``tstr - trtr`` with its 95 % interval.
    se : float
        Standard error of the difference, raised for what training adds.
    z : float or None
        ``(trtr - tstr) / se``: evidence that synthetic rows train worse.
    calibrated, low, high : float or None
        ``(tstr - chance) / (trtr - chance)`` with its 95 % interval: 0 is chance, 1 is as good as real rows.
        None when real rows beat chance by less than .05.
    smallest_detectable : float or None
        Loss of the calibrated score that had an 80 % chance to be called significant at .005.
    reason : str
        Why there is no calibrated score.
    """

    model: str
    measure: str
    tstr: float
    trtr: float
    chance: float
    difference: float
    difference_low: float
    difference_high: float
    se: float
    z: float | None = None
    calibrated: float | None = None
    low: float | None = None
    high: float | None = None
    smallest_detectable: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class UtilityResult:
    """What train-on-synthetic, test-on-real found for one target.

    Parameters
    ----------
    target : str
        Column to predict.
    task : str
        ``classification`` or ``regression``.
    n_train : int
        Rows that each model was given; those without a target were then left out.
    n_test : int
        Holdout rows with a target.
    n_classes : int
        Classes that were scored; 0 for regression.
    rare : bool
        Whether the rarest scored class holds less than 5 % of the test rows.
    models : tuple of ModelUtility
        One for each model family; none when nothing could be tested.
    reason : str
        Why there is none.
    """

    target: str
    task: str
    n_train: int
    n_test: int
    n_classes: int
    rare: bool
    models: tuple[ModelUtility, ...] = ()
    reason: str = ""


def train_synthetic_test_real(
    train: CastTable,
    holdout: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    target: str,
    *,
    holdout_persons: PersonArray | None = None,
    seed: int = 0,
    max_rows: int = 20_000,
    n_bootstrap: int = 200,
) -> UtilityResult:
    """Train on synthetic rows and on as many real rows, test both on the holdout (TSTR beside TRTR).

    A label target is classified, a number target is regressed. Levels and scales come from the real
    training rows for both models, so that only the rows they learn from differ. A class that the
    synthetic table lost is predicted with probability 0; a synthetic table of one class predicts it always.

    Parameters
    ----------
    train : CastTable
        Real rows that the synthesizer learnt from.
    holdout : CastTable
        Real rows to test on.
    synthetic : CastTable
        Synthetic rows.
    columns : tuple of ColumnSpec
        The target and the columns to predict it from.
    target : str
        Column to predict.
    holdout_persons : ndarray of int, shape (n_holdout,), optional
        Person of each holdout row: the bootstrap draws persons.
    seed : int, default 0
        Seed of samples, fits and bootstrap.
    max_rows : int, default 20000
        Most rows to train on and to test on; more are sampled.
    n_bootstrap : int, default 200
        Bootstrap draws of the test rows.

    Returns
    -------
    UtilityResult
        One score for each model family.

    References
    ----------
    Esteban, Hyland and Rätsch (2017), Real-valued (medical) time series generation, arXiv 1706.02633.
    """
    # loaded before the block: it can only hold to one thread the libraries that it finds
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401

    n_train = min(train.n_rows, synthetic.n_rows, max_rows)
    real, made = (
        _with_target(table, target, _sample(table.n_rows, n_train, seed, side))
        for table, side in ((train, "train"), (synthetic, "synthetic"))
    )
    test_rows = _sample(holdout.n_rows, max_rows, seed, "holdout")
    test_rows = test_rows[has_target(holdout, target)[test_rows]]
    test = holdout.take(test_rows)
    task = prediction_task(real, test, target)
    result = UtilityResult(
        target=target,
        task="classification" if task.is_classification else "regression",
        n_train=n_train,
        n_test=test.n_rows,
        n_classes=len(task.scored),
        rare=task.is_rare,
        reason=task.reason if n_train else "an empty table",
    )
    with one_native_thread():
        features = tuple(column for column in columns if column.name != target)
        encoder = FeatureEncoder.fit((real, made), (real,), features)
        if result.reason or not encoder.features:
            return replace(result, reason=result.reason or "no column to predict from")
        persons = numbered_persons(numbered_persons(holdout_persons, holdout.n_rows)[test_rows], test.n_rows)
        weights = bootstrap_weights(persons, n_bootstrap, generator(seed, "utility", target))
        models = []
        for learner in Learner:
            fit_seed = derive_seed(seed, "utility", target, learner.value)
            tstr, trtr = (
                task.score(fit_predict(learner, encoder, rows, test, task, fit_seed), weights)
                for rows in (made, real)
            )
            models.append(_compare(learner, task, tstr, trtr, test.n_rows / n_train))
    return replace(result, models=tuple(models))


def _sample(n_have: int, n_want: int, seed: int, side: str) -> npt.NDArray[np.intp]:
    if n_have <= n_want:
        return np.arange(n_have)
    return np.sort(generator(seed, "utility", side).choice(n_have, size=n_want, replace=False)).astype(
        np.intp
    )


def _with_target(table: CastTable, target: str, rows: npt.NDArray[np.intp]) -> CastTable:
    return table.take(rows[has_target(table, target)[rows]])


def _compare(
    learner: Learner, task: PredictionTask, tstr: FloatArray, trtr: FloatArray, test_to_train: float
) -> ModelUtility:
    """Set two scores and their bootstrap draws (the first entry is the score) side by side."""
    noise = max(_TRAINING_NOISE, float(np.sqrt(1 + (_TRAINING_NOISE**2 - 1) * test_to_train)))
    made, real = float(tstr[0]), float(trtr[0])
    se = noise * max(float(np.nanstd(tstr[1:] - trtr[1:], ddof=1)), 1e-9)
    gain = real - task.chance
    compared = ModelUtility(
        model=learner.value,
        measure="auc" if task.is_classification else "r2",
        tstr=made,
        trtr=real,
        chance=task.chance,
        difference=made - real,
        difference_low=made - real - 1.96 * se,
        difference_high=made - real + 1.96 * se,
        se=se,
    )
    if gain < MIN_SIGNAL:
        return replace(compared, reason=f"real rows beat a constant predictor by less than {MIN_SIGNAL}")
    calibrated = (made - task.chance) / gain
    # delta method: draws of a ratio run away when its denominator comes near zero
    ratio_se = noise * float(np.nanstd(tstr[1:] - calibrated * trtr[1:], ddof=1)) / gain
    return replace(
        compared,
        z=(real - made) / se,
        calibrated=calibrated,
        low=calibrated - 1.96 * ratio_se,
        high=calibrated + 1.96 * ratio_se,
        smallest_detectable=(2.576 + 0.842) * se / gain,
    )
