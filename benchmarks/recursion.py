"""A generation of a study beside the plain loop that people write, and two workers beside one.

    python benchmarks/recursion.py [--write docs/speed.md]

The plain loop is SDV's GaussianCopulaSynthesizer fitted to the table before, as many rows sampled, and
SDMetrics' quality report against the real rows: that gives one number. Ours fits, samples, profiles and
scores the figures of `st.recurse`, and keeps a checkpoint in a temporary folder. CPU time is user and system
time of one process on one native thread, imports and first generation apart. The ratio of two workers is wall
time of one study: run it on an idle machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import synthtab as st
from synthtab.seeding import one_native_thread
from synthtab.synthesizers.quiet import import_sdv, silenced

GENERATIONS = 6
CHAINS = 20
LONG = 30


def cpu_seconds(work: Callable[[], object]) -> float:
    """Give the CPU time of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def plain_loop(train: pd.DataFrame, schema: st.TableSchema, generations: int) -> list[float]:
    """Fit, sample and report with SDV and SDMetrics, and give the CPU seconds of each generation."""
    import_sdv()
    from sdmetrics.reports.single_table import QualityReport
    from sdv.metadata import Metadata
    from sdv.single_table import GaussianCopulaSynthesizer

    kinds = {c.name: "numerical" if c.kind.is_number else "categorical" for c in schema.modelled}
    columns = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
    real = train[list(kinds)].reset_index(drop=True)
    metadata = Metadata.load_from_dict({"tables": {"t": columns}})
    table, spent = real, []

    def generation() -> pd.DataFrame:
        model = GaussianCopulaSynthesizer(metadata, enforce_min_max_values=False)
        model.fit({"t": table})
        sampled = model.sample(len(real))["t"]
        QualityReport().generate(real, sampled, columns, verbose=False)
        return sampled

    for _ in range(generations):
        start = time.process_time()
        with silenced(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = generation()
        spent.append(time.process_time() - start)
    return spent


def ours(split: st.Split, schema: st.TableSchema, generations: int) -> float:
    """Give the CPU seconds of a generation of a study, its checkpoint and its share of the null included."""
    with tempfile.TemporaryDirectory() as folder:

        def chain(length: int) -> None:
            st.recurse(
                split,
                schema,
                regimes=["replace"],
                generations=length,
                seeds=[0],
                null_chains=40,
                run_dir=Path(folder) / str(length),
                workers=1,
                progress=False,
            )

        # what is done once (plan, scale, summary) is in both
        once, often = (cpu_seconds(lambda length=length: chain(length)) for length in (1, generations))  # type: ignore[misc] # bound at once
    return (often - once) / (generations - 1)


def wall_seconds(split: st.Split, schema: st.TableSchema, workers: int) -> float:
    """Give the wall time of a study of several chains."""
    start = time.perf_counter()
    st.recurse(
        split,
        schema,
        regimes=["replace"],
        generations=LONG,
        seeds=range(CHAINS),
        null_chains=40,
        workers=workers,
        progress=False,
    )
    return time.perf_counter() - start


def null_seconds(split: st.Split, schema: st.TableSchema) -> float:
    """Give the CPU time of the drift null of one regime: 500 chains of ten generations."""
    from synthtab.recursion.measures import Measures
    from synthtab.recursion.null import drift_null
    from synthtab.recursion.real import prepare_real_tables
    from synthtab.recursion.regimes import Replace

    real = prepare_real_tables(split, schema, [Replace()], generations=10, rows=None, guard=True, seed=0)
    measures, n = Measures(real), real.original.n_rows
    return cpu_seconds(
        lambda: drift_null(
            real,
            measures,
            Replace(),
            generations=10,
            rows=n,
            growth=n,
            measured=n,
            chains=500,
            seed=0,
        )
    )


def measured() -> list[str]:
    """Measure, and give the lines of the table."""
    data = st.load_nhanes_adults()
    split = st.split(data.frame, data.schema, holdout=0.3, seed=0)
    with one_native_thread():
        plain_loop(split.train.iloc[:500], data.schema, 1)
        plain = plain_loop(split.train, data.schema, GENERATIONS)[1:]
        mine = ours(split, data.schema, GENERATIONS)
        null = null_seconds(split, data.schema)
    theirs = sum(plain) / len(plain)
    one, two = (wall_seconds(split, data.schema, workers) for workers in (1, 2))
    rows = f"{len(split.train):,} × {len(data.schema.modelled)}"
    return [
        "| | seconds | ratio |",
        "| --- | ---: | ---: |",
        f"| NHANES, {rows}: a generation of `gaussian_copula`, all its figures, CPU | {mine:.2f} | |",
        f"| … SDV fit, sample, SDMetrics quality report, CPU | {theirs:.2f} | ours: {mine / theirs:.0%} |",
        f"| the drift null of a regime, 500 chains of 10 generations, CPU | {null:.1f} | |",
        f"| a study of {CHAINS} chains of {LONG} generations, one worker, wall | {one:.1f} | |",
        f"| … two workers on two cores, wall, with their start | {two:.1f} | {one / two:.2f} times as fast |",
    ]


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description="Time a generation of a recursion study.")
    parser.add_argument("--write", type=Path, help="Page to write the table into.")
    arguments = parser.parse_args()
    lines = measured()
    print("\n".join(lines))
    if arguments.write is not None:
        sys.path.insert(0, str(Path(__file__).parent))
        from audit import write_part

        write_part(arguments.write, "recursion", lines)


if __name__ == "__main__":
    main()
