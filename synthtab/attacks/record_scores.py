"""Record scores: how member-like each record looks to an attacker who holds the synthetic table.

No score knows who was in training: the reference is all other real records, training and holdout alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthtab.attacks.neighbours import Neighbours
from synthtab.attacks.tables import AttackTables
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = ["density_ratio", "gan_leaks", "is_near_copy", "logan", "resolution"]

# A synthetic row this much closer than the nearest other person is called a near copy: among fresh rows it
# happens to a few in ten thousand records.
NEAR = 0.2
_FOLDS = 3
_ROUNDS = 50
_MOST_LEARNT = 20_000


def resolution(*neighbours: Neighbours) -> float:
    """Give the distance that stands for none: half of the smallest that occurs.

    Parameters
    ----------
    *neighbours : Neighbours
        Distances among the same points.

    Returns
    -------
    float
        A positive number.
    """
    nearest = np.concatenate([item.distances.ravel() for item in neighbours])
    positive = nearest[(nearest > 0) & np.isfinite(nearest)]
    return float(positive.min()) / 2 if positive.size else 1.0


def density_ratio(to_real: Neighbours, to_made: Neighbours, k: int = 1) -> FloatArray:
    r"""Score records by a ratio of nearest-neighbour densities: :math:`\log d_{R,k}(x) - \log d_{S,k}(x)`.

    Records that stand in the synthetic table but nowhere else in the real ones come first.

    Parameters
    ----------
    to_real, to_made : Neighbours
        Each record's nearest other records, and nearest synthetic rows.
    k : int, default 1
        Which neighbour; the first sees copies best.

    Returns
    -------
    ndarray of float, shape (n,)
        Higher is more member-like.

    References
    ----------
    van Breugel et al. (2023), Membership inference attacks against synthetic data through overfitting
    detection (DOMIAS), arXiv 2302.12580.
    """
    real, made = _finite(to_real.distances[:, k - 1]), _finite(to_made.distances[:, k - 1])
    floor = resolution(
        Neighbours(real[:, None], to_real.positions[:, :1]),
        Neighbours(made[:, None], to_made.positions[:, :1]),
    )
    scores = np.log(np.maximum(real, floor)) - np.log(np.maximum(made, floor))
    stands_alone = (made == 0) & (real > 0)
    scores[stands_alone] += np.ptp(scores) + 1.0
    return _tied(scores)


def gan_leaks(to_made: Neighbours) -> FloatArray:
    r"""Score records by their distance to the nearest synthetic row alone.

    The score is :math:`-d_{S,1}(x)`. It needs no real records to compare with, and takes records where
    people are many for members.

    Parameters
    ----------
    to_made : Neighbours
        Each record's nearest synthetic rows.

    Returns
    -------
    ndarray of float, shape (n,)
        Higher is more member-like.

    References
    ----------
    Chen et al. (2020), GAN-Leaks, CCS.
    """
    return _tied(-_finite(to_made.distances[:, 0]))


def is_near_copy(to_real: Neighbours, to_made: Neighbours) -> npt.NDArray[np.bool_]:
    """Say of which records a synthetic row is a copy or nearly one.

    Parameters
    ----------
    to_real, to_made : Neighbours
        Each record's nearest other records, and nearest synthetic rows.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether a synthetic row lies within a fifth of the distance to the nearest other person's record.
    """
    real, made = to_real.distances[:, 0], to_made.distances[:, 0]
    return np.asarray((made < NEAR * real) & np.isfinite(made))


def logan(tables: AttackTables) -> FloatArray:
    """Score records by a boosted classifier that tells synthetic rows from the other real records.

    The records are cut by person into three folds; each is scored by a model that learnt all synthetic rows
    and the records of the other folds.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.

    Returns
    -------
    ndarray of float, shape (n,)
        Log-odds of being synthetic; 0 where nothing could be learnt.

    References
    ----------
    Hayes et al. (2019), LOGAN: membership inference attacks against generative models, PoPETs.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    from synthtab.metrics.features import varying_columns

    real, made = tables.encoder.tree_matrix(tables.pool.table), tables.encoder.tree_matrix(tables.made)
    folds = _folds(tables.pool.persons, tables.seed)
    scores = np.zeros(len(real))
    rng = generator(tables.seed, "attacks", "logan")
    shown = np.sort(rng.permutation(len(made))[:_MOST_LEARNT])
    with one_native_thread():
        for fold in range(_FOLDS):
            others = np.flatnonzero(folds != fold)
            others = np.sort(rng.permutation(others)[:_MOST_LEARNT])
            if not len(others) or not len(shown):
                continue
            matrix = np.vstack([real[others], made[shown]])
            use = np.flatnonzero(varying_columns(matrix))
            if not use.size:
                continue
            model = HistGradientBoostingClassifier(
                max_iter=_ROUNDS,
                max_leaf_nodes=12,
                early_stopping=False,
                categorical_features=tables.encoder.is_label[use],
                random_state=derive_seed(tables.seed, "attacks", "logan", fold),
            )
            model.fit(matrix[:, use], np.arange(len(matrix)) >= len(others))
            held = folds == fold
            if held.any():
                scores[held] = model.decision_function(real[np.ix_(held, use)])
    # scores of two models are compared: bring each fold to its own middle
    for fold in range(_FOLDS):
        held = folds == fold
        if held.any():
            scores[held] -= np.median(scores[held])
    return _tied(scores)


def _folds(persons: IntArray, seed: int) -> IntArray:
    n_persons = int(persons.max(initial=-1)) + 1
    fold_of_person = generator(seed, "attacks", "folds").permutation(n_persons) % _FOLDS
    return np.asarray(fold_of_person[persons], dtype=np.int64)


def _finite(distances: FloatArray) -> FloatArray:
    """Put a record without any neighbour as far away as the farthest that has one."""
    known = np.isfinite(distances)
    return np.where(known, distances, distances[known].max() if known.any() else 1.0)


def _tied(scores: FloatArray) -> FloatArray:
    # identical scores computed along two ways must tie
    return np.asarray(np.round(scores, 9), dtype=np.float64)
