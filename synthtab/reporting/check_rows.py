"""One check as a row of a table: what was found, what was wanted, and what to do."""

from __future__ import annotations

from synthtab.reporting.audit_answers import SECTIONS
from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.text import clean, figure, interval, p_value, threshold
from synthtab.reporting.viewmodel import CheckRow
from synthtab.results import Check, Status

__all__ = ["check_row"]

_LONGEST = 2_000


def check_row(check: Check, most_named: int = 3) -> CheckRow:
    """Turn one check into a row.

    Parameters
    ----------
    check : Check
        The check, in its releasable form.
    most_named : int
        How many of its columns to name; those that its reason names are not named again.

    Returns
    -------
    CheckRow
        Plain strings.
    """
    value, beside = check.value, check.threshold
    unnamed = [name for name in check.columns if name not in check.reason]
    return CheckRow(
        code=clean(check.code),
        name=clean(check.name),
        section=SECTIONS[check.section],
        tag=tag_of(check.status),
        found=_why_none(check) or interval(value, check.low, check.high, beside=beside),
        wanted=threshold(beside, value, at_least=check.at_least),
        fresh=figure(check.reference),
        seen=figure(check.smallest_seen),
        p_value=p_value(check.p_value),
        reason=clean(check.reason, _LONGEST) if check.reason else "",
        remedy=clean(check.remedy, _LONGEST) if check.remedy else "",
        columns=tuple(clean(name) for name in unnamed[:most_named]),
        more_columns=max(len(unnamed) - most_named, 0),
    )


def _why_none(check: Check) -> str:
    if check.value is not None:
        return ""
    if not check.releasable:
        return "withheld"
    return "not applicable" if check.status is Status.NOT_APPLICABLE else ""
