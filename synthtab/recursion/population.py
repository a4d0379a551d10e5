"""Effective size: the rows of a table that drifts by resampling as fast as this synthesizer's does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthtab.errors import DataError
from synthtab.recursion.bands import checked_chains
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["EffectiveSize", "EffectiveSizes", "effective_size"]

_STEP_AXES = "(chains, generations, cells)"


@dataclass(frozen=True)
class EffectiveSize:
    """The effective size of one column, as a share of the rows sampled.

    Parameters
    ----------
    ratio : float
        N_e / n: 1 for a row bootstrap; below 1 shares move more per step, above 1 less. Infinite when
        they do not move at all, NaN when no step could be judged.
    low, high : float
        95 % interval over chains; NaN with a single chain.
    scaled_drift : float
        Mean of n F over steps and chains, of which the ratio is the inverse.
    steps : int
        Steps judged: those in which the column had more than one level to move.
    """

    ratio: float
    low: float
    high: float
    scaled_drift: float
    steps: int


@dataclass(frozen=True)
class EffectiveSizes:
    """The effective size of each column, and of all of them together.

    Parameters
    ----------
    columns : dict of str to EffectiveSize
        By column, in the order given.
    pooled : EffectiveSize
        From the mean of n F over columns, steps and chains.
    """

    columns: dict[str, EffectiveSize]
    pooled: EffectiveSize


def effective_size(
    before: Mapping[str, FloatArray],
    after: Mapping[str, FloatArray],
    rows: int | IntArray,
    *,
    measured: int | None = None,
    level: float = 0.95,
) -> EffectiveSizes:
    r"""Give N_e / n from how far the shares of a column move in the steps T_g to S_g.

    Per step, :math:`F = \sum_j (q_j - p_j)^2 / (1 - \sum_j p_j^2)`, with p the shares in the table that
    M_g was fitted on and q those in the n rows sampled from it. Under resampling :math:`E[nF] = 1`
    exactly, so :math:`N_e / n = 1 / \overline{nF}`, averaged over steps and chains *before* inverting (a
    single step of a two-level column gives anything from .26 to 250).

    What it means: the table whose resampling would move the shares as far per step. A model smoother
    than resampling has N_e > n only if what it samples still scatters less around T_g, as with quotas or
    stratified draws; a model that is systematically off has :math:`(bias)^2` of each step inside F, so
    N_e < n, and then N_e is no size of any sample: it grows with n to a limit, :math:`1/N_e \approx
    \mathrm{scatter}/n + bias^2/(1 - \sum p^2)`. `decompose` tells the two apart.

    Parameters
    ----------
    before, after : mapping of str to ndarray of float, shape (C, G, cells)
        Per column, counts or shares in T_g and in S_g; NaN in a step that failed. Columns with one
        level, and steps in which only one is left, are skipped.
    rows : int or ndarray of int, shape (G,)
        Rows n that S_g hands on.
    measured : int, optional
        Rows M that `after` counts, where they are not n: more rows, drawn for measuring only. Their
        scatter 1/M is then replaced by 1/n, without bias, and the figure is far less noisy.
    level : float, default 0.95
        Confidence of the intervals.

    Returns
    -------
    EffectiveSizes
        Per column and pooled. Chains are the replicates, 10 are advised; the interval is Student's t of
        the mean on a logarithmic scale, over chains weighted by their steps.

    Raises
    ------
    DataError
        When columns or shapes do not agree.

    Notes
    -----
    Measured coverage of the 95 % interval, Wright-Fisher chains, G = 10: 94-96 % with 3, 5, 10 and 20
    chains of two to sixty levels; 90-91 % for a level of two rows in 500 alone, whose n F is very skewed
    (a percentile bootstrap over chains: 74, 82, 88, 93 %; BCa no better).

    References
    ----------
    Waples (1989), A generalized approach for estimating effective population size from temporal changes
    in allele frequency, Genetics 121.

    Examples
    --------
    >>> before = {"sex": np.array([[[50, 50], [60, 40]], [[50, 50], [45, 55]]])}
    >>> after = {"sex": np.array([[[60, 40], [55, 45]], [[45, 55], [47, 53]]])}
    >>> round(effective_size(before, after, rows=100).pooled.scaled_drift, 2)
    1.55
    """
    if list(before) != list(after) or not before:
        raise DataError(
            "Counts before and after sampling name different columns, or none.",
            hint="Give the same columns, in the same order, for T_g and for S_g.",
        )
    drifts = {name: _scaled_drift(before[name], after[name], rows, measured) for name in before}
    if len({drift.shape for drift in drifts.values()}) > 1:
        raise DataError("The columns have different numbers of chains or generations.")
    return EffectiveSizes(
        columns={name: _estimate(drift, level) for name, drift in drifts.items()},
        pooled=_estimate(np.concatenate(list(drifts.values()), axis=1), level),
    )


def _scaled_drift(
    before: FloatArray, after: FloatArray, rows: int | IntArray, measured: int | None
) -> FloatArray:
    """Give n F of each chain and step; NaN where there is nothing to move."""
    counts = checked_chains(before, 3, _STEP_AXES), checked_chains(after, 3, _STEP_AXES)
    if counts[0].shape != counts[1].shape:
        raise DataError(f"Counts before have shape {counts[0].shape}, counts after {counts[1].shape}.")
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = (values / values.sum(axis=2, keepdims=True) for values in counts)
    # 1 - sum p^2 without cancellation: exactly 0 for a column at one level
    room = np.sum(p * (1 - p), axis=2)
    n = np.asarray(rows, dtype=np.float64)
    scaled = n * np.sum((q - p) ** 2, axis=2)
    if measured is not None:
        scaled = scaled + (1 - n / measured) * np.sum(q * (1 - q), axis=2) * measured / max(measured - 1, 1)
    return np.asarray(scaled / np.where(room > 0, room, np.nan), dtype=np.float64)


def _estimate(drift: FloatArray, level: float) -> EffectiveSize:
    """Give the inverse of the mean over all steps; chains that end early count by their steps."""
    from scipy.special import stdtrit

    known = ~np.isnan(drift)
    steps = known.sum(axis=1)
    sums = np.where(known, drift, 0.0).sum(axis=1)[steps > 0]
    steps = steps[steps > 0]
    total, n_chains = int(steps.sum()), len(steps)
    nan = float("nan")
    if total == 0:
        return EffectiveSize(nan, nan, nan, nan, 0)
    mean = float(sums.sum() / total)
    if mean <= 0:
        return EffectiveSize(float("inf"), nan, nan, mean, total)
    if n_chains == 1:
        return EffectiveSize(1 / mean, nan, nan, mean, total)
    # a ratio of sums (mean of n F per step), linearised; the delta method on its logarithm
    residual = sums - mean * steps
    error = float(np.sqrt(n_chains / (n_chains - 1) * np.sum(residual**2))) / total
    reach = float(np.exp(stdtrit(n_chains - 1, (1 + level) / 2) * error / mean))
    return EffectiveSize(1 / mean, 1 / (mean * reach), reach / mean, mean, total)
