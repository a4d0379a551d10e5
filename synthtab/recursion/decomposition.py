"""Decomposition: how much of what moves the shares is bias, training, and the size of the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthtab.errors import DataError
from synthtab.recursion.bands import checked_chains
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["Decomposition", "decompose"]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Expected squared distance of n sampled rows from the reference, per generation, in three parts.

    Parameters
    ----------
    bias_squared : ndarray of float, shape (G,)
        Squared distance of the expected shares from the reference, summed over cells.
    training : ndarray of float, shape (G,)
        Variance of the models' own shares between chains.
    sampling : ndarray of float, shape (G,)
        Variance that n sampled rows add.
    n_chains : ndarray of int, shape (G,)
        Chains with a value.
    """

    bias_squared: FloatArray
    training: FloatArray
    sampling: FloatArray
    n_chains: IntArray


def decompose(
    shares: FloatArray,
    reference: FloatArray,
    *,
    rows: int,
    measured: int,
) -> Decomposition:
    r"""Split the distance of sampled shares from the reference into bias, training and sampling.

    From each chain's model M rows are sampled *for measuring only*, M far above n. With s the measured
    shares, V their variance between chains and u = mean of :math:`s(1-s) M/(M-1)`, per cell and
    unbiased: training = :math:`V - u/M`, sampling = :math:`u/n`, bias² = :math:`(\bar s - p)^2 - V/C`.
    Unbiased estimates of small parts can be negative: they are not cut at 0, so that means over columns
    stay unbiased.

    Parameters
    ----------
    shares : ndarray of float, shape (C, G, cells)
        Shares in the M rows measured of each chain's model; NaN for a chain that failed.
    reference : ndarray of float, shape (cells,)
        Shares that are taken for true: those of D0, or of the holdout.
    rows : int
        Rows n that each generation hands on.
    measured : int
        Rows M measured, at least 2.

    Returns
    -------
    Decomposition
        The parts per generation, summed over cells; NaN with fewer than two chains.

    Raises
    ------
    DataError
        When shapes do not agree, or numbers of rows are too small.

    Examples
    --------
    >>> shares = np.array([[[0.6, 0.4]], [[0.8, 0.2]]])
    >>> parts = decompose(shares, np.array([0.5, 0.5]), rows=100, measured=1_000_000)
    >>> float(parts.bias_squared[0].round(4)), float(parts.training[0].round(4))
    (0.06, 0.04)
    """
    chains = checked_chains(shares, 3, "(chains, generations, cells)")
    truth = np.asarray(reference, dtype=np.float64)
    if truth.shape != chains.shape[2:]:
        raise DataError(f"The reference has shape {truth.shape}, the chains {chains.shape[2]} cells.")
    if rows < 1 or measured < 2:  # noqa: PLR2004 - M - 1
        raise DataError(
            "At least 1 sampled row and 2 measured rows are needed.",
            hint="Measure many more rows than a generation hands on.",
        )
    parts = np.full((3, chains.shape[1]), np.nan)
    counts = np.zeros(chains.shape[1], dtype=np.int64)
    for g in range(chains.shape[1]):
        known = chains[~np.isnan(chains[:, g]).any(axis=1), g]
        counts[g] = len(known)
        if len(known) > 1:
            parts[:, g] = _parts(known, truth, rows, measured)
    return Decomposition(parts[0], parts[1], parts[2], counts)


def _parts(known: FloatArray, truth: FloatArray, rows: int, measured: int) -> FloatArray:
    """Give bias squared, training and sampling variance, summed over cells."""
    between = known.var(axis=0, ddof=1)
    within = (known * (1 - known)).mean(axis=0) * measured / (measured - 1)
    bias_squared = (known.mean(axis=0) - truth) ** 2 - between / len(known)
    return np.array([bias_squared.sum(), (between - within / measured).sum(), within.sum() / rows])
