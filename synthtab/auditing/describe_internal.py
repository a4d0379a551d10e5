"""What only those who hold the real table may see: exact counts, lost and invented levels by name."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from synthtab.auditing.describe import RealCounts
from synthtab.profiling.profile import Profile
from synthtab.results import AssociationMatrix, Distribution, InternalDetail, LevelCount

__all__ = ["describe_internal"]

_FEW = 20
_MOST_LEVELS = 2_000


def describe_internal(
    synthetic: Profile,
    holdout: Profile,
    train: Profile,
    distributions: tuple[Distribution, ...],
    associations: AssociationMatrix | None,
    *,
    has_holdout: bool,
) -> InternalDetail:
    """Draw up what the releasable form leaves out.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The three tables.
    distributions : tuple of Distribution
        Every column with no cell withheld.
    associations : AssociationMatrix or None
        Every pair, none withheld.
    has_holdout : bool
        Whether the holdout is a table of its own.

    Returns
    -------
    InternalDetail
        Distributions, and exact counts of every level that was lost, that was invented, or that few hold.
    """
    real = RealCounts(holdout, train, has_holdout=has_holdout)
    found = list(_levels(real, synthetic, holdout if has_holdout else None, train))
    found.sort(key=lambda item: (_ORDER.index(item.kind), item.column, -item.real, item.level))
    return InternalDetail(distributions, tuple(found[:_MOST_LEVELS]), len(found), associations)


_ORDER = ("lost", "invented", "rare")


def _levels(
    real: RealCounts, synthetic: Profile, holdout: Profile | None, train: Profile
) -> Iterable[LevelCount]:
    for index, column in enumerate(real.plan.columns):
        own, made = real.bins[index], synthetic.bin_totals[index]
        held = np.zeros_like(own) if holdout is None else holdout.bin_totals[index]
        trained = train.bin_totals[index]
        for level, name in enumerate(column.levels):
            if not own[level] and not made[level]:
                continue
            kind = "lost" if not made[level] else "invented" if not own[level] else "rare"
            if kind != "rare" or own[level] <= _FEW:
                yield LevelCount(
                    column.name, name, kind, int(trained[level]), int(held[level]), int(made[level])
                )
        unseen = len(column.levels)
        if not column.is_number and made[unseen]:
            yield LevelCount(column.name, _UNSEEN, "invented", 0, 0, int(made[unseen]))


_UNSEEN = "levels that no real row has"
