"""Likelihood scores: worked by hand and by brute force, blind to labels and to order, right about leaks."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_tables import COLUMNS, bootstrap, leaking, specs, three_tables, ugly_tables

from synthtab.attacks import likelihood
from synthtab.attacks.candidates import Candidates, pool_candidates
from synthtab.attacks.likelihood import gen_lra_scores, rmia_scores
from synthtab.attacks.neighbours import Points, nearest
from synthtab.metrics.features import FeatureEncoder
from synthtab.metrics.ranking import average_ranks
from synthtab.schema import CastTable, NumberColumn
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

UGLY = ugly_tables()
SIZE = 800


def _points(values: list[float] | np.ndarray, persons: list[int] | np.ndarray | None = None) -> Points:
    """Points on a line."""
    line = np.asarray(values, dtype=np.float32)
    own = np.arange(len(line)) if persons is None else np.asarray(persons)
    hashes = NumberColumn(line.astype(np.float64)).row_hash()
    return Points(line[:, None], hashes, own.astype(np.int64))


def _brute_force(real: Points, made: Points, k: int) -> FloatArray:
    """Follow the definition, a record and a synthetic row at a time."""
    scores = np.zeros(len(real.hashes))
    x, s = real.coordinates.astype(np.float64), made.coordinates.astype(np.float64)
    for row in range(len(x)):
        to_made = np.sqrt(((s - x[row]) ** 2).sum(axis=1))
        for near in np.argsort(to_made, kind="stable")[:k]:
            distances = np.sqrt(((x - s[near]) ** 2).sum(axis=1))
            nearest_person = real.persons[distances.argmin()]
            width = 0.2 * max(distances[real.persons != nearest_person].min(), 1e-4)
            kernels = np.exp(-(distances**2) / (2 * width**2))
            others = kernels[real.persons != real.persons[row]].sum()
            scores[row] += np.log(others + kernels[row]) - np.log(others)
    return scores


def _attack(
    train: CastTable, holdout: CastTable, made: CastTable
) -> tuple[Candidates, dict[str, FloatArray]]:
    """Score a pool by both attacks."""
    columns = specs(train)
    pool = pool_candidates(train, holdout, columns)
    encoder = FeatureEncoder.fit((pool.table, made), (pool.table,), columns)
    real, synthetic = Points.of(pool.table, encoder, pool.persons), Points.of(made, encoder)
    return pool, {
        "Gen-LRA": gen_lra_scores(real, synthetic),
        "RMIA": rmia_scores(_log_ratio(real, synthetic), real),
    }


def _log_ratio(real: Points, made: Points) -> FloatArray:
    to_real = nearest(real, real, skip_own=True).distances[:, 0]
    to_made = nearest(real, made).distances[:, 0]
    known = np.isfinite(to_real) & np.isfinite(to_made)
    ratio = np.log(np.maximum(to_real, 1e-3)) - np.log(np.maximum(to_made, 1e-3))
    return np.asarray(np.where(known, np.round(ratio, 9), 0.0))


def _auc(scores: FloatArray, is_train: np.ndarray) -> float:
    n = int(is_train.sum())
    return float((average_ranks(scores)[is_train].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))


# ---------------------------------------------------------------- Gen-LRA


def test_gen_lra_by_hand() -> None:
    """Two records and a row between them: widths, kernels and the one logarithm, on paper."""
    # the row at 1 lies 1 from the first record and 2 from the second: h = 0.4
    scores = gen_lra_scores(_points([0, 3]), _points([1]), k=1)
    first, second = np.exp(-1 / 0.32), np.exp(-4 / 0.32)
    assert scores[0] == pytest.approx(np.log((first + second) / second), abs=1e-8)
    assert scores[1] == pytest.approx(np.log((first + second) / first), abs=1e-8)


@pytest.mark.parametrize("k", [1, 3, 30])
@pytest.mark.parametrize("people", [40, 12, 2])
def test_gen_lra_is_brute_force(k: int, people: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a line, with one or several records a person and over several tiles, to 1e-6."""
    monkeypatch.setattr(likelihood, "_CELLS_AT_ONCE", 100)
    rng = generator(people, "test")
    persons = np.arange(40) if people == 40 else rng.integers(0, people, 40)
    real, made = _points(rng.normal(size=40), persons), _points(rng.normal(size=30))
    assert gen_lra_scores(real, made, k=k) == pytest.approx(_brute_force(real, made, k), abs=1e-6)


def test_gen_lra_of_copies() -> None:
    """A lonely record that was copied scores 12.5, the most; a copied twin shares: log 2; others nothing."""
    scores = gen_lra_scores(_points([0, 5, 5, 20]), _points([0, 5, 5.0001]), k=1)
    # from 0 the nearest other person is 5 away, and so is its twin
    assert scores[0] == pytest.approx(np.log1p(np.exp(12.5) / 2), abs=1e-6)
    assert scores[1] == scores[2] == pytest.approx(np.log(2), abs=1e-6)
    assert scores[3] == pytest.approx(0.0, abs=1e-6)
    alone = gen_lra_scores(_points([0, 5]), _points([0.0]), k=1)
    assert alone == pytest.approx([12.5, 0], abs=1e-5)


def test_gen_lra_survives_long_distances() -> None:
    """Rows thousands of standard deviations away give finite scores, and the nearer record the higher."""
    scores = gen_lra_scores(_points([0, 1, 7_000]), _points([-9_000, 9_000]))
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    # the row at 9,000 is 2,000 from the last record and about 9,000 from two others
    assert scores.argmax() == 2
    assert scores[2] == pytest.approx(12.5 * (1 - (2_000 / 8_999) ** 2) - np.log(2), abs=0.01)


# ---------------------------------------------------------------- RMIA


def test_rmia_by_hand() -> None:
    """Five records, two neighbours each: wins, ties and the lead that orders equal wins, on paper."""
    real, ratio = _points([0, 1, 3, 7, 15]), np.array([2.0, 1.0, 1.0, 0.0, 3.0])
    # neighbours: (1, 3), (0, 3), (1, 0), (3, 1) and (7, 3)
    expected = [
        (2.0, 1.0),  # beats 1 and 1
        (0.5, -0.5),  # loses to 2, ties with 1
        (0.5, -0.5),  # ties with 1, loses to 2
        (0.0, -1.0),  # loses to 1 and 1
        (2.0, 2.5),  # beats 0 and 1
    ]
    by_hand = [(2 * wins + 0.5 + lead / (2 + 2 * abs(lead))) / 5 for wins, lead in expected]
    assert rmia_scores(ratio, real, n_others=2) == pytest.approx(by_hand, abs=1e-8)


def test_rmia_looks_at_other_people() -> None:
    """One's own records are no rivals; whoever has none scores one half."""
    real, ratio = _points([0, 0.1, 5, 9], [0, 0, 1, 2]), np.array([1.0, 3.0, 2.0, 0.0])
    scores = rmia_scores(ratio, real, n_others=1)
    # (2 w + sigma) / 3: the first loses to 2 by 1, the second wins by 1
    assert scores[:2] == pytest.approx([0.25 / 3, (2 + 0.75) / 3])
    assert rmia_scores(np.array([1.0, 2.0]), _points([0, 1], [0, 0])).tolist() == [0.5, 0.5]
    assert rmia_scores(np.array([1.0]), _points([0])).tolist() == [0.5]


def test_rmia_with_everybody_ranks_as_the_ratio() -> None:
    """Held against all others, a record's score ranks as its ratio: that is why neighbours are asked."""
    rng = generator(0, "test")
    real, ratio = _points(rng.normal(size=60)), np.round(rng.normal(size=60), 1)
    ranks = average_ranks(rmia_scores(ratio, real, n_others=59))
    assert np.array_equal(ranks, average_ranks(ratio))


def test_rmia_forgives_a_region() -> None:
    """Where all ratios of a region are high together, nobody in it stands out."""
    real = _points(np.concatenate([np.arange(30.0), 1_000 + np.arange(30.0)]))
    ratio = np.concatenate([np.zeros(30), np.full(30, 5.0)])
    ratio[10] = 1.0
    scores = rmia_scores(ratio, real, n_others=10)
    assert scores.argmax() == 10
    assert scores[30:] == pytest.approx(np.full(30, 0.5))


# ---------------------------------------------------------------- known answers


def test_a_bootstrap_gives_its_rows_away() -> None:
    """A row bootstrap of 800 rows: both attacks reach an AUC of about .8."""
    for seed in range(2):
        train, holdout, _ = three_tables(seed, SIZE)
        made = bootstrap(train, SIZE, generator(seed, "test"))
        pool, scores = _attack(train, holdout, made)
        for found in scores.values():
            assert _auc(found, pool.is_train) == pytest.approx(0.81, abs=0.035)


def test_fresh_samples_give_nobody_away() -> None:
    """Ten fresh samples of 800 rows: AUC .5 ± .035 in at least nine, and .5 ± .012 on average."""
    aucs: dict[str, list[float]] = {"Gen-LRA": [], "RMIA": []}
    for seed in range(10):
        pool, scores = _attack(*three_tables(seed, SIZE))
        for name, found in scores.items():
            aucs[name].append(_auc(found, pool.is_train))
    for each in aucs.values():
        assert np.mean(np.abs(np.array(each) - 0.5) <= 0.035) >= 0.9
        assert np.mean(each) == pytest.approx(0.5, abs=0.012)


def test_copies_rank_high() -> None:
    """Of 40 copied records in 800, most stand among the top tenth of either score."""
    train, holdout, fresh = three_tables(0, SIZE)
    made = leaking(fresh, train, 40, np.random.default_rng(0))
    pool, scores = _attack(train, holdout, made)
    copied = pool.is_train & np.isin(pool.table.row_hash(), made.row_hash())
    assert copied.sum() == 40
    for found in scores.values():
        assert (found[copied] >= np.quantile(found, 0.9)).mean() > 0.85
        assert _auc(found, copied) > 0.93


# ---------------------------------------------------------------- form


def test_scores_are_blind_to_labels() -> None:
    """Swapping training and holdout changes no score of any record."""
    train, holdout, fresh = three_tables(1, (300, 200, 250))
    made = leaking(fresh, train, 20, np.random.default_rng(0))
    (pool, one), (swapped, other) = _attack(train, holdout, made), _attack(holdout, train, made)
    assert np.array_equal(pool.table.row_hash(), swapped.table.row_hash())
    assert np.array_equal(pool.is_train, ~swapped.is_train)
    for name, scores in one.items():
        assert np.array_equal(scores, other[name])


@pytest.mark.parametrize("step", [None, 0.25])
@pytest.mark.parametrize("people", [300, 90])
def test_order_of_rows_changes_nothing(people: int, step: float | None) -> None:
    """Permuted records and synthetic rows score alike, to the last bit, on coarse grids full of ties too."""
    rng = generator(people, "test")
    values, rows = rng.normal(size=300), rng.normal(size=200)
    if step is not None:
        values, rows = np.round(values / step) * step, np.round(rows / step) * step
    persons = np.arange(300) if people == 300 else rng.integers(0, people, 300)
    ratio = np.asarray(np.round(-np.abs(values), 2), dtype=np.float64)
    turn, turn_made = rng.permutation(300), rng.permutation(200)
    numbers = rng.permutation(300)
    real, turned = _points(values, persons), _points(values[turn], numbers[persons[turn]])
    one = gen_lra_scores(real, _points(rows))
    assert np.array_equal(gen_lra_scores(turned, _points(rows[turn_made])), one[turn])
    relative = rmia_scores(ratio, real, n_others=20)
    again = rmia_scores(ratio[turn], turned, n_others=20)
    assert np.array_equal(again, relative[turn])


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Any table gets finite scores, one a record."""
    train, holdout, made = UGLY[case]
    pool, scores = _attack(train, holdout, made)
    for found in scores.values():
        assert found.shape == (pool.table.n_rows,)
        assert np.isfinite(found).all()
    assert (scores["Gen-LRA"] >= 0).all()
    assert ((scores["RMIA"] >= 0) & (scores["RMIA"] <= 1)).all()


def test_empty_tables_score_nothing() -> None:
    """Without records there are no scores; without synthetic rows, or with one person, all are 0."""
    none = _points([])
    assert gen_lra_scores(none, _points([1])).shape == (0,)
    assert rmia_scores(np.empty(0), none).shape == (0,)
    assert gen_lra_scores(_points([1, 2]), none).tolist() == [0, 0]
    assert gen_lra_scores(_points([1, 2], [0, 0]), _points([1, 5])).tolist() == [0, 0]
    assert gen_lra_scores(_points([1]), _points([1])).tolist() == [0]


def test_one_kind_of_column_is_enough() -> None:
    """Tables of numbers only, or of labels only, are scored."""
    train, holdout, fresh = three_tables(2, 150)
    for names in (("x0", "x1"), ("a", "b", "y")):
        narrow = [CastTable({name: table[name] for name in names}, 150) for table in (train, holdout, fresh)]
        for found in _attack(narrow[0], narrow[1], narrow[2])[1].values():
            assert np.isfinite(found).all()
    assert {column.name for column in COLUMNS} >= {"x0", "x1", "a", "b", "y"}
