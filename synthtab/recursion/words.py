"""Words: what became of a table in one arm, in a sentence that a person can sign."""

from __future__ import annotations

from collections.abc import Sequence

from synthtab.results import DRIFT_ALARM, ColumnDrift, Curve, DecayAnswer, Interval

__all__ = ["arm_sentence"]

_ALPHA = DRIFT_ALARM
_NAMES = {"interaction_tvd": "dependence", "tvd": "marginals", "tail_mass": "tails"}


def arm_sentence(
    curves: Sequence[Curve],
    decays: Sequence[DecayAnswer],
    drift: Sequence[ColumnDrift],
    moved: Interval,
    p_moved: float | None,
    *,
    generations: int,
    chains: int,
) -> str:
    """Say what became of the table.

    Parameters
    ----------
    curves : sequence of Curve
        Figures over the generations.
    decays : sequence of DecayAnswer
        Decay of each family.
    drift : sequence of ColumnDrift
        Effective sizes, all columns together first.
    moved : Interval
        What samplings moved to levels that were rare in D0, beyond the null.
    p_moved : float or None
        Of no movement; None where there is no null, or no rare level.
    generations, chains : int
        How many.

    Returns
    -------
    str
        One sentence without a full stop: rare levels first, then what decays, how fast, and whether finite
        sampling alone explains it; what the first fit lost comes last, apart.
    """
    parts = [_rare(curves, drift, moved, p_moved)]
    told = [decay for decay in decays if decay.metric in _NAMES]
    parts += [_change(decay) for decay in told if decay.direction != "none"]
    still = [decay for decay in told if decay.direction == "none"]
    if still and chains > 1:
        names = _and([_NAMES[decay.metric] for decay in still])
        slowest = min((decay.halving_low or 0.0 for decay in still), default=0.0)
        # a bound within the generations that were seen says nothing
        bound = f" (halving takes more than {_number(slowest)})" if slowest > generations else ""
        parts.append(f"no decay of {names} detectable in {_count(generations, 'generation')}{bound}")
    first = next((decay for decay in told if decay.metric == "interaction_tvd"), None)
    if first is not None and first.relative and first.relative[0] is not None:
        beside = ""
        if first.null_relative and first.null_relative[0] is not None:
            beside = f" (one resampling {_share(first.null_relative[0])})"
        parts.append(
            f"misfit: the first fit keeps {_share(first.relative[0])} of the dependence of fresh real "
            f"data{beside}"
        )
    if chains == 1:
        parts.append("one chain only, so nothing has an interval")
    return "; ".join(part for part in parts if part)


def _rare(
    curves: Sequence[Curve], drift: Sequence[ColumnDrift], moved: Interval, p_moved: float | None
) -> str:
    size = f" (N_e/n {_with_interval(drift[0].ratio)})" if drift and drift[0].ratio.value is not None else ""
    lost = next((curve for curve in curves if curve.metric == "levels_lost"), None)
    if lost is None or lost.mean[-1] is None:
        return f"no level is rare enough to be lost{size}"
    share = _share(lost.mean[-1])
    if not lost.null_mean or lost.null_mean[-1] is None or lost.p_drift is None:
        return f"{share} of the rare levels lost; no drift null for this regime{size}"
    expected = _share(lost.null_mean[-1])
    told = ""
    if p_moved is not None and p_moved <= _ALPHA:
        way = "gaining" if (moved.value or 0.0) > 0 else "losing"
        told = f", and what was rare keeps on {way} mass ({_p(p_moved)})"
    if lost.p_drift > _ALPHA:
        return f"rare levels lost as finite sampling predicts, {share} beside {expected}{size}{told}"
    word = "more" if (lost.excess.value or 0.0) > 0 else "fewer"
    return (
        f"{word} rare levels lost than by finite sampling, {share} beside {expected} "
        f"({_p(lost.p_drift)}){size}{told}"
    )


def _change(decay: DecayAnswer) -> str:
    name = _NAMES[decay.metric]
    is_plural = name.endswith("s")
    first, last = decay.relative[0], decay.relative[-1]
    span = (
        ""
        if first is None or last is None
        else f", from {_share(first)} to {_share(last)} of fresh real data"
    )
    if decay.direction == "growth":
        return f"{name} {'get' if is_plural else 'gets'} closer to real data{span}"
    verb = "decay" if is_plural else "decays"
    half = decay.half_life
    if decay.shape == "levelling" and half.value is not None and half.high is not None:
        told = f"{name} {verb} with half-life {_with_interval(half)} generations{span}"
        if decay.plateau.value is not None:
            told += f", towards {_share(decay.plateau.value)}"
    elif half.low is not None and half.low >= 1:
        told = f"{name} {verb} with a half-life of more than {_number(half.low)} generations{span}"
    else:
        told = f"{name} {verb}{' faster and faster' if decay.shape == 'accelerating' else ''}{span}"
    return told + _beside_null(decay)


def _beside_null(decay: DecayAnswer) -> str:
    if decay.p_drift is None or decay.excess.value is None:
        return ""
    if decay.p_drift > _ALPHA:
        return ", as by finite sampling alone"
    way = "more" if decay.excess.value > 0 else "less"
    return f", {way} than by finite sampling alone ({_p(decay.p_drift)})"


def _with_interval(interval: Interval) -> str:
    if interval.value is None:
        return "unknown"
    if interval.low is None or interval.high is None:
        return _number(interval.value)
    return f"{_number(interval.value)} [{_number(interval.low)}, {_number(interval.high)}]"


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"  # noqa: PLR2004 - two digits are enough above


def _share(value: float | None) -> str:
    return "an unknown share" if value is None else f"{100 * value:.0f} %".replace("-", "−")


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"  # noqa: PLR2004 - the smallest that is printed


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
