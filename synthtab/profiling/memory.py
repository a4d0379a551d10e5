"""Count a table in memory: integer codes and ``bincount``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.profiling.blocks import count_tables
from synthtab.profiling.keys import key_codes
from synthtab.profiling.moments import count_moments
from synthtab.profiling.plan import ProfilePlan
from synthtab.profiling.profile import Profile
from synthtab.profiling.sharding import Sharding
from synthtab.profiling.views import ViewPlan
from synthtab.schema import POOLED_LEVEL, CastTable, NumberColumn, TableSchema
from synthtab.schema.cast_table import FloatArray, HashArray, IntArray, text_hash

__all__ = ["count_table", "person_hash", "violations"]


def person_hash(frame: pd.DataFrame, schema: TableSchema) -> HashArray | None:
    """Hash the person of each row.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    schema : TableSchema
        Says which column names the person.

    Returns
    -------
    ndarray of uint64, shape (n_rows,) or None
        Equal for rows of one person; None when each row is a person of its own.
    """
    if schema.unit is None or schema.unit not in frame.columns:
        return None
    codes, uniques = pd.factorize(frame[schema.unit])
    hashes = np.array([text_hash(str(value)) for value in uniques] + [0], dtype=np.uint64)[codes]
    unknown = np.flatnonzero(codes < 0)
    hashes[unknown] = np.arange(1, len(unknown) + 1, dtype=np.uint64)
    return hashes


def count_table(
    table: CastTable, plan: ProfilePlan, *, shards: int = 32, seed: int = 0, people: HashArray | None = None
) -> Profile:
    """Execute a plan on rows in memory.

    Parameters
    ----------
    table : CastTable
        The rows.
    plan : ProfilePlan
        Which cells to count.
    shards : int, default 32
        Number of equal random parts to count apart. Which rows go together follows from their content and the
        seed, never from their order.
    seed : int, default 0
        Seed of the parts.
    people : ndarray of uint64, shape (n_rows,), optional
        Hash of the person of each row; persons stay whole.

    Returns
    -------
    Profile
        The counts.
    """
    sharding = Sharding.of(table, max(1, min(shards, table.n_rows)), seed, people)
    columns = plan.columns
    codes = [column.encode(table[column.name])[sharding.order] for column in columns]
    bins = tuple(
        sharding.count_codes(code, column.n_bins + 1) for column, code in zip(columns, codes, strict=True)
    )
    held = [counts.sum(axis=0) > 0 for counts in bins]
    beyond, overshoot = _ends(table, plan, codes, bins, sharding)
    outside, broken = (
        np.column_stack([sharding.count_flags(flags) for flags in found])
        for found in (_outside(table, plan.schema), _broken(table, plan.schema))
    )
    mined_rows, mined_broken = _mined(table, plan, sharding)
    return Profile(
        plan=plan,
        shard_rows=sharding.rows,
        bins=bins,
        overshoot=overshoot,
        pairs=count_tables(plan.pairs, codes, [column.pair_of_bin for column in columns], held, sharding),
        outside=outside,
        broken=broken,
        moments=count_moments(table, plan, codes, held, sharding),
        beyond=beyond,
        views=tuple(
            _view(table, plan, view, codes, bins, held[view.column], sharding) for view in plan.views
        ),
        triples=count_tables(
            plan.triples, codes, [column.group_of_bin for column in columns], held, sharding
        ),
        keys=_keys(plan, codes, sharding),
        mined_rows=mined_rows,
        mined_broken=mined_broken,
    )


def violations(table: CastTable, schema: TableSchema) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Say which rows leave the schema's public domain, and which break its rules.

    Parameters
    ----------
    table : CastTable
        The rows.
    schema : TableSchema
        The schema.

    Returns
    -------
    tuple of ndarray of bool, shapes (n_rows, n_columns + 1) and (n_rows, n_rules + 1)
        One column for each schema column or rule; the last is true where any is.
    """
    outside, broken = _outside(table, schema), _broken(table, schema)
    return np.column_stack(outside), np.column_stack(broken)


def _outside(table: CastTable, schema: TableSchema) -> list[npt.NDArray[np.bool_]]:
    """Say for each column which rows leave its domain; the last entry says where any does."""
    none = np.zeros(table.n_rows, dtype=bool)
    found = [none for _ in schema.modelled]
    for index, spec in enumerate(schema.modelled):
        column = table[spec.name]
        if isinstance(column, NumberColumn):
            tests = [np.isinf(column.values)]
            if spec.is_public:
                with np.errstate(invalid="ignore"):
                    tests += [column.values < spec.lower_number, column.values > spec.upper_number]
        elif spec.is_public and spec.categories is not None:
            known = {*spec.categories, POOLED_LEVEL}
            unknown = np.array([*(level not in known for level in column.levels), False])
            tests = [unknown[column.codes]] if unknown.any() else []
        else:
            tests = []
        if not spec.missing:
            tests.append(column.is_missing)
        found[index] = _any([none, *tests])
    return [*found, _any([none, *found])]


def _broken(table: CastTable, schema: TableSchema) -> list[npt.NDArray[np.bool_]]:
    """Say for each rule which rows break it; the last entry says where any is broken."""
    found = [rule.broken(table) for rule in schema.rules]
    return [*found, _any([np.zeros(table.n_rows, dtype=bool), *found])]


def _any(flags: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    """Join flags; the first are all false, and most of the others are too."""
    held = [own for own in flags[1:] if own.any()]
    if len(held) <= 1:
        return held[0] if held else flags[0]
    return np.asarray(np.logical_or.reduce(held))


def _ends(
    table: CastTable,
    plan: ProfilePlan,
    codes: Sequence[npt.NDArray[np.integer]],
    bins: Sequence[IntArray],
    sharding: Sharding,
) -> tuple[IntArray, FloatArray]:
    """Count the rows beyond the first and last point of each number column, and add up how far they lie."""
    rows_beyond = np.zeros((sharding.n_shards, len(plan.columns), 2), dtype=np.int64)
    distances = np.zeros(rows_beyond.shape)
    for index in plan.numbers:
        column = plan.columns[index]
        if not len(column.points):
            continue
        for side, sign, end_bin in ((0, -1.0, 0), (1, 1.0, column.n_bins - 1)):
            if not bins[index][:, end_bin].any():
                continue
            end = sign * column.points[-side]
            positions = np.flatnonzero(codes[index] == end_bin)
            values = sign * table.number(column.name).values[sharding.order[positions]]
            positions, values = positions[values > end], values[values > end]
            shard = sharding.shard_of_position[positions]
            rows_beyond[:, index, side] = np.bincount(shard, minlength=sharding.n_shards)
            finite = np.isfinite(values)
            distances[:, index, side] = np.bincount(
                shard[finite], weights=values[finite] - end, minlength=sharding.n_shards
            )
    return rows_beyond, distances


def _view(
    table: CastTable,
    plan: ProfilePlan,
    view: ViewPlan,
    codes: Sequence[npt.NDArray[np.integer]],
    bins: Sequence[IntArray],
    held: npt.NDArray[np.bool_],
    sharding: Sharding,
) -> IntArray:
    """Count one view: by looking up the bins that are single values, and row by row for the rest."""
    column, code = plan.columns[view.column], codes[view.column]
    values = table.number(column.name).values
    counts: IntArray = np.zeros((sharding.n_shards, len(view.labels)), dtype=np.int64)
    if column.exact:
        cell_of_point = view.encode(column.points)[:, None] == np.arange(len(view.labels))
        single = bins[view.column][:, 1 : column.n_bins : 2].astype(np.float64)
        counts = np.rint(single @ cell_of_point.astype(np.float64)).astype(np.int64)
        if not held[0 : column.n_bins : 2].any():
            return counts
        positions = np.flatnonzero((code & 1) == 0)  # the gaps between single values
        cells, shard = view.encode(values[sharding.order[positions]]), sharding.shard_of_position[positions]
    else:
        cells, shard = view.encode(values), sharding.shard_of_row
    usable = cells >= 0
    key = shard[usable].astype(np.int64) * len(view.labels) + cells[usable]
    counts += np.bincount(key, minlength=counts.size).reshape(counts.shape)
    return counts


def _keys(plan: ProfilePlan, codes: Sequence[npt.NDArray[np.integer]], sharding: Sharding) -> IntArray:
    if plan.keys is None:
        return np.zeros((sharding.n_shards, 0), dtype=np.int64)
    held = plan.keys.columns
    combined = key_codes([plan.columns[index] for index in held], [codes[index] for index in held])
    return sharding.count_codes(plan.keys.positions(combined), len(plan.keys.codes) + 1)


def _mined(table: CastTable, plan: ProfilePlan, sharding: Sharding) -> tuple[IntArray, IntArray]:
    """Count the rows to which each mined rule applies, and those that break it or any."""
    applies = np.zeros((sharding.n_shards, len(plan.mined)), dtype=np.int64)
    broken = np.zeros((sharding.n_shards, len(plan.mined) + 1), dtype=np.int64)
    any_broken = np.zeros(table.n_rows, dtype=bool)
    for index, rule in enumerate(plan.mined):
        held, failed = rule.check(table)
        applies[:, index] = sharding.count_flags(held)
        broken[:, index] = sharding.count_flags(failed)
        any_broken |= failed
    broken[:, -1] = sharding.count_flags(any_broken)
    return applies, broken
