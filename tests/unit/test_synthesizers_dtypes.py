"""Columns of every type come out of a sample as what went into the fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from odd_columns import odd_columns

from synthtab.errors import DataError, FitError, SavedModelError
from synthtab.schema import ColumnSpec, LabelColumn, NumberColumn, TableSchema
from synthtab.schema.casting import cast_columns
from synthtab.synthesizers import Guard, load, make
from synthtab.synthesizers.dtypes import can_hold_text
from synthtab.synthesizers.layout import ColumnLayout
from synthtab.synthesizers.surrogates import surrogate_identifiers

ODD = odd_columns()


def _written(series: pd.Series, spec: ColumnSpec) -> pd.Series:
    layout = ColumnLayout.from_dict(ColumnLayout.learn(series, spec).to_dict())
    column = cast_columns(series.to_frame(spec.name), (spec,))[spec.name]
    return (
        layout.from_numbers(column.values) if isinstance(column, NumberColumn) else layout.from_labels(column)
    )


@pytest.mark.parametrize("name", ODD)
def test_column_is_written_back_as_it_was(name: str) -> None:
    """Casting a column and writing it in its layout gives the same values, types and missing markers."""
    series, kind = ODD[name]
    written = _written(series.rename(name), ColumnSpec(name, kind))
    if name == "all missing, object":
        assert [repr(value) for value in written] == [repr(value) for value in series]
    else:
        pd.testing.assert_series_equal(written, series.rename(name), rtol=1e-6)
        assert list(map(type, written)) == list(map(type, series))


@pytest.mark.parametrize("synthesizer", ["independent", "gaussian_copula"])
def test_sample_wears_the_dtypes_of_the_fitted_table(synthesizer: str) -> None:
    """One table with every type: order, dtypes, types of values, markers, missing rates, empty samples."""
    frame = pd.DataFrame({name: series for name, (series, _) in ODD.items()})
    schema = TableSchema(tuple(ColumnSpec(name, kind) for name, (_, kind) in ODD.items()))
    kind_of = {name: kind for name, (_, kind) in ODD.items()}
    synth = make(synthesizer, schema).fit(frame)
    sample = synth.sample(1000, seed=3)
    assert list(sample.columns) == list(frame.columns)
    for name in frame.columns:
        real, drawn = frame[name], sample[name]
        if not name.startswith("category") or kind_of[name] == "categorical":
            assert drawn.dtype == real.dtype, name
            assert synth.sample(0)[name].dtype == real.dtype, name
        assert {type(v) for v in drawn.dropna()} <= {type(v) for v in real.dropna()}, name
        assert {repr(v) for v in drawn[drawn.isna()]} <= {repr(v) for v in real[real.isna()]}, name
        assert abs(real.isna().mean() - drawn.isna().mean()) < 0.08, name
    pd.testing.assert_frame_equal(sample, synth.sample(1000, seed=3))


@pytest.mark.parametrize(
    "name", ["category of int", "timedelta", "datetime with zone", "Int64", "ordered category"]
)
def test_as_sdv_takes_types_that_sdv_refuses(name: str) -> None:
    """SDV's own model fits pandas categories and durations too, because it is given plain columns."""
    series, kind = ODD[name]
    frame = pd.DataFrame({name: series, "other": ODD["float64"][0]})
    schema = TableSchema((ColumnSpec(name, kind), ColumnSpec("other", "numeric")))
    sample = make("gaussian_copula", schema, as_sdv=True).fit(frame).sample(50, seed=1)
    assert sample[name].dtype == series.dtype


def test_columns_keep_the_order_of_the_table_not_of_the_schema() -> None:
    """A frame in another order than its schema comes out in the frame's order."""
    schema = TableSchema((ColumnSpec("a", "integer"), ColumnSpec("b", "integer")))
    frame = pd.DataFrame({"b": range(30), "a": range(30)})
    assert list(make("independent", schema).fit(frame).sample(3).columns) == ["b", "a"]


def test_rounding_never_leaves_the_bounds() -> None:
    """A bound between two multiples of the unit is rounded inwards."""
    layout = ColumnLayout("x", "float64", decimals=0)
    assert layout.from_numbers(np.array([0.0, 5.0, 9.9]), 0.5, 7.5).tolist() == [1.0, 5.0, 7.0]
    # no multiple of the unit lies between these two: the unit gives way to nothing but the bound's own
    # rounding
    assert layout.from_numbers(np.array([3.2]), 3.1, 3.4).between(3.0, 4.0).all()


@given(
    some.lists(some.integers(-(10**6), 10**6), min_size=1, max_size=40),
    some.integers(0, 4),
    some.booleans(),
)
@settings(max_examples=60)
def test_decimals_are_found_and_kept(values: list[int], decimals: int, is_short: bool) -> None:
    """Numbers of d decimals are written back exactly, in float64 and float32."""
    scale = 1 if is_short else 10**decimals
    series = pd.Series(np.array(values) % 1000 / scale, name="x").astype("float32" if is_short else "float64")
    pd.testing.assert_series_equal(_written(series, ColumnSpec("x", "numeric")), series)


@pytest.mark.parametrize(
    ("series", "word"),
    [
        (pd.Series([1j, 2j]), "complex"),
        (pd.Series(pd.arrays.SparseArray([0, 0, 1])), "sparse"),
        (pd.Series(pd.interval_range(0, 3)), "interval"),
        (pd.Series(pd.period_range("2020", periods=3, freq="D")), "period"),
        (pd.Series([[1], [2]]), "list"),
        (pd.Series([{"a": 1}, 2]), "dict"),
    ],
)
def test_types_that_cannot_be_written_back_are_refused(series: pd.Series, word: str) -> None:
    """The error names the column and the type, and nothing that the column holds."""
    schema = TableSchema((ColumnSpec("odd", "categorical"),))
    with pytest.raises(DataError, match=f"'odd'.*{word}"):
        make("independent", schema).fit(series.to_frame("odd"))


def test_missing_values_that_a_dtype_cannot_hold_are_an_error() -> None:
    """A model that invents missing values in an int64 column fails with the column's name."""
    with pytest.raises(FitError, match="'x'"):
        ColumnLayout("x", "int64").from_numbers(np.array([np.nan]))
    with pytest.raises(FitError, match="'x'"):
        ColumnLayout("x", "int64").from_labels(LabelColumn(np.array([-1]), ()))


def test_a_layout_that_is_none_is_refused() -> None:
    """Keys that no layout has are a damaged file."""
    with pytest.raises(SavedModelError):
        ColumnLayout.from_dict({"name": "x", "dtype": "int64", "colour": "red"})


def test_text_fits_where_text_can_be_held() -> None:
    """Objects, strings and categories have room for a pool; numbers and truth values have not."""
    assert can_hold_text(pd.Series(["a"], dtype="string"))
    assert can_hold_text(pd.Series(pd.Categorical([1])))
    assert not can_hold_text(pd.Series([1]))


# -------------------------------------------------------------------- identifiers


def test_surrogates_follow_the_declared_format_and_differ() -> None:
    """Formatted identifiers match their pattern, are all different, and follow the seed."""
    spec = ColumnSpec("id", "identifier", format="AB-###?")
    words = surrogate_identifiers(spec, 5000, np.random.default_rng(0))
    pattern = spec.identifier_pattern
    assert pattern is not None
    assert all(pattern.fullmatch(word) for word in words)
    assert len(set(words)) == 5000
    assert set(words) != set(surrogate_identifiers(spec, 5000, np.random.default_rng(1)))


def test_a_format_with_little_room_repeats() -> None:
    """Where the format has room for fewer identifiers than rows, they repeat; a very wide one works too."""
    words = surrogate_identifiers(ColumnSpec("id", "identifier", format="#"), 100, np.random.default_rng(0))
    assert set(words) == set("0123456789")
    wide = surrogate_identifiers(
        ColumnSpec("id", "identifier", format="?" * 30), 10, np.random.default_rng(0)
    )
    assert len(set(wide)) == 10


def test_surrogates_owe_nothing_to_real_identifiers() -> None:
    """The same surrogates come out whatever the real identifiers were: none is copied, none is avoided."""
    schema = TableSchema((ColumnSpec("id", "identifier", format="###"), ColumnSpec("x", "numeric")))
    frames = [
        pd.DataFrame({"id": [f"{i:03d}" for i in ids], "x": np.arange(500.0)})
        for ids in (range(500), range(500, 1000))
    ]
    samples = [make("independent", schema).fit(frame).sample(400, seed=5) for frame in frames]
    pd.testing.assert_frame_equal(samples[0], samples[1])


@pytest.mark.parametrize("dtype", ["int64", "int16", "Int64", "float64", "object", "string", "category"])
def test_identifiers_keep_their_dtype_and_missing_share(dtype: str) -> None:
    """Sequential identifiers of any dtype become random ones of that dtype, as often missing as before."""
    ids = pd.Series(range(200), name="id").astype(dtype)
    if dtype not in ("int64", "int16"):
        ids = ids.mask(np.arange(200) % 4 == 0)
    schema = TableSchema((ColumnSpec("id", "identifier"), ColumnSpec("x", "numeric")))
    frame = pd.DataFrame({"id": ids, "x": np.arange(200.0)})
    sample = make("independent", schema).fit(frame).sample(400, seed=1)["id"]
    assert (sample.dtype == dtype) if dtype != "category" else isinstance(sample.dtype, pd.CategoricalDtype)
    assert abs(sample.isna().mean() - ids.isna().mean()) < 0.07
    assert sample.dropna().is_unique
    assert not set(sample.dropna()) & set(ids.dropna()) or dtype == "int16"


def test_free_text_dates_and_person_columns_become_surrogates() -> None:
    """Free text, a numeric unit column and an identifier of dates hold nothing real afterwards."""
    schema = TableSchema(
        (
            ColumnSpec("note", "text"),
            ColumnSpec("person", "integer"),
            ColumnSpec("born", "identifier"),
            ColumnSpec("x", "numeric"),
        ),
        unit="person",
    )
    frame = pd.DataFrame(
        {
            "note": [f"patient number {i}" for i in range(60)],
            "person": np.arange(60) // 2,
            "born": pd.Timestamp("1950-01-01") + pd.to_timedelta(np.arange(60), unit="D"),
            "x": np.arange(60.0),
        }
    )
    sample = make("independent", schema).fit(frame).sample(60, seed=1)
    assert not set(sample["note"]) & set(frame["note"])
    assert not set(sample["person"]) & set(frame["person"])
    assert sample["born"].isna().all()
    assert (sample.dtypes == frame.dtypes).all()


def test_a_table_of_surrogates_and_constants_alone_needs_no_model(tmp_path: object) -> None:
    """Only identifiers and constant columns: fit, sample, save and load all work."""
    schema = TableSchema((ColumnSpec("id", "identifier"), ColumnSpec("c", "categorical")))
    frame = pd.DataFrame({"id": [f"P{i}" for i in range(20)], "c": ["k"] * 20})
    synth = make("gaussian_copula", schema, guard=Guard(k=5)).fit(frame)
    assert set(synth.sample(5)["c"]) == {"k"}
    pd.testing.assert_frame_equal(load(synth.save(f"{tmp_path}/m")).sample(5), synth.sample(5))
