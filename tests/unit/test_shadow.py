"""Shadow models: planted memories are found, learning nothing raises no alarm, broken fits are survived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from simulated_tables import ugly_tables

from synthtab.attacks.shadow import ShadowResult, _aucs, _coins, _exact_p, shadow_models
from synthtab.errors import DataError, SpecError
from synthtab.metrics.columns import stacked
from synthtab.progress import reporting_to
from synthtab.schema import CastTable, ColumnSpec, TableSchema
from synthtab.seeding import generator

SCHEMA = TableSchema(
    (ColumnSpec("x", "numeric"), ColumnSpec("y", "numeric"), ColumnSpec("c", "categorical")),
)
TARGETS = pd.DataFrame(
    {"x": [9.0, -7.0, 6.0, 0.5], "y": [8.0, 6.0, -9.0, 0.5], "c": ["rare", "b", "a", "odd"]},
    index=[40, 30, 20, 10],
)


def base_rows(n_rows: int = 60) -> pd.DataFrame:
    rng = generator(0, "test", "base")
    return pd.DataFrame(
        {"x": rng.normal(size=n_rows), "y": rng.normal(size=n_rows), "c": rng.choice(list("ab"), n_rows)}
    )


def memoriser(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Draw sixty of the rows with replacement."""
    return frame.sample(60, replace=True, random_state=seed)


def learns_nothing(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Draw thirty rows of a fixed law."""
    rng = np.random.default_rng(seed)
    c = rng.choice(["a", "b", "rare", "odd"], 30, p=[0.4, 0.4, 0.1, 0.1])
    return pd.DataFrame({"x": 5 * rng.normal(size=30), "y": 5 * rng.normal(size=30), "c": c})[frame.columns]


def attack(fit_and_sample: object, **kwargs: object) -> ShadowResult:
    return shadow_models(
        fit_and_sample,  # type: ignore[arg-type]
        base_rows(),
        TARGETS,
        SCHEMA.cast,
        SCHEMA.modelled,
        **{"fits": 20, **kwargs},  # type: ignore[arg-type]
    )


# ---------------------------------------------------------------- known answers


@pytest.mark.parametrize("seed", range(4))
def test_a_memoriser_is_caught(seed: int) -> None:
    """A row bootstrap keeps a target in 63 of 100 fits that had it: AUC about .8, p ≤ .01 with 20 fits."""
    found = attack(memoriser, seed=seed)
    assert found.p_value is not None
    assert found.auc is not None
    assert found.p_value <= 0.01
    assert found.auc == pytest.approx(0.82, abs=0.13)
    assert found.low < found.auc <= found.high  # type: ignore[operator]
    assert found.accuracy_low < found.accuracy < found.accuracy_high  # type: ignore[operator]
    assert found.advantage == pytest.approx(2 * found.accuracy - 1)  # type: ignore[operator]
    assert (found.fits, found.failed, found.n_targets, len(found.per_target)) == (20, 0, 4, 4)


def test_a_copy_machine_is_told_without_error() -> None:
    """Where every row is given back, every guess is right: AUC 1, and each target at the least p there is."""
    found = attack(lambda frame, _: frame)
    assert (found.auc, found.accuracy, found.advantage, found.high) == (1.0, 1.0, 1.0, 1.0)
    assert found.low is not None
    assert found.low > 0.5
    # each target was in five of the ten judged fits
    assert [target.p_value for target in found.per_target] == pytest.approx([1 / 252] * 4)
    assert [target.position for target in found.per_target] == [0, 1, 2, 3]


def test_what_ignores_its_rows_does_not_alarm() -> None:
    """A callable that learns nothing: p > .05 in at least 18 of 20 seeds, and AUC .5 on average."""
    found = [attack(learns_nothing, seed=seed, n_labellings=199) for seed in range(20)]
    assert sum(result.p_value > 0.05 for result in found) >= 18  # type: ignore[operator]
    assert np.mean([result.auc for result in found]) == pytest.approx(0.5, abs=0.05)
    covered = sum(result.low <= 0.5 <= result.high for result in found)  # type: ignore[operator]
    assert covered >= 17


def test_a_leaked_level_is_caught() -> None:
    """A callable that spreads the levels it was given and nothing else is caught by the rarest level."""

    def leaks_levels(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
        made = learns_nothing(frame, seed)
        made["c"] = np.resize(np.sort(frame["c"].unique()), len(made))
        return made

    found = attack(leaks_levels, fits=40)
    assert found.p_value is not None
    assert found.p_value <= 0.01
    # only the first and the last target have a level of their own
    assert [target.auc == 1 for target in found.per_target] == [True, False, False, True]


def test_a_leaked_extreme_is_caught() -> None:
    """A callable that keeps the range of a number and nothing else is caught by the most extreme value."""

    def leaks_range(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
        made = learns_nothing(frame, seed)
        made["x"] = np.linspace(frame["x"].min(), frame["x"].max(), len(made))
        return made

    found = attack(leaks_range, fits=40)
    assert found.per_target[0].auc > 0.95
    assert found.per_target[1].auc > 0.95


def test_smallest_auc_is_honest() -> None:
    """The smallest AUC falls with the number of fits, and lies above what chance gives."""
    few, many = (attack(learns_nothing, fits=fits).smallest_auc for fits in (20, 80))
    assert few is not None
    assert many is not None
    # ten fits of a target, five with it: the AUC varies by sqrt(11 / 300), a mean of four by half of that
    assert few == pytest.approx(0.5 + 2.487 * np.sqrt(11 / 300) / 2, abs=0.03)
    assert 0.5 < many < few


# ---------------------------------------------------------------- parts by hand


@pytest.mark.parametrize("fits", [8, 10, 11, 40])
def test_coins_are_balanced(fits: int) -> None:
    """Each target is in exactly half of the fits, in half of either half give or take one, on its own."""
    is_in = _coins(fits, 200, generator(0, "test"))
    assert set(is_in.sum(axis=0)) == {fits // 2}
    assert np.abs(is_in[: fits // 2].sum(axis=0) - fits / 4).max() <= 1
    assert np.abs(is_in.mean(axis=1) - fits // 2 / fits).max() < 0.15
    assert len(np.unique(is_in, axis=1).T) > 30


def test_exact_p_by_enumeration() -> None:
    """With ties, the p-value is the share of all choices of fits whose AUC is as large."""
    scores, is_in = np.array([0, 0, 1, 1, 1, 2, 3.0]), np.array([0, 0, 0, 1, 0, 1, 1], dtype=bool)
    every = np.array([[index in some for index in range(7)] for some in combinations(range(7), 3)])
    aucs = _aucs(scores, every)
    assert _aucs(scores, is_in[None])[0] == pytest.approx((1 / 2 * 2 + 2 + 4 + 4) / 12)
    assert _exact_p(scores, is_in) == pytest.approx((aucs >= 11 / 12 - 1e-9).mean())


# ---------------------------------------------------------------- form


def test_results_repeat() -> None:
    """The same seed gives the same result, whatever index the tables have; another seed another one."""
    plain = attack(memoriser, seed=3)
    again = shadow_models(
        memoriser,
        base_rows().set_axis(np.arange(60)[::-1], axis=0),
        TARGETS.reset_index(drop=True)[["c", "y", "x"]],
        SCHEMA.cast,
        SCHEMA.modelled,
        fits=20,
        seed=3,
    )
    assert plain == again
    assert plain != attack(memoriser, seed=4)


def test_base_rows_may_be_drawn() -> None:
    """With fewer rows than there are, each fit is given that many and the targets whose coins say so."""
    lengths = []

    def listening(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
        lengths.append(len(frame))
        assert list(frame.index) == list(range(len(frame)))
        return memoriser(frame, seed)

    found = attack(listening, rows=25)
    assert sum(lengths) == 20 * 25 + 4 * 10
    assert found.auc is not None
    assert found.auc > 0.6


def test_broken_fits_are_spent() -> None:
    """Fits that raise, give no row or lack a column are counted and left out; the rest is judged."""

    def breaks(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
        if seed % 5 == 0:
            raise RuntimeError("a value of somebody")
        if seed % 5 == 1:
            return frame.iloc[:0]
        return frame.drop(columns="c") if seed % 7 == 2 else memoriser(frame, seed)

    found = attack(breaks, fits=40)
    assert 0 < found.failed <= 20
    assert found.fits == 40
    assert found.p_value is not None
    assert found.p_value <= 0.05


def test_mostly_broken_fits_are_a_reason() -> None:
    """When more than half of the fits fail there is no figure; the reason names no value."""

    def breaks(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
        if seed % 8:
            raise RuntimeError("a value of somebody")
        return memoriser(frame, seed)

    found = attack(breaks)
    assert found.auc is None
    assert found.p_value is None
    assert found.reason == f"{found.failed} of 20 fits failed (RuntimeError)"


def test_one_kind_of_fits_is_a_reason() -> None:
    """A synthesizer that breaks on a target leaves nothing to compare with, and half of the fits."""

    def breaks(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
        if len(frame) > 60:
            raise ValueError
        return memoriser(frame, seed)

    found = shadow_models(breaks, base_rows(), TARGETS.iloc[:1], SCHEMA.cast, SCHEMA.modelled, fits=20)
    assert (found.failed, found.auc, found.reason) == (10, None, "too few fits came through")


def test_nothing_to_ask_is_a_reason() -> None:
    """No target, no base row or no column to compare: no fit is spent."""

    def untouched(_frame: pd.DataFrame, _seed: int) -> pd.DataFrame:
        raise AssertionError

    for base, targets, columns, reason in (
        (base_rows(), TARGETS.iloc[:0], SCHEMA.modelled, "no target"),
        (base_rows().iloc[:0], TARGETS, SCHEMA.modelled, "no base row"),
        (base_rows(), TARGETS, (), "no column to compare"),
    ):
        found = shadow_models(untouched, base, targets, SCHEMA.cast, columns)
        assert (found.reason, found.fits, found.auc) == (reason, 0, None)


def test_odd_requests_are_refused() -> None:
    """Too few fits and targets that lack a column are refused before a fit is spent."""
    with pytest.raises(SpecError, match="7 fits"):
        attack(memoriser, fits=7)
    with pytest.raises(DataError, match="'c'"):
        shadow_models(memoriser, base_rows(), TARGETS[["x", "y"]], SCHEMA.cast, SCHEMA.modelled)


def test_progress_is_told() -> None:
    """Each fit is a step, and the stage is closed even when the caller breaks off."""
    seen: list[str] = []

    class Listening:
        def start(self, stage: str, total: int) -> None:
            seen.append(f"start {stage} {total}")

        def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
            seen.append("step" if (stage, steps, note) else "")

        def finish(self, stage: str) -> None:
            seen.append(f"finish {stage}")

    @contextmanager
    def heard() -> Iterator[None]:
        seen.clear()
        with reporting_to(Listening()):
            yield

    with heard():
        attack(learns_nothing, fits=8)
    assert seen == ["start shadow models 8", *["step"] * 8, "finish shadow models"]

    def interrupted(_frame: pd.DataFrame, _seed: int) -> pd.DataFrame:
        raise KeyboardInterrupt

    with heard(), pytest.raises(KeyboardInterrupt):
        attack(interrupted)
    assert seen[-1] == "finish shadow models"


@pytest.mark.parametrize("case", list(ugly_tables()))
def test_ugly_tables_never_raise(case: str) -> None:
    """Any table that a callable gives back is a fit."""
    train, holdout, made = ugly_tables()[case]
    names = tuple(train.columns)
    n_real = train.n_rows + holdout.n_rows
    # frames stand for cast tables: one column says which rows are meant
    tables = {"real": stacked((train, holdout, train.take(np.arange(1))), names), "made": made}

    def cast(frame: pd.DataFrame) -> CastTable:
        table = tables["made" if "made" in frame else "real"]
        return table.take(frame.iloc[:, 0].to_numpy())

    columns = tuple(ColumnSpec(name, "numeric") for name in names)
    found = shadow_models(
        lambda _frame, _seed: pd.DataFrame({"made": np.arange(made.n_rows)}),
        pd.DataFrame({"real": np.arange(n_real)}),
        pd.DataFrame({"real": [n_real]}),
        cast,
        columns,
        fits=8,
    )
    assert (found.p_value is None) == bool(found.reason)
    assert found.reason or found.auc == 0.5
