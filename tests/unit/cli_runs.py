"""Runs a command as a person would type it, and says what a refusal must look like."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from synthtab.cli import app


def run(*words: str | Path) -> Result:
    """Run one command in this process."""
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, *expected: str) -> None:
    """Check that a result is exit 2, one line and a hint, and nothing else."""
    assert result.exit_code == 2, result.output
    lines = result.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Error", "Hint"], result.stderr
    assert result.stdout == ""
    for text in expected:
        assert text in result.stderr
