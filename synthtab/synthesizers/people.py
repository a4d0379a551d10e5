"""Whose a row is: people are what privacy counts, not rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.schema import TableSchema

__all__ = ["are_rising", "count_people", "number_of_people", "people_of"]


def people_of(frame: pd.DataFrame, schema: TableSchema) -> npt.NDArray[np.int64]:
    """Give each row the number of its person; a row without one is a person of its own.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (n_rows, n_columns)
        The table.
    schema : TableSchema
        Says which column tells people apart.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Equal for rows of the same person.
    """
    rows = np.arange(len(frame), dtype=np.int64)
    if schema.unit is None:
        return rows
    codes, _ = pd.factorize(frame[schema.unit])
    return np.where(codes < 0, rows + len(rows), codes.astype(np.int64))


def count_people(
    groups: npt.NDArray[np.int64], people: npt.NDArray[np.int64], n_groups: int
) -> npt.NDArray[np.int64]:
    """Count the different people of each group of rows.

    Parameters
    ----------
    groups : ndarray of int, shape (n_rows,)
        Group of each row, 0 or more.
    people : ndarray of int, shape (n_rows,)
        Number of the person of each row, 0 or more.
    n_groups : int
        How many groups there are.

    Returns
    -------
    ndarray of int, shape (n_groups,)
        People.
    """
    if are_rising(people):
        return np.bincount(groups, minlength=n_groups).astype(np.int64)
    width = int(people.max(initial=0)) + 1
    pairs = np.unique(groups.astype(np.int64) * width + people)
    return np.bincount(pairs // width, minlength=n_groups).astype(np.int64)


def number_of_people(people: npt.NDArray[np.int64]) -> int:
    """Count different people.

    Parameters
    ----------
    people : ndarray of int, shape (n_rows,)
        Number of the person of each row.

    Returns
    -------
    int
        People.
    """
    return len(people) if are_rising(people) else len(np.unique(people))


def are_rising(people: npt.NDArray[np.int64]) -> bool:
    """Say whether the people of some rows are different because their numbers rise.

    So it is wherever each row is one person; to look for repeated numbers takes far longer in a large table.

    Parameters
    ----------
    people : ndarray of int, shape (n_rows,)
        Number of the person of each row.

    Returns
    -------
    bool
        True when each number is larger than the one before.
    """
    return bool((people[1:] > people[:-1]).all())
