"""Exact answers of recursion: what is known in closed form about chains, as functions of the generation g.

D0 is drawn afresh for each chain from a population of variance 1 (levels: D0 stays the same, unless said
otherwise). M_g is fitted on T_g, S_g is sampled from M_g, T_1 is D0: g counts samplings. Each function may be
asked for the generations next to the one that is meant, so that a test can tell these apart.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import signal, special, stats

__all__ = [
    "absent_from_accumulated",
    "accumulated_heterozygosity",
    "accumulated_mean_step",
    "accumulated_variance",
    "all_real_mean",
    "best_fresh_weight",
    "design_error",
    "extinct",
    "fresh_mix_mean",
    "golden_mean",
    "inflow_heterozygosity",
    "kernel_second_moment",
    "replaced_below_half",
    "replaced_determinant",
    "replaced_distance",
    "replaced_heterozygosity",
    "replaced_log_variance",
    "replaced_mean",
    "replaced_sd",
    "replaced_variance",
    "subsampled_variance",
]

_LIKELIEST_COUNTS = 400
_HALVES = 400
"""Cells between ln 1 and ln 2 of the grid on which the median is found."""


# ------------------------------------------------------------------ a normal column, replaced


def _c4(n: int) -> float:
    return float(np.sqrt(2 / (n - 1)) * np.exp(special.gammaln(n / 2) - special.gammaln((n - 1) / 2)))


def replaced_variance(n: int, ddof: int, g: int) -> float:
    """E σ² of M_g: 1 when unbiased, ((n − 1)/n)^g for the likelihood's maximum."""
    return 1.0 if ddof else ((n - 1) / n) ** g


def replaced_sd(n: int, ddof: int, g: int) -> float:
    """E σ of M_g."""
    return float((_c4(n) * (1.0 if ddof else np.sqrt((n - 1) / n))) ** g)


def replaced_mean(n: int, ddof: int, g: int) -> float:
    """Var μ of M_g."""
    return g / n if ddof else 1 - ((n - 1) / n) ** g


def replaced_distance(n: int, ddof: int, g: int) -> float:
    """Give E W2² of M_g against the population: E μ² + E (σ − 1)²."""
    second = replaced_variance(n, ddof, g) + replaced_mean(n, ddof, g)
    return second + 1 - 2 * replaced_sd(n, ddof, g)


def replaced_log_variance(n: int, ddof: int, g: int) -> float:
    """E log σ² of M_g: it falls for ever, even where E σ² is constant."""
    step = special.digamma((n - 1) / 2) + np.log(2 / (n - 1)) + (0.0 if ddof else np.log((n - 1) / n))
    return float(g * step)


def replaced_determinant(n: int, d: int, g: int) -> float:
    """E det of M_g's covariance, unbiased, d columns."""
    return float(np.prod([(n - i) / (n - 1) for i in range(1, d + 1)]) ** g)


@cache
def replaced_below_half(n: int, g: int) -> tuple[float, float]:
    """P(σ² of M_g < 1/2), and P(it was, by then), unbiased: log σ² is a walk, convolved on a grid."""
    step = np.log(2) / _HALVES
    k = np.arange(-12 * _HALVES, 4 * _HALVES + 1)
    edges = (k[:-1] + 0.5) * step
    # the walk's step is the logarithm of a chi-square over its degrees of freedom, centred on whole cells
    kernel = np.diff(stats.chi2.cdf((n - 1) * np.exp(edges), n - 1))
    centre = 12 * _HALVES - 1
    free = np.zeros(24 * _HALVES)
    half = 16 * _HALVES
    free[half + _HALVES] = 1
    alive = free.copy()

    def moved(mass: np.ndarray) -> np.ndarray:
        return signal.fftconvolve(mass, kernel)[centre : centre + len(mass)]

    def split(mass: np.ndarray) -> np.ndarray:
        # mass on the very border lies on both sides of it
        kept = mass.copy()
        kept[:half], kept[half] = 0, mass[half] / 2
        return kept

    for _ in range(g):
        free, alive = moved(free), split(moved(alive))
    return float(1 - split(free).sum()), float(1 - alive.sum())


# ------------------------------------------------------------------ a normal column, other regimes


def accumulated_variance(n: int, ddof: int, g: int) -> float:
    """E σ² of M_g under accumulate."""
    j = np.arange(1, g + 1)
    if ddof:
        return float(np.prod(1 - 1 / (j[1:] * (j[1:] * n - 1))))
    return float(np.prod(1 - 1 / (n * j**2)))


def accumulated_mean_step(n: int, ddof: int, g: int) -> float:
    """E (μ_g − μ_{g−1})² under accumulate: n of the g·n rows are new."""
    return accumulated_variance(n, ddof, g - 1) / (n * g**2) if g else 0.0


def subsampled_variance(n: int, g: int) -> float:
    """E σ² of M_g under accumulate_subsample, likelihood's maximum."""
    if not g:
        return 1.0
    pool = 1 - 1 / n
    for j in range(1, g + 1):
        whole = pool * j * n / (j * n - 1)
        variance, between = whole * (n - 1) / n, whole * (1 - 1 / j) / n
        pool -= (between + variance / n) / (j + 1) ** 2
    return variance


def fresh_mix_mean(n: int, alpha: float, g: int) -> float:
    """Var μ of M_g under fresh_mix, likelihood's maximum."""
    found = 0.0
    for _ in range(g):
        found = (1 - (1 - alpha) * found) / n + (1 - alpha) ** 2 * found
    return found


def all_real_mean(n: int, lam: float, g: int) -> float:
    """Var μ of M_g under all_real, likelihood's maximum; its limit is the published one."""
    found = min(g, 1) / n
    for _ in range(1, g):
        found = ((1 + 2 * lam) / n + lam**2 * found + lam * (1 - found) / n) / (1 + lam) ** 2
    return found


def golden_mean(n: int, k: float, w: float, g: int) -> float:
    """Var μ of M_g under golden with total weight w on the fresh rows; its limit is the published one."""
    found = min(g, 1) / n
    for _ in range(1, g):
        found = w**2 / n + (1 - w) ** 2 * (found + (1 - found) / (k * n))
    return found


def best_fresh_weight(k: float) -> float:
    """Give the best total weight of fresh rows."""
    return float((np.sqrt(1 + 4 * k) - 1) / (2 * k))


def kernel_second_moment(h: float, g: int, *, accumulate: bool) -> float:
    """E x² of the rows of T_g, for kernel density estimates of bandwidth h."""
    return 1 + h**2 * ((1 / np.arange(1, g + 1)).sum() - 1 if accumulate else g - 1)


def design_error(rows: int, d: int, g: int, *, accumulate: bool) -> float:
    """E |θ_g − θ|² of least squares on one design of standard normals and noise of variance 1."""
    return float(d / (rows - d - 1) * ((1 / np.arange(1, g + 1) ** 2).sum() if accumulate else g))


# ------------------------------------------------------------------ levels


def replaced_heterozygosity(n: int, g: int) -> float:
    """E H of S_g over that of D0, H = 1 − Σp²."""
    return (1 - 1 / n) ** g


def accumulated_heterozygosity(n: int, g: int) -> float:
    """E H of S_g over that of D0, under accumulate: the product of the normal column's variance."""
    return accumulated_variance(n, 0, g)


def inflow_heterozygosity(n: int, fresh: int, g: int) -> float:
    """E H of T_g over that of the population, under fresh_mix of so many fresh rows."""
    kept = n - fresh
    found = 1.0 if not g else 1 - 1 / n
    for _ in range(1, g):
        found = (kept * (kept - 1) * found + 2 * kept * fresh + fresh * (fresh - 1)) / n**2
    return found


@cache
def _counts_of(n: int, count: int, g: int) -> np.ndarray:
    """Give the law of the count of a level in S_g, replace."""
    if not g:
        return np.eye(n + 1)[count]
    before = _counts_of(n, count, g - 1)
    return np.asarray(before @ _binomials(n))


@cache
def _binomials(n: int) -> np.ndarray:
    k = np.arange(n + 1)
    return np.asarray(stats.binom.pmf(k[None, :], n, k[:, None] / n))


def extinct(n: int, count: int, g: int) -> float:
    """P(a level of so many rows of D0 is absent from S_g), replace: X' ~ Binomial(n, X/n)."""
    return float(_counts_of(n, count, g)[0])


@cache
def absent_from_accumulated(n: int, count: int, g: int) -> float:
    """P(a level of so many rows of D0 is absent from S_g), accumulate, by the law of its count in T_g."""
    if not g:
        return 0.0
    size = _LIKELIEST_COUNTS
    k = np.arange(size)
    law = np.eye(size)[count]
    for j in range(1, g):
        new = stats.binom.pmf(k[None, :], n, k[:, None] / (j * n))
        after = np.zeros(size)
        for held in range(size):
            after[held:] += law[held] * new[held, : size - held]
        law = after
    return float(law @ (1 - k / (g * n)) ** n)
