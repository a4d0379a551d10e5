"""Prediction: what is predicted, and how well, under many weightings of the test rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import levels_by_count
from synthtab.metrics.features import Float32Array
from synthtab.metrics.ranking import weighted_concordance
from synthtab.schema import CastTable, LabelColumn
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["PredictionTask", "has_target", "prediction_task"]

MIN_CLASS_ROWS = 10
MAX_CLASSES = 20
RARE_SHARE = 0.05


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
