"""The pytest plugin as a team meets it: real runs of pytest on a small project."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import joblib
import pandas as pd
import pytest
from gate_people import CHOICE, FIGURES, SCHEMA, WORSE, people
from hypothesis import given
from hypothesis import strategies as some

from synthtab.results import Baseline, GateResult, GateStatus
from synthtab.selection.gate import read_baseline, record_baseline, write_baseline
from synthtab.selection.gate_files import GATE_FILES
from synthtab.selection.gate_fixture import folder_of_test
from synthtab.selection.pytest_plugin import gate_lines
from synthtab.tables import split

pytest_plugins = ["pytester"]

HEAVY = ("pandas", "numpy", "scipy", "sklearn", "sdv", "torch", "pyarrow", "jinja2", "cattrs")
HEAD = """
import pandas as pd
import pytest
import synthtab as st

SCHEMA = st.TableSchema.load("{folder}/schema.yaml")
SPLIT = st.split(pd.read_csv("{folder}/people.csv"), SCHEMA, holdout=0.5, seed=0)
SMALL = dict(split=SPLIT, schema=SCHEMA, figures={figures}, measured=1500)
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record a small table's baseline in this process, which also loads all that later runs need."""
    folder = tmp_path_factory.mktemp("recorded")
    people().to_csv(folder / "people.csv", index=False)
    SCHEMA.save(folder / "schema.yaml")
    parts = split(pd.read_csv(folder / "people.csv"), SCHEMA, holdout=0.5, seed=0)
    baseline = record_baseline(
        parts,
        SCHEMA,
        synthesizer=CHOICE,
        seeds=range(4),
        figures=FIGURES,
        measured=1500,
        workers=1,
        progress=False,
    )
    write_baseline(baseline, folder / "baseline.json")
    return folder


@pytest.fixture
def project(pytester: pytest.Pytester, recorded: Path) -> Iterator[pytest.Pytester]:
    """Give a project whose root folder holds the baseline; fits of so few rows take no processes."""
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    (pytester.path / "baseline.json").write_bytes((recorded / "baseline.json").read_bytes())
    with joblib.parallel_config(n_jobs=1):
        yield pytester


def write_test(project: pytest.Pytester, recorded: Path, body: str, name: str = "test_choice.py") -> Path:
    path = project.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    head = HEAD.format(folder=recorded.as_posix(), figures=FIGURES)
    path.write_text(f"{head}\n{body}", encoding="utf-8")
    return path


def gate(*arguments: str, name: str = "test_choice") -> str:
    call = ", ".join(['"baseline.json"', *arguments, "**SMALL"])
    return f"def {name}(synthtab_gate):\n    assert synthtab_gate({call}).table is not None\n"


def section(result: pytest.RunResult) -> list[str]:
    """Give the lines of the terminal summary that are about gates."""
    lines = [line for line in result.outlines if line]
    starts = [place for place, line in enumerate(lines) if re.fullmatch(r"=+ synthtab gates =+", line)]
    assert len(starts) == 1, lines
    rest = lines[starts[0] + 1 :]
    return rest[: next(place for place, line in enumerate(rest) if line.startswith("="))]


def test_an_unchanged_synthesizer_passes_in_one_line_and_leaves_no_files(
    project: pytest.Pytester, recorded: Path
) -> None:
    """Nothing changed: the test passes, one summary line has verdict, test and words, no folder is made."""
    write_test(project, recorded, gate())
    done = project.runpytest_inprocess()
    done.assert_outcomes(passed=1)
    (line,) = section(done)
    assert re.match(r"PASS +test_choice\.py::test_choice \(baseline\.json\): \S", line)
    assert not (project.path / "synthtab-reports").exists()


def test_a_worse_synthesizer_fails_with_the_figure_the_files_and_the_way_out(
    project: pytest.Pytester, recorded: Path
) -> None:
    """A planted defect fails without a traceback; the message names figure, report and the way out."""
    write_test(project, recorded, gate(f"synthesizer={WORSE!r}"))
    done = project.runpytest_inprocess("--junitxml=out.xml")
    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    assert "Dependence between columns" in text
    assert "FAIL: independent on" in text
    assert "Traceback" not in text
    assert "synthtab_gate(" not in text
    assert "pytest --synthtab-update" in text
    assert section(done)[0].startswith("FAIL")
    shown = re.search(r"^E? *Report: (synthtab-reports/\S+/gate\.html)", text, re.MULTILINE)
    assert shown is not None
    folder = (project.path / shown[1]).parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(GATE_FILES)
    result = GateResult.from_json((folder / "gate.json").read_text(encoding="utf-8"))
    assert result.status is GateStatus.FAIL
    assert result.figure("association.interaction_tvd").status is GateStatus.FAIL
    properties = junit_properties(project.path / "out.xml")
    assert properties["synthtab.status"] == "fail"
    assert properties["synthtab.summary"] == result.summary
    assert float(properties["synthtab.association.interaction_tvd"]) == pytest.approx(
        result.figure("association.interaction_tvd").now, abs=1e-4
    )
    assert set(FIGURES) <= {name.removeprefix("synthtab.") for name in properties}


def junit_properties(path: Path) -> dict[str, str]:
    return {
        item.attrib["name"]: item.attrib["value"]
        for item in ET.parse(path).iter("property")  # noqa: S314 - our own file
    }


def test_a_missing_baseline_is_a_failure_that_says_how_to_record(
    project: pytest.Pytester, recorded: Path
) -> None:
    """Without its baseline a gate fails, never passes, and says how one is made."""
    (project.path / "baseline.json").unlink()
    write_test(project, recorded, gate('synthesizer="independent"'))
    done = project.runpytest_inprocess()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*no baseline baseline.json*", "*pytest --synthtab-update*"])
    assert not (project.path / "baseline.json").exists()


def test_update_records_what_the_test_says_and_then_the_gate_passes(
    project: pytest.Pytester, recorded: Path
) -> None:
    """``--synthtab-update`` writes a baseline where there is none, and the next run passes."""
    (project.path / "baseline.json").unlink()
    arguments = 'synthesizer="independent", seeds=[4, 5, 6, 7], require={"marginal.tvd": ">=0.1"}'
    write_test(project, recorded, gate(arguments))
    done = project.runpytest_inprocess("--synthtab-update")
    done.assert_outcomes(passed=1)
    assert section(done) == [
        "RECORDED     test_choice.py::test_choice (baseline.json): independent, 4 seeds, 2 figures"
    ]
    baseline = read_baseline(project.path / "baseline.json")
    assert baseline.seeds == (4, 5, 6, 7)
    assert [figure.name for figure in baseline.figures] == FIGURES
    assert dict(baseline.require) == {"marginal.tvd": ">=0.1"}
    assert baseline.measured_rows == 1500
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_update_keeps_what_the_test_does_not_say_and_lists_what_changed(
    project: pytest.Pytester, recorded: Path
) -> None:
    """Seeds and figures of the old baseline stay; figures that moved and the new parameter are listed."""
    old = read_baseline(recorded / "baseline.json")
    body = """
def test_choice(synthtab_gate):
    chosen = st.spec("independent", quantiles=2)
    synthtab_gate("baseline.json", split=SPLIT, schema=SCHEMA, synthesizer=chosen)
"""
    write_test(project, recorded, body)
    done = project.runpytest_inprocess("--synthtab-update")
    done.assert_outcomes(passed=1)
    new = read_baseline(project.path / "baseline.json")
    assert (new.synthesizer, new.params) == ("independent", (("quantiles", 2),))
    assert (new.seeds, new.measured_rows, new.guard) == (old.seeds, old.measured_rows, old.guard)
    assert [figure.name for figure in new.figures] == [figure.name for figure in old.figures]
    first, *notes = section(done)
    assert first.startswith("RECORDED")
    assert any("quantiles" in note for note in notes)
    assert any(re.search(r"association\.interaction_tvd: \S+ -> \S+", note) for note in notes)


def test_update_without_a_change_says_so(project: pytest.Pytester, recorded: Path) -> None:
    """Recording the same again leaves the same bytes and says that nothing changed."""
    before = (project.path / "baseline.json").read_bytes()
    write_test(project, recorded, gate())
    done = project.runpytest_inprocess("--synthtab-update")
    done.assert_outcomes(passed=1)
    assert "nothing changed" in section(done)[1]
    assert (project.path / "baseline.json").read_bytes() == before


def test_update_needs_a_synthesizer_when_there_is_nothing_to_take_it_from(
    project: pytest.Pytester, recorded: Path
) -> None:
    """No baseline and no name: nothing is written, and the message says what to give."""
    (project.path / "baseline.json").unlink()
    write_test(project, recorded, gate())
    done = project.runpytest_inprocess("--synthtab-update")
    done.assert_outcomes(failed=1)
    assert 'synthesizer="gaussian_copula"' in done.stdout.str()
    assert not (project.path / "baseline.json").exists()


def test_a_new_baseline_that_misses_its_requirement_is_told(project: pytest.Pytester, recorded: Path) -> None:
    """Recording does not judge, but says that the next check will fail; and the next check does."""
    write_test(project, recorded, gate('require={"association.interaction_tvd": ">=2"}'))
    done = project.runpytest_inprocess("--synthtab-update")
    done.assert_outcomes(passed=1)
    assert any("not met" in line for line in section(done))
    project.runpytest_inprocess().assert_outcomes(failed=1)


def test_one_file_recorded_by_two_gates_is_told(project: pytest.Pytester, recorded: Path) -> None:
    """Two gates record one file with different synthesizers: the summary says that the last one stands."""
    write_test(project, recorded, gate(name="test_a") + gate(f"synthesizer={WORSE!r}", name="test_b"))
    done = project.runpytest_inprocess("--synthtab-update")
    done.assert_outcomes(passed=2)
    assert section(done)[-1] == "baseline.json was recorded by more than one gate: the last one stands."


def test_fast_fits_two_seeds_and_says_what_can_still_be_seen(
    project: pytest.Pytester, recorded: Path
) -> None:
    """``--synthtab-fast`` fits two of four seeds, and a line below the verdict tells what power is left."""
    write_test(project, recorded, gate())
    done = project.runpytest_inprocess("--synthtab-fast", "--synthtab-reports", "out")
    done.assert_outcomes(passed=1)
    (file,) = project.path.glob("out/*/gate.json")
    result = GateResult.from_json(file.read_text(encoding="utf-8"))
    assert result.seeds_now == read_baseline(recorded / "baseline.json").seeds[:2]
    assert f"2 of 4 seeds (--synthtab-fast): {result.power}" in section(done)[1]


def test_fast_and_update_together_are_refused(project: pytest.Pytester, recorded: Path) -> None:
    """A baseline of two seeds would be recorded: pytest stops with a usage error before any test."""
    write_test(project, recorded, gate())
    done = project.runpytest_inprocess("--synthtab-fast", "--synthtab-update")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "without --synthtab-fast" in done.stderr.str()


def test_workers_of_xdist_tell_the_terminal_and_write_reports(
    project: pytest.Pytester, recorded: Path
) -> None:
    """With two workers the summary has every gate, sorted, and reports go where they are wanted."""
    body = gate(name="test_a") + gate(f"synthesizer={WORSE!r}", name="test_b")
    write_test(project, recorded, body)
    done = project.runpytest_inprocess("-n", "2", "--synthtab-reports", "out")
    done.assert_outcomes(passed=1, failed=1)
    words = [re.match(r"(\w+) +test_choice.py::(\w+) ", line) for line in section(done)]
    told = [(word[1], word[2]) for word in words if word is not None]
    assert told == [("PASS", "test_a"), ("FAIL", "test_b")]
    assert len(list(project.path.glob("out/*/gate.html"))) == 2


def test_hostile_ids_stay_inside_the_folder_of_reports(project: pytest.Pytester, recorded: Path) -> None:
    """Test ids that climb, steer a terminal or are endless each get a folder below that of reports."""
    ids = ["../../etc/passwd", "\x1b[31mred\nFAIL", "a" * 300, "A b"]
    body = f"""
@pytest.mark.parametrize("how", {ids!r}, ids={ids!r})
def test_choice(synthtab_gate, how):
    synthtab_gate("baseline.json", seeds=[0], **SMALL)
"""
    write_test(project, recorded, body)
    done = project.runpytest_inprocess("--synthtab-reports", "out")
    done.assert_outcomes(passed=len(ids))
    folders = sorted(path.name for path in (project.path / "out").iterdir())
    assert len(folders) == len({name.lower() for name in folders}) == len(ids)
    assert all(re.fullmatch(r"test_choice[A-Za-z0-9_.-]*-[0-9a-f]{8}", name) for name in folders)
    assert len(list((project.path / "out").glob("*/gate.json"))) == len(ids)
    assert "\x1b" not in "".join(section(done))
    assert all(re.match(r"WARN|PASS| {13}", line) for line in section(done))


@given(some.lists(some.text(), min_size=2, max_size=2, unique=True), some.integers(1, 9))
def test_folder_names_are_safe_short_repeatable_and_distinct(ids: list[str], call: int) -> None:
    """Whatever the id: at most 100 harmless letters, no dot first, the same again, another for another."""
    first, second = (folder_of_test(item, call) for item in ids)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}", first)
    assert first == folder_of_test(ids[0], call)
    assert first.lower() != second.lower()
    assert first != folder_of_test(ids[0], call + 1)


def test_a_doubtful_gate_passes_and_is_shown_as_a_warning(project: pytest.Pytester, recorded: Path) -> None:
    """One seed of a synthesizer with luck: the test passes, the summary says WARN, files are written."""
    write_test(project, recorded, gate("seeds=[11]"))
    done = project.runpytest_inprocess()
    done.assert_outcomes(passed=1)
    first, *notes = section(done)
    assert first.startswith("WARN")
    assert any(re.search(r"report: synthtab-reports/\S+/gate\.html", note) for note in notes)
    assert len(list(project.path.glob("synthtab-reports/*/gate.html"))) == 1


def test_a_path_is_looked_for_beside_the_test_and_then_in_the_root_folder(
    project: pytest.Pytester, recorded: Path
) -> None:
    """A baseline in the root folder is found from a test below; one beside the test comes first."""
    write_test(project, recorded, gate(), "tests/deep/test_choice.py")
    project.runpytest_inprocess().assert_outcomes(passed=1)
    beside = project.path / "tests" / "deep" / "baseline.json"
    beside.write_text("{}", encoding="utf-8")
    done = project.runpytest_inprocess()
    done.assert_outcomes(failed=1)
    assert "tests/deep/baseline.json" in done.stdout.str()


def test_a_new_baseline_goes_where_its_folder_is(project: pytest.Pytester, recorded: Path) -> None:
    """Tests in one folder, baselines in another, both below the root: the file goes where the folder is."""
    (project.path / "baselines").mkdir()
    body = gate('synthesizer="independent"').replace("baseline.json", "baselines/new.json")
    write_test(project, recorded, body, "tests/test_choice.py")
    project.runpytest_inprocess("--synthtab-update").assert_outcomes(passed=1)
    assert isinstance(read_baseline(project.path / "baselines" / "new.json"), Baseline)
    assert not (project.path / "tests" / "baselines").exists()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('"baseline.json", schema=SCHEMA', "Give split=, or table= with holdout="),
        ('"baseline.json", split=SPLIT, table=SPLIT.train, schema=SCHEMA', "Real rows are given once"),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, figures=["rare.coverage"]', "other figures="),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, figures="marginal.tvd"', "must be a list"),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, target="ill"', "other target="),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, guard=False', "other guard="),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, guard=st.Guard(5)', "other guard="),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, measured=2000', "other measured="),
        ('"/absent/baseline.json", split=SPLIT, schema=SCHEMA', "no baseline /absent/baseline.json"),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, synthesizer=7', "names no synthesizer"),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, synthesizer="independant"', "independent"),
        ('"baseline.json", split=SPLIT, schema=SCHEMA, require={"marginal.tvd": "0.9"}', "bound"),
    ],
)
def test_what_cannot_be_asked_fails_in_words(
    call: str, told: str, project: pytest.Pytester, recorded: Path
) -> None:
    """No rows, rows twice, other questions than were recorded, a mistyped name: told what to do."""
    write_test(project, recorded, f"def test_choice(synthtab_gate):\n    synthtab_gate({call})\n")
    done = project.runpytest_inprocess()
    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    assert told in text
    assert "Traceback" not in text
    assert "synthtab gates" not in text


def test_table_and_holdout_are_taken_in_place_of_a_split(project: pytest.Pytester, recorded: Path) -> None:
    """The same rows as two tables give the same answer as the split that they came from."""
    body = """
def test_choice(synthtab_gate):
    result = synthtab_gate("baseline.json", table=SPLIT.train, holdout=SPLIT.holdout, schema=SCHEMA)
    assert result.changes == ()
"""
    write_test(project, recorded, body)
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_damaged_baseline_fails_and_can_be_recorded_anew(project: pytest.Pytester, recorded: Path) -> None:
    """A torn file is a failure; ``--synthtab-update`` says so too and writes a whole one."""
    path = project.path / "baseline.json"
    path.write_text(path.read_text(encoding="utf-8")[:200], encoding="utf-8")
    write_test(project, recorded, gate('synthesizer="independent"'))
    project.runpytest_inprocess().assert_outcomes(failed=1)
    done = project.runpytest_inprocess("--synthtab-update")
    done.assert_outcomes(passed=1)
    assert "could not be read" in section(done)[1]
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_reports_that_cannot_be_written_do_not_hide_the_verdict(
    project: pytest.Pytester, recorded: Path
) -> None:
    """Where a file stands in the way of the folder, a failing gate still fails with its own message."""
    (project.path / "synthtab-reports").write_text("a file", encoding="utf-8")
    write_test(project, recorded, gate(f"synthesizer={WORSE!r}"))
    done = project.runpytest_inprocess()
    done.assert_outcomes(failed=1)
    assert "The report cannot be written" in done.stdout.str()
    assert "FAIL: independent on" in done.stdout.str()
    assert section(done)[0].startswith("FAIL")


def test_several_gates_of_one_test_are_told_and_kept_apart(project: pytest.Pytester, recorded: Path) -> None:
    """Two gates in one test: a line and a folder each."""
    body = """
def test_choice(synthtab_gate):
    synthtab_gate("baseline.json", **SMALL)
    synthtab_gate("baseline.json", **SMALL)
"""
    write_test(project, recorded, body)
    done = project.runpytest_inprocess("--synthtab-reports", "out")
    done.assert_outcomes(passed=1)
    assert sum(line.startswith("PASS") for line in section(done)) == 2
    first, second = sorted(path.name for path in (project.path / "out").iterdir())
    assert second == f"{first}-2"


def test_projects_without_a_gate_see_nothing_of_it(pytester: pytest.Pytester) -> None:
    """A run without a gate has no section and no folder, and the plugin loads none of the heavy libraries."""
    pytester.makepyfile(
        f"""
        import sys

        def test_light():
            assert "synthtab.selection.pytest_plugin" in sys.modules
            assert [name for name in {HEAVY!r} if name in sys.modules] == []
        """
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=1)
    assert "synthtab gates" not in done.stdout.str()
    assert not (pytester.path / "synthtab-reports").exists()


def test_properties_of_others_and_torn_ones_are_left_alone() -> None:
    """Lines begin at a baseline: what comes before one, or has an unknown name, makes none."""
    told = [
        ("synthtab.note", "early"),
        ("synthtab.baseline", "a.json"),
        ("synthtab.status", "pass"),
        ("synthtab.rare.coverage", "0.9"),
        ("synthtab.note", "one"),
        ("synthtab.baseline", "b.json"),
    ]
    first, second = gate_lines("t", told)
    assert (first.baseline, first.status, first.notes) == ("a.json", "pass", ("one",))
    assert (second.baseline, second.status, second.summary) == ("b.json", "", "")
