"""Synthesizers: SDV's single-table models done better, baselines, the guard, saved models, the registry."""

from synthtab.synthesizers.base import Synthesizer
from synthtab.synthesizers.guard import FittedGuard, Guard
from synthtab.synthesizers.persistence import load
from synthtab.synthesizers.registry import make, registered, synthesizer_class

__all__ = ["FittedGuard", "Guard", "Synthesizer", "load", "make", "registered", "synthesizer_class"]
