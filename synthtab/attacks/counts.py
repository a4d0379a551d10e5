"""Counts: exact intervals of rates, and exact tails of who holds what under random labels."""

from __future__ import annotations

import numpy as np

from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["clopper_pearson", "effective_trials", "excess_risk", "hypergeometric_tail", "wilson"]


def clopper_pearson(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Give the exact interval of a rate.

    Parameters
    ----------
    successes, trials : float
        How often, out of how many; fractions are allowed, for trials that hang together.
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


def wilson(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Give the score interval of a rate.

    Parameters
    ----------
    successes, trials : float
        How often, out of how many; fractions are allowed, for successes that are chances.
    confidence : float, default 0.95
        Two-sided confidence.

    Returns
    -------
    tuple of float
        Lower and upper end in [0, 1]; the whole range without a trial.

    References
    ----------
    Wilson (1927), JASA 22.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    from scipy.special import ndtri

    if trials <= 0:
        return 0.0, 1.0
    z = float(ndtri((1 + confidence) / 2))
    rate = successes / trials
    centre = (rate + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def effective_trials(success: FloatArray, persons: IntArray) -> float:
    """Give the number of independent trials that tell as much as these, of which some are one person's.

    Parameters
    ----------
    success : ndarray of float, shape (n,)
        From 0 to 1 each.
    persons : ndarray of int, shape (n,)
        Person of each.

    Returns
    -------
    float
        At most n; the number of people where nothing varies.

    References
    ----------
    Kish (1965), Survey sampling (the design effect).

    Examples
    --------
    >>> effective_trials(np.array([1.0, 1.0, 0.0, 0.0]), np.array([0, 0, 1, 1]))
    2.0
    """
    n = len(success)
    numbers = np.unique(persons, return_inverse=True)[1]
    people = int(numbers.max(initial=-1)) + 1
    if people == n:
        return float(n)
    rate = float(success.mean()) if n else 0.0
    by_person = np.bincount(numbers, success - rate)
    alone, together = float(((success - rate) ** 2).sum()), float((by_person**2).sum())
    if together <= 0 or alone <= 0:
        return float(people)
    return float(min(n, n * alone / together))


def excess_risk(
    successes: float, trials: float, control_successes: float, control_trials: float
) -> tuple[float, float, float]:
    """Give the risk that an attack adds for those in the table: (main - control) / (1 - control).

    Parameters
    ----------
    successes, trials : float
        Attacks on training records.
    control_successes, control_trials : float
        The same attacks on holdout records; any number of them.

    Returns
    -------
    tuple of float
        Risk and its 95 % interval, at most 1; below 0 is noise, 0 is perfect. 0 and the whole range when
        either side has no trial.

    References
    ----------
    Giomi et al. (2023), A unified framework for quantifying privacy risk in synthetic data, PoPETs (risk);
    Newcombe (1998), Statistics in Medicine 17, method 10 (interval of the difference).

    Examples
    --------
    >>> [round(figure, 2) for figure in excess_risk(90, 100, 50, 100)]
    [0.8, 0.55, 1.0]
    """
    if trials <= 0 or control_trials <= 0:
        return 0.0, -1.0, 1.0
    main, control = successes / trials, control_successes / control_trials
    low, high = wilson(successes, trials)
    control_low, control_high = wilson(control_successes, control_trials)
    below = np.hypot(main - low, control_high - control)
    above = np.hypot(high - main, control - control_low)
    room = 1 - control
    if room <= 0:
        return 0.0, -1.0, 1.0
    difference = main - control
    return (
        float(difference / room),
        max(-1.0, float((difference - below) / room)),
        min(1.0, float((difference + above) / room)),
    )
