"""Prediction: what is predicted, by which learners, and how well, under many weightings of the test rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import levels_by_count
from synthtab.metrics.features import FeatureEncoder, Float32Array, varying_columns
from synthtab.metrics.ranking import weighted_concordance
from synthtab.schema import CastTable, LabelColumn
from synthtab.schema.casting import FloatArray, IntArray

__all__ = ["Learner", "PredictionTask", "fit_predict", "has_target", "prediction_task"]

MIN_CLASS_ROWS = 10
MAX_CLASSES = 20
# fewer training rows than this give a constant predictor
MIN_FIT_ROWS = 10
RARE_SHARE = 0.05
_TREE_BUDGET = 180


class Learner(StrEnum):
    """A family of models."""

    GRADIENT_BOOSTING = "gradient_boosting"
    LINEAR = "linear"


@dataclass(frozen=True, eq=False)
class PredictionTask:
    """One target, ready to be learnt from any table and scored on the test rows.

    Parameters
    ----------
    target : str
        Column to predict.
    is_classification : bool
        Whether classes are predicted, rather than numbers.
    truth : ndarray of float, shape (n_test,)
        Class codes, or scaled numbers.
    classes : tuple of str
        Up to 20 classes by falling frequency; one more code pools all other levels.
    scored : ndarray of int
        Codes of the classes that the test rows hold often enough.
    centre, scale : float
        How a number target is scaled.
    reason : str
        Why nothing can be scored.
    """

    target: str
    is_classification: bool
    truth: FloatArray
    classes: tuple[str, ...] = ()
    scored: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    centre: float = 0.0
    scale: float = 1.0
    reason: str = ""

    @property
    def chance(self) -> float:
        """Score of a constant predictor."""
        return 0.5 if self.is_classification else 0.0

    @property
    def is_rare(self) -> bool:
        """Whether the rarest scored class holds less than 5 % of the test rows."""
        shares = [float((self.truth == code).mean()) for code in self.scored]
        return min(shares, default=1.0) < RARE_SHARE

    def targets(self, table: CastTable) -> FloatArray:
        """Give the target of a table's rows.

        Parameters
        ----------
        table : CastTable
            Rows that have a target.

        Returns
        -------
        ndarray of float, shape (n_rows,)
            Class codes, or scaled numbers.
        """
        if not self.is_classification:
            return (table.number(self.target).values - self.centre) / self.scale
        codes = table.label(self.target).recoded(self.classes)
        return np.where(codes < 0, len(self.classes), codes).astype(np.float64)

    def score(self, predicted: FloatArray, weights: Float32Array) -> FloatArray:
        """Score predictions of the test rows.

        Parameters
        ----------
        predicted : ndarray of float, shape (n_test, n_codes) or (n_test, 1)
            Class probabilities, or numbers.
        weights : ndarray of float32, shape (n_sets, n_test)
            How often each test row counts.

        Returns
        -------
        ndarray of float, shape (n_sets,)
            AUC of each scored class against the rest, averaged; or R².
        """
        if self.is_classification:
            aucs = []
            for code in self.scored:
                concordant, pairs = weighted_concordance(predicted[:, code], self.truth == code, weights)
                aucs.append(concordant / np.where(pairs > 0, pairs, np.nan))
            # a bootstrap draw may lack a class: it is left out of that draw's mean
            known = ~np.isnan(aucs)
            return np.asarray(np.where(known, aucs, 0.0).sum(axis=0) / np.maximum(1, known.sum(axis=0)))
        total = weights.sum(axis=1)
        error = weights @ (self.truth - predicted[:, 0]) ** 2
        spread = weights @ self.truth**2 - (weights @ self.truth) ** 2 / total
        return np.asarray(1 - error / np.where(spread > 0, spread, np.nan))


def has_target(table: CastTable, target: str) -> npt.NDArray[np.bool_]:
    """Say which rows have a target to learn from or to be tested on.

    Parameters
    ----------
    table : CastTable
        The rows.
    target : str
        Column to predict.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        Neither missing nor infinite.
    """
    column = table[target]
    return ~column.is_missing if isinstance(column, LabelColumn) else np.isfinite(column.values)


def prediction_task(train: CastTable, test: CastTable, target: str) -> PredictionTask:
    """Say what is predicted and on what it is scored.

    Parameters
    ----------
    train, test : CastTable
        Real rows that have a target.
    target : str
        Column to predict: levels are classified, numbers regressed.

    Returns
    -------
    PredictionTask
        The task; its `reason` says why nothing can be scored, if so.
    """
    if isinstance(test[target], LabelColumn):
        classes = levels_by_count([train.label(target), test.label(target)])[:MAX_CLASSES]
        task = PredictionTask(target, is_classification=True, truth=np.empty(0), classes=classes)
        truth = task.targets(test)
        held = np.bincount(truth.astype(np.int64), minlength=len(classes))[: len(classes)]
        scored = np.flatnonzero((held >= MIN_CLASS_ROWS) & (len(truth) - held >= MIN_CLASS_ROWS)).astype(
            np.int64
        )
        reason = "" if scored.size else f"fewer than two classes have {MIN_CLASS_ROWS} holdout rows"
        return replace(task, truth=truth, scored=scored, reason=reason)
    values = train.number(target).values
    centre = float(values.mean()) if len(values) else 0.0
    scale = float(values.std()) if len(values) else 0.0
    truth = (test.number(target).values - centre) / (scale or 1.0)
    varies = len(truth) > 1 and scale > 0 and float(truth.std()) > 0
    reason = "" if varies else "the target does not vary in the real rows"
    return PredictionTask(
        target, is_classification=False, truth=truth, centre=centre, scale=scale or 1.0, reason=reason
    )


def fit_predict(
    learner: Learner,
    encoder: FeatureEncoder,
    train: CastTable,
    test: CastTable,
    task: PredictionTask,
    seed: int,
) -> FloatArray:
    """Train one model and predict the test rows; what cannot be learnt gives a constant predictor.

    Parameters
    ----------
    learner : Learner
        Family of the model.
    encoder : FeatureEncoder
        How rows become features.
    train, test : CastTable
        Rows to learn from and to predict.
    task : PredictionTask
        What to predict.
    seed : int
        Seed of the model.

    Returns
    -------
    ndarray of float, shape (n_test, n_codes) or (n_test, 1)
        Class probabilities, 0 for a class that was not learnt; or numbers.
    """
    targets = task.targets(train)
    present = np.unique(targets).astype(np.int64) if task.is_classification else np.empty(0, dtype=np.int64)
    predicted = np.zeros((test.n_rows, len(task.classes) + 1 if task.is_classification else 1))
    boosted = learner is Learner.GRADIENT_BOOSTING
    matrices = [
        encoder.tree_matrix(rows) if boosted else encoder.linear_matrix(rows) for rows in (train, test)
    ]
    use = np.flatnonzero(varying_columns(matrices[0]))
    if len(targets) < MIN_FIT_ROWS or len(present) == 1 or not use.size:
        if task.is_classification:
            shares = np.bincount(targets.astype(np.int64), minlength=predicted.shape[1]) / max(
                1, len(targets)
            )
            return predicted + shares
        return predicted + (targets.mean() if len(targets) else 0.0)
    learn_from, predict_for = (matrix[:, use] for matrix in matrices)
    model = _model(learner, encoder, use, len(present), seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # slow convergence is part of what a linear model scores
        if task.is_classification:
            model.fit(learn_from, targets.astype(np.int64))
            predicted[:, present] = model.predict_proba(predict_for)
        else:
            model.fit(learn_from, targets)
            # a line may shoot far beyond every number it was shown
            predicted[:, 0] = np.clip(model.predict(predict_for), targets.min(), targets.max())
    return predicted


def _model(
    learner: Learner, encoder: FeatureEncoder, use: npt.NDArray[np.intp], n_classes: int, seed: int
) -> Any:  # noqa: ANN401 - scikit-learn ships no types
    if learner is Learner.LINEAR:
        from sklearn.linear_model import LogisticRegression, Ridge

        return (
            LogisticRegression(C=0.1, max_iter=100, tol=1e-3)
            if n_classes
            else Ridge(alpha=10.0, solver="cholesky")
        )
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if n_classes else HistGradientBoostingRegressor
    # a round grows one tree a class: many classes get fewer rounds
    rounds = int(np.clip(_TREE_BUDGET // max(1, n_classes), 20, 60))
    return kind(
        max_iter=rounds,
        max_leaf_nodes=12,
        # without it, classes of few rows drown the rest (14 classes of Adult: AUC .74 instead of .82)
        l2_regularization=10.0,
        early_stopping=False,
        categorical_features=encoder.is_label[use],
        random_state=seed,
    )
