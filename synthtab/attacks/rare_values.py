"""Rare values: levels and extremes that only a few people hold, and that nobody made public."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.attacks.label_test import RecordStatistic, label_test, mean_differences
from synthtab.attacks.tables import AttackTables
from synthtab.schema import ColumnSpec, LabelColumn
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.schema.checking import POOLED_LEVEL

__all__ = ["RareValuesResult", "rare_values"]

_ROUTES = 2
_FEW_BEYOND = 0.1
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RareValuesResult:
    """What became of values that fewer than k people hold.

    Parameters
    ----------
    p_value : float or None
        Of the clearest sign; 0 where a rule settles it.
    undeclared : tuple of str
        Columns of which the synthetic table holds a level that is not among the public ones, that fewer than
        k training people and nobody else hold.
    unpooled : tuple of str
        Columns of which it holds a level that the guard had pooled.
    piled : tuple of str
        Columns in which far more synthetic rows than real ones hold such a value.
    shared : tuple of str
        Columns of which it holds any such level of training people: coincidence, or not.
    found_train, found_holdout : int
        Real records with such a level that it holds too.
    p_piled, p_labels : float or None
        Of piled values (Bonferroni), and of the difference between training and holdout records.
    n_values : int
        Values that were looked at.
    n_train, n_holdout : int
        Real records.
    reason : str
        Why there is no figure.
    """

    p_value: float | None = None
    undeclared: tuple[str, ...] = ()
    unpooled: tuple[str, ...] = ()
    piled: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    found_train: int = 0
    found_holdout: int = 0
    p_piled: float | None = None
    p_labels: float | None = None
    n_values: int = 0
    n_train: int = 0
    n_holdout: int = 0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Rare:
    """One value that few people hold."""

    column: str
    records: BoolArray  # pool records that hold it
    made: int  # synthetic rows that do
    is_level: bool
    is_undeclared: bool


def rare_values(
    tables: AttackTables,
    *,
    k: int,
    withheld: Mapping[str, tuple[str, ...]] | None = None,
    alpha: float = 0.0015,
    n_labellings: int = 1_999,
    exchange: bool = True,
) -> RareValuesResult:
    """Look for levels and extremes of a few people in the synthetic table.

    Levels of a public code book, values at public bounds, and values that k people hold are nobody's secret.
    Of the others a fresh sample shares many with the training rows; it shares as many with the holdout. Four
    signs are no coincidence: a level that the guard pooled; a level outside the public ones that only
    training people hold; a value on which synthetic rows pile up, by the exact test of s among s + t rows,
    s synthetic and t real, at the ratio of the sizes; and more rare levels shared with training than with
    holdout people,
    by exchange of labels. An extreme that is shared once is a coincidence for all that can be seen.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    k : int
        A value that fewer people hold is rare.
    withheld : mapping of str to tuple of str, optional
        Levels that the guard pooled, by column.
    alpha : float, default 0.0015
        Level at which a column is named as piled.
    n_labellings : int, default 1999
        Labellings.
    exchange : bool, default True
        Whether training and holdout people could have been exchanged; else that sign is left out.

    Returns
    -------
    RareValuesResult
        A p-value, counts of people in [0, n] and columns; never a value. As many of training as of holdout
        people is perfect.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26 (the binomial tail); Phipson and Smyth (2010), SAGMB 9
    (exchanged labels).
    """
    if tables.reason_without_holdout:
        return RareValuesResult(reason=tables.reason_without_holdout)
    pool = tables.everyone
    unpooled = tuple(
        name
        for name, levels in sorted((withheld or {}).items())
        if name in tables.everything.columns and _holds_any(tables.everything.label(name), levels)
    )
    rare = [value for column in tables.columns for value in _rare_values(tables, column, k)]
    p_values = np.array([_piled(item, len(pool.is_train), tables.everything.n_rows) for item in rare])
    adjusted = np.minimum(1.0, p_values * max(1, len(rare)))
    weight = np.zeros(len(pool.is_train))
    for item in rare:
        if item.is_level:
            weight += item.records * (item.made > 0)
    test = label_test(
        pool,
        [
            (
                [("rare values", "found")],
                mean_differences(pool, [RecordStatistic("rare values", "found", weight)]),
            )
        ],
        alpha=alpha,
        n_labellings=n_labellings,
        seed=tables.seed,
        purpose="rare values",
    )
    p_labels = test.p_value() if exchange else None
    undeclared = _columns(
        item for item in rare if item.is_undeclared and item.made and not item.records[~pool.is_train].any()
    )
    best = min(1.0, _ROUTES * min(float(adjusted.min(initial=1.0)), 1.0 if p_labels is None else p_labels))
    return RareValuesResult(
        p_value=0.0 if undeclared or unpooled else best,
        undeclared=undeclared,
        unpooled=unpooled,
        piled=_columns(
            item for item, p_value in zip(rare, adjusted, strict=True) if _ROUTES * p_value <= alpha
        ),
        shared=_columns(
            item for item in rare if item.is_level and item.made and item.records[pool.is_train].any()
        ),
        found_train=int((weight[pool.is_train] > 0).sum()),
        found_holdout=int((weight[~pool.is_train] > 0).sum()),
        p_piled=float(adjusted.min(initial=1.0)),
        p_labels=1.0 if p_labels is None else p_labels,
        n_values=len(rare),
        n_train=pool.n_train,
        n_holdout=pool.n_holdout,
    )


def _columns(found: Iterator[_Rare]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.column for item in found))


def _holds_any(column: LabelColumn, levels: tuple[str, ...]) -> bool:
    held = {column.levels[code] for code in np.unique(column.codes[column.codes >= 0])}
    return bool(held.intersection(levels))


def _piled(item: _Rare, n_real: int, n_made: int) -> float:
    """Give the chance of as many synthetic rows on a value as there are, given its real rows."""
    from scipy.special import betainc

    if not item.made:
        return 1.0
    real = int(item.records.sum())
    # of s + t rows at the ratio of the sizes, the upper tail of the binomial law as a beta integral
    return float(betainc(item.made, real + 1, n_made / (n_made + n_real)))


def _rare_values(tables: AttackTables, column: ColumnSpec, k: int) -> Iterator[_Rare]:
    name = column.name
    if name not in tables.names:
        return
    real, made = tables.everyone.table[name], tables.everything[name]
    if isinstance(real, LabelColumn) and isinstance(made, LabelColumn):
        yield from _rare_levels(tables, column, real, made, k)
    elif not isinstance(real, LabelColumn) and not isinstance(made, LabelColumn):
        yield from _extremes(tables, column, real.values, made.values, k)


def _people(tables: AttackTables, codes: IntArray, n_codes: int) -> IntArray:
    """Count the people behind each code; -1 is passed over."""
    width = int(tables.everyone.persons.max(initial=-1)) + 1
    known = codes >= 0
    pairs = np.unique(codes[known] * width + tables.everyone.persons[known])
    return np.bincount(pairs // max(width, 1), minlength=n_codes)


def _rare_levels(
    tables: AttackTables, column: ColumnSpec, real: LabelColumn, made: LabelColumn, k: int
) -> Iterator[_Rare]:
    people = _people(tables, real.codes, len(real.levels))
    drawn = np.bincount(made.recoded(real.levels)[made.recoded(real.levels) >= 0], minlength=len(real.levels))
    public = {*column.public_categories, POOLED_LEVEL}
    for code, level in enumerate(real.levels):
        if 0 < people[code] < k and level not in public:
            yield _Rare(
                column.name,
                real.codes == code,
                int(drawn[code]),
                is_level=True,
                is_undeclared=bool(column.public_categories),
            )


def _extremes(
    tables: AttackTables, column: ColumnSpec, real: FloatArray, made: FloatArray, k: int
) -> Iterator[_Rare]:
    """Give the smallest and the largest training value, where they are rare and no public bound."""
    values, codes = np.unique(real, return_inverse=True)
    values = values[np.isfinite(values)]
    codes = np.where(codes < len(values), codes, -1).astype(np.int64)
    of_train = codes[tables.everyone.is_train & (codes >= 0)]
    if not len(of_train):
        return
    people = _people(tables, codes, len(values))
    bounds = {column.lower_number, column.upper_number} if column.is_public else set()
    for code, beyond in ((int(of_train.min()), np.less), (int(of_train.max()), np.greater)):
        value = float(values[code])
        held, further = int((made == value).sum()), int(beyond(made, value).sum())
        if people[code] < k and value not in bounds:
            # a heavy tail runs on beyond the value: rows pile up where the tail was cut at it
            piled = held if further <= _FEW_BEYOND * held else 0
            yield _Rare(column.name, codes == code, piled, is_level=False, is_undeclared=False)
