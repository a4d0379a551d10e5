"""Tables that many tests share; each is loaded once a worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from synthtab.datasets import Dataset, load_nhanes_adults
from synthtab.schema import ColumnSpec, Inequality, TableSchema
from synthtab.tables import Split, split

DATA = Path(__file__).parent / "data"

# a deadline is a timed assertion: it fails where the machine is busy, and tells nothing of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def nhanes() -> Dataset:
    return load_nhanes_adults()


@pytest.fixture(scope="session")
def nhanes_thirds(nhanes: Dataset) -> Split:
    """Training, holdout and a third, untouched part (as `verifier`)."""
    return split(nhanes.frame, nhanes.schema, holdout=1 / 3, verifier=1 / 3, seed=7)


@pytest.fixture(scope="session")
def adult() -> tuple[pd.DataFrame, TableSchema]:
    """Give 32,561 rows of UCI Adult and their public schema."""
    frame = pd.read_parquet(DATA / "adult.parquet").iloc[:32_561]
    return frame, TableSchema.load(DATA / "adult_schema.yaml")


@pytest.fixture
def small_schema() -> TableSchema:
    return TableSchema(
        (
            ColumnSpec("age", "integer", missing=False, lower=0, upper=120),
            ColumnSpec("income", "numeric", rounding=1),
            ColumnSpec("sex", "categorical", categories=("f", "m"), missing=False),
            ColumnSpec("grade", "ordinal", categories=("low", "mid", "high")),
            ColumnSpec("seen", "datetime", lower="2000-01-01", upper="2030-12-31"),
        ),
        rules=(Inequality("age", "income"),),
    )


@pytest.fixture
def small_frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 400
    age = rng.integers(18, 90, n)
    income = (age + 100 + rng.gamma(2, 300, n)).round(1)
    income[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "income": income,
            "sex": rng.choice(["f", "m"], n),
            "grade": rng.choice(["low", "mid", "high"], n, p=[0.5, 0.3, 0.2]),
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), unit="D"),
        }
    )
