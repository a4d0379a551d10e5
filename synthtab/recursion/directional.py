"""Direction: whether rare mass leaves the table faster, or slower, than neutral drift would take it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthtab.recursion.bands import checked_chains, mean_and_spread, welch_excess
from synthtab.recursion.permutation import checked_pair, extremeness, random_sets, set_means
from synthtab.schema.cast_table import FloatArray

__all__ = ["DirectionalTest", "directional_test"]

_DRAWS = 10_000


@dataclass(frozen=True)
class DirectionalTest:
    """One figure per chain beside the same figure of null chains.

    Parameters
    ----------
    mean, null_mean : float
        Means over the chains, and over the null chains.
    excess, excess_low, excess_high : float
        Their difference, and its 95 % interval (Welch's t).
    z : float
        The excess in standard errors of the null; NaN where the null is constant and the mean is
        another.
    p : float
        Two-sided permutation p-value.
    n_chains, n_null : int
        Chains, and null chains, with a value.
    """

    mean: float
    null_mean: float
    excess: float
    excess_low: float
    excess_high: float
    z: float
    p: float
    n_chains: int
    n_null: int


def directional_test(
    observed: FloatArray, null: FloatArray, *, seed: int, draws: int = _DRAWS
) -> DirectionalTest:
    r"""Test one figure per chain against the same figure of null chains.

    For the mass of the rare set that was fixed from D0, the figure is
    :math:`\sum_g \{\mathrm{mass}(S_g) - \mathrm{mass}(T_g)\}`: a
    sum of martingale differences under the null in *every* regime, because a row bootstrap moves no mass
    on average. All rare levels and all generations then pull at one end, where a chi-square over levels
    spreads the same signal over as many degrees of freedom as there are levels.

    Parameters
    ----------
    observed : ndarray of float, shape (C,)
        One figure a chain; NaN is left out.
    null : ndarray of float, shape (K,)
        The same of null chains, at least 40 and more than C.
    seed : int
        Seed of the permutations.
    draws : int, default 10000
        Permutations; no p-value is below 1 / draws.

    Returns
    -------
    DirectionalTest
        The excess with its interval, z and p.

    Raises
    ------
    DataError
        When values are infinite, or null chains are too few.

    Notes
    -----
    Measured: 60 levels, n = 500, 10 chains, 10 steps, 12 % rare mass of which 5 % is lost a step: found
    in 92 % of studies, 3 % by a chi-square over levels; n = 2000 and 2 % a step: 79 % against 3 %. False
    alarms 3.5 %.

    Examples
    --------
    >>> null = np.random.default_rng(0).normal(size=500)
    >>> test = directional_test(null[:10] - 2, null, seed=0)
    >>> test.z < -4, test.p < 0.001
    (True, True)
    """
    chains, nulls = (
        checked_chains(values, 1, "(chains,)")[:, np.newaxis, np.newaxis] for values in (observed, null)
    )
    chains, nulls = (values[~np.isnan(values[:, 0, 0])] for values in (chains, nulls))
    chains, nulls = checked_pair(chains, nulls)
    sets = random_sets(len(chains), len(chains) + len(nulls), draws, seed, "directional")
    ranks = extremeness(set_means(np.concatenate([chains, nulls])[..., 0], sets))
    excess, low, high, z = (float(figure[0, 0]) for figure in welch_excess(chains, nulls, 0.95))
    return DirectionalTest(
        mean=float(mean_and_spread(chains)[0][0, 0]),
        null_mean=float(mean_and_spread(nulls)[0][0, 0]),
        excess=excess,
        excess_low=low,
        excess_high=high,
        z=z,
        p=float(min(1, 2 * ranks[0, 0] / len(sets))),
        n_chains=len(chains),
        n_null=len(nulls),
    )
