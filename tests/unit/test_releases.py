"""Several synthetic tables from one source: judged together, and each on its own."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import synthtab as st
from synthtab.datasets import Dataset
from synthtab.errors import DataError
from synthtab.results import AuditResult, Section, Status, Verdict

SCRIPTS = Path(__file__).parents[2] / "scripts"
ROWS = 800
COPIES = 5


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


def independent(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Shuffle each column on its own."""
    rng = np.random.default_rng(seed)
    return frame.apply(lambda column: rng.permutation(column.to_numpy())).astype(frame.dtypes.to_dict())


def two_releases(fresh: pd.DataFrame, train: pd.DataFrame, seed: int, copies: int) -> list[pd.DataFrame]:
    """Cut fresh rows in two tables of 800 rows; put different training rows in place of some of each."""
    chosen = np.random.default_rng(seed).permutation(len(train))
    return [
        pd.concat(
            [
                fresh.iloc[ROWS * part + copies : ROWS * (part + 1)],
                train.iloc[chosen[copies * part : copies * (part + 1)]],
            ],
            ignore_index=True,
        )
        for part in range(2)
    ]


@pytest.mark.parametrize("seed", [1, 3])
def test_few_copies_in_each_are_caught_together(seed: int, nhanes: Dataset) -> None:
    """Five different copies of training rows (.6 %) in each of two releases: each passes, together they fail.

    Five exact copies and none of the holdout have a p-value of .06, two-sided; ten have .002. Each release
    alone would be failed by membership inference now and then (1 of 8 in the seeds tried), so the seeds are
    fixed. With no copies the same two tables pass together.
    """
    parts = st.split(nhanes.frame, nhanes.schema, holdout=1 / 3, verifier=1 / 3, seed=seed)
    assert parts.verifier is not None
    results = [
        st.audit(
            parts.train,
            two_releases(parts.verifier, parts.train, seed, copies),
            holdout=parts.holdout,
            schema=nhanes.schema,
            sections=["privacy"],
        )
        for copies in (0, COPIES)
    ]
    assert [result.check("STB801").status for result in results] == [Status.PASS, Status.FAIL]
    assert [result.verdict for result in results] == [Verdict.PASS, Verdict.FAIL]
    for result in results:
        assert [(release.rows, release.verdict) for release in result.releases] == [(ROWS, Verdict.PASS)] * 2
    assert results[0].context("public").answer is not Verdict.FAIL
    assert results[1].context("same_team").answer is Verdict.FAIL
    assert "2 releases from one source, judged together" in results[1].summary
    assert "gives away training rows" in results[1].summary


def test_no_circle_gets_all_that_may_not_have_one(nhanes: Dataset) -> None:
    """A bootstrap beside a fresh table nine times as large: what closes one release closes them all."""
    parts = st.split(nhanes.frame, nhanes.schema, holdout=1 / 3, verifier=1 / 3, seed=1)
    bad = parts.train.iloc[:60]
    result = st.audit(
        parts.train, [parts.verifier, bad], holdout=parts.holdout, schema=nhanes.schema, sections=["privacy"]
    )
    assert [release.verdict for release in result.releases] == [Verdict.PASS, Verdict.FAIL]
    assert result.context("same_team").answer is Verdict.FAIL


def test_a_bad_release_is_not_mended_by_a_good_one(law: tuple[Any, st.Split]) -> None:
    """Ninety rows without any dependence beside a thousand fresh ones: together they pass, the verdict FAILs.

    Which section failed is told of that release alone, and the summary names it.
    """
    population, parts = law
    assert parts.verifier is not None
    good, bad = parts.verifier.iloc[:900], independent(parts.verifier.iloc[900:], 0)
    result = st.audit(
        parts.train, [good, bad], holdout=parts.holdout, schema=population.schema, sections=["association"]
    )
    together = pd.concat([good, bad], ignore_index=True)
    alone = [
        st.audit(
            parts.train,
            made,
            holdout=parts.holdout,
            schema=population.schema,
            sections=["association"],
            policy=st.Policy().shared_by(3),
        )
        for made in (together, good, bad)
    ]
    assert alone[0].verdict is not Verdict.FAIL
    assert result.verdict is alone[2].verdict is Verdict.FAIL
    assert [release.name for release in result.releases] == ["release 1", "release 2"]
    assert [release.verdict for release in result.releases] == [alone[1].verdict, Verdict.FAIL]
    assert [release.summary for release in result.releases] == [alone[1].summary, alone[2].summary]
    assert [release.failed for release in result.releases] == [(), (Section.ASSOCIATION,)]
    assert "release 2 is judged worse" in result.summary
    assert result.checks == alone[0].checks
    assert result.scores == alone[0].scores


def test_the_order_of_releases_changes_their_names_only(law: tuple[Any, st.Split]) -> None:
    """Turned round, the releases are the same under other names, and all figures stay."""
    population, parts = law
    assert parts.verifier is not None
    made = [parts.verifier.iloc[:500], independent(parts.verifier.iloc[500:], 0)]
    one, other = (
        st.audit(parts.train, tables, holdout=parts.holdout, schema=population.schema, sections=["marginal"])
        for tables in (made, tuple(made[::-1]))
    )
    assert one.scores == other.scores
    assert one.checks == other.checks
    assert [r.summary for r in one.releases] == [r.summary for r in other.releases[::-1]]


@pytest.mark.parametrize("with_reference", [True, False])
def test_a_list_of_one_is_that_one(with_reference: bool, law: tuple[Any, st.Split], tmp_path: Path) -> None:
    """One table in a list gives the bytes of that table, and lists no release."""
    population, parts = law
    given: dict[str, Any] = {"real": parts.train, "holdout": parts.holdout, "schema": population.schema}
    if with_reference:
        path = st.make_reference(parts.train, tmp_path / "r.npz", schema=population.schema)
        given = {"reference": path}
    asked = ["schema", "marginal", "rare"]
    single = st.audit(synthetic=parts.verifier, sections=asked, **given)
    listed = st.audit(synthetic=[parts.verifier], sections=asked, **given)
    assert listed.releases == ()
    assert listed.to_json() == single.to_json()


def test_no_table_is_refused(law: tuple[Any, st.Split], tmp_path: Path) -> None:
    """An empty list is told in words, and so is an empty table in the list."""
    population, parts = law
    path = st.make_reference(parts.train, tmp_path / "r.npz", schema=population.schema)
    for given in ({"real": parts.train}, {"reference": path}):
        with pytest.raises(DataError, match="No synthetic table"):
            st.audit(synthetic=[], **given)
    with pytest.raises(DataError, match="has no rows"):
        st.audit(parts.train, [parts.verifier, parts.verifier.iloc[:0]], schema=population.schema)


def test_releases_go_through_json(law: tuple[Any, st.Split]) -> None:
    """Names, rows, verdicts and sections of the releases come back from JSON."""
    population, parts = law
    assert parts.verifier is not None
    made = [parts.verifier.iloc[:500], independent(parts.verifier.iloc[500:], 0)]
    result = st.audit(
        parts.train, made, holdout=parts.holdout, schema=population.schema, sections=["association"]
    )
    again = AuditResult.from_json(result.to_json())
    assert again.releases == result.releases
    assert len(again.releases) == 2
    assert again.to_json() == result.to_json()
    assert again.provenance.n_synthetic == 1_000


def test_the_page_names_the_release_that_failed(law: tuple[Any, st.Split], tmp_path: Path) -> None:
    """Who reads the report of a FAIL must learn from it which release failed, and on what."""
    population, parts = law
    assert parts.verifier is not None
    made = [parts.verifier.iloc[:900], independent(parts.verifier.iloc[900:], 0)]
    result = st.audit(
        parts.train, made, holdout=parts.holdout, schema=population.schema, sections=["association"]
    )
    page = result.to_html(tmp_path / "audit.html").read_text(encoding="utf-8")
    for release in result.releases:
        assert release.name in page


def test_releases_against_a_reference(law: tuple[Any, st.Split], tmp_path: Path) -> None:
    """Without real rows too: the bad release fails, the good one does not, and both are listed."""
    population, parts = law
    assert parts.verifier is not None
    real = pd.concat([parts.train, parts.holdout])
    path = st.make_reference(real, tmp_path / "r.npz", schema=population.schema)
    made = [parts.verifier.iloc[:500], independent(parts.verifier.iloc[500:], 0)]
    result = st.audit(synthetic=made, reference=path, sections=["association"])
    assert [release.verdict for release in result.releases] == [Verdict.WARN, Verdict.FAIL]
    assert result.verdict is Verdict.FAIL
    assert result.provenance.n_synthetic == 1_000
