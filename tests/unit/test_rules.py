"""Row rules: three-valued logic, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthtab.errors import SchemaError
from synthtab.schema import ColumnSpec, FixedCombination, Formula, Inequality, TableSchema

SCHEMA = TableSchema(
    (
        ColumnSpec("a", "numeric"),
        ColumnSpec("b", "numeric"),
        ColumnSpec("c", "categorical"),
        ColumnSpec("d", "categorical"),
        ColumnSpec("my col", "numeric"),
    )
)
ROWS = SCHEMA.cast(
    pd.DataFrame(
        {
            "a": [1.0, 2.0, np.nan, 4.0],
            "b": [1.0, 1.0, 1.0, np.nan],
            "c": ["x", "y", None, "x"],
            "d": ["x", "x", "y", "y"],
            "my col": [1.0, 2.0, 3.0, 4.0],
        }
    )
)


@pytest.mark.parametrize(
    ("expression", "broken"),
    [
        ("a <= b", [False, True, False, False]),
        ("a < b", [True, True, False, False]),
        ("1 <= a < 3", [False, False, False, True]),
        ("missing(a) or a == 1", [False, True, False, True]),
        ("not missing(b)", [False, False, False, True]),
        ("a == 1 and b == 1", [False, True, False, True]),
        ("a == 1 or b == 1", [False, False, False, False]),
        ("c == 'x'", [False, True, False, False]),
        ("c != 'x'", [True, False, False, True]),
        ("'x' == c", [False, True, False, False]),
        ("c == d", [False, True, False, True]),
        ("c in ('x', 'z')", [False, True, False, False]),
        ("c not in ['y']", [False, True, False, False]),
        ("a in (1, 2)", [False, False, False, True]),
        ("abs(a - b) <= 0.5", [False, True, False, False]),
        ("-a <= -1 and a ** 2 % 2 == a % 2 and a / 1 * 1 + 0 == a", [False, False, False, False]),
        ("column('my col') <= 3", [False, False, False, True]),
    ],
)
def test_formula_by_hand(expression: str, broken: list[bool]) -> None:
    """A row breaks a formula when it is known to be false; unknown operands break nothing."""
    assert Formula(expression).broken(ROWS).tolist() == broken


@pytest.mark.parametrize(
    "expression",
    [
        "a <=",
        "__import__('os').system('true')",
        "a.real > 1",
        "a[0] > 1",
        "lambda: 1",
        "open('x')",
        "abs(a, b) > 1",
        "f'{a}' == 1",
        "column(a) > 1",
        "(a := 1) > 0",
    ],
)
def test_formula_refuses_what_it_does_not_know(expression: str) -> None:
    """Whatever is no comparison of columns is refused when the schema is made: a schema file runs no code."""
    with pytest.raises(SchemaError):
        Formula(expression)


@pytest.mark.parametrize(
    "expression", ["a + b", "c + 1 > 2", "zz > 1", "a in 3", "c < 'x'", "a and b", "c == a"]
)
def test_formula_that_makes_no_sense_is_told(expression: str) -> None:
    """A formula that cannot be evaluated names itself."""
    with pytest.raises(SchemaError, match="ormula"):
        Formula(expression).broken(ROWS)


def test_inequality_and_fixed_combination_by_hand() -> None:
    """Missing operands break nothing; unlisted combinations do."""
    assert Inequality("a", "b").broken(ROWS).tolist() == [False, True, False, False]
    assert Inequality("a", "b", strict=True).broken(ROWS).tolist() == [True, True, False, False]
    rule = FixedCombination(("c", "d"), (("x", "x"), ("y", "y")))
    assert rule.broken(ROWS).tolist() == [False, True, False, True]
    assert "2 listed combinations" in rule.text


def test_fixed_combination_needs_whole_rows() -> None:
    """A combination that is too short is refused."""
    with pytest.raises(SchemaError, match="one level a column"):
        FixedCombination(("c", "d"), (("x",),))
