"""Holding a table against its schema: every problem at once, never a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthtab.errors import DataError
from synthtab.schema.cast_table import LabelColumn, NumberColumn
from synthtab.schema.casting import cast_columns
from synthtab.schema.columns import ColumnSpec, Kind
from synthtab.schema.rules import Rule

__all__ = ["POOLED_LEVEL", "SchemaProblem", "SchemaReport", "check_frame"]

# the guard pools rare levels here; a guarded table fits its schema
POOLED_LEVEL = "__other__"


@dataclass(frozen=True)
class SchemaProblem:
    """One way in which a table departs from its schema.

    Parameters
    ----------
    column : str
        Column, or the columns of a rule joined by commas.
    rule : str
        What is required.
    rows : int
        How many rows depart; 0 when the whole column does.
    remedy : str
        What to do.
    """

    column: str
    rule: str
    rows: int
    remedy: str

    def __str__(self) -> str:
        """Show as one line, without any value of the table."""
        where = f"{self.rows} row{'s' if self.rows != 1 else ''}" if self.rows else "the whole column"
        return f"{self.column}: {self.rule} ({where}). {self.remedy}"


@dataclass(frozen=True)
class SchemaReport:
    """Every problem of a table at once.

    Parameters
    ----------
    problems : tuple of SchemaProblem
        Empty when the table fits.
    """

    problems: tuple[SchemaProblem, ...]

    @property
    def ok(self) -> bool:
        """Whether the table fits its schema."""
        return not self.problems

    def frame(self) -> pd.DataFrame:
        """Give the problems as a table.

        Returns
        -------
        pandas.DataFrame
            Columns column, rule, rows, remedy.
        """
        return pd.DataFrame(
            [(item.column, item.rule, item.rows, item.remedy) for item in self.problems],
            columns=["column", "rule", "rows", "remedy"],
        )

    def raise_if_any(self) -> None:
        """Raise when there is a problem.

        Raises
        ------
        DataError
            Naming every problem, one a line.
        """
        if self.problems:
            raise DataError("The table does not fit its schema:\n" + "\n".join(map(str, self.problems)))

    def __str__(self) -> str:
        """Show one problem a line."""
        return "\n".join(map(str, self.problems)) or "the table fits its schema"


def check_frame(
    frame: pd.DataFrame, columns: tuple[ColumnSpec, ...], rules: tuple[Rule, ...]
) -> SchemaReport:
    """Report every departure of a table from its columns and rules at once, never a value.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    columns : tuple of ColumnSpec
        What each column should be.
    rules : tuple of Inequality, FixedCombination or Formula
        What every row must fulfil.

    Returns
    -------
    SchemaReport
        All problems.
    """
    problems: list[SchemaProblem] = []
    names = list(frame.columns)
    known = {column.name for column in columns}
    for name in dict.fromkeys(map(str, names)):
        times = sum(str(other) == name for other in names)
        if times > 1:
            problems.append(SchemaProblem(name, f"occurs {times} times", 0, "Keep one of them."))
        if name not in known:
            problems.append(
                SchemaProblem(name, "is not in the schema", 0, "Add it to the schema, or drop it.")
            )
    usable = [c for c in columns if sum(str(other) == c.name for other in names) == 1]
    absent = [c for c in columns if c.name not in set(map(str, names))]
    problems += [
        SchemaProblem(c.name, "is missing from the table", 0, "Add it, or drop it from the schema.")
        for c in absent
    ]
    plain = frame.set_axis([str(name) for name in names], axis=1)
    for column in usable:
        problems += _column_problems(plain[column.name], column)
    here = {column.name for column in usable}
    table = cast_columns(plain[[column.name for column in usable]], tuple(usable))
    for rule in rules:
        if here.issuperset(rule.columns):
            rows = int(np.count_nonzero(rule.broken(table)))
            if rows:
                remedy = "Correct these rows, or the rule."
                problems.append(
                    SchemaProblem(", ".join(rule.columns), f"breaks the rule {rule.text}", rows, remedy)
                )
    return SchemaReport(tuple(problems))


def _column_problems(series: pd.Series, column: ColumnSpec) -> list[SchemaProblem]:
    found: list[tuple[str, int, str]] = []
    if not column.missing:
        found.append(
            ("must not be missing", int(series.isna().sum()), "Fill them in, or allow missing values.")
        )
    if column.kind is Kind.IDENTIFIER:
        pattern = column.identifier_pattern
        if pattern is not None:
            words = series.dropna().map(str)
            wrong = int((~words.map(lambda word: bool(pattern.fullmatch(word)))).sum())
            found.append(
                (f"must have the format {column.format}", wrong, "Correct the format, or the values.")
            )
    elif column.kind.is_modelled:
        cast = cast_columns(series.to_frame(column.name), (column,))[column.name]
        found += (
            _number_problems(cast, column)
            if isinstance(cast, NumberColumn)
            else _level_problems(cast, column)
        )
    return [SchemaProblem(column.name, rule, rows, remedy) for rule, rows, remedy in found if rows]


def _number_problems(cast: NumberColumn, column: ColumnSpec) -> list[tuple[str, int, str]]:
    values = cast.values
    what = "a date" if column.kind is Kind.DATETIME else "a number"
    with np.errstate(invalid="ignore"):
        whole = column.kind is not Kind.INTEGER or not np.any(np.isfinite(values) & (values % 1 != 0))
        return [
            (f"must be {what}", cast.unreadable, "Correct them, or change the kind."),
            (
                "must be finite",
                int(np.isinf(values).sum()),
                "Replace infinities by missing values or numbers.",
            ),
            (
                f"must be at least {column.lower}",
                int((values < column.lower_number).sum()),
                "Correct them, or the bound.",
            ),
            (
                f"must be at most {column.upper}",
                int((values > column.upper_number).sum()),
                "Correct them, or the bound.",
            ),
            (
                "must be whole numbers",
                0 if whole else int((np.isfinite(values) & (values % 1 != 0)).sum()),
                "Round them, or call the column numeric.",
            ),
        ]


def _level_problems(cast: LabelColumn, column: ColumnSpec) -> list[tuple[str, int, str]]:
    if column.categories is None:
        return []
    codes = cast.recoded((*column.categories, POOLED_LEVEL))
    rows = int((codes == -2).sum())  # noqa: PLR2004 - the code of an unlisted level
    return [
        (f"must be one of {len(column.categories)} listed levels", rows, "Correct them, or list the levels.")
    ]
