"""What a page says first: the weakest family, the strongest attack, how much evidence there is."""

from __future__ import annotations

from dataclasses import replace

from report_fixture import nhanes_audit
from report_variants import clean_audit, empty_audit, leaky_audit, unheld_audit

from synthtab.reporting.audit_answers import faithful, gives_away, may_have, rests_on
from synthtab.reporting.audit_page import audit_page
from synthtab.results import Status


def test_faithfulness_is_that_of_the_weakest_family() -> None:
    """A family that fails is named before one that scores lower without failing; no average hides it."""
    answer = faithful(nhanes_audit())
    assert (answer.big, answer.bounds) == ("0.58", "[0.49, 0.66]")
    assert answer.caption.startswith("Rare categories, the weakest family")
    assert answer.beside.startswith("fresh real data: 1.00 [")
    assert answer.tag is not None
    assert answer.tag.kind == "fail"
    facts = {fact.name: fact.text for fact in answer.facts}
    assert facts["Fails on"] == "Marginals, Rare categories"
    assert facts["Checks"] == "2 failed, 2 warned, 10 passed"


def test_the_usual_headline_is_membership() -> None:
    """Where nothing was found, members found at 1 % false alarms by density ratio speak, with their power."""
    answer = gives_away(nhanes_audit())
    assert (answer.big, answer.bounds) == ("1.1\u00a0%", "[0.6, 1.9]")
    assert answer.caption.startswith("Membership at 1\u00a0% false alarms: DOMIAS, nearest neighbour")
    assert answer.beside == "people who are not in the data: 1.0\u00a0%"
    facts = {fact.name: fact.text for fact in answer.facts}
    assert facts["Would have seen"] == "14 copied rows (0.4\u00a0%)"
    assert facts["Checks"] == "7 passed, 1 could not be asked, 3 described only"


def test_a_leak_comes_first() -> None:
    """An attack that succeeded is shown before the usual headline when that one found nothing."""
    audit = nhanes_audit()
    attacks = (replace(audit.attacks[0], status=Status.FAIL), *audit.attacks[1:])
    answer = gives_away(replace(audit, attacks=attacks))
    assert answer.tag is not None
    assert (answer.tag.kind, answer.tag.word) == ("fail", "A leak was found")
    assert answer.caption.startswith("Exact copies")


def test_a_share_is_never_held_against_an_area() -> None:
    """An area under the curve of 0.81 does not outdo a share; alone it is named as what it is."""
    audit = leaky_audit()
    assert gives_away(audit).caption.startswith("Membership at 1\u00a0% false alarms: DOMIAS")
    alone = tuple(attack for attack in audit.attacks if attack.code == "STB812")
    answer = gives_away(replace(audit, attacks=alone))
    assert (answer.big, answer.bounds) == ("0.81", "[0.72, 0.90]")
    assert "area under the curve" in answer.caption
    assert "%" not in answer.big + answer.caption


def test_a_leak_without_a_figure_is_told() -> None:
    """One person is enough for a leak, and a withheld figure is said to be withheld: neither is a dash."""
    audit = leaky_audit()
    single, linked = (
        replace(audit, attacks=tuple(attack for attack in audit.attacks if attack.code == code))
        for code in ("STB809", "STB806")
    )
    assert (gives_away(single).big, gives_away(single).bounds) == ("≥ 1", "person or value")
    assert gives_away(linked).big == "Withheld"
    assert "fewer than 10 people" in gives_away(linked).caption


def test_many_leaks_are_counted() -> None:
    """Of more than four questions that fail three are named, and the rest is counted."""
    facts = {fact.name: fact.text for fact in gives_away(leaky_audit()).facts}
    assert facts["Fails on"] == "Membership, Linkability, Singling out and 3 more"


def test_each_circle_of_readers_has_its_line() -> None:
    """Who may have it is answered in words, circle by circle, in the order of the policy."""
    answer = may_have(nhanes_audit())
    assert answer is not None
    lines = [(fact.name, fact.tag.kind, fact.tag.word) for fact in answer.facts if fact.tag is not None]
    assert lines == [
        ("Same team", "pass", "yes"),
        ("Partners", "warn", "with the notes"),
        ("Public", "fail", "no"),
    ]
    assert "default (2026.1)" in answer.note
    assert may_have(clean_audit()) is None


def test_what_it_rests_on_is_never_lost() -> None:
    """With circles of readers the evidence stands in a line of its own, without them in the third card."""
    page, old = audit_page(nhanes_audit()), audit_page(clean_audit())
    assert [answer.question for answer in page.answers][2] == "Who may have it?"
    assert page.rests == rests_on(nhanes_audit())
    assert old.rests is None
    assert old.answers[2] == rests_on(clean_audit())
    assert audit_page(unheld_audit()).rests == rests_on(unheld_audit())


def test_without_a_holdout_nobody_is_compared_with() -> None:
    """What is expected without a leak is not called the success on other people."""
    answer = gives_away(unheld_audit())
    assert answer.tag is not None
    assert answer.tag.word == "Unclear"
    assert answer.beside.startswith("expected without a leak: ")
    assert "not in the data" not in answer.caption + answer.beside


def test_descriptions_never_speak_for_privacy() -> None:
    """A DCR share alone, which is a note, does not say that no leak was found."""
    audit = nhanes_audit()
    notes = tuple(attack for attack in audit.attacks if attack.status is Status.NOTE)
    answer = gives_away(replace(audit, attacks=notes, checks=()))
    assert answer.tag is not None
    assert (answer.tag.kind, answer.big) == ("na", "–")


def test_without_a_holdout_privacy_is_untested_and_evidence_is_thin() -> None:
    """No holdout is said in both cards, and never passes for safety."""
    audit = clean_audit()
    privacy, evidence = gives_away(audit), rests_on(audit)
    assert privacy.tag is not None
    assert privacy.tag.word == "Not tested"
    assert "without a holdout" in privacy.caption
    assert any(fact.tag is not None and fact.tag.kind == "warn" for fact in evidence.facts)


def test_an_audit_that_asked_nothing_says_so() -> None:
    """Nothing asked is not judged, instead of a silent yes."""
    answer = faithful(empty_audit())
    assert answer.tag is not None
    assert answer.tag.word == "Not judged"
    assert rests_on(empty_audit()).big == "0 of 0"


def test_failed_checks_come_before_warned_ones() -> None:
    """What decided the verdict is listed worst first; passed, unasked and described checks are apart."""
    page = audit_page(nhanes_audit())
    assert [row.tag.kind for row in page.decided] == ["fail", "fail", "warn", "warn"]
    assert len(page.passed) == 17
    assert [row.found for row in page.unasked] == ["not applicable"]
    assert len(page.notes) == 3


def test_a_column_is_named_once() -> None:
    """Columns that the reason already names are not repeated below it."""
    rows = {row.code: row for row in audit_page(nhanes_audit()).decided}
    assert rows["STB301"].columns == ()
    assert rows["STB201"].columns == ("diabetes", "hba1c", "diabetes_age")
    assert rows["STB201"].more_columns == 2
