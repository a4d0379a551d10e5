"""Label tests: whether an attack does better on training than on holdout records, by exchanged labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.attacks.candidates import Candidates
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

__all__ = ["LabelTest", "RecordStatistic", "label_test", "mean_differences"]

BoolArray = npt.NDArray[np.bool_]
Statistics = Callable[[BoolArray], FloatArray]
N_LABELLINGS = 999
POWER = 0.842  # four draws in five of a standard normal lie above minus this


@dataclass(frozen=True, eq=False)
class RecordStatistic:
    """What an attack achieved on each record, without looking at who is in training.

    Parameters
    ----------
    family, name : str
        Attack, and which of its figures.
    success : ndarray of float, shape (n,)
        Higher is better for the attacker.
    asked : ndarray of bool, shape (n,), optional
        Records that the attack could be tried on; all by default.
    """

    family: str
    name: str
    success: FloatArray
    asked: BoolArray | None = None


@dataclass(frozen=True, eq=False)
class LabelTest:
    """How far training records stand out, beside what exchanged labels give.

    Parameters
    ----------
    families, names : tuple of str
        Which attack and which of its figures; those that cannot vary are left out.
    departures : ndarray of float, shape (n_statistics,)
        In standard deviations over labellings.
    spreads : ndarray of float, shape (n_statistics,)
        That standard deviation, in units of the statistic.
    largest : ndarray of float, shape (1 + n_labellings,)
        Largest departure of each labelling, the truth first.
    critical : float
        What a share `alpha` of labellings exceed.
    """

    families: tuple[str, ...]
    names: tuple[str, ...]
    departures: FloatArray
    spreads: FloatArray
    largest: FloatArray
    critical: float

    def p_value(self, family: str | None = None) -> float | None:
        """Give the chance of as large a departure anywhere, were labels meaningless.

        Parameters
        ----------
        family : str, optional
            Ask for the largest departure of one attack; it is still held against the largest of all, so that
            the p-values of all attacks may be read together (single-step maxT).

        Returns
        -------
        float or None
            At least 1 / (1 + labellings); None when the attack has no figure.

        References
        ----------
        Westfall and Young (1993), Resampling-based multiple testing.
        """
        own = self._own(family)
        if not len(own):
            return None
        # sums of the same numbers in another order are the same statistic
        return float((self.largest >= self.departures[own].max() - 1e-9).mean())

    def strongest(self, family: str | None = None) -> int | None:
        """Give the position of the largest departure.

        Parameters
        ----------
        family : str, optional
            Of one attack only.

        Returns
        -------
        int or None
            Position among the statistics; None when there is none.
        """
        own = self._own(family)
        return int(own[self.departures[own].argmax()]) if len(own) else None

    def smallest_seen(self, family: str) -> float | None:
        """Give the smallest advantage that an attack had an 80 % chance to show.

        Parameters
        ----------
        family : str
            The attack.

        Returns
        -------
        float or None
            In units of its most sensitive statistic.
        """
        own = self._own(family)
        return float((self.critical + POWER) * self.spreads[own].min()) if len(own) else None

    def _own(self, family: str | None) -> npt.NDArray[np.intp]:
        return np.flatnonzero([family is None or name == family for name in self.families])


def mean_differences(pool: Candidates, statistics: Sequence[RecordStatistic]) -> Statistics:
    """Turn successes into a function of labels: the mean over training less the mean over holdout records.

    Parameters
    ----------
    pool : Candidates
        The records.
    statistics : sequence of RecordStatistic
        Success of each.

    Returns
    -------
    callable
        From labellings of shape (n_block, n) to differences of shape (n_block, n_statistics).
    """
    n = len(pool.is_train)
    asked = np.column_stack(
        [np.ones(n) if item.asked is None else item.asked.astype(np.float64) for item in statistics]
    )
    gained = np.column_stack([item.success for item in statistics]) * asked
    total, wins = asked.sum(axis=0), gained.sum(axis=0)

    def differences(labels: BoolArray) -> FloatArray:
        inside = labels.astype(np.float64)
        counts, sums = inside @ asked, inside @ gained
        others = total - counts
        train = sums / np.where(counts > 0, counts, 1.0)
        holdout = (wins - sums) / np.where(others > 0, others, 1.0)
        return np.asarray(np.where((counts > 0) & (others > 0), train - holdout, 0.0))

    return differences


def label_test(
    pool: Candidates,
    measured: Sequence[tuple[Sequence[tuple[str, str]], Statistics]],
    *,
    alpha: float,
    n_labellings: int = N_LABELLINGS,
    seed: int = 0,
    purpose: str = "labels",
) -> LabelTest:
    """Exchange training and holdout labels between people and look for the largest departure.

    Every statistic is standardised by its mean and spread over all labellings, the truth among them, which
    keeps the test exact; scores must not know the labels.

    Parameters
    ----------
    pool : Candidates
        The records.
    measured : sequence of tuple
        Family and name of each statistic, and the function that works them out from labellings.
    alpha : float
        Level at which the critical departure is told.
    n_labellings : int, default 999
        Random labellings.
    seed : int, default 0
        Seed of the labellings.
    purpose : str, default "labels"
        Name of the stream of labellings.

    Returns
    -------
    LabelTest
        Departures and p-values.

    References
    ----------
    Phipson and Smyth (2010), Permutation p-values should never be zero, SAGMB 9.
    """
    keys = [key for names, _ in measured for key in names]
    rng = generator(seed, "attacks", purpose)
    values = np.vstack(
        [
            np.hstack([function(labels) for _, function in measured])
            if measured
            else np.zeros((len(labels), 0))
            for labels in pool.labellings(n_labellings, rng)
        ]
    )
    spread = values.std(axis=0)
    varies = spread > 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0))
    values, spread = values[:, varies], spread[varies]
    departures = (values - values.mean(axis=0)) / spread
    largest = departures.max(axis=1, initial=0.0)
    kept = [key for key, is_kept in zip(keys, varies, strict=True) if is_kept]
    return LabelTest(
        families=tuple(family for family, _ in kept),
        names=tuple(name for _, name in kept),
        departures=departures[0],
        spreads=spread,
        largest=largest,
        critical=float(np.quantile(largest, 1 - alpha, method="higher")),
    )
