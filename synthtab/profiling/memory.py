"""Count a table in memory: integer codes and ``bincount``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.profiling.plan import ProfilePlan
from synthtab.profiling.profile import Moments, Profile
from synthtab.schema import POOLED_LEVEL, CastTable, NumberColumn, TableSchema
from synthtab.schema.casting import FloatArray, HashArray, IntArray, text_hash

__all__ = ["count_table", "person_hash", "violations"]

_UNKNOWN_LEVEL = -2


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
    shards = max(1, min(shards, table.n_rows))
    order, shard_of_row = _shards(table, shards, seed, people)
    shard_rows = np.bincount(shard_of_row, minlength=shards)
    codes = [column.encode(table[column.name])[order] for column in plan.columns]
    bins = []
    for column, code in zip(plan.columns, codes, strict=True):
        width = column.n_bins + 1
        bins.append(np.bincount(shard_of_row * width + code, minlength=shards * width).reshape(shards, width))
    outside, broken = violations(table, plan.schema)
    return Profile(
        plan=plan,
        shard_rows=shard_rows,
        bins=tuple(bins),
        overshoot=_overshoot(table, plan, order, shard_of_row, shards),
        pairs=_count_pairs(plan, codes, shard_of_row, shards),
        outside=_by_shard(outside, order, shard_of_row, shards),
        broken=_by_shard(broken, order, shard_of_row, shards),
        moments=_moments(table, plan, order, shard_of_row, shards),
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
    columns = schema.modelled
    outside = np.zeros((table.n_rows, len(columns) + 1), dtype=bool)
    for index, spec in enumerate(columns):
        column = table[spec.name]
        if isinstance(column, NumberColumn):
            with np.errstate(invalid="ignore"):
                outside[:, index] = np.isinf(column.values)
                if spec.is_public:
                    outside[:, index] |= (column.values < spec.lower_number) | (
                        column.values > spec.upper_number
                    )
        elif spec.is_public and spec.categories is not None:
            outside[:, index] = column.recoded((*spec.categories, POOLED_LEVEL)) == _UNKNOWN_LEVEL
        if not spec.missing:
            outside[:, index] |= column.is_missing
    broken = np.zeros((table.n_rows, len(schema.rules) + 1), dtype=bool)
    for index, rule in enumerate(schema.rules):
        broken[:, index] = rule.broken(table)
    outside[:, -1] = outside.any(axis=1)
    broken[:, -1] = broken.any(axis=1)
    return outside, broken


def _shards(
    table: CastTable, shards: int, seed: int, people: HashArray | None
) -> tuple[npt.NDArray[np.intp], IntArray]:
    """Cut the rows, ordered by content hash, into equal parts; give the order and each row's part."""
    hashes = table.row_hash()
    salt = np.uint64(text_hash(f"shards {seed}"))
    scrambled = (hashes ^ salt) * np.uint64(0x9E3779B97F4A7C15)
    scrambled ^= scrambled >> np.uint64(29)
    if people is None:
        order = np.argsort(scrambled)
        return order, (np.arange(table.n_rows, dtype=np.int64) * shards) // max(table.n_rows, 1)
    persons = (people ^ salt) * np.uint64(0x9E3779B97F4A7C15)
    persons ^= persons >> np.uint64(29)
    order = np.lexsort((scrambled, persons))
    ordered = persons[order]
    person_index = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    return order, (person_index * shards) // (int(person_index[-1]) + 1)


def _count_pairs(
    plan: ProfilePlan, codes: list[IntArray], shard_of_row: IntArray, shards: int
) -> tuple[npt.NDArray[np.int32], ...]:
    widths = [column.n_pair_cells for column in plan.columns]
    cells = [column.pair_of_bin[code] for column, code in zip(plan.columns, codes, strict=True)]
    combined = np.empty(len(shard_of_row), dtype=np.int64)
    previous, base = -1, combined
    tables: list[npt.NDArray[np.int32]] = []
    for first, second in plan.pairs:
        a, b = widths[first], widths[second]
        if first != previous:
            base = shard_of_row * a + cells[first]
            previous = first
        np.multiply(base, b, out=combined)
        combined += cells[second]
        counts = np.bincount(combined, minlength=shards * a * b)
        tables.append(counts.astype(np.int32).reshape(shards, a, b))
    return tuple(tables)


def _overshoot(
    table: CastTable, plan: ProfilePlan, order: npt.NDArray[np.intp], shard_of_row: IntArray, shards: int
) -> FloatArray:
    sums = np.zeros((shards, len(plan.columns), 2))
    for index in plan.numbers:
        column = plan.columns[index]
        if not len(column.points):
            continue
        values = table.number(column.name).values
        if not np.any((values < column.points[0]) | (values > column.points[-1])):
            continue
        values = values[order]
        for side, sign in enumerate((-1.0, 1.0)):
            end = sign * column.points[-side]
            with np.errstate(invalid="ignore"):
                beyond = np.flatnonzero((sign * values > end) & np.isfinite(values))
            if len(beyond):
                distance = sign * values[beyond] - end
                sums[:, index, side] = np.bincount(shard_of_row[beyond], weights=distance, minlength=shards)
    return sums


def _moments(
    table: CastTable, plan: ProfilePlan, order: npt.NDArray[np.intp], shard_of_row: IntArray, shards: int
) -> Moments:
    columns = [plan.columns[index] for index in plan.numbers]
    centers = np.array([np.median(column.points) if len(column.points) else 0.0 for column in columns])
    size = len(columns)
    both, sums, squares, products = (np.zeros((shards, size, size)) for _ in range(4))
    if size:
        starts = np.searchsorted(shard_of_row, np.arange(shards + 1))
        for shard in range(shards):
            rows = order[starts[shard] : starts[shard + 1]]
            values = np.column_stack([table.number(column.name).values[rows] for column in columns]) - centers
            present = np.isfinite(values)
            values[~present] = 0.0
            weight = present.astype(np.float64)
            both[shard] = weight.T @ weight
            sums[shard] = values.T @ weight
            squares[shard] = (values**2).T @ weight
            products[shard] = values.T @ values
    return Moments(both, sums, squares, products, centers)


def _by_shard(
    flags: npt.NDArray[np.bool_], order: npt.NDArray[np.intp], shard_of_row: IntArray, shards: int
) -> IntArray:
    counts = np.zeros((shards, flags.shape[1]), dtype=np.int64)
    for index in range(flags.shape[1]):
        if flags[:, index].any():
            counts[:, index] = np.bincount(shard_of_row[flags[order, index]], minlength=shards)
    return counts
