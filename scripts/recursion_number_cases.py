"""Cases with numbers: a normal column under every regime, kernel densities, least squares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np
import recursion_formulas as exact
from recursion_cases import Case, Line, matrix_of, number_tables
from recursion_simulations import (
    FloatArray,
    normal_chains,
    normal_figures,
    simulate_design,
    simulate_determinants,
    simulate_kernel,
    simulate_subsample,
)

from synthtab.recursion.chain import Generation
from synthtab.recursion.real import RealTables
from synthtab.recursion.regime import Regime
from synthtab.recursion.regimes import Accumulate, AccumulateSubsample, AllReal, FreshMix, Golden, Replace
from synthtab.specs import SynthesizerSpec, spec

__all__ = ["NUMBER_CASES", "learn_last"]

Compose = Callable[[int, list[FloatArray], np.random.Generator], tuple[FloatArray, FloatArray | None]]
Formula = Callable[[int], float]


def _columns(
    rng: np.random.Generator, *, rows: int, columns: int, inflow: int = 0, shift: float = 0.0
) -> RealTables:
    """Draw standard normal columns; `inflow` more rows, moved by `shift`."""
    return number_tables(rng.standard_normal((rows, columns)), shift + rng.standard_normal((inflow, columns)))


def _read_normal(history: Sequence[Generation], *, ddof: int) -> Mapping[str, FloatArray]:
    """Read M_g's parameters off T_g and its weights, and give the mean over columns."""
    means, variances = [], []
    for generation in history:
        rows = matrix_of(generation.training)
        weights = np.ones(len(rows)) if generation.weights is None else generation.weights
        means.append(weights @ rows / weights.sum())
        variances.append(weights @ (rows - means[-1]) ** 2 / (weights.sum() - ddof))
    found = normal_figures(np.stack(means, axis=1), np.stack(variances, axis=1))
    return {key: values.mean(axis=0) for key, values in found.items()}


def _read_determinant(history: Sequence[Generation]) -> Mapping[str, FloatArray]:
    """Mean over all triples of columns: each is a chain of three columns."""
    values = []
    for generation in history:
        covariance = np.cov(matrix_of(generation.training), rowvar=False)
        triples = np.array(list(combinations(range(len(covariance)), 3)))
        values.append(np.linalg.det(covariance[triples[:, :, None], triples[:, None, :]]).mean())
    return {"determinant": np.array(values)}


def _read_second(history: Sequence[Generation]) -> Mapping[str, FloatArray]:
    return {"second": np.array([(matrix_of(g.training) ** 2).mean() for g in history])}


def _read_error(history: Sequence[Generation], *, d: int) -> Mapping[str, FloatArray]:
    values = []
    for generation in history:
        rows = matrix_of(generation.training)
        slopes = np.linalg.lstsq(rows[:, :d], rows[:, d:], rcond=None)[0]
        values.append((slopes**2).sum(axis=0).mean())
    return {"error": np.array(values)}


def learn_last(
    g: int,  # noqa: ARG001 - one signature for all regimes
    tables: list[FloatArray],
    rng: np.random.Generator,  # noqa: ARG001 - as above
) -> tuple[FloatArray, FloatArray | None]:
    """Learn the last synthetic table."""
    return tables[-1], None


def _all(
    g: int,  # noqa: ARG001 - one signature for all regimes
    tables: list[FloatArray],
    rng: np.random.Generator,  # noqa: ARG001 - as above
) -> tuple[FloatArray, FloatArray | None]:
    return np.concatenate(tables, axis=1), None


def _beside(
    real: int, made: int, weight: float = 1.0, made_weight: float = 1.0, shift: float = 0.0
) -> Compose:
    """Give so many fresh rows and rows of the last synthetic table."""

    def compose(
        g: int,  # noqa: ARG001 - one signature for all regimes
        tables: list[FloatArray],
        rng: np.random.Generator,
    ) -> tuple[FloatArray, FloatArray]:
        fresh = shift + rng.standard_normal((len(tables[0]), real))
        weights = np.repeat([weight, made_weight], [real, made])
        return np.concatenate([fresh, tables[-1][:, :made]], axis=1), weights

    return compose


def _with_original(made: int) -> Compose:
    def compose(
        g: int,  # noqa: ARG001 - one signature for all regimes
        tables: list[FloatArray],
        rng: np.random.Generator,  # noqa: ARG001 - as above
    ) -> tuple[FloatArray, FloatArray | None]:
        return np.concatenate([tables[0], tables[-1][:, :made]], axis=1), None

    return compose


def _normal(
    name: str,
    regime: Regime,
    rows: int,
    lines: tuple[Line, ...],
    *,
    ddof: int,
    compose: Compose,
    chains: int,
    quick: tuple[int, int],
    columns: int = 8,
    inflow: int = 0,
    shift: float = 0.0,
    synthesizer: SynthesizerSpec | None = None,
) -> Case:
    return Case(
        name=name,
        synthesizer=synthesizer or spec("gaussian", ddof=ddof),
        regime=regime,
        rows=rows,
        real=partial(_columns, rows=rows, columns=columns, inflow=inflow, shift=shift),
        read=partial(_read_normal, ddof=ddof),
        simulate=partial(
            normal_chains, n=rows, ddof=ddof, drawn=regime.needed_rows(rows, rows), compose=compose
        ),
        lines=lines,
        chains=chains,
        quick=quick,
    )


def _lines(label: str, key: str, formula: Formula, at: Mapping[int, bool]) -> tuple[Line, ...]:
    """Give a figure at several generations, each with whether few chains pin it."""
    return tuple(Line(label, key, g, formula, pinned) for g, pinned in at.items())


def _replaced(ddof: int) -> Case:
    n = 20
    early = {1: True, 2: True, 10: False}
    lines = (
        *_lines("Var μ", "mean2", partial(exact.replaced_mean, n, ddof), early),
        *_lines("E σ²", "variance", partial(exact.replaced_variance, n, ddof), {1: False, 10: False}),
        *_lines("E σ", "sd", partial(exact.replaced_sd, n, ddof), {1: False, 10: False}),
        *_lines("E W2²", "distance", partial(exact.replaced_distance, n, ddof), early),
        *_lines(
            "E log σ²", "log_variance", partial(exact.replaced_log_variance, n, ddof), {1: False, 10: False}
        ),
    )
    if ddof:
        lines += (
            Line("P(σ² < ½)", "below_half", 13, lambda g: exact.replaced_below_half(n, g)[0]),
            Line("P(σ² < ½)", "below_half", 14, lambda g: exact.replaced_below_half(n, g)[0]),
            Line("P(σ² < ½ by now)", "crossed_half", 7, lambda g: exact.replaced_below_half(n, g)[1]),
            Line("P(σ² < ½ by now)", "crossed_half", 8, lambda g: exact.replaced_below_half(n, g)[1]),
        )
    return _normal(
        f"normal, {'unbiased' if ddof else 'MLE'}",
        Replace(),
        n,
        lines,
        ddof=ddof,
        compose=learn_last,
        chains=800,
        quick=(70, 14 if ddof else 10),
    )


def _determinants() -> Case:
    formula = partial(exact.replaced_determinant, 15, 3)
    return Case(
        name="normal, three columns, unbiased",
        synthesizer=spec("gaussian"),
        regime=Replace(),
        rows=15,
        real=partial(_columns, rows=15, columns=9),
        read=_read_determinant,
        simulate=partial(simulate_determinants, n=15, d=3),
        lines=_lines("E det", "determinant", formula, {1: True, 2: False, 5: False}),
        chains=1_200,
        quick=(120, 5),
    )


def _accumulated(ddof: int) -> Case:
    n = 10
    shared = (
        *_lines("E σ²", "variance", partial(exact.accumulated_variance, n, ddof), {10: False, 50: False}),
        *_lines(
            "E (μ_g − μ_g₋₁)²", "step2", partial(exact.accumulated_mean_step, n, ddof), {2: True, 3: False}
        ),
    )
    if not ddof:
        shared += _lines(
            "Var μ", "mean2", lambda g: 1 - exact.accumulated_variance(n, ddof, g), {2: False, 50: False}
        )
    return _normal(
        f"normal, {'unbiased' if ddof else 'MLE'}",
        Accumulate(),
        n,
        shared,
        ddof=ddof,
        compose=_all,
        chains=100,
        quick=(30, 10),
        columns=16,
    )


def _subsampled() -> Case:
    formula = partial(exact.subsampled_variance, 10)
    return Case(
        name="normal, MLE",
        synthesizer=spec("gaussian", ddof=0),
        regime=AccumulateSubsample(),
        rows=10,
        real=partial(_columns, rows=10, columns=16),
        read=partial(_read_normal, ddof=0),
        simulate=partial(simulate_subsample, n=10),
        lines=(
            *_lines("E σ²", "variance", formula, {1: False, 2: False, 20: False}),
            *_lines("Var μ", "mean2", lambda g: 1 - formula(g), {1: True, 20: False}),
        ),
        chains=200,
        quick=(20, 20),
    )


def _fresh_mixed() -> Case:
    at = {1: True, 2: True, 3: False, 10: False, 30: False}
    return _normal(
        "normal, MLE",
        FreshMix(0.1),
        100,
        _lines("Var μ", "mean2", partial(exact.fresh_mix_mean, 100, 0.1), at),
        ddof=0,
        compose=_beside(10, 90),
        chains=200,
        quick=(60, 10),
        columns=12,
        inflow=300,
    )


def _all_real() -> Case:
    at = {1: True, 2: False, 3: False, 8: False}
    return _normal(
        "normal, MLE",
        AllReal(1.0),
        20,
        _lines("Var μ", "mean2", partial(exact.all_real_mean, 20, 1.0), at),
        ddof=0,
        compose=_with_original(20),
        chains=400,
        quick=(120, 3),
        columns=12,
    )


def _golden(weight: float | None, k: float, synthesizer: str = "gaussian") -> Case:
    n, regime = 20, Golden(k, weight)
    w, made = regime.fresh_weight, round(20 * k)
    at = {1: True, 2: False, 8: False}
    return _normal(
        "normal, MLE" if synthesizer == "gaussian" else "normal that takes no weights, MLE",
        regime,
        n,
        _lines("Var μ", "mean2", partial(exact.golden_mean, n, k, w), at),
        ddof=0,
        compose=_beside(n, made, w * (n + made) / n, (1 - w) * (n + made) / made),
        chains=400,
        quick=(60, 8),
        columns=12,
        inflow=n * 8,
    )


def _golden_by_rows() -> Case:
    """Repeat rows by weight: an inflow of mean 5 pulls the mean by its weight, neither more nor less."""
    n, w = 20, Golden(1.0).fresh_weight

    def pulled(g: int) -> float:
        return 5 * (1 - (1 - w) ** (g - 1))

    return _normal(
        "normal that takes no weights, inflow of mean 5",
        Golden(1.0),
        n,
        _lines("E μ", "mean", pulled, {1: True, 2: True, 3: True, 4: True}),
        ddof=0,
        compose=_beside(n, n, 2 * w, 2 - 2 * w, shift=5.0),
        chains=400,
        quick=(60, 4),
        columns=6,
        inflow=n * 4,
        shift=5.0,
        synthesizer=spec("unweighted_gaussian", ddof=0),
    )


def _kernel(regime: Regime, quick: tuple[int, int], *, accumulate: bool) -> Case:
    formula = partial(exact.kernel_second_moment, 1.0, accumulate=accumulate)
    at = {1: True, 2: True, 3: True, 10: False}
    return Case(
        name="kernel density, h = 1",
        synthesizer=spec("fixed_kernel", bandwidth=1.0),
        regime=regime,
        rows=20,
        real=partial(_columns, rows=20, columns=6),
        read=_read_second,
        simulate=partial(simulate_kernel, n=20, h=1.0, accumulate=accumulate),
        lines=_lines("E x² of T_g", "second", formula, at),
        chains=400,
        quick=quick,
    )


def _design(regime: Regime, quick: tuple[int, int], *, accumulate: bool) -> Case:
    d, rows, targets = 10, 50, 6

    def real(rng: np.random.Generator) -> RealTables:
        return number_tables(rng.standard_normal((rows, d + targets)), names="x" * d + "y" * targets)

    formula = partial(exact.design_error, rows, d, accumulate=accumulate)
    at = {1: True, 2: not accumulate, 5: not accumulate, 10: False}
    return Case(
        name="least squares on one design",
        synthesizer=spec("same_design", rows=rows),
        regime=regime,
        rows=rows,
        real=real,
        read=partial(_read_error, d=d),
        simulate=partial(simulate_design, rows=rows, d=d, accumulate=accumulate),
        lines=_lines("E |θ_g − θ|²", "error", formula, at),
        chains=200,
        quick=quick,
    )


NUMBER_CASES: tuple[Case, ...] = (
    _replaced(1),
    _replaced(0),
    _determinants(),
    _accumulated(0),
    _accumulated(1),
    _subsampled(),
    _fresh_mixed(),
    _all_real(),
    _golden(None, 1.0),
    _golden(0.1, 1.0),
    _golden(None, 2.0),
    _golden_by_rows(),
    _kernel(Replace(), (60, 10), accumulate=False),
    _kernel(Accumulate(), (60, 10), accumulate=True),
    _design(Replace(), (40, 10), accumulate=False),
    _design(Accumulate(), (40, 10), accumulate=True),
)
