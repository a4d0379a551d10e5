"""Detection: can a boosted classifier tell synthetic rows from real ones, and by which columns?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import FeatureEncoder, narrowed, varying_columns
from synthtab.metrics.ranking import bootstrap_weights, weighted_concordance
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.casting import FloatArray, HashArray, IntArray
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = ["DetectionResult", "Giveaway", "classifier_two_sample_test"]

DETECTION_VERSION = 1
FOLDS = 5
MIN_ROWS = 50
# The bootstrap of out-of-fold rows does not see that the model would have come out otherwise.
TRAINING_NOISE = 1.2
# Rows with more twins than this are a cell of a coarse table, not copies: kept together they would
# leave a classifier nothing to learn the cell's frequency from.
MAX_TWINS = 20
TOP_COLUMNS = 5
_BINS = 20


@dataclass(frozen=True)
class Giveaway:
    """One column that tells synthetic rows from real ones.

    Parameters
    ----------
    column : str
        Column name.
    auc_drop : float
        What the test's AUC loses when the column is shuffled among held-out rows.
    auc_alone : float
        AUC of the column by itself, cross-fitted.
    """

    column: str
    auc_drop: float
    auc_alone: float


@dataclass(frozen=True)
class DetectionResult:
    """What a classifier two-sample test found.

    Parameters
    ----------
    auc, low, high : float or None
        Area under the ROC curve of out-of-fold scores and its 95 % interval: 0.5 is perfect, 1 is told apart
        without error. None when there are too few rows.
    se : float or None
        Standard error, raised by a fifth for what training adds.
    z : float or None
        ``(auc - 0.5) / se``.
    smallest_detectable : float or None
        AUC that had an 80 % chance to be called significant at .005.
    n_rows : int
        Rows of each side.
    giveaways : tuple of Giveaway
        Up to five columns, worst first; none when nothing was told apart.
    reason : str
        Why there is no figure.
    """

    auc: float | None
    low: float | None
    high: float | None
    se: float | None
    z: float | None
    smallest_detectable: float | None
    n_rows: int
    giveaways: tuple[Giveaway, ...] = ()
    reason: str = ""


def classifier_two_sample_test(
    real: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    *,
    real_persons: IntArray | HashArray | None = None,
    seed: int = 0,
    max_rows: int = 10_000,
    n_bootstrap: int = 200,
) -> DetectionResult:
    """Ask whether a boosted classifier can tell synthetic rows from real ones.

    Equal numbers of rows of both tables are cut into five folds; scores come from a model that saw the
    other four. Identical rows share a fold (a bootstrap of real rows would otherwise be recognised by its
    repeats), and so do the rows of one person. The AUC compares rows within a fold only.

    Parameters
    ----------
    real : CastTable
        Rows that the synthesizer has not seen: the holdout.
    synthetic : CastTable
        Synthetic rows.
    columns : tuple of ColumnSpec
        Columns to use.
    real_persons : ndarray of int, shape (n_real,), optional
        Person of each real row.
    seed : int, default 0
        Seed of the sample, the folds and the bootstrap.
    max_rows : int, default 10000
        Most rows of each side; more are sampled.
    n_bootstrap : int, default 200
        Bootstrap draws behind the interval.

    Returns
    -------
    DetectionResult
        AUC in [0, 1], perfect score 0.5. Below 0.5 against training rows is a sign of copies.

    References
    ----------
    Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests, ICLR.
    """
    n_rows = min(real.n_rows, synthetic.n_rows, max_rows)
    if n_rows < MIN_ROWS:
        return _nothing(n_rows, f"fewer than {MIN_ROWS} rows on one side")
    real_rows = _sample(real.n_rows, n_rows, seed, "real")
    sides = (real.take(real_rows), synthetic.take(_sample(synthetic.n_rows, n_rows, seed, "synthetic")))
    persons = None if real_persons is None else np.asarray(real_persons)[real_rows]
    with one_native_thread():
        encoder = FeatureEncoder.fit(sides, sides, columns)
        if not encoder.features:
            return _nothing(n_rows, "no column to compare")
        matrix = np.vstack([encoder.tree_matrix(side) for side in sides])
        is_synthetic = np.repeat([False, True], n_rows)
        hashes = np.concatenate([narrowed(side, encoder.names).row_hash() for side in sides])
        groups = _rows_together(hashes, persons)
        folds = _folds(groups, seed)
        scores, drops = _cross_fit(matrix, encoder.is_label, is_synthetic, folds, seed)
        weights = bootstrap_weights(groups, n_bootstrap, generator(seed, "detection", "bootstrap"))
        aucs = _auc_within_folds(scores, is_synthetic, folds, weights)
    if aucs is None:
        return _nothing(n_rows, "too few groups of distinct rows to hold any out")
    auc = float(aucs[0])
    # an AUC of exactly 1 has no spread among bootstrap draws; half a row is the least that can be told
    se = TRAINING_NOISE * max(float(np.nanstd(aucs[1:], ddof=1)), 0.5 / n_rows)
    giveaways = _giveaways(encoder.names, drops, _alone(matrix, encoder.is_label, is_synthetic, folds), se)
    return DetectionResult(
        auc=auc,
        low=max(0.0, auc - 1.96 * se),
        high=min(1.0, auc + 1.96 * se),
        se=se,
        z=(auc - 0.5) / se,
        smallest_detectable=min(1.0, 0.5 + (2.576 + 0.842) * se),
        n_rows=n_rows,
        giveaways=giveaways if auc - 0.5 > 1.96 * se else (),
    )


def _nothing(n_rows: int, reason: str) -> DetectionResult:
    return DetectionResult(None, None, None, None, None, None, n_rows, reason=reason)


def _sample(n_have: int, n_want: int, seed: int, side: str) -> npt.NDArray[np.intp]:
    chosen = generator(seed, "detection", side).choice(n_have, size=n_want, replace=False)
    return np.sort(chosen).astype(np.intp)


def _rows_together(hashes: HashArray, real_persons: IntArray | HashArray | None) -> IntArray:
    """Number the groups of rows that must not be torn apart: twins, rows of a person, and chains of both."""
    _, twins, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    n_rows = len(hashes)
    crowded = counts[twins] > MAX_TWINS
    twins = np.where(crowded, len(counts) + np.arange(n_rows), twins)
    if real_persons is not None:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        people = np.unique(real_persons, return_inverse=True)[1]
        first_person = int(twins.max()) + 1
        edges = (twins[: len(people)], first_person + people)
        size = first_person + int(people.max()) + 1
        graph = coo_array((np.ones(len(people), dtype=np.int8), edges), shape=(size, size))
        twins = connected_components(graph, directed=False)[1][twins]
    return np.unique(twins, return_inverse=True)[1].astype(np.int64)


def _folds(groups: IntArray, seed: int) -> IntArray:
    """Deal whole groups to folds of about equal size."""
    sizes = np.bincount(groups)
    order = generator(seed, "detection", "folds").permutation(len(sizes))
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    fold_of_group[order] = np.minimum(FOLDS - 1, (middle * FOLDS / len(groups)).astype(np.int64))
    return fold_of_group[groups]


def _cross_fit(
    matrix: FloatArray, is_label: npt.NDArray[np.bool_], is_synthetic: npt.NDArray[np.bool_], folds: IntArray, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Score every row by a model that has not seen it; tell what shuffling each column costs."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    scores = np.zeros(len(matrix))
    drops = np.zeros(matrix.shape[1])
    rng = generator(seed, "detection", "shuffle")
    for fold in range(FOLDS):
        held = folds == fold
        use = np.flatnonzero(varying_columns(matrix[~held]))
        if not _both(is_synthetic[held]) or not _both(is_synthetic[~held]) or not use.size:
            continue  # every score stays 0: ties, which say nothing
        model = HistGradientBoostingClassifier(
            max_iter=50,
            max_leaf_nodes=12,
            early_stopping=False,
            categorical_features=is_label[use],
            random_state=derive_seed(seed, "detection", "fit", fold),
        )
        model.fit(matrix[np.ix_(~held, use)], is_synthetic[~held])
        rows = matrix[np.ix_(held, use)]
        scores[held] = model.decision_function(rows)
        reached = _auc(scores[held], is_synthetic[held])
        for place, column in enumerate(use):
            shuffled = rows.copy()
            shuffled[:, place] = rng.permutation(shuffled[:, place])
            drops[column] += (reached - _auc(model.decision_function(shuffled), is_synthetic[held])) * held.mean()
    return scores, drops


def _both(labels: npt.NDArray[np.bool_]) -> bool:
    return bool(labels.any() and not labels.all())


def _auc(scores: FloatArray, is_positive: npt.NDArray[np.bool_]) -> float:
    concordant, pairs = weighted_concordance(scores, is_positive, np.ones((1, len(scores))))
    return float(concordant[0] / pairs[0])


def _auc_within_folds(
    scores: FloatArray, is_synthetic: npt.NDArray[np.bool_], folds: IntArray, weights: FloatArray
) -> FloatArray | None:
    # across folds, scores of different models and base rates are not comparable: under the null that
    # alone pulls the AUC below one half
    concordant, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for fold in range(FOLDS):
        held = folds == fold
        if _both(is_synthetic[held]) and _both(is_synthetic[~held]):
            more_concordant, more_pairs = weighted_concordance(scores[held], is_synthetic[held], weights[:, held])
            concordant += more_concordant
            pairs += more_pairs
    return concordant / np.where(pairs > 0, pairs, np.nan) if pairs[0] > 0 else None


def _alone(
    matrix: FloatArray, is_label: npt.NDArray[np.bool_], is_synthetic: npt.NDArray[np.bool_], folds: IntArray
) -> FloatArray:
    """Give each column's AUC by itself: the share of synthetic rows in its bin, learnt from the other folds.

    Two columns that give the same thing away hide each other's loss; here each shows it.
    """
    aucs = np.full(matrix.shape[1], 0.5)
    ones = np.ones((1, len(matrix)))
    for column in range(matrix.shape[1]):
        bins = _bins(matrix[:, column], is_label=bool(is_label[column]))
        n_bins = int(bins.max()) + 1
        counts = np.zeros((FOLDS, n_bins, 2))
        np.add.at(counts, (folds, bins, is_synthetic.astype(np.int64)), 1.0)
        others = counts.sum(axis=0) - counts + 0.5  # half a row of each side: an unseen bin says nothing
        share = others[:, :, 1] / others.sum(axis=2)
        value = _auc_within_folds(share[folds, bins], is_synthetic, folds, ones)
        if value is not None:
            aucs[column] = float(value[0])
    return aucs


def _bins(values: FloatArray, *, is_label: bool) -> IntArray:
    missing = np.isnan(values)
    if is_label:
        codes = np.where(missing, -1, values).astype(np.int64)
    elif missing.all():
        return np.zeros(len(values), dtype=np.int64)
    else:
        edges = np.unique(np.quantile(values[~missing], np.arange(1, _BINS) / _BINS))
        codes = np.searchsorted(edges, values, side="left")
        codes[missing] = -1
    return (codes + 1).astype(np.int64)


def _giveaways(names: tuple[str, ...], drops: FloatArray, alone: FloatArray, se: float) -> tuple[Giveaway, ...]:
    weight = np.maximum(drops, alone - 0.5)
    worst = sorted(range(len(names)), key=lambda index: (-weight[index], names[index]))[:TOP_COLUMNS]
    return tuple(
        Giveaway(names[index], float(drops[index]), float(alone[index])) for index in worst if weight[index] > se
    )
