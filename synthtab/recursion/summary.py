"""Summary: from the records of all chains of an arm to answers with intervals, beside the drift null."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthtab.metrics.base import metric
from synthtab.recursion.bands import Estimate, chain_interval, simultaneous_band
from synthtab.recursion.decay import fit_decay
from synthtab.recursion.decomposition import decompose
from synthtab.recursion.drift import NullComparison, compare_with_null
from synthtab.recursion.extinction import class_means, extinction_curves
from synthtab.recursion.measures import FAMILIES, Figure, Measures, Scale
from synthtab.recursion.null import DriftNull
from synthtab.recursion.population import effective_size
from synthtab.recursion.records import GenerationRecord
from synthtab.recursion.words import arm_sentence
from synthtab.results import (
    Arm,
    ArmCosts,
    AuditCurve,
    ColumnDrift,
    Curve,
    DecayAnswer,
    ExtinctionAnswer,
    Interval,
    Section,
    VarianceParts,
)
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["ArmRecords", "summarise"]

Chain = Sequence[GenerationRecord]

# a class of levels is shown when so many levels and rows of D0 are in it
_FEWEST_LEVELS = 3
_FEWEST_ROWS = 10
_CLASS_ENDS = (1, 4, 9, 20, 50, 100)
_HOUR = 3600.0


@dataclass(frozen=True, eq=False)
class ArmRecords:
    """What was found about one arm.

    Parameters
    ----------
    synthesizer, regime, statement : str
        Which, and which real rows it touches.
    chains : sequence of sequence of GenerationRecord
        Finished chains.
    failures : tuple of str
        Why others were not.
    null : DriftNull or None
        The drift null of the regime.
    """

    synthesizer: str
    regime: str
    statement: str
    chains: Sequence[Chain]
    failures: tuple[str, ...]
    null: DriftNull | None


def summarise(
    found: ArmRecords, measures: Measures, scale: Scale, *, rows: int, measured: int, watts: float, seed: int
) -> Arm:
    """Give the answers of one arm.

    Parameters
    ----------
    found : ArmRecords
        Its chains.
    measures : Measures
        What their figures are.
    scale : Scale
        What chance and fresh real data score.
    rows, measured : int
        Rows a generation, and rows measured.
    watts : float
        Power of one busy core.
    seed : int
        Seed of bands and permutations.

    Returns
    -------
    Arm
        Curves, decay, drift, extinction, costs and a sentence.
    """
    if not found.chains:
        reason = found.failures[0] if found.failures else "no chain was asked for"
        return Arm(
            found.synthesizer,
            found.regime,
            f"no chain was finished: {reason}",
            found.statement,
            0,
            found.failures,
        )
    values = np.array([[record.figures for record in chain] for chain in found.chains])
    whole = [index for index, figure in enumerate(measures.figures) if not figure.columns]
    tested = [index for index in whole if measures.figures[index].section is not Section.SCHEMA]
    null = found.null
    fading = [index for index in whole if measures.figures[index].metric in FAMILIES and scale.known[index]]
    moved = _rare_steps(found, measures)
    compared = None
    if null is not None:
        # rare mass, and what was lost since generation 1, are figures like any other: they share their alarms
        compared = compare_with_null(
            np.concatenate([values[..., tested], moved[..., None], _since_first(values, fading)], axis=-1),
            np.concatenate(
                [
                    null.figures[..., tested],
                    null.rare_steps[..., None],
                    _since_first(null.figures, fading),
                ],
                axis=-1,
            ),
            seed=seed,
        )
    curves = tuple(
        _curve(
            measures.figures[index],
            values[..., index],
            scale,
            index,
            None if compared is None or index not in tested else (compared, tested.index(index)),
            seed,
        )
        for index in whole
    )
    decays = tuple(
        _decay(
            measures.figures[index],
            values,
            None if null is None else null.figures,
            scale,
            index,
            None if compared is None else (compared, len(tested) + 1 + place),
        )
        for place, index in enumerate(fading)
    )
    first = found.chains[0]
    drift = _drift(found, measures, rows, measured)
    extinction = _extinction(found, measures)
    rare_direction, rare_z, rare_p = Interval(), None, None
    if compared is not None and len(measures.rare):
        rare_direction, rare_z = _last_excess(compared, len(tested))
        rare_p = _known(compared.p_adjusted[len(tested)])
    return Arm(
        synthesizer=found.synthesizer,
        regime=found.regime,
        sentence=arm_sentence(
            curves, decays, drift, rare_direction, rare_p, generations=len(first), chains=len(found.chains)
        ),
        statement=found.statement,
        chains=len(found.chains),
        failures=found.failures,
        curves=curves,
        decays=decays,
        drift=drift,
        rare_direction=rare_direction,
        rare_z=rare_z,
        rare_p=rare_p,
        extinction=extinction,
        parts=_parts(found, measures, rows, measured),
        audits=_audits(found.chains),
        original_rows=tuple(record.real.original for record in first),
        fresh_rows=tuple(record.real.fresh for record in first),
        costs=_costs(found.chains, watts),
    )


def _curve(
    figure: Figure,
    values: FloatArray,
    scale: Scale,
    index: int,
    compared: tuple[NullComparison, int] | None,
    seed: int,
) -> Curve:
    band = simultaneous_band(values, seed=seed)
    empty: tuple[float | None, ...] = ()
    null, excess, p_drift = (empty, empty, empty), Interval(), None
    if compared is not None:
        test, m = compared
        null = (_listed(test.null_mean[:, m]), _listed(test.null_low[:, m]), _listed(test.null_high[:, m]))
        excess = Interval(*(_known(side[-1, m]) for side in (test.excess, test.excess_low, test.excess_high)))
        p_drift = _known(test.p_adjusted[m])
    known = metric(figure.metric)
    return Curve(
        section=figure.section,
        metric=figure.metric,
        label=known.label,
        mean=_listed(band.mean),
        low=_listed(band.low),
        high=_listed(band.high),
        null_mean=null[0],
        null_low=null[1],
        null_high=null[2],
        floor=_known(scale.floor[index]),
        chance=_known(scale.chance[index]),
        excess=excess,
        p_drift=p_drift,
    )


def _since_first(values: FloatArray, figures: Sequence[int]) -> FloatArray:
    """Give what figures lost since generation 1: (chains, generations, figures). Misfit is not in it."""
    return np.asarray(values[..., figures] - values[:, :1, figures])


def _last_excess(test: NullComparison, m: int) -> tuple[Interval, float | None]:
    """Give the excess over the null in the last generation, and that in standard errors of the null."""
    sides = (test.excess, test.excess_low, test.excess_high)
    return Interval(*(_known(side[-1, m]) for side in sides)), _known(test.z[-1, m])


def _decay(
    figure: Figure,
    values: FloatArray,
    null: FloatArray | None,
    scale: Scale,
    index: int,
    compared: tuple[NullComparison, int] | None,
) -> DecayAnswer:
    relative = scale.calibrated(values)[..., index]
    fitted = fit_decay(relative)
    expected: tuple[float | None, ...] = ()
    if null is not None:
        expected = _listed(scale.calibrated(null.mean(axis=0))[:, index])
    return DecayAnswer(
        section=figure.section,
        metric=figure.metric,
        relative=_listed(relative.mean(axis=0)),
        null_relative=expected,
        excess=Interval() if compared is None else _last_excess(*compared)[0],
        p_drift=None if compared is None else _known(compared[0].p_adjusted[compared[1]]),
        misfit=_interval(fitted.misfit),
        direction=fitted.direction,
        p_change=_known(fitted.p_change),
        half_life=_interval(fitted.half_life),
        halving_low=_known(fitted.halving_low),
        plateau=_interval(fitted.plateau),
        shape=fitted.shape,
    )


def _cells(found: ArmRecords, column: int) -> tuple[FloatArray, FloatArray]:
    """Give the counts of one column before and after each sampling: (chains, generations, cells)."""
    before = np.array([[record.before[column] for record in chain] for chain in found.chains])
    after = np.array([[record.after[column] for record in chain] for chain in found.chains])
    return before, after


def _drift(found: ArmRecords, measures: Measures, rows: int, measured: int) -> tuple[ColumnDrift, ...]:
    before: dict[str, FloatArray] = {}
    after: dict[str, FloatArray] = {}
    for index, name in enumerate(measures.plan.names):
        before[name], after[name] = _cells(found, index)
        if measured > rows:
            # more rows than were handed on say more about the model
            after[name] = _measured_cells(found, index)
    sizes = effective_size(before, after, rows, measured=measured if measured > rows else None)
    pooled = sizes.pooled
    return (
        ColumnDrift("", Interval(_known(pooled.ratio), _known(pooled.low), _known(pooled.high))),
        *(
            ColumnDrift(name, Interval(_known(own.ratio), _known(own.low), _known(own.high)))
            for name, own in sizes.columns.items()
        ),
    )


def _measured_cells(found: ArmRecords, column: int) -> FloatArray:
    """Give the counts of one column among the measured rows: (chains, generations, cells)."""
    return np.array(
        [[(record.measured or record.after)[column] for record in chain] for chain in found.chains]
    )


def _rare_steps(found: ArmRecords, measures: Measures) -> FloatArray:
    """Add up what samplings moved to the levels that were rare in D0: (chains, generations)."""
    rare = measures.rare
    moved = np.zeros((len(found.chains), len(found.chains[0])))
    for column, level in zip(rare.columns, rare.levels, strict=True):
        before, after = _cells(found, column)
        moved += after[..., level] / after.sum(axis=-1) - before[..., level] / before.sum(axis=-1)
    return np.cumsum(moved, axis=1)


def _extinction(found: ArmRecords, measures: Measures) -> tuple[ExtinctionAnswer, ...]:
    initial = measures.levels
    classes = _classes(initial)
    if not classes:
        return ()
    counts = np.array(
        [
            [measures.level_counts([side[np.newaxis] for side in _as_bins(record)])[0] for record in chain]
            for chain in found.chains
        ]
    )
    curves = extinction_curves(counts > 0, initial, classes)
    predicted = None if found.null is None else class_means(found.null.absent, initial, classes)
    return tuple(
        ExtinctionAnswer(
            least=least,
            most=most,
            levels=int(curves.n_levels[row]),
            lost=_listed(curves.lost[row]),
            low=_listed(curves.low[row]),
            high=_listed(curves.high[row]),
            predicted=() if predicted is None else _listed(predicted[row]),
        )
        for row, (least, most) in enumerate(classes)
    )


def _as_bins(record: GenerationRecord) -> list[IntArray]:
    # the cells of a label column are its bins; those of number columns are not asked for
    return [np.asarray(side, dtype=np.int64) for side in record.after]


def _classes(initial: IntArray) -> list[tuple[int, int]]:
    """Put initial counts into classes that enough levels and rows stand behind; small ones are joined."""
    found: list[tuple[int, int]] = []
    least = 1
    for most in _CLASS_ENDS:
        held = initial[(initial >= least) & (initial <= most)]
        if len(held) >= _FEWEST_LEVELS and held.sum() >= _FEWEST_ROWS:
            found.append((least, most))
            least = most + 1
    return found


def _parts(found: ArmRecords, measures: Measures, rows: int, measured: int) -> VarianceParts | None:
    if len(found.chains) < 2:  # noqa: PLR2004 - one chain has no variance
        return None
    sums: list[FloatArray] = []
    for index, counts in enumerate(measures.cells(measures.original)):
        after = _measured_cells(found, index)
        shares = after / after.sum(axis=-1, keepdims=True)
        parts = decompose(shares, counts[0] / counts[0].sum(), rows=rows, measured=measured)
        sums.append(np.array([parts.bias_squared, parts.training, parts.sampling]))
    mean = np.mean(sums, axis=0)
    return VarianceParts(_listed(mean[0]), _listed(mean[1]), _listed(mean[2]))


def _audits(chains: Sequence[Chain]) -> tuple[AuditCurve, ...]:
    values: dict[tuple[str, str], dict[int, list[float]]] = {}
    for chain in chains:
        for record in chain:
            for figure in record.audited:
                own = values.setdefault((figure.section, figure.metric), {})
                own.setdefault(record.generation, []).append(figure.value)
    curves = []
    for (section, name), by_generation in values.items():
        at = sorted(by_generation)
        means = [chain_interval(np.array(by_generation[g])) for g in at]
        curves.append(
            AuditCurve(
                section,
                name,
                tuple(at),
                tuple(_known(mean.value) for mean in means),
                tuple(_known(mean.low) for mean in means),
                tuple(_known(mean.high) for mean in means),
            )
        )
    return tuple(curves)


def _costs(chains: Sequence[Chain], watts: float) -> ArmCosts:
    records = [record for chain in chains for record in chain]
    fit, sample, measure = (
        float(np.mean([getattr(record, step).cpu for record in records]))
        for step in ("fit", "sample", "measure")
    )
    wall = float(np.mean([r.fit.wall + r.sample.wall + r.measure.wall for r in records]))
    return ArmCosts(
        fit, sample, measure, wall, watt_hours=(fit + sample + measure) * len(records) / _HOUR * watts
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _listed(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(_known(value) for value in values.tolist())


def _interval(estimate: Estimate) -> Interval:
    return Interval(_known(estimate.value), _known(estimate.low), _known(estimate.high))
