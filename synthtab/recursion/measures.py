"""Measures: the figures of one generation, from counts alone, for one table or for hundreds at once.

Real chains and the chains of the drift null go through the same lines, so that they cannot disagree about a
definition; families are what an audit says of the same table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synthtab.auditing.column_metrics import ColumnMetrics
from synthtab.auditing.members import RARE_AT_MOST, find_rare_levels, find_tails
from synthtab.auditing.pair_metrics import PairMetrics
from synthtab.auditing.readings import Readings, Tables, Weights
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import calibrate
from synthtab.metrics.rare import lost, rare_share
from synthtab.profiling import Profile, count_table, make_plan
from synthtab.recursion.real import RealTables
from synthtab.results import Section
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.schema.rules import BoolArray
from synthtab.seeding import generator

__all__ = ["FAMILIES", "Figure", "Measures", "Scale"]

_COLUMNS = frozenset({"tvd", "ks", "missing_rate", "tail_mass"})
_PAIRS = frozenset({"interaction_tvd", "missingness", "cramers_v", "spearman"})
# of the readings of single members those that tell a column apart are kept
_BY_MEMBER = ("tvd", "tail_mass")
_FLOOR_DRAWS = 20
FAMILIES = ("tvd", "interaction_tvd", "tail_mass", "levels_lost")
"""What decay is fitted to: one figure a family of questions."""


@dataclass(frozen=True)
class Figure:
    """What one figure of a generation is.

    Parameters
    ----------
    section : Section
        Its family of questions.
    metric : str
        Name of the metric.
    columns : tuple of str
        Columns it is about; empty for a mean over all.
    """

    section: Section
    metric: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Scale:
    """What chance and fresh real data score on each figure.

    Parameters
    ----------
    chance, floor : ndarray of float, shape (figures,)
        A table without the property; real rows as many as are measured, against the holdout. NaN where there
        is none.
    """

    chance: FloatArray
    floor: FloatArray

    @property
    def known(self) -> BoolArray:
        """Where there is a scale, chance being worse than fresh real data: (figures,)."""
        return np.asarray(self.chance > self.floor)

    def calibrated(self, values: FloatArray) -> FloatArray:
        """Put figures on the scale from chance (0) to fresh real data (1).

        Parameters
        ----------
        values : ndarray of float, shape (..., figures)
            Figures.

        Returns
        -------
        ndarray of float, shape (..., figures)
            NaN where there is no scale.
        """
        # each figure is a family of one
        return calibrate(*(side[..., np.newaxis] for side in (self.chance, values, self.floor)))


class Measures:
    """Measure synthetic tables of one size against the holdout, and what they lost against D0.

    Parameters
    ----------
    real : RealTables
        The real rows; they are counted once.
    k : int, default 10
        Smallest number of people behind an end cell or a tail.
    seed : int, default 0
        Seed of the draws that stand for chance.
    """

    def __init__(self, real: RealTables, *, k: int = 10, seed: int = 0) -> None:
        self.schema = real.schema
        self.seed = seed
        self.k = k
        plan = make_plan(real.schema, [real.original, real.holdout], k, seed=seed)
        # what no figure here is made of need not be counted every generation
        self.plan = replace(plan, triples=(), views=(), keys=None)
        self.original = self.profile(real.original)
        self.holdout = self.profile(real.holdout)
        totals = tuple(a + b for a, b in zip(self.original.bin_totals, self.holdout.bin_totals, strict=True))
        self.tails = find_tails(self.plan, totals, min(self.original.n_rows, self.holdout.n_rows), k)
        self.rare = find_rare_levels(self.original)
        self._rare_cells = [
            np.flatnonzero((counts.ravel() > 0) & (counts.ravel() <= RARE_AT_MOST))
            for counts in self.original.pair_totals
        ]

    def profile(self, table: CastTable) -> Profile:
        """Count one table, whole.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        Profile
            In one shard.
        """
        return count_table(table, self.plan, shards=1, seed=self.seed)

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """What `read` gives, in order."""
        return self._collect(self._readings(self.original), self.original)[0]

    def read(self, tables: Profile) -> FloatArray:
        """Measure tables.

        Parameters
        ----------
        tables : Profile
            Counted under this plan; each shard is a table of its own.

        Returns
        -------
        ndarray of float, shape (tables, figures)
            As `figures` names them.
        """
        return self._collect(self._readings(tables), tables)[1]

    def scale(self, original: CastTable, rows: int) -> Scale:
        """Say what chance and fresh real data score.

        Parameters
        ----------
        original : CastTable
            D0.
        rows : int
            Rows that are measured; random parts of D0 with as many stand for fresh real data, or all of it.

        Returns
        -------
        Scale
            For each figure.
        """
        tables = Tables((self.original, self.holdout, self.original))
        weights = _weights(1)
        chance: dict[str, FloatArray] = {
            **ColumnMetrics(tables, self.tails, self.k).chance(weights, rows, generator(self.seed, "chance")),
            **(
                PairMetrics(tables).chance(weights, rows, generator(self.seed, "chance of pairs"))
                if self.plan.pairs
                else {}
            ),
            "tail_mass": np.ones(len(self.tails)),
        }
        against = np.full(len(self.figures), np.nan)
        floor = self._floor(original, rows)
        members: dict[str, int] = {}
        for position, figure in enumerate(self.figures):
            if figure.metric == "levels_lost":
                against[position], floor[position] = 1.0, 0.0
            elif figure.metric in chance and not figure.columns and len(chance[figure.metric]):
                against[position] = float(chance[figure.metric].mean())
            elif figure.metric in chance and figure.columns:
                # members come in the order in which chance lists them
                own = members.get(figure.metric, 0)
                against[position] = float(chance[figure.metric][own])
                members[figure.metric] = own + 1
            else:
                floor[position] = np.nan
        return Scale(against, floor)

    def cells(self, tables: Profile) -> list[npt.NDArray[np.int64]]:
        """Give one-way counts: levels of label columns, about twenty cells of number columns, missing last.

        Parameters
        ----------
        tables : Profile
            Counted under this plan; each shard is a table of its own.

        Returns
        -------
        list of ndarray of int, each of shape (tables, cells)
            One for each column.
        """
        found = []
        for column, counts in zip(self.plan.columns, tables.bins, strict=True):
            if not column.is_number:
                found.append(counts.astype(np.int64))
                continue
            merge = np.eye(column.n_cells)[column.cell_of_bin]
            found.append(np.rint(counts @ merge).astype(np.int64))
        return found

    # ------------------------------------------------------------------ inside

    def _floor(self, original: CastTable, rows: int) -> FloatArray:
        """Measure random parts of D0 with so many rows, on average; or D0 whole, where it is no larger."""
        if rows >= original.n_rows:
            return np.asarray(self.read(self.original)[0])
        rng = generator(self.seed, "floor")
        parts = [np.sort(rng.permutation(original.n_rows)[:rows]) for _ in range(_FLOOR_DRAWS)]
        found = [self.read(self.profile(original.take(part)))[0] for part in parts]
        return np.asarray(np.mean(found, axis=0))

    def _readings(self, tables: Profile) -> Readings:
        sides = Tables((tables, self.holdout, self.original))
        weights = _weights(tables.n_shards)
        found = ColumnMetrics(sides, self.tails, self.k).read(weights, _COLUMNS)
        if self.plan.pairs:
            found |= PairMetrics(sides).read(weights, _PAIRS)
        return found

    def _collect(self, readings: Readings, tables: Profile) -> tuple[tuple[Figure, ...], FloatArray]:
        labels: list[Figure] = []
        values: list[FloatArray] = []
        n = tables.n_shards

        def add(name: str, value: FloatArray, columns: tuple[str, ...] = ()) -> None:
            labels.append(Figure(metric(name).section, name, columns))
            values.append(np.broadcast_to(value, (n,)))

        for name in (*sorted(_COLUMNS), *sorted(_PAIRS)):
            if name in readings and readings[name].members:
                add(name, readings[name].value.mean(axis=1))
        rows = tables.shard_rows.astype(np.float64)
        if len(self.rare):
            held = self.rare_counts(tables)
            add("levels_lost", lost(held.astype(np.float64)))
            add("rare_share", rare_share(held.astype(np.float64), rows))
        cells = [
            counts.reshape(n, -1)[:, rare]
            for counts, rare in zip(tables.pairs, self._rare_cells, strict=True)
            if len(rare)
        ]
        if cells:
            add("joint_cells_lost", lost(np.concatenate(cells, axis=1).astype(np.float64)))
        add("outside_domain", tables.outside[:, -1] / rows)
        if self.plan.schema.rules:
            add("broken_rules", tables.broken[:, -1] / rows)
        for name in _BY_MEMBER:
            if name in readings:
                for position, columns in enumerate(readings[name].members):
                    add(name, readings[name].value[:, position], columns)
        return tuple(labels), np.stack(values, axis=1).astype(np.float64)

    @cached_property
    def levels(self) -> IntArray:
        """Rows of D0 on each level of a label column that any of them holds, column after column."""
        counts = self.level_counts(self.original.bins)
        return np.asarray(counts[0])

    def level_counts(self, bins: Sequence[IntArray]) -> IntArray:
        """Count the rows on each level that D0 holds.

        Parameters
        ----------
        bins : sequence of ndarray of int, each of shape (tables, n_bins + 1)
            One-way counts of each column.

        Returns
        -------
        ndarray of int, shape (tables, levels)
            Counts, label column after label column.
        """
        found = [
            bins[index][:, np.flatnonzero(self.original.bin_totals[index][: len(column.levels)])]
            for index, column in enumerate(self.plan.columns)
            if not column.is_number
        ]
        if not found:
            return np.zeros((len(bins[0]), 0), dtype=np.int64)
        return np.concatenate(found, axis=1)

    def rare_counts(self, tables: Profile) -> IntArray:
        """Count the rows on each level that is rare in D0.

        Parameters
        ----------
        tables : Profile
            Counted under this plan; each shard is a table of its own.

        Returns
        -------
        ndarray of int, shape (tables, rare levels)
            Counts.
        """
        if not len(self.rare):
            return np.zeros((tables.n_shards, 0), dtype=np.int64)
        return np.stack(
            [tables.bins[c][:, level] for c, level in zip(self.rare.columns, self.rare.levels, strict=True)],
            axis=1,
        )


def _weights(tables: int) -> Weights:
    """Let each shard of the first profile be a table of its own; the others have one shard each."""
    total = tables + 2
    one = np.eye(total)
    return Weights(one[:tables], one[tables : tables + 1], one[tables + 1 :])
