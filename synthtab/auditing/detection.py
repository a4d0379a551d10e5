"""Detection: whether a classifier tells synthetic from real rows, as a check and as figures."""

from __future__ import annotations

from synthtab.auditing.checks import Finding
from synthtab.auditing.normal import one_sided_p, upper_quantile
from synthtab.auditing.policy import Policy
from synthtab.auditing.tables import AuditTable, AuditTables
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z80, Z95
from synthtab.metrics.detection import DetectionResult, classifier_two_sample_test
from synthtab.results import FamilyScore, Score, Section, Status
from synthtab.schema.cast_table import HashArray

__all__ = ["measure_detection"]

Measured = tuple[tuple[Finding, ...], tuple[Score, ...], tuple[FamilyScore, ...]]


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
        smallest_seen=(upper_quantile(policy.detection) + Z80) * found.se,
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
