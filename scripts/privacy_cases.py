"""Leaks to plant in a third of real rows that stands for a synthetic table, and tables that hold none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from calibration_cases import Population

import synthtab as st

__all__ = [
    "LEAKS",
    "Leak",
    "Plant",
    "Planted",
    "bootstrap",
    "exact_values",
    "independent",
    "leaked",
    "smoothed",
    "thirds_of",
]

RARE = "a level that nobody lists"


@dataclass(frozen=True)
class Planted:
    """The three tables of one audit, and their schema."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    made: pd.DataFrame
    schema: st.TableSchema

    def audit(self, seed: int = 0) -> st.AuditResult:
        """Ask the privacy section."""
        return st.audit(
            self.train,
            self.made,
            holdout=self.holdout,
            schema=self.schema,
            sections=["privacy"],
            seed=seed,
        )


Plant = Callable[[Planted, np.random.Generator], Planted]


@dataclass(frozen=True)
class Leak:
    """What was done to a fresh third, and the checks of which at least one must fail."""

    name: str
    codes: tuple[str, ...]
    plant: Plant


def thirds_of(population: Population, seed: int, rows: int | None = None) -> Planted:
    """Cut training rows, holdout, and a third that nothing touched."""
    parts = population.parts(seed)
    return Planted(
        *(
            part.head(rows or len(part)).reset_index(drop=True)
            for part in (parts.train, parts.holdout, parts.verifier)
        ),
        population.schema,
    )


def _with_made(case: Planted, made: pd.DataFrame) -> Planted:
    return Planted(case.train, case.holdout, made.reset_index(drop=True), case.schema)


def _numbers(schema: st.TableSchema) -> list[st.ColumnSpec]:
    return [column for column in schema.modelled if column.kind.value in ("integer", "numeric")]


def jittered(rows: pd.DataFrame, case: Planted, rng: np.random.Generator, sds: float) -> pd.DataFrame:
    """Move numbers by so many of their standard deviations; whole numbers stay whole."""
    moved = rows.copy()
    for column in _numbers(case.schema):
        spread = float(case.train[column.name].astype(float).std())
        values = rows[column.name].astype(float) + sds * spread * rng.normal(size=len(rows))
        moved[column.name] = values.round() if column.kind.value == "integer" else values
    return moved


def leaked(share: float, sds: float = 0.0) -> Plant:
    """Put copies of training rows in place of some rows, numbers moved by so many standard deviations."""

    def plant(case: Planted, rng: np.random.Generator) -> Planted:
        many = round(share * len(case.made))
        rows = case.train.iloc[rng.choice(len(case.train), many, replace=False)]
        rows = jittered(rows, case, rng, sds) if sds else rows
        return _with_made(case, pd.concat([rows, case.made.iloc[many:]], ignore_index=True))

    return plant


def bootstrap(case: Planted, rng: np.random.Generator) -> Planted:
    """Draw training rows with replacement."""
    return _with_made(case, case.train.iloc[rng.integers(0, len(case.train), len(case.made))])


def smoothed(case: Planted, rng: np.random.Generator) -> Planted:
    """Draw training rows with replacement, numbers moved by a tenth of their standard deviation."""
    return _with_made(case, jittered(bootstrap(case, rng).made, case, rng, 0.1))


def independent(case: Planted, rng: np.random.Generator) -> Planted:
    """Shuffle every column of the untouched rows for itself: nothing of the training people is in it."""
    return _with_made(case, _shuffled(case.made, case.schema, rng))


def exact_values(case: Planted, rng: np.random.Generator) -> Planted:
    """Shuffle every column of the training rows: no row is left, but every value that one person holds."""
    return _with_made(case, _shuffled(case.train, case.schema, rng))


def _shuffled(rows: pd.DataFrame, schema: st.TableSchema, rng: np.random.Generator) -> pd.DataFrame:
    columns = {
        column.name: rows[column.name].to_numpy()[rng.permutation(len(rows))] for column in schema.modelled
    }
    return pd.DataFrame(columns).astype(rows[list(columns)].dtypes.to_dict())


def _most_isolated(case: Planted) -> int:
    """Find the training row that stands most alone."""
    return int(case.audit().vulnerable_frame().row.iloc[0])


def _one_outlier(sds: float) -> Plant:
    def plant(case: Planted, rng: np.random.Generator) -> Planted:
        row = case.train.iloc[[_most_isolated(case)]]
        row = jittered(row, case, rng, sds) if sds else row
        return _with_made(case, pd.concat([row, case.made.iloc[1:]], ignore_index=True))

    return plant


def _label_column(schema: st.TableSchema) -> st.ColumnSpec:
    return next(column for column in schema.modelled if column.kind.value == "categorical")


def _one_unlisted_level(case: Planted, rng: np.random.Generator) -> Planted:
    """Give one training row a level outside the public list, and one synthetic row the same."""
    name = _label_column(case.schema).name
    train, made = case.train.copy(), case.made.copy()
    schema = case.schema
    if not schema[name].public_categories:
        listed = sorted({str(level) for level in case.train[name].dropna()})
        schema = schema.with_column(name, categories=listed, domain="public")
    train.loc[int(rng.integers(len(train))), name] = RARE
    made.loc[int(rng.integers(len(made))), name] = RARE
    return Planted(train, case.holdout, made, schema)


def _one_piled_level(case: Planted, rng: np.random.Generator) -> Planted:
    """Give one training row a level of a column without any list, and twelve synthetic rows the same."""
    name = _label_column(case.schema).name
    schema = case.schema.with_column(name, categories=None, domain="from_data")
    train, made = case.train.copy(), case.made.copy()
    train.loc[int(rng.integers(len(train))), name] = RARE
    made.loc[rng.choice(len(made), 12, replace=False), name] = RARE
    return Planted(train, case.holdout, made, schema)


def _one_maximum(case: Planted, rng: np.random.Generator) -> Planted:
    """Give one training person a value above all others, and clip fifteen synthetic rows there."""
    name = _numbers(case.schema)[-1].name
    train, made = (part.astype({name: "float64"}) for part in (case.train, case.made))
    highest = max(float(part[name].max()) for part in (train, case.holdout, made)) + 0.37
    train.loc[int(rng.integers(len(train))), name] = highest
    made.loc[rng.choice(len(made), 15, replace=False), name] = highest
    schema = case.schema.with_column(name, kind="numeric", lower=None, upper=None, domain="unknown")
    return Planted(train, case.holdout, made, schema)


LEAKS = (
    Leak("a bootstrap of the training rows", ("STB801", "STB802"), bootstrap),
    Leak("2 % copies", ("STB801", "STB802"), leaked(0.02)),
    Leak("1 % exact copies", ("STB801",), leaked(0.01)),
    Leak("10 % near-copies, .02 SD", ("STB802",), leaked(0.10, 0.02)),
    Leak("a smoothed bootstrap, .1 SD", ("STB802",), smoothed),
    Leak("one outlier, word for word", ("STB809",), _one_outlier(0.0)),
    Leak("one outlier, .02 SD away", ("STB809",), _one_outlier(0.02)),
    Leak("one level outside the public list", ("STB810",), _one_unlisted_level),
    Leak("one person's level, in twelve rows", ("STB810",), _one_piled_level),
    Leak("one person's maximum, in fifteen rows", ("STB810",), _one_maximum),
)
