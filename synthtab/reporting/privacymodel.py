"""What the section on privacy shows: who may have the table, attacks by question, what regulators ask.

As in `viewmodel`, every string has passed `text.clean`, and what may not be printed is not here.
"""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.reporting.viewmodel import FactRow, Strip, StripRow, Tag

__all__ = ["AttackGroup", "AttackLine", "AttackPlot", "CircleView", "PrivacyView", "SourceRow"]


@dataclass(frozen=True)
class CircleView:
    """One circle of readers.

    Parameters
    ----------
    label, readers : str
        Its name, and who they are.
    tag : Tag
        Yes, with the notes, or no.
    reasons : tuple of str
        What decided it.
    required : str
        Checks that it requires.
    """

    label: str
    readers: str
    tag: Tag
    reasons: tuple[str, ...]
    required: str


@dataclass(frozen=True)
class AttackLine:
    """One attack: a dot for people in the table, a hollow one for people who are not, and its words.

    Parameters
    ----------
    row : StripRow
        What is drawn; the figure in words.
    others : str
        The figure of people who are not in the table, in words; may be empty.
    facts : tuple of FactRow
        Attacker, knowledge and power, where they are not those of the whole group.
    reason : str
        One plain sentence; may be empty.
    """

    row: StripRow
    others: str
    facts: tuple[FactRow, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class AttackPlot:
    """Attacks on one axis.

    Parameters
    ----------
    key : str
        Unique on the page; made from its place.
    title : str
        What the axis measures; may be empty.
    lines : tuple of AttackLine
        Worst first.
    strip : Strip
        The axis, and the table behind it.
    is_drawn : bool
        Whether any attack has a place on the axis.
    """

    key: str
    title: str
    lines: tuple[AttackLine, ...]
    strip: Strip
    is_drawn: bool


@dataclass(frozen=True)
class AttackGroup:
    """Attacks that answer one question.

    Parameters
    ----------
    title : str
        The question.
    tag : Tag
        Its answer.
    said : str
        The answer in a sentence.
    reading : str
        How to read it.
    facts : tuple of FactRow
        Attacker, knowledge and power that all its attacks share.
    plots : tuple of AttackPlot
        Shares of people, and areas under the curve, never on one axis.
    is_open : bool
        Whether it stands unfolded.
    """

    title: str
    tag: Tag
    said: str
    reading: str
    facts: tuple[FactRow, ...]
    plots: tuple[AttackPlot, ...]
    is_open: bool


@dataclass(frozen=True)
class SourceRow:
    """One source that asks about privacy.

    Parameters
    ----------
    name, asks, offers : str
        Who asks what, and what this report offers.
    here : str
        What was judged in this report of what it offers; may be empty.
    """

    name: str
    asks: str
    offers: str
    here: str


@dataclass(frozen=True)
class PrivacyView:
    """The section on privacy.

    Parameters
    ----------
    circles : tuple of CircleView
        Who may have it.
    policy : str
        Under which policy.
    overview : AttackPlot or None
        The strongest attack on each question; None when no rate could be measured.
    groups : tuple of AttackGroup
        Attacks by question, worst first.
    unasked : tuple of FactRow
        Questions that could not be asked, and why.
    fairness : str
        Whether training and holdout rows can be told apart without the synthetic table; may be empty.
    epsilon : str
        What is said of the lower bound of epsilon; may be empty.
    sources : tuple of SourceRow
        What regulators ask.
    closing : str
        What stands below them.
    """

    circles: tuple[CircleView, ...]
    policy: str
    overview: AttackPlot | None
    groups: tuple[AttackGroup, ...]
    unasked: tuple[FactRow, ...]
    fairness: str
    epsilon: str
    sources: tuple[SourceRow, ...]
    closing: str
