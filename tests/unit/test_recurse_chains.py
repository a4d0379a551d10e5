"""Chains of a study: curating, evolving and home-made regimes, audits, and chains that fail."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest
from people_study import csv_of, real_rows, record, study

import synthtab as st
from synthtab.execution import DirectoryStore
from synthtab.lineage import Lineage, lineage_of
from synthtab.recursion import Past, Portion, RealRows, RowOrigin
from synthtab.recursion.records import ChainStore
from synthtab.schema import CastTable
from synthtab.synthesizers import registry
from synthtab.synthesizers.baselines import IndependentSynthesizer

# -------------------------------------------------------------------- other regimes, audits


def test_architectures_evolve(tmp_path: Path) -> None:
    """A regime that names synthesizers makes one arm, whatever the study lists; samples say by whom."""
    regime = st.Evolve(["independent", st.spec("resampler")])
    found = study(
        synthesizers=["independent", "gaussian_copula"], regimes=[regime], run_dir=tmp_path, seeds=[0, 1]
    )
    (arm,) = found.arms
    assert (arm.synthesizer, arm.regime, arm.chains) == ("evolving", "evolve(independent → resampler)", 2)
    made = [Lineage.from_json(text) for text in found.chains[0].lineages]
    assert [str(item.synthesizer) for item in made] == ["independent", "resampler", "independent"]
    assert [item.generation for item in made] == [1, 2, 3]
    assert csv_of(study(regimes=[regime], seeds=[0, 1])) == csv_of(found)


def test_curation_with_and_without_real_rows() -> None:
    """Validity needs no real rows and has a null; a density ratio has none, and says so."""
    parts, schema = real_rows(verifier=0.2)
    found = study(
        parts,
        schema,
        regimes=[st.Curate("validity", 0.5), st.Curate(), st.TailReweight(0.5, over=st.Accumulate())],
        generations=2,
    )
    valid, judged, tails = found.arms
    assert valid.curves[0].null_mean
    assert not judged.curves[0].null_mean
    assert "no drift null for this regime" in judged.sentence
    assert "verifier rows" in judged.statement
    assert any(note.startswith("curate(density_ratio, keep 0.5) has no drift null") for note in found.notes)
    assert tails.regime == "tail_reweight(0.5, over accumulate)"
    assert tails.original_rows == (100, 100)
    assert found.settings.verifier_rows == len(parts.verifier)


def test_rarity_makes_tails_heavier() -> None:
    """Reweighted by rarity, rare levels hold more of the last table than under plain replacement."""
    found = study(regimes=["replace", "tail_reweight(1)"], generations=4, seeds=[0, 1, 2])
    shares = [
        next(curve.mean[-1] for curve in arm.curves if curve.metric == "rare_share") for arm in found.arms
    ]
    assert shares[0] is not None
    assert shares[1] is not None
    assert shares[1] > 2 * shares[0]


@dataclass(frozen=True)
class EveryOther(st.Regime):
    """Train on the original rows in even generations, on the synthetic ones in odd ones."""

    greedy: bool = False
    name: ClassVar[str] = "every_other"

    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:  # noqa: ARG002 - no draw
        """Take one or the other."""
        rows = np.arange(past.rows)
        if self.greedy:
            return (Portion(RowOrigin.FRESH, rows),)
        if past.generation % 2:
            return (Portion(RowOrigin.ORIGINAL, rows),)
        return (Portion(RowOrigin.SYNTHETIC, rows, past.generation),)

    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:  # noqa: ARG002 - all or none
        """Tell the original rows."""
        return RealRows(rows if generation % 2 == 0 else 0, 0)

    @property
    def statement(self) -> str:
        """Say it."""
        return "Even generations learn the original rows."


def test_a_regime_of_ones_own(tmp_path: Path) -> None:
    """A user's regime goes through chains, null and workers like ours, and is checkpointed like ours."""
    found = study(regimes=[EveryOther()], seeds=[0, 1], run_dir=tmp_path, workers=2)
    (arm,) = found.arms
    assert (arm.regime, arm.failures) == ("every_other", ())
    assert arm.original_rows == (100, 100, 0)
    assert arm.curves[0].null_mean
    assert csv_of(study(regimes=[EveryOther()], seeds=[0, 1])) == csv_of(found)


@dataclass(frozen=True)
class MostlyReal(st.Regime):
    """Train on nine tenths of the original rows and few synthetic ones, and keep no more than those."""

    name: ClassVar[str] = "mostly_real"

    def compose(self, past: Past, rng: np.random.Generator) -> tuple[Portion, ...]:  # noqa: ARG002 - no draw
        """Mix."""
        few = past.rows // 10
        return (
            Portion(RowOrigin.ORIGINAL, np.arange(past.rows - few)),
            Portion(RowOrigin.SYNTHETIC, np.arange(few), past.generation),
        )

    def needed_rows(self, rows: int, growth: int) -> int:  # noqa: ARG002 - nothing grows
        """Keep a tenth."""
        return rows // 10

    def real_rows(self, generation: int, rows: int, original: int) -> RealRows:  # noqa: ARG002 - always the same
        """Tell the original rows."""
        return RealRows(rows - rows // 10, 0)

    @property
    def statement(self) -> str:
        """Say it."""
        return "Each generation learns nine tenths of the original rows."


def test_a_regime_may_need_few_synthetic_rows(tmp_path: Path) -> None:
    """A regime that trains on a tenth of n synthetic rows keeps that tenth; n are measured all the same."""
    found = study(regimes=[MostlyReal()], run_dir=tmp_path, seeds=[0, 1])
    (arm,) = found.arms
    assert (arm.chains, arm.failures, arm.original_rows) == (2, (), (100, 90, 90))
    assert arm.curves[0].null_mean
    kept = record(tmp_path, 3, "*-s0")
    assert (kept.before[0].sum(), kept.after[0].sum()) == (100, 100)
    (folder,) = tmp_path.glob("chains/*-s0")
    assert ChainStore(DirectoryStore(tmp_path), f"chains/{folder.name}").get(3).n_rows == 10


def test_a_regime_that_takes_more_than_it_tells_fails_alone() -> None:
    """Fresh rows that `real_rows` does not tell: its arm says what is wrong, the others are finished."""
    found = study(regimes=["replace", EveryOther(greedy=True)], null_chains=50)
    assert found.arms[0].failures == ()
    assert "no chain was finished: DataError" in found.arms[1].sentence
    assert "more fresh real rows than its `real_rows` says" in found.arms[1].failures[0]


def test_audits_of_some_generations() -> None:
    """At the generations named there are audited figures besides the counted ones, equal at each run."""
    arguments: dict[str, Any] = {
        "audit_at": [3, 1],
        "sections": ["detection", "utility"],
        "target": "marital_status",
        "generations": 3,
        "seeds": [0, 1],
    }
    found = study(**arguments)
    frame = found.frame()
    audited = frame[frame["section"].isin(["detection", "utility"])]
    (arm,) = found.arms
    assert arm.audits
    for curve in arm.audits:
        assert set(curve.generations) <= {1, 3}
        assert len(curve.mean) == len(curve.low) == len(curve.high) == len(curve.generations)
        if curve.metric == "calibrated":
            assert curve.generations == (1, 3)
            values = audited[(audited["section"] == curve.section) & (audited["metric"] == "calibrated")]
            assert values.groupby("generation")["value"].mean().tolist() == pytest.approx(curve.mean)
    assert {curve.section for curve in arm.audits} == {"detection", "utility"}
    assert any("marital_status" in curve.metric for curve in arm.audits)
    assert set(audited["generation"]) == {1, 3}
    assert len(audited) == sum(len(chain.audited) for chain in found.chains)
    assert csv_of(study(**arguments)) == csv_of(found)
    plain = study(generations=3, seeds=[0, 1])
    pd.testing.assert_frame_equal(
        plain.frame(), frame.drop(audited.index).reset_index(drop=True), check_exact=True
    )


# -------------------------------------------------------------------- chains that fail

VALUE = "Mrs Miller, 44"


class UnspeakableError(Exception):
    """An error that cannot even be shown."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError(VALUE)

    __repr__ = __str__


HOSTILE: dict[str, BaseException] = {
    "value": ValueError(VALUE),
    "key": KeyError(VALUE),
    "exit": SystemExit(VALUE),
    "memory": MemoryError(VALUE),
    "unspeakable": UnspeakableError(),
    "unicode": UnicodeDecodeError("utf-8", VALUE.encode(), 0, 1, VALUE),
}


class FailsInThree(IndependentSynthesizer):
    """Learns twice, and fails when it is to learn what was sampled twice."""

    name = "fails_in_three"
    only_seed: ClassVar[int | None] = None
    error: ClassVar[BaseException] = ValueError(VALUE)
    inside: ClassVar[bool] = False

    def fit(self, frame: pd.DataFrame, **options: Any) -> Self:
        """Fail, or learn."""
        lineage = lineage_of(frame)
        assert lineage is not None
        self.at = lineage.generation
        if self.at == 2 and not self.inside:
            raise self.error
        return super().fit(frame, **options)

    def _fit(self, table: CastTable, seed: int) -> None:
        if self.at == 2:
            raise self.error
        super()._fit(table, seed)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register it as another package would."""
    points = [EntryPoint("fails_in_three", f"{__name__}:FailsInThree", registry.ENTRY_POINTS)]
    monkeypatch.setattr(
        registry, "entry_points", lambda group: points if group == registry.ENTRY_POINTS else []
    )


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("kind", "inside"),
    # leaving the process is the same inside a fit and outside it
    [(kind, inside) for kind in HOSTILE for inside in (False, True) if not (inside and kind == "exit")],
)
def test_a_failing_synthesizer_is_a_row(
    kind: str,
    inside: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whatever it raises in generation 3: a row with the kind of error and no value; other arms finish."""
    monkeypatch.setattr(FailsInThree, "error", HOSTILE[kind])
    monkeypatch.setattr(FailsInThree, "inside", inside)
    found = study(synthesizers=["fails_in_three", "independent"], run_dir=tmp_path, generations=3)
    failed, fine = found.arms
    assert (failed.chains, fine.chains) == (0, 1)
    assert fine.failures == ()
    (reason,) = failed.failures
    assert type(HOSTILE[kind]).__name__ in reason
    assert failed.sentence == f"no chain was finished: {reason}"
    assert found.verdict.count("\n") == 1
    assert set(found.frame()["synthesizer"]) == {"independent"}
    # two generations are kept: when what was wrong is mended, the chain goes on from there
    assert len(list(tmp_path.glob("chains/fails*/g????.checkpoint"))) == 2
    printed = capfd.readouterr()
    said = [found.to_json(), found.verdict, repr(found), printed.out, printed.err]
    said += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    assert not any("Miller" in text for text in said)
    assert st.StudyResult.from_json(found.to_json()) == found.releasable()


@pytest.mark.usefixtures("failing")
def test_a_mended_chain_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the mistake is mended the same command finishes the chain, with the bytes of an unhurt one."""
    arguments: dict[str, Any] = {"synthesizers": ["fails_in_three"], "seeds": [0, 1]}
    assert study(run_dir=tmp_path, **arguments).arms[0].chains == 0
    monkeypatch.setattr(FailsInThree, "fit", IndependentSynthesizer.fit)
    monkeypatch.setattr(FailsInThree, "_fit", IndependentSynthesizer._fit)
    mended = study(run_dir=tmp_path, **arguments)
    assert (mended.arms[0].chains, mended.arms[0].failures) == (2, ())
    assert csv_of(mended) == csv_of(study(**arguments))


@pytest.mark.usefixtures("failing")
def test_one_failing_chain_costs_its_arm_one_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three chains one fails: the arm has two, and says why; its frame holds their seeds."""
    original = FailsInThree.fit
    calls: list[int] = []

    def fails_once(self: FailsInThree, frame: pd.DataFrame, **options: Any) -> FailsInThree:
        lineage = lineage_of(frame)
        assert lineage is not None
        calls.append(lineage.generation)
        if lineage.generation == 2 and calls.count(2) != 2:
            return IndependentSynthesizer.fit(self, frame, **options)  # type: ignore[return-value]
        return original(self, frame, **options)

    monkeypatch.setattr(FailsInThree, "fit", fails_once)
    monkeypatch.setattr(FailsInThree, "_fit", IndependentSynthesizer._fit)
    found = study(synthesizers=["fails_in_three"], seeds=[4, 5, 6])
    (arm,) = found.arms
    assert (arm.chains, len(arm.failures)) == (2, 1)
    assert set(found.frame()["seed"]) == {4, 6}
    assert [chain.seed for chain in found.chains] == [4, 6]
