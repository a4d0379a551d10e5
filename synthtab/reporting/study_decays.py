"""Misfit and decay apart: from the first generation to the last, between chance and fresh real data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synthtab.reporting.audit_answers import SECTIONS
from synthtab.reporting.axes import Axis, linear_axis
from synthtab.reporting.metric_words import metric_words
from synthtab.reporting.study_arms import Roster
from synthtab.reporting.study_model import DecayFigure, Grid, GridRow, StripGroup
from synthtab.reporting.study_words import change_words
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure, interval, p_value, plus_minus
from synthtab.reporting.viewmodel import Strip, StripRow, Tag
from synthtab.results import Arm, AuditCurve, DecayAnswer

__all__ = ["audit_figures", "audit_grids", "decay_figures"]

_FIRST = ("interaction_tvd", "tvd", "tail_mass", "levels_lost")
_TITLES = {
    "interaction_tvd": "Dependence between columns",
    "tvd": "Single columns",
    "tail_mass": "Tails of number columns",
    "levels_lost": "Rare levels",
}
_SCALED = "calibrated"
_AUDITED = (("utility", _SCALED), ("detection", _SCALED))
_TAG = Tag("note", "")
# a model far below chance would squeeze the others into a corner: it becomes an arrow
_LEAST, _MOST = -0.5, 1.25

Figures = tuple[float | None, ...]


@dataclass(frozen=True)
class _Scored:
    """What one row of a figure shows."""

    arm: Arm
    values: Figures
    null: Figures
    about: str
    detail: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def _ends(values: Figures) -> tuple[float | None, float | None]:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return (known[0], known[-1]) if known else (None, None)


def _arrow(values: Figures) -> str:
    first, last = _ends(values)
    if first is None:
        return NOT_A_NUMBER
    return (
        figure(first, digits=2)
        if len(values) == 1
        else f"{figure(first, digits=2)} → {figure(last, digits=2)}"
    )


def _groups(roster: Roster, scored: Callable[[Arm], _Scored | None]) -> tuple[StripGroup, ...]:
    """Make rows of dots by regime, all on one axis."""
    by_regime = {
        regime: [item for arm in arms if (item := scored(arm)) is not None]
        for regime, arms in roster.by_regime.items()
    }
    ends = [
        end
        for items in by_regime.values()
        for item in items
        for end in (*_ends(item.values), _ends(item.null)[1])
    ]
    axis = linear_axis([0.0, 1.0, *ends], least=_LEAST, most=_MOST)
    zero, one = axis.place(0.0) or 0.0, axis.place(1.0) or 1.0
    ticks = ((zero, "0 chance"), (one, "1 fresh real"))
    return tuple(
        StripGroup(
            clean(regime),
            Strip(tuple(_row(roster, i, axis) for i in items), ticks, (zero, one), ()),
            next((f"resampling {_arrow(item.null)}" for item in items if item.null), ""),
        )
        for regime, items in by_regime.items()
        if items
    )


def _row(roster: Roster, item: _Scored, axis: Axis) -> StripRow:
    first, last = _ends(item.values)
    name = roster.name(item.arm)
    shown = _arrow(item.values)
    return StripRow(
        label=name.series.name,
        tag=_TAG,
        at=axis.place(last),
        low=axis.place(item.low),
        high=axis.place(item.high),
        beyond=axis.beyond(last),
        band_low=None,
        band_high=None,
        mark=axis.place(_ends(item.null)[1]),
        figure=shown,
        detail=item.detail,
        said=shown,
        name=name.both,
        about=item.about,
        absent="not scored",
        hollow=axis.place(first) if len(item.values) > 1 else None,
        is_joined=True,
        is_synthetic=True,
    )


def decay_figures(roster: Roster, generations: int) -> tuple[DecayFigure, ...]:
    """Show misfit and decay of each family.

    Parameters
    ----------
    roster : Roster
        Arms.
    generations : int
        Length of the chains.

    Returns
    -------
    tuple of DecayFigure
        Dependence first.
    """
    metrics = list(dict.fromkeys(decay.metric for arm in roster for decay in arm.decays))
    metrics.sort(key=lambda metric: _FIRST.index(metric) if metric in _FIRST else len(_FIRST))
    return tuple(
        _decay_figure(roster, metric, f"decay-{place}", generations)
        for place, metric in enumerate(metrics, 1)
    )


def _decay_figure(roster: Roster, metric: str, key: str, generations: int) -> DecayFigure:
    answers = {id(arm): decay for arm in roster for decay in reversed(arm.decays) if decay.metric == metric}

    def scored(arm: Arm) -> _Scored | None:
        decay = answers.get(id(arm))
        if decay is None:
            return None
        return _Scored(arm, decay.relative, decay.null_relative, change_words(decay, generations, arm.chains))

    own = [(arm, answers[id(arm)]) for arm in roster if id(arm) in answers]
    title = _TITLES.get(metric, metric_words(metric))
    head = (
        *("Arm", "Misfit of the first fit", "p of no change", "Half-life, generations"),
        *("Score halves in more than", "Levels off at"),
    )
    return DecayFigure(
        key,
        title,
        _span((1, generations)),
        _groups(roster, scored),
        Grid(
            f"{title}: misfit and decay",
            head,
            tuple(GridRow(roster.name(arm).both, _answer(decay)) for arm, decay in own),
        ),
        _scores(roster, title, own, generations),
    )


def _answer(decay: DecayAnswer) -> tuple[str, ...]:
    half = decay.half_life
    span = interval(half.value, half.low, half.high)
    if decay.direction == "decay" and half.high is None and half.low and half.low >= 1:
        span = f"more than {figure(half.low)}"
    elif decay.direction != "decay" or half.high is None:
        span = NOT_A_NUMBER
    return (
        interval(decay.misfit.value, decay.misfit.low, decay.misfit.high),
        p_value(decay.p_change) or NOT_A_NUMBER,
        span,
        figure(decay.halving_low),
        interval(decay.plateau.value, decay.plateau.low, decay.plateau.high),
    )


def _scores(roster: Roster, title: str, own: Sequence[tuple[Arm, DecayAnswer]], generations: int) -> Grid:
    rows: list[GridRow] = []
    told: set[str] = set()
    for arm, decay in own:
        rows.append(GridRow(roster.name(arm).both, _spread(decay.relative, generations)))
        if decay.null_relative and arm.regime not in told:
            told.add(arm.regime)
            cells = _spread(decay.null_relative, generations)
            rows.append(GridRow(f"resampling, {clean(arm.regime)}", cells, is_reference=True))
    rows.append(GridRow("fresh real data", (figure(1.0),), is_reference=True))
    rows.append(GridRow("chance", (figure(0.0),), is_reference=True))
    head = ("Arm", *(f"{'Generation ' if g == 1 else ''}{g}" for g in range(1, generations + 1)))
    return Grid(f"{title}: score of every generation", head, tuple(rows))


def _spread(values: Figures, generations: int) -> tuple[str, ...]:
    return tuple(figure(values[g], digits=3) if g < len(values) else NOT_A_NUMBER for g in range(generations))


def audit_figures(roster: Roster) -> tuple[DecayFigure, ...]:
    """Show what audits said of whole families, on the same scale.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    tuple of DecayFigure
        Utility and detection, where they were asked.
    """
    found = []
    for place, asked in enumerate(_AUDITED, 1):
        curves = {
            id(arm): curve for arm in roster for curve in arm.audits if (curve.section, curve.metric) == asked
        }
        if curves:
            found.append(_audit_figure(roster, curves, asked[0], f"audit-{place}"))
    return tuple(found)


def _audit_figure(roster: Roster, curves: dict[int, AuditCurve], section: str, key: str) -> DecayFigure:
    def scored(arm: Arm) -> _Scored | None:
        curve = curves.get(id(arm))
        if curve is None:
            return None
        return _Scored(arm, curve.mean, (), "", (), curve.low[-1], curve.high[-1])

    title = _section_words(section)
    rows = tuple(
        GridRow(roster.name(arm).both, (_by_generation(curves[id(arm)]),))
        for arm in roster
        if id(arm) in curves
    )
    empty = Grid(title, (), ())
    table = Grid(
        f"{title}, from chance (0) to fresh real data (1)", ("Arm", "Score [95\u00a0% interval]"), rows
    )
    asked = sorted({generation for curve in curves.values() for generation in curve.generations})
    return DecayFigure(key, title, _span(asked), _groups(roster, scored), table, empty)


def _span(generations: Sequence[int]) -> str:
    first, last = generations[0], generations[-1]
    return f"Generation {first}" if first == last else f"Generation {first} → {last}"


def _section_words(section: str) -> str:
    known = {item.value: words for item, words in SECTIONS.items()}
    return known.get(section, clean(section))


def _by_generation(curve: AuditCurve) -> str:
    cells = zip(curve.generations, curve.mean, curve.low, curve.high, strict=True)
    return "; ".join(f"generation {g}: {interval(value, low, high)}" for g, value, low, high in cells)


def audit_grids(roster: Roster) -> tuple[Grid, ...]:
    """List every figure of the audits, section by section.

    Parameters
    ----------
    roster : Roster
        Arms.

    Returns
    -------
    tuple of Grid
        A row a metric and generation, a column an arm.
    """
    arms = [arm for arm in roster if arm.audits]
    values = {
        (id(arm), curve.section, curve.metric, generation): plus_minus(value, low, high)
        for arm in arms
        for curve in arm.audits
        for generation, value, low, high in zip(
            curve.generations, curve.mean, curve.low, curve.high, strict=True
        )
    }
    keys = list(dict.fromkeys((curve.section, curve.metric) for arm in arms for curve in arm.audits))
    grids = []
    for section in dict.fromkeys(section for section, _ in keys):
        rows = []
        for metric in (metric for own, metric in keys if own == section):
            asked = sorted({g for _, s, m, g in values if (s, m) == (section, metric)})
            rows += [
                GridRow(
                    f"{_metric_words(metric)}, generation {g}",
                    tuple(values.get((id(arm), section, metric, g), NOT_A_NUMBER) for arm in arms),
                )
                for g in asked
            ]
        head = ("Figure", *(roster.name(arm).both for arm in arms))
        grids.append(Grid(_section_words(section), head, tuple(rows)))
    return tuple(grids)


def _metric_words(metric: str) -> str:
    """Name a figure of an audit: the metric, and what it is about where that is told."""
    name, _, about = metric.partition(" ")
    if metric == _SCALED:
        return "score from chance (0) to fresh real data (1)"
    return f"{metric_words(name)}: {clean(about)}" if about else metric_words(name)
