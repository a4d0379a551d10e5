"""The attacks as functions of three tables, for tests that do not share what is looked up between attacks."""

from __future__ import annotations

from typing import Any

from synthtab import attacks
from synthtab.attacks import AttackTables, ClosenessResult, CopiesResult, MembershipResult
from synthtab.schema import CastTable, ColumnSpec

__all__ = ["closest_records", "exact_copies", "membership_inference"]

_OF_TABLES = ("train_persons", "holdout_persons", "max_candidates", "max_synthetic", "seed")


def _tables(
    train: CastTable,
    holdout: CastTable,
    made: CastTable,
    columns: tuple[ColumnSpec, ...],
    given: dict[str, Any],
) -> AttackTables:
    own = {name: given.pop(name) for name in _OF_TABLES if name in given}
    return AttackTables.of(train, holdout, made, columns, **own)


def exact_copies(
    train: CastTable, holdout: CastTable, made: CastTable, columns: tuple[ColumnSpec, ...], **given: Any
) -> CopiesResult:
    """Look for copies at the level of two tests that share the budget of .015."""
    tables = _tables(train, holdout, made, columns, given)
    return attacks.exact_copies(tables, **{"alpha": 0.0075, **given})


def membership_inference(
    train: CastTable, holdout: CastTable, made: CastTable, columns: tuple[ColumnSpec, ...], **given: Any
) -> MembershipResult:
    """Attack membership at the same level."""
    tables = _tables(train, holdout, made, columns, given)
    return attacks.membership_inference(tables, **{"alpha": 0.0075, **given})


def closest_records(
    train: CastTable, holdout: CastTable, made: CastTable, columns: tuple[ColumnSpec, ...], **given: Any
) -> ClosenessResult:
    """Describe closeness."""
    given.pop("n_labellings", None)
    return attacks.closest_records(_tables(train, holdout, made, columns, given))
