"""Every result class: frozen, JSON-able, with a table and a page of its own."""

from synthtab.results.audit import (
    AssociationMatrix,
    Attack,
    AuditResult,
    Cell,
    Check,
    Distribution,
    FamilyScore,
    GuardAction,
    Provenance,
    RareGroup,
    Score,
    Section,
    Status,
    Verdict,
)

__all__ = [
    "AssociationMatrix",
    "Attack",
    "AuditResult",
    "Cell",
    "Check",
    "Distribution",
    "FamilyScore",
    "GuardAction",
    "Provenance",
    "RareGroup",
    "Score",
    "Section",
    "Status",
    "Verdict",
]
