"""What tells a table or an environment from others, without a word about any row."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from synthtab.errors import SpecError

if TYPE_CHECKING:
    import pandas as pd

    from synthtab.schema import ColumnSpec, TableSchema

__all__ = ["KEY_VARIABLE", "keyed_hash", "library_versions", "public_hash", "today"]

KEY_VARIABLE = "SYNTHTAB_LINEAGE_KEY"

_SHORTEST_KEY = 16
_LIBRARIES = ("synthtab", "numpy", "pandas", "sdv", "torch")


def public_hash(schema: TableSchema) -> str:
    """Hash what is public about a table: names, kinds, roles, public bounds and levels, unit and weight.

    Levels and bounds that came from data, rounding and whether values are missing are left out, for they tell
    of rows; so are the levels of truth values, which inference reads off the rows. Where a schema was
    inferred, its kinds too were guessed from rows.

    Parameters
    ----------
    schema : TableSchema
        The schema.

    Returns
    -------
    str
        Thirty-two hexadecimal digits.
    """
    told = [[_public(column) for column in schema.columns], schema.unit, schema.weight]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()


def _public(column: ColumnSpec) -> list[object]:
    fixed = [column.name, column.kind.value, column.role.value]
    if not column.is_public:
        return [*fixed, None, None, []]
    levels = [] if column.kind.value == "boolean" else list(column.public_categories)
    return [*fixed, column.lower, column.upper, levels]


def keyed_hash(frame: pd.DataFrame, schema: TableSchema, key: str | None = None) -> str:
    """Tell a real table from others, to those who have the key.

    HMAC-SHA256 over the content in content order: neither the order of rows and columns nor dtypes matter.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    schema : TableSchema
        Their kinds.
    key : str, optional
        By default what the environment variable ``SYNTHTAB_LINEAGE_KEY`` holds.

    Returns
    -------
    str
        Sixty-four hexadecimal digits; empty without a key.

    Raises
    ------
    SpecError
        When the key is so short that it could be guessed.
    """
    secret = (os.environ.get(KEY_VARIABLE, "") if key is None else key).encode()
    if not secret:
        return ""
    if len(secret) < _SHORTEST_KEY:
        raise SpecError(
            f"The lineage key must have {_SHORTEST_KEY} bytes or more: a shorter one can be guessed.",
            hint="Make one by python -c 'import secrets; print(secrets.token_hex())'.",
        )
    from synthtab.schema import ColumnSpec, Kind, NumberColumn
    from synthtab.schema.casting import cast_columns

    columns = sorted(
        (c if c.kind.is_modelled else ColumnSpec(c.name, Kind.CATEGORICAL) for c in schema.columns),
        key=lambda column: column.name,
    )
    table = cast_columns(frame, tuple(columns)).in_content_order()
    total = hmac.new(secret, digestmod=hashlib.sha256)
    for name, column in table.columns.items():
        if isinstance(column, NumberColumn):
            values = column.values + 0.0  # minus zero becomes zero
            values[column.is_missing] = float("nan")
            parts = [values.astype("<f8").tobytes()]
        else:
            parts = [json.dumps(column.levels).encode(), column.codes.astype("<i8").tobytes()]
        for part in (name.encode(), *parts):
            # lengths keep two parts from being read as one
            total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()


@functools.cache
def library_versions() -> tuple[tuple[str, str], ...]:
    """List the versions of Python and of the libraries that make tables.

    Returns
    -------
    tuple of tuple of str and str
        Name and version of what is installed, sorted: what happens to be imported differs from one process to
        the next.
    """
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return tuple(sorted(found.items()))


def today() -> str:
    """Give the date that is printed on results.

    Returns
    -------
    str
        ISO date, in UTC; that of ``SOURCE_DATE_EPOCH`` where it is set, so that results can be made again to
        the byte.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), tz=UTC) if epoch else datetime.now(tz=UTC)
    return moment.date().isoformat()
