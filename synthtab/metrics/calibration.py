"""From values to scores: jackknife intervals, the scale from chance to fresh real data, and joint nulls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthtab.schema.cast_table import FloatArray

__all__ = ["JointNull", "calibrate", "jackknife_variance", "joint_null", "normal_null"]

Z95 = 1.959963984540054
# the quantile of the standard normal that 80 % of draws stay below
Z80 = 0.8416212335729143


def calibrate(chance: FloatArray, value: FloatArray, floor: FloatArray) -> FloatArray:
    r"""Put a family of losses on the scale from chance (0) to fresh real data (1).

    A ratio of sums: a mean of ratios over a hundred near-independent pairs ranges from −3.5 to 5 on fresh
    real data, the ratio of sums from 0.81 to 1.22.

    Parameters
    ----------
    chance, value, floor : ndarray of float, shape (..., members)
        Losses of a table without the property, of the synthetic table, and of fresh real data.

    Returns
    -------
    ndarray of float, shape (...)
        1 is as good as fresh real data; 0 is chance; NaN where chance is no worse than real data.

    Notes
    -----
    .. math:: \sum (\text{chance} - \text{value}) \Big/ \sum (\text{chance} - \text{floor})
    """
    gap = (chance - floor).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(gap > 0, (chance - value).sum(axis=-1) / gap, np.nan))


def jackknife_variance(deleted: FloatArray) -> FloatArray:
    r"""Give the variance of a figure from its values with one shard left out.

    Parameters
    ----------
    deleted : ndarray of float, shape (shards, ...)
        The figure, recomputed without each shard.

    Returns
    -------
    ndarray of float, shape (...)
        Variance of the figure on all shards.

    Notes
    -----
    .. math:: \frac{g-1}{g} \sum_j (\theta_{(j)} - \bar\theta)^2

    References
    ----------
    Quenouille (1956); Shao, Wu (1989) on deleting groups.
    """
    groups = len(deleted)
    if groups < 2:  # noqa: PLR2004 - one shard has no spread
        return np.full(deleted.shape[1:], np.nan)
    return np.asarray((groups - 1) / groups * ((deleted - deleted.mean(axis=0)) ** 2).sum(axis=0))


@dataclass(frozen=True, eq=False)
class JointNull:
    """How far each of several shortfalls lies outside what fresh real data would show, jointly.

    Parameters
    ----------
    p_values : ndarray of float, shape (checks,)
        Share of null draws whose largest standardised shortfall reaches the observed one (maximum statistic).
    spread : ndarray of float, shape (checks,)
        Standard deviation of each shortfall under the null.
    center : ndarray of float, shape (checks,)
        Mean of each shortfall under the null.
    critical : float
        Standardised shortfall that is significant at the budget.
    """

    p_values: FloatArray
    spread: FloatArray
    center: FloatArray
    critical: float

    def smallest_seen(self) -> FloatArray:
        """Give the shortfall that would be called significant with 80 % chance.

        Returns
        -------
        ndarray of float, shape (checks,)
            In the units of each shortfall.
        """
        return (self.critical + Z80) * self.spread


def joint_null(observed: FloatArray, null: FloatArray, budget: float) -> JointNull:
    """Judge several shortfalls under one error budget by the maximum of their standardised values.

    Parameters
    ----------
    observed : ndarray of float, shape (checks,)
        Shortfalls; larger is worse. NaN is not judged.
    null : ndarray of float, shape (draws, checks)
        Shortfalls of draws in which synthetic and holdout rows are exchanged.
    budget : float
        Chance of any false alarm among these checks.

    Returns
    -------
    JointNull
        Adjusted p-values and what the checks could have seen.

    References
    ----------
    Westfall, Young (1993), *Resampling-Based Multiple Testing*.
    """
    usable = np.isfinite(observed) & np.isfinite(null).all(axis=0)
    center = np.where(usable, np.nan_to_num(null).mean(axis=0), 0.0)
    spread = np.where(usable, np.nan_to_num(null).std(axis=0, ddof=1), np.nan)
    # a check without any spread under the null (no rule was ever broken) alarms at any shortfall at all
    scale = np.where(usable & (spread > 0), spread, 1e-12)
    largest = np.where(usable, (np.nan_to_num(null) - center) / scale, -np.inf).max(axis=1, initial=-np.inf)
    standardised = np.where(usable, (np.nan_to_num(observed) - center) / scale, -np.inf)
    reached = (largest[:, None] >= standardised[None, :] - 1e-12).sum(axis=0)
    p_values = np.where(usable, (1 + reached) / (1 + len(null)), np.nan)
    finite = largest[np.isfinite(largest)]
    critical = float(np.quantile(finite, 1 - budget)) if len(finite) else np.nan
    return JointNull(p_values, spread, center, critical)


def normal_null(observed: FloatArray, spread: FloatArray, budget: float) -> JointNull:
    """Judge several shortfalls under one error budget by their standard errors, not by exchange.

    Parameters
    ----------
    observed : ndarray of float, shape (checks,)
        Shortfalls; larger is worse. NaN is not judged.
    spread : ndarray of float, shape (checks,)
        Standard error of each.
    budget : float
        Chance of any false alarm among these checks.

    Returns
    -------
    JointNull
        p-values of the normal distribution, adjusted by Bonferroni's inequality.

    References
    ----------
    Dunn (1961), Multiple comparisons among means.
    """
    from scipy.special import ndtr, ndtri

    usable = np.isfinite(observed) & np.isfinite(spread)
    checks = max(int(usable.sum()), 1)
    scale = np.where(usable & (spread > 0), spread, 1e-12)
    standardised = np.where(usable, np.nan_to_num(observed) / scale, 0.0)
    p_values = np.where(usable, np.minimum(1.0, checks * ndtr(-standardised)), np.nan)
    return JointNull(p_values, spread, np.zeros_like(spread), float(-ndtri(budget / checks)))
