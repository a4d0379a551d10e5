"""The answers under the verdict: faithful, giving away, who may have it, and what they rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from synthtab.reporting.attack_groups import SEVERITY, is_area, question_of, strongest, worst
from synthtab.reporting.text import clean, interval, percent_interval, plural
from synthtab.reporting.viewmodel import Answer, FactRow, Tag
from synthtab.results import Attack, AuditResult, ContextAnswer, Section, Status, Verdict

__all__ = ["CONTEXT_TAGS", "SECTIONS", "faithful", "gives_away", "may_have", "rests_on"]

SECTIONS = {
    Section.SCHEMA: "Schema and rules",
    Section.MARGINAL: "Marginals",
    Section.ASSOCIATION: "Associations",
    Section.RARE: "Rare categories",
    Section.TAILS: "Tails",
    Section.SUBGROUPS: "Subgroups",
    Section.UTILITY: "Utility",
    Section.DETECTION: "Detection",
    Section.PRIVACY: "Privacy",
}
"""Names of the sections for people."""

CONTEXT_TAGS = {
    Verdict.PASS: Tag("pass", "yes"),
    Verdict.WARN: Tag("warn", "with the notes"),
    Verdict.FAIL: Tag("fail", "no"),
}
"""Whether a circle of readers may have the table."""

_MOST_NAMED = 3
_FAITHFUL = {
    Status.FAIL: Tag("fail", "Not yet"),
    Status.WARN: Tag("warn", "With care"),
    Status.PASS: Tag("pass", "Yes"),
}


def _tally(statuses: Iterable[Status]) -> str:
    """Count answers in words, worst first."""
    words = {
        Status.FAIL: "failed",
        Status.WARN: "warned",
        Status.PASS: "passed",
        Status.NOT_APPLICABLE: "could not be asked",
        Status.NOTE: "described only",
    }
    counts = Counter(statuses)
    return ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status])


def faithful(result: AuditResult) -> Answer:
    """Answer with the weakest family: an average would hide it.

    Parameters
    ----------
    result : AuditResult
        Its releasable form.

    Returns
    -------
    Answer
        Whether it is faithful.
    """
    question = "Is it faithful?"
    checks = [check.status for check in result.checks if check.section is not Section.PRIVACY]
    status = worst(
        [*checks, *(family.status for family in result.families if family.section is not Section.PRIVACY)]
    )
    tag = _FAITHFUL.get(status, Tag("na", "Not judged"))
    scored = [
        (family.calibrated, family)
        for family in result.families
        if family.calibrated is not None and family.status in SEVERITY
    ]
    facts = [FactRow("Checks", _tally(checks))] if checks else []
    for answer, verb in ((Status.FAIL, "Fails on"), (Status.WARN, "Warns on")):
        names = [name for section, name in SECTIONS.items() if section in _sections_with(result, answer)]
        facts += [FactRow(verb, ", ".join(names))] if names else []
    if not scored:
        return Answer(question, tag, "–", "", "no family could be scored", tuple(facts))
    lowest, weakest = min(scored, key=lambda item: (SEVERITY.index(item[1].status), item[0]))
    size, _, bounds = interval(lowest, weakest.low, weakest.high).partition(" ")
    close = [family for _, family in scored if family.status is Status.PASS]
    facts.insert(0, FactRow("Families that pass", f"{len(close)} of {len(scored)}"))
    caption = (
        f"{clean(weakest.label)}, the weakest family. 0\u00a0=\u00a0chance, 1\u00a0=\u00a0fresh real data"
    )
    band = interval(1.0, weakest.band_low, weakest.band_high)
    return Answer(question, tag, size, bounds, caption, tuple(facts), beside=f"fresh real data: {band}")


def _sections_with(result: AuditResult, status: Status) -> set[Section]:
    """Give the sections, privacy apart, in which a check has this answer."""
    return {c.section for c in result.checks if c.status is status and c.section is not Section.PRIVACY}


def gives_away(result: AuditResult) -> Answer:
    """Answer with the attack that found most, or would have, beyond what it finds on outsiders.

    Parameters
    ----------
    result : AuditResult
        Its releasable form.

    Returns
    -------
    Answer
        Whether it gives anything away.
    """
    question = "What does it give away?"
    privacy = [check.status for check in result.checks if check.section is Section.PRIVACY]
    tried = [attack for attack in result.attacks if attack.status in SEVERITY]
    status = worst([*privacy, *(attack.status for attack in tried)])
    words = {
        Status.FAIL: Tag("fail", "A leak was found"),
        Status.WARN: Tag("warn", "Unclear"),
        Status.PASS: Tag("pass", "No leak was found"),
    }
    tag = words.get(status, Tag("na", "Not tested"))
    facts = [FactRow("Checks", _tally(privacy))] if privacy else []
    for answer, verb in ((Status.FAIL, "Fails on"), (Status.WARN, "Warns on")):
        names = list(dict.fromkeys(question_of(item).title for item in tried if item.status is answer))
        more = len(names) - _MOST_NAMED
        shown = f"{', '.join(names[:_MOST_NAMED])} and {more} more" if more > 1 else ", ".join(names)
        facts += [FactRow(verb, shown)] if names else []
    attack = strongest(tried)
    if attack is None:
        caption = (
            "no attack could be judged"
            if result.provenance.holdout
            else "no attack can be judged without a holdout"
        )
        return Answer(question, tag, "–", "", caption, tuple(facts))
    if attack.smallest_seen:
        facts.append(FactRow("Would have seen", clean(attack.smallest_seen)))
    return Answer(
        question, tag, *_headline(attack, result.provenance.k), tuple(facts), beside=_beside(attack, result)
    )


def _headline(attack: Attack, k: int) -> tuple[str, str, str]:
    """Write the figure of an attack, its interval, and what it is."""
    name = clean(attack.name)
    if attack.risk is None:
        if not question_of(attack).has_rates:
            found = ("≥ 1", "person or value") if attack.status is Status.FAIL else ("No rate", "")
            return *found, f"{name}: one is enough"
        return "Withheld", "", f"{name}: fewer than {k} people stand behind the figure"
    if is_area(attack):
        size, _, bounds = interval(attack.risk, attack.low, attack.high).partition(" ")
        return size, bounds, f"{name}, area under the curve: 0.5\u00a0is guessing, 1\u00a0is certain"
    size, _, bounds = percent_interval(attack.risk, attack.low, attack.high).partition(" [")
    return size, f"[{bounds}" if bounds else "", name


def _beside(attack: Attack, result: AuditResult) -> str:
    """Write what the same attack finds where nothing can have leaked."""
    if attack.risk is None:
        return ""
    if is_area(attack):
        return "guessing: 0.5"
    if attack.control is None:
        return ""
    shown = percent_interval(attack.control, attack.control_low, attack.control_high)
    if result.provenance.holdout:
        return f"people who are not in the data: {shown}"
    return f"expected without a leak: {shown}"


def may_have(result: AuditResult) -> Answer | None:
    """Say to whom the table may go, circle by circle.

    Parameters
    ----------
    result : AuditResult
        Its releasable form.

    Returns
    -------
    Answer or None
        None when no circle was asked about.
    """
    if not result.contexts:
        return None
    policy = f" under the policy “{clean(result.provenance.policy)}”" if result.provenance.policy else ""
    return Answer(
        "Who may have it?",
        None,
        "",
        "",
        "",
        tuple(_may_have(context) for context in result.contexts),
        f"As far as these attacks can tell{policy}.",
    )


def _may_have(context: ContextAnswer) -> FactRow:
    return FactRow(clean(context.label), "", CONTEXT_TAGS[context.answer])


def rests_on(result: AuditResult) -> Answer:
    """Say how much evidence there is, and how far it reaches.

    Parameters
    ----------
    result : AuditResult
        Its releasable form.

    Returns
    -------
    Answer
        Rows, holdout, checks.
    """
    source = result.provenance
    asked = [check for check in result.checks if check.status in SEVERITY]
    questions = [check for check in result.checks if check.status is not Status.NOTE]
    held = FactRow("Held out, never fitted on", f"{source.n_holdout:,}")
    if not source.holdout:
        held = FactRow("Held out", "none: fidelity is optimistic, privacy untested", Tag("warn", "Careful"))
    facts = (
        FactRow("Real rows", f"{source.n_train:,}"),
        held,
        FactRow("Synthetic rows compared", f"{source.n_compared:,} of {source.n_synthetic:,}"),
        FactRow("Limits told below", f"{len(result.limits)}"),
    )
    caption = f"checks could be asked, over {plural(source.n_columns, 'column')}"
    big = f"{len(asked)} of {len(questions)}"
    return Answer("What does it rest on?", None, big, "", caption, facts)
