"""Peak memory of a block of work, where the system tells."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PeakMemory", "peak_memory"]

_RESET_PEAK = "5"
_KILOBYTES_A_MEGABYTE = 1024.0
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class PeakMemory:
    """Most memory that a block held beyond what was held before it."""

    megabytes: float | None = None
    """None until the block has ended, and on systems that do not tell (Linux does)."""


@contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Measure the most memory of this process inside a block.

    Yields
    ------
    PeakMemory
        Its `megabytes` are set when the block ends: resident memory at its highest, less what was resident
        before. What the block loads for the first time, libraries included, is in it.
    """
    found = PeakMemory()
    _give_back()
    before = _resident("VmRSS") if _reset() else None
    yield found
    highest = _resident("VmHWM")
    if before is not None and highest is not None:
        found.megabytes = max(0.0, highest - before)


def _give_back() -> None:
    """Return freed memory to the system: else a block that uses it again seems to use none."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        # not glibc
        return


def _reset() -> bool:
    """Let the system forget the highest mark so far; proc(5), /proc/pid/clear_refs."""
    try:
        _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def _resident(name: str) -> float | None:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return float(sizes[0]) / _KILOBYTES_A_MEGABYTE if sizes else None
