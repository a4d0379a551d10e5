"""synthtab: make a synthetic table, prove what it keeps, prove what it gives away.

Public names are loaded when they are first used, so that ``import synthtab`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthtab.auditing import Margin, Policy, ReleaseContext, audit, audit_epsilon, make_reference
    from synthtab.datasets import Dataset, load_nhanes_adults
    from synthtab.results import AuditResult, Check, EpsilonResult, Section, Status, Verdict
    from synthtab.schema import (
        ColumnSpec,
        FixedCombination,
        Formula,
        Inequality,
        Kind,
        Role,
        Survival,
        TableSchema,
    )
    from synthtab.specs import SynthesizerSpec, spec
    from synthtab.synthesizers import Guard, load, make, registered
    from synthtab.tables import Split, TableSource, split

__version__ = "0.1.0"

_HOMES = {
    "AuditResult": "synthtab.results",
    "Check": "synthtab.results",
    "ColumnSpec": "synthtab.schema",
    "Dataset": "synthtab.datasets",
    "EpsilonResult": "synthtab.results",
    "FixedCombination": "synthtab.schema",
    "Formula": "synthtab.schema",
    "Guard": "synthtab.synthesizers",
    "Inequality": "synthtab.schema",
    "Kind": "synthtab.schema",
    "Margin": "synthtab.auditing",
    "Policy": "synthtab.auditing",
    "ReleaseContext": "synthtab.auditing",
    "Role": "synthtab.schema",
    "Section": "synthtab.results",
    "Split": "synthtab.tables",
    "Status": "synthtab.results",
    "Survival": "synthtab.schema",
    "SynthesizerSpec": "synthtab.specs",
    "TableSchema": "synthtab.schema",
    "TableSource": "synthtab.tables",
    "Verdict": "synthtab.results",
    "audit": "synthtab.auditing",
    "audit_epsilon": "synthtab.auditing",
    "load": "synthtab.synthesizers",
    "load_nhanes_adults": "synthtab.datasets",
    "make": "synthtab.synthesizers",
    "make_reference": "synthtab.auditing",
    "registered": "synthtab.synthesizers",
    "spec": "synthtab.specs",
    "split": "synthtab.tables",
}

__all__ = [
    "AuditResult",
    "Check",
    "ColumnSpec",
    "Dataset",
    "EpsilonResult",
    "FixedCombination",
    "Formula",
    "Guard",
    "Inequality",
    "Kind",
    "Margin",
    "Policy",
    "ReleaseContext",
    "Role",
    "Section",
    "Split",
    "Status",
    "Survival",
    "SynthesizerSpec",
    "TableSchema",
    "TableSource",
    "Verdict",
    "audit",
    "audit_epsilon",
    "load",
    "load_nhanes_adults",
    "make",
    "make_reference",
    "registered",
    "spec",
    "split",
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
