"""Linkability: whether two files about a person can be joined through the synthetic table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthtab.attacks.knowledge import Knowledge
from synthtab.attacks.label_test import RecordStatistic
from synthtab.attacks.lookup import look_up, over_pool, targets_of
from synthtab.attacks.rates import ComparedRate, compared_rate
from synthtab.attacks.tables import AttackTables
from synthtab.seeding import generator

__all__ = ["FAMILY", "LinkabilityResult", "linkability"]

FAMILY = "linkability"


@dataclass(frozen=True, eq=False)
class LinkabilityResult:
    """What linkage found.

    Parameters
    ----------
    first, second : tuple of str
        Columns of either file.
    rate : ComparedRate or None
        Share of people whose two halves point at the same synthetic row.
    statistics : tuple of RecordStatistic
        Success on each record, for the label test.
    reason : str
        Why there is no figure.
    """

    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    rate: ComparedRate | None = None
    statistics: tuple[RecordStatistic, ...] = ()
    reason: str = ""


def linkability(tables: AttackTables, knowledge: Knowledge) -> LinkabilityResult:
    """Join two files that share no column, through the synthetic rows nearest to each half of a record.

    One file holds the quasi-identifiers, the other all other columns; without declared roles the columns are
    dealt at random, seeded. An attack succeeds when a synthetic row is among the nearest of both halves. Each
    record is attacked for itself, so that its success does not depend on how many others are: training and
    holdout records may be of any number.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    knowledge : Knowledge
        Privacy roles.

    Returns
    -------
    LinkabilityResult
        Shares in [0, 1]; perfect is no difference between training and holdout records.

    References
    ----------
    Giomi et al. (2023), PoPETs; Article 29 Working Party (2014), WP216 (linkability).
    """
    first, second = _files(tables, knowledge)
    if tables.reason or not first or not second:
        return LinkabilityResult(reason=tables.reason or "fewer than two columns")
    targets = targets_of(tables)
    one, other = look_up(tables, first, targets), look_up(tables, second, targets)
    width = int(other.group_of_row.max()) + 1
    pairs = np.unique(one.group_of_row * width + other.group_of_row)
    wanted = one.group_of_target * width + other.group_of_target
    linked = pairs[np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)] == wanted
    n = tables.pool.table.n_rows
    success = over_pool(linked.astype(np.float64), targets, n)
    asked = over_pool(np.ones(len(targets)), targets, n) > 0
    return LinkabilityResult(
        first,
        second,
        compared_rate(success, tables.pool, asked),
        (RecordStatistic(FAMILY, "all", success, asked),),
    )


def _files(tables: AttackTables, knowledge: Knowledge) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rest = (*knowledge.secrets, *knowledge.others)
    if knowledge.is_declared and knowledge.known and rest:
        return knowledge.known, rest
    names = tables.names
    dealt = generator(tables.seed, "attacks", "linkability").permutation(len(names))
    return tuple(
        tuple(names[place] for place in sorted(part))
        for part in (dealt[: len(names) // 2], dealt[len(names) // 2 :])
    )  # type: ignore[return-value] # two parts
