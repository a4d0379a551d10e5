"""Schema to SDV Metadata and back: public facts only, as plain dictionaries; SDV itself is not needed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from synthtab.errors import SchemaError
from synthtab.schema.columns import ColumnSpec, Domain, Kind, Role
from synthtab.schema.table import TableSchema

__all__ = ["from_sdv_metadata", "to_sdv_metadata"]

_VERSION = "V2"
_SDTYPES: Mapping[Kind, str] = {
    Kind.NUMERIC: "numerical",
    Kind.INTEGER: "numerical",
    Kind.CATEGORICAL: "categorical",
    Kind.ORDINAL: "ordinal",
    Kind.BOOLEAN: "boolean",
    Kind.DATETIME: "datetime",
    Kind.IDENTIFIER: "id",
    Kind.TEXT: "unknown",
}
_FORMAT_TO_REGEX = {"#": "[0-9]", "?": "[A-Z]"}
_REGEX_PART = re.compile(r"(\[0-9\]|\\d|\[A-Z\])(?:\{(\d+)\})?|\\?([A-Za-z0-9 _./:#-])")


def to_sdv_metadata(schema: TableSchema) -> dict[str, object]:
    """Write a schema as SDV Metadata.

    Keys are not declared, ranges and levels only where the schema calls them public, rules not at all.

    Parameters
    ----------
    schema : TableSchema
        The schema.

    Returns
    -------
    dict
        For ``sdv.metadata.Metadata.load_from_dict``.
    """
    columns = {column.name: _to_sdv(column) for column in schema.columns}
    return {
        "tables": {schema.name: {"columns": columns}},
        "relationships": [],
        "METADATA_SPEC_VERSION": _VERSION,
    }


def from_sdv_metadata(raw: Mapping[str, object], *, ranges_are_public: bool = False) -> TableSchema:
    """Read a schema from SDV Metadata of one table.

    Parameters
    ----------
    raw : mapping
        What ``Metadata.to_dict`` wrote, in the form of one table or of several tables with one in it.
    ranges_are_public : bool, default False
        Whether ``range_min``, ``range_max`` and ``range_values`` are public facts. SDV's own detection fills
        them with the extremes and levels of the real rows, so by default they are marked ``from_data``.

    Returns
    -------
    TableSchema
        The schema: sensitive types (names, addresses, …) become identifiers.

    Raises
    ------
    SchemaError
        When there is not exactly one table, or a column cannot be read.
    """
    tables = raw.get("tables", {"table": raw})
    if not isinstance(tables, Mapping) or len(tables) != 1:
        raise SchemaError("SDV Metadata of exactly one table is needed.", hint="Take one table's part of it.")
    name, table = next(iter(tables.items()))
    columns = table.get("columns") if isinstance(table, Mapping) else None
    if not isinstance(columns, Mapping):
        raise SchemaError("This is no SDV Metadata: the table has no columns.")
    primary = table.get("primary_key")
    keys = set(primary if isinstance(primary, list) else [primary])
    domain = Domain.PUBLIC if ranges_are_public else Domain.FROM_DATA
    found = []
    for column, facts in columns.items():
        if not isinstance(facts, Mapping) or not isinstance(facts.get("sdtype"), str):
            raise SchemaError(f"Column {column!r} has no sdtype in this SDV Metadata.")
        found.append(_from_sdv(str(column), facts, domain, is_key=column in keys))
    return TableSchema(tuple(found), name=str(name))


def _to_sdv(column: ColumnSpec) -> dict[str, object]:
    out: dict[str, object] = {"sdtype": _SDTYPES[column.kind]}
    if (
        column.kind is Kind.BOOLEAN
        and column.categories is not None
        and set(column.categories) != {"false", "true"}
    ):
        out["sdtype"] = "categorical"  # SDV's booleans are Python's; yes and no are two levels
    if column.kind is Kind.INTEGER:
        out["decimal_places"] = 0
    elif column.kind is Kind.NUMERIC and column.rounding is not None and column.rounding >= 0:
        out["decimal_places"] = column.rounding
    if column.kind is Kind.DATETIME and column.format is not None:
        out["datetime_format"] = column.format
    if column.kind is Kind.IDENTIFIER and column.format is not None:
        out["regex_format"] = "".join(_FORMAT_TO_REGEX.get(char, re.escape(char)) for char in column.format)
    if column.kind is Kind.TEXT:
        out["pii"] = True
    if column.is_public and out["sdtype"] in ("numerical", "datetime"):
        out |= {
            key: bound
            for key, bound in (("range_min", column.lower), ("range_max", column.upper))
            if bound is not None
        }
    if column.public_categories and out["sdtype"] in ("categorical", "ordinal"):
        out["range_values"] = list(column.public_categories)
    return out | {"range_is_nullable": column.missing}


def _from_sdv(name: str, facts: Mapping[str, object], domain: Domain, *, is_key: bool) -> ColumnSpec:
    sdtype = str(facts["sdtype"])
    raw: dict[str, object] = {
        "name": name,
        "missing": bool(facts.get("range_is_nullable", True)) and not is_key,
    }
    if is_key or sdtype == "id":
        pattern = _format_of(str(facts.get("regex_format", "")))
        raw |= {"kind": Kind.IDENTIFIER, "role": Role.DIRECT_IDENTIFIER} | (
            {"format": pattern} if pattern else {}
        )
    elif sdtype == "numerical":
        decimals = facts.get("decimal_places")
        raw |= {"kind": Kind.INTEGER if decimals == 0 else Kind.NUMERIC, "rounding": decimals}
        raw |= {"lower": facts.get("range_min"), "upper": facts.get("range_max")}
    elif sdtype == "datetime":
        raw |= {"kind": Kind.DATETIME, "format": facts.get("datetime_format")}
        raw |= {"lower": facts.get("range_min"), "upper": facts.get("range_max")}
    elif sdtype in ("categorical", "ordinal"):
        raw |= {"kind": Kind(sdtype), "categories": facts.get("range_values")}
    elif sdtype == "boolean":
        raw |= {"kind": Kind.BOOLEAN, "categories": ("false", "true"), "domain": Domain.PUBLIC}
    elif sdtype == "unknown":
        raw |= {"kind": Kind.TEXT, "role": Role.DIRECT_IDENTIFIER}
    else:
        raw |= {"kind": Kind.IDENTIFIER, "role": Role.DIRECT_IDENTIFIER, "note": f"SDV's type {sdtype}"}
    raw = {key: value for key, value in raw.items() if value is not None}
    if sdtype != "boolean" and ({"lower", "upper", "categories"} & set(raw)):
        raw["domain"] = domain
    return ColumnSpec.from_dict(raw)


def _format_of(regex: str) -> str | None:
    """Turn a plain regular expression into a format of ours, when it is one."""
    parts, position = [], 0
    for match in _REGEX_PART.finditer(regex):
        if match.start() != position:
            return None
        position = match.end()
        if match[1]:
            parts.append(("?" if match[1] == "[A-Z]" else "#") * int(match[2] or 1))
        elif match[3] in "#?":
            return None  # a literal that formats have no spelling for
        else:
            parts.append(match[3])
    return "".join(parts) if parts and position == len(regex) else None
