"""Write docs/metrics.md from the registered metrics and the docstrings that define them.

    python scripts/write_metrics_page.py [--check]

With ``--check`` nothing is written, and the exit code says whether the page is as it should be.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from numpydoc.docscrape import FunctionDoc

from synthtab.auditing.definitions import DEFINITIONS
from synthtab.auditing.policy import Policy
from synthtab.metrics.base import METRICS, Metric
from synthtab.results import Section

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"

INTRODUCTION = """\
# Metrics

Written by `scripts/write_metrics_page.py` from the docstrings: change those, not this page.

Each figure is a **value** beside its **floor**, what fresh real rows of the same number would score, and,
where there is one, **chance**, what a table without the property would score. Single columns and pairs
report the **excess**, value less floor. Whole families are **calibrated**: the sum of chance less value over
the sum of chance less floor, so that 0 is chance and 1 is fresh real data. Figures of two versions of a
metric are never compared.

A check **fails** when its figure is worse than fresh real data by more than chance explains *and* beyond the
margin given here; significant but within the margin, or too weak to see twice the margin, is a **warning**.
Privacy has no margin: significant is a failure. Metrics without a check describe; they decide nothing."""

# what fresh real data and chance are, for the metrics of a section
COMPARED_WITH = {
    Section.SCHEMA: "Floor: the same rate among holdout rows. There is no chance.",
    Section.MARGINAL: (
        "Value: synthetic against holdout rows. Floor: as many training rows against holdout rows. Chance: "
        "samples of the synthetic size, uniform over the range or the levels that the real column occupies; "
        "for missing rates, a table without missing values."
    ),
    Section.ASSOCIATION: (
        "Value: synthetic against holdout rows. Floor: as many training rows against holdout rows. Chance: "
        "samples of the synthetic size from the product of the training rows' columns, which is independence."
    ),
    Section.RARE: (
        "Rare is what few training rows hold. Floor: the same figure of holdout rows for coverage and "
        "invention, of training rows for ratios of mass. Chance: nothing kept."
    ),
    Section.TAILS: (
        "Value: synthetic against holdout rows. Floor: as many training rows against holdout rows. Chance: a "
        "tail lost or doubled. A tail is scored when at least twice as many rows as may be printed lie in it."
    ),
    Section.SUBGROUPS: (
        "Floor: as many training rows in place of the synthetic ones, in the same group; for models, those "
        "trained on real rows. Chance, for models: a constant predictor."
    ),
    Section.UTILITY: (
        "Floor: training rows in place of the synthetic ones, tested on the same holdout rows. Chance: a "
        "constant predictor, or no relation; counts, means and coefficients have none."
    ),
    Section.DETECTION: (
        "Floor: nothing to tell, an area of one half or a ratio of one. Chance, the worst there is: every "
        "row told, an area of 1."
    ),
    Section.PRIVACY: (
        "Floor: what the same attack finds on people who are not in the table, or what it would find if "
        "training and holdout rows were exchanged. Chance, the worst there is: everybody found. Significance "
        "comes from labels exchanged between training and holdout rows, and has no margin."
    ),
}

# to what a definition is applied, where its own words cannot tell; a metric need not be here
APPLIED_TO: Mapping[str, str] = {
    "outside_domain": "Rows with a value that the schema does not allow, by column and in all.",
    "broken_rules": "Rows that break a rule of the schema, by rule and in all.",
    "broken_logic": "Rows that break a rule that (nearly) all real rows obey, by rule and in all.",
    "outside_range": "Values below the least or above the greatest real value, as a share of the column's.",
    "invented": "Rows with a level that no training row holds and the schema does not list.",
    "tvd": "Cells: levels of a label, about twenty quantile bins of a number, heaped values, missing.",
    "missing_rate": "Cells: missing and present.",
    "calendar": "Cells: weekdays, months and hours of dates, each by itself.",
    "last_digit": "Cells: last digits of a rounded number.",
    "heaping_5": "Cells: multiples of five and all other numbers.",
    "heaping_10": "Cells: multiples of ten and all other numbers.",
    "quantiles": "The 1, 5, 25, 50, 75, 95 and 99 % quantiles: mean distance in inter-quartile ranges.",
    "pair_tvd": "Cells: those of a two-way table. Descriptive: most of it is sampling noise.",
    "triple_tvd": "Cells: those of a three-way table of the triples that the plan chose.",
    "interaction_tvd": "Half the sum of absolute differences of this between two tables.",
    "cramers_v": "Absolute difference of the strength in two tables.",
    "spearman": "Absolute difference of the correlation in two tables.",
    "pearson": "Absolute difference of the correlation in two tables.",
    "mutual_information": "Absolute difference of the information in two tables.",
    "correlation_ratio": "Absolute difference of the ratio in two tables.",
    "coverage": "One less the mean over rare levels, at equal numbers of rows.",
    "combination_coverage": "One less the mean over rare pairs of values, at equal numbers of rows.",
    "identity_coverage": "The same over rare combinations of quasi-identifiers.",
    "rare_mass": "All rare levels together: share of synthetic over share of holdout rows.",
    "combination_mass": "All rare pairs of values together: share of synthetic over share of holdout rows.",
    "identity_mass": "All rare combinations of quasi-identifiers together.",
    "group_tvd": "Within each level of a chosen column: mean over all other columns.",
    "tstr": "AUC for a label (0 … 1), R² for a number (at most 1), of a model trained on synthetic rows.",
    "trtr": "The same of a model trained on as many real rows: the floor of the others.",
    "trstr": "The same of a model trained on those real and synthetic rows together.",
    "group_tstr": "The same among the test rows of one group.",
    "survival_tstr": "Of a Cox model trained on synthetic rows, on holdout rows.",
    "survival_trtr": "Of a Cox model trained on as many real rows, on holdout rows.",
    "importance_agreement": "Mean over pairs of models, one of real and one of synthetic rows.",
    "query_count": "Relative error of counts.",
    "query_mean": "Error of means in standard deviations of the column.",
    "demographic_parity": "Of the model trained on synthetic rows; the floor is that of real rows.",
    "equalized_odds": "Of the model trained on synthetic rows; the floor is that of real rows.",
    "blind_auc": "Training against holdout rows: the synthetic table is not looked at.",
    "pmse_tree_ratio": "A classification tree in place of the regression, its null by permuted labels.",
    "membership_auc": "The rank-AUC of training over holdout records by that score.",
    "membership_tpr_at_1fpr": "Training records beyond the score that 1 % of holdout records exceed.",
    "membership_tpr_at_10fpr": "Training records beyond the score that 10 % of holdout records exceed.",
    "dcr_share": "Synthetic rows whose nearest real row is a training row; the floor is |T| / (|T| + |H|).",
    "nndr": "Median ratio of the distances to the nearest and to the second nearest training row.",
}

# where the metric is not what the documented function returns, but made from it
RANGES: Mapping[str, str] = {
    **dict.fromkeys(("outside_domain", "broken_rules", "broken_logic", "outside_range", "invented"), "0 … 1"),
    "interaction_tvd": "0 (equal) … 1",
    "cramers_v": "0 (equal) … 1",
    "spearman": "0 (equal) … 2 (turned round)",
    "pearson": "0 (equal) … 2 (turned round)",
    "mutual_information": "0 (equal) and up, in nats",
    "correlation_ratio": "0 (equal) … 1",
    "quantiles": "0 (equal) and up, in inter-quartile ranges",
    **dict.fromkeys(("coverage", "combination_coverage", "identity_coverage"), "0 (all found) … 1 (none)"),
    **dict.fromkeys(("rare_mass", "combination_mass", "identity_mass"), "0 (lost) and up; 1 is equal"),
    **dict.fromkeys(("tstr", "trtr", "trstr", "group_tstr"), "AUC 0 … 1, chance ½; R² at most 1, chance 0"),
    "importance_agreement": "-1 (the reverse) … 1 (the same order); 0 is no relation",
    "coefficient_agreement": "0 … 1",
    "query_count": "0 (right) and up",
    "query_mean": "0 (right) and up, in standard deviations",
    "blind_auc": "0 … 1; ½ is no difference",
    "exact_copies": "-1 … 1; 0 is as many as coincidence brings",
    **dict.fromkeys(("membership_tpr_at_1fpr", "membership_tpr_at_10fpr"), "0 … 1"),
    **dict.fromkeys(
        (name for name in METRICS if "_auc" in name and name.startswith(("membership", "shadow"))),
        "0 … 1; ½ is a guess",
    ),
    **dict.fromkeys(
        (
            "near_copies",
            "membership_tpr_at_0_1fpr",
            "attribute_inference",
            "attribute_inference_all_known",
            "attribute_inference_rarest",
            "linkability",
            "singling_out_one",
            "singling_out_several",
            "k_map_unique",
            "k_map_small",
            "homogeneity",
            "rare_values_shared",
        ),
        "0 … 1; as much as on people who are not in the table is perfect",
    ),
    "epsilon_lower_bound": "0 … what the design could have shown at most",
    "isolated_ratio": "0 (a copy) … 1 (as far as the next person)",
    "dcr_share": "0 … 1",
    "nndr": "0 … 1",
}
# too general to say anything of the metric: what it is applied to is the definition
_GENERAL = frozenset({"synthtab.metrics.marginal.shares"})


@dataclass(frozen=True)
class CheckLine:
    """One check, as the page tells it.

    Parameters
    ----------
    code : str
        E.g. ``STB101``.
    metric : str
        Metric that it is made of.
    name : str
        What is checked.
    make : str
        How the metric becomes one figure, as in `synthtab.auditing.definitions.Definition`.
    """

    code: str
    metric: str
    name: str
    make: str


CHECKS = (
    *(CheckLine(item.code, item.metric, item.name, item.make) for item in DEFINITIONS),
    CheckLine("STB502", "group_tstr", "utility in the worst group", "calibrated"),
    CheckLine("STB503", "equalized_odds", "group fairness of a model trained on it", "worst"),
    CheckLine("STB601", "tstr", "boosted model trained on it", "calibrated"),
    CheckLine("STB602", "tstr", "linear model trained on it", "calibrated"),
    CheckLine("STB603", "tstr", "randomised trees trained on it, when thorough", "calibrated"),
    CheckLine("STB701", "c2st_auc", "told from real rows", "value"),
    CheckLine("STB801", "exact_copies", "exact copies of training rows", "privacy"),
    CheckLine("STB802", "membership_auc", "membership inference", "privacy"),
    CheckLine("STB803", "dcr_share", "closer to training than to holdout rows", "note"),
    CheckLine("STB804", "blind_auc", "training told from holdout rows without it", "blind"),
    CheckLine("STB805", "attribute_inference", "attribute inference", "privacy"),
    CheckLine("STB806", "linkability", "linkability", "privacy"),
    CheckLine("STB807", "singling_out_several", "singling out", "privacy"),
    CheckLine("STB808", "k_map_small", "quasi-identifier cells", "privacy"),
    CheckLine("STB809", "isolated_ratio", "single people who stand alone", "privacy"),
    CheckLine("STB810", "rare_values_shared", "values that only a few people hold", "privacy"),
    CheckLine("STB811", "epsilon_lower_bound", "lower bound of epsilon", "bound"),
    CheckLine("STB812", "shadow_auc", "shadow models of the most isolated people, when asked for", "privacy"),
)


@dataclass(frozen=True)
class Documented:
    """What a docstring says of a metric.

    Parameters
    ----------
    question : str
        Its first sentence.
    definition : str
        What follows the first sentence, and the notes, as Markdown.
    returned : str
        What comes out: range and perfect score.
    references : str
        Literature.
    """

    question: str
    definition: str
    returned: str
    references: str


def documented(path: str) -> Documented | None:
    """Read the docstring of a function, or None when there is no such function."""
    module, _, name = path.rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        return None
    parts = FunctionDoc(function)
    returned = [line for item in parts["Returns"] for line in [*item.desc, ""]]
    return Documented(
        question=" ".join(parts["Summary"]),
        definition="\n\n".join(
            text for text in (markdown(parts["Extended Summary"]), markdown(parts["Notes"])) if text
        ),
        returned=markdown(returned),
        references=markdown(parts["References"]),
    )


def markdown(lines: Sequence[str]) -> str:
    """Turn the lines of a docstring's section into Markdown: paragraphs, lists and formulas."""
    return "\n\n".join(_block(block) for block in _blocks(lines))


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Cut lines at blank ones; a formula stands by itself, with what is indented under it."""
    block: list[str] = []
    for line in [*lines, ""]:
        inside_formula = bool(block) and block[0].startswith(".. math::")
        if line.startswith(".. math::"):
            if block:
                yield block
            block = [line]
        elif line.strip():
            # an empty directive takes what is indented below the blank line after it
            if inside_formula and block[-1] == "" and not line.startswith(" "):
                yield block
                block = []
            block.append(line)
        elif inside_formula and block == [".. math::"]:
            block.append("")
        elif block:
            yield block
            block = []
    if block:
        yield block


def _block(block: list[str]) -> str:
    if block[0].startswith(".. math::"):
        formula = [block[0].removeprefix(".. math::").strip(), *(line.strip() for line in block[1:])]
        return "\n".join(["```math", *(line for line in formula if line), "```"])
    items = " ".join(line.strip() for line in block)
    text = re.sub(r":math:`([^`]*)`", r"$`\1`$", items)
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def page() -> str:
    """Make the whole page."""
    parts = [INTRODUCTION, _contents()]
    # several metrics may share one definition: it stands with the one that was registered first
    homes = {item.documented: item.name for item in reversed(METRICS.values())}
    for section in Section:
        own = [item for item in METRICS.values() if item.section is section]
        if own:
            parts += [f"## {section.value.capitalize()}", COMPARED_WITH.get(section, "")]
            parts += [_entry(item, homes[item.documented]) for item in own]
    unmentioned = sorted(set(Policy().margins) - {check.code for check in CHECKS})
    if unmentioned:
        parts += ["## Other checks", "\n".join(_bullet(CheckLine(code, "", "", "")) for code in unmentioned)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _contents() -> str:
    rows = ["| metric | | perfect | checks |", "| --- | --- | ---: | --- |"]
    for item in METRICS.values():
        codes = ", ".join(check.code for check in CHECKS if check.metric == item.name)
        rows.append(f"| [`{item.name}`](#{item.name}) | {item.label} | {item.best:g} | {codes} |")
    return "\n".join(rows)


def _entry(item: Metric, first: str) -> str:
    known = documented(item.documented)
    title = f"### {item.name}\n\n**{item.label[:1].upper()}{item.label[1:]}**, version {item.version}."
    applied = APPLIED_TO.get(item.name, "")
    if known is None:
        return f"{title} {applied or 'Its definition is not written down yet.'}"
    general = item.documented in _GENERAL
    parts = [f"{title} {applied if general else known.question}", "" if general else applied]
    if not general:
        parts.append(known.definition if first == item.name else f"Defined as [`{first}`](#{first}).")
    returned = RANGES.get(item.name, known.returned).rstrip(".")
    bullets = [f"- Range: {returned}.", f"- Perfect: {item.best:g}."]
    bullets += [_bullet(check) for check in CHECKS if check.metric == item.name]
    if known.references and first == item.name:
        bullets.append(f"- Reference: {known.references}")
    bullets.append(f"- In code: `{item.documented}`.")
    return "\n\n".join([*(part for part in parts if part), "\n".join(bullets)])


def _bullet(check: CheckLine) -> str:
    """Tell one check with its margin and the reason for it."""
    margin = Policy().margins.get(check.code)
    start = f"- Check `{check.code}`" + (f", {check.name}" if check.name else "")
    if margin is None:
        return f"{start}: {_WITHOUT_MARGIN.get(check.make, 'no margin')}."
    return f"{start}: {_limit(check.make, margin.threshold)}, because {margin.reason}."


_WITHOUT_MARGIN = {
    "privacy": "fails when significant; privacy has no margin",
    "bound": "a note, never a verdict, because a bound of 0 is not evidence of privacy",
    "note": "a note, never a verdict, because five copies in a hundred rows hardly move it",
    "blind": "a note; when significant, the attacks are not applicable, because the split was not random",
}


def _limit(make: str, threshold: float) -> str:
    if make == "calibrated":
        return f"at least {threshold:g} on the scale from chance (0) to fresh real data (1)"
    if make == "ratio":
        return f"between {threshold:g} and {1 / threshold:g}"
    if make == "worst":
        return f"an excess of at most {threshold:g} in the worst of them"
    if make == "share":
        return f"at most {threshold:g} above the floor"
    return f"at most {threshold:g}"


def main() -> int:
    """Write the page, or say whether it is up to date."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when it differs")
    made = page()
    if parser.parse_args().check:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    print(f"wrote {PAGE.name}: {len(METRICS)} metrics, {len(CHECKS)} checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
