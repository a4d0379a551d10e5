"""Axes: where a figure stands between two ends, and which ticks to write."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from synthtab.reporting.text import figure, text_width

__all__ = ["Axis", "linear_axis", "ratio_axis"]

_EDGE = 0.02
_SIDE = 0.03
_NARROWEST = 252.0
_GAP = 8.0
_STEPS = (1.0, 2.0, 5.0)
_MOST_TICKS = 6
_WIDEST_RATIO = 50.0
_NARROWEST_RATIO = 2.5


@dataclass(frozen=True)
class Axis:
    """A scale between two ends.

    Parameters
    ----------
    low, high : float
        The ends, in the units of the figure.
    ticks : tuple of (float, str)
        Figures to write, with their words.
    is_log : bool
        Whether equal steps are equal ratios.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False

    def place(self, value: float | None) -> float | None:
        """Give the place of a figure.

        Parameters
        ----------
        value : float or None
            The figure; infinite ones stand at the end.

        Returns
        -------
        float or None
            Between 0 and 1; None when there is no figure.
        """
        if value is None or math.isnan(value):
            return None
        at = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return _EDGE + (1 - 2 * _EDGE) * (at - low) / (high - low)

    def beyond(self, value: float | None) -> int:
        """Tell whether a figure lies beyond an end.

        Parameters
        ----------
        value : float or None
            The figure.

        Returns
        -------
        int
            -1 below the low end, 1 above the high end, else 0.
        """
        if value is None or math.isnan(value):
            return 0
        return (value > self.high) - (value < self.low)

    def named(self, meaning: float | None = None, words: str = "") -> tuple[tuple[float, str], ...]:
        """Give the ticks by their places.

        Parameters
        ----------
        meaning : float or None
            A figure that means something; ticks that its words would touch on a phone make room.
        words : str
            What it means.

        Returns
        -------
        tuple of (float, str)
            Place, 0 to 1, and words, from left to right.
        """
        ticks = [(self.place(value) or 0.0, text) for value, text in self.ticks]
        at = self.place(meaning)
        if at is None:
            return tuple(ticks)
        own = text_width(words) * (1 if at < _SIDE or at > 1 - _SIDE else 0.5)
        kept = [
            (place, text)
            for place, text in ticks
            if abs(place - at) * _NARROWEST > own + text_width(text) / 2 + _GAP
        ]
        return tuple(sorted([*kept, (at, words)]))


def linear_axis(values: Iterable[float | None], least: float = -math.inf, most: float = math.inf) -> Axis:
    """Make an axis that holds every figure, from one round number to another.

    Parameters
    ----------
    values : iterable of float or None
        The figures; those that do not exist are passed over.
    least, most : float
        Ends that it never passes.

    Returns
    -------
    Axis
        With at most seven ticks.
    """
    known = [min(max(value, least), most) for value in values if value is not None and math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    span = max(high - low, 1e-3)
    power = 10.0 ** math.floor(math.log10(span / _MOST_TICKS))
    step = next(
        size * power for size in (*_STEPS, 10.0, 20.0) if span <= size * power * _MOST_TICKS * (1 + 1e-9)
    )
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = tuple(
        (step * count, figure(step * count, digits=digits) if count else "0")
        for count in range(first, last + 1)
    )
    return Axis(step * first, step * last, ticks)


def ratio_axis(values: Iterable[float | None]) -> Axis:
    """Make an axis on which half and twice as much lie equally far from 1.

    Parameters
    ----------
    values : iterable of float or None
        Ratios; zero and infinite ones lie beyond the ends.

    Returns
    -------
    Axis
        At least from 0.4 to 2.5, at most from 1/50 to 50.
    """
    known = [value for value in values if value is not None and math.isfinite(value) and value > 0]
    low = max(min([*known, 1 / _NARROWEST_RATIO]), 1 / _WIDEST_RATIO)
    high = min(max([*known, _NARROWEST_RATIO]), _WIDEST_RATIO)
    powers = (size * 10.0**power for power in range(-2, 2) for size in _STEPS)
    inside = [tick for tick in powers if low <= tick * (1 + 1e-9) and tick <= high * (1 + 1e-9)]
    return Axis(low, high, tuple((tick, f"{tick:g}") for tick in inside), is_log=True)
