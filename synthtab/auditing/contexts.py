"""Contexts: whether the table may go to colleagues, to partners, to the public, and why."""

from __future__ import annotations

from synthtab.auditing.policy import Policy, ReleaseContext
from synthtab.results import Check, ContextAnswer, Status, Verdict

__all__ = ["answer_contexts"]

_COPY_CHECKS = ("STB801", "STB802")


def answer_contexts(
    checks: tuple[Check, ...], policy: Policy, *, rare_values_stand: bool
) -> tuple[ContextAnswer, ...]:
    """Answer for each circle of readers of a policy.

    Parameters
    ----------
    checks : tuple of Check
        Every answer of the audit.
    policy : Policy
        Its circles.
    rare_values_stand : bool
        Whether a level that only a few people hold, and that is not public, stands in the table.

    Returns
    -------
    tuple of ContextAnswer
        No where a required check fails or could not be asked; with the notes where one warns, where too
        large a leak would have gone unseen, or where a rare value stands in it; yes otherwise.
    """
    return tuple(_answer(context, checks, rare_values_stand) for context in policy.contexts)


def _answer(context: ReleaseContext, checks: tuple[Check, ...], rare_values_stand: bool) -> ContextAnswer:
    known = {check.code: check for check in checks}
    against: list[str] = []
    notes: list[str] = []
    for code, why in context.required.items():
        check = known.get(code)
        if check is None or check.status is Status.NOT_APPLICABLE:
            name = code if check is None else f"{code} {check.name}"
            unasked = against if context.must_be_judged else notes
            unasked.append(f"{name}: could not be asked; {why}.")
        elif check.status is Status.FAIL:
            against.append(f"{code} {check.name}: failed; {why}.")
        elif check.status is Status.WARN:
            notes.append(f"{code} {check.name}: not settled; {why}.")
    unseen = [check.smallest_seen for code in _COPY_CHECKS if (check := known.get(code)) is not None]
    smallest = min((share for share in unseen if share is not None), default=None)
    if context.largest_unseen is not None and smallest is not None and smallest > context.largest_unseen:
        notes.append(
            f"Up to {100 * smallest:.2g} % of the training rows could be copied unseen; here at most "
            f"{100 * context.largest_unseen:.2g} % should be. Audit with more rows, half of them held out."
        )
    if context.no_rare_value and rare_values_stand:
        notes.append(f"A value that only a few people hold stands in the table; {context.no_rare_value}.")
    answer = Verdict.FAIL if against else Verdict.WARN if notes else Verdict.PASS
    return ContextAnswer(
        context.name,
        context.label,
        context.readers,
        answer,
        (*against, *notes),
        tuple(context.required),
    )
