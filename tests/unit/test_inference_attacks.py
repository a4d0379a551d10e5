"""Inference attacks: worked by hand, blind to labels, sure of a copied table and silent on a fresh one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import hypergeom
from simulated_tables import COLUMNS, labels, numbers, reordered, three_tables, ugly_tables

from synthtab.attacks import (
    AttackTables,
    Knowledge,
    attacker_knowledge,
    attribute_inference,
    isolated_records,
    linkability,
    quasi_identifiers,
    rare_values,
    singling_out,
)
from synthtab.attacks.attribute import EVERYTHING_ELSE, QUASI
from synthtab.attacks.label_test import label_test
from synthtab.attacks.singling_out import _exactly_one
from synthtab.metrics.columns import stacked
from synthtab.schema import CastTable, ColumnSpec

UGLY = ugly_tables()


def stacked_columns(*tables: CastTable) -> CastTable:
    """Put tables of equal length beside one another."""
    columns = {name: column for table in tables for name, column in table.columns.items()}
    return CastTable(columns, tables[0].n_rows)


SMALL = (
    ColumnSpec("town", "categorical", role="quasi_identifier"),
    ColumnSpec("age", "integer", role="quasi_identifier"),
    ColumnSpec("illness", "categorical", role="sensitive"),
)
KNOWN = Knowledge(("town", "age"), ("illness",), (), is_declared=True)


def people(towns: str, ages: list[int], illnesses: str) -> CastTable:
    """Make a table of one letter a town and an illness a person; a dash is missing."""
    known = [None if letter == "-" else letter for letter in illnesses]
    return stacked_columns(labels(town=list(towns)), numbers(age=ages), labels(illness=known))


# ---------------------------------------------------------------- knowledge


def test_roles_decide_what_is_known() -> None:
    """Declared roles are taken as they are; nothing is both known and secret."""
    table = people("ab", [1, 2], "xy")
    found = attacker_knowledge(AttackTables.of(table, table, table, SMALL))
    assert (found.known, found.secrets, found.others) == (("town", "age"), ("illness",), ())
    assert found.is_declared


def test_without_roles_names_and_kinds_decide() -> None:
    """A column called age is known of people, one called score is not; label columns are worth knowing."""
    columns = tuple(ColumnSpec(name, kind) for name, kind in (("age", "integer"), ("score", "numeric")))
    columns += (ColumnSpec("ward", "categorical"),)
    table = stacked_columns(numbers(age=[1, 2], score=[0.5, 0.7]), labels(ward=["a", "b"]))
    found = attacker_knowledge(AttackTables.of(table, table, table, columns))
    assert (found.known, found.secrets, found.others) == (("age",), ("ward",), ("score",))
    assert not found.is_declared


# ---------------------------------------------------------------- attribute inference


def test_attribute_inference_by_hand() -> None:
    """The most frequent illness among the nearest rows, equal ones at random."""
    train = people("aab", [30, 40, 30], "xyz")
    holdout = people("ab", [30, 30], "xw")
    made = people("aaaab", [30, 30, 30, 40, 30], "xxyyw")
    found = attribute_inference(AttackTables.of(train, holdout, made, SMALL), KNOWN)
    (one,) = found.inferences  # all that is no secret is known already
    assert (one.secret, one.knows) == ("illness", QUASI)
    assert (one.rate.main, one.rate.control) == (pytest.approx(2 / 3), 1.0)
    # x and y are equally frequent among the synthetic rows: whoever guesses has one chance in two
    assert one.naive == pytest.approx((0.5 + 0.5 + 0 + 0.5 + 0) / 5)


def test_attribute_inference_passes_over_missing_secrets() -> None:
    """Nobody can be wrong about a secret that the record does not hold; rows without it say nothing."""
    train, holdout = people("ab", [30, 30], "x-"), people("ab", [30, 30], "xx")
    made = people("aab", [30, 30, 30], "x--")
    found = attribute_inference(AttackTables.of(train, holdout, made, SMALL), KNOWN)
    assert found.inferences[0].rate.n_main == 1
    assert found.inferences[0].rate.main == 1.0
    assert found.inferences[0].rate.control == 1.0  # the row of town b is empty: all rows together say x


def test_numbers_are_found_out_within_a_tenth_of_a_deviation() -> None:
    """The guess is the median of the nearest rows."""
    columns = (
        ColumnSpec("town", "categorical", role="quasi_identifier"),
        ColumnSpec("pay", "numeric", role="sensitive"),
    )
    knowledge = Knowledge(("town",), ("pay",), (), is_declared=True)
    town = labels(town=list("aabb"))
    train = stacked_columns(town, numbers(pay=[0, 100, 10, 10.5]))
    made = stacked_columns(labels(town=list("aaabb")), numbers(pay=[0, 0, 50, 10, 10]))
    found = attribute_inference(AttackTables.of(train, train, made, columns), knowledge)
    assert found.inferences[0].rate.main == pytest.approx(3 / 4)


# ---------------------------------------------------------------- linkability


def test_linkability_by_hand() -> None:
    """Halves are linked when one synthetic row is among the nearest of both."""
    columns = (
        ColumnSpec("town", "categorical", role="quasi_identifier"),
        ColumnSpec("illness", "categorical", role="sensitive"),
    )
    knowledge = Knowledge(("town",), ("illness",), (), is_declared=True)

    def table(towns: str, illnesses: str) -> CastTable:
        return stacked_columns(labels(town=list(towns)), labels(illness=list(illnesses)))

    made = table("abc", "xyz")
    found = linkability(AttackTables.of(table("aabc", "xyyz"), table("ab", "zz"), made, columns), knowledge)
    assert found.rate is not None
    assert (found.rate.main, found.rate.control) == (0.75, 0.0)
    assert (found.first, found.second) == (("town",), ("illness",))


def test_linkability_needs_two_columns() -> None:
    """One column cannot be in two files."""
    table = numbers(x=[1, 2, 3])
    tables = AttackTables.of(table, table, table, (ColumnSpec("x", "numeric"),))
    assert linkability(tables, attacker_knowledge(tables)).reason == "fewer than two columns"


# ---------------------------------------------------------------- singling out


@pytest.mark.parametrize(
    ("count", "total", "drawn"), [(1, 10, 10), (1, 10, 4), (3, 10, 4), (9, 10, 4), (0, 9, 5)]
)
def test_thinning_is_hypergeometric(count: int, total: int, drawn: int) -> None:
    """The chance that exactly one of the fitting records is drawn is the hypergeometric law's."""
    found = _exactly_one(np.array([float(count)]), np.array([float(total)]), np.array([float(drawn)]))
    assert found[0] == pytest.approx(hypergeom.pmf(1, total, count, drawn))


def test_singling_out_by_hand() -> None:
    """Of the values that one synthetic row holds, those that one training record holds single it out."""
    columns = (ColumnSpec("x", "categorical"),)
    knowledge = Knowledge((), (), ("x",), is_declared=False)
    train, holdout = labels(x=list("abcc")), labels(x=list("bbdd"))
    made = labels(x=list("abczz"))
    found = singling_out(AttackTables.of(train, holdout, made, columns), knowledge)
    # a, b and c stand once in the synthetic table; a and b once in training; none once in the holdout
    assert found.one_column is not None
    assert (found.one_column.n_main, found.one_column.hits_main, found.one_column.hits_control) == (3, 2, 0)
    assert found.several_columns is None


# ---------------------------------------------------------------- quasi-identifiers


def test_cells_by_hand() -> None:
    """Small cells count people of both real tables; secrets leak where all rows of a cell agree on them."""
    train = people("aab", [30, 40, 30], "xyz")
    holdout = people("ab", [30, 50], "xw")
    made = people("aabb", [30, 30, 50, 50], "xxwz")
    found = quasi_identifiers(AttackTables.of(train, holdout, made, SMALL), KNOWN, k=2)
    assert found.unique is not None
    assert found.homogeneous is not None
    # (a, 30) is shared; (a, 40) and (b, 30) are unique but not synthetic; (b, 50) is both
    assert (found.unique.hits_main, found.unique.hits_control) == (0, 1)
    assert (found.homogeneous.hits_main, found.homogeneous.hits_control) == (1, 1)


def test_cells_count_people_not_rows() -> None:
    """Three rows of one person do not make a cell large."""
    train, holdout = people("aaa", [30] * 3, "xxx"), people("b", [30], "x")
    made = people("ab", [30, 30], "xx")
    by_row = quasi_identifiers(AttackTables.of(train, holdout, made, SMALL), KNOWN, k=2)
    by_person = quasi_identifiers(
        AttackTables.of(
            train, holdout, made, SMALL, train_persons=np.zeros(3, dtype=int), holdout_persons=np.array([9])
        ),
        KNOWN,
        k=2,
    )
    assert by_row.unique is not None
    assert by_person.unique is not None
    assert (by_row.unique.hits_main, by_person.unique.hits_main) == (0, 3)


# ---------------------------------------------------------------- rare values


def letters(text: str) -> CastTable:
    """Make a table of one label column."""
    return labels(x=list(text))


def test_undeclared_level_of_one_person_is_a_leak() -> None:
    """A level outside the public list, held by one training person and one synthetic row, settles it."""
    columns = (ColumnSpec("x", "categorical", categories=("a", "b")),)
    train, holdout = letters("aaabbbz"), letters("aaabbbb")
    found = rare_values(AttackTables.of(train, holdout, letters("aabbz"), columns), k=3)
    assert (found.p_value, found.undeclared) == (0.0, ("x",))
    clean = rare_values(AttackTables.of(train, holdout, letters("aabbb"), columns), k=3)
    assert clean.undeclared == ()
    assert clean.p_value == 1.0
    elsewhere = rare_values(AttackTables.of(train, letters("aaabbbz"), letters("aabbz"), columns), k=3)
    assert elsewhere.undeclared == ()


def test_a_level_without_any_list_may_be_coincidence() -> None:
    """In a column whose levels nobody listed, a rare level that is shared once is told, and no leak."""
    columns = (ColumnSpec("x", "categorical"),)
    found = rare_values(
        AttackTables.of(letters("aaabbbz"), letters("aaabbbb"), letters("aabbz"), columns), k=3
    )
    assert found.undeclared == ()
    assert found.shared == ("x",)
    assert (found.p_value or 0) > 0.05


def test_piled_values_are_a_leak() -> None:
    """One person's level in twelve of forty rows: the exact binomial tail, times the values looked at."""
    columns = (ColumnSpec("x", "categorical"),)
    train, holdout = letters("a" * 49 + "z"), letters("a" * 50)
    found = rare_values(AttackTables.of(train, holdout, letters("a" * 28 + "z" * 12), columns), k=3)
    # 12 synthetic of 13 rows, each synthetic with chance 40 / 140: 13 p^12 (1 - p) + p^13
    share = 40 / 140
    assert found.p_piled == pytest.approx(13 * share**12 * (1 - share) + share**13)
    assert found.piled == ("x",)


def test_public_bounds_are_nobodys_secret() -> None:
    """Rows that pile up at a public bound tell nothing; at a private maximum they do."""
    train, holdout = numbers(x=[*range(99), 200]), numbers(x=range(100))
    made = numbers(x=[*range(50), *[200] * 20])
    public = (ColumnSpec("x", "numeric", lower=0, upper=200),)
    private = (ColumnSpec("x", "numeric"),)
    assert rare_values(AttackTables.of(train, holdout, made, public), k=3).piled == ()
    assert rare_values(AttackTables.of(train, holdout, made, private), k=3).piled == ("x",)


def test_a_heavy_tail_is_no_pile() -> None:
    """Twenty rows on the largest real value are a pile where they end, and a tail where it runs on beyond."""
    train, holdout = numbers(x=[*range(99), 200]), numbers(x=range(100))
    columns = (ColumnSpec("x", "integer"),)
    runs_on = numbers(x=[*range(50), *[200] * 20, *range(201, 221)])
    assert rare_values(AttackTables.of(train, holdout, runs_on, columns), k=3).piled == ()


def test_levels_that_the_guard_pooled_are_a_leak() -> None:
    """A level that was pooled before fitting has no way into the table but around the guard."""
    columns = (ColumnSpec("x", "categorical"),)
    tables = AttackTables.of(letters("aaab"), letters("aabb"), letters("aaq"), columns)
    assert rare_values(tables, k=3, withheld={"x": ("q",)}).unpooled == ("x",)
    assert rare_values(tables, k=3, withheld={"x": ("r",)}).unpooled == ()


# ---------------------------------------------------------------- single people


def test_one_copied_outlier_is_seen_and_one_ordinary_row_is_not() -> None:
    """One copy of the loneliest training row is significant at .0015 in 9 of 10 tables, fresh rows never."""
    seen = alarms = 0
    for seed in range(10):
        train, holdout, fresh = three_tables(seed, 900)
        safe = AttackTables.of(train, holdout, fresh, COLUMNS)
        alarms += (isolated_records(safe).p_value or 0.0) <= 0.0015
        mine = np.flatnonzero(safe.pool.is_train)
        loneliest = mine[safe.isolation[mine].argmax()]
        leak = safe.pool.table.take(np.array([loneliest]))
        made = stacked((leak, fresh.take(np.arange(1, 900))), tuple(fresh.columns)).in_content_order()
        found = isolated_records(AttackTables.of(train, holdout, made, COLUMNS))
        seen += (found.p_value or 1.0) <= 0.0015
        if (found.p_value or 1.0) <= 0.0015:
            assert found.record == loneliest
            assert found.distance_ratio == 0.0
            assert (found.control_p_value or 0.0) > 0.0015
    assert alarms == 0
    assert seen >= 9


@pytest.mark.parametrize("seed", range(4))
def test_coarse_tables_do_not_alarm_and_say_that_they_cannot(seed: int) -> None:
    """Where rows of different people coincide a fresh row beside somebody alone is nothing."""
    rng = np.random.default_rng(seed)
    columns = tuple(ColumnSpec(f"c{i}", "categorical") for i in range(5))
    tables = [
        labels(**{c.name: [str(level) for level in np.minimum(rng.zipf(1.8, 1_000), 12)] for c in columns})
        for _ in range(3)
    ]
    found = isolated_records(AttackTables.of(*tables, columns, seed=seed))
    assert (found.p_value or 0.0) > 0.0015
    assert found.smallest_ratio is None


def test_isolation_by_hand() -> None:
    """The mean distance to the nearest records of other people, in standard deviations."""
    values, persons = np.array([0.0, 1.0, 4.0]), np.array([0, 0, 1])
    other = numbers(x=[9.0])
    spread = float(np.std([*values, 9.0]))
    tables = AttackTables.of(
        numbers(x=values),
        other,
        other,
        (ColumnSpec("x", "numeric"),),
        train_persons=persons,
        holdout_persons=np.array([7]),
    )
    found = dict(zip(tables.pool.table.number("x").values.tolist(), tables.isolation.tolist(), strict=True))
    # the first two are one person's: each has the other two people's records for neighbours
    by_hand = {0.0: (4 + 9) / 2, 1.0: (3 + 8) / 2, 4.0: (4 + 3 + 5) / 3, 9.0: (9 + 8 + 5) / 3}
    assert {key: value * spread for key, value in found.items()} == pytest.approx(by_hand, rel=1e-5)


def test_small_tables_say_so() -> None:
    """Fewer than 200 real records give no tail to judge by."""
    train, holdout, fresh = three_tables(0, 60)
    found = isolated_records(AttackTables.of(train, holdout, fresh, COLUMNS))
    assert found.p_value is None
    assert "200" in found.reason


# ---------------------------------------------------------------- all of them

DECLARED = tuple(
    replace(
        column,
        role="quasi_identifier"
        if column.name in ("x0", "x1", "a")
        else "sensitive"
        if column.name in "by"
        else "none",
    )
    for column in COLUMNS
)


def p_values(tables: AttackTables) -> dict[str, float | None]:
    """Test all inference attacks together."""
    from synthtab.attacks.label_test import mean_differences

    knowledge = attacker_knowledge(tables)
    records = [
        *attribute_inference(tables, knowledge).statistics,
        *linkability(tables, knowledge).statistics,
        *quasi_identifiers(tables, knowledge, k=10).statistics,
    ]
    singled = singling_out(tables, knowledge)
    measured = [([(item.family, item.name) for item in records], mean_differences(tables.pool, records))]
    if singled.statistics is not None:
        measured.append((list(singled.names), singled.statistics))
    test = label_test(tables.pool, measured, alpha=0.05, n_labellings=199)
    return {family: test.p_value(family) for family in set(test.families)}


def test_fresh_tables_do_not_alarm() -> None:
    """Twelve fresh tables, unequal sizes: any joint p ≤ .05 in at most 3 (chance of more: .2 %)."""
    alarms = 0
    for seed in range(12):
        train, holdout, fresh = three_tables(seed, (400, 200, 300))
        tables = AttackTables.of(train, holdout, fresh, DECLARED, seed=seed)
        alarms += min(value for value in p_values(tables).values() if value is not None) <= 0.05
    assert alarms <= 3


def test_a_copied_table_gives_everything_away() -> None:
    """All training rows copied: inference and singling out at risk .97 or more, every p at its least."""
    train, holdout, _ = three_tables(0, 500)
    tables = AttackTables.of(train, holdout, train, DECLARED)
    knowledge = attacker_knowledge(tables)
    known = [
        item.rate.risk
        for item in attribute_inference(tables, knowledge).inferences
        if item.knows == EVERYTHING_ELSE
    ]
    assert min(known) >= 0.97
    singled = singling_out(tables, knowledge)
    assert singled.several_columns is not None
    assert singled.several_columns.risk >= 0.97
    linked = linkability(tables, knowledge).rate
    assert linked is not None
    assert linked.main == 1.0
    assert set(p_values(tables).values()) == {0.005}


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Every attack answers every table: with finite figures, or with a reason."""
    train, holdout, made = UGLY[case]
    columns = tuple(column for column in COLUMNS if column.name in train.columns) or COLUMNS[:1]
    if "x" in train.columns:
        columns = tuple(
            ColumnSpec(name, "numeric" if name in "xy" else "categorical") for name in train.columns
        )
    tables = AttackTables.of(train, holdout, made, columns)
    knowledge = attacker_knowledge(tables) if not tables.reason else Knowledge((), (), (), is_declared=False)
    for found in (
        attribute_inference(tables, knowledge),
        linkability(tables, knowledge),
        singling_out(tables, knowledge),
        quasi_identifiers(tables, knowledge, k=10),
        isolated_records(tables),
        rare_values(tables, k=10),
    ):
        if tables.reason_without_holdout:
            assert found.reason


def test_order_of_rows_and_columns_changes_nothing() -> None:
    """Columns the other way round give the same rates, to the last bit."""
    train, holdout, fresh = three_tables(4, 200)
    plain = AttackTables.of(train, holdout, fresh, DECLARED)
    turned = AttackTables.of(*map(reordered, (train, holdout, fresh)), DECLARED[::-1])
    one = attacker_knowledge(plain)
    assert set(one.known) == set(attacker_knowledge(turned).known)
    for attack in (attribute_inference, linkability, singling_out):
        first, second = attack(plain, one), attack(turned, one)
        for field in ("inferences", "rate", "one_column", "several_columns"):
            if hasattr(first, field):
                assert getattr(first, field) == getattr(second, field)


def test_labels_play_no_part() -> None:
    """Swapping training and holdout swaps main and control, and nothing else."""
    train, holdout, fresh = three_tables(5, (220, 180, 200))
    one, other = (
        AttackTables.of(train, holdout, fresh, DECLARED),
        AttackTables.of(holdout, train, fresh, DECLARED),
    )
    knowledge = attacker_knowledge(one)
    for first, second in zip(
        attribute_inference(one, knowledge).inferences,
        attribute_inference(other, knowledge).inferences,
        strict=True,
    ):
        assert (first.rate.main, first.rate.control) == (second.rate.control, second.rate.main)
    linked, swapped = linkability(one, knowledge).rate, linkability(other, knowledge).rate
    assert linked is not None
    assert swapped is not None
    assert (linked.main, linked.control) == (swapped.control, swapped.main)
