"""What every metric is described by: name, section, version, range, perfect score."""

from __future__ import annotations

from synthtab.metrics.metric import Metric
from synthtab.metrics.privacy_metrics import PRIVACY_METRICS
from synthtab.results import Section

__all__ = ["METRICS", "Metric", "metric"]


METRICS: dict[str, Metric] = {
    item.name: item
    for item in (
        Metric(
            "outside_domain",
            Section.SCHEMA,
            1,
            "rows outside the schema's domain",
            documented="synthtab.metrics.marginal.shares",
        ),
        Metric(
            "broken_rules",
            Section.SCHEMA,
            1,
            "rows that break a rule",
            documented="synthtab.metrics.marginal.shares",
        ),
        Metric(
            "tvd",
            Section.MARGINAL,
            1,
            "total variation distance",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "ks",
            Section.MARGINAL,
            1,
            "Kolmogorov–Smirnov distance",
            documented="synthtab.metrics.marginal.kolmogorov_smirnov",
        ),
        Metric(
            "wasserstein",
            Section.MARGINAL,
            1,
            "Wasserstein distance in inter-quartile ranges",
            documented="synthtab.metrics.marginal.wasserstein",
        ),
        Metric(
            "jensen_shannon",
            Section.MARGINAL,
            1,
            "Jensen–Shannon distance",
            documented="synthtab.metrics.marginal.jensen_shannon",
        ),
        Metric(
            "missing_rate",
            Section.MARGINAL,
            1,
            "difference of missing rates",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "range_coverage",
            Section.MARGINAL,
            1,
            "part of the real range never reached",
            documented="synthtab.metrics.marginal.range_not_covered",
        ),
        Metric(
            "outside_range",
            Section.MARGINAL,
            1,
            "values beyond the real range",
            documented="synthtab.metrics.marginal.shares",
        ),
        Metric(
            "calendar",
            Section.MARGINAL,
            1,
            "total variation of weekdays, months and hours",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "last_digit",
            Section.MARGINAL,
            1,
            "total variation of last digits",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "heaping_5",
            Section.MARGINAL,
            1,
            "difference of the share on multiples of five",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "heaping_10",
            Section.MARGINAL,
            1,
            "difference of the share on multiples of ten",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "interaction_tvd",
            Section.ASSOCIATION,
            1,
            "five-bin interaction distance",
            documented="synthtab.metrics.association.interaction",
        ),
        Metric(
            "pair_tvd",
            Section.ASSOCIATION,
            1,
            "two-way total variation distance",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "cramers_v",
            Section.ASSOCIATION,
            1,
            "difference of bias-corrected Cramér's V",
            documented="synthtab.metrics.association.cramers_v",
        ),
        Metric(
            "spearman",
            Section.ASSOCIATION,
            1,
            "difference of Spearman correlations",
            documented="synthtab.metrics.association.spearman",
        ),
        Metric(
            "pearson",
            Section.ASSOCIATION,
            1,
            "difference of Pearson correlations",
            documented="synthtab.metrics.association.pearson",
        ),
        Metric(
            "mutual_information",
            Section.ASSOCIATION,
            1,
            "difference of mutual information, nats",
            documented="synthtab.metrics.association.mutual_information",
        ),
        Metric(
            "correlation_ratio",
            Section.ASSOCIATION,
            1,
            "difference of correlation ratios",
            documented="synthtab.metrics.association.correlation_ratio",
        ),
        Metric(
            "missingness",
            Section.ASSOCIATION,
            1,
            "dependence of missing values on other columns",
            documented="synthtab.metrics.association.missingness_association",
        ),
        Metric(
            "triple_tvd",
            Section.ASSOCIATION,
            1,
            "three-way total variation distance",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "nist_k_marginal",
            Section.ASSOCIATION,
            1,
            "NIST k-marginal score, k = 3",
            1000.0,
            documented="synthtab.metrics.association.nist_k_marginal",
        ),
        Metric(
            "broken_logic",
            Section.ASSOCIATION,
            1,
            "rows that break a rule found in real rows",
            documented="synthtab.metrics.marginal.shares",
        ),
        Metric(
            "coverage",
            Section.RARE,
            1,
            "rare categories not found",
            documented="synthtab.metrics.rare.presence",
        ),
        Metric(
            "rare_mass",
            Section.RARE,
            1,
            "mass of rare categories, synthetic over real",
            1.0,
            documented="synthtab.metrics.rare.mass_ratio_interval",
        ),
        Metric(
            "invented",
            Section.RARE,
            1,
            "rows with an invented category",
            documented="synthtab.metrics.marginal.shares",
        ),
        Metric(
            "combination_mass",
            Section.RARE,
            1,
            "mass of rare pairs of values, synthetic over real",
            1.0,
            documented="synthtab.metrics.rare.mass_ratio_interval",
        ),
        Metric(
            "combination_coverage",
            Section.RARE,
            1,
            "rare pairs of values not found",
            documented="synthtab.metrics.rare.presence",
        ),
        Metric(
            "identity_mass",
            Section.RARE,
            1,
            "mass of rare quasi-identifier combinations, synthetic over real",
            1.0,
            documented="synthtab.metrics.rare.mass_ratio_interval",
        ),
        Metric(
            "identity_coverage",
            Section.RARE,
            1,
            "rare quasi-identifier combinations not found",
            documented="synthtab.metrics.rare.presence",
        ),
        Metric(
            "levels_lost",
            Section.RARE,
            1,
            "rare categories lost since generation 0",
            documented="synthtab.metrics.rare.lost",
        ),
        Metric(
            "joint_cells_lost",
            Section.RARE,
            1,
            "rare pairs of values lost since generation 0",
            documented="synthtab.metrics.rare.lost",
        ),
        Metric(
            "rare_share",
            Section.RARE,
            1,
            "values on categories that were rare at generation 0, per row",
            documented="synthtab.metrics.rare.rare_share",
        ),
        Metric(
            "quantiles",
            Section.TAILS,
            1,
            "mean shift of seven quantiles, in inter-quartile ranges",
            documented="synthtab.metrics.marginal.quantile_positions",
        ),
        Metric(
            "group_tvd",
            Section.SUBGROUPS,
            1,
            "mean total variation inside a group",
            documented="synthtab.metrics.marginal.total_variation",
        ),
        Metric(
            "tail_mass",
            Section.TAILS,
            1,
            "relative difference of tail mass",
            documented="synthtab.metrics.rare.relative_tail_difference",
        ),
        Metric(
            "tstr",
            Section.UTILITY,
            1,
            "train on synthetic, test on real",
            1.0,
            documented="synthtab.metrics.utility.train_synthetic_test_real",
        ),
        Metric(
            "trtr",
            Section.UTILITY,
            1,
            "train on real, test on real",
            1.0,
            documented="synthtab.metrics.utility.train_synthetic_test_real",
        ),
        Metric(
            "trstr",
            Section.UTILITY,
            1,
            "train on real and synthetic, test on real",
            1.0,
            documented="synthtab.metrics.utility.train_synthetic_test_real",
        ),
        Metric(
            "importance_agreement",
            Section.UTILITY,
            1,
            "rank agreement of what models rely on",
            1.0,
            documented="synthtab.metrics.importance.rank_agreement",
        ),
        Metric(
            "coefficient_overlap",
            Section.UTILITY,
            1,
            "overlap of regression intervals",
            1.0,
            documented="synthtab.metrics.coefficients.interval_overlap",
        ),
        Metric(
            "coefficient_agreement",
            Section.UTILITY,
            1,
            "coefficients of one sign and significance",
            1.0,
            documented="synthtab.metrics.coefficients.coefficient_agreement",
        ),
        Metric(
            "survival_tstr",
            Section.UTILITY,
            1,
            "train on synthetic, test on real: concordance",
            1.0,
            documented="synthtab.metrics.survival.concordance",
        ),
        Metric(
            "survival_trtr",
            Section.UTILITY,
            1,
            "train on real, test on real: concordance",
            1.0,
            documented="synthtab.metrics.survival.concordance",
        ),
        Metric(
            "query_count",
            Section.UTILITY,
            1,
            "relative error of filtered counts",
            documented="synthtab.metrics.queries.query_utility",
        ),
        Metric(
            "query_mean",
            Section.UTILITY,
            1,
            "error of filtered means, in standard deviations",
            documented="synthtab.metrics.queries.query_utility",
        ),
        Metric(
            "group_tstr",
            Section.SUBGROUPS,
            1,
            "train on synthetic, test on real inside a group",
            1.0,
            documented="synthtab.metrics.utility.train_synthetic_test_real",
        ),
        Metric(
            "demographic_parity",
            Section.SUBGROUPS,
            1,
            "demographic parity difference of a model",
            documented="synthtab.metrics.fairness.demographic_parity_difference",
        ),
        Metric(
            "equalized_odds",
            Section.SUBGROUPS,
            1,
            "equalized odds difference of a model",
            documented="synthtab.metrics.fairness.equalized_odds_difference",
        ),
        Metric(
            "c2st_auc",
            Section.DETECTION,
            1,
            "classifier two-sample test, area under the curve",
            0.5,
            documented="synthtab.metrics.detection.classifier_two_sample_test",
        ),
        Metric(
            "pmse_ratio",
            Section.DETECTION,
            1,
            "propensity score mean squared error over its null",
            1.0,
            documented="synthtab.metrics.propensity.propensity_pmse",
        ),
        Metric(
            "pmse_tree_ratio",
            Section.DETECTION,
            1,
            "the same of a classification tree",
            1.0,
            documented="synthtab.metrics.propensity.propensity_pmse",
        ),
        *PRIVACY_METRICS,
    )
}


def metric(name: str) -> Metric:
    """Give a metric by its name.

    Parameters
    ----------
    name : str
        Short name.

    Returns
    -------
    Metric
        The definition.
    """
    return METRICS[name]
