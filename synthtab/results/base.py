"""What every result can do: become JSON and back, and become a page."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Self

import cattrs

from synthtab.errors import SavedModelError

__all__ = ["JsonResult", "PageResult"]

# what a reader would fill in by itself is not written
_CONVERTER = cattrs.Converter(forbid_extra_keys=True, omit_if_default=True)


class JsonResult:
    """A frozen dataclass that writes itself as versioned JSON."""

    format_version: int = 1

    def to_json(self) -> str:
        """Write the releasable form of the result as JSON.

        Returns
        -------
        str
            JSON with a ``kind`` and a ``format_version``; each item of a list on a line of its own.
        """
        body = _CONVERTER.unstructure(self.releasable())
        head = {"kind": type(self).__name__, "format_version": self.format_version}
        return _document(head | body)

    def releasable(self) -> Self:
        """Give the form that may be written to disk.

        Returns
        -------
        Self
            The result without what only an internal reader may see.
        """
        return self

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a result from JSON.

        Parameters
        ----------
        text : str
            What `to_json` wrote.

        Returns
        -------
        Self
            The result in its releasable form.

        Raises
        ------
        SavedModelError
            When the text is no such result, or of another version.
        """
        try:
            raw = json.loads(text)
            kind, version = raw.pop("kind"), raw.pop("format_version")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise SavedModelError("This is not a saved synthtab result.") from error
        if kind != cls.__name__ or version != cls.format_version:
            raise SavedModelError(
                f"This is a {kind} of format {version}, not a {cls.__name__} of format {cls.format_version}."
            )
        try:
            return _CONVERTER.structure(raw, cls)
        except (cattrs.BaseValidationError, ValueError, TypeError, KeyError) as error:
            raise SavedModelError(f"This saved {kind} is damaged or was edited.") from error


def _document(fields: dict[str, object]) -> str:
    """Write one field a line, and one item of a list a line: half the size of full indentation."""

    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))

    lines = []
    for name, value in fields.items():
        if isinstance(value, list | tuple) and value:
            items = ",\n".join(f"  {compact(item)}" for item in value)
            lines.append(f" {compact(name)}: [\n{items}\n ]")
        else:
            lines.append(f" {compact(name)}: {compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


class PageResult:
    """A result that has an HTML page; the renderer is found by name, so that results stay below reporting."""

    def to_html(self, path: str | Path) -> Path:
        """Write the result as one self-contained HTML file.

        Parameters
        ----------
        path : str or Path
            Where to write; folders are made.

        Returns
        -------
        Path
            The file.
        """
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renderer().render(self), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame of its own so that styles do not mix."""
        return str(_renderer().embed(self))


def _renderer() -> ModuleType:
    return importlib.import_module("synthtab.reporting.html")
