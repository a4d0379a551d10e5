"""Sums and cross-products of number columns, shard by shard."""

from __future__ import annotations

import numpy as np

from synthtab.profiling.plan import ProfilePlan
from synthtab.profiling.profile import Moments
from synthtab.profiling.sharding import Sharding
from synthtab.schema import CastTable

__all__ = ["count_moments"]


def count_moments(table: CastTable, plan: ProfilePlan, sharding: Sharding) -> Moments:
    """Add up the number columns over the rows in which both columns of a pair are present.

    Parameters
    ----------
    table : CastTable
        The rows.
    plan : ProfilePlan
        Which columns.
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
    values = [table.number(column.name).values for column in columns]
    gaps = [index for index, own in enumerate(values) if not np.isfinite(own).all()]
    # columns without a gap share one weight, the last: it is 1 in each row
    weight_of = np.full(size, len(gaps))
    weight_of[gaps] = np.arange(len(gaps))
    for shard in range(shards):
        rows = sharding.order[sharding.starts[shard] : sharding.starts[shard + 1]]
        x = np.empty((size, len(rows)))
        for index, own in enumerate(values):
            np.take(own, rows, out=x[index], mode="clip")
            x[index] -= centers[index]
        weights = np.ones((len(gaps) + 1, len(rows)))
        for weight, index in zip(weights, gaps, strict=False):
            present = np.isfinite(x[index])
            weight[:] = present
            x[index, ~present] = 0.0
        both[shard] = (weights @ weights.T)[np.ix_(weight_of, weight_of)]
        sums[shard] = (x @ weights.T)[:, weight_of]
        products[shard] = x @ x.T
        np.square(x, out=x)
        squares[shard] = (x @ weights.T)[:, weight_of]
    return Moments(both, sums, squares, products, centers)
