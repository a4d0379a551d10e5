"""How far a grid is: tasks, steps and the time that is left, whoever does the steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from synthtab.execution.worker import BEGAN, ENDED, FOUND, STEP
from synthtab.progress import Progress

__all__ = ["HomeTicker", "Meter"]

_POLL_SECONDS = 0.25
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Meter:
    """Count the steps of all tasks, and tell a display.

    Parameters
    ----------
    progress : Progress
        The display.
    stage : str
        What it shows the grid as.
    steps : sequence of int
        Steps of each task.
    units : tuple of str
        What tasks and steps are called, e.g. ``("chains", "generations")``.
    """

    def __init__(self, progress: Progress, stage: str, steps: Sequence[int], units: tuple[str, str]) -> None:
        self._progress = progress
        self._stage = stage
        self._steps = tuple(steps)
        self._units = units
        self._position = [0] * len(steps)
        self._done = [0] * len(steps)
        self._folder: Path | None = None
        self._ended = [False] * len(steps)
        self._shown = 0
        self._since = time.monotonic()
        self._lock = threading.Lock()

    @contextmanager
    def running(self, folder: Path | None) -> Iterator[None]:
        """Show the grid's stage inside a block.

        Parameters
        ----------
        folder : Path or None
            Where workers write the lives of their tasks; None when they are run in this process.

        Yields
        ------
        None
            Control, with the stage begun.
        """
        stop = threading.Event()

        def poll(folder: Path) -> None:
            while not stop.wait(_POLL_SECONDS):
                # a glance that fails is followed by the next one
                with suppress(OSError):
                    self._read(folder)

        self._folder = folder
        self._progress.start(self._stage, sum(self._steps))
        watcher = None if folder is None else threading.Thread(target=poll, args=(folder,), daemon=True)
        try:
            if watcher is not None:
                watcher.start()
            yield
        finally:
            stop.set()
            if watcher is not None:
                watcher.join()
            self._progress.finish(self._stage)

    def stepped(self, index: int, *, done: int, found: int) -> None:
        """Take note of how far a task is; it never goes back.

        Parameters
        ----------
        index : int
            Which task.
        done, found : int
            Its steps done, and found done, in all.
        """
        with self._lock:
            self._done[index] = max(self._done[index], done)
            self._move(index, done + found)

    def ended(self, index: int) -> None:
        """Take note that a task is over, well or not: none of its steps is left.

        Parameters
        ----------
        index : int
            Which task.
        """
        if self._folder is not None:
            # the last steps of a task may not have been looked at yet, and its speed is learned from them
            with suppress(OSError):
                self._read(self._folder, only=index)
        with self._lock:
            self._ended[index] = True
            self._move(index, self._steps[index], even_so=True)

    def _read(self, folder: Path, only: int | None = None) -> None:
        for index, (_, events) in sorted(lives(folder).items()):
            if not self._ended[index] and only in (None, index):
                self.stepped(index, done=events.count(STEP), found=events.count(FOUND))

    def _move(self, index: int, position: int, *, even_so: bool = False) -> None:
        self._position[index] = max(self._position[index], min(position, self._steps[index]))
        moved = sum(self._position) - self._shown
        if moved or even_so:
            self._shown += moved
            self._progress.advance(self._stage, moved, self._note())

    def _note(self) -> str:
        tasks, steps = self._units
        total, remaining = sum(self._steps), sum(self._steps) - self._shown
        note = f"{sum(self._ended)} of {len(self._steps)} {tasks}, {self._shown} of {total} {steps}"
        done = sum(self._done)
        if not done or not remaining:
            return note
        return f"{note}, about {_spelled((time.monotonic() - self._since) / done * remaining)} left"


class HomeTicker:
    """A ticker of a task in the process of the grid.

    Parameters
    ----------
    meter : Meter
        Who counts.
    index : int
        Which task.
    """

    def __init__(self, meter: Meter, index: int) -> None:
        self._meter = meter
        self._index = index
        self._done = 0
        self._found = 0

    def advance(self, steps: int = 1) -> None:
        """Say that steps are done.

        Parameters
        ----------
        steps : int, default 1
            How many since the last call.
        """
        self._done += steps
        self._meter.stepped(self._index, done=self._done, found=self._found)

    def found(self, steps: int) -> None:
        """Say that steps need not be done.

        Parameters
        ----------
        steps : int
            How many.
        """
        self._found += steps
        self._meter.stepped(self._index, done=self._done, found=self._found)


def lives(folder: Path) -> dict[int, tuple[int, bytes]]:
    """Read what workers wrote of their tasks.

    Parameters
    ----------
    folder : Path
        Where.

    Returns
    -------
    dict
        Of each task that began: its latest attempt, and the events of that attempt.
    """
    latest: dict[int, int] = {}
    for file in folder.iterdir():
        index, number = map(int, file.name.split("."))
        latest[index] = max(number, latest.get(index, 0))
    return {index: (number, (folder / f"{index}.{number}").read_bytes()) for index, number in latest.items()}


def is_open(events: bytes) -> bool:
    """Say whether a task began and has not ended.

    Parameters
    ----------
    events : bytes
        Its life.

    Returns
    -------
    bool
        Whether it was at work when last heard of.
    """
    return BEGAN in events and ENDED not in events


def _spelled(seconds: float) -> str:
    for size, name in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
