"""One attack as one line of a forest plot: figures, words, and what is withheld."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from synthtab.reporting.attack_groups import Question, is_area, question_of
from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.axes import Axis
from synthtab.reporting.privacymodel import AttackLine, AttackPlot
from synthtab.reporting.text import NOT_A_NUMBER, clean, interval, percent_interval
from synthtab.reporting.viewmodel import FactRow, Strip, StripRow
from synthtab.results import Attack, Status

__all__ = [
    "ASKED_BY",
    "LONGEST",
    "attack_facts",
    "attack_line",
    "attack_plot",
    "others_words",
    "overview_plot",
    "risk_words",
]

ASKED_BY = "Asked for by"
"""Name of the fact that tells who asks for an attack."""

LONGEST = 2_000
"""Most characters of a sentence."""

_SHARES = Axis(0.0, 1.0, ((0.0, "0\u00a0%"), (0.25, ""), (0.5, "50\u00a0%"), (0.75, ""), (1.0, "100\u00a0%")))
_AREAS = Axis(0.0, 1.0, ((0.0, "0"), (0.5, "0.5 guessing"), (1.0, "1 certain")))
_NO_RATE = "no rate: one is enough"


def risk_words(attack: Attack, k: int) -> str:
    """Write the success of an attack on people in the table.

    Parameters
    ----------
    attack : Attack
        The attack.
    k : int
        Fewest people that must stand behind a printed figure.

    Returns
    -------
    str
        A percentage, an area under the curve, or why there is neither.
    """
    if attack.risk is not None:
        if is_area(attack):
            return f"AUC {interval(attack.risk, attack.low, attack.high)}"
        return percent_interval(attack.risk, attack.low, attack.high)
    if attack.status is Status.NOT_APPLICABLE:
        return "not applicable"
    return f"withheld: fewer than {k} people" if question_of(attack).has_rates else _NO_RATE


def others_words(attack: Attack, k: int) -> str:
    """Write the success of an attack on people who are not in the table.

    Parameters
    ----------
    attack : Attack
        The attack.
    k : int
        Fewest people that must stand behind a printed figure.

    Returns
    -------
    str
        A percentage, or what guessing gives; empty where the attack has no rates.
    """
    if attack.control is None:
        unknown = attack.status in (Status.NOT_APPLICABLE, Status.NOTE) or not question_of(attack).has_rates
        return "" if unknown else f"withheld: fewer than {k} people"
    if is_area(attack):
        return "0.5 is guessing"
    return percent_interval(attack.control, attack.control_low, attack.control_high)


def attack_facts(attack: Attack) -> tuple[FactRow, ...]:
    """Say who an attacker is, what they know, what the attack would have seen, and who asks for it.

    Parameters
    ----------
    attack : Attack
        The attack.

    Returns
    -------
    tuple of FactRow
        What is told of these.
    """
    told = (
        ("Attacker", attack.attacker),
        ("Attacker knows", attack.knows),
        ("Would have seen", attack.smallest_seen),
        (ASKED_BY, attack.asked_by),
    )
    return tuple(FactRow(name, clean(text, LONGEST)) for name, text in told if text not in ("", NOT_A_NUMBER))


def attack_line(
    attack: Attack, k: int, beside: str, shared: Collection[FactRow] = (), said: str = ""
) -> AttackLine:
    """Write one attack.

    Parameters
    ----------
    attack : Attack
        The attack.
    k : int
        Fewest people that must stand behind a printed figure.
    beside : str
        What its success is compared with.
    shared : collection of FactRow
        What is told of its whole group already.
    said : str
        What is said of its whole group already; its own sentence is not repeated.

    Returns
    -------
    AttackLine
        Its places on the axis, and its words.
    """
    axis = _AREAS if is_area(attack) else _SHARES
    label, tag = clean(attack.name), tag_of(attack.status)
    risk, others = risk_words(attack, k), others_words(attack, k)
    against = f"{beside} {others}" if others and not is_area(attack) else others
    seen = clean(attack.smallest_seen, LONGEST) if attack.smallest_seen else NOT_A_NUMBER
    does = clean(attack.does, LONGEST) if attack.does not in ("", NOT_A_NUMBER) else ""
    reason = clean(attack.reason, LONGEST) if attack.reason else ""
    has_control = attack.control is not None and not is_area(attack)
    row = StripRow(
        label=label,
        tag=tag,
        at=axis.place(attack.risk),
        low=axis.place(attack.low),
        high=axis.place(attack.high),
        beyond=0,
        band_low=None,
        band_high=None,
        mark=None,
        figure=risk,
        detail=(risk, others or NOT_A_NUMBER, seen),
        said=f"{label}: {tag.word}, {risk}" + (f"; {against}" if against else ""),
        about=does,
        absent=risk,
        hollow=axis.place(attack.control) if has_control else None,
        hollow_low=axis.place(attack.control_low) if has_control else None,
        hollow_high=axis.place(attack.control_high) if has_control else None,
    )
    facts = tuple(fact for fact in attack_facts(attack) if fact not in shared)
    return AttackLine(row, against, facts, reason if _adds(reason, said) else "")


def _adds(reason: str, said: str) -> bool:
    """Say whether a text has a sentence that was not said yet."""
    return any(sentence.strip(". ") not in said for sentence in reason.split(". "))


def attack_plot(
    key: str,
    attacks: Sequence[Attack],
    k: int,
    beside: str,
    shared: Collection[FactRow] = (),
    said: str = "",
) -> AttackPlot:
    """Put attacks of one kind on one axis.

    Parameters
    ----------
    key : str
        Unique on the page.
    attacks : sequence of Attack
        All with shares of people, or all with areas under the curve.
    k : int
        Fewest people that must stand behind a printed figure.
    beside : str
        What success is compared with.
    shared : collection of FactRow
        What is told of all of them already.
    said : str
        What is said of all of them already.

    Returns
    -------
    AttackPlot
        The plot and its table.
    """
    lines = tuple(attack_line(attack, k, beside, shared, said) for attack in attacks)
    areas = bool(attacks) and is_area(attacks[0])
    measure = "Area under the curve" if areas else "Success on people in the table"
    head = (
        *("Attack", "Answer", f"{measure} [95 % interval]"),
        *("Guessing" if areas else beside.capitalize(), "Would have seen"),
    )
    return _plot(key, "Area under the curve (AUC): not a share of people" if areas else "", lines, head)


def overview_plot(chosen: Sequence[tuple[Question, Attack]], k: int, beside: str) -> AttackPlot | None:
    """Put the attack that speaks for each question on one axis.

    Parameters
    ----------
    chosen : sequence of (Question, Attack)
        Worst first.
    k : int
        Fewest people that must stand behind a printed figure.
    beside : str
        What success is compared with.

    Returns
    -------
    AttackPlot or None
        None when no share could be measured; an area under the curve has no place on this axis.
    """
    lines = []
    for question, attack in chosen:
        line = attack_line(attack, k, beside)
        row, area = line.row, is_area(attack)
        name = "" if row.label == question.title else row.label
        shown = replace(
            row,
            label=question.title,
            detail=(row.label, *row.detail),
            said=f"{question.title}: {row.said}",
            about=name or row.about,
        )
        if area:
            shown = replace(shown, at=None, low=None, high=None, absent=f"{row.figure}: see below")
        lines.append(AttackLine(shown, line.others))
    head = (
        *("Question", "Answer", "Strongest attack", "Success on people in the table [95 % interval]"),
        *(beside.capitalize(), "Would have seen"),
    )
    plot = _plot("attacks", "", tuple(lines), head)
    return plot if plot.is_drawn else None


def _plot(key: str, title: str, lines: tuple[AttackLine, ...], head: tuple[str, ...]) -> AttackPlot:
    rows = tuple(line.row for line in lines)
    axis = _AREAS if title else _SHARES
    strong = (0.5,) if title else (0.0,)
    strip = Strip(rows, axis.named(), tuple(axis.place(value) or 0.0 for value in strong), head)
    is_drawn = any(row.at is not None or row.hollow is not None for row in rows)
    return AttackPlot(key, title, lines, strip, is_drawn)
