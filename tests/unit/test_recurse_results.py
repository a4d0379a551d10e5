"""Results of a study: guarded once, equal in bytes wherever they were found, and of the right shape."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from people_study import COLUMNS, MANY, csv_of, real_rows, study

import synthtab as st
from synthtab.errors import SynthtabError
from synthtab.lineage import Lineage, lineage_of
from synthtab.profiling import Profile
from synthtab.recursion.measures import Measures
from synthtab.schema import CastTable
from synthtab.synthesizers.guard import FittedGuard, Guard

FEW_CHAINS = "Chains an arm: 1."

# -------------------------------------------------------------------- the guard


CANARY, CANARY_NUMBER = "Zzyzx-Canary-7731", 73311.377


def unpacked(content: bytes) -> Iterator[bytes]:
    """Give bytes, and those of every archive that begins in them."""
    yield content
    start = content.find(b"PK\x03\x04")
    if start >= 0 and zipfile.is_zipfile(io.BytesIO(content[start:])):
        with zipfile.ZipFile(io.BytesIO(content[start:])) as archive:
            for name in archive.namelist():
                yield from unpacked(archive.read(name))


def with_canaries() -> tuple[st.Split, st.TableSchema]:
    """Plant a town of two people, one number and some identifiers among the real rows."""
    rng = np.random.default_rng(0)
    frame = st.load_nhanes_adults().frame[list(COLUMNS)].iloc[:900].copy()
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], len(frame))
    frame["cost"] = rng.gamma(2, 50, len(frame)).round(3)
    frame["record"] = [f"{CANARY}-{row}" for row in range(len(frame))]
    parts = st.split(frame, st.TableSchema.infer(frame), holdout=0.3, pool=0.2, verifier=0.1, seed=2)
    # of the pool every row holds them, so that whatever is drawn from it does
    for part, count in (
        (parts.train, 2),
        (parts.holdout, 1),
        (parts.pool, len(parts.pool)),
        (parts.verifier, 1),
    ):
        part.loc[part.index[:count], ["town", "cost"]] = CANARY, CANARY_NUMBER
    whole = pd.concat([parts.train, parts.holdout, parts.pool, parts.verifier])
    return parts, st.TableSchema.infer(whole)


def canaries_in(folder: Path) -> list[str]:
    """Search all files of a run, and what is inside them."""
    needles = [CANARY.encode(), repr(CANARY_NUMBER).encode()]
    needles += [np.array([CANARY_NUMBER], dtype=kind).tobytes() for kind in ("<f8", "<f4")]
    return [
        file.name
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        for content in unpacked(file.read_bytes())
        for needle in needles
        if needle in content
    ]


def test_no_rare_person_is_in_a_guarded_run(tmp_path: Path) -> None:
    """What two people hold is in no checkpoint, record, lineage, Parquet table, JSON, page or sentence."""
    parts, schema = with_canaries()
    found = study(
        parts,
        schema,
        synthesizers=["independent", "gaussian_copula", "resampler"],
        regimes=["replace", "accumulate", "fresh_mix(0.1)", st.Curate()],
        generations=2,
        rows=None,
        run_dir=tmp_path / "run",
        keep_tables=True,
        audit_at=[1],
        sections=["detection"],
    )
    assert [arm.failures for arm in found.arms] == [()] * 12
    assert canaries_in(tmp_path / "run") == []
    found.to_html(tmp_path / "run" / "study.html")
    said = [
        found.to_json(),
        repr(found),
        csv_of(found),
        found.curves_frame().to_csv(),
        found.drift().to_csv(),
    ]
    said.append((tmp_path / "run" / "study.html").read_text(encoding="utf-8"))
    assert not any(CANARY in text or str(CANARY_NUMBER) in text for text in said)
    tables = sorted((tmp_path / "run" / "tables").rglob("*.parquet"))
    assert len(tables) == 12 * 2
    for file in tables:
        table = pd.read_parquet(file)
        assert CANARY not in set(table["town"])
        assert table["cost"].max() < CANARY_NUMBER
        assert "record" not in table
    assert any(action.column == "town" for action in found.guard)
    assert found.settings.guard == 10
    assert found.guard_cost > 0


def test_the_search_would_find_it(tmp_path: Path) -> None:
    """Without the guard the same search finds the town and the number: the check can fail."""
    parts, schema = with_canaries()
    found = study(
        parts, schema, synthesizers=["resampler"], run_dir=tmp_path, generations=1, guard=False, rows=None
    )
    assert any(name.endswith(".table.checkpoint") for name in canaries_in(tmp_path))
    assert (found.settings.guard, found.guard_cost) == (0, 0.0)
    assert not any("pooled" in action.action for action in found.guard)


def test_lineage_tells_nothing_of_rows(tmp_path: Path) -> None:
    """Lineages are the same whatever the real rows hold; they say what was trained on, and how often."""
    parts, schema = real_rows()
    regimes = ["replace", "accumulate", "fresh_mix(0.1)"]
    found = study(parts, schema, regimes=regimes, run_dir=tmp_path, keep_tables=True)
    other = replace(
        parts, train=parts.train.sample(frac=1, replace=True, random_state=1).reset_index(drop=True)
    )
    changed = study(other, schema, regimes=regimes)
    assert csv_of(changed) != csv_of(found)
    for one, two in zip(found.chains, changed.chains, strict=True):
        assert one.lineages == two.lineages
    for chain in found.chains:
        told = [Lineage.from_json(text) for text in chain.lineages]
        assert [item.generation for item in told] == [1, 2, 3]
        assert {item.guard for item in told} == {10}
        assert {item.source for item in told} == {""}
        assert all(item.releasable for item in told)
    for file in sorted((tmp_path / "tables").rglob("*.parquet")):
        told_by_table = lineage_of(file)
        assert told_by_table is not None
        assert told_by_table.generation == int(file.stem[1:])
        assert told_by_table.rows == len(pd.read_parquet(file)) == 100
        assert str(told_by_table.synthesizer) == "independent"
        assert told_by_table.regime in regimes


def test_the_real_table_is_guarded_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One guard is fitted, on D0; D0 and the holdout are each counted once, whatever the number of arms."""
    guards: list[int] = []
    counted: list[CastTable] = []
    fit, profile = FittedGuard.fit.__func__, Measures.profile  # type: ignore[attr-defined] # a class method

    def fits(
        cls: type[FittedGuard], frame: pd.DataFrame, schema: st.TableSchema, guard: Guard | None
    ) -> FittedGuard:
        if guard is not None:
            guards.append(len(frame))
        return fit(cls, frame, schema, guard)  # type: ignore[no-any-return] # as it was

    def profiles(self: Measures, table: CastTable) -> Profile:
        counted.append(table)
        return profile(self, table)

    monkeypatch.setattr(FittedGuard, "fit", classmethod(fits))
    monkeypatch.setattr(Measures, "profile", profiles)
    study(synthesizers=["independent", "gaussian_copula"], regimes=["replace", "accumulate"], seeds=[0, 1])
    assert guards == [100]
    first, second = counted[:2]
    assert sum(table is first for table in counted) == 1
    assert sum(table is second for table in counted) == 1
    # a table for each generation, and the four real ones, among them D0 before the guard and the pool
    assert len(counted) == 2 * 2 * 2 * 3 + 4


# -------------------------------------------------------------------- equal bytes


@pytest.fixture(scope="module")
def alone() -> st.StudyResult:
    """Give a study of five regimes, run in one process."""
    parts, schema = real_rows(verifier=0.15)
    return study(parts, schema, **MANY)


def test_the_order_of_rows_changes_nothing(alone: st.StudyResult) -> None:
    """All real tables shuffled, with another index: the same bytes, of every figure and of the JSON."""
    parts, schema = real_rows(verifier=0.15)
    shuffled = {
        name: part.sample(frac=1, random_state=3).set_index(np.arange(len(part)) * 7)
        for name, part in parts.parts()
    }
    found = study(replace(parts, **shuffled), schema, **MANY)
    assert csv_of(found) == csv_of(alone)
    assert without_costs(found) == without_costs(alone)


def without_costs(result: st.StudyResult) -> str:
    return replace(result, arms=tuple(replace(arm, costs=None) for arm in result.arms)).to_json()


def test_workers_and_clusters_change_nothing(alone: st.StudyResult, tmp_path: Path) -> None:
    """One process, two of loky's, and a dask cluster: the same bytes."""
    from distributed import Client

    parts, schema = real_rows(verifier=0.15)
    assert csv_of(study(parts, schema, **MANY, workers=2)) == csv_of(alone)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        with (
            Client(
                n_workers=2,
                threads_per_worker=1,
                dashboard_address=None,
                local_directory=tmp_path,
                silence_logs=logging.CRITICAL,
            ),
            joblib.parallel_config(backend="dask"),
        ):
            over_dask = study(parts, schema, **MANY, workers=None)
    finally:
        logging.getLogger("distributed").setLevel(logging.NOTSET)
    assert csv_of(over_dask) == csv_of(alone)
    assert without_costs(over_dask) == without_costs(alone)


PROGRAM = """
import sys
from people_study import MANY, csv_of, real_rows, study
parts, schema = real_rows(verifier=0.15)
sys.stdout.write(csv_of(study(parts, schema, progress=True, **MANY)))
"""


@pytest.mark.parametrize("hash_seed", ["1", "4711"])
def test_other_processes_give_the_same_and_tell_a_pipe_how_far_they_are(
    hash_seed: str, alone: st.StudyResult
) -> None:
    """Under any PYTHONHASHSEED the same bytes; in a pipe whole lines tell chains and generations."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == csv_of(alone)
    lines = done.stderr.splitlines()
    assert lines[0] == "Recursion 0%"
    # five regimes, one of them without a null, two synthesizers, two seeds
    assert lines[-1] == "Recursion 100%: 24 of 24 chains, 48 of 48 generations"
    assert "\r" not in done.stderr
    assert "\x1b" not in done.stderr


def test_seeds_are_what_makes_chains_differ(alone: st.StudyResult) -> None:
    """Chains of two seeds differ; the seed of the study deals D0, so that another one changes all."""
    frame = alone.frame()
    own = frame[(frame["regime"] == "replace") & (frame["synthesizer"] == "independent")]
    assert not np.array_equal(own.loc[own["seed"] == 0, "value"], own.loc[own["seed"] == 1, "value"])
    assert csv_of(study(seed=1)) != csv_of(study())
    # the first generation learns D0 under every regime: common seeds make them comparable
    first = frame[
        (frame["generation"] == 1) & (frame["synthesizer"] == "resampler") & (frame["metric"] == "tvd")
    ]
    values = [own["value"].to_numpy() for _, own in first.groupby("regime") if "curate" not in str(_)]
    assert np.array_equal(values[0], values[1])


# -------------------------------------------------------------------- what comes out


def test_tables_of_results_have_their_shapes(alone: st.StudyResult) -> None:
    """Each table has the columns that its docstring names, a row for each thing it is about, plain dtypes."""
    figures = len(alone.figures)
    frame = alone.frame()
    assert list(frame) == [
        *("synthesizer", "regime", "seed", "generation", "section", "metric", "columns"),
        *("value", "floor", "chance"),
    ]
    assert len(frame) == 2 * 5 * 2 * 2 * figures
    assert [str(frame[name].dtype) for name in ("seed", "generation", "value", "floor", "chance")] == [
        *("int64", "int64", "float64", "float64", "float64")
    ]
    assert frame["value"].between(0, 5).all()
    curves = alone.curves_frame()
    whole = sum(not name.columns for name in alone.figures)
    assert len(curves) == 10 * 2 * whole
    assert curves.dtypes[5:].astype(str).eq("float64").all()
    assert (curves["low"].dropna() <= curves["mean"][curves["low"].notna()]).all()
    mean = frame[(frame["columns"] == "") & (frame["metric"] == "tvd")].groupby(
        ["synthesizer", "regime", "generation"]
    )["value"]
    told = curves[curves["metric"] == "tvd"].set_index(["synthesizer", "regime", "generation"])["mean"]
    pd.testing.assert_series_equal(mean.mean().sort_index(), told.sort_index(), check_names=False)
    drift = alone.drift()
    assert list(drift) == ["synthesizer", "regime", "column", "ratio", "low", "high"]
    assert len(drift) == 10 * (1 + len(COLUMNS))
    costs = alone.costs()
    assert list(costs) == ["synthesizer", "regime", "fit", "sample", "measure", "wall", "watt_hours"]
    assert (costs[["fit", "sample", "measure", "wall", "watt_hours"]] > 0).all(axis=None)
    real = alone.real_rows()
    assert len(real) == 10 * 2
    fed = real[(real["synthesizer"] == "independent") & (real["regime"] == "fresh_mix(0.1)")]
    assert fed[["generation", "original", "fresh"]].to_numpy().tolist() == [[1, 100, 0], [2, 0, 10]]


def test_json_holds_what_may_leave(alone: st.StudyResult) -> None:
    """JSON gives back the releasable form: arms on a grid, no chain, nothing lost but digits."""
    text = alone.to_json()
    back = st.StudyResult.from_json(text)
    assert back == alone.releasable()
    assert back.chains == ()
    assert back.frame().empty
    assert list(back.frame()) == list(alone.frame())
    assert back.verdict == alone.verdict
    assert back.settings == alone.settings
    assert all(not name.columns for name in back.figures)
    assert back.to_json() == text
    pd.testing.assert_frame_equal(back.curves_frame(), alone.curves_frame(), atol=1e-5)
    assert "NaN" not in text
    assert "Infinity" not in text
    json.loads(text)


def test_a_note_says_when_chains_are_few() -> None:
    """With fewer than ten chains an arm the notes say that intervals are wide; with one, the sentence too."""
    one = study(generations=1)
    assert any(note.startswith(FEW_CHAINS) for note in one.notes)
    assert one.arms[0].sentence.endswith("one chain only, so nothing has an interval")
    ten = study(generations=1, seeds=range(10))
    assert not any(note.startswith("Chains an arm") for note in ten.notes)
    assert "one chain only" not in ten.verdict


def test_watts_turn_hours_into_energy() -> None:
    """Energy is the CPU time of all generations by the power that was stated, whatever that is."""
    for watts in (0, 15.0, 100):
        costs = study(generations=2, seeds=[0, 1], watts=watts).arms[0].costs
        assert costs is not None
        expected = (costs.fit + costs.sample + costs.measure) * 4 / 3600 * watts
        assert costs.watt_hours == pytest.approx(expected)


def test_errors_are_our_own() -> None:
    """Every refusal can be caught by one base class."""
    with pytest.raises(SynthtabError):
        study(seeds=[-1])
