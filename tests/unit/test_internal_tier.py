"""Two tiers: what may be released by default, everything on request, and a mark that is never lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_fixture import nhanes_audit
from study_fixture import nhanes_study
from typer.testing import CliRunner

import synthtab as st
from synthtab.cli import app
from synthtab.errors import SavedModelError
from synthtab.reporting.html import embed, render
from synthtab.results import AuditResult, StudyResult, VulnerableRecord

MARK = "holds figures about few people; do not pass on"
RUN = CliRunner()


def town(rows: int, seed: int) -> pd.DataFrame:
    """Draw ages, a frequent label and a rare one that nine people have."""
    rng = np.random.default_rng([seed, 41])
    rare = np.array(["no"] * rows, dtype=object)
    rare[:9] = "yes"
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows),
            "ward": rng.choice(["north", "south"], rows),
            "rare": rare,
        }
    )


SCHEMA = st.TableSchema(
    (
        st.ColumnSpec("age", "integer"),
        st.ColumnSpec("ward", "categorical"),
        st.ColumnSpec("rare", "categorical", categories=("no", "yes"), domain="public"),
    )
)


@pytest.fixture(scope="module")
def judged() -> AuditResult:
    """Audit a table in which everybody has what nine real people have."""
    made = town(600, 2).assign(rare="yes")
    return st.audit(
        town(600, 0), made, holdout=town(600, 1), schema=SCHEMA, sections=["marginal", "rare"], title="town"
    )


# ---------------------------------------------------------------------- JSON


def test_the_default_is_the_releasable_tier(judged: AuditResult) -> None:
    """Without being asked nothing internal is written, and nothing says so; the rest is as before."""
    raw = json.loads(judged.to_json())
    assert "internal" not in raw
    assert not {"detail", "vulnerable"} & set(raw)
    assert not AuditResult.from_json(judged.to_json()).is_internal
    assert not judged.is_internal


def test_an_internal_file_keeps_its_mark_and_everything_in_it(judged: AuditResult) -> None:
    """On request exact counts and levels by name are written under a mark that comes back with them."""
    full = replace(judged, vulnerable=(VulnerableRecord(7, 3.5, 2.25, -0.125),))
    text = full.to_json(internal=True)
    assert json.loads(text)["internal"] is True
    back = AuditResult.from_json(text)
    assert back.is_internal
    assert back.to_json() == text
    assert back.vulnerable == full.vulnerable
    assert back.detail is not None
    levels = {(item.column, item.level, item.kind): item for item in back.detail.levels}
    assert levels["rare", "yes", "rare"].train == levels["rare", "yes", "rare"].holdout == 9
    assert levels["rare", "no", "lost"].synthetic == 0


def test_the_releasable_form_of_an_internal_file_is_the_releasable_form(judged: AuditResult) -> None:
    """What was internal can still be brought to what may be released: nothing else stays, nor the mark."""
    back = AuditResult.from_json(judged.to_json(internal=True)).releasable()
    assert back == judged.releasable()
    assert not back.is_internal
    assert back.to_json() == judged.to_json()


@pytest.mark.parametrize("mark", [True, 1, "yes", None, [0]])
def test_a_mark_that_was_edited_is_still_a_mark(judged: AuditResult, mark: object) -> None:
    """Only a plain false, or no mark at all, is none."""
    raw = json.loads(judged.to_json(internal=True)) | {"internal": mark}
    assert AuditResult.from_json(json.dumps(raw)).is_internal


def test_a_study_has_two_tiers_too() -> None:
    """Chains of a study are written on request only, under the mark; its page then says so."""
    study = nhanes_study()
    text = study.to_json(internal=True)
    back = StudyResult.from_json(text)
    assert back.is_internal
    assert back.chains == study.in_full().chains
    assert not StudyResult.from_json(study.to_json()).chains
    assert MARK in render(back)
    assert MARK not in render(study)


def test_what_is_no_result_is_still_refused() -> None:
    """The mark opens no door to other files."""
    with pytest.raises(SavedModelError):
        AuditResult.from_json('{"internal": true}')


# ---------------------------------------------------------------------- pages


def test_only_an_internal_page_shows_it(judged: AuditResult, tmp_path: Path) -> None:
    """The banner, exact counts and nothing withheld on the internal page; none of it on the default one."""
    pages = {
        internal: judged.to_html(tmp_path / f"{internal}.html", internal=internal).read_text(encoding="utf-8")
        for internal in (True, False)
    }
    assert MARK in pages[True]
    assert "<title>INTERNAL: " in pages[True]
    assert 'id="internal"' in pages[True]
    assert "Nothing is withheld on this page." in pages[True]
    assert ">withheld<" not in pages[True]
    assert "Only figures that may be released" not in pages[True]
    for word in (MARK, "INTERNAL", 'id="internal"'):
        assert word not in pages[False]
    assert ">withheld<" in pages[False]


def test_the_mark_travels_to_whatever_is_made_of_it(judged: AuditResult, tmp_path: Path) -> None:
    """A page, and a notebook frame, of what was read from an internal file carry the banner unasked."""
    back = AuditResult.from_json(judged.to_json(internal=True))
    assert MARK in back.to_html(tmp_path / "a.html").read_text(encoding="utf-8")
    assert MARK in embed(back)
    assert render(back) == render(judged, internal=True)


def test_a_printed_page_carries_the_mark_everywhere() -> None:
    """The banner is in the margin of every printed page, not only at the top of the first."""
    page = render(nhanes_audit(), internal=True)
    assert '@top-center{content:"INTERNAL: holds figures about few people; do not pass on"' in page
    assert "@top-center" not in render(nhanes_audit())


# ---------------------------------------------------------------------- what a check rests on


def test_a_check_on_a_column_of_few_people_shows_no_figure(judged: AuditResult) -> None:
    """The worst column is worst by nine people: its answer stands, its figure is for internal eyes."""
    check = judged.check("STB105")
    assert check.columns == ("rare",)
    assert check.value is not None
    assert not check.releasable
    shown = AuditResult.from_json(judged.to_json()).check("STB105")
    assert (shown.value, shown.low, shown.high, shown.reference) == (None, None, None, None)
    assert shown.status is check.status
    assert ">withheld<" in render(judged)
    assert AuditResult.from_json(judged.to_json(internal=True)).check("STB105").value is not None


def test_rows_of_one_person_are_not_many_people() -> None:
    """Twelve rows of one person are no twelve people: what only they have is withheld."""

    def visits(seed: int) -> pd.DataFrame:
        rng = np.random.default_rng([seed, 43])
        frame = pd.DataFrame(
            {"who": np.repeat(np.arange(100) + 1_000 * seed, 12), "kind": rng.choice(["a", "b", "c"], 1_200)}
        )
        frame["x"] = rng.normal(size=1_200)
        frame.loc[:11, "kind"] = "only theirs"
        return frame

    columns = (st.ColumnSpec("kind", "categorical"), st.ColumnSpec("x", "numeric"))
    shown: dict[bool, Any] = {}
    for has_unit in (False, True):
        who = (st.ColumnSpec("who", "identifier"),) if has_unit else ()
        schema = st.TableSchema((*who, *columns), unit="who" if has_unit else None)
        frames = [visits(seed) if has_unit else visits(seed)[["kind", "x"]] for seed in range(3)]
        result = st.audit(frames[0], frames[2], holdout=frames[1], schema=schema, sections=["marginal"])
        (drawn,) = (item for item in result.distributions if item.column == "kind")
        shown[has_unit] = {cell.label for cell in drawn.cells if cell.real is not None}
    assert "only theirs" in shown[False]
    assert "only theirs" not in shown[True]


# ---------------------------------------------------------------------- the command line


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write three tables and a schema."""
    folder = tmp_path_factory.mktemp("tables")
    for name, seed in (("real", 0), ("holdout", 1), ("made", 2)):
        town(300, seed).to_csv(folder / f"{name}.csv", index=False)
    SCHEMA.save(folder / "schema.yaml")
    return folder


def test_the_command_line_writes_a_folder_of_its_own(files: Path, tmp_path: Path) -> None:
    """--internal DIR holds page, figures and rows under names that say so; --out holds none of it.

    A page drawn from the internal figures is internal as well.
    """
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    done = RUN.invoke(
        app,
        [
            *("audit", "--real", str(files / "real.csv"), "--holdout", str(files / "holdout.csv")),
            *("--synthetic", str(files / "made.csv"), "--schema", str(files / "schema.yaml")),
            *("--out", str(outside), "--internal", str(inside)),
        ],
    )
    assert done.exit_code in (0, 1), done.output
    names = {"internal-audit.html", "internal-audit.json", "internal-vulnerable.csv"}
    assert {path.name for path in inside.iterdir()} == names
    assert {path.name for path in outside.iterdir()} == {"audit.html", "audit.json"}
    assert len(pd.read_csv(inside / "internal-vulnerable.csv")) == 300
    for folder, marked in ((inside, True), (outside, False)):
        for path in folder.glob("*audit.*"):
            text = path.read_text(encoding="utf-8")
            assert (MARK in text or '"internal": true' in text) is marked, path.name
    again = tmp_path / "again.html"
    told = RUN.invoke(app, ["report", str(inside / "internal-audit.json"), "--out", str(again)])
    assert told.exit_code == 0
    assert "internal file" in told.output
    assert MARK in again.read_text(encoding="utf-8")
    refused = RUN.invoke(
        app,
        [
            *("audit", "--real", str(files / "real.csv"), "--synthetic", str(files / "made.csv")),
            *("--internal", str(files / "real.csv")),
        ],
    )
    assert refused.exit_code == 2
