"""Detection: whether a boosted classifier can tell synthetic rows from real ones, and by which columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import narrowed
from synthtab.metrics.features import FeatureEncoder, Float32Array, varying_columns
from synthtab.metrics.ranking import PersonArray, bootstrap_weights, weighted_concordance
from synthtab.schema import CastTable, ColumnSpec
from synthtab.schema.cast_table import FloatArray, HashArray, IntArray
from synthtab.seeding import derive_seed, generator, one_native_thread

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

__all__ = ["DetectionResult", "Giveaway", "classifier_two_sample_test"]

FOLDS = 5
MIN_ROWS = 50
ROUNDS = 50
MANY_ROWS = 5_000
# The bootstrap of out-of-fold rows does not see that the model would have come out otherwise.
TRAINING_NOISE = 1.25
# Rows with more twins than this are a cell of a coarse table, not copies: kept together they would
# leave a classifier nothing to learn the cell's frequency from.
MAX_TWINS = 20
TOP_COLUMNS = 5
_BINS = 20
_ROWS_AT_ONCE = 20_000


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
        Standard error, raised by a quarter for what training adds.
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
    real_persons: PersonArray | None = None,
    synthetic_persons: PersonArray | None = None,
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
    real_persons, synthetic_persons : ndarray of int, optional
        Person of each row. A synthetic table has none; to ask whether two real tables differ (training
        against holdout, before any attack) give both, under one numbering.
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
    rows = [
        _sample(table.n_rows, n_rows, seed, side)
        for table, side in ((real, "real"), (synthetic, "synthetic"))
    ]
    sides = (real.take(rows[0]), synthetic.take(rows[1]))
    # loaded before the block: it can only hold to one thread the libraries that it finds
    from sklearn.ensemble import HistGradientBoostingClassifier

    with one_native_thread():
        encoder = FeatureEncoder.fit(sides, sides, columns)
        if not encoder.features:
            return _nothing(n_rows, "no column to compare")
        matrix = np.vstack([encoder.tree_matrix(side) for side in sides])
        is_synthetic = np.repeat([False, True], n_rows)
        hashes = np.concatenate([narrowed(side, encoder.names).row_hash() for side in sides])
        groups = _rows_together(hashes, _persons(real_persons, synthetic_persons, rows))
        folds = _folds(groups, seed)
        scores = np.zeros(len(matrix))
        fitted: list[_FoldModel] = []
        for held in _usable_folds(folds, is_synthetic):
            use = np.flatnonzero(varying_columns(matrix[~held]))
            if use.size:
                model = HistGradientBoostingClassifier(
                    max_iter=_rounds(n_rows),
                    max_leaf_nodes=12,
                    early_stopping=False,
                    categorical_features=encoder.is_label[use],
                    random_state=derive_seed(seed, "detection", "fit", len(fitted)),
                )
                model.fit(matrix[np.ix_(~held, use)], is_synthetic[~held])
                scores[held] = model.decision_function(matrix[np.ix_(held, use)])
                fitted.append(_FoldModel(model, use, held))
        weights = bootstrap_weights(groups, n_bootstrap, generator(seed, "detection", "bootstrap"))
        aucs = _auc_within_folds(scores, is_synthetic, folds, weights)
        if aucs is None:
            return _nothing(n_rows, "too few groups of distinct rows to hold any out")
        auc = float(aucs[0])
        # an AUC of exactly 1 has no spread among bootstrap draws; half a row is the least that can be told
        se = TRAINING_NOISE * max(float(np.nanstd(aucs[1:], ddof=1)), 0.5 / n_rows)
        giveaways: tuple[Giveaway, ...] = ()
        if auc - 0.5 > 1.96 * se:
            drops = _loss_when_shuffled(matrix, is_synthetic, fitted, generator(seed, "detection", "shuffle"))
            giveaways = _worst(
                encoder.names, drops, _alone(matrix, encoder.is_label, is_synthetic, folds), se
            )
    return DetectionResult(
        auc=auc,
        low=max(0.0, auc - 1.96 * se),
        high=min(1.0, auc + 1.96 * se),
        se=se,
        z=(auc - 0.5) / se,
        smallest_detectable=min(1.0, 0.5 + (2.576 + 0.842) * se),
        n_rows=n_rows,
        giveaways=giveaways,
    )


@dataclass(frozen=True, eq=False)
class _FoldModel:
    model: HistGradientBoostingClassifier
    use: npt.NDArray[np.intp]
    held: npt.NDArray[np.bool_]


def _nothing(n_rows: int, reason: str) -> DetectionResult:
    return DetectionResult(None, None, None, None, None, None, n_rows, reason=reason)


def _sample(n_have: int, n_want: int, seed: int, side: str) -> npt.NDArray[np.intp]:
    chosen = generator(seed, "detection", side).choice(n_have, size=n_want, replace=False)
    return np.sort(chosen).astype(np.intp)


def _persons(
    real: PersonArray | None, synthetic: PersonArray | None, rows: list[npt.NDArray[np.intp]]
) -> IntArray | None:
    """Give a number to the person of each row; a row without a person stands for itself."""
    if real is None and synthetic is None:
        return None
    known = [np.empty(0, dtype=np.int64) if side is None else side for side in (real, synthetic)]
    numbers = np.unique(np.concatenate(known), return_inverse=True)[1].astype(np.int64)
    sides = (
        None if real is None else numbers[: len(real)],
        None if synthetic is None else numbers[-len(synthetic) :],
    )
    alone = 1 + int(numbers.max(initial=-1))
    parts = []
    for side, chosen in zip(sides, rows, strict=True):
        parts.append(alone + np.arange(len(chosen)) if side is None else side[chosen])
        alone += len(chosen)
    return np.concatenate(parts)


def _rows_together(hashes: HashArray, persons: IntArray | None) -> IntArray:
    """Give a number to each set of rows that one fold must hold: twins, rows of a person, chains of both."""
    _, twins, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    n_rows = len(hashes)
    crowded = counts[twins] > MAX_TWINS
    groups = np.where(crowded, len(counts) + np.arange(n_rows), twins)
    if persons is not None:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        first_person = int(groups.max()) + 1
        size = first_person + int(persons.max()) + 1
        edges = (groups, first_person + persons)
        graph = coo_array((np.ones(n_rows, dtype=np.int8), edges), shape=(size, size))
        groups = connected_components(graph, directed=False)[1].astype(np.int64)[groups]
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _folds(groups: IntArray, seed: int) -> IntArray:
    """Deal whole groups to folds of about equal size."""
    sizes = np.bincount(groups)
    order = generator(seed, "detection", "folds").permutation(len(sizes))
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    fold_of_group[order] = np.minimum(FOLDS - 1, (middle * FOLDS / len(groups)).astype(np.int64))
    return fold_of_group[groups]


def _rounds(n_rows: int) -> int:
    """Give rounds of boosting: with more rows, more of what joins the columns can be learned."""
    return ROUNDS if n_rows < MANY_ROWS else 2 * ROUNDS


def _usable_folds(folds: IntArray, is_synthetic: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.bool_]]:
    """Give the rows of each fold that holds both sides inside and outside."""
    for fold in range(FOLDS):
        held = folds == fold
        if _both(is_synthetic[held]) and _both(is_synthetic[~held]):
            yield held


def _both(labels: npt.NDArray[np.bool_]) -> bool:
    return bool(labels.any() and not labels.all())


def _auc_within_folds(
    scores: FloatArray, is_synthetic: npt.NDArray[np.bool_], folds: IntArray, weights: Float32Array
) -> FloatArray | None:
    # across folds, scores of different models and base rates are not comparable: under the null that
    # alone pulls the AUC below one half
    concordant, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for held in _usable_folds(folds, is_synthetic):
        more_concordant, more_pairs = weighted_concordance(scores[held], is_synthetic[held], weights[:, held])
        concordant += more_concordant
        pairs += more_pairs
    return concordant / np.where(pairs > 0, pairs, np.nan) if pairs[0] > 0 else None


def _loss_when_shuffled(
    matrix: FloatArray,
    is_synthetic: npt.NDArray[np.bool_],
    fitted: list[_FoldModel],
    rng: np.random.Generator,
) -> FloatArray:
    """Give the AUC that shuffling each column among held-out rows costs, mean over folds."""
    drops = np.zeros(matrix.shape[1])
    for part in fitted:
        rows, labels = matrix[np.ix_(part.held, part.use)], is_synthetic[part.held]
        once = np.ones((1, len(rows)), dtype=np.float32)
        concordant, pairs = weighted_concordance(part.model.decision_function(rows), labels, once)
        step = max(1, _ROWS_AT_ONCE // len(rows))  # a call costs more than its rows do
        for first in range(0, len(part.use), step):
            places = range(first, min(first + step, len(part.use)))
            shuffled = np.tile(rows, (len(places), 1, 1))
            for index, place in enumerate(places):
                shuffled[index, :, place] = rng.permutation(rows[:, place])
            scores = part.model.decision_function(shuffled.reshape(-1, len(part.use))).reshape(
                len(places), -1
            )
            for index, place in enumerate(places):
                left, _ = weighted_concordance(scores[index], labels, once)
                drops[part.use[place]] += float((concordant - left)[0] / pairs[0]) / len(fitted)
    return drops


def _alone(
    matrix: FloatArray, is_label: npt.NDArray[np.bool_], is_synthetic: npt.NDArray[np.bool_], folds: IntArray
) -> FloatArray:
    """Give each column's AUC by itself: the share of synthetic rows in its bin, learnt from the other folds.

    Two columns that give the same thing away hide each other's loss; here each shows it.
    """
    aucs = np.full(matrix.shape[1], 0.5)
    ones = np.ones((1, len(matrix)), dtype=np.float32)
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
        codes = np.where(missing, -1, values)
    elif missing.all():
        codes = np.zeros(len(values))
    else:
        edges = np.unique(np.quantile(values[~missing], np.arange(1, _BINS) / _BINS))
        codes = np.where(missing, -1, np.searchsorted(edges, values, side="left"))
    return codes.astype(np.int64) + 1


def _worst(names: tuple[str, ...], drops: FloatArray, alone: FloatArray, se: float) -> tuple[Giveaway, ...]:
    weight = np.maximum(drops, alone - 0.5)
    worst = sorted(range(len(names)), key=lambda index: (-weight[index], names[index]))[:TOP_COLUMNS]
    return tuple(
        Giveaway(names[index], float(drops[index]), float(alone[index]))
        for index in worst
        if weight[index] > se
    )
