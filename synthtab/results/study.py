"""StudyResult: what became of a table that was trained on its own copies, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from synthtab.results.answers import Section
from synthtab.results.arm import Arm, ArmCosts, Figures
from synthtab.results.base import JsonResult, PageResult, on_grid
from synthtab.results.plots import StudyPlots
from synthtab.results.shown import GuardAction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChainFigures", "FigureName", "StudyResult", "StudySettings"]

_DECIMALS = 5


@dataclass(frozen=True)
class FigureName:
    """What a figure of a generation is.

    Parameters
    ----------
    section : Section
        Its family of questions.
    metric : str
        Name of the metric.
    columns : tuple of str
        Columns it is about; none for a mean over all.
    floor, chance : float or None
        What fresh real data of the same size, and a table without the property, would score.
    """

    section: Section
    metric: str
    columns: tuple[str, ...] = ()
    floor: float | None = None
    chance: float | None = None


@dataclass(frozen=True)
class ChainFigures:
    """All figures of one chain: internal, left out of what is saved.

    Parameters
    ----------
    synthesizer, regime : str
        Which arm.
    seed : int
        Seed of the chain.
    values : tuple of tuple of float
        A row for each generation, in the order of the study's figures.
    original, fresh : tuple of int
        Real rows that the fit of each generation touched.
    lineages : tuple of str
        What each synthetic table is, as JSON.
    audited : tuple of tuple of (int, str, str, float)
        Generation, section, metric and value of each audited figure.
    """

    synthesizer: str
    regime: str
    seed: int
    values: tuple[tuple[float, ...], ...]
    original: tuple[int, ...]
    fresh: tuple[int, ...]
    lineages: tuple[str, ...]
    audited: tuple[tuple[int, str, str, float], ...] = ()


@dataclass(frozen=True)
class StudySettings:
    """How a study was run.

    Parameters
    ----------
    generations : int
        Length of the chains.
    seeds : tuple of int
        Chains of each arm.
    rows, growth, measured : int
        Rows a generation, growth of an accumulated table, rows measured.
    original_rows, holdout_rows, pool_rows, verifier_rows : int
        Real rows.
    columns : int
        Columns that are learned.
    rare_levels : int
        Levels that 1 to 20 rows of D0 hold.
    null_chains : int
        Chains of the drift null of each regime.
    guard : int
        k of the guard; 0 when it was off.
    watts : float
        Taken for the power of one busy core.
    table : str
        Name of the table.
    versions : tuple of tuple of str and str
        Libraries.
    """

    generations: int
    seeds: tuple[int, ...]
    rows: int
    growth: int
    measured: int
    original_rows: int
    holdout_rows: int
    pool_rows: int
    verifier_rows: int
    columns: int
    rare_levels: int
    null_chains: int
    guard: int
    watts: float
    table: str
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StudyResult(JsonResult, PageResult, StudyPlots):
    """What became of a table that was trained on its own copies.

    Parameters
    ----------
    settings : StudySettings
        How it was found.
    arms : tuple of Arm
        Each synthesizer under each regime.
    figures : tuple of FigureName
        What the columns of the chains' figures are.
    guard : tuple of GuardAction
        What was done to the real rows, once, before the first generation.
    guard_cost : float
        Mean over columns of the total variation distance between D0 after and before the guard.
    notes : tuple of str
        What a reader should know.
    chains : tuple of ChainFigures
        Figures of every chain; in memory only.
    """

    settings: StudySettings
    arms: tuple[Arm, ...]
    figures: tuple[FigureName, ...]
    guard: tuple[GuardAction, ...] = ()
    guard_cost: float = 0.0
    notes: tuple[str, ...] = ()
    chains: tuple[ChainFigures, ...] = ()

    @property
    def verdict(self) -> str:
        """What became of the table, a line for each arm."""
        return "\n".join(f"{arm.synthesizer}, {arm.regime}: {arm.sentence}" for arm in self.arms)

    def arm(self, synthesizer: str, regime: str) -> Arm:
        """Give one arm.

        Parameters
        ----------
        synthesizer, regime : str
            As they are shown, e.g. ``"tvae"`` and ``"fresh_mix(0.1)"``.

        Returns
        -------
        Arm
            The arm.

        Raises
        ------
        KeyError
            When the study has none of that name.
        """
        for arm in self.arms:
            if (arm.synthesizer, arm.regime) == (synthesizer, regime):
                return arm
        raise KeyError((synthesizer, regime))

    def frame(self) -> pd.DataFrame:
        """Give every figure of every chain as a table; the same bytes for the same study, but in memory only.

        Returns
        -------
        pandas.DataFrame
            Columns synthesizer, regime, seed, generation, section, metric, columns, value, floor, chance.
            Audited figures follow the counted ones of their chain.
        """
        import pandas as pd

        rows: list[tuple[object, ...]] = []
        for chain in self.chains:
            arm = (chain.synthesizer, chain.regime, chain.seed)
            for generation, values in enumerate(chain.values, start=1):
                rows += [
                    (
                        *arm,
                        generation,
                        name.section.value,
                        name.metric,
                        " × ".join(name.columns),
                        value,
                        name.floor,
                        name.chance,
                    )
                    for name, value in zip(self.figures, values, strict=True)
                ]
            rows += [
                (*arm, generation, section, metric, "", value, None, None)
                for generation, section, metric, value in chain.audited
            ]
        names = ["synthesizer", "regime", "seed", "generation", "section", "metric", "columns"]
        numbers = ["value", "floor", "chance"]
        return pd.DataFrame(rows, columns=[*names, *numbers]).astype(dict.fromkeys(numbers, "float64"))

    def curves_frame(self) -> pd.DataFrame:
        """Give the mean curves of each arm beside the drift null.

        Returns
        -------
        pandas.DataFrame
            Columns synthesizer, regime, section, metric, generation, mean, low, high, null_mean, null_low,
            null_high, floor, chance, p_drift.
        """
        import pandas as pd

        parts = ("mean", "low", "high", "null_mean", "null_low", "null_high")
        rows = [
            (
                arm.synthesizer,
                arm.regime,
                curve.section.value,
                curve.metric,
                g + 1,
                *(_at(getattr(curve, part), g) for part in parts),
                curve.floor,
                curve.chance,
                curve.p_drift,
            )
            for arm in self.arms
            for curve in arm.curves
            for g in range(len(curve.mean))
        ]
        names = ["synthesizer", "regime", "section", "metric", "generation"]
        numbers = [*parts, "floor", "chance", "p_drift"]
        return pd.DataFrame(rows, columns=[*names, *numbers]).astype(dict.fromkeys(numbers, "float64"))

    def drift(self) -> pd.DataFrame:
        """Give the effective size of each column in each arm.

        Returns
        -------
        pandas.DataFrame
            Columns synthesizer, regime, column (empty for all together), ratio, low, high.
        """
        import pandas as pd

        numbers = ["ratio", "low", "high"]
        rows = [
            (arm.synthesizer, arm.regime, d.column, d.ratio.value, d.ratio.low, d.ratio.high)
            for arm in self.arms
            for d in arm.drift
        ]
        table = pd.DataFrame(rows, columns=["synthesizer", "regime", "column", *numbers])
        return table.astype(dict.fromkeys(numbers, "float64"))

    def real_rows(self) -> pd.DataFrame:
        """Give the real rows that each generation touched: what privacy costs are added up from.

        Returns
        -------
        pandas.DataFrame
            Columns synthesizer, regime, generation, original, fresh.
        """
        import pandas as pd

        rows = [
            (arm.synthesizer, arm.regime, g + 1, original, fresh)
            for arm in self.arms
            for g, (original, fresh) in enumerate(zip(arm.original_rows, arm.fresh_rows, strict=True))
        ]
        return pd.DataFrame(rows, columns=["synthesizer", "regime", "generation", "original", "fresh"])

    def costs(self) -> pd.DataFrame:
        """Give what each arm cost; apart from `frame`, because it is never the same twice.

        Returns
        -------
        pandas.DataFrame
            Columns synthesizer, regime, fit, sample, measure (CPU seconds a generation), wall (seconds a
            generation), watt_hours (all chains).
        """
        import pandas as pd

        names = [item.name for item in fields(ArmCosts)]
        rows = [
            (arm.synthesizer, arm.regime, *(getattr(arm.costs, name) for name in names))
            for arm in self.arms
            if arm.costs is not None
        ]
        return pd.DataFrame(rows, columns=["synthesizer", "regime", *names])

    def releasable(self) -> StudyResult:
        """Give the form that may be written to disk: arms on a grid, no single chain.

        Returns
        -------
        StudyResult
            Without `chains`.
        """
        return replace(
            self,
            arms=on_grid(self.arms, _DECIMALS),
            figures=on_grid(tuple(name for name in self.figures if not name.columns), _DECIMALS),
            guard_cost=round(self.guard_cost, _DECIMALS),
            chains=(),
        )

    def __str__(self) -> str:
        """Show what became of the table."""
        return self.verdict


def _at(values: Figures, position: int) -> float | None:
    return values[position] if position < len(values) else None
