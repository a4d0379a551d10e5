"""Every fidelity figure with its interval, and the families on the scale from chance to fresh real data."""

from __future__ import annotations

import math

import numpy as np

from synthtab.auditing.definitions import DEFINITIONS
from synthtab.auditing.readings import Readings
from synthtab.metrics.association import nist_k_marginal
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z95, jackknife_variance
from synthtab.results import FamilyScore, Score, Section, Status
from synthtab.schema.cast_table import FloatArray

__all__ = ["family_score", "fidelity_scores", "variance_over_tables"]

# of hundreds of triples only the worst are worth a line each; the k-marginal score is of all
_TRIPLES_SHOWN = 20


def variance_over_tables(values: FloatArray, tables: FloatArray) -> FloatArray:
    """Add the jackknife variances of the tables, which were drawn independently.

    Parameters
    ----------
    values : ndarray of float, shape (deletions, ...)
        A figure with one shard left out.
    tables : ndarray of float, shape (deletions,)
        The table that each left-out shard was of.

    Returns
    -------
    ndarray of float, shape (...)
        The variance.
    """
    parts = [jackknife_variance(values[tables == table]) for table in np.unique(tables)]
    return np.asarray(np.nan_to_num(np.array(parts)).sum(axis=0))


def fidelity_scores(
    point: Readings,
    deleted: Readings,
    tables: FloatArray,
    chance: dict[str, FloatArray],
    calibrated: dict[str, tuple[float, float]],
) -> tuple[Score, ...]:
    """List every figure with its interval.

    Parameters
    ----------
    point : dict of str to Reading
        All figures.
    deleted : dict of str to Reading
        The same with one shard left out.
    tables : ndarray of float, shape (deletions,)
        The table that each left-out shard was of.
    chance : dict of str to ndarray of float
        What tables without the property would score.
    calibrated : dict of str to tuple of float
        Calibrated score of whole families by check code, and its standard error.

    Returns
    -------
    tuple of Score
        Families first, then members.
    """
    found: list[Score] = []
    for item in DEFINITIONS:
        if item.code in calibrated and item.make == "calibrated":
            reading = point[item.metric]
            mean = [float(p.mean()) if p.size else None for p in (reading.value[0], reading.floor[0])]
            value, error = calibrated[item.code]
            found.append(
                Score(
                    item.section,
                    f"{item.metric}.calibrated",
                    metric(item.metric).version,
                    (),
                    *_with_interval(value, Z95 * error),
                    floor=mean[1],
                    chance=float(chance[item.metric].mean()) if chance[item.metric].size else None,
                    excess=_difference(*mean),
                    calibrated=_with_interval(value, 0.0)[0],
                )
            )
    found += _k_marginal(point, deleted, tables, chance)
    for name, reading in point.items():
        spread = np.sqrt(variance_over_tables(deleted[name].value, tables))
        against = chance.get(name)
        shown = set(range(len(reading.members)))
        if name == "triple_tvd":
            excess = reading.value[0] - reading.floor[0]
            shown = set(np.argsort(-excess, kind="stable")[:_TRIPLES_SHOWN].tolist())
        for member, columns in enumerate(reading.members):
            if member not in shown:
                continue
            value, floor = float(reading.value[0, member]), float(reading.floor[0, member])
            found.append(
                Score(
                    metric(name).section,
                    name,
                    metric(name).version,
                    columns,
                    *_with_interval(value, Z95 * float(spread[member])),
                    floor=_with_interval(floor, 0.0)[0],
                    chance=None if against is None else _with_interval(float(against[member]), 0.0)[0],
                    excess=_with_interval(value - floor, 0.0)[0],
                )
            )
    return tuple(found)


def _k_marginal(
    point: Readings, deleted: Readings, tables: FloatArray, chance: dict[str, FloatArray]
) -> list[Score]:
    reading = point.get("triple_tvd")
    if reading is None or not reading.members:
        return []
    value, floor = (float(nist_k_marginal(side[0])) for side in (reading.value, reading.floor))
    spread = float(np.sqrt(variance_over_tables(nist_k_marginal(deleted["triple_tvd"].value), tables)))
    known = metric("nist_k_marginal")
    independent = float(nist_k_marginal(chance["triple_tvd"]))
    return [
        Score(
            known.section,
            known.name,
            known.version,
            (),
            *_with_interval(value, Z95 * spread),
            floor=floor,
            chance=independent,
            excess=value - floor,
        )
    ]


def family_score(
    section: Section, label: str, value: float, error: float, null: FloatArray, why: str
) -> FamilyScore:
    """Put a family on the scale from chance (0) to fresh real data (1).

    Parameters
    ----------
    section : Section
        The family.
    label : str
        Its name for people.
    value, error : float
        Calibrated score and its standard error.
    null : ndarray of float, shape (draws,)
        Scores of fresh real samples.
    why : str
        Why there is no score, if so.

    Returns
    -------
    FamilyScore
        Its status is filled in by the verdict.
    """
    if why:
        return FamilyScore(section, label, None, None, None, None, None, Status.NOT_APPLICABLE, why)
    center, width = float(null.mean()), Z95 * float(null.std(ddof=1))
    half = Z95 * error
    return FamilyScore(
        section, label, value, value - half, value + half, center - width, center + width, Status.PASS
    )


def _with_interval(value: float, half: float) -> tuple[float | None, float | None, float | None]:
    if not math.isfinite(value):
        return None, None, None
    return value, value - half, value + half


def _difference(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
