"""The schema: what is public, what it refuses, what it guesses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthtab.errors import DataError, SchemaError
from synthtab.schema import (
    ColumnSpec,
    Domain,
    FixedCombination,
    Formula,
    Inequality,
    Kind,
    Role,
    TableSchema,
    category_label,
)


def test_round_trip_through_yaml_and_json(small_schema: TableSchema, tmp_path: Path) -> None:
    """What was written is read back equal, through text and through files."""
    assert TableSchema.from_yaml(small_schema.to_yaml()) == small_schema
    assert TableSchema.from_json(small_schema.to_json()) == small_schema
    for name in ("schema.yaml", "schema.json"):
        assert TableSchema.load(small_schema.save(tmp_path / name)) == small_schema


def test_every_rule_survives_a_round_trip() -> None:
    """All three kinds of rules are written and read back."""
    columns = (
        ColumnSpec("a", "numeric"),
        ColumnSpec("b", "numeric"),
        ColumnSpec("c", "categorical"),
        ColumnSpec("d", "categorical"),
    )
    rules = (
        Inequality("a", "b", strict=True),
        FixedCombination(("c", "d"), (("x", "1"), ("y", "2"))),
        Formula("abs(a - b) <= 2 or missing(c)"),
    )
    schema = TableSchema(columns, rules=rules)
    assert TableSchema.from_yaml(schema.to_yaml()) == schema


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ({"name": "a", "kind": "number"}, "unknown kind"),
        ({"name": "a", "kind": "numeric", "lower": 2, "upper": 1}, "lower bound lies above"),
        ({"name": "a", "kind": "numeric", "categories": ["x"]}, "categories belong to"),
        ({"name": "a", "kind": "categorical", "lower": 0}, "bounds belong to"),
        ({"name": "a", "kind": "categorical", "categories": ["1", 1]}, "listed twice"),
        ({"name": "a", "kind": "datetime", "lower": "yesterday"}, "bound cannot be read"),
        ({"name": "a", "kind": "numeric", "color": "red"}, "unknown key 'color'"),
        ({"name": "a", "kind": "numeric", "rounding": "2"}, "whole number of decimals"),
        ({"kind": "numeric"}, "name or kind is missing"),
    ],
)
def test_contradictions_are_refused(column: dict[str, object], what: str) -> None:
    """A column that contradicts itself is refused with its name and what is wrong."""
    with pytest.raises(SchemaError, match=what):
        ColumnSpec.from_dict(column)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- 1", "not a schema"),
        ("columns: [1]", "mapping"),
        ("version: 99\ncolumns: []", "another version"),
        ("columns: []\ncolour: red", "unknown key"),
        ("columns: [", "no valid YAML"),
        ("columns: [{name: a, kind: numeric}, {name: a, kind: numeric}]", "two columns named"),
        ("columns: [{name: a, kind: numeric}]\nunit: b", "no column of it"),
        (
            "columns: [{name: a, kind: numeric}]\nrules: [{rule: inequality, low: a, high: z}]",
            "no column of the schema",
        ),
        (
            "columns: [{name: a, kind: categorical}]\nrules: [{rule: inequality, low: a, high: a}]",
            "cannot be used",
        ),
        ("columns: [{name: a, kind: numeric}]\nrules: [{rule: nonsense}]", "no known kind"),
        ("columns: [{name: a, kind: numeric}]\nrules: [{rule: formula, expr: a}]", "wrong keys"),
    ],
)
def test_bad_schema_files_are_refused(text: str, what: str) -> None:
    """A schema file that is none is refused with a reason."""
    with pytest.raises(SchemaError, match=what):
        TableSchema.from_yaml(text)


def test_missing_file_and_bad_json_are_told(tmp_path: Path) -> None:
    """A file that is not there, and JSON that is none, are named."""
    with pytest.raises(SchemaError, match="cannot be read"):
        TableSchema.load(tmp_path / "none.yaml")
    with pytest.raises(SchemaError, match="no valid JSON"):
        TableSchema.from_json("{")


def test_domain_is_public_only_when_declared() -> None:
    """Bounds and categories that a person wrote are public; nothing else is."""
    assert ColumnSpec("a", "numeric", lower=0).domain is Domain.PUBLIC
    assert ColumnSpec("a", "numeric").domain is Domain.UNKNOWN
    inferred = ColumnSpec("a", "categorical", categories=("x",), domain="from_data")
    assert inferred.public_categories == ()


def test_infer_takes_each_column_for_what_it_is() -> None:
    """Uniqueness never makes a float an identifier; 0/1 is boolean; text is text."""
    n = 200
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "patient_id": np.arange(n) + 10_000,
            "latitude": rng.normal(size=n),
            "visits": rng.poisson(3, n),
            "dead": rng.integers(0, 2, n),
            "flag": rng.random(n) < 0.5,
            "city": rng.choice(["Ulm", "Bonn", "Kiel"], n),
            "when": ["2020-01-0" + str(i % 9 + 1) for i in range(n)],
            "note": [f"the patient said {i} things about the stay" for i in range(n)],
            "code": [f"X{i:05d}" for i in range(n)],
            "answer": rng.choice(["yes", "no"], n),
            "nothing": [None] * n,
            "span": pd.to_timedelta(rng.integers(1, 9, n), unit="h"),
            "stamp": pd.date_range("2020", periods=n, tz="Europe/Berlin"),
            "group": pd.Categorical(rng.choice(["a", "b"], n)),
        }
    )
    kinds = {column.name: column.kind for column in TableSchema.infer(frame).columns}
    assert kinds == {
        "patient_id": Kind.IDENTIFIER,
        "latitude": Kind.NUMERIC,
        "visits": Kind.INTEGER,
        "dead": Kind.BOOLEAN,
        "flag": Kind.BOOLEAN,
        "city": Kind.CATEGORICAL,
        "when": Kind.DATETIME,
        "note": Kind.TEXT,
        "code": Kind.IDENTIFIER,
        "answer": Kind.BOOLEAN,
        "nothing": Kind.NUMERIC,
        "span": Kind.NUMERIC,
        "stamp": Kind.DATETIME,
        "group": Kind.CATEGORICAL,
    }


def test_infer_hides_extremes_and_rare_levels() -> None:
    """Neither the largest value nor a level of one person gets into an inferred schema or its explanation."""
    frame = pd.DataFrame({"pay": [*range(99), 987_654], "town": ["Ulm"] * 99 + ["Atlantis"]})
    schema = TableSchema.infer(frame)
    written = schema.to_yaml() + schema.explain()
    assert "987654" not in written
    assert "Atlantis" not in written
    assert schema["pay"].upper is None
    assert schema["town"].domain is Domain.FROM_DATA
    assert "rarer levels are not listed" in schema.explain()


def test_infer_refuses_names_it_cannot_use() -> None:
    """Names that are no text or occur twice are refused."""
    with pytest.raises(DataError, match="not text"):
        TableSchema.infer(pd.DataFrame({1: [1]}))
    with pytest.raises(DataError, match="more than one column named 'a'"):
        TableSchema.infer(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_check_reports_every_problem_at_once_without_values(
    small_schema: TableSchema, small_frame: pd.DataFrame
) -> None:
    """One call tells of every column and rule with the number of rows; no value is in the text."""
    assert small_schema.check(small_frame).ok
    bad = small_frame.drop(columns="seen").assign(extra=1)
    bad["age"] = bad["age"].astype(float)
    bad.loc[:2, "age"] = [777.0, 30.5, np.inf]
    bad.loc[3, "sex"] = "zebra"
    bad.loc[4, "sex"] = None
    bad["income"] = bad["income"].astype(object)
    bad.loc[5, "income"] = "plenty"
    bad.loc[6, "income"] = -5.0
    report = small_schema.check(bad)
    found = {(problem.column, problem.rule): problem.rows for problem in report.problems}
    assert found[("seen", "is missing from the table")] == 0
    assert found[("extra", "is not in the schema")] == 0
    assert found[("age", "must be at most 120")] == 2
    assert found[("age", "must be finite")] == 1
    assert found[("age", "must be whole numbers")] == 1
    assert found[("sex", "must be one of 2 listed levels")] == 1
    assert found[("sex", "must not be missing")] == 1
    assert found[("income", "must be a number")] == 1
    assert found[("age, income", "breaks the rule age ≤ income")] >= 1
    for value in ("777", "30.5", "zebra", "plenty", "-5"):
        assert value not in str(report)
    assert len(report.frame()) == len(report.problems)
    with pytest.raises(DataError, match="does not fit"):
        report.raise_if_any()


def test_check_tells_of_doubled_and_unnamed_columns(
    small_schema: TableSchema, small_frame: pd.DataFrame
) -> None:
    """A doubled column is a finding, not a crash."""
    doubled = pd.concat([small_frame, small_frame[["age"]]], axis=1)
    rules = {(problem.column, problem.rule) for problem in small_schema.check(doubled).problems}
    assert ("age", "occurs 2 times") in rules


def test_identifier_format_is_checked() -> None:
    """Values that do not have the declared format are counted."""
    schema = TableSchema((ColumnSpec("id", "identifier", format="P-##?"),))
    report = schema.check(pd.DataFrame({"id": ["P-12A", "P-1A", "q"]}))
    assert [problem.rows for problem in report.problems] == [2]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (3, "3"),
        (3.0, "3"),
        (np.int8(3), "3"),
        ("3", "3"),
        (True, "true"),
        (np.True_, "true"),
        (2.5, "2.5"),
        (1e300, "1e+300"),
    ],
)
def test_labels_have_one_spelling(value: object, label: str) -> None:
    """The same level has the same label whatever type the table holds it in."""
    assert category_label(value) == label


def test_cast_gives_the_same_rows_for_every_dtype() -> None:
    """Dtypes that hold the same values cast to the same content, and so hash to the same rows."""
    schema = TableSchema(
        (ColumnSpec("n", "integer"), ColumnSpec("c", "categorical"), ColumnSpec("t", "datetime"))
    )
    plain = pd.DataFrame(
        {"n": [1.0, np.nan, 3.0], "c": ["1", None, "x"], "t": ["2020-01-01", None, "2020-01-02"]}
    )
    other = pd.DataFrame(
        {
            "t": pd.to_datetime(["2020-01-01", None, "2020-01-02"]).tz_localize("UTC"),
            "c": pd.Categorical(["1", None, "x"], categories=["x", "unused", "1"]),
            "n": pd.array([1, None, 3], dtype="Int64"),
        }
    )
    assert schema.cast(plain).row_hash().tolist() == schema.cast(other).row_hash().tolist()


def test_with_column_changes_kind_and_keeps_the_rest(small_schema: TableSchema) -> None:
    """A changed kind drops what belonged to the old one; the role stays."""
    schema = small_schema.with_column("sex", role="quasi_identifier").with_column(
        "sex", kind="boolean", categories=("f", "m")
    )
    assert schema["sex"].kind is Kind.BOOLEAN
    assert schema["sex"].role is Role.QUASI_IDENTIFIER
    with pytest.raises(SchemaError, match="no column 'nobody'"):
        schema.with_column("nobody", kind="numeric")


def test_unit_and_weight_are_not_modelled() -> None:
    """The person and the weight column are neither learned nor scored."""
    columns = tuple(ColumnSpec(name, "integer") for name in ("person", "weight", "x"))
    schema = TableSchema(columns, unit="person", weight="weight")
    assert [column.name for column in schema.modelled] == ["x"]
    assert len(schema.fingerprint()) == 16
    assert schema.fingerprint() != TableSchema(columns).fingerprint()
