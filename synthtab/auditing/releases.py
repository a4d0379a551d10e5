"""Several synthetic tables from one source: what they say together, and each on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from synthtab.errors import DataError
from synthtab.results import AuditResult, ContextAnswer, Release, Section, Verdict
from synthtab.tables import read_frame
from synthtab.tables.source import TableLike

__all__ = ["audit_releases"]


def audit_releases(tables: Sequence[TableLike], judge: Callable[[TableLike], AuditResult]) -> AuditResult:
    """Judge several releases together and each on its own.

    An attacker holds them all, so privacy is asked of their rows put together; fidelity is asked of each too,
    because a bad release is not mended by a good one.

    Parameters
    ----------
    tables : sequence of table
        The releases.
    judge : callable
        Audits one table.

    Returns
    -------
    AuditResult
        Of all rows together; its verdict is no better than that of the worst release.

    Raises
    ------
    DataError
        When there is no table.
    """
    if not tables:
        raise DataError("No synthetic table was given.", hint="Pass at least one table in the list.")
    frames = [read_frame(table) for table in tables]
    # a single table is judged as it was given: a file may say beside it where it came from
    if len(tables) == 1:
        return judge(tables[0])
    together = judge(pd.concat(frames, ignore_index=True))
    results = [judge(frame) for frame in frames]
    releases = tuple(
        _release(f"release {number}", len(frame), result)
        for number, (frame, result) in enumerate(zip(frames, results, strict=True), start=1)
    )
    verdict = Verdict.worst([together.verdict, *(release.verdict for release in releases)])
    return replace(
        together,
        verdict=verdict,
        summary=_summary(together, releases, verdict),
        releases=releases,
        contexts=tuple(_worst_context(context, results) for context in together.contexts),
    )


def _worst_context(together: ContextAnswer, results: Sequence[AuditResult]) -> ContextAnswer:
    """Let no circle of readers have all tables that may not have one of them."""
    answer, reasons = together.answer, list(together.reasons)
    for number, result in enumerate(results, start=1):
        own = result.context(together.name)
        if Verdict.worst([answer, own.answer]) is not answer:
            answer, reasons = own.answer, [f"Release {number}: {reason}" for reason in own.reasons]
    return replace(together, answer=answer, reasons=tuple(reasons))


def _release(name: str, rows: int, result: AuditResult) -> Release:
    def having(verdict: Verdict) -> tuple[Section, ...]:
        return tuple(section for section in Section if result.section_verdict(section) is verdict)

    return Release(name, rows, result.verdict, result.summary, having(Verdict.FAIL), having(Verdict.WARN))


def _summary(together: AuditResult, releases: tuple[Release, ...], verdict: Verdict) -> str:
    worse = [release.name for release in releases if release.verdict is verdict]
    alone = f" On its own, {worse[0]} is judged worse." if together.verdict is not verdict else ""
    return f"{len(releases)} releases from one source, judged together. {together.summary}{alone}"
