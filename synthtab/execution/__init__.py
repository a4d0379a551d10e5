"""Execution: checkpoints that survive a kill, and a grid of tasks over whatever joblib runs on."""

from synthtab.execution.grid import Failure, Outcome, Ticker, run_grid
from synthtab.execution.manifest import check_manifest
from synthtab.execution.memory import PeakMemory, peak_memory
from synthtab.execution.store import DirectoryStore, MemoryStore, Store, storage_error

__all__ = [
    "DirectoryStore",
    "Failure",
    "MemoryStore",
    "Outcome",
    "PeakMemory",
    "Store",
    "Ticker",
    "check_manifest",
    "peak_memory",
    "run_grid",
    "storage_error",
]
