"""ModelState: a fitted model as plain data, and how to read the untyped part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from synthtab.errors import SavedModelError

__all__ = ["ModelState", "facts_of", "listed"]


@dataclass(frozen=True)
class ModelState:
    """A fitted model as plain data.

    Parameters
    ----------
    facts : mapping of str to object
        What JSON can hold.
    arrays : mapping of str to ndarray
        Numbers and fixed-width text; no object arrays.
    pickled : bytes, default b""
        A pickle, where nothing else can hold the model; a file with one loads only when trusted.
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    pickled: bytes = b""


def facts_of(raw: object) -> Mapping[str, object]:
    """Take a value read from JSON for a mapping.

    Parameters
    ----------
    raw : object
        The value.

    Returns
    -------
    mapping of str to object
        The value.

    Raises
    ------
    SavedModelError
        When it is no mapping.
    """
    if not isinstance(raw, Mapping):
        raise SavedModelError("A part of this saved model is not what it should be (no mapping).")
    return raw


def listed(facts: Mapping[str, object], key: str) -> list[object]:
    """Take a part of a mapping read from JSON for a list.

    Parameters
    ----------
    facts : mapping of str to object
        The mapping.
    key : str
        Name of the part.

    Returns
    -------
    list of object
        The list.

    Raises
    ------
    SavedModelError
        When it is missing or no list.
    """
    raw = facts.get(key)
    if not isinstance(raw, list):
        raise SavedModelError(f"A part of this saved model is not what it should be ({key}: no list).")
    return raw
