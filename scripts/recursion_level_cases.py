"""Cases with levels: a row bootstrap, which is drift and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import recursion_formulas as exact
from recursion_cases import Case, Line, label_tables
from recursion_simulations import FloatArray, distinct_rows, simulate_levels

from synthtab.recursion.chain import Generation
from synthtab.recursion.real import RealTables
from synthtab.recursion.regime import Regime
from synthtab.recursion.regimes import Accumulate, FreshMix, Replace
from synthtab.schema import CastTable, LabelColumn
from synthtab.specs import spec

__all__ = ["LEVEL_CASES"]

IntArray = npt.NDArray[np.int64]

SMALL, LARGE = 20, 500
FRESH = 5
UNEVEN = np.repeat(np.arange(5), [8, 6, 3, 2, 1])
"""Twenty rows on five levels."""
POPULATION = np.array([0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05])


def _held(table: CastTable, name: str, size: int) -> FloatArray:
    """Count the rows on each numbered level."""
    column = table[name]
    assert isinstance(column, LabelColumn)
    numbers = np.array(column.levels, dtype=np.int64)
    return np.bincount(numbers[column.codes], minlength=size) * 1.0


def _heterozygosity(counts: FloatArray) -> FloatArray:
    shares = counts / counts.sum(axis=-1, keepdims=True)
    return np.asarray(1 - (shares**2).sum(axis=-1))


def _figures(counts: FloatArray, first: FloatArray, name: str) -> dict[str, FloatArray]:
    """Give what is said of S_g: its counts, levels along the last axis, against those of D0."""
    moved = counts / counts.sum(axis=-1, keepdims=True) - first / first.sum()
    return {
        f"{name} h": _heterozygosity(counts),
        f"{name} moved": (moved**2).sum(axis=-1),
        f"{name} absent": (counts == 0)[..., first > 0].mean(axis=-1),
    }


def _read(history: Sequence[Generation], *, first: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
    found: dict[str, FloatArray] = {}
    for name, counts in first.items():
        drawn = np.stack([_held(generation.drawn, name, len(counts)) for generation in history])
        found |= _figures(drawn, counts, name)
    return found


def _simulate(
    chains: int,
    generations: int,
    rng: np.random.Generator,
    *,
    columns: Mapping[str, IntArray],
    first: Mapping[str, FloatArray],
    keep: int,
) -> Mapping[str, FloatArray]:
    rows = len(next(iter(columns.values())))

    def start(number: int, rng: np.random.Generator) -> IntArray:  # noqa: ARG001 - D0 stays the same
        return np.broadcast_to(np.arange(rows), (chains, number))

    runs = simulate_levels(chains, generations, rng, rows=rows, start=start, keep=keep)
    found: dict[str, FloatArray] = {}
    for name, counts in first.items():
        drawn = np.stack([distinct_rows(columns[name][made], len(counts)) for _, made in runs], axis=1)
        found |= _figures(drawn, counts, name)
    return found


def _drift(
    name: str,
    regime: Regime,
    columns: Mapping[str, IntArray],
    lines: tuple[Line, ...],
    chains: int,
    quick: tuple[int, int],
) -> Case:
    """Keep D0 the same in all chains."""
    first = {column: np.bincount(levels) * 1.0 for column, levels in columns.items()}
    tables = label_tables(columns, {})
    return Case(
        name=name,
        synthesizer=spec("resampler"),
        regime=regime,
        rows=tables.original.n_rows,
        real=lambda rng: tables,  # noqa: ARG005 - nothing is drawn
        read=partial(_read, first=first),
        simulate=partial(_simulate, columns=columns, first=first, keep=int(regime.needs_all)),
        lines=lines,
        chains=chains,
        quick=quick,
    )


def _decay(column: str, h: float, *, accumulate: bool) -> tuple[Line, ...]:
    """Give E H and E |p_g − p_0|² of one column whose D0 has H of `h`."""
    ratio = exact.accumulated_heterozygosity if accumulate else exact.replaced_heterozygosity
    pinned = column == "alone"
    early = (1,) if accumulate else (1, 2)
    at = (1, 2, 10)
    return (
        *(
            Line(f"E H, {column}", f"{column} h", g, lambda g: h * ratio(SMALL, g), pinned and g in early)
            for g in at
        ),
        *(
            Line(
                f"E |p_g − p_0|², {column}",
                f"{column} moved",
                g,
                lambda g: h * (1 - ratio(SMALL, g)),
                pinned and g == 1,
            )
            for g in at
        ),
    )


def _small(regime: Regime, chains: int, quick: tuple[int, int]) -> Case:
    columns = {"alone": np.arange(SMALL), "uneven": UNEVEN}
    accumulate = regime.needs_all
    lines = tuple(
        line
        for name, levels in columns.items()
        for line in _decay(name, float(_heterozygosity(np.bincount(levels) * 1.0)), accumulate=accumulate)
    )
    return _drift("row bootstrap, n = 20", regime, columns, lines, chains, quick)


def _extinct(count: int, at: Mapping[int, bool]) -> tuple[Line, ...]:
    return tuple(
        Line(
            f"P(absent), {count} of {LARGE} rows",
            f"c{count} absent",
            g,
            partial(exact.extinct, LARGE, count),
            pin,
        )
        for g, pin in at.items()
    )


def _extinction() -> Case:
    columns = {"c1": np.arange(LARGE), "c5": np.arange(LARGE) // 5}
    lines = (*_extinct(1, {1: True, 2: True, 10: True}), *_extinct(5, {10: False, 50: False}))
    return _drift("row bootstrap, n = 500", Replace(), columns, lines, 200, (25, 50))


def _urn() -> Case:
    formula = partial(exact.absent_from_accumulated, LARGE, 1)
    lines = tuple(
        Line("P(absent), 1 of 500 rows", "c1 absent", g, formula, pinned)
        for g, pinned in {1: True, 2: True, 10: False}.items()
    )
    return _drift("row bootstrap, n = 500", Accumulate(), {"c1": np.arange(LARGE)}, lines, 300, (30, 10))


def _inflow_real(rng: np.random.Generator) -> RealTables:
    def draw(rows: int) -> dict[str, FloatArray]:
        return {f"c{i}": rng.choice(len(POPULATION), size=rows, p=POPULATION) * 1.0 for i in range(4)}

    return label_tables(draw(SMALL), draw(FRESH * 20))


def _inflow_read(history: Sequence[Generation]) -> Mapping[str, FloatArray]:
    def ratio(tables: Sequence[CastTable]) -> FloatArray:
        own = [[_heterozygosity(_held(t, name, len(POPULATION))) for name in t.columns] for t in tables]
        return np.asarray(np.mean(own, axis=1) / _heterozygosity(POPULATION))

    return {"learned": ratio([g.training for g in history]), "drawn": ratio([g.drawn for g in history])}


def _inflow_simulate(chains: int, generations: int, rng: np.random.Generator) -> Mapping[str, FloatArray]:
    def start(rows: int, rng: np.random.Generator) -> IntArray:
        return rng.choice(len(POPULATION), size=(chains, rows), p=POPULATION)

    runs = simulate_levels(chains, generations, rng, rows=SMALL, start=start, fresh=FRESH)
    size, whole = len(POPULATION), _heterozygosity(POPULATION)
    return {
        key: np.stack([_heterozygosity(distinct_rows(run[side], size)) for run in runs], axis=1) / whole
        for side, key in enumerate(("learned", "drawn"))
    }


def _inflow() -> Case:
    def learned(g: int) -> float:
        return exact.inflow_heterozygosity(SMALL, FRESH, g)

    def drawn(g: int) -> float:
        # before anything is drawn there is the population itself
        return learned(g) * (1 - 1 / SMALL) if g else 1.0

    lines = (
        *(Line("E H of T_g / H0", "learned", g, learned, g == 1) for g in (1, 2, 3, 12)),
        *(Line("E H of S_g / H0", "drawn", g, drawn) for g in (1, 2, 3, 12)),
    )
    return Case(
        name="row bootstrap, n = 20",
        synthesizer=spec("resampler"),
        regime=FreshMix(0.25),
        rows=SMALL,
        real=_inflow_real,
        read=_inflow_read,
        simulate=_inflow_simulate,
        lines=lines,
        chains=800,
        quick=(100, 12),
    )


LEVEL_CASES: tuple[Case, ...] = (
    _small(Replace(), 1_000, (120, 10)),
    _extinction(),
    _small(Accumulate(), 1_000, (120, 10)),
    _urn(),
    _inflow(),
)
