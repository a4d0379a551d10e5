"""The terminal: results on stdout, progress and errors on stderr, control codes only for who watches."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, TextIO

from synthtab.errors import SynthtabWarning
from synthtab.progress import reporting_to

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import TaskID

__all__ = ["LiveProgress", "Speaker", "Terminal", "error_console", "terminal"]

_WIDTH_IN_A_PIPE = 120
_LONGEST_LINE = 2000


class Speaker:
    """Write lines and tables to one stream.

    Parameters
    ----------
    stream : text stream
        Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self.is_watched = stream.isatty()
        width = None if self.is_watched or os.environ.get("COLUMNS") else _WIDTH_IN_A_PIPE
        self.console: Console = Console(file=stream, width=width, highlight=False, emoji=False, markup=False)

    def say(self, line: str, *, style: str = "", indent: int = 0) -> None:
        """Write one line, with whatever could steer a terminal spelled out.

        Parameters
        ----------
        line : str
            The line.
        style : str, default ""
            A rich style.
        indent : int, default 0
            Spaces before it.
        """
        from rich.text import Text

        from synthtab.reporting.text import clean

        self.console.print(Text(" " * indent + clean(line, _LONGEST_LINE), style=style), soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        """Write a table or another drawing.

        Parameters
        ----------
        what : rich renderable
            The drawing.
        """
        self.console.print(what)


def error_console() -> Speaker:
    """Give the stream for errors and progress.

    Returns
    -------
    Speaker
        Writes to stderr.
    """
    return Speaker(sys.stderr)


class LiveProgress:
    """Show stages as lines with a bar: the display behind `synthtab.progress.Progress`.

    Parameters
    ----------
    console : rich.console.Console
        A terminal.
    """

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False, style="dim"),
            console=console,
            # what others print is held back elsewhere; taking over the streams would let it out again
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing; the lines of the outermost stages stay."""
        self._bars.stop()

    def refresh(self) -> None:
        """Draw at once instead of at the next tick."""
        self._bars.refresh()

    def start(self, stage: str, total: int) -> None:
        """Begin a stage.

        Parameters
        ----------
        stage : str
            Name of the stage.
        total : int
            Number of steps; with fewer than two, the bar only shows that work goes on.
        """
        indent = "  " * min(len(self._tasks), 3)
        steps = total if total > 1 else None
        self._tasks[stage] = self._bars.add_task(indent + stage, total=steps, note="")

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        """Move a stage on; a stage that was never started is left alone.

        Parameters
        ----------
        stage : str
            Name of the stage.
        steps : int, default 1
            Steps done.
        note : str, default ""
            A few words on what is being done.
        """
        if stage in self._tasks:
            self._bars.update(self._tasks[stage], advance=steps, note=note)

    def finish(self, stage: str) -> None:
        """End a stage; an inner one is taken away.

        Parameters
        ----------
        stage : str
            Name of the stage.
        """
        task = self._tasks.pop(stage, None)
        if task is None:
            return
        if self._tasks:
            self._bars.remove_task(task)
        else:
            self._bars.update(task, total=1, completed=1, note="")


class Terminal:
    """What a command says and shows.

    Parameters
    ----------
    as_json : bool
        Whether stdout carries one JSON document and nothing else.
    quiet : bool
        Whether only errors are shown.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._out = Speaker(sys.stdout)
        self._err = error_console()

    def say(self, line: str = "", *, style: str = "", indent: int = 0) -> None:
        """Write a line for people.

        Parameters
        ----------
        line : str, default ""
            The line.
        style : str, default ""
            A rich style.
        indent : int, default 0
            Spaces before it.
        """
        if self._talks and line:
            self._out.say(line, style=style, indent=indent)
        elif self._talks:
            self._out.console.print()

    def show(self, what: RenderableType) -> None:
        """Show a table to people.

        Parameters
        ----------
        what : rich renderable
            The table.
        """
        if self._talks:
            self._out.show(what)

    def result(self, document: str) -> None:
        """Write the machine-readable result.

        Parameters
        ----------
        document : str
            JSON.
        """
        if not self.as_json:
            return
        try:
            document.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            document = json.dumps(json.loads(document), indent=1)
        sys.stdout.write(document.rstrip("\n") + "\n")

    def note(self, line: str) -> None:
        """Write a remark to stderr.

        Parameters
        ----------
        line : str
            The remark.
        """
        if not self.quiet:
            self._err.say(f"Note: {line}", style="yellow")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show that something is being done, and what it reports, where a person watches.

        Parameters
        ----------
        name : str
            What is being done.

        Yields
        ------
        None
            Control, with the display installed.
        """
        if self.quiet or not self._err.is_watched:
            yield
            return
        with LiveProgress(self._err.console) as display, reporting_to(display):
            display.start(name, 1)
            yield
            display.finish(name)

    @property
    def _talks(self) -> bool:
        return not (self.as_json or self.quiet)


@contextmanager
def terminal(*, as_json: bool = False, quiet: bool = False, debug: bool = False) -> Iterator[Terminal]:
    """Make the terminal of one command, and hold back what other libraries would say.

    Parameters
    ----------
    as_json : bool, default False
        Whether stdout carries one JSON document and nothing else.
    quiet : bool, default False
        Whether only errors are shown.
    debug : bool, default False
        Whether other libraries may speak: they may show values of the table.

    Yields
    ------
    Terminal
        The terminal.
    """
    shown = Terminal(as_json=as_json, quiet=quiet)
    with _debugging() if debug else _holding_back(shown):
        yield shown


@contextmanager
def _holding_back(shown: Terminal) -> Iterator[None]:
    root, mute = logging.getLogger(), logging.NullHandler()
    root.addHandler(mute)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", SynthtabWarning)
            warnings.showwarning = _Remarks(shown.note)
            yield
    finally:
        root.removeHandler(mute)


class _Remarks:
    """Show a warning of ours as one line, without the place in the code that it came from."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def __call__(self, message: Warning | str, *_: object, **__: object) -> None:
        self._note(str(message))


@contextmanager
def _debugging() -> Iterator[None]:
    from synthtab.synthesizers.base import DEBUG_VARIABLE

    before = os.environ.get(DEBUG_VARIABLE)
    os.environ[DEBUG_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[DEBUG_VARIABLE]
        else:
            os.environ[DEBUG_VARIABLE] = before
