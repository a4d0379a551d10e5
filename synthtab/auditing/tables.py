"""AuditTables: the three tables of an audit, cast, guarded, and put in an order that nothing depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.auditing.people import people_on_both_sides
from synthtab.errors import DataError
from synthtab.profiling.memory import person_hash
from synthtab.schema import CastTable, ColumnSpec, TableSchema
from synthtab.schema.cast_table import HashArray, text_hash
from synthtab.tables import read_frame
from synthtab.tables.source import TableLike

__all__ = ["AppliesGuard", "AuditTable", "AuditTables", "prepare_table", "prepare_tables"]


class AppliesGuard(Protocol):
    """A fitted guard, seen from above: it can do to a real table what it did before fitting."""

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Pool and code a table as the training rows were.

        Parameters
        ----------
        frame : pandas.DataFrame
            Real rows.

        Returns
        -------
        pandas.DataFrame
            The guarded rows.
        """
        ...


@dataclass(frozen=True, eq=False)
class AuditTable:
    """Rows of one table, with the person of each.

    Parameters
    ----------
    given : CastTable
        The rows, in the order they came in: for counts, which do not depend on it.
    given_people : ndarray of uint64, shape (n_rows,) or None
        Hash of the person of each row; None when each row is a person of its own.
    """

    given: CastTable
    given_people: HashArray | None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.given.n_rows

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        if self.given_people is None:
            return self.given.content_order()
        return np.lexsort((self.given_people, self.given.row_hash()))

    @property
    def row_numbers(self) -> npt.NDArray[np.intp]:
        """Where each of `rows` stood in the table that was given."""
        return self._order

    @cached_property
    def rows(self) -> CastTable:
        """The rows in an order that follows from their content; sorted when first asked for."""
        return self.given.take(self._order)

    @cached_property
    def people(self) -> HashArray | None:
        """Hash of the person of each of `rows`."""
        return None if self.given_people is None else self.given_people[self._order]

    def at_most(self, n: int, seed: int) -> AuditTable:
        """Give a random part of the rows, whole persons together.

        Parameters
        ----------
        n : int
            Most rows.
        seed : int
            Seed of the choice.

        Returns
        -------
        AuditTable
            About `n` rows in content order, or the whole table when it is no larger.
        """
        return self if self.n_rows <= n else self._take(np.sort(self._shuffled(f"at most {seed}")[:n]))

    def halves(self, seed: int) -> tuple[AuditTable, AuditTable]:
        """Cut the rows in two at random, whole persons together.

        Parameters
        ----------
        seed : int
            Seed of the cut.

        Returns
        -------
        tuple of AuditTable
            Two parts of about equal size, in content order.
        """
        order, middle = self._shuffled(f"halves {seed}"), self.n_rows // 2
        if self.people is not None:
            while 0 < middle < self.n_rows and self.people[order[middle]] == self.people[order[middle - 1]]:
                middle += 1
        return self._take(np.sort(order[:middle])), self._take(np.sort(order[middle:]))

    def _shuffled(self, purpose: str) -> npt.NDArray[np.intp]:
        """Order the rows by a seeded hash of their content, or of their person."""
        keys = self.rows.row_hash() if self.people is None else self.people
        mixed = (keys ^ np.uint64(text_hash(purpose))) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        return np.argsort(mixed, kind="stable")

    def _take(self, rows: npt.NDArray[np.intp]) -> AuditTable:
        return AuditTable(self.rows.take(rows), None if self.people is None else self.people[rows])


@dataclass(frozen=True, eq=False)
class AuditTables:
    """What an audit compares.

    Parameters
    ----------
    train, synthetic : AuditTable
        Rows that the synthesizer learned from, and rows that it made.
    holdout : AuditTable or None
        Real rows that it has not seen.
    schema : TableSchema
        What is public.
    withheld : mapping of str to tuple of str
        Levels of the training rows that the guard pooled, by column.
    on_both_sides : tuple of str
        Columns that look like names of people, the same ones in training and holdout, and are no unit.
    """

    train: AuditTable
    synthetic: AuditTable
    holdout: AuditTable | None
    schema: TableSchema
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    on_both_sides: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[ColumnSpec, ...]:
        """Columns that are scored."""
        return self.schema.modelled

    @property
    def rows_a_person(self) -> int:
        """Most rows that one person has in a real table."""
        sides = [side.given_people for side in (self.train, self.holdout) if side is not None]
        return max(
            int(np.unique(people, return_counts=True)[1].max(initial=1)) if people is not None else 1
            for people in sides
        )


def prepare_tables(
    real: TableLike,
    synthetic: TableLike,
    holdout: TableLike | None,
    schema: TableSchema | None,
    guard: AppliesGuard | None,
) -> AuditTables:
    """Bring the tables of an audit to one schema.

    Parameters
    ----------
    real, synthetic : table
        Training rows and synthetic rows.
    holdout : table or None
        Real rows that nothing learned from.
    schema : TableSchema or None
        What is public; inferred from the training rows when None.
    guard : AppliesGuard or None
        Applied to the real tables, so that what it dropped is not blamed on the synthesizer.

    Returns
    -------
    AuditTables
        The tables.

    Raises
    ------
    DataError
        When a table has no rows, or columns are missing or doubled.
    """
    frames = {"real": read_frame(real), "synthetic": read_frame(synthetic)}
    if holdout is not None:
        frames["holdout"] = read_frame(holdout)
    known = TableSchema.infer(frames["real"]) if schema is None else schema
    if not known.modelled:
        raise DataError(
            "No column can be audited.",
            hint="All are identifiers or free text; change their kind in the schema.",
        )
    prepared = {}
    for name, frame in frames.items():
        prepared[name] = prepare_table(name, frame, known, guard if name != "synthetic" else None)
    withheld = {} if guard is None else _withheld(frames["real"], prepared["real"], known)
    both = () if holdout is None else people_on_both_sides(frames["real"], frames["holdout"], known)
    return AuditTables(
        prepared["real"], prepared["synthetic"], prepared.get("holdout"), known, withheld, both
    )


def _withheld(frame: pd.DataFrame, guarded: AuditTable, schema: TableSchema) -> dict[str, tuple[str, ...]]:
    """List the levels that stand in the rows before the guard and not after."""
    raw, found = schema.cast(frame, "real"), {}
    for column in schema.modelled:
        if column.kind.is_label:
            gone = set(raw.label(column.name).levels) - set(guarded.given.label(column.name).levels)
            if gone - set(column.public_categories):
                found[column.name] = tuple(sorted(gone - set(column.public_categories)))
    return found


def prepare_table(
    name: str, frame: pd.DataFrame, schema: TableSchema, guard: AppliesGuard | None
) -> AuditTable:
    """Bring one table to its schema.

    Parameters
    ----------
    name : str
        What it is called in messages.
    frame : pandas.DataFrame
        The rows.
    schema : TableSchema
        What is public.
    guard : AppliesGuard or None
        Applied first, if given.

    Returns
    -------
    AuditTable
        The rows.

    Raises
    ------
    DataError
        When the table has no rows or lacks a column.
    """
    if frame.empty:
        raise DataError(f"The {name} table has no rows.", hint="Give at least one row.")
    people = person_hash(frame, schema)
    rows = schema.cast(frame if guard is None else guard.apply(frame), name)
    return AuditTable(rows, people)
