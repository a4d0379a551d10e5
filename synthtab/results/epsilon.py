"""EpsilonResult: how much a mechanism leaks at least, in words that cannot be taken for a guarantee."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal

import pandas as pd

from synthtab.results.base import JsonResult

__all__ = ["Adjacency", "EpsilonDesign", "EpsilonResult"]

EpsilonDesign = Literal["paired", "inserted", "refits"]
Adjacency = Literal["replace one", "add or remove one"]
_GRID = 10_000
_NOISE = 1e-6


@dataclass(frozen=True)
class EpsilonResult(JsonResult):
    """A lower bound of the epsilon of differential privacy, found by attack.

    Parameters
    ----------
    design : {"paired", "inserted", "refits"}
        Where the attacked records came from.
    epsilon : float or None
        The lower bound, 0 or more; None when the question could not be asked.
    confidence : float
        Share of repetitions in which the bound does not exceed the true epsilon, at least.
    cap : float or None
        The bound that an attacker whose every guess is right would have got: all that this design can show.
    guesses, right : int
        Guesses behind the bound, and how many were right; they count an attacker's luck, not people.
    canaries : int
        Records (or pairs of them) that could have been guessed.
    fits : int
        Synthesizers that were fitted for this.
    delta : float
        Delta at which the bound holds.
    adjacency : {"replace one", "add or remove one"}
        What may differ between two tables that the mechanism must not tell apart.
    promised : float or None
        Epsilon that the mechanism promises under adding or removing one person.
    reason : str
        Why there is no bound.
    """

    design: EpsilonDesign
    epsilon: float | None
    confidence: float
    cap: float | None
    guesses: int
    right: int
    canaries: int
    fits: int
    delta: float
    adjacency: Adjacency
    promised: float | None = None
    reason: str = ""

    @property
    def add_or_remove(self) -> float | None:
        """The bound for adding or removing one person: half of that for replacing one (at delta 0)."""
        if self.epsilon is None or self.adjacency == "add or remove one":
            return self.epsilon
        return self.epsilon / 2

    @property
    def breaks_promise(self) -> bool | None:
        """Whether the bound exceeds what the mechanism promises; None without a promise or a bound."""
        if self.promised is None or self.add_or_remove is None:
            return None
        return self.add_or_remove > self.promised

    @property
    def sentence(self) -> str:
        """The result in plain words."""
        if self.epsilon is None or self.cap is None:
            return f"There is no lower bound: {self.reason}."
        most = f"{self.cap:.2f}"
        if self.epsilon == 0:
            told = f"The lower bound is 0. 0 is not evidence of privacy: this design sees {most} at most."
        else:
            told = (
                f"At {100 * self.confidence:g} % confidence the leakage is that of a mechanism with epsilon "
                f"of at least {_not_above(self.epsilon)}; this design could have shown {most} at most."
            )
            if self.add_or_remove != self.epsilon and self.add_or_remove is not None:
                told += (
                    " One person was replaced by another; for one person added or removed it is at least "
                    f"{_not_above(self.add_or_remove)}."
                )
        if self.delta > 0:
            told += f" Delta is {self.delta:g}."
        if self.breaks_promise is None:
            return told
        if self.breaks_promise:
            return f"{told} That is more than the promised {self.promised:g}: the promise does not hold."
        return f"{told} That does not contradict the promised {self.promised:g}, nor does it prove it."

    def frame(self) -> pd.DataFrame:
        """Give the result as a table.

        Returns
        -------
        pandas.DataFrame
            One row; the fields, the bound for adding or removing one person, and the sentence.
        """
        row = asdict(self) | {
            "add_or_remove": self.add_or_remove,
            "breaks_promise": self.breaks_promise,
            "sentence": self.sentence,
        }
        figures = ("epsilon", "cap", "promised", "add_or_remove")
        return pd.DataFrame([row]).astype(dict.fromkeys(figures, "float64"))

    def releasable(self) -> EpsilonResult:
        """Give the form that may be written to disk.

        Returns
        -------
        EpsilonResult
            The bound rounded down, its cap rounded up, to four decimals.
        """
        # what stands on the grid already stays where it is
        return replace(
            self,
            epsilon=None if self.epsilon is None else math.floor(self.epsilon * _GRID + _NOISE) / _GRID,
            cap=None if self.cap is None else math.ceil(self.cap * _GRID - _NOISE) / _GRID,
        )

    def __str__(self) -> str:
        """Show the sentence."""
        return self.sentence


def _not_above(value: float) -> str:
    """Write a lower bound, to 2 decimals or to its first digit, so that rounding does not raise it."""
    unit = min(0.01, 10.0 ** math.floor(math.log10(value)))
    return f"{math.floor(value / unit + _NOISE) * unit:.{round(-math.log10(unit))}f}"
