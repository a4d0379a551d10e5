"""Correlation of latent normals from the correlation of what is seen of them: interval means.

A column of levels is seen as the mean m(c) of a standard normal Z inside the interval of level c. With
normalised Hermite polynomials h_k, the means of two columns with latent correlation ρ satisfy [1]_

    E[m₁ m₂] = Σ_k a_k b_k ρ^k,    a_k = E[m₁ h_k(Z₁)],    b_k = E[m₂ h_k(Z₂)],

which rises with ρ and is solved for it. A column of numbers is seen whole: a_1 = 1 and all others are 0, so
that the relation to a column of levels is a straight line.

References
----------
.. [1] Lancaster, H. O. (1957). Some properties of the bivariate normal distribution considered in the form of
   a contingency table. Biometrika 44, 289–292.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["interval_means", "latent_correlation", "loadings", "whole_loadings"]

FloatArray = npt.NDArray[np.float64]

_TERMS = 24
_STEPS = 40
_LARGEST = 0.999


def interval_means(upto: FloatArray) -> FloatArray:
    """Give the mean of a standard normal inside each interval.

    Parameters
    ----------
    upto : ndarray of float, shape (..., n_intervals + 1)
        Shares up to each edge, from 0 to 1.

    Returns
    -------
    ndarray of float, shape (..., n_intervals)
        Means; 0 for an interval without mass.
    """
    return np.asarray(-np.diff(_density(upto)[1]) / np.maximum(np.diff(upto), 1e-12), dtype=np.float64)


def whole_loadings() -> FloatArray:
    """Give the loadings of a column that is seen whole.

    Returns
    -------
    ndarray of float, shape (n_terms,)
        One, then zeros.
    """
    return np.concatenate([[1.0], np.zeros(_TERMS - 1)])


def loadings(upto: FloatArray, weights: FloatArray) -> FloatArray:
    """Give the loadings of a column that is seen as interval means.

    Parameters
    ----------
    upto : ndarray of float, shape (n_groups, n_intervals + 1)
        Shares up to each edge, from 0 to 1, for each group of rows.
    weights : ndarray of float, shape (n_groups,)
        Share of the rows in each group.

    Returns
    -------
    ndarray of float, shape (n_terms,)
        a_1, a_2, …; a_1 is the variance of the interval means.
    """
    edges, density = _density(upto)
    means = interval_means(upto)
    # the integral of h_k φ over an interval is the difference of -h_{k-1} φ / √k over its ends
    before, own = np.zeros_like(edges), np.ones_like(edges)
    found = np.zeros(_TERMS)
    for term in range(1, _TERMS + 1):
        integrals = -np.diff(own * density) / np.sqrt(term)
        found[term - 1] = weights @ (means * integrals).sum(axis=-1)
        before, own = own, (edges * own - np.sqrt(term - 1) * before) / np.sqrt(term)
    return found


def latent_correlation(seen: FloatArray, by_column: FloatArray) -> FloatArray:
    """Solve for the correlation of the latent normals, pair by pair.

    Parameters
    ----------
    seen : ndarray of float, shape (n_columns, n_columns)
        Correlation of what is seen.
    by_column : ndarray of float, shape (n_columns, n_terms)
        Loadings of each column.

    Returns
    -------
    ndarray of float, shape (n_columns, n_columns)
        Correlations within ±0.999; ones on the diagonal.
    """
    spread = np.sqrt(by_column[:, 0])
    first, second = np.triu_indices(len(seen), 1)
    wanted = seen[first, second] * spread[first] * spread[second]
    terms = by_column[first] * by_column[second]
    low, high = np.full(len(wanted), -_LARGEST), np.full(len(wanted), _LARGEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        reached = np.zeros(len(wanted))
        for term in terms.T[::-1]:  # Horner's rule
            reached = (reached + term) * middle
        is_low = reached < wanted
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    out = np.eye(len(seen))
    out[first, second] = out[second, first] = (low + high) / 2
    return out


def _density(upto: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the edges on the normal line and the density there; far edges stand at ±12, where it is 0."""
    from scipy.special import ndtri

    edges = np.clip(ndtri(np.clip(upto, 0.0, 1.0)), -12.0, 12.0)
    return edges, np.exp(-0.5 * edges**2) / np.sqrt(2 * np.pi)
