"""The whole way in one command: run on a table of one's own, demo on the embedded one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthtab.cli.app import app
from synthtab.cli.audits import exit_code, internal_files, write_audit, write_internal
from synthtab.cli.choices import check_columns, spec_of
from synthtab.cli.console import Terminal, terminal
from synthtab.cli.files import (
    read_schema,
    refuse_no_folder,
    refuse_overwriting,
    table_ending,
    write_parts,
    write_table,
    written_lineage,
)
from synthtab.cli.options import (
    DataArgument,
    DebugFlag,
    HoldoutOption,
    InternalOption,
    JsonFlag,
    ParamOption,
    QuietFlag,
    SchemaOption,
    SeedOption,
    StrictFlag,
    SynthesizerOption,
    TargetOption,
    UnitOption,
)
from synthtab.cli.output import (
    NOT_RELEASABLE,
    AuditOutcome,
    WrittenFile,
    as_json,
    show_audit,
    show_files,
    show_guard,
    show_schema,
)
from synthtab.errors import SavedModelError

if TYPE_CHECKING:
    import pandas as pd

    from synthtab.results import AuditResult
    from synthtab.schema import TableSchema
    from synthtab.specs import SynthesizerSpec
    from synthtab.synthesizers import Synthesizer
    from synthtab.tables import Split

__all__: list[str] = []

_PARTS = ("train", "holdout")


@dataclass(frozen=True)
class _Wanted:
    """What is to be made of a table."""

    frame: pd.DataFrame
    schema: TableSchema
    spec: SynthesizerSpec
    targets: tuple[str, ...]
    title: str
    holdout: float
    rows: int
    seed: int


@dataclass(frozen=True)
class _Made:
    """What was made of it."""

    split: Split
    synth: Synthesizer
    sample: pd.DataFrame
    result: AuditResult


def _make_and_judge(term: Terminal, wanted: _Wanted) -> _Made:
    """Split, guard, fit, sample, audit."""
    from synthtab.synthesizers import make
    from synthtab.tables import split

    parts = split(wanted.frame, wanted.schema, holdout=wanted.holdout, seed=wanted.seed)
    term.say(f"split: {parts}")
    with term.stage(f"Fitting {wanted.spec}"):
        synth = make(wanted.spec, wanted.schema, seed=wanted.seed).fit(parts.train)
    show_guard(term, synth.guard_report)
    if not synth.releasable:
        term.note(NOT_RELEASABLE.format(synth.name))
    with term.stage(f"Sampling {wanted.rows:,} rows"):
        sample = synth.sample(wanted.rows)
    with term.stage("Auditing"):
        from synthtab.auditing.run import audit

        result = audit(
            parts.train,
            sample,
            holdout=parts.holdout,
            schema=wanted.schema,
            target=wanted.targets or None,
            guard=synth.guard,
            title=wanted.title,
            synthesizer=str(synth.spec),
            seed=wanted.seed,
        )
    return _Made(parts, synth, sample, result)


def _tell(term: Terminal, made: _Made, files: tuple[WrittenFile, ...]) -> None:
    show_audit(term, made.result)
    show_files(term, files)
    released = made.result.releasable()
    term.result(
        as_json(
            AuditOutcome(
                released.verdict.value,
                released.summary,
                str(made.synth.spec),
                len(made.sample),
                released.checks,
                files,
            )
        )
    )


@app.command("run")
def _run(
    data: DataArgument,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for what is written.", show_default=False)],
    target: TargetOption = None,
    schema: SchemaOption = None,
    unit: UnitOption = None,
    synthesizer: SynthesizerOption = "gaussian_copula",
    param: ParamOption = None,
    rows: Annotated[int | None, typer.Option("--rows", min=1, help="By default as many as DATA has.")] = None,
    holdout: HoldoutOption = 0.3,
    keep_split: Annotated[
        bool,
        typer.Option("--keep-split", help="Write the training and holdout rows too: real rows."),
    ] = False,
    internal: InternalOption = None,
    seed: SeedOption = 0,
    strict: StrictFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Do everything on a table of your own: infer, show, split, guard, fit, sample, audit, report."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_no_folder(out)
        ending = table_ending(data)
        table, model, shown = out / f"synthetic{ending}", out / "model.synthtab", out / "schema.yaml"
        page, figures = out / "audit.html", out / "audit.json"
        parts = [out / f"{name}{ending}" for name in _PARTS if keep_split]
        # a schema file that already stands where ours would go is left as its author wrote it
        keeps_schema = schema is not None and schema.resolve() == shown.resolve()
        outputs = [table, model, page, figures, *parts, *([] if keeps_schema else [shown])]
        refuse_overwriting([*outputs, *internal_files(internal)], [data, schema])
        spec = spec_of(synthesizer, param)
        with term.stage("Reading the table"):
            from synthtab.tables import TableSource

            source = TableSource.of(data)
            frame = source.frame()
            known = read_schema(schema, frame, unit)
            targets = check_columns(known, target)
        show_schema(term, known)
        # a schema that was inferred from these very rows would only be told its own guesses back
        for problem in known.check(frame).problems if schema is not None else ():
            term.note(str(problem))
        out.mkdir(parents=True, exist_ok=True)
        wanted = _Wanted(frame, known, spec, targets, source.name, holdout, rows or len(frame), seed)
        made = _make_and_judge(term, wanted)
        with term.stage("Writing"):
            files = (
                *write_audit(made.result, page, figures),
                WrittenFile("synthetic table", str(write_table(made.sample, table))),
                *written_lineage(table),
                *_saved(term, made.synth, model),
                WrittenFile("schema", str(shown if keeps_schema else known.save(shown))),
                *_kept(made.split, known, out, ending, keep=keep_split),
                *write_internal(made.result, internal),
            )
        _tell(term, made, files)
    raise typer.Exit(exit_code(made.result, strict=strict))


def _saved(term: Terminal, synth: Synthesizer, path: Path) -> tuple[WrittenFile, ...]:
    try:
        return (WrittenFile("model", str(synth.save(path))),)
    except SavedModelError as error:
        # some baselines are their training rows: everything else is still worth having
        term.note(str(error.args[0]))
        return ()


def _kept(
    split: Split, schema: TableSchema, folder: Path, ending: str, *, keep: bool
) -> tuple[WrittenFile, ...]:
    if not keep:
        return ()
    return tuple(
        WrittenFile(f"{part.name} (real rows)", part.file)
        for part in write_parts(split, schema, folder, ending)
    )


@app.command("demo")
def _demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.")] = Path("reports"),
    synthesizer: SynthesizerOption = "gaussian_copula",
    param: ParamOption = None,
    holdout: HoldoutOption = 0.3,
    seed: SeedOption = 0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Do everything on the embedded health survey (NHANES 2017–2018); leave with 0 whatever the verdict."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_no_folder(out)
        spec = spec_of(synthesizer, param)
        with term.stage("Reading the embedded table"):
            from synthtab.datasets import load_nhanes_adults

            data = load_nhanes_adults()
        out.mkdir(parents=True, exist_ok=True)
        rows, width = data.frame.shape
        term.say(f"{data.name}: {rows:,} people, {width} columns")
        wanted = _Wanted(data.frame, data.schema, spec, ("diabetes",), data.name, holdout, rows, seed)
        made = _make_and_judge(term, wanted)
        with term.stage("Writing the report"):
            files = write_audit(made.result, out / "nhanes-audit.html", out / "nhanes-audit.json")
        _tell(term, made, files)
