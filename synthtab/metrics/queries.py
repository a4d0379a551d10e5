"""Queries: whether random filtered counts and means come out as they would from real rows.

A query and its answers stay in memory: only errors over many queries are ever told.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import modelled_names
from synthtab.metrics.features import Float32Array
from synthtab.metrics.ranking import PersonArray, bootstrap_weights
from synthtab.metrics.regression import MIN_ROWS, SampledRows, sampled_rows
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator, one_native_thread

__all__ = ["Condition", "Query", "QueryErrors", "QueryResult", "query_utility", "random_queries"]

MIN_QUERIES = 20
MIN_ROWS_OF_A_MEAN = 20
MOST_CONDITIONS = 3
MIN_LEVEL_SHARE = 0.05
SELECTIVITY = (0.02, 0.80)
# The error of a rarer count is told relative to this share: of three rows, one more is no third.
SMALLEST_SHARE = 0.05
# So many vain attempts in a row say that there is little else to ask.
_MOST_MISSES = 500
_DIGITS = 3  # of a range's ends: nobody asks for ages above 43.7182
# An answer that a table cannot give, because no row of it matches, is wrong by one standard deviation.
_NO_ANSWER = 1.0


@dataclass(frozen=True)
class Condition:
    """A filter on one column.

    Parameters
    ----------
    column : str
        Column name.
    level : str or None
        Level that rows must have; None for a range.
    low, high : float
        Range that rows must lie in, both ends included.
    """

    column: str
    level: str | None = None
    low: float = float("-inf")
    high: float = float("inf")

    def holds(self, table: CastTable) -> npt.NDArray[np.bool_]:
        """Say which rows pass.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            A missing value never passes.
        """
        if self.level is not None:
            return np.asarray(table.label(self.column).recoded((self.level,)) == 0)
        values = table.number(self.column).values
        return np.asarray((values >= self.low) & (values <= self.high))


@dataclass(frozen=True)
class Query:
    """A question: how many rows pass the filters, and what is the mean of a column among them.

    Parameters
    ----------
    conditions : tuple of Condition
        On one to three different columns; all must hold.
    mean_of : str or None
        Number column whose mean is asked for; None when the rows hold too few values of every other one.
    """

    conditions: tuple[Condition, ...]
    mean_of: str | None = None

    def holds(self, table: CastTable) -> npt.NDArray[np.bool_]:
        """Say which rows pass all filters.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where every condition holds.
        """
        passed = np.ones(table.n_rows, dtype=bool)
        for condition in self.conditions:
            passed &= condition.holds(table)
        return passed


@dataclass(frozen=True)
class QueryErrors:
    """One statistic of the errors of many queries.

    Parameters
    ----------
    kind : str
        ``count`` (relative error of a share) or ``mean`` (error in standard deviations).
    statistic : str
        ``median`` or ``p95``, the 95th percentile.
    value : float
        Synthetic against holdout rows: 0 … ∞, smaller is better.
    floor : float
        Training against holdout rows, as many: what perfect scores.
    excess, low, high, se : float
        ``value - floor`` with its 95 % interval and standard error.
    n_queries : int
        Queries behind it.
    """

    kind: str
    statistic: str
    value: float
    floor: float
    excess: float
    low: float
    high: float
    se: float
    n_queries: int


@dataclass(frozen=True)
class QueryResult:
    """How wrong answers from synthetic rows are.

    Parameters
    ----------
    errors : tuple of QueryErrors
        Median and 95th percentile for counts and, where there are number columns, for means.
    n_rows : int
        Rows of each table.
    reason : str
        Why there are none.
    """

    errors: tuple[QueryErrors, ...] = field(default=())
    n_rows: int = 0
    reason: str = ""


def random_queries(real: CastTable, names: tuple[str, ...], n_queries: int, seed: int) -> tuple[Query, ...]:
    """Make up distinct questions that a real table can answer from 2 % to 80 % of its rows.

    Parameters
    ----------
    real : CastTable
        Real rows.
    names : tuple of str
        Columns to ask about.
    n_queries : int
        How many; a small table may have fewer different ones.
    seed : int
        Seed of the choice.

    Returns
    -------
    tuple of Query
        A level is asked for when at least 5 % of the rows hold it; a range lies between two quantiles
        rounded to three digits; a mean is that of at least 20 values.
    """
    rng = generator(seed, "queries")
    levels = {name: _common_levels(real.label(name)) for name in names if _is_label(real, name)}
    values = {name: _sorted_finite(real.number(name)) for name in names if not _is_label(real, name)}
    usable = [name for name in names if levels.get(name) or len(values.get(name, ())) > 1]
    averaged = [name for name in values if len(values[name]) and values[name][0] < values[name][-1]]
    found: dict[tuple[Condition, ...], Query] = {}
    missed = 0
    while usable and missed < _MOST_MISSES and len(found) < n_queries:
        missed += 1
        size = min(len(usable), 1 + int(rng.integers(MOST_CONDITIONS)))
        chosen = sorted(rng.choice(len(usable), size=size, replace=False).tolist())
        conditions = []
        for name in (usable[index] for index in chosen):
            if name in levels:
                conditions.append(Condition(name, levels[name][int(rng.integers(len(levels[name])))]))
            else:
                ends = np.quantile(values[name], np.sort(rng.random(2)), method="inverted_cdf")
                low, high = sorted(float(f"{end:.{_DIGITS}g}") for end in ends.tolist())
                conditions.append(Condition(name, low=low, high=high))
        query = Query(tuple(conditions))
        passed = query.holds(real)
        if not SELECTIVITY[0] <= float(passed.mean()) <= SELECTIVITY[1] or query.conditions in found:
            continue
        filtered = {condition.column for condition in conditions}
        left = [
            name
            for name in averaged
            if name not in filtered
            and np.isfinite(real.number(name).values[passed]).sum() >= MIN_ROWS_OF_A_MEAN
        ]
        mean_of = left[int(rng.integers(len(left)))] if left else None
        found[query.conditions] = replace(query, mean_of=mean_of)
        missed = 0
    return tuple(found.values())


def query_utility(
    train: CastTable,
    holdout: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    *,
    n_queries: int = 200,
    holdout_persons: PersonArray | None = None,
    seed: int = 0,
    max_rows: int = 20_000,
    n_bootstrap: int = 200,
) -> QueryResult:
    r"""Ask how wrong filtered counts and means are when synthetic rows answer instead of real ones.

    Parameters
    ----------
    train : CastTable
        Real rows that the synthesizer learnt from; used for the floor.
    holdout : CastTable
        Real rows that it has not seen: they make the questions and give the true answers.
    synthetic : CastTable
        Synthetic rows.
    columns : tuple of ColumnSpec
        Columns to ask about.
    n_queries : int, default 200
        Most questions.
    holdout_persons : ndarray of int, shape (n_holdout,), optional
        Person of each holdout row: the bootstrap draws persons.
    seed : int, default 0
        Seed of samples, queries and bootstrap.
    max_rows : int, default 20000
        Most rows of each table; more are sampled.
    n_bootstrap : int, default 200
        Bootstrap draws of the rows of all three tables.

    Returns
    -------
    QueryResult
        Errors: 0 … ∞, perfect score that of the floor.

    Notes
    -----
    With :math:`s` the share of rows that pass, :math:`m` the mean among them and :math:`\sigma_H` the
    standard deviation of the column among all holdout rows, the errors of one query are

    .. math:: \frac{|s_S - s_H|}{\max(s_H, .05)}, \qquad \frac{|m_S - m_H|}{\sigma_H}.

    A mean that no row can answer is wrong by 1. The queries come from the holdout, so that fresh synthetic
    and training rows stand in the same relation to them. The interval is of the rows: the queries are held.

    References
    ----------
    Hay, Machanavajjhala, Miklau, Chen and Zhang (2016), Principled evaluation of differentially private
    algorithms using DPBench, SIGMOD; Taub, Elliot and Sakshaug (2020), The impact of synthetic data
    generation on data utility with application to the 1991 UK samples of anonymised records, Transactions
    on Data Privacy 13.
    """
    n_rows = min(train.n_rows, holdout.n_rows, synthetic.n_rows, max_rows)
    if n_rows < MIN_ROWS:
        return QueryResult(n_rows=n_rows, reason=f"fewer than {MIN_ROWS} rows on one side")
    names = modelled_names(columns, (train, holdout, synthetic))
    real, fresh, made = (
        sampled_rows(table, names, n_rows, generator(seed, "queries", side), persons)
        for table, side, persons in (
            (holdout, "holdout", holdout_persons),
            (train, "train", None),
            (synthetic, "synthetic", None),
        )
    )
    queries = random_queries(real.rows, names, n_queries, seed)
    if len(queries) < MIN_QUERIES:
        return QueryResult(n_rows=n_rows, reason=f"fewer than {MIN_QUERIES} different queries can be asked")
    with one_native_thread():
        scales = {name: _scale(real.rows.number(name)) for name in names if not _is_label(real.rows, name)}
        truth, floor, answers = (
            _answers(table, queries, scales, n_bootstrap, generator(seed, "queries", "bootstrap", index))
            for index, table in enumerate((real, fresh, made))
        )
        averaged = np.array([query.mean_of is not None for query in queries])
        errors: list[QueryErrors] = []
        for kind, asked in (("count", np.ones(len(queries), dtype=bool)), ("mean", averaged)):
            if asked.sum() >= MIN_QUERIES:
                pair = [_errors(kind, asked, truth, other) for other in (answers, floor)]
                errors += [_statistic(kind, name, share, pair) for name, share in _STATISTICS]
    return replace(QueryResult(n_rows=n_rows), errors=tuple(errors))


_STATISTICS = (("median", 0.5), ("p95", 0.95))


@dataclass(frozen=True, eq=False)
class _Answers:
    """Shares and means (in standard deviations), a row a query, a column a bootstrap draw."""

    shares: FloatArray
    means: FloatArray


def _is_label(table: CastTable, name: str) -> bool:
    return isinstance(table[name], LabelColumn)


def _common_levels(column: LabelColumn) -> tuple[str, ...]:
    held = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    enough = MIN_LEVEL_SHARE * len(column.codes)
    return tuple(
        sorted(level for level, count in zip(column.levels, held, strict=True) if count >= enough > 0)
    )


def _sorted_finite(column: NumberColumn) -> FloatArray:
    return np.sort(column.values[np.isfinite(column.values)])


def _scale(column: NumberColumn) -> tuple[float, float]:
    values = _sorted_finite(column)
    values = values[np.abs(values) < 1e150]  # noqa: PLR2004 - squares of it are still finite
    if not values.size:
        return 0.0, 1.0
    return float(values.mean()), float(values.std()) or 1.0


def _answers(
    table: SampledRows,
    queries: tuple[Query, ...],
    scales: dict[str, tuple[float, float]],
    n_bootstrap: int,
    rng: np.random.Generator,
) -> _Answers:
    """Answer all queries from the rows (first column) and from bootstrap draws of them."""
    n_rows = table.rows.n_rows
    passed = np.array([query.holds(table.rows) for query in queries])
    scaled = {}
    for name, (centre, sd) in scales.items():
        values = table.rows.number(name).values
        scaled[name] = np.where(np.isfinite(values), np.clip((values - centre) / sd, -1e6, 1e6), np.nan)
    nothing = np.full(n_rows, np.nan)
    wanted = np.array([nothing if query.mean_of is None else scaled[query.mean_of] for query in queries])
    counted = passed & ~np.isnan(wanted)
    sums = np.where(counted, wanted, 0.0)
    draws = bootstrap_weights(table.persons, n_bootstrap, rng).T[:, 1:]
    totals = np.r_[float(n_rows), draws.sum(axis=0, dtype=np.float64)]
    shares = _under(passed, draws) / totals
    known = _under(counted, draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(known > 0, _under(sums, draws) / known, np.nan)
    return _Answers(shares, means)


def _under(rows: npt.NDArray[np.bool_] | FloatArray, draws: Float32Array) -> FloatArray:
    """Add rows up as they are, in double precision, and under bootstrap weights, in single."""
    plain = rows.sum(axis=1, dtype=np.float64)
    return np.column_stack([plain, (rows.astype(np.float32) @ draws).astype(np.float64)])


def _errors(kind: str, asked: npt.NDArray[np.bool_], truth: _Answers, other: _Answers) -> FloatArray:
    if kind == "count":
        return np.asarray(np.abs(other.shares - truth.shares) / np.maximum(truth.shares, SMALLEST_SHARE))
    apart = np.abs(other.means - truth.means)[asked]
    return np.where(np.isnan(apart), _NO_ANSWER, apart)


def _statistic(kind: str, name: str, share: float, pair: list[FloatArray]) -> QueryErrors:
    value, floor = (np.quantile(errors, share, axis=0) for errors in pair)
    excess = float(value[0] - floor[0])
    se = max(float(np.std(value[1:] - floor[1:], ddof=1)), 1e-9) if len(value) > 2 else 0.0  # noqa: PLR2004
    return QueryErrors(
        kind=kind,
        statistic=name,
        value=float(value[0]),
        floor=float(floor[0]),
        excess=excess,
        low=excess - 1.96 * se,
        high=excess + 1.96 * se,
        se=se,
        n_queries=len(pair[0]),
    )
