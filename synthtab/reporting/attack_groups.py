"""Attacks by the question they answer: how to read each group, and which attack speaks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synthtab.results import Attack, Status

__all__ = ["DESCRIBED", "QUESTIONS", "SEVERITY", "Question", "is_area", "question_of", "strongest", "worst"]

SEVERITY = (Status.FAIL, Status.WARN, Status.PASS)
"""Answers that judge, worst first."""

_USUAL = "Membership at 1 % false alarms: DOMIAS, nearest neighbour"
_AREAS = ("Membership:", "Shadow")
_GUESSING = 0.5


@dataclass(frozen=True)
class Question:
    """One question that attacks answer.

    Parameters
    ----------
    title : str
        Its name.
    codes : tuple of str
        Checks that judge it.
    reading : str
        How to read it, in one plain sentence.
    has_rates : bool
        Whether its attacks have rates; else one person is enough, and no figure of anybody is given.
    """

    title: str
    codes: tuple[str, ...]
    reading: str
    has_rates: bool = True


QUESTIONS = (
    Question(
        "Copies",
        ("STB801",),
        "Some real rows equal a synthetic one by coincidence, whether anybody trained on them or not: only "
        "more than that is a leak.",
    ),
    Question(
        "Membership",
        ("STB802",),
        "The attacker says who was in the training data and may wrongly accuse one person in a hundred, so "
        "finding one member in a hundred is guessing; near copies are judged together with this.",
    ),
    Question(
        "Attribute inference",
        ("STB805",),
        "What holds for people like them is found out about anybody, and that is what data are for: only "
        "being right more often about people in the table is a leak.",
    ),
    Question(
        "Linkability",
        ("STB806",),
        "How often two files about one person can be joined through the synthetic table, beside how often "
        "that works for people who are not in it.",
    ),
    Question(
        "Singling out",
        ("STB807",),
        "Some descriptions that are unique in the synthetic table fit exactly one real person by chance: "
        "only more of them inside the table than outside is a leak.",
    ),
    Question(
        "Quasi-identifiers",
        ("STB808",),
        "How many people are found by a rare combination of what registers know of everybody; some are by "
        "chance, in the table or not.",
    ),
    Question(
        "Single people and rare values",
        ("STB809", "STB810"),
        "There is no rate here: one person or one value is enough, so any sign beyond coincidence is a leak.",
        has_rates=False,
    ),
    Question(
        "Shadow models",
        ("STB812",),
        "The synthesizer was fitted again, with and without the people who stand most alone: an area under "
        "the curve of 0.5 is guessing, 1 is certain.",
    ),
)
"""The questions, in the order of the page."""

DESCRIBED = Question(
    "Descriptions only",
    ("STB803",),
    "Figures that readers expect, beside what is expected without a leak; a leak may hardly move them, so "
    "they decide nothing.",
)
"""Attacks that are never judged."""

_OTHER = Question(
    "Other attacks", (), "Attacks that belong to none of these questions; read their sentences."
)


def question_of(attack: Attack) -> Question:
    """Say which question an attack answers.

    Parameters
    ----------
    attack : Attack
        The attack; one that was only described belongs to the descriptions, whatever it is.

    Returns
    -------
    Question
        The question.
    """
    if attack.status is Status.NOTE:
        return DESCRIBED
    return next((question for question in QUESTIONS if attack.code in question.codes), _OTHER)


def worst(statuses: Iterable[Status]) -> Status:
    """Give the worst answer.

    Parameters
    ----------
    statuses : iterable of Status
        Answers.

    Returns
    -------
    Status
        fail before warn before pass; not applicable when none of them judges.
    """
    known = set(statuses)
    return next((status for status in SEVERITY if status in known), Status.NOT_APPLICABLE)


def is_area(attack: Attack) -> bool:
    """Say whether the success of an attack is an area under the curve, not a share of people.

    Parameters
    ----------
    attack : Attack
        The attack.

    Returns
    -------
    bool
        True where guessing is exactly 0.5 and the name says membership without a rate, or shadow models.
    """
    return attack.control == _GUESSING and attack.name.startswith(_AREAS)


def strongest(attacks: Sequence[Attack]) -> Attack | None:
    """Choose the attack that speaks for several.

    Parameters
    ----------
    attacks : sequence of Attack
        The attacks.

    Returns
    -------
    Attack or None
        Of those with the worst answer: membership at 1 % false alarms by the density ratio, else the one
        that succeeds most beyond people who are not in the data. An area under the curve is never held
        against a share: it speaks only where there is none. None when none was judged.
    """
    status = worst(attack.status for attack in attacks)
    return min((attack for attack in attacks if attack.status is status), key=_rank, default=None)


def _rank(attack: Attack) -> tuple[int, float]:
    if attack.risk is None:
        return 4, 0.0
    gain = attack.risk - (attack.control or 0.0)
    if attack.name == _USUAL:
        return 0, -gain
    if is_area(attack):
        return 3, -gain
    return (2 if attack.control is None else 1), -gain
