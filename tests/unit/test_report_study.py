"""The page of a study: verdict first, references beside figures, tables behind charts, few levels hidden."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from page_checks import (
    by_class,
    bytes_elsewhere,
    check_whole,
    page_of,
    parsed,
    said,
    section,
    source_of,
)
from page_reader import contrast
from study_fixture import (
    AUDITED,
    COLUMNS,
    HOSTILE,
    METRICS,
    REGIMES,
    SYNTHESIZERS,
    empty_study,
    hostile_study,
    nhanes_study,
    short_study,
    troubled_study,
)

from synthtab import reporting
from synthtab.reporting.html import embed, render
from synthtab.reporting.study_curves import generation_ticks
from synthtab.reporting.study_svg import _apart
from synthtab.reporting.study_words import change_words, touched_words
from synthtab.reporting.text import p_value, plus_minus
from synthtab.results import ColumnDrift, DecayAnswer, Interval, Section, StudyResult

MAKERS = [nhanes_study, troubled_study, empty_study, short_study, hostile_study]
FOLDER = Path(reporting.__file__).parent / "templates"


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_the_page_is_whole_and_runs_nothing(make: Callable[[], StudyResult]) -> None:
    """Nothing runs or is loaded, ids and ranks are in order, drawings have tables, gaps leave no trace."""
    check_whole(source_of(make), {"#hatch", "#stripes"})


def test_the_same_study_gives_the_same_bytes() -> None:
    """Twice, after a trip through JSON, and in another process with another hash seed: the same bytes."""
    once = source_of(nhanes_study)
    assert once == render(StudyResult.from_json(nhanes_study().to_json()))
    assert bytes_elsewhere("study_fixture", "nhanes_study") == {hashlib.sha256(once.encode()).hexdigest()}


def test_the_page_stays_small() -> None:
    """4 synthesizers x 3 regimes x 10 generations, 13 figures, 42 audited ones, 26 columns: below 500 kB."""
    study = nhanes_study()
    assert (len(study.arms), study.settings.generations, len(METRICS)) == (12, 10, 13)
    assert len(AUDITED) > 40
    assert len(COLUMNS) == 26
    assert len(source_of(nhanes_study).encode()) < 480_000


def test_only_the_releasable_form_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made from `releasable()`, never from the study as it is in memory."""
    bare = replace(nhanes_study(), notes=("the releasable form",))
    monkeypatch.setattr(StudyResult, "releasable", lambda _: bare)
    assert "the releasable form" in render(nhanes_study())


def test_a_study_has_a_page_and_a_frame(tmp_path: Path) -> None:
    """`to_html` and a notebook find the renderer of a study by themselves."""
    study = short_study()
    assert study.to_html(tmp_path / "study.html").read_text(encoding="utf-8") == source_of(short_study)
    assert study._repr_html_() == embed(study)
    with pytest.raises(TypeError, match=r"AuditResult, .*StudyResult"):
        render({})


# ------------------------------------------------------------------ hostile texts


@pytest.mark.parametrize("text", [HOSTILE[0], *HOSTILE[2:5]])
def test_hostile_texts_stay_text(text: str) -> None:
    """A name that is markup, or a template, is shown as it is written."""
    assert said(page_of(hostile_study).root).count(text) > 3
    if "<" in text:
        assert text not in source_of(hostile_study)


def test_names_cannot_hide_or_turn_the_page_around() -> None:
    """No control or bidirectional character is left on the page; each is spelled out."""
    source = source_of(hostile_study)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200f\u202a-\u202e\u2066-\u2069\ufeff]", source)
    assert "[U+202E]gnp.exe[U+2066]" in source
    assert "[U+200F]" in source


def test_names_in_other_scripts_are_set_apart() -> None:
    """A name that is not plain ASCII stands in an element that keeps its direction to itself."""
    page = page_of(hostile_study)
    named = [element for element in page.elements if element.tag in {"th", "dt", "h3", "h4", "strong"}]
    assert sum("السكري" in said(element) for element in named) > 10
    assert not [element for element in named if "السكري" in element.text]


# ------------------------------------------------------------------ what is said


def test_the_verdict_comes_first_and_in_words() -> None:
    """The main part opens with counts over all arms, then every arm's sentence, by regime."""
    main = page_of(nhanes_study).all("main")[0]
    first = main.all("section")[0]
    assert first.attributes["id"] == "verdict"
    text = said(first)
    assert text.startswith("What became of the table Of 12 arms over 10 generations: 9 lost more rare levels")
    assert [said(h) for h in first.all("h3")] == list(REGIMES)
    assert [said(dt) for dt in first.all("dt")] == 3 * list(SYNTHESIZERS)
    assert all("the first fit keeps 61" in said(dd) for dd in first.all("dd"))


def test_every_number_of_the_overview_has_its_reference() -> None:
    """Misfit and rare levels stand beside resampling; the interval of each figure is there."""
    (table,) = by_class(page_of(nhanes_study), "table", "arms")
    rows = table.all("tbody")[0].all("tr")
    assert len(rows) == 12
    for row in rows:
        text = said(row)
        assert text.count("resampling") == 2
        assert text.count("[") >= 3
    assert "decays, half-life 3.10 [2.20, 5.40] generations" in said(rows[1])
    assert "strays in none of 11 figures" in said(rows[3])


def test_arms_that_failed_say_so() -> None:
    """A failed arm has its reason in the verdict and one cell in the overview; lost chains are counted."""
    page = page_of(troubled_study)
    verdict = said(section(page, "verdict"))
    assert "1 arm could not be finished" in verdict
    assert "no chain was finished: SynthesizerError: The loss was not a number." in verdict
    (table,) = by_class(page, "table", "arms")
    failed = table.all("tbody")[0].all("tr")[0]
    assert said(failed) == "ctgan replace No chain was finished"
    assert "No chain of any arm was finished" in said(section(page_of(empty_study), "verdict"))


def test_a_regime_without_a_null_is_named() -> None:
    """Where there is no drift null panels and overview say so, and nothing grey is drawn."""
    study = troubled_study()
    study = replace(study, arms=tuple(arm for arm in study.arms if arm.synthesizer == "tvae(epochs=60)"))
    page = parsed(render(study))
    curves = section(page, "curves")
    assert not [p for p in curves.all("path") if p.attributes.get("class") == "drift-band"]
    assert "No drift null to compare with." in said(curves)
    (table,) = by_class(page, "table", "arms")
    assert "no null" in said(table)
    assert "No drift prediction for this regime." in said(section(page, "survival"))


def test_what_is_missing_leaves_no_trace_in_a_drawing() -> None:
    """Figures of None, lost generations and absent tables make gaps, never the word None or nan."""
    for make in MAKERS:
        source = source_of(make)
        assert not re.search(r"\b(?:None|nan|inf)\b", re.sub(r"PassThrough|none", "", source)), make
    for text in re.findall(r' d="([^"]*)"', source_of(troubled_study)):
        assert re.fullmatch(r"[-MLHVZ0-9., a-z]*", text)


# ------------------------------------------------------------------ charts


def test_each_metric_has_a_panel_a_regime_on_one_scale() -> None:
    """13 figures, 4 of them open, each with three panels of equal scale and a table of all that is drawn."""
    page = page_of(nhanes_study)
    figures = section(page, "curves").all("figure")
    assert len(figures) == 13
    assert sum(figure.inside("details") is None for figure in figures) == 4
    for figure in figures:
        scales = [said(svg) for svg in figure.all("svg") if svg.attributes.get("class") == "up"]
        assert len(scales) == 3
        assert len(set(scales)) == 1
        assert len(figure.all("tbody")[0].all("tr")) >= 12


def test_series_are_told_apart_by_more_than_colour() -> None:
    """Each synthesizer has a mark, dashes and its name at the end of its line."""
    css = (FOLDER / "study.css").read_text(encoding="utf-8")
    dashes = re.findall(r"\.(s\d)\.run\{stroke-dasharray:([^}]*)\}", css)
    assert len({pattern for _, pattern in dashes}) == len(dashes) == 5
    marks = re.findall(r'<g id="m-s\d">(.*?)</g>', (FOLDER / "study_symbols.svg").read_text(encoding="utf-8"))
    assert len(set(marks)) == 6
    figure = section(page_of(nhanes_study), "curves").all("figure")[0]
    for svg in figure.all("svg"):
        if svg.attributes.get("class") == "names":
            assert {"gaussian_copula", "tvae", "independent", "resampler", "resampling", "fresh real"} <= {
                text.text for text in svg.all("text")
            }


def test_colours_havecontrast() -> None:
    """In light, dark and print every series reaches 4.5 : 1 on card and page."""

    def themes(name: str) -> list[dict[str, str]]:
        css = (FOLDER / name).read_text(encoding="utf-8")
        blocks = re.findall(r":root\{([^}]*)\}", css)
        return [dict(re.findall(r"--(\w+):(#[0-9a-f]{3,8})", block)) for block in blocks]

    for ground, own in zip(themes("page.css"), themes("study.css"), strict=True):
        assert len(own) == 6
        for colour in own.values():
            assert contrast(colour, ground["bg"]) >= 4.5
            assert contrast(colour, ground["card"]) >= 4.5


@pytest.mark.parametrize(
    "wanted", [[50.0], [50.0, 51.0, 52.0], [6.0] * 5, [161.0] * 5, [6.0, 80.0, 81.0, 161.0]]
)
def test_labels_never_touch(wanted: list[float]) -> None:
    """Labels keep their order, 15 pixels apart, inside the plot."""
    placed = _apart(wanted, 6.0, 162.0)
    assert all(b - a >= 15 - 1e-9 for a, b in pairwise(placed))
    assert placed[0] >= 6 - 1e-9
    assert placed[-1] <= 162 + 1e-9


@pytest.mark.parametrize("count", [1, 2, 6, 7, 10, 12, 25, 50, 300])
def test_generations_are_labelled_first_and_last(count: int) -> None:
    """Ticks start at 1, end at the last generation, and are few enough for a phone."""
    labels = [int(label) for _, label in generation_ticks(count)]
    assert labels[0] == 1
    assert labels[-1] == count
    assert len(labels) <= 6
    assert labels == sorted(set(labels))


# ------------------------------------------------------------------ suppression


def test_classes_of_few_levels_are_not_shown() -> None:
    """A class of two levels has no figure, drawn or written: only the words; from three levels on it has."""
    page = page_of(nhanes_study)
    survival = section(page, "survival")
    assert "21–50 too few levels to show" in said(survival)
    assert "1 class with fewer than 3 categories" in said(survival)
    for svg in survival.all("svg"):
        assert "21–50" not in svg.attributes.get("aria-label", "")

    def with_levels(levels: int, lost: float) -> str:
        study = nhanes_study()
        arms = tuple(
            replace(
                arm,
                extinction=tuple(
                    replace(e, levels=levels, lost=(lost,) * 10) if e.least == 21 else e
                    for e in arm.extinction
                ),
            )
            for arm in study.arms
        )
        return render(replace(study, arms=arms))

    assert with_levels(2, 0.123) == with_levels(1, 0.789) == source_of(nhanes_study)
    assert with_levels(3, 0.123) != with_levels(3, 0.789)


def test_the_direction_of_rare_mass_is_told() -> None:
    """Each tested arm has its direction, figure and p; an arm without a null has no row."""
    text = said(section(page_of(nhanes_study), "survival"))
    assert text.count("loses −0.004 [−0.007, −0.001] −2.60 p = 0.012") == 12
    assert "tvae(epochs=60), curate" not in text
    troubled = said(section(page_of(troubled_study), "survival"))
    assert troubled.count("loses −0.004") == 2


# ------------------------------------------------------------------ forest, parts, audits, cost


def test_the_forest_has_the_worst_first() -> None:
    """Each arm lists all columns, the least N_e/n first, and draws the first fifteen."""
    page = page_of(nhanes_study)
    tables = by_class(page, "table", "forest-table")
    assert len(tables) == 12
    for table in tables:
        rows = table.all("tbody")[0].all("tr")
        assert len(rows) == 26
        values = [float(row.all("td")[1].text.split()[0]) for row in rows]
        assert values == sorted(values)
        assert [bool(row.all("svg")) for row in rows] == [True] * 15 + [False] * 11


def test_unbounded_effective_sizes_are_told() -> None:
    """A ratio with one end only is written in words and draws no whisker."""
    study = short_study()
    arm = replace(
        study.arms[0],
        drift=(ColumnDrift("", Interval(0.8, None, None)), ColumnDrift("age", Interval(None, 0.4, None))),
    )
    text = said(section(parsed(render(replace(study, arms=(arm,)))), "drift"))
    assert "0.4" in text
    assert "or more" in text


def test_audited_figures_are_all_listed() -> None:
    """Every figure of every audit stands in the fold of its section; utility and detection are drawn."""
    audits = section(page_of(nhanes_study), "audits")
    assert [said(h) for h in audits.all("h3")] == ["Utility", "Detection"]
    rows = [row for fold in audits.all("details") if "All figures" in said(fold.all("summary")[0])
            for row in fold.all("tbody")[0].all("tr")]  # fmt: skip
    assert len(rows) == 2 * len(AUDITED)
    assert any("attribute inference rarest: cancer_type, generation 10" in said(row) for row in rows)


def test_cost_and_real_rows() -> None:
    """Costs stand a row an arm; the real rows of a regime are told with its statement."""
    cost = section(page_of(nhanes_study), "cost")
    (table,) = [t for t in cost.all("table") if "costs" in t.attributes["class"]]
    assert len(table.all("tbody")[0].all("tr")) == 12
    assert "Generations 1–10, each: 3,316 original." in said(cost)
    assert "Generation 1: 3,316 original; generations 2–10, each: 332 fresh." in said(cost)
    assert "10% of n, that no other generation of its chain touches" in said(cost)


def test_the_guard_is_told_apart() -> None:
    """What the guard did and what it cost stand in a section of their own; without one it says so."""
    guard = said(section(page_of(nhanes_study), "guard"))
    assert "moved the shares of a column by 0.0032 on average" in guard
    assert "17 levels of fewer than 10 rows each were pooled into one" in guard
    assert "The guard was off." in said(section(page_of(troubled_study), "guard"))


# ------------------------------------------------------------------ words


def _decay(**changed: object) -> DecayAnswer:
    plain = DecayAnswer(
        *(
            Section.ASSOCIATION,
            "interaction_tvd",
            (0.6,),
            (),
            Interval(),
            None,
            Interval(0.4, 0.3, 0.5),
            "decay",
            0.01,
        ),
        *(Interval(), None, Interval(), "steady"),
    )
    return replace(plain, **changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"direction": "none"}, "no decay detectable in 10 generations"),
        (
            {"direction": "none", "halving_low": 23.0},
            "no decay detectable in 10 generations; the score takes more than 23.0 generations to halve",
        ),
        ({"direction": "growth"}, "gets closer to real data"),
        ({"half_life": Interval(20.0, 12.4, None)}, "decays, half-life more than 12.4 generations"),
        ({"half_life": Interval(2.0, 0.0, None)}, "decays; where it levels off is not seen yet"),
        ({"shape": "accelerating"}, "decays faster and faster"),
        (
            {"half_life": Interval(3.0, 2.0, 5.0), "shape": "levelling", "plateau": Interval(0.4, 0.3, 0.5)},
            "decays, half-life 3.00 [2.00, 5.00] generations, levels off at 0.40 [0.30, 0.50]",
        ),
    ],
)
def test_half_lives_in_words(changed: dict[str, object], words: str) -> None:
    """Censored, absent, growing and measured decay each have words of their own."""
    assert change_words(_decay(**changed), 10, 10) == words


def test_a_single_chain_or_generation_is_not_tested() -> None:
    """Without replicates or without a second generation nothing is claimed."""
    alone = _decay(direction="none", p_change=None)
    assert change_words(alone, 10, 1) == "not tested: a single chain"
    assert change_words(alone, 1, 10) == "not tested: a single generation"


def test_real_rows_in_words() -> None:
    """Generations that touch as many rows are told together."""
    assert (
        touched_words((5, 0, 0), (0, 0, 2))
        == "generation 1: 5 original; generation 2: none; generation 3: 2 fresh"
    )
    assert touched_words((), ()) == "not recorded"


def test_small_words() -> None:
    """p-values stop at 0.001; intervals are written with ± only where both sides look equal."""
    assert [p_value(p) for p in (None, 0.0002, 0.0124)] == ["", "p < 0.001", "p = 0.012"]
    assert plus_minus(0.5, 0.4, 0.6) == "0.50 ± 0.10"
    assert plus_minus(0.5, 0.4, 0.7) == "0.50 [0.40, 0.70]"
    assert plus_minus(0.5, None, 0.7) == "0.50"
    assert plus_minus(None, None, None) == "–"
