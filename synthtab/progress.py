"""Progress: a protocol that long work reports to, silent unless somebody is watching."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Protocol, TextIO

__all__ = ["LineProgress", "Progress", "SilentProgress", "current_progress", "reporting_to", "watching"]


class Progress(Protocol):
    """What long work tells whoever watches.

    A *stage* is one line of a display ("fit", "audit"); it starts with its total number of steps and is
    then moved on. Stages may be nested.
    """

    def start(self, stage: str, total: int) -> None:
        """Begin a stage of `total` steps.

        Parameters
        ----------
        stage : str
            Name of the stage, as a person should read it.
        total : int
            Number of steps.
        """

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        """Move a stage on.

        Parameters
        ----------
        stage : str
            Name given to `start`.
        steps : int, default 1
            Steps done since the last call.
        note : str, default ""
            A few words on what is being done now, e.g. a loss.
        """

    def finish(self, stage: str) -> None:
        """End a stage.

        Parameters
        ----------
        stage : str
            Name given to `start`.
        """


class SilentProgress:
    """Say nothing: the default in libraries, pipes and workers."""

    def start(self, stage: str, total: int) -> None:
        """Ignore the start of a stage.

        Parameters
        ----------
        stage : str
            Name of the stage.
        total : int
            Number of steps.
        """

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        """Ignore a step.

        Parameters
        ----------
        stage : str
            Name of the stage.
        steps : int, default 1
            Steps done.
        note : str, default ""
            A few words.
        """

    def finish(self, stage: str) -> None:
        """Ignore the end of a stage.

        Parameters
        ----------
        stage : str
            Name of the stage.
        """


class LineProgress:
    """Show progress as text: lines now and then for a log, or one line that is written over.

    Parameters
    ----------
    stream : text stream
        Where to, e.g. ``sys.stderr``.
    live : bool, default False
        Whether one line is written over (a terminal, a notebook); otherwise each state gets a line of its
        own and no control character is written.
    patience : float, default 0
        Seconds of work before the first line: what is done by then needs none.
    every : float, optional
        Seconds between two states: 0.2 live, 30 in lines.
    """

    def __init__(
        self, stream: TextIO, *, live: bool = False, patience: float = 0.0, every: float | None = None
    ) -> None:
        self._stream = stream
        self._live = live
        self._every = every if every is not None else (_LIVE_EVERY if live else _LINE_EVERY)
        self._next = time.monotonic() + patience
        # steps done and in all, and the last note: a stage inside another comes after it
        self._stages: dict[str, tuple[int, int, str]] = {}
        self._width = 0
        self._spoken = False
        self._lock = threading.Lock()

    def start(self, stage: str, total: int) -> None:
        """Begin a stage of `total` steps.

        Parameters
        ----------
        stage : str
            Name of the stage.
        total : int
            Number of steps.
        """
        with self._lock:
            self._stages[stage] = (0, total, "")
            self._show()

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        """Move a stage on.

        Parameters
        ----------
        stage : str
            Name given to `start`.
        steps : int, default 1
            Steps done since the last call.
        note : str, default ""
            A few words on what is being done now; the last ones stay.
        """
        with self._lock:
            done, total, before = self._stages.get(stage, (0, 0, ""))
            self._stages[stage] = (done + steps, total, note or before)
            self._show()

    def finish(self, stage: str) -> None:
        """End a stage; the end of the outermost is shown if anything was.

        Parameters
        ----------
        stage : str
            Name given to `start`.
        """
        with self._lock:
            if stage in self._stages and len(self._stages) == 1 and self._spoken:
                self._write(self._line())
                self._end_line()
            self._stages.pop(stage, None)

    def close(self) -> None:
        """Leave the cursor on a line of its own, also after an error."""
        with self._lock:
            self._stages.clear()
            self._end_line()

    def _show(self) -> None:
        if time.monotonic() >= self._next:
            self._write(self._line())

    def _line(self) -> str:
        shown = []
        for stage, (done, total, note) in self._stages.items():
            share = f" {min(done / total, 1):.0%}" if total > 1 else ""
            shown.append(f"{stage}{share}: {note}" if note else f"{stage}{share}")
        line = " | ".join(shown)
        return "".join(character if character.isprintable() else " " for character in line)

    def _write(self, line: str) -> None:
        self._spoken = True
        self._next = time.monotonic() + self._every
        if self._live:
            # a line that wraps cannot be written over; blanks wipe the rest of a longer one before
            line = line[: max(shutil.get_terminal_size((120, 24)).columns - 1, 1)]
            self._width, line = len(line), "\r" + line.ljust(self._width)
        else:
            line += "\n"
        self._emit(line)

    def _end_line(self) -> None:
        if self._live and self._width:
            self._emit("\n")
            self._width = 0

    def _emit(self, text: str) -> None:
        # a reader that went away must not stop the work
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


_LIVE_EVERY, _LINE_EVERY = 0.2, 30.0
_LIVE_PATIENCE, _LINE_PATIENCE = 2.0, 10.0

_CURRENT: ContextVar[Progress | None] = ContextVar("synthtab_progress", default=None)


def current_progress() -> Progress:
    """Give the progress display that long work should report to.

    Returns
    -------
    Progress
        The display set by `reporting_to`, else a silent one.
    """
    return _CURRENT.get() or SilentProgress()


@contextmanager
def reporting_to(progress: Progress) -> Iterator[None]:
    """Send progress to a display inside a block.

    Parameters
    ----------
    progress : Progress
        The display.

    Yields
    ------
    None
        Control, with the display installed.
    """
    token = _CURRENT.set(progress)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def watching(progress: bool | None = None) -> Iterator[None]:
    """Show the progress of a block where there is somebody to see it.

    Parameters
    ----------
    progress : bool, optional
        None shows work that takes longer than some seconds: on one line in a terminal or a notebook, as a
        line every half minute in a pipe. True shows it from the start, False never. A display that is
        installed already (the command line's) stays, unless False is asked for.

    Yields
    ------
    None
        Control, with the display installed.
    """
    if progress is False:
        with reporting_to(SilentProgress()):
            yield
        return
    # absent where Python runs without a console
    stream: TextIO | None = sys.stderr
    if _CURRENT.get() is not None or stream is None:
        yield
        return
    live = _in_notebook() or stream.isatty()
    patience = 0.0 if progress else (_LIVE_PATIENCE if live else _LINE_PATIENCE)
    display = LineProgress(stream, live=live, patience=patience)
    with reporting_to(display):
        try:
            yield
        finally:
            display.close()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    # a shell in a terminal has no kernel
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
