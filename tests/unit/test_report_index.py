"""The index of a folder of reports: by kind, a sentence each, the answer as icon and word."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from board_fixture import failed_board, lonely_board, nhanes_board
from gate_fixture import failing_gate, incomparable_gate, passing_gate
from page_checks import (
    CORPUS,
    HARMLESS,
    by_class,
    check_nothing_runs,
    check_quiet,
    check_structure,
    check_texts_stay_text,
    parsed,
    said,
)
from report_fixture import nhanes_audit
from study_fixture import short_study

from synthtab.reporting.html import render, render_index
from synthtab.reporting.index_page import IndexEntry, index_entry
from synthtab.results import AuditResult, BoardResult, GateResult, GateStatus, StudyResult

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_reports.py"
RESULTS: dict[str, AuditResult | BoardResult | GateResult | StudyResult] = {
    "z-audit": nhanes_audit(),
    "board": nhanes_board(),
    "gate-a": failing_gate(),
    "gate-b": passing_gate(),
    "study": short_study(),
}


def _entries() -> list[IndexEntry]:
    return [index_entry(result, f"{name}.html", 1_234_567) for name, result in RESULTS.items()]


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_reports", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _written(folder: Path) -> None:
    for name, result in RESULTS.items():
        (folder / f"{name}.json").write_text(result.to_json(), encoding="utf-8")
        (folder / f"{name}.html").write_text(render(result), encoding="utf-8")


def test_reports_are_grouped_by_kind() -> None:
    """Audits, comparisons, gates, studies, each under a heading with a question; within one by file name."""
    page = parsed(render_index(_entries()[::-1]))
    assert [said(h) for h in page.all("h2")] == ["Audits", "Comparisons", "Gates", "Recursion studies"]
    links = [a.attributes["href"] for h in page.all("h3") for a in h.all("a")]
    assert links == ["./z-audit.html", "./board.html", "./gate-a.html", "./gate-b.html", "./study.html"]
    check_nothing_runs(page, {"#hatch"}, set(links))
    check_structure(page)


def test_each_report_has_its_answer_as_icon_and_word() -> None:
    """The verdict of an audit or gate; for whom a board found something; a study is described."""
    page = parsed(render_index(_entries()))
    cards = by_class(page, "li", "card")
    assert [said(by_class(card, "span", "tag")[0]) for card in cards] == [
        *("Fail", "For some readers only", "Fail", "Pass", "Described, not judged"),
    ]
    assert all(len(card.all("use")) == 1 for card in cards)
    assert failing_gate().summary in said(cards[2])
    assert said(cards[1]).endswith("2026-11-25 · 8 contenders, 5 refits each · 1,235 kB")


@pytest.mark.parametrize(
    ("board", "verdict"),
    [
        (nhanes_board(), GateStatus.WARN),
        (failed_board(), GateStatus.FAIL),
        (lonely_board(), GateStatus.FAIL),
        (replace(nhanes_board(), recommendations=nhanes_board().recommendations[:2]), GateStatus.PASS),
    ],
)
def test_a_board_passes_when_every_reader_has_something_to_take(
    board: BoardResult, verdict: GateStatus
) -> None:
    """All circles served: pass; some: warn; none, or none asked: fail."""
    assert index_entry(board, "b.html", 1).verdict is verdict


def test_a_gate_that_compares_nothing_is_no_pass() -> None:
    """An incomparable gate keeps its own word."""
    page = parsed(render_index([index_entry(incomparable_gate(), "g.html", 10)]))
    assert said(by_class(page, "span", "tag")[0]) == "Not comparable"
    assert "1 kB" in said(page.root)


def test_an_empty_folder_says_so() -> None:
    """Without a report there is a page, and it says that there is none."""
    page = parsed(render_index([]))
    assert "There is no report in this folder." in said(page.root)
    check_quiet(render_index([]))


def _named(texts: Sequence[str]) -> list[IndexEntry]:
    return [
        IndexEntry(f"{n:03}{text}.html", text if n % 7 == 0 else "gate", text, GateStatus.PASS, text, text, n)
        for n, text in enumerate(texts)
    ]


def test_two_hundred_hostile_texts_stay_text() -> None:
    """Titles, sentences and names of files are shown or linked as they are; no link leaves the folder."""
    source = render_index(_named(CORPUS))
    page = parsed(source)
    check_quiet(source)
    check_texts_stay_text(page, parsed(render_index(_named(HARMLESS))), CORPUS)
    links = {a.attributes["href"] for a in page.all("a") if not a.attributes["href"].startswith("#")}
    assert len(links) == 200
    for address in links:
        assert address.startswith("./")
        assert not set(address[2:]) & set("/:?#<>\"' \\")
    check_nothing_runs(page, {"#hatch"}, links)


def test_a_script_as_a_file_name_is_no_script() -> None:
    """A file called like an address of another kind is linked as a file in this folder."""
    source = render_index([IndexEntry("javascript:alert(1)", "gate", "t", GateStatus.PASS, "s", "m", 1)])
    assert 'href="./javascript%3Aalert%281%29"' in source


def test_the_script_indexes_a_folder(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every JSON beside a page is read by its kind, others are passed over; the same folder, same bytes."""
    _written(tmp_path)
    (tmp_path / "lonely.json").write_text(failing_gate().to_json(), encoding="utf-8")
    (tmp_path / "other.json").write_text('{"kind": "Baseline"}', encoding="utf-8")
    (tmp_path / "other.html").write_text("", encoding="utf-8")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "list.html").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["write_reports.py", "--folder", str(tmp_path)])
    assert script.main() == 0
    told = capsys.readouterr().out
    assert "wrote: index.html" in told
    assert "board.html" not in told
    assert "passed over other.json" in told
    assert "passed over list.json" in told
    first = (tmp_path / "index.html").read_bytes()
    assert script.main() == 0
    assert (tmp_path / "index.html").read_bytes() == first
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--check"])
    assert script.main() == 0
    (tmp_path / "index.html").write_text("old", encoding="utf-8")
    assert script.main() == 1
    monkeypatch.setattr(sys, "argv", ["write_reports.py", "--folder", str(tmp_path)])
    (tmp_path / "board.html").write_text("old drawing", encoding="utf-8")
    assert script.main() == 0
    assert "wrote: board.html" in capsys.readouterr().out
    assert (tmp_path / "board.html").read_text("utf-8") == render(RESULTS["board"])


def test_the_committed_reports_are_drawn_as_today(script: ModuleType) -> None:
    """Each page in reports/ is what its JSON gives, and the index names them all."""
    folder = SCRIPT.parents[1] / "reports"
    pages, passed_over = script.pages_of(folder)
    assert passed_over == []
    assert [path.name for path, text in pages.items() if path.read_text("utf-8") != text] == []
    assert {path.name for path in folder.glob("*.html")} == {path.name for path in pages}


def test_an_internal_result_is_not_told_of(script: ModuleType, tmp_path: Path) -> None:
    """A result that was written for those who hold the real table does not get into the index."""
    (tmp_path / "a.json").write_text(nhanes_audit().to_json(internal=True), encoding="utf-8")
    (tmp_path / "a.html").write_text("", encoding="utf-8")
    pages, passed_over = script.pages_of(tmp_path)
    assert list(pages) == [tmp_path / "index.html"]
    assert passed_over == ["a.json"]
