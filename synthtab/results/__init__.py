"""Every result class: frozen, JSON-able, with a table and a page of its own."""

from synthtab.results.answers import Check, FamilyScore, Score, Section, Status, Verdict
from synthtab.results.audit import AuditResult
from synthtab.results.epsilon import EpsilonResult
from synthtab.results.shown import (
    AssociationChange,
    AssociationMatrix,
    Attack,
    Cell,
    ContextAnswer,
    Distribution,
    GuardAction,
    LogicRule,
    ModelComparison,
    Provenance,
    RareBand,
    RareGroup,
    Release,
    Subgroup,
    VulnerableRecord,
)

__all__ = [
    "AssociationChange",
    "AssociationMatrix",
    "Attack",
    "AuditResult",
    "Cell",
    "Check",
    "ContextAnswer",
    "Distribution",
    "EpsilonResult",
    "FamilyScore",
    "GuardAction",
    "LogicRule",
    "ModelComparison",
    "Provenance",
    "RareBand",
    "RareGroup",
    "Release",
    "Score",
    "Section",
    "Status",
    "Subgroup",
    "Verdict",
    "VulnerableRecord",
]
