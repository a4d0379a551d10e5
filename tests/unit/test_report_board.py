"""The page of a board: what to take first, references beside figures, real differences, reasons for gaps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from board_fixture import (
    failed_board,
    hostile_board,
    lonely_board,
    nhanes_board,
    partial_board,
    single_seed_board,
)
from hypothesis import given, settings
from hypothesis import strategies as st
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
from page_reader import Element
from report_variants import HOSTILE

from synthtab.reporting.board_labels import PlacedLabel, height, placed_labels
from synthtab.reporting.board_model import FrontMark, RowName
from synthtab.reporting.board_rows import column_digits
from synthtab.reporting.board_svg import breakable
from synthtab.reporting.html import embed, render
from synthtab.reporting.text import clean
from synthtab.results import BoardResult, Difference, Interval, Role

MAKERS: dict[str, Callable[[], BoardResult]] = {
    "nhanes": nhanes_board,
    "single": single_seed_board,
    "failed": failed_board,
    "lonely": lonely_board,
    "partial": partial_board,
    "hostile": partial(hostile_board, HOSTILE),
    "corpus": partial(hostile_board, CORPUS),
}


def _source(name: str) -> str:
    return source_of(MAKERS[name])


def _page(name: str) -> Page:
    return page_of(MAKERS[name])


def _board(name: str) -> list[Element]:
    (table,) = by_class(_page(name), "table", "board")
    return table.all("tbody")[0].all("tr")


# ------------------------------------------------------------------ the page as a document


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_is_whole_and_runs_nothing(name: str) -> None:
    """Nothing runs or is loaded, ids and ranks are in order, drawings have tables, gaps leave no trace."""
    check_whole(_source(name), {"#hatch", "#stripes"})


def test_the_same_board_gives_the_same_bytes() -> None:
    """Twice, after a trip through JSON, and in other processes with other hash seeds: the same bytes."""
    once = _source("nhanes")
    assert once == render(BoardResult.from_json(nhanes_board().to_json()))
    assert bytes_elsewhere("board_fixture", "nhanes_board") == {hashlib.sha256(once.encode()).hexdigest()}


def test_the_page_stays_small() -> None:
    """10 rows with 19 figures each, every pair of them compared: below 300 kB."""
    board = nhanes_board()
    assert len(board.figures) == 19
    assert sum(bool(row.cells) for row in board.rows) == 10
    assert len(board.differences) == 19 * 36
    assert len(_source("nhanes").encode()) < 300_000


def test_only_the_releasable_form_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made from `releasable()`, never from the board as it is in memory."""
    bare = replace(nhanes_board(), summary="the releasable form")
    monkeypatch.setattr(BoardResult, "releasable", lambda _: bare)
    assert "the releasable form" in render(nhanes_board())


def test_a_board_has_a_page_and_a_frame(tmp_path: Path) -> None:
    """`to_html` and a notebook find the renderer of a board by themselves."""
    assert lonely_board().to_html(tmp_path / "b.html").read_text(encoding="utf-8") == _source("lonely")
    assert lonely_board()._repr_html_() == embed(lonely_board())


# ------------------------------------------------------------------ hostile texts


def test_the_corpus_holds_two_hundred_texts() -> None:
    """Two hundred texts, all different, also once they are harmless."""
    assert len(CORPUS) == len(set(map(clean, CORPUS))) == 200


def test_two_hundred_hostile_texts_stay_text() -> None:
    """Each is shown as it is written, as a name, a reason and a note; none makes an element of its own."""
    harmless = parsed(render(hostile_board(HARMLESS)))
    check_texts_stay_text(_page("corpus"), harmless, CORPUS, least=3)


def test_names_in_other_scripts_are_set_apart() -> None:
    """A name that is not plain ASCII stands in an element that keeps its direction to itself."""
    named = [e for e in _page("hostile").elements if e.tag in {"th", "dt", "h3", "h4", "b", "li"}]
    foreign = [e for e in named if "العمر" in e.text]
    assert not [e for e in foreign if e.tag != "li"]
    assert len([e for e in _page("hostile").all("bdi") if "العمر" in e.text]) > 5


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gaussian_copula(default_distribution=norm)",
         "gaussian_<wbr>copula<wbr>(default_<wbr>distribution=norm)"),
        ("<b>(x", "&lt;b&gt;<wbr>(x"),
        ("((((", "((((" ),
        ("plain", "plain"),
    ],
)  # fmt: skip
def test_names_break_where_a_reader_would(name: str, shown: str) -> None:
    """Long names may break before a bracket and after an underscore; markup is escaped."""
    assert breakable(name).replace("<wbr>(<wbr>(<wbr>(<wbr>(", "((((") == shown


# ------------------------------------------------------------------ what to take


def test_what_to_take_comes_first_in_words() -> None:
    """The main part opens with the summary, then a card a circle with its reasons and final answer."""
    main = _page("nhanes").all("main")[0]
    first, second = [child for child in main.children if child.tag == "section"][:2]
    assert said(first).startswith("What to take Take tvae(epochs=300) for your own team")
    cards = [said(card) for card in second.all("article")]
    assert cards[0].startswith("Same team Take tvae(epochs=300) Colleagues")
    assert "All 5 refits may go there." in cards[0]
    assert "Its final table may go there: yes" in cards[0]
    assert "Its final table may go there: with the notes" in cards[1]
    assert cards[2].startswith("Public None may go there Anybody")
    assert "final table" not in cards[2]


def test_without_a_recommendation_the_page_says_so() -> None:
    """No circle asked, none that may go anywhere, nothing fitted: each is a sentence, not a gap."""
    assert "No circle of readers was asked about." in said(_page("lonely").root)
    failed = said(_page("failed").root)
    assert failed.count("None may go there Colleagues") == 1
    assert "Nothing was recommended, so nothing was fitted anew." in failed
    assert "No rows were kept that nobody searched on" in said(_page("lonely").root)


# ------------------------------------------------------------------ the board


def test_the_board_has_a_column_a_family() -> None:
    """One figure a family, use and risk as the settings name them, then the cost of a fit."""
    (table,) = by_class(_page("nhanes"), "table", "board")
    assert [said(head) for head in table.all("thead")[0].all("th")] == [
        "Synthesizer",
        "Column shapes",
        "Dependence between columns",
        "Rare categories kept",
        "Mass of the tails",
        "Use Boosted model trained on it",
        "Told from real rows (AUC)",
        "Risk Largest advantage of an attacker",
        "Fit CPU time, memory",
    ]


def test_every_figure_has_its_reference_and_its_interval() -> None:
    """Beside each number of the board stand what fresh real rows score and half of its 95 % interval."""
    rows = [row for row in _board("nhanes") if by_class(row, "td", "score")]
    assert len(rows) == 10
    for row in rows:
        for cell in by_class(row, "td", "score"):
            assert re.fullmatch(r"−?\d\.\d+ real (0|0\.5|1) ± \d\.\d+", said(cell)), said(cell)
            assert len(cell.all("circle")) == 1
            assert len(by_class(cell, "line", "real-at")) == 1
    assert said(by_class(rows[0], "td", "score")[0]).startswith("0.95 real 1 ± 0.0")


def test_contenders_stand_first_and_the_rest_is_grey_and_explained() -> None:
    """Best first as the result has them; baselines and marks follow under a heading, with what they are."""
    names = [
        said(by_class(row, "span", "name")[0]) for row in _board("nhanes") if by_class(row, "span", "name")
    ]
    assert names == [f"{n} {row.name}" for n, row in enumerate(nhanes_board().rows, 1)]
    grey = [row for row in _board("nhanes") if "other" in row.attributes.get("class", "")]
    assert said(grey[0]).split(": ")[0] == "9 independent Draws every column by itself"
    assert len(grey) == 3


def test_what_failed_says_why() -> None:
    """What could not be fitted keeps its row, with the reason; what lost refits counts them."""
    (row,) = [row for row in _board("nhanes") if by_class(row, "td", "fails")]
    assert said(row) == (
        "8 dp_bayes(epsilon=0.5) Could not be fitted. "
        "SynthesizerError: The privacy budget is too small for 26 columns."
    )
    assert "No reason was told." in said(_page("failed").root)
    lost = [said(row) for row in _board("partial") if "3 of 5 refits succeeded." in said(row)]
    assert len(lost) == 2
    assert all("The loss was not a number." in text for text in lost)


def test_what_does_not_apply_is_told() -> None:
    """A family without a figure has no column and a reason; a row without one has a dash and a reason."""
    text = said(section(_page("partial"), "board"))
    assert "Rare categories kept does not apply: There is no category of few rows in this table." in text
    assert "Boosted model trained on it does not apply: No target was given." in text
    assert "Mass of the tails does not apply to ctgan(epochs=300), ctgan(epochs=60): Its tails" in text
    (table,) = by_class(_page("partial"), "table", "board")
    heads = [said(head) for head in table.all("thead")[0].all("th")]
    assert heads[2] == "Use Dependence between columns"
    assert not any("Rare" in head or "Boosted" in head for head in heads)
    dashes = [cell for row in _board("partial") for cell in by_class(row, "td", "score") if said(cell) == "–"]
    assert len(dashes) == 2


def test_one_refit_gives_no_interval() -> None:
    """With one seed no ± and no bracket stands on the board, no whisker is drawn, and the page says so."""
    text = said(section(_page("single"), "board"))
    assert "Each figure is of one fit" in text
    assert "±" not in text
    assert not by_class(_page("single"), "line", "reach")
    assert "Nothing could be tested" in said(section(_page("single"), "differences"))
    assert "Each row was fitted once" in said(section(_page("single"), "limits"))


def test_figures_have_as_many_decimals_as_tell_rows_apart() -> None:
    """Columns that span tenths have two decimals, hundredths three; wide intervals need no more."""
    board = nhanes_board()
    digits = {item.name: column_digits(board, place) for place, item in enumerate(board.figures)}
    assert digits["marginal.tvd"] == 2
    assert digits["privacy.largest_advantage"] == 3
    assert digits["privacy.exact_copies"] == 4
    assert digits["schema.outside_domain"] == 2
    (alike,) = lonely_board().rows
    wide = replace(alike.cells[2], mean=Interval(0.9, 0.7, 1.1))
    assert column_digits(replace(board, rows=(replace(alike, cells=(*alike.cells[:2], wide)),)), 2) == 2


# ------------------------------------------------------------------ use against risk


def test_the_front_is_marked_by_shape_line_and_label() -> None:
    """Rows on the front are diamonds on a line; every mark has its number and its name; the table has all."""
    (figure,) = by_class(_page("nhanes"), "figure", "front-card")
    shapes = [use.attributes["href"] for use in by_class(figure, "use", "at")]
    assert shapes.count("#m-front") == 5
    assert shapes.count("#m-plain") == 2
    assert shapes.count("#m-other") == 2
    assert shapes.count("#m-down") == 1
    assert len(by_class(figure, "path", "front-line")) == 1
    assert len(by_class(figure, "g", "full")[0].all("text")) == 10
    assert [text.text for text in by_class(figure, "g", "brief")[0].all("text")][:2] == ["1", "2"]
    rows = figure.all("details")[0].all("tbody")[0].all("tr")
    assert len(rows) == 10
    assert re.search(r"5\. ctgan\(epochs=60\) .* no, beaten by gaussian_copula\(default", said(rows[4]))
    assert said(rows[9]).endswith("a mark to compare with")
    (drawing,) = [svg for svg in figure.all("svg") if svg.attributes.get("role") == "img"]
    assert (
        "On the front: tvae(epochs=300), tvae(epochs=60), gaussian_copula,"
        in drawing.attributes["aria-label"]
    )


def test_instruments_are_never_on_the_front() -> None:
    """A row that does not guard its rows, and fresh real rows, do not bend the front towards themselves."""
    board = nhanes_board()
    front = tuple(replace(point, on_front=True, beaten_by=()) for point in board.front)
    (figure,) = by_class(parsed(render(replace(board, front=front))), "figure", "front-card")
    (drawing,) = [svg for svg in figure.all("svg") if svg.attributes.get("role") == "img"]
    assert "resampler" not in drawing.attributes["aria-label"]
    assert "fresh real rows" not in drawing.attributes["aria-label"]
    assert "independent" in drawing.attributes["aria-label"]


def _marks(places: list[tuple[float, float]]) -> list[FrontMark]:
    return [
        FrontMark(RowName(str(n), "row", "row", "contender"), "plain", x, y, "", None, None, None, None)
        for n, (x, y) in enumerate(places, 1)
    ]  # fmt: skip


def _touches(label: PlacedLabel, other: PlacedLabel, width: float) -> bool:
    left, right, top, bottom = label.box(width)
    other_left, other_right, other_top, other_bottom = other.box(width)
    return (
        min(right, other_right) - max(left, other_left) > 0
        and min(bottom, other_bottom) - max(top, other_top) > 0
    )


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(min_value=0.02, max_value=0.98), st.floats(min_value=0.02, max_value=0.98)),
        min_size=1,
        max_size=9,
    )
)
def test_labels_never_touch(places: list[tuple[float, float]]) -> None:
    """Wherever nine marks lie, at every width tried no label touches another, a mark or an edge."""
    marks, widths = _marks(places), (560.0, 700.0, 900.0)
    labels = placed_labels(marks, ["gaussian_copula"] * len(marks), widths)
    assert len(labels) == len(marks)
    for width in widths:
        for index, label in enumerate(labels):
            left, right, _, _ = label.box(width)
            assert left >= -0.5
            assert right <= width + 0.5
            assert not any(_touches(label, other, width) for other in labels[index + 1 :])


def test_labels_of_marks_in_one_place_stand_apart() -> None:
    """Ten marks in one spot still get ten labels that can be read."""
    labels = placed_labels(_marks([(0.5, 0.5)] * 10), ["tvae(epochs=60)"] * 10, (560.0, 900.0))
    assert not any(
        _touches(a, b, 700.0) for place, a in enumerate(labels) for b in labels[place + 1 :]
    )  # fmt: skip
    assert height(1.0) < height(0.0)


# ------------------------------------------------------------------ differences


def test_real_differences_are_told_from_the_best() -> None:
    """Per figure: the best contender, those not told apart from it, those really behind and by how much."""
    text = said(section(_page("nhanes"), "differences"))
    row = next(
        said(row)
        for row in section(_page("nhanes"), "differences").all("tr")
        if "Rare categories kept" in said(row)
    )
    best, behind = row.partition("Really behind: ")[::2]
    assert best.endswith("Best, not told apart: gaussian_copula gaussian_copula(default_distribution=norm) ")
    assert re.search(r"tvae\(epochs=60\) by 0\.4\d \[0\.\d+, 0\.\d+\] Baselines:", behind)
    assert "resampler ahead by 0.1" in behind
    assert "independent not told apart" in behind
    assert "after correction for all pairs in that figure" in text
    assert "12 more figures" in text


def test_a_small_real_difference_is_called_small() -> None:
    """A difference that is real and below the margin says that it is too little to matter."""
    board = nhanes_board()
    by = Interval(0.01, 0.005, 0.015)
    small = Difference(
        "marginal.tvd", "gaussian_copula", "tvae(epochs=60)", by, 0.01, is_real=True, matters=False
    )
    pair = {"gaussian_copula", "tvae(epochs=60)"}
    others = tuple(d for d in board.differences if d.figure != "marginal.tvd" or {d.better, d.worse} != pair)
    page = parsed(render(replace(board, differences=(*others, small))))
    row = next(row for row in section(page, "differences").all("tr") if "Column shapes" in said(row))
    assert "tvae(epochs=60) by 0.010 [0.005, 0.015], too little to matter" in said(row)
    assert "tvae(epochs=300) not compared" not in said(row)


def test_every_pair_stands_in_the_tables() -> None:
    """Behind the words is a table a figure with each pair once, best first, stars for what is real."""
    (fold,) = [
        d
        for d in section(_page("nhanes"), "differences").all("details")
        if "every pair" in said(d.all("summary")[0])
    ]
    tables = fold.all("table")
    assert len(tables) == 19
    for table in tables:
        assert len(table.all("tbody")[0].all("tr")) == 8
    cells = [said(cell) for table in tables for cell in table.all("td") if said(cell)]
    assert len(cells) == len(nhanes_board().differences)
    assert sum(cell.count("**") for cell in cells) == sum(
        d.is_real and d.matters for d in nhanes_board().differences
    )
    assert sum(cell.count("*") == 1 for cell in cells) == sum(
        d.is_real and not d.matters for d in nhanes_board().differences
    )
    assert any(re.fullmatch(r"0\.\d+ \[0\.\d+, 0\.\d+\] \*\* p < 0\.001", cell) for cell in cells)


# ------------------------------------------------------------------ every figure, circles, cost, final


def test_every_figure_has_a_forest_by_family() -> None:
    """19 forests; each has every fitted row, its interval and the place of fresh real rows; 7 stand open."""
    figures = by_class(section(_page("nhanes"), "figures"), "figure", "one-figure")
    assert len(figures) == 19
    assert sum(figure.inside("details") is None for figure in figures) == 7
    for figure in figures:
        rows = figure.all("tbody")[0].all("tr")
        assert len(rows) == 10
        assert all(len(row.all("use")) == 1 for row in rows)
        assert "real" in said(figure.all("thead")[0])
        assert re.fullmatch(r"--one:[\d.]+%", figure.all("table")[0].attributes["style"])
    titles = [said(h) for h in section(_page("nhanes"), "figures").all("h3")]
    assert titles == [
        *(
            "Schema and rules",
            "Marginals",
            "Associations",
            "Rare categories",
            "Tails",
            "Utility",
            "Detection",
        ),
        "Privacy",
    ]


def test_a_forest_without_figures_says_why() -> None:
    """A figure that applies to nobody is a sentence; one that one row lacks is a sentence in that row."""
    text = said(section(_page("partial"), "figures"))
    assert text.count("Not applicable: There is no category of few rows in this table.") == 2
    assert text.count("Its tails were too short to be counted.") == 2


def test_where_tables_may_go_is_counted() -> None:
    """Of the refits of each row: how many yes, with notes, no, by circle, with what speaks against it."""
    (table,) = by_class(_page("nhanes"), "table", "where-to")
    rows = [said(row) for row in table.all("tbody")[0].all("tr")]
    assert len(rows) == 9
    assert rows[0].startswith("1 tvae(epochs=300) Same team: 5 yes Partners: 4 with notes 1 no STB802")
    assert rows[-1].startswith("10 resampler Same team: 5 no STB801 exact copies")
    assert "No table was audited." in said(section(_page("lonely"), "circles"))


def test_cost_is_told_and_said_to_vary() -> None:
    """CPU and passed seconds and memory a row, and that these never repeat."""
    cost = section(_page("nhanes"), "cost")
    assert "Not deterministic: these figures never repeat." in said(cost)
    rows = [said(row) for row in cost.all("tbody")[0].all("tr")]
    assert rows[0] == "tvae(epochs=300) 214 222 0.61 0.64 488"
    assert rows[-1].endswith("–")
    assert "No cost was recorded." in said(section(_page("lonely"), "cost"))


def test_final_answers_show_verdict_families_and_what_failed() -> None:
    """Each recommended row: verdict, circles, families on one scale, and the checks that speak against it."""
    finals = by_class(_page("nhanes"), "article", "final")
    assert [said(final.all("h3")[0]) for final in finals] == [
        "tvae(epochs=300) , recommended for Same team",
        "gaussian_copula , recommended for Partners",
    ]
    for number, final in enumerate(finals, 1):
        assert final.attributes["id"] == f"final-{number}"
        assert "1,317" in said(section(_page("nhanes"), "final"))
        (checks,) = by_class(final, "table", "checks")
        tags = [said(by_class(row, "span", "tag")[0]) for row in checks.all("tbody")[0].all("tr")]
        assert tags
        assert set(tags) == {"Warn"}
        assert len(by_class(final, "figure", "strip")) == 1


def test_limits_say_what_intervals_are_over() -> None:
    """The page says that intervals are over refits of one table, and that the search used the search rows."""
    text = said(section(_page("nhanes"), "limits"))
    assert "Intervals are over refits with one table and one split." in text
    assert "chosen on the same 1,316 search rows" in text
    assert "that is what the final split is for" in text
    assert "none were kept for a final answer" in said(section(_page("lonely"), "limits"))


def test_roles_are_those_of_the_result() -> None:
    """Every role of a row has its place: none is lost between the parts of the board."""
    board = nhanes_board()
    assert {row.role for row in board.rows} == set(Role)
    shown = [row for row in _board("nhanes") if by_class(row, "span", "name")]
    assert len(shown) == len(board.rows)
