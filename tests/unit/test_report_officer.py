"""The sheet for a privacy officer, and where a table comes from: told, counted, never invented."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from report_fixture import nhanes_audit
from report_variants import clean_audit, empty_audit, leaky_audit, unheld_audit
from typer.testing import CliRunner

import synthtab as st
from synthtab.cli import app
from synthtab.reporting.audit_lineage import lineage_note, lineage_steps
from synthtab.reporting.audit_officer import officer_view
from synthtab.reporting.html import render
from synthtab.results import AuditResult, ContextAnswer, GuardAction, Status, TableLineage, Verdict

TOLD = TableLineage(
    generation=1,
    synthesizer="gaussian_copula(x=1)",
    parents=("real table, 900 rows",),
    fit_seed=3,
    sample_seed=4,
    guard=10,
    releasable=True,
    releases=2,
)


def with_lineage(told: TableLineage | None) -> AuditResult:
    """Give the audit a table that says where it comes from."""
    audit = nhanes_audit()
    return replace(audit, provenance=replace(audit.provenance, lineage=told))


def sheet(audit: AuditResult) -> str:
    """Give the words of the sheet."""
    page = render(audit)
    part = page.split('id="officer"', 1)[1].split("</section>", 1)[0]
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", part)).replace("\u00a0", " ")
    return re.sub(r" (?=[,:.])", "", words)


# ---------------------------------------------------------------------- the sheet


def test_the_sheet_holds_what_an_officer_asks() -> None:
    """Table, guard, attacks with power, finding, circles, limits, provenance, date, and lines to sign."""
    words = sheet(nhanes_audit())
    for wanted in (
        "NHANES adults 2017–2018, made by gaussian_copula",
        "cancer_type: 17 levels of fewer than 10 people pooled",
        "Membership",
        "14 copied rows (0.4 %)",
        "1.1 % [0.6, 1.9]",
        "Partners",
        "people bound by contract",
        "with the notes",
        "survey weights were not used",
        "3,685 real rows",
        "2026-11-22",
        "no figure that fewer than 10 people stand behind",
        "Could not be asked: Quasi-identifiers.",
    ):
        assert wanted in words, wanted
    assert words.rstrip().endswith("Name Role Date Signature")


def test_one_row_for_each_question_that_was_judged() -> None:
    """Each question has the attack that speaks for it, beside others; descriptions have none."""
    view = officer_view(nhanes_audit())
    assert [row.question for row in view.attacks] == [
        *("Copies", "Membership", "Attribute inference", "Linkability", "Singling out"),
        "Single people and rare values",
    ]
    membership = view.attacks[1]
    assert (membership.found, membership.others) == ("1.1\u00a0% [0.6, 1.9]", "1.0\u00a0%")
    assert view.compared_with == "On others"
    assert "no leak" in view.found


def test_a_leak_is_said_first_and_by_name() -> None:
    """Where something leaked the sheet opens with it; where nothing was judged it says so."""
    view = officer_view(leaky_audit())
    assert view.found.startswith("A leak was found: ")
    assert "Membership" in view.found
    assert officer_view(unheld_audit()).compared_with == "Expected"
    assert officer_view(empty_audit()).found.startswith("No attack could be judged")
    assert "This audit was not told of a guard." in sheet(clean_audit())


def test_what_does_not_fit_is_counted() -> None:
    """Of many guarded columns, limits, circles and reasons the first few stand there, the rest is counted."""
    audit = nhanes_audit()
    many = replace(
        audit,
        guard=tuple(GuardAction(f"column {place}", "pooled") for place in range(30)),
        limits=tuple(f"Limit {place}." for place in range(20)),
        contexts=(ContextAnswer("all", "All", "everybody", Verdict.WARN, ("One.", "Two.", "Three."), ()),),
    )
    view = officer_view(many)
    assert (len(view.guard), view.more_guarded) == (4, 26)
    assert view.limits == ("Limit 0.", "Limit 1.", "Limit 2.", "Limit 3.", "Limit 19.")
    assert view.more_limits == 15
    assert (view.circles[0].reasons, view.circles[0].more) == (("One.", "Two."), 1)
    words = sheet(many)
    assert "and 26 more columns" in words
    assert "15 more limits stand in the full report." in words


def test_an_attack_that_only_described_is_none(tmp_path: Path) -> None:
    """A DCR share decides nothing and does not stand on the sheet."""
    audit = nhanes_audit()
    notes = tuple(attack for attack in audit.attacks if attack.status is Status.NOTE)
    assert notes
    assert officer_view(replace(audit, attacks=notes)).attacks == ()
    page = replace(audit, attacks=notes).to_html(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "None could be judged." in page


# ---------------------------------------------------------------------- lineage


def test_the_steps_from_real_rows_to_the_table() -> None:
    """Source, guard, synthesizer with seeds, and which table of the fit: as the table says itself."""
    steps = {row.name: row.text for row in lineage_steps(with_lineage(TOLD))}
    assert steps == {
        "Learned from": "real table, 900 rows",
        "Guard": "ran: no value of fewer than 10 people",
        "Made by": "gaussian_copula(x=1), fit seed 3, sample seed 4",
        "This table": "10,000 rows, generation 1, table 2 drawn from this fit",
    }
    assert lineage_note(with_lineage(TOLD)) == "The table says so itself."


def test_what_is_not_told_is_said_to_be_so() -> None:
    """Without a lineage the audit's own words stand there, and it is said whose they are."""
    steps = {row.name: row.text for row in lineage_steps(with_lineage(None))}
    assert steps["Learned from"] == "real table, 3,685 rows"
    assert steps["Made by"] == "gaussian_copula"
    assert "carries no lineage" in lineage_note(with_lineage(None))
    bare = replace(
        clean_audit(), provenance=replace(clean_audit().provenance, synthesizer="", generation=None)
    )
    assert {row.text for row in lineage_steps(bare)} >= {"not told"}


def test_a_later_generation_and_a_missing_guard_are_told() -> None:
    """A table learned from synthetic rows, or without the guard, says so on the first screen."""
    later = replace(TOLD, generation=3, guard=0, releasable=False, regime="replace")
    audit = with_lineage(later)
    audit = replace(audit, provenance=replace(audit.provenance, generation=3))
    steps = {row.name: row.text for row in lineage_steps(audit)}
    assert steps["Guard"] == "did not run"
    assert "generation 3" in steps["This table"]
    assert "training tables came about by replace" in steps["Made by"]
    assert "learned from synthetic rows" in lineage_note(audit)
    first = render(audit).split('id="decided"')[0]
    assert "did not run" in first
    assert "Where does it come from?" in first
    released = with_lineage(replace(TOLD, releasable=False))
    assert "still not released" in {row.name: row.text for row in lineage_steps(released)}["Guard"]


def test_the_first_screen_tells_what_to_do() -> None:
    """The two worst checks stand beside the answers with their remedy, and the way to the others."""
    first = render(nhanes_audit()).split('id="decided"')[0]
    assert "What decided it, and what to do" in first
    assert "2 more checks failed or warned" in first
    assert 'href="#decided"' in first
    assert "What decided it, and what to do" not in render(clean_audit()).split('id="decided"')[0]


def test_a_file_brings_its_lineage_into_the_report(tmp_path: Path) -> None:
    """A CSV with its lineage beside it: the audit of the file, and the page drawn from its JSON, tell it."""
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"age": rng.integers(18, 90, 400), "ward": rng.choice(["a", "b"], 400)})
    real.to_csv(tmp_path / "real.csv", index=False)
    made = st.make("independent", st.TableSchema.infer(real), seed=5).fit(real).sample(300, seed=6)
    made.to_csv(tmp_path / "made.csv", index=False)
    st.save_lineage(st.lineage_of(made), tmp_path / "made.csv")
    done = CliRunner().invoke(
        app,
        [
            *("audit", "--real", str(tmp_path / "real.csv"), "--synthetic", str(tmp_path / "made.csv")),
            *("--section", "marginal", "--out", str(tmp_path / "out")),
        ],
    )
    assert done.exit_code in (0, 1), done.output
    text = (tmp_path / "out" / "audit.json").read_text(encoding="utf-8")
    assert json.loads(text)["provenance"]["lineage"]["fit_seed"] == 5
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert "independent, fit seed 5, sample seed 6" in page
    assert render(AuditResult.from_json(text)) == page
