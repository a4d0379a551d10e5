"""Propensity: how far a regression's guesses of 'synthetic or real' stray from no idea at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import modelled_names, stacked
from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.regression import (
    MAX_LEVELS,
    MIN_LEVEL_ROWS,
    MIN_ROWS,
    MainEffects,
    independent_columns,
    logistic_regression,
    sampled_rows,
)
from synthtab.schema import CastTable, ColumnSpec
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = ["PropensityResult", "expected_pmse", "propensity_pmse"]

# Next to the information of 20 rows this moves no coefficient; it only keeps one finite when the rows of a
# level are all synthetic or all real.
_HARDLY_ANY_RIDGE = 1e-3
_TREE_DEPTH = 4
_TREE_ROWS = 5_000  # of each side: a dozen trees on more would cost seconds and see no more
_FLOAT32_MAX = 1e38  # trees compare numbers in single precision


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
