"""Real faults: kills at any instant, a full filesystem, a holder that dies, a grid whose process is gone."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from synthtab.errors import RunInUseError, StorageFullError
from synthtab.execution import DirectoryStore

# puts payloads that can be told whole from their key, and says which are acknowledged
PUTTING = """
import sys
from synthtab.execution import DirectoryStore
store, first = DirectoryStore(sys.argv[1]), int(sys.argv[2])
with store.locked():
    for number in range(first, first + 100_000):
        key = f"chain-{number % 7}/{number}"
        store.put(key, key.encode() * (1 + number % 5000))
        store.put("latest", key.encode() * 2000)
        print(number, flush=True)
"""
HOLDING = """
import sys, time
from synthtab.execution import DirectoryStore
with DirectoryStore(sys.argv[1]).locked():
    print("held", flush=True)
    time.sleep(60)
"""
GRID = """
import os, sys, time
from pathlib import Path
from synthtab.execution import run_grid

def stepping(task, ticker):
    (Path(task) / str(os.getpid())).touch()
    for _ in range(600):
        time.sleep(0.1)
        ticker.advance()

if __name__ == "__main__":
    run_grid(stepping, [sys.argv[1]] * 4, steps=[600] * 4, stage="grid", workers=2)
"""


def run_child(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def line_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def parts_in(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.part"))


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_ten_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """SIGKILL at ten random instants: each acknowledged key is whole, none is torn, no rest stays.

    Kills go on (to 60 at most) until one has come in the middle of a put.
    """
    store, rng, first, kills, rests = DirectoryStore(tmp_path / "run"), np.random.default_rng(0), 0, 0, 0
    acknowledged: list[int] = []
    while kills < 10 or (rests == 0 and kills < 60):
        kills += 1
        child = run_child(PUTTING, store.path, first)
        acknowledged.append(int(line_of(child)))
        time.sleep(rng.uniform(0.0, 0.1))
        child.kill()
        rest, _ = child.communicate()
        # a last line without its end may be half a number
        acknowledged += map(int, rest.split("\n")[:-1])
        first = acknowledged[-1] + 10
        rests += len(parts_in(store.path))
        with store.locked():
            assert parts_in(store.path) == []
        for key in store.keys("chain-"):
            assert store.get(key) == key.encode() * (1 + int(key.split("/")[1]) % 5000)
        latest = store.get("latest")
        assert latest is not None
        assert latest == latest[: len(latest) // 2000] * 2000
    assert len(acknowledged) > 50
    assert {f"chain-{number % 7}/{number}" for number in acknowledged} <= set(store.keys())
    assert rests > 0, "no kill came in the middle of a put: the test shows nothing"


def test_a_second_process_is_told_and_a_dead_one_lets_go(tmp_path: Path) -> None:
    """While a process holds the folder another is told its id; killed, it has given the folder back."""
    store = DirectoryStore(tmp_path / "run")
    child = run_child(HOLDING, store.path)
    try:
        assert line_of(child) == "held\n"
        with pytest.raises(RunInUseError, match=f"in use by process {child.pid} on "), store.locked():
            pass
    finally:
        child.kill()
        child.communicate()
    with store.locked():
        store.put("a", b"a")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a real filesystem of 256 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("a filesystem can be mounted by root only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as opened:
        while True:
            opened.write(b"0" * 4096)


def test_a_full_filesystem_keeps_what_is_there(tiny_disk: Path) -> None:
    """On a filesystem with no room left: told how much is needed, the old payloads stay, room heals it."""
    store = DirectoryStore(tiny_disk / "run")
    with store.locked():
        store.put("first", b"1" * 100_000)
        with pytest.raises(StorageFullError, match=r"'second' needs 200,062 bytes.*safe"):
            store.put("second", b"2" * 200_000)
        with pytest.raises(StorageFullError):
            store.put("first", b"3" * 200_000)
        assert parts_in(store.path) == []
        assert store.keys() == ("first",)
        assert store.get("first") == b"1" * 100_000
    filler = tiny_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        fill(filler)
    # the lock needs no room; a new folder does
    with store.locked(), pytest.raises(StorageFullError):
        store.put("new/folder/key", b"4" * 5000)
    filler.unlink()
    with store.locked():
        store.put("new/folder/key", b"4" * 5000)
    assert store.get("new/folder/key") == b"4" * 5000


def test_a_limit_on_files_is_a_full_disk(tmp_path: Path) -> None:
    """A process that may write no file this long (EFBIG) is told the same, and keeps what it had."""
    store = DirectoryStore(tmp_path)
    store.put("a", b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StorageFullError, match="File too large"):
            store.put("a", b"n" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert store.get("a") == b"old"
    assert parts_in(tmp_path) == []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
def test_workers_do_not_outlive_a_killed_grid(tmp_path: Path) -> None:
    """Killed with SIGKILL, a grid's workers end at their next step, not at the end of their tasks."""
    program, pids = tmp_path / "program.py", tmp_path / "pids"
    program.write_text(GRID)
    pids.mkdir()
    # what a killed process cannot sweep stays in this test's folder
    surroundings = os.environ | {"TMPDIR": str(tmp_path), "JOBLIB_TEMP_FOLDER": str(tmp_path)}
    child = subprocess.Popen([sys.executable, program, pids], stderr=subprocess.DEVNULL, env=surroundings)
    try:
        assert within(30, lambda: len(list(pids.iterdir())) == 2)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    workers = [int(path.name) for path in pids.iterdir()]
    ended = within(5, lambda: not any(map(alive, workers)))
    for worker in filter(alive, workers):
        os.kill(worker, signal.SIGKILL)
    assert ended
