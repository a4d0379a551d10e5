"""Metrics of columns, pairs, triples, groups and rows: known answers, planted defects, and clean cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial import distance
from sklearn.metrics import mutual_info_score

from synthtab.auditing.comparison import PROFILE_METRICS, Comparison
from synthtab.auditing.group_metrics import find_groups
from synthtab.auditing.members import find_rare_levels, find_tails
from synthtab.auditing.readings import Tables, Weights
from synthtab.metrics.association import (
    correlation_ratio,
    interaction,
    missingness_association,
    mutual_information,
    nist_k_marginal,
    pearson,
)
from synthtab.metrics.marginal import (
    cumulative,
    jensen_shannon,
    quantile_positions,
    range_not_covered,
    shares,
    total_variation,
)
from synthtab.profiling import count_table, make_plan
from synthtab.schema import ColumnSpec, Inequality, TableSchema

SHARDS = 4
ROWS = 4_000

# ---------------------------------------------------------------------- functions of columns


def test_jensen_shannon_by_hand() -> None:
    """Between (1, 0) and (½, ½) the divergence is H(¾, ¼) − ½ bit; the distance is its root."""
    entropy = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    found = jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    assert found == pytest.approx(math.sqrt(entropy - 0.5))


def test_jensen_shannon_equals_scipy_and_is_a_metric_below_total_variation() -> None:
    """Batches equal SciPy; symmetric, zero on equals, blind to order, and its square is at most TVD."""
    rng = np.random.default_rng(0)
    p, q, r = (shares(rng.poisson(2, (50, 8)).astype(float)) for _ in range(3))
    found = jensen_shannon(p, q)
    assert found == pytest.approx([distance.jensenshannon(a, b, base=2) for a, b in zip(p, q, strict=True)])
    assert jensen_shannon(q, p) == pytest.approx(found)
    assert jensen_shannon(p[:, ::-1], q[:, ::-1]) == pytest.approx(found)
    assert jensen_shannon(p, p) == pytest.approx(np.zeros(50), abs=1e-7)
    assert np.all(found <= jensen_shannon(p, r) + jensen_shannon(r, q) + 1e-12)
    assert np.all(found**2 <= total_variation(p, q) + 1e-12)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(2, 6, 0.6), (0, 10, 0), (-5, 20, 0), (20, 30, 1), (-9, -1, 1), (5, 5, 1), (-5, 4, 0.6)],
)
def test_range_not_covered_by_hand(low: float, high: float, expected: float) -> None:
    """Of a real range from 0 to 10, 2 to 6 leave six tenths; what lies beyond it does not count."""
    ends = (np.array(float(end)) for end in (low, high, 0, 10))
    assert range_not_covered(*ends) == pytest.approx(expected)


def test_range_of_a_point_is_covered() -> None:
    """A real column of one value has no range to miss."""
    point = np.array([3.0])
    assert range_not_covered(point + 9, point + 9, point, point).tolist() == [0.0]


def test_quantile_positions_equal_numpy() -> None:
    """Over one bin a value, each quantile is NumPy's inverse of the distribution function."""
    values = np.random.default_rng(1).integers(0, 30, 700)
    below, points = cumulative(np.bincount(values, minlength=30)), np.arange(30.0)
    for quantile in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99):
        expected = np.quantile(values, quantile, method="inverted_cdf")
        assert quantile_positions(below, points, quantile) == expected
    batch = quantile_positions(np.stack([below, np.ones(30)]), points, 0.5)
    assert batch.tolist() == [np.quantile(values, 0.5, method="inverted_cdf"), 0.0]


def test_quantile_positions_forgive_rounding() -> None:
    """Ten summed tenths reach .3 in the third bin although their floating sum may not."""
    below = np.cumsum(np.full(10, 0.1)) - 1e-15
    assert quantile_positions(below, np.arange(10.0), 0.3) == 2.0


# ---------------------------------------------------------------------- functions of pairs


def correlations(frame: np.ndarray) -> np.ndarray:
    """Correlate columns by the sums that a Profile keeps."""
    held = (~np.isnan(frame)).astype(float)
    filled = np.nan_to_num(frame)
    return pearson(held.T @ held, filled.T @ held, (filled**2).T @ held, filled.T @ filled)


def test_pearson_equals_numpy_on_the_rows_that_hold_both() -> None:
    """Missing values are left out pair by pair; the diagonal is 1; scale and origin change nothing."""
    rng = np.random.default_rng(2)
    frame = rng.normal(size=(400, 4)) @ rng.normal(size=(4, 4))
    frame[rng.random(frame.shape) < 0.2] = np.nan
    found = correlations(frame)
    for a in range(4):
        for b in range(4):
            both = ~np.isnan(frame[:, a]) & ~np.isnan(frame[:, b])
            assert found[a, b] == pytest.approx(np.corrcoef(frame[both, a], frame[both, b])[0, 1])
    assert correlations(frame * [1, 10, -3, 0.01] + 5) == pytest.approx(
        found * np.outer([1, 1, -1, 1], [1, 1, -1, 1]), abs=1e-9
    )


def test_pearson_of_a_constant_is_zero() -> None:
    """A constant, and a pair that no row holds together, correlate 0 and never NaN."""
    for constant, rounding in ((0.5, 0.0), (0.1, 1e-6)):
        frame = np.column_stack([np.arange(10.0), np.full(10, constant), np.full(10, np.nan)])
        # tenths are rounded, and so are their sums of squares
        assert correlations(frame) == pytest.approx(np.diag([1.0, 0, 0]), abs=rounding)


def test_mutual_information_is_the_plug_in_less_its_bias() -> None:
    """It equals scikit-learn's figure less (r − 1)(c − 1) / 2n, and ignores order and turning."""
    rng = np.random.default_rng(3)
    a = rng.integers(0, 4, 600)
    b = np.where(rng.random(600) < 0.5, a, rng.integers(0, 5, 600))
    table = np.zeros((6, 5))
    np.add.at(table, (a, b), 1)
    expected = mutual_info_score(a, b) - 3 * 4 / (2 * 600)
    assert mutual_information(table) == pytest.approx(expected)
    assert mutual_information(table.T) == pytest.approx(expected)
    assert mutual_information(table[::-1, ::-1]) == pytest.approx(expected)


def test_mutual_information_of_independent_columns_is_zero_on_average() -> None:
    """Over 400 independent tables the mean is within three standard errors of 0; uncorrected it is not."""
    rng = np.random.default_rng(4)
    tables = rng.multinomial(500, np.full(30, 1 / 30), 400).reshape(400, 5, 6).astype(float)
    found = mutual_information(tables)
    error = found.std() / 20
    assert abs(found.mean()) < 3 * error
    assert found.mean() + 4 * 5 / 1000 > 20 * error


def test_correlation_ratio_equals_epsilon_squared_of_an_analysis_of_variance() -> None:
    """It follows from SciPy's F statistic; levels without rows, in whatever order, change nothing."""
    rng = np.random.default_rng(5)
    level, value = rng.integers(0, 3, 300), rng.integers(0, 7, 300)
    value = np.minimum(value + level, 7)
    table = np.zeros((5, 8))
    np.add.at(table, (level, value), 1)
    scores = np.array([0.0, 1, 2, 3, 5, 8, 13, 21])
    f = stats.f_oneway(*(scores[value[level == each]] for each in range(3))).statistic
    expected = (f - 1) * 2 / (f * 2 + 297)
    assert 0.02 < expected < 0.9
    assert correlation_ratio(table, scores) == pytest.approx(expected)
    assert correlation_ratio(table[::-1], scores) == pytest.approx(expected)
    assert correlation_ratio(table, scores * -3 + 100) == pytest.approx(expected)


def test_correlation_ratio_ends() -> None:
    """A level that tells the number gives 1; equal means, a constant, and an empty table give 0."""
    assert correlation_ratio(np.diag([40.0, 40, 40]), np.arange(3.0)) == pytest.approx(1)
    assert correlation_ratio(np.array([[10.0, 0, 10], [0, 20, 0]]), np.arange(3.0)) == 0
    assert correlation_ratio(np.array([[10.0, 0], [20, 0]]), np.arange(2.0)) == 0
    assert correlation_ratio(np.zeros((2, 2)), np.arange(2.0)) == 0


def test_missingness_association_by_hand() -> None:
    """Missing exactly with level b against missing at random: ½ for the rows' column, 0 for the other."""
    with_b = interaction(np.array([[50.0, 0, 0], [0, 50, 0]]))
    at_random = interaction(np.array([[25.0, 25, 0], [25, 25, 0]]))
    rows, columns = missingness_association(with_b, at_random)
    assert (float(rows), float(columns)) == pytest.approx((0.5, 0.0))
    turned = missingness_association(with_b.T, at_random.T)
    assert [float(side) for side in turned] == pytest.approx([0.0, 0.5])
    assert [float(side) for side in missingness_association(with_b, with_b)] == [0.0, 0.0]


def test_nist_score_by_hand() -> None:
    """Mean distances of 0, .2 and 1 score 1000, 800 and 0."""
    distances = np.array([[0.0, 0.0], [0.1, 0.3], [1.0, 1.0]])
    assert nist_k_marginal(distances).tolist() == pytest.approx([1000, 800, 0])


# ---------------------------------------------------------------------- readings of tables


@dataclass(frozen=True)
class Read:
    """A metric's value and floor for one member."""

    value: float
    floor: float


Found = dict[str, dict[tuple[str, ...], Read]]


def whole(sizes: tuple[int, ...]) -> Weights:
    """Use every shard of each of three tables."""
    roles = [np.repeat(np.eye(3)[side], sizes)[None, :] for side in range(3)]
    return Weights(*roles)


def compare(
    tables: Sequence[pd.DataFrame], schema: TableSchema, groups: tuple[str, ...] = (), k: int = 10
) -> Comparison:
    """Set training rows, a holdout and synthetic rows side by side."""
    train, holdout, made = (schema.cast(frame) for frame in tables)
    plan = make_plan(schema, [train, holdout], k)
    profiles = tuple(count_table(table, plan, shards=SHARDS) for table in (made, holdout, train))
    real = tuple(a + b for a, b in zip(profiles[1].bin_totals, profiles[2].bin_totals, strict=True))
    return Comparison(
        *profiles,
        rare=find_rare_levels(profiles[2]),
        tails=find_tails(plan, real, min(train.n_rows, holdout.n_rows), k),
        groups=find_groups(Tables(profiles), groups, k) if groups else (),
        k=k,
        seed=0,
    )


def read(
    tables: Sequence[pd.DataFrame],
    schema: TableSchema,
    metrics: Sequence[str] = tuple(sorted(PROFILE_METRICS)),
    groups: tuple[str, ...] = (),
) -> Found:
    """Measure some metrics on whole tables."""
    compared = compare(tables, schema, groups)
    found = compared.read(whole(compared.sizes), frozenset(metrics))
    return {
        name: {
            member: Read(float(reading.value[0, index]), float(reading.floor[0, index]))
            for index, member in enumerate(reading.members)
        }
        for name, reading in found.items()
    }


def draws(seed: int) -> np.random.Generator:
    """Give a generator of its own to each table."""
    return np.random.default_rng([seed, 99])


X = TableSchema((ColumnSpec("x", "numeric"), ColumnSpec("sex", "categorical")))


def numbers(seed: int) -> pd.DataFrame:
    """Draw a normal column and a label that has nothing to do with it."""
    rng = draws(seed)
    return pd.DataFrame({"x": rng.normal(50, 10, ROWS), "sex": rng.choice(["f", "m"], ROWS)})


def test_missing_rate() -> None:
    """A tenth missing against three tenths reads .2; a fresh table reads its floor."""
    tables = [numbers(seed) for seed in range(3)]
    for seed, (table, rate) in enumerate(zip(tables, (0.1, 0.1, 0.3), strict=True)):
        table.loc[draws(50 + seed).random(ROWS) < rate, "x"] = np.nan
    found = read(tables, X, ["missing_rate"])["missing_rate"]
    assert found["x",].value == pytest.approx(0.2, abs=0.02)
    assert found["x",].floor < 0.02
    assert found["sex",].value == 0


def test_outside_range_and_range_coverage() -> None:
    """A tenth beyond everything real reads .1; the middle half alone leaves half of the range."""
    train, holdout, made = (numbers(seed) for seed in range(3))
    top = max(train["x"].max(), holdout["x"].max())
    clean = read([train, holdout, made], X, ["outside_range", "range_coverage"])
    assert clean["outside_range"]["x",].value < 0.005
    assert clean["range_coverage"]["x",].value < 0.1
    far = made.assign(x=made["x"].where(draws(9).random(ROWS) > 0.1, top + 1))
    assert read([train, holdout, far], X)["outside_range"]["x",].value == pytest.approx(0.1, abs=0.015)
    flat = [frame.assign(x=draws(seed).uniform(0, 100, ROWS)) for seed, frame in enumerate((train, holdout))]
    middle = made.assign(x=draws(8).uniform(25, 75, ROWS))
    assert read([*flat, middle], X)["range_coverage"]["x",].value == pytest.approx(0.5, abs=0.02)


def test_quantiles_of_a_shift() -> None:
    """A shift by one inter-quartile range moves every quantile by one."""
    train, holdout, made = (numbers(seed) for seed in range(3))
    spread = stats.iqr(np.concatenate([train["x"], holdout["x"]]))
    found = read([train, holdout, made.assign(x=made["x"] + spread)], X, ["quantiles"])["quantiles"]
    # beyond the last real value a quantile is the last real value: the upper ones fall short
    assert found["x",].value == pytest.approx(1, abs=0.1)
    assert found["x",].floor < 0.1


def test_jensen_shannon_of_a_column_is_that_of_its_levels() -> None:
    """The reading of a label column equals the function of its shares."""
    train, holdout, made = (numbers(seed) for seed in range(3))
    made = made.assign(sex=draws(7).choice(["f", "m"], ROWS, p=[0.9, 0.1]))
    p, q = (frame["sex"].value_counts(normalize=True).sort_index().to_numpy() for frame in (made, holdout))
    found = read([train, holdout, made], X, ["jensen_shannon"])["jensen_shannon"]
    assert found["sex",].value == pytest.approx(float(jensen_shannon(p, q)))
    assert found["x",].value < 0.1


DATES = TableSchema((ColumnSpec("seen", "datetime"), ColumnSpec("sex", "categorical")))


def dates(seed: int, *, weekends: bool = True, hours: int = 24) -> pd.DataFrame:
    """Draw times of 2024, from all of its days and hours or some."""
    rng = draws(seed)
    days = pd.Series(pd.date_range("2024-01-01", "2024-12-31"))
    days = days if weekends else days[days.dt.weekday < 5]
    seen = rng.choice(days.to_numpy(), ROWS) + pd.to_timedelta(rng.integers(0, hours, ROWS), unit="h")
    return pd.DataFrame({"seen": seen, "sex": rng.choice(["f", "m"], ROWS)})


def test_calendar_sees_lost_weekends_and_nights() -> None:
    """Without weekends two sevenths of the days move, with half of the hours one half; fresh times do not."""
    tables = [dates(0), dates(1)]
    clean = read([*tables, dates(2)], DATES, ["calendar"])["calendar"]
    assert set(clean) == {("seen", part) for part in ("weekday", "month", "hour")}
    assert max(part.value for part in clean.values()) < 0.07
    wrong = read([*tables, dates(2, weekends=False, hours=12)], DATES, ["calendar"])["calendar"]
    assert wrong["seen", "weekday"].value == pytest.approx(2 / 7, abs=0.03)
    assert wrong["seen", "hour"].value == pytest.approx(0.5, abs=0.03)
    assert wrong["seen", "month"].value < 0.07


def test_last_digits_see_heaping() -> None:
    """Multiples of five only: four fifths of the last digits move, half of the excess to multiples of ten."""
    schema = TableSchema((ColumnSpec("weight", "integer"),))
    tables = [pd.DataFrame({"weight": draws(seed).integers(40, 140, ROWS)}) for seed in range(3)]
    names = ["last_digit", "heaping_5", "heaping_10"]
    clean = read(tables, schema, names)
    assert max(clean[name]["weight",].value for name in names) < 0.06
    heaped = read([*tables[:2], tables[2] // 5 * 5], schema, names)
    assert heaped["last_digit"]["weight",].value == pytest.approx(0.8, abs=0.03)
    assert heaped["heaping_5"]["weight",].value == pytest.approx(0.8, abs=0.03)
    assert heaped["heaping_10"]["weight",].value == pytest.approx(0.4, abs=0.04)


# ---------------------------------------------------------------------- pairs and triples


def with_missing(frame: pd.DataFrame, seed: int, *, by_sex: bool) -> pd.DataFrame:
    """Leave three tenths of x empty: at random, or among women only."""
    rate = np.where(frame["sex"] == "f", 0.6, 0.0) if by_sex else np.full(ROWS, 0.3)
    return frame.assign(x=frame["x"].mask(draws(seed).random(ROWS) < rate))


@pytest.mark.parametrize("real_by_sex", [True, False])
def test_missingness_that_depends_is_told_from_missing_at_random(*, real_by_sex: bool) -> None:
    """Rates are equal, yet who is missing differs: .3 of the rows would have to move."""
    kinds = (real_by_sex, real_by_sex, not real_by_sex, real_by_sex)
    *tables, fresh = (with_missing(numbers(i), 60 + i, by_sex=kind) for i, kind in enumerate(kinds))
    found = read(tables, X, ["missingness", "missing_rate"])
    assert set(found["missingness"]) == {("x", "sex")}
    assert found["missingness"]["x", "sex"].value == pytest.approx(0.3, abs=0.03)
    assert found["missingness"]["x", "sex"].floor < 0.03
    assert found["missing_rate"]["x",].value < 0.03
    clean = read([*tables[:2], fresh], X, ["missingness"])
    assert clean["missingness"]["x", "sex"].value < 0.03


def test_an_invented_difference_between_levels_is_read() -> None:
    """Women two standard deviations above men: half of the variance appears from nothing."""
    train, holdout, made = (numbers(seed) for seed in range(3))
    names = ["correlation_ratio", "mutual_information"]
    clean = read([train, holdout, made], X, names)
    assert max(clean[name]["x", "sex"].value for name in names) < 0.01
    shifted = made["x"] + np.where(made["sex"] == "f", 10.0, -10.0)
    wrong = read([train, holdout, made.assign(x=shifted)], X, names)
    assert wrong["correlation_ratio"]["x", "sex"].value == pytest.approx(0.5, abs=0.1)
    assert wrong["mutual_information"]["x", "sex"].value == pytest.approx(0.33, abs=0.06)


COINS = TableSchema(tuple(ColumnSpec(name, "categorical") for name in "abc"))


def coins(seed: int, *, exclusive: bool = False) -> pd.DataFrame:
    """Toss three coins; or two, and let the third say whether they differ."""
    tossed = draws(seed).integers(0, 2, (ROWS, 3))
    if exclusive:
        tossed[:, 2] = tossed[:, 0] ^ tossed[:, 1]
    return pd.DataFrame(np.where(tossed == 1, "head", "tail"), columns=list("abc"))


@pytest.mark.parametrize("real_exclusive", [True, False])
def test_exclusive_or_is_seen_by_triples_only(*, real_exclusive: bool) -> None:
    """A three-way dependence, lost or invented, moves half of the rows and no pair."""
    kinds = (real_exclusive, real_exclusive, not real_exclusive, real_exclusive)
    *tables, fresh = (coins(seed, exclusive=kind) for seed, kind in enumerate(kinds))
    names = ["interaction_tvd", "pair_tvd", "cramers_v", "triple_tvd"]
    wrong = read(tables, COINS, names)
    assert wrong["triple_tvd"]["a", "b", "c"].value == pytest.approx(0.5, abs=0.04)
    assert wrong["triple_tvd"]["a", "b", "c"].floor < 0.06
    for name in names[:3]:
        assert len(wrong[name]) == 3
        assert max(pair.value for pair in wrong[name].values()) < 0.06
    assert read([*tables[:2], fresh], COINS, names)["triple_tvd"]["a", "b", "c"].value < 0.06


# ---------------------------------------------------------------------- groups and rows


def test_a_defect_inside_one_group_is_read_there() -> None:
    """Women's numbers moved far away: their group reads about 1, the other its floor."""
    train, holdout, made = (numbers(seed) for seed in range(3))
    clean = read([train, holdout, made], X, ["group_tvd"], groups=("sex",))["group_tvd"]
    assert set(clean) == {("sex", "f"), ("sex", "m")}
    assert max(group.value for group in clean.values()) < 0.06
    moved = made.assign(x=made["x"] + np.where(made["sex"] == "f", 100.0, 0.0))
    wrong = read([train, holdout, moved], X, ["group_tvd"], groups=("sex",))["group_tvd"]
    # groups are cut in about five, and one in five of the real values lies in the highest already
    assert wrong["sex", "f"].value == pytest.approx(0.8, abs=0.1)
    assert wrong["sex", "m"].value == clean["sex", "m"].value


def jobs(seed: int, *, mixed: float) -> pd.DataFrame:
    """Draw jobs and departments that go together but for a share of the rows."""
    rng = draws(seed)
    job = rng.integers(0, 8, ROWS)
    department = np.where(rng.random(ROWS) < mixed, rng.integers(0, 8, ROWS), job)
    return pd.DataFrame({"job": [f"job {j}" for j in job], "department": [f"room {d}" for d in department]})


JOBS = TableSchema(
    tuple(ColumnSpec(name, "categorical", role="quasi_identifier") for name in ("job", "department"))
)


@pytest.mark.parametrize("kind", ["combination", "identity"])
def test_rare_combinations_made_common_or_deleted_are_read(kind: str) -> None:
    """Mixing columns multiplies rare combinations, never mixing deletes them; fresh rows hold as many."""
    tables = [jobs(0, mixed=0.04), jobs(1, mixed=0.04)]
    mass, coverage = f"{kind}_mass", f"{kind}_coverage"
    clean, many, none = (
        read([*tables, jobs(2, mixed=mixed)], JOBS, [mass, coverage]) for mixed in (0.04, 1.0, 0.0)
    )
    assert clean[mass][()].value == pytest.approx(1, abs=0.35)
    assert clean[coverage][()].value == pytest.approx(clean[coverage][()].floor, abs=0.12)
    assert many[mass][()].value > 5
    assert none[mass][()].value < 0.05
    assert none[coverage][()].value == pytest.approx(1)
    assert none[coverage][()].floor < 0.5


def test_rows_outside_the_domain_broken_rules_and_invented_levels_are_counted() -> None:
    """Each reads the very share of rows that was planted, by column and over all; real rows read none."""
    schema = TableSchema(
        (
            ColumnSpec("low", "integer", lower=0, upper=100, domain="public"),
            ColumnSpec("high", "integer"),
            ColumnSpec("level", "categorical"),
        ),
        rules=(Inequality("low", "high"),),
    )

    def table(seed: int) -> pd.DataFrame:
        rng = draws(seed)
        low = rng.integers(0, 101, 1_000)
        high = low + rng.integers(1, 50, 1_000)
        return pd.DataFrame({"low": low, "high": high, "level": rng.choice(["p", "q"], 1_000)})

    names = ["outside_domain", "broken_rules", "invented"]
    made = table(2)
    clean = read([table(0), table(1), made], schema, names)
    assert all(item.value == item.floor == 0 for name in names for item in clean[name].values())
    made.loc[:49, ["low", "high"]] = 101, 200
    made.loc[100:119, "high"] = -1
    made.loc[200:229, "level"] = "unheard of"
    wrong = read([table(0), table(1), made], schema, names)
    assert wrong["outside_domain"]["low",].value == pytest.approx(0.05)
    assert wrong["outside_domain"][()].value == pytest.approx(0.05)
    assert wrong["broken_rules"][()].value == pytest.approx(0.02)
    assert wrong["invented"]["level",].value == pytest.approx(0.03)
    # what the holdout alone holds nobody could have learnt: it is invented, and the holdout invents it too
    met = table(1)
    met.loc[:3, "level"] = "unheard of"
    found = read([table(0), met, made], schema, ["invented"])["invented"]["level",]
    assert (found.value, found.floor) == pytest.approx((0.03, 0.004))


# ---------------------------------------------------------------------- what holds for every reading


def mixed_tables() -> tuple[list[pd.DataFrame], TableSchema]:
    """Make three tables with a column of every kind and every sort of defect."""
    tables = []
    for seed in range(3):
        frame = numbers(seed).join(jobs(seed, mixed=0.1 + 0.2 * (seed == 2))).join(dates(seed)[["seen"]])
        frame["weight"] = (frame["x"] + 5 * draws(seed).normal(size=ROWS)).round() // (1 + (seed == 2))
        tables.append(with_missing(frame, seed, by_sex=seed == 2).head(1_500))
    kinds = {"x": "numeric", "weight": "integer", "seen": "datetime"}
    schema = TableSchema(
        tuple(
            ColumnSpec(
                name,
                kinds.get(name, "categorical"),
                role="quasi_identifier" if name in ("job", "department") else "none",
            )
            for name in tables[0]
        )
    )
    return tables, schema


def test_order_of_rows_changes_no_reading() -> None:
    """Shuffled rows give every metric of every member the same value and floor."""
    tables, schema = mixed_tables()
    found = read(tables, schema, groups=("sex",))
    again = read([table.sample(frac=1, random_state=5) for table in tables], schema, groups=("sex",))
    assert set(found) == PROFILE_METRICS
    assert all(found.values())
    assert {name: list(items) for name, items in found.items()} == {
        name: list(items) for name, items in again.items()
    }
    for name, items in found.items():
        for member, one in items.items():
            other = again[name][member]
            assert (one.value, one.floor) == pytest.approx((other.value, other.floor), abs=1e-12)


def test_a_table_against_itself_reads_nothing() -> None:
    """Where synthetic and training rows are the holdout, every distance is 0 and every ratio 1."""
    tables, schema = mixed_tables()
    rates = {"coverage", "combination_coverage", "identity_coverage", "outside_range"}
    for name, items in read([tables[0]] * 3, schema, groups=("sex",)).items():
        if name in rates:
            assert all(item.value == item.floor for item in items.values()), name
        else:
            expected = 1.0 if name.endswith("_mass") and name != "tail_mass" else 0.0
            assert all(item.value == pytest.approx(expected, abs=1e-9) for item in items.values()), name


def test_a_batch_reads_what_its_choices_read_one_by_one() -> None:
    """Leaving out each synthetic shard in one batch equals leaving out each by itself."""
    tables, schema = mixed_tables()
    compared = compare(tables, schema, ("sex",))
    everything = whole(compared.sizes)
    left_out = np.repeat(everything.synthetic, SHARDS, axis=0)
    left_out[:, :SHARDS] -= np.eye(SHARDS)
    together = compared.read(Weights(left_out, everything.holdout, everything.train))
    for shard in range(SHARDS):
        alone = compared.read(Weights(left_out[shard : shard + 1], everything.holdout, everything.train))
        for name, reading in together.items():
            assert reading.value[shard] == pytest.approx(alone[name].value[0], abs=1e-12), name
    assert np.ptp(together["tvd"].value, axis=0).max() > 0


def test_bounds_of_readings() -> None:
    """Distances and rates lie between 0 and 1."""
    tables, schema = mixed_tables()
    unbounded = {"wasserstein", "quantiles", "mutual_information", "spearman", "pearson", "tail_mass"}
    for name, items in read(tables, schema, groups=("sex",)).items():
        if name in unbounded or name.endswith("_mass"):
            assert all(item.value >= 0 for item in items.values()), name
        else:
            assert all(-1e-12 <= item.value <= 1 + 1e-12 for item in items.values()), name
