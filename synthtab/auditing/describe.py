"""What a report draws, already suppressed: distributions, rare categories, association matrices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from synthtab.metrics.association import cramers_v, spearman
from synthtab.metrics.rare import mass_ratio_interval
from synthtab.profiling.plan import ColumnPlan
from synthtab.profiling.profile import Profile
from synthtab.profiling.suppression import withheld_cells
from synthtab.results import AssociationMatrix, Cell, Distribution, RareGroup, Score, Status
from synthtab.schema import ColumnSpec, Kind
from synthtab.schema.cast_table import IntArray

__all__ = ["describe_associations", "describe_columns", "describe_rare", "mark_releasable"]

DISPLAY_BARS = 16
DISPLAY_LEVELS = 12
LADDER_RUNGS = 14
RARER = "rarer levels"
MISSING = "missing"
LADDER_SHARE = 0.05
_LEAST_POOLED = 3
_SHARE_DECIMALS = 3
_STANDS_OUT = 0.03
_RATES = frozenset({"outside_domain", "broken_rules", "broken_logic", "invented", "outside_range"})


class _Real:
    """Counts of all real rows, training and holdout together: more people behind each number."""

    def __init__(self, holdout: Profile, train: Profile, *, has_holdout: bool) -> None:
        parts = (holdout, train) if has_holdout else (train,)
        self.plan = train.plan
        self.rows = sum(part.n_rows for part in parts)
        self.bins = _added([part.bin_totals for part in parts])
        self.pairs = _added([part.pair_totals for part in parts])
        self.views = _added([part.view_totals for part in parts])


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

    Returns
    -------
    tuple of Distribution
        Sorted by excess over fresh real data.
    """
    real = _Real(holdout, train, has_holdout=has_holdout)
    by_column = {score.columns[0]: score for score in scores if score.metric == "tvd" and score.columns}
    found = []
    for index, column in enumerate(real.plan.columns):
        spec = real.plan.schema[column.name]
        labels, merge = (
            _number_cells(column, real.bins[index], spec, k)
            if column.is_number
            else _level_cells(column, real.bins[index], k)
        )
        width = len(labels)
        counts = np.bincount(merge, weights=real.bins[index], minlength=width).astype(np.int64)
        drawn = np.bincount(merge, weights=synthetic.bin_totals[index], minlength=width).astype(np.int64)
        cells = tuple(_cells(labels, counts, drawn, k, compared))
        found.append(_distribution(column, spec, cells, by_column[column.name], margin))
    return tuple(sorted(found, key=lambda item: -(item.score if item.score is not None else -math.inf)))


def _cells(labels: list[str], counts: IntArray, drawn: IntArray, k: int, compared: int) -> Iterator[Cell]:
    """Give shares of the rows that have a value, then the missing share of all rows.

    Apart, because a few missing values would otherwise hide another cell with them.
    """
    hidden = withheld_cells(counts[:-1], k)
    for label, count, synthetic, withheld in zip(labels, counts[:-1], drawn[:-1], hidden, strict=False):
        if count or synthetic:
            yield _cell(
                label,
                count / max(counts[:-1].sum(), 1),
                synthetic / max(drawn[:-1].sum(), 1),
                bool(withheld),
                compared,
            )
    if counts[-1] or drawn[-1]:
        withheld = not k <= counts[-1] <= counts.sum() - k
        yield _cell(
            labels[-1], counts[-1] / max(counts.sum(), 1), drawn[-1] / max(drawn.sum(), 1), withheld, compared
        )


def _cell(label: str, share: float, drawn: float, hidden: bool, compared: int) -> Cell:
    synthetic = round(float(drawn), _SHARE_DECIMALS)
    if hidden:
        return Cell(label, None, synthetic, 0.0)
    shown = round(float(share), _SHARE_DECIMALS)
    noise = 1.96 * math.sqrt(shown * (1 - shown) / max(compared, 1))
    return Cell(label, shown, synthetic, round(noise, _SHARE_DECIMALS))


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
    pooled = own < k
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
    real = _Real(holdout, train, has_holdout=has_holdout)
    named: list[tuple[int, str, int]] = []
    pool = np.zeros(3, dtype=np.int64)
    for index, column in enumerate(real.plan.columns):
        for level, count in enumerate(real.bins[index][: len(column.levels)].tolist()):
            drawn = int(synthetic.bin_totals[index][level])
            if k <= count <= LADDER_SHARE * real.rows and real.rows - count >= k:
                named.append((count, f"{column.name}: {column.levels[level]}", drawn))
            elif 0 < count < k:
                pool += (1, count, drawn)
    named.sort(key=lambda rung: (rung[0], rung[1]))
    shown = sorted(named[:LADDER_RUNGS], key=lambda rung: (-rung[0], rung[1]))
    rungs = [_rung(label, 1, count, real.rows, drawn, synthetic.n_rows) for count, label, drawn in shown]
    if pool[0] >= _LEAST_POOLED and pool[1] >= k:
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
    synthetic: Profile, holdout: Profile, train: Profile, *, k: int, has_holdout: bool
) -> AssociationMatrix:
    """Draw up the strength of every pair, real and synthetic.

    Parameters
    ----------
    synthetic, holdout, train : Profile
        The three tables.
    k : int
        A column whose most frequent cell leaves fewer people than this is withheld.
    has_holdout : bool
        Whether the holdout is a table of its own.

    Returns
    -------
    AssociationMatrix
        Spearman's correlation where both columns have an order, else bias-corrected Cramér's V.
    """
    real = _Real(holdout, train, has_holdout=has_holdout)
    size = len(real.plan.columns)
    hidden = [bool(counts.sum() - counts.max(initial=0) < k) for counts in real.bins]
    tables: list[list[list[float | None]]] = [[[None] * row for row in range(size)] for _ in range(2)]
    for position, (first, second) in enumerate(real.plan.pairs):
        a, b = real.plan.columns[first], real.plan.columns[second]
        measure = spearman if a.is_ordered and b.is_ordered else cramers_v
        if not hidden[first] and not hidden[second]:
            for side, counts in enumerate((real.pairs[position], synthetic.pair_totals[position])):
                tables[side][second][first] = round(float(measure(counts[:-1, :-1].astype(np.float64))), 2)
    frozen = [tuple(tuple(row) for row in table) for table in tables]
    return AssociationMatrix(real.plan.names, frozen[0], frozen[1], "Spearman's correlation, else Cramér's V")


def mark_releasable(
    scores: Iterable[Score], holdout: Profile, train: Profile, *, k: int, has_holdout: bool
) -> tuple[Score, ...]:
    """Say of each score whether it may be printed.

    Parameters
    ----------
    scores : iterable of Score
        Every figure.
    holdout, train : Profile
        The real tables.
    k : int
        Smallest number of people that may be shown.
    has_holdout : bool
        Whether the holdout is a table of its own.

    Returns
    -------
    tuple of Score
        The same figures; withheld where too few people stand behind one.
    """
    real = _Real(holdout, train, has_holdout=has_holdout)
    index = {name: position for position, name in enumerate(real.plan.names)}
    two_cells, few_missing = set(), set()
    for name, position in index.items():
        counts = real.bins[position]
        cells = np.bincount(real.plan.columns[position].cell_of_bin, weights=counts).astype(np.int64)
        # a distance over two cells is the share of one of them
        if withheld_cells(cells[cells > 0], k).any() and (cells > 0).sum() <= 2:  # noqa: PLR2004
            two_cells.add(name)
        if not k <= counts[-1] <= counts.sum() - k:
            few_missing.add(name)
    by_metric = _few_behind(real, k)
    found = []
    for score in scores:
        names = {name for name in score.columns if name in index}
        held = names & (two_cells | by_metric.get(score.metric, set()))
        if score.metric == "missing_rate":
            held = names & few_missing
        rates = score.metric in _RATES
        if rates and (score.floor or 0.0) * holdout.n_rows < k:
            # the synthetic rate is nobody's secret; the real one rests on too few people
            found.append(replace(score, floor=None, excess=None))
        else:
            found.append(replace(score, releasable=not held))
    return tuple(found)


def _few_behind(real: _Real, k: int) -> dict[str, set[str]]:
    """Name the columns whose last digits, heaps or calendar rest on too few people, by metric."""
    found: dict[str, set[str]] = {
        "heaping_5": set(),
        "heaping_10": set(),
        "last_digit": set(),
        "calendar": set(),
    }
    for view, counts in zip(real.plan.views, real.views, strict=True):
        name, total = real.plan.columns[view.column].name, counts.sum()
        held = counts > 0
        if withheld_cells(counts[held], k).any() and held.sum() <= 2:  # noqa: PLR2004 - one share tells both
            found["calendar" if view.part != "digit" else "last_digit"].add(name)
        if view.part == "digit":
            for metric, mask in (
                ("heaping_5", view.multiples_of_five),
                ("heaping_10", view.multiples_of_ten),
            ):
                if not k <= counts[mask].sum() <= total - k:
                    found[metric].add(name)
    return found
