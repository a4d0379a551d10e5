"""What a report draws: distributions, ladders, matrices, attacks, provenance; already suppressed."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.results.answers import Status

__all__ = ["AssociationMatrix", "Attack", "Cell", "Distribution", "GuardAction", "Provenance", "RareGroup"]


@dataclass(frozen=True)
class Cell:
    """One bar of a distribution; shares are rounded, and None where too few people stand behind them.

    Parameters
    ----------
    label : str
        Level, or interval in words.
    real : float or None
        Share of the real rows.
    synthetic : float or None
        Share of the synthetic rows.
    noise : float
        Half width of the 95 % band of fresh real samples.
    """

    label: str
    real: float | None
    synthetic: float | None
    noise: float


@dataclass(frozen=True)
class Distribution:
    """One column, real beside synthetic, small cells suppressed.

    Parameters
    ----------
    column : str
        Column name.
    kind : str
        Kind of the column.
    units : str
        Units of measurement.
    cells : tuple of Cell
        In order along the axis, as shares of the rows that have a value; missing values last, as a share of
        all rows.
    score, low, high : float or None
        Total variation distance beyond that of fresh real data, and its interval.
    status : Status
        Whether the column stands out.
    score_suppressed : bool
        Whether the score is withheld because too few people stand behind it.
    """

    column: str
    kind: str
    units: str
    cells: tuple[Cell, ...]
    score: float | None
    low: float | None
    high: float | None
    status: Status
    score_suppressed: bool = False


@dataclass(frozen=True)
class RareGroup:
    """One rung of the ladder of rare categories.

    Parameters
    ----------
    label : str
        Level and column, or how many levels are pooled here.
    levels : int
        Number of levels in the group.
    expected : float
        Rows that fresh real data of the synthetic size would hold, rounded.
    synthetic : float
        Synthetic rows.
    low, high : float
        95 % interval of the number expected of the synthesizer.
    status : Status
        Whether it departs.
    """

    label: str
    levels: int
    expected: float
    synthetic: float
    low: float
    high: float
    status: Status


@dataclass(frozen=True)
class AssociationMatrix:
    """Strength of every pairwise association, real and synthetic.

    Parameters
    ----------
    columns : tuple of str
        Column names, in the order of rows and columns.
    real, synthetic : tuple of tuple of float or None
        Lower triangles: row i holds pairs with columns 0 … i-1; None where suppressed.
    measure : str
        What a cell shows.
    """

    columns: tuple[str, ...]
    real: tuple[tuple[float | None, ...], ...]
    synthetic: tuple[tuple[float | None, ...], ...]
    measure: str


@dataclass(frozen=True)
class Attack:
    """One attack on the people behind the table.

    Parameters
    ----------
    name : str
        The attack.
    knows : str
        What the attacker knows.
    does : str
        What the attacker does.
    risk, low, high : float or None
        Success and its 95 % interval.
    control : float or None
        The same success on people who are not in the data.
    smallest_seen : str
        The smallest leak that the attack would have seen, in words.
    status : Status
        fail, pass, note (description only) or not_applicable.
    reason : str
        One plain sentence.
    """

    name: str
    knows: str
    does: str
    risk: float | None
    low: float | None
    high: float | None
    control: float | None
    smallest_seen: str
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class GuardAction:
    """What the guard did to one column, in counts that are safe to print.

    Parameters
    ----------
    column : str
        Column name.
    action : str
        What was done, in words.
    """

    column: str
    action: str


@dataclass(frozen=True)
class Provenance:
    """Where the audited tables came from.

    Parameters
    ----------
    title : str
        Name of the table.
    synthesizer : str
        How it was made, when known.
    n_train, n_holdout, n_synthetic : int
        Rows of each table.
    n_compared : int
        Rows of the synthetic table that each comparison used.
    n_columns : int
        Columns that were scored.
    seed : int
        Seed of the audit.
    generation : int or None
        1 for a table made from real rows, when known.
    created : str
        ISO date.
    versions : tuple of tuple of str
        Name and version of each library that matters.
    policy : str
        Name of the policy.
    holdout : bool
        Whether there was a holdout.
    """

    title: str
    synthesizer: str
    n_train: int
    n_holdout: int
    n_synthetic: int
    n_compared: int
    n_columns: int
    seed: int
    generation: int | None
    created: str
    versions: tuple[tuple[str, str], ...]
    policy: str
    holdout: bool
