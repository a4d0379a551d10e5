"""Dtypes and spellings: of what a column's values are made, and how labels become such values again."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError
from synthtab.schema import ColumnSpec, Kind, NumberColumn, category_label
from synthtab.schema.casting import cast_columns

__all__ = [
    "MARKERS",
    "READERS",
    "WHOLE",
    "WITHOUT_MISSING",
    "Fineness",
    "ValueTypes",
    "as_dtype",
    "can_hold_text",
    "dtype_text",
    "fineness_of",
    "is_datetime",
    "is_integer",
    "is_number",
    "is_text",
    "marker_of",
    "numpy_kind",
    "refuse_odd",
    "series_of",
    "value_type_of",
    "value_types",
]

FloatArray = npt.NDArray[np.float64]

MARKERS: Mapping[str, object] = {"None": None, "nan": np.nan, "NA": pd.NA, "NaT": pd.NaT}
WHOLE, WITHOUT_MISSING = frozenset("iu"), frozenset("iub")

_ARROW_TEXT = "arrow string"
_MAX_DECIMALS = 6
_DAY, _SECOND = 86400.0, 1.0
_STEPS = (_DAY, 3600.0, 60.0, _SECOND, 1e-3, 1e-6)


def _truth(label: str) -> bool:
    return label == "true"


def _integer(label: str) -> int:
    return int(label) if label.lstrip("-").isdigit() else int(float(label))


# How a label becomes the value that it was spelled from, by the name of the value's type.
READERS: Mapping[str, Callable[[str], object]] = {
    "str": str,
    "int": _integer,
    "float": float,
    "bool": _truth,
    "Decimal": Decimal,
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "Timestamp": pd.Timestamp,
    "Timedelta": pd.Timedelta,
}


@dataclass(frozen=True)
class Fineness:
    """How finely numbers and dates are given.

    Parameters
    ----------
    decimals : int, optional
        Decimals of numbers.
    step : float, optional
        Seconds that datetimes and durations are whole multiples of.
    date_text : str, default ""
        How dates are spelled where they are text, a date, or a number: a ``strftime`` pattern.
    """

    decimals: int | None = None
    step: float | None = None
    date_text: str = ""


@dataclass(frozen=True)
class ValueTypes:
    """Of what Python types an object column is.

    Parameters
    ----------
    common : str
        Name of the most common type.
    others : mapping of str to str
        Labels of values of another type, and its name.
    """

    common: str
    others: Mapping[str, str]


def dtype_text(dtype: object) -> str:
    """Name a dtype.

    Parameters
    ----------
    dtype : numpy.dtype or pandas extension dtype
        The dtype.

    Returns
    -------
    str
        A name from which `series_of` and `as_dtype` make the same dtype again; ``category`` for every
        category.
    """
    if isinstance(dtype, pd.StringDtype):
        return (
            "str" if pd.isna(dtype.na_value) and dtype.na_value is not pd.NA else f"string[{dtype.storage}]"
        )
    if isinstance(dtype, pd.ArrowDtype) and str(dtype) == "string[pyarrow]":
        return _ARROW_TEXT  # pandas reads the name back as another dtype
    return "category" if isinstance(dtype, pd.CategoricalDtype) else str(dtype)


def series_of(values: Sequence[object], dtype: str, name: str | None = None) -> pd.Series:
    """Make a column.

    Parameters
    ----------
    values : sequence of object
        The values.
    dtype : str
        Name of the dtype.
    name : str, optional
        Name of the column.

    Returns
    -------
    pandas.Series
        The column.
    """
    return pd.Series(values, dtype=_parsed(dtype), name=name)


def as_dtype(series: pd.Series, dtype: str, name: str) -> pd.Series:
    """Convert and rename a column.

    Parameters
    ----------
    series : pandas.Series
        The column.
    dtype : str
        Name of the dtype.
    name : str
        New name of the column.

    Returns
    -------
    pandas.Series
        The column.
    """
    return pd.Series(series.astype(_parsed(dtype)), name=name)


def numpy_kind(dtype: str) -> str:
    """Give NumPy's letter for one of its own dtypes.

    Parameters
    ----------
    dtype : str
        Name of the dtype.

    Returns
    -------
    str
        ``i`` for int64 and so on; a question mark for dtypes that are not NumPy's.
    """
    parsed = _parsed(dtype)
    return parsed.kind if isinstance(parsed, np.dtype) else "?"


def is_datetime(dtype: str) -> bool:
    """Say whether a dtype holds datetimes.

    Parameters
    ----------
    dtype : str
        Name of the dtype.

    Returns
    -------
    bool
        With or without a time zone.
    """
    return bool(pd.api.types.is_datetime64_any_dtype(_parsed(dtype)))


def is_number(dtype: str) -> bool:
    """Say whether a dtype holds numbers.

    Parameters
    ----------
    dtype : str
        Name of the dtype.

    Returns
    -------
    bool
        Integers, floats and truth values.
    """
    return bool(pd.api.types.is_numeric_dtype(_parsed(dtype)))


def is_integer(dtype: str) -> bool:
    """Say whether a dtype holds integers.

    Parameters
    ----------
    dtype : str
        Name of the dtype.

    Returns
    -------
    bool
        Of any library and width.
    """
    return bool(pd.api.types.is_integer_dtype(_parsed(dtype)))


def value_type_of(dtype: str) -> str:
    """Name the Python type of the values of a dtype.

    Parameters
    ----------
    dtype : str
        Name of a dtype other than object and category.

    Returns
    -------
    str
        A key of `READERS`.
    """
    if is_datetime(dtype):
        return "Timestamp"
    if pd.api.types.is_bool_dtype(_parsed(dtype)):
        return "bool"
    if is_integer(dtype):
        return "int"
    if is_number(dtype):
        return "float"
    return "Timedelta" if numpy_kind(dtype) == "m" else "str"


def is_text(dtype: str) -> bool:
    """Say whether a dtype is for text alone.

    Parameters
    ----------
    dtype : str
        Name of the dtype.

    Returns
    -------
    bool
        Not for object columns, which can hold anything.
    """
    return dtype.startswith(("str", "large_string")) or dtype == _ARROW_TEXT


def can_hold_text(series: pd.Series) -> bool:
    """Say whether a column can hold a level of our own such as ``__other__``.

    Parameters
    ----------
    series : pandas.Series
        The column.

    Returns
    -------
    bool
        True for object, string and category columns.
    """
    dtype = dtype_text(series.dtype)
    return dtype in ("category", "object") or is_text(dtype)


def refuse_odd(series: pd.Series, spec: ColumnSpec) -> None:
    """Refuse a column that cannot be learned and written back.

    Parameters
    ----------
    series : pandas.Series
        The column.
    spec : ColumnSpec
        What is public about it.

    Raises
    ------
    DataError
        Naming the column and the type.
    """
    dtype = series.dtype
    if isinstance(dtype, pd.SparseDtype | pd.IntervalDtype | pd.PeriodDtype) or dtype.kind in ("c", "V"):
        raise DataError(
            f"Column {spec.name!r} has the dtype {str(dtype).split('[')[0].lower()}, which is not supported.",
            hint="Convert it to numbers, dates or text first.",
        )
    plain = series.cat.categories.to_series() if isinstance(dtype, pd.CategoricalDtype) else series
    if dtype_text(plain.dtype) == "object":
        strange = sorted({_type_name(kind) for kind in set(map(type, plain.dropna()))} - set(READERS))
        if strange:
            raise DataError(
                f"Column {spec.name!r} holds values of type {strange[0]}.",
                hint="Convert them to text or numbers.",
            )


def value_types(series: pd.Series) -> ValueTypes:
    """Find out of what Python types an object column is.

    Parameters
    ----------
    series : pandas.Series
        The column.

    Returns
    -------
    ValueTypes
        The most common type, and the exceptions.
    """
    found = {category_label(value): _type_name(type(value)) for value in series.dropna().unique()}
    # at a tie the first by name, so that the order of rows changes nothing
    common = min(Counter(found.values()).items(), key=lambda item: (-item[1], item[0]), default=("str", 0))[0]
    return ValueTypes(common, {label: kind for label, kind in sorted(found.items()) if kind != common})


def marker_of(series: pd.Series) -> str:
    """Find out how an object column marks missing values.

    Parameters
    ----------
    series : pandas.Series
        The column.

    Returns
    -------
    str
        A key of `MARKERS`: the most common one.
    """
    if dtype_text(series.dtype) != "object":
        return "nan"
    kinds = Counter(
        "None" if value is None else "NA" if value is pd.NA else "NaT" if value is pd.NaT else "nan"
        for value in series[series.isna()]
    )
    return min(kinds.items(), key=lambda item: (-item[1], item[0]))[0] if kinds else "nan"


def fineness_of(series: pd.Series, spec: ColumnSpec) -> Fineness:
    """Find out how finely a column of numbers or dates is given.

    Parameters
    ----------
    series : pandas.Series
        The column.
    spec : ColumnSpec
        Its kind and declared rounding.

    Returns
    -------
    Fineness
        The declared rounding, else the coarsest that all values have.
    """
    column = cast_columns(series.to_frame(spec.name), (spec,))[spec.name]
    assert isinstance(column, NumberColumn)
    values = column.values[np.isfinite(column.values)]
    plain = series.cat.categories.to_series() if isinstance(series.dtype, pd.CategoricalDtype) else series
    if spec.kind is Kind.DATETIME or pd.api.types.is_timedelta64_dtype(plain):
        if getattr(series.dtype, "tz", None) is not None:  # a day begins where the zone says
            wall = series.dropna().dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
            values = wall.astype(np.float64) / 1e9
        step = next((step for step in _STEPS if _are_multiples(values, step)), None)
        is_spelled = spec.kind is Kind.DATETIME and not pd.api.types.is_datetime64_any_dtype(plain)
        return Fineness(
            step=step, date_text=(spec.format or _date_pattern(plain, step)) if is_spelled else ""
        )
    if spec.kind is Kind.INTEGER or spec.rounding is not None:
        return Fineness(decimals=0 if spec.kind is Kind.INTEGER else spec.rounding)
    # a float32 knows 0.1 to seven digits only
    tolerance = 1e-9 + (2e-7 * np.abs(values) if str(series.dtype).lower() == "float32" else 0.0)
    for decimals in range(_MAX_DECIMALS + 1):
        if bool((np.abs(values - np.round(values, decimals)) <= tolerance).all()):
            return Fineness(decimals=decimals)
    return Fineness()


def _parsed(text: str) -> np.dtype[np.generic] | pd.api.extensions.ExtensionDtype:
    if text == _ARROW_TEXT:
        import pyarrow as pa

        return pd.ArrowDtype(pa.string())
    parsed = pd.api.types.pandas_dtype(text)
    assert isinstance(parsed, np.dtype | pd.api.extensions.ExtensionDtype)
    return parsed


def _type_name(kind: type) -> str:
    if issubclass(kind, bool | np.bool_):
        return "bool"
    if issubclass(kind, int | np.integer):
        return "int"
    if issubclass(kind, float | np.floating):
        return "float"
    return "str" if issubclass(kind, str) else kind.__name__


def _are_multiples(values: FloatArray, step: float) -> bool:
    # seconds since 1970 in float64 are good to a quarter of a microsecond
    return bool(np.all(np.abs(values - np.round(values / step) * step) <= min(step / 100, 1e-6)))


def _date_pattern(series: pd.Series, step: float | None) -> str:
    """Find out how dates are spelled, from their punctuation alone."""
    words = series.dropna().astype(str)
    if step == _DAY and bool((words.str.len() <= len("2017-01-31")).all()):
        return "%Y-%m-%d"
    between = "T" if bool(words.str.contains("T", regex=False).any()) else " "
    fraction = "" if step is not None and step >= _SECOND else ".%f"
    zone = "Z" if bool(words.str.endswith("Z").any()) else ""
    if bool(words.str.contains(r"[+-]\d\d:?\d\d$").any()):
        zone = "+00:00"
    return f"%Y-%m-%d{between}%H:%M:%S{fraction}{zone}"
