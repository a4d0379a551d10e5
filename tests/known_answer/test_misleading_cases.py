"""Tables of which SDMetrics says the wrong thing: each time the audit must say the right one."""

from __future__ import annotations

import math

import misleading_cases as cases
import pytest
from misleading_cases import failed_checks

from synthtab.results import AuditResult, Section, Status, Verdict


def audited(answers: cases.Answers) -> AuditResult:
    """Give the audit of a case that has one."""
    assert answers.result is not None
    return answers.result


def test_a_column_moved_out_of_sight_fails() -> None:
    """SDMetrics bins each table by itself and calls the pair perfect; the audit fails shape and pair."""
    answers = cases.moved_column()
    assert answers.of_theirs("pair income × region") == pytest.approx(1.0)
    result = audited(answers)
    assert {"STB101", "STB105", "STB204"} <= set(failed_checks(result))
    assert result.check("STB105").columns[0] == "income"
    assert set(result.check("STB204").columns[:2]) == {"income", "region"}


def test_one_outlier_changes_nothing() -> None:
    """One value stretches SDMetrics' bins and takes a pair from over .9 to about .01; ours hardly moves."""
    answers = cases.one_outlier()
    assert answers.of_theirs("pair income × region without it") > 0.9
    assert answers.of_theirs("pair income × region with it") < 0.02
    assert answers.of_ours("dependence with it") == pytest.approx(
        answers.of_ours("dependence without it"), abs=0.05
    )
    assert audited(answers).section_verdict(Section.ASSOCIATION) is not Verdict.FAIL


def test_an_invented_dependence_fails_and_is_named() -> None:
    """SDMetrics gives an invented r = 1 no score and the mean of fresh rows; the audit names the pair."""
    answers = cases.invented_dependence()
    assert math.isnan(answers.of_theirs("pair age × noise"))
    fresh = answers.of_theirs("column pair trends of fresh rows")
    assert answers.of_theirs("column pair trends") == pytest.approx(fresh, abs=1e-6)
    result = audited(answers)
    assert result.check("STB204").status is Status.FAIL
    assert set(result.check("STB204").columns[:2]) == {"age", "noise"}
    change = result.association_changes[0]
    assert {change.first, change.second} == {"age", "noise"}
    assert change.kind in ("invented", "strengthened")
    assert abs(change.real) < 0.1
    assert change.synthetic > 0.95


def test_invented_nulls_fail_the_column() -> None:
    """SDMetrics drops missing values first and scores over .94; the audit fails that column's shape."""
    answers = cases.invented_nulls()
    assert answers.of_theirs("column shapes") > 0.94
    result = audited(answers)
    assert {"STB101", "STB105"} <= set(failed_checks(result))
    assert result.check("STB105").columns[0] == "income"


def test_invented_nulls_fail_the_missing_rates() -> None:
    """The worst missing rate fails and names the column, also where the real table misses nothing."""
    check = audited(cases.invented_nulls()).check("STB109")
    assert check.status is Status.FAIL
    assert check.columns == ("income",)


def test_invented_nulls_beside_others_fail_the_missing_rates() -> None:
    """So it does where another column is missing at its true rate, and it names the column."""
    answers = cases.nulls_beside_others()
    assert answers.of_theirs("column shapes") > 0.94
    check = audited(answers).check("STB104")
    assert check.status is Status.FAIL
    assert check.columns[0] == "income"


def test_a_lost_rare_category_is_seen() -> None:
    """Losing all of a .5 % category costs half a point of TVD; the rare section fails or warns."""
    answers = cases.lost_category()
    assert answers.of_theirs("shape of the column") > 0.99
    assert audited(answers).section_verdict(Section.RARE) in (Verdict.WARN, Verdict.FAIL)
    assert audited(answers).check("STB301").status in (Status.WARN, Status.FAIL)


def test_an_exact_copy_fails_on_privacy() -> None:
    """The training rows score 1.0 twice; the audit fails copies and membership."""
    answers = cases.exact_copy()
    assert answers.of_theirs("column shapes") == pytest.approx(1.0)
    assert answers.of_theirs("column pair trends") == pytest.approx(1.0)
    assert {"STB801", "STB802"} <= set(failed_checks(audited(answers)))


def test_shuffled_columns_fail_association_and_detection() -> None:
    """Without any dependence shapes and logistic detection are perfect; a boosted test sees it at once."""
    answers = cases.shuffled_columns()
    assert answers.of_theirs("column shapes") == pytest.approx(1.0)
    assert answers.of_theirs("quality") > 0.8
    assert answers.of_theirs("logistic detection") > 0.95
    result = audited(answers)
    assert {"STB201", "STB701"} <= set(failed_checks(result))


def test_unrelated_columns_of_many_levels_have_no_association() -> None:
    """Uncorrected, Cramér's V of independent columns of 300 levels reads .39, over SDMetrics' threshold."""
    answers = cases.many_levels()
    assert answers.of_theirs("association of the real columns") == pytest.approx(0.39, abs=0.02)
    assert answers.of_ours("Cramér's V of the real columns") < 0.05


def test_utility_is_the_same_when_asked_twice() -> None:
    """An unseeded tree gives one table two scores; ours gives one, beside real rows and chance."""
    answers = cases.asked_twice()
    assert answers.of_theirs("F1, first time") != answers.of_theirs("F1, second time")
    assert answers.of_ours("AUC, first time") == answers.of_ours("AUC, second time")


def test_a_lost_class_is_worth_nothing() -> None:
    """With one class left SDMetrics scores as on fresh rows; ours scores chance, far below real rows."""
    answers = cases.lost_class()
    assert answers.of_theirs("F1, nobody is ill") == pytest.approx(
        answers.of_theirs("F1 of fresh rows"), abs=0.02
    )
    assert answers.of_ours("AUC") == answers.of_ours("chance") == 0.5
    assert answers.of_ours("AUC trained on real rows") > 0.85


def test_a_lost_level_of_a_predictor_is_no_crash() -> None:
    """SDMetrics' encoder raises on a level that only real rows hold; ours predicts all the same."""
    answers = cases.lost_level_of_a_predictor()
    assert answers.failure == "ValueError"
    assert answers.of_ours("AUC") == pytest.approx(answers.of_ours("AUC trained on real rows"), abs=0.03)


def test_membership_does_not_flip_on_one_outlier() -> None:
    """One training row with codes for unknown takes SDMetrics from 1 to 0 for safe rows; ours stays safe."""
    answers = cases.outlier_in_training()
    assert answers.of_theirs("DCR overfitting protection without it") > 0.75
    assert answers.of_theirs("DCR overfitting protection with it") < 0.05
    assert answers.of_ours("membership p without it") > 0.05
    assert answers.of_ours("membership p with it") > 0.05
    assert audited(answers).section_verdict(Section.PRIVACY) is not Verdict.FAIL


def test_a_copy_of_few_levels_fails() -> None:
    """Where most rows exist in the holdout too, SDMetrics protects a verbatim copy fully; ours fails it."""
    answers = cases.copy_of_few_levels()
    assert answers.of_theirs("DCR overfitting protection") == 1.0
    result = audited(answers)
    assert result.check("STB801").status is Status.FAIL


def test_fresh_rows_fail_nowhere() -> None:
    """The clean case: fresh people of the same law fail no section that the cases above fail."""
    train, holdout, fresh = cases.three_parts()
    sections = ("marginal", "association", "rare", "detection", "privacy")
    result = cases.ask_audit(train, holdout, fresh, sections)
    assert failed_checks(result) == ()
