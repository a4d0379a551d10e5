"""Boards, gates and the index in a real browser: nothing runs, is cut or overlaps, axe finds nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit"))

from board_fixture import (
    failed_board,
    hostile_board,
    lonely_board,
    nhanes_board,
    partial_board,
    single_seed_board,
)
from gate_fixture import empty_gate, failing_gate, hostile_gate, incomparable_gate, passing_gate
from opened_pages import (
    SMALL,
    Watched,
    check_axe,
    check_fits,
    check_paper,
    check_probes,
    check_silent,
    touching,
)
from report_variants import HOSTILE

from synthtab.reporting.html import render, render_index
from synthtab.reporting.index_page import IndexEntry, index_entry
from synthtab.results import BoardResult, GateResult, GateStatus

pytestmark = pytest.mark.browser

MAKERS: dict[str, Callable[[], BoardResult | GateResult]] = {
    "board": nhanes_board,
    "board-single": single_seed_board,
    "board-failed": failed_board,
    "board-lonely": lonely_board,
    "board-partial": partial_board,
    "board-hostile": partial(hostile_board, HOSTILE),
    "gate": failing_gate,
    "gate-passing": passing_gate,
    "gate-incomparable": incomparable_gate,
    "gate-empty": empty_gate,
    "gate-hostile": partial(hostile_gate, HOSTILE),
}
NAMES = [*MAKERS, "index", "index-hostile"]

# texts of one plot with its scale, and of the axes of strips and forests
TOUCHING = touching(".lines, .row.foot, svg.ends")

# drawings and texts that run over the edge of what holds them
SPILLING = """() => {
  const bad = [];
  const edge = e => (e.closest('.card, .cards-below') || e.closest('section') || document.body)
    .getBoundingClientRect();
  for (const e of document.querySelectorAll('table, .lines, .track, .score-track')) {
    if (!e.checkVisibility() || e.closest('.wide')) continue;
    const box = e.getBoundingClientRect(), card = edge(e);
    const out = box.left < card.left - 1 || box.right > card.right + 1;
    if (out) bad.push(e.className + e.textContent.slice(0, 40));
  }
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, e = text.parentElement;
    if (!text.textContent.trim() || !e.checkVisibility() || e.closest('.wide, nav, .vh, svg')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    if (range.getBoundingClientRect().right > edge(e).right + 1) bad.push(text.textContent.slice(0, 40));
  }
  return bad;
}"""

# texts of neighbouring cells of the board that lie on each other
CROWDED = """() => [...document.querySelectorAll('.board tr, .forest-table tr, .costs tr')].flatMap(row => {
  const boxes = [...row.children].filter(e => e.checkVisibility()).map(cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return [cell.textContent, range.getBoundingClientRect()];
  }).filter(([, b]) => b.width > 0);
  return boxes.slice(1).filter(([, b], i) => {
    const a = boxes[i][1];
    return b.left < a.right - 0.5 && b.top < a.bottom - 1 && a.top < b.bottom - 1;
  }).map(([text]) => text);
})"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("boards")
    made = {name: render(make()) for name, make in MAKERS.items()}
    made["index"] = render_index(
        [index_entry(make(), f"{name}.html", len(made[name])) for name, make in MAKERS.items()]
    )
    made["index-hostile"] = render_index(
        [IndexEntry(f"{text[:40]}.html", "gate", text, GateStatus.FAIL, text, text, 1) for text in HOSTILE]
    )
    for name, page in made.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_said_or_run(browser: Browser, reports: dict[str, Path], name: str) -> None:
    """Opening a page and all its folds makes no request, no message, no dialog, no foreign element."""
    check_silent(browser, reports[name])


@pytest.mark.parametrize("width", [1280, 800, 375, 320])
@pytest.mark.parametrize("name", NAMES)
def test_no_page_is_wider_than_its_screen(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    """From 320 to 1280 pixels, folded or not, nobody scrolls sideways and nothing leaves its card."""
    check_fits(browser, reports[name], width, SPILLING)


@pytest.mark.parametrize("width", [1280, 1000, 800, 375, 320])
@pytest.mark.parametrize("name", ["board", "board-partial", "board-single", "gate", "gate-incomparable"])
def test_no_text_overlaps_or_is_cut(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    """With the fonts of this machine no two texts of a plot, and of neighbouring cells, lie on each other."""
    check_probes(browser, reports[name], width, TOUCHING, CROWDED)


def test_the_probes_see_what_they_look_for(browser: Browser, reports: dict[str, Path]) -> None:
    """With type of twice the size texts overlap and are crowded; with wide tables cards are left."""
    with Watched(browser, reports["board"], 800) as watched:
        watched.page.set_viewport_size({"width": 1280, "height": 800})
        watched.unfold()
        watched.page.evaluate(
            "document.querySelector('style').append('svg text{font-size:40px!important}"
            ".score b{white-space:nowrap;font-size:60px}table{width:200%!important}')"
        )
        assert any(found[0] == "overlap" for found in watched.page.evaluate(TOUCHING))
        assert watched.page.evaluate(SPILLING)
        watched.page.evaluate("document.querySelector('style').append('table{width:100%!important}')")
        assert watched.page.evaluate(CROWDED)


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", ["board", "gate", "index"])
def test_type_can_be_read(browser: Browser, reports: dict[str, Path], name: str, width: int) -> None:
    """No text is smaller than 12 pixels, in drawings as elsewhere."""
    check_probes(browser, reports[name], width, SMALL)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "width"),
    [
        *(("board", width) for width in (1280, 375)),
        *(("gate", width) for width in (1280, 375)),
        *(("index", width) for width in (1280, 375)),
        *(("board-partial", 1280), ("board-failed", 375), ("board-hostile", 1280), ("board-single", 375)),
        *(("gate-incomparable", 1280), ("gate-empty", 375), ("gate-hostile", 1280), ("index-hostile", 375)),
    ],
)
def test_axe_finds_no_fault(
    browser: Browser, reports: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    """The engine of axe sees no violation of WCAG 2.2 A or AA, nor of good practice, with every fold open."""
    check_axe(browser, reports[name], width, scheme)


@pytest.mark.parametrize("width", [1280, 375])
def test_names_or_numbers_stand_beside_the_marks(
    browser: Browser, reports: dict[str, Path], width: int
) -> None:
    """On a screen every mark of the front has its name; on a phone its number, with the names below."""
    shown = """kind => [...document.querySelectorAll(`.front g.${kind} text`)]
      .filter(text => text.getBoundingClientRect().width > 0).length"""
    with Watched(browser, reports["board"], width) as watched:
        full, brief = (watched.page.evaluate(shown, kind) for kind in ("full", "brief"))
        assert (full, brief) == ((10, 0) if width == 1280 else (0, 10))
        assert watched.page.locator(".numbers").is_visible() == (width == 375)


def test_the_front_runs_through_its_marks(browser: Browser, reports: dict[str, Path]) -> None:
    """The line lives in a stretched box, marks do not: it begins and ends under marks, to a pixel."""
    gaps = """() => {
      const path = document.querySelector('.front .front-line');
      const marks = [...document.querySelectorAll('.front use.at')].map(use => {
        const b = use.getBoundingClientRect();
        return [(b.left + b.right) / 2, (b.top + b.bottom) / 2];
      });
      return [0, path.getTotalLength()].map(at => {
        const p = path.getPointAtLength(at).matrixTransform(path.getScreenCTM());
        return Math.min(...marks.map(([x, y]) => Math.hypot(x - p.x, y - p.y)));
      });
    }"""
    with Watched(browser, reports["board"]) as watched:
        begins, ends = watched.page.evaluate(gaps)
        assert begins < 1.5
        assert ends < 1.5


@pytest.mark.parametrize("name", ["board", "gate", "index"])
def test_the_keyboard_goes_through_the_page_in_order(
    browser: Browser, reports: dict[str, Path], name: str
) -> None:
    """The first stop is the skip link, then the contents, then downwards; each stop can be seen."""
    with Watched(browser, reports[name]) as watched:
        page, tops, kinds = watched.page, [], []
        for _ in range(30):
            page.keyboard.press("Tab")
            stop = page.evaluate(
                "(e => [e.className || e.tagName, e.closest('nav') !== null, "
                "e.getBoundingClientRect().top + scrollY, getComputedStyle(e).outlineStyle])"
                "(document.activeElement)"
            )
            if stop[0] == "BODY":
                break
            kinds.append("skip" if stop[0] == "skip" else "nav" if stop[1] else "main")
            assert stop[3] != "none" or stop[0] == "skip"
            if kinds[-1] == "main":
                tops.append(stop[2])
        assert kinds[0] == "skip"
        assert kinds == sorted(kinds, key=["skip", "nav", "main"].index)
        assert tops
        assert tops == sorted(tops)


def test_a_card_leads_to_its_final_answer(browser: Browser, reports: dict[str, Path]) -> None:
    """From what to take a link brings the final answer into view."""
    with Watched(browser, reports["board"], 375) as watched:
        watched.page.locator(".takes a").first.click()
        watched.page.wait_for_timeout(200)
        assert (
            0 <= watched.page.evaluate("document.querySelector('#final-1').getBoundingClientRect().top") < 800
        )


@pytest.mark.parametrize(("name", "least", "most"), [("board", 8, 26), ("gate", 2, 6), ("index", 1, 5)])
def test_paper_is_light_and_unfolded(
    browser: Browser, reports: dict[str, Path], name: str, least: int, most: int
) -> None:
    """Printed from a dark screen the page is white, without contents, all figures drawn, tables left out."""
    with Watched(browser, reports[name], scheme="dark") as watched:
        check_paper(watched.page, least, most)
        if name == "board":
            drawn = watched.page.evaluate(
                "[...document.querySelectorAll('.one-figure')]"
                ".filter(e => e.getBoundingClientRect().height > 60).length"
            )
            assert drawn == 19
