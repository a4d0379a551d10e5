"""Does each column look right on its own? Distances between one-way counts.

All functions take batches: the last axis runs over cells or bins, axes before it over resamples, so that a
point estimate, its jackknife and its permutation null are one call each.
"""

from __future__ import annotations

import numpy as np

from synthtab.schema.casting import FloatArray

__all__ = ["cumulative", "kolmogorov_smirnov", "shares", "total_variation", "wasserstein"]


def shares(counts: FloatArray) -> FloatArray:
    """Turn counts into shares of their sum over the last axis.

    Parameters
    ----------
    counts : ndarray, shape (..., cells)
        Counts of rows.

    Returns
    -------
    ndarray of float, shape (..., cells)
        Shares; zeros where the sum is zero.
    """
    total = counts.sum(axis=-1, keepdims=True)
    return np.asarray(counts / np.maximum(total, 1e-300))


def total_variation(p: FloatArray, q: FloatArray) -> FloatArray:
    r"""Say which share of the rows would have to move for two distributions to agree.

    Parameters
    ----------
    p, q : ndarray of float, shape (..., cells)
        Shares of each cell; missing values are a cell like any other.

    Returns
    -------
    ndarray of float, shape (...)
        From 0 (equal, perfect) to 1 (nothing in common).

    Notes
    -----
    .. math:: \mathrm{TVD}(p, q) = \tfrac12 \sum_i |p_i - q_i|

    References
    ----------
    Levin, Peres, Wilmer, *Markov Chains and Mixing Times*, chapter 4.

    Examples
    --------
    >>> float(total_variation(np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.25, 0.25])))
    0.25
    """
    return np.asarray(0.5 * np.abs(p - q).sum(axis=-1))


def cumulative(counts: FloatArray) -> FloatArray:
    """Give the distribution function over ordered bins.

    Parameters
    ----------
    counts : ndarray, shape (..., bins)
        Counts of rows with a value, in order.

    Returns
    -------
    ndarray of float, shape (..., bins)
        Share of values in each bin or below.
    """
    total = np.cumsum(counts, axis=-1, dtype=np.float64)
    return np.asarray(total / np.maximum(total[..., -1:], 1e-300))


def kolmogorov_smirnov(p_cumulative: FloatArray, q_cumulative: FloatArray) -> FloatArray:
    r"""Give the largest gap between two distribution functions.

    Parameters
    ----------
    p_cumulative, q_cumulative : ndarray of float, shape (..., bins)
        Distribution functions over the same ordered bins, missing values left out.

    Returns
    -------
    ndarray of float, shape (...)
        From 0 (equal, perfect) to 1 (no overlap). Exact where each distinct reference value has a bin.

    Notes
    -----
    .. math:: \mathrm{KS} = \sup_x |F(x) - G(x)|

    References
    ----------
    Smirnov (1948), Table for estimating the goodness of fit of empirical distributions.
    """
    return np.asarray(np.abs(p_cumulative - q_cumulative).max(axis=-1, initial=0.0))


def wasserstein(
    p_cumulative: FloatArray,
    q_cumulative: FloatArray,
    positions: FloatArray,
    scale: float,
    beyond: FloatArray | float = 0.0,
) -> FloatArray:
    r"""Say how far values would have to be moved on average, in inter-quartile ranges of the real column.

    Parameters
    ----------
    p_cumulative, q_cumulative : ndarray of float, shape (..., bins)
        Distribution functions over the same ordered bins, missing values left out.
    positions : ndarray of float, shape (bins,)
        Where each bin's mass lies, in the column's units.
    scale : float
        Inter-quartile range of the reference, in the same units.
    beyond : ndarray of float, shape (...), or float
        Mean distance moved outside the outermost positions, in the same units.

    Returns
    -------
    ndarray of float, shape (...)
        0 is equal (perfect); 1 is a shift by one inter-quartile range; no upper limit.

    Notes
    -----
    .. math:: W_1 / \mathrm{IQR} = \frac{1}{\mathrm{IQR}} \int |F(x) - G(x)|\,dx

    References
    ----------
    Villani, *Optimal Transport*, chapter 6.
    """
    gaps = np.abs(p_cumulative[..., :-1] - q_cumulative[..., :-1])
    return np.asarray((gaps @ np.diff(positions) + beyond) / scale)
