"""Candidates: the records an attacker asks about, training and holdout pooled so that nothing tells which.

Every attack scores T ∪ H without looking at who is which; swapping the labels between people is then an
exact test: if the synthetic table holds nothing of the training rows beyond what it holds of any others,
all labellings are equally likely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import modelled_names, stacked
from synthtab.metrics.ranking import PersonArray
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.cast_table import IntArray
from synthtab.seeding import generator

__all__ = ["Candidates", "people_at_most", "pool_candidates", "sampled_rows"]

_LABELS_AT_ONCE = 4_000_000  # 4 MB of labels a block


@dataclass(frozen=True, eq=False)
class Candidates:
    """Training and holdout records in one table, in an order that says nothing of who is which.

    Parameters
    ----------
    table : CastTable
        Records of both, by content; identical records in random order.
    is_train : ndarray of bool, shape (n,)
        Who was in the training table.
    persons : ndarray of int, shape (n,)
        Person of each record, 0 … n_persons - 1, numbered in the order they appear.
    n_shared_persons : int
        People found in both tables; their records are left out.
    origin : ndarray of int, shape (n,)
        Where each record stood: its row in the training table, or, after all of those, in the holdout.
    """

    table: CastTable
    is_train: npt.NDArray[np.bool_]
    persons: IntArray
    n_shared_persons: int
    origin: IntArray

    @property
    def n_train(self) -> int:
        """Training records."""
        return int(self.is_train.sum())

    @property
    def n_holdout(self) -> int:
        """Holdout records."""
        return int((~self.is_train).sum())

    @property
    def rows_are_persons(self) -> bool:
        """Whether no person has two records."""
        return int(self.persons.max(initial=-1)) + 1 == len(self.persons)

    def labellings(self, count: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.bool_]]:
        """Give the true labels, then random ones in which people have swapped sides.

        Parameters
        ----------
        count : int
            Number of random labellings.
        rng : numpy.random.Generator
            Source of chance.

        Yields
        ------
        ndarray of bool, shape (n_block, n)
            Blocks of labellings; the first row of the first block is the truth.
        """
        yield self.is_train[None, :]
        first = np.unique(self.persons, return_index=True)[1]
        of_person = self.is_train[first]
        step = max(1, _LABELS_AT_ONCE // max(1, len(self.persons)))
        for start in range(0, count, step):
            block = np.tile(of_person, (min(step, count - start), 1))
            rng.permuted(block, axis=1, out=block)
            yield block if self.rows_are_persons else block[:, self.persons]


def pool_candidates(
    train: CastTable,
    holdout: CastTable,
    columns: tuple[ColumnSpec, ...],
    *,
    train_persons: PersonArray | None = None,
    holdout_persons: PersonArray | None = None,
    max_rows: int | None = None,
    seed: int = 0,
) -> Candidates:
    """Pool training and holdout records.

    Parameters
    ----------
    train, holdout : CastTable
        Rows that the synthesizer learnt from, and rows it never saw.
    columns : tuple of ColumnSpec
        Columns to use.
    train_persons, holdout_persons : ndarray of int, optional
        Person of each row, under one numbering; give both or none.
    max_rows : int, optional
        Most records in all; more are sampled, by person.
    seed : int, default 0
        Seed of the sample and of the order of identical records.

    Returns
    -------
    Candidates
        The pool.
    """
    table = stacked((train, holdout), modelled_names(columns, (train, holdout)))
    is_train = np.arange(table.n_rows) < train.n_rows
    rng = generator(seed, "attacks", "pool")
    # the tie-break is drawn before labels play a part
    order = np.lexsort((rng.random(table.n_rows), table.row_hash()))
    persons, n_shared = np.arange(table.n_rows), 0
    if train_persons is not None and holdout_persons is not None:
        persons = np.unique(np.concatenate([train_persons, holdout_persons]), return_inverse=True)[1]
        in_train = np.bincount(persons, is_train) > 0
        in_holdout = np.bincount(persons, ~is_train) > 0
        shared = in_train & in_holdout
        n_shared = int(shared.sum())
        order = order[~shared[persons[order]]]
    if max_rows is not None and len(order) > max_rows:
        order = order[people_at_most(persons[order], max_rows, rng)]
    _, first, inverse = np.unique(persons[order], return_index=True, return_inverse=True)
    by_appearance = np.empty(len(first), dtype=np.int64)
    by_appearance[np.argsort(first, kind="stable")] = np.arange(len(first))
    return Candidates(
        table.take(order), is_train[order], by_appearance[inverse], n_shared, order.astype(np.int64)
    )


def sampled_rows(table: CastTable, max_rows: int, seed: int) -> CastTable:
    """Keep at most so many rows, chosen at random.

    Parameters
    ----------
    table : CastTable
        Synthetic rows.
    max_rows : int
        Most rows.
    seed : int
        Seed of the choice.

    Returns
    -------
    CastTable
        The rows, in their own order.
    """
    if table.n_rows <= max_rows:
        return table
    chosen = generator(seed, "attacks", "synthetic").choice(table.n_rows, size=max_rows, replace=False)
    return table.take(np.sort(chosen).astype(np.intp))


def people_at_most(
    persons: npt.NDArray[np.integer], max_rows: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Choose whole people at random while their records fit.

    Parameters
    ----------
    persons : ndarray of int, shape (n,)
        Person of each record.
    max_rows : int
        Most records.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of bool, shape (n,)
        Records of the chosen people.
    """
    people, inverse, counts = np.unique(persons, return_inverse=True, return_counts=True)
    drawn = rng.permutation(len(people))
    kept = np.zeros(len(people), dtype=bool)
    kept[drawn[np.cumsum(counts[drawn]) <= max_rows]] = True
    return np.asarray(kept[inverse])
