"""Views, keys and the choice of pairs: known answers by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from synthtab.profiling import ProfilePlan, count_table, make_plan
from synthtab.profiling.pairing import choose_pairs, choose_triples, interaction_strength
from synthtab.profiling.views import BETWEEN, DIGITS, HOURS, MONTHS, WEEKDAYS, ViewPlan, grid_unit
from synthtab.schema import ColumnSpec, TableSchema


def _seconds(*moments: tuple[int, ...]) -> np.ndarray:
    return np.array([datetime(*moment, tzinfo=UTC).timestamp() for moment in moments])  # type: ignore[arg-type] # year, month, day first


def _named(view: ViewPlan, values: np.ndarray) -> list[str]:
    return [view.labels[cell] if cell >= 0 else "" for cell in view.encode(values)]


def test_weekday_of_known_dates() -> None:
    """1970-01-01 was a Thursday, 2000-02-29 a Tuesday, and the day before 1970 a Wednesday."""
    view = ViewPlan(0, "weekday", WEEKDAYS, 0.0)
    values = _seconds((1970, 1, 1), (2000, 2, 29, 23, 59, 59), (1969, 12, 31, 12), (2024, 6, 2))
    assert _named(view, values) == ["Thursday", "Tuesday", "Wednesday", "Sunday"]


def test_month_and_hour_of_known_dates() -> None:
    """Months and hours are UTC's, before 1970 too; a missing or infinite date has none."""
    values = np.append(_seconds((1970, 1, 1), (1969, 12, 31, 23, 59), (2024, 2, 29, 7)), [np.nan, np.inf])
    assert _named(ViewPlan(0, "month", MONTHS, 0.0), values) == ["January", "December", "February", "", ""]
    assert _named(ViewPlan(0, "hour", HOURS, 0.0), values) == ["0", "23", "7", "", ""]


def test_dates_beyond_any_calendar_are_left_out() -> None:
    """A finite number of seconds that no calendar holds has no month, and does not overflow."""
    assert ViewPlan(0, "month", MONTHS, 0.0).encode(np.array([1e300, -1e300])).tolist() == [-1, -1]


def test_last_digits_by_hand() -> None:
    """The last digit is the one on the grid, of the size of a negative number too."""
    whole = ViewPlan(0, "digit", DIGITS, 1.0)
    assert _named(whole, np.array([70.0, -13.0, 0.0, 2.5, np.nan, -np.inf])) == [
        "0",
        "3",
        "0",
        BETWEEN,
        "",
        "",
    ]
    cents = ViewPlan(0, "digit", DIGITS, 0.01)
    # 0.29 * 100 is 28.999999999999996
    assert _named(cents, np.array([0.29, 1.10, -3.07, 0.1 + 0.2, 0.295])) == ["9", "0", "7", "0", BETWEEN]
    thousands = ViewPlan(0, "digit", DIGITS, 1000.0)
    assert _named(thousands, np.array([52_000.0, 52_500.0])) == ["2", BETWEEN]


def test_every_cent_is_on_its_grid() -> None:
    """Float rounding takes none of a million cents off the grid, and gives each its digit."""
    cents = np.arange(-500_000, 500_000)
    cells = ViewPlan(0, "digit", DIGITS, 0.01).encode(cents / 100)
    assert np.array_equal(cells, np.abs(cents) % 10)


def test_multiples_of_five_and_ten() -> None:
    """Digits 0 and 5 are multiples of five, 0 of ten; a date has neither."""
    view = ViewPlan(0, "digit", DIGITS, 1.0)
    assert np.flatnonzero(view.multiples_of_five).tolist() == [0, 5]
    assert np.flatnonzero(view.multiples_of_ten).tolist() == [0]
    assert not ViewPlan(0, "hour", HOURS, 0.0).multiples_of_five.any()


@pytest.mark.parametrize("unit", [1e3, 10.0, 1.0, 0.1, 1e-3, 1e-6])
def test_the_unit_of_rounded_values_is_found(unit: float) -> None:
    """Values rounded to a power of ten give that power, though one in 250 is not rounded."""
    values = np.random.default_rng(0).integers(1, 900, 3000) * unit
    values[::250] += 0.37 * unit
    distinct, counts = np.unique(values, return_counts=True)
    assert grid_unit(distinct, counts) == unit


def test_no_unit_where_too_many_values_lie_between() -> None:
    """Continuous values have no unit, and nor has a grid that one value in fifty leaves."""
    rng = np.random.default_rng(0)
    assert grid_unit(np.sort(rng.normal(size=2000)), np.ones(2000, dtype=int)) is None
    values = rng.integers(1, 900, 3000).astype(float)
    values[::50] += rng.random(60)
    assert grid_unit(*np.unique(values, return_counts=True)) is None
    assert grid_unit(np.zeros(1), np.array([5])) is None


def _plan_of(frame: pd.DataFrame, **kinds: str) -> ProfilePlan:
    schema = TableSchema(tuple(ColumnSpec(name, kinds[name]) for name in kinds))  # type: ignore[arg-type] # text is brought to a Kind
    return make_plan(schema, [schema.cast(frame)])


def test_which_views_a_plan_has() -> None:
    """Digits need a grid and twenty values, hours need a time of day, labels have none."""
    rng = np.random.default_rng(1)
    days = pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 400), unit="D")
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 400),
            "children": rng.integers(0, 9, 400),
            "score": rng.normal(size=400),
            "born": days,
            "seen": days + pd.to_timedelta(rng.integers(0, 86_400, 400), unit="s"),
            "level": rng.choice(list("ab"), 400),
        }
    )
    plan = _plan_of(
        frame,
        age="integer",
        children="integer",
        score="numeric",
        born="datetime",
        seen="datetime",
        level="categorical",
    )
    assert [(plan.names[view.column], view.part) for view in plan.views] == [
        ("age", "digit"),
        ("born", "weekday"),
        ("born", "month"),
        ("seen", "weekday"),
        ("seen", "month"),
        ("seen", "hour"),
    ]


def test_heaping_is_seen_by_its_view() -> None:
    """Of 1,000 ages 600 were rounded to fives: their digits count 0 and 5, also in values nobody real has."""
    rng = np.random.default_rng(2)
    ages = rng.integers(20, 80, 1000)
    ages[:600] = ages[:600] // 5 * 5
    schema = TableSchema((ColumnSpec("age", "numeric"),))
    plan = make_plan(schema, [schema.cast(pd.DataFrame({"age": ages}))])
    counts = count_table(schema.cast(pd.DataFrame({"age": ages})), plan).view_totals[0]
    assert counts.tolist() == [*np.bincount(ages % 10, minlength=10).tolist(), 0]
    assert counts[plan.views[0].multiples_of_five].sum() >= 600
    made = pd.DataFrame({"age": [21.5, 3.0, 207.0, np.inf, np.nan, 30.0]})
    seen = count_table(schema.cast(made), plan).view_totals[0]
    assert dict(zip(plan.views[0].labels, seen.tolist(), strict=True)) == dict.fromkeys(DIGITS, 0) | {
        "0": 1,
        "3": 1,
        "7": 1,
        BETWEEN: 1,
    }


def test_views_of_many_values_equal_a_count_by_pandas() -> None:
    """More than 10,000 distinct moments: weekday, month and hour counts equal pandas'."""
    rng = np.random.default_rng(3)
    when = pd.to_datetime("1960-01-01") + pd.to_timedelta(rng.integers(0, 2_000_000_000, 20_000), unit="s")
    schema = TableSchema((ColumnSpec("when", "datetime"),))
    table = schema.cast(pd.DataFrame({"when": when}))
    plan = make_plan(schema, [table])
    assert not plan.columns[0].exact
    weekday, month, hour = count_table(table, plan).view_totals
    assert weekday.tolist() == np.bincount(when.weekday, minlength=7).tolist()
    assert month.tolist() == np.bincount(when.month - 1, minlength=12).tolist()
    assert hour.tolist() == np.bincount(when.hour, minlength=24).tolist()


# ------------------------------------------------------------------------------------ keys


def test_keys_equal_a_groupby_of_pandas() -> None:
    """Sizes of combinations equal pandas' groupby, missing values a level; unknown ones go last."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], 900),
            "area": rng.choice([*"abcdefgh", None], 900),
            "age": rng.integers(0, 4, 900).astype(float),
            "other": rng.normal(size=900),
        }
    )
    schema = TableSchema(
        (
            ColumnSpec("sex", "categorical", role="quasi_identifier"),
            ColumnSpec("area", "categorical", role="quasi_identifier"),
            ColumnSpec("other", "numeric"),
            ColumnSpec("age", "integer", role="quasi_identifier"),
        )
    )
    table = schema.cast(frame)
    plan = make_plan(schema, [table])
    assert plan.keys is not None
    assert plan.keys.columns == (0, 1, 3)
    counts = count_table(table, plan).keys.sum(axis=0)
    sizes = frame.groupby(["sex", "area", "age"], dropna=False).size()
    assert sorted(counts[:-1].tolist()) == sorted(sizes.tolist())
    assert counts[-1] == 0
    strange = schema.cast(frame.assign(sex="x"))
    assert count_table(strange, plan).keys.sum(axis=0).tolist() == [0] * len(sizes) + [900]


def test_keys_that_overflow_are_hashed() -> None:
    """With more combinations than 63 bits hold, equal rows still share a key and others do not."""
    rng = np.random.default_rng(5)
    names = [f"q{index}" for index in range(30)]
    frame = pd.DataFrame({name: rng.choice(list("abcdefgh"), 300) for name in names})
    frame = pd.concat([frame, frame[:100]], ignore_index=True)
    schema = TableSchema(tuple(ColumnSpec(name, "categorical", role="quasi_identifier") for name in names))
    table = schema.cast(frame)
    plan = make_plan(schema, [table])
    counts = count_table(table, plan).keys.sum(axis=0)
    assert np.bincount(counts).tolist() == [1, 200, 100]


def test_only_the_most_frequent_keys_are_kept() -> None:
    """Of five combinations two are kept: the most frequent, and of the equally frequent the smaller code."""
    from synthtab.profiling.keys import most_frequent_keys

    codes = np.repeat([9, 4, 7, 1, 5], [3, 2, 2, 2, 1])
    assert most_frequent_keys(codes, 2).tolist() == [1, 9]


def test_one_quasi_identifier_is_no_combination() -> None:
    """With fewer than two quasi-identifiers nothing is counted, and the shape says so."""
    schema = TableSchema((ColumnSpec("x", "categorical", role="quasi_identifier"),))
    table = schema.cast(pd.DataFrame({"x": list("abab")}))
    plan = make_plan(schema, [table])
    assert plan.keys is None
    assert count_table(table, plan, shards=2).keys.shape == (2, 0)


# ------------------------------------------------------------------------------------ pairs and triples


def _wide(n_columns: int, n: int = 2000) -> tuple[TableSchema, pd.DataFrame]:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({f"c{index:03d}": rng.integers(0, 5, n) for index in range(n_columns)})
    frame["c017"] = frame["c004"]
    frame["c021"] = np.where(rng.random(n) < 0.7, frame["c002"], frame["c021"])
    return TableSchema(tuple(ColumnSpec(name, "integer") for name in sorted(frame))), frame


def test_the_pair_budget_keeps_targets_and_strong_pairs() -> None:
    """Of 435 pairs 100 are counted: all 29 of the target, both real dependences, others at random."""
    schema, frame = _wide(30)
    plan = make_plan(schema, [schema.cast(frame)], targets=["c009"], most_pairs=100)
    assert len(plan.pairs) == 100
    assert list(plan.pairs) == sorted(set(plan.pairs))
    assert sum(9 in pair for pair in plan.pairs) == 29
    assert {(4, 17), (2, 21)} <= set(plan.pairs)
    assert plan.pairs_rule == (
        "Of 435 pairs of columns, 100 are counted: all 29 that hold a target, the 36 with the strongest "
        "association among real rows and 35 drawn at random from the others."
    )


def test_all_pairs_are_counted_when_few() -> None:
    """Under the budget there is no choice and no sentence."""
    schema, frame = _wide(30)
    plan = make_plan(schema, [schema.cast(frame)])
    assert len(plan.pairs) == 435
    assert plan.pairs_rule == ""


def test_the_choice_of_pairs_follows_content_and_seed() -> None:
    """Shuffled rows give the same pairs; another seed draws others but keeps the strong ones."""
    schema, frame = _wide(30, 7000)
    first, second = (
        make_plan(schema, [schema.cast(rows)], most_pairs=60)
        for rows in (frame, frame.sample(frac=1, random_state=1))
    )
    other = make_plan(schema, [schema.cast(frame)], most_pairs=60, seed=1)
    assert first.pairs == second.pairs
    assert first.triples == second.triples
    assert first.pairs != other.pairs
    assert {(4, 17), (2, 21)} <= set(first.pairs) & set(other.pairs)


def test_targets_may_exceed_the_budget() -> None:
    """All pairs of a target are counted even when they alone are too many."""
    pairs, rule = choose_pairs(10, [3], list, most=5)
    assert pairs == tuple(sorted(tuple(sorted((3, other))) for other in range(10) if other != 3))
    assert rule == "Of 45 pairs of columns, 9 are counted: all 9 that hold a target."


def test_interaction_strength_by_hand() -> None:
    """Two equal coins are half apart from independence; a coin and its opposite too; independent ones not."""
    coin, other = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    strength = interaction_strength([coin, 1 - coin, other])
    assert strength[0, 1] == pytest.approx(0.5)
    assert strength[0, 2] == pytest.approx(0.0)


def test_triples_hold_every_target_and_no_double() -> None:
    """Twelve columns, one target: its 55 triples and 40 others; 300 of a target's triples at most."""
    triples = choose_triples(12, [5], seed=0)
    assert len(triples) == len(set(triples)) == 95
    assert sum(5 in triple for triple in triples) == 55
    assert all(a < b < c for a, b, c in triples)
    assert list(triples) == sorted(triples)
    wide = choose_triples(60, [5, 7], seed=0)
    assert len(set(wide)) == 340
    assert sum(5 in triple or 7 in triple for triple in wide) == 300
    assert choose_triples(2, []) == ()
    assert choose_triples(4, []) == ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))
