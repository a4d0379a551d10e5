"""Baseline and GateResult: what a synthesizer choice was worth when recorded, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from synthtab.results.answers import Section
from synthtab.results.arm import Interval
from synthtab.results.base import JsonResult, PageResult, on_grid
from synthtab.results.plots import GatePlots

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Baseline",
    "BaselineColumn",
    "BaselineFigure",
    "Change",
    "GateFigure",
    "GateResult",
    "GateStatus",
    "RequirementAnswer",
]

_DECIMALS = 5


class GateStatus(StrEnum):
    """The answer of a gate, or of one of its figures."""

    PASS = "pass"  # noqa: S105 - a status, no password
    WARN = "warn"
    FAIL = "fail"
    INCOMPARABLE = "incomparable"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class BaselineFigure:
    """One figure when it was recorded.

    Parameters
    ----------
    name : str
        E.g. ``rare.coverage``.
    version : int
        Version of the metric's definition.
    mean : float or None
        Over refits; None where it did not apply.
    spread : float or None
        Standard deviation over refits; None with fewer than two.
    values : tuple of float
        One a seed; empty where the figure stands in requirements alone and is not compared.
    """

    name: str
    version: int
    mean: float | None
    spread: float | None
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class BaselineColumn:
    """What may be told of one column, so that a later run can say whether the data changed.

    Parameters
    ----------
    name : str
        Column name.
    kind : str
        Its kind in the schema.
    digest : str
        Hash of its suppressed counts: no real value can be confirmed by it.
    """

    name: str
    kind: str
    digest: str


@dataclass(frozen=True)
class Baseline(JsonResult):
    """What a synthesizer choice was worth when it was recorded; small, and free of real values.

    Parameters
    ----------
    table : str
        Name of the table.
    synthesizer : str
        Registered name.
    params : tuple of tuple of str and (str, int, float, bool or None)
        Its parameters, by name.
    seeds : tuple of int
        Refits.
    guard : int
        k of the guard; 0 when it was off.
    train_rows, holdout_rows, measured_rows : int
        Real rows learned from and compared with, and synthetic rows measured of each refit.
    targets : tuple of str
        What models predicted.
    schema : str
        Public hash of the schema.
    data : str
        Digest of the suppressed profile of all real rows.
    columns : tuple of BaselineColumn
        The same, column by column.
    figures : tuple of BaselineFigure
        At most eight.
    require : tuple of tuple of str and str
        Absolute requirements: name and bound, e.g. ``("rare.coverage", ">=0.9")``.
    versions : tuple of tuple of str and str
        Libraries.
    """

    table: str
    synthesizer: str
    params: tuple[tuple[str, str | int | float | bool | None], ...]
    seeds: tuple[int, ...]
    guard: int
    train_rows: int
    holdout_rows: int
    measured_rows: int
    targets: tuple[str, ...]
    schema: str
    data: str
    columns: tuple[BaselineColumn, ...]
    figures: tuple[BaselineFigure, ...]
    require: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]

    def releasable(self) -> Baseline:
        """Give the form that may be written to disk.

        Returns
        -------
        Baseline
            Figures on a grid of five decimals.
        """
        return on_grid(self, _DECIMALS)


@dataclass(frozen=True)
class Change:
    """Something that is not as it was when the baseline was recorded.

    Parameters
    ----------
    kind : str
        ``data``, ``schema``, ``library``, ``synthesizer``, ``parameters``, ``seeds``, ``guard``, ``rows``,
        ``targets`` or ``metric``.
    text : str
        What changed, in a sentence.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class GateFigure:
    """One figure then and now.

    Parameters
    ----------
    name, label : str
        E.g. ``rare.coverage``, and its name for people.
    section : Section
        Its family of questions.
    status : GateStatus
        fail: worse, significantly and beyond the margin. warn: significantly worse within the margin, or too
        noisy to see twice the margin. incomparable: the metric's definition changed.
    higher_is_better : bool
        Which way is good.
    fresh : float or None
        What fresh real rows score.
    before, now : float or None
        Means over refits.
    spread_before, spread_now : float or None
        Standard deviations over refits.
    worsening : Interval
        How much worse it got (below 0: better), with its 95 % interval.
    margin : float
        A worsening that matters.
    p_value : float or None
        One-sided, adjusted over the gate's figures (Holm).
    detectable : float or None
        Smallest worsening that this gate would call a failure with 80 % chance.
    reason : str
        Why the status is what it is, in a sentence.
    """

    name: str
    label: str
    section: Section
    status: GateStatus
    higher_is_better: bool
    fresh: float | None
    before: float | None
    now: float | None
    spread_before: float | None
    spread_now: float | None
    worsening: Interval
    margin: float
    p_value: float | None
    detectable: float | None
    reason: str


@dataclass(frozen=True)
class RequirementAnswer:
    """Whether an absolute requirement holds.

    Parameters
    ----------
    name, label : str
        Figure.
    bound : str
        E.g. ``>=0.9``.
    value : float or None
        What was found, over refits; None where it does not apply.
    status : GateStatus
        pass or fail; a figure that cannot be had fails.
    reason : str
        In a sentence.
    """

    name: str
    label: str
    bound: str
    value: float | None
    status: GateStatus
    reason: str


@dataclass(frozen=True)
class GateResult(JsonResult, PageResult, GatePlots):
    """What became of a synthesizer choice since it was recorded.

    Parameters
    ----------
    status : GateStatus
        pass, warn, fail or incomparable.
    summary : str
        In words.
    table : str
        Name of the table.
    synthesizer_before, synthesizer_now : str
        What was recorded and what was fitted now.
    seeds_before, seeds_now : tuple of int
        Refits.
    test : str
        How figures were compared, e.g. ``paired over 5 seeds``.
    figures : tuple of GateFigure
        Worst first.
    requirements : tuple of RequirementAnswer
        Absolute requirements.
    changes : tuple of Change
        What is not as it was.
    power : str
        What this gate can and cannot see, in a sentence or two.
    versions : tuple of tuple of str and str
        Libraries now.
    """

    status: GateStatus
    summary: str
    table: str
    synthesizer_before: str
    synthesizer_now: str
    seeds_before: tuple[int, ...]
    seeds_now: tuple[int, ...]
    test: str
    figures: tuple[GateFigure, ...]
    requirements: tuple[RequirementAnswer, ...]
    changes: tuple[Change, ...]
    power: str
    versions: tuple[tuple[str, str], ...]

    def figure(self, name: str) -> GateFigure:
        """Give one figure by its name.

        Parameters
        ----------
        name : str
            E.g. ``"rare.coverage"``.

        Returns
        -------
        GateFigure
            The figure.

        Raises
        ------
        KeyError
            When the gate did not ask it.
        """
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)

    def frame(self) -> pd.DataFrame:
        """Give every figure as a table.

        Returns
        -------
        pandas.DataFrame
            Columns name, status, before, now, worsening, low, high, margin, p_value, detectable.
        """
        import pandas as pd

        names = [
            "name",
            "status",
            "before",
            "now",
            "worsening",
            "low",
            "high",
            "margin",
            "p_value",
            "detectable",
        ]
        rows = [
            [
                f.name,
                f.status.value,
                f.before,
                f.now,
                f.worsening.value,
                f.worsening.low,
                f.worsening.high,
                f.margin,
                f.p_value,
                f.detectable,
            ]
            for f in self.figures
        ]
        return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[2:], "float64"))

    def releasable(self) -> GateResult:
        """Give the form that may be written to disk.

        Returns
        -------
        GateResult
            Figures on a grid of five decimals.
        """
        return on_grid(self, _DECIMALS)

    def __str__(self) -> str:
        """Show the answer in words."""
        return f"{self.status.value.upper()}: {self.summary}"
