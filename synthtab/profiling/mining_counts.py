"""PairCounts: how often frequent levels and missing values occur together, and what convinces of a rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.profiling.mined_rules import BoolArray, MinedRule, RuleKind, rule_text
from synthtab.schema import CastTable, LabelColumn

__all__ = ["Candidate", "Evidence", "PairCounts", "count_pairs", "ranked_classes"]

FloatArray = npt.NDArray[np.float64]

_LEAST_EXPECTED = 20.0
_TIMES_RARER = 10.0
_ERROR = 0.01
_LEVELS_A_COLUMN = 50
_LEVELS_IN_ALL = 1_000
_BLOCK_ROWS = 8_192


@dataclass(frozen=True)
class Evidence:
    """What convinces of a rule.

    Parameters
    ----------
    k : int
        Least number of rows behind anything named.
    tolerance : float
        Largest share of breaking rows, among those to which a rule applies.
    tests : int
        Number of rules that were looked at.
    """

    k: int
    tolerance: float
    tests: int

    @property
    def least_share(self) -> float:
        """Least share of rows that independence must break, for rules that state one."""
        return _TIMES_RARER * self.tolerance

    def convinces(
        self,
        expected: FloatArray | float,
        broken: FloatArray | float,
        applies: FloatArray | float,
        floor: FloatArray | float = 0.0,
    ) -> BoolArray:
        """Say which rules hold and would not hold under independence; `mine_rules` gives the formula.

        Parameters
        ----------
        expected : ndarray of float
            Rows expected to break each rule under independence.
        broken : ndarray of float
            Rows that break it.
        applies : ndarray of float
            Rows to which it applies.
        floor : ndarray of float, default 0
            Rows of which independence must break at least `least_share`.

        Returns
        -------
        ndarray of bool
            True where a rule is kept.
        """
        from scipy.special import pdtr

        wanted, found = np.broadcast_arrays(np.asarray(expected, float), np.asarray(broken, float))
        kept = np.asarray(
            (wanted >= _LEAST_EXPECTED)
            & (wanted >= self.least_share * np.asarray(floor))
            & (found <= self.tolerance * np.asarray(applies))
            & (found <= _TIMES_RARER * self.tolerance * wanted)
        )
        # the distribution costs most: only where all else holds
        kept[kept] = pdtr(found[kept], wanted[kept]) < _ERROR / self.tests
        return kept


@dataclass(frozen=True)
class Candidate:
    """A rule that counting suggests.

    Parameters
    ----------
    kind : RuleKind
        What sort of rule it is.
    columns : tuple of str
        First and second column.
    expected : float
        Rows expected to break it under independence.
    relation : str, default ""
        As in `MinedRule`.
    levels : tuple of tuple of str, default ()
        As in `MinedRule`.
    mapping : tuple of tuple of str, default ()
        As in `MinedRule`.
    """

    kind: RuleKind
    columns: tuple[str, str]
    expected: float
    relation: str = ""
    levels: tuple[tuple[str, ...], ...] = ()
    mapping: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The rule in words."""
        return rule_text(self.kind, self.columns, self.relation, self.levels)

    def measured(self, table: CastTable) -> MinedRule:
        """Count on how many rows the rule applies and holds.

        Parameters
        ----------
        table : CastTable
            The real rows.

        Returns
        -------
        MinedRule
            The rule.
        """
        rule = MinedRule(self.kind, self.columns, self.text, 0, 0.0, self.relation, self.levels, self.mapping)
        applies, broken = rule.check(table)
        support = int(np.count_nonzero(applies))
        confidence = 1.0 - int(np.count_nonzero(broken)) / max(support, 1)
        return replace(rule, support=support, confidence=confidence)


@dataclass(frozen=True)
class PairCounts:
    """Count how often frequent levels and missing values occur in the same row.

    Parameters
    ----------
    names : tuple of str
        Every modelled column, sorted.
    label_columns : ndarray of int, shape (n_labels,)
        Which of them are label columns with a counted level.
    starts : ndarray of int, shape (n_labels,)
        First counted level of each.
    level_names : tuple of str
        The counted levels, by column, then by name: each held by `k` rows or more.
    complete : ndarray of bool, shape (n_labels,)
        Whether every level held by `k` rows or more is counted.
    level_pairs : ndarray of float, shape (n_levels, n_levels)
        Rows that hold both levels.
    level_missing : ndarray of float, shape (n_levels, n_columns)
        Rows that hold the level and miss the column.
    both_missing : ndarray of float, shape (n_columns, n_columns)
        Rows that miss both columns.
    n_rows : int
        Number of rows.
    """

    names: tuple[str, ...]
    label_columns: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    level_names: tuple[str, ...]
    complete: BoolArray
    level_pairs: FloatArray
    level_missing: FloatArray
    both_missing: FloatArray
    n_rows: int

    @property
    def width(self) -> int:
        """Number of levels and columns counted."""
        return len(self.level_names) + len(self.names)

    @property
    def level_rows(self) -> FloatArray:
        """Rows that hold each level."""
        return np.diagonal(self.level_pairs)

    @property
    def level_labels(self) -> npt.NDArray[np.intp]:
        """Position in `label_columns` of each level's column."""
        ends = np.append(self.starts[1:], len(self.level_names))
        return np.repeat(np.arange(len(self.starts)), ends - self.starts)

    def block(self, label: int) -> slice:
        """Give the levels of one label column.

        Parameters
        ----------
        label : int
            Position in `label_columns`.

        Returns
        -------
        slice
            Of the levels.
        """
        end = int(self.starts[label + 1]) if label + 1 < len(self.starts) else len(self.level_names)
        return slice(int(self.starts[label]), end)


def count_pairs(table: CastTable, k: int) -> PairCounts:
    """Count how often frequent levels and missing values occur in the same row.

    At most 50 levels a column and 1,000 in all are counted, the most frequent ones: the cost stays bounded,
    and rarer levels could hardly show a rule.

    Parameters
    ----------
    table : CastTable
        The rows; columns sorted by name.
    k : int
        Levels held by fewer rows are not counted.

    Returns
    -------
    PairCounts
        The counts.
    """
    names = tuple(table.columns)
    totals = {
        index: np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        for index, column in enumerate(table.columns.values())
        if isinstance(column, LabelColumn)
    }
    chosen = _most_frequent(table, names, totals, k)
    order = sorted(
        (names[index], table.label(names[index]).levels[code], index, code) for index, code in chosen
    )
    owner = np.array([index for _, _, index, _ in order], dtype=np.intp)
    labels, starts = np.unique(owner, return_index=True)
    held = np.array([np.count_nonzero(totals[int(index)] >= k) for index in labels], dtype=np.intp)
    gram = _products(table, [(index, code) for _, _, index, code in order])
    size = len(order)
    return PairCounts(
        names=names,
        label_columns=labels,
        starts=starts,
        level_names=tuple(level for _, level, _, _ in order),
        complete=np.bincount(owner, minlength=len(names))[labels] == held,
        level_pairs=gram[:size, :size],
        level_missing=gram[:size, size:],
        both_missing=gram[size:, size:],
        n_rows=table.n_rows,
    )


def _most_frequent(
    table: CastTable, names: tuple[str, ...], totals: dict[int, npt.NDArray[np.intp]], k: int
) -> list[tuple[int, int]]:
    """Choose the (column, code) pairs to count: by rows, equal ones by name."""
    ranked: list[tuple[int, str, str, int, int]] = []
    for index, total in totals.items():
        levels = table.label(names[index]).levels
        own = sorted((-int(total[code]), levels[code], int(code)) for code in np.flatnonzero(total >= k))
        ranked += [(rows, names[index], level, index, code) for rows, level, code in own[:_LEVELS_A_COLUMN]]
    return [(index, code) for _, _, _, index, code in sorted(ranked)[:_LEVELS_IN_ALL]]


def _products(table: CastTable, levels: list[tuple[int, int]]) -> FloatArray:
    """Multiply the indicators of levels, then of missing values, with one another."""
    columns = list(table.columns.values())
    size, width = len(levels), len(levels) + len(columns)
    places = {
        index: np.full(len(column.levels) + 1, -1, dtype=np.intp)
        for index, column in enumerate(columns)
        if isinstance(column, LabelColumn)
    }
    for place, (index, code) in enumerate(levels):
        places[index][code] = place
    gram = np.zeros((width, width))
    for start in range(0, table.n_rows, _BLOCK_ROWS):
        rows = slice(start, min(start + _BLOCK_ROWS, table.n_rows))
        # single precision counts exactly up to 16 million, and a block is far smaller
        shown = np.zeros((rows.stop - rows.start, width), dtype=np.float32)
        for index, column in enumerate(columns):
            shown[:, size + index] = column.is_missing[rows]
            if isinstance(column, LabelColumn):
                at = places[index][column.codes[rows]]
                seen = np.flatnonzero(at >= 0)
                shown[seen, at[seen]] = 1.0
        gram += shown.T @ shown
    return gram


def ranked_classes(relation: BoolArray) -> tuple[npt.NDArray[np.intp], BoolArray]:
    """Merge what follows from each other, and leave out what follows through a third.

    Parameters
    ----------
    relation : ndarray of bool, shape (n, n)
        Whether column j follows from row i; the diagonal is ignored.

    Returns
    -------
    first : ndarray of int, shape (n,)
        The first member of each item's class (strongly connected component).
    chained : ndarray of bool, shape (n, n)
        The relation between first members, less what follows in two steps.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    size = len(relation)
    if size == 0:
        return np.zeros(0, dtype=np.intp), relation
    links = csr_matrix(relation.astype(np.int8))
    _, component = connected_components(links, directed=True, connection="strong")
    _, lowest, inverse = np.unique(component, return_index=True, return_inverse=True)
    first = lowest[inverse]
    alone = first == np.arange(size)
    between = relation & alone & alone[:, None]
    np.fill_diagonal(between, val=False)
    steps = between.astype(np.float32)
    return first, between & ~((steps @ steps) > 0)
