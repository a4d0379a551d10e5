"""One task where it runs: its failures become values, its steps are told, its warnings go home."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import platform
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from synthtab.errors import StorageFullError, SynthtabError, SynthtabWarning
from synthtab.seeding import one_native_thread

__all__ = [
    "BEGAN",
    "ENDED",
    "FOUND",
    "STEP",
    "Failure",
    "Outcome",
    "Place",
    "Report",
    "Ticker",
    "attempt",
    "work_away",
]

R = TypeVar("R")

# a task's life, one byte an event
BEGAN, STEP, FOUND, ENDED = b"b", b".", b"-", b"e"

# tasks seed NumPy's global state: two at once in one process (dask's threads) would draw from each other's
_ONE_AT_A_TIME = threading.RLock()


class Ticker(Protocol):
    """What a task tells while it runs."""

    def advance(self, steps: int = 1) -> None:
        """Say that steps are done.

        Parameters
        ----------
        steps : int, default 1
            How many since the last call.
        """

    def found(self, steps: int) -> None:
        """Say that steps need not be done, because an earlier run did them: they tell nothing of the speed.

        Parameters
        ----------
        steps : int
            How many.
        """


@dataclass(frozen=True)
class Failure:
    """Why a task has no result.

    Parameters
    ----------
    kind : str
        Name of the error's class; ``WorkerDied`` when its process ended at each try.
    message : str
        The text of an error of our own; of another library's error only what is sure to hold no value.
    """

    kind: str
    message: str


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of a task: a result, or the reason why there is none.

    Parameters
    ----------
    result : object or None
        What the task returned.
    failure : Failure or None
        None when it ended well.
    """

    result: R | None
    failure: Failure | None = None


@dataclass(frozen=True)
class Place:
    """Where a task runs, and whom it belongs to.

    Parameters
    ----------
    folder : str
        Where its life is written, if this machine has that folder.
    index, number : int
        Which task, and which attempt at it.
    host : str
        The machine of the grid.
    owner : int
        The process of the grid.
    debug : bool
        Whether messages of other libraries may be shown.
    """

    folder: str
    index: int
    number: int
    host: str = field(default_factory=platform.node)
    owner: int = field(default_factory=os.getpid)
    debug: bool = False

    @property
    def is_home(self) -> bool:
        """Whether this is the process of the grid itself."""
        return (platform.node(), os.getpid()) == (self.host, self.owner)


@dataclass(frozen=True)
class Report:
    """What a worker sends home.

    Parameters
    ----------
    index : int
        Which task it ran.
    payload : bytes
        The pickled result; empty after a failure.
    failure : Failure or None
        Why there is none.
    full : StorageFullError or None
        What every other task would meet too.
    remarks : tuple of str
        Our own warnings.
    """

    index: int
    payload: bytes = b""
    failure: Failure | None = None
    full: StorageFullError | None = None
    remarks: tuple[str, ...] = ()


def attempt(call: Callable[[], R], *, debug: bool) -> Outcome[R]:
    """Run one task in this process, alone and on one native thread; a failure is a value.

    Parameters
    ----------
    call : callable
        The task.
    debug : bool
        Whether messages of other libraries may be shown.

    Returns
    -------
    Outcome
        What became of it.

    Raises
    ------
    StorageFullError
        When the disk is full.
    """
    import joblib

    try:
        # no workers within workers: the grid has the processors already
        with _ONE_AT_A_TIME, joblib.parallel_config(backend="sequential"), one_native_thread():
            return Outcome(call())
    except StorageFullError:
        raise
    except SynthtabError as error:
        return Outcome(None, Failure(type(error).__name__, str(error)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever fails, the other tasks go on
        return Outcome(None, _foreign(error, debug=debug))


def work_away(work: bytes, task: bytes, place: Place) -> Report:
    """Run one task in a worker process.

    Parameters
    ----------
    work, task : bytes
        The pickled function and its pickled argument.
    place : Place
        Where that is.

    Returns
    -------
    Report
        What became of it.
    """
    with _telling(place) as tell, _remembering(place) as remarks:

        def call() -> bytes:
            import cloudpickle

            # unpickled in here: a module that is missing on this machine is a failure like any other
            function, argument = pickle.loads(work), pickle.loads(task)  # noqa: S301 - the grid's own bytes
            # libraries came with them: now they can be held to one thread
            with one_native_thread():
                result = function(argument, _Away(tell, place))
            pickled: bytes = cloudpickle.dumps(result)
            return pickled

        try:
            outcome = attempt(call, debug=place.debug)
        except StorageFullError as error:
            return Report(place.index, full=error, remarks=tuple(remarks()))
        return Report(place.index, outcome.result or b"", outcome.failure, remarks=tuple(remarks()))


class _Away:
    """A ticker in a worker; it ends the process when nobody is left to work for."""

    def __init__(self, tell: Callable[[bytes], None], place: Place) -> None:
        self._tell = tell
        # loky's workers are children of the grid's process, and outlive it when it is killed
        is_child = multiprocessing.current_process().name.startswith("Loky")
        self._parent = place.owner if is_child and not place.is_home else None

    def advance(self, steps: int = 1) -> None:
        self._tell(STEP * steps)
        if self._parent is not None and os.getppid() != self._parent:
            # the same run may go on elsewhere by now, and wants the processor
            os._exit(1)

    def found(self, steps: int) -> None:
        self._tell(FOUND * steps)


@contextmanager
def _telling(place: Place) -> Iterator[Callable[[bytes], None]]:
    """Append events to a task's own file; where that folder is not shared, only its end will be seen."""
    handle: int | None = None
    with suppress(OSError):
        handle = os.open(
            Path(place.folder, f"{place.index}.{place.number}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )

    def tell(events: bytes) -> None:
        if handle is not None:
            with suppress(OSError):
                os.write(handle, events)

    try:
        tell(BEGAN)
        yield tell
        tell(ENDED)
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def _remembering(place: Place) -> Iterator[Callable[[], list[str]]]:
    """Keep our own warnings for the process where a person reads them; others may show values."""
    if place.is_home:
        yield list
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", SynthtabWarning)
        yield lambda: list(dict.fromkeys(str(warning.message) for warning in caught))


def _foreign(error: BaseException, *, debug: bool) -> Failure:
    kind = type(error).__name__
    if debug:
        return Failure(kind, "".join(traceback.format_exception(error)))
    return Failure(
        kind, f"{kind}. Set SYNTHTAB_DEBUG=1 to see its own message; it may show values of the table."
    )
