"""Neural synthesizers: decoding, determinism, marginals, null rates, saved models, progress, SDV's own."""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthtab.errors import FitError, SavedModelError, SpecError, TrustError
from synthtab.progress import reporting_to
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn, TableSchema
from synthtab.synthesizers import load, make
from synthtab.synthesizers.base import Synthesizer
from synthtab.synthesizers.neural_coupling import choose_at, couple, odds
from synthtab.synthesizers.neural_decoding import Decoder, calibrated_offsets, choose
from synthtab.synthesizers.neural_encoding import encode, filled_scores
from synthtab.synthesizers.neural_network import Network
from synthtab.synthesizers.neural_rows import Batches, ConditionalRows
from synthtab.synthesizers.neural_state import from_state, to_state
from synthtab.synthesizers.state import ModelState

pytestmark = pytest.mark.neural

NAMES = ("ctgan", "tvae", "copula_gan")
SCHEMA = TableSchema(
    (
        ColumnSpec("age", "integer", missing=False, lower=0, upper=120),
        ColumnSpec("weight", "numeric"),
        ColumnSpec("first", "numeric"),
        ColumnSpec("second", "numeric"),
        ColumnSpec("site", "categorical", categories=("north", "south", "rare")),
        ColumnSpec("smokes", "boolean"),
        ColumnSpec("seen", "datetime"),
    )
)


def patients(n_rows: int, seed: int = 0) -> pd.DataFrame:
    """Mixed columns; first and second missing together in half the rows, 1 % rare sites, 10 % missing."""
    draws = np.random.default_rng(seed)
    age = draws.integers(18, 90, n_rows)
    together = draws.random(n_rows) < 0.5
    site = draws.choice(["north", "south", "rare", None], n_rows, p=[0.59, 0.30, 0.01, 0.10])
    return pd.DataFrame(
        {
            "age": age,
            "weight": np.where(
                draws.random(n_rows) < 0.1, np.nan, (60 + age / 4 + draws.normal(0, 8, n_rows)).round(1)
            ),
            "first": np.where(together, np.nan, draws.normal(0, 1, n_rows)),
            "second": np.where(together, np.nan, draws.lognormal(0, 1, n_rows)),
            "site": site,
            "smokes": draws.random(n_rows) < age / 200,
            "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(draws.integers(0, 365, n_rows), "D"),
        }
    )


def part_of(frame: pd.DataFrame) -> TableSchema:
    """Give the schema of some of the columns."""
    return TableSchema(tuple(SCHEMA[column] for column in frame))


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return patients(500)


@pytest.fixture(scope="module")
def fitted(small: pd.DataFrame) -> dict[str, Synthesizer]:
    return {name: make(name, SCHEMA, seed=3, epochs=2).fit(small) for name in NAMES}


# -------------------------------------------------------------------- decoding: known answers


def test_argmax_takes_the_likeliest_and_sampling_follows_the_odds() -> None:
    """A 10 % level: never at temperature 0, in 10 % of rows at temperature 1, in 1.2 % at temperature 0.5."""
    logits = np.tile(np.log([0.9, 0.1]), (40_000, 1))
    assert (choose(logits, 0.0, np.random.default_rng(0)) == 0).all()
    assert abs((choose(logits, 1.0, np.random.default_rng(0)) == 1).mean() - 0.1) < 0.006
    sharp = 0.1**2 / (0.9**2 + 0.1**2)
    assert abs((choose(logits, 0.5, np.random.default_rng(0)) == 1).mean() - sharp) < 0.003


def test_a_place_on_the_line_of_levels_chooses_the_level_that_lies_there() -> None:
    """With levels of 20, 50 and 30 % laid in the order 2, 0, 1: the line is cut at 0.3 and 0.5."""
    odd = np.tile([0.2, 0.5, 0.3], (6, 1))
    places = np.array([0.0, 0.29, 0.31, 0.49, 0.51, 1.0])
    assert choose_at(odd, np.array([2, 0, 1]), places).tolist() == [2, 2, 0, 0, 1, 1]


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_offsets_give_every_level_its_share(temperature: float) -> None:
    """Log odds that are wrong about all levels are put right, at the temperature of the draws, to 0.001."""
    draws = np.random.default_rng(1)
    logits = draws.normal(0, 2, (5_000, 4)) + np.array([3.0, 0.0, -2.0, -6.0])
    shares = np.array([0.3, 0.4, 0.295, 0.005])
    offsets = calibrated_offsets(logits, shares, temperature)
    assert offsets.max() == 0
    assert np.abs(odds((logits + offsets) / temperature).mean(axis=0) - shares).max() < 0.001


def two_linked_columns(n_rows: int = 4_000) -> CastTable:
    """Give a label, a number that it decides, missing in a third of the rows, and an independent label."""
    draws = np.random.default_rng(5)
    codes = draws.choice(3, n_rows, p=[0.5, 0.3, 0.2])
    values = np.array([0.0, 3.0, -3.0])[codes] + draws.normal(0, 0.3, n_rows)
    values[draws.random(n_rows) < 1 / 3] = np.nan
    columns = {
        "kind": LabelColumn(codes.astype(np.int64), ("a", "b", "c")),
        "value": NumberColumn(values),
        "other": LabelColumn(draws.integers(0, 2, n_rows), ("x", "y")),
    }
    return CastTable(columns, n_rows)


@pytest.mark.parametrize("coupled", [True, False])
def test_joint_decoding_restores_what_the_network_did_not_learn(coupled: bool) -> None:
    """A network that says the same of every row: jointly decoded, the label decides the number, else not."""
    table = two_linked_columns()
    encoded = encode(table, np.arange(table.n_rows), 0)
    output = np.zeros((table.n_rows, encoded.encoding.width))
    for span in encoded.encoding.spans():
        if span.is_level:
            output[:, span.start : span.stop] = np.log(span.block.shares)
    noise = np.full(encoded.encoding.width, 0.25)
    coupling = couple(encoded, output) if coupled else None
    decoder = Decoder.plain(encoded.encoding, 1.0, noise, coupling).calibrated(
        output, np.random.default_rng(0)
    )
    rows = decoder.rows(output, np.random.default_rng(1))
    kind, value = rows.label("kind").codes, rows.number("value").values
    means = [np.nanmean(value[kind == code]) for code in range(3)]
    # levels are ordered by the number they go with, whichever end comes first
    explained = float(np.ptp(means))
    assert explained > 3.5 if coupled else explained < 0.5
    assert abs(np.isnan(value).mean() - 1 / 3) < 0.03
    assert np.abs(np.bincount(kind) / len(kind) - [0.5, 0.3, 0.2]).max() < 0.03


def test_missing_scores_are_filled_in_keeping_with_the_others() -> None:
    """Present scores stay; a column missing in 80 % of rows keeps its correlation of 0.8 and spread of 1."""
    draws = np.random.default_rng(0)
    whole = draws.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 20_000)
    holed = whole.copy()
    holed[draws.random(20_000) < 0.8, 1] = np.nan
    filled = filled_scores(holed.copy(), draws)
    here = ~np.isnan(holed)
    assert np.array_equal(filled[here], whole[here])
    assert abs(np.corrcoef(filled.T)[0, 1] - 0.8) < 0.02
    assert abs(filled[:, 1].std() - 1) < 0.03


# -------------------------------------------------------------------- training by sampling


def test_log_frequency_is_off_by_default_and_what_it_does() -> None:
    """A level of 1 % is asked for in 1 % of rows by true frequencies, in a quarter by their logarithms."""
    codes = np.repeat([0, 1], [990, 10])
    matrix = np.eye(2, dtype=np.float32)[codes]
    true = ConditionalRows(matrix, [(0, 2)], log_frequency=False).probabilities(0)
    biased = ConditionalRows(matrix, [(0, 2)], log_frequency=True).probabilities(0)
    assert true.tolist() == pytest.approx([0.99, 0.01])
    assert biased[1] == pytest.approx(np.log(11) / (np.log(11) + np.log(991)))
    assert make("ctgan", SCHEMA).log_frequency is False


def test_rows_hold_the_levels_asked_for() -> None:
    """Each row that the sampler gives holds the level of the column that was asked for; one is asked for."""
    draws = np.random.default_rng(0)
    codes = [draws.integers(0, 3, 200), draws.integers(0, 5, 200)]
    matrix = np.hstack([np.eye(3, dtype=np.float32)[codes[0]], np.eye(5, dtype=np.float32)[codes[1]]])
    rows = ConditionalRows(matrix, [(0, 3), (3, 8)], log_frequency=True)
    state = np.random.get_state()  # noqa: NPY002 - the state that ctgan draws from
    asked = rows.sample_condvec(300)
    assert asked is not None
    one_hot, mask, column, level = asked
    data = rows.sample_data(matrix, 300, column, level)
    np.random.set_state(state)  # noqa: NPY002 - as above
    places = np.array([0, 3])[column] + level
    assert (data[np.arange(300), places] == 1).all()
    assert (one_hot.argmax(axis=1) == places).all()
    assert (one_hot.sum(axis=1) == 1).all()
    assert (mask.argmax(axis=1) == column).all()


def test_batches_hold_every_row_once() -> None:
    """One walk over the batches meets each row once, in an order that differs from walk to walk."""
    import torch
    from torch.utils.data import TensorDataset

    batches = Batches(TensorDataset(torch.arange(23)[:, None]), 5, shuffle=True, drop_last=False)
    walks = [torch.cat([batch for (batch,) in batches]).flatten().tolist() for _ in range(2)]
    assert [sorted(walk) for walk in walks] == [list(range(23))] * 2
    assert walks[0] != walks[1]


def test_the_network_in_numpy_says_what_torch_says() -> None:
    """CTGAN's generator in evaluation mode and its layers, normalisation folded in, agree to 1e-5."""
    import torch
    from ctgan.synthesizers.ctgan import Generator

    from synthtab.synthesizers.neural_training import network_of

    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(7, (16, 8), 5)
        generator(torch.randn(64, 7))
        inputs = torch.randn(10, 7)
        expected = generator.eval()(inputs).detach().numpy()
    assert np.allclose(network_of(generator, "test")(inputs.numpy()), expected, atol=1e-5)


def test_a_network_that_diverged_is_refused() -> None:
    """Weights that are no finite numbers are an error that says what to do."""
    import torch
    from ctgan.synthesizers.tvae import Decoder as Layers

    from synthtab.synthesizers.neural_training import network_of

    layers = Layers(3, (4,), 5)
    with torch.no_grad():
        layers.seq[0].weight[0, 0] = np.nan
    with pytest.raises(FitError, match="diverged"):
        network_of(layers, "fit tvae")


# -------------------------------------------------------------------- the synthesizers


@pytest.mark.parametrize("name", NAMES)
def test_samples_wear_the_table_s_clothes(
    name: str, fitted: dict[str, Synthesizer], small: pd.DataFrame
) -> None:
    """The same columns, order and dtypes; levels and bounds of the schema; any number of rows."""
    drawn = fitted[name].sample(60, seed=1)
    assert list(drawn) == list(small)
    assert (drawn.dtypes == small.dtypes).all()
    assert SCHEMA.check(drawn).ok
    assert fitted[name].sample(0, seed=1).shape == (0, len(small.columns))


@pytest.mark.parametrize("name", NAMES)
def test_fits_and_samples_repeat(name: str, fitted: dict[str, Synthesizer], small: pd.DataFrame) -> None:
    """The same seeds give the same rows; another seed of the fit or of the sample gives others."""
    again = make(name, SCHEMA, seed=3, epochs=2).fit(small)
    pd.testing.assert_frame_equal(again.sample(80, seed=1), fitted[name].sample(80, seed=1))
    assert not again.sample(80, seed=2).equals(again.sample(80, seed=1))
    other = make(name, SCHEMA, seed=4, epochs=2).fit(small)
    assert not other.sample(80, seed=1).equals(again.sample(80, seed=1))


def global_states() -> tuple[bytes, object, bytes, int]:
    """Give the state of NumPy's, Python's and torch's global generators, and torch's threads."""
    import torch

    numpy_state = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002 - what ctgan draws from
    return (
        numpy_state.tobytes(),
        random.getstate(),
        torch.get_rng_state().numpy().tobytes(),
        torch.get_num_threads(),
    )


def test_global_random_state_and_threads_are_given_back(small: pd.DataFrame) -> None:
    """NumPy's, Python's and torch's state and torch's threads are the same before and after."""
    before = global_states()
    make("ctgan", SCHEMA, epochs=1).fit(small).sample(10)
    assert global_states() == before


def test_ctgan_s_own_modules_are_left_alone(fitted: dict[str, Synthesizer]) -> None:
    """Parts of ours stand in a private instance; the modules that everybody imports keep their own."""
    assert fitted
    import tqdm
    from ctgan import data_sampler, data_transformer
    from ctgan.synthesizers import ctgan, tvae
    from torch.utils.data import DataLoader

    assert ctgan.DataSampler is data_sampler.DataSampler
    assert ctgan.DataTransformer is tvae.DataTransformer is data_transformer.DataTransformer
    assert ctgan.tqdm is tvae.tqdm is tqdm.tqdm
    assert tvae.DataLoader is DataLoader
    assert tvae.Encoder.__init__.__module__ == "ctgan.synthesizers.tvae"


@pytest.mark.parametrize("name", ["ctgan", "tvae"])
def test_null_rates_and_rare_levels_are_those_of_the_table(name: str) -> None:
    """After two epochs null rates and a 1 % level's share are right; missing together stays together."""
    frame = patients(3_000)
    drawn = make(name, SCHEMA, epochs=2).fit(frame).sample(6_000, seed=1)
    for column in frame:
        rate = frame[column].isna().mean()
        # four standard errors of the sample, and one in a hundred of the calibration
        assert abs(drawn[column].isna().mean() - rate) <= 4 * np.sqrt(rate * (1 - rate) / 6_000) + 0.01 * rate
    assert (drawn["first"].isna() == drawn["second"].isna()).all()
    share = (frame["site"] == "rare").mean()
    assert abs((drawn["site"] == "rare").mean() - share) < 4 * np.sqrt(share / 6_000) + 0.1 * share


def test_argmax_loses_the_rare_and_sampling_keeps_it(small: pd.DataFrame) -> None:
    """TVAE's 1 % level: all but lost by argmax, as SDV decodes it; about 1 % by the default."""
    few = small[["age", "site"]]
    as_decoded = (
        make("tvae", part_of(few), epochs=20, decode="argmax", calibrated=False)
        .fit(few)
        .sample(4_000, seed=1)
    )
    drawn = make("tvae", part_of(few), epochs=20).fit(few).sample(4_000, seed=1)
    assert (as_decoded["site"] == "rare").mean() < 0.001
    assert 0.003 < (drawn["site"] == "rare").mean() < 0.03


def test_quantiles_of_numbers_are_those_of_the_table(
    fitted: dict[str, Synthesizer], small: pd.DataFrame
) -> None:
    """After two epochs the quartiles lie within a tenth of the real interquartile range."""
    for name in NAMES:
        drawn = fitted[name].sample(4_000, seed=1)
        for column in ("age", "weight", "second"):
            real = small[column].quantile([0.25, 0.5, 0.75]).to_numpy()
            ours = drawn[column].quantile([0.25, 0.5, 0.75]).to_numpy()
            assert np.abs(ours - real).max() < 0.1 * (real[2] - real[0])


@pytest.mark.parametrize("name", ["ctgan", "tvae"])
def test_the_mixture_is_there_for_those_who_want_it(name: str, small: pd.DataFrame) -> None:
    """Numbers encoded by ctgan's mixture of Gaussians keep their dtypes and public bounds."""
    few = small[["age", "second", "site"]]
    drawn = (
        make(name, part_of(few), epochs=1, normal_scores=False, calibrated=False).fit(few).sample(500, seed=1)
    )
    assert (drawn.dtypes == few.dtypes).all()
    assert drawn["age"].between(0, 120).all()
    assert drawn["age"].nunique() > 10


EDGES: dict[str, pd.DataFrame] = {
    "two rows": patients(2),
    "only labels": patients(60)[["site", "smokes"]],
    "only numbers": patients(60)[["age", "weight"]],
    "one number": patients(60)[["age"]],
    "no value, one value": patients(40).assign(first=np.nan, second=[1.5, *[np.nan] * 39]),
    "constant and category": patients(40).assign(age=50, site=pd.Categorical(["north", "south"] * 20)),
    "nullable": patients(40).assign(age=pd.array([20, 30, 40, 50] * 10, dtype="Int64")),
}


@pytest.mark.parametrize("name", ["ctgan", "tvae"])
@pytest.mark.parametrize("edge", EDGES)
def test_odd_tables_work(name: str, edge: str) -> None:
    """Two rows, one kind of column, empty, constant, category and nullable columns are all learned."""
    frame = EDGES[edge]
    drawn = make(name, part_of(frame), guard=False, epochs=1).fit(frame).sample(20, seed=0)
    assert (drawn.dtypes == frame.dtypes).all()


def test_too_many_levels_are_a_clear_error() -> None:
    """10,000 unguarded levels: the column and what to do are named, no level is."""
    frame = pd.DataFrame({"code": [f"secret{i}" for i in range(10_000)], "x": np.arange(10_000.0)})
    schema = TableSchema((ColumnSpec("code", "categorical"), ColumnSpec("x", "numeric")))
    with pytest.raises(FitError, match="'code' has too many levels") as caught:
        make("tvae", schema, guard=False, epochs=1).fit(frame)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("ctgan", {"epochs": 0}),
        ("ctgan", {"epochs": True}),
        ("ctgan", {"batch_size": 25}),
        ("ctgan", {"batch_size": 24, "pac": 10}),
        ("ctgan", {"generator_dim": "256;256"}),
        ("ctgan", {"discriminator_lr": 0.0}),
        ("ctgan", {"log_frequency": "yes"}),
        ("ctgan", {"discriminator_steps": 1.5}),
        ("ctgan", {"as_sdv": True, "batch_size": 24}),
        ("tvae", {"decode": "max"}),
        ("tvae", {"temperature": 0}),
        ("tvae", {"compress_dims": "-1"}),
        ("tvae", {"l2scale": -1.0}),
        ("tvae", {"batch_size": 0}),
        ("tvae", {"calibrated": 1}),
    ],
)
def test_bad_parameters_are_refused_when_they_are_given(name: str, wrong: dict[str, object]) -> None:
    """A value that training cannot use is a SpecError that names the parameter, before a table is seen."""
    parameter = "batch_size" if "pac" in wrong or "as_sdv" in wrong else next(iter(wrong))
    with pytest.raises(SpecError, match=parameter):
        make(name, SCHEMA, **wrong)  # type: ignore[arg-type] # some are wrong on purpose


class Recorder:
    """A progress display that remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []

    def start(self, stage: str, total: int) -> None:
        """Remember the start."""
        self.said.append((stage, total))

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        """Remember the note of one step."""
        assert steps == 1
        self.said.append((stage, note))

    def finish(self, stage: str) -> None:
        """Remember the end."""
        self.said.append((stage, "done"))


@pytest.mark.parametrize("name", NAMES)
def test_each_epoch_is_a_step_of_progress(name: str, small: pd.DataFrame) -> None:
    """A stage "fit …" with a step an epoch, each noting its loss, and an end."""
    recorder = Recorder()
    with reporting_to(recorder):
        make(name, SCHEMA, epochs=3).fit(small)
    stages, words = zip(*recorder.said, strict=True)
    assert set(stages) == {f"fit {name}"}
    assert words[0] == 3
    assert words[-1] == "done"
    assert len(words) == 5
    assert all(str(note).startswith("loss ") for note in words[1:-1])


# -------------------------------------------------------------------- saved models


@pytest.mark.parametrize("name", NAMES)
def test_saved_models_draw_the_same_rows(name: str, fitted: dict[str, Synthesizer], tmp_path: Path) -> None:
    """A loaded model gives the rows that the fitted one gives, out of a file without a pickle."""
    path = fitted[name].save(tmp_path / "model.synth")
    with zipfile.ZipFile(path) as archive:
        assert not any("pickle" in member for member in archive.namelist())
    pd.testing.assert_frame_equal(load(path).sample(90, seed=5), fitted[name].sample(90, seed=5))


def test_other_processes_give_the_same_rows_and_need_no_torch(
    fitted: dict[str, Synthesizer], small: pd.DataFrame, tmp_path: Path
) -> None:
    """Another process loads, samples without torch and SDV, fits again, and gets the same bytes."""
    small.to_pickle(tmp_path / "small.pkl")
    for name in ("ctgan", "tvae"):
        fitted[name].save(tmp_path / f"{name}.synth")
        fitted[name].sample(50, seed=9).to_pickle(tmp_path / f"{name}.pkl")
    program = """
import sys
from pathlib import Path
import pandas as pd
from synthtab.synthesizers import load, make
here = Path(sys.argv[1])
models = {name: load(here / f"{name}.synth") for name in ("ctgan", "tvae")}
drawn = {name: model.sample(50, seed=9) for name, model in models.items()}
assert "torch" not in sys.modules and "sdv" not in sys.modules
small = pd.read_pickle(here / "small.pkl")
for name, model in models.items():
    expected = pd.read_pickle(here / f"{name}.pkl")
    pd.testing.assert_frame_equal(drawn[name], expected, check_exact=True)
    again = make(model.spec, model.schema, seed=3).fit(small)
    pd.testing.assert_frame_equal(again.sample(50, seed=9), expected, check_exact=True)
    # a loaded model that is fitted again imports torch before its seeds are set
    pd.testing.assert_frame_equal(model.fit(small).sample(50, seed=9), expected, check_exact=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_parts_that_do_not_fit_are_refused(fitted: dict[str, Synthesizer]) -> None:
    """Layers that do not match their columns are a SavedModelError; a whole state comes back equal."""
    model = fitted["tvae"]._model  # type: ignore[attr-defined] # a neural one
    state = to_state(model)
    again = to_state(from_state(state))
    assert again.facts == state.facts
    assert all(np.array_equal(again.arrays[name], array) for name, array in state.arrays.items())
    with pytest.raises(SavedModelError, match="do not fit"):
        from_state(ModelState(state.facts, {**state.arrays, "offsets": state.arrays["offsets"][:-1]}))


@pytest.mark.parametrize("as_sdv", [False, True])
@pytest.mark.parametrize("name", ["ctgan", "tvae"])
def test_no_canary_is_saved(name: str, as_sdv: bool, tmp_path: Path) -> None:
    """Rare levels, extremes and a row's own numbers are nowhere in the file, as text or as bytes."""
    frame = patients(500)[["age", "site"]].assign(first=np.random.default_rng(9).normal(0, 1, 500))
    frame["site"] = frame["site"].where(frame["site"] != "rare", "north")
    frame.loc[[7, 8], "site"] = "canary-level"
    own, extreme = 0.123456789012345, 98_765.4321098765
    frame.loc[7, "first"], frame.loc[8, "first"] = own, extreme
    schema = part_of(frame).with_column("site", categories=None)
    path = make(name, schema, epochs=1, as_sdv=as_sdv).fit(frame).save(tmp_path / "model.synth")
    with zipfile.ZipFile(path) as archive:
        content = b"".join(archive.read(member) for member in archive.namelist())
    assert b"canary" not in content
    for number in (own, extreme):
        assert str(number).encode() not in content
        assert np.float64(number).tobytes() not in content
        assert np.array(number, dtype=">f8").tobytes() not in content


def test_as_sdv_is_sdv_s_own_behaviour(small: pd.DataFrame, tmp_path: Path) -> None:
    """SDV's class and defaults, no row index; its file loads only when trusted, and draws the same rows."""
    few = small[["age", "site", "smokes"]]
    synth = make("ctgan", part_of(few), epochs=1, as_sdv=True).fit(few)
    model = synth._sdv_model  # type: ignore[attr-defined] # a neural one
    assert type(model).__module__.startswith("sdv.")
    settings = model.get_parameters()
    assert (settings["batch_size"], settings["pac"], settings["log_frequency"]) == (500, 10, True)
    assert (settings["generator_dim"], settings["generator_lr"]) == ((256, 256), 2e-4)
    assert model._model._data_sampler._rid_by_cat_cols is None
    drawn = synth.sample(40, seed=2)
    assert (drawn.dtypes == few.dtypes).all()
    path = synth.save(tmp_path / "model.synth")
    with pytest.raises(TrustError):
        load(path)
    pd.testing.assert_frame_equal(load(path, trusted=True).sample(40, seed=2), drawn)
    assert not synth.sample(40, seed=3).equals(drawn)


@pytest.mark.parametrize("name", ["tvae", "copula_gan"])
def test_sdv_s_other_models_work_too(name: str, small: pd.DataFrame) -> None:
    """TVAE and CopulaGAN of SDV's own are fitted and sampled out of seeds."""
    few = small[["age", "site", "smokes"]]
    synth = make(name, part_of(few), epochs=1, as_sdv=True).fit(few)
    pd.testing.assert_frame_equal(synth.sample(30, seed=1), synth.sample(30, seed=1))


def test_network_passes_inputs_on() -> None:
    """By hand: one hidden unit h = max(0, 2x − 1) and an output of 3h + 10x + 0.5."""
    weights = (np.array([[2.0]], dtype=np.float32), np.array([[3.0], [10.0]], dtype=np.float32))
    biases = (np.array([-1.0], dtype=np.float32), np.array([0.5], dtype=np.float32))
    inputs = np.array([[2.0], [0.0]], dtype=np.float32)
    assert Network(weights, biases, passes_inputs_on=True)(inputs).ravel().tolist() == [29.5, 0.5]
