"""Who made the table from what: the steps from real rows to the table that was judged."""

from __future__ import annotations

from synthtab.reporting.text import clean, plural
from synthtab.reporting.viewmodel import FactRow
from synthtab.results import AuditResult

__all__ = ["lineage_note", "lineage_steps"]


def lineage_steps(result: AuditResult) -> tuple[FactRow, ...]:
    """Name the steps from the real rows to the synthetic table.

    Parameters
    ----------
    result : AuditResult
        The audit.

    Returns
    -------
    tuple of FactRow
        Source, guard, synthesizer, table: each with what is known of it.
    """
    source, told = result.provenance, result.provenance.lineage
    made_by = (told.synthesizer if told is not None else "") or source.synthesizer
    parents = [] if told is None else [clean(parent) for parent in told.parents]
    learned = "; ".join(parents) or f"real table, {plural(source.n_train, 'row')}"
    seeds = [] if told is None else [("fit seed", told.fit_seed), ("sample seed", told.sample_seed)]
    known = ", ".join(f"{name} {seed}" for name, seed in seeds if seed is not None)
    fit = f"{clean(made_by)}{', ' + known if known else ''}" if made_by else "not told"
    if told is not None and told.regime:
        fit += f"; training tables came about by {clean(told.regime)}"
    generation = source.generation
    made = plural(source.n_synthetic, "row")
    if generation is not None:
        made += f", generation {generation}"
    if told is not None and told.releases:
        made += f", table {told.releases} drawn from this fit"
    return (
        FactRow("Learned from", learned),
        FactRow("Guard", _guard(result)),
        FactRow("Made by", fit),
        FactRow("This table", made),
    )


def _guard(result: AuditResult) -> str:
    told = result.provenance.lineage
    if told is not None:
        if not told.guard:
            return "did not run"
        may = "" if told.releasable else "; the table is still not released by it"
        return f"ran: no value of fewer than {told.guard} people{may}"
    return "ran" if result.guard else "not told"


def lineage_note(result: AuditResult) -> str:
    """Say what stands behind the steps.

    Parameters
    ----------
    result : AuditResult
        The audit.

    Returns
    -------
    str
        Whether the table told them itself.
    """
    told = result.provenance.lineage
    if told is None:
        return "The table carries no lineage: this is what the audit was told."
    if told.generation == 0:
        return "The table calls itself real."
    if told.generation > 1:
        lost = "what they lost or gave away is in it too"
        return f"The table says so itself. It was learned from synthetic rows: {lost}."
    return "The table says so itself."
