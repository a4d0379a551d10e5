"""Regressions on main effects: rows drawn in a stable order, the design matrix, the logistic fit.

The regressions of propensity, coefficients and survival share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import narrowed
from synthtab.metrics.features import LINEAR_CLIP, FeatureEncoder, LabelFeature, NumberFeature
from synthtab.metrics.ranking import PersonArray, numbered_persons
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = [
    "MAX_LEVELS",
    "MIN_LEVEL_ROWS",
    "MIN_ROWS",
    "LogisticFit",
    "MainEffects",
    "SampledRows",
    "Term",
    "independent_columns",
    "logistic_regression",
    "sampled_rows",
]

MIN_ROWS = 50
# A dummy of fewer rows has a coefficient whose normal approximation fails.
MIN_LEVEL_ROWS = 20
MAX_LEVELS = 20
_STEPS = 40
# Log odds per standard deviation, or between two levels, that only separated classes reach.
_ENDLESS = 30.0


@dataclass(frozen=True, eq=False)
class SampledRows:
    """Rows of one table in an order that only their content decides.

    Parameters
    ----------
    rows : CastTable
        The rows.
    persons : ndarray of int, shape (n_rows,)
        Number of the person of each row.
    """

    rows: CastTable
    persons: IntArray


def sampled_rows(
    table: CastTable, names: tuple[str, ...], n: int, rng: np.random.Generator, persons: PersonArray | None
) -> SampledRows:
    """Draw rows at random, so that the order in which rows and columns came changes nothing.

    Parameters
    ----------
    table : CastTable
        The table.
    names : tuple of str
        Columns to keep.
    n : int
        Most rows; a smaller table is given whole.
    rng : numpy.random.Generator
        Source of chance.
    persons : ndarray of int, shape (n_rows,), or None
        Person of each row; None means that each row is a person.

    Returns
    -------
    SampledRows
        Rows in the order of their content, and of their person where contents are equal.
    """
    kept = narrowed(table, names)
    keys = kept.row_hash()
    order = np.argsort(keys, kind="stable") if persons is None else np.lexsort((persons, keys))
    if table.n_rows > n:
        order = order[np.sort(rng.choice(table.n_rows, size=n, replace=False))]
    return SampledRows(
        kept.take(order), numbered_persons(None if persons is None else persons[order], len(order))
    )


@dataclass(frozen=True)
class Term:
    """One column of a design matrix.

    Parameters
    ----------
    column : str
        Column of the table.
    part : str
        ``value``, ``level``, ``other levels`` or ``missing``.
    level : str
        The level, when the part is one.
    """

    column: str
    part: str
    level: str = ""


@dataclass(frozen=True)
class MainEffects:
    """A design matrix without interactions: what each row adds to a regression.

    Parameters
    ----------
    features : tuple of NumberFeature or LabelFeature
        Columns, in the order of their names; a label's first level is its baseline.
    terms : tuple of Term
        Columns of the matrix.
    """

    features: tuple[NumberFeature | LabelFeature, ...]
    terms: tuple[Term, ...]

    @classmethod
    def fit(
        cls,
        columns: tuple[ColumnSpec, ...],
        scaling: Sequence[CastTable],
        holding: Sequence[CastTable],
        max_levels: int,
    ) -> MainEffects:
        """Choose levels, scales and missing indicators.

        Parameters
        ----------
        columns : tuple of ColumnSpec
            Columns to use; identifiers and free text are passed over.
        scaling : sequence of CastTable
            Tables that scale the numbers and rank the levels.
        holding : sequence of CastTable
            Tables each of which must hold a level, or a missing value, in 20 rows for it to get a column.
        max_levels : int
            Most levels of a column that are told apart.

        Returns
        -------
        MainEffects
            The design.
        """
        encoder = FeatureEncoder.fit(tuple(scaling), tuple(scaling), columns)
        features: list[NumberFeature | LabelFeature] = []
        terms: list[Term] = []
        for feature in encoder.features:
            name = feature.name
            if isinstance(feature, NumberFeature):
                features.append(feature)
                terms.append(Term(name, "value"))
            else:
                codes = [table.label(name).recoded(feature.levels) for table in holding]
                held = np.min([np.bincount(c[c >= 0], minlength=len(feature.levels)) for c in codes], axis=0)
                frequent = np.flatnonzero(held >= MIN_LEVEL_ROWS)[:max_levels]
                levels = tuple(feature.levels[index] for index in frequent)
                features.append(replace(feature, levels=levels))
                terms += [Term(name, "level", level) for level in levels[1:]]
                others = min(int(np.sum((c != -1) & ~np.isin(c, frequent))) for c in codes)
                if levels and others >= MIN_LEVEL_ROWS:
                    terms.append(Term(name, "other levels"))
            if min(int(table[name].is_missing.sum()) for table in holding) >= MIN_LEVEL_ROWS:
                terms.append(Term(name, "missing"))
        return cls(tuple(features), tuple(terms))

    def matrix(self, table: CastTable) -> FloatArray:
        """Give a row of numbers for each row of a table.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of float, shape (n_rows, n_terms)
            Numbers in standard deviations from the mean (0 where missing), everything else 0 or 1.
        """
        matrix = np.empty((table.n_rows, len(self.terms)))
        known = {feature.name: feature for feature in self.features}
        for index, term in enumerate(self.terms):
            feature = known[term.column]
            if term.part == "missing":
                matrix[:, index] = table[term.column].is_missing
            elif isinstance(feature, NumberFeature):
                matrix[:, index] = feature.scaled(table.number(term.column), LINEAR_CLIP)[0]
            else:
                codes = table.label(term.column).recoded(feature.levels)
                wanted = -2 if term.part == "other levels" else feature.levels.index(term.level)
                matrix[:, index] = codes == wanted
        return matrix

    def only(self, kept: npt.NDArray[np.intp]) -> MainEffects:
        """Keep some columns of the matrix.

        Parameters
        ----------
        kept : ndarray of int
            Their positions, rising.

        Returns
        -------
        MainEffects
            The smaller design.
        """
        return MainEffects(self.features, tuple(self.terms[index] for index in kept))


def independent_columns(matrix: FloatArray) -> npt.NDArray[np.intp]:
    """Find columns that an intercept and the others do not already say, by QR with pivoting.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_rows, n_columns)
        A design matrix without its intercept.

    Returns
    -------
    ndarray of int
        Positions of the columns to keep, rising; a constant column is never kept.
    """
    from scipy.linalg import qr

    if not matrix.size:
        return np.empty(0, dtype=np.intp)
    centred = matrix - matrix.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    varies = np.flatnonzero(norms > 1e-9 * np.sqrt(len(matrix)))
    if not varies.size:
        return varies
    triangle, pivots = qr(centred[:, varies] / norms[varies], mode="r", pivoting=True)
    size = np.abs(np.diagonal(triangle))
    return np.sort(varies[pivots[: len(size)][size > 1e-6]])  # noqa: PLR2004 - the rest is rounding


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic regression.

    Parameters
    ----------
    coefficients : ndarray of float, shape (1 + n_columns,)
        Intercept first.
    covariance : ndarray of float, shape (1 + n_columns, 1 + n_columns)
        Inverse of the (penalised) information.
    probabilities : ndarray of float, shape (n_rows,)
        Of the rows that were learned from.
    converged : bool
        Whether a maximum was found; without a penalty, there is none when the classes can be separated.
    """

    coefficients: FloatArray
    covariance: FloatArray
    probabilities: FloatArray
    converged: bool


def logistic_regression(
    matrix: FloatArray, outcome: npt.NDArray[np.bool_], *, ridge: float = 0.0
) -> LogisticFit:
    """Fit a logistic regression by Newton's method (iteratively reweighted least squares).

    Parameters
    ----------
    matrix : ndarray of float, shape (n_rows, n_columns)
        Design matrix without an intercept; its columns must be independent.
    outcome : ndarray of bool, shape (n_rows,)
        What is predicted.
    ridge : float, default 0.0
        Penalty: half of it times the sum of squared coefficients, the intercept left out.

    Returns
    -------
    LogisticFit
        Coefficients and their covariance.
    """
    from scipy.special import expit

    design = np.hstack([np.ones((len(matrix), 1)), matrix])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    sign = np.where(outcome, 1.0, -1.0)

    def loss(beta: FloatArray) -> float:
        return float(np.logaddexp(0.0, -sign * (design @ beta)).sum() + 0.5 * (penalty * beta**2).sum())

    share = np.clip(outcome.mean(), 1e-3, 1 - 1e-3)
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(share / (1 - share))
    current, converged = loss(beta), False
    information = np.eye(len(beta))
    for _ in range(_STEPS):
        probabilities = expit(design @ beta)
        weight = probabilities * (1 - probabilities)
        information = (design * weight[:, None]).T @ design + np.diag(penalty)
        try:
            step = np.linalg.solve(information, design.T @ (outcome - probabilities) - penalty * beta)
        except np.linalg.LinAlgError:
            break
        converged = bool(np.abs(step).max() <= 1e-8 * (1 + np.abs(beta).max()))
        if converged:
            beta = beta + step
            break
        length, new = 1.0, loss(beta + step)
        while not new <= current and length > 1e-4:  # noqa: PLR2004 - shorter steps lead nowhere; NaN counts as worse
            length /= 2
            new = loss(beta + length * step)
        beta, current = beta + length * step, new
        if not ridge and np.abs(beta[1:]).max(initial=0.0) > _ENDLESS:
            break
    covariance = np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64)
    return LogisticFit(beta, covariance, expit(design @ beta), converged)
