"""The command line: what it writes, how it leaves, and what it never says."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from cli_runs import refused, run
from report_fixture import nhanes_audit
from rich.console import Console
from typer.testing import CliRunner

from synthtab.cli import app
from synthtab.cli.audits import exit_code
from synthtab.cli.console import LiveProgress, terminal
from synthtab.datasets import load_nhanes_adults
from synthtab.errors import SynthtabWarning
from synthtab.progress import Progress, current_progress
from synthtab.results import AuditResult, Status, Verdict

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
CANARY = "CANARY-7731"
EXTREME = 91827.5
SYNTHTAB = [sys.executable, "-c", "from synthtab.cli import main; main()"]


def patients(rows: int = 400) -> pd.DataFrame:
    """Make a small table with what a real one has: an identifier, free text, a rare level, an extreme."""
    rng = np.random.default_rng(5)
    age = rng.integers(20, 80, rows)
    frame = pd.DataFrame(
        {
            "patient": [f"{CANARY}-{number:05d}" for number in rng.permutation(rows)],
            "age": age,
            "sex": rng.choice(["female", "male"], rows),
            "pressure": np.round(100 + 0.5 * age + rng.normal(0, 10, rows), 1),
            "ward": rng.choice(["north", "south", "east"], rows),
            "ill": np.where(age + rng.normal(0, 15, rows) > 60, "yes", "no"),
            "letter": [
                f"Dear {CANARY} number {n}, we saw you in the clinic on a rainy day" for n in range(rows)
            ],
        }
    )
    frame.loc[:1, "ward"] = CANARY
    frame.loc[3, "pressure"] = EXTREME
    return frame


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "patients.csv"
    patients().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def schema(csv: Path) -> Path:
    path = csv.parent / "schema.yaml"
    assert run("schema", "infer", csv, "--out", path, "--quiet").exit_code == 0
    return path


@pytest.fixture(scope="module")
def parts(csv: Path, schema: Path) -> Path:
    folder = csv.parent / "parts"
    assert run("split", csv, "--schema", schema, "--out", folder, "--holdout", "0.5").exit_code == 0
    return folder


@pytest.fixture(scope="module")
def model(parts: Path, schema: Path) -> Path:
    path = parts.parent / "model.synthtab"
    words = ("fit", parts / "train.csv", "--schema", schema, "--synthesizer", "independent", "--out", path)
    assert run(*words).exit_code == 0
    return path


@pytest.fixture(scope="module")
def sample(model: Path) -> Path:
    path = model.parent / "sample.csv"
    assert run("sample", model, "--seed", "3", "--out", path).exit_code == 0
    return path


@pytest.fixture(scope="module")
def whole_run(csv: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run everything in a pipe, once, as a person would."""
    out = csv.parent / "out"
    words = ["run", str(csv), "--target", "ill", "--synthesizer", "independent", "--out", str(out)]
    done = subprocess.run([*SYNTHTAB, *words], capture_output=True, text=True, check=False)
    return done, out


# ---------------------------------------------------------------- the whole way


def test_run_writes_everything_and_says_where(
    whole_run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    """On a CSV without a schema one command leaves schema, table, model, report, figures, and names each."""
    done, out = whole_run
    assert done.returncode in {0, 1}, done.stderr
    assert {path.name for path in out.iterdir()} == {
        "schema.yaml",
        "synthetic.csv",
        "synthetic.csv.lineage.json",
        "model.synthtab",
        "audit.html",
        "audit.json",
    }
    for path in out.iterdir():
        assert str(path) in done.stdout
    result = AuditResult.from_json((out / "audit.json").read_text(encoding="utf-8"))
    assert done.returncode == (1 if result.verdict is Verdict.FAIL else 0)
    assert f"{result.verdict.value.upper()}: {result.summary}" in done.stdout
    for word in ("found", "wanted", "real data", "status"):
        assert word in done.stdout
    for check in result.checks:
        assert (check.code in done.stdout) == (check.status is not Status.NOTE)
    synthetic = pd.read_csv(out / "synthetic.csv")
    assert list(synthetic.columns) == list(patients().columns)
    assert len(synthetic) == 400


def test_run_in_a_pipe_sends_no_control_codes(
    whole_run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    """Where nobody watches, neither colours nor progress are written."""
    done, _ = whole_run
    assert done.stderr == ""
    assert not CONTROL.search(done.stdout)


def test_no_planted_value_is_printed_or_written(
    whole_run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    """An identifier, a word of free text, a rare level and an extreme appear in no output and no file."""
    done, out = whole_run
    texts = {"stdout": done.stdout, "stderr": done.stderr}
    for path in out.iterdir():
        if path.suffix == ".synthtab":
            with zipfile.ZipFile(path) as archive:
                texts |= {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
        else:
            texts[path.name] = path.read_text(encoding="utf-8")
    planted = np.array([EXTREME]).tobytes().decode("latin-1")
    for where, text in texts.items():
        for secret in (CANARY, "7731", str(EXTREME), "91,827", "rainy", planted):
            assert secret not in text, f"{secret!r} in {where}"


def test_run_as_json_keeps_parquet_and_parts(csv: Path, tmp_path: Path) -> None:
    """With --json stdout is one document; Parquet in, Parquet out; real rows are written only on request."""
    table = tmp_path / "patients.parquet"
    pd.read_csv(csv).to_parquet(table, index=False)
    words = (
        "run",
        table,
        "--synthesizer",
        "independent",
        "--rows",
        "150",
        "--holdout",
        "0.5",
        "--keep-split",
    )
    result = run(*words, "--json", "--out", tmp_path / "out")
    assert result.exit_code in {0, 1}, result.stderr
    told = json.loads(result.stdout)
    assert told["rows"] == len(pd.read_parquet(tmp_path / "out" / "synthetic.parquet")) == 150
    assert told["verdict"] in {"pass", "warn", "fail"}
    assert {check["status"] for check in told["checks"]} <= {status.value for status in Status}
    files = {item["what"]: Path(item["file"]) for item in told["files"]}
    assert all(path.is_file() for path in files.values())
    assert len(pd.read_parquet(files["train (real rows)"])) == 200


def test_run_leaves_a_schema_file_in_its_folder_as_it_is(csv: Path, schema: Path, tmp_path: Path) -> None:
    """A schema that stands where ours would be written keeps its comments; departures from it are told."""
    raw = yaml.safe_load(schema.read_text(encoding="utf-8"))
    next(column for column in raw["columns"] if column["name"] == "age")["upper"] = 70
    text = "# corrected by hand\n" + yaml.safe_dump(raw)
    mine = tmp_path / "schema.yaml"
    mine.write_text(text, encoding="utf-8")
    result = run("run", csv, "--schema", mine, "--synthesizer", "resampler", "--out", tmp_path)
    assert result.exit_code in {0, 1}, result.stderr
    assert mine.read_text(encoding="utf-8") == text
    assert "Note: age: must be at most 70" in result.stderr
    assert CANARY not in result.stderr + result.stdout
    # the resampler is its training rows: everything but the model is written
    assert not (tmp_path / "model.synthtab").exists()
    assert "Note: The resampler is its training rows" in result.stderr


def test_demo_leaves_with_zero_whatever_the_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo writes the page and the same figures as JSON, and exits 0 on a failure too."""
    whole = load_nhanes_adults()  # all rows are audited by the quickstart's test; here fewer will do
    fewer = replace(whole, frame=whole.frame.head(1500))
    monkeypatch.setattr("synthtab.datasets.load_nhanes_adults", lambda: fewer)
    result = run("demo", "--out", tmp_path / "reports", "--synthesizer", "independent")
    assert result.exit_code == 0, result.stderr
    saved = AuditResult.from_json((tmp_path / "reports" / "nhanes-audit.json").read_text(encoding="utf-8"))
    assert saved.verdict is Verdict.FAIL
    assert "FAIL: " in result.stdout
    assert str(tmp_path / "reports" / "nhanes-audit.html") in result.stdout
    assert saved.summary in (tmp_path / "reports" / "nhanes-audit.html").read_text(encoding="utf-8")


# ---------------------------------------------------------------- step by step


def test_split_writes_parts_by_share(csv: Path, tmp_path: Path) -> None:
    """The parts hold every row once, in the shares that were asked for, and the seed decides which."""
    words = (
        "split",
        csv,
        "--holdout",
        "0.3",
        "--pool",
        "0.2",
        "--verifier",
        "0.1",
        "--stratify",
        "ill",
        "--json",
    )
    told = json.loads(run(*words, "--out", tmp_path / "a").stdout)
    assert {part["name"]: part["rows"] for part in told["parts"]} == pytest.approx(
        {"train": 160, "holdout": 120, "pool": 80, "verifier": 40}, abs=2
    )
    together = pd.concat(pd.read_csv(part["file"]) for part in told["parts"])
    assert sorted(together["patient"]) == sorted(patients()["patient"])
    assert run(*words, "--out", tmp_path / "b").exit_code == 0
    assert (tmp_path / "a" / "train.csv").read_bytes() == (tmp_path / "b" / "train.csv").read_bytes()
    assert run(*words, "--seed", "1", "--out", tmp_path / "c").exit_code == 0
    assert (tmp_path / "a" / "train.csv").read_bytes() != (tmp_path / "c" / "train.csv").read_bytes()


def test_split_warns_that_the_parts_are_real(csv: Path, tmp_path: Path) -> None:
    """Whoever splits is told that the files hold real rows."""
    assert "real rows" in run("split", csv, "--out", tmp_path).stdout


def test_unit_keeps_a_person_together(tmp_path: Path) -> None:
    """With --unit all rows of one person fall into one part."""
    path = tmp_path / "visits.csv"
    pd.DataFrame({"who": np.repeat(range(60), 3), "value": range(180)}).to_csv(path, index=False)
    assert run("split", path, "--unit", "who", "--out", tmp_path).exit_code == 0
    train, holdout = (set(pd.read_csv(tmp_path / f"{part}.csv")["who"]) for part in ("train", "holdout"))
    assert not train & holdout
    assert train | holdout == set(range(60))


def test_schema_infer_explains_and_saves(schema: Path, csv: Path) -> None:
    """Inference shows each column's kind and why, saves YAML, and names no rare level and no extreme."""
    result = run("schema", "infer", csv)
    assert result.exit_code == 0
    for word in ("patient", "identifier", "pressure", "numeric", "ward", "seen in the data"):
        assert word in result.stdout
    assert CANARY not in result.stdout + schema.read_text(encoding="utf-8")
    assert json.loads(run("schema", "infer", csv, "--json").stdout)["columns"][1]["kind"] == "integer"


def test_schema_check_reports_every_problem_and_leaves_with_one(
    schema: Path, csv: Path, tmp_path: Path
) -> None:
    """A table that departs gives 1 and each departure, one that fits gives 0; never a value."""
    raw = yaml.safe_load(schema.read_text(encoding="utf-8"))
    age = next(column for column in raw["columns"] if column["name"] == "age")
    age["lower"] = 30
    raw["columns"] = [column for column in raw["columns"] if column["name"] != "letter"]
    stricter = tmp_path / "stricter.yaml"
    stricter.write_text(yaml.safe_dump(raw), encoding="utf-8")
    result = run("schema", "check", csv, "--schema", stricter)
    assert result.exit_code == 1
    assert "age: must be at least 30" in result.stdout
    assert "letter: is not in the schema" in result.stdout
    assert CANARY not in result.output
    told = json.loads(run("schema", "check", csv, "--schema", stricter, "--json").stdout)
    assert told["ok"] is False
    assert {problem["column"] for problem in told["problems"]} >= {"age", "letter"}
    public = pd.read_csv(csv)
    public["ward"] = "north"
    public.to_csv(tmp_path / "fits.csv", index=False)
    assert run("schema", "check", tmp_path / "fits.csv", "--schema", schema).exit_code == 0


def test_schema_show_shows_units_bounds_levels_unit_weight_and_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that a schema holds is shown: long lists in short, markup and escapes as plain text."""
    monkeypatch.delenv("COLUMNS", raising=False)  # a narrow screen would fold the words that are looked for
    raw = {
        "name": "t",
        "unit": "who",
        "weight": "w",
        "columns": [
            {"name": "who", "kind": "identifier"},
            {"name": "w", "kind": "numeric"},
            {"name": "[red]age", "kind": "integer", "lower": 0, "units": "years"},
            {"name": "limit", "kind": "integer", "units": "years", "missing": False},
            {"name": "level\x1b[31m", "kind": "categorical", "categories": [f"l{i}" for i in range(9)]},
        ],
        "rules": [{"rule": "inequality", "low": "[red]age", "high": "limit"}],
    }
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    result = run("schema", "show", path)
    assert result.exit_code == 0, result.stderr
    for text in (
        "(the person)",
        "(the weight)",
        "[red]age",
        "0 to … years",
        "l0, l1, l2, l3 and 5 more",
        "rule: ",
    ):
        assert text in result.stdout
    assert not CONTROL.search(result.stdout)


def test_fit_and_sample_repeat(model: Path, sample: Path, tmp_path: Path) -> None:
    """A saved model with the same seed gives the same bytes, with another seed other rows."""
    again = tmp_path / "again.csv"
    assert run("sample", model, "--seed", "3", "--out", again).exit_code == 0
    assert again.read_bytes() == sample.read_bytes()
    assert run("sample", model, "--seed", "4", "--out", again).exit_code == 0
    assert again.read_bytes() != sample.read_bytes()
    result = run("sample", model, "--rows", "7", "--out", tmp_path / "few.parquet", "--json")
    assert json.loads(result.stdout)["rows"] == len(pd.read_parquet(tmp_path / "few.parquet")) == 7


def test_fit_tells_what_the_guard_did(parts: Path, schema: Path, tmp_path: Path) -> None:
    """The guard's actions are told in counts, as text and as JSON; an unguarded instrument says so."""
    words = ("fit", parts / "train.csv", "--schema", schema, "--out", tmp_path / "m.synthtab")
    shown = run(*words, "--synthesizer", "independent")
    assert "guard: patient:" in shown.stdout
    told = json.loads(run(*words, "--synthesizer", "independent", "--json").stdout)
    assert told["releasable"] is True
    assert {"patient", "ward"} <= {action["column"] for action in told["guard"]}
    numbers = tmp_path / "numbers.csv"
    pd.read_csv(parts / "train.csv")[["age", "pressure"]].to_csv(numbers, index=False)
    unguarded = run("fit", numbers, "--out", tmp_path / "n.synthtab", "--synthesizer", "gaussian")
    assert "neither the model nor its samples may be released" in unguarded.stderr
    assert CANARY not in shown.output + unguarded.output


def test_audit_writes_a_folder_or_one_page(parts: Path, schema: Path, sample: Path, model: Path) -> None:
    """--out takes a folder or an .html file; --section asks one family; --json is the whole result."""
    words = (
        "audit", "--real", parts / "train.csv", "--holdout", parts / "holdout.csv", "--synthetic", sample,
        "--schema", schema, "--section", "marginal", "--section", "rare",
    )  # fmt: skip
    folder, page = parts.parent / "audited", parts.parent / "pages" / "one.html"
    both = run(*words, "--model", model, "--out", folder)
    assert both.exit_code in {0, 1}, both.stderr
    assert {path.name for path in folder.iterdir()} == {"audit.html", "audit.json"}
    result = AuditResult.from_json((folder / "audit.json").read_text(encoding="utf-8"))
    assert result.provenance.synthesizer == "independent"
    assert {check.section.value for check in result.checks} == {"marginal", "rare"}
    alone = run(*words, "--out", page, "--json")
    assert [path.name for path in page.parent.iterdir()] == ["one.html"]
    assert AuditResult.from_json(alone.stdout).provenance.title == "train"


def test_report_draws_a_saved_audit(tmp_path: Path) -> None:
    """A saved audit becomes the same page that it was; a failing one leaves with 0, for nothing is judged."""
    saved, page = tmp_path / "audit.json", tmp_path / "deep" / "report.html"
    saved.write_text(nhanes_audit().to_json(), encoding="utf-8")
    result = run("report", saved, "--out", page)
    assert result.exit_code == 0, result.stderr
    again = AuditResult.from_json(saved.read_text(encoding="utf-8")).to_html(tmp_path / "again.html")
    assert page.read_bytes() == again.read_bytes()


# ---------------------------------------------------------------- exit codes and errors


@pytest.mark.parametrize(
    ("verdict", "strict", "code"),
    [("pass", True, 0), ("warn", False, 0), ("warn", True, 1), ("fail", False, 1), ("fail", True, 1)],
)
def test_exit_codes_follow_the_verdict(verdict: str, strict: bool, code: int) -> None:
    """Pass and warn are 0, fail is 1, and warn is 1 when strict."""
    assert exit_code(replace(nhanes_audit(), verdict=Verdict(verdict)), strict=strict) == code


def test_strict_fails_on_a_warning(parts: Path, schema: Path, sample: Path) -> None:
    """Without a holdout an audit warns at best: 0, but 1 under --strict."""
    words = (
        "audit", "--real", parts / "train.csv", "--synthetic", sample, "--schema", schema,
        "--section", "schema", "--quiet",
    )  # fmt: skip
    assert run(*words).exit_code == 0
    assert run(*words, "--strict").exit_code == 1


def test_mistyped_names_are_told_with_the_nearest(csv: Path, schema: Path, tmp_path: Path) -> None:
    """A mistyped command, option, name or section: exit 2, one line, a hint."""
    out = tmp_path / "out"
    refused(run("fitt", csv), "Did you mean 'fit'?")
    refused(run("run", csv, "--ouT", out), "No such option")
    refused(run("run", csv), "Missing option '--out'")
    refused(
        run("run", csv, "--out", out, "--synthesizer", "gausian_copula"), "Did you mean 'gaussian_copula'?"
    )
    refused(run("run", csv, "--out", out, "--target", "il"), "no column 'il'", "Did you mean 'ill'?")
    refused(run("run", csv, "--out", out, "--unit", "nobody-here"), "There are: patient, age")
    refused(run("run", csv, "--out", out, "--target", "letter"), "cannot be a target")
    refused(run("split", csv, "--out", out, "--stratify", "sax"), "Did you mean 'sex'?")
    fit = ("fit", csv, "--out", out / "m", "--synthesizer")
    refused(run(*fit, "gaussian_copula", "--param", "quantile=3"), "Did you mean 'quantiles'?")
    refused(run(*fit, "gaussian_copula", "--param", "quantiles"), "Write --param key=value.")
    audit = ("audit", "--real", csv, "--synthetic", csv, "--schema", schema, "--section")
    refused(run(*audit, "margnal"), "Did you mean 'marginal'?")
    assert not out.exists()


def test_bad_files_are_told(csv: Path, schema: Path, model: Path, tmp_path: Path) -> None:
    """A missing, empty, foreign, torn or unwritable file: exit 2, one line, a hint, no traceback."""
    empty, foreign, torn = tmp_path / "empty.csv", tmp_path / "data.xlsx", tmp_path / "torn.synthtab"
    empty.write_text("", encoding="utf-8")
    foreign.write_text("x", encoding="utf-8")
    torn.write_bytes(model.read_bytes()[:-40])
    out = tmp_path / "out"
    refused(run("run", tmp_path / "none.csv", "--out", out), "There is no file 'none.csv'.")
    refused(run("run", foreign, "--out", out), "of no known sort")
    assert run("run", empty, "--out", out).exit_code == 2
    refused(run("run", csv, "--out", csv), "is a file")
    refused(run("sample", torn, "--out", out / "s.csv"), "torn")
    refused(run("sample", model, "--out", out / "s.xlsx"), "cannot be written")
    refused(run("schema", "show", tmp_path / "none.yaml"), "cannot be read")
    refused(run("report", tmp_path / "none.json", "--out", out), "cannot be read")
    assert run("report", schema, "--out", out).exit_code == 2
    refused(run("schema", "infer", csv, "--out", csv / "deep" / "s.yaml"), "Not a directory")


@pytest.mark.parametrize("command", ["run", "split", "fit", "sample", "report", "infer"])
def test_no_command_writes_over_what_it_reads(
    command: str, csv: Path, schema: Path, model: Path, tmp_path: Path
) -> None:
    """An --out that would destroy an input is refused before anything is read."""
    mine = tmp_path / "synthetic.csv"
    mine.write_bytes(csv.read_bytes())
    train = tmp_path / "train.csv"
    train.write_bytes(csv.read_bytes())
    words = {
        "run": ("run", mine, "--out", tmp_path, "--synthesizer", "independent"),
        "split": ("split", train, "--out", tmp_path),
        "fit": ("fit", csv, "--schema", schema, "--out", schema),
        "sample": ("sample", model, "--out", model),
        "report": ("report", mine, "--out", mine),
        "infer": ("schema", "infer", mine, "--out", mine),
    }[command]
    refused(run(*words), "would be written over")
    assert mine.read_bytes() == train.read_bytes() == csv.read_bytes()


def test_messages_of_other_libraries_are_held_back(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error names its type only; --debug shows the traceback, and leaves with 2 as well."""

    def stumble(*_: object, **__: object) -> None:
        raise ArithmeticError(CANARY)

    monkeypatch.setattr("synthtab.tables.read_frame", stumble)
    plain = run("schema", "infer", csv)
    refused(plain, "unexpected ArithmeticError", "--debug")
    assert CANARY not in plain.stderr
    debug = run("schema", "infer", csv, "--debug")
    assert debug.exit_code == 2
    assert "Traceback (most recent call last)" in debug.stderr
    assert CANARY in debug.stderr


def test_too_little_memory_and_denied_files_are_told(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine refuses is told in plain words."""
    for error, words in (
        (MemoryError(), "not enough memory"),
        (PermissionError(13, "Permission denied", "x.csv"), "x.csv"),
    ):

        def stumble(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr("synthtab.tables.read_frame", stumble)
        refused(run("schema", "infer", csv), words)


def test_errors_can_be_raised_to_a_caller_in_python() -> None:
    """Called without standalone mode, the application raises and returns as typer's own does."""
    result = CliRunner().invoke(app, ["schema", "show", "none.yaml"], standalone_mode=False)
    assert type(result.exception).__name__ == "SchemaError"
    assert CliRunner().invoke(app, ["--version"], standalone_mode=False).exit_code == 0


# ---------------------------------------------------------------- what is shown


def test_help_is_complete_and_light() -> None:
    """Help lists the commands in the order of use, and loads no heavy library; so does the version."""
    code = (
        "import sys\nfrom synthtab.cli import app\ntry:\n app([sys.argv[1]])\nexcept SystemExit as leave:\n"
        " heavy = ('pandas', 'sklearn', 'sdv', 'torch', 'scipy.stats')\n"
        " print(leave.code, *(name for name in heavy if name in sys.modules))"
    )
    for word in ("--help", "--version"):
        done = subprocess.run([sys.executable, "-c", code, word], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1].strip() == "0"
    shown = run("--help").stdout
    order = ("run", "demo", "split", "schema", "fit", "sample", "audit", "report")
    places = [re.search(rf"│ {name} ", shown) for name in order]
    assert all(places)
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts)
    assert run().stdout == shown
    assert "infer" in run("schema").stdout


def test_quiet_shows_errors_only(csv: Path, tmp_path: Path) -> None:
    """--quiet leaves stdout and stderr empty on success."""
    result = run("split", csv, "--out", tmp_path, "--quiet")
    assert result.output == ""


def test_a_pipe_without_unicode_is_no_failure(schema: Path) -> None:
    """Where stdout can write ASCII only, text degrades and JSON stays whole."""
    raw = yaml.safe_load(schema.read_text(encoding="utf-8"))
    raw["columns"][1]["name"] = "größe ≥ 5"
    odd = schema.parent / "odd.yaml"
    odd.write_text(yaml.safe_dump(raw), encoding="utf-8")
    words, ascii_only = ["schema", "show", str(odd)], {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run([*SYNTHTAB, *words], capture_output=True, text=True, check=True, env=ascii_only)
    assert "gr??e ? 5" in shown.stdout
    told = subprocess.run([*SYNTHTAB, *words, "--json"], capture_output=True, check=True, env=ascii_only)
    assert json.loads(told.stdout)["columns"][1]["name"] == "größe ≥ 5"


def test_progress_is_drawn_for_who_watches(csv: Path, tmp_path: Path) -> None:
    """On a terminal the stages of a fit are drawn on stderr; stdout stays clean."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    words = ["fit", str(csv), "--synthesizer", "independent", "--out", str(tmp_path / "m.synthtab")]
    with subprocess.Popen(
        [*SYNTHTAB, *words],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env={**os.environ, "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        drawn = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            drawn += chunk
        assert process.stdout is not None
        stdout = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    assert "Fitting independent" in drawn.decode()
    assert not CONTROL.search(stdout)


def test_live_progress_shows_nested_stages() -> None:
    """Stages nest, show their notes as plain text, and forgive a stage that was never started."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with LiveProgress(console) as display:
        watched: Progress = display
        watched.start("outer", 1)
        watched.start("inner", 3)
        watched.advance("inner", 2, note="[red]loss 0.5")
        watched.advance("unknown")
        watched.finish("unknown")
        display.refresh()
        watched.finish("inner")
        watched.finish("outer")
    drawn = stream.getvalue()
    assert "inner" in drawn
    assert "[red]loss 0.5" in drawn
    assert "✓" in drawn


def test_warnings_become_remarks(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning of ours is one line on stderr; those of other libraries are held back unless debugging."""
    with terminal() as term, term.stage("x"):
        warnings.warn("worth knowing", SynthtabWarning, stacklevel=1)
        warnings.warn(f"bad cell {CANARY}", RuntimeWarning, stacklevel=1)
        assert type(current_progress()).__name__ == "SilentProgress"
    assert capsys.readouterr().err == "Note: worth knowing\n"
    with terminal(quiet=True) as term:
        warnings.warn("worth knowing", SynthtabWarning, stacklevel=1)
        term.say("nothing")
    assert capsys.readouterr() == ("", "")


def test_debug_asks_the_synthesizers_to_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under --debug the synthesizers' own switch is on, and is put back afterwards."""
    monkeypatch.delenv("SYNTHTAB_DEBUG", raising=False)
    with terminal(debug=True):
        assert os.environ["SYNTHTAB_DEBUG"] == "1"
    assert "SYNTHTAB_DEBUG" not in os.environ
    monkeypatch.setenv("SYNTHTAB_DEBUG", "yes")
    with terminal(debug=True):
        assert os.environ["SYNTHTAB_DEBUG"] == "1"
    assert os.environ["SYNTHTAB_DEBUG"] == "yes"


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("None", None), ("abc", "abc"), ("[1]", "[1]"), ('"3"', "3")],
)
def test_parameters_are_read_as_what_they_look_like(text: str, value: object) -> None:
    """Numbers, truth values and none are told from text; quotes make text of a number."""
    from synthtab.cli.choices import spec_of

    assert spec_of("independent", [f"key={text}"]).params["key"] == value
