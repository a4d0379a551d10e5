"""Calibrate the attacks: false alarms on safe tables, planted leaks, and the table of known answers.

``make calibrate`` runs it whole and writes docs/calibration-privacy.md; the tests run a small part of it.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import privacy_cases
from calibration_cases import Population, populations
from joblib import Parallel, delayed
from privacy_cases import LEAKS, Leak, Planted, thirds_of

import synthtab as st

T = TypeVar("T")
SAFE_TABLES = {"NHANES": 80, "Adult": 60, "simulated": 60}
PLANTED = 10
SEEDS = 20
KNOWN_ROWS = 1_600
_FIGURES = {
    "exact copies": "exact_copies",
    "DCR share": "dcr_share",
    "AUC": "membership_auc",
    "TPR at 1 %": "membership_tpr_at_1fpr",
    "epsilon": "epsilon_lower_bound",
}
# what privacy.md and statistics.md expect, where they do
_EXPECTED = {
    "independent fresh sample": "0; .5 ± .045; .5 ± .035; about .01; 0",
    "1 % copies": ".010; –; –; .02; –",
    "5 % copies": ".05; .525; –; .06; –",
    "10 % near-copies, .02 SD": "0; .534; –; .045; –",
    "bootstrap": "1; 1; .80; .64; at least 3",
    "smoothed bootstrap, .1 SD": "0; .94; –; .22; –",
    "independent columns": "no alarm",
    "training columns shuffled": "no alarm by membership",
    "all rows copied": "1; 1; 1; 1; at least 3",
}


@dataclass(frozen=True)
class Answer:
    """What one audit answered."""

    failed: tuple[str, ...]
    warned: tuple[str, ...]
    contexts: tuple[str, ...]
    figures: tuple[float, ...]
    p_value: float
    risks: tuple[float, ...]


def answer(result: st.AuditResult) -> Answer:
    """Keep of an audit what is counted."""
    frame = result.frame()
    values = frame.groupby("metric")["value"].max()
    floors = frame.groupby("metric")[["value", "floor"]].max()

    def risk(metric: str) -> float:
        if metric not in floors.index:  # training and holdout were told apart: nothing was asked
            return math.nan
        value, floor = floors.loc[metric]
        return float((value - floor) / (1 - floor)) if floor < 1 else 0.0

    return Answer(
        tuple(check.code for check in result.checks if check.status is st.Status.FAIL),
        tuple(check.code for check in result.checks if check.status is st.Status.WARN),
        tuple(context.answer.value for context in result.contexts),
        tuple(float(values.get(name, math.nan)) for name in _FIGURES.values()),
        1.0 if (p_value := result.check("STB802").p_value) is None else p_value,
        (risk("singling_out_several"), risk("attribute_inference_all_known")),
    )


def safe_audit(population: Population, seed: int) -> Answer:
    """Audit an untouched third of the rows."""
    return answer(thirds_of(population, seed).audit(seed))


def leak_audit(population: Population, leak: Leak, seed: int) -> Answer:
    """Audit a third with a planted leak."""
    case = thirds_of(population, 2_000 + seed)
    return answer(leak.plant(case, np.random.default_rng([seed, 11])).audit(seed))


def known_audit(population: Population, plant: privacy_cases.Plant, seed: int) -> Answer:
    """Audit a case of the table of known answers, at 1,600 rows each."""
    case = thirds_of(population, 3_000 + seed, KNOWN_ROWS)
    return answer(plant(case, np.random.default_rng([seed, 12])).audit(seed))


def unequal_audit(population: Population, seed: int) -> tuple[bool, ...]:
    """Ask whether the risk intervals hold 0 when the control is a quarter of the training rows."""
    case = thirds_of(population, 4_000 + seed, KNOWN_ROWS)
    quarter = Planted(case.train, case.holdout.head(KNOWN_ROWS // 4), case.made, case.schema)
    from synthtab.attacks import AttackTables, attacker_knowledge, linkability, singling_out
    from synthtab.attacks.attribute import attribute_inference

    cast = [
        case.schema.cast(part).in_content_order() for part in (quarter.train, quarter.holdout, quarter.made)
    ]
    tables = AttackTables.of(*cast, case.schema.modelled, seed=seed)
    knowledge = attacker_knowledge(tables)
    singled = singling_out(tables, knowledge)
    rates = [linkability(tables, knowledge).rate, singled.one_column, singled.several_columns]
    rates += [item.rate for item in attribute_inference(tables, knowledge).inferences]
    return tuple(rate.risk_low <= 0 <= rate.risk_high for rate in rates if rate is not None)


def _all_rows(case: Planted, _: np.random.Generator) -> Planted:
    return Planted(case.train, case.holdout, case.train, case.schema)


def _fresh(case: Planted, _: np.random.Generator) -> Planted:
    return case


KNOWN: tuple[tuple[str, privacy_cases.Plant], ...] = (
    ("independent fresh sample", _fresh),
    ("1 % copies", LEAKS[2].plant),
    ("5 % copies", privacy_cases.leaked(0.05)),
    ("10 % near-copies, .02 SD", LEAKS[3].plant),
    ("bootstrap", privacy_cases.bootstrap),
    ("smoothed bootstrap, .1 SD", privacy_cases.smoothed),
    ("independent columns", privacy_cases.independent),
    ("training columns shuffled", privacy_cases.exact_values),
    ("all rows copied", _all_rows),
)


def run(function: Callable[..., T], jobs: Sequence[tuple[object, ...]], workers: int) -> list[T]:
    """Run jobs side by side; every job has its own seed, so the order does not matter."""
    return list(Parallel(n_jobs=workers)(delayed(function)(*job) for job in jobs))


def safe_lines(found: dict[str, list[Answer]]) -> list[str]:
    """Draw up false alarms."""
    lines = [
        "| safe tables | audits | FAIL | by check | WARN by check | p ≤ .05 of STB802 |",
        "|---|---|---|---|---|---|",
    ]
    failed = 0
    for name, answers in found.items():
        own = sum(bool(item.failed) for item in answers)
        failed += own
        unadjusted = sum(item.p_value * st.Policy().privacy_share("STB802") <= 0.05 for item in answers)
        lines.append(
            f"| {name} | {len(answers)} | {own} | {_counted([i.failed for i in answers])} | "
            f"{_counted([i.warned for i in answers])} | {unadjusted} |"
        )
    total = sum(map(len, found.values()))
    return [
        *lines,
        "",
        f"**{failed} of {total} safe tables failed** (privacy budget 1.5 %; at most 10 of 200 allowed).",
    ]


def _counted(groups: Sequence[tuple[str, ...]]) -> str:
    codes = sorted({code for group in groups for code in group})
    return ", ".join(f"{code} {sum(code in group for group in groups)}" for code in codes) or "none"


def leak_lines(found: dict[tuple[str, str], list[Answer]]) -> list[str]:
    """Draw up which leak was seen how often, by which check."""
    lines = [
        "| planted leak | data | audits | FAIL | by the check meant for it | by check |",
        "|---|---|---|---|---|---|",
    ]
    for (name, data), answers in found.items():
        codes = next(leak.codes for leak in LEAKS if leak.name == name)
        meant = sum(bool(set(codes) & set(item.failed)) for item in answers)
        lines.append(
            f"| {name} | {data} | {len(answers)} | {sum(bool(i.failed) for i in answers)} | "
            f"{', '.join(codes)}: {meant} | {_counted([item.failed for item in answers])} |"
        )
    return lines


def known_lines(found: dict[tuple[str, str], list[Answer]]) -> list[str]:
    """Draw up known answers, mean over seeds."""
    head = " | ".join(_FIGURES)
    lines = [
        f"| case | data | {head} | singling out | inference | FAIL | expected: {'; '.join(_FIGURES)} |",
        "|---" * (len(_FIGURES) + 6) + "|",
    ]
    for (name, data), answers in found.items():
        figures = np.array([item.figures for item in answers])
        risks = np.array([item.risks for item in answers])
        cells = [f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(figures.mean(0), figures.std(0), strict=True)]
        cells += [f"{mean:.2f}" for mean in risks.mean(0)]
        failed = f"{sum(bool(item.failed) for item in answers)} of {len(answers)}"
        lines.append(f"| {name} | {data} | {' | '.join(cells)} | {failed} | {_EXPECTED[name]} |")
    return lines


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="run this share of the audits")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    started = time.perf_counter()

    def many(count: int) -> int:
        return max(2, math.ceil(arguments.share * count))

    known = {population.name: population for population in populations()}
    safe = {
        name: run(
            safe_audit, [(known[name], seed) for seed in range(many(SAFE_TABLES[name]))], arguments.workers
        )
        for name in known
    }
    print("\n".join(safe_lines(safe)), f"\n{time.perf_counter() - started:.0f} s", flush=True)
    each = many(PLANTED)
    places = ("NHANES", "Adult")
    jobs = [(known[name], leak, seed) for leak in LEAKS for name in places for seed in range(each)]
    answers = run(leak_audit, jobs, arguments.workers)
    pairs = [(leak.name, name) for leak in LEAKS for name in places]
    leaks = {pair: answers[index * each : (index + 1) * each] for index, pair in enumerate(pairs)}
    print("\n".join(leak_lines(leaks)), f"\n{time.perf_counter() - started:.0f} s", flush=True)
    seeds = range(many(SEEDS))
    cases = {
        (name, data): run(known_audit, [(known[data], plant, seed) for seed in seeds], arguments.workers)
        for name, plant in KNOWN
        for data in places
    }
    print("\n".join(known_lines(cases)), f"\n{time.perf_counter() - started:.0f} s", flush=True)
    held = [
        hold
        for one in run(unequal_audit, [(known["NHANES"], seed) for seed in seeds], arguments.workers)
        for hold in one
    ]
    page = [
        "# Calibration of the attacks",
        "",
        "Written by `make calibrate`. Thirds of NHANES (1,755 rows), Adult (4,000) and a simulated law",
        "(1,500): training rows, holdout, and a third that nothing touched, standing for a synthetic table.",
        f"Only the privacy section is asked. Seeds 0, 1, …; synthtab {st.__version__}.",
        "",
        "## False alarms",
        "",
        *safe_lines(safe),
        "",
        "## Planted leaks",
        "",
        "Planted in the untouched third. Other checks may fail too: a copy is a near copy too.",
        "",
        *leak_lines(leaks),
        "",
        f"## Known answers, {KNOWN_ROWS:,} rows each, {len(seeds)} seeds",
        "",
        "Mean ± standard deviation over seeds. Singling out (several values) and inference (all but the",
        "secrets known) are risks, (main − control) / (1 − control). What is expected was measured on other",
        "tables: of a leak it is a size, of a safe table a tolerance. Training columns that are shuffled",
        "hold no row of anybody, and every exact value of everybody: membership by whole records sees",
        "nothing, and singling out by one value does. Whoever knows a value that one person holds knows that",
        "this person was in.",
        "",
        *known_lines(cases),
        "",
        f"Independent rows and a control of a quarter of the size: {np.mean(held):.0%} of {len(held)}",
        "risk intervals (linkability, singling out, inference) hold 0.",
        "",
    ]
    print("\n".join(page), f"{time.perf_counter() - started:.0f} s")
    if arguments.out is not None:
        arguments.out.write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
