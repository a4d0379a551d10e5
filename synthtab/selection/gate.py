"""gate: record what a synthesizer choice is worth, and say later whether it is still worth that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from synthtab.arguments import rows_of, seeds_of, specs_of
from synthtab.errors import DataError, FitError, SavedModelError, SpecError
from synthtab.execution import Outcome, storage_error
from synthtab.lineage import public_hash
from synthtab.lineage.carrying import write_at_once
from synthtab.lineage.fingerprints import library_versions
from synthtab.progress import watching
from synthtab.results import Baseline, BaselineFigure, FamilyFigure, GateResult, Section
from synthtab.schema import TableSchema
from synthtab.selection.figures import GATE_FIGURES, MOST_GATE_FIGURES, figures_named
from synthtab.selection.gate_judgement import compare_baselines, judge_baselines, known_figure
from synthtab.selection.gate_table import check_table
from synthtab.selection.measuring import Measurer, Refit
from synthtab.selection.refits import measure_refits
from synthtab.selection.requirements import Requirement, parse_requirements
from synthtab.specs import SynthesizerSpec
from synthtab.synthesizers import Guard, make
from synthtab.tables import Split
from synthtab.tables.source import TableLike

__all__ = [
    "check_baseline",
    "check_table",
    "compare_baselines",
    "compared_figures",
    "read_baseline",
    "record_baseline",
    "write_baseline",
]

_ANEW = "Record it (anew): synthtab gate record, or pytest --synthtab-update."


def record_baseline(
    table: Split | TableLike,
    schema: TableSchema | None = None,
    *,
    synthesizer: str | SynthesizerSpec,
    holdout: TableLike | None = None,
    seeds: Sequence[int] = range(5),
    figures: Sequence[str] | None = None,
    require: Mapping[str, str] | None = None,
    target: str | Sequence[str] | None = None,
    guard: bool | Guard = True,
    measured: int | None = None,
    workers: int | None = None,
    progress: bool | None = None,
) -> Baseline:
    """Fit a synthesizer for several seeds, and record what each refit is worth.

    Parameters
    ----------
    table : Split or table
        Real rows. Of a table without `holdout`, three people in ten are held out.
    schema : TableSchema, optional
        What is public about the table; inferred by default.
    synthesizer : str or SynthesizerSpec
        What is fitted.
    holdout : table, optional
        Real rows that nothing learns from, where `table` is no split.
    seeds : sequence of int, default 0 to 4
        A refit for each; what a gate can see grows with their number.
    figures : sequence of str, optional
        At most eight; by default one a family, without utility where the table has nothing to predict.
    require : mapping of str to str, optional
        What must hold whatever was recorded, e.g. ``{"rare.coverage": ">=0.9"}``.
    target : str or sequence of str, optional
        What models predict; by default what `st.audit` takes.
    guard : bool or Guard, default True
        Whether, and with which k, the real rows are guarded before they are learned.
    measured : int, optional
        Synthetic rows measured of each refit.
    workers : int, optional
        Refits at the same time; by default what ``joblib.parallel_config`` says, else one a processor.
    progress : bool, optional
        Whether to show progress; by default where somebody watches and it takes long.

    Returns
    -------
    Baseline
        Small, and free of real values; to be written by `write_baseline`.

    Raises
    ------
    SpecError
        When an argument is none of its kind, or a figure does not exist.
    FitError
        When a refit fails: what cannot be fitted is worth nothing.

    Examples
    --------
    >>> import synthtab as st
    >>> data = st.load_nhanes_adults()
    >>> baseline = record_baseline(
    ...     data.frame, data.schema, synthesizer="independent", seeds=[0, 1], figures=["marginal.tvd"]
    ... )
    >>> [figure.name for figure in baseline.figures]
    ['marginal.tvd']
    """
    asked = parse_requirements(require)
    chosen = figures_named(GATE_FIGURES if figures is None else figures)
    if not 0 < len(chosen) <= MOST_GATE_FIGURES:
        raise SpecError(
            f"A gate asks 1 to {MOST_GATE_FIGURES} figures, not {len(chosen)}.",
            hint="More would share its error budget until none sees anything: name those that matter.",
        )
    split, known = rows_of(table, schema, holdout, cut_holdout=True)
    question = _Question(
        split=split,
        schema=known,
        synthesizer=_made(synthesizer, known),
        seeds=seeds_of(seeds),
        compared=tuple(item.name for item in chosen),
        require=asked,
        targets=(target,) if isinstance(target, str) else tuple(target or ()) or None,
        guard=guard,
        measured=measured,
    )
    with watching(progress):
        found = question.ask(workers, "Gate: refits to record")
    if found.failed:
        raise FitError(
            f"{len(found.failed)} of {len(question.seeds)} refits failed; the first: {found.failed[0]}",
            hint="A choice that cannot be fitted cannot be recorded.",
        )
    baseline = found.baseline
    for item in asked:
        if item.figure.name in found.reasons:
            raise DataError(
                f"{item.figure.name} is required, and does not apply: {found.reasons[item.figure.name]}.",
                hint="A gate could never meet this: leave the requirement out.",
            )
    if figures is None and not baseline.targets:
        kept = tuple(
            item
            for item in baseline.figures
            if item.mean is not None or known_figure(item.name).section is not Section.UTILITY
        )
        baseline = replace(baseline, figures=kept)
    return baseline


def check_baseline(
    baseline: Baseline | str | Path,
    table: Split | TableLike,
    schema: TableSchema | None = None,
    *,
    holdout: TableLike | None = None,
    synthesizer: str | SynthesizerSpec | None = None,
    seeds: Sequence[int] | None = None,
    require: Mapping[str, str] | None = None,
    workers: int | None = None,
    progress: bool | None = None,
) -> GateResult:
    """Fit again what a baseline recorded, and ask whether it got worse.

    Each figure is tested for worsening alone, refit by refit where four seeds or more are in common, and
    all together call a change that is none in 25 of 1,000 gates.

    Parameters
    ----------
    baseline : Baseline, str or Path
        What was recorded, or its file.
    table : Split or table
        Real rows, cut as they were when it was recorded.
    schema : TableSchema, optional
        What is public about the table; inferred by default.
    holdout : table, optional
        Real rows that nothing learns from, where `table` is no split.
    synthesizer : str or SynthesizerSpec, optional
        Another synthesizer, to be held against the recorded one; by default the same.
    seeds : sequence of int, optional
        Refits; by default those of the baseline. Fewer are faster and see less.
    require : mapping of str to str, optional
        Requirements in place of the recorded ones.
    workers : int, optional
        Refits at the same time; by default what ``joblib.parallel_config`` says, else one a processor.
    progress : bool, optional
        Whether to show progress; by default where somebody watches and it takes long.

    Returns
    -------
    GateResult
        ``status``, ``figures``, ``changes``, ``power``; ``to_html()``.

    Raises
    ------
    DataError
        When there is no such file, or the real rows cannot be used.
    SavedModelError
        When the file is no baseline, or one that this version cannot read.
    SpecError
        When an argument is none of its kind.
    """
    then = baseline if isinstance(baseline, Baseline) else read_baseline(baseline)
    for item in then.figures:
        known_figure(item.name)
    asked = parse_requirements(dict(then.require) if require is None else require)
    recorded = SynthesizerSpec(then.synthesizer, dict(then.params))
    split, known = rows_of(table, schema, holdout, cut_holdout=True)
    question = _Question(
        split=split,
        schema=known,
        synthesizer=_made(recorded if synthesizer is None else synthesizer, known),
        seeds=seeds_of(then.seeds if seeds is None else seeds),
        compared=compared_figures(then),
        require=asked,
        targets=then.targets,
        guard=Guard(then.guard) if then.guard else False,
        # where there are more rows to learn from, fewer cannot be measured; the change is told
        measured=max(then.measured_rows, len(split.train)),
    )
    with watching(progress):
        found = question.ask(workers, "Gate: refits to check")
    return judge_baselines(then, found.baseline, reasons=found.reasons, failed=found.failed)


def compared_figures(baseline: Baseline) -> tuple[str, ...]:
    """Name the figures that a baseline is compared in.

    Parameters
    ----------
    baseline : Baseline
        What was recorded.

    Returns
    -------
    tuple of str
        Without those that were measured for a requirement only: of these no refits are kept.
    """
    return tuple(item.name for item in baseline.figures if item.values or item.mean is None)


def read_baseline(path: str | Path) -> Baseline:
    """Read a baseline from its file.

    Parameters
    ----------
    path : str or Path
        What `write_baseline` wrote.

    Returns
    -------
    Baseline
        What was recorded.

    Raises
    ------
    DataError
        When there is no such file, or it cannot be read.
    SavedModelError
        When the file is no baseline, is damaged, or of another version.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DataError(f"There is no baseline {str(place)!r}.", hint=_ANEW) from error
    except OSError as error:
        raise DataError(
            f"The baseline {str(place)!r} cannot be read ({error.strerror}).",
            hint="Check its path and rights.",
        ) from error
    except UnicodeDecodeError as error:
        raise SavedModelError(f"The baseline {str(place)!r} is no text.", hint=_ANEW) from error
    try:
        return Baseline.from_json(text)
    except SavedModelError as error:
        raise SavedModelError(f"The baseline {str(place)!r} cannot be used: {error}", hint=_ANEW) from error


def write_baseline(baseline: Baseline, path: str | Path) -> Path:
    """Write a baseline: at once or not at all, sorted, a figure a line, to be committed beside the code.

    Parameters
    ----------
    baseline : Baseline
        What was recorded.
    path : str or Path
        Where to; folders are made.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    place, text = Path(path), baseline.to_json().encode()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return write_at_once(place, lambda file: file.write(text))
    except OSError as error:
        raise storage_error(error, f"The baseline {str(place)!r}", len(text)) from error


@dataclass(frozen=True)
class _Found:
    """What was measured, why some figures could not be, and why some refits failed."""

    baseline: Baseline
    reasons: dict[str, str]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class _Question:
    """What is fitted and measured."""

    split: Split
    schema: TableSchema
    synthesizer: SynthesizerSpec
    seeds: tuple[int, ...]
    compared: tuple[str, ...]
    require: tuple[Requirement, ...]
    targets: tuple[str, ...] | None
    guard: bool | Guard
    measured: int | None

    def ask(self, workers: int | None, stage: str) -> _Found:
        """Refit, measure, and put down what was found."""
        names = dict.fromkeys([*self.compared, *(item.figure.name for item in self.require)])
        measurer = Measurer.of(
            self.split,
            self.schema,
            figures=[item.name for item in figures_named(tuple(names))],
            targets=self.targets,
            guard=self.guard,
            measured=self.measured,
        )
        outcomes = measure_refits(measurer, [self.synthesizer], self.seeds, workers=workers, stage=stage)[0]
        ended = [
            (seed, outcome.result)
            for seed, outcome in zip(self.seeds, outcomes, strict=True)
            if outcome.result is not None
        ]
        refits = [refit for _, refit in ended]
        baseline = Baseline(
            table=self.schema.name,
            synthesizer=self.synthesizer.name,
            params=tuple(self.synthesizer.params.items()),
            seeds=tuple(seed for seed, _ in ended),
            guard=measurer.guard_k,
            train_rows=measurer.train_rows,
            holdout_rows=measurer.holdout_rows,
            measured_rows=measurer.measured_rows,
            targets=tuple(measurer.targets),
            schema=public_hash(self.schema),
            data=measurer.data_digest,
            columns=measurer.column_digests(),
            figures=tuple(
                _recorded(item, [refit.values[place] for refit in refits], in_full=item.name in self.compared)
                for place, item in enumerate(measurer.figures)
            ),
            require=tuple((item.figure.name, item.bound) for item in self.require),
            versions=library_versions(),
        )
        reasons = {item.name: _why_not(refits, place) for place, item in enumerate(measurer.figures)}
        return _Found(
            baseline, {name: why for name, why in reasons.items() if why}, _failures(self.seeds, outcomes)
        )


def _recorded(item: FamilyFigure, values: Sequence[float | None], *, in_full: bool) -> BaselineFigure:
    known = [float(value) for value in values if value is not None and np.isfinite(value)]
    if not known or len(known) < len(values):
        return BaselineFigure(item.name, item.version, None, None)
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return BaselineFigure(
        item.name, item.version, float(np.mean(known)), spread, tuple(known) if in_full else ()
    )


def _why_not(refits: Sequence[Refit], place: int) -> str:
    """Say why a figure cannot be had, as a part of a sentence; empty where it can."""
    if not refits:
        return "no refit ended well"
    without = [refit for refit in refits if refit.values[place] is None]
    if not without:
        return ""
    reason = without[0].reasons[place].rstrip(".") or "it does not apply"
    return reason if len(without) == len(refits) else f"{reason} (in {len(without)} of {len(refits)} refits)"


def _failures(seeds: Sequence[int], outcomes: Sequence[Outcome[Refit]]) -> tuple[str, ...]:
    return tuple(
        f"seed {seed}, {outcome.failure.kind}: {outcome.failure.message}"
        for seed, outcome in zip(seeds, outcomes, strict=True)
        if outcome.failure is not None
    )


def _made(synthesizer: str | SynthesizerSpec, schema: TableSchema) -> SynthesizerSpec:
    """Refuse a synthesizer that cannot be made before anything is measured."""
    (chosen,) = specs_of([synthesizer])
    make(chosen, schema, seed=0)
    return chosen
