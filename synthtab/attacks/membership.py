"""Membership: whether an attacker who holds a record can tell that the synthesizer was trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.attacks.candidates import Candidates
from synthtab.attacks.counts import clopper_pearson, effective_trials
from synthtab.attacks.label_test import POWER, LabelTest, RecordStatistic, label_test, mean_differences
from synthtab.attacks.rates import ComparedRate, compared_rate
from synthtab.attacks.record_scores import density_ratio, gan_leaks, is_near_copy, logan
from synthtab.attacks.tables import AttackTables
from synthtab.metrics.ranking import auc_standard_error, average_ranks
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator, one_native_thread

__all__ = ["PRIMARY", "MembershipResult", "OperatingPoint", "ScoredAttack", "membership_inference"]

PRIMARY = "DOMIAS, nearest neighbour"
NEAR_COPIES = "near copies"
RANKING = "ranking"
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
class ScoredAttack:
    """One way of scoring records, and how well it tells members.

    Parameters
    ----------
    name : str
        The attack.
    auc, low, high : float
        Chance that a training record scores above a holdout record, and its 95 % interval; 0.5 is perfect.
    points : tuple of OperatingPoint
        At 1 % and 10 % false alarms, and at 0.1 % with 5,000 holdout records, where the holdout can tell.
    p_value : float or None
        Of its largest departure, held against the largest of all attacks under exchanged labels.
    """

    name: str
    auc: float
    low: float
    high: float
    points: tuple[OperatingPoint, ...]
    p_value: float | None


@dataclass(frozen=True)
class MembershipResult:
    """What the membership attacks found.

    Parameters
    ----------
    attacks : tuple of ScoredAttack
        Each way of scoring, the density ratio of nearest neighbours first.
    p_value : float or None
        Of the largest departure over all attacks and cut-offs, by permutation of labels; at least
        1 / (1 + labellings).
    statistic, critical : float or None
        That departure in standard deviations, and what only a share `alpha` of labellings exceed.
    strongest : str
        Which attack showed it.
    where : str
        Where it was: ``top 14`` records, or ``ranking`` as a whole.
    p_overall : float or None
        Of the largest departure of the other attacks in their top tenth and whole ranking: that training
        records look more like members on average, though none of them can be told for sure.
    strongest_overall : str
        Which attack showed that.
    near_copies : ComparedRate or None
        Share of the records of which a synthetic row is a copy or nearly one.
    smallest_leak : int or None
        Copied training records that would have had an 80 % chance of a p-value below `alpha`.
    n_train, n_holdout, n_synthetic : int
        Rows that were compared.
    n_shared_persons : int
        People found in both real tables, left out.
    reason : str
        Why there is no figure.
    """

    attacks: tuple[ScoredAttack, ...] = ()
    p_value: float | None = None
    statistic: float | None = None
    critical: float | None = None
    strongest: str = ""
    where: str = ""
    p_overall: float | None = None
    strongest_overall: str = ""
    near_copies: ComparedRate | None = None
    smallest_leak: int | None = None
    n_train: int = 0
    n_holdout: int = 0
    n_synthetic: int = 0
    n_shared_persons: int = 0
    reason: str = ""

    @property
    def primary(self) -> ScoredAttack | None:
        """The density ratio of nearest neighbours; None without a figure."""
        return self.attacks[0] if self.attacks else None


def membership_inference(
    tables: AttackTables, *, alpha: float = 0.00375, n_labellings: int = 999, thorough: bool = False
) -> MembershipResult:
    r"""Attack membership by several scores at once, and test the best of them exactly.

    A record x of T ∪ H scores :math:`\log d_R(x) - \log d_S(x)`, its distance to the nearest other real
    record (of another person) over that to the nearest synthetic row (DOMIAS). Beside it stand the same with
    the fifth neighbour, minus the distance alone (GAN-leaks), and a classifier of synthetic against real rows
    (LOGAN); thorough adds Gen-LRA and RMIA. No score, no scale knows who is in T. The statistic is the
    largest standardised excess of training records among the top m of the first score (6, 8, 10, 14, 20, 28,
    40, 80, 160, 320, a quarter, a half) and in its ranking, among the top 1 % of the others, and among
    near copies; its null are labels permuted between people.

    The top 10 % and the rankings of the other scores are tested apart. A classifier ranks training records
    higher than others on average whenever a synthesizer has learnt their margins closely (a Gaussian copula
    on 2,600 rows: AUC .54, and 1.2 % of members found at 1 % false alarms): that is no way to tell anybody.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    alpha : float, default 0.00375
        Level at which `critical` and `smallest_leak` are told.
    n_labellings : int, default 999
        Permutations.
    thorough : bool, default False
        Whether to add the slower scores.

    Returns
    -------
    MembershipResult
        AUC in [0, 1], perfect 0.5; a p-value that holds exactly if the split was random.

    References
    ----------
    van Breugel et al. (2023), arXiv 2302.12580 (density ratios); Carlini et al. (2022), Membership inference
    attacks from first principles, arXiv 2112.03570 (rates at few false alarms).
    """
    pool = tables.pool
    sizes = MembershipResult(
        n_train=pool.n_train,
        n_holdout=pool.n_holdout,
        n_synthetic=tables.made.n_rows,
        n_shared_persons=pool.n_shared_persons,
    )
    if tables.reason:
        return replace(sizes, reason=tables.reason)
    near = is_near_copy(tables.to_real, tables.to_made)
    scores = _scores(tables, thorough=thorough)
    n = len(pool.is_train)
    statistics = [
        RecordStatistic(name, cut, weight)
        for name, own in scores.items()
        for cut, weight in _cuts(
            own, (*TOP_COUNTS, n // 4, n // 2) if name == PRIMARY else (n // 100, n // 10)
        )
    ]
    statistics.append(RecordStatistic(NEAR_COPIES, "all", near.astype(np.float64)))
    diffuse = (RANKING, f"top {n // 10}")
    overall = [item for item in statistics if item.family != PRIMARY and item.name in diffuse]

    def tested(asked: Sequence[RecordStatistic]) -> LabelTest:
        keys = [(item.family, item.name) for item in asked]
        return label_test(
            pool,
            [(keys, mean_differences(pool, asked))],
            alpha=alpha,
            n_labellings=n_labellings,
            seed=tables.seed,
            purpose="membership",
        )

    with one_native_thread():
        test, average = tested([item for item in statistics if item not in overall]), tested(overall)
    best, most = test.strongest(), average.strongest()
    return replace(
        sizes,
        attacks=tuple(
            _scored(name, own, pool, test.p_value(name), tables.seed) for name, own in scores.items()
        ),
        p_value=test.p_value() if best is not None else 1.0,
        statistic=float(test.largest[0]),
        critical=test.critical,
        strongest="" if best is None else test.families[best],
        where="" if best is None else test.names[best],
        p_overall=average.p_value() if most is not None else 1.0,
        strongest_overall="" if most is None else average.families[most],
        near_copies=compared_rate(near.astype(np.float64), pool),
        smallest_leak=_smallest_leak(test, pool),
    )


def _scores(tables: AttackTables, *, thorough: bool) -> dict[str, FloatArray]:
    ratio = density_ratio(tables.to_real, tables.to_made)
    scores = {
        PRIMARY: ratio,
        "DOMIAS, fifth neighbour": density_ratio(tables.to_real, tables.to_made, k=5),
        "GAN-leaks": gan_leaks(tables.to_made),
        "LOGAN": logan(tables),
    }
    if thorough:
        from synthtab.attacks.likelihood import gen_lra_scores, rmia_scores

        with one_native_thread():
            scores["Gen-LRA"] = gen_lra_scores(tables.real_points, tables.made_points)
            scores["RMIA"] = rmia_scores(ratio, tables.real_points)
    return scores


def _cuts(scores: FloatArray, counts: Sequence[int]) -> list[tuple[str, FloatArray]]:
    """Give each record's part in the top m, for some m, and its rank."""
    n = len(scores)
    falling = np.sort(scores)[::-1]
    cuts = []
    for m in sorted({m for m in counts if 0 < m < n}):
        edge = falling[m - 1]
        above, level = scores > edge, scores == edge
        # records that tie at the edge share what is left of the cut: their order would be chance
        cuts.append((f"top {m}", above + level * ((m - above.sum()) / level.sum())))
    return [*cuts, (RANKING, average_ranks(scores))]


def _smallest_leak(test: LabelTest, pool: Candidates) -> int | None:
    """Give the fewest training records whose standing at the very top would be called significant.

    Copies score above all others; of the records below them in a cut the usual share are training records,
    fewer by .84 standard deviations in one case of five.
    """
    counts = np.array(
        [
            int(name[4:]) if family == PRIMARY and name.startswith("top ") else 0
            for family, name in zip(test.families, test.names, strict=True)
        ],
        dtype=np.int64,
    )
    if not counts.any():
        return None
    # a difference of means of m records moves by m₁/n_T - m₀/n_H
    n_train, n_holdout = pool.n_train, pool.n_holdout
    m, spread = counts[counts > 0], test.spreads[counts > 0]
    leak = np.arange(1, n_train + 1)[:, None]
    share = (n_train - leak) / (n_train + n_holdout - leak)
    rest = np.maximum(m - leak, 0)
    members = np.minimum(leak, m) + rest * share - POWER * np.sqrt(rest * share * (1 - share))
    shown = members / n_train - (m - members) / n_holdout
    seen = (shown / spread >= test.critical).any(axis=1)
    return int(seen.argmax()) + 1 if seen.any() else None


def _scored(
    name: str, scores: FloatArray, pool: Candidates, p_value: float | None, seed: int
) -> ScoredAttack:
    n_train = pool.n_train
    ranks = average_ranks(scores)[pool.is_train].sum() - n_train * (n_train + 1) / 2
    auc = float(ranks / (n_train * pool.n_holdout))
    around = 1.96 * auc_standard_error(scores, pool.is_train, pool.persons)
    return ScoredAttack(
        name,
        auc,
        max(0.0, auc - around),
        min(1.0, auc + around),
        _operating_points(pool, scores, seed),
        p_value,
    )


def _interval(found: npt.NDArray[np.bool_], persons: IntArray) -> tuple[float, float]:
    """Give the exact interval of a share, at as many trials as people's records are worth."""
    trials = effective_trials(found.astype(np.float64), persons)
    return clopper_pearson(float(found.mean()) * trials if len(found) else 0.0, trials)


def _operating_points(pool: Candidates, scores: FloatArray, seed: int) -> tuple[OperatingPoint, ...]:
    people = np.unique(pool.persons[~pool.is_train])
    chosen = generator(seed, "attacks", "halves").permutation(people)[: len(people) // 2]
    sets_threshold = ~pool.is_train & np.isin(pool.persons, chosen)
    known = np.sort(scores[sets_threshold])[::-1]
    train, others = scores[pool.is_train], scores[~pool.is_train & ~sets_threshold]
    points = []
    for allowed in (0.001, 0.01, 0.10):
        if allowed * len(known) < MIN_EXCEEDING:
            continue
        threshold = known[int(allowed * len(known)) - 1]
        hits, alarms = int((train > threshold).sum()), int((others > threshold).sum())
        low, high = _interval(train > threshold, pool.persons[pool.is_train])
        fpr_low, fpr_high = _interval(others > threshold, pool.persons[~pool.is_train & ~sets_threshold])
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
