"""What a gate says: to whoever reads a failed test, a pull request, or a CI report."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree as ET

import pytest
from gate_cases import around, baseline, gate_figure, gate_result
from hypothesis import given
from hypothesis import strategies as st

from synthtab.results import Change, GateFigure, GateResult, GateStatus, Interval, RequirementAnswer
from synthtab.selection.gate import compare_baselines
from synthtab.selection.gate_message import gate_junit, gate_markdown, gate_message, verdict_words

WIDTH = 100
WORSE = gate_figure(
    "marginal.tvd",
    GateStatus.FAIL,
    before=0.95,
    now=0.85,
    worsening=Interval(0.1, 0.08, 0.12),
    p_value=0.0001,
    reason="Worse by 0.1, surely (p < 0.001), and more than the margin of 0.02.",
)
GONE = gate_figure(
    "tails.tail_mass",
    GateStatus.INCOMPARABLE,
    now=None,
    worsening=Interval(),
    p_value=None,
    detectable=None,
    reason="Its definition changed (version 1 then, 2 now): record anew.",
)
UNMET = RequirementAnswer(
    "rare.coverage",
    "Rare categories kept",
    ">=0.99",
    0.94,
    GateStatus.FAIL,
    "It is 0.94 and must be >=0.99: not met.",
)
LIBRARY = Change("library", "numpy is another version: 2.1.0 → 2.2.0.")


@pytest.fixture
def failed() -> GateResult:
    return gate_result(
        [WORSE, GONE, gate_figure()],
        status=GateStatus.FAIL,
        summary="1 of 3 figures got worse by more than they may: Column shapes (0.95 → 0.85).",
        requirements=(UNMET,),
        changes=(LIBRARY,),
        synthesizer_now="tvae(epochs=5)",
    )


def test_message_says_first_what_failed_then_why_then_what_to_do(failed: GateResult) -> None:
    """Verdict, figures worst first, requirements, changes, power and advice stand in that order."""
    text = gate_message(failed)
    assert text.startswith("FAIL: tvae(epochs=5) on clinic, against gaussian_copula\n")
    places = [
        text.index(part)
        for part in (
            "Column shapes  ",
            "Mass of the tails  ",
            "Rare categories kept  ",
            "Why:",
            "Required:",
            "NOT MET: Rare categories kept. It is 0.94",
            "What changed:",
            "numpy is another version: 2.1.0 → 2.2.0.",
            "What this gate can see:",
            "What to do:",
            "pytest --synthtab-update",
            "synthtab gate record",
        )
    ]
    assert places == sorted(places)
    line = next(line for line in text.splitlines() if line.startswith("Column shapes"))
    assert line.split()[2:] == ["0.950", "0.850", "0.100", "0.020", "worse"]


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (WORSE, "worse"),
        (gate_figure(status=GateStatus.WARN, p_value=0.001), "worse, within margin"),
        (gate_figure(status=GateStatus.WARN, p_value=0.4, detectable=0.9), "too noisy to tell"),
        (gate_figure(status=GateStatus.WARN, p_value=0.001, detectable=0.9), "worse, within margin"),
        (gate_figure(status=GateStatus.WARN, p_value=None, detectable=None), "too noisy to tell"),
        (GONE, "not comparable"),
        (gate_figure(status=GateStatus.NOT_APPLICABLE), "does not apply"),
        (gate_figure(), "kept"),
        (gate_figure(worsening=Interval(-0.1, -0.2, -0.01)), "better"),
    ],
)
def test_verdict_in_words(figure: GateFigure, words: str) -> None:
    """Every status has its words, and a warning says which of the two it is."""
    assert verdict_words(figure) == words
    assert words in gate_message(gate_result([figure]))
    assert words in gate_markdown(gate_result([figure]))


def test_pass_gives_no_advice_and_an_unchanged_failure_says_where_to_look() -> None:
    """Nothing to do is said by silence; a failure without a recorded change names what is not recorded."""
    assert "What to do" not in gate_message(gate_result([gate_figure()]))
    text = gate_message(gate_result([WORSE], status=GateStatus.FAIL))
    assert "Nothing that was recorded changed" in text
    assert "code of your own" in text


def test_advice_follows_what_happened() -> None:
    """Noise asks for seeds, a small fall for its cause, an unmet requirement for no new baseline."""
    noisy = gate_figure(status=GateStatus.WARN, p_value=0.4, detectable=0.9)
    small = gate_figure(status=GateStatus.WARN, p_value=0.001)
    assert "more seeds" in gate_message(gate_result([noisy], status=GateStatus.WARN))
    text = gate_message(gate_result([small], status=GateStatus.WARN))
    assert "small steps add up" in text
    assert "more seeds" not in text
    unmet = gate_message(gate_result([gate_figure()], status=GateStatus.FAIL, requirements=(UNMET,)))
    assert "not met by recording anew" in unmet
    assert "accept it on purpose" not in unmet
    assert "no pass" in gate_message(gate_result([GONE], status=GateStatus.INCOMPARABLE))
    table = gate_message(gate_result([WORSE], status=GateStatus.FAIL, seeds_before=(), seeds_now=()))
    assert "whoever made the table" in table
    assert "What changed" not in table


def wide(line: str) -> int:
    """Count the columns of a terminal."""
    return len(line) + sum(unicodedata.east_asian_width(char) in "WF" for char in line)


def test_message_fits_a_terminal(failed: GateResult) -> None:
    """No line is wider than 100 columns, however long the names; verdicts stand below each other."""
    long = "a very long column name " * 20
    grown = gate_result(
        [gate_figure(label="患者" * 30), *failed.figures, gate_figure(status=GateStatus.WARN, p_value=0.0)],
        changes=(Change("data", f"Changed: {long}."),),
        synthesizer_now=long,
        power=long,
    )
    lines = gate_message(grown).splitlines()
    assert max(map(wide, lines)) <= WIDTH
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("figure")) :][:6]
    assert (
        len(
            {
                line.rindex(verdict) + wide(line) - len(line)
                for line, verdict in zip(table[2:], ("kept", "worse", "not", "kept"), strict=True)
            }
        )
        == 1
    )


NASTY = "a|b`c`<script>*x*\n[l](http://e.x) @all #1 \x1b[31m\u202e"


def test_names_cannot_break_out_of_markdown(failed: GateResult) -> None:
    """Pipes, backticks, tags, links, mentions and line breaks in names stay text."""
    nasty = gate_result(
        [gate_figure(label=NASTY)], changes=(Change("data", NASTY),), table=NASTY, summary=NASTY
    )
    text = gate_markdown(nasty)
    row = next(line for line in text.splitlines() if line.startswith("| a"))
    assert row.count("|") == gate_markdown(failed).splitlines()[4].count("|")
    for raw in ("<script>", "`c`", "*x*", "](http", "@all", "\x1b", "\u202e", "#1 "):
        assert raw not in text.replace("\\`", "").replace("\\*", "").replace("\\]", "")
    plain = gate_markdown(failed)
    assert plain.startswith("**FAIL: tvae(epochs=5) on clinic, against gaussian\\_copula**\n\n")
    assert "| Column shapes | 0.950 | 0.850 | 0.100 | 0.020 | worse |" in plain
    assert "`pytest --synthtab-update`" in plain
    assert "| Rare categories kept &gt;=0.99 | 0.940 | **not met** |" in plain


def test_names_cannot_steer_a_terminal() -> None:
    """Escape sequences, line breaks and changes of direction do not reach the terminal."""
    text = gate_message(
        gate_result([gate_figure(label=NASTY)], changes=(Change("data", NASTY),), table=NASTY)
    )
    assert all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cf"} for char in text)


def suite_of(result: GateResult) -> ET.Element:
    """Read the suite."""
    suite = ET.fromstring(gate_junit(result)).find("testsuite")  # noqa: S314 - our own text
    assert suite is not None
    return suite


def test_junit_has_a_case_a_figure_and_a_requirement(failed: GateResult) -> None:
    """Worse, incomparable and not met are failures; what is kept passes, and the message goes along."""
    suite = suite_of(failed)
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [
        "marginal.tvd: Column shapes",
        "tails.tail_mass: Mass of the tails",
        "rare.coverage: Rare categories kept",
        "rare.coverage >=0.99",
    ]
    kinds = [None if (found := case.find("failure")) is None else found.get("type") for case in cases]
    assert kinds == ["fail", "incomparable", None, "fail"]
    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    first = cases[0].find("failure")
    assert first is not None
    assert first.get("message") == WORSE.reason
    assert "before 0.950; now 0.850; worse by 0.100; margin 0.020" in str(first.text)
    assert suite.findtext("system-out") == gate_message(failed)


def test_junit_warnings_pass_and_say_so() -> None:
    """A warning is a case that passed with a word; what does not apply is skipped."""
    noisy = gate_figure(status=GateStatus.WARN, reason="Too few refits.")
    bare = gate_figure("tails.tail_mass", GateStatus.NOT_APPLICABLE, reason="It did not apply.")
    suite = suite_of(gate_result([noisy, bare], status=GateStatus.WARN))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "1")
    assert suite.findall("testcase")[0].findtext("system-out", "").startswith("WARN: Too few refits.")


def test_junit_of_a_gate_that_saw_nothing_fails() -> None:
    """A gate that is no pass has at least one failure, though none of its cases has one."""
    nothing = baseline({"rare.coverage": None})
    suite = suite_of(compare_baselines(nothing, nothing))
    assert suite.get("failures") == "1"
    assert suite.findall("testcase")[-1].get("name") == "whole gate"


@given(st.text(max_size=60))
def test_any_name_gives_sound_xml_and_narrow_text(name: str) -> None:
    """Whatever stands in a name, XML can be read back and no line is too wide."""
    result = gate_result([gate_figure(label=name)], table=name, changes=(Change("data", name),), power=name)
    assert suite_of(result).get("tests") == "1"
    assert all(len(line) <= WIDTH for line in gate_message(result).splitlines())
    table = [line for line in gate_markdown(result).splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in table} == {7}


def test_real_answers_read_as_sentences() -> None:
    """An answer that was judged, not made by hand, has every part of the message."""
    before = baseline({"marginal.tvd": around(0.95), "rare.coverage": around(0.9)})
    text = gate_message(
        compare_baselines(before, baseline({"marginal.tvd": around(0.8), "rare.coverage": around(0.9)}))
    )
    assert text.startswith("FAIL: gaussian_copula on clinic, against its baseline\n")
    assert "1 of 2 figures got worse by more than they may: Column shapes (0.95 → 0.8)." in text
    assert "With 5 refits this gate sees, 4 times in 5, a worsening of" in text
