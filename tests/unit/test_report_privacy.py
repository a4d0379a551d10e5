"""The section on privacy: who may have the table, attacks by question, what regulators ask."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import nhanes_audit
from report_variants import clean_audit, empty_audit, extreme_audit, leaky_audit, unheld_audit

from synthtab.reporting.attack_groups import QUESTIONS, is_area, question_of, strongest
from synthtab.reporting.attack_lines import attack_line, risk_words
from synthtab.reporting.forest import forest_row
from synthtab.reporting.html import render
from synthtab.reporting.privacy_charts import privacy_view
from synthtab.reporting.privacymodel import AttackGroup, PrivacyView
from synthtab.reporting.regulators import CLOSING, SOURCES
from synthtab.results import Attack, AuditResult, Status
from synthtab.results.shown import VulnerableRecord

MAKERS = (nhanes_audit, leaky_audit, unheld_audit)


def _view(audit: AuditResult) -> PrivacyView:
    view = privacy_view(audit.releasable())
    assert view is not None
    return view


def _group(audit: AuditResult, title: str) -> AttackGroup:
    (group,) = [group for group in _view(audit).groups if group.title == title]
    return group


def _section(audit: AuditResult) -> str:
    source = render(audit)
    section = source[source.index('<section id="privacy"') :]
    return section[: section.index("</section>")]


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).replace("\u00a0", " ")


def _attack(name: str) -> Attack:
    (attack,) = [attack for attack in (*nhanes_audit().attacks, *leaky_audit().attacks[-2:])
                 if attack.name == name]  # fmt: skip
    return attack


# questions


def test_attacks_are_grouped_by_the_check_that_judges_them() -> None:
    """Each code has its question, what was only described stands apart, and unknown attacks are kept."""
    codes = [code for question in QUESTIONS for code in question.codes]
    assert len(codes) == len(set(codes))
    known = {attack.name: question_of(attack).title for attack in nhanes_audit().attacks}
    assert known["Near copies"] == known["Membership: LOGAN"] == "Membership"
    assert known["A single person who stands alone"] == "Single people and rare values"
    assert known["Closer to training rows (DCR share)"] == "Descriptions only"
    assert question_of(_attack("Reconstruction")).title == "Other attacks"
    assert question_of(_attack("Shadow models")).title == "Shadow models"


def test_an_area_is_known_by_its_name_and_its_control() -> None:
    """Only membership without a rate, and shadow models, beside exactly 0.5, are areas under the curve."""
    areas = {attack.name for attack in leaky_audit().attacks if is_area(attack)}
    assert areas == {"Membership: LOGAN", "Shadow models"}
    assert not is_area(replace(_attack("Membership: LOGAN"), control=0.51))
    assert not is_area(replace(_attack("Closer to training rows (DCR share)"), control=0.5))


@given(st.permutations(leaky_audit().attacks))
def test_the_order_of_attacks_chooses_nothing(attacks: list[Attack]) -> None:
    """Whatever the order, the failed density ratio at 1 % false alarms speaks for all."""
    chosen = strongest(attacks)
    assert chosen is not None
    assert chosen.name == "Membership at 1 % false alarms: DOMIAS, nearest neighbour"
    assert chosen.status is Status.FAIL


def test_without_the_usual_headline_the_largest_gain_speaks() -> None:
    """Of shares the one furthest beyond others is taken, then areas, then attacks without a figure."""
    copies, single = _attack("Exact copies"), _attack("Singling out by several values")
    area, withheld = _attack("Membership: LOGAN"), _attack("Linkability")
    assert strongest([withheld, area, copies, single]) == single
    assert strongest([withheld, area]) == area
    assert strongest([withheld]) == withheld
    assert strongest([_attack("Closer to training rows (DCR share)")]) is None
    failed = replace(withheld, status=Status.FAIL)
    assert strongest([single, failed]) == failed


# the view


def test_questions_and_attacks_come_worst_first() -> None:
    """Failed questions stand first and open, passed ones folded, descriptions last; so do their attacks."""
    groups = _view(leaky_audit()).groups
    kinds = [group.tag.kind for group in groups]
    assert kinds == sorted(kinds, key=("fail", "warn", "pass", "note").index)
    assert [group.is_open for group in groups] == [kind == "fail" for kind in kinds]
    assert groups[-1].title == "Descriptions only"
    membership = next(group for group in groups if group.title == "Membership")
    gains = [line.row.label.rpartition(": ")[2] for line in membership.plots[0].lines]
    assert gains == ["Near copies", "GAN-leaks", "DOMIAS, nearest neighbour"]
    mixed = next(group for group in groups if group.title == "Single people and rare values")
    assert [line.row.tag.kind for line in mixed.plots[0].lines] == ["fail", "pass"]


def test_a_folded_question_tells_its_result() -> None:
    """The line that stays visible holds the answer as a word and the sentence of its check."""
    section = _section(nhanes_audit())
    summaries = [_words(text) for text in re.findall(r"<summary>(.*?)</summary>", section)]
    (membership,) = [text for text in summaries if text.strip().startswith("Membership")]
    assert "Pass" in membership
    assert "The best of 4 attacks tells training rows no better" in membership
    folds = re.findall(r'<details class="card unfold question"( open)?>', section)
    assert len(folds) == 7
    assert not any(folds)


def test_people_in_the_table_stand_beside_others() -> None:
    """The full dot is success in the table, the hollow one on others, both with intervals, on 0 to 100 %."""
    (line, _) = _group(nhanes_audit(), "Attribute inference").plots[0].lines[::-1]
    row = line.row
    assert line.others == "others 84.3\u00a0% [83.0, 85.5]"
    assert row.figure == "84.1\u00a0% [82.9, 85.2]"
    places = (row.low, row.at, row.high, row.hollow_low, row.hollow, row.hollow_high)
    assert all(place is not None and 0 <= place <= 1 for place in places)
    assert row.at == pytest.approx(0.02 + 0.96 * 0.841)
    ticks = _group(nhanes_audit(), "Attribute inference").plots[0].strip.ticks
    assert [words for _, words in ticks if words] == ["0\u00a0%", "50\u00a0%", "100\u00a0%"]
    assert "84.1" in row.said
    assert "others 84.3" in row.said


def test_areas_stand_on_an_axis_of_their_own() -> None:
    """An area under the curve is named as one, has no per cent sign and no place among shares."""
    shares, areas = _group(nhanes_audit(), "Membership").plots
    assert [line.row.label for line in areas.lines] == ["Membership: LOGAN"]
    (line,) = areas.lines
    assert (line.row.figure, line.others) == ("AUC 0.48 [0.46, 0.50]", "0.5 is guessing")
    assert line.row.hollow is None
    assert "Area under the curve" in areas.title
    assert "0.5 guessing" in [words for _, words in areas.strip.ticks]
    assert not [line for line in shares.lines if line.row.figure.startswith("AUC")]
    overview = _view(leaky_audit()).overview
    assert overview is not None
    (shadow,) = [line.row for line in overview.lines if line.row.label == "Shadow models"]
    assert shadow.at is None
    assert shadow.figure == "AUC 0.81 [0.72, 0.90]"


def test_what_is_withheld_says_so() -> None:
    """Too few people: either side says it in words, with the number of the audit, and leaves no mark."""
    (linked,) = _group(nhanes_audit(), "Linkability").plots[0].lines
    assert linked.row.figure == "withheld: fewer than 10 people"
    assert (linked.row.at, linked.row.hollow) == (None, None)
    by_one = attack_line(_attack("Singling out by one value"), 25, "others")
    assert by_one.others == "others withheld: fewer than 25 people"
    assert by_one.row.hollow is None
    near = attack_line(_attack("Near copies"), 10, "others")
    assert (near.row.at, near.others) == (None, "others 0.0\u00a0% [0.0, 0.1]")
    section = _section(nhanes_audit())
    assert "withheld: fewer than 10 people" in section
    assert "withheld: fewer than 25 people" in _section(extreme_audit())


def test_one_person_needs_no_rate() -> None:
    """Where one person is enough nothing is withheld: there is no rate."""
    assert risk_words(_attack("A single person who stands alone"), 10) == "no rate: one is enough"
    plot = _group(nhanes_audit(), "Single people and rare values").plots[0]
    assert not plot.is_drawn
    assert all(line.others == "" for line in plot.lines)


def test_what_a_question_shares_is_told_once() -> None:
    """Attacker, knowledge and power stand above the attacks that share them, else beside each."""
    group = _group(nhanes_audit(), "Attribute inference")
    assert [fact.name for fact in group.facts] == [
        *("Attacker", "Attacker knows", "Would have seen", "Asked for by")
    ]
    assert all(line.facts == () for plot in group.plots for line in plot.lines)
    single = _group(nhanes_audit(), "Single people and rare values")
    assert [fact.name for fact in single.facts] == []
    assert all(len(line.facts) == 3 for line in single.plots[0].lines)
    (copies,) = _group(nhanes_audit(), "Copies").plots[0].lines
    assert copies.reason == ""


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_attack_has_its_words_and_its_row(make: object) -> None:
    """Nothing is only drawn: figures stand in the table behind the plot, attacker and sentence beside it."""
    assert callable(make)
    audit = make()
    section = _section(audit)
    words = _words(section)
    rows = [_words(text) for text in re.findall(r'<tr><th scope="row">(.*?)</tr>', section, flags=re.DOTALL)]
    for attack in audit.attacks:
        if attack.status is Status.NOT_APPLICABLE:
            assert attack.reason in words
            continue
        told = (attack.name, attack.attacker, attack.knows, attack.does, attack.reason, attack.asked_by)
        assert all(text in words for text in told), attack.name
        seen, figure = attack.smallest_seen, risk_words(attack, 10).replace("\u00a0", " ")
        assert [row for row in rows if row.strip().startswith(attack.name) and seen in row and figure in row]


def test_the_overview_has_one_line_a_question() -> None:
    """Each judged question is on it with its strongest attack; descriptions are not."""
    overview = _view(nhanes_audit()).overview
    assert overview is not None
    names = [line.row.label for line in overview.lines]
    assert names == [
        *("Copies", "Membership", "Attribute inference", "Linkability", "Singling out"),
        "Single people and rare values",
    ]
    assert overview.lines[1].row.detail[0].startswith("Membership at 1\u00a0% false alarms: DOMIAS")
    assert overview.lines[1].row.figure == "1.1\u00a0% [0.6, 1.9]"


def test_what_could_not_be_asked_is_listed_with_its_reason() -> None:
    """Questions that share a reason stand together; a reason that an attack repeats is told once."""
    (quasi,) = _view(nhanes_audit()).unasked
    assert (quasi.name, quasi.text) == (
        "Quasi-identifiers",
        "The schema names fewer than two quasi-identifiers.",
    )
    (unheld,) = _view(unheld_audit()).unasked
    assert unheld.name.startswith("Membership, Attribute inference, Linkability, Singling out")
    assert unheld.text == "There is no holdout: nobody to compare with."
    lone = replace(clean_audit(), checks=(), attacks=unheld_audit().attacks[-1:])
    assert [fact.name for fact in _view(lone).unasked] == [unheld_audit().attacks[-1].name]


def test_without_a_holdout_nothing_is_called_others() -> None:
    """Success is then held against what is expected without a leak, and the legend says the same."""
    (line,) = _group(unheld_audit(), "Copies").plots[0].lines
    assert line.others.startswith("expected 0.0\u00a0%")
    words = _words(_section(unheld_audit()))
    assert "expected without a leak" in words
    assert "others 0" not in words
    assert _group(unheld_audit(), "Descriptions only").plots[0].lines[0].row.label == "k-map, k = 10"


# the drawing


def test_a_side_that_is_withheld_leaves_no_trace() -> None:
    """Only what is known is drawn: people in the table above, others below, each with its own interval."""
    plot = _group(nhanes_audit(), "Singling out").plots[0]
    whole, half = (forest_row(line.row, plot.strip) for line in plot.lines[::-1])
    if "hollow" not in whole:
        whole, half = half, whole
    assert whole.count("<use") == 2
    assert whole.index("ci-others") < whole.index("#m-hollow") < whole.index("#m-pass")
    assert half.count("<use") == 1
    assert "hollow" not in half
    assert "ci-others" not in half
    heights = re.findall(r'<use class="(?:dot \w+|hollow)"[^>]*y="([^"]*)"', whole)
    assert len(set(heights)) == 2


# who may have it


def test_each_circle_tells_its_reasons_in_full() -> None:
    """Who they are, the answer as a word, every reason, and the checks required stand on the page."""
    words = _words(_section(nhanes_audit()))
    for context in nhanes_audit().contexts:
        assert context.readers in words
        assert all(reason in words for reason in context.reasons)
    assert "Every check that this circle requires passed." in words
    assert "Requires STB801, STB809" in words
    assert [circle.tag.word for circle in _view(nhanes_audit()).circles] == ["yes", "with the notes", "no"]
    assert "Who may have it" not in _words(_section(clean_audit()))


# epsilon and regulators


def test_a_bound_of_zero_is_not_called_privacy() -> None:
    """The sentence of the check stands plainly, with what a bound of 0 does not mean, also when unasked."""
    words = _words(_section(nhanes_audit()))
    assert "The lower bound is 0. 0 is not evidence of privacy: this design sees 3.58 at most." in words
    assert "A lower bound of 0 is not evidence of privacy." in words
    assert "there is no holdout" in _view(unheld_audit()).epsilon
    without = tuple(check for check in nhanes_audit().checks if check.code != "STB811")
    assert "A lower bound of epsilon" not in _words(_section(replace(nhanes_audit(), checks=without)))


def test_regulators_are_answered_by_what_was_judged_here() -> None:
    """A source is offered only what this audit judged; what it could not ask is named."""
    rows = {row.name.split(",")[0]: row.here for row in _view(nhanes_audit()).sources}
    assert rows["Article 29 Working Party"] == (
        "Judged here: singling out, linkability, attribute inference."
    )
    assert rows["HIPAA Privacy Rule"].endswith("Not judged here: quasi-identifier cells.")
    assert rows["European Medicines Agency"] == ""
    unheld = {row.name.split(",")[0]: row.here for row in _view(unheld_audit()).sources}
    assert unheld["Article 29 Working Party"].startswith("Not judged here")


def test_nothing_is_claimed_of_any_law() -> None:
    """No source is said to be met, no threshold is borrowed, and no standard of IEEE is cited."""
    told = " ".join([*(f"{source.name} {source.asks} {source.offers}" for source in SOURCES), CLOSING])
    assert not re.search(r"anonymous|compliant|IEEE|complies|satisf|guarantee", told)
    assert told.count("0.09") == 2
    assert "never compare it" in told
    assert "Nothing here is a claim of compliance" in CLOSING
    for make in (*MAKERS, clean_audit):
        words = _words(render(make()))
        assert words.count("anonymous") == words.count("not “anonymous”")
        assert "compliant" not in words


def test_without_privacy_the_section_says_so() -> None:
    """When privacy was not asked there is neither an attack nor a regulator on the page."""
    assert privacy_view(empty_audit()) is None
    words = _words(_section(empty_audit()))
    assert "No attack was run." in words
    assert "regulators" not in words
    assert "No attack was run." in _words(_section(clean_audit()))


def test_vulnerable_rows_are_never_on_the_page() -> None:
    """The internal list of people who stand alone changes no byte of a report."""
    audit = nhanes_audit()
    known = (VulnerableRecord(3_141, 0.271828, 0.161803, 1.414214),)
    assert render(replace(audit, vulnerable=known)) == render(audit)
