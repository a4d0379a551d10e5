"""What a page says first: the weakest family, the strongest attack, how much evidence there is."""

from __future__ import annotations

from dataclasses import replace

from report_fixture import nhanes_audit
from report_variants import clean_audit, empty_audit

from synthtab.reporting.audit_answers import faithful, gives_away, rests_on
from synthtab.reporting.audit_page import audit_page
from synthtab.results import Status


def test_faithfulness_is_that_of_the_weakest_family() -> None:
    """A family that fails is named before one that scores lower without failing; no average hides it."""
    answer = faithful(nhanes_audit())
    assert (answer.big, answer.bounds) == ("0.58", "[0.49, 0.66]")
    assert answer.caption.startswith("Rare categories, the weakest family")
    assert answer.tag is not None
    assert answer.tag.kind == "fail"
    facts = {fact.name: fact.text for fact in answer.facts}
    assert facts["Fails on"] == "Marginals, Rare categories"
    assert facts["Checks"] == "2 failed, 2 warned, 10 passed"


def test_the_strongest_attack_is_the_one_shown() -> None:
    """Among attacks that found nothing the one furthest beyond outsiders is shown, with its power."""
    answer = gives_away(nhanes_audit())
    assert answer.big == "1.1\u00a0%"
    assert "1.0\u00a0% on people who are not in the data" in answer.caption
    assert ("Would have seen", "0.5\u00a0% copied rows, or 1\u00a0% near-copies") in [
        (fact.name, fact.text) for fact in answer.facts
    ]


def test_a_leak_comes_first() -> None:
    """An attack that succeeded is shown before a stronger-looking one that did not."""
    audit = nhanes_audit()
    attacks = (replace(audit.attacks[0], status=Status.FAIL), *audit.attacks[1:])
    answer = gives_away(replace(audit, attacks=attacks))
    assert answer.tag is not None
    assert (answer.tag.kind, answer.tag.word) == ("fail", "A leak was found")
    assert answer.caption.startswith("Exact copies")


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
    assert len(page.passed) == 12
    assert [row.found for row in page.unasked] == ["not applicable"]
    assert len(page.notes) == 1


def test_a_column_is_named_once() -> None:
    """Columns that the reason already names are not repeated below it."""
    rows = {row.code: row for row in audit_page(nhanes_audit()).decided}
    assert rows["STB301"].columns == ()
    assert rows["STB201"].columns == ("diabetes", "hba1c", "diabetes_age")
    assert rows["STB201"].more_columns == 2
