"""The privacy section: what each check says, to whom a table may go, what is said without a holdout."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthtab as st
from synthtab.attacks import AttackTables
from synthtab.auditing.contexts import answer_contexts
from synthtab.auditing.people import people_on_both_sides
from synthtab.auditing.policy import INFERENCE_CODES, Policy
from synthtab.auditing.privacy_words import CHECKS, is_shown
from synthtab.datasets import Dataset
from synthtab.results import AuditResult, Check, Section, Status, Verdict
from synthtab.tables import Split

JUDGED = tuple(code for code in CHECKS if code not in ("STB803", "STB804", "STB811", "STB812"))


@pytest.fixture(scope="module")
def fresh(nhanes: Dataset, nhanes_thirds: Split) -> AuditResult:
    """Audit an untouched third."""
    return privacy(nhanes, nhanes_thirds, nhanes_thirds.verifier)


@pytest.fixture(scope="module")
def copied(nhanes: Dataset, nhanes_thirds: Split) -> AuditResult:
    """Audit a bootstrap of the training rows."""
    made = nhanes_thirds.train.sample(len(nhanes_thirds.train), replace=True, random_state=1)
    return privacy(nhanes, nhanes_thirds, made)


def privacy(nhanes: Dataset, parts: Split, made: pd.DataFrame, **given: object) -> AuditResult:
    """Ask the privacy section only."""
    defaults = {"holdout": parts.holdout, "schema": nhanes.schema, "sections": ["privacy"]}
    return st.audit(parts.train, made, **{**defaults, **given})  # type: ignore[arg-type] # as given


def statuses(result: AuditResult) -> dict[str, Status]:
    """Give the answer of each check."""
    return {check.code: check.status for check in result.checks}


# ---------------------------------------------------------------- checks


def test_a_fresh_third_passes_every_check(fresh: AuditResult) -> None:
    """Every attack is asked, every one passes, every one says the smallest leak it would have seen."""
    found = statuses(fresh)
    assert {code: found[code] for code in JUDGED} == dict.fromkeys(JUDGED, Status.PASS)
    assert [found[code] for code in ("STB803", "STB804", "STB811")] == [Status.NOTE] * 3
    assert fresh.verdict is Verdict.PASS
    for check in fresh.checks:
        if check.code in JUDGED:
            assert check.smallest_seen is not None
            assert 0 < check.smallest_seen < 0.2
    assert "not evidence of privacy" in fresh.check("STB811").reason


def test_a_bootstrap_fails_every_attack(copied: AuditResult) -> None:
    """Copies are seen by copies, membership, inference, linkage, singling out and single people alike."""
    found = statuses(copied)
    failing = ("STB801", "STB802", *INFERENCE_CODES, "STB809")
    assert {found[code] for code in failing} == {Status.FAIL}
    assert copied.check("STB811").value == pytest.approx(3.58, abs=0.02)
    assert all(copied.check(code).remedy for code in failing)


def test_each_attack_says_who_and_beside_whom(fresh: AuditResult) -> None:
    """Each attack names attacker, knowledge, deed and check; a rate stands beside its control."""
    names = {attack.name.split(":")[0] for attack in fresh.attacks}
    assert {"Exact copies", "Near copies", "Linkability", "Attribute inference"} <= names
    for attack in fresh.attacks:
        assert attack.attacker
        assert attack.knows
        assert attack.does
        assert attack.smallest_seen
        assert attack.code in CHECKS
        if attack.risk is not None and attack.status is not Status.NOTE:
            assert attack.low is not None
            assert attack.high is not None
            assert attack.low <= attack.risk <= attack.high
            assert attack.control is not None


def test_shares_of_the_budget_add_up() -> None:
    """Parts of the privacy budget add up to one; the four inference checks share one part."""
    policy = Policy()
    parts = {code: policy.privacy_share(code) for code in JUDGED if code not in INFERENCE_CODES}
    assert sum(parts.values()) + policy.privacy_share("STB805") + policy.privacy_share(
        "STB812"
    ) == pytest.approx(1)
    assert policy.privacy_alpha("STB802") == pytest.approx(policy.privacy * 0.25)


@pytest.mark.parametrize("releases", [1, 6])
def test_every_check_can_fail_at_its_level(releases: int) -> None:
    """However many audits share the budget, a permutation p-value can be as small as its level."""
    policy = Policy().shared_by(releases)
    for code in (*JUDGED, "STB812"):
        assert 2 / (1 + policy.labellings(code)) <= policy.privacy_alpha(code)


def test_no_claim_is_made(fresh: AuditResult, copied: AuditResult) -> None:
    """No text calls the table anonymous or compliant but to say that nothing does."""
    for result in (fresh, copied):
        said = [check.reason for check in result.checks] + [attack.reason for attack in result.attacks]
        said += [reason for context in result.contexts for reason in context.reasons] + [result.summary]
        assert not any("anonym" in text.lower() or "complian" in text.lower() for text in said)


# ---------------------------------------------------------------- what is printed


@pytest.mark.parametrize(
    ("hits", "trials", "shown"),
    [(0, 50, True), (50, 50, True), (9, 50, False), (45, 50, False), (10, 50, True)],
)
def test_rates_of_a_handful_are_withheld(hits: int, trials: int, shown: bool) -> None:
    """A rate is shown when nobody, everybody, or at least ten people stand on either side of it."""
    assert is_shown(hits, trials, 10) is shown


def test_vulnerable_rows_stay_inside(nhanes_thirds: Split, fresh: AuditResult, tmp_path: Path) -> None:
    """Row numbers are told in memory, loneliest first, and never written with the result."""
    listed = fresh.vulnerable_frame()
    assert list(listed.columns) == ["row", "isolation", "nearest_synthetic", "membership_score"]
    assert listed.isolation.is_monotonic_decreasing
    assert listed.row.between(0, len(nhanes_thirds.train) - 1).all()
    assert listed.row.is_unique
    text = fresh.to_json()
    assert "vulnerable" not in text
    assert AuditResult.from_json(text).vulnerable_frame().empty
    page = fresh.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "isolation" not in page


def test_vulnerable_rows_are_those_that_stand_alone(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """A planted outlier leads the list under its own row number, wherever it stands."""
    train = nhanes_thirds.train.copy().reset_index(drop=True)
    train.loc[1_234, ["weight_kg", "waist_cm", "bmi", "blood_lead", "hba1c"]] = [300, 190, 95, 140, 19]
    found = st.audit(
        train,
        nhanes_thirds.verifier,
        holdout=nhanes_thirds.holdout,
        schema=nhanes.schema,
        sections=["privacy"],
    )
    assert found.vulnerable_frame().row.iloc[0] == 1_234


# ---------------------------------------------------------------- to whom


def check(code: str, status: Status, smallest: float | None = 0.005) -> Check:
    """Make a check of the privacy section."""
    return Check(code, Section.PRIVACY, CHECKS[code], status, smallest_seen=smallest)


def answers(checks: list[Check], *, rare: bool = False) -> dict[str, str]:
    """Answer for each circle of readers."""
    return {
        item.name: item.answer.value
        for item in answer_contexts(tuple(checks), Policy(), rare_values_stand=rare)
    }


def test_all_passed_goes_anywhere() -> None:
    """Every required check passed, with power: the table may go to all three circles."""
    checks = [check(code, Status.PASS) for code in JUDGED]
    assert answers(checks) == {"same_team": "pass", "partners": "pass", "public": "pass"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("STB801", {"same_team": "fail", "partners": "fail", "public": "fail"}),
        ("STB802", {"same_team": "pass", "partners": "fail", "public": "fail"}),
        ("STB808", {"same_team": "pass", "partners": "pass", "public": "fail"}),
    ],
)
def test_one_failed_check_closes_the_circles_that_require_it(code: str, expected: dict[str, str]) -> None:
    """A failed check says no to those who require it, with the reason, and to nobody else."""
    checks = [check(other, Status.FAIL if other == code else Status.PASS) for other in JUDGED]
    assert answers(checks) == expected


def test_what_could_not_be_asked_is_no_for_outsiders() -> None:
    """An unasked membership attack says no to partners and public; colleagues are told."""
    checks = [
        check(code, Status.NOT_APPLICABLE if code in ("STB802", "STB809") else Status.PASS) for code in JUDGED
    ]
    assert answers(checks) == {"same_team": "warn", "partners": "fail", "public": "fail"}


def test_too_little_power_and_rare_values_are_notes() -> None:
    """Three percent that could be copied unseen is too much for the public; so is any rare value."""
    weak = [check(code, Status.PASS, 0.03) for code in JUDGED]
    assert answers(weak) == {"same_team": "pass", "partners": "pass", "public": "warn"}
    strong = [check(code, Status.PASS) for code in JUDGED]
    assert answers(strong, rare=True) == {"same_team": "pass", "partners": "pass", "public": "warn"}


def test_a_policy_may_know_other_circles(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """A circle of one's own is answered for in place of the three."""
    circle = st.ReleaseContext("auditors", "Auditors", "people under oath", {"STB803": "they ask for it"})
    found = privacy(
        nhanes, nhanes_thirds, nhanes_thirds.verifier, policy=replace(Policy(), contexts=(circle,))
    )
    assert [context.name for context in found.contexts] == ["auditors"]
    assert found.context("auditors").answer is Verdict.PASS
    with pytest.raises(KeyError):
        found.context("public")


# ---------------------------------------------------------------- without people to compare with


def test_without_holdout_it_warns_and_says_what_can_be_said(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """No holdout: nothing passes, attacks that need one are not applicable and say why, the rest is told."""
    found = privacy(nhanes, nhanes_thirds, nhanes_thirds.verifier, holdout=None)
    answered = statuses(found)
    assert found.verdict is Verdict.WARN
    assert answered["STB801"] is answered["STB809"] is answered["STB810"] is Status.WARN
    for code in ("STB802", *INFERENCE_CODES):
        assert answered[code] is Status.NOT_APPLICABLE
        assert "no holdout" in found.check(code).reason
    assert found.context("partners").answer is Verdict.FAIL
    assert not found.vulnerable_frame().empty


def test_a_bootstrap_is_seen_without_holdout(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """Rows that are training rows far more often than these have twins are copies, whoever else there is."""
    made = nhanes_thirds.train.sample(500, replace=True, random_state=1)
    found = privacy(nhanes, nhanes_thirds, made, holdout=None)
    assert found.check("STB801").status is Status.FAIL
    assert found.check("STB801").smallest_seen == pytest.approx(4 / 500, abs=3 / 500)
    assert found.check("STB809").status is Status.FAIL


def test_a_split_that_was_not_random_is_no_reference(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """Where training and holdout differ by themselves, membership is not asked, and copies still tell."""
    rows = pd.concat([nhanes_thirds.train, nhanes_thirds.holdout]).sort_values("age", kind="stable")
    old, young = rows.iloc[len(rows) // 2 :], rows.iloc[: len(rows) // 2]
    found = st.audit(
        old, old.sample(500, random_state=1), holdout=young, schema=nhanes.schema, sections=["privacy"]
    )
    assert found.check("STB802").status is Status.NOT_APPLICABLE
    assert "no random split" in found.check("STB802").reason
    assert found.check("STB804").value == pytest.approx(1.0, abs=0.02)
    assert found.check("STB801").status is Status.FAIL


# ---------------------------------------------------------------- people with several rows


def visits(people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Give each of some people four like visits."""
    ids = np.repeat(np.arange(people), 4)
    person = rng.normal(size=(people, 5))
    values = person[ids] + 0.05 * rng.normal(size=(len(ids), 5))
    frame = pd.DataFrame(values.round(2), columns=[f"v{i}" for i in range(5)])
    return frame.assign(patient_id=ids, ward=np.where(person[ids, 0] > 0, "north", "south"))


def schema_of(unit: str | None) -> st.TableSchema:
    """Say who a row belongs to, or not."""
    columns = [st.ColumnSpec(f"v{i}", "numeric") for i in range(5)]
    columns += [st.ColumnSpec("patient_id", "identifier"), st.ColumnSpec("ward", "categorical")]
    return st.TableSchema(tuple(columns), unit=unit)


@pytest.mark.parametrize("unit", [None, "patient_id"])
def test_people_on_both_sides_are_recognised(unit: str | None) -> None:
    """Rows of the same people in training and holdout: no check passes, and it says to split by person."""
    rng = np.random.default_rng(0)
    frame = visits(300, rng)
    by_row = rng.permutation(len(frame))
    train, holdout = frame.iloc[by_row[:600]], frame.iloc[by_row[600:]]
    found = st.audit(train, visits(150, rng), holdout=holdout, schema=schema_of(unit), sections=["privacy"])
    judged = [item.status for item in found.checks if item.code in JUDGED and item.code != "STB809"]
    assert Status.PASS not in judged
    assert found.verdict is not Verdict.PASS
    said = " ".join([*found.limits, *(item.reason for item in found.checks)])
    assert "by person" in said if unit else "patient_id" in said


def test_a_split_by_person_is_no_warning() -> None:
    """The same table cut by person is judged: safe rows pass, and copies of one person's rows do not."""
    rng = np.random.default_rng(1)
    schema = schema_of("patient_id")
    parts = st.split(visits(900, rng), schema, holdout=1 / 3, verifier=1 / 3, seed=0)
    safe = st.audit(parts.train, parts.verifier, holdout=parts.holdout, schema=schema, sections=["privacy"])
    assert safe.check("STB802").status is Status.PASS
    made = pd.concat([parts.train.head(160), parts.verifier.iloc[160:]])
    leaking = st.audit(parts.train, made, holdout=parts.holdout, schema=schema, sections=["privacy"])
    assert leaking.check("STB801").status is Status.FAIL


def test_columns_that_look_like_people() -> None:
    """Names that stand on both sides are found; row numbers, few sites, and the unit itself are not."""
    rng = np.random.default_rng(0)
    frame = visits(100, rng).assign(site_id=rng.integers(0, 5, 400), row_id=np.arange(400))
    columns = (
        *schema_of(None).columns,
        st.ColumnSpec("site_id", "integer"),
        st.ColumnSpec("row_id", "identifier"),
    )
    schema = st.TableSchema(columns)
    halves = frame.iloc[::2], frame.iloc[1::2]
    assert people_on_both_sides(*halves, schema) == ("patient_id",)
    assert people_on_both_sides(*halves, st.TableSchema(columns, unit="patient_id")) == ()
    counted = tuple(half.assign(row_id=np.arange(len(half))) for half in halves)
    assert people_on_both_sides(*counted, schema) == ("patient_id",)
    apart = frame[frame.patient_id < 50], frame[frame.patient_id >= 50]
    assert people_on_both_sides(*apart, schema) == ()


# ---------------------------------------------------------------- the guard, refits


def test_a_level_that_the_guard_pooled_is_a_leak(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """A table that holds what the guard took out has not been made behind that guard."""
    schema = nhanes.schema.with_column("cancer_type", categories=None, domain="unknown")
    synth = st.make("independent", schema, seed=0).fit(nhanes_thirds.train)
    made = synth.sample(1_000)
    given = {"schema": schema, "guard": synth.guard}
    assert privacy(nhanes, nhanes_thirds, made, **given).check("STB810").status is Status.PASS
    counts = nhanes_thirds.train.cancer_type.value_counts()
    made.loc[3, "cancer_type"] = counts.index[counts < 10][0]
    leaking = privacy(nhanes, nhanes_thirds, made, **given)
    assert leaking.check("STB810").status is Status.FAIL
    assert "cancer_type" in leaking.check("STB810").columns
    assert str(counts.index[counts < 10][0]) not in leaking.check("STB810").reason


def test_shadow_models_see_a_memoriser(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """Refits of a bootstrap tell who was in; the check is asked only when a synthesizer is named."""
    parts = replace(
        nhanes_thirds, train=nhanes_thirds.train.head(400), holdout=nhanes_thirds.holdout.head(400)
    )
    made = parts.train.sample(400, replace=True, random_state=1)
    found = privacy(nhanes, parts, made, refit=st.spec("resampler"), fits=24)
    assert found.check("STB812").status is Status.FAIL
    assert found.check("STB812").value is not None
    assert "STB812" not in statuses(privacy(nhanes, parts, made))
    alone = privacy(nhanes, parts, made, holdout=None, refit=st.spec("resampler"), fits=24)
    assert alone.check("STB812").status is Status.FAIL


def test_thorough_adds_attacks(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """Gen-LRA and RMIA join the maximum, and a fresh third still passes."""
    found = privacy(nhanes, nhanes_thirds, nhanes_thirds.verifier, depth="thorough")
    names = " ".join(attack.name for attack in found.attacks)
    assert "Gen-LRA" in names
    assert "RMIA" in names
    assert found.check("STB802").status is Status.PASS


class _Capped:
    """Sampled tables, at sizes that a test can afford."""

    of = staticmethod(partial(AttackTables.of, max_candidates=2_000, max_synthetic=900))


def test_samples_of_large_tables_are_told(
    monkeypatch: pytest.MonkeyPatch, nhanes: Dataset, nhanes_thirds: Split
) -> None:
    """Above the cap neighbours are sought in a sample, by person, and the limits say in how many rows."""
    monkeypatch.setattr("synthtab.auditing.battery.AttackTables", _Capped)
    found = privacy(nhanes, nhanes_thirds, nhanes_thirds.verifier)
    assert any("among 2,000 real and 900 synthetic" in limit for limit in found.limits)
    assert found.check("STB802").status is Status.PASS
    made = nhanes_thirds.train.sample(1_755, replace=True, random_state=1)
    assert privacy(nhanes, nhanes_thirds, made).check("STB802").status is Status.FAIL
