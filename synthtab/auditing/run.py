"""audit: score a synthetic table against the real source, and say what to do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from synthtab.auditing.checks import Finding, judge
from synthtab.auditing.comparison import Comparison
from synthtab.auditing.describe import describe_associations, describe_columns, describe_rare, mark_releasable
from synthtab.auditing.fidelity import Fidelity, measure_fidelity
from synthtab.auditing.learning import measure_detection, measure_utility
from synthtab.auditing.members import find_rare_levels, find_tails
from synthtab.auditing.policy import Policy
from synthtab.auditing.privacy import measure_privacy
from synthtab.auditing.tables import AppliesGuard, AuditTable, AuditTables, prepare_tables
from synthtab.auditing.words import limits_of, summarise, unanswered
from synthtab.errors import DataError, SpecError
from synthtab.profiling import Profile, count_table, make_plan
from synthtab.progress import current_progress
from synthtab.results import (
    Attack,
    AuditResult,
    Check,
    FamilyScore,
    GuardAction,
    Provenance,
    Score,
    Section,
    Status,
    Verdict,
)
from synthtab.schema import TableSchema
from synthtab.seeding import one_native_thread
from synthtab.tables.source import TableLike

__all__ = ["audit"]

SHARDS = 32
ROWS_A_SHARD = 8
# more synthetic or training rows than this many holdouts add nothing to a comparison with the holdout
LARGEST_RATIO = 8
_NOTHING_TO_GUARD = (
    "nothing had to be changed: levels and bounds are public, or enough people stand behind them"
)
_PROFILE_SECTIONS = (Section.SCHEMA, Section.MARGINAL, Section.ASSOCIATION, Section.RARE, Section.TAILS)


@dataclass(frozen=True)
class _Part:
    """What one family of questions adds to a result."""

    findings: tuple[Finding, ...] = ()
    scores: tuple[Score, ...] = ()
    families: tuple[FamilyScore, ...] = ()
    attacks: tuple[Attack, ...] = ()


def audit(
    real: TableLike,
    synthetic: TableLike,
    *,
    holdout: TableLike | None = None,
    schema: TableSchema | None = None,
    target: str | Sequence[str] | None = None,
    sections: Sequence[Section | str] | None = None,
    policy: Policy | None = None,
    guard: AppliesGuard | None = None,
    title: str = "",
    synthesizer: str = "",
    seed: int = 0,
) -> AuditResult:
    """Score a synthetic table against the real source: what it keeps, what it gives away, what to do.

    Parameters
    ----------
    real : table
        The rows that the synthesizer learned from: pandas, Arrow, polars, or the path of a CSV or Parquet
        file.
    synthetic : table
        The rows that it made.
    holdout : table, optional
        Real rows that it has not seen, drawn from the same people at random. Without them fidelity is
        optimistic, privacy cannot be judged, and the verdict is WARN at best.
    schema : TableSchema, optional
        What is public about the table; inferred from `real` when not given.
    target : str or sequence of str, optional
        Columns to predict for utility. By default the first label column with at least two frequent levels.
    sections : sequence of Section or str, optional
        Ask only these; by default all.
    policy : Policy, optional
        Margins, budgets and the smallest number of people that may be shown.
    guard : FittedGuard, optional
        ``synth.guard``: applied to the real tables, so that what it dropped is not blamed on the synthesizer.
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
        When a table has no rows, columns are missing or doubled, or a target does not exist.
    SpecError
        When a section does not exist.
    """
    rules = policy or Policy()
    asked = _sections(sections)
    tables = prepare_tables(real, synthetic, holdout, schema, guard)
    targets = _targets(tables, target)
    progress = current_progress()
    stage = "audit"
    progress.start(stage, 4)
    _load_native_libraries()
    try:
        with one_native_thread():
            profiles = _Profiles.of(tables, seed)
            fidelity = (
                _fidelity(profiles, rules, seed) if asked & set(_PROFILE_SECTIONS) else Fidelity((), (), ())
            )
            progress.advance(stage, note="utility")
            utility = (
                _Part(*measure_utility(tables, targets, rules, seed)) if Section.UTILITY in asked else _Part()
            )
            progress.advance(stage, note="detection")
            detection = (
                _Part(*measure_detection(tables, rules, seed)) if Section.DETECTION in asked else _Part()
            )
            progress.advance(stage, note="privacy")
            privacy = _Part()
            if Section.PRIVACY in asked:
                findings, scores, attacks = measure_privacy(tables, rules, seed)
                privacy = _Part(findings, scores, attacks=attacks)
            progress.advance(stage)
            return _result(
                tables,
                profiles,
                [_Part(fidelity.findings, fidelity.scores, fidelity.families), utility, detection, privacy],
                rules,
                asked,
                guard,
                title or tables.schema.name,
                synthesizer,
                seed,
            )
    finally:
        progress.finish(stage)


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


def _targets(tables: AuditTables, target: str | Sequence[str] | None) -> tuple[str, ...]:
    names = [column.name for column in tables.columns]
    wanted = [target] if isinstance(target, str) else list(target or [])
    for name in wanted:
        if name not in names:
            raise DataError(
                f"The target {name!r} is no modelled column.", hint=f"Modelled: {', '.join(names)}."
            )
    return tuple(wanted) or tuple(_default_target(tables))


def _default_target(tables: AuditTables) -> list[str]:
    """Take the first label column with two levels that a tenth of the rows hold, else any number."""
    for column in tables.columns:
        if column.kind.is_label:
            cast = tables.train.rows.label(column.name)
            counts = sorted(
                (int((cast.codes == code).sum()) for code in range(len(cast.levels))), reverse=True
            )
            if len(counts) > 1 and counts[1] >= 0.1 * tables.train.n_rows:
                return [column.name]
    return [column.name for column in tables.columns if column.kind.is_number][:1]


# ---------------------------------------------------------------------- profiles


@dataclass(frozen=True, eq=False)
class _Profiles:
    """The three tables counted under one plan, in shards of equal size."""

    synthetic: Profile
    holdout: Profile
    train: Profile
    compared: tuple[int, int, int]
    has_holdout: bool

    @classmethod
    def of(cls, tables: AuditTables, seed: int) -> _Profiles:
        """Count the tables."""
        train, held = tables.train, tables.holdout or tables.train
        plan = make_plan(tables.schema, [train.rows, held.rows] if tables.holdout else [train.rows])
        compared_rows = min(tables.synthetic.n_rows, train.n_rows, LARGEST_RATIO * held.n_rows)
        # four subsamples' worth of rows is more than averaging over subsamples can use
        synthetic = tables.synthetic.at_most(4 * compared_rows, seed)
        trained = train.at_most(4 * compared_rows, seed)
        smallest = min(compared_rows, held.n_rows)
        unit = max(smallest / max(2, min(SHARDS, smallest // ROWS_A_SHARD)), 1.0)

        def count(table: AuditTable, stream: int) -> Profile:
            shards = max(1, round(table.n_rows / unit))
            return count_table(table.rows, plan, shards=shards, seed=seed + stream, people=table.people)

        profiles = (count(synthetic, 0), count(held, 1), count(trained, 2 if tables.holdout else 1))
        most = max(1, round(compared_rows / unit))
        sizes = (min(most, profiles[0].n_shards), profiles[1].n_shards, min(most, profiles[2].n_shards))
        return cls(*profiles, compared=sizes, has_holdout=tables.holdout is not None)


def _fidelity(profiles: _Profiles, policy: Policy, seed: int) -> Fidelity:
    train, holdout = profiles.train, profiles.holdout
    real = tuple(
        a + b if profiles.has_holdout else a
        for a, b in zip(train.bin_totals, holdout.bin_totals, strict=True)
    )
    comparison = Comparison(
        profiles.synthetic,
        holdout,
        train,
        find_rare_levels(train),
        find_tails(train.plan, real, min(train.n_rows, holdout.n_rows), policy.k),
        seed,
    )
    return measure_fidelity(
        comparison,
        compared=profiles.compared,
        has_holdout=profiles.has_holdout,
        budget=policy.fidelity,
        k=policy.k,
        seed=seed,
    )


# ---------------------------------------------------------------------- the result


def _result(
    tables: AuditTables,
    profiles: _Profiles,
    parts: list[_Part],
    policy: Policy,
    asked: set[Section],
    guard: AppliesGuard | None,
    title: str,
    synthesizer: str,
    seed: int,
) -> AuditResult:
    checks = tuple(
        sorted(
            (
                judge(finding, policy)
                for part in parts
                for finding in part.findings
                if finding.section in asked
            ),
            key=lambda check: check.code,
        )
    )
    scores = [score for part in parts for score in part.scores if score.section in asked]
    k, has_holdout = policy.k, profiles.has_holdout
    marked = mark_releasable(scores, profiles.holdout, profiles.train, k=k, has_holdout=has_holdout)
    three = (profiles.synthetic, profiles.holdout, profiles.train)
    compared = min(tables.synthetic.n_rows, tables.train.n_rows)
    drawn = Section.MARGINAL in asked
    verdict = _verdict(checks, has_holdout=profiles.has_holdout)
    attacks = tuple(attack for part in parts for attack in part.attacks)
    return AuditResult(
        verdict=verdict,
        summary=summarise(verdict, checks, has_holdout=profiles.has_holdout),
        checks=checks,
        scores=marked,
        families=tuple(
            _with_status(f, checks) for part in parts for f in part.families if f.section in asked
        ),
        distributions=describe_columns(
            *three,
            marked,
            compared=compared,
            margin=policy.margins["STB105"].threshold,
            k=k,
            has_holdout=has_holdout,
        )
        if drawn
        else (),
        rare=describe_rare(*three, k=k, has_holdout=has_holdout) if Section.RARE in asked else (),
        associations=describe_associations(*three, k=k, has_holdout=has_holdout)
        if Section.ASSOCIATION in asked
        else None,
        attacks=attacks,
        guard=_guard_actions(guard),
        provenance=_provenance(tables, title, synthesizer, policy, seed, compared),
        limits=limits_of(tables, checks),
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


def _provenance(
    tables: AuditTables, title: str, synthesizer: str, policy: Policy, seed: int, compared: int
) -> Provenance:
    return Provenance(
        title=title,
        synthesizer=synthesizer,
        n_train=tables.train.n_rows,
        n_holdout=tables.holdout.n_rows if tables.holdout else 0,
        n_synthetic=tables.synthetic.n_rows,
        n_compared=compared,
        n_columns=len(tables.columns),
        seed=seed,
        generation=1 if synthesizer else None,
        created=_today(),
        versions=_versions(),
        policy=policy.name,
        holdout=tables.holdout is not None,
    )


def _today() -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), tz=UTC) if epoch else datetime.now(tz=UTC)
    return moment.date().isoformat()


def _versions() -> tuple[tuple[str, str], ...]:
    found = []
    for name in ("synthtab", "numpy", "pandas", "scikit-learn", "scipy", "sdv"):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)
