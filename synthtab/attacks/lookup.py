"""Lookup: which synthetic rows an attacker finds for a record when some of its columns are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.attacks.candidates import people_at_most
from synthtab.attacks.neighbours import Points, nearest
from synthtab.attacks.tables import AttackTables
from synthtab.metrics.columns import narrowed
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator, one_native_thread

__all__ = ["MAX_TARGETS", "Lookup", "look_up", "over_pool", "targets_of"]

MAX_TARGETS = 8_000


@dataclass(frozen=True, eq=False)
class Lookup:
    """The nearest synthetic rows of each target by some columns.

    Parameters
    ----------
    names : tuple of str
        Columns that were compared.
    targets : ndarray of int, shape (n_targets,)
        Positions of the records in the pool.
    group_of_row : ndarray of int, shape (n_made,)
        Synthetic rows that agree in these columns share a number.
    group_of_target : ndarray of int, shape (n_targets,)
        The group that lies nearest to each target.
    """

    names: tuple[str, ...]
    targets: npt.NDArray[np.intp]
    group_of_row: IntArray
    group_of_target: IntArray


def targets_of(tables: AttackTables) -> npt.NDArray[np.intp]:
    """Choose the records that are attacked one by one.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.

    Returns
    -------
    ndarray of int
        All records, or whole people at random while their records fit into 8,000; labels play no part.
    """
    n = tables.pool.table.n_rows
    if n <= MAX_TARGETS:
        return np.arange(n)
    rng = generator(tables.seed, "attacks", "targets")
    return np.flatnonzero(people_at_most(tables.pool.persons, MAX_TARGETS, rng))


def look_up(tables: AttackTables, names: tuple[str, ...], targets: npt.NDArray[np.intp]) -> Lookup:
    """Find the synthetic rows nearest to each target by some columns.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    names : tuple of str
        Columns that are known, at least one.
    targets : ndarray of int
        Positions of the records in the pool.

    Returns
    -------
    Lookup
        All rows that agree with a nearest one are found with it: which of them comes first is chance.
    """
    encoder = replace(
        tables.encoder,
        features=tuple(feature for feature in tables.encoder.features if feature.name in names),
    )
    rows = Points.of(tables.made, encoder)
    records = Points.of(tables.pool.table.take(targets), encoder)
    _, first, groups = np.unique(
        narrowed(tables.made, encoder.names).row_hash(), return_index=True, return_inverse=True
    )
    with one_native_thread():
        # one row a group will do
        found = nearest(records, rows.take(first)).positions[:, 0]
    return Lookup(names, targets, groups.astype(np.int64), found)


def over_pool(values: FloatArray, targets: npt.NDArray[np.intp], n: int) -> FloatArray:
    """Spread figures of targets over the whole pool, 0 elsewhere.

    Parameters
    ----------
    values : ndarray of float, shape (n_targets,)
        One figure a target.
    targets : ndarray of int, shape (n_targets,)
        Positions in the pool.
    n : int
        Records of the pool.

    Returns
    -------
    ndarray of float, shape (n,)
        The figures.
    """
    spread = np.zeros(n)
    spread[targets] = values
    return spread
