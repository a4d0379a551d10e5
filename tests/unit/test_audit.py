"""The audit as a person calls it: answers, invariance, refusals, what it writes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from synthtab.auditing import Policy, audit
from synthtab.auditing.checks import Finding, judge
from synthtab.datasets import Dataset
from synthtab.errors import DataError, SavedModelError, SpecError
from synthtab.profiling import share_step
from synthtab.results import AuditResult, Section, Status, Verdict
from synthtab.schema import TableSchema
from synthtab.tables import Split, split

FAST = ("schema", "marginal", "association", "rare", "tails")


@pytest.fixture(scope="module")
def fresh(nhanes: Dataset, nhanes_thirds: Split) -> AuditResult:
    """Audit an untouched third of the real rows as if synthetic, without attacks and models."""
    return audit(
        nhanes_thirds.train,
        nhanes_thirds.verifier,
        holdout=nhanes_thirds.holdout,
        schema=nhanes.schema,
        sections=FAST,
    )


def test_order_dtypes_and_index_change_nothing(
    nhanes: Dataset, nhanes_thirds: Split, fresh: AuditResult
) -> None:
    """Shuffled rows, reversed columns, other dtypes and a renamed index give the same JSON, to the byte."""
    shuffled = nhanes_thirds.train.sample(frac=1, random_state=3)[nhanes_thirds.train.columns[::-1]]
    other = nhanes_thirds.verifier.astype({"age": "float64", "sex": "category", "weight_kg": "Float64"})
    again = audit(
        shuffled,
        other.rename(index=lambda row: f"row {row}"),
        holdout=nhanes_thirds.holdout.sample(frac=1, random_state=4),
        schema=nhanes.schema,
        sections=FAST,
    )
    assert again.to_json() == fresh.to_json()


def test_seed_changes_draws_but_not_the_answer(
    nhanes: Dataset, nhanes_thirds: Split, fresh: AuditResult
) -> None:
    """Another seed gives other permutations, the same verdict, and the same distances."""
    again = audit(
        nhanes_thirds.train,
        nhanes_thirds.verifier,
        holdout=nhanes_thirds.holdout,
        schema=nhanes.schema,
        sections=FAST,
        seed=1,
    )
    assert [check.status is Status.FAIL for check in again.checks] == [False] * len(fresh.checks)
    tvd = [
        score.value
        for result in (fresh, again)
        for score in result.scores
        if score.metric == "tvd" and score.columns
    ]
    assert tvd[: len(tvd) // 2] == tvd[len(tvd) // 2 :]


def test_result_goes_through_json_and_back(fresh: AuditResult) -> None:
    """What is written is read back to the same bytes; a damaged or foreign text is refused."""
    text = fresh.to_json()
    assert AuditResult.from_json(text).to_json() == text
    for broken in (
        text[:-200],
        text.replace('"verdict"', '"verdikt"'),
        "{}",
        text.replace("AuditResult", "Board"),
    ):
        with pytest.raises(SavedModelError):
            AuditResult.from_json(broken)


def test_frame_is_one_row_a_figure(fresh: AuditResult) -> None:
    """The table has the documented columns, every column's TVD, and every pair's interaction."""
    table = fresh.frame()
    names = "section metric columns value low high floor chance excess calibrated metric_version"
    assert list(table.columns) == names.split()
    assert (table["metric"] == "tvd").sum() == 26
    assert (table["metric"] == "interaction_tvd").sum() == 325
    bounded = table[table["metric"].isin(["tvd", "ks", "interaction_tvd", "coverage"])]
    assert bounded["value"].between(0, 1).all()
    assert (table["low"].dropna() <= table["value"][table["low"].notna()]).all()


def test_families_of_fresh_data_are_about_one(fresh: AuditResult) -> None:
    """Fresh real data scores about 1 on every family, and nothing fails."""
    scores = {family.label: family.calibrated for family in fresh.families}
    assert scores["Marginals"] == pytest.approx(1, abs=0.04)
    assert scores["Associations"] == pytest.approx(1, abs=0.12)
    assert scores["Rare categories"] == pytest.approx(1, abs=0.35)
    assert scores["Tails"] == pytest.approx(1, abs=0.2)
    assert fresh.verdict is not Verdict.FAIL


def test_no_real_count_under_ten_is_written(nhanes_thirds: Split, fresh: AuditResult) -> None:
    """No share rests on fewer than ten people or tells their number closer; no level of fewer is named."""
    real = pd.concat([nhanes_thirds.train, nhanes_thirds.holdout])
    for drawn in fresh.distributions:
        if drawn.kind in ("categorical", "ordinal", "boolean"):
            counts = real[drawn.column].value_counts()
            present = int(counts.sum())
            for cell in drawn.cells:
                if cell.real is not None and cell.label not in ("missing", "rarer levels"):
                    assert counts[cell.label] >= 10
                    step = share_step(present, 10)
                    assert cell.real == pytest.approx(counts[cell.label] / present, abs=step / 2)
                    assert cell.real / step == pytest.approx(round(cell.real / step))
    counts = real["cancer_type"].value_counts()
    text = fresh.to_json()
    for level in counts.index[counts < 10]:
        assert f'"{level}"' not in text
        assert f"cancer_type: {level}" not in text


def test_releasable_form_leaves_out_small_figures() -> None:
    """A column whose only figure is the share of nine people is scored in memory and not written."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=900), "rare": ["no"] * 891 + ["yes"] * 9})
    schema = TableSchema.infer(frame).with_column(
        "rare", kind="boolean", categories=("no", "yes"), domain="public"
    )
    parts = split(frame, schema, holdout=0.4, verifier=0.2)
    result = audit(parts.train, parts.verifier, holdout=parts.holdout, schema=schema, sections=("marginal",))
    assert any(score.columns == ("rare",) and score.metric == "tvd" for score in result.scores)
    written = AuditResult.from_json(result.to_json())
    assert not any(score.columns == ("rare",) and score.metric == "tvd" for score in written.scores)
    drawn = next(item for item in written.distributions if item.column == "rare")
    assert drawn.score is None
    assert drawn.score_suppressed
    assert [cell.real for cell in drawn.cells] == [None] * len(drawn.cells)


def test_without_a_holdout_the_verdict_is_a_warning(nhanes: Dataset, nhanes_thirds: Split) -> None:
    """No holdout: fidelity is still scored, privacy is not applicable, and the verdict is capped."""
    result = audit(
        nhanes_thirds.train,
        nhanes_thirds.verifier,
        schema=nhanes.schema,
        sections=("marginal", "association"),
    )
    assert result.verdict is Verdict.WARN
    assert "holdout" in result.summary
    assert any("holdout" in limit for limit in result.limits)
    family = {item.label: item.calibrated for item in result.families}
    assert family["Marginals"] == pytest.approx(1, abs=0.1)


def test_default_target_and_section_names(nhanes_thirds: Split, nhanes: Dataset) -> None:
    """Without a target a label column is predicted; an unknown section or target is refused by name."""
    real, made = nhanes_thirds.train, nhanes_thirds.verifier
    with pytest.raises(DataError, match="target 'nobody'"):
        audit(real, made, schema=nhanes.schema, target="nobody")
    with pytest.raises(SpecError, match="no such section"):
        audit(real, made, schema=nhanes.schema, sections=("fidelity",))
    result = audit(real, made, holdout=nhanes_thirds.holdout, schema=nhanes.schema, sections="utility")  # type: ignore[arg-type] # a single name is a courtesy
    assert {check.section for check in result.checks} == {Section.UTILITY}
    assert result.checks[0].columns == ("sex",)


@pytest.mark.parametrize("which", ["real", "synthetic", "holdout"])
def test_unusable_tables_are_refused_by_name(
    which: str, small_frame: pd.DataFrame, small_schema: TableSchema
) -> None:
    """A table without rows, with a column missing or doubled, is refused with its name and the column."""
    tables = {"real": small_frame, "synthetic": small_frame, "holdout": small_frame}
    for bad, what in [
        (small_frame.iloc[:0], "has no rows"),
        (small_frame.drop(columns="sex"), "no column 'sex'"),
        (pd.concat([small_frame, small_frame[["sex"]]], axis=1), "more than one column named 'sex'"),
        (small_frame.rename(columns={"sex": 5}), "not text"),
    ]:
        given = {**tables, which: bad}
        with pytest.raises(DataError, match=what) as caught:
            audit(given["real"], given["synthetic"], holdout=given["holdout"], schema=small_schema)
        assert which in str(caught.value)


@pytest.mark.parametrize("rows", [1, 2, 12])
def test_tiny_and_odd_synthetic_tables_are_findings(
    rows: int, small_frame: pd.DataFrame, small_schema: TableSchema
) -> None:
    """One row, infinite numbers, foreign levels and all-missing columns are scored, never crashed on."""
    made = small_frame.iloc[:rows].copy()
    made["income"] = np.inf
    made["grade"] = "unheard of"
    made["sex"] = None
    result = audit(small_frame[:250], made, holdout=small_frame[250:], schema=small_schema)
    assert result.check("STB001").value == pytest.approx(1.0)
    assert json.loads(result.to_json())["verdict"] in ("warn", "fail")


def test_constant_and_missing_columns_are_scored(small_frame: pd.DataFrame) -> None:
    """Constant, all-missing and identifier columns neither crash nor count against the table."""
    frame = small_frame.assign(nothing=np.nan, same=1, id=[f"p{i:05d}" for i in range(len(small_frame))])
    result = audit(frame[:150], frame[150:300], holdout=frame[300:], schema=TableSchema.infer(frame))
    assert result.verdict is not Verdict.FAIL
    assert not any("id" in score.columns for score in result.scores)


# ---------------------------------------------------------------------- answers


def _finding(**changes: object) -> Finding:
    values: dict[str, object] = {
        "code": "STB201",
        "section": Section.ASSOCIATION,
        "name": "dependence",
        "value": 0.9,
        "low": 0.8,
        "high": 1.0,
        "reference": 1.0,
        "p_value": 0.5,
        "smallest_seen": 0.1,
        "remedy": "train longer",
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type] # built from names


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.PASS),
        ({"value": 0.5, "p_value": 0.001}, Status.FAIL),
        ({"value": 0.5, "p_value": 0.4}, Status.PASS),
        ({"value": 0.85, "p_value": 0.001}, Status.WARN),
        ({"smallest_seen": 0.41}, Status.WARN),
        ({"not_applicable": "nothing to ask"}, Status.NOT_APPLICABLE),
        ({"note": "description"}, Status.NOTE),
        ({"code": "STB105", "value": 0.2, "p_value": 0.001}, Status.FAIL),
        ({"code": "STB105", "value": 0.05, "p_value": 0.001}, Status.WARN),
        ({"code": "STB302", "value": 2.5, "p_value": 0.001}, Status.FAIL),
        ({"code": "STB302", "value": 0.4, "p_value": 0.001}, Status.FAIL),
        ({"code": "STB302", "value": 1.5, "p_value": 0.001}, Status.WARN),
        ({"code": "STB002", "value": 0.06, "reference": 0.055, "p_value": 0.001}, Status.WARN),
        ({"code": "STB801", "section": Section.PRIVACY, "value": 0.01, "p_value": 0.014}, Status.FAIL),
        ({"code": "STB801", "section": Section.PRIVACY, "value": 0.9, "p_value": 0.5}, Status.PASS),
    ],
)
def test_judge_needs_significance_and_margin(changes: dict[str, object], status: Status) -> None:
    """FAIL takes both; significance within the margin or too little power warns; privacy has no margin."""
    check = judge(_finding(**changes), Policy())
    assert check.status is status
    assert bool(check.remedy) == (status in (Status.WARN, Status.FAIL))


def test_policy_changes_one_margin_with_a_reason() -> None:
    """A changed margin decides, keeps its reason, and marks the policy; budgets add up to 5 %."""
    policy = Policy().with_margin("STB201", 0.4, "a prototype")
    assert judge(_finding(value=0.5, p_value=0.001), policy).status is Status.WARN
    assert policy.margins["STB201"].tolerance == pytest.approx(0.6)
    assert policy.name == "standard*"
    assert policy.fidelity + policy.utility + policy.detection + policy.privacy == pytest.approx(0.05)
    with pytest.raises(SpecError, match="needs a reason"):
        Policy().with_margin("STB201", 0.4, " ")
    with pytest.raises(SpecError, match="No check"):
        Policy().with_margin("STB999", 0.4, "why not")


def test_a_ruined_table_has_no_place_to_hide(nhanes: Dataset) -> None:
    """Independent columns fail every association check, also when they outnumber the holdout.

    Exchanged draws hold mostly synthetic rows here; a null that divides by each draw's own gap then has no
    power at all, or no value.
    """
    parts = split(nhanes.frame.iloc[:1500], nhanes.schema, holdout=0.3, seed=2)
    rng = np.random.default_rng(0)
    made = parts.train.apply(lambda column: rng.permutation(column.to_numpy()))
    result = audit(parts.train, made, holdout=parts.holdout, schema=nhanes.schema, sections=("association",))
    assert {check.status for check in result.checks} == {Status.FAIL}


def test_too_few_rows_to_judge_is_no_pass(small_frame: pd.DataFrame, small_schema: TableSchema) -> None:
    """Twenty rows of fresh real data: families cannot be asked, and the verdict says so, not PASS."""
    result = audit(small_frame[:30], small_frame[30:50], holdout=small_frame[50:70], schema=small_schema)
    assert result.verdict is Verdict.WARN
    assert "too small to judge" in result.summary
    assert result.section_verdict("marginal") is Status.NOT_APPLICABLE
