"""ColumnSpec: what is publicly known about one column."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

import numpy as np

from synthtab.errors import SchemaError

__all__ = ["Bound", "ColumnSpec", "Domain", "Kind", "Role", "bound_to_number", "category_label"]

Bound = float | int | str | None


class Kind(StrEnum):
    """What sort of values a column holds."""

    NUMERIC = "numeric"
    INTEGER = "integer"
    CATEGORICAL = "categorical"
    ORDINAL = "ordinal"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    IDENTIFIER = "identifier"
    TEXT = "text"

    @property
    def is_number(self) -> bool:
        """Whether values lie on a line: numeric, integer or datetime."""
        return self in (Kind.NUMERIC, Kind.INTEGER, Kind.DATETIME)

    @property
    def is_label(self) -> bool:
        """Whether values are levels: categorical, ordinal or boolean."""
        return self in (Kind.CATEGORICAL, Kind.ORDINAL, Kind.BOOLEAN)

    @property
    def is_modelled(self) -> bool:
        """Whether a synthesizer learns it and an audit scores it: all but identifiers and free text."""
        return self.is_number or self.is_label


class Role(StrEnum):
    """What a column means for privacy."""

    NONE = "none"
    DIRECT_IDENTIFIER = "direct_identifier"
    QUASI_IDENTIFIER = "quasi_identifier"
    SENSITIVE = "sensitive"


class Domain(StrEnum):
    """Where bounds and categories come from."""

    PUBLIC = "public"
    FROM_DATA = "from_data"
    UNKNOWN = "unknown"


def category_label(value: object) -> str:
    """Give the one spelling of a level, whatever type the table holds it in.

    Parameters
    ----------
    value : object
        A level: text, number or truth value.

    Returns
    -------
    str
        Text as it is; whole numbers without a decimal point; ``"true"`` or ``"false"``.

    Examples
    --------
    >>> category_label(3.0), category_label("3"), category_label(True)
    ('3', '3', 'true')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    return str(value)


@dataclass(frozen=True)
class ColumnSpec:
    """Say what is publicly known about one column.

    Parameters
    ----------
    name : str
        Column name.
    kind : Kind or str
        One of numeric, integer, categorical, ordinal, boolean, datetime, identifier, text.
    missing : bool, default True
        Whether values may be missing.
    lower, upper : float, int, str or None
        Bounds, inclusive; ISO text for datetimes.
    categories : sequence of str, int, float or bool, optional
        Allowed levels; in rising order for an ordinal column.
    format : str, optional
        For a datetime, a ``strftime`` pattern; for an identifier, ``#`` for a digit, ``?`` for a capital
        letter and anything else for itself.
    rounding : int, optional
        Decimals that values are given to; advisory.
    role : Role or str
        One of none, direct_identifier, quasi_identifier, sensitive.
    domain : Domain or str, optional
        Where bounds and categories come from. By default public if there are any, else unknown.
    units : str, default ""
        Units of measurement, for people.
    description : str, default ""
        What the column means, for people.
    note : str, default ""
        Why inference decided so.

    Raises
    ------
    SchemaError
        When the parts contradict each other.

    Examples
    --------
    >>> ColumnSpec("age", "integer", missing=False, lower=0, upper=120).domain
    <Domain.PUBLIC: 'public'>
    """

    name: str
    kind: Kind
    missing: bool = True
    lower: Bound = None
    upper: Bound = None
    categories: tuple[str, ...] | None = None
    format: str | None = None
    rounding: int | None = None
    role: Role = Role.NONE
    domain: Domain | None = None
    units: str = ""
    description: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Bring the parts to their own types and refuse contradictions."""
        if not isinstance(self.name, str):
            raise SchemaError(
                f"A column name is of type {type(self.name).__name__}.",
                hint="Column names must be text: rename with frame.columns = frame.columns.map(str).",
            )
        object.__setattr__(self, "kind", self._member(Kind, self.kind, "kind"))
        object.__setattr__(self, "role", self._member(Role, self.role, "role"))
        if self.categories is not None:
            self._check_categories()
        self._check_bounds()
        known = self.categories is not None or self.lower is not None or self.upper is not None
        domain = (Domain.PUBLIC if known else Domain.UNKNOWN) if self.domain is None else self.domain
        object.__setattr__(self, "domain", self._member(Domain, domain, "domain"))
        if self.rounding is not None and (
            isinstance(self.rounding, bool) or not isinstance(self.rounding, int)
        ):
            raise SchemaError(f"Column {self.name!r}: rounding must be a whole number of decimals.")

    def _member(self, kind: type[StrEnum], value: object, what: str) -> StrEnum:
        try:
            return kind(str(value))
        except ValueError as error:
            allowed = ", ".join(member.value for member in kind)
            raise SchemaError(
                f"Column {self.name!r}: unknown {what}.", hint=f"Allowed: {allowed}."
            ) from error

    def _check_categories(self) -> None:
        assert self.categories is not None
        if not self.kind.is_label:
            raise SchemaError(
                f"Column {self.name!r}: categories belong to categorical, ordinal and boolean columns, "
                f"not to {self.kind.value}."
            )
        labels = tuple(category_label(level) for level in self.categories)
        if len(set(labels)) != len(labels):
            raise SchemaError(f"Column {self.name!r}: a category is listed twice.")
        object.__setattr__(self, "categories", labels)

    def _check_bounds(self) -> None:
        if self.lower is None and self.upper is None:
            return
        if not self.kind.is_number:
            raise SchemaError(
                f"Column {self.name!r}: bounds belong to numeric, integer and datetime columns."
            )
        try:
            low, high = self.lower_number, self.upper_number
        except (ValueError, TypeError) as error:
            raise SchemaError(
                f"Column {self.name!r}: a bound cannot be read.",
                hint="Write numbers, or ISO dates such as 2017-01-31 for a datetime column.",
            ) from error
        if math.isnan(low) or math.isnan(high) or low > high:
            raise SchemaError(f"Column {self.name!r}: the lower bound lies above the upper bound.")

    @property
    def lower_number(self) -> float:
        """The lower bound on the number line (seconds since 1970 for datetimes); minus infinity when open."""
        return -math.inf if self.lower is None else bound_to_number(self.lower, self.kind)

    @property
    def upper_number(self) -> float:
        """The upper bound on the number line (seconds since 1970 for datetimes); infinity when open."""
        return math.inf if self.upper is None else bound_to_number(self.upper, self.kind)

    @property
    def is_public(self) -> bool:
        """Whether bounds or categories are public facts."""
        return self.domain is Domain.PUBLIC

    @property
    def public_categories(self) -> tuple[str, ...]:
        """Levels that are public; none when the domain came from data."""
        return self.categories if self.is_public and self.categories is not None else ()

    @property
    def identifier_pattern(self) -> re.Pattern[str] | None:
        """Pattern of a declared identifier format, or None."""
        if self.kind is not Kind.IDENTIFIER or self.format is None:
            return None
        parts = {"#": "[0-9]", "?": "[A-Z]"}
        return re.compile("".join(parts.get(char, re.escape(char)) for char in self.format))

    def to_dict(self) -> dict[str, object]:
        """Write the column as plain values, defaults left out.

        Returns
        -------
        dict
            JSON-able values by field name.
        """
        out: dict[str, object] = {"name": self.name, "kind": self.kind.value}
        for item in fields(self)[2:]:
            value = getattr(self, item.name)
            if value != item.default:
                out[item.name] = list(value) if isinstance(value, tuple) else value
        return {key: value.value if isinstance(value, StrEnum) else value for key, value in out.items()}

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> ColumnSpec:
        """Read a column from plain values.

        Parameters
        ----------
        raw : mapping
            What `to_dict` wrote, or what a person wrote by hand.

        Returns
        -------
        ColumnSpec
            The column.

        Raises
        ------
        SchemaError
            When a key is unknown or a value does not fit.
        """
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(map(str, raw)) - known)
        if unknown or "name" not in raw or "kind" not in raw:
            what = f"unknown key {unknown[0]!r}" if unknown else "name or kind is missing"
            raise SchemaError(
                f"Column {raw.get('name', '?')!r}: {what}.", hint=f"Allowed keys: {', '.join(sorted(known))}."
            )
        values = dict(raw)
        if values.get("categories") is not None:
            values["categories"] = tuple(values["categories"])  # type: ignore[arg-type] # checked in __post_init__
        return cls(**values)  # type: ignore[arg-type] # checked in __post_init__


def bound_to_number(value: float | str, kind: Kind) -> float:
    """Put a bound on the number line.

    Parameters
    ----------
    value : float, int or str
        A bound; ISO text for datetimes.
    kind : Kind
        Kind of the column.

    Returns
    -------
    float
        The number, or seconds since 1970-01-01 UTC.
    """
    if kind is not Kind.DATETIME:
        return float(value)
    moment = datetime.fromisoformat(str(value))
    naive = moment.replace(tzinfo=None) - (moment.utcoffset() or (moment - moment))
    return (naive - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 - both sides are UTC without a zone
