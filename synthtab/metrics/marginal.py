"""Does each column look right on its own? Distances between one-way counts.

All functions take batches: the last axis runs over cells or bins, axes before it over resamples, so that a
point estimate, its jackknife and its permutation null are one call each.
"""

from __future__ import annotations

import numpy as np

from synthtab.schema.cast_table import FloatArray

__all__ = [
    "cumulative",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "quantile_positions",
    "range_not_covered",
    "shares",
    "total_variation",
    "wasserstein",
]


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
    return np.asarray(counts / np.maximum(total, 1e-30))


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
    exact = counts if np.issubdtype(counts.dtype, np.floating) else counts.astype(np.float64)
    total = np.cumsum(exact, axis=-1)
    return np.asarray(total / np.maximum(total[..., -1:], 1e-30))


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
    return np.asarray((gaps @ np.diff(positions).astype(gaps.dtype) + beyond) / scale)


def jensen_shannon(p: FloatArray, q: FloatArray) -> FloatArray:
    r"""Say how well one row's cell tells which of two tables it came from, in bits.

    Parameters
    ----------
    p, q : ndarray of float, shape (..., cells)
        Shares of each cell; missing values are a cell like any other.

    Returns
    -------
    ndarray of float, shape (...)
        Distance from 0 (equal, perfect) to 1 (nothing in common); a metric, the root of the divergence.

    Notes
    -----
    .. math:: \mathrm{JS}(p, q) = \sqrt{\tfrac12 \sum_i p_i \log_2 \frac{2 p_i}{p_i + q_i}
        + \tfrac12 \sum_i q_i \log_2 \frac{2 q_i}{p_i + q_i}}

    References
    ----------
    Lin (1991), Divergence measures based on the Shannon entropy; Endres, Schindelin (2003).

    Examples
    --------
    >>> float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    1.0
    """
    middle = (p + q) / 2
    safe = np.where(middle > 0, middle, 1.0)
    divergence = sum(
        0.5 * np.where(part > 0, part * np.log2(np.where(part > 0, part, 1.0) / safe), 0.0).sum(axis=-1)
        for part in (p, q)
    )
    return np.asarray(np.sqrt(np.clip(divergence, 0.0, 1.0)))


def range_not_covered(
    low: FloatArray, high: FloatArray, real_low: FloatArray, real_high: FloatArray
) -> FloatArray:
    r"""Say which part of the real range a column of numbers never reaches.

    Parameters
    ----------
    low, high : ndarray of float, shape (...)
        Least and greatest value.
    real_low, real_high : ndarray of float, shape (...)
        Least and greatest real value.

    Returns
    -------
    ndarray of float, shape (...)
        From 0 (the whole range is reached, perfect) to 1 (none of it); values beyond the range are another
        question. 0 where the real range is a point.

    Notes
    -----
    .. math:: 1 - \frac{\max(0, \min(b, b_r) - \max(a, a_r))}{b_r - a_r}

    References
    ----------
    The complement of RangeCoverage as SDMetrics names it, with values beyond the range not counted in.
    """
    width = real_high - real_low
    covered = np.minimum(high, real_high) - np.maximum(low, real_low)
    share = np.clip(covered / np.where(width > 0, width, 1.0), 0.0, 1.0)
    return np.asarray(np.where(width > 0, 1.0 - share, 0.0))


def quantile_positions(below: FloatArray, positions: FloatArray, quantile: float) -> FloatArray:
    """Give a quantile of a column that was counted in bins.

    Parameters
    ----------
    below : ndarray of float, shape (..., bins)
        Distribution function over ordered bins.
    positions : ndarray of float, shape (bins,)
        Where each bin's mass lies, in the column's units.
    quantile : float
        Between 0 and 1.

    Returns
    -------
    ndarray of float, shape (...)
        Position of the first bin at which the distribution function reaches the quantile.

    References
    ----------
    Hyndman, Fan (1996), Sample quantiles in statistical packages: their definition 1.

    Examples
    --------
    >>> float(quantile_positions(np.array([0.2, 0.6, 1.0]), np.array([1.0, 2.0, 3.0]), 0.5))
    2.0
    """
    # sums of shares that should be exactly the quantile may fall short of it by rounding
    return np.asarray(positions[np.argmax(below >= quantile - 1e-12, axis=-1)])
