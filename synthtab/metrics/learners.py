"""Learners: the families of models, what they see of a table, and their predictions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import FeatureEncoder, varying_columns
from synthtab.metrics.prediction import PredictionTask
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["Learner", "TrainedModel", "fit_model", "fit_predict"]

# fewer training rows than this give a constant predictor
MIN_FIT_ROWS = 10
_TREE_BUDGET = 180
# extra trees know no missing values: these become a number below all others
_BELOW_ALL = -2e30
_SINGLE_PRECISION = 1e30


class Learner(StrEnum):
    """A family of models."""

    GRADIENT_BOOSTING = "gradient_boosting"
    LINEAR = "linear"
    EXTRA_TREES = "extra_trees"


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """One model that learnt, or the constant it fell back on.

    Parameters
    ----------
    learner : Learner
        Family of the model.
    encoder : FeatureEncoder
        How rows become features.
    task : PredictionTask
        What it predicts.
    use : ndarray of int
        Features that varied in training.
    present : ndarray of int
        Class codes that training held; empty for regression.
    constant : ndarray of float, shape (n_codes,) or (1,)
        What a constant predictor says.
    limits : tuple of float
        Smallest and largest number that training held.
    fitted : estimator or None
        The fitted scikit-learn model; None for a constant predictor.
    """

    learner: Learner
    encoder: FeatureEncoder
    task: PredictionTask
    use: npt.NDArray[np.intp]
    present: IntArray
    constant: FloatArray
    limits: tuple[float, float]
    fitted: Any = None

    def features(self, rows: CastTable) -> FloatArray:
        """Encode rows as this family wants them.

        Parameters
        ----------
        rows : CastTable
            The rows.

        Returns
        -------
        ndarray of float, shape (n_rows, n_features)
            One column a table column for trees; one-hot levels for a linear model.
        """
        return _features(self.learner, self.encoder, rows)

    def predict(self, features: FloatArray) -> FloatArray:
        """Predict encoded rows.

        Parameters
        ----------
        features : ndarray of float, shape (n_rows, n_features)
            From `features`.

        Returns
        -------
        ndarray of float, shape (n_rows, n_codes) or (n_rows, 1)
            Class probabilities, 0 for a class that was not learnt; or numbers.
        """
        if self.fitted is None:
            return np.tile(self.constant, (len(features), 1))
        used = features[:, self.use]
        if self.task.is_classification:
            predicted = np.zeros((len(features), len(self.constant)))
            predicted[:, self.present] = self.fitted.predict_proba(used)
            return predicted
        # a line may shoot far beyond every number it was shown
        return np.clip(np.asarray(self.fitted.predict(used), dtype=np.float64), *self.limits)[:, None]


def fit_model(
    learner: Learner,
    encoder: FeatureEncoder,
    train: CastTable,
    task: PredictionTask,
    seed: int,
    *,
    effort: float = 1.0,
) -> TrainedModel:
    """Train one model; what cannot be learnt gives a constant predictor.

    Parameters
    ----------
    learner : Learner
        Family of the model.
    encoder : FeatureEncoder
        How rows become features.
    train : CastTable
        Rows to learn from; all have a target.
    task : PredictionTask
        What to predict.
    seed : int
        Seed of the model.
    effort : float, default 1.0
        Share of the usual rounds of boosting.

    Returns
    -------
    TrainedModel
        The model.
    """
    targets = task.targets(train)
    matrix = _features(learner, encoder, train)
    use = np.flatnonzero(varying_columns(matrix))
    codes = targets.astype(np.int64) if task.is_classification else np.empty(0, dtype=np.int64)
    present = np.unique(codes)
    if task.is_classification:
        constant = np.bincount(codes, minlength=len(task.classes) + 1) / max(1, len(codes))
    else:
        constant = np.array([targets.mean() if len(targets) else 0.0])
    limits = (float(targets.min()), float(targets.max())) if len(targets) else (0.0, 0.0)
    model = TrainedModel(learner, encoder, task, use, present, constant, limits)
    if len(targets) < MIN_FIT_ROWS or len(present) == 1 or not use.size:
        return model
    fitted = _model(learner, encoder, use, len(present), seed, effort)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # slow convergence is part of what a linear model scores
        fitted.fit(matrix[:, use], codes if task.is_classification else targets)
    return replace(model, fitted=fitted)


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
    model = fit_model(learner, encoder, train, task, seed)
    return model.predict(model.features(test))


def _features(learner: Learner, encoder: FeatureEncoder, rows: CastTable) -> FloatArray:
    if learner is Learner.LINEAR:
        return encoder.linear_matrix(rows)
    matrix = encoder.tree_matrix(rows)
    if learner is Learner.EXTRA_TREES:
        return np.nan_to_num(np.clip(matrix, -_SINGLE_PRECISION, _SINGLE_PRECISION), nan=_BELOW_ALL)
    return matrix


def _model(
    learner: Learner,
    encoder: FeatureEncoder,
    use: npt.NDArray[np.intp],
    n_classes: int,
    seed: int,
    effort: float,
) -> Any:  # noqa: ANN401 - scikit-learn ships no types
    if learner is Learner.LINEAR:
        from sklearn.linear_model import LogisticRegression, Ridge

        return (
            LogisticRegression(C=0.1, max_iter=100, tol=1e-3)
            if n_classes
            else Ridge(alpha=10.0, solver="cholesky")
        )
    if learner is Learner.EXTRA_TREES:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        grove = ExtraTreesClassifier if n_classes else ExtraTreesRegressor
        return grove(n_estimators=50, min_samples_leaf=5, max_features=0.5, random_state=seed)
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if n_classes else HistGradientBoostingRegressor
    # a round grows one tree a class: many classes get fewer rounds
    rounds = int(np.clip(_TREE_BUDGET // max(1, n_classes), 20, 60))
    return kind(
        max_iter=max(1, round(effort * rounds)),
        max_leaf_nodes=12,
        # without it, classes of few rows drown the rest (14 classes of Adult: AUC .74 instead of .82)
        l2_regularization=10.0,
        early_stopping=False,
        categorical_features=encoder.is_label[use],
        random_state=seed,
    )
