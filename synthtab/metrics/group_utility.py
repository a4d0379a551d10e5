"""Utility inside groups: whether a model trained on synthetic rows fails the people of one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.metrics.features import Float32Array
from synthtab.metrics.prediction import PredictionTask
from synthtab.metrics.ranking import PersonArray, numbered_persons
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator

__all__ = ["GroupUtility", "RowGroup", "by_column", "group_utility"]

BoolArray = npt.NDArray[np.bool_]

MIN_GROUP_PEOPLE = 50
MIN_CLASS_PEOPLE = 10
MIN_SIGNAL = 0.05
# standard deviations that real rows must lie above chance: nearer, there is nothing to lose
_CLEAR_OF_CHANCE = 3
# as many normal draws give the chance of the largest of several correlated shortfalls
_JOINT_DRAWS = 20_000


@dataclass(frozen=True, eq=False)
class RowGroup:
    """Some test rows that share a level of one column.

    Parameters
    ----------
    column, level : str
        Which rows, in words that may be printed.
    rows : ndarray of bool, shape (n_test,)
        Where they stand.
    """

    column: str
    level: str
    rows: BoolArray


@dataclass(frozen=True)
class GroupUtility:
    """Models trained on synthetic and on real rows, scored among the test rows of one group.

    Parameters
    ----------
    column, level : str
        Which rows.
    n_test : int
        Their number.
    measure : str
        ``auc`` or ``r2``, as for the whole table, with the classes that the group holds often enough.
    tstr, trtr : float
        Score of the model trained on synthetic, and on real rows.
    chance : float
        Score of a constant predictor.
    difference, low, high : float
        ``tstr - trtr`` with its 95 % interval.
    se : float
        Standard error of the difference, raised for what training adds.
    z : float or None
        Evidence that synthetic rows train worse for this group; None when real rows beat chance there by
        less than .05, or by less than three standard deviations.
    calibrated, calibrated_low, calibrated_high : float or None
        ``(tstr - chance) / (trtr - chance)`` with its 95 % interval; 1 is as good as real rows.
    p_value : float or None
        Chance that the largest shortfall of all groups is as large, were the synthetic rows fresh real ones.
    """

    column: str
    level: str
    n_test: int
    measure: str
    tstr: float
    trtr: float
    chance: float
    difference: float
    low: float
    high: float
    se: float
    z: float | None = None
    calibrated: float | None = None
    calibrated_low: float | None = None
    calibrated_high: float | None = None
    p_value: float | None = None


def by_column(groups: Sequence[RowGroup]) -> list[tuple[str, list[RowGroup]]]:
    """Sort groups by column and level.

    Parameters
    ----------
    groups : sequence of RowGroup
        In any order.

    Returns
    -------
    list of tuple of str and list of RowGroup
        Each column with its groups.
    """
    names = sorted({group.column for group in groups})
    return [
        (name, sorted((group for group in groups if group.column == name), key=lambda group: group.level))
        for name in names
    ]


def group_utility(
    task: PredictionTask,
    predicted: tuple[FloatArray, FloatArray],
    groups: Sequence[RowGroup],
    weights: Float32Array,
    *,
    persons: PersonArray | None = None,
    noise: float = 1.3,
    seed: int = 0,
) -> tuple[GroupUtility, ...]:
    """Score the same predictions inside each group, and judge the worst of them jointly.

    Parameters
    ----------
    task : PredictionTask
        What was predicted.
    predicted : tuple of ndarray of float, each of shape (n_test, n_codes) or (n_test, 1)
        Of the model trained on real rows, and of the one trained on synthetic rows.
    groups : sequence of RowGroup
        The groups. One with fewer than 50 people, fewer than 10 people outside it, or fewer than two
        classes of 10 people is left out; so is one that the target itself makes.
    weights : ndarray of float32, shape (1 + n_bootstrap, n_test)
        How often each test row counts; the first set is the data themselves.
    persons : ndarray of int, shape (n_test,), optional
        Person of each test row.
    noise : float, default 1.3
        What other training rows would add to the error that the bootstrap of test rows sees.
    seed : int, default 0
        Seed of the joint null.

    Returns
    -------
    tuple of GroupUtility
        By column and level, in the order of names.

    Notes
    -----
    Under the null the standardised differences are normal with the correlations of their bootstrap draws:
    people belong to one group of each column, so that groups overlap. The p-value of each group is that of
    the maximum over groups (Westfall and Young 1993), never above Bonferroni's.
    """
    people = numbered_persons(persons, len(task.truth))
    found: list[GroupUtility] = []
    draws: list[FloatArray] = []
    for column, members in by_column(groups):
        for group in members if column != task.target else ():
            inner = _task_inside(task, group.rows, people)
            if inner is None:
                continue
            held = np.ascontiguousarray(weights[:, group.rows])
            real, made = (inner.score(side[group.rows], held) for side in predicted)
            scored = _compare(group, inner, real, made, noise)
            found.append(scored)
            if scored.z is not None:
                draws.append(noise * (made - real)[1:] / scored.se)
    return _jointly(found, draws, seed)


def _task_inside(task: PredictionTask, rows: BoolArray, people: IntArray) -> PredictionTask | None:
    n_people, n_inside = int(people.max(initial=-1)) + 1, len(np.unique(people[rows]))
    if n_inside < MIN_GROUP_PEOPLE or n_people - n_inside < MIN_CLASS_PEOPLE:
        return None
    inner = replace(task, truth=task.truth[rows])
    if not task.is_classification:
        return inner if float(inner.truth.std()) > 0 else None
    kept = [
        code
        for code in task.scored.tolist()
        if all(
            len(np.unique(people[rows][side])) >= MIN_CLASS_PEOPLE
            for side in (inner.truth == code, inner.truth != code)
        )
    ]
    return replace(inner, scored=np.array(kept, dtype=np.int64)) if kept else None


def _compare(
    group: RowGroup, inner: PredictionTask, real: FloatArray, made: FloatArray, noise: float
) -> GroupUtility:
    se = noise * max(float(np.nanstd((made - real)[1:], ddof=1)), 1e-9)
    tstr, trtr = float(made[0]), float(real[0])
    scored = GroupUtility(
        column=group.column,
        level=group.level,
        n_test=int(group.rows.sum()),
        measure="auc" if inner.is_classification else "r2",
        tstr=tstr,
        trtr=trtr,
        chance=inner.chance,
        difference=tstr - trtr,
        low=tstr - trtr - 1.96 * se,
        high=tstr - trtr + 1.96 * se,
        se=se,
    )
    gain = trtr - inner.chance
    if not gain >= max(MIN_SIGNAL, _CLEAR_OF_CHANCE * float(np.nanstd(real[1:], ddof=1))):
        return scored
    calibrated = (tstr - inner.chance) / gain
    # delta method: draws of a ratio run away when its denominator comes near zero
    ratio_se = noise * float(np.nanstd(made[1:] - calibrated * real[1:], ddof=1)) / gain
    return replace(
        scored,
        z=(trtr - tstr) / se,
        calibrated=calibrated,
        calibrated_low=calibrated - 1.96 * ratio_se,
        calibrated_high=calibrated + 1.96 * ratio_se,
    )


def _jointly(found: list[GroupUtility], draws: list[FloatArray], seed: int) -> tuple[GroupUtility, ...]:
    """Add to each group the p-value of the maximum over all groups."""
    if not draws:
        return tuple(found)
    from scipy.special import ndtr

    matrix = np.nan_to_num(np.stack(draws, axis=1))
    matrix = (matrix - matrix.mean(axis=0)) / np.maximum(matrix.std(axis=0), 1e-9)
    correlation = matrix.T @ matrix / len(matrix)
    # the ridge keeps it invertible when two columns make the same groups
    root = np.linalg.cholesky((correlation + 1e-6 * np.eye(len(draws))) / (1 + 1e-6))
    normal = generator(seed, "worst group").normal(size=(_JOINT_DRAWS, len(draws)))
    largest = np.sort((normal @ root.T).max(axis=1))
    judged = []
    for group in found:
        if group.z is None:
            judged.append(group)
            continue
        reached = len(largest) - int(np.searchsorted(largest, group.z))
        bonferroni = len(draws) * float(ndtr(-group.z))
        p_value = min(1.0, bonferroni, (1 + reached) / (1 + len(largest)))
        judged.append(replace(group, p_value=p_value))
    return tuple(judged)
