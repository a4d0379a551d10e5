"""Distances: the shares that are often quoted from each synthetic row's nearest real rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synthtab.attacks.candidates import Candidates
from synthtab.attacks.neighbours import Neighbours, Points, nearest
from synthtab.attacks.tables import AttackTables
from synthtab.schema.cast_table import IntArray
from synthtab.seeding import generator, one_native_thread

__all__ = ["ClosenessResult", "closest_records"]

_MOST_DESCRIBED = 5_000


@dataclass(frozen=True)
class ClosenessResult:
    """How close synthetic rows lie to training and to holdout rows: a description, never a gate.

    Parameters
    ----------
    dcr_share, dcr_low, dcr_high : float or None
        Share of synthetic rows that are closer to a training than to a holdout row, and its 95 % interval.
        Of identical nearest rows the training share counts: one half for a pair.
    dcr_null, dcr_null_low, dcr_null_high : float or None
        What fresh data would give, ``|T| / (|T| + |H|)``, and where 95 % of fresh samples fall. Copying a
        share c of the rows moves it by about ``c (1 - null)``.
    nndr_train, nndr_holdout : float or None
        Median ratio of the distances to the nearest and second nearest row; lower against training than
        against holdout rows is a sign of copies.
    n_train, n_holdout, n_synthetic : int
        Rows that were compared.
    reason : str
        Why there is no figure.
    """

    dcr_share: float | None = None
    dcr_low: float | None = None
    dcr_high: float | None = None
    dcr_null: float | None = None
    dcr_null_low: float | None = None
    dcr_null_high: float | None = None
    nndr_train: float | None = None
    nndr_holdout: float | None = None
    n_train: int = 0
    n_holdout: int = 0
    n_synthetic: int = 0
    reason: str = ""


def closest_records(tables: AttackTables) -> ClosenessResult:
    """Describe whether synthetic rows lie closer to training than to holdout rows (DCR share, NNDR).

    Five copies in a hundred rows hardly move these figures; they are quoted because readers expect them.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows; the ratios are those of at most 5,000 rows.

    Returns
    -------
    ClosenessResult
        Shares in [0, 1]; at its null is perfect.

    References
    ----------
    Platzer and Reutterer (2021), Holdout-based empirical assessment of mixed-type synthetic data,
    Frontiers in Big Data 4.
    """
    pool, made = tables.pool, tables.made
    sizes = ClosenessResult(n_train=pool.n_train, n_holdout=pool.n_holdout, n_synthetic=made.n_rows)
    if tables.reason:
        return replace(sizes, reason=tables.reason)
    real = tables.real_points
    # ties between records that differ fall to the first in an order that knows no labels
    share, spread = _training_share(tables.from_made.positions[:, 0], real, pool)
    chosen = generator(tables.seed, "attacks", "described").permutation(made.n_rows)[:_MOST_DESCRIBED]
    queries = tables.made_points.take(np.sort(chosen))
    with one_native_thread():
        to_train, to_holdout = (
            nearest(queries, real.take(np.flatnonzero(side)), k=2) for side in (pool.is_train, ~pool.is_train)
        )
    null = pool.n_train / (pool.n_train + pool.n_holdout)
    around, around_null = (1.96 * float(np.sqrt(p * (1 - p) * spread)) for p in (share, null))
    return replace(
        sizes,
        dcr_share=share,
        dcr_low=max(0.0, share - around),
        dcr_high=min(1.0, share + around),
        dcr_null=null,
        dcr_null_low=max(0.0, null - around_null),
        dcr_null_high=min(1.0, null + around_null),
        nndr_train=_median_ratio(to_train),
        nndr_holdout=_median_ratio(to_holdout),
    )


def _training_share(nearest_record: IntArray, real: Points, pool: Candidates) -> tuple[float, float]:
    """Give the share closer to training, and the sum of squared weights of the records that decide it."""
    _, kind, twins = np.unique(real.hashes, return_inverse=True, return_counts=True)
    # identical records are equally near: training counts by its share of them
    training_share = np.bincount(kind, pool.is_train) / twins
    decided_by = kind[nearest_record]
    share = float(training_share[decided_by].mean())
    # many rows that hang on one record, or on one person, are one decision; twins share it among them
    if pool.rows_are_persons:
        rows, shared_by = np.bincount(decided_by, minlength=len(twins)), twins
    else:
        rows = np.bincount(pool.persons[nearest_record])
        shared_by = np.ones(len(rows), dtype=np.int64)
    return share, float((rows**2 / shared_by).sum() / len(nearest_record) ** 2)


def _median_ratio(neighbours: Neighbours) -> float | None:
    first, second = neighbours.distances[:, 0], neighbours.distances[:, 1]
    known = np.isfinite(second)
    if not known.any():
        return None
    # two identical nearest rows: neither stands out
    ratio = np.where(second[known] > 0, first[known] / np.where(second[known] > 0, second[known], 1.0), 1.0)
    return float(np.median(ratio))
