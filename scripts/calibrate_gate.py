"""Measure false alarms and power of whole gates on NHANES, and write the table.

    python scripts/calibrate_gate.py [--out docs/calibration-gate.md] [--gates 200] [--workers 2]

A gate holds five refits against five others. Here the others have other seeds, so that their draws differ as
those of a changed library would: refits are compared one to one by their place, as a gate compares them by
their seed. Every gate has refits of its own; the worsened synthesizers are held against the recorded refits
of the first gates. About half an hour of two cores at full size.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import synthtab as st
from synthtab.execution import run_grid
from synthtab.progress import watching
from synthtab.results import GateStatus
from synthtab.selection.figures import figures_named
from synthtab.selection.measuring import Measurer
from synthtab.selection.worsening import GATE_ALARM, Judgement, judge, paired_worsening

sys.path.insert(0, str(Path(__file__).parent))
from gate_refits import FIGURES, Task, measurer, one_refit

REFITS = 5
CHOICE = st.spec("gaussian_copula")


@dataclass(frozen=True)
class Case:
    """One kind of change, in many gates.

    Parameters
    ----------
    what : str
        Name for people.
    synthesizer : SynthesizerSpec
        What is fitted now.
    loss : float
        Share of the values on rare categories that its table loses.
    share : float
        Gates, as a share of those in which nothing changed.
    first_seed : int
        Seeds of its refits go on from here.
    wanted : str
        What the share of alarms should be.
    """

    what: str
    synthesizer: st.SynthesizerSpec
    loss: float
    share: float
    first_seed: int
    wanted: str


UNCHANGED = Case("nothing changed, other seeds", CHOICE, 0.0, 1.0, 100_000, "≤ 5 %")
CASES = (
    UNCHANGED,
    Case("columns independent", st.spec("independent"), 0.0, 0.2, 200_000, "≥ 80 %"),
    Case("a TVAE of 5 epochs", st.spec("tvae", epochs=5), 0.0, 0.05, 300_000, "≥ 80 %"),
    Case("loses 10 % of what is rare", CHOICE, 0.1, 0.2, 400_000, ""),
    Case("loses 30 % of what is rare", CHOICE, 0.3, 0.2, 500_000, "≥ 80 %"),
)


def judged(before: np.ndarray, now: np.ndarray) -> tuple[Judgement, ...]:
    """Judge one gate: refits by figures, then and now."""
    asked = figures_named(FIGURES)
    found = [
        paired_worsening(b, n, higher_is_better=item.higher_is_better)
        for b, n, item in zip(before.T, now.T, asked, strict=True)
    ]
    return judge(found, [item.margin for item in asked])


def refits(gates: int, measured: int, workers: int | None) -> dict[str, np.ndarray]:
    """Refit everything that is needed: gates × refits × figures, recorded and by case."""
    sizes = {case.what: max(1, round(case.share * gates)) for case in CASES}
    wanted = {"recorded": [Task(CHOICE, seed, 0.0, measured) for seed in range(gates * REFITS)]}
    wanted |= {
        case.what: [
            Task(case.synthesizer, case.first_seed + place, case.loss, measured)
            for place in range(sizes[case.what] * REFITS)
        ]
        for case in CASES
    }
    tasks = [task for own in wanted.values() for task in own]
    with watching():
        outcomes = run_grid(
            one_refit,
            tasks,
            steps=[1] * len(tasks),
            stage="Calibration",
            units=("refits", "refits"),
            workers=workers,
        )
    failed = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    if failed:
        raise SystemExit(f"{len(failed)} refits failed; the first: {failed[0]}")
    values = iter(np.array([outcome.result for outcome in outcomes], dtype=np.float64))
    return {
        what: np.array([next(values) for _ in own]).reshape(-1, REFITS, len(FIGURES))
        for what, own in wanted.items()
    }


def lines(gates: int, measured: int, workers: int | None) -> list[str]:
    """Run all gates, and give the page."""
    found = refits(gates, measured, workers)
    ours = measurer(measured)
    missing = [
        item.name for place, item in enumerate(ours.figures) if np.isnan(found["recorded"][..., place]).any()
    ]
    if missing:
        raise SystemExit(f"Figures that do not apply: {', '.join(missing)}")
    answers = {
        case.what: [
            judged(before, now) for before, now in zip(found["recorded"], found[case.what], strict=False)
        ]
        for case in CASES
    }
    return [
        "# Calibration of the gate",
        "",
        (
            f"Written by `scripts/calibrate_gate.py`. Each gate holds {REFITS} refits of `{CHOICE}` on "
            f"NHANES ({ours.train_rows:,} training rows, {ours.holdout_rows:,} held out, "
            f"{ours.measured_rows:,} synthetic rows measured of each refit) against {REFITS} others in "
            f"{len(FIGURES)} figures. Recorded seeds: 0 to {gates * REFITS - 1}, five a gate. An *alarm* is "
            "any figure that is significantly worse (Student's t over pairs, Holm over figures, "
            f"{GATE_ALARM}); a *failure* is one that is also worse by more than its margin."
        ),
        "",
        "| now | seeds | gates | alarms | share | failures | share | wanted | figures that alarmed |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
        *(_case_line(case, answers[case.what]) for case in CASES),
        "",
        "What the gates in which nothing changed saw:",
        "",
        "| figure | mean | spread over refits | margin | detectable (median) | too noisy to tell |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *_figure_lines(ours, found["recorded"], answers[UNCHANGED.what]),
        "",
    ]


def _case_line(case: Case, answers: Sequence[tuple[Judgement, ...]]) -> str:
    alarmed = [
        [name for name, answer in zip(FIGURES, own, strict=True) if answer.is_significant] for own in answers
    ]
    alarms = sum(bool(names) for names in alarmed)
    failures = sum(any(answer.status is GateStatus.FAIL for answer in own) for own in answers)
    which = Counter(name for names in alarmed for name in names).most_common()
    told = ", ".join(f"{name} {count}" for name, count in which)
    seeds = f"{case.first_seed}–{case.first_seed + len(answers) * REFITS - 1}"
    return (
        f"| {case.what} | {seeds} | {len(answers)} | {alarms} | {alarms / len(answers):.1%} | {failures} "
        f"| {failures / len(answers):.1%} | {case.wanted} | {told} |"
    )


def _figure_lines(
    ours: Measurer, recorded: np.ndarray, answers: Sequence[tuple[Judgement, ...]]
) -> list[str]:
    told = []
    for place, item in enumerate(ours.figures):
        own = recorded[..., place]
        detectable = np.median([gate[place].detectable for gate in answers])
        noisy = np.mean([gate[place].is_underpowered for gate in answers])
        told.append(
            f"| {item.label} | {own.mean():.3f} | {own.std(ddof=1):.4f} | {item.margin:g} | {detectable:.3f} "
            f"| {noisy:.0%} |"
        )
    return told


def main() -> None:
    """Calibrate, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description="Measure false alarms and power of whole gates.")
    parser.add_argument("--out", type=Path, help="Page to write.")
    parser.add_argument("--gates", type=int, default=200, help="Gates in which nothing changed.")
    parser.add_argument("--measured", type=int, default=20_000, help="Synthetic rows measured of each refit.")
    parser.add_argument("--workers", type=int, help="Refits at the same time; by default one a processor.")
    arguments = parser.parse_args()
    page = "\n".join(lines(arguments.gates, arguments.measured, arguments.workers))
    print(page)
    if arguments.out is not None:
        arguments.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
