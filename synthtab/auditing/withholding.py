"""Withholding: which figures of an audit rest on too few people to be printed or saved."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from synthtab.auditing.definitions import DEFINITIONS
from synthtab.auditing.describe import RealCounts
from synthtab.auditing.members import RARE_AT_MOST
from synthtab.auditing.row_metrics import RARE_IDENTITY
from synthtab.profiling.profile import Profile
from synthtab.profiling.suppression import withheld_cells
from synthtab.results import AssociationChange, Check, Score
from synthtab.schema.cast_table import IntArray

__all__ = ["changes_shown", "mark_checks", "mark_scores", "pairs_of_few"]

_RATES = frozenset({"outside_domain", "broken_rules", "broken_logic", "invented", "outside_range"})
_TWO = 2
# one strength of a two by two table gives its cells away, several figures of a two by three table do
_CELLS_OF_ONE_FIGURE, _CELLS_OF_SEVERAL = 4, 6


def mark_scores(
    scores: Iterable[Score], parts: Sequence[RealCounts], holdout: Profile, train: Profile, k: int
) -> tuple[Score, ...]:
    """Say of each score whether it may be printed.

    Parameters
    ----------
    scores : iterable of Score
        Every figure.
    parts : sequence of RealCounts
        The real tables that figures are made of, together and alone.
    holdout, train : Profile
        The real tables; fresh real data are those of the holdout.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    tuple of Score
        The same figures; withheld where too few people stand behind one.
    """
    names = parts[0].plan.names
    known = set(names)
    alone = {names[index] for part in parts for index in _of_two_cells(part, k)}
    few_missing = {names[index] for part in parts for index in _few_missing(part, k)}
    by_metric = [_few_in_views(part, k) for part in parts]
    pairs = {
        frozenset(names[index] for index in pair)
        for pair in pairs_of_few(parts, k) | pairs_of_few(parts, k, most_cells=_CELLS_OF_SEVERAL, whole=True)
    }
    missing_with = {
        (names[first], names[second]) for part in parts for first, second in _few_missing_with(part, k)
    }
    masses = {*_small_masses(parts[min(1, len(parts) - 1)], holdout, train, k)}
    if any(0 < sum(int(counts[-1]) for counts in part.bins) < k for part in parts):
        masses.add("missing_rate.calibrated")
    found = []
    for score in scores:
        own = [name for name in score.columns if name in known]
        held = any(
            name in alone or any(name in few.get(score.metric, ()) for few in by_metric) for name in own
        )
        held |= any({first, second} in pairs for place, first in enumerate(own) for second in own[:place])
        held |= score.metric in masses and not score.columns
        if score.metric == "missing_rate":
            held = any(name in few_missing for name in own)
        if score.metric == "missingness" and len(own) == _TWO:
            held |= own[0] in few_missing or (own[0], own[1]) in missing_with
        rows = (score.floor or 0.0) * holdout.n_rows
        if score.metric in _RATES and not k <= rows <= holdout.n_rows - k:
            # the synthetic rate is nobody's secret; the real one rests on too few people
            found.append(replace(score, floor=None, excess=None))
        else:
            found.append(replace(score, releasable=score.releasable and not held))
    return tuple(found)


def mark_checks(checks: Iterable[Check], scores: Iterable[Score]) -> tuple[Check, ...]:
    """Say of each check whether its figure may be printed: it is that of a score, which may be withheld.

    Parameters
    ----------
    checks : iterable of Check
        Every answer.
    scores : iterable of Score
        Marked figures.

    Returns
    -------
    tuple of Check
        The same answers.
    """
    made = {item.code: item for item in DEFINITIONS}
    withheld: dict[str, list[Score]] = {}
    for score in scores:
        if not score.releasable:
            withheld.setdefault(score.metric, []).append(score)
    found = []
    for check in checks:
        item = made.get(check.code)
        own = [] if item is None else withheld.get(item.metric, [])
        rests = (
            item is not None
            and check.value is not None
            and (
                (item.make == "worst" and any(_is_same(check.value, score.excess) for score in own))
                or (item.make == "ratio" and any(not score.columns for score in own))
                or (item.make == "calibrated" and f"{item.metric}.calibrated" in withheld)
            )
        )
        found.append(replace(check, releasable=False) if rests else check)
    return tuple(found)


def _is_same(value: float | None, excess: float | None) -> bool:
    return value is not None and excess is not None and math.isclose(value, excess, abs_tol=1e-9)


def changes_shown(
    changes: Iterable[AssociationChange], parts: Sequence[RealCounts], k: int
) -> tuple[AssociationChange, ...]:
    """Leave out the changed associations that would tell of a few people.

    Parameters
    ----------
    changes : iterable of AssociationChange
        Findings lost and invented.
    parts : sequence of RealCounts
        The real tables.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    tuple of AssociationChange
        The others, as they were.
    """
    names = parts[0].plan.names
    few = {frozenset(names[index] for index in pair) for pair in pairs_of_few(parts, k)}
    return tuple(change for change in changes if {change.first, change.second} not in few)


def pairs_of_few(
    parts: Sequence[RealCounts], k: int, *, most_cells: int = _CELLS_OF_ONE_FIGURE, whole: bool = False
) -> frozenset[tuple[int, int]]:
    """List the pairs of columns whose strength of association would tell of a few people.

    Parameters
    ----------
    parts : sequence of RealCounts
        The real tables.
    k : int
        Smallest number of people that may be shown.
    most_cells : int, default 4
        Tables of more cells that anybody holds have too many unknowns to be found from the figures given.
    whole : bool, default False
        Whether missing values count as a level.

    Returns
    -------
    frozenset of tuple of int
        Positions of pairs of which a column leaves fewer than `k` people outside its most frequent cell, or
        whose two-way table is small and has a cell of fewer than `k` people.
    """
    found = set()
    for part in parts:
        hidden = [_outside_largest(counts) < k for counts in part.bins]
        for pair, table in zip(part.plan.pairs, part.pairs, strict=True):
            held = table if whole else table[:-1, :-1]
            if hidden[pair[0]] or hidden[pair[1]] or _has_small_cell(held, k, most_cells):
                found.add(pair)
    return frozenset(found)


def _outside_largest(counts: IntArray) -> int:
    return int(counts.sum() - counts.max(initial=0))


def _has_small_cell(table: IntArray, k: int, most_cells: int) -> bool:
    """Say whether a table is small, and has a cell that somebody but fewer than `k` hold."""
    held = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return held.size <= most_cells and bool(((held > 0) & (held < k)).any())


def _of_two_cells(part: RealCounts, k: int) -> Iterable[int]:
    """Find columns whose distance is the share of one cell, or of hardly anybody outside one cell."""
    for index, column in enumerate(part.plan.columns):
        cells = np.bincount(column.cell_of_bin, weights=part.bins[index]).astype(np.int64)
        held = cells[cells > 0]
        if 0 < _outside_largest(held) < k or (len(held) <= _TWO and withheld_cells(held, k).any()):
            yield index


def _few_missing(part: RealCounts, k: int) -> Iterable[int]:
    for index, counts in enumerate(part.bins):
        if not k <= counts[-1] <= counts.sum() - k:
            yield index


def _few_missing_with(part: RealCounts, k: int) -> Iterable[tuple[int, int]]:
    """Find pairs whose first column is missing with a few people of the second, in a small table."""
    for (first, second), table in zip(part.plan.pairs, part.pairs, strict=True):
        for pair, counts in (((first, second), table), ((second, first), table.T)):
            if _has_small_cell(np.stack([counts[:-1].sum(axis=0), counts[-1]]), k, _CELLS_OF_SEVERAL):
                yield pair


def _few_in_views(part: RealCounts, k: int) -> dict[str, set[str]]:
    """Name the columns whose last digits, heaps or calendar rest on too few people, by metric."""
    found: dict[str, set[str]] = {
        "heaping_5": set(),
        "heaping_10": set(),
        "last_digit": set(),
        "calendar": set(),
    }
    for view, counts in zip(part.plan.views, part.views, strict=True):
        name, total = part.plan.columns[view.column].name, counts.sum()
        held = counts[counts > 0]
        if 0 < _outside_largest(held) < k or (len(held) <= _TWO and withheld_cells(held, k).any()):
            found["calendar" if view.part != "digit" else "last_digit"].add(name)
        if view.part == "digit":
            for metric, mask in (
                ("heaping_5", view.multiples_of_five),
                ("heaping_10", view.multiples_of_ten),
            ):
                if not k <= counts[mask].sum() <= total - k:
                    found[metric].add(name)
    return found


def _small_masses(fresh: RealCounts, holdout: Profile, train: Profile, k: int) -> Collection[str]:
    """Name the ratios of rare masses below which fewer than `k` fresh real people stand.

    A ratio to four decimals, of a synthetic mass that everybody can count, gives the real mass away.
    """
    levels = sum(
        int(counts[: len(column.levels)][_few(trained[: len(column.levels)], RARE_AT_MOST)].sum())
        for column, counts, trained in zip(fresh.plan.columns, fresh.bins, train.bin_totals, strict=True)
    )
    pairs = sum(
        int(counts[trained <= RARE_AT_MOST].sum())
        for counts, trained in zip(fresh.pairs, train.pair_totals, strict=True)
    )
    people = int(holdout.keys.sum(axis=0)[train.keys.sum(axis=0) <= RARE_IDENTITY].sum())
    masses = {"rare_mass": levels, "combination_mass": pairs, "identity_mass": people}
    return {name for name, mass in masses.items() if mass < k}


def _few(counts: IntArray, at_most: int) -> npt.NDArray[np.bool_]:
    return np.asarray((counts > 0) & (counts <= at_most))
