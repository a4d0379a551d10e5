"""Requirements: what a figure must reach whatever it was before, e.g. ``rare.coverage >= 0.9``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from synthtab.errors import SpecError
from synthtab.results import FamilyFigure, GateStatus, RequirementAnswer
from synthtab.selection.figures import figure

__all__ = ["Requirement", "answer_requirement", "parse_requirements"]

_BOUND = re.compile(r"(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_ALLOWED = "Write >=, <=, > or < and a number, e.g. '>=0.9'."


@dataclass(frozen=True)
class Requirement:
    """What one figure must reach.

    Parameters
    ----------
    figure : FamilyFigure
        Which.
    operator : str
        ``>=``, ``<=``, ``>`` or ``<``.
    limit : float
        The number.
    bound : str
        Both, as they were written, without spaces.
    """

    figure: FamilyFigure
    operator: str
    limit: float
    bound: str

    def is_met(self, value: float) -> bool:
        """Say whether a value is within the bound.

        Parameters
        ----------
        value : float
            The figure.

        Returns
        -------
        bool
            False for what is not a number.
        """
        return {
            ">=": value >= self.limit,
            "<=": value <= self.limit,
            ">": value > self.limit,
            "<": value < self.limit,
        }[self.operator]


def parse_requirements(require: Mapping[str, str] | None) -> tuple[Requirement, ...]:
    """Read requirements as they are written down.

    Parameters
    ----------
    require : mapping of str to str or None
        Bound by figure, e.g. ``{"rare.coverage": ">=0.9", "privacy.tpr_at_1fpr": "<=0.02"}``.

    Returns
    -------
    tuple of Requirement
        Sorted by figure.

    Raises
    ------
    SpecError
        When a figure does not exist (names the nearest one), a bound is none, or it asks for the wrong
        direction.
    """
    if require is None:
        return ()
    if not isinstance(require, Mapping):
        raise SpecError(
            "Requirements must be a mapping from figures to bounds.",
            hint='Write {"rare.coverage": ">=0.9"}.',
        )
    return tuple(_parsed(name, require[name]) for name in sorted(require, key=str))


def answer_requirement(
    requirement: Requirement, value: float | None, refits: int, why_not: str = ""
) -> RequirementAnswer:
    """Say whether a requirement holds.

    Parameters
    ----------
    requirement : Requirement
        What is asked.
    value : float or None
        Mean over refits; None where the figure cannot be had.
    refits : int
        How many refits stand behind it; 0 for a table that was judged as it is.
    why_not : str, default ""
        Why there is no value, as a part of a sentence.

    Returns
    -------
    RequirementAnswer
        pass or fail; what cannot be had fails.
    """
    asked = requirement.figure
    if value is None or not math.isfinite(value):
        reason = f"It must be {requirement.bound}, and it cannot be had: {why_not or 'it does not apply'}."
        return RequirementAnswer(asked.name, asked.label, requirement.bound, None, GateStatus.FAIL, reason)
    met = requirement.is_met(value)
    word = "met" if met else "not met"
    over = f" on average over {refits} refit{'s' * (refits > 1)}" if refits else ""
    return RequirementAnswer(
        asked.name,
        asked.label,
        requirement.bound,
        value,
        GateStatus.PASS if met else GateStatus.FAIL,
        f"It is {_shown(value, requirement)}{over} and must be {requirement.bound}: {word}.",
    )


def _parsed(name: str, bound: object) -> Requirement:
    asked = figure(name)
    match = _BOUND.fullmatch(bound.strip()) if isinstance(bound, str) else None
    limit = float(match[2]) if match else math.nan
    if match is None or not math.isfinite(limit):
        raise SpecError(f"The bound of {name!r} cannot be read.", hint=_ALLOWED)
    sign = match[1]
    if asked.higher_is_better != sign.startswith(">"):
        better, wanted, right = (
            ("higher", "at least", ">=") if asked.higher_is_better else ("lower", "at most", "<=")
        )
        raise SpecError(
            f"The bound of {name!r} asks for the wrong direction: this figure is better when {better}.",
            hint=f"Say how much it must be {wanted}, e.g. '{right}{match[2]}'.",
        )
    return Requirement(asked, sign, limit, f"{sign}{match[2]}")


def _shown(value: float, requirement: Requirement) -> str:
    """Write a value with as many digits as tell it from the bound."""
    for digits in range(3, 17):
        text = f"{value:.{digits}g}"
        if requirement.is_met(float(text)) == requirement.is_met(value):
            return text
    return repr(value)
