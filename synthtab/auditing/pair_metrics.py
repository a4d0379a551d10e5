"""Metrics of pairs of columns, for any choice of shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from synthtab.auditing.readings import Reading, Readings, Tables, Weights, reading
from synthtab.metrics.association import (
    correlation_ratio,
    cramers_v,
    interaction,
    missing_sums,
    mutual_information,
    pearson,
    spearman,
    table_shares,
    table_sums,
    table_total_variation,
)
from synthtab.profiling.plan import GROUPS
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["PairMetrics", "PairStrengths"]

CHANCE_DRAWS = 50
# one more for a rest cell of labels, one for missing values, which is the last
WIDTH = GROUPS + 2
# cells looked at together: 16 MB a temporary
_AT_ONCE = 1_000_000
_SIZES = (4, 7, 12, 22)
# padded tables up to this many bytes are kept between readings
_MOST_KEPT = 200_000_000
_ON_CELLS = frozenset({"pair_tvd", "cramers_v", "spearman", "mutual_information", "correlation_ratio"})
_ON_GROUPS = frozenset({"interaction_tvd", "missingness"})


@dataclass(frozen=True, eq=False)
class _Block:
    """One metric on some pairs: their places among all, and (batch, pairs) figures."""

    places: IntArray
    members: Sequence[tuple[str, ...]]
    value: FloatArray
    floor: FloatArray


Found = dict[str, list[_Block]]


@dataclass(frozen=True, eq=False)
class PairStrengths:
    """Strength of every pair for a batch of choices.

    Parameters
    ----------
    ordered : ndarray of bool, shape (pairs,)
        Whether the strength is Spearman's correlation; else it is Cramér's V.
    synthetic, real : ndarray of float, shape (batch or 1, pairs)
        Strength in the synthetic and in the reference rows.
    """

    ordered: npt.NDArray[np.bool_]
    synthetic: FloatArray
    real: FloatArray


@dataclass(frozen=True, eq=False)
class _Bucket:
    """Pairs whose tables have about the same size, padded to one."""

    positions: IntArray
    shape: tuple[int, int]


class PairMetrics:
    """Read what pairs of columns say.

    Parameters
    ----------
    tables : Tables
        The three profiles.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.plan = tables.profiles[0].plan
        self._places = [column.group_of_pair().copy() for column in self.plan.columns]
        for places in self._places:
            places[-1] = WIDTH - 1
        self._merges = [np.eye(WIDTH)[places] for places in self._places]
        self._keeps = [self._association_cells(position) for position in range(len(self.plan.pairs))]
        self._buckets = self._in_buckets()
        self._grouped_tables: list[FloatArray] | None = None
        self._kept: dict[tuple[int, int], list[FloatArray]] = {}
        self._scores = [self._cell_scores(index) for index in range(len(self.plan.columns))]
        real = [
            tables.profiles[1].bin_totals[index] + tables.profiles[2].bin_totals[index]
            for index in range(len(self.plan.columns))
        ]
        missing = [0 < counts[-1] < counts.sum() for counts in real]
        self._missing = np.array(missing, dtype=bool)

    def on(self, tables: Tables) -> PairMetrics:
        """Give the same questions to other tables under the same plan.

        Parameters
        ----------
        tables : Tables
            The other tables.

        Returns
        -------
        PairMetrics
            With the scales, cells and members of these.
        """
        other = copy(self)
        other.tables = tables
        other.forget()
        return other

    def forget(self) -> None:
        """Drop tables that were kept between readings."""
        self._grouped_tables = None
        self._kept = {}

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
        found: Found = {}
        if wanted & _ON_GROUPS:
            for positions in self._chunks(np.arange(len(self.plan.pairs)), WIDTH**2, weights.batch):
                parts = [part[:, positions[0] : positions[-1] + 1] for part in self._all_grouped()]
                views = weights.each(partial(self._interaction, parts))
                self._collect_groups(found, positions, views, wanted)
        if wanted & _ON_CELLS:
            for positions, parts in self._bucket_chunks(weights.batch):
                counts = weights.each(partial(self.tables.mix, parts))
                self._collect_cells(found, positions, counts, wanted)
        readings = {name: _in_order(blocks) for name, blocks in found.items()}
        if "pearson" in wanted:
            readings |= self._read_pearson(weights)
        return readings

    def chance(self, weights: Weights, rows: int, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Give what independent columns would score, from samples of the synthetic size.

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
        wanted = frozenset({"interaction_tvd", "missingness", "cramers_v", "spearman"})
        found: Found = {}
        for positions in self._chunks(np.arange(len(self.plan.pairs)), 20**2, CHANCE_DRAWS):
            drawn: list[FloatArray] = []
            held: list[FloatArray] = []
            groups: tuple[list[FloatArray], list[FloatArray]] = ([], [])
            for position in positions:
                parts = [profile.pairs[position] for profile in self.tables.profiles]
                trained = self.tables.mix(parts, weights.train)[0]
                total = max(trained.sum(), 1.0)
                product = np.outer(trained.sum(axis=1), trained.sum(axis=0)) / total**2
                flat = product.ravel() / max(product.sum(), 1e-300)
                draws = rng.multinomial(rows, flat, size=CHANCE_DRAWS).reshape(CHANCE_DRAWS, *product.shape)
                drawn.append(draws.astype(np.float64))
                held.append(self.tables.mix(parts, weights.holdout))
                for side, table in zip(groups, (drawn[-1], held[-1]), strict=True):
                    side.append(interaction(self._grouped(table, position)))
            views = [np.stack(side, axis=1) for side in groups]
            self._collect_groups(found, positions, [views[0], views[1], views[1]], wanted)
            for index, position in enumerate(positions):
                shape = self._padded_shape(position)
                sides = [
                    self._padded(table, position, shape)[:, None] for table in (drawn[index], held[index])
                ]
                self._collect_cells(found, np.array([position]), [*sides, sides[1]], wanted)
        return {name: _in_order(blocks).value.mean(axis=0) for name, blocks in found.items()}

    def strengths(self, weights: Weights) -> PairStrengths:
        """Give the strength of every pair: Spearman's correlation where both have an order, else V.

        Parameters
        ----------
        weights : Weights
            Which shards make up each table; the holdout's are the reference.

        Returns
        -------
        PairStrengths
            For each choice.
        """
        size = len(self.plan.pairs)
        sides = [np.zeros((len(weight), size)) for weight in weights.roles[:2]]
        ordered = np.array(
            [self.plan.columns[a].is_ordered and self.plan.columns[b].is_ordered for a, b in self.plan.pairs],
            dtype=bool,
        )
        for positions, parts in self._bucket_chunks(weights.batch):
            for side, weight in zip(sides, weights.roles[:2], strict=True):
                counts = self.tables.mix(parts, weight)[..., :-1, :-1]
                flags = ordered[positions]
                side[:, positions[flags]] = spearman(counts[:, flags])
                side[:, positions[~flags]] = cramers_v(counts[:, ~flags])
        return PairStrengths(ordered, *sides)

    # ------------------------------------------------------------------ cells of pairs

    def _chunks(self, positions: IntArray, cells: int, batch: int) -> Iterator[IntArray]:
        step = max(1, _AT_ONCE // max(cells * batch, 1))
        for start in range(0, len(positions), step):
            yield positions[start : start + step]

    def _bucket_chunks(self, batch: int) -> Iterator[tuple[IntArray, list[FloatArray]]]:
        for bucket in self._buckets:
            whole = self._bucket_tables(bucket)
            start = 0
            for positions in self._chunks(bucket.positions, int(np.prod(bucket.shape)), batch):
                yield positions, [part[:, start : start + len(positions)] for part in whole]
                start += len(positions)

    def _all_grouped(self) -> list[FloatArray]:
        """Tables of all pairs over interaction groups: (shards, pairs, groups, groups) of each profile."""
        if self._grouped_tables is None:
            self._grouped_tables = [
                np.stack([self._grouped(counts, p) for p, counts in enumerate(profile.pairs)], axis=1)
                for profile in self.tables.profiles
            ]
        return self._grouped_tables

    def _bucket_tables(self, bucket: _Bucket) -> list[FloatArray]:
        if bucket.shape not in self._kept:
            tables = [
                np.stack([self._padded(profile.pairs[p], p, bucket.shape) for p in bucket.positions], axis=1)
                for profile in self.tables.profiles
            ]
            if sum(table.nbytes for table in tables) > _MOST_KEPT:
                return tables
            self._kept[bucket.shape] = tables
        return self._kept[bucket.shape]

    def _interaction(self, parts: list[FloatArray], weight: FloatArray) -> FloatArray:
        return interaction(self.tables.mix(parts, weight))

    def _grouped(self, counts: npt.NDArray[np.generic], position: int) -> FloatArray:
        first, second = self.plan.pairs[position]
        return np.asarray(self._merges[first].T @ counts.astype(np.float64) @ self._merges[second])

    def _padded(self, counts: npt.NDArray[np.generic], position: int, shape: tuple[int, int]) -> FloatArray:
        """Bring a table to its association cells, missing values last, with empty cells between."""
        table = counts.astype(np.float64)
        for axis, (index, keep) in enumerate(
            zip(self.plan.pairs[position], self._keeps[position], strict=True)
        ):
            if not keep:
                table = self._merges[index].T @ table if axis == 0 else table @ self._merges[index]
        a, b = table.shape[-2:]
        wide = np.zeros((*table.shape[:-2], *shape))
        wide[..., : a - 1, : b - 1] = table[..., :-1, :-1]
        wide[..., : a - 1, -1] = table[..., :-1, -1]
        wide[..., -1, : b - 1] = table[..., -1, :-1]
        wide[..., -1, -1] = table[..., -1, -1]
        return wide

    def _padded_shape(self, position: int) -> tuple[int, int]:
        sizes = [
            self.plan.columns[index].n_pair_cells if keep else WIDTH
            for index, keep in zip(self.plan.pairs[position], self._keeps[position], strict=True)
        ]
        a, b = (next((size for size in _SIZES if size >= n), n) for n in sizes)
        return a, b

    def _in_buckets(self) -> list[_Bucket]:
        found: dict[tuple[int, int], list[int]] = {}
        for position in range(len(self.plan.pairs)):
            found.setdefault(self._padded_shape(position), []).append(position)
        return [_Bucket(np.array(positions), shape) for shape, positions in sorted(found.items())]

    def _association_cells(self, position: int) -> tuple[bool, bool]:
        """Say which column of a pair keeps its cells: with more than n/10 of them V reads noise.

        A pair of ordered columns always does, because ranks do not gain from empty cells.
        """
        first, second = self.plan.pairs[position]
        columns = self.plan.columns[first], self.plan.columns[second]
        if all(column.is_ordered for column in columns):
            return True, True
        a, b = (column.n_pair_cells - 1 for column in columns)
        both = min(int(profile.pair_totals[position][:-1, :-1].sum()) for profile in self.tables.profiles[1:])
        if a * b <= both / 10:
            return True, True
        narrow = (a <= b, b < a)
        return narrow if min(a, b) * GROUPS <= both / 10 else (False, False)

    def _cell_scores(self, index: int) -> FloatArray:
        """Give the value that stands for each pair cell of a number column: the mean of all real rows."""
        column = self.plan.columns[index]
        scores = np.zeros(column.n_pair_cells)
        if column.is_number:
            low, high = column.bin_bounds()
            real = sum(profile.bin_totals[index] for profile in self.tables.profiles[1:])
            weight = np.asarray(real, dtype=np.float64)[:-1]
            cells = column.pair_of_bin[:-1]
            mass = np.bincount(cells, weights=weight, minlength=len(scores))
            total = np.bincount(cells, weights=weight * (low + high) / 2, minlength=len(scores))
            scores = total / np.maximum(mass, 1.0)
        return scores

    # ------------------------------------------------------------------ what is said of them

    def _names(self, position: int) -> tuple[str, str]:
        first, second = self.plan.pairs[position]
        return self.plan.names[first], self.plan.names[second]

    def _collect_groups(
        self, found: Found, positions: IntArray, views: Sequence[FloatArray], wanted: frozenset[str]
    ) -> None:
        names = [self._names(position) for position in positions]
        gaps = [np.abs(views[side] - views[1]) for side in ((0, 2) if views[2] is not views[1] else (0,))]
        if "interaction_tvd" in wanted:
            halves = [0.5 * table_sums(gap) for gap in gaps]
            found.setdefault("interaction_tvd", []).append(_Block(positions * 2, names, *_both(halves)))
        if "missingness" in wanted:
            sides = [missing_sums(gap) for gap in gaps]
            for turn in (0, 1):
                kept = np.array([self._missing[self.plan.pairs[p][turn]] for p in positions], dtype=bool)
                if kept.any():
                    turned = [names[index][:: 1 - 2 * turn] for index in np.flatnonzero(kept)]
                    figures = [side[turn][:, kept] for side in sides]
                    found.setdefault("missingness", []).append(
                        _Block(positions[kept] * 2 + turn, turned, *_both(figures))
                    )

    def _collect_cells(
        self, found: Found, positions: IntArray, counts: Sequence[FloatArray], wanted: frozenset[str]
    ) -> None:
        columns = [tuple(self.plan.columns[i] for i in self.plan.pairs[p]) for p in positions]
        ordered = np.array([a.is_ordered and b.is_ordered for a, b in columns], dtype=bool)
        labels = np.array([not (a.is_number and b.is_number) for a, b in columns], dtype=bool)
        mixed = np.array([a.is_number != b.is_number for a, b in columns], dtype=bool)
        everything = np.ones(len(positions), dtype=bool)
        for name, flags in (
            ("pair_tvd", everything),
            ("mutual_information", everything),
            ("cramers_v", labels),
            ("spearman", ordered),
            ("correlation_ratio", mixed),
        ):
            if name not in wanted or not flags.any():
                continue
            # the training table's counts are the holdout's where it stands in for it
            sides = counts if counts[2] is not counts[1] else counts[:2]
            chosen = [side if flags.all() else side[:, flags] for side in sides]
            names = [self._names(position) for position in positions[flags]]
            figures = self._cell_distances(name, positions[flags], chosen)
            found.setdefault(name, []).append(_Block(positions[flags] * 2, names, *_both(figures)))

    def _cell_distances(
        self, name: str, positions: IntArray, counts: Sequence[FloatArray]
    ) -> list[FloatArray]:
        """Give the distance of the synthetic and, if it is there, of the training table from the holdout."""
        if name == "pair_tvd":
            shares = [table_shares(side) for side in counts]
            return [table_total_variation(side, shares[1]) for side in (shares[0], *shares[2:])]
        if name == "mutual_information":
            sides = [mutual_information(side) for side in counts]
        elif name == "cramers_v":
            sides = [cramers_v(side[..., :-1, :-1]) for side in counts]
        elif name == "spearman":
            sides = [spearman(side[..., :-1, :-1]) for side in counts]
        else:
            sides = [self._correlation_ratios(positions, side) for side in counts]
        return [np.abs(side - sides[1]) for side in (sides[0], *sides[2:])]

    def _correlation_ratios(self, positions: IntArray, counts: FloatArray) -> FloatArray:
        found = np.zeros(counts.shape[:2])
        for index, position in enumerate(positions):
            first, second = self.plan.pairs[position]
            table = counts[:, index, :-1, :-1]
            number = second
            if self.plan.columns[first].is_number:
                table, number = np.swapaxes(table, -1, -2), first
            keep = self._keeps[position][0 if number == first else 1]
            scores = self._scores[number][:-1] if keep else self._group_scores(number)
            padded = np.zeros(table.shape[-1])
            padded[: len(scores)] = scores
            found[:, index] = correlation_ratio(table, padded)
        return found

    def _group_scores(self, index: int) -> FloatArray:
        real = sum(profile.bin_totals[index] for profile in self.tables.profiles[1:])
        mass = np.bincount(
            self.plan.columns[index].pair_of_bin, weights=np.asarray(real), minlength=len(self._scores[index])
        )
        merged = self._merges[index].T
        return np.asarray((merged @ (mass * self._scores[index])) / np.maximum(merged @ mass, 1.0))[:-1]

    def _read_pearson(self, weights: Weights) -> Readings:
        numbers = self.plan.numbers
        pairs = [(a, b) for b in range(len(numbers)) for a in range(b)]
        parts = [
            [getattr(profile.moments, name) for profile in self.tables.profiles]
            for name in ("both", "sums", "squares", "products")
        ]
        sides = weights.each(lambda weight: pearson(*(self.tables.mix(part, weight) for part in parts)))
        members = [(self.plan.names[numbers[a]], self.plan.names[numbers[b]]) for a, b in pairs]
        rows, columns = [a for a, _ in pairs], [b for _, b in pairs]
        chosen = [side[:, rows, columns] for side in sides]
        return {"pearson": reading(members, [np.abs(chosen[0] - chosen[1])], [np.abs(chosen[2] - chosen[1])])}


def _both(figures: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Give value and floor; a floor that is asked of one and the same table is 0."""
    return figures[0], figures[1] if len(figures) > 1 else np.zeros((1, figures[0].shape[1]))


def _in_order(blocks: list[_Block]) -> Reading:
    places = np.concatenate([block.places for block in blocks])
    order = np.argsort(places, kind="stable")
    members = [names for block in blocks for names in block.members]
    found = reading(members, [block.value for block in blocks], [block.floor for block in blocks])
    return Reading(tuple(members[index] for index in order), found.value[:, order], found.floor[:, order])
