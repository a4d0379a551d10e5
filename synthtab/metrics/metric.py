"""Metric: name, section, version, range and perfect score."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.results import Section

__all__ = ["Metric"]


@dataclass(frozen=True)
class Metric:
    """A definition with a version: figures of two versions are never compared.

    Parameters
    ----------
    name : str
        Short name, as in `AuditResult.frame`.
    section : Section
        Family of questions.
    version : int
        Raised whenever the definition changes.
    label : str
        Name for people.
    best : float
        The value of a perfect match.
    documented : str
        The function whose docstring defines it, for docs/metrics.md; several metrics may share one.
    """

    name: str
    section: Section
    version: int
    label: str
    best: float = 0.0
    documented: str = ""
