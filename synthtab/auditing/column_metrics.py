"""Metrics of single columns, for any choice of shards: shapes, ranges, tails, calendars and last digits."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import partial

import numpy as np

from synthtab.auditing.members import Tail
from synthtab.auditing.readings import Readings, Tables, Weights, reading
from synthtab.metrics.marginal import (
    cumulative,
    jensen_shannon,
    kolmogorov_smirnov,
    quantile_positions,
    range_not_covered,
    shares,
    total_variation,
    wasserstein,
)
from synthtab.metrics.rare import relative_tail_difference
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["ColumnMetrics"]

CHANCE_DRAWS = 50
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
CALENDAR = ("weekday", "month", "hour")
_OF_COLUMNS = frozenset(
    {
        *("tvd", "jensen_shannon", "missing_rate", "ks", "wasserstein", "outside_range", "range_coverage"),
        *("quantiles", "tail_mass"),
    }
)
_OF_NUMBERS = ("ks", "wasserstein", "outside_range", "range_coverage", "quantiles")


@dataclass(frozen=True, eq=False)
class _Bins:
    """Which bins of a column are looked at, the missing one last."""

    used: IntArray
    membership: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def middle(self) -> FloatArray:
        """Where each bin's mass lies."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, eq=False)
class _ColumnView:
    """What the metrics need of one column of one table."""

    counts: FloatArray
    cells: FloatArray
    missing: FloatArray
    below: FloatArray | None
    overshoot: FloatArray
    outside: FloatArray


class ColumnMetrics:
    """Read what single columns say.

    Parameters
    ----------
    tables : Tables
        The three profiles.
    tails : tuple of Tail
        Tails to score.
    k : int
        A range ends where so many rows lie at or beyond its end: one person's extreme is nobody's business.
    """

    def __init__(self, tables: Tables, tails: tuple[Tail, ...], k: int) -> None:
        self.tables = tables
        self.k = k
        self.plan = tables.profiles[0].plan
        self.tails = tails
        self._scales = [self._inter_quartile_range(index) for index in range(len(self.plan.columns))]
        self._all = [self._bins(index, np.arange(c.n_bins + 1)) for index, c in enumerate(self.plan.columns)]
        # bins that no table holds change no distance: half of the bins of exact columns are gaps
        self._used = [
            self._bins(index, np.append(np.flatnonzero(held[:-1]), len(held) - 1))
            for index, held in enumerate(
                np.sum([p.bin_totals[i] for p in tables.profiles], axis=0) > 0
                for i in range(len(self.plan.columns))
            )
        ]

    def on(self, tables: Tables) -> ColumnMetrics:
        """Give the same questions to other tables under the same plan.

        Parameters
        ----------
        tables : Tables
            The other tables.

        Returns
        -------
        ColumnMetrics
            With the scales, cells and members of these.
        """
        other = copy(self)
        other.tables = tables
        return other

    def read(self, weights: Weights, wanted: frozenset[str]) -> Readings:
        """Measure a batch of choices.

        Parameters
        ----------
        weights : Weights
            Which shards make up each table.
        wanted : frozenset of str
            Metrics to measure.

        Returns
        -------
        dict of str to Reading
            By metric name.
        """
        values: dict[str, list[FloatArray]] = {}
        floors: dict[str, list[FloatArray]] = {}
        members: dict[str, list[tuple[str, ...]]] = {}
        if not wanted & _OF_COLUMNS:
            return self._read_views(weights, wanted)
        for index, column in enumerate(self.plan.columns):
            bins = self._used[index]
            views = weights.each(partial(self._view, index, bins))
            value = self._distances(index, bins, views[0], views[1], wanted)
            floor = dict.fromkeys(value, np.zeros(1))
            if views[2] is not views[1]:
                floor = self._distances(index, bins, views[2], views[1], wanted)
            for name, distance in value.items():
                values.setdefault(name, []).append(distance)
                floors.setdefault(name, []).append(floor[name])
                members.setdefault(name, []).append((column.name,))
            if "tail_mass" not in wanted:
                continue
            for tail in (tail for tail in self.tails if tail.column == index):
                edge = int(np.searchsorted(bins.used[:-1], tail.bin, side="right")) - 1
                masses = [_tail_mass(tail, edge, view) for view in views]
                share = np.array(tail.share)
                values.setdefault("tail_mass", []).append(
                    relative_tail_difference(masses[0], masses[1], share)
                )
                floors.setdefault("tail_mass", []).append(
                    relative_tail_difference(masses[2], masses[1], share)
                )
                members.setdefault("tail_mass", []).append((column.name, f"q{tail.quantile:g}"))
        found = {name: reading(members[name], values[name], floors[name]) for name in values}
        return {**found, **self._read_views(weights, wanted)}

    def chance(self, weights: Weights, rows: int, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Give what tables without the property would score, from samples of the synthetic size.

        Parameters
        ----------
        weights : Weights
            One choice of shards.
        rows : int
            Rows of each draw.
        rng : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        dict of str to ndarray of float, shape (members,)
            Mean over draws, by metric name.
        """
        wanted = frozenset({"tvd", "ks", "wasserstein", "missing_rate"})
        found: dict[str, list[float]] = {name: [] for name in wanted}
        for index in range(len(self.plan.columns)):
            bins = self._all[index]
            held = self._view(index, bins, weights.holdout)
            draws = rng.multinomial(rows, self._uniform(index, held.counts[0]), size=CHANCE_DRAWS)
            drawn = self._view_of(index, bins, draws.astype(np.float64), None, None)
            for name, value in self._distances(index, bins, drawn, held, wanted).items():
                # a table that forgot missing values altogether is what missing rates are measured against
                found[name].append(float(held.missing[0] if name == "missing_rate" else value.mean()))
        return {name: np.array(values) for name, values in found.items()}

    # ------------------------------------------------------------------ one column

    def _bins(self, index: int, used: IntArray) -> _Bins:
        column = self.plan.columns[index]
        low, high = column.bin_bounds() if column.is_number else (np.zeros(column.n_bins),) * 2
        return _Bins(used, _membership(column.cell_of_bin)[used], low[used[:-1]], high[used[:-1]])

    def _view(self, index: int, bins: _Bins, weight: FloatArray) -> _ColumnView:
        profiles = self.tables.profiles
        overshoot = outside = None
        if self.plan.columns[index].is_number:
            overshoot = self.tables.mix([profile.overshoot[:, index] for profile in profiles], weight)
            outside = self.tables.mix([profile.beyond[:, index] for profile in profiles], weight).sum(axis=-1)
        counts = self.tables.mix([profile.bins[index][:, bins.used] for profile in profiles], weight)
        return self._view_of(index, bins, counts, overshoot, outside)

    def _view_of(
        self,
        index: int,
        bins: _Bins,
        counts: FloatArray,
        overshoot: FloatArray | None,
        outside: FloatArray | None,
    ) -> _ColumnView:
        column = self.plan.columns[index]
        total = np.maximum(counts.sum(axis=-1), 1e-300)
        present = np.maximum(total - counts[..., -1], 1.0)
        none = np.zeros(len(counts))
        return _ColumnView(
            counts=counts,
            cells=shares(counts @ bins.membership.astype(counts.dtype)),
            missing=counts[..., -1] / total,
            below=cumulative(counts[..., :-1]) if column.is_number else None,
            overshoot=np.zeros((len(counts), 2)) if overshoot is None else overshoot / present[:, None],
            outside=none if outside is None else outside / present,
        )

    def _distances(
        self, index: int, bins: _Bins, first: _ColumnView, second: _ColumnView, wanted: frozenset[str]
    ) -> dict[str, FloatArray]:
        found = {}
        if "tvd" in wanted:
            found["tvd"] = total_variation(first.cells, second.cells)
        if "jensen_shannon" in wanted:
            found["jensen_shannon"] = jensen_shannon(first.cells, second.cells)
        if "missing_rate" in wanted:
            found["missing_rate"] = np.abs(first.missing - second.missing)
        if self._scales[index] > 0:
            found |= {
                name: self._number_distance(name, bins, self._scales[index], first, second)
                for name in _OF_NUMBERS
                # the outermost points of a column that is not exact are edges with people beyond them
                if name in wanted and (name != "outside_range" or self.plan.columns[index].exact)
            }
        return found

    def _number_distance(
        self, name: str, bins: _Bins, scale: float, first: _ColumnView, second: _ColumnView
    ) -> FloatArray:
        assert first.below is not None
        assert second.below is not None
        if name == "ks":
            return kolmogorov_smirnov(first.below, second.below)
        if name == "wasserstein":
            beyond = np.abs(first.overshoot - second.overshoot).sum(axis=-1)
            return wasserstein(first.below, second.below, bins.middle, scale, beyond)
        if name == "outside_range":
            return first.outside
        if name == "quantiles":
            gaps = [
                np.abs(
                    quantile_positions(first.below, bins.middle, q)
                    - quantile_positions(second.below, bins.middle, q)
                )
                for q in QUANTILES
            ]
            return np.asarray(np.mean(gaps, axis=0) / scale)
        ends = [_ends(side.counts, bins.low, bins.high, self.k) for side in (first, second)]
        return range_not_covered(*ends[0], *ends[1])

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
        counts = sum(profile.bin_totals[index][:-1] for profile in self.tables.profiles[1:])
        below = cumulative(np.asarray(counts, dtype=np.float64))
        low, high = column.bin_bounds()
        middle = (low + high) / 2
        quarter, three = np.searchsorted(below, [0.25, 0.75])
        spread = float(middle[min(three, len(middle) - 1)] - middle[min(quarter, len(middle) - 1)])
        # a column that is mostly one value has no inter-quartile range: its whole range must serve
        return spread if spread > 0 else float(middle[-1] - middle[0])

    # ------------------------------------------------------------------ views of one column

    def _read_views(self, weights: Weights, wanted: frozenset[str]) -> Readings:
        asked = wanted & {"calendar", "last_digit", "heaping_5", "heaping_10"}
        values: dict[str, list[FloatArray]] = {name: [] for name in asked}
        floors: dict[str, list[FloatArray]] = {name: [] for name in asked}
        members: dict[str, list[tuple[str, ...]]] = {name: [] for name in asked}
        for position, view in enumerate(self.plan.views):
            name = self.plan.columns[view.column].name
            parts = [profile.views[position] for profile in self.tables.profiles]
            seen = [shares(self.tables.mix(parts, weight)) for weight in weights.roles]
            found: dict[str, tuple[tuple[str, ...], FloatArray, FloatArray]] = {}
            distances = [total_variation(side, seen[1]) for side in (seen[0], seen[2])]
            if view.part in CALENDAR:
                found["calendar"] = ((name, view.part), distances[0], distances[1])
            else:
                found["last_digit"] = ((name,), distances[0], distances[1])
                for metric, mask in (
                    ("heaping_5", view.multiples_of_five),
                    ("heaping_10", view.multiples_of_ten),
                ):
                    heaped = [side[..., mask].sum(axis=-1) for side in seen]
                    found[metric] = (
                        (name,),
                        np.abs(heaped[0] - heaped[1]),
                        np.abs(heaped[2] - heaped[1]),
                    )
            for metric in asked & set(found):
                member, value, floor = found[metric]
                members[metric].append(member)
                values[metric].append(value)
                floors[metric].append(floor)
        return {name: reading(members[name], values[name], floors[name]) for name in sorted(asked)}


def _membership(cell_of_bin: IntArray) -> FloatArray:
    return np.eye(int(cell_of_bin[-1]) + 1)[cell_of_bin]


def _tail_mass(tail: Tail, edge: int, view: _ColumnView) -> FloatArray:
    assert view.below is not None
    below = view.below[..., edge] if edge >= 0 else np.zeros(len(view.below))
    return 1 - below if tail.quantile > 0.5 else below  # noqa: PLR2004 - the middle


def _ends(counts: FloatArray, low: FloatArray, high: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    present = counts[..., :-1]
    enough = np.minimum(k, np.maximum(present.sum(axis=-1, keepdims=True) / 2, 1e-9))
    first = np.argmax(np.cumsum(present, axis=-1) >= enough, axis=-1)
    last = np.argmax(np.cumsum(present[..., ::-1], axis=-1) >= enough, axis=-1)
    return low[first], high[present.shape[-1] - 1 - last]
