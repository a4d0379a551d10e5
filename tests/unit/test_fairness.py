"""Groups: utility inside them, fairness between them, hand-worked; planted harm is found and named."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from simulated_tables import COLUMNS, reordered, specs, three_tables
from sklearn.metrics import confusion_matrix, r2_score, roc_auc_score

from synthtab.auditing.checks import judge
from synthtab.auditing.policy import Policy
from synthtab.auditing.tables import AuditTable, AuditTables
from synthtab.auditing.utility import UtilityPart, measure_utility
from synthtab.metrics import group_utility as inside
from synthtab.metrics.fairness import (
    decide_top_share,
    demographic_parity_difference,
    equalized_odds_difference,
    group_fairness,
)
from synthtab.metrics.prediction import PredictionTask
from synthtab.metrics.ranking import bootstrap_weights
from synthtab.metrics.utility import UtilityResult, train_synthetic_test_real
from synthtab.results import Check, Section, Status
from synthtab.schema import CastTable, LabelColumn, NumberColumn, TableSchema


def label_groups(test: CastTable, columns: tuple[str, ...]) -> tuple[inside.RowGroup, ...]:
    """Cut the test rows by the levels of label columns that 50 rows hold."""
    found = []
    for name in sorted(columns):
        column = test.label(name)
        for level in sorted(column.levels):
            rows = column.codes == column.levels.index(level)
            if rows.sum() >= 50:
                found.append(inside.RowGroup(name, level, rows))
    return tuple(found)


def people_in_groups(n_rows: int, seed: int, *, flipped: str = "", ignored: str = "") -> CastTable:
    """Three groups and two numbers that predict y; inside `flipped` the other way round, in `ignored` not."""
    rng = np.random.default_rng([seed, 5])
    group = np.sort(rng.choice(3, size=n_rows, p=[0.5, 0.3, 0.2]))
    x = rng.normal(size=(n_rows, 2))
    signal = 2 * x[:, 0] + x[:, 1]
    for word, factor in ((flipped, -1.0), (ignored, 0.0)):
        if word:
            signal[group == "pqr".index(word)] *= factor
    y = signal + rng.normal(size=n_rows) > 0.5
    columns = {
        "g": LabelColumn(group.astype(np.int64), tuple("pqr")),
        "x0": NumberColumn(x[:, 0]),
        "x1": NumberColumn(x[:, 1]),
        "y": LabelColumn(y.astype(np.int64), ("no", "yes")),
    }
    return CastTable(columns, n_rows).in_content_order()


def three_of(n_rows: int, seed: int, **harm: str) -> tuple[CastTable, CastTable, CastTable]:
    """Training and holdout rows, and synthetic rows with some harm."""
    train, holdout = (people_in_groups(n_rows, 10 * seed + index) for index in range(2))
    return train, holdout, people_in_groups(n_rows, 10 * seed + 2, **harm)


def utility_of(tables: tuple[CastTable, CastTable, CastTable], seed: int = 0) -> UtilityResult:
    """Train and test on the tables, with the groups of their column g."""
    groups = label_groups(tables[1], ("g",))
    return train_synthetic_test_real(*tables, specs(tables[0]), "y", groups=groups, seed=seed)


def audited(tables: tuple[CastTable, CastTable, CastTable], **options: object) -> UtilityPart:
    """Ask an audit's questions about utility."""
    train, holdout, made = (AuditTable(table, None) for table in tables)
    schema = TableSchema(specs(tables[0]))
    return measure_utility(
        AuditTables(train, made, holdout, schema),
        ("y",),
        Policy(),
        0,
        **{"groups": by_label, **options},  # type: ignore[arg-type]
    )


def by_label(rows: CastTable) -> tuple[inside.RowGroup, ...]:
    """Make a group of each level of one column."""
    return label_groups(rows, ("g",))


def check_of(part: UtilityPart, code: str) -> Check:
    """Judge one finding."""
    return next(judge(finding, Policy()) for finding in part.findings if finding.code == code)


# ---------------------------------------------------------------------- fairness by hand


def test_demographic_parity_by_hand() -> None:
    """Four of five women and two of five men are decided for: 0.8 - 0.4 = 0.4."""
    decided = np.array([0, 1, 1, 1, 1, 0, 0, 0, 1, 1], dtype=np.float64)
    sex = np.repeat([0, 1], 5)
    assert demographic_parity_difference(decided, sex) == pytest.approx(0.4)


def test_equalized_odds_by_hand() -> None:
    """True positive rates 1, 1/2, 2/3 and false ones 0, 1/2, 1/4: the wider of both ranges, 1/2."""
    truth = np.array([1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0], dtype=bool)
    decided = np.array([1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0], dtype=np.float64)
    groups = np.repeat([0, 1, 2], [4, 4, 7])
    assert equalized_odds_difference(decided, truth, groups) == pytest.approx(0.5)
    without_second = groups != 1
    found = equalized_odds_difference(
        decided[without_second], truth[without_second], groups[without_second] // 2
    )
    assert found == pytest.approx(1 / 3)  # true positives: 1 - 2/3; false ones: 1/4 - 0


def test_equalized_odds_matches_confusion_matrices() -> None:
    """Group by group, rates from scikit-learn's confusion matrix give the same differences."""
    rng = np.random.default_rng(0)
    truth, decided, groups = rng.random(300) < 0.4, rng.random(300) < 0.5, rng.integers(-1, 4, 300)
    rates = []
    for group in range(4):
        rows = groups == group
        (tn, fp), (fn, tp) = confusion_matrix(truth[rows], decided[rows])
        rates.append([tp / (tp + fn), fp / (fp + tn), (tp + fp) / rows.sum()])
    wide = np.ptp(np.array(rates), axis=0)
    assert equalized_odds_difference(decided.astype(float), truth, groups) == pytest.approx(max(wide[:2]))
    assert demographic_parity_difference(decided.astype(float), groups) == pytest.approx(wide[2])


def test_a_group_without_a_class_is_left_out_of_its_rate() -> None:
    """Without a negative row in one group the false positive rates of the others decide nothing with it."""
    truth = np.array([1, 1, 1, 0, 1, 0], dtype=bool)
    decided = np.array([1, 0, 1, 1, 1, 1], dtype=np.float64)
    groups = np.array([0, 0, 1, 1, 1, 1])
    assert equalized_odds_difference(decided, truth, groups) == pytest.approx(0.5)
    assert np.isnan(demographic_parity_difference(decided, np.full(6, -1)))


@pytest.mark.parametrize("seed", range(5))
def test_fairness_bounds_and_symmetry(seed: int) -> None:
    """Both lie in 0 … 1 and change neither with the order of rows nor with the numbering of groups."""
    rng = np.random.default_rng(seed)
    truth, decided, groups = rng.random(80) < 0.5, rng.random(80), rng.integers(0, 3, 80)
    order, names = rng.permutation(80), rng.permutation(3)
    odds, parity = (
        equalized_odds_difference(decided, truth, groups),
        demographic_parity_difference(decided, groups),
    )
    assert 0 <= parity <= 1
    assert 0 <= odds <= 1
    again = equalized_odds_difference(decided[order], truth[order], names[groups][order])
    assert again == pytest.approx(odds)
    assert demographic_parity_difference(decided[order], names[groups][order]) == pytest.approx(parity)
    assert equalized_odds_difference(np.ones(80), truth, groups) == 0


@pytest.mark.parametrize("share", [0.0, 0.05, 1 / 3, 0.5, 1.0])
def test_decisions_take_the_top_share(share: float) -> None:
    """The decided share is exact, ties included, and nobody passes over a higher score."""
    rng = np.random.default_rng(1)
    for scores in (rng.random(50), rng.integers(0, 4, 50).astype(float), np.zeros(50)):
        decided = decide_top_share(scores, share)
        assert decided.sum() == pytest.approx(share * 50)
        assert ((decided >= 0) & (decided <= 1 + 1e-12)).all()
        assert (np.diff(decided[np.argsort(scores, kind="stable")]) >= -1e-12).all()


def test_two_equal_models_are_equally_fair() -> None:
    """The same scores on both sides change nothing: 0, and the figures are the plain definitions."""
    table = people_in_groups(600, 0)
    truth, codes = table.label("y").codes == 1, table.label("g").codes
    scores = table.number("x0").values + 0.5 * (codes == 2)
    weights = bootstrap_weights(np.arange(600), 50, np.random.default_rng(0))
    groups = label_groups(table, ("g",))
    (found,) = group_fairness(truth, (scores, scores), 0.3, "yes", groups, weights)
    decided = decide_top_share(scores, 0.3)
    assert (found.odds.change, found.parity.change) == (0.0, 0.0)
    assert found.odds.trtr == pytest.approx(equalized_odds_difference(decided, truth, codes))
    assert found.parity.tstr == pytest.approx(demographic_parity_difference(decided, codes))
    assert found.levels == ("p", "q", "r")


def test_small_groups_are_left_out_of_fairness() -> None:
    """A group of 49 people, and one with 9 of a class, are passed over; one group alone compares nothing."""
    truth = np.r_[np.arange(100) % 2 == 0, np.arange(49) % 2 == 0, np.arange(60) < 9]
    codes = np.repeat([0, 1, 2], [100, 49, 60])
    groups = [inside.RowGroup("g", "abc"[code], codes == code) for code in range(3)]
    weights = bootstrap_weights(np.arange(209), 20, np.random.default_rng(0))
    scores = np.random.default_rng(0).random(209)
    assert group_fairness(truth, (scores, scores), 0.5, "yes", groups, weights) == ()
    people = np.arange(209) // 2  # two rows a person: 50 people in the first group, 30 in the last
    halves = [inside.RowGroup("h", str(code), people % 2 == code) for code in range(2)]
    (found,) = group_fairness(
        truth, (scores, scores), 0.5, "yes", [*groups, *halves], weights, persons=people
    )
    assert found.column == "h"


# ---------------------------------------------------------------------- utility inside groups


def _task(truth: np.ndarray, *, classes: bool) -> PredictionTask:
    if not classes:
        return PredictionTask("y", is_classification=False, truth=truth)
    return PredictionTask(
        "y", is_classification=True, truth=truth, classes=("no", "yes"), scored=np.array([0, 1])
    )


def test_group_scores_are_textbook_scores() -> None:
    """AUC and R² inside a group are scikit-learn's on its rows alone."""
    rng = np.random.default_rng(0)
    codes, signal = rng.integers(0, 2, 400), rng.normal(size=400)
    groups = [inside.RowGroup("g", "ab"[code], codes == code) for code in range(2)]
    weights = bootstrap_weights(np.arange(400), 30, rng)
    truth = (signal + rng.normal(size=400) > 0).astype(float)
    scores = [signal + spread * rng.normal(size=400) for spread in (0.2, 1.0)]
    predicted = [np.stack([-side, side, 0 * side], axis=1) for side in scores]
    for group, found in zip(
        groups,
        inside.group_utility(_task(truth, classes=True), (predicted[0], predicted[1]), groups, weights),
        strict=True,
    ):
        assert found.trtr == pytest.approx(roc_auc_score(truth[group.rows], scores[0][group.rows]))
        assert found.tstr == pytest.approx(roc_auc_score(truth[group.rows], scores[1][group.rows]))
    number = signal + rng.normal(size=400)
    for group, found in zip(
        groups,
        inside.group_utility(
            _task(number, classes=False), (scores[0][:, None], scores[1][:, None]), groups, weights
        ),
        strict=True,
    ):
        assert found.trtr == pytest.approx(r2_score(number[group.rows], scores[0][group.rows]), abs=1e-5)


def test_the_joint_p_value_knows_overlap() -> None:
    """One group: the normal tail. The same group twice: hardly more. Two apart: about twice as much."""
    rng = np.random.default_rng(1)
    truth = (np.arange(600) % 2).astype(float)
    signal = truth + rng.normal(size=600)
    scores = (signal, signal + 0.4 * rng.normal(size=600))
    predicted = tuple(np.stack([-side, side, 0 * side], axis=1) for side in scores)
    weights = bootstrap_weights(np.arange(600), 200, rng)
    first = np.arange(600) < 300

    def p_of(*groups: inside.RowGroup) -> tuple[float, float]:
        found = inside.group_utility(
            _task(truth, classes=True), (predicted[0], predicted[1]), groups, weights
        )[0]
        assert found.p_value is not None
        assert found.z is not None
        return found.p_value, float(ndtr(-found.z))

    alone, tail = p_of(inside.RowGroup("a", "1", first))
    assert alone == pytest.approx(tail, rel=0.2)
    assert alone <= tail
    twice, _ = p_of(inside.RowGroup("a", "1", first), inside.RowGroup("b", "1", first))
    assert twice == pytest.approx(tail, rel=0.2)
    apart, _ = p_of(inside.RowGroup("a", "1", first), inside.RowGroup("a", "2", ~first))
    assert apart == pytest.approx(1 - (1 - tail) ** 2, rel=0.2)


def test_small_groups_are_not_scored() -> None:
    """49 rows, or all but 9, or 9 of a class say too much about few people, or too little about many."""
    truth = (np.arange(600) % 2).astype(float)
    predicted = np.stack([1 - truth, truth, 0 * truth], axis=1)
    weights = bootstrap_weights(np.arange(600), 20, np.random.default_rng(0))
    masks = {
        "few": np.arange(600) < 49,
        "all but few": np.arange(600) < 591,
        "one class": (truth == 0) | (np.arange(600) < 18),
        "enough": np.arange(600) < 50,
    }
    groups = [inside.RowGroup("g", name, rows) for name, rows in masks.items()]
    found = inside.group_utility(_task(truth, classes=True), (predicted, predicted), groups, weights)
    assert [group.level for group in found] == ["enough"]
    own = [inside.RowGroup("y", "yes", truth == 1)]
    assert inside.group_utility(_task(truth, classes=True), (predicted, predicted), own, weights) == ()


def test_the_flipped_group_is_found_and_named() -> None:
    """Where one group's dependence is turned round in the synthetic rows, that group alone stands out."""
    result = utility_of(three_of(900, 1, flipped="r"))
    by_level = {group.level: group for group in result.groups}
    assert sorted(by_level) == ["p", "q", "r"]
    assert by_level["r"].p_value is not None
    assert by_level["r"].p_value < 1e-3
    assert by_level["r"].tstr < 0.4
    assert by_level["r"].trtr > 0.8
    for level in "pq":
        assert (by_level[level].p_value or 0.0) > 0.01
    part = audited(three_of(900, 1, flipped="r"))
    worst = check_of(part, "STB502")
    assert worst.status is Status.FAIL
    assert worst.columns == ("g",)
    assert "where g is r" in worst.reason
    assert {group.level: group.status for group in part.groups}["r"] is Status.FAIL


def test_the_group_that_loses_most_is_named() -> None:
    """Where all groups lose a little and a small one everything, the small one is named, not the largest."""
    train, holdout, made = three_of(2_500, 5, ignored="r")
    rng = np.random.default_rng(0)
    codes = made.label("y").codes.copy()
    noisy = rng.random(2_500) < 0.8
    codes[noisy] = rng.permutation(codes[noisy])
    made = CastTable({**made.columns, "y": LabelColumn(codes, ("no", "yes"))}, 2_500)
    part = audited((train, holdout, made))
    statuses = {group.level: group.status for group in part.groups}
    assert statuses["p"] in (Status.WARN, Status.FAIL)  # significant, with more rows
    assert "where g is r" in check_of(part, "STB502").reason


def test_unequal_treatment_is_found_and_named() -> None:
    """A group whose dependence the synthetic rows forgot gets worse decisions: equalized odds widen."""
    part = audited(three_of(2_500, 2, ignored="q"))
    check = check_of(part, "STB503")
    assert check.status is Status.FAIL
    assert check.columns == ("g",)
    assert check.value is not None
    assert check.value > 0.1
    figures = {score.metric: score for score in part.scores if score.section is Section.SUBGROUPS}
    assert figures["equalized_odds"].excess == pytest.approx(check.value)


def test_fresh_rows_serve_every_group() -> None:
    """Fresh real rows in place of synthetic ones: no group fails, no unequal treatment, over ten tables."""
    p_values, changes = [], []
    for seed in range(10):
        result = utility_of(three_of(500, 20 + seed), seed=seed)
        p_values.append(min(group.p_value or 1.0 for group in result.groups))
        changes.append(result.fairness[0].odds.z)
    assert sum(p <= 0.05 for p in p_values) <= 2
    assert max(changes) < 2.6
    assert abs(np.mean(changes)) < 1


def test_nothing_to_ask_is_not_applicable() -> None:
    """Without groups, or for a number target, the checks say why they cannot be asked."""
    tables = three_of(300, 3)
    train, holdout, made = (AuditTable(table, None) for table in tables)
    schema = TableSchema(specs(tables[0]))
    part = measure_utility(AuditTables(train, made, holdout, schema), ("x0",), Policy(), 0)
    for code in ("STB502", "STB503"):
        check = check_of(part, code)
        assert check.status is Status.NOT_APPLICABLE
        assert len(check.reason) > 30


def test_groups_of_numbers_may_be_passed_in() -> None:
    """Groups that a caller makes of the test rows stand beside those of label columns."""

    def halves(test: CastTable) -> tuple[inside.RowGroup, ...]:
        low = test.number("x1").values < 0
        return inside.RowGroup("x1", "below 0", low), inside.RowGroup("x1", "0 and more", ~low)

    part = audited(three_of(400, 4), groups=lambda rows: (*halves(rows), *by_label(rows)))
    assert {(group.column, group.level) for group in part.groups} >= {("x1", "below 0"), ("g", "p")}
    alone = audited(three_of(400, 4))
    assert {group.column for group in alone.groups} == {"g"}
    assert part.models[0].trtr == alone.models[0].trtr


def test_order_of_columns_and_groups_changes_nothing() -> None:
    """Columns and groups the other way round give the same figures to the last bit."""
    train, holdout, fresh = three_tables(7, 300)
    groups = label_groups(holdout, ("a", "b"))
    plain = train_synthetic_test_real(train, holdout, fresh, COLUMNS, "y", groups=groups)
    turned = train_synthetic_test_real(
        reordered(train), reordered(holdout), reordered(fresh), COLUMNS[::-1], "y", groups=groups[::-1]
    )
    assert plain == turned
    assert len(plain.groups) >= 3
