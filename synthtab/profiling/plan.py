"""ProfilePlan: which cells every engine counts, fixed once by the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from synthtab.profiling.columns import RARE_LEVELS, ColumnPlan
from synthtab.profiling.cutting import GROUPS, plan_labels, plan_numbers
from synthtab.profiling.keys import KeyPlan, key_codes, most_frequent_keys
from synthtab.profiling.pairing import MOST_PAIRS, choose_pairs, choose_triples
from synthtab.profiling.views import ViewPlan, plan_views
from synthtab.schema import CastTable, TableSchema
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.schema.columns import Role

if TYPE_CHECKING:
    from synthtab.profiling.mined_rules import MinedRule

__all__ = [
    "GROUPS",
    "RARE_LEVELS",
    "SAMPLE_ROWS",
    "ColumnPlan",
    "KeyPlan",
    "ProfilePlan",
    "ViewPlan",
    "make_plan",
]

SAMPLE_ROWS = 200_000
"""Reference rows from which number columns are cut, where there are more."""

_PAIR_ROWS = 5_000


@dataclass(frozen=True, eq=False)
class ProfilePlan:
    """What every engine counts.

    Parameters
    ----------
    columns : tuple of ColumnPlan
        Modelled columns, in schema order.
    pairs : tuple of tuple of int
        Positions of the two columns of each two-way table.
    schema : TableSchema
        Domain and rules, whose violations are counted too.
    views : tuple of ViewPlan
        Number columns read as weekdays, months, hours or last digits.
    triples : tuple of tuple of int
        Positions of the three columns of each three-way table over interaction groups.
    keys : KeyPlan, optional
        Combinations of quasi-identifiers; None with fewer than two such columns.
    mined : tuple of MinedRule
        Rules found in the reference, whose applications and violations are counted.
    pairs_rule : str
        Empty when every pair is counted; otherwise one sentence that says which are.
    """

    columns: tuple[ColumnPlan, ...]
    pairs: tuple[tuple[int, int], ...]
    schema: TableSchema
    views: tuple[ViewPlan, ...] = ()
    triples: tuple[tuple[int, int, int], ...] = ()
    keys: KeyPlan | None = None
    mined: tuple[MinedRule, ...] = ()
    pairs_rule: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(column.name for column in self.columns)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Positions of the number columns."""
        return tuple(index for index, column in enumerate(self.columns) if column.is_number)

    def __getitem__(self, name: str) -> ColumnPlan:
        """Give one column's plan."""
        return self.columns[self.names.index(name)]


def make_plan(
    schema: TableSchema,
    references: Sequence[CastTable],
    k: int = 10,
    *,
    targets: Sequence[str] = (),
    mined: Sequence[MinedRule] = (),
    most_pairs: int = MOST_PAIRS,
    seed: int = 0,
) -> ProfilePlan:
    """Fix the cells from the reference rows.

    Number columns of more than 200,000 reference rows are cut from that many of them, evenly spread over the
    rows' content hashes and therefore the same in whatever order the rows come; so the first and last point
    are those of the sample. Levels and combinations of quasi-identifiers are found among all rows.

    Parameters
    ----------
    schema : TableSchema
        Says which columns are modelled, which levels are public and which columns are quasi-identifiers.
    references : sequence of CastTable
        Real rows: training and holdout together, so that neither is favoured.
    k : int, default 10
        End cells hold at least so many rows.
    targets : sequence of str, optional
        Columns that somebody wants to predict: all pairs with them are counted, and their triples.
    mined : sequence of MinedRule, optional
        Rules found in the reference, to be counted.
    most_pairs : int, default 2000
        Two-way tables at most, where there are more pairs than that and the targets do not need more.
    seed : int, default 0
        Seed of the choice of pairs and triples.

    Returns
    -------
    ProfilePlan
        The plan.
    """
    rows = _spread_rows(references, SAMPLE_ROWS)
    columns: list[ColumnPlan] = []
    views: list[ViewPlan] = []
    for index, spec in enumerate(schema.modelled):
        if spec.kind.is_label:
            columns.append(plan_labels(spec, [table.label(spec.name) for table in references]))
            continue
        values = [
            table.number(spec.name).values[own] if own is not None else table.number(spec.name).values
            for table, own in zip(references, rows, strict=True)
        ]
        distinct, counts = _distinct(np.concatenate(values))
        columns.append(plan_numbers(spec, distinct, counts, k))
        views += plan_views(index, spec.kind, distinct, counts)
    names = [column.name for column in columns]
    target_positions = sorted({names.index(name) for name in targets if name in names})

    def groups() -> list[npt.NDArray[np.integer]]:
        few = [
            table if own is None else table.take(own)
            for table, own in zip(references, _spread_rows(references, _PAIR_ROWS), strict=True)
        ]
        return [
            np.concatenate([column.group_of_bin[column.encode(table[column.name])] for table in few])
            for column in columns
        ]

    pairs, rule = choose_pairs(len(columns), target_positions, groups, most_pairs, seed)
    return ProfilePlan(
        tuple(columns),
        pairs,
        schema,
        views=tuple(views),
        triples=choose_triples(len(columns), target_positions, seed),
        keys=_plan_keys(schema, columns, references),
        mined=tuple(mined),
        pairs_rule=rule,
    )


def _distinct(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Give the distinct finite values in rising order, and how many rows hold each."""
    finite = np.sort(values[np.isfinite(values)])
    starts = np.flatnonzero(np.append(True, finite[1:] != finite[:-1])) if len(finite) else np.zeros(0, int)
    return finite[starts] + 0.0, np.diff(np.append(starts, len(finite)))


def _spread_rows(tables: Sequence[CastTable], most: int) -> list[npt.NDArray[np.intp] | None]:
    """Choose rows evenly over the order of content hashes, in proportion from each table; None means all."""
    total = sum(table.n_rows for table in tables)
    if total <= most:
        return [None] * len(tables)
    chosen: list[npt.NDArray[np.intp] | None] = []
    for table in tables:
        share = table.n_rows * most // total
        places = (np.arange(share) * table.n_rows + table.n_rows // 2) // max(share, 1)
        # in the order of the table, so that memory is read forwards; equal rows may stand for one another
        chosen.append(np.sort(table.content_order()[places]))
    return chosen


def _plan_keys(
    schema: TableSchema, columns: Sequence[ColumnPlan], references: Sequence[CastTable]
) -> KeyPlan | None:
    positions = tuple(
        index for index, spec in enumerate(schema.modelled) if spec.role is Role.QUASI_IDENTIFIER
    )
    if len(positions) < 2:  # noqa: PLR2004 - one column is no combination
        return None
    own = [columns[index] for index in positions]
    codes = [key_codes(own, [column.encode(table[column.name]) for column in own]) for table in references]
    return KeyPlan(positions, most_frequent_keys(np.concatenate(codes)))
