"""From a finding to an answer: pass, warn, fail or not applicable."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synthtab.auditing.policy import Margin, Policy
from synthtab.results import Check, Section, Status

__all__ = ["Finding", "judge", "p_words"]


@dataclass(frozen=True)
class Finding:
    """What a check found, before it is held against a margin.

    Parameters
    ----------
    code, section, name : str, Section, str
        Which check.
    value, low, high : float or None
        The figure and its 95 % interval.
    reference : float or None
        What fresh real data would have.
    p_value : float or None
        Adjusted for all checks of the same budget.
    smallest_seen : float or None
        Smallest departure that the check had an 80 % chance to call significant.
    remedy : str
        What to do.
    columns : tuple of str
        Worst columns.
    margin : Margin or None
        Overrides the policy's margin.
    not_applicable : str
        Why the check cannot be asked.
    note : str
        For a description without a verdict: what it says.
    detail : str
        One more sentence for the reason.
    cap : str
        Why the check can warn at best, in a sentence.
    """

    code: str
    section: Section
    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reference: float | None = None
    p_value: float | None = None
    smallest_seen: float | None = None
    remedy: str = ""
    columns: tuple[str, ...] = ()
    margin: Margin | None = None
    not_applicable: str = ""
    note: str = ""
    detail: str = ""
    cap: str = ""


# the direction of each check, by code; everything else is better when larger
_AT_MOST = frozenset(
    {
        *("STB001", "STB002", "STB105", "STB106", "STB107", "STB108", "STB109"),
        *("STB204", "STB206", "STB207", "STB303", "STB501", "STB503", "STB701"),
    }
)
_ADDED_TO_REFERENCE = frozenset({"STB001", "STB002", "STB207", "STB303"})
_RATIO = frozenset({"STB302", "STB304", "STB305"})
_BLIND = "No difference was seen, but these tables are too small to see one that matters"
_MORE_ROWS = "Audit with more rows, real and synthetic, before relying on this."


def judge(finding: Finding, policy: Policy) -> Check:
    """Answer one check.

    Parameters
    ----------
    finding : Finding
        What was found.
    policy : Policy
        Margins and budgets.

    Returns
    -------
    Check
        FAIL when significant and beyond the margin; WARN when significant within it, or when twice the
        tolerance could have gone unseen; PASS otherwise. Privacy has no margin: significant is FAIL.
    """
    if finding.not_applicable:
        return _check(finding, Status.NOT_APPLICABLE, None, f"Not applicable: {finding.not_applicable}.")
    if finding.note:
        return _check(finding, Status.NOTE, None, finding.note)
    assert finding.p_value is not None
    significant = finding.p_value <= policy.budget(finding.section, finding.code)
    if finding.section is Section.PRIVACY:
        status = Status.FAIL if significant else Status.PASS
        reason = finding.detail or _evidence(finding, significant=significant)
        if not significant and finding.cap:
            return _check(finding, Status.WARN, None, f"{finding.cap} {reason}")
        if not significant and finding.smallest_seen is None:
            return _check(finding, Status.WARN, None, f"{_BLIND}. {reason}")
        return _check(finding, status, None, reason)
    margin = finding.margin or policy.margins[finding.code]
    threshold = margin.threshold
    if finding.code in _ADDED_TO_REFERENCE:
        threshold += finding.reference or 0.0
    beyond = _beyond(finding, threshold)
    blind = finding.smallest_seen is not None and finding.smallest_seen > 2 * margin.tolerance
    status = Status.PASS
    if significant:
        status = Status.FAIL if beyond else Status.WARN
    elif blind:
        status = Status.WARN
    return _check(
        finding, status, threshold, _reason(finding, significant=significant, beyond=beyond, blind=blind)
    )


def p_words(p_value: float | None) -> str:
    """Say a p-value as far as it means something.

    Parameters
    ----------
    p_value : float or None
        From 0 to 1.

    Returns
    -------
    str
        ``p < 0.001`` or two digits.
    """
    if p_value is None:
        return "no p-value"
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"  # noqa: PLR2004 - permutations end there


def _beyond(finding: Finding, threshold: float) -> bool:
    value = finding.value
    if value is None or math.isnan(value):
        return True
    if finding.code in _RATIO:
        return not threshold <= value <= 1 / threshold
    return value > threshold if finding.code in _AT_MOST else value < threshold


def _evidence(finding: Finding, *, significant: bool) -> str:
    word = "beyond" if significant else "within"
    return f"This is {word} what fresh real data shows ({p_words(finding.p_value)})."


def _reason(finding: Finding, *, significant: bool, beyond: bool, blind: bool) -> str:
    if significant and beyond:
        first = "Worse than fresh real data, and beyond the margin"
    elif significant:
        first = "Worse than fresh real data, but within the margin"
    elif blind:
        first = _BLIND
    elif beyond:
        first = "Beyond the margin, but fresh real data of this size does as badly by chance"
    else:
        first = "As good as fresh real data, as far as can be seen"
    where = f" Most in {', '.join(finding.columns)}." if finding.columns and significant else ""
    extra = f" {finding.detail}" if finding.detail else ""
    return f"{first} ({p_words(finding.p_value)}).{where}{extra}"


def _check(finding: Finding, status: Status, threshold: float | None, reason: str) -> Check:
    return Check(
        code=finding.code,
        section=finding.section,
        name=finding.name,
        status=status,
        value=_or_none(finding.value),
        low=_or_none(finding.low),
        high=_or_none(finding.high),
        threshold=threshold,
        at_least=finding.code not in _AT_MOST,
        reference=finding.reference,
        p_value=finding.p_value,
        smallest_seen=_or_none(finding.smallest_seen),
        reason=reason,
        remedy=_remedy(finding, status, reason),
        columns=finding.columns,
    )


def _remedy(finding: Finding, status: Status, reason: str) -> str:
    if status not in (Status.WARN, Status.FAIL):
        return ""
    return _MORE_ROWS if reason.startswith(_BLIND) else finding.remedy


def _or_none(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
