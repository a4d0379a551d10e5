"""AttackTables: what every attack sees, and who lies nearest to whom, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synthtab.attacks.candidates import Candidates, pool_candidates, sampled_rows
from synthtab.attacks.neighbours import Neighbours, Points, nearest
from synthtab.metrics.columns import modelled_names
from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.ranking import PersonArray
from synthtab.schema import CastTable, ColumnSpec
from synthtab.seeding import one_native_thread

__all__ = ["AttackTables"]

MAX_CANDIDATES = 50_000
MAX_SYNTHETIC = 50_000
NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class AttackTables:
    """Real records, training and holdout pooled, beside the synthetic rows.

    Distances are looked up in at most 50,000 records and 50,000 synthetic rows, seeded samples of larger
    tables; what only compares whole rows or single values sees all of them. Memory is that of the coordinates
    (at most 0.2 GB a table of a thousand coordinates) and of one tile of distances.

    Parameters
    ----------
    everyone : Candidates
        All real records.
    pool : Candidates
        Those among which neighbours are sought.
    everything : CastTable
        All synthetic rows.
    made : CastTable
        Those among which neighbours are sought.
    columns : tuple of ColumnSpec
        Columns that are compared.
    seed : int
        Seed of every draw.
    """

    everyone: Candidates
    pool: Candidates
    everything: CastTable
    made: CastTable
    columns: tuple[ColumnSpec, ...]
    seed: int

    @classmethod
    def of(
        cls,
        train: CastTable,
        holdout: CastTable,
        synthetic: CastTable,
        columns: tuple[ColumnSpec, ...],
        *,
        train_persons: PersonArray | None = None,
        holdout_persons: PersonArray | None = None,
        max_candidates: int = MAX_CANDIDATES,
        max_synthetic: int = MAX_SYNTHETIC,
        seed: int = 0,
    ) -> AttackTables:
        """Pool the real records and sample what is too large.

        Parameters
        ----------
        train, holdout, synthetic : CastTable
            Rows that the synthesizer learnt from, rows it never saw, and what it made.
        columns : tuple of ColumnSpec
            Columns to use.
        train_persons, holdout_persons : ndarray of int, optional
            Person of each row, under one numbering; people found on both sides are left out.
        max_candidates, max_synthetic : int, default 50000
            Most real records and most synthetic rows among which neighbours are sought.
        seed : int, default 0
            Seed of every draw.

        Returns
        -------
        AttackTables
            Ready to be attacked.
        """

        def pooled(most: int | None) -> Candidates:
            return pool_candidates(
                train,
                holdout,
                columns,
                train_persons=train_persons,
                holdout_persons=holdout_persons,
                max_rows=most,
                seed=seed,
            )

        everyone = pooled(None)
        pool = everyone if everyone.table.n_rows <= max_candidates else pooled(max_candidates)
        return cls(
            everyone, pool, synthetic, sampled_rows(synthetic, max_synthetic, seed), tuple(columns), seed
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that both sides hold, sorted."""
        return modelled_names(self.columns, (self.pool.table, self.made))

    @property
    def reason_without_holdout(self) -> str:
        """Why not even what needs no holdout can be asked; empty when it can."""
        if not self.names:
            return "no column to compare"
        if not self.pool.n_train or not self.made.n_rows:
            return "an empty table"
        return ""

    @property
    def reason(self) -> str:
        """Why training records cannot be held against others; empty when they can."""
        if self.reason_without_holdout or self.pool.n_holdout:
            return self.reason_without_holdout
        return "an empty table"

    @property
    def is_sampled(self) -> bool:
        """Whether neighbours are sought in a part of the rows only."""
        return self.pool is not self.everyone or self.made is not self.everything

    @cached_property
    def encoder(self) -> FeatureEncoder:
        """How rows become coordinates: scaled by real records, whoever they are."""
        return FeatureEncoder.fit((self.pool.table, self.made), (self.pool.table,), self.columns)

    @cached_property
    def real_points(self) -> Points:
        """The pooled records as points."""
        return Points.of(self.pool.table, self.encoder, self.pool.persons)

    @cached_property
    def made_points(self) -> Points:
        """The synthetic rows as points."""
        return Points.of(self.made, self.encoder)

    @cached_property
    def to_real(self) -> Neighbours:
        """Each record's five nearest other records, those of its own person passed over."""
        with one_native_thread():
            return nearest(self.real_points, self.real_points, k=NEIGHBOURS, skip_own=True)

    @cached_property
    def to_made(self) -> Neighbours:
        """Each record's five nearest synthetic rows."""
        with one_native_thread():
            return nearest(self.real_points, self.made_points, k=NEIGHBOURS)

    @cached_property
    def from_made(self) -> Neighbours:
        """Each synthetic row's two nearest records."""
        with one_native_thread():
            return nearest(self.made_points, self.real_points, k=2)

    @cached_property
    def isolation(self) -> npt.NDArray[np.float64]:
        """Mean distance of each record to its five nearest others: how much it stands alone.

        References
        ----------
        Meeus et al. (2023), Achilles' heels: vulnerable record identification in synthetic data publishing,
        arXiv 2306.10308.
        """
        distances = self.to_real.distances
        known = np.isfinite(distances)
        total = np.where(known, distances, 0.0).sum(axis=1)
        return np.asarray(np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), 0.0))
