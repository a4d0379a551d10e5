"""Mined rules: what real rows obey is found and said plainly, and independent columns give no rule."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from simulated_tables import labels, numbers, reordered, shuffled, specs

from synthtab.datasets import Dataset
from synthtab.errors import DataError
from synthtab.profiling.mining import MinedRule, RuleKind, mine_rules, mined_rule_from_dict
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn, TableSchema
from synthtab.tables import split


def _schema(table: CastTable) -> TableSchema:
    return TableSchema(specs(table))


def _texts(table: CastTable, **choices: float) -> list[str]:
    return [rule.text for rule in mine_rules(_schema(table), table, **choices)]


def _joined(*tables: CastTable) -> CastTable:
    columns = {name: column for table in tables for name, column in table.columns.items()}
    return CastTable(columns, tables[0].n_rows)


def _people(n_rows: int = 2_000) -> CastTable:
    """One table in which a rule of each kind holds, and one column that obeys none."""
    rng = np.random.default_rng(1)
    town = rng.integers(0, 8, n_rows)
    status = rng.choice(["married", "partner", "single", "widowed"], n_rows, p=[0.3, 0.3, 0.25, 0.15])
    place = np.where(status == "single", "child", rng.choice(["head", "spouse", "child"], n_rows))
    place = np.where((status == "widowed") & (place == "spouse"), "head", place)
    job = np.where(status == "widowed", None, rng.choice(["clerk", "cook"], n_rows))
    start = rng.integers(0, 100, n_rows).astype(float)
    end = start + rng.integers(0, 30, n_rows)
    gone = rng.random(n_rows) < 0.2
    weight, height = (np.where(gone, np.nan, rng.normal(size=n_rows)) for _ in "ab")
    return _joined(
        labels(town=[f"town {code}" for code in town], state=[f"state {code // 4}" for code in town]),
        labels(status=status.tolist(), place=place.tolist(), job=job.tolist()),
        numbers(start=start, end=end, weight=weight, height=height, noise=rng.normal(size=n_rows)),
    )


def _people_schema(table: CastTable) -> TableSchema:
    kinds = {"start": "days", "end": "days"}
    return TableSchema(
        tuple(ColumnSpec(spec.name, spec.kind, units=kinds.get(spec.name, "")) for spec in specs(table))
    )


def test_each_kind_is_found_once() -> None:
    """A planted rule of each kind is found, told in plain words, once, and nothing else is."""
    table = _people()
    assert [rule.text for rule in mine_rules(_people_schema(table), table)] == [
        "height is missing exactly when weight is missing",
        "job is missing exactly when status = widowed",
        "start ≤ end",
        "town determines state",
        "place = child whenever status = single",
        "status = widowed never goes with place = spouse",
    ]


def test_support_and_confidence_by_hand() -> None:
    """Of 300 rows that miss b, one holds a: the rule applies to 300 rows and 299 obey it."""
    a, b = np.zeros(1_000), np.zeros(1_000)
    b[:300] = np.nan
    a[:299] = np.nan
    table = numbers(a=a, b=b)
    (rule,) = mine_rules(_schema(table), table)
    assert (rule.kind, rule.support) == (RuleKind.MISSING_TOGETHER, 300)
    assert rule.confidence == pytest.approx(299 / 300)


def test_one_direction_is_said_as_such() -> None:
    """Missing whenever, of a column and of a level, is not called exactly."""
    rng = np.random.default_rng(2)
    b = np.where(rng.random(2_000) < 0.1, np.nan, 1.0)
    a = np.where(np.isnan(b) | (rng.random(2_000) < 0.2), np.nan, 1.0)
    assert _texts(numbers(a=a, b=b)) == ["a is missing whenever b is missing"]
    level = rng.choice(["u", "v", "w"], 2_000)
    c = np.where((level == "u") | (rng.random(2_000) < 0.3), np.nan, 1.0)
    assert _texts(_joined(numbers(c=c), labels(d=level.tolist()))) == ["c is missing whenever d = u"]


def test_classes_and_chains_are_told_by_their_links() -> None:
    """Four columns missing together give three rules; a <= b <= c gives two; equal columns one."""
    rng = np.random.default_rng(3)
    gone = rng.random(1_000) < 0.3
    assert len(_texts(numbers(**{name: np.where(gone, np.nan, 1.0) for name in "abcd"}))) == 3
    a = rng.integers(0, 50, 1_000).astype(float)
    b = a + rng.integers(0, 40, 1_000)
    c = b + rng.integers(0, 40, 1_000)
    table = numbers(a=a, b=b, c=c, d=c)
    schema = TableSchema(tuple(ColumnSpec(name, "integer") for name in "abcd"))
    assert [rule.text for rule in mine_rules(schema, table)] == ["a ≤ b", "b ≤ c", "c = d"]


def test_strict_order_needs_ties_that_were_to_be_expected() -> None:
    """Whole numbers that never tie are told by <, decimals by ≤; without a common unit nothing is told."""
    rng = np.random.default_rng(4)
    a = rng.integers(0, 30, 2_000).astype(float)
    b = a + 1 + rng.integers(0, 20, 2_000)
    whole = TableSchema((ColumnSpec("a", "integer"), ColumnSpec("b", "integer")))
    assert [rule.text for rule in mine_rules(whole, numbers(a=a, b=b))] == ["a < b"]
    decimal = numbers(a=a + rng.random(2_000), b=b + rng.random(2_000) + 1)
    same = TableSchema((ColumnSpec("a", "numeric", units="cm"), ColumnSpec("b", "numeric", units="cm")))
    assert [rule.text for rule in mine_rules(same, decimal)] == ["a ≤ b"]
    other = TableSchema((ColumnSpec("a", "numeric", units="cm"), ColumnSpec("b", "numeric", units="kg")))
    assert mine_rules(other, decimal) == ()


def test_near_misses_are_not_rules() -> None:
    """Some rows in a hundred that break a rule, or sides that are almost constant, are no rule."""
    rng = np.random.default_rng(5)
    table = _people()
    broken = rng.random(table.n_rows) < 0.1
    half = table.take(np.where(broken, rng.permutation(table.n_rows), np.arange(table.n_rows)))
    mixed = CastTable(
        {
            name: half[name] if name in ("height", "end", "state", "place", "job") else table[name]
            for name in table.columns
        },
        table.n_rows,
    )
    assert mine_rules(_people_schema(mixed), mixed) == ()
    rare = ["yes"] * 8 + ["no"] * 992
    assert _texts(labels(a=rare, b=rare[::-1])) == []


@pytest.mark.parametrize("n_rows", [0, 1, 2, 9, 400])
def test_degenerate_tables_give_no_rule(n_rows: int) -> None:
    """No row, one row, constant and all-missing columns: no rule and no error."""
    gone, none = np.full(n_rows, np.nan), LabelColumn(np.full(n_rows, -1, dtype=np.int64), ())
    one = LabelColumn(np.zeros(n_rows, dtype=np.int64), ("x",))
    table = _joined(numbers(a=gone, b=gone, c=np.ones(n_rows), d=np.ones(n_rows)))
    table = CastTable({**table.columns, "e": none, "f": none, "g": one, "h": one}, n_rows)
    assert mine_rules(_schema(table), table) == ()
    assert mine_rules(TableSchema(()), CastTable({}, n_rows)) == ()


@pytest.mark.parametrize("seed", range(20))
def test_independent_columns_give_no_rule(seed: int) -> None:
    """Skewed, sparse and dense columns that are independent of one another show no rule."""
    rng = np.random.default_rng([seed, 6])
    n_rows = 3_000
    columns: dict[str, LabelColumn | NumberColumn] = {}
    for index, size in enumerate((2, 2, 3, 5, 9, 30, 140)):
        codes = rng.choice(size, n_rows, p=rng.dirichlet(np.full(size, 0.7)))
        codes = np.where(rng.random(n_rows) < rng.choice([0, 0.1, 0.9]), -1, codes)
        columns[f"l{index}"] = LabelColumn(
            codes.astype(np.int64), tuple(f"{code:03d}" for code in range(size))
        )
    for index in range(6):
        values = rng.poisson(10 * (index + 1), n_rows).astype(float)
        columns[f"n{index}"] = NumberColumn(np.where(rng.random(n_rows) < 0.16 * index, np.nan, values))
    table = CastTable(columns, n_rows)
    kinds = {name: "integer" if name[0] == "n" else "categorical" for name in columns}
    schema = TableSchema(tuple(ColumnSpec(name, kind) for name, kind in kinds.items()))
    assert [rule.text for rule in mine_rules(schema, table)] == []


def test_rules_hold_on_a_fresh_half_and_not_on_shuffled_columns(
    nhanes: Dataset, adult: tuple[pd.DataFrame, TableSchema]
) -> None:
    """Rules of one half are broken by under 1 % of the fresh half and by over 30 % of shuffled rows."""
    for frame, schema in ((nhanes.frame, nhanes.schema), adult):
        parts = split(frame, schema, holdout=0.5, seed=0)
        rules = mine_rules(schema, schema.cast(parts.train))
        fresh = schema.cast(parts.holdout)
        mixed = shuffled(fresh, np.random.default_rng(0))
        assert len(rules) >= 5
        assert np.mean(np.any([rule.check(fresh)[1] for rule in rules], axis=0)) < 0.01
        assert np.mean(np.any([rule.check(mixed)[1] for rule in rules], axis=0)) > 0.3


def _dicts(rules: tuple[MinedRule, ...]) -> list[dict[str, object]]:
    return [rule.to_dict() for rule in rules]


@pytest.mark.parametrize("max_rows", [500, 50_000])
def test_order_of_rows_and_columns_changes_nothing(max_rows: int) -> None:
    """Permuted rows and reversed columns give the same rules, also from a sample of the rows."""
    table = _people()
    turned = reordered(table.take(np.random.default_rng(7).permutation(table.n_rows)))
    schema = _people_schema(table)
    backwards = TableSchema(tuple(reversed(schema.columns)))
    found = mine_rules(schema, table, max_rows=max_rows)
    assert len(found) >= 5
    assert _dicts(mine_rules(backwards, turned, max_rows=max_rows)) == _dicts(found)


def test_round_trip() -> None:
    """What a rule writes is JSON, and reads back to a rule that says and checks the same."""
    table = _people()
    mixed = shuffled(table, np.random.default_rng(8))
    for rule in mine_rules(_people_schema(table), table):
        again = mined_rule_from_dict(json.loads(json.dumps(rule.to_dict())))
        assert again.to_dict() == rule.to_dict()
        assert np.array_equal(again.check(mixed), rule.check(mixed))
        assert rule.check(mixed)[1].any()
    for raw in ({}, {**rule.to_dict(), "kind": "odd"}, {**rule.to_dict(), "columns": ["a"]}):
        with pytest.raises(DataError, match="cannot be read"):
            mined_rule_from_dict(raw)


def test_checks_by_hand() -> None:
    """Missing values and unlisted levels are no evidence; a level other than the one demanded is."""
    rows = labels(a=["x", "x", "x", None, "odd", "y"], b=["p", "odd", None, "p", "p", "p"])

    def rule(kind: RuleKind, **parts: object) -> MinedRule:
        return MinedRule(kind, ("a", "b"), "", 0, 1.0, **parts)

    implies = rule(RuleKind.IMPLIES, levels=(("x",), ("p",)))
    never = rule(RuleKind.NEVER_TOGETHER, levels=(("x",), ("p",)))
    maps = rule(RuleKind.DETERMINES, mapping=(("x", "p"), ("y", "q")))
    exactly = rule(RuleKind.MISSING_WHEN, relation="exactly", levels=(("p",), ("q",)))
    assert [column.astype(int).tolist() for column in implies.check(rows)] == [
        [1, 1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
    ]
    assert [column.astype(int).tolist() for column in never.check(rows)] == [
        [1, 1, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
    ]
    assert [column.astype(int).tolist() for column in maps.check(rows)] == [
        [1, 1, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 1],
    ]
    assert [column.astype(int).tolist() for column in exactly.check(rows)] == [
        [1, 0, 0, 1, 1, 1],
        [1, 0, 0, 0, 1, 1],
    ]
    order = rule(RuleKind.ORDER, relation="<=")
    pairs = numbers(a=[1.0, 2.0, np.nan, 3.0], b=[1.0, 1.0, 0.0, np.nan])
    assert [column.astype(int).tolist() for column in order.check(pairs)] == [[1, 1, 0, 0], [0, 1, 0, 0]]
    for found in mine_rules(_people_schema(_people()), _people()):
        unknown = CastTable(
            {
                name: LabelColumn(column.codes, tuple(f"unseen {level}" for level in column.levels))
                if isinstance(column, LabelColumn)
                else column
                for name, column in _people().columns.items()
            },
            2_000,
        )
        assert not found.check(unknown)[1].any()


def test_no_rare_level_is_named() -> None:
    """A level held by nine people is in no text, no list and no mapping; one held by ten is mapped."""
    rng = np.random.default_rng(9)
    town = np.concatenate([np.full(9, 90), np.full(10, 91), rng.integers(0, 20, 1_981)])
    table = labels(town=[f"t{code}" for code in town], state=[f"s{code % 3}" for code in town])
    written = json.dumps(_dicts(mine_rules(_schema(table), table)))
    assert "determines" in written
    assert "t91" in written
    assert "t90" not in written


def test_many_levels_and_both_ways() -> None:
    """A column of 70 levels determines another, and a renamed column is told once, both ways."""
    rng = np.random.default_rng(10)
    zone = rng.integers(0, 70, 6_000)
    table = labels(zone=[f"z{code}" for code in zone], area=[f"a{code % 5}" for code in zone])
    assert _texts(table) == ["zone determines area"]
    twice = labels(code=[f"c{code % 5}" for code in zone], area=[f"a{code % 5}" for code in zone])
    assert _texts(twice) == ["area and code determine each other"]


def test_the_most_telling_rules_are_kept() -> None:
    """With room for two, the two that independence would break most often stay."""
    table = _people()
    kept = mine_rules(_people_schema(table), table, at_most=2)
    assert {rule.kind for rule in kept} == {RuleKind.DETERMINES, RuleKind.ORDER}
    assert mine_rules(_people_schema(table), table, at_most=0) == ()


def test_the_sample_follows_the_content_of_the_rows() -> None:
    """Rules so near the limit that the sample decides are the same for permuted rows."""
    rng = np.random.default_rng(11)
    columns: dict[str, LabelColumn | NumberColumn] = {}
    for index in range(12):
        one = rng.integers(0, 2, 2_000)
        other = np.where(rng.permutation(2_000) < 8, 1 - one, one)
        for name, codes in (("a", one), ("b", other)):
            columns[f"{name}{index}"] = LabelColumn(codes.astype(np.int64), ("no", "yes"))
    table = CastTable(columns, 2_000)
    found = _dicts(mine_rules(_schema(table), table, max_rows=500))
    assert 0 < len(found) < len(mine_rules(_schema(table), table))
    for seed in range(3):
        turned = reordered(table.take(np.random.default_rng(seed).permutation(2_000)))
        assert _dicts(mine_rules(_schema(turned), turned, max_rows=500)) == found
