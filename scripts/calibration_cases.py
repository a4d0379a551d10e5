"""Tables to calibrate on, and defects to plant in a third of real rows that stands for a synthetic table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import synthtab as st

__all__ = ["DEFECTS", "Defect", "Population", "populations", "simulated_population"]

ROOT = Path(__file__).parents[1]
ADULT_ROWS = 12_000
SIMULATED_ROWS = 4_500
RARE_AT_MOST = 20


@dataclass(frozen=True)
class Population:
    """Rows to cut in three, or a law to draw three tables from."""

    name: str
    draw: Callable[[int], pd.DataFrame]
    schema: st.TableSchema
    target: str

    def parts(self, seed: int) -> st.Split:
        """Give training rows, holdout, and a third that nothing touched."""
        return st.split(self.draw(seed), self.schema, holdout=1 / 3, verifier=1 / 3, seed=seed)


def populations() -> list[Population]:
    """Give NHANES, where margins were set; Adult and a simulated law, where they were not."""
    nhanes = st.load_nhanes_adults()
    adult = pd.read_parquet(ROOT / "tests/data/adult.parquet").iloc[:32_561]
    schema = st.TableSchema.load(ROOT / "tests/data/adult_schema.yaml")
    return [
        Population("NHANES", lambda _: nhanes.frame, nhanes.schema, "diabetes"),
        Population("Adult", lambda seed: adult.sample(ADULT_ROWS, random_state=seed // 20), schema, "income"),
        simulated_population(),
    ]


def simulated_population(rows: int = SIMULATED_ROWS) -> Population:
    """Give a law with numbers, dates, levels, missing values that depend on others, and a rule."""
    columns = (
        st.ColumnSpec("age", "integer", lower=0, upper=110, rounding=0, role="quasi_identifier"),
        st.ColumnSpec("dose", "numeric", lower=0, upper=1_000, rounding=1),
        st.ColumnSpec("score", "numeric"),
        st.ColumnSpec("cost", "numeric", lower=0),
        st.ColumnSpec("visit", "datetime"),
        st.ColumnSpec("ward", "categorical", role="quasi_identifier"),
        st.ColumnSpec("group", "categorical", categories=("a", "b", "c", "d"), role="quasi_identifier"),
        st.ColumnSpec("smoker", "boolean"),
        st.ColumnSpec("outcome", "boolean"),
    )
    return Population("simulated", lambda seed: _simulated(rows, seed), st.TableSchema(columns), "outcome")


def _simulated(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 20_260])
    z = rng.normal(size=(rows, 4))
    age = np.clip(np.round(50 + 15 * z[:, 0] + 4 * z[:, 1]), 0, 110)
    smoker = rng.random(rows) < 1 / (1 + np.exp(1 - 0.8 * z[:, 1]))
    dose = np.round(np.exp(2 + 0.5 * z[:, 2] + 0.01 * age) * np.where(smoker, 1.3, 1.0), 1)
    cost = np.round(dose * np.exp(0.4 * z[:, 3]) * 3, 2)
    ward = np.array([f"ward {index}" for index in np.minimum(rng.zipf(1.7, rows), 40)])
    risk = -2 + 0.03 * (age - 50) + 0.9 * smoker + 0.8 * z[:, 2]
    outcome = rng.random(rows) < 1 / (1 + np.exp(-risk))
    hour = rng.choice(24, rows, p=np.r_[np.full(8, 0.01), np.full(10, 0.08), np.full(6, 0.02)])
    day = rng.integers(0, 730, rows)
    day = np.where(rng.random(rows) < 0.7, day - day % 7 + rng.integers(0, 5, rows), day)
    visit = pd.Timestamp("2023-01-02") + pd.to_timedelta(day, unit="D") + pd.to_timedelta(hour, unit="h")
    return pd.DataFrame(
        {
            "age": age,
            "dose": dose,
            "score": np.where(
                rng.random(rows) < np.where(smoker, 0.25, 0.05), np.nan, z[:, 2] + 0.5 * z[:, 3]
            ),
            "cost": np.where(outcome | (rng.random(rows) < 0.5), cost, np.nan),
            "visit": visit,
            "ward": ward,
            "group": np.array(list("abcd"))[
                np.clip(np.digitize(z[:, 0] + rng.normal(size=rows), [-1, 0, 1]), 0, 3)
            ],
            "smoker": smoker,
            "outcome": outcome,
        }
    )


# ---------------------------------------------------------------------- defects

Plant = Callable[[st.TableSchema, st.Split, np.random.Generator, str], pd.DataFrame]


@dataclass(frozen=True)
class Defect:
    """What was done to a fresh third, which check should see it, and which sections are asked."""

    name: str
    codes: tuple[str, ...]
    plant: Plant
    where: tuple[str, ...] = ("NHANES", "Adult")


def _numbers(schema: st.TableSchema) -> list[str]:
    return [column.name for column in schema.modelled if column.kind.value in ("integer", "numeric")]


def _labels(schema: st.TableSchema) -> list[str]:
    return [column.name for column in schema.modelled if column.kind.is_label]


def _shifted(schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str) -> pd.DataFrame:
    del rng, target
    made = parts.verifier.copy()
    for name in _numbers(schema):
        moved = made[name].astype(float) + 0.25 * parts.train[name].astype(float).std()
        made[name] = moved.round() if schema[name].kind.value == "integer" else moved
    return made


def _without_missing(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del target
    made = parts.verifier.copy()
    for column in schema.modelled:
        held = made[column.name].dropna()
        gaps = made[column.name].isna()
        made.loc[gaps, column.name] = rng.choice(held.to_numpy(), int(gaps.sum()))
    return made


def _one_column_moved(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    made = parts.verifier.copy()
    name = next(n for n in _labels(schema) if n != target)
    top = made[name].mode().iloc[0]
    made.loc[(made[name] != top) & (rng.random(len(made)) < 0.4), name] = top
    return made


def _heaped(schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str) -> pd.DataFrame:
    del schema, target
    made = parts.verifier.copy()
    chosen = rng.random(len(made)) < 0.3
    made.loc[chosen, "age"] = (made.loc[chosen, "age"] / 5).round() * 5
    return made


def _beyond_range(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del target
    made = parts.verifier.copy()
    name = _numbers(schema)[-1]
    top = max(part[name].max() for part in (parts.train, parts.holdout))
    made.loc[rng.random(len(made)) < 0.1, name] = top + 1
    return made


def _weekdays_lost(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del schema, target
    made = parts.verifier.copy()
    made["visit"] = made["visit"] + pd.to_timedelta(rng.integers(-3, 4, len(made)), unit="D")
    return made


def _half_independent(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del target
    made = parts.verifier.copy()
    rows = np.flatnonzero(rng.random(len(made)) < 0.5)
    for column in schema.modelled:
        values = made[column.name].to_numpy(copy=True)
        values[rows] = values[rng.permutation(rows)]
        made[column.name] = values
    return made


def _invented(schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str) -> pd.DataFrame:
    del rng, target
    made = parts.verifier.copy()
    numbers = _numbers(schema)
    guide = made[numbers[0]].rank(method="first").to_numpy()
    made[numbers[-1]] = made[numbers[-1]].sort_values(na_position="last").to_numpy()[guide.astype(int) - 1]
    return made


def _missing_at_random(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    made = _without_missing(schema, parts, rng, target)
    for column in schema.modelled:
        rate = parts.verifier[column.name].isna().mean()
        made[column.name] = made[column.name].mask(rng.random(len(made)) < rate)
    return made


def _exclusive_or(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del rng
    made = parts.verifier.copy()
    balance = {
        n: abs(made[n].value_counts(normalize=True).iloc[0] - 0.5) for n in _labels(schema) if n != target
    }
    names = sorted(balance, key=balance.__getitem__)[:2]
    two = made[names].apply(lambda column: column == column.mode().iloc[0])
    levels = parts.train[target].value_counts().index[:2]
    made[target] = np.where(two.iloc[:, 0] ^ two.iloc[:, 1], levels[0], levels[1])
    return made


def _rare_removed(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del rng, target
    made = parts.verifier.copy()
    for name in _labels(schema):
        counts = parts.train[name].value_counts()
        kept = counts.index[counts > RARE_AT_MOST]
        made.loc[made[name].notna() & ~made[name].isin(kept), name] = counts.index[0]
    return made


def _rare_tripled(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del target
    made = parts.verifier.copy()
    for name in _labels(schema):
        counts = parts.train[name].value_counts()
        rare = counts.index[counts <= RARE_AT_MOST]
        many = 3 * int(made[name].isin(rare).sum())
        if len(rare) and many:
            made.iloc[rng.choice(len(made), many, replace=False), made.columns.get_loc(name)] = rng.choice(
                rare, many
            )
    return made


def _invented_levels(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del schema, target
    made = parts.verifier.copy()
    made["ward"] = made["ward"].where(rng.random(len(made)) >= 0.03, "ward none has seen")
    return made


def _tails_cut(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del rng, target
    made = parts.verifier.copy()
    for name in _numbers(schema):
        low, high = parts.train[name].astype(float).quantile([0.05, 0.95])
        made[name] = made[name].astype(float).clip(low, high)
    return made


def _one_group_ruined(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    """Give the rows of one level of a quasi-identifier the other columns of other rows."""
    del target
    made = parts.verifier.copy()
    name = next(
        column.name
        for column in schema.modelled
        if column.role is st.Role.QUASI_IDENTIFIER
        and column.kind.is_label
        and 3 < made[column.name].nunique() <= 12
    )
    level = made[name].value_counts().index[2]
    rows = np.flatnonzero(made[name] == level)
    donors = rng.choice(len(made), len(rows))
    others = [column for column in made.columns if column != name]
    made.iloc[rows, [made.columns.get_loc(column) for column in others]] = made.iloc[donors][
        others
    ].to_numpy()
    for other in _numbers(schema):
        made.iloc[rows, made.columns.get_loc(other)] = made.iloc[rows][other].astype(float).max()
    return made


def _target_shuffled(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del schema
    made = parts.verifier.copy()
    rows = np.flatnonzero(rng.random(len(made)) < 0.7)
    values = made[target].to_numpy(copy=True)
    values[rows] = values[rng.permutation(rows)]
    made[target] = values
    return made


def _independent(
    schema: st.TableSchema, parts: st.Split, rng: np.random.Generator, target: str
) -> pd.DataFrame:
    del target
    made = parts.verifier.copy()
    for column in schema.modelled:
        made[column.name] = made[column.name].to_numpy()[rng.permutation(len(made))]
    return made


_BOTH = ("NHANES", "Adult")
_LAW = ("simulated",)
DEFECTS = (
    Defect("every number moved by a quarter of its SD", ("STB101", "STB102", "STB103"), _shifted, _BOTH),
    Defect("no value missing", ("STB104", "STB109"), _without_missing, ("NHANES", "simulated")),
    Defect("two in five rows of one label column moved to its mode", ("STB105",), _one_column_moved, _BOTH),
    Defect("weekdays lost", ("STB106",), _weekdays_lost, _LAW),
    Defect("three in ten ages rounded to fives", ("STB107",), _heaped, ("NHANES", "simulated")),
    Defect("a tenth of a column beyond every real value", ("STB108",), _beyond_range, _BOTH),
    Defect(
        "half of the rows shuffled column by column", ("STB201", "STB202", "STB203"), _half_independent, _BOTH
    ),
    Defect("one column sorted by another", ("STB204",), _invented, _BOTH),
    Defect("values missing at random", ("STB205",), _missing_at_random, ("NHANES", "simulated")),
    Defect("the target is the exclusive or of two columns", ("STB206",), _exclusive_or, _BOTH),
    Defect("all columns independent", ("STB207", "STB201", "STB601", "STB701"), _independent, _BOTH),
    Defect(
        "levels of at most 20 rows removed",
        ("STB301", "STB302"),
        _rare_removed,
        ("NHANES", "Adult", "simulated"),
    ),
    Defect("levels of at most 20 rows tripled", ("STB302",), _rare_tripled, ("NHANES", "Adult", "simulated")),
    Defect("three in a hundred rows on an invented level", ("STB303",), _invented_levels, _LAW),
    Defect("tails cut at 5 and 95 %", ("STB401",), _tails_cut, _BOTH),
    Defect("one level's rows replaced and pushed to the top", ("STB501",), _one_group_ruined, _BOTH),
    Defect("seven in ten targets shuffled", ("STB601", "STB602"), _target_shuffled, _BOTH),
)
