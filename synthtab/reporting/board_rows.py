"""Rows of a board: how each is named, how its figures are written, and what to take for whom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synthtab.reporting.audit_answers import CONTEXT_TAGS
from synthtab.reporting.board_model import RowName, TakeCard
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure
from synthtab.reporting.viewmodel import Tag
from synthtab.results import BoardCell, BoardResult, BoardRow, FamilyFigure, Interval, Recommendation, Role

__all__ = [
    "Names",
    "cell_of",
    "column_digits",
    "finite_value",
    "real_words",
    "take_cards",
    "value_of",
    "with_bounds",
]

_LONGEST = 2_000
_TAKE = Tag("pass", "Take")
_NONE = Tag("fail", "None may go there")


@dataclass(frozen=True)
class Names:
    """Names of the rows of a board.

    Parameters
    ----------
    by_row : dict of str to RowName
        By name of the row, in the order of the board.
    """

    by_row: dict[str, RowName]

    @classmethod
    def of(cls, rows: Sequence[BoardRow]) -> Names:
        """Name rows.

        Parameters
        ----------
        rows : sequence of BoardRow
            All rows of a board.

        Returns
        -------
        Names
            Numbered from 1.
        """
        shorts = [clean(row.name.partition("(")[0]) for row in rows]
        return cls(
            {
                row.name: RowName(
                    str(place),
                    clean(row.name),
                    short if shorts.count(short) == 1 else clean(row.name),
                    row.role.value,
                )
                for place, (row, short) in enumerate(zip(rows, shorts, strict=True), 1)
            }
        )

    def __getitem__(self, name: str) -> RowName:
        """Give the name of a row; one that is not on the board stands for itself."""
        return self.by_row.get(name) or RowName("", clean(name), clean(name), "mark")

    def __contains__(self, name: str) -> bool:
        """Tell whether a row is on the board."""
        return name in self.by_row

    def __iter__(self) -> Iterator[str]:
        """Give name after name, in the order of the board."""
        return iter(self.by_row)


def cell_of(row: BoardRow, place: int) -> BoardCell | None:
    """Give one figure of a row.

    Parameters
    ----------
    row : BoardRow
        The row.
    place : int
        Place of the figure on the board.

    Returns
    -------
    BoardCell or None
        None when nothing succeeded.
    """
    return row.cells[place] if place < len(row.cells) else None


def value_of(row: BoardRow, place: int) -> float | None:
    """Give the mean of one figure of a row.

    Parameters
    ----------
    row : BoardRow
        The row.
    place : int
        Place of the figure on the board.

    Returns
    -------
    float or None
        None when there is none, or it is not finite.
    """
    cell = cell_of(row, place)
    return None if cell is None else finite_value(cell.mean)


def finite_value(mean: Interval) -> float | None:
    """Give a figure that can be drawn.

    Parameters
    ----------
    mean : Interval
        The figure.

    Returns
    -------
    float or None
        None when there is none, or it is not finite.
    """
    return mean.value if mean.value is not None and math.isfinite(mean.value) else None


def column_digits(result: BoardResult, place: int) -> int:
    """Give as many decimals as contenders and their intervals need: a figure has the same in every row.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.
    place : int
        Place of the figure on the board.

    Returns
    -------
    int
        From 2 to 4.
    """
    own = [row for row in result.rows if row.role is Role.CONTENDER]
    known = [value for row in own if (value := value_of(row, place)) is not None]
    reaches = [_reach(row, place) for row in own]
    span = max(max(known, default=0.0) - min(known, default=0.0), *reaches, 0.0)
    steps = ((0.05, 2), (0.005, 3))
    return next((digits for least, digits in steps if span >= least), 4 if span else 2)


def _reach(row: BoardRow, place: int) -> float:
    """Give half the length of an interval, and 0 where there is none."""
    cell = cell_of(row, place)
    if cell is None or cell.mean.low is None or cell.mean.high is None:
        return 0.0
    return (cell.mean.high - cell.mean.low) / 2


def with_bounds(mean: Interval, digits: int) -> tuple[str, str]:
    """Write a figure and its interval.

    Parameters
    ----------
    mean : Interval
        The figure.
    digits : int
        Decimals.

    Returns
    -------
    tuple of str
        E.g. ``0.62`` and ``[0.55, 0.70]``; no bounds where there are none.
    """
    value, low, high = (figure(end, digits=digits) for end in (mean.value, mean.low, mean.high))
    return value, "" if NOT_A_NUMBER in {value, low, high} else f"[{low},\u00a0{high}]"


def real_words(item: FamilyFigure) -> str:
    """Say what fresh real rows score.

    Parameters
    ----------
    item : FamilyFigure
        A figure.

    Returns
    -------
    str
        E.g. ``real 1``; empty where it is not known.
    """
    return "" if item.fresh is None or not math.isfinite(item.fresh) else f"real\u00a0{item.fresh:.3g}"


def take_cards(result: BoardResult) -> tuple[TakeCard, ...]:
    """Say what to take for each circle of readers.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.

    Returns
    -------
    tuple of TakeCard
        In the order of the recommendations.
    """
    return tuple(_take(item, result) for item in result.recommendations)


def _take(item: Recommendation, result: BoardResult) -> TakeCard:
    reasons = tuple(clean(reason, _LONGEST) for reason in item.reasons)
    label, readers = clean(item.label), clean(item.readers, _LONGEST) if item.readers else ""
    if not item.synthesizer:
        return TakeCard(label, readers, "", _NONE, reasons)
    for place, final in enumerate(result.finals, 1):
        if final.synthesizer == item.synthesizer:
            answer = next((own for own in final.answers if own.name == item.context), None)
            tag = None if answer is None else CONTEXT_TAGS[answer.answer]
            return TakeCard(label, readers, clean(item.synthesizer), _TAKE, reasons, tag, f"final-{place}")
    return TakeCard(label, readers, clean(item.synthesizer), _TAKE, reasons)
