"""Attacks: what a synthetic table gives away about the people it was learnt from."""

from synthtab.attacks.copies import CopiesResult, exact_copies
from synthtab.attacks.distance import ClosenessResult, closest_records
from synthtab.attacks.membership import MembershipResult, OperatingPoint, membership_inference

__all__ = [
    "ClosenessResult",
    "CopiesResult",
    "MembershipResult",
    "OperatingPoint",
    "closest_records",
    "exact_copies",
    "membership_inference",
]
