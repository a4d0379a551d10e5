"""Arguments that studies, boards and gates take alike, refused before any work where they are none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd

from synthtab.errors import SpecError
from synthtab.schema import TableSchema
from synthtab.specs import SynthesizerSpec, spec
from synthtab.tables import Split, read_frame
from synthtab.tables import split as cut
from synthtab.tables.source import TableLike

__all__ = ["is_whole", "listed", "refuse_doubles", "rows_of", "seeds_of", "specs_of"]

_Item = TypeVar("_Item")
_HOLDOUT = 0.3


def listed(name: str, value: Iterable[_Item], example: str) -> list[_Item]:
    """Take a list.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : iterable
        What was given.
    example : str
        What to write instead of no list.

    Returns
    -------
    list
        Its items.

    Raises
    ------
    SpecError
        When it is none; a text is none either, for its items are letters.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise SpecError(f"{name} must be a list.", hint=f"Write {name}={example}.")
    return list(value)


def is_whole(value: object, least: int) -> bool:
    """Tell a whole number.

    Parameters
    ----------
    value : object
        What was given.
    least : int
        The smallest that is allowed.

    Returns
    -------
    bool
        Whether it is one; True and False are none.
    """
    return not isinstance(value, bool) and isinstance(value, int | np.integer) and int(value) >= least


def refuse_doubles(what: str, items: Sequence[object]) -> None:
    """Refuse an empty list, and one that names something twice.

    Parameters
    ----------
    what : str
        What its items are.
    items : sequence
        The items; told apart by what they are shown as.

    Raises
    ------
    SpecError
        When there is none, or one twice.
    """
    if not items:
        raise SpecError(f"Name at least one {what}.")
    shown = [str(item) for item in items]
    double = next((item for item in shown if shown.count(item) > 1), None)
    if double is not None:
        raise SpecError(f"The {what} {double} is named twice.")


def specs_of(synthesizers: Sequence[str | SynthesizerSpec]) -> tuple[SynthesizerSpec, ...]:
    """Take synthesizers by name or spec.

    Parameters
    ----------
    synthesizers : sequence of str or SynthesizerSpec
        Which.

    Returns
    -------
    tuple of SynthesizerSpec
        One for each.

    Raises
    ------
    SpecError
        When they are no list of names and specs, or one is named twice.
    """
    wanted = listed("synthesizers", synthesizers, '["gaussian_copula"]')
    for item in wanted:
        if not isinstance(item, str | SynthesizerSpec):
            raise SpecError(
                f"A {type(item).__name__} names no synthesizer.",
                hint='Write a name, or st.spec("tvae", epochs=60).',
            )
    found = tuple(spec(item) for item in wanted)
    refuse_doubles("synthesizer", found)
    return found


def seeds_of(seeds: Sequence[int]) -> tuple[int, ...]:
    """Take seeds.

    Parameters
    ----------
    seeds : sequence of int
        Whole numbers of 0 and more.

    Returns
    -------
    tuple of int
        Plain ones.

    Raises
    ------
    SpecError
        When they are no list of such numbers, or one is named twice.
    """
    wanted = listed("seeds", seeds, "range(10)")
    if not all(is_whole(seed, 0) for seed in wanted):
        raise SpecError("Seeds must be whole numbers, 0 or more.")
    found = tuple(int(seed) for seed in wanted)
    refuse_doubles("seed", found)
    return found


def rows_of(
    table: Split | TableLike, schema: TableSchema | None, holdout: TableLike | None, *, cut_holdout: bool
) -> tuple[Split, TableSchema]:
    """Take real rows as a split, and what is public about them.

    Parameters
    ----------
    table : Split or table
        Real rows.
    schema : TableSchema or None
        What is public; inferred from the training rows when None.
    holdout : table or None
        Real rows that nothing learns from, where `table` is no split.
    cut_holdout : bool
        Whether three tenths of a table without a holdout are held out, by person; else it has none.

    Returns
    -------
    tuple of Split and TableSchema
        Without pool and verifier where `table` is no split.

    Raises
    ------
    SpecError
        When there are two holdouts.
    """
    if isinstance(table, Split):
        if holdout is not None:
            raise SpecError("A split has its own holdout.", hint="Leave out holdout=.")
        return table, schema or TableSchema.infer(table.train)
    rows = read_frame(table)
    known = schema or TableSchema.infer(rows)
    if holdout is None and cut_holdout:
        return cut(rows, known, holdout=_HOLDOUT, seed=0), known
    none: pd.DataFrame = rows.iloc[:0]
    return Split(rows, none if holdout is None else read_frame(holdout), none, none, 0), known
