"""Attacks: what a synthetic table gives away about the people it was learnt from."""

from synthtab.attacks.attribute import AttributeResult, attribute_inference
from synthtab.attacks.canary_fits import inserted_canaries, refit_canaries
from synthtab.attacks.copies import CopiesResult, exact_copies
from synthtab.attacks.distance import ClosenessResult, closest_records
from synthtab.attacks.epsilon import EpsilonBound, paired_canaries, steinke_bound
from synthtab.attacks.isolated import IsolatedResult, isolated_records
from synthtab.attacks.knowledge import Knowledge, attacker_knowledge
from synthtab.attacks.linkability import LinkabilityResult, linkability
from synthtab.attacks.membership import (
    MembershipResult,
    OperatingPoint,
    ScoredAttack,
    membership_inference,
)
from synthtab.attacks.quasi_identifiers import QuasiIdentifierResult, quasi_identifiers
from synthtab.attacks.rare_values import RareValuesResult, rare_values
from synthtab.attacks.rates import ComparedRate
from synthtab.attacks.singling_out import SinglingOutResult, singling_out
from synthtab.attacks.tables import AttackTables

__all__ = [
    "AttackTables",
    "AttributeResult",
    "ClosenessResult",
    "ComparedRate",
    "CopiesResult",
    "EpsilonBound",
    "IsolatedResult",
    "Knowledge",
    "LinkabilityResult",
    "MembershipResult",
    "OperatingPoint",
    "QuasiIdentifierResult",
    "RareValuesResult",
    "ScoredAttack",
    "SinglingOutResult",
    "attacker_knowledge",
    "attribute_inference",
    "closest_records",
    "exact_copies",
    "inserted_canaries",
    "isolated_records",
    "linkability",
    "membership_inference",
    "paired_canaries",
    "quasi_identifiers",
    "rare_values",
    "refit_canaries",
    "singling_out",
    "steinke_bound",
]
