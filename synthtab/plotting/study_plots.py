"""Plots of a study: figures over the generations, what decays, and which rare levels survive."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from synthtab.errors import SpecError
from synthtab.plotting.axes_style import (
    CHANCE,
    FRESH,
    QUIET,
    LineStyle,
    MarkStyle,
    Panels,
    as_panels,
    axes_for,
    chosen,
    label,
    numbers,
    series_style,
    tidy,
)
from synthtab.plotting.keys import band_key, key, key_above, line_key, mark_key
from synthtab.reporting.metric_words import metric_words
from synthtab.reporting.study_curves import FIRST_METRICS
from synthtab.reporting.study_rare import FEWEST_LEVELS
from synthtab.reporting.study_words import change_words, class_words, metric_title
from synthtab.reporting.text import figure
from synthtab.results import Arm, Curve, DecayAnswer, ExtinctionAnswer, StudyResult

__all__ = ["KINDS", "plot_study"]

KINDS = ("curves", "decay", "survival")
"""What can be drawn of a study."""

_PANEL = (4.6, 3.6)
_ALONE = (6.0, 4.0)
_FRESH_LINE: LineStyle = "-"
_NULL_LINE: LineStyle = (0, (1, 1.2))
_CHANCE_LINE: LineStyle = (0, (4, 2))
_BAND = 0.16
_NULL_BAND = 0.22
_ROOM = 0.06
_LEAST, _MOST = -0.5, 1.25
_DEPENDENCE = "interaction_tvd"


@dataclass(frozen=True)
class _Drawn:
    """One arm and how it is drawn."""

    arm: Arm
    style: MarkStyle
    name: str


def plot_study(
    result: StudyResult,
    kind: str = "curves",
    *,
    ax: Axes | Iterable[Axes] | None,
    metric: str | None,
    regime: str | None,
) -> Panels:
    """Draw one side of a study, a panel for each regime, as its releasable form tells it.

    Parameters
    ----------
    result : StudyResult
        The study.
    kind : str
        One of `KINDS`.
    ax : Axes, iterable of Axes, or None
        Where to draw: as many as there are panels.
    metric : str or None
        Which figure; by default the first that the page shows.
    regime : str or None
        Which regime; by default all.

    Returns
    -------
    Axes or numpy.ndarray of Axes
        One axes for one panel, an array for several.

    Raises
    ------
    SpecError
        When there is no such kind, metric or regime, or the study has nothing of that kind.
    """
    kind = chosen("kind", kind, KINDS)
    if metric is not None and kind == "survival":
        raise SpecError(
            "Kind 'survival' takes no metric: it counts rare levels.", hint='Ask for kind="curves".'
        )
    arms = result.releasable().arms
    regimes = tuple(dict.fromkeys(arm.regime for arm in arms))
    shown = regimes if regime is None else (chosen("regime", regime, regimes),)
    names = list(dict.fromkeys(arm.synthesizer for arm in arms))
    # a synthesizer looks the same in every panel, whichever are drawn
    drawn = [
        _Drawn(arm, series_style(names.index(arm.synthesizer)), label(arm.synthesizer, longest=48))
        for arm in sorted(arms, key=lambda arm: names.index(arm.synthesizer))
        if arm.regime in shown
    ]
    plan: _Plan
    if kind == "curves":
        plan = _curves(drawn, metric)
    elif kind == "decay":
        plan = _decays(drawn, metric, result.settings.generations)
    else:
        plan = _survival(drawn)
    width, height = _ALONE if len(shown) == 1 else _PANEL
    axes = axes_for(ax, len(shown), (width * len(shown), height))
    every: dict[tuple[str, str], Artist] = {}
    for place, (panel, name) in enumerate(zip(axes, shown, strict=True)):
        own = [item for item in drawn if item.arm.regime == name]
        entries = plan.draw(panel, own)
        panel.set_xlabel(plan.across)
        if len(shown) > 1:
            panel.set_title(label(name, longest=40), loc="left", fontsize="medium")
        if place == 0:
            panel.set_ylabel(plan.up)
        every.update({_look(entry): entry for entry in entries})
        tidy(panel, "y")
    entries = list(every.values())
    if ax is None:
        # lines fill their panels, and a figure of our own has room above them
        key_above(axes[0], entries, columns=_columns(entries, len(shown), is_worded=plan.is_worded))
    else:
        key(axes[0], entries)
    return as_panels(axes)


def _look(entry: Artist) -> tuple[str, str]:
    """Tell entries apart that were cut to the same words."""
    return str(entry.get_label()), f"{entry.get_color()} {entry.get_marker()}" if isinstance(
        entry, Line2D
    ) else ""


def _columns(entries: Sequence[Artist], panels: int, *, is_worded: bool) -> int:
    return 1 if is_worded else min(len(entries), 3 * panels)


@dataclass(frozen=True)
class _Plan:
    """How the panels of a kind are drawn, and the words along their axes."""

    draw: Callable[[Axes, Sequence[_Drawn]], list[Artist]]
    across: str
    up: str
    is_worded: bool = False


def _nothing(kind: str) -> SpecError:
    return SpecError(
        f"This study has nothing to draw of kind {kind!r}.", hint="No chain with such figures was finished."
    )


def _first(names: Sequence[str], preferred: Sequence[str]) -> str:
    return next((name for name in preferred if name in names), names[0])


def _along_generations(ax: Axes, count: int) -> None:
    ax.set_xlim(0.7, max(count, 1) + 0.3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _steps(values: Sequence[object]) -> NDArray[np.float64]:
    return np.arange(1, len(values) + 1, dtype=np.float64)


def _curves(drawn: Sequence[_Drawn], metric: str | None) -> _Plan:
    found = [curve for item in drawn for curve in item.arm.curves]
    names = list(dict.fromkeys(curve.metric for curve in found))
    if not names:
        raise _nothing("curves")
    wanted = _first(names, FIRST_METRICS) if metric is None else chosen("metric", metric, names)
    curves = [curve for curve in found if curve.metric == wanted]
    low, high = _view(curves)

    def draw(ax: Axes, own: Sequence[_Drawn]) -> list[Artist]:
        mine = [(item, curve) for item in own if (curve := _curve_of(item.arm, wanted)) is not None]
        entries = []
        for item, curve in mine:
            across = _steps(curve.mean)
            bounds = numbers(curve.low), numbers(curve.high)
            ax.fill_between(across, *bounds, color=item.style.color, alpha=_BAND, linewidth=0, zorder=2)
            entries.append(_line(ax, across, curve.mean, item))
        entries += _null(ax, [curve for _, curve in mine])
        entries += _levels(ax, [curve for _, curve in mine], low, high)
        ax.set_ylim(low, high)
        _along_generations(ax, max((len(curve.mean) for curve in curves), default=1))
        if not mine:
            _say_empty(ax)
        return entries

    return _Plan(draw, "Generation", label(metric_title(curves[0])))


def _curve_of(arm: Arm, metric: str) -> Curve | None:
    return next((curve for curve in arm.curves if curve.metric == metric), None)


def _say_empty(ax: Axes) -> None:
    ax.text(
        0.5, 0.5, "nothing was measured", transform=ax.transAxes, ha="center", style="italic", color=QUIET
    )


def _line(ax: Axes, across: NDArray[np.float64], up: Sequence[float | None], item: _Drawn) -> Artist:
    ax.plot(
        across,
        numbers(up),
        color=item.style.color,
        linestyle=item.style.line,
        marker=item.style.marker,
        markersize=4.5,
        linewidth=1.6,
        zorder=3,
    )
    return mark_key(item.style, item.name, has_line=True)


def _null(ax: Axes, curves: Sequence[Curve]) -> list[Artist]:
    """Draw one band for a panel: the widest, where arms have different numbers of chains."""
    own = [curve for curve in curves if curve.null_mean]
    if not own:
        return []
    across = _steps(own[0].null_mean)
    low = np.fmin.reduce([numbers(curve.null_low) for curve in own])
    high = np.fmax.reduce([numbers(curve.null_high) for curve in own])
    ax.fill_between(across, low, high, color=QUIET, alpha=_NULL_BAND, linewidth=0, zorder=1)
    ax.plot(across, numbers(own[0].null_mean), color=QUIET, linestyle=_NULL_LINE, linewidth=1.6, zorder=1.5)
    return [band_key("resampling alone, 95 %", QUIET, _NULL_BAND)]


def _levels(ax: Axes, curves: Sequence[Curve], low: float, high: float) -> list[Artist]:
    entries: list[Artist] = []
    for words, part, color, line in (
        ("fresh real data", "floor", FRESH, _FRESH_LINE),
        ("chance", "chance", CHANCE, _CHANCE_LINE),
    ):
        level = next((value for curve in curves if (value := getattr(curve, part)) is not None), None)
        if level is None:
            continue
        ax.axhline(level, color=color, linestyle=line, linewidth=1.2, zorder=1.2)
        if low <= level <= high:
            entries.append(line_key(words, color, line))
        else:
            # it would press everything else flat: the axis ends before it, and says so
            entries.append(line_key(f"{words}: {figure(level)}, beyond the axis", color, line))
    return entries


def _view(curves: Sequence[Curve]) -> tuple[float, float]:
    """Give one scale for all panels; a band that runs far beyond every mean does not stretch it."""
    inner = [
        value
        for curve in curves
        for part in (curve.mean, curve.null_mean, curve.null_low, curve.null_high, (curve.floor,))
        for value in part
        if value is not None and math.isfinite(value)
    ]
    outer = [value for curve in curves for part in (curve.low, curve.high) for value in part]
    low, high = min(inner, default=0.0), max(inner, default=1.0)
    is_share = low >= 0
    room = 0.25 * max(high - low, 1e-9)
    inner += [value for value in outer if value is not None and low - room <= value <= high + room]
    low, high = min(inner, default=0.0), max(inner, default=1.0)
    edge = _ROOM * max(high - low, 1e-9)
    # a share or a distance is never below 0, whatever its band is
    return (max(low - edge, -edge / 2) if is_share else low - edge), high + edge


def _decays(drawn: Sequence[_Drawn], metric: str | None, generations: int) -> _Plan:
    found = [decay for item in drawn for decay in item.arm.decays]
    names = list(dict.fromkeys(decay.metric for decay in found))
    if not names:
        raise _nothing("decay")
    wanted = _first(names, (_DEPENDENCE,)) if metric is None else chosen("metric", metric, names)
    curve = next((curve for item in drawn if (curve := _curve_of(item.arm, wanted)) is not None), None)
    words = metric_words(wanted)
    title = metric_title(curve) if curve is not None else words[:1].upper() + words[1:]
    is_alone = len({item.arm.regime for item in drawn}) == 1
    known = [
        value
        for decay in found
        if decay.metric == wanted
        for value in (*decay.relative, *decay.null_relative)
        if value is not None and math.isfinite(value)
    ]
    low = max(_LEAST, min([0.0, *known]) - _ROOM)
    high = min(_MOST, max([1.0, *known]) + _ROOM)

    def draw(ax: Axes, own: Sequence[_Drawn]) -> list[Artist]:
        entries = []
        null: DecayAnswer | None = None
        for item in own:
            decay = next((decay for decay in item.arm.decays if decay.metric == wanted), None)
            if decay is None:
                continue
            null = null or (decay if decay.null_relative else None)
            said = change_words(decay, generations, item.arm.chains, is_brief=True)
            # what became of a synthesizer differs between regimes, so that only one regime has it in its key
            name = f"{item.name}: {label(said, longest=60)}" if is_alone else item.name
            named = _Drawn(item.arm, item.style, name)
            entries.append(_line(ax, _steps(decay.relative), decay.relative, named))
        if null is not None:
            across = _steps(null.null_relative)
            ax.plot(across, numbers(null.null_relative), color=QUIET, linestyle=_NULL_LINE, linewidth=1.8)
            entries.append(line_key("resampling alone", QUIET, _NULL_LINE))
        if not entries:
            _say_empty(ax)
        ax.axhline(1.0, color=FRESH, linewidth=1.2, zorder=1.2)
        ax.axhline(0.0, color=CHANCE, linestyle=_CHANCE_LINE, linewidth=1.2, zorder=1.2)
        ax.set_ylim(low, high)
        ax.set_yticks([0.0, 0.5, 1.0], labels=["0 chance", "0.5", "1 fresh real"])
        _along_generations(ax, generations)
        return entries

    return _Plan(draw, "Generation", label(title), is_worded=is_alone)


def _survival(drawn: Sequence[_Drawn]) -> _Plan:
    classes = sorted(
        {
            (answer.least, answer.most)
            for item in drawn
            for answer in item.arm.extinction
            if answer.levels >= FEWEST_LEVELS
        }
    )
    if not classes:
        raise _nothing("survival")
    synthesizers = list(dict.fromkeys(item.arm.synthesizer for item in drawn))

    def draw(ax: Axes, own: Sequence[_Drawn]) -> list[Artist]:
        entries: list[Artist] = []
        expected: dict[int, float] = {}
        for item in own:
            answers = [(place, _answer_of(item.arm, cell)) for place, cell in enumerate(classes)]
            known = [(place, answer) for place, answer in answers if answer is not None]
            if not known:
                continue
            for place, answer in known:
                if answer.predicted and answer.predicted[-1] is not None:
                    expected.setdefault(place, 1.0 - answer.predicted[-1])
            side = _beside(synthesizers.index(item.arm.synthesizer), len(synthesizers))
            places = np.array([place + side for place, _ in known])
            # what was lost at most is what was kept at least
            kept = 1.0 - numbers(answer.lost[-1] for _, answer in known)
            low = 1.0 - numbers(answer.high[-1] for _, answer in known)
            high = 1.0 - numbers(answer.low[-1] for _, answer in known)
            ax.vlines(places, low, high, colors=item.style.color, linewidth=1.6, zorder=3)
            ax.plot(
                places,
                kept,
                linestyle="none",
                marker=item.style.marker,
                markersize=5.5,
                color=item.style.color,
                zorder=4,
            )
            entries.append(mark_key(item.style, item.name))
        if expected:
            at = np.array(list(expected), dtype=np.float64)
            ax.hlines(list(expected.values()), at - 0.42, at + 0.42, colors=QUIET, linewidth=2.2, alpha=0.7)
            entries.append(line_key("resampling alone", QUIET))
        if not entries:
            _say_empty(ax)
        ax.set_xticks(range(len(classes)), labels=[class_words(*cell) for cell in classes])
        ax.set_xlim(-0.6, len(classes) - 0.4)
        ax.set_ylim(-0.03, 1.03)
        return entries

    return _Plan(draw, "Real rows that held each level", "Share of rare levels kept at the end")


def _answer_of(arm: Arm, cell: tuple[int, int]) -> ExtinctionAnswer | None:
    return next(
        (
            answer
            for answer in arm.extinction
            if (answer.least, answer.most) == cell and answer.levels >= FEWEST_LEVELS and answer.lost
        ),
        None,
    )


def _beside(place: int, count: int) -> float:
    """Give arms of one class room beside each other."""
    return 0.0 if count == 1 else 0.6 * (place / (count - 1) - 0.5)
