"""Four audits that must come out right: on NHANES, where margins were set, and on Adult, where they were not.

Chance of a false FAIL in one audit of safe data: at most 5 % (the budgets of the policy).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from synthtab.auditing import audit
from synthtab.datasets import Dataset
from synthtab.results import AuditResult, Section, Status, Verdict
from synthtab.schema import TableSchema
from synthtab.synthesizers import make
from synthtab.tables import Split, split

FIDELITY = (
    Section.SCHEMA,
    Section.MARGINAL,
    Section.ASSOCIATION,
    Section.RARE,
    Section.TAILS,
    Section.UTILITY,
    Section.DETECTION,
)


@dataclass(frozen=True)
class Case:
    """One real table in three random parts: training, holdout, and a third that nothing touched."""

    name: str
    parts: Split
    schema: TableSchema
    target: str

    def audit(self, synthetic: pd.DataFrame) -> AuditResult:
        """Audit a table against this case."""
        return audit(
            self.parts.train,
            synthetic,
            holdout=self.parts.holdout,
            schema=self.schema,
            target=self.target,
            title=self.name,
        )


@pytest.fixture(scope="module", params=["nhanes", "adult"])
def case(request: pytest.FixtureRequest, nhanes: Dataset, adult: tuple[pd.DataFrame, TableSchema]) -> Case:
    if request.param == "nhanes":
        frame, schema, target = nhanes.frame, nhanes.schema, "diabetes"
    else:
        (frame, schema), target = adult, "income"
    return Case(request.param, split(frame, schema, holdout=1 / 3, verifier=1 / 3, seed=11), schema, target)


def failed(result: AuditResult) -> set[Section]:
    """Give the sections that failed."""
    return {check.section for check in result.checks if check.status is Status.FAIL}


def test_a_fresh_third_is_not_failed(case: Case) -> None:
    """Untouched real rows do not fail anywhere, and score about 1 on every family."""
    result = case.audit(case.parts.verifier)
    assert failed(result) == set(), str(result)
    assert result.verdict is not Verdict.FAIL
    for family in result.families:
        if family.calibrated is not None:
            tolerance = 0.45 if family.section is Section.RARE else 0.2
            assert family.calibrated == pytest.approx(1, abs=tolerance), family


def test_independent_columns_fail_on_what_goes_together(case: Case) -> None:
    """Right margins without any dependence: FAIL on association, utility and detection, none on margins."""
    result = case.audit(
        make("independent", case.schema, seed=0).fit(case.parts.train).sample(len(case.parts.train))
    )
    assert failed(result) >= {Section.ASSOCIATION, Section.UTILITY, Section.DETECTION}, str(result)
    assert result.section_verdict("privacy") is not Verdict.FAIL
    association = next(f.calibrated for f in result.families if f.section is Section.ASSOCIATION)
    assert association == pytest.approx(0, abs=0.12)


def test_a_bootstrap_fails_on_privacy_and_only_there(case: Case) -> None:
    """Copied rows are as faithful as can be and give everybody away."""
    result = case.audit(
        make("resampler", case.schema, seed=0).fit(case.parts.train).sample(len(case.parts.train))
    )
    assert failed(result) == {Section.PRIVACY}, str(result)
    assert result.check("STB801").status is Status.FAIL
    assert result.check("STB802").status is Status.FAIL


def test_removed_rare_levels_fail_on_rare_categories(case: Case) -> None:
    """A third whose rarest levels became the most frequent fails on rare categories, and nowhere else."""
    made = case.parts.verifier.copy()
    for column in case.schema.modelled:
        if column.kind.is_label:
            counts = case.parts.train[column.name].value_counts()
            rare = made[column.name].isin(counts.index[counts <= 20]) | ~made[column.name].isin(counts.index)
            made.loc[rare & made[column.name].notna(), column.name] = counts.index[0]
    result = case.audit(made)
    assert failed(result) == {Section.RARE}, str(result)


def test_a_leading_peer_share_would_not_have_seen_the_bootstrap(case: Case) -> None:
    """The share of rows closer to training than to holdout rows is described, and decides nothing."""
    result = case.audit(case.parts.verifier)
    assert result.check("STB803").status is Status.NOTE
    assert np.isfinite(result.check("STB803").value or np.nan)
