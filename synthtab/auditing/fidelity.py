"""Fidelity: every Profile metric with floor, chance, interval and joint null, and the checks made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from synthtab.auditing.checks import Finding
from synthtab.auditing.choices import ShardChoices
from synthtab.auditing.comparison import PROFILE_METRICS, Comparison
from synthtab.auditing.definitions import DEFINITIONS, FAMILIES, Definition
from synthtab.auditing.fidelity_findings import CheckFigures, finding_of, why_not_applicable
from synthtab.auditing.fidelity_scores import family_score, fidelity_scores, variance_over_tables
from synthtab.auditing.readings import Reading, Readings
from synthtab.metrics.base import metric
from synthtab.metrics.calibration import calibrate, joint_null, normal_null
from synthtab.profiling import Profile
from synthtab.results import FamilyScore, Score, Section
from synthtab.schema.cast_table import FloatArray

__all__ = ["Fidelity", "measure_fidelity"]

# their value is a rate or a mass of the synthetic table, held against the same of the reference
_RATES = frozenset(
    {
        *("outside_domain", "broken_rules", "broken_logic", "outside_range"),
        *("coverage", "rare_mass", "invented"),
        *("combination_mass", "combination_coverage", "identity_mass", "identity_coverage"),
    }
)
_MASSES = frozenset({"rare_mass", "combination_mass", "identity_mass"})


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
    group_excess, group_error : ndarray of float, shape (groups,)
        Mean total variation inside each group beyond that of fresh real data, and its standard error.
    """

    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    families: tuple[FamilyScore, ...]
    group_excess: FloatArray
    group_error: FloatArray


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
    draws: tuple[Profile, Profile] | None = None,
    budget: float,
    k: int,
    seed: int,
    sections: frozenset[Section] = frozenset(Section),
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
    draws : tuple of Profile, optional
        When the real rows are known by a suppressed profile only: tables drawn from it, a draw a shard, to
        stand for the synthetic table and for the reference. What tables of one profile share is lost in
        them, so the null is the normal one of the jackknife, and Bonferroni's.
    budget : float
        Chance of any false alarm among these checks.
    k : int
        Smallest number of people behind a printed figure.
    seed : int
        Seed of all draws.
    sections : frozenset of Section, optional
        What is asked; the checks asked together share the budget.

    Returns
    -------
    Fidelity
        Figures, families and unjudged checks.
    """
    items = [item for item in DEFINITIONS if item.section in sections]
    # what checks are made of is measured on every exchange of shards, the rest on the tables as they are
    checked = frozenset(item.metric for item in items)
    wanted = checked | {name for name in PROFILE_METRICS if metric(name).section in sections}
    if comparison.profiles[1].suppressed_below:
        wanted -= {"pearson"}  # sums of values are not in a suppressed profile
    choices = ShardChoices(comparison, compared, seed, has_holdout=has_holdout)
    floors = None if has_holdout else _resampled_floor(comparison, choices, draws, wanted)
    read = _with_floor(comparison.read(choices.draws(), wanted), floors)
    point = {
        name: Reading(r.members, r.value.mean(axis=0, keepdims=True), r.floor.mean(axis=0, keepdims=True))
        for name, r in read.items()
    }
    rows = int(choices.synthetic_rows)
    chance = comparison.chance(choices.single(), rows, wanted)
    deleted_weights, tables = choices.deletions()
    deleted = _with_floor(comparison.read(deleted_weights, wanted), floors)

    gaps = {name: float((chance[name] - point[name].floor[0]).sum()) for name in chance if name in point}
    observed, left_out = (_statistics(items, part, chance, gaps) for part in (point, deleted))
    error, spread = (np.sqrt(variance_over_tables(p, tables)) for p in (left_out.value, left_out.shortfall))
    if draws is not None:
        # only the synthetic rows were left out shard by shard; the real ones add as much, row for row
        widened = math.sqrt(1 + choices.synthetic_rows / comparison.profiles[1].n_rows)
        error, noise = error * widened, spread * widened
        band = 1.0 + np.outer([-1.0, 1.0], noise) / math.sqrt(2)
    else:
        exchanges = choices.real_exchanges()
        fresh = _statistics(items, _fresh(comparison.read(exchanges, checked)), chance, gaps)
        band, noise = fresh.value, fresh.shortfall.std(axis=0, ddof=1)
    why = [
        why_not_applicable(
            item,
            comparison,
            point[item.metric],
            gaps.get(item.metric, math.nan),
            float(noise[index]) if math.isfinite(noise[index]) else math.inf,
            k=k,
        )
        for index, item in enumerate(items)
    ]
    asked = np.where([not reason for reason in why], observed.shortfall[0], np.nan)
    if draws is not None:
        judged = normal_null(asked, noise, budget)
    else:
        exchanged = _with_floor(comparison.read(choices.permutations(), checked), floors)
        null = _statistics(items, exchanged, chance, gaps).shortfall
        judged = replace(joint_null(asked, null, budget), spread=noise)
    seen = judged.smallest_seen()
    figures = [
        CheckFigures(
            float(observed.value[0, index]),
            float(error[index]),
            float(judged.p_values[index]),
            float(seen[index]),
        )
        for index in range(len(items))
    ]
    codes = [item.code for item in items]
    return Fidelity(
        tuple(
            finding_of(
                item, found, reason, point[item.metric], holdout_rows=comparison.profiles[1].n_rows, k=k
            )
            for item, found, reason in zip(items, figures, why, strict=True)
        ),
        fidelity_scores(
            point,
            deleted,
            tables,
            chance,
            {code: (found.value, found.error) for code, found in zip(codes, figures, strict=True)},
        ),
        tuple(
            family_score(
                section,
                label,
                figures[codes.index(code)].value,
                figures[codes.index(code)].error,
                band[:, codes.index(code)],
                why[codes.index(code)],
            )
            for section, label, code in FAMILIES
            if code in codes
        ),
        *_inside_groups(comparison, point, deleted, tables),
    )


def _inside_groups(
    comparison: Comparison, point: Readings, deleted: Readings, tables: FloatArray
) -> tuple[FloatArray, FloatArray]:
    if not comparison.groups or "group_tvd" not in point:
        return np.zeros(0), np.zeros(0)
    reading = point["group_tvd"]
    spread = np.sqrt(variance_over_tables(deleted["group_tvd"].value, tables))
    return (reading.value - reading.floor)[0], spread


def _resampled_floor(
    comparison: Comparison,
    choices: ShardChoices,
    draws: tuple[Profile, Profile] | None,
    wanted: frozenset[str],
) -> dict[str, FloatArray]:
    found = comparison.read(choices.resamples(), wanted)
    if draws is not None:
        found |= comparison.on_draws(*draws, wanted)
    return {name: reading.value.mean(axis=0) for name, reading in found.items()}


def _fresh(readings: Readings) -> Readings:
    """Hold readings of real against real tables against their own mean, which is what a floor estimates."""
    return {
        name: reading
        if name in _RATES
        else Reading(
            reading.members, reading.value, np.broadcast_to(reading.value.mean(axis=0), reading.value.shape)
        )
        for name, reading in readings.items()
    }


def _with_floor(readings: Readings, floors: dict[str, FloatArray] | None) -> Readings:
    """Put the resampled floor in the place of the training table, which is the reference itself here."""
    if floors is None:
        return readings
    return {
        name: reading
        # rates are compared with the reference's own
        if name in _RATES - _MASSES - {"invented"}
        else Reading(reading.members, reading.value, np.broadcast_to(floors[name], reading.value.shape))
        for name, reading in readings.items()
    }


# ---------------------------------------------------------------------- checks out of readings


def _statistics(
    items: list[Definition], readings: Readings, chance: dict[str, FloatArray], gaps: dict[str, float]
) -> _Statistics:
    pairs = [
        _MAKERS[item.make](readings[item.metric], chance.get(item.metric), gaps.get(item.metric, math.nan))
        for item in items
    ]
    return _Statistics(*(np.stack([pair[side] for pair in pairs], axis=1) for side in (0, 1)))


def _calibrated(reading: Reading, chance: FloatArray | None, gap: float) -> tuple[FloatArray, FloatArray]:
    assert chance is not None
    # the shortfall is divided by the gap of the real tables, not of each draw: in a draw whose holdout
    # took rows of a bad synthetic table the gap may vanish, and with it the power to see how bad it is
    shortfall = (reading.value - reading.floor).sum(axis=-1)
    return calibrate(chance, reading.value, reading.floor), shortfall / gap if gap > 0 else shortfall * np.nan


def _worst(reading: Reading, _: FloatArray | None, __: float) -> tuple[FloatArray, FloatArray]:
    if not reading.members:
        return np.full(len(reading.value), np.nan), np.full(len(reading.value), np.nan)
    excess = (reading.value - reading.floor.mean(axis=0)).max(axis=-1)
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
