"""Words of a study: half-lives, what is kept, what a regime does, how a metric is read."""

from __future__ import annotations

import math

from synthtab.reporting.metric_words import metric_words
from synthtab.reporting.text import (
    NOT_A_NUMBER,
    clean,
    figure,
    interval,
    percent,
    percent_interval,
    plural,
    whole,
)
from synthtab.results import Curve, DecayAnswer

__all__ = [
    "change_words",
    "class_words",
    "duration",
    "kept_words",
    "metric_title",
    "reading_words",
    "regime_words",
    "touched_words",
]

_REGIMES = {
    "replace": "Each generation learns the synthetic table before it, and nothing else.",
    "accumulate": "Each generation learns the real table and every synthetic table so far.",
    "accumulate_subsample": "Each generation learns as many rows as the first, drawn from all tables so far.",
    "fixed_mix": "Each generation learns the synthetic table before it and the same few real rows.",
    "fresh_mix": "Each generation learns the synthetic table before it and some new real rows.",
    "all_real": "Each generation learns all real rows and a part of the synthetic table before it.",
    "golden": "Each generation learns new real rows and synthetic ones, with the weights that lose least.",
    "curate": "Each generation learns the synthetic rows of the one before that score best.",
    "tail_reweight": "Each generation learns the synthetic table before it, rare rows drawn more often.",
}
_TITLES = {
    "levels_lost": "Rare levels lost",
    "interaction_tvd": "Dependence between columns",
    "tvd": "Single columns",
    "tail_mass": "Tails of number columns",
    "joint_cells_lost": "Rare pairs of values lost",
    "rare_share": "Mass of the rare levels",
    "missing_rate": "Missing values",
    "outside_domain": "Rows outside the schema's domain",
    "broken_rules": "Rows that break a rule",
}
_DEFINED = ("interaction_tvd", "tvd", "tail_mass")
_READINGS = {
    "levels_lost": "Share of the real table's rare levels that the generation no longer holds: 0 is none "
    "lost.",
    "interaction_tvd": "How far the dependence between pairs of columns lies from that of held-out real "
    "rows: lower is better.",
    "tvd": "How far the shares of single columns lie from those of held-out real rows: lower is better.",
    "tail_mass": "How much the mass of the tails differs from that of held-out real rows, relatively: lower "
    "is better, above 1 a tail more than doubled.",
    "joint_cells_lost": "Share of the real table's rare pairs of values that the generation no longer "
    "holds: lower is better.",
    "rare_share": "How many values of a row, on average, were rare in the real table: below the grey band "
    "rare values fade, above it they are made more common.",
    "missing_rate": "Difference in the share of missing values: lower is better.",
    "outside_domain": "Share of rows with a value that the schema does not allow: 0 is best.",
    "broken_rules": "Share of rows that break a rule of the schema: 0 is best.",
}


def regime_words(regime: str) -> str:
    """Say what a regime does.

    Parameters
    ----------
    regime : str
        As it is shown, e.g. ``fresh_mix(0.1)``.

    Returns
    -------
    str
        A sentence; empty for a regime that nothing is known of.
    """
    return _REGIMES.get(regime.partition("(")[0].strip(), "")


def metric_title(curve: Curve) -> str:
    """Name a metric at the head of its figure.

    Parameters
    ----------
    curve : Curve
        Any curve of it.

    Returns
    -------
    str
        A few words.
    """
    label = clean(curve.label) if curve.label else metric_words(curve.metric)
    return _TITLES.get(curve.metric, label[:1].upper() + label[1:])


def reading_words(curve: Curve) -> str:
    """Say how the figure of a metric is read.

    Parameters
    ----------
    curve : Curve
        Any curve of it.

    Returns
    -------
    str
        A sentence.
    """
    known = _READINGS.get(curve.metric)
    if known is None and curve.floor is not None:
        known = f"Fresh real data scores {figure(curve.floor)}: the nearer to that line, the better."
    if known is None:
        known = "What leaves the grey band changes by more than resampling does."
    if curve.metric not in _DEFINED:
        return known
    # a name in plain words has the metric beside it, once
    return f"{known} Metric: {clean(curve.label) if curve.label else metric_words(curve.metric)}."


def duration(generations: float | None) -> str:
    """Write a number of generations.

    Parameters
    ----------
    generations : float or None
        Any length.

    Returns
    -------
    str
        E.g. ``3.1 generations``.
    """
    if generations is None or not math.isfinite(generations):
        return NOT_A_NUMBER
    few = 100
    shown = figure(generations) if generations < few else whole(generations)
    return f"{shown} {'generation' if shown == '1' else 'generations'}"


def change_words(decay: DecayAnswer, generations: int, chains: int, *, is_brief: bool = False) -> str:
    """Say whether there is decay after the first generation, and how fast.

    Parameters
    ----------
    decay : DecayAnswer
        What was found.
    generations : int
        Length of the chains.
    chains : int
        Chains behind it.
    is_brief : bool
        Whether to leave out where a decay ends, and how slow one could be that is not seen.

    Returns
    -------
    str
        E.g. ``no decay detectable in 10 generations``.
    """
    half = decay.half_life
    if decay.direction == "growth":
        return "gets closer to real data"
    if decay.direction != "decay":
        if chains == 1 and decay.p_change is None:
            return "not tested: a single chain"
        if generations == 1:
            return "not tested: a single generation"
        seen = f"no decay detectable in {plural(generations, 'generation')}"
        if (
            not is_brief
            and decay.halving_low is not None
            and math.isfinite(decay.halving_low)
            and decay.halving_low > 0
        ):
            seen += f"; the score takes more than {duration(decay.halving_low)} to halve"
        return seen
    if decay.shape == "levelling" and half.value is not None and half.high is not None:
        bounds = interval(half.value, half.low, half.high)
        end = ""
        if decay.plateau.value is not None and not is_brief:
            plateau = interval(decay.plateau.value, decay.plateau.low, decay.plateau.high)
            end = f", levels off at {plateau}"
        return f"decays, half-life {bounds} generations{end}"
    if half.low and half.low >= 1:
        return f"decays, half-life more than {duration(half.low)}"
    if decay.shape == "accelerating":
        return "decays faster and faster"
    return "decays; where it levels off is not seen yet"


def kept_words(lost: Curve | None) -> tuple[str, str]:
    """Say what share of the rare levels is kept in the last generation, and what resampling keeps.

    Parameters
    ----------
    lost : Curve or None
        Share of rare levels that were lost.

    Returns
    -------
    tuple of (str, str)
        Both as percentages; a dash where there is none.
    """
    if lost is None or not lost.mean:
        return NOT_A_NUMBER, NOT_A_NUMBER

    def kept(values: tuple[float | None, ...]) -> float | None:
        last = values[-1] if values else None
        return None if last is None else min(max(1 - last, 0.0), 1.0)

    # the upper end of what is lost is the lower end of what is kept
    own = percent_interval(kept(lost.mean), kept(lost.high), kept(lost.low))
    return own, percent(kept(lost.null_mean))


def class_words(least: int, most: int) -> str:
    """Name a class of initial counts.

    Parameters
    ----------
    least, most : int
        Rows of the real table.

    Returns
    -------
    str
        E.g. ``2–4``.
    """
    return f"{least:,}" if least == most else f"{least:,}–{most:,}"


def touched_words(original: tuple[int, ...], fresh: tuple[int, ...]) -> str:
    """Say which real rows were touched when, joining generations that touched as many.

    Parameters
    ----------
    original, fresh : tuple of int
        Rows by generation.

    Returns
    -------
    str
        E.g. ``generation 1: 3,316 original; generations 2–10: none``.
    """
    runs: list[tuple[int, int, tuple[int, int]]] = []
    for generation, rows in enumerate(zip(original, fresh, strict=True), start=1):
        if runs and runs[-1][2] == rows:
            runs[-1] = (runs[-1][0], generation, rows)
        else:
            runs.append((generation, generation, rows))
    told = []
    for first, last, (old, new) in runs:
        when = f"generation {first}" if first == last else f"generations {first}–{last}, each"
        parts = [f"{count:,} {word}" for count, word in ((old, "original"), (new, "fresh")) if count]
        told.append(f"{when}: {' and '.join(parts) or 'none'}")
    return "; ".join(told) or "not recorded"
