"""Survival: which columns say how long a row was watched, and whether the event then happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synthtab.errors import SchemaError
from synthtab.schema.columns import ColumnSpec, Kind, category_label

__all__ = ["Survival", "check_survival"]

_TRUE_WORDS = ("true", "yes", "1")


@dataclass(frozen=True)
class Survival:
    """A time until an event, or until a row was last seen without it.

    Parameters
    ----------
    time : str
        Numeric or integer column: how long the row was watched.
    event : str
        Boolean, categorical or ordinal column: whether the event ended the time.
    event_level : str, optional
        Level that means the event; all others mean that it had not happened yet. By default, of the event
        column's two categories the one that reads ``true``, ``yes`` or ``1``, else the second.

    Examples
    --------
    >>> Survival("months", "died", "yes").text
    'months until died = yes'
    """

    time: str
    event: str
    event_level: str | None = None

    def __post_init__(self) -> None:
        """Bring the level to its canonical label."""
        for what, name in (("time", self.time), ("event", self.event)):
            if not isinstance(name, str):
                raise SchemaError(f"A survival target's {what} column is named by something other than text.")
        if self.event_level is not None:
            object.__setattr__(self, "event_level", category_label(self.event_level))

    @property
    def text(self) -> str:
        """The target in words."""
        level = "" if self.event_level is None else f" = {self.event_level}"
        return f"{self.time} until {self.event}{level}"

    def level_of(self, column: ColumnSpec) -> str:
        """Say which level of the event column means the event.

        Parameters
        ----------
        column : ColumnSpec
            The event column.

        Returns
        -------
        str
            A canonical label.

        Raises
        ------
        SchemaError
            When no level was named and the column has not just two categories, or the level is none of them.
        """
        known = column.categories
        if self.event_level is not None:
            if known is not None and column.is_public and self.event_level not in known:
                raise SchemaError(
                    f"Survival target {self.text!r}: the event level is no category of {self.event!r}."
                )
            return self.event_level
        if known is None and column.kind is Kind.BOOLEAN:
            return "true"
        if known is None or len(known) != 2:  # noqa: PLR2004 - an event happens or does not
            raise SchemaError(
                f"Survival target {self.text!r}: {self.event!r} has not exactly two categories.",
                hint="Name the level that means the event: event_level.",
            )
        meaning_yes = [level for level in known if level.lower() in _TRUE_WORDS]
        return meaning_yes[0] if len(meaning_yes) == 1 else known[1]

    def to_dict(self) -> dict[str, str]:
        """Write the target as plain values.

        Returns
        -------
        dict
            JSON-able values by key.
        """
        raw = {"time": self.time, "event": self.event}
        return raw if self.event_level is None else {**raw, "event_level": self.event_level}

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> Survival:
        """Read a target from plain values.

        Parameters
        ----------
        raw : mapping
            What `to_dict` wrote.

        Returns
        -------
        Survival
            The target.

        Raises
        ------
        SchemaError
            When a key is unknown, or time or event is absent.
        """
        if not {"time", "event"} <= set(raw) <= {"time", "event", "event_level"}:
            raise SchemaError(
                f"A survival target has wrong keys: {', '.join(sorted(map(str, raw)))}.",
                hint="It has time, event and perhaps event_level.",
            )
        return cls(**raw)  # type: ignore[arg-type] # checked in __post_init__


def check_survival(targets: tuple[Survival, ...], modelled: tuple[ColumnSpec, ...]) -> None:
    """Refuse survival targets that a schema cannot mean.

    Parameters
    ----------
    targets : tuple of Survival
        The targets.
    modelled : tuple of ColumnSpec
        Columns of the schema that are learned and scored.

    Raises
    ------
    SchemaError
        When a column is absent or of the wrong kind, the event level is not known, or a target is doubled.
    """
    columns = {column.name: column for column in modelled}
    for target in targets:
        for what, name in (("time", target.time), ("event", target.event)):
            if name not in columns:
                raise SchemaError(
                    f"Survival target {target.text!r}: {name!r} is no modelled column of the schema.",
                    hint=f"The {what} column may be no identifier, free text, unit or weight column.",
                )
        time, event = columns[target.time], columns[target.event]
        if time.kind not in (Kind.NUMERIC, Kind.INTEGER):
            raise SchemaError(
                f"Survival target {target.text!r}: the time column {target.time!r} is {time.kind.value}.",
                hint="It must be numeric or integer: a length of time, no date.",
            )
        if not event.kind.is_label:
            raise SchemaError(
                f"Survival target {target.text!r}: the event column {target.event!r} is {event.kind.value}.",
                hint="It must be boolean, categorical or ordinal.",
            )
        target.level_of(event)
    pairs = [(target.time, target.event) for target in targets]
    if len(set(pairs)) < len(pairs):
        raise SchemaError("The schema names a survival target twice.")
