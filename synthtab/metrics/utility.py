"""Utility: whether a model trained on synthetic rows predicts real ones as well as one trained on real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import stacked
from synthtab.metrics.fairness import GroupFairness, group_fairness
from synthtab.metrics.features import FeatureEncoder, Float32Array
from synthtab.metrics.group_utility import GroupUtility, RowGroup, group_utility
from synthtab.metrics.importance import ImportanceAgreement, importance_agreement
from synthtab.metrics.learners import Learner, fit_predict
from synthtab.metrics.prediction import PredictionTask, has_target, prediction_task
from synthtab.metrics.ranking import PersonArray, bootstrap_weights, numbered_persons
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = ["Depth", "ModelUtility", "UtilityResult", "train_synthetic_test_real"]

Depth = Literal["standard", "thorough"]

MIN_SIGNAL = 0.05
# The bootstrap of test rows does not see that other training rows would have given other models. With as
# many test as training rows that widens the error by 1.3; training noise falls with training rows, so with
# relatively more test rows it weighs more.
_TRAINING_NOISE = 1.3
LEARNERS: dict[Depth, tuple[Learner, ...]] = {
    "standard": (Learner.GRADIENT_BOOSTING, Learner.LINEAR),
    "thorough": tuple(Learner),
}
_DRAWS: dict[Depth, int] = {"standard": 200, "thorough": 500}
_REPEATS: dict[Depth, int] = {"standard": 1, "thorough": 3}


@dataclass(frozen=True)
class ModelUtility:
    """One model family: trained on synthetic rows beside trained on real rows, tested on the holdout.

    Parameters
    ----------
    model : str
        ``gradient_boosting``, ``linear`` or ``extra_trees``.
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
    trstr : float
        Score of the model trained on those real and synthetic rows together.
    gain, gain_low, gain_high : float
        ``trstr - trtr`` with its 95 % interval: what augmentation with synthetic rows brings.
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
    trstr: float
    gain: float
    gain_low: float
    gain_high: float
    z: float | None = None
    calibrated: float | None = None
    low: float | None = None
    high: float | None = None
    smallest_detectable: float | None = None
    reason: str = ""

    @property
    def augmentation(self) -> str:
        """Whether adding synthetic to real rows ``helps``, ``harms``, or ``cannot be told``."""
        if self.gain_low > 0:
            return "helps"
        return "harms" if self.gain_high < 0 else "cannot be told"


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
    importance : ImportanceAgreement or None
        Whether the same columns matter in either table.
    groups : tuple of GroupUtility
        The boosted models inside each group.
    fairness : tuple of GroupFairness
        The boosted models between the groups of each column; only for a label target.
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
    importance: ImportanceAgreement | None = None
    groups: tuple[GroupUtility, ...] = ()
    fairness: tuple[GroupFairness, ...] = ()
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Test:
    """The test rows of one target, and what every score of them shares."""

    rows: CastTable
    people: IntArray
    groups: tuple[RowGroup, ...]
    task: PredictionTask
    weights: Float32Array
    noise: float


def train_synthetic_test_real(
    train: CastTable,
    holdout: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    target: str,
    *,
    train_persons: PersonArray | None = None,
    holdout_persons: PersonArray | None = None,
    groups: Sequence[RowGroup] = (),
    depth: Depth = "standard",
    seed: int = 0,
    max_rows: int = 20_000,
    n_bootstrap: int | None = None,
) -> UtilityResult:
    """Train on synthetic rows and on as many real rows, test both on the holdout (TSTR beside TRTR).

    A label target is classified, a number target is regressed. Levels and scales come from the real
    training rows for every model, so that only the rows they learn from differ. A class that the
    synthetic table lost is predicted with probability 0; a synthetic table of one class predicts it always.
    A third model of each family learns from the real and the synthetic rows together (TRSTR).

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
    train_persons, holdout_persons : ndarray of int, shape (n_train,) and (n_holdout,), optional
        Person of each row: the bootstrap draws persons, and halves keep them together.
    groups : sequence of RowGroup, optional
        Groups of holdout rows to score apart, and to compare for fairness.
    depth : {"standard", "thorough"}, default "standard"
        Thorough adds a third family of models (extra trees), bootstrap draws and shuffles.
    seed : int, default 0
        Seed of samples, fits and bootstrap.
    max_rows : int, default 20000
        Most rows to train on and to test on; more are sampled.
    n_bootstrap : int, optional
        Bootstrap draws of the test rows; by default 200, or 500 when thorough.

    Returns
    -------
    UtilityResult
        One score for each model family; of the boosted model also its columns, groups and fairness.

    References
    ----------
    Esteban, Hyland and Rätsch (2017), Real-valued (medical) time series generation, arXiv 1706.02633.
    """
    # loaded before the block: it can only hold to one thread the libraries that it finds
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401

    n_train = min(train.n_rows, synthetic.n_rows, max_rows)
    chosen = [
        _with_target(table, target, _sample(table.n_rows, n_train, seed, side))
        for table, side in ((train, "train"), (synthetic, "synthetic"))
    ]
    real, made = train.take(chosen[0]), synthetic.take(chosen[1])
    test_rows = _with_target(holdout, target, _sample(holdout.n_rows, max_rows, seed, "holdout"))
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
        people = numbered_persons(numbered_persons(holdout_persons, holdout.n_rows)[test_rows], test.n_rows)
        asked = _Test(
            rows=test,
            people=people,
            groups=tuple(replace(group, rows=group.rows[test_rows]) for group in groups),
            task=task,
            weights=bootstrap_weights(
                people, n_bootstrap or _DRAWS[depth], generator(seed, "utility", target)
            ),
            noise=_training_noise(test.n_rows / n_train),
        )
        both = stacked((real, made), tuple(sorted({*encoder.names, target})))
        models = []
        for learner in LEARNERS[depth]:
            fit_seed = derive_seed(seed, "utility", target, learner.value)
            predicted = [
                fit_predict(learner, encoder, rows, test, task, fit_seed) for rows in (real, made, both)
            ]
            models.append(_compare(learner, asked, predicted))
            if learner is Learner.GRADIENT_BOOSTING:
                result = _in_groups(result, asked, (predicted[0], predicted[1]), real, seed)
        return replace(
            result,
            models=tuple(models),
            importance=importance_agreement(
                real,
                made,
                test,
                task,
                encoder,
                real_persons=numbered_persons(train_persons, train.n_rows)[chosen[0]],
                test_persons=people,
                seed=seed,
                repeats=_REPEATS[depth],
            ),
        )


def _sample(n_have: int, n_want: int, seed: int, side: str) -> npt.NDArray[np.intp]:
    if n_have <= n_want:
        return np.arange(n_have)
    return np.sort(generator(seed, "utility", side).choice(n_have, size=n_want, replace=False)).astype(
        np.intp
    )


def _with_target(table: CastTable, target: str, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    return rows[has_target(table, target)[rows]]


def _training_noise(test_to_train: float) -> float:
    return max(_TRAINING_NOISE, float(np.sqrt(1 + (_TRAINING_NOISE**2 - 1) * test_to_train)))


def _in_groups(
    result: UtilityResult, asked: _Test, predicted: tuple[FloatArray, FloatArray], real: CastTable, seed: int
) -> UtilityResult:
    """Score the predictions inside groups, and between them."""
    task = asked.task
    inside = group_utility(
        task,
        predicted,
        asked.groups,
        asked.weights,
        persons=asked.people,
        noise=asked.noise,
        seed=derive_seed(seed, "utility", task.target),
    )
    # the most frequent class is what happens if nothing happens: decisions are about the next one
    positive = next((code for code in task.scored.tolist() if code > 0), None)
    if positive is None:
        return replace(result, groups=inside)
    between = group_fairness(
        task.truth == positive,
        (predicted[0][:, positive], predicted[1][:, positive]),
        float((task.targets(real) == positive).mean()),
        task.classes[positive],
        [group for group in asked.groups if group.column != task.target],
        asked.weights,
        persons=asked.people,
        noise=asked.noise,
    )
    return replace(result, groups=inside, fairness=between)


def _compare(learner: Learner, asked: _Test, predicted: list[FloatArray]) -> ModelUtility:
    """Set scores and their bootstrap draws (the first entry is the score) side by side."""
    task = asked.task
    trtr, tstr, trstr = (task.score(side, asked.weights) for side in predicted)
    made, real = float(tstr[0]), float(trtr[0])
    se, both_se = (
        asked.noise * max(float(np.nanstd(side[1:] - trtr[1:], ddof=1)), 1e-9) for side in (tstr, trstr)
    )
    gain = real - task.chance
    augmented = float(trstr[0]) - real
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
        trstr=float(trstr[0]),
        gain=augmented,
        gain_low=augmented - 1.96 * both_se,
        gain_high=augmented + 1.96 * both_se,
    )
    if gain < MIN_SIGNAL:
        return replace(compared, reason=f"real rows beat a constant predictor by less than {MIN_SIGNAL}")
    calibrated = (made - task.chance) / gain
    # delta method: draws of a ratio run away when its denominator comes near zero
    ratio_se = asked.noise * float(np.nanstd(tstr[1:] - calibrated * trtr[1:], ddof=1)) / gain
    return replace(
        compared,
        z=(real - made) / se,
        calibrated=calibrated,
        low=calibrated - 1.96 * ratio_se,
        high=calibrated + 1.96 * ratio_se,
        smallest_detectable=(2.576 + 0.842) * se / gain,
    )
