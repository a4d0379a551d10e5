"""Packing: cast tables and named arrays as bytes, and cast tables as frames that models learn."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import SavedModelError
from synthtab.schema import CastTable, LabelColumn, NumberColumn, TableSchema
from synthtab.schema.columns import Kind

__all__ = ["frame_of", "pack_arrays", "pack_table", "unpack_arrays", "unpack_table"]

Arrays = Mapping[str, npt.NDArray[np.generic]]


def pack_arrays(facts: Mapping[str, object], arrays: Arrays, *, compress: bool = False) -> bytes:
    """Write plain facts and arrays as one block of bytes; nothing in it runs code.

    Parameters
    ----------
    facts : mapping
        JSON-able values.
    arrays : mapping of str to ndarray
        Arrays without objects.
    compress : bool, default False
        Spend time to save space.

    Returns
    -------
    bytes
        The same bytes for the same contents.
    """
    head = np.frombuffer(json.dumps(facts, sort_keys=True).encode(), dtype=np.uint8)
    out = io.BytesIO()
    write = np.savez_compressed if compress else np.savez
    write(out, head=head, **{f"a_{name}": array for name, array in arrays.items()})  # type: ignore[arg-type]
    return out.getvalue()


def unpack_arrays(payload: bytes) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
    """Read what `pack_arrays` wrote.

    Parameters
    ----------
    payload : bytes
        The block.

    Returns
    -------
    tuple of dict
        Facts and arrays.

    Raises
    ------
    SavedModelError
        When it is no such block.
    """
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as file:
            arrays = {name[2:]: file[name] for name in file.files if name != "head"}
            facts = json.loads(file["head"].tobytes())
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise SavedModelError("A checkpoint cannot be read.", hint="Delete it: it is made anew.") from error
    return facts, arrays


def pack_table(table: CastTable) -> bytes:
    """Write a cast table as bytes, every value to the bit.

    Parameters
    ----------
    table : CastTable
        The table.

    Returns
    -------
    bytes
        For `unpack_table`.
    """
    facts: dict[str, object] = {"n_rows": table.n_rows}
    columns: list[dict[str, object]] = []
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for position, (name, column) in enumerate(table.columns.items()):
        if isinstance(column, NumberColumn):
            columns.append({"name": name})
            arrays[str(position)] = column.values
        else:
            columns.append({"name": name, "levels": list(column.levels)})
            arrays[str(position)] = column.codes.astype(np.int32)
    return pack_arrays({**facts, "columns": columns}, arrays)


def unpack_table(payload: bytes) -> CastTable:
    """Read a cast table.

    Parameters
    ----------
    payload : bytes
        What `pack_table` wrote.

    Returns
    -------
    CastTable
        The same table.

    Raises
    ------
    SavedModelError
        When the bytes are no table.
    """
    facts, arrays = unpack_arrays(payload)
    found: dict[str, NumberColumn | LabelColumn] = {}
    columns = facts["columns"]
    assert isinstance(columns, list)
    for position, item in enumerate(columns):
        values = arrays[str(position)]
        if "levels" in item:
            found[item["name"]] = LabelColumn(values.astype(np.int64), tuple(item["levels"]))
        else:
            found[item["name"]] = NumberColumn(np.asarray(values, dtype=np.float64))
    return CastTable(found, int(str(facts["n_rows"])))


def frame_of(table: CastTable, schema: TableSchema) -> pd.DataFrame:
    """Write a cast table as a frame of plain dtypes, for a synthesizer to learn.

    Parameters
    ----------
    table : CastTable
        The rows.
    schema : TableSchema
        Kinds of the columns.

    Returns
    -------
    pandas.DataFrame, shape (n_rows, n_columns)
        float64 numbers, datetime64 dates, text labels; casting it gives the table back.
    """
    series: dict[str, npt.NDArray[np.generic] | pd.Series] = {}
    for name, column in table.columns.items():
        if isinstance(column, LabelColumn):
            series[name] = np.array([*column.levels, None], dtype=object)[column.codes]
        elif schema[name].kind is Kind.DATETIME:
            series[name] = _moments(column)
        else:
            series[name] = column.values
    return pd.DataFrame(series, index=range(table.n_rows), copy=False)


def _moments(column: NumberColumn) -> npt.NDArray[np.datetime64]:
    present = ~column.is_missing
    out = np.full(len(column.values), np.datetime64("NaT"), dtype="datetime64[ns]")
    whole = np.floor(column.values[present])
    # whole seconds apart: their product with 1e9 has more digits than a float
    nanoseconds = whole.astype(np.int64) * 10**9
    nanoseconds += np.round((column.values[present] - whole) * 1e9).astype(np.int64)
    out[present] = nanoseconds.view("datetime64[ns]")
    return out
