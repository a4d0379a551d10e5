"""Counts: exact intervals of rates, and exact tails of who holds what under random labels."""

from __future__ import annotations

import numpy as np

from synthtab.schema.cast_table import FloatArray

__all__ = ["clopper_pearson", "hypergeometric_tail"]


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the exact interval of a rate.

    Parameters
    ----------
    successes, trials : int
        How often, out of how many.
    confidence : float, default 0.95
        Two-sided confidence.

    Returns
    -------
    tuple of float
        Lower and upper end in [0, 1]; the whole range without a trial.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26.

    Examples
    --------
    >>> low, high = clopper_pearson(0, 100)
    >>> low, round(high, 4)
    (0.0, 0.0362)
    """
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, trials - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, trials - successes, 1 - tail)) if successes < trials else 1.0
    return low, high


def hypergeometric_tail(at_least: int, drawn: int, marked: int, total: int) -> float:
    """Give the chance that at least so many of the drawn are marked.

    Parameters
    ----------
    at_least : int
        Marked ones among the drawn.
    drawn : int
        How many are drawn without replacement.
    marked, total : int
        How many are marked, of how many.

    Returns
    -------
    float
        Probability in [0, 1].

    Examples
    --------
    >>> round(hypergeometric_tail(6, drawn=6, marked=50, total=100), 4)
    0.0133
    """
    from scipy.special import gammaln

    low, high = max(at_least, drawn - (total - marked), 0), min(drawn, marked)
    if at_least <= max(0, drawn - (total - marked)):
        return 1.0
    counts = np.arange(low, high + 1, dtype=np.float64)

    def log_choose(n: int, k: FloatArray) -> FloatArray:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), dtype=np.float64)

    logs = log_choose(marked, counts) + log_choose(total - marked, drawn - counts)
    return float(min(1.0, np.exp(logs - log_choose(total, np.array([float(drawn)]))).sum()))
