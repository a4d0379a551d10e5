"""The commands ``gate record``, ``gate check`` and ``gate diff`` as a person would type them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_runs import refused, run
from gate_people import CHOICE, SCHEMA, WORSE, people

from synthtab.results import GateResult, GateStatus
from synthtab.selection.gate import read_baseline
from synthtab.selection.gate_files import GATE_FILES

SMALL = ("--figure", "marginal.tvd", "--figure", "association.interaction_tvd", "--measured", "1500")


def real(folder: Path) -> tuple[str | Path, ...]:
    return (folder / "people.csv", "--holdout", folder / "holdout.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write real rows, their schema, a reference, and what an unchanged and a worse synthesizer are worth."""
    path = tmp_path_factory.mktemp("gate")
    data = path / "people.csv"
    people().to_csv(data, index=False)
    people(seed=4).to_csv(path / "fresh.csv", index=False)
    people(seed=5).to_csv(path / "holdout.csv", index=False)
    SCHEMA.save(path / "schema.yaml")
    assert run("reference", data, "--out", path / "ref.npz", "--quiet").exit_code == 0
    held = ("--holdout", path / "holdout.csv")
    for name, synthesizer in (("good", CHOICE), ("bad", WORSE)):
        done = run(
            "gate",
            "record",
            data,
            *held,
            "--synthesizer",
            synthesizer,
            *SMALL,
            "--out",
            path / f"{name}.json",
        )
        assert done.exit_code == 0, done.stderr
        assert str(path / f"{name}.json") in done.stdout
    return path


# ---------------------------------------------------------------- record


def test_record_writes_what_was_asked_and_shows_it(folder: Path, tmp_path: Path) -> None:
    """Parameters, seeds, figures, requirements, target and holdout are all in the file, and shown."""
    out = tmp_path / "deep" / "b.json"
    words = ("--synthesizer", "independent(quantiles=50)", "--seeds", "2", "--target", "ill", "--schema")
    done = run(
        "gate",
        "record",
        folder / "people.csv",
        *words,
        folder / "schema.yaml",
        *SMALL,
        "--holdout",
        folder / "holdout.csv",
        "--require",
        "marginal.tvd >= 0.5",
        "--out",
        out,
    )
    assert done.exit_code == 0, done.stderr
    baseline = read_baseline(out)
    assert (baseline.synthesizer, baseline.params) == ("independent", (("quantiles", 50),))
    assert baseline.seeds == (0, 1)
    assert (baseline.train_rows, baseline.holdout_rows, baseline.measured_rows) == (600, 600, 1500)
    assert baseline.targets == ("ill",)
    assert [figure.name for figure in baseline.figures] == ["marginal.tvd", "association.interaction_tvd"]
    assert dict(baseline.require) == {"marginal.tvd": ">=0.5"}
    for text in ("marginal.tvd", "required: marginal.tvd >=0.5", str(out)):
        assert text in done.stdout


def test_record_as_json_is_the_baseline(folder: Path, tmp_path: Path) -> None:
    """``--json`` prints the bytes of the file and nothing else."""
    out = tmp_path / "b.json"
    words = ("--synthesizer", "independent", "--seeds", "2", *SMALL, "--out", out, "--json")
    done = run("gate", "record", folder / "people.csv", *words)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == out.read_text(encoding="utf-8")


# ---------------------------------------------------------------- check


def test_check_of_the_same_is_a_pass_with_its_files(folder: Path, tmp_path: Path) -> None:
    """Nothing changed: exit 0, the verdict first, and four files in the folder."""
    words = ("--baseline", folder / "good.json", "--out", tmp_path / "out")
    done = run("gate", "check", *real(folder), *words)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("PASS")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(GATE_FILES)
    result = GateResult.from_json((tmp_path / "out" / "gate.json").read_text(encoding="utf-8"))
    assert result.status is GateStatus.PASS
    assert str(tmp_path / "out" / "gate.html") in done.stdout


def test_check_of_a_worse_one_fails_by_the_figure(folder: Path) -> None:
    """A planted defect: exit 1, the figure and both synthesizers are named."""
    words = ("--baseline", folder / "good.json", "--synthesizer", WORSE)
    done = run("gate", "check", *real(folder), *words)
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("FAIL")
    for text in ("Dependence between columns", "independent on", "resampler"):
        assert text in done.stdout


def test_check_as_json_is_the_result(folder: Path) -> None:
    """``--json`` prints one document that can be read back, whatever the verdict."""
    words = ("--baseline", folder / "good.json", "--synthesizer", WORSE, "--json")
    done = run("gate", "check", *real(folder), *words)
    assert done.exit_code == 1
    result = GateResult.from_json(done.stdout)
    assert result.figure("association.interaction_tvd").status is GateStatus.FAIL
    assert result.seeds_now == (0, 1, 2, 3, 4)


def test_fewer_and_more_seeds_begin_with_those_recorded(folder: Path, tmp_path: Path) -> None:
    """``--seeds 2`` takes the first two recorded; more go on with numbers that were not used."""
    raw = json.loads((folder / "good.json").read_text(encoding="utf-8"))
    raw["seeds"] = [1, 5, 6, 7, 8]
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(raw), encoding="utf-8")
    for wanted, seeds in (("2", (1, 5)), ("7", (1, 5, 6, 7, 8, 0, 2))):
        words = ("--baseline", odd, "--seeds", wanted, "--json")
        done = run("gate", "check", *real(folder), *words)
        assert GateResult.from_json(done.stdout).seeds_now == seeds


def test_a_requirement_decides_whatever_was_recorded(folder: Path) -> None:
    """An unmet ``--require`` is exit 1 though nothing got worse, and is named."""
    words = ("--baseline", folder / "good.json", "--require", "association.interaction_tvd>=2")
    done = run("gate", "check", *real(folder), *words)
    assert done.exit_code == 1
    assert ">=2" in done.stdout


def test_a_warning_is_0_and_under_strict_1(folder: Path) -> None:
    """One refit on other rows cannot be tested: a warning, which fails only under ``--strict``."""
    words = (folder / "fresh.csv", "--holdout", folder / "holdout.csv", "--baseline", folder / "good.json")
    done = run("gate", "check", *words, "--seeds", "1")
    assert done.stdout.startswith("WARN"), done.stdout
    assert done.exit_code == 0
    assert run("gate", "check", *words, "--seeds", "1", "--strict", "--quiet").exit_code == 1


# ---------------------------------------------------------------- a table of another party


def test_a_table_is_judged_without_real_rows(folder: Path, tmp_path: Path) -> None:
    """Fresh rows are no failure; permuted ones are exit 1 and written down: no real row is read."""
    words = ("gate", "check", "--reference", folder / "ref.npz", "--synthetic")
    done = run(*words, folder / "fresh.csv")
    assert done.exit_code == 0, done.stdout
    rng = np.random.default_rng(0)
    broken = people(seed=6).apply(lambda column: rng.permutation(column.to_numpy()))
    broken.to_csv(tmp_path / "broken.csv", index=False)
    done = run(*words, tmp_path / "broken.csv", "--out", tmp_path / "out", "--require", "marginal.tvd>=0.9")
    assert done.exit_code == 1
    assert done.stdout.startswith("FAIL")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(GATE_FILES)


# ---------------------------------------------------------------- diff


def test_diff_says_what_changed_without_a_table(folder: Path, tmp_path: Path) -> None:
    """From good to bad is exit 1 with figure and synthesizer; from bad to good and to itself is 0."""
    good, bad = folder / "good.json", folder / "bad.json"
    done = run("gate", "diff", good, bad, "--out", tmp_path)
    assert done.exit_code == 1
    assert "Dependence between columns" in done.stdout
    assert "resampler → independent" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == set(GATE_FILES)
    assert run("gate", "diff", bad, good, "--quiet").exit_code == 0
    same = run("gate", "diff", good, good, "--json")
    assert same.exit_code == 0
    assert GateResult.from_json(same.stdout).changes == ()


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check",), "Nothing to check"),
        (("check", "people.csv"), "--baseline B.json"),
        (("check", "--baseline", "good.json"), "Give DATA"),
        (("check", "people.csv", "--baseline", "absent.json"), "absent.json"),
        (("check", "people.csv", "--baseline", "schema.yaml"), "schema.yaml"),
        (("check", "people.csv", "--baseline", "good.json", "--synthesizer", "independant"), "'independent'"),
        (("check", "people.csv", "--baseline", "good.json", "--require", "rare.coverage"), "is no bound"),
        (("check", "people.csv", "--baseline", "good.json", "--require", "marginal.tv>=1"), "marginal.tvd"),
        (("check", "people.csv", "--baseline", "good.json", "--require", "marginal.tvd<=1"), "direction"),
        (("check", "people.csv", "--reference", "ref.npz", "--synthetic", "fresh.csv"), "DATA cannot go"),
        (
            ("check", "--reference", "ref.npz", "--synthetic", "fresh.csv", "--seeds", "2", "--unit", "sex"),
            "--seeds, --unit cannot go",
        ),
        (("check", "--reference", "ref.npz"), "--synthetic TABLE"),
        (("check", "people.csv", "--baseline", "good.json", "--synthetic", "fresh.csv"), "--reference"),
        (("check", "people.csv", "--baseline", "good.json", "--out", "ref.npz"), "is a file"),
        (("diff", "good.json", "absent.json"), "absent.json"),
        (("diff", "good.json", "ref.npz"), "ref.npz"),
        (("record", "people.csv", "--synthesizer", "independent", "--out", "people.csv"), "written over"),
        (
            (
                "record",
                "people.csv",
                "--synthesizer",
                "independent",
                "--out",
                "b.json",
                "--figure",
                "rare.cov",
            ),
            "rare.coverage",
        ),
        (
            ("record", "people.csv", "--synthesizer", "independent", "--out", "b.json", "--target", "il"),
            "'ill'",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_in_two_lines(
    words: tuple[str, ...], told: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing or contradicting inputs, mistyped names, foreign files: exit 2, what was wrong, what to do."""
    monkeypatch.chdir(folder)
    refused(run("gate", *words), told)
    assert not (folder / "b.json").exists()


def test_one_figure_is_required_once(folder: Path) -> None:
    """Two bounds for one figure are refused instead of forgotten."""
    words = ("--baseline", folder / "good.json", "--require", "marginal.tvd>=0.1")
    refused(
        run("gate", "check", *real(folder), *words, "--require", "marginal.tvd>=0.2"),
        "required twice",
    )


def test_gate_without_a_command_shows_its_help() -> None:
    """``synthtab gate`` alone lists record, check and diff."""
    done = run("gate")
    assert done.exit_code == 0
    for name in ("record", "check", "diff"):
        assert name in done.stdout
