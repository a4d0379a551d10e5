"""Commands on real tables: split, schema infer, schema check, schema show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthtab.cli.app import FAILED, app, schema_app
from synthtab.cli.choices import chosen
from synthtab.cli.console import terminal
from synthtab.cli.files import read_schema, refuse_no_folder, refuse_overwriting, table_ending, write_parts
from synthtab.cli.options import (
    DataArgument,
    DebugFlag,
    HoldoutOption,
    JsonFlag,
    QuietFlag,
    SchemaOption,
    SeedOption,
    UnitOption,
)
from synthtab.cli.output import ProblemList, SplitFiles, as_json, show_schema

__all__: list[str] = []


@app.command("split")
def _split(
    data: DataArgument,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the parts.", show_default=False)],
    schema: SchemaOption = None,
    unit: UnitOption = None,
    holdout: HoldoutOption = 0.3,
    pool: Annotated[float, typer.Option("--pool", help="Share kept back as later fresh data.")] = 0.0,
    verifier: Annotated[float, typer.Option("--verifier", help="Share kept back for curation.")] = 0.0,
    stratify: Annotated[
        str | None, typer.Option("--stratify", help="Column with the same shares in every part.")
    ] = None,
    seed: SeedOption = 0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Cut a real table into training and holdout rows, by person."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_no_folder(out)
        with term.stage("Reading and splitting the table"):
            from synthtab.tables import read_frame
            from synthtab.tables import split as cut

            frame = read_frame(data)
            known = read_schema(schema, frame, unit)
            if stratify is not None:
                chosen(stratify, map(str, frame.columns), "column")
            parts = cut(
                frame, known, holdout=holdout, pool=pool, verifier=verifier, seed=seed, stratify=stratify
            )
            ending = table_ending(data)
            refuse_overwriting([out / f"{name}{ending}" for name, _ in parts.parts()], [data, schema])
            files = write_parts(parts, known, out, ending)
        for part in files:
            term.say(f"{part.name:<9} {part.rows:>10,} rows  {part.file}")
        term.say("These files hold real rows: keep them as you keep the table itself.")
        term.result(as_json(SplitFiles(seed, files)))


@schema_app.command("infer")
def _infer(
    data: DataArgument,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Schema file to write, YAML or JSON.")] = None,
    unit: UnitOption = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Guess the schema of a table, say why, and save it to be corrected by a person."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        with term.stage("Reading the table"):
            from synthtab.tables import read_frame

            frame = read_frame(data)
            schema = read_schema(None, frame, unit)
        if out is not None:
            refuse_overwriting([out], [data])
            out.parent.mkdir(parents=True, exist_ok=True)
            schema.save(out)
        show_schema(term, schema)
        if out is not None:
            term.say(f"Saved to {out}. Correct it: bounds and levels that you declare public need no guard.")
        term.result(schema.to_json())


@schema_app.command("check")
def _check(
    data: DataArgument,
    *,
    schema: Annotated[Path, typer.Option("--schema", help="Schema file.", show_default=False)],
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Report every departure of a table from its schema at once; leave with 1 when there is one."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        with term.stage("Checking the table"):
            from synthtab.schema import TableSchema
            from synthtab.tables import read_frame

            report = TableSchema.load(schema).check(read_frame(data))
        for problem in report.problems:
            term.say(str(problem))
        term.say("The table fits its schema." if report.ok else f"Problems found: {len(report.problems)}.")
        term.result(as_json(ProblemList(report.ok, report.problems)))
    if not report.ok:
        raise typer.Exit(FAILED)


@schema_app.command("show")
def _show(
    schema: Annotated[Path, typer.Argument(metavar="SCHEMA", help="Schema file.", show_default=False)],
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Show a schema file."""
    from synthtab.schema import TableSchema

    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        known = TableSchema.load(schema)
        show_schema(term, known)
        term.result(known.to_json())


app.add_typer(schema_app, name="schema")
