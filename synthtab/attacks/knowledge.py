"""Knowledge: which columns an attacker is taken to know, and which they are after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from synthtab.attacks.tables import AttackTables
from synthtab.schema import ColumnSpec, Kind, LabelColumn, Role

__all__ = ["Knowledge", "attacker_knowledge"]

MOST_QUASI = 8
MOST_SECRETS = 8
_FEW_LEVELS = 50
# what neighbours, colleagues and public registers know of a person
_KNOWN_OF_PEOPLE = re.compile(
    r"(^|[_\W])(age|sex|gender|birth\w*|born|dob|race|ethnic\w*|education\w*|school\w*|degree|marital\w*|zip\w*|"
    r"post\w*code|country|state|county|region|city|occupation|job|household\w*|income|religion|language|"
    r"nationality)($|[_\W\d])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Knowledge:
    """What an attacker knows of a person, and wants to know.

    Parameters
    ----------
    known : tuple of str
        Quasi-identifiers, in the order of the schema.
    secrets : tuple of str
        Sensitive columns, none of them known.
    others : tuple of str
        The rest.
    is_declared : bool
        Whether the schema says so; else columns were chosen by name and kind.
    """

    known: tuple[str, ...]
    secrets: tuple[str, ...]
    others: tuple[str, ...]
    is_declared: bool

    @property
    def all_but_secrets(self) -> tuple[str, ...]:
        """Every column that is no secret."""
        return (*self.known, *self.others)


def attacker_knowledge(tables: AttackTables) -> Knowledge:
    """Choose columns by privacy role; where none is declared, by what is usually known of people.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.

    Returns
    -------
    Knowledge
        At most eight known columns and eight secrets. Without declared quasi-identifiers, columns whose names
        say what others know of a person (age, sex, education, …), else the first four label or whole-number
        columns; without declared secrets, label columns of at most 50 levels, else numbers.
    """
    names = set(tables.names)
    columns = [column for column in tables.columns if column.name in names]
    quasi = [column.name for column in columns if column.role is Role.QUASI_IDENTIFIER]
    secret = [column.name for column in columns if column.role is Role.SENSITIVE]
    known = (quasi or _usually_known(columns, secret))[:MOST_QUASI]
    free = [column.name for column in columns if column.name not in known]
    secrets = (secret or _worth_knowing(tables, free))[:MOST_SECRETS]
    return Knowledge(
        tuple(known),
        tuple(secrets),
        tuple(name for name in free if name not in secrets),
        bool(quasi and secret),
    )


def _usually_known(columns: Sequence[ColumnSpec], secret: Sequence[str]) -> list[str]:
    free = [column for column in columns if column.name not in secret]
    named = [column.name for column in free if _KNOWN_OF_PEOPLE.search(column.name)]
    if named:
        return named
    simple = [column.name for column in free if column.kind.is_label or column.kind is Kind.INTEGER]
    # two columns at least are left to be found out
    return (simple or [column.name for column in free])[: max(0, min(4, len(columns) - 2))]


def _worth_knowing(tables: AttackTables, free: Sequence[str]) -> list[str]:
    labels = [
        name
        for name in free
        if isinstance(column := tables.pool.table[name], LabelColumn)
        and 1 < len(column.levels) <= _FEW_LEVELS
    ]
    numbers = [name for name in free if not isinstance(tables.pool.table[name], LabelColumn)]
    return labels or numbers
