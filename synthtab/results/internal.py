"""What a result keeps for internal eyes: exact counts, and levels by name."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.results.shown import AssociationMatrix, Distribution

__all__ = ["InternalDetail", "LevelCount"]


@dataclass(frozen=True)
class LevelCount:
    """One level that few people hold, or nobody: for the eyes of those who hold the real table only.

    Parameters
    ----------
    column, level : str
        Which.
    kind : str
        ``lost``: no synthetic row has it; ``invented``: no real row has it; ``rare``: few real rows have it.
    train, holdout, synthetic : int
        Rows of each table, exactly.
    """

    column: str
    level: str
    kind: str
    train: int
    holdout: int
    synthetic: int

    @property
    def real(self) -> int:
        """Real rows."""
        return self.train + self.holdout


@dataclass(frozen=True)
class InternalDetail:
    """What the releasable form leaves out: for the eyes of those who hold the real table only.

    Parameters
    ----------
    distributions : tuple of Distribution
        Every column, no cell withheld.
    levels : tuple of LevelCount
        Levels that were lost, invented, or that few people hold.
    n_levels : int
        How many such levels there are; more than are listed in a very wide table.
    associations : AssociationMatrix or None
        Strengths of every pair, none withheld.
    """

    distributions: tuple[Distribution, ...]
    levels: tuple[LevelCount, ...]
    n_levels: int
    associations: AssociationMatrix | None = None
