"""Audits: three tables in, a verdict with its reasons out."""

from synthtab.auditing.epsilon import audit_epsilon
from synthtab.auditing.policy import Margin, Policy, ReleaseContext
from synthtab.auditing.reference import make_reference
from synthtab.auditing.run import audit

__all__ = ["Margin", "Policy", "ReleaseContext", "audit", "audit_epsilon", "make_reference"]
