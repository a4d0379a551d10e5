"""What an audit tells in detail: changed associations, rare bands, rules, groups; and its bytes."""

from __future__ import annotations

import importlib
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binomtest

import synthtab as st
from synthtab.auditing.describe_rows import describe_bands, with_models
from synthtab.auditing.group_findings import GroupServed
from synthtab.auditing.group_metrics import find_groups
from synthtab.auditing.readings import Tables
from synthtab.profiling import Profile, count_table, make_plan
from synthtab.results import AssociationChange, AuditResult, Status, Subgroup

SCRIPTS = Path(__file__).parents[2] / "scripts"
ROWS = 1_000
K = 10


@pytest.fixture(scope="module")
def cases() -> Any:
    """Give the module of simulated tables and planted defects."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return importlib.import_module("calibration_cases")
    finally:
        sys.path.remove(str(SCRIPTS))


# ---------------------------------------------------------------------- changed associations


def linked(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Draw a and b rising together, c falling with d, u and v free, a label that follows a, a constant."""
    rng = np.random.default_rng([seed, 17])
    a, c, u, v = rng.normal(size=(4, rows))
    return pd.DataFrame(
        {
            "a": a,
            "b": a + 0.7 * rng.normal(size=rows),
            "c": c,
            "d": -c + 0.7 * rng.normal(size=rows),
            "u": u,
            "v": v,
            "label": np.where(a + 0.5 * rng.normal(size=rows) > 0, "high", "low"),
            "same": "one",
        }
    )


def changes(made: pd.DataFrame, *, with_holdout: bool = True) -> dict[tuple[str, str], AssociationChange]:
    """List the changed associations of a synthetic table by pair."""
    train, holdout = linked(0), linked(1)
    result = st.audit(
        train,
        made,
        holdout=holdout if with_holdout else None,
        schema=st.TableSchema.infer(train),
        sections=["association"],
    )
    return {(change.first, change.second): change for change in result.association_changes}


@pytest.mark.parametrize("with_holdout", [True, False])
def test_changed_findings_are_told_by_name(with_holdout: bool) -> None:
    """A shuffled b is lost, a turned d is reversed, a v that follows u is invented; nothing else is told."""
    made = linked(2)
    rng = np.random.default_rng(0)
    made["b"] = rng.permutation(made["b"])
    made["d"] = -made["d"]
    made["v"] = made["u"] + 0.7 * rng.normal(size=ROWS)
    found = changes(made, with_holdout=with_holdout)
    kinds = {pair: change.kind for pair, change in found.items()}
    assert kinds == {
        ("a", "b"): "lost",
        ("c", "d"): "reversed",
        ("u", "v"): "invented",
        ("b", "label"): "lost",
    }
    assert next(iter(found)) == ("c", "d")
    assert found["b", "label"].measure == "Cramér's V"
    for pair, strength in ((("a", "b"), 0.8), (("c", "d"), -0.8), (("u", "v"), 0.0)):
        change = found[pair]
        assert change.measure == "Spearman's correlation"
        assert change.real == pytest.approx(strength, abs=0.06)
        assert change.low < change.synthetic - change.real < change.high
    assert found["c", "d"].synthetic == pytest.approx(0.8, abs=0.06)


def test_weaker_and_stronger_findings_are_told_apart() -> None:
    """Half of the noise more or less is no loss: the sign stays, the strength changes."""
    made = linked(3)
    rng = np.random.default_rng(1)
    made["b"] = made["a"] + 2 * rng.normal(size=ROWS)
    made["d"] = -made["c"] + 0.1 * rng.normal(size=ROWS)
    found = changes(made)
    assert found["a", "b"].kind == "weakened"
    assert found["c", "d"].kind == "strengthened"
    assert ("u", "v") not in found


@pytest.mark.parametrize("seed", range(4))
def test_fresh_tables_have_no_changed_finding(seed: int) -> None:
    """Nothing is told of a thousand fresh rows of the linked law (28 pairs).

    A change needs a p below .05 over all pairs, after Bonferroni, and a size of .1: at most 5 % false alarms.
    """
    assert changes(linked(10 + seed)) == {}


def test_few_small_fresh_tables_have_a_changed_finding(cases: Any) -> None:
    """Of 12 tables of 500 fresh rows (36 pairs, many weak) at most two are told a change.

    At 5 % false alarms a table, three or more of 12 are 2 in 100. Small bias-corrected strengths are cut at
    zero, and there the jackknife sees no spread: an interval made of it alone is too short.
    """
    population = cases.simulated_population(1_500)
    told = 0
    for seed in range(100, 112):
        parts = population.parts(seed)
        result = st.audit(
            parts.train,
            parts.verifier,
            holdout=parts.holdout,
            schema=population.schema,
            sections=["association"],
            seed=seed - 100,
        )
        told += bool(result.association_changes)
    assert told <= 2


def test_a_column_that_few_depart_from_is_left_out() -> None:
    """Nine real rows differ from all others in one column: how it goes with another is nobody's business."""
    tables = [linked(seed) for seed in range(3)]
    for frame in tables:
        frame["same"] = "one"
    tables[0].loc[:8, "same"] = "other"
    tables[2]["same"] = np.where(tables[2]["a"] > 0, "one", "other")
    result = st.audit(
        tables[0],
        tables[2],
        holdout=tables[1],
        schema=st.TableSchema.infer(tables[0]).with_column("same", kind="categorical"),
        sections=["association"],
    )
    assert not any("same" in (change.first, change.second) for change in result.association_changes)


# ---------------------------------------------------------------------- rare bands


def levels_of(counts: dict[str, int], rows: int) -> pd.DataFrame:
    """Make a label column with so many rows of each level, the rest on one common level."""
    named = [level for level, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"ward": named + ["common"] * (rows - len(named))})


def profiles_of(*frames: pd.DataFrame, schema: st.TableSchema | None = None) -> tuple[Profile, ...]:
    """Count synthetic rows, a holdout and training rows under one plan of the real ones."""
    known = schema or st.TableSchema((st.ColumnSpec("ward", "categorical"),))
    tables = [known.cast(frame) for frame in frames]
    plan = make_plan(known, tables[1:], K)
    return tuple(count_table(table, plan, shards=4) for table in tables)


TRAINED = {"l1": 1, "l2": 1, "l3": 1, "l4": 1, "m1": 3, "m2": 3, "m3": 2}
HELD = {"l1": 2, "l3": 1, "m1": 3, "m2": 3, "m3": 2}
DRAWN = {"l1": 1, "m1": 2, "m2": 9}


def test_bands_by_hand() -> None:
    """Seven levels of 1 to 3 training rows are one band; those of one row alone have too few people.

    200 of 400 synthetic rows hold a level of 1 row with probability 1/2, of 2 with 1 - 199/798, of 9 almost
    surely: 2.2 levels kept. Of the holdout's five, all. Mass: 12 of 400 over 11 of 200.
    """
    made, held, trained = profiles_of(levels_of(DRAWN, 400), levels_of(HELD, 200), levels_of(TRAINED, 200))
    (band,) = describe_bands(made, held, trained, k=K, has_holdout=True)
    assert (band.label, band.levels, band.expected) == ("1 to 5", 7, 5.0)
    nine = 1 - np.prod([(200 - i) / (400 - i) for i in range(9)])
    assert band.kept == pytest.approx(0.5 + (1 - 199 / 798) + nine, abs=0.05)
    assert band.mass_ratio == pytest.approx((12 / 400) / (11 / 200), abs=0.01)
    low, high = (beta.ppf(q, a, b) for q, a, b in ((0.025, 12, 12), (0.975, 13, 11)))
    assert band.low == pytest.approx(low / (1 - low) * 200 / 400, rel=0.05)
    assert band.high == pytest.approx(high / (1 - high) * 200 / 400, rel=0.05)
    assert band.status is Status.PASS


@pytest.mark.parametrize(
    ("drawn", "status"),
    [
        ({}, Status.FAIL),
        ({"m1": 2}, Status.WARN),
        ({"m1": 5, "l1": 6}, Status.PASS),
        ({"m1": 24}, Status.WARN),
        ({"m1": 80}, Status.FAIL),
    ],
)
def test_mass_that_departs_is_marked(drawn: dict[str, int], status: Status) -> None:
    """Of 11 rows of 200: none or 80 is clearly under half or over twice; 2 or 24 departs; 11 does not."""
    made, held, trained = profiles_of(levels_of(drawn, 200), levels_of(HELD, 200), levels_of(TRAINED, 200))
    (band,) = describe_bands(made, held, trained, k=K, has_holdout=True)
    assert band.status is status


def test_too_few_levels_or_people_are_not_told() -> None:
    """Two rare levels, or levels of nine holdout rows together, make no band."""
    two = {"m1": 5, "m2": 5}
    made, held, trained = profiles_of(levels_of(two, 200), levels_of(two, 200), levels_of(two, 200))
    assert describe_bands(made, held, trained, k=K, has_holdout=True) == ()
    few = {"l1": 4, "m1": 3, "m2": 2}
    made, held, trained = profiles_of(levels_of(few, 200), levels_of(few, 200), levels_of(TRAINED, 200))
    assert describe_bands(made, held, trained, k=K, has_holdout=True) == ()
    # without a holdout the training rows stand for it: 12 people, and nothing else is asked
    (band,) = describe_bands(made, trained, trained, k=K, has_holdout=False)
    assert band.levels == 7


@pytest.mark.parametrize("seed", range(6))
def test_bands_are_what_counting_says(seed: int) -> None:
    """On any table: bands do not overlap, hold three levels and k people on both sides, as pandas counts."""
    rng = np.random.default_rng(seed)
    frames = [
        pd.DataFrame({"ward": [f"w{level}" for level in np.minimum(rng.zipf(1.5, 700), 400)]})
        for _ in range(3)
    ]
    bands = describe_bands(*profiles_of(*frames), k=K, has_holdout=True)  # type: ignore[arg-type]
    made, held, trained = (frame["ward"].value_counts() for frame in frames)
    assert len(bands) >= 2
    end = 0
    for band in bands:
        low, high = (int(part) for part in (band.label.split(" to ") * 2)[:2])
        assert low > end
        end = high
        levels = trained.index[(trained >= low) & (trained <= high)]
        inside = [counts.reindex(levels).fillna(0) for counts in (made, held, trained)]
        assert band.levels == len(levels) >= 3
        assert min(inside[1].sum(), inside[2].sum()) >= K
        assert band.kept == (inside[0] > 0).sum()
        assert band.expected == (inside[1] > 0).sum()
        assert band.mass_ratio == pytest.approx(inside[0].sum() / inside[1].sum(), rel=0.05)
        assert 0 <= band.low <= band.mass_ratio <= band.high


# ---------------------------------------------------------------------- rules


def visits(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Draw dates in order, a diagnosis that tells the sex, and a dose that may pass its limit."""
    rng = np.random.default_rng([seed, 23])
    came = rng.integers(0, 50, rows)
    sex = rng.choice(["female", "male"], rows)
    cancer = np.where(rng.random(rows) < 0.4, np.where(sex == "male", "prostate", "ovary"), "none")
    limit = rng.integers(40, 60, rows).astype(float)
    return pd.DataFrame(
        {
            "came": came,
            "left": came + rng.integers(0, 30, rows),
            "sex": sex,
            "cancer": cancer,
            "dose": np.where(np.arange(rows) < 30, limit + 5, limit - rng.integers(0, 40, rows)),
            "limit": limit,
        }
    )


def ruled(seed: int = 0, *, sensitive: bool = False) -> st.TableSchema:
    """Declare that doses keep their limits; say whether the diagnosis is sensitive."""
    schema = st.TableSchema.infer(visits(seed))
    if sensitive:
        schema = schema.with_column("cancer", role="sensitive")
    return st.TableSchema(schema.columns, rules=(st.Inequality("dose", "limit"),))


def broken_visits(seed: int) -> pd.DataFrame:
    """Break the order of dates in 80 rows, and the diagnosis in 60."""
    made = visits(seed)
    made.loc[100:179, "left"] = made.loc[100:179, "came"] - 1
    wrong = made.index[made["cancer"] == "prostate"][:60]
    made.loc[wrong, "sex"] = "female"
    return made


def test_rules_are_told_with_their_rates() -> None:
    """Declared and mined rules, most broken first: 80 and 60 of 1,000 rows fail, 30 declared ones do not.

    The interval is the exact one of a binomial rate; the declared rule's floor is that of the holdout.
    """
    result = st.audit(
        visits(0), broken_visits(2), holdout=visits(1), schema=ruled(), sections=["association"]
    )
    rules = {rule.text: rule for rule in result.logic}
    order, declared = rules["came ≤ left"], rules["dose ≤ limit"]
    told = rules["sex = male whenever cancer = prostate"]
    assert [rule.broken for rule in (order, told, declared)] == [0.08, 0.06, 0.03]
    assert [rule.status for rule in (order, told, declared)] == [Status.FAIL, Status.FAIL, Status.PASS]
    assert [rule.kind for rule in (order, told, declared)] == ["order", "implies", "schema"]
    assert [rule.broken for rule in result.logic] == sorted((r.broken for r in result.logic), reverse=True)
    assert declared.floor == 0.03
    assert declared.confidence == 0.97
    assert declared.support == 2 * ROWS
    assert (order.floor, order.confidence) == (None, 1.0)
    for rule, broken in ((order, 80), (told, 60), (declared, 30)):
        exact = binomtest(broken, ROWS).proportion_ci(method="exact")
        assert (rule.low, rule.high) == pytest.approx(tuple(exact), abs=1e-4)
    real = pd.concat([visits(0), visits(1)])
    assert told.support == round((real["cancer"] == "prostate").sum() / 10) * 10


def test_fresh_rows_break_no_rule() -> None:
    """Fresh rows break what fresh rows break: every rule passes, and none is told twice."""
    result = st.audit(visits(0), visits(2), holdout=visits(1), schema=ruled(), sections=["schema"])
    assert {rule.status for rule in result.logic} == {Status.PASS}
    assert len({rule.text for rule in result.logic}) == len(result.logic) >= 3


@pytest.mark.parametrize(("broken", "floor"), [(9, None), (10, 0.01)])
def test_a_rate_of_few_people_is_not_given(broken: int, floor: float | None) -> None:
    """Nine holdout rows that break a rule are not told as a rate, ten are; real exceptions likewise."""
    train, holdout = (visits(seed).iloc[30:] for seed in range(2))
    holdout = pd.concat([visits(1).iloc[:broken], holdout]).iloc[:ROWS]
    result = st.audit(train, visits(2).iloc[30:], holdout=holdout, schema=ruled(), sections=["schema"])
    rule = next(item for item in result.logic if item.kind == "schema")
    assert rule.floor == floor
    assert (rule.confidence == 1.0) == (floor is None)


def test_a_sensitive_rule_is_told_in_memory_only(tmp_path: Path) -> None:
    """What a diagnosis says of the sex stands in memory, and neither in JSON nor on the page.

    Without a sensitive column both tell it: the test can fail.
    """
    text = "sex = male whenever cancer = prostate"
    for sensitive in (False, True):
        result = st.audit(
            visits(0),
            broken_visits(2),
            holdout=visits(1),
            schema=ruled(sensitive=sensitive),
            sections=["association"],
        )
        assert text in {rule.text for rule in result.logic}
        page = result.to_html(tmp_path / "audit.html").read_text(encoding="utf-8")
        written = result.to_json()
        assert (text in written) is (text in page) is not sensitive
        hidden = [rule for rule in AuditResult.from_json(written).logic if not rule.releasable]
        assert bool(hidden) is sensitive
        assert all("cancer" in rule.columns and "prostate" not in rule.text for rule in hidden)


# ---------------------------------------------------------------------- groups

GROUPED = st.TableSchema(
    (
        st.ColumnSpec("age", "integer"),
        st.ColumnSpec("pay", "numeric"),
        st.ColumnSpec("seen", "datetime"),
        st.ColumnSpec("sex", "categorical"),
    )
)


def grouped(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Draw ages of adults, incomes in thousands, days of two years, a label of three levels, one rare."""
    rng = np.random.default_rng([seed, 31])
    return pd.DataFrame(
        {
            "age": rng.integers(18, 96, rows),
            "pay": rng.gamma(3, 9_000, rows).round(2),
            "seen": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 730, rows), unit="D"),
            "sex": rng.choice(["f", "m", "x"], rows, p=[0.5, 0.48, 0.02]),
        }
    )


def number_of(text: str) -> Any:
    """Read an end of an interval."""
    return pd.Timestamp(text) if "-" in text[1:] else float(text.replace(",", ""))


def inside(values: pd.Series, label: str) -> pd.Series:
    """Say which values an interval in words means."""
    if label.startswith("under "):
        return values < number_of(label.removeprefix("under "))
    if label.endswith(" and over"):
        return values >= number_of(label.removesuffix(" and over"))
    first, _, last = label.partition(" to ")
    if not last:
        return values == number_of(first)
    whole = pd.api.types.is_integer_dtype(values)
    return (values >= number_of(first)) & (values <= number_of(last) if whole else values < number_of(last))


@pytest.mark.parametrize("name", ["age", "pay", "seen"])
def test_intervals_mean_what_they_say(name: str) -> None:
    """Rows that the words of an interval mean are the rows counted in it; together they are all rows."""
    frames = [grouped(seed) for seed in range(3)]
    found = find_groups(Tables(profiles_of(*frames, schema=GROUPED)), (name,), K)  # type: ignore[arg-type]
    real = pd.concat(frames[1:])[name]
    assert 3 <= len(found) <= 6
    assert sum(group.rows for group in found) == len(real)
    for group in found:
        assert int(inside(real, group.label).sum()) == group.rows


def test_whole_numbers_make_whole_intervals() -> None:
    """Intervals of ages have whole ends that touch: under 36, 36 to 51, …, 80 and over."""
    frames = [grouped(seed) for seed in range(3)]
    found = find_groups(Tables(profiles_of(*frames, schema=GROUPED)), ("age",), K)  # type: ignore[arg-type]
    labels = [group.label for group in found]
    assert re.fullmatch(r"under \d+", labels[0])
    assert re.fullmatch(r"\d+ and over", labels[-1])
    ends = [[int(number) for number in re.findall(r"\d+", label)] for label in labels]
    for before, after in pairwise(ends):
        assert after[0] == (before[0] if len(before) == 1 and before is ends[0] else before[-1] + 1)


def test_levels_of_few_rows_are_no_group() -> None:
    """A level of about twenty rows a table is left out; fifty in both real tables are needed."""
    frames = [grouped(seed) for seed in range(3)]
    found = find_groups(Tables(profiles_of(*frames, schema=GROUPED)), ("sex",), K)  # type: ignore[arg-type]
    assert {group.label for group in found} == {"f", "m"}


@pytest.mark.parametrize("with_holdout", [True, False])
def test_a_ruined_group_is_the_worst_and_shares_are_shares(with_holdout: bool) -> None:
    """Incomes of one age group doubled: that group comes first and fails; each share is that of real rows."""
    train, holdout, made = (grouped(seed, 1_500) for seed in range(3))
    made.loc[made["sex"] == "f", ["age", "pay"]] = [30, 90_000.0]
    result = st.audit(
        train,
        made,
        holdout=holdout if with_holdout else None,
        schema=GROUPED,
        sections=["subgroups"],
        subgroups="sex",
    )
    assert [group.level for group in result.subgroups] == ["f", "m"]
    assert [group.status for group in result.subgroups] == [Status.FAIL, Status.PASS]
    real = (pd.concat([train, holdout]) if with_holdout else train)["sex"].value_counts(normalize=True)
    for group in result.subgroups:
        assert group.share == pytest.approx(real[group.level], abs=0.006)
        assert group.low is not None
        assert group.high is not None
        assert group.excess is not None
        assert group.low < group.excess < group.high


def test_models_are_added_to_their_groups() -> None:
    """Of two targets the one that serves a group worst is kept; the worse of two answers counts."""
    groups = [
        Subgroup("sex", level, 0.5, excess, 0.0, 0.1, None, None, "", status)
        for level, excess, status in (("f", 0.2, Status.WARN), ("m", 0.1, Status.PASS), ("x", 0, Status.PASS))
    ]
    served = [
        GroupServed("ill", "sex", "f", "auc", 0.70, 0.6, 0.8, 0.75, Status.PASS),
        GroupServed("pay", "sex", "f", "r2", 0.2, 0.1, 0.3, 0.5, Status.FAIL),
        GroupServed("ill", "sex", "m", "auc", 0.8004, 0.7, 0.9, 0.8, Status.NOT_APPLICABLE),
        GroupServed("ill", "age", "f", "auc", 0.1, 0.0, 0.2, 0.9, Status.FAIL),
    ]
    for order in (served, served[::-1]):
        female, male, other = with_models(groups, order)
        assert (female.tstr, female.trtr, female.measure, female.status) == (0.2, 0.5, "r2", Status.FAIL)
        assert (male.tstr, male.trtr, male.measure, male.status) == (0.8, 0.8, "auc", Status.PASS)
        assert other == groups[2]


# ---------------------------------------------------------------------- bytes


def test_order_dtypes_and_index_change_no_byte_of_the_whole_result(cases: Any) -> None:
    """All sections, with bands, changed findings, rules, groups and models: the same JSON, to the byte."""
    population = cases.simulated_population(1_800)
    schema = st.TableSchema(population.schema.columns, rules=(st.Inequality("dose", "cost"),))
    parts = population.parts(0)
    half = next(item for item in cases.DEFECTS if item.name == "all columns independent")
    made = half.plant(schema, parts, np.random.default_rng(0), "outcome")
    given: dict[str, Any] = {"schema": schema, "target": "outcome", "seed": 3}
    expected = st.audit(parts.train, made, holdout=parts.holdout, **given)
    for told in ("rare_bands", "association_changes", "logic", "subgroups", "models", "attacks"):
        assert getattr(expected, told), told
    again = st.audit(
        parts.train.sample(frac=1, random_state=1)[parts.train.columns[::-1]],
        made.sample(frac=1, random_state=2)
        .astype({"age": "Int64", "ward": "category", "score": "Float64", "smoker": "object"})
        .rename(index=lambda row: f"row {row}"),
        holdout=parts.holdout.sample(frac=1, random_state=3).astype({"group": "category"}),
        **given,
    )
    assert again.to_json() == expected.to_json()
