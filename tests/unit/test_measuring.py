"""Refits, measured: the same figures as an audit's, whatever the worker; no real row is told."""

from __future__ import annotations

import pickle
from functools import cache

import cloudpickle
import pandas as pd
import pytest
from people_study import COLUMNS

import synthtab as st
from synthtab.errors import DataError, SpecError
from synthtab.seeding import derive_seed
from synthtab.selection.figures import FIGURES, GATE_FIGURES, MOST_GATE_FIGURES, figure, figures_named
from synthtab.selection.measuring import Measurer
from synthtab.selection.refits import measure_refits

NAMES = [item.name for item in FIGURES if item.name != "schema.broken_rules"]


@cache
def real() -> tuple[st.Split, st.TableSchema]:
    """Give 900 people of NHANES in five columns, half of them held out."""
    data = st.load_nhanes_adults()
    schema = st.TableSchema(tuple(c for c in data.schema.columns if c.name in COLUMNS), name="people")
    return st.split(data.frame[list(schema.names)].iloc[:900], schema, holdout=0.5, seed=0), schema


@cache
def measurer() -> Measurer:
    """Prepare all figures once."""
    return Measurer.of(*real(), figures=NAMES, targets=None)


def test_every_figure_has_a_value_or_a_reason() -> None:
    """In the order of the figures: a number, or why there is none; circles of readers are answered."""
    found = measurer().refit(st.spec("independent"), 0)
    assert len(found.values) == len(found.reasons) == len(measurer().figures) == len(NAMES)
    for name, value, reason in zip(NAMES, found.values, found.reasons, strict=True):
        assert (value is None) == bool(reason), name
    assert {answer.name for answer in found.contexts} == {"same_team", "partners", "public"}
    assert found.costs is not None
    assert found.costs.fit_cpu > 0
    assert found.costs.sample_cpu > 0


def test_what_was_planted_is_found() -> None:
    """The resampler is useful and gives everybody away; independent columns neither; each by its figures."""
    places = {name: place for place, name in enumerate(NAMES)}

    def value(name: str, of: str) -> float:
        found = {"resampler": copied, "independent": apart}[of].values[places[name]]
        assert found is not None
        return found

    copied, apart = (measurer().refit(st.spec(name), 1) for name in ("resampler", "independent"))
    assert value("privacy.membership_auc", "resampler") > 0.7
    assert value("privacy.largest_advantage", "resampler") > 0.3
    assert value("privacy.membership_auc", "independent") < 0.56
    assert value("association.interaction_tvd", "independent") < 0.15
    assert value("association.interaction_tvd", "resampler") > 0.6
    assert next(a for a in copied.contexts if a.name == "public").answer is st.Verdict.FAIL


def test_figures_of_rows_are_an_audits() -> None:
    """Utility, detection and attacks are read off an audit of the very table."""
    split, schema = real()
    sample = st.make("independent", schema, seed=3).fit(split.train).sample(len(split.train), seed=4)
    own = measurer()
    found = dict(zip(NAMES, own.measure(sample, seed=5).values, strict=True))
    audit = st.audit(
        split.train,
        sample,
        holdout=split.holdout,
        schema=schema,
        target=list(own.targets),
        subgroups=(),
        sections=["utility", "detection", "privacy"],
        guard=own.guard,
        seed=derive_seed(5, "audit"),
    )
    assert found["detection.auc"] == audit.check("STB701").value
    assert found["utility.boosted"] == audit.check("STB601").value
    frame = audit.frame()
    auc = frame.loc[frame["metric"] == "membership_auc", "value"]
    assert found["privacy.membership_auc"] == pytest.approx(float(auc.iloc[0]))


def test_a_refit_is_the_same_in_every_process() -> None:
    """Sent to another process and back, a measurer gives the same figures; so do two workers and one."""
    again = pickle.loads(cloudpickle.dumps(measurer()))  # noqa: S301 - our own bytes
    first = measurer().refit(st.spec("independent"), 7)
    assert again.refit(st.spec("independent"), 7).values == first.values
    quick = Measurer.of(*real(), figures=["marginal.tvd", "rare.coverage"], targets=None)
    one, two = (
        measure_refits(quick, [st.spec("independent"), st.spec("resampler")], [0, 1], workers=workers)
        for workers in (1, 2)
    )
    values = [
        [[outcome.result.values for outcome in row if outcome.result] for row in found]
        for found in (one, two)
    ]
    assert values[0] == values[1]
    assert values[0][0][0] != values[0][0][1]


def test_a_refit_that_fails_is_an_outcome() -> None:
    """One failing synthesizer is told, and the others are measured."""
    quick = Measurer.of(*real(), figures=["marginal.tvd"], targets=None)
    rows = measure_refits(quick, [st.spec("tvae", epochs=-1), st.spec("independent")], [0], workers=1)
    assert rows[0][0].failure is not None
    assert rows[1][0].result is not None


def test_digests_tell_columns_apart_and_confirm_no_row() -> None:
    """A changed column has another digest, the others keep theirs; the order of rows changes none."""
    split, schema = real()
    base = {item.name: item.digest for item in measurer().column_digests()}
    older = st.Split(
        split.train.assign(age=split.train["age"] + 20), split.holdout, split.pool, split.verifier, 0
    )
    moved = Measurer.of(older, schema, figures=["marginal.tvd"], targets=None)
    changed = [item.name for item in moved.column_digests() if base[item.name] != item.digest]
    assert "age" in changed
    assert len(changed) < len(base)
    assert moved.data_digest != measurer().data_digest
    shuffled = st.Split(split.train.iloc[::-1], split.holdout, split.pool, split.verifier, 0)
    same = Measurer.of(shuffled, schema, figures=["marginal.tvd"], targets=None)
    assert same.column_digests() == measurer().column_digests()


def test_fresh_rows_are_marked() -> None:
    """Every figure has the mark of fresh real rows; families have the band that such tables lie in."""
    marks = dict(zip(NAMES, measurer().fresh(), strict=True))
    assert marks["marginal.tvd"].value == 1
    assert marks["marginal.tvd"].low is not None
    assert marks["privacy.membership_auc"].high == pytest.approx(0.5 + 1.96 * (901 / (12 * 450 * 450)) ** 0.5)
    assert all(mark.value == figure(name).fresh for name, mark in marks.items())


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"figures": ["rare.coverag"]}, SpecError, "Did you mean 'rare.coverage'"),
        ({"figures": ["rare.coverage"] * 2}, SpecError, "named twice"),
        ({"figures": "rare.coverage"}, SpecError, r"Write \['rare.coverage'\]"),
        ({"targets": "ages"}, DataError, "no modelled column"),
        ({"measured": 100}, SpecError, "measured=100 is less than the 450 training rows"),
    ],
)
def test_mistakes_are_refused(arguments: dict[str, object], error: type[Exception], says: str) -> None:
    """A mistyped figure or target, or too few rows, is refused before anything is fitted."""
    given: dict[str, object] = {"figures": ["marginal.tvd"], "targets": None} | arguments
    with pytest.raises(error, match=says):
        Measurer.of(*real(), **given)  # type: ignore[arg-type] # mistakes


def test_a_holdout_is_needed() -> None:
    """Without real rows that nothing learned from there is no scale."""
    split, schema = real()
    none: pd.DataFrame = split.holdout.iloc[:0]
    bare = st.Split(split.train, none, none, none, 0)
    with pytest.raises(DataError, match="There is no holdout"):
        Measurer.of(bare, schema, figures=["marginal.tvd"], targets=None)


def test_figures_are_listed_once_and_in_order() -> None:
    """Names are unique, a gate's are among them and few enough, and every margin has a reason."""
    names = [item.name for item in FIGURES]
    assert len(set(names)) == len(names)
    assert len(GATE_FIGURES) <= MOST_GATE_FIGURES
    assert [item.name for item in figures_named(list(reversed(GATE_FIGURES)))] == list(GATE_FIGURES)
    for item in FIGURES:
        assert item.name.startswith(f"{item.section.value}.")
        assert item.margin > 0
        assert item.reason
        assert item.explanation.endswith(".")
