"""Survival: whether a model of times to an event, trained on synthetic rows, ranks real ones as well."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import modelled_names
from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.ranking import PersonArray, numbered_persons
from synthtab.metrics.regression import SampledRows, sampled_rows
from synthtab.schema import CastTable, ColumnSpec, Survival
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator, one_native_thread

__all__ = [
    "Concordance",
    "CoxModel",
    "SurvivalUtility",
    "concordance",
    "cox_proportional_hazards",
    "survival_utility",
]

MIN_EVENTS = 10
MAX_FEATURES = 60
MIN_SIGNAL = 0.05
RIDGE = 10.0
_STEPS = 50
# As in `synthtab.metrics.utility`: other training rows would have given other models, which no resampling
# of the test rows can see. Measured on fresh samples.
_TRAINING_NOISE = 1.3

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Concordance:
    """How often the row of higher risk has its event first.

    Parameters
    ----------
    value : float
        Harrell's C: 0 … 1, 1 is perfect, ½ is chance; NaN when no two rows can be compared.
    pairs : float
        Pairs that can be compared.
    influence : ndarray of float, shape (n_rows,)
        By how much `value` grows with the weight of each row.
    """

    value: float
    pairs: float
    influence: FloatArray


@dataclass(frozen=True, eq=False)
class CoxModel:
    """A proportional-hazards model.

    Parameters
    ----------
    coefficients : ndarray of float, shape (n_columns,)
        Log hazard ratios.
    gradient : ndarray of float, shape (n_columns,)
        Slope of the penalised log partial likelihood at the coefficients; 0 at its maximum.
    loss : float
        Negative penalised log partial likelihood.
    """

    coefficients: FloatArray
    gradient: FloatArray
    loss: float


@dataclass(frozen=True)
class SurvivalUtility:
    """What a survival model trained on synthetic rows found.

    Parameters
    ----------
    time, event : str
        Columns of the target.
    n_train : int
        Rows drawn for each model; those without time or event were then left out.
    n_test : int
        Holdout rows with both.
    n_events : int
        Events among them.
    tstr, trtr : float or None
        Concordance (0 … 1, chance ½) of the model trained on synthetic, and on as many real rows.
    difference, difference_low, difference_high, se : float or None
        ``tstr - trtr`` with its 95 % interval and standard error, raised for what training adds.
    z : float or None
        ``(trtr - tstr) / se``: evidence that synthetic rows train worse.
    calibrated, low, high : float or None
        ``(tstr - ½) / (trtr - ½)`` with its 95 % interval: 0 is chance, 1 is as good as real rows. None when
        real rows beat chance by less than .05.
    smallest_detectable : float or None
        Loss of the calibrated score that had an 80 % chance to be called significant at .005.
    reason : str
        Why there is no figure, or no calibrated one.
    """

    time: str
    event: str
    n_train: int
    n_test: int
    n_events: int
    tstr: float | None = None
    trtr: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    se: float | None = None
    z: float | None = None
    calibrated: float | None = None
    low: float | None = None
    high: float | None = None
    smallest_detectable: float | None = None
    reason: str = ""


def concordance(risk: FloatArray, time: FloatArray, event: BoolArray) -> Concordance:
    r"""Ask how often, of two rows, the one of higher risk has its event first (Harrell's C).

    Parameters
    ----------
    risk : ndarray of float, shape (n_rows,)
        Higher means sooner.
    time : ndarray of float, shape (n_rows,)
        How long each row was watched.
    event : ndarray of bool, shape (n_rows,)
        Whether the event ended the time.

    Returns
    -------
    Concordance
        C: 0 … 1, perfect score 1, chance ½.

    Notes
    -----
    A pair counts when the shorter time ended in an event; at equal times, when just one of them did: that row
    was first. Pairs of equal risk count one half:

    .. math:: C = \frac{\sum_{(i,j)} [r_i > r_j] + ½[r_i = r_j]}{\#(i,j)},
              \quad e_i = 1,\; t_i < t_j \text{ or } (t_i = t_j, e_j = 0).

    Counted in O(n log² n), bit by bit of the ranks of risk.

    References
    ----------
    Harrell, Califf, Pryor, Lee and Rosati (1982), Evaluating the yield of medical tests, JAMA 247.

    Examples
    --------
    >>> concordance(np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]), np.array([True, True, False])).value
    1.0
    """
    n_rows = len(time)
    order = np.lexsort((~event, time))  # events stand before those last seen at the same time
    happened = event[order].astype(np.float64)
    ranks = np.unique(risk, return_inverse=True)[1].astype(np.int64)[order]
    moments = np.unique(time, return_inverse=True)[1].astype(np.int64)[order]
    # two events at one moment cannot be compared: their pairs are counted in a group of their own
    tied = np.where(happened > 0, moments, n_rows + np.arange(n_rows))
    together = np.zeros(n_rows, dtype=np.int64)
    ones = np.ones(n_rows)

    def later(values: IntArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        everywhere = _later_and_below(together, values, weights)
        at_once = _later_and_below(tied, values, weights)
        return everywhere[0] - at_once[0], everywhere[1] - at_once[1]

    won, pairs = (happened * counted for counted in later(ranks, ones))
    tied, together = tied[::-1], together[::-1]
    lost, lost_pairs = later(ranks.max(initial=0) - ranks[::-1], happened[::-1])
    concordant, comparable = won + lost[::-1], pairs + lost_pairs[::-1]
    total = float(pairs.sum())
    if not total:
        return Concordance(float("nan"), 0.0, np.zeros(n_rows))
    value = float(won.sum()) / total
    influence = np.empty(n_rows)
    influence[order] = (concordant - value * comparable) / total
    return Concordance(value, total, influence)


def _later_and_below(groups: IntArray, ranks: IntArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Add up, for each row, the weights of later rows of its group: of lower rank (equal ½), and all."""
    n_rows = len(ranks)
    below, everything = np.zeros(n_rows), np.zeros(n_rows)

    def later_sum(keys: IntArray, counted: FloatArray) -> FloatArray:
        order = np.argsort(keys, kind="stable")
        sums = np.cumsum(counted[order])
        last = np.r_[keys[order][1:] != keys[order][:-1], True]
        ends = np.flatnonzero(last)
        mine = np.cumsum(last) - last
        out = np.empty(n_rows)
        out[order] = sums[ends[mine]] - sums
        return out

    n_bits = int(ranks.max(initial=0)).bit_length()
    for bit in range(n_bits):
        # rows that agree in all higher bits: one with this bit set outranks one without it
        high = (ranks >> bit) & 1
        keys = (groups << (n_bits - bit)) | (ranks >> (bit + 1))
        below += np.where(high == 1, later_sum(keys, weights * (high == 0)), 0.0)
    below += 0.5 * later_sum((groups << n_bits) | ranks, weights)
    everything = later_sum(groups, weights)
    return below, everything


def cox_proportional_hazards(
    matrix: FloatArray, time: FloatArray, event: BoolArray, *, ridge: float = RIDGE
) -> CoxModel:
    r"""Fit Cox's proportional hazards by Newton's method, ties by Breslow, with a ridge penalty.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_rows, n_columns)
        Features, on comparable scales.
    time : ndarray of float, shape (n_rows,)
        How long each row was watched.
    event : ndarray of bool, shape (n_rows,)
        Whether the event ended the time.
    ridge : float, default 10.0
        Half of it times the sum of squared coefficients is the penalty.

    Returns
    -------
    CoxModel
        Log hazard ratios, all 0 without any event.

    Notes
    -----
    Minimises, with :math:`R_i` the rows still watched at :math:`t_i`,

    .. math:: -\sum_{i: e_i=1}\left(x_i\beta - \log\sum_{j\in R_i} e^{x_j\beta}\right)
              + \tfrac{\lambda}{2}\lVert\beta\rVert^2.

    References
    ----------
    Cox (1972), Regression models and life-tables, Journal of the Royal Statistical Society B 34; Breslow
    (1974), Covariance analysis of censored survival data, Biometrics 30.
    """
    order = np.argsort(-time, kind="stable")
    x, died = matrix[order] - matrix.mean(axis=0), event[order].astype(np.float64)
    # the risk set of a moment ends with the last row of that time
    _, first, counts = np.unique(-time[order], return_index=True, return_counts=True)
    end = first + counts - 1
    deaths = np.add.reduceat(died, first) if len(died) else np.empty(0)
    moment = np.repeat(np.arange(len(first)), counts)
    observed = died @ x

    def loss(beta: FloatArray) -> float:
        score = x @ beta
        top = float(score.max(initial=0.0))
        at_risk = np.cumsum(np.exp(score - top))[end]
        with np.errstate(divide="ignore"):
            logs = np.where(deaths > 0, np.log(at_risk) + top, 0.0)
        return float(deaths @ logs - died @ score + 0.5 * ridge * beta @ beta)

    beta = np.zeros(x.shape[1])
    current = loss(beta)
    gradient = np.zeros_like(beta)
    for step_number in range(_STEPS + 1):
        score = x @ beta
        hazard = np.exp(score - score.max(initial=0.0))
        at_risk = np.maximum(np.cumsum(hazard)[end], 1e-300)
        means = np.cumsum(hazard[:, None] * x, axis=0)[end] / at_risk[:, None]
        gradient = observed - deaths @ means - ridge * beta
        share = np.cumsum((deaths / at_risk)[::-1])[::-1][moment]  # of all moments that a row lived to see
        information = (x * (hazard * share)[:, None]).T @ x - (means * deaths[:, None]).T @ means
        information += ridge * np.eye(len(beta))
        if step_number == _STEPS or np.abs(gradient).max(initial=0.0) <= 1e-9 * max(1.0, died.sum()):
            break
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        length, new = 1.0, loss(beta + step)
        while not new <= current and length > 1e-6:  # noqa: PLR2004 - NaN counts as worse
            length /= 2
            new = loss(beta + length * step)
        if not new <= current:
            break
        beta, current = beta + length * step, new
    return CoxModel(beta, gradient, current)


def survival_utility(
    train: CastTable,
    holdout: CastTable,
    synthetic: CastTable,
    columns: tuple[ColumnSpec, ...],
    target: Survival,
    *,
    holdout_persons: PersonArray | None = None,
    seed: int = 0,
    max_rows: int = 20_000,
) -> SurvivalUtility:
    """Ask whether a Cox model ranks holdout rows as well when trained on synthetic as on real rows.

    Parameters
    ----------
    train : CastTable
        Real rows that the synthesizer learnt from.
    holdout : CastTable
        Real rows to test on.
    synthetic : CastTable
        Synthetic rows.
    columns : tuple of ColumnSpec
        The target's two columns and those to predict it from.
    target : Survival
        Which columns say time and event.
    holdout_persons : ndarray of int, shape (n_holdout,), optional
        Person of each holdout row.
    seed : int, default 0
        Seed of the samples.
    max_rows : int, default 20000
        Most rows to train on and to test on; more are sampled.

    Returns
    -------
    SurvivalUtility
        Concordance of both models: 0 … 1, perfect score that of real rows, chance ½.

    Notes
    -----
    Features are scaled numbers, levels and missing indicators, the 60 of largest variance among the real
    training rows. The interval of ``tstr - trtr`` adds up, person by person, the influences of test rows
    on the difference (the infinitesimal jackknife, to which a paired bootstrap of persons converges), raised
    for what training adds. Fewer than 10 synthetic events train nothing: chance.

    References
    ----------
    Efron (1981), Nonparametric estimates of standard error: the jackknife, the bootstrap and other methods,
    Biometrika 68.
    """
    event_level = target.level_of(next(column for column in columns if column.name == target.event))
    n_train = min(train.n_rows, synthetic.n_rows, max_rows)
    names = modelled_names(columns, (train, holdout, synthetic))
    real, made, test = (
        _watched(sampled_rows(table, names, n, generator(seed, "survival", side), persons), target)
        for table, side, n, persons in (
            (train, "train", n_train, None),
            (synthetic, "synthetic", n_train, None),
            (holdout, "holdout", max_rows, holdout_persons),
        )
    )
    (real_time, real_event), (made_time, made_event), (time, event) = (
        _times(table.rows, target, event_level) for table in (real, made, test)
    )
    n_events = int(event.sum())
    result = SurvivalUtility(target.time, target.event, n_train, test.rows.n_rows, n_events)
    if not made.rows.n_rows:
        return replace(result, reason="no synthetic row has a time and an event")
    if min(n_events, int(real_event.sum())) < MIN_EVENTS:
        return replace(result, reason=f"fewer than {MIN_EVENTS} events in a real table")
    features = tuple(column for column in columns if column.name not in (target.time, target.event))
    with one_native_thread():
        encoder = FeatureEncoder.fit((real.rows, made.rows), (real.rows,), features)
        if not encoder.features:
            return replace(result, reason="no column to predict from")
        learn_real, learn_made, predict_for = (
            encoder.linear_matrix(table.rows) for table in (real, made, test)
        )
        use = np.sort(np.argsort(-learn_real.var(axis=0).round(12), kind="stable")[:MAX_FEATURES])
        scores = []
        for matrix, times, events in (
            (learn_made, made_time, made_event),
            (learn_real, real_time, real_event),
        ):
            beta = np.zeros(len(use))
            if events.sum() >= MIN_EVENTS:
                beta = cox_proportional_hazards(matrix[:, use], times, events).coefficients
            # equal rows must tie, whatever order a sum took: twelve digits are the same for both
            scores.append(concordance((predict_for[:, use] @ beta).round(12), time, event))
    if not scores[0].pairs:
        return replace(result, reason="no two holdout rows can be compared")
    return _compared(result, scores[0], scores[1], test.persons, len(time) / len(real_time))


def _watched(table: SampledRows, target: Survival) -> SampledRows:
    """Leave out rows without a time or without an event's level."""
    rows = table.rows
    known = np.isfinite(rows.number(target.time).values) & ~rows.label(target.event).is_missing
    have = np.flatnonzero(known)
    return SampledRows(rows.take(have), numbered_persons(table.persons[have], len(have)))


def _times(rows: CastTable, target: Survival, event_level: str) -> tuple[FloatArray, BoolArray]:
    event = rows.label(target.event).recoded((event_level,)) == 0
    return rows.number(target.time).values, np.asarray(event, dtype=np.bool_)


def _compared(
    result: SurvivalUtility, tstr: Concordance, trtr: Concordance, persons: IntArray, test_to_train: float
) -> SurvivalUtility:
    noise = max(_TRAINING_NOISE, float(np.sqrt(1 + (_TRAINING_NOISE**2 - 1) * test_to_train)))

    def error(influence: FloatArray) -> float:
        return noise * float(np.sqrt((np.bincount(persons, influence) ** 2).sum()))

    made, real = tstr.value, trtr.value
    se = max(error(tstr.influence - trtr.influence), 1e-9)
    gain = real - 0.5
    compared = replace(
        result,
        tstr=made,
        trtr=real,
        difference=made - real,
        difference_low=made - real - 1.96 * se,
        difference_high=made - real + 1.96 * se,
        se=se,
    )
    if gain < MIN_SIGNAL:
        return replace(compared, reason=f"real rows beat a constant predictor by less than {MIN_SIGNAL}")
    calibrated = (made - 0.5) / gain
    ratio_se = error(tstr.influence - calibrated * trtr.influence) / gain
    return replace(
        compared,
        z=(real - made) / se,
        calibrated=calibrated,
        low=calibrated - 1.96 * ratio_se,
        high=calibrated + 1.96 * ratio_se,
        smallest_detectable=(2.576 + 0.842) * se / gain,
    )
