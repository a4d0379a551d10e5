"""synthtab: make a synthetic table, prove what it keeps, prove what it gives away.

Public names are loaded when they are first used, so that ``import synthtab`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthtab.schema import (
        ColumnSpec,
        FixedCombination,
        Formula,
        Inequality,
        TableSchema,
    )
    from synthtab.specs import SynthesizerSpec, spec

__version__ = "0.1.0"

_HOMES = {
    "ColumnSpec": "synthtab.schema",
    "FixedCombination": "synthtab.schema",
    "Formula": "synthtab.schema",
    "Inequality": "synthtab.schema",
    "SynthesizerSpec": "synthtab.specs",
    "TableSchema": "synthtab.schema",
    "spec": "synthtab.specs",
}

__all__ = [
    "ColumnSpec",
    "FixedCombination",
    "Formula",
    "Inequality",
    "SynthesizerSpec",
    "TableSchema",
    "spec",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'synthtab' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})
