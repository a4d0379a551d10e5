"""Ancestry: what a synthetic table says of where it came from, for a report."""

from __future__ import annotations

from synthtab.errors import SavedModelError
from synthtab.lineage import lineage_of
from synthtab.results import TableLineage
from synthtab.tables.source import TableLike

__all__ = ["table_lineage"]


def table_lineage(table: TableLike) -> TableLineage | None:
    """Read the lineage that a table carries.

    Parameters
    ----------
    table : table
        The synthetic rows, or the path of their file.

    Returns
    -------
    TableLineage or None
        What it says; None where it says nothing, or nothing that can be read.
    """
    try:
        found = lineage_of(table)
    except SavedModelError:
        return None
    if found is None:
        return None
    return TableLineage(
        generation=found.generation,
        synthesizer="" if found.synthesizer is None else str(found.synthesizer),
        parents=tuple(str(parent) for parent in found.parents),
        fit_seed=found.fit_seed,
        sample_seed=found.sample_seed,
        guard=found.guard,
        releasable=found.releasable,
        releases=found.releases,
        regime=found.regime,
    )
