"""Tails of the standard normal distribution, for checks whose evidence is one standardised figure."""

from __future__ import annotations

import math

__all__ = ["one_sided_p", "upper_quantile"]


def one_sided_p(z: float) -> float:
    """Give the chance of a standard normal draw of at least `z`.

    Parameters
    ----------
    z : float
        Standardised shortfall.

    Returns
    -------
    float
        From 0 to 1.
    """
    return 0.5 * math.erfc(z / math.sqrt(2))


def upper_quantile(tail: float) -> float:
    """Give the number that a standard normal draw exceeds with a given chance.

    Parameters
    ----------
    tail : float
        Chance, between 0 and 1.

    Returns
    -------
    float
        The quantile.
    """
    from scipy.special import ndtri

    return float(-ndtri(tail))
