"""The command line on references, several releases, groups and depth: what it writes and how it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_runs import refused, run
from typer.testing import Result

from synthtab.profiling import load_profile
from synthtab.results import AuditResult, Section, Status, Verdict

ROWS = 600


def staff(rows: int, seed: int) -> pd.DataFrame:
    """Draw a small table: a number, one that follows it, two labels, an answer to predict."""
    rng = np.random.default_rng([seed, 51])
    age = rng.integers(20, 80, rows)
    return pd.DataFrame(
        {
            "age": age,
            "pressure": np.round(100 + 0.5 * age + rng.normal(0, 10, rows), 1),
            "sex": rng.choice(["female", "male"], rows),
            "ward": rng.choice(["north", "south", "east"], rows),
            "ill": np.where(age + rng.normal(0, 15, rows) > 60, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write real rows, a holdout, two fresh releases, one without dependence, and a reference."""
    path = tmp_path_factory.mktemp("reference")
    for seed, name in enumerate(("real", "holdout", "first", "second")):
        staff(ROWS, seed).to_csv(path / f"{name}.csv", index=False)
    rng = np.random.default_rng(0)
    bad = staff(ROWS, 4).apply(lambda column: rng.permutation(column.to_numpy()))
    bad.to_csv(path / "bad.csv", index=False)
    done = run("reference", path / "real.csv", "--out", path / "ref.npz")
    assert done.exit_code == 0, done.stderr
    assert str(path / "ref.npz") in done.stdout
    return path


def told(result: Result) -> AuditResult:
    """Read the figures that a command printed."""
    assert result.exit_code in {0, 1}, result.output
    return AuditResult.from_json(result.stdout)


# ---------------------------------------------------------------- references


def test_reference_as_json_with_target_and_k(folder: Path, tmp_path: Path) -> None:
    """With --json one document names the file; --k decides what is dropped."""
    out = tmp_path / "ref.npz"
    done = run("reference", folder / "real.csv", "--out", out, "--target", "ill", "--k", "25", "--json")
    assert json.loads(done.stdout) == {"what": "reference", "file": str(out)}
    assert load_profile(out).suppressed_below == 25


def test_audit_against_a_reference_writes_its_report(folder: Path, tmp_path: Path) -> None:
    """Fresh rows leave with 0 and a report that says what could not be asked; with --strict the WARN is 1."""
    words = ("audit", "--reference", folder / "ref.npz", "--synthetic", folder / "first.csv")
    done = run(*words, "--out", tmp_path)
    assert done.exit_code == 0, done.stdout
    assert "WARN" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"audit.html", "audit.json"}
    result = AuditResult.from_json((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert result.section_verdict("privacy") is Status.NOT_APPLICABLE
    assert "needs rows" in (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert run(*words, "--strict", "--quiet").exit_code == 1


def test_a_bad_table_fails_against_a_reference(folder: Path) -> None:
    """Columns without dependence: exit 1, and the section is named."""
    words = ("--reference", folder / "ref.npz", "--synthetic", folder / "bad.csv")
    done = run("audit", *words, "--section", "association", "--json")
    assert done.exit_code == 1
    assert told(done).section_verdict("association") is Verdict.FAIL


def test_unusable_references_are_refused(folder: Path, tmp_path: Path) -> None:
    """A missing or foreign file, an absent folder, a wrong target, and writing over what is read: exit 2."""
    made = folder / "first.csv"
    refused(run("audit", "--reference", tmp_path / "no.npz", "--synthetic", made), "'no.npz'")
    refused(run("audit", "--reference", folder / "real.csv", "--synthetic", made), "'real.csv'")
    refused(run("reference", folder / "real.csv", "--out", folder / "real.csv"), "written over")
    refused(run("reference", folder / "real.csv", "--out", tmp_path / "r.npz", "--target", "il"), "'ill'")
    done = run("audit", "--reference", folder / "ref.npz", "--synthetic", made, "--subgroup", "colour")
    refused(done, "'colour'", "ward")
    assert list(tmp_path.iterdir()) == []
    done = run("reference", folder / "real.csv", "--out", tmp_path / "absent" / "r.npz")
    assert done.exit_code in {0, 2}
    assert "Traceback" not in done.output


# ---------------------------------------------------------------- which real rows


def test_neither_and_both_are_refused(folder: Path) -> None:
    """Without real rows, with both kinds of them, or a holdout beside a reference: exit 2 and what to do."""
    made = ("--synthetic", folder / "first.csv")
    reference, real = ("--reference", folder / "ref.npz"), ("--real", folder / "real.csv")
    for words in (made, (*made, *reference, *real)):
        refused(run("audit", *words), "Give either --real or --reference", "--real TABLE")
    refused(run("audit", *made, *reference, "--holdout", folder / "holdout.csv"), "Both a reference")


# ---------------------------------------------------------------- several releases, groups, depth


@pytest.mark.parametrize("source", ["real", "reference"])
def test_two_releases_are_judged_together_and_each(folder: Path, source: str) -> None:
    """--synthetic twice: both are listed; a bad one makes it exit 1, whatever its place."""
    real: tuple[str | Path, ...] = ("--real", folder / "real.csv", "--holdout", folder / "holdout.csv")
    if source == "reference":
        real = ("--reference", folder / "ref.npz")
    for names, code in ((("first", "second"), 0), (("first", "bad"), 1), (("bad", "first"), 1)):
        made = [word for name in names for word in ("--synthetic", folder / f"{name}.csv")]
        done = run("audit", *real, *made, "--section", "association", "--json")
        assert done.exit_code == code, done.output
        result = told(done)
        failed = [bool(release.failed) for release in result.releases]
        assert failed == [name == "bad" for name in names]
        assert [release.rows for release in result.releases] == [ROWS, ROWS]
        assert result.provenance.n_synthetic == 2 * ROWS


@pytest.mark.parametrize("source", ["real", "reference"])
def test_groups_are_those_that_were_named(folder: Path, source: str) -> None:
    """--subgroup may be given again; the groups are the levels and intervals of those columns."""
    real: tuple[str | Path, ...] = ("--real", folder / "real.csv", "--holdout", folder / "holdout.csv")
    if source == "reference":
        real = ("--reference", folder / "ref.npz")
    words = (*real, "--synthetic", folder / "first.csv", "--section", "subgroups")
    result = told(run("audit", *words, "--subgroup", "ward", "--subgroup", "age", "--json"))
    assert {group.column for group in result.subgroups} == {"ward", "age"}
    assert {group.level for group in result.subgroups if group.column == "ward"} == {
        "north",
        "south",
        "east",
    }
    assert {check.section for check in result.checks} == {Section.SUBGROUPS}
    if source == "real":
        refused(run("audit", *words, "--subgroup", "colour"), "'colour'", "ward")


def test_thorough_adds_a_family_of_models(folder: Path) -> None:
    """--thorough asks one more family of models than the standard depth."""
    words = ("--real", folder / "real.csv", "--holdout", folder / "holdout.csv", "--section", "utility")
    made = ("--synthetic", folder / "first.csv", "--target", "ill", "--json")
    standard, thorough = (told(run("audit", *words, *made, *more)) for more in ((), ("--thorough",)))
    assert {check.code for check in thorough.checks} - {check.code for check in standard.checks} == {"STB603"}
    families = [{model.model for model in result.models} for result in (standard, thorough)]
    assert families[0] < families[1]
