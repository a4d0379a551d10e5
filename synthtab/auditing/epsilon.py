"""audit_epsilon: the least that a mechanism leaks, in the unit of differential privacy, by attack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

import pandas as pd

from synthtab.attacks.canary_fits import MIN_FITS, FitAndSample, inserted_canaries, refit_canaries
from synthtab.attacks.epsilon import EpsilonBound, paired_canaries, refuse_odd_claim
from synthtab.attacks.record_scores import density_ratio
from synthtab.auditing.battery import attack_tables
from synthtab.auditing.blind import NO_RANDOM_SPLIT, blind_baseline, is_told_apart
from synthtab.auditing.tables import AppliesGuard, prepare_tables
from synthtab.errors import DataError, SpecError
from synthtab.progress import current_progress
from synthtab.results.epsilon import Adjacency, EpsilonDesign, EpsilonResult
from synthtab.schema import TableSchema
from synthtab.schema.casting import require_columns
from synthtab.seeding import derive_seed
from synthtab.specs import SynthesizerSpec
from synthtab.tables import read_frame
from synthtab.tables.source import TableLike

if TYPE_CHECKING:
    from synthtab.synthesizers import Guard

__all__ = ["audit_epsilon", "epsilon_result"]


def audit_epsilon(
    real: TableLike,
    synthetic: TableLike | None = None,
    *,
    holdout: TableLike | None = None,
    schema: TableSchema | None = None,
    synthesizer: str | SynthesizerSpec | None = None,
    design: EpsilonDesign | None = None,
    canaries: TableLike | None = None,
    target: TableLike | None = None,
    fits: int = 100,
    n_canaries: int = 200,
    n_synthetic: int | None = None,
    promised: float | None = None,
    delta: float = 0.0,
    confidence: float = 0.95,
    guard: bool | Guard | AppliesGuard | None = None,
    seed: int = 0,
) -> EpsilonResult:
    """Bound from below, by attack, the epsilon of differential privacy that a mechanism can have.

    The *paired* design needs a synthetic table and a holdout and costs seconds: of random pairs of a training
    and a holdout record, the one more like a member is guessed to have been in. *Inserted* fits a synthesizer
    once, with a random half of made-up outliers among its rows. *Refits* fits it many times, with and without
    one record, and is the one that sees a single person. A bound of 0 is not evidence of privacy.

    Parameters
    ----------
    real : table
        The rows that the synthesizer learned from, or shall learn from.
    synthetic : table, optional
        The rows that it made; for the paired design.
    holdout : table, optional
        Real rows that it has not seen, drawn from the same people at random; for the paired design, which
        sees most when there are as many of them as training rows.
    schema : TableSchema, optional
        What is public about the table; inferred from `real` when not given.
    synthesizer : str or SynthesizerSpec, optional
        What to fit; for the other two designs.
    design : {"paired", "inserted", "refits"}, optional
        By default paired when there is a synthetic table, refits when there is a target, else inserted.
    canaries : table, optional
        Records to insert, with every column of `real`; by default outliers out of the rarer values of each
        column, which are never written anywhere.
    target : table of one row, optional
        The record that refits put in or leave out; by default the one farthest from all other people.
    fits : int, default 100
        Number of refits, at least 10; half of them are judged.
    n_canaries : int, default 200
        Number of canaries to make when none are given.
    n_synthetic : int, optional
        Rows that each fit gives out; by default as many as `real` has. More give away more.
    promised : float, optional
        Epsilon that the mechanism promises under adding or removing one person; the result says whether the
        bound contradicts it.
    delta : float, default 0
        Delta at which the bound shall hold, under the adjacency of the design. A promise of epsilon and delta
        for adding or removing one person is one of 2 epsilon and (1 + e^epsilon) delta for replacing one,
        which is what the paired design bounds.
    confidence : float, default 0.95
        Confidence of the bound, between 0 and 1.
    guard : bool, Guard or FittedGuard, optional
        For the paired design ``synth.guard``, applied to the real tables; for the others what `make` takes,
        True by default.
    seed : int, default 0
        Seed of every draw.

    Returns
    -------
    EpsilonResult
        The bound, what this design could have shown at most, and both in words.

    Raises
    ------
    DataError
        When a table has no rows or lacks a column, or what the design needs is not given.
    SpecError
        When the design or synthesizer does not exist, something is given that the design has no use for, or a
        number is out of range.

    References
    ----------
    Steinke, Nasr, Jagielski (2023), Privacy auditing with one (1) training run, arXiv 2305.08846.
    """
    given = {
        "synthetic": synthetic is not None,
        "holdout": holdout is not None,
        "synthesizer": synthesizer is not None,
        "canaries": canaries is not None,
        "target": target is not None,
    }
    chosen = _design(design, given)
    refuse_odd_claim(delta, confidence)
    _refuse_odd_numbers(fits, n_canaries, n_synthetic, promised)
    if chosen == "paired":
        assert synthetic is not None
        assert holdout is not None
        if isinstance(guard, bool) or (guard is not None and not hasattr(guard, "apply")):
            raise SpecError(
                "The paired design fits nothing that a guard could be set for.",
                hint="Pass guard=synth.guard, the guard that was fitted, or leave it out.",
            )
        bound = _paired(real, synthetic, holdout, schema, guard, delta, confidence, seed)
        return epsilon_result(chosen, "replace one", bound, promised)
    assert synthesizer is not None
    frame, known = _rows_to_fit(real, schema)
    fit_and_sample = _fitting(synthesizer, known, guard, len(frame) if n_synthetic is None else n_synthetic)
    if chosen == "inserted":
        bound = inserted_canaries(
            frame,
            known,
            fit_and_sample,
            canaries=None if canaries is None else read_frame(canaries),
            n_canaries=n_canaries,
            delta=delta,
            confidence=confidence,
            seed=seed,
        )
    else:
        bound = refit_canaries(
            frame,
            known,
            fit_and_sample,
            target=None if target is None else read_frame(target),
            fits=fits,
            delta=delta,
            confidence=confidence,
            seed=seed,
        )
    return epsilon_result(chosen, "add or remove one", bound, promised)


# ---------------------------------------------------------------------- what was asked for

_NEEDS: dict[EpsilonDesign, tuple[str, ...]] = {
    "paired": ("synthetic", "holdout"),
    "inserted": ("synthesizer",),
    "refits": ("synthesizer",),
}
_TAKES: dict[EpsilonDesign, tuple[str, ...]] = {
    "paired": (),
    "inserted": ("canaries",),
    "refits": ("target",),
}


def _design(design: str | None, given: dict[str, bool]) -> EpsilonDesign:
    """Settle the design, and refuse what it lacks or has no use for."""
    wanted: EpsilonDesign
    if design is None:
        wanted = "paired" if given["synthetic"] else "refits" if given["target"] else "inserted"
    elif design in _NEEDS:
        wanted = design
    else:
        raise SpecError(
            f"There is no design {design!r}.", hint=f"Known: {', '.join(get_args(EpsilonDesign))}."
        )
    for name in _NEEDS[wanted]:
        if not given[name]:
            raise DataError(
                f"The {wanted} design needs {name}=….",
                hint="Paired: a synthetic table and a holdout. Inserted and refits: a synthesizer to fit.",
            )
    unused = [name for name in given if given[name] and name not in (*_NEEDS[wanted], *_TAKES[wanted])]
    if unused:
        raise SpecError(
            f"The {wanted} design has no use for {unused[0]}=….", hint="Leave it out, or choose by design=…."
        )
    return wanted


def _refuse_odd_numbers(fits: int, n_canaries: int, n_synthetic: int | None, promised: float | None) -> None:
    if isinstance(fits, bool) or not isinstance(fits, int) or fits < MIN_FITS:
        raise SpecError(f"fits must be a whole number, {MIN_FITS} or more.", hint="100 show 2.78 at most.")
    for name, count in (
        ("n_canaries", n_canaries),
        ("n_synthetic", 1 if n_synthetic is None else n_synthetic),
    ):
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise SpecError(f"{name} must be a whole number, 1 or more.")
    if promised is not None and not (math.isfinite(promised) and promised >= 0):
        raise SpecError("promised must be an epsilon: a number, 0 or more.")


def _rows_to_fit(real: TableLike, schema: TableSchema | None) -> tuple[pd.DataFrame, TableSchema]:
    frame = read_frame(real)
    if frame.empty:
        raise DataError("The real table has no rows.", hint="Give at least one row.")
    known = TableSchema.infer(frame) if schema is None else schema
    if not known.modelled:
        raise DataError(
            "No column can be audited.",
            hint="All are identifiers or free text; change their kind in the schema.",
        )
    require_columns(frame, known.columns, "real")
    return frame.reset_index(drop=True), known


def _fitting(
    synthesizer: str | SynthesizerSpec,
    schema: TableSchema,
    guard: bool | Guard | AppliesGuard | None,
    n_synthetic: int,
) -> FitAndSample:
    from synthtab.synthesizers import Guard, make

    wanted = True if guard is None else guard
    if not isinstance(wanted, bool | Guard):
        raise SpecError(
            "A fitted guard belongs to one fit; here others follow.", hint="Pass True, False or Guard(k=…)."
        )
    make(synthesizer, schema, guard=wanted)  # a wrong name or parameter shows before anything is fitted

    def fit_and_sample(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
        model = make(synthesizer, schema, seed=derive_seed(seed, "fit"), guard=wanted).fit(rows)
        return model.sample(n_synthetic, seed=derive_seed(seed, "sample"))

    return fit_and_sample


# ---------------------------------------------------------------------- pairs of training and holdout records


def _paired(
    real: TableLike,
    synthetic: TableLike,
    holdout: TableLike,
    schema: TableSchema | None,
    guard: AppliesGuard | None,
    delta: float,
    confidence: float,
    seed: int,
) -> EpsilonBound:
    tables = prepare_tables(real, synthetic, holdout, schema, guard)
    assert tables.holdout is not None
    train, others = tables.train, tables.holdout
    progress, stage = current_progress(), "epsilon"
    progress.start(stage, 2)
    try:
        if is_told_apart(blind_baseline(train, others, tables.columns, seed)):
            return EpsilonBound(delta=delta, confidence=confidence, reason=NO_RANDOM_SPLIT)
        progress.advance(stage, note="distances")
        attacked = attack_tables(tables, seed)
        if attacked.reason:
            return EpsilonBound(delta=delta, confidence=confidence, reason=attacked.reason)
        # as the first membership attack of an audit does
        scores = density_ratio(attacked.to_real, attacked.to_made)
        progress.advance(stage)
    finally:
        progress.finish(stage)
    pool = attacked.pool
    return paired_canaries(scores, pool.is_train, pool.persons, seed=seed, delta=delta, confidence=confidence)


def epsilon_result(
    design: EpsilonDesign, adjacency: Adjacency, bound: EpsilonBound, promised: float | None
) -> EpsilonResult:
    """Give a bound as a result, with its design and its words.

    Parameters
    ----------
    design : {"paired", "inserted", "refits"}
        How it was found.
    adjacency : {"replace one", "add or remove one"}
        What a neighbouring table is.
    bound : EpsilonBound
        The bound.
    promised : float or None
        Epsilon that the mechanism promises.

    Returns
    -------
    EpsilonResult
        The result.
    """
    return EpsilonResult(
        design=design,
        epsilon=bound.epsilon,
        confidence=bound.confidence,
        cap=bound.cap,
        guesses=bound.guesses,
        right=bound.right,
        canaries=bound.canaries,
        fits=bound.fits,
        delta=bound.delta,
        adjacency=adjacency,
        promised=promised,
        reason=bound.reason,
    )
