"""The page of a study in a real browser: nothing runs, nothing is cut or overlaps, axe finds nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit"))

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
from study_fixture import empty_study, hostile_study, nhanes_study, short_study, troubled_study

from synthtab.results import StudyResult

pytestmark = pytest.mark.browser

MAKERS: dict[str, Callable[[], StudyResult]] = {
    "nhanes": nhanes_study,
    "troubled": troubled_study,
    "empty": empty_study,
    "short": short_study,
    "hostile": hostile_study,
}

# texts of one panel, its scale and its names included
TOUCHING = touching(".lines, .row.foot")

# drawings that run over the edge of what holds them
SPILLING = """() => [...document.querySelectorAll('table, .lines, .track')].filter(e => {
    if (!e.checkVisibility() || e.closest('.wide')) return false;
    const card = (e.closest('.card') || e.closest('section')).getBoundingClientRect();
    const box = e.getBoundingClientRect();
    return box.left < card.left - 1 || box.right > card.right + 1;
  }).map(e => e.className + ': ' + e.textContent.slice(0, 40))"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("studies")
    return {name: make().to_html(folder / f"{name}.html") for name, make in MAKERS.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_is_loaded_said_or_run(browser: Browser, reports: dict[str, Path], name: str) -> None:
    """Opening a page and all its folds makes no request, no message, no dialog, no foreign element."""
    check_silent(browser, reports[name])


@pytest.mark.parametrize("width", [1280, 800, 375, 320])
@pytest.mark.parametrize("name", MAKERS)
def test_no_page_is_wider_than_its_screen(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    """From 320 to 1280 pixels, folded or not, nobody scrolls sideways and nothing leaves its card."""
    check_fits(browser, reports[name], width, SPILLING)


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", ["nhanes", "troubled", "short", "hostile"])
def test_no_text_of_a_drawing_overlaps_or_is_cut(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    """With the fonts of this machine no two texts of a panel overlap, and none leaves its card."""
    check_probes(browser, reports[name], width, TOUCHING)


def test_the_probes_see_what_they_look_for(browser: Browser, reports: dict[str, Path]) -> None:
    """With type of twice the size texts overlap; with tables of twice the width cards are left."""
    with Watched(browser, reports["nhanes"], 375) as watched:
        watched.unfold()
        watched.page.evaluate(
            "document.querySelector('style').append('svg text{font-size:26px!important}table{width:200%}')"
        )
        assert any(found[0] == "overlap" for found in watched.page.evaluate(TOUCHING))
        assert watched.page.evaluate(SPILLING)


@pytest.mark.parametrize("width", [1280, 375])
def test_type_can_be_read(browser: Browser, reports: dict[str, Path], width: int) -> None:
    """No text is smaller than 12 pixels, in drawings as elsewhere."""
    check_probes(browser, reports["nhanes"], width, SMALL)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("nhanes", 1280),
        ("nhanes", 375),
        ("troubled", 1280),
        ("hostile", 375),
        ("empty", 1280),
        ("short", 375),
    ],
)
def test_axe_finds_no_fault(
    browser: Browser, reports: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    """The engine of axe sees no violation of WCAG 2.2 A or AA, nor of good practice, with every fold open."""
    check_axe(browser, reports[name], width, scheme)


def test_lines_of_a_panel_end_at_their_marks(browser: Browser, reports: dict[str, Path]) -> None:
    """Lines live in a stretched box, marks do not: the end of each line lies under its mark to a pixel."""
    ends = """() => [...document.querySelectorAll('#curves .plot')].filter(e => e.checkVisibility())
      .flatMap(plot => {
        const marks = Object.fromEntries([...plot.querySelectorAll(':scope > use')].map(use => {
          const b = use.getBoundingClientRect();
          return [use.getAttribute('href').slice(3), [(b.left + b.right) / 2, use.y.baseVal.value]];
        }));
        const top = plot.getBoundingClientRect().top;
        return [...plot.querySelectorAll('path.run')].map(path => {
          const end = path.getPointAtLength(path.getTotalLength()).matrixTransform(path.getScreenCTM());
          const [x, y] = marks[path.classList[1]];
          return [Math.abs(end.x - x), Math.abs(end.y - top - y)];
        });
      })"""
    with Watched(browser, reports["nhanes"]) as watched:
        found = watched.page.evaluate(ends)
        assert len(found) == 4 * 3 * 4
        assert max(max(pair) for pair in found) < 1.0


def test_paper_is_light_and_unfolded(browser: Browser, reports: dict[str, Path]) -> None:
    """Printed from a dark screen the page is white, without contents, all figures drawn, tables left out."""
    with Watched(browser, reports["nhanes"], scheme="dark") as watched:
        check_paper(watched.page, 5, 30)
        series = "getComputedStyle(document.querySelector('.s1')).color"
        assert watched.page.evaluate(series) == "rgb(10, 95, 176)"
