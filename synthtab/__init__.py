"""synthtab: make a synthetic table, prove what it keeps, prove what it gives away.

Public names are loaded when they are first used, so that ``import synthtab`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthtab.auditing import Margin, Policy, ReleaseContext, audit, audit_epsilon, make_reference
    from synthtab.datasets import Dataset, load_nhanes_adults
    from synthtab.lineage import Lineage, attach_lineage, lineage_of, save_lineage
    from synthtab.recursion import (
        Accumulate,
        AccumulateSubsample,
        AllReal,
        Curate,
        Evolve,
        FixedMix,
        FreshMix,
        Golden,
        Regime,
        Replace,
        TailReweight,
        recurse,
    )
    from synthtab.results import (
        AuditResult,
        Baseline,
        BoardResult,
        Check,
        EpsilonResult,
        GateResult,
        Section,
        Status,
        StudyResult,
        Verdict,
    )
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
    from synthtab.selection.compare import compare
    from synthtab.selection.gate import check_baseline, check_table, record_baseline
    from synthtab.specs import SynthesizerSpec, spec
    from synthtab.synthesizers import Guard, load, make, registered
    from synthtab.tables import Split, TableSource, split

__version__ = "0.1.0"

_HOMES = {
    "Accumulate": "synthtab.recursion",
    "AccumulateSubsample": "synthtab.recursion",
    "AllReal": "synthtab.recursion",
    "AuditResult": "synthtab.results",
    "Baseline": "synthtab.results",
    "BoardResult": "synthtab.results",
    "Check": "synthtab.results",
    "ColumnSpec": "synthtab.schema",
    "Curate": "synthtab.recursion",
    "Dataset": "synthtab.datasets",
    "EpsilonResult": "synthtab.results",
    "Evolve": "synthtab.recursion",
    "FixedCombination": "synthtab.schema",
    "FixedMix": "synthtab.recursion",
    "Formula": "synthtab.schema",
    "FreshMix": "synthtab.recursion",
    "GateResult": "synthtab.results",
    "Golden": "synthtab.recursion",
    "Guard": "synthtab.synthesizers",
    "Inequality": "synthtab.schema",
    "Kind": "synthtab.schema",
    "Lineage": "synthtab.lineage",
    "Margin": "synthtab.auditing",
    "Policy": "synthtab.auditing",
    "Regime": "synthtab.recursion",
    "ReleaseContext": "synthtab.auditing",
    "Replace": "synthtab.recursion",
    "Role": "synthtab.schema",
    "Section": "synthtab.results",
    "Split": "synthtab.tables",
    "Status": "synthtab.results",
    "StudyResult": "synthtab.results",
    "Survival": "synthtab.schema",
    "SynthesizerSpec": "synthtab.specs",
    "TableSchema": "synthtab.schema",
    "TableSource": "synthtab.tables",
    "TailReweight": "synthtab.recursion",
    "Verdict": "synthtab.results",
    "attach_lineage": "synthtab.lineage",
    "audit": "synthtab.auditing",
    "audit_epsilon": "synthtab.auditing",
    "check_baseline": "synthtab.selection.gate",
    "check_table": "synthtab.selection.gate",
    "compare": "synthtab.selection.compare",
    "lineage_of": "synthtab.lineage",
    "load": "synthtab.synthesizers",
    "load_nhanes_adults": "synthtab.datasets",
    "make": "synthtab.synthesizers",
    "make_reference": "synthtab.auditing",
    "record_baseline": "synthtab.selection.gate",
    "recurse": "synthtab.recursion",
    "registered": "synthtab.synthesizers",
    "save_lineage": "synthtab.lineage",
    "spec": "synthtab.specs",
    "split": "synthtab.tables",
}

__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "AllReal",
    "AuditResult",
    "Baseline",
    "BoardResult",
    "Check",
    "ColumnSpec",
    "Curate",
    "Dataset",
    "EpsilonResult",
    "Evolve",
    "FixedCombination",
    "FixedMix",
    "Formula",
    "FreshMix",
    "GateResult",
    "Golden",
    "Guard",
    "Inequality",
    "Kind",
    "Lineage",
    "Margin",
    "Policy",
    "Regime",
    "ReleaseContext",
    "Replace",
    "Role",
    "Section",
    "Split",
    "Status",
    "StudyResult",
    "Survival",
    "SynthesizerSpec",
    "TableSchema",
    "TableSource",
    "TailReweight",
    "Verdict",
    "attach_lineage",
    "audit",
    "audit_epsilon",
    "check_baseline",
    "check_table",
    "compare",
    "lineage_of",
    "load",
    "load_nhanes_adults",
    "make",
    "make_reference",
    "record_baseline",
    "recurse",
    "registered",
    "save_lineage",
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
