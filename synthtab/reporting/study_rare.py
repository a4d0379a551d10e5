"""Survival of rare levels by how many real rows held them, beside what resampling predicts."""

from __future__ import annotations

from collections.abc import Sequence

from synthtab.reporting.study_arms import Roster
from synthtab.reporting.study_model import Grid, GridRow, PointPanel, Points, SurvivalView
from synthtab.reporting.study_words import class_words
from synthtab.reporting.text import (
    NOT_A_NUMBER,
    clean,
    figure,
    interval,
    p_value,
    percent,
    percent_interval,
    plural,
)
from synthtab.results import DRIFT_ALARM, Arm, ExtinctionAnswer

__all__ = ["FEWEST_LEVELS", "direction_table", "survival_view"]

FEWEST_LEVELS = 3
"""Levels that must stand behind a printed share of them."""


Figures = tuple[float | None, ...]
Class = tuple[int, int]


def survival_view(roster: Roster, generations: int) -> SurvivalView | None:
    """Show how many levels each arm keeps.

    Parameters
    ----------
    roster : Roster
        Arms.
    generations : int
        Length of the chains.

    Returns
    -------
    SurvivalView or None
        None where no arm was asked.
    """
    classes: dict[Class, int] = {}
    for arm in roster:
        for item in arm.extinction:
            own = (item.least, item.most)
            classes[own] = max(classes.get(own, 0), item.levels)
    if not classes:
        return None
    shown = sorted(own for own, levels in classes.items() if levels >= FEWEST_LEVELS)
    panels = tuple(
        _panel(roster, regime, arms, shown, generations - 1)
        for regime, arms in roster.by_regime.items()
        if any(arm.extinction for arm in arms)
    )
    return SurvivalView(
        generations, panels if shown else (), _table(roster, classes, generations), len(classes) - len(shown)
    )


def _of(arm: Arm, own: Class) -> ExtinctionAnswer | None:
    return next((e for e in arm.extinction if (e.least, e.most) == own and e.levels >= FEWEST_LEVELS), None)


def _kept(values: Figures, place: int) -> float | None:
    value = values[place] if place < len(values) else None
    return None if value is None else min(max(1 - value, 0.0), 1.0)


def _panel(
    roster: Roster, regime: str, arms: Sequence[Arm], classes: Sequence[Class], last: int
) -> PointPanel:
    found = [arm for arm in arms if arm.extinction]
    answers = [[_of(arm, own) for own in classes] for arm in found]
    # what was lost at most is what was kept at least
    points = tuple(
        Points(
            roster.series[arm.synthesizer].css,
            tuple(None if item is None else _kept(item.lost, last) for item in own),
            tuple(None if item is None else _kept(item.high, last) for item in own),
            tuple(None if item is None else _kept(item.low, last) for item in own),
        )
        for arm, own in zip(found, answers, strict=True)
    )
    expected = tuple(
        next((_kept(item.predicted, last) for item in own if item is not None and item.predicted), None)
        for own in zip(*answers, strict=True)
    )
    names = [roster.series[arm.synthesizer].name for arm in found]
    said = "; ".join(
        f"{class_words(*own)} rows: "
        + ", ".join(f"{name} {percent(p.at[place])}" for name, p in zip(names, points, strict=True))
        + ("" if expected[place] is None else f", predicted {percent(expected[place])}")
        for place, own in enumerate(classes)
    )
    absent = [roster.series[arm.synthesizer].name for arm in arms if not arm.extinction]
    notes = [f"Nothing of {', '.join(absent)}."] if absent else []
    if all(height is None for height in expected):
        notes.insert(0, "No drift prediction for this regime.")
    return PointPanel(
        clean(regime),
        tuple(class_words(*own) for own in classes),
        expected,
        points,
        f"{clean(regime)}, kept in the last generation. {said}.",
        " ".join(notes),
    )


def _table(roster: Roster, classes: dict[Class, int], generations: int) -> Grid:
    shown = (f"{'Kept in generation ' if g == 1 else ''}{g}" for g in range(1, generations + 1))
    head = ("Arm", "Rows that held each", "Levels", *shown)
    rows = []
    cells: tuple[str, ...]
    for own, levels in sorted(classes.items()):
        if levels < FEWEST_LEVELS:
            cells = (class_words(*own), "too few levels to show", *([""] * generations))
            rows.append(GridRow("all arms", cells))
            continue
        for regime, arms in roster.by_regime.items():
            answers = [(arm, item) for arm in arms if (item := _of(arm, own)) is not None]
            for arm, item in answers:
                cells = tuple(
                    percent_interval(_kept(item.lost, g), _kept(item.high, g), _kept(item.low, g))
                    for g in range(generations)
                )
                rows.append(
                    GridRow(roster.name(arm).both, (class_words(*own), plural(item.levels, "level"), *cells))
                )
            null = next((item.predicted for _, item in answers if item.predicted), ())
            if null:
                cells = tuple(percent(_kept(null, g)) for g in range(generations))
                name = f"resampling, {clean(regime)}"
                rows.append(GridRow(name, (class_words(*own), NOT_A_NUMBER, *cells), is_reference=True))
    return Grid("Rare levels kept, by rows of the real table that held them", head, tuple(rows))


def direction_table(roster: Roster) -> Grid | None:
    """Say whether the mass of rare levels keeps moving one way.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    Grid or None
        A row an arm that was tested; None where none was.
    """
    rows = tuple(
        GridRow(
            roster.name(arm).both,
            (
                _way(arm.rare_direction.value, arm.rare_p),
                interval(
                    arm.rare_direction.value, arm.rare_direction.low, arm.rare_direction.high, signed=True
                ),
                NOT_A_NUMBER if arm.rare_z is None else figure(arm.rare_z),
                p_value(arm.rare_p),
            ),
        )
        for arm in roster
        if arm.rare_p is not None
    )
    head = ("Arm", "Direction", "Moved beyond resampling [95\u00a0% interval]", "z", "p of no direction")
    return Grid("Mass of the rare levels", head, rows) if rows else None


def _way(moved: float | None, p: float | None) -> str:
    if p is None or moved is None or p > DRIFT_ALARM:
        return "none seen"
    return "gains" if moved > 0 else "loses"
