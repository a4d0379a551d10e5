"""What statisticians ask, inside an audit: coefficients, queries, propensities, survival; beside floors."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import synthtab as st
from synthtab.results import AuditResult, Score, Section, Status
from synthtab.schema import Survival

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def cases() -> Any:
    """Give the module of simulated tables and planted defects."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return importlib.import_module("calibration_cases")
    finally:
        sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def law(cases: Any) -> tuple[Any, st.Split]:
    """Give three tables of 1,000 rows of the simulated law."""
    population = cases.simulated_population(3_000)
    return population, population.parts(0)


def asked(law: tuple[Any, st.Split], made: pd.DataFrame | None, *sections: str, **given: Any) -> AuditResult:
    """Audit fresh rows, or others, with models."""
    population, parts = law
    return st.audit(
        parts.train,
        parts.verifier if made is None else made,
        holdout=parts.holdout,
        schema=given.pop("schema", population.schema),
        target=given.pop("target", "outcome"),
        sections=list(sections),
        **given,
    )


@pytest.fixture(scope="module")
def fresh(law: tuple[Any, st.Split]) -> AuditResult:
    """Audit fresh rows."""
    return asked(law, None, "utility", "detection")


@pytest.fixture(scope="module")
def independent(law: tuple[Any, st.Split]) -> AuditResult:
    """Audit rows without any dependence."""
    rng, (_, parts) = np.random.default_rng(0), law
    made = parts.verifier.apply(lambda column: rng.permutation(column.to_numpy()))  # type: ignore[union-attr]
    return asked(law, made, "utility", "detection")


def scores(result: AuditResult, metric: str) -> dict[tuple[str, ...], Score]:
    """Give the figures of one metric by what they are about."""
    return {score.columns: score for score in result.scores if score.metric == metric}


NAMED = ("coefficient_overlap", "coefficient_agreement", "query_count", "query_mean", "pmse_ratio")


@pytest.mark.parametrize("name", NAMED)
def test_figures_have_floors_and_honest_intervals(name: str, fresh: AuditResult) -> None:
    """Each figure of a fresh table stands beside its floor, and its excess is the difference."""
    found = scores(fresh, name)
    assert found
    for score in found.values():
        assert score.value is not None
        assert score.floor is not None
        assert score.excess == pytest.approx(score.value - score.floor)
        if name != "coefficient_agreement":
            assert score.low is not None
            assert score.high is not None
            assert score.low < score.value < score.high
        assert score.section is (Section.DETECTION if name == "pmse_ratio" else Section.UTILITY)


def test_a_fresh_table_is_near_its_floors(fresh: AuditResult) -> None:
    """Coefficients overlap as those of real rows, queries err no more, and propensities tell nothing."""
    overlap = scores(fresh, "coefficient_overlap")["outcome",]
    assert overlap.excess == pytest.approx(0, abs=0.15)
    for name in ("query_count", "query_mean"):
        for score in scores(fresh, name).values():
            assert score.value is not None
            assert score.floor is not None
            assert score.value < 1.3 * score.floor
    ratio = scores(fresh, "pmse_ratio")[()]
    assert ratio.value == pytest.approx(ratio.floor, abs=0.7)


def test_independent_columns_are_far_from_them(fresh: AuditResult, independent: AuditResult) -> None:
    """Without dependence coefficients move, and filtered counts and means err more."""
    both = (fresh, independent)
    good, bad = (scores(result, "coefficient_overlap")["outcome",].value for result in both)
    assert good is not None
    assert bad is not None
    assert bad < good - 0.2
    for name in ("query_count", "query_mean"):
        good, bad = (max(score.value or 0 for score in scores(result, name).values()) for result in both)
        assert bad > 1.5 * good


def test_propensities_tell_a_shift(law: tuple[Any, st.Split], fresh: AuditResult) -> None:
    """Half a standard deviation on one number is told by both propensity models; fresh rows are not."""
    _, parts = law
    assert parts.verifier is not None
    made = parts.verifier.assign(score=parts.verifier["score"] + 0.5)
    moved = asked(law, made, "detection")
    for name in ("pmse_ratio", "pmse_tree_ratio"):
        before, after = (scores(result, name)[()].value for result in (fresh, moved))
        assert before is not None
        assert after is not None
        assert after > before + 1


def test_these_figures_judge_nothing(fresh: AuditResult) -> None:
    """No check rests on them: the codes are those of models and of the classifier alone."""
    assert all(check.code.startswith(("STB60", "STB70")) for check in fresh.checks)
    assert not any(check.status is Status.FAIL for check in fresh.checks)


def test_numbers_can_be_targets_too(law: tuple[Any, st.Split]) -> None:
    """Two targets, one of them a number, have a regression each."""
    result = asked(law, None, "utility", target=["outcome", "dose"])
    assert set(scores(result, "coefficient_overlap")) == {("outcome",), ("dose",)}


def test_without_a_holdout_propensities_are_not_told(law: tuple[Any, st.Split]) -> None:
    """Propensities need rows that nothing learned from; coefficients are held against half of the rows."""
    population, parts = law
    result = st.audit(
        parts.train,
        parts.verifier,
        schema=population.schema,
        target="outcome",
        sections=["utility", "detection"],
    )
    assert not scores(result, "pmse_ratio")
    assert scores(result, "query_count")


def test_sections_that_were_not_asked_are_not_told(law: tuple[Any, st.Split]) -> None:
    """Detection alone has propensities and no coefficient; groups alone have neither, nor a model."""
    names = {score.metric for score in asked(law, None, "detection").scores}
    assert "pmse_ratio" in names
    assert not names & set(NAMED[:4])
    result = asked(law, None, "subgroups", subgroups="group")
    assert not {score.metric for score in result.scores} & set(NAMED)
    assert result.models == ()


# ---------------------------------------------------------------------- survival


def followed(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add months until death, which age and smoking shorten; about half are last seen alive."""
    rng = np.random.default_rng([seed, 41])
    risk = 0.06 * (frame["age"] - 50) + 1.0 * frame["smoker"]
    life, watched = rng.exponential(30 * np.exp(-risk)), rng.exponential(30, len(frame))
    died = np.where(life <= watched, "yes", "no")
    return frame.assign(months=np.minimum(life, watched).round(1), died=died)


@pytest.fixture(scope="module")
def cohort(law: tuple[Any, st.Split]) -> tuple[st.TableSchema, list[pd.DataFrame]]:
    """Give training rows, a holdout and fresh rows with survival times, and their schema."""
    population, parts = law
    columns = (
        *population.schema.columns,
        st.ColumnSpec("months", "numeric", lower=0),
        st.ColumnSpec("died", "boolean", categories=("no", "yes")),
    )
    tables = [followed(part, seed) for seed, part in enumerate((parts.train, parts.holdout, parts.verifier))]
    return st.TableSchema(columns, survival=(Survival("months", "died"),)), tables


def test_survival_is_told_when_the_schema_names_it(
    cohort: tuple[st.TableSchema, list[pd.DataFrame]], fresh: AuditResult
) -> None:
    """Fresh times train a Cox model about as well as real ones, by name; without the target none is told."""
    schema, (train, holdout, made) = cohort
    result = st.audit(
        train, made, holdout=holdout, schema=schema, target="outcome", sections=["utility"], subgroups=()
    )
    own, real = (scores(result, name)["months", "died"] for name in ("survival_tstr", "survival_trtr"))
    assert real.value is not None
    assert real.value > 0.65
    assert own.floor == real.value
    assert own.value == pytest.approx(real.value, abs=0.03)
    (model,) = [item for item in result.models if item.model == "Cox regression"]
    assert model.target == "months until died"
    assert (model.measure, model.chance, model.trstr) == ("concordance", 0.5, None)
    assert model.tstr == own.value
    assert model.low < model.tstr < model.high
    assert model.status is Status.PASS
    assert AuditResult.from_json(result.to_json()).models[-1].measure == "concordance"
    assert not any(name.metric.startswith("survival") for name in fresh.scores)
    assert not any(item.measure == "concordance" for item in fresh.models)


def test_shuffled_times_train_no_survival_model(
    cohort: tuple[st.TableSchema, list[pd.DataFrame]],
) -> None:
    """Times that nothing shortens: concordance falls to a half and the model is marked worse."""
    schema, (train, holdout, made) = cohort
    rng = np.random.default_rng(0)
    order = rng.permutation(len(made))
    shuffled = made.assign(months=made["months"].to_numpy()[order], died=made["died"].to_numpy()[order])
    result = st.audit(
        train, shuffled, holdout=holdout, schema=schema, target="outcome", sections=["utility"], subgroups=()
    )
    (model,) = [item for item in result.models if item.model == "Cox regression"]
    assert model.tstr < model.trtr - 0.1
    assert model.status is Status.WARN
