"""Epsilon: the bound by hand, pairs and coins, canaries that are made, results in words, odd requests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from synthtab.attacks.canaries import isolated_record, outlying_records, under_one_another, without_record
from synthtab.attacks.canary_fits import inserted_canaries, refit_canaries
from synthtab.attacks.epsilon import EpsilonBound, paired_canaries, steinke_bound
from synthtab.auditing.epsilon import audit_epsilon
from synthtab.errors import DataError, SavedModelError, SpecError, SynthtabError
from synthtab.progress import SilentProgress, reporting_to
from synthtab.results.epsilon import EpsilonResult
from synthtab.schema import ColumnSpec, TableSchema
from synthtab.synthesizers import Guard, make
from synthtab.tables import split

SCHEMA = TableSchema(
    (
        ColumnSpec("age", "integer"),
        ColumnSpec("pay", "numeric"),
        ColumnSpec("site", "categorical"),
    )
)

TEXT_ONLY = TableSchema((ColumnSpec("age", "text"),))


def people(n_rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 5])
    return pd.DataFrame(
        {
            "age": rng.integers(20, 80, n_rows),
            "pay": rng.normal(size=n_rows).round(3),
            "site": rng.choice(list("abc"), n_rows, p=[0.6, 0.3, 0.1]),
        }
    )


# ---------------------------------------------------------------- the bound


@pytest.mark.parametrize(
    ("guesses", "right", "expected"),
    [(20, 20, 1.82), (100, 100, 3.49), (1000, 1000, 5.81), (100, 60, 0.05), (100, 70, 0.47), (100, 90, 1.63)],
)
def test_bounds_worked_by_hand(guesses: int, right: int, expected: float) -> None:
    """Published and hand-worked bounds at 95 % are met to two decimals."""
    assert steinke_bound(guesses, right, canaries=guesses, beta=0.05) == pytest.approx(expected, abs=0.005)


def test_all_right_is_a_root() -> None:
    """With r of r right the chance is q to the r, so the bound is the logit of the r-th root of beta."""
    share = 0.05 ** (1 / 20)
    expected = np.log(share / (1 - share))
    assert steinke_bound(20, 20, canaries=20, beta=0.05) == pytest.approx(expected)


@pytest.mark.parametrize(("guesses", "right"), [(0, 0), (10, 0), (10, 5), (100, 58), (1, 1)])
def test_too_few_right_guesses_bound_nothing(guesses: int, right: int) -> None:
    """No guess, none right, or as many as coins give: 0, never less."""
    assert steinke_bound(guesses, right, canaries=100, beta=0.05) == 0.0


@pytest.mark.parametrize("delta", [0.0, 1e-5, 1e-3])
@pytest.mark.parametrize(("guesses", "right", "canaries"), [(100, 90, 100), (40, 40, 200), (150, 110, 1000)])
def test_the_bound_solves_its_definition(guesses: int, right: int, canaries: int, delta: float) -> None:
    """Just below the bound p < beta, just above p > beta, with p from scipy's binomial law."""

    def p(epsilon: float) -> float:
        law = binom(guesses, 1 / (1 + np.exp(-epsilon)))
        below = law.cdf(right - 1)
        worst = max((below - law.cdf(right - i - 1)) / i for i in range(1, right + 1))
        return float(law.sf(right - 1) + 2 * canaries * delta * worst)

    bound = steinke_bound(guesses, right, canaries=canaries, delta=delta, beta=0.05)
    if bound > 0:
        assert p(bound - 1e-4) < 0.05 < p(bound + 1e-4)
    else:
        assert min(p(epsilon) for epsilon in np.linspace(0, 4, 200)) >= 0.05


def test_delta_lowers_the_bound_and_right_guesses_raise_it() -> None:
    """The bound falls as delta grows and rises with each further right guess."""
    falling = [
        steinke_bound(100, 90, canaries=100, delta=d, beta=0.05) for d in (0, 1e-6, 1e-4, 1e-3, 1e-2, 0.1)
    ]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] > falling[-1] == 0.0
    for delta in (0.0, 1e-4):
        rising = [steinke_bound(50, v, canaries=80, delta=delta, beta=0.05) for v in range(51)]
        assert rising == sorted(rising)


@pytest.mark.parametrize(
    "wrong",
    [
        {"right": 11},
        {"right": -1},
        {"canaries": 9},
        {"delta": 1.0},
        {"delta": -0.1},
        {"beta": 0.0},
        {"beta": 1.0},
    ],
)
def test_contradictory_counts_are_refused(wrong: dict[str, Any]) -> None:
    """More right than guessed, more guessed than there are, delta or beta outside their range: an error."""
    good: dict[str, Any] = {"guesses": 10, "right": 5, "canaries": 10, "delta": 0.0, "beta": 0.05}
    with pytest.raises(SpecError):
        steinke_bound(**good | wrong)


# ---------------------------------------------------------------- pairs


def test_scores_that_know_everything_reach_the_cap() -> None:
    """When each training record scores above each holdout record, all 160 guesses are right: 3.58."""
    is_train = np.arange(800) < 400
    found = paired_canaries(is_train.astype(float), is_train, np.arange(800), seed=0)
    assert found.epsilon == found.cap == pytest.approx(3.584, abs=0.001)
    assert (found.guesses, found.right, found.canaries) == (160, 160, 400)


def test_the_most_different_pairs_are_guessed_first() -> None:
    """Sixteen records that stand out are the sixteen guesses of the first round; the rest are coins."""
    rng = np.random.default_rng(0)
    is_train = np.arange(1_000) < 500
    scores = rng.normal(size=1_000)
    scores[:16] = 100.0 + np.arange(16)
    found = paired_canaries(scores, is_train, np.arange(1_000), seed=0)
    assert (found.guesses, found.right) == (16, 16)
    assert found.epsilon == pytest.approx(steinke_bound(16, 16, canaries=500, beta=0.05 / 4))


def test_one_record_of_each_person() -> None:
    """A person's fifty copied records are one guess; people of both tables give none."""
    rng = np.random.default_rng(0)
    persons = np.concatenate([np.zeros(50, dtype=int), np.arange(1, 60), np.arange(60, 120), [119]])
    is_train = np.concatenate([np.ones(109, dtype=bool), np.zeros(60, dtype=bool), [True]])
    scores = np.where(persons == 0, 50.0, rng.normal(size=len(persons)))
    found = paired_canaries(scores, is_train, persons, seed=0, rounds=(16,))
    assert found.canaries == 59
    assert found.epsilon == 0.0


def test_too_few_pairs_are_told() -> None:
    """With fewer pairs than the smallest round there is no bound, but a reason; rounds that fit are used."""
    few = paired_canaries(np.arange(20.0), np.arange(20) < 10, np.arange(20), seed=0)
    assert few.epsilon is None
    assert "10 pairs" in few.reason
    is_train = np.arange(60) < 30
    some = paired_canaries(is_train.astype(float), is_train, np.arange(60), seed=0)
    assert (some.guesses, some.right) == (16, 16)
    assert some.cap == pytest.approx(steinke_bound(16, 16, canaries=30, beta=0.05))


def test_equal_scores_are_a_coin() -> None:
    """When no two scores differ, right guesses are fair coins, whatever the order of labels."""
    is_train = np.arange(400) < 200
    right = [
        paired_canaries(np.zeros(400), is_train, np.arange(400), seed=seed, rounds=(160,)).right
        for seed in range(100)
    ]
    assert np.mean(right) == pytest.approx(80, abs=4 * np.sqrt(40 / 100))
    assert np.var(right) == pytest.approx(40, rel=0.5)


def test_the_same_seed_gives_the_same_pairs() -> None:
    """A repetition gives the same bound; another seed may give another."""
    rng = np.random.default_rng(0)
    scores, is_train = rng.normal(size=600), rng.random(600) < 0.5
    first, again = (paired_canaries(scores, is_train, np.arange(600), seed=3) for _ in range(2))
    assert first == again
    others = {paired_canaries(scores, is_train, np.arange(600), seed=seed).right for seed in range(10)}
    assert len(others) > 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"scores": np.full(40, np.nan)},
        {"scores": np.zeros(39)},
        {"rounds": ()},
        {"rounds": (0,)},
        {"confidence": 1.0},
        {"confidence": 0.0},
        {"delta": 1.0},
    ],
)
def test_odd_pairs_are_refused(wrong: dict[str, Any]) -> None:
    """Scores that are no numbers, arrays of other lengths, empty rounds, odd confidence: an error."""
    good: dict[str, Any] = {
        "scores": np.zeros(40),
        "is_train": np.arange(40) < 20,
        "persons": np.arange(40),
        "seed": 0,
    }
    with pytest.raises(SynthtabError):
        paired_canaries(**good | wrong)


# ---------------------------------------------------------------- canaries


def test_default_canaries_are_new_outliers() -> None:
    """They repeat neither each other nor a training row, keep dtypes, and hold rare levels and tails."""
    train = people(400).assign(
        kind=pd.Categorical(["x"] * 390 + ["y"] * 10), seen=pd.Timestamp("2020-01-01"), name="someone"
    )
    schema = TableSchema(
        (
            *SCHEMA.columns,
            ColumnSpec("kind", "categorical"),
            ColumnSpec("seen", "datetime"),
            ColumnSpec("name", "text"),
        )
    )
    made = outlying_records(train, schema, 100, seed=0)
    assert len(made) == 100
    assert made.dtypes.equals(train.dtypes)
    hashes = schema.cast(made).row_hash()
    assert len(np.unique(hashes)) == 100
    assert not np.isin(hashes, schema.cast(train).row_hash()).any()
    assert (made["kind"] == "y").mean() > 0.3
    low, high = np.quantile(train["age"], [0.15, 0.85])
    assert not made["age"].between(low, high, inclusive="neither").any()


def test_canaries_are_people_of_their_own() -> None:
    """Made canaries hold new people in the unit column: numbers, text, numbers too large to count on."""
    for unit in (np.arange(300), [f"p{i}" for i in range(300)], 2**60 + np.arange(300)):
        train = people(300).assign(who=unit)
        schema = TableSchema((*SCHEMA.columns, ColumnSpec("who", "identifier")), unit="who")
        made = outlying_records(train, schema, 50, seed=0)
        assert made["who"].nunique() == len(made)
        assert not made["who"].isin(train["who"]).any()
        together = under_one_another(train, made, "canary")
        assert together["who"].nunique() == 300 + len(made)


def test_coarse_tables_give_fewer_canaries() -> None:
    """Where few combinations exist there are fewer canaries; below the smallest round, a reason."""
    train = pd.DataFrame({"a": list("xxxyz"), "b": list("uuuvu")})
    schema = TableSchema((ColumnSpec("a", "categorical"), ColumnSpec("b", "categorical")))
    made = outlying_records(train, schema, 50, seed=0)
    assert 1 <= len(made) <= 3
    found = inserted_canaries(train, schema, lambda rows, _: rows)
    assert found.epsilon is None
    assert "canaries: at least 40" in found.reason


def test_inserted_canaries_see_a_copier() -> None:
    """A mechanism that gives its rows out word for word reaches the cap: which canaries were in is plain."""
    calls: list[int] = []

    def copier(rows: pd.DataFrame, _: int) -> pd.DataFrame:
        calls.append(len(rows))
        return rows

    found = inserted_canaries(people(300), SCHEMA, copier, seed=2)
    assert len(calls) == 1
    assert 360 < calls[0] < 440
    assert found.fits == 1
    assert found.cap == pytest.approx(3.105, abs=0.001)
    assert found.epsilon is not None
    assert found.epsilon > 2.5


def test_given_canaries_are_used() -> None:
    """A user's canaries go in, their columns in any order; one that is a known person is refused."""
    own = pd.DataFrame({"site": "q", "pay": np.arange(60) + 50.0, "age": 200 + np.arange(60), "more": 1})
    seen: list[pd.DataFrame] = []

    def keep(rows: pd.DataFrame, _: int) -> pd.DataFrame:
        seen.append(rows)
        return rows

    found = inserted_canaries(people(100), SCHEMA, keep, canaries=own, seed=1)
    assert found.canaries == 60
    assert list(seen[0].columns) == ["age", "pay", "site"]
    assert seen[0]["age"].dtype == np.int64
    assert 15 < (seen[0]["site"] == "q").sum() < 45
    schema = TableSchema((*SCHEMA.columns, ColumnSpec("who", "identifier")), unit="who")
    with pytest.raises(DataError, match="'who'"):
        inserted_canaries(
            people(100).assign(who=np.arange(100)), schema, keep, canaries=own.assign(who=40 + np.arange(60))
        )


def test_the_most_isolated_record_is_found() -> None:
    """The default target is the row far from all others; its person goes out of D, with all its rows."""
    train = people(200).assign(who=np.arange(200) // 2)
    train.loc[77, ["age", "pay"]] = [400, 60.0]
    schema = TableSchema((*SCHEMA.columns, ColumnSpec("who", "identifier")), unit="who")
    record = isolated_record(train, schema, seed=0)
    assert record["age"].tolist() == [400]
    others = without_record(train, record, schema)
    assert len(others) == 198
    assert 38 not in set(others["who"])
    bare = without_record(train, train.iloc[[3]], SCHEMA)
    assert len(bare) == 199
    assert len(without_record(people(200), record, SCHEMA)) == 200


def test_one_of_two_equal_rows_goes() -> None:
    """Of several rows equal to the target one is taken out, though the index repeats itself."""
    train = people(50)
    train.index = np.zeros(50, dtype=int)
    doubled = pd.concat([train, train.iloc[:1]])
    assert len(without_record(doubled, train.iloc[:1], SCHEMA)) == 50


# ---------------------------------------------------------------- refits


def test_a_constant_output_gives_nothing_away() -> None:
    """A mechanism that ignores its rows has epsilon 0, and 0 is what five audits of it say."""
    constant = people(50, seed=9)
    for seed in range(5):
        found = refit_canaries(people(80), SCHEMA, lambda *_: constant, fits=40, seed=seed)
        assert found.epsilon == 0.0
        assert (found.guesses, found.fits) == (20, 40)


def test_a_copier_reaches_the_cap_of_refits() -> None:
    """A mechanism that gives its rows out is guessed right in all 50 judged of 100 fits: 2.78."""
    found = refit_canaries(people(40), SCHEMA, lambda rows, _: rows, fits=100)
    assert found.epsilon == found.cap == pytest.approx(2.785, abs=0.001)


def test_refits_get_seeds_of_their_own() -> None:
    """Each fit has a seed of its own and one row more or not; progress is told."""
    seeds: list[int] = []
    sizes: list[int] = []

    class Watch(SilentProgress):
        steps = 0

        def advance(self, stage: str, steps: int = 1, note: str = "") -> None:  # noqa: ARG002 - a protocol
            self.steps += steps

    def keep(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
        seeds.append(seed)
        sizes.append(len(rows))
        return people(10)

    watch = Watch()
    with reporting_to(watch):
        refit_canaries(people(30), SCHEMA, keep, fits=12)
    assert len(set(seeds)) == 12
    assert set(sizes) == {29, 30}
    assert watch.steps == 12


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"fits": 9}, "too few"),
        ({"target": people(2)}, "one record"),
        ({"target": people(1).drop(columns="pay")}, "pay"),
        ({"train": people(1)}, "fewer than two"),
        ({"train": people(1), "target": people(1)}, "no rows"),
        ({"fit_and_sample": lambda rows, _: rows.iloc[:0]}, "gave no rows"),
        ({"confidence": 2.0}, "confidence"),
    ],
)
def test_odd_refits_are_refused(wrong: dict[str, Any], match: str) -> None:
    """Too few fits, no single target, nobody else, no synthetic row: an error that says so."""
    good: dict[str, Any] = {
        "train": people(30),
        "schema": SCHEMA,
        "fit_and_sample": lambda rows, _: rows,
        "fits": 10,
    }
    with pytest.raises(SynthtabError, match=match):
        refit_canaries(**good | wrong)


# ---------------------------------------------------------------- the result


def result(**changes: Any) -> EpsilonResult:
    fields: dict[str, Any] = {
        "design": "inserted",
        "epsilon": 1.0259,
        "confidence": 0.95,
        "cap": 3.1049,
        "guesses": 100,
        "right": 81,
        "canaries": 200,
        "fits": 1,
        "delta": 0.0,
        "adjacency": "add or remove one",
    }
    return EpsilonResult(**fields | changes)


def test_the_sentence_says_what_was_found() -> None:
    """The bound is rounded down and stands beside what the design could have shown."""
    assert str(result()) == (
        "At 95 % confidence the leakage is that of a mechanism with epsilon of at least 1.02; "
        "this design could have shown 3.10 at most."
    )
    assert "0.006;" in result(epsilon=0.0069).sentence
    assert "0.05;" in result(epsilon=0.0599).sentence


def test_zero_is_not_evidence() -> None:
    """A bound of 0 says that it is not evidence of privacy, and how much the design sees."""
    expected = "The lower bound is 0. 0 is not evidence of privacy: this design sees 3.10 at most."
    assert result(epsilon=0.0).sentence == expected


def test_replacing_one_counts_twice() -> None:
    """Under replacement half of the bound is what adding or removing one person gives, and is told."""
    found = result(design="paired", adjacency="replace one", epsilon=3.0)
    assert found.add_or_remove == 1.5
    assert "at least 1.50." in found.sentence
    assert result().add_or_remove == result().epsilon


@pytest.mark.parametrize(
    ("promised", "epsilon", "adjacency", "breaks"),
    [
        (1.0, 1.2, "add or remove one", True),
        (1.0, 0.9, "add or remove one", False),
        (1.0, 1.9, "replace one", False),
        (1.0, 2.1, "replace one", True),
        (None, 2.1, "replace one", None),
        (1.0, None, "replace one", None),
    ],
)
def test_promises_are_judged(
    promised: float | None, epsilon: float | None, adjacency: str, breaks: bool | None
) -> None:
    """A promise is broken when the bound for adding or removing one exceeds it, and only then."""
    found = result(promised=promised, epsilon=epsilon, adjacency=adjacency, reason="too few pairs")
    assert found.breaks_promise is breaks
    assert ("does not hold" in found.sentence) is (breaks is True)
    assert ("nor does it prove" in found.sentence) is (breaks is False)


@pytest.mark.parametrize("changes", [{}, {"epsilon": None, "cap": None, "reason": "too few pairs"}])
def test_results_survive_json(changes: dict[str, Any]) -> None:
    """What is written rounds the bound down and comes back the same; a second writing changes nothing."""
    found = result(epsilon=1.02599, promised=2.0, delta=1e-5)
    found = EpsilonResult(**{**found.__dict__, **changes})
    back = EpsilonResult.from_json(found.to_json())
    assert back == found.releasable() == back.releasable()
    if found.epsilon is not None:
        assert back.epsilon == 1.0259
    with pytest.raises(SavedModelError):
        EpsilonResult.from_json(found.to_json().replace('"EpsilonResult"', '"AuditResult"'))


def test_the_frame_has_one_row() -> None:
    """The table holds one row, the sentence in it, and numbers as numbers though there is no bound."""
    frame = result(epsilon=None, cap=None, reason="too few pairs").frame()
    assert len(frame) == 1
    assert frame["sentence"].item() == "There is no lower bound: too few pairs."
    assert frame["epsilon"].dtype == np.float64


# ---------------------------------------------------------------- audit_epsilon


def test_paired_by_default() -> None:
    """With a synthetic table and a holdout the paired design is asked, of all the pairs there are."""
    parts = split(people(700), SCHEMA, holdout=0.5, seed=0)
    found = audit_epsilon(parts.train, parts.train, holdout=parts.holdout, schema=SCHEMA)
    assert (found.design, found.adjacency, found.fits) == ("paired", "replace one", 0)
    assert found.canaries == 350
    assert found.epsilon is not None
    assert found.epsilon > 2
    again = audit_epsilon(
        parts.train.sample(frac=1, random_state=1)[["site", "age", "pay"]],
        parts.train,
        holdout=parts.holdout,
        schema=SCHEMA,
    )
    assert again == found


def test_a_split_that_is_not_random_is_not_judged() -> None:
    """Where training rows differ from holdout rows by themselves, there is a reason and no bound."""
    train, holdout = people(500), people(500, seed=1)
    holdout["age"] += 15
    found = audit_epsilon(train, train, holdout=holdout, schema=SCHEMA)
    assert found.epsilon is None
    assert "no random split" in found.sentence


def test_too_small_a_holdout_is_told() -> None:
    """Ten holdout people make ten pairs, too few to guess."""
    found = audit_epsilon(people(100), people(100, seed=2), holdout=people(10, seed=1), schema=SCHEMA)
    assert found.epsilon is None
    assert "10 pairs" in found.sentence


def test_designs_by_what_is_given() -> None:
    """A synthesizer alone asks for inserted canaries, with a target for refits; specs are taken too."""
    inserted = audit_epsilon(people(200), schema=SCHEMA, synthesizer="resampler", promised=1.0)
    assert (inserted.design, inserted.adjacency, inserted.fits) == ("inserted", "add or remove one", 1)
    assert inserted.breaks_promise is True
    target = people(1).assign(site="rare")
    refits = audit_epsilon(
        people(60), schema=SCHEMA, synthesizer="independent", target=target, fits=10, guard=False
    )
    assert (refits.design, refits.guesses, refits.fits) == ("refits", 5, 10)


def test_a_fitted_guard_is_applied_to_the_real_tables() -> None:
    """With the guard of the synthesizer, what it pooled is pooled in the real tables too."""
    parts = split(people(700), SCHEMA, holdout=0.5, seed=0)
    synth = make("independent", SCHEMA, guard=Guard(k=20)).fit(parts.train)
    given: dict[str, Any] = {"holdout": parts.holdout, "schema": SCHEMA, "guard": synth.guard}
    copied = audit_epsilon(parts.train, synth.guard.apply(parts.train), **given)
    assert copied.epsilon is not None
    assert copied.epsilon > 2
    assert audit_epsilon(parts.train, synth.sample(350), **given).epsilon == 0.0


@pytest.mark.parametrize("design", ["inserted", "refits"])
def test_several_rows_a_person(design: Any) -> None:
    """Tables with a unit column are fitted too: canaries and target are people of their own."""
    frame = people(300).assign(who=np.arange(300) // 3)
    schema = TableSchema((*SCHEMA.columns, ColumnSpec("who", "identifier")), unit="who")
    found = audit_epsilon(
        frame, schema=schema, synthesizer="resampler", design=design, fits=60, n_synthetic=1_500
    )
    assert found.epsilon is not None
    assert found.epsilon > 0.8


def test_a_schema_is_inferred() -> None:
    """Without a schema the columns are inferred, as everywhere."""
    assert audit_epsilon(people(200), synthesizer="resampler").epsilon is not None


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        ({}, DataError, "synthesizer"),
        ({"design": "pairs"}, SpecError, "Known: paired, inserted, refits"),
        ({"synthetic": people(50)}, DataError, "holdout"),
        ({"synthesizer": "resampler", "holdout": people(50)}, SpecError, "holdout"),
        ({"synthesizer": "resampler", "target": people(1), "design": "inserted"}, SpecError, "target"),
        ({"synthesizer": "resampler", "canaries": people(50), "design": "refits"}, SpecError, "canaries"),
        ({"synthesizer": "resampler", "confidence": 1.0}, SpecError, "confidence"),
        ({"synthesizer": "resampler", "confidence": 95}, SpecError, "confidence"),
        ({"synthesizer": "resampler", "delta": -1.0}, SpecError, "delta"),
        ({"synthesizer": "resampler", "fits": 9}, SpecError, "fits"),
        ({"synthesizer": "resampler", "fits": 20.5}, SpecError, "fits"),
        ({"synthesizer": "resampler", "n_canaries": 0}, SpecError, "n_canaries"),
        ({"synthesizer": "resampler", "n_synthetic": 0}, SpecError, "n_synthetic"),
        ({"synthesizer": "resampler", "promised": -1.0}, SpecError, "promised"),
        ({"synthesizer": "resample"}, SpecError, "resampler"),
        ({"synthesizer": "resampler", "guard": "on"}, SpecError, "Guard"),
        ({"synthetic": people(50), "holdout": people(50), "guard": True}, SpecError, "synth.guard"),
        ({"synthesizer": "resampler", "real": people(0)}, DataError, "no rows"),
        ({"synthesizer": "resampler", "real": people(50).drop(columns="pay")}, DataError, "pay"),
        ({"synthesizer": "resampler", "canaries": people(50).drop(columns="pay")}, DataError, "pay"),
        (
            {"synthesizer": "resampler", "schema": TEXT_ONLY},
            DataError,
            "text",
        ),
    ],
)
def test_odd_requests_are_refused(wrong: dict[str, Any], error: type[SynthtabError], match: str) -> None:
    """What is missing, of no use, unknown or out of range is an error that says what to do."""
    given: dict[str, Any] = {"real": people(50), "schema": SCHEMA}
    with pytest.raises(error, match=match):
        audit_epsilon(**given | wrong)


def test_a_bound_is_a_plain_value() -> None:
    """Two bounds of the same figures are equal, and cannot be changed."""
    bound = EpsilonBound(1.0, 10, 9, 10)
    assert bound == EpsilonBound(1.0, 10, 9, 10)
    with pytest.raises(AttributeError):
        bound.epsilon = 2.0  # type: ignore[misc]
