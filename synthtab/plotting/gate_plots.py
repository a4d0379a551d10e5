"""Plot of a gate: each figure from what was recorded to what is now, in units of its margin."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from synthtab.errors import SpecError
from synthtab.plotting.axes_style import (
    NOISE,
    QUIET,
    STATUS_STYLES,
    MarkStyle,
    axes_for,
    label,
)
from synthtab.plotting.forests import RowMark, draw_marks, forest_axes, forest_key, row_text, span, upright
from synthtab.plotting.keys import band_key, mark_key
from synthtab.reporting.text import figure
from synthtab.results import GateFigure, GateResult, GateStatus, Status

__all__ = ["plot_gate"]

_STYLES = {
    GateStatus.PASS: STATUS_STYLES[Status.PASS],
    GateStatus.WARN: STATUS_STYLES[Status.WARN],
    GateStatus.FAIL: STATUS_STYLES[Status.FAIL],
    GateStatus.INCOMPARABLE: MarkStyle("#44546a", "X", word="incomparable"),
    GateStatus.NOT_APPLICABLE: STATUS_STYLES[Status.NOT_APPLICABLE],
}
_THEN = MarkStyle(QUIET, "o")
_SEEN = MarkStyle(QUIET, "|")
_LEAST, _MOST = -4.0, 6.0


def plot_gate(result: GateResult, *, ax: Axes | Iterable[Axes] | None) -> Axes:
    """Draw how much worse each figure became, in units of the worsening that matters.

    Parameters
    ----------
    result : GateResult
        The gate.
    ax : Axes, iterable of Axes, or None
        Where to draw.

    Returns
    -------
    Axes
        What was drawn in.

    Raises
    ------
    SpecError
        When the gate compared no figure.
    """
    figures = result.releasable().figures
    if not figures:
        raise SpecError(
            "This gate compared no figure.", hint="Its requirements stand in result.requirements."
        )
    (axes,) = axes_for(ax, 1, (6.8, 1.3 + 0.5 * len(figures)))
    forest_axes(axes, [item.label for item in figures], 0, [_ends(item) for item in figures])
    marks = [
        RowMark(
            row,
            _in_margins(item, item.worsening.value),
            _in_margins(item, item.worsening.low),
            _in_margins(item, item.worsening.high),
            _STYLES[item.status],
        )
        for row, item in enumerate(figures)
    ]
    known = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end is not None]
    axes.set_xlim(max(_LEAST, min([-1.0, *known]) - 0.3), min(_MOST, max([2.0, *known]) + 0.3))
    span(axes, (0.0, 1.0), NOISE, len(figures))
    upright(axes, 0.0, QUIET, len(figures))
    entries: list[Artist] = [mark_key(_THEN, "then", hollow=True)]
    then = [
        RowMark(row, 0.0, None, None, _THEN, hollow=True)
        for row, mark in enumerate(marks)
        if mark.value is not None
    ]
    for row, (item, mark) in enumerate(zip(figures, marks, strict=True)):
        if mark.value is None:
            row_text(axes, row, label(item.reason or "nothing to compare", longest=90))
        elif abs(mark.value) > 0:
            axes.plot([0.0, mark.value], [row, row], color=mark.style.color, linewidth=1.0, alpha=0.5)
    seen = [RowMark(row, _in_margins(f, f.detectable), None, None, _SEEN) for row, f in enumerate(figures)]
    seen = [mark for mark in seen if mark.value is not None and mark.value <= axes.get_xlim()[1]]
    draw_marks(axes, [*then, *seen, *marks])
    axes.set_xlabel("Worsening, in margins (right is worse), with 95 % intervals")
    statuses = [item.status for item, mark in zip(figures, marks, strict=True) if mark.value is not None]
    entries += [
        mark_key(style, f"now: {style.word}") for status, style in _STYLES.items() if status in statuses
    ]
    if seen:
        entries.append(mark_key(_SEEN, "would have been seen"))
    entries.append(band_key("within the margin", NOISE))
    forest_key(axes, entries, len(figures))
    return axes


def _in_margins(item: GateFigure, value: float | None) -> float | None:
    return None if value is None or item.margin <= 0 else value / item.margin


def _ends(item: GateFigure) -> str:
    """Write what a figure was and what it is."""
    return f"{figure(item.before)} → {figure(item.now)}"
