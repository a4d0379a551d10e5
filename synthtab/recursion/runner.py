"""Runner: one chain from its first generation, or from where it stopped, to its last."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from synthtab.execution import Store, Ticker, storage_error
from synthtab.lineage import ATTRIBUTE
from synthtab.lineage.carrying import write_at_once
from synthtab.recursion.chain import Chain, ChainPlan, Costs, Generation
from synthtab.recursion.measures import Measures
from synthtab.recursion.null import DriftNull, drift_null
from synthtab.recursion.packing import frame_of, pack_arrays, unpack_arrays
from synthtab.recursion.real import RealTables
from synthtab.recursion.records import AuditedFigure, ChainStore, GenerationRecord, chain_key
from synthtab.recursion.regime import Regime
from synthtab.results import AuditResult, Section
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray

__all__ = ["AuditPlan", "ChainTask", "NullTask", "StudyTask", "run_task"]


@dataclass(frozen=True)
class AuditPlan:
    """What is asked of some generations beside the figures of counts.

    Parameters
    ----------
    generations : tuple of int
        Which.
    targets : tuple of str
        What models shall predict.
    sections : tuple of str
        Sections of the audit.
    """

    generations: tuple[int, ...] = ()
    targets: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ChainTask:
    """One chain of a study.

    Parameters
    ----------
    real : RealTables
        The real rows.
    measures : Measures
        What is measured.
    plan : ChainPlan
        What the chain does.
    generations : int
        Its length.
    store : Store
        Where it is kept.
    audits : AuditPlan
        What is asked of some generations.
    tables : Path or None
        Folder for the synthetic tables, where they were asked for.
    """

    real: RealTables
    measures: Measures
    plan: ChainPlan
    generations: int
    store: Store
    audits: AuditPlan
    tables: Path | None


@dataclass(frozen=True, eq=False)
class NullTask:
    """The drift null of one regime.

    Parameters
    ----------
    real : RealTables
        The real rows.
    measures : Measures
        What is measured.
    regime : Regime
        What is trained on.
    generations, rows, growth, measured : int
        As in the chains.
    chains : int
        Number of null chains.
    seed : int
        Seed of all draws.
    store : Store
        Where it is kept.
    """

    real: RealTables
    measures: Measures
    regime: Regime
    generations: int
    rows: int
    growth: int
    measured: int
    chains: int
    seed: int
    store: Store


_NULL_PARTS = ("figures", "rare_steps", "absent")

StudyTask = ChainTask | NullTask


def run_task(task: StudyTask, ticker: Ticker) -> tuple[GenerationRecord, ...] | DriftNull:
    """Run a chain, or the null of a regime.

    Parameters
    ----------
    task : ChainTask or NullTask
        Which.
    ticker : Ticker
        Told of every generation.

    Returns
    -------
    tuple of GenerationRecord, or DriftNull
        What was found.
    """
    return _run_null(task, ticker) if isinstance(task, NullTask) else _run_chain(task, ticker)


def _run_null(task: NullTask, ticker: Ticker) -> DriftNull:
    key = f"drift/{chain_key('null', str(task.regime), task.seed).rpartition('/')[2]}"
    payload = task.store.get(key)
    if payload is not None:
        _, arrays = unpack_arrays(payload)
        ticker.found(task.generations)
        return DriftNull(*(np.asarray(arrays[name], dtype=np.float64) for name in _NULL_PARTS))
    found = drift_null(
        task.real,
        task.measures,
        task.regime,
        generations=task.generations,
        rows=task.rows,
        growth=task.growth,
        measured=task.measured,
        chains=task.chains,
        seed=task.seed,
    )
    task.store.put(key, pack_arrays({}, {name: getattr(found, name) for name in _NULL_PARTS}))
    ticker.advance(task.generations)
    return found


def _run_chain(task: ChainTask, ticker: Ticker) -> tuple[GenerationRecord, ...]:
    plan = task.plan
    kept = ChainStore(task.store, chain_key(str(plan.synthesizer), str(plan.regime), plan.seed))
    records = [kept.record(g) for g in range(1, task.generations + 1)]
    unfinished = [g for g, record in enumerate(records, start=1) if record is None]
    ticker.found(task.generations - len(unfinished))
    if unfinished:
        chain = Chain(task.real, plan, kept)
        for g in _replayed(kept, unfinished[0], needs_all=plan.regime.needs_all):
            chain.advance(g)
        for g in range(unfinished[0], task.generations + 1):
            made = chain.advance(g)
            if records[g - 1] is None:
                records[g - 1] = _recorded(task, made)
                kept.keep(records[g - 1])  # type: ignore[arg-type] # set in the line above
                ticker.advance()
            if not plan.regime.needs_all:
                kept.forget(g)
    # two-way counts stay in the store: the study has no use for them
    return tuple(replace(record, pairs=()) for record in records if record is not None)


def _replayed(kept: ChainStore, unfinished: int, *, needs_all: bool) -> range | list[int]:
    """List the generations whose tables must be made again before the first unfinished one can be."""
    if needs_all:
        return [g for g in range(1, unfinished) if not kept.has(g)]
    last = next((g for g in range(unfinished - 1, 0, -1) if kept.has(g)), 0)
    return range(last + 1, unfinished)


def _recorded(task: ChainTask, made: Generation) -> GenerationRecord:
    wall, cpu = time.perf_counter(), time.process_time()
    measures = task.measures
    profile = measures.profile(made.measured)
    figures = measures.read(profile)[0]
    before = _weighted_counts(measures, made.training, made.weights)
    rows = task.plan.rows
    after = counted = _weighted_counts(measures, made.drawn.take(np.arange(rows)), None)
    if task.plan.measured != rows:
        counted = tuple(counts[0].astype(np.float64) for counts in measures.cells(profile))
    measured = Costs(time.perf_counter() - wall, time.process_time() - cpu)
    audit = _audited(task, made) if made.generation in task.audits.generations else None
    if task.tables is not None:
        _write_table(task, made)
    return GenerationRecord(
        generation=made.generation,
        synthesizer=str(made.synthesizer),
        figures=figures,
        before=before,
        after=after,
        measured=() if counted is after else counted,
        pairs=tuple(np.asarray(counts, dtype=np.int32) for counts in profile.pair_totals),
        real=made.real,
        lineage=made.lineage.to_json(),
        fit=made.fit,
        sample=made.sample,
        measure=measured,
        audit="" if audit is None else audit.to_json(),
        audited=() if audit is None else _figures_of(audit),
    )


def _weighted_counts(
    measures: Measures, table: CastTable, weights: FloatArray | None
) -> tuple[FloatArray, ...]:
    found = []
    for column in measures.plan.columns:
        codes = column.encode(table[column.name])
        cells = column.cell_of_bin[codes] if column.is_number else codes
        width = column.n_cells if column.is_number else column.n_bins + 1
        found.append(np.bincount(cells, weights=weights, minlength=width).astype(np.float64))
    return tuple(found)


def _audited(task: ChainTask, made: Generation) -> AuditResult:
    from synthtab.auditing import audit

    schema = task.real.schema
    return audit(
        frame_of(task.real.original, schema),
        frame_of(made.measured, schema),
        holdout=frame_of(task.real.holdout, schema),
        schema=schema,
        target=list(task.audits.targets) or None,
        sections=list(task.audits.sections) or None,
        seed=task.plan.seed,
    )


def _figures_of(audit: AuditResult) -> tuple[AuditedFigure, ...]:
    """List what an audit says that counts do not: families, and what models, detection and attacks find."""
    learned = (Section.UTILITY, Section.DETECTION, Section.PRIVACY)
    found = [
        (item.section, "calibrated", item.calibrated, item.low, item.high)
        for item in audit.families
        if item.calibrated is not None
    ]
    found += [
        (score.section, " ".join((score.metric, *score.columns)), score.value, score.low, score.high)
        for score in audit.scores
        if score.section in learned and len(score.columns) <= 1 and score.value is not None
    ]
    return tuple(
        AuditedFigure(section.value, name, *(math.nan if part is None else part for part in figure))
        for section, name, *figure in found
    )


def _write_table(task: ChainTask, made: Generation) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert task.tables is not None
    plan = task.plan
    key = chain_key(str(plan.synthesizer), str(plan.regime), plan.seed)
    target = task.tables / key / f"g{made.generation:04d}.parquet"
    rows = np.arange(min(plan.rows, made.drawn.n_rows))
    frame = frame_of(made.drawn.take(rows), task.real.schema)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {
        **(table.schema.metadata or {}),
        ATTRIBUTE.encode(): made.lineage.for_rows(len(rows)).to_json(),
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_at_once(target, lambda file: pq.write_table(table.replace_schema_metadata(metadata), file))
    except OSError as error:
        # a full disk is no failure of this chain alone: all others would meet it too
        raise storage_error(error, f"The table of generation {made.generation}", table.nbytes) from error
