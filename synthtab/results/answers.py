"""Questions and their answers: sections, statuses, checks, scores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Check", "FamilyScore", "Score", "Section", "Status", "Verdict"]


class Section(StrEnum):
    """A family of questions that an audit answers."""

    SCHEMA = "schema"
    MARGINAL = "marginal"
    ASSOCIATION = "association"
    RARE = "rare"
    TAILS = "tails"
    SUBGROUPS = "subgroups"
    UTILITY = "utility"
    DETECTION = "detection"
    PRIVACY = "privacy"


class Verdict(StrEnum):
    """The answer to 'may we use it?'."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    WARN = "warn"
    FAIL = "fail"

    @classmethod
    def worst(cls, verdicts: list[Verdict]) -> Verdict:
        """Give the worst of several verdicts.

        Parameters
        ----------
        verdicts : list of Verdict
            Any number; none gives a pass.

        Returns
        -------
        Verdict
            Fail before warn before pass.
        """
        order = list(cls)
        return max(verdicts, key=order.index, default=cls.PASS)


class Status(StrEnum):
    """The answer of one check."""

    PASS = "pass"  # noqa: S105 - a status, no password
    WARN = "warn"
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    NOTE = "note"


@dataclass(frozen=True)
class Check:
    """One question with a margin, and its answer.

    Parameters
    ----------
    code : str
        Stable code, e.g. ``STB201``; never renumbered.
    section : Section
        Family of questions.
    name : str
        What is checked, in a few words.
    status : Status
        pass, warn, fail, not_applicable, or note (description only).
    value, low, high : float or None
        The figure and its 95 % interval.
    threshold : float or None
        The practical margin.
    at_least : bool
        Whether the value should be at least (else at most) the threshold.
    reference : float or None
        What fresh real data of the same size would have.
    p_value : float or None
        Adjusted over all checks of the same error budget.
    smallest_seen : float or None
        Smallest departure from fresh real data that this check had an 80 % chance to call significant.
    reason : str
        Why the answer is what it is; holds no value of the table.
    remedy : str
        What to do; empty for a pass.
    columns : tuple of str
        Columns that the answer rests on, worst first.
    releasable : bool
        Whether the figure may be printed or saved; the answer may always.
    """

    code: str
    section: Section
    name: str
    status: Status
    value: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    at_least: bool = True
    reference: float | None = None
    p_value: float | None = None
    smallest_seen: float | None = None
    reason: str = ""
    remedy: str = ""
    columns: tuple[str, ...] = ()
    releasable: bool = True


@dataclass(frozen=True)
class Score:
    """One figure of one metric.

    Parameters
    ----------
    section : Section
        Family of questions.
    metric : str
        Name of the metric, e.g. ``tvd``.
    metric_version : int
        Raised whenever the definition changes: figures of two versions are not comparable.
    columns : tuple of str
        The column, the pair, or none for a whole family.
    value, low, high : float or None
        The figure and its 95 % interval.
    floor : float or None
        What fresh real data of the same size would have.
    chance : float or None
        What a table without the property would have.
    excess : float or None
        ``value - floor``.
    calibrated : float or None
        0 is chance, 1 is fresh real data; only for families.
    releasable : bool
        Whether the figure may be printed or saved.
    """

    section: Section
    metric: str
    metric_version: int
    columns: tuple[str, ...] = ()
    value: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    chance: float | None = None
    excess: float | None = None
    calibrated: float | None = None
    releasable: bool = True


@dataclass(frozen=True)
class FamilyScore:
    """One family on the scale between chance (0) and fresh real data (1).

    Parameters
    ----------
    section : Section
        Family of questions.
    label : str
        Name for people, e.g. ``Associations``.
    calibrated, low, high : float or None
        The score and its 95 % interval; None when not applicable.
    band_low, band_high : float or None
        Where 95 % of fresh real samples of this size fall.
    status : Status
        The section's answer.
    reason : str
        Why it is not applicable, when it is not.
    """

    section: Section
    label: str
    calibrated: float | None
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None
    status: Status
    reason: str = ""
