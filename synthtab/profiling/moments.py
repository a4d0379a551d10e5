"""Sums and cross-products of number columns, shard by shard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from synthtab.profiling.plan import ProfilePlan
from synthtab.profiling.profile import Moments
from synthtab.profiling.sharding import Sharding
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray

__all__ = ["count_moments"]


def count_moments(
    table: CastTable,
    plan: ProfilePlan,
    codes: Sequence[npt.NDArray[np.integer]],
    held: Sequence[npt.NDArray[np.bool_]],
    sharding: Sharding,
) -> Moments:
    """Add up the number columns over the rows in which both columns of a pair are present.

    Parameters
    ----------
    table : CastTable
        The rows.
    plan : ProfilePlan
        Which columns.
    codes : sequence of ndarray of int, each of shape (n_rows,)
        The bin of each row in each column, in the sharding's order.
    held : sequence of ndarray of bool, each of shape (n_bins + 1,)
        Whether any row is in the bin.
    sharding : Sharding
        Which rows form which shard; sums run in its order, so that they are the same to the last bit.

    Returns
    -------
    Moments
        The sums.
    """
    columns = [plan.columns[index] for index in plan.numbers]
    centers = np.array([np.median(column.points) if len(column.points) else 0.0 for column in columns])
    size, shards = len(columns), sharding.n_shards
    both, sums, squares, products = (np.zeros((shards, size, size)) for _ in range(4))
    if not size:
        return Moments(both, sums, squares, products, centers)
    sources: list[tuple[FloatArray, npt.NDArray[np.integer]]] = []
    gaps = []
    for position, (index, column) in enumerate(zip(plan.numbers, columns, strict=True)):
        values = table.number(column.name).values
        if not np.isfinite(values).all():
            gaps.append(position)
        if column.exact and not held[index][0 : column.n_bins : 2].any():
            # each bin is one value: a short list of values is quicker to read from than the rows
            sources.append((np.append(column.points, np.nan), codes[index] >> 1))
        else:
            sources.append((values, sharding.order))
    # columns without a gap share one weight, the last: it is 1 in each row
    weight_of = np.full(size, len(gaps))
    weight_of[gaps] = np.arange(len(gaps))
    for part in sharding.parts:
        x = np.empty((size, part.rows.stop - part.rows.start))
        for index, (values, places) in enumerate(sources):
            np.take(values, places[part.rows], out=x[index], mode="clip")
        x -= centers[:, None]
        weights = np.ones((len(gaps) + 1, x.shape[1]))
        for weight, index in zip(weights, gaps, strict=False):
            present = np.isfinite(x[index])
            weight[:] = present
            x[index, ~present] = 0.0
        for shard in range(part.shards.start, part.shards.stop):
            rows = slice(*(sharding.starts[shard : shard + 2] - part.rows.start))
            own, weight = x[:, rows], weights[:, rows].T
            both[shard] = (weight.T @ weight)[np.ix_(weight_of, weight_of)]
            sums[shard] = (own @ weight)[:, weight_of]
            products[shard] = own @ own.T
            squares[shard] = (np.square(own) @ weight)[:, weight_of]
    return Moments(both, sums, squares, products, centers)
