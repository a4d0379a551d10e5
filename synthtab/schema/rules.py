"""Row rules: inequality, fixed combination, formula. A rule is public knowledge about the table.

A row whose operands are missing neither keeps nor breaks a rule, unless the rule speaks of missing values
itself, as in ``missing(diabetes_age) or diabetes == 'yes'``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from synthtab.errors import SchemaError
from synthtab.schema.cast_table import CastTable, LabelColumn, NumberColumn
from synthtab.schema.columns import category_label

__all__ = ["FixedCombination", "Formula", "Inequality", "Rule", "rule_from_dict"]

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Inequality:
    """One column never exceeds another.

    Parameters
    ----------
    low, high : str
        Names of two numeric, integer or datetime columns.
    strict : bool, default False
        Whether equal values break the rule.
    """

    low: str
    high: str
    strict: bool = False
    kind: ClassVar[str] = "inequality"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the rule speaks of."""
        return (self.low, self.high)

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"{self.low} {'<' if self.strict else '≤'} {self.high}"

    def broken(self, table: CastTable) -> BoolArray:
        """Say which rows break the rule.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where the rule applies and is broken.
        """
        low, high = table.number(self.low).values, table.number(self.high).values
        with np.errstate(invalid="ignore"):
            broken: BoolArray = low >= high if self.strict else low > high
        return broken

    def to_dict(self) -> dict[str, object]:
        """Write the rule as plain values.

        Returns
        -------
        dict
            JSON-able values by key.
        """
        return {"rule": self.kind, "low": self.low, "high": self.high, "strict": self.strict}


@dataclass(frozen=True)
class FixedCombination:
    """Only the listed combinations of levels occur.

    Parameters
    ----------
    names : tuple of str
        Two or more categorical, ordinal or boolean columns.
    combinations : tuple of tuple of str
        Allowed levels, one for each column.
    """

    names: tuple[str, ...]
    combinations: tuple[tuple[str, ...], ...]
    kind: ClassVar[str] = "fixed_combination"

    def __post_init__(self) -> None:
        """Bring levels to their canonical labels and check the widths."""
        object.__setattr__(self, "names", tuple(self.names))
        rows = tuple(sorted(tuple(category_label(level) for level in row) for row in self.combinations))
        object.__setattr__(self, "combinations", rows)
        if len(self.names) < 2 or any(len(row) != len(self.names) for row in rows) or not rows:  # noqa: PLR2004
            raise SchemaError(
                f"Fixed combination of {', '.join(self.names)}: needs two or more columns and, for each "
                "allowed combination, one level a column."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the rule speaks of."""
        return self.names

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"({', '.join(self.names)}) is one of {len(self.combinations)} listed combinations"

    def broken(self, table: CastTable) -> BoolArray:
        """Say which rows break the rule.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where no value is missing and the combination is not listed.
        """
        codes = np.zeros(table.n_rows, dtype=np.int64)
        allowed = np.zeros(len(self.combinations), dtype=np.int64)
        known = np.ones(table.n_rows, dtype=bool)
        for position, name in enumerate(self.names):
            levels = tuple(sorted({row[position] for row in self.combinations}))
            index = {level: number for number, level in enumerate(levels)}
            own = table.label(name).recoded(levels)
            known &= own != -1
            width = len(levels) + 1
            codes = codes * width + np.where(own < 0, len(levels), own)
            allowed = allowed * width + np.array(
                [index[row[position]] for row in self.combinations], dtype=np.int64
            )
        return known & ~np.isin(codes, allowed)

    def to_dict(self) -> dict[str, object]:
        """Write the rule as plain values.

        Returns
        -------
        dict
            JSON-able values by key.
        """
        return {
            "rule": self.kind,
            "names": list(self.names),
            "combinations": [list(row) for row in self.combinations],
        }


@dataclass(frozen=True)
class Formula:
    """A logical expression over columns that every row must fulfil.

    Parameters
    ----------
    expression : str
        Comparisons joined by ``and``, ``or``, ``not``; arithmetic ``+ - * / ** %``; ``abs(x)``,
        ``missing(x)``, ``x in ('a', 'b')``; a name that is no Python word as ``column('my column')``.

    Examples
    --------
    >>> Formula("abs(bmi - weight_kg / (height_cm / 100) ** 2) <= 0.1").columns
    ('bmi', 'weight_kg', 'height_cm')
    """

    expression: str
    columns: tuple[str, ...] = field(init=False, compare=False)
    kind: ClassVar[str] = "formula"

    def __post_init__(self) -> None:
        """Parse once, so that a bad expression is told when the schema is made."""
        object.__setattr__(self, "columns", _names(_parse(self.expression)))

    @property
    def text(self) -> str:
        """The rule in words."""
        return self.expression

    def broken(self, table: CastTable) -> BoolArray:
        """Say which rows break the rule.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where the expression is known and false.
        """
        with np.errstate(all="ignore"):
            result = _Evaluation(table, self.expression).of(_parse(self.expression))
        value = np.broadcast_to(np.asarray(result.value), (table.n_rows,))
        if value.dtype != np.bool_:
            raise SchemaError(
                f"Formula {self.expression!r} gives no truth value.", hint="End it with a comparison."
            )
        return np.asarray(~value & np.broadcast_to(result.known, (table.n_rows,)))

    def to_dict(self) -> dict[str, object]:
        """Write the rule as plain values.

        Returns
        -------
        dict
            JSON-able values by key.
        """
        return {"rule": self.kind, "expression": self.expression}


Rule = Inequality | FixedCombination | Formula


def rule_from_dict(raw: Mapping[str, object]) -> Rule:
    """Read a rule from plain values.

    Parameters
    ----------
    raw : mapping
        What a rule's `to_dict` wrote.

    Returns
    -------
    Inequality, FixedCombination or Formula
        The rule.

    Raises
    ------
    SchemaError
        When the kind of rule is unknown or its parts do not fit.
    """
    kinds: dict[str, Callable[..., Rule]] = {
        rule.kind: rule for rule in (Inequality, FixedCombination, Formula)
    }
    values = dict(raw)
    make = kinds.get(str(values.pop("rule", "")))
    if make is None:
        raise SchemaError("A rule has no known kind.", hint=f"Write rule: one of {', '.join(sorted(kinds))}.")
    try:
        return make(**values)
    except TypeError as error:
        raise SchemaError(f"A rule has wrong keys: {', '.join(sorted(map(str, values)))}.") from error


@dataclass(frozen=True)
class _Known:
    """A value a row, and whether it is known (three-valued logic)."""

    value: npt.NDArray[np.generic] | LabelColumn | str | float | bool | tuple[object, ...]
    known: BoolArray | np.bool_


_ARITHMETIC: dict[type[ast.operator], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.Mod: np.mod,
}
_COMPARISON: dict[type[ast.cmpop], np.ufunc] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.BinOp,
    ast.Compare,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Call,
    ast.Tuple,
    ast.List,
    ast.In,
    ast.NotIn,
    *_ARITHMETIC,
    *_COMPARISON,
)
_FUNCTIONS = ("abs", "missing", "column")


def _parse(expression: str) -> ast.expr:
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError) as error:
        raise SchemaError(
            f"Formula {expression!r} cannot be read.", hint="Write it as a Python comparison."
        ) from error
    for node in ast.walk(tree):
        call_is_known = not isinstance(node, ast.Call) or (
            isinstance(node.func, ast.Name)
            and node.func.id in _FUNCTIONS
            and len(node.args) == 1
            and not node.keywords
        )
        if not isinstance(node, _ALLOWED) or not call_is_known:
            raise SchemaError(
                f"Formula {expression!r} uses what formulas do not know.",
                hint="Known: comparisons, and/or/not, + - * / ** %, in, abs(x), missing(x), column('name').",
            )
    return tree.body


def _names(tree: ast.expr) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in _FUNCTIONS:
            found[node.id] = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "column":
            found[_column_name(node)] = None
    return tuple(found)


def _column_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if (
        isinstance(node, ast.Call)
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        return node.args[0].value
    raise SchemaError("A formula names a column by something other than text.", hint="Write column('name').")


class _Evaluation:
    """One evaluation of one expression over one table."""

    def __init__(self, table: CastTable, expression: str) -> None:
        self.table = table
        self.expression = expression

    def of(self, node: ast.expr) -> _Known:
        """Evaluate a node."""
        match node:
            case ast.Constant():
                return _Known(node.value, np.True_)  # type: ignore[arg-type] # checked where it is used
            case ast.Tuple() | ast.List():
                return _Known(tuple(self.of(item).value for item in node.elts), np.True_)
            case ast.Name():
                return self._column(node.id)
            case ast.Call():
                return self._call(node)
            case ast.BoolOp():
                return reduce(
                    self._either if isinstance(node.op, ast.Or) else self._both, map(self.of, node.values)
                )
            case ast.UnaryOp():
                inner = self.of(node.operand)
                value = (
                    np.logical_not(self._truth(inner))
                    if isinstance(node.op, ast.Not)
                    else -self._number(inner)
                )
                return _Known(value, inner.known)
            case ast.BinOp():
                left, right = self.of(node.left), self.of(node.right)
                number = _ARITHMETIC[type(node.op)](self._number(left), self._number(right))
                return _Known(np.asarray(number), left.known & right.known)
            case ast.Compare():
                return self._comparison(node)
        raise self._error("it holds a part that cannot be evaluated")

    def _error(self, why: str) -> SchemaError:
        return SchemaError(f"Formula {self.expression!r}: {why}.")

    def _column(self, name: str) -> _Known:
        if name not in self.table.columns:
            raise self._error(f"there is no modelled column {name!r}")
        column = self.table[name]
        known = ~column.is_missing
        return _Known(column.values if isinstance(column, NumberColumn) else column, known)

    def _call(self, node: ast.Call) -> _Known:
        assert isinstance(node.func, ast.Name)
        if node.func.id == "abs":
            inner = self.of(node.args[0])
            return _Known(np.abs(self._number(inner)), inner.known)
        if node.func.id == "missing":
            return _Known(~np.asarray(self._column(_column_name(node.args[0])).known), np.True_)
        return self._column(_column_name(node))

    def _number(self, item: _Known) -> npt.NDArray[np.float64]:
        if isinstance(item.value, str | LabelColumn | tuple):
            raise self._error("it calculates with something that is no number")
        return np.asarray(item.value, dtype=np.float64)

    def _truth(self, item: _Known) -> BoolArray:
        value = np.asarray(item.value)
        if value.dtype != np.bool_:
            raise self._error("and, or and not take comparisons")
        return value

    def _both(self, left: _Known, right: _Known) -> _Known:
        a, b = self._truth(left), self._truth(right)
        known = (left.known & right.known) | (left.known & ~a) | (right.known & ~b)
        return _Known(np.where(left.known, a, True) & np.where(right.known, b, True), known)  # noqa: FBT003

    def _either(self, left: _Known, right: _Known) -> _Known:
        a, b = self._truth(left), self._truth(right)
        known = (left.known & right.known) | (left.known & a) | (right.known & b)
        return _Known(np.where(left.known, a, False) | np.where(right.known, b, False), known)  # noqa: FBT003

    def _comparison(self, node: ast.Compare) -> _Known:
        left = self.of(node.left)
        total: _Known | None = None
        for operator, part in zip(node.ops, node.comparators, strict=True):
            right = self.of(part)
            one = _Known(self._compare(operator, left, right), left.known & right.known)
            total = one if total is None else self._both(total, one)
            left = right
        assert total is not None
        return total

    def _compare(self, operator: ast.cmpop, left: _Known, right: _Known) -> BoolArray:
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right.value, tuple):
                raise self._error("in needs a list in brackets")
            inside: BoolArray = np.zeros(self.table.n_rows, dtype=bool)
            for item in right.value:
                inside = inside | self._equal(left, _Known(item, np.True_))  # type: ignore[arg-type]
            return ~inside if isinstance(operator, ast.NotIn) else inside
        if isinstance(operator, ast.Eq):
            return self._equal(left, right)
        if isinstance(operator, ast.NotEq):
            return np.logical_not(self._equal(left, right))
        return np.asarray(_COMPARISON[type(operator)](self._number(left), self._number(right)))

    def _equal(self, left: _Known, right: _Known) -> BoolArray:
        if isinstance(right.value, LabelColumn) and not isinstance(left.value, LabelColumn):
            left, right = right, left
        if not isinstance(left.value, LabelColumn):
            return np.asarray(np.equal(np.asarray(left.value), np.asarray(right.value)))
        if isinstance(right.value, LabelColumn):
            return np.asarray(left.value.codes == right.value.recoded(left.value.levels))
        if isinstance(right.value, np.ndarray | tuple):
            raise self._error("it compares levels with numbers")
        own = left.value.recoded((category_label(right.value),))
        return np.asarray(own == 0)
