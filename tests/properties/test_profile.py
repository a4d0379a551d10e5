"""Profiles: what must hold for every table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthtab.datasets import Dataset
from synthtab.errors import DataError, SavedModelError
from synthtab.metrics.association import cramers_v, interaction, spearman
from synthtab.metrics.marginal import cumulative, kolmogorov_smirnov, shares, total_variation, wasserstein
from synthtab.profiling import (
    Profile,
    count_table,
    load_profile,
    make_plan,
    releasable_profile,
    save_profile,
    withheld_cells,
)
from synthtab.profiling.memory import person_hash
from synthtab.schema import ColumnSpec, TableSchema


@given(st.integers(2, 9), st.data())
def test_marginal_distances_are_bounded_symmetric_and_zero_on_equals(width: int, data: st.DataObject) -> None:
    """0 ≤ d(p, q) = d(q, p) ≤ 1, d(p, p) = 0, and TVD bounds KS from above."""
    cells = st.lists(st.integers(0, 50), min_size=width, max_size=width).filter(
        lambda values: sum(values) > 0
    )
    first, second = (np.array(data.draw(cells), dtype=float) for _ in range(2))
    p, q = shares(first), shares(second)
    tvd, ks = total_variation(p, q), kolmogorov_smirnov(cumulative(first), cumulative(second))
    assert 0 <= ks <= tvd + 1e-12 <= 1 + 2e-12
    assert tvd == total_variation(q, p)
    assert total_variation(p, p) == 0
    positions = np.arange(width, dtype=float)
    moved = wasserstein(cumulative(first), cumulative(second), positions, 1.0)
    assert 0 <= moved <= width
    assert moved >= ks - 1e-12


@given(st.integers(2, 5), st.integers(2, 6), st.integers(0, 10_000))
def test_association_measures_ignore_the_order_of_levels(rows: int, columns: int, seed: int) -> None:
    """V is in [0, 1] and blind to order; ρ is in [−1, 1]; interactions add up to 0."""
    table = np.random.default_rng(seed).poisson(3, (rows, columns)).astype(float)
    v = cramers_v(table)
    assert 0 <= v <= 1
    assert cramers_v(table[::-1, ::-1]) == pytest.approx(v)
    assert cramers_v(table.T) == pytest.approx(v)
    assert -1 - 1e-9 <= spearman(table) <= 1 + 1e-9
    assert interaction(table).sum() == pytest.approx(0, abs=1e-9)


def _table(rng: np.random.Generator, n: int) -> pd.DataFrame:
    number = rng.normal(size=n).round(2)
    number[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "number": number,
            "heap": np.where(rng.random(n) < 0.4, 0, rng.integers(1, 60, n)),
            "level": rng.choice(list("abcdefg"), n, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02]),
            "wide": rng.normal(size=n),
        }
    )


SCHEMA = TableSchema(
    (
        ColumnSpec("number", "numeric"),
        ColumnSpec("heap", "integer"),
        ColumnSpec("level", "categorical"),
        ColumnSpec("wide", "numeric"),
    )
)


def _same(first: Profile, second: Profile) -> bool:
    return all(
        np.array_equal(a, b)
        for left, right in ((first.bins, second.bins), (first.pairs, second.pairs))
        for a, b in zip(left, right, strict=True)
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_row_order_and_dtype_change_nothing(seed: int) -> None:
    """Shuffled rows, reordered columns and other dtypes give the same shards, to the bit."""
    rng = np.random.default_rng(seed)
    frame = _table(rng, 200)
    other = frame.sample(frac=1, random_state=seed)[frame.columns[::-1]].astype(
        {"level": "category", "heap": float}
    )
    first, second = SCHEMA.cast(frame), SCHEMA.cast(other)
    plan = make_plan(SCHEMA, [first])
    left, right = (count_table(table, plan, shards=8, seed=seed) for table in (first, second))
    assert _same(left, right)
    assert np.array_equal(left.moments.products, right.moments.products)
    again = make_plan(SCHEMA, [second])
    assert all(np.array_equal(a.points, b.points) for a, b in zip(plan.columns, again.columns, strict=True))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_merging_parts_gives_the_whole(seed: int) -> None:
    """Totals of merged parts equal the whole's; each shard table adds up to its rows."""
    frame = _table(np.random.default_rng(seed), 300)
    plan = make_plan(SCHEMA, [SCHEMA.cast(frame)])
    whole = count_table(SCHEMA.cast(frame), plan, shards=4)
    merged = count_table(SCHEMA.cast(frame[:120]), plan, shards=4).merge(
        count_table(SCHEMA.cast(frame[120:]), plan, shards=4)
    )
    for a, b in zip(
        whole.bin_totals + whole.pair_totals, merged.bin_totals + merged.pair_totals, strict=True
    ):
        assert np.array_equal(a, b)
    assert np.allclose(whole.moments.pearson(), merged.moments.pearson(), equal_nan=True)
    for table in (*whole.bins, *whole.pairs):
        assert np.array_equal(table.reshape(4, -1).sum(axis=1), whole.shard_rows)


def test_pearson_of_moments_equals_pandas() -> None:
    """Correlations from sums equal pandas' pairwise-complete ones."""
    frame = _table(np.random.default_rng(0), 500)
    profile = count_table(SCHEMA.cast(frame), make_plan(SCHEMA, [SCHEMA.cast(frame)]))
    expected = frame[["number", "heap", "wide"]].corr().to_numpy()
    assert profile.moments.pearson() == pytest.approx(expected)


def test_profiles_of_two_plans_do_not_merge() -> None:
    """Counts over different cells are refused."""
    frame = _table(np.random.default_rng(0), 100)
    first, second = (
        count_table(SCHEMA.cast(frame), make_plan(SCHEMA, [SCHEMA.cast(frame)])) for _ in range(2)
    )
    with pytest.raises(DataError, match="one plan"):
        first.merge(second)


def test_bins_are_exact_and_gaps_are_apart() -> None:
    """A value of the reference has a bin of its own; one between, below or above falls into a gap."""
    frame = pd.DataFrame({"x": [1.0, 2.0, 4.0] * 20})
    schema = TableSchema((ColumnSpec("x", "numeric"),))
    column = make_plan(schema, [schema.cast(frame)]).columns[0]
    values = schema.cast(pd.DataFrame({"x": [1.0, 1.4, 2.0, 4.0, 0.0, 9.0, np.nan]})).number("x")
    bins = column.encode(values)
    low, high = column.bin_bounds()
    assert [low[b] == high[b] for b in bins[:-1]] == [True, False, True, True, True, True]
    assert bins[4] == 0
    assert bins[5] == column.n_bins - 1
    assert bins[6] == column.n_bins


def test_edges_name_no_real_value() -> None:
    """Cell edges are short decimals between values, never values."""
    values = np.random.default_rng(0).normal(size=3000)
    schema = TableSchema((ColumnSpec("x", "numeric"),))
    column = make_plan(schema, [schema.cast(pd.DataFrame({"x": values}))]).columns[0]
    assert not set(column.edges) & set(values)
    assert all(len(repr(float(edge))) <= 10 for edge in column.edges)


def test_cells_are_about_equal_and_heaps_stand_alone() -> None:
    """A value that many rows share has a cell of its own; the rest are about a twentieth each."""
    rng = np.random.default_rng(0)
    values = np.r_[np.zeros(1000), rng.gamma(2, 10, 3000)]
    schema = TableSchema((ColumnSpec("x", "numeric"),))
    table = schema.cast(pd.DataFrame({"x": values}))
    plan = make_plan(schema, [table])
    bins = count_table(table, plan).bin_totals[0]
    cells = np.bincount(plan.columns[0].cell_of_bin, weights=bins)[:-1]
    assert cells[0] == 1000
    assert cells[1:].max() <= 1.6 * 200
    assert cells.min() >= 10


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_tiny_tables_are_counted(n: int) -> None:
    """No row, one row and a few rows are counted, not crashed on."""
    frame = _table(np.random.default_rng(0), 5).iloc[:n]
    profile = count_table(
        SCHEMA.cast(frame), make_plan(SCHEMA, [SCHEMA.cast(_table(np.random.default_rng(1), 50))])
    )
    assert profile.n_rows == n
    assert int(profile.bin_totals[2].sum()) == n


def test_people_stay_in_one_shard() -> None:
    """All rows of a person fall into one shard."""
    schema = TableSchema((ColumnSpec("who", "identifier"), ColumnSpec("x", "integer")), unit="who")
    frame = pd.DataFrame({"who": np.repeat(np.arange(40), 5), "x": np.repeat(np.arange(40), 5)})
    table = schema.cast(frame)
    people = person_hash(frame, schema)
    profile = count_table(table, make_plan(schema, [table]), shards=8, people=people)
    # x is the person here: each value's five rows must be in one shard
    held = profile.bins[0][:, profile.bin_totals[0] > 0]
    assert ((held == 5).sum(axis=0) == 1).all()
    assert person_hash(frame, TableSchema.infer(frame)) is None


# ---------------------------------------------------------------------- suppression and files


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(1, 15))
def test_withheld_cells_cannot_be_found_by_subtraction(values: list[int], k: int) -> None:
    """Shown is at least k and leaves k or nobody; withheld is never one cell, nor under k."""
    table = np.array(values)
    hidden = withheld_cells(table, k)
    shown, held = table[~hidden], table[hidden & (table > 0)]
    total = table.sum()
    assert all(c >= k and (total - c >= k or total == c) for c in shown)
    if len(held):
        assert not len(shown) or (len(held) >= 2 and held.sum() >= k)


def test_releasable_profile_holds_nothing_small(nhanes: Dataset) -> None:
    """No count under k, no count off the grid of k, no level of fewer than k people, no exact value."""
    table = nhanes.schema.cast(nhanes.frame)
    full = count_table(table, make_plan(nhanes.schema, [table]))
    safe = releasable_profile(full, k=10)
    for cells in (*safe.bins, *safe.pairs, safe.outside, safe.broken):
        assert not ((cells > 0) & (cells < 10)).any()
        assert (cells % 10 == 0).all()
    rare = {level for level, count in full.level_counts("cancer_type").items() if 0 < count < 10}
    assert rare
    assert not rare & set(safe.plan["cancer_type"].levels)
    assert not any(column.exact and column.is_number for column in safe.plan.columns)
    assert safe.n_shards == 1


def test_releasable_counts_agree_with_a_fresh_count_under_their_plan(nhanes: Dataset) -> None:
    """Counting the same rows under the releasable plan gives the same tables up to the grid."""
    table = nhanes.schema.cast(nhanes.frame)
    safe = releasable_profile(count_table(table, make_plan(nhanes.schema, [table])), k=10)
    again = count_table(table, safe.plan)
    for mine, theirs in zip(
        again.bin_totals + again.pair_totals, safe.bin_totals + safe.pair_totals, strict=True
    ):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() < 10


def test_profile_files_hold_only_the_releasable_form_unless_asked(tmp_path: Path) -> None:
    """A saved profile is suppressed by default; the internal form is written on request only."""
    frame = _table(np.random.default_rng(0), 400)
    table = SCHEMA.cast(frame)
    profile = count_table(table, make_plan(SCHEMA, [table]))
    assert load_profile(save_profile(profile, tmp_path / "safe.npz")).suppressed_below == 10
    whole = load_profile(save_profile(profile, tmp_path / "whole.npz", internal=True))
    assert whole.suppressed_below == 0
    assert _same(whole, profile)
    assert np.array_equal(whole.moments.sums, profile.moments.sums)


@pytest.mark.parametrize("damage", ["torn", "edited", "foreign", "absent"])
def test_damaged_profile_files_are_refused(tmp_path: Path, damage: str) -> None:
    """A torn, edited, foreign or absent file is refused as such."""
    frame = _table(np.random.default_rng(0), 100)
    table = SCHEMA.cast(frame)
    path = save_profile(count_table(table, make_plan(SCHEMA, [table])), tmp_path / "p.npz")
    content = path.read_bytes()
    if damage == "torn":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "edited":
        path.write_bytes(content[:200] + b"xxxx" + content[204:])
    elif damage == "foreign":
        np.savez(path, head=np.frombuffer(b"{}", dtype=np.uint8))
    else:
        path.unlink()
    with pytest.raises(SavedModelError):
        load_profile(path)
