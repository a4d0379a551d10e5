"""What a command shows a person, and the JSON that it gives a program."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from synthtab.cli.console import Terminal

if TYPE_CHECKING:
    from rich.table import Table

    from synthtab.results import AuditResult, Check, GuardAction
    from synthtab.schema import ColumnSpec, SchemaProblem, TableSchema

__all__ = [
    "NOT_RELEASABLE",
    "AuditOutcome",
    "FittedModel",
    "PartFile",
    "ProblemList",
    "SampledTable",
    "SplitFiles",
    "StudyOutcome",
    "WrittenFile",
    "add_row",
    "as_json",
    "new_table",
    "show_audit",
    "show_files",
    "show_guard",
    "show_schema",
]

NOT_RELEASABLE = "{} runs without the guard: neither the model nor its samples may be released."

_STATUS_STYLES = {
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "not_applicable": "dim",
    "note": "dim",
}
_STATUS_WORDS = {"not_applicable": "n/a"}
_LEVELS_SHOWN = 4
_MOST_REASONS = 12


@dataclass(frozen=True)
class WrittenFile:
    """One file that a command wrote.

    Parameters
    ----------
    what : str
        What it holds.
    file : str
        Where it is.
    """

    what: str
    file: str


@dataclass(frozen=True)
class PartFile:
    """One part of a split.

    Parameters
    ----------
    name : str
        train, holdout, pool or verifier.
    file : str
        Where it is.
    rows : int
        Its size.
    """

    name: str
    file: str
    rows: int


@dataclass(frozen=True)
class SplitFiles:
    """What ``split`` wrote.

    Parameters
    ----------
    seed : int
        Seed of the cut.
    parts : tuple of PartFile
        The parts.
    """

    seed: int
    parts: tuple[PartFile, ...]


@dataclass(frozen=True)
class ProblemList:
    """What ``schema check`` found.

    Parameters
    ----------
    ok : bool
        Whether the table fits.
    problems : tuple of SchemaProblem
        Every departure.
    """

    ok: bool
    problems: tuple[SchemaProblem, ...]


@dataclass(frozen=True)
class FittedModel:
    """What ``fit`` wrote.

    Parameters
    ----------
    model : str
        Where it is.
    synthesizer : str
        Name and parameters.
    rows : int
        Rows that it learned from.
    seed : int
        Seed of the fit.
    releasable : bool
        Whether the guard ran.
    guard : tuple of GuardAction
        What the guard did.
    """

    model: str
    synthesizer: str
    rows: int
    seed: int
    releasable: bool
    guard: tuple[GuardAction, ...]


@dataclass(frozen=True)
class SampledTable:
    """What ``sample`` wrote.

    Parameters
    ----------
    file : str
        Where it is.
    synthesizer : str
        Name and parameters.
    rows : int
        Its size.
    seed : int or None
        Seed of the draw; none for that of the model.
    """

    file: str
    synthesizer: str
    rows: int
    seed: int | None


@dataclass(frozen=True)
class AuditOutcome:
    """What ``run`` and ``demo`` found and wrote; every figure stands in the audit's own JSON file.

    Parameters
    ----------
    verdict : str
        pass, warn or fail.
    summary : str
        The verdict in words.
    synthesizer : str
        Name and parameters.
    rows : int
        Synthetic rows.
    checks : tuple of Check
        Every question and its answer.
    files : tuple of WrittenFile
        Where things are.
    """

    verdict: str
    summary: str
    synthesizer: str
    rows: int
    checks: tuple[Check, ...]
    files: tuple[WrittenFile, ...]


@dataclass(frozen=True)
class StudyOutcome:
    """What a study found, for a program.

    Parameters
    ----------
    verdict : tuple of str
        A line for each synthesizer under each regime.
    notes : tuple of str
        What a reader should know.
    files : tuple of WrittenFile
        What was written.
    """

    verdict: tuple[str, ...]
    notes: tuple[str, ...]
    files: tuple[WrittenFile, ...]


def as_json(
    outcome: SplitFiles
    | ProblemList
    | FittedModel
    | SampledTable
    | AuditOutcome
    | StudyOutcome
    | WrittenFile,
) -> str:
    """Write an outcome as JSON.

    Parameters
    ----------
    outcome : SplitFiles, ProblemList, FittedModel, SampledTable, AuditOutcome or StudyOutcome
        The outcome.

    Returns
    -------
    str
        One object; its keys are the fields of the class.
    """
    return json.dumps(asdict(outcome), indent=1, ensure_ascii=False, allow_nan=False)


def show_schema(term: Terminal, schema: TableSchema) -> None:
    """Show what is taken for public about each column, and why.

    Parameters
    ----------
    term : Terminal
        Where to.
    schema : TableSchema
        The schema.
    """
    table = new_table("column", "kind", "missing", "domain", "why")
    for column in schema.columns:
        kind = column.kind.value
        if column.name == schema.unit:
            kind += " (the person)"
        elif column.name == schema.weight:
            kind += " (the weight)"
        add_row(
            table,
            column.name,
            kind,
            "allowed" if column.missing else "no",
            _domain(column),
            column.note or column.description,
        )
    term.show(table)
    for rule in schema.rules:
        term.say(f"rule: {rule.text}")


def _domain(column: ColumnSpec) -> str:
    parts = []
    if column.lower is not None or column.upper is not None:
        low = "…" if column.lower is None else column.lower
        high = "…" if column.upper is None else column.upper
        parts.append(f"{low} to {high} {column.units}".strip())
    elif column.units:
        parts.append(column.units)
    if column.categories is not None:
        some = ", ".join(column.categories[:_LEVELS_SHOWN])
        more = len(column.categories) - _LEVELS_SHOWN
        parts.append(f"{some} and {more} more" if more > 0 else some)
        if not column.is_public:
            parts.append("(seen in the data)")
    return " ".join(parts) or "open"


def show_guard(term: Terminal, actions: tuple[GuardAction, ...]) -> None:
    """Show what the guard did to the rows before anything learned them.

    Parameters
    ----------
    term : Terminal
        Where to.
    actions : tuple of GuardAction
        In counts that are safe to print.
    """
    for action in actions:
        term.say(f"guard: {action.column}: {action.action}")


_CIRCLE_WORDS = {"pass": "yes", "warn": "with the notes", "fail": "no"}


def show_audit(term: Terminal, result: AuditResult) -> None:
    """Show the verdict, every check, and what to do about those that did not pass.

    Parameters
    ----------
    term : Terminal
        Where to.
    result : AuditResult
        The audit; only its releasable form is shown.
    """
    from synthtab.reporting.text import figure, interval, threshold

    released = result.releasable()
    table = new_table("check", "", "found", "wanted", "real data", "status")
    for check in released.checks:
        if check.status.value == "note":
            continue
        add_row(
            table,
            check.code,
            check.name,
            interval(check.value, check.low, check.high, beside=check.threshold),
            threshold(check.threshold, check.value, at_least=check.at_least),
            figure(check.reference),
            _STATUS_WORDS.get(check.status.value, check.status.value.upper()),
            last=_STATUS_STYLES[check.status.value],
        )
    term.show(table)
    term.say()
    term.say(
        f"{released.verdict.value.upper()}: {released.summary}", style=_STATUS_STYLES[released.verdict.value]
    )
    if released.contexts:
        answers = (f"{item.label} {_CIRCLE_WORDS[item.answer.value]}" for item in released.contexts)
        term.say(f"May go to: {'; '.join(answers)}.", indent=2)
    decided = [
        check for status in ("fail", "warn") for check in released.checks if check.status.value == status
    ]
    for check in decided[:_MOST_REASONS]:
        term.say(f"{check.code} {check.status.value}: {check.reason} {check.remedy}", indent=2)
    if len(decided) > _MOST_REASONS:
        term.say(f"… and {len(decided) - _MOST_REASONS} more in the report.", indent=2)


def show_files(term: Terminal, files: tuple[WrittenFile, ...]) -> None:
    """Say where things are.

    Parameters
    ----------
    term : Terminal
        Where to.
    files : tuple of WrittenFile
        The files.
    """
    if files:
        term.say()
    width = max((len(item.what) for item in files), default=0)
    for item in files:
        term.say(f"{item.what:<{width}}  {item.file}")


def new_table(*headings: str) -> Table:
    """Make an empty table.

    Parameters
    ----------
    *headings : str
        Names of its columns.

    Returns
    -------
    rich.table.Table
        The table; to be filled by `add_row`.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def add_row(table: Table, *cells: str, last: str = "") -> None:
    """Add a row, with whatever could steer a terminal spelled out.

    Parameters
    ----------
    table : rich.table.Table
        Where to.
    *cells : str
        One a column.
    last : str, default ""
        A rich style of the last cell.
    """
    from rich.text import Text

    from synthtab.reporting.text import clean

    shown = [Text(clean(cell) if cell else "") for cell in cells]
    shown[-1].stylize(last)
    table.add_row(*shown)
