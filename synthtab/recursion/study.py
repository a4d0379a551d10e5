"""Study: a grid of chains, their drift nulls, and what they say together. The public face is `recurse`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from synthtab.arguments import rows_of, seeds_of, specs_of
from synthtab.errors import SpecError
from synthtab.execution import (
    DirectoryStore,
    MemoryStore,
    Outcome,
    Store,
    check_manifest,
    run_grid,
    storage_error,
)
from synthtab.lineage import public_hash
from synthtab.lineage.carrying import write_at_once
from synthtab.lineage.fingerprints import library_versions
from synthtab.metrics.marginal import shares, total_variation
from synthtab.profiling.suppression import releasable_profile
from synthtab.progress import watching
from synthtab.recursion.arguments import (
    Sizes,
    audits_of,
    refuse_hopeless,
    refuse_odd_numbers,
    regimes_of,
)
from synthtab.recursion.chain import ChainPlan
from synthtab.recursion.measures import Measures, Scale
from synthtab.recursion.null import DriftNull
from synthtab.recursion.real import RealTables, prepare_real_tables
from synthtab.recursion.records import GenerationRecord
from synthtab.recursion.regime import Regime
from synthtab.recursion.runner import ChainTask, NullTask, StudyTask, run_task
from synthtab.recursion.summary import ArmRecords, summarise
from synthtab.results import ChainFigures, FigureName, Section, StudyResult, StudySettings
from synthtab.schema import TableSchema
from synthtab.specs import SynthesizerSpec
from synthtab.synthesizers import Guard
from synthtab.tables import Split
from synthtab.tables.source import TableLike

__all__ = ["recurse"]

_PRIVATE = 0o700
_NOTICE = """\
This folder holds the checkpoints of a synthtab recursion study. It may hold rows that are as sensitive as the
real table: keep it where the table is kept, and delete it when the study is done.
"""


def recurse(
    table: Split | TableLike,
    schema: TableSchema | None = None,
    *,
    holdout: TableLike | None = None,
    synthesizers: Sequence[str | SynthesizerSpec] = ("gaussian_copula",),
    regimes: Sequence[str | Regime] = ("replace", "accumulate"),
    generations: int = 10,
    seeds: Sequence[int] = range(10),
    rows: int | None = None,
    growth: int | None = None,
    measured: int | None = None,
    guard: bool | Guard = True,
    audit_at: Sequence[int] = (),
    target: str | Sequence[str] | None = None,
    sections: Sequence[Section | str] | None = None,
    null_chains: int = 500,
    run_dir: str | Path | None = None,
    keep_tables: bool = False,
    workers: int | None = None,
    watts: float = 15.0,
    seed: int = 0,
    progress: bool | None = None,
) -> StudyResult:
    """Ask what happens to a table if models are trained on synthetic copies of it, again and again.

    Every synthesizer goes through every regime, once for each seed. The real rows are guarded once, and the
    loss is held against two references: fresh real rows of the same number, and the *drift null*, a row
    bootstrap through the same regime, because a finite sample loses rare levels even with a perfect model.

    Parameters
    ----------
    table : Split or table
        Real rows. A split made with ``pool=`` feeds regimes with an inflow of fresh rows, one made with
        ``verifier=`` those that curate; a table needs `holdout`.
    schema : TableSchema, optional
        What is public about the table; inferred from the training rows by default.
    holdout : table, optional
        Real rows that nothing learns from, where `table` is no split.
    synthesizers : sequence of str or SynthesizerSpec, default ("gaussian_copula",)
        What is fitted.
    regimes : sequence of str or Regime, default ("replace", "accumulate")
        What the next generation is trained on: ``"replace"``, ``st.FreshMix(0.1)``, ``"fresh_mix(0.1)"``, or
        a `Regime` of your own.
    generations : int, default 10
        Samplings of a chain.
    seeds : sequence of int, default 0 to 9
        A chain for each; the chain is the replicate, so that fewer than ten give wide intervals.
    rows : int, optional
        Rows a generation; by default as many as there are training rows, or as leave enough for the inflow.
    growth : int, optional
        Rows by which each generation makes an accumulated table grow; `rows` by default.
    measured : int, optional
        Rows of each generation that are measured; `rows` by default. More are drawn for measuring only.
    guard : bool or Guard, default True
        Whether, and with which k, the real rows are guarded, once, before the first generation.
    audit_at : sequence of int, optional
        Generations of which a whole audit is asked: utility, detection and attacks cost more than counts.
    target : str or sequence of str, optional
        What the models of these audits predict.
    sections : sequence of str, optional
        Sections of these audits; by default utility, detection and privacy.
    null_chains : int, default 500
        Chains of the drift null of each regime.
    run_dir : str or Path, optional
        Folder for checkpoints: the same call goes on where it was stopped, and ends with the same bytes.
    keep_tables : bool, default False
        Write every synthetic table to ``run_dir/tables`` as Parquet, with its lineage.
    workers : int, optional
        Chains at the same time; by default what ``joblib.parallel_config`` says, else one a processor.
    watts : float, default 15
        Taken for the power of one busy core, to turn CPU hours into energy.
    seed : int, default 0
        Seed of everything that belongs to no chain.
    progress : bool, optional
        Whether to show progress; by default where somebody watches and it takes long.

    Returns
    -------
    StudyResult
        ``verdict`` in words, ``frame()``, ``curves_frame()``, ``drift()``, ``costs()``, ``to_html()``.

    Raises
    ------
    SpecError
        When an argument is none of its kind.
    DataError
        When there are too few real rows; says how many are needed.
    RunMismatchError, RunInUseError, StorageFullError
        When `run_dir` belongs to other arguments or another process, or its disk is full.

    Examples
    --------
    >>> import synthtab as st
    >>> data = st.load_nhanes_adults()
    >>> split = st.split(data.frame, data.schema, holdout=0.3, seed=0)
    >>> study = st.recurse(
    ...     split, data.schema, synthesizers=["independent"], generations=2, seeds=[0], null_chains=50
    ... )
    >>> [arm.regime for arm in study.arms]
    ['replace', 'accumulate']
    """
    refuse_odd_numbers(
        generations=generations,
        rows=rows,
        growth=growth,
        measured=measured,
        null_chains=null_chains,
        seed=seed,
        watts=watts,
        guard=guard,
    )
    split, known = rows_of(table, schema, holdout, cut_holdout=False)
    chosen, specs, chains = regimes_of(regimes), specs_of(synthesizers), seeds_of(seeds)
    audits = audits_of(audit_at, target, sections, generations, known)
    refuse_hopeless(chosen, specs, chains, generations, null_chains, split, known)
    if keep_tables and run_dir is None:
        raise SpecError("keep_tables needs a run_dir to write to.")
    real = prepare_real_tables(
        split, known, chosen, generations=generations, rows=rows, guard=guard, seed=seed
    )
    n = real.original.n_rows
    sizes = Sizes(n, n if growth is None else growth, n if measured is None else measured)
    measures = Measures(real, k=real.guard.k or Guard().k, seed=seed)
    store: Store = MemoryStore() if run_dir is None else DirectoryStore(run_dir)
    arms = [
        (regime, own)
        for regime in chosen
        for own in ((_first(regime),) if regime.decides_synthesizer else specs)
    ]
    nulls = [regime for regime in dict.fromkeys(chosen) if regime.has_null]
    tables = Path(run_dir) / "tables" if keep_tables and run_dir is not None else None
    tasks: list[StudyTask] = [
        NullTask(real, measures, regime, generations, *sizes.three, null_chains, seed, store)
        for regime in nulls
    ]
    tasks += [
        ChainTask(
            real,
            measures,
            ChainPlan(own, regime, chain, *sizes.three),
            generations,
            store,
            audits,
            tables,
        )
        for regime, own in arms
        for chain in chains
    ]
    with watching(progress), store.locked() if isinstance(store, DirectoryStore) else nullcontext():
        check_manifest(
            store,
            {
                "synthesizers": _listed(specs),
                "regimes": _listed(chosen),
                "seeds": _listed(chains),
                "generations": str(generations),
                "rows": str(sizes.rows),
                "growth": str(sizes.growth),
                "measured": str(sizes.measured),
                "guard": str(real.guard.k),
                "audit_at": _listed(audits.generations),
                "target": _listed(audits.targets),
                "sections": _listed(audits.sections),
                "null_chains": str(null_chains),
                "keep_tables": str(keep_tables),
                "seed": str(seed),
                "schema": public_hash(known),
                "rules": _rules_in_short(known),
                "real rows": _digest(measures, real),
                **{f"version of {name}": version for name, version in library_versions()},
            },
        )
        if run_dir is not None:
            _leave_notice(Path(run_dir))
        outcomes = run_grid(
            run_task,
            tasks,
            steps=[generations] * len(tasks),
            stage="Recursion",
            units=("chains", "generations"),
            workers=workers,
        )
    found = _nulls_of(nulls, outcomes)
    records = _records_of(arms, chains, outcomes[len(nulls) :])
    scale = measures.scale(real.original, sizes.measured)
    return StudyResult(
        settings=_settings(split, real, measures, sizes, chains, generations, null_chains, watts, known),
        arms=tuple(
            summarise(
                ArmRecords(
                    _shown(regime, own),
                    str(regime),
                    regime.statement,
                    [chain for chain in own_chains if isinstance(chain, tuple)],
                    tuple(dict.fromkeys(chain for chain in own_chains if isinstance(chain, str))),
                    found.get(regime),
                ),
                measures,
                scale,
                rows=sizes.rows,
                measured=sizes.measured,
                watts=watts,
                seed=seed,
            )
            for (regime, own), own_chains in zip(arms, records, strict=True)
        ),
        figures=_figures(measures, scale),
        guard=real.guard.actions,
        guard_cost=_guard_cost(measures, real),
        notes=(*real.notes, *_notes(chosen, outcomes[: len(nulls)], chains)),
        chains=tuple(
            _chain_figures(_shown(regime, own), str(regime), chain, records)
            for (regime, own), own_chains in zip(arms, records, strict=True)
            for chain, records in zip(chains, own_chains, strict=True)
            if isinstance(records, tuple)
        ),
    )


def _first(regime: Regime) -> SynthesizerSpec:
    first = regime.synthesizer(1)
    assert first is not None
    return first


def _shown(regime: Regime, own: SynthesizerSpec) -> str:
    return "evolving" if regime.decides_synthesizer else str(own)


def _listed(items: Sequence[object]) -> str:
    return ", ".join(map(str, items))


def _digest(measures: Measures, real: RealTables) -> str:
    """Tell tables apart by counts that may be published: no hash that would confirm a guessed row."""
    found = hashlib.blake2b(digest_size=8)
    tables = [measures.original, measures.holdout]
    tables += [
        measures.profile(part) for part in (real.pool, real.verifier) if part is not None and part.n_rows
    ]
    for profile in tables:
        shown = releasable_profile(profile, Guard().k)
        for counts in (*shown.bins, *shown.pairs):
            found.update(np.ascontiguousarray(counts, dtype=np.int64).tobytes())
    return found.hexdigest()


def _rules_in_short(schema: TableSchema) -> str:
    if not schema.rules:
        return "none"
    text = "\x1f".join(rule.text for rule in schema.rules)
    return f"{len(schema.rules)} ({hashlib.blake2b(text.encode(), digest_size=8).hexdigest()})"


def _leave_notice(folder: Path) -> None:
    notice = folder / "README.txt"
    try:
        if not notice.exists():
            write_at_once(notice, lambda file: file.write(_NOTICE.encode()))
        folder.chmod(_PRIVATE)
    except OSError as error:
        raise storage_error(error, "The notice in run_dir", len(_NOTICE)) from error


_Found = tuple[GenerationRecord, ...] | DriftNull


def _nulls_of(nulls: Sequence[Regime], outcomes: Sequence[Outcome[_Found]]) -> dict[Regime, DriftNull]:
    return {
        regime: outcome.result
        for regime, outcome in zip(nulls, outcomes, strict=False)
        if isinstance(outcome.result, DriftNull)
    }


def _records_of(
    arms: Sequence[tuple[Regime, SynthesizerSpec]],
    seeds: Sequence[int],
    outcomes: Sequence[Outcome[_Found]],
) -> list[list[tuple[GenerationRecord, ...] | str]]:
    """Give each arm its chains: their records, or why there are none."""
    found: list[list[tuple[GenerationRecord, ...] | str]] = []
    for start in range(0, len(arms) * len(seeds), len(seeds)):
        own: list[tuple[GenerationRecord, ...] | str] = []
        for outcome in outcomes[start : start + len(seeds)]:
            if outcome.failure is not None:
                own.append(f"{outcome.failure.kind}: {outcome.failure.message}")
            else:
                assert isinstance(outcome.result, tuple)
                own.append(outcome.result)
        found.append(own)
    return found


def _settings(
    split: Split,
    real: RealTables,
    measures: Measures,
    sizes: Sizes,
    seeds: tuple[int, ...],
    generations: int,
    null_chains: int,
    watts: float,
    schema: TableSchema,
) -> StudySettings:
    return StudySettings(
        generations=generations,
        seeds=seeds,
        rows=sizes.rows,
        growth=sizes.growth,
        measured=sizes.measured,
        original_rows=real.original.n_rows,
        holdout_rows=real.holdout.n_rows,
        pool_rows=real.pool.n_rows,
        verifier_rows=len(split.verifier),
        columns=len(real.schema.columns),
        rare_levels=len(measures.rare),
        null_chains=null_chains,
        guard=real.guard.k,
        watts=watts,
        table=schema.name,
        versions=library_versions(),
    )


def _figures(measures: Measures, scale: Scale) -> tuple[FigureName, ...]:
    def known(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    return tuple(
        FigureName(
            figure.section,
            figure.metric,
            figure.columns,
            known(scale.floor[index]),
            known(scale.chance[index]),
        )
        for index, figure in enumerate(measures.figures)
    )


def _guard_cost(measures: Measures, real: RealTables) -> float:
    before = measures.profile(real.original_before)
    return float(
        np.mean(
            [
                total_variation(shares(a.astype(np.float64)), shares(b.astype(np.float64)))[0]
                for a, b in zip(measures.cells(before), measures.cells(measures.original), strict=True)
            ]
        )
    )


def _notes(
    regimes: Sequence[Regime], nulls: Sequence[Outcome[_Found]], seeds: Sequence[int]
) -> tuple[str, ...]:
    notes = [
        f"{regime} has no drift null: its score judges real against synthetic rows."
        for regime in regimes
        if not regime.has_null
    ]
    notes += [
        f"A drift null could not be made ({outcome.failure.kind}): {outcome.failure.message}"
        for outcome in nulls
        if outcome.failure is not None
    ]
    if len(seeds) < 10:  # noqa: PLR2004 - what the intervals were checked with
        notes.append(
            f"Chains an arm: {len(seeds)}. The chain is the replicate: with fewer than 10 intervals are wide."
        )
    return tuple(notes)


def _chain_figures(
    synthesizer: str, regime: str, seed: int, records: tuple[GenerationRecord, ...]
) -> ChainFigures:
    return ChainFigures(
        synthesizer=synthesizer,
        regime=regime,
        seed=seed,
        values=tuple(tuple(record.figures.tolist()) for record in records),
        original=tuple(record.real.original for record in records),
        fresh=tuple(record.real.fresh for record in records),
        lineages=tuple(record.lineage for record in records),
        audited=tuple(
            (record.generation, figure.section, figure.metric, figure.value)
            for record in records
            for figure in record.audited
        ),
    )
