"""Differences: which rows of a board are told apart, and by how much, over the seeds they share."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from synthtab.results import Difference, FamilyFigure, Interval
from synthtab.schema.cast_table import FloatArray
from synthtab.selection.worsening import holm

__all__ = ["differences", "mean_interval"]

REAL = 0.05
"""A difference is called real at this level, over all pairs of a figure together."""

_FEWEST = 2
_ROUNDING = 1e-12


def mean_interval(values: Sequence[float | None]) -> Interval:
    r"""Give the mean over refits with its 95 % interval.

    Parameters
    ----------
    values : sequence of float or None
        One a refit; None is left out.

    Returns
    -------
    Interval
        :math:`\bar x \pm t_{.975,\,n-1}\, s / \sqrt n`; without ends where there is one refit.
    """
    from scipy.special import stdtrit

    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return Interval()
    mean = float(known.mean())
    if len(known) < _FEWEST:
        return Interval(mean)
    half = float(stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) / math.sqrt(len(known)))
    return Interval(mean, mean - half, mean + half)


def differences(
    figures: Sequence[FamilyFigure], rows: Mapping[str, Sequence[Sequence[float | None]]]
) -> tuple[Difference, ...]:
    r"""Compare every pair of rows in every figure, paired over seeds.

    Rows share the real table and the seeds, so that what a seed does to both cancels. Student's t on the
    differences; p-values are adjusted over all pairs of a figure (Holm), so that the chance of calling any
    difference in it real where there is none is 5 %.

    Parameters
    ----------
    figures : sequence of FamilyFigure
        What is compared.
    rows : mapping of str to sequence of sequence of float or None
        By row: for each figure its values by seed; None where there is none.

    Returns
    -------
    tuple of Difference
        Figure after figure; largest differences first. Pairs with fewer than two seeds in common have no
        p-value.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure. Scand. J. Statistics 6.
    """
    listed: list[Difference] = []
    for place, item in enumerate(figures):
        found: list[tuple[str, str, Interval, float | None]] = []
        for first, second in itertools.combinations(rows, 2):
            pair = _paired(rows[first][place], rows[second][place])
            if not len(pair):
                continue
            gains = pair if item.higher_is_better else -pair
            better, worse = (first, second) if gains.mean() >= 0 else (second, first)
            by = mean_interval(np.abs(gains.mean()) + np.sign(gains.mean()) * (gains - gains.mean()))
            found.append((better, worse, by, _two_sided(gains)))
        adjusted = iter(holm([p for *_, p in found if p is not None]))
        told = []
        for better, worse, by, p in found:
            p_value = None if p is None else next(adjusted)
            is_real = p_value is not None and p_value <= REAL
            matters = by.value is not None and by.value > item.margin
            told.append(Difference(item.name, better, worse, by, p_value, is_real, matters))
        listed += sorted(told, key=lambda d: (-(d.by.value or 0.0), d.better, d.worse))
    return tuple(listed)


def _paired(first: Sequence[float | None], second: Sequence[float | None]) -> FloatArray:
    return np.array(
        [a - b for a, b in zip(first, second, strict=True) if a is not None and b is not None],
        dtype=np.float64,
    )


def _two_sided(gains: FloatArray) -> float | None:
    """Give the p-value of no difference; rows that never vary differ for sure, or not at all."""
    from scipy.special import stdtr

    if len(gains) < _FEWEST:
        return None
    mean, error = abs(float(gains.mean())), float(gains.std(ddof=1)) / math.sqrt(len(gains))
    if error <= _ROUNDING:
        return 0.0 if mean > _ROUNDING else 1.0
    return float(2 * stdtr(len(gains) - 1, -mean / error))
