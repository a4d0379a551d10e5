"""Regime: what the next generation is trained on, as a function of everything that came before.

A regime never sees a synthesizer. It is told what there is (the original rows, the synthetic tables so far)
and answers with *portions*: which rows of which table. So one and the same regime drives real chains, the
vectorised chains of the drift null, and the account of the real rows that each generation touches.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from synthtab.errors import SpecError
from synthtab.schema import CastTable, TableSchema
from synthtab.specs import SynthesizerSpec

__all__ = [
    "Origin",
    "Past",
    "Portion",
    "RealRows",
    "Regime",
    "RowArray",
    "Rows",
    "everything",
    "last",
    "require_share",
    "share_of",
]

RowArray = npt.NDArray[np.intp]


class Origin(StrEnum):
    """Where training rows come from."""

    ORIGINAL = "original"
    FRESH = "fresh"
    SYNTHETIC = "synthetic"


class Rows(Protocol):
    """A table that a regime may choose rows of; most regimes need its length only."""

    def __len__(self) -> int:
        """Give the number of rows."""
        ...

    @property
    def table(self) -> CastTable:
        """The rows themselves."""
        ...


@dataclass(frozen=True, eq=False)
class Past:
    """What there is when the training table of the next generation is put together.

    Parameters
    ----------
    generation : int
        Samplings made so far, g; what is put together is the training table of generation g + 1.
    rows : int
        Rows a generation, n.
    growth : int
        Rows by which each generation makes an accumulated table grow.
    original : Rows
        D0, the real rows that every chain starts from.
    synthetic : sequence of Rows
        What may be trained on of S_1 … S_g. Regimes that do not `need_all` may look at the last one only.
    fixed : numpy.random.Generator
        A stream that starts anew for each generation of a chain: for a choice that shall stay the same.
    """

    generation: int
    rows: int
    growth: int
    original: Rows
    synthetic: Sequence[Rows]
    fixed: np.random.Generator


@dataclass(frozen=True, eq=False)
class Portion:
    """Rows of one table that go into a training table.

    Parameters
    ----------
    origin : Origin
        Original rows, fresh real rows, or a synthetic table.
    rows : ndarray of int, shape (n_rows,)
        Positions; of fresh rows, positions in this generation's inflow.
    generation : int, default 0
        Which synthetic table: 1 for S_1.
    weight : float, default 1
        Weight of each of these rows in the fit.
    """

    origin: Origin
    rows: RowArray
    generation: int = 0
    weight: float = 1.0


@dataclass(frozen=True)
class RealRows:
    """Real rows that the fit of one generation touches.

    Parameters
    ----------
    original : int
        Rows of D0.
    fresh : int
        Real rows that no generation before has seen.
    """

    original: int
    fresh: int


@dataclass(frozen=True)
class Regime(ABC):
    """What the training table of generation g + 1 is made of; T_1 is always D0.

    A regime of your own derives from this, is a frozen dataclass, and defines `compose`, `real_rows` and
    `statement`.
    """

    name: ClassVar[str]
    needs_all: ClassVar[bool] = False
    """Whether `compose` looks at synthetic tables before the last."""

    # ---------------------------------------------------------------- what a subclass says

    @abstractmethod
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        """Put together the training table of generation g + 1, for g of 1 and more.

        Parameters
        ----------
        past : Past
            What there is.
        rng : numpy.random.Generator
            Stream of this chain and generation.

        Returns
        -------
        tuple of Portion
            Which rows of which tables.
        """

    @abstractmethod
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        """Say which real rows the fit of a later generation touches.

        Parameters
        ----------
        generation : int
            Generation of the fit, 2 or more; the first touches D0.
        rows : int
            Rows a generation.
        original : int
            Rows of D0.

        Returns
        -------
        RealRows
            Numbers of rows.
        """

    @property
    @abstractmethod
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""

    # ---------------------------------------------------------------- what it may say

    @property
    def has_null(self) -> bool:
        """Whether a row bootstrap can be sent through the regime many hundred times."""
        return True

    def needed_rows(self, rows: int, growth: int) -> int:  # noqa: ARG002 - of accumulating regimes
        """Give the synthetic rows of a generation that may be trained on.

        Parameters
        ----------
        rows : int
            Rows a generation.
        growth : int
            Rows by which an accumulated table grows.

        Returns
        -------
        int
            Number of rows that `select` must give.
        """
        return rows

    def sampled_rows(self, rows: int, growth: int) -> int:
        """Give the rows to draw from each model, of which `select` chooses.

        Parameters
        ----------
        rows : int
            Rows a generation.
        growth : int
            Rows by which an accumulated table grows.

        Returns
        -------
        int
            `needed_rows`, or more where some are thrown away.
        """
        return self.needed_rows(rows, growth)

    def select(
        self,
        drawn: Rows,
        needed: int,
        verifier: Rows | None,  # noqa: ARG002 - of curating regimes
        schema: TableSchema,  # noqa: ARG002 - of curating regimes
        rng: np.random.Generator,  # noqa: ARG002 - of curating regimes
    ) -> RowArray:
        """Choose, of the rows that a model gave, those that may be trained on.

        Parameters
        ----------
        drawn : Rows
            What the model gave.
        needed : int
            Number of rows to choose.
        verifier : Rows or None
            Real rows kept back for curation.
        schema : TableSchema
            What is public about the table.
        rng : numpy.random.Generator
            Stream of this chain and generation.

        Returns
        -------
        ndarray of int, shape (needed,)
            Positions, repeats allowed; by default the first.
        """
        return np.arange(min(needed, len(drawn)), dtype=np.intp)

    def synthesizer(self, generation: int) -> SynthesizerSpec | None:  # noqa: ARG002 - of evolving regimes
        """Name the synthesizer of a generation, where the regime decides it.

        Parameters
        ----------
        generation : int
            Generation of the fit.

        Returns
        -------
        SynthesizerSpec or None
            None leaves it to the study.
        """
        return None

    @property
    def decides_synthesizer(self) -> bool:
        """Whether `synthesizer` names one, so that the study need not try others."""
        return self.synthesizer(1) is not None

    # ---------------------------------------------------------------- what follows

    def training(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        """Put together the training table of generation g + 1, the first included.

        Parameters
        ----------
        past : Past
            What there is.
        rng : numpy.random.Generator
            Stream of this chain and generation.

        Returns
        -------
        tuple of Portion
            Which rows of which tables.
        """
        return self.compose(past, rng) if past.generation else (everything(past.original),)

    def touched(self, generation: int, rows: int, original: int) -> RealRows:
        """Say which real rows the fit of any generation touches.

        Parameters
        ----------
        generation : int
            Generation of the fit, 1 or more.
        rows : int
            Rows a generation.
        original : int
            Rows of D0.

        Returns
        -------
        RealRows
            Numbers of rows.
        """
        return RealRows(original, 0) if generation == 1 else self.real_rows(generation, rows, original)

    def __str__(self) -> str:
        """Show the name, and the parameters where there are any: ``fresh_mix(0.1)``."""
        inside = ", ".join(
            _shown(getattr(self, item.name))
            for item in fields(self)
            if getattr(self, item.name) not in (None, item.default)
        )
        return f"{self.name}({inside})" if inside else self.name


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return " → ".join(map(str, value))
    return str(getattr(value, "__name__", value))


def everything(rows: Rows) -> Portion:
    """Take all original rows.

    Parameters
    ----------
    rows : Rows
        D0.

    Returns
    -------
    Portion
        All of it.
    """
    return Portion(Origin.ORIGINAL, np.arange(len(rows), dtype=np.intp))


def last(past: Past, rows: int) -> Portion:
    """Take the first rows of the last synthetic table; they are in random order.

    Parameters
    ----------
    past : Past
        What there is.
    rows : int
        How many.

    Returns
    -------
    Portion
        Rows of S_g.
    """
    return Portion(Origin.SYNTHETIC, np.arange(rows, dtype=np.intp), past.generation)


def share_of(alpha: float, rows: int) -> int:
    """Turn a share into a number of rows, halves rounded up.

    Parameters
    ----------
    alpha : float
        From 0 to 1, or more.
    rows : int
        Rows a generation.

    Returns
    -------
    int
        Number of rows.
    """
    return int(np.floor(alpha * rows + 0.5))


def require_share(value: float, what: str, *, most: float = 1.0) -> None:
    """Refuse a parameter that is no share.

    Parameters
    ----------
    value : float
        What was given.
    what : str
        Regime and parameter, for the message.
    most : float, default 1
        Largest value.

    Raises
    ------
    SpecError
        When it is not above 0 and at most `most`.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < np.inf or value > most:
        upto = f"up to {most:g}" if np.isfinite(most) else "of any size"
        raise SpecError(f"{what} must be a number above 0, {upto}.")
