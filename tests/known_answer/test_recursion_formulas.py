"""Every exact answer about recursion, through the real chains and within three standard errors.

The cases are those of docs/recursion-formulas.md, with fewer chains. Of the 80 figures that are compared one
is off by chance for one seed in five or so. So a figure beyond three standard errors is measured again, by
four times as many chains of another seed, and must be within three then: chance fails both looks once in
1,700 runs, skewed figures more often, and an error that shows at three standard errors shows at six. Both
seeds were fixed before either was run.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import stats

from synthtab.recursion.regimes import Replace

SCRIPTS = Path(__file__).parents[2] / "scripts"
KINDS = ("number", "level")
NUMBERS, LEVELS = 16, 5
CASES = [*(("number", i) for i in range(NUMBERS)), *(("level", i) for i in range(LEVELS))]


@pytest.fixture(scope="module", autouse=True)
def _scripts() -> Iterator[None]:
    sys.path.insert(0, str(SCRIPTS))
    yield
    sys.path.remove(str(SCRIPTS))


def script(name: str) -> ModuleType:
    """Give a module of scripts/."""
    return importlib.import_module(name)


def seed() -> int:
    """Give the seed that was fixed beforehand."""
    return int(script("recursion_cases").SEED)


def case_of(kind: str, number: int) -> Any:
    """Give one case."""
    return getattr(script(f"recursion_{kind}_cases"), f"{kind.upper()}_CASES")[number]


@cache
def chains_of(kind: str, number: int) -> Mapping[str, Any]:
    """Run the chains of one case, once for all tests about it."""
    case = case_of(kind, number)
    return script("recursion_cases").run_chains(case, *case.quick, seed())


def test_all_cases_are_run() -> None:
    """No case of the page is left out here, no two have the same name, and each pins its index somewhere."""
    numbers, levels = (getattr(script(f"recursion_{k}_cases"), f"{k.upper()}_CASES") for k in KINDS)
    assert (len(numbers), len(levels)) == (NUMBERS, LEVELS)
    assert len({case.title for case in (*numbers, *levels)}) == NUMBERS + LEVELS
    for case in (*numbers, *levels):
        assert any(line.pinned and line.generation <= case.quick[1] for line in case.lines), case.title


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_chains_give_the_exact_answer(kind: str, number: int) -> None:
    """Each figure that few chains reach lies within three standard errors of its exact answer."""
    case, cases = case_of(kind, number), script("recursion_cases")
    chains, generations = case.quick
    off = cases.far_off(case, chains_of(kind, number), generations)
    if off:
        again = cases.run_chains(case, cases.SECOND_LOOK * chains, generations, cases.SECOND_SEED)
        off = cases.far_off(case, again, generations, list(off))
    assert [(line.label, line.generation) for line in off] == [], case.title


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_the_generation_is_the_right_one(kind: str, number: int) -> None:
    """Where few chains can tell, the answers for g − 1 and g + 1 lie outside three standard errors."""
    case, found = case_of(kind, number), chains_of(kind, number)
    estimate = script("recursion_cases").Estimate
    for line in case.lines:
        if line.pinned and line.generation <= case.quick[1]:
            own = estimate.of(found[line.key][:, line.generation - 1])
            for wrong in (line.generation - 1, line.generation + 1):
                assert abs(own.z(line.exact(wrong))) > 3, (case.title, line.label, line.generation, wrong)


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_plain_numpy_gives_the_exact_answer(kind: str, number: int) -> None:
    """The exact answers are right: simulated without synthtab, |z| ≤ 4; one false alarm in 150 seeds."""
    case = case_of(kind, number)
    found = script("recursion_cases").simulated(case, 2_000 if case.rows <= 100 else 100, seed())
    estimate = script("recursion_cases").Estimate
    for line in case.lines:
        z = estimate.of(found[line.key][:, line.generation - 1]).z(line.exact(line.generation))
        assert abs(z) <= 4, (case.title, line.label, line.generation)


def test_a_column_among_others_is_a_chain_of_its_own() -> None:
    """Six columns of six rows: σ² of the first and the last two steps on has the law of a single column.

    Kolmogorov–Smirnov at .001 each; the fitted covariance is singular, so that columns depend on each other.
    """
    from dataclasses import replace

    own = replace(case_of("number", 0), rows=6, regime=Replace())
    cases, numbers = script("recursion_cases"), script("recursion_number_cases")

    def read(history: Any) -> dict[str, Any]:
        rows = cases.matrix_of(history[-1].training)
        return {"variance": rows.var(axis=0, ddof=1)}

    columns = replace(own, read=read, real=lambda rng: cases.number_tables(rng.standard_normal((6, 6))))
    found = cases.run_chains(columns, 150, 3, seed())["variance"]
    alone = numbers.normal_chains(
        20_000, 3, np.random.default_rng(1), n=6, ddof=1, drawn=6, compose=numbers.learn_last
    )["variance"]
    for column in (0, 5):
        assert stats.ks_2samp(found[:, column], alone[:, 2]).pvalue > 0.001
        assert stats.ks_2samp(found[:, column], alone[:, 0]).pvalue < 0.001


PUBLISHED = [
    ("replaced_sd", (20, 1, 10), 0.8768, 4),
    ("replaced_sd", (20, 0, 10), 0.6784, 4),
    ("replaced_variance", (20, 0, 10), 0.5987, 4),
    ("replaced_mean", (20, 1, 10), 0.500, 4),
    ("replaced_mean", (20, 0, 10), 0.4013, 4),
    ("replaced_distance", (20, 1, 10), 0.7465, 4),
    ("replaced_distance", (20, 0, 10), 0.6432, 4),
    ("replaced_determinant", (15, 3, 5), 0.3194, 4),
    ("accumulated_variance", (10, 0, 50), 0.8451, 4),
    ("accumulated_variance", (10, 1, 50), 0.9370, 4),
    ("subsampled_variance", (10, 20), 0.7495, 4),
    ("fresh_mix_mean", (100, 0.1, 200), 0.05025, 5),
    ("extinct", (500, 1, 1), 0.3675, 4),
    ("extinct", (500, 1, 10), 0.841, 3),
    ("extinct", (500, 5, 10), 0.420, 3),
    ("extinct", (500, 5, 50), 0.822, 3),
    ("absent_from_accumulated", (500, 1, 1), 0.368, 3),
    ("absent_from_accumulated", (500, 1, 10), 0.453, 3),
    ("inflow_heterozygosity", (20, 5, 60), 0.8947, 4),
]


@pytest.mark.parametrize(("name", "at", "value", "digits"), PUBLISHED)
def test_formulas_give_the_known_digits(name: str, at: tuple[float, ...], value: float, digits: int) -> None:
    """Each closed form gives the digits that were worked out for it elsewhere."""
    assert round(getattr(script("recursion_formulas"), name)(*at), digits) == pytest.approx(value, abs=1e-9)


def test_least_squares_digits() -> None:
    """For d = 10, T = 50, g = 10: 2.564 when replaced, .3974 when accumulated."""
    error = script("recursion_formulas").design_error
    assert round(error(50, 10, 10, accumulate=False), 3) == 2.564
    assert round(error(50, 10, 10, accumulate=True), 4) == 0.3974


def test_limits() -> None:
    """Recursions end where the closed forms of their fixed points say."""
    exact = script("recursion_formulas")
    n, lam = 20, 1.0
    assert n * exact.all_real_mean(n, lam, 300) == pytest.approx(
        1 + lam * (n - 1) / (n * (1 + 2 * lam) + lam)
    )
    for k, w in ((1.0, exact.best_fresh_weight(1.0)), (1.0, 0.1), (2.0, exact.best_fresh_weight(2.0))):
        limit = (w**2 + (1 - w) ** 2 / k) / (1 - (1 - w) ** 2 + (1 - w) ** 2 / (k * n))
        assert n * exact.golden_mean(n, k, w, 300) == pytest.approx(limit)
    assert round(exact.best_fresh_weight(1.0), 3) == 0.618
    root = np.pi / np.sqrt(10)
    assert exact.accumulated_variance(10, 0, 100_000) == pytest.approx(np.sin(root) / root, abs=1e-5)


def test_half_is_reached_in_the_median_at_14_and_first_at_8() -> None:
    """For n = 20, unbiased: half of the chains are below ½ at 14 generations, and have been below it by 8."""
    below = script("recursion_formulas").replaced_below_half
    assert below(20, 13)[0] < 0.5 < below(20, 14)[0]
    assert below(20, 7)[1] < 0.5 < below(20, 8)[1]
