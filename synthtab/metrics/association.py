"""Do columns still go together? Distances between two-way tables under shared cells.

All functions take batches: the last two axes are the table, axes before them run over resamples.
"""

from __future__ import annotations

import numpy as np

from synthtab.schema.casting import FloatArray

__all__ = ["cramers_v", "interaction", "merge_cells", "spearman", "table_shares", "table_total_variation"]


def table_shares(counts: FloatArray) -> FloatArray:
    """Turn two-way counts into shares of all rows.

    Parameters
    ----------
    counts : ndarray, shape (..., a, b)
        Counts of rows.

    Returns
    -------
    ndarray of float, shape (..., a, b)
        Shares; zeros where there is no row.
    """
    return np.asarray(counts / np.maximum(counts.sum(axis=(-2, -1), keepdims=True), 1e-300))


def table_total_variation(p: FloatArray, q: FloatArray) -> FloatArray:
    """Say which share of the rows would have to move for two two-way tables to agree.

    Parameters
    ----------
    p, q : ndarray of float, shape (..., a, b)
        Shares.

    Returns
    -------
    ndarray of float, shape (...)
        From 0 (equal, perfect) to 1. Descriptive: with 20 × 20 cells most of it is sampling noise.
    """
    return np.asarray(0.5 * np.abs(p - q).sum(axis=(-2, -1)))


def interaction(counts: FloatArray) -> FloatArray:
    r"""Give what a two-way table holds beyond its margins.

    The five-bin interaction distance i5 of two tables is half the sum of absolute differences of this: it
    separates a good from a bad dependence with least variance.

    Parameters
    ----------
    counts : ndarray, shape (..., a, b)
        Counts over at most five groups a column and one for missing values.

    Returns
    -------
    ndarray of float, shape (..., a, b)
        Shares minus the product of their margins; all zero for independent columns.

    Notes
    -----
    .. math:: i_5(S, H) = \tfrac12 \sum_{ij} |(p_{ij} - p_{i\cdot}p_{\cdot j})_S - (p_{ij} -
    p_{i\cdot}p_{\cdot j})_H|
    """
    p = table_shares(counts)
    return np.asarray(p - p.sum(axis=-1, keepdims=True) * p.sum(axis=-2, keepdims=True))


def merge_cells(counts: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Merge the cells of two-way tables.

    Parameters
    ----------
    counts : ndarray, shape (..., a, b)
        Counts.
    rows : ndarray, shape (a, c)
        1 where a row cell goes into a coarser one.
    columns : ndarray, shape (b, d)
        1 where a column cell goes into a coarser one.

    Returns
    -------
    ndarray of float, shape (..., c, d)
        Counts of the coarser cells.
    """
    return np.asarray(rows.T @ counts @ columns)


def cramers_v(counts: FloatArray) -> FloatArray:
    r"""Give the strength of association between two columns of levels, corrected for bias.

    Parameters
    ----------
    counts : ndarray, shape (..., a, b)
        Counts of rows in which both columns have a value.

    Returns
    -------
    ndarray of float, shape (...)
        From 0 (independent) to 1 (one determines the other); 0 where a column is constant.

    Notes
    -----
    With :math:`\varphi^2 = \chi^2 / n`, r rows and c columns that are not empty:

    .. math::

        \tilde V = \sqrt{\frac{\max(0, \varphi^2 - \frac{(r-1)(c-1)}{n-1})}{\min(\tilde r, \tilde c) - 1}},
        \quad \tilde r = r - \frac{(r-1)^2}{n-1}

    The uncorrected form reads 0.39 on two independent columns of 300 levels.

    References
    ----------
    Bergsma (2013), A bias-correction for Cramér's V and Tschuprow's T.
    """
    row, column = counts.sum(axis=-1), counts.sum(axis=-2)
    n = row.sum(axis=-1)
    expected = row[..., :, None] * column[..., None, :]
    chi = (counts * counts / np.where(expected > 0, expected, 1.0)).sum(axis=(-2, -1)) - 1
    r, c = (row > 0).sum(axis=-1), (column > 0).sum(axis=-1)
    less = np.maximum(n - 1, 1)
    phi = np.maximum(chi - (r - 1) * (c - 1) / less, 0)
    size = np.minimum(r - (r - 1) ** 2 / less, c - (c - 1) ** 2 / less) - 1
    usable = (r > 1) & (c > 1) & (size > 1e-9)  # noqa: PLR2004 - smaller is rounding
    return np.asarray(np.where(usable, np.sqrt(np.minimum(phi / np.where(usable, size, 1.0), 1.0)), 0.0))


def spearman(counts: FloatArray) -> FloatArray:
    r"""Give the rank correlation of two ordered columns from their two-way table.

    Parameters
    ----------
    counts : ndarray, shape (..., a, b)
        Counts over ordered cells, of rows in which both columns have a value.

    Returns
    -------
    ndarray of float, shape (...)
        From -1 to 1; 0 where a column is constant. All values of a cell share its middle rank.

    Notes
    -----
    .. math:: \rho = \mathrm{corr}(R_i, C_j), \quad R_i = \sum_{l<i} p_{l\cdot} + \tfrac12 p_{i\cdot}

    References
    ----------
    Spearman (1904); Kendall (1945) for ties.
    """
    p = table_shares(counts)
    row, column = p.sum(axis=-1), p.sum(axis=-2)
    r = np.cumsum(row, axis=-1) - 0.5 * row - 0.5
    c = np.cumsum(column, axis=-1) - 0.5 * column - 0.5
    covariance = np.einsum("...ij,...i,...j->...", p, r, c, optimize=True)
    variance = (row * r * r).sum(axis=-1) * (column * c * c).sum(axis=-1)
    usable = variance > 1e-12  # noqa: PLR2004 - smaller is rounding
    return np.asarray(np.where(usable, covariance / np.sqrt(np.where(usable, variance, 1.0)), 0.0))
