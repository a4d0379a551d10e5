"""Fairness: whether a model trained on synthetic rows treats groups less equally than one trained on real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import Float32Array
from synthtab.metrics.group_utility import RowGroup, by_column
from synthtab.metrics.ranking import PersonArray, numbered_persons
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = [
    "FairnessChange",
    "GroupFairness",
    "decide_top_share",
    "demographic_parity_difference",
    "equalized_odds_difference",
    "group_fairness",
]

BoolArray = npt.NDArray[np.bool_]

MIN_GROUP_PEOPLE = 50
MIN_CLASS_PEOPLE = 10
_MIN_GROUPS = 2
# Given how many are decided for, the shares of groups move with the training rows more than with the test
# rows: over 60 fresh tables the change had 1.3 times the spread that suits scores and equalized odds.
_PARITY_NOISE = 1.3
# The largest of several rates' differences has a longer tail than the normal one: of 248 safe tables 4
# alarmed at a budget of 1 % that fairness only shares.
_ODDS_NOISE = 1.2


@dataclass(frozen=True)
class FairnessChange:
    """One fairness difference of the model trained on real rows beside the one trained on synthetic rows.

    Parameters
    ----------
    trtr, tstr : float
        The difference between groups under the model trained on real, and on synthetic rows; 0 … 1, 0 is
        fair.
    change, low, high : float
        ``tstr - trtr`` with its 95 % interval; above 0 the synthetic rows made it more unequal.
    se : float
        Standard error of the change.
    """

    trtr: float
    tstr: float
    change: float
    low: float
    high: float
    se: float

    @property
    def z(self) -> float:
        """Evidence that synthetic rows train a more unequal model."""
        return self.change / self.se


@dataclass(frozen=True)
class GroupFairness:
    """Fairness of one target's predictions between the levels of one column.

    Parameters
    ----------
    column : str
        Column that makes the groups.
    levels : tuple of str
        Groups that have enough test rows.
    positive : str
        Class that is decided for or against.
    parity : FairnessChange
        Demographic parity difference.
    odds : FairnessChange
        Equalized odds difference.
    """

    column: str
    levels: tuple[str, ...]
    positive: str
    parity: FairnessChange
    odds: FairnessChange


def decide_top_share(scores: FloatArray, share: float) -> FloatArray:
    """Decide for the rows with the highest scores, so that a given share of all rows is decided for.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Higher speaks for the positive class.
    share : float
        Share of rows to decide for, 0 … 1.

    Returns
    -------
    ndarray of float, shape (n,)
        1 for, 0 against; rows tied at the threshold share what is left, as if drawn by lot.

    Notes
    -----
    A threshold of one half decides for nobody when the class is rare, and every model is then fair. The
    training prevalence as the share of positive decisions asks both models for equally many, so that a
    change between groups is one of ranking, not of how many were decided for in all.

    Examples
    --------
    >>> decide_top_share(np.array([0.1, 0.9, 0.5, 0.5]), 0.5).tolist()
    [0.0, 1.0, 0.5, 0.5]
    """
    if not len(scores):
        return np.empty(0)
    wanted = float(np.clip(share, 0.0, 1.0)) * len(scores)
    threshold = np.sort(scores)[::-1][min(len(scores) - 1, max(0, int(np.ceil(wanted)) - 1))]
    above, tied = scores > threshold, scores == threshold
    return np.where(above, 1.0, 0.0) + np.where(tied, (wanted - above.sum()) / tied.sum(), 0.0)


def demographic_parity_difference(decided: FloatArray, groups: IntArray) -> float:
    r"""Say how far the share of positive decisions differs between groups.

    Parameters
    ----------
    decided : ndarray of float, shape (n,)
        1 for a positive decision, 0 for a negative one.
    groups : ndarray of int, shape (n,)
        Group of each row, 0 and up; -1 is in no group.

    Returns
    -------
    float
        0 … 1; 0 is perfect; NaN without a group.

    Notes
    -----
    .. math:: \max_g P(\hat y = 1 \mid g) - \min_g P(\hat y = 1 \mid g)

    References
    ----------
    Agarwal, Beygelzimer, Dudík, Langford and Wallach (2018), A reductions approach to fair classification;
    the definition that fairlearn uses.

    Examples
    --------
    >>> decided = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    >>> demographic_parity_difference(decided, np.array([0, 0, 1, 1, 1, 1]))
    0.0
    """
    weights = np.ones((1, len(decided)), dtype=np.float32)
    return float(_parity(decided, _membership(groups), weights)[0])


def equalized_odds_difference(decided: FloatArray, truth: BoolArray, groups: IntArray) -> float:
    r"""Say how far the rates of right and of wrong positive decisions differ between groups.

    Parameters
    ----------
    decided : ndarray of float, shape (n,)
        1 for a positive decision, 0 for a negative one.
    truth : ndarray of bool, shape (n,)
        Which rows are of the positive class.
    groups : ndarray of int, shape (n,)
        Group of each row, 0 and up; -1 is in no group.

    Returns
    -------
    float
        0 … 1; 0 is perfect; NaN without a group. A group without a class is left out of that class's rate.

    Notes
    -----
    .. math::
        \max_{y \in \{0, 1\}} \left(\max_g P(\hat y = 1 \mid g, y) - \min_g P(\hat y = 1 \mid g, y)\right)

    References
    ----------
    Hardt, Price and Srebro (2016), Equality of opportunity in supervised learning; Agarwal et al. (2018),
    A reductions approach to fair classification; the definition that fairlearn uses.

    Examples
    --------
    >>> decided, truth = np.array([1.0, 0.0, 1.0, 0.0]), np.array([True, True, True, False])
    >>> equalized_odds_difference(decided, truth, np.array([0, 0, 1, 1]))
    0.5
    """
    weights = np.ones((1, len(decided)), dtype=np.float32)
    return float(_odds(decided, truth, _membership(groups), weights)[0])


def group_fairness(
    truth: BoolArray,
    scores: tuple[FloatArray, FloatArray],
    share: float,
    positive: str,
    groups: Sequence[RowGroup],
    weights: Float32Array,
    *,
    persons: PersonArray | None = None,
    noise: float = 1.3,
) -> tuple[GroupFairness, ...]:
    """Set the fairness of two models side by side, for every column that makes at least two groups.

    Parameters
    ----------
    truth : ndarray of bool, shape (n_test,)
        Test rows of the positive class.
    scores : tuple of ndarray of float, each of shape (n_test,)
        What the model trained on real rows, and the one trained on synthetic rows, say for that class.
    share : float
        Share of the positive class among the real training rows: as large a share is decided for.
    positive : str
        Name of that class.
    groups : sequence of RowGroup
        The groups. One with fewer than 50 people, or fewer than 10 of a class, is left out.
    weights : ndarray of float32, shape (1 + n_bootstrap, n_test)
        How often each test row counts; the first set is the data themselves.
    persons : ndarray of int, shape (n_test,), optional
        Person of each test row.
    noise : float, default 1.3
        What other training rows would add to the error that the bootstrap of test rows sees.

    Returns
    -------
    tuple of GroupFairness
        One for each column, in the order of names.

    Notes
    -----
    The largest of several noisy differences is biased upward, but equally so under both models: with a
    fresh real table in place of the synthetic one, the two are exchangeable and the change is symmetric
    about 0.
    """
    people = numbered_persons(persons, len(truth))
    decided = tuple(decide_top_share(column, share) for column in scores)
    found = []
    for column, members in by_column(groups):
        kept = [group for group in members if _is_large_enough(group.rows, truth, people)]
        if len(kept) < _MIN_GROUPS:
            continue
        membership = np.stack([group.rows for group in kept], axis=1).astype(np.float64)
        parity = np.stack([_parity(side, membership, weights) for side in decided])
        odds = np.stack([_odds(side, truth, membership, weights) for side in decided])
        found.append(
            GroupFairness(
                column,
                tuple(group.level for group in kept),
                positive,
                _change(parity, _PARITY_NOISE * noise),
                _change(odds, _ODDS_NOISE * noise),
            )
        )
    return tuple(found)


def _is_large_enough(rows: BoolArray, truth: BoolArray, people: IntArray) -> bool:
    classes = [len(np.unique(people[rows & (truth == value)])) for value in (False, True)]
    return len(np.unique(people[rows])) >= MIN_GROUP_PEOPLE and min(classes) >= MIN_CLASS_PEOPLE


def _membership(groups: IntArray) -> FloatArray:
    n_groups = int(groups.max(initial=-1)) + 1
    return np.asarray(groups[:, None] == np.arange(n_groups), dtype=np.float64)


def _parity(decided: FloatArray, membership: FloatArray, weights: Float32Array) -> FloatArray:
    return _widest(_rates(decided, membership, weights))


def _odds(decided: FloatArray, truth: BoolArray, membership: FloatArray, weights: Float32Array) -> FloatArray:
    right, wrong = (
        _widest(_rates(decided, membership * (truth == value)[:, None], weights)) for value in (True, False)
    )
    return np.asarray(np.fmax(right, wrong))


def _rates(decided: FloatArray, membership: FloatArray, weights: Float32Array) -> FloatArray:
    """Give the share of positive decisions, shape (n_sets, n_groups); NaN in a group without rows."""
    both = weights @ np.hstack([membership * decided[:, None], membership])
    positive, held = np.hsplit(both, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(held > 0, positive / held, np.nan))


def _widest(rates: FloatArray) -> FloatArray:
    known = ~np.isnan(rates)
    highest = np.where(known, rates, -np.inf).max(axis=1, initial=-np.inf)
    lowest = np.where(known, rates, np.inf).min(axis=1, initial=np.inf)
    return np.asarray(np.where(known.any(axis=1), highest - lowest, np.nan))


def _change(sides: FloatArray, noise: float) -> FairnessChange:
    """Compare draws of shape (2, 1 + n_bootstrap): trained on real, trained on synthetic."""
    real, made = float(sides[0, 0]), float(sides[1, 0])
    se = noise * max(float(np.nanstd(sides[1, 1:] - sides[0, 1:], ddof=1)), 1e-9)
    change = made - real
    return FairnessChange(real, made, change, change - 1.96 * se, change + 1.96 * se, se)
