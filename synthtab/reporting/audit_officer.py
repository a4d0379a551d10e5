"""One page for a privacy officer: what was done, what was tried, what was found, and a line to sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synthtab.reporting.attack_groups import DESCRIBED, QUESTIONS, SEVERITY, question_of, strongest, worst
from synthtab.reporting.attack_lines import others_words, risk_words
from synthtab.reporting.audit_answers import CONTEXT_TAGS
from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.audit_lineage import lineage_note, lineage_steps
from synthtab.reporting.text import clean, plural
from synthtab.reporting.viewmodel import FactRow, Tag
from synthtab.results import Attack, AuditResult, ContextAnswer, GuardAction, Section, Status

__all__ = ["AttackRow", "CircleRow", "OfficerView", "officer_view"]

_MOST_GUARDED, _MOST_LIMITS, _MOST_REASONS, _MOST_CIRCLES = 4, 5, 2, 4
_SENTENCE, _LIMIT = 190, 210


@dataclass(frozen=True)
class AttackRow:
    """One question, answered by the attack that speaks for it.

    Parameters
    ----------
    question : str
        What was asked.
    tag : Tag
        The answer.
    found, others : str
        Success on people in the table, and what it is compared with.
    seen : str
        The smallest leak that it would have seen.
    """

    question: str
    tag: Tag
    found: str
    others: str
    seen: str


@dataclass(frozen=True)
class CircleRow:
    """One circle of readers.

    Parameters
    ----------
    label, readers : str
        Its name, and who they are.
    tag : Tag
        Yes, with the notes, or no.
    reasons : tuple of str
        The first that decided it.
    more : int
        How many reasons stand elsewhere.
    """

    label: str
    readers: str
    tag: Tag
    reasons: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class OfficerView:
    """What fits on one sheet.

    Parameters
    ----------
    lineage : tuple of FactRow
        Who made what from what.
    note : str
        What stands behind it.
    guard : tuple of FactRow
        What the guard did, the first few columns.
    more_guarded : int
        How many more columns it changed.
    attacks : tuple of AttackRow
        The strongest attack on each question.
    compared_with : str
        What success is compared with.
    unasked : str
        Questions that could not be asked; may be empty.
    found : str
        What was found, in a sentence.
    circles : tuple of CircleRow
        Who may have it.
    limits : tuple of str
        What the audit cannot say, the first few.
    more_limits : int
        How many more limits there are.
    facts : tuple of FactRow
        Table, policy, versions, date.
    """

    lineage: tuple[FactRow, ...]
    note: str
    guard: tuple[FactRow, ...]
    more_guarded: int
    attacks: tuple[AttackRow, ...]
    compared_with: str
    unasked: str
    found: str
    circles: tuple[CircleRow, ...]
    limits: tuple[str, ...]
    more_limits: int
    facts: tuple[FactRow, ...]


def officer_view(result: AuditResult) -> OfficerView:
    """Put the evidence of an audit on one sheet.

    Parameters
    ----------
    result : AuditResult
        Its releasable form.

    Returns
    -------
    OfficerView
        No more of anything than fits; the rest is counted.
    """
    source = result.provenance
    attacks = tuple(_attack_rows(result))
    guard = _by_column(result.guard)
    # what attacks can never see comes last in an audit, and must stand here whatever else does
    limits = (*result.limits[: _MOST_LIMITS - 1], *result.limits[_MOST_LIMITS - 1 :][-1:])
    return OfficerView(
        lineage=lineage_steps(result),
        note=lineage_note(result),
        guard=guard[:_MOST_GUARDED],
        more_guarded=max(len(guard) - _MOST_GUARDED, 0),
        attacks=attacks,
        compared_with="On others" if source.holdout else "Expected",
        unasked=_unasked(result),
        found=_found(result, attacks),
        circles=tuple(_circle(context) for context in result.contexts[:_MOST_CIRCLES]),
        limits=tuple(clean(limit, _LIMIT) for limit in limits),
        more_limits=len(result.limits) - len(limits),
        facts=_facts(result),
    )


def _by_column(actions: Sequence[GuardAction]) -> tuple[FactRow, ...]:
    told: dict[str, list[str]] = {}
    for action in actions:
        told.setdefault(clean(action.column, 60), []).append(clean(action.action, 110))
    return tuple(FactRow(column, "; ".join(said)) for column, said in told.items())


def _attack_rows(result: AuditResult) -> list[AttackRow]:
    rows = []
    k = result.provenance.k
    for question in QUESTIONS:
        own = [item for item in result.attacks if question_of(item) is question and item.status in SEVERITY]
        attack = strongest(own)
        if attack is not None:
            rows.append(
                AttackRow(
                    question.title,
                    tag_of(worst(item.status for item in own)),
                    risk_words(attack, k),
                    others_words(attack, k) or "–",
                    clean(attack.smallest_seen, 90) if attack.smallest_seen else "–",
                )
            )
    return rows


def _unasked(result: AuditResult) -> str:
    codes = {
        check.code
        for check in result.checks
        if check.section is Section.PRIVACY and check.status is Status.NOT_APPLICABLE
    }
    return ", ".join(question.title for question in (*QUESTIONS, DESCRIBED) if {*question.codes} & codes)


def _found(result: AuditResult, rows: Sequence[AttackRow]) -> str:
    failed = [row.question for row in rows if row.tag.kind == "fail"]
    if failed:
        return f"A leak was found: {', '.join(failed)}."
    if not rows:
        return "No attack could be judged: nothing is known of what it gives away."
    unclear = [row.question for row in rows if row.tag.kind == "warn"]
    tried = plural(_tried(result.attacks), "attack")
    said = f"{tried} found no leak as large as those that would have been seen."
    return f"{said} Not settled: {', '.join(unclear)}." if unclear else said


def _tried(attacks: Sequence[Attack]) -> int:
    return sum(attack.status in SEVERITY for attack in attacks)


def _circle(context: ContextAnswer) -> CircleRow:
    return CircleRow(
        clean(context.label, 60),
        clean(context.readers, 120),
        CONTEXT_TAGS[context.answer],
        tuple(clean(reason, _SENTENCE) for reason in context.reasons[:_MOST_REASONS]),
        max(len(context.reasons) - _MOST_REASONS, 0),
    )


def _facts(result: AuditResult) -> tuple[FactRow, ...]:
    source = result.provenance
    held = f"{source.n_holdout:,} held out" if source.holdout else "none held out"
    versions = ", ".join(f"{name} {version}" for name, version in source.versions[:4])
    return (
        FactRow(
            "Compared", f"{source.n_train:,} real rows learned, {held}; {source.n_synthetic:,} synthetic"
        ),
        FactRow("Policy", clean(source.policy) if source.policy else "not told"),
        FactRow("Printed", f"no figure that fewer than {source.k} people stand behind"),
        FactRow("Made with", f"{clean(versions)}; seed {source.seed}"),
        FactRow("Date of the audit", clean(source.created)),
    )
