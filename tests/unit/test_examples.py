"""The examples are run as a reader would run them."""

from __future__ import annotations

import os
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
