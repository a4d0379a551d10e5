"""AuditResult: what an audit found, ready to be judged, printed, saved and shown."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TypeVar

import pandas as pd

from synthtab.results.base import JsonResult, PageResult

__all__ = [
    "AssociationMatrix",
    "Attack",
    "AuditResult",
    "Cell",
    "Check",
    "Distribution",
    "FamilyScore",
    "GuardAction",
    "Provenance",
    "RareGroup",
    "Score",
    "Section",
    "Status",
    "Verdict",
]


class Section(StrEnum):
    """A family of questions that an audit answers."""

    SCHEMA = "schema"
    MARGINAL = "marginal"
    ASSOCIATION = "association"
    RARE = "rare"
    TAILS = "tails"
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


@dataclass(frozen=True)
class Cell:
    """One bar of a distribution; shares are rounded, and None where too few people stand behind them.

    Parameters
    ----------
    label : str
        Level, or interval in words.
    real : float or None
        Share of the reference rows.
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
        In order along the axis, missing values last.
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


@dataclass(frozen=True)
class AuditResult(JsonResult, PageResult):
    """What an audit found.

    Parameters
    ----------
    verdict : Verdict
        pass, warn or fail.
    summary : str
        The verdict in words.
    checks : tuple of Check
        Every question and its answer, by code.
    scores : tuple of Score
        Every figure.
    families : tuple of FamilyScore
        Each family on one scale.
    distributions : tuple of Distribution
        Each column, worst first.
    rare : tuple of RareGroup
        The ladder of rare categories.
    associations : AssociationMatrix or None
        Strengths, real and synthetic.
    attacks : tuple of Attack
        What was tried against the people behind the table.
    guard : tuple of GuardAction
        What the guard did before fitting.
    provenance : Provenance
        Where the tables came from.
    limits : tuple of str
        What this audit cannot say, in plain sentences.
    """

    verdict: Verdict
    summary: str
    checks: tuple[Check, ...]
    scores: tuple[Score, ...]
    families: tuple[FamilyScore, ...]
    distributions: tuple[Distribution, ...]
    rare: tuple[RareGroup, ...]
    associations: AssociationMatrix | None
    attacks: tuple[Attack, ...]
    guard: tuple[GuardAction, ...]
    provenance: Provenance
    limits: tuple[str, ...]

    def section_verdict(self, section: Section | str) -> Verdict | Status:
        """Give the verdict of one section.

        Parameters
        ----------
        section : Section or str
            E.g. ``"privacy"``.

        Returns
        -------
        Verdict or Status
            The worst answer of its checks; ``Status.NOT_APPLICABLE`` when none could be asked.
        """
        own = [check.status for check in self.checks if check.section == Section(section)]
        asked = [Verdict(status.value) for status in own if status in (Status.PASS, Status.WARN, Status.FAIL)]
        return Verdict.worst(asked) if asked else Status.NOT_APPLICABLE

    def check(self, code: str) -> Check:
        """Give one check by its code.

        Parameters
        ----------
        code : str
            E.g. ``"STB201"``.

        Returns
        -------
        Check
            The check.

        Raises
        ------
        KeyError
            When this audit did not ask it.
        """
        for check in self.checks:
            if check.code == code:
                return check
        raise KeyError(code)

    def frame(self) -> pd.DataFrame:
        """Give every figure as a table; in memory nothing is suppressed.

        Returns
        -------
        pandas.DataFrame
            Columns section, metric, columns, value, low, high, floor, chance, excess, calibrated,
            metric_version.
        """
        names = ["section", "metric", "columns", "value", "low", "high", "floor", "chance", "excess", "calibrated"]
        rows = [
            [s.section.value, s.metric, " × ".join(s.columns), *(getattr(s, name) for name in names[3:]), s.metric_version]
            for s in self.scores
        ]
        table = pd.DataFrame(rows, columns=[*names, "metric_version"])
        return table.astype(dict.fromkeys(names[3:], "float64"))

    def checks_frame(self) -> pd.DataFrame:
        """Give every check as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each check, its fields as columns.
        """
        names = [item.name for item in fields(Check)]
        rows = [[getattr(check, name) for name in names] for check in self.checks]
        return pd.DataFrame(rows, columns=names)

    def releasable(self) -> AuditResult:
        """Give the form that may be written to disk.

        Returns
        -------
        AuditResult
            Figures on a grid of four decimals; those that too few people stand behind left out.
        """
        return replace(
            self,
            scores=tuple(_on_grid(score) for score in self.scores if score.releasable),
            checks=tuple(_on_grid(check) for check in self.checks),
        )

    def __str__(self) -> str:
        """Show the verdict, its summary and the checks that decided it."""
        decided = [check for check in self.checks if check.status.value == self.verdict.value]
        lines = [f"{check.code} {check.name}: {check.reason}" for check in decided if self.verdict is not Verdict.PASS]
        return "\n".join([f"{self.verdict.value.upper()}: {self.summary}", *lines])


_GRID_DECIMALS = 4
_ResultPart = TypeVar("_ResultPart", Score, Check)


def _on_grid(part: _ResultPart) -> _ResultPart:
    rounded = {
        item.name: round(value, _GRID_DECIMALS)
        for item in fields(part)
        if isinstance(value := getattr(part, item.name), float)
    }
    return replace(part, **rounded)
