"""AuditProfiles: the three tables of an audit counted under one plan, and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthtab.auditing.comparison import Comparison
from synthtab.auditing.group_metrics import Group, default_groups, find_groups
from synthtab.auditing.members import find_rare_levels, find_tails
from synthtab.auditing.readings import Tables
from synthtab.auditing.tables import AuditTable, AuditTables
from synthtab.profiling import Profile, ProfilePlan, count_table, make_plan
from synthtab.profiling.mining import mine_rules
from synthtab.schema.cast_table import IntArray

__all__ = ["AuditProfiles"]

SHARDS = 32
ROWS_A_SHARD = 8
# more synthetic or training rows than this many holdouts add nothing to a comparison with the holdout
LARGEST_RATIO = 8


@dataclass(frozen=True, eq=False)
class AuditProfiles:
    """The three tables counted under one plan, in shards of equal size.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The counts; without a holdout the training counts stand in for it.
    compared : tuple of int
        Shards of each table that one comparison uses.
    has_holdout : bool
        Whether the holdout is a table of its own.
    draws : tuple of Profile, optional
        Tables drawn from the profile that was all that was known of the real rows; a draw a shard.
    """

    synthetic: Profile
    holdout: Profile
    train: Profile
    compared: tuple[int, int, int]
    has_holdout: bool
    draws: tuple[Profile, Profile] | None = None

    @property
    def from_profile(self) -> bool:
        """Whether the real rows were known by a profile only."""
        return self.draws is not None

    @property
    def three(self) -> tuple[Profile, Profile, Profile]:
        """Synthetic, holdout and training profile."""
        return self.synthetic, self.holdout, self.train

    @classmethod
    def of(cls, tables: AuditTables, targets: Sequence[str], *, k: int, seed: int) -> AuditProfiles:
        """Count the tables of an audit.

        Parameters
        ----------
        tables : AuditTables
            The tables.
        targets : sequence of str
            Columns whose pairs and triples are all counted.
        k : int
            Smallest number of people that may be shown.
        seed : int
            Seed of shards and samples.

        Returns
        -------
        AuditProfiles
            The counts.
        """
        train, held = tables.train, tables.holdout or tables.train
        references = [train.given, held.given] if tables.holdout else [train.given]
        mined = mine_rules(tables.schema, train.given, k=k)
        plan = make_plan(tables.schema, references, k, targets=targets, mined=mined, seed=seed)
        compared_rows = min(tables.synthetic.n_rows, train.n_rows, LARGEST_RATIO * held.n_rows)
        # four subsamples' worth of rows is more than averaging over subsamples can use
        synthetic = tables.synthetic.at_most(4 * compared_rows, seed)
        trained = train.at_most(4 * compared_rows, seed)
        smallest = min(compared_rows, held.n_rows)
        unit = max(smallest / max(2, min(SHARDS, smallest // ROWS_A_SHARD)), 1.0)

        def count(table: AuditTable, stream: int) -> Profile:
            shards = max(1, round(table.n_rows / unit))
            return count_table(
                table.given, plan, shards=shards, seed=seed + stream, people=table.given_people
            )

        first, last = count(synthetic, 0), count(trained, 2 if tables.holdout else 1)
        # without a holdout the training table is its own: it need not be counted twice
        second = count(held, 1) if tables.holdout else count(train, 1) if trained is not train else last
        most = max(1, round(compared_rows / unit))
        sizes = (min(most, first.n_shards), second.n_shards, min(most, last.n_shards))
        return cls(first, second, last, compared=sizes, has_holdout=tables.holdout is not None)

    def groups(self, subgroups: Sequence[str] | None, *, k: int) -> tuple[Group, ...]:
        """List the groups inside which fidelity and utility are asked.

        Parameters
        ----------
        subgroups : sequence of str or None
            Columns whose levels are groups; None chooses.
        k : int
            Smallest number of people that may be shown.

        Returns
        -------
        tuple of Group
            Those that enough real rows stand behind.
        """
        chosen = self._default_groups(self.train.plan) if subgroups is None else tuple(subgroups)
        return find_groups(Tables(self.three), chosen, k, has_holdout=self.has_holdout)

    def comparison(self, groups: tuple[Group, ...], *, k: int, seed: int) -> Comparison:
        """Set the three profiles side by side.

        Parameters
        ----------
        groups : tuple of Group
            Groups inside which fidelity is asked.
        k : int
            Smallest number of people that may be shown.
        seed : int
            Seed of all draws.

        Returns
        -------
        Comparison
            Ready to be read.
        """
        return Comparison(
            *self.three,
            rare=find_rare_levels(self.train),
            tails=find_tails(self.train.plan, self._real(), min(self.train.n_rows, self.holdout.n_rows), k),
            groups=groups,
            k=k,
            seed=seed,
        )

    def _default_groups(self, plan: ProfilePlan) -> tuple[str, ...]:
        held = {
            column.name: int(np.count_nonzero(self.train.bin_totals[index][: len(column.levels)]))
            for index, column in enumerate(plan.columns)
        }
        return default_groups(plan.schema.modelled, held)

    def _real(self) -> tuple[IntArray, ...]:
        return tuple(
            a + b if self.has_holdout else a
            for a, b in zip(self.train.bin_totals, self.holdout.bin_totals, strict=True)
        )
