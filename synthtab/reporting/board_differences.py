"""Which differences between the rows of a board are real, figure by figure."""

from __future__ import annotations

from synthtab.reporting.audit_answers import SECTIONS
from synthtab.reporting.board_model import DifferenceRow, Told
from synthtab.reporting.board_rows import Names, value_of
from synthtab.reporting.study_model import Grid, GridRow
from synthtab.reporting.text import NOT_A_NUMBER, clean, interval, p_value
from synthtab.results import BoardResult, BoardRow, Difference, Role

__all__ = ["difference_grids", "difference_rows", "is_tested"]

Pairs = dict[tuple[str, frozenset[str]], Difference]


def is_tested(result: BoardResult) -> bool:
    """Tell whether any difference could be tested.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.

    Returns
    -------
    bool
        False where each row was fitted once.
    """
    return any(item.p_value is not None for item in result.differences)


def _key(figure: str, first: BoardRow, second: BoardRow) -> tuple[str, frozenset[str]]:
    return figure, frozenset({first.name, second.name})


def _pairs(result: BoardResult) -> Pairs:
    return {(item.figure, frozenset({item.better, item.worse})): item for item in result.differences}


def _ranked(result: BoardResult, place: int, *roles: Role) -> list[BoardRow]:
    """Give the rows of some roles that have a figure, best first."""
    sign = -1.0 if result.figures[place].higher_is_better else 1.0
    own = [(value_of(row, place), row) for row in result.rows if row.role in roles]
    known = [(sign * value, row) for value, row in own if value is not None]
    return [row for _, row in sorted(known, key=lambda pair: pair[0])]


def difference_rows(result: BoardResult, names: Names) -> tuple[tuple[int, DifferenceRow], ...]:
    """Say, for each figure, which contenders are best and which really are behind.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.

    Returns
    -------
    tuple of (int, DifferenceRow)
        Place of the figure, and what is said; figures that were compared.
    """
    pairs = _pairs(result)
    told = []
    for place, item in enumerate(result.figures):
        ranked = _ranked(result, place, Role.CONTENDER)
        if not ranked:
            continue
        first = ranked[0]
        best, behind = [Told(names[first.name].short)], []
        for row in ranked[1:]:
            found = pairs.get(_key(item.name, first, row))
            if found is None or not found.is_real:
                best.append(Told(names[row.name].short, "" if found is not None else "not compared"))
            else:
                behind.append(Told(names[row.name].short, _by(found)))
        others = tuple(
            Told(names[row.name].short, _beside(first, pairs.get(_key(item.name, first, row))))
            for row in _ranked(result, place, Role.BASELINE)
        )
        family = SECTIONS[item.section]
        told.append((place, DifferenceRow(clean(item.label), family, tuple(best), tuple(behind), others)))
    return tuple(told)


def _by(found: Difference) -> str:
    small = "" if found.matters else ", too little to matter"
    shown = interval(found.by.value, found.by.low, found.by.high).replace(", ", ",\u00a0")
    return f"by {shown}{small}"


def _beside(first: BoardRow, found: Difference | None) -> str:
    if found is None:
        return "not compared"
    if not found.is_real:
        return "not told apart"
    side = "behind" if found.better == first.name else "ahead"
    return f"{side} {_by(found)}"


def difference_grids(result: BoardResult, names: Names) -> tuple[Grid, ...]:
    """Give every difference in a table a figure: by how much each row is behind the better ones.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    names : Names
        Names of its rows.

    Returns
    -------
    tuple of Grid
        Rows best first; one star for a real difference, two for one that matters too.
    """
    pairs = _pairs(result)
    grids = []
    for place, item in enumerate(result.figures):
        ranked = _ranked(result, place, Role.CONTENDER, Role.BASELINE)
        if len(ranked) > 1:
            numbered = [f"{number}. {names[row.name].short}" for number, row in enumerate(ranked, 1)]
            rows = tuple(
                GridRow(
                    numbered[number],
                    tuple(_cell(pairs.get(_key(item.name, better, row))) for better in ranked[:number]),
                )
                for number, row in enumerate(ranked)
                if number
            )
            grids.append(Grid(clean(item.label), ("Is behind", *numbered[:-1]), rows))
    return tuple(grids)


def _cell(found: Difference | None) -> str:
    if found is None:
        return NOT_A_NUMBER
    by = interval(found.by.value, found.by.low, found.by.high)
    stars = "" if not found.is_real else "\u00a0**" if found.matters else "\u00a0*"
    return " ".join(part for part in (f"{by}{stars}", p_value(found.p_value)) if part)
