"""Commands on models: fit, sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synthtab.cli.app import app
from synthtab.cli.choices import spec_of
from synthtab.cli.console import terminal
from synthtab.cli.files import read_schema, refuse_overwriting, refuse_unwritable, write_table
from synthtab.cli.options import (
    DataArgument,
    DebugFlag,
    JsonFlag,
    ParamOption,
    QuietFlag,
    SchemaOption,
    SeedOption,
    SynthesizerOption,
    UnitOption,
)
from synthtab.cli.output import FittedModel, SampledTable, as_json, show_guard

__all__: list[str] = []


@app.command("fit")
def _fit(
    data: DataArgument,
    *,
    out: Annotated[Path, typer.Option("--out", help="Model file to write.", show_default=False)],
    schema: SchemaOption = None,
    unit: UnitOption = None,
    synthesizer: SynthesizerOption = "gaussian_copula",
    param: ParamOption = None,
    max_generation: Annotated[
        int | None,
        typer.Option("--max-generation", min=1, help="Refuse a synthetic table of this generation or later."),
    ] = None,
    seed: SeedOption = 0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Learn a real table and save the model; the guard runs first."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_overwriting([out], [data, schema])
        spec = spec_of(synthesizer, param)
        with term.stage(f"Fitting {spec}"):
            from synthtab.synthesizers import make
            from synthtab.tables import read_frame

            frame = read_frame(data)
            synth = make(spec, read_schema(schema, frame, unit), seed=seed)
            synth.fit(frame, max_generation=max_generation)
            synth.save(out)
        show_guard(term, synth.guard_report)
        term.say(f"{synth.spec} learned {len(frame):,} rows; the model is in {out}.")
        if not synth.releasable:
            term.note(
                f"{synth.name} runs without the guard: neither the model nor its samples may be released."
            )
        term.result(
            as_json(
                FittedModel(str(out), str(synth.spec), len(frame), seed, synth.releasable, synth.guard_report)
            )
        )


@app.command("sample")
def _sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="What fit saved.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option("--out", help="CSV, TSV or Parquet.", show_default=False)],
    rows: Annotated[
        int | None, typer.Option("--rows", min=0, help="By default as many as were learned.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="The same seed gives the same rows.")
    ] = None,
    trusted: Annotated[
        bool, typer.Option("--trusted", help="Load a model that holds a pickle: it can run any program.")
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Draw synthetic rows from a saved model."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_overwriting([out], [model])
        refuse_unwritable(out)
        with term.stage("Sampling"):
            from synthtab.synthesizers import load
            from synthtab.synthesizers.persistence import record_draws, register_of

            refuse_overwriting([out], [register_of(model)])
            synth = load(model, trusted=trusted)
            count = synth.fitted.n_rows if rows is None else rows
            sample = synth.sample(count, seed)
            # written down before the table is: one draw too many is told rather than one too few
            record_draws(synth, model)
            write_table(sample, out)
        term.say(f"{count:,} rows by {synth.spec} are in {out}.")
        term.result(as_json(SampledTable(str(out), str(synth.spec), count, seed)))
