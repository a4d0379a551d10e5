"""Queries: answers counted by hand, fresh rows at the floor, shuffled and shifted rows above it."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from simulated_tables import (
    COLUMNS,
    labels,
    numbers,
    reordered,
    shuffled,
    specs,
    three_tables,
    ugly_tables,
)

from synthtab.metrics.queries import (
    Condition,
    Query,
    QueryErrors,
    QueryResult,
    query_utility,
    random_queries,
)
from synthtab.schema import CastTable, NumberColumn

UGLY = ugly_tables()
NAMES = tuple(sorted(column.name for column in COLUMNS))


def _error(result: QueryResult, kind: str, statistic: str) -> QueryErrors:
    return next(item for item in result.errors if (item.kind, item.statistic) == (kind, statistic))


def test_conditions_by_hand() -> None:
    """Both ends of a range belong to it, a missing value passes nothing, and all conditions must hold."""
    table = CastTable(
        {**numbers(x=[1.0, 2.0, 3.0, np.nan]).columns, **labels(k=["a", "b", "a", "a"]).columns}, 4
    )
    query = Query((Condition("k", "a"), Condition("x", low=1, high=3)))
    assert query.holds(table).tolist() == [True, False, True, False]
    assert Query((Condition("k", "z"),)).holds(table).tolist() == [False] * 4


def test_errors_by_hand() -> None:
    """Every synthetic value one SD higher in a column nobody filters on: each mean is wrong by exactly 1.

    The rows are the holdout's otherwise, so that a count is right unless it filters on that column.
    """
    rng = np.random.default_rng(0)
    groups = {name: rng.choice(list("abc"), 400).tolist() for name in "pqrs"}
    holdout = CastTable({**labels(**groups).columns, **numbers(x=rng.normal(size=400)).columns}, 400)
    x = holdout.number("x").values
    made = CastTable({**holdout.columns, "x": NumberColumn(x + x.std())}, 400)
    queries = random_queries(holdout, tuple("pqrsx"), 200, 0)
    assert sum(query.mean_of == "x" for query in queries) >= 20
    by_x = ["x" in {condition.column for condition in query.conditions} for query in queries]
    assert 0.2 < np.mean(by_x) < 0.95
    result = query_utility(holdout, holdout, made, specs(holdout))
    assert _error(result, "mean", "median").value == pytest.approx(1)
    assert _error(result, "mean", "p95").value == pytest.approx(1)
    assert _error(result, "mean", "p95").floor == 0
    assert _error(result, "count", "p95").value > 0.3


def test_count_error_by_hand() -> None:
    """Real rows are half a, half b, synthetic ones all a: each count is wrong by 100 % of the real one."""
    real = labels(
        **{f"c{index:02d}": ["a"] * 50 + ["b"] * 50 for index in range(30)},
    )
    made = labels(**{f"c{index:02d}": ["a"] * 100 for index in range(30)})
    result = query_utility(real, real, made, specs(real))
    # asking a, or a and a: share ½ against 1; asking b: ½ against 0; a and b never: below 2 %
    assert {item.kind for item in result.errors} == {"count"}
    assert _error(result, "count", "median").value == 1
    assert _error(result, "count", "p95").value == 1


def test_queries_keep_their_promises() -> None:
    """Selectivity between 2 and 80 %, frequent levels, one to three columns, short decimals, no repeats."""
    _, holdout, _ = three_tables(0, 1_000)
    queries = random_queries(holdout, NAMES, 200, 0)
    assert len(queries) == len({query.conditions for query in queries}) == 200
    assert {len(query.conditions) for query in queries} == {1, 2, 3}
    for query in queries:
        assert 0.02 <= query.holds(holdout).mean() <= 0.80
        columns = [condition.column for condition in query.conditions]
        assert len(set(columns)) == len(columns)
        assert query.mean_of not in columns
        for condition in query.conditions:
            if condition.level is None:
                assert condition.low == float(f"{condition.low:.3g}") <= condition.high
            else:
                assert Query((condition,)).holds(holdout).mean() >= 0.05


def test_fresh_rows_stay_at_the_floor() -> None:
    """Over 25 fresh samples no excess is beyond 3.3 errors and 95 % intervals hold 0 in at least 92 %."""
    z, held = [], []
    for seed in range(25):
        train, holdout, fresh = three_tables(seed, 400)
        result = query_utility(train, holdout, fresh, COLUMNS, seed=seed, n_bootstrap=100)
        assert len(result.errors) == 4
        z += [item.excess / item.se for item in result.errors]
        held += [item.low <= 0 <= item.high for item in result.errors]
    assert np.abs(z).max() < 3.3
    assert np.mean(held) >= 0.92
    assert abs(np.mean(z)) < 0.4


def test_lost_dependence_gives_wrong_answers() -> None:
    """Shuffled columns give wrong means: a significant excess, and a p95 far above its floor."""
    train, holdout, _ = three_tables(0, 1_500)
    result = query_utility(train, holdout, shuffled(train, np.random.default_rng(0)), COLUMNS)
    assert _error(result, "mean", "median").low > 0
    worst = _error(result, "mean", "p95")
    assert worst.low > 0
    assert worst.value > 1.8 * worst.floor
    assert _error(result, "count", "p95").low > 0


def test_same_rows_have_no_error() -> None:
    """The holdout itself as synthetic table answers everything rightly."""
    train, holdout, _ = three_tables(2, 300)
    result = query_utility(train, holdout, holdout, COLUMNS)
    assert [item.value for item in result.errors] == [0.0] * 4
    assert all(item.floor > 0 and item.excess < 0 for item in result.errors)


def test_unanswered_means_are_wrong_by_one() -> None:
    """A synthetic column without any value answers no mean of it."""
    rng = np.random.default_rng(1)
    holdout = numbers(x=rng.normal(size=300), y=rng.normal(size=300))
    made = CastTable({**holdout.columns, "y": NumberColumn(np.full(300, np.nan))}, 300)
    result = query_utility(holdout, holdout, made, specs(holdout))
    assert _error(result, "mean", "p95").value == 1


def test_too_little_to_ask() -> None:
    """Few rows, or few different questions, give a reason; a table without numbers is asked counts only."""
    train, holdout, fresh = three_tables(0, 120)
    assert "fewer than 50 rows" in query_utility(train, holdout, fresh.take(np.arange(49)), COLUMNS).reason
    plain = labels(k=["a", "b"] * 60)
    assert "different queries" in query_utility(plain, plain, plain, specs(plain)).reason


def test_persons_widen_the_interval() -> None:
    """Ten rows a person on the reference side carry less news than ten people."""
    train, holdout, fresh = three_tables(1, 600)
    twins = holdout.take(np.repeat(np.arange(60), 10))
    by_row = query_utility(train, twins, fresh, COLUMNS)
    by_person = query_utility(train, twins, fresh, COLUMNS, holdout_persons=np.repeat(np.arange(60), 10))
    for one, other in zip(by_row.errors, by_person.errors, strict=True):
        assert other.value == one.value
    assert np.mean([item.se for item in by_person.errors]) > 1.3 * np.mean([i.se for i in by_row.errors])


def test_order_changes_nothing() -> None:
    """Rows and columns in any order give the same bytes, sampled or not; another seed asks other things."""
    tables = three_tables(4, 300)
    rng = np.random.default_rng(0)
    turned = [reordered(table.take(rng.permutation(300))) for table in tables]
    for most in (20_000, 200):
        plain = query_utility(*tables, COLUMNS, seed=3, max_rows=most, n_bootstrap=50)
        assert query_utility(*turned, COLUMNS[::-1], seed=3, max_rows=most, n_bootstrap=50) == plain
        assert plain.n_rows == min(300, most)
    assert random_queries(tables[1], NAMES, 20, 0) != random_queries(tables[1], NAMES, 20, 1)


def test_result_holds_no_question() -> None:
    """A result is made of its own words and of errors: no level and no bound of a query is in it."""
    train, holdout, fresh = three_tables(5, 200)
    result = query_utility(train, holdout, fresh, COLUMNS)
    texts = {value for item in result.errors for value in asdict(item).values() if isinstance(value, str)}
    assert texts == {"count", "mean", "median", "p95"}


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Every table gets finite figures, or none and a reason."""
    train, holdout, made = UGLY[case]
    result = query_utility(train, holdout, made, specs(train), n_bootstrap=20)
    assert bool(result.errors) != bool(result.reason)
    figures = [value for item in result.errors for value in asdict(item).values()]
    assert np.isfinite([value for value in figures if isinstance(value, float)]).all()
