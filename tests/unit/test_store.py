"""Checkpoints: what is put is given back, damage is found out, a run goes on with the same arguments only."""

from __future__ import annotations

import errno
import os
import pickle
import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthtab.errors import (
    RunInUseError,
    RunMismatchError,
    SpecError,
    StorageError,
    StorageFullError,
    SynthtabWarning,
)
from synthtab.execution import DirectoryStore, MemoryStore, Store, check_manifest
from synthtab.execution import lock as locks

WORDS = st.from_regex(r"[A-Za-z0-9_-]{1,3}", fullmatch=True)
KEYS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
ARGUMENTS = {"generations": "10", "regimes": "replace", "train": "a1b2"}


@pytest.fixture(params=["memory", "directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MemoryStore() if request.param == "memory" else DirectoryStore(tmp_path / "run")


def test_put_get_delete_keys(store: Store) -> None:
    """A key and one below it are two things; keys come sorted, by prefix; what is dropped is gone."""
    store.put("chains/b", b"2")
    store.put("chains/b/1", b"")
    store.put("chains/a.x", bytes(range(256)))
    store.put("chains/b", b"3")
    assert store.keys() == ("chains/a.x", "chains/b", "chains/b/1")
    assert store.keys("chains/b") == ("chains/b", "chains/b/1")
    assert store.get("chains/a.x") == bytes(range(256))
    assert store.get("chains/b") == b"3"
    assert store.get("chains/b/1") == b""
    assert store.get("chains") is None
    store.delete("chains/b")
    store.delete("chains/b")
    store.delete("chains/a.x/none")
    assert store.get("chains/b") is None
    assert store.keys() == ("chains/a.x", "chains/b/1")
    assert not store.foreign


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "delete"]), KEYS, st.binary(max_size=40)), min_size=1, max_size=12
    )
)
def test_folder_and_memory_hold_the_same(
    steps: list[tuple[str, str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is put and dropped in any order, a folder and a dictionary hold the same afterwards."""
    memory, folder = MemoryStore(), DirectoryStore(tmp_path_factory.mktemp("store"))
    for verb, key, payload in steps:
        for store in (memory, folder):
            store.put(key, payload) if verb == "put" else store.delete(key)
    assert memory.keys() == folder.keys()
    assert list(map(memory.get, memory.keys())) == list(map(folder.get, folder.keys()))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "a/../b",
        ".a",
        "a.",
        "a b",
        "é",
        "a\n",
        "a" * 101,
        "a.checkpoint",
        "b.damaged",
    ],
)
def test_unsafe_keys_are_refused(store: Store, key: str) -> None:
    """No key leaves the folder, hides in it, or looks like a file of the store's own."""
    for call in (lambda: store.put(key, b""), lambda: store.get(key), lambda: store.delete(key)):
        with pytest.raises(SpecError, match="key of a checkpoint"):
            call()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Folders have mode 0700 and files 0600, whatever the umask: a checkpoint holds rows."""
    before = os.umask(0)
    try:
        store = DirectoryStore(tmp_path / "new" / "run")
        store.put("a/b", b"x")
        with store.locked():
            pass
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*")}
    assert modes == {"run": 0o700, "a": 0o700, "b.checkpoint": 0o600, ".lock": 0o600}


def test_a_store_is_sent_as_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickled store is small and means the same folder in a process with another working directory."""
    monkeypatch.chdir(tmp_path)
    store = DirectoryStore("run")
    store.put("a", b"x" * 10_000)
    sent = pickle.dumps(store)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(sent) < 500
    assert pickle.loads(sent).get("a") == b"x" * 10_000  # noqa: S301 - pickled three lines above
    assert repr(store) == f"DirectoryStore({str(tmp_path / 'run')!r})"


def flip(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        lambda b: flip(b[:30]) + b[30:],
        lambda b: b[:-1],
        lambda b: b[:20],
        lambda _: b"",
        lambda b: b + b"x",
    ],
    ids=["flipped", "header", "cut", "half a header", "empty", "longer"],
)
def test_damage_is_found_and_set_aside(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """A changed byte, a missing or an added one: the key is absent, the file set aside, the others stay."""
    store = DirectoryStore(tmp_path)
    store.put("chain/3", b"generation three")
    store.put("chain/2", b"generation two")
    file = tmp_path / "chain" / "3.checkpoint"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.warns(SynthtabWarning, match=r"'chain/3' is damaged: set aside as 'chain/3.damaged'"):
        assert store.get("chain/3") is None
    assert store.keys() == ("chain/2",)
    assert (tmp_path / "chain" / "3.damaged").exists()
    assert store.get("chain/2") == b"generation two"
    store.put("chain/3", b"again")
    assert store.get("chain/3") == b"again"


def test_a_file_in_the_place_of_another_is_damage(tmp_path: Path) -> None:
    """A whole checkpoint under another's name is not taken for that one."""
    store = DirectoryStore(tmp_path)
    store.put("a", b"a")
    (tmp_path / "a.checkpoint").rename(tmp_path / "b.checkpoint")
    with pytest.warns(SynthtabWarning, match="'b' is damaged"):
        assert store.get("b") is None


def test_a_block_that_cannot_be_read_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk error costs the one checkpoint; a missing right is an error, since the checkpoint is there."""
    store = DirectoryStore(tmp_path)
    store.put("a", b"a")

    def failing(number: int) -> Callable[[Path], bytes]:
        def read(_: Path) -> bytes:
            raise OSError(number, os.strerror(number))

        return read

    monkeypatch.setattr(Path, "read_bytes", failing(errno.EACCES))
    with pytest.raises(StorageError, match=r"'a' cannot be read .*Check who may read it"):
        store.get("a")
    monkeypatch.setattr(Path, "read_bytes", failing(errno.EIO))
    with pytest.warns(SynthtabWarning, match="damaged"):
        assert store.get("a") is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("call", ["fsync", "open"])
def test_no_room_is_told_with_the_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    """Full disk, quota and file limit are one error with the bytes needed; the old payload stays."""
    store = DirectoryStore(tmp_path)
    store.put("a", b"old")

    def full(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StorageFullError, match=r"'a' needs 1,062 bytes.*Finished checkpoints are safe"):
            store.put("a", b"n" * 1000)
    assert store.get("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.checkpoint"]


def test_other_errors_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file where the folder should be, and a missing right: an error of ours, never silence."""
    (tmp_path / "file").write_text("x")
    store = DirectoryStore(tmp_path / "file")
    with pytest.raises(StorageError, match=r"'a' cannot be written .*Not a directory"):
        store.put("a", b"")
    with pytest.raises(StorageError, match="cannot be written"), store.locked():
        pass
    assert store.keys() == ()
    store = DirectoryStore(tmp_path / "run")
    store.put("a", b"a")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refused)
        with pytest.raises(StorageError, match="'run' cannot be read"):
            store.keys()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        with pytest.raises(StorageError, match="'a' cannot be written"):
            store.delete("a")


def test_a_folder_without_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filesystem that cannot flush folders (EINVAL) is used all the same; another error is told."""
    flush, number = os.fsync, errno.EINVAL

    def only_files(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        flush(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    store = DirectoryStore(tmp_path / "run")
    store.put("a", b"a")
    assert store.get("a") == b"a"
    number = errno.EIO
    with pytest.raises(StorageError, match="cannot be written"):
        store.put("a", b"b")


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    """A second holder is told who has it since when; leaving the block, also by an error, gives it back."""
    store = DirectoryStore(tmp_path / "run")
    with store.locked():
        expected = rf"'run' is in use by process {os.getpid()} on '.*' since \d{{4}}-.*T.*Wait for it"
        with pytest.raises(RunInUseError, match=expected), DirectoryStore(tmp_path / "run").locked():
            pass
        (tmp_path / "run" / ".lock").write_bytes(b"")
        with pytest.raises(RunInUseError, match="by another process"), store.locked():
            pass
    with pytest.raises(KeyError), store.locked():
        raise KeyError
    with store.locked():
        store.put("a", b"a")


def test_a_forked_child_lets_go(tmp_path: Path) -> None:
    """A child made by fork does not keep the lock when its parent gives it back."""
    store = DirectoryStore(tmp_path / "run")
    begun, done = os.pipe(), os.pipe()
    with store.locked():
        child = os.fork()
        if child == 0:
            os.write(begun[1], b"x")
            os.read(done[0], 1)
            os._exit(0)
        os.read(begun[0], 1)
    with store.locked():
        os.write(done[1], b"x")
    assert os.waitpid(child, 0)[1] == 0
    for handle in (*begun, *done):
        os.close(handle)


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOLCK, "has no locks.*local disk"), (errno.EIO, "'run' cannot be locked")]
)
def test_never_unlocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str) -> None:
    """Where the filesystem gives no lock, nothing runs, and the reason is told."""

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(locks, "_lock", refuse)
    with pytest.raises(StorageError, match=said), DirectoryStore(tmp_path / "run").locked():
        pytest.fail("ran unlocked")


def test_a_lock_file_that_cannot_be_made(tmp_path: Path) -> None:
    """A lock that cannot be opened is told as such."""
    (tmp_path / ".lock").mkdir()
    with pytest.raises(StorageError, match="cannot be locked"), DirectoryStore(tmp_path).locked():
        pass


def test_windows_locks_a_far_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows one byte far beyond the note is locked, so that a second process can read who has it."""
    calls: list[tuple[int, int, int]] = []

    def locking(handle: int, mode: int, count: int) -> None:
        calls.append((mode, count, os.lseek(handle, 0, os.SEEK_CUR)))

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr(sys, "platform", "win32")
    with locks.file_lock(tmp_path):
        assert (tmp_path / ".lock").read_text().startswith('{"pid"')
    assert calls == [(2, 1, 1 << 30)]


def test_the_lock_sweeps_what_a_dead_process_left(tmp_path: Path) -> None:
    """Temporary files are no keys, and are gone once the lock is taken; checkpoints stay."""
    store = DirectoryStore(tmp_path)
    store.put("chain/1", b"1")
    rest = tmp_path / "chain" / ".2.checkpoint.999-0abc.part"
    rest.write_bytes(b"half")
    assert store.keys() == ("chain/1",)
    assert not store.foreign
    with store.locked():
        assert not rest.exists()
    assert store.get("chain/1") == b"1"


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    """A folder of somebody else's gets no lock file; one with hidden files only is new; a run stays one."""
    (tmp_path / ".gitignore").write_text("*")
    (tmp_path / "thesis.docx").write_text("x")
    store = DirectoryStore(tmp_path)
    assert store.foreign
    with pytest.raises(StorageError, match=r"holds other files and no run.*new folder"), store.locked():
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "thesis.docx"]
    with pytest.raises(RunMismatchError, match="other files"):
        check_manifest(store, ARGUMENTS)
    (tmp_path / "thesis.docx").unlink()
    with store.locked():
        check_manifest(store, ARGUMENTS)
    (tmp_path / "report.html").write_text("x")
    with store.locked():
        check_manifest(store, ARGUMENTS)


def test_the_same_arguments_go_on_and_others_are_named(store: Store) -> None:
    """A run goes on with equal arguments in any order; each difference is named with both values."""
    check_manifest(store, ARGUMENTS)
    store.put("chain/1", b"1")
    check_manifest(store, dict(reversed(ARGUMENTS.items())))
    changed = {"generations": "20", "train": "a1b2", "seeds": "x" * 300}
    with pytest.raises(RunMismatchError) as caught:
        check_manifest(store, changed)
    assert str(caught.value) == (
        "This run was begun with other arguments: generations: 10 there, 20 here; "
        f"regimes: replace there, not set here; seeds: not set there, {'x' * 80}... here. "
        "Give it another run_dir, or the same arguments as before."
    )
    check_manifest(store, ARGUMENTS)


def test_what_may_differ_is_taken_over(store: Store) -> None:
    """An argument that may grow is no difference, and its new value is the one remembered."""
    check_manifest(store, ARGUMENTS)
    grown = ARGUMENTS | {"generations": "20"}
    check_manifest(store, grown, may_differ=["generations"])
    check_manifest(store, grown)
    with pytest.raises(RunMismatchError, match="generations: 20 there, 10 here"):
        check_manifest(store, ARGUMENTS)


def test_one_damaged_manifest_costs_nothing(tmp_path: Path) -> None:
    """The description has a copy: one damaged is made anew from the other, both damaged refuse the run."""
    store = DirectoryStore(tmp_path)
    check_manifest(store, ARGUMENTS)
    store.put("chain/1", b"1")
    first, copy = tmp_path / "manifest.checkpoint", tmp_path / "manifest-copy.checkpoint"
    whole = first.read_bytes()
    first.write_bytes(b"")
    with pytest.warns(SynthtabWarning, match="'manifest' is damaged"):
        check_manifest(store, ARGUMENTS)
    assert first.read_bytes() == whole
    first.write_bytes(b"")
    copy.write_bytes(b"")
    with (
        pytest.warns(SynthtabWarning, match="damaged"),
        pytest.raises(RunMismatchError, match=r"lost or damaged.*another run_dir"),
    ):
        check_manifest(store, ARGUMENTS)
    assert store.get("chain/1") == b"1"
