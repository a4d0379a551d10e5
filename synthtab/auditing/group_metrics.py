"""Fidelity inside each level of chosen columns, for any choice of shards."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from synthtab.auditing.pair_metrics import WIDTH
from synthtab.auditing.readings import Reading, Tables, Weights, reading
from synthtab.metrics.group_utility import RowGroup
from synthtab.metrics.marginal import shares, total_variation
from synthtab.profiling.plan import RARE_LEVELS, ColumnPlan, ProfilePlan
from synthtab.schema import CastTable, Kind, Role
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.schema.columns import ColumnSpec

__all__ = ["Group", "GroupMetrics", "default_groups", "find_groups", "groups_of_rows"]

LEAST_ROWS = 50
MOST_LEVELS = 12
MOST_COLUMNS = 6
_DAY = 86_400


@dataclass(frozen=True)
class Group:
    """One level, or interval, of a chosen column.

    Parameters
    ----------
    column : int
        Position of the column.
    label : str
        Level, or interval in words.
    cells : tuple of int
        Pair cells that make it up.
    rows : int
        Real rows in it.
    """

    column: int
    label: str
    cells: tuple[int, ...]
    rows: int


def default_groups(columns: tuple[ColumnSpec, ...], levels: dict[str, int]) -> tuple[str, ...]:
    """Choose the columns inside whose levels fidelity is asked when nobody chose.

    Parameters
    ----------
    columns : tuple of ColumnSpec
        Modelled columns.
    levels : dict of str to int
        Levels of each label column.

    Returns
    -------
    tuple of str
        Quasi-identifiers of up to 12 levels, and quasi-identifying numbers; when there are none, label
        columns of up to 12 levels; at most six, in schema order.
    """
    fitting = [c for c in columns if c.kind.is_number or 1 < levels.get(c.name, 0) <= MOST_LEVELS]
    quasi = [c.name for c in fitting if c.role is Role.QUASI_IDENTIFIER]
    labels = [c.name for c in fitting if not c.kind.is_number]
    return tuple((quasi or labels)[:MOST_COLUMNS])


def find_groups(
    tables: Tables, chosen: tuple[str, ...], k: int, *, has_holdout: bool = True
) -> tuple[Group, ...]:
    """List the groups that enough real rows stand behind.

    Parameters
    ----------
    tables : Tables
        The three profiles.
    chosen : tuple of str
        Columns whose levels are groups.
    k : int
        Smallest number of people that may be shown.
    has_holdout : bool, default True
        Whether the holdout is a table of its own.

    Returns
    -------
    tuple of Group
        Levels, or about five intervals of a number, with at least 50 rows in both real tables.
    """
    plan = tables.profiles[0].plan
    found = []
    for index in sorted(plan.names.index(name) for name in set(chosen)):
        column = plan.columns[index]
        counts = [
            np.bincount(column.pair_of_bin, weights=profile.bin_totals[index]).astype(np.int64)
            for profile in tables.profiles[1:]
        ]
        whole_days = not any(view.column == index and view.part == "hour" for view in plan.views)
        for label, cells in _levels_of(column, whole_days=whole_days):
            own = [int(side[list(cells)].sum()) for side in counts]
            if min(own) >= max(LEAST_ROWS, 2 * k):
                found.append(Group(index, label, cells, sum(own) if has_holdout else own[-1]))
    return tuple(found)


def groups_of_rows(plan: ProfilePlan, groups: tuple[Group, ...], rows: CastTable) -> tuple[RowGroup, ...]:
    """Say which rows belong to each group.

    Parameters
    ----------
    plan : ProfilePlan
        The plan that the groups were found under.
    groups : tuple of Group
        The groups.
    rows : CastTable
        Some rows.

    Returns
    -------
    tuple of RowGroup
        In the order of the groups.
    """
    cells = {
        index: plan.columns[index].pair_of_bin[plan.columns[index].encode(rows[plan.names[index]])]
        for index in sorted({group.column for group in groups})
    }
    return tuple(
        RowGroup(plan.names[group.column], group.label, np.isin(cells[group.column], group.cells))
        for group in groups
    )


def _levels_of(column: ColumnPlan, *, whole_days: bool) -> list[tuple[str, tuple[int, ...]]]:
    if column.is_number:
        group = column.group_of_pair()[:-1]
        # the cells of a group are neighbours; its ends are edges of the plan, which name no real value
        words = _interval_words(column, group, whole_days=whole_days)
        return [(words[g], tuple(np.flatnonzero(group == g).tolist())) for g in range(int(group.max()) + 1)]
    of_cell: dict[int, list[str]] = {}
    for level, cell in zip(column.levels, column.pair_of_bin.tolist(), strict=False):
        of_cell.setdefault(cell, []).append(level)
    return [
        (levels[0], (cell,))
        for cell, levels in sorted(of_cell.items())
        if len(levels) == 1 and levels[0] != RARE_LEVELS
    ]


def _interval_words(column: ColumnPlan, group: IntArray, *, whole_days: bool) -> list[str]:
    cell_pair = np.zeros(column.n_cells - 1, dtype=np.int64)
    cell_pair[column.cell_of_bin[:-1]] = column.pair_of_bin[:-1]
    starts = [int(np.flatnonzero(group[cell_pair] == g)[0]) for g in range(1, int(group.max()) + 1)]
    edges = [float(column.edges[start - 1]) for start in starts]
    if not edges:
        return ["any value"]
    if column.kind is Kind.INTEGER:
        whole = [math.ceil(edge) for edge in edges]
        between = [f"{a:,}" if b == a + 1 else f"{a:,} to {b - 1:,}" for a, b in pairwise(whole)]
        return [f"under {whole[0]:,}", *between, f"{whole[-1]:,} and over"]
    words = [_edge_text(edge, column, whole_days=whole_days) for edge in edges]
    between = [f"{a} to {b}" for a, b in pairwise(words)]
    return [f"under {words[0]}", *between, f"{words[-1]} and over"]


def _edge_text(edge: float, column: ColumnPlan, *, whole_days: bool) -> str:
    if column.kind is not Kind.DATETIME:
        return f"{edge:,.10g}"
    if whole_days:
        # an edge in the middle of a day lies before the next one
        return str(np.datetime64(math.ceil(edge / _DAY) * _DAY, "s").astype("datetime64[D]"))
    return str(np.datetime64(math.ceil(edge), "s")).replace("T", " ")


class GroupMetrics:
    """Read how well the other columns fit inside each group.

    Parameters
    ----------
    tables : Tables
        The three profiles.
    groups : tuple of Group
        The groups.
    """

    def __init__(self, tables: Tables, groups: tuple[Group, ...]) -> None:
        self.tables = tables
        self.plan = tables.profiles[0].plan
        self.groups = groups
        self._place = {pair: position for position, pair in enumerate(self.plan.pairs)}

    def on(self, tables: Tables) -> GroupMetrics:
        """Give the same questions to other tables under the same plan.

        Parameters
        ----------
        tables : Tables
            The other tables.

        Returns
        -------
        GroupMetrics
            With the scales, cells and members of these.
        """
        other = copy(self)
        other.tables = tables
        return other

    def read(self, weights: Weights) -> Reading:
        """Measure a batch of choices.

        Parameters
        ----------
        weights : Weights
            Which shards make up each table.

        Returns
        -------
        Reading
            For each group the mean, over all other columns, of the total variation inside it.
        """
        members: list[tuple[str, ...]] = []
        values: list[FloatArray] = []
        floors: list[FloatArray] = []
        for index in sorted({group.column for group in self.groups}):
            own = [group for group in self.groups if group.column == index]
            inside = [self._inside(index, own, pair) for pair in self._pairs_of(index)]
            parts = [np.stack(tables, axis=1) for tables in zip(*inside, strict=True)]
            if not parts:
                continue
            # (batch, other columns, groups, cells), shares inside each group
            views = weights.each(partial(self._shares, parts))
            values.append(total_variation(views[0], views[1]).mean(axis=1))
            floors.append(
                np.zeros((1, len(own)))
                if views[2] is views[1]
                else total_variation(views[2], views[1]).mean(axis=1)
            )
            members += [(self.plan.names[index], group.label) for group in own]
        return reading(members, values, floors)

    def _shares(self, parts: list[FloatArray], weight: FloatArray) -> FloatArray:
        return shares(self.tables.mix(parts, weight))

    def _pairs_of(self, index: int) -> list[tuple[int, int]]:
        return [pair for pair in self.plan.pairs if index in pair]

    def _inside(
        self, index: int, groups: list[Group], pair: tuple[int, int]
    ) -> list[npt.NDArray[np.float64]]:
        """Give (shards, groups, other column's groups) for each of the three profiles."""
        position = self._place[pair]
        other = pair[1] if pair[0] == index else pair[0]
        places = self.plan.columns[other].group_of_pair().copy()
        places[-1] = WIDTH - 1
        merge = np.eye(WIDTH)[places]
        pick = np.zeros((self.plan.columns[index].n_pair_cells, len(groups)))
        for column, group in enumerate(groups):
            pick[list(group.cells), column] = 1
        found: list[FloatArray] = []
        for profile in self.tables.profiles:
            table = profile.pairs[position].astype(np.float64)
            if pair[0] != index:
                table = np.swapaxes(table, -1, -2)
            found.append(np.asarray(pick.T @ table @ merge))
        return found
