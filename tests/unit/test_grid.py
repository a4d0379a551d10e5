"""The grid: failures are outcomes, a lost worker costs only its own task, and all backends agree."""

from __future__ import annotations

import errno
import io
import logging
import os
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor

from synthtab.errors import FitError, RunInUseError, SpecError, StorageFullError, SynthtabWarning
from synthtab.execution import Failure, Outcome, Ticker, grid, meter, run_grid, worker
from synthtab.progress import LineProgress, SilentProgress, current_progress, reporting_to, watching
from synthtab.seeding import isolated_random_state


class Watch:
    """A display that remembers."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.steps: list[int] = []
        self.notes: list[str] = []
        self.finished: list[str] = []

    def start(self, stage: str, total: int) -> None:
        """Remember a stage."""
        self.stages.append((stage, total))

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        """Remember steps."""
        assert stage == self.stages[-1][0]
        self.steps.append(steps)
        self.notes.append(note)

    def finish(self, stage: str) -> None:
        """Remember an end."""
        self.finished.append(stage)


@dataclass(frozen=True)
class Job:
    """What a task is told to do."""

    number: int
    order: str = ""
    folder: str = ""


def obey(job: Job, ticker: Ticker) -> tuple[int, float, int]:
    """Do three steps of seeded work, and what else the job says."""
    ticker.advance()
    if job.order in ERRORS:
        raise ERRORS[job.order]
    if job.order in ORDERS:
        ORDERS[job.order](job)
    # global state, as synthesizers use it: two tasks at once in a process would spoil it for each other
    with isolated_random_state(job.number):
        total = 0.0
        for _ in range(2000):
            total += float(np.random.normal())  # noqa: NPY002 - the global state is what is tested
    ticker.advance(2)
    return job.number, total, os.getpid()


def die(_: Job) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(job: Job) -> None:
    mark = Path(job.folder, "died")
    if not mark.exists():
        mark.touch()
        die(job)


def warn(_: Job) -> None:
    warnings.warn("A chain went on from an older step.", SynthtabWarning, stacklevel=1)
    warnings.warn("Mrs Miller, 44", UserWarning, stacklevel=1)


ERRORS = {
    "fail": FitError("The column 'age' cannot be learnt.", hint="Drop it."),
    "in use": RunInUseError("Taken."),
    "value": ValueError("Mrs Miller, 44"),
    "exit": SystemExit("Mrs Miller"),
    "full": StorageFullError("No room."),
}
ORDERS: dict[str, Callable[[Job], None]] = {
    "die": die,
    "die once": die_once,
    "warn": warn,
    "sleep": lambda _: time.sleep(30),
}


def unsendable(_: int, ticker: Ticker) -> object:
    """Give what has no pickled form."""
    ticker.advance()
    return threading.Lock()


def busy(seconds: float, ticker: Ticker) -> tuple[int, float, float]:
    """Keep a processor busy, and say when and where that was."""
    begun = time.time()
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    ticker.advance()
    return os.getpid(), begun, time.time()


def run(jobs: list[Job], **options: object) -> tuple[Outcome[tuple[int, float, int]], ...]:
    return run_grid(obey, jobs, steps=[3] * len(jobs), stage="study", **options)  # type: ignore[arg-type]


def numbers(outcomes: tuple[Outcome[tuple[int, float, int]], ...]) -> list[tuple[int, float] | None]:
    return [None if outcome.result is None else outcome.result[:2] for outcome in outcomes]


JOBS = [Job(number, "fail" if number == 3 else "") for number in range(6)]


@pytest.fixture(scope="module", autouse=True)
def _no_idle_workers() -> Iterator[None]:
    yield
    get_reusable_executor().shutdown(wait=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_failures_are_outcomes(workers: int) -> None:
    """Each task has an outcome in its place; a failing one does not stop the others, wherever they run."""
    outcomes = run(JOBS, workers=workers)
    failure = Failure("FitError", "The column 'age' cannot be learnt. Drop it.")
    assert [outcome.result and outcome.result[0] for outcome in outcomes] == [0, 1, 2, None, 4, 5]
    assert [outcome.failure for outcome in outcomes] == [None, None, None, failure, None, None]
    processes = {outcome.result[2] for outcome in outcomes if outcome.result}
    assert (os.getpid() in processes) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_only_our_own_messages_are_shown(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another library's message may hold a value: only its type is told, and all of it for debugging."""
    jobs = [Job(0, "value"), Job(1, "exit"), Job(2, "in use")]
    failures = [outcome.failure for outcome in run(jobs, workers=workers)]
    assert [failure.kind for failure in failures if failure] == ["ValueError", "SystemExit", "RunInUseError"]
    assert "Miller" not in str(failures)
    assert "SYNTHTAB_DEBUG=1" in str(failures[0])
    assert failures[2] == Failure("RunInUseError", "Taken.")
    monkeypatch.setenv("SYNTHTAB_DEBUG", "1")
    failures = [outcome.failure for outcome in run(jobs, workers=workers)]
    assert failures[0] is not None
    assert "Traceback" in failures[0].message
    assert "ValueError: Mrs Miller, 44" in failures[0].message


def test_a_result_that_cannot_be_sent_is_a_failure() -> None:
    """A result without a pickled form is a failure of its task, not of the grid."""
    outcomes = run_grid(unsendable, [0, 1], steps=[1, 1], stage="study", workers=2)
    assert [outcome.failure and outcome.failure.kind for outcome in outcomes] == ["TypeError", "TypeError"]


def test_a_worker_that_dies_costs_only_its_own_task() -> None:
    """SIGKILL inside a task (as by the system when memory runs out): one row, all others as if alone."""
    jobs = [Job(number, "die" if number == 2 else "") for number in range(7)]
    watch = Watch()
    with reporting_to(watch):
        outcomes = run(jobs, workers=2)
    alone = run([job for job in jobs if not job.order], workers=1)
    assert numbers(outcomes) == [*numbers(alone)[:2], None, *numbers(alone)[2:]]
    assert outcomes[2].failure is not None
    assert outcomes[2].failure.kind == "WorkerDied"
    assert "memory" in outcomes[2].failure.message
    assert sum(watch.steps) == 21


def test_a_worker_that_dies_once_costs_nothing(tmp_path: Path) -> None:
    """What was at work when a worker died is tried once more."""
    jobs = [Job(0), Job(1, "die once", str(tmp_path)), Job(2)]
    outcomes = run(jobs, workers=2)
    assert (tmp_path / "died").exists()
    assert numbers(outcomes) == numbers(run([Job(0), Job(1), Job(2)], workers=1))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_stops_the_grid(workers: int) -> None:
    """A full disk is everybody's: the error itself comes out, at once, without a word of joblib's."""
    begun = time.monotonic()
    jobs = [Job(0), Job(1, "full"), Job(2, "sleep"), Job(3, "sleep")]
    with pytest.raises(StorageFullError, match="No room"):
        run(jobs, workers=workers)
    assert time.monotonic() - begun < 20


def test_an_interrupt_is_not_swallowed() -> None:
    """Ctrl-C ends the grid, here and in workers."""

    def interrupted(_: int, ticker: Ticker) -> None:
        ticker.advance()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_grid(interrupted, [1, 2], steps=[1, 1], stage="study", workers=1)
    with pytest.raises(KeyboardInterrupt):
        run_grid(interrupted, [1, 2], steps=[1, 1], stage="study", workers=2)


def test_warnings_of_ours_come_home() -> None:
    """What a task in a worker warns of is warned of here, once; other libraries' warnings are not."""
    with pytest.warns(SynthtabWarning, match="older step") as caught:
        run([Job(0, "warn"), Job(1, "warn"), Job(2)], workers=2)
    assert [str(warning.message) for warning in caught] == ["A chain went on from an older step."]
    assert caught[0].filename == __file__


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_adds_up(workers: int) -> None:
    """Steps told add up to the total, also of a task that failed early, and the note says how far all is."""
    watch = Watch()
    with reporting_to(watch):
        run_grid(obey, JOBS, steps=[3] * 6, stage="study", units=("chains", "generations"), workers=workers)
    assert watch.stages == [("study", 18)]
    assert sum(watch.steps) == 18
    assert min(watch.steps) >= 0
    assert watch.notes[-1] == "6 of 6 chains, 18 of 18 generations"
    assert watch.finished == ["study"]


def slow(count: int, ticker: Ticker) -> None:
    """Take its time over each step."""
    for _ in range(count):
        time.sleep(0.2)
        ticker.advance()


def test_steps_of_workers_are_seen_while_they_run() -> None:
    """Generations show before their chain is over, with the time that is left."""
    watch = Watch()
    with reporting_to(watch):
        run_grid(slow, [6, 6], steps=[6, 6], stage="study", units=("chains", "generations"), workers=2)
    during = [note for note in watch.notes if note.startswith("0 of 2 chains, ")]
    assert len(during) >= 2
    assert all(note.endswith(" left") for note in during)
    assert sum(watch.steps) == 12


def test_a_step_told_as_a_task_ends_counts_as_work(tmp_path: Path) -> None:
    """Tasks too quick to be looked at while they run still tell the speed."""
    watch = Watch()
    shown = meter.Meter(watch, "study", [1, 1], ("studies", "studies"))
    with shown.running(tmp_path):
        (tmp_path / "0.1").write_bytes(worker.BEGAN + worker.STEP + worker.ENDED)
        shown.ended(0)
        assert "1 of 2 studies" in watch.notes[-1]
        assert watch.notes[-1].endswith("left")


def test_time_left_counts_only_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps found done by an earlier run say nothing of the speed: 2 steps in 60 s, 6 to go, 3 minutes."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    watch = Watch()
    shown = meter.Meter(watch, "study", [10, 2], ("chains", "generations"))
    first = meter.HomeTicker(shown, 0)
    watch.start("study", 12)
    first.found(4)
    assert watch.notes[-1] == "0 of 2 chains, 4 of 12 generations"
    clock[0] = 60.0
    first.advance(2)
    assert watch.notes[-1] == "0 of 2 chains, 6 of 12 generations, about 3 min left"
    # an attempt anew begins at nothing: what was shown stays
    meter.HomeTicker(shown, 0).found(1)
    assert watch.notes[-1] == "0 of 2 chains, 6 of 12 generations, about 3 min left"
    shown.ended(0)
    assert watch.notes[-1] == "1 of 2 chains, 10 of 12 generations, about 60 s left"
    assert [meter._spelled(seconds) for seconds in (1.4, 119, 120, 7300, 2.6 * 86_400)] == [
        "1 s",
        "119 s",
        "2 min",
        "2 h",
        "3 days",
    ]


def test_two_workers_are_two_processes_at_once() -> None:
    """Work that needs a processor runs in two processes, at the same time."""
    outcomes = run_grid(busy, [0.6, 0.6], steps=[1, 1], stage="study", workers=2)
    (one, begun, ended), (other, begun_too, ended_too) = (o.result for o in outcomes if o.result)
    assert one != other
    assert os.getpid() not in {one, other}
    assert max(begun, begun_too) < min(ended, ended_too)


def test_dask_gives_the_same_and_loses_only_what_dies(tmp_path: Path) -> None:
    """On a dask cluster of two processes: equal results, and a killed worker costs one task."""
    from distributed import Client

    alone = run(JOBS, workers=1)
    dying = [Job(number, "die" if number == 1 else "") for number in range(4)]
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        with (
            Client(
                n_workers=2,
                threads_per_worker=1,
                dashboard_address=None,
                local_directory=tmp_path,
                silence_logs=logging.CRITICAL,
            ),
            joblib.parallel_config(backend="dask"),
        ):
            over_dask = run(JOBS)
            watch = Watch()
            with reporting_to(watch):
                survived = run(dying)
            with pytest.raises(StorageFullError):
                run([Job(0, "full"), Job(1)])
    finally:
        logging.getLogger("distributed").setLevel(logging.NOTSET)
    assert numbers(over_dask) == numbers(alone)
    assert [outcome.failure for outcome in over_dask] == [outcome.failure for outcome in alone]
    assert os.getpid() not in {outcome.result[2] for outcome in over_dask if outcome.result}
    assert [outcome.failure and outcome.failure.kind for outcome in survived] == [
        None,
        "WorkerDied",
        None,
        None,
    ]
    assert sum(watch.steps) == 12


def test_threads_do_not_spoil_each_others_randomness() -> None:
    """Tasks of one process run one at a time, since they seed global state: threads give the same results."""
    with joblib.parallel_config(backend="threading", n_jobs=4):
        in_threads = run(JOBS)
    assert numbers(in_threads) == numbers(run(JOBS, workers=1))


def test_the_callers_configuration_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a number: the configured one, else one a processor, never more than tasks; 1 is right here."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    assert grid._workforce(None, 10) == (3, True)
    assert grid._workforce(None, 2) == (2, True)
    assert grid._workforce(None, 1) == (None, True)
    assert grid._workforce(5, 10) == (5, True)
    assert grid._workforce(1, 10) == (None, False)
    with joblib.parallel_config(n_jobs=2):
        assert grid._workforce(None, 10) == (2, True)
    with joblib.parallel_config(n_jobs=1):
        assert grid._workforce(None, 10) == (None, True)
    with joblib.parallel_config(backend="loky"):
        assert grid._workforce(None, 10) == (3, True)
    with joblib.parallel_config(backend="sequential"):
        assert grid._workforce(None, 10) == (None, False)
    with joblib.parallel_config(backend="threading"):
        assert grid._workforce(None, 10) == (-1, False)
        assert grid._workforce(2, 10) == (2, False)
    with joblib.parallel_config(backend="threading", n_jobs=4):
        assert grid._workforce(None, 10) == (4, False)


def test_a_backend_that_does_not_start_is_no_death(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing ever began, the backend's own error comes out instead of one failure a task."""

    class Broken:
        def __init__(self, **_: object) -> None:
            raise ConnectionError("no cluster")

    monkeypatch.setattr(joblib, "Parallel", Broken)
    with pytest.raises(ConnectionError, match="no cluster"):
        run(JOBS, workers=2)


def test_a_folder_that_is_not_shared_costs_only_detail(tmp_path: Path) -> None:
    """Where a worker cannot write its steps (another machine), the task runs all the same."""
    import cloudpickle

    place = worker.Place(str(tmp_path / "not here"), 0, 1)
    report = worker.work_away(cloudpickle.dumps(obey), cloudpickle.dumps(Job(4)), place)
    assert cloudpickle.loads(report.payload)[0] == 4
    assert report.failure is None


def test_a_module_that_is_missing_there_is_a_failure(tmp_path: Path) -> None:
    """Arguments that a worker cannot read are a failure of the task, with the type of the error."""
    report = worker.work_away(b"cno_such_module\nwork\n.", b"N.", worker.Place(str(tmp_path), 0, 1))
    assert report.failure is not None
    assert report.failure.kind == "ModuleNotFoundError"


def test_arguments_are_checked() -> None:
    """A number of workers below one and a wrong number of steps are refused; nothing to do is done."""
    for workers in (0, -1, True, 1.5):
        with pytest.raises(SpecError, match="workers must be a whole number"):
            run(JOBS, workers=workers)
    with pytest.raises(SpecError, match="number of steps"):
        run_grid(obey, JOBS, steps=[1], stage="study")
    assert run_grid(obey, [], steps=[], stage="study") == ()


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def tell(count: int) -> None:
    progress = current_progress()
    progress.start("study", 4)
    for step in range(count):
        progress.advance("study", note=f"{step + 1} of 4 generations\x1b[2J")
    progress.finish("study")


def test_a_pipe_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe: whole lines without control characters, one at once, the next in half a minute."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with watching(progress=True):
        tell(4)
    assert stream.getvalue() == "study 0%\nstudy 100%: 4 of 4 generations [2J\n"
    clock, stream = [0.0], io.StringIO()
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    lines = LineProgress(stream, patience=10.0)
    lines.start("study", 2000)
    for second in range(100):
        clock[0] = float(second)
        lines.advance("study")
    assert stream.getvalue() == "study 1%\nstudy 2%\nstudy 4%\n"


def test_a_terminal_and_a_notebook_get_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watched: one line written over, wiped where it was longer, cut to the width, ended at last."""
    monkeypatch.setenv("COLUMNS", "24")
    for stream, kernel in ((Terminal(), False), (io.StringIO(), True)):
        shell = types.SimpleNamespace(kernel=1) if kernel else types.SimpleNamespace()
        ipython = types.SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", ipython)  # type: ignore[arg-type]
        monkeypatch.setattr(sys, "stderr", stream)
        with watching(progress=True):
            tell(4)
        assert stream.getvalue() == "\rstudy 0%\rstudy 100%: 4 of 4 gene\n"
    live = LineProgress(stream := Terminal(), live=True, every=0.0)
    live.start("study", 2)
    live.start("fit", 10)
    live.finish("fit")
    live.advance("study")
    live.finish("study")
    assert stream.getvalue() == "\rstudy 0%\rstudy 0% | fit 0%\rstudy 50%        \rstudy 50%\n"


def test_a_display_is_closed_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle leaves the cursor on a line of its own."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)

    def failing() -> None:
        with watching(progress=True):
            current_progress().start("study", 4)
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert stream.getvalue() == "\rstudy 0%\n"


def test_short_work_and_silence_stay_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unasked, work of under some seconds shows nothing; False shows nothing; an installed display stays."""
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stderr", stream)
        with watching():
            assert isinstance(current_progress(), LineProgress)
            tell(4)
        with reporting_to(Watch()), watching(progress=False):
            assert isinstance(current_progress(), SilentProgress)
        watch = Watch()
        with reporting_to(watch), watching(progress=True):
            tell(4)
        assert watch.steps == [1, 1, 1, 1]
        assert stream.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", None)
    with watching(progress=True):
        tell(4)


def test_a_reader_that_went_away_does_not_stop_the_work() -> None:
    """A closed or broken stream is no error of the work's."""

    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "gone")

    for stream in (Broken(), io.StringIO()):
        stream.close()
        LineProgress(stream).start("study", 2)
