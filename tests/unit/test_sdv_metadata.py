"""Schema to SDV Metadata and back: public facts only."""

from __future__ import annotations

import json

import pytest

from synthtab.datasets import Dataset
from synthtab.errors import SchemaError
from synthtab.schema import ColumnSpec, Domain, Kind, TableSchema
from synthtab.schema.columns import Role
from synthtab.schema.sdv_metadata import from_sdv_metadata, to_sdv_metadata
from synthtab.synthesizers.quiet import import_sdv


def _schema() -> TableSchema:
    return TableSchema(
        (
            ColumnSpec("id", "identifier", missing=False, format="A-##?", role=Role.DIRECT_IDENTIFIER),
            ColumnSpec("age", "integer", missing=False, lower=0, upper=120, rounding=0),
            ColumnSpec("bmi", "numeric", rounding=1),
            ColumnSpec("sex", "categorical", categories=("f", "m")),
            ColumnSpec("grade", "ordinal", categories=("low", "mid", "high")),
            ColumnSpec("alive", "boolean", categories=("false", "true")),
            ColumnSpec("seen", "datetime", format="%Y-%m-%d", lower="2000-01-01", upper="2030-12-31"),
            ColumnSpec("note", "text", role=Role.DIRECT_IDENTIFIER),
        ),
        name="people",
    )


def test_public_schemas_come_back_from_sdv() -> None:
    """Kinds, bounds, levels, formats, rounding and missing survive, through JSON, when ranges are public."""
    raw = json.loads(json.dumps(to_sdv_metadata(_schema())))
    assert from_sdv_metadata(raw, ranges_are_public=True) == _schema()


def test_sdv_takes_the_metadata(nhanes: Dataset) -> None:
    """SDV validates the metadata itself, and the rows of NHANES against it."""
    import_sdv()  # first, so that nothing is written to the home folder
    from sdv.metadata import Metadata

    for schema in (_schema(), nhanes.schema):
        Metadata.load_from_dict(to_sdv_metadata(schema)).validate()
    own = Metadata.load_from_dict(to_sdv_metadata(nhanes.schema))
    own.validate_data({nhanes.schema.name: nhanes.frame})


def test_what_came_from_data_stays_at_home() -> None:
    """Bounds and levels that were read off rows are not written."""
    schema = TableSchema(
        (
            ColumnSpec("x", "numeric", lower=-3, upper=777, domain=Domain.FROM_DATA),
            ColumnSpec("y", "categorical", categories=("SECRET",), domain=Domain.FROM_DATA),
        )
    )
    text = json.dumps(to_sdv_metadata(schema))
    assert "777" not in text
    assert "SECRET" not in text
    assert "primary_key" not in text


def test_ranges_of_sdv_are_not_taken_for_public() -> None:
    """SDV's detection fills ranges from real rows: they are marked so, unless said otherwise."""
    raw = to_sdv_metadata(_schema())
    schema = from_sdv_metadata(raw)
    assert schema["age"].domain is Domain.FROM_DATA
    assert schema["sex"].domain is Domain.FROM_DATA
    assert schema["alive"].is_public


def test_other_types_of_sdv_become_identifiers() -> None:
    """Keys, names and addresses are identifiers; unknown is free text; several tables are refused."""
    raw = {
        "columns": {
            "key": {"sdtype": "numerical"},
            "mail": {"sdtype": "email", "pii": True},
            "code": {"sdtype": "id", "regex_format": r"[A-Z]{2}-\d{3}"},
            "odd": {"sdtype": "id", "regex_format": "(a|b)+"},
            "more": {"sdtype": "unknown", "pii": True},
        },
        "primary_key": "key",
    }
    schema = from_sdv_metadata(raw)
    kinds = [column.kind for column in schema.columns]
    assert kinds == [Kind.IDENTIFIER] * 4 + [Kind.TEXT]
    assert schema["code"].format == "??-###"
    assert schema["odd"].format is None
    assert not schema["key"].missing
    with pytest.raises(SchemaError, match="exactly one"):
        from_sdv_metadata({"tables": {"a": raw, "b": raw}})
    with pytest.raises(SchemaError, match="no columns"):
        from_sdv_metadata({"tables": {"a": 3}})
    with pytest.raises(SchemaError, match="sdtype"):
        from_sdv_metadata({"columns": {"x": {}}})


def test_words_for_yes_and_no_are_levels_to_sdv() -> None:
    """SDV's booleans are Python's: other truth words become categories."""
    schema = TableSchema((ColumnSpec("x", "boolean", categories=("no", "yes")),))
    assert to_sdv_metadata(schema)["tables"]["table"]["columns"]["x"]["sdtype"] == "categorical"  # type: ignore[index]
