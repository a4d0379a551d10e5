"""The first charts of an audit as view models: families on one scale, and columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from synthtab.reporting.metric_words import score_fact
from synthtab.reporting.text import clean, figure, interval, percent, plural
from synthtab.reporting.viewmodel import Bar, ColumnView, FactRow, Strip, StripRow, Tag
from synthtab.results import Cell, Distribution, FamilyScore, Score, Status

__all__ = ["column_views", "family_strip", "tag_of"]

_WORDS = {
    Status.PASS: Tag("pass", "Pass"),
    Status.WARN: Tag("warn", "Warn"),
    Status.FAIL: Tag("fail", "Fail"),
    Status.NOT_APPLICABLE: Tag("na", "Not applicable"),
    Status.NOTE: Tag("note", "Note"),
}
_SCALE_FROM, _SCALE_TO = -0.08, 1.28
_CLAMP_LOW, _CLAMP_HIGH = 0.0, 1.2
_NUMBER_KINDS = {"numeric", "integer", "datetime"}
_MISSING = "missing"


def tag_of(status: Status) -> Tag:
    """Give the word and icon of a status.

    Parameters
    ----------
    status : Status
        An answer.

    Returns
    -------
    Tag
        Its word and icon.
    """
    return _WORDS[Status(status.value)]


def family_strip(families: Sequence[FamilyScore]) -> Strip:
    """Put every family on the scale between chance and fresh real data.

    Parameters
    ----------
    families : sequence of FamilyScore
        The families, in the order of the audit.

    Returns
    -------
    Strip
        Figures below 0 or beyond 1.2 stand at the end of the axis as arrows.
    """

    def place(value: float | None) -> float | None:
        if value is None or not math.isfinite(value):
            return None
        return (min(max(value, _SCALE_FROM), _SCALE_TO) - _SCALE_FROM) / (_SCALE_TO - _SCALE_FROM)

    rows = []
    for family in families:
        label, tag = clean(family.label), tag_of(family.status)
        score = family.calibrated
        beyond = 0 if score is None else (score > _CLAMP_HIGH) - (score < _CLAMP_LOW)
        at = {-1: place(_SCALE_FROM + 0.03), 1: place(_SCALE_TO - 0.03)}.get(beyond, place(score))
        shown = interval(score, family.low, family.high)
        band = f"{figure(family.band_low)} to {figure(family.band_high)}"
        reason = clean(family.reason) if family.reason else ""
        if at is None:
            shown, band = "not applicable", "–"
        said = f"{label}: {tag.word}, {shown}" + (
            f"; real samples fall from {band}" if at is not None else ""
        )
        rows.append(
            StripRow(
                label=label,
                tag=tag,
                at=at,
                low=place(family.low) if at is not None and not beyond else None,
                high=place(family.high) if at is not None and not beyond else None,
                beyond=beyond,
                band_low=place(family.band_low) if at is not None else None,
                band_high=place(family.band_high) if at is not None else None,
                mark=None,
                figure=shown,
                detail=(shown, band, reason or "–"),
                said=said,
            )
        )
    zero, half, one = (place(value) or 0.0 for value in (0.0, 0.5, 1.0))
    ticks = ((zero, "0 chance"), (half, "0.5"), (one, "1 fresh real data"))
    head = ("Family", "Answer", "Score [95 % interval]", "95 % of fresh real samples", "Why not")
    return Strip(rows=tuple(rows), ticks=ticks, strong=(zero, one), head=head)


def column_views(
    distributions: Sequence[Distribution], scores: Iterable[Score], k: int = 10
) -> tuple[ColumnView, ...]:
    """Show each column, in the order of the audit.

    Parameters
    ----------
    distributions : sequence of Distribution
        Worst first.
    scores : iterable of Score
        Releasable figures; those of single columns stand behind their column.
    k : int
        Fewest people that must stand behind a printed figure.

    Returns
    -------
    tuple of ColumnView
        One for each column.
    """
    figures: dict[str, list[FactRow]] = {}
    for score in scores:
        if len(score.columns) == 1 and score.releasable and score.value is not None:
            figures.setdefault(score.columns[0], []).append(score_fact(score))
    return tuple(
        _column_view(place, item, tuple(figures.get(item.column, ())), k)
        for place, item in enumerate(distributions, 1)
    )


def _column_view(place: int, item: Distribution, figures: tuple[FactRow, ...], k: int) -> ColumnView:
    bars = [_bar(cell) for cell in item.cells]
    missing = bars.pop() if bars and bars[-1].label == _MISSING else None
    is_number = item.kind in _NUMBER_KINDS
    if item.score_suppressed:
        score, bounds = "withheld", ""
    else:
        score, _, bounds = interval(item.score, item.low, item.high, signed=True).partition(" ")
    everything = [*bars, *([missing] if missing else [])]
    kind = clean(item.kind)
    return ColumnView(
        key=f"column-{place}",
        name=clean(item.column),
        about=f"{kind}, {clean(item.units)}" if item.units else kind,
        tag=tag_of(item.status),
        score=score,
        bounds=bounds,
        is_number=is_number,
        bars=tuple(bars),
        missing=missing,
        said=_said(bars, k),
        figures=() if item.score_suppressed else figures,
        withheld=sum(bar.real is None or bar.synthetic is None for bar in everything),
    )


def _bar(cell: Cell) -> Bar:
    noise = cell.noise if cell.real is not None and math.isfinite(cell.noise) else 0.0
    return Bar(clean(cell.label), cell.real, cell.synthetic, noise)


def _said(bars: Sequence[Bar], k: int) -> str:
    known = [
        (bar, bar.real, bar.synthetic) for bar in bars if bar.real is not None and bar.synthetic is not None
    ]
    hidden = len(bars) - len(known)
    parts = []
    if known:
        bar, real, synthetic = max(known, key=lambda item: abs(item[1] - item[2]))
        parts.append(f"Widest gap at {bar.label}: real {percent(real)}, synthetic {percent(synthetic)}.")
    if hidden:
        parts.append(f"{plural(hidden, 'cell is', 'cells are')} withheld: fewer than {k} people.")
    return " ".join(parts) or "Nothing to draw."
