"""The page of a gate: the verdict in words, what changed, every figure then and now, what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from gate_fixture import (
    empty_gate,
    failing_gate,
    hostile_gate,
    incomparable_gate,
    passing_gate,
    warning_gate,
)
from page_checks import (
    CORPUS,
    HARMLESS,
    Page,
    by_class,
    bytes_elsewhere,
    check_texts_stay_text,
    check_whole,
    page_of,
    parsed,
    said,
    section,
    source_of,
)
from report_variants import HOSTILE

from synthtab.reporting.html import embed, render
from synthtab.results import GateResult, GateStatus, Interval

MAKERS: dict[str, Callable[[], GateResult]] = {
    "failing": failing_gate,
    "passing": passing_gate,
    "warning": warning_gate,
    "incomparable": incomparable_gate,
    "empty": empty_gate,
    "hostile": partial(hostile_gate, HOSTILE),
    "corpus": partial(hostile_gate, CORPUS),
}


def _source(name: str) -> str:
    return source_of(MAKERS[name])


def _page(name: str) -> Page:
    return page_of(MAKERS[name])


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_is_whole_and_runs_nothing(name: str) -> None:
    """Nothing runs or is loaded, ids and ranks are in order, drawings have tables, gaps leave no trace."""
    check_whole(_source(name), {"#hatch"})


@pytest.mark.parametrize("name", ["failing", "passing", "warning", "incomparable"])
def test_the_page_stays_small(name: str) -> None:
    """A gate of eight figures is a page of less than 60 kB."""
    assert len(failing_gate().figures) == 8
    assert len(_source(name).encode()) < 60_000


def test_the_same_gate_gives_the_same_bytes() -> None:
    """Twice, after a trip through JSON, and in other processes with other hash seeds: the same bytes."""
    once = _source("failing")
    assert once == render(GateResult.from_json(failing_gate().to_json()))
    assert bytes_elsewhere("gate_fixture", "failing_gate") == {hashlib.sha256(once.encode()).hexdigest()}


def test_a_gate_has_a_page_and_a_frame(tmp_path: Path) -> None:
    """`to_html` and a notebook find the renderer of a gate by themselves."""
    assert passing_gate().to_html(tmp_path / "g.html").read_text(encoding="utf-8") == _source("passing")
    assert passing_gate()._repr_html_() == embed(passing_gate())


def test_two_hundred_hostile_texts_stay_text() -> None:
    """Each is shown as it is written; none makes an element of its own."""
    harmless = parsed(render(hostile_gate(HARMLESS)))
    check_texts_stay_text(_page("corpus"), harmless, CORPUS)


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [
        ("failing", "fail", "Fail"),
        ("passing", "pass", "Pass"),
        ("warning", "warn", "Warn"),
        ("incomparable", "na", "Not comparable"),
    ],
)
def test_the_verdict_comes_first_in_words(name: str, kind: str, word: str) -> None:
    """The page opens with icon, word and summary; the title of the window begins with the word."""
    first = section(_page(name), "verdict")
    assert said(first) == f"Verdict: {word} {MAKERS[name]().summary}"
    assert kind in first.attributes["class"].split()
    assert first.all("use")[0].attributes["href"] == f"#i-{kind}"
    assert said(_page(name).all("title")[0]).startswith(f"{word}: ")


def test_what_decided_it_stands_worst_first() -> None:
    """Failed figures before warned ones, each with then, now, fresh, interval, margin and reason."""
    (table,) = by_class(_page("failing"), "table", "turned")
    rows = [said(row) for row in table.all("tbody")[0].all("tr")]
    assert rows[0] == (
        "Fail Dependence between columns Associations 0.64 0.52 1.00 +0.12 [0.10, 0.14] p < 0.001 0.050 "
        "Significantly worse, by more than its margin."
    )
    assert [row.split()[0] for row in rows] == ["Fail", "Warn", "Warn"]
    assert "No figure speaks against it." in said(section(_page("passing"), "decided"))
    assert "No figure was compared." in said(section(_page("empty"), "decided"))


def test_what_changed_is_listed() -> None:
    """Every change has its kind and its sentence; without one the page says so."""
    assert said(section(_page("failing"), "changes")).endswith(
        "Library sdv was 1.37.0 and is 2.0.0. Data Column hba1c has other counts than when the baseline was "
        "recorded."
    )
    assert "Nothing that this gate knows of." in said(section(_page("passing"), "changes"))


def test_figures_stand_on_the_scale_of_their_margins() -> None:
    """A worsening of one margin lies on the line of the margin, whatever the figure; far out is an arrow."""
    gate = failing_gate()
    first = gate.figures[0]

    def dot(margins: float) -> dict[str, str]:
        moved = replace(first, worsening=Interval(margins * first.margin, None, None))
        page = parsed(render(replace(gate, figures=(moved,))))
        (use,) = by_class(section(page, "figures").all("figure")[0], "use", "dot")
        return use.attributes

    lines = [line.attributes["x1"] for line in by_class(section(_page("failing"), "figures"), "line", "axis")]
    assert dot(0.0)["x"] == lines[0] == "50%"
    assert dot(1.0)["x"] == lines[1]
    assert dot(2.0)["href"] == "#m-fail"
    assert dot(9.0)["href"] == "#m-right"
    assert dot(-9.0)["href"] == "#m-left"


def test_every_figure_has_its_band_and_its_row_in_the_table() -> None:
    """Eight rows with band, interval, then, now and fresh real rows; the table has power and p too."""
    figure = section(_page("failing"), "figures").all("figure")[0]
    assert len(by_class(figure, "rect", "band")) == 8
    assert len(by_class(figure, "line", "ci")) == 8
    assert said(figure).count(" now, real") == 8
    rows = [said(row) for row in figure.all("tbody")[0].all("tr")]
    assert rows[0] == (
        "Dependence between columns Fail 0.64 0.52 0.010, 0.012 +0.12 [0.10, 0.14] 0.050 p < 0.001 0.030 "
        "1.00 Significantly worse, by more than its margin."
    )


def test_what_cannot_be_compared_draws_nothing() -> None:
    """A figure of another definition and one that does not apply show their reason in place of a dot."""
    figure = section(_page("incomparable"), "figures").all("figure")[0]
    absent = [said(span) for span in by_class(figure, "span", "absent")]
    assert absent == ["Its definition changed.", "There is no rare category."]
    assert len(by_class(figure, "use", "dot")) == 6
    assert "Not comparable" in said(section(_page("incomparable"), "decided"))


def test_requirements_stand_with_their_bounds() -> None:
    """Each has bound, figure, answer and reason; a figure that cannot be had fails with a dash."""
    rows = [said(row) for row in by_class(_page("failing"), "table", "required")[0].all("tbody")[0].all("tr")]
    assert rows[0] == "Fail Rare categories kept ≥ 0.8 0.79 0.79 is below 0.8."
    assert rows[1] == "Pass Membership inference (AUC) ≤ 0.55 0.50 0.501 is at most 0.55."
    assert "– No such figure." in said(section(_page("incomparable"), "requirements"))
    assert "None were made." in said(section(_page("passing"), "requirements"))


def test_what_to_do_follows_from_what_was_found() -> None:
    """Worse after a change: undo it; worse without: look elsewhere; incomparable: record; else nothing."""
    failing = said(section(_page("failing"), "actions"))
    assert failing.startswith("What to do Undo what changed, one thing at a time")
    assert "record a new baseline with “synthtab gate record”" in failing
    assert "A requirement holds whatever the baseline was." in failing
    unchanged = parsed(render(replace(failing_gate(), changes=())))
    assert "Nothing that this gate knows of has changed." in said(section(unchanged, "actions"))
    assert "with more seeds" in said(section(_page("warning"), "actions"))
    assert "needs a new baseline" in said(section(_page("incomparable"), "actions"))
    assert said(section(_page("passing"), "actions")).startswith("What to do Nothing: the choice is worth")


def test_power_is_stated() -> None:
    """What the gate can see stands on the page; where it was not told the page says that."""
    assert "a failure four times out of five" in said(section(_page("failing"), "power"))
    assert "Its power was not stated." in said(section(_page("empty"), "power"))


def test_every_status_has_an_icon_and_a_word() -> None:
    """Each answer a gate can give is shown, and never by colour alone."""
    for status in GateStatus:
        page = parsed(render(replace(failing_gate(), status=status)))
        heading = section(page, "verdict").all("h2")[0]
        assert len(heading.all("use")) == 1
        assert said(heading).removeprefix("Verdict:").strip()
