"""Options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DataArgument",
    "DebugFlag",
    "HoldoutOption",
    "InternalOption",
    "JsonFlag",
    "ParamOption",
    "QuietFlag",
    "SchemaOption",
    "SeedOption",
    "StrictFlag",
    "SynthesizerOption",
    "TargetOption",
    "UnitOption",
]

_SHOWN = "What is shown"

DataArgument = Annotated[
    Path, typer.Argument(metavar="DATA", help="CSV, TSV or Parquet.", show_default=False)
]
SchemaOption = Annotated[
    Path | None,
    typer.Option("--schema", help="YAML or JSON; without it the schema is inferred."),
]
UnitOption = Annotated[
    str | None,
    typer.Option(
        "--unit", metavar="COLUMN", help="Says which person a row belongs to; without it each row is one."
    ),
]
TargetOption = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="COLUMN", help="What models shall predict; may be given again."),
]
SynthesizerOption = Annotated[
    str, typer.Option("--synthesizer", metavar="NAME", help="Name of the synthesizer.")
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="KEY=VALUE", help="Parameter of the synthesizer; may be given again."),
]
HoldoutOption = Annotated[
    float,
    typer.Option("--holdout", metavar="SHARE", help="Share of the people that nothing learns from."),
]
InternalOption = Annotated[
    Path | None,
    typer.Option(
        "--internal",
        metavar="DIR",
        help="Folder for what only those may see who hold the real table: nothing withheld, rows by number.",
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same result.")]

JsonFlag = Annotated[
    bool,
    typer.Option("--json", help="Write JSON to stdout, and nothing else.", rich_help_panel=_SHOWN),
]
QuietFlag = Annotated[bool, typer.Option("--quiet", help="Show errors only.", rich_help_panel=_SHOWN)]
DebugFlag = Annotated[
    bool,
    typer.Option(
        "--debug", help="Show tracebacks; they may hold values of the table.", rich_help_panel=_SHOWN
    ),
]
StrictFlag = Annotated[bool, typer.Option("--strict", help="Leave with 1 on a warning too.")]
