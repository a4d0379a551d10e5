"""What the page of a study shows: plain strings and places, ready to draw, harmless to print."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.reporting.sectionmodel import Meter
from synthtab.reporting.viewmodel import Strip

__all__ = [
    "ArmName",
    "CostRow",
    "DecayFigure",
    "ForestRow",
    "ForestView",
    "Grid",
    "GridRow",
    "Line",
    "LinePanel",
    "MetricFigure",
    "OverviewRow",
    "PartsBar",
    "PartsView",
    "PointPanel",
    "Points",
    "RegimeGroup",
    "Series",
    "StripGroup",
    "SurvivalView",
    "ToldArm",
]

Places = tuple[float | None, ...]


@dataclass(frozen=True)
class Series:
    """One synthesizer, as it is drawn throughout the page.

    Parameters
    ----------
    css : str
        ``s1`` to ``s6``: colour, dashes and mark at once.
    name, short : str
        Its name, and the same without parameters where that is enough to tell it apart.
    """

    css: str
    name: str
    short: str


@dataclass(frozen=True)
class ArmName:
    """One synthesizer under one regime.

    Parameters
    ----------
    series : Series
        The synthesizer.
    regime : str
        The regime.
    """

    series: Series
    regime: str

    @property
    def both(self) -> str:
        """Both names in one line."""
        return f"{self.series.name}, {self.regime}"


@dataclass(frozen=True)
class ToldArm:
    """What became of the table in one arm.

    Parameters
    ----------
    name : ArmName
        Which arm.
    sentence : str
        In words.
    trouble : str
        Which chains failed, and why; may be empty.
    """

    name: ArmName
    sentence: str
    trouble: str = ""


@dataclass(frozen=True)
class RegimeGroup:
    """The arms of one regime.

    Parameters
    ----------
    regime, gloss, statement : str
        Its name, what it does, and which real rows it touches.
    arms : tuple of ToldArm
        In the order of the synthesizers.
    """

    regime: str
    gloss: str
    statement: str
    arms: tuple[ToldArm, ...]


@dataclass(frozen=True)
class OverviewRow:
    """One arm in a line.

    Parameters
    ----------
    name : ArmName
        Which arm.
    misfit, misfit_null : str
        What the first fit lost, and what the first resampling does.
    change : str
        What comes after it.
    kept, expected : str
        Rare levels kept, and the same of resampling.
    size : str
        Effective size.
    drift, strayed : str
        The least p of drift, and how many figures stray from the null.
    failure : str
        Why there is none of this; else empty.
    """

    name: ArmName
    misfit: str = ""
    misfit_null: str = ""
    change: str = ""
    kept: str = ""
    expected: str = ""
    size: str = ""
    drift: str = ""
    strayed: str = ""
    failure: str = ""


@dataclass(frozen=True)
class GridRow:
    """One row of figures.

    Parameters
    ----------
    name : str
        What the row is.
    cells : tuple of str
        Figures in words.
    is_reference : bool
        Whether it is what others are compared with.
    """

    name: str
    cells: tuple[str, ...]
    is_reference: bool = False


@dataclass(frozen=True)
class Grid:
    """A table behind a chart.

    Parameters
    ----------
    title : str
        What it holds.
    head : tuple of str
        Column heads, that of the names first.
    rows : tuple of GridRow
        From top to bottom.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[GridRow, ...]


@dataclass(frozen=True)
class Line:
    """One line over the generations.

    Parameters
    ----------
    css, label : str
        How it is drawn, and what stands at its end.
    at, low, high : tuple of float or None
        Heights between 0 and 1, one a generation.
    """

    css: str
    label: str
    at: Places
    low: Places = ()
    high: Places = ()


@dataclass(frozen=True)
class LinePanel:
    """Lines of one regime.

    Parameters
    ----------
    title : str
        The regime.
    lines : tuple of Line
        One a synthesizer.
    null : Line or None
        The drift null with its band.
    levels : tuple of Line
        Level lines: fresh real data, chance.
    across : tuple of float
        Place of each generation.
    across_ticks, up_ticks : tuple of (float, str)
        Place and label.
    said : str
        The panel in one sentence.
    note : str
        What a reader must know of this panel; may be empty.
    """

    title: str
    lines: tuple[Line, ...]
    null: Line | None
    levels: tuple[Line, ...]
    across: tuple[float, ...]
    across_ticks: tuple[tuple[float, str], ...]
    up_ticks: tuple[tuple[float, str], ...]
    said: str
    note: str = ""


@dataclass(frozen=True)
class MetricFigure:
    """One metric: a panel for each regime, and the table behind them.

    Parameters
    ----------
    key, title, reading : str
        Unique key, name, and how to read it.
    panels : tuple of LinePanel
        On one scale.
    table : Grid
        All figures.
    """

    key: str
    title: str
    reading: str
    panels: tuple[LinePanel, ...]
    table: Grid


@dataclass(frozen=True)
class StripGroup:
    """Rows of dots under a heading.

    Parameters
    ----------
    title : str
        The heading.
    strip : Strip
        Rows; all groups of a figure share an axis.
    reference : str
        What resampling does there; may be empty.
    """

    title: str
    strip: Strip
    reference: str = ""


@dataclass(frozen=True)
class DecayFigure:
    """Misfit and decay of one family.

    Parameters
    ----------
    key, title, span : str
        Unique key, the family, and which generations are drawn.
    groups : tuple of StripGroup
        One a regime.
    answers, scores : Grid
        Misfit, decay, half-life; and the score of every generation.
    """

    key: str
    title: str
    span: str
    groups: tuple[StripGroup, ...]
    answers: Grid
    scores: Grid


@dataclass(frozen=True)
class Points:
    """Points of one series, one a class.

    Parameters
    ----------
    css : str
        How they are drawn.
    at, low, high : tuple of float or None
        Heights between 0 and 1.
    """

    css: str
    at: Places
    low: Places
    high: Places


@dataclass(frozen=True)
class PointPanel:
    """Points of one regime over classes.

    Parameters
    ----------
    title : str
        The regime.
    classes : tuple of str
        Labels along the axis.
    expected : tuple of float or None
        Height of the drift prediction, one a class.
    points : tuple of Points
        One a synthesizer.
    said : str
        The panel in one sentence.
    note : str
        What a reader must know; may be empty.
    """

    title: str
    classes: tuple[str, ...]
    expected: Places
    points: tuple[Points, ...]
    said: str
    note: str = ""


@dataclass(frozen=True)
class SurvivalView:
    """Survival of rare levels by how many rows held them.

    Parameters
    ----------
    generation : int
        The generation that is drawn.
    panels : tuple of PointPanel
        One a regime.
    table : Grid
        Every generation.
    hidden : int
        Classes with too few levels to show.
    """

    generation: int
    panels: tuple[PointPanel, ...]
    table: Grid
    hidden: int


@dataclass(frozen=True)
class ForestRow:
    """One column with its effective size.

    Parameters
    ----------
    label, figure : str
        Its name, and ratio with interval.
    at, low, high : float or None
        Places on the axis.
    """

    label: str
    figure: str
    at: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ForestView:
    """Effective sizes of the columns of one arm.

    Parameters
    ----------
    name : ArmName
        Which arm.
    lowest : str
        The column with the least, and its figure.
    rows : tuple of ForestRow
        Worst first.
    n_drawn : int
        How many of them are drawn; the others are figures only.
    ticks : tuple of (float, str)
        Of the axis, place and label.
    one : float
        Place of a ratio of 1.
    """

    name: ArmName
    lowest: str
    rows: tuple[ForestRow, ...]
    n_drawn: int
    ticks: tuple[tuple[float, str], ...]
    one: float


@dataclass(frozen=True)
class PartsBar:
    """Bias, training and sampling of one arm in the last generation.

    Parameters
    ----------
    name : ArmName
        Which arm.
    shares : tuple of float
        Lengths of the three parts, 0 to 1 of the longest bar.
    figure : str
        Their sum.
    """

    name: ArmName
    shares: tuple[float, float, float]
    figure: str


@dataclass(frozen=True)
class PartsView:
    """Why shares move.

    Parameters
    ----------
    generation : int
        The generation that is drawn.
    bars : tuple of PartsBar
        One an arm.
    table : Grid
        Every generation.
    """

    generation: int
    bars: tuple[PartsBar, ...]
    table: Grid


@dataclass(frozen=True)
class CostRow:
    """What one arm cost.

    Parameters
    ----------
    name : ArmName
        Which arm.
    meter : Meter
        CPU time beside the dearest arm.
    total, fit, sample, measure, wall, energy : str
        In words.
    """

    name: ArmName
    meter: Meter
    total: str
    fit: str
    sample: str
    measure: str
    wall: str
    energy: str
