"""Figures: what a synthesizer choice is judged by, each with a margin and its reason."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Literal, NamedTuple

from synthtab.errors import SpecError
from synthtab.metrics.base import metric
from synthtab.results import FamilyFigure

__all__ = [
    "FIGURES",
    "GATE_FIGURES",
    "MOST_GATE_FIGURES",
    "RISK",
    "USES",
    "figure",
    "figures_named",
]

MOST_GATE_FIGURES = 8
"""More figures in one gate would share its error budget until none sees anything."""


class _Written(NamedTuple):
    """A figure as it is written down here; its section and version are the metric's."""

    name: str
    label: str
    metric: str
    better: Literal["higher", "lower"]
    fresh: float | None
    margin: float
    reason: str
    explanation: str


_CALIBRATED = "1 is what fresh real rows score, 0 is chance"

_WRITTEN = (
    _Written(
        "schema.outside_domain",
        "Rows outside the schema",
        "outside_domain",
        "lower",
        0.0,
        0.01,
        "one more row in a hundred outside the schema breaks somebody's loader",
        "Share of rows with a value that the schema does not allow.",
    ),
    _Written(
        "schema.broken_rules",
        "Rows that break a rule",
        "broken_rules",
        "lower",
        0.0,
        0.01,
        "one more impossible row in a hundred is noticed by the first reader",
        "Share of rows that break a rule of the schema.",
    ),
    _Written(
        "marginal.tvd",
        "Column shapes",
        "tvd",
        "higher",
        1.0,
        0.02,
        "column shapes are the easy part: 2 % of the way to chance is seen",
        f"How well each column is distributed: {_CALIBRATED}.",
    ),
    _Written(
        "marginal.ks",
        "Cumulative shapes",
        "ks",
        "higher",
        1.0,
        0.05,
        "a twentieth of the way to chance shifts quantiles visibly",
        f"How well quantiles of numbers agree: {_CALIBRATED}.",
    ),
    _Written(
        "marginal.missing_rate",
        "Missing rates",
        "missing_rate",
        "higher",
        1.0,
        0.05,
        "missing rates are counted, not modelled: they should stay right",
        f"How well shares of missing values agree: {_CALIBRATED}.",
    ),
    _Written(
        "association.interaction_tvd",
        "Dependence between columns",
        "interaction_tvd",
        "higher",
        1.0,
        0.05,
        "a twentieth of all dependence lost changes regression coefficients",
        f"How well pairs of columns depend on each other as they should: {_CALIBRATED}.",
    ),
    _Written(
        "association.cramers_v",
        "Strength of association",
        "cramers_v",
        "higher",
        1.0,
        0.05,
        "a twentieth of the strength of association lost is visible in cross tables",
        f"How well strengths of association agree: {_CALIBRATED}.",
    ),
    _Written(
        "association.spearman",
        "Rank correlations",
        "spearman",
        "higher",
        1.0,
        0.05,
        "a twentieth of the rank correlation lost is visible in scatter plots",
        f"How well rank correlations agree: {_CALIBRATED}.",
    ),
    _Written(
        "association.missingness",
        "Dependence of missing values",
        "missingness",
        "higher",
        1.0,
        0.05,
        "a twentieth of what missing values depend on lost biases an imputation",
        f"How well values are missing together with what they should: {_CALIBRATED}.",
    ),
    _Written(
        "rare.coverage",
        "Rare categories kept",
        "coverage",
        "higher",
        1.0,
        0.10,
        "a tenth of the rare categories that honest sampling keeps are gone",
        f"How many categories of few rows are still there: {_CALIBRATED}.",
    ),
    _Written(
        "rare.mass",
        "Rare mass, smaller over larger",
        "rare_mass",
        "higher",
        1.0,
        0.10,
        "a tenth more or fewer rare people mislead whoever counts them",
        "Rows on rare categories, synthetic over training rows or the other way round: 1 is neither too few "
        "nor too many.",
    ),
    _Written(
        "tails.tail_mass",
        "Mass of the tails",
        "tail_mass",
        "higher",
        1.0,
        0.10,
        "a tenth more or fewer extremes mislead whoever plans for them",
        f"How many values lie in the tails: {_CALIBRATED}.",
    ),
    _Written(
        "utility.boosted",
        "Boosted model trained on it",
        "tstr",
        "higher",
        1.0,
        0.05,
        "a twentieth of what a boosted model can learn is lost",
        "What a boosted model learns from synthetic rows: 1 is what it learns from real ones, 0 is nothing.",
    ),
    _Written(
        "utility.linear",
        "Linear model trained on it",
        "tstr",
        "higher",
        1.0,
        0.05,
        "a twentieth of what a linear model can learn is lost",
        "What a linear model learns from synthetic rows: 1 is what it learns from real ones, 0 is nothing.",
    ),
    _Written(
        "detection.auc",
        "Told from real rows (AUC)",
        "c2st_auc",
        "lower",
        0.5,
        0.05,
        "a classifier that is right on one more row in twenty has found a new artefact",
        "How well a classifier tells synthetic from real rows: 0.5 is not at all, 1 is always.",
    ),
    _Written(
        "privacy.exact_copies",
        "Exact copies of training rows",
        "exact_copies",
        "lower",
        0.0,
        0.001,
        "one more copied person in a thousand is a disclosure",
        "Share of rows that copy a training row beyond what coincidence explains.",
    ),
    _Written(
        "privacy.membership_auc",
        "Membership inference (AUC)",
        "membership_auc",
        "lower",
        0.5,
        0.02,
        "two pairs in a hundred more in which the attacker picks the right person",
        "How well an attacker tells training people from others: 0.5 is not at all, 1 is always.",
    ),
    _Written(
        "privacy.tpr_at_1fpr",
        "Membership, hits at 1 % false alarms",
        "membership_tpr_at_1fpr",
        "lower",
        0.01,
        0.01,
        "one more person in a hundred of whom an attacker is nearly sure",
        "Share of training people whom an attacker finds while wrongly accusing one other in a hundred.",
    ),
    _Written(
        "privacy.largest_advantage",
        "Largest advantage of an attacker",
        "largest_advantage",
        "lower",
        0.0,
        0.02,
        "two people in a hundred more of whom the table tells something",
        "The largest of all attacks' success on people in the table less that on people who are not.",
    ),
)

FIGURES: tuple[FamilyFigure, ...] = tuple(
    FamilyFigure(
        item.name,
        item.label,
        metric(item.metric).section,
        metric(item.metric).version,
        item.better == "higher",
        item.fresh,
        item.margin,
        item.reason,
        item.explanation,
    )
    for item in _WRITTEN
)
"""Everything that a board shows and a gate may be asked."""

GATE_FIGURES = (
    "marginal.tvd",
    "association.interaction_tvd",
    "rare.coverage",
    "rare.mass",
    "tails.tail_mass",
    "utility.boosted",
    "detection.auc",
    "privacy.membership_auc",
)
"""What a gate asks unless told otherwise: one figure a family."""

USES = ("utility.boosted", "utility.linear", "association.interaction_tvd")
"""What a table is good for: the first of these that applies."""

RISK = "privacy.largest_advantage"
"""What a table gives away."""

_BY_NAME = {item.name: item for item in FIGURES}


def figure(name: str) -> FamilyFigure:
    """Give a figure by its name.

    Parameters
    ----------
    name : str
        E.g. ``"rare.coverage"``.

    Returns
    -------
    FamilyFigure
        What it is.

    Raises
    ------
    SpecError
        When there is no such figure; names the nearest one.
    """
    known = _BY_NAME.get(name)
    if known is None:
        near = difflib.get_close_matches(str(name).lower(), _BY_NAME, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(_BY_NAME)}."
        raise SpecError(f"There is no figure {name!r}.", hint=hint)
    return known


def figures_named(names: Sequence[str]) -> tuple[FamilyFigure, ...]:
    """Give several figures, in the order of `FIGURES`.

    Parameters
    ----------
    names : sequence of str
        Which; none twice.

    Returns
    -------
    tuple of FamilyFigure
        What they are.

    Raises
    ------
    SpecError
        When they are no list, one does not exist, or one is named twice.
    """
    if isinstance(names, str):
        raise SpecError("Figures must be a list of names.", hint=f"Write [{names!r}].")
    wanted = [figure(name) for name in names]
    if len({item.name for item in wanted}) < len(wanted):
        raise SpecError("A figure is named twice.", hint="Name each figure once.")
    chosen = {item.name for item in wanted}
    return tuple(item for item in FIGURES if item.name in chosen)
