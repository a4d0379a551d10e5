"""Repeat a published run on UCI Adult: the share of categories that a Gaussian copula keeps under replace.

    python scripts/published_adult_run.py [--out docs/recursion-adult.md]

Published (3 seeds, n = 2000): .887, .814, .766, .708 at generations 0, 4, 8, 12, told as collapse; drift
alone predicts .892, .789, .732, .695. Here each seed draws its own 2,000 rows of Adult, and every category
of the whole table counts. About 5 minutes of CPU time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from wright_fisher import extinction_probability

import synthtab as st
from synthtab.execution import MemoryStore, Ticker, run_grid
from synthtab.progress import watching
from synthtab.recursion.bands import chain_interval
from synthtab.recursion.chain import Chain, ChainPlan
from synthtab.recursion.real import RealTables, recursion_schema
from synthtab.recursion.records import ChainStore
from synthtab.schema import CastTable, TableSchema
from synthtab.seeding import generator
from synthtab.synthesizers.guard import FittedGuard

DATA = Path(__file__).parents[1] / "tests" / "data"
ROWS, GENERATIONS, SEEDS = 2_000, 12, range(20)
SHOWN = (0, 4, 8, 12)
PUBLISHED = (0.887, 0.814, 0.766, 0.708)
PUBLISHED_DRIFT = (0.892, 0.789, 0.732, 0.695)
SYNTHESIZERS = (
    st.spec("gaussian_copula"),
    st.spec("gaussian_copula", as_sdv=True),
    st.spec("resampler"),
)

FloatArray = npt.NDArray[np.float64]


def adult() -> tuple[pd.DataFrame, TableSchema]:
    """Read Adult and its schema, all its levels and bounds left open: nothing is known beforehand."""
    frame = pd.read_parquet(DATA / "adult.parquet")
    return frame, recursion_schema(TableSchema.load(DATA / "adult_schema.yaml"))


def kept(table: CastTable, schema: TableSchema, levels: int) -> float:
    """Give the share of all categories that a table holds."""
    labels = [column.name for column in schema.columns if column.kind.is_label]
    held = [table.label(name).codes[~table.label(name).is_missing] for name in labels]
    return sum(len(np.unique(codes)) for codes in held) / levels


def counts_of(table: CastTable, schema: TableSchema) -> npt.NDArray[np.int64]:
    """Count the rows of each category."""
    labels = [table.label(column.name) for column in schema.columns if column.kind.is_label]
    return np.concatenate([np.bincount(label.codes[~label.is_missing]) for label in labels])


def one_chain(task: tuple[st.SynthesizerSpec, int], ticker: Ticker) -> tuple[FloatArray, FloatArray]:
    """Run one chain; give the share of categories kept at each generation, and what drift predicts."""
    synthesizer, seed = task
    frame, schema = adult()
    whole = schema.cast(frame)
    levels = int(np.count_nonzero(counts_of(whole, schema)))
    rows = np.sort(generator(seed, "Adult rows").permutation(whole.n_rows)[:ROWS])
    original = schema.cast(frame.iloc[rows])
    none = original.take(np.arange(0))
    real = RealTables(schema, original, none, None, none, FittedGuard(0, {}, {}, (), schema), original)
    chain = Chain(
        real, ChainPlan(synthesizer, st.Replace(), seed, ROWS, ROWS, ROWS), ChainStore(MemoryStore(), "chain")
    )
    found = [kept(original, schema, levels)]
    for g in range(1, GENERATIONS + 1):
        found.append(kept(chain.advance(g).measured, schema, levels))
        ticker.advance()
    initial = counts_of(original, schema)
    lost = extinction_probability(initial[initial > 0], ROWS, GENERATIONS).sum(axis=1)
    predicted = (np.count_nonzero(initial) - np.concatenate([[0.0], lost])) / levels
    return np.array(found), predicted


def page() -> list[str]:
    """Run all chains, and give the page."""
    tasks = [(synthesizer, seed) for synthesizer in SYNTHESIZERS for seed in SEEDS]
    with watching():
        outcomes = run_grid(
            one_chain,
            tasks,
            steps=[GENERATIONS] * len(tasks),
            stage="Adult",
            units=("chains", "generations"),
        )
    failed = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    if failed:
        raise SystemExit(f"{len(failed)} chains failed; the first: {failed[0]}")
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    predicted = np.array([result[1] for result in results])
    heading = " | ".join(f"g = {g}" for g in SHOWN)
    out = [
        "# A published run, repeated",
        "",
        (
            "Written by `scripts/published_adult_run.py`: UCI Adult, replace, n = 2,000, no guard, "
            f"{len(SEEDS)} seeds; share of all categories of the table that S_g holds (generation 0: the "
            "2,000 real rows), with 95 % intervals of the mean over chains. *Drift alone* is the exact "
            "Wright–Fisher prediction for the categories of each chain's own 2,000 rows."
        ),
        "",
        f"| | {heading} |",
        "| --- " + "| ---: " * len(SHOWN) + "|",
        "| published, 3 seeds | " + " | ".join(f"{value:.3f}" for value in PUBLISHED) + " |",
    ]
    for index, synthesizer in enumerate(SYNTHESIZERS):
        own = np.array([r[0] for r in results[index * len(SEEDS) : (index + 1) * len(SEEDS)]])
        cells = []
        for g in SHOWN:
            mean = chain_interval(own[:, g])
            cells.append(f"{mean.value:.3f} [{mean.low:.3f}, {mean.high:.3f}]")
        out.append(f"| `{synthesizer}` | " + " | ".join(cells) + " |")
    out.append(
        "| drift alone, exact | "
        + " | ".join(f"{value:.3f}" for value in predicted.mean(axis=0)[list(SHOWN)])
        + " |"
    )
    out += [
        "| drift alone, as published beside it | "
        + " | ".join(f"{value:.3f}" for value in PUBLISHED_DRIFT)
        + " |",
        "",
        *_reading(results, predicted),
        "",
    ]
    return out


def _reading(results: list[tuple[FloatArray, FloatArray]], predicted: FloatArray) -> list[str]:
    """Say what the table shows, from its figures."""
    told = []
    for index, synthesizer in enumerate(SYNTHESIZERS):
        rows = slice(index * len(SEEDS), (index + 1) * len(SEEDS))
        own = np.array([result[0][-1] for result in results[rows]])
        excess = chain_interval(own - predicted[rows, -1])
        verdict = (
            "no different from drift"
            if excess.low <= 0 <= excess.high
            else "fewer kept than by drift"
            if excess.value < 0
            else "more kept than by drift"
        )
        told.append(
            f"- `{synthesizer}` at generation {GENERATIONS}: {excess.value:+.3f} "
            f"[{excess.low:+.3f}, {excess.high:+.3f}] beside drift in the same rows: {verdict}."
        )
    return told


def main() -> None:
    """Run, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description="Repeat a published run on UCI Adult.")
    parser.add_argument("--out", type=Path, help="Page to write.")
    arguments = parser.parse_args()
    text = "\n".join(page())
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
