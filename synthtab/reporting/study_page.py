"""One study as a page: what became of the table first, then what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.reporting.study_arms import Roster, headline, overview, regime_groups
from synthtab.reporting.study_costs import cost_rows, parts_view, touched_rows
from synthtab.reporting.study_curves import FIRST_METRICS, metric_figures
from synthtab.reporting.study_decays import audit_figures, audit_grids, decay_figures
from synthtab.reporting.study_drift import forest_views, pooled_strips, pooled_table
from synthtab.reporting.study_model import (
    CostRow,
    DecayFigure,
    ForestView,
    Grid,
    MetricFigure,
    OverviewRow,
    PartsView,
    RegimeGroup,
    Series,
    StripGroup,
    SurvivalView,
)
from synthtab.reporting.study_rare import direction_table, survival_view
from synthtab.reporting.text import clean, figure, plural
from synthtab.reporting.viewmodel import FactRow, NavItem
from synthtab.results import StudyResult, StudySettings

__all__ = ["StudyPage", "study_page"]

_LONGEST = 2_000
_FIRST_DECAYS = 2
_FEW_CHAINS = 10


@dataclass(frozen=True)
class StudyPage:
    """The page of one study.

    Parameters
    ----------
    title : str
        Table that was trained on its own copies.
    meta : tuple of str
        Generations, chains, rows.
    headline : str
        The verdict in a sentence or two.
    nav : tuple of NavItem
        Contents.
    series : tuple of Series
        Synthesizers.
    groups : tuple of RegimeGroup
        What became of the table, by regime.
    method, notes, limits : tuple of str
        What was done, what a reader should know, what the study cannot say.
    guard : tuple of FactRow
        What the guard did.
    guard_cost : str
        What it cost, in a sentence.
    overview : tuple of OverviewRow
        Each arm in a line.
    generations : int
        Length of the chains.
    metrics, more_metrics : tuple of MetricFigure
        The families, and what else was measured.
    has_chance : bool
        Whether any panel has a line for chance.
    decays, more_decays : tuple of DecayFigure
        Misfit and decay: what is said first, and the rest.
    survival : SurvivalView or None
        Rare levels.
    direction : Grid or None
        Whether their mass keeps moving one way.
    pooled : tuple of StripGroup
        Effective sizes of arms, by regime.
    pooled_table : Grid
        The table behind them.
    forests : tuple of ForestView
        Effective sizes of columns.
    parts : PartsView or None
        Bias, training and sampling.
    audit_figures : tuple of DecayFigure
        Families that audits put on the scale from chance to fresh real data.
    audits : tuple of Grid
        Figures of audits, by section.
    costs : tuple of CostRow
        Time and energy.
    touched : tuple of FactRow
        Real rows that each generation touched, by regime.
    provenance, versions : tuple of FactRow
        How the study was run; libraries.
    """

    title: str
    meta: tuple[str, ...]
    headline: str
    nav: tuple[NavItem, ...]
    series: tuple[Series, ...]
    groups: tuple[RegimeGroup, ...]
    method: tuple[str, ...]
    notes: tuple[str, ...]
    limits: tuple[str, ...]
    guard: tuple[FactRow, ...]
    guard_cost: str
    overview: tuple[OverviewRow, ...]
    generations: int
    metrics: tuple[MetricFigure, ...]
    more_metrics: tuple[MetricFigure, ...]
    has_chance: bool
    decays: tuple[DecayFigure, ...]
    more_decays: tuple[DecayFigure, ...]
    survival: SurvivalView | None
    direction: Grid | None
    pooled: tuple[StripGroup, ...]
    pooled_table: Grid
    forests: tuple[ForestView, ...]
    parts: PartsView | None
    audit_figures: tuple[DecayFigure, ...]
    audits: tuple[Grid, ...]
    costs: tuple[CostRow, ...]
    touched: tuple[FactRow, ...]
    provenance: tuple[FactRow, ...]
    versions: tuple[FactRow, ...]


def study_page(result: StudyResult) -> StudyPage:
    """Turn a study into the page of it.

    Parameters
    ----------
    result : StudyResult
        Its releasable form.

    Returns
    -------
    StudyPage
        Plain strings and numbers.
    """
    settings = result.settings
    generations = settings.generations
    roster = Roster.of(result.arms)
    metrics = metric_figures(roster, generations)
    first = sum(curve in FIRST_METRICS for curve in dict.fromkeys(c.metric for a in roster for c in a.curves))
    first = first or min(len(metrics), 2)
    decays = decay_figures(roster, generations)
    survival = survival_view(roster, generations)
    parts = parts_view(roster, generations)
    audits = audit_grids(roster)
    return StudyPage(
        title=clean(settings.table) if settings.table else "A table",
        meta=_meta(settings, len(result.arms)),
        headline=headline(result),
        nav=_nav(has_parts=parts is not None, has_audits=bool(audits)),
        series=tuple(roster.series.values()),
        groups=regime_groups(roster, len(settings.seeds)),
        method=_method(settings),
        notes=tuple(clean(note, _LONGEST) for note in result.notes),
        limits=_limits(settings),
        guard=tuple(FactRow(clean(item.column), clean(item.action, _LONGEST)) for item in result.guard),
        guard_cost=_guard_cost(result),
        overview=overview(roster, generations),
        generations=generations,
        metrics=metrics[:first],
        more_metrics=metrics[first:],
        has_chance=any(
            line.css == "chance" for metric in metrics for panel in metric.panels for line in panel.levels
        ),
        decays=decays[:_FIRST_DECAYS],
        more_decays=decays[_FIRST_DECAYS:],
        survival=survival,
        direction=direction_table(roster),
        pooled=pooled_strips(roster),
        pooled_table=pooled_table(roster),
        forests=forest_views(roster),
        parts=parts,
        audit_figures=audit_figures(roster),
        audits=audits,
        costs=cost_rows(roster),
        touched=touched_rows(roster),
        provenance=_provenance(settings),
        versions=tuple(FactRow(clean(name), clean(version)) for name, version in settings.versions),
    )


def _meta(settings: StudySettings, arms: int) -> tuple[str, ...]:
    return (
        plural(arms, "arm"),
        plural(settings.generations, "generation"),
        f"{plural(len(settings.seeds), 'chain')} an arm",
        f"{settings.original_rows:,} real rows",
        f"{settings.holdout_rows:,} held out",
        plural(settings.columns, "column"),
    )


def _method(settings: StudySettings) -> tuple[str, ...]:
    """Say in plain words what was done."""
    chains = len(settings.seeds)
    seeds = "seeds that all arms share. Bands and intervals are over chains"
    if chains == 1:
        seeds = "a seed that all arms share, so that nothing has an interval"
    told = [
        (
            f"Each synthesizer was fitted on {settings.original_rows:,} real rows of "
            f"{plural(settings.columns, 'column')}, and {settings.rows:,} synthetic rows were sampled from "
            "it. Then it was fitted again on what the regime hands on, and so forth for "
            f"{plural(settings.generations, 'generation')}."
        ),
        f"An arm is one synthesizer under one regime; each was run {_times(chains)}, with {seeds}.",
        (
            f"Of every generation {settings.measured:,} rows{_for_measuring(settings)} were compared with "
            f"{settings.holdout_rows:,} real rows that nothing was fitted on."
        ),
    ]
    if settings.null_chains:
        told.append(
            f"Beside them stand {settings.null_chains:,} chains of a model that only draws its own training "
            "rows again (resampling, the drift null): what a perfect model would lose under the same regime, "
            "because tables are finite."
        )
    return tuple(told)


def _for_measuring(settings: StudySettings) -> str:
    return ", sampled for that alone," if settings.measured > settings.rows else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _guard_cost(result: StudyResult) -> str:
    if not result.settings.guard:
        return ""
    return (
        "The guard ran once, before generation 1, with "
        f"k\u00a0=\u00a0{result.settings.guard}. It moved the shares of a column by "
        f"{figure(result.guard_cost)} on average (total variation distance; 0 is nothing). Everything above "
        "starts from the table after it, so that none of this is held against a synthesizer."
    )


def _limits(settings: StudySettings) -> tuple[str, ...]:
    limits = [
        (
            "The drift null stands for figures that are counted. Audits, classifiers, distances and attacks "
            "have none."
        ),
        (
            "Losing less than resampling is a finding too: a smooth model may keep more rare pairs than a "
            "sample does. It does not mean that nothing is lost."
        ),
        f"What decays after generation {settings.generations} is not seen.",
        (
            "All chains start from the same real table: intervals are over seeds, not over tables that might "
            "have been collected."
        ),
    ]
    count = len(settings.seeds)
    if 1 < count < _FEW_CHAINS:
        limits.insert(0, f"The chain is the replicate, and there are {count}: intervals are wide.")
    if not settings.null_chains:
        limits.insert(0, "No drift null was run: what finite sampling alone would lose is not known.")
    return tuple(limits)


def _nav(*, has_parts: bool, has_audits: bool) -> tuple[NavItem, ...]:
    items = [
        NavItem("verdict", "Verdict", None),
        NavItem("overview", "Arms in a table", None),
        NavItem("curves", "Generations", None),
        NavItem("fidelity", "Misfit and decay", None),
        NavItem("survival", "Rare levels", None),
        NavItem("drift", "Drift", None),
        *([NavItem("parts", "Why shares move", None)] if has_parts else []),
        *([NavItem("audits", "Audits", None)] if has_audits else []),
        NavItem("cost", "Cost", None),
        NavItem("guard", "Guard", None),
        NavItem("limits", "Limits", None),
        NavItem("provenance", "Provenance", None),
        NavItem("reading", "How to read this", None),
    ]
    return tuple(items)


def _provenance(settings: StudySettings) -> tuple[FactRow, ...]:
    seeds = settings.seeds
    is_run = len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    told = f"{seeds[0]} to {seeds[-1]}" if is_run else ", ".join(map(str, seeds)) or "none"
    return (
        FactRow("Table", clean(settings.table) if settings.table else "not told"),
        FactRow("Real rows, fitted on", f"{settings.original_rows:,}"),
        FactRow("Real rows, held out", f"{settings.holdout_rows:,}"),
        FactRow("Real rows, kept for fresh data", f"{settings.pool_rows:,}"),
        FactRow("Real rows, kept for a verifier", f"{settings.verifier_rows:,}"),
        FactRow("Rows of a generation", f"{settings.rows:,}"),
        FactRow("Growth of an accumulated table", f"{settings.growth:,} a generation"),
        FactRow("Synthetic rows measured", f"{settings.measured:,} a generation"),
        FactRow("Columns learned", f"{settings.columns:,}"),
        FactRow("Rare levels (1 to 20 real rows)", f"{settings.rare_levels:,}"),
        FactRow("Seeds of the chains", told),
        FactRow("Chains of the drift null", f"{settings.null_chains:,} a regime"),
        FactRow("k of the guard", f"{settings.guard}" if settings.guard else "off"),
        FactRow("Power of a busy core, as stated", f"{figure(settings.watts)} W"),
    )
