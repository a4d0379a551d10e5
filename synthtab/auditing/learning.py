"""Utility and detection: what models learn from synthetic rows, and whether they tell them from real."""

from __future__ import annotations

import math

from synthtab.auditing.checks import Finding
from synthtab.auditing.policy import Margin, Policy
from synthtab.auditing.tables import AuditTable, AuditTables
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z80, Z95
from synthtab.metrics.detection import DetectionResult, classifier_two_sample_test
from synthtab.metrics.utility import ModelUtility, UtilityResult, train_synthetic_test_real
from synthtab.results import FamilyScore, Score, Section, Status
from synthtab.schema.casting import HashArray

__all__ = ["measure_detection", "measure_utility", "one_sided_p"]

_CODES = {"gradient_boosting": "STB601", "linear": "STB602"}
_NAMES = {"gradient_boosting": "boosted model trained on it", "linear": "linear model trained on it"}

Measured = tuple[tuple[Finding, ...], tuple[Score, ...], tuple[FamilyScore, ...]]


def one_sided_p(z: float) -> float:
    """Give the chance of a standard normal draw of at least `z`.

    Parameters
    ----------
    z : float
        Standardised shortfall.

    Returns
    -------
    float
        From 0 to 1.
    """
    return 0.5 * math.erfc(z / math.sqrt(2))


def measure_utility(tables: AuditTables, targets: tuple[str, ...], policy: Policy, seed: int) -> Measured:
    """Train on synthetic and on real rows, test both on real rows.

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

    Returns
    -------
    tuple
        Unjudged checks, scores, and the family on its scale.
    """
    train, test = _train_and_test(tables, seed)
    results = [
        train_synthetic_test_real(
            train.rows,
            test.rows,
            tables.synthetic.rows,
            tables.columns,
            target,
            holdout_persons=test.people,
            seed=seed,
        )
        for target in targets
    ]
    usable = [(r, m) for r in results for m in r.models if m.calibrated is not None and m.z is not None]
    findings = tuple(_utility_finding(model, results, len(usable), policy) for model in _CODES)
    return findings, tuple(_utility_scores(results)), (_utility_family(usable, results),)


def _train_and_test(tables: AuditTables, seed: int) -> tuple[AuditTable, AuditTable]:
    if tables.holdout is not None:
        return tables.train, tables.holdout
    return tables.train.halves(seed)


def _utility_finding(model: str, results: list[UtilityResult], asked: int, policy: Policy) -> Finding:
    code = _CODES[model]
    own = [(result, m) for result in results for m in result.models if m.model == model]
    scored = [(result, m) for result, m in own if m.calibrated is not None and m.z is not None]
    if not scored:
        reasons = [m.reason for _, m in own] + [result.reason for result in results]
        why = next((reason for reason in reasons if reason), "no target could be predicted")
        return Finding(code, Section.UTILITY, _NAMES[model], not_applicable=why.rstrip("."))
    result, worst = max(scored, key=lambda item: item[1].z or 0.0)
    assert worst.z is not None
    margin = policy.margins[code]
    if result.rare:
        reason = "a rare class is hard to learn from any sample"
        margin = Margin(policy.rare_target_threshold, 1 - policy.rare_target_threshold, reason)
    gap = max(worst.trtr - worst.chance, 1e-12)
    # Bonferroni over all models and targets: they are few
    critical = _normal_quantile(policy.utility / max(asked, 1))
    measure = "AUC" if worst.measure == "auc" else "R²"
    return Finding(
        code,
        Section.UTILITY,
        _NAMES[model],
        value=worst.calibrated,
        low=worst.low,
        high=worst.high,
        reference=1.0,
        p_value=min(1.0, asked * one_sided_p(worst.z)),
        smallest_seen=(critical + Z80) * worst.se / gap,
        remedy="Keep more of the dependence between the target and the other columns, or train longer.",
        columns=(result.target,),
        margin=margin,
        detail=f"Predicting {result.target}: {measure} {worst.tstr:.3f} from synthetic rows, "
        f"{worst.trtr:.3f} from real ones.",
    )


def _normal_quantile(tail: float) -> float:
    from scipy.special import ndtri

    return float(-ndtri(tail))


def _utility_scores(results: list[UtilityResult]) -> list[Score]:
    found = []
    for result in results:
        for model in result.models:
            columns = (result.target, model.model)
            half = Z95 * model.se
            found += [
                Score(
                    Section.UTILITY,
                    "tstr",
                    metric("tstr").version,
                    columns,
                    model.tstr,
                    model.tstr - half,
                    model.tstr + half,
                    floor=model.trtr,
                    chance=model.chance,
                    excess=model.difference,
                    calibrated=model.calibrated,
                ),
                Score(
                    Section.UTILITY, "trtr", metric("trtr").version, columns, model.trtr, chance=model.chance
                ),
            ]
    return found


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


def measure_detection(tables: AuditTables, policy: Policy, seed: int) -> Measured:
    """Ask a boosted classifier to tell synthetic from real rows.

    Parameters
    ----------
    tables : AuditTables
        The tables; without a holdout the training rows stand in for it.
    policy : Policy
        Margins and budgets.
    seed : int
        Seed of every draw.

    Returns
    -------
    tuple
        Unjudged checks, scores, and the family on its scale.
    """
    real = tables.holdout or tables.train
    found = classifier_two_sample_test(
        real.rows,
        tables.synthetic.rows,
        tables.columns,
        real_persons=real.people,
        synthetic_persons=_people(real, tables.synthetic),
        seed=seed,
    )
    if found.auc is None or found.se is None or found.z is None:
        finding = Finding("STB701", Section.DETECTION, "told from real rows", not_applicable=found.reason)
        family = FamilyScore(
            Section.DETECTION, "Detection", None, None, None, None, None, Status.NOT_APPLICABLE, found.reason
        )
        return (finding,), (), (family,)
    return (_detection_finding(found, policy),), _detection_scores(found), (_detection_family(found),)


def _people(real: AuditTable, synthetic: AuditTable) -> HashArray | None:
    """Give the persons of the synthetic rows when both tables say who a person is."""
    return None if real.people is None else synthetic.people


def _detection_finding(found: DetectionResult, policy: Policy) -> Finding:
    assert found.z is not None
    assert found.se is not None
    return Finding(
        "STB701",
        Section.DETECTION,
        "told from real rows (AUC)",
        value=found.auc,
        low=found.low,
        high=found.high,
        reference=0.5,
        p_value=one_sided_p(found.z),
        smallest_seen=(_normal_quantile(policy.detection) + Z80) * found.se,
        remedy="Look at the columns that gave it away: their shape, their rounding, or a rule between them.",
        columns=tuple(giveaway.column for giveaway in found.giveaways),
    )


def _detection_scores(found: DetectionResult) -> tuple[Score, ...]:
    version = metric("c2st_auc").version
    alone = (
        Score(
            Section.DETECTION,
            "c2st_auc",
            version,
            (item.column,),
            item.auc_alone,
            floor=0.5,
            chance=1.0,
            excess=item.auc_alone - 0.5,
        )
        for item in found.giveaways
    )
    assert found.auc is not None
    whole = Score(
        Section.DETECTION,
        "c2st_auc",
        version,
        (),
        found.auc,
        found.low,
        found.high,
        floor=0.5,
        chance=1.0,
        excess=found.auc - 0.5,
        calibrated=2 * (1 - found.auc),
    )
    return (whole, *alone)


def _detection_family(found: DetectionResult) -> FamilyScore:
    assert found.auc is not None
    assert found.se is not None
    score, half = 2 * (1 - found.auc), 2 * Z95 * found.se
    return FamilyScore(
        Section.DETECTION, "Detection", score, score - half, score + half, 1 - half, 1 + half, Status.PASS
    )
