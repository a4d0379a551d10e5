"""The exact chance that a level is lost by resampling alone, for tables of thousands of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthtab.errors import DataError

__all__ = ["extinction_probability"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def extinction_probability(counts: IntArray, rows: int, generations: int) -> FloatArray:
    r"""Give the chance that a level is extinct by each generation under the replace regime.

    Exact for a model that resamples rows: the Wright-Fisher chain :math:`X' \sim \mathrm{Bin}(n, X/n)`,
    run backwards: :math:`v_g(x) = \sum_y \mathrm{Bin}(y; n, x/n)\, v_{g-1}(y)`, :math:`v_0 = 1[x = 0]`.
    States from which extinction is less likely than 1e-9 are cut off, since :math:`v_g(x) \le q_g^x`.

    Parameters
    ----------
    counts : ndarray of int, shape (L,)
        Rows of each level in the real table, 0 to `rows`.
    rows : int
        Rows n of every generation.
    generations : int
        Samplings G.

    Returns
    -------
    ndarray of float, shape (G, L)
        Row g - 1 is the chance to be absent from S_g.

    References
    ----------
    Ewens (2004), Mathematical population genetics, ch. 3.

    Examples
    --------
    >>> extinction_probability(np.array([1, 5]), 500, 10)[[0, 9]].round(4).tolist()
    [[0.3675, 0.0066], [0.8411, 0.42]]
    """
    levels = _checked_counts(counts, rows, generations)
    # beyond this state q_g ** x is below 1e-9 for every g up to the last (1 - q_g is about 2 / g)
    last = min(rows, 12 * generations + 60)
    transition = _binomial_table(rows, last)
    extinct = np.zeros(last + 1)
    extinct[0] = 1.0
    inside = levels <= last
    out = np.zeros((generations, len(levels)))
    for g in range(generations):
        extinct = transition @ extinct
        out[g, inside] = extinct[levels[inside]]
    return out


def _binomial_table(rows: int, last: int) -> FloatArray:
    """Give the chances of 0..last successes (columns) in `rows` trials at p = 0..last / rows (rows)."""
    from scipy.special import gammaln, xlog1py, xlogy

    states = np.arange(last + 1, dtype=np.float64)
    choose = gammaln(rows + 1) - gammaln(states + 1) - gammaln(rows - states + 1)
    share = (states / rows)[:, np.newaxis]
    logs = choose + xlogy(states, share) + xlog1py(rows - states, -share)
    return np.asarray(np.exp(logs), dtype=np.float64)


def _checked_counts(counts: IntArray, rows: int, generations: int) -> IntArray:
    levels = np.asarray(counts, dtype=np.int64)
    if rows < 1 or generations < 1 or levels.ndim != 1 or (levels < 0).any() or (levels > rows).any():
        raise DataError(
            "Counts of levels must lie between 0 and the number of rows; at least one row and generation.",
            hint="Hold n fixed over the generations, and give one count per level.",
        )
    return levels
