"""Lineage: it says what a table is, travels with it, counts generations and releases, confirms no guess."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from typer.testing import CliRunner, Result

import synthtab as st
from synthtab.cli import app
from synthtab.cli.files import write_table
from synthtab.errors import DataError, GenerationError, SavedModelError, SpecError, SynthtabWarning
from synthtab.lineage import ATTRIBUTE, KEY_VARIABLE, Draw, Lineage, Origin, Parent, keyed_hash, sidecar_of
from synthtab.lineage.carrying import write_at_once
from synthtab.schema import ColumnSpec, TableSchema
from synthtab.synthesizers import Guard, Synthesizer, load, make
from synthtab.synthesizers.persistence import record_draws, register_of

KEY = "a key of sixteen bytes or more"
NUMBERS = TableSchema((ColumnSpec("x", "numeric"), ColumnSpec("y", "numeric")))
PEOPLE = TableSchema(
    (
        ColumnSpec("age", "integer", missing=False, lower=0, upper=120),
        ColumnSpec("pressure", "numeric"),
        ColumnSpec("ward", "categorical"),
        ColumnSpec("record", "identifier"),
    )
)


def numbers(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({"x": rng.normal(size=rows), "y": rng.normal(size=rows)})


def people(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "age": rng.integers(20, 80, rows),
            "pressure": np.round(rng.normal(120, 15, rows), 1),
            "ward": rng.choice(["north", "south", "east"], rows),
            "record": [f"P-{number:04d}" for number in rng.permutation(rows)],
        }
    )


def of(table: object) -> Lineage:
    """Give the lineage of a table that must have one."""
    found = st.lineage_of(table)
    assert found is not None
    return found


def refit(name: str, frame: pd.DataFrame, schema: TableSchema, **options: object) -> Synthesizer:
    """Fit on a synthetic table, where a warning is part of the claim."""
    with pytest.warns(SynthtabWarning, match="This table is synthetic"):
        return make(name, schema, **options).fit(frame)  # type: ignore[arg-type] # options of make


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def fitted() -> Synthesizer:
    return make("independent", PEOPLE, seed=7, quantiles=50).fit(people())


@pytest.fixture
def sample() -> pd.DataFrame:
    return make("independent", PEOPLE, seed=7, quantiles=50).fit(people()).sample(150, seed=2)


# ---------------------------------------------------------------- what it says


def test_a_sample_says_where_it_comes_from(sample: pd.DataFrame) -> None:
    """Kind, generation, synthesizer and parameters, seeds, parent, guard, releases, schema and versions."""
    lineage = of(sample)
    assert (lineage.kind, lineage.generation, lineage.rows) == (Origin.SYNTHETIC, 1, 150)
    assert lineage.synthesizer == st.spec("independent", quantiles=50)
    assert (lineage.fit_seed, lineage.sample_seed) == (7, 2)
    assert lineage.parents == (Parent(Origin.REAL, 0, 200),)
    assert (lineage.guard, lineage.releasable, lineage.releases) == (10, True, 1)
    assert (lineage.source, lineage.regime) == ("", "")
    assert len(lineage.schema_hash) == 32
    assert {"synthtab", "python", "numpy", "pandas", "sdv", "torch"} <= set(dict(lineage.versions))
    assert str(lineage) == "synthetic: generation 1, by independent(quantiles=50)"


def test_rows_are_what_they_were_without_a_lineage(fitted: Synthesizer) -> None:
    """The same seed gives the same rows whatever was drawn before, and the rows are a plain frame."""
    first = fitted.sample(60, seed=5)
    fitted.sample(30, seed=6)
    again = fitted.sample(60, seed=5)
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert first.equals(again)
    assert list(first.columns) == list(PEOPLE.names)


def test_releases_count_distinct_tables() -> None:
    """Another seed or number of rows is another table, the same ask is not; a new fit begins anew."""
    synth = make("independent", PEOPLE).fit(people())
    asked: list[tuple[int, int | None]] = [(10, 1), (10, 1), (10, 2), (11, 2), (10, None), (10, 1)]
    assert [of(synth.sample(rows, seed)).releases for rows, seed in asked] == [1, 1, 2, 3, 4, 4]
    assert synth.draws == (Draw(10, 1), Draw(10, 2), Draw(11, 2), Draw(10, None))
    assert of(synth.fit(people()).sample(10, 3)).releases == 1


def test_instruments_say_that_they_are_not_for_release() -> None:
    """The resampler and the Gaussian pass no guard; nor is what was fitted with guard=False releasable."""
    for name, options in (("resampler", {}), ("gaussian", {}), ("independent", {"guard": False})):
        lineage = of(make(name, NUMBERS, **options).fit(numbers()).sample(20))  # type: ignore[arg-type] # of make
        assert (lineage.guard, lineage.releasable, lineage.generation) == (0, False, 1), name


@pytest.mark.parametrize("name", ["gaussian_copula", "independent"])
def test_a_saved_model_remembers(name: str, tmp_path: Path) -> None:
    """Generation, parent, guard and the tables drawn before the save survive save and load."""
    first = make(name, PEOPLE).fit(people()).sample(200, seed=1)
    synth = refit(name, first, PEOPLE, seed=3)
    synth.sample(40, seed=1)
    again = load(synth.save(tmp_path / "model"))
    assert again.releasable
    assert again.fitted.lineage == synth.fitted.lineage
    assert of(again.sample(50, seed=2)) == of(synth.sample(50, seed=2))
    lineage = of(again.sample(50, seed=3))
    assert (lineage.generation, lineage.releases, lineage.guard) == (2, 3, 10)
    assert lineage.parents == (Parent(Origin.SYNTHETIC, 1, 200, name),)


def test_sdvs_own_models_carry_it_too(tmp_path: Path) -> None:
    """as_sdv stands among the parameters, and the lineage comes back from a model that is a pickle."""
    synth = make("gaussian_copula", NUMBERS, as_sdv=True).fit(numbers())
    expected = of(synth.sample(20, seed=1))
    again = load(synth.save(tmp_path / "model"), trusted=True)
    assert of(again.sample(20, seed=1)) == expected
    assert expected.synthesizer == st.spec("gaussian_copula", as_sdv=True)


# ---------------------------------------------------------------- generations and the guard


def test_fitting_a_synthetic_table_warns_once_and_counts_on(sample: pd.DataFrame) -> None:
    """One warning names generation and synthesizer; samples are a generation on; real rows do not warn."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        synth = make("independent", PEOPLE).fit(sample)
    ours = [item for item in caught if item.category is SynthtabWarning]
    assert len(ours) == 1
    assert Path(ours[0].filename).name == "test_lineage.py"
    said = str(ours[0].message)
    assert "generation 1, by independent(quantiles=50). What is learned from it is generation 2." in said
    second = synth.sample(80)
    assert of(second).generation == 2
    third = refit("resampler", second, PEOPLE).sample(80)
    assert of(third).generation == 3
    assert of(third).parents == (Parent(Origin.SYNTHETIC, 2, 80, "independent"),)
    make("independent", PEOPLE).fit(st.attach_lineage(people(), Lineage.of_real(200, PEOPLE)))


@pytest.mark.parametrize("name", ["independent", "resampler"])
def test_max_generation_refuses(name: str, sample: pd.DataFrame) -> None:
    """Generation g + 1 above the limit is refused before anything is learned; at the limit it is not."""
    synth = make(name, PEOPLE)
    with pytest.raises(GenerationError, match="would be generation 2; at most 1") as caught:
        synth.fit(sample, max_generation=1)
    assert "raise max_generation" in caught.value.hint
    with pytest.raises(st.synthesizers.base.NotFittedError):
        synth.sample(1)
    with pytest.warns(SynthtabWarning):
        synth.fit(sample, max_generation=2)
    synth.fit(people(), max_generation=1)
    for bad in (0, True, 1.5):
        with pytest.raises(SpecError, match="max_generation"):
            synth.fit(people(), max_generation=bad)  # type: ignore[arg-type] # the point of the test


def test_the_guard_runs_once(sample: pd.DataFrame) -> None:
    """Rows that were guarded are not guarded again, whatever the k: their rare level and k live on."""
    rare = sample.copy()
    rare.loc[:2, "ward"] = "west"  # a level of three rows, which a guard of k = 10 would pool
    synth = refit("independent", rare, PEOPLE, guard=Guard(40))
    assert not synth.guard.is_on
    assert synth.guard_report == ()
    assert synth.releasable
    drawn = synth.sample(3000, seed=1)
    assert "west" in set(drawn["ward"])
    assert (of(drawn).guard, of(drawn).releasable) == (10, True)
    # the same rows as real ones are guarded
    plain = pd.DataFrame(rare.to_dict("list"))
    assert "west" not in set(make("independent", PEOPLE).fit(plain).sample(3000, seed=1)["ward"])


def test_what_no_guard_has_seen_is_guarded() -> None:
    """Rows of an instrument pass the guard when they are learned; without one, they stay unreleasable."""
    raw = make("gaussian", NUMBERS).fit(numbers()).sample(200, seed=1)
    synth = refit("independent", raw, NUMBERS)
    assert synth.guard.is_on
    assert (of(synth.sample(9)).guard, synth.releasable) == (10, True)
    unguarded = refit("independent", raw, NUMBERS, guard=False)
    assert (of(unguarded.sample(9)).guard, unguarded.releasable) == (0, False)


def test_an_instrument_does_not_make_a_guarded_table_releasable(sample: pd.DataFrame) -> None:
    """A resampler of guarded synthetic rows keeps their k, and is no release; nor is what learns from it."""
    resampled = refit("resampler", sample, PEOPLE).sample(100)
    assert (of(resampled).guard, of(resampled).releasable) == (10, False)
    assert not refit("independent", resampled, PEOPLE).releasable


def test_added_rows_are_guarded(sample: pd.DataFrame) -> None:
    """A table with more rows than were drawn may hold real ones: it is guarded; a part of it is not."""
    longer = sample.reindex([*range(150), 0]).reset_index(drop=True)
    assert of(longer).rows == 150
    with pytest.warns(SynthtabWarning, match="holds more rows than were drawn"):
        assert make("independent", PEOPLE).fit(longer).guard.is_on
    assert not refit("independent", sample.head(80), PEOPLE).guard.is_on


def test_mixtures_say_what_they_consist_of(sample: pd.DataFrame) -> None:
    """A mixture is of the highest generation, guarded if all parts were; a model of it names its parts."""
    real = Lineage.of_real(50, PEOPLE, guard=12)
    mixed = Lineage.of_mixture([real, of(sample)], regime="accumulate")
    assert (mixed.kind, mixed.generation, mixed.rows, mixed.guard) == (Origin.SYNTHETIC, 1, 200, 10)
    assert not mixed.releasable
    assert Lineage.of_mixture([Lineage.of_real(50), of(sample)]).guard == 0
    assert Lineage.of_mixture([real, real]).kind is Origin.REAL
    frame = st.attach_lineage(pd.concat([people(50), sample], ignore_index=True), mixed)
    drawn = of(refit("independent", frame, PEOPLE).sample(30))
    assert (drawn.generation, drawn.regime, drawn.guard, drawn.releasable) == (2, "accumulate", 10, True)
    assert [str(parent) for parent in drawn.parents] == [
        "real table, 50 rows",
        "synthetic table of generation 1, 150 rows, by independent(quantiles=50)",
    ]
    with pytest.raises(SpecError, match="at least one part"):
        Lineage.of_mixture([])


def test_guarded_real_rows_are_not_guarded_again() -> None:
    """Real rows that entered through the guard are learned as they are, without a warning, and may go out."""
    entered = st.attach_lineage(people(), Lineage.of_real(200, PEOPLE, guard=10))
    synth = make("independent", PEOPLE).fit(entered)
    assert not synth.guard.is_on
    assert (of(synth.sample(5)).guard, synth.releasable, of(synth.sample(5)).generation) == (10, True, 1)


# ---------------------------------------------------------------- nothing confirms a guess


@pytest.mark.parametrize("name", ["independent", "resampler", "gaussian_copula"])
def test_no_real_value_changes_the_lineage(name: str, tmp_path: Path) -> None:
    """Without a key, other values and a rare level in real rows leave JSON and sidecar as they are."""
    frame, other = people(), people()
    other.loc[5, "pressure"], other.loc[6, "ward"] = 133.3, "west"
    other.loc[7, "record"] = "P-9999"
    told = []
    for table in (frame, other):
        inferred = TableSchema.infer(table)
        for schema in (PEOPLE, inferred):
            drawn = make(name, schema).fit(table).sample(900, seed=1)
            write_table(drawn, tmp_path / "s.csv")
            told.append((drawn.attrs[ATTRIBUTE], sidecar_of(tmp_path / "s.csv").read_text(encoding="utf-8")))
    assert told[:2] == told[2:]
    assert not drawn.equals(make(name, PEOPLE).fit(frame).sample(900, seed=1))


def test_a_key_tells_real_tables_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The HMAC depends on key and every value, not on order or dtypes; descendants pass it on."""
    frame = people()
    plain = keyed_hash(frame, PEOPLE, KEY)
    turned = frame.sample(frac=1, random_state=1)[["ward", "record", "pressure", "age"]].astype(
        {"age": "float64"}
    )
    assert keyed_hash(turned.astype({"ward": "category"}), PEOPLE, KEY) == plain
    assert keyed_hash(frame, PEOPLE, KEY + "!") != plain
    for column, value in (("age", 99), ("pressure", np.nan), ("ward", None), ("record", "P-9999")):
        assert keyed_hash(frame.assign(**{column: [value, *frame[column][1:]]}), PEOPLE, KEY) != plain
    assert keyed_hash(frame, PEOPLE) == ""
    with pytest.raises(SpecError, match="16 bytes or more"):
        keyed_hash(frame, PEOPLE, "short")
    by_argument = make("independent", PEOPLE).fit(frame, lineage_key=KEY).sample(40)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    by_variable = make("independent", PEOPLE).fit(frame).sample(40)
    assert of(by_argument).source == of(by_variable).source == plain
    assert of(refit("resampler", by_argument, PEOPLE).sample(5)).source == plain
    assert KEY not in by_argument.attrs[ATTRIBUTE]


def test_the_schema_hash_is_of_what_is_public() -> None:
    """Names, kinds, roles, public bounds and levels decide it; levels from data, rounding, words do not."""
    base = TableSchema(
        (ColumnSpec("a", "integer", lower=0), ColumnSpec("b", "categorical", categories=("x",)))
    )
    same = base.with_column("a", rounding=0, note="n", missing=False, description="d")
    hashes = [of_schema(schema) for schema in (base, same)]
    assert hashes[0] == hashes[1]
    for changed in (
        base.with_column("a", lower=1),
        base.with_column("a", role="sensitive"),
        base.with_column("b", categories=("x", "y")),
        base.with_column("a", kind="numeric"),
        replace(base, unit="a"),
    ):
        assert of_schema(changed) != hashes[0]
    guessed = base.with_column("b", domain="from_data")
    assert of_schema(guessed) == of_schema(guessed.with_column("b", categories=("x", "secret")))


def of_schema(schema: TableSchema) -> str:
    return Lineage.of_real(1, schema).schema_hash


# ---------------------------------------------------------------- JSON


TEXTS = some.text(max_size=8)
PARENTS = some.builds(Parent, some.sampled_from(Origin), some.integers(0, 9), some.integers(0, 10**9), TEXTS)
LINEAGES = some.builds(
    Lineage,
    kind=some.just(Origin.SYNTHETIC),
    rows=some.integers(0, 10**9),
    generation=some.integers(1, 50),
    synthesizer=some.none()
    | some.builds(
        st.SynthesizerSpec, TEXTS, some.dictionaries(TEXTS, some.integers() | some.booleans() | some.none())
    ),
    fit_seed=some.none() | some.integers(0, 2**40),
    sample_seed=some.none() | some.integers(0, 2**40),
    regime=TEXTS,
    parents=some.lists(PARENTS, max_size=3).map(tuple),
    guard=some.integers(0, 50),
    releasable=some.booleans(),
    releases=some.integers(1, 99),
    versions=some.dictionaries(TEXTS, TEXTS, max_size=3).map(lambda found: tuple(sorted(found.items()))),
)


@given(LINEAGES)
@settings(max_examples=60)
def test_json_comes_back_as_it_was(lineage: Lineage) -> None:
    """What is written is read as the same lineage, and written again as the same text, keys sorted."""
    text = lineage.to_json()
    assert Lineage.from_json(text) == lineage
    assert Lineage.from_json(text).to_json() == text
    assert list(json.loads(text)) == sorted(json.loads(text))


@pytest.mark.parametrize(
    "change",
    [
        {"generation": "1"}, {"generation": 0}, {"generation": 1.0}, {"generation": True}, {"rows": -1},
        {"releasable": "no"}, {"kind": "unreal"}, {"kind": "real"}, {"parents": [{"kind": "real"}]},
        {"versions": ["numpy"]}, {"versions": {"numpy": 2}}, {"synthesizer": 3}, {"more": 1},
        {"format_version": 0}, {"releases": 0}, {"guard": None}, {"regime": 5},
    ],
)  # fmt: skip
def test_a_damaged_lineage_is_refused(sample: pd.DataFrame, change: dict[str, object]) -> None:
    """A wrong type, an impossible count, an unknown or missing part: damaged, never silently corrected."""
    raw = {**json.loads(sample.attrs[ATTRIBUTE]), **change}
    with pytest.raises(SavedModelError, match="damaged"):
        Lineage.from_json(json.dumps(raw))
    sample.attrs[ATTRIBUTE] = json.dumps(raw)
    with pytest.raises(SavedModelError, match="lineage of this table"):
        make("independent", PEOPLE).fit(sample)


def test_other_damage_and_later_formats_are_told(sample: pd.DataFrame) -> None:
    """No JSON, no object, cut off or one part missing is damaged; a later format says what to install."""
    raw = json.loads(sample.attrs[ATTRIBUTE])
    short = {key: value for key, value in raw.items() if key != "guard"}
    for text in ("", "[]", "null", "3", sample.attrs[ATTRIBUTE][:-30], "[" * 100_000, json.dumps(short)):
        with pytest.raises(SavedModelError, match="damaged"):
            Lineage.from_json(text)
    with pytest.raises(SavedModelError, match="has format 2; expected 1"):
        Lineage.from_json(json.dumps({**raw, "format_version": 2}))
    for impossible in ({"rows": -1}, {"generation": 1}, {"releases": 1}):
        with pytest.raises(SpecError):
            replace(Lineage.of_real(3), **impossible)  # type: ignore[arg-type] # the point of the test


# ---------------------------------------------------------------- how it travels


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq"])
def test_it_travels_in_files(ending: str, sample: pd.DataFrame, tmp_path: Path) -> None:
    """Every format brings rows and lineage back; the same table is the same bytes; no litter is left."""
    paths = [write_table(sample, tmp_path / folder / f"t{ending}") for folder in "ab"]
    assert of(paths[0]) == of(sample)
    frame = st.TableSource.of(paths[0]).frame()
    assert of(frame) == of(sample)
    assert frame["pressure"].tolist() == sample["pressure"].tolist()
    assert paths[0].read_bytes() == paths[1].read_bytes()
    beside = set() if ending in {".parquet", ".pq"} else {f"t{ending}.lineage.json"}
    assert {path.name for path in (tmp_path / "a").iterdir()} == {f"t{ending}", *beside}


def test_other_libraries_carry_it(sample: pd.DataFrame, tmp_path: Path) -> None:
    """Parquet by pandas, ours rewritten by pandas or Arrow, and Arrow tables keep it; polars does not."""
    sample.to_parquet(tmp_path / "pandas.parquet")
    ours = write_table(sample, tmp_path / "ours.parquet")
    assert ATTRIBUTE.encode() in pq.read_schema(ours).metadata
    pd.read_parquet(ours).to_parquet(tmp_path / "again.parquet")
    table = pq.read_table(ours)
    pq.write_table(table, tmp_path / "arrow.parquet")
    for name in ("pandas", "again", "arrow"):
        assert of(tmp_path / f"{name}.parquet") == of(sample), name
        assert of(st.TableSource.of(tmp_path / f"{name}.parquet").frame()) == of(sample), name
    bare = pa.table({"a": [1]}).replace_schema_metadata({ATTRIBUTE: of(sample).to_json()})
    for arrow in (table, pa.Table.from_pandas(sample), bare):
        assert of(arrow) == of(sample)
        assert of(st.TableSource.of(arrow).frame()) == of(sample)
    assert st.lineage_of(pl.from_pandas(sample)) is None
    # a Parquet file that carries none may have one beside it
    pl.from_pandas(sample).write_parquet(tmp_path / "polars.parquet")
    assert st.lineage_of(tmp_path / "polars.parquet") is None
    st.save_lineage(of(sample), tmp_path / "polars.parquet")
    assert of(tmp_path / "polars.parquet") == of(sample)


def test_it_goes_with_parts_and_is_lost_by_joining(sample: pd.DataFrame) -> None:
    """Parts and copies keep it; pandas.concat with other rows loses it: a limit that is documented."""
    for part in (sample.head(3), sample.copy(), sample[sample["age"] > 50], sample.sample(5, random_state=1)):
        assert of(part) == of(sample)
    assert st.lineage_of(pd.concat([sample, people()])) is None
    assert st.lineage_of(people()) is None
    parts = st.split(sample, PEOPLE, holdout=0.3)
    assert of(parts.train) == of(sample)


def test_attaching_leaves_the_frame_alone() -> None:
    """The frame that was given carries nothing afterwards."""
    frame = people()
    st.attach_lineage(frame, Lineage.of_real(200))
    assert frame.attrs == {}


def test_a_replaced_csv_is_told_and_not_taken_for_guarded(sample: pd.DataFrame, tmp_path: Path) -> None:
    """A CSV with another number of rows than its sidecar says warns, and would be guarded like a real one."""
    path = write_table(sample, tmp_path / "t.csv")
    people().to_csv(path, index=False)
    with pytest.warns(
        SynthtabWarning, match=r"'t.csv' holds 200 rows, but 't.csv.lineage.json' speaks of 150"
    ):
        frame = st.TableSource.of(path).frame()
    with pytest.warns(SynthtabWarning, match="changed or replaced"):
        found = of(path)
    assert found == of(frame) == replace(of(sample), rows=200, guard=0, releasable=False)
    assert refit("independent", frame, PEOPLE).guard.is_on
    # what is written by synthtab takes the old sidecar away
    write_table(people(), path)
    assert st.lineage_of(path) is None
    assert not sidecar_of(path).exists()


def test_a_damaged_sidecar_is_an_error_that_names_the_file(sample: pd.DataFrame, tmp_path: Path) -> None:
    """Neither reading the table nor asking for its lineage passes over a sidecar that cannot be read."""
    path = write_table(sample, tmp_path / "t.csv")
    for content in (b"{", b"\xff\xfe\x00", b"{}", sidecar_of(path).read_bytes()[:-9]):
        sidecar_of(path).write_bytes(content)
        for read in (st.lineage_of, st.TableSource.of):
            with pytest.raises(SavedModelError, match=r"t\.csv\.lineage\.json"):
                read(path)
    bad = pa.table({"a": [1]}).replace_schema_metadata({ATTRIBUTE: b"\xff"})
    pq.write_table(bad, tmp_path / "bad.parquet")
    with pytest.raises(SavedModelError, match=r"bad\.parquet"):
        st.TableSource.of(tmp_path / "bad.parquet")


def test_unreadable_files_are_told(sample: pd.DataFrame, tmp_path: Path) -> None:
    """A missing file, a torn Parquet file, a CSV that cannot be counted: each is named."""
    with pytest.raises(DataError, match=r"no file 'none\.csv'"):
        st.lineage_of(tmp_path / "none.csv")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 secret")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        st.lineage_of(tmp_path / "torn.parquet")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    st.save_lineage(of(sample), tmp_path / "t.csv")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        st.lineage_of(tmp_path / "t.csv")


def test_a_failed_write_leaves_the_old_file(sample: pd.DataFrame, tmp_path: Path) -> None:
    """What fails while writing leaves neither half a file nor litter."""
    path = write_table(sample, tmp_path / "t.parquet")
    before = path.read_bytes()

    def fail(_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_at_once(path, fail)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["t.parquet"]


# ---------------------------------------------------------------- the register of a saved model


def test_the_register_counts_over_runs(tmp_path: Path) -> None:
    """Draws before the save stand in the model, those after it beside it; a damaged list is refused."""
    synth = make("independent", PEOPLE).fit(people())
    synth.sample(10, seed=1)
    path = synth.save(tmp_path / "model")
    for seed, expected in ((1, 1), (2, 2), (3, 3), (2, 3)):
        again = load(path)
        assert of(again.sample(10, seed=seed)).releases == expected
        record_draws(again, path)
    assert load(path).draws == (Draw(10, 1), Draw(10, 2), Draw(10, 3))
    # the same model saved again is the same model; another one begins anew
    synth.save(path)
    assert len(load(path).draws) == 3
    make("independent", PEOPLE, seed=9).fit(people()).save(path)
    assert load(path).draws == ()
    good = {"kind": "synthtab releases", "format_version": 2, "draws": [{"rows": 1, "seed": 2}]}
    for bad in (
        {**good, "kind": "x"},
        {**good, "draws": [{"rows": "1", "seed": 2}]},
        {**good, "draws": 3},
        [],
    ):
        register_of(path).write_text(json.dumps(bad), encoding="utf-8")
        with pytest.raises(SavedModelError, match=r"model\.releases\.json"):
            load(path)
    register_of(path).write_text("{", encoding="utf-8")
    with pytest.raises(SavedModelError, match=r"model\.releases\.json"):
        load(path)


# ---------------------------------------------------------------- the command line


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lineage") / "people.csv"
    people(300).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def model(table: Path) -> Path:
    path = table.parent / "model.synthtab"
    assert run("fit", table, "--synthesizer", "independent", "--out", path).exit_code == 0
    return path


def test_sample_writes_and_lineage_prints_it(model: Path, tmp_path: Path) -> None:
    """`lineage` says in words and as JSON what a file is; releases count over runs of `sample`."""
    for seed, ending, releases in ((1, ".csv", 1), (2, ".parquet", 2), (1, ".csv", 2)):
        out = tmp_path / f"s{seed}{ending}"
        assert run("sample", model, "--seed", str(seed), "--out", out).exit_code == 0
        shown, told = run("lineage", out), run("lineage", out, "--json")
        assert (shown.exit_code, told.exit_code) == (0, 0), shown.output
        assert Lineage.from_json(told.stdout) == of(out)
        assert (of(out).releases, of(out).sample_seed) == (releases, seed)
        for text in (
            "synthetic: generation 1, by independent", f"fit 0, sample {seed}", "real table, 300 rows",
            "passed, k = 10", f"releases      {releases} ", "no key was given", of(out).schema_hash,
        ):  # fmt: skip
            assert text in shown.stdout, text


def test_lineage_leaves_with_two_where_there_is_none(table: Path, tmp_path: Path) -> None:
    """A file without a lineage, with a damaged one, or that is not there: exit 2, one line, a hint."""
    damaged = tmp_path / "d.csv"
    damaged.write_bytes(table.read_bytes())
    sidecar_of(damaged).write_text("{}", encoding="utf-8")
    for path, text in ((table, "carries no lineage"), (damaged, "'d.csv"), (tmp_path / "no.csv", "no file")):
        result = run("lineage", path)
        assert result.exit_code == 2
        assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["Error", "Hint"]
        assert text in result.stderr
        assert result.stdout == ""


def test_split_says_that_its_parts_are_real(table: Path, tmp_path: Path) -> None:
    """Each part of a table without a lineage is real, and is learned as generation 1 without a remark."""
    assert run("split", table, "--out", tmp_path).exit_code == 0
    found = of(tmp_path / "train.csv")
    assert (found.kind, found.generation, found.rows) == (Origin.REAL, 0, 210)
    assert found.schema_hash
    assert "what          real" in run("lineage", tmp_path / "train.csv").stdout
    words = ("fit", tmp_path / "train.csv", "--synthesizer", "independent", "--out", tmp_path / "m")
    assert "Note" not in run(*words, "--max-generation", "1").output


def test_fit_on_a_synthetic_file_warns_or_refuses(model: Path, tmp_path: Path) -> None:
    """`fit` notes the generation and that the guard does not run again; --max-generation refuses with 2."""
    made, second = tmp_path / "s.csv", tmp_path / "second.synthtab"
    assert run("sample", model, "--out", made).exit_code == 0
    words = ("fit", made, "--synthesizer", "independent", "--out", second)
    refused = run(*words, "--max-generation", "1")
    assert refused.exit_code == 2
    assert "generation 2; at most 1" in refused.stderr
    assert not second.exists()
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    assert "Note: This table is synthetic: generation 1, by independent." in done.stderr
    assert "does not run again" in done.stderr
    assert json.loads(done.stdout)["guard"] == []
    assert json.loads(done.stdout)["releasable"] is True
    assert run("sample", second, "--out", tmp_path / "t.parquet").exit_code == 0
    assert of(tmp_path / "t.parquet").generation == 2
    # parts of a synthetic table stay synthetic
    assert run("split", made, "--out", tmp_path).exit_code == 0
    assert of(tmp_path / "holdout.csv") == replace(of(made), rows=90)


def test_run_writes_it_and_its_model_counts_on(table: Path, tmp_path: Path) -> None:
    """`run` names the sidecar among its files, and its model knows that one table was drawn."""
    done = run("run", table, "--synthesizer", "independent", "--rows", "120", "--out", tmp_path, "--json")
    assert done.exit_code in {0, 1}, done.stderr
    files = {item["what"]: Path(item["file"]) for item in json.loads(done.stdout)["files"]}
    assert files["its lineage"] == sidecar_of(files["synthetic table"])
    assert (of(tmp_path / "synthetic.csv").rows, of(tmp_path / "synthetic.csv").releases) == (120, 1)
    assert load(files["model"]).draws == (Draw(120, None),)
