"""Guard: take from real rows, once and before any model sees them, what only a few people hold.

* A level that is not public and held by fewer than ``k`` people is pooled into ``__other__``. Where the pool
  itself would hold fewer than ``k`` people, its rows become missing if the schema allows missing values, else
  they join the commonest level. A column that cannot hold text (whole-number codes, truth values) has no room
  for a pool: its rare levels join the nearest level that is kept.
* Numbers and dates are top- and bottom-coded at their public bounds; where there is none, at the value that
  the ``k``-th smallest or largest person holds, so that at least ``k`` people share each end.
* A column with a value for fewer than ``k`` people becomes missing altogether.
* Identifiers and free text are dropped; samples get random surrogates.

People are counted by the schema's unit column, else each row is one. What a fitted guard keeps in memory or
writes to disk names only levels that are public or held by ``k`` people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthtab.errors import DataError, SavedModelError, SpecError
from synthtab.results import GuardAction
from synthtab.schema import ColumnSpec, Kind, NumberColumn, TableSchema
from synthtab.schema.casting import cast_columns
from synthtab.synthesizers.dtypes import can_hold_text
from synthtab.synthesizers.guard_columns import GuardedLabels, GuardedNumbers
from synthtab.synthesizers.people import number_of_people, people_of
from synthtab.synthesizers.state import facts_of, listed

__all__ = ["FittedGuard", "Guard", "learned_columns"]


@dataclass(frozen=True)
class Guard:
    """How many people must share what a model may learn.

    Parameters
    ----------
    k : int, default 10
        Fewest people.

    Raises
    ------
    SpecError
        When `k` is below 2.
    """

    k: int = 10

    def __post_init__(self) -> None:
        """Refuse a guard that guards nothing."""
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 2:  # noqa: PLR2004 - one is nobody else
            raise SpecError(
                "The guard's k must be a whole number, 2 or more.", hint="Switch it off by guard=False."
            )


@dataclass(frozen=True)
class FittedGuard:
    """A guard that has seen the real rows.

    Parameters
    ----------
    k : int
        Fewest people; 0 when the guard is off.
    numbers : mapping of str to GuardedNumbers
        By column.
    labels : mapping of str to GuardedLabels
        By column.
    dropped : tuple of str
        Identifiers and free text.
    schema : TableSchema
        The table's schema.
    """

    k: int
    numbers: Mapping[str, GuardedNumbers]
    labels: Mapping[str, GuardedLabels]
    dropped: tuple[str, ...]
    schema: TableSchema

    @property
    def is_on(self) -> bool:
        """Whether the guard changes anything."""
        return self.k > 0

    @property
    def actions(self) -> tuple[GuardAction, ...]:
        """What was done, column by column, in counts that are safe to print."""
        if not self.is_on:
            return ()
        told: dict[str, tuple[str, ...]] = {name: item.told for name, item in self.numbers.items()}
        told |= {name: item.told for name, item in self.labels.items()}
        told |= {name: (_dropped_text(self.schema[name], self.schema),) for name in self.dropped}
        return tuple(GuardAction(name, line) for name in self.schema.names for line in told.get(name, ()))

    @classmethod
    def fit(cls, frame: pd.DataFrame, schema: TableSchema, guard: Guard | None) -> FittedGuard:
        """Find out what must be pooled, coded or dropped.

        Parameters
        ----------
        frame : pandas.DataFrame
            Real rows.
        schema : TableSchema
            Says which levels and bounds are public and which column tells people apart.
        guard : Guard or None
            None switches the guard off; identifiers and free text are dropped all the same.

        Returns
        -------
        FittedGuard
            The guard.

        Raises
        ------
        DataError
            When the whole table holds fewer than `k` people.
        """
        learned = learned_columns(schema)
        dropped = tuple(c.name for c in schema.columns if c not in learned)
        if guard is None:
            return cls(0, {}, {}, dropped, schema)
        people = people_of(frame, schema)
        if number_of_people(people) < guard.k:
            raise DataError(
                f"The table holds fewer than k = {guard.k} people, so that nothing in it may be learned.",
                hint="Lower k by guard=Guard(k=…), or set guard=False for rows that are not real.",
            )
        numbers: dict[str, GuardedNumbers] = {}
        labels: dict[str, GuardedLabels] = {}
        for spec in learned:
            column = cast_columns(frame[[spec.name]], (spec,))[spec.name]
            if isinstance(column, NumberColumn):
                numbers[spec.name] = GuardedNumbers.learn(column, spec, people, guard.k)
            else:
                holds_text = can_hold_text(frame[spec.name])
                labels[spec.name] = GuardedLabels.learn(column, spec, people, guard.k, holds_text=holds_text)
        return cls(guard.k, numbers, labels, dropped, schema)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Bring rows to what a model may learn.

        Parameters
        ----------
        frame : pandas.DataFrame
            Rows of the guarded table, or of one like it.

        Returns
        -------
        pandas.DataFrame
            A copy without identifiers and free text; dtypes stay, but that a pandas category loses levels
            that are not kept and gains the pool.
        """
        out = frame.drop(columns=[name for name in self.dropped if name in frame.columns])
        rules: dict[str, GuardedNumbers | GuardedLabels] = {**self.numbers, **self.labels}
        for name, rule in rules.items():
            if name in out.columns:
                out[name] = rule.apply(out[name], self.schema[name])
        return out

    def bounds(self, name: str, spec: ColumnSpec) -> tuple[float, float]:
        """Give the ends that a sampled number may not leave.

        Parameters
        ----------
        name : str
            Column name.
        spec : ColumnSpec
            What is public about it.

        Returns
        -------
        tuple of float
            The guard's ends, else the public bounds, else infinities.
        """
        if name in self.numbers:
            return self.numbers[name].low, self.numbers[name].high
        return (spec.lower_number, spec.upper_number) if spec.is_public else (-np.inf, np.inf)

    def to_dict(self) -> dict[str, object]:
        """Write the guard as plain values.

        Returns
        -------
        dict
            JSON-able values; of levels only those that are kept, of numbers only ends that `k` people share.
        """
        return {
            "k": self.k,
            "numbers": {name: item.to_dict() for name, item in self.numbers.items()},
            "labels": {name: item.to_dict() for name, item in self.labels.items()},
            "dropped": list(self.dropped),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, object], schema: TableSchema) -> FittedGuard:
        """Read a guard from plain values.

        Parameters
        ----------
        raw : mapping
            What `to_dict` wrote.
        schema : TableSchema
            The table's schema.

        Returns
        -------
        FittedGuard
            The guard.

        Raises
        ------
        SavedModelError
            When the values are no guard.
        """
        try:
            numbers = {
                name: GuardedNumbers.from_dict(facts_of(item))
                for name, item in facts_of(raw["numbers"]).items()
            }
            labels = {
                name: GuardedLabels.from_dict(facts_of(item))
                for name, item in facts_of(raw["labels"]).items()
            }
            dropped = tuple(str(name) for name in listed(raw, "dropped"))
            return cls(int(str(raw["k"])), numbers, labels, dropped, schema)
        except (KeyError, TypeError, ValueError) as error:
            raise SavedModelError("The guard in this file cannot be read.") from error


def learned_columns(schema: TableSchema) -> tuple[ColumnSpec, ...]:
    """Give the columns that a synthesizer learns: the modelled ones and a weight column of numbers.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table.

    Returns
    -------
    tuple of ColumnSpec
        In schema order.
    """
    modelled = {column.name for column in schema.modelled}
    weight = {schema.weight} - {schema.unit, None}
    return tuple(c for c in schema.columns if c.name in modelled or (c.name in weight and c.kind.is_number))


def _dropped_text(spec: ColumnSpec, schema: TableSchema) -> str:
    what = (
        "person identifier"
        if spec.name == schema.unit
        else "free text"
        if spec.kind is Kind.TEXT
        else "identifier"
    )
    return f"{what} dropped; samples hold random surrogates"
