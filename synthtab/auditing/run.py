"""audit: score a synthetic table against the real source, and say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from synthtab.auditing.ancestry import table_lineage
from synthtab.auditing.detection import measure_detection
from synthtab.auditing.group_metrics import Group, groups_of_rows
from synthtab.auditing.inference import measure_inference, measure_propensity
from synthtab.auditing.outcome import Labels, Part, audit_result
from synthtab.auditing.policy import Policy
from synthtab.auditing.privacy import measure_privacy
from synthtab.auditing.profile_part import PROFILE_SECTIONS, measure_profiles
from synthtab.auditing.profiles import AuditProfiles
from synthtab.auditing.reference import audit_profile
from synthtab.auditing.refits import make_refit
from synthtab.auditing.releases import audit_releases
from synthtab.auditing.tables import AppliesGuard, AuditTables, prepare_tables
from synthtab.auditing.targets import columns_named, targets_of
from synthtab.auditing.utility import measure_utility, train_and_test
from synthtab.errors import DataError, SpecError
from synthtab.metrics.utility import Depth
from synthtab.profiling import Profile
from synthtab.progress import current_progress
from synthtab.results import AuditResult, Section
from synthtab.schema import TableSchema
from synthtab.seeding import one_native_thread
from synthtab.specs import SynthesizerSpec
from synthtab.tables import read_frame
from synthtab.tables.source import TableLike

__all__ = ["audit"]


def audit(
    real: TableLike | None = None,
    synthetic: TableLike | Sequence[TableLike] | None = None,
    *,
    holdout: TableLike | None = None,
    reference: str | Path | Profile | None = None,
    schema: TableSchema | None = None,
    target: str | Sequence[str] | None = None,
    subgroups: str | Sequence[str] | None = None,
    sections: Sequence[Section | str] | None = None,
    depth: Depth = "standard",
    policy: Policy | None = None,
    guard: AppliesGuard | None = None,
    refit: str | SynthesizerSpec | None = None,
    fits: int = 40,
    title: str = "",
    synthesizer: str = "",
    seed: int = 0,
) -> AuditResult:
    """Score a synthetic table against the real source: what it keeps, what it gives away, what to do.

    Parameters
    ----------
    real : table
        The rows that the synthesizer learned from: pandas, Arrow, polars, or the path of a CSV or Parquet
        file. Not needed with a `reference`.
    synthetic : table or list of tables
        The rows that it made. Several tables made from one source give away more than each: they are judged
        together, and each on its own in `AuditResult.releases`.
    holdout : table, optional
        Real rows that it has not seen, drawn from the same people at random. Without them fidelity is
        optimistic, privacy cannot be judged, and the verdict is WARN at best.
    reference : path or Profile, optional
        In place of `real`: what `make_reference` wrote. It holds no row, so what needs rows (utility,
        detection, privacy) is not applicable.
    schema : TableSchema, optional
        What is public about the table; inferred from `real` when not given.
    target : str or sequence of str, optional
        Columns to predict for utility. By default the first label column with at least two frequent levels.
    subgroups : str or sequence of str, optional
        Columns inside whose levels fidelity and utility are asked too. By default the quasi-identifiers of
        the schema, else label columns of few levels; none with ``()``.
    sections : sequence of Section or str, optional
        Ask only these; by default all.
    depth : {"standard", "thorough"}, default "standard"
        Thorough adds a third family of models, more draws and slower membership attacks.
    policy : Policy, optional
        Margins, budgets and the smallest number of people that may be shown.
    guard : FittedGuard, optional
        ``synth.guard``: applied to the real tables, so that what it dropped is not blamed on the synthesizer.
    refit : str or SynthesizerSpec, optional
        The synthesizer that made the table: it is fitted again, with and without the people who stand most
        alone, and an attacker tells which (shadow models).
    fits : int, default 40
        Budget of such fits.
    title : str, default ""
        Name of the table, for the report.
    synthesizer : str, default ""
        How it was made, for the report.
    seed : int, default 0
        Seed of every draw; the same tables and seed give the same result, whatever the order of rows and
        columns.

    Returns
    -------
    AuditResult
        Verdict, checks, figures, and what a report draws.

    Raises
    ------
    DataError
        When a table has no rows or is not given, columns are missing or doubled, or a target or subgroup
        does not exist.
    SpecError
        When a section or depth does not exist, or what a `reference` stands for is given beside it.
    """
    if depth not in ("standard", "thorough"):
        raise SpecError(f"There is no depth {depth!r}.", hint="Known: standard, thorough.")
    if synthetic is None:
        raise DataError("No synthetic table was given.", hint="Pass synthetic=…, the rows to be judged.")
    if isinstance(synthetic, Sequence) and not isinstance(synthetic, str):
        shared = (policy or Policy()).shared_by(len(synthetic) + 1 if len(synthetic) > 1 else 1)
        given = locals() | {"policy": shared}
        del given["shared"]
        return audit_releases(synthetic, lambda table: audit(**given | {"synthetic": table}))
    rules, asked = policy or Policy(), _sections(sections)
    if reference is not None:
        _alone(rows=(real, holdout), beside=(schema, target, guard, refit))
        return audit_profile(reference, synthetic, subgroups, rules, asked, title, synthesizer, seed)
    if real is None:
        raise DataError("No real table was given.", hint="Pass real=… or reference=….")
    tables = prepare_tables(real, synthetic, holdout, schema, guard)
    targets = targets_of(tables, target)
    chosen = None if subgroups is None else columns_named(tables, subgroups, "subgroup column")
    progress = current_progress()
    stage = "audit"
    progress.start(stage, 4)
    _load_native_libraries()
    try:
        with one_native_thread():
            profiles = AuditProfiles.of(tables, targets, k=rules.k, seed=seed)
            groups = profiles.groups(chosen, k=rules.k)
            parts = (
                [measure_profiles(profiles, groups, rules, asked, seed)] if asked & PROFILE_SECTIONS else []
            )
            progress.advance(stage, note="utility")
            if asked & {Section.UTILITY, Section.SUBGROUPS}:
                parts.append(_models(tables, targets, profiles, groups, rules, asked, depth, seed))
            progress.advance(stage, note="detection")
            if Section.DETECTION in asked:
                parts.append(Part(*measure_detection(tables, rules, seed)))
                parts.append(Part(scores=measure_propensity(tables, seed)))
            progress.advance(stage, note="privacy")
            if Section.PRIVACY in asked:
                parts.append(_attacks(tables, rules, depth, seed, real, refit, fits))
            progress.advance(stage)
            labels = Labels(
                title or tables.schema.name,
                synthesizer,
                tables.train.n_rows,
                tables.holdout.n_rows if tables.holdout else 0,
                tables.synthetic.n_rows,
                seed,
                guard,
                table_lineage(synthetic),
                tables.rows_a_person,
            )
            return audit_result(profiles, parts, rules, asked, labels)
    finally:
        progress.finish(stage)


def _alone(*, rows: tuple[object, ...], beside: tuple[object, ...]) -> None:
    """Refuse what a reference stands for, or brings itself."""
    if any(item is not None for item in rows):
        raise SpecError("Both a reference and real rows were given.", hint="Give one of them.")
    if any(item is not None for item in beside):
        raise SpecError(
            "A reference brings its own schema and asks nothing that needs a target, a guard or refits.",
            hint="Leave schema, target, guard and refit out; name targets when the reference is made.",
        )


def _attacks(
    tables: AuditTables,
    policy: Policy,
    depth: Depth,
    seed: int,
    real: TableLike,
    refit: str | SynthesizerSpec | None,
    fits: int,
) -> Part:
    """Attack the people behind the table."""
    found = measure_privacy(
        tables,
        policy,
        seed,
        thorough=depth == "thorough",
        refit=None if refit is None else make_refit(refit, read_frame(real), tables.schema, fits),
    )
    return Part(
        found.findings,
        found.scores,
        attacks=found.attacks,
        vulnerable=found.vulnerable,
        rare_values_stand=found.rare_values_stand,
        limits=found.limits,
    )


def _models(
    tables: AuditTables,
    targets: tuple[str, ...],
    profiles: AuditProfiles,
    groups: tuple[Group, ...],
    policy: Policy,
    asked: set[Section],
    depth: Depth,
    seed: int,
) -> Part:
    """Train models on synthetic and real rows, whole and inside groups; ask what statisticians ask."""
    plan = profiles.train.plan
    inside = groups if Section.SUBGROUPS in asked else ()
    utility = measure_utility(
        tables,
        targets,
        policy,
        seed,
        depth=depth,
        groups=lambda rows: groups_of_rows(plan, inside, rows),
    )
    if Section.UTILITY not in asked:
        return Part(utility.findings, utility.scores, served=utility.groups)
    inference = measure_inference(tables, *train_and_test(tables, seed), targets, seed)
    return Part(
        utility.findings,
        (*utility.scores, *inference.scores),
        utility.families,
        models=(*utility.models, *inference.models),
        served=utility.groups,
    )


def _load_native_libraries() -> None:
    """Load what holds native threads, because only libraries that are there can be held to one."""
    import scipy.special  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401


def _sections(sections: Sequence[Section | str] | None) -> set[Section]:
    if sections is None:
        return set(Section)
    try:
        return {Section(section) for section in ([sections] if isinstance(sections, str) else sections)}
    except ValueError as error:
        raise SpecError("There is no such section.", hint=f"Known: {', '.join(Section)}.") from error
