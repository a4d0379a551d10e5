"""Keys: which combinations of quasi-identifiers people share, and how many rows hold each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.profiling.columns import ColumnPlan
from synthtab.schema.cast_table import HashArray, IntArray

__all__ = ["MAX_KEYS", "KeyPlan", "key_codes", "most_frequent_keys"]

MAX_KEYS = 20_000
_LARGEST = 2**63 - 1
_ODD = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, eq=False)
class KeyPlan:
    """Which combinations of quasi-identifiers are counted.

    Parameters
    ----------
    columns : tuple of int
        Positions of the quasi-identifiers among the plan's columns; labels count at full level, numbers at
        pair cells, and missing is a level of its own.
    codes : ndarray of int, shape (n_codes,)
        Distinct codes that the reference holds, rising; see `key_codes`.
    """

    columns: tuple[int, ...]
    codes: IntArray

    def positions(self, codes: IntArray) -> IntArray:
        """Give each row's place among the known combinations.

        Parameters
        ----------
        codes : ndarray of int, shape (n_rows,)
            What `key_codes` gave.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Position in `codes`; their number where the combination is not among them.
        """
        if not len(self.codes):
            return np.zeros(len(codes), dtype=np.int64)
        import pandas as pd

        # far fewer combinations than rows: look each up once
        inverse, distinct = pd.factorize(codes)
        place = np.minimum(np.searchsorted(self.codes, distinct), len(self.codes) - 1)
        return np.asarray(np.where(self.codes[place] == distinct, place, len(self.codes))[inverse])


def key_codes(columns: Sequence[ColumnPlan], bins: Sequence[npt.NDArray[np.integer]]) -> IntArray:
    """Give each row one number for its combination of quasi-identifiers.

    Parameters
    ----------
    columns : sequence of ColumnPlan
        The quasi-identifiers.
    bins : sequence of ndarray of int, each of shape (n_rows,)
        The bin of each row in each of them.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        The mixed-radix number of the combination, or 63 bits of a hash where that would overflow.
    """
    widths = [column.n_pair_cells if column.is_number else column.n_bins + 1 for column in columns]
    cells: list[npt.NDArray[np.integer]] = [
        column.pair_of_bin[own] if column.is_number else own
        for column, own in zip(columns, bins, strict=True)
    ]
    if math.prod(widths) <= _LARGEST:
        total = np.zeros(len(cells[0]), dtype=np.int64)
        for width, cell in zip(widths, cells, strict=True):
            total *= width
            total += cell
        return total
    mixed: HashArray = np.zeros(len(cells[0]), dtype=np.uint64)
    for cell in cells:
        mixed += cell.astype(np.uint64) + np.uint64(1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _ODD[0]
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _ODD[1]
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(1)).astype(np.int64)


def most_frequent_keys(codes: IntArray, most: int = MAX_KEYS) -> IntArray:
    """Choose which combinations are counted one by one.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        The combination of each reference row.
    most : int, default 20000
        How many at most: the most frequent, the smaller code first where two are equally frequent.

    Returns
    -------
    ndarray of int
        Distinct codes, rising.
    """
    distinct, counts = np.unique(codes, return_counts=True)
    if len(distinct) <= most:
        return distinct
    return np.sort(distinct[np.lexsort((distinct, -counts))[:most]])
