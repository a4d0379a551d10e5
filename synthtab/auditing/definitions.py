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
        "STB106",
        Section.MARGINAL,
        "calendar",
        "weekdays, months and hours",
        "worst",
        "Model the date's weekday, month and hour, or derive the date from them.",
    ),
    Definition(
        "STB107",
        Section.MARGINAL,
        "last_digit",
        "last digits and heaping",
        "worst",
        "Round as the source does and keep its heaps: people notice digits first.",
    ),
    Definition(
        "STB108",
        Section.MARGINAL,
        "outside_range",
        "values beyond the real range",
        "worst",
        "Clip to public bounds, or use quantile marginals.",
    ),
    Definition(
        "STB109",
        Section.MARGINAL,
        "missing_rate",
        "worst missing rate",
        "worst",
        "Check how the synthesizer models missing values of this column.",
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
        "STB205",
        Section.ASSOCIATION,
        "missingness",
        "dependence of missing values",
        "calibrated",
        "Let the synthesizer model missing values jointly with the other columns, not at random.",
    ),
    Definition(
        "STB206",
        Section.ASSOCIATION,
        "triple_tvd",
        "worst triple of columns",
        "worst",
        "Look at these three columns together: a three-way dependence was lost or invented.",
    ),
    Definition(
        "STB207",
        Section.ASSOCIATION,
        "broken_logic",
        "rows that break a rule of the real rows",
        "share",
        "Declare the broken rules in the schema, model these columns together, or drop such rows.",
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
        "STB304",
        Section.RARE,
        "combination_mass",
        "rare pairs of values, synthetic over real",
        "ratio",
        "Use a synthesizer that learns dependence: rare combinations follow from it.",
    ),
    Definition(
        "STB305",
        Section.RARE,
        "identity_mass",
        "rare quasi-identifier combinations, synthetic over real",
        "ratio",
        "Use a synthesizer that learns the quasi-identifiers jointly.",
    ),
    Definition(
        "STB401",
        Section.TAILS,
        "tail_mass",
        "mass of the tails",
        "calibrated",
        "Try quantile marginals: fitted distributions often have the wrong tails.",
    ),
    Definition(
        "STB501",
        Section.SUBGROUPS,
        "group_tvd",
        "worst group",
        "worst",
        "Look at the columns of this group: fit it apart, weight its rows, or sample more of them.",
    ),
)

FAMILIES = (
    (Section.MARGINAL, "Marginals", "STB101"),
    (Section.ASSOCIATION, "Associations", "STB201"),
    (Section.RARE, "Rare categories", "STB301"),
    (Section.TAILS, "Tails", "STB401"),
)
