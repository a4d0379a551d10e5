"""Areas under the ROC curve by ranks, their bootstrap over rows or people, and their closed-form error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthtab.schema.casting import FloatArray, IntArray

__all__ = ["auc_standard_error", "average_ranks", "bootstrap_weights", "weighted_concordance"]

_CHUNK = 4_000_000  # weights looked at together: 32 MB a temporary


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
    scores: FloatArray, is_positive: npt.NDArray[np.bool_], weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Count the pairs in which the positive row outranks the negative one, under many sets of row weights.

    AUC is the ratio of what is returned. Ties count one half.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Higher speaks for positive.
    is_positive : ndarray of bool, shape (n,)
        Labels.
    weights : ndarray of float, shape (n_sets, n)
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
    positive = is_positive[order]
    step = max(1, _CHUNK // max(1, len(scores)))
    concordant, pairs = np.empty(len(weights)), np.empty(len(weights))
    for low in range(0, len(weights), step):
        part = slice(low, low + step)
        rows = weights[part][:, order]
        above = np.add.reduceat(rows * positive, starts, axis=1)
        below = np.add.reduceat(rows * ~positive, starts, axis=1)
        beaten = np.cumsum(below, axis=1) - below / 2
        concordant[part] = np.einsum("ij,ij->i", above, beaten)
        pairs[part] = above.sum(axis=1) * below.sum(axis=1)
    return concordant, pairs


def bootstrap_weights(groups: IntArray, n_sets: int, rng: np.random.Generator) -> FloatArray:
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
    ndarray of float, shape (1 + n_sets, n)
        Row weights.
    """
    n_groups = int(groups.max(initial=-1)) + 1
    drawn = rng.integers(0, n_groups, size=(n_sets, n_groups), dtype=np.int64)
    drawn += (np.arange(n_sets) * n_groups)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=n_sets * n_groups).reshape(n_sets, n_groups)
    return np.vstack([np.ones((1, len(groups))), counts[:, groups]])


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
