"""Commands on gates: record what a synthesizer is worth, check it later, hold two records side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthtab.cli.app import FAILED, app, gate_app
from synthtab.cli.choices import check_columns, spec_in_words
from synthtab.cli.console import Terminal, terminal
from synthtab.cli.files import read_schema, refuse_no_folder, refuse_overwriting
from synthtab.cli.options import (
    DataArgument,
    DebugFlag,
    JsonFlag,
    QuietFlag,
    SchemaOption,
    SeedOption,
    StrictFlag,
    TargetOption,
    UnitOption,
)
from synthtab.cli.output import WrittenFile, show_files
from synthtab.errors import SpecError

if TYPE_CHECKING:
    from synthtab.results import Baseline, GateResult

__all__: list[str] = []

_FAILURES = ("fail", "incomparable")
_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red", "incomparable": "bold red"}
_FILES = ("gate.html", "gate.json", "gate.md", "junit.xml")
_WHAT = ("report", "figures", "comment", "cases")
_REQUIREMENT = re.compile(r"\s*([^<>=\s]+)\s*([<>=].*)")

_HoldoutFile = Annotated[
    Path | None,
    typer.Option("--holdout", help="Real rows that nothing learns from; without it DATA is cut."),
]
_RequireOption = Annotated[
    list[str] | None,
    typer.Option(
        "--require",
        metavar="BOUND",
        help='What must hold whatever was recorded, e.g. "rare.coverage>=0.9"; may be given again.',
    ),
]
_OutFolder = Annotated[
    Path | None, typer.Option("--out", help=f"Folder for {', '.join(_FILES[:-1])} and {_FILES[-1]}.")
]
_WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Fits at the same time; by default one a core.")
]

app.add_typer(gate_app, name="gate")


@gate_app.command("record")
def _record(
    data: DataArgument,
    *,
    synthesizer: Annotated[
        str,
        typer.Option(
            "--synthesizer",
            metavar="NAME",
            help='What is fitted, e.g. "tvae(epochs=60)".',
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="JSON file to write.", show_default=False)],
    schema: SchemaOption = None,
    unit: UnitOption = None,
    holdout: _HoldoutFile = None,
    target: TargetOption = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Refits.")] = 5,
    figure: Annotated[
        list[str] | None,
        typer.Option(
            "--figure", metavar="NAME", help="What is asked, e.g. rare.coverage; up to eight times."
        ),
    ] = None,
    require: _RequireOption = None,
    measured: Annotated[
        int | None, typer.Option("--measured", min=1, help="Synthetic rows of each refit that are measured.")
    ] = None,
    workers: _WorkersOption = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Record what a synthesizer is worth on a table, in a small file without a real value: commit it."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_overwriting([out], [data, schema, holdout])
        spec = spec_in_words(synthesizer)
        requirements = _requirements(require)
        with term.stage("Reading the table"):
            from synthtab.selection.figures import figures_named
            from synthtab.selection.gate import record_baseline, write_baseline
            from synthtab.tables import read_frame

            asked = [item.name for item in figures_named(figure)] if figure else None
            frame = read_frame(data)
            known = read_schema(schema, frame, unit, data)
            targets = check_columns(known, target)
        with term.stage(f"Fitting {spec} {seeds} times"):
            baseline = record_baseline(
                frame,
                known,
                synthesizer=spec,
                holdout=holdout,
                seeds=range(seeds),
                figures=asked,
                require=requirements,
                target=targets or None,
                measured=measured,
                workers=workers,
                progress=False if quiet else None,
            )
            out.parent.mkdir(parents=True, exist_ok=True)
            path = write_baseline(baseline, out)
        _tell_baseline(term, baseline)
        show_files(term, (WrittenFile("baseline", str(path)),))
        term.result(baseline.to_json())


def _tell_baseline(term: Terminal, baseline: Baseline) -> None:
    from synthtab.reporting.text import figure

    width = max(len(item.name) for item in baseline.figures)
    for item in baseline.figures:
        spread = "" if item.spread is None else f" (from refit to refit ± {figure(item.spread)})"
        term.say(f"{item.name:<{width}}  {figure(item.mean)}{spread}")
    for name, bound in baseline.require:
        term.say(f"required: {name} {bound}")


@gate_app.command("check")
def _check(
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help="CSV, TSV or Parquet.", show_default=False)
    ] = None,
    *,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="What gate record wrote.", show_default=False)
    ] = None,
    synthesizer: Annotated[
        str | None,
        typer.Option("--synthesizer", metavar="NAME", help="What is fitted; by default what was recorded."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Refits; by default those of the baseline.")
    ] = None,
    schema: SchemaOption = None,
    unit: UnitOption = None,
    holdout: _HoldoutFile = None,
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="In place of DATA: what the command reference wrote; no real row."),
    ] = None,
    synthetic: Annotated[
        Path | None, typer.Option("--synthetic", help="With --reference: the table that is judged.")
    ] = None,
    require: _RequireOption = None,
    out: _OutFolder = None,
    seed: SeedOption = 0,
    workers: _WorkersOption = None,
    strict: StrictFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Fit again and say whether it is worth less than recorded; or judge a table that another party made."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        _refuse_overwriting(out, [data, baseline, schema, holdout, reference, synthetic])
        requirements = _requirements(require)
        if reference is not None:
            given = {
                "DATA": data,
                "--baseline": baseline,
                "--synthesizer": synthesizer,
                "--seeds": seeds,
                "--schema": schema,
                "--unit": unit,
                "--holdout": holdout,
            }
            _refuse_beside_reference([name for name, value in given.items() if value is not None])
            if synthetic is None:
                raise SpecError("--reference judges a table.", hint="Give it: --synthetic TABLE")
            with term.stage("Judging the table"):
                from synthtab.selection.gate import check_table

                result = check_table(
                    reference, synthetic, require=requirements, title=synthetic.name, seed=seed
                )
        else:
            if synthetic is not None:
                raise SpecError(
                    "--synthetic goes with --reference.",
                    hint="Write the reference once: synthtab reference DATA --out ref.npz",
                )
            if data is None or baseline is None:
                raise SpecError(
                    "Nothing to check.",
                    hint="Give DATA and --baseline B.json, or --reference REF.npz and --synthetic TABLE.",
                )
            spec = None if synthesizer is None else spec_in_words(synthesizer)
            with term.stage("Reading the table"):
                from synthtab.selection.gate import check_baseline, read_baseline
                from synthtab.tables import read_frame

                recorded = read_baseline(baseline)
                frame = read_frame(data)
                known = read_schema(schema, frame, unit, data)
            with term.stage(f"Fitting {spec or recorded.synthesizer} again"):
                result = check_baseline(
                    recorded,
                    frame,
                    known,
                    holdout=holdout,
                    synthesizer=spec,
                    seeds=None if seeds is None else _seeds(recorded, seeds),
                    require=requirements,
                    workers=workers,
                    progress=False if quiet else None,
                )
        _tell_gate(term, result, out)
    raise typer.Exit(_exit_code(result, strict=strict))


@gate_app.command("diff")
def _diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.JSON", help="A baseline.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.JSON", help="A later one.", show_default=False)],
    *,
    out: _OutFolder = None,
    strict: StrictFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Say what changed between two baselines, without any table: what a reviewer asks."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        _refuse_overwriting(out, [old, new])
        with term.stage("Comparing"):
            from synthtab.selection.gate import compare_baselines, read_baseline

            result = compare_baselines(read_baseline(old), read_baseline(new))
        _tell_gate(term, result, out)
    raise typer.Exit(_exit_code(result, strict=strict))


def _tell_gate(term: Terminal, result: GateResult, out: Path | None) -> None:
    from synthtab.selection.gate_files import write_gate_files
    from synthtab.selection.gate_message import gate_message

    files = () if out is None else write_gate_files(result, out)
    lines = gate_message(result).splitlines()
    for place, line in enumerate(lines):
        words = line.strip()
        style = _STYLES.get(result.status.value, "") if place == 0 else ""
        term.say(words, style=style, indent=len(line) - len(line.lstrip()))
    show_files(term, tuple(WrittenFile(what, str(path)) for what, path in zip(_WHAT, files, strict=False)))
    term.result(result.to_json())


def _exit_code(result: GateResult, *, strict: bool) -> int:
    bad = (*_FAILURES, "warn") if strict else _FAILURES
    return FAILED if result.status.value in bad else 0


def _requirements(texts: Sequence[str] | None) -> Mapping[str, str] | None:
    """Read bounds as they are typed: a figure, then what it must be."""
    from synthtab.selection.requirements import parse_requirements

    found: dict[str, str] = {}
    for text in texts or ():
        parts = _REQUIREMENT.fullmatch(text)
        if parts is None:
            raise SpecError(f"--require {text!r} is no bound.", hint='Write "rare.coverage>=0.9".')
        if parts[1] in found:
            raise SpecError(f"{parts[1]} is required twice.", hint="Give one bound for each figure.")
        found[parts[1]] = parts[2]
    # told before anything is fitted
    parse_requirements(found)
    return found or None


def _seeds(baseline: Baseline, wanted: int) -> tuple[int, ...]:
    """Take the recorded seeds first: refits of one seed can be compared in pairs."""
    more = (seed for seed in range(wanted + len(baseline.seeds)) if seed not in baseline.seeds)
    return (*baseline.seeds, *more)[:wanted]


def _refuse_overwriting(out: Path | None, inputs: Sequence[Path | None]) -> None:
    if out is not None:
        refuse_no_folder(out)
        refuse_overwriting([out / name for name in _FILES], inputs)


def _refuse_beside_reference(given: Sequence[str]) -> None:
    if given:
        raise SpecError(
            f"{', '.join(given)} cannot go with --reference: nothing is fitted, and no real row is read.",
            hint="Give --reference REF.npz --synthetic TABLE, or DATA and --baseline B.json.",
        )
