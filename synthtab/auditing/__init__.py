"""Audits: three tables in, a verdict with its reasons out."""

from synthtab.auditing.policy import Margin, Policy
from synthtab.auditing.reference import make_reference
from synthtab.auditing.run import audit

__all__ = ["Margin", "Policy", "audit", "make_reference"]
