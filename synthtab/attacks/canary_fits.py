"""Canary fits: bounds of epsilon that fit a synthesizer on rows that the attack itself has chosen.

The synthesizer is a callable, so that nothing here knows of one; fair coins decide which rows it is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthtab.attacks.canaries import (
    isolated_record,
    outlying_records,
    people_of_rows,
    under_one_another,
    without_record,
)
from synthtab.attacks.epsilon import BoolArray, EpsilonBound, best_bound, refuse_odd_claim, usable_rounds
from synthtab.attacks.neighbours import Points, nearest
from synthtab.attacks.record_scores import density_ratio
from synthtab.errors import DataError, SpecError
from synthtab.metrics.features import FeatureEncoder
from synthtab.progress import current_progress
from synthtab.schema import CastTable, LabelColumn, NumberColumn, TableSchema
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import derive_seed, generator, one_native_thread

__all__ = ["FitAndSample", "inserted_canaries", "refit_canaries"]

INSERTED_ROUNDS = (40, 100)
MIN_FITS = 10
_CLOSEST = 1e-6  # stands for a distance of 0: far below any that float32 coordinates tell apart

FitAndSample = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Rows to fit on and a seed, to synthetic rows."""


def inserted_canaries(
    train: pd.DataFrame,
    schema: TableSchema,
    fit_and_sample: FitAndSample,
    *,
    canaries: pd.DataFrame | None = None,
    n_canaries: int = 200,
    rounds: Sequence[int] = INSERTED_ROUNDS,
    delta: float = 0.0,
    confidence: float = 0.95,
    seed: int = 0,
) -> EpsilonBound:
    """Bound epsilon by one fit on the training rows and a random half of some canaries.

    A fair coin for each canary decides whether it is put in. A canary scores as a record does in
    `membership_inference`: the logarithm of its distance to the nearest other real row or canary, in or out,
    less that of its distance to the nearest synthetic row; one that stands in the synthetic table word for
    word comes first. In each round of r guesses the attacker either calls the r/2 highest in and the r/2
    lowest out, or the r highest in; both are counted as tried. The adjacency is *add or remove one*.

    Parameters
    ----------
    train : pandas.DataFrame, shape (n_rows, n_columns)
        Training rows.
    schema : TableSchema
        What is public about them.
    fit_and_sample : callable
        Takes rows to fit on and a seed, gives synthetic rows, as many whatever it was given.
    canaries : pandas.DataFrame, optional
        Records to put in, each a person of its own that is not in `train`; by default outliers made of the
        rarer values of each column, drawn independently.
    n_canaries : int, default 200
        How many to make when none are given.
    rounds : sequence of int, default (40, 100)
        Numbers of guesses, fixed beforehand; those above the number of canaries are not tried.
    delta : float, default 0
        Delta at which the bound shall hold.
    confidence : float, default 0.95
        Confidence of the bound, between 0 and 1.
    seed : int, default 0
        Seed of canaries, coins and fit.

    Returns
    -------
    EpsilonBound
        From 0 to its `cap`; without a figure when there are fewer canaries than the smallest round.

    Raises
    ------
    DataError
        When columns are missing, a canary is a person of `train`, or no synthetic row came back.
    SpecError
        When delta, the confidence or a round cannot be used.

    References
    ----------
    Steinke, Nasr, Jagielski (2023), Privacy auditing with one (1) training run, arXiv 2305.08846.
    """
    refuse_odd_claim(delta, confidence)
    records = outlying_records(train, schema, n_canaries, seed) if canaries is None else canaries
    together = under_one_another(train, records, "canary")
    n_train, n_records = len(train), len(records)
    persons = people_of_rows(together, schema)
    own = persons[n_train:]
    if len(np.unique(own)) < n_records or np.isin(own, persons[:n_train]).any():
        raise DataError(
            "A canary is a person of the real table, or of another canary.",
            hint=f"Give each canary a value of its own in the column {schema.unit!r}.",
        )
    usable = usable_rounds(rounds, n_records)
    if not usable:
        reason = f"{n_records} canaries: at least {min(rounds)} are needed"
        return best_bound([], canaries=n_records, delta=delta, confidence=confidence, reason=reason)
    rng = generator(seed, "attacks", "inserted canaries")
    is_in = rng.random(n_records) < 0.5  # noqa: PLR2004 - a fair coin
    rows = np.concatenate([np.arange(n_train), n_train + np.flatnonzero(is_in)])
    fit_seed = derive_seed(seed, "attacks", "inserted fit")
    progress, stage = current_progress(), "canaries"
    progress.start(stage, 2)
    try:
        made = _cast_sample(fit_and_sample(together.iloc[rows].reset_index(drop=True), fit_seed), schema)
        progress.advance(stage, note="distances")
        real = schema.cast(together, "real")
        encoder = FeatureEncoder.fit((real, made), (real,), schema.modelled)
        with one_native_thread():
            points = Points.of(real, encoder, persons)
            sought = points.take(np.arange(n_train, len(together)))
            scores = density_ratio(
                nearest(sought, points, skip_own=True), nearest(sought, Points.of(made, encoder))
            )
        progress.advance(stage)
    finally:
        progress.finish(stage)
    drawn = rng.permutation(n_records)  # equal scores are cut at random
    falling = is_in[drawn[np.argsort(-scores[drawn], kind="stable")]]
    tried = []
    for r in usable:
        half = r // 2
        tried.append((2 * half, int(falling[:half].sum() + (~falling[n_records - half :]).sum())))
        tried.append((r, int(falling[:r].sum())))
    return best_bound(tried, canaries=n_records, delta=delta, confidence=confidence, fits=1)


def refit_canaries(
    train: pd.DataFrame,
    schema: TableSchema,
    fit_and_sample: FitAndSample,
    *,
    target: pd.DataFrame | None = None,
    fits: int = 100,
    delta: float = 0.0,
    confidence: float = 0.95,
    seed: int = 0,
) -> EpsilonBound:
    """Bound epsilon by many fits, each with or without one record by a fair coin.

    D is the training table without the record's person, and each fit learns D or D and the record. It is
    scored by how close its nearest synthetic row lies to the record, by how many synthetic rows share the
    record's rarest level, and by how many reach as far out as its most extreme number. The first half of the
    fits choose the score and the threshold that tell best; each fit of the other half is guessed by them.
    Fits are independent, so that all judged fits are canaries and guesses. The adjacency is *add or remove
    one*. A hundred fits show 2.78 at most, at 95 % confidence: half of them are judged.

    Parameters
    ----------
    train : pandas.DataFrame, shape (n_rows, n_columns)
        Training rows.
    schema : TableSchema
        What is public about them.
    fit_and_sample : callable
        Takes rows to fit on and a seed, gives synthetic rows, as many whatever it was given.
    target : pandas.DataFrame of one row, optional
        The record; by default the training record farthest from those of all other people.
    fits : int, default 100
        How many fits, at least 10.
    delta : float, default 0
        Delta at which the bound shall hold.
    confidence : float, default 0.95
        Confidence of the bound, between 0 and 1.
    seed : int, default 0
        Seed of coins and fits.

    Returns
    -------
    EpsilonBound
        From 0 to its `cap`.

    Raises
    ------
    DataError
        When columns are missing, the target is not one row, nobody else is left, or no synthetic row came
        back.
    SpecError
        When delta, the confidence or the number of fits cannot be used.

    References
    ----------
    Steinke, Nasr, Jagielski (2023), Privacy auditing with one (1) training run, arXiv 2305.08846.
    """
    refuse_odd_claim(delta, confidence)
    if fits < MIN_FITS:
        raise SpecError(f"{fits} fits are too few.", hint=f"Give at least {MIN_FITS}; 100 show 2.78 at most.")
    record = isolated_record(train, schema, seed) if target is None else target
    if len(record) != 1:
        raise DataError("The target must be one record.", hint="Give a table of one row.")
    others = without_record(train, record, schema)
    if others.empty:
        raise DataError("Besides the target the real table has no rows.", hint="Give more rows.")
    both = under_one_another(others, record, "target")
    traces = _Traces.of(schema.cast(both, "real"), schema)
    is_in = generator(seed, "attacks", "refit canaries").random(fits) < 0.5  # noqa: PLR2004 - a fair coin
    progress, stage = current_progress(), "refits"
    progress.start(stage, fits)
    try:
        scores = []
        for number, with_target in enumerate(is_in):
            rows = both if with_target else both.iloc[:-1]
            synthetic = fit_and_sample(rows.copy(), derive_seed(seed, "attacks", "refit", number))
            scores.append(traces.left_in(_cast_sample(synthetic, schema)))
            progress.advance(stage)
    finally:
        progress.finish(stage)
    table, half = np.array(scores), fits // 2
    chosen, threshold = _best_cut(table[:half], is_in[:half])
    is_right = (table[half:, chosen] > threshold) == is_in[half:]
    judged = (len(is_right), int(is_right.sum()))
    return best_bound([judged], canaries=judged[0], delta=delta, confidence=confidence, fits=fits)


def _cast_sample(frame: pd.DataFrame, schema: TableSchema) -> CastTable:
    if frame.empty:
        raise DataError("The synthesizer gave no rows.", hint="Let it sample at least one.")
    return schema.cast(frame, "synthetic")


@dataclass(frozen=True, eq=False)
class _Traces:
    """What a record may leave in a synthetic table."""

    real: CastTable  # the record last
    schema: TableSchema
    level: tuple[str, str] | None  # column, and the record's level in it
    extreme: tuple[str, float, bool] | None  # column, the record's number, whether it lies at the upper end

    @classmethod
    def of(cls, real: CastTable, schema: TableSchema) -> _Traces:
        """Find the rarest level and the most extreme number of the last row."""
        levels: list[tuple[int, tuple[str, str]]] = []
        numbers: list[tuple[int, tuple[str, float, bool]]] = []
        for name, column in real.columns.items():
            if column.is_missing[-1]:
                continue
            if isinstance(column, LabelColumn):
                code = int(column.codes[-1])
                levels.append((int((column.codes == code).sum()), (name, column.levels[code])))
            else:
                value = float(column.values[-1])
                for is_upper in (False, True):
                    depth = _reaching(column, value, is_upper=is_upper)
                    numbers.append((depth, (name, value, is_upper)))
        rarest = min(levels, key=lambda item: item[0])[1] if levels else None
        outermost = min(numbers, key=lambda item: item[0])[1] if numbers else None
        return cls(real, schema, rarest, outermost)

    def left_in(self, made: CastTable) -> tuple[float, float, float]:
        """Score one synthetic table; higher speaks for the record having been in."""
        encoder = FeatureEncoder.fit((self.real, made), (self.real,), self.schema.modelled)
        with one_native_thread():
            record = Points.of(self.real.take(np.array([self.real.n_rows - 1])), encoder)
            distance = float(nearest(record, Points.of(made, encoder)).distances[0, 0])
        closeness = -math.log(max(distance, _CLOSEST))
        shared = reached = 0
        if self.level is not None:
            name, level = self.level
            shared = int((made.label(name).recoded((level,)) == 0).sum())
        if self.extreme is not None:
            name, value, is_upper = self.extreme
            reached = _reaching(made.number(name), value, is_upper=is_upper)
        return closeness, float(shared), float(reached)


def _reaching(column: NumberColumn, value: float, *, is_upper: bool) -> int:
    return int((column.values >= value).sum() if is_upper else (column.values <= value).sum())


def _best_cut(scores: FloatArray, is_in: BoolArray) -> tuple[int, float]:
    """Choose the score and the threshold above which "in" is right most often."""
    best = (-1, 0, 0.0)
    for column in range(scores.shape[1]):
        values = np.unique(scores[:, column])
        cuts = [values[0] - 1.0, *((values[1:] + values[:-1]) / 2), values[-1] + 1.0]
        for cut in cuts:
            right = int(((scores[:, column] > cut) == is_in).sum())
            if right > best[0]:
                best = (right, column, float(cut))
    return best[1], best[2]
