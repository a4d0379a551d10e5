"""Nothing of a few people leaves an audit: planted ones are searched for, subtracted and inverted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import leak_attackers as attack
import numpy as np
import pandas as pd
import pytest

import synthtab as st
from synthtab.datasets import Dataset
from synthtab.profiling import count_table, load_profile, make_plan, save_profile, share_step
from synthtab.results import AuditResult, RareGroup
from synthtab.selection.gate import record_baseline

K = 10
LONELY, FOUR, THREE = "Zzyzx-Town-7731", "Qwlm-Town-5519", "Vxqj-Ward-3140"
NUMBER = 73_311.377
NEEDLES = (LONELY, FOUR, THREE)
PLAIN = ("age", "sex", "education", "bmi", "diabetes")


@dataclass(frozen=True)
class Planted:
    """A real table with people planted in it, and what was audited."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    made: pd.DataFrame
    schema: st.TableSchema
    result: AuditResult

    @property
    def real(self) -> pd.DataFrame:
        """All real rows."""
        return pd.concat([self.train, self.holdout], ignore_index=True)


def plant(nhanes: Dataset) -> tuple[pd.DataFrame, st.TableSchema]:
    """Plant few people in 1,100 of NHANES.

    ``town`` has one person and four people with names of their own; ``ward`` exactly one level below ten,
    beside levels that are told one by one, so that the rest of the column would be these three people;
    ``grade`` is public, with one small level; ``allergy`` and ``implant`` meet in one person; ``lab`` is
    missing of three; ``cost`` has one extreme.
    """
    rng = np.random.default_rng(5)
    frame = nhanes.frame[list(PLAIN)].iloc[:1100].reset_index(drop=True)
    rows = len(frame)
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], rows, p=[0.5, 0.3, 0.2])
    frame.loc[3, "town"] = LONELY
    frame.loc[[9, 700, 11, 702], "town"] = FOUR
    frame["ward"] = rng.choice(["north", "south", "east", "west"], rows, p=[0.6, 0.32, 0.045, 0.035])
    frame.loc[[20, 21, 800], "ward"] = THREE
    frame["grade"] = rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2])
    frame.loc[[30, 31, 32, 33, 801, 802, 803], "grade"] = "d"
    frame["allergy"], frame["implant"] = "no", "no"
    frame.loc[40:89, "allergy"] = "yes"
    frame.loc[89:140, "implant"] = "yes"
    frame["lab"] = rng.normal(50, 8, rows).round(1)
    frame.loc[[150, 151, 804], "lab"] = np.nan
    frame["cost"] = rng.gamma(2, 50, rows).round(2)
    frame.loc[5, "cost"] = NUMBER
    own = [column for column in nhanes.schema.columns if column.name in PLAIN]
    inferred = st.TableSchema.infer(frame[[name for name in frame if name not in PLAIN]])
    schema = st.TableSchema((*own, *inferred.columns))
    for name in ("town", "ward"):
        schema = schema.with_column(name, kind="categorical", categories=None, domain="from_data")
    schema = schema.with_column("grade", kind="categorical", categories=("a", "b", "c", "d"), domain="public")
    schema = schema.with_column("town", role="quasi_identifier")
    return frame, schema


@pytest.fixture(scope="module")
def planted(nhanes: Dataset) -> Planted:
    """Audit columns drawn apart, without a guard: the synthetic table too holds what was planted."""
    frame, schema = plant(nhanes)
    train, holdout = frame.iloc[:660], frame.iloc[660:].reset_index(drop=True)
    rng = np.random.default_rng(8)
    made = pd.DataFrame({name: rng.permutation(train[name].to_numpy()) for name in train})
    made = made.astype(train.dtypes.to_dict())
    result = st.audit(
        train, made, holdout=holdout, schema=schema, subgroups=["town", "grade", "sex"], target="diabetes"
    )
    return Planted(train, holdout, made, schema, result)


# ---------------------------------------------------------------------- searching


def written(planted: Planted, folder: Path, *, internal: bool) -> list[Path]:
    """Write the page, the figures and the counts of the real table."""
    planted.result.to_html(folder / "audit.html", internal=internal)
    (folder / "audit.json").write_text(planted.result.to_json(internal=internal), encoding="utf-8")
    cast = planted.schema.cast(planted.real)
    plan = make_plan(planted.schema, [cast])
    save_profile(count_table(cast, plan), folder / "profile.npz", internal=internal)
    return sorted(folder.iterdir())


def hits(paths: Iterable[Path]) -> set[tuple[str, str]]:
    """Give the file and what was found in it, for every planted string and number."""
    return {
        (path.name, hit)
        for path in paths
        for content in attack.unpacked(path)
        for hit in attack.found_in(content, NEEDLES, [NUMBER])
    }


def test_no_file_holds_what_was_planted(planted: Planted, tmp_path: Path) -> None:
    """Names of one, three and four people and an extreme stand in no page, JSON, profile or reference."""
    paths = written(planted, tmp_path, internal=False)
    paths.append(st.make_reference(planted.real, tmp_path / "reference.npz", schema=planted.schema))
    saved = AuditResult.from_json((tmp_path / "audit.json").read_text(encoding="utf-8"))
    saved.to_html(tmp_path / "again.html")
    assert hits([*paths, tmp_path / "again.html"]) == set()


def test_the_search_finds_them_in_internal_files(planted: Planted, tmp_path: Path) -> None:
    """Control: the same search finds the names on the internal page, in its JSON and in the exact profile."""
    found = hits(written(planted, tmp_path, internal=True))
    for name in ("audit.html", "audit.json", "profile.npz"):
        assert {hit for file, hit in found if file == name} >= set(NEEDLES), name
    assert ("profile.npz", str(NUMBER)) in found


def test_a_study_holds_nothing_planted(planted: Planted, tmp_path: Path) -> None:
    """What a small recursion on the same rows writes holds none of it either; its working rows would."""
    names = ["town", "ward", "grade", "cost"]
    schema = st.TableSchema(tuple(column for column in planted.schema.columns if column.name in names))
    study = st.recurse(
        st.split(planted.real[list(schema.names)], schema, holdout=0.4, seed=0),
        schema,
        synthesizers=["independent"],
        regimes=["replace"],
        generations=2,
        seeds=[0, 1],
        rows=150,
        null_chains=40,
        workers=1,
        progress=False,
    )
    study.to_html(tmp_path / "study.html")
    (tmp_path / "study.json").write_text(study.to_json(), encoding="utf-8")
    assert hits(tmp_path.iterdir()) == set()
    planted.train.to_csv(tmp_path / "rows.csv")
    assert {hit for _, hit in hits([tmp_path / "rows.csv"])} >= {LONELY, str(NUMBER)}


def test_a_gate_baseline_holds_nothing_planted(planted: Planted, tmp_path: Path) -> None:
    """What a gate records of a synthesizer on these rows holds none of it."""
    parts = st.split(planted.real, planted.schema, holdout=0.4, seed=0)
    baseline = record_baseline(
        parts,
        planted.schema,
        synthesizer="independent",
        seeds=[0, 1],
        figures=["marginal.tvd"],
        workers=1,
        progress=False,
    )
    (tmp_path / "baseline.json").write_text(baseline.to_json(), encoding="utf-8")
    assert hits(tmp_path.iterdir()) == set()
    assert {column.name for column in baseline.columns} >= {"town", "ward", "cost"}


def test_saved_counts_are_of_ten_or_nobody(planted: Planted, tmp_path: Path) -> None:
    """Counts of a saved profile are multiples of ten; a margin never pins a cell that was set to nobody."""
    cast = planted.schema.cast(planted.real)
    exact = count_table(cast, make_plan(planted.schema, [cast]))
    safe = load_profile(save_profile(exact, tmp_path / "p.npz"))
    for counts in (*safe.bins, *safe.pairs, *safe.triples, *safe.views):
        assert not (counts % K).any()
    pinned = 0
    for (first, second), table in zip(safe.plan.pairs, safe.pair_totals, strict=True):
        for counts, index in ((table, first), (table.T, second)):
            margin = np.bincount(safe.plan.columns[index].pair_of_bin, weights=safe.bin_totals[index])
            for row, total in zip(counts, margin, strict=True):
                empty = row == 0
                low = total - K // 2 - (row[~empty] + K // 2 - 1).sum() - (K - 1) * (empty.sum() - 1)
                high = total + K // 2 - 1 - (row[~empty] - K // 2).sum()
                pinned += int(empty.any() and total > 0 and min(high, K - 1) - max(low, 0) < 1)
    assert pinned == 0
    assert any(0 < counts.min(initial=K, where=counts > 0) < K for counts in exact.pair_totals)


# ---------------------------------------------------------------------- subtracting


def test_no_withheld_cell_can_be_found_by_subtraction(planted: Planted) -> None:
    """Told every shown count exactly, an attacker bounds no withheld cell and no level below ten."""
    shown = AuditResult.from_json(planted.result.to_json())
    assert attack.subtract_cells(shown, planted.real, K) == []
    assert attack.subtract_levels(shown, planted.real, K) == []
    assert attack.count_missing(shown, planted.real, K, share_step) == []
    assert sum(cell.real is None for drawn in shown.distributions for cell in drawn.cells) >= 4


def test_subtraction_finds_people_where_suppression_is_off(planted: Planted) -> None:
    """Control: with all cells shown the seven of a grade are found; so is a single withheld cell."""
    assert planted.result.detail is not None
    bare = replace(planted.result, distributions=planted.result.detail.distributions)
    found = {finding.where for finding in attack.subtract_cells(bare, planted.real, K)}
    assert "grade: d" in found
    one = tuple(
        replace(
            drawn,
            cells=tuple(replace(cell, real=None if cell.label == "d" else 0.2) for cell in drawn.cells),
        )
        for drawn in bare.distributions
        if drawn.column == "grade"
    )
    (finding,) = attack.subtract_cells(replace(bare, distributions=one), planted.real, K)
    assert (finding.low, finding.high) == (7, 7)


def test_a_ladder_that_names_what_a_pool_holds_is_found(planted: Planted) -> None:
    """Control: were east and west named beside the pool, the three of the last ward would be found."""
    named = tuple(
        RareGroup(f"ward: {name}", 1, 40, 40, 30, 50, st.results.Status.PASS) for name in ("east", "west")
    )
    careless = replace(planted.result, rare=(*planted.result.rare, *named))
    found = [f for f in attack.subtract_levels(careless, planted.real, K) if f.where.startswith("ward")]
    assert [(finding.low, finding.high) for finding in found] == [(3, 3)]


def test_missing_people_are_counted_from_fine_shares() -> None:
    """Of 120 people, shares to a thousandth tell that three have no value; the grid leaves it open."""
    shares = np.random.default_rng(0).multinomial(117, np.full(8, 1 / 8)) / 117
    assert attack.possible_missing([round(share, 3) for share in shares], 0.001, 120) == [3]
    step = share_step(117, K)
    open_to = attack.possible_missing([round(share / step) * step for share in shares], step, 120)
    assert not attack.tells(min(open_to), max(open_to), K)
    assert 3 in open_to


def test_no_strength_of_association_tells_a_cell_of_few(planted: Planted) -> None:
    """Of the pair that meets in one person no strength is shown; without that rule it tells the number."""
    shown = AuditResult.from_json(planted.result.to_json())
    assert attack.invert_strengths(shown, planted.real, K) == []
    detail = planted.result.detail
    assert detail is not None
    bare = replace(planted.result, associations=detail.associations)
    found = {finding.where for finding in attack.invert_strengths(bare, planted.real, K)}
    assert "allergy × implant" in found
    pair = {"allergy", "implant"}
    assert not any(set(score.columns) == pair for score in shown.scores)
    assert any(set(score.columns) == pair for score in planted.result.scores)
    assert not any({change.first, change.second} == pair for change in shown.association_changes)


# ---------------------------------------------------------------------- inverting


def sizes(planted: Planted) -> tuple[int, ...]:
    """Give the numbers of people that rates may be of."""
    both = min(len(planted.train), len(planted.holdout))
    return (len(planted.train), len(planted.holdout), len(planted.real), both, 500, len(planted.holdout) // 2)


def test_no_interval_tells_how_few_it_is_of(planted: Planted) -> None:
    """No rate with its interval, in scores, checks or attacks, is of one to nine people or all but them."""
    shown = AuditResult.from_json(planted.result.to_json())
    assert attack.invert_intervals(shown, sizes(planted), K) == []
    assert attack.invert_ratios(shown, (len(planted.holdout), len(planted.made)), K) == []


@pytest.mark.parametrize("hits_of", [1, 4, 9])
def test_intervals_of_few_are_inverted(planted: Planted, hits_of: int) -> None:
    """Control: an attack that succeeds on one, four or nine people is read back to them."""
    n = len(planted.train)
    low, high = attack.wilson(hits_of, n)
    careless = replace(planted.result.attacks[0], risk=hits_of / n, low=low, high=high)
    found = attack.invert_intervals(replace(planted.result, attacks=(careless,)), sizes(planted), K)
    assert (hits_of, hits_of) in {(finding.low, finding.high) for finding in found}


def test_in_memory_some_rates_are_of_few(planted: Planted) -> None:
    """Control: of the figures that are left out of what is written, two are read back to a handful."""
    found = {finding.where for finding in attack.invert_intervals(planted.result, sizes(planted), K)}
    assert {"score near_copies ()", "score rare_values_shared ()"} <= found


# ---------------------------------------------------------------------- drawings


def test_drawings_tell_no_more_than_tables(planted: Planted, tmp_path: Path) -> None:
    """Heights and lengths read from the page are the rounded shares; withheld cells have none."""
    shown = AuditResult.from_json(planted.result.to_json())
    page = shown.to_html(tmp_path / "audit.html").read_text(encoding="utf-8")
    read = {**attack.read_histograms(page, shown), **attack.read_level_bars(page, shown)}
    assert set(read) == {drawn.column for drawn in shown.distributions}
    for drawn in shown.distributions:
        cells = [cell for cell in drawn.cells if cell.label != "missing"]
        for cell, share in zip(cells, read[drawn.column], strict=False):
            assert (share is None) == (cell.real is None), (drawn.column, cell.label)
            if share is not None and cell.real is not None:
                assert share == pytest.approx(cell.real, abs=0.0025), (drawn.column, cell.label)


def test_a_drawing_of_exact_shares_would_tell(planted: Planted, tmp_path: Path) -> None:
    """Control: on the internal page the bar of the seven of one grade is there, and reads as seven."""
    page = planted.result.to_html(tmp_path / "i.html", internal=True).read_text(encoding="utf-8")
    detail: Any = planted.result.detail
    read = attack.read_level_bars(page, replace(planted.result, distributions=detail.distributions))
    drawn = next(item for item in detail.distributions if item.column == "grade")
    place = [cell.label for cell in drawn.cells].index("d")
    share = read["grade"][place]
    assert share is not None
    assert round(share * len(planted.real)) == pytest.approx(7, abs=1)
