"""Rules of order: number columns of which one never exceeds, or always equals, another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from synthtab.profiling.mined_rules import BoolArray, RuleKind
from synthtab.profiling.mining_counts import Candidate, Evidence, ranked_classes
from synthtab.schema import CastTable, ColumnSpec, Kind, NumberColumn, TableSchema

__all__ = ["order_rules"]

FloatArray = npt.NDArray[np.float64]

_SCREENED_ROWS = 2_048
_FINE, _COARSE = 1_024, 64


@dataclass(frozen=True)
class _Order:
    """What the rows say of one pair of columns; expected breaks are 0 when a relation does not hold."""

    equal: float
    at_most: float
    relation: str


@dataclass(frozen=True)
class _Numbers:
    """The columns that may be compared, one column of the matrix each, and sorted quantiles of each."""

    specs: tuple[ColumnSpec, ...]
    values: FloatArray
    fine: tuple[FloatArray, ...]
    coarse: tuple[FloatArray, ...]
    evidence: Evidence
    judged: dict[tuple[int, int], _Order] = field(default_factory=dict)

    def judge(self, low: int, high: int) -> _Order:
        """Count one pair over all rows, once."""
        if (low, high) not in self.judged:
            self.judged[low, high] = self._judge(low, high)
        return self.judged[low, high]

    def _judge(self, low: int, high: int) -> _Order:
        a, b = self.values[:, low], self.values[:, high]
        above, below, ties = (float(np.count_nonzero(which)) for which in (a > b, a < b, a == b))
        known = above + below + ties
        # quantiles of each column stand for an independent shuffle of both
        shuffled_above, shuffled_ties = (
            known * share for share in _shuffled(self.fine[low], self.fine[high])
        )
        unequal = known - shuffled_ties
        convinces = self.evidence.convinces
        equal = bool(convinces(unequal, above + below, known, floor=known))
        holds = bool(convinces(shuffled_above, above, known, floor=known))
        # without ties a table of decimals says nothing; where ties were to be expected, it does
        strict = ties == 0 and bool(convinces(shuffled_ties, 0.0, known))
        return _Order(unequal * equal, shuffled_above * holds, "<" if strict else "<=")

    def candidate(self, low: int, high: int, expected: float, relation: str) -> Candidate:
        """Put a pair into a rule."""
        return Candidate(RuleKind.ORDER, (self.specs[low].name, self.specs[high].name), expected, relation)


def order_rules(schema: TableSchema, table: CastTable, evidence: Evidence) -> Iterator[Candidate]:
    """Give the number columns of which one never exceeds, or always equals, another.

    Parameters
    ----------
    schema : TableSchema
        Kinds and units of the columns: only columns of one unit, whole numbers or dates are compared.
    table : CastTable
        The rows; columns sorted by name.
    evidence : Evidence
        What convinces.

    Yields
    ------
    Candidate
        Rules of kind ``order``; of a chain, only its links.
    """
    numbers = _comparable(schema, table, evidence)
    if numbers is None:
        return
    likely = _likely(numbers)
    size = len(likely)
    alone: BoolArray = np.ones(size, dtype=bool)
    for low, high in np.argwhere(np.triu(likely & likely.T)).tolist():
        if alone[low] and alone[high] and (expected := numbers.judge(low, high).equal):
            # from here on the first speaks for both
            alone[high] = False
            yield numbers.candidate(low, high, expected, "=")
    relation = likely & alone & alone[:, None]
    verified: BoolArray = np.zeros((size, size), dtype=bool)
    while True:
        # count over all rows only the links of chains, and what cannot be ranked yet
        first, chained = ranked_classes(relation)
        doubtful = (chained | (relation & (first[:, None] == first))) & ~verified
        if not doubtful.any():
            break
        for low, high in np.argwhere(doubtful).tolist():
            relation[low, high] = numbers.judge(low, high).at_most > 0
        verified |= doubtful
    for low, high in np.argwhere(chained).tolist():
        found = numbers.judge(low, high)
        yield numbers.candidate(low, high, found.at_most, found.relation)


def _likely(numbers: _Numbers) -> BoolArray:
    """Say which columns may lie at or below which others.

    Counting in some rows bounds the count in all of them from below: what is refused here is surely refused.
    """
    head = numbers.values[:_SCREENED_ROWS]
    limit = numbers.evidence.tolerance * len(numbers.values)
    least = numbers.evidence.least_share / 2
    out: BoolArray = np.zeros((len(numbers.specs), len(numbers.specs)), dtype=bool)
    for low, spec in enumerate(numbers.specs):
        few = np.count_nonzero(head[:, [low]] > head, axis=0) <= limit
        for high in np.flatnonzero(few).tolist():
            out[low, high] = (
                low != high
                and _same_scale(spec, numbers.specs[high])
                and _shuffled(numbers.coarse[low], numbers.coarse[high])[0] >= least
            )
    return out


def _shuffled(one: FloatArray, other: FloatArray) -> tuple[float, float]:
    """Give the shares of independent pairs in which the first is above, and in which both are equal."""
    above = np.searchsorted(other, one, side="left").mean() / len(other)
    return float(above), float(np.searchsorted(other, one, side="right").mean() / len(other) - above)


def _comparable(schema: TableSchema, table: CastTable, evidence: Evidence) -> _Numbers | None:
    """Collect the varying number columns that share a scale with another one, rows in content order."""
    sorted_values: dict[str, FloatArray] = {}
    for name, column in table.columns.items():
        if isinstance(column, NumberColumn):
            known = np.sort(column.values[~np.isnan(column.values)])
            if len(known) >= evidence.k and known[0] < known[-1]:
                sorted_values[name] = known
    specs = tuple(schema[name] for name in sorted_values)
    kept = tuple(
        spec for spec in specs if any(spec is not other and _same_scale(spec, other) for other in specs)
    )
    if not kept:
        return None
    rows = CastTable({spec.name: table[spec.name] for spec in kept}, table.n_rows)
    if table.n_rows > _SCREENED_ROWS:
        rows = rows.in_content_order()
    values = np.empty((table.n_rows, len(kept)), order="F")
    for index, spec in enumerate(kept):
        values[:, index] = rows.number(spec.name).values
    fine, coarse = (
        tuple(_quantiles(sorted_values[spec.name], number) for spec in kept) for number in (_FINE, _COARSE)
    )
    return _Numbers(kept, values, fine, coarse, evidence)


def _quantiles(known: FloatArray, number: int) -> FloatArray:
    """Thin sorted values."""
    if len(known) <= number:
        return known
    return known[((np.arange(number) + 0.5) / number * len(known)).astype(np.intp)]


def _same_scale(one: ColumnSpec, other: ColumnSpec) -> bool:
    """Say whether two number columns may be compared at all."""
    if Kind.DATETIME in (one.kind, other.kind):
        return one.kind is other.kind
    return one.units == other.units and (one.units != "" or one.kind is other.kind is Kind.INTEGER)
