"""The recommended rows of a board, fitted anew and audited on real rows that nobody searched on."""

from __future__ import annotations

from synthtab.reporting.audit_answers import CONTEXT_TAGS
from synthtab.reporting.audit_charts import family_strip, tag_of
from synthtab.reporting.board_model import CircleCell, FinalView
from synthtab.reporting.check_rows import check_row
from synthtab.reporting.text import clean, plural
from synthtab.results import BoardResult, FinalAnswer, Status

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
            # the reason names the columns; the audit itself names the others
            check_row(check, most_named=0)
            for status in _SPEAKING
            for check in item.checks
            if check.status is status
        ),
        counts=f"Seed {item.seed}. Of {plural(len(item.checks), 'check')}, "
        + (", ".join(f"{count} {word}" for word, count in counts if count) or "none was judged")
        + ".",
    )
