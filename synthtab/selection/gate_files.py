"""Files of a gate: a page for people, figures for programs, a comment for a pull request, cases for a CI."""

from __future__ import annotations

from pathlib import Path

from synthtab.results import GateResult
from synthtab.selection.gate_message import gate_junit, gate_markdown

__all__ = ["GATE_FILES", "write_gate_files"]

GATE_FILES = ("gate.html", "gate.json", "gate.md", "junit.xml")
"""What `write_gate_files` writes, by name."""


def write_gate_files(result: GateResult, folder: str | Path) -> tuple[Path, ...]:
    """Write all that is said about a gate into one folder; what stands there under these names is replaced.

    Parameters
    ----------
    result : GateResult
        The gate.
    folder : str or Path
        Where to; it is made, with those above it.

    Returns
    -------
    tuple of Path
        The page, the figures, the comment and the cases, named as in `GATE_FILES`.
    """
    page, figures, comment, cases = (Path(folder) / name for name in GATE_FILES)
    page.parent.mkdir(parents=True, exist_ok=True)
    # text first: should the page ever fail to be drawn, what decided the gate is already on disk
    figures.write_text(result.to_json(), encoding="utf-8")
    comment.write_text(gate_markdown(result), encoding="utf-8")
    cases.write_text(gate_junit(result), encoding="utf-8")
    result.to_html(page)
    return page, figures, comment, cases
