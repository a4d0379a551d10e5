"""Which pairs and triples of columns are counted when a table has too many to count them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

__all__ = ["MOST_PAIRS", "choose_pairs", "choose_triples", "interaction_strength"]

MOST_PAIRS = 2_000
MOST_TARGET_TRIPLES = 300
OTHER_TRIPLES = 40

Pair = tuple[int, int]
Triple = tuple[int, int, int]


def choose_pairs(
    n_columns: int,
    targets: Sequence[int],
    groups: Callable[[], Sequence[npt.NDArray[np.integer]]],
    most: int = MOST_PAIRS,
    seed: int = 0,
) -> tuple[tuple[Pair, ...], str]:
    """Choose the pairs of columns to count.

    All of them if they are few enough. Otherwise all that hold a target; then, of the rest of the budget,
    one half goes to the strongest associations among real rows, and the other half is drawn at random from
    what remains: an association that a synthesizer invents is weak among real rows, and must have a chance to
    be seen.

    Parameters
    ----------
    n_columns : int
        Number of columns.
    targets : sequence of int
        Positions of the targets.
    groups : callable
        Gives, for each column, the interaction group of each of some real rows; called only when needed.
    most : int, default 2000
        Number of pairs at most, unless the targets alone need more.
    seed : int, default 0
        Seed of the random half.

    Returns
    -------
    tuple of tuple of (int, int), and str
        Pairs in rising order, and one sentence that says how they were chosen, empty when all are there.
    """
    first, second = np.triu_indices(n_columns, 1)
    if len(first) <= most:
        return tuple(combinations(range(n_columns), 2)), ""
    chosen = np.isin(first, targets) | np.isin(second, targets)
    n_target = int(chosen.sum())
    rest = max(0, most - n_target)
    n_strong = (rest + 1) // 2
    if rest:
        strength = interaction_strength(groups())[first, second]
        # float rounding must not decide between equals
        ranked = np.argsort(-np.round(strength, 9), kind="stable")
        chosen[ranked[~chosen[ranked]][:n_strong]] = True
        left = np.flatnonzero(~chosen)
        drawn = generator(seed, "pairs").choice(len(left), min(rest - n_strong, len(left)), replace=False)
        chosen[left[drawn]] = True
    kept = [f"all {n_target:,} that hold a target"] if n_target else []
    if rest:
        kept.append(f"the {n_strong:,} with the strongest association among real rows")
        kept.append(f"{rest - n_strong:,} drawn at random from the others")
    *all_but_last, last = kept
    listed = f"{', '.join(all_but_last)} and {last}" if all_but_last else last
    rule = f"Of {len(first):,} pairs of columns, {int(chosen.sum()):,} are counted: {listed}."
    return tuple(zip(first[chosen].tolist(), second[chosen].tolist(), strict=True)), rule


def interaction_strength(groups: Sequence[npt.NDArray[np.integer]]) -> FloatArray:
    r"""Say how far each pair of columns is from independence.

    Parameters
    ----------
    groups : sequence of ndarray of int, each of shape (n_rows,)
        The interaction group of each row in each column.

    Returns
    -------
    ndarray of float, shape (n_columns, n_columns)
        From 0 (independent) to 1; what lies on the diagonal means nothing.

    Notes
    -----
    .. math:: \tfrac12 \sum_{ij} |p_{ij} - p_{i\cdot} p_{\cdot j}|

    All two-way tables are blocks of one product of the rows' indicator matrix with itself.
    """
    n_rows = len(groups[0]) if len(groups) else 0
    if not n_rows:
        return np.zeros((len(groups), len(groups)))
    widths = [int(column.max()) + 1 for column in groups]
    starts = np.concatenate([[0], np.cumsum(widths)[:-1]])
    # counts of a few thousand rows are exact in single precision
    indicators = np.zeros((n_rows, sum(widths)), dtype=np.float32)
    rows = np.arange(n_rows)
    for start, column in zip(starts, groups, strict=True):
        indicators[rows, start + column] = 1
    shares = (indicators.T @ indicators).astype(np.float64) / n_rows
    margins = shares.diagonal()
    apart = np.abs(shares - np.outer(margins, margins))
    return np.asarray(0.5 * np.add.reduceat(np.add.reduceat(apart, starts, axis=0), starts, axis=1))


def choose_triples(n_columns: int, targets: Sequence[int], seed: int = 0) -> tuple[Triple, ...]:
    """Choose the triples of columns to count.

    Parameters
    ----------
    n_columns : int
        Number of columns.
    targets : sequence of int
        Positions of the targets.
    seed : int, default 0
        Seed of the choice.

    Returns
    -------
    tuple of (int, int, int)
        All that hold a target, or 300 of them drawn at random, and 40 others; in rising order, none twice.
    """
    held = sorted(
        {
            tuple(sorted((target, *pair)))
            for target in targets
            for pair in combinations([c for c in range(n_columns) if c != target], 2)
        }
    )
    if len(held) > MOST_TARGET_TRIPLES:
        drawn = generator(seed, "target triples").choice(len(held), MOST_TARGET_TRIPLES, replace=False)
        held = [held[index] for index in drawn]
    others = [column for column in range(n_columns) if column not in set(targets)]
    rng = generator(seed, "triples")
    chosen: set[tuple[int, ...]] = set()
    if comb(len(others), 3) <= OTHER_TRIPLES:
        chosen = set(combinations(others, 3))
    while len(chosen) < min(OTHER_TRIPLES, comb(len(others), 3)):
        three = {others[index] for index in rng.integers(0, len(others), 3).tolist()}
        if len(three) == 3:  # noqa: PLR2004 - a triple
            chosen.add(tuple(sorted(three)))
    return tuple((a, b, c) for a, b, c in sorted([*held, *chosen]))
