"""Findings that were lost, invented or turned round: pairs of columns by name."""

from __future__ import annotations

import numpy as np

from synthtab.auditing.choices import ShardChoices
from synthtab.auditing.comparison import Comparison
from synthtab.auditing.fidelity_scores import variance_over_tables
from synthtab.auditing.pair_metrics import PairStrengths
from synthtab.metrics.calibration import Z95
from synthtab.results import AssociationChange
from synthtab.schema.cast_table import FloatArray

__all__ = ["describe_changes"]

# strengths closer than this are called equal, whatever the size of the tables
LEAST_CHANGE = 0.1
MOST_SHOWN = 30
_NEGLIGIBLE = 0.1
_DECIMALS = 2


def describe_changes(
    comparison: Comparison, choices: ShardChoices, *, k: int, has_holdout: bool
) -> tuple[AssociationChange, ...]:
    """List the pairs whose strength of association departs from that of all real rows.

    Parameters
    ----------
    comparison : Comparison
        The three profiles.
    choices : ShardChoices
        Deletions of whole tables.
    k : int
        A column whose most frequent cell leaves fewer people than this is left out.
    has_holdout : bool
        Whether holdout and training rows are tables of their own.

    Returns
    -------
    tuple of AssociationChange
        Largest change first, at most 30: changes of at least 0.1 that are significant with a chance of a
        false alarm below .05 over all pairs.
    """
    if not comparison.plan.pairs:
        return ()
    whole, deletions, tables = choices.whole_tables()
    now, left_out = comparison.strengths(whole), comparison.strengths(deletions)
    gap = (now.synthetic - now.real)[0]
    error = np.sqrt(variance_over_tables(left_out.synthetic - left_out.real, tables))
    error = np.sqrt(error**2 + np.where(now.ordered, 0.0, _noise_of_v(comparison, now)))
    needed = np.maximum(LEAST_CHANGE, _critical(len(gap)) * error)
    real = [
        a + b if has_holdout else a
        for a, b in zip(comparison.profiles[2].bin_totals, comparison.profiles[1].bin_totals, strict=True)
    ]
    hidden = [bool(counts.sum() - counts.max(initial=0) < k) for counts in real]
    found = []
    for position in sorted(np.flatnonzero(np.abs(gap) >= needed), key=lambda p: (-abs(gap[p]), p)):
        first, second = comparison.plan.pairs[position]
        if hidden[first] or hidden[second]:
            continue
        before, after = float(now.real[0, position]), float(now.synthetic[0, position])
        half = Z95 * float(error[position])
        found.append(
            AssociationChange(
                comparison.plan.names[first],
                comparison.plan.names[second],
                _kind(before, after),
                "Spearman's correlation" if now.ordered[position] else "Cramér's V",
                *(round(figure, _DECIMALS) for figure in (before, after)),
                *(round(float(gap[position]) + side * half, _DECIMALS) for side in (-1, 1)),
            )
        )
    return tuple(found[:MOST_SHOWN])


def _noise_of_v(comparison: Comparison, strengths: PairStrengths) -> FloatArray:
    """Give the variance that the jackknife misses near 0, where the corrected V is cut."""
    plan = comparison.plan
    rows = [comparison.profiles[0].n_rows, sum(profile.n_rows for profile in comparison.profiles[1:])]
    sizes = np.array(
        [[max(plan.columns[index].n_pair_cells - 2, 1) for index in pair] for pair in plan.pairs], dtype=float
    )
    # of independent columns: the standard deviation of chi-squared over rows, on the scale of V squared
    alone = np.sqrt(2 * sizes.prod(axis=1)) / sizes.min(axis=1)
    found = np.zeros(len(alone))
    for side, n in zip((strengths.synthetic[0], strengths.real[0]), rows, strict=True):
        variance = alone / max(n, 1)
        found += np.where(side < 2 * np.sqrt(variance), variance, 0.0)
    return found


def _kind(before: float, after: float) -> str:
    if abs(before) >= _NEGLIGIBLE and abs(after) >= _NEGLIGIBLE and before * after < 0:
        return "reversed"
    if abs(after) < abs(before):
        return "lost" if abs(after) < max(_NEGLIGIBLE, abs(before) / 4) else "weakened"
    return "invented" if abs(before) < _NEGLIGIBLE else "strengthened"


def _critical(pairs: int) -> float:
    from scipy.special import ndtri

    return float(-ndtri(0.025 / max(pairs, 1)))
