"""The guard: what only a few people hold reaches no model, and what the guard says gives nothing away."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from synthtab.errors import DataError, SavedModelError, SpecError
from synthtab.schema import POOLED_LEVEL, ColumnSpec, TableSchema
from synthtab.synthesizers import FittedGuard, Guard, make
from synthtab.synthesizers.people import count_people


def _schema(*columns: ColumnSpec, unit: str | None = None) -> TableSchema:
    return TableSchema(columns, unit=unit)


def _levels(**counts: int) -> pd.DataFrame:
    return pd.DataFrame({"x": [level for level, count in counts.items() for _ in range(count)]})


def _fitted(frame: pd.DataFrame, *columns: ColumnSpec, k: int = 10, unit: str | None = None) -> FittedGuard:
    return FittedGuard.fit(frame, _schema(*columns, unit=unit), Guard(k))


def test_levels_below_k_are_pooled_and_levels_of_k_stay() -> None:
    """With k = 10, levels of 9 and 8 are pooled, a level of 10 stays."""
    frame = _levels(common=50, ten=10, nine=9, eight=8)
    guard = _fitted(frame, ColumnSpec("x", "categorical"))
    assert guard.apply(frame)["x"].value_counts().to_dict() == {"common": 50, POOLED_LEVEL: 17, "ten": 10}


def test_public_levels_stay_however_rare() -> None:
    """A level of a public code book is kept with one person; others beside it are not."""
    frame = _levels(common=50, rare=1, typo=3, slip=9)
    guard = _fitted(frame, ColumnSpec("x", "categorical", categories=("common", "rare")))
    assert guard.apply(frame)["x"].value_counts().to_dict() == {"common": 50, POOLED_LEVEL: 12, "rare": 1}


def test_levels_that_were_read_off_the_data_are_not_public() -> None:
    """A domain marked from_data protects nothing from being pooled."""
    frame = _levels(common=50, rare=1, also_rare=9)
    spec = ColumnSpec("x", "categorical", categories=("common", "rare", "also_rare"), domain="from_data")
    assert set(_fitted(frame, spec).apply(frame)["x"]) == {"common", POOLED_LEVEL}


@pytest.mark.parametrize(("may_be_missing", "becomes"), [(True, None), (False, "common")])
def test_a_pool_of_fewer_than_k_is_not_made(may_be_missing: bool, becomes: str | None) -> None:
    """Three people in all the rare levels: missing where allowed, else the commonest level."""
    frame = _levels(common=50, other=20, rare=2, rarer=1)
    guard = _fitted(frame, ColumnSpec("x", "categorical", missing=may_be_missing))
    guarded = guard.apply(frame)["x"]
    assert POOLED_LEVEL not in set(guarded)
    assert guarded.isna().sum() == (3 if becomes is None else 0)
    assert (guarded == "common").sum() == (50 if becomes is None else 53)


def test_people_are_counted_not_rows() -> None:
    """Twenty rows of one person do not make a level, nor an extreme value, common."""
    frame = pd.DataFrame(
        {
            "person": [*range(100), *[100] * 20],
            "x": ["a"] * 50 + ["b"] * 50 + ["mine"] * 20,
            "y": [*map(float, range(100)), *[999.0] * 20],
        }
    )
    guard = _fitted(
        frame,
        ColumnSpec("person", "identifier"),
        ColumnSpec("x", "categorical", missing=False),
        ColumnSpec("y", "numeric"),
        unit="person",
    )
    guarded = guard.apply(frame)
    assert "mine" not in set(guarded["x"])
    assert guarded["y"].max() == 91.0  # the tenth different person from the top: 999, 99, 98, …, 91
    assert guarded["y"].min() == 9.0


def test_rows_without_a_person_count_as_one_each() -> None:
    """Unknown persons are not taken for one and the same."""
    frame = pd.DataFrame({"person": [None] * 30, "x": ["a"] * 15 + ["b"] * 15})
    guard = _fitted(frame, ColumnSpec("person", "identifier"), ColumnSpec("x", "categorical"), unit="person")
    assert set(guard.apply(frame)["x"]) == {"a", "b"}


def test_numbers_are_coded_at_public_bounds_else_at_the_kth_value() -> None:
    """One open end is coded where k people share it, the public end at its bound."""
    frame = pd.DataFrame({"x": np.arange(100.0)})
    guarded = _fitted(frame, ColumnSpec("x", "numeric", lower=0)).apply(frame)["x"]
    assert guarded.min() == 0.0
    assert guarded.max() == 90.0
    assert (guarded == 90.0).sum() == 10
    outside = _fitted(frame, ColumnSpec("x", "numeric", lower=20, upper=60)).apply(frame)["x"]
    assert (outside.min(), outside.max()) == (20.0, 60.0)


def test_bounds_that_were_read_off_the_data_do_not_count() -> None:
    """A bound marked from_data is a real extreme: the k-th value is the end all the same."""
    frame = pd.DataFrame({"x": np.arange(100.0)})
    spec = ColumnSpec("x", "numeric", lower=0, upper=99, domain="from_data")
    assert _fitted(frame, spec).apply(frame)["x"].max() == 90.0


def test_a_column_that_few_people_fill_is_emptied() -> None:
    """A number or level for fewer than k people becomes missing altogether; for fewer than 2k, one value."""
    frame = pd.DataFrame(
        {
            "x": [1.0, 2.0, *[np.nan] * 40],
            "y": ["a"] * 5 + [None] * 37,
            "z": [*map(float, range(15)), *[np.nan] * 27],
        }
    )
    guard = _fitted(
        frame, ColumnSpec("x", "numeric"), ColumnSpec("y", "categorical"), ColumnSpec("z", "numeric")
    )
    guarded = guard.apply(frame)
    assert guarded["x"].isna().all()
    assert guarded["y"].isna().all()
    assert len(guarded["z"].value_counts()) == 1


def test_columns_without_room_for_text_merge_rare_levels_into_the_nearest() -> None:
    """Whole-number codes stay whole numbers: a rare code joins the nearest that is kept."""
    frame = pd.DataFrame({"x": [10] * 30 + [20] * 30 + [13] + [19] * 2 + [99]})
    guarded = _fitted(frame, ColumnSpec("x", "categorical")).apply(frame)["x"]
    assert guarded.dtype == "int64"
    assert guarded.value_counts().to_dict() == {20: 33, 10: 31}


def test_a_number_column_of_rare_levels_only_is_emptied_or_refused() -> None:
    """Codes that all are rare become missing if they may be; else the error names the column only."""
    frame = pd.DataFrame({"x": np.arange(50)})
    with pytest.raises(DataError, match="'x'"):
        _fitted(frame, ColumnSpec("x", "categorical", missing=False))
    floats = frame.astype(float)
    assert _fitted(floats, ColumnSpec("x", "categorical")).apply(floats)["x"].isna().all()


def test_truth_values_of_few_people_join_the_others() -> None:
    """A bool column whose True is held by one person, and which nobody calls public, comes out all False."""
    frame = pd.DataFrame({"x": [True] + [False] * 40})
    guarded = _fitted(frame, ColumnSpec("x", "boolean")).apply(frame)["x"]
    assert guarded.dtype == "bool"
    assert not guarded.any()
    public = _fitted(frame, ColumnSpec("x", "boolean", categories=("false", "true"))).apply(frame)["x"]
    assert public.sum() == 1


def test_ten_thousand_levels_of_one_person_each_become_one() -> None:
    """A column that is all different gives nothing but the pool."""
    frame = pd.DataFrame({"x": [f"level {i}" for i in range(10_000)]})
    assert set(_fitted(frame, ColumnSpec("x", "categorical")).apply(frame)["x"]) == {POOLED_LEVEL}


def test_pandas_categories_lose_the_names_of_rare_and_unused_levels() -> None:
    """A category lists neither a pooled level nor one that nobody here holds."""
    x = pd.Series(pd.Categorical(["a"] * 30 + ["b"] * 5 + ["c"] * 6, categories=["never", "c", "b", "a"]))
    guarded = _fitted(x.to_frame("x"), ColumnSpec("x", "categorical")).apply(x.to_frame("x"))["x"]
    assert list(guarded.cat.categories) == ["a", POOLED_LEVEL]


@pytest.mark.parametrize(
    "levels", [[1.5, 2.5, 8.5, 9.5], [1, 2, 8, 9], list(pd.date_range("2020", periods=4))]
)
def test_categories_of_numbers_stay_numbers_beside_the_pool(levels: list[object]) -> None:
    """Levels that are kept keep their type when the pool joins them, and the category its order of levels."""
    x = pd.Series(pd.Categorical([levels[0]] * 40 + [levels[1]] * 30 + [levels[2]] * 6 + [levels[3]] * 6))
    guarded = _fitted(x.to_frame("x"), ColumnSpec("x", "categorical")).apply(x.to_frame("x"))["x"]
    assert list(guarded.cat.categories) == [*levels[:2], POOLED_LEVEL]
    assert guarded.value_counts()[POOLED_LEVEL] == 12


def test_a_category_that_few_people_fill_is_emptied() -> None:
    """No name of a level is left in the category."""
    x = pd.Series(pd.Categorical(["mine"] * 5 + [None] * 40))
    guarded = _fitted(x.to_frame("x"), ColumnSpec("x", "categorical")).apply(x.to_frame("x"))["x"]
    assert guarded.isna().all()
    assert list(guarded.cat.categories) == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.date_range("2020-01-01", periods=60), "datetime"),
        (pd.date_range("2020-01-01", periods=60, tz="Europe/Berlin"), "datetime"),
        (pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d"), "datetime"),
        (pd.to_timedelta(range(60), unit="D"), "numeric"),
        (pd.array(range(60), dtype="Int64"), "integer"),
        (pd.Categorical(range(60)), "integer"),
        ([str(i) for i in range(60)], "integer"),
    ],
)
def test_ends_of_any_type_are_shared_by_k(values: object, kind: str) -> None:
    """Dates, durations and numbers of every type keep their type, and k people share each end."""
    frame = pd.DataFrame({"x": values})
    guarded = _fitted(frame, ColumnSpec("x", kind)).apply(frame)["x"]
    assert guarded.dtype == frame["x"].dtype or isinstance(guarded.dtype, pd.CategoricalDtype)
    counts = guarded.value_counts()
    assert sorted(counts)[-2:] == [10, 10]
    assert len(counts) == 42


def test_identifiers_and_free_text_are_dropped() -> None:
    """Neither reaches the guarded table; the report says that surrogates stand in."""
    frame = pd.DataFrame({"id": [f"P{i}" for i in range(30)], "note": ["long text"] * 30, "x": ["a"] * 30})
    guard = _fitted(
        frame, ColumnSpec("id", "identifier"), ColumnSpec("note", "text"), ColumnSpec("x", "categorical")
    )
    assert list(guard.apply(frame).columns) == ["x"]
    assert [(a.column, a.action.split()[0]) for a in guard.actions] == [
        ("id", "identifier"),
        ("note", "free"),
    ]


def test_too_few_people_are_refused() -> None:
    """A table of fewer than k people teaches nothing; the error says how to go on."""
    with pytest.raises(DataError, match="guard=False"):
        _fitted(_levels(a=9), ColumnSpec("x", "categorical"))


@pytest.mark.parametrize("k", [0, 1, 2.5, True])
def test_a_guard_of_nobody_is_refused(k: int) -> None:
    """K must be a whole number, 2 or more."""
    with pytest.raises(SpecError):
        Guard(k)


def test_what_is_told_gives_nothing_away() -> None:
    """Reports and saved guards name no rare level, no real extreme, no count below k or of under 3 levels."""
    frame = pd.DataFrame(
        {
            "one": ["a"] * 87 + ["secret one"] * 6 + ["secret two"] * 7,
            "many": ["a"] * 88 + [f"hidden {i % 6}" for i in range(12)],
            "age": [*range(20, 118), 777, 3],
        }
    )
    guard = _fitted(
        frame,
        ColumnSpec("one", "categorical"),
        ColumnSpec("many", "categorical"),
        ColumnSpec("age", "integer"),
    )
    said = json.dumps(guard.to_dict()) + repr(guard) + " ".join(a.action for a in guard.actions)
    for secret in ("secret", "hidden", "777", "117"):
        assert secret not in said
    told = {action.column: action.action for action in guard.actions}
    assert told["one"] == "levels held by fewer than 10 people pooled into __other__"
    assert (
        told["many"] == "6 levels (12 people in all) each held by fewer than 10 people pooled into __other__"
    )
    assert told["age"] == "bottom and top coded where 10 people share the end"


def test_people_beyond_a_public_bound_are_counted_only_when_many() -> None:
    """Twelve people below the bound are told by number, three above it are "a few"."""
    frame = pd.DataFrame({"x": [-1.0] * 12 + [5.0] * 50 + [11.0] * 3})
    guard = _fitted(frame, ColumnSpec("x", "numeric", lower=0, upper=10))
    assert [action.action for action in guard.actions] == [
        "12 people below the public bound brought to it",
        "a few people above the public bound brought to it",
    ]


def test_a_saved_guard_does_the_same() -> None:
    """to_dict and from_dict, through JSON, keep what apply does; damage is told."""
    frame = pd.DataFrame({"x": ["a"] * 50 + [f"r{i}" for i in range(20)], "y": np.arange(70.0)})
    schema = _schema(ColumnSpec("x", "categorical"), ColumnSpec("y", "numeric", lower=0))
    guard = FittedGuard.fit(frame, schema, Guard())
    again = FittedGuard.from_dict(json.loads(json.dumps(guard.to_dict())), schema)
    pd.testing.assert_frame_equal(again.apply(frame), guard.apply(frame))
    assert again == guard
    with pytest.raises(SavedModelError):
        FittedGuard.from_dict({"k": 10}, schema)


def test_another_table_is_guarded_alike() -> None:
    """A level that only another table holds is pooled there; public levels that the first lacked stay."""
    guard = _fitted(_levels(a=50, b=12, r=9, s=9), ColumnSpec("x", "categorical", categories=("a", "p")))
    other = pd.DataFrame({"x": ["a", "b", "r", "new", "p"]})
    assert guard.apply(other)["x"].tolist() == ["a", "b", POOLED_LEVEL, POOLED_LEVEL, "p"]


def test_a_guard_that_is_off_still_drops_identifiers() -> None:
    """guard=False changes no value, and lets no identifier through."""
    frame = pd.DataFrame({"id": ["P1", "P2"], "x": ["a", "b"], "y": [1.0, 5.0]})
    schema = _schema(
        ColumnSpec("id", "identifier"), ColumnSpec("x", "categorical"), ColumnSpec("y", "numeric")
    )
    synth = make("independent", schema, guard=False).fit(frame)
    pd.testing.assert_frame_equal(synth.guard.apply(frame), frame[["x", "y"]])
    assert not synth.guard.is_on
    assert synth.guard_report == ()
    assert not set(synth.sample(20)["id"]) & {"P1", "P2"}


@given(
    some.lists(some.tuples(some.sampled_from("abcdefg"), some.integers(0, 8)), min_size=12, max_size=120),
    some.integers(2, 6),
)
@settings(max_examples=80)
def test_every_level_left_is_held_by_k_people(rows: list[tuple[str, int]], k: int) -> None:
    """Whatever the table, each level left is held by k people, and guarding twice changes nothing."""
    frame = pd.DataFrame(rows, columns=["x", "person"])
    if frame["person"].nunique() < k:
        return
    guard = _fitted(
        frame, ColumnSpec("x", "categorical"), ColumnSpec("person", "identifier"), k=k, unit="person"
    )
    guarded = guard.apply(frame)
    left = frame.assign(x=guarded["x"]).groupby("x")["person"].nunique()
    assert (left >= k).all()
    pd.testing.assert_frame_equal(guard.apply(guarded), guarded)


@given(
    some.lists(some.tuples(some.integers(-50, 50), some.integers(0, 30)), min_size=10, max_size=150),
    some.integers(2, 5),
)
@settings(max_examples=80)
def test_each_end_left_is_shared_by_k_people(rows: list[tuple[int, int]], k: int) -> None:
    """Whatever the numbers, k different people hold the smallest and k the largest value left."""
    frame = pd.DataFrame(rows, columns=["x", "person"])
    if frame["person"].nunique() < k:
        return
    guard = _fitted(frame, ColumnSpec("x", "integer"), ColumnSpec("person", "identifier"), k=k, unit="person")
    guarded = frame.assign(x=guard.apply(frame)["x"])
    for end in (guarded["x"].min(), guarded["x"].max()):
        assert guarded.loc[guarded["x"] == end, "person"].nunique() >= k


def test_people_are_counted_once_a_group() -> None:
    """The same person twice in a group counts once; empty groups count nobody."""
    assert count_people(np.array([0, 0, 0, 2]), np.array([5, 5, 6, 5]), 4).tolist() == [2, 0, 1, 0]
