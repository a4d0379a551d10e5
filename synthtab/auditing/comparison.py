"""Comparison: training, holdout and synthetic profiles, measured for any choice of their shards.

One object gives every Profile metric for a batch of *weights* over shards. A point estimate is one choice,
the jackknife leaves out one shard at a time, the null exchanges shards of the synthetic table and the
holdout: all three are the same computation, so they cannot disagree about a definition.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from synthtab.auditing.column_metrics import ColumnMetrics
from synthtab.auditing.group_metrics import Group, GroupMetrics
from synthtab.auditing.members import RareLevels, Tail
from synthtab.auditing.pair_metrics import PairMetrics, PairStrengths
from synthtab.auditing.readings import Reading, Readings, Tables, Weights
from synthtab.auditing.row_metrics import RowMetrics
from synthtab.auditing.triple_metrics import TripleMetrics
from synthtab.profiling.profile import Profile
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

__all__ = ["PROFILE_METRICS", "Comparison"]

PROFILE_METRICS = frozenset(
    {
        "tvd",
        "ks",
        "wasserstein",
        "jensen_shannon",
        "missing_rate",
        "range_coverage",
        "outside_range",
        "calendar",
        "last_digit",
        "heaping_5",
        "heaping_10",
        "interaction_tvd",
        "pair_tvd",
        "mutual_information",
        "cramers_v",
        "spearman",
        "pearson",
        "correlation_ratio",
        "missingness",
        "triple_tvd",
        "coverage",
        "rare_mass",
        "invented",
        "combination_mass",
        "combination_coverage",
        "identity_mass",
        "identity_coverage",
        "tail_mass",
        "quantiles",
        "group_tvd",
        "outside_domain",
        "broken_rules",
        "broken_logic",
    }
)


_OF_ROWS = frozenset(
    {
        *("coverage", "rare_mass", "invented", "outside_domain", "broken_rules", "broken_logic"),
        *("combination_mass", "combination_coverage", "identity_mass", "identity_coverage"),
    }
)


class Comparison:
    """Three profiles under one plan.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        Counted under one plan, in shards of about equal size.
    rare : RareLevels
        Levels that few training rows hold.
    tails : tuple of Tail
        Tails to score.
    groups : tuple of Group
        Groups inside which fidelity is asked.
    k : int
        Smallest number of people that may stand behind a figure.
    seed : int
        Seed of the draws that stand for chance.
    """

    def __init__(
        self,
        synthetic: Profile,
        holdout: Profile,
        train: Profile,
        *,
        rare: RareLevels,
        tails: tuple[Tail, ...],
        groups: tuple[Group, ...],
        k: int,
        seed: int,
    ) -> None:
        self.plan = synthetic.plan
        self.profiles = (synthetic, holdout, train)
        self.rare = rare
        self.tails = tails
        self.groups = groups
        self.seed = seed
        self.sizes = tuple(profile.n_shards for profile in self.profiles)
        tables = Tables(self.profiles)
        self.columns = ColumnMetrics(tables, tails, k)
        self.pairs = PairMetrics(tables)
        self.triples = TripleMetrics(tables)
        self.rows = RowMetrics(tables, rare, seed)
        self.inside = GroupMetrics(tables, groups)

    def on_draws(self, synthetic: Profile, reference: Profile, wanted: frozenset[str]) -> Readings:
        """Measure drawn tables as these were measured: the same scales, cells and members.

        Parameters
        ----------
        synthetic, reference : Profile
            Draws under the same plan; each shard is a draw of its own.
        wanted : frozenset of str
            Metrics to measure.

        Returns
        -------
        dict of str to Reading
            Every metric of columns, pairs, triples and groups, one row for each draw.
        """
        other = copy(self)
        other.profiles = (synthetic, reference, reference)
        tables = Tables(other.profiles)
        for name in ("columns", "pairs", "triples", "inside"):
            setattr(other, name, getattr(self, name).on(tables))
        draws = synthetic.n_shards
        first = np.hstack([np.eye(draws), np.zeros((draws, 2 * draws))])
        second = np.roll(first, draws, axis=1)
        return other.read(Weights(first, second, second), wanted - _OF_ROWS)

    def read(self, weights: Weights, wanted: frozenset[str] = PROFILE_METRICS) -> Readings:
        """Measure Profile metrics for a batch of choices.

        Parameters
        ----------
        weights : Weights
            Which shards make up each table.
        wanted : frozenset of str, optional
            Metrics to measure; by default all.

        Returns
        -------
        dict of str to Reading
            By metric name.
        """
        readings = {
            # a table of one column has no pair, one without numbers no ranks: their readings are empty
            **dict.fromkeys(sorted(wanted), Reading((), np.zeros((1, 0)), np.zeros((1, 0)))),
            **self.columns.read(weights, wanted),
            **self.pairs.read(weights, wanted),
            **self.rows.read(weights, wanted),
        }
        if "triple_tvd" in wanted and self.plan.triples:
            readings["triple_tvd"] = self.triples.read(weights)
        if "group_tvd" in wanted and self.groups:
            readings["group_tvd"] = self.inside.read(weights)
        return {name: reading.for_batch(weights.batch) for name, reading in readings.items()}

    def chance(
        self, weights: Weights, rows: int, wanted: frozenset[str] = PROFILE_METRICS
    ) -> dict[str, FloatArray]:
        """Give what tables without the property would score, from samples of the synthetic size.

        Parameters
        ----------
        weights : Weights
            One choice of shards.
        rows : int
            Rows of each draw.
        wanted : frozenset of str, optional
            Metrics that are asked; by default all.

        Returns
        -------
        dict of str to ndarray of float, shape (members,)
            Mean over draws, by metric name.
        """
        none = np.zeros(0)
        return {
            **dict.fromkeys(("interaction_tvd", "missingness", "cramers_v", "spearman"), none),
            **dict.fromkeys(("ks", "wasserstein"), none),
            **(self.columns.chance(weights, rows, generator(self.seed, "chance")) if "tvd" in wanted else {}),
            "tail_mass": np.ones(len(self.tails)),
            **(
                self.pairs.chance(weights, rows, generator(self.seed, "chance of pairs"))
                if "pair_tvd" in wanted
                else {}
            ),
            "triple_tvd": self.triples.chance(weights, rows, generator(self.seed, "chance of triples"))
            if "triple_tvd" in wanted
            else none,
            "coverage": np.ones(1),
            "combination_coverage": np.ones(1),
            "identity_coverage": np.ones(1),
        }

    def strengths(self, weights: Weights) -> PairStrengths:
        """Give the strength of association of every pair.

        Parameters
        ----------
        weights : Weights
            Which shards make up each table; the holdout's are the reference.

        Returns
        -------
        PairStrengths
            For each choice.
        """
        return self.pairs.strengths(weights)
