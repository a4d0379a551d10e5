"""Messages: what a gate says where a test fails, in a pull request, and in the report of a CI."""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from synthtab.results import GateFigure, GateResult, GateStatus, RequirementAnswer
from synthtab.selection.worsening import GATE_ALARM

__all__ = ["gate_junit", "gate_markdown", "gate_message", "verdict_words"]

_WIDTH = 100
_LABEL = 37
_NAMES = ("figure", "before", "now", "worse by", "margin", "verdict")
_WORDS = {
    GateStatus.PASS: "PASS",
    GateStatus.WARN: "WARN",
    GateStatus.FAIL: "FAIL",
    GateStatus.INCOMPARABLE: "INCOMPARABLE",
    GateStatus.NOT_APPLICABLE: "NOT APPLICABLE",
}
_NOTHING_CHANGED = "Nothing that was recorded changed: not the rows, schema, libraries, synthesizer or seeds."
_LOOK_FURTHER = "So look at code of your own, at other libraries, and at the machine."
_MARKS = str.maketrans(
    {char: f"\\{char}" for char in "\\`*_[]~"} | {char: f"&#{ord(char)};" for char in "|@#"}
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BAD = frozenset({GateStatus.FAIL, GateStatus.INCOMPARABLE})


def gate_message(result: GateResult) -> str:
    """Say what became of a gate, as the message of a failed test or on a terminal.

    Parameters
    ----------
    result : GateResult
        The gate.

    Returns
    -------
    str
        Plain text, at most 100 columns wide, a line break at its end: the answer first, then every figure,
        worst first, what is required, what changed, what the gate can see, and what to do.
    """
    lines = [*_wrapped(_headline(result)), *_wrapped(_plain(result.summary)), ""]
    lines += _table(result.figures)
    told = [f"{_plain(item.label)}: {_plain(item.reason)}" for item in result.figures if item.status in _TOLD]
    lines += _list("Why:", told)
    if result.requirements:
        lines += _list(
            "Required:",
            [
                f"{'met' if item.status is GateStatus.PASS else 'NOT MET'}: {_plain(item.label)}. "
                f"{_plain(item.reason)}"
                for item in result.requirements
            ],
        )
    lines += _list("What changed:", _changes(result))
    lines += _list("What this gate can see:", [_plain(result.power), _plain(f"Test: {result.test}.")])
    lines += _list("What to do:", _advice(result))
    return "\n".join(lines).rstrip() + "\n"


def gate_markdown(result: GateResult) -> str:
    """Say what became of a gate as a comment on a pull request.

    Parameters
    ----------
    result : GateResult
        The gate.

    Returns
    -------
    str
        GitHub Markdown; names and messages cannot end the table or become HTML.
    """
    lines = [f"**{_escaped(_headline(result))}**", "", _escaped(result.summary), ""]
    if result.figures:
        lines += ["| " + " | ".join(_NAMES) + " |", "| --- | ---: | ---: | ---: | ---: | --- |"]
        lines += ["| " + " | ".join(map(_escaped, _cells(item))) + " |" for item in result.figures]
        lines.append("")
    if result.requirements:
        lines += ["| required | found | |", "| --- | ---: | --- |"]
        lines += [
            f"| {_escaped(item.label)} {_escaped(item.bound)} | {_number(item.value)} "
            f"| {'met' if item.status is GateStatus.PASS else '**not met**'} |"
            for item in result.requirements
        ]
        lines.append("")
    for title, parts in (
        ("What changed", _changes(result)),
        ("What this gate can see", [result.power, f"Test: {result.test}."]),
        ("What to do", _advice(result, mark="`")),
    ):
        if parts:
            # advice is our own, and its commands are marked as code
            shown = parts if title == "What to do" else [_escaped(part) for part in parts]
            lines += [f"**{title}**", "", *(f"- {part}" for part in shown), ""]
    return "\n".join(lines).rstrip() + "\n"


def gate_junit(result: GateResult) -> str:
    """Write a gate as JUnit XML, which every CI shows as test results.

    Parameters
    ----------
    result : GateResult
        The gate.

    Returns
    -------
    str
        One suite; a case for each figure and requirement. What is worse, not comparable or not met is a
        failure; a warning is a case that passed and says something.
    """
    cases = [_figure_case(item) for item in result.figures]
    cases += [_requirement_case(item) for item in result.requirements]
    if result.status in _BAD and not any(case.find("failure") is not None for case in cases):
        whole = ET.Element("testcase", classname="synthtab.gate", name="whole gate")
        _fail(whole, result.status, result.summary)
        cases.append(whole)
    suite = ET.Element(
        "testsuite",
        name=_xml(f"synthtab gate: {_what(result)}"),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors="0",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time="0",
    )
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = _xml(gate_message(result))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def verdict_words(figure: GateFigure) -> str:
    """Say in a word or four what became of a figure.

    Parameters
    ----------
    figure : GateFigure
        Which.

    Returns
    -------
    str
        ``worse``, ``worse, within margin``, ``too noisy to tell``, ``not comparable``, ``does not apply``,
        ``better`` or ``kept``.
    """
    if figure.status is GateStatus.WARN:
        noisy = figure.detectable is None or figure.detectable > 2 * figure.margin
        sure = figure.p_value is not None and figure.p_value <= GATE_ALARM
        return "too noisy to tell" if noisy and not sure else "worse, within margin"
    if figure.status is GateStatus.PASS:
        high = figure.worsening.high
        return "better" if high is not None and high < 0 else "kept"
    return {
        GateStatus.FAIL: "worse",
        GateStatus.INCOMPARABLE: "not comparable",
        GateStatus.NOT_APPLICABLE: "does not apply",
    }[figure.status]


_TOLD = (GateStatus.FAIL, GateStatus.INCOMPARABLE, GateStatus.WARN)


def _headline(result: GateResult) -> str:
    return f"{_WORDS[result.status]}: {_plain(_what(result))}"


def _what(result: GateResult) -> str:
    if _is_of_table(result):
        return f"{result.synthesizer_now} against {result.synthesizer_before} of {result.table}"
    if result.synthesizer_before != result.synthesizer_now:
        return f"{result.synthesizer_now} on {result.table}, against {result.synthesizer_before}"
    return f"{result.synthesizer_now} on {result.table}, against its baseline"


def _cells(item: GateFigure) -> tuple[str, ...]:
    return (
        item.label,
        _number(item.before),
        _number(item.now),
        _number(item.worsening.value),
        _number(item.margin),
        verdict_words(item),
    )


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    shown = f"{value:.3f}" if abs(value) < 1_000 else f"{value:.3g}"  # noqa: PLR2004 - a column has eight places
    return shown.replace("-0.000", "0.000")


def _table(figures: Sequence[GateFigure]) -> list[str]:
    if not figures:
        return []
    rows = [_NAMES, *(_cells(item) for item in figures)]
    lines = []
    for row in rows:
        label = _fitted(_plain(row[0]), _LABEL)
        numbers = "".join(f"{text:>10}" for text in row[1:-1])
        lines.append(f"{label}{numbers}   {row[-1]}")
    lines.insert(1, "-" * max(_cells_wide(line) for line in lines))
    return [*lines, ""]


def _changes(result: GateResult) -> list[str]:
    if _is_of_table(result):
        return []
    told = [item.text for item in result.changes]
    if not told:
        told = [f"{_NOTHING_CHANGED} {_LOOK_FURTHER}" if result.status in _BAD else _NOTHING_CHANGED]
    return told


def _advice(result: GateResult, mark: str = "") -> list[str]:
    update, record = (f"{mark}{text}{mark}" for text in ("pytest --synthtab-update", "synthtab gate record"))
    if result.status is GateStatus.PASS:
        return []
    if _is_of_table(result):
        return [
            "Show the figures above to whoever made the table.",
            "To take it all the same is a decision: write down who took it, and why.",
        ]
    if result.status is GateStatus.INCOMPARABLE:
        return [f"Record a baseline that can be compared: {update}, or {record}. Until then this is no pass."]
    words = {verdict_words(item) for item in result.figures}
    advice = [
        ("worse", "If this is not wanted, go back to what was recorded: see what changed, above."),
        (
            "worse",
            f"If it is wanted, accept it on purpose: {update}, or {record}, and commit the new baseline.",
        ),
        (
            "worse, within margin",
            "What is worse within its margin is real but small. Look for its cause now: small steps add up.",
        ),
        ("too noisy to tell", "Where it is too noisy to tell, record and check with more seeds."),
    ]
    unmet = any(item.status is GateStatus.FAIL for item in result.requirements)
    last = ["A requirement is not met by recording anew: meet it, or change it on purpose."] if unmet else []
    return [text for word, text in advice if word in words] + last


def _is_of_table(result: GateResult) -> bool:
    """Tell a table that was judged as it is from a synthesizer that was fitted."""
    return not result.seeds_before and not result.seeds_now


def _figure_case(item: GateFigure) -> ET.Element:
    case = ET.Element("testcase", classname="synthtab.gate", name=_xml(f"{item.name}: {item.label}"))
    detail = " ".join(
        f"{name} {text};" for name, text in zip(_NAMES[1:-1], _cells(item)[1:-1], strict=True)
    ).rstrip(";")
    if item.status in _BAD:
        _fail(case, item.status, item.reason, detail)
    elif item.status is GateStatus.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=_xml(item.reason))
    else:
        ET.SubElement(case, "system-out").text = _xml(f"{_WORDS[item.status]}: {item.reason}\n{detail}")
    return case


def _requirement_case(item: RequirementAnswer) -> ET.Element:
    case = ET.Element(
        "testcase", classname="synthtab.gate.requirement", name=_xml(f"{item.name} {item.bound}")
    )
    if item.status in _BAD:
        _fail(case, item.status, item.reason)
    else:
        ET.SubElement(case, "system-out").text = _xml(item.reason)
    return case


def _fail(case: ET.Element, status: GateStatus, reason: str, detail: str = "") -> None:
    failure = ET.SubElement(case, "failure", message=_xml(reason), type=status.value)
    failure.text = _xml(f"{reason}\n{detail}".strip())


def _list(title: str, parts: Sequence[str]) -> list[str]:
    if not parts:
        return []
    lines = [title]
    for part in parts:
        lines += _wrapped(_plain(part), first="- ", later="  ")
    return [*lines, ""]


def _wrapped(text: str, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    ) or [""]


def _plain(text: str) -> str:
    """Keep a name from breaking a line or steering a terminal."""
    kept = "".join(
        " " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char for char in text
    )
    return " ".join(kept.split())


def _escaped(text: str) -> str:
    """Keep a name from being read as Markdown or HTML: nothing ends a cell, links, mentions or draws."""
    return html.escape(_plain(text), quote=False).translate(_MARKS)


def _xml(text: str) -> str:
    """Leave out what no XML may hold, even escaped."""
    return _NOT_XML.sub("", text)


def _fitted(text: str, width: int) -> str:
    shown = ""
    for char in text:
        if _cells_wide(shown + char) > width - 1:
            shown += "…"
            break
        shown += char
    return shown + " " * (width - _cells_wide(shown))


def _cells_wide(text: str) -> int:
    """Count the columns that text takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)
