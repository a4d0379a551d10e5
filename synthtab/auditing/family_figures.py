"""FidelityFigures: one figure a family for tables of any size, against real rows that are counted once.

An audit asks of one table how far it is from fresh real rows, and how sure that is. Choosing and gating ask
of many refits, and take the spread over refits for their interval: they need the figures alone, measured on
so many rows that the spread is the fit's and not the sample's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from synthtab.auditing.column_metrics import ColumnMetrics
from synthtab.auditing.fidelity import measure_fidelity
from synthtab.auditing.members import find_rare_levels, find_tails
from synthtab.auditing.pair_metrics import PairMetrics
from synthtab.auditing.policy import Policy
from synthtab.auditing.profiles import AuditProfiles
from synthtab.auditing.readings import Readings, Tables, Weights
from synthtab.auditing.row_metrics import RowMetrics
from synthtab.auditing.tables import AuditTable, AuditTables
from synthtab.metrics.calibration import calibrate
from synthtab.profiling import Profile, count_table
from synthtab.results import Interval, Section
from synthtab.schema import CastTable, TableSchema
from synthtab.schema.cast_table import FloatArray, HashArray
from synthtab.seeding import generator

__all__ = ["FIDELITY_FIGURES", "FidelityFigures", "FigureValue"]

_CALIBRATED: Mapping[str, tuple[str, str]] = {
    "marginal.tvd": ("tvd", "STB101"),
    "marginal.ks": ("ks", "STB102"),
    "marginal.missing_rate": ("missing_rate", "STB104"),
    "association.interaction_tvd": ("interaction_tvd", "STB201"),
    "association.cramers_v": ("cramers_v", "STB202"),
    "association.spearman": ("spearman", "STB203"),
    "association.missingness": ("missingness", "STB205"),
    "rare.coverage": ("coverage", "STB301"),
    "tails.tail_mass": ("tail_mass", "STB401"),
}
_SHARES: Mapping[str, tuple[str, str]] = {
    "schema.outside_domain": ("outside_domain", "STB001"),
    "schema.broken_rules": ("broken_rules", "STB002"),
}
_RARE_MASS = ("rare.mass", "rare_mass", "STB302")

FIDELITY_FIGURES = (*_SHARES, *_CALIBRATED, _RARE_MASS[0])
"""Names of the figures that counts give."""

_SECTIONS = frozenset({Section.SCHEMA, Section.MARGINAL, Section.ASSOCIATION, Section.RARE, Section.TAILS})
_COLUMNS = frozenset({"tvd", "ks", "missing_rate", "tail_mass"})
_PAIRS = frozenset({"interaction_tvd", "cramers_v", "spearman", "missingness"})
_ROWS = frozenset({"coverage", "rare_mass", "outside_domain", "broken_rules"})


@dataclass(frozen=True)
class FigureValue:
    """One figure of one table.

    Parameters
    ----------
    value : float or None
        None where it does not apply.
    reason : str
        Why not, if so.
    """

    value: float | None
    reason: str = ""


class FidelityFigures:
    """Measure tables of any size on one figure a family.

    A table is dealt at random into parts as large as the training table; each is compared with the holdout,
    and the figures are means over parts. So they mean what an audit's figures mean, at the same number of
    rows, with the noise of sampling averaged away.

    Parameters
    ----------
    train, holdout : AuditTable
        Real rows: learned from, and kept back.
    schema : TableSchema
        What is public.
    targets : sequence of str, optional
        Columns whose pairs are all counted.
    policy : Policy, optional
        Smallest number of people, and budgets.
    seed : int, default 0
        Seed of the parts and of the draws that stand for chance.
    """

    def __init__(
        self,
        train: AuditTable,
        holdout: AuditTable,
        schema: TableSchema,
        *,
        targets: Sequence[str] = (),
        policy: Policy | None = None,
        seed: int = 0,
    ) -> None:
        rules = policy or Policy()
        profiles = AuditProfiles.of(AuditTables(train, train, holdout, schema), targets, k=rules.k, seed=seed)
        self.seed = seed
        self.part_rows = train.n_rows
        self.plan = replace(profiles.train.plan, triples=(), views=(), keys=None, mined=())
        self.train, self.holdout = (
            count_table(table.given, self.plan, shards=1, seed=seed) for table in (train, holdout)
        )
        totals = tuple(a + b for a, b in zip(self.train.bin_totals, self.holdout.bin_totals, strict=True))
        self.tails = find_tails(self.plan, totals, min(train.n_rows, holdout.n_rows), rules.k)
        self.rare = find_rare_levels(self.train)
        self.k = rules.k
        self._chance = self._chances()
        # whether a figure applies, and what fresh rows score, is what an audit would say of real rows
        fidelity = measure_fidelity(
            profiles.comparison((), k=rules.k, seed=seed),
            compared=profiles.compared,
            has_holdout=True,
            budget=rules.fidelity,
            k=rules.k,
            seed=seed,
            sections=_SECTIONS,
        )
        reasons = {finding.code: finding.not_applicable for finding in fidelity.findings}
        named = {**_CALIBRATED, **_SHARES, _RARE_MASS[0]: _RARE_MASS[1:]}
        self._reasons = {name: reasons.get(code, "") for name, (_, code) in named.items()}
        codes = {Section.MARGINAL: "marginal.tvd", Section.ASSOCIATION: "association.interaction_tvd"}
        codes |= {Section.RARE: "rare.coverage", Section.TAILS: "tails.tail_mass"}
        self.fresh_bands = {
            codes[family.section]: Interval(1.0, family.band_low, family.band_high)
            for family in fidelity.families
            if family.section in codes and family.band_low is not None
        }

    def read(self, synthetic: CastTable) -> dict[str, FigureValue]:
        """Measure one table.

        Parameters
        ----------
        synthetic : CastTable
            Its rows, cast by the same schema; best several times as many as the training table has.

        Returns
        -------
        dict of str to FigureValue
            By the names of `FIDELITY_FIGURES`.
        """
        parts = max(1, round(synthetic.n_rows / self.part_rows))
        counted = count_table(
            synthetic, self.plan, shards=parts, seed=self.seed, people=_each_row_apart(synthetic, self.seed)
        )
        readings = self._readings(counted)
        return {name: self._figure(name, readings) for name in FIDELITY_FIGURES}

    # ------------------------------------------------------------------ inside

    def _figure(self, name: str, readings: Readings) -> FigureValue:
        reason = self._reasons[name]
        if reason:
            return FigureValue(None, reason)
        metric = named[0] if (named := _CALIBRATED.get(name) or _SHARES.get(name)) else _RARE_MASS[1]
        reading = readings.get(metric)
        if reading is None or not reading.members:
            return FigureValue(None, "there is nothing to count in this table")
        if name in _SHARES:
            return FigureValue(float(reading.value[:, -1].mean()))
        if name == _RARE_MASS[0]:
            # against the training rows, whose rare levels these are: a holdout of some dozen such rows would
            # be most of the figure; and the mean of all parts, lest the noise of one part lies off 1
            ratio = float(reading.value[:, 0].mean() / reading.floor[:, 0].mean())
            return FigureValue(min(ratio, 1 / ratio))
        chance = self._chance[metric]
        value = calibrate(chance, reading.value.mean(axis=0), reading.floor.mean(axis=0))
        return (
            FigureValue(float(value))
            if math.isfinite(value)
            else FigureValue(None, "chance is no worse than fresh real rows")
        )

    def _readings(self, counted: Profile) -> Readings:
        tables = Tables((counted, self.holdout, self.train))
        weights = _each_part(counted.n_shards)
        found = ColumnMetrics(tables, self.tails, self.k).read(weights, _COLUMNS)
        if self.plan.pairs:
            found |= PairMetrics(tables).read(weights, _PAIRS)
        return found | RowMetrics(tables, self.rare, self.seed).read(weights, _ROWS)

    def _chances(self) -> dict[str, FloatArray]:
        tables = Tables((self.train, self.holdout, self.train))
        weights = _each_part(1)
        found = ColumnMetrics(tables, self.tails, self.k).chance(
            weights, self.part_rows, generator(self.seed, "chance")
        )
        if self.plan.pairs:
            found |= PairMetrics(tables).chance(
                weights, self.part_rows, generator(self.seed, "chance of pairs")
            )
        return found | {"tail_mass": np.ones(len(self.tails)), "coverage": np.ones(1)}


def _each_row_apart(table: CastTable, seed: int) -> HashArray:
    """Give each row a random number of its own, in content order: equal rows are dealt like any others.

    Dealt by content, all copies of a row would fall into one part, which then holds a tenth of the distinct
    rows ten times over. Dealt in turn, each part would hold its tenth of the copies, and be nearer to the
    whole than a table of that size is.
    """
    numbers = np.empty(table.n_rows, dtype=np.uint64)
    dealt = generator(seed, "parts").permutation(table.n_rows)
    numbers[table.content_order()] = dealt.astype(np.uint64)
    return numbers


def _each_part(parts: int) -> Weights:
    """Let each shard of the synthetic table be a table of its own; the real ones have one shard each."""
    one = np.eye(parts + 2)
    return Weights(one[:parts], one[parts : parts + 1], one[parts + 1 :])
