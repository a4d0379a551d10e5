"""The charts of an audit as view models: families, columns, rare categories, associations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from synthtab.reporting.text import clean, figure, interval, percent, plural, whole
from synthtab.reporting.viewmodel import (
    Bar,
    ColumnView,
    FactRow,
    HeatPanel,
    HeatView,
    PairRow,
    Strip,
    StripRow,
    Tag,
)
from synthtab.results import (
    AssociationMatrix,
    Cell,
    Distribution,
    FamilyScore,
    RareGroup,
    Score,
    Status,
)

__all__ = ["column_views", "family_strip", "heat_view", "rare_strip", "score_fact", "tag_of"]

_WORDS = {
    Status.PASS: Tag("pass", "Pass"),
    Status.WARN: Tag("warn", "Warn"),
    Status.FAIL: Tag("fail", "Fail"),
    Status.NOT_APPLICABLE: Tag("na", "Not applicable"),
    Status.NOTE: Tag("note", "Note"),
}
_SCALE_FROM, _SCALE_TO = -0.08, 1.28
_CLAMP_LOW, _CLAMP_HIGH = 0.0, 1.2
_MOST_HEAT_COLUMNS = 30
_MOST_PAIRS = 10
_SCALES = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
_LADDER_TICKS = tuple(float(digit * 10**power) for power in range(7) for digit in (1, 3))
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


def rare_strip(groups: Sequence[RareGroup]) -> Strip | None:
    """Build the ladder of rare categories on an axis that gives small counts room.

    Parameters
    ----------
    groups : sequence of RareGroup
        The rungs.

    Returns
    -------
    Strip or None
        None when there is no rare category.
    """
    if not groups:
        return None
    seen = max(1.0, *(max(group.expected, group.synthetic) for group in groups))
    top = max(seen, *(min(group.high, 3 * seen) for group in groups))

    def place(count: float) -> float:
        return 0.02 + 0.96 * math.log1p(min(max(count, 0.0), top)) / math.log1p(top)

    rows = []
    for group in groups:
        label, tag = clean(group.label), tag_of(group.status)
        found, fresh = whole(group.synthetic), whole(group.expected)
        bounds = f"{whole(group.low)} to {whole(group.high)}"
        rows.append(
            StripRow(
                label=label,
                tag=tag,
                at=place(group.synthetic),
                low=place(group.low),
                high=place(group.high),
                beyond=0,
                band_low=None,
                band_high=None,
                mark=place(group.expected),
                figure=f"{found} of {fresh}",
                detail=(whole(group.levels), fresh, found, bounds),
                said=f"{label}: {tag.word}, {found} synthetic rows [{bounds}], {fresh} are expected",
            )
        )
    ticks = [0.0, *(tick for tick in _LADDER_TICKS if tick <= top)]
    head = ("Category", "Answer", "Levels", "Expected of fresh real data", "Synthetic rows", "95 % interval")
    named = tuple((place(tick), whole(tick)) for tick in ticks)
    return Strip(rows=tuple(rows), ticks=named, strong=(named[0][0],), head=head)


def column_views(distributions: Sequence[Distribution], scores: Iterable[Score]) -> tuple[ColumnView, ...]:
    """Show each column, in the order of the audit.

    Parameters
    ----------
    distributions : sequence of Distribution
        Worst first.
    scores : iterable of Score
        Releasable figures; those of single columns stand behind their column.

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
        _column_view(place, item, tuple(figures.get(item.column, ())))
        for place, item in enumerate(distributions, 1)
    )


def score_fact(score: Score) -> FactRow:
    """Write one figure with what fresh real data has.

    Parameters
    ----------
    score : Score
        A releasable figure.

    Returns
    -------
    FactRow
        Name of the metric with its version, and the figure.
    """
    fresh = "" if score.floor is None else f"; fresh real data {figure(score.floor)}"
    chance = "" if score.chance is None else f"; chance {figure(score.chance)}"
    name = f"{clean(score.metric)} v{score.metric_version}"
    return FactRow(name, f"{interval(score.value, score.low, score.high)}{fresh}{chance}")


def _column_view(place: int, item: Distribution, figures: tuple[FactRow, ...]) -> ColumnView:
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
        said=_said(bars),
        figures=() if item.score_suppressed else figures,
        withheld=sum(bar.real is None or bar.synthetic is None for bar in everything),
    )


def _bar(cell: Cell) -> Bar:
    noise = cell.noise if cell.real is not None and math.isfinite(cell.noise) else 0.0
    return Bar(clean(cell.label), cell.real, cell.synthetic, noise)


def _said(bars: Sequence[Bar]) -> str:
    known = [
        (bar, bar.real, bar.synthetic) for bar in bars if bar.real is not None and bar.synthetic is not None
    ]
    hidden = len(bars) - len(known)
    parts = []
    if known:
        bar, real, synthetic = max(known, key=lambda item: abs(item[1] - item[2]))
        parts.append(f"Widest gap at {bar.label}: real {percent(real)}, synthetic {percent(synthetic)}.")
    if hidden:
        parts.append(f"{plural(hidden, 'cell is', 'cells are')} withheld: fewer than 10 people.")
    return " ".join(parts) or "Nothing to draw."


def heat_view(matrix: AssociationMatrix | None) -> HeatView | None:
    """Build the three triangles; of many columns only those whose associations changed most.

    Parameters
    ----------
    matrix : AssociationMatrix or None
        Strengths, real and synthetic.

    Returns
    -------
    HeatView or None
        None when there are fewer than two columns.
    """
    few = 2
    if matrix is None or len(matrix.columns) < few:
        return None
    chosen = _most_changed(matrix)
    real, synthetic = (_triangle(values, chosen) for values in (matrix.real, matrix.synthetic))
    change = tuple(
        tuple(None if a is None or b is None else b - a for a, b in zip(row, other, strict=True))
        for row, other in zip(real, synthetic, strict=True)
    )
    columns = tuple(clean(matrix.columns[index]) for index in chosen)
    known = [
        (abs(value), row, column)
        for row, values in enumerate(change)
        for column, value in enumerate(values)
        if value is not None
    ]
    ranked = [(row, column) for _, row, column in sorted(known, key=lambda item: (-item[0], item[1:]))]
    every = [(row, column) for row in range(len(columns)) for column in range(row)]

    def pair(row: int, column: int) -> PairRow:
        strengths = (real[row][column], synthetic[row][column])
        shown = ["withheld" if value is None else figure(value, digits=2) for value in strengths]
        shift = change[row][column]
        gap = "withheld" if shift is None else figure(shift, signed=True, digits=2)
        return PairRow(columns[row], columns[column], shown[0], shown[1], gap)

    strengths = [value for rows in (real, synthetic) for row in rows for value in row if value is not None]
    signed = min(strengths, default=0.0) < 0
    widest = max((gap for gap, *_ in known), default=0.0)
    scale = next(step for step in _SCALES if widest < step + 1e-9 or step == _SCALES[-1])
    said = _pair_said(pair(*ranked[0])) if ranked else "Every pair is withheld."
    each = "Strength of each pair in the {} table."
    panels = (
        HeatPanel(
            "heat-difference", "Difference: synthetic minus real", change, scale, signed=True, said=said
        ),
        HeatPanel("heat-real", "Real", real, 1.0, signed=signed, said=each.format("real")),
        HeatPanel(
            "heat-synthetic", "Synthetic", synthetic, 1.0, signed=signed, said=each.format("synthetic")
        ),
    )
    return HeatView(
        columns=columns,
        n_all=len(matrix.columns),
        measure=clean(matrix.measure),
        panels=panels,
        worst=tuple(pair(*place) for place in ranked[:_MOST_PAIRS]),
        pairs=tuple(pair(*place) for place in every),
    )


def _pair_said(row: PairRow) -> str:
    return f"Most different: {row.first} × {row.second}, real {row.real}, synthetic {row.synthetic}."


def _most_changed(matrix: AssociationMatrix) -> list[int]:
    count = len(matrix.columns)
    widest = [0.0] * count
    for row in range(count):
        for column, (a, b) in enumerate(zip(matrix.real[row], matrix.synthetic[row], strict=True)):
            if a is not None and b is not None:
                widest[row], widest[column] = max(widest[row], abs(a - b)), max(widest[column], abs(a - b))
    order = sorted(range(count), key=lambda index: (-widest[index], index))
    return sorted(order[:_MOST_HEAT_COLUMNS])


def _triangle(
    values: Sequence[Sequence[float | None]], chosen: Sequence[int]
) -> tuple[tuple[float | None, ...], ...]:
    return tuple(tuple(values[row][column] for column in chosen[:place]) for place, row in enumerate(chosen))
