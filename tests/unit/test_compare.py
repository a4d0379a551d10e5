"""`st.compare` as its users call it: one board, its intervals, its final answer."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest
from people_study import COLUMNS

import synthtab as st
from synthtab.errors import DataError, SpecError
from synthtab.results import BoardResult, Role


@cache
def real() -> tuple[st.Split, st.TableSchema]:
    """Give 800 people of NHANES in five columns, half of them held out."""
    data = st.load_nhanes_adults()
    schema = st.TableSchema(tuple(c for c in data.schema.columns if c.name in COLUMNS), name="people")
    return st.split(data.frame[list(schema.names)].iloc[:800], schema, holdout=0.5, seed=0), schema


def board(synthesizers: list[Any] | None = None, **changes: Any) -> BoardResult:
    """Make the smallest board, or one with some other arguments."""
    split, schema = real()
    given: dict[str, Any] = {"seeds": [0, 1], "workers": 1, "progress": False, "measured": 800} | changes
    table = given.pop("table", split)
    return st.compare(synthesizers or ["independent"], table, given.pop("schema", schema), **given)


@cache
def whole() -> BoardResult:
    """Make one board with a contender that works, and one that cannot learn label columns."""
    return board(["gaussian_copula", "gaussian"])


def test_baselines_and_marks_are_always_there() -> None:
    """Contenders best first, those that failed last; then both baselines, then fresh real rows."""
    rows = whole().rows
    assert [row.role for row in rows] == [Role.CONTENDER] * 2 + [Role.BASELINE] * 2 + [Role.MARK]
    assert {row.name for row in rows[2:4]} == {"independent", "resampler"}
    assert rows[4].name == "fresh real rows"


def test_a_failing_synthesizer_is_a_row_that_says_why() -> None:
    """The others are there, and the summary names it."""
    failed = whole().row("gaussian")
    assert failed.fits == 0
    assert failed.cells == ()
    assert failed.failures
    assert "gaussian could not be fitted" in whole().summary
    assert whole().row("gaussian_copula").fits == 2


def test_every_cell_is_a_mean_over_refits() -> None:
    """The mean of the values by seed, with ends; costs and circles of readers beside it."""
    row = whole().row("gaussian_copula")
    assert len(row.cells) == len(whole().figures)
    for cell in row.cells:
        if cell.mean.value is None:
            assert cell.reason
            continue
        known = [value for value in cell.values if value is not None]
        assert cell.mean.value == pytest.approx(sum(known) / len(known))
        assert cell.mean.low is not None
        assert cell.mean.low <= cell.mean.value
    assert row.costs is not None
    assert row.costs.fit_cpu > 0
    assert [item.name for item in row.contexts] == ["same_team", "partners", "public"]
    assert all(item.yes + item.with_notes + item.no == 2 for item in row.contexts)


def test_an_instrument_is_never_recommended() -> None:
    """What guards nobody may be compared; it is not taken for anybody, and it is no baseline when named."""
    found = board(["independent", "resampler"], final=False, seeds=[0])
    assert [row.role for row in found.rows] == [Role.CONTENDER] * 2 + [Role.MARK]
    assert not found.row("resampler").releasable
    assert {item.synthesizer for item in found.recommendations} == {"independent"}


def test_the_final_answer_is_on_rows_that_nobody_searched_on() -> None:
    """Half of the holdout is kept back, and what is recommended is fitted with a seed of its own."""
    settings = whole().settings
    split, _ = real()
    assert settings.search_rows + settings.final_rows == len(split.holdout)
    assert abs(settings.search_rows - settings.final_rows) <= 1
    assert {final.synthesizer for final in whole().finals} == {
        item.synthesizer for item in whole().recommendations if item.synthesizer
    }
    for final in whole().finals:
        assert final.seed not in settings.seeds
        assert final.checks
        assert final.answers
    apart = board(final=False)
    assert apart.settings.search_rows == len(split.holdout)
    assert apart.finals == ()
    assert any("searched for on the rows" in note for note in apart.notes)


def test_a_verifier_part_is_the_final_one() -> None:
    """A split with a verifier keeps its whole holdout for the search."""
    split, schema = real()
    own = st.Split(split.train, split.holdout.iloc[:300], split.pool, split.holdout.iloc[300:], 0)
    found = board(table=own, schema=schema)
    assert (found.settings.search_rows, found.settings.final_rows) == (300, 100)


def test_the_kept_rows_are_whole_people() -> None:
    """Where several rows are of one person, none of them is searched on when another is kept."""
    split, schema = real()
    doubled = pd.concat([split.holdout.assign(who=range(len(split.holdout)))] * 2, ignore_index=True)
    train = split.train.assign(who=range(10_000, 10_000 + len(split.train)))
    known = st.TableSchema((*schema.columns, st.ColumnSpec("who", "identifier")), name="people", unit="who")
    found = board(table=st.Split(train, doubled, split.pool, split.verifier, 0), schema=known, seeds=[0])
    assert found.settings.search_rows == found.settings.final_rows == len(split.holdout)
    assert found.settings.final_rows % 2 == 0


def test_the_same_board_twice() -> None:
    """Two workers and one, rows in another order: all but costs is the same to the byte."""
    split, schema = real()
    turned = st.Split(split.train.iloc[::-1], split.holdout.iloc[::-1], split.pool, split.verifier, 0)
    first = board(seeds=[0])
    second = board(seeds=[0], workers=2)
    third = board(seeds=[0], table=turned, schema=schema)
    pd.testing.assert_frame_equal(first.frame(), second.frame())
    assert first.differences == second.differences
    assert first.recommendations == second.recommendations
    assert first.finals == second.finals
    pd.testing.assert_frame_equal(first.frame(), third.frame())
    assert first.finals == third.finals


def test_json_there_and_back() -> None:
    """What is saved is read again the same, and holds no refit's row."""
    text = whole().to_json()
    again = st.BoardResult.from_json(text)
    assert again.to_json() == text
    assert again.summary == whole().summary
    frame = whole().seeds_frame()
    assert set(frame["seed"]) == {0, 1}
    assert set(whole().costs()["name"]) == {"gaussian_copula", "independent", "resampler"}
    assert str(whole()).startswith(whole().summary)


def test_one_seed_has_no_interval() -> None:
    """A single refit gives values without ends, no difference is real, and a note says so."""
    found = board(seeds=[3], final=False)
    ends = found.frame().query("role != 'mark'")[["low", "high"]]
    assert ends.isna().to_numpy().all()
    assert not any(item.is_real for item in found.differences)
    assert any("one refit" in note for note in found.notes)


@pytest.mark.parametrize(
    ("synthesizers", "changes", "error", "says"),
    [
        ([], {}, SpecError, "Name at least one synthesizer"),
        (["indep"], {}, SpecError, "Did you mean 'independent'"),
        (["independent"] * 2, {}, SpecError, "named twice"),
        ([st.spec("independent", quantile=3)], {}, SpecError, "no parameter 'quantile'"),
        (["independent"], {"seeds": []}, SpecError, "at least one seed"),
        (["independent"], {"target": "ages"}, DataError, "no modelled column"),
        (["independent"], {"measured": 7}, SpecError, "less than the 400 training rows"),
        (["independent"], {"holdout": pd.DataFrame({"a": [1]})}, SpecError, "has its own holdout"),
    ],
)
def test_mistakes_are_refused_before_any_fit(
    synthesizers: list[Any], changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    """A wrong argument is told at once, with what is allowed."""
    split, schema = real()
    with pytest.raises(error, match=says):
        st.compare(synthesizers, split, schema, **({"seeds": [0], "progress": False} | changes))


def test_too_few_people_to_keep_back() -> None:
    """A holdout of 30 cannot be halved; the message says how many are needed, or to leave it."""
    split, schema = real()
    small = st.Split(split.train, split.holdout.iloc[:30], split.pool, split.verifier, 0)
    with pytest.raises(DataError, match="Hold out 40 people or more"):
        st.compare(["independent"], small, schema, seeds=[0], progress=False)
