"""The application: what holds for every command, and how an error reaches a person."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Protocol, runtime_checkable

import typer
from typer.core import TyperGroup

from synthtab import __version__
from synthtab.cli.console import error_console
from synthtab.errors import SynthtabError

__all__ = ["BAD_INPUT", "FAILED", "OneLineErrors", "app", "gate_app", "schema_app"]

FAILED = 1
BAD_INPUT = 2
_ORDER = (
    "run",
    "demo",
    "split",
    "schema",
    "fit",
    "sample",
    "audit",
    "report",
    "recurse",
    "compare",
    "gate",
    "lineage",
)


@runtime_checkable
class _UsageError(Protocol):
    """What typer raises for a mistyped command, known by what it can do: its class has moved before."""

    exit_code: int

    def format_message(self) -> str:
        """Give the message."""
        ...


class OneLineErrors(TyperGroup):
    """A group of commands whose errors are one line and a hint; tracebacks only under ``--debug``."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override] # typer's own class of it
        """List the commands in the order in which a person meets them.

        Parameters
        ----------
        ctx : typer.Context
            The context.

        Returns
        -------
        list of str
            Names.
        """
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: object,
    ) -> object:
        """Run a command line.

        Parameters
        ----------
        args : sequence of str, optional
            Arguments; by default those of the process.
        prog_name : str, optional
            Name of the program.
        complete_var : str, optional
            Environment variable of shell completion.
        standalone_mode : bool, default True
            Whether to show errors and to leave the process; else they are raised.
        windows_expand_args : bool, default True
            Whether to expand patterns on Windows.
        **extra : object
            Passed on.

        Returns
        -------
        object
            What the command gives, when not standalone.
        """
        words = list(sys.argv[1:] if args is None else args)
        try:
            result = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)  # noqa: FBT003
        except Exception as error:
            if not standalone_mode:
                raise
            # read from the words themselves: the error may be that they cannot be parsed
            if "--debug" in words:
                traceback.print_exc(file=sys.stderr)
            message, hint = _in_plain_words(error)
            console = error_console()
            console.say(f"Error: {message}", style="bold red")
            if hint:
                console.say(f"Hint: {hint}")
            sys.exit(BAD_INPUT)
        if not standalone_mode:
            return result
        sys.exit(result if isinstance(result, int) else 0)


def _in_plain_words(error: Exception) -> tuple[str, str]:
    """Give what was wrong and what to do; no value of a table may come along from another library."""
    if isinstance(error, SynthtabError):
        return str(error.args[0] if error.args else error), error.hint
    if isinstance(error, _UsageError):
        return (
            error.format_message(),
            "synthtab --help lists the commands; synthtab COMMAND --help their options.",
        )
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}.", "Check the path and whether you may write there."
    if isinstance(error, MemoryError):
        return "There is not enough memory.", "Give fewer rows or columns."
    return (
        f"synthtab stopped at an unexpected {type(error).__name__}.",
        "Run it again with --debug for the traceback, which may show values of the table.",
    )


app = typer.Typer(
    name="synthtab",
    cls=OneLineErrors,
    help="Make a synthetic table, prove what it keeps, prove what it gives away.",
    epilog="Exit codes: 0 pass or warn, 1 fail (and warn under --strict), 2 bad input. demo exits 0.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
schema_app = typer.Typer(
    help="Guess, check or show what is publicly known about a table.", invoke_without_command=True
)
gate_app = typer.Typer(
    help="Record what a synthesizer is worth, and check later that it still is.", invoke_without_command=True
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synthtab {__version__}")
        raise typer.Exit


@app.callback()
def _whole_app(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and leave."),
    ] = False,
) -> None:
    """Make a synthetic table, prove what it keeps, prove what it gives away."""
    _help_without_command(context)


@schema_app.callback()
def _whole_schema_app(context: typer.Context) -> None:
    """Guess, check or show what is publicly known about a table."""
    _help_without_command(context)


@gate_app.callback()
def _whole_gate_app(context: typer.Context) -> None:
    """Record what a synthesizer is worth, and check later that it still is."""
    _help_without_command(context)


def _help_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
