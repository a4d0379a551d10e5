"""CastTable: a frame's modelled columns brought to the kinds of a schema, whatever dtypes they came in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError
from synthtab.schema.columns import ColumnSpec, Kind, category_label

__all__ = [
    "CastTable",
    "FloatArray",
    "HashArray",
    "IntArray",
    "LabelColumn",
    "NumberColumn",
    "cast_columns",
    "hash_order",
    "require_columns",
    "text_hash",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
HashArray = npt.NDArray[np.uint64]

_CHUNK = 1 << 15  # rows
_MANY_OBJECTS = 1 << 12
_SPLITMIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True)
class NumberColumn:
    """A column on the number line: NaN is missing, datetimes are seconds since 1970 UTC.

    Parameters
    ----------
    values : ndarray of float, shape (n_rows,)
        The values.
    unreadable : int
        Rows that held something which is no number or date; they are NaN here.
    """

    values: FloatArray
    unreadable: int = 0

    def take(self, rows: npt.NDArray[np.intp]) -> NumberColumn:
        """Give some rows.

        Parameters
        ----------
        rows : ndarray of int
            Row positions.

        Returns
        -------
        NumberColumn
            Those rows, in that order.
        """
        return NumberColumn(self.values[rows], self.unreadable)

    @property
    def is_missing(self) -> npt.NDArray[np.bool_]:
        """Whether each row is missing."""
        return np.isnan(self.values)

    def row_hash(self, salt: int = 0) -> HashArray:
        """Hash each row's value, the same on every machine.

        Parameters
        ----------
        salt : int, default 0
            Another salt gives an independent hash.

        Returns
        -------
        ndarray of uint64, shape (n_rows,)
            Equal for equal values.
        """
        hashes = np.empty(len(self.values), dtype=np.uint64)
        for start in range(0, len(hashes), _CHUNK):
            hashes[start : start + _CHUNK] = self._hash_part(slice(start, start + _CHUNK), salt)
        return hashes

    def _hash_part(self, rows: slice, salt: int) -> HashArray:
        values = self.values[rows] + 0.0  # minus zero becomes zero
        empty = np.isnan(values)
        bits = values.view(np.uint64)
        if empty.any():
            bits[empty] = np.uint64(0x7FF8000000000001)
        bits ^= np.uint64(salt)
        return _mix(bits)


@dataclass(frozen=True)
class LabelColumn:
    """A column of levels.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        Position in `levels`; -1 is missing.
    levels : tuple of str
        Canonical labels, sorted.
    """

    codes: IntArray
    levels: tuple[str, ...]

    def take(self, rows: npt.NDArray[np.intp]) -> LabelColumn:
        """Give some rows.

        Parameters
        ----------
        rows : ndarray of int
            Row positions.

        Returns
        -------
        LabelColumn
            Those rows, in that order, under the same levels.
        """
        return LabelColumn(self.codes[rows], self.levels)

    @property
    def is_missing(self) -> npt.NDArray[np.bool_]:
        """Whether each row is missing."""
        return self.codes < 0

    def row_hash(self, salt: int = 0) -> HashArray:
        """Hash each row's label, the same on every machine and for every set of levels.

        Parameters
        ----------
        salt : int, default 0
            Another salt gives an independent hash.

        Returns
        -------
        ndarray of uint64, shape (n_rows,)
            Equal for equal labels.
        """
        return self._level_hashes(salt)[self.codes]

    def _level_hashes(self, salt: int) -> HashArray:
        lookup = np.array(
            [text_hash(level) for level in self.levels] + [text_hash("\x00missing")], dtype=np.uint64
        )
        return _mix(lookup ^ np.uint64(salt))

    def recoded(self, levels: tuple[str, ...]) -> IntArray:
        """Give codes under another list of levels.

        Parameters
        ----------
        levels : tuple of str
            The other list.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Position in `levels`; -1 is missing, -2 is a level that the list does not hold.
        """
        position = {level: index for index, level in enumerate(levels)}
        lookup = np.array([position.get(level, -2) for level in self.levels] + [-1], dtype=np.int64)
        return lookup[self.codes]


@dataclass(frozen=True)
class CastTable:
    """The modelled columns of one table, by kind.

    Parameters
    ----------
    columns : mapping of str to NumberColumn or LabelColumn
        In schema order.
    n_rows : int
        Number of rows.
    """

    columns: Mapping[str, NumberColumn | LabelColumn]
    n_rows: int

    def __getitem__(self, name: str) -> NumberColumn | LabelColumn:
        """Give one column."""
        return self.columns[name]

    def number(self, name: str) -> NumberColumn:
        """Give a column that is known to hold numbers.

        Parameters
        ----------
        name : str
            Column name.

        Returns
        -------
        NumberColumn
            The column.
        """
        column = self.columns[name]
        assert isinstance(column, NumberColumn)
        return column

    def label(self, name: str) -> LabelColumn:
        """Give a column that is known to hold levels.

        Parameters
        ----------
        name : str
            Column name.

        Returns
        -------
        LabelColumn
            The column.
        """
        column = self.columns[name]
        assert isinstance(column, LabelColumn)
        return column

    def take(self, rows: npt.NDArray[np.intp]) -> CastTable:
        """Give some rows.

        Parameters
        ----------
        rows : ndarray of int
            Row positions.

        Returns
        -------
        CastTable
            Those rows, in that order.
        """
        table = CastTable({name: column.take(rows) for name, column in self.columns.items()}, len(rows))
        known = self.__dict__.get("_row_hashes")
        if known is not None:
            table.__dict__["_row_hashes"] = _frozen(known[rows])
        return table

    def row_hash(self) -> HashArray:
        """Hash whole rows; neither row order, column order nor dtype changes a row's hash.

        Returns
        -------
        ndarray of uint64, shape (n_rows,)
            Equal for equal rows. Worked out once a table; not to be written to.
        """
        return self._row_hashes

    @cached_property
    def _row_hashes(self) -> HashArray:
        total = np.zeros(self.n_rows, dtype=np.uint64)
        salts = {name: text_hash(name) for name in self.columns}
        levels = {
            name: column._level_hashes(salts[name])  # noqa: SLF001 - the same module
            for name, column in self.columns.items()
            if isinstance(column, LabelColumn)
        }
        # a part of the rows at a time stays in the processor's own memory: three times as fast
        for start in range(0, self.n_rows, _CHUNK):
            rows = slice(start, start + _CHUNK)
            part = total[rows]
            for name, column in self.columns.items():
                if isinstance(column, LabelColumn):
                    part += levels[name][column.codes[rows]]
                else:
                    part += column._hash_part(rows, salts[name])  # noqa: SLF001 - the same module
        return _frozen(total)

    def content_order(self) -> npt.NDArray[np.intp]:
        """Give the order of the rows by their content hash; equal rows keep the order they came in.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Row positions. Worked out once a table; not to be written to.
        """
        return self._content_order

    @cached_property
    def _content_order(self) -> npt.NDArray[np.intp]:
        order = hash_order(self._row_hashes)
        order.flags.writeable = False
        return order

    def in_content_order(self) -> CastTable:
        """Sort the rows by their content hash, so that the order they came in changes nothing.

        Returns
        -------
        CastTable
            The same rows.
        """
        return self.take(self.content_order())


def hash_order(hashes: HashArray) -> npt.NDArray[np.intp]:
    """Sort hashes.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (n_rows,)
        Hashes, all of whose bits are evenly spread.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Positions in rising order of the hashes, as a stable ``argsort`` gives them.
    """
    bits = np.uint64(max(len(hashes) - 1, 1).bit_length())
    # the place of a row in the low bits of its hash: sorting numbers is three times as fast as an argsort
    packed = (hashes >> bits) << bits
    packed |= np.arange(len(hashes), dtype=np.uint64)
    packed.sort()
    order = (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.intp)
    high = packed >> bits
    if np.any(high[1:] == high[:-1]):
        # high bits tie, most likely because the rows are equal: settle it with all bits
        ordered = hashes[order]
        if np.any(ordered[1:] < ordered[:-1]):
            return np.argsort(hashes, kind="stable")
    return order


def _frozen(hashes: HashArray) -> HashArray:
    hashes.flags.writeable = False
    return hashes


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
    if values is None or not values.flags.c_contiguous or len(values) <= _CHUNK:
        codes, index = pd.factorize(series)
        return codes.astype(np.int64, copy=False), list(index)
    # rows of a text column mostly share a few Python objects: telling those apart by address costs a third
    # of comparing texts; equal texts in two places are joined afterwards
    places = np.asarray(_Addresses(values))
    if len(np.unique(places[:: max(1, len(places) // _CHUNK)])) > _MANY_OBJECTS:
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


def text_hash(text: str) -> int:
    """Hash a text to 64 bits, the same in every process.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    int
        In [0, 2**64).
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mix(bits: HashArray) -> HashArray:
    """Scramble 64 bits (SplitMix64), in place."""
    bits += _SPLITMIX[0]
    for shift, factor in ((np.uint64(30), _SPLITMIX[1]), (np.uint64(27), _SPLITMIX[2])):
        bits ^= bits >> shift
        bits *= factor
    bits ^= bits >> np.uint64(31)
    return bits
