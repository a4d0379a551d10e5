"""A grid of independent tasks over joblib: loky by default, dask, ray or spark where the caller says so.

A task that fails is an outcome, and the others go on. So does a task whose process dies: the tasks that were
at work then are tried once more, one by one in a fresh pool, so that the one that kills its worker is found.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import uuid4

from synthtab.errors import SpecError, SynthtabWarning
from synthtab.execution.meter import HomeTicker, Meter, is_open, lives
from synthtab.execution.worker import Failure, Outcome, Place, Report, Ticker, attempt, work_away
from synthtab.progress import current_progress
from synthtab.seeding import one_native_thread

__all__ = ["Failure", "Outcome", "Ticker", "run_grid"]

T = TypeVar("T")
R = TypeVar("R")

_DEATH = Failure(
    "WorkerDied",
    "Its process ended before it was done, at each try: it was killed, or the memory ran out. "
    "Use fewer workers, or a machine with more memory.",
)


def run_grid(
    work: Callable[[T, Ticker], R],
    tasks: Sequence[T],
    *,
    steps: Sequence[int],
    stage: str,
    units: tuple[str, str] = ("tasks", "steps"),
    workers: int | None = None,
) -> tuple[Outcome[R], ...]:
    """Run independent tasks side by side, and give what became of each.

    Parameters
    ----------
    work : callable
        Takes a task and a ticker, gives a result; sent to workers by pickle. It must not lean on state of
        this process: a `MemoryStore` in a worker is a copy.
    tasks : sequence
        Its arguments.
    steps : sequence of int
        How many steps each task will tell its ticker.
    stage : str
        What a display shows the grid as.
    units : tuple of str, default ("tasks", "steps")
        What a display calls tasks and steps, e.g. ``("chains", "generations")``.
    workers : int, optional
        Tasks at the same time; 1 runs them in this process. By default what the caller's
        ``joblib.parallel_config`` says, else one a processor. Results do not depend on it. A dask cluster
        uses all of its own; joblib's ``multiprocessing`` backend waits forever for a worker that died.

    Returns
    -------
    tuple of Outcome
        In the order of the tasks.

    Raises
    ------
    StorageFullError
        When a task finds the disk full: all others would too.
    SpecError
        When `workers` is no whole number of 1 or more.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise SpecError("workers must be a whole number, 1 or more.", hint="None: one a processor.")
    if len(steps) != len(tasks):
        raise SpecError("Each task needs its number of steps.")
    if not tasks:
        return ()
    meter = Meter(current_progress(), stage, steps, units)
    jobs, is_local = _workforce(workers, len(tasks))
    if jobs is None:
        return _at_home(work, tasks, meter)
    with tempfile.TemporaryDirectory(prefix="synthtab-", ignore_cleanup_errors=True) as folder:
        return _Grid[T, R](work, tasks, meter, Path(folder), jobs, is_local=is_local).run()


def _workforce(workers: int | None, tasks: int) -> tuple[int | None, bool]:
    """Give joblib's number of jobs (None: in this process), and whether they are loky's on this machine."""
    if workers == 1:
        return None, False
    import joblib
    from joblib.parallel import get_active_backend

    backend, configured = get_active_backend()
    kind = type(backend).__name__
    if kind == "SequentialBackend":
        return None, False
    if kind == "LokyBackend":
        # joblib alone would take one worker where its caller names no number
        wanted = workers or (
            joblib.cpu_count() if configured is None else joblib.effective_n_jobs(configured)
        )
        jobs = min(wanted, tasks)
        return (jobs if jobs > 1 else None), True
    return workers or (-1 if configured is None else configured), False


def _at_home(work: Callable[[T, Ticker], R], tasks: Sequence[T], meter: Meter) -> tuple[Outcome[R], ...]:
    outcomes = []
    with meter.running(None):
        for index, task in enumerate(tasks):
            ticker = HomeTicker(meter, index)
            outcomes.append(attempt(partial(work, task, ticker), debug=_debug()))
            meter.ended(index)
    return tuple(outcomes)


class _Grid(Generic[T, R]):
    """The tasks that are still to be run, and the reports of those that were."""

    def __init__(
        self,
        work: Callable[[T, Ticker], R],
        tasks: Sequence[T],
        meter: Meter,
        folder: Path,
        jobs: int,
        *,
        is_local: bool,
    ) -> None:
        import cloudpickle

        # bytes: joblib would hand large arrays on as read-only maps of a file, and dask as futures
        self._work: bytes = cloudpickle.dumps(work)
        self._tasks: list[bytes] = [cloudpickle.dumps(task) for task in tasks]
        self._meter = meter
        self._folder = folder
        self._jobs = jobs
        # joblib runs a single job in this very process
        self._jobs_for_one = max(jobs, 2) if is_local else jobs
        self._attempts = [0] * len(tasks)
        self._reports: dict[int, Report] = {}

    def run(self) -> tuple[Outcome[R], ...]:
        # held here too, for threads that would each give back what the other one found
        with one_native_thread(), self._meter.running(self._folder):
            waiting = list(range(len(self._tasks)))
            while waiting:
                broken = self._round(waiting, self._jobs)
                waiting = self._missing(waiting)
                if broken is not None:
                    self._retry(waiting, broken)
                    waiting = self._missing(waiting)
        reports = [self._reports[index] for index in range(len(self._tasks))]
        for remark in dict.fromkeys(remark for report in reports for remark in report.remarks):
            warnings.warn(remark, SynthtabWarning, stacklevel=3)
        return tuple(_outcome(report) for report in reports)

    def _round(self, indices: Sequence[int], jobs: int) -> Exception | None:
        """Run tasks side by side; an error is the machinery's, since tasks catch their own."""
        with warnings.catch_warnings(), closing(self._dispatched(indices, jobs)) as reports:
            # joblib's advice, when a full disk stops the others
            warnings.filterwarnings("ignore", message=".*have been cancelled", category=UserWarning)
            while True:
                try:
                    report = next(reports, None)
                except Exception as error:  # noqa: BLE001 - each backend has errors of its own for a lost worker
                    return error
                if report is None:
                    return None
                if report.full is not None:
                    raise report.full
                self._reports[report.index] = report
                self._meter.ended(report.index)

    def _dispatched(self, indices: Sequence[int], jobs: int) -> Generator[Report, None, None]:
        from joblib import Parallel, delayed
        from joblib.parallel import get_active_backend

        backend = get_active_backend()[0]
        places = []
        for index in indices:
            self._attempts[index] += 1
            places.append(Place(str(self._folder), index, self._attempts[index], debug=_debug()))
        if type(backend).__name__ == "DaskDistributedBackend":
            yield from self._over_dask(backend.client, places)
            return
        # results as they come, so that a lost worker does not take finished ones with it
        form = "generator_unordered" if backend.supports_return_generator else "list"
        yield from Parallel(n_jobs=jobs, batch_size=1, return_as=form)(
            delayed(work_away)(self._work, self._tasks[place.index], place) for place in places
        )

    def _over_dask(self, client: Any, places: Sequence[Place]) -> Generator[Report, None, None]:  # noqa: ANN401 - dask ships no types
        """Run tasks on the cluster itself: joblib 1.6 waits forever for one whose dask worker died."""
        from distributed import as_completed

        mark = uuid4().hex
        # sent once, moved between workers, and made anew when the worker that has it dies
        shared = client.submit(bytes, self._work, key=f"synthtab-work-{mark}")
        futures = [
            client.submit(
                work_away, shared, self._tasks[place.index], place, key=f"synthtab-task-{mark}-{place.index}"
            )
            for place in places
        ]
        lost: BaseException | None = None
        try:
            for future in as_completed(futures):
                if future.status == "finished":
                    yield future.result()
                else:
                    lost = future.exception()
        finally:
            client.cancel([*futures, shared])
        if lost is not None:
            raise lost

    def _retry(self, waiting: Sequence[int], broken: Exception) -> None:
        """Run what was at work when a worker died once more, each alone."""
        begun = lives(self._folder)
        suspects = [index for index in waiting if index in begun and is_open(begun[index][1])] or list(
            waiting
        )
        for index in suspects:
            again = self._round([index], self._jobs_for_one)
            if again is not None:
                self._reports[index] = Report(index, failure=_DEATH)
                self._meter.ended(index)
        if not lives(self._folder) and all(report.failure for report in self._reports.values()):
            # nothing ever began: no worker died, there is none
            raise broken

    def _missing(self, indices: Sequence[int]) -> list[int]:
        return [index for index in indices if index not in self._reports]


def _outcome(report: Report) -> Outcome[R]:
    result: R | None = None if report.failure else pickle.loads(report.payload)  # noqa: S301 - our own workers' bytes
    return Outcome(result, report.failure)


def _debug() -> bool:
    return bool(os.environ.get("SYNTHTAB_DEBUG"))
