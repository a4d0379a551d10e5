"""Are the few still there? Coverage, mass and invention of rare categories, and the mass of tails."""

from __future__ import annotations

import numpy as np

from synthtab.schema.cast_table import FloatArray

__all__ = ["lost", "mass_ratio_interval", "presence", "rare_share", "relative_tail_difference"]


def presence(counts: FloatArray, rows: FloatArray, drawn: FloatArray | float) -> FloatArray:
    r"""Give the chance that a level shows up when some rows of a table are drawn without replacement.

    The coverage of rare categories is the mean of this over the levels that few training rows hold; it is
    asked of the synthetic table and of the holdout at equal size, so that unavoidable loss is not blamed.

    Parameters
    ----------
    counts : ndarray, shape (..., levels)
        Rows that hold each level.
    rows : ndarray, shape (..., 1)
        Rows of the table.
    drawn : ndarray or float
        Rows drawn; no more than `rows`.

    Returns
    -------
    ndarray of float, shape (..., levels)
        From 0 (never) to 1 (always).

    Notes
    -----
    .. math:: 1 - \binom{N-c}{m} \Big/ \binom{N}{m}

    References
    ----------
    Hurlbert (1971), The nonconcept of species diversity, on rarefaction.

    Examples
    --------
    >>> presence(np.array([0.0, 1.0, 10.0]), np.array([10.0]), 5.0).round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    from scipy.special import gammaln

    # logarithms of factorials lose in single precision what their differences are made of
    counts, rows, drawn = (np.asarray(part, dtype=np.float64) for part in (counts, rows, drawn))
    rest = rows - counts
    left = rest - drawn
    with np.errstate(invalid="ignore", divide="ignore"):
        log_absent = (
            gammaln(rest + 1)
            - gammaln(np.maximum(left, 0) + 1)
            - gammaln(rows + 1)
            + gammaln(rows - drawn + 1)
        )
    return np.asarray(np.where(left < 0, 1.0, 1.0 - np.exp(np.minimum(log_absent, 0.0))))


def lost(counts: FloatArray) -> FloatArray:
    r"""Say which share of the cells that a table once had are empty now.

    Parameters
    ----------
    counts : ndarray, shape (..., cells)
        Rows on each cell that held rows at the beginning: levels, or pairs of values.

    Returns
    -------
    ndarray of float, shape (...)
        From 0 (all are there, perfect) to 1 (all are gone); 0 where there are none. No rarefaction: tables of
        equal size must be compared, and a perfect model of a finite table loses some too.

    Notes
    -----
    .. math:: \frac1L \sum_{l=1}^L [c_l = 0]

    References
    ----------
    Wright (1931), Evolution in Mendelian populations, on the loss of alleles by drift.

    Examples
    --------
    >>> float(lost(np.array([3, 0, 1, 0])))
    0.5
    """
    return np.asarray((counts == 0).mean(axis=-1) if counts.shape[-1] else np.zeros(counts.shape[:-1]))


def rare_share(counts: FloatArray, rows: FloatArray) -> FloatArray:
    r"""Say how many values that were rare at the beginning a row holds on average.

    Parameters
    ----------
    counts : ndarray, shape (..., levels)
        Rows on each level that was rare at the beginning.
    rows : ndarray, shape (...)
        Rows of the table.

    Returns
    -------
    ndarray of float, shape (...)
        0 and more; perfect is what it was at the beginning. Under a row bootstrap it is a martingale.

    Notes
    -----
    .. math:: \frac1n \sum_l c_l

    References
    ----------
    Ewens (2004), Mathematical Population Genetics, chapter 3, on the drift of frequencies.
    """
    return np.asarray(counts.sum(axis=-1) / rows)


def mass_ratio_interval(
    real: float, n: float, synthetic: float, m: float, level: float = 0.95
) -> tuple[float, float]:
    r"""Give an exact interval for how much more mass a level has in the synthetic than in the real table.

    Parameters
    ----------
    real : float
        Real rows that hold the level.
    n : float
        Real rows.
    synthetic : float
        Synthetic rows that hold the level.
    m : float
        Synthetic rows.
    level : float, default 0.95
        Coverage.

    Returns
    -------
    tuple of float
        Lower and upper end of the ratio; 1 is perfect. Infinite above when no real row holds the level.

    Notes
    -----
    Given their sum, the synthetic count is binomial with probability :math:`m\rho / (m\rho + n)`; the
    Clopper–Pearson interval is inverted to :math:`\rho`.

    References
    ----------
    Clopper, Pearson (1934); Przyborowski, Wilenski (1940).
    """
    from scipy.stats import beta

    total = real + synthetic
    tail = (1 - level) / 2
    low = 0.0 if synthetic == 0 else float(beta.ppf(tail, synthetic, total - synthetic + 1))
    high = 1.0 if real == 0 else float(beta.ppf(1 - tail, synthetic + 1, total - synthetic))
    return (low / (1 - low) * n / m, np.inf if high >= 1 else high / (1 - high) * n / m)


def relative_tail_difference(p: FloatArray, q: FloatArray, reference: FloatArray) -> FloatArray:
    r"""Say by what share of its size a tail gained or lost mass.

    Parameters
    ----------
    p, q : ndarray of float, shape (..., tails)
        Share of each table's values in each tail.
    reference : ndarray of float, shape (tails,)
        Share of all real values in each tail.

    Returns
    -------
    ndarray of float, shape (..., tails)
        0 is equal (perfect); 1 is a tail lost or doubled; no upper limit: too heavy counts like too light.

    Notes
    -----
    .. math:: |p - q| / r
    """
    return np.asarray(np.abs(p - q) / reference)
