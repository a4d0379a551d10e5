"""Detectable: how large a worsening a gate sees four times in five, and how many refits would see enough."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = [
    "GATE_ALARM",
    "MOST_REFITS",
    "POWER",
    "UNDERPOWERED",
    "chance_of_failure",
    "detectable_worsening",
    "refits_needed",
]

GATE_ALARM = 0.025
"""Chance that a gate calls anything worse when nothing changed. An exact test at .05 gives more than 10
alarms in 200 gates four times in ten; at .025 once in a hundred."""

POWER = 0.8
"""Chance with which the detectable worsening is called a failure."""

UNDERPOWERED = 2.0
"""A gate that could miss this many margins is told to be underpowered."""

MOST_REFITS = 1_000
"""Nobody will refit more often; the search for a number of refits ends here."""

_TINY = 1e-12
_SPREADS = 200
_HALVINGS = 60


def chance_of_failure(worsening: float, error: float, freedom: int, margin: float, figures: int) -> float:
    r"""Ask how often a true worsening is called a failure.

    Parameters
    ----------
    worsening : float
        The true one.
    error : float
        Standard error of the mean worsening, above 0.
    freedom : int
        Degrees of freedom of its estimate.
    margin : float
        A worsening that matters.
    figures : int
        Figures of the gate that can be tested.

    Returns
    -------
    float
        :math:`P(D > \max(m, t S))`, where D is normal around the true worsening, :math:`S^2` is the estimate
        of its variance and t the quantile at `GATE_ALARM` over the number of figures (Holm's first step, so
        that the true chance is no smaller).
    """
    from scipy.special import ndtr

    critical, scales = _critical(freedom, figures), _scales(freedom)
    bar = np.maximum(margin, critical * error * scales)
    return float(np.mean(ndtr((worsening - bar) / error)))


def detectable_worsening(error: float, freedom: int, margin: float, figures: int) -> float:
    r"""Ask how large a worsening must be to be called a failure four times in five.

    Parameters
    ----------
    error : float
        Standard error of the mean worsening; 0 for a synthesizer without luck.
    freedom : int
        Degrees of freedom of its estimate.
    margin : float
        A worsening that matters.
    figures : int
        Figures of the gate that can be tested.

    Returns
    -------
    float
        In the units of the figure. Near :math:`\max(m, t\,e) + t_{.8}\,e`; exactly, where `chance_of_failure`
        passes 80 %, because with few refits the error is itself uncertain.
    """
    if error <= _TINY:
        return margin
    low = margin
    high = max(margin, _critical(freedom, figures) * error * float(_scales(freedom)[-1])) + 4 * error
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if chance_of_failure(middle, error, freedom, margin, figures) < POWER:
            low = middle
        else:
            high = middle
    return high


def refits_needed(spread: float, spread_freedom: int, margin: float, figures: int) -> int | None:
    """Ask how many refits would see twice the margin four times in five.

    Parameters
    ----------
    spread : float
        Standard deviation of one refit's worsening, as `Worsening` has it.
    spread_freedom : int
        Degrees of freedom that one more refit on each side adds.
    margin : float
        A worsening that matters.
    figures : int
        Figures of the gate that can be tested.

    Returns
    -------
    int or None
        Refits on each side; None where `MOST_REFITS` would not.
    """

    def sees(refits: int) -> bool:
        error, freedom = spread / math.sqrt(refits), spread_freedom * (refits - 1)
        return detectable_worsening(error, freedom, margin, figures) <= UNDERPOWERED * margin

    low, high = 1, MOST_REFITS
    if not sees(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if sees(middle) else (middle, high)
    return high


def _critical(freedom: int, figures: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - GATE_ALARM / max(figures, 1)))


def _scales(freedom: int) -> npt.NDArray[np.float64]:
    """Give what an estimated error may be of the true one: the middle of each of 200 equally likely parts."""
    from scipy.special import chdtri

    upper = 1 - (np.arange(_SPREADS) + 0.5) / _SPREADS
    return np.asarray(np.sqrt(chdtri(freedom, upper) / freedom), dtype=np.float64)
