"""Advantage: one number for what a table gives away, over all kinds of attack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["largest_advantage"]


def largest_advantage(rates: Mapping[str, Sequence[tuple[float, float]]]) -> float:
    r"""Give the largest, over kinds of attack, of what being in the table adds to an attacker's success.

    Attacks of one kind are averaged first: the largest of twenty noisy figures is far from 0 on tables that
    give nothing away.

    Parameters
    ----------
    rates : mapping of str to sequence of tuple of float
        By kind of attack: success on people in the table, and success on people who are not, each from 0 to
        1. For an attack with an area under the curve A give ``(A, 1 - A)``: the difference is 2A - 1.

    Returns
    -------
    float
        From -1 to 1; 0 is perfect; NaN where nothing was attacked. A little above 0 by chance alone, because
        it is a maximum.

    Notes
    -----
    .. math:: \max_k \frac{1}{n_k} \sum_{j=1}^{n_k} (\text{success}_{kj} - \text{control}_{kj})

    References
    ----------
    Yeom, Giacomelli, Fredrikson, Jha (2018), Privacy risk in machine learning, CSF: membership advantage.

    Examples
    --------
    >>> found = largest_advantage({"membership": [(0.55, 0.45)], "inference": [(0.8, 0.8), (0.7, 0.68)]})
    >>> round(found, 3)
    0.1
    """
    means = [
        sum(success - control for success, control in found) / len(found) for found in rates.values() if found
    ]
    return max(means, default=float("nan"))
