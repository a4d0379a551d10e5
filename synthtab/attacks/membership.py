"""Membership: whether an attacker who holds a record can tell that the synthesizer was trained on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.attacks.candidates import Candidates, pool_candidates, sampled_rows
from synthtab.attacks.counts import clopper_pearson
from synthtab.attacks.neighbours import Points, nearest
from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.ranking import PersonArray, auc_standard_error, average_ranks
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator, one_native_thread

__all__ = ["MembershipResult", "OperatingPoint", "membership_inference"]

TOP_COUNTS = (6, 8, 10, 14, 20, 28, 40, 80, 160, 320)
# A rate of 1 % is told from at least 2.5 holdout records beyond the threshold, so from 500 holdout records.
MIN_EXCEEDING = 2.5


@dataclass(frozen=True)
class OperatingPoint:
    """How many members are found at a bearable rate of false alarms.

    Parameters
    ----------
    allowed : float
        Rate of false alarms that set the threshold, on one half of the holdout.
    tpr, low, high : float
        Share of the training records above the threshold, with its exact 95 % interval.
    fpr, fpr_low, fpr_high : float
        Share of the other half of the holdout above it, with its exact 95 % interval.
    """

    allowed: float
    tpr: float
    low: float
    high: float
    fpr: float
    fpr_low: float
    fpr_high: float


@dataclass(frozen=True)
class MembershipResult:
    """What the membership attack found.

    Parameters
    ----------
    auc, low, high : float or None
        Chance that a training record scores above a holdout record, and its 95 % interval; 0.5 is perfect.
    points : tuple of OperatingPoint
        At 1 % and 10 % false alarms, where the holdout is large enough to tell.
    p_value : float or None
        Of the largest departure over all cut-offs, by permutation of labels; at least 1 / (1 + labellings).
    statistic, critical : float or None
        That departure in standard deviations, and what only a share `alpha` of labellings exceed.
    strongest : str
        Where it was: ``top 14`` records, or ``ranking`` as a whole.
    smallest_leak : int or None
        Copied training records that would have had an 80 % chance of a p-value below `alpha`.
    n_train, n_holdout, n_synthetic : int
        Rows that were compared.
    n_shared_persons : int
        People found in both real tables, left out.
    reason : str
        Why there is no figure.
    """

    auc: float | None = None
    low: float | None = None
    high: float | None = None
    points: tuple[OperatingPoint, ...] = ()
    p_value: float | None = None
    statistic: float | None = None
    critical: float | None = None
    strongest: str = ""
    smallest_leak: int | None = None
    n_train: int = 0
    n_holdout: int = 0
    n_synthetic: int = 0
    n_shared_persons: int = 0
    reason: str = ""


def membership_inference(
    train: CastTable,
    holdout: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    *,
    train_persons: PersonArray | None = None,
    holdout_persons: PersonArray | None = None,
    alpha: float = 0.0075,
    n_labellings: int = 999,
    seed: int = 0,
    max_candidates: int = 50_000,
    max_synthetic: int = 20_000,
) -> MembershipResult:
    r"""Attack membership with a density ratio of nearest neighbours, and test it exactly.

    A record x of T ∪ H scores :math:`\log d_R(x) - \log d_S(x)`: its distance to the nearest other real
    record (of another person) over that to the nearest synthetic row. Records that stand in the synthetic
    table but nowhere else in the real ones come first. Neither scores nor scales know who is in T. The
    statistic is the largest of the standardised numbers of training records among the top m (6, 8, 10, 14,
    20, 28, 40, 80, 160, 320, a quarter, a half) and of the rank sum; its null are labels permuted between
    people.

    Parameters
    ----------
    train, holdout, synthetic : CastTable
        Rows that the synthesizer learnt from, rows it never saw, and what it made.
    columns : tuple of ColumnSpec
        Columns to use.
    train_persons, holdout_persons : ndarray of int, optional
        Person of each row, under one numbering.
    alpha : float, default 0.0075
        Level at which `critical` and `smallest_leak` are told.
    n_labellings : int, default 999
        Permutations.
    seed : int, default 0
        Seed of samples, permutations and halves.
    max_candidates, max_synthetic : int, default 50000 and 20000
        Most real and most synthetic rows; more are sampled.

    Returns
    -------
    MembershipResult
        AUC in [0, 1], perfect 0.5; a p-value that holds exactly if the split was random.

    References
    ----------
    van Breugel et al. (2023), Membership inference attacks against synthetic data through overfitting
    detection (DOMIAS), arXiv 2302.12580; Carlini et al. (2022), Membership inference attacks from first
    principles, arXiv 2112.03570 (rates at few false alarms).
    """
    pool = pool_candidates(
        train,
        holdout,
        columns,
        train_persons=train_persons,
        holdout_persons=holdout_persons,
        max_rows=max_candidates,
        seed=seed,
    )
    made = sampled_rows(synthetic, max_synthetic, seed)
    sizes = MembershipResult(
        n_train=pool.n_train,
        n_holdout=pool.n_holdout,
        n_synthetic=made.n_rows,
        n_shared_persons=pool.n_shared_persons,
    )
    encoder = FeatureEncoder.fit((pool.table, made), (pool.table,), columns)
    if not encoder.features or not pool.n_train or not pool.n_holdout or not made.n_rows:
        return replace(sizes, reason="an empty table" if encoder.features else "no column to compare")
    with one_native_thread():
        scores = _density_ratio(Points.of(pool.table, encoder, pool.persons), Points.of(made, encoder))
        cuts = _cuts(pool, scores)
        rng = generator(seed, "attacks", "membership")
        values = np.concatenate([cuts.departures(labels) for labels in pool.labellings(n_labellings, rng)])
    largest = values.max(axis=1, initial=0.0)
    critical = float(np.quantile(largest, 1 - alpha, method="higher"))
    auc = _auc(scores, pool.is_train)
    around = 1.96 * auc_standard_error(scores, pool.is_train, pool.persons)
    return replace(
        sizes,
        auc=auc,
        low=max(0.0, auc - around),
        high=min(1.0, auc + around),
        points=_operating_points(pool, scores, seed),
        # sums of the same numbers in another order are the same statistic
        p_value=float((largest >= largest[0] - 1e-9).mean()),
        statistic=float(largest[0]),
        critical=critical,
        strongest=cuts.names[int(values[0].argmax())] if cuts.names else "",
        smallest_leak=_smallest_leak(cuts, pool, critical),
    )


def _density_ratio(real: Points, made: Points) -> FloatArray:
    to_real = nearest(real, real, skip_own=True).distances[:, 0]
    to_made = nearest(real, made).distances[:, 0]
    positive = np.concatenate([to_real[to_real > 0], to_made[to_made > 0]])
    # half of the smallest distance stands for none: a record with twins on both sides scores 0
    floor = float(positive.min()) / 2 if positive.size else 1.0
    scores = np.log(np.maximum(to_real, floor)) - np.log(np.maximum(to_made, floor))
    stands_alone = (to_made == 0) & (to_real > 0)
    scores[stands_alone] += np.ptp(scores) + 1.0
    # identical scores computed along two ways must tie
    return np.asarray(np.round(scores, 9), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Weights of the records in each statistic, and its mean and spread over random labels."""

    names: tuple[str, ...]
    counts: npt.NDArray[np.int64]  # records in the cut; 0 for the ranking
    weights: FloatArray  # (n_records, n_cuts)
    mean: FloatArray
    sd: FloatArray

    def departures(self, labels: npt.NDArray[np.bool_]) -> FloatArray:
        return (labels.astype(np.float64) @ self.weights - self.mean) / self.sd


def _cuts(pool: Candidates, scores: FloatArray) -> _Cuts:
    n = len(scores)
    counts = sorted({m for m in (*TOP_COUNTS, n // 4, n // 2) if 0 < m < n})
    falling = np.sort(scores)[::-1]
    columns = []
    for m in counts:
        edge = falling[m - 1]
        above, level = scores > edge, scores == edge
        # records that tie at the edge share what is left of the cut: their order would be chance
        columns.append(above + level * ((m - above.sum()) / level.sum()))
    columns.append(average_ranks(scores) - (n + 1) / 2)
    weights = np.column_stack(columns)
    # moments over labels permuted between people; they do not depend on who is in T
    n_persons = int(pool.persons.max()) + 1
    of_person = np.column_stack([np.bincount(pool.persons, column) for column in columns])
    n_train = len(np.unique(pool.persons[pool.is_train]))
    share = n_train / n_persons
    variance = ((of_person - of_person.mean(axis=0)) ** 2).sum(axis=0) * share * (1 - share)
    sd = np.sqrt(variance * n_persons / max(1, n_persons - 1))
    varies = sd > 1e-9 * n
    names = (*(f"top {m}" for m in counts), "ranking")
    return _Cuts(
        names=tuple(name for name, kept in zip(names, varies, strict=True) if kept),
        counts=np.array([*counts, 0], dtype=np.int64)[varies],
        weights=weights[:, varies],
        mean=(share * weights.sum(axis=0))[varies],
        sd=sd[varies],
    )


def _smallest_leak(cuts: _Cuts, pool: Candidates, critical: float) -> int | None:
    """Give the fewest training records whose standing at the very top would be called significant.

    Copies score above all others; of the records below them in a cut the usual share are training records,
    fewer by .84 standard deviations in one case of five.
    """
    of_top = cuts.counts > 0
    if not of_top.any():
        return None
    counts, mean, sd = cuts.counts[of_top], cuts.mean[of_top], cuts.sd[of_top]
    leak = np.arange(1, pool.n_train + 1)[:, None]
    share = (pool.n_train - leak) / (pool.n_train + pool.n_holdout - leak)
    rest = np.maximum(counts - leak, 0)
    expected = np.minimum(leak, counts) + rest * share - 0.842 * np.sqrt(rest * share * (1 - share))
    seen = (((expected - mean) / sd) >= critical).any(axis=1)
    return int(seen.argmax()) + 1 if seen.any() else None


def _auc(scores: FloatArray, is_train: npt.NDArray[np.bool_]) -> float:
    n_train = int(is_train.sum())
    ranks = average_ranks(scores)[is_train].sum() - n_train * (n_train + 1) / 2
    return float(ranks / (n_train * (len(scores) - n_train)))


def _operating_points(pool: Candidates, scores: FloatArray, seed: int) -> tuple[OperatingPoint, ...]:
    people = np.unique(pool.persons[~pool.is_train])
    chosen = generator(seed, "attacks", "halves").permutation(people)[: len(people) // 2]
    sets_threshold = ~pool.is_train & np.isin(pool.persons, chosen)
    known = np.sort(scores[sets_threshold])[::-1]
    train, others = scores[pool.is_train], scores[~pool.is_train & ~sets_threshold]
    points = []
    for allowed in (0.01, 0.10):
        if allowed * len(known) < MIN_EXCEEDING:
            continue
        threshold = known[int(allowed * len(known)) - 1]
        hits, alarms = int((train > threshold).sum()), int((others > threshold).sum())
        low, high = clopper_pearson(hits, len(train))
        fpr_low, fpr_high = clopper_pearson(alarms, len(others))
        points.append(
            OperatingPoint(
                allowed=allowed,
                tpr=hits / len(train),
                low=low,
                high=high,
                fpr=alarms / len(others),
                fpr_low=fpr_low,
                fpr_high=fpr_high,
            )
        )
    return tuple(points)
