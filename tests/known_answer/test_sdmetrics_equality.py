"""Where synthtab and SDMetrics define a metric alike, their figures are equal to 1e-9."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
from sdmetrics.single_column import KSComplement, TVComplement

from synthtab.auditing.comparison import Comparison
from synthtab.auditing.members import find_rare_levels
from synthtab.auditing.readings import Readings, Weights
from synthtab.datasets import Dataset
from synthtab.profiling import count_table, make_plan
from synthtab.schema import ColumnSpec, TableSchema

EXACT = 1e-9
METRICS = frozenset({"tvd", "ks", "pair_tvd", "pearson"})
SEEDS = range(5)


def readings(real: pd.DataFrame, synthetic: pd.DataFrame, schema: TableSchema) -> Readings:
    """Compare two tables as an audit does: a plan of the real one, Profiles of both in shards."""
    cast = [schema.cast(frame) for frame in (real, synthetic)]
    plan = make_plan(schema, [cast[0]])
    held, made = (count_table(table, plan, shards=8) for table in cast)
    compared = Comparison(made, held, held, rare=find_rare_levels(held), tails=(), groups=(), k=10, seed=0)
    roles = np.repeat(np.eye(3), 8, axis=1)
    return compared.read(Weights(roles[:1], roles[1:2], roles[2:]), METRICS)


def values(found: Readings, metric: str) -> dict[tuple[str, ...], float]:
    """Give a metric's figure for each member."""
    return dict(zip(found[metric].members, found[metric].value[0].tolist(), strict=True))


@dataclass(frozen=True)
class Peer:
    """SDMetrics' scores of one pair of tables; a warning of theirs is no news here."""

    real: pd.DataFrame
    synthetic: pd.DataFrame

    def __call__(self, score: Callable[..., float], *columns: str, **options: str) -> float:
        """Score one column or two."""
        chosen: str | list[str] = columns[0] if len(columns) == 1 else list(columns)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(score(self.real[chosen], self.synthetic[chosen], **options))


def random_tables(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make two tables of five label and four number columns that depend on one another and differ."""
    rng = np.random.default_rng([seed, 19])
    tables = []
    for rows, shift in ((5_000, 0.0), (3_700, 0.4)):
        hidden = rng.normal(shift, 1, rows)
        columns: dict[str, np.ndarray] = {}
        for index, levels in enumerate((2, 3, 7, 12, 18)):
            cut = np.clip(np.floor(hidden + rng.normal(0, 1, rows) + levels / 2), 0, levels - 1)
            columns[f"label {index}"] = np.array([f"level {int(code)}" for code in cut])
        columns["whole"] = rng.poisson(5 + np.abs(hidden))
        columns["half missing"] = np.where(
            rng.random(rows) < 0.5, np.nan, hidden * 3 + rng.normal(0, 1, rows)
        )
        columns["large"] = 1e6 + hidden + rng.normal(0, 2, rows)
        columns["heavy"] = np.exp(hidden + rng.normal(0, 1, rows)).round(1)
        tables.append(pd.DataFrame(columns))
    # levels that no real row holds
    unknown = rng.random(len(tables[1])) < 0.03
    tables[1].loc[unknown, "label 1"] = rng.choice(["new", "newer"], int(unknown.sum()))
    return tables[0], tables[1]


def random_schema(frame: pd.DataFrame) -> TableSchema:
    """Give labels and numbers their kinds."""
    return TableSchema(
        tuple(ColumnSpec(name, "categorical" if name.startswith("label") else "numeric") for name in frame)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_categories_equal_the_tv_complement(seed: int) -> None:
    """Our column TVD is one minus TVComplement, levels that no real row holds included."""
    real, synthetic = random_tables(seed)
    ours, peer = values(readings(real, synthetic, random_schema(real)), "tvd"), Peer(real, synthetic)
    labels = [name for name in real if name.startswith("label")]
    assert len(labels) == 5
    for name in labels:
        assert ours[name,] == pytest.approx(1 - peer(TVComplement.compute, name), abs=EXACT)
        assert 0.01 < ours[name,] < 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs_of_categories_equal_the_contingency_similarity(seed: int) -> None:
    """Our pair TVD of up to 19 levels is one minus ContingencySimilarity."""
    real, synthetic = random_tables(seed)
    ours, peer = values(readings(real, synthetic, random_schema(real)), "pair_tvd"), Peer(real, synthetic)
    pairs = list(combinations([name for name in real if name.startswith("label")], 2))
    assert len(pairs) == 10
    for pair in pairs:
        assert ours[pair] == pytest.approx(1 - peer(ContingencySimilarity.compute, *pair), abs=EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_correlations_equal_the_correlation_similarity(seed: int) -> None:
    """One minus half our difference of exact correlations is CorrelationSimilarity, missing values or not."""
    real, synthetic = random_tables(seed)
    ours, peer = values(readings(real, synthetic, random_schema(real)), "pearson"), Peer(real, synthetic)
    assert len(ours) == 6
    for pair, difference in ours.items():
        score = peer(CorrelationSimilarity.compute, *pair, coefficient="Pearson")
        assert 1 - difference / 2 == pytest.approx(score, abs=EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_equal_the_ks_complement(seed: int) -> None:
    """Up to 10,000 distinct real values our KS is exact, whatever lies between them."""
    real, synthetic = random_tables(seed)
    ours, peer = values(readings(real, synthetic, random_schema(real)), "ks"), Peer(real, synthetic)
    assert len(ours) == 4
    for (name,), distance in ours.items():
        assert distance == pytest.approx(1 - peer(KSComplement.compute, name), abs=EXACT)


def real_tables(
    name: str, nhanes: Dataset, adult: tuple[pd.DataFrame, TableSchema]
) -> tuple[pd.DataFrame, pd.DataFrame, TableSchema]:
    """Cut a real table in two: other rows of the same source stand for synthetic ones."""
    frame, schema = (nhanes.frame, nhanes.schema) if name == "nhanes" else adult
    frame = frame.iloc[:9_000]
    return frame.iloc[: len(frame) * 2 // 3], frame.iloc[len(frame) * 2 // 3 :], schema


@pytest.mark.parametrize("name", ["nhanes", "adult"])
def test_real_tables_agree(name: str, nhanes: Dataset, adult: tuple[pd.DataFrame, TableSchema]) -> None:
    """On NHANES and Adult: labels without missing values, which SDMetrics would drop, and all numbers."""
    real, synthetic, schema = real_tables(name, nhanes, adult)
    holes = real.isna().any() | synthetic.isna().any()
    labels = [c.name for c in schema.modelled if c.kind.is_label and not holes[c.name]]
    numbers = [c.name for c in schema.modelled if c.kind.is_number]
    assert min(len(labels), len(numbers)) >= 3
    found, peer = readings(real, synthetic, schema), Peer(real, synthetic)
    tvd, pair_tvd, ks, pearson = (values(found, metric) for metric in ("tvd", "pair_tvd", "ks", "pearson"))
    for label in labels:
        assert tvd[label,] == pytest.approx(1 - peer(TVComplement.compute, label), abs=EXACT)
    for pair in combinations(labels, 2):
        # larger tables are merged first: with fewer than ten rows a cell they would be noise
        levels = real[list(pair)].nunique()
        if levels.max() <= 19 and levels.prod() <= len(real) / 10:
            expected = 1 - peer(ContingencySimilarity.compute, *pair)
            assert pair_tvd[pair] == pytest.approx(expected, abs=EXACT)
    for number in numbers:
        assert ks[number,] == pytest.approx(1 - peer(KSComplement.compute, number), abs=EXACT)
    for pair in combinations(numbers, 2):
        score = peer(CorrelationSimilarity.compute, *pair, coefficient="Pearson")
        assert 1 - pearson[pair] / 2 == pytest.approx(score, abs=EXACT)
