"""What every result can do: become JSON and back, and become a page."""

from __future__ import annotations

import importlib
import json
import math
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Self, TypeVar

import cattrs
from cattrs.strategies import configure_union_passthrough

from synthtab.errors import SavedModelError

__all__ = ["JsonResult", "PageResult", "on_grid"]

_Item = TypeVar("_Item")

# what a reader would fill in by itself is not written
_CONVERTER = cattrs.Converter(forbid_extra_keys=True, omit_if_default=True)
configure_union_passthrough(str | int | float | bool | None, _CONVERTER)
_MARK = "_is_internal"
_FULL_DECIMALS = 12


class JsonResult:
    """A frozen dataclass that writes itself as versioned JSON."""

    format_version: int = 1

    @property
    def is_internal(self) -> bool:
        """Whether it was read from an internal file: what is made of it is internal too."""
        return bool(vars(self).get(_MARK, False))

    def to_json(self, *, internal: bool = False) -> str:
        """Write the result as JSON, by default in its releasable form.

        Parameters
        ----------
        internal : bool, default False
            Whether to write everything that is known, marked with ``"internal": true``. It holds figures
            about few people. What was read from such a file is written like it.

        Returns
        -------
        str
            JSON with a ``kind`` and a ``format_version``; each item of a list on a line of its own.
        """
        is_internal = internal or self.is_internal
        body = _CONVERTER.unstructure(self.in_full() if is_internal else self.releasable())
        head = {"kind": type(self).__name__, "format_version": self.format_version}
        return _document(head | ({"internal": True} if is_internal else {}) | body)

    def in_full(self) -> Self:
        """Give the form that only those may see who hold the real table.

        Returns
        -------
        Self
            Nothing left out; figures that JSON cannot hold are None.
        """
        return on_grid(self, _FULL_DECIMALS)

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
            The result in its releasable form; from an internal file in full, and marked.

        Raises
        ------
        SavedModelError
            When the text is no such result, or of another version.
        """
        try:
            raw = json.loads(text)
            kind, version = raw.pop("kind"), raw.pop("format_version")
            internal = raw.pop("internal", False)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise SavedModelError("This is not a saved synthtab result.") from error
        if kind != cls.__name__ or version != cls.format_version:
            raise SavedModelError(
                f"This is a {kind} of format {version}, not a {cls.__name__} of format {cls.format_version}."
            )
        try:
            found = _CONVERTER.structure(raw, cls)
        except (cattrs.BaseValidationError, ValueError, TypeError, KeyError) as error:
            raise SavedModelError(f"This saved {kind} is damaged or was edited.") from error
        # whatever stands there but a plain no is taken for the mark
        if internal is not False:
            object.__setattr__(found, _MARK, True)
        return found


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

    def to_html(self, path: str | Path, *, internal: bool = False) -> Path:
        """Write the result as one self-contained HTML file, by default of its releasable form.

        Parameters
        ----------
        path : str or Path
            Where to write; folders are made.
        internal : bool, default False
            Whether to show everything that is known, under a banner on every printed page. It holds figures
            about few people. What was read from an internal file is shown like that.

        Returns
        -------
        Path
            The file.
        """
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renderer().render(self, internal=internal), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame of its own so that styles do not mix."""
        return str(_renderer().embed(self))


def on_grid(item: _Item, decimals: int) -> _Item:
    """Round every figure in a result, however deep it lies.

    Parameters
    ----------
    item : dataclass, tuple, or what they hold
        A result or a part of it.
    decimals : int
        Decimals that are kept.

    Returns
    -------
    same as `item`
        The same with its figures rounded; one that is not finite, which JSON cannot hold, is None.
    """
    if isinstance(item, float):
        return round(item, decimals) if math.isfinite(item) else None  # type: ignore[return-value] # or nothing
    if isinstance(item, tuple):
        return tuple(on_grid(part, decimals) for part in item)  # type: ignore[return-value] # a tuple, as it was
    if is_dataclass(item) and not isinstance(item, type):
        return replace(
            item, **{part.name: on_grid(getattr(item, part.name), decimals) for part in fields(item)}
        )
    return item


def _renderer() -> ModuleType:
    return importlib.import_module("synthtab.reporting.html")
