"""What rare-category and tail metrics are asked of: levels that few rows hold, ends of number columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthtab.profiling.plan import ProfilePlan
from synthtab.profiling.profile import Profile
from synthtab.schema.cast_table import IntArray

__all__ = ["RareLevels", "Tail", "find_rare_levels", "find_tails"]

TAIL_QUANTILES = (0.01, 0.05, 0.95, 0.99)
RARE_AT_MOST = 20


@dataclass(frozen=True)
class Tail:
    """One end of one number column.

    Parameters
    ----------
    column : int
        Position of the column.
    quantile : float
        Which tail, e.g. 0.99.
    bin : int
        Last bin of a lower tail; bin before the first of an upper one.
    share : float
        Share of all real values that lie in it.
    """

    column: int
    quantile: float
    bin: int
    share: float


@dataclass(frozen=True)
class RareLevels:
    """Levels that few training rows hold.

    Parameters
    ----------
    columns, levels : tuple of int
        Position of the column, and of the level in its plan.
    counts : tuple of int
        Training rows that hold each.
    """

    columns: tuple[int, ...]
    levels: tuple[int, ...]
    counts: tuple[int, ...]

    def __len__(self) -> int:
        """Give the number of rare levels."""
        return len(self.levels)


def find_rare_levels(train: Profile, at_most: int = RARE_AT_MOST) -> RareLevels:
    """List the levels that 1 to `at_most` training rows hold.

    Parameters
    ----------
    train : Profile
        The whole training table.
    at_most : int, default 20
        Levels with more rows are not rare.

    Returns
    -------
    RareLevels
        In schema order.
    """
    found = [
        (index, level, int(count))
        for index, column in enumerate(train.plan.columns)
        for level, count in enumerate(train.bin_totals[index][: len(column.levels)].tolist())
        if 1 <= count <= at_most
    ]
    columns, levels, counts = zip(*found, strict=True) if found else ((), (), ())
    return RareLevels(columns, levels, counts)


def find_tails(plan: ProfilePlan, real: tuple[IntArray, ...], rows: int, k: int) -> tuple[Tail, ...]:
    """List the tails that enough real rows stand behind.

    Parameters
    ----------
    plan : ProfilePlan
        The plan.
    real : tuple of ndarray of int
        One-way counts of all real rows.
    rows : int
        Rows of the smaller real table.
    k : int
        A tail is scored when its share times `rows` is at least 2k.

    Returns
    -------
    tuple of Tail
        Each tail once; a value that many rows share is no tail.
    """
    tails: list[Tail] = []
    for index in plan.numbers:
        counts = real[index][:-1]
        total = counts.sum()
        if not total:
            continue
        below = np.cumsum(counts) / total
        seen: set[tuple[bool, int]] = set()
        for quantile in TAIL_QUANTILES:
            upper, size = quantile > 0.5, min(quantile, 1 - quantile)  # noqa: PLR2004 - the middle
            edge = int(np.searchsorted(below, quantile, side="left" if upper else "right")) - (
                0 if upper else 1
            )
            share = float(1 - below[edge] if upper else below[edge]) if 0 <= edge < len(below) else 0.0
            if size * rows < 2 * k or share < size / 2 or (upper, edge) in seen:
                continue
            seen.add((upper, edge))
            tails.append(Tail(index, quantile, edge, share))
    return tuple(tails)
