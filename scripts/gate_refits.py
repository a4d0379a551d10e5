"""Refits on NHANES that a gate is calibrated with: as they are made, or thinned of what is rare."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import pandas as pd

import synthtab as st
from synthtab.execution import Ticker
from synthtab.seeding import derive_seed, generator, one_native_thread
from synthtab.selection.measuring import Measurer, Refit

__all__ = ["FIGURES", "Task", "measurer", "one_refit"]

FIGURES = (
    "marginal.tvd",
    "association.interaction_tvd",
    "rare.coverage",
    "rare.mass",
    "tails.tail_mass",
)
RARE_AT_MOST = 20


@dataclass(frozen=True)
class Task:
    """One refit.

    Parameters
    ----------
    synthesizer : SynthesizerSpec
        What is fitted.
    seed : int
        Its seed.
    loss : float
        Share of the values on rare categories that its table loses.
    measured : int
        Synthetic rows that are measured.
    """

    synthesizer: st.SynthesizerSpec
    seed: int
    loss: float
    measured: int


@functools.cache
def measurer(measured: int) -> Measurer:
    """Count the real rows, once a process."""
    data = st.load_nhanes_adults()
    split = st.split(data.frame, data.schema, holdout=0.3, seed=0)
    return Measurer.of(split, data.schema, figures=FIGURES, targets="diabetes", measured=measured)


def one_refit(task: Task, ticker: Ticker) -> tuple[float, ...]:
    """Fit, sample and measure."""
    ours = measurer(task.measured)
    found = ours.refit(task.synthesizer, task.seed) if not task.loss else _measured_thinner(ours, task)
    ticker.advance()
    return tuple(math.nan if value is None else value for value in found.values)


def _measured_thinner(ours: Measurer, task: Task) -> Refit:
    """Measure a table that has lost what a worse synthesizer would lose."""
    with one_native_thread():
        model = st.make(task.synthesizer, ours.schema, seed=derive_seed(task.seed, "refit")).fit(ours.train)
        sample = model.sample(ours.measured_rows, seed=derive_seed(task.seed, "measure"))
    return ours.measure(_without_some_rare(sample, ours, task), task.seed)


def _without_some_rare(sample: pd.DataFrame, ours: Measurer, task: Task) -> pd.DataFrame:
    """Give a share of the values on levels of at most 20 training rows to the most frequent level."""
    rng = generator(task.seed, "rare values lost")
    made = sample.copy()
    for column in ours.schema.modelled:
        if not column.kind.is_label:
            continue
        counts = ours.train[column.name].value_counts()
        rare = made[column.name].isin(counts.index[counts <= RARE_AT_MOST])
        made.loc[rare & (rng.random(len(made)) < task.loss), column.name] = counts.index[0]
    return made
