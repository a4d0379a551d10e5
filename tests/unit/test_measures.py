"""The figures of a generation: what an audit says of the same table, from chance to fresh real data."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import synthtab as st
from synthtab.recursion.measures import Measures
from synthtab.recursion.packing import frame_of
from synthtab.recursion.real import RealTables, prepare_real_tables
from synthtab.recursion.regimes import Replace
from synthtab.schema import CastTable

ROWS = 1_200


@cache
def real() -> RealTables:
    """Give real tables of NHANES without a guard, so that an audit sees the same rows."""
    data = st.load_nhanes_adults()
    split = st.split(data.frame, data.schema, holdout=0.3, seed=0)
    return prepare_real_tables(split, data.schema, [Replace()], generations=1, rows=ROWS, guard=False, seed=0)


@cache
def measures() -> Measures:
    """Give their measures."""
    return Measures(real())


def figures_of(table: CastTable) -> dict[str, float]:
    """Measure one table; means over all columns by metric."""
    values = measures().read(measures().profile(table))[0]
    return {
        figure.metric: value
        for figure, value in zip(measures().figures, values.tolist(), strict=True)
        if not figure.columns
    }


def shuffled(seed: int) -> CastTable:
    """Give D0 with every column shuffled by itself."""
    rng, original = np.random.default_rng(seed), real().original
    return CastTable(
        {name: column.take(rng.permutation(ROWS)) for name, column in original.columns.items()}, ROWS
    )


def test_figures_are_what_an_audit_says_of_the_same_table() -> None:
    """Marginals, associations and tails: the mean of the audit's own figures, to the last digits."""
    table, schema = shuffled(1), real().schema
    audit = st.audit(
        frame_of(real().original, schema),
        frame_of(table, schema),
        holdout=frame_of(real().holdout, schema),
        schema=schema,
        sections=["marginal", "association", "tails"],
    ).frame()
    own = figures_of(table)
    for metric in ("tvd", "ks", "missing_rate", "interaction_tvd", "spearman", "cramers_v", "tail_mass"):
        said = audit.loc[(audit.metric == metric) & (audit["columns"] != ""), "value"]
        assert own[metric] == pytest.approx(said.mean(), rel=1e-9), metric


def test_chance_is_zero_and_fresh_real_data_is_one() -> None:
    """On the scale D0 itself is 1; columns shuffled apart keep marginals and have no dependence left."""
    scale = measures().scale(real().original, ROWS)
    place = {f.metric: i for i, f in enumerate(measures().figures) if not f.columns}
    read = [measures().read(measures().profile(table))[0] for table in (real().original, shuffled(2))]
    whole, apart = (scale.calibrated(values) for values in read)
    for metric in ("tvd", "interaction_tvd", "tail_mass", "levels_lost"):
        assert whole[place[metric]] == pytest.approx(1), metric
        assert scale.calibrated(scale.chance)[place[metric]] == pytest.approx(0), metric
    assert abs(apart[place["interaction_tvd"]]) < 0.1
    assert apart[place["tvd"]] == pytest.approx(1)
    assert np.isnan(whole[place["rare_share"]])


def test_fewer_measured_rows_have_a_floor_of_their_own() -> None:
    """Parts of D0 lie further from the holdout than D0, as tables of their size do: about the root of 4."""
    place = next(i for i, f in enumerate(measures().figures) if f.metric == "tvd" and not f.columns)
    whole, quarter = (measures().scale(real().original, rows).floor[place] for rows in (ROWS, ROWS // 4))
    assert 1.3 < quarter / whole < 2.2


def test_rare_levels_and_cells_lost_are_counted() -> None:
    """A table of one row repeated keeps one level a column: nearly all rare levels and cells are lost."""
    one = real().original.take(np.zeros(ROWS, dtype=np.intp))
    lost, none = figures_of(one), figures_of(real().original)
    assert none["levels_lost"] == none["joint_cells_lost"] == 0
    assert lost["levels_lost"] > 0.9
    assert lost["joint_cells_lost"] > 0.95
