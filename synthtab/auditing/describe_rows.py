"""Rare categories by how many hold them, rules that are broken, groups: what a report draws of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.auditing.describe import RealCounts, told_levels
from synthtab.auditing.fidelity import Fidelity
from synthtab.auditing.group_findings import GroupServed
from synthtab.auditing.group_metrics import Group
from synthtab.metrics.calibration import Z95
from synthtab.metrics.rare import mass_ratio_interval, presence
from synthtab.profiling.profile import Profile
from synthtab.profiling.suppression import share_step
from synthtab.results import LogicRule, RareBand, Status, Subgroup
from synthtab.schema.cast_table import IntArray

__all__ = [
    "describe_bands",
    "describe_logic",
    "describe_subgroups",
    "with_models",
    "with_shown_shares",
]

BANDS = ((1, 1), (2, 5), (6, 20), (21, 100))
_LEAST_POOLED = 3
_SHARE_GRID = 0.01
_HALVED, _DOUBLED = 0.5, 2.0
# a rule that one row in a hundred breaks is noticed
_NOTICED = 0.01


def describe_bands(
    synthetic: Profile, holdout: Profile, train: Profile, *, k: int, has_holdout: bool
) -> tuple[RareBand, ...]:
    """Pool rare categories by how many training rows hold them, and say what became of each pool.

    Levels are chosen by the training rows and counted in the holdout, so that what an honest sample of that
    size loses is not blamed on the synthesizer.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The three tables.
    k : int
        A band that fewer real rows stand behind is pooled with the next.
    has_holdout : bool
        Without a holdout the training rows themselves say what an honest sample keeps.

    Returns
    -------
    tuple of RareBand
        From the rarest up; only bands of at least three levels and `k` real rows, on either side, and so also
        without the levels that are told of one by one elsewhere.
    """
    if train.suppressed_below:
        return ()  # the rare are pooled in such a profile
    counts = {name: _levels(profile) for name, profile in (("s", synthetic), ("h", holdout), ("t", train))}
    real = ("h", "t") if has_holdout else ("h",)
    told = _told(RealCounts(holdout, train, has_holdout=has_holdout), synthetic, k)
    found, low, pooled = [], 1, np.zeros(len(counts["t"]), dtype=bool)
    for start, end in BANDS:
        pooled = pooled | ((counts["t"] >= start) & (counts["t"] <= end))
        unnamed = pooled & ~told
        enough = [
            inside.sum() >= _LEAST_POOLED and all(counts[side][inside].sum() >= k for side in real)
            for inside in (pooled, *([unnamed] if unnamed.any() else []))
        ]
        if not all(enough):
            continue
        words = f"{low}" if low == end else f"{low} to {end}"
        found.append(_band(words, counts["s"][pooled], counts["h"][pooled], synthetic.n_rows, holdout.n_rows))
        low, pooled = end + 1, np.zeros_like(pooled)
    return tuple(found)


def _told(real: RealCounts, synthetic: Profile, k: int) -> npt.NDArray[np.bool_]:
    """Say of all levels, one column after the other, which are told of one by one."""
    parts = [told_levels(real, synthetic, index, k) for index in range(len(real.plan.columns))]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def _levels(profile: Profile) -> IntArray:
    """Give the counts of all levels of all label columns, one after the other."""
    parts = [
        profile.bin_totals[index][: len(column.levels)] for index, column in enumerate(profile.plan.columns)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _band(label: str, drawn: IntArray, real: IntArray, m: int, n: int) -> RareBand:
    rows = np.array([float(min(m, n))])
    kept, expected = (
        float(presence(side.astype(np.float64), np.array([float(size)]), rows).sum())
        for side, size in ((drawn, m), (real, n))
    )
    low, high = mass_ratio_interval(int(real.sum()), n, int(drawn.sum()), m)
    status = Status.PASS if low <= 1 <= high else Status.WARN
    if high < _HALVED or low > _DOUBLED:
        status = Status.FAIL
    ratio = (drawn.sum() / m) / (real.sum() / n) if real.sum() else math.inf
    # two digits: an exact interval could be inverted to the count
    ratio, low, high = (float(f"{value:.2g}") for value in (min(ratio, 100.0), low, min(high, 100.0)))
    return RareBand(label, len(drawn), round(kept, 1), round(expected, 1), ratio, low, high, status)


def describe_logic(
    synthetic: Profile, holdout: Profile, train: Profile, *, k: int, has_holdout: bool
) -> tuple[LogicRule, ...]:
    """Say of each rule, declared or found in the real rows, how often synthetic rows break it.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The three tables.
    k : int
        A real rate that rests on fewer people is not given.
    has_holdout : bool
        Whether the holdout is a table of its own.

    Returns
    -------
    tuple of LogicRule
        Most broken first.
    """
    plan, real = train.plan, [holdout, train] if has_holdout else [train]
    together = RealCounts(holdout, train, has_holdout=has_holdout)
    untold = {
        column.name: {
            level
            for level, told in zip(column.levels, told_levels(together, synthetic, index, k), strict=True)
            if not told
        }
        for index, column in enumerate(plan.columns)
    }
    found = []
    for index, rule in enumerate(plan.schema.rules):
        support = sum(profile.n_rows for profile in real)
        broken = sum(int(profile.broken[:, index].sum()) for profile in real)
        drawn, held = (int(p.broken[:, index].sum()) for p in (synthetic, holdout))
        counts = _Counts(support, broken, drawn, held)
        found.append(_rule(rule.text, "schema", rule.columns, counts, synthetic.n_rows, holdout.n_rows, k))
    for index, mined in enumerate(plan.mined):
        support = sum(int(profile.mined_rows[:, index].sum()) for profile in real)
        broken = sum(int(profile.mined_broken[:, index].sum()) for profile in real)
        drawn, held = (int(p.mined_broken[:, index].sum()) for p in (synthetic, holdout))
        counts = _Counts(support, broken, drawn, held)
        told = _rule(mined.text, mined.kind.value, mined.columns, counts, synthetic.n_rows, holdout.n_rows, k)
        named = {level for levels in mined.levels for level in levels}
        names_few = any(named & untold.get(column, set()) for column in mined.columns)
        found.append(replace(told, releasable=mined.is_releasable(plan.schema) and not names_few))
    return tuple(sorted(found, key=lambda rule: (-rule.broken, rule.text)))


@dataclass(frozen=True)
class _Counts:
    """Rows of one rule: real rows it applies to and that break it; synthetic and held-out rows that do."""

    support: int
    real: int
    synthetic: int
    holdout: int


def _rule(
    text: str, kind: str, columns: tuple[str, ...], counts: _Counts, m: int, n: int, k: int
) -> LogicRule:
    from scipy.stats import beta

    drawn = counts.synthetic
    low = 0.0 if drawn == 0 else float(beta.ppf(0.025, drawn, m - drawn + 1))
    high = 1.0 if drawn == m else float(beta.ppf(0.975, drawn + 1, m - drawn))
    floor = counts.holdout / max(n, 1)
    status = Status.PASS
    if low > floor:
        status = Status.FAIL if low > floor + _NOTICED else Status.WARN
    # how often real rows obey is told in steps of people, never by a handful
    confidence = 1.0 if counts.real < k else round(1 - counts.real / max(counts.support, 1), 3)
    return LogicRule(
        text,
        kind,
        columns,
        round(counts.support / k) * k,
        confidence,
        round(drawn / max(m, 1), 4),
        round(low, 4),
        round(high, 4),
        round(floor, 3) if counts.holdout >= k else None,
        status,
    )


def describe_subgroups(
    groups: tuple[Group, ...], names: tuple[str, ...], fidelity: Fidelity, rows: int, margin: float
) -> tuple[Subgroup, ...]:
    """Say of each group how well the other columns fit inside it.

    Parameters
    ----------
    groups : tuple of Group
        The groups.
    names : tuple of str
        Column names.
    fidelity : Fidelity
        Holds the excess of each group.
    rows : int
        All real rows.
    margin : float
        Excess beyond which a group fails.

    Returns
    -------
    tuple of Subgroup
        Worst first.
    """
    found = []
    for group, excess, error in zip(groups, fidelity.group_excess, fidelity.group_error, strict=True):
        low, high = (float(excess) + side * Z95 * float(error) for side in (-1, 1))
        status = Status.PASS
        if low > 0 and excess > margin / 2:
            status = Status.FAIL if excess > margin else Status.WARN
        found.append(
            Subgroup(
                names[group.column],
                group.label,
                group.rows / max(rows, 1),
                round(float(excess), 4),
                round(low, 4),
                round(high, 4),
                None,
                None,
                "",
                status,
            )
        )
    return tuple(sorted(found, key=lambda group: (-(group.excess or 0.0), group.column, group.level)))


def with_shown_shares(
    groups: Sequence[Subgroup], real: RealCounts, synthetic: Profile, k: int
) -> tuple[Subgroup, ...]:
    """Put the share of each group on a grid, and leave out those that would tell how many others there are.

    Parameters
    ----------
    groups : sequence of Subgroup
        Groups with their exact share of the real rows.
    real : RealCounts
        All real rows.
    synthetic : Profile
        The synthetic table.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    tuple of Subgroup
        The same groups. A share is left out where the column may not be told of level by level, and the
        smallest of a column where all groups together leave fewer than `k` people outside.
    """
    step = max(share_step(real.rows, k), _SHARE_GRID)
    told = {
        column.name: dict(zip(column.levels, told_levels(real, synthetic, index, k).tolist(), strict=True))
        for index, column in enumerate(real.plan.columns)
    }
    rows = [round((group.share or 0.0) * real.rows) for group in groups]
    hidden = [
        not told[group.column].get(group.level, not told[group.column]) or real.rows - own < k
        for group, own in zip(groups, rows, strict=True)
    ]
    for name in {group.column for group in groups}:
        own = [place for place, group in enumerate(groups) if group.column == name]
        shown = sorted((place for place in own if not hidden[place]), key=lambda place: rows[place])
        if shown and 0 < real.rows - sum(rows[place] for place in shown) < k:
            hidden[shown[0]] = True
    return tuple(
        replace(group, share=None if out else round(round((group.share or 0.0) / step) * step, 3))
        for group, out in zip(groups, hidden, strict=True)
    )


def with_models(groups: Sequence[Subgroup], served: Sequence[GroupServed]) -> tuple[Subgroup, ...]:
    """Add to each group how well models trained on synthetic rows serve it.

    Parameters
    ----------
    groups : sequence of Subgroup
        Groups with their fidelity.
    served : sequence of GroupServed
        Models inside groups; of several targets the one that serves the group worst is kept.

    Returns
    -------
    tuple of Subgroup
        The same groups, worst first as they were.
    """
    worst: dict[tuple[str, str], GroupServed] = {}
    for item in served:
        key = (item.column, item.level)
        if key not in worst or item.tstr - item.trtr < worst[key].tstr - worst[key].trtr:
            worst[key] = item
    found = []
    for group in groups:
        own = worst.get((group.column, group.level))
        if own is None:
            found.append(group)
            continue
        order = (Status.FAIL, Status.WARN, Status.PASS)
        status = min((s for s in (group.status, own.status) if s in order), key=order.index)
        found.append(
            replace(
                group, tstr=round(own.tstr, 3), trtr=round(own.trtr, 3), measure=own.measure, status=status
            )
        )
    return tuple(found)
