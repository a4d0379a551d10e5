"""Features, ranks and columns: matrices that learners can take, distances that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_tables import COLUMNS, labels, numbers, reordered, specs, three_tables
from sklearn.metrics import roc_auc_score

from synthtab.metrics.columns import levels_by_count, modelled_names, stacked
from synthtab.metrics.features import FeatureEncoder, LabelFeature, varying_columns
from synthtab.metrics.ranking import (
    auc_standard_error,
    average_ranks,
    bootstrap_weights,
    numbered_persons,
    weighted_concordance,
)
from synthtab.schema import CastTable, ColumnSpec


def _distances(table: CastTable, encoder: FeatureEncoder) -> np.ndarray:
    points = encoder.distance_matrix(table).astype(float)
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


def test_distance_units() -> None:
    """One SD, another level, and a value missing on one side (at the mean) each count 1; twins are at 0."""
    table = stacked((numbers(x=[0, 2, 0, 1]),), ("x",))
    spread = float(np.std([0, 2, 0, 1]))
    encoder = FeatureEncoder.fit((table,), (table,), specs(table))
    assert _distances(table, encoder)[0, 1] == pytest.approx(2 / spread)
    assert _distances(table, encoder)[0, 2] == 0
    levels = labels(c=["a", "b", "a", None])
    between = _distances(levels, FeatureEncoder.fit((levels,), (levels,), specs(levels)))
    assert between[0] == pytest.approx([0, 1, 0, 1])
    holed = numbers(x=[-1, 1, np.nan, 0])
    gap = _distances(holed, FeatureEncoder.fit((holed,), (holed,), specs(holed)))
    assert gap[2, 3] == pytest.approx(1.0)


def test_many_levels_stay_apart() -> None:
    """Of 3,000 levels every two are 1 ± .3 apart in 64 coordinates, and equal ones at 0."""
    names = [f"level {index}" for index in range(3_000)]
    table = labels(c=names)
    encoder = FeatureEncoder.fit((table,), (table,), specs(table))
    points = encoder.distance_matrix(table)
    assert points.shape == (3_000, 64)
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 3_000, (2, 5_000))
    gaps = np.sqrt(((points[one] - points[other]) ** 2).sum(axis=1))[one != other]
    assert gaps.mean() == pytest.approx(1.0, abs=0.02)
    assert gaps.min() > 0.6
    assert gaps.max() < 1.4


def test_scale_comes_from_the_scaling_tables() -> None:
    """What a synthetic table holds moves no scale: an outlier there leaves real distances as they are."""
    real, wild = numbers(x=[0.0, 1.0, 2.0]), numbers(x=[1e9, np.inf, np.nan])
    encoder = FeatureEncoder.fit((real, wild), (real,), specs(real))
    assert _distances(real, encoder)[0, 2] == pytest.approx(2 / np.std([0, 1, 2]))
    assert np.isfinite(encoder.distance_matrix(wild)).all()
    assert np.isfinite(encoder.linear_matrix(wild)).all()


def test_a_constant_column_still_tells_others_apart() -> None:
    """A column that is constant in the real rows is scaled by all rows."""
    real, made = numbers(x=[5.0, 5.0]), numbers(x=[5.0, 7.0])
    encoder = FeatureEncoder.fit((real, made), (real,), specs(real))
    assert np.ptp(encoder.distance_matrix(made)) > 1


def test_tree_matrix() -> None:
    """Codes stay below 255, rare levels share one, missing and unseen ones are told from the rest."""
    rng = np.random.default_rng(0)
    seen = labels(c=[f"{level:03d}" for level in np.minimum(rng.geometric(0.01, 3_000), 600)])
    encoder = FeatureEncoder.fit((seen,), (seen,), specs(seen))
    codes = encoder.tree_matrix(seen)[:, 0]
    assert codes.max() == 254
    assert codes.min() == 0
    assert np.argmax(np.bincount(codes.astype(int))[:254]) == 0
    other = encoder.tree_matrix(labels(c=["unseen", None]))[:, 0]
    assert other[0] == 254
    assert np.isnan(other[1])
    assert encoder.is_label.tolist() == [True]


def test_linear_matrix() -> None:
    """Numbers are scaled with missing ones at the mean and flagged; levels have a column each, others one."""
    table = CastTable(
        {**numbers(x=[1.0, 3.0, np.nan]).columns, **labels(c=["a", "b", None]).columns},
        3,
    )
    encoder = FeatureEncoder.fit((table,), (table,), specs(table))
    assert encoder.names == ("c", "x")
    expected = [[1, 0, 0, 0, -1, 0], [0, 1, 0, 0, 1, 0], [0, 0, 0, 1, 0, 1]]
    assert np.allclose(encoder.linear_matrix(table), expected)


def test_order_of_columns_and_tables() -> None:
    """Neither the order of columns nor that of the shaping tables changes a matrix."""
    one, other, _ = three_tables(0, 50)
    plain = FeatureEncoder.fit((one, other), (one,), COLUMNS)
    turned = FeatureEncoder.fit((reordered(other), reordered(one)), (reordered(one),), COLUMNS[::-1])
    assert np.array_equal(plain.distance_matrix(one), turned.distance_matrix(reordered(one)))
    assert np.array_equal(plain.linear_matrix(one), turned.linear_matrix(reordered(one)))
    assert np.array_equal(plain.tree_matrix(one), turned.tree_matrix(reordered(one)), equal_nan=True)


def test_varying_columns() -> None:
    """Constant and empty columns tell nothing; a constant with holes does."""
    nan = np.nan
    matrix = np.array([[1, nan, 1, 1], [1, nan, nan, 2], [1, nan, 1, nan]])
    assert varying_columns(matrix).tolist() == [False, False, True, True]


def test_levels_and_names() -> None:
    """Levels come by frequency over all tables, then by text; identifiers are no features."""
    one, other = labels(c=["b", "b", "a"]), labels(c=["c", "a", None])
    assert levels_by_count([one.label("c"), other.label("c")]) == ("a", "b", "c")
    assert FeatureEncoder.fit((one, other), (), specs(one)).features == (
        LabelFeature("c", ("a", "b", "c"), has_missing=True),
    )
    columns = (*specs(one), ColumnSpec("id", "identifier"), ColumnSpec("absent", "numeric"))
    assert modelled_names(columns, (one, other)) == ("c",)
    both = stacked((one, other), ("c",))
    assert [both.label("c").levels[code] for code in both.label("c").codes[:5]] == ["b", "b", "a", "c", "a"]
    assert both.label("c").codes[5] == -1


def test_weighted_concordance() -> None:
    """AUC under row weights and ties equals scikit-learn's."""
    rng = np.random.default_rng(0)
    scores, positive = np.round(rng.normal(size=80), 1), rng.random(80) < 0.3
    weights = bootstrap_weights(np.arange(80), 30, rng)
    concordant, pairs = weighted_concordance(scores, positive, weights)
    expected = [roc_auc_score(positive, scores, sample_weight=row) for row in weights]
    assert np.allclose(concordant / pairs, expected, atol=1e-12)
    without_ties = rng.normal(size=80)
    concordant, pairs = weighted_concordance(without_ties, positive, weights[:1])
    assert concordant[0] / pairs[0] == pytest.approx(roc_auc_score(positive, without_ties))
    assert weighted_concordance(scores, np.zeros(80, dtype=bool), weights)[1].max() == 0


def test_bootstrap_draws_whole_groups() -> None:
    """Rows of one person always come together; each draw holds as many persons as there are."""
    groups = np.array([0, 0, 1, 2, 2, 2])
    weights = bootstrap_weights(groups, 500, np.random.default_rng(0))
    assert (weights[0] == 1).all()
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert weights[1:].mean() == pytest.approx(1.0, abs=0.06)


def test_auc_standard_error() -> None:
    """The closed form agrees with the spread over 400 samples, by row and by person."""
    aucs: dict[int, list[float]] = {1: [], 4: []}
    errors: dict[int, list[float]] = {1: [], 4: []}
    for seed in range(400):
        rng = np.random.default_rng(seed)
        for size in (1, 4):
            persons = np.arange(160) // size
            positive = persons % 2 == 0
            scores = rng.normal(size=persons.max() + 1)[persons] + 0.3 * rng.normal(size=160) + positive
            concordant, pairs = weighted_concordance(scores, positive, np.ones((1, 160), dtype=np.float32))
            aucs[size].append(float(concordant[0] / pairs[0]))
            errors[size].append(auc_standard_error(scores, positive, persons))
    for size, values in aucs.items():
        assert np.mean(errors[size]) == pytest.approx(np.std(values), rel=0.12)


def test_ranks_and_persons() -> None:
    """Ties share the mean of their ranks; persons are numbered from 0, each row one when none are given."""
    assert average_ranks(np.array([3.0, 1.0, 3.0])).tolist() == [2.5, 1.0, 2.5]
    assert numbered_persons(None, 3).tolist() == [0, 1, 2]
    assert numbered_persons(np.array([7, 5, 7]), 3).tolist() == [1, 0, 1]
