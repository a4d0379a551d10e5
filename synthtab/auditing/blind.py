"""The blind baseline: whether training and holdout rows differ by themselves, before anything is blamed."""

from __future__ import annotations

from synthtab.auditing.normal import one_sided_p
from synthtab.auditing.tables import AuditTable
from synthtab.metrics.detection import DetectionResult, classifier_two_sample_test
from synthtab.schema import ColumnSpec

__all__ = ["NO_RANDOM_SPLIT", "blind_baseline", "is_told_apart"]

NO_RANDOM_SPLIT = (
    "training and holdout rows can be told apart without the synthetic table: this is no random split"
)
_LEVEL = 0.005
_DRAWS = 100


def blind_baseline(
    train: AuditTable, holdout: AuditTable, columns: tuple[ColumnSpec, ...], seed: int
) -> DetectionResult:
    """Try to tell training from holdout rows without the synthetic table.

    Parameters
    ----------
    train, holdout : AuditTable
        The real tables.
    columns : tuple of ColumnSpec
        Columns to use.
    seed : int
        Seed of the test.

    Returns
    -------
    DetectionResult
        A classifier two-sample test; an area of one half is as it should be.
    """
    return classifier_two_sample_test(
        holdout.rows,
        train.rows,
        columns,
        real_persons=holdout.people,
        synthetic_persons=train.people,
        seed=seed,
        n_bootstrap=_DRAWS,
    )


def is_told_apart(blind: DetectionResult) -> bool:
    """Say whether the split cannot have been random.

    Parameters
    ----------
    blind : DetectionResult
        What `blind_baseline` gave.

    Returns
    -------
    bool
        Whether a random split gives as much in fewer than one case of 200.
    """
    return blind.z is not None and one_sided_p(blind.z) <= _LEVEL
