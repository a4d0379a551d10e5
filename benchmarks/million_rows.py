"""CPU time of profiling two tables of a million rows, beside SDMetrics' quality report on the same.

A profile holds exact one-way counts, all 105 two-way tables with missing cells, 40 three-way tables, last
digits, moments, and 32 random shards of each; the quality report holds one score a column and a pair.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd

from synthtab.profiling import count_table, make_plan
from synthtab.schema import TableSchema
from synthtab.seeding import one_native_thread

MISSING_SHARE = 0.1
Result = TypeVar("Result")


def table(rows: int) -> pd.DataFrame:
    """Make nine number and six label columns with missing values."""
    rng = np.random.default_rng(0)
    columns: dict[str, object] = {
        f"real_{i}": rng.normal(size=rows).round(2 if i % 2 else 12) for i in range(7)
    }
    columns |= {f"whole_{i}": rng.integers(0, 100, rows) for i in range(2)}
    columns |= {f"label_{i}": rng.choice(list("abcdefghij"), rows) for i in range(6)}
    frame = pd.DataFrame(columns)
    frame.loc[rng.random(rows) < MISSING_SHARE, "real_0"] = np.nan
    return frame


def cpu(call: Callable[[], Result]) -> tuple[float, Result]:
    """Give the CPU seconds of a call, and what it returned."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def profile_both(schema: TableSchema, real: pd.DataFrame, synthetic: pd.DataFrame) -> tuple[float, ...]:
    """Give the CPU seconds of casting both tables, of the plan, and of both profiles."""
    cast_seconds, tables = cpu(lambda: [schema.cast(real), schema.cast(synthetic)])
    plan_seconds, plan = cpu(lambda: make_plan(schema, tables[:1]))
    count_seconds, _ = cpu(lambda: [count_table(own, plan) for own in tables])
    return cast_seconds, plan_seconds, count_seconds


def quality_report(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
    """Run SDMetrics' quality report of one table against the other."""
    from sdmetrics.reports.single_table import QualityReport

    kinds = {name: "numerical" if real[name].dtype.kind in "fi" else "categorical" for name in real}
    QualityReport().generate(
        real, synthetic, {"columns": {k: {"sdtype": v} for k, v in kinds.items()}}, verbose=False
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    real = table(rows)
    synthetic = real.sample(frac=1, random_state=1)
    schema = TableSchema.infer(real.head(1000))
    warnings.simplefilter("ignore")
    with one_native_thread():
        profile_both(schema, real.head(50_000), synthetic.head(50_000))  # imports and first use of memory
        cast_seconds, plan_seconds, count_seconds = profile_both(schema, real, synthetic)
        peer_seconds = cpu(lambda: quality_report(real, synthetic))[0]
    print(f"two tables of {rows:,} rows × {real.shape[1]} columns, CPU seconds")
    total = cast_seconds + plan_seconds + count_seconds
    print(f"cast to the schema          {cast_seconds:6.2f}")
    print(f"plan (once a reference)     {plan_seconds:6.2f}")
    print(f"profiles                    {count_seconds:6.2f}")
    print(f"together                    {total:6.2f}")
    print(f"SDMetrics quality report    {peer_seconds:6.2f}  ({peer_seconds / total:.1f}×)")


if __name__ == "__main__":
    main()
