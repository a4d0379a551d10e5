"""Coefficients: fits by hand, overlaps by hand, and conclusions that hold for fresh rows only."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from simulated_tables import (
    COLUMNS,
    jittered,
    labels,
    numbers,
    reordered,
    shuffled,
    specs,
    three_tables,
    ugly_tables,
)

from synthtab.metrics.coefficients import (
    CoefficientResult,
    coefficient_agreement,
    interval_overlap,
    least_squares,
)
from synthtab.schema import CastTable, LabelColumn, NumberColumn

UGLY = ugly_tables()
HALF = 1.959964


def _figures(result: CoefficientResult) -> list[float]:
    return [v for f in fields(result) if isinstance(v := getattr(result, f.name), float)]


def test_least_squares_by_hand() -> None:
    """Points (0,1), (1,2), (2,6): slope 5/2, intercept ½, residuals ½, -1, ½, HC1 errors worked out."""
    fit = least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 2.0, 6.0]))
    assert fit.coefficients == pytest.approx([0.5, 2.5])
    # slope: sum of ((x - 1) / 2 · residual)² = (¼)² + 0 + (¼)² = 1/8, times n / (n - k) = 3
    assert fit.errors[1] == pytest.approx(np.sqrt(3 / 8))
    # intercept: weights 5/6, 1/3, -1/6 of the residuals: (25/36 · ¼ + 1/9 + 1/36 · ¼) · 3
    assert fit.errors[0] == pytest.approx(np.sqrt(3 * (25 / 144 + 1 / 9 + 1 / 144)))
    assert fit.influence.sum(axis=0) == pytest.approx([0, 0], abs=1e-12)


def test_errors_cover_the_truth() -> None:
    """With unequal variances 95 % intervals hold the true slope in about 95 % of 400 samples."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        x = rng.normal(size=(200, 2))
        y = x[:, 0] + (0.5 + np.abs(x[:, 0])) * rng.normal(size=200)
        fit = least_squares(x, y)
        held += int(abs(fit.coefficients[1] - 1) < 1.96 * fit.errors[1])
    assert 0.915 <= held / 400 <= 0.98


def test_overlap_by_hand() -> None:
    """Equal 1, half a length apart ½, a length apart 0, two apart -1; a fourth as long inside 5/8."""
    shift = np.array([0.0, HALF, 2 * HALF, 4 * HALF, 0.0])
    error = np.array([1.0, 1.0, 1.0, 1.0, 0.25])
    one, zero = np.ones(5), np.zeros(5)
    assert interval_overlap(zero, one, shift, error) == pytest.approx([1, 0.5, 0, -1, 0.625])


def test_overlap_is_symmetric_and_bounded() -> None:
    """Sides may be exchanged, units changed, and no overlap exceeds 1."""
    rng = np.random.default_rng(0)
    b, c = rng.normal(size=(2, 200))
    e, f = rng.gamma(2, size=(2, 200))
    plain = interval_overlap(b, e, c, f)
    assert plain == pytest.approx(interval_overlap(c, f, b, e))
    assert plain == pytest.approx(interval_overlap(10 * b, 10 * e, 10 * c, 10 * f))
    assert plain.max() <= 1


@pytest.mark.parametrize("target", ["x1", "y", "a"])
def test_fresh_rows_score_the_floor(target: str) -> None:
    """Over 30 fresh samples z is about standard normal; both overlaps lie at 1 - 2 / (√π · 3.92) ≈ .712."""
    results = []
    for seed in range(30):
        train, holdout, fresh = three_tables(seed, 500)
        results.append(coefficient_agreement(train, holdout, fresh, COLUMNS, target, seed=seed))
    z = np.array([r.z for r in results], dtype=float)
    assert abs(z.mean()) < 0.6
    assert 0.5 < z.std() < 1.4
    assert np.abs(z).max() < 3.3
    expected = 1 - 2 / np.sqrt(np.pi) / (2 * HALF)
    assert np.mean([r.overlap for r in results]) == pytest.approx(expected, abs=0.04)
    assert np.mean([r.overlap_floor for r in results]) == pytest.approx(expected, abs=0.04)
    covered = [r.low is not None and r.high is not None and r.low <= 0 <= r.high for r in results]
    assert np.mean(covered) >= 0.9
    # about 25 rows miss x4 or b: now and then a fresh sample has fewer than the 20 that a term needs
    assert np.mean([r.n_lost for r in results]) < 0.5
    assert not any(r.penalised for r in results)


@pytest.mark.parametrize("target", ["x1", "y"])
def test_lost_dependence_changes_conclusions(target: str) -> None:
    """Shuffled columns: z above 3.5, an overlap and an agreement well below their floors."""
    train, holdout, _ = three_tables(0, 1_000)
    made = shuffled(train, np.random.default_rng(0))
    result = coefficient_agreement(train, holdout, made, COLUMNS, target)
    assert result.z is not None
    assert result.overlap is not None
    assert result.overlap_floor is not None
    assert result.agreement is not None
    assert result.agreement_floor is not None
    assert result.high is not None
    assert result.z > 3.5
    assert result.high < 0
    assert result.overlap < result.overlap_floor - 0.3
    assert target == "y" or result.agreement < result.agreement_floor


def test_weakened_effect_is_named() -> None:
    """Noise on one column changes the conclusion about that column most of all."""
    train, holdout, fresh = three_tables(3, 1_500)
    noisy = jittered(fresh, np.random.default_rng(0), 2.0).number("x0")
    made = CastTable({**fresh.columns, "x0": noisy}, fresh.n_rows)
    result = coefficient_agreement(train, holdout, made, COLUMNS, "x1")
    worst = max(result.coefficients, key=lambda item: item.standardised_difference)
    assert worst.term.column == "x0"
    assert worst.overlap < 0 < worst.overlap_floor
    assert result.z is not None
    assert result.z > 3.5


def test_same_rows_agree_entirely() -> None:
    """The holdout itself as synthetic table: overlap 1, agreement 1, no distance."""
    train, holdout, _ = three_tables(1, 300)
    for target in ("x1", "y"):
        result = coefficient_agreement(train, holdout, holdout, COLUMNS, target)
        assert result.overlap == pytest.approx(1)
        assert result.agreement == 1
        assert result.standardised_difference == pytest.approx(0, abs=1e-9)
        assert all(item.same_conclusion for item in result.coefficients)


def test_lost_level_is_counted_not_averaged() -> None:
    """A level without synthetic rows costs one coefficient, which is told, and no error."""
    train, holdout, fresh = three_tables(2, 500)
    column = fresh.label("b")
    made = CastTable(
        {**fresh.columns, "b": LabelColumn(np.where(column.codes == 0, 1, column.codes), column.levels)}, 500
    )
    result = coefficient_agreement(train, holdout, made, COLUMNS, "x1")
    assert result.n_lost == 1
    assert result.overlap is not None
    constant = CastTable({**fresh.columns, "x3": NumberColumn(np.zeros(500))}, 500)
    assert coefficient_agreement(train, holdout, constant, COLUMNS, "x1").n_lost == 1


def test_separation_is_penalised_and_said() -> None:
    """A level that holds one class only makes all three fits penalised; fresh rows still score the floor."""
    rng = np.random.default_rng(0)

    def table() -> CastTable:
        group = rng.choice(["a", "b", "c"], 400)
        x = rng.normal(size=400)
        ill = np.where(group == "c", True, x + rng.logistic(size=400) > 0)  # noqa: FBT003
        return CastTable(
            {
                **labels(group=group.tolist(), ill=np.where(ill, "yes", "no").tolist()).columns,
                "x": NumberColumn(x),
            },
            400,
        )

    z = []
    for _ in range(30):
        train, holdout, made = table(), table(), table()
        result = coefficient_agreement(train, holdout, made, specs(train), "ill")
        assert result.penalised
        assert np.isfinite(_figures(result)).all()
        z.append(result.z)
    found = np.array(z, dtype=float)
    assert abs(found.mean()) < 0.6
    assert 0.5 < found.std() < 1.5


def test_reasons_instead_of_figures() -> None:
    """Too few rows, one class, a constant target and nothing to explain with are told as reasons."""
    train, holdout, fresh = three_tables(1, 120)
    few = fresh.take(np.arange(49))
    assert "fewer than 50 rows" in coefficient_agreement(train, holdout, few, COLUMNS, "x1").reason
    single = CastTable({**fresh.columns, "y": LabelColumn(np.zeros(120, dtype=np.int64), ("yes",))}, 120)
    assert "fewer than 20 rows" in coefficient_agreement(train, holdout, single, COLUMNS, "y").reason
    assert "one class" in coefficient_agreement(single, single, single, COLUMNS, "y").reason
    still = CastTable({**fresh.columns, "x1": NumberColumn(np.zeros(120))}, 120)
    assert "does not vary" in coefficient_agreement(train, holdout, still, COLUMNS, "x1").reason
    alone = numbers(x1=np.random.default_rng(0).normal(size=120))
    assert "no coefficient" in coefficient_agreement(alone, alone, alone, specs(alone), "x1").reason


def test_persons_widen_the_interval() -> None:
    """Ten rows a person on the reference side carry less news than ten people.

    Less so for a difference from the floor than by itself: the reference is in both.
    """
    train, holdout, fresh = three_tables(1, 600)
    twins = holdout.take(np.repeat(np.arange(60), 10))
    by_row = coefficient_agreement(train, twins, fresh, COLUMNS, "x1")
    persons = np.repeat(np.arange(60), 10)
    by_person = coefficient_agreement(train, twins, fresh, COLUMNS, "x1", holdout_persons=persons)
    assert by_row.se is not None
    assert by_person.se is not None
    assert by_person.overlap == by_row.overlap
    assert by_person.se > 1.1 * by_row.se


def test_order_changes_nothing() -> None:
    """Rows and columns in any order give the same bytes, sampled or not."""
    tables = three_tables(4, 300)
    rng = np.random.default_rng(0)
    turned = [reordered(table.take(rng.permutation(300))) for table in tables]
    for target, most in (("x1", 20_000), ("y", 20_000), ("x1", 200)):
        plain = coefficient_agreement(*tables, COLUMNS, target, seed=3, max_rows=most)
        assert coefficient_agreement(*turned, COLUMNS[::-1], target, seed=3, max_rows=most) == plain
        assert plain.n_rows == min(300, most)
    assert coefficient_agreement(*tables, COLUMNS, "x1", seed=4).se != plain.se


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Every table gets finite figures for either kind of target, or none and a reason."""
    train, holdout, made = UGLY[case]
    for target in ("x", "y", "x1", "a", "id"):
        if target not in train.columns:
            continue
        result = coefficient_agreement(train, holdout, made, specs(train), target)
        assert (result.overlap is None) == bool(result.reason)
        assert np.isfinite(_figures(result)).all()
