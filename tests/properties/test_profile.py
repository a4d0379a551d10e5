"""Profiles: what must hold for every table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthtab.datasets import Dataset
from synthtab.errors import DataError, SavedModelError
from synthtab.metrics.association import cramers_v, interaction, pearson, spearman
from synthtab.metrics.marginal import cumulative, kolmogorov_smirnov, shares, total_variation, wasserstein
from synthtab.profiling import (
    Profile,
    count_table,
    load_profile,
    make_plan,
    pooled_levels,
    releasable_profile,
    save_profile,
    share_step,
    withheld_cells,
)
from synthtab.profiling.memory import person_hash
from synthtab.profiling.mined_rules import mined_rule_from_dict
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
            "when": pd.to_datetime("1999-12-01") + pd.to_timedelta(rng.integers(0, 10**8, n), unit="s"),
            "half": rng.choice(["yes", "no"], n),
        }
    )


SCHEMA = TableSchema(
    (
        ColumnSpec("number", "numeric"),
        ColumnSpec("heap", "integer", upper=55),
        ColumnSpec("level", "categorical", role="quasi_identifier"),
        ColumnSpec("wide", "numeric"),
        ColumnSpec("when", "datetime"),
        ColumnSpec("half", "categorical", role="quasi_identifier"),
    )
)


def _arrays(profile: Profile) -> list[np.ndarray]:
    moments = profile.moments
    return [
        *profile.bins,
        *profile.pairs,
        *profile.triples,
        *profile.views,
        profile.shard_rows,
        profile.overshoot,
        profile.beyond,
        profile.outside,
        profile.broken,
        profile.keys,
        profile.mined_rows,
        profile.mined_broken,
        *(moments.both, moments.sums, moments.squares, moments.products, moments.centers),
    ]


def _same(first: Profile, second: Profile) -> bool:
    return all(
        a.shape == b.shape and a.tobytes() == b.astype(a.dtype).tobytes()
        for a, b in zip(_arrays(first), _arrays(second), strict=True)
    )


RULE = mined_rule_from_dict(
    {
        "kind": "never together",
        "columns": ["level", "half"],
        "text": "level a never comes with half no",
        "support": 123,
        "confidence": 0.98,
        "relation": "",
        "levels": [["a"], ["no"]],
        "mapping": [],
    }
)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_row_order_and_dtype_change_nothing(seed: int) -> None:
    """Shuffled rows, reordered columns and other dtypes give the same shards, to the bit."""
    rng = np.random.default_rng(seed)
    frame = _table(rng, 200)
    other = frame.sample(frac=1, random_state=seed)[frame.columns[::-1]].astype(
        {"level": "category", "heap": float}
    )
    first, second = SCHEMA.cast(frame), SCHEMA.cast(other)
    plan = make_plan(SCHEMA, [first], mined=[RULE])
    left, right = (count_table(table, plan, shards=8, seed=seed) for table in (first, second))
    assert _same(left, right)
    again = make_plan(SCHEMA, [second])
    assert [(view.column, view.part, view.unit) for view in again.views] == [
        (view.column, view.part, view.unit) for view in plan.views
    ]
    assert again.keys is not None
    assert plan.keys is not None
    assert np.array_equal(again.keys.codes, plan.keys.codes)
    assert all(np.array_equal(a.points, b.points) for a, b in zip(plan.columns, again.columns, strict=True))


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_merging_parts_gives_the_whole(seed: int) -> None:
    """Totals of merged parts equal the whole's; each shard table adds up to its rows."""
    frame = _table(np.random.default_rng(seed), 300)
    plan = make_plan(SCHEMA, [SCHEMA.cast(frame[50:])], mined=[RULE])
    whole = count_table(SCHEMA.cast(frame), plan, shards=4)
    merged = count_table(SCHEMA.cast(frame[:120]), plan, shards=4).merge(
        count_table(SCHEMA.cast(frame[120:]), plan, shards=4)
    )
    for a, b in zip(_arrays(whole)[:-5], _arrays(merged)[:-5], strict=True):
        assert np.allclose(a.sum(axis=0), b.sum(axis=0), rtol=1e-12)
    for a, b in zip(_arrays(merged.select(np.array([2, 0])))[:-1], _arrays(merged)[:-1], strict=True):
        assert np.array_equal(a, b[[2, 0]])
    assert np.allclose(_pearson(whole), _pearson(merged))
    assert whole.keys.any()
    assert whole.mined_broken.any()
    for table in (*whole.bins, *whole.pairs, *whole.triples, whole.keys):
        assert np.array_equal(table.reshape(4, -1).sum(axis=1), whole.shard_rows)


def _pearson(profile: Profile) -> np.ndarray:
    moments = profile.moments
    return pearson(
        *(part.sum(axis=0) for part in (moments.both, moments.sums, moments.squares, moments.products))
    )


def test_pearson_of_moments_equals_pandas() -> None:
    """Correlations from sums equal pandas' pairwise-complete ones."""
    frame = _table(np.random.default_rng(0), 500)
    profile = count_table(SCHEMA.cast(frame), make_plan(SCHEMA, [SCHEMA.cast(frame)]))
    seconds = frame["when"].astype("datetime64[s]").astype("int64")
    expected = frame[["number", "heap", "wide"]].assign(when=seconds).corr().to_numpy()
    assert _pearson(profile) == pytest.approx(expected)


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
    """Shown is at least k and leaves k or nobody; withheld is never one cell, nor under k together."""
    table = np.array(values)
    hidden = withheld_cells(table, k)
    shown, held = table[~hidden], table[hidden]
    total = table.sum()
    assert all(c >= k and (total - c >= k or total == c) for c in shown)
    if len(held):
        assert not len(shown) or (len(held) >= 2 and held.sum() >= k)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(1, 15))
def test_pooled_levels_are_three_with_k_people(values: list[int], k: int) -> None:
    """Levels of few people are pooled with the next smallest, until three are held by k people; no others."""
    counts = np.array(values)
    pooled = pooled_levels(counts, k)
    held = counts[pooled & (counts > 0)]
    assert pooled[counts < k].all()
    if len(held) and not pooled.all():
        assert len(held) >= 3
        assert held.sum() >= k
        assert held.max() <= counts[~pooled].min()
    if not ((counts > 0) & (counts < k)).any():
        assert not len(held)


@given(st.integers(1, 10**6), st.integers(1, 15))
def test_a_step_of_the_grid_stands_for_k_people(people: int, k: int) -> None:
    """A step is a thousandth or stands for k people, as far as a tenth can."""
    step = share_step(people, k)
    assert 0.001 <= step <= 0.1
    assert step * people >= k or step == 0.1
    assert step == 0.001 or step / 2.6 * people < k


def test_releasable_profile_holds_nothing_small(nhanes: Dataset) -> None:
    """No count under k, no count off the grid of k, no level of fewer than k people, no exact value."""
    table = nhanes.schema.cast(nhanes.frame)
    full = count_table(table, make_plan(nhanes.schema, [table]))
    safe = releasable_profile(full, k=10)
    for cells in (
        *safe.bins,
        *safe.pairs,
        *safe.triples,
        *safe.views,
        safe.outside,
        safe.broken,
        safe.beyond,
    ):
        assert not ((cells > 0) & (cells < 10)).any()
        assert (cells % 10 == 0).all()
    rare = {level for level, count in full.level_counts("cancer_type").items() if 0 < count < 10}
    assert rare
    assert not rare & set(safe.plan["cancer_type"].levels)
    assert not any(column.exact and column.is_number for column in safe.plan.columns)
    assert safe.n_shards == 1
    assert safe.triples
    assert safe.views
    assert safe.plan.keys is None
    assert safe.keys.shape == (1, 0)


def test_releasable_counts_agree_with_a_fresh_count_under_their_plan(nhanes: Dataset) -> None:
    """Counting the same rows under the releasable plan gives the same tables up to the grid."""
    table = nhanes.schema.cast(nhanes.frame)
    safe = releasable_profile(count_table(table, make_plan(nhanes.schema, [table])), k=10)
    again = count_table(table, safe.plan)
    for mine, theirs in zip(
        again.bin_totals + again.pair_totals + again.triple_totals + again.view_totals,
        safe.bin_totals + safe.pair_totals + safe.triple_totals + safe.view_totals,
        strict=True,
    ):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() < 10


def test_profile_files_hold_only_the_releasable_form_unless_asked(tmp_path: Path) -> None:
    """A saved profile is suppressed by default; the internal form is written on request only."""
    frame = _table(np.random.default_rng(0), 400)
    table = SCHEMA.cast(frame)
    profile = count_table(table, make_plan(SCHEMA, [table], mined=[RULE], targets=["half"], most_pairs=5))
    safe = load_profile(save_profile(profile, tmp_path / "safe.npz"))
    assert safe.suppressed_below == 10
    assert _same(safe, releasable_profile(profile))
    whole = load_profile(save_profile(profile, tmp_path / "whole.npz", internal=True))
    assert whole.suppressed_below == 0
    assert _same(whole, profile)
    read, plan = whole.plan, profile.plan
    assert (read.pairs, read.triples, read.pairs_rule) == (plan.pairs, plan.triples, plan.pairs_rule)
    assert "hold a target" in read.pairs_rule
    assert [vars(view) for view in read.views] == [vars(view) for view in plan.views]
    assert [rule.to_dict() for rule in read.mined] == [RULE.to_dict()]
    assert read.keys is not None
    assert plan.keys is not None
    assert read.keys.columns == plan.keys.columns
    assert np.array_equal(read.keys.codes, plan.keys.codes)
    # counting again under the plan that was read gives the same counts
    assert _same(count_table(table, read), profile)


def test_releasable_rules_hold_no_exact_count_and_no_rare_level() -> None:
    """Support goes on the grid, fewer than k exceptions are not told, a rule on a rare level goes."""
    frame = _table(np.random.default_rng(0), 400)
    frame.loc[:3, "level"] = "rare"
    table = SCHEMA.cast(frame)
    rare = replace(RULE, levels=(("rare",), ("no",)))
    mapped = replace(RULE, mapping=(("a", "yes"), ("rare", "no")))
    safe = releasable_profile(count_table(table, make_plan(SCHEMA, [table], mined=[rare, mapped])))
    (rule,) = safe.plan.mined
    assert (rule.support, rule.confidence) == (120, 1.0)
    assert rule.mapping == (("a", "yes"),)
    assert (safe.mined_rows.shape, safe.mined_broken.shape) == ((1, 1), (1, 2))
    assert safe.mined_rows[0, 0] == pytest.approx((frame["level"] == "a").sum(), abs=5)


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
