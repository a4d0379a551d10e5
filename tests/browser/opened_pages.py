"""Pages in a real browser: how each is opened, and what is looked for on it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, Request

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def touching(drawings: str) -> str:
    """Give a probe for what stands outside its card, or on top of another text of the same drawing."""
    return _TOUCHING.replace("DRAWINGS", drawings)


_TOUCHING = """() => {
  const bad = [];
  for (const svg of document.querySelectorAll('DRAWINGS')) {
    const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()])
      .filter(([, b]) => b.width > 0);
    const card = svg.closest('.card').getBoundingClientRect();
    boxes.forEach(([name, a], i) => {
      if (a.left < card.left - 0.5 || a.right > card.right + 0.5) bad.push(['cut', name]);
      for (const [other, b] of boxes.slice(i + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 0.5 && down > 3) bad.push(['overlap', name, other]);
      }
    });
  }
  return bad;
}"""

SMALL = """() => [...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
               && !e.closest('.vh, style, title, desc')
               && parseFloat(getComputedStyle(e).fontSize) < 12)
  .map(e => e.tagName + ': ' + e.textContent.slice(0, 40))"""


class Watched:
    """A page whose every message, request and dialog is written down."""

    def __init__(self, browser: Browser, report: Path, width: int = 1280, scheme: str = "light") -> None:
        self.heard: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.page: Page = self.context.new_page()
        address = report.as_uri()
        self.address = address
        self.page.on("console", lambda message: self.heard.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", self._note_request)
        self.page.goto(address)

    def _dismiss(self, dialog: Dialog) -> None:
        self.heard.append("dialog")
        dialog.dismiss()

    def _note_request(self, request: Request) -> None:
        if request.url not in {self.address, "data:,"}:
            self.heard.append(f"request: {request.url}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def unfold(self) -> None:
        """Open every fold."""
        self.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")


def check_silent(browser: Browser, report: Path) -> None:
    """Open a page and all its folds: no request, no message, no dialog, no foreign element."""
    with Watched(browser, report) as watched:
        watched.unfold()
        watched.page.wait_for_timeout(200)
        assert watched.heard == []
        assert watched.page.locator("script, img, iframe, object, embed").count() == 0
        assert watched.page.locator("style").count() == 1


def check_fits(browser: Browser, report: Path, width: int, spilling: str = "[]") -> None:
    """Folded or not, nobody scrolls sideways, and a probe for what leaves its card finds nothing."""
    with Watched(browser, report, width) as watched:
        for _ in range(2):
            assert watched.page.evaluate("document.scrollingElement.scrollWidth") <= width
            assert watched.page.evaluate(spilling) == []
            watched.unfold()


def check_probes(browser: Browser, report: Path, width: int, *probes: str) -> None:
    """With every fold open, probes for what must not be find nothing."""
    with Watched(browser, report, width) as watched:
        watched.unfold()
        for probe in probes:
            assert watched.page.evaluate(probe) == []


def check_axe(browser: Browser, report: Path, width: int = 1280, scheme: str = "light") -> None:
    """Let axe look for violations of WCAG 2.2 A and AA and of good practice, with every fold open."""
    with Watched(browser, report, width, scheme) as watched:
        watched.unfold()
        found = Axe().run(watched.page, options={"runOnly": RULES, "resultTypes": ["violations"]})
        assert not found.response["violations"], found.generate_report()


def check_paper(page: Page, least: int, most: int) -> None:
    """Print a page: it is white, without contents, and takes so many pages of paper."""
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert least <= paper.count(b"/Type /Page\n") <= most
