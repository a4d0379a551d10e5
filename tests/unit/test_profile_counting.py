"""Counting in blocks, by grid and by address gives what straightforward counting gives."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthtab.profiling import count_table, make_plan
from synthtab.profiling.blocks import cover
from synthtab.profiling.cutting import _greedy_cells
from synthtab.profiling.encoding import number_bins
from synthtab.profiling.sharding import Sharding
from synthtab.schema import ColumnSpec, TableSchema, casting
from synthtab.schema.cast_table import hash_order


def _frame(n: int) -> tuple[TableSchema, pd.DataFrame]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=n).round(i) for i in range(4)})
    for i in range(3):
        frame[f"l{i}"] = rng.choice(list("abcdefgh")[: i + 3], n)
    frame.loc[rng.random(n) < 0.1, ["x1", "l2"]] = None
    frame.loc[:5, "x2"] = np.inf
    kinds = {name: "numeric" if name.startswith("x") else "categorical" for name in frame}
    return TableSchema(tuple(ColumnSpec(name, kind) for name, kind in kinds.items())), frame  # type: ignore[arg-type] # text is brought to a Kind


@pytest.mark.parametrize(("n", "shards"), [(300, 8), (40_000, 4), (90_000, 3), (7, 32)])
def test_tables_equal_a_histogram(n: int, shards: int) -> None:
    """Each two-way and three-way table of each shard equals NumPy's histogram of its rows."""
    schema, frame = _frame(n)
    table = schema.cast(frame)
    plan = make_plan(schema, [table], targets=["l0"])
    profile = count_table(table, plan, shards=shards)
    sharding = Sharding.of(table, min(shards, n), 0, None)
    bins = [column.encode(table[column.name]) for column in plan.columns]
    assert np.array_equal(np.sort(sharding.order), np.arange(n))
    assert np.ptp(sharding.rows) <= 1
    for wanted, tables, merged in (
        (plan.pairs, profile.pairs, [column.pair_of_bin for column in plan.columns]),
        (plan.triples, profile.triples, [column.group_of_bin for column in plan.columns]),
    ):
        cells = [own[code] for own, code in zip(merged, bins, strict=True)]
        for columns, counts in zip(wanted, tables, strict=True):
            sample = np.column_stack([sharding.shard_of_row, *(cells[index] for index in columns)])
            expected, _ = np.histogramdd(sample, bins=[np.arange(size + 1) - 0.5 for size in counts.shape])
            assert np.array_equal(counts, expected)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(1, 400))
def test_a_cover_holds_each_table_once(seed: int, n_columns: int, most_cells: int) -> None:
    """Every wanted table is in exactly one block that holds its columns, and blocks stay small."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 4))
    wanted = [columns for columns in combinations(range(n_columns), size) if rng.random() < 0.6]
    widths = rng.integers(1, 9, n_columns).tolist()
    blocks = cover(wanted, widths, most_cells)
    assert sorted(table for block in blocks for table in block.tables) == list(range(len(wanted)))
    for block in blocks:
        assert all(set(wanted[table]) <= set(block.columns) for table in block.tables)
        cells = np.prod([widths[column] for column in block.columns])
        assert cells <= most_cells or block.columns == wanted[block.tables[0]]


def test_fifteen_columns_need_twenty_passes() -> None:
    """All 105 pairs of fifteen columns of eleven cells fit into twenty blocks of four."""
    assert len(cover(list(combinations(range(15), 2)), [11] * 15)) <= 20


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from(["even", "decimals", "heavy", "two", "huge"]))
def test_bins_equal_a_search(seed: int, exact: bool, shape: str) -> None:
    """Looking values up on the grid gives the bins that a search gives, at points, ends and infinities."""
    rng = np.random.default_rng(seed)
    points = {
        "even": np.linspace(-3, 7, 500),
        "decimals": np.unique(rng.normal(size=900).round(2)),
        "heavy": np.unique(rng.standard_cauchy(900)),
        "two": np.array([0.0, 5e-324]),
        "huge": np.array([-1e308, -1.0, 0.0, 1.0, 1e308]),
    }[shape]
    near = rng.choice(points, 3000)
    values = np.r_[
        rng.choice(points, 3000),
        np.nextafter(near, np.inf),
        np.nextafter(near, -np.inf),
        rng.normal(size=2000) * 3,
        [np.inf, -np.inf, np.nan, -0.0, 0.0, 1e308, -1e308],
    ]
    missing = 2 * len(points) + 1
    if exact:
        below = np.searchsorted(points, values, side="left")
        expected = 2 * below + (points[np.minimum(below, len(points) - 1)] == values)
    else:
        expected = np.searchsorted(points, values, side="right")
    expected = np.where(np.isnan(values), missing, expected)
    assert np.array_equal(number_bins(points, values, exact=exact, missing=missing), expected)


def _greedy_reference(counts: list[int], most: int) -> list[int]:
    share = max(sum(counts) / most, 1)
    starts, mass = [0], 0
    for index, count in enumerate(counts):
        if mass and (mass + count > 1.5 * share or count >= share or mass >= share):
            starts.append(index)
            mass = 0
        mass += count
    return starts


@given(st.lists(st.integers(1, 60), min_size=1, max_size=80), st.integers(1, 30))
def test_cells_equal_a_plain_loop(counts: list[int], most: int) -> None:
    """Looking up where cells end gives what adding up one count after another gives."""
    assert _greedy_cells(np.array(counts), most, 0).tolist() == _greedy_reference(counts, most)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 1000, 70_000])
def test_hash_order_equals_argsort(n: int) -> None:
    """Order by hash equals a stable argsort, with equal hashes and with hashes that share high bits."""
    rng = np.random.default_rng(n)
    spread = rng.integers(0, 2**64, n, dtype=np.uint64)
    for hashes in (spread, spread // np.uint64(2**60), spread >> np.uint64(50), np.zeros(n, dtype=np.uint64)):
        assert np.array_equal(hash_order(hashes), np.argsort(hashes, kind="stable"))


def test_levels_told_apart_by_address_are_the_same_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal texts in different places, missing values and mixed types give a plain factorize's levels."""
    rng = np.random.default_rng(0)
    held = ["a", str(b"level", "ascii"), str(b"level", "ascii"), None, np.nan, 3, 3.0, True, pd.NA, "3"]
    series = pd.Series([held[index] for index in rng.integers(0, len(held), 5000)], dtype=object)
    schema = TableSchema((ColumnSpec("x", "categorical"),))
    plain = schema.cast(pd.DataFrame({"x": series})).label("x")
    monkeypatch.setattr(casting, "_FEW_ROWS", 100)
    fast = schema.cast(pd.DataFrame({"x": series})).label("x")
    assert fast.levels == plain.levels
    assert np.array_equal(fast.codes, plain.codes)


def test_a_large_reference_is_cut_from_a_sample_by_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit columns are cut from a sample: the same in any row order, duplicates in proportion."""
    from synthtab.profiling import plan as plan_module

    monkeypatch.setattr(plan_module, "SAMPLE_ROWS", 2000)
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"x": np.r_[np.zeros(3000), rng.normal(size=7000)], "l": rng.choice(list("ab"), 10_000)}
    )
    schema = TableSchema((ColumnSpec("x", "numeric"), ColumnSpec("l", "categorical")))
    first, second = (
        make_plan(schema, [schema.cast(rows)]) for rows in (frame, frame.sample(frac=1, random_state=2))
    )
    assert np.array_equal(first.columns[0].points, second.columns[0].points)
    assert 1300 <= len(first.columns[0].points) <= 1500
    # the heap at zero is 30 % of the sample too: it has a cell of its own
    counts = count_table(schema.cast(frame), first).bin_totals[0]
    cells = np.bincount(first.columns[0].cell_of_bin, weights=counts)
    assert cells.max() == pytest.approx(3000, abs=20)


def test_rows_beyond_the_ends_by_hand() -> None:
    """Two rows lie below, three above, one of each infinitely far; distances add up the finite ones."""
    schema = TableSchema((ColumnSpec("x", "numeric"), ColumnSpec("l", "categorical")))
    real = schema.cast(pd.DataFrame({"x": [0.0, 5.0, 10.0] * 10, "l": ["a"] * 30}))
    made = pd.DataFrame({"x": [-1.0, -np.inf, 0.0, 10.0, 12.0, 13.0, np.inf, np.nan], "l": ["b"] * 8})
    profile = count_table(schema.cast(made), make_plan(schema, [real]), shards=2)
    assert profile.beyond.sum(axis=0).tolist() == [[2, 3], [0, 0]]
    assert profile.overshoot.sum(axis=0).tolist() == [[1.0, 5.0], [0.0, 0.0]]
    assert profile.outside.sum(axis=0).tolist() == [2, 0, 2]
