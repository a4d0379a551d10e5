"""What must hold of every page, whatever it shows; and texts that try to break out of one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

from page_reader import Element
from page_reader import Page as StrictPage
from report_variants import HOSTILE

from synthtab.reporting.html import render
from synthtab.reporting.text import clean
from synthtab.results.base import PageResult

_PAYLOADS = (
    *HOSTILE[:15],
    "=HYPERLINK('http://evil.example','x')",
    "../../etc/passwd",
    "👩‍⚕️🏳️‍🌈",
    "ﷺ \u202b\u2067 טקסט",
    "</table></main><iframe srcdoc='<script>alert(1)</script>'>",
)
_AROUND = ("{}", "a {} b", "<b>{}</b>", '"{}"', "'{}'", "{{{{{}}}}}", "&{};", "<!--{}-->", "{}\u200b", "`{}`")
CORPUS = tuple(around.format(payload) for payload in _PAYLOADS for around in _AROUND)
"""Two hundred texts that are markup, templates, formulas, paths, or turn the page around."""
HARMLESS = tuple(f"a text {n:03}, which does nothing at all" for n in range(len(CORPUS)))
"""As many texts that are no attack."""

_ALIVE = {
    *("script", "iframe", "object", "embed", "form", "base", "audio", "video", "img", "foreignobject"),
    *("animate", "set", "handler", "input", "button"),
}


class Page(StrictPage):
    """The strict reader; it keeps texts in their place among the elements."""

    def handle_data(self, data: str) -> None:
        """Add text to the open element, and as a child of it."""
        super().handle_data(data)
        self.stack[-1].children.append(Element("#text", {}, self.stack[-1], data))


def parsed(source: str) -> Page:
    """Read a page strictly; places where a name may break are no elements of it."""
    return Page(source.replace("<wbr>", ""))


@cache
def source_of(make: Callable[[], PageResult]) -> str:
    """Render what a maker makes, once."""
    return render(make())


@cache
def page_of(make: Callable[[], PageResult]) -> Page:
    """Render and read what a maker makes, once."""
    return parsed(source_of(make))


def said(element: Element) -> str:
    """Give the text of an element in the order of the page, with single spaces."""
    if element.tag == "#text":
        return " ".join(element.text.split())
    return " ".join(part for child in element.children if (part := said(child)))


def section(page: Page, name: str) -> Element:
    """Give the one section with an id."""
    (found,) = [e for e in page.all("section") if e.attributes.get("id") == name]
    return found


def by_class(root: Page | Element, tag: str, name: str) -> list[Element]:
    """Give the elements of a kind that have a class."""
    return [e for e in root.all(tag) if name in e.attributes.get("class", "").split()]


def check_nothing_runs(page: Page, drawn: set[str], files: set[str] | None = None) -> None:
    """No script, handler, frame or form; no address but places on the page, and files beside it."""
    assert not {element.tag for element in page.elements} & _ALIVE
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on")], element
        for name in ("href", "src", "xlink:href", "action", "srcset", "data", "poster"):
            address = element.attributes.get(name, "#")
            own = address.startswith("#") or (element.tag, address) == ("link", "data:,")
            assert own or (element.tag == "a" and address in (files or ())), element
        assert re.fullmatch(r"[-a-z0-9:;.%]*", element.attributes.get("style", "")), element
    (style,) = page.all("style")
    assert "@import" not in style.text
    assert set(re.findall(r"url\(([^)]*)\)", style.text)) == drawn
    policy = page.all("meta")[1].attributes
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"].startswith("default-src 'none'")


def check_structure(page: Page) -> None:
    """Ids stand once and are found; ranks, landmarks and heads of tables are whole; drawings have a table."""
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        wanted = element.attributes.get("aria-labelledby", "").split()
        address = element.attributes.get("href", "")
        wanted += [address[1:]] if address.startswith("#") else []
        assert set(wanted) <= set(ids), element
    for tag in ("header", "main", "footer", "h1", "nav"):
        assert len(page.all(tag)) == 1, tag
    for part in page.all("section"):
        assert part.attributes.get("aria-labelledby") or part.attributes.get("aria-label")
    ranks = [int(element.tag[1]) for element in page.elements if re.fullmatch("h[1-4]", element.tag)]
    assert ranks[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(ranks))
    for head in page.all("th"):
        assert head.attributes["scope"] in {"row", "col", "rowgroup"}
    for table in page.all("table"):
        widths = {
            sum(int(cell.attributes.get("colspan", 1)) for cell in row.children if cell.tag != "#text")
            for row in table.all("tr")
        }
        assert len(widths) == 1, said(table)[:80]
    for svg in page.all("svg"):
        if svg.inside("svg") is not None or svg.attributes.get("aria-hidden") == "true":
            continue
        assert svg.attributes["role"] == "img"
        assert svg.attributes.get("aria-label") or svg.attributes.get("aria-labelledby")
        figure = svg.inside("figure")
        assert figure is not None
        assert any(fold.all("table") for fold in figure.all("details"))


def check_quiet(source: str) -> None:
    """No hidden character, and nothing that a missing figure would leave behind."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200f\u202a-\u202e\u2066-\u2069\ufeff]", source)
    body = re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)
    assert not re.search(r"\bNone\b(?! (?:may|of|were|could)\b)|\b(?:nan|inf)\b", body)


def check_whole(source: str, drawn: set[str]) -> None:
    """Nothing runs or is loaded, ids and ranks are in order, drawings have tables, gaps leave no trace."""
    page = parsed(source)
    check_nothing_runs(page, drawn)
    check_structure(page)
    check_quiet(source)


def skeleton(page: Page) -> list[str]:
    """Give the elements of a page in their order, each with the names of its attributes.

    Left out is what hangs on the width or script of a text: elements that only keep a name's direction,
    the labels of a drawing, which make room for each other, the class of a cell, and the whole of a name
    that had to be cut.
    """
    return [
        " ".join([e.tag, *sorted(set(e.attributes) - {"class", "title"})])
        for e in page.elements
        if not _is_label(e)
    ]


def _is_label(element: Element) -> bool:
    return element.tag in {"bdi", "path"} or (
        element.tag in {"text", "title"} and element.inside("svg") is not None
    )


def _classes(page: Page) -> set[str]:
    return {name for e in page.elements for name in e.attributes.get("class", "").split()}


def check_texts_stay_text(page: Page, harmless: Page, texts: tuple[str, ...], least: int = 1) -> None:
    """Each text is shown as it is written; none makes an element or an attribute of its own."""
    words = said(page.root)
    for text in texts:
        assert words.count(" ".join(clean(text).split())) >= least, text
    assert skeleton(page) == skeleton(harmless)
    assert _classes(page) == _classes(harmless)


def bytes_elsewhere(module: str, maker: str) -> set[str]:
    """Render in two other processes with other hash seeds, and give the digests."""
    code = (
        "import sys, hashlib, importlib; sys.path.insert(0, sys.argv[1]); "
        "from synthtab.reporting.html import render; "
        "made = render(getattr(importlib.import_module(sys.argv[2]), sys.argv[3])()); "
        "print(hashlib.sha256(made.encode()).hexdigest())"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), module, maker]
    return {
        subprocess.run(
            command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("1", "2")
    }
