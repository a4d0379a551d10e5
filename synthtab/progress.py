"""Progress: a protocol that long work reports to, silent unless somebody is watching."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

__all__ = ["Progress", "SilentProgress", "current_progress", "reporting_to"]


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
