"""What a person typed, looked up among what there is: a mistyped name is told before any long work begins."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from synthtab.errors import SpecError

if TYPE_CHECKING:
    from synthtab.schema import TableSchema
    from synthtab.specs import SynthesizerSpec

__all__ = ["check_columns", "chosen", "spec_in_words", "spec_of"]

_MANY = 30
_WORDS = {"true": True, "false": False, "none": None, "null": None}


def chosen(name: str, known: Iterable[str], what: str) -> str:
    """Give a name back when it is known.

    Parameters
    ----------
    name : str
        What was typed.
    known : iterable of str
        What there is.
    what : str
        What it names, for the message.

    Returns
    -------
    str
        The name.

    Raises
    ------
    SpecError
        When there is no such thing; the hint names the nearest.
    """
    names = list(known)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        hint = f"Did you mean {near[0]!r}?"
    else:
        more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
        hint = f"There are: {', '.join(names[:_MANY])}{more}."
    raise SpecError(f"There is no {what} {name!r}.", hint=hint)


def check_columns(schema: TableSchema, names: Sequence[str] | None) -> tuple[str, ...]:
    """Give the target columns back when the schema has them and models can learn them.

    Parameters
    ----------
    schema : TableSchema
        The schema.
    names : sequence of str or None
        What was typed.

    Returns
    -------
    tuple of str
        The names.

    Raises
    ------
    SpecError
        When one is no column of the schema, or holds what is never learned.
    """
    learned = [column.name for column in schema.modelled]
    for name in names or ():
        chosen(name, schema.names, "column")
        if name not in learned:
            raise SpecError(
                f"Column {name!r} cannot be a target: nothing learns identifiers, free text, unit or weight.",
                hint=f"If it is none of these, correct its kind ({schema[name].kind}) in a schema file.",
            )
    return tuple(names or ())


def spec_of(name: str, params: Sequence[str] | None) -> SynthesizerSpec:
    """Give the synthesizer that was typed, with its parameters.

    Parameters
    ----------
    name : str
        Registered name.
    params : sequence of str or None
        ``key=value`` each.

    Returns
    -------
    SynthesizerSpec
        The spec; its name is registered.

    Raises
    ------
    SpecError
        When the name is not registered, or a parameter is not written as ``key=value``.
    """
    from synthtab.specs import SynthesizerSpec
    from synthtab.synthesizers.registry import synthesizer_class

    synthesizer_class(name)
    pairs = [text.partition("=") for text in params or ()]
    for text, (key, equals, _) in zip(params or (), pairs, strict=True):
        if not key or not equals:
            raise SpecError(f"--param {text!r} is no parameter.", hint="Write --param key=value.")
    return SynthesizerSpec(name, {key: _parsed(value) for key, _, value in pairs})


def spec_in_words(text: str) -> SynthesizerSpec:
    """Give the synthesizer that was typed as a call.

    Parameters
    ----------
    text : str
        ``name``, or ``name(key=value, key=value)``.

    Returns
    -------
    SynthesizerSpec
        The spec; its name is registered.

    Raises
    ------
    SpecError
        When the name is not registered, or the text is no call.
    """
    name, opened, inside = text.strip().partition("(")
    if opened and not inside.endswith(")"):
        raise SpecError(f"{text!r} is no synthesizer.", hint='Write a name, or "tvae(epochs=60)".')
    return spec_of(name.strip(), [part.strip() for part in inside[:-1].split(",") if part.strip()])


def _parsed(text: str) -> str | float | bool | None:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str | int | float) else text
