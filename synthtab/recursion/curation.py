"""Curation: regimes that choose among synthetic rows before they are trained on, or change the synthesizer.

Each is laid over another regime: ``Curate("validity", 0.5, over=Accumulate())`` accumulates curated tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from typing_extensions import override

from synthtab.errors import DataError, SpecError
from synthtab.recursion.regime import Past, Portion, RealRows, Regime, RowArray, Rows, require_share
from synthtab.recursion.regimes import Replace
from synthtab.recursion.scores import RowScore, rarity, row_score
from synthtab.schema import CastTable, TableSchema
from synthtab.specs import SynthesizerSpec, spec

__all__ = ["Curate", "Evolve", "Over", "TailReweight"]


@dataclass(frozen=True)
class Over(Regime):
    """Lay something over another regime, which goes on deciding what is trained on.

    Parameters
    ----------
    over : Regime
        The regime below; `Replace` by default.
    """

    over: Regime = field(default_factory=Replace, kw_only=True)

    @property
    def needs_all(self) -> bool:  # type: ignore[override]
        """As the regime below."""
        return self.over.needs_all

    @property
    def has_null(self) -> bool:
        """As the regime below."""
        return self.over.has_null

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        return self.over.compose(past, rng)

    @override
    def needed_rows(self, rows: int, growth: int) -> int:
        return self.over.needed_rows(rows, growth)

    @override
    def sampled_rows(self, rows: int, growth: int) -> int:
        return self.over.sampled_rows(rows, growth)

    @override
    def select(
        self,
        drawn: Rows,
        needed: int,
        verifier: Rows | None,
        schema: TableSchema,
        rng: np.random.Generator,
    ) -> RowArray:
        return self.over.select(drawn, needed, verifier, schema, rng)

    @override
    def synthesizer(self, generation: int) -> SynthesizerSpec | None:
        return self.over.synthesizer(generation)

    @override
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        return self.over.real_rows(generation, rows, original)

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return self.over.statement

    def _named(self, inside: str) -> str:
        above = "" if self.over == Replace() else f", over {self.over}"
        return f"{self.name}({inside}{above})"


@dataclass(frozen=True)
class Curate(Over):
    """Draw more synthetic rows than are needed and train on those that score best.

    Parameters
    ----------
    score : str or callable
        ``"density_ratio"`` (how much a discriminator, trained on the split's verifier rows against synthetic
        ones, takes a row for real), ``"validity"`` (how few of the schema's bounds, levels and rules it
        breaks), ``"rarity"``, or your own function of rows, verifier rows, schema and generator that gives
        one number a row: higher is better.
    keep : float, default 0.5
        Share of the drawn rows that is kept.
    over : Regime
        The regime below; `Replace` by default.

    References
    ----------
    Feng et al. (2024), Beyond model collapse, arXiv 2406.07515; Ferbach et al. (2024), Self-consuming
    generative models with curated data, arXiv 2407.09499.
    """

    score: str | RowScore = "density_ratio"
    keep: float = 0.5
    name: ClassVar[str] = "curate"

    def __post_init__(self) -> None:
        """Refuse an unknown score, or a share that is none."""
        require_share(self.keep, "curate: keep")
        row_score(self.score)

    @property
    def needs_verifier(self) -> bool:
        """Whether real rows must be kept back for the score."""
        return not isinstance(self.score, str) or self.score == "density_ratio"

    @property
    def has_null(self) -> bool:
        """Whether the score is cheap enough for hundreds of chains, and judges nothing against real rows."""
        return self.over.has_null and not self.needs_verifier

    @override
    def sampled_rows(self, rows: int, growth: int) -> int:
        return int(np.ceil(self.over.sampled_rows(rows, growth) / self.keep))

    @override
    def select(
        self,
        drawn: Rows,
        needed: int,
        verifier: Rows | None,
        schema: TableSchema,
        rng: np.random.Generator,
    ) -> RowArray:
        if self.needs_verifier and verifier is None:
            raise DataError(
                "curate: this score needs real rows that were kept back.",
                hint="Give st.recurse a split made with verifier=0.1, or score='validity'.",
            )
        scores = row_score(self.score)(drawn.table, None if verifier is None else verifier.table, schema, rng)
        if scores.shape != (len(drawn),) or np.isnan(scores).any():
            raise DataError("curate: the score must give one number a row, none of them missing.")
        best = np.lexsort((rng.random(len(drawn)), -scores))
        below = np.sort(best[: max(needed, int(len(drawn) * self.keep + 1e-9))])
        return below[self.over.select(_Part(drawn, below), needed, verifier, schema, rng)]

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        if not self.needs_verifier:
            return self.over.statement
        return f"{self.over.statement} Every generation looks at the verifier rows to choose what to keep."

    def __str__(self) -> str:
        """Show as a call."""
        shown = self.score if isinstance(self.score, str) else getattr(self.score, "__name__", "own score")
        return self._named(f"{shown}, keep {self.keep:g}")


@dataclass(frozen=True)
class TailReweight(Over):
    """Train on synthetic rows drawn again with weights that rise with their rarity.

    Parameters
    ----------
    power : float, default 1
        Weights are the row's rarity to this power; 0 would change nothing but draw again.
    over : Regime
        The regime below; `Replace` by default.

    Notes
    -----
    The rarity of a row is the mean over label columns of 1 / (L·p), where p is the share of the row's level
    and L the number of levels: a single label column would become uniform at power 1.
    """

    power: float = 1.0
    name: ClassVar[str] = "tail_reweight"

    def __post_init__(self) -> None:
        """Refuse what is no positive number."""
        require_share(self.power, "tail_reweight: power", most=np.inf)

    @override
    def select(
        self,
        drawn: Rows,
        needed: int,
        verifier: Rows | None,
        schema: TableSchema,
        rng: np.random.Generator,
    ) -> RowArray:
        below = self.over.select(drawn, needed, verifier, schema, rng)
        weight = rarity(drawn.table)[below] ** self.power
        return below[rng.choice(len(below), size=needed, p=weight / weight.sum())]

    def __str__(self) -> str:
        """Show as a call."""
        return self._named(f"{self.power:g}")


@dataclass(frozen=True)
class Evolve(Over):
    """Use another synthesizer each generation, in turn: architectures evolve.

    Parameters
    ----------
    specs : sequence of str or SynthesizerSpec
        Synthesizers of generations 1, 2, …; after the last the first comes again.
    over : Regime
        The regime below; `Replace` by default.
    """

    specs: Sequence[str | SynthesizerSpec] = ()
    name: ClassVar[str] = "evolve"

    def __post_init__(self) -> None:
        """Refuse an empty schedule."""
        if isinstance(self.specs, str | SynthesizerSpec) or not self.specs:
            raise SpecError("evolve needs a list of synthesizers.", hint='Write Evolve(["tvae", "ctgan"]).')
        object.__setattr__(self, "specs", tuple(spec(item) for item in self.specs))

    @override
    def synthesizer(self, generation: int) -> SynthesizerSpec:
        return spec(self.specs[(generation - 1) % len(self.specs)])

    def __str__(self) -> str:
        """Show as a call."""
        return self._named(" → ".join(map(str, self.specs)))


class _Part:
    """Some rows of a table."""

    def __init__(self, rows: Rows, chosen: RowArray) -> None:
        self._rows, self._chosen = rows, chosen

    def __len__(self) -> int:
        return len(self._chosen)

    @property
    def table(self) -> CastTable:
        return self._rows.table.take(self._chosen)
