"""Regimes: which rows each generation learns, and that what is said about real rows is what happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from regime_chains import (
    GAUSSIAN,
    GENERATIONS,
    N,
    Ran,
    broken,
    largest,
    real_tables,
)

import synthtab as st
from synthtab.errors import DataError, SpecError
from synthtab.execution import MemoryStore
from synthtab.recursion.chain import Chain, ChainPlan, TableRows
from synthtab.recursion.curation import Curate, Evolve, TailReweight
from synthtab.recursion.naming import regime_of
from synthtab.recursion.real import inflow
from synthtab.recursion.records import ChainStore
from synthtab.recursion.regime import Origin, Past, Portion, RealRows, Regime
from synthtab.recursion.regimes import (
    Accumulate,
    AccumulateSubsample,
    AllReal,
    FixedMix,
    FreshMix,
    Golden,
    Replace,
)

# ------------------------------------------------------------------ which rows

COMPOSITIONS: Mapping[str, tuple[Regime, int, int, int]] = {
    "replace": (Replace(), 0, 0, 20),
    "fixed_mix": (FixedMix(0.25), 5, 0, 15),
    "fixed_mix, a half up": (FixedMix(0.125), 3, 0, 17),
    "fixed_mix, all": (FixedMix(1.0), 20, 0, 0),
    "fresh_mix": (FreshMix(0.25), 0, 5, 15),
    "fresh_mix, all": (FreshMix(1), 0, 20, 0),
    "all_real": (AllReal(0.5), 20, 0, 10),
    "all_real, twice": (AllReal(2.0), 20, 0, 40),
    "golden": (Golden(1.0), 0, 20, 20),
    "golden, half": (Golden(0.5, 0.9), 0, 20, 10),
    "tail_reweight over all_real": (TailReweight(1.0, over=AllReal(1.0)), 20, 0, 20),
    "curate over fresh_mix": (Curate("validity", 0.5, over=FreshMix(0.25)), 0, 5, 15),
    "evolve over fixed_mix": (Evolve([GAUSSIAN, "independent"], over=FixedMix(0.25)), 5, 0, 15),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_rows_of_each_generation(name: str) -> None:
    """T_1 is D0; later tables hold so many original and fresh rows, and so many of S_{g−1} alone."""
    regime, original, fresh, synthetic = COMPOSITIONS[name]
    ran = Ran(regime)
    assert ran.origins(1) == (N, 0, {})
    assert ran.history[0].real == RealRows(N, 0) == regime.touched(1, N, N)
    for g in range(2, GENERATIONS + 1):
        made = {g - 1: synthetic} if synthetic else {}
        assert ran.origins(g)[:2] == (original, fresh)
        if "tail_reweight" not in name:
            assert ran.origins(g)[2] == made
        assert ran.history[g - 1].real == RealRows(original, fresh) == regime.touched(g, N, N)
    assert inflow(regime, N, GENERATIONS) == fresh * (GENERATIONS - 1)


def test_accumulated_rows() -> None:
    """T_g is D0 and every synthetic table before, whole; nothing else is kept track of."""
    ran = Ran(Accumulate())
    for g in range(1, GENERATIONS + 1):
        assert ran.origins(g) == (N, 0, dict.fromkeys(range(1, g), N))
        assert ran.history[g - 1].real == RealRows(N, 0) == Accumulate().touched(g, N, N)


def test_subsampled_rows() -> None:
    """T_g has n rows of D0, S_1 … S_{g−1}, each at most once, about equally many of each table.

    Of 60 tables T_5 a fifth of the rows are original; hypergeometric, within four standard errors.
    """
    ran = Ran(AccumulateSubsample())
    for g in range(2, GENERATIONS + 1):
        original, fresh, made = ran.origins(g)
        assert (original + sum(made.values()), fresh) == (N, 0)
        assert len(np.unique(ran.learned(g))) == N
        assert ran.history[g - 1].real == RealRows(original, 0)
        assert original <= AccumulateSubsample().touched(g, N, N).original
    past = Past(4, N, N, TableRows(ran.real.original), [TableRows(ran.memory.get(j)) for j in range(1, 5)],
                np.random.default_rng(0))  # fmt: skip
    shares = [
        len(AccumulateSubsample().compose(past, np.random.default_rng(seed))[0].rows) for seed in range(60)
    ]
    assert np.mean(shares) == pytest.approx(N / 5, abs=4 * np.sqrt(N * 0.2 * 0.8 * 0.8 / 60))


def test_growth_may_be_smaller_or_larger_than_n() -> None:
    """An accumulated table grows by `growth` rows a generation."""
    for growth in (5, 30):
        chain = Chain(
            real_tables(),
            ChainPlan(GAUSSIAN, Accumulate(), 0, N, growth, N),
            ChainStore(MemoryStore(), "chain"),
        )
        sizes = [chain.advance(g).training.n_rows for g in (1, 2, 3)]
        assert sizes == [N, N + growth, N + 2 * growth]


@pytest.mark.parametrize("regime", [FreshMix(0.25), Golden(1.0), FreshMix(1.0)], ids=str)
def test_fresh_rows_are_never_fresh_twice(regime: Regime) -> None:
    """No row of the pool is dealt to two generations of a chain, nor twice to one; other chains deal anew."""
    ran = Ran(regime)
    dealt = np.concatenate([ran.fresh_rows(g) for g in range(2, GENERATIONS + 1)])
    assert len(dealt) == inflow(regime, N, GENERATIONS) == len(np.unique(dealt))
    other = Ran(regime, seed=4)
    assert not np.array_equal(np.sort(ran.fresh_rows(2)), np.sort(other.fresh_rows(2)))


def test_a_pool_of_exactly_the_inflow_suffices_and_one_row_less_does_not() -> None:
    """The last fresh row is used; a smaller pool is an error, not a second use."""
    needed = inflow(FreshMix(0.25), N, GENERATIONS)
    ran = Ran(FreshMix(0.25), real_tables(pool=needed))
    dealt = np.concatenate([ran.fresh_rows(g) for g in range(2, GENERATIONS + 1)])
    assert set(dealt) == set(ran.real.pool.number("x").values)
    with pytest.raises(DataError, match="fresh"):
        Ran(FreshMix(0.25), real_tables(pool=needed - 1))


def test_fixed_rows_stay_the_same() -> None:
    """fixed_mix learns the same original rows in every generation of a chain, and others in another chain."""
    ran = Ran(FixedMix(0.25))
    original = ran.real.original.number("x").values

    def kept(of: Ran, g: int) -> set[float]:
        return set(of.learned(g)) & set(original)

    assert len(kept(ran, 2)) == 5
    assert all(kept(ran, g) == kept(ran, 2) for g in range(3, GENERATIONS + 1))
    assert len({frozenset(kept(Ran(FixedMix(0.25), seed=s, generations=2), 2)) for s in range(5)}) > 1


def test_chains_of_one_seed_draw_alike_under_every_regime() -> None:
    """S_1 depends on the seed alone, so that regimes can be compared; another seed gives another S_1."""
    regimes = (Replace(), Accumulate(), FixedMix(0.25), FreshMix(0.25), AllReal(1.0))
    first = [Ran(regime, generations=1).made(1).tobytes() for regime in regimes]
    assert len(set(first)) == 1
    assert Ran(Replace(), seed=4, generations=1).made(1).tobytes() != first[0]


def test_golden_weights() -> None:
    """The fresh rows have the total weight w of all, the synthetic ones the rest; equal within each."""
    for regime, share in ((Golden(1.0), (np.sqrt(5) - 1) / 2), (Golden(2.0, 0.3), 0.3)):
        weights = Ran(regime, generations=2).history[1].weights
        assert weights is not None
        assert weights[:N].sum() / weights.sum() == pytest.approx(share)
        assert len(np.unique(weights[:N])) == len(np.unique(weights[N:])) == 1
        assert weights.sum() == pytest.approx(len(weights))


def test_without_weights_rows_are_repeated() -> None:
    """A synthesizer without weights is given each row as often as its weight says, rounded up or down."""
    ran = Ran(Golden(1.0, 0.75), synthesizer=st.spec("independent"), generations=2)
    assert ran.history[1].weights is None
    rows = ran.learned(2)
    assert len(rows) == 2 * N
    times = {value: int((rows == value).sum()) for value in ran.real.pool.number("x").values}
    # weight 1.5 each: once or twice; the synthetic rows with .5 each make up the rest
    dealt = [count for count in times.values() if count]
    assert (len(dealt), set(dealt)) == (N, {1, 2})


# ------------------------------------------------------------------ one's own


@dataclass(frozen=True)
class TwoBack(Regime):
    """Half of the rows from the last synthetic table, half from the one before it."""

    name: ClassVar[str] = "two_back"
    needs_all: ClassVar[bool] = True

    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:
        """Take halves."""
        del rng
        half = np.arange(past.rows // 2)
        before = max(past.generation - 1, 1)
        return (
            Portion(Origin.SYNTHETIC, half, past.generation),
            Portion(Origin.SYNTHETIC, half + past.rows // 2, before),
        )

    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        """Touch none."""
        del generation, rows, original
        return RealRows(0, 0)

    @property
    def statement(self) -> str:
        """Say so."""
        return "Only the first generation learns real rows."


@dataclass(frozen=True)
class Forgetful(TwoBack):
    """The same, without saying that it looks back."""

    name: ClassVar[str] = "forgetful"
    needs_all: ClassVar[bool] = False


@dataclass(frozen=True)
class Greedy(FreshMix):
    """Takes more fresh rows than it says."""

    name: ClassVar[str] = "greedy"

    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:
        """Own up to one row less."""
        said = super().real_rows(generation, rows, original)
        return RealRows(said.original, said.fresh - 1)


def test_a_regime_of_ones_own() -> None:
    """A subclass is run as it is, alone and below a layer, and shows its name."""
    ran = Ran(TwoBack())
    assert ran.origins(2) == (0, 0, {1: 20})
    assert ran.origins(4) == (0, 0, {3: 10, 2: 10})
    assert str(TwoBack()) == "two_back"
    layered = Ran(Curate(largest, 0.5, over=TwoBack()), real_tables(verifier=5))
    assert layered.origins(4) == (0, 0, {3: 10, 2: 10})
    assert str(Curate("rarity", over=TwoBack())) == "curate(rarity, keep 0.5, over two_back)"


def test_a_regime_that_looks_back_must_say_so() -> None:
    """Tables that a checkpointed chain has thrown away are not asked for by surprise."""
    with pytest.raises(SpecError, match="needs_all"):
        Ran(Forgetful())


def test_a_regime_that_takes_more_fresh_rows_than_it_says_is_refused() -> None:
    """Else a fresh row would be dealt twice."""
    with pytest.raises(DataError, match="more fresh real rows than its `real_rows` says"):
        Ran(Greedy(0.25))


# ------------------------------------------------------------------ parameters, names, words


@pytest.mark.parametrize(
    "make",
    [
        lambda: FixedMix(0),
        lambda: FixedMix(1.5),
        lambda: FixedMix(alpha=True),
        lambda: FixedMix("a tenth"),  # type: ignore[arg-type]
        lambda: FreshMix(-0.1),
        lambda: FreshMix(float("nan")),
        lambda: AllReal(0),
        lambda: AllReal(float("inf")),
        lambda: Golden(0),
        lambda: Golden(1.0, 0),
        lambda: Golden(1.0, 1.2),
        lambda: Curate("beauty"),
        lambda: Curate("validity", 0),
        lambda: Curate("validity", 1.1),
        lambda: TailReweight(0),
        lambda: Evolve([]),
        lambda: Evolve("tvae"),
        lambda: regime_of("replce"),
        lambda: regime_of("fresh_mix"),
        lambda: regime_of("replace(1)"),
        lambda: regime_of("fresh_mix(a tenth)"),
        lambda: regime_of("fresh mix 0.1"),
    ],
)
def test_bad_parameters_are_refused(make: object) -> None:
    """A parameter that cannot be used is a SpecError when the regime is made, not when a chain runs."""
    with pytest.raises(SpecError):
        make()  # type: ignore[operator]


def test_scores_that_cannot_be_used() -> None:
    """A score that needs real rows, without any; a score that scores nothing."""
    with pytest.raises(DataError, match="kept back"):
        Ran(Curate("density_ratio"))
    with pytest.raises(DataError, match="one number a row"):
        Ran(Curate(broken), real_tables(verifier=5))


@pytest.mark.parametrize(
    ("regime", "shown"),
    [
        (Replace(), "replace"),
        (Accumulate(), "accumulate"),
        (AccumulateSubsample(), "accumulate_subsample"),
        (FixedMix(0.25), "fixed_mix(0.25)"),
        (FreshMix(0.1), "fresh_mix(0.1)"),
        (AllReal(1.0), "all_real(1)"),
        (Golden(2.0), "golden(2)"),
        (Golden(1.0, 0.3), "golden(1, 0.3)"),
        (TailReweight(), "tail_reweight(1)"),
    ],
)
def test_names(regime: Regime, shown: str) -> None:
    """A regime shows as the call that makes it, and can be made from that."""
    assert str(regime) == shown
    assert regime_of(shown) == regime


def test_names_of_layers() -> None:
    """Layers show what is below them, except replace."""
    assert str(Curate("validity", 0.25)) == "curate(validity, keep 0.25)"
    assert str(Curate(largest)) == "curate(largest, keep 0.5)"
    assert str(TailReweight(0.5, over=FreshMix(0.1))) == "tail_reweight(0.5, over fresh_mix(0.1))"
    assert str(Evolve(["tvae", GAUSSIAN], over=Accumulate())) == "evolve(tvae → gaussian, over accumulate)"
    assert regime_of("curate(validity, 0.5)") == Curate("validity", 0.5)
    assert regime_of(Replace()) == Replace()


def test_who_has_a_null() -> None:
    """Scores that judge against real rows have none; all else has one."""
    assert all(regime.has_null for regime in (Replace(), FreshMix(0.1), Curate("rarity"), TailReweight()))
    assert not Curate("density_ratio").has_null
    assert not Curate(largest).has_null
    assert not TailReweight(over=Curate("density_ratio")).has_null


def test_statements() -> None:
    """Each regime says in words which real rows it touches; a layer that looks at more says so too."""
    assert "no real row" in Replace().statement
    assert "25%" in FixedMix(0.25).statement
    assert "no other" in FreshMix(0.1).statement
    assert TailReweight(over=Accumulate()).statement == Accumulate().statement
    assert "verifier" in Curate("density_ratio").statement
    assert "verifier" not in Curate("validity").statement
