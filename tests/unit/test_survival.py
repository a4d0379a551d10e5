"""Survival: concordance counted by hand, Cox against an independent optimiser, schema targets, utility."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from scipy.optimize import minimize
from simulated_tables import COLUMNS, reordered, specs, three_tables, ugly_tables

from synthtab.errors import SchemaError
from synthtab.metrics.survival import (
    concordance,
    cox_proportional_hazards,
    survival_utility,
)
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn, Survival, TableSchema
from synthtab.schema.cast_table import FloatArray

UGLY = ugly_tables()
TARGET = Survival("months", "died")
SURVIVAL_COLUMNS = (
    *COLUMNS,
    ColumnSpec("months", "numeric"),
    ColumnSpec("died", "boolean", categories=("no", "yes")),
)


def _followed(table: CastTable, seed: int) -> CastTable:
    """Add a time that x0, x2 and y shorten, censored for about half of the rows."""
    rng = np.random.default_rng([seed, 5])
    score = table.number("x0").values + 0.5 * table.number("x2").values + 0.5 * table.label("y").codes
    lifetime, watched = rng.exponential(np.exp(-0.8 * score)), rng.exponential(2.0, table.n_rows)
    return _with_target(table, np.minimum(lifetime, watched).round(2), lifetime <= watched)


def _with_target(table: CastTable, time: FloatArray, died: np.ndarray) -> CastTable:
    event = LabelColumn(died.astype(np.int64), ("no", "yes"))
    return CastTable({**table.columns, "months": NumberColumn(time), "died": event}, table.n_rows)


def _tables(seed: int, n_rows: int | tuple[int, int, int]) -> tuple[CastTable, CastTable, CastTable]:
    train, holdout, fresh = three_tables(seed, n_rows)
    return _followed(train, 3 * seed), _followed(holdout, 3 * seed + 1), _followed(fresh, 3 * seed + 2)


def _pairs(risk: FloatArray, time: FloatArray, event: np.ndarray) -> tuple[float, int]:
    """Count concordant and comparable pairs one by one."""
    concordant, pairs = 0.0, 0
    for i in range(len(risk)):
        for j in range(len(risk)):
            if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
                pairs += 1
                concordant += float(risk[i] > risk[j]) + 0.5 * float(risk[i] == risk[j])
    return concordant, pairs


def test_concordance_by_hand() -> None:
    """Five rows, two censored: of 7 pairs 4 are concordant and one is tied in risk.

    Events at 1, 3 and 4; last seen at 2 and 4. The row of 1 meets four others (risk 5 beats 2, 1 and 3, ties
    5), that of 3 meets both of 4 (risk 1 loses to 3 and 5), that of 4 the one last seen at 4 (5 beats 2).
    """
    time = np.array([1.0, 2.0, 3.0, 4.0, 4.0])
    event = np.array([True, False, True, True, False])
    result = concordance(np.array([5.0, 2.0, 1.0, 5.0, 3.0]), time, event)
    assert result.pairs == 7
    assert result.value == pytest.approx((3 + 0.5 + 0 + 1) / 7)


def test_concordance_equals_counting() -> None:
    """Two hundred small tables full of ties give what counting pair by pair gives."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(2, 25))
        risk, time = rng.integers(0, 5, n).astype(float), rng.integers(0, 5, n).astype(float)
        event = rng.random(n) < 0.6
        result, (concordant, pairs) = concordance(risk, time, event), _pairs(risk, time, event)
        assert result.pairs == pairs
        if pairs:
            assert result.value == pytest.approx(concordant / pairs)
            turned = concordance(-risk, time, event)
            assert turned.value == pytest.approx(1 - result.value)
            assert result.influence.sum() == pytest.approx(0, abs=1e-12)
        else:
            assert np.isnan(result.value)


def test_influence_is_the_derivative_and_the_bootstrap() -> None:
    """A row counted twice moves C by its influence, and influences give the bootstrap's spread."""
    rng = np.random.default_rng(1)
    risk = rng.normal(size=300)
    time, event = np.exp(rng.normal(size=300) - risk), rng.random(300) < 0.6
    result = concordance(risk, time, event)
    for row in range(5):
        again = np.r_[np.arange(300), row]
        moved = concordance(risk[again], time[again], event[again]).value - result.value
        assert moved == pytest.approx(result.influence[row], abs=3e-5)
    drawn = []
    for _ in range(400):
        rows = rng.integers(0, 300, 300)
        drawn.append(concordance(risk[rows], time[rows], event[rows]).value)
    assert np.sqrt((result.influence**2).sum()) == pytest.approx(np.std(drawn), rel=0.12)


def test_cox_by_hand() -> None:
    """Two groups dying in turn 1, 0, 1, 0: the score equation in exp(β) is solved by hand.

    With h the hazard ratio the risk sets give 2h/(2h+2) + h/(h+2) + h/(h+1) + 0 = 2, that is
    2h/(h+1) + h/(h+2) = 2, h² - h - 4 = 0, h = (1 + √17) / 2.
    """
    model = cox_proportional_hazards(
        np.array([[1.0], [0.0], [1.0], [0.0]]),
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.ones(4, dtype=bool),
        ridge=0.0,
    )
    assert np.exp(model.coefficients[0]) == pytest.approx((1 + np.sqrt(17)) / 2)
    assert model.gradient == pytest.approx([0], abs=1e-9)


@pytest.mark.parametrize("ridge", [0.0, 10.0])
def test_cox_is_an_independent_optimisers(ridge: float) -> None:
    """Coefficients equal those of a general optimiser on the likelihood written plainly, ties included."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(150, 3))
    time = rng.exponential(np.exp(-x @ [0.7, -0.4, 0.0])).round(1)
    event = rng.random(150) < 0.7

    def plain(beta: FloatArray) -> float:
        score = x @ beta
        total = 0.5 * ridge * float(beta @ beta)
        for i in np.flatnonzero(event):
            total -= float(score[i] - np.log(np.exp(score[time >= time[i]]).sum()))
        return total

    model = cox_proportional_hazards(x, time, event, ridge=ridge)
    other = minimize(plain, np.zeros(3), method="BFGS", options={"gtol": 1e-8})
    assert model.coefficients == pytest.approx(other.x, abs=1e-5)
    assert model.loss == pytest.approx(plain(model.coefficients))
    assert np.abs(model.gradient).max() < 1e-6


def test_cox_is_indifferent_to_units() -> None:
    """Only the order of times counts, shifted features change nothing, and no event gives no coefficient."""
    rng = np.random.default_rng(3)
    x, time, event = rng.normal(size=(80, 2)), rng.exponential(size=80), rng.random(80) < 0.5
    plain = cox_proportional_hazards(x, time, event).coefficients
    assert cox_proportional_hazards(x + 100, time**3, event).coefficients == pytest.approx(plain, abs=1e-8)
    assert cox_proportional_hazards(x, time, event & False).coefficients.tolist() == [0, 0]


def test_fresh_rows_train_as_well() -> None:
    """Over 25 fresh samples |z| stays below 2.6 and calibrated intervals hold 1 in at least 92 %."""
    results = [
        survival_utility(*_tables(seed, 300), SURVIVAL_COLUMNS, TARGET, seed=seed) for seed in range(25)
    ]
    z = np.array([r.z for r in results], dtype=float)
    assert np.abs(z).max() < 2.6
    assert z.std() > 0.5
    assert (
        np.mean([r.low is not None and r.high is not None and r.low <= 1 <= r.high for r in results]) >= 0.92
    )
    for result in results:
        assert result.trtr is not None
        assert result.tstr is not None
        assert 0.6 < result.tstr <= 1
        assert result.difference == result.tstr - result.trtr


def test_shuffled_times_train_nothing() -> None:
    """Times dealt at random give a concordance near ½, a calibrated score near 0 and z above 5."""
    train, holdout, fresh = _tables(0, 700)
    order = np.random.default_rng(0).permutation(700)
    made = _with_target(
        fresh, fresh.number("months").values[order], fresh.label("died").codes[order].astype(bool)
    )
    result = survival_utility(train, holdout, made, SURVIVAL_COLUMNS, TARGET)
    assert result.tstr == pytest.approx(0.5, abs=0.12)
    assert result.calibrated is not None
    assert result.z is not None
    assert result.high is not None
    assert result.calibrated < 0.5
    assert result.high < 1
    assert result.z > 5


def test_reasons_instead_of_figures() -> None:
    """Too few events, nothing to predict from, no signal, and lost events are told."""
    train, holdout, fresh = _tables(1, 200)
    nobody = np.zeros(200, dtype=bool)
    calm = _with_target(holdout, holdout.number("months").values, nobody)
    assert "fewer than 10 events" in survival_utility(train, calm, fresh, SURVIVAL_COLUMNS, TARGET).reason
    bare = survival_utility(train, holdout, fresh, SURVIVAL_COLUMNS[-2:], TARGET)
    assert "no column" in bare.reason
    lost = survival_utility(
        train, holdout, _with_target(fresh, fresh.number("months").values, nobody), SURVIVAL_COLUMNS, TARGET
    )
    assert lost.tstr == 0.5
    assert lost.z is not None
    assert lost.z > 3
    rng = np.random.default_rng(0)
    noise = [
        _with_target(table, rng.exponential(size=200), rng.random(200) < 0.5)
        for table in (train, holdout, fresh)
    ]
    result = survival_utility(*noise, SURVIVAL_COLUMNS, TARGET)
    assert result.calibrated is None
    assert "constant predictor" in result.reason
    missing = _with_target(fresh, np.full(200, np.nan), nobody)
    assert "no synthetic row" in survival_utility(train, holdout, missing, SURVIVAL_COLUMNS, TARGET).reason


def test_persons_widen_the_interval() -> None:
    """Ten equal rows a person carry the news of one: errors grow by √10."""
    train, holdout, fresh = _tables(1, 400)
    twins = holdout.take(np.repeat(np.arange(100), 10))
    persons = np.repeat(np.arange(100), 10)
    by_row = survival_utility(train, twins, fresh, SURVIVAL_COLUMNS, TARGET)
    by_person = survival_utility(train, twins, fresh, SURVIVAL_COLUMNS, TARGET, holdout_persons=persons)
    assert by_row.se is not None
    assert by_person.se == pytest.approx(np.sqrt(10) * by_row.se, rel=1e-6)


def test_order_changes_nothing() -> None:
    """Rows and columns in any order give the same bytes, sampled or not."""
    tables = _tables(4, 300)
    rng = np.random.default_rng(0)
    turned = [reordered(table.take(rng.permutation(300))) for table in tables]
    for most in (20_000, 200):
        plain = survival_utility(*tables, SURVIVAL_COLUMNS, TARGET, seed=3, max_rows=most)
        assert plain.tstr is not None
        assert survival_utility(*turned, SURVIVAL_COLUMNS[::-1], TARGET, seed=3, max_rows=most) == plain


@pytest.mark.parametrize("case", list(UGLY))
def test_ugly_tables_never_raise(case: str) -> None:
    """Every table gets finite figures, or a reason."""
    rng = np.random.default_rng(0)
    tables = [
        _with_target(table, rng.exponential(size=table.n_rows), rng.random(table.n_rows) < 0.5)
        for table in UGLY[case]
    ]
    columns = tuple(c for c in specs(tables[0]) if c.name != "died")
    result = survival_utility(*tables, (*columns, SURVIVAL_COLUMNS[-1]), TARGET)
    assert result.tstr is not None or result.reason
    assert np.isfinite([value for value in asdict(result).values() if isinstance(value, float)]).all()


TEXT = """
columns:
- {name: months, kind: numeric}
- {name: died, kind: boolean, categories: [no, yes]}
- {name: cause, kind: categorical, categories: [heart, lung, other]}
- {name: seen, kind: datetime}
- {name: code, kind: identifier}
"""


def test_schema_keeps_survival_targets() -> None:
    """YAML and JSON give targets back; a schema without any is written as before."""
    schema = TableSchema.from_yaml(
        TEXT
        + "survival:\n- {time: months, event: died}\n- {time: months, event: cause, event_level: heart}\n"
    )
    assert schema.survival == (Survival("months", "died"), Survival("months", "cause", "heart"))
    assert TableSchema.from_yaml(schema.to_yaml()) == schema
    assert TableSchema.from_json(schema.to_json()) == schema
    assert "survival: months until cause = heart" in schema.explain()
    plain = TableSchema.from_yaml(TEXT)
    assert "survival" not in plain.to_dict()
    assert plain.fingerprint() != schema.fingerprint()


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("{time: years, event: died}", "'years' is no modelled column"),
        ("{time: months, event: code}", "'code' is no modelled column"),
        ("{time: seen, event: died}", "time column 'seen' is datetime"),
        ("{time: months, event: months}", "event column 'months' is numeric"),
        ("{time: months, event: cause}", "not exactly two categories"),
        ("{time: months, event: cause, event_level: liver}", "no category of 'cause'"),
        ("{time: months}", "wrong keys: time"),
        ("{time: months, event: died, level: yes}", "wrong keys"),
        ("{time: 1, event: died}", "named by something other than text"),
        ("months", "mapping"),
        ("{time: months, event: died}\n- {time: months, event: died, event_level: yes}", "twice"),
    ],
)
def test_bad_targets_are_refused(target: str, what: str) -> None:
    """A target that cannot be meant is refused with what is wrong."""
    with pytest.raises(SchemaError, match=what):
        TableSchema.from_yaml(f"{TEXT}survival:\n- {target}\n")


@pytest.mark.parametrize(
    ("column", "level"),
    [
        (ColumnSpec("e", "boolean", categories=(False, True)), "true"),
        (ColumnSpec("e", "boolean", categories=("yes", "no")), "yes"),
        (ColumnSpec("e", "boolean", categories=(0, 1)), "1"),
        (ColumnSpec("e", "categorical", categories=("alive", "dead")), "dead"),
        (ColumnSpec("e", "boolean"), "true"),
    ],
)
def test_event_level_by_default(column: ColumnSpec, level: str) -> None:
    """Of two categories the one that means yes is the event, else the second."""
    assert Survival("t", "e").level_of(column) == level
