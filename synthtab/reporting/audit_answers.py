"""The three answers under the verdict: faithful, giving away, resting on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from synthtab.reporting.text import clean, interval, percent, percent_interval, plural
from synthtab.reporting.viewmodel import Answer, FactRow, Tag
from synthtab.results import Attack, AuditResult, Section, Status

__all__ = ["SECTIONS", "faithful", "gives_away", "rests_on"]

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

_SEVERITY = (Status.FAIL, Status.WARN, Status.PASS)
_FAITHFUL = {
    Status.FAIL: Tag("fail", "Not yet"),
    Status.WARN: Tag("warn", "With care"),
    Status.PASS: Tag("pass", "Yes"),
}


def _worst(statuses: Iterable[Status]) -> Status:
    known = set(statuses)
    return next((status for status in _SEVERITY if status in known), Status.NOT_APPLICABLE)


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
    status = _worst(
        [*checks, *(family.status for family in result.families if family.section is not Section.PRIVACY)]
    )
    tag = _FAITHFUL.get(status, Tag("na", "Not judged"))
    scored = [
        (family.calibrated, family)
        for family in result.families
        if family.calibrated is not None and family.status in _SEVERITY
    ]
    facts = [FactRow("Checks", _tally(checks))] if checks else []
    for answer, verb in ((Status.FAIL, "Fails on"), (Status.WARN, "Warns on")):
        names = [name for section, name in SECTIONS.items() if section in _sections_with(result, answer)]
        facts += [FactRow(verb, ", ".join(names))] if names else []
    if not scored:
        return Answer(question, tag, "–", "", "no family could be scored", tuple(facts))
    lowest, weakest = min(scored, key=lambda item: (_SEVERITY.index(item[1].status), item[0]))
    size, _, bounds = interval(lowest, weakest.low, weakest.high).partition(" ")
    close = [family for _, family in scored if family.status is Status.PASS]
    facts.insert(0, FactRow("Families that pass", f"{len(close)} of {len(scored)}"))
    caption = (
        f"{clean(weakest.label)}, the weakest family. 0\u00a0=\u00a0chance, 1\u00a0=\u00a0fresh real data"
    )
    return Answer(question, tag, size, bounds, caption, tuple(facts))


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
    tried = [attack for attack in result.attacks if attack.status in _SEVERITY]
    status = _worst([*privacy, *(attack.status for attack in tried)])
    words = {
        Status.FAIL: Tag("fail", "A leak was found"),
        Status.WARN: Tag("warn", "Unclear"),
        Status.PASS: Tag("pass", "No leak was found"),
    }
    tag = words.get(status, Tag("na", "Not tested"))
    facts = [FactRow("Checks", _tally(privacy))] if privacy else []
    measured = [attack for attack in tried if attack.risk is not None]
    if not measured:
        caption = (
            "no attack could be judged"
            if result.provenance.holdout
            else "no attack can be judged without a holdout"
        )
        return Answer(question, tag, "–", "", caption, tuple(facts))
    strongest = min(measured, key=lambda attack: (_SEVERITY.index(attack.status), -_gain(attack)))
    risk = percent_interval(strongest.risk, strongest.low, strongest.high)
    size, _, bounds = risk.partition(" [")
    control = (
        f"; {percent(strongest.control)} on people who are not in the data"
        if strongest.control is not None
        else ""
    )
    if strongest.smallest_seen:
        facts.append(FactRow("Would have seen", clean(strongest.smallest_seen)))
    caption = f"{clean(strongest.name)}{control}"
    return Answer(question, tag, size, f"[{bounds}" if bounds else "", caption, tuple(facts))


def _gain(attack: Attack) -> float:
    """Give success over that on outsiders: twice a small rate says more than a point of a large one."""
    least = 0.001
    return ((attack.risk or 0.0) + least) / ((attack.control or 0.0) + least)


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
    asked = [check for check in result.checks if check.status in _SEVERITY]
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
