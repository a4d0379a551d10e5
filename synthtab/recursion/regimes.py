"""Regimes of the literature, one small frozen dataclass each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from typing_extensions import override

from synthtab.recursion.regime import (
    Origin,
    Past,
    Portion,
    RealRows,
    Regime,
    everything,
    last,
    require_share,
    share_of,
)

__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "AllReal",
    "FixedMix",
    "FreshMix",
    "Golden",
    "Replace",
]


@dataclass(frozen=True)
class Replace(Regime):
    """Train each generation on the synthetic table before it, and on nothing else.

    References
    ----------
    Shumailov et al. (2024), AI models collapse when trained on recursively generated data, Nature 631.
    """

    name: ClassVar[str] = "replace"

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        # T_{g+1} = S_g
        return (last(past, past.rows),)

    @override
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        return RealRows(0, 0)

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return "Generation 1 learns the original rows; later generations touch no real row."


@dataclass(frozen=True)
class Accumulate(Regime):
    """Train each generation on the original rows and every synthetic table so far.

    References
    ----------
    Gerstgrasser et al. (2024), Is model collapse inevitable?, arXiv 2404.01413.
    """

    name: ClassVar[str] = "accumulate"
    needs_all: ClassVar[bool] = True

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        # T_{g+1} = D0 ∪ S_1 ∪ … ∪ S_g
        grown = np.arange(past.growth, dtype=np.intp)
        return (
            everything(past.original),
            *(Portion(Origin.SYNTHETIC, grown, g) for g in range(1, past.generation + 1)),
        )

    @override
    def needed_rows(self, rows: int, growth: int) -> int:
        return max(rows, growth)

    @override
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        return RealRows(original, 0)

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return "Every generation learns all original rows again."


@dataclass(frozen=True)
class AccumulateSubsample(Accumulate):
    """Train each generation on n rows drawn without replacement from all that accumulated: fixed compute.

    References
    ----------
    Kazdan et al. (2024), Collapse or thrive?, arXiv 2410.16713.
    """

    name: ClassVar[str] = "accumulate_subsample"

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        # T_{g+1} = n rows of D0 ∪ S_1 ∪ … ∪ S_g
        portions = super().compose(past, rng)
        ends = np.cumsum([len(portion.rows) for portion in portions])
        chosen = np.sort(rng.choice(ends[-1], size=min(past.rows, int(ends[-1])), replace=False))
        starts = ends - [len(portion.rows) for portion in portions]
        return tuple(
            Portion(portion.origin, chosen[(chosen >= start) & (chosen < end)] - start, portion.generation)
            for portion, start, end in zip(portions, starts, ends, strict=True)
        )

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return "Every generation learns some of the original rows again, fewer each time."


@dataclass(frozen=True)
class FixedMix(Regime):
    """Train each generation on a fixed share of the original rows, always the same: experience replay.

    Parameters
    ----------
    alpha : float
        Share of the training rows that are original ones.

    References
    ----------
    Alemohammad et al. (2023), Self-consuming generative models go MAD, arXiv 2307.01850.
    """

    alpha: float
    name: ClassVar[str] = "fixed_mix"

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        require_share(self.alpha, "fixed_mix: alpha")

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        # T_{g+1} = αn rows of D0, the same every time, and (1 − α)n rows of S_g
        real = min(share_of(self.alpha, past.rows), len(past.original))
        kept = np.sort(past.fixed.permutation(len(past.original))[:real])
        return Portion(Origin.ORIGINAL, kept), last(past, past.rows - real)

    @override
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        return RealRows(min(share_of(self.alpha, rows), original), 0)

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return f"Every generation learns the same {self.alpha:.0%} of n original rows again."


@dataclass(frozen=True)
class FreshMix(Regime):
    """Train each generation on a share of real rows that no generation has seen: a steady inflow.

    Parameters
    ----------
    alpha : float
        Share of the training rows that are new real ones.

    References
    ----------
    Alemohammad et al. (2023), Self-consuming generative models go MAD, arXiv 2307.01850.
    """

    alpha: float
    name: ClassVar[str] = "fresh_mix"

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        require_share(self.alpha, "fresh_mix: alpha")

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        # T_{g+1} = αn new real rows and (1 − α)n rows of S_g
        fresh = share_of(self.alpha, past.rows)
        return Portion(Origin.FRESH, np.arange(fresh, dtype=np.intp)), last(past, past.rows - fresh)

    @override
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        return RealRows(0, share_of(self.alpha, rows))

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return (
            f"Each generation after the first learns new real rows, {self.alpha:.0%} of n, that no other "
            "generation of its chain touches."
        )


@dataclass(frozen=True)
class AllReal(Regime):
    """Train each generation on all original rows and λ·n rows of the synthetic table before it.

    Parameters
    ----------
    lam : float
        Synthetic rows for each row of n.

    References
    ----------
    Bertrand et al. (2023), On the stability of iterative retraining of generative models, arXiv 2310.00429.
    """

    lam: float
    name: ClassVar[str] = "all_real"

    def __post_init__(self) -> None:
        """Refuse what is no positive number."""
        require_share(self.lam, "all_real: lam", most=np.inf)

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        # T_{g+1} = D0 and λn rows of S_g
        return everything(past.original), last(past, share_of(self.lam, past.rows))

    @override
    def needed_rows(self, rows: int, growth: int) -> int:
        return max(rows, share_of(self.lam, rows))

    @override
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        return RealRows(original, 0)

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return "Every generation learns all original rows again."


@dataclass(frozen=True)
class Golden(Regime):
    r"""Train each generation on n fresh real rows and k·n synthetic ones, with the weights that lose least.

    Synthesizers that take no row weights are given rows repeated by weight.

    Parameters
    ----------
    k : float
        Synthetic rows for each fresh one.
    weight : float, optional
        Total weight of the fresh rows; by default the best one, which for k = 1 is the inverse of the golden
        ratio: :math:`(\sqrt{1 + 4k} - 1) / 2k`.

    References
    ----------
    He, Xu, Cheng (2025), Golden ratio weighting prevents model collapse, arXiv 2502.18049.
    """

    k: float
    weight: float | None = None
    name: ClassVar[str] = "golden"

    def __post_init__(self) -> None:
        """Refuse what is no positive number, or no share."""
        require_share(self.k, "golden: k", most=np.inf)
        if self.weight is not None:
            require_share(self.weight, "golden: weight")

    @property
    def fresh_weight(self) -> float:
        """Total weight of the fresh rows."""
        if self.weight is not None:
            return self.weight
        return float((np.sqrt(1 + 4 * self.k) - 1) / (2 * self.k))

    @override
    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        # T_{g+1} = n new real rows and kn rows of S_g, weighted
        synthetic = share_of(self.k, past.rows)
        total = past.rows + synthetic
        fresh = Portion(
            Origin.FRESH,
            np.arange(past.rows, dtype=np.intp),
            weight=self.fresh_weight * total / past.rows,
        )
        given = last(past, synthetic)
        return fresh, Portion(
            given.origin, given.rows, given.generation, (1 - self.fresh_weight) * total / max(synthetic, 1)
        )

    @override
    def needed_rows(self, rows: int, growth: int) -> int:
        return max(rows, share_of(self.k, rows))

    @override
    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        return RealRows(0, rows)

    @property
    def statement(self) -> str:
        """Which real rows each generation touches, in words."""
        return "Each generation learns n real rows that no other generation of its chain touches."
