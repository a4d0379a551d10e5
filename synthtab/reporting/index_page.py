"""A folder of reports as a page: by kind, a sentence each, and where each leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from synthtab.reporting.gate_page import GATE_TAGS
from synthtab.reporting.study_arms import headline
from synthtab.reporting.text import clean, plural
from synthtab.reporting.viewmodel import NavItem, Tag
from synthtab.results import AuditResult, BoardResult, GateResult, GateStatus, Role, StudyResult

__all__ = ["IndexEntry", "IndexGroup", "IndexPage", "IndexRow", "index_entry", "index_page"]

_LONGEST = 2_000
_THOUSAND = 1_000
_KINDS = {
    "audit": ("Audits", "Is one synthetic table faithful, what does it give away, and who may have it?"),
    "board": ("Comparisons", "Which synthesizer should one take for a table?"),
    "gate": ("Gates", "Is a synthesizer choice still worth what it was?"),
    "study": ("Recursion studies", "What becomes of a table that is trained on its own copies?"),
}
_OTHER = ("Other reports", "")


@dataclass(frozen=True)
class IndexEntry:
    """One report in a folder.

    Parameters
    ----------
    file : str
        Name of the HTML file, in the folder.
    kind : str
        audit, board, gate or study.
    title : str
        What it is about.
    verdict : GateStatus or None
        Its answer; None for reports that judge nothing.
    sentence : str
        What it says, in a sentence or two.
    meta : str
        Date, rows, seeds.
    size : int
        Of the HTML file, in bytes.
    """

    file: str
    kind: str
    title: str
    verdict: GateStatus | None
    sentence: str
    meta: str
    size: int


def index_entry(
    result: AuditResult | BoardResult | GateResult | StudyResult, file: str, size: int
) -> IndexEntry:
    """Describe one report.

    Parameters
    ----------
    result : AuditResult, BoardResult, GateResult or StudyResult
        What the report shows.
    file : str
        Name of its HTML file.
    size : int
        Of the HTML file, in bytes.

    Returns
    -------
    IndexEntry
        What the index says of it.
    """
    if isinstance(result, AuditResult):
        source = result.provenance
        made = f", made by {source.synthesizer}" if source.synthesizer else ""
        meta = f"{source.created} · {source.n_train:,} real and {source.n_synthetic:,} synthetic rows"
        verdict = GateStatus(result.verdict.value)
        return IndexEntry(file, "audit", f"{source.title}{made}", verdict, result.summary, meta, size)
    if isinstance(result, BoardResult):
        settings = result.settings
        contenders = sum(row.role is Role.CONTENDER for row in result.rows)
        meta = (
            f"{settings.created} · {plural(contenders, 'contender')}, "
            f"{plural(len(settings.seeds), 'refit')} each"
        )
        title = f"{settings.table or 'A table'}: which synthesizer to take"
        return IndexEntry(file, "board", title, _board_verdict(result), result.summary, meta, size)
    if isinstance(result, GateResult):
        title = f"{result.table}, made by {result.synthesizer_now}"
        meta = f"{plural(len(result.figures), 'figure')} · {plural(len(result.changes), 'change')}"
        return IndexEntry(file, "gate", title, result.status, result.summary, meta, size)
    own = result.settings
    meta = (
        f"{plural(len(result.arms), 'arm')} · {plural(own.generations, 'generation')} · "
        f"{plural(len(own.seeds), 'chain')} an arm"
    )
    title = f"{own.table or 'A table'}, trained on its own copies"
    return IndexEntry(file, "study", title, None, headline(result), meta, size)


def _board_verdict(result: BoardResult) -> GateStatus:
    """Pass where every circle of readers has a recommendation, fail where none has."""
    found = [bool(item.synthesizer) for item in result.recommendations]
    if found and all(found):
        return GateStatus.PASS
    return GateStatus.WARN if any(found) else GateStatus.FAIL


@dataclass(frozen=True)
class IndexRow:
    """One report as the page shows it.

    Parameters
    ----------
    address : str
        Where the link leads: a file beside the page.
    title, sentence, meta : str
        What is said.
    tag : Tag
        Its answer.
    """

    address: str
    title: str
    sentence: str
    meta: str
    tag: Tag


@dataclass(frozen=True)
class IndexGroup:
    """Reports of one kind.

    Parameters
    ----------
    key, title, question : str
        The kind.
    rows : tuple of IndexRow
        By name of the file.
    """

    key: str
    title: str
    question: str
    rows: tuple[IndexRow, ...]


@dataclass(frozen=True)
class IndexPage:
    """The page of a folder.

    Parameters
    ----------
    meta : tuple of str
        How many reports.
    nav : tuple of NavItem
        Contents.
    groups : tuple of IndexGroup
        By kind.
    """

    meta: tuple[str, ...]
    nav: tuple[NavItem, ...]
    groups: tuple[IndexGroup, ...]


def index_page(entries: Sequence[IndexEntry]) -> IndexPage:
    """Turn the reports of a folder into a page.

    Parameters
    ----------
    entries : sequence of IndexEntry
        In any order.

    Returns
    -------
    IndexPage
        By kind, and within one by name of the file.
    """
    by_kind: dict[str, list[IndexEntry]] = {kind: [] for kind in (*_KINDS, "other")}
    for entry in sorted(entries, key=lambda entry: entry.file):
        by_kind[entry.kind if entry.kind in _KINDS else "other"].append(entry)
    groups = tuple(
        IndexGroup(kind, *_KINDS.get(kind, _OTHER), tuple(map(_row, own)))
        for kind, own in by_kind.items()
        if own
    )
    return IndexPage(
        meta=(plural(len(entries), "report"),),
        nav=tuple(NavItem(group.key, group.title, None) for group in groups),
        groups=groups,
    )


_BOARD_TAGS = {
    GateStatus.PASS: Tag("pass", "One for every reader"),
    GateStatus.WARN: Tag("warn", "For some readers only"),
    GateStatus.FAIL: Tag("fail", "None to take"),
}


def _row(entry: IndexEntry) -> IndexRow:
    tag = Tag("note", "Described, not judged") if entry.verdict is None else GATE_TAGS[entry.verdict]
    if entry.kind == "board" and entry.verdict in _BOARD_TAGS:
        tag = _BOARD_TAGS[entry.verdict]
    meta = clean(entry.meta, _LONGEST).strip(" ·")
    return IndexRow(
        # a name with a colon would be read as an address of another kind
        address=f"./{quote(entry.file, safe='', errors='replace')}",
        title=clean(entry.title) if entry.title else "A table",
        sentence=clean(entry.sentence, _LONGEST) if entry.sentence else "",
        meta=f"{meta} · {max(round(entry.size / _THOUSAND), 1):,} kB",
        tag=tag,
    )
