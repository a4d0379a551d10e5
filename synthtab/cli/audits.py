"""Commands on audits: audit, report; and what every verdict means for the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthtab.cli.app import FAILED, app
from synthtab.cli.choices import check_columns, chosen
from synthtab.cli.console import terminal
from synthtab.cli.files import read_schema, refuse_no_folder, refuse_overwriting
from synthtab.cli.options import (
    DebugFlag,
    JsonFlag,
    QuietFlag,
    SchemaOption,
    SeedOption,
    StrictFlag,
    TargetOption,
    UnitOption,
)
from synthtab.cli.output import WrittenFile, show_audit, show_files
from synthtab.errors import DataError

if TYPE_CHECKING:
    from synthtab.results import AuditResult

__all__ = ["exit_code", "write_audit"]

_PAGE, _FIGURES = "audit.html", "audit.json"
_PAGE_ENDINGS = (".html", ".htm")


def exit_code(result: AuditResult, *, strict: bool) -> int:
    """Give the exit code of a verdict.

    Parameters
    ----------
    result : AuditResult
        The audit.
    strict : bool
        Whether a warning counts as a failure.

    Returns
    -------
    int
        0 for pass and warn, 1 for fail, and for warn when strict.
    """
    bad = ("fail", "warn") if strict else ("fail",)
    return FAILED if result.verdict.value in bad else 0


def write_audit(result: AuditResult, page: Path, figures: Path | None) -> tuple[WrittenFile, ...]:
    """Write the report, and beside it the same figures as JSON.

    Parameters
    ----------
    result : AuditResult
        The audit.
    page : Path
        HTML file.
    figures : Path or None
        JSON file, if wanted.

    Returns
    -------
    tuple of WrittenFile
        The report first.
    """
    written = [WrittenFile("report", str(result.to_html(page)))]
    if figures is not None:
        figures.write_text(result.to_json(), encoding="utf-8")
        written.append(WrittenFile("figures", str(figures)))
    return tuple(written)


@app.command("audit")
def _audit(
    *,
    real: Annotated[Path, typer.Option("--real", help="Rows that were learned.", show_default=False)],
    synthetic: Annotated[Path, typer.Option("--synthetic", help="Rows that it made.", show_default=False)],
    holdout: Annotated[
        Path | None,
        typer.Option("--holdout", help="Real rows that it never saw; without: WARN at best."),
    ] = None,
    schema: SchemaOption = None,
    unit: UnitOption = None,
    target: TargetOption = None,
    section: Annotated[
        list[str] | None,
        typer.Option("--section", help="Ask only this family; may be given again."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="What fit saved; what its guard did is then known."),
    ] = None,
    trusted: Annotated[
        bool, typer.Option("--trusted", help="Load a model that holds a pickle: it can run any program.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for audit.html and audit.json, or one .html file.")
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Name of the table on the report.")] = "",
    seed: SeedOption = 0,
    strict: StrictFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Score a synthetic table against the real source: what it keeps, what it gives away, what to do."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        page, figures = _where(out)
        outputs = [path for path in (page, figures) if path is not None]
        refuse_overwriting(outputs, [real, synthetic, holdout, schema, model])
        with term.stage("Reading the tables"):
            from synthtab.results import Section
            from synthtab.synthesizers import load
            from synthtab.tables import TableSource, read_frame

            sections = [chosen(name, [item.value for item in Section], "section") for name in section or ()]
            source = TableSource.of(real)
            frame = source.frame()
            synth = None if model is None else load(model, trusted=trusted)
            known = synth.schema if synth is not None and schema is None else read_schema(schema, frame, unit)
            targets = check_columns(known, target)
            made = read_frame(synthetic)
            held = None if holdout is None else read_frame(holdout)
        with term.stage("Auditing"):
            from synthtab.auditing.run import audit

            result = audit(
                frame,
                made,
                holdout=held,
                schema=known,
                target=targets or None,
                sections=sections or None,
                guard=None if synth is None else synth.guard,
                title=title or source.name,
                synthesizer="" if synth is None else str(synth.spec),
                seed=seed,
            )
        with term.stage("Writing the report"):
            files = () if page is None else write_audit(result, page, figures)
        show_audit(term, result)
        show_files(term, files)
        term.result(result.to_json())
    raise typer.Exit(exit_code(result, strict=strict))


def _where(out: Path | None) -> tuple[Path | None, Path | None]:
    if out is None:
        return None, None
    if out.suffix.lower() in _PAGE_ENDINGS:
        return out, None
    refuse_no_folder(out)
    return out / _PAGE, out / _FIGURES


@app.command("report")
def _report(
    figures: Annotated[
        Path, typer.Argument(metavar="AUDIT.JSON", help="What an audit saved.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option("--out", help="HTML file to write.", show_default=False)],
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Draw the report of a saved audit; this judges nothing, so it leaves with 0 whatever the verdict."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_overwriting([out], [figures])
        with term.stage("Drawing the report"):
            from synthtab.results import AuditResult

            try:
                text = figures.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise DataError(
                    f"The file {figures.name!r} cannot be read.", hint="Check its path."
                ) from error
            result = AuditResult.from_json(text)
            files = write_audit(result, out, None)
        term.say(f"{result.verdict.value.upper()}: {result.summary}")
        show_files(term, files)
        term.result(result.to_json())
