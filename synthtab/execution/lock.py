"""One process at a time in a folder: a lock that the system itself gives back when its holder dies."""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from synthtab.errors import RunInUseError, StorageError

__all__ = ["LOCK_NAME", "file_lock"]

LOCK_NAME = ".lock"

_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
# Windows locks bytes against reading too: one far beyond the note leaves the note readable
_FAR_BYTE = 1 << 30

# a forked child holds a copy of each open file, and with it the lock: it must let go at once
_held: set[int] = set()


def _let_go_in_child() -> None:
    for handle in _held:
        with suppress(OSError):
            os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)


@contextmanager
def file_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder inside a block.

    Parameters
    ----------
    folder : Path
        There already; gets a file ``.lock`` that says who has it, and that stays.

    Yields
    ------
    None
        Control, with the lock.

    Raises
    ------
    RunInUseError
        When another process (or another run in this one) holds it.
    StorageError
        When the file cannot be made, or the filesystem knows no locks: nothing runs unlocked.
    """
    try:
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(
            f"The folder {folder.name!r} cannot be locked ({error.strerror}).",
            hint="Check who may write to it.",
        ) from error
    _held.add(handle)
    try:
        _take(handle, folder)
        _sign(handle)
        yield
    finally:
        # closing gives the lock back; the file stays, since removing it would let two in at once
        if handle in _held:
            _held.discard(handle)
            os.close(handle)


def _take(handle: int, folder: Path) -> None:
    try:
        _lock(handle)
    except OSError as error:
        if error.errno in _TAKEN:
            raise RunInUseError(
                f"The folder {folder.name!r} is in use by {_holder(handle)}.",
                hint="Wait for it to end, or give this run a folder of its own.",
            ) from None
        if error.errno in _NO_LOCKS:
            raise StorageError(
                f"The filesystem of {folder.name!r} has no locks, which keep two runs apart.",
                hint="Put the run on a local disk.",
            ) from error
        raise StorageError(f"The folder {folder.name!r} cannot be locked ({error.strerror}).") from error


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, _FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(handle: int) -> None:
    """Say who holds the lock; on a full disk the lock holds all the same, only unsigned."""
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    note = json.dumps({"pid": os.getpid(), "host": platform.node(), "since": since})
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, note.encode())


def _holder(handle: int) -> str:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        note = json.loads(os.read(handle, 4096))
        return f"process {int(note['pid'])} on {note['host']!r} since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
