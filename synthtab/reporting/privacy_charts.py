"""Privacy as view models: who may have the table, what was tried on its people, what regulators ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from synthtab.reporting.attack_groups import (
    DESCRIBED,
    QUESTIONS,
    SEVERITY,
    Question,
    is_area,
    question_of,
    strongest,
    worst,
)
from synthtab.reporting.attack_lines import ASKED_BY, LONGEST, attack_facts, attack_plot, overview_plot
from synthtab.reporting.audit_answers import CONTEXT_TAGS
from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.privacymodel import AttackGroup, CircleView, PrivacyView, SourceRow
from synthtab.reporting.regulators import CLOSING, SOURCES
from synthtab.reporting.text import clean
from synthtab.reporting.viewmodel import FactRow
from synthtab.results import Attack, AuditResult, Check, ContextAnswer, Section, Status

__all__ = ["privacy_view"]

_ORDER = (*SEVERITY, Status.NOT_APPLICABLE)
_WHY_NOT = "Not applicable: "
_DESCRIBED_ONLY = "Told, never judged."
_OTHERS, _EXPECTED = "others", "expected"


def privacy_view(result: AuditResult) -> PrivacyView | None:
    """Show what attacks found, by the question they answer.

    Parameters
    ----------
    result : AuditResult
        Its releasable form.

    Returns
    -------
    PrivacyView or None
        None when privacy was not asked about.
    """
    checks = {check.code: check for check in result.checks if check.section is Section.PRIVACY}
    if not (checks or result.attacks or result.contexts):
        return None
    source = result.provenance
    beside = _OTHERS if source.holdout else _EXPECTED
    groups = _by_question(result.attacks)
    chosen = [
        (question, attack)
        for question, attacks in groups.items()
        if (attack := strongest(attacks)) is not None
    ]
    return PrivacyView(
        circles=tuple(_circle(context) for context in result.contexts),
        policy=clean(source.policy) if source.policy else "",
        overview=overview_plot(chosen, source.k, beside),
        groups=tuple(
            _group(f"attacks-{place}", question, attacks, checks, source.k, beside)
            for place, (question, attacks) in enumerate(groups.items(), 1)
        ),
        unasked=_unasked(result.attacks, checks),
        fairness=_reason(checks.get("STB804")),
        epsilon=_reason(checks.get("STB811")),
        sources=tuple(
            SourceRow(source.name, source.asks, source.offers, _here(source.codes, checks))
            for source in SOURCES
        ),
        closing=CLOSING,
    )


def _circle(context: ContextAnswer) -> CircleView:
    return CircleView(
        label=clean(context.label),
        readers=clean(context.readers, LONGEST),
        tag=CONTEXT_TAGS[context.answer],
        reasons=tuple(clean(reason, LONGEST) for reason in context.reasons),
        required=", ".join(sorted(clean(code) for code in context.required)),
    )


def _by_question(attacks: Sequence[Attack]) -> dict[Question, list[Attack]]:
    """Sort attacks into questions, the worst question first, and in each the worst attack."""
    found: dict[Question, list[Attack]] = {}
    for attack in attacks:
        if attack.status is not Status.NOT_APPLICABLE:
            found.setdefault(question_of(attack), []).append(attack)
    others = [question for question in found if question not in (*QUESTIONS, DESCRIBED)]
    order = [question for question in (*QUESTIONS, *others, DESCRIBED) if question in found]
    order.sort(key=lambda question: _ORDER.index(worst(attack.status for attack in found[question])))
    return {question: sorted(found[question], key=_badness) for question in order}


def _badness(attack: Attack) -> tuple[int, bool, float]:
    order = (*_ORDER, Status.NOTE)
    gain = 0.0 if attack.risk is None else attack.risk - (attack.control or 0.0)
    return order.index(attack.status), attack.risk is None, -gain


def _group(
    key: str,
    question: Question,
    attacks: Sequence[Attack],
    checks: Mapping[str, Check],
    k: int,
    beside: str,
) -> AttackGroup:
    status = worst(attack.status for attack in attacks)
    is_described = question is DESCRIBED
    said = _DESCRIBED_ONLY if is_described else _told(question, checks)
    shared = _shared(attacks)
    against = _EXPECTED if is_described else beside
    kinds = (
        [attack for attack in attacks if not is_area(attack)],
        [attack for attack in attacks if is_area(attack)],
    )
    return AttackGroup(
        title=question.title,
        tag=tag_of(Status.NOTE if is_described else status),
        said=said,
        reading=question.reading,
        facts=shared,
        plots=tuple(
            attack_plot(f"{key}-{place}", kind, k, against, shared, said)
            for place, kind in enumerate(kinds, 1)
            if kind
        ),
        is_open=status in (Status.FAIL, Status.WARN),
    )


def _shared(attacks: Sequence[Attack]) -> tuple[FactRow, ...]:
    """Find what is told of every attack; who asks for some of them asks for the question."""
    facts = [attack_facts(attack) for attack in attacks]
    askers = {fact for own in facts for fact in own if fact.name == ASKED_BY}
    told = [fact for fact in facts[0] if fact.name != ASKED_BY and all(fact in own for own in facts)]
    return (*told, *(askers if len(askers) == 1 else ()))


def _told(question: Question, checks: Mapping[str, Check]) -> str:
    said = [_reason(checks.get(code)) for code in question.codes]
    return " ".join(text for text in said if text)


def _reason(check: Check | None) -> str:
    return clean(check.reason, LONGEST) if check is not None and check.reason else ""


def _unasked(attacks: Sequence[Attack], checks: Mapping[str, Check]) -> tuple[FactRow, ...]:
    """Name the questions that could not be asked, those with one reason together."""
    names: dict[str, list[str]] = {}
    for question in (*QUESTIONS, DESCRIBED):
        for code in question.codes:
            check = checks.get(code)
            if check is not None and check.status is Status.NOT_APPLICABLE:
                known = names.setdefault(_sentence(check.reason), [])
                name = check.name if question is DESCRIBED else question.title
                known += [] if name in known else [name]
    for attack in attacks:
        why = _sentence(attack.reason)
        if attack.status is Status.NOT_APPLICABLE and why not in names:
            names[why] = [attack.name]
    return tuple(
        FactRow(clean(", ".join(known), LONGEST), clean(why, LONGEST)) for why, known in names.items()
    )


def _sentence(reason: str) -> str:
    text = reason.removeprefix(_WHY_NOT).strip() or "no reason was given."
    return f"{text[0].upper()}{text[1:]}"


def _here(codes: Sequence[str], checks: Mapping[str, Check]) -> str:
    """Say which of the checks that are evidence for a source were judged in this report."""
    if not codes:
        return ""
    judged = [code for code in codes if code in checks and checks[code].status in SEVERITY]
    missing = [code for code in codes if code not in judged]
    parts = [("Judged here", judged), ("Not judged here", missing)]
    return " ".join(
        f"{words}: {', '.join(clean(checks[code].name) if code in checks else code for code in some)}."
        for words, some in parts
        if some
    )
