"""Measure false alarms and power of the drift null through whole studies, and write the table.

    python scripts/calibrate_recursion.py [--out docs/calibration-recursion.md] [--scale 1.0]

Each study draws a table of its own, runs ten chains of eight generations through `st.recurse`, and holds them
against 500 null chains of the same regime. About 15 minutes of CPU time at full size.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import synthtab as st
from synthtab.execution import Ticker, run_grid
from synthtab.progress import watching
from synthtab.results import DRIFT_ALARM

sys.path.insert(0, str(Path(__file__).parent))
import drift_cases

CHAINS, GENERATIONS, NULL_CHAINS = 10, 8, 500


@dataclass(frozen=True)
class Case:
    """One kind of study, many times.

    Parameters
    ----------
    what : str
        Name for people.
    synthesizer : str or SynthesizerSpec
        What is fitted.
    regime : str
        What is trained on.
    studies : int
        How many at full size.
    first_seed : int
        Seeds go on from here.
    wanted : str
        What the share of alarms should be.
    """

    what: str
    synthesizer: str | st.SynthesizerSpec
    regime: str
    studies: int
    first_seed: int
    wanted: str


CASES = (
    Case("resampler: nothing but drift", "resampler", "replace", 80, 0, "≤ 5 %"),
    Case("resampler: nothing but drift", "resampler", "accumulate", 60, 1_000, "≤ 5 %"),
    Case("resampler: nothing but drift", "resampler", "fresh_mix(0.1)", 60, 2_000, "≤ 5 %"),
    Case("loses 10 % of what is rare", st.spec("thinning", loss=0.1), "replace", 60, 3_000, "≥ 80 %"),
    Case("loses 5 % of what is rare", st.spec("thinning", loss=0.05), "replace", 40, 4_000, ""),
    Case("gains 10 % of what is rare", st.spec("thinning", loss=-0.1), "replace", 40, 5_000, "≥ 80 %"),
)


def one_study(task: tuple[Case, int], ticker: Ticker) -> tuple[str, ...]:
    """Run a study, and name the figures that leave the null."""
    case, seed = task
    found = drift_cases.alarms(
        drift_cases.study(
            seed,
            case.synthesizer,
            case.regime,
            chains=CHAINS,
            generations=GENERATIONS,
            null_chains=NULL_CHAINS,
        )
    )
    ticker.advance()
    return found


def lines(scale: float) -> list[str]:
    """Run all cases, and give the page."""
    tasks = [
        (case, case.first_seed + index)
        for case in CASES
        for index in range(max(1, round(scale * case.studies)))
    ]
    with watching():
        outcomes = run_grid(
            one_study, tasks, steps=[1] * len(tasks), stage="Calibration", units=("studies", "studies")
        )
    out = [
        "# Calibration of the drift null",
        "",
        (
            "Written by `scripts/calibrate_recursion.py`. Each study draws a table of its own "
            f"({drift_cases.ROWS} rows, {drift_cases.COLUMNS} label columns of up to {drift_cases.LEVELS} "
            "levels with long tails, two numbers; holdout as large, a pool twice as large) and runs "
            f"{CHAINS} chains of {GENERATIONS} generations through `st.recurse` beside {NULL_CHAINS} null "
            "chains. An *alarm* is any figure whose p-value, over all figures and generations of the study, "
            "is "
            f"{DRIFT_ALARM} or less."
        ),
        "",
        "| synthesizer | regime | seeds | studies | alarms | share | wanted | figures that alarmed |",
        "| --- | --- | --- | ---: | ---: | ---: | --- | --- |",
    ]
    failed = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    if failed:
        raise SystemExit(f"{len(failed)} studies failed; the first: {failed[0]}")
    total = [0, 0]
    for case in CASES:
        own = [
            outcome.result or () for (other, _), outcome in zip(tasks, outcomes, strict=True) if other == case
        ]
        alarms = sum(bool(names) for names in own)
        if case.synthesizer == "resampler":
            total = [total[0] + alarms, total[1] + len(own)]
        which = Counter(name for names in own for name in names).most_common(4)
        told = ", ".join(f"{name} {count}" for name, count in which)
        seeds = f"{case.first_seed}–{case.first_seed + len(own) - 1}"
        out.append(
            f"| {case.what} | {case.regime} | {seeds} | {len(own)} | {alarms} | {alarms / len(own):.0%} "
            f"| {case.wanted} | {told} |"
        )
    out += ["", f"False alarms on the resampler: **{total[0]} of {total[1]}**.", ""]
    return out


def main() -> None:
    """Calibrate, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description="Measure false alarms and power of the drift null.")
    parser.add_argument("--out", type=Path, help="Page to write.")
    parser.add_argument("--scale", type=float, default=1.0, help="Share of the studies to run.")
    arguments = parser.parse_args()
    page = "\n".join(lines(arguments.scale))
    print(page)
    if arguments.out is not None:
        arguments.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
