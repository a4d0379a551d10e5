"""The drift null through whole studies: quiet on drift alone, loud on what is rare being lost or gained.

`make calibrate` runs the same cases 200 times and more; docs/calibration-recursion.md holds the table.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import synthtab as st

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import drift_cases

QUIET = 12


def test_the_drift_null_is_quiet_on_a_row_bootstrap() -> None:
    """Of 12 studies of the resampler at most 2 alarm: at the level of .025 more happens once in 300 times."""
    regimes = ("replace", "accumulate", "fresh_mix(0.1)")
    alarmed = [
        drift_cases.alarms(
            drift_cases.study(
                900 + index, "resampler", regimes[index % 3], chains=6, generations=5, null_chains=200
            )
        )
        for index in range(QUIET)
    ]
    assert sum(bool(names) for names in alarmed) <= 2, alarmed


@pytest.mark.parametrize(("loss", "way"), [(0.1, "losing"), (-0.1, "gaining")])
def test_what_is_rare_being_lost_or_gained_is_found(loss: float, way: str) -> None:
    """A tenth of the rare mass a generation is found in each of three studies, with its direction."""
    for seed in (950, 951, 952):
        study = drift_cases.study(
            seed, st.spec("thinning", loss=loss), "replace", chains=10, generations=8, null_chains=200
        )
        assert "rare mass" in drift_cases.alarms(study)
        assert f"what was rare keeps on {way} mass" in study.verdict
        direction = study.arms[0].rare_direction
        assert direction.low is not None
        assert direction.high is not None
        assert direction.high < 0 if loss > 0 else direction.low > 0
