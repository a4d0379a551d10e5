"""Utility and detection as view models: models trained on synthetic rows, and columns that give them away."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.axes import Axis, linear_axis
from synthtab.reporting.metric_words import metric_words
from synthtab.reporting.sectionmodel import DetectionView, GiveawayRow, Meter, TargetBlock, UtilityView
from synthtab.reporting.text import clean, figure, interval, open_interval, plural
from synthtab.reporting.viewmodel import Strip, StripRow
from synthtab.results import Score, Status
from synthtab.results.shown import ModelComparison

__all__ = ["detection_view", "utility_view"]

_MOST_TARGETS = 4
_MOST_GIVEAWAYS = 10
_GIVEAWAY = "c2st_auc"
_GUESSING = 0.5


def utility_view(models: Sequence[ModelComparison], reason: str = "") -> UtilityView | None:
    """Show each model trained on synthetic rows beside the same one trained on real rows.

    Parameters
    ----------
    models : sequence of ModelComparison
        By target.
    reason : str
        Why there are none, when there are none.

    Returns
    -------
    UtilityView or None
        None when there is neither a model nor a reason.
    """
    if not models:
        return UtilityView((), (), clean(reason, 2_000), "") if reason else None
    by_target: dict[tuple[str, str], list[ModelComparison]] = {}
    for model in models:
        by_target.setdefault((model.target, model.measure), []).append(model)
    blocks = [
        TargetBlock(f"utility-{place}", clean(target), metric_words(measure), _forest(own))
        for place, ((target, measure), own) in enumerate(by_target.items(), 1)
    ]
    worse = sum(model.status in (Status.FAIL, Status.WARN) for model in models)
    counted = f"{plural(len(models), 'model')} for {plural(len(blocks), 'target')}"
    learned = "has learned" if worse <= 1 else "have learned"
    said = f"{worse or 'None'} of {counted} {learned} clearly less from synthetic rows than from real ones."
    return UtilityView(tuple(blocks[:_MOST_TARGETS]), tuple(blocks[_MOST_TARGETS:]), said, _augmented(models))


def _forest(models: Sequence[ModelComparison]) -> Strip:
    chance = models[0].chance
    sides = [
        side
        for m in models
        for side in (m.chance, m.trtr, m.tstr, m.low, m.high, m.trstr)
        if side is not None and math.isfinite(side)
    ]
    top = min(max(sides, default=1.0), 1.0)
    # a model far below chance would squeeze the others into a corner: it becomes an arrow
    least = min(chance, 2 * chance - top) if math.isfinite(chance) else -1.0
    axis = linear_axis(sides, least=least, most=top)
    at_chance = axis.place(chance)
    ticks = axis.named(chance, f"{figure(chance, digits=2)} chance")
    head = (
        *("Model", "Answer", "Trained on real", "Trained on synthetic [95 % interval]"),
        *("On both [95 % interval]", "Chance"),
    )
    strong = () if at_chance is None else (at_chance,)
    return Strip(tuple(_model_row(model, axis) for model in models), ticks, strong, head)


def _model_row(model: ModelComparison, axis: Axis) -> StripRow:
    label, tag = clean(model.model.replace("_", " ")), tag_of(model.status)
    real = figure(model.trtr)
    synthetic = open_interval(model.tstr, model.low, model.high)
    both = open_interval(model.trstr, model.trstr_low, model.trstr_high)
    beside = f"; trained on both {figure(model.trstr)}" if model.trstr is not None else ""
    return StripRow(
        label=label,
        tag=tag,
        at=axis.place(model.tstr),
        low=axis.place(model.low),
        high=axis.place(model.high),
        beyond=axis.beyond(model.tstr),
        band_low=None,
        band_high=None,
        mark=axis.place(model.trtr),
        figure=synthetic,
        detail=(real, synthetic, both, figure(model.chance)),
        said=f"{label}: {tag.word}, trained on synthetic rows {synthetic}, on real rows {real}{beside}",
        about=f"trained on real rows {real}{beside}",
        absent="not trained",
        hollow=axis.place(model.trstr),
    )


def _augmented(models: Sequence[ModelComparison]) -> str:
    """Say whether real rows with synthetic ones added train better than real rows alone."""
    helped = hurt = unsure = 0
    for model in models:
        if model.trstr is None or not math.isfinite(model.trstr):
            continue
        low = -math.inf if model.trstr_low is None else model.trstr_low
        high = math.inf if model.trstr_high is None else model.trstr_high
        helped += low > model.trtr
        hurt += high < model.trtr
        unsure += low <= model.trtr <= high
    tried = helped + hurt + unsure
    if not tried:
        return ""
    answer = "Yes" if helped == tried else "For some models" if helped else "No" if hurt else "Not for sure"
    counts = (("better", helped), ("worse", hurt), ("not told apart", unsure))
    told = ", ".join(f"{count:,} {word}" for word, count in counts if count)
    return (
        f"Does adding synthetic rows to real ones help? {answer}. "
        f"Beside real rows alone, of {plural(tried, 'model')}: {told}."
    )


def detection_view(scores: Iterable[Score], reason: str = "") -> DetectionView | None:
    """Show which columns alone tell synthetic from real rows.

    Parameters
    ----------
    scores : iterable of Score
        All figures; only those of the classifier two-sample test count.
    reason : str
        Why there are none, when there are none.

    Returns
    -------
    DetectionView or None
        None when there is neither a column nor a reason.
    """
    known = [
        (score.value, score)
        for score in scores
        if score.metric == _GIVEAWAY
        and score.releasable
        and score.value is not None
        and math.isfinite(score.value)
    ]
    alone = sorted(
        ((value, score) for value, score in known if len(score.columns) == 1),
        key=lambda item: (-item[0], item[1].columns),
    )
    if not alone:
        return DetectionView((), (), clean(reason, 2_000)) if reason else None
    rows = tuple(_giveaway(value, score) for value, score in alone)
    whole = next((score for _, score in known if not score.columns), None)
    said = ""
    if whole is not None:
        said = f"All columns together reach an AUC of {interval(whole.value, whole.low, whole.high)}."
    return DetectionView(rows[:_MOST_GIVEAWAYS], rows[_MOST_GIVEAWAYS:], said)


def _giveaway(value: float, score: Score) -> GiveawayRow:
    def place(auc: float | None) -> float | None:
        if auc is None or math.isnan(auc):
            return None
        return min(max((auc - _GUESSING) / (1 - _GUESSING), 0.0), 1.0)

    low, high = (place(score.low), place(score.high)) if score.low is not None else (None, None)
    return GiveawayRow(
        column=clean(score.columns[0]),
        found=interval(value, score.low, score.high) if score.low is not None else figure(value, digits=3),
        fresh=figure(score.floor, digits=3),
        meter=Meter(place(value) or 0.0, low, high, place(score.floor)),
    )
