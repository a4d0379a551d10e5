"""`st.recurse` as its users call it: what it is given, regimes by name, sizes and inflow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pytest
from people_study import COLUMNS, csv_of, real_rows, record, study, tables_of

import synthtab as st
from synthtab.errors import DataError, SpecError
from synthtab.execution import MemoryStore
from synthtab.recursion.chain import Chain, ChainPlan
from synthtab.recursion.naming import REGIMES, regime_of
from synthtab.recursion.real import prepare_real_tables
from synthtab.recursion.records import ChainStore
from synthtab.schema import CastTable, NumberColumn

# -------------------------------------------------------------------- what it is given


def test_a_split_and_a_table_with_a_holdout_are_the_same() -> None:
    """Training rows and holdout may come apart, in any sort of table; the pool then is what D0 leaves."""
    parts, schema = real_rows(pool=0.0)
    whole = study(parts, schema)
    import pyarrow as pa

    apart = study(
        pa.Table.from_pandas(parts.train, preserve_index=False),
        schema,
        holdout=parts.holdout.reset_index(drop=True),
    )
    assert csv_of(apart) == csv_of(whole)
    assert (whole.settings.original_rows, whole.settings.holdout_rows) == (100, len(parts.holdout))
    assert whole.settings.pool_rows == len(parts.train) - 100
    assert whole.settings.table == "people"


def test_a_schema_is_inferred_where_none_is_given() -> None:
    """Without a schema the columns are those of the training rows."""
    parts, _ = real_rows()
    assert study(parts).settings.columns == len(COLUMNS)


def test_names_specs_and_regimes_may_be_mixed() -> None:
    """Synthesizers by name or spec, regimes by name or object; an arm for each pair, a line for each arm."""
    found = study(
        synthesizers=["resampler", st.spec("independent", quantiles=50)],
        regimes=["replace", st.FreshMix(0.1), "fixed_mix(0.5)"],
        generations=2,
    )
    shown = ("resampler", "independent(quantiles=50)")
    regimes = ("replace", "fresh_mix(0.1)", "fixed_mix(0.5)")
    assert [(arm.synthesizer, arm.regime) for arm in found.arms] == [(s, r) for r in regimes for s in shown]
    lines = found.verdict.split("\n")
    assert len(lines) == 6
    for arm, line in zip(found.arms, lines, strict=True):
        assert line == f"{arm.synthesizer}, {arm.regime}: {arm.sentence}"
        assert "rare" in arm.sentence
    assert str(found) == found.verdict
    assert found.arm("resampler", "fresh_mix(0.1)").statement.startswith("Each generation after the first")
    with pytest.raises(KeyError):
        found.arm("resampler", "golden(1)")


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "no synthesizer": ({"synthesizers": []}, "Name at least one synthesizer"),
    "one synthesizer as text": ({"synthesizers": "independent"}, r"must be a list\. Write synthesizers="),
    "a synthesizer twice": ({"synthesizers": ["independent"] * 2}, "independent is named twice"),
    "a mistyped synthesizer": ({"synthesizers": ["indep"]}, "Did you mean 'independent'"),
    "a number for a synthesizer": ({"synthesizers": [5]}, "A int names no synthesizer"),
    "a mistyped parameter": ({"synthesizers": [st.spec("independent", quantile=9)]}, "'quantiles'"),
    "a mistyped synthesizer that evolves": (
        {"regimes": [st.Evolve(["independent", "resampling"])]},
        "There is no synthesizer 'resampling'",
    ),
    "no regime": ({"regimes": []}, "Name at least one regime"),
    "one regime as text": ({"regimes": "replace"}, r"must be a list\. Write regimes="),
    "a regime twice": (
        {"regimes": ["fresh_mix(0.10)", st.FreshMix(0.1)]},
        r"fresh_mix\(0.1\) is named twice",
    ),
    "no seed": ({"seeds": []}, "Name at least one seed"),
    "a seed twice": ({"seeds": [1, 0, 1]}, "seed 1 is named twice"),
    "a negative seed": ({"seeds": [-1]}, "Seeds must be whole numbers, 0 or more"),
    "half a seed": ({"seeds": [0.5]}, "Seeds must be whole numbers, 0 or more"),
    "a number of seeds": ({"seeds": 5}, r"seeds must be a list\. Write seeds=range"),
    "no generation": ({"generations": 0}, "generations must be a whole number, 1 or more"),
    "generations in words": ({"generations": "2"}, "generations must be a whole number, 1 or more"),
    "negative rows": ({"rows": -5}, "rows must be a whole number, 2 or more"),
    "half a row": ({"rows": 60.5}, "rows must be a whole number, 2 or more"),
    "no growth": ({"growth": 0}, "growth must be a whole number, 1 or more"),
    "nothing measured": ({"measured": 0}, "measured must be a whole number, 1 or more"),
    "few null chains": ({"null_chains": 10}, "null_chains must be a whole number, 40 or more"),
    "more seeds than null chains": ({"seeds": range(60)}, "more null chains than seeds"),
    "a negative seed of the study": ({"seed": -1}, "seed must be a whole number, 0 or more"),
    "watts in words": ({"watts": "15"}, "watts must be a number, 0 or more"),
    "a guard that is a number": ({"guard": 20}, r"Write guard=st.Guard\(k=20\)"),
    "no worker": ({"workers": 0}, "workers must be a whole number, 1 or more"),
    "an audit beyond the end": ({"audit_at": [4]}, "whole numbers from 1 to 3"),
    "an audit of real rows": ({"audit_at": [0]}, "whole numbers from 1 to 3"),
    "an audit as a number": ({"audit_at": 3}, "audit_at must be a list"),
    "a target without audits": ({"target": "age"}, "Say at which generations"),
    "a target that is no column": ({"target": "ages", "audit_at": [1]}, "no column 'ages'"),
    "a section that is none": ({"sections": ["private"], "audit_at": [1]}, "There is no such section. Known"),
    "tables kept nowhere": ({"keep_tables": True}, "keep_tables needs a run_dir"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_odd_arguments_are_refused_before_any_work(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each argument that is none of its kind is refused by name, before a row is cast."""
    arguments, message = REFUSED[case]
    if case != "no worker":
        monkeypatch.setattr("synthtab.recursion.study.prepare_real_tables", None)
    with pytest.raises(SpecError, match=message):
        study(**arguments)


def test_real_rows_that_do_not_suffice_are_refused() -> None:
    """No holdout, two of them, no verifier, absent columns, nothing to learn, too few people: a DataError."""
    parts, schema = real_rows()
    with pytest.raises(DataError, match="needs a holdout"):
        study(parts.train, schema)
    with pytest.raises(DataError, match="needs a holdout"):
        study(parts.train, schema, holdout=parts.holdout.iloc[:0])
    with pytest.raises(SpecError, match="own holdout"):
        study(parts, schema, holdout=parts.holdout)
    for score in ("density_ratio", lambda *_: np.zeros(1)):
        with pytest.raises(DataError, match=r"needs real rows that were kept back.*verifier=0\.1"):
            study(parts, schema, regimes=[st.TailReweight(over=st.Curate(score))])
    with pytest.raises(DataError, match="holdout table has no column 'education'"):
        study(parts.train, schema, holdout=parts.holdout[["age"]])
    with pytest.raises(DataError, match="pool table has no column"):
        study(replace(parts, pool=parts.pool[["age"]]), schema)
    with pytest.raises(DataError, match="No column can be learned"):
        study(parts, st.TableSchema((st.ColumnSpec("age", "identifier"),)))
    with pytest.raises(DataError, match="fewer than k = 10 people"):
        study(parts, schema, rows=9)


# -------------------------------------------------------------------- regimes by name

WRITTEN = {
    "replace": st.Replace(),
    "accumulate": st.Accumulate(),
    "accumulate_subsample": st.AccumulateSubsample(),
    "fixed_mix(0.2)": st.FixedMix(0.2),
    "fresh_mix( 0.10 )": st.FreshMix(0.1),
    "all_real(1)": st.AllReal(1.0),
    "golden(1, 0.5)": st.Golden(1.0, 0.5),
    "curate(validity, 0.25)": st.Curate("validity", 0.25),
    "curate('rarity')": st.Curate("rarity"),
    "tail_reweight(2)": st.TailReweight(2.0),
    "tail_reweight": st.TailReweight(),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_regimes_are_named_as_they_are_shown(text: str) -> None:
    """What is written makes the regime, and what the regime shows of itself names it again."""
    regime = regime_of(text)
    assert regime == WRITTEN[text]
    assert regime_of(WRITTEN[text]) is WRITTEN[text]
    assert str(regime).split("(")[0] in REGIMES
    if "curate" not in text:
        assert regime_of(str(regime)) == regime


MISWRITTEN = {
    "replac": "There is no regime 'replac'. Did you mean 'replace'?",
    "collapse it": "'collapse it' is no regime. Write a name, or a name and numbers",
    "zzz": "There is no regime 'zzz'. Regimes: accumulate, accumulate_subsample, all_real",
    "fresh_mix": "The regime 'fresh_mix' takes alpha. Write fresh_mix(0.1).",
    "fresh_mix(0.1, 0.2)": "The regime 'fresh_mix' takes alpha.",
    "replace(0.1)": "The regime 'replace' takes no parameter. Write replace.",
    "fresh_mix(a)": "fresh_mix: alpha must be a number above 0, up to 1.",
    "fresh_mix(nan)": "fresh_mix: alpha must be a number above 0",
    "fresh_mix(1.5)": "fresh_mix: alpha must be a number above 0, up to 1.",
    "golden(-1)": "golden: k must be a number above 0, of any size.",
    "curate(beauty)": "There is no row score 'beauty'. Choose density_ratio, rarity, validity",
    "curate(validity, 0)": "curate: keep must be a number above 0, up to 1.",
}


@pytest.mark.parametrize("text", MISWRITTEN)
def test_what_is_no_regime_is_refused(text: str) -> None:
    """A mistyped name is told the nearest one; parameters are told by number and size."""
    with pytest.raises(SpecError) as caught:
        regime_of(text)
    assert MISWRITTEN[text] in str(caught.value)


# -------------------------------------------------------------------- sizes and inflow


def test_rows_shrink_so_that_the_inflow_fits() -> None:
    """By default n is the most that D0 and all inflow allow, for all regimes alike, and it is said."""
    parts, schema = real_rows(pool=0.0)
    have = len(parts.train)
    found = study(parts, schema, regimes=["replace", "fresh_mix(0.5)"], generations=4, rows=None)
    n = found.settings.rows
    # n + 3 · ⌊n/2 + ½⌋ rows are needed
    assert n + 3 * ((n + 1) // 2) <= have < (n + 1) + 3 * ((n + 2) // 2)
    assert found.settings.original_rows == n
    inflow = 3 * ((n + 1) // 2)
    assert found.notes[0] == (
        f"Each generation has {n:,} rows, not {have:,}: {inflow:,} real rows are kept for the inflow."
    )
    unhurried = study(parts, schema, rows=None, generations=2)
    assert unhurried.settings.rows == have
    assert [note for note in unhurried.notes if "inflow" in note] == []


def test_a_pool_is_the_inflow() -> None:
    """With a pool that suffices, D0 keeps all training rows; with one that does not, n is a little less."""
    parts, schema = real_rows(pool=0.4)
    assert study(parts, schema, regimes=["fresh_mix(0.1)"], rows=None).settings.rows == len(parts.train)
    golden = study(parts, schema, regimes=["golden(1)"], rows=None)
    assert golden.settings.rows == (len(parts.train) + len(parts.pool)) // 3


def test_rows_that_do_not_fit_are_refused_with_what_they_need() -> None:
    """The message names the rows needed, the regime that needs most, and the rows that are there."""
    parts, schema = real_rows(pool=0.0)
    have = len(parts.train)
    with pytest.raises(DataError) as caught:
        study(parts, schema, regimes=["replace", "fresh_mix(0.1)", "golden(1)"], rows=200, generations=5)
    assert str(caught.value).startswith(
        "rows=200 and 5 generations need 1,000 real rows: 200 training rows to start from and 800 fresh ones "
        f"for golden(1); there are {have} training and 0 pool rows."
    )
    with pytest.raises(DataError, match=r"rows=1,000 .* need 1,000 real rows"):
        study(parts, schema, rows=1000)
    with pytest.raises(DataError, match=r"5000 generations|5,000 generations"):
        study(parts, schema, regimes=["golden(1)"], rows=None, generations=5000)


@dataclass(frozen=True)
class Numbered:
    """Rows that can be told apart."""

    split: st.Split
    schema: st.TableSchema

    @classmethod
    def make(cls) -> Self:
        """Give 400 rows their numbers."""
        schema = st.TableSchema((st.ColumnSpec("x", "integer", missing=False, lower=0, upper=999),))
        frame = pd.DataFrame({"x": np.arange(400)})
        return cls(st.split(frame, schema, holdout=0.25, pool=0.25, seed=1), schema)


def numbers_of(table: CastTable) -> set[float]:
    column = table["x"]
    assert isinstance(column, NumberColumn)
    return set(column.values.tolist())


def test_no_fresh_row_is_seen_twice() -> None:
    """Each generation's fresh rows are real, of its own, as many as told, and none of D0 or the holdout."""
    numbered = Numbered.make()
    regime = st.FreshMix(0.3)
    real = prepare_real_tables(
        numbered.split, numbered.schema, [regime], generations=5, rows=100, guard=False, seed=0
    )
    original, holdout = numbers_of(real.original), numbers_of(real.holdout)
    assert holdout == set(numbered.split.holdout["x"])
    assert len(original) == 100
    assert original <= set(numbered.split.train["x"])
    orders = []
    for seed in (0, 1):
        chain = Chain(
            real,
            ChainPlan(st.spec("resampler"), regime, seed, 100, 100, 100),
            ChainStore(MemoryStore(), "chain"),
        )
        seen: set[float] = set()
        for generation in range(1, 6):
            made = chain.advance(generation)
            fresh = numbers_of(made.training) - original - seen
            assert len(fresh) == made.real.fresh == (0 if generation == 1 else 30)
            assert fresh.isdisjoint(holdout)
            seen |= fresh
        assert len(seen) == 120
        orders.append(seen)
    assert orders[0] != orders[1]


def test_nobody_is_parted() -> None:
    """Where rows belong to people, D0 holds whole people: the cut moves back."""
    parts, schema = real_rows(pool=0.0)
    doubled = pd.concat([parts.train.assign(who=range(len(parts.train)))] * 2)
    known = replace(schema, columns=(*schema.columns, st.ColumnSpec("who", "identifier")), unit="who")
    found = study(doubled, known, holdout=parts.holdout.assign(who=0), rows=101)
    assert (found.settings.rows, found.settings.original_rows) == (100, 100)
    assert found.settings.columns == len(COLUMNS)


@pytest.mark.parametrize(("seed", "scaled"), [(8, True), (10, False)])
def test_without_a_scale_there_is_no_decay(seed: int, scaled: bool) -> None:
    """Where chance is no worse than fresh real rows, the curve stays, decay does not."""
    rng = np.random.default_rng(seed)
    coins = pd.DataFrame({name: rng.choice(["a", "b"], 400) for name in ("left", "right", "top")})
    schema = st.TableSchema(tuple(st.ColumnSpec(name, "categorical") for name in coins.columns))
    (arm,) = study(coins.iloc[:200], schema, holdout=coins.iloc[200:], rows=40).arms
    curve = next(curve for curve in arm.curves if curve.metric == "interaction_tvd")
    assert ((curve.floor or 0) < (curve.chance or 0)) == scaled
    assert ("interaction_tvd" in {decay.metric for decay in arm.decays}) == scaled


def test_rows_growth_and_measured_are_apart(tmp_path: Path) -> None:
    """What is measured changes no training table; growth is what an accumulated table grows by, alone."""
    regimes = ["replace", "accumulate"]
    base = study(regimes=regimes, run_dir=tmp_path / "base")
    more = study(regimes=regimes, run_dir=tmp_path / "more", measured=400)
    less = study(regimes=regimes, run_dir=tmp_path / "less", measured=40)
    slow = study(regimes=regimes, run_dir=tmp_path / "slow", growth=25)
    fast = study(regimes=["accumulate"], run_dir=tmp_path / "fast", growth=250)
    assert tables_of(tmp_path / "base") == tables_of(tmp_path / "more") == tables_of(tmp_path / "less")
    assert len(tables_of(tmp_path / "base")) == 5
    for run, growth in (("base", 100), ("slow", 25), ("fast", 250)):
        sizes = [record(tmp_path / run, g, "*accumulate*").before[0].sum() for g in (1, 2, 3)]
        assert sizes == [100, 100 + growth, 100 + 2 * growth]
        assert record(tmp_path / run, 3, "*accumulate*").after[0].sum() == 100
    for run, measured in (("more", 400), ("less", 40)):
        kept = record(tmp_path / run, 3, "*replace*")
        assert [side[0].sum() for side in (kept.before, kept.after, kept.measured)] == [100, 100, measured]
    assert record(tmp_path / "base", 3, "*replace*").measured == ()
    replaced = base.frame()[base.frame()["regime"] == "replace"]
    pd.testing.assert_frame_equal(replaced, slow.frame()[slow.frame()["regime"] == "replace"])
    settings = [
        (s.settings.rows, s.settings.growth, s.settings.measured) for s in (base, more, less, slow, fast)
    ]
    assert settings == [(100, 100, 100), (100, 100, 400), (100, 100, 40), (100, 25, 100), (100, 250, 100)]
    # fresh real rows of the size that is measured are the floor: fewer rows, higher floor
    floors = [
        next(curve.floor for curve in s.arms[0].curves if curve.metric == "tvd") for s in (less, base, more)
    ]
    assert floors[0] is not None
    assert floors[1] is not None
    assert floors[0] > floors[1]
