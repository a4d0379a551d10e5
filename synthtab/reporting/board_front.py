"""Use against risk: where each row of a board stands, and which rows no other beats in both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from synthtab.reporting.axes import Axis, linear_axis
from synthtab.reporting.board_model import FrontMark, FrontView
from synthtab.reporting.board_rows import Names, finite_value
from synthtab.reporting.study_model import Grid, GridRow
from synthtab.reporting.text import clean, figure, interval, plural
from synthtab.results import BoardResult, FrontPoint, Interval, Role

__all__ = ["front_view"]

_LEAST, _MOST = -0.5, 1.5
_ENOUGH = 2


def front_view(result: BoardResult, names: Names) -> FrontView | None:
    """Put rows between use and risk.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.

    Returns
    -------
    FrontView or None
        None where no row has both figures.
    """
    points = [
        (item, use, risk)
        for item in result.front
        if (use := finite_value(item.use)) is not None and (risk := finite_value(item.risk)) is not None
    ]
    if not points:
        return None
    labels = {item.name: clean(item.label) for item in result.figures}
    fresh = {item.name: item.fresh for item in result.figures}
    use_name, risk_name = result.settings.use_figure, result.settings.risk_figure
    shown = [item for item, _, _ in points]
    across = linear_axis([*_ends(item.use for item in shown), fresh.get(use_name)], _LEAST, _MOST)
    # a baseline that gives everybody away would press all others into one line
    drawn = [item for item in shown if names[item.name].kind == Role.CONTENDER.value] or shown
    up = linear_axis([*_ends(item.risk for item in drawn), fresh.get(risk_name)])
    on_front = _on_front(result)
    best = sorted(
        ((use, risk) for item, use, risk in points if item.name in on_front), key=lambda pair: pair[0]
    )
    marks = tuple(
        FrontMark(
            names[item.name],
            _shape(item, names, on_front),
            across.place(use) or 0.0,
            _flip(up.place(risk)) or 0.0,
            figure(risk) if up.beyond(risk) else "",
            across.place(item.use.low),
            across.place(item.use.high),
            None if up.beyond(risk) else _flip(up.place(item.risk.high)),
            None if up.beyond(risk) else _flip(up.place(item.risk.low)),
        )
        for item, use, risk in points
    )
    heads = labels.get(use_name, clean(use_name)), labels.get(risk_name, clean(risk_name))
    first = [names[item.name].name for item in shown if item.name in on_front]
    front = ", ".join(first) or "none"
    said = f"{heads[0]} against {heads[1]} of {plural(len(points), 'row')}. On the front: {front}."
    return FrontView(
        use=heads[0],
        risk=heads[1],
        marks=marks,
        steps=_steps(best, across, up),
        x_ticks=tuple((across.place(value) or 0.0, text) for value, text in across.ticks),
        y_ticks=tuple((_flip(up.place(value)) or 0.0, text) for value, text in up.ticks),
        said=said,
        table=_table(shown, names, on_front, heads),
    )


def _ends(figures: Iterable[Interval]) -> list[float | None]:
    return [end for item in figures for end in (item.value, item.low, item.high)]


def _flip(at: float | None) -> float | None:
    """Less risk stands higher."""
    return None if at is None else 1 - at


def _on_front(result: BoardResult) -> frozenset[str]:
    """Give the rows on the front, without marks and without baselines that are only instruments."""
    may = {
        row.name
        for row in result.rows
        if row.role is Role.CONTENDER or (row.role is Role.BASELINE and row.releasable)
    }
    return frozenset(item.name for item in result.front if item.on_front and item.name in may)


def _shape(item: FrontPoint, names: Names, on_front: frozenset[str]) -> str:
    if names[item.name].kind != Role.CONTENDER.value:
        return "other"
    return "front" if item.name in on_front else "plain"


def _steps(best: Sequence[tuple[float, float]], across: Axis, up: Axis) -> tuple[tuple[float, float], ...]:
    """Go from one row of the front to the next: first to its risk, then to its use."""
    if len(best) < _ENOUGH:
        return ()
    places = [(across.place(use) or 0.0, _flip(up.place(risk)) or 0.0) for use, risk in best]
    steps = [places[0]]
    for (x, _), (next_x, next_y) in pairwise(places):
        steps += [(x, next_y), (next_x, next_y)]
    return tuple(steps)


def _table(
    shown: Sequence[FrontPoint], names: Names, on_front: frozenset[str], heads: tuple[str, str]
) -> Grid:
    rows = tuple(
        GridRow(
            f"{names[item.name].number}. {names[item.name].name}",
            (
                interval(item.use.value, item.use.low, item.use.high),
                interval(item.risk.value, item.risk.low, item.risk.high),
                _standing(item, names, on_front),
            ),
            is_reference=names[item.name].kind != Role.CONTENDER.value,
        )
        for item in shown
    )
    return Grid("use and risk", ("Row", *heads, "On the front"), rows)


def _standing(item: FrontPoint, names: Names, on_front: frozenset[str]) -> str:
    if item.name in on_front:
        return "yes"
    if names[item.name].kind == Role.MARK.value:
        return "a mark to compare with"
    if item.beaten_by:
        return f"no, beaten by {', '.join(names[name].short for name in item.beaten_by)}"
    return "no"
