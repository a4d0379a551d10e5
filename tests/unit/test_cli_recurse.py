"""The command ``recurse`` as a person would type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runs import run

import synthtab as st

SMALL = ("--generations", "2", "--seeds", "2", "--null-chains", "50", "--workers", "1", "--rows", "200")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recurse")
    data = st.load_nhanes_adults()
    names = ["age", "sex", "diabetes", "bmi", "smoker"]
    names = [name for name in names if name in data.frame.columns]
    data.frame[names].iloc[:600].to_csv(folder / "people.csv", index=False)
    return folder / "people.csv"


def test_recurse_tells_each_arm_and_writes_page_figures_and_checkpoints(table: Path, tmp_path: Path) -> None:
    """A sentence an arm on stdout, study.html, study.json that can be read back, tables with lineage."""
    out = tmp_path / "out"
    done = run(
        "recurse",
        table,
        "--out",
        out,
        *SMALL,
        "--synthesizer",
        "independent(quantiles=50)",
        "--synthesizer",
        "resampler",
        "--regime",
        "replace",
        "--regime",
        "fresh_mix(0.2)",
        "--keep-tables",
    )
    assert done.exit_code == 0, done.stderr
    assert "independent(quantiles=50), replace" in done.stdout
    assert "resampler, fresh_mix(0.2)" in done.stdout
    study = st.StudyResult.from_json((out / "study.json").read_text(encoding="utf-8"))
    assert [(arm.synthesizer, arm.regime) for arm in study.arms][-1] == ("resampler", "fresh_mix(0.2)")
    assert "<script" not in (out / "study.html").read_text(encoding="utf-8")
    tables = sorted((out / "run" / "tables").rglob("g0002.parquet"))
    assert len(tables) == 8
    lineage = run("lineage", tables[0])
    assert lineage.exit_code == 0
    assert "generation 2" in lineage.stdout


def test_recurse_as_json_is_one_document(table: Path, tmp_path: Path) -> None:
    """``--json`` gives verdict, notes and files, and nothing else on stdout."""
    done = run(
        "recurse",
        table,
        "--out",
        tmp_path,
        *SMALL,
        "--synthesizer",
        "independent",
        "--regime",
        "replace",
        "--json",
    )
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"verdict", "notes", "files"}
    assert found["verdict"][0].startswith("independent, replace: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--regime", "replce"), "Did you mean 'replace'?"),
        (("--synthesizer", "independant"), "Did you mean 'independent'?"),
        (("--synthesizer", "tvae(epochs=60"), 'Write a name, or "tvae(epochs=60)".'),
        (("--regime", "fresh_mix(2)"), "fresh_mix: alpha"),
        (("--target", "diabetes"), "--audit-at 1"),
        (("--regime", "curate(density_ratio)"), "verifier=0.1"),
        (("--regime", "fresh_mix(0.9)", "--rows", "400"), "need"),
    ],
)
def test_what_cannot_be_run_is_refused_with_what_to_do(
    arguments: tuple[str, ...], told: str, table: Path, tmp_path: Path
) -> None:
    """A mistyped name, a parameter out of range, a target without an audit: exit code 2 and advice."""
    done = run("recurse", table, "--out", tmp_path, *SMALL, *arguments)
    assert done.exit_code == 2, done.stdout
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_other_arguments_in_the_same_folder_are_refused_by_name(table: Path, tmp_path: Path) -> None:
    """The same folder with other generations is refused, and says which argument differs."""
    first = ("recurse", table, "--out", tmp_path, "--synthesizer", "independent", "--regime", "replace")
    assert run(*first, *SMALL).exit_code == 0
    done = run(*first, *SMALL[2:], "--generations", "3")
    assert done.exit_code == 2
    assert "generations" in done.stderr
