"""Why shares move, what a generation costs, and which real rows it touches."""

from __future__ import annotations

import math

from synthtab.reporting.sectionmodel import Meter
from synthtab.reporting.study_arms import Roster
from synthtab.reporting.study_model import CostRow, Grid, GridRow, PartsBar, PartsView
from synthtab.reporting.study_words import touched_words
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure
from synthtab.reporting.viewmodel import FactRow
from synthtab.results import Arm, VarianceParts

__all__ = ["cost_rows", "parts_view", "touched_rows"]

_LONGEST = 2_000
_SMALLEST = 1e-3

Figures = tuple[float | None, ...]


def _at(values: Figures, place: int) -> float | None:
    value = values[place] if place < len(values) else None
    return value if value is not None and math.isfinite(value) else None


def _small(value: float | None) -> str:
    """Write a figure that may be far below a thousandth."""
    if value is None or value == 0 or abs(value) >= _SMALLEST:
        return figure(value)
    digits = 1 - math.floor(math.log10(abs(value)))
    return figure(value, digits=min(digits, 5))


def parts_view(roster: Roster, generations: int) -> PartsView | None:
    """Show bias, training and sampling of each arm.

    Parameters
    ----------
    roster : Roster
        Arms.
    generations : int
        Length of the chains.

    Returns
    -------
    PartsView or None
        None where no arm has more than one chain.
    """
    found = [(arm, arm.parts) for arm in roster if arm.parts is not None]
    if not found:
        return None
    drawn = {id(arm): _last(parts) for arm, parts in found}
    longest = max((sum(own) for own in drawn.values()), default=0.0) or 1.0
    bars = tuple(
        PartsBar(
            roster.name(arm),
            (own[0] / longest, own[1] / longest, own[2] / longest),
            _small(sum(own)),
        )
        for arm, _ in found
        for own in (drawn[id(arm)],)
    )
    head = ("Arm", "Part", *(f"{'Generation ' if g == 1 else ''}{g}" for g in range(1, generations + 1)))
    rows = tuple(
        GridRow(roster.name(arm).both, (name, *(_small(_at(values, g)) for g in range(generations))))
        for arm, parts in found
        for name, values in (
            ("bias²", parts.bias_squared),
            ("training", parts.training),
            ("sampling", parts.sampling),
        )
    )
    return PartsView(generations, bars, Grid("Bias², training and sampling", head, rows))


def _last(parts: VarianceParts) -> tuple[float, float, float]:
    """Give what is drawn: an unbiased estimate may fall below 0, a length cannot."""
    sides = (parts.bias_squared, parts.training, parts.sampling)
    found = [max(_at(side, len(side) - 1) or 0.0, 0.0) if side else 0.0 for side in sides]
    return found[0], found[1], found[2]


def cost_rows(roster: Roster) -> tuple[CostRow, ...]:
    """Show what a generation of each arm cost.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    tuple of CostRow
        Those that were measured.
    """
    found = [(arm, arm.costs) for arm in roster if arm.costs is not None]
    totals = {id(arm): costs.fit + costs.sample + costs.measure for arm, costs in found}
    dearest = max(totals.values(), default=0.0) or 1.0
    return tuple(
        CostRow(
            name=roster.name(arm),
            meter=Meter(min(max(totals[id(arm)] / dearest, 0.0), 1.0), None, None, None),
            total=figure(totals[id(arm)]),
            fit=figure(costs.fit),
            sample=figure(costs.sample),
            measure=figure(costs.measure),
            wall=figure(costs.wall),
            energy=figure(costs.watt_hours),
        )
        for arm, costs in found
    )


def touched_rows(roster: Roster) -> tuple[FactRow, ...]:
    """Say which real rows each generation touched, regime by regime.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    tuple of FactRow
        What privacy costs are added up from.
    """
    rows = []
    for regime, arms in roster.by_regime.items():
        # arms of one regime touch as many rows, unless a schedule says otherwise: then each is told
        told: dict[str, list[str]] = {}
        for arm in arms:
            if arm.original_rows or arm.fresh_rows:
                words = touched_words(arm.original_rows, arm.fresh_rows)
                told.setdefault(words, []).append(roster.series[arm.synthesizer].name)
        statement = _statement(arms)
        counts = [
            words if len(told) == 1 else f"{', '.join(names)}: {words}" for words, names in told.items()
        ]
        text = " ".join([statement, *(f"{count[:1].upper()}{count[1:]}." for count in counts)]).strip()
        rows.append(FactRow(clean(regime), text or NOT_A_NUMBER))
    return tuple(rows)


def _statement(arms: tuple[Arm, ...]) -> str:
    return next((clean(arm.statement, _LONGEST) for arm in arms if arm.statement), "")
