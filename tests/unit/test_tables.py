"""Tables of every sort enter, and are split by person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from synthtab.errors import DataError
from synthtab.schema import ColumnSpec, TableSchema
from synthtab.tables import TableSource, read_frame, split


def test_every_sort_of_table_gives_the_same_rows(tmp_path: Path) -> None:
    """Pandas, Arrow, polars (eager and lazy), CSV, TSV and Parquet all give the same rows."""
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.tsv.gz", index=False, sep="\t")
    frame.to_parquet(tmp_path / "t.parquet")
    sources = [
        frame,
        pa.Table.from_pandas(frame),
        pl.from_pandas(frame),
        pl.from_pandas(frame).lazy(),
        tmp_path / "t.csv",
        str(tmp_path / "t.tsv.gz"),
        tmp_path / "t.parquet",
    ]
    schema = TableSchema((ColumnSpec("a", "integer"), ColumnSpec("b", "categorical")))
    expected = schema.cast(frame).row_hash().tolist()
    for table in sources:
        source = TableSource.of(table)
        assert (source.count, source.columns) == (3, ("a", "b"))
        assert schema.cast(read_frame(source)).row_hash().tolist() == expected
    assert TableSource.of(tmp_path / "t.tsv.gz").name == "t"


def test_unreadable_files_are_told_without_a_value(tmp_path: Path) -> None:
    """A missing, empty, foreign or torn file is named; what it held is not."""
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 secret-value")
    (tmp_path / "odd.xlsx").write_text("x")
    (tmp_path / "ragged.csv").write_text('a,b\n1,2\n1,2,secret-value,4\n"')
    for name, what in [
        ("none.csv", "no file"),
        ("empty.csv", "is empty"),
        ("torn.parquet", "cannot be read as Parquet"),
        ("odd.xlsx", "no known sort"),
        ("ragged.csv", "cannot be read as CSV"),
    ]:
        with pytest.raises(DataError, match=what) as caught:
            TableSource.of(tmp_path / name)
        assert "secret-value" not in str(caught.value)
        assert caught.value.__cause__ is None or "secret-value" not in str(caught.value.__cause__)
    with pytest.raises(DataError, match="int is no table"):
        TableSource.of(3)  # type: ignore[arg-type] # the point of the test


def test_sample_is_seeded_and_without_repeats() -> None:
    """A sample holds distinct rows in their own order, the same for the same seed."""
    source = TableSource.of(pd.DataFrame({"a": range(100)}))
    rows = source.sample(10, seed=3)["a"].tolist()
    assert rows == sorted(set(rows)) == source.sample(10, seed=3)["a"].tolist()
    assert rows != source.sample(10, seed=4)["a"].tolist()
    assert source.sample(1000).equals(source.frame())


def test_split_keeps_people_whole_and_loses_nobody() -> None:
    """All rows of a person fall into one part, and every row falls into exactly one."""
    rng = np.random.default_rng(0)
    people = rng.integers(0, 300, 1000).astype(float)
    people[:5] = np.nan
    frame = pd.DataFrame({"person": people, "x": np.arange(1000)})
    schema = TableSchema((ColumnSpec("person", "integer"), ColumnSpec("x", "integer")), unit="person")
    parts = split(frame, schema, holdout=0.3, pool=0.2, verifier=0.1, seed=1)
    held = [set(part["person"].dropna()) for _, part in parts.parts()]
    assert sum(map(len, held)) == len(set().union(*held)) == frame["person"].nunique()
    assert sorted(pd.concat([part for _, part in parts.parts()])["x"]) == list(range(1000))
    assert abs(len(parts.train) / 1000 - 0.4) < 0.06


def test_split_is_seeded() -> None:
    """One seed gives one cut, another seed another."""
    frame = pd.DataFrame({"x": np.arange(200.0)})
    schema = TableSchema.infer(frame)
    first, again, other = (split(frame, schema, seed=seed).train.index.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_stratified_split_keeps_shares() -> None:
    """Every part holds the rare level in its share, and number columns are stratified by quartile."""
    frame = pd.DataFrame({"rare": ["yes"] * 50 + ["no"] * 950, "x": np.arange(1000.0)})
    schema = TableSchema((ColumnSpec("rare", "categorical"), ColumnSpec("x", "numeric")))
    parts = split(frame, schema, holdout=0.3, pool=0.2, stratify="rare", seed=3)
    assert [int((part["rare"] == "yes").sum()) for _, part in parts.parts()] == [25, 15, 10]
    by_number = split(frame, schema, holdout=0.5, stratify="x", seed=3)
    assert int((by_number.holdout["x"] < 250).sum()) == 125


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"holdout": 1.5}, "is no share"),
        ({"holdout": -0.1}, "is no share"),
        ({"holdout": 0.6, "pool": 0.4}, "leave no training rows"),
        ({"stratify": "nobody"}, "no column 'nobody'"),
        ({"holdout": 0.001}, "no row is left for holdout"),
    ],
)
def test_impossible_splits_are_refused(arguments: dict[str, object], what: str) -> None:
    """Shares that cannot be cut are refused with what is allowed."""
    frame = pd.DataFrame({"x": np.arange(20.0)})
    with pytest.raises(DataError, match=what):
        split(frame, TableSchema.infer(frame), **arguments)  # type: ignore[arg-type] # the point of the test
