"""What a report draws: distributions, ladders, matrices, attacks, provenance; already suppressed."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.results.answers import Section, Status, Verdict

__all__ = [
    "AssociationChange",
    "AssociationMatrix",
    "Attack",
    "Cell",
    "ContextAnswer",
    "Distribution",
    "GuardAction",
    "LogicRule",
    "ModelComparison",
    "RareBand",
    "RareGroup",
    "Release",
    "Subgroup",
    "VulnerableRecord",
]


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
class RareBand:
    """Rare categories held by about as many training rows, together.

    Parameters
    ----------
    label : str
        How many training rows hold each, e.g. ``2 to 5``.
    levels : int
        Number of levels.
    kept : float
        Of them, how many are found on average among as many synthetic rows as the reference has.
    expected : float
        How many are found among as many fresh real rows.
    mass_ratio, low, high : float
        Synthetic over real share of the rows on these levels, and its exact 95 % interval; 1 is perfect.
    status : Status
        Whether the mass departs.
    """

    label: str
    levels: int
    kept: float
    expected: float
    mass_ratio: float
    low: float
    high: float
    status: Status


@dataclass(frozen=True)
class AssociationChange:
    """One finding that the synthetic table lost, invented or turned round.

    Parameters
    ----------
    first, second : str
        The columns.
    kind : str
        ``lost``, ``weakened``, ``invented``, ``strengthened`` or ``reversed``.
    measure : str
        What the strengths are, e.g. ``Spearman's correlation``.
    real, synthetic : float
        Strength in real and in synthetic rows.
    low, high : float
        95 % interval of synthetic minus real.
    """

    first: str
    second: str
    kind: str
    measure: str
    real: float
    synthetic: float
    low: float
    high: float


@dataclass(frozen=True)
class LogicRule:
    """One rule that real rows obey, and how often synthetic rows break it.

    Parameters
    ----------
    text : str
        The rule, for people.
    kind : str
        E.g. ``missing together``, ``order``, ``determines``, ``implies``, ``never together``, ``schema``.
    columns : tuple of str
        Columns that it speaks of.
    support : int
        Real rows that it applies to, on a grid of as many people as must stand behind a figure.
    confidence : float
        Share of those that obey it.
    broken, low, high : float
        Share of the synthetic rows that break it, with its 95 % interval.
    floor : float or None
        Share of fresh real rows that break it; None when too few people stand behind it.
    status : Status
        Whether synthetic rows break it more often than fresh real rows do.
    releasable : bool
        Whether the rule may be printed; else only the columns that it ties together are named.
    """

    text: str
    kind: str
    columns: tuple[str, ...]
    support: int
    confidence: float
    broken: float
    low: float
    high: float
    floor: float | None
    status: Status
    releasable: bool = True


@dataclass(frozen=True)
class Subgroup:
    """Fidelity and utility among the rows of one level of one column.

    Parameters
    ----------
    column, level : str
        Which rows.
    share : float or None
        Their share of the real rows, rounded; None where it would tell of a few people.
    excess, low, high : float or None
        Mean total variation of the other columns beyond that of fresh real data, and its 95 % interval.
    tstr, trtr : float or None
        Score, on these rows, of the model trained on synthetic and on real rows.
    measure : str
        What that score is: ``auc`` or ``r2``; empty when there is none.
    status : Status
        Whether the group is served worse than fresh real data would.
    """

    column: str
    level: str
    share: float | None
    excess: float | None
    low: float | None
    high: float | None
    tstr: float | None
    trtr: float | None
    measure: str
    status: Status


@dataclass(frozen=True)
class ModelComparison:
    """One model, trained on synthetic, on real and on both, tested on real rows.

    Parameters
    ----------
    target, model, measure : str
        What is predicted, by which family of models, and the score: ``auc``, ``r2`` or ``concordance``.
    trtr : float
        Trained on real rows.
    tstr, low, high : float
        Trained on synthetic rows; the interval is that of the difference, around it.
    trstr : float or None
        Trained on real and synthetic rows together: whether augmentation helps.
    trstr_low, trstr_high : float or None
        Its interval, made likewise.
    chance : float
        A constant predictor.
    status : Status
        Whether synthetic rows train worse.
    """

    target: str
    model: str
    measure: str
    trtr: float
    tstr: float
    low: float
    high: float
    trstr: float | None
    trstr_low: float | None
    trstr_high: float | None
    chance: float
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
    attacker : str
        Who would do it.
    knows : str
        What the attacker knows.
    does : str
        What the attacker does.
    status : Status
        fail, pass, warn, note (description only) or not_applicable.
    risk, low, high : float or None
        Success and its 95 % interval; None where too few people stand behind it.
    control, control_low, control_high : float or None
        The same on people who are not in the data.
    smallest_seen : str
        The smallest leak that the attack would have seen, in words.
    code : str
        Check that judges it, e.g. ``STB802``; attacks of one code are judged together.
    reason : str
        One plain sentence.
    asked_by : str
        Who asks for it by this name, e.g. a data protection opinion; no claim of compliance.
    """

    name: str
    attacker: str
    knows: str
    does: str
    status: Status
    risk: float | None = None
    low: float | None = None
    high: float | None = None
    control: float | None = None
    control_low: float | None = None
    control_high: float | None = None
    smallest_seen: str = ""
    code: str = ""
    reason: str = ""
    asked_by: str = ""


@dataclass(frozen=True)
class ContextAnswer:
    """Whether the table may go to one circle of readers, under one policy.

    Parameters
    ----------
    name : str
        ``same_team``, ``partners`` or ``public``.
    label : str
        Name for people.
    readers : str
        Who they are, and what they may know.
    answer : Verdict
        pass: yes; warn: with the notes; fail: no.
    reasons : tuple of str
        What decided it, a sentence each.
    required : tuple of str
        Codes of the checks that this circle requires.
    """

    name: str
    label: str
    readers: str
    answer: Verdict
    reasons: tuple[str, ...]
    required: tuple[str, ...]


@dataclass(frozen=True)
class VulnerableRecord:
    """One training row that stands alone: for the eyes of those who hold the real table only.

    Parameters
    ----------
    row : int
        Its place in the training table that was given, from 0.
    isolation : float
        Mean distance to the five nearest other people's records.
    nearest_synthetic : float
        Distance to the nearest synthetic row.
    membership_score : float
        How member-like it looks: log distance to the nearest real over that to the nearest synthetic row.
    """

    row: int
    isolation: float
    nearest_synthetic: float
    membership_score: float


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
class Release:
    """One of several synthetic tables made from the same real one.

    Parameters
    ----------
    name : str
        Which, e.g. ``release 1``.
    rows : int
        Its rows.
    verdict : Verdict
        Its verdict on its own.
    summary : str
        That verdict in words.
    failed, warned : tuple of Section
        Sections that failed, and that warn.
    """

    name: str
    rows: int
    verdict: Verdict
    summary: str
    failed: tuple[Section, ...]
    warned: tuple[Section, ...]
