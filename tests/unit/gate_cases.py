"""Baselines made by hand: what refits scored is given, nothing is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from synthtab.results import (
    Baseline,
    BaselineColumn,
    BaselineFigure,
    GateFigure,
    GateResult,
    GateStatus,
    Interval,
)
from synthtab.selection.figures import figure

NOISE = (0.002, -0.001, 0.0, 0.001, -0.002)
SEEDS = (0, 1, 2, 3, 4)
COLUMNS = (BaselineColumn("age", "integer", "a1"), BaselineColumn("ward", "categorical", "b2"))


def around(mean: float, noise: Sequence[float] = NOISE) -> tuple[float, ...]:
    """Give refits around a mean."""
    return tuple(mean + own for own in noise)


def recorded_figure(
    name: str, values: Sequence[float] | None, *, version: int | None = None
) -> BaselineFigure:
    """Give one figure as it is recorded; None where it does not apply."""
    known = figure(name).version if version is None else version
    if values is None:
        return BaselineFigure(name, known, None, None)
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return BaselineFigure(name, known, float(np.mean(values)), spread, tuple(values))


def baseline(values: Mapping[str, Sequence[float] | None], **changes: object) -> Baseline:
    """Give a baseline of some figures, one refit a seed."""
    made = Baseline(
        table="clinic",
        synthesizer="gaussian_copula",
        params=(),
        seeds=SEEDS,
        guard=10,
        train_rows=700,
        holdout_rows=300,
        measured_rows=7_000,
        targets=("ward",),
        schema="5c",
        data="d4",
        columns=COLUMNS,
        figures=tuple(recorded_figure(name, own) for name, own in values.items()),
        require=(),
        versions=(("numpy", "2.1.0"), ("synthtab", "0.1.0")),
    )
    return replace(made, **changes)  # type: ignore[arg-type] # fields by name


def gate_figure(
    name: str = "rare.coverage", status: GateStatus = GateStatus.PASS, **changes: object
) -> GateFigure:
    """Give a figure of a gate."""
    known = figure(name)
    made = GateFigure(
        name=known.name,
        label=known.label,
        section=known.section,
        status=status,
        higher_is_better=known.higher_is_better,
        fresh=known.fresh,
        before=0.95,
        now=0.94,
        spread_before=0.01,
        spread_now=0.01,
        worsening=Interval(0.01, -0.01, 0.03),
        margin=known.margin,
        p_value=0.4,
        detectable=known.margin * 1.5,
        reason="Worse by 0.01, which luck explains (p = 0.4).",
    )
    return replace(made, **changes)  # type: ignore[arg-type] # fields by name


def gate_result(figures: Sequence[GateFigure], **changes: object) -> GateResult:
    """Give the answer of a gate."""
    made = GateResult(
        status=GateStatus.PASS,
        summary="1 figure: nothing got worse that could be seen.",
        table="clinic",
        synthesizer_before="gaussian_copula",
        synthesizer_now="gaussian_copula",
        seeds_before=SEEDS,
        seeds_now=SEEDS,
        test="paired over 5 seeds",
        figures=tuple(figures),
        requirements=(),
        changes=(),
        power="With 5 refits this gate sees, 4 times in 5, a worsening of 0.15 in rare categories kept.",
        versions=(("synthtab", "0.1.0"),),
    )
    return replace(made, **changes)  # type: ignore[arg-type] # fields by name
