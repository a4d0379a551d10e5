"""Rows of a board: a synthesizer, a baseline or a mark, with its figures, its costs and its readers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from synthtab.results.answers import Section
from synthtab.results.arm import Figures, Interval

__all__ = ["BoardCell", "BoardCosts", "BoardRow", "ContextCount", "FamilyFigure", "Role"]


class Role(StrEnum):
    """Why a row is on the board."""

    CONTENDER = "contender"
    BASELINE = "baseline"
    MARK = "mark"


@dataclass(frozen=True)
class FamilyFigure:
    """What one figure of a synthesizer is, and how it is read.

    Parameters
    ----------
    name : str
        Family and metric, e.g. ``rare.coverage``: the name that requirements are written with.
    label : str
        Name for people.
    section : Section
        Its family of questions.
    version : int
        Version of the metric's definition: figures of two versions are not comparable.
    higher_is_better : bool
        Which way is good.
    fresh : float or None
        What fresh real rows score.
    margin : float
        A worsening of more than this matters in practice.
    reason : str
        Why that much.
    explanation : str
        One plain sentence on how to read the figure.
    """

    name: str
    label: str
    section: Section
    version: int
    higher_is_better: bool
    fresh: float | None
    margin: float
    reason: str
    explanation: str


@dataclass(frozen=True)
class BoardCell:
    """One figure of one synthesizer.

    Parameters
    ----------
    mean : Interval
        Mean over refits, and its 95 % interval; without ends where there is one refit.
    values : tuple of float or None
        By seed, in the order of the settings; None where the refit failed or the figure does not apply.
    reason : str
        Why there is no figure, if so.
    """

    mean: Interval
    values: Figures
    reason: str = ""


@dataclass(frozen=True)
class BoardCosts:
    """What fitting and sampling cost, medians over refits; not deterministic.

    Parameters
    ----------
    fit_cpu, fit_wall : float
        Seconds of one fit.
    sample_cpu, sample_wall : float
        Seconds to sample as many rows as were trained on.
    memory : float or None
        Most memory beyond what was held before the fit, in MB; None where the system does not tell.
    """

    fit_cpu: float
    fit_wall: float
    sample_cpu: float
    sample_wall: float
    memory: float | None


@dataclass(frozen=True)
class ContextCount:
    """How many refits may go to one circle of readers.

    Parameters
    ----------
    name, label : str
        Which circle.
    yes, with_notes, no : int
        Refits by the answer of their audit.
    reasons : tuple of str
        What most often speaks against it.
    """

    name: str
    label: str
    yes: int
    with_notes: int
    no: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoardRow:
    """One synthesizer, baseline, or mark.

    Parameters
    ----------
    name : str
        As asked for, e.g. ``tvae(epochs=60)``.
    role : Role
        Why it is on the board.
    explanation : str
        What it is, for baselines and marks.
    fits : int
        Refits that succeeded.
    failures : tuple of str
        Why others did not, each reason once.
    cells : tuple of BoardCell
        In the order of the board's figures; empty when nothing succeeded.
    costs : BoardCosts or None
        None for marks, and when nothing succeeded.
    contexts : tuple of ContextCount
        Where its tables may go.
    releasable : bool
        Whether the synthesizer guards its rows: instruments that do not are never recommended.
    """

    name: str
    role: Role
    explanation: str
    fits: int
    failures: tuple[str, ...] = ()
    cells: tuple[BoardCell, ...] = ()
    costs: BoardCosts | None = None
    contexts: tuple[ContextCount, ...] = ()
    releasable: bool = True
