"""What becomes of the figures of a check: why it cannot be asked, or a finding to be judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synthtab.auditing.checks import Finding
from synthtab.auditing.comparison import Comparison
from synthtab.auditing.definitions import Definition
from synthtab.auditing.readings import Reading
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z95
from synthtab.results import Section

__all__ = ["CheckFigures", "finding_of", "why_not_applicable"]

# figures over fewer rare levels than this could be traced to one of them
_LEAST_RARE = 3
# fewer rows make too few shards to exchange: there are not enough different exchanges to call anything rare
LEAST_ROWS = 64
# on the calibrated scale the gap between chance and fresh data is 1, so its noise must stay below a third
_MOST_NOISE = 1 / 3
_OF_SMALL_CELLS = frozenset({"coverage", "rare_mass", "combination_mass", "identity_mass"})
_NAMELESS = frozenset({"coverage", "rare_mass", "combination_mass", "identity_mass"})


@dataclass(frozen=True)
class CheckFigures:
    """The figures of one check.

    Parameters
    ----------
    value, error : float
        The figure and its standard error.
    p_value : float
        Adjusted for all checks of the budget; NaN when the check cannot be tested.
    smallest_seen : float
        Smallest shortfall that had an 80 % chance to be called significant.
    """

    value: float
    error: float
    p_value: float
    smallest_seen: float


def why_not_applicable(
    item: Definition, comparison: Comparison, point: Reading, gap: float, noise: float, *, k: int
) -> str:
    """Say why a check cannot be asked of these tables.

    Parameters
    ----------
    item : Definition
        The check.
    comparison : Comparison
        The three profiles.
    point : Reading
        What its metric says.
    gap : float
        Summed chance less summed floor, for calibrated checks.
    noise : float
        Standard deviation of the shortfall of fresh real data.
    k : int
        Smallest number of people behind a printed figure.

    Returns
    -------
    str
        The reason, or nothing.
    """
    if item.section is not Section.SCHEMA and min(p.n_rows for p in comparison.profiles) < LEAST_ROWS:
        return f"one of the tables has fewer than {LEAST_ROWS} rows"
    if nothing := _nothing_to_ask(item.metric, comparison, k):
        return nothing
    if not point.members or not point.value.size:
        return f"no column of these tables has a {metric(item.metric).label}"
    if item.make == "calibrated" and not (gap > 0 and noise <= _MOST_NOISE):
        return "chance and fresh real data cannot be told apart at this size"
    return ""


def _nothing_to_ask(name: str, comparison: Comparison, k: int) -> str:
    """Say what these tables have none of, or too few, for a metric."""
    rare, plan = comparison.rare, comparison.plan
    if name == "broken_rules" and not plan.schema.rules:
        return "the schema declares no rules"
    if name == "broken_logic" and not plan.mined:
        return "no rule was found in the real rows"
    if name == "outside_domain" and not any(c.is_public or not c.missing for c in plan.schema.modelled):
        return "the schema declares no public bounds, categories or required columns"
    if name in ("coverage", "rare_mass") and (len(rare) < _LEAST_RARE or sum(rare.counts) < k):
        return "fewer than three categories are held by 1 to 20 training rows"
    if name in _OF_SMALL_CELLS and comparison.profiles[1].suppressed_below:
        return "small counts were suppressed in the reference"
    for kind, combinations in (
        ("combination", comparison.rows.rare_combinations),
        ("identity", comparison.rows.rare_identities),
    ):
        if name == f"{kind}_mass" and combinations.cells < _LEAST_RARE:
            return "fewer than three combinations of values are rare in the real rows"
    return ""


def finding_of(
    item: Definition, figures: CheckFigures, why: str, point: Reading, *, holdout_rows: int, k: int
) -> Finding:
    """Put the figures of a check into a finding.

    Parameters
    ----------
    item : Definition
        The check.
    figures : CheckFigures
        Its figures.
    why : str
        Why it cannot be asked, if so.
    point : Reading
        What its metric says.
    holdout_rows : int
        Rows of the holdout.
    k : int
        Smallest number of people behind a printed figure.

    Returns
    -------
    Finding
        Not yet judged.
    """
    if not why and not math.isfinite(figures.p_value):
        why = "it cannot be tested on these tables"
    if why:
        return Finding(item.code, item.section, item.name, not_applicable=why)
    half = Z95 * figures.error
    reference = {"calibrated": 1.0, "ratio": 1.0, "worst": 0.0}.get(item.make)
    if item.make == "share":
        reference = float(point.floor[0, -1] if point.members[-1] == () else point.floor[0].sum())
        # a rate that rests on too few people is not printed, and zero is the stricter reference
        reference = reference if reference * holdout_rows >= k else 0.0
    seen = figures.smallest_seen
    if item.make == "ratio":
        seen = 1 - math.exp(-seen)
    return Finding(
        item.code,
        item.section,
        item.name,
        value=figures.value,
        low=figures.value - half,
        high=figures.value + half,
        reference=reference,
        p_value=figures.p_value,
        smallest_seen=seen,
        remedy=item.remedy,
        columns=_worst_members(item, point),
    )


def _worst_members(item: Definition, reading: Reading) -> tuple[str, ...]:
    if item.metric in _NAMELESS:
        return ()
    excess = reading.value[0] if item.make == "share" else reading.value[0] - reading.floor[0]
    ranked = sorted((m for m in range(len(excess)) if reading.members[m]), key=lambda m: -excess[m])
    names: dict[str, None] = {}
    for member in ranked[: 1 if item.make == "worst" else 3]:
        if excess[member] > 0:
            parts = reading.members[member]
            names.update(dict.fromkeys(parts[:1] if item.metric in ("tail_mass", "calendar") else parts))
    return tuple(names)
