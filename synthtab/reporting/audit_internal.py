"""What an internal page adds: nothing withheld, lost and invented levels by name, rows that stand alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from synthtab.reporting.text import clean, figure
from synthtab.results import AuditResult

__all__ = ["InternalView", "LevelRow", "LonelyRow", "in_full", "internal_view"]

_MOST_LEVELS, _MOST_ROWS = 300, 100
_KINDS = {"lost": "Lost", "invented": "Invented", "rare": "Rare"}


@dataclass(frozen=True)
class LevelRow:
    """One level that few people hold, or nobody.

    Parameters
    ----------
    column, level, kind : str
        Which, and what became of it.
    train, holdout, synthetic : str
        Rows of each table, exactly.
    """

    column: str
    level: str
    kind: str
    train: str
    holdout: str
    synthetic: str


@dataclass(frozen=True)
class LonelyRow:
    """One training row that stands alone.

    Parameters
    ----------
    row : str
        Its place in the training table, from 0.
    isolation, nearest, score : str
        Distance to other people and to the nearest synthetic row, and how member-like it looks.
    """

    row: str
    isolation: str
    nearest: str
    score: str


@dataclass(frozen=True)
class InternalView:
    """What only those may see who hold the real table.

    Parameters
    ----------
    levels : tuple of LevelRow
        Lost levels first, then invented, then rare ones.
    n_levels : int
        How many there are.
    rows : tuple of LonelyRow
        Most alone first.
    n_rows : int
        How many are known.
    """

    levels: tuple[LevelRow, ...]
    n_levels: int
    rows: tuple[LonelyRow, ...]
    n_rows: int


def in_full(result: AuditResult) -> AuditResult:
    """Show everything of an internal form in place of what may be printed.

    Parameters
    ----------
    result : AuditResult
        A releasable form, which stays as it is, or an internal one.

    Returns
    -------
    AuditResult
        With every column and every score, where they are known.
    """
    if result.detail is None:
        return result
    return replace(
        result,
        distributions=result.detail.distributions or result.distributions,
        associations=result.detail.associations or result.associations,
        scores=tuple(replace(score, releasable=True) for score in result.scores),
    )


def internal_view(result: AuditResult) -> InternalView | None:
    """Draw up what only those may see who hold the real table.

    Parameters
    ----------
    result : AuditResult
        A releasable form, or an internal one.

    Returns
    -------
    InternalView or None
        None for a releasable form.
    """
    detail = result.detail
    if detail is None and not result.vulnerable:
        return None
    levels = () if detail is None else detail.levels
    return InternalView(
        levels=tuple(
            LevelRow(
                clean(item.column),
                clean(item.level),
                _KINDS.get(item.kind, clean(item.kind)),
                *(f"{count:,}" for count in (item.train, item.holdout, item.synthetic)),
            )
            for item in levels[:_MOST_LEVELS]
        ),
        n_levels=0 if detail is None else detail.n_levels,
        rows=tuple(
            LonelyRow(
                f"{item.row:,}",
                *(figure(value) for value in (item.isolation, item.nearest_synthetic, item.membership_score)),
            )
            for item in result.vulnerable[:_MOST_ROWS]
        ),
        n_rows=len(result.vulnerable),
    )
