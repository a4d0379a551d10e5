"""Fidelity: every Profile metric with floor, chance, interval and joint null, and the checks made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from synthtab.auditing.checks import Finding
from synthtab.auditing.choices import ShardChoices
from synthtab.auditing.comparison import Comparison, Reading, Readings
from synthtab.auditing.definitions import DEFINITIONS, FAMILIES, Definition
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import Z95, JointNull, calibrate, jackknife_variance, joint_null
from synthtab.results import FamilyScore, Score, Section, Status
from synthtab.schema.casting import FloatArray

__all__ = ["Fidelity", "measure_fidelity"]

# figures over fewer rare levels than this could be traced to one of them
_LEAST_RARE = 3
# fewer rows make too few shards to exchange: there are not enough different exchanges to call anything rare
LEAST_ROWS = 64


@dataclass(frozen=True, eq=False)
class Fidelity:
    """What the Profiles say.

    Parameters
    ----------
    findings : tuple of Finding
        One for each check, before it is judged.
    scores : tuple of Score
        Every figure.
    families : tuple of FamilyScore
        Each family on the scale from chance to fresh real data; statuses are filled in by the verdict.
    """

    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    families: tuple[FamilyScore, ...]


@dataclass(frozen=True, eq=False)
class _Statistics:
    """The figures that checks are made of, for a batch of choices: (batch, checks)."""

    value: FloatArray
    shortfall: FloatArray


def measure_fidelity(
    comparison: Comparison,
    *,
    compared: tuple[int, int, int],
    has_holdout: bool,
    budget: float,
    k: int,
    seed: int,
) -> Fidelity:
    """Measure everything that Profiles can say.

    Parameters
    ----------
    comparison : Comparison
        The three profiles; without a holdout the training profile stands in for it.
    compared : tuple of int
        Shards of the synthetic table, the holdout and the training table that one comparison uses.
    has_holdout : bool
        Whether the reference is a holdout.
    budget : float
        Chance of any false alarm among these checks.
    k : int
        Smallest number of people behind a printed figure.
    seed : int
        Seed of all draws.

    Returns
    -------
    Fidelity
        Figures, families and unjudged checks.
    """
    choices = ShardChoices(comparison, compared, seed)
    floors = None if has_holdout else _resampled_floor(comparison, choices)
    read = _with_floor(comparison.read(choices.draws()), floors)
    point = {
        name: Reading(r.members, r.value.mean(axis=0, keepdims=True), r.floor.mean(axis=0, keepdims=True))
        for name, r in read.items()
    }
    rows = int(choices.synthetic_rows)
    chance = comparison.chance(choices.single(), rows)
    deleted_weights, tables = choices.deletions()
    deleted = _with_floor(comparison.read(deleted_weights), floors)
    null = _with_floor(comparison.read(choices.permutations()), floors)
    fresh = _fresh(comparison.read(choices.real_exchanges(has_holdout=has_holdout)))

    gaps = {name: float((chance[name] - point[name].floor[0]).sum()) for name in chance}
    statistics = [_statistics(part, chance, gaps) for part in (point, deleted, null, fresh)]
    error = np.sqrt(_variance(statistics[1].value, tables))
    observed, drawn = statistics[0].shortfall[0], statistics[2].shortfall
    applicable = _applicable(comparison, point, chance, statistics[3], k=k)
    judged = joint_null(np.where([not why for why in applicable], observed, np.nan), drawn, budget)
    judged = replace(judged, spread=statistics[3].shortfall.std(axis=0, ddof=1))
    findings = tuple(
        _finding(
            index,
            definition,
            statistics,
            error,
            judged,
            applicable[index],
            point,
            holdout_rows=comparison.profiles[1].n_rows,
            k=k,
        )
        for index, definition in enumerate(DEFINITIONS)
    )
    return Fidelity(
        findings,
        _scores(point, deleted, tables, chance, statistics, error),
        tuple(
            _family(section, label, code, statistics, error, applicable) for section, label, code in FAMILIES
        ),
    )


def _resampled_floor(comparison: Comparison, choices: ShardChoices) -> dict[str, FloatArray]:
    return {
        name: reading.value.mean(axis=0) for name, reading in comparison.read(choices.resamples()).items()
    }


def _fresh(readings: Readings) -> Readings:
    """Hold readings of real against real tables against their own mean, which is what a floor estimates."""
    kept = ("outside_domain", "broken_rules", "coverage", "rare_mass", "invented")
    return {
        name: reading
        if name in kept
        else Reading(
            reading.members, reading.value, np.broadcast_to(reading.value.mean(axis=0), reading.value.shape)
        )
        for name, reading in readings.items()
    }


def _with_floor(readings: Readings, floors: dict[str, FloatArray] | None) -> Readings:
    """Put the resampled floor in the place of the training table, which is the reference itself here."""
    if floors is None:
        return readings
    kept = ("outside_domain", "broken_rules", "coverage")  # these compare rates with the reference's own
    return {
        name: reading
        if name in kept
        else Reading(reading.members, reading.value, np.broadcast_to(floors[name], reading.value.shape))
        for name, reading in readings.items()
    }


# ---------------------------------------------------------------------- checks out of readings


def _statistics(readings: Readings, chance: dict[str, FloatArray], gaps: dict[str, float]) -> _Statistics:
    pairs = [
        _MAKERS[item.make](readings[item.metric], chance.get(item.metric), gaps.get(item.metric, math.nan))
        for item in DEFINITIONS
    ]
    return _Statistics(*(np.stack([pair[side] for pair in pairs], axis=1) for side in (0, 1)))


def _calibrated(reading: Reading, chance: FloatArray | None, gap: float) -> tuple[FloatArray, FloatArray]:
    assert chance is not None
    # the shortfall is divided by the gap of the real tables, not of each draw: in a draw whose holdout
    # took rows of a bad synthetic table the gap may vanish, and with it the power to see how bad it is
    shortfall = (reading.value - reading.floor).sum(axis=-1)
    return calibrate(chance, reading.value, reading.floor), shortfall / gap if gap > 0 else shortfall * np.nan


def _worst(reading: Reading, _: FloatArray | None, __: float) -> tuple[FloatArray, FloatArray]:
    excess = (reading.value - reading.floor.mean(axis=0)).max(axis=-1, initial=-np.inf)
    return excess, excess


def _share(reading: Reading, _: FloatArray | None, __: float) -> tuple[FloatArray, FloatArray]:
    if reading.members and reading.members[-1] == ():
        return reading.value[:, -1], reading.value[:, -1] - reading.floor[:, -1]
    total = reading.value.sum(axis=-1)
    return total, total - reading.floor.sum(axis=-1)


def _ratio(reading: Reading, _: FloatArray | None, __: float) -> tuple[FloatArray, FloatArray]:
    return reading.value[:, 0], np.abs(np.log(reading.value[:, 0]))


_Maker = Callable[[Reading, "FloatArray | None", float], tuple[FloatArray, FloatArray]]
_MAKERS: dict[str, _Maker] = {"calibrated": _calibrated, "worst": _worst, "share": _share, "ratio": _ratio}


def _variance(values: FloatArray, tables: FloatArray) -> FloatArray:
    """Add the jackknife variances of the three tables, which were drawn independently."""
    parts = [jackknife_variance(values[tables == table]) for table in np.unique(tables)]
    return np.asarray(np.nan_to_num(np.array(parts)).sum(axis=0))


def _applicable(
    comparison: Comparison, point: Readings, chance: dict[str, FloatArray], null: _Statistics, *, k: int
) -> list[str]:
    """Say for each check why it cannot be asked, or nothing."""
    reasons = []
    rare = comparison.rare
    smallest = min(profile.n_rows for profile in comparison.profiles)
    for index, item in enumerate(DEFINITIONS):
        reading = point[item.metric]
        why = ""
        if item.section is not Section.SCHEMA and smallest < LEAST_ROWS:
            why = f"one of the tables has fewer than {LEAST_ROWS} rows"
        elif item.metric == "broken_rules" and not comparison.plan.schema.rules:
            why = "the schema declares no rules"
        elif item.metric == "outside_domain" and not _has_domain(comparison):
            why = "the schema declares no public bounds, categories or required columns"
        elif item.metric in ("coverage", "rare_mass") and (len(rare) < _LEAST_RARE or sum(rare.counts) < k):
            why = "fewer than three categories are held by 1 to 20 training rows"
        elif not reading.members or not reading.value.size:
            why = f"no column or pair has a {metric(item.metric).label}"
        elif item.make == "calibrated":
            gap = (chance[item.metric] - reading.floor[0]).sum()
            spread = null.shortfall[:, index].std(ddof=1)
            # on the calibrated scale the gap is 1, so its noise must stay below a third
            if not gap > 0 or not math.isfinite(spread) or spread > 1 / 3:
                why = "chance and fresh real data cannot be told apart at this size"
        reasons.append(why)
    return reasons


def _has_domain(comparison: Comparison) -> bool:
    return any(column.is_public or not column.missing for column in comparison.plan.schema.modelled)


def _finding(
    index: int,
    item: Definition,
    statistics: list[_Statistics],
    error: FloatArray,
    judged: JointNull,
    why: str,
    point: Readings,
    *,
    holdout_rows: int,
    k: int,
) -> Finding:
    if not why and not math.isfinite(judged.p_values[index]):
        why = "it cannot be tested on these tables"
    if why:
        return Finding(item.code, item.section, item.name, not_applicable=why)
    value = float(statistics[0].value[0, index])
    half = Z95 * float(error[index])
    reading = point[item.metric]
    reference = {"calibrated": 1.0, "ratio": 1.0, "worst": 0.0}.get(item.make)
    if item.make == "share":
        reference = float(reading.floor[0, -1] if reading.members[-1] == () else reading.floor[0].sum())
        # a rate that rests on too few people is not printed, and zero is the stricter reference
        reference = reference if reference * holdout_rows >= k else 0.0
    seen = float(judged.smallest_seen()[index])
    if item.make == "ratio":
        seen = 1 - math.exp(-seen)
    return Finding(
        item.code,
        item.section,
        item.name,
        value=value,
        low=value - half,
        high=value + half,
        reference=reference,
        p_value=float(judged.p_values[index]),
        smallest_seen=seen,
        remedy=item.remedy,
        columns=_worst_members(item, reading),
    )


def _worst_members(item: Definition, reading: Reading) -> tuple[str, ...]:
    if item.make == "ratio" or item.metric == "coverage":
        return ()
    excess = reading.value[0] if item.make == "share" else reading.value[0] - reading.floor[0]
    ranked = sorted((m for m in range(len(excess)) if reading.members[m]), key=lambda m: -excess[m])
    names: dict[str, None] = {}
    for member in ranked[: 1 if item.make == "worst" else 3]:
        if excess[member] > 0:
            parts = reading.members[member][:1] if item.metric == "tail_mass" else reading.members[member]
            names.update(dict.fromkeys(parts))
    return tuple(names)


# ---------------------------------------------------------------------- scores and families


def _scores(
    point: Readings,
    deleted: Readings,
    tables: FloatArray,
    chance: dict[str, FloatArray],
    statistics: list[_Statistics],
    error: FloatArray,
) -> tuple[Score, ...]:
    found: list[Score] = []
    for index, item in enumerate(DEFINITIONS):
        if item.make == "calibrated":
            value, half = float(statistics[0].value[0, index]), Z95 * float(error[index])
            reading = point[item.metric]
            mean = [
                float(part.mean()) if part.size else None for part in (reading.value[0], reading.floor[0])
            ]
            found.append(
                Score(
                    item.section,
                    f"{item.metric}.calibrated",
                    metric(item.metric).version,
                    (),
                    *_finite(value, half),
                    floor=mean[1],
                    chance=_mean(chance[item.metric]),
                    excess=_difference(*mean),
                    calibrated=_finite(value, 0.0)[0],
                )
            )
    for name, reading in point.items():
        spread = np.sqrt(_variance(deleted[name].value, tables))
        against = chance.get(name)
        for member, columns in enumerate(reading.members):
            value, floor = float(reading.value[0, member]), float(reading.floor[0, member])
            found.append(
                Score(
                    metric(name).section,
                    name,
                    metric(name).version,
                    columns,
                    *_finite(value, Z95 * float(spread[member])),
                    floor=_finite(floor, 0.0)[0],
                    chance=None if against is None else _finite(float(against[member]), 0.0)[0],
                    excess=_finite(value - floor, 0.0)[0],
                )
            )
    return tuple(found)


def _family(
    section: Section,
    label: str,
    code: str,
    statistics: list[_Statistics],
    error: FloatArray,
    applicable: list[str],
) -> FamilyScore:
    index = [item.code for item in DEFINITIONS].index(code)
    if applicable[index]:
        return FamilyScore(
            section, label, None, None, None, None, None, Status.NOT_APPLICABLE, applicable[index]
        )
    value, half = float(statistics[0].value[0, index]), Z95 * float(error[index])
    null = statistics[3].value[:, index]
    center, width = float(null.mean()), Z95 * float(null.std(ddof=1))
    return FamilyScore(
        section, label, value, value - half, value + half, center - width, center + width, Status.PASS
    )


def _finite(value: float, half: float) -> tuple[float | None, float | None, float | None]:
    if not math.isfinite(value):
        return None, None, None
    return value, value - half, value + half


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if values.size else None


def _difference(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
