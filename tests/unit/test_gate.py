"""The gate: what is recorded, what is called worse, what is never a pass, and what changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gate_cases import COLUMNS, SEEDS, around, baseline, recorded_figure

import synthtab as st
from synthtab.auditing import make_reference
from synthtab.datasets import Dataset
from synthtab.errors import DataError, FitError, SavedModelError, SpecError, StorageError, SynthtabError
from synthtab.execution import Failure, Outcome
from synthtab.results import Baseline, BaselineColumn, GateResult, GateStatus
from synthtab.selection import gate
from synthtab.selection.gate import (
    check_baseline,
    check_table,
    compare_baselines,
    compared_figures,
    read_baseline,
    record_baseline,
    write_baseline,
)
from synthtab.selection.measuring import Refit

SHAPES, RARE, COPIES = "marginal.tvd", "rare.coverage", "privacy.exact_copies"


# ------------------------------------------------------------------ judgement


def status_of(now: Baseline, before: Baseline | None = None) -> GateStatus:
    """Compare with a baseline of .95 in one figure, and give the status of the whole."""
    return compare_baselines(before or baseline({SHAPES: around(0.95)}), now).status


def test_worse_beyond_the_margin_fails() -> None:
    """A clear fall by more than the margin fails, names the figure, and gives the interval of the fall."""
    result = compare_baselines(
        baseline({SHAPES: around(0.95), RARE: around(0.9)}),
        baseline({SHAPES: around(0.85), RARE: around(0.9)}),
    )
    found = result.figure(SHAPES)
    assert (result.status, found.status) == (GateStatus.FAIL, GateStatus.FAIL)
    assert result.figures[0] is found
    assert found.worsening.value == pytest.approx(0.1)
    assert "Column shapes (0.95 → 0.85)" in result.summary
    assert result.figure(RARE).status is GateStatus.PASS
    assert result.test.startswith("paired over 5 seeds")


def test_worse_within_the_margin_warns_and_better_passes() -> None:
    """A sure but small fall is a warning; a rise, however large, is a pass."""
    small = tuple(value - 0.01 - 0.0001 * place for place, value in enumerate(around(0.95)))
    assert status_of(baseline({SHAPES: small})) is GateStatus.WARN
    assert status_of(baseline({SHAPES: around(0.99)})) is GateStatus.PASS


def test_lower_is_better_is_read_so() -> None:
    """More exact copies are a worsening, fewer are not."""
    few, many = (baseline({COPIES: around(mean, [0, 1e-5, 0, 2e-5, 0])}) for mean in (0.0, 0.01))
    assert status_of(many, few) is GateStatus.FAIL
    assert status_of(few, many) is GateStatus.PASS


def test_changed_definition_is_never_a_pass() -> None:
    """Another version of the metric is incomparable, the whole gate with it, and a failure outranks it."""
    before = baseline({SHAPES: around(0.95), RARE: around(0.9)})
    now = replace(before, figures=(recorded_figure(SHAPES, around(0.95), version=99), before.figures[1]))
    result = compare_baselines(before, now)
    assert result.status is GateStatus.INCOMPARABLE
    assert result.figure(SHAPES).reason.startswith("Its definition changed")
    assert [item.kind for item in result.changes] == ["metric"]
    worse = replace(now, figures=(now.figures[0], recorded_figure(RARE, around(0.5))))
    assert status_of(worse, before) is GateStatus.FAIL


def test_figures_that_stopped_applying_are_never_a_pass() -> None:
    """What applied then and not now is incomparable; what did not apply then is left out, and said so."""
    both = baseline({SHAPES: around(0.95), RARE: around(0.9)})
    without = baseline({SHAPES: around(0.95), RARE: None})
    lost = compare_baselines(both, without)
    assert (lost.status, lost.figure(RARE).status) == (GateStatus.INCOMPARABLE, GateStatus.INCOMPARABLE)
    gained = compare_baselines(without, both)
    assert (gained.status, gained.figure(RARE).status) == (GateStatus.PASS, GateStatus.NOT_APPLICABLE)
    assert "record anew" in gained.figure(RARE).reason
    dropped = replace(both, figures=both.figures[:1])
    assert status_of(dropped, both) is GateStatus.INCOMPARABLE


def test_gate_that_could_compare_nothing_is_no_pass() -> None:
    """When no figure applied at recording, the gate has seen nothing and says so."""
    nothing = baseline({RARE: None})
    result = compare_baselines(nothing, nothing)
    assert (result.status, result.summary) == (
        GateStatus.INCOMPARABLE,
        "No figure could be compared, so this says nothing.",
    )


def test_noise_is_told_with_the_refits_that_would_do() -> None:
    """An underpowered figure warns, and the power sentence says how many refits it takes."""
    loud = [0.1, -0.08, 0.02, 0.07, -0.1]
    result = compare_baselines(
        baseline({SHAPES: around(0.9, loud), RARE: around(0.9)}),
        baseline({SHAPES: around(0.9, loud[::-1]), RARE: around(0.9)}),
    )
    assert result.status is GateStatus.WARN
    assert "refits would be needed" in result.power
    assert result.power.startswith("With 5 refits this gate sees, 4 times in 5, a worsening of ")
    assert "could go unseen" in result.figure(SHAPES).reason


def test_one_refit_on_each_side_is_no_test() -> None:
    """With one refit then and one now every figure warns, whatever it says."""
    one = baseline({SHAPES: [0.95]}, seeds=(0,))
    result = compare_baselines(one, baseline({SHAPES: [0.2]}, seeds=(0,)))
    assert (result.status, result.test) == (GateStatus.WARN, "no test: one refit then and one now")
    assert "two refits or more" in result.power


def test_fast_mode_is_two_samples() -> None:
    """Two refits now against five then are two samples, and a large fall is still seen."""
    now = baseline({SHAPES: around(0.7, [0.001, 0.0])}, seeds=(0, 1))
    result = compare_baselines(baseline({SHAPES: around(0.95)}), now)
    assert result.test.startswith("two samples of 5 and 2 refits")
    assert result.power.startswith("With 5 refits then and 2 now")
    assert result.status is GateStatus.FAIL


def test_requirements_are_asked_of_what_is_there_now() -> None:
    """A requirement is held against the means of now, and fails a gate that kept everything."""
    kept = baseline({RARE: around(0.85)}, require=((RARE, ">=0.9"),))
    result = compare_baselines(kept, kept)
    assert (result.status, result.figure(RARE).status) == (GateStatus.FAIL, GateStatus.PASS)
    assert result.requirements[0].reason == "It is 0.85 on average over 5 refits and must be >=0.9: not met."
    unmeasured = baseline({RARE: around(0.95)}, require=((COPIES, "<=0"),))
    assert compare_baselines(unmeasured, unmeasured).status is GateStatus.FAIL
    gone = baseline({RARE: None}, require=((RARE, ">=0.1"),))
    assert compare_baselines(kept, gone).requirements[0].status is GateStatus.FAIL


def test_requirements_see_what_rounding_would_hide() -> None:
    """Four copies in a million are no zero, though a baseline keeps five decimals."""
    now = baseline({COPIES: [4e-6] * 5}, require=((COPIES, "<=0"),))
    assert compare_baselines(now, now).requirements[0].status is GateStatus.FAIL


def test_baseline_and_its_file_are_the_same() -> None:
    """What is compared in memory equals what is compared after a trip to disk: figures lie on one grid."""
    rng = np.random.default_rng(0)
    now = baseline({SHAPES: tuple(rng.normal(0.9, 0.01, 5)), RARE: tuple(rng.normal(0.9, 0.01, 5))})
    read = Baseline.from_json(now.to_json())
    assert compare_baselines(read, now).figures == compare_baselines(read, read).figures
    assert compare_baselines(read, now).figure(SHAPES).reason == "Every refit scores exactly as it did."


def test_edited_baselines_are_refused() -> None:
    """A figure that is not known, or refits that do not fit the seeds, are errors and no pass."""
    whole = baseline({SHAPES: around(0.95)})
    unknown = replace(whole, figures=(replace(whole.figures[0], name="marginal.magic"),))
    with pytest.raises(SavedModelError, match="does not know"):
        compare_baselines(unknown, whole)
    torn = replace(whole, figures=(replace(whole.figures[0], values=(0.9, 0.9)),))
    with pytest.raises(SavedModelError, match=r"5 seeds and 2 refits.*synthtab gate record"):
        compare_baselines(whole, torn)


# -------------------------------------------------------------------- changes

CHANGES: tuple[tuple[dict[str, object], str, str], ...] = (
    (
        {"data": "ff", "columns": (BaselineColumn("age", "integer", "zz"), COLUMNS[1])},
        "data",
        "The real rows are not the same: their counts differ in 1 of 2 columns: age.",
    ),
    (
        {"schema": "00", "data": "ff", "columns": (*COLUMNS, BaselineColumn("dose", "numeric", "c3"))},
        "schema",
        "The schema has new columns: dose.",
    ),
    ({"schema": "00", "data": "ff", "columns": COLUMNS[:1]}, "schema", "The schema has lost columns: ward."),
    (
        {"schema": "00", "columns": (replace(COLUMNS[0], kind="numeric"), COLUMNS[1])},
        "schema",
        "Columns are of another kind: age (integer → numeric).",
    ),
    ({"schema": "00", "columns": COLUMNS[::-1]}, "schema", "The columns of the schema are in another order."),
    (
        {"schema": "00"},
        "schema",
        "The schema says something else of its columns: a role, bounds, levels, unit or weight.",
    ),
    (
        {"versions": (("numpy", "2.2.0"), ("synthtab", "0.1.0"))},
        "library",
        "numpy is another version: 2.1.0 → 2.2.0.",
    ),
    ({"versions": (("synthtab", "0.1.0"),)}, "library", "numpy 2.1.0 is not there any more."),
    (
        {"synthesizer": "tvae", "params": (("epochs", 5),)},
        "synthesizer",
        "The synthesizer is another one: gaussian_copula → tvae(epochs=5).",
    ),
    ({"params": (("ranks", False),)}, "parameters", "Parameter ranks: its default → False."),
    ({"seeds": (5, 6, 7, 8, 9)}, "seeds", "The seeds are others: 0 to 4 → 5 to 9."),
    ({"guard": 0}, "guard", "The guard of the real rows is set otherwise: k = 10 → off."),
    ({"train_rows": 900}, "rows", "Training rows: 700 → 900."),
    ({"targets": ()}, "targets", "Models predict something else: ward → nothing."),
)


@pytest.mark.parametrize(("change", "kind", "text"), CHANGES, ids=[text for _, _, text in CHANGES])
def test_each_change_is_told_alone(change: dict[str, object], kind: str, text: str) -> None:
    """One thing changed: it is told in one sentence, and nothing else is."""
    before = baseline({SHAPES: around(0.95)})
    found = compare_baselines(before, replace(before, **change)).changes  # type: ignore[arg-type] # by name
    assert [(item.kind, item.text) for item in found] == [(kind, text)]


def test_no_change_is_no_change() -> None:
    """A baseline beside itself has no changes."""
    same = baseline({SHAPES: around(0.95)})
    assert compare_baselines(same, same).changes == ()


def test_many_changed_columns_are_named_in_part() -> None:
    """Of seven columns that changed five are named, and the others are counted."""
    then = tuple(BaselineColumn(f"c{place}", "numeric", "a") for place in range(7))
    now = tuple(replace(item, digest="b") for item in then)
    made = baseline({SHAPES: around(0.95)}, columns=then)
    text = compare_baselines(made, replace(made, columns=now, data="ff")).changes[0].text
    assert text.endswith("7 of 7 columns: c0, c1, c2, c3, c4 and 2 more.")


# ---------------------------------------------------------------------- files


def test_baseline_is_small_sorted_and_stable(tmp_path: Path) -> None:
    """A figure a line, rounded; the same baseline gives the same bytes, and is read as it was written."""
    made = baseline({SHAPES: [0.123456789] * 5}, require=((RARE, ">=0.9"),))
    path = write_baseline(made, tmp_path / "deep" / "b.json")
    text = path.read_text(encoding="utf-8")
    assert text == made.to_json()
    assert len(text) < 2_000
    assert "0.12346" in text
    assert "0.123456" not in text
    assert sum('"name": "marginal.tvd"' in line for line in text.splitlines()) == 1
    assert read_baseline(path) == made.releasable()
    assert [item.name for item in tmp_path.joinpath("deep").iterdir()] == ["b.json"]


def test_missing_and_garbled_files_say_what_to_do(tmp_path: Path) -> None:
    """A file that is not there or is no baseline is named, and the error says how to record one."""
    with pytest.raises(DataError, match=r"no baseline .*nowhere\.json.*synthtab gate record"):
        read_baseline(tmp_path / "nowhere.json")
    for content in (b"{", b"\xff\xfe\x00", b'{"kind": "StudyResult", "format_version": 1}', b"[]"):
        torn = tmp_path / "torn.json"
        torn.write_bytes(content)
        with pytest.raises(SavedModelError, match=r"torn\.json.*synthtab gate record"):
            read_baseline(torn)
    with pytest.raises(DataError, match="cannot be read"):
        read_baseline(tmp_path)
    with pytest.raises(StorageError, match="cannot be written"):
        write_baseline(baseline({}), tmp_path / "torn.json" / "b.json")


# ------------------------------------------------------------- refits, faked


class FakeMeasurer:
    """What a measurer would say, without fitting."""

    train_rows, holdout_rows, measured_rows, guard_k, data_digest = 700, 300, 7_000, 10, "d4"

    def __init__(self, figures: list[str], targets: tuple[str, ...]) -> None:
        self.figures = gate.figures_named(figures)
        self.targets = targets

    def column_digests(self) -> tuple[BaselineColumn, ...]:
        """Give the columns of the cases."""
        return COLUMNS


class Fitting:
    """Refits made by hand: what `Measurer` and `measure_refits` are replaced with."""

    def __init__(self, scores: dict[str, float | None], *, targets: tuple[str, ...] = ("ward",)) -> None:
        self.scores = scores
        self.targets = targets
        self.fails: dict[int, Failure] = {}
        self.asked: dict[str, object] = {}

    def of(self, split: st.Split, schema: st.TableSchema, **asked: object) -> FakeMeasurer:
        """Take the place of `Measurer.of`."""
        self.asked = {"split": split, "schema": schema, **asked}
        figures = asked["figures"]
        assert isinstance(figures, list)
        return FakeMeasurer(figures, self.targets)

    def refits(
        self, measurer: FakeMeasurer, specs: list[st.SynthesizerSpec], seeds: tuple[int, ...], **_: object
    ) -> tuple[tuple[Outcome[Refit], ...], ...]:
        """Take the place of `measure_refits`."""
        self.asked |= {"spec": specs[0], "seeds": seeds}
        return (tuple(self.outcome(measurer, seed) for seed in seeds),)

    def outcome(self, measurer: FakeMeasurer, seed: int) -> Outcome[Refit]:
        """Give one refit."""
        if seed in self.fails:
            return Outcome(None, self.fails[seed])
        means = [self.scores.get(item.name, 0.9) for item in measurer.figures]
        values = tuple(None if mean is None else mean + 0.001 * (seed % 3) for mean in means)
        return Outcome(
            Refit(values, tuple("" if value is not None else "nothing is rare." for value in values))
        )


@pytest.fixture
def fitting(monkeypatch: pytest.MonkeyPatch) -> Fitting:
    made = Fitting({SHAPES: 0.95, RARE: 0.9})
    monkeypatch.setattr(gate.Measurer, "of", made.of)
    monkeypatch.setattr(gate, "measure_refits", made.refits)
    return made


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"age": np.arange(100) % 60, "ward": [f"w{n % 3}" for n in range(100)]})


SCHEMA = st.TableSchema(
    (st.ColumnSpec("age", "integer"), st.ColumnSpec("ward", "categorical")), name="clinic"
)


def test_check_asks_what_was_recorded(fitting: Fitting, frame: pd.DataFrame) -> None:
    """Synthesizer, seeds, figures, guard, target and rows of the baseline are those of the check."""
    made = record_baseline(
        frame,
        SCHEMA,
        synthesizer=st.spec("gaussian_copula"),
        seeds=[3, 4, 5],
        figures=[RARE, SHAPES],
        target="ward",
        guard=st.Guard(12),
        require={COPIES: "<=1"},
    )
    recorded = dict(fitting.asked)
    assert (recorded["targets"], recorded["guard"], recorded["measured"]) == (("ward",), st.Guard(12), None)
    result = check_baseline(made, frame, SCHEMA)
    assert fitting.asked["seeds"] == (3, 4, 5)
    assert fitting.asked["figures"] == [SHAPES, RARE, COPIES]
    assert (fitting.asked["guard"], fitting.asked["measured"]) == (st.Guard(10), 7_000)
    assert result.status is GateStatus.PASS
    assert [item.status for item in result.requirements] == [GateStatus.PASS]
    assert {item.name for item in result.figures} == {SHAPES, RARE}


def test_figures_of_requirements_are_measured_and_not_compared(fitting: Fitting, frame: pd.DataFrame) -> None:
    """A figure that only a requirement names is measured, keeps no refits, and spends no error budget."""
    fitting.scores[COPIES] = 0.0
    made = record_baseline(
        frame, SCHEMA, synthesizer="independent", figures=[SHAPES], require={COPIES: "<=0.002"}
    )
    assert compared_figures(made) == (SHAPES,)
    assert [item.values for item in made.figures if item.name == COPIES] == [()]
    assert check_baseline(made, frame, SCHEMA).status is GateStatus.PASS
    fitting.scores[COPIES] = 0.5
    result = check_baseline(made, frame, SCHEMA)
    assert result.status is GateStatus.FAIL
    assert "Exact copies of training rows <=0.002" in result.summary
    assert check_baseline(made, frame, SCHEMA, require={}).status is GateStatus.PASS
    assert check_baseline(made, frame, SCHEMA, require={"detection.auc": "<=0.6"}).status is GateStatus.FAIL


def test_failed_refits_fail_the_gate_and_cannot_be_recorded(fitting: Fitting, frame: pd.DataFrame) -> None:
    """A refit that fails now is no pass, even if the others are as good as ever; none can be recorded."""
    made = record_baseline(frame, SCHEMA, synthesizer="independent", figures=[SHAPES])
    fitting.fails = {2: Failure("FitError", "no luck")}
    result = check_baseline(made, frame, SCHEMA)
    assert result.status is GateStatus.FAIL
    assert result.seeds_now == (0, 1, 3, 4)
    assert result.figure(SHAPES).status is GateStatus.PASS
    assert result.requirements[0].reason == "1 of 5 refits failed; the first: seed 2, FitError: no luck"
    fitting.fails = dict.fromkeys(SEEDS, Failure("FitError", "no luck"))
    all_lost = check_baseline(made, frame, SCHEMA)
    assert (all_lost.status, all_lost.figure(SHAPES).status) == (GateStatus.FAIL, GateStatus.INCOMPARABLE)
    with pytest.raises(FitError, match="5 of 5 refits failed"):
        record_baseline(frame, SCHEMA, synthesizer="independent", figures=[SHAPES])


def test_figures_that_do_not_apply_say_why(fitting: Fitting, frame: pd.DataFrame) -> None:
    """The measurer's reason reaches the figure and the requirement."""
    made = record_baseline(
        frame, SCHEMA, synthesizer="independent", figures=[SHAPES, RARE], require={RARE: ">=0.5"}
    )
    fitting.scores[RARE] = None
    result = check_baseline(made, frame, SCHEMA)
    assert result.status is GateStatus.FAIL
    assert result.figure(RARE).reason.endswith("does not now: nothing is rare.")
    assert result.requirements[0].reason.endswith("it cannot be had: nothing is rare.")


def test_utility_is_left_out_where_there_is_nothing_to_predict(fitting: Fitting, frame: pd.DataFrame) -> None:
    """By default one figure a family is asked, without utility where there is no target."""
    made = record_baseline(frame, SCHEMA, synthesizer="independent")
    assert len(made.figures) == 8
    fitting.targets, fitting.scores["utility.boosted"] = (), None
    bare = record_baseline(frame, SCHEMA, synthesizer="independent")
    assert {item.name for item in made.figures} - {item.name for item in bare.figures} == {"utility.boosted"}


def test_rows_are_cut_by_person_unless_they_are_cut(fitting: Fitting, frame: pd.DataFrame) -> None:
    """A split stays as it is, a holdout too; of a table alone three people in ten are held out, seed 0."""
    ours = st.split(frame, SCHEMA, holdout=0.5, seed=9)
    record_baseline(ours, SCHEMA, synthesizer="independent", figures=[SHAPES])
    assert fitting.asked["split"] is ours
    record_baseline(frame, holdout=frame[:7], synthesizer="independent", figures=[SHAPES])
    given = fitting.asked["split"]
    assert isinstance(given, st.Split)
    assert (len(given.train), len(given.holdout)) == (100, 7)
    record_baseline(frame, SCHEMA, synthesizer="independent", figures=[SHAPES])
    cut = fitting.asked["split"]
    assert isinstance(cut, st.Split)
    pd.testing.assert_frame_equal(cut.train, st.split(frame, SCHEMA, holdout=0.3, seed=0).train)
    with pytest.raises(SpecError, match="has its own holdout"):
        record_baseline(ours, SCHEMA, holdout=frame, synthesizer="independent")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"synthesizer": "gausian_copula"}, "gausian_copula"),
        ({"synthesizer": 3}, "names no synthesizer"),
        ({"seeds": []}, "Name at least one seed"),
        ({"seeds": "01"}, "seeds must be a list"),
        ({"seeds": [0, True]}, "whole numbers, 0 or more"),
        ({"seeds": [-1]}, "whole numbers, 0 or more"),
        ({"seeds": [1, 1]}, "named twice"),
        ({"figures": []}, "1 to 8 figures, not 0"),
        ({"figures": [item.name for item in gate.figures_named(gate.GATE_FIGURES)] + [COPIES]}, "not 9"),
        ({"figures": ["rare.covrage"]}, "Did you mean"),
        ({"require": {RARE: "0.9"}}, "cannot be read"),
    ],
)
@pytest.mark.usefixtures("fitting")
def test_odd_arguments_are_refused_before_anything_is_fitted(
    frame: pd.DataFrame, wrong: dict[str, object], message: str
) -> None:
    """Each argument that is none of its kind is refused by name."""
    given: dict[str, object] = {"synthesizer": "independent"} | wrong
    with pytest.raises(SynthtabError, match=message):
        record_baseline(frame, SCHEMA, **given)  # type: ignore[arg-type] # wrong on purpose


# ------------------------------------------------------------------- for real

COUNTED = [SHAPES, "marginal.ks", "association.interaction_tvd"]


@pytest.fixture(scope="module")
def clinic(nhanes: Dataset) -> tuple[st.Split, st.TableSchema]:
    """Give 900 rows of eight columns, cut."""
    columns = tuple(nhanes.schema.modelled[:8])
    schema = st.TableSchema(columns, name="clinic")
    rows = nhanes.frame[[column.name for column in columns]].iloc[:900]
    return st.split(rows, schema, holdout=1 / 3, seed=1), schema


@pytest.fixture(scope="module")
def recorded(clinic: tuple[st.Split, st.TableSchema]) -> Baseline:
    split, schema = clinic
    return record_baseline(
        split,
        schema,
        synthesizer="gaussian_copula",
        figures=COUNTED,
        measured=4_000,
        workers=1,
        progress=False,
    )


def checked(recorded: Baseline, split: st.Split, schema: st.TableSchema, **more: object) -> GateResult:
    """Check in this process."""
    return check_baseline(recorded, split, schema, workers=1, progress=False, **more)  # type: ignore[arg-type]


def test_nothing_changed_is_a_pass_to_the_last_digit(
    recorded: Baseline, clinic: tuple[st.Split, st.TableSchema], tmp_path: Path
) -> None:
    """The same synthesizer on the same rows scores exactly as recorded, from the file too."""
    path = write_baseline(recorded, tmp_path / "b.json")
    result = check_baseline(path, *clinic, workers=1, progress=False)
    assert result.status is GateStatus.PASS
    assert result.changes == ()
    assert {item.reason for item in result.figures} == {"Every refit scores exactly as it did."}
    assert GateResult.from_json(result.to_json()) == result.releasable()


def test_worse_synthesizer_fails_and_is_named(
    recorded: Baseline, clinic: tuple[st.Split, st.TableSchema]
) -> None:
    """Independent columns lose dependence: the gate fails there, keeps shapes, and names the change."""
    result = checked(recorded, *clinic, synthesizer="independent")
    assert result.status is GateStatus.FAIL
    assert result.figures[0].name == "association.interaction_tvd"
    assert result.figures[0].status is GateStatus.FAIL
    assert [item.kind for item in result.changes] == ["synthesizer"]
    assert result.synthesizer_now == "independent"


def test_changed_rows_and_schema_are_told(
    recorded: Baseline, clinic: tuple[st.Split, st.TableSchema]
) -> None:
    """A column that became another is told by name; so is one that the schema lost."""
    split, schema = clinic
    name = schema.columns[0].name
    upside = replace(split, train=split.train.assign(**{name: split.train[name].to_numpy()[0]}))
    found = checked(recorded, upside, schema, seeds=[0]).changes
    assert found[0].kind == "data"
    assert f"in 1 of 8 columns: {name}." in found[0].text
    fewer = st.TableSchema(schema.columns[:-1], name="clinic")
    told = checked(recorded, split, fewer, seeds=[0]).changes
    assert (told[0].kind, told[0].text) == (
        "schema",
        f"The schema has lost columns: {schema.columns[-1].name}.",
    )


def test_baseline_is_the_same_in_another_process(
    recorded: Baseline, clinic: tuple[st.Split, st.TableSchema], tmp_path: Path
) -> None:
    """Another process with another hash seed records the same figures and digests."""
    split, schema = clinic
    schema.save(tmp_path / "schema.yaml")
    split.train.to_parquet(tmp_path / "train.parquet")
    split.holdout.to_parquet(tmp_path / "holdout.parquet")
    code = (
        "import sys, synthtab as st\n"
        "from synthtab.selection.gate import record_baseline\n"
        "made = record_baseline('train.parquet', st.TableSchema.load('schema.yaml'),\n"
        f"    holdout='holdout.parquet', synthesizer='gaussian_copula', figures={COUNTED},\n"
        "    seeds=[0, 1], measured=4_000, workers=1)\n"
        "sys.stdout.write(made.to_json())\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    other = json.loads(said.stdout)
    ours = json.loads(recorded.to_json())
    assert other["data"] == ours["data"]
    assert other["columns"] == ours["columns"]
    assert [item["values"] for item in other["figures"]] == [item["values"][:2] for item in ours["figures"]]


@pytest.fixture(scope="module")
def reference(clinic: tuple[st.Split, st.TableSchema], tmp_path_factory: pytest.TempPathFactory) -> Path:
    split, schema = clinic
    return make_reference(split.train, tmp_path_factory.mktemp("gate") / "clinic.npz", schema=schema)


def test_fresh_rows_are_accepted_from_a_vendor(
    reference: Path, clinic: tuple[st.Split, st.TableSchema]
) -> None:
    """Held-out real rows are no worse than fresh rows, and the answer says what a profile cannot tell."""
    result = check_table(reference, clinic[0].holdout, require={SHAPES: ">=0.5"})
    assert result.status in (GateStatus.PASS, GateStatus.WARN)
    assert not [item for item in result.figures if item.status is GateStatus.FAIL]
    assert result.requirements[0].status is GateStatus.PASS
    assert "says nothing about utility, detection and privacy" in result.power
    assert GateResult.from_json(result.to_json()) == result.releasable()


def test_bad_table_is_refused_check_by_check(
    reference: Path, clinic: tuple[st.Split, st.TableSchema]
) -> None:
    """Columns shuffled apart lose dependence: it fails there, as the audit does, in its own margin."""
    split, schema = clinic
    rng = np.random.default_rng(0)
    apart = pd.DataFrame(
        {name: rng.permutation(split.train[name].to_numpy()) for name in split.train.columns}
    )
    result = check_table(reference, apart)
    found = result.figure("association.interaction_tvd")
    assert (result.status, found.status) == (GateStatus.FAIL, GateStatus.FAIL)
    audit = st.audit(reference=reference, synthetic=apart)
    check = audit.check("STB201")
    assert check.value is not None
    assert (found.before, found.now, found.margin) == (1.0, check.value, 0.2)
    assert found.worsening.value == pytest.approx(1 - check.value)
    assert found.worsening.low is not None
    assert found.worsening.high is not None
    assert found.worsening.low < 1 - check.value < found.worsening.high
    assert {c.code for c in audit.checks if c.status is st.Status.FAIL and c.code == "STB204"} <= {
        item.name for item in result.figures
    }
    del schema


def test_worst_column_alone_can_refuse_a_table(
    reference: Path, clinic: tuple[st.Split, st.TableSchema]
) -> None:
    """One ruined column fails the check of the worst column: no figure of a gate, and it still decides."""
    split, schema = clinic
    name = next(column.name for column in schema.columns if column.kind.is_label)
    one = split.holdout.assign(**{name: split.holdout[name].mode().iloc[0]})
    result = check_table(reference, one)
    found = result.figure("STB105")
    assert (result.status, found.status, found.label) == (GateStatus.FAIL, GateStatus.FAIL, "Worst column")
    assert found.worsening.value is not None
    assert found.worsening.value > found.margin


def test_requirements_that_need_rows_fail(reference: Path, clinic: tuple[st.Split, st.TableSchema]) -> None:
    """A profile cannot say whether rows were copied: such a requirement fails, and is not passed over."""
    result = check_table(reference, clinic[0].holdout, require={COPIES: "<=0", RARE: ">=0.99"})
    assert result.status is GateStatus.FAIL
    by_name = {item.name: item for item in result.requirements}
    assert "needs real rows" in by_name[COPIES].reason
    assert by_name[RARE].bound == ">=0.99"


def test_a_requirement_that_can_never_be_met_is_not_recorded(fitting: Fitting, frame: pd.DataFrame) -> None:
    """A figure that does not apply to the table is refused as a requirement, and recorded as none without."""
    fitting.scores[RARE] = None
    with pytest.raises(DataError, match=f"{RARE} is required, and does not apply: nothing is rare"):
        record_baseline(frame, SCHEMA, synthesizer="independent", figures=[SHAPES], require={RARE: ">=0.5"})
    made = record_baseline(frame, SCHEMA, synthesizer="independent", figures=[SHAPES, RARE])
    assert [item.mean is None for item in made.figures] == [False, True]
