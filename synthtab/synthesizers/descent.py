"""Descent: what a fit takes over from the lineage of its table, and what it hands on to its samples."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd

from synthtab.errors import SynthtabWarning
from synthtab.lineage import Lineage, keyed_hash, learned_from, lineage_of, refuse_generation
from synthtab.synthesizers.guard import Guard

if TYPE_CHECKING:
    from synthtab.synthesizers.base import Synthesizer

__all__ = ["descend"]


def descend(
    synthesizer: Synthesizer, frame: pd.DataFrame, max_generation: int | None, lineage_key: str | None
) -> tuple[Lineage, Guard | None]:
    """Read off a table what may be learned from it, and warn where it is synthetic.

    The guard runs once, on real rows: run again in every generation it would narrow the table. So it is off
    for rows whose lineage says that they passed it, and on, as configured, for all others, made by an
    instrument or not.

    Parameters
    ----------
    synthesizer : Synthesizer
        Who learns it; called by its `fit`.
    frame : pandas.DataFrame, shape (n_rows, n_columns)
        The table.
    max_generation : int or None
        The last generation that samples may be of.
    lineage_key : str or None
        Key of the HMAC of a real table.

    Returns
    -------
    tuple of Lineage and (Guard or None)
        The lineage of samples, and the guard that the rows have still to pass.

    Raises
    ------
    GenerationError
        When samples would be of a later generation.
    """
    told = lineage_of(frame)
    refuse_generation(told, max_generation)
    parent = Lineage.of_real(len(frame)) if told is None else told.for_rows(len(frame))
    guard, k = synthesizer.guard_config, 0 if synthesizer.guard_config is None else synthesizer.guard_config.k
    releasable = guard is not None
    if parent.guard:
        guard, k = None, parent.guard
        # of guarded real rows any model may go out, of a guarded sample what its own lineage says
        passed = parent.releasable or parent.is_mixture or not parent.is_synthetic
        releasable = passed and not synthesizer.is_instrument
    if parent.is_synthetic:
        added = told is not None and told.guard > parent.guard
        # the caller of fit is three calls up
        warnings.warn(_warning(parent, runs=guard is not None, added=added), SynthtabWarning, stacklevel=3)
    lineage = learned_from(
        parent,
        synthesizer=synthesizer.spec,
        seed=synthesizer.seed,
        guard=k,
        releasable=releasable,
        schema=synthesizer.schema,
        source=parent.source if parent.is_synthetic else keyed_hash(frame, synthesizer.schema, lineage_key),
    )
    return lineage, guard


def _warning(parent: Lineage, *, runs: bool, added: bool) -> str:
    by = "" if parent.synthesizer is None else f", by {parent.synthesizer}"
    told = f"This table is synthetic: generation {parent.generation}{by}."
    told += f" What is learned from it is generation {parent.generation + 1}."
    if parent.guard:
        return f"{told} It was guarded before (k = {parent.guard}), so that the guard does not run again."
    why = "It holds more rows than were drawn" if added else "It passed no guard"
    return f"{told} {why}, so that the guard runs now." if runs else told
