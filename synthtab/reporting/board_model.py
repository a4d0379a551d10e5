"""What the page of a board shows: plain strings and places, ready to draw, harmless to print."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.reporting.sectionmodel import Meter
from synthtab.reporting.study_model import Grid
from synthtab.reporting.viewmodel import CheckRow, Strip, Tag

__all__ = [
    "BoardLine",
    "CircleCell",
    "CircleLine",
    "CostLine",
    "DifferenceRow",
    "FamilyForests",
    "FigureForest",
    "FinalView",
    "ForestLine",
    "FrontMark",
    "FrontView",
    "HeadColumn",
    "MissingRow",
    "Placed",
    "RowName",
    "ScoreCell",
    "TakeCard",
    "Told",
]


@dataclass(frozen=True)
class RowName:
    """One row of the board, as it is named throughout the page.

    Parameters
    ----------
    number : str
        Its place on the board, from 1.
    name, short : str
        Its name, and the same without parameters where that is enough to tell it apart.
    kind : str
        contender, baseline or mark.
    """

    number: str
    name: str
    short: str
    kind: str

    @property
    def css(self) -> str:
        """Class of how it is drawn: contenders full, the rest grey."""
        return "" if self.kind == "contender" else "other"


@dataclass(frozen=True)
class Placed:
    """A figure with its interval, as places on a track.

    Parameters
    ----------
    at, low, high : float or None
        Places from 0 to 1; None draws nothing.
    mark : float or None
        Place of fresh real rows.
    beyond : int
        -1 or 1 when the figure lies beyond that end and is drawn as an arrow.
    """

    at: float | None
    low: float | None
    high: float | None
    mark: float | None
    beyond: int = 0


@dataclass(frozen=True)
class TakeCard:
    """What to take for one circle of readers.

    Parameters
    ----------
    label, readers : str
        The circle, and who they are.
    synthesizer : str
        What to take; empty when none may go there.
    tag : Tag
        Whether there is one.
    reasons : tuple of str
        Why.
    final : Tag or None
        What the audit on rows that nobody searched on says for this circle.
    target : str
        Id of that answer; may be empty.
    """

    label: str
    readers: str
    synthesizer: str
    tag: Tag
    reasons: tuple[str, ...]
    final: Tag | None = None
    target: str = ""


@dataclass(frozen=True)
class HeadColumn:
    """One column of the board.

    Parameters
    ----------
    role : str
        ``Use`` or ``Risk`` where the figure stands for that; else empty.
    label : str
        Name of the figure.
    real : str
        What fresh real rows score.
    """

    role: str
    label: str
    real: str

    @property
    def whole(self) -> str:
        """Role and label in one line."""
        return f"{self.role}: {self.label}" if self.role else self.label


@dataclass(frozen=True)
class ScoreCell:
    """One figure of one row on the board.

    Parameters
    ----------
    value, bounds : str
        The figure and its interval.
    track : Placed or None
        The same as places, better to the right; None when there is no figure.
    """

    value: str
    bounds: str
    track: Placed | None


@dataclass(frozen=True)
class BoardLine:
    """One row of the board.

    Parameters
    ----------
    name : RowName
        Which.
    about : str
        What it is; may be empty.
    fitted, trouble : str
        How many refits succeeded, and why others did not; empty where all did.
    taken : tuple of str
        Circles of readers that it is recommended for.
    cells : tuple of ScoreCell
        In the order of the columns.
    cost : tuple of str
        CPU time and memory of a fit; empty where nothing was fitted.
    failure : str
        Why there is none of this; else empty.
    """

    name: RowName
    about: str = ""
    fitted: str = ""
    trouble: str = ""
    taken: tuple[str, ...] = ()
    cells: tuple[ScoreCell, ...] = ()
    cost: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class MissingRow:
    """Why figures of the board are missing.

    Parameters
    ----------
    figure : str
        Which figure.
    names : tuple of str
        Rows that lack it; empty when all do.
    reason : str
        Why.
    """

    figure: str
    names: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class FrontMark:
    """One row between use and risk.

    Parameters
    ----------
    name : RowName
        Which.
    shape : str
        front, plain or other: symbol and colour.
    x, y : float
        Places, 0 to 1: use to the right, less risk upwards.
    beyond : str
        The risk in words where it lies beyond the axis and is drawn as an arrow; else empty.
    x_low, x_high, y_low, y_high : float or None
        Ends of the intervals.
    """

    name: RowName
    shape: str
    x: float
    y: float
    beyond: str
    x_low: float | None
    x_high: float | None
    y_low: float | None
    y_high: float | None


@dataclass(frozen=True)
class FrontView:
    """Rows between use and risk.

    Parameters
    ----------
    use, risk : str
        Names of the two figures.
    marks : tuple of FrontMark
        Rows that have both.
    steps : tuple of (float, float)
        The front as a flight of steps; empty where there are fewer than two rows on it.
    x_ticks, y_ticks : tuple of (float, str)
        Place and words.
    said : str
        The drawing in a sentence or two.
    table : Grid
        The table behind it.
    """

    use: str
    risk: str
    marks: tuple[FrontMark, ...]
    steps: tuple[tuple[float, float], ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    said: str
    table: Grid

    @property
    def is_cut(self) -> bool:
        """Whether a mark lies beyond the axis."""
        return any(mark.beyond for mark in self.marks)


@dataclass(frozen=True)
class Told:
    """A row in words.

    Parameters
    ----------
    name : str
        Which.
    text : str
        What is said of it; may be empty.
    """

    name: str
    text: str = ""


@dataclass(frozen=True)
class DifferenceRow:
    """Which differences in one figure are real.

    Parameters
    ----------
    label, family : str
        The figure and its family.
    best : tuple of Told
        The best contender, and those that are not told apart from it.
    behind : tuple of Told
        Those that really are behind it, and by how much.
    others : tuple of Told
        Baselines beside it.
    """

    label: str
    family: str
    best: tuple[Told, ...]
    behind: tuple[Told, ...]
    others: tuple[Told, ...]


@dataclass(frozen=True)
class ForestLine:
    """One row of a forest.

    Parameters
    ----------
    name : RowName
        Which.
    placed : Placed or None
        Dot and interval; None when there is no figure.
    figure : str
        The figure in words, or why there is none.
    """

    name: RowName
    placed: Placed | None
    figure: str


@dataclass(frozen=True)
class FigureForest:
    """One figure of every row.

    Parameters
    ----------
    key, title : str
        Unique key, and the figure.
    reading : str
        How to read it.
    ticks : tuple of (float, str, bool)
        Place, words, and whether it stands for fresh real rows.
    mark : float or None
        Place of fresh real rows.
    lines : tuple of ForestLine
        In the order of the board.
    absent : str
        Why no row has the figure; else empty.
    """

    key: str
    title: str
    reading: str
    ticks: tuple[tuple[float, str, bool], ...]
    mark: float | None
    lines: tuple[ForestLine, ...]
    absent: str = ""


@dataclass(frozen=True)
class FamilyForests:
    """The figures of one family.

    Parameters
    ----------
    title : str
        The family.
    forests, more : tuple of FigureForest
        Those that have a column on the board, and the rest.
    """

    title: str
    forests: tuple[FigureForest, ...]
    more: tuple[FigureForest, ...]


@dataclass(frozen=True)
class CircleCell:
    """Where the tables of one row may go, for one circle.

    Parameters
    ----------
    label : str
        The circle.
    tags : tuple of Tag
        How many refits: yes, with notes, no.
    reasons : tuple of str
        What most often speaks against it.
    """

    label: str
    tags: tuple[Tag, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class CircleLine:
    """Where the tables of one row may go.

    Parameters
    ----------
    name : RowName
        Which.
    cells : tuple of CircleCell
        One a circle.
    """

    name: RowName
    cells: tuple[CircleCell, ...]


@dataclass(frozen=True)
class CostLine:
    """What one row cost.

    Parameters
    ----------
    name : RowName
        Which.
    meter : Meter
        CPU time of a fit, beside the dearest.
    fit, waited, sample, sample_waited, memory : str
        In words.
    """

    name: RowName
    meter: Meter
    fit: str
    waited: str
    sample: str
    sample_waited: str
    memory: str


@dataclass(frozen=True)
class FinalView:
    """One recommended row on rows that nobody searched on.

    Parameters
    ----------
    key : str
        Unique key.
    name : str
        The row.
    taken : str
        What it was recommended for, in words.
    verdict : Tag
        Of the whole audit.
    summary : str
        The verdict in words.
    circles : tuple of CircleCell
        Whether the new table may go to each circle.
    families : Strip
        Each family on one scale.
    checks : tuple of CheckRow
        Checks that failed or warned.
    counts : str
        How many checks gave which answer.
    """

    key: str
    name: str
    taken: str
    verdict: Tag
    summary: str
    circles: tuple[CircleCell, ...]
    families: Strip
    checks: tuple[CheckRow, ...]
    counts: str
