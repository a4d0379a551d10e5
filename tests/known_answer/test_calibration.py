"""A small part of `make calibrate`: false alarms, power and coverage, by the functions of its page."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SAFE, TABLES = 4, 12
ROWS = 1_500


@pytest.fixture(scope="module")
def script() -> Any:
    """Give the calibration script as a module."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return importlib.import_module("calibrate_audit")
    finally:
        sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def small(script: Any) -> Any:
    """Give the simulated law at three parts of 500 rows."""
    return script.simulated_population(ROWS)


def test_safe_tables_rarely_fail(script: Any, small: Any) -> None:
    """Of four audits of fresh rows, everything asked but privacy, at most one fails.

    Their budgets add up to 3.5 %: two or more of four fail with a chance of .7 %, so a rate of
    a third, which would be a broken audit, is caught four times in ten here and always by `make calibrate`.
    """
    outcomes = [script.safe_audit(small, seed) for seed in range(SAFE)]
    assert sum(bool(item.failed) for item in outcomes) <= 1
    lines = script.safe_table({"simulated": outcomes})
    assert lines[-1].endswith("of 4 safe tables failed** (budget 3.5 %; at most 10 of 200 allowed).")


CAUGHT = (
    ("no value missing", ("STB104", "STB109")),
    ("three in a hundred rows on an invented level", ("STB303",)),
    ("three in ten ages rounded to fives", ("STB107",)),
    ("all columns independent", ("STB201",)),
)


@pytest.mark.parametrize(("name", "codes"), CAUGHT)
def test_planted_defects_are_caught(name: str, codes: tuple[str, ...], script: Any) -> None:
    """Each defect FAILs a check that is named for it, in each of two tables of 1,000 rows.

    Power is stated by the page; these are defects with power near one, so that one miss is a broken check.
    """
    population = script.simulated_population(2 * ROWS)
    defect = next(item for item in script.DEFECTS if item.name == name)
    assert set(codes) <= set(defect.codes)
    for seed in range(2):
        found = script.planted_audit(population, defect, seed)
        assert set(codes) <= set(found.failed)


def test_intervals_hold_the_mean(script: Any) -> None:
    """The 95 % intervals of two families hold the mean over 12 tables drawn alike in at least 10 of them.

    At 95 % coverage nine or fewer of 12 have a chance of 2 in 100 for each figure; at 75 % they have 61 %.
    The mean of the same 12 tables stands for the truth, which flatters coverage by about a point.
    """
    found = [script.interval_audit("half the dependence", seed) for seed in range(TABLES)]
    for metric in ("tvd.calibrated", "interaction_tvd.calibrated"):
        values, low, high = np.array([result[metric] for result in found]).T
        mean = values.mean()
        assert int(((low <= mean) & (mean <= high)).sum()) >= 10
        # an interval that always holds it is worth nothing: half of it is under four spreads of the figure
        assert np.median(high - low) / 2 < 4 * values.std(ddof=1)
    dependence = np.array([result["interaction_tvd.calibrated"][0] for result in found])
    assert 0.2 < dependence.mean() < 0.9
    page = script.coverage_table({"half the dependence": found})
    assert sum("| half the dependence | " in line for line in page) >= 5


def test_sections_of_codes(script: Any) -> None:
    """Every code of every planted defect belongs to the section that its check has."""
    from synthtab.auditing.definitions import DEFINITIONS

    known = {item.code: item.section.value for item in DEFINITIONS}
    codes = {code for defect in script.DEFECTS for code in defect.codes}
    assert len(codes) > 20
    for code in codes:
        expected = {"6": "utility", "7": "detection"}.get(code[3])
        assert script.section_of(code) == (expected or known[code])
