"""The later sections of the report: bands, changed findings, logic, subgroups, utility, giveaways."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import nhanes_audit
from report_variants import HOSTILE, clean_audit, empty_audit, extreme_audit, hostile_audit

from synthtab.metrics.base import METRICS
from synthtab.reporting.association_charts import change_view
from synthtab.reporting.audit_page import audit_page
from synthtab.reporting.axes import linear_axis, ratio_axis
from synthtab.reporting.html import render
from synthtab.reporting.learning_charts import detection_view, utility_view
from synthtab.reporting.logic_rows import logic_view
from synthtab.reporting.metric_words import figure_groups, metric_words
from synthtab.reporting.rare_charts import band_view
from synthtab.reporting.sectionmodel import Meter
from synthtab.reporting.subgroup_charts import subgroup_view
from synthtab.reporting.svg import key, meter, strip_row
from synthtab.reporting.text import open_interval, percent_interval
from synthtab.results import Score, Section, Status
from synthtab.results.shown import RareBand

OPTIONAL = ("logic", "subgroups", "utility", "detection")


def _score(metric: str, columns: tuple[str, ...], value: float | None, **more: object) -> Score:
    return replace(Score(Section.DETECTION, metric, 1, columns, value), **more)  # type: ignore[arg-type]


# axes


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8))
def test_a_linear_axis_holds_every_figure(values: list[float]) -> None:
    """Every figure lies on the axis, to a billionth of it, in order; two to eight ticks, ends included."""
    axis = linear_axis(values)
    hair = 1e-9 * (axis.high - axis.low)
    assert axis.low <= min(values) + hair
    assert axis.high >= max(values) - hair
    assert 2 <= len(axis.ticks) <= 8
    assert (axis.ticks[0][0], axis.ticks[-1][0]) == (axis.low, axis.high)
    places = [axis.place(value) for value in sorted(values)]
    assert all(place is not None and 0 <= place <= 1 for place in places)
    assert places == sorted(places, key=lambda place: place or 0.0)


def test_ends_of_an_axis_can_be_held() -> None:
    """A figure far below the least end does not stretch the axis: it lies beyond it."""
    axis = linear_axis([0.4, -70.0], least=-0.5, most=1.0)
    assert axis.low == pytest.approx(-0.6)
    assert axis.beyond(-70.0) == -1
    assert axis.beyond(0.4) == axis.beyond(None) == axis.beyond(math.nan) == 0
    assert axis.place(-math.inf) == axis.place(axis.low)
    assert axis.place(math.nan) is None


def test_half_and_twice_lie_equally_far_from_one() -> None:
    """On an axis of ratios 0.5 and 2 are mirrored at 1; zero and infinity lie beyond its ends."""
    axis = ratio_axis([0.5, 2.0, 0.0, math.inf, None])
    half, one, twice = (axis.place(value) or 0.0 for value in (0.5, 1.0, 2.0))
    assert one - half == pytest.approx(twice - one)
    assert (axis.beyond(0.0), axis.beyond(1.0), axis.beyond(math.inf)) == (-1, 0, 1)
    assert 1.0 in [tick for tick, _ in axis.ticks]
    assert ratio_axis([1e-9, 1e9]).low == pytest.approx(1 / 50)


def test_a_tick_that_means_something_makes_room() -> None:
    """Neighbours that the words of a special tick would touch are left out; the special one never is."""
    axis = linear_axis([-0.05, 0.15])
    named = axis.named(0.0, "0 fresh real data")
    assert "0 fresh real data" in [words for _, words in named]
    assert len(named) < len(axis.ticks)
    assert [place for place, _ in named] == sorted(place for place, _ in named)
    assert axis.named() == axis.named(None)


# words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("range_coverage", "range coverage"),
        ("tvd", "total variation distance"),
        ("js_distance", "JS distance"),
        ("tvd.calibrated", "total variation distance, from chance to fresh real data"),
        ("pmse_ratio", "pMSE ratio"),
        ("cramers_v", "Cramér's V, difference"),
        ("wasserstein_2", "Wasserstein 2"),
        ("", "[empty]"),
        ("a\u202eb_c", "a[U+202E]b c"),
    ],
)
def test_metrics_are_named_in_words(name: str, words: str) -> None:
    """Known metrics have their words; unknown ones are made readable and harmless."""
    assert metric_words(name) == words


def test_every_metric_of_the_house_has_readable_words() -> None:
    """Whatever metric is added to the registry, the page shows no underscore."""
    assert METRICS
    assert not [name for name in METRICS if "_" in metric_words(name)]


def test_figures_of_whole_families_stand_by_section() -> None:
    """Only releasable figures without columns are listed, in the order of the sections."""
    groups = figure_groups(
        [
            _score("c2st_auc", (), 0.64, floor=0.5, excess=0.14),
            _score("tvd", (), 0.04, section=Section.MARGINAL),
            _score("tvd", ("age",), 0.99, section=Section.MARGINAL),
            _score("ks", (), 0.98, section=Section.MARGINAL, releasable=False),
            _score("mmd", (), None),
        ]
    )
    assert [group.title for group in groups] == ["Marginals", "Detection"]
    assert [row.found for group in groups for row in group.rows] == ["0.040", "0.64"]
    assert groups[1].rows[0].excess == "+0.14"


def test_a_metric_and_its_place_on_the_scale_share_a_row() -> None:
    """A calibrated figure stands in its own column, never beside a floor in other units."""
    scaled = _score("tvd.calibrated", (), 0.8, low=0.7, high=0.9, floor=0.03, chance=0.6, excess=0.02)
    ((alone,), *_) = (group.rows for group in figure_groups([scaled]))
    assert (alone.name, alone.found, alone.fresh) == ("total variation distance", "0.050", "0.030")
    assert alone.calibrated == "0.80 [0.70, 0.90]"
    plain = _score("tvd", (), 0.05, low=0.04, high=0.06)
    for order in ([scaled, plain], [plain, scaled]):
        (group,) = figure_groups(order)
        (row,) = group.rows
        assert (row.found, row.calibrated) == ("0.050 [0.040, 0.060]", "0.80 [0.70, 0.90]")


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ((0.58, 0.49, 0.66), "0.58 [0.49, 0.66]"),
        ((4.2, 1.1, math.inf), "4.20 [1.10 or more]"),
        ((0.2, -math.inf, 0.9), "0.20 [up to 0.90]"),
        ((0.2, None, None), "0.20"),
        ((math.inf, 1.4, math.inf), "1.40 or more"),
        ((math.nan, 1.0, 2.0), "1.00 to 2.00"),
        ((math.nan, math.nan, math.inf), "–"),
        ((None, None, None), "–"),
    ],
)
def test_an_infinite_end_is_told_in_words(figures: tuple[float | None, ...], shown: str) -> None:
    """An end that does not exist is never printed as a number."""
    value, low, high = figures
    assert open_interval(value, low, high) == shown


def test_a_narrow_interval_of_shares_does_not_look_like_a_point() -> None:
    """0.36 to 0.44 % is written with the digit that tells its ends apart."""
    assert percent_interval(0.004, 0.0036, 0.0044) == "0.40\u00a0% [0.36, 0.44]"
    assert percent_interval(0.0003, 0.0, 0.0011) == "0.03\u00a0% [0.00, 0.11]"
    assert percent_interval(0.0, 0.0, 0.0011) == "0.0\u00a0% [0.0, 0.1]"


# rare bands


def test_bands_are_told_beside_an_honest_sample() -> None:
    """Kept, expected and ratio stand in each row; 1 is marked; the sums are said in a sentence."""
    view = band_view(nhanes_audit().rare_bands)
    assert view is not None
    assert view.said == (
        "Of 48 rare categories the synthetic table keeps 29; as many fresh real rows would hold 40."
    )
    row = view.strip.rows[1]
    assert row.detail == ("14", "3.8", "12", "0.38 [0.22, 0.61]")
    (one,) = view.strip.strong
    assert (one, "1") in view.strip.ticks
    assert row.at is not None
    assert row.at < one


def test_a_band_that_is_gone_is_an_arrow() -> None:
    """A ratio of 0 stands at the left end with its interval; one that does not exist has no dot."""
    gone = RareBand("2 to 5", 14, 0, 11.6, 0.0, 0.0, 0.7, Status.FAIL)
    none = RareBand("1 training row", 1, 0, 0.0, math.nan, 0.0, math.inf, Status.NOT_APPLICABLE)
    view = band_view([gone, none])
    assert view is not None
    drawing = strip_row(view.strip.rows[0], view.strip)
    assert "#m-left" in drawing
    assert 'class="ci fail"' in drawing
    assert view.strip.rows[1].at is None
    assert band_view(()) is None


# changed findings


def test_a_finding_runs_from_real_to_synthetic() -> None:
    """The hollow dot is real, the full one synthetic, a line joins them, and the kind is a word."""
    view = change_view(nhanes_audit().association_changes)
    assert view is not None
    lost = view.strip.rows[0]
    assert (lost.tag.kind, lost.tag.word) == ("lost", "Lost")
    assert lost.figure == "0.71 → 0.04"
    assert lost.about == "by −0.67 [−0.70, −0.64]"
    assert lost.at is not None
    assert lost.hollow is not None
    assert lost.at < lost.hollow
    drawing = strip_row(lost, view.strip)
    assert drawing.index('class="joint"') < drawing.index("#m-hollow") < drawing.index("#m-drawn")
    assert view.said == "2 lost, 1 invented, 1 reversed, 2 weakened, 1 strengthened"
    assert change_view(()) is None


def test_an_unknown_kind_of_change_is_told_by_its_own_word() -> None:
    """A kind that nobody foresaw is a note with its word, and is counted."""
    first = replace(nhanes_audit().association_changes[0], kind="turned inside out")
    view = change_view([first])
    assert view is not None
    assert (view.strip.rows[0].tag.kind, view.strip.rows[0].tag.word) == ("note", "Turned inside out")
    assert view.said == "1 otherwise changed"


# logic


def test_rules_keep_their_order_and_long_lists_fold() -> None:
    """Eight rules stand open, most broken first as the audit gave them; the rest is folded."""
    rules = nhanes_audit().logic
    view = logic_view(rules)
    assert view is not None
    assert [row.text for row in (*view.rows, *view.folded)] == [rule.text for rule in rules]
    assert len(view.rows) == 8
    assert view.said.startswith("Of 12 rules that real rows obey, 3 are broken")
    assert view.rows[0].support == "about 530"
    assert view.rows[2].fresh == "withheld"
    assert view.rows[2].meter.mark is None
    assert [view.rows[0].confidence, view.rows[3].confidence] == ["100.0\u00a0%", "over 99.9\u00a0%"]
    assert logic_view(()) is None


def test_bars_of_rules_share_a_scale() -> None:
    """A rule broken by a quarter as many rows has a bar half as long, and none is longer than its place."""
    rule = nhanes_audit().logic[0]
    more, once = replace(rule, broken=0.4, low=0.1, high=0.5), replace(rule, broken=0.1, low=0.0, high=5.0)
    view = logic_view([more, once])
    assert view is not None
    bars = [row.meter for row in view.rows]
    assert bars[0].at == pytest.approx(2 * bars[1].at)
    assert bars[1].high == 1.0
    assert view.scale == "100\u00a0%"


def test_unbroken_rules_are_not_called_broken() -> None:
    """When every rule passes the sentence says none."""
    view = logic_view(clean_audit().logic)
    assert view is not None
    assert view.said.startswith(
        "Of 12 rules that real rows obey, none is broken by synthetic rows more often"
    )


# subgroups


def test_the_worst_group_is_named() -> None:
    """A group that fails is named before one that is further off without failing."""
    groups = nhanes_audit().subgroups
    louder = replace(groups[7], excess=0.5, status=Status.PASS)
    view = subgroup_view((louder, *groups))
    assert view is not None
    assert view.said.startswith("Served worst: diabetes = Borderline, 3.0\u00a0% of the real rows.")
    calm = subgroup_view(tuple(replace(group, status=Status.PASS) for group in groups))
    assert calm is not None
    assert calm.said.startswith("No group is clearly served worse than the others; furthest off is diabetes")


def test_groups_stand_by_column_worst_first() -> None:
    """Columns come in the order of their worst group; what cannot be scored comes last and has no dot."""
    view = subgroup_view(nhanes_audit().subgroups)
    assert view is not None
    assert [block.column for block in view.blocks] == ["diabetes", "ethnicity", "age", "sex"]
    ethnicity = view.blocks[1]
    assert [row.label for row in ethnicity.rows][0::5] == ["Other or multi-racial", "Other Hispanic"]
    assert ethnicity.rows[-1].at is None
    assert "AUC 0.74 (real 0.80)" in ethnicity.rows[0].about
    assert view.strip is not None
    assert view.strip.rows[0].name == "diabetes = Borderline"


def test_many_groups_fold_and_none_is_lost() -> None:
    """Of sixty groups five columns of six levels stand open; the table has all sixty."""
    view = subgroup_view(extreme_audit().subgroups)
    assert view is not None
    assert view.strip is not None
    assert len(view.strip.rows) == 60
    assert (len(view.blocks), len(view.folded)) == (5, 4)
    drawn = sum(len(block.rows) + block.more for block in (*view.blocks, *view.folded))
    assert drawn == 60
    assert max(len(block.rows) for block in view.blocks) == 6


# utility and detection


def test_models_stand_beside_real_ones_and_chance() -> None:
    """The mark is the model trained on real rows, the line chance, the hollow dot the one trained on both."""
    view = utility_view(nhanes_audit().models)
    assert view is not None
    assert [(block.target, block.measure) for block in view.blocks] == [
        ("diabetes", "AUC"),
        ("systolic_bp", "R²"),
    ]
    strip = view.blocks[0].strip
    trees = strip.rows[0]
    (chance,) = strip.strong
    assert trees.at is not None
    assert trees.mark is not None
    assert trees.hollow is not None
    assert chance < trees.at < trees.mark < trees.hollow
    assert (chance, "0.50 chance") in strip.ticks
    assert trees.detail == ("0.84", "0.80 [0.77, 0.82]", "0.85 [0.84, 0.86]", "0.50")
    assert view.said == (
        "3 of 5 models for 2 targets have learned clearly less from synthetic rows than from real ones."
    )


@pytest.mark.parametrize(
    ("bounds", "answer"),
    [
        (((0.81, 0.85), (0.82, 0.86)), "Yes. Beside real rows alone, of 2 models: 2 better."),
        (((0.81, 0.85), (0.7, 0.9)), "For some models."),
        (((0.7, 0.79), (0.7, 0.9)), "No. Beside real rows alone, of 2 models: 1 worse, 1 not told apart."),
        (((0.7, 0.9), (-math.inf, math.inf)), "Not for sure."),
    ],
)
def test_whether_adding_synthetic_rows_helps_is_answered(
    bounds: tuple[tuple[float, float], ...], answer: str
) -> None:
    """Only an interval that clears the model trained on real rows counts as better or worse."""
    model = replace(nhanes_audit().models[0], trtr=0.8, trstr=0.8)
    view = utility_view([replace(model, trstr_low=low, trstr_high=high) for low, high in bounds])
    assert view is not None
    assert view.augmented.startswith(f"Does adding synthetic rows to real ones help? {answer}")


def test_nothing_is_said_of_what_was_not_tried() -> None:
    """Without a model trained on both there is no sentence about it, and no hollow dot."""
    view = utility_view(clean_audit().models)
    assert view is not None
    assert view.augmented == ""
    assert all(row.hollow is None for block in view.blocks for row in block.strip.rows)
    assert view.said.startswith("None of 5 models")


def test_a_model_far_below_chance_is_an_arrow() -> None:
    """An R² of −70 does not squeeze the others into a corner."""
    model = nhanes_audit().models[3]
    view = utility_view([model, replace(model, model="bad", tstr=-70.0, low=-90.0, high=-50.0)])
    assert view is not None
    good, bad = view.blocks[0].strip.rows
    assert bad.beyond == -1
    assert good.at is not None
    assert good.mark is not None
    assert good.mark - good.at > 0.05


def test_giveaways_are_the_releasable_single_columns() -> None:
    """Columns are listed by their AUC, largest first; pairs and what may not be printed are not."""
    view = detection_view(
        [
            _score("c2st_auc", (), 0.642, low=0.62, high=0.66),
            _score("c2st_auc", ("b",), 0.55, floor=0.5),
            _score("c2st_auc", ("a",), 0.75, floor=0.5),
            _score("c2st_auc", ("c",), 0.45, floor=0.5),
            _score("c2st_auc", ("secret",), 0.99, releasable=False),
            _score("c2st_auc", ("a", "b"), 0.98),
            _score("tvd", ("d",), 0.97),
            _score("c2st_auc", ("e",), math.nan),
        ]
    )
    assert view is not None
    assert [(row.column, row.found) for row in view.rows] == [("a", "0.750"), ("b", "0.550"), ("c", "0.450")]
    assert [row.meter.at for row in view.rows] == pytest.approx([0.5, 0.1, 0.0])
    assert view.said == "All columns together reach an AUC of 0.64 [0.62, 0.66]."


def test_a_meter_draws_only_what_it_is_told() -> None:
    """Without an interval and a reference a meter is a bar; it is hidden from those who listen."""
    bare, full = meter(Meter(0.5, None, None, None)), meter(Meter(0.5, 0.4, 0.6, 0.1))
    assert 'width="50%"' in bare
    assert "line" not in bare
    assert full.count("<line") == 2
    assert 'aria-hidden="true"' in bare
    assert "#m-hollow" in key("hollow")


# the page


def test_empty_sections_are_left_out() -> None:
    """A section without content has no heading and no entry in the contents; one with a reason tells it."""
    source = render(empty_audit())
    assert not [name for name in OPTIONAL if f'id="{name}"' in source or f'href="#{name}"' in source]
    whole = render(nhanes_audit())
    assert all(f'id="{name}"' in whole and f'href="#{name}"' in whole for name in OPTIONAL)
    audit = nhanes_audit()
    why = "No target was named, and none could be guessed."
    silent = tuple(
        replace(family, status=Status.NOT_APPLICABLE, calibrated=None, reason=why)
        for family in audit.families
        if family.section is Section.UTILITY
    )
    page = audit_page(replace(audit, models=(), families=silent))
    assert page.utility is not None
    assert (page.utility.blocks, page.utility.said) == ((), why)
    assert audit_page(replace(audit, models=())).utility is None


def test_no_infinity_reaches_the_page() -> None:
    """Neither text nor coordinates hold inf or nan, whatever the figures are."""
    source = render(extreme_audit())
    body = source[source.index("<body>") :]
    words = re.sub(r"<[^>]*>", " ", body)
    assert not re.search(r"\b(inf|nan|infinity|none)\b(?! is)", words)
    drawn = re.findall(r'\b(?:x|y|x1|x2|y1|y2|width|height|d)="([^"]*)"', body)
    assert len(drawn) > 1_000
    assert not [value for value in drawn if "nan" in value or "inf" in value]


def test_the_number_of_people_is_that_of_the_audit() -> None:
    """The page says 25 people where the audit withheld below 25, everywhere."""
    words = render(extreme_audit())
    assert "fewer than 25 people" in words
    assert "fewer than 10 people" not in words
    assert "fewer than 10 people" in render(nhanes_audit())


@pytest.mark.parametrize("name", ["rare", "associations", "privacy", *OPTIONAL])
def test_hostile_names_stay_text_in_every_section(name: str) -> None:
    """Names in the new sections are escaped and cut: no element, no endless text."""
    source = render(hostile_audit())
    section = source[source.index(f'<section id="{name}"') :]
    section = section[: section.index("</section>")]
    assert "<script>" not in section
    assert "&lt;script&gt;" in section
    assert HOSTILE[15] not in section


def test_every_rule_group_and_model_is_on_the_page() -> None:
    """All hundred rules, sixty groups, forty-two findings and thirty models have their row in a table."""
    source = render(extreme_audit())

    def rows(name: str) -> int:
        section = source[source.index(f'<section id="{name}"') :]
        section = section[: section.index("</section>")]
        return len(re.findall(r'<th scope="row"', section))

    assert rows("logic") == 100
    assert rows("subgroups") == 60
    assert rows("utility") == 30
