"""Measurer: fit a synthesizer anew, and measure what its table is worth, figure by figure."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from synthtab.attacks.advantage import largest_advantage
from synthtab.auditing.family_figures import FIDELITY_FIGURES, FidelityFigures, FigureValue
from synthtab.auditing.policy import Policy
from synthtab.auditing.tables import AuditTables, prepare_table
from synthtab.auditing.targets import targets_of
from synthtab.errors import DataError, SpecError
from synthtab.execution import peak_memory
from synthtab.profiling import count_table
from synthtab.profiling.suppression import releasable_profile
from synthtab.results import (
    AuditResult,
    BaselineColumn,
    ContextAnswer,
    FamilyFigure,
    GuardAction,
    Interval,
    Section,
    Status,
)
from synthtab.schema import TableSchema
from synthtab.seeding import derive_seed, one_native_thread
from synthtab.selection.figures import figures_named
from synthtab.specs import SynthesizerSpec
from synthtab.synthesizers import Guard, make
from synthtab.synthesizers.guard import FittedGuard
from synthtab.synthesizers.registry import synthesizer_class
from synthtab.tables import Split

__all__ = ["Measurer", "Refit", "RefitCosts"]

_PARTS = 10
_MOST_MEASURED = 200_000

_BY_CHECK: Mapping[str, str] = {
    "utility.boosted": "STB601",
    "utility.linear": "STB602",
    "detection.auc": "STB701",
}
_BY_SCORE: Mapping[str, str] = {
    "privacy.exact_copies": "exact_copies",
    "privacy.membership_auc": "membership_auc",
    "privacy.tpr_at_1fpr": "membership_tpr_at_1fpr",
}
_ADVANTAGE = "privacy.largest_advantage"
# kinds of attack by the check that judges them; membership goes by its area under the curve
_ATTACKS = ("STB801", "STB805", "STB806", "STB807", "STB808")


@dataclass(frozen=True)
class RefitCosts:
    """What one refit cost; never the same twice.

    Parameters
    ----------
    fit_cpu, fit_wall, sample_cpu, sample_wall : float
        Seconds to fit, and to sample as many rows as were learned from.
    memory : float or None
        Most memory of the fit beyond what was held before it, in MB.
    """

    fit_cpu: float
    fit_wall: float
    sample_cpu: float
    sample_wall: float
    memory: float | None


@dataclass(frozen=True)
class Refit:
    """One fit of one synthesizer, measured.

    Parameters
    ----------
    values : tuple of float or None
        In the order of the measurer's figures; None where a figure does not apply.
    reasons : tuple of str
        Why a value is None; empty where it is not.
    contexts : tuple of ContextAnswer
        Whether the table may go to each circle of readers; empty when privacy was not asked.
    costs : RefitCosts or None
        None for a table that was given.
    """

    values: tuple[float | None, ...]
    reasons: tuple[str, ...]
    contexts: tuple[ContextAnswer, ...] = ()
    costs: RefitCosts | None = None


@dataclass(frozen=True, eq=False)
class Measurer:
    """Real rows, and what is asked of synthetic ones: made once, sent to every worker.

    Parameters
    ----------
    train, holdout : pandas.DataFrame
        Real rows: learned from, and compared with.
    schema : TableSchema
        What is public.
    figures : tuple of FamilyFigure
        What is measured.
    targets : tuple of str
        What models predict.
    guard_config : Guard or None
        The guard that runs before fitting.
    measured_rows : int
        Synthetic rows that fidelity is measured on.
    policy : Policy
        Margins, budgets and circles of readers.
    guard : FittedGuard
        The guard, as fitted on the training rows.
    seed : int
        Seed of everything that belongs to no refit.
    scales : dict of bool to FidelityFigures
        Fidelity against guarded and unguarded real rows, made when first needed.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    schema: TableSchema
    figures: tuple[FamilyFigure, ...]
    targets: tuple[str, ...]
    guard_config: Guard | None
    measured_rows: int
    policy: Policy
    guard: FittedGuard
    seed: int
    scales: dict[bool, FidelityFigures] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        split: Split,
        schema: TableSchema,
        *,
        figures: Sequence[str],
        targets: str | Sequence[str] | None,
        guard: bool | Guard = True,
        measured: int | None = None,
        policy: Policy | None = None,
        seed: int = 0,
    ) -> Measurer:
        """Prepare to measure.

        Parameters
        ----------
        split : Split
            Training rows and holdout.
        schema : TableSchema
            What is public.
        figures : sequence of str
            Names of figures.
        targets : str or sequence of str or None
            Columns that models predict; None takes what an audit would.
        guard : bool or Guard, default True
            Whether, and with which k, the guard runs.
        measured : int, optional
            Synthetic rows that fidelity is measured on; by default ten training tables, at most 200,000 rows,
            at least one training table.
        policy : Policy, optional
            Margins, budgets and circles of readers.
        seed : int, default 0
            Seed of everything that belongs to no refit.

        Returns
        -------
        Measurer
            Ready to measure.

        Raises
        ------
        DataError
            When there is no holdout, or a target is no modelled column.
        SpecError
            When a figure does not exist, or `measured` is less than the training rows.
        """
        if not len(split.holdout):
            raise DataError(
                "There is no holdout: real rows that nothing learns from.",
                hint="Give a split, or holdout=.",
            )
        # the order that rows came in shall change nothing, and synthesizers draw in row order
        train, holdout = (
            frame.iloc[schema.cast(frame, what).content_order()]
            for frame, what in ((split.train, "training"), (split.holdout, "holdout"))
        )
        n = len(train)
        chosen = figures_named(figures)
        rows = max(n, min(_PARTS * n, _MOST_MEASURED)) if measured is None else measured
        if rows < n:
            raise SpecError(
                f"measured={rows:,} is less than the {n:,} training rows.",
                hint="Measure at least as many rows as were learned from: the scale is made for that number.",
            )
        config = guard if isinstance(guard, Guard) else Guard() if guard else None
        fitted = FittedGuard.fit(train, schema, config)
        rules = policy or Policy()
        tables = AuditTables(
            prepare_table("real", train, schema, fitted),
            prepare_table("real", train, schema, fitted),
            prepare_table("holdout", holdout, schema, fitted),
            schema,
        )
        found = cls(
            train=train,
            holdout=holdout,
            schema=schema,
            figures=chosen,
            targets=targets_of(tables, targets),
            guard_config=config,
            measured_rows=rows,
            policy=rules,
            guard=fitted,
            seed=seed,
        )
        if found.counted:
            found.scale(guarded=config is not None)
        return found

    @property
    def train_rows(self) -> int:
        """Number of real rows that are learned from."""
        return len(self.train)

    @property
    def holdout_rows(self) -> int:
        """Number of real rows that tables are compared with."""
        return len(self.holdout)

    @property
    def guard_k(self) -> int:
        """The guard's k; 0 when it is off."""
        return self.guard_config.k if self.guard_config else 0

    @property
    def guard_actions(self) -> tuple[GuardAction, ...]:
        """What the guard did."""
        return self.guard.actions if self.guard_config else ()

    @property
    def counted(self) -> bool:
        """Whether any figure comes from counts."""
        return any(item.name in FIDELITY_FIGURES for item in self.figures)

    def scale(self, *, guarded: bool) -> FidelityFigures:
        """Give the scale of fidelity against real rows as they were learned from.

        Parameters
        ----------
        guarded : bool
            Whether the guard ran before.

        Returns
        -------
        FidelityFigures
            Made when first asked for.
        """
        if guarded not in self.scales:
            guard = self.guard if guarded else None
            with one_native_thread():
                self.scales[guarded] = FidelityFigures(
                    prepare_table("real", self.train, self.schema, guard),
                    prepare_table("holdout", self.holdout, self.schema, guard),
                    self.schema,
                    targets=self.targets,
                    policy=self.policy,
                    seed=self.seed,
                )
        return self.scales[guarded]

    def refit(
        self, synthesizer: SynthesizerSpec, seed: int, advance: Callable[[], None] = lambda: None
    ) -> Refit:
        """Fit a synthesizer anew and measure what it makes.

        Parameters
        ----------
        synthesizer : SynthesizerSpec
            Which.
        seed : int
            Seed of the fit and of its samples.
        advance : callable, optional
            Called when it is fitted, sampled and measured.

        Returns
        -------
        Refit
            Its figures and costs.
        """
        guarded = self.guard_config is not None and not synthesizer_class(synthesizer.name).is_instrument
        model = make(
            synthesizer,
            self.schema,
            seed=derive_seed(seed, "refit"),
            guard=self.guard_config or False,
        )
        with one_native_thread():
            wall, cpu = time.perf_counter(), time.process_time()
            with peak_memory() as peak:
                model.fit(self.train)
            fit = (time.process_time() - cpu, time.perf_counter() - wall)
            advance()
            wall, cpu = time.perf_counter(), time.process_time()
            sample = model.sample(len(self.train), seed=derive_seed(seed, "sample"))
            drawn = (time.process_time() - cpu, time.perf_counter() - wall)
            wide = (
                model.sample(self.measured_rows, seed=derive_seed(seed, "measure"))
                if self.counted
                else sample
            )
            advance()
        found = self._measured(sample, wide, seed, guarded=guarded)
        advance()
        return Refit(*found, RefitCosts(*fit, *drawn, peak.megabytes))

    def measure(self, synthetic: pd.DataFrame, seed: int = 0, *, guarded: bool = True) -> Refit:
        """Measure a table that was given.

        Parameters
        ----------
        synthetic : pandas.DataFrame
            Its rows, best several times as many as the training table has.
        seed : int, default 0
            Seed of what needs rows.
        guarded : bool, default True
            Whether it was learned from guarded rows.

        Returns
        -------
        Refit
            Its figures, without costs.
        """
        guarded = guarded and self.guard_config is not None
        return Refit(*self._measured(synthetic, synthetic, seed, guarded=guarded))

    @cached_property
    def _digests(self) -> tuple[BaselineColumn, ...]:
        table = prepare_table("real", pd.concat([self.train, self.holdout]), self.schema, None)
        from synthtab.profiling import make_plan

        plan = make_plan(self.schema, [table.given], self.policy.k, seed=self.seed)
        shown = releasable_profile(
            count_table(table.given, plan, shards=1, seed=self.seed, people=table.given_people), self.policy.k
        )
        return tuple(
            BaselineColumn(
                column.name,
                self.schema[column.name].kind.value,
                hashlib.blake2b(
                    np.ascontiguousarray(counts, dtype=np.int64).tobytes(), digest_size=8
                ).hexdigest(),
            )
            for column, counts in zip(shown.plan.columns, shown.bins, strict=True)
        )

    def column_digests(self) -> tuple[BaselineColumn, ...]:
        """Tell each column of the real rows from what it may become, by suppressed counts.

        Returns
        -------
        tuple of BaselineColumn
            Counts of fewer than k people are not in them, and the others are on a grid of k: a guessed row
            cannot be confirmed, and a change of a few rows may go unnoticed.
        """
        return self._digests

    @property
    def data_digest(self) -> str:
        """Digest of all columns together."""
        told = "\x1f".join(f"{item.name}\x1e{item.digest}" for item in self.column_digests())
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    def fresh(self) -> tuple[Interval, ...]:
        """Say what fresh real rows score on each figure, and where 95 % of them lie where that is known.

        Returns
        -------
        tuple of Interval
            In the order of `figures`.
        """
        bands = self.scale(guarded=self.guard_config is not None).fresh_bands if self.counted else {}
        members, others = self.train_rows, self.holdout_rows
        half = 1.96 * np.sqrt((members + others + 1) / (12 * members * others))
        areas = {name: Interval(0.5, 0.5 - half, 0.5 + half) for name in ("privacy.membership_auc",)}
        known = {**bands, **areas}
        return tuple(known.get(item.name, Interval(item.fresh)) for item in self.figures)

    # ------------------------------------------------------------------ inside

    def _measured(
        self, sample: pd.DataFrame, wide: pd.DataFrame, seed: int, *, guarded: bool
    ) -> tuple[tuple[float | None, ...], tuple[str, ...], tuple[ContextAnswer, ...]]:
        found: dict[str, FigureValue] = {}
        if self.counted:
            with one_native_thread():
                found = self.scale(guarded=guarded).read(self.schema.cast(wide, "synthetic"))
        sections = {item.section for item in self.figures if item.name not in FIDELITY_FIGURES}
        contexts: tuple[ContextAnswer, ...] = ()
        if sections:
            audit = self._audited(sample, sections, seed, guarded=guarded)
            contexts = audit.contexts
            found |= {
                item.name: _of_audit(item.name, audit) for item in self.figures if item.name not in found
            }
        values = [found[item.name] for item in self.figures]
        return tuple(item.value for item in values), tuple(item.reason for item in values), contexts

    def _audited(
        self, sample: pd.DataFrame, sections: set[Section], seed: int, *, guarded: bool
    ) -> AuditResult:
        from synthtab.auditing import audit

        return audit(
            self.train,
            sample,
            holdout=self.holdout,
            schema=self.schema,
            target=list(self.targets) or None,
            subgroups=(),
            sections=sorted(sections),
            policy=self.policy,
            guard=self.guard if guarded else None,
            seed=derive_seed(seed, "audit"),
        )


def _of_audit(name: str, audit: AuditResult) -> FigureValue:
    """Read a figure off an audit."""
    if name in _BY_CHECK:
        check = audit.check(_BY_CHECK[name])
        return FigureValue(check.value, "" if check.value is not None else check.reason)
    if name == _ADVANTAGE:
        return _advantage(audit)
    score = next((s for s in audit.scores if s.metric == _BY_SCORE[name] and not s.columns), None)
    if score is None or score.value is None:
        reason = next((c.reason for c in audit.checks if c.status is Status.NOT_APPLICABLE), "")
        return FigureValue(None, reason or "the attack could not be made on this table")
    return FigureValue(score.value)


def _advantage(audit: AuditResult) -> FigureValue:
    rates: dict[str, list[tuple[float, float]]] = {
        code: [
            (attack.risk, attack.control)
            for attack in audit.attacks
            if attack.code == code and attack.risk is not None and attack.control is not None
        ]
        for code in _ATTACKS
    }
    area = _of_audit("privacy.membership_auc", audit).value
    if area is not None:
        rates["STB802"] = [(area, 1 - area)]
    value = largest_advantage(rates)
    return FigureValue(value) if np.isfinite(value) else FigureValue(None, "nothing could be attacked")
