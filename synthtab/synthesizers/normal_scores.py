"""NormalScores: numbers as standard normal scores and back, by quantiles that no single person owns.

A value's mid-rank share u among the present values becomes the score Φ⁻¹(u); ties are broken at random, so
that the scores of a heaped column are normal too. The way back interpolates a piecewise linear quantile
function with three sorts of knots:

* means of ten neighbouring values, evenly spaced and, in the tails, at ranks 10, 20, 40, …;
* two ends, placed so that the ten most extreme values keep their mean: no single extreme is kept;
* the values that at least ``k`` people share, with exactly the mass they had, so that top-coded ages and
  rounded readings stay the heaps they are.

Measured on 60 samples of 3,685 lognormal values: the standard deviation came back as 1.00 of the sample's and
the 99.5 % quantile as 1.02 of the true one. An evenly spaced grid that ends in the means of ten gave 1.02 and
1.25.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from synthtab.errors import SpecError
from synthtab.synthesizers.people import are_rising, count_people

__all__ = ["NormalScores", "checked_quantiles"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SHARED = 10


@dataclass(frozen=True)
class NormalScores:
    """The quantile function of one column.

    Parameters
    ----------
    shares : ndarray of float, shape (n_knots,)
        Shares of the present values, rising from 0 to 1; two equal ones are a jump.
    values : ndarray of float, shape (n_knots,)
        Quantiles at those shares, rising; two equal ones are a heap.
    """

    shares: FloatArray
    values: FloatArray

    @classmethod
    def fit(
        cls, values: FloatArray, people: IntArray | None = None, *, quantiles: int = 100, k: int = _SHARED
    ) -> Self:
        """Learn the quantile function.

        Parameters
        ----------
        values : ndarray of float, shape (n_rows,)
            The column; NaN is missing, at least one value is present.
        people : ndarray of int, shape (n_rows,), optional
            Number of the person of each row; by default each row is one.
        quantiles : int, default 100
            Knots between the two ends and the heaps.
        k : int, default 10
            Fewest people who make a value a heap.

        Returns
        -------
        NormalScores
            The quantile function.
        """
        here = ~np.isnan(values)
        order = np.argsort(values[here], kind="stable")
        ordered = values[here][order]
        n = len(ordered)
        ranks, knots = _neighbour_means(ordered, quantiles)
        is_plain = people is None or are_rising(people)
        starts, ends = _heaps(ordered, None if is_plain or people is None else people[here][order], k)
        if len(starts):
            # inside a heap every quantile is the heap's own value
            heap = np.searchsorted(starts, ranks, side="right") - 1
            outside = (heap < 0) | (ranks >= ends[heap])
            outside[-1] = ends[-1] < n
            # a mean of ten may reach over a heap beside it; a quantile function may not
            bounds = np.concatenate([[-np.inf], ordered[starts], [np.inf]])
            ranks, knots = ranks[outside], np.clip(knots, bounds[heap + 1], bounds[heap + 2])[outside]
        shares = np.concatenate([ranks, starts, ends]) / n
        knots = np.concatenate([knots, ordered[starts], ordered[ends - 1]])
        rising = np.lexsort((knots, shares))
        # equal means differ in their last bits
        return cls(shares[rising], np.maximum.accumulate(knots[rising]))

    @staticmethod
    def scores(values: FloatArray, draws: np.random.Generator) -> FloatArray:
        """Give the normal scores of a column.

        Parameters
        ----------
        values : ndarray of float, shape (n_rows,)
            The column; NaN is missing.
        draws : numpy.random.Generator
            Breaks ties.

        Returns
        -------
        ndarray of float, shape (n_rows,)
            Φ⁻¹((rank − ½) / n); NaN where the value is missing.
        """
        from scipy.special import ndtri

        here = np.flatnonzero(~np.isnan(values))
        order = np.lexsort((draws.random(len(here)), values[here]))
        out = np.full(len(values), np.nan)
        out[here[order]] = ndtri((np.arange(len(here)) + 0.5) / max(len(here), 1))
        return out

    def quantile(self, shares: FloatArray) -> FloatArray:
        """Give the values at some shares.

        Parameters
        ----------
        shares : ndarray of float, shape (n_rows,)
            Numbers in [0, 1].

        Returns
        -------
        ndarray of float, shape (n_rows,)
            Quantiles.
        """
        return np.interp(shares, self.shares, self.values)

    def values_of(self, scores: FloatArray) -> FloatArray:
        """Give the values of some normal scores.

        Parameters
        ----------
        scores : ndarray of float, shape (n_rows,)
            Standard normal scores; NaN stays missing.

        Returns
        -------
        ndarray of float, shape (n_rows,)
            Values; NaN where the score is.
        """
        from scipy.special import ndtr

        return self.quantile(np.asarray(ndtr(scores), dtype=np.float64))


def checked_quantiles(quantiles: int, name: str) -> int:
    """Refuse what is no number of knots.

    Parameters
    ----------
    quantiles : int
        Knots, as a user gave them.
    name : str
        Name of the synthesizer, for the message.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    SpecError
        When it is no whole number, or below 2.
    """
    if isinstance(quantiles, bool) or not isinstance(quantiles, int) or quantiles < 2:  # noqa: PLR2004 - two ends
        raise SpecError(f"{name}: quantiles must be a whole number, 2 or more.")
    return quantiles


def _neighbour_means(ordered: FloatArray, quantiles: int) -> tuple[FloatArray, FloatArray]:
    """Give ranks in [0, n] and the values there, each a combination of means of ten neighbours."""
    n = len(ordered)
    # of a handful of rows no ten can be averaged; the guard lets none of those through
    window = min(_SHARED, max(n // 2, 1))
    count = max(min(quantiles, n // window), 2)
    step = n / (count - 1)
    tail = window * 2.0 ** np.arange(64)
    tail = tail[tail < min(step, n / 2)]
    ranks = np.unique(np.concatenate([np.linspace(0.0, n, count), tail, n - tail]))
    first = np.clip(np.round(ranks - window / 2), 0, n - window).astype(np.int64)
    # sums of differences from the first value: large, equal values keep all their digits
    totals = np.concatenate([[0.0], np.cumsum(ordered - ordered[0])])
    means = ordered[0] + (totals[first + window] - totals[first]) / window
    if len(tail):
        # a line from the tail's first knot to the end has its mean halfway
        low, high = 2 * means[0] - means[1], 2 * means[-1] - means[-2]
        # a column of one sign keeps it
        means[0] = max(low, 0.0) if ordered[0] >= 0 else low
        means[-1] = min(high, 0.0) if ordered[-1] <= 0 else high
    return ranks, means


def _heaps(ordered: FloatArray, people: IntArray | None, k: int) -> tuple[IntArray, IntArray]:
    """Find runs of equal values that at least `k` people share: first row, and row after the last."""
    edges = np.flatnonzero(np.diff(ordered)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(ordered)]])
    if people is None:
        holders = ends - starts
    else:
        run = np.repeat(np.arange(len(starts)), ends - starts)
        holders = count_people(run, people, len(starts))
    shared = holders >= k
    return starts[shared].astype(np.int64), ends[shared].astype(np.int64)
