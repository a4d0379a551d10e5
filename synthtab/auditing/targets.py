"""Targets: which columns models predict, named or by default."""

from __future__ import annotations

from collections.abc import Sequence

from synthtab.auditing.tables import AuditTables
from synthtab.errors import DataError

__all__ = ["columns_named", "targets_of"]

_FREQUENT = 0.1


def columns_named(tables: AuditTables, wanted: str | Sequence[str] | None, what: str) -> tuple[str, ...]:
    """Take columns by their names.

    Parameters
    ----------
    tables : AuditTables
        The tables.
    wanted : str or sequence of str or None
        Which.
    what : str
        What a message calls such a column.

    Returns
    -------
    tuple of str
        Each once.

    Raises
    ------
    DataError
        When one is no modelled column.
    """
    names = [column.name for column in tables.columns]
    chosen = [wanted] if isinstance(wanted, str) else list(wanted or [])
    for name in chosen:
        if name not in names:
            raise DataError(
                f"The {what} {name!r} is no modelled column.", hint=f"Modelled: {', '.join(names)}."
            )
    return tuple(dict.fromkeys(chosen))


def targets_of(tables: AuditTables, wanted: str | Sequence[str] | None) -> tuple[str, ...]:
    """Say what models predict.

    Parameters
    ----------
    tables : AuditTables
        The tables.
    wanted : str or sequence of str or None
        Named columns; by default the first label column of which two levels are held by a tenth of the
        training rows each, else the first number column.

    Returns
    -------
    tuple of str
        Columns.

    Raises
    ------
    DataError
        When one is no modelled column.
    """
    return columns_named(tables, wanted, "target") or tuple(_default(tables))


def _default(tables: AuditTables) -> list[str]:
    for column in tables.columns:
        if column.kind.is_label:
            cast = tables.train.given.label(column.name)
            counts = sorted(
                (int((cast.codes == code).sum()) for code in range(len(cast.levels))), reverse=True
            )
            if len(counts) > 1 and counts[1] >= _FREQUENT * tables.train.n_rows:
                return [column.name]
    return [column.name for column in tables.columns if column.kind.is_number][:1]
