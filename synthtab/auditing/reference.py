"""An audit against a saved profile: no real row is needed, nor can one be had from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from synthtab.auditing.checks import Finding
from synthtab.auditing.outcome import Labels, Part, audit_result
from synthtab.auditing.policy import Policy
from synthtab.auditing.profile_part import PROFILE_SECTIONS, measure_profiles
from synthtab.auditing.profiles import LARGEST_RATIO, ROWS_A_SHARD, SHARDS, AuditProfiles
from synthtab.auditing.tables import prepare_table
from synthtab.errors import DataError
from synthtab.profiling import Profile, count_table, load_profile, make_plan, releasable_profile, save_profile
from synthtab.profiling.mining import mine_rules
from synthtab.results import AuditResult, FamilyScore, Section, Status
from synthtab.schema import TableSchema
from synthtab.seeding import generator, one_native_thread
from synthtab.tables import read_frame
from synthtab.tables.source import TableLike

__all__ = ["audit_profile", "make_reference"]

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
        Smallest number of people that may be shown.
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
    if len(frame) < k:
        raise DataError(f"The real table has fewer than {k} rows.", hint="Nothing about it may be shown.")
    known = TableSchema.infer(frame) if schema is None else schema
    rows = known.cast(frame, "real")
    rows = rows.in_content_order()
    targets = [target] if isinstance(target, str) else list(target)
    names = [column.name for column in known.modelled]
    for name in targets:
        if name not in names:
            raise DataError(
                f"The target {name!r} is no modelled column.", hint=f"Modelled: {', '.join(names)}."
            )
    mined = mine_rules(known, rows, k=k)
    plan = make_plan(known, [rows], k, targets=targets, mined=mined, seed=seed)
    return save_profile(releasable_profile(count_table(rows, plan, shards=1, seed=seed), k), path, k=k)


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
    compared = min(table.n_rows, LARGEST_RATIO * profile.n_rows)
    table = table.at_most(4 * compared, seed)
    with one_native_thread():
        shards = max(2, min(SHARDS, min(compared, profile.n_rows) // ROWS_A_SHARD))
        counted = count_table(table.rows, profile.plan, shards=shards, seed=seed, people=table.people)
        real = _in_shards(profile, shards, seed)
        profiles = AuditProfiles(
            counted, real, real, (shards, shards, shards), has_holdout=False, from_profile=True
        )
        parts = [measure_profiles(profiles, groups, policy, seed)] if asked & PROFILE_SECTIONS else []
        parts.append(_unasked(asked))
        labels = Labels(title or known.name, synthesizer, profile.n_rows, 0, table.n_rows, seed)
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


def _in_shards(profile: Profile, shards: int, seed: int) -> Profile:
    """Deal the counts of a suppressed profile out at random, each table on its own.

    What pairs of tables share is lost in this; it is used for expected noise only, never for a spread.
    """
    rng = generator(seed, "reference shards")

    def dealt(counts: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
        whole = np.asarray(counts, dtype=np.int64).sum(axis=0)
        parts = rng.multinomial(whole.ravel(), np.full(shards, 1 / shards))
        return np.asarray(np.moveaxis(parts, -1, 0).reshape(shards, *whole.shape))

    moments = profile.moments
    return replace(
        profile,
        shard_rows=_evenly(profile.n_rows, shards),
        bins=tuple(dealt(counts) for counts in profile.bins),
        overshoot=np.repeat(profile.overshoot.sum(axis=0, keepdims=True) / shards, shards, axis=0),
        pairs=tuple(dealt(counts) for counts in profile.pairs),
        outside=dealt(profile.outside),
        broken=dealt(profile.broken),
        moments=replace(
            moments,
            **{
                name: np.repeat(getattr(moments, name).sum(axis=0, keepdims=True) / shards, shards, axis=0)
                for name in ("both", "sums", "squares", "products")
            },
        ),
        beyond=dealt(profile.beyond),
        views=tuple(dealt(counts) for counts in profile.views),
        triples=tuple(dealt(counts) for counts in profile.triples),
        keys=dealt(profile.keys),
        mined_rows=dealt(profile.mined_rows),
        mined_broken=dealt(profile.mined_broken),
    )


def _evenly(rows: int, shards: int) -> npt.NDArray[np.int64]:
    return np.diff((np.arange(shards + 1, dtype=np.int64) * rows) // shards)
