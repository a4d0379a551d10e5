"""BoardResult: several synthesizers on one table, side by side, each with its intervals over refits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

from synthtab.results.answers import Check, FamilyScore, Section, Verdict
from synthtab.results.arm import Figures, Interval
from synthtab.results.base import JsonResult, PageResult, on_grid
from synthtab.results.plots import BoardPlots
from synthtab.results.shown import ContextAnswer, GuardAction

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BoardCell",
    "BoardCosts",
    "BoardResult",
    "BoardRow",
    "BoardSettings",
    "ContextCount",
    "Difference",
    "FamilyFigure",
    "FinalAnswer",
    "FrontPoint",
    "Recommendation",
    "Role",
]

_DECIMALS = 5


class Role(StrEnum):
    """Why a row is on the board."""

    CONTENDER = "contender"
    BASELINE = "baseline"
    MARK = "mark"


@dataclass(frozen=True)
class FamilyFigure:
    """What one figure of a synthesizer is, and how it is read.

    Parameters
    ----------
    name : str
        Family and metric, e.g. ``rare.coverage``: the name that requirements are written with.
    label : str
        Name for people.
    section : Section
        Its family of questions.
    version : int
        Version of the metric's definition: figures of two versions are not comparable.
    higher_is_better : bool
        Which way is good.
    fresh : float or None
        What fresh real rows score.
    margin : float
        A worsening of more than this matters in practice.
    reason : str
        Why that much.
    explanation : str
        One plain sentence on how to read the figure.
    """

    name: str
    label: str
    section: Section
    version: int
    higher_is_better: bool
    fresh: float | None
    margin: float
    reason: str
    explanation: str


@dataclass(frozen=True)
class BoardCell:
    """One figure of one synthesizer.

    Parameters
    ----------
    mean : Interval
        Mean over refits, and its 95 % interval; without ends where there is one refit.
    values : tuple of float or None
        By seed, in the order of the settings; None where the refit failed or the figure does not apply.
    reason : str
        Why there is no figure, if so.
    """

    mean: Interval
    values: Figures
    reason: str = ""


@dataclass(frozen=True)
class BoardCosts:
    """What fitting and sampling cost, medians over refits; not deterministic.

    Parameters
    ----------
    fit_cpu, fit_wall : float
        Seconds of one fit.
    sample_cpu, sample_wall : float
        Seconds to sample as many rows as were trained on.
    memory : float or None
        Most memory beyond what was held before the fit, in MB; None where the system does not tell.
    """

    fit_cpu: float
    fit_wall: float
    sample_cpu: float
    sample_wall: float
    memory: float | None


@dataclass(frozen=True)
class ContextCount:
    """How many refits may go to one circle of readers.

    Parameters
    ----------
    name, label : str
        Which circle.
    yes, with_notes, no : int
        Refits by the answer of their audit.
    reasons : tuple of str
        What most often speaks against it.
    """

    name: str
    label: str
    yes: int
    with_notes: int
    no: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoardRow:
    """One synthesizer, baseline, or mark.

    Parameters
    ----------
    name : str
        As asked for, e.g. ``tvae(epochs=60)``.
    role : Role
        Why it is on the board.
    explanation : str
        What it is, for baselines and marks.
    fits : int
        Refits that succeeded.
    failures : tuple of str
        Why others did not, each reason once.
    cells : tuple of BoardCell
        In the order of the board's figures; empty when nothing succeeded.
    costs : BoardCosts or None
        None for marks, and when nothing succeeded.
    contexts : tuple of ContextCount
        Where its tables may go.
    releasable : bool
        Whether the synthesizer guards its rows: instruments that do not are never recommended.
    """

    name: str
    role: Role
    explanation: str
    fits: int
    failures: tuple[str, ...] = ()
    cells: tuple[BoardCell, ...] = ()
    costs: BoardCosts | None = None
    contexts: tuple[ContextCount, ...] = ()
    releasable: bool = True


@dataclass(frozen=True)
class Difference:
    """How two rows differ in one figure, paired over seeds.

    Parameters
    ----------
    figure : str
        Name of the figure.
    better, worse : str
        The two rows, by their means.
    by : Interval
        Mean difference, above 0, and its 95 % interval.
    p_value : float or None
        Two-sided, adjusted over all pairs of the figure (Holm); None where it cannot be tested.
    is_real : bool
        Whether it is significant at 5 %.
    matters : bool
        Whether it is larger than the figure's margin.
    """

    figure: str
    better: str
    worse: str
    by: Interval
    p_value: float | None
    is_real: bool
    matters: bool


@dataclass(frozen=True)
class FrontPoint:
    """One row between utility and privacy.

    Parameters
    ----------
    name : str
        The row.
    use : Interval
        What it is good for: higher is better.
    risk : Interval
        Largest advantage of an attacker: lower is better.
    on_front : bool
        Whether no other row is at least as good in both and better in one.
    beaten_by : tuple of str
        Rows that are.
    """

    name: str
    use: Interval
    risk: Interval
    on_front: bool
    beaten_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recommendation:
    """What to take for one circle of readers.

    Parameters
    ----------
    context, label, readers : str
        The circle.
    synthesizer : str
        The row to take; empty when none may go there.
    reasons : tuple of str
        Why, a sentence each.
    """

    context: str
    label: str
    readers: str
    synthesizer: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class FinalAnswer:
    """A recommended synthesizer, fitted anew and audited on real rows that nobody searched on.

    Parameters
    ----------
    synthesizer : str
        The row.
    contexts : tuple of str
        Labels of the circles that it was recommended for.
    seed : int
        Seed of the new fit.
    verdict : Verdict
        Of the whole audit.
    summary : str
        The verdict in words.
    families : tuple of FamilyScore
        On the scale from chance to fresh real data.
    checks : tuple of Check
        Every question and its answer.
    answers : tuple of ContextAnswer
        Whether the new table may go to each circle.
    """

    synthesizer: str
    contexts: tuple[str, ...]
    seed: int
    verdict: Verdict
    summary: str
    families: tuple[FamilyScore, ...]
    checks: tuple[Check, ...]
    answers: tuple[ContextAnswer, ...]


@dataclass(frozen=True)
class BoardSettings:
    """How a board was made.

    Parameters
    ----------
    table : str
        Name of the table.
    seeds : tuple of int
        Refits of each synthesizer.
    train_rows, search_rows, final_rows : int
        Real rows that were learned from, compared with, and kept for the final answer.
    measured_rows : int
        Synthetic rows that fidelity was measured on, of each refit.
    columns : int
        Columns that were scored.
    targets : tuple of str
        What models predict.
    guard : int
        k of the guard; 0 when it was off.
    k : int
        Fewest people that must stand behind a printed figure.
    policy : str
        Name of the policy.
    created : str
        ISO date.
    versions : tuple of tuple of str and str
        Libraries.
    use_figure, risk_figure : str
        The two figures that the front is drawn in.
    """

    table: str
    seeds: tuple[int, ...]
    train_rows: int
    search_rows: int
    final_rows: int
    measured_rows: int
    columns: int
    targets: tuple[str, ...]
    guard: int
    k: int
    policy: str
    created: str
    versions: tuple[tuple[str, str], ...]
    use_figure: str
    risk_figure: str


@dataclass(frozen=True)
class BoardResult(JsonResult, PageResult, BoardPlots):
    """Several synthesizers on one table, side by side.

    Parameters
    ----------
    settings : BoardSettings
        How it was made.
    summary : str
        What to take, in words.
    figures : tuple of FamilyFigure
        Columns of the board.
    rows : tuple of BoardRow
        Contenders, best first; then baselines and marks.
    differences : tuple of Difference
        Every pair of contenders and baselines in every figure.
    front : tuple of FrontPoint
        Rows between utility and privacy.
    recommendations : tuple of Recommendation
        One a circle of readers.
    finals : tuple of FinalAnswer
        The recommended ones on the final split.
    guard : tuple of GuardAction
        What the guard did before fitting.
    notes : tuple of str
        What a reader should know.
    """

    settings: BoardSettings
    summary: str
    figures: tuple[FamilyFigure, ...]
    rows: tuple[BoardRow, ...]
    differences: tuple[Difference, ...]
    front: tuple[FrontPoint, ...]
    recommendations: tuple[Recommendation, ...]
    finals: tuple[FinalAnswer, ...]
    guard: tuple[GuardAction, ...] = ()
    notes: tuple[str, ...] = ()

    def row(self, name: str) -> BoardRow:
        """Give one row by its name.

        Parameters
        ----------
        name : str
            E.g. ``"gaussian_copula"``.

        Returns
        -------
        BoardRow
            The row.

        Raises
        ------
        KeyError
            When there is no such row.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def frame(self) -> pd.DataFrame:
        """Give every figure of every row as a table.

        Returns
        -------
        pandas.DataFrame
            Columns name, role, figure, value, low, high, fresh: one row for each row and figure of the board.
        """
        import pandas as pd

        names = ["name", "role", "figure", "value", "low", "high", "fresh"]
        rows = [
            [
                row.name,
                row.role.value,
                figure.name,
                cell.mean.value,
                cell.mean.low,
                cell.mean.high,
                figure.fresh,
            ]
            for row in self.rows
            for figure, cell in zip(self.figures, row.cells, strict=False)
        ]
        return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[3:], "float64"))

    def seeds_frame(self) -> pd.DataFrame:
        """Give every figure of every refit as a table.

        Returns
        -------
        pandas.DataFrame
            Columns name, seed, figure, value.
        """
        import pandas as pd

        rows = [
            [row.name, seed, figure.name, value]
            for row in self.rows
            for figure, cell in zip(self.figures, row.cells, strict=False)
            for seed, value in zip(self.settings.seeds, cell.values, strict=False)
        ]
        return pd.DataFrame(rows, columns=["name", "seed", "figure", "value"]).astype({"value": "float64"})

    def costs(self) -> pd.DataFrame:
        """Give time and memory as a table; these never repeat.

        Returns
        -------
        pandas.DataFrame
            Columns name, fit_cpu, fit_wall, sample_cpu, sample_wall, memory.
        """
        import pandas as pd

        names = [item.name for item in fields(BoardCosts)]
        rows = [
            [row.name, *(getattr(row.costs, name) for name in names)]
            for row in self.rows
            if row.costs is not None
        ]
        return pd.DataFrame(rows, columns=["name", *names]).astype(dict.fromkeys(names, "float64"))

    def differences_frame(self) -> pd.DataFrame:
        """Give every difference as a table.

        Returns
        -------
        pandas.DataFrame
            Columns figure, better, worse, by, low, high, p_value, is_real, matters.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                [
                    d.figure,
                    d.better,
                    d.worse,
                    d.by.value,
                    d.by.low,
                    d.by.high,
                    d.p_value,
                    d.is_real,
                    d.matters,
                ]
                for d in self.differences
            ],
            columns=["figure", "better", "worse", "by", "low", "high", "p_value", "is_real", "matters"],
        )

    def releasable(self) -> BoardResult:
        """Give the form that may be written to disk.

        Returns
        -------
        BoardResult
            Figures on a grid of five decimals.
        """
        return on_grid(self, _DECIMALS)

    def __str__(self) -> str:
        """Show what to take."""
        lines = [
            f"{item.label}: {item.synthesizer or 'none'}. {' '.join(item.reasons)}"
            for item in self.recommendations
        ]
        return "\n".join([self.summary, *lines])
