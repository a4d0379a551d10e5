"""Casting: a frame's modelled columns brought to the kinds of a schema, whatever dtypes they came in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError
from synthtab.schema.cast_table import CastTable, FloatArray, IntArray, LabelColumn, NumberColumn
from synthtab.schema.columns import ColumnSpec, Kind, category_label

__all__ = ["cast_columns", "require_columns"]

_FEW_ROWS = 1 << 15
_MANY_OBJECTS = 1 << 12


def require_columns(frame: pd.DataFrame, columns: tuple[ColumnSpec, ...], what: str) -> None:
    """Refuse a table whose columns cannot be matched to a schema.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    columns : tuple of ColumnSpec
        Columns that must be there.
    what : str
        Name of the table, for the message.

    Raises
    ------
    DataError
        When a name is no text, occurs twice, or is missing.
    """
    names = list(frame.columns)
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise DataError(
            f"The {what} table has {len(odd)} column names that are not text ({type(odd[0]).__name__}).",
            hint="Rename them: frame.columns = frame.columns.map(str).",
        )
    double = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if double:
        raise DataError(
            f"The {what} table has more than one column named {double[0]!r}.",
            hint="Give each column its own name.",
        )
    absent = [column.name for column in columns if column.name not in set(names)]
    if absent:
        raise DataError(
            f"The {what} table has no column {', '.join(map(repr, absent[:5]))}"
            + (f" and {len(absent) - 5} more." if len(absent) > 5 else "."),  # noqa: PLR2004 - the list above
            hint="Every modelled column of the schema must be present.",
        )


def cast_columns(frame: pd.DataFrame, columns: tuple[ColumnSpec, ...], what: str = "given") -> CastTable:
    """Bring a frame's modelled columns to the kinds of a schema.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any dtypes; other columns are ignored.
    columns : tuple of ColumnSpec
        The schema's columns; identifiers and free text are left out.
    what : str, default "given"
        Name of the table, for messages.

    Returns
    -------
    CastTable
        The same rows, in schema column order.

    Raises
    ------
    DataError
        When columns are missing, doubled or not named by text.
    """
    modelled = tuple(column for column in columns if column.kind.is_modelled)
    require_columns(frame, modelled, what)
    return CastTable({column.name: _cast(frame[column.name], column) for column in modelled}, len(frame))


def _cast(series: pd.Series, column: ColumnSpec) -> NumberColumn | LabelColumn:
    if column.kind.is_label:
        return _labels(series)
    numbers = _seconds(series, column) if column.kind is Kind.DATETIME else _numbers(series)
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in (
        "M" if column.kind is Kind.DATETIME else "fiubm"
    ):
        return NumberColumn(numbers)  # every value of such a dtype can be read
    return NumberColumn(
        numbers, int(np.count_nonzero(np.isnan(numbers) & series.notna().to_numpy(dtype=bool)))
    )


def _labels(series: pd.Series) -> LabelColumn:
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, uniques = series.cat.codes.to_numpy(dtype=np.int64), list(series.cat.categories)
    else:
        codes, uniques = _factorized(series)
    labels = [category_label(value) for value in uniques]
    used = np.bincount(codes + 1, minlength=len(labels) + 1)[1:] > 0
    levels = tuple(sorted({label for label, is_used in zip(labels, used, strict=True) if is_used}))
    position = {level: index for index, level in enumerate(levels)}
    lookup = np.array([position.get(label, -1) for label in labels] + [-1], dtype=np.int64)
    return LabelColumn(lookup[codes], levels)


def _factorized(series: pd.Series) -> tuple[IntArray, list[object]]:
    """Give each value a code, -1 where missing, and the value of each code."""
    values = series.to_numpy() if series.dtype == object else None
    if values is None or not values.flags.c_contiguous or len(values) <= _FEW_ROWS:
        codes, index = pd.factorize(series)
        return codes.astype(np.int64, copy=False), list(index)
    # rows of a text column mostly share a few Python objects: telling those apart by address costs a third
    # of comparing texts; equal texts in two places are joined afterwards
    places = np.asarray(_Addresses(values))
    if len(np.unique(places[:: max(1, len(places) // _FEW_ROWS)])) > _MANY_OBJECTS:
        codes, index = pd.factorize(series)
        return codes.astype(np.int64, copy=False), list(index)
    place, distinct = pd.factorize(places)
    first = np.empty(len(distinct), dtype=np.int64)
    first[place[::-1]] = np.arange(len(place) - 1, -1, -1)
    codes, index = pd.factorize(pd.Series(values[first], dtype=object))
    return codes.astype(np.int64, copy=False)[place], list(index)


class _Addresses:
    """Show where the objects of an object array lie, through NumPy's array interface."""

    def __init__(self, values: npt.NDArray[np.object_]) -> None:
        self.values = values  # keeps the objects alive
        self.__array_interface__ = {
            "shape": values.shape,
            "typestr": np.dtype(np.intp).str,
            "data": (values.ctypes.data, True),
            "version": 3,
        }


def _numbers(series: pd.Series) -> FloatArray:
    if pd.api.types.is_timedelta64_dtype(series):
        return np.asarray(series.dt.total_seconds(), dtype=np.float64)
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        return series.to_numpy().astype(np.float64)
    if pd.api.types.is_bool_dtype(series) or pd.api.types.is_numeric_dtype(series):
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    plain = series.astype(object)
    return np.asarray(pd.to_numeric(plain, errors="coerce"), dtype=np.float64)


def _seconds(series: pd.Series, column: ColumnSpec) -> FloatArray:
    moments = series
    if not pd.api.types.is_datetime64_any_dtype(series):
        moments = pd.to_datetime(series.astype(object), errors="coerce", utc=True, format=column.format)
    elif getattr(series.dt, "tz", None) is not None:
        moments = series.dt.tz_convert("UTC")
    if getattr(moments.dt, "tz", None) is not None:
        moments = moments.dt.tz_localize(None)
    since = moments.to_numpy().astype("datetime64[ns]")
    seconds = since.astype(np.int64).astype(np.float64) / 1e9
    seconds[np.isnat(since)] = np.nan
    return np.asarray(seconds, dtype=np.float64)
