"""Attacks: hand-worked counts, planted leaks, exactness of the nulls, and tables nobody wants."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from attack_calls import closest_records, exact_copies, membership_inference
from scipy.stats import beta, hypergeom
from simulated_tables import (
    COLUMNS,
    bootstrap,
    gaussian_table,
    jittered,
    labels,
    leaking,
    numbers,
    reordered,
    shuffled,
    specs,
    three_tables,
    ugly_tables,
)

from synthtab.attacks.candidates import pool_candidates
from synthtab.attacks.counts import clopper_pearson, hypergeometric_tail
from synthtab.attacks.neighbours import Points, nearest
from synthtab.attacks.record_scores import density_ratio
from synthtab.metrics.columns import stacked
from synthtab.metrics.features import FeatureEncoder
from synthtab.schema import CastTable

UGLY = ugly_tables()


def _grid_points(n: int, rng: np.random.Generator, persons: np.ndarray | None = None) -> Points:
    grid = rng.integers(-6, 7, size=(n, 3))
    hashes = ((grid + 10) @ np.array([1, 100, 10_000])).astype(np.uint64)
    own = np.arange(n) if persons is None else persons
    return Points((grid / 4).astype(np.float32), hashes, own.astype(np.int64))


# ---------------------------------------------------------------- counts


@pytest.mark.parametrize(
    ("at_least", "drawn", "marked", "total"),
    [(6, 6, 1755, 3510), (3, 5, 3, 10), (10, 40, 700, 1000), (8, 9, 10, 12), (0, 5, 3, 10), (7, 9, 10, 12)],
)
def test_hypergeometric_tail(at_least: int, drawn: int, marked: int, total: int) -> None:
    """The tail is that of scipy's hypergeometric law."""
    expected = hypergeom.sf(at_least - 1, total, marked, drawn)
    assert hypergeometric_tail(at_least, drawn, marked, total) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (3, 10), (10, 10), (1, 2_000)])
def test_clopper_pearson(hits: int, trials: int) -> None:
    """The ends are the beta quantiles of the textbook; they reach 0 and 1 at the edges."""
    low, high = clopper_pearson(hits, trials)
    assert low == pytest.approx(beta.ppf(0.025, hits, trials - hits + 1) if hits else 0.0)
    assert high == pytest.approx(beta.ppf(0.975, hits + 1, trials - hits) if hits < trials else 1.0)


# ---------------------------------------------------------------- neighbours


@pytest.mark.parametrize("skip_own", [False, True])
def test_nearest_is_brute_force(skip_own: bool) -> None:
    """Two nearest distances over several tiles equal a float64 brute force; identical rows are exactly 0."""
    rng = np.random.default_rng(0)
    references = _grid_points(2_300, rng, rng.integers(0, 700, 2_300))
    queries = references if skip_own else _grid_points(600, rng)
    found = nearest(queries, references, k=2, skip_own=skip_own)
    gaps = queries.coordinates[:, None].astype(np.float64) - references.coordinates[None]
    every = np.sqrt((gaps**2).sum(axis=2))
    if skip_own:
        every[queries.persons[:, None] == references.persons[None]] = np.inf
    assert np.allclose(found.distances, np.sort(every, axis=1)[:, :2], atol=1e-12)
    rows = np.arange(len(queries.hashes))[:, None]
    assert np.allclose(every[rows, found.positions], found.distances, atol=1e-12)
    assert (found.distances == 0).any()


def test_identical_rows_are_found_where_single_precision_fails() -> None:
    """Far from the origin float32 cannot tell a twin from its neighbours; its hash can."""
    rng = np.random.default_rng(0)
    near = (200 + 1e-3 * np.arange(400)[:, None] * np.ones((1, 3))).astype(np.float32)
    references = Points(near, np.arange(400, dtype=np.uint64), np.arange(400))
    queries = references.take(rng.permutation(400)[:100])
    found = nearest(queries, references)
    assert (found.distances == 0).all()
    assert np.array_equal(found.positions[:, 0], queries.persons)


def test_nearest_without_references() -> None:
    """Where every reference is one's own, the distance is infinite and the position -1."""
    points = _grid_points(3, np.random.default_rng(0), np.zeros(3))
    found = nearest(points, points, k=2, skip_own=True)
    assert np.isinf(found.distances).all()
    assert (found.positions == -1).all()


# ---------------------------------------------------------------- pool


def test_pool_hides_labels() -> None:
    """The pooled order is that of content: swapping the two tables swaps labels and nothing else."""
    train, holdout, _ = three_tables(0, 60)
    one, other = pool_candidates(train, holdout, COLUMNS), pool_candidates(holdout, train, COLUMNS)
    assert np.array_equal(one.table.row_hash(), other.table.row_hash())
    assert np.array_equal(one.is_train, ~other.is_train)


def test_labellings_keep_people_whole() -> None:
    """Permuted labels give all rows of a person one side, and always as many people to each side."""
    rng = np.random.default_rng(0)
    train, holdout, _ = three_tables(1, 60)
    pool = pool_candidates(
        train,
        holdout,
        COLUMNS,
        train_persons=np.arange(60) // 3,
        holdout_persons=100 + np.arange(60) // 2,
    )
    blocks = np.vstack(list(pool.labellings(50, rng)))
    assert np.array_equal(blocks[0], pool.is_train)
    first = np.unique(pool.persons, return_index=True)[1]
    assert np.array_equal(blocks, blocks[:, first][:, pool.persons])
    assert set(blocks[:, first].sum(axis=1)) == {20}


def test_people_of_both_tables_are_left_out() -> None:
    """A person with rows in training and holdout tells nothing: counted, and left out of both."""
    train, holdout, fresh = three_tables(2, 40)
    found = exact_copies(
        train, holdout, fresh, COLUMNS, train_persons=np.arange(40), holdout_persons=35 + np.arange(40)
    )
    assert (found.n_shared_persons, found.n_train, found.n_holdout) == (5, 35, 35)


def test_pool_cap_keeps_people_whole() -> None:
    """A cap draws whole people, blind to their side."""
    train, holdout, _ = three_tables(3, 300)
    pool = pool_candidates(
        train,
        holdout,
        COLUMNS,
        train_persons=np.arange(300) // 3,
        holdout_persons=1_000 + np.arange(300) // 3,
        max_rows=120,
    )
    assert set(np.bincount(pool.persons)) == {3}
    assert 117 <= len(pool.persons) <= 120
    assert 30 <= pool.n_train <= 90


# ---------------------------------------------------------------- copies


def test_copies_by_hand() -> None:
    """Six copies of training rows and none of holdout rows, equal sizes: p is C(20,6)/C(40,6)."""
    train, holdout = numbers(x=np.arange(20.0)), numbers(x=100 + np.arange(20.0))
    made = numbers(x=[0, 1, 2, 3, 4, 5, 500, 501, 502, 503])
    found = exact_copies(train, holdout, made, specs(train))
    assert found.p_value == pytest.approx(hypergeom.sf(5, 40, 20, 6))
    assert (found.matched_train, found.matched_holdout) == (6, 0)
    assert (found.risk, found.control) == (0.3, 0.0)
    assert (found.found_in_train, found.found_in_holdout, found.excess) == (0.6, 0.0, 0.6)
    assert (found.low, found.high) == pytest.approx(clopper_pearson(6, 20))


def test_copies_excess_is_at_equal_size() -> None:
    """A training table twice as large finds twice as many coincidences; thinned to equal size it does not."""
    shared = np.repeat(np.arange(50.0), 4)
    train, holdout = numbers(x=np.arange(50.0)), numbers(x=np.arange(25.0))
    found = exact_copies(train, holdout, numbers(x=shared), specs(train))
    assert (found.found_in_train, found.found_in_holdout) == (1.0, 0.5)
    assert found.excess == pytest.approx(0.0, abs=1e-12)


def test_copies_of_coarse_tables_do_not_alarm() -> None:
    """Where everything matches everything, nothing was copied; missing values match missing values."""
    cells: list[str | None] = ["a", "b", None]
    train, holdout, made = (labels(c=cells * size) for size in (20, 15, 10))
    found = exact_copies(train, holdout, made, specs(train))
    assert (found.p_value, found.risk, found.control) == (1.0, 1.0, 1.0)
    assert found.smallest_leak is None
    attacked = membership_inference(train, holdout, made, specs(train))
    assert (attacked.p_value, attacked.primary.auc, attacked.smallest_leak) == (1.0, 0.5, None)


def test_copies_null_with_identical_rows() -> None:
    """Under a random split of rows with many twins p ≤ .05 in at most 5 % of splits: 400 splits, ≤ 31."""
    rng = np.random.default_rng(0)
    levels = np.floor(40 * rng.random(260) ** 2)
    made = numbers(x=np.unique(np.floor(40 * rng.random(25) ** 2)))
    alarms = 0
    for _ in range(400):
        cut = rng.permutation(260)
        train, holdout = numbers(x=levels[cut[:170]]), numbers(x=levels[cut[170:]])
        found = exact_copies(train, holdout, made, specs(train))
        assert found.p_value is not None
        alarms += found.p_value <= 0.05
    assert 2 <= alarms <= 31


def test_smallest_leak_of_copies_is_honest() -> None:
    """So many planted copies are seen about four times in five, half as many rarely, coincidences or none."""
    for n_levels in (3_000, 10**12):
        seen = {1.0: 0, 0.5: 0}
        for seed in range(20):
            rng = np.random.default_rng(seed)
            train, holdout, made = (numbers(x=rng.integers(0, n_levels, 500).astype(float)) for _ in range(3))
            promised = exact_copies(train, holdout, made, specs(train)).smallest_leak
            assert promised is not None
            # among rows without twins, chance is a coin: .5^7 > .0075 > .5^8
            assert n_levels < 10**12 or promised == 8
            for part in seen:
                planted = made.number("x").values.copy()
                leaked = int(promised * part)
                planted[:leaked] = rng.choice(train.number("x").values, leaked, replace=False)
                p_value = exact_copies(train, holdout, numbers(x=planted), specs(train)).p_value
                assert p_value is not None
                seen[part] += p_value <= 0.0075
        assert seen[1.0] >= 13
        assert seen[0.5] <= 8


# ---------------------------------------------------------------- known answers

SIZE = 1_600


def test_fresh_samples_do_not_alarm() -> None:
    """Twenty fresh samples, 800 rows each: membership p ≤ .05 in at most 4, AUC .5 ± .05, no copies."""
    alarms = 0
    for seed in range(20):
        train, holdout, fresh = three_tables(seed, 800)
        found = membership_inference(train, holdout, fresh, COLUMNS, seed=seed, n_labellings=499)
        assert found.p_value is not None
        assert found.primary.auc is not None
        alarms += found.p_value <= 0.05
        assert abs(found.primary.auc - 0.5) < 0.06
        assert exact_copies(train, holdout, fresh, COLUMNS).p_value == 1.0
    assert alarms <= 4


@pytest.mark.parametrize("sizes", [(1_200, 500, 900), (500, 1_200, 900)])
def test_unequal_sizes_do_not_alarm(sizes: tuple[int, int, int]) -> None:
    """Unequal splits move the DCR share to |T|/(|T|+|H|) and leave the p-value uniform."""
    n_train, n_holdout, _ = sizes
    alarms = within = 0
    for seed in range(12):
        train, holdout, fresh = three_tables(seed, sizes)
        found = membership_inference(train, holdout, fresh, COLUMNS, seed=seed, n_labellings=499)
        close = closest_records(train, holdout, fresh, COLUMNS, seed=seed)
        assert found.p_value is not None
        assert close.dcr_share is not None
        assert close.dcr_null == n_train / (n_train + n_holdout)
        assert abs(close.dcr_share - close.dcr_null) < 0.1
        within += close.dcr_null_low <= close.dcr_share <= close.dcr_null_high  # type: ignore[operator]
        alarms += found.p_value <= 0.05
    assert alarms <= 3
    assert within >= 9


def test_one_percent_of_copies() -> None:
    """16 copies in 1,600: seen by both tests at p ≤ .0075, while the DCR share stays within its noise."""
    for seed in range(3):
        train, holdout, fresh = three_tables(seed, SIZE)
        made = leaking(fresh, train, 16, np.random.default_rng(seed))
        copies = exact_copies(train, holdout, made, COLUMNS)
        members = membership_inference(train, holdout, made, COLUMNS, seed=seed)
        close = closest_records(train, holdout, made, COLUMNS, seed=seed)
        assert copies.risk == pytest.approx(0.01)
        assert copies.p_value is not None
        assert copies.p_value < 1e-4
        assert copies.smallest_leak == 8
        assert members.p_value is not None
        assert members.p_value <= 0.0075
        assert members.primary.points[0].tpr == pytest.approx(0.02, abs=0.012)
        assert abs(close.dcr_share - 0.5) < 0.05  # type: ignore[operator]


def test_smallest_leak_of_membership_is_honest() -> None:
    """As many copies as it names are found in at least 15 of 20 tables."""
    found = 0
    for seed in range(20):
        train, holdout, fresh = three_tables(seed, 500)
        safe = membership_inference(train, holdout, fresh, COLUMNS, seed=seed, alpha=0.05, n_labellings=299)
        assert safe.smallest_leak is not None
        assert 6 <= safe.smallest_leak <= 16
        made = leaking(fresh, train, safe.smallest_leak, np.random.default_rng(seed))
        leaked = membership_inference(train, holdout, made, COLUMNS, seed=seed, alpha=0.05, n_labellings=299)
        found += leaked.p_value <= 0.05  # type: ignore[operator]
    assert found >= 15


def test_near_copies() -> None:
    """A tenth of the rows moved by .02 SD: no exact match, membership p at its least, DCR about .534."""
    train, holdout, fresh = three_tables(0, SIZE)
    made = leaking(fresh, train, 160, np.random.default_rng(0), sds=0.02)
    assert exact_copies(train, holdout, made, COLUMNS).matched_train == 0
    assert membership_inference(train, holdout, made, COLUMNS).p_value == 0.001
    assert closest_records(train, holdout, made, COLUMNS).dcr_share == pytest.approx(0.55, abs=0.045)


def test_bootstrap_memoriser() -> None:
    """A row bootstrap: every row found, DCR share 1, AUC about .80, 63 % of members found at 1 %."""
    train, holdout, _ = three_tables(0, SIZE)
    made = bootstrap(train, SIZE, np.random.default_rng(0))
    copies = exact_copies(train, holdout, made, COLUMNS)
    members = membership_inference(train, holdout, made, COLUMNS)
    close = closest_records(train, holdout, made, COLUMNS)
    assert (copies.found_in_train, copies.excess) == (1.0, 1.0)
    assert copies.risk == pytest.approx(0.632, abs=0.03)
    assert (close.dcr_share, close.nndr_train) == (1.0, 0.0)
    assert close.nndr_holdout is not None
    assert close.nndr_holdout > 0.5
    assert members.primary.auc == pytest.approx(0.80, abs=0.035)
    assert [point.allowed for point in members.primary.points] == [0.01, 0.10]
    assert members.primary.points[0].tpr == pytest.approx(0.64, abs=0.04)
    assert members.primary.points[0].fpr <= 0.02


def test_kernel_density_memoriser() -> None:
    """A kernel density of .1 SD holds no copy and gives most members away."""
    train, holdout, _ = three_tables(0, SIZE)
    rng = np.random.default_rng(0)
    made = jittered(bootstrap(train, SIZE, rng), rng, 0.1).in_content_order()
    close = closest_records(train, holdout, made, COLUMNS)
    assert close.dcr_share is not None
    assert close.dcr_share > 0.85
    assert membership_inference(train, holdout, made, COLUMNS).p_value == 0.001


def test_shuffled_columns_do_not_alarm() -> None:
    """Independent columns are useless but give nobody away: p ≤ .05 in at most 3 of 10."""
    alarms = 0
    for seed in range(10):
        train, holdout, _ = three_tables(seed, 700)
        made = shuffled(train, np.random.default_rng(seed))
        found = membership_inference(train, holdout, made, COLUMNS, seed=seed, n_labellings=299)
        assert found.p_value is not None
        alarms += found.p_value <= 0.05
    assert alarms <= 3


def test_density_ratio_by_hand() -> None:
    """The score is log d_R - log d_S; a lone record with a twin in S leads; twins everywhere score 0."""
    real, made = numbers(x=[0, 0.001, 4, 4, 10, 20]), numbers(x=[0, 4, 11, 22])
    encoder = FeatureEncoder.fit((real, made), (), specs(real))
    points = Points.of(real, encoder)
    scores = density_ratio(nearest(points, points, skip_own=True), nearest(points, Points.of(made, encoder)))
    # nearest others are 0.001, 0.001, 0, 0, 6 and 10 away; nearest synthetic rows 0, 0.001, 0, 0, 1 and 2
    assert scores[1:] == pytest.approx([0, 0, 0, np.log(6), np.log(5)], abs=1e-5)
    assert scores[0] > scores[4] + 1


# ---------------------------------------------------------------- people


def _people(n: int, rng: np.random.Generator, first: int) -> tuple[CastTable, np.ndarray]:
    """Make one to nine like rows for each person."""
    ids = np.repeat(np.arange(n), rng.integers(1, 10, n))
    values = (rng.normal(size=(n, 4))[ids] + 0.1 * rng.normal(size=(len(ids), 4))).round(1)
    return numbers(**{f"v{index}": values[:, index] for index in range(4)}), ids + first


def test_labels_move_by_person() -> None:
    """With several rows a person, p ≤ .05 in at most 5 of 25 safe tables; by row it would alarm often."""
    alarms = by_row = 0
    for seed in range(25):
        rng = np.random.default_rng([seed, 99])
        (train, in_train), (holdout, in_holdout), (fresh, _) = (
            _people(150, rng, 1_000 * i) for i in range(3)
        )
        people = {"train_persons": in_train, "holdout_persons": in_holdout}
        columns = specs(train)
        found = membership_inference(train, holdout, fresh, columns, **people, seed=seed, n_labellings=199)
        copies = exact_copies(train, holdout, fresh, columns, **people, seed=seed, n_labellings=199)
        ignoring = membership_inference(train, holdout, fresh, columns, seed=seed, n_labellings=199)
        assert found.p_value is not None
        assert ignoring.p_value is not None
        assert copies.p_value is not None
        alarms += found.p_value <= 0.05 or copies.p_value <= 0.02
        by_row += ignoring.p_value <= 0.05
    assert alarms <= 5
    assert by_row > alarms + 2


def test_copied_people_are_found() -> None:
    """Fifteen copied people are found by the tests that permute people."""
    rng = np.random.default_rng(3)
    (train, in_train), (holdout, in_holdout), (fresh, _) = (_people(150, rng, 1_000 * i) for i in range(3))
    leaked = train.take(np.flatnonzero(in_train < 15))
    made = stacked((leaked, fresh), tuple(train.columns)).in_content_order()
    people = {"train_persons": in_train, "holdout_persons": in_holdout}
    columns = specs(train)
    assert exact_copies(train, holdout, made, columns, **people).p_value <= 0.02  # type: ignore[operator]
    assert membership_inference(train, holdout, made, columns, **people).p_value <= 0.02  # type: ignore[operator]


# ---------------------------------------------------------------- description


def test_dcr_by_person() -> None:
    """Synthetic rows that hang on few people tell less: with people named the interval is wider."""
    rng = np.random.default_rng(0)
    (train, in_train), (holdout, in_holdout), (fresh, _) = (_people(60, rng, 1_000 * i) for i in range(3))
    by_row = closest_records(train, holdout, fresh, specs(train))
    by_person = closest_records(
        train, holdout, fresh, specs(train), train_persons=in_train, holdout_persons=in_holdout
    )
    assert by_person.dcr_share == by_row.dcr_share
    assert by_person.dcr_high - by_person.dcr_low > 1.3 * (by_row.dcr_high - by_row.dcr_low)  # type: ignore[operator]


def test_dcr_ties_are_shared() -> None:
    """Where an identical row lies on both sides, training counts by its share of the identical rows."""
    train, holdout = numbers(x=[0, 0, 0, 10, 50]), numbers(x=[0, 20, 50])
    found = closest_records(train, holdout, numbers(x=[0, 10, 20, 50]), specs(train))
    assert found.dcr_share == pytest.approx((3 / 4 + 1 + 0 + 1 / 2) / 4)
    assert found.dcr_null == 5 / 8


@pytest.mark.parametrize("levels", [3, 7])
def test_dcr_of_coarse_tables_sits_at_its_null(levels: int) -> None:
    """On tables of ties, identical or not, honest samples give |T|/(|T|+|H|) (not 1, not one half)."""
    shares = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        train, holdout, fresh = (
            labels(**{name: [str(level) for level in rng.integers(0, levels, size)] for name in "abcd"})
            for size in (350, 150, 250)
        )
        found = closest_records(train, holdout, fresh, specs(train), seed=seed)
        assert found.nndr_train == 1.0
        shares.append(found.dcr_share)
    assert np.mean(shares) == pytest.approx(0.7, abs=0.03)


# ---------------------------------------------------------------- form


@pytest.mark.parametrize("attack", [exact_copies, membership_inference, closest_records])
@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(attack: object, case: str) -> None:
    """Every attack answers every table: with finite figures, or with None and a reason."""
    train, holdout, made = UGLY[case]
    kwargs = {} if attack is closest_records else {"n_labellings": 49}
    found = attack(train, holdout, made, specs(train), **kwargs)  # type: ignore[operator]
    figures = [value for value in asdict(found).values() if isinstance(value, float)]
    assert np.isfinite(figures).all()
    headline = found.dcr_share if attack is closest_records else found.p_value
    assert (headline is None) == bool(found.reason)
    assert bool(found.reason) == (not train.columns or not holdout.n_rows or not made.n_rows)


@pytest.mark.parametrize("attack", [exact_copies, membership_inference, closest_records])
def test_order_of_columns_changes_nothing(attack: object) -> None:
    """The same tables with their columns the other way round give the same result, to the last bit."""
    train, holdout, fresh = three_tables(4, 150)
    made = leaking(fresh, train, 5, np.random.default_rng(0))
    plain = attack(train, holdout, made, COLUMNS)  # type: ignore[operator]
    turned = attack(reordered(train), reordered(holdout), reordered(made), COLUMNS[::-1])  # type: ignore[operator]
    assert plain == turned


def test_membership_is_blind_to_labels() -> None:
    """Swapping training and holdout turns the AUC over, exactly: scores never saw a label."""
    train, holdout, fresh = three_tables(6, (300, 200, 250))
    one = membership_inference(train, holdout, fresh, COLUMNS, n_labellings=49)
    other = membership_inference(holdout, train, fresh, COLUMNS, n_labellings=49)
    assert one.primary.auc == pytest.approx(1 - other.primary.auc)  # type: ignore[operator]


def test_caps_are_kept() -> None:
    """More rows than the caps are sampled, and the result says how many were compared."""
    train, holdout, fresh = three_tables(7, 300)
    caps = {"max_candidates": 200, "max_synthetic": 50}
    for attack in (membership_inference, closest_records):
        found = attack(train, holdout, fresh, COLUMNS, **caps)
        assert found.n_train + found.n_holdout == 200
        assert found.n_synthetic == 50


def test_rows_of_another_law_are_no_leak() -> None:
    """Rows of another law give nobody away: p ≤ .05 in at most 3 of 12 tables (chance of more: .2 %)."""
    alarms = 0
    for seed in range(12):
        train, holdout, _ = three_tables(100 + seed, 300)
        other = gaussian_table(300, np.random.default_rng(seed))
        far = jittered(other, np.random.default_rng([seed, 2]), 5.0).in_content_order()
        found = membership_inference(train, holdout, far, COLUMNS, seed=seed, n_labellings=199)
        assert found.p_value is not None
        alarms += found.p_value <= 0.05
    assert alarms <= 3
