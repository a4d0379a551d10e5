"""Do columns still go together? Distances between two-way tables under shared cells.

All functions take batches: the last two axes are the table, axes before them run over resamples.
"""

from __future__ import annotations

import numpy as np

from synthtab.schema.cast_table import FloatArray

__all__ = [
    "correlation_ratio",
    "cramers_v",
    "interaction",
    "merge_cells",
    "missing_sums",
    "missingness_association",
    "mutual_information",
    "nist_k_marginal",
    "pearson",
    "spearman",
    "table_shares",
    "table_sums",
    "table_total_variation",
]


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
    return np.asarray(counts / np.maximum(_row_sums(counts).sum(axis=-1)[..., None, None], 1e-30))


def _row_sums(table: FloatArray) -> FloatArray:
    """Add up each row; a product with ones is several times faster than a sum over a short axis."""
    exact = table if np.issubdtype(table.dtype, np.floating) else table.astype(np.float64)
    return np.asarray(exact @ np.ones(table.shape[-1], dtype=exact.dtype))


def _column_sums(table: FloatArray) -> FloatArray:
    exact = table if np.issubdtype(table.dtype, np.floating) else table.astype(np.float64)
    return np.asarray(np.ones(table.shape[-2], dtype=exact.dtype) @ exact)


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
    gap = p - q
    return np.asarray(0.5 * _row_sums(np.abs(gap, out=gap)).sum(axis=-1))


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
    .. math:: i_5(S, H) = \tfrac12 \sum_{ij} |(p_{ij} - p_{i\cdot}p_{\cdot j})_S
        - (p_{ij} - p_{i\cdot}p_{\cdot j})_H|

    References
    ----------
    Lancaster (1969), *The Chi-squared Distribution*, on interactions beyond the margins.
    """
    p = table_shares(counts)
    p -= _row_sums(p)[..., :, None] * _column_sums(p)[..., None, :]
    return p


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
    row, column = _row_sums(counts), _column_sums(counts)
    n = row.sum(axis=-1)
    # a cell's share of its row and of its column, multiplied: no table of expected counts is needed
    inside = (counts * counts) @ (1 / np.where(column > 0, column, 1.0))[..., :, None]
    chi = (inside[..., 0] / np.where(row > 0, row, 1.0)).sum(axis=-1) - 1
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
    row, column = _row_sums(p), _column_sums(p)
    r = np.cumsum(row, axis=-1) - 0.5 * row - 0.5
    c = np.cumsum(column, axis=-1) - 0.5 * column - 0.5
    covariance = ((p @ c[..., :, None])[..., 0] * r).sum(axis=-1)
    variance = (row * r * r).sum(axis=-1) * (column * c * c).sum(axis=-1)
    usable = variance > 1e-12  # noqa: PLR2004 - smaller is rounding
    return np.asarray(np.where(usable, covariance / np.sqrt(np.where(usable, variance, 1.0)), 0.0))


def pearson(both: FloatArray, sums: FloatArray, squares: FloatArray, products: FloatArray) -> FloatArray:
    r"""Give the linear correlation of every pair of number columns from sums.

    Parameters
    ----------
    both : ndarray of float, shape (..., d, d)
        Rows in which both columns have a value.
    sums, squares : ndarray of float, shape (..., d, d)
        Sum, and sum of squares, of the first column over those rows.
    products : ndarray of float, shape (..., d, d)
        Sum of products over those rows.

    Returns
    -------
    ndarray of float, shape (..., d, d)
        From -1 to 1; 0 where a column is constant.

    Notes
    -----
    .. math:: r = \frac{\sum xy - \sum x \sum y / n}
        {\sqrt{(\sum x^2 - (\sum x)^2/n)(\sum y^2 - (\sum y)^2/n)}}

    References
    ----------
    Pearson (1895).
    """
    n = np.maximum(both, 1.0)
    turned = np.swapaxes(sums, -1, -2)
    covariance = products - sums * turned / n
    variance = np.maximum(squares - sums**2 / n, 0.0)
    # beside its sum of squares, what is left of a constant column's variance is rounding
    varies = variance > 1e-13 * squares
    usable = varies & np.swapaxes(varies, -1, -2)
    scale = np.where(usable, variance * np.swapaxes(variance, -1, -2), 1.0)
    return np.asarray(np.clip(np.where(usable, covariance / np.sqrt(scale), 0.0), -1, 1))


def mutual_information(counts: FloatArray) -> FloatArray:
    r"""Say how much one column tells about the other, in nats, corrected for bias.

    Parameters
    ----------
    counts : ndarray, shape (..., a, b)
        Counts of rows; missing values may be a cell like any other.

    Returns
    -------
    ndarray of float, shape (...)
        0 (independent) and up; no upper limit but the smaller entropy. May fall a little below 0, as an
        unbiased estimate of 0 must.

    Notes
    -----
    With r rows and c columns that are not empty, and the Miller-Madow correction:

    .. math:: I = \sum_{ij} p_{ij} \log \frac{p_{ij}}{p_{i\cdot} p_{\cdot j}} - \frac{(r-1)(c-1)}{2n}

    References
    ----------
    Shannon (1948); Miller (1955) on the bias.

    Examples
    --------
    >>> round(float(mutual_information(np.diag([1e6, 1e6]))), 4)
    0.6931
    """
    n = counts.sum(axis=(-2, -1))
    p = table_shares(counts)
    row, column = p.sum(axis=-1), p.sum(axis=-2)

    def entropy(shares: FloatArray, axes: int | tuple[int, int]) -> FloatArray:
        return np.asarray(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=axes))

    information = entropy(row, -1) + entropy(column, -1) - entropy(p, (-2, -1))
    r, c = (row > 0).sum(axis=-1), (column > 0).sum(axis=-1)
    return np.asarray(information - np.maximum((r - 1) * (c - 1), 0) / (2 * np.maximum(n, 1)))


def correlation_ratio(counts: FloatArray, scores: FloatArray) -> FloatArray:
    r"""Say which share of a number column's variance the levels of the other column explain.

    Parameters
    ----------
    counts : ndarray, shape (..., a, b)
        Counts of rows in which both have a value: levels down, number cells across.
    scores : ndarray of float, shape (..., b)
        Value that stands for each number cell.

    Returns
    -------
    ndarray of float, shape (...)
        Eta squared less its bias, from 0 (means are equal) to 1 (the level tells the number).

    Notes
    -----
    With L levels that are not empty,

    .. math:: \hat\eta^2 = 1 - (1 - \eta^2) \frac{n - 1}{n - L}, \quad
        \eta^2 = \frac{\sum_i n_i (\bar y_i - \bar y)^2}{\sum_i \sum_{j \in i} (y_j - \bar y)^2}

    References
    ----------
    Pearson (1905); Kelley (1935) on the bias (epsilon squared).
    """
    n = counts.sum(axis=(-2, -1))
    level = counts.sum(axis=-1)
    total = (counts.sum(axis=-2) * scores).sum(axis=-1)
    mean = total / np.maximum(n, 1e-30)
    centred = scores - mean[..., None]
    sums = (counts @ centred[..., :, None])[..., 0]
    between = (sums**2 / np.maximum(level, 1e-30)).sum(axis=-1)
    overall = (counts.sum(axis=-2) * centred**2).sum(axis=-1)
    levels = (level > 0).sum(axis=-1)
    usable = (overall > 1e-12 * np.maximum(n * mean**2, 1e-30)) & (n > levels)
    share = np.where(usable, between / np.where(usable, overall, 1.0), 0.0)
    corrected = 1 - (1 - share) * (n - 1) / np.maximum(n - levels, 1)
    return np.asarray(np.where(usable, np.clip(corrected, 0.0, 1.0), 0.0))


def missingness_association(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Say whether being missing depends on the other column as it does in the other table.

    Parameters
    ----------
    first, second : ndarray of float, shape (..., a, b)
        What each two-way table holds beyond its margins (see `interaction`); missing values are the last row
        and the last column.

    Returns
    -------
    tuple of ndarray of float, shape (...)
        For the rows' column and for the columns' column being missing, half the absolute difference of what
        the table of missing or present against the other column holds beyond its margins: from 0 (perfect)
        to 1/2.

    Notes
    -----
    .. math:: \sum_j |\delta_{mj}^S - \delta_{mj}^H|, \quad
        \delta_{mj} = p_{mj} - p_{m\cdot} p_{\cdot j}

    because the row of present values holds the same with the other sign.

    References
    ----------
    Rubin (1976), Inference and missing data.
    """
    return missing_sums(np.abs(first - second))


def missing_sums(gap: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Add up the last row and the last column of two-way tables.

    Parameters
    ----------
    gap : ndarray of float, shape (..., a, b)
        Absolute differences of what two tables hold beyond their margins.

    Returns
    -------
    tuple of ndarray of float, shape (...)
        As `missingness_association` gives them.
    """
    return np.asarray(gap[..., -1, :].sum(axis=-1)), np.asarray(gap[..., :, -1].sum(axis=-1))


def table_sums(table: FloatArray) -> FloatArray:
    """Add up all cells of two-way tables.

    Parameters
    ----------
    table : ndarray of float, shape (..., a, b)
        Any figures.

    Returns
    -------
    ndarray of float, shape (...)
        Their sums.
    """
    return np.asarray(_row_sums(table).sum(axis=-1))


def nist_k_marginal(distances: FloatArray) -> FloatArray:
    r"""Give the k-marginal score of NIST's challenges from the distances of k-way tables.

    Parameters
    ----------
    distances : ndarray of float, shape (..., tables)
        Total variation distances of the k-way tables.

    Returns
    -------
    ndarray of float, shape (...)
        From 0 (nothing in common) to 1000 (equal, perfect).

    Notes
    -----
    .. math:: 1000 \left(1 - \frac1M \sum_m \tfrac12 \lVert p_m - q_m \rVert_1\right)

    References
    ----------
    Task, Bhagat, Howarth (2023), SDNist v2: Deidentified data report tool.
    """
    return np.asarray(1000.0 * (1.0 - distances.mean(axis=-1)))
