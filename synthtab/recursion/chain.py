"""Chain: fit, sample, compose, and again; one synthesizer, one regime, one seed.

Indexing, where everybody slips: D0 is real. M_g is fitted on T_g, S_g is sampled from M_g, T_1 is D0, and
T_{g+1} is what the regime makes of D0, S_1 … S_g and fresh rows. So g counts samplings, and generation 0 is
real data.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError, SpecError, SynthtabWarning
from synthtab.lineage import Lineage, attach_lineage, lineage_of
from synthtab.lineage import Origin as TableOrigin
from synthtab.metrics.columns import stacked
from synthtab.recursion.packing import frame_of
from synthtab.recursion.real import RealTables
from synthtab.recursion.regime import Origin, Past, Portion, RealRows, Regime, Rows
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import derive_seed, generator
from synthtab.specs import SynthesizerSpec
from synthtab.synthesizers import make
from synthtab.synthesizers.registry import synthesizer_class

__all__ = [
    "Chain",
    "ChainPlan",
    "Costs",
    "Generation",
    "Materials",
    "TableRows",
    "by_weight",
    "row_weights",
]


@dataclass(frozen=True)
class ChainPlan:
    """What a chain does.

    Parameters
    ----------
    synthesizer : SynthesizerSpec
        What is fitted, unless the regime decides.
    regime : Regime
        What is trained on.
    seed : int
        Seed of the chain. Chains of equal seed draw alike under every regime, so that these can be compared.
    rows : int
        Rows a generation, n.
    growth : int
        Rows by which an accumulated table grows.
    measured : int
        Rows of each generation that are measured; more than n are drawn for measuring only.
    """

    synthesizer: SynthesizerSpec
    regime: Regime
    seed: int
    rows: int
    growth: int
    measured: int

    def synthesizer_of(self, generation: int) -> SynthesizerSpec:
        """Name the synthesizer of a generation.

        Parameters
        ----------
        generation : int
            1 or more.

        Returns
        -------
        SynthesizerSpec
            The regime's choice, else the chain's.
        """
        return self.regime.synthesizer(generation) or self.synthesizer


@dataclass(frozen=True)
class Costs:
    """What a step cost.

    Parameters
    ----------
    wall, cpu : float
        Seconds.
    """

    wall: float
    cpu: float

    def __add__(self, other: Costs) -> Costs:
        """Add up."""
        return Costs(self.wall + other.wall, self.cpu + other.cpu)


@dataclass(frozen=True, eq=False)
class Generation:
    """One generation of a chain.

    Parameters
    ----------
    generation : int
        g, 1 or more.
    synthesizer : SynthesizerSpec
        What was fitted.
    training : CastTable
        T_g.
    weights : ndarray of float, shape (n_rows,), or None
        Row weights of T_g; None when all are 1.
    drawn : CastTable
        S_g: all rows that were drawn from M_g.
    measured : CastTable
        Rows to measure: of S_g, or drawn for that alone.
    real : RealRows
        Real rows that the fit touched.
    lineage : Lineage
        What S_g is.
    fit, sample : Costs
        What fitting and sampling cost.
    """

    generation: int
    synthesizer: SynthesizerSpec
    training: CastTable
    weights: FloatArray | None
    drawn: CastTable
    measured: CastTable
    real: RealRows
    lineage: Lineage
    fit: Costs
    sample: Costs


class Materials(Protocol):
    """Where a chain keeps what may be trained on of each synthetic table."""

    def get(self, generation: int) -> CastTable:
        """Give S_g.

        Parameters
        ----------
        generation : int
            1 or more.

        Returns
        -------
        CastTable
            The rows that the regime selected.
        """
        ...

    def put(self, generation: int, table: CastTable) -> None:
        """Keep S_g.

        Parameters
        ----------
        generation : int
            1 or more.
        table : CastTable
            The rows that the regime selected.
        """
        ...


class TableRows:
    """A cast table, seen as rows that a regime may choose from.

    Parameters
    ----------
    table : CastTable
        The table.
    """

    def __init__(self, table: CastTable) -> None:
        self.table = table

    def __len__(self) -> int:
        """Give the number of rows."""
        return self.table.n_rows


class _StoredRows:
    """A synthetic table that is only read when its rows are wanted."""

    def __init__(self, materials: Materials, generation: int) -> None:
        self._materials, self._generation = materials, generation

    def __len__(self) -> int:
        return self.table.n_rows

    @cached_property
    def table(self) -> CastTable:
        return self._materials.get(self._generation)


class Chain:
    """A chain, advanced one generation at a time.

    Parameters
    ----------
    real : RealTables
        D0, inflow and verifier rows.
    plan : ChainPlan
        What to do.
    materials : Materials
        Where synthetic tables are kept: all that a chain remembers.
    """

    def __init__(self, real: RealTables, plan: ChainPlan, materials: Materials) -> None:
        self.real = real
        self.plan = plan
        self.materials = materials
        self._names = real.schema.names

    def advance(self, generation: int) -> Generation:
        """Make one generation from those before it.

        Parameters
        ----------
        generation : int
            Which one, 1 or more; what its regime needs of earlier ones must be among the materials.

        Returns
        -------
        Generation
            Its training table, the rows to measure and what it cost. What may be trained on later is among
            the materials afterwards.
        """
        plan, regime = self.plan, self.plan.regime
        portions, training, weights = self._training(generation)
        lineage = self._lineage(portions)
        wanted = plan.synthesizer_of(generation)
        model = make(wanted, self.real.schema, seed=self._seed("fit", generation), guard=False)
        model.row_weights = weights
        frame = attach_lineage(frame_of(training, self.real.schema), lineage)
        with _timed() as fit, warnings.catch_warnings():
            # that the table is synthetic is the point of it
            warnings.simplefilter("ignore", SynthtabWarning)
            model.fit(frame)
        # n are drawn in any case: what a sampling loses is counted on n rows
        drawn_rows = max(regime.sampled_rows(plan.rows, plan.growth), plan.rows)
        with _timed() as sample:
            sampled = model.sample(drawn_rows, self._seed("sample", generation))
            drawn = self._cast(sampled)
            if plan.measured > drawn.n_rows:
                measured = self._cast(model.sample(plan.measured, self._seed("measure", generation)))
            else:
                measured = drawn.take(np.arange(plan.measured))
        chosen = regime.select(
            TableRows(drawn),
            regime.needed_rows(plan.rows, plan.growth),
            None if self.real.verifier is None else TableRows(self.real.verifier),
            self.real.schema,
            self._stream("select", generation),
        )
        self.materials.put(generation, drawn.take(chosen))
        made = lineage_of(sampled)
        assert made is not None
        return Generation(
            generation=generation,
            synthesizer=wanted,
            training=training,
            weights=weights,
            drawn=drawn,
            measured=measured,
            real=RealRows(
                sum(len(p.rows) for p in portions if p.origin is Origin.ORIGINAL),
                sum(len(p.rows) for p in portions if p.origin is Origin.FRESH),
            ),
            lineage=replace(made, regime=str(regime)),
            fit=fit[0],
            sample=sample[0],
        )

    # ------------------------------------------------------------------ inside

    def _training(self, generation: int) -> tuple[tuple[Portion, ...], CastTable, FloatArray | None]:
        """Put together T_g, with the weights of its rows where they differ."""
        plan, g = self.plan, generation - 1
        first = 1 if plan.regime.needs_all else max(g, 1)
        synthetic = [_StoredRows(self.materials, j) for j in range(1, g + 1)]
        past = Past(
            generation=g,
            rows=plan.rows,
            growth=plan.growth,
            original=TableRows(self.real.original),
            synthetic=synthetic,
            fixed=generator(plan.seed, "recursion", "fixed"),
        )
        portions = plan.regime.training(past, self._stream("compose", generation))
        early = [p.generation for p in portions if p.origin is Origin.SYNTHETIC and p.generation < first]
        if early:
            raise SpecError(
                f"{plan.regime} trains on generation {early[0]} after generation {g} was made.",
                hint="A regime that looks back further than one generation must set needs_all = True.",
            )
        parts = [
            self._rows_of(portion, generation, synthetic).take(portion.rows)
            for portion in portions
            if len(portion.rows)
        ]
        table = stacked(parts, self._names)
        weights = row_weights(portions)
        if weights is not None and not synthesizer_class(plan.synthesizer_of(generation).name).takes_weights:
            table = table.take(by_weight(weights, self._stream("weights", generation)))
            weights = None
        return portions, table, weights

    def _lineage(self, portions: Sequence[Portion]) -> Lineage:
        """Say what a training table is: several tables, or rows of one."""
        guard = self.real.guard.k
        parts = [
            Lineage.of_real(len(portion.rows), guard=guard)
            if portion.origin is not Origin.SYNTHETIC
            else Lineage(
                TableOrigin.SYNTHETIC,
                len(portion.rows),
                generation=portion.generation,
                synthesizer=self.plan.synthesizer_of(portion.generation),
                fit_seed=self._seed("fit", portion.generation),
                sample_seed=self._seed("sample", portion.generation),
                guard=guard,
                releasable=guard > 0,
                releases=1,
            )
            for portion in portions
            if len(portion.rows)
        ]
        return parts[0] if len(parts) == 1 else Lineage.of_mixture(parts, regime=str(self.plan.regime))

    def _rows_of(self, portion: Portion, generation: int, synthetic: Sequence[Rows]) -> CastTable:
        if portion.origin is Origin.ORIGINAL:
            return self.real.original
        if portion.origin is Origin.SYNTHETIC:
            return synthetic[portion.generation - 1].table
        plan = self.plan
        order = generator(plan.seed, "recursion", "inflow").permutation(self.real.pool.n_rows)
        start = sum(plan.regime.touched(g, plan.rows, plan.rows).fresh for g in range(1, generation))
        inflow = order[start : start + plan.regime.touched(generation, plan.rows, plan.rows).fresh]
        if len(inflow) <= int(portion.rows.max()):
            raise DataError(
                f"{plan.regime} asks for more fresh real rows than its `real_rows` says.",
                hint="real_rows must tell the fresh rows of each generation, so that the pool can be dealt.",
            )
        return self.real.pool.take(inflow)

    def _cast(self, frame: pd.DataFrame) -> CastTable:
        return self.real.schema.cast(frame, "synthetic")

    def _seed(self, purpose: str, generation: int) -> int:
        # neither the regime nor its parameters: chains of one seed shall draw alike under all of them
        return derive_seed(self.plan.seed, "recursion", purpose, generation)

    def _stream(self, purpose: str, generation: int) -> np.random.Generator:
        return generator(self.plan.seed, "recursion", purpose, generation)


def row_weights(portions: Sequence[Portion]) -> FloatArray | None:
    """Give the weight of each row of a training table.

    Parameters
    ----------
    portions : sequence of Portion
        What it is made of.

    Returns
    -------
    ndarray of float, shape (n_rows,), or None
        None when all are 1.
    """
    if all(portion.weight == 1 for portion in portions):
        return None
    return np.concatenate([np.full(len(portion.rows), portion.weight) for portion in portions])


def by_weight(weights: FloatArray, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Repeat rows by their weights, for synthesizers that take none: systematic resampling.

    Parameters
    ----------
    weights : ndarray of float, shape (n_rows,)
        Weights, not negative.
    rng : numpy.random.Generator
        Source of the order and of the start.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Positions: each row its weight's whole part, or once more, so that the expected number is the weight.

    References
    ----------
    Madow (1949), On the theory of systematic sampling II; Kitagawa (1996) for particles.
    """
    order = rng.permutation(len(weights))
    upto = np.cumsum(weights[order])
    marks = (np.arange(len(weights)) + rng.random()) * upto[-1] / len(weights)
    return np.sort(order[np.minimum(np.searchsorted(upto, marks, side="right"), len(weights) - 1)])


@contextmanager
def _timed() -> Iterator[list[Costs]]:
    """Measure a block; the list holds its costs afterwards."""
    found: list[Costs] = []
    wall, cpu = time.perf_counter(), time.process_time()
    yield found
    found.append(Costs(time.perf_counter() - wall, time.process_time() - cpu))
