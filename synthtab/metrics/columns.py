"""Columns: which ones several tables share, and tables narrowed to them or put under one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn

__all__ = ["levels_by_count", "modelled_names", "narrowed", "stacked"]


def modelled_names(columns: tuple[ColumnSpec, ...], tables: Sequence[CastTable]) -> tuple[str, ...]:
    """Give the names of the columns that every table holds as numbers or levels.

    Parameters
    ----------
    columns : tuple of ColumnSpec
        Columns of the schema.
    tables : sequence of CastTable
        The tables.

    Returns
    -------
    tuple of str
        Sorted, so that no order of columns matters.
    """
    return tuple(
        sorted(c.name for c in columns if c.kind.is_modelled and all(c.name in t.columns for t in tables))
    )


def narrowed(table: CastTable, names: tuple[str, ...]) -> CastTable:
    """Keep some columns of a table.

    Parameters
    ----------
    table : CastTable
        The table.
    names : tuple of str
        Columns to keep.

    Returns
    -------
    CastTable
        The same rows with those columns only.
    """
    return CastTable({name: table[name] for name in names}, table.n_rows)


def levels_by_count(columns: Sequence[LabelColumn]) -> tuple[str, ...]:
    """List the levels that occur, most frequent first, equal counts by their text.

    Parameters
    ----------
    columns : sequence of LabelColumn
        The same column of several tables.

    Returns
    -------
    tuple of str
        Levels; neither the order of tables nor that of rows matters.
    """
    totals: dict[str, int] = {}
    for column in columns:
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        for level, count in zip(column.levels, counts.tolist(), strict=True):
            totals[level] = totals.get(level, 0) + count
    return tuple(
        sorted((level for level, count in totals.items() if count), key=lambda level: (-totals[level], level))
    )


def stacked(tables: Sequence[CastTable], names: tuple[str, ...]) -> CastTable:
    """Put tables under one another.

    Parameters
    ----------
    tables : sequence of CastTable
        At least one.
    names : tuple of str
        Columns to keep.

    Returns
    -------
    CastTable
        All rows, in the order of the tables.
    """
    columns: dict[str, NumberColumn | LabelColumn] = {}
    for name in names:
        if isinstance(tables[0][name], NumberColumn):
            columns[name] = NumberColumn(np.concatenate([table.number(name).values for table in tables]))
        else:
            labels = [table.label(name) for table in tables]
            levels = tuple(sorted(levels_by_count(labels)))
            columns[name] = LabelColumn(np.concatenate([label.recoded(levels) for label in labels]), levels)
    return CastTable(columns, sum(table.n_rows for table in tables))
