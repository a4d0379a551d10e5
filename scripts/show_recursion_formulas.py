"""Write docs/recursion-formulas.md: exact answers about recursion beside plain NumPy and beside our chains.

python scripts/show_recursion_formulas.py [--out PAGE] [--seed 2026] [--share 1] [--jobs 2]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import joblib
from recursion_cases import (
    SECOND_LOOK,
    SECOND_SEED,
    SEED,
    Case,
    Estimate,
    Line,
    far_off,
    run_chains,
    simulated,
)
from recursion_level_cases import LEVEL_CASES
from recursion_number_cases import NUMBER_CASES

import synthtab as st

PAGE = Path(__file__).parents[1] / "docs" / "recursion-formulas.md"
CASES = sorted((*NUMBER_CASES, *LEVEL_CASES), key=lambda case: case.regime.name)
SIMULATED = 10_000
SIMULATED_LARGE = 400
"""Chains without synthtab: of tables of up to a hundred rows, and of larger ones."""

INTRODUCTION = """\
# Exact answers about recursion

Written by `scripts/show_recursion_formulas.py`: change that, not this page. Seed {seed}; synthtab
{version}; {minutes:.0f} minutes.

Each figure is known in closed form (**exact**), is simulated by {simulated:,} chains of plain NumPy
({large} where tables have {rows} rows) that share no line with synthtab (**NumPy**), and is measured on
chains that `Chain.advance` ran (**ours** ± one standard error; *z* is their distance from the exact
answer in standard errors). The last two columns are that distance from the answers for the generation
before and the one after, so that a chain that counts generations wrongly would show: a dash where the
answer is the same.

M_g is fitted on T_g, S_g is sampled from M_g, T_1 is D0. Numbers: D0 is drawn afresh for each chain
from a population of mean 0 and variance 1, and figures are of M_g unless T_g is named. Levels: D0 stays
the same and figures are of S_g, except under `fresh_mix`, where D0 too is drawn afresh. A chain has
several columns where one column's law is asked for: given the fit, each column by itself is drawn as in
a chain of one column. They are not independent, so the mean over columns is one replicate."""

CLOSING = """\
{count} figures; {beyond} of them more than two standard errors from the exact answer ({expected:.1f}
expected), {far} more than three ({expected_far:.1f} expected). Figures of one chain are not independent.

Seed and rule were fixed before these chains were run. A figure beyond three is measured again by {look} times
as many chains of seed {second}, and must be within three then: {again}

Earlier runs with other seeds are not counted. Seed 0 had missed: Var μ under `accumulate` by 3.1 and 3.6
standard errors at g = 2 and 50 (60 chains), and under `replace`, MLE, at g = 10 E W2² by 3.4, Var μ by 3.3
and, with 400 chains, E σ² by 3.3. Seed 1 was taken after that, with no figure beyond three: that proved
little.
"""


def chains_of(case: Case, share: float) -> int:
    """Give the number of chains of a case."""
    return max(round(case.chains * share), 10)


def rows_of(number: int, seed: int, share: float) -> tuple[list[str], list[float], list[str]]:
    """Run one case; give the lines of its table, their z, and what a second look found."""
    case = CASES[number]
    ours = run_chains(case, chains_of(case, share), case.generations, seed)
    plain = simulated(case, SIMULATED if case.rows <= 100 else SIMULATED_LARGE, seed)
    lines, scores = [], []
    for line in case.lines:
        at = line.generation - 1
        own, other = Estimate.of(ours[line.key][:, at]), Estimate.of(plain[line.key][:, at])
        exact = line.exact(line.generation)
        beside = [
            f"{own.z(wrong):+.1f}" if abs(wrong - exact) > 1e-9 else "–"
            for wrong in (line.exact(line.generation - 1), line.exact(line.generation + 1))
        ]
        scores.append(own.z(exact))
        lines.append(
            f"| {line.label.replace('|', '∣')} | {line.generation} | {exact:.4f} | {other.mean:.4f} "
            f"| {own.mean:.4f} ± {own.error:.4f} | {scores[-1]:+.1f} | {beside[0]} | {beside[1]} |"
        )
    return lines, scores, second_look(case, far_off(case, ours, case.generations), share)


def second_look(case: Case, off: Mapping[Line, Estimate], share: float) -> list[str]:
    """Measure again what lay far off, and say what came out."""
    if not off:
        return []
    found = run_chains(case, SECOND_LOOK * chains_of(case, share), case.generations, SECOND_SEED)
    told = []
    for line, first in off.items():
        exact = line.exact(line.generation)
        again = Estimate.of(found[line.key][:, line.generation - 1])
        told.append(
            f"{line.label} of `{case.regime}`, {case.name}, g = {line.generation}: "
            f"{first.z(exact):+.1f}, then {again.z(exact):+.1f}"
        )
    return told


def main() -> None:
    """Run all cases and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--share", type=float, default=1.0, help="share of the chains to run")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    options = parser.parse_args()
    started = time.perf_counter()
    sections: list[str] = []
    scores: list[float] = []
    looked: list[str] = []
    regime = ""
    found = joblib.Parallel(options.jobs, return_as="generator")(
        joblib.delayed(rows_of)(number, options.seed, options.share) for number in range(len(CASES))
    )
    for case, (lines, own, again) in zip(CASES, found, strict=True):
        scores += own
        looked += again
        heading = [] if case.regime.name == regime else [f"## {case.regime.name}", ""]
        regime = case.regime.name
        count = chains_of(case, options.share)
        sections.append(
            "\n".join(
                [
                    *heading,
                    f"**`{case.regime}`, {case.name}**; n = {case.rows}, {count:,} chains",
                    "",
                    "| figure | g | exact | NumPy | ours | z | z, g − 1 | z, g + 1 |",
                    "|---|---|---|---|---|---|---|---|",
                    *lines,
                ]
            )
        )
        print(case.title, " ".join(f"{score:+.1f}" for score in own), flush=True)
    head = INTRODUCTION.format(
        seed=options.seed,
        version=st.__version__,
        minutes=(time.perf_counter() - started) / 60,
        simulated=SIMULATED,
        large=SIMULATED_LARGE,
        rows=500,
    )
    tail = CLOSING.format(
        count=len(scores),
        beyond=sum(abs(score) > 2 for score in scores),
        far=sum(abs(score) > 3 for score in scores),
        expected=0.0455 * len(scores),
        expected_far=0.0027 * len(scores),
        look=SECOND_LOOK,
        second=SECOND_SEED,
        again="; ".join(looked) + "." if looked else "there was none.",
    )
    options.out.write_text("\n\n".join([head, *sections, "## Taken together", tail]), encoding="utf-8")
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
