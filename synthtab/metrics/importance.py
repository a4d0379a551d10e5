"""Importance: whether a model trained on synthetic rows relies on the same columns as one trained on real."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import FeatureEncoder, Float32Array
from synthtab.metrics.learners import Learner, TrainedModel, fit_model
from synthtab.metrics.prediction import PredictionTask
from synthtab.metrics.ranking import PersonArray, average_ranks, numbered_persons
from synthtab.schema import CastTable
from synthtab.schema.casting import FloatArray
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
    """How alike two models rank the columns that they predict from.

    Parameters
    ----------
    value, low, high : float
        Agreement of models trained on equally many real and synthetic rows, with its 95 % interval; -1 … 1,
        1 is perfect, 0 is no relation.
    floor : float
        Agreement of two models trained on equally many real rows: what fresh real data would have.
    excess, excess_low, excess_high : float
        ``value - floor`` with its 95 % interval; below 0 the synthetic rows teach other columns.
    n_train : int
        Rows that each of these models learnt from: half of the smaller table.
    real, synthetic : tuple of str
        Columns that help most in predicting real rows, most helpful first, of the models trained on real and
        on synthetic rows. One that a model relies on wrongly does harm, and is not among them.
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
    weights: Float32Array,
    *,
    real_persons: PersonArray | None = None,
    seed: int = 0,
    repeats: int = 1,
) -> ImportanceAgreement | None:
    """Ask whether synthetic rows teach a boosted model to rely on the columns that real rows teach it.

    Three models learn from equally many rows: two halves of the real rows, and as many synthetic ones.
    The value is the agreement across, the floor that of the two halves.

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
    weights : ndarray of float32, shape (1 + n_bootstrap, n_test)
        How often each test row counts; the first set is the data themselves.
    real_persons : ndarray of int, shape (n_real,), optional
        Person of each real row: halves keep a person together.
    seed : int, default 0
        Seed of the halves, fits and shuffles.
    repeats : int, default 1
        Shuffles of each column to average over.

    Returns
    -------
    ImportanceAgreement or None
        None with fewer than three columns, or when real rows teach nothing that has an order.
    """
    if len(encoder.features) < MIN_FEATURES:
        return None
    people = numbered_persons(real_persons, real.n_rows)
    in_first = generator(seed, "halves", task.target).random(int(people.max(initial=-1)) + 1) < 0.5  # noqa: PLR2004
    halves = [np.flatnonzero(in_first[people] == side) for side in (True, False)]
    n_train = min(len(halves[0]), len(halves[1]), synthetic.n_rows)
    rng = generator(seed, "equal rows", task.target)
    tables = [
        *(real.take(np.sort(rng.permutation(half)[:n_train])) for half in halves),
        synthetic.take(np.sort(rng.permutation(synthetic.n_rows)[:n_train])),
    ]
    wanted = int(np.clip(_PREDICTED // len(encoder.features), _FEWEST_ROWS, _MOST_ROWS))
    rows = _some(test.n_rows, wanted, rng)
    shown, asked, held = (
        test.take(rows),
        replace(task, truth=task.truth[rows]),
        weights[: 1 + _DRAWS, rows].astype(np.float64),
    )
    totals = np.maximum(held.sum(axis=1, keepdims=True), 1.0)
    fit_seed = derive_seed(seed, "importance", task.target)
    importances = []
    for table in tables:
        model = fit_model(Learner.GRADIENT_BOOSTING, encoder, table, asked, fit_seed, effort=_EFFORT)
        importances.append(held @ permutation_losses(model, shown, asked, fit_seed, repeats) / totals)
    first, second, made = importances
    floors = rank_agreement(first, second)
    if not floors[0]:
        return None
    values = (rank_agreement(first, made) + rank_agreement(second, made)) / 2
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
        synthetic=_most_important(encoder, made[0]),
    )


def _some(n_rows: int, wanted: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    return np.sort(rng.permutation(n_rows)[:wanted]).astype(np.intp)


def _most_important(encoder: FeatureEncoder, importance: FloatArray) -> tuple[str, ...]:
    order = np.argsort(-importance, kind="stable")[:5]
    return tuple(encoder.names[index] for index in order if importance[index] > 0)
