"""Associations as view models: findings lost and invented, and the three triangles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from synthtab.reporting.axes import linear_axis
from synthtab.reporting.sectionmodel import ChangeView
from synthtab.reporting.text import clean, figure, open_interval
from synthtab.reporting.viewmodel import HeatPanel, HeatView, PairRow, Strip, StripRow, Tag
from synthtab.results import AssociationMatrix
from synthtab.results.shown import AssociationChange

__all__ = ["change_view", "heat_view"]

_MOST_HEAT_COLUMNS = 30
_MOST_PAIRS = 10
_SCALES = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
_KINDS = ("lost", "invented", "reversed", "weakened", "strengthened")


def change_view(changes: Sequence[AssociationChange]) -> ChangeView | None:
    """Show each finding that changed, from its real to its synthetic strength.

    Parameters
    ----------
    changes : sequence of AssociationChange
        Largest first.

    Returns
    -------
    ChangeView or None
        None when nothing changed.
    """
    if not changes:
        return None
    axis = linear_axis([0.0, *(side for item in changes for side in (item.real, item.synthetic))])
    zero = axis.place(0.0) or 0.0
    rows = []
    for item in changes:
        first, second, measure = clean(item.first), clean(item.second), clean(item.measure)
        tag = _kind_tag(item.kind)
        real, synthetic = (figure(side, digits=2) for side in (item.real, item.synthetic))
        strengths = f"{measure} {real} in real, {synthetic} in synthetic rows"
        shift = open_interval(item.synthetic - item.real, item.low, item.high, signed=True)
        rows.append(
            StripRow(
                label=f"{first} × {second}",
                tag=tag,
                at=axis.place(item.synthetic),
                low=None,
                high=None,
                beyond=0,
                band_low=None,
                band_high=None,
                mark=None,
                figure=f"{real} → {synthetic}",
                detail=(measure, real, synthetic, shift),
                said=f"{first} × {second}: {tag.word}, {strengths}",
                about=f"by {shift}",
                absent="no strength to draw",
                hollow=axis.place(item.real),
                is_joined=True,
                is_synthetic=True,
            )
        )
    counts = Counter(item.kind for item in changes)
    known = [f"{counts[kind]:,} {kind}" for kind in _KINDS if counts[kind]]
    others = sum(count for kind, count in counts.items() if kind not in _KINDS)
    said = ", ".join([*known, *([f"{others:,} otherwise changed"] if others else [])])
    head = (
        *("Pair", "What happened", "Strength", "Real", "Synthetic"),
        "Synthetic minus real [95 % interval]",
    )
    return ChangeView(Strip(tuple(rows), axis.named(), (zero,), head), said)


def _kind_tag(kind: str) -> Tag:
    return Tag(kind, kind.capitalize()) if kind in _KINDS else Tag("note", clean(kind, 40).capitalize())


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
