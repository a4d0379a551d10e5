"""Count false alarms on safe tables and hits on planted defects, over many re-splits of two real tables.

Writes a table (data, case, audits, FAIL anywhere, FAIL in the section it belongs to, median scores).
NHANES is where margins were set; Adult is where they were not.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import synthtab as st

ROOT = Path(__file__).parents[1]
ADULT_ROWS = 12_000


@dataclass(frozen=True)
class Table:
    """A real table, its schema and a column to predict."""

    name: str
    frame: pd.DataFrame
    schema: st.TableSchema
    target: str


def tables() -> list[Table]:
    """Load both real tables; of Adult as many rows as three parts of 4,000 take."""
    nhanes = st.load_nhanes_adults()
    adult = pd.read_parquet(ROOT / "tests/data/adult.parquet").iloc[:32_561]
    schema = st.TableSchema.load(ROOT / "tests/data/adult_schema.yaml")
    return [
        Table("NHANES", nhanes.frame, nhanes.schema, "diabetes"),
        Table("Adult", adult.sample(ADULT_ROWS, random_state=0), schema, "income"),
    ]


def fresh(table: Table, parts: st.Split, seed: int) -> pd.DataFrame:
    """Give an untouched third of the real rows."""
    del table, seed
    return parts.verifier


def independent(table: Table, parts: st.Split, seed: int) -> pd.DataFrame:
    """Give every column drawn from its own marginal."""
    return st.make("independent", table.schema, seed=seed).fit(parts.train).sample(len(parts.train))


def bootstrap(table: Table, parts: st.Split, seed: int) -> pd.DataFrame:
    """Give training rows drawn with replacement."""
    del table
    return parts.train.sample(frac=1, replace=True, random_state=seed)


def copies(table: Table, parts: st.Split, seed: int) -> pd.DataFrame:
    """Replace 1 % of a fresh third by training rows."""
    del table
    made = parts.verifier.copy()
    count = len(made) // 100
    made.iloc[:count] = parts.train.sample(count, random_state=seed).to_numpy()
    return made


def rare_removed(table: Table, parts: st.Split, seed: int) -> pd.DataFrame:
    """Replace levels of at most 20 training rows by the most frequent one."""
    del seed
    made = parts.verifier.copy()
    for column in table.schema.modelled:
        if column.kind.is_label:
            counts = parts.train[column.name].value_counts()
            kept = counts.index[counts > 20]  # noqa: PLR2004 - what the audit calls rare
            made.loc[made[column.name].notna() & ~made[column.name].isin(kept), column.name] = counts.index[0]
    return made


def invented_dependence(table: Table, parts: st.Split, seed: int) -> pd.DataFrame:
    """Sort one number column by another that it has little to do with."""
    del seed
    first, second = ("bedtime", "total_cholesterol") if table.name == "NHANES" else ("fnlwgt", "age")
    made = parts.verifier.copy()
    both = made[[first, second]].dropna().index
    order = made.loc[both, second].sort_values(kind="stable").index
    made.loc[order, first] = np.sort(made.loc[both, first].to_numpy())
    return made


CASES: tuple[tuple[Callable[[Table, st.Split, int], pd.DataFrame], str | None], ...] = (
    (fresh, None),
    (independent, "association"),
    (bootstrap, "privacy"),
    (copies, "privacy"),
    (rare_removed, "rare"),
    (invented_dependence, "association"),
)


def main() -> None:
    """Run the audits and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=60, help="re-splits of each table for the safe case")
    parser.add_argument("--planted", type=int, default=10, help="re-splits for each planted defect")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "calibration.md")
    arguments = parser.parse_args()
    lines = [
        "# Calibration of the audit",
        "",
        "Seeds 0 to n − 1. Thirds of the real table are training rows, holdout, and the third that stands in",
        f"for a synthetic table. Written by `make calibrate` (synthtab {st.__version__}).",
        "",
        "| data | rows a part | case | audits | FAIL | FAIL where planted | codes | association |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for table in tables():
        for make, section in CASES:
            audits = arguments.audits if section is None else arguments.planted
            started = time.perf_counter()
            row = measure(table, make, section, audits)
            lines.append(row)
            print(row, f"{time.perf_counter() - started:.0f} s", flush=True)
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {arguments.out.name}")


def measure(
    table: Table, make: Callable[[Table, st.Split, int], pd.DataFrame], section: str | None, audits: int
) -> str:
    """Audit one case over many re-splits; give its line of the table."""
    anywhere, planted, codes, scores, rows = 0, 0, dict[str, int](), [], 0
    for seed in range(audits):
        parts = st.split(table.frame, table.schema, holdout=1 / 3, verifier=1 / 3, seed=seed)
        rows = len(parts.train)
        result = st.audit(
            parts.train,
            make(table, parts, seed),
            holdout=parts.holdout,
            schema=table.schema,
            target=table.target,
            seed=seed,
        )
        failed = [check for check in result.checks if check.status is st.Status.FAIL]
        anywhere += bool(failed)
        planted += any(check.section == section for check in failed)
        for check in failed:
            codes[check.code] = codes.get(check.code, 0) + 1
        scores += [
            f.calibrated for f in result.families if f.section == "association" and f.calibrated is not None
        ]
    told = ", ".join(f"{code} {count}" for code, count in sorted(codes.items())) or "none"
    hit = "" if section is None else f"{planted} ({section})"
    spread = f"{statistics.mean(scores):.3f} ± {statistics.stdev(scores) if len(scores) > 1 else 0:.3f}"
    name = make.__name__.replace("_", " ")
    return f"| {table.name} | {rows:,} | {name} | {audits} | {anywhere} | {hit} | {told} | {spread} |"


if __name__ == "__main__":
    main()
