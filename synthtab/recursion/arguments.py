"""Arguments: what a study is asked for, refused before any work where it is none of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthtab.arguments import is_whole, listed, refuse_doubles
from synthtab.errors import DataError, SpecError
from synthtab.recursion.curation import Curate, Over
from synthtab.recursion.drift import MIN_NULL_CHAINS
from synthtab.recursion.naming import regime_of
from synthtab.recursion.real import recursion_schema
from synthtab.recursion.regime import Regime
from synthtab.recursion.runner import AuditPlan
from synthtab.results import Section
from synthtab.schema import TableSchema
from synthtab.schema.casting import require_columns
from synthtab.specs import SynthesizerSpec
from synthtab.synthesizers import Guard, make
from synthtab.tables import Split

__all__ = [
    "Sizes",
    "audits_of",
    "refuse_hopeless",
    "refuse_odd_numbers",
    "regimes_of",
]


@dataclass(frozen=True)
class Sizes:
    """Rows of a generation, of the growth of an accumulated table, and of what is measured.

    Parameters
    ----------
    rows, growth, measured : int
        Numbers of rows.
    """

    rows: int
    growth: int
    measured: int

    @property
    def three(self) -> tuple[int, int, int]:
        """All of them, in order."""
        return self.rows, self.growth, self.measured


def regimes_of(regimes: Sequence[str | Regime]) -> tuple[Regime, ...]:
    """Take regimes by name, or as they are.

    Parameters
    ----------
    regimes : sequence of str or Regime
        Which.

    Returns
    -------
    tuple of Regime
        One for each.

    Raises
    ------
    SpecError
        When they are no list, one is no regime, or one is named twice.
    """
    found = tuple(regime_of(item) for item in listed("regimes", regimes, '["replace"]'))
    refuse_doubles("regime", found)
    return found


def audits_of(
    audit_at: Sequence[int],
    target: str | Sequence[str] | None,
    sections: Sequence[Section | str] | None,
    generations: int,
    schema: TableSchema,
) -> AuditPlan:
    """Plan the audits of some generations.

    Parameters
    ----------
    audit_at : sequence of int
        Which generations.
    target : str, sequence of str or None
        What models shall predict.
    sections : sequence of str or None
        Sections of the audits; None for utility, detection and privacy.
    generations : int
        Length of the chains.
    schema : TableSchema
        The table's schema.

    Returns
    -------
    AuditPlan
        The plan.

    Raises
    ------
    SpecError
        When there is no such generation, column or section, or an audit is described and none asked for.
    """
    asked = listed("audit_at", audit_at, "[1, 10]")
    if not all(is_whole(generation, 1) and generation <= generations for generation in asked):
        raise SpecError(f"audit_at takes generations, whole numbers from 1 to {generations}.")
    at = tuple(sorted({int(generation) for generation in asked}))
    targets = (target,) if isinstance(target, str) else tuple(target or ())
    for name in targets:
        if name not in recursion_schema(schema):
            raise SpecError(f"There is no column {name!r} to predict.")
    if (targets or sections) and not at:
        raise SpecError("target and sections belong to audits.", hint="Say at which generations: audit_at=.")
    wanted = ("utility", "detection", "privacy") if sections is None else sections
    try:
        chosen = tuple(Section(item).value for item in ([wanted] if isinstance(wanted, str) else wanted))
    except ValueError as error:
        raise SpecError("There is no such section.", hint=f"Known: {', '.join(Section)}.") from error
    return AuditPlan(at, targets, chosen if at else ())


def refuse_odd_numbers(
    *,
    generations: int,
    rows: int | None,
    growth: int | None,
    measured: int | None,
    null_chains: int,
    seed: int,
    watts: float,
    guard: bool | Guard,
) -> None:
    """Refuse numbers that are none of their kind, and a guard that is none.

    Parameters
    ----------
    generations : int
        As `recurse` takes it.
    rows, growth, measured : int or None
        As `recurse` takes them.
    null_chains, seed : int
        As `recurse` takes them.
    watts : float
        As `recurse` takes it.
    guard : bool or Guard
        As `recurse` takes it.

    Raises
    ------
    SpecError
        Names the argument, and what is allowed.
    """
    numbers = (
        ("generations", generations, 1),
        ("rows", rows, 2),
        ("growth", growth, 1),
        ("measured", measured, 1),
        ("null_chains", null_chains, MIN_NULL_CHAINS),
        ("seed", seed, 0),
    )
    for name, value, least in numbers:
        if not (value is None and name in ("rows", "growth", "measured")) and not is_whole(value, least):
            raise SpecError(f"{name} must be a whole number, {least} or more.")
    real = isinstance(watts, int | float | np.number) and not isinstance(watts, bool)
    if not (real and 0 <= watts < np.inf):
        raise SpecError("watts must be a number, 0 or more.")
    if not isinstance(guard, bool | Guard):
        raise SpecError("The guard must be True, False or a Guard.", hint="Write guard=st.Guard(k=20).")


def refuse_hopeless(
    regimes: Sequence[Regime],
    specs: Sequence[SynthesizerSpec],
    seeds: Sequence[int],
    generations: int,
    null_chains: int,
    split: Split,
    schema: TableSchema,
) -> None:
    """Refuse what would only fail after hours of work.

    Parameters
    ----------
    regimes : sequence of Regime
        All regimes of the study.
    specs : sequence of SynthesizerSpec
        All synthesizers.
    seeds : sequence of int
        Seeds of the chains.
    generations, null_chains : int
        As `recurse` takes them.
    split : Split
        The real rows.
    schema : TableSchema
        What is public about them.

    Raises
    ------
    SpecError
        When a synthesizer is unknown, or there are too few null chains.
    DataError
        When a table lacks a column, none can be learned, or a regime needs verifier rows and there are none.
    """
    if null_chains <= len(seeds):
        raise SpecError("There must be more null chains than seeds.", hint="500 are advised.")
    own = recursion_schema(schema)
    if not own.columns:
        raise DataError("No column can be learned: all are identifiers or free text.")
    for what, part in split.parts():
        require_columns(part, own.columns, "training" if what == "train" else what)
    named = [regime.synthesizer(g) for regime in regimes for g in range(1, generations + 1)]
    for wanted in (*specs, *dict.fromkeys(item for item in named if item is not None)):
        make(wanted, own)
    for regime in regimes:
        if _needs_verifier(regime) and not len(split.verifier):
            raise DataError(
                f"{regime} needs real rows that were kept back.",
                hint="Give a split made with verifier=0.1, or score='validity'.",
            )


def _needs_verifier(regime: Regime) -> bool:
    if isinstance(regime, Curate) and regime.needs_verifier:
        return True
    return isinstance(regime, Over) and _needs_verifier(regime.over)
