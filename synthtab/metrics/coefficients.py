"""Coefficients: whether a statistician who fits a regression to synthetic rows draws the same conclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import levels_by_count, modelled_names
from synthtab.metrics.features import LINEAR_CLIP, NumberFeature
from synthtab.metrics.prediction import has_target
from synthtab.metrics.ranking import PersonArray
from synthtab.metrics.regression import (
    MIN_LEVEL_ROWS,
    MIN_ROWS,
    MainEffects,
    SampledRows,
    Term,
    independent_columns,
    logistic_regression,
    sampled_rows,
)
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator, one_native_thread

__all__ = [
    "CoefficientComparison",
    "CoefficientResult",
    "RegressionFit",
    "coefficient_agreement",
    "interval_overlap",
    "least_squares",
]

MAX_LEVELS = 8
_Z = 1.959964  # of a 95 % interval, and of significance at .05
_DRAWS = 400
# As much information as four rows of even odds: it decides nothing but a coefficient that would be infinite.
_RIDGE_WHEN_SEPARATED = 1.0


@dataclass(frozen=True, eq=False)
class RegressionFit:
    """A fitted regression, and what each row added to it.

    Parameters
    ----------
    coefficients, errors : ndarray of float, shape (1 + n_columns,)
        Coefficients and their standard errors, intercept first.
    influence : ndarray of float, shape (n_rows, 1 + n_columns)
        By how much each row moved the coefficients, to first order.
    """

    coefficients: FloatArray
    errors: FloatArray
    influence: FloatArray


@dataclass(frozen=True)
class CoefficientComparison:
    """One coefficient, estimated from holdout, synthetic and training rows.

    Parameters
    ----------
    term : Term
        Which coefficient.
    overlap : float
        Overlap of the intervals from synthetic and holdout rows: at most 1; negative when they are apart.
    overlap_floor : float
        The same of training and holdout rows.
    standardised_difference : float
        Distance of the two estimates in standard errors of the holdout's.
    same_conclusion : bool
        Whether both are significant at .05 with one sign, or neither is significant.
    """

    term: Term
    overlap: float
    overlap_floor: float
    standardised_difference: float
    same_conclusion: bool


@dataclass(frozen=True)
class CoefficientResult:
    """How well the conclusions of one regression survive.

    Parameters
    ----------
    target : str
        Column that is explained.
    model : str
        ``least_squares`` or ``logistic``.
    n_rows : int
        Rows drawn from each table; those without a target were then left out.
    overlap, overlap_floor : float or None
        Mean interval overlap with the holdout of the synthetic, and of the training rows. 1 is equality; as
        many fresh rows score about .71.
    difference, low, high, se : float or None
        ``overlap - overlap_floor`` with its 95 % interval and standard error.
    z : float or None
        ``overlap_floor - overlap`` over the standard deviation that a fresh sample in place of the synthetic
        one would give it: evidence that synthetic rows lead astray.
    smallest_detectable : float or None
        Loss of overlap that had an 80 % chance to be called significant at .005.
    agreement, agreement_floor : float or None
        Share of coefficients with the same sign and significance as in the holdout: 0 … 1, 1 is perfect.
    standardised_difference, standardised_difference_floor : float or None
        Median distance of the estimates in standard errors: 0 … ∞; fresh rows score about .95.
    n_lost : int
        Coefficients that both real tables can estimate and the synthetic one cannot. They are in no mean.
    penalised : bool
        Whether classes could be separated, so that all three fits were given the same slight penalty.
    coefficients : tuple of CoefficientComparison
        All that were compared, in the order of column names; the intercept is not.
    reason : str
        Why there is no figure.
    """

    target: str
    model: str
    n_rows: int
    overlap: float | None = None
    overlap_floor: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    z: float | None = None
    smallest_detectable: float | None = None
    agreement: float | None = None
    agreement_floor: float | None = None
    standardised_difference: float | None = None
    standardised_difference_floor: float | None = None
    n_lost: int = 0
    penalised: bool = False
    coefficients: tuple[CoefficientComparison, ...] = ()
    reason: str = ""


def interval_overlap(
    estimates: FloatArray, errors: FloatArray, other_estimates: FloatArray, other_errors: FloatArray
) -> FloatArray:
    r"""Ask how much two 95 % confidence intervals of the same coefficient have in common.

    Parameters
    ----------
    estimates, errors : ndarray of float, shape (n,)
        Estimates and standard errors from one table; every error is above 0.
    other_estimates, other_errors : ndarray of float, shape (n,)
        The same from the other table.

    Returns
    -------
    ndarray of float, shape (n,)
        -∞ … 1, perfect score 1.

    Notes
    -----
    With intervals :math:`(l_1,u_1)` and :math:`(l_2,u_2)`,

    .. math:: IO = \tfrac12\left(\frac{\min(u)-\max(l)}{u_1-l_1}
              + \frac{\min(u)-\max(l)}{u_2-l_2}\right).

    It is not cut off at 0, as Snoke and colleagues advise: the distance of disjoint intervals counts.

    References
    ----------
    Karr, Kohnen, Oganian, Reiter and Sanil (2006), A framework for evaluating the utility of data altered to
    protect confidentiality, The American Statistician 60; Snoke et al. (2018), General and specific utility
    measures for synthetic data, Journal of the Royal Statistical Society A 181.

    Examples
    --------
    >>> one = np.array([1.0])
    >>> float(interval_overlap(0 * one, one, 0 * one, one)[0])
    1.0
    """
    half, other_half = _Z * errors, _Z * other_errors
    common = np.minimum(estimates + half, other_estimates + other_half) - np.maximum(
        estimates - half, other_estimates - other_half
    )
    return np.asarray(0.5 * (common / (2 * half) + common / (2 * other_half)), dtype=np.float64)


def least_squares(matrix: FloatArray, outcome: FloatArray) -> RegressionFit:
    """Fit ordinary least squares with standard errors that hold whatever the variance of each row (HC1).

    Parameters
    ----------
    matrix : ndarray of float, shape (n_rows, n_columns)
        Design matrix without an intercept; its columns are independent and fewer than its rows.
    outcome : ndarray of float, shape (n_rows,)
        What is explained.

    Returns
    -------
    RegressionFit
        Coefficients, standard errors and influences.

    References
    ----------
    MacKinnon and White (1985), Some heteroskedasticity-consistent covariance matrix estimators with
    improved finite sample properties, Journal of Econometrics 29.
    """
    design = np.hstack([np.ones((len(matrix), 1)), matrix])
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    coefficients = inverse @ (design.T @ outcome)
    influence = (design * (outcome - design @ coefficients)[:, None]) @ inverse
    n_rows, n_columns = design.shape
    scale = n_rows / max(1, n_rows - n_columns)
    return RegressionFit(coefficients, np.sqrt(scale * (influence**2).sum(axis=0)), influence)


def coefficient_agreement(
    train: CastTable,
    holdout: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    target: str,
    *,
    holdout_persons: PersonArray | None = None,
    seed: int = 0,
    max_rows: int = 20_000,
) -> CoefficientResult:
    """Ask whether a regression of one column on all others says the same of synthetic as of real rows.

    Least squares for a number; logistic regression for a label: of two levels the rarer one, of more the
    most frequent but for the majority, against the rest. All three tables are fitted with equal numbers of
    rows and one design: scaled numbers, up to eight levels a column that each table holds in 20 rows, and
    missing indicators. Columns that the others imply are dropped, on the holdout rows first.

    Parameters
    ----------
    train : CastTable
        Real rows that the synthesizer learnt from; used for the floor.
    holdout : CastTable
        Real rows that it has not seen: the reference.
    synthetic : CastTable
        Synthetic rows.
    columns : tuple of ColumnSpec
        The target and the columns that explain it.
    target : str
        Column to explain.
    holdout_persons : ndarray of int, shape (n_holdout,), optional
        Person of each holdout row, kept together by the interval.
    seed : int, default 0
        Seed of samples and of the bootstrap.
    max_rows : int, default 20000
        Most rows of each table; more are sampled.

    Returns
    -------
    CoefficientResult
        Mean overlap, -∞ … 1, perfect score 1, to be read beside its floor.

    Notes
    -----
    The mean is that of `interval_overlap` over coefficients; its interval comes from a multiplier bootstrap
    of rows (or persons): normal weights on their influences, the standard errors held.
    Logistic standard errors are those of the inverse information: sandwich errors vanish where a level holds
    one class only. Where classes can be separated all three fits get a ridge penalty of 1. Errors count
    rows as independent on all sides.

    References
    ----------
    Karr, Kohnen, Oganian, Reiter, Sanil (2006), A framework for evaluating the utility of data altered to
    protect confidentiality; Snoke, Raab, Nowok, Dibben, Slavkovic (2018).
    """
    # loaded before the block: it can only hold to one thread the libraries that it finds
    import scipy.linalg
    import scipy.special  # noqa: F401

    n_rows = min(train.n_rows, holdout.n_rows, synthetic.n_rows, max_rows)
    names = modelled_names(columns, (train, holdout, synthetic))
    is_label = isinstance(holdout[target], LabelColumn)
    result = CoefficientResult(target, "logistic" if is_label else "least_squares", n_rows)
    tables = []
    for table, side in ((holdout, "holdout"), (train, "train"), (synthetic, "synthetic")):
        persons = holdout_persons if side == "holdout" else None
        drawn = sampled_rows(table, names, n_rows, generator(seed, "coefficients", side), persons)
        have = np.flatnonzero(has_target(drawn.rows, target))
        tables.append(SampledRows(drawn.rows.take(have), drawn.persons[have]))
    if min(table.rows.n_rows for table in tables) < MIN_ROWS:
        return replace(result, reason=f"fewer than {MIN_ROWS} rows with a target on one side")
    with one_native_thread():
        outcomes = _outcomes([table.rows for table in tables], target)
        if isinstance(outcomes, str):
            return replace(result, reason=outcomes)
        rows = [table.rows for table in tables]
        design, matrices, n_lost = _common_design(
            tuple(column for column in columns if column.name != target), rows
        )
        result = replace(result, n_lost=n_lost)
        if not design.terms:
            return replace(result, reason="no coefficient can be estimated from all three tables")
        if min(map(len, outcomes)) <= 2 * (1 + len(design.terms)):
            return replace(result, reason="fewer than two rows for each coefficient")
        fits, penalised = _fits(matrices, outcomes, logistic=is_label)
        persons_of = [table.persons for table in tables]
        draws = generator(seed, "coefficients", "draws", target)
        return _summary(replace(result, penalised=penalised), design.terms, fits, persons_of, draws)


def _outcomes(tables: Sequence[CastTable], target: str) -> list[FloatArray] | str:
    """Give what is explained, on one scale for all tables, or why nothing can be."""
    real = tables[:2]
    if isinstance(real[0][target], LabelColumn):
        levels = levels_by_count([table.label(target) for table in real])
        if len(levels) < 2:  # noqa: PLR2004 - classes
            return "the target has one class"
        wanted = levels[1]
        outcomes = [(table.label(target).recoded((wanted,)) == 0).astype(np.float64) for table in tables]
        rarest = min(min(o.sum(), len(o) - o.sum()) for o in outcomes)
        return (
            outcomes
            if rarest >= MIN_LEVEL_ROWS
            else f"a class has fewer than {MIN_LEVEL_ROWS} rows in one table"
        )
    values = np.concatenate([table.number(target).values for table in real])
    centre, scale = float(values.mean()), float(values.std())
    # scaled like a feature, so that one wild synthetic value cannot overflow a sum of squares
    feature = NumberFeature(target, centre, scale or 1.0, has_missing=False)
    outcomes = [feature.scaled(NumberColumn(table.number(target).values), LINEAR_CLIP)[0] for table in tables]
    if not np.isfinite(scale) or min(float(o.std()) for o in outcomes) < 1e-9:  # noqa: PLR2004 - a constant
        return "the target does not vary in one table"
    return outcomes


def _common_design(
    columns: tuple[ColumnSpec, ...], tables: list[CastTable]
) -> tuple[MainEffects, list[FloatArray], int]:
    """Find the terms that every table can estimate, and count those that only the real ones can."""
    real = tables[:2]
    possible = _estimable(MainEffects.fit(columns, real, real, MAX_LEVELS), real)
    common = _estimable(MainEffects.fit(columns, real, tables, MAX_LEVELS), tables)
    lost = set(possible.terms) - set(common.terms)
    return common, [common.matrix(table) for table in tables], len(lost)


def _estimable(design: MainEffects, tables: list[CastTable]) -> MainEffects:
    for table in tables:
        design = design.only(independent_columns(design.matrix(table)))
    return design


def _fits(
    matrices: list[FloatArray], outcomes: list[FloatArray], *, logistic: bool
) -> tuple[list[RegressionFit], bool]:
    pairs = list(zip(matrices, outcomes, strict=True))
    if not logistic:
        return [least_squares(matrix, outcome) for matrix, outcome in pairs], False
    for ridge in (0.0, _RIDGE_WHEN_SEPARATED):
        fits = [logistic_regression(matrix, outcome > 0, ridge=ridge) for matrix, outcome in pairs]
        if all(fit.converged for fit in fits):
            break
    made = []
    for fit, (matrix, outcome) in zip(fits, pairs, strict=True):
        design = np.hstack([np.ones((len(matrix), 1)), matrix])
        influence = (design * (outcome - fit.probabilities)[:, None]) @ fit.covariance
        errors = np.sqrt(np.diagonal(fit.covariance))
        made.append(RegressionFit(fit.coefficients, errors, influence))
    return made, ridge > 0


def _moved(fit: RegressionFit, persons: IntArray, rng: np.random.Generator) -> FloatArray:
    """Draw how far the coefficients lie from where another sample would have put them."""
    noise = rng.normal(size=(_DRAWS, int(persons.max()) + 1))
    return np.asarray(noise[:, persons] @ fit.influence[:, 1:], dtype=np.float64)


def _summary(
    result: CoefficientResult,
    terms: tuple[Term, ...],
    fits: list[RegressionFit],
    persons: list[IntArray],
    rng: np.random.Generator,
) -> CoefficientResult:
    errors = [np.maximum(fit.errors[1:], 1e-9) for fit in fits]
    estimates = [fit.coefficients[1:] for fit in fits]

    def overlaps(holdout: FloatArray, train: FloatArray, made: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (
            interval_overlap(holdout, errors[0], made, errors[2]),
            interval_overlap(holdout, errors[0], train, errors[1]),
        )

    def spread(moved: list[FloatArray]) -> float:
        above, below = overlaps(*moved)
        return max(float(np.std(above.mean(axis=1) - below.mean(axis=1), ddof=1)), 1e-9)

    overlap, floor = overlaps(*estimates)
    drawn = [_moved(fit, person, rng) for fit, person in zip(fits, persons, strict=True)]
    se = spread([middle + step for middle, step in zip(estimates, drawn, strict=True)])
    # a fresh sample in place of the synthetic one: the same truth, and the spread of training rows
    null_sd = spread([drawn[0], drawn[1], _moved(fits[1], persons[1], rng)])
    value, floor_value = float(overlap.mean()), float(floor.mean())
    conclusions = [
        np.where(np.abs(b) > _Z * e, np.sign(b), 0) for b, e in zip(estimates, errors, strict=True)
    ]
    same: npt.NDArray[np.bool_] = conclusions[2] == conclusions[0]
    distance, distance_floor = (np.abs(estimates[i] - estimates[0]) / errors[0] for i in (2, 1))
    return replace(
        result,
        overlap=value,
        overlap_floor=floor_value,
        difference=value - floor_value,
        low=value - floor_value - 1.96 * se,
        high=value - floor_value + 1.96 * se,
        se=se,
        z=(floor_value - value) / null_sd,
        smallest_detectable=(2.576 + 0.842) * null_sd,
        agreement=float(same.mean()),
        agreement_floor=float((conclusions[1] == conclusions[0]).mean()),
        standardised_difference=float(np.median(distance)),
        standardised_difference_floor=float(np.median(distance_floor)),
        coefficients=tuple(
            CoefficientComparison(*figures)
            for figures in zip(
                terms, overlap.tolist(), floor.tolist(), distance.tolist(), same.tolist(), strict=True
            )
        ),
    )
