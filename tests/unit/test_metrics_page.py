"""docs/metrics.md says of every metric what its docstring says, and of every check its margin and why."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from synthtab.auditing.definitions import DEFINITIONS
from synthtab.auditing.policy import Policy
from synthtab.metrics.base import METRICS, Metric

SCRIPTS = Path(__file__).parents[2] / "scripts"
# definitions that lean on no literature; one that gains a reference must leave this list
WITHOUT_REFERENCE = {
    "synthtab.metrics.marginal.shares",
    "synthtab.metrics.rare.relative_tail_difference",
}
FORMULA = re.compile(r"```math\n(.+?)\n```", re.DOTALL)


@pytest.fixture(scope="module")
def writer() -> Iterator[ModuleType]:
    """Import the script that writes the page."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        yield importlib.import_module("write_metrics_page")
    finally:
        sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def page(writer: ModuleType) -> str:
    """Make the page in memory."""
    return str(writer.page())


def entry(page: str, name: str) -> str:
    """Cut one metric's part out of the page."""
    return page.split(f"\n### {name}\n", 1)[1].split("\n#", 1)[0]


def test_the_committed_page_is_what_the_docstrings_say(writer: ModuleType, page: str) -> None:
    """Nobody changed a definition, a margin or a metric without writing the page again."""
    committed = writer.PAGE.read_text(encoding="utf-8")
    assert committed == page, "run: python scripts/write_metrics_page.py"


@pytest.mark.parametrize("item", METRICS.values(), ids=list(METRICS))
def test_every_metric_is_documented(writer: ModuleType, item: Metric) -> None:
    """Each registered metric names a function that is defined, with its range, and a reference if any."""
    known = writer.documented(item.documented)
    assert known is not None
    assert known.question.endswith(".")
    assert known.returned
    assert "```math" in known.definition or len(f"{known.definition}{known.returned}") > 30
    assert bool(known.references) != (item.documented in WITHOUT_REFERENCE)


@pytest.mark.parametrize("item", METRICS.values(), ids=list(METRICS))
def test_every_metric_has_its_part(page: str, item: Metric) -> None:
    """Each metric's part names it, its version, its range, its perfect score and its function."""
    own = entry(page, item.name)
    assert item.label[1:] in own
    assert f"version {item.version}." in own
    assert f"- Perfect: {item.best:g}." in own
    assert "- Range: " in own
    assert f"`{item.documented}`" in own
    assert "not written down" not in own


def test_checks_stand_with_their_metric(page: str) -> None:
    """Each check made of a Profile metric is told in that metric's part, with its margin's reason."""
    for item in DEFINITIONS:
        assert f"`{item.code}`, {item.name}" in entry(page, item.metric)
    for code, margin in Policy().margins.items():
        assert f"Check `{code}`" in page
        assert margin.reason in page


def test_a_margin_without_a_metric_is_told_apart(writer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that the page does not know yet still shows its margin and its reason."""
    monkeypatch.setattr(writer, "CHECKS", tuple(c for c in writer.CHECKS if c.code != "STB701"))
    other = writer.page().split("## Other checks")[1]
    assert "Check `STB701`: at most 0.65, because a boosted classifier" in other


def test_an_unknown_function_does_not_stop_the_page(
    writer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A metric whose function does not exist yet is said to have no definition."""
    known = METRICS["ks"]
    missing = Metric(
        "ks", known.section, known.version, known.label, documented="synthtab.metrics.nothing.at_all"
    )
    monkeypatch.setitem(METRICS, "ks", missing)
    assert "not written down yet" in entry(writer.page(), "ks")


def test_only_registered_metrics_are_described(writer: ModuleType) -> None:
    """No remark or check of the script is about a metric that is gone."""
    assert set(writer.APPLIED_TO) | set(writer.RANGES) <= set(METRICS)
    assert {check.metric for check in writer.CHECKS} <= set(METRICS)


def test_formulas_are_whole(page: str) -> None:
    """Every formula closes what it opens, and no directive of the docstrings is left over."""
    formulas = FORMULA.findall(page)
    assert len(formulas) > 20
    for formula in formulas:
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\left") == formula.count(r"\right")
    assert ".. math" not in page
    assert ":math:" not in page


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([".. math:: a", "    + b", "", "after"], "```math\na\n+ b\n```\n\nafter"),
        ([".. math:: a", "+ b"], "```math\na\n+ b\n```"),
        ([".. math::", "", "    a,", "    b", "", "after"], "```math\na,\nb\n```\n\nafter"),
        (["with :math:`x_i` and", "``y``"], "with $`x_i`$ and `y`"),
        ([], ""),
    ],
)
def test_docstrings_become_markdown(writer: ModuleType, lines: list[str], expected: str) -> None:
    """Formulas become fences with their continuation lines; a paragraph becomes one line."""
    assert writer.markdown(lines) == expected


def test_links_lead_somewhere(page: str) -> None:
    """Every link inside the page points to a heading of it."""
    headings = set(re.findall(r"^### (\S+)$", page, re.MULTILINE))
    assert set(re.findall(r"\(#([^)]+)\)", page)) <= headings
    assert headings == set(METRICS)
