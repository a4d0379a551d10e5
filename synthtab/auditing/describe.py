"""What a report draws, already suppressed: distributions, rare categories, association matrices."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from synthtab.metrics.association import cramers_v, spearman
from synthtab.metrics.rare import mass_ratio_interval
from synthtab.profiling.plan import ColumnPlan
from synthtab.profiling.profile import Profile
from synthtab.profiling.suppression import pooled_levels, share_step, withheld_cells
from synthtab.results import AssociationMatrix, Cell, Distribution, RareGroup, Score, Status
from synthtab.schema import ColumnSpec, Kind
from synthtab.schema.cast_table import IntArray

__all__ = ["RealCounts", "describe_associations", "describe_columns", "describe_rare", "told_levels"]

DISPLAY_BARS = 16
DISPLAY_LEVELS = 12
LADDER_RUNGS = 14
RARER = "rarer levels"
MISSING = "missing"
LADDER_SHARE = 0.05
_LEAST_POOLED = 3
_SHARE_DECIMALS = 3
_STANDS_OUT = 0.03


class RealCounts:
    """Counts of all real rows, training and holdout together: more people behind each number.

    Parameters
    ----------
    holdout, train : Profile
        The real tables.
    has_holdout : bool
        Whether the holdout is a table of its own.
    """

    def __init__(self, holdout: Profile, train: Profile, *, has_holdout: bool) -> None:
        self.sides = (holdout, train) if has_holdout else (train,)
        self.plan = train.plan
        self.rows = sum(part.n_rows for part in self.sides)
        self.bins = _added([part.bin_totals for part in self.sides])
        self.pairs = _added([part.pair_totals for part in self.sides])
        self.views = _added([part.view_totals for part in self.sides])

    @classmethod
    def parts(cls, holdout: Profile, train: Profile, *, has_holdout: bool) -> tuple[RealCounts, ...]:
        """Give the tables whose counts a reader may find: all real rows, and each real table.

        Parameters
        ----------
        holdout, train : Profile
            The real tables.
        has_holdout : bool
            Whether the holdout is a table of its own.

        Returns
        -------
        tuple of RealCounts
            All real rows first.
        """
        together = cls(holdout, train, has_holdout=has_holdout)
        alone = tuple(cls(side, side, has_holdout=False) for side in together.sides)
        return (together, *alone) if has_holdout else (together,)


def _added(tables: list[tuple[npt.NDArray[np.integer], ...]]) -> list[IntArray]:
    return [np.sum(counts, axis=0, dtype=np.int64) for counts in zip(*tables, strict=True)]


def describe_columns(
    synthetic: Profile,
    holdout: Profile,
    train: Profile,
    scores: Iterable[Score],
    *,
    k: int,
    compared: int,
    margin: float,
    has_holdout: bool,
    shows_all: bool = False,
) -> tuple[Distribution, ...]:
    """Draw up every column, worst first.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The three tables.
    scores : iterable of Score
        Holds the total variation of each column.
    k : int
        Smallest number of people that may be shown.
    compared : int
        Rows of each comparison, for the band of noise.
    margin : float
        Excess beyond which a column fails.
    has_holdout : bool
        Whether the holdout is a table of its own.
    shows_all : bool, default False
        Whether to withhold no cell and round no share: for internal eyes only.

    Returns
    -------
    tuple of Distribution
        Sorted by excess over fresh real data.
    """
    real = RealCounts(holdout, train, has_holdout=has_holdout)
    by_column = {score.columns[0]: score for score in scores if score.metric == "tvd" and score.columns}
    found = []
    for index, column in enumerate(real.plan.columns):
        spec = real.plan.schema[column.name]
        least = 1 if shows_all else k
        drawn = _draw_up(column, spec, real.bins[index], synthetic.bin_totals[index], least)
        cells = tuple(_cells(drawn, k, compared, shows_all=shows_all))
        score = by_column[column.name]
        told = replace(score, releasable=True) if shows_all else score
        found.append(_distribution(column, spec, cells, told, margin))
    return tuple(sorted(found, key=lambda item: -(item.score if item.score is not None else -math.inf)))


@dataclass(frozen=True, eq=False)
class _DrawnColumn:
    """The cells of one column, missing values last: labels, counts on both sides, where each bin goes."""

    labels: list[str]
    merge: IntArray
    real: IntArray
    synthetic: IntArray

    def hidden(self, k: int) -> npt.NDArray[np.bool_]:
        """Say which cells that hold a value are withheld; what nobody holds on either side is not there."""
        seen = (self.real[:-1] > 0) | (self.synthetic[:-1] > 0)
        found = np.zeros(len(seen), dtype=bool)
        found[seen] = withheld_cells(self.real[:-1][seen], k)
        return found


def _draw_up(
    column: ColumnPlan, spec: ColumnSpec, real: IntArray, synthetic: IntArray, k: int
) -> _DrawnColumn:
    labels, merge = (
        _number_cells(column, real, spec, k) if column.is_number else _level_cells(column, real, k)
    )
    sides = (
        np.bincount(merge, weights=counts, minlength=len(labels)).astype(np.int64)
        for counts in (real, synthetic)
    )
    return _DrawnColumn(labels, merge, *sides)


def told_levels(real: RealCounts, synthetic: Profile, index: int, k: int) -> npt.NDArray[np.bool_]:
    """Say which levels of a label column may be told of one by one, wherever a report does so.

    Parameters
    ----------
    real : RealCounts
        All real rows.
    synthetic : Profile
        The synthetic table.
    index : int
        Position of the column.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    ndarray of bool, shape (levels,)
        False for levels of few people, for those that are pooled with them, and for those whose cell of the
        distribution is withheld: together with the other figures of the column they would tell of a few.
    """
    column = real.plan.columns[index]
    drawn = _draw_up(column, real.plan.schema[column.name], real.bins[index], synthetic.bin_totals[index], k)
    levels = np.arange(len(column.levels))
    hidden = np.append(drawn.hidden(k), [True])[drawn.merge[levels]]
    own = real.bins[index][levels]
    return np.asarray(~hidden & ~pooled_levels(own, k) & (own >= k))


def _cells(drawn: _DrawnColumn, k: int, compared: int, *, shows_all: bool) -> Iterator[Cell]:
    """Give shares of the rows that have a value, then the missing share of all rows.

    Apart, because a few missing values would otherwise hide another cell with them.
    """
    counts, made = drawn.real, drawn.synthetic
    present, rows = int(counts[:-1].sum()), int(counts.sum())
    step = 0.0 if shows_all else share_step(present, k)
    hidden = np.append(drawn.hidden(k), not k <= counts[-1] <= rows - k) & (not shows_all)
    for place, label in enumerate(drawn.labels):
        last = place == len(drawn.labels) - 1
        if not (counts[place] or made[place]):
            continue
        people, drawn_rows = (rows, int(made.sum())) if last else (present, int(made[:-1].sum()))
        if last and step:
            step = share_step(rows, k)
        synthetic = round(float(made[place] / max(drawn_rows, 1)), _SHARE_DECIMALS)
        if hidden[place]:
            yield Cell(label, None, synthetic, 0.0)
            continue
        share = float(counts[place] / max(people, 1))
        shown = round(round(share / step) * step, _SHARE_DECIMALS) if step else round(share, 6)
        noise = 1.96 * math.sqrt(shown * (1 - shown) / max(compared, 1))
        yield Cell(label, shown, synthetic, round(noise, _SHARE_DECIMALS))


def _distribution(
    column: ColumnPlan, spec: ColumnSpec, cells: tuple[Cell, ...], score: Score, margin: float
) -> Distribution:
    status, low, high = Status.PASS, None, None
    if score.excess is not None and score.value is not None and score.low is not None:
        half = score.value - score.low
        low, high = score.excess - half, score.excess + half
        if low > 0 and score.excess > _STANDS_OUT:
            status = Status.FAIL if score.excess > margin else Status.WARN
    excess, low, high = (
        None if value is None or not score.releasable else round(value, 4)
        for value in (score.excess, low, high)
    )
    return Distribution(
        column.name, spec.kind.value, spec.units, cells, excess, low, high, status, not score.releasable
    )


def _number_cells(
    column: ColumnPlan, counts: IntArray, spec: ColumnSpec, k: int
) -> tuple[list[str], IntArray]:
    """Cut a number column into bars of equal, round width; the outermost hold at least k people."""
    present = counts[:-1]
    low, high = column.bin_bounds()
    middle = (low + high) / 2
    edges = _display_edges(column, present, middle, spec)
    # bins were cut without regard to these edges; each goes where its middle lies
    cell = np.searchsorted(edges, middle, side="right")
    while len(edges) and present[cell == 0].sum() < k:
        edges = edges[1:]
        cell = np.searchsorted(edges, middle, side="right")
    while len(edges) and present[cell == len(edges)].sum() < k:
        edges = edges[:-1]
        cell = np.searchsorted(edges, middle, side="right")
    words = [_edge_text(edge, spec) for edge in edges.tolist()]
    labels = ["any value"]
    if words:
        labels = [f"under {words[0]}", *(f"{a} to {b}" for a, b in pairwise(words)), f"{words[-1]} and over"]
    return [*labels, MISSING], np.append(cell, len(words) + 1)


def _display_edges(
    column: ColumnPlan, present: IntArray, middle: npt.NDArray[np.float64], spec: ColumnSpec
) -> npt.NDArray[np.float64]:
    total = present.sum()
    if not total or not len(column.points):
        return np.zeros(0)
    below = np.cumsum(present) / total
    start, end = middle[np.searchsorted(below, 0.01)], middle[np.searchsorted(below, 0.99)]
    if not end > start:
        return np.zeros(0)
    raw = (end - start) / DISPLAY_BARS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * (1 - 1e-9))
    if spec.kind is Kind.DATETIME:
        step = raw
    elif spec.kind is Kind.INTEGER or spec.rounding == 0:
        step = max(1.0, math.ceil(step))
    first = math.ceil(start / step)
    edges = step * np.arange(first, math.floor(end / step) + 1)
    return np.unique(np.round(edges, 10))


def _edge_text(edge: float, spec: ColumnSpec) -> str:
    if spec.kind is Kind.DATETIME:
        return datetime.fromtimestamp(edge, tz=UTC).strftime("%Y-%m-%d")
    return f"{edge:,.10g}" if abs(edge) < 1e15 else f"{edge:.3g}"  # noqa: PLR2004 - wider numbers do not fit


def _level_cells(column: ColumnPlan, counts: IntArray, k: int) -> tuple[list[str], IntArray]:
    """Name the frequent levels; pool the rest, never fewer than three levels or k people."""
    own = counts[: len(column.levels)]
    rank = np.argsort(-own, kind="stable")
    pooled = pooled_levels(own, k)
    # the levels that do not fit are the smallest, those that must be pooled among them
    pooled[rank[DISPLAY_LEVELS:]] = True
    for level in rank[::-1]:
        held = pooled & (own > 0)
        if not held.any() or (held.sum() >= _LEAST_POOLED and own[held].sum() >= k):
            break
        pooled[level] = True
    if pooled.all() and column.is_public_level.all():
        # pooling would leave nothing to see; public names may stand, their numbers are withheld
        pooled[:] = False
    # a pool of empty levels only needs no cell: nothing is there to be shown
    kept = [
        int(level)
        for level in (range(len(own)) if column.kind is Kind.ORDINAL else rank)
        if not pooled[level]
    ]
    position = {level: index for index, level in enumerate(kept)}
    labels = [_level_text(column.levels[level]) for level in kept] + [RARER, MISSING]
    merge = np.array(
        [position.get(level, len(kept)) for level in range(len(own))] + [len(kept), len(kept) + 1],
        dtype=np.int64,
    )
    return labels, merge


def _level_text(level: str) -> str:
    """Give a level's label; one that reads like a cell of ours stands in quotation marks."""
    return f"“{level}”" if level in (RARER, MISSING) else level


def describe_rare(
    synthetic: Profile, holdout: Profile, train: Profile, *, k: int, has_holdout: bool
) -> tuple[RareGroup, ...]:
    """Draw up the ladder of rare categories, most frequent first.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The three tables.
    k : int
        Levels held by fewer people are pooled and not named.
    has_holdout : bool
        Whether the holdout is a table of its own.

    Returns
    -------
    tuple of RareGroup
        Named levels under 5 % of the rows, then one rung for all rarer ones.
    """
    real = RealCounts(holdout, train, has_holdout=has_holdout)
    named: list[tuple[int, str, int]] = []
    pool = np.zeros(3, dtype=np.int64)
    most = LADDER_SHARE * real.rows
    for index, column in enumerate(real.plan.columns):
        own, made = (side[index][: len(column.levels)] for side in (real.bins, synthetic.bin_totals))
        told = told_levels(real, synthetic, index, k)
        named += [
            (int(own[level]), f"{column.name}: {column.levels[level]}", int(made[level]))
            for level in np.flatnonzero(told & (own <= most)).tolist()
        ]
        rare = pooled_levels(own, k) & (own > 0)
        # of a column without enough rare levels more than the rare ones would be pooled
        if rare.sum() >= _LEAST_POOLED and k <= own[rare].sum() and own[rare].max() <= most:
            pool += (int(rare.sum()), int(own[rare].sum()), int(made[rare].sum()))
    named.sort(key=lambda rung: (rung[0], rung[1]))
    shown = sorted(named[:LADDER_RUNGS], key=lambda rung: (-rung[0], rung[1]))
    rungs = [_rung(label, 1, count, real.rows, drawn, synthetic.n_rows) for count, label, drawn in shown]
    if pool[0]:
        rungs.append(
            _rung(
                f"{pool[0]} rarest levels, pooled",
                int(pool[0]),
                int(pool[1]),
                real.rows,
                int(pool[2]),
                synthetic.n_rows,
            )
        )
    return tuple(rungs)


def _rung(label: str, levels: int, count: int, rows: int, drawn: int, drawn_rows: int) -> RareGroup:
    expected = count * drawn_rows / rows
    low, high = mass_ratio_interval(count, rows, drawn, drawn_rows)
    status = Status.PASS if low <= 1 <= high else Status.WARN
    if high < 0.5 or low > 2:  # noqa: PLR2004 - halved or doubled, as in the margin of rare mass
        status = Status.FAIL
    # bounds on a coarse grid: an exact interval could be inverted to the count
    top = min(high, 100.0) * expected
    return RareGroup(
        label,
        levels,
        float(round(expected)),
        float(drawn),
        float(f"{low * expected:.2g}"),
        float(f"{top:.2g}"),
        status,
    )


def describe_associations(
    synthetic: Profile,
    holdout: Profile,
    train: Profile,
    *,
    withheld: Collection[tuple[int, int]],
    has_holdout: bool,
) -> AssociationMatrix:
    """Draw up the strength of every pair, real and synthetic.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The three tables.
    withheld : collection of tuple of int
        Pairs of positions whose strength would tell of a few people.
    has_holdout : bool
        Whether the holdout is a table of its own.

    Returns
    -------
    AssociationMatrix
        Spearman's correlation where both columns have an order, else bias-corrected Cramér's V.
    """
    real = RealCounts(holdout, train, has_holdout=has_holdout)
    size = len(real.plan.columns)
    tables: list[list[list[float | None]]] = [[[None] * row for row in range(size)] for _ in range(2)]
    for position, (first, second) in enumerate(real.plan.pairs):
        a, b = real.plan.columns[first], real.plan.columns[second]
        measure = spearman if a.is_ordered and b.is_ordered else cramers_v
        if (first, second) not in withheld:
            for side, counts in enumerate((real.pairs[position], synthetic.pair_totals[position])):
                tables[side][second][first] = round(float(measure(counts[:-1, :-1].astype(np.float64))), 2)
    frozen = [tuple(tuple(row) for row in table) for table in tables]
    return AssociationMatrix(real.plan.names, frozen[0], frozen[1], "Spearman's correlation, else Cramér's V")
