"""From records to answers: misfit is not told as decay, and drift alone is not told as either."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

import synthtab as st

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import drift_cases


@cache
def study(synthesizer: str, regime: str) -> st.StudyResult:
    """Run a study of eight chains."""
    return drift_cases.study(1960, synthesizer, regime, chains=8, generations=5, null_chains=200)


def test_what_the_first_fit_loses_is_no_decay() -> None:
    """Independent columns lose all dependence at once, and none after: far from the null, yet no decay."""
    arm = study("independent", "replace").arms[0]
    curve = next(curve for curve in arm.curves if curve.metric == "interaction_tvd")
    decay = next(decay for decay in arm.decays if decay.metric == "interaction_tvd")
    assert decay.misfit.value == pytest.approx(1, abs=0.15)
    assert curve.p_drift is not None
    assert curve.p_drift <= 0.025
    assert decay.direction != "decay"
    assert decay.excess.high is not None
    # resampling goes on losing what is already lost here
    assert decay.excess.high < 0


def test_the_excess_is_of_what_was_lost_since_generation_one() -> None:
    """Last less first generation, less the same of the null: by hand from the mean curves."""
    arm = study("independent", "accumulate").arms[0]
    for decay in arm.decays:
        curve = next(curve for curve in arm.curves if curve.metric == decay.metric)
        ends = [curve.mean[0], curve.mean[-1], curve.null_mean[0], curve.null_mean[-1]]
        first, last, null_first, null_last = (end or 0.0 for end in ends)
        assert decay.excess.value == pytest.approx((last - first) - (null_last - null_first)), decay.metric


def test_what_accumulates_keeps_what_replacing_loses() -> None:
    """The same synthesizer and seeds: accumulation loses fewer rare levels, and begins the same."""
    replaced, kept = (study("resampler", regime).arms[0] for regime in ("replace", "accumulate"))
    lost = [next(c for c in arm.curves if c.metric == "levels_lost").mean for arm in (replaced, kept)]
    assert lost[0][0] == lost[1][0]
    assert (lost[0][-1] or 0) > (lost[1][-1] or 0) + 0.05
