"""Command on several synthesizers side by side: compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthtab.cli.app import FAILED, app
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
    TargetOption,
    UnitOption,
)
from synthtab.cli.output import WrittenFile, add_row, new_table, show_files

if TYPE_CHECKING:
    from synthtab.results import BoardResult, BoardRow

__all__: list[str] = []

_PAGE, _FIGURES = "board.html", "board.json"
_HEADLINES = ("association.interaction_tvd", "rare.coverage")
_NOTHING = "–"


@app.command("compare")
def _compare(
    data: DataArgument,
    *,
    synthesizer: Annotated[
        list[str],
        typer.Option(
            "--synthesizer",
            metavar="NAME",
            help='What is fitted, e.g. "tvae(epochs=60)"; again for each one.',
            show_default=False,
        ),
    ],
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Refits of each.")] = 5,
    target: TargetOption = None,
    schema: SchemaOption = None,
    unit: UnitOption = None,
    holdout: Annotated[
        Path | None,
        typer.Option("--holdout", help="Real rows that nothing learns from; without it DATA is cut."),
    ] = None,
    measured: Annotated[
        int | None, typer.Option("--measured", min=1, help="Synthetic rows of each refit that are measured.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for board.html and board.json.")] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Fits at the same time; by default one a core.")
    ] = None,
    seed: SeedOption = 0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Fit several synthesizers on one table and say which to take for whom; leave with 1 if none can."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        if out is not None:
            refuse_no_folder(out)
            refuse_overwriting([out / _PAGE, out / _FIGURES], [data, schema, holdout])
        specs = [spec_in_words(text) for text in synthesizer]
        with term.stage("Reading the table"):
            from synthtab.selection.compare import compare
            from synthtab.tables import read_frame

            known = read_schema(schema, read_frame(data), unit, data)
            targets = check_columns(known, target)
        with term.stage(f"Fitting {len(specs)} synthesizers {seeds} times"):
            board = compare(
                specs,
                data,
                known,
                holdout=holdout,
                seeds=range(seeds),
                target=targets or None,
                measured=measured,
                workers=workers,
                progress=False if quiet else None,
                seed=seed,
            )
        files = () if out is None else _write(board, out)
        _tell(term, board)
        show_files(term, files)
        term.result(board.to_json())
    if not any(row.fits for row in board.rows if row.role.value == "contender"):
        raise typer.Exit(FAILED)


def _write(board: BoardResult, out: Path) -> tuple[WrittenFile, ...]:
    out.mkdir(parents=True, exist_ok=True)
    figures = out / _FIGURES
    figures.write_text(board.to_json(), encoding="utf-8")
    return (WrittenFile("report", str(board.to_html(out / _PAGE))), WrittenFile("figures", str(figures)))


def _tell(term: Terminal, board: BoardResult) -> None:
    """Show the board: a row a synthesizer, a few figures, what it costs, and to whom its tables may go."""
    from synthtab.reporting.text import figure, interval

    released = board.releasable()
    for note in released.notes:
        term.note(note)
    names = [item.name for item in released.figures]
    wanted = dict.fromkeys((*_HEADLINES, released.settings.use_figure, released.settings.risk_figure))
    shown = [names.index(name) for name in wanted if name in names]
    table = new_table(
        "synthesizer", *(released.figures[place].label for place in shown), "fit (s)", "may go to"
    )
    # a name is what is typed again: it is not broken
    table.columns[0].no_wrap = True
    for row in released.rows:
        means = [row.cells[place].mean if row.cells else None for place in shown]
        add_row(
            table,
            row.name,
            *(_NOTHING if mean is None else interval(mean.value, mean.low, mean.high) for mean in means),
            _NOTHING if row.costs is None else figure(row.costs.fit_wall),
            _circles(row),
        )
    term.show(table)
    for row in released.rows:
        for reason in row.failures:
            term.say(f"{row.name} failed: {reason}", style="yellow")
    for line in str(released).splitlines():
        term.say(line)


def _circles(row: BoardRow) -> str:
    """Say to whom the tables of a row may go, and how many of them where not all may."""
    told = []
    for item in row.contexts:
        fine = item.yes + item.with_notes
        if fine:
            told.append(item.label if not item.no else f"{item.label} {fine}/{fine + item.no}")
    return ", ".join(told) or (_NOTHING if row.contexts else "")
