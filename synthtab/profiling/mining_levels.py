"""Rules between levels: one column determines another, one level implies another, two levels never meet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.profiling.mined_rules import BoolArray, RuleKind
from synthtab.profiling.mining_counts import Candidate, Evidence, PairCounts, ranked_classes
from synthtab.schema import CastTable

__all__ = ["Dependencies", "find_dependencies", "level_rules"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Cell = tuple[int, int]

_ROWS_A_LEVEL = 20
_LEAST_LEVEL_SHARE = 0.9
# of the rows that are known and not at the most frequent level; the exact share is judged pair by pair
_LEAST_VARIED = 0.005
_MOST_CANDIDATES = 2_000
_CELLS_A_ROW = 4


@dataclass(frozen=True)
class Dependencies:
    """Which label columns determine which others.

    Parameters
    ----------
    rules : mapping of (int, int) to Candidate
        By determining and determined column, as positions among the counted label columns.
    first : ndarray of int, shape (n_labels,)
        First member of each column's class of columns that determine each other.
    chained : ndarray of bool, shape (n_labels, n_labels)
        The relation between first members, less what follows through a third.
    """

    rules: dict[tuple[int, int], Candidate]
    first: IntArray
    chained: BoolArray

    @property
    def relation(self) -> BoolArray:
        """Whether the column of each row determines that of each column."""
        out: BoolArray = np.zeros((len(self.first), len(self.first)), dtype=bool)
        for pair in self.rules:
            out[pair] = True
        return out

    def candidates(self) -> Iterator[Candidate]:
        """Give the dependencies that do not follow from others.

        Yields
        ------
        Candidate
            Rules of kind ``determines``.
        """
        for (one, other), rule in sorted(self.rules.items()):
            if self.first[other] == one and (other, one) in self.rules:
                yield Candidate(rule.kind, rule.columns, rule.expected, "both ways", mapping=rule.mapping)
            elif self.chained[one, other]:
                yield rule


def find_dependencies(counts: PairCounts, table: CastTable, evidence: Evidence) -> Dependencies:
    """Find the label columns that determine others.

    Parameters
    ----------
    counts : PairCounts
        Counts of the table.
    table : CastTable
        The rows; needed for columns with more levels than were counted.
    evidence : Evidence
        What convinces.

    Returns
    -------
    Dependencies
        The rules and how they hang together.
    """
    size = len(counts.starts)
    rules: dict[tuple[int, int], Candidate] = {}
    relation: BoolArray = np.zeros((size, size), dtype=bool)
    promising = _promising(counts, table, evidence)
    alone: BoolArray = np.ones(size, dtype=bool)
    for one, other in np.argwhere(promising).tolist():
        if not (alone[one] and alone[other]) or (one, other) in rules:
            continue
        rule = _dependency(counts, table, evidence, one, other)
        if rule is None:
            continue
        rules[one, other] = rule
        back = _dependency(counts, table, evidence, other, one) if promising[other, one] else None
        if back is not None:
            # from here on the first of the two speaks for both
            rules[other, one] = back
            alone[max(one, other)] = False
    for pair in rules:
        relation[pair] = True
    return Dependencies(rules, *ranked_classes(relation))


def _promising(counts: PairCounts, table: CastTable, evidence: Evidence) -> BoolArray:
    """Say which label columns may determine which others.

    The counted levels bound the rows that disagree with the most frequent partner from below, so nothing true
    is refused.
    """
    size = len(counts.starts)
    if size == 0:
        return np.zeros((0, 0), dtype=bool)
    columns = [table.label(counts.names[index]) for index in counts.label_columns]
    held = np.array([len(np.unique(column.codes[column.codes >= 0])) for column in columns])
    best = np.maximum.reduceat(counts.level_pairs, counts.starts, axis=1)
    seen = np.add.reduceat(counts.level_pairs, counts.starts, axis=1)
    broken = np.add.reduceat(seen - best, counts.starts, axis=0)
    known = counts.n_rows - np.diagonal(counts.both_missing)[counts.label_columns]
    varied = known - np.maximum.reduceat(counts.level_rows, counts.starts) >= _LEAST_VARIED * counts.n_rows
    out = (
        (broken <= evidence.tolerance * counts.n_rows)
        & varied
        & (held * _ROWS_A_LEVEL < counts.n_rows)[:, None]
    )
    np.fill_diagonal(out, val=False)
    return np.asarray(out)


def _dependency(
    counts: PairCounts, table: CastTable, evidence: Evidence, one: int, other: int
) -> Candidate | None:
    """Judge one dependency on all its levels."""
    names = (counts.names[counts.label_columns[one]], counts.names[counts.label_columns[other]])
    first, second = (table.label(name) for name in names)
    known = (first.codes >= 0) & (second.codes >= 0)
    width = len(second.levels)
    joint = first.codes[known] * width + second.codes[known]
    if len(first.levels) * width <= _CELLS_A_ROW * counts.n_rows:
        dense = np.bincount(joint)
        cells = np.flatnonzero(dense)
        number = dense[cells]
    else:
        cells, number = np.unique(joint, return_counts=True)
    source, target = cells // width, cells % width
    rows = np.bincount(source, number, len(first.levels))
    # the last of each source, sorted by rows, is its most frequent partner
    order = np.lexsort((-target, number, source))
    last = order[np.append(source[order][1:] != source[order][:-1], True)]
    last = last[rows[source[last]] >= evidence.k]
    applies, agreed = rows[source[last]], number[last]
    mapped = (agreed >= evidence.k) & (agreed >= _LEAST_LEVEL_SHARE * applies)
    broken = applies.sum() - agreed[mapped].sum()
    last, applies = last[mapped], applies[mapped]
    share = np.bincount(target, number, width) / max(number.sum(), 1)
    expected = float((applies * (1 - share[target[last]])).sum())
    total = float(np.count_nonzero(known))
    if len(set(target[last].tolist())) < 2 or 1 - share.max() < evidence.least_share:  # noqa: PLR2004
        return None
    if not evidence.convinces(expected, float(broken), float(applies.sum()), floor=total):
        return None
    mapping = tuple((first.levels[source[cell]], second.levels[target[cell]]) for cell in last)
    return Candidate(RuleKind.DETERMINES, names, expected, mapping=tuple(sorted(mapping)))


def level_rules(counts: PairCounts, found: Dependencies, evidence: Evidence) -> Iterator[Candidate]:
    """Give implications and structural zeros that follow from no other rule.

    Parameters
    ----------
    counts : PairCounts
        Counts of the table.
    found : Dependencies
        Dependencies among its columns; their levels are not told again.
    evidence : Evidence
        What convinces.

    Yields
    ------
    Candidate
        Rules of kind ``implies`` and ``never together``.
    """
    labels = counts.level_labels
    if len(labels) == 0:
        return
    pairs = counts.level_pairs
    gone = counts.level_missing[:, counts.label_columns[labels]]
    missing = np.diagonal(counts.both_missing)[counts.label_columns[labels]]
    both_gone = counts.both_missing[np.ix_(counts.label_columns[labels], counts.label_columns[labels])]
    known = np.maximum(counts.n_rows - missing[:, None] - missing + both_gone, 1)
    rows = counts.level_rows[:, None] - gone
    rate = rows.T / known
    apart = labels[:, None] != labels
    expected = rows * (1 - rate)
    implied = apart & evidence.convinces(expected, rows - pairs, rows, floor=rows)

    # a dependency implies level by level, but has been told already
    determined = found.relation
    told = determined | determined.T
    links = implied.copy()
    place = {
        (int(label), name): at
        for at, (label, name) in enumerate(zip(labels, counts.level_names, strict=True))
    }
    for (one, other), rule in found.rules.items():
        for source, target in rule.mapping:
            if (one, source) in place and (other, target) in place:
                links[place[one, source], place[other, target]] = True
    first, chained = ranked_classes(links)
    column_first = found.first[labels] == labels
    lead = (first == np.arange(len(first))) & column_first
    fresh = apart & ~told[np.ix_(labels, labels)]
    twins = links & links.T & (first[:, None] == first) & (lead[:, None] | lead)
    shown = implied & fresh & column_first & column_first[:, None] & (chained | twins)
    yield from _implications(counts, shown, expected)

    meeting = rows * rate
    zero = apart & (pairs == 0) & evidence.convinces(meeting, 0.0, 1.0)
    excluded = zero | _excluded(links, counts.starts, labels)
    steps = links.astype(np.float32)
    follows = (steps @ (excluded & lead[:, None]).astype(np.float32)) > 0
    zeros = (
        zero & fresh & lead & lead[:, None] & ~_excluded(links, counts.starts, labels) & ~follows & ~follows.T
    )
    yield from _never_together(counts, zeros, meeting)


def _excluded(links: BoolArray, starts: IntArray, labels: IntArray) -> BoolArray:
    """Say which pairs of levels an implication rules out: another level of the same column is implied."""
    some = np.logical_or.reduceat(links, starts, axis=1)[:, labels]
    out = some & ~links
    return out | out.T


def _implications(counts: PairCounts, shown: BoolArray, expected: FloatArray) -> Iterator[Candidate]:
    """Choose implications that each rule out something new, and join those with the same consequence."""
    labels, rows = counts.level_labels, counts.level_rows
    sources, targets = np.nonzero(shown)
    strongest = np.argsort(-expected[sources, targets], kind="stable")[:_MOST_CANDIDATES]
    ranked = sorted(
        ((int(sources[at]), int(targets[at])) for at in strongest),
        key=lambda pair: (-_others(counts, pair[1]), rows[pair[0]], pair),
    )
    ruled_out: set[Cell] = set()
    joined: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for source, target in ranked:
        block = counts.block(int(labels[target]))
        cells = {
            (min(source, level), max(source, level))
            for level in range(block.start, block.stop)
            if level != target
        }
        if not cells <= ruled_out:
            ruled_out |= cells
            joined[int(labels[source]), target].append(source)
    for (label, target), members in sorted(joined.items()):
        names = _names(counts, label, int(labels[target]))
        total = float(sum(expected[source, target] for source in members))
        levels = (_levels(counts, members), (counts.level_names[target],))
        yield Candidate(RuleKind.IMPLIES, names, total, levels=levels)


def _never_together(counts: PairCounts, zeros: BoolArray, meeting: FloatArray) -> Iterator[Candidate]:
    """Join the zeros of two columns around the levels that have most of them."""
    labels, rows = counts.level_labels, counts.level_rows
    by_columns: defaultdict[tuple[int, int], set[Cell]] = defaultdict(set)
    for one, other in np.argwhere(np.triu(zeros)).tolist():
        by_columns[int(labels[one]), int(labels[other])].add((one, other))
    for cells in by_columns.values():
        left = set(cells)
        while left:
            partners: defaultdict[int, list[int]] = defaultdict(list)
            for one, other in left:
                partners[one].append(other)
                partners[other].append(one)
            centre = min(partners, key=lambda level: (-len(partners[level]), rows[level], level))
            members = sorted(partners[centre])
            names = _names(counts, int(labels[centre]), int(labels[members[0]]))
            total = float(sum(meeting[centre, member] for member in members))
            levels = ((counts.level_names[centre],), _levels(counts, members))
            yield Candidate(RuleKind.NEVER_TOGETHER, names, total, levels=levels)
            left -= {(min(centre, member), max(centre, member)) for member in members}


def _others(counts: PairCounts, level: int) -> int:
    block = counts.block(int(counts.level_labels[level]))
    return int(block.stop - block.start - 1)


def _names(counts: PairCounts, one: int, other: int) -> tuple[str, str]:
    return counts.names[counts.label_columns[one]], counts.names[counts.label_columns[other]]


def _levels(counts: PairCounts, members: Iterable[int]) -> tuple[str, ...]:
    return tuple(sorted(counts.level_names[member] for member in members))
