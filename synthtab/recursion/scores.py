"""Row scores: which of many synthetic rows a curator would keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from synthtab.errors import SpecError
from synthtab.metrics.features import FeatureEncoder, varying_columns
from synthtab.profiling.memory import violations
from synthtab.schema import CastTable, LabelColumn, TableSchema
from synthtab.schema.cast_table import FloatArray

__all__ = ["SCORES", "RowScore", "rarity", "row_score"]

RowScore = Callable[[CastTable, CastTable | None, TableSchema, np.random.Generator], FloatArray]
"""Rows, verifier rows, schema and a generator give one number a row; higher is better."""

_ROUNDS = 60
_FOLDS = 2


def rarity(rows: CastTable) -> FloatArray:
    r"""Say how rare the levels of each row are in its own table.

    Parameters
    ----------
    rows : CastTable
        The rows.

    Returns
    -------
    ndarray of float, shape (n_rows,)
        Above 0; 1 on average. All 1 where there is no label column.

    Notes
    -----
    .. math:: r_i = \frac1J \sum_j \frac{1}{L_j\, p_j(x_{ij})}

    over label columns j of :math:`L_j` levels, missing values being a level.
    """
    found = np.zeros(rows.n_rows)
    labels = [column for column in rows.columns.values() if isinstance(column, LabelColumn)]
    for column in labels:
        codes = column.codes + 1
        counts = np.bincount(codes, minlength=len(column.levels) + 1)
        found += rows.n_rows / (np.count_nonzero(counts) * counts[codes])
    return np.asarray(found / len(labels)) if labels else np.ones(rows.n_rows)


def _rarity(
    rows: CastTable,
    verifier: CastTable | None,  # noqa: ARG001 - one signature for all scores
    schema: TableSchema,  # noqa: ARG001 - one signature for all scores
    rng: np.random.Generator,  # noqa: ARG001 - one signature for all scores
) -> FloatArray:
    return rarity(rows)


def _validity(
    rows: CastTable,
    verifier: CastTable | None,  # noqa: ARG001 - one signature for all scores
    schema: TableSchema,
    rng: np.random.Generator,  # noqa: ARG001 - one signature for all scores
) -> FloatArray:
    outside, broken = violations(rows, schema)
    # the last column of each says whether any is violated, which the others say already
    return np.asarray(-(outside[:, :-1].sum(axis=1) + broken[:, :-1].sum(axis=1)), dtype=np.float64)


def _density_ratio(
    rows: CastTable, verifier: CastTable | None, schema: TableSchema, rng: np.random.Generator
) -> FloatArray:
    """Give the log odds of being real, from a boosted classifier that has not seen the row it judges."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    assert verifier is not None
    tables = (verifier, rows)
    encoder = FeatureEncoder.fit(tables, tables, schema.modelled)
    matrices = [encoder.tree_matrix(table) for table in tables]
    fold = rng.permutation(rows.n_rows) % _FOLDS
    scores = np.zeros(rows.n_rows)
    for held in range(_FOLDS):
        synthetic = matrices[1][fold != held]
        matrix = np.vstack([matrices[0], synthetic])
        use = np.flatnonzero(varying_columns(matrix))
        if not use.size or not len(synthetic):
            continue
        is_real = np.repeat([True, False], [len(matrices[0]), len(synthetic)])
        model = HistGradientBoostingClassifier(
            max_iter=_ROUNDS,
            max_leaf_nodes=12,
            early_stopping=False,
            categorical_features=encoder.is_label[use],
            random_state=int(rng.integers(2**31)),
        )
        model.fit(matrix[:, use], is_real)
        scores[fold == held] = model.decision_function(matrices[1][fold == held][:, use])
    return scores


SCORES: Mapping[str, RowScore] = {
    "density_ratio": _density_ratio,
    "rarity": _rarity,
    "validity": _validity,
}


def row_score(score: str | RowScore) -> RowScore:
    """Find a row score by name.

    Parameters
    ----------
    score : str or callable
        A name, or the score itself.

    Returns
    -------
    callable
        The score.

    Raises
    ------
    SpecError
        When there is none of that name.
    """
    if not isinstance(score, str):
        return score
    if score not in SCORES:
        raise SpecError(
            f"There is no row score {score!r}.",
            hint=f"Choose {', '.join(sorted(SCORES))}, or give a function of your own.",
        )
    return SCORES[score]
