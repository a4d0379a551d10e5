"""Pages in a real browser: how each is opened, and what is looked for on it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Dialog, Page, Request

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


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
