"""Random surrogates for identifiers: drawn from the declared format alone, never from real ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthtab.schema import ColumnSpec, Kind

__all__ = ["surrogate_identifiers"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_HEXADECIMAL = "0123456789abcdef"
_LARGEST = 10**10


def surrogate_identifiers(
    spec: ColumnSpec, n_rows: int, draws: np.random.Generator, largest: int | None = None
) -> npt.NDArray[np.generic]:
    """Draw identifiers, all different wherever the format has room.

    A real identifier is met only by chance, and never avoided on purpose: to reject real ones would tell, by
    what never occurs, which ones are real.

    Parameters
    ----------
    spec : ColumnSpec
        Name, kind and, for an identifier, its format: ``#`` is a digit, ``?`` a capital letter.
    n_rows : int
        How many.
    draws : numpy.random.Generator
        Source of randomness.
    largest : int, optional
        Largest whole number that the column can hold, when it holds whole numbers.

    Returns
    -------
    ndarray of object or int64, shape (n_rows,)
        Text, or whole numbers.
    """
    pattern = spec.format if spec.kind is Kind.IDENTIFIER else None
    if pattern is not None:
        words = _words([_DIGITS if c == "#" else _LETTERS if c == "?" else c for c in pattern], n_rows, draws)
        if largest is None:
            return words
        if all(word.isdigit() and int(word) <= largest for word in words):
            return np.array([int(word) for word in words], dtype=np.int64)
    if largest is not None:
        top = min(largest, _LARGEST - 1)
        bottom = top // 10 + 1  # as many digits for all
        return bottom + _different(top - bottom + 1, n_rows, draws)
    prefix = "id-" if spec.kind is not Kind.TEXT else "text-"
    return _words([*prefix, *[_HEXADECIMAL] * 8], n_rows, draws)


def _words(places: list[str], n_rows: int, draws: np.random.Generator) -> npt.NDArray[np.generic]:
    """Draw words; each place is the string of the characters that it may hold."""
    capacity = 1
    for characters in places:
        capacity *= len(characters)
    if capacity < 2**62:
        left = _different(capacity, n_rows, draws)
        chosen = []
        for characters in reversed(places):
            left, own = np.divmod(left, len(characters))
            chosen.append(np.array(list(characters))[own])
        columns = chosen[::-1]
    else:  # so much room that two equal words will not be met
        columns = [
            np.array(list(characters))[draws.integers(len(characters), size=n_rows)] for characters in places
        ]
    return np.array(
        ["".join(row) for row in zip(*columns, strict=True)] if columns else [""] * n_rows, dtype=object
    )


def _different(capacity: int, n_rows: int, draws: np.random.Generator) -> npt.NDArray[np.int64]:
    if n_rows > capacity:
        return draws.integers(capacity, size=n_rows)
    return np.asarray(draws.choice(capacity, size=n_rows, replace=False), dtype=np.int64)
