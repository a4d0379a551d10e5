"""Detection: what a boosted two-sample test must see, and what it must not."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from simulated_tables import (
    COLUMNS,
    bootstrap,
    gaussian_table,
    labels,
    numbers,
    reordered,
    shuffled,
    specs,
    three_tables,
    ugly_tables,
)

from synthtab.metrics import detection
from synthtab.metrics.columns import stacked
from synthtab.metrics.detection import MAX_TWINS, classifier_two_sample_test
from synthtab.schema import CastTable, NumberColumn

UGLY = ugly_tables()


def test_halves_of_one_table_are_not_told_apart() -> None:
    """Eight pairs of samples of one law: at most one z above 1.96, none above 3; the mean AUC is near .5."""
    found = []
    for seed in range(8):
        _, holdout, fresh = three_tables(seed, 400)
        found.append(classifier_two_sample_test(holdout, fresh, COLUMNS, seed=seed))
    z = np.array([result.z for result in found], dtype=float)
    assert (z > 1.96).sum() <= 1
    assert z.max() < 3
    assert np.mean([result.auc for result in found]) == pytest.approx(0.5, abs=0.02)  # type: ignore[misc]
    assert not any(result.giveaways for result in found if result.z is not None and result.z < 1.9)


def test_bootstrap_is_not_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row bootstrap repeats rows, which is no infidelity; folds that tear repeats apart would detect it."""
    train, holdout, _ = three_tables(0, 1_000)
    rng = np.random.default_rng(0)
    for source in (train, holdout):
        made = bootstrap(source, 1_000, rng)
        grouped = classifier_two_sample_test(holdout, made, COLUMNS)
        assert grouped.auc == pytest.approx(0.5, abs=0.045)
        assert grouped.z is not None
        assert grouped.z < 2.5
    made = bootstrap(train, 1_000, rng)
    monkeypatch.setattr(detection, "_rows_together", lambda hashes, _: np.arange(len(hashes)))
    torn = classifier_two_sample_test(holdout, made, COLUMNS)
    assert torn.z is not None
    assert torn.z > 4


def test_independent_columns_are_detected() -> None:
    """Right marginals without dependence are told apart, by the columns that depended most."""
    train, holdout, _ = three_tables(0, 1_000)
    found = classifier_two_sample_test(holdout, shuffled(train, np.random.default_rng(0)), COLUMNS)
    assert found.auc is not None
    assert found.z is not None
    assert found.auc > 0.8
    assert found.z > 10
    assert 1 <= len(found.giveaways) <= 5
    assert found.giveaways[0].column in {"x0", "x1", "x2", "x3"}
    assert found.giveaways[0].auc_drop > 0.05


def test_the_column_that_gives_it_away_is_named() -> None:
    """One column scaled by 1.5 is named first; two copies of one giveaway do not hide each other."""
    _, holdout, fresh = three_tables(1, 1_000)
    wide = CastTable({**fresh.columns, "x5": NumberColumn(1.8 * fresh.number("x5").values)}, fresh.n_rows)
    found = classifier_two_sample_test(holdout, wide, COLUMNS)
    assert found.giveaways[0].column == "x5"
    assert found.giveaways[0].auc_alone > 0.55
    rng = np.random.default_rng(0)
    real, made = (
        numbers(a=flag, b=flag, noise=rng.normal(size=300)) for flag in (np.zeros(300), np.ones(300))
    )
    certain = classifier_two_sample_test(real, made, specs(real))
    assert (certain.auc, certain.high) == (1.0, 1.0)
    assert certain.z is not None
    assert np.isfinite(certain.z)
    assert {item.column for item in certain.giveaways} == {"a", "b"}
    assert [item.auc_alone for item in certain.giveaways] == [1.0, 1.0]


def test_frequencies_of_a_coarse_table_are_detected() -> None:
    """Two cells of other frequencies are told apart, though every row has hundreds of twins."""
    real = labels(c=["a"] * 250 + ["b"] * 250)
    made = labels(c=["a"] * 400 + ["b"] * 100)
    found = classifier_two_sample_test(real, made, specs(real))
    assert found.auc == pytest.approx(0.65, abs=0.03)
    same = classifier_two_sample_test(real, labels(c=["a"] * 245 + ["b"] * 255), specs(real))
    assert same.auc == pytest.approx(0.5, abs=0.06)


def test_rows_together() -> None:
    """Twins share a group, so do a person's rows and chains of both; crowds of twins do not."""
    hashes = np.array([1, 1, 2, 3, 3, 4], dtype=np.uint64)
    groups = detection._rows_together(hashes, None)
    assert groups[0] == groups[1]
    assert len(set(groups)) == 4
    chained = detection._rows_together(hashes, np.array([0, 1, 1, 2, 3, 3]))
    assert len({*chained[:3]}) == 1
    assert len({*chained[3:]}) == 1
    assert chained[0] != chained[3]
    crowd = detection._rows_together(np.zeros(MAX_TWINS + 1, dtype=np.uint64), None)
    assert len(set(crowd)) == MAX_TWINS + 1


def test_people_share_a_fold() -> None:
    """Two real tables of repeated measurements look alike by person, and different when people are torn."""
    rng = np.random.default_rng(0)

    def visits(first: int) -> tuple[CastTable, np.ndarray]:
        ids = np.repeat(np.arange(120), 4)
        values = rng.normal(size=(120, 5))[ids] + 0.05 * rng.normal(size=(480, 5))
        return numbers(**{f"v{index}": values[:, index] for index in range(5)}), ids + first

    (train, in_train), (holdout, in_holdout) = visits(0), visits(1_000)
    by_person = classifier_two_sample_test(
        holdout, train, specs(train), real_persons=in_holdout, synthetic_persons=in_train
    )
    by_row = classifier_two_sample_test(holdout, train, specs(train))
    assert by_person.z is not None
    assert by_row.auc is not None
    assert by_person.z < 2.5
    assert by_row.auc > 0.9
    # persons of one side only: the other side's rows stand for themselves
    one_side = classifier_two_sample_test(holdout, train, specs(train), real_persons=in_holdout)
    assert one_side.auc is not None
    assert one_side.auc > 0.6


def test_interval_covers() -> None:
    """Over 15 pairs of samples of one law the 95 % interval holds .5 at least 12 times."""
    covered = 0
    for seed in range(15):
        rng = np.random.default_rng([seed, 1])
        real, made = (numbers(**{name: rng.normal(size=200) for name in "ab"}) for _ in range(2))
        found = classifier_two_sample_test(real, made, specs(real), seed=seed)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.5 <= found.high
    assert covered >= 12


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Every table gets finite figures, or None with a reason."""
    _, holdout, made = UGLY[case]
    found = classifier_two_sample_test(holdout, made, specs(holdout))
    assert (found.auc is None) == bool(found.reason)
    assert np.isfinite([value for value in asdict(found).values() if isinstance(value, float)]).all()


def test_order_and_seed() -> None:
    """Columns the other way round change nothing to the last bit; a seed repeats, another differs."""
    _, holdout, fresh = three_tables(3, 200)
    plain = classifier_two_sample_test(holdout, fresh, COLUMNS, seed=1)
    assert plain == classifier_two_sample_test(reordered(holdout), reordered(fresh), COLUMNS[::-1], seed=1)
    assert plain != classifier_two_sample_test(holdout, fresh, COLUMNS, seed=2)


def test_sizes_are_made_equal_and_capped() -> None:
    """The larger table is sampled to the smaller, both to the cap, and the result says so."""
    _, holdout, fresh = three_tables(3, (10, 150, 100))
    assert classifier_two_sample_test(holdout, fresh, COLUMNS).n_rows == 100
    assert classifier_two_sample_test(holdout, fresh, COLUMNS, max_rows=60).n_rows == 60


def test_an_invented_level_is_detected() -> None:
    """Levels that real rows never show give the table away, even beyond the 255 that the learner takes."""
    rng = np.random.default_rng(0)
    real = labels(c=[f"level {level}" for level in rng.integers(0, 400, 800)])
    made = labels(c=[f"invented {level}" for level in rng.integers(0, 5, 800)])
    found = classifier_two_sample_test(real, made, specs(real))
    assert found.auc is not None
    assert found.auc > 0.9


def test_missing_values_are_seen() -> None:
    """A column that is missing three times as often is told apart and named."""
    rng = np.random.default_rng(0)
    _, holdout, _ = three_tables(0, 800)
    made = gaussian_table(800, rng)
    values = made.number("x0").values.copy()
    values[rng.random(800) < 0.3] = np.nan
    found = classifier_two_sample_test(
        holdout, CastTable({**made.columns, "x0": NumberColumn(values)}, 800), COLUMNS
    )
    assert found.giveaways[0].column == "x0"


def test_twins_across_tables_share_a_fold() -> None:
    """A table that is the real one, row for row, is not told apart and shows no copies as difference."""
    _, holdout, _ = three_tables(5, 400)
    found = classifier_two_sample_test(holdout, holdout, COLUMNS)
    assert found.auc == pytest.approx(0.5, abs=0.02)
    doubled = classifier_two_sample_test(
        stacked((holdout, holdout), tuple(holdout.columns)), holdout, COLUMNS
    )
    assert doubled.auc == pytest.approx(0.5, abs=0.06)


def test_one_person_leaves_nothing_to_hold_out() -> None:
    """Where all rows of both sides belong to one person, there is a reason instead of an AUC."""
    _, holdout, fresh = three_tables(5, 100)
    one = np.zeros(100, dtype=np.int64)
    found = classifier_two_sample_test(holdout, fresh, COLUMNS, real_persons=one, synthetic_persons=one)
    assert found.auc is None
    assert "hold any out" in found.reason


def test_an_empty_column_in_a_table_that_is_told_apart() -> None:
    """A column without any value is passed over when the others are blamed."""
    rng = np.random.default_rng(0)
    real, made = (numbers(x=rng.normal(size=200) + shift, empty=np.full(200, np.nan)) for shift in (0.0, 2.0))
    found = classifier_two_sample_test(real, made, specs(real))
    assert [item.column for item in found.giveaways] == ["x"]
