"""What a page shows: plain strings and numbers, ready to draw, harmless to print.

Nothing here knows a metric or an attack. Every string has passed `text.clean`; a figure that may not be
printed is None, and no coordinate can be computed from it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Answer",
    "Bar",
    "CheckRow",
    "ColumnView",
    "FactRow",
    "HeatPanel",
    "HeatView",
    "NavItem",
    "PairRow",
    "Strip",
    "StripRow",
    "Tag",
]


@dataclass(frozen=True)
class Tag:
    """A status as a word, an icon and a colour: never as a colour alone.

    Parameters
    ----------
    kind : str
        pass, warn, fail, na or note: CSS class and icon.
    word : str
        What it says.
    """

    kind: str
    word: str


@dataclass(frozen=True)
class FactRow:
    """A name and what is so.

    Parameters
    ----------
    name, text : str
        Both plain.
    tag : Tag or None
        A status beside it.
    """

    name: str
    text: str
    tag: Tag | None = None


@dataclass(frozen=True)
class Answer:
    """One of the cards under the verdict.

    Parameters
    ----------
    question : str
        What a data team asks.
    tag : Tag or None
        The answer in one word.
    big, bounds : str
        The figure that says most, and its interval; empty where the facts are the answer.
    caption : str
        What the figure is, and what it is compared with.
    facts : tuple of FactRow
        What else the answer rests on.
    note : str
        What stands below the facts; may be empty.
    beside : str
        What real data has in place of the figure; may be empty.
    """

    question: str
    tag: Tag | None
    big: str
    bounds: str
    caption: str
    facts: tuple[FactRow, ...]
    note: str = ""
    beside: str = ""


@dataclass(frozen=True)
class CheckRow:
    """One check in a table.

    Parameters
    ----------
    code, name : str
        Which check.
    section : str
        Name of its family.
    tag : Tag
        Its answer.
    found, wanted, fresh, seen : str
        The figure and its interval, the margin, what fresh real data has, the least departure it could see.
    p_value : str
        Adjusted, in words; may be empty.
    reason, remedy : str
        Why, and what to do.
    columns : tuple of str
        Columns it rests on, the worst few.
    more_columns : int
        How many more there are.
    """

    code: str
    name: str
    section: str
    tag: Tag
    found: str
    wanted: str
    fresh: str
    seen: str
    p_value: str
    reason: str
    remedy: str
    columns: tuple[str, ...]
    more_columns: int


@dataclass(frozen=True)
class StripRow:
    """One dot with its interval on a shared axis.

    Parameters
    ----------
    label : str
        What is measured.
    tag : Tag
        Its answer.
    at, low, high : float or None
        Places on the axis, 0 to 1; None draws no dot.
    beyond : int
        -1 or 1 when the dot lies beyond that end of the axis and is drawn as an arrow.
    band_low, band_high : float or None
        Where fresh real data falls, as places on the axis.
    mark : float or None
        Place of a reference mark.
    figure, detail : str
        The figure in words, and what else the table says.
    said : str
        The row in one sentence, for people who hear the page.
    name : str
        The label in the table, where it must stand alone; by default the label.
    about : str
        A second line under the label; may be empty.
    absent : str
        Why there is no dot; by default the last detail.
    hollow : float or None
        Place of a second, hollow dot.
    hollow_low, hollow_high : float or None
        Ends of its interval.
    is_joined : bool
        Whether a line runs from the hollow dot to the full one.
    is_synthetic : bool
        Whether the dot is drawn as the synthetic table's, whatever the answer.
    """

    label: str
    tag: Tag
    at: float | None
    low: float | None
    high: float | None
    beyond: int
    band_low: float | None
    band_high: float | None
    mark: float | None
    figure: str
    detail: tuple[str, ...]
    said: str
    name: str = ""
    about: str = ""
    absent: str = ""
    hollow: float | None = None
    hollow_low: float | None = None
    hollow_high: float | None = None
    is_joined: bool = False
    is_synthetic: bool = False


@dataclass(frozen=True)
class Strip:
    """Rows of dots on one axis.

    Parameters
    ----------
    rows : tuple of StripRow
        From top to bottom.
    ticks : tuple of (float, str)
        Place, 0 to 1, and label.
    strong : tuple of float
        Places of the lines that mean something.
    head : tuple of str
        Column heads of the table behind it.
    """

    rows: tuple[StripRow, ...]
    ticks: tuple[tuple[float, str], ...]
    strong: tuple[float, ...]
    head: tuple[str, ...]


@dataclass(frozen=True)
class Bar:
    """One cell of a distribution.

    Parameters
    ----------
    label : str
        Level, or interval in words.
    real, synthetic : float or None
        Shares; None is withheld and leaves no trace in a drawing.
    noise : float
        Half width of the band of fresh real data; 0 where the real share is withheld.
    """

    label: str
    real: float | None
    synthetic: float | None
    noise: float


@dataclass(frozen=True)
class ColumnView:
    """One column as a small figure with its table.

    Parameters
    ----------
    key : str
        Unique on the page; made from the column's place, never from its name.
    name : str
        Column name.
    about : str
        Kind and units.
    tag : Tag
        Whether it stands out.
    score, bounds : str
        Distance beyond that of fresh real data, and its interval.
    is_number : bool
        Whether the cells lie along a number line; else they are levels.
    bars : tuple of Bar
        In order; missing values are apart.
    missing : Bar or None
        Share of missing values.
    said : str
        The figure in words.
    figures : tuple of FactRow
        Other figures of this column.
    withheld : int
        How many cells are withheld.
    """

    key: str
    name: str
    about: str
    tag: Tag
    score: str
    bounds: str
    is_number: bool
    bars: tuple[Bar, ...]
    missing: Bar | None
    said: str
    figures: tuple[FactRow, ...]
    withheld: int


@dataclass(frozen=True)
class HeatPanel:
    """One triangle of a heat map.

    Parameters
    ----------
    key, title : str
        Unique key, and what it shows.
    values : tuple of tuple of float or None
        Lower triangle; None is withheld.
    scale : float
        The value with the strongest colour.
    signed : bool
        Whether values below 0 have a colour of their own.
    said : str
        The panel in one sentence.
    """

    key: str
    title: str
    values: tuple[tuple[float | None, ...], ...]
    scale: float
    signed: bool
    said: str


@dataclass(frozen=True)
class PairRow:
    """One pair of columns in a table.

    Parameters
    ----------
    first, second : str
        The columns.
    real, synthetic, difference : str
        Strength of association, and how it changed.
    """

    first: str
    second: str
    real: str
    synthetic: str
    difference: str


@dataclass(frozen=True)
class HeatView:
    """Associations: difference, real, synthetic.

    Parameters
    ----------
    columns : tuple of str
        Names along both sides.
    n_all : int
        Columns there are in all; more than are drawn when there are many.
    measure : str
        What a cell shows.
    panels : tuple of HeatPanel
        The difference first.
    worst, pairs : tuple of PairRow
        The ten most different pairs, and all drawn pairs.
    """

    columns: tuple[str, ...]
    n_all: int
    measure: str
    panels: tuple[HeatPanel, ...]
    worst: tuple[PairRow, ...]
    pairs: tuple[PairRow, ...]


@dataclass(frozen=True)
class NavItem:
    """One entry of the contents.

    Parameters
    ----------
    target, label : str
        Id of the section, and its name.
    tag : Tag or None
        The section's answer.
    """

    target: str
    label: str
    tag: Tag | None
