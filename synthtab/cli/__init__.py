"""The command line: a command for each step, from a table to a verdict, and later to a gate.

Nothing heavy is imported here or at the top of any module below, so that ``synthtab --help`` is quick.
"""

import io
import sys

from synthtab.cli import (  # noqa: F401 - each adds its commands to the app
    audits,
    boards,
    gates,
    lineage,
    models,
    pipeline,
    recursion,
    tables,
)
from synthtab.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a terminal or pipe that cannot write ≥ gets a question mark, not a failed command
            stream.reconfigure(errors="replace")
    app()
