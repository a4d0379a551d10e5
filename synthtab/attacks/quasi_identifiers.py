"""Quasi-identifiers: whether rare combinations of what is known of people stand in the synthetic table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthtab.attacks.knowledge import Knowledge
from synthtab.attacks.label_test import RecordStatistic
from synthtab.attacks.rates import ComparedRate, compared_rate
from synthtab.attacks.tables import AttackTables
from synthtab.schema import CastTable, Kind, LabelColumn
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["FAMILY", "QuasiIdentifierResult", "quasi_identifiers"]

FAMILY = "quasi-identifier cells"
# intervals of a number with decimals: nobody knows another's income to the cent
INTERVALS = 10
_LEAST_SAME = 2


@dataclass(frozen=True, eq=False)
class QuasiIdentifierResult:
    """What became of rare combinations of quasi-identifiers.

    Parameters
    ----------
    columns : tuple of str
        The quasi-identifiers.
    unique, small : ComparedRate or None
        Share of the records that are alone, or fewer than k, in their combination among all real records, and
        whose combination the synthetic table holds (k-map).
    homogeneous : ComparedRate or None
        Share of the records for which all synthetic rows of their combination, at least two, agree on the
        right level of a secret, mean over secrets (l-diversity of one).
    statistics : tuple of RecordStatistic
        Success on each record, for the label test.
    reason : str
        Why there is no figure.
    """

    columns: tuple[str, ...] = ()
    unique: ComparedRate | None = None
    small: ComparedRate | None = None
    homogeneous: ComparedRate | None = None
    statistics: tuple[RecordStatistic, ...] = ()
    reason: str = ""


def quasi_identifiers(tables: AttackTables, knowledge: Knowledge, *, k: int) -> QuasiIdentifierResult:
    """Count real people in small quasi-identifier cells that the synthetic table holds too.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    knowledge : Knowledge
        Which columns are quasi-identifiers, and which secrets. Numbers with decimals and dates are cut into
        ten intervals of equal counts.
    k : int
        A cell of fewer people is small.

    Returns
    -------
    QuasiIdentifierResult
        Shares in [0, 1]; perfect is no difference between training and holdout records.

    References
    ----------
    Sweeney (2002), k-anonymity, IJUFKS 10; Machanavajjhala et al. (2007), l-diversity, TKDD 1; El Emam and
    Dankar (2008), Protecting privacy using k-anonymity, JAMIA 15 (k-map).
    """
    names = tuple(name for name in knowledge.known if name in tables.everyone.table.columns)
    pool, made = tables.everyone, tables.everything
    if tables.reason or not names:
        return QuasiIdentifierResult(reason=tables.reason or "no column is a quasi-identifier")
    cells, drawn = _cells(tables, names)
    width = int(max(cells.max(), drawn.max(initial=0))) + 1
    # k counts people
    holders = np.unique(cells * (int(pool.persons.max()) + 1) + pool.persons) // (int(pool.persons.max()) + 1)
    people = np.bincount(holders, minlength=width)[cells]
    held = np.bincount(drawn, minlength=width)[cells] > 0
    n = len(cells)
    same = np.zeros(n)
    secrets = [
        name
        for name in knowledge.secrets
        if isinstance(pool.table[name], LabelColumn) and name in made.columns
    ]
    for secret in secrets:
        same += _all_agree(pool.table.label(secret), made.label(secret), cells, drawn, width) / len(secrets)
    successes: list[tuple[str, FloatArray]] = [
        ("unique", (held & (people == 1)).astype(np.float64)),
        ("small", (held & (people < k)).astype(np.float64)),
        *([("homogeneous", same)] if secrets else []),
    ]
    rates = {what: compared_rate(success, pool) for what, success in successes}
    return QuasiIdentifierResult(
        names,
        rates["unique"],
        rates["small"],
        rates.get("homogeneous"),
        tuple(RecordStatistic(FAMILY, what, _in_pool(tables, success)) for what, success in successes),
    )


def _in_pool(tables: AttackTables, success: FloatArray) -> FloatArray:
    """Give the success of the records among which the other attacks are tested."""
    by_origin = np.zeros(int(tables.everyone.origin.max()) + 1)
    by_origin[tables.everyone.origin] = success
    return by_origin[tables.pool.origin]


def _cells(tables: AttackTables, names: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Give each record and each synthetic row the number of its combination."""
    real, made = tables.everyone.table, tables.everything
    kinds = {column.name: column.kind for column in tables.columns}
    n = real.n_rows
    cells = np.zeros(n + made.n_rows, dtype=np.int64)
    for name in names:
        codes = np.concatenate(_codes(real, made, name, exact=kinds[name] is Kind.INTEGER))
        distinct = np.unique(codes, return_inverse=True)[1]
        cells = np.unique(cells * (int(distinct.max(initial=0)) + 1) + distinct, return_inverse=True)[1]
    return cells[:n].astype(np.int64), cells[n:].astype(np.int64)


def _codes(real: CastTable, made: CastTable, name: str, *, exact: bool) -> tuple[FloatArray, FloatArray]:
    columns = (real[name], made[name])
    if isinstance(columns[0], LabelColumn):
        levels = sorted({level for column in (real.label(name), made.label(name)) for level in column.levels})
        first, second = (
            table.label(name).recoded(tuple(levels)).astype(np.float64) for table in (real, made)
        )
        return first, second
    values = [table.number(name).values for table in (real, made)]
    missing = [np.isnan(own) for own in values]
    if exact:
        # one code for missing: NaN is equal to nothing
        first, second = (np.where(gap, np.inf, own) for gap, own in zip(missing, values, strict=True))
        return first, second
    known = values[0][~missing[0]]
    edges = np.unique(np.quantile(known, np.arange(1, INTERVALS) / INTERVALS)) if known.size else np.empty(0)
    first, second = (
        np.where(gap, -1.0, np.searchsorted(edges, np.where(gap, 0.0, own), side="right"))
        for gap, own in zip(missing, values, strict=True)
    )
    return first, second


def _all_agree(
    real: LabelColumn, made: LabelColumn, cells: IntArray, drawn: IntArray, width: int
) -> FloatArray:
    """Say of which records all synthetic rows of the cell agree on the record's own level."""
    levels = tuple(sorted({*real.levels, *made.levels}))
    truth, codes = real.recoded(levels), made.recoded(levels)
    lowest = np.full(width, len(levels), dtype=np.int64)
    highest = np.full(width, -2, dtype=np.int64)
    np.minimum.at(lowest, drawn, codes)
    np.maximum.at(highest, drawn, codes)
    count = np.bincount(drawn, minlength=width)
    agreed = (lowest == highest) & (count >= _LEAST_SAME) & (lowest >= 0)
    return np.asarray(agreed[cells] & (lowest[cells] == truth), dtype=np.float64)
