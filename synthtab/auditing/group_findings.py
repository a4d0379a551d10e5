"""Groups of people: the checks of utility in the worst group and of fairness between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from synthtab.auditing.checks import Finding, judge
from synthtab.auditing.normal import one_sided_p, upper_quantile
from synthtab.auditing.policy import Policy
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z80, Z95
from synthtab.metrics.fairness import FairnessChange, GroupFairness
from synthtab.metrics.group_utility import GroupUtility
from synthtab.metrics.utility import UtilityResult
from synthtab.results import Score, Section, Status

__all__ = [
    "GroupServed",
    "count_group_questions",
    "fairness_finding",
    "groups_served",
    "subgroup_scores",
    "worst_group_finding",
]

_WORST_GROUP = ("STB502", "utility in the worst group")
_FAIRNESS = ("STB503", "group fairness of a model trained on it")


@dataclass(frozen=True)
class GroupServed:
    """How well a boosted model trained on synthetic rows serves one group, for a report to draw.

    Parameters
    ----------
    target : str
        What is predicted.
    column, level : str
        Which rows.
    measure : str
        ``auc`` or ``r2``.
    tstr, low, high : float
        Score of the model trained on synthetic rows; the interval is that of the difference, around it.
    trtr : float
        Score of the model trained on real rows.
    status : Status
        Whether synthetic rows train worse for this group; not applicable where real rows train nothing.
    """

    target: str
    column: str
    level: str
    measure: str
    tstr: float
    low: float
    high: float
    trtr: float
    status: Status


def count_group_questions(results: Sequence[UtilityResult]) -> int:
    """Count the questions about groups that share the error budget of utility.

    Parameters
    ----------
    results : sequence of UtilityResult
        One for each target.

    Returns
    -------
    int
        For each target one for its worst group and one for its fairness, where they can be asked.
    """
    return sum(bool(_judged(result)) + bool(result.fairness) for result in results)


def worst_group_finding(results: Sequence[UtilityResult], asked: int, policy: Policy) -> Finding:
    """Ask whether a model trained on synthetic rows fails any group that one trained on real rows serves.

    Parameters
    ----------
    results : sequence of UtilityResult
        One for each target.
    asked : int
        Questions that share the budget.
    policy : Policy
        Margins and budgets.

    Returns
    -------
    Finding
        Of the groups with a significant loss the one that loses most, else that with the strongest evidence;
        unjudged. A note where nothing was seen and half of the groups
        could have lost twice the tolerance unseen: a warning would stand on every table of moderate size.
    """
    every = [(result, group) for result in results for group in _judged(result)]
    if not every:
        why = "no group has enough test rows in which real rows train a model"
        return Finding(_WORST_GROUP[0], Section.SUBGROUPS, _WORST_GROUP[1], not_applicable=why)
    result, worst = _worst_group(every, asked, policy)
    smallest_seen = _smallest_seen(result, asked, policy)
    finding = _group_finding(result, worst, asked, smallest_seen)
    assert finding.p_value is not None
    if finding.p_value > policy.utility and smallest_seen > 2 * policy.margins[finding.code].tolerance:
        note = f"{finding.detail} Half of the groups show only a loss of {smallest_seen:.0%} or more."
        return replace(finding, note=note)
    return finding


def groups_served(results: Sequence[UtilityResult], asked: int, policy: Policy) -> tuple[GroupServed, ...]:
    """Say of each group how well it is served.

    Parameters
    ----------
    results : sequence of UtilityResult
        One for each target.
    asked : int
        Questions that share the budget.
    policy : Policy
        Margins and budgets.

    Returns
    -------
    tuple of GroupServed
        By target, column and level.
    """
    found = []
    for result in results:
        for group in result.groups:
            status = Status.NOT_APPLICABLE
            if group.z is not None:
                status = judge(_group_finding(result, group, asked, None), policy).status
            found.append(
                GroupServed(
                    target=result.target,
                    column=group.column,
                    level=group.level,
                    measure=group.measure,
                    tstr=group.tstr,
                    low=group.trtr + group.low,
                    high=group.trtr + group.high,
                    trtr=group.trtr,
                    status=status,
                )
            )
    return tuple(found)


def fairness_finding(results: Sequence[UtilityResult], asked: int, policy: Policy) -> Finding:
    """Ask whether synthetic rows train a model that treats groups more unequally than real rows do.

    Parameters
    ----------
    results : sequence of UtilityResult
        One for each target.
    asked : int
        Questions that share the budget.
    policy : Policy
        Margins and budgets.

    Returns
    -------
    Finding
        Of the columns with a significant change the one that changes most, else that with the strongest
        evidence; unjudged. A note where nothing was seen and twice the
        tolerance could have gone unseen: rates of decisions inside groups need thousands of test rows.
    """
    code, name = _FAIRNESS
    every = [(result, item) for result in results for item in result.fairness]
    if not every:
        why = "no label target has two groups with enough test rows of either class"
        return Finding(code, Section.SUBGROUPS, name, not_applicable=why)
    result, worst, p_value = _worst_column(every, asked, policy)
    odds = worst.odds
    critical = upper_quantile(policy.utility / (max(asked, 1) * len(result.fairness)))
    smallest_seen = (critical + Z80) * float(np.median([item.odds.se for item in result.fairness]))
    detail = (
        f"Deciding on {result.target} = {worst.positive} between the levels of {worst.column}, equalized "
        f"odds differ by {odds.trtr:.2f} from real rows and by {odds.tstr:.2f} from synthetic ones."
    )
    note = ""
    if p_value > policy.utility and smallest_seen > 2 * policy.margins[code].tolerance:
        note = f"{detail} Groups of this size show only a change of {smallest_seen:.2f} or more."
    return Finding(
        code,
        Section.SUBGROUPS,
        name,
        value=odds.change,
        low=odds.low,
        high=odds.high,
        reference=0.0,
        p_value=p_value,
        smallest_seen=smallest_seen,
        remedy="Keep the dependence between the target, this column and the others, or fit groups apart.",
        columns=(worst.column,),
        note=note,
        detail=detail,
    )


def subgroup_scores(results: Sequence[UtilityResult]) -> list[Score]:
    """Give every figure about groups.

    Parameters
    ----------
    results : sequence of UtilityResult
        One for each target.

    Returns
    -------
    list of Score
        Utility inside each group, and fairness between the groups of each column.
    """
    found = []
    for result in results:
        for group in result.groups:
            half = Z95 * group.se
            found.append(
                Score(
                    Section.SUBGROUPS,
                    "group_tstr",
                    metric("group_tstr").version,
                    (result.target, group.column, group.level),
                    group.tstr,
                    group.tstr - half,
                    group.tstr + half,
                    floor=group.trtr,
                    chance=group.chance,
                    excess=group.difference,
                    calibrated=group.calibrated,
                )
            )
        for item in result.fairness:
            columns = (result.target, item.column)
            found.append(_fairness_score("demographic_parity", columns, item.parity))
            found.append(_fairness_score("equalized_odds", columns, item.odds))
    return found


def _fairness_score(name: str, columns: tuple[str, ...], change: FairnessChange) -> Score:
    half = Z95 * change.se
    return Score(
        Section.SUBGROUPS,
        name,
        metric(name).version,
        columns,
        change.tstr,
        change.tstr - half,
        change.tstr + half,
        floor=change.trtr,
        excess=change.change,
    )


def _judged(result: UtilityResult) -> list[GroupUtility]:
    return [group for group in result.groups if group.z is not None]


def _worst_group(
    every: list[tuple[UtilityResult, GroupUtility]], asked: int, policy: Policy
) -> tuple[UtilityResult, GroupUtility]:
    # where everybody loses a little the evidence is strongest in the largest group, the loss elsewhere
    significant = [item for item in every if asked * (item[1].p_value or 0.0) <= policy.utility]
    if significant:
        return min(significant, key=lambda item: item[1].calibrated or 0.0)
    return max(every, key=lambda item: item[1].z or 0.0)


def _worst_column(
    every: list[tuple[UtilityResult, GroupFairness]], asked: int, policy: Policy
) -> tuple[UtilityResult, GroupFairness, float]:
    with_p = [
        (result, item, min(1.0, asked * len(result.fairness) * one_sided_p(item.odds.z)))
        for result, item in every
    ]
    significant = [found for found in with_p if found[2] <= policy.utility]
    if significant:
        return max(significant, key=lambda found: found[1].odds.change)
    return max(with_p, key=lambda found: found[1].odds.z)


def _smallest_seen(result: UtilityResult, asked: int, policy: Policy) -> float:
    """Give the smallest loss that half of the groups would have shown, each by itself."""
    groups = _judged(result)
    critical = upper_quantile(policy.utility / (max(asked, 1) * len(groups)))
    return (critical + Z80) * float(np.median([group.se / (group.trtr - group.chance) for group in groups]))


def _group_finding(
    result: UtilityResult, group: GroupUtility, asked: int, smallest_seen: float | None
) -> Finding:
    assert group.p_value is not None
    measure = "AUC" if group.measure == "auc" else "R²"
    return Finding(
        _WORST_GROUP[0],
        Section.SUBGROUPS,
        _WORST_GROUP[1],
        value=group.calibrated,
        low=group.calibrated_low,
        high=group.calibrated_high,
        reference=1.0,
        p_value=min(1.0, asked * group.p_value),
        smallest_seen=smallest_seen,
        remedy="Keep the dependence inside this group, or fit it apart from the others.",
        columns=(group.column,),
        detail=f"Predicting {result.target} where {group.column} is {group.level}: {measure} "
        f"{group.tstr:.3f} from synthetic rows, {group.trtr:.3f} from real ones.",
    )
