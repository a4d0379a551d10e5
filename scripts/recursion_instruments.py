"""Synthesizers whose chains can be worked out exactly, beside synthtab's own `gaussian` and `resampler`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar
from unittest import mock

import numpy as np

from synthtab.schema import CastTable, NumberColumn, TableSchema
from synthtab.seeding import generator
from synthtab.synthesizers import registry
from synthtab.synthesizers.base import ModelState, Synthesizer
from synthtab.synthesizers.baselines import GaussianSynthesizer
from synthtab.synthesizers.guard import Guard

__all__ = ["FixedKernel", "SameDesign", "UnweightedGaussian", "instruments"]


class _Instrument(Synthesizer):
    """Keep its training rows, as a matrix."""

    is_instrument: ClassVar[bool] = True
    keeps_numbers_raw: ClassVar[bool] = True
    models_constants: ClassVar[bool] = True

    def __init__(self, schema: TableSchema, *, seed: int = 0, guard: bool | Guard = True) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        self.names: tuple[str, ...] = ()
        self.matrix = np.zeros((0, 0))

    def _fit(self, table: CastTable, seed: int) -> None:  # noqa: ARG002 - nothing random in it
        self.names = tuple(table.columns)
        self.matrix = np.column_stack([table.number(name).values for name in self.names])

    def _table(self, rows: np.ndarray) -> CastTable:
        return CastTable(
            {name: NumberColumn(rows[:, i].copy()) for i, name in enumerate(self.names)}, len(rows)
        )

    def _state(self) -> ModelState:
        return ModelState({"names": list(self.names)}, {"matrix": self.matrix})

    def _restore(self, state: ModelState) -> None:
        self.names = tuple(map(str, state.facts["names"]))  # type: ignore[call-overload]
        self.matrix = np.asarray(state.arrays["matrix"], dtype=np.float64)


class FixedKernel(_Instrument):
    """Draw training rows, and move each value by normal noise of standard deviation `bandwidth`."""

    name: ClassVar[str] = "fixed_kernel"

    def __init__(
        self, schema: TableSchema, *, seed: int = 0, guard: bool | Guard = True, bandwidth: float = 1.0
    ) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        self.bandwidth = bandwidth

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        rng = generator(seed, "kernel")
        centres = self.matrix[rng.integers(len(self.matrix), size=n_rows)]
        return self._table(centres + self.bandwidth * rng.standard_normal(centres.shape))


class SameDesign(_Instrument):
    """Regress columns ``y…`` on columns ``x…``; draw them anew, with noise of variance 1, at the x of D0.

    The first `rows` training rows have that design under every regime that is asked here.
    """

    name: ClassVar[str] = "same_design"

    def __init__(
        self, schema: TableSchema, *, seed: int = 0, guard: bool | Guard = True, rows: int = 50
    ) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        self.rows = rows

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        explains = np.array([name.startswith("x") for name in self.names])
        slopes = np.linalg.lstsq(self.matrix[:, explains], self.matrix[:, ~explains], rcond=None)[0]
        rows = self.matrix[: self.rows][:n_rows].copy()
        noise = generator(seed, "noise").standard_normal((n_rows, int((~explains).sum())))
        rows[:, ~explains] = rows[:, explains] @ slopes + noise
        return self._table(rows)


class UnweightedGaussian(GaussianSynthesizer):
    """A multivariate normal that takes no row weights, so that rows are repeated for it."""

    name: ClassVar[str] = "unweighted_gaussian"
    takes_weights: ClassVar[bool] = False


@contextmanager
def instruments() -> Iterator[None]:
    """Let `synthtab.synthesizers.make` know these synthesizers inside a block.

    An installed package would name them in the entry points ``synthtab.synthesizers``; looking these up takes
    longer than a fit of twenty rows.
    """
    own = {kind.name: f"{__name__}:{kind.__name__}" for kind in (FixedKernel, SameDesign, UnweightedGaussian)}
    with mock.patch.dict(registry._OWN, own):  # type: ignore[arg-type]  # noqa: SLF001 - see above
        yield
