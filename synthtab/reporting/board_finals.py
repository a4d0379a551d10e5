"""The recommended rows of a board, fitted anew and audited on real rows that nobody searched on."""

from __future__ import annotations

from synthtab.reporting.audit_answers import CONTEXT_TAGS, SECTIONS
from synthtab.reporting.audit_charts import family_strip, tag_of
from synthtab.reporting.board_model import CircleCell, FinalView
from synthtab.reporting.text import clean, figure, interval, p_value, plural, threshold
from synthtab.reporting.viewmodel import CheckRow
from synthtab.results import BoardResult, Check, FinalAnswer, Status

__all__ = ["final_views"]

_LONGEST = 2_000
_SPEAKING = (Status.FAIL, Status.WARN)
_COUNTED = (
    (Status.FAIL, "failed"),
    (Status.WARN, "warned"),
    (Status.PASS, "passed"),
    (Status.NOT_APPLICABLE, "could not be asked"),
)


def final_views(result: BoardResult) -> tuple[FinalView, ...]:
    """Show what became of each recommendation.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.

    Returns
    -------
    tuple of FinalView
        In the order of the result.
    """
    return tuple(_final(item, f"final-{place}") for place, item in enumerate(result.finals, 1))


def _final(item: FinalAnswer, key: str) -> FinalView:
    counts = [(word, sum(check.status is status for check in item.checks)) for status, word in _COUNTED]
    return FinalView(
        key=key,
        name=clean(item.synthesizer),
        taken=", ".join(clean(label) for label in item.contexts),
        verdict=tag_of(Status(item.verdict.value)),
        summary=clean(item.summary, _LONGEST) if item.summary else "",
        circles=tuple(
            CircleCell(
                clean(answer.label),
                (CONTEXT_TAGS[answer.answer],),
                tuple(clean(reason, _LONGEST) for reason in answer.reasons),
            )
            for answer in item.answers
        ),
        families=family_strip(item.families),
        checks=tuple(
            _decided(check) for status in _SPEAKING for check in item.checks if check.status is status
        ),
        counts=f"Seed {item.seed}. Of {plural(len(item.checks), 'check')}, "
        + (", ".join(f"{count} {word}" for word, count in counts if count) or "none was judged")
        + ".",
    )


def _decided(check: Check) -> CheckRow:
    beside = check.threshold
    return CheckRow(
        code=clean(check.code),
        name=clean(check.name),
        section=SECTIONS[check.section],
        tag=tag_of(check.status),
        found=interval(check.value, check.low, check.high, beside=beside),
        wanted=threshold(beside, check.value, at_least=check.at_least),
        fresh=figure(check.reference),
        seen=figure(check.smallest_seen),
        p_value=p_value(check.p_value),
        reason=clean(check.reason, _LONGEST) if check.reason else "",
        remedy=clean(check.remedy, _LONGEST) if check.remedy else "",
        columns=(),
        more_columns=0,
    )
