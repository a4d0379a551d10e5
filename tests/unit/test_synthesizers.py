"""What every synthesizer does the same way: refusals, seeds, silence, errors without values, the registry."""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
import warnings
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthtab.datasets import Dataset
from synthtab.errors import (
    DataError,
    FitError,
    MissingDependencyError,
    NotFittedError,
    SpecError,
)
from synthtab.schema import CastTable, ColumnSpec, TableSchema
from synthtab.specs import SynthesizerSpec, spec
from synthtab.synthesizers import Guard, Synthesizer, make, registered, registry, synthesizer_class
from synthtab.synthesizers.base import DEBUG_VARIABLE
from synthtab.synthesizers.baselines import IndependentSynthesizer
from synthtab.synthesizers.quiet import import_sdv, silenced
from synthtab.synthesizers.state import ModelState

TABULAR = ("gaussian_copula", "independent")


def _numbers(*names: str) -> TableSchema:
    return TableSchema(tuple(ColumnSpec(name, "numeric") for name in names))


# -------------------------------------------------------------------- tables that cannot be learned


@pytest.mark.parametrize("synthesizer", [*TABULAR, "resampler", "gaussian"])
@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"x": [], "y": []}), "empty"),
        (pd.DataFrame([[1.0, 2.0]] * 30, columns=["x", "x"]), "more than one column named 'x'"),
        (pd.DataFrame([[1.0, 2.0]] * 30, columns=["x", 7]), "not text"),
        (pd.DataFrame({"x": [1.0] * 30}), "no column 'y'"),
        (pd.DataFrame({"x": [1.0] * 30, "y": 1.0, "z": 1.0}), "'z' that the schema lacks"),
        (pd.DataFrame({"x": [1.0] * 30, "y": [np.inf] + [1.0] * 29}), "'y' holds infinite"),
        (
            pd.DataFrame({"x": [1.0] * 30, "y": ["SECRET"] + ["1"] * 29}),
            "'y' holds values that are no numbers",
        ),
    ],
)
def test_unusable_tables_are_refused_by_name(synthesizer: str, frame: pd.DataFrame, words: str) -> None:
    """Each refusal names the column and the rule, never a value."""
    with pytest.raises(DataError, match=words) as caught:
        make(synthesizer, _numbers("x", "y")).fit(frame)
    assert "SECRET" not in str(caught.value)


def test_what_is_no_frame_is_refused() -> None:
    """A list of rows is told what was expected."""
    with pytest.raises(DataError, match="DataFrame"):
        make("independent", _numbers("x")).fit([[1]])  # type: ignore[arg-type] # the mistake under test


@pytest.mark.parametrize("synthesizer", TABULAR)
def test_one_row_needs_the_guard_off(synthesizer: str) -> None:
    """One row is refused by the guard, and without it is a table of constants."""
    frame = pd.DataFrame({"x": [1.5], "y": [np.nan]})
    with pytest.raises(DataError, match="fewer than k"):
        make(synthesizer, _numbers("x", "y")).fit(frame)
    sample = make(synthesizer, _numbers("x", "y"), guard=False).fit(frame).sample(3)
    assert sample["x"].tolist() == [1.5] * 3
    assert sample["y"].isna().all()


@pytest.mark.parametrize("synthesizer", TABULAR)
@pytest.mark.parametrize("rows", [2, 3, 7])
def test_a_handful_of_rows_can_be_learned(synthesizer: str, rows: int) -> None:
    """Two, three and seven rows of numbers, levels and missing values give a sample."""
    schema = TableSchema(
        (ColumnSpec("x", "numeric"), ColumnSpec("y", "categorical"), ColumnSpec("z", "numeric"))
    )
    frame = pd.DataFrame(
        {"x": np.arange(float(rows)), "y": ["a", *["b"] * (rows - 1)], "z": [np.nan, *np.arange(rows - 1.0)]}
    )
    assert len(make(synthesizer, schema, guard=False).fit(frame).sample(20)) == 20


@pytest.mark.parametrize("synthesizer", TABULAR)
def test_ten_thousand_levels_and_one_column_alone(synthesizer: str) -> None:
    """10,000 levels, each held by one row, and a single column work with and without the guard."""
    schema = TableSchema((ColumnSpec("x", "categorical"),))
    frame = pd.DataFrame({"x": [f"level {i}" for i in range(10_000)] + ["often"] * 50})
    assert set(make(synthesizer, schema).fit(frame).sample(500)["x"]) <= {"often", "__other__"}
    assert make(synthesizer, schema, guard=False).fit(frame).sample(500)["x"].nunique() > 400


@pytest.mark.parametrize("n", [-1, 2.5, True])
def test_a_senseless_number_of_rows_is_refused(n: int) -> None:
    """Negative, fractional and truth values are no number of rows; nor are they seeds."""
    synth = make("independent", _numbers("x")).fit(pd.DataFrame({"x": np.arange(50.0)}))
    with pytest.raises(SpecError, match="number of rows"):
        synth.sample(n)
    with pytest.raises(SpecError, match="seed"):
        synth.sample(1, seed=n)
    with pytest.raises(SpecError, match="seed"):
        make("independent", _numbers("x"), seed=n)


@pytest.mark.parametrize("synthesizer", [*TABULAR, "resampler", "gaussian"])
def test_nothing_can_be_asked_before_the_fit(synthesizer: str) -> None:
    """Sample, save and guard before fit say what to do first."""
    synth = make(synthesizer, _numbers("x"))
    for ask in (
        lambda: synth.sample(1),
        lambda: synth.save("never"),
        lambda: synth.guard,
        lambda: synth.guard_report,
    ):
        with pytest.raises(NotFittedError, match="fit"):
            ask()


def test_a_failed_fit_leaves_nothing_fitted() -> None:
    """After a fit that failed, the model of an earlier fit is not sampled."""
    synth = make("independent", _numbers("x")).fit(pd.DataFrame({"x": np.arange(50.0)}))
    with pytest.raises(DataError):
        synth.fit(pd.DataFrame({"x": []}))
    with pytest.raises(NotFittedError):
        synth.sample(1)


# -------------------------------------------------------------------- seeds


@pytest.mark.parametrize("params", [{}, {"as_sdv": True}])
def test_seeds_give_rows_and_other_seeds_give_others(
    small_frame: pd.DataFrame, params: dict[str, bool]
) -> None:
    """Equal seeds, equal rows, whatever was sampled before; other seeds, other rows and masks."""
    schema = TableSchema.infer(small_frame)
    synths = [make("gaussian_copula", schema, seed=4, **params).fit(small_frame) for _ in range(2)]
    synths[1].sample(17, seed=99)
    one, again, other = (
        synths[0].sample(200, seed=1),
        synths[1].sample(200, seed=1),
        synths[0].sample(200, seed=2),
    )
    pd.testing.assert_frame_equal(one, again)
    assert not one["age"].equals(other["age"])
    assert not one["income"].isna().equals(other["income"].isna())
    pd.testing.assert_frame_equal(synths[0].sample(50), synths[1].sample(50))
    assert (
        not synths[0]
        .sample(50)
        .equals(make("gaussian_copula", schema, seed=5, **params).fit(small_frame).sample(50))
    )


def _global_draws() -> list[float]:
    import torch

    return [float(np.random.random()), random.random(), float(torch.rand(1))]  # noqa: NPY002, S311


def _seed_globally(seed: int) -> None:
    import torch

    np.random.seed(seed)  # noqa: NPY002 - the state under test
    random.seed(seed)
    torch.manual_seed(seed)


class _Global(IndependentSynthesizer):
    """Draws from every global state there is, as other libraries do."""

    name = "global"

    def _fit(self, table: CastTable, seed: int) -> None:
        self.drawn = _global_draws()
        super()._fit(table, seed)

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        self.drawn += _global_draws()
        return super()._sample(n_rows, seed)


@pytest.mark.parametrize("kind", [_Global, synthesizer_class("gaussian_copula")])
def test_global_random_state_is_given_back(small_frame: pd.DataFrame, kind: type[Synthesizer]) -> None:
    """Fit, sample and their imports give back the state of NumPy, Python and torch; draws are seeded."""
    schema = TableSchema.infer(small_frame)
    drawn = []
    for seed in (3, 4):
        _seed_globally(seed)
        synth = kind(schema, seed=1).fit(small_frame)
        synth.sample(5, seed=1)
        after = _global_draws()
        _seed_globally(seed)
        assert after == _global_draws()
        drawn.append(getattr(synth, "drawn", []))
    assert drawn[0] == drawn[1]


def test_identifiers_follow_the_seed_of_the_sample() -> None:
    """Two users with other seeds do not hold the same surrogates."""
    schema = TableSchema((ColumnSpec("id", "identifier"), ColumnSpec("x", "numeric")))
    synth = make("independent", schema).fit(pd.DataFrame({"id": range(50), "x": np.arange(50.0)}))
    assert not set(synth.sample(50, seed=1)["id"]) & set(synth.sample(50, seed=2)["id"])


_SCRIPT = """
import hashlib, sys
import pandas as pd
from synthtab.datasets import load_nhanes_adults
from synthtab.synthesizers import make
data = load_nhanes_adults()
for name, params in (("gaussian_copula", {}), ("gaussian_copula", {"as_sdv": True}), ("independent", {})):
    synth = make(name, data.schema, seed=1, **params).fit(data.frame.iloc[:600])
    text = synth.sample(400, seed=2).to_csv()
    sys.stdout.write(hashlib.sha256(text.encode()).hexdigest() + " ")
    if not params:
        path = synth.save(sys.argv[1] + "/" + name)
        sys.stdout.write(hashlib.sha256(path.read_bytes()).hexdigest() + " ")
"""


def _run(script: str, home: Path, hash_seed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "HOME": str(home), "OMP_NUM_THREADS": "2"}
    environment.pop("XDG_DATA_HOME", None)
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


def test_processes_agree_to_the_bit_and_leave_no_trace(tmp_path: Path) -> None:
    """Two processes with other hash seeds: equal samples and saved bytes; nothing said, nothing in HOME."""
    outcomes = []
    for hash_seed in ("1", "2"):
        home, models = tmp_path / f"home {hash_seed}", tmp_path / f"models {hash_seed}"
        home.mkdir()
        models.mkdir()
        done = _run(_SCRIPT, home, hash_seed, str(models))
        assert done.stderr == ""
        assert list(home.rglob("*")) == []
        outcomes.append(done.stdout)
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0].split()) == 5


def test_importing_synthesizers_is_light() -> None:
    """Neither SDV nor torch is imported before a synthesizer needs it; baselines never need it."""
    script = (
        "import sys, pandas as pd, numpy as np\n"
        "from synthtab.synthesizers import make\n"
        "from synthtab.schema import *\n"
        "s = TableSchema((ColumnSpec('x', 'numeric'),))\n"
        "make('independent', s).fit(pd.DataFrame({'x': np.arange(50.)})).sample(3)\n"
        "assert not {'sdv', 'torch', 'sklearn'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# -------------------------------------------------------------------- silence and errors


class _Failing(Synthesizer):
    name = "failing"

    def _fit(self, table: CastTable, seed: int) -> None:  # noqa: ARG002 - it fails
        logging.getLogger("sdv.model").error("SECRET value")
        warnings.warn("SECRET value", stacklevel=1)
        np.random.random()  # noqa: NPY002 - moves the state under guard
        message = "Column 'income' holds SECRET value"
        raise ValueError(message) from KeyError("SECRET inner")

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        raise NotImplementedError

    def _state(self) -> ModelState:
        raise NotImplementedError

    def _restore(self, state: ModelState) -> None:
        raise NotImplementedError


@pytest.mark.filterwarnings("error")
def test_errors_of_libraries_lose_the_values(
    small_frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A library's message gives way to column and kind of error; no chain is left for a traceback."""
    logging.getLogger("sdv.model")
    synth = _Failing(TableSchema.infer(small_frame))
    with pytest.raises(FitError, match=r"ValueError \(column 'income'\)") as caught:
        synth.fit(small_frame)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "SECRET" not in caplog.text
    assert not logging.getLogger("sdv.model").disabled
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    with pytest.raises(FitError) as debugged:
        synth.fit(small_frame)
    assert isinstance(debugged.value.__cause__, ValueError)


def test_silence_ends_with_its_block(recwarn: pytest.WarningsRecorder) -> None:
    """Warnings are heard again after the block."""
    with silenced():
        warnings.warn("unheard", stacklevel=1)
    warnings.warn("heard", stacklevel=1)
    assert [str(item.message) for item in recwarn] == ["heard"]


def test_sdv_that_is_not_installed_is_told_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SDV, gaussian_copula says what to install, and the baselines work."""
    monkeypatch.setitem(sys.modules, "sdv", None)
    monkeypatch.delitem(sys.modules, "sdv.single_table", raising=False)
    frame = pd.DataFrame({"x": np.arange(50.0)})
    with pytest.raises(MissingDependencyError, match=r'pip install "synthtab\[sdv\]"'):
        make("gaussian_copula", _numbers("x")).fit(frame)
    assert len(make("independent", _numbers("x")).fit(frame).sample(5)) == 5


def test_sdv_is_imported_once() -> None:
    """A second import gives the loaded module."""
    assert import_sdv() is import_sdv()


# -------------------------------------------------------------------- names and parameters


def test_all_names_are_registered() -> None:
    """Seven synthesizers are registered, and each class bears its name."""
    expected = ("copula_gan", "ctgan", "gaussian", "gaussian_copula", "independent", "resampler", "tvae")
    assert set(expected) <= set(registered())
    for name in ("gaussian", "gaussian_copula", "independent", "resampler"):
        assert synthesizer_class(name).name == name


def test_unknown_names_and_parameters_are_told_the_nearest() -> None:
    """A slip of the pen is answered with what was meant, a wild name with all there is."""
    schema = _numbers("x")
    with pytest.raises(SpecError, match=r"Did you mean 'gaussian_copula'"):
        make("gaussian-copulla", schema)
    with pytest.raises(SpecError, match=r"Registered: .*ctgan"):
        make("zzz", schema)
    with pytest.raises(
        SpecError, match=r"no parameter 'quantile'.*Did you mean 'quantiles'\? It takes: as_sdv"
    ):
        make("gaussian_copula", schema, quantile=5)
    with pytest.raises(SpecError, match="It takes none"):
        make("resampler", schema, speed=1)
    for name, wrong in (
        ("gaussian_copula", {"quantiles": 1}),
        ("gaussian_copula", {"quantiles": "many"}),
        ("gaussian_copula", {"as_sdv": "yes"}),
        ("independent", {"quantiles": 0}),
        ("gaussian", {"ddof": 2}),
    ):
        with pytest.raises(SpecError):
            make(name, schema, **wrong)


def test_a_guard_that_is_none_is_refused() -> None:
    """A bare number is not taken for a guard that is off."""
    with pytest.raises(SpecError, match=r"Guard\(k=20\)"):
        make("independent", _numbers("x"), guard=20)  # type: ignore[arg-type] # the mistake under test


def test_a_spec_round_trips_through_a_synthesizer() -> None:
    """The spec of a synthesizer holds what differs from the defaults, and makes an equal one."""
    synth = make(spec("gaussian_copula", quantiles=50), _numbers("x"), as_sdv=False)
    assert synth.spec == SynthesizerSpec("gaussian_copula", {"quantiles": 50})
    assert make(synth.spec, _numbers("x")).spec == synth.spec
    assert json.loads(synth.spec.to_json())["params"] == {"quantiles": 50}


def test_other_packages_register_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point adds a name; it cannot take over one of ours; what is no synthesizer is refused."""
    points = [
        EntryPoint("mine", f"{__name__}:_Failing", registry.ENTRY_POINTS),
        EntryPoint("independent", "nowhere:Nothing", registry.ENTRY_POINTS),
        EntryPoint("odd", "json:dumps", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(
        registry, "entry_points", lambda group: points if group == registry.ENTRY_POINTS else []
    )
    assert "mine" in registered()
    assert synthesizer_class("independent").name == "independent"
    assert synthesizer_class("mine").name == "failing"
    with pytest.raises(SpecError, match="no synthtab Synthesizer"):
        synthesizer_class("odd")


def test_the_guard_decides_what_may_be_released(nhanes: Dataset) -> None:
    """Guarded models are releasable; unguarded ones and instruments are not."""
    schema = nhanes.schema
    assert make("gaussian_copula", schema).releasable
    assert make("gaussian_copula", schema, guard=Guard(20)).releasable
    assert not make("gaussian_copula", schema, guard=False).releasable
    assert not make("resampler", schema).releasable
    assert not make("gaussian", schema).releasable


def test_a_weight_column_is_learned_like_a_number() -> None:
    """Weights are learned and keep their mean; the unit column becomes surrogates."""
    draws = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draws.normal(size=500), "w": draws.gamma(2, 100, 500), "id": range(500)})
    columns = (ColumnSpec("x", "numeric"), ColumnSpec("w", "numeric"), ColumnSpec("id", "integer"))
    schema = TableSchema(columns, unit="id", weight="w")
    sample = make("independent", schema).fit(frame).sample(2000, seed=1)
    assert abs(sample["w"].mean() / frame["w"].mean() - 1) < 0.1
    assert sample["id"].is_unique
