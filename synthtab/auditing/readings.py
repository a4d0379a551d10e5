"""Readings: what a metric says of its members, for many choices of the shards that make up each table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from synthtab.profiling.profile import Profile
from synthtab.schema.cast_table import FloatArray

__all__ = ["Reading", "Readings", "Tables", "Weights", "reading"]

_View = TypeVar("_View")


@dataclass(frozen=True, eq=False)
class Weights:
    """Which shards make up each table, for a batch of choices.

    Parameters
    ----------
    synthetic, holdout, train : ndarray of float, shape (batch or 1, shards)
        Weight of each shard of the pool (synthetic, holdout and training shards, in that order). What is read
        has their precision.
    """

    synthetic: FloatArray
    holdout: FloatArray
    train: FloatArray

    @property
    def batch(self) -> int:
        """Number of choices."""
        return max(len(self.synthetic), len(self.holdout), len(self.train))

    def single_precision(self) -> Weights:
        """Give the same choices at half the memory, which large batches spend their time on.

        Returns
        -------
        Weights
            Counts below 2**24 stay exact.
        """
        synthetic, holdout, train = (part.astype(np.float32) for part in self.roles)
        return Weights(synthetic, holdout, holdout if self.train is self.holdout else train)  # type: ignore[arg-type]

    def each(self, view: Callable[[FloatArray], _View]) -> tuple[_View, _View, _View]:
        """Look at the synthetic table, the holdout and the training table.

        Parameters
        ----------
        view : callable
            Makes a view of one table from the weights of its shards.

        Returns
        -------
        tuple
            Three views; the last is the second where the training table stands in for the holdout.
        """
        holdout = view(self.holdout)
        return view(self.synthetic), holdout, holdout if self.train is self.holdout else view(self.train)

    @property
    def roles(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weights of the synthetic table, the holdout and the training table."""
        return self.synthetic, self.holdout, self.train


@dataclass(frozen=True, eq=False)
class Reading:
    """One metric on its members (columns, pairs, tails) for a batch of choices.

    Parameters
    ----------
    members : tuple of tuple of str
        The column or pair of each member.
    value : ndarray of float, shape (batch, members)
        Distance between holdout and synthetic rows.
    floor : ndarray of float, shape (batch, members)
        Distance between holdout and training rows.
    """

    members: tuple[tuple[str, ...], ...]
    value: FloatArray
    floor: FloatArray

    def for_batch(self, batch: int) -> Reading:
        """Give one row for each choice; a reading that no choice changes has only one.

        Parameters
        ----------
        batch : int
            Number of choices.

        Returns
        -------
        Reading
            The same figures.
        """
        shape = (batch, len(self.members))
        return Reading(self.members, np.broadcast_to(self.value, shape), np.broadcast_to(self.floor, shape))


Readings = dict[str, Reading]


def reading(
    members: Sequence[tuple[str, ...]], values: Sequence[FloatArray], floors: Sequence[FloatArray]
) -> Reading:
    """Put the figures of several members together.

    Parameters
    ----------
    members : sequence of tuple of str
        The members.
    values, floors : sequence of ndarray of float, each of shape (batch or 1,) or (batch or 1, n)
        Figures of one or several members, in that order.

    Returns
    -------
    Reading
        All of them.
    """
    if not members:
        return Reading((), np.zeros((1, 0)), np.zeros((1, 0)))
    sides = []
    for parts in (values, floors):
        wide = [part[:, None] if part.ndim == 1 else part for part in map(np.atleast_1d, parts)]
        batch = max(len(part) for part in wide)
        sides.append(np.concatenate([np.broadcast_to(part, (batch, part.shape[1])) for part in wide], axis=1))
    value, floor = np.broadcast_arrays(*sides)
    return Reading(tuple(members), value, floor)


@dataclass(frozen=True, eq=False)
class Tables:
    """Three profiles whose shards can be put together at will.

    Parameters
    ----------
    profiles : tuple of Profile
        Synthetic, holdout and training profile under one plan.
    """

    profiles: tuple[Profile, Profile, Profile]

    def mix(self, parts: Sequence[npt.NDArray[np.generic]], weight: FloatArray) -> FloatArray:
        """Add up shards of the three tables by weight, skipping tables without any.

        Parameters
        ----------
        parts : sequence of ndarray, each of shape (shards, ...)
            One statistic of each profile, by shard.
        weight : ndarray of float, shape (batch, all shards)
            Weight of each shard.

        Returns
        -------
        ndarray of float, shape (batch, ...)
            The statistic of each choice.
        """
        shape = parts[0].shape[1:]
        width = int(np.prod(shape, dtype=np.int64))
        used = np.flatnonzero(weight.any(axis=0))
        if not len(used):
            return np.zeros((len(weight), *shape), dtype=weight.dtype)
        starts = np.cumsum([0, *(len(part) for part in parts)])
        table = np.empty((len(used), width), dtype=weight.dtype)
        filled = 0
        for part, start in zip(parts, starts[:-1], strict=True):
            own = used[(used >= start) & (used < start + len(part))] - start
            if len(own):
                # whole parts are copied as they stand, which is faster than picking rows
                rows = part if len(own) == len(part) else part[own]
                table[filled : filled + len(own)] = rows.reshape(len(own), -1)
                filled += len(own)
        return np.asarray(weight[:, used] @ table).reshape(len(weight), *shape)

    def rows(self, weight: FloatArray) -> FloatArray:
        """Give the rows of each choice; at least one, so that a table without shards has rates of zero.

        Parameters
        ----------
        weight : ndarray of float, shape (batch, all shards)
            Weight of each shard.

        Returns
        -------
        ndarray of float, shape (batch, 1)
            Rows.
        """
        return np.maximum(self.mix([profile.shard_rows[:, None] for profile in self.profiles], weight), 1.0)
