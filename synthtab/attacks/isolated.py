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
_MOST_DIMENSIONS = 30.0
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
        Largest ratio that would have been called significant at `alpha`; None when even a copy would not, as
        in a coarse table, where people coincide.
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
    continued, the most cautious counts, times the number of rows tried. The ratio itself must be unheard of
    too: in a coarse table rows coincide.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    alpha : float, default 0.0015
        Level at which `smallest_ratio` is told.

    Returns
    -------
    IsolatedResult
        A p-value; of 200 safe tables it is below .0015 in one (docs/calibration-privacy.md).

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
    own_steps = _log_ratio(made.distances, floor)[near_lonely]
    scores = dimension[beside] * own_steps
    of_train = tables.pool.is_train[beside]
    real_law = _Law(steps[lonely], dimension[around] * steps[lonely])

    def judged(side: npt.NDArray[np.bool_]) -> FloatArray:
        return real_law.joined(own_steps[~side], scores[~side]).chances(own_steps[side], scores[side])

    chances, controls = judged(of_train), judged(~of_train)
    n_tried = int(of_train.sum())
    found = IsolatedResult(
        p_value=_any_of(chances),
        control_p_value=_any_of(controls),
        n_tried=n_tried,
    )
    if not n_tried:
        return found
    mine = np.flatnonzero(of_train)
    best = mine[np.lexsort((-scores[mine], chances))[0]]
    distances = made.distances[near_lonely][best]
    step = real_law.joined(own_steps[~of_train], scores[~of_train]).step_at(
        alpha / n_tried, float(np.median(dimension[beside[of_train]]))
    )
    # what a copy of a typical one of them would show
    most = float(
        np.median(
            _log_ratio(np.column_stack([np.zeros(n_tried), made.distances[near_lonely][of_train, 1]]), floor)
        )
    )
    return replace(
        found,
        record=int(beside[best]),
        distance_ratio=float(distances[0] / distances[1]) if distances[1] > 0 else 1.0,
        smallest_ratio=None if step is None or step > most else float(np.exp(-step)),
    )


def _any_of(chances: FloatArray) -> float:
    """Give the chance, at most, that any of some rows comes so close: 1 where none was tried."""
    return min(1.0, len(chances) * float(chances.min())) if len(chances) else 1.0


@dataclass(frozen=True, eq=False)
class _Law:
    """How close rows come that were never trained on: their log ratios, and the same in local units."""

    steps: FloatArray
    scores: FloatArray

    def joined(self, steps: FloatArray, scores: FloatArray) -> _Law:
        return _Law(np.concatenate([self.steps, steps]), np.concatenate([self.scores, scores]))

    def _tails(self) -> list[tuple[float, float, float]]:
        """Give share, edge and rate of each tail that is continued."""
        falling, n = np.sort(self.scores)[::-1], len(self.scores)
        found = []
        for k in _TAILS:
            if k >= n / 4:
                break
            edge = float(falling[k])
            excess = float((falling[:k] - edge).mean())
            # never lighter than the exponential law of evenly scattered points, and cautious by half an error
            rate = min(1.0, (1 - 0.5 / np.sqrt(k)) / excess) if excess > 0 else 1.0
            found.append((k / n, edge, rate))
        return found

    def chances(self, steps: FloatArray, scores: FloatArray) -> FloatArray:
        """Give the chance that one row comes as close, for each of some rows."""
        tails, n = self._tails(), len(self.scores)
        if not tails:
            return np.ones(len(scores))
        # both the ratio itself and the ratio in local units must be unheard of: in a coarse table rows
        # coincide, and what is local is hard to say
        shares = [
            1 - np.searchsorted(np.sort(values), own, side="left") / n
            for values, own in ((self.steps, steps), (self.scores, scores))
        ]
        shares += [share * np.exp(-rate * np.maximum(scores - edge, 0.0)) for share, edge, rate in tails]
        return np.asarray(np.max(shares, axis=0))

    def step_at(self, chance: float, dimension: float) -> float | None:
        """Give the log ratio whose chance is so small, where points scatter in so many dimensions."""
        tails = self._tails()
        if not tails:
            return None
        scores = [edge + max(0.0, float(np.log(share / chance))) / rate for share, edge, rate in tails]
        return max(max(scores) / dimension, float(self.steps.max()))


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
        found[rows] = 1 / np.maximum(steps[near].mean(axis=1), 1 / _MOST_DIMENSIONS)
    return found
