"""Command on what happens when models are trained on synthetic copies of a table: recurse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthtab.cli.app import app
from synthtab.cli.choices import check_columns, spec_in_words
from synthtab.cli.console import Terminal, terminal
from synthtab.cli.files import read_schema, refuse_no_folder, refuse_overwriting
from synthtab.cli.options import (
    DataArgument,
    DebugFlag,
    HoldoutOption,
    JsonFlag,
    QuietFlag,
    SchemaOption,
    SeedOption,
    TargetOption,
    UnitOption,
)
from synthtab.cli.output import StudyOutcome, WrittenFile, as_json, show_files
from synthtab.errors import SpecError

if TYPE_CHECKING:
    from synthtab.results import StudyResult

__all__: list[str] = []

_PAGE, _FIGURES, _CHECKPOINTS = "study.html", "study.json", "run"


@app.command("recurse")
def _recurse(
    data: DataArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for report and checkpoints.", show_default=False)
    ],
    synthesizer: Annotated[
        list[str] | None,
        typer.Option(
            "--synthesizer",
            metavar="NAME",
            help='What is fitted, e.g. "tvae(epochs=60)"; may be given again. By default gaussian_copula.',
        ),
    ] = None,
    regime: Annotated[
        list[str] | None,
        typer.Option(
            "--regime",
            metavar="NAME",
            help='What is trained on, e.g. "fresh_mix(0.1)"; again for more. By default replace, accumulate.',
        ),
    ] = None,
    generations: Annotated[int, typer.Option("--generations", min=1, help="Length of each chain.")] = 10,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Chains of each arm.")] = 10,
    rows: Annotated[
        int | None, typer.Option("--rows", min=2, help="Rows a generation; by default what there is.")
    ] = None,
    growth: Annotated[
        int | None, typer.Option("--growth", min=1, help="Rows by which an accumulated table grows.")
    ] = None,
    measured: Annotated[
        int | None, typer.Option("--measured", min=1, help="Rows of each generation that are measured.")
    ] = None,
    audit_at: Annotated[
        list[int] | None,
        typer.Option("--audit-at", help="Ask models and attacks at this generation; may be given again."),
    ] = None,
    target: TargetOption = None,
    schema: SchemaOption = None,
    unit: UnitOption = None,
    holdout: HoldoutOption = 0.3,
    pool: Annotated[float, typer.Option("--pool", help="Share kept back as later fresh data.")] = 0.0,
    verifier: Annotated[float, typer.Option("--verifier", help="Share kept back for curation.")] = 0.0,
    null_chains: Annotated[
        int, typer.Option("--null-chains", min=40, help="Chains of the drift null of each regime.")
    ] = 500,
    keep_tables: Annotated[
        bool, typer.Option("--keep-tables", help="Write every synthetic table, with its lineage.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Chains at the same time; by default one a core.")
    ] = None,
    watts: Annotated[float, typer.Option("--watts", min=0, help="Power of one busy core.")] = 15.0,
    seed: SeedOption = 0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Train on synthetic copies of a table, generation after generation; the same command goes on."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_no_folder(out)
        refuse_overwriting([out / _PAGE, out / _FIGURES], [data, schema])
        specs = [spec_in_words(text) for text in synthesizer or ["gaussian_copula"]]
        with term.stage("Reading and splitting the table"):
            from synthtab.recursion import recurse
            from synthtab.recursion.naming import regime_of
            from synthtab.tables import read_frame, split

            regimes = [regime_of(text) for text in regime or ["replace", "accumulate"]]
            frame = read_frame(data)
            known = read_schema(schema, frame, unit, data)
            targets = check_columns(known, target)
            if targets and not audit_at:
                raise SpecError(
                    "--target is what the models of audits predict.", hint="Say when: --audit-at 1."
                )
            parts = split(frame, known, holdout=holdout, pool=pool, verifier=verifier, seed=seed)
        term.say(f"split: {parts}")
        with term.stage("Recursion"):
            study = recurse(
                parts,
                known,
                synthesizers=specs,
                regimes=regimes,
                generations=generations,
                seeds=range(seeds),
                rows=rows,
                growth=growth,
                measured=measured,
                audit_at=audit_at or (),
                target=targets or None,
                null_chains=null_chains,
                run_dir=out / _CHECKPOINTS,
                keep_tables=keep_tables,
                workers=workers,
                watts=watts,
                seed=seed,
                progress=False if quiet else None,
            )
        _tell(term, study, out)


def _tell(term: Terminal, study: StudyResult, out: Path) -> None:
    for note in study.notes:
        term.note(note)
    for arm in study.arms:
        term.say(f"{arm.synthesizer}, {arm.regime}", style="bold")
        for part in arm.sentence.split("; "):
            term.say(part, indent=2)
    figures = out / _FIGURES
    figures.write_text(study.to_json(), encoding="utf-8")
    files = (WrittenFile("report", str(study.to_html(out / _PAGE))), WrittenFile("figures", str(figures)))
    show_files(term, files)
    term.result(as_json(StudyOutcome(tuple(study.verdict.split("\n")), study.notes, files)))
