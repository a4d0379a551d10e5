"""Areas under the ROC curve by ranks, their bootstrap over rows or people, and their closed-form error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import Float32Array
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = [
    "PersonArray",
    "auc_standard_error",
    "average_ranks",
    "bootstrap_weights",
    "numbered_persons",
    "weighted_concordance",
]

PersonArray = npt.NDArray[np.int64] | npt.NDArray[np.uint64]

_CHUNK = 4_000_000  # weights looked at together: 32 MB a temporary


def numbered_persons(persons: PersonArray | None, n_rows: int) -> IntArray:
    """Give each person of a table a number from 0.

    Parameters
    ----------
    persons : ndarray of int, shape (n_rows,), or None
        Any number that tells persons apart; None means that each row is a person.
    n_rows : int
        Rows of the table.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        0 … n_persons - 1.
    """
    if persons is None:
        return np.arange(n_rows, dtype=np.int64)
    return np.unique(persons, return_inverse=True)[1].astype(np.int64)


def average_ranks(scores: FloatArray) -> FloatArray:
    """Rank scores from 1, ties sharing the mean of their ranks.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Any finite scores.

    Returns
    -------
    ndarray of float, shape (n,)
        Ranks.
    """
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def weighted_concordance(
    scores: FloatArray, is_positive: npt.NDArray[np.bool_], weights: Float32Array
) -> tuple[FloatArray, FloatArray]:
    """Count the pairs in which the positive row outranks the negative one, under many sets of row weights.

    AUC is the ratio of what is returned. Ties count one half.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Higher speaks for positive.
    is_positive : ndarray of bool, shape (n,)
        Labels.
    weights : ndarray of float32, shape (n_sets, n)
        How often each row occurs.

    Returns
    -------
    tuple of ndarray, each of shape (n_sets,)
        Concordant pairs, and all pairs (0 where a class is absent).

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve, Radiology 143.
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    tie_of_positive = np.searchsorted(ordered[starts], scores[is_positive])
    step = max(1, _CHUNK // max(1, len(scores)))
    concordant, pairs = np.empty(len(weights)), np.empty(len(weights))
    for low in range(0, len(weights), step):
        part = slice(low, low + step)
        held = weights[part][:, order]
        if len(starts) < len(scores):
            held = np.add.reduceat(held, starts, axis=1)
        below = np.cumsum(held, axis=1, dtype=np.float64)
        total = below[:, -1].copy()
        below -= held / 2
        positive = weights[part][:, is_positive].astype(np.float64)
        weight = positive.sum(axis=1)
        # among themselves the positive rows beat one half of all pairs, ties and own row included
        concordant[part] = np.einsum("ij,ij->i", positive, below[:, tie_of_positive]) - weight**2 / 2
        pairs[part] = weight * (total - weight)
    return concordant, pairs


def bootstrap_weights(groups: IntArray, n_sets: int, rng: np.random.Generator) -> Float32Array:
    """Draw groups with replacement and say how often each row occurs; the first set is the data themselves.

    Parameters
    ----------
    groups : ndarray of int, shape (n,)
        Group of each row, 0 … n_groups - 1: a person, or the row itself.
    n_sets : int
        Number of bootstrap draws.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of float32, shape (1 + n_sets, n)
        Row weights: whole numbers, so that single precision keeps them exactly.
    """
    n_groups = int(groups.max(initial=-1)) + 1
    drawn = rng.integers(0, n_groups, size=(n_sets, n_groups), dtype=np.int64)
    drawn += (np.arange(n_sets) * n_groups)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=n_sets * n_groups).reshape(n_sets, n_groups)
    return np.vstack([np.ones((1, len(groups)), dtype=np.float32), counts.astype(np.float32)[:, groups]])


def auc_standard_error(scores: FloatArray, is_positive: npt.NDArray[np.bool_], groups: IntArray) -> float:
    """Give the standard error of an AUC, rows of one group counted together.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Higher speaks for positive.
    is_positive : ndarray of bool, shape (n,)
        Labels; both must occur.
    groups : ndarray of int, shape (n,)
        Person of each row.

    Returns
    -------
    float
        Standard error.

    References
    ----------
    DeLong et al. (1988), Comparing the areas under two or more correlated ROC curves, Biometrics 44;
    Obuchowski (1997), Nonparametric analysis of clustered ROC curve data, Biometrics 53.
    """
    n_positive, n_negative = int(is_positive.sum()), int((~is_positive).sum())
    ranks = average_ranks(scores)
    beaten = np.empty(len(scores))
    beaten[is_positive] = (ranks[is_positive] - average_ranks(scores[is_positive])) / n_negative
    beaten[~is_positive] = 1 - (ranks[~is_positive] - average_ranks(scores[~is_positive])) / n_positive
    auc = beaten[is_positive].mean()
    influence = (beaten - auc) / np.where(is_positive, n_positive, n_negative)
    return float(np.sqrt((np.bincount(groups, influence) ** 2).sum()))
