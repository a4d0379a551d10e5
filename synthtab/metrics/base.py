"""What every metric is described by: name, section, version, range, perfect score."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.results import Section

__all__ = ["METRICS", "Metric", "metric"]


@dataclass(frozen=True)
class Metric:
    """A definition with a version: figures of two versions are never compared.

    Parameters
    ----------
    name : str
        Short name, as in `AuditResult.frame`.
    section : Section
        Family of questions.
    version : int
        Raised whenever the definition changes.
    label : str
        Name for people.
    best : float
        The value of a perfect match.
    """

    name: str
    section: Section
    version: int
    label: str
    best: float = 0.0


METRICS: dict[str, Metric] = {
    item.name: item
    for item in (
        Metric("outside_domain", Section.SCHEMA, 1, "rows outside the schema's domain"),
        Metric("broken_rules", Section.SCHEMA, 1, "rows that break a rule"),
        Metric("tvd", Section.MARGINAL, 1, "total variation distance"),
        Metric("ks", Section.MARGINAL, 1, "Kolmogorov–Smirnov distance"),
        Metric("wasserstein", Section.MARGINAL, 1, "Wasserstein distance in inter-quartile ranges"),
        Metric("jensen_shannon", Section.MARGINAL, 1, "Jensen–Shannon distance"),
        Metric("missing_rate", Section.MARGINAL, 1, "difference of missing rates"),
        Metric("range_coverage", Section.MARGINAL, 1, "part of the real range never reached"),
        Metric("outside_range", Section.MARGINAL, 1, "values beyond the real range"),
        Metric("calendar", Section.MARGINAL, 1, "total variation of weekdays, months and hours"),
        Metric("last_digit", Section.MARGINAL, 1, "total variation of last digits"),
        Metric("heaping_5", Section.MARGINAL, 1, "difference of the share on multiples of five"),
        Metric("heaping_10", Section.MARGINAL, 1, "difference of the share on multiples of ten"),
        Metric("interaction_tvd", Section.ASSOCIATION, 1, "five-bin interaction distance"),
        Metric("pair_tvd", Section.ASSOCIATION, 1, "two-way total variation distance"),
        Metric("cramers_v", Section.ASSOCIATION, 1, "difference of bias-corrected Cramér's V"),
        Metric("spearman", Section.ASSOCIATION, 1, "difference of Spearman correlations"),
        Metric("pearson", Section.ASSOCIATION, 1, "difference of Pearson correlations"),
        Metric("mutual_information", Section.ASSOCIATION, 1, "difference of mutual information, nats"),
        Metric("correlation_ratio", Section.ASSOCIATION, 1, "difference of correlation ratios"),
        Metric("missingness", Section.ASSOCIATION, 1, "dependence of missing values on other columns"),
        Metric("triple_tvd", Section.ASSOCIATION, 1, "three-way total variation distance"),
        Metric("nist_k_marginal", Section.ASSOCIATION, 1, "NIST k-marginal score, k = 3", 1000.0),
        Metric("broken_logic", Section.ASSOCIATION, 1, "rows that break a rule found in real rows"),
        Metric("coverage", Section.RARE, 1, "rare categories not found"),
        Metric("rare_mass", Section.RARE, 1, "mass of rare categories, synthetic over real", 1.0),
        Metric("invented", Section.RARE, 1, "rows with an invented category"),
        Metric("combination_mass", Section.RARE, 1, "mass of rare pairs of values, synthetic over real", 1.0),
        Metric("combination_coverage", Section.RARE, 1, "rare pairs of values not found"),
        Metric(
            "identity_mass", Section.RARE, 1, "mass of rare quasi-identifier combinations, synthetic over real", 1.0
        ),
        Metric("identity_coverage", Section.RARE, 1, "rare quasi-identifier combinations not found"),
        Metric("quantiles", Section.TAILS, 1, "mean shift of seven quantiles, in inter-quartile ranges"),
        Metric("group_tvd", Section.SUBGROUPS, 1, "mean total variation inside a group"),
        Metric("tail_mass", Section.TAILS, 1, "relative difference of tail mass"),
        Metric("tstr", Section.UTILITY, 1, "train on synthetic, test on real", 1.0),
        Metric("trtr", Section.UTILITY, 1, "train on real, test on real", 1.0),
        Metric("trstr", Section.UTILITY, 1, "train on real and synthetic, test on real", 1.0),
        Metric("importance_agreement", Section.UTILITY, 1, "rank agreement of what models rely on", 1.0),
        Metric("coefficient_overlap", Section.UTILITY, 1, "overlap of regression intervals", 1.0),
        Metric("coefficient_agreement", Section.UTILITY, 1, "coefficients of one sign and significance", 1.0),
        Metric("survival_tstr", Section.UTILITY, 1, "train on synthetic, test on real: concordance", 1.0),
        Metric("survival_trtr", Section.UTILITY, 1, "train on real, test on real: concordance", 1.0),
        Metric("query_count", Section.UTILITY, 1, "relative error of filtered counts"),
        Metric("query_mean", Section.UTILITY, 1, "error of filtered means, in standard deviations"),
        Metric("group_tstr", Section.SUBGROUPS, 1, "train on synthetic, test on real inside a group", 1.0),
        Metric("demographic_parity", Section.SUBGROUPS, 1, "demographic parity difference of a model"),
        Metric("equalized_odds", Section.SUBGROUPS, 1, "equalized odds difference of a model"),
        Metric("c2st_auc", Section.DETECTION, 1, "classifier two-sample test, area under the curve", 0.5),
        Metric("pmse_ratio", Section.DETECTION, 1, "propensity score mean squared error over its null", 1.0),
        Metric("pmse_tree_ratio", Section.DETECTION, 1, "the same of a classification tree", 1.0),
        Metric(
            "exact_copies", Section.PRIVACY, 1, "exact copies of training rows beyond those of holdout rows"
        ),
        Metric("membership_auc", Section.PRIVACY, 1, "membership inference, area under the curve", 0.5),
        Metric("membership_tpr_at_1fpr", Section.PRIVACY, 1, "members found at 1 % false alarms", 0.01),
        Metric("membership_tpr_at_10fpr", Section.PRIVACY, 1, "members found at 10 % false alarms", 0.10),
        Metric(
            "dcr_share", Section.PRIVACY, 1, "synthetic rows closer to training than to holdout rows", 0.5
        ),
        Metric("nndr", Section.PRIVACY, 1, "nearest-neighbour distance ratio to training rows", 1.0),
        Metric(
            "blind_auc", Section.PRIVACY, 1, "training told from holdout without the synthetic table", 0.5
        ),
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
