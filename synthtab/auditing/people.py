"""People: whether columns that nobody named as the unit tell that one person stands in two tables."""

from __future__ import annotations

import re

import pandas as pd

from synthtab.schema import Kind, TableSchema

__all__ = ["people_on_both_sides"]

_NAMES_PEOPLE = re.compile(
    r"(^|[_\W])(id|uuid|guid|key|ssn|mrn|person|patient|subject|participant|customer|member|client|employee|"
    r"household|respondent|user)([_\W]?(id|key|nr|no|number|code))?$|[a-z]Id$",
    re.IGNORECASE,
)
# a person has a few rows; a hospital or a product has many
_MOST_ROWS_EACH = 50
_LEAST_NAMES = 20
_NOTICED = 0.05


def people_on_both_sides(train: pd.DataFrame, holdout: pd.DataFrame, schema: TableSchema) -> tuple[str, ...]:
    """Name the columns that look like people, and hold the same ones in training and holdout.

    Parameters
    ----------
    train, holdout : pandas.DataFrame
        The real tables, as given.
    schema : TableSchema
        Says which column the unit is; that one is not looked at, its people are told apart already.

    Returns
    -------
    tuple of str
        Columns whose name or kind speaks of an identifier, with at least 20 values of at most 50 training
        rows each on average, a twentieth of which stand in the holdout too.
    """
    found = []
    for column in schema.columns:
        name = column.name
        looks = column.kind is Kind.IDENTIFIER or _NAMES_PEOPLE.search(name) is not None
        if not looks or name == schema.unit or name not in train or name not in holdout:
            continue
        names = train[name].dropna()
        distinct = set(names.unique())
        if len(distinct) < _LEAST_NAMES or len(names) > _MOST_ROWS_EACH * len(distinct):
            continue
        if _are_row_numbers(train[name]) and _are_row_numbers(holdout[name]):
            continue
        if len(distinct & set(holdout[name].dropna().unique())) > _NOTICED * len(distinct):
            found.append(name)
    return tuple(found)


def _are_row_numbers(column: pd.Series) -> bool:
    """Say whether a table's rows were merely counted: from 0 or 1, without a gap."""
    if not pd.api.types.is_integer_dtype(column) or not column.is_unique:
        return False
    return int(column.min()) in (0, 1) and int(column.max()) - int(column.min()) == len(column) - 1
