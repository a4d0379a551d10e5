"""CPU time of profiling a million rows and fifteen columns, beside SDMetrics' quality report on the same.

The profile holds exact one-way counts, all 105 two-way tables with missing cells, moments, and 32 random
shards of each; the quality report holds one score a column and a pair.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from synthtab.profiling import count_table, make_plan
from synthtab.schema import TableSchema
from synthtab.seeding import one_native_thread

MISSING_SHARE = 0.1


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


def cpu(call: Callable[[], object]) -> tuple[float, object]:
    """Give the CPU seconds of a call, and what it returned."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def quality_report(frame: pd.DataFrame) -> None:
    """Run SDMetrics' quality report of the table against itself."""
    from sdmetrics.reports.single_table import QualityReport

    kinds = {name: "numerical" if frame[name].dtype.kind in "fi" else "categorical" for name in frame}
    QualityReport().generate(
        frame, frame, {"columns": {k: {"sdtype": v} for k, v in kinds.items()}}, verbose=False
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    frame = table(rows)
    schema = TableSchema.infer(frame.head(1000))
    warnings.simplefilter("ignore")
    with one_native_thread():
        cast_seconds, cast = cpu(lambda: schema.cast(frame))
        plan_seconds, plan = cpu(lambda: make_plan(schema, [cast]))  # type: ignore[list-item] # from a lambda
        count_seconds, _ = cpu(lambda: count_table(cast, plan))  # type: ignore[arg-type] # from a lambda
        peer_seconds, _ = cpu(lambda: quality_report(frame))
    print(f"{rows:,} rows × {frame.shape[1]} columns, CPU seconds")
    print(f"cast to the schema          {cast_seconds:6.2f}")
    print(f"plan (once a reference)     {plan_seconds:6.2f}")
    print(f"profile                     {count_seconds:6.2f}")
    ratio = peer_seconds / (cast_seconds + count_seconds)
    print(f"SDMetrics quality report    {peer_seconds:6.2f}  ({ratio:.1f}× cast and profile)")


if __name__ == "__main__":
    main()
