"""The examples are run as a reader would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

import synthtab as st
from synthtab.results import Verdict

EXAMPLES = Path(__file__).parents[2] / "examples"


def run_example(name: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_quickstart_prints_a_verdict_and_writes_the_report(tmp_path: Path) -> None:
    """The ten lines run as they stand: a verdict in words, and one self-contained page."""
    page = tmp_path / "deep" / "quickstart.html"
    done = run_example("quickstart.py", page)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    verdict, _, words = done.stdout.splitlines()[0].partition(": ")
    assert verdict.lower() in {verdict.value for verdict in Verdict}
    assert words
    assert str(page) in done.stdout
    text = page.read_text(encoding="utf-8")
    assert words in text.replace("&#39;", "'")
    assert "<script" not in text


def test_your_own_csv_infers_corrects_audits_and_decides(tmp_path: Path) -> None:
    """The guess is shown, the corrected schema is saved, and the exit code follows the verdict."""
    done = run_example("your_own_csv.py", SYNTHTAB_EXAMPLE_ROWS="1500", TMPDIR=str(tmp_path))
    assert done.returncode in {0, 1}, done.stderr
    assert done.stderr == ""
    (folder,) = tmp_path.glob("synthtab-*")
    csv, schema = folder / "patients.csv", st.TableSchema.load(folder / "schema.yaml")
    assert "patient_id" in done.stdout
    assert schema["patient_id"].kind == "identifier"
    assert schema["age"].upper == 80
    assert schema["general_health"].kind == "ordinal"
    assert schema["diabetes"].is_public
    assert schema.check(pd.read_csv(csv)).ok
    assert (folder / "audit.html").is_file()
    released = (folder / "synthetic.csv").is_file()
    assert released == (done.returncode == 0)
    assert ("FAIL: " in done.stdout) == (done.returncode == 1)
    if released:
        # identifiers are surrogates: of the form of real ones perhaps, but drawn without looking at them
        assert len(pd.read_csv(folder / "synthetic.csv")) == len(pd.read_csv(csv)) == 1500


def test_your_own_csv_takes_a_csv_and_a_folder(tmp_path: Path) -> None:
    """A reader's own file is read from the command line; corrections of columns it lacks are left out."""
    csv = tmp_path / "mine.csv"
    frame = st.load_nhanes_adults().frame[["sex", "bmi", "waist_cm"]].dropna().head(600)
    frame.to_csv(csv, index=False)
    done = run_example("your_own_csv.py", csv, tmp_path / "out")
    assert done.returncode in {0, 1}, done.stderr
    assert (tmp_path / "out" / "schema.yaml").is_file()
    assert not (tmp_path / "out" / "patients.csv").exists()


def test_who_may_have_it_catches_the_leak_and_keeps_row_numbers_inside(tmp_path: Path) -> None:
    """Circles are answered for, fifteen real rows are caught, and the internal list is written apart."""
    done = run_example("who_may_have_it.py", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.split(":")[0] in ("PASS", "WARN")
    for circle in ("Same team", "Partners", "Public"):
        assert circle in done.stdout
    assert "With fifteen real rows: fail STB801" in done.stdout
    assert "epsilon of at least" in done.stdout
    listed = pd.read_csv(tmp_path / "out" / "internal-vulnerable.csv")
    assert listed.row.is_unique


def test_train_on_synthetic_tells_each_arm_and_goes_on_where_it_stopped(
    tmp_path: Path,
) -> None:
    """Six arms are told in words, a page is written, tables carry lineage, and a second run says the same."""
    first = run_example("train_on_synthetic.py", tmp_path)
    assert first.returncode == 0, first.stderr
    for arm in ("gaussian_copula, replace: ", "independent, fresh_mix(0.1): "):
        assert arm in first.stdout
    assert "synthetic: generation 4" in first.stdout
    assert "<script" not in (tmp_path / "study.html").read_text(encoding="utf-8")
    again = run_example("train_on_synthetic.py", tmp_path)
    assert again.stdout == first.stdout


def test_compose_figure_draws_an_audit_and_a_study_into_one_file(tmp_path: Path) -> None:
    """One figure of four panels is written, and both results are told in words."""
    target = tmp_path / "deep" / "figure.svg"
    done = run_example("compose_figure.py", target)
    assert done.returncode == 0, done.stderr
    verdict, _, words = done.stdout.splitlines()[0].partition(": ")
    assert verdict.lower() in {verdict.value for verdict in Verdict}
    assert words
    assert "independent, replace: " in done.stdout
    text = target.read_text(encoding="utf-8")
    assert all(f'id="axes_{place}"' in text for place in (1, 2, 3, 4))


def test_ci_gate_passes_as_it_is_and_catches_a_worse_synthesizer(tmp_path: Path) -> None:
    """A copy of the folder is a project of its own: its gates pass, and a test of a worse choice fails."""
    project = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", "synthtab-reports")
    shutil.copytree(EXAMPLES / "ci_gate", project, ignore=ignored)
    text = (project / "tests" / "test_synthesizer.py").read_text(encoding="utf-8")
    chosen, _, _ = text.partition("def test_the_simple_one")
    worse = chosen.replace('synthesizer="gaussian_copula"', 'synthesizer="independent"')
    assert worse != chosen
    (project / "tests" / "test_worse.py").write_text(worse, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        # as on a machine with one core: a second process costs more than ten fits
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "1"},
    )
    assert done.returncode == 1, done.stderr
    verdicts = re.findall(r"^([A-Z]+) +(\S+)::", done.stdout, re.MULTILINE)
    gates = [item for item in verdicts if item[0] in ("PASS", "FAIL")]
    assert gates == [("PASS", "tests/test_synthesizer.py")] * 2 + [("FAIL", "tests/test_worse.py")], (
        done.stdout
    )
    assert "gaussian_copula → independent" in done.stdout
    (comment,) = project.glob("synthtab-reports/*/gate.md")
    assert "Dependence between columns" in comment.read_text(encoding="utf-8")
