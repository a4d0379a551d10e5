"""Utility and detection: what models learn from synthetic rows, and whether they tell them from real."""

from __future__ import annotations

from synthtab.auditing.detection import measure_detection
from synthtab.auditing.normal import one_sided_p
from synthtab.auditing.utility import measure_utility, measure_utility_in_full

__all__ = ["measure_detection", "measure_utility", "measure_utility_in_full", "one_sided_p"]
