"""RealTables: the real rows that chains start from, are fed with and are held against; guarded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError
from synthtab.recursion.regime import Regime
from synthtab.schema import CastTable, TableSchema
from synthtab.schema.rules import Rule
from synthtab.seeding import generator
from synthtab.synthesizers.guard import FittedGuard, Guard
from synthtab.synthesizers.people import people_of
from synthtab.tables import Split

__all__ = ["RealTables", "inflow", "prepare_real_tables", "recursion_schema"]

_FEWEST_ROWS = 2


@dataclass(frozen=True, eq=False)
class RealTables:
    """What a study knows of the real world.

    Parameters
    ----------
    schema : TableSchema
        The modelled columns: no identifiers, free text, person or weight column.
    original : CastTable
        D0: what every chain starts from.
    pool : CastTable
        Real rows that regimes with an inflow draw from, each once a chain.
    verifier : CastTable or None
        Real rows kept back for curation.
    holdout : CastTable
        Real rows that nothing learns from: the reference of every figure.
    guard : FittedGuard
        What was done, once, to all of them.
    original_before : CastTable
        D0 as it was before the guard: what the guard cost is told apart from what recursion costs.
    notes : tuple of str
        What a reader should know about how the rows were dealt.
    """

    schema: TableSchema
    original: CastTable
    pool: CastTable
    verifier: CastTable | None
    holdout: CastTable
    guard: FittedGuard
    original_before: CastTable
    notes: tuple[str, ...] = ()


def recursion_schema(schema: TableSchema) -> TableSchema:
    """Narrow a schema to what a chain learns: synthetic rows have no people, identifiers or free text.

    Parameters
    ----------
    schema : TableSchema
        The table's schema.

    Returns
    -------
    TableSchema
        Its modelled columns and the rules between them.
    """
    columns = schema.modelled
    names = {column.name for column in columns}

    def holds(rule: Rule) -> bool:
        return set(rule.columns) <= names

    return replace(
        schema,
        columns=columns,
        unit=None,
        weight=None,
        rules=tuple(rule for rule in schema.rules if holds(rule)),
    )


def inflow(regime: Regime, rows: int, generations: int) -> int:
    """Count the fresh real rows that a chain needs.

    Parameters
    ----------
    regime : Regime
        The regime.
    rows : int
        Rows a generation.
    generations : int
        Length of the chain.

    Returns
    -------
    int
        Rows, each used once.
    """
    return sum(regime.touched(g, rows, rows).fresh for g in range(1, generations + 1))


def prepare_real_tables(
    split: Split,
    schema: TableSchema,
    regimes: Sequence[Regime],
    *,
    generations: int,
    rows: int | None,
    guard: bool | Guard,
    seed: int,
) -> RealTables:
    """Deal real rows to D0 and inflow, and guard them once.

    Parameters
    ----------
    split : Split
        Training, holdout, pool and verifier rows.
    schema : TableSchema
        What is public about the table.
    regimes : sequence of Regime
        All regimes of the study: one D0 serves them all.
    generations : int
        Length of the chains.
    rows : int or None
        Rows a generation; None takes the most that leave enough for the inflow.
    guard : bool or Guard
        Whether, and with which k, the guard runs.
    seed : int
        Seed of the choice of D0 where not all training rows are in it.

    Returns
    -------
    RealTables
        The rows.

    Raises
    ------
    DataError
        When there are too few rows for what was asked; says how many are needed.
    """
    if not len(split.holdout):
        raise DataError(
            "A recursion needs a holdout: real rows that nothing learns from.",
            hint="Give st.recurse a split, or holdout=.",
        )
    chosen, notes = _rows_a_generation(split, regimes, generations, rows)
    own = recursion_schema(schema)
    # the order that rows came in shall change nothing
    train = split.train.iloc[own.cast(split.train, "training").content_order()]
    order, chosen = _by_person(train, schema, chosen, seed)
    first, rest = train.iloc[order[:chosen]], train.iloc[order[chosen:]]
    narrow = list(own.names)
    fitted = FittedGuard.fit(first, schema, _guard_of(guard))
    pool = pd.concat([split.pool[narrow], rest[narrow]]) if len(rest) else split.pool[narrow]

    def guarded(frame: pd.DataFrame, what: str) -> CastTable:
        return own.cast(fitted.apply(frame[narrow]), what).in_content_order()

    return RealTables(
        schema=own,
        original=guarded(first, "training"),
        pool=guarded(pool, "pool"),
        verifier=guarded(split.verifier, "verifier") if len(split.verifier) else None,
        holdout=guarded(split.holdout, "holdout"),
        guard=fitted,
        original_before=own.cast(first[narrow], "training").in_content_order(),
        notes=notes,
    )


def _guard_of(guard: bool | Guard) -> Guard | None:
    return guard if isinstance(guard, Guard) else Guard() if guard else None


def _rows_a_generation(
    split: Split, regimes: Sequence[Regime], generations: int, rows: int | None
) -> tuple[int, tuple[str, ...]]:
    """Give n, and say so where it had to be less than the training rows."""
    have = len(split.train) + len(split.pool)

    def needs(n: int) -> int:
        return n + max((inflow(regime, n, generations) for regime in regimes), default=0)

    if rows is not None:
        thirstiest = max(regimes, key=lambda regime: inflow(regime, rows, generations), default=None)
        if rows > len(split.train) or needs(rows) > have:
            fresh = needs(rows) - rows
            raise DataError(
                f"rows={rows:,} and {generations} generations need {needs(rows):,} real rows: {rows:,} "
                f"training rows to start from and {fresh:,} fresh ones for {thirstiest}; there are "
                f"{len(split.train):,} training and {len(split.pool):,} pool rows.",
                hint="Give fewer rows or generations, a smaller inflow, or a split with a larger pool.",
            )
        return rows, ()
    n = len(split.train)
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if needs(middle) <= have else (low, middle - 1)
    if low < _FEWEST_ROWS:
        raise DataError(
            f"There are too few real rows: {generations} generations with 2 rows each need {needs(2):,}, "
            f"and there are {have:,}.",
            hint="Give fewer generations, a smaller inflow, or more rows.",
        )
    if low == n:
        return n, ()
    inflowing = needs(low) - low
    note = f"Each generation has {low:,} rows, not {n:,}: {inflowing:,} real rows are kept for the inflow."
    return low, (note,)


def _by_person(
    frame: pd.DataFrame, schema: TableSchema, rows: int, seed: int
) -> tuple[npt.NDArray[np.intp], int]:
    """Order rows at random, all rows of a person together, and move the cut back so that it parts nobody."""
    people = people_of(frame, schema)
    _, person = np.unique(people, return_inverse=True)
    rank = generator(seed, "recursion", "original").permutation(int(person.max(initial=0)) + 1)
    order = np.argsort(rank[person], kind="stable")
    cut = rows
    while _FEWEST_ROWS < cut < len(order) and person[order[cut]] == person[order[cut - 1]]:
        cut -= 1
    return order, cut
