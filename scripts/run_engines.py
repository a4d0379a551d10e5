"""Run one grid and one study on every engine that joblib reaches (dask, ray, spark), beside one process.

    python scripts/run_engines.py [--write docs/engines.md] [dask] [ray] [spark]

On each engine: results equal to those of one process, a failing task is a row, a task that kills its worker
costs only itself, and a recursion study gives the same bytes. Spark needs a Java runtime. Run by ``make
engines``; exits 1 when an engine differs.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

import synthtab as st
from synthtab.errors import FitError
from synthtab.execution import Outcome, Ticker, run_grid
from synthtab.seeding import isolated_random_state

TASKS = range(8)
FAILING, KILLING = 2, 5


def draw(task: int, ticker: Ticker) -> float:
    """Do seeded work in the global random state, as synthesizers do."""
    if task == FAILING:
        raise FitError("The column 'age' cannot be learnt.")
    with isolated_random_state(task):
        total = float(np.random.normal(size=10_000).sum())  # noqa: NPY002 - the state that synthesizers use
    ticker.advance()
    return total


def draw_or_die(task: int, ticker: Ticker) -> float:
    """Do the same, but kill the process at one of the tasks."""
    if task == KILLING:
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(task, ticker)


@contextmanager
def ray_engine() -> Iterator[None]:
    """Two processors of a ray of our own."""
    # nobody else reaches it
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    register_ray()
    try:
        with joblib.parallel_config(backend="ray"):
            yield
    finally:
        ray.shutdown()


@contextmanager
def spark_engine() -> Iterator[None]:
    """Two threads of a local spark, whose Python is this one."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from joblibspark import register_spark
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    # a killed worker is a page of Java
    session.sparkContext.setLogLevel("OFF")
    register_spark()
    try:
        with joblib.parallel_config(backend="spark", n_jobs=2):
            yield
    finally:
        session.stop()


@contextmanager
def dask_engine() -> Iterator[None]:
    """Two processes of a dask cluster on this machine."""
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    options = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
    with Client(n_workers=2, threads_per_worker=1, **options), joblib.parallel_config(backend="dask"):
        yield


@contextmanager
def loky_engine() -> Iterator[None]:
    """Two processes of joblib's own."""
    with joblib.parallel_config(backend="loky", n_jobs=2):
        yield


ENGINES = {"loky": loky_engine, "dask": dask_engine, "ray": ray_engine, "spark": spark_engine}


def grid(work: Callable[[int, Ticker], float], workers: int | None = None) -> tuple[Outcome[float], ...]:
    """Run the tasks."""
    return run_grid(work, TASKS, steps=[1] * len(TASKS), stage="engines", workers=workers)


def study_bytes(workers: int | None = None) -> str:
    """Run a study of 18 chains, and give a digest of all its figures."""
    data = st.load_nhanes_adults()
    split = st.split(data.frame, data.schema, holdout=0.3, pool=0.2, seed=0)
    found = st.recurse(
        split,
        data.schema,
        synthesizers=["gaussian_copula", "independent"],
        regimes=["replace", "accumulate", st.FreshMix(0.1)],
        generations=4,
        seeds=range(3),
        rows=800,
        null_chains=100,
        workers=workers,
        progress=False,
    )
    failed = [reason for arm in found.arms for reason in arm.failures]
    return "; ".join(failed) or hashlib.blake2b(found.frame().to_csv().encode(), digest_size=8).hexdigest()


def check(name: str, alone: tuple[Outcome[float], ...], study: str) -> list[str]:
    """Say what differs on one engine."""
    with ENGINES[name]():
        found = [] if grid(draw) == alone else ["results differ from those of one process"]
        survived = grid(draw_or_die)
        if study_bytes() != study:
            found.append("a study gives other bytes")
    killed = survived[KILLING].failure
    if killed is None or killed.kind != "WorkerDied":
        found.append("a task that killed its worker is no failure")
    if [o for i, o in enumerate(survived) if i != KILLING] != [
        o for i, o in enumerate(alone) if i != KILLING
    ]:
        found.append("a killed worker cost more than its own task")
    return found


def version_of(name: str) -> str:
    """Give the version of an engine's library."""
    return version({"spark": "pyspark", "dask": "distributed", "loky": "joblib"}.get(name, name))


def main() -> int:
    """Check the engines that are named, or all; print the log, and write it where asked."""
    parser = argparse.ArgumentParser(description="Run one grid and one study on every engine.")
    parser.add_argument("engines", nargs="*", default=list(ENGINES), help="Which; all by default.")
    parser.add_argument("--write", type=Path, help="Page to write the log to.")
    arguments = parser.parse_args()
    alone, study = grid(draw, workers=1), study_bytes(workers=1)
    lines = [
        "# One study on every engine",
        "",
        (
            "Written by `make engines`: a grid in which one task fails and one kills its worker, and a "
            "recursion study of 18 chains, on two workers each, beside one process. *Equal* means the same "
            "results, and the same bytes of every figure of the study."
        ),
        "",
        f"Python {platform.python_version()}; the study's figures in one process: `{study}`.",
        "",
        "| engine | version | | seconds |",
        "| --- | --- | --- | ---: |",
    ]
    differing = 0
    for name in arguments.engines:
        begun = time.monotonic()
        found = check(name, alone, study)
        differing += bool(found)
        lines.append(
            f"| {name} | {version_of(name)} | {'; '.join(found) or 'equal'} "
            f"| {time.monotonic() - begun:.1f} |"
        )
        print(lines[-1])
    if arguments.write is not None:
        arguments.write.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
