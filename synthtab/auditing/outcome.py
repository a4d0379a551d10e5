"""From everything that was measured to one AuditResult."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from synthtab.auditing.checks import Finding, judge
from synthtab.auditing.contexts import answer_contexts
from synthtab.auditing.describe import RealCounts, describe_associations, describe_columns, describe_rare
from synthtab.auditing.describe_internal import describe_internal
from synthtab.auditing.describe_rows import describe_bands, describe_logic, with_models, with_shown_shares
from synthtab.auditing.group_findings import GroupServed
from synthtab.auditing.policy import Policy
from synthtab.auditing.profiles import AuditProfiles
from synthtab.auditing.tables import AppliesGuard
from synthtab.auditing.withholding import changes_shown, mark_checks, mark_scores, pairs_of_few
from synthtab.auditing.words import limits_of, summarise, unanswered
from synthtab.lineage.fingerprints import today
from synthtab.results import (
    AssociationChange,
    AssociationMatrix,
    Attack,
    AuditResult,
    Check,
    Distribution,
    FamilyScore,
    GuardAction,
    ModelComparison,
    Provenance,
    Score,
    Section,
    Status,
    Subgroup,
    TableLineage,
    Verdict,
    VulnerableRecord,
)

__all__ = ["Labels", "Part", "audit_result"]

_NOTHING_TO_GUARD = (
    "nothing had to be changed: levels and bounds are public, or enough people stand behind them"
)


@dataclass(frozen=True)
class Part:
    """What one family of questions adds to a result.

    Parameters
    ----------
    findings : tuple of Finding
        Checks, not yet judged.
    scores : tuple of Score
        Figures.
    families : tuple of FamilyScore
        Families on one scale.
    attacks : tuple of Attack
        Attacks on the people behind the table.
    changes : tuple of AssociationChange
        Findings lost or invented.
    subgroups : tuple of Subgroup
        Levels of the chosen columns.
    models : tuple of ModelComparison
        Models trained on synthetic and on real rows.
    served : tuple of GroupServed
        How well such models serve each group.
    vulnerable : tuple of VulnerableRecord
        Training rows that stand most alone.
    rare_values_stand : bool
        Whether a level that only a few people hold stands in the synthetic table.
    limits : tuple of str
        What could not be said.
    """

    findings: tuple[Finding, ...] = ()
    scores: tuple[Score, ...] = ()
    families: tuple[FamilyScore, ...] = ()
    attacks: tuple[Attack, ...] = ()
    changes: tuple[AssociationChange, ...] = ()
    subgroups: tuple[Subgroup, ...] = ()
    models: tuple[ModelComparison, ...] = ()
    served: tuple[GroupServed, ...] = ()
    vulnerable: tuple[VulnerableRecord, ...] = ()
    rare_values_stand: bool = False
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labels:
    """What is printed of where the tables came from.

    Parameters
    ----------
    title, synthesizer : str
        Name of the table, and how the synthetic one was made.
    n_train, n_holdout, n_synthetic : int
        Rows of each table.
    seed : int
        Seed of the audit.
    guard : AppliesGuard or None
        What was applied to the real rows.
    lineage : TableLineage or None
        What the synthetic table says of itself.
    rows_a_person : int
        Most rows that one person has in any real table.
    """

    title: str
    synthesizer: str
    n_train: int
    n_holdout: int
    n_synthetic: int
    seed: int
    guard: AppliesGuard | None = None
    lineage: TableLineage | None = None
    rows_a_person: int = 1


def audit_result(
    profiles: AuditProfiles, parts: Sequence[Part], policy: Policy, asked: set[Section], labels: Labels
) -> AuditResult:
    """Judge every finding and put the result together.

    Parameters
    ----------
    profiles : AuditProfiles
        The counted tables.
    parts : sequence of Part
        What each family of questions found.
    policy : Policy
        Margins and budgets.
    asked : set of Section
        Sections to keep.
    labels : Labels
        What is printed of where the tables came from.

    Returns
    -------
    AuditResult
        The result.
    """
    findings = [f for part in parts for f in part.findings if f.section in asked]
    checks = tuple(sorted((judge(finding, policy) for finding in findings), key=lambda check: check.code))
    scores = [score for part in parts for score in part.scores if score.section in asked]
    has_holdout, three = profiles.has_holdout, profiles.three
    # counts are of rows: where a person has several, so many rows may be one person's
    k = policy.k * max(labels.rows_a_person, 1)
    parts_of_real = RealCounts.parts(*three[1:], has_holdout=has_holdout)
    real = parts_of_real[0]
    marked = mark_scores(scores, parts_of_real, profiles.holdout, profiles.train, k)
    checks = mark_checks(checks, marked)
    compared = min(labels.n_synthetic, labels.n_train)
    verdict = _verdict(checks, has_holdout=has_holdout)
    margin = policy.margins["STB105"].threshold

    def columns(*, shows_all: bool) -> tuple[Distribution, ...]:
        if Section.MARGINAL not in asked:
            return ()
        return describe_columns(
            *three,
            marked,
            compared=compared,
            margin=margin,
            k=k,
            has_holdout=has_holdout,
            shows_all=shows_all,
        )

    def associations(withheld: Collection[tuple[int, int]]) -> AssociationMatrix | None:
        if Section.ASSOCIATION not in asked:
            return None
        return describe_associations(*three, withheld=withheld, has_holdout=has_holdout)

    return AuditResult(
        verdict=verdict,
        summary=summarise(verdict, checks, has_holdout=has_holdout, from_profile=profiles.from_profile),
        checks=checks,
        scores=marked,
        families=tuple(
            _with_status(f, checks) for part in parts for f in part.families if f.section in asked
        ),
        distributions=columns(shows_all=False),
        rare=describe_rare(*three, k=k, has_holdout=has_holdout) if Section.RARE in asked else (),
        associations=associations(pairs_of_few(parts_of_real, k)),
        attacks=tuple(attack for part in parts for attack in part.attacks),
        guard=_guard_actions(labels.guard),
        provenance=_provenance(profiles, labels, policy, compared),
        contexts=answer_contexts(
            checks, policy, rare_values_stand=any(part.rare_values_stand for part in parts)
        )
        if Section.PRIVACY in asked
        else (),
        vulnerable=tuple(record for part in parts for record in part.vulnerable),
        limits=tuple(limit for part in parts for limit in part.limits)
        + limits_of(
            profiles.train.plan.schema,
            checks,
            n_train=labels.n_train,
            n_holdout=labels.n_holdout,
            from_profile=profiles.from_profile,
            pairs_rule=profiles.train.plan.pairs_rule,
        ),
        rare_bands=describe_bands(*three, k=k, has_holdout=has_holdout) if Section.RARE in asked else (),
        association_changes=changes_shown(
            [change for part in parts for change in part.changes], parts_of_real, k
        )
        if Section.ASSOCIATION in asked
        else (),
        logic=describe_logic(*three, k=k, has_holdout=has_holdout)
        if asked & {Section.ASSOCIATION, Section.SCHEMA}
        else (),
        subgroups=with_models(
            with_shown_shares(
                [group for part in parts for group in part.subgroups], real, profiles.synthetic, k
            ),
            [served for part in parts for served in part.served],
        )
        if Section.SUBGROUPS in asked
        else (),
        models=tuple(model for part in parts for model in part.models) if Section.UTILITY in asked else (),
        detail=None
        if profiles.from_profile
        else describe_internal(*three, columns(shows_all=True), associations(()), has_holdout=has_holdout),
    )


def _verdict(checks: tuple[Check, ...], *, has_holdout: bool) -> Verdict:
    answers = [Verdict(c.status.value) for c in checks if c.status in (Status.PASS, Status.WARN, Status.FAIL)]
    # a question that could not be asked is no pass
    if not has_holdout or unanswered(checks):
        answers.append(Verdict.WARN)
    return Verdict.worst(answers)


def _with_status(family: FamilyScore, checks: tuple[Check, ...]) -> FamilyScore:
    if family.status is Status.NOT_APPLICABLE:
        return family
    own = [
        Verdict(c.status.value)
        for c in checks
        if c.section is family.section and c.status in (Status.PASS, Status.WARN, Status.FAIL)
    ]
    return replace(family, status=Status(Verdict.worst(own).value))


def _guard_actions(guard: AppliesGuard | None) -> tuple[GuardAction, ...]:
    if guard is None:
        return ()
    actions = tuple(action for action in getattr(guard, "actions", ()) if isinstance(action, GuardAction))
    return actions or (GuardAction("all columns", _NOTHING_TO_GUARD),)


def _provenance(profiles: AuditProfiles, labels: Labels, policy: Policy, compared: int) -> Provenance:
    return Provenance(
        title=labels.title,
        synthesizer=labels.synthesizer,
        n_train=labels.n_train,
        n_holdout=labels.n_holdout,
        n_synthetic=labels.n_synthetic,
        n_compared=compared,
        n_columns=len(profiles.train.plan.columns),
        seed=labels.seed,
        generation=_generation(labels),
        created=today(),
        versions=_versions(),
        policy=policy.name,
        holdout=profiles.has_holdout,
        k=policy.k,
        lineage=labels.lineage,
    )


def _generation(labels: Labels) -> int | None:
    if labels.lineage is not None:
        return labels.lineage.generation
    return 1 if labels.synthesizer else None


def _versions() -> tuple[tuple[str, str], ...]:
    found = []
    for name in ("synthtab", "numpy", "pandas", "scikit-learn", "scipy", "sdv"):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)
