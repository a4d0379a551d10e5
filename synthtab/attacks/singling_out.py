"""Singling out: whether a description read off the synthetic table fits exactly one real person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.attacks.knowledge import Knowledge
from synthtab.attacks.label_test import Statistics
from synthtab.attacks.rates import ComparedRate, rate_of_counts
from synthtab.attacks.tables import AttackTables
from synthtab.schema import CastTable, Kind, LabelColumn, NumberColumn
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

__all__ = ["FAMILY", "SinglingOutResult", "singling_out"]

FAMILY = "singling out"
PREDICATES = 500
_ATTEMPTS = 4_000
_LEAST_COLUMNS = 2
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SinglingOutResult:
    """What singling out found.

    Parameters
    ----------
    one_column, several_columns : ComparedRate or None
        Share of the descriptions by one value, and by several values together, that fit exactly one record;
        both sides thinned to equal size.
    columns : tuple of str
        Columns of which descriptions by several values are made.
    names : tuple of tuple of str
        Family and name of each statistic.
    statistics : callable or None
        From labellings to the difference between training and holdout, for the label test.
    reason : str
        Why there is no figure.
    """

    one_column: ComparedRate | None = None
    several_columns: ComparedRate | None = None
    columns: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    statistics: Statistics | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Condition:
    """One part of a description: a column equals, reaches, or stays below a value."""

    column: int
    sign: str
    value: float

    def holds(self, values: FloatArray) -> BoolArray:
        with np.errstate(invalid="ignore"):
            if self.sign == "=":
                return np.asarray(values == self.value)
            return np.asarray(values >= self.value if self.sign == ">" else values <= self.value)


def singling_out(tables: AttackTables, knowledge: Knowledge) -> SinglingOutResult:
    """Read descriptions off the synthetic table that fit one of its rows, and count the real people they fit.

    By one value: a value or level that one synthetic row holds, the largest or the smallest. By several: two
    or more quasi-identifiers of a synthetic row together, equal for labels and whole numbers, at least or at
    most for others. It singles out when exactly one training record fits. A description that fits one in a
    small table fits two in a large one: both sides are thinned, in expectation, to the smaller size.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    knowledge : Knowledge
        Privacy roles: descriptions by several values use quasi-identifiers when there are three, else all.

    Returns
    -------
    SinglingOutResult
        Shares in [0, 1]; perfect is no difference between training and holdout records.

    References
    ----------
    Cohen and Nissim (2020), Towards formalizing the GDPR's notion of singling out, PNAS; Giomi et al. (2023),
    PoPETs; Article 29 Working Party (2014), WP216 (singling out).
    """
    if tables.reason:
        return SinglingOutResult(reason=tables.reason)
    names = tables.names
    real, made = _values(tables.pool.table, tables.made, names)
    rng = generator(tables.seed, "attacks", "singling out")
    enough = 3
    asked = knowledge.known if len(knowledge.known) >= enough else names
    places = [names.index(name) for name in asked]
    groups = {
        "one column": list(_one_value(made, tables, names, rng)),
        "several columns": list(_several_values(made, tables, names, places, rng)),
    }
    matches = {what: _matches(found, real) for what, found in groups.items() if found}
    if not matches:
        return SinglingOutResult(reason="no description fits one synthetic row")

    def differences(labels: BoolArray) -> FloatArray:
        parts = [np.subtract(*_singled(matched, labels)).mean(axis=1) for matched in matches.values()]
        return np.column_stack(parts)

    rates = {}
    for what, matched in matches.items():
        main, control = (side[0] for side in _singled(matched, tables.pool.is_train[None, :]))
        rates[what] = rate_of_counts(float(main.sum()), len(main), float(control.sum()), len(control))
    return SinglingOutResult(
        rates.get("one column"),
        rates.get("several columns"),
        tuple(asked),
        tuple((FAMILY, what) for what in matches),
        differences,
    )


def _values(
    real: CastTable, made: CastTable, names: Sequence[str]
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Give columns as numbers under one coding; NaN is missing."""
    sides: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for name in names:
        columns = (real[name], made[name])
        levels = sorted({level for c in columns if isinstance(c, LabelColumn) for level in c.levels})
        for side, column in zip(sides, columns, strict=True):
            if isinstance(column, NumberColumn):
                side.append(column.values)
            else:
                codes = column.recoded(tuple(levels)).astype(np.float64)
                codes[codes < 0] = np.nan
                side.append(codes)
    return sides


def _one_value(
    made: list[FloatArray], tables: AttackTables, names: Sequence[str], rng: np.random.Generator
) -> Iterator[tuple[_Condition, ...]]:
    found = []
    for place, values in enumerate(made):
        levels, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        found += [_Condition(place, "=", float(value)) for value in levels[counts == 1]]
        if len(levels) and isinstance(tables.made[names[place]], NumberColumn):
            found += [_Condition(place, "<", float(levels[0])), _Condition(place, ">", float(levels[-1]))]
    for position in rng.permutation(len(found))[:PREDICATES]:
        yield (found[position],)


def _several_values(
    made: list[FloatArray],
    tables: AttackTables,
    names: Sequence[str],
    places: list[int],
    rng: np.random.Generator,
) -> Iterator[tuple[_Condition, ...]]:
    if len(places) < _LEAST_COLUMNS:
        return
    kinds = {column.name: column.kind for column in tables.columns}
    middles = {place: _median(made[place]) for place in places}
    yielded = 0
    for _ in range(_ATTEMPTS):
        row = int(rng.integers(tables.made.n_rows))
        size = int(rng.integers(_LEAST_COLUMNS, len(places) + 1))
        chosen = rng.choice(len(places), size=size, replace=False)
        conditions = []
        for place in (places[position] for position in chosen):
            value = float(made[place][row])
            if np.isnan(value):
                continue
            exact = kinds[names[place]].is_label or kinds[names[place]] is Kind.INTEGER
            sign = "=" if exact else ">" if value >= middles[place] else "<"
            conditions.append(_Condition(place, sign, value))
        if len(conditions) >= _LEAST_COLUMNS and len(_fitting(conditions, made)) == 1:
            yield tuple(conditions)
            yielded += 1
            if yielded == PREDICATES:
                return


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def _fitting(conditions: Sequence[_Condition], values: list[FloatArray]) -> npt.NDArray[np.intp]:
    """Give the rows that fulfil all conditions."""
    rows = np.flatnonzero(conditions[0].holds(values[conditions[0].column]))
    for condition in conditions[1:]:
        rows = rows[condition.holds(values[condition.column][rows])]
    return rows


@dataclass(frozen=True, eq=False)
class _Matches:
    """Which records fit which description: a record and a description a match."""

    record: npt.NDArray[np.intp]
    description: npt.NDArray[np.intp]
    n_descriptions: int


def _matches(descriptions: Sequence[Sequence[_Condition]], real: list[FloatArray]) -> _Matches:
    fitting = [_fitting(conditions, real) for conditions in descriptions]
    sizes = [len(rows) for rows in fitting]
    return _Matches(np.concatenate(fitting), np.repeat(np.arange(len(fitting)), sizes), len(fitting))


def _singled(matched: _Matches, labels: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Give the chance that each description fits exactly one record of either side, at equal size."""
    from scipy.sparse import csr_array

    shape = (labels.shape[1], matched.n_descriptions)
    ones = np.ones(len(matched.record))
    fits = csr_array((ones, (matched.record, matched.description)), shape=shape)
    inside = np.asarray(labels.astype(np.float64) @ fits)
    total = np.bincount(matched.description, minlength=matched.n_descriptions)
    n_train = labels.sum(axis=1, keepdims=True).astype(np.float64)
    n_holdout = labels.shape[1] - n_train
    size = np.minimum(n_train, n_holdout)
    return _exactly_one(inside, n_train, size), _exactly_one(total - inside, n_holdout, size)


def _exactly_one(count: FloatArray, total: FloatArray, drawn: FloatArray) -> FloatArray:
    """Give the chance that exactly one of `count` records is among `drawn` of `total`."""
    from scipy.special import gammaln

    others = total - count
    possible = (count >= 1) & (others >= drawn - 1) & (drawn >= 1)

    def log_choose(n: FloatArray, k: FloatArray) -> FloatArray:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    safe = np.where(possible, others, drawn)
    logs = np.log(np.maximum(count, 1)) + log_choose(safe, drawn - 1) - log_choose(total, drawn)
    return np.where(possible, np.exp(logs), 0.0)
