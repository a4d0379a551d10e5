"""The checks that are made of Profile metrics, by code. Codes are never renumbered."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.results import Section

__all__ = ["DEFINITIONS", "FAMILIES", "Definition"]


@dataclass(frozen=True)
class Definition:
    """A check made of one Profile metric.

    Parameters
    ----------
    code : str
        Which check.
    section : Section
        Its family of questions.
    metric : str
        Name of the metric.
    name : str
        What is checked, for people.
    make : str
        How the metric becomes one figure: ``calibrated`` on the scale from chance to fresh real data, the
        ``worst`` member's excess, the ``share`` of rows, or the ``ratio`` of masses.
    remedy : str
        What to do when it fails.
    """

    code: str
    section: Section
    metric: str
    name: str
    make: str
    remedy: str


DEFINITIONS = (
    Definition(
        "STB001",
        Section.SCHEMA,
        "outside_domain",
        "rows outside the schema",
        "share",
        "Declare the column's bounds or categories in the schema before fitting, or drop such rows.",
    ),
    Definition(
        "STB002",
        Section.SCHEMA,
        "broken_rules",
        "rows that break a rule",
        "share",
        "Use a synthesizer that models these columns jointly, derive the dependent column from the others, "
        "or drop such rows.",
    ),
    Definition(
        "STB101",
        Section.MARGINAL,
        "tvd",
        "column shapes",
        "calibrated",
        "Look at the worst columns below; quantile marginals or more training epochs usually mend them.",
    ),
    Definition(
        "STB102",
        Section.MARGINAL,
        "ks",
        "cumulative shapes",
        "calibrated",
        "Look at the worst number columns; try quantile marginals.",
    ),
    Definition(
        "STB103",
        Section.MARGINAL,
        "wasserstein",
        "distance values moved",
        "calibrated",
        "Look for shifted or stretched number columns; try quantile marginals.",
    ),
    Definition(
        "STB104",
        Section.MARGINAL,
        "missing_rate",
        "missing rates",
        "calibrated",
        "Check how the synthesizer models missing values.",
    ),
    Definition(
        "STB105",
        Section.MARGINAL,
        "tvd",
        "worst column",
        "worst",
        "Change the schema or the marginal of this column.",
    ),
    Definition(
        "STB201",
        Section.ASSOCIATION,
        "interaction_tvd",
        "dependence between columns",
        "calibrated",
        "Use a synthesizer that learns dependence, with more epochs or fewer columns.",
    ),
    Definition(
        "STB202",
        Section.ASSOCIATION,
        "cramers_v",
        "strength of association",
        "calibrated",
        "Use a synthesizer that models categories jointly.",
    ),
    Definition(
        "STB203",
        Section.ASSOCIATION,
        "spearman",
        "rank correlations",
        "calibrated",
        "Use a synthesizer that learns dependence between numbers.",
    ),
    Definition(
        "STB204",
        Section.ASSOCIATION,
        "interaction_tvd",
        "worst pair",
        "worst",
        "Look at this pair: a finding was lost or invented. Declare a rule, or derive one from the other.",
    ),
    Definition(
        "STB301",
        Section.RARE,
        "coverage",
        "rare categories kept",
        "calibrated",
        "Make the rare categories public in the schema, sample more rows, or pool them before fitting.",
    ),
    Definition(
        "STB302",
        Section.RARE,
        "rare_mass",
        "rare mass, synthetic over real",
        "ratio",
        "Check how the synthesizer samples categories: log-frequency sampling inflates rare ones, "
        "taking the likeliest deletes them.",
    ),
    Definition(
        "STB303",
        Section.RARE,
        "invented",
        "invented categories",
        "share",
        "Restrict the synthesizer to the levels that the schema lists.",
    ),
    Definition(
        "STB401",
        Section.TAILS,
        "tail_mass",
        "mass of the tails",
        "calibrated",
        "Try quantile marginals: fitted distributions often have the wrong tails.",
    ),
)

FAMILIES = (
    (Section.MARGINAL, "Marginals", "STB101"),
    (Section.ASSOCIATION, "Associations", "STB201"),
    (Section.RARE, "Rare categories", "STB301"),
    (Section.TAILS, "Tails", "STB401"),
)
