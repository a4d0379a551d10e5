"""Sharding: equal random parts of a table, by content and person, and counts in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synthtab.schema import CastTable
from synthtab.schema.cast_table import HashArray, IntArray, hash_order, text_hash

__all__ = ["Part", "Sharding"]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_PART_ROWS = 1 << 15


@dataclass(frozen=True, eq=False)
class Part:
    """Neighbouring shards that are worked on together.

    Parameters
    ----------
    shards : slice
        Which shards.
    rows : slice
        Which positions in the sharding's order.
    within : ndarray of int, shape (n_rows,), optional
        Shard of each of these rows, counted from the part's first; None when there is but one.
    """

    shards: slice
    rows: slice
    within: npt.NDArray[np.int32] | None

    @property
    def n_shards(self) -> int:
        """Number of shards in the part."""
        return int(self.shards.stop - self.shards.start)


@dataclass(frozen=True, eq=False)
class Sharding:
    """Which rows of a table form which shard.

    Parameters
    ----------
    order : ndarray of int, shape (n_rows,)
        Row positions, shard after shard; equal tables give equal rows in equal order.
    starts : ndarray of int, shape (shards + 1,)
        Where each shard starts in `order`, and the number of rows.
    """

    order: npt.NDArray[np.intp]
    starts: IntArray

    @classmethod
    def of(cls, table: CastTable, shards: int, seed: int, people: HashArray | None) -> Sharding:
        """Cut the rows, ordered by content hash, into equal parts.

        Parameters
        ----------
        table : CastTable
            The rows.
        shards : int
            Number of parts, 1 or more.
        seed : int
            Another seed gives other parts.
        people : ndarray of uint64, shape (n_rows,), optional
            Hash of the person of each row; persons stay whole.

        Returns
        -------
        Sharding
            Parts of equally many rows, or persons, give or take one.
        """
        salt = np.uint64(text_hash(f"shards {seed}"))
        scrambled = _scrambled(table.row_hash(), salt)
        if people is None:
            order = hash_order(scrambled)
            starts = -(-np.arange(shards + 1, dtype=np.int64) * table.n_rows // shards)
            return cls(order, starts)
        persons = _scrambled(people, salt)
        order = np.lexsort((scrambled, persons))
        ordered = persons[order]
        first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))[: len(ordered)]
        first_person = -(-np.arange(shards + 1, dtype=np.int64) * len(first) // shards)
        return cls(order, np.append(first, len(ordered))[first_person])

    @property
    def n_shards(self) -> int:
        """Number of shards."""
        return len(self.starts) - 1

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.order)

    @cached_property
    def rows(self) -> IntArray:
        """Number of rows of each shard."""
        return np.diff(self.starts)

    @cached_property
    def shard_of_position(self) -> npt.NDArray[np.int32]:
        """Shard of each position in `order`."""
        return np.repeat(np.arange(self.n_shards, dtype=np.int32), self.rows)

    @cached_property
    def shard_of_row(self) -> npt.NDArray[np.int32]:
        """Shard of each row, in the order of the table."""
        shard = np.empty(self.n_rows, dtype=np.int32)
        shard[self.order] = self.shard_of_position
        return shard

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All shards, in parts whose rows stay in the processor's own memory."""
        return tuple(self._parts())

    def _parts(self) -> Iterator[Part]:
        first = 0
        while first < self.n_shards:
            last = int(np.searchsorted(self.starts, self.starts[first] + _PART_ROWS, side="right")) - 1
            last = min(max(last, first + 1), self.n_shards)
            rows = slice(int(self.starts[first]), int(self.starts[last]))
            within = None if last == first + 1 else self.shard_of_position[rows] - np.int32(first)
            yield Part(slice(first, last), rows, within)
            first = last

    def count_flags(self, flags: npt.NDArray[np.bool_]) -> IntArray:
        """Count flagged rows in each shard.

        Parameters
        ----------
        flags : ndarray of bool, shape (n_rows,)
            Flags in the order of the table.

        Returns
        -------
        ndarray of int, shape (shards,)
            Flagged rows.
        """
        if not flags.any():
            return np.zeros(self.n_shards, dtype=np.int64)
        return np.bincount(self.shard_of_row[flags], minlength=self.n_shards)

    def count_codes(self, codes: npt.NDArray[np.integer], width: int) -> IntArray:
        """Count the rows of each code in each shard.

        Parameters
        ----------
        codes : ndarray of int, shape (n_rows,)
            Codes from 0 to `width` - 1, in the order of `order`.
        width : int
            Number of codes.

        Returns
        -------
        ndarray of int, shape (shards, width)
            Counts.
        """
        found = []
        for part in self.parts:
            own = codes[part.rows]
            key = own if part.within is None else part.within.astype(np.int64) * width + own
            found.append(np.bincount(key, minlength=part.n_shards * width).reshape(part.n_shards, width))
        return found[0] if len(found) == 1 else np.concatenate(found)


def _scrambled(hashes: HashArray, salt: np.uint64) -> HashArray:
    scrambled = hashes ^ salt
    scrambled *= _ODD
    scrambled ^= scrambled >> np.uint64(29)
    return scrambled
