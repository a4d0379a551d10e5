"""What is withheld together: levels that two tables would tell, rates, pairs, ratios, shares of groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import synthtab as st
from synthtab.auditing.describe import RealCounts, describe_rare, told_levels
from synthtab.auditing.describe_rows import describe_bands, with_shown_shares
from synthtab.auditing.withholding import mark_checks, mark_scores, pairs_of_few
from synthtab.profiling import Profile, count_table, make_plan
from synthtab.results import Check, Score, Section, Status, Subgroup

K = 10


def profile_of(frame: pd.DataFrame, schema: st.TableSchema | None = None) -> Profile:
    """Count a table."""
    known = schema or st.TableSchema(tuple(st.ColumnSpec(name, "categorical") for name in frame))
    cast = known.cast(frame)
    return count_table(cast, make_plan(known, [cast], K), shards=4)


def levels(**counts: int) -> pd.DataFrame:
    """Make one label column with so many rows of each level."""
    return pd.DataFrame({"ward": [level for level, count in counts.items() for _ in range(count)]})


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"a": 500, "b": 300, "c": 40, "d": 3}, {"a"}),
        ({"a": 500, "b": 300, "c": 40, "d": 30}, {"a", "b", "c", "d"}),
        ({"a": 500, "b": 40, "c": 6, "d": 5, "e": 4}, {"a", "b"}),
        ({"a": 500, "b": 40, "c": 3, "d": 2, "e": 1}, {"a"}),
        ({"a": 500, "b": 3}, set()),
    ],
)
def test_levels_are_told_only_when_the_rest_is_three_of_ten(counts: dict[str, int], told: set[str]) -> None:
    """Levels told one by one leave nobody, or three levels of ten people together; distributions alike."""
    profile = profile_of(levels(**counts))
    real = RealCounts(profile, profile, has_holdout=False)
    names = np.array(real.plan.columns[0].levels)
    assert set(names[told_levels(real, profile, 0, K)]) == told


def test_the_ladder_names_nothing_that_is_pooled() -> None:
    """East and west are under 5 % of the rows, but pooled with a ward of three: no rung is theirs."""
    careless = {"a": 2_000, "b": 1_000, "east": 60, "west": 50}
    for counts, named in ((careless, {"ward: east", "ward: west"}), (careless | {"few": 3}, set())):
        profile = profile_of(levels(**counts))
        rungs = describe_rare(profile, profile, profile, k=K, has_holdout=False)
        assert {rung.label for rung in rungs if rung.levels == 1} == named
        pools = [(rung.levels, rung.expected) for rung in rungs if rung.levels > 1]
        assert pools == ([(3, 113.0)] if "few" in counts else [])


def test_a_band_counts_those_that_nobody_names() -> None:
    """A band of four named wards and one of three people would tell these: it is joined with none."""
    wards = {f"w{place}": 12 + place for place in range(4)}
    rest = {"x": 3, "y": 4, "z": 5}
    bands = {}
    for name, counts in (("named", wards), ("with three", wards | {"x": 3}), ("with more", wards | rest)):
        profile = profile_of(levels(common=900, **counts))
        bands[name] = describe_bands(profile, profile, profile, k=K, has_holdout=False)
    assert [band.levels for band in bands["named"]] == [4]
    assert [band.levels for band in bands["with more"]] == [3, 4]
    assert [band.levels for band in bands["with three"]] == [5]


def test_small_tables_of_pairs_are_withheld() -> None:
    """Two by two with a cell of one person is withheld, with a cell of nobody or of ten it is not."""

    def pair(both: int) -> frozenset[tuple[int, int]]:
        one, two = np.array(["no"] * 500), np.array(["no"] * 500)
        one[:40], two[40 - both : 90 - both] = "yes", "yes"
        profile = profile_of(pd.DataFrame({"one": one, "two": two}))
        return pairs_of_few(RealCounts.parts(profile, profile, has_holdout=False), K)

    assert [bool(pair(both)) for both in (0, 1, 9, 10)] == [False, True, True, False]


def test_a_wide_table_of_pairs_is_not() -> None:
    """Five by five levels have more unknowns than figures: a cell of one person does not tell."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice([*"abcde"], 400) for name in ("one", "two")})
    frame.loc[frame["one"] == "a", "two"] = "a"
    frame.loc[frame.index[frame["one"] == "a"][0], "two"] = "b"
    profile = profile_of(frame)
    parts = RealCounts.parts(profile, profile, has_holdout=False)
    assert pairs_of_few(parts, K) == frozenset()
    assert pairs_of_few(parts, K, most_cells=25) == {(0, 1)}


def score(name: str, *columns: str, floor: float = 0.0) -> Score:
    """Make a figure."""
    return Score(Section.MARGINAL, name, 1, columns, 0.25, 0.2, 0.3, floor, excess=0.25 - floor)


@pytest.mark.parametrize(("gone", "told"), [(4, False), (12, True)])
def test_a_holdout_of_few_hides_what_all_rows_would_not(gone: int, told: bool) -> None:
    """Twelve training people have no value: the rate is given when twelve held out have none, not four."""
    profiles = []
    for missing in (gone, 12):
        frame = levels(a=200, b=200)
        frame.loc[: missing - 1, "ward"] = None
        profiles.append(profile_of(frame))
    parts = RealCounts.parts(*profiles, has_holdout=True)
    (marked,) = mark_scores([score("missing_rate", "ward")], parts, *profiles, K)
    assert marked.releasable is told


def test_a_ratio_of_rare_masses_needs_ten_fresh_people() -> None:
    """Three rare levels of 40 training rows, of which the holdout has nine or ten: only ten are told."""
    train = profile_of(levels(common=900, x=14, y=13, z=13))
    for held, told in ((9, False), (10, True)):
        frame = levels(common=400, x=held)
        holdout = count_table(train.plan.schema.cast(frame), train.plan, shards=4)
        parts = RealCounts.parts(holdout, train, has_holdout=True)
        (marked,) = mark_scores([score("rare_mass")], parts, holdout, train, K)
        assert marked.releasable is told


def test_checks_follow_their_scores() -> None:
    """The worst column is withheld when its score is, the ratio when its ratio is; others are not."""
    column = replace(score("tvd", "a"), releasable=False)
    mass = replace(score("rare_mass"), releasable=False)
    worst = Check("STB105", Section.MARGINAL, "worst column", Status.FAIL, value=0.25)
    other = replace(worst, value=0.2)
    ratio = Check("STB302", Section.RARE, "rare mass", Status.PASS, value=0.9)
    none = replace(ratio, value=None, status=Status.NOT_APPLICABLE)
    marked = mark_checks([worst, other, ratio, none], [column, mass])
    assert [check.releasable for check in marked] == [False, True, False, True]


def test_shares_of_groups_leave_nobody_alone() -> None:
    """Of four groups one has four people and is none: the share of the next smallest is not given either."""
    frame = levels(a=120, b=100, c=76, d=4)
    profile = profile_of(frame)
    real = RealCounts(profile, profile, has_holdout=False)
    groups = [
        Subgroup("ward", name, count / 300, 0.0, 0.0, 0.0, None, None, "", Status.PASS)
        for name, count in (("a", 120), ("b", 100), ("c", 76))
    ]
    shown = {group.level: group.share for group in with_shown_shares(groups, real, profile, K)}
    assert shown["a"] == 0.4
    assert shown["b"] is None
    assert shown["c"] is None
