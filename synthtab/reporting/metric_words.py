"""Names of metrics in words: those that are known, and any other made readable."""

from __future__ import annotations

from collections.abc import Iterable

from synthtab.reporting.audit_answers import SECTIONS
from synthtab.reporting.sectionmodel import FigureGroup, FigureRow
from synthtab.reporting.text import clean, figure, interval
from synthtab.reporting.viewmodel import FactRow
from synthtab.results import Score

__all__ = ["figure_groups", "metric_words", "score_fact"]

_KNOWN = {
    "auc": "AUC",
    "blind_auc": "training told from holdout rows, AUC",
    "broken_rules": "rows that break a rule",
    "c2st_auc": "classifier two-sample test, AUC",
    "coverage": "rare categories not found",
    "cramers_v": "Cramér's V, difference",
    "dcr_share": "synthetic rows closer to training than to holdout rows",
    "interaction_tvd": "five-bin interaction distance",
    "invented": "rows with an invented category",
    "ks": "Kolmogorov–Smirnov distance",
    "membership_tpr_at_10fpr": "members found at 10\u00a0% false alarms",
    "membership_tpr_at_1fpr": "members found at 1\u00a0% false alarms",
    "missing_rate": "missing rate, difference",
    "outside_domain": "rows outside the schema's domain",
    "pair_tvd": "two-way total variation distance",
    "rare_mass": "mass of rare categories, synthetic over real",
    "spearman": "Spearman's correlation, difference",
    "tail_mass": "tail mass, relative difference",
    "trstr": "trained on real and synthetic, tested on real",
    "trtr": "trained on real, tested on real",
    "tstr": "trained on synthetic, tested on real",
    "tvd": "total variation distance",
}
_WRITTEN = {
    **{word: word.upper() for word in ("auc", "c2st", "cdf", "dcr", "fpr", "iqr", "js", "kl", "ks", "mmd")},
    **{word: word.upper() for word in ("nndr", "pca", "psi", "roc", "tpr", "trstr", "trtr", "tstr", "tvd")},
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
    if name in _KNOWN:
        return _KNOWN[name]
    words = name.replace("_", " ").split()
    return clean(" ".join(_WRITTEN.get(word.lower(), word) for word in words) or name)


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
        rows = tuple(_figure_row(score) for score in whole if score.section is section)
        if rows:
            groups.append(FigureGroup(title, rows))
    return tuple(groups)


def _figure_row(score: Score) -> FigureRow:
    return FigureRow(
        name=metric_words(score.metric),
        version=f"v{score.metric_version}",
        found=interval(score.value, score.low, score.high),
        fresh=figure(score.floor),
        chance=figure(score.chance),
        excess=figure(score.excess, signed=True),
    )
