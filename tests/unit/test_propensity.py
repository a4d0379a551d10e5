"""Propensity: the logistic fit, the null by hand, and the two ways a table can be told from real rows."""

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
from sklearn.linear_model import LogisticRegression

from synthtab.metrics.propensity import expected_pmse, propensity_pmse
from synthtab.metrics.regression import (
    MainEffects,
    Term,
    independent_columns,
    logistic_regression,
    sampled_rows,
)
from synthtab.schema import CastTable, NumberColumn

UGLY = ugly_tables()


def _without(table: CastTable, name: str, values: np.ndarray) -> CastTable:
    return CastTable({**table.columns, name: NumberColumn(values)}, table.n_rows)


def test_logistic_regression_is_scikit_learns() -> None:
    """Coefficients equal those of scikit-learn without penalty, and with one, to a millionth."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(400, 4))
    outcome = matrix @ [1.0, -0.5, 0.3, 0.0] + rng.logistic(size=400) > 0.4
    for ridge, strength in ((0.0, np.inf), (2.0, 0.5)):
        fit = logistic_regression(matrix, outcome, ridge=ridge)
        other = LogisticRegression(C=strength, tol=1e-12, max_iter=5_000).fit(matrix, outcome)
        assert fit.converged
        assert fit.coefficients[1:] == pytest.approx(other.coef_[0], abs=1e-6)
        assert fit.coefficients[0] == pytest.approx(other.intercept_[0], abs=1e-6)
        assert fit.probabilities == pytest.approx(other.predict_proba(matrix)[:, 1], abs=1e-6)


def test_logistic_regression_by_hand() -> None:
    """One binary column: the coefficient is the log odds ratio, its variance the sum of 1 / count."""
    counts = {(0, 0): 30, (0, 1): 10, (1, 0): 12, (1, 1): 48}
    rows = np.array([cell for cell, count in counts.items() for _ in range(count)], dtype=float)
    fit = logistic_regression(rows[:, :1], rows[:, 1] > 0)
    assert fit.coefficients[1] == pytest.approx(np.log(30 * 48 / (10 * 12)))
    assert fit.covariance[1, 1] == pytest.approx(sum(1 / count for count in counts.values()), rel=1e-6)


def test_separated_classes_have_no_maximum() -> None:
    """Separable classes are said not to converge; a small penalty keeps the coefficient finite."""
    x = np.r_[np.linspace(-2, -1, 30), np.linspace(1, 2, 30)][:, None]
    assert not logistic_regression(x, x[:, 0] > 0).converged
    fit = logistic_regression(x, x[:, 0] > 0, ridge=1e-3)
    assert fit.converged
    assert np.isfinite(fit.coefficients).all()


def test_collinear_columns_are_dropped() -> None:
    """Of a, b, a + b, a constant and one minus a dummy, as many stay as the rank, less the intercept."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 50))
    dummy = (a > 0).astype(float)
    matrix = np.column_stack([a, b, a + b, np.full(50, 3.0), dummy, 1 - dummy])
    kept = independent_columns(matrix)
    assert len(kept) == 3
    assert 3 not in kept
    assert np.linalg.matrix_rank(np.column_stack([np.ones(50), matrix[:, kept]])) == 4
    assert independent_columns(np.empty((50, 0))).size == 0
    assert independent_columns(np.ones((50, 2))).size == 0


def test_terms_by_hand() -> None:
    """A level of 20 rows gets a column, one of 19 does not; the most frequent one is the baseline."""
    level = ["a"] * 50 + ["b"] * 20 + ["c"] * 19 + ["d"] * 2 + [None] * 20
    table = CastTable({**labels(k=level).columns, **numbers(x=np.arange(111.0)).columns}, 111)
    design = MainEffects.fit(specs(table), (table,), (table,), 8)
    assert design.terms == (
        Term("k", "level", "b"),
        Term("k", "other levels"),
        Term("k", "missing"),
        Term("x", "value"),
    )
    matrix = design.matrix(table)
    assert matrix[:, :3].sum(axis=0).tolist() == [20, 21, 20]
    assert matrix[:, 3].std() == pytest.approx(1)


def test_null_expectation_by_hand() -> None:
    """Nine parameters, 1,000 rows, a fifth synthetic: 8 · .8² · .2 / 1000, and 8 · .8 · .2 / 1000."""
    assert expected_pmse(9, 1_000, 0.2, fitted_to_reference=True) == pytest.approx(
        (0.001024, 4 * 0.8**2 * 0.2 / 1_000)
    )
    assert expected_pmse(9, 1_000, 0.2) == pytest.approx((0.00128, 4 * 0.8 * 0.2 / 1_000))


def test_the_two_nulls_are_told_apart_by_simulation() -> None:
    """Rows from a normal fitted to the reference give half the pMSE that an independent sample gives."""
    rng = np.random.default_rng(2)
    outcome = np.repeat([False, True], 300)
    found: dict[str, list[float]] = {"independent": [], "fitted": []}
    for _ in range(400):
        real = rng.normal(size=(300, 4))
        # main effects see means only: a correct fitted model reproduces the real rows' means
        for kind, centre in (("independent", np.zeros(4)), ("fitted", real.mean(axis=0))):
            both = np.vstack([real, centre + rng.normal(size=(300, 4))])
            fit = logistic_regression(both, outcome, ridge=1e-3)
            found[kind].append(float(((fit.probabilities - 0.5) ** 2).mean()))
    for kind, fitted in (("independent", False), ("fitted", True)):
        mean, sd = expected_pmse(5, 600, 0.5, fitted_to_reference=fitted)
        assert np.mean(found[kind]) == pytest.approx(mean, abs=4 * sd / np.sqrt(400))


def test_fresh_rows_score_one() -> None:
    """Over 50 fresh samples the ratio is within 4 SD of 1, on average within .15, and z is standard."""
    results = []
    for seed in range(50):
        train, holdout, fresh = three_tables(seed, 400)
        results.append(propensity_pmse(train, holdout, fresh, COLUMNS, seed=seed, n_permutations=0))
    ratios = np.array([r.ratio for r in results], dtype=float)
    sd = np.sqrt(2 / (results[0].n_parameters - 1))
    assert np.abs(ratios - 1).max() < 4 * sd
    assert ratios.mean() == pytest.approx(1, abs=0.15)
    assert np.mean([r.floor for r in results]) == pytest.approx(1, abs=0.15)
    assert 0.7 < np.std([r.z for r in results]) < 1.3
    covered = [r.low is not None and r.high is not None and r.low <= 1 <= r.high for r in results]
    assert np.mean(covered) > 0.85


def test_trees_are_not_fooled_by_fresh_rows() -> None:
    """Over 15 fresh samples the tree's ratio is about 1 and its z stays below 3.5."""
    results = []
    for seed in range(15):
        train, holdout, fresh = three_tables(seed, 400)
        results.append(propensity_pmse(train, holdout, fresh, COLUMNS, seed=seed))
    assert np.mean([r.tree_ratio for r in results]) == pytest.approx(1, abs=0.25)
    assert np.abs(np.array([r.tree_z for r in results], dtype=float)).max() < 3.5


def test_a_shifted_mean_is_seen() -> None:
    """A column moved by half a standard deviation gives a ratio far above 5, and the tree sees it too."""
    train, holdout, fresh = three_tables(1, 700)
    x = fresh.number("x2").values
    moved = propensity_pmse(train, holdout, _without(fresh, "x2", x + 0.5 * x.std()), COLUMNS)
    assert moved.ratio is not None
    assert moved.tree_z is not None
    assert moved.ratio > 5
    assert moved.tree_z > 5
    assert moved.low is not None
    assert moved.low > 1
    assert moved.pmse is not None
    assert 0 <= moved.pmse <= 0.25


def test_lost_level_is_seen() -> None:
    """A level that the synthetic rows lost separates real rows: a finite ratio far above 1."""
    train, holdout, fresh = three_tables(2, 500)
    column = fresh.label("b")
    lost = np.where(column.codes == 0, 1, column.codes)
    made = CastTable({**fresh.columns, "b": type(column)(lost, column.levels)}, 500)
    ratio = propensity_pmse(train, holdout, made, COLUMNS, n_permutations=0).ratio
    assert ratio is not None
    assert 2 < ratio < 1_000


def test_main_effects_miss_what_the_tree_sees() -> None:
    """An exclusive-or that was lost leaves the ratio near 1; the tree gives it away."""
    rng = np.random.default_rng(0)

    def table(*, dependent: bool) -> CastTable:
        x = rng.normal(size=800)
        y = np.abs(rng.normal(size=800)) * (np.sign(x) if dependent else rng.choice([-1, 1], 800))
        return numbers(x=x, y=y)

    train, holdout, made = table(dependent=True), table(dependent=True), table(dependent=False)
    result = propensity_pmse(train, holdout, made, specs(train))
    assert result.z is not None
    assert result.tree_z is not None
    assert abs(result.z) < 4
    assert result.tree_z > 8


def test_independent_columns_score_one() -> None:
    """What the docstring warns of: shuffled columns are not told from real ones by main effects."""
    train, holdout, _ = three_tables(3, 600)
    result = propensity_pmse(
        train, holdout, shuffled(train, np.random.default_rng(0)), COLUMNS, n_permutations=0
    )
    assert result.z is not None
    assert result.z < 4


def test_order_changes_nothing() -> None:
    """Rows and columns in any order give the same bytes, sampled or not; another seed other trees."""
    tables = three_tables(4, 300)
    rng = np.random.default_rng(0)
    turned = [reordered(table.take(rng.permutation(300))) for table in tables]
    for most in (20_000, 200):
        plain = propensity_pmse(*tables, COLUMNS, seed=3, max_rows=most, n_permutations=3)
        assert propensity_pmse(*turned, COLUMNS[::-1], seed=3, max_rows=most, n_permutations=3) == plain
        assert plain.n_rows == min(300, most)
    other = propensity_pmse(*tables, COLUMNS, seed=4, n_permutations=3)
    assert other.tree_z != propensity_pmse(*tables, COLUMNS, seed=3, n_permutations=3).tree_z


def test_sampled_rows_keep_persons() -> None:
    """Rows of equal content keep their own person, whatever their order."""
    table = numbers(x=[1.0, 1.0, 2.0, 1.0])
    persons = np.array([7, 5, 5, 7])
    first = sampled_rows(table, ("x",), 9, np.random.default_rng(0), persons)
    turned = sampled_rows(table.take(np.arange(4)[::-1]), ("x",), 9, np.random.default_rng(0), persons[::-1])
    assert np.array_equal(first.persons, turned.persons)
    assert sorted(zip(first.rows.number("x").values.tolist(), first.persons.tolist(), strict=True)) == [
        (1.0, 0),
        (1.0, 1),
        (1.0, 1),
        (2.0, 0),
    ]


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Every table gets finite figures, or none and a reason."""
    train, holdout, made = UGLY[case]
    result = propensity_pmse(train, holdout, made, specs(train), n_permutations=2)
    assert (result.ratio is None) == bool(result.reason)
    assert np.isfinite([value for value in asdict(result).values() if isinstance(value, float)]).all()
