"""What single sections of a page show, in plain strings and places between 0 and 1.

As in `viewmodel`, every string has passed `text.clean`, and what may not be printed is not here.
"""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.reporting.viewmodel import Strip, StripRow, Tag

__all__ = [
    "BandView",
    "ChangeView",
    "DetectionView",
    "FigureGroup",
    "FigureRow",
    "GiveawayRow",
    "GroupBlock",
    "LogicView",
    "Meter",
    "RuleRow",
    "SubgroupView",
    "TargetBlock",
    "UtilityView",
]


@dataclass(frozen=True)
class FigureRow:
    """One figure of a whole family.

    Parameters
    ----------
    name, version : str
        The metric in words, and the version of its definition.
    found, fresh, chance, excess : str
        The figure with its interval, what fresh real data and chance have, and how far beyond fresh it is.
    calibrated : str
        Where it lies between chance (0) and fresh real data (1).
    """

    name: str
    version: str
    found: str
    fresh: str
    chance: str
    excess: str
    calibrated: str


@dataclass(frozen=True)
class FigureGroup:
    """The figures of one section.

    Parameters
    ----------
    title : str
        Name of the section.
    rows : tuple of FigureRow
        Its figures.
    """

    title: str
    rows: tuple[FigureRow, ...]


@dataclass(frozen=True)
class BandView:
    """Rare categories, pooled by how many rows hold them.

    Parameters
    ----------
    strip : Strip
        Mass ratio of each band.
    said : str
        How many are kept in all, beside an honest sample.
    """

    strip: Strip
    said: str


@dataclass(frozen=True)
class ChangeView:
    """Findings that were lost, invented or turned round.

    Parameters
    ----------
    strip : Strip
        Real and synthetic strength of each.
    said : str
        How many there are of each kind.
    """

    strip: Strip
    said: str


@dataclass(frozen=True)
class Meter:
    """A small bar inside a table.

    Parameters
    ----------
    at, low, high : float or None
        Length of the bar and ends of its interval, as places from 0 to 1.
    mark : float or None
        Place of a reference mark.
    """

    at: float
    low: float | None
    high: float | None
    mark: float | None


@dataclass(frozen=True)
class RuleRow:
    """One rule in a table.

    Parameters
    ----------
    text, kind : str
        The rule, and what sort it is.
    tag : Tag
        Whether synthetic rows break it more often than fresh real rows.
    support, confidence : str
        How many real rows it speaks of, and which share of them obey it.
    broken, fresh : str
        Share of synthetic and of fresh real rows that break it.
    meter : Meter
        The same as a bar.
    columns : tuple of str
        Columns that the text does not name, the first few.
    more_columns : int
        How many more there are.
    """

    text: str
    kind: str
    tag: Tag
    support: str
    confidence: str
    broken: str
    fresh: str
    meter: Meter
    columns: tuple[str, ...]
    more_columns: int


@dataclass(frozen=True)
class LogicView:
    """Rules that real rows obey, most broken first.

    Parameters
    ----------
    rows, folded : tuple of RuleRow
        The most broken ones, and the rest.
    said : str
        How many are broken.
    scale : str
        What the longest bar stands for.
    withheld : int
        For how many rules the share of fresh real rows is withheld.
    """

    rows: tuple[RuleRow, ...]
    folded: tuple[RuleRow, ...]
    said: str
    scale: str
    withheld: int


@dataclass(frozen=True)
class GroupBlock:
    """The levels of one column.

    Parameters
    ----------
    column : str
        Its name.
    rows : tuple of StripRow
        Its worst levels.
    more : int
        How many levels are only in the table.
    """

    column: str
    rows: tuple[StripRow, ...]
    more: int


@dataclass(frozen=True)
class SubgroupView:
    """Groups of people, the worst served first.

    Parameters
    ----------
    strip : Strip or None
        All groups on one axis, for the table; None when there are none.
    blocks, folded : tuple of GroupBlock
        The columns with the worst levels, and the others.
    said : str
        The worst group in a sentence, or why there are none.
    """

    strip: Strip | None
    blocks: tuple[GroupBlock, ...]
    folded: tuple[GroupBlock, ...]
    said: str


@dataclass(frozen=True)
class TargetBlock:
    """The models that predict one target.

    Parameters
    ----------
    key : str
        Unique on the page; made from its place.
    target, measure : str
        What is predicted, and the score.
    strip : Strip
        One row for each model.
    """

    key: str
    target: str
    measure: str
    strip: Strip


@dataclass(frozen=True)
class UtilityView:
    """Models trained on synthetic, on real and on both.

    Parameters
    ----------
    blocks, folded : tuple of TargetBlock
        The first targets, and the others.
    said : str
        How the models fare, or why there are none.
    augmented : str
        Whether adding synthetic rows helps; may be empty.
    """

    blocks: tuple[TargetBlock, ...]
    folded: tuple[TargetBlock, ...]
    said: str
    augmented: str


@dataclass(frozen=True)
class GiveawayRow:
    """One column that tells synthetic rows from real ones.

    Parameters
    ----------
    column : str
        Its name.
    found, fresh : str
        Area under the curve of this column alone, and that of fresh real data.
    meter : Meter
        The same as a bar from 0.5 to 1.
    """

    column: str
    found: str
    fresh: str
    meter: Meter


@dataclass(frozen=True)
class DetectionView:
    """What gave the synthetic table away.

    Parameters
    ----------
    rows, folded : tuple of GiveawayRow
        The clearest giveaways, and the rest.
    said : str
        How well all columns together do, or why nobody tried.
    """

    rows: tuple[GiveawayRow, ...]
    folded: tuple[GiveawayRow, ...]
    said: str
