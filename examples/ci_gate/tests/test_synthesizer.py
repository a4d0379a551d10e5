"""The synthesizer that we publish with is still worth what it was when we chose it."""

from __future__ import annotations

import pytest

import synthtab as st
from synthtab.selection.gate_fixture import GateFixture

FIGURES = ["marginal.tvd", "association.interaction_tvd", "rare.coverage"]


@pytest.fixture(scope="session")
def data() -> st.Dataset:
    """Give our table and what is public about it."""
    return st.load_nhanes_adults()


@pytest.fixture(scope="session")
def split(data: st.Dataset) -> st.Split:
    """Cut it the same way each time: the gate then sees the synthesizer change, not the rows."""
    return st.split(data.frame, data.schema, holdout=0.5, seed=0)


def test_what_we_publish_with(synthtab_gate: GateFixture, data: st.Dataset, split: st.Split) -> None:
    """Our choice keeps shapes, dependence and rare categories as well as when it was recorded."""
    synthtab_gate(
        "baselines/nhanes.json",
        split=split,
        schema=data.schema,
        synthesizer="gaussian_copula",
        figures=FIGURES,
    )


def test_the_simple_one_that_we_fall_back_to(
    synthtab_gate: GateFixture, data: st.Dataset, split: st.Split
) -> None:
    """Without SDV we still have columns drawn one by one: their shapes must hold, whatever was recorded."""
    synthtab_gate(
        "baselines/nhanes-independent.json",
        split=split,
        schema=data.schema,
        synthesizer="independent",
        figures=FIGURES,
        require={"marginal.tvd": ">=0.9"},
    )
