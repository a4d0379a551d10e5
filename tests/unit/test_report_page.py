"""The page as a whole: self-contained, safe, complete, the same each time, and only what may be released."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from page_checks import check_whole
from page_reader import Page, contrast
from report_fixture import UNPRINTABLE, nhanes_audit
from report_variants import (
    HOSTILE,
    clean_audit,
    empty_audit,
    extreme_audit,
    hostile_audit,
    leaky_audit,
    unheld_audit,
    wide_audit,
)

from synthtab import reporting
from synthtab.reporting.html import embed, render
from synthtab.results import AuditResult, Distribution, Status

MAKERS = [
    *(nhanes_audit, clean_audit, empty_audit, hostile_audit, wide_audit, extreme_audit),
    *(leaky_audit, unheld_audit),
]
FOLDER = Path(reporting.__file__).parent


@cache
def _source(make: Callable[[], AuditResult]) -> str:
    return render(make())


@cache
def _page(make: Callable[[], AuditResult]) -> Page:
    return Page(_source(make))


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def page(request: pytest.FixtureRequest) -> Page:
    return _page(request.param)


@pytest.fixture
def nhanes_page() -> Page:
    return _page(nhanes_audit)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_the_page_is_whole_and_runs_nothing(make: Callable[[], AuditResult]) -> None:
    """Nothing runs or is loaded, ids and ranks are in order, drawings have tables, gaps leave no trace."""
    check_whole(_source(make), {"#hatch"})


def test_a_strict_policy_stands_before_everything(page: Page) -> None:
    """The Content-Security-Policy forbids script and network, and comes before any style or text."""
    first, second = page.all("meta")[:2]
    assert first.attributes == {"charset": "utf-8"}
    assert second.attributes["http-equiv"] == "Content-Security-Policy"
    rules = [rule.strip() for rule in second.attributes["content"].split(";")]
    assert rules[:3] == ["default-src 'none'", "style-src 'unsafe-inline'", "img-src data:"]


def test_the_page_has_a_language_and_a_way_past_its_contents(page: Page) -> None:
    """The page is in English, and the first thing on it leads past the contents."""
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.elements[page.elements.index(page.all("body")[0]) + 1].attributes["class"] == "skip"


def test_tables_have_heads_with_scope(page: Page) -> None:
    """Every head of a table says what it heads; wide ones can be scrolled from the keyboard."""
    assert page.all("table")
    for head in page.all("th"):
        assert head.attributes["scope"] in {"row", "col"}
    for table in page.all("table"):
        region = table.inside("div")
        assert table.all("th")
        if region is not None and region.attributes.get("class") == "wide":
            assert region.attributes["tabindex"] == "0"
            assert region.attributes["aria-label"]


def test_no_status_is_told_by_colour_alone(page: Page) -> None:
    """Beside every status icon stands its word, seen or read aloud."""
    tags = [element for element in page.all("span") if element.attributes.get("class", "").startswith("tag ")]
    for element in tags:
        assert element.all("svg")
        word = element.words().strip()
        # a kind of change that nobody foresaw is told by its own word
        assert word
        assert element.attributes["class"] == "tag note" or word in {
            *("Lost", "Invented", "Reversed", "Weakened", "Strengthened"),
            *("Pass", "Warn", "Fail", "Note", "Not applicable", "Not yet", "With care", "Yes", "Careful"),
            *("A leak was found", "Unclear", "No leak was found", "Not tested", "Not judged"),
            *("yes", "with the notes", "no"),
        }


def test_the_same_result_gives_the_same_bytes() -> None:
    """Rendering twice, or after a trip through JSON, changes nothing; no clock is read."""
    audit = nhanes_audit()
    once = render(audit)
    assert once == render(nhanes_audit())
    assert once == render(AuditResult.from_json(audit.to_json()))
    assert re.findall(r"\b20\d\d-\d\d-\d\d\b", once) == ["2026-11-22"] * 3


@pytest.mark.parametrize(
    ("make", "most"), [(nhanes_audit, 500_000), (leaky_audit, 500_000), (wide_audit, 2_000_000)]
)
def test_pages_stay_small(make: Callable[[], AuditResult], most: int) -> None:
    """26 columns take less than 500 kB, 200 columns less than 2 MB."""
    assert len(_source(make).encode()) < most


def test_two_hundred_columns_are_folded_and_indexed() -> None:
    """The worst nine columns stand open; all two hundred are in the index and in folds of at most 48."""
    page = _page(wide_audit)
    columns = [figure for figure in page.all("figure") if "col" in figure.attributes["class"].split()]
    assert len(columns) == 200
    folded = [figure for figure in columns if figure.inside("details") is not None]
    assert len(folded) == 191
    (index,) = [fold for fold in page.all("details") if "index" in fold.attributes.get("class", "")]
    assert [link.attributes["href"] for link in index.all("a")] == [f"#column-{n}" for n in range(1, 201)]


@pytest.mark.parametrize("text", HOSTILE[:7], ids=range(7))
def test_hostile_texts_stay_text(text: str) -> None:
    """A name that is markup is shown as it is written, wherever names, levels and sentences stand."""
    source, page = _source(hostile_audit), _page(hostile_audit)
    assert page.root.words().count(text) > 3
    if "<" in text:
        assert text not in source


def test_names_cannot_hide_or_turn_the_page_around() -> None:
    """No control or bidirectional character, and no lone surrogate, is left on the page."""
    source = _source(hostile_audit)
    assert source.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]", source)
    assert "invoice[U+202E]txt.exe" in source
    assert "[U+D800] lone surrogate" in source


def test_only_what_may_be_released_is_printed(nhanes_page: Page) -> None:
    """A score that may not be printed appears in no form, and neither does a withheld score of a column."""
    assert "total variation distance v1" in nhanes_page.root.words()
    assert "Kolmogorov" not in nhanes_page.root.words()
    audit = nhanes_audit()
    assert any(score.metric == "ks" and score.value == UNPRINTABLE for score in audit.scores)
    hidden = next(item for item in audit.distributions if item.score_suppressed)
    loud = tuple(
        replace(item, score=0.654321, low=0.65, high=0.66) if item is hidden else item
        for item in audit.distributions
    )
    assert render(replace(audit, distributions=loud)) == render(audit)


def test_render_asks_for_the_releasable_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made from `releasable()`, never from the result as it is in memory."""
    bare = replace(nhanes_audit(), summary="the releasable form")
    monkeypatch.setattr(AuditResult, "releasable", lambda _: bare)
    assert "the releasable form" in render(nhanes_audit())


def test_withheld_cells_say_so(nhanes_page: Page) -> None:
    """A withheld share is a word in the table and hatching in the picture; its noise is not told."""
    (figure,) = [
        figure
        for figure in nhanes_page.all("figure")
        if figure.attributes["class"] == "card col" and "cancer_type" in figure.all("figcaption")[0].words()
    ]
    (row,) = [row for row in figure.all("tr") if "Lymphoma" in row.words()]
    assert [cell.words().strip() for cell in row.all("td")] == ["withheld", "1.2", "–"]
    assert "withheld: fewer than 10 people" in figure.words()


def test_the_verdict_comes_first_and_in_words(nhanes_page: Page) -> None:
    """The main part opens with the verdict as a word and the summary as a sentence."""
    first = nhanes_page.all("main")[0].children[0]
    assert first.attributes["class"] == "verdict fail"
    assert sorted(first.all("h2")[0].words().split()) == ["Fail", "Verdict:"]
    assert first.all("p")[0].words().startswith("Good for modelling, not for rare disease.")
    assert nhanes_page.all("title")[0].text.startswith("Fail: NHANES adults")


def test_every_check_is_on_the_page(nhanes_page: Page) -> None:
    """All twenty-five checks stand there once, those that decided it before and outside any fold."""
    codes = [element for element in nhanes_page.all("code") if element.text.startswith("STB")]
    assert sorted(element.text for element in codes) == sorted(check.code for check in nhanes_audit().checks)
    open_codes = [element.text for element in codes if element.inside("details") is None]
    assert open_codes == ["STB104", "STB301", "STB201", "STB501"]


def test_a_pass_opens_what_it_rests_on() -> None:
    """When nothing failed or warned the passed checks stand open."""
    page = _page(clean_audit)
    assert "No check failed or warned." in page.root.words()
    opened = [
        fold.all("summary")[0].words().strip() for fold in page.all("details") if "open" in fold.attributes
    ]
    assert opened == ["10 passed"]
    assert "No check could be asked." in _page(empty_audit).root.words()


def test_a_result_without_a_page_is_refused() -> None:
    """What has no page is refused by name, with the names of what has one."""
    with pytest.raises(TypeError, match=r"A dict has no page. Results that have one: AuditResult."):
        render({})


def test_a_notebook_gets_a_frame() -> None:
    """In a notebook the page stands in a sandboxed frame, so that its style does not leak out."""
    page = Page(embed(nhanes_audit(), height=700))
    (frame,) = page.elements
    assert frame.tag == "iframe"
    assert frame.attributes["sandbox"] == ""
    assert frame.attributes["srcdoc"] == render(nhanes_audit())
    assert "height:700px" in frame.attributes["style"]


def test_numbers_that_do_not_exist_are_not_drawn() -> None:
    """A score of None or nan has no dot, and a column without cells has a picture that says so."""
    audit = nhanes_audit()
    families = tuple(replace(family, calibrated=float("nan")) for family in audit.families)
    bare = Distribution("bare", "numeric", "", (), None, None, None, Status.NOT_APPLICABLE)
    source = render(replace(audit, families=families, distributions=(bare,)))
    assert "nan" not in re.findall(r'(?:x|y|x1|x2|width|height|d)="([^"]*)"', source)
    assert "Nothing to draw." in source


def test_colours_havecontrast() -> None:
    """In light, dark and print every text colour reaches 4.5 : 1 on card and page, every mark 3 : 1."""
    css = (FOLDER / "templates" / "page.css").read_text(encoding="utf-8")
    themes = [
        dict(re.findall(r"--(\w+):(#[0-9a-f]{3,8})", block)) for block in re.findall(r":root\{([^}]*)\}", css)
    ]
    assert len(themes) == 3
    for theme in themes:
        for ground in (theme["bg"], theme["card"]):
            for name in ("ink", "soft", "pass", "warn", "fail", "na", "note", "syn"):
                assert contrast(theme[name], ground) >= 4.5, (name, ground)
            assert contrast(theme["edge"], ground) >= 3


def test_type_is_never_smaller_than_twelve_pixels() -> None:
    """No rule of the style sheet sets type below 12 px."""
    css = (FOLDER / "templates" / "page.css").read_text(encoding="utf-8")
    sizes = re.findall(r"font(?:-size)?:[^;}]*?([\d.]+)px", css)
    assert sizes
    assert min(map(float, sizes)) >= 12


def test_reporting_reads_results_and_nothing_else() -> None:
    """No module of reporting imports any other floor of the house."""
    allowed = ("synthtab.results", "synthtab.reporting")
    for module in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert all(name.startswith(allowed) for name in names if name.startswith("synthtab")), module.name


def test_importing_synthtab_leaves_templates_alone() -> None:
    """`import synthtab`, and even its results, load neither Jinja2 nor the reports."""
    code = (
        "import sys, synthtab, synthtab.results; print({'jinja2', 'synthtab.reporting'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
