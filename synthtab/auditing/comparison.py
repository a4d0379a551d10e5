"""Comparison: training, holdout and synthetic profiles, measured for any choice of their shards.

One function gives every Profile metric for a batch of *weights* over shards. A point estimate is one choice,
the jackknife leaves out one shard at a time, the null exchanges shards of the synthetic table and the
holdout: all three are the same computation, so they cannot disagree about a definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.auditing.members import RareLevels, Tail
from synthtab.metrics.association import (
    cramers_v,
    interaction,
    merge_cells,
    spearman,
    table_shares,
    table_total_variation,
)
from synthtab.metrics.marginal import cumulative, kolmogorov_smirnov, shares, total_variation, wasserstein
from synthtab.metrics.rare import presence, relative_tail_difference
from synthtab.profiling.plan import GROUPS
from synthtab.profiling.profile import Profile
from synthtab.schema.casting import FloatArray, IntArray
from synthtab.seeding import generator

__all__ = ["Comparison", "Reading", "Readings", "Weights"]

CHANCE_DRAWS = 50
_METRICS = (
    "tvd",
    "ks",
    "wasserstein",
    "missing_rate",
    "interaction_tvd",
    "pair_tvd",
    "cramers_v",
    "spearman",
)


@dataclass(frozen=True, eq=False)
class Weights:
    """Which shards make up each table, for a batch of choices.

    Parameters
    ----------
    synthetic, holdout, train : ndarray of float, shape (batch or 1, shards)
        Weight of each shard of the pool (synthetic, holdout and training shards, in that order).
    """

    synthetic: FloatArray
    holdout: FloatArray
    train: FloatArray


@dataclass(frozen=True, eq=False)
class Reading:
    """One metric on its members (columns, pairs, tails) for a batch of choices.

    Parameters
    ----------
    members : tuple of tuple of str
        The column or pair of each member.
    value : ndarray of float, shape (batch, members)
        Distance between holdout and synthetic rows.
    floor : ndarray of float, shape (batch, members)
        Distance between holdout and training rows.
    """

    members: tuple[tuple[str, ...], ...]
    value: FloatArray
    floor: FloatArray

    def for_batch(self, batch: int) -> Reading:
        """Give one row for each choice; a reading that no choice changes has only one.

        Parameters
        ----------
        batch : int
            Number of choices.

        Returns
        -------
        Reading
            The same figures.
        """
        shape = (batch, len(self.members))
        return Reading(self.members, np.broadcast_to(self.value, shape), np.broadcast_to(self.floor, shape))


Readings = dict[str, Reading]


@dataclass(frozen=True, eq=False)
class _ColumnView:
    """What the marginal metrics need of one column of one table."""

    cells: FloatArray
    missing: FloatArray
    below: FloatArray | None
    beyond: FloatArray


@dataclass(frozen=True, eq=False)
class _PairView:
    """What the association metrics need of one pair of one table."""

    interaction: FloatArray
    share: FloatArray
    v: FloatArray | None
    rho: FloatArray | None


class Comparison:
    """Three profiles under one plan.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        Counted under one plan, in shards of about equal size.
    rare : RareLevels
        Levels that few training rows hold.
    tails : tuple of Tail
        Tails to score.
    seed : int
        Seed of the draws that stand for chance.
    """

    def __init__(
        self,
        synthetic: Profile,
        holdout: Profile,
        train: Profile,
        rare: RareLevels,
        tails: tuple[Tail, ...],
        seed: int,
    ) -> None:
        self.plan = synthetic.plan
        self.profiles = (synthetic, holdout, train)
        self.rare = rare
        self.tails = tails
        self.seed = seed
        self.sizes = tuple(profile.n_shards for profile in self.profiles)
        self._scales = [self._inter_quartile_range(index) for index in range(len(self.plan.columns))]
        self._merges = [np.eye(column.n_groups)[column.group_of_pair()] for column in self.plan.columns]
        self._widths = [self._association_cells(position) for position in range(len(self.plan.pairs))]
        self._memberships = [_membership(column.cell_of_bin) for column in self.plan.columns]

    def read(self, weights: Weights) -> Readings:
        """Measure every Profile metric for a batch of choices.

        Parameters
        ----------
        weights : Weights
            Which shards make up each table.

        Returns
        -------
        dict of str to Reading
            By metric name.
        """
        tables = (weights.synthetic, weights.holdout, weights.train)
        batch = max(len(table) for table in tables)
        readings = {
            # a table of one column has no pair, one without numbers no ranks: their readings are empty
            **dict.fromkeys(_METRICS, Reading((), np.zeros((batch, 0)), np.zeros((batch, 0)))),
            **self._read_columns(tables),
            **self._read_pairs(tables),
            **self._read_rare(tables),
            **self._read_rows(tables),
        }
        return {name: reading.for_batch(batch) for name, reading in readings.items()}

    def chance(self, weights: Weights, rows: int) -> dict[str, FloatArray]:
        """Give what tables without the property would score, from samples of the synthetic size.

        Parameters
        ----------
        weights : Weights
            One choice of shards.
        rows : int
            Rows of each draw.

        Returns
        -------
        dict of str to ndarray of float, shape (members,)
            Mean over draws, by metric name.
        """
        rng = generator(self.seed, "chance")
        found: dict[str, list[float]] = {name: [] for name in ("tvd", "ks", "wasserstein", "missing_rate")}
        for index in range(len(self.plan.columns)):
            counts = self._column_counts(index, weights.holdout)
            view = self._column_view(index, counts)
            draws = rng.multinomial(rows, self._uniform(index, counts[0]), size=CHANCE_DRAWS).astype(
                np.float64
            )
            for name, value in self._column_distances(index, self._column_view(index, draws), view).items():
                # a table that forgot missing values altogether is what missing rates are measured against
                found[name].append(float(view.missing[0] if name == "missing_rate" else value.mean()))
        pair_names = ("interaction_tvd", "pair_tvd", "cramers_v", "spearman")
        found |= {name: [] for name in pair_names}
        for position in range(len(self.plan.pairs)):
            trained = self._pair_counts(position, weights.train)[0]
            total = max(trained.sum(), 1.0)
            product = np.outer(trained.sum(axis=1), trained.sum(axis=0)) / total**2
            draws = rng.multinomial(rows, product.ravel() / product.sum(), size=CHANCE_DRAWS).astype(
                np.float64
            )
            drawn = self._pair_view(position, draws.reshape(CHANCE_DRAWS, *product.shape))
            held = self._pair_view(position, self._pair_counts(position, weights.holdout))
            for name, value in _pair_distances(drawn, held).items():
                found[name].append(float(value.mean()))
        ones = {"coverage": np.ones(1), "tail_mass": np.ones(len(self.tails))}
        return {name: np.array(values) for name, values in found.items()} | ones

    # ------------------------------------------------------------------ columns

    def _read_columns(self, tables: tuple[FloatArray, FloatArray, FloatArray]) -> Readings:
        values: dict[str, list[FloatArray]] = {}
        floors: dict[str, list[FloatArray]] = {}
        members: dict[str, list[tuple[str, ...]]] = {}
        tail_value, tail_floor = [], []
        for index, column in enumerate(self.plan.columns):
            views = [
                self._column_view(index, self._column_counts(index, weight), self._overshoot(index, weight))
                for weight in tables
            ]
            value = self._column_distances(index, views[0], views[1])
            floor = self._column_distances(index, views[2], views[1])
            for name, distance in value.items():
                values.setdefault(name, []).append(distance)
                floors.setdefault(name, []).append(floor[name])
                members.setdefault(name, []).append((column.name,))
            for tail in (tail for tail in self.tails if tail.column == index):
                masses = [_tail_mass(tail, view) for view in views]
                tail_value.append(relative_tail_difference(masses[0], masses[1], np.array(tail.share)))
                tail_floor.append(relative_tail_difference(masses[2], masses[1], np.array(tail.share)))
        readings = {name: _reading(members[name], values[name], floors[name]) for name in values}
        tail_members = [(self.plan.columns[tail.column].name, f"q{tail.quantile:g}") for tail in self.tails]
        readings["tail_mass"] = _reading(tail_members, tail_value, tail_floor)
        return readings

    def _column_counts(self, index: int, weight: FloatArray) -> FloatArray:
        return self._mix([profile.bins[index] for profile in self.profiles], weight)

    def _overshoot(self, index: int, weight: FloatArray) -> FloatArray:
        return self._mix([profile.overshoot[:, index] for profile in self.profiles], weight)

    def _column_view(
        self, index: int, counts: FloatArray, overshoot: FloatArray | None = None
    ) -> _ColumnView:
        column = self.plan.columns[index]
        total = np.maximum(counts.sum(axis=-1), 1e-300)
        below = cumulative(counts[..., :-1]) if column.is_number else None
        beyond = np.zeros((len(counts), 2))
        if overshoot is not None:
            beyond = overshoot / np.maximum(total - counts[..., -1], 1.0)[:, None]
        return _ColumnView(shares(counts @ self._memberships[index]), counts[..., -1] / total, below, beyond)

    def _column_distances(self, index: int, first: _ColumnView, second: _ColumnView) -> dict[str, FloatArray]:
        column = self.plan.columns[index]
        found = {"tvd": total_variation(first.cells, second.cells)}
        if first.below is not None and second.below is not None and self._scales[index] > 0:
            low, high = column.bin_bounds()
            found["ks"] = kolmogorov_smirnov(first.below, second.below)
            beyond = np.abs(first.beyond - second.beyond).sum(axis=-1)
            found["wasserstein"] = wasserstein(
                first.below, second.below, (low + high) / 2, self._scales[index], beyond
            )
        found["missing_rate"] = np.abs(first.missing - second.missing)
        return found

    def _uniform(self, index: int, counts: FloatArray) -> FloatArray:
        """Give the probabilities of a table that knows a column's range and missing rate only."""
        column = self.plan.columns[index]
        present = counts[:-1]
        if column.is_number:
            low, high = column.bin_bounds()
            flat = high - low
        else:
            flat = ((present > 0) | np.append(column.is_public_level, False)).astype(np.float64)
        if not flat.sum():
            flat = np.ones_like(present)
        missing = counts[-1] / max(counts.sum(), 1.0)
        return np.append(flat / flat.sum() * (1 - missing), missing)

    def _inter_quartile_range(self, index: int) -> float:
        column = self.plan.columns[index]
        if not column.is_number:
            return 0.0
        counts = sum(profile.bin_totals[index][:-1] for profile in self.profiles[1:])
        below = cumulative(np.asarray(counts, dtype=np.float64))
        low, high = column.bin_bounds()
        middle = (low + high) / 2
        quarter, three = np.searchsorted(below, [0.25, 0.75])
        spread = float(middle[min(three, len(middle) - 1)] - middle[min(quarter, len(middle) - 1)])
        # a column that is mostly one value has no inter-quartile range: its whole range must serve
        return spread if spread > 0 else float(middle[-1] - middle[0])

    # ------------------------------------------------------------------ pairs

    def _read_pairs(self, tables: tuple[FloatArray, FloatArray, FloatArray]) -> Readings:
        values: dict[str, list[FloatArray]] = {}
        floors: dict[str, list[FloatArray]] = {}
        members: dict[str, list[tuple[str, ...]]] = {}
        for position, (first, second) in enumerate(self.plan.pairs):
            views = [self._pair_view(position, self._pair_counts(position, weight)) for weight in tables]
            floor = _pair_distances(views[2], views[1])
            for name, distance in _pair_distances(views[0], views[1]).items():
                values.setdefault(name, []).append(distance)
                floors.setdefault(name, []).append(floor[name])
                members.setdefault(name, []).append((self.plan.names[first], self.plan.names[second]))
        return {name: _reading(members[name], values[name], floors[name]) for name in values}

    def _pair_counts(self, position: int, weight: FloatArray) -> FloatArray:
        parts = [profile.pairs[position] for profile in self.profiles]
        shape = parts[0].shape[1:]
        return self._mix([part.reshape(len(part), -1) for part in parts], weight).reshape(-1, *shape)

    def _pair_view(self, position: int, counts: FloatArray) -> _PairView:
        first, second = self.plan.pairs[position]
        a, b = self.plan.columns[first], self.plan.columns[second]
        grouped = merge_cells(counts, self._merges[first], self._merges[second])
        present = counts[..., :-1, :-1]
        wide = self._widths[position]
        tested = present
        if not all(wide):
            tested = merge_cells(
                counts,
                *(
                    np.eye(n) if keep else merge
                    for keep, n, merge in zip(
                        wide, counts.shape[-2:], (self._merges[first], self._merges[second]), strict=True
                    )
                ),
            )[..., :-1, :-1]
        return _PairView(
            interaction=interaction(grouped),
            share=table_shares(counts),
            v=None if a.is_number and b.is_number else cramers_v(tested),
            rho=spearman(present) if a.is_ordered and b.is_ordered else None,
        )

    def _association_cells(self, position: int) -> tuple[bool, bool]:
        """Say which column of a pair keeps its cells in Cramér's V: beyond n/10 of them it reads noise."""
        first, second = self.plan.pairs[position]
        a, b = self.plan.columns[first].n_pair_cells - 1, self.plan.columns[second].n_pair_cells - 1
        both = min(int(profile.pair_totals[position][:-1, :-1].sum()) for profile in self.profiles[1:])
        if a * b <= both / 10:
            return True, True
        narrow = (a <= b, b < a)
        return narrow if min(a, b) * GROUPS <= both / 10 else (False, False)

    # ------------------------------------------------------------------ rare levels and rows

    def _read_rare(self, tables: tuple[FloatArray, FloatArray, FloatArray]) -> Readings:
        rows = self._rows(tables)
        held = self._rare_counts(tables)
        drawn = np.minimum(rows[0], rows[1])
        present = [presence(counts, n, drawn) for counts, n in zip(held[:2], rows[:2], strict=True)]
        absent = [
            1 - np.atleast_2d(part).mean(axis=-1) if len(self.rare) else np.zeros(len(part))
            for part in present
        ]
        mass = [(counts.sum(axis=-1) + 0.5) / (n[..., 0] + 1) for counts, n in zip(held, rows, strict=True)]
        invented = [counts / n for counts, n in zip(self._invented_counts(tables), rows, strict=True)]
        whole: list[tuple[str, ...]] = [()]
        return {
            "coverage": _reading(whole, [absent[0]], [absent[1]]),
            "rare_mass": _reading(whole, [mass[0] / mass[1]], [mass[2] / mass[1]]),
            "invented": _reading(
                [(column.name,) for column in self.plan.columns if not column.is_number],
                list(invented[0].T),
                list(invented[1].T),
            ),
        }

    def _rare_counts(self, tables: tuple[FloatArray, FloatArray, FloatArray]) -> list[FloatArray]:
        parts = [
            np.stack(
                [p.bins[c][:, level] for c, level in zip(self.rare.columns, self.rare.levels, strict=True)],
                axis=1,
            )
            if len(self.rare)
            else np.zeros((p.n_shards, 0))
            for p in self.profiles
        ]
        return [self._mix(parts, weight) for weight in tables]

    def _invented_counts(self, tables: tuple[FloatArray, FloatArray, FloatArray]) -> list[FloatArray]:
        """Count rows on levels that no training row holds and that are not public."""
        masks = []
        for index, column in enumerate(self.plan.columns):
            if column.is_number:
                continue
            known = (self.profiles[2].bin_totals[index][:-2] > 0) | column.is_public_level
            # the last bin before the missing one takes levels that the reference never held
            masks.append((index, np.append(~known, [True, False])))
        parts = [
            np.stack([profile.bins[index] @ mask for index, mask in masks], axis=1)
            if masks
            else np.zeros((profile.n_shards, 0))
            for profile in self.profiles
        ]
        return [self._mix(parts, weight) for weight in tables]

    def _read_rows(self, tables: tuple[FloatArray, FloatArray, FloatArray]) -> Readings:
        found = {}
        rows = self._rows(tables)
        names = {
            "outside_domain": [*((name,) for name in self.plan.names), ()],
            "broken_rules": [*((rule.text,) for rule in self.plan.schema.rules), ()],
        }
        for name, parts in (
            ("outside_domain", [p.outside for p in self.profiles]),
            ("broken_rules", [p.broken for p in self.profiles]),
        ):
            rates = [self._mix(parts, weight) / n for weight, n in zip(tables, rows, strict=True)]
            value, floor = np.broadcast_arrays(rates[0], rates[1])
            found[name] = Reading(tuple(names[name]), value, floor)
        return found

    def _rows(self, tables: tuple[FloatArray, FloatArray, FloatArray]) -> list[FloatArray]:
        """Give the rows of each table; at least one, so that a table without shards has rates of zero."""
        parts = [profile.shard_rows[:, None] for profile in self.profiles]
        return [np.maximum(self._mix(parts, weight), 1.0) for weight in tables]

    def _mix(self, parts: Sequence[npt.NDArray[np.generic]], weight: FloatArray) -> FloatArray:
        """Add up shards of the three tables by weight, skipping tables without any."""
        start, total = 0, np.zeros((1, 1))
        for part in parts:
            own = weight[:, start : start + len(part)]
            start += len(part)
            if own.any():
                total = total + own @ part.astype(np.float64)
        return np.asarray(np.broadcast_to(total, (len(weight), parts[0].shape[1])))


def _membership(cell_of_bin: IntArray) -> FloatArray:
    return np.eye(int(cell_of_bin[-1]) + 1)[cell_of_bin]


def _tail_mass(tail: Tail, view: _ColumnView) -> FloatArray:
    assert view.below is not None
    below = view.below[..., tail.bin]
    return 1 - below if tail.quantile > 0.5 else below  # noqa: PLR2004 - the middle


def _pair_distances(first: _PairView, second: _PairView) -> dict[str, FloatArray]:
    found = {
        "interaction_tvd": table_total_variation(first.interaction, second.interaction),
        "pair_tvd": table_total_variation(first.share, second.share),
    }
    if first.v is not None and second.v is not None:
        found["cramers_v"] = np.abs(first.v - second.v)
    if first.rho is not None and second.rho is not None:
        found["spearman"] = np.abs(first.rho - second.rho)
    return found


def _reading(
    members: Sequence[tuple[str, ...]], values: list[FloatArray], floors: list[FloatArray]
) -> Reading:
    if not members:
        return Reading((), np.zeros((1, 0)), np.zeros((1, 0)))
    value = np.stack(np.broadcast_arrays(*map(np.atleast_1d, values)), axis=-1)
    floor = np.stack(np.broadcast_arrays(*map(np.atleast_1d, floors)), axis=-1)
    value, floor = np.broadcast_arrays(value, floor)
    return Reading(tuple(members), value, floor)
