"""Utility: what models learn from synthetic rows, as checks, figures, and a family on its scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from synthtab.auditing.checks import Finding, judge
from synthtab.auditing.group_findings import (
    GroupServed,
    count_group_questions,
    fairness_finding,
    groups_served,
    subgroup_scores,
    worst_group_finding,
)
from synthtab.auditing.normal import one_sided_p, upper_quantile
from synthtab.auditing.policy import Margin, Policy
from synthtab.auditing.tables import AuditTable, AuditTables
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z80, Z95
from synthtab.metrics.group_utility import RowGroup
from synthtab.metrics.learners import Learner
from synthtab.metrics.utility import LEARNERS, Depth, ModelUtility, UtilityResult, train_synthetic_test_real
from synthtab.results import FamilyScore, ModelComparison, Score, Section, Status
from synthtab.schema import CastTable

__all__ = ["UtilityPart", "measure_utility", "train_and_test"]

_CODES = {
    Learner.GRADIENT_BOOSTING: "STB601",
    Learner.LINEAR: "STB602",
    Learner.EXTRA_TREES: "STB603",
}
_NAMES = {
    Learner.GRADIENT_BOOSTING: "boosted model trained on it",
    Learner.LINEAR: "linear model trained on it",
    Learner.EXTRA_TREES: "randomised trees trained on it",
}


@dataclass(frozen=True)
class UtilityPart:
    """What training models adds to an audit.

    Parameters
    ----------
    findings : tuple of Finding
        Unjudged checks.
    scores : tuple of Score
        Every figure.
    families : tuple of FamilyScore
        Utility on the scale from chance to real rows.
    models : tuple of ModelComparison
        Each target and family of models, for a report to draw.
    groups : tuple of GroupServed
        Each target and group.
    """

    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    families: tuple[FamilyScore, ...]
    models: tuple[ModelComparison, ...]
    groups: tuple[GroupServed, ...]


def measure_utility(
    tables: AuditTables,
    targets: tuple[str, ...],
    policy: Policy,
    seed: int,
    *,
    depth: Depth = "standard",
    groups: Callable[[CastTable], tuple[RowGroup, ...]] | None = None,
) -> UtilityPart:
    """Train on synthetic, real, and both; test on real rows, as a whole and inside groups.

    Parameters
    ----------
    tables : AuditTables
        The tables; without a holdout, half of the training rows is held back for testing.
    targets : tuple of str
        Columns to predict.
    policy : Policy
        Margins and budgets.
    seed : int
        Seed of every draw.
    depth : {"standard", "thorough"}, default "standard"
        Thorough asks a third family of models, and draws more.
    groups : callable, optional
        Given the test rows, says which of them make a group.

    Returns
    -------
    UtilityPart
        Unjudged checks, figures, the family on its scale, and what a report draws.
    """
    train, test = train_and_test(tables, seed)
    parts = () if groups is None else groups(test.rows)
    results = [
        train_synthetic_test_real(
            train.rows,
            test.rows,
            tables.synthetic.rows,
            tables.columns,
            target,
            train_persons=train.people,
            holdout_persons=test.people,
            groups=parts,
            depth=depth,
            seed=seed,
        )
        for target in targets
    ]
    usable = [(r, m) for r in results for m in r.models if m.calibrated is not None and m.z is not None]
    # one budget for all models, and for what they do inside groups
    asked = len(usable) + count_group_questions(results)
    findings = [_worst_model_finding(learner, results, asked, policy) for learner in LEARNERS[depth]]
    findings += [
        worst_group_finding(results, asked, policy),
        fairness_finding(results, asked, policy),
    ]
    return UtilityPart(
        findings=tuple(findings),
        scores=(*_utility_scores(results), *subgroup_scores(results)),
        families=(_utility_family(usable, results),),
        models=tuple(
            _comparison(result, model, asked, policy) for result in results for model in result.models
        ),
        groups=groups_served(results, asked, policy),
    )


def train_and_test(tables: AuditTables, seed: int) -> tuple[AuditTable, AuditTable]:
    """Say which real rows models learn from and which they are tested on.

    Parameters
    ----------
    tables : AuditTables
        The tables.
    seed : int
        Seed of the cut, where there is no holdout.

    Returns
    -------
    tuple of AuditTable
        Training rows and holdout; without a holdout, two halves of the training rows.
    """
    if tables.holdout is not None:
        return tables.train, tables.holdout
    return tables.train.halves(seed)


def _worst_model_finding(
    learner: Learner, results: list[UtilityResult], asked: int, policy: Policy
) -> Finding:
    own = [(result, m) for result in results for m in result.models if m.model == learner.value]
    scored = [(result, m) for result, m in own if m.calibrated is not None and m.z is not None]
    if not scored:
        reasons = [m.reason for _, m in own] + [result.reason for result in results]
        why = next((reason for reason in reasons if reason), "no target could be predicted")
        return Finding(_CODES[learner], Section.UTILITY, _NAMES[learner], not_applicable=why.rstrip("."))
    result, worst = max(scored, key=lambda item: item[1].z or 0.0)
    return _model_finding(learner, result, worst, asked, policy)


def _model_finding(
    learner: Learner, result: UtilityResult, model: ModelUtility, asked: int, policy: Policy
) -> Finding:
    assert model.z is not None
    margin = policy.margins[_CODES[learner]]
    if result.rare:
        reason = "a rare class is hard to learn from any sample"
        margin = Margin(policy.rare_target_threshold, 1 - policy.rare_target_threshold, reason)
    gap = max(model.trtr - model.chance, 1e-12)
    # Bonferroni over all models and targets: they are few
    critical = upper_quantile(policy.utility / max(asked, 1))
    measure = "AUC" if model.measure == "auc" else "R²"
    return Finding(
        _CODES[learner],
        Section.UTILITY,
        _NAMES[learner],
        value=model.calibrated,
        low=model.low,
        high=model.high,
        reference=1.0,
        p_value=min(1.0, asked * one_sided_p(model.z)),
        smallest_seen=(critical + Z80) * model.se / gap,
        remedy="Keep more of the dependence between the target and the other columns, or train longer.",
        columns=(result.target,),
        margin=margin,
        detail=f"Predicting {result.target}: {measure} {model.tstr:.3f} from synthetic rows, "
        f"{model.trtr:.3f} from real ones.",
    )


def _comparison(result: UtilityResult, model: ModelUtility, asked: int, policy: Policy) -> ModelComparison:
    status = Status.NOT_APPLICABLE
    if model.z is not None:
        status = judge(_model_finding(Learner(model.model), result, model, asked, policy), policy).status
    return ModelComparison(
        target=result.target,
        model=model.model,
        measure=model.measure,
        trtr=model.trtr,
        tstr=model.tstr,
        low=model.trtr + model.difference_low,
        high=model.trtr + model.difference_high,
        trstr=model.trstr,
        trstr_low=model.trtr + model.gain_low,
        trstr_high=model.trtr + model.gain_high,
        chance=model.chance,
        status=status,
    )


def _utility_scores(results: list[UtilityResult]) -> list[Score]:
    found = []
    for result in results:
        for model in result.models:
            columns = (result.target, model.model)
            half = Z95 * model.se
            trtr = _score("trtr", columns, model.trtr, chance=model.chance)
            tstr = _score(
                "tstr",
                columns,
                model.tstr,
                half,
                floor=model.trtr,
                chance=model.chance,
                excess=model.difference,
                calibrated=model.calibrated,
            )
            both_half = (model.gain_high - model.gain_low) / 2
            trstr = _score(
                "trstr",
                columns,
                model.trstr,
                both_half,
                floor=model.trtr,
                chance=model.chance,
                excess=model.gain,
            )
            found += [tstr, trtr, trstr]
        if result.importance is not None:
            own = result.importance
            agreement = _score(
                "importance_agreement",
                (result.target,),
                own.value,
                floor=own.floor,
                chance=0.0,
                excess=own.excess,
            )
            found.append(replace(agreement, low=own.low, high=own.high))
    return found


def _score(
    name: str,
    columns: tuple[str, ...],
    value: float,
    half: float | None = None,
    *,
    floor: float | None = None,
    chance: float | None = None,
    excess: float | None = None,
    calibrated: float | None = None,
) -> Score:
    return Score(
        Section.UTILITY,
        name,
        metric(name).version,
        columns,
        value,
        None if half is None else value - half,
        None if half is None else value + half,
        floor=floor,
        chance=chance,
        excess=excess,
        calibrated=calibrated,
    )


def _utility_family(
    usable: list[tuple[UtilityResult, ModelUtility]], results: list[UtilityResult]
) -> FamilyScore:
    if not usable:
        why = next(
            (result.reason for result in results if result.reason), "real data itself predicts no target"
        )
        return FamilyScore(
            Section.UTILITY, "Utility", None, None, None, None, None, Status.NOT_APPLICABLE, why
        )
    gap = sum(m.trtr - m.chance for _, m in usable)
    score = sum(m.tstr - m.chance for _, m in usable) / gap
    # the models are tested on the same rows: their errors add up
    half = Z95 * sum(m.se for _, m in usable) / gap
    return FamilyScore(
        Section.UTILITY, "Utility", score, score - half, score + half, 1 - half, 1 + half, Status.PASS
    )
