"""Two-way and three-way tables in few passes over the rows: count a block of columns, add up its tables.

One pass over the rows costs as much for four columns as for two, and the table of four holds six pairs. So
the wanted tables are covered by blocks that stay small enough for the processor's own memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.profiling.sharding import Sharding
from synthtab.schema.cast_table import IntArray

__all__ = ["Block", "count_tables", "cover"]

MOST_CELLS = 20_000
_WORTH_JOINING = 1_000  # cells
_LARGEST_SHORT = 2**15 - 1


@dataclass(frozen=True)
class Block:
    """Columns that are counted together, and the tables that follow.

    Parameters
    ----------
    columns : tuple of int
        Positions of the columns, rising.
    tables : tuple of int
        Which of the wanted tables are added up from this block.
    """

    columns: tuple[int, ...]
    tables: tuple[int, ...]


def cover(
    wanted: Sequence[tuple[int, ...]], widths: Sequence[int], most_cells: int = MOST_CELLS
) -> tuple[Block, ...]:
    """Cover all wanted tables with blocks of columns.

    Parameters
    ----------
    wanted : sequence of tuple of int
        Positions of the columns of each table, rising; all of one length.
    widths : sequence of int
        Number of cells of each column.
    most_cells : int, default 20000
        Cells of a block at most, unless a single table has more.

    Returns
    -------
    tuple of Block
        Each wanted table occurs in exactly one.

    Notes
    -----
    Greedy: a block starts with the first table that is left and takes in, one at a time, the column that adds
    most tables, or failing that the cheapest table that still fits.
    """
    if not wanted:
        return ()
    tables = np.array(wanted, dtype=np.int64)
    size = np.maximum(np.asarray(widths, dtype=np.float64), 1.0)
    left = np.arange(len(tables))
    smallest = float(size[tables].min())
    blocks = []
    while len(left):
        if float(size[tables[left[0]]].prod()) * smallest > most_cells:
            # nothing else fits
            blocks.append(Block(tuple(wanted[left[0]]), (int(left[0]),)))
            left = left[1:]
            continue
        inside = np.zeros(len(size), dtype=bool)
        inside[tables[left[0]]] = True
        cells = float(size[inside].prod())
        while True:
            held = inside[tables[left]]
            lacking = tables.shape[1] - held.sum(axis=1)
            one_short = lacking == 1
            fits = size * cells <= most_cells
            gain = np.bincount(
                np.where(held, 0, tables[left] + 1)[one_short].sum(axis=1), minlength=len(size) + 1
            )[1:]
            gain = np.where(fits, gain, 0)
            if gain.any():
                inside[np.lexsort((size, -gain))[0]] = True
            else:
                growth = np.where(held, 1.0, size[tables[left]]).prod(axis=1)
                growth[lacking == 0] = np.inf
                nearest = int(np.argmin(growth))
                if lacking[nearest] == 0 or growth[nearest] * cells > most_cells:
                    break
                inside[tables[left[nearest]]] = True
            cells = float(size[inside].prod())
        covered = inside[tables[left]].all(axis=1)
        blocks.append(Block(tuple(np.flatnonzero(inside).tolist()), tuple(left[covered].tolist())))
        left = left[~covered]
    return tuple(blocks)


def count_tables(
    wanted: Sequence[tuple[int, ...]],
    codes: Sequence[npt.NDArray[np.integer]],
    merged: Sequence[IntArray],
    held: Sequence[npt.NDArray[np.bool_]],
    sharding: Sharding,
) -> tuple[npt.NDArray[np.int32], ...]:
    """Count two-way or three-way tables in each shard.

    Parameters
    ----------
    wanted : sequence of tuple of int
        Positions of the columns of each table, rising; all of one length.
    codes : sequence of ndarray of int, each of shape (n_rows,)
        The bin of each row in each column, in the sharding's order.
    merged : sequence of ndarray of int, each of shape (n_bins + 1,)
        The cell of each bin of each column; the last is the last cell.
    held : sequence of ndarray of bool, each of shape (n_bins + 1,)
        Whether any row is in the bin.
    sharding : Sharding
        Which rows form which shard.

    Returns
    -------
    tuple of ndarray of int, each of shape (shards, cells, ...)
        The tables in the order wanted.
    """
    widths = [int(own[-1]) + 1 for own in merged]
    if not sharding.n_rows:
        shapes = [(sharding.n_shards, *(widths[column] for column in table)) for table in wanted]
        return tuple(np.zeros(shape, dtype=np.int32) for shape in shapes)
    # a block with more cells than rows costs more to add up than to count
    most_cells = min(MOST_CELLS, sharding.n_rows // sharding.n_shards)
    if most_cells < _WORTH_JOINING:
        return _count_singly(wanted, codes, merged, sharding)
    # cells that no row is in would only make blocks larger
    used: dict[int, IntArray] = {}
    cells: dict[int, npt.NDArray[np.int16]] = {}
    for column in sorted({column for table in wanted for column in table}):
        used[column] = np.unique(merged[column][held[column]])
        # two bytes a row hold any cell, and are what the passes below mostly read
        cells[column] = np.searchsorted(used[column], merged[column]).astype(np.int16)[codes[column]]
    narrow = [len(used[column]) if column in used else 1 for column in range(len(widths))]
    tables: dict[int, npt.NDArray[np.int32]] = {}
    shards = np.arange(sharding.n_shards)
    for block in cover(wanted, narrow, most_cells):
        known = {block.columns: _count_block(block.columns, cells, narrow, sharding)}
        for table in block.tables:
            counts = _margin(wanted[table], known)
            shape = tuple(widths[column] for column in wanted[table])
            if counts.shape[1:] != shape:
                full = np.zeros((sharding.n_shards, *shape), dtype=np.int32)
                full[np.ix_(shards, *(used[column] for column in wanted[table]))] = counts
                counts = full
            tables[table] = counts
    return tuple(tables[index] for index in range(len(wanted)))


def _count_singly(
    wanted: Sequence[tuple[int, ...]],
    codes: Sequence[npt.NDArray[np.integer]],
    merged: Sequence[IntArray],
    sharding: Sharding,
) -> tuple[npt.NDArray[np.int32], ...]:
    """Count each table by itself: for few rows the number of calls is what takes time."""
    cells = {column: merged[column][codes[column]] for column in {c for table in wanted for c in table}}
    shard = sharding.shard_of_position.astype(np.int64)
    previous, base = -1, shard
    tables = []
    for first, *rest in wanted:
        shape = [int(merged[column][-1]) + 1 for column in (first, *rest)]
        if first != previous:
            previous, base = first, shard * shape[0] + cells[first]
        key = base
        for column, width in zip(rest, shape[1:], strict=True):
            key = key * width
            key += cells[column]
        counts = np.bincount(key, minlength=sharding.n_shards * math.prod(shape))
        tables.append(counts.astype(np.int32).reshape(sharding.n_shards, *shape))
    return tuple(tables)


def _count_block(
    columns: tuple[int, ...],
    cells: dict[int, npt.NDArray[np.int16]],
    widths: Sequence[int],
    sharding: Sharding,
) -> npt.NDArray[np.int32]:
    own = [widths[column] for column in columns]
    size = math.prod(own)
    counts = np.empty((sharding.n_shards, size), dtype=np.int32)
    for part in sharding.parts:
        kind = np.int16 if part.n_shards * size <= _LARGEST_SHORT else np.int64
        first, *rest = columns
        key: npt.NDArray[np.signedinteger]
        if part.within is None:
            key = cells[first][part.rows].astype(kind)
        else:
            key = part.within.astype(kind)
            key *= widths[first]
            key += cells[first][part.rows]
        for column, width in zip(rest, own[1:], strict=True):
            key *= width
            key += cells[column][part.rows]
        counts[part.shards] = np.bincount(key, minlength=part.n_shards * size).reshape(part.n_shards, size)
    return counts.reshape(-1, *own)


def _margin(
    columns: tuple[int, ...], known: dict[tuple[int, ...], npt.NDArray[np.int32]]
) -> npt.NDArray[np.int32]:
    """Add up one table from the smallest known one that holds its columns; keep what comes between."""
    while columns not in known:
        holding = [held for held in known if set(columns) <= set(held)]
        # among equals the shorter: a column of one cell adds nothing, and must go too
        source = min(holding, key=lambda held: (known[held].size, len(held)))
        counts = known[source]
        lost = [axis for axis, column in enumerate(source) if column not in columns]
        if lost == list(range(len(columns), len(source))):
            # all at the end: they are neighbours in memory
            shape = counts.shape[: 1 + len(columns)]
            known[columns] = counts.reshape(*shape, -1).sum(axis=-1, dtype=np.int32)
            break
        # otherwise the first: long stretches of memory are added to each other
        axis = lost[0]
        known[source[:axis] + source[axis + 1 :]] = counts.sum(axis=axis + 1, dtype=np.int32)
    return known[columns]
