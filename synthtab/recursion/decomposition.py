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
    bias_squared_error, training_error, sampling_error : ndarray of float, shape (G,)
        Standard errors, by a jackknife over chains; NaN with fewer than three.
    n_chains : ndarray of int, shape (G,)
        Chains with a value.
    """

    bias_squared: FloatArray
    training: FloatArray
    sampling: FloatArray
    bias_squared_error: FloatArray
    training_error: FloatArray
    sampling_error: FloatArray
    n_chains: IntArray

    @property
    def total(self) -> FloatArray:
        """Expected squared distance of n sampled rows from the reference: the three parts added up."""
        return self.bias_squared + self.training + self.sampling


def decompose(
    shares: FloatArray,
    reference: FloatArray,
    rows: int,
    measured: int,
    *,
    reference_rows: int | None = None,
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
    reference_rows : int, optional
        Rows of the reference where it is itself a sample; its own noise is then taken off the bias.

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
    if rows < 1 or measured < 2 or (reference_rows is not None and reference_rows < 2):  # noqa: PLR2004 - M - 1
        raise DataError(
            "At least 1 sampled row, 2 measured rows and 2 reference rows are needed.",
            hint="Measure many more rows than a generation hands on.",
        )
    noise = float(np.sum(truth * (1 - truth))) / (reference_rows - 1) if reference_rows else 0.0
    n_generations = chains.shape[1]
    parts, errors = np.full((3, n_generations), np.nan), np.full((3, n_generations), np.nan)
    counts = np.zeros(n_generations, dtype=np.int64)
    for g in range(n_generations):
        known = chains[~np.isnan(chains[:, g]).any(axis=1), g]
        counts[g] = len(known)
        if len(known) > 1:
            parts[:, g] = _parts(known, truth, rows, measured) - [noise, 0.0, 0.0]
        if len(known) > 2:  # noqa: PLR2004 - leaving one out must leave a variance
            left_out = np.array(
                [
                    _parts(np.delete(known, chain, axis=0), truth, rows, measured)
                    for chain in range(len(known))
                ]
            )
            errors[:, g] = np.sqrt((len(known) - 1) ** 2 / len(known)) * left_out.std(axis=0, ddof=1)
    return Decomposition(parts[0], parts[1], parts[2], errors[0], errors[1], errors[2], counts)


def _parts(known: FloatArray, truth: FloatArray, rows: int, measured: int) -> FloatArray:
    """Give bias squared, training and sampling variance, summed over cells."""
    between = known.var(axis=0, ddof=1)
    within = (known * (1 - known)).mean(axis=0) * measured / (measured - 1)
    bias_squared = (known.mean(axis=0) - truth) ** 2 - between / len(known)
    return np.array([bias_squared.sum(), (between - within / measured).sum(), within.sum() / rows])
