"""Every result class: frozen, JSON-able, with a table and a page of its own."""

from synthtab.results.answers import Check, FamilyScore, Score, Section, Status, Verdict
from synthtab.results.audit import AuditResult
from synthtab.results.shown import (
    AssociationMatrix,
    Attack,
    Cell,
    Distribution,
    GuardAction,
    Provenance,
    RareGroup,
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
