"""Arm: what became of a table with one synthesizer under one regime."""

from __future__ import annotations

from dataclasses import dataclass, field

from synthtab.results.answers import Section

__all__ = [
    "DRIFT_ALARM",
    "Arm",
    "ArmCosts",
    "AuditCurve",
    "ColumnDrift",
    "Curve",
    "DecayAnswer",
    "ExtinctionAnswer",
    "Figures",
    "Interval",
    "VarianceParts",
]

DRIFT_ALARM = 0.025
"""A p-value of the drift null of this or less is told as a departure. An exact test at .05 gives more than 10
alarms in 200 studies of nothing but drift four times in ten; at .025 once in a hundred."""

Figures = tuple[float | None, ...]


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval.

    Parameters
    ----------
    value, low, high : float or None
        None where it cannot be given or is not bounded.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Curve:
    """One figure of an arm over the generations, beside the drift null.

    Parameters
    ----------
    section : Section
        Its family of questions.
    metric : str
        Name of the metric.
    label : str
        Its name for people.
    mean, low, high : tuple of float or None
        Mean over chains, and the 95 % band that holds the true mean in all generations at once.
    null_mean, null_low, null_high : tuple of float or None
        The drift null: the band that means of as many null chains stay in; empty where there is no null.
    floor, chance : float or None
        What fresh real data, and a table without the property, would score.
    excess : Interval
        Mean less null mean in the last generation.
    p_drift : float or None
        Chance of leaving the null so far, over all generations and all figures of the arm.
    """

    section: Section
    metric: str
    label: str
    mean: Figures
    low: Figures
    high: Figures
    null_mean: Figures
    null_low: Figures
    null_high: Figures
    floor: float | None
    chance: float | None
    excess: Interval
    p_drift: float | None


@dataclass(frozen=True)
class DecayAnswer:
    """Misfit and decay of one family, apart.

    Parameters
    ----------
    section : Section
        Its family of questions.
    metric : str
        The metric behind it.
    relative : tuple of float or None
        Mean over chains of the relative score: 0 is chance, 1 is fresh real data.
    null_relative : tuple of float or None
        The same of the drift null.
    excess : Interval
        What the figure lost since generation 1, less what the drift null lost: below 0 is less than
        resampling loses.
    p_drift : float or None
        Of losing as resampling does, over all generations and figures of the arm; None without a null.
    misfit : Interval
        What the first fit lost.
    direction : str
        ``decay``, ``growth`` or ``none``: what is detectable after the first generation.
    p_change : float or None
        Of no change.
    half_life : Interval
        Generations in which the distance to the plateau halves; no upper end where it is censored.
    halving_low : float or None
        The score itself takes more generations than this to halve; None where nothing bounds it.
    plateau : Interval
        Relative score at which decay ends.
    shape : str
        ``levelling``, ``steady`` or ``accelerating``.
    """

    section: Section
    metric: str
    relative: Figures
    null_relative: Figures
    excess: Interval
    p_drift: float | None
    misfit: Interval
    direction: str
    p_change: float | None
    half_life: Interval
    halving_low: float | None
    plateau: Interval
    shape: str


@dataclass(frozen=True)
class ColumnDrift:
    """Effective size of one column, or of all.

    Parameters
    ----------
    column : str
        Its name; empty for all together.
    ratio : Interval
        N_e / n: 1 is what resampling does; below, shares move more from generation to generation.
    """

    column: str
    ratio: Interval


@dataclass(frozen=True)
class ExtinctionAnswer:
    """Survival of levels by how many rows of D0 held them.

    Parameters
    ----------
    least, most : int
        The class of initial counts.
    levels : int
        Levels in it.
    lost, low, high : tuple of float or None
        Share of them absent from S_g, with Wilson intervals.
    predicted : tuple of float or None
        The same of the drift null.
    """

    least: int
    most: int
    levels: int
    lost: Figures
    low: Figures
    high: Figures
    predicted: Figures


@dataclass(frozen=True)
class VarianceParts:
    """Why shares move: bias, training and sampling, summed over cells and averaged over columns.

    Parameters
    ----------
    bias_squared, training, sampling : tuple of float or None
        One figure a generation.
    """

    bias_squared: Figures
    training: Figures
    sampling: Figures


@dataclass(frozen=True)
class AuditCurve:
    """A figure of the audits of some generations.

    Parameters
    ----------
    section, metric : str
        What it is.
    generations : tuple of int
        Where it was asked.
    mean, low, high : tuple of float or None
        Mean over chains and its 95 % interval.
    """

    section: str
    metric: str
    generations: tuple[int, ...]
    mean: Figures
    low: Figures
    high: Figures


@dataclass(frozen=True)
class ArmCosts:
    """What a generation of an arm cost on average; never the same twice.

    Parameters
    ----------
    fit, sample, measure : float
        CPU seconds.
    wall : float
        Seconds that passed.
    watt_hours : float
        CPU hours of all its generations and chains by the watts that were stated.
    """

    fit: float
    sample: float
    measure: float
    wall: float
    watt_hours: float


@dataclass(frozen=True)
class Arm:
    """One synthesizer under one regime.

    Parameters
    ----------
    synthesizer, regime : str
        Which.
    sentence : str
        What became of the table, in words.
    statement : str
        Which real rows each generation touches.
    chains : int
        Chains that were finished.
    failures : tuple of str
        Why others were not.
    curves : tuple of Curve
        Figures over the generations.
    decays : tuple of DecayAnswer
        One a family.
    drift : tuple of ColumnDrift
        Effective sizes, all columns together first.
    rare_direction : Interval
        Mass of the levels that were rare in D0: sum over generations of what each moved, less the null's.
    rare_z : float or None
        That, in standard errors of the null.
    rare_p : float or None
        Of no direction, over all generations and figures of the arm.
    extinction : tuple of ExtinctionAnswer
        Survival by initial count.
    parts : VarianceParts or None
        Bias, training and sampling; None with a single chain.
    audits : tuple of AuditCurve
        Where audits were asked.
    original_rows, fresh_rows : tuple of int
        Real rows that each generation touched.
    costs : ArmCosts or None
        What it cost.
    """

    synthesizer: str
    regime: str
    sentence: str
    statement: str
    chains: int
    failures: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    decays: tuple[DecayAnswer, ...] = ()
    drift: tuple[ColumnDrift, ...] = ()
    rare_direction: Interval = field(default_factory=Interval)
    rare_z: float | None = None
    rare_p: float | None = None
    extinction: tuple[ExtinctionAnswer, ...] = ()
    parts: VarianceParts | None = None
    audits: tuple[AuditCurve, ...] = ()
    original_rows: tuple[int, ...] = ()
    fresh_rows: tuple[int, ...] = ()
    costs: ArmCosts | None = None
