"""CastTable: the modelled columns of a table, by kind, with hashes that nothing but their content decides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = [
    "CastTable",
    "FloatArray",
    "HashArray",
    "IntArray",
    "LabelColumn",
    "NumberColumn",
    "hash_order",
    "text_hash",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
HashArray = npt.NDArray[np.uint64]

_CHUNK = 1 << 15  # rows
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
