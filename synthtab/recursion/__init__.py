"""Recursion: train on the outputs, generation after generation, and measure what decays and why."""

from synthtab.recursion.curation import Curate, Evolve, TailReweight
from synthtab.recursion.regime import Origin as RowOrigin
from synthtab.recursion.regime import Past, Portion, RealRows, Regime
from synthtab.recursion.regimes import (
    Accumulate,
    AccumulateSubsample,
    AllReal,
    FixedMix,
    FreshMix,
    Golden,
    Replace,
)
from synthtab.recursion.study import recurse

__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "AllReal",
    "Curate",
    "Evolve",
    "FixedMix",
    "FreshMix",
    "Golden",
    "Past",
    "Portion",
    "RealRows",
    "Regime",
    "Replace",
    "RowOrigin",
    "TailReweight",
    "recurse",
]
