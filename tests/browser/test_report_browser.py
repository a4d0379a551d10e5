"""The report in a real browser: nothing runs, nothing is loaded, nothing is cut, on a phone and on paper."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
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
from report_fixture import nhanes_audit
from report_variants import (
    clean_audit,
    empty_audit,
    extreme_audit,
    hostile_audit,
    leaky_audit,
    unheld_audit,
    wide_audit,
)

from synthtab.results import AuditResult

pytestmark = pytest.mark.browser

MAKERS: dict[str, Callable[[], AuditResult]] = {
    "nhanes": nhanes_audit,
    "clean": clean_audit,
    "empty": empty_audit,
    "hostile": hostile_audit,
    "wide": wide_audit,
    "extreme": extreme_audit,
    "leaky": leaky_audit,
    "unheld": unheld_audit,
}
WIDTHS = (1280, 1000, 800, 375, 320)

TOUCHING = touching("svg[role=img]")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {name: make().to_html(folder / f"{name}.html") for name, make in MAKERS.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_is_loaded_said_or_run(browser: Browser, reports: dict[str, Path], name: str) -> None:
    """Opening a report and all its folds makes no request, no console message and no dialog."""
    check_silent(browser, reports[name])


def test_hostile_names_do_not_come_alive(browser: Browser, reports: dict[str, Path]) -> None:
    """Names that are markup make no element of their own: no script, image or second style exists."""
    with Watched(browser, reports["hostile"]) as watched:
        assert watched.page.locator("script, img, iframe, object, embed").count() == 0
        assert watched.page.locator("style").count() == 1
        assert watched.page.evaluate("[...document.querySelectorAll('*')].every(e => ![...e.attributes]"
                                     ".some(a => a.name.startsWith('on')))")  # fmt: skip
        assert watched.page.locator("h1 bdi").first.inner_text() == "<script>alert(1)</script>"
        assert watched.heard == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["nhanes", "hostile", "clean", "extreme", "leaky", "unheld"])
def test_no_page_is_wider_than_its_screen(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    """From 320 to 1280 pixels, folded or unfolded, nobody must scroll sideways."""
    check_fits(browser, reports[name], width)


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", ["nhanes", "hostile", "extreme", "leaky"])
def test_no_text_of_a_drawing_overlaps_or_is_cut(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    """With the fonts of this machine no two texts of a drawing overlap, and none leaves its card."""
    check_probes(browser, reports[name], width, TOUCHING)


def test_the_probe_for_overlaps_sees_them(browser: Browser, reports: dict[str, Path]) -> None:
    """With type of twice the size the same probe finds texts that overlap."""
    with Watched(browser, reports["nhanes"], 375) as watched:
        watched.page.evaluate("document.querySelector('style').append('svg text{font-size:26px}')")
        assert any(found[0] == "overlap" for found in watched.page.evaluate(TOUCHING))


@pytest.mark.parametrize("width", [1280, 375])
def test_type_can_be_read(browser: Browser, reports: dict[str, Path], width: int) -> None:
    """No text is smaller than 12 pixels, in drawings as elsewhere."""
    check_probes(browser, reports["nhanes"], width, SMALL)


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_reader(
    browser: Browser, reports: dict[str, Path], tmp_path: Path, scheme: str, width: int
) -> None:
    """The ground is light or dark as the reader prefers; a picture of the page can be taken of both."""
    with Watched(browser, reports["nhanes"], width, scheme) as watched:
        ground = watched.page.evaluate("getComputedStyle(document.body).backgroundColor")
        levels = [int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(",")]
        assert (min(levels) > 200) if scheme == "light" else (max(levels) < 60)
        picture = tmp_path / f"{scheme}-{width}.png"
        watched.page.screenshot(path=picture)
        assert picture.stat().st_size > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["nhanes", "leaky", "unheld", "hostile", "empty"])
def test_axe_finds_no_fault(browser: Browser, reports: dict[str, Path], name: str, scheme: str) -> None:
    """The engine of axe sees no violation of WCAG 2.2 A or AA, nor of good practice, with every fold open."""
    check_axe(browser, reports[name], scheme=scheme)


def test_axe_sees_faults(browser: Browser, reports: dict[str, Path]) -> None:
    """The same engine does see text in light grey on white."""
    with Watched(browser, reports["clean"]) as watched:
        watched.page.evaluate("document.querySelector('style').append('.read,.q{color:#bbb!important}')")
        found = Axe().run(watched.page, options={"resultTypes": ["violations"]})
        assert "color-contrast" in {rule["id"] for rule in found.response["violations"]}


def test_the_card_leads_to_the_reasons(browser: Browser, reports: dict[str, Path]) -> None:
    """From the answers links bring the reasons, and the other checks that failed or warned, into view."""
    with Watched(browser, reports["nhanes"], 375) as watched:
        page = watched.page
        for place in ("#who", "#decided"):
            page.locator(f".answers a[href='{place}']").click()
            page.wait_for_timeout(200)
            assert 0 <= page.evaluate(f"document.querySelector('{place}').getBoundingClientRect().top") < 800


@pytest.mark.parametrize("width", [1280, 375])
def test_attacks_are_drawn_inside_their_track(browser: Browser, reports: dict[str, Path], width: int) -> None:
    """Each plot of attacks has a track of the same width and height, and its axis lies under it."""
    tracks = """() => [...document.querySelectorAll('.forest .track svg, .forest .foot svg')]
      .filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect())
      .map(b => [Math.round(b.left), Math.round(b.width)].join())"""
    with Watched(browser, reports["leaky"], width) as watched:
        watched.unfold()
        places = watched.page.evaluate(tracks)
        assert len(places) > 10
        assert len(set(places)) == 1


def test_folds_open_from_the_keyboard(browser: Browser, reports: dict[str, Path]) -> None:
    """The first stop is the skip link; a fold opens with Enter and shows where the focus is."""
    with Watched(browser, reports["nhanes"]) as watched:
        page = watched.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        fold = page.locator(".folds summary").first
        page.evaluate("document.querySelector('.folds details').open = false")
        fold.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('.folds details').open") is True


def test_the_index_leads_into_a_fold(browser: Browser, reports: dict[str, Path]) -> None:
    """Following the index to column 150 of 200 opens its fold and brings it into view, without a script."""
    with Watched(browser, reports["wide"]) as watched:
        page = watched.page
        page.locator(".index summary").click()
        page.locator('.index a[href="#column-150"]').click()
        page.wait_for_timeout(200)
        assert page.evaluate("document.querySelector('#column-150').closest('details').open") is True
        top = page.evaluate("document.querySelector('#column-150').getBoundingClientRect().top")
        assert 0 <= top < 800


def test_paper_is_light_and_unfolded(browser: Browser, reports: dict[str, Path]) -> None:
    """Printed, even from a dark screen, the page is white, without contents, its passed checks unfolded."""
    with Watched(browser, reports["nhanes"], scheme="dark") as watched:
        check_paper(watched.page, 6, 20)
        assert watched.page.locator(".folds table").first.bounding_box() is not None


ALONE = """() => {
  for (const item of document.querySelectorAll('header, nav, footer, main > :not(#officer)')) item.remove();
}"""


@pytest.mark.parametrize("name", MAKERS)
def test_the_officers_sheet_is_one_page_of_its_own(
    browser: Browser, reports: dict[str, Path], name: str
) -> None:
    """Printed, the sheet to sign takes one page of A4, whatever the audit, and shares it with nothing."""
    with Watched(browser, reports[name]) as watched:
        page = watched.page
        page.emulate_media(media="print")
        section = page.locator("#officer")
        style = "e => [getComputedStyle(e).breakBefore, getComputedStyle(e).breakAfter]"
        assert section.evaluate(style) == ["page", "page"]
        whole = page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
        page.evaluate(ALONE)
        assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
        assert whole > 1


@pytest.mark.parametrize("width", [1280, 375])
def test_the_internal_mark_stays_in_sight(browser: Browser, tmp_path: Path, width: int) -> None:
    """On an internal page the banner stays at the top of the window wherever one reads; elsewhere is none."""
    made = nhanes_audit()
    with Watched(browser, made.to_html(tmp_path / "i.html", internal=True), width=width) as watched:
        page = watched.page
        page.evaluate("window.scrollTo(0, 4000)")
        box = page.locator(".internal-mark").bounding_box()
        assert box is not None
        assert (box["y"], box["width"]) == (0, width)
        page.emulate_media(media="print")
        assert "@top-center" in page.evaluate("document.querySelector('style').textContent")
        assert watched.heard == []
    with Watched(browser, made.to_html(tmp_path / "r.html"), width=width) as watched:
        assert watched.page.locator(".internal-mark").count() == 0
