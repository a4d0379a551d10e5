"""Studies on damaged checkpoints, with other arguments, beside another process, on a full disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import small_study

import synthtab as st
from synthtab.errors import RunInUseError, RunMismatchError, StorageFullError, SynthtabWarning
from synthtab.schema import Formula, TableSchema
from synthtab.tables import Split

REPLACE, ACCUMULATE = "independent-replace-*-s0", "independent-accumulate-*-s0"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a study that is done."""
    run = tmp_path_factory.mktemp("whole") / "run"
    small_study.study(run)
    return run


@pytest.fixture(scope="module")
def expected() -> bytes:
    """Give what the study finds in memory."""
    return small_study.csv_of(small_study.study())


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """Give a folder of one's own, to harm."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def test_a_checkpointed_study_equals_its_twin_in_memory(whole: Path, expected: bytes) -> None:
    """Read back from its checkpoints, a study has the bytes of one that never touched a disk."""
    assert small_study.csv_of(small_study.study(whole)) == expected


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 16
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


HARMS: dict[str, Callable[[Path], None]] = {"flip": flip, "cut": cut, "empty": empty, "delete": Path.unlink}


def only(run: Path, pattern: str) -> Path:
    (file,) = run.glob(f"chains/{pattern}.checkpoint")
    return file


def contents(run: Path) -> dict[Path, tuple[int, bytes]]:
    return {
        file: (file.stat().st_mtime_ns, file.read_bytes())
        for file in run.glob("*/**/*.checkpoint")
        if not file.name.endswith(".table.checkpoint")
    }


def resumed(run: Path, *, is_noticed: bool) -> bytes:
    """Run again; damage that is found is told by a warning, what is absent is no damage."""
    if not is_noticed:
        return small_study.csv_of(small_study.study(run))
    with pytest.warns(SynthtabWarning, match="is damaged: set aside as .*, and made anew"):
        return small_study.csv_of(small_study.study(run))


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_record_costs_itself_alone(harm: str, run: Path, expected: bytes) -> None:
    """A record lost in the middle, and a null: the same bytes; all other records stay as they are."""
    harmed = [
        only(run, f"{REPLACE}/g0002"),
        only(run, f"{ACCUMULATE}/g0003"),
        next(run.glob("drift/null-replace-*")),
    ]
    for file in harmed:
        HARMS[harm](file)
    before = contents(run)
    assert resumed(run, is_noticed=harm != "delete") == expected
    after = contents(run)
    assert set(after) == set(before) | set(harmed)
    assert {file: kept for file, kept in after.items() if file not in harmed} == {
        file: kept for file, kept in before.items() if file not in harmed
    }
    assert len(list(run.rglob("*.damaged"))) == (0 if harm == "delete" else 3)
    # what was made anew is whole: nothing is left to notice
    assert resumed(run, is_noticed=False) == expected


@pytest.mark.parametrize("harm", ["flip", "cut", "delete"])
@pytest.mark.parametrize("which", ["the last", "one", "all"])
def test_lost_tables_are_made_again(harm: str, which: str, run: Path, expected: bytes) -> None:
    """A study that stands before its last generation goes on from the tables that are left, or from none."""
    for chain in (REPLACE, ACCUMULATE):
        only(run, f"{chain}/g0004").unlink()
        only(run, f"{chain}/g0004.table").unlink()
        tables = sorted(run.glob(f"chains/{chain}/*.table.checkpoint"))
        for table in {"the last": tables[-1:], "one": tables[:1], "all": tables}[which]:
            HARMS[harm](table)
    before = contents(run)
    # replace keeps g3 alone here, so that "one" is its last; accumulate keeps three
    assert resumed(run, is_noticed=harm != "delete") == expected
    after = contents(run)
    assert {file: after[file] for file in before} == before
    assert len(after) == len(before) + 2


def test_damaged_tables_of_a_finished_study_are_never_missed(run: Path, expected: bytes) -> None:
    """When all records are there no table is read: their damage costs nothing, not even a warning."""
    for table in run.glob("chains/*/*.table.checkpoint"):
        flip(table)
    before = contents(run)
    assert resumed(run, is_noticed=False) == expected
    assert contents(run) == before


def test_one_damaged_manifest_is_healed_by_its_copy(run: Path, expected: bytes) -> None:
    """One copy of the arguments lost: the study goes on; both lost: it says so, and touches nothing."""
    flip(run / "manifest.checkpoint")
    assert resumed(run, is_noticed=True) == expected
    for name in ("manifest", "manifest-copy"):
        (run / f"{name}.checkpoint").unlink()
    before = contents(run)
    with pytest.raises(RunMismatchError, match="what tells their arguments is lost"):
        small_study.study(run)
    assert contents(run) == before


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    """A run_dir that holds somebody's files is refused, and nothing is written into it."""
    (tmp_path / "thesis.txt").write_text("chapter 1")
    with pytest.raises(st.errors.StorageError, match="holds other files and no run"):
        small_study.study(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def changed_rows(part: str) -> Split:
    """Move forty people of one part to another level: more than the k = 10 that a count may show."""
    parts, _ = small_study.real_rows()
    frame = getattr(parts, part).copy()
    status = frame["marital_status"]
    most = status.mode()[0]
    other = status[status != most].mode()[0]
    frame.loc[frame.index[status == most][:40], "marital_status"] = other
    return replace(parts, **{part: frame})


def changed_schema(name: str, **changes: object) -> TableSchema:
    _, schema = small_study.real_rows()
    return replace(
        schema,
        columns=tuple(
            replace(column, **changes) if column.name == name else column  # type: ignore[arg-type]
            for column in schema.columns
        ),
    )


def with_a_rule() -> TableSchema:
    _, schema = small_study.real_rows()
    return replace(schema, rules=(Formula("age >= 18"),))


CHANGES: dict[str, tuple[str, dict[str, object]]] = {
    "synthesizers": (r"synthesizers: independent there, resampler here", {"synthesizers": ["resampler"]}),
    "parameters": (
        r"synthesizers: independent there, independent\(quantiles=50\) here",
        {"synthesizers": [st.spec("independent", quantiles=50)]},
    ),
    "regimes": (r"regimes: replace, accumulate there, replace here", {"regimes": ["replace"]}),
    "order of regimes": (
        r"regimes: replace, accumulate there, accumulate, replace here",
        {"regimes": ["accumulate", "replace"]},
    ),
    "generations": (r"generations: 4 there, 5 here", {"generations": 5}),
    "seeds": (r"seeds: 0, 1 there, 0, 1, 2 here", {"seeds": range(3)}),
    "rows": (r"rows: 120 there, 121 here", {"rows": 121}),
    "measured": (r"measured: 120 there, 240 here", {"measured": 240}),
    "growth": (r"growth: 120 there, 60 here", {"growth": 60}),
    "guard": (r"guard: 10 there, 0 here", {"guard": False}),
    "k": (r"guard: 10 there, 20 here", {"guard": st.Guard(20)}),
    "audits": (
        r"audit_at:  there, 4 here",
        {"audit_at": [4], "sections": ["detection"]},
    ),
    "null chains": (r"null_chains: 50 there, 60 here", {"null_chains": 60}),
    "tables": (r"keep_tables: False there, True here", {"keep_tables": True}),
    "seed": (r"seed: 0 there, 1 here", {"seed": 1}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_arguments_are_refused_by_name(change: str, run: Path) -> None:
    """Another argument on an old run_dir is refused, named with both values, and changes no file."""
    message, arguments = CHANGES[change]
    before = contents(run)
    with pytest.raises(RunMismatchError, match=message) as caught:
        small_study.study(run, **arguments)
    assert "run_dir" in caught.value.hint
    assert contents(run) == before


def test_another_target_is_refused(tmp_path: Path) -> None:
    """What the models of audits predict, and the sections, belong to the study's arguments."""
    audited: dict[str, object] = {
        "regimes": ["replace"],
        "generations": 1,
        "seeds": [0],
        "audit_at": [1],
        "sections": ["detection"],
    }
    small_study.study(tmp_path, **audited)
    with pytest.raises(RunMismatchError, match="target:  there, age here"):
        small_study.study(tmp_path, **audited, target="age")
    with pytest.raises(RunMismatchError, match="sections: detection there, utility here"):
        small_study.study(tmp_path, **(audited | {"sections": ["utility"]}))


@pytest.mark.parametrize("part", ["train", "holdout", "pool"])
def test_other_real_rows_are_refused(part: str, run: Path) -> None:
    """Rows that differ in a count that may be shown are noticed; the message tells digests, no value."""
    with pytest.raises(RunMismatchError, match=r"real rows: [0-9a-f]{16} there, [0-9a-f]{16} here") as caught:
        small_study.study(run, table=changed_rows(part))
    assert str(caught.value).count(":") == 2


def test_another_schema_is_refused(run: Path) -> None:
    """Public bounds and rules between columns belong to the study's arguments."""
    with pytest.raises(RunMismatchError, match=r"schema: [0-9a-f]{32} there, [0-9a-f]{32} here"):
        small_study.study(run, schema=changed_schema("age", upper=130))
    with pytest.raises(RunMismatchError, match=r"rules: none there, 1 \([0-9a-f]{16}\) here"):
        small_study.study(run, schema=with_a_rule())


def test_other_libraries_are_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study begun with another version of a library does not go on: its bytes would be a mixture."""
    monkeypatch.setattr(
        "synthtab.recursion.study.library_versions", lambda: (("synthtab", "0"), ("numpy", "1.0"))
    )
    with pytest.raises(RunMismatchError, match=r"version of numpy: .* here"):
        small_study.study(run)


def test_rows_in_another_order_are_the_same_rows(run: Path, expected: bytes) -> None:
    """Shuffled tables with another index are no other tables: the study goes on."""
    parts, _ = small_study.real_rows()

    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.sample(frac=1, random_state=5).reset_index(drop=True)

    only(run, f"{REPLACE}/g0003").unlink()
    table = Split(shuffled(parts.train), shuffled(parts.holdout), shuffled(parts.pool), parts.verifier, 0)
    assert small_study.csv_of(small_study.study(run, table=table)) == expected


def test_a_second_process_is_told_which(tmp_path: Path) -> None:
    """While a study runs, the same command elsewhere is told its process; killed, it has let go."""
    run, program = tmp_path / "run", Path(small_study.__file__)
    child = subprocess.Popen(
        [sys.executable, program, run, "1", tmp_path / "frame.csv"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while not list(run.glob("chains/*/g????.checkpoint")) and time.monotonic() < end:
            time.sleep(0.02)
        with pytest.raises(RunInUseError, match=rf"'run' is in use by process {child.pid} on .* since "):
            small_study.study(run, keep_tables=True, **small_study.LONG)
        assert child.poll() is None, "it ended before it was met"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    # other arguments are refused for what they are: the lock is free
    with pytest.raises(RunMismatchError):
        small_study.study(run)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a real filesystem of 112 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=112k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("a filesystem can be mounted by root only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_loses_nothing(workers: int, disk: Path, expected: bytes) -> None:
    """A disk that fills up stops the study with what is needed; given room, it goes on from where it was."""
    run = disk / "run"
    with pytest.raises(StorageFullError, match=r"needs [\d,]+ bytes, and there is no room for it.*safe"):
        small_study.study(run, workers=workers)
    kept = contents(run)
    assert any(file.name.startswith("g") for file in kept)
    assert list(run.rglob(".*.part")) == []
    subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
    assert small_study.csv_of(small_study.study(run, workers=workers)) == expected
    assert {file: content for file, content in contents(run).items() if file in kept} == kept


def test_a_full_disk_for_tables_is_no_failing_chain(disk: Path, tmp_path: Path) -> None:
    """No room for the synthetic tables that were asked for stops the study too: no chain is told to fail."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "tables").symlink_to(disk, target_is_directory=True)
    with pytest.raises(StorageFullError, match=r"there is no room for it"):
        small_study.study(run, keep_tables=True, generations=40)
    subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
    found = small_study.study(run, keep_tables=True, generations=40)
    assert [arm.failures for arm in found.arms] == [(), ()]
    assert len(list(disk.rglob("*.parquet"))) == 2 * 2 * 40
