"""Profile: frozen, mergeable counts of one table, kept in random shards of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synthtab.errors import DataError
from synthtab.profiling.plan import ProfilePlan
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["Moments", "Profile"]


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the rows in which both columns of a pair are present, by shard.

    Parameters
    ----------
    both : ndarray of float, shape (shards, d, d)
        Rows with both present.
    sums : ndarray of float, shape (shards, d, d)
        Sum of the first column over those rows.
    squares : ndarray of float, shape (shards, d, d)
        Sum of the first column's squares over those rows.
    products : ndarray of float, shape (shards, d, d)
        Sum of products over those rows.
    centers : ndarray of float, shape (d,)
        What was taken off each column first, so that sums of squares keep their digits.
    """

    both: FloatArray
    sums: FloatArray
    squares: FloatArray
    products: FloatArray
    centers: FloatArray


@dataclass(frozen=True, eq=False)
class Profile:
    """Counts of one table under one plan. It is as sensitive as the table unless `releasable`.

    Parameters
    ----------
    plan : ProfilePlan
        Which cells were counted.
    shard_rows : ndarray of int, shape (shards,)
        Rows of each shard; shards are random and hold whole persons.
    bins : tuple of ndarray of int, each of shape (shards, n_bins + 1)
        One-way counts of each column, missing values last.
    overshoot : ndarray of float, shape (shards, n_columns, 2)
        Sum of distances below the first and above the last point of each number column.
    pairs : tuple of ndarray of int, each of shape (shards, cells, cells)
        Two-way counts in the plan's order, missing cells included.
    outside : ndarray of int, shape (shards, n_columns + 1)
        Rows whose value lies outside the schema's domain; the last entry counts rows with any such value.
    broken : ndarray of int, shape (shards, n_rules + 1)
        Rows that break each rule; the last entry counts rows that break any.
    moments : Moments
        Sums and cross-products of the number columns.
    beyond : ndarray of int, shape (shards, n_columns, 2)
        Rows with a value, finite or not, below the first and above the last point of each number column.
    views : tuple of ndarray of int, each of shape (shards, n_labels)
        Rows in each cell of the plan's views: weekdays, months, hours, last digits.
    triples : tuple of ndarray of int, each of shape (shards, groups, groups, groups)
        Three-way counts over interaction groups in the plan's order, missing groups included.
    keys : ndarray of int, shape (shards, n_codes + 1)
        Rows that hold each known combination of quasi-identifiers; the last entry counts rows with any other
        one. Shape (shards, 0) when the plan has no keys.
    mined_rows : ndarray of int, shape (shards, n_mined)
        Rows to which each mined rule applies.
    mined_broken : ndarray of int, shape (shards, n_mined + 1)
        Rows that break each mined rule; the last entry counts rows that break any.
    suppressed_below : int
        Counts below this were removed; 0 when nothing was.
    """

    plan: ProfilePlan
    shard_rows: IntArray
    bins: tuple[IntArray, ...]
    overshoot: FloatArray
    pairs: tuple[npt.NDArray[np.integer], ...]
    outside: IntArray
    broken: IntArray
    moments: Moments
    beyond: IntArray
    views: tuple[IntArray, ...]
    triples: tuple[npt.NDArray[np.integer], ...]
    keys: IntArray
    mined_rows: IntArray
    mined_broken: IntArray
    suppressed_below: int = 0

    @property
    def n_shards(self) -> int:
        """Number of shards."""
        return len(self.shard_rows)

    @cached_property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.shard_rows.sum())

    @cached_property
    def bin_totals(self) -> tuple[IntArray, ...]:
        """One-way counts of the whole table."""
        return tuple(counts.sum(axis=0) for counts in self.bins)

    @cached_property
    def pair_totals(self) -> tuple[npt.NDArray[np.integer], ...]:
        """Two-way counts of the whole table."""
        return tuple(counts.sum(axis=0) for counts in self.pairs)

    @cached_property
    def view_totals(self) -> tuple[IntArray, ...]:
        """Counts of each view over the whole table."""
        return tuple(counts.sum(axis=0) for counts in self.views)

    @cached_property
    def triple_totals(self) -> tuple[npt.NDArray[np.integer], ...]:
        """Three-way counts of the whole table."""
        return tuple(counts.sum(axis=0) for counts in self.triples)

    def level_counts(self, name: str) -> dict[str, int]:
        """Give how many rows hold each level of a label column.

        Parameters
        ----------
        name : str
            Column name.

        Returns
        -------
        dict of str to int
            Counts by level; public levels that no row holds count 0.
        """
        index = self.plan.names.index(name)
        levels = self.plan.columns[index].levels
        return dict(zip(levels, self.bin_totals[index][: len(levels)].tolist(), strict=True))

    def merge(self, other: Profile) -> Profile:
        """Add the counts of another part of the same table.

        Parameters
        ----------
        other : Profile
            Counted under the same plan with the same number of shards.

        Returns
        -------
        Profile
            Its totals are those of the whole; its shards are again random parts of it.

        Raises
        ------
        DataError
            When plans or shards differ.
        """
        if self.plan is not other.plan or self.n_shards != other.n_shards:
            raise DataError(
                "These profiles were not counted under one plan.",
                hint="Use one plan and one number of shards.",
            )
        a, b = self.moments, other.moments
        return replace(
            self,
            shard_rows=self.shard_rows + other.shard_rows,
            bins=tuple(x + y for x, y in zip(self.bins, other.bins, strict=True)),
            overshoot=self.overshoot + other.overshoot,
            pairs=tuple(x + y for x, y in zip(self.pairs, other.pairs, strict=True)),
            outside=self.outside + other.outside,
            broken=self.broken + other.broken,
            moments=Moments(
                a.both + b.both, a.sums + b.sums, a.squares + b.squares, a.products + b.products, a.centers
            ),
            beyond=self.beyond + other.beyond,
            views=tuple(x + y for x, y in zip(self.views, other.views, strict=True)),
            triples=tuple(x + y for x, y in zip(self.triples, other.triples, strict=True)),
            keys=self.keys + other.keys,
            mined_rows=self.mined_rows + other.mined_rows,
            mined_broken=self.mined_broken + other.mined_broken,
        )

    def select(self, shards: IntArray) -> Profile:
        """Give the part of the table that lies in some shards.

        Parameters
        ----------
        shards : ndarray of int
            Positions of shards.

        Returns
        -------
        Profile
            Those shards only.
        """
        m = self.moments
        return replace(
            self,
            shard_rows=self.shard_rows[shards],
            bins=tuple(counts[shards] for counts in self.bins),
            overshoot=self.overshoot[shards],
            pairs=tuple(counts[shards] for counts in self.pairs),
            outside=self.outside[shards],
            broken=self.broken[shards],
            moments=Moments(m.both[shards], m.sums[shards], m.squares[shards], m.products[shards], m.centers),
            beyond=self.beyond[shards],
            views=tuple(counts[shards] for counts in self.views),
            triples=tuple(counts[shards] for counts in self.triples),
            keys=self.keys[shards],
            mined_rows=self.mined_rows[shards],
            mined_broken=self.mined_broken[shards],
        )
