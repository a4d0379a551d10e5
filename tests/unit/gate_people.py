"""A small table on which gates are quick: skewed columns, one of which follows another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthtab.schema import ColumnSpec, TableSchema

AGES = ("young", "middle", "older", "old")
SCHEMA = TableSchema(
    (
        ColumnSpec("age", "ordinal", categories=AGES, missing=False),
        ColumnSpec("sex", "categorical", categories=("f", "m"), missing=False),
        ColumnSpec("ill", "categorical", categories=("no", "yes"), missing=False),
    )
)
FIGURES = ["marginal.tvd", "association.interaction_tvd"]
CHOICE = "resampler"
"""Keeps all there is."""

WORSE = "independent"
"""Draws each column by itself: all dependence is gone."""


def people(rows: int = 600, seed: int = 3) -> pd.DataFrame:
    """Draw people of whom the older ones are ill."""
    rng = np.random.default_rng(seed)
    age = rng.choice(4, rows, p=[0.1, 0.2, 0.5, 0.2])
    return pd.DataFrame(
        {
            "age": np.array(AGES)[age],
            "sex": rng.choice(["f", "m"], rows, p=[0.8, 0.2]),
            "ill": np.where(age + rng.normal(0, 0.5, rows) > 1.5, "yes", "no"),
        }
    )
