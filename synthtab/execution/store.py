"""Checkpoints by key: written at once or not at all, and checked when they are read.

A checkpoint on disk is a header and the payload. The header holds a magic line, the payload's length and a
BLAKE2b digest over key and payload, so that a file that is torn, flipped in a bit, or put in the place of
another is found out, never used.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from synthtab.errors import SpecError, StorageError, StorageFullError, SynthtabWarning
from synthtab.execution.lock import LOCK_NAME, file_lock

__all__ = ["DirectoryStore", "MemoryStore", "Store", "storage_error"]

_MAGIC = b"synthtab checkpoint 1\n"
_LENGTH_BYTES = 8
_DIGEST_BYTES = 32
_HEADER_BYTES = len(_MAGIC) + _LENGTH_BYTES + _DIGEST_BYTES

# the suffix keeps the key "a" (a file) apart from the key "a/b" (in a folder of that name)
_SUFFIX, _DAMAGED, _PART = ".checkpoint", ".damaged", ".part"
# no leading dot (hidden, or "..") and no trailing one (Windows drops it)
_WORD = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?", re.ASCII)

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
# what a dying disk says when a block cannot be read: the rest of the store may be sound
_UNREADABLE = {errno.EIO, getattr(errno, "EUCLEAN", errno.EIO), getattr(errno, "EBADMSG", errno.EIO)}


class Store(Protocol):
    """Bytes by key; a key is one or more words of ``A-Za-z0-9._-`` with ``/`` between them."""

    def put(self, key: str, payload: bytes) -> None:
        """Keep a payload, in place of an earlier one; once this returns it outlives a kill or a power cut.

        Parameters
        ----------
        key : str
            Where.
        payload : bytes
            What.
        """

    def get(self, key: str) -> bytes | None:
        """Give back a payload.

        Parameters
        ----------
        key : str
            Where.

        Returns
        -------
        bytes or None
            What `put` was given; None where there is nothing, or nothing whole.
        """

    def delete(self, key: str) -> None:
        """Drop a payload; dropping what is not there is no error.

        Parameters
        ----------
        key : str
            Where.
        """

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """Name what is kept.

        Parameters
        ----------
        prefix : str, default ""
            How the keys begin.

        Returns
        -------
        tuple of str
            In alphabetical order; whether each is whole is known only once it is read.
        """

    @property
    def foreign(self) -> bool:
        """Whether the place also holds what no store put there."""


class MemoryStore:
    """A store that lives and dies with this object: for runs without a folder.

    A copy of it in a worker process is a copy: what is put there does not come back.
    """

    def __init__(self) -> None:
        self._payloads: dict[str, bytes] = {}

    def put(self, key: str, payload: bytes) -> None:
        """Keep a payload, in place of an earlier one.

        Parameters
        ----------
        key : str
            Where.
        payload : bytes
            What.
        """
        self._payloads[_checked(key)] = bytes(payload)

    def get(self, key: str) -> bytes | None:
        """Give back a payload.

        Parameters
        ----------
        key : str
            Where.

        Returns
        -------
        bytes or None
            What `put` was given, else None.
        """
        return self._payloads.get(_checked(key))

    def delete(self, key: str) -> None:
        """Drop a payload.

        Parameters
        ----------
        key : str
            Where.
        """
        self._payloads.pop(_checked(key), None)

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """Name what is kept.

        Parameters
        ----------
        prefix : str, default ""
            How the keys begin.

        Returns
        -------
        tuple of str
            In alphabetical order.
        """
        return tuple(sorted(key for key in self._payloads if key.startswith(prefix)))

    @property
    def foreign(self) -> bool:
        """Never: nobody else has a way in."""
        return False


class DirectoryStore:
    """A store in a folder, one file a checkpoint, for this user's eyes only.

    Parameters
    ----------
    path : str or Path
        The folder; made when the first checkpoint is put. Sent to a worker, a store is just this path.
    """

    def __init__(self, path: str | Path) -> None:
        # a worker may have another working directory
        self.path = Path(path).expanduser().absolute()

    def __repr__(self) -> str:
        return f"DirectoryStore({str(self.path)!r})"

    def put(self, key: str, payload: bytes) -> None:
        """Keep a payload, in place of an earlier one; once this returns it outlives a kill or a power cut.

        Parameters
        ----------
        key : str
            Where.
        payload : bytes
            What.

        Raises
        ------
        StorageFullError
            When there is no room; what was there before is still there.
        StorageError
            When the folder cannot be written for another reason.
        """
        target = self._file(key)
        header = _MAGIC + len(payload).to_bytes(_LENGTH_BYTES, "little") + _digest(key, payload)
        part = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}{_PART}")
        try:
            _make_folder(target.parent)
            try:
                _write_through(part, (header, payload))
                part.replace(target)
            except BaseException:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
                raise
            _sync_folder(target.parent)
        except OSError as error:
            raise storage_error(error, f"The checkpoint {key!r}", len(header) + len(payload)) from error

    def get(self, key: str) -> bytes | None:
        """Give back a payload; a damaged one is set aside as ``KEY.damaged``, with a warning.

        Parameters
        ----------
        key : str
            Where.

        Returns
        -------
        bytes or None
            What `put` was given; None where there is nothing, or nothing whole.

        Raises
        ------
        StorageError
            When the file is there and may not be read.
        """
        target = self._file(key)
        content: bytes | None = None
        try:
            content = target.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno not in _UNREADABLE:
                raise StorageError(
                    f"The checkpoint {key!r} cannot be read ({error.strerror}).",
                    hint="Check who may read it.",
                ) from error
        payload = None if content is None else _payload_of(key, content)
        if payload is None:
            self._set_aside(key, target)
        return payload

    def delete(self, key: str) -> None:
        """Drop a payload.

        Parameters
        ----------
        key : str
            Where.

        Raises
        ------
        StorageError
            When the folder cannot be changed.
        """
        target = self._file(key)
        try:
            target.unlink()
            _sync_folder(target.parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise storage_error(error, f"The checkpoint {key!r}", 0) from error

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """Name what is kept.

        Parameters
        ----------
        prefix : str, default ""
            How the keys begin.

        Returns
        -------
        tuple of str
            In alphabetical order; whether each is whole is known only once it is read.
        """
        ours = (self._key(file) for file in self._files() if file.name.endswith(_SUFFIX))
        return tuple(sorted(key for key in ours if key.startswith(prefix)))

    @property
    def foreign(self) -> bool:
        """Whether the folder also holds files that no store wrote."""
        return any(not _is_ours(file) for file in self._files())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process out of the folder inside a block, and sweep what a dead one left.

        The lock dies with the process, however that ends.

        Yields
        ------
        None
            Control, with the folder to ourselves.

        Raises
        ------
        RunInUseError
            When another process has it; says which.
        StorageError
            When the folder holds other things, cannot be written, or its filesystem knows no locks.
        """
        if not (self.path / LOCK_NAME).exists() and self.foreign and not self.keys():
            raise StorageError(
                f"The folder {self.path.name!r} holds other files and no run.",
                hint="Name a new folder for the run, or an empty one.",
            )
        try:
            _make_folder(self.path)
        except OSError as error:
            raise storage_error(error, f"The folder {self.path.name!r}", 0) from error
        with file_lock(self.path):
            for file in self._files():
                if file.name.startswith(".") and file.name.endswith(_PART):
                    # only the holder of the lock and its workers write here, and they have not begun
                    with suppress(OSError):
                        file.unlink(missing_ok=True)
            yield

    def _file(self, key: str) -> Path:
        *folders, name = _checked(key).split("/")
        return self.path.joinpath(*folders, name + _SUFFIX)

    def _key(self, file: Path) -> str:
        return file.relative_to(self.path).as_posix().removesuffix(_SUFFIX)

    def _files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.path, onerror=self._refuse_hidden):
            for name in names:
                yield Path(folder, name)

    def _refuse_hidden(self, error: OSError) -> None:
        """Not to see a checkpoint is not the same as not to have it."""
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise StorageError(
                f"The folder {self.path.name!r} cannot be read ({error.strerror}).",
                hint="Check who may read it.",
            ) from error

    def _set_aside(self, key: str, target: Path) -> None:
        with suppress(OSError):
            target.replace(target.with_name(target.name.removesuffix(_SUFFIX) + _DAMAGED))
            _sync_folder(target.parent)
        warnings.warn(
            f"The checkpoint {key!r} is damaged: set aside as {key + _DAMAGED!r}, and made anew.",
            SynthtabWarning,
            stacklevel=3,
        )


def _checked(key: str) -> str:
    words = key.split("/")
    if all(_WORD.fullmatch(word) and not word.endswith((_SUFFIX, _DAMAGED)) for word in words):
        return key
    raise SpecError(
        f"{key!r} cannot be the key of a checkpoint.",
        hint="Words of up to 100 of A-Z a-z 0-9 . _ - with / between them; no dot at either end.",
    )


def _is_ours(file: Path) -> bool:
    # hidden: the lock, temporary files, and what file browsers leave in an empty folder
    return file.name.startswith(".") or file.name.endswith((_SUFFIX, _DAMAGED))


def _digest(key: str, payload: bytes) -> bytes:
    # the key is part of it: a file under another's name is no checkpoint of that name
    return hashlib.blake2b(key.encode() + b"\0" + payload, digest_size=_DIGEST_BYTES).digest()


def _payload_of(key: str, content: bytes) -> bytes | None:
    header, payload = content[:_HEADER_BYTES], content[_HEADER_BYTES:]
    expected = _MAGIC + len(payload).to_bytes(_LENGTH_BYTES, "little") + _digest(key, payload)
    return payload if secrets.compare_digest(header, expected) else None


def _write_through(file: Path, parts: tuple[bytes, ...]) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as opened:
        for part in parts:
            opened.write(part)
        opened.flush()
        os.fsync(opened.fileno())


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it; each new name is on disk before anything is put inside."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle on a folder to flush
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # some network filesystems cannot flush a folder: they write names through anyway
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(handle)


def storage_error(error: OSError, what: str, size: int) -> StorageError:
    """Say what a failed write means to whoever runs the study.

    Parameters
    ----------
    error : OSError
        What the system said.
    what : str
        What was to be written, as the beginning of a sentence.
    size : int
        Its bytes.

    Returns
    -------
    StorageError
        A `StorageFullError` where there is no room; to be raised.
    """
    if error.errno in _FULL:
        return StorageFullError(
            f"{what} needs {size:,} bytes, and there is no room for it ({error.strerror}).",
            hint="Finished checkpoints are safe: make room and run the same again, it goes on from them.",
        )
    return StorageError(
        f"{what} cannot be written ({error.strerror}).", hint="Check who may write to the folder of the run."
    )
