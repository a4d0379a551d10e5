"""Refits of several synthesizers over several seeds, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synthtab.execution import Outcome, Ticker, run_grid
from synthtab.selection.measuring import Measurer, Refit
from synthtab.specs import SynthesizerSpec

__all__ = ["measure_refits"]

# fitted, sampled, measured
_STEPS = 3


@dataclass(frozen=True, eq=False)
class _RefitTask:
    measurer: Measurer
    synthesizer: SynthesizerSpec
    seed: int


def measure_refits(
    measurer: Measurer,
    specs: Sequence[SynthesizerSpec],
    seeds: Sequence[int],
    *,
    workers: int | None = None,
    stage: str = "Refits",
) -> tuple[tuple[Outcome[Refit], ...], ...]:
    """Fit each synthesizer once a seed, side by side.

    Parameters
    ----------
    measurer : Measurer
        What is measured, against what.
    specs : sequence of SynthesizerSpec
        Synthesizers.
    seeds : sequence of int
        One refit each.
    workers : int, optional
        Refits at the same time; by default what ``joblib.parallel_config`` says, else one a processor.
    stage : str, default "Refits"
        What a progress display shows.

    Returns
    -------
    tuple of tuple of Outcome
        One row a synthesizer, one outcome a seed; a refit that fails is an outcome too.
    """
    tasks = [_RefitTask(measurer, own, seed) for own in specs for seed in seeds]
    outcomes = run_grid(
        _run_refit,
        tasks,
        steps=[_STEPS] * len(tasks),
        stage=stage,
        units=("refits", "steps"),
        workers=workers,
    )
    width = len(seeds)
    return tuple(outcomes[start : start + width] for start in range(0, len(tasks), max(width, 1)))


def _run_refit(task: _RefitTask, ticker: Ticker) -> Refit:
    return task.measurer.refit(task.synthesizer, task.seed, ticker.advance)
