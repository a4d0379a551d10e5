"""Names of metrics in words: those that are known, and any other made readable."""

from __future__ import annotations

from collections.abc import Iterable

from synthtab.reporting.audit_answers import SECTIONS
from synthtab.reporting.sectionmodel import FigureGroup, FigureRow
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure, interval
from synthtab.reporting.viewmodel import FactRow
from synthtab.results import Score

__all__ = ["figure_groups", "metric_words", "score_fact"]

_LONGEST = 80
_ON_SCALE = ".calibrated"
_KNOWN = {
    "auc": "AUC",
    "blind_auc": "training told from holdout rows, AUC",
    "broken_logic": "rows that break a rule found in real rows",
    "broken_rules": "rows that break a rule",
    "c2st_auc": "classifier two-sample test, AUC",
    "calendar": "weekdays, months and hours, total variation",
    "coefficient_agreement": "regression coefficients of one sign and significance",
    "coefficient_overlap": "regression intervals, overlap",
    "combination_coverage": "rare pairs of values not found",
    "combination_mass": "mass of rare pairs of values, synthetic over real",
    "correlation_ratio": "correlation ratio, difference",
    "coverage": "rare categories not found",
    "cramers_v": "Cramér's V, difference",
    "dcr_share": "synthetic rows closer to training than to holdout rows",
    "demographic_parity": "demographic parity, difference",
    "equalized_odds": "equalized odds, difference",
    "exact_copies": "exact copies beyond those of holdout rows",
    "group_tstr": "inside a group, trained on synthetic, tested on real",
    "group_tvd": "inside a group, total variation distance",
    "heaping_10": "multiples of ten, difference of shares",
    "heaping_5": "multiples of five, difference of shares",
    "identity_coverage": "rare combinations of quasi-identifiers not found",
    "identity_mass": "mass of rare combinations of quasi-identifiers, synthetic over real",
    "importance_agreement": "what models rely on, rank agreement",
    "interaction_tvd": "five-bin interaction distance",
    "invented": "rows with an invented category",
    "jensen_shannon": "Jensen–Shannon distance",
    "ks": "Kolmogorov–Smirnov distance",
    "last_digit": "last digits, total variation",
    "membership_auc": "membership inference, AUC",
    "membership_tpr_at_10fpr": "members found at 10\u00a0% false alarms",
    "membership_tpr_at_1fpr": "members found at 1\u00a0% false alarms",
    "missing_rate": "missing rate, difference",
    "missingness": "missing values, dependence on other columns",
    "mutual_information": "mutual information, difference in nats",
    "nist_k_marginal": "NIST k-marginal score",
    "nndr": "nearest-neighbour distance ratio",
    "outside_domain": "rows outside the schema's domain",
    "outside_range": "values beyond the real range",
    "pair_tvd": "two-way total variation distance",
    "pearson": "Pearson's correlation, difference",
    "quantiles": "quantiles, mean shift in inter-quartile ranges",
    "query_count": "filtered counts, relative error",
    "query_mean": "filtered means, error in standard deviations",
    "rare_mass": "mass of rare categories, synthetic over real",
    "spearman": "Spearman's correlation, difference",
    "survival_trtr": "survival, trained on real, tested on real, concordance",
    "survival_tstr": "survival, trained on synthetic, tested on real, concordance",
    "tail_mass": "tail mass, relative difference",
    "triple_tvd": "three-way total variation distance",
    "trstr": "trained on real and synthetic, tested on real",
    "trtr": "trained on real, tested on real",
    "tstr": "trained on synthetic, tested on real",
    "tvd": "total variation distance",
    "wasserstein": "Wasserstein distance in inter-quartile ranges",
}
_WRITTEN = {
    **{word: word.upper() for word in ("auc", "c2st", "cdf", "dcr", "fpr", "iqr", "js", "kl", "ks", "mmd")},
    **{
        word: word.upper()
        for word in ("nist", "nndr", "pca", "psi", "roc", "tpr", "trstr", "trtr", "tstr", "tvd")
    },
    "cramers": "Cramér's",
    "jensen": "Jensen",
    "kolmogorov": "Kolmogorov",
    "pearson": "Pearson",
    "pmse": "pMSE",
    "r2": "R²",
    "shannon": "Shannon",
    "smirnov": "Smirnov",
    "spearman": "Spearman",
    "v": "V",
    "wasserstein": "Wasserstein",
}


def metric_words(name: str) -> str:
    """Give the name of a metric for people.

    Parameters
    ----------
    name : str
        Short name; nothing need be known of it.

    Returns
    -------
    str
        E.g. ``range coverage`` for ``range_coverage``.
    """
    if name.endswith(_ON_SCALE):
        return f"{metric_words(name.removesuffix(_ON_SCALE))}, from chance to fresh real data"
    if name in _KNOWN:
        return _KNOWN[name]
    words = name.replace("_", " ").split()
    return clean(" ".join(_WRITTEN.get(word.lower(), word) for word in words) or name, _LONGEST)


def score_fact(score: Score) -> FactRow:
    """Write one figure with what fresh real data has.

    Parameters
    ----------
    score : Score
        A releasable figure.

    Returns
    -------
    FactRow
        Name of the metric with its version, and the figure.
    """
    fresh = "" if score.floor is None else f"; fresh real data {figure(score.floor)}"
    chance = "" if score.chance is None else f"; chance {figure(score.chance)}"
    name = f"{metric_words(score.metric)} v{score.metric_version}"
    return FactRow(name, f"{interval(score.value, score.low, score.high)}{fresh}{chance}")


def figure_groups(scores: Iterable[Score]) -> tuple[FigureGroup, ...]:
    """List the figures of whole families, section by section.

    Parameters
    ----------
    scores : iterable of Score
        All figures; those of columns and pairs, and those that may not be printed, are passed over.

    Returns
    -------
    tuple of FigureGroup
        In the order of the sections; within one, in the order of the audit.
    """
    whole = [score for score in scores if not score.columns and score.releasable and score.value is not None]
    groups = []
    for section, title in SECTIONS.items():
        own = [score for score in whole if score.section is section]
        plain = {score.metric for score in own}
        # a metric that comes both as it is and on the scale from chance to fresh real data has one row
        scaled = {
            score.metric.removesuffix(_ON_SCALE): score for score in own if score.metric.endswith(_ON_SCALE)
        }
        rows = tuple(
            _figure_row(score, scaled.get(score.metric))
            for score in own
            if not score.metric.endswith(_ON_SCALE) or score.metric.removesuffix(_ON_SCALE) not in plain
        )
        if rows:
            groups.append(FigureGroup(title, rows))
    return tuple(groups)


def _figure_row(score: Score, scaled: Score | None) -> FigureRow:
    found, calibrated = interval(score.value, score.low, score.high), figure(score.calibrated)
    if score.metric.endswith(_ON_SCALE):
        calibrated, found = found, NOT_A_NUMBER
        if score.floor is not None and score.excess is not None:
            found = figure(score.floor + score.excess)
    elif scaled is not None:
        calibrated = interval(scaled.value, scaled.low, scaled.high)
    return FigureRow(
        name=metric_words(score.metric.removesuffix(_ON_SCALE)),
        version=f"v{score.metric_version}",
        found=found,
        fresh=figure(score.floor),
        chance=figure(score.chance),
        excess=figure(score.excess, signed=True),
        calibrated=calibrated,
    )
