"""Commands on audits: audit, report; and what every verdict means for the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthtab.cli.app import FAILED, app
from synthtab.cli.choices import check_columns, chosen, spec_of
from synthtab.cli.console import terminal
from synthtab.cli.files import read_schema, refuse_no_folder, refuse_overwriting, with_lineage
from synthtab.cli.options import (
    DebugFlag,
    InternalOption,
    JsonFlag,
    QuietFlag,
    SchemaOption,
    SeedOption,
    StrictFlag,
    TargetOption,
    UnitOption,
)
from synthtab.cli.output import WrittenFile, as_json, show_audit, show_files
from synthtab.errors import DataError, SpecError

if TYPE_CHECKING:
    from synthtab.results import AuditResult

__all__ = ["exit_code", "internal_files", "write_audit", "write_internal"]

_PAGE, _FIGURES = "audit.html", "audit.json"
_INTERNAL = ("internal-audit.html", "internal-audit.json", "internal-vulnerable.csv")
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


def internal_files(folder: Path | None) -> list[Path]:
    """Name the files that an internal report consists of.

    Parameters
    ----------
    folder : Path or None
        Where they go; None when nobody asked for them.

    Returns
    -------
    list of Path
        Page, figures and list of vulnerable rows; empty when nobody asked for them.

    Raises
    ------
    SpecError
        When something that is no folder is named.
    """
    if folder is None:
        return []
    refuse_no_folder(folder)
    return [folder / name for name in _INTERNAL]


def write_internal(result: AuditResult, folder: Path | None) -> tuple[WrittenFile, ...]:
    """Write what only those may see who hold the real table, each file under a name that says so.

    Parameters
    ----------
    result : AuditResult
        The audit.
    folder : Path or None
        Where to; None when nobody asked for it.

    Returns
    -------
    tuple of WrittenFile
        Page, figures, and the training rows that stand most alone by row number.
    """
    if folder is None:
        return ()
    page, figures, rows = internal_files(folder)
    result.to_html(page, internal=True)
    figures.write_text(result.to_json(internal=True), encoding="utf-8")
    result.vulnerable_frame().to_csv(rows, index=False)
    named = (("report", page), ("figures", figures), ("vulnerable rows", rows))
    return tuple(WrittenFile(f"internal: {what}", str(path)) for what, path in named)


@app.command("audit")
def _audit(
    *,
    synthetic: Annotated[
        list[Path],
        typer.Option(
            "--synthetic",
            help="Rows that it made; again for each release from one source.",
            show_default=False,
        ),
    ],
    real: Annotated[
        Path | None, typer.Option("--real", help="Rows that were learned.", show_default=False)
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="In place of --real: what the command reference wrote."),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option("--holdout", help="Real rows that it never saw; without: WARN at best."),
    ] = None,
    schema: SchemaOption = None,
    unit: UnitOption = None,
    target: TargetOption = None,
    subgroup: Annotated[
        list[str] | None,
        typer.Option("--subgroup", help="Ask inside each level of this column; may be given again."),
    ] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="More models, draws and membership attacks.")
    ] = False,
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
    refit: Annotated[
        str | None,
        typer.Option("--refit", help="Fit this synthesizer again and again: shadow models of lonely people."),
    ] = None,
    fits: Annotated[int, typer.Option("--fits", min=8, help="Budget of such fits.")] = 40,
    internal: InternalOption = None,
    title: Annotated[str, typer.Option("--title", help="Name of the table on the report.")] = "",
    seed: SeedOption = 0,
    strict: StrictFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Score a synthetic table against the real source: what it keeps, what it gives away, what to do."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        if (real is None) == (reference is None):
            raise SpecError("Give either --real or --reference.", hint="--real TABLE or --reference FILE.npz")
        page, figures = _where(out)
        outputs = [path for path in (page, figures) if path is not None] + internal_files(internal)
        refuse_overwriting(outputs, [real, reference, *synthetic, holdout, schema, model])
        with term.stage("Reading the tables"):
            from synthtab.results import Section
            from synthtab.synthesizers import load
            from synthtab.tables import TableSource, read_frame

            sections = [chosen(name, [item.value for item in Section], "section") for name in section or ()]
            synth = None if model is None else load(model, trusted=trusted)
            frame, known, name = None, None, ""
            targets: list[str] = []
            if real is not None:
                source = TableSource.of(real)
                frame, name = source.frame(), source.name
                known = (
                    synth.schema if synth is not None and schema is None else read_schema(schema, frame, unit)
                )
                targets = list(check_columns(known, target))
            made = [with_lineage(read_frame(path), path) for path in synthetic]
            held = None if holdout is None else read_frame(holdout)
        with term.stage("Auditing"):
            from synthtab.auditing.run import audit

            result = audit(
                frame,
                made,
                holdout=held,
                reference=reference,
                schema=known,
                target=targets or None,
                subgroups=subgroup,
                sections=sections or None,
                depth="thorough" if thorough else "standard",
                guard=None if synth is None or real is None else synth.guard,
                refit=None if refit is None else spec_of(refit, ()),
                fits=fits,
                title=title or name,
                synthesizer="" if synth is None else str(synth.spec),
                seed=seed,
            )
        with term.stage("Writing the report"):
            files = () if page is None else write_audit(result, page, figures)
            files = (*files, *write_internal(result, internal))
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


@app.command("reference")
def _reference(
    real: Annotated[Path, typer.Argument(metavar="DATA", help="The real table.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option("--out", help="File to write, ending in .npz.", show_default=False)],
    schema: SchemaOption = None,
    unit: UnitOption = None,
    target: TargetOption = None,
    k: Annotated[int, typer.Option("--k", min=2, help="Counts of fewer people are dropped.")] = 10,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Write suppressed counts of a real table, which audit takes in its place: no row is in them."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        refuse_overwriting([out], [real, schema])
        with term.stage("Counting the table"):
            from synthtab.auditing.reference import make_reference
            from synthtab.tables import TableSource

            source = TableSource.of(real)
            frame = source.frame()
            known = read_schema(schema, frame, unit)
            path = make_reference(frame, out, schema=known, target=check_columns(known, target), k=k)
        files = (WrittenFile("reference", str(path)),)
        show_files(term, files)
        term.result(as_json(files[0]))


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
    """Draw the report of a saved audit, internal or not; this judges nothing, so it leaves with 0."""
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
        if result.is_internal:
            term.note("This is an internal file: so is the page, and it says so.")
        term.say(f"{result.verdict.value.upper()}: {result.summary}")
        show_files(term, files)
        term.result(result.to_json())
