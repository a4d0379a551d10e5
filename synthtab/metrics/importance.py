"""Importance: whether the columns that matter in the synthetic table are those that matter in the real."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.learners import Learner, TrainedModel, fit_model
from synthtab.metrics.prediction import PredictionTask
from synthtab.metrics.ranking import PersonArray, average_ranks, bootstrap_weights, numbered_persons
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import derive_seed, generator

__all__ = ["ImportanceAgreement", "importance_agreement", "permutation_losses", "rank_agreement"]

MIN_FEATURES = 3
# rows that one model predicts: each column is shuffled in as many test rows as that allows
_PREDICTED = 25_000
_FEWEST_ROWS, _MOST_ROWS = 200, 2_000
# as many at a time: a call costs as much as 2,000 rows
_CHUNK = 20_000
_DRAWS = 100
# half the rounds rank columns as well as all do, in half the time
_EFFORT = 0.5


@dataclass(frozen=True)
class ImportanceAgreement:
    """How alike columns rank by importance in the real and in the synthetic table.

    Parameters
    ----------
    value, low, high : float
        Agreement of the real with the synthetic table, by models trained on equally many rows, with its 95 %
        interval; -1 … 1, 1 is perfect, 0 is no relation.
    floor : float
        Agreement of two models of as many real rows: what fresh real data would have.
    excess, excess_low, excess_high : float
        ``value - floor`` with its 95 % interval; below 0 the synthetic rows point to other columns.
    n_train : int
        Rows that each of these models learnt from: half of the smaller table.
    real, synthetic : tuple of str
        Up to five columns that matter most, most important first, in the real and in the synthetic table.
    """

    value: float
    low: float
    high: float
    floor: float
    excess: float
    excess_low: float
    excess_high: float
    n_train: int
    real: tuple[str, ...]
    synthetic: tuple[str, ...]


def rank_agreement(first: FloatArray, second: FloatArray) -> FloatArray:
    r"""Say how alike two models rank their columns, with the columns at the top counting most.

    Parameters
    ----------
    first, second : ndarray of float, shape (..., n_columns)
        Importance of each column for either model.

    Returns
    -------
    ndarray of float, shape (...)
        -1 … 1; 1 is the same order, 0 no relation, -1 the reverse; 0 where a model ranks all columns alike.

    Notes
    -----
    Kendall's tau-b with a weight for each pair of columns. With :math:`r_i, s_i` the ranks of column i
    under the two models, 1 being the most important,

    .. math::
        \tau_w = \frac{\sum_{i<j} w_{ij}\, a_{ij} b_{ij}}
        {\sqrt{\sum_{i<j} w_{ij} a_{ij}^2 \sum_{i<j} w_{ij} b_{ij}^2}}, \qquad
        w_{ij} = \frac1{r_i} + \frac1{r_j} + \frac1{s_i} + \frac1{s_j},

    where a and b are the signs of the differences. Most columns of most tables matter little and stand in
    an order of chance: unweighted, they drown the few that matter.

    References
    ----------
    Vigna (2015), A weighted correlation index for rankings with ties.

    Examples
    --------
    >>> float(rank_agreement(np.array([3.0, 2.0, 1.0]), np.array([9.0, 4.0, 1.0])))
    1.0
    """
    shape = np.broadcast_shapes(first.shape, second.shape)
    n_columns = shape[-1]
    rows = [np.broadcast_to(side, shape).reshape(-1, n_columns) for side in (first, second)]
    i, j = np.triu_indices(n_columns, k=1)
    found = np.empty(len(rows[0]))
    for index, (a, b) in enumerate(zip(*rows, strict=True)):
        share = 1 / average_ranks(-a) + 1 / average_ranks(-b)
        weight = share[i] + share[j]
        signs = np.sign(a[i] - a[j]), np.sign(b[i] - b[j])
        both, one, other = (
            float((weight * x * y).sum())
            for x, y in ((signs[0], signs[1]), (signs[0], signs[0]), (signs[1], signs[1]))
        )
        found[index] = both / np.sqrt(one * other) if one * other > 0 else 0.0
    return found.reshape(shape[:-1])


def permutation_losses(
    model: TrainedModel, test: CastTable, task: PredictionTask, seed: int, repeats: int = 1
) -> FloatArray:
    r"""Say for each test row how much worse it is predicted when one column is shuffled among the rows.

    Parameters
    ----------
    model : TrainedModel
        A model of trees, which sees one feature a column.
    test : CastTable
        Test rows; `task.truth` is theirs.
    task : PredictionTask
        What is predicted.
    seed : int
        Seed of the shuffles.
    repeats : int, default 1
        Shuffles to average over.

    Returns
    -------
    ndarray of float, shape (n_test, n_columns)
        Rise of the squared error (Brier score for classes). Its mean is the importance of a column: larger
        is more important, 0 is a column that the model does not use.

    Notes
    -----
    Squared errors add up over rows, so that a bootstrap of the rows is one matrix product:

    .. math:: \ell_{ij} = \frac1R \sum_r \lVert y_i - f(x_i^{(j, r)}) \rVert^2 - \lVert y_i - f(x_i) \rVert^2

    References
    ----------
    Breiman (2001), Random forests; Fisher, Rudin and Dominici (2019), All models are wrong, but many are
    useful.
    """
    features = model.features(test)
    n_rows, n_columns = features.shape
    truth = task.truth[:, None]
    if task.is_classification:
        truth = (truth == np.arange(len(task.classes) + 1)).astype(np.float64)
    losses = np.zeros((n_rows, n_columns))
    if model.fitted is None or not n_rows:
        return losses
    base = ((truth - model.predict(features)) ** 2).sum(axis=1)
    rng = generator(seed, "shuffled column")
    orders = [rng.permutation(n_rows) for _ in range(repeats)]
    step = max(1, _CHUNK // n_rows)
    for order in orders:
        for low in range(0, len(model.use), step):
            columns = model.use[low : low + step]
            changed = np.tile(features, (len(columns), 1)).reshape(len(columns), n_rows, n_columns)
            for block, column in zip(changed, columns.tolist(), strict=True):
                block[:, column] = features[order, column]
            predicted = model.predict(changed.reshape(-1, n_columns)).reshape(len(columns), n_rows, -1)
            losses[:, columns] += ((truth - predicted) ** 2).sum(axis=2).T - base[:, None]
    return losses / repeats


def importance_agreement(
    real: CastTable,
    synthetic: CastTable,
    test: CastTable,
    task: PredictionTask,
    encoder: FeatureEncoder,
    *,
    real_persons: PersonArray | None = None,
    test_persons: PersonArray | None = None,
    seed: int = 0,
    repeats: int = 1,
) -> ImportanceAgreement | None:
    """Ask whether whoever has the synthetic table alone would name the same columns as important.

    Three boosted models learn from equally many rows: two from halves of the real rows, one from synthetic
    ones. The importance of a column is what it is worth in predicting rows of the same table that the model
    has not seen: halves of the test rows, and other synthetic rows. The value is the agreement of the
    synthetic with the real models, the floor that of the two real ones; no two share any row.

    Parameters
    ----------
    real, synthetic : CastTable
        Rows to learn from; all have a target.
    test : CastTable
        Test rows; `task.truth` is theirs.
    task : PredictionTask
        What is predicted.
    encoder : FeatureEncoder
        How rows become features.
    real_persons, test_persons : ndarray of int, shape (n_real,) and (n_test,), optional
        Person of each row: halves keep a person together, and the bootstrap draws persons.
    seed : int, default 0
        Seed of the halves, fits, shuffles and bootstrap.
    repeats : int, default 1
        Shuffles of each column to average over.

    Returns
    -------
    ImportanceAgreement or None
        None with fewer than three columns, or when real rows teach nothing that has an order.

    Notes
    -----
    Measured on real rows, a column that the synthetic model relies on wrongly does harm, and would rank with
    those that it does not use: models of quite other causes agreed at .87.
    """
    if len(encoder.features) < MIN_FEATURES:
        return None
    learn = _halves(real_persons, real.n_rows, generator(seed, "learn", task.target))
    check = _halves(test_persons, test.n_rows, generator(seed, "check", task.target))
    made = generator(seed, "synthetic rows", task.target).permutation(synthetic.n_rows)
    n_train = min(len(learn[0]), len(learn[1]), len(made) // 2)
    wanted = int(np.clip(_PREDICTED // len(encoder.features), _FEWEST_ROWS, _MOST_ROWS))
    n_check = min(len(check[0]), len(check[1]), len(made) - n_train, wanted)
    if not n_train or not n_check:
        return None
    people = numbered_persons(test_persons, test.n_rows)
    sides = [
        (real.take(np.sort(rows[:n_train])), test, np.sort(held[:n_check]), people)
        for rows, held in zip(learn, check, strict=True)
    ]
    rows_made = np.arange(synthetic.n_rows, dtype=np.int64)
    held_made = np.sort(made[n_train : n_train + n_check])
    sides.append((synthetic.take(np.sort(made[:n_train])), synthetic, held_made, rows_made))
    fit_seed = derive_seed(seed, "importance", task.target)
    importances = []
    for index, (rows, table, held, persons) in enumerate(sides):
        shown = table.take(held)
        asked = replace(task, truth=task.targets(shown))
        model = fit_model(Learner.GRADIENT_BOOSTING, encoder, rows, asked, fit_seed, effort=_EFFORT)
        losses = permutation_losses(model, shown, asked, derive_seed(fit_seed, index), repeats)
        weights = bootstrap_weights(
            numbered_persons(persons[held], n_check), _DRAWS, generator(fit_seed, "bootstrap", index)
        )
        importances.append(weights @ losses / np.maximum(weights.sum(axis=1, keepdims=True), 1.0))
    first, second, synthetic_ones = importances
    floors = rank_agreement(first, second)
    if not floors[0]:
        return None
    values = (rank_agreement(first, synthetic_ones) + rank_agreement(second, synthetic_ones)) / 2
    value, floor = float(values[0]), float(floors[0])
    half, excess_half = (1.96 * float(np.std(draws[1:], ddof=1)) for draws in (values, values - floors))
    return ImportanceAgreement(
        value=value,
        low=max(-1.0, value - half),
        high=min(1.0, value + half),
        floor=floor,
        excess=value - floor,
        excess_low=value - floor - excess_half,
        excess_high=value - floor + excess_half,
        n_train=n_train,
        real=_most_important(encoder, (first[0] + second[0]) / 2),
        synthetic=_most_important(encoder, synthetic_ones[0]),
    )


def _halves(
    persons: PersonArray | None, n_rows: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Cut rows in two, whole persons together, each part in an order of chance."""
    people = numbered_persons(persons, n_rows)
    n_people = int(people.max(initial=-1)) + 1
    in_first = np.arange(n_people) < n_people // 2
    side = rng.permutation(in_first)[people]
    return rng.permutation(np.flatnonzero(side)), rng.permutation(np.flatnonzero(~side))


def _most_important(encoder: FeatureEncoder, importance: FloatArray) -> tuple[str, ...]:
    order = np.argsort(-importance, kind="stable")[:5]
    return tuple(encoder.names[index] for index in order if importance[index] > 0)
