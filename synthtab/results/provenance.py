"""Where the audited tables came from, and what the synthetic one says of itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Provenance", "TableLineage"]


@dataclass(frozen=True)
class TableLineage:
    """What a synthetic table says of itself: who made it from what.

    Parameters
    ----------
    generation : int
        1 for a table made from real rows; 0 where the table calls itself real.
    synthesizer : str
        Who made it, with parameters; empty when not told.
    parents : tuple of str
        What was learned, or mixed, in words.
    fit_seed, sample_seed : int or None
        Seeds of the fit and of the draw.
    guard : int
        Smallest number of people that the guard left behind a value; 0 when it did not run.
    releasable : bool
        Whether the guard lets the rows go out.
    releases : int
        How many tables were drawn from this fit so far.
    regime : str
        How training tables came about in a recursion; empty elsewhere.
    """

    generation: int
    synthesizer: str
    parents: tuple[str, ...]
    fit_seed: int | None
    sample_seed: int | None
    guard: int
    releasable: bool
    releases: int
    regime: str = ""


@dataclass(frozen=True)
class Provenance:
    """Where the audited tables came from.

    Parameters
    ----------
    title : str
        Name of the table.
    synthesizer : str
        How it was made, when known.
    n_train, n_holdout, n_synthetic : int
        Rows of each table.
    n_compared : int
        Rows of the synthetic table that each comparison used.
    n_columns : int
        Columns that were scored.
    seed : int
        Seed of the audit.
    generation : int or None
        1 for a table made from real rows, when known.
    created : str
        ISO date.
    versions : tuple of tuple of str
        Name and version of each library that matters.
    policy : str
        Name of the policy.
    holdout : bool
        Whether there was a holdout.
    k : int
        Fewest people that must stand behind a printed figure.
    lineage : TableLineage or None
        What the synthetic table says of itself; None when it says nothing.
    """

    title: str
    synthesizer: str
    n_train: int
    n_holdout: int
    n_synthetic: int
    n_compared: int
    n_columns: int
    seed: int
    generation: int | None
    created: str
    versions: tuple[tuple[str, str], ...]
    policy: str
    holdout: bool
    k: int = 10
    lineage: TableLineage | None = None
