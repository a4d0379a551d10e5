"""StudyResult: what became of a table that was trained on its own copies, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from synthtab.results.answers import Section
from synthtab.results.base import JsonResult, PageResult
from synthtab.results.shown import GuardAction

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Arm",
    "ArmCosts",
    "AuditCurve",
    "ChainFigures",
    "ColumnDrift",
    "Curve",
    "DecayAnswer",
    "ExtinctionAnswer",
    "FigureName",
    "Interval",
    "StudyResult",
    "StudySettings",
    "VarianceParts",
]

_DECIMALS = 5

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
    rare_p: float | None = None
    extinction: tuple[ExtinctionAnswer, ...] = ()
    parts: VarianceParts | None = None
    audits: tuple[AuditCurve, ...] = ()
    original_rows: tuple[int, ...] = ()
    fresh_rows: tuple[int, ...] = ()
    costs: ArmCosts | None = None


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
class StudyResult(JsonResult, PageResult):
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
            arms=tuple(_on_grid(arm) for arm in self.arms),
            figures=tuple(_on_grid(name) for name in self.figures if not name.columns),
            guard_cost=round(self.guard_cost, _DECIMALS),
            chains=(),
        )

    def __str__(self) -> str:
        """Show what became of the table."""
        return self.verdict


def _at(values: Figures, position: int) -> float | None:
    return values[position] if position < len(values) else None


_Item = TypeVar("_Item")


def _on_grid(item: _Item) -> _Item:
    """Round every figure in a result, however deep it lies."""
    if isinstance(item, float):
        return round(item, _DECIMALS)  # type: ignore[return-value] # a float, as it was
    if isinstance(item, tuple):
        return tuple(_on_grid(part) for part in item)  # type: ignore[return-value] # a tuple, as it was
    if is_dataclass(item) and not isinstance(item, type):
        return replace(item, **{part.name: _on_grid(getattr(item, part.name)) for part in fields(item)})
    return item
