"""What Profiles say of an audit: findings, figures, families, changed associations and groups."""

from __future__ import annotations

from synthtab.auditing.choices import ShardChoices
from synthtab.auditing.describe_pairs import describe_changes
from synthtab.auditing.describe_rows import describe_subgroups
from synthtab.auditing.fidelity import measure_fidelity
from synthtab.auditing.group_metrics import Group
from synthtab.auditing.outcome import Part
from synthtab.auditing.policy import Policy
from synthtab.auditing.profiles import AuditProfiles
from synthtab.results import Section

__all__ = ["PROFILE_SECTIONS", "measure_profiles"]

PROFILE_SECTIONS = frozenset(
    {
        Section.SCHEMA,
        Section.MARGINAL,
        Section.ASSOCIATION,
        Section.RARE,
        Section.TAILS,
        Section.SUBGROUPS,
    }
)


def measure_profiles(
    profiles: AuditProfiles, groups: tuple[Group, ...], policy: Policy, asked: set[Section], seed: int
) -> Part:
    """Measure everything that Profiles can say.

    Parameters
    ----------
    profiles : AuditProfiles
        The counted tables.
    groups : tuple of Group
        Groups inside which fidelity is asked.
    policy : Policy
        Margins and budgets.
    asked : set of Section
        Sections to answer.
    seed : int
        Seed of all draws.

    Returns
    -------
    Part
        Findings, figures, families, changed associations and groups.
    """
    comparison = profiles.comparison(groups, k=policy.k, seed=seed)
    fidelity = measure_fidelity(
        comparison,
        compared=profiles.compared,
        has_holdout=profiles.has_holdout,
        draws=profiles.draws,
        budget=policy.fidelity,
        k=policy.k,
        seed=seed,
        sections=frozenset(asked),
    )
    choices = ShardChoices(comparison, profiles.compared, seed, has_holdout=profiles.has_holdout)
    rows = sum(p.n_rows for p in (profiles.three[1:] if profiles.has_holdout else profiles.three[2:]))
    return Part(
        fidelity.findings,
        fidelity.scores,
        fidelity.families,
        changes=describe_changes(comparison, choices, k=policy.k, has_holdout=profiles.has_holdout)
        if Section.ASSOCIATION in asked
        else (),
        subgroups=describe_subgroups(
            comparison.groups, comparison.plan.names, fidelity, rows, policy.margins["STB501"].threshold
        )
        if Section.SUBGROUPS in asked
        else (),
    )
