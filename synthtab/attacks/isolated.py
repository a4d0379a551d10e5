"""Isolated records: whether a synthetic row lies closer to one lonely person than chance ever puts it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.attacks.neighbours import Points
from synthtab.attacks.record_scores import resolution
from synthtab.attacks.tables import AttackTables
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import one_native_thread

__all__ = ["IsolatedResult", "isolated_records"]

# An isolated neighbourhood: the second nearest record is farther away than for 95 records in a hundred.
ISOLATED = 0.95
_LOCAL = 50
_TAILS = (5, 10, 20, 40)
_ROWS_AT_ONCE = 256
_LEAST_RECORDS = 200


@dataclass(frozen=True)
class IsolatedResult:
    """What a search for single leaked people found.

    Parameters
    ----------
    p_value : float or None
        Chance that fresh rows come as close to any isolated training record; extrapolated.
    control_p_value : float or None
        The same of holdout records, as if these had been trained on: tells what coincidence does.
    record : int or None
        Position, in the pool, of the training record that a row comes closest to, for its local scale.
    distance_ratio : float or None
        Distance of that row to the record over that to the next nearest.
    n_tried : int
        Synthetic rows that lie among isolated training records.
    smallest_ratio : float or None
        Largest ratio that would have been called significant at `alpha`.
    reason : str
        Why there is no figure.
    """

    p_value: float | None = None
    control_p_value: float | None = None
    record: int | None = None
    distance_ratio: float | None = None
    n_tried: int = 0
    smallest_ratio: float | None = None
    reason: str = ""


def isolated_records(tables: AttackTables, *, alpha: float = 0.0015) -> IsolatedResult:
    r"""Ask whether a synthetic row is a copy, or nearly one, of a single isolated training record.

    Exchanging labels cannot see one leaked person: one record is in training half of the time. Here the null
    is how close real records come to each other. A row whose nearest two records lie at :math:`d_1 < d_2`
    scores :math:`b = D \log(d_2 / d_1)`, with the local dimension D = 1 / mean log(d₂/d₁) of the 50 records
    around; among points scattered evenly, b is exponential. Only rows in isolated neighbourhoods are tried
    (d₂ beyond that of 95 records in a hundred), because twins by coincidence live where people are many. The
    largest b of rows that are nearest to a training record is held against all real records as queries, and
    against rows that are nearest to a holdout record: their 5, 10, 20 and 40 largest give tails that are
    continued, the most cautious counts, times the number of rows tried.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    alpha : float, default 0.0015
        Level at which `smallest_ratio` is told.

    Returns
    -------
    IsolatedResult
        A p-value; among 200 safe tables it is below .0015 in hardly any (docs/privacy.md).

    References
    ----------
    Levina and Bickel (2004), Maximum likelihood estimation of intrinsic dimension, NIPS;
    Hill (1975), A simple general approach to inference about the tail, Annals of Statistics 3.
    """
    if tables.reason_without_holdout:
        return IsolatedResult(reason=tables.reason_without_holdout)
    if tables.pool.table.n_rows < _LEAST_RECORDS:
        return IsolatedResult(reason=f"fewer than {_LEAST_RECORDS} real records")
    floor = resolution(tables.to_real, tables.from_made)
    real, made = tables.to_real, tables.from_made
    steps = _log_ratio(real.distances, floor)
    cut = float(np.quantile(real.distances[:, 1], ISOLATED))
    lonely, near_lonely = real.distances[:, 1] > cut, made.distances[:, 1] > cut
    around = real.positions[lonely, 0]
    beside = made.positions[near_lonely, 0]
    with one_native_thread():
        dimension = _local_dimension(tables.real_points, np.union1d(around, beside), steps)
    null = dimension[around] * steps[lonely]
    scores = dimension[beside] * _log_ratio(made.distances, floor)[near_lonely]
    of_train = tables.pool.is_train[beside]
    p_value, ratio_at = _tail_p(scores[of_train], np.concatenate([null, scores[~of_train]]), alpha)
    control, _ = _tail_p(scores[~of_train], np.concatenate([null, scores[of_train]]), alpha)
    found = IsolatedResult(p_value=p_value, control_p_value=control, n_tried=int(of_train.sum()))
    if not of_train.any():
        return found
    best = np.flatnonzero(of_train)[scores[of_train].argmax()]
    distances = made.distances[near_lonely][best]
    typical = float(np.median(dimension[beside[of_train]]))
    return replace(
        found,
        record=int(beside[best]),
        distance_ratio=float(distances[0] / distances[1]) if distances[1] > 0 else 1.0,
        smallest_ratio=None if ratio_at is None else float(np.exp(-ratio_at / typical)),
    )


def _log_ratio(distances: FloatArray, floor: float) -> FloatArray:
    first, second = distances[:, 0], distances[:, 1]
    usable = np.isfinite(second) & (second > 0)
    ratio = np.maximum(np.where(usable, second, 1.0), floor) / np.maximum(np.where(usable, first, 1.0), floor)
    return np.where(usable, np.log(ratio), 0.0)


def _local_dimension(
    points: Points, records: npt.NDArray[np.integer], steps: FloatArray
) -> npt.NDArray[np.float64]:
    """Give the dimension in which the 50 records around each of some records are scattered."""
    found = np.ones(len(points.hashes))
    coordinates = points.coordinates
    squares = (coordinates.astype(np.float64) ** 2).sum(axis=1).astype(np.float32)
    most = min(_LOCAL, len(squares) - 1)
    for start in range(0, len(records), _ROWS_AT_ONCE):
        rows = records[start : start + _ROWS_AT_ONCE]
        squared = squares[None, :] - 2 * coordinates[rows] @ coordinates.T
        squared[np.arange(len(rows)), rows] = np.inf
        near: IntArray = np.argpartition(squared, most - 1, axis=1)[:, :most].astype(np.int64)
        found[rows] = 1 / np.maximum(steps[near].mean(axis=1), 1e-6)
    return found


def _tail_p(scores: FloatArray, null: FloatArray, alpha: float) -> tuple[float, float | None]:
    """Give the chance that so many null scores reach the largest, and the score at `alpha`."""
    if not len(scores) or not len(null):
        return 1.0, None
    falling = np.sort(null)[::-1]
    n, largest = len(falling), float(scores.max())
    shares, at_alpha = [float((falling >= largest).mean())], [0.0]
    for k in _TAILS:
        if k >= n / 4:
            break
        edge = falling[k]
        excess = float((falling[:k] - edge).mean())
        # never lighter than the exponential law of evenly scattered points, and cautious by half an error
        rate = min(1.0, (1 - 0.5 / np.sqrt(k)) / excess) if excess > 0 else 1.0
        shares.append(k / n * float(np.exp(-rate * max(largest - edge, 0.0))))
        at_alpha.append(float(edge) + max(0.0, float(np.log(len(scores) * k / (n * alpha)))) / rate)
    if len(shares) == 1:
        shares.append(1.0)
    return min(1.0, len(scores) * max(shares)), max(at_alpha)
