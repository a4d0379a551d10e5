"""Suppression: what may leave the house, decided in one place.

A number that comes from a real count c may be shown only when at least k people hold the value and at least k
do not. Cells that fail are withheld, and so is the next smallest whenever what is withheld could otherwise be
found by subtraction.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from synthtab.profiling.mined_rules import MinedRule
from synthtab.profiling.plan import RARE_LEVELS, ColumnPlan, ProfilePlan
from synthtab.profiling.profile import Moments, Profile
from synthtab.schema.cast_table import IntArray

__all__ = ["pooled_levels", "releasable_profile", "share_step", "withheld_cells"]

_LEAST_POOLED = 3
_SHARE_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


def withheld_cells(counts: npt.NDArray[np.integer], k: int) -> npt.NDArray[np.bool_]:
    """Say which cells of a table of counts must not be shown.

    Parameters
    ----------
    counts : ndarray of int, shape (cells,)
        People in each cell; the cells are disjoint and their sum is known to the reader.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    ndarray of bool, shape (cells,)
        True where withheld: cells of fewer than `k` people, empty ones too, and cells that leave fewer than
        `k` outside, unless nobody is outside. Never exactly one cell is withheld, and never cells of fewer
        than `k` people together: the next smallest go with them.

    Examples
    --------
    >>> withheld_cells(np.array([500, 40, 30, 3]), k=10).tolist()
    [False, False, True, True]
    """
    total = int(counts.sum())
    hidden = (counts < k) | ((total - counts > 0) & (total - counts < k))
    for cell in np.argsort(counts, kind="stable"):
        if not hidden.any() or (hidden.sum() > 1 and counts[hidden].sum() >= k):
            break
        hidden[cell] = True
    return np.asarray(hidden)


def pooled_levels(counts: npt.NDArray[np.integer], k: int) -> npt.NDArray[np.bool_]:
    """Say which levels of one column must stay without a name and without a count of their own.

    Every place that tells of levels one by one leaves out these, so that no two of them differ by a few.

    Parameters
    ----------
    counts : ndarray of int, shape (levels,)
        People on each level.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    ndarray of bool, shape (levels,)
        Levels of fewer than `k` people, and as many of the next smallest as it takes to make at least three
        levels that anybody holds, with at least `k` people; none where no level is held by few.

    Examples
    --------
    >>> pooled_levels(np.array([500, 40, 30, 3, 0]), k=10).tolist()
    [False, True, True, True, True]
    """
    pooled = counts < k
    for level in np.argsort(counts, kind="stable"):
        held = pooled & (counts > 0)
        if not held.any() or (held.sum() >= _LEAST_POOLED and counts[held].sum() >= k):
            break
        pooled[level] = True
    return np.asarray(pooled)


def share_step(people: int, k: int) -> float:
    """Give the grid on which shares of so many people may be printed.

    Parameters
    ----------
    people : int
        Whom the shares are of.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    float
        A thousandth, or the next rounder step that stands for at least `k` people: on a finer one a share
        would tell its count, and how many people are missing from its denominator.

    Examples
    --------
    >>> share_step(20_000, k=10), share_step(3_000, k=10), share_step(300, k=10)
    (0.001, 0.005, 0.05)
    """
    return next((step for step in _SHARE_STEPS if step * people >= k), _SHARE_STEPS[-1])


def releasable_profile(profile: Profile, k: int = 10) -> Profile:
    """Give the form of a profile that may be saved and sent.

    Exact values become cells of at least `k` people, rare levels are pooled in threes or more, every
    count is put on a grid of `k` with smaller ones set to zero, and shards are added up. Two-way tables
    keep the five or so groups of a column, so that few of their cells are small. Sums of values are left
    out, because one person's value can stand out in them. Combinations of quasi-identifiers are left out,
    and so are mined rules that name a rare level.

    Parameters
    ----------
    profile : Profile
        The full counts.
    k : int, default 10
        Smallest number of people that may be shown.

    Returns
    -------
    Profile
        One shard; `suppressed_below` is `k`.
    """
    merged = [
        _merge_column(column, profile.bin_totals[index], k)
        for index, column in enumerate(profile.plan.columns)
    ]
    groups_of_pairs = [_groups_of_pairs(column) for column, _ in merged]
    columns = tuple(replace(column, pair_of_bin=column.group_of_bin) for column, _ in merged)
    # combinations of quasi-identifiers are people, whatever their counts are rounded to
    rules = _releasable_rules(profile.plan, columns, k)
    plan = replace(profile.plan, columns=columns, keys=None, mined=tuple(rules.values()))
    kept_rules = list(rules)
    bins = tuple(
        _on_grid(counts @ _membership(groups), k)[None, :]
        for counts, (_, groups) in zip(profile.bin_totals, merged, strict=True)
    )
    into_pair = [
        _membership(to_group[_connected(old.pair_of_bin, groups)[1]])
        for old, (_, groups), to_group in zip(profile.plan.columns, merged, groups_of_pairs, strict=True)
    ]
    into_group = [
        _membership(_coarser(old, groups)[2])
        for old, (_, groups) in zip(profile.plan.columns, merged, strict=True)
    ]
    pairs = tuple(
        _on_grid(into_pair[a].T @ counts @ into_pair[b], k)[None]
        for (a, b), counts in zip(profile.plan.pairs, profile.pair_totals, strict=True)
    )
    triples = tuple(
        _on_grid(
            np.einsum("abc,ax,by,cz->xyz", counts, *(into_group[i] for i in columns_of), optimize=True), k
        )[None]
        for columns_of, counts in zip(profile.plan.triples, profile.triple_totals, strict=True)
    )
    return Profile(
        plan=plan,
        shard_rows=_on_grid(np.array([profile.n_rows]), k),
        bins=bins,
        overshoot=np.zeros((1, len(columns), 2)),
        pairs=pairs,
        outside=_on_grid(profile.outside.sum(axis=0), k)[None, :],
        broken=_on_grid(profile.broken.sum(axis=0), k)[None, :],
        moments=_without_sums(profile.moments),
        beyond=_on_grid(profile.beyond.sum(axis=0), k)[None],
        views=tuple(_on_grid(counts, k)[None] for counts in profile.view_totals),
        triples=triples,
        keys=np.zeros((1, 0), dtype=np.int64),
        mined_rows=_on_grid(profile.mined_rows.sum(axis=0), k)[None, kept_rules],
        mined_broken=_on_grid(profile.mined_broken.sum(axis=0), k)[None, [*kept_rules, -1]],
        suppressed_below=k,
    )


def _on_grid(counts: npt.NDArray[np.generic], k: int) -> IntArray:
    exact = np.asarray(counts, dtype=np.int64)
    return np.where(exact < k, 0, (exact + k // 2) // k * k)


def _membership(groups: IntArray) -> IntArray:
    return np.eye(int(groups.max(initial=0)) + 1, dtype=np.int64)[groups]


def _releasable_rules(plan: ProfilePlan, columns: tuple[ColumnPlan, ...], k: int) -> dict[int, MinedRule]:
    """Give the mined rules that name no level of fewer than `k` people, by position, without exact counts."""
    known = {column.name: {*column.levels, *plan.schema[column.name].public_categories} for column in columns}
    kept = {}
    for index, rule in enumerate(plan.mined):
        first, second = (known[name] for name in rule.columns)
        if not {level for levels in rule.levels for level in levels} <= first | second:
            continue
        exceptions = (1 - rule.confidence) * rule.support
        kept[index] = replace(
            rule,
            support=int(_on_grid(np.array(rule.support), k)),
            confidence=1.0 if exceptions < k else round(rule.confidence, 2),
            mapping=tuple((one, other) for one, other in rule.mapping if one in first and other in second),
        )
    return kept


def _merge_column(column: ColumnPlan, counts: IntArray, k: int) -> tuple[ColumnPlan, IntArray]:
    """Give a column's plan over cells of at least `k` people, and which of them each old bin goes to."""
    return _merge_numbers(column, counts, k) if column.is_number else _merge_levels(column, counts, k)


def _merge_numbers(column: ColumnPlan, counts: IntArray, k: int) -> tuple[ColumnPlan, IntArray]:
    cells = np.bincount(column.cell_of_bin, weights=counts).astype(np.int64)[:-1]
    starts = _starts_of_at_least(cells, k)
    group_of_cell = np.searchsorted(starts, np.arange(len(cells)), side="right") - 1
    groups = np.append(group_of_cell[column.cell_of_bin[:-1]], len(starts))
    edges = column.edges[[start - 1 for start in starts[1:]]]
    pair, group, _ = _coarser(column, groups)
    return (
        replace(
            column,
            points=edges,
            exact=False,
            edges=edges,
            cell_of_bin=np.arange(len(starts) + 1),
            pair_of_bin=pair,
            group_of_bin=group,
        ),
        groups,
    )


def _starts_of_at_least(cells: IntArray, k: int) -> list[int]:
    starts, mass = [0], 0
    for index, count in enumerate(cells.tolist()):
        if mass >= k and cells[index:].sum() >= k:
            starts.append(index)
            mass = 0
        mass += count
    return starts


def _merge_levels(column: ColumnPlan, counts: IntArray, k: int) -> tuple[ColumnPlan, IntArray]:
    own = counts[: len(column.levels)]
    pooled = pooled_levels(own, k)
    kept = np.flatnonzero(~pooled)
    names = tuple(column.levels[level] for level in kept) + ((RARE_LEVELS,) if pooled.any() else ())
    groups = np.full(len(counts), len(names), dtype=np.int64)
    groups[: len(own)] = len(kept)
    groups[kept] = np.arange(len(kept))
    groups[-1] = len(names) + 1  # unseen levels stay apart, missing values last
    pair, group, _ = _coarser(column, groups)
    public = np.append(column.is_public_level[kept], [True] if pooled.any() else [])
    return (
        replace(
            column,
            levels=names,
            is_public_level=public.astype(bool),
            cell_of_bin=np.arange(len(names) + 2),
            pair_of_bin=pair,
            group_of_bin=group,
        ),
        groups,
    )


def _coarser(column: ColumnPlan, groups: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Give the pair cell and the interaction group of each merged bin, and where each old group goes."""
    pair, lookup = _connected(column.pair_of_bin, groups)
    old_pair = np.zeros(len(lookup), dtype=np.int64)
    old_pair[column.pair_of_bin] = column.group_of_bin
    _, group_of_group = _connected(old_pair, lookup)
    # merged pair cells may join interaction groups: follow both mergings down
    of_pair = np.zeros(int(lookup.max()) + 1, dtype=np.int64)
    of_pair[lookup] = group_of_group[old_pair]
    return pair, of_pair[pair], group_of_group


def _connected(cells: IntArray, groups: IntArray) -> tuple[IntArray, IntArray]:
    """Join cells that share a merged bin; give the joined cell of each merged bin, and of each old cell."""
    joined = np.arange(int(cells.max()) + 1)
    for group in range(int(groups.max()) + 1):
        own = np.unique(joined[cells[groups == group]])
        joined[np.isin(joined, own)] = own[0]
    joined = np.unique(joined, return_inverse=True)[1]
    of_group = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    of_group[groups] = joined[cells]
    return of_group, joined.astype(np.int64)


def _groups_of_pairs(column: ColumnPlan) -> IntArray:
    """Give the interaction group of each pair cell."""
    of_pair = np.zeros(column.n_pair_cells, dtype=np.int64)
    of_pair[column.pair_of_bin] = column.group_of_bin
    return of_pair


def _without_sums(moments: Moments) -> Moments:
    nothing = np.zeros((1, *moments.both.shape[1:]))
    return Moments(nothing, nothing, nothing, nothing, np.zeros_like(moments.centers))
