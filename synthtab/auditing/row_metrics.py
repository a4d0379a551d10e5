"""Metrics of rows: rare levels and combinations, invented levels, broken rules; for any choice of shards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthtab.auditing.members import RARE_AT_MOST, RareLevels
from synthtab.auditing.readings import Reading, Readings, Tables, Weights, reading
from synthtab.metrics.rare import presence
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator

__all__ = ["RowMetrics"]

# coverage of more rare combinations than this is read from a seeded sample of them
MOST_COMBINATIONS = 2_000
# combinations of quasi-identifiers are many: one that this many training rows share is still rare
RARE_IDENTITY = 5
_WHOLE: tuple[tuple[str, ...], ...] = ((),)


class RowMetrics:
    """Read what is counted by row: rare levels, rare combinations, rules.

    Parameters
    ----------
    tables : Tables
        The three profiles.
    rare : RareLevels
        Levels that few training rows hold.
    seed : int
        Seed of the choice of rare combinations.
    """

    def __init__(self, tables: Tables, rare: RareLevels, seed: int) -> None:
        self.tables = tables
        self.plan = tables.profiles[0].plan
        self.rare = rare
        self.rare_combinations = _RareCombinations.of(
            tables,
            [[profile.pairs[p] for profile in tables.profiles] for p in range(len(self.plan.pairs))],
            RARE_AT_MOST,
            seed,
        )
        self.rare_identities = _RareCombinations.of(
            tables,
            [[profile.keys for profile in tables.profiles]] if self.plan.keys is not None else [],
            RARE_IDENTITY,
            seed,
        )

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
        rows = [self.tables.rows(weight) for weight in weights.roles]
        found = self._read_levels(weights, rows, wanted)
        for name, combinations in (
            ("combination", self.rare_combinations),
            ("identity", self.rare_identities),
        ):
            if f"{name}_mass" in wanted:
                found[f"{name}_mass"] = combinations.mass_ratio(weights, rows)
            if f"{name}_coverage" in wanted:
                found[f"{name}_coverage"] = combinations.coverage(weights, rows)
        profiles = self.tables.profiles
        for name, members, parts in (
            ("outside_domain", [(column,) for column in self.plan.names], [p.outside for p in profiles]),
            ("broken_rules", [(rule.text,) for rule in self.plan.schema.rules], [p.broken for p in profiles]),
            ("broken_logic", [rule.columns for rule in self.plan.mined], [p.mined_broken for p in profiles]),
        ):
            if name in wanted:
                found[name] = self._rates([*members, ()], parts, weights, rows)
        return found

    def _rates(
        self,
        members: list[tuple[str, ...]],
        parts: list[IntArray],
        weights: Weights,
        rows: list[FloatArray],
    ) -> Reading:
        rates = [self.tables.mix(parts, weight) / n for weight, n in zip(weights.roles, rows, strict=True)]
        value, floor = np.broadcast_arrays(rates[0], rates[1])
        return Reading(tuple(members), value, floor)

    # ------------------------------------------------------------------ levels

    def _read_levels(self, weights: Weights, rows: list[FloatArray], wanted: frozenset[str]) -> Readings:
        found: Readings = {}
        held = self._rare_counts(weights)
        if "coverage" in wanted:
            drawn = np.minimum(rows[0], rows[1])
            absent = [
                1 - presence(counts, n, drawn).mean(axis=-1) if len(self.rare) else np.zeros(len(counts))
                for counts, n in zip(held[:2], rows[:2], strict=True)
            ]
            found["coverage"] = reading(_WHOLE, absent[:1], absent[1:])
        if "rare_mass" in wanted:
            mass = [(c.sum(axis=-1) + 0.5) / (n[..., 0] + 1) for c, n in zip(held, rows, strict=True)]
            found["rare_mass"] = reading(_WHOLE, [mass[0] / mass[1]], [mass[2] / mass[1]])
        if "invented" in wanted:
            invented = [counts / n for counts, n in zip(self._invented_counts(weights), rows, strict=True)]
            members = [(column.name,) for column in self.plan.columns if not column.is_number]
            found["invented"] = reading(members, invented[:1], invented[1:2])
        return found

    def _rare_counts(self, weights: Weights) -> list[FloatArray]:
        parts = [
            np.stack(
                [p.bins[c][:, level] for c, level in zip(self.rare.columns, self.rare.levels, strict=True)],
                axis=1,
            )
            if len(self.rare)
            else np.zeros((p.n_shards, 0))
            for p in self.tables.profiles
        ]
        return [self.tables.mix(parts, weight) for weight in weights.roles]

    def _invented_counts(self, weights: Weights) -> list[FloatArray]:
        """Count rows on levels that no training row holds and that are not public."""
        masks = []
        for index, column in enumerate(self.plan.columns):
            if column.is_number:
                continue
            known = (self.tables.profiles[2].bin_totals[index][:-2] > 0) | column.is_public_level
            # the last bin before the missing one takes levels that the reference never held
            masks.append((index, np.append(~known, [True, False])))
        parts = [
            np.stack([profile.bins[index] @ mask for index, mask in masks], axis=1)
            if masks
            else np.zeros((profile.n_shards, 0))
            for profile in self.tables.profiles
        ]
        return [self.tables.mix(parts, weight) for weight in weights.roles]


class _RareCombinations:
    """Cells of several columns together that few real rows hold.

    They are chosen by the training rows alone, so that holdout and fresh synthetic rows meet them alike.

    Parameters
    ----------
    tables : Tables
        The three profiles.
    rare : list of ndarray of float, each of shape (shards, 1)
        Rows on cells that few training rows hold, or none.
    kept : list of ndarray of float, each of shape (shards, cells)
        Counts of (a sample of) the cells that are rare in training rows.
    cells : int
        How many cells are rare in training rows.
    """

    def __init__(
        self, tables: Tables, rare: list[FloatArray], kept: list[npt.NDArray[np.generic]], cells: int
    ) -> None:
        self.tables = tables
        self.rare = rare
        self.kept = kept
        self.cells = cells

    @classmethod
    def of(
        cls, tables: Tables, counted: list[list[npt.NDArray[np.integer]]], at_most: int, seed: int
    ) -> _RareCombinations:
        """Find the rare cells of some tables of counts, each given for the three profiles by shard."""
        mass = [np.zeros((profile.n_shards, 1)) for profile in tables.profiles]
        own: list[list[npt.NDArray[np.generic]]] = [[], [], []]
        for parts in counted:
            flat = [part.reshape(len(part), -1) for part in parts]
            trained = flat[2].sum(axis=0)
            # cells that no training row holds are as rare: fresh rows hold some of them
            rare, few = trained <= at_most, (trained > 0) & (trained <= at_most)
            mass = [
                total + part[:, rare].sum(axis=1, keepdims=True)
                for total, part in zip(mass, flat, strict=True)
            ]
            for side, part in zip(own, flat, strict=True):
                side.append(part[:, few])
        kept = [
            np.concatenate(side, axis=1) if side else np.zeros((profile.n_shards, 0))
            for side, profile in zip(own, tables.profiles, strict=True)
        ]
        cells = kept[0].shape[1]
        if cells > MOST_COMBINATIONS:
            chosen = generator(seed, "rare combinations").choice(cells, MOST_COMBINATIONS, replace=False)
            kept = [part[:, np.sort(chosen)] for part in kept]
        return cls(tables, mass, kept, cells)

    def mass_ratio(self, weights: Weights, rows: list[FloatArray]) -> Reading:
        """Give the share of rows on rare cells, synthetic over holdout."""
        mass = [
            (self.tables.mix(self.rare, weight)[:, 0] + 0.5) / (n[..., 0] + 1)
            for weight, n in zip(weights.roles, rows, strict=True)
        ]
        return reading(_WHOLE, [mass[0] / mass[1]], [mass[2] / mass[1]])

    def coverage(self, weights: Weights, rows: list[FloatArray]) -> Reading:
        """Give the share of rare cells that as many synthetic as holdout rows do not show."""
        drawn = np.minimum(rows[0], rows[1])
        absent = [
            1 - presence(self.tables.mix(self.kept, weight), n, drawn).mean(axis=-1)
            if self.cells
            else np.zeros(len(weight))
            for weight, n in zip(weights.roles[:2], rows[:2], strict=True)
        ]
        return reading(_WHOLE, absent[:1], absent[1:])
