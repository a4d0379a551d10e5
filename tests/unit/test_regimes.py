"""Regimes: which rows each generation learns, and that what is said about real rows is what happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest

import synthtab as st
from synthtab.errors import DataError, SpecError
from synthtab.recursion.chain import Chain, ChainPlan, Generation, TableMemory, TableRows
from synthtab.recursion.curation import Curate, Evolve, TailReweight
from synthtab.recursion.naming import regime_of
from synthtab.recursion.real import RealTables, inflow
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
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn, TableSchema
from synthtab.seeding import one_native_thread
from synthtab.synthesizers.guard import FittedGuard

Floats = npt.NDArray[np.float64]

N = 20
GENERATIONS = 5
SCHEMA = TableSchema((ColumnSpec("x", "numeric", lower=-1.0),))
GAUSSIAN = st.spec("gaussian")


def numbers(values: Floats) -> CastTable:
    """One column of numbers."""
    return CastTable({"x": NumberColumn(np.asarray(values, dtype=np.float64))}, len(values))


def real_tables(pool: int = 400, verifier: int = 0, schema: TableSchema = SCHEMA) -> RealTables:
    """Give normal rows; no two of them are equal."""
    rng = np.random.default_rng(5)
    parts = [numbers(rng.standard_normal(size)) for size in (N, pool, verifier)]
    guard = FittedGuard(0, {}, {}, (), schema)
    return RealTables(schema, parts[0], parts[1], parts[2] if verifier else None, parts[0], guard, parts[0])


class Ran:
    """A chain that was run, and where the rows of each training table came from."""

    def __init__(
        self,
        regime: Regime,
        real: RealTables | None = None,
        synthesizer: st.SynthesizerSpec = GAUSSIAN,
        seed: int = 3,
        generations: int = GENERATIONS,
    ) -> None:
        self.real = real or real_tables()
        self.memory = TableMemory()
        chain = Chain(self.real, ChainPlan(synthesizer, regime, seed, N, N, N), self.memory)
        self.history: Sequence[Generation] = [chain.advance(g) for g in range(1, generations + 1)]

    def made(self, generation: int) -> Floats:
        """Give what may be trained on of S_g."""
        return self.memory.get(generation).number("x").values

    def learned(self, generation: int) -> Floats:
        """Values of T_g."""
        return self.history[generation - 1].training.number("x").values

    def origins(self, generation: int) -> tuple[int, int, dict[int, int]]:
        """Count original, fresh and synthetic rows of T_g, by table: no two of these share a value."""
        rows = self.learned(generation)
        original, fresh = (
            int(np.isin(rows, table.number("x").values).sum())
            for table in (self.real.original, self.real.pool)
        )
        made = {j: int(np.isin(rows, self.made(j)).sum()) for j in range(1, generation)}
        assert original + fresh + sum(made.values()) == len(rows)
        return original, fresh, {j: count for j, count in made.items() if count}

    def fresh_rows(self, generation: int) -> Floats:
        """Fresh values of T_g."""
        rows = self.learned(generation)
        return rows[np.isin(rows, self.real.pool.number("x").values)]


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
        chain = Chain(real_tables(), ChainPlan(GAUSSIAN, Accumulate(), 0, N, growth, N), TableMemory())
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


# ------------------------------------------------------------------ curation


def largest(
    rows: CastTable, verifier: CastTable | None, schema: TableSchema, rng: np.random.Generator
) -> Floats:
    """Score rows by their value."""
    del verifier, schema, rng
    return rows.number("x").values


def alike(
    rows: CastTable, verifier: CastTable | None, schema: TableSchema, rng: np.random.Generator
) -> Floats:
    """Score all rows the same."""
    del verifier, schema, rng
    return np.zeros(rows.n_rows)


def broken(
    rows: CastTable, verifier: CastTable | None, schema: TableSchema, rng: np.random.Generator
) -> Floats:
    """Score no row."""
    del verifier, schema, rng
    return np.full(rows.n_rows, np.nan)


OVER = [Replace(), Accumulate(), AllReal(0.5), AllReal(2.0), Golden(2.0), FreshMix(0.25)]


@pytest.mark.parametrize("over", OVER, ids=str)
@pytest.mark.parametrize("keep", [0.5, 0.3, 1.0])
def test_curate_keeps_the_best(over: Regime, keep: float) -> None:
    """Of what was drawn, the best by the score may be trained on, as many as are needed, in their order."""
    ran = Ran(Curate(largest, keep, over=over), real_tables(verifier=5), generations=2)
    needed = over.needed_rows(N, N)
    for g in (1, 2):
        drawn = ran.history[g - 1].drawn.number("x").values
        assert len(drawn) == int(np.ceil(needed / keep))
        best = np.sort(drawn)[-needed:]
        np.testing.assert_array_equal(ran.made(g), drawn[np.isin(drawn, best)])


def test_curation_of_curated_rows() -> None:
    """The inner score chooses among what the outer one left; each keeps its share."""
    twice = Curate(largest, 0.5, over=Curate(largest, 0.5))
    assert twice.sampled_rows(N, N) == 4 * N
    ran = Ran(twice, real_tables(verifier=5), generations=1)
    drawn = ran.history[0].drawn.number("x").values
    np.testing.assert_array_equal(np.sort(ran.made(1)), np.sort(drawn)[-N:])


def test_ties_are_broken_at_random() -> None:
    """Rows of equal score are not kept by their position."""
    ran = Ran(Curate(alike, 0.5), real_tables(verifier=5), generations=2)
    for g in (1, 2):
        drawn = ran.history[g - 1].drawn.number("x").values
        kept = np.flatnonzero(np.isin(drawn, ran.made(g)))
        assert len(kept) == N
        assert not np.array_equal(kept, np.arange(N))


def test_validity_keeps_what_is_inside_the_bounds() -> None:
    """A sixth of normal rows are below the lower bound −1: none of them is kept."""
    ran = Ran(Curate("validity", 0.5), generations=3)
    assert (ran.history[0].drawn.number("x").values < -1).any()
    for g in (1, 2, 3):
        assert (ran.made(g) >= -1).all()


def test_rarity_keeps_rare_levels() -> None:
    """All three rows of a level of three among eighty are kept, when half is."""
    codes = np.repeat([0, 1, 2], [3, 37, 40])
    table = CastTable({"a": LabelColumn(codes, ("p", "q", "r"))}, len(codes))
    schema = TableSchema((ColumnSpec("a", "categorical"),))
    kept = Curate("rarity", 0.5).select(TableRows(table), 40, None, schema, np.random.default_rng(0))
    assert np.bincount(codes[kept], minlength=3).tolist() == [3, 37, 0]


def test_density_ratio_keeps_what_looks_real() -> None:
    """Of 150 rows like the verifier's and 150 four SD off, nine in ten that are kept are of the first."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.standard_normal(150), 4 + rng.standard_normal(150)])
    verifier = TableRows(numbers(rng.standard_normal(150)))
    with one_native_thread():
        kept = Curate("density_ratio", 0.5).select(TableRows(numbers(rows)), 150, verifier, SCHEMA, rng)
    assert len(set(kept)) == 150
    assert (kept < 150).mean() > 0.9


def test_tail_reweight_raises_rare_levels() -> None:
    """A single label column of 92, 6 and 2 % comes out uniform at power 1, and unchanged as power goes to 0.

    Binomial, within four standard errors of 3,000 rows; numbers alone are drawn again without preference.
    """
    codes = np.repeat([0, 1, 2], [460, 30, 10])
    table = TableRows(CastTable({"a": LabelColumn(codes, ("p", "q", "r"))}, len(codes)))
    schema = TableSchema((ColumnSpec("a", "categorical"),))

    def shares(power: float) -> Floats:
        chosen = TailReweight(power).select(table, 3_000, None, schema, np.random.default_rng(1))
        return np.bincount(codes[chosen], minlength=3) / 3_000

    def within(found: Floats, expected: Floats) -> bool:
        return bool((np.abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / 3_000)).all())

    real, roots = np.array([0.92, 0.06, 0.02]), np.sqrt([0.92, 0.06, 0.02])
    assert within(shares(1.0), np.full(3, 1 / 3))
    assert within(shares(0.5), roots / roots.sum())
    assert within(shares(1e-9), real)
    assert not within(shares(0.5), real)
    even = TailReweight(1.0).select(
        TableRows(numbers(np.arange(500.0))), 500, None, SCHEMA, np.random.default_rng(2)
    )
    assert np.mean(even) == pytest.approx(249.5, abs=4 * 144.3 / np.sqrt(500))


def test_evolve_takes_turns() -> None:
    """The synthesizers come in turn, from the first again after the last, whatever the study's own is."""
    regime = Evolve([st.spec("gaussian", ddof=0), "resampler", "independent"])
    ran = Ran(regime)
    names = [generation.synthesizer.name for generation in ran.history]
    assert names == ["gaussian", "resampler", "independent", "gaussian", "resampler"]
    assert ran.history[3].synthesizer.params == {"ddof": 0}
    # the second generation is a bootstrap of the first's rows, the first is none of D0's
    assert set(ran.made(2)) <= set(ran.made(1))
    assert not set(ran.made(1)) & set(ran.real.original.number("x").values)
    assert regime.decides_synthesizer
    assert not Replace().decides_synthesizer


def test_layers_over_layers() -> None:
    """Evolve over curate over accumulate: synthesizers in turn, the best rows kept, all accumulates."""
    regime = Evolve([GAUSSIAN, "independent"], over=Curate(largest, 0.5, over=Accumulate()))
    ran = Ran(regime, real_tables(verifier=5), generations=3)
    assert [generation.synthesizer.name for generation in ran.history] == [
        "gaussian",
        "independent",
        "gaussian",
    ]
    assert ran.origins(2) == (N, 0, {1: N})
    assert ran.learned(3).size == 3 * N
    np.testing.assert_array_equal(np.sort(ran.made(1)), np.sort(ran.history[0].drawn.number("x").values)[-N:])
    assert regime.needs_all
    assert not regime.has_null


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
