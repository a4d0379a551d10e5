"""MinedRule: one logic rule that was found in real rows, in words and ready to be checked on other rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from synthtab.errors import DataError
from synthtab.schema import CastTable, Role, TableSchema

__all__ = ["BoolArray", "MinedRule", "RuleKind", "mined_rule_from_dict", "rule_text"]

BoolArray = npt.NDArray[np.bool_]

_NAMED_LEVELS = 4
_EXACTLY = "exactly"


class RuleKind(StrEnum):
    """What sort of thing a mined rule says."""

    MISSING_TOGETHER = "missing together"
    MISSING_WHEN = "missing when"
    ORDER = "order"
    DETERMINES = "determines"
    IMPLIES = "implies"
    NEVER_TOGETHER = "never together"


@dataclass(frozen=True, eq=False)
class MinedRule:
    """Say what real rows obey, and on which rows it can be tested.

    It holds names of columns and of levels, never a number of the table.

    Parameters
    ----------
    kind : RuleKind
        What sort of rule it is.
    columns : tuple of str
        The two columns, first and second, that it speaks of.
    text : str
        The rule in plain words.
    support : int
        Real rows that it applies to; exact, so not for printing as it is.
    confidence : float
        Share of those rows that obey it.
    relation : str, default ""
        ``"<"``, ``"<="`` or ``"="`` for an order; ``"exactly"`` or ``"whenever"`` for missing values;
        ``"both ways"`` for a dependency that runs both ways.
    levels : tuple of tuple of str, default ()
        Levels that it names. Missing when: levels of the second column at which the first is missing, then
        those at which it is not; without any, the first is missing whenever the second is. Implies and never
        together: levels of the first column, then of the second.
    mapping : tuple of tuple of str, default ()
        For a dependency: each level of the first column with its level of the second.
    """

    kind: RuleKind
    columns: tuple[str, str]
    text: str
    support: int
    confidence: float
    relation: str = ""
    levels: tuple[tuple[str, ...], ...] = ()
    mapping: tuple[tuple[str, str], ...] = ()

    def is_releasable(self, schema: TableSchema) -> bool:
        """Say whether the rule may be printed.

        A rule that ties levels to each other holds for everybody: of a person known to have the one it tells
        the other. Where either column is sensitive that is nobody's business; that a value is not asked of
        some, or that one date comes before another, is how the table was made.

        Parameters
        ----------
        schema : TableSchema
            Says which columns are sensitive.

        Returns
        -------
        bool
            False for ties between levels of which a column is sensitive.
        """
        ties = (RuleKind.DETERMINES, RuleKind.IMPLIES, RuleKind.NEVER_TOGETHER)
        return self.kind not in ties or all(schema[c].role is not Role.SENSITIVE for c in self.columns)

    def check(self, table: CastTable) -> tuple[BoolArray, BoolArray]:
        """Say on which rows the rule can be tested, and which of them break it.

        A value that is missing, or a level that was not listed when the rule was found, is no evidence: such
        a row does not apply, unless the rule speaks of missing values or forbids every level but those it
        names.

        Parameters
        ----------
        table : CastTable
            The rows, real or synthetic.

        Returns
        -------
        applies : ndarray of bool, shape (n_rows,)
            Whether the rule says anything about the row.
        broken : ndarray of bool, shape (n_rows,)
            Whether it applies and is not obeyed.
        """
        first, second = self.columns
        match self.kind:
            case RuleKind.MISSING_TOGETHER:
                one, other = table[first].is_missing, table[second].is_missing
                return one | other, one ^ other
            case RuleKind.MISSING_WHEN:
                return self._missing_when(table)
            case RuleKind.ORDER:
                return self._order(table)
            case RuleKind.DETERMINES:
                return self._determines(table)
            case RuleKind.IMPLIES | RuleKind.NEVER_TOGETHER:
                applies = _is_one_of(table, first, self.levels[0]) & ~table[second].is_missing
                inside = _is_one_of(table, second, self.levels[1])
                return applies, applies & (~inside if self.kind is RuleKind.IMPLIES else inside)

    def _missing_when(self, table: CastTable) -> tuple[BoolArray, BoolArray]:
        first, second = self.columns
        missing = table[first].is_missing
        if not self.levels:
            applies = table[second].is_missing
            return applies, applies & ~missing
        expected = _is_one_of(table, second, self.levels[0])
        if self.relation != _EXACTLY:
            return expected, expected & ~missing
        listed = expected | _is_one_of(table, second, self.levels[1])
        return listed & (expected | missing), listed & (expected ^ missing)

    def _order(self, table: CastTable) -> tuple[BoolArray, BoolArray]:
        low, high = (table.number(name).values for name in self.columns)
        applies = ~(np.isnan(low) | np.isnan(high))
        obeyed = low < high if self.relation == "<" else low == high if self.relation == "=" else low <= high
        return applies, applies & ~obeyed

    def _determines(self, table: CastTable) -> tuple[BoolArray, BoolArray]:
        first, second = (table.label(name) for name in self.columns)
        targets = tuple(sorted({target for _, target in self.mapping}))
        place = {level: index for index, level in enumerate(targets)}
        # one more place, for the rows that no entry of the mapping speaks of
        expected = np.array([*(place[target] for _, target in self.mapping), -1], dtype=np.int64)
        own = first.recoded(tuple(level for level, _ in self.mapping))
        applies = (own >= 0) & ~second.is_missing
        return applies, applies & (second.recoded(targets) != expected[np.maximum(own, -1)])

    def to_dict(self) -> dict[str, object]:
        """Write the rule as plain values.

        Returns
        -------
        dict
            JSON-able values by key.
        """
        return {
            "kind": self.kind.value,
            "columns": list(self.columns),
            "text": self.text,
            "support": self.support,
            "confidence": self.confidence,
            "relation": self.relation,
            "levels": [list(levels) for levels in self.levels],
            "mapping": [list(entry) for entry in self.mapping],
        }


def mined_rule_from_dict(raw: Mapping[str, object]) -> MinedRule:
    """Read a mined rule from plain values.

    Parameters
    ----------
    raw : mapping
        What a rule's `to_dict` wrote.

    Returns
    -------
    MinedRule
        The rule.

    Raises
    ------
    DataError
        When a part is missing or is not what `to_dict` writes.
    """
    try:
        names = tuple(map(str, raw["columns"]))  # type: ignore[call-overload] # a wrong type is told below
        first, second = names
        return MinedRule(
            kind=RuleKind(str(raw["kind"])),
            columns=(first, second),
            text=str(raw["text"]),
            support=int(raw["support"]),  # type: ignore[call-overload] # a wrong type is told below
            confidence=float(raw["confidence"]),  # type: ignore[arg-type] # as above
            relation=str(raw["relation"]),
            levels=tuple(tuple(map(str, levels)) for levels in raw["levels"]),  # type: ignore[attr-defined]
            mapping=tuple((str(one), str(other)) for one, other in raw["mapping"]),  # type: ignore[attr-defined]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "A mined rule cannot be read.", hint="Give what MinedRule.to_dict wrote, unchanged."
        ) from error


def rule_text(
    kind: RuleKind,
    columns: tuple[str, str],
    relation: str = "",
    levels: Sequence[Sequence[str]] = (),
) -> str:
    """Put a rule in plain words.

    Parameters
    ----------
    kind : RuleKind
        What sort of rule it is.
    columns : tuple of str
        The two columns, first and second.
    relation : str, default ""
        As in `MinedRule`.
    levels : sequence of sequence of str, default ()
        As in `MinedRule`.

    Returns
    -------
    str
        One sentence without its full stop.

    Examples
    --------
    >>> rule_text(RuleKind.IMPLIES, ("cancer", "sex"), levels=(("prostate", "testis"), ("male",)))
    'sex = male whenever cancer = prostate or testis'
    """
    first, second = columns
    match kind:
        case RuleKind.MISSING_TOGETHER:
            return f"{first} is missing exactly when {second} is missing"
        case RuleKind.MISSING_WHEN:
            when = f"{second} = {_listed(levels[0])}" if levels else f"{second} is missing"
            return f"{first} is missing {relation} {when if relation != _EXACTLY else 'when ' + when}"
        case RuleKind.ORDER:
            return f"{first} {relation.replace('<=', '≤')} {second}"
        case RuleKind.DETERMINES:
            return (
                f"{first} and {second} determine each other" if relation else f"{first} determines {second}"
            )
        case RuleKind.IMPLIES:
            return f"{second} = {levels[1][0]} whenever {first} = {_listed(levels[0])}"
        case RuleKind.NEVER_TOGETHER:
            return f"{first} = {levels[0][0]} never goes with {second} = {_listed(levels[1])}"


def _listed(levels: Sequence[str]) -> str:
    named = list(levels)
    if len(named) > _NAMED_LEVELS:
        named = [*named[: _NAMED_LEVELS - 1], f"{len(named) - _NAMED_LEVELS + 1} other levels"]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def _is_one_of(table: CastTable, name: str, levels: tuple[str, ...]) -> BoolArray:
    return np.asarray(table.label(name).recoded(levels) >= 0)
