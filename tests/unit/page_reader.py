"""Reads a page strictly, and measures the contrast of its colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}


@dataclass(eq=False)
class Element:
    """One element of a parsed page."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = field(repr=False)
    text: str = ""
    children: list[Element] = field(default_factory=list, repr=False)

    def inside(self, tag: str) -> Element | None:
        """Give the nearest ancestor of a kind."""
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above

    def all(self, tag: str) -> list[Element]:
        """Give every descendant of a kind."""
        found = [child for child in self.children if child.tag == tag]
        return found + [deeper for child in self.children for deeper in child.all(tag)]

    def words(self) -> str:
        """Give the text of the element and of all below it."""
        return " ".join([self.text, *(child.words() for child in self.children)])


class Page(HTMLParser):
    """A strict reader: every element that opens must close in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("page", {}, None)
        self.stack = [self.root]
        self.elements: list[Element] = []
        self.feed(text)
        self.close()
        assert len(self.stack) == 1, f"never closed: {self.stack[-1].tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.stack[-1])
        self.stack[-1].children.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element and close it."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        """Add text to the open element."""
        self.stack[-1].text += data

    def all(self, tag: str) -> list[Element]:
        """Give every element of a kind."""
        return [element for element in self.elements if element.tag == tag]


def contrast(first: str, second: str) -> float:
    """Give the contrast of two colours, from 1 to 21, as WCAG defines it."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
