"""The pytest plugin: a test that fails when a synthesizer is worth less than when it was chosen.

pytest loads this module at its start, in every project that has synthtab installed: nothing heavy is
imported here. What a gate does stands in `synthtab.selection.gate_fixture`, loaded when a test asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from synthtab.selection.gate_fixture import GateFixture

__all__ = [
    "PROPERTY",
    "GateLine",
    "gate_lines",
    "pytest_addoption",
    "pytest_configure",
    "pytest_terminal_summary",
    "synthtab_gate",
]

PROPERTY = "synthtab."
"""How the names of the properties begin by which a test tells of its gates. They travel with pytest's own
reports: from a worker of pytest-xdist to the terminal, and into the file of ``--junitxml``."""

_COLOURS = {"pass": "green", "recorded": "green", "warn": "yellow", "fail": "red", "incomparable": "red"}
_WIDTH = max(map(len, _COLOURS))


@dataclass(frozen=True)
class GateLine:
    """What the terminal says of one gate.

    Parameters
    ----------
    test : str
        Which test asked.
    baseline : str
        Path of the baseline.
    status : str
        What became of it: that of the gate, or ``recorded``.
    summary : str
        In words.
    notes : tuple of str
        Lines below.
    """

    test: str
    baseline: str
    status: str
    summary: str
    notes: tuple[str, ...]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of gates.

    Parameters
    ----------
    parser : pytest.Parser
        Where to.
    """
    group = parser.getgroup("synthtab", "synthtab: gates on synthesizers")
    group.addoption(
        "--synthtab-update",
        action="store_true",
        help="record the baselines of all gates anew instead of checking them, and say what changed",
    )
    group.addoption(
        "--synthtab-fast",
        action="store_true",
        help="fit the first two seeds of each baseline only, and say what can still be seen",
    )
    group.addoption(
        "--synthtab-reports",
        metavar="DIR",
        help="write the reports of all gates here; by default those that are no plain pass are written to "
        "synthtab-reports in the root folder",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, and begin to gather what tests tell of their gates.

    Parameters
    ----------
    config : pytest.Config
        What pytest was called with.

    Raises
    ------
    pytest.UsageError
        When a baseline would be recorded from two seeds.
    """
    options = config.option
    if options.synthtab_update and options.synthtab_fast:
        raise pytest.UsageError("--synthtab-update records with all seeds: give it without --synthtab-fast.")
    if options.synthtab_reports is not None:
        # fixed before workers start: theirs is another folder
        options.synthtab_reports = str((config.invocation_params.dir / options.synthtab_reports).resolve())
    config.pluginmanager.register(_Gathered(), _GATHERED)


_GATHERED = "synthtab gates"


class _Gathered:
    """The last report of each test that told of a gate."""

    def __init__(self) -> None:
        self.properties: dict[str, Sequence[tuple[str, object]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test told; its later reports hold what the earlier ones told."""
        told = [item for item in report.user_properties if item[0].startswith(PROPERTY)]
        if told:
            self.properties[report.nodeid] = told


def gate_lines(test: str, properties: Sequence[tuple[str, object]]) -> Iterator[GateLine]:
    """Read what a test told of its gates.

    Parameters
    ----------
    test : str
        Which test.
    properties : sequence of tuple of str and object
        Names and values, in the order in which they were told; ``synthtab.baseline`` begins a gate.

    Yields
    ------
    GateLine
        One a gate.
    """
    starts = [place for place, (name, _) in enumerate(properties) if name == f"{PROPERTY}baseline"]
    for start, end in pairwise([*starts, len(properties)]):
        own = [(name.removeprefix(PROPERTY), str(value)) for name, value in properties[start:end]]
        told = dict(own)
        yield GateLine(
            test,
            told["baseline"],
            told.get("status", ""),
            told.get("summary", ""),
            tuple(value for name, value in own if name == "note"),
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what became of every gate, one line each.

    Parameters
    ----------
    terminalreporter : pytest.TerminalReporter
        Where to.
    """
    gathered = terminalreporter.config.pluginmanager.get_plugin(_GATHERED)
    told = {} if gathered is None else gathered.properties
    # sorted: with several workers, tests end in another order each time
    lines = [line for test in sorted(told) for line in gate_lines(test, told[test])]
    if not lines:
        return
    terminalreporter.section("synthtab gates")
    for line in lines:
        words = f"{line.status.upper():<{_WIDTH}} {line.test} ({line.baseline}): {line.summary}"
        colour = {_COLOURS[line.status]: True} if line.status in _COLOURS else {}
        terminalreporter.write_line(_harmless(words), **colour)
        for note in line.notes:
            terminalreporter.write_line(_harmless(f"{'':<{_WIDTH}} {note}"))
    for baseline in _recorded_twice(lines):
        terminalreporter.write_line(
            _harmless(f"{baseline} was recorded by more than one gate: the last one stands."), yellow=True
        )


def _recorded_twice(lines: Sequence[GateLine]) -> list[str]:
    recorded = [line.baseline for line in lines if line.status == "recorded"]
    return sorted({name for name in recorded if recorded.count(name) > 1})


def _harmless(text: str) -> str:
    """Keep whatever could steer a terminal from doing so."""
    return "".join(char if char.isprintable() else " " for char in text)


@pytest.fixture
def synthtab_gate(request: pytest.FixtureRequest) -> GateFixture:
    """Check that a synthesizer is still worth what it was when its baseline was recorded.

    Parameters
    ----------
    request : pytest.FixtureRequest
        The test.

    Returns
    -------
    GateFixture
        To be called with the path of a baseline and the real rows.
    """
    from synthtab.selection.gate_fixture import GateFixture

    return GateFixture(request)
