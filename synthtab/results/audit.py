"""AuditResult: what an audit found, ready to be judged, printed, saved and shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import pandas as pd

from synthtab.results.answers import Check, FamilyScore, Score, Section, Status, Verdict
from synthtab.results.base import JsonResult, PageResult
from synthtab.results.internal import InternalDetail
from synthtab.results.plots import AuditPlots
from synthtab.results.provenance import Provenance
from synthtab.results.shown import (
    AssociationChange,
    AssociationMatrix,
    Attack,
    ContextAnswer,
    Distribution,
    GuardAction,
    LogicRule,
    ModelComparison,
    RareBand,
    RareGroup,
    Release,
    Subgroup,
    VulnerableRecord,
)

__all__ = ["AuditResult"]


@dataclass(frozen=True)
class AuditResult(JsonResult, PageResult, AuditPlots):
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
    rare_bands : tuple of RareBand
        Rare categories pooled by how many training rows hold them.
    association_changes : tuple of AssociationChange
        Findings that were lost, invented or turned round, largest first.
    logic : tuple of LogicRule
        Rules that real rows obey, most broken first.
    subgroups : tuple of Subgroup
        Levels of the chosen columns, worst first.
    models : tuple of ModelComparison
        Models trained on synthetic, real, and both.
    releases : tuple of Release
        When several tables from one source were audited together, each on its own.
    contexts : tuple of ContextAnswer
        Whether the table may go to colleagues, partners, the public.
    vulnerable : tuple of VulnerableRecord
        The training rows that stand most alone, worst first; in memory and in internal files only.
    detail : InternalDetail or None
        Exact counts and levels by name; in memory and in internal files only.
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
    rare_bands: tuple[RareBand, ...] = ()
    association_changes: tuple[AssociationChange, ...] = ()
    logic: tuple[LogicRule, ...] = ()
    subgroups: tuple[Subgroup, ...] = ()
    models: tuple[ModelComparison, ...] = ()
    releases: tuple[Release, ...] = ()
    contexts: tuple[ContextAnswer, ...] = ()
    vulnerable: tuple[VulnerableRecord, ...] = ()
    detail: InternalDetail | None = None

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
        names = [
            "section",
            "metric",
            "columns",
            "value",
            "low",
            "high",
            "floor",
            "chance",
            "excess",
            "calibrated",
        ]
        rows = [
            [
                s.section.value,
                s.metric,
                " × ".join(s.columns),
                *(getattr(s, name) for name in names[3:]),
                s.metric_version,
            ]
            for s in self.scores
        ]
        table = pd.DataFrame(rows, columns=[*names, "metric_version"])
        return table.astype(dict.fromkeys(names[3:], "float64"))

    def context(self, name: str) -> ContextAnswer:
        """Give the answer for one circle of readers.

        Parameters
        ----------
        name : str
            ``same_team``, ``partners`` or ``public``, or a circle of the policy's own.

        Returns
        -------
        ContextAnswer
            The answer.

        Raises
        ------
        KeyError
            When the policy knows no such circle.
        """
        for context in self.contexts:
            if context.name == name:
                return context
        raise KeyError(name)

    def vulnerable_frame(self) -> pd.DataFrame:
        """Give the training rows that stand most alone, by row number: an internal table.

        Returns
        -------
        pandas.DataFrame
            Columns row, isolation, nearest_synthetic, membership_score; empty for a result read from a file.
        """
        return _frame_of(VulnerableRecord, self.vulnerable).astype({"row": "int64"})

    def checks_frame(self) -> pd.DataFrame:
        """Give every check as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each check, its fields as columns.
        """
        return _frame_of(Check, self.checks)

    def releasable(self) -> AuditResult:
        """Give the form that may be written to disk.

        Returns
        -------
        AuditResult
            Figures on a grid of four decimals; those that too few people stand behind left out.
        """
        kept = replace(
            self,
            scores=tuple(score for score in self.scores if score.releasable),
            checks=tuple(_without_figure(check) for check in self.checks),
            distributions=tuple(_without_withheld(drawn) for drawn in self.distributions),
            logic=tuple(_without_text(rule) for rule in self.logic),
            vulnerable=(),
            detail=None,
        )
        return _rounded_to(kept, _GRID_DECIMALS, _JOINT_DECIMALS)

    def in_full(self) -> AuditResult:
        """Give the form that only those may see who hold the real table.

        Returns
        -------
        AuditResult
            Every figure, releasable or not, with the levels by name and the rows that stand alone. What may
            not be printed is still marked, so that `releasable` leaves it out.
        """
        return _rounded_to(self, _FULL_DECIMALS, _FULL_DECIMALS)

    def __str__(self) -> str:
        """Show the verdict, its summary and the checks that decided it."""
        decided = [check for check in self.checks if check.status.value == self.verdict.value]
        lines = [
            f"{check.code} {check.name}: {check.reason}"
            for check in decided
            if self.verdict is not Verdict.PASS
        ]
        return "\n".join([f"{self.verdict.value.upper()}: {self.summary}", *lines])


def _frame_of(
    kind: type[Check | VulnerableRecord], items: Sequence[Check | VulnerableRecord]
) -> pd.DataFrame:
    """Give one row an item, its fields as columns."""
    names = [item.name for item in fields(kind)]
    return pd.DataFrame([[getattr(item, name) for name in names] for item in items], columns=names)


_GRID_DECIMALS = 4
# several figures of one pair to four decimals would tell its cells in small tables
_JOINT_DECIMALS = 3
_FULL_DECIMALS = 12
_Figured = TypeVar("_Figured", Score, Check, Attack)


def _rounded_to(result: AuditResult, decimals: int, joint_decimals: int) -> AuditResult:
    """Round every figure; those of several columns together to fewer decimals."""
    return replace(
        result,
        scores=tuple(
            _with_rounded(score, joint_decimals if len(score.columns) > 1 else decimals)
            for score in result.scores
        ),
        checks=tuple(_with_rounded(check, decimals) for check in result.checks),
        attacks=tuple(_with_rounded(attack, decimals) for attack in result.attacks),
        subgroups=tuple(_with_held(group, decimals) for group in result.subgroups),
        models=tuple(_with_held(model, decimals) for model in result.models),
        rare_bands=tuple(_with_held(band, decimals) for band in result.rare_bands),
        association_changes=tuple(_with_held(change, decimals) for change in result.association_changes),
    )


def _with_rounded(item: _Figured, decimals: int) -> _Figured:
    """Round every figure; one that is not finite is none."""
    figures = {
        part.name: round(float(value), decimals) if math.isfinite(value) else None
        for part in fields(item)
        if isinstance(value := getattr(item, part.name), float)
    }
    return replace(item, **figures)  # type: ignore[arg-type] # figures only


def _without_figure(check: Check) -> Check:
    return check if check.releasable else replace(check, value=None, low=None, high=None, reference=None)


def _without_withheld(drawn: Distribution) -> Distribution:
    # a band of noise tells the share that it is drawn around
    cells = tuple(replace(cell, noise=0.0) if cell.real is None else cell for cell in drawn.cells)
    if drawn.score_suppressed:
        return replace(drawn, cells=cells, score=None, low=None, high=None)
    return replace(drawn, cells=cells)


_Shown = TypeVar("_Shown", Subgroup, ModelComparison, RareBand, AssociationChange)
# an interval without an end is drawn to the end of the axis
_ENDLESS = 1_000.0


def _with_held(shown: _Shown, decimals: int) -> _Shown:
    """Round every figure; one that is not finite becomes one that JSON can hold."""
    figures = {}
    for item in fields(shown):
        value = getattr(shown, item.name)
        if isinstance(value, float):
            held = 0.0 if math.isnan(value) else min(max(value, -_ENDLESS), _ENDLESS)
            figures[item.name] = round(held, decimals)
    return replace(shown, **figures)  # type: ignore[arg-type]


def _without_text(rule: LogicRule) -> LogicRule:
    if rule.releasable:
        return rule
    return replace(rule, text=f"a rule that ties levels of {' and '.join(rule.columns)}; not shown")
