"""Rows of two real tables as if synthetic, with and without planted leaks: who must alarm, who must not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from synthtab.attacks import AttackTables, closest_records, exact_copies, membership_inference
from synthtab.datasets import Dataset
from synthtab.metrics.columns import stacked
from synthtab.metrics.detection import classifier_two_sample_test
from synthtab.metrics.utility import train_synthetic_test_real
from synthtab.schema import CastTable, ColumnSpec, TableSchema

ATTACKS = (exact_copies, membership_inference, closest_records)


@dataclass(frozen=True)
class RealThirds:
    """Three parts of one real table, cast and in content order."""

    columns: tuple[ColumnSpec, ...]
    target: str
    train: CastTable
    holdout: CastTable
    fresh: CastTable


def _thirds(table: CastTable, columns: tuple[ColumnSpec, ...], target: str, size: int) -> RealThirds:
    cut = np.random.default_rng(11).permutation(table.n_rows)
    parts = [table.take(cut[part * size : (part + 1) * size]).in_content_order() for part in range(3)]
    return RealThirds(columns, target, *parts)


@pytest.fixture(scope="module", params=["nhanes", "adult"])
def thirds(
    request: pytest.FixtureRequest, nhanes: Dataset, adult: tuple[pd.DataFrame, TableSchema]
) -> RealThirds:
    if request.param == "nhanes":
        return _thirds(nhanes.schema.cast(nhanes.frame), nhanes.schema.columns, "diabetes", 1_600)
    frame, schema = adult
    return _thirds(schema.cast(frame), schema.columns, "income", 2_500)


def test_a_fresh_third_is_safe_and_useful(thirds: RealThirds) -> None:
    """Untouched real rows: no test significant at .005, DCR at its null, utility within its interval."""
    tables = (thirds.train, thirds.holdout, thirds.fresh, thirds.columns)
    copies, members, close = (attack(AttackTables.of(*tables)) for attack in ATTACKS)
    assert copies.p_value > 0.005
    assert members.p_value > 0.005
    assert members.primary.auc == pytest.approx(0.5, abs=0.035)
    assert close.dcr_share == pytest.approx(0.5, abs=0.045)
    assert members.primary.points[0].tpr == pytest.approx(0.01, abs=0.012)
    found = classifier_two_sample_test(thirds.holdout, thirds.fresh, thirds.columns)
    assert abs(found.z) < 2.58  # type: ignore[arg-type]
    for model in train_synthetic_test_real(*tables, thirds.target).models:
        assert abs(model.z) < 2.58  # type: ignore[arg-type]
        assert model.calibrated == pytest.approx(1.0, abs=0.15)


def test_independent_columns_are_useless_and_safe(thirds: RealThirds) -> None:
    """Shuffled columns: told apart almost surely, nothing learnt, nobody given away."""
    rng = np.random.default_rng(0)
    columns = {
        name: column.take(rng.permutation(thirds.train.n_rows))
        for name, column in thirds.train.columns.items()
    }
    made = CastTable(columns, thirds.train.n_rows).in_content_order()
    found = classifier_two_sample_test(thirds.holdout, made, thirds.columns)
    assert found.auc is not None
    assert found.auc > 0.9
    assert len(found.giveaways) == 5
    for model in train_synthetic_test_real(
        thirds.train, thirds.holdout, made, thirds.columns, thirds.target
    ).models:
        assert model.calibrated is not None
        assert model.calibrated < 0.3
    tables = AttackTables.of(thirds.train, thirds.holdout, made, thirds.columns)
    assert membership_inference(tables).p_value > 0.005


def test_a_bootstrap_is_faithful_and_unsafe(thirds: RealThirds) -> None:
    """A row bootstrap: not told from real rows, every row a copy, members found by four in five guesses."""
    rng = np.random.default_rng(0)
    size = thirds.train.n_rows
    made = thirds.train.take(rng.integers(0, size, size)).in_content_order()
    tables = (thirds.train, thirds.holdout, made, thirds.columns)
    found = classifier_two_sample_test(thirds.holdout, made, thirds.columns)
    assert found.z is not None
    assert found.z < 2.58
    copies, members, close = (attack(AttackTables.of(*tables)) for attack in ATTACKS)
    assert copies.found_in_train == 1.0
    assert copies.p_value < 1e-50
    assert members.p_value == 0.001
    assert members.primary.auc == pytest.approx(0.80, abs=0.035)
    assert members.primary.points[0].tpr == pytest.approx(0.64, abs=0.04)
    assert close.dcr_share > 0.99


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_copied_rows_are_seen(thirds: RealThirds, share: float) -> None:
    """One and five percent of copies among fresh rows: both tests at their budget of .0075."""
    rng = np.random.default_rng(1)
    size = thirds.train.n_rows
    leaked = thirds.train.take(rng.choice(size, round(share * size), replace=False))
    kept = thirds.fresh.take(np.arange(round(share * size), size))
    made = stacked((leaked, kept), tuple(kept.columns)).in_content_order()
    tables = (thirds.train, thirds.holdout, made, thirds.columns)
    attacked = AttackTables.of(*tables)
    copies, members = exact_copies(attacked), membership_inference(attacked)
    assert copies.p_value is not None
    assert copies.p_value <= 0.0075
    assert members.p_value is not None
    assert members.p_value <= 0.0075
    assert copies.risk == pytest.approx(share, abs=0.005)
