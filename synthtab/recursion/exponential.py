r"""Exponential curves: the rates lambda, and the plateaus, that the chains allow.

The curve is :math:`\rho_g = s + k\,\varphi_\lambda(g - 1)`, where
:math:`\varphi_\lambda(t) = (e^{\lambda t} - 1)/\lambda`: start s, initial slope k, plateau
:math:`s - k/\lambda` for lambda < 0. Written so, lambda = 0 is a straight line and not an infinite
plateau, and least squares can pass through it.

Intervals come from inverting a test, not from resampling chains. At the least-squares lambda, the mean
curve is orthogonal to one direction u(lambda): the part of :math:`\partial\varphi/\partial\lambda`
outside the span of 1 and :math:`\varphi_\lambda`. So a candidate lambda is tested by Student's t over
the chains' own projections on u(lambda), and the interval is every lambda that is not rejected. It holds
for five chains, and where the curve does not determine lambda it is honestly unbounded (as Fieller's and
Anderson-Rubin's are).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthtab.recursion.bands import Estimate, mean_and_spread
from synthtab.schema.cast_table import FloatArray

__all__ = ["CurveFit", "fit_curve"]

# e^-6 is nothing left after one generation: beyond, curves cannot be told apart
_STEEPEST = 6.0
_GRID = 801
_SERIES_BELOW = 1e-2
_MIN_GENERATIONS = 3
_PLATEAUS = 401
# plateaus are sought this many ranges of the mean curve beyond it
_FAR = 50.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CurveFit:
    """A fitted exponential curve with the intervals of its rate and its plateau.

    Parameters
    ----------
    rate : Estimate
        Lambda per generation; NaN with fewer than three generations or for a constant mean.
    plateau : Estimate
        Where the curve ends; NaN unless lambda is below 0. Infinite ends where it need not end.
    start, slope : float
        Value and slope of the curve at its first generation; NaN without a rate.
    """

    rate: Estimate
    plateau: Estimate
    start: float
    slope: float


def fit_curve(chains: FloatArray, times: FloatArray, level: float) -> CurveFit:
    """Fit the mean of the chains by least squares, and give intervals over the chains.

    Parameters
    ----------
    chains : ndarray of float, shape (C, T)
        Curves without NaN.
    times : ndarray of float, shape (T,)
        Generations after the first, increasing.
    level : float
        Confidence of the intervals.

    Returns
    -------
    CurveFit
        The curve; without bounds (infinite) for a single chain.
    """
    nan, infinite = float("nan"), float("inf")
    unbounded = Estimate(nan, -infinite, infinite)
    mean, _ = mean_and_spread(chains)
    if len(times) < _MIN_GENERATIONS or np.ptp(mean) <= _ROUNDING * np.abs(mean).max():
        return CurveFit(unbounded, unbounded, nan, nan)
    rates = _rate_grid(float(times[-1]))
    critical = _critical(len(chains), level)
    best = _least_squares_rate(mean, times, rates)
    t_values = _t_values(chains @ _score_directions(rates, times).T)
    rate = Estimate(best, *_accepted(t_values, rates, best, critical))
    start, slope = _line(mean, _growth(best, times))
    plateau = Estimate(nan, nan, nan)
    if best < 0 and slope != 0:
        ends_at = start - slope / best
        candidates, t_values = _plateau_t_values(chains, times, rates[rates < 0], ends_at)
        plateau = Estimate(ends_at, *_accepted(t_values, candidates, ends_at, critical))
    return CurveFit(rate, plateau, start, slope)


def _critical(n_chains: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n_chains - 1, (1 + level) / 2)) if n_chains > 1 else float("inf")


def _rate_grid(span: float) -> FloatArray:
    """Give candidate rates: fine around 0, where half-lives of many spans lie, up to the steepest."""
    finest = 1e-3 / span
    end = np.arcsinh(_STEEPEST / finest)
    return np.asarray(finest * np.sinh(np.linspace(-end, end, _GRID)), dtype=np.float64)


def _growth(rate: float | FloatArray, times: FloatArray) -> FloatArray:
    """Give phi: (e^(rate t) - 1) / rate, which is t at rate 0; rates by times."""
    x = np.multiply.outer(np.asarray(rate, dtype=np.float64), times)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))
    return np.asarray(times * ratio, dtype=np.float64)


def _growth_slope(rates: FloatArray, times: FloatArray) -> FloatArray:
    """Give d phi / d rate = t^2 h(rate t), h(x) = (x e^x - e^x + 1) / x^2; rates by times."""
    x = np.multiply.outer(rates, times)
    series = 0.5 + x / 3 + x**2 / 8 + x**3 / 30 + x**4 / 144
    safe = np.where(np.abs(x) < _SERIES_BELOW, 1.0, x)
    exact = (safe * np.exp(safe) - np.expm1(safe)) / safe**2
    return np.asarray(times**2 * np.where(np.abs(x) < _SERIES_BELOW, series, exact), dtype=np.float64)


def _without(vectors: FloatArray, *others: FloatArray) -> FloatArray:
    """Give vectors less their parts along others, one by one (rows with rows; others orthogonal)."""
    for _ in range(2):  # twice: the first pass leaves rounding where vectors are nearly parallel
        for other in others:
            along = np.sum(vectors * other, axis=-1, keepdims=True)
            vectors = vectors - along / np.sum(other * other, axis=-1, keepdims=True) * other
    return vectors


def _score_directions(rates: FloatArray, times: FloatArray) -> FloatArray:
    """Give u(rate), of length 1: what a small change of the rate adds that start and slope cannot."""
    ones = np.ones((1, len(times)))
    growth, change = _growth(rates, times), _growth_slope(rates, times)
    # a curve that grows a million-fold is compared by its shape
    growth = growth / np.abs(growth).max(axis=1, keepdims=True)
    change = change / np.abs(change).max(axis=1, keepdims=True)
    growth = _without(growth, ones)
    direction = _without(change, ones, growth)
    norms = np.sqrt(np.sum(direction**2, axis=1, keepdims=True))
    return np.asarray(direction / norms, dtype=np.float64)


def _t_values(projections: FloatArray) -> FloatArray:
    """Give Student's t of each column's mean over chains; infinite for equal chains off 0."""
    mean = projections.mean(axis=0)
    if len(projections) == 1:
        return np.zeros_like(mean)
    error = projections.std(axis=0, ddof=1) / np.sqrt(len(projections))
    # chains that are equal to the last bits have no spread
    error = np.where(error < np.abs(mean) * _ROUNDING, 0.0, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mean == 0, 0.0, mean / error)


def _line(mean: FloatArray, growth: FloatArray) -> tuple[float, float]:
    """Give start and slope of the least-squares curve for one rate."""
    centred = growth - growth.mean()
    slope = float(centred @ mean / (centred @ centred))
    return float(mean.mean() - slope * growth.mean()), slope


def _least_squares_rate(mean: FloatArray, times: FloatArray, rates: FloatArray) -> float:
    """Give the rate whose curve leaves the smallest sum of squares: best of the grid, then refined."""
    from scipy.optimize import minimize_scalar

    def left(rate: float) -> float:
        curve = _growth(rate, times)
        curve = curve / np.abs(curve).max()
        start, slope = _line(mean, curve)
        return float(np.sum((mean - start - slope * curve) ** 2))

    growth = _growth(rates, times)
    growth = _without(growth / np.abs(growth).max(axis=1, keepdims=True), np.ones((1, len(times))))
    best = int(np.argmax((growth @ (mean - mean.mean())) ** 2 / np.sum(growth**2, axis=1)))
    low, high = rates[max(0, best - 1)], rates[min(len(rates) - 1, best + 1)]
    found = minimize_scalar(left, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return float(found.x) if found.fun <= left(float(rates[best])) else float(rates[best])


def _accepted(
    t_values: FloatArray, grid: FloatArray, estimate: float, critical: float
) -> tuple[float, float]:
    """Give the stretch of the grid around the estimate that is not rejected, infinite at its ends."""
    inside = np.abs(t_values) <= critical
    nearest = int(np.searchsorted(grid, estimate))
    low, high = nearest - 1, nearest
    while low >= 0 and inside[low]:
        low -= 1
    while high < len(grid) and inside[high]:
        high += 1
    ends = []
    for outer, inner, without_end in ((low, low + 1, -np.inf), (high, high - 1, np.inf)):
        if not 0 <= outer < len(grid):
            ends.append(float(without_end))
            continue
        # where |t| passes the critical value between two grid points; at the estimate itself t is 0
        known = inside[inner] if 0 <= inner < len(grid) else False
        at, t_inside = (grid[inner], abs(t_values[inner])) if known else (estimate, 0.0)
        t_outside = abs(t_values[outer])
        share = (critical - t_inside) / (t_outside - t_inside) if np.isfinite(t_outside) else 0.0
        ends.append(float(at + share * (grid[outer] - at)))
    return min(ends[0], estimate), max(ends[1], estimate)


def _plateau_t_values(
    chains: FloatArray, times: FloatArray, rates: FloatArray, plateau: float
) -> tuple[FloatArray, FloatArray]:
    """Give candidate plateaus and the t-value of each, the rate fitted anew for each."""
    mean = chains.mean(axis=0)
    unit = max(float(np.ptp(mean)), abs(plateau - float(mean[-1])))
    steps = np.sinh(np.linspace(-1, 1, _PLATEAUS) * np.arcsinh(_FAR * 1e3)) * 1e-3
    candidates = plateau + unit * steps
    decay = np.exp(np.multiply.outer(rates, times))
    decay = decay / np.sqrt(np.sum(decay**2, axis=1, keepdims=True))
    above = mean - candidates[:, np.newaxis]
    # for each candidate, the rate whose curve lies nearest: the largest part along it
    nearest = decay[np.argmax((above @ decay.T) ** 2, axis=1)]
    direction = _without(np.ones_like(above), nearest, _without(nearest * times, nearest))
    direction = direction / np.sqrt(np.sum(direction**2, axis=1, keepdims=True))
    return candidates, _t_values(chains @ direction.T - candidates * direction.sum(axis=1))
