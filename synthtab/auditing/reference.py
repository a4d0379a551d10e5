"""An audit against a saved profile: no real row is needed, nor can one be had from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from synthtab.auditing.ancestry import table_lineage
from synthtab.auditing.checks import Finding
from synthtab.auditing.outcome import Labels, Part, audit_result
from synthtab.auditing.policy import Policy
from synthtab.auditing.profile_part import PROFILE_SECTIONS, measure_profiles
from synthtab.auditing.profiles import LARGEST_RATIO, ROWS_A_SHARD, SHARDS, AuditProfiles
from synthtab.auditing.tables import prepare_table
from synthtab.errors import DataError
from synthtab.profiling import Profile, count_table, load_profile, make_plan, releasable_profile, save_profile
from synthtab.profiling.memory import person_hash
from synthtab.profiling.mining import mine_rules
from synthtab.results import AuditResult, FamilyScore, Section, Status
from synthtab.schema import TableSchema
from synthtab.seeding import generator, one_native_thread
from synthtab.tables import read_frame
from synthtab.tables.source import TableLike

__all__ = ["audit_profile", "make_reference"]

FLOOR_DRAWS = 20
_NEEDS_ROWS = "only a profile of the real rows was at hand, and this needs rows"
_OF_ROWS = (
    ("STB601", Section.UTILITY, "Utility", "models trained on it"),
    ("STB701", Section.DETECTION, "Detection", "told from real rows"),
    ("STB801", Section.PRIVACY, "", "attacks on the people behind it"),
)


def make_reference(
    real: TableLike,
    path: str | Path,
    *,
    schema: TableSchema | None = None,
    target: str | Sequence[str] = (),
    k: int = 10,
    seed: int = 0,
) -> Path:
    """Write what an audit needs to know of a real table, in a form that may leave the house.

    Counts below `k` people are dropped, all others lie on a grid of `k`; exact values become cells, rare
    levels are pooled, and no row is kept. `audit` takes the file in place of the real table.

    Parameters
    ----------
    real : table
        All real rows that may be described: pandas, Arrow, polars, or a path.
    path : str or Path
        File to write, ending in ``.npz``.
    schema : TableSchema, optional
        What is public about the table; inferred when not given.
    target : str or sequence of str, optional
        Columns of most interest: all their pairs and triples are counted.
    k : int, default 10
        Smallest number of people that may be shown. Where persons have several rows, counts of rows must
        reach `k` times the most rows of any person.
    seed : int, default 0
        Seed of the choice of triples.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        When the table has fewer than `k` rows, or a target does not exist.
    """
    frame = read_frame(real)
    known = TableSchema.infer(frame) if schema is None else schema
    # counts are of rows: where a person has several, k people may be behind k times as many at the least
    people = person_hash(frame, known)
    least = k if people is None else k * int(np.unique(people, return_counts=True)[1].max(initial=1))
    if len(frame) < least:
        raise DataError(f"The real table has fewer than {least} rows.", hint="Nothing about it may be shown.")
    rows = known.cast(frame, "real")
    rows = rows.in_content_order()
    targets = [target] if isinstance(target, str) else list(target)
    names = [column.name for column in known.modelled]
    for name in targets:
        if name not in names:
            raise DataError(
                f"The target {name!r} is no modelled column.", hint=f"Modelled: {', '.join(names)}."
            )
    mined = [rule for rule in mine_rules(known, rows, k=least) if rule.is_releasable(known)]
    plan = make_plan(known, [rows], least, targets=targets, mined=mined, seed=seed)
    kept = releasable_profile(count_table(rows, plan, shards=1, seed=seed), least)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return save_profile(kept, path, k=least)


def audit_profile(
    reference: str | Path | Profile,
    synthetic: TableLike,
    subgroups: str | Sequence[str] | None,
    policy: Policy,
    asked: set[Section],
    title: str,
    synthesizer: str,
    seed: int,
) -> AuditResult:
    """Score a synthetic table against a profile of the real one.

    The floor is the mean distance of two samples drawn from the profile's own counts, put on its grid, and
    the error is the jackknife of the synthetic rows, widened by what the real rows add.

    Parameters
    ----------
    reference : str, Path or Profile
        What `make_reference` wrote.
    synthetic : table
        The rows to be judged.
    subgroups : str, sequence of str or None
        Columns inside whose levels fidelity is asked.
    policy : Policy
        Margins and budgets.
    asked : set of Section
        Sections to answer.
    title, synthesizer : str
        For the report.
    seed : int
        Seed of every draw.

    Returns
    -------
    AuditResult
        What needs rows is not applicable, and says so.

    Raises
    ------
    DataError
        When the synthetic table has no rows or lacks a column.
    """
    profile = reference if isinstance(reference, Profile) else load_profile(reference)
    known = profile.plan.schema
    table = prepare_table("synthetic", read_frame(synthetic), known, None)
    groups = [subgroups] if isinstance(subgroups, str) else subgroups
    for name in groups or ():
        if name not in profile.plan.names:
            raise DataError(
                f"The subgroup column {name!r} is not in the reference.",
                hint=f"It has: {', '.join(profile.plan.names)}.",
            )
    given = table.n_rows
    compared = min(given, LARGEST_RATIO * profile.n_rows)
    table = table.at_most(4 * compared, seed)
    with one_native_thread():
        shards = max(2, min(SHARDS, min(compared, profile.n_rows) // ROWS_A_SHARD))
        counted = count_table(table.given, profile.plan, shards=shards, seed=seed, people=table.given_people)
        # how far values lie beyond the outermost cells is not known of the reference, nor are most of the
        # three-way cells: those that are known are compared
        counted = replace(
            counted,
            overshoot=np.zeros_like(counted.overshoot),
            triples=tuple(
                own * (known.sum(axis=0) > 0)
                for own, known in zip(counted.triples, profile.triples, strict=True)
            ),
        )
        k = profile.suppressed_below
        profile = _with_joint_tables(profile, profile.n_rows, k)
        real = _drawn(profile, profile.n_rows, shards, seed, "shards", split=True)
        draws = (
            _drawn(profile, compared, FLOOR_DRAWS, seed, "synthetic", split=False),
            _suppressed(_drawn(profile, profile.n_rows, FLOOR_DRAWS, seed, "reference", split=False), k),
        )
        profiles = AuditProfiles(
            counted, real, real, (shards, shards, shards), has_holdout=False, draws=draws
        )
        inside = profiles.groups(groups, k=policy.k)
        parts = [measure_profiles(profiles, inside, policy, asked, seed)] if asked & PROFILE_SECTIONS else []
        parts.append(_unasked(asked))
        labels = Labels(
            title or known.name,
            synthesizer,
            profile.n_rows,
            0,
            given,
            seed,
            lineage=table_lineage(synthetic),
        )
        return audit_result(profiles, parts, policy, asked, labels)


def _unasked(asked: set[Section]) -> Part:
    rows = [row for row in _OF_ROWS if row[1] in asked]
    return Part(
        tuple(Finding(code, section, name, not_applicable=_NEEDS_ROWS) for code, section, _, name in rows),
        families=tuple(
            FamilyScore(section, label, None, None, None, None, None, Status.NOT_APPLICABLE, _NEEDS_ROWS)
            for _, section, label, _ in rows
            if label
        ),
    )


_Counts = npt.NDArray[np.generic]


def _with_counts(profile: Profile, change: Callable[[_Counts], npt.NDArray[np.int64]]) -> Profile:
    """Change every table of counts."""
    return replace(
        profile,
        bins=tuple(change(counts) for counts in profile.bins),
        pairs=tuple(change(counts) for counts in profile.pairs),
        views=tuple(change(counts) for counts in profile.views),
        triples=tuple(change(counts) for counts in profile.triples),
    )


def _filled(table: npt.NDArray[np.float64], rows: float, k: int) -> npt.NDArray[np.int64]:
    """Fill the cells that were suppressed with what is left of the table's rows.

    The rest is spread as independent columns would have it, fewer than `k` a cell, because a table that has
    nothing where hardly anybody stands looks more dependent than it is.
    """
    empty = table == 0
    rest = rows - table.sum()
    if rest <= 0 or not empty.any():
        return np.asarray(np.rint(table), dtype=np.int64)
    margins = [
        table.sum(axis=tuple(other for other in range(table.ndim) if other != axis)) + 1.0
        for axis in range(table.ndim)
    ]
    weight = margins[0]
    for margin in margins[1:]:
        weight = weight[..., None] * margin
    weight = np.where(empty, weight, 0.0)
    return np.asarray(np.rint(table + np.minimum(rest * weight / weight.sum(), k - 1)), dtype=np.int64)


def _with_joint_tables(profile: Profile, rows: float, k: int) -> Profile:
    """Complete every two-way table of a suppressed profile to the rows of the table."""

    def completed(counts: _Counts) -> npt.NDArray[np.int64]:
        return np.stack([_filled(np.asarray(part, dtype=np.float64), rows, k) for part in counts])

    return replace(profile, pairs=tuple(completed(counts) for counts in profile.pairs))


def _drawn(profile: Profile, rows: int, shards: int, seed: int, purpose: str, *, split: bool) -> Profile:
    """Draw tables from a suppressed profile: its counts dealt out, or new tables of some rows.

    Each table is drawn on its own: what tables share is lost in this. It is used for expected noise only,
    never for a spread.
    """
    rng = generator(seed, "reference", purpose)

    def drawn(counts: _Counts) -> npt.NDArray[np.int64]:
        whole = np.asarray(counts, dtype=np.int64).sum(axis=0)
        if split:
            parts = rng.multinomial(whole.ravel(), np.full(shards, 1 / shards)).T
        elif whole.sum():
            size = round(whole.sum() * rows / max(profile.n_rows, 1))
            parts = rng.multinomial(size, whole.ravel() / whole.sum(), size=shards)
        else:
            parts = np.zeros((shards, whole.size), dtype=np.int64)
        return np.asarray(parts.reshape(shards, *whole.shape), dtype=np.int64)

    moments = profile.moments
    share = 1 / shards if split else rows / max(profile.n_rows, 1)

    def even(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.repeat(sums.sum(axis=0, keepdims=True) * share, shards, axis=0)

    return replace(
        _with_counts(profile, drawn),
        shard_rows=_evenly(rows, shards) if split else np.full(shards, rows, dtype=np.int64),
        overshoot=even(profile.overshoot),
        outside=drawn(profile.outside),
        broken=drawn(profile.broken),
        moments=replace(
            moments,
            both=even(moments.both),
            sums=even(moments.sums),
            squares=even(moments.squares),
            products=even(moments.products),
        ),
        beyond=drawn(profile.beyond),
        keys=drawn(profile.keys),
        mined_rows=drawn(profile.mined_rows),
        mined_broken=drawn(profile.mined_broken),
    )


def _suppressed(drawn: Profile, k: int) -> Profile:
    """Do to drawn tables what was done to the reference: round, suppress, complete."""
    if not k:
        return drawn

    def rounded(counts: _Counts) -> npt.NDArray[np.int64]:
        exact = np.asarray(counts, dtype=np.float64)
        return np.where(exact < k, 0, np.round(exact / k) * k).astype(np.int64)

    changed = _with_joint_tables(_with_counts(drawn, rounded), float(drawn.shard_rows[0]), k)
    # which three-way cells are known is settled by the reference: they are rounded, not suppressed again
    triples = tuple(np.asarray(np.round(counts / k) * k, dtype=np.int64) for counts in drawn.triples)
    return replace(changed, triples=triples)


def _evenly(rows: int, shards: int) -> npt.NDArray[np.int64]:
    return np.diff((np.arange(shards + 1, dtype=np.int64) * rows) // shards)
