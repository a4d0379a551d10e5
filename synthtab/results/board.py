"""BoardResult: several synthesizers on one table, side by side, each with its intervals over refits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from synthtab.results.answers import Check, FamilyScore, Verdict
from synthtab.results.arm import Interval
from synthtab.results.base import JsonResult, PageResult, on_grid
from synthtab.results.board_rows import BoardCosts, BoardRow, FamilyFigure
from synthtab.results.plots import BoardPlots
from synthtab.results.shown import ContextAnswer, GuardAction

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BoardResult",
    "BoardSettings",
    "Difference",
    "FinalAnswer",
    "FrontPoint",
    "Recommendation",
]

_DECIMALS = 5


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
