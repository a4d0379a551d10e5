"""What a statistician asks of a synthetic table: coefficients, survival, filtered counts and means, pMSE.

Figures beside those of real rows, described without a verdict of their own: the checks on models, dependence
and detection judge what they measure with more power.
"""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.auditing.tables import AuditTable, AuditTables
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z95
from synthtab.metrics.coefficients import CoefficientResult, coefficient_agreement
from synthtab.metrics.propensity import propensity_pmse
from synthtab.metrics.queries import query_utility
from synthtab.metrics.survival import SurvivalUtility, survival_utility
from synthtab.results import ModelComparison, Score, Status

__all__ = ["InferencePart", "measure_inference", "measure_propensity"]

_COX = "Cox regression"
# what calls a survival model worse; described, so no budget is drawn on
_CLEARLY = 2.576


@dataclass(frozen=True)
class InferencePart:
    """What regressions, survival models and queries add to an audit.

    Parameters
    ----------
    scores : tuple of Score
        Every figure.
    models : tuple of ModelComparison
        Survival models, for a report to draw.
    """

    scores: tuple[Score, ...]
    models: tuple[ModelComparison, ...]


def measure_inference(
    tables: AuditTables, train: AuditTable, test: AuditTable, targets: tuple[str, ...], seed: int
) -> InferencePart:
    """Fit regressions and survival models, and ask random queries, of synthetic and of real rows.

    Parameters
    ----------
    tables : AuditTables
        The tables.
    train, test : AuditTable
        Real rows to learn from, and real rows to hold against.
    targets : tuple of str
        Columns to regress on the others.
    seed : int
        Seed of every draw.

    Returns
    -------
    InferencePart
        Figures.
    """
    three = (train.rows, test.rows, tables.synthetic.rows)
    scores: list[Score] = []
    for target in targets:
        scores += _coefficient_scores(
            coefficient_agreement(*three, tables.columns, target, holdout_persons=test.people, seed=seed)
        )
    found = query_utility(*three, tables.columns, holdout_persons=test.people, seed=seed)
    for error in found.errors:
        known = metric(f"query_{error.kind}")
        half = (error.high - error.low) / 2
        scores.append(
            Score(
                known.section,
                known.name,
                known.version,
                (error.statistic,),
                error.value,
                error.value - half,
                error.value + half,
                floor=error.floor,
                excess=error.excess,
            )
        )
    models: list[ModelComparison] = []
    for survival in tables.schema.survival:
        cox = survival_utility(*three, tables.columns, survival, holdout_persons=test.people, seed=seed)
        scores += _survival_scores(cox)
        models += _survival_model(cox)
    return InferencePart(tuple(scores), tuple(models))


def measure_propensity(tables: AuditTables, seed: int) -> tuple[Score, ...]:
    """Give the propensity score's mean squared error over what fresh rows would have.

    Parameters
    ----------
    tables : AuditTables
        The tables; it needs a holdout.
    seed : int
        Seed of every draw.

    Returns
    -------
    tuple of Score
        Of a logistic regression and of a tree; none without a holdout.
    """
    if tables.holdout is None:
        return ()
    found = propensity_pmse(
        tables.train.rows, tables.holdout.rows, tables.synthetic.rows, tables.columns, seed=seed
    )
    known, tree = metric("pmse_ratio"), metric("pmse_tree_ratio")
    scores = []
    if found.ratio is not None:
        scores.append(
            Score(
                known.section,
                known.name,
                known.version,
                (),
                found.ratio,
                found.low,
                found.high,
                floor=found.floor,
                excess=None if found.floor is None else found.ratio - found.floor,
            )
        )
    if found.tree_ratio is not None:
        scores.append(Score(tree.section, tree.name, tree.version, (), found.tree_ratio, floor=1.0))
    return tuple(scores)


def _coefficient_scores(found: CoefficientResult) -> list[Score]:
    if found.overlap is None or found.overlap_floor is None or found.se is None:
        return []
    overlap, agreement = metric("coefficient_overlap"), metric("coefficient_agreement")
    half = Z95 * found.se
    scores = [
        Score(
            overlap.section,
            overlap.name,
            overlap.version,
            (found.target,),
            found.overlap,
            found.overlap - half,
            found.overlap + half,
            floor=found.overlap_floor,
            excess=found.overlap - found.overlap_floor,
        )
    ]
    if found.agreement is not None and found.agreement_floor is not None:
        scores.append(
            Score(
                agreement.section,
                agreement.name,
                agreement.version,
                (found.target,),
                found.agreement,
                floor=found.agreement_floor,
                excess=found.agreement - found.agreement_floor,
            )
        )
    return scores


def _survival_scores(found: SurvivalUtility) -> list[Score]:
    if found.tstr is None or found.trtr is None or found.se is None:
        return []
    own, real = metric("survival_tstr"), metric("survival_trtr")
    names, half = (found.time, found.event), Z95 * found.se
    return [
        Score(
            own.section,
            own.name,
            own.version,
            names,
            found.tstr,
            found.tstr - half,
            found.tstr + half,
            floor=found.trtr,
            chance=0.5,
            excess=found.difference,
            calibrated=found.calibrated,
        ),
        Score(real.section, real.name, real.version, names, found.trtr, chance=0.5),
    ]


def _survival_model(found: SurvivalUtility) -> list[ModelComparison]:
    if found.tstr is None or found.trtr is None or found.se is None:
        return []
    half = Z95 * found.se
    worse = found.z is not None and found.z > _CLEARLY
    return [
        ModelComparison(
            f"{found.time} until {found.event}",
            _COX,
            "concordance",
            found.trtr,
            found.tstr,
            found.tstr - half,
            found.tstr + half,
            None,
            None,
            None,
            0.5,
            Status.WARN if worse else Status.PASS,
        )
    ]
