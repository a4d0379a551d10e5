"""A study that is killed twenty times, whole process group and all, ends with the bytes of one left alone."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import small_study

from synthtab.lineage import lineage_of_file

if sys.platform == "win32":
    pytest.skip("kills process groups", allow_module_level=True)

PROGRAM = Path(small_study.__file__)
ARMS = len(small_study.LONG["synthesizers"]) * len(small_study.LONG["regimes"])
GENERATIONS = ARMS * 2 * small_study.LONG["generations"]


@pytest.fixture(scope="module")
def undisturbed() -> bytes:
    """Give what the study finds in memory, in one piece."""
    return small_study.csv_of(small_study.study(**small_study.LONG))


def finished(run: Path) -> list[Path]:
    """List records of generations and drift nulls: what must never be made twice."""
    return sorted([*run.glob("chains/*/g????.checkpoint"), *run.glob("drift/*.checkpoint")])


def fingerprints(run: Path) -> dict[str, tuple[int, bytes]]:
    """When each was written, and what stands in it: costs are part of it, and never the same twice."""
    return {
        str(file.relative_to(run)): (file.stat().st_mtime_ns, hashlib.blake2b(file.read_bytes()).digest())
        for file in finished(run)
    }


def start(run: Path, workers: int, target: Path) -> subprocess.Popen[str]:
    # what a killed process cannot sweep stays in this test's folder
    surroundings = os.environ | {"TMPDIR": str(target.parent), "JOBLIB_TEMP_FOLDER": str(target.parent)}
    child = subprocess.Popen(
        [sys.executable, PROGRAM, run, str(workers), target],
        stdout=subprocess.PIPE,
        stderr=(target.parent / "errors.txt").open("a"),
        text=True,
        start_new_session=True,
        env=surroundings,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def kill_at_random(child: subprocess.Popen[str], run: Path, rng: np.random.Generator, most: int) -> bool:
    """Let a child finish none or some generations more, and a moment, then kill all of it."""
    aim = len(finished(run)) + int(rng.integers(0, most + 1))
    patience = rng.uniform(0, 0.1) if aim == len(finished(run)) else rng.uniform(0, 0.03)
    while child.poll() is None and len(finished(run)) < aim:
        time.sleep(0.002)
    time.sleep(patience)
    lived = child.poll() is None
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    return lived


@pytest.mark.parametrize(("workers", "kills", "most"), [(1, 14, 4), (2, 6, 8)])
def test_kills_change_nothing(
    workers: int, kills: int, most: int, undisturbed: bytes, tmp_path: Path
) -> None:
    """SIGKILL at 20 random instants in all: the same bytes, nothing finished made twice, no rests."""
    run, target, rng = tmp_path / "run", tmp_path / "frame.csv", np.random.default_rng(workers)
    known: dict[str, tuple[int, bytes]] = {}
    lived = []
    for _ in range(kills):
        lived.append(kill_at_random(start(run, workers, target), run, rng, most))
        now = fingerprints(run)
        assert {name: now.get(name) for name in known} == known
        known = now
    assert all(lived), "a study ended before its kill: the test shows less than it says"
    assert kills < len(known) < GENERATIONS
    last = start(run, workers, target)
    assert last.wait(timeout=120) == 0, (tmp_path / "errors.txt").read_text()
    now = fingerprints(run)
    assert {name: now.get(name) for name in known} == known
    assert len(list(run.glob("chains/*/g????.checkpoint"))) == GENERATIONS
    assert target.read_bytes() == undisturbed
    assert [file.name for file in run.rglob("*") if file.name.endswith((".damaged", ".part"))] == []
    assert "damaged" not in (tmp_path / "errors.txt").read_text()
    tables = sorted(run.glob("tables/**/*.parquet"))
    assert len(tables) == GENERATIONS
    for table in tables:
        told = lineage_of_file(table)
        assert told is not None
        assert (told.generation, told.rows) == (int(table.stem[1:]), pq.read_metadata(table).num_rows)
