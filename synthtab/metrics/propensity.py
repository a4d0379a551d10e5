"""Propensity: how far a regression's guesses of 'synthetic or real' stray from no idea at all.

Also here, because the other regressions need them too: rows drawn in an order that nothing depends on, the
design matrix of main effects, and the logistic regression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import modelled_names, narrowed, stacked
from synthtab.metrics.features import LINEAR_CLIP, FeatureEncoder, LabelFeature, NumberFeature
from synthtab.metrics.ranking import PersonArray, numbered_persons
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.casting import FloatArray, IntArray
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = [
    "LogisticFit",
    "MainEffects",
    "PropensityResult",
    "SampledRows",
    "Term",
    "expected_pmse",
    "independent_columns",
    "logistic_regression",
    "propensity_pmse",
    "sampled_rows",
]

MIN_ROWS = 50
# A dummy of fewer rows has a coefficient whose normal approximation fails.
MIN_LEVEL_ROWS = 20
MAX_LEVELS = 20
# Next to the information of 20 rows this moves no coefficient; it only keeps one finite when the rows of a
# level are all synthetic or all real.
_HARDLY_ANY_RIDGE = 1e-3
_STEPS = 40
# Log odds per standard deviation, or between two levels, that only separated classes reach.
_ENDLESS = 30.0
_TREE_DEPTH = 4
_TREE_ROWS = 5_000  # of each side: a dozen trees on more would cost seconds and see no more
_FLOAT32_MAX = 1e38  # trees compare numbers in single precision


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


@dataclass(frozen=True)
class PropensityResult:
    """How well regressions tell synthetic rows from real ones, beside what chance alone would give.

    Parameters
    ----------
    pmse : float or None
        Mean squared distance of the propensity scores from ½: 0 … ¼, smaller is better.
    ratio, low, high : float or None
        `pmse` over its expectation for a fresh sample of real data, 0 … ∞, with its 95 % interval: 1 is
        perfect.
    z : float or None
        Distance of `pmse` from that expectation in standard deviations.
    floor : float or None
        The same ratio of training rows against holdout rows. It lies above 1 where rows of a person are
        alike.
    n_parameters : int
        Parameters of the regression, the intercept among them, collinear ones left out.
    n_rows : int
        Rows of each side.
    tree_pmse, tree_ratio, tree_z : float or None
        The same of a classification tree, against trees on permuted labels. A tree sees interactions.
    reason : str
        Why there is no figure.
    """

    pmse: float | None
    ratio: float | None
    low: float | None
    high: float | None
    z: float | None
    floor: float | None
    n_parameters: int
    n_rows: int
    tree_pmse: float | None = None
    tree_ratio: float | None = None
    tree_z: float | None = None
    reason: str = ""


def expected_pmse(
    n_parameters: int, n_rows: int, synthetic_share: float, *, fitted_to_reference: bool = False
) -> tuple[float, float]:
    r"""Give the mean and standard deviation that the pMSE has when nothing is wrong.

    Parameters
    ----------
    n_parameters : int
        Parameters of the propensity model, the intercept among them.
    n_rows : int
        Real and synthetic rows together.
    synthetic_share : float
        Share of synthetic rows among them.
    fitted_to_reference : bool, default False
        Whether the synthetic rows come from a correct model that was fitted to the very real rows they are
        compared with, as Snoke and colleagues have it. False: both are independent samples of one law, as a
        fresh sample and a holdout are.

    Returns
    -------
    tuple of float
        Mean and standard deviation.

    Notes
    -----
    With :math:`k` parameters, :math:`N` rows and synthetic share :math:`c`, pMSE is
    :math:`c(1-c)/N` times a :math:`\chi^2_{k-1}` for independent samples. A model fitted to the real rows
    shares their sampling error, which leaves a part :math:`1-c` of it:

    .. math:: E = \frac{(k-1)(1-c)^2c}{N}, \quad SD = \frac{\sqrt{2(k-1)}\,(1-c)^2c}{N}.

    References
    ----------
    Snoke, Raab, Nowok, Dibben and Slavkovic (2018), General and specific utility measures for synthetic
    data, Journal of the Royal Statistical Society A 181.

    Examples
    --------
    >>> expected_pmse(9, 1_000, 0.5)[0], expected_pmse(9, 1_000, 0.5, fitted_to_reference=True)[0]
    (0.002, 0.001)
    """
    scale = synthetic_share * (1 - synthetic_share) / n_rows
    if fitted_to_reference:
        scale *= 1 - synthetic_share
    return (n_parameters - 1) * scale, float(np.sqrt(2 * (n_parameters - 1))) * scale


def propensity_pmse(
    train: CastTable,
    holdout: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    *,
    seed: int = 0,
    max_rows: int = 20_000,
    n_permutations: int = 11,
) -> PropensityResult:
    r"""Ask whether a logistic regression can tell synthetic rows from as many holdout rows (pMSE ratio).

    Parameters
    ----------
    train : CastTable
        Real rows that the synthesizer learnt from; used for the floor only.
    holdout : CastTable
        Real rows that it has not seen.
    synthetic : CastTable
        Synthetic rows.
    columns : tuple of ColumnSpec
        Columns to use.
    seed : int, default 0
        Seed of samples, trees and permutations.
    max_rows : int, default 20000
        Most rows of each side; more are sampled.
    n_permutations : int, default 11
        Permutations behind the tree's ratio, on at most 5,000 rows of each side; 0 leaves the tree out.

    Returns
    -------
    PropensityResult
        The ratio: 0 … ∞, perfect score 1.

    Notes
    -----
    The model is fitted and read on the same rows, as in the paper; main effects only, so that it sees what
    single columns do and misses every dependence between them: independent columns score 1. With
    :math:`\hat p_i` the propensity score and :math:`c=½`,

    .. math:: pMSE = \frac{1}{N}\sum_i (\hat p_i - c)^2, \quad ratio = pMSE / E_0[pMSE].

    :math:`E_0` is that of `expected_pmse` for independent samples. The interval takes
    :math:`(k-1)\,ratio` for a noncentral :math:`\chi^2_{k-1}`; it counts rows as independent.

    References
    ----------
    Woo, Reiter, Oganian and Karr (2009), Global measures of data utility for microdata masked for
    disclosure limitation, Journal of Privacy and Confidentiality 1; Snoke et al. (2018), General and
    specific utility measures for synthetic data, Journal of the Royal Statistical Society A 181.
    """
    # loaded before the block: it can only hold to one thread the libraries that it finds
    import scipy.linalg
    import scipy.special  # noqa: F401
    import sklearn.tree  # noqa: F401

    n_rows = min(train.n_rows, holdout.n_rows, synthetic.n_rows, max_rows)
    nothing = PropensityResult(None, None, None, None, None, None, 0, n_rows)
    if n_rows < MIN_ROWS:
        return replace(nothing, reason=f"fewer than {MIN_ROWS} rows on one side")
    names = modelled_names(columns, (train, holdout, synthetic))
    real, fresh, made = (
        sampled_rows(table, names, n_rows, generator(seed, "propensity", side), None).rows
        for table, side in ((holdout, "holdout"), (train, "train"), (synthetic, "synthetic"))
    )
    with one_native_thread():
        pmse, n_parameters = _logistic_pmse(real, made, columns)
        fresh_pmse, fresh_parameters = _logistic_pmse(real, fresh, columns)
        if n_parameters < 2:  # noqa: PLR2004 - an intercept alone tells nothing
            return replace(nothing, reason="no column varies")
        expected, sd = expected_pmse(n_parameters, 2 * n_rows, 0.5)
        freedom = n_parameters - 1
        ratio = pmse / expected
        # variance of a noncentral chi-square, the noncentrality being what exceeds the expectation
        se = float(np.sqrt(2 * (freedom + 2 * max(0.0, (ratio - 1) * freedom)))) / freedom
        known = fresh_parameters > 1
        result = PropensityResult(
            pmse=pmse,
            ratio=ratio,
            low=max(0.0, ratio - 1.96 * se),
            high=ratio + 1.96 * se,
            z=(pmse - expected) / sd,
            floor=fresh_pmse / expected_pmse(fresh_parameters, 2 * n_rows, 0.5)[0] if known else None,
            n_parameters=n_parameters,
            n_rows=n_rows,
        )
        return _with_tree(result, real, made, columns, seed, n_permutations)


def _logistic_pmse(real: CastTable, made: CastTable, columns: tuple[ColumnSpec, ...]) -> tuple[float, int]:
    """Give the pMSE of equal numbers of rows, and how many parameters it took."""
    both = stacked((real, made), modelled_names(columns, (real, made)))
    matrix = MainEffects.fit(columns, (both,), (both,), MAX_LEVELS).matrix(both)
    matrix = matrix[:, independent_columns(matrix)]
    if not matrix.shape[1]:
        return 0.0, 1
    outcome = np.repeat([False, True], real.n_rows)
    fit = logistic_regression(matrix, outcome, ridge=_HARDLY_ANY_RIDGE)
    return float(((fit.probabilities - 0.5) ** 2).mean()), 1 + matrix.shape[1]


def _with_tree(
    result: PropensityResult,
    real: CastTable,
    made: CastTable,
    columns: tuple[ColumnSpec, ...],
    seed: int,
    n_permutations: int,
) -> PropensityResult:
    from sklearn.tree import DecisionTreeClassifier

    encoder = FeatureEncoder.fit((real, made), (real, made), columns)
    matrix = np.vstack([encoder.tree_matrix(side) for side in (real, made)])
    matrix = np.clip(matrix, -_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32)
    rng = generator(seed, "propensity", "permutations")
    if real.n_rows > _TREE_ROWS:
        chosen = np.sort(rng.choice(real.n_rows, size=_TREE_ROWS, replace=False))
        matrix = matrix[np.r_[chosen, real.n_rows + chosen]]
    outcome = np.repeat([False, True], len(matrix) // 2)

    def tree_pmse(labels: npt.NDArray[np.bool_]) -> float:
        model = DecisionTreeClassifier(
            max_depth=_TREE_DEPTH,
            min_samples_leaf=MIN_LEVEL_ROWS,
            random_state=derive_seed(seed, "propensity", "tree"),
        )
        return float(((model.fit(matrix, labels).predict_proba(matrix)[:, 1] - 0.5) ** 2).mean())

    if not n_permutations:
        return result
    pmse = tree_pmse(outcome)
    null = np.array([tree_pmse(rng.permutation(outcome)) for _ in range(n_permutations)])
    mean, sd = float(null.mean()), float(null.std(ddof=1)) if n_permutations > 1 else 0.0
    return replace(
        result,
        tree_pmse=pmse,
        tree_ratio=pmse / mean if mean > 0 else None,
        tree_z=(pmse - mean) / sd if sd > 0 else None,
    )
