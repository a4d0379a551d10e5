"""Permutations: how extreme one set of chains is among all that could have been observed instead."""

from __future__ import annotations

import numpy as np

from synthtab.errors import DataError
from synthtab.recursion.bands import checked_chains
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator

__all__ = [
    "MIN_NULL_CHAINS",
    "checked_pair",
    "combined_p_values",
    "curve_p_values",
    "extremeness",
    "random_sets",
    "set_means",
]

MIN_NULL_CHAINS = 40

# equal means of different sets differ in their last bits; ranks are taken of means rounded to this
_DECIMALS = 9


def checked_pair(observed: FloatArray, null: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Refuse chains and null chains that cannot be compared.

    Parameters
    ----------
    observed : ndarray of float, shape (C, G, M)
        Chains by generations by metrics.
    null : ndarray of float, shape (K, G, M)
        Null chains.

    Returns
    -------
    tuple of ndarray of float
        Both, as float64.

    Raises
    ------
    DataError
        When shapes do not agree, values are infinite, or null chains are too few.
    """
    axes = "(chains, generations, metrics)"
    chains, nulls = checked_chains(observed, 3, axes), checked_chains(null, 3, axes)
    if chains.shape[1:] != nulls.shape[1:]:
        raise DataError(
            f"The chains have {chains.shape[1:]} generations and metrics, the null chains {nulls.shape[1:]}.",
            hint="Run the null through the same regime and measure it by the same metrics.",
        )
    if len(nulls) < MIN_NULL_CHAINS or len(nulls) <= len(chains):
        raise DataError(
            f"{len(nulls)} null chains are too few for {len(chains)} chains: at least {MIN_NULL_CHAINS} are "
            "needed, and more than there are chains.",
            hint="500 are advised; they are draws of counts and take seconds.",
        )
    return chains, nulls


def random_sets(size: int, n_chains: int, draws: int, seed: int, purpose: str) -> IntArray:
    """Draw sets of chains without replacement; the first is 0 to size - 1, the observed one.

    Parameters
    ----------
    size : int
        Chains in a set.
    n_chains : int
        Chains to draw from.
    draws : int
        Sets; for sets of a single chain, every chain is one.
    seed : int
        Seed of the draws.
    purpose : str
        What they are for: another purpose gives other sets.

    Returns
    -------
    ndarray of int, shape (draws, size)
        Positions of chains.
    """
    if size == 1:
        return np.arange(n_chains)[:, np.newaxis]
    rng = generator(seed, "recursion", "null", purpose)
    sets = np.full((draws, size), -1, dtype=np.int64)
    # Floyd's way of drawing without replacement, all sets at once: a number already drawn becomes the largest
    for position, largest in enumerate(range(n_chains - size, n_chains)):
        drawn = rng.integers(largest + 1, size=draws)
        taken = (sets == drawn[:, np.newaxis]).any(axis=1)
        sets[:, position] = np.where(taken, largest, drawn)
    sets[0] = np.arange(size)
    return sets


def set_means(pooled: FloatArray, sets: IntArray) -> FloatArray:
    """Give each set's mean in each generation, for ranking.

    Parameters
    ----------
    pooled : ndarray of float, shape (chains, G)
        Values; NaN is left out of its means.
    sets : ndarray of int, shape (draws, size)
        Positions of chains.

    Returns
    -------
    ndarray of float, shape (draws, G)
        Distances of the means from the median, in units of the largest distance of any chain, rounded so
        that equal means are equal. A set without a value is at the median, where it is extreme for
        nobody.
    """
    centre = np.zeros(pooled.shape[1])
    known = ~np.isnan(pooled)
    some = known.any(axis=0)
    # a median is exactly the value where all values are equal
    centre[some] = np.nanmedian(pooled[:, some], axis=0)
    away = np.where(known, pooled - centre, 0.0)
    largest = np.abs(away).max(axis=0)
    away /= np.where(largest > 0, largest, 1.0)
    total, count = np.zeros((len(sets), pooled.shape[1])), np.zeros((len(sets), pooled.shape[1]))
    for member in sets.T:
        total += away[member]
        count += known[member]
    means = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    return np.asarray(np.round(means, _DECIMALS), dtype=np.float64)


def extremeness(means: FloatArray) -> IntArray:
    """Give how many sets are at least as far out as each, on the side where it is nearer the end.

    Parameters
    ----------
    means : ndarray of float, shape (draws, G)
        What `set_means` gave.

    Returns
    -------
    ndarray of int, shape (draws, G)
        Ranks; 1 is the most extreme, and equal means are all as far out as each other.

    Examples
    --------
    >>> extremeness(np.array([[5.0], [1.0], [2.0], [2.0], [2.0]])).ravel().tolist()
    [1, 1, 4, 4, 4]
    """
    from scipy.stats import rankdata

    below = rankdata(means, method="max", axis=0)
    above = len(means) + 1 - rankdata(means, method="min", axis=0)
    return np.minimum(below, above).astype(np.int64)


def curve_p_values(ranks: IntArray) -> FloatArray:
    """Give the p-value of each set's whole curve, by extreme rank length.

    Parameters
    ----------
    ranks : ndarray of int, shape (draws, G)
        What `extremeness` gave.

    Returns
    -------
    ndarray of float, shape (draws,)
        Share of sets whose sorted ranks come first in the dictionary, or are equal.

    References
    ----------
    Myllymäki et al. (2017), Global envelope tests for spatial processes, JRSS B 79.

    Examples
    --------
    >>> curve_p_values(np.array([[1, 3], [2, 2], [3, 1], [1, 1]])).tolist()
    [0.75, 1.0, 0.75, 0.25]
    """
    by_extremeness = np.sort(ranks, axis=1)
    order = np.lexsort(by_extremeness.T[::-1])
    ordered = by_extremeness[order]
    ends = np.append((ordered[1:] != ordered[:-1]).any(axis=1), True).nonzero()[0]
    place = ends[np.searchsorted(ends, np.arange(len(order)))] + 1
    out = np.empty(len(order))
    out[order] = place / len(order)
    return out


def combined_p_values(curve_p: FloatArray) -> tuple[FloatArray, float]:
    """Adjust the p-values of several metrics for each other, by the step-down minimum p.

    Parameters
    ----------
    curve_p : ndarray of float, shape (draws, M)
        Per metric, the p-value of each set; the observed set comes first. NaN for a metric without a
        value.

    Returns
    -------
    tuple
        Adjusted p-values, shape (M,), and the p-value of the smallest of all; NaN without a metric.

    References
    ----------
    Westfall and Young (1993), Resampling-based multiple testing.
    """
    adjusted = np.full(curve_p.shape[1], np.nan)
    order = [int(m) for m in np.argsort(curve_p[0], kind="stable") if not np.isnan(curve_p[0, m])]
    reached = 0.0
    for position, metric in enumerate(order):
        smallest = curve_p[:, order[position:]].min(axis=1)
        reached = max(reached, float((smallest <= curve_p[0, metric]).mean()))
        adjusted[metric] = reached
    return adjusted, float(adjusted[order[0]]) if order else float("nan")
