"""Canaries: what one person alone holds is planted in NHANES, and then searched for in all that leaves a fit.

Searched: every member of the saved file, unpacked, as text and, where it is an array, number by number; the
sample; the guard's report; what was printed, logged and warned; the message and traceback of a fit that
fails.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthtab.datasets import Dataset
from synthtab.errors import FitError
from synthtab.schema import ColumnSpec, TableSchema
from synthtab.synthesizers import Synthesizer, load, make
from synthtab.synthesizers.quiet import import_sdv

WORDS = ("CANARYLEVEL", "CANARYCATEGORY", "CANARY-ID-7", "CANARY free text about one person", "canarymix")
NUMBERS = (9_000_000_123.0, -8_000_000_456.0, 7_654_321.0, 4_102_444_800.0)
RARE_DATE = pd.Timestamp("2100-01-01")


@pytest.fixture(scope="module")
def planted(nhanes: Dataset) -> tuple[pd.DataFrame, TableSchema]:
    """NHANES with a canary in a column of every sort, each held by one row of 1,500."""
    frame = nhanes.frame.iloc[:1500].reset_index(drop=True).copy()
    draws = np.random.default_rng(0)
    n = len(frame)
    town = draws.choice(["north", "south", "east"], n).astype(object)
    town[7] = WORDS[0]
    clinic = pd.Series(draws.choice(["a", "b", "c"], n)).astype(
        pd.CategoricalDtype(["a", "b", "c", WORDS[1], "canaryunused"])
    )
    clinic[8] = WORDS[1]
    income = draws.lognormal(10, 1, n)
    income[[7, 8]] = NUMBERS[0], NUMBERS[1]
    visits = draws.integers(0, 12, n)
    visits[9] = int(NUMBERS[2])
    seen = pd.Series(pd.Timestamp("2018-01-01") + pd.to_timedelta(draws.integers(0, 300, n), unit="D"))
    seen[10] = RARE_DATE
    mixed = np.array(["x", "y"] * (n // 2), dtype=object)
    mixed[11], mixed[12] = WORDS[4], NUMBERS[2]
    frame = frame.assign(town=town, clinic=clinic, income=income, visits=visits, seen=seen, mixed=mixed)
    frame["record"] = [f"REAL-{i:04d}" for i in range(n)]
    frame.loc[7, "record"] = WORDS[2]
    frame["note"] = "nothing of note"
    frame.loc[7, "note"] = WORDS[3]
    more = (
        ColumnSpec("town", "categorical"),
        ColumnSpec("clinic", "categorical"),
        ColumnSpec("income", "numeric"),
        ColumnSpec("visits", "integer"),
        ColumnSpec("seen", "datetime"),
        ColumnSpec("mixed", "categorical"),
        ColumnSpec("record", "identifier"),
        ColumnSpec("note", "text"),
    )
    return frame, TableSchema((*nhanes.schema.columns, *more))


def _texts_of(path: Path) -> Iterator[str]:
    """Give all that a saved file holds, as text."""
    yield path.read_bytes().decode("latin-1")
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            yield content.decode("latin-1")
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(content), allow_pickle=False)
                yield " ".join(map(repr, array.ravel().tolist()))
            if name.endswith(".json"):
                yield json.dumps(json.loads(content), ensure_ascii=False)


def _numbers_of(path: Path) -> Iterator[float]:
    """Give every number that a saved file holds, in arrays and in JSON."""

    def walk(item: object) -> Iterator[float]:
        if isinstance(item, dict):
            for value in item.values():
                yield from walk(value)
        elif isinstance(item, list):
            for value in item:
                yield from walk(value)
        elif isinstance(item, int | float):
            yield float(item)

    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                yield from (
                    np.load(io.BytesIO(archive.read(name)), allow_pickle=False).astype(float).ravel().tolist()
                )
            if name.endswith(".json"):
                yield from walk(json.loads(archive.read(name)))


def _assert_absent(text: str) -> None:
    for word in (*WORDS, "canaryunused", "REAL-0", "2100-01-01"):
        assert word.lower() not in text.lower(), word
    for number in NUMBERS:
        for spelled in (repr(number), str(int(number)), f"{number:.6e}"):
            assert spelled not in text, spelled
        for packed in (np.float64(number), np.float32(number), np.int64(number)):
            assert packed.tobytes().decode("latin-1") not in text, number


@pytest.mark.parametrize("name", ["gaussian_copula", "independent"])
def test_no_canary_leaves(
    name: str,
    planted: tuple[pd.DataFrame, TableSchema],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After fit, save, load and sample no canary is anywhere, nor a number beyond the guard's ends."""
    frame, schema = planted
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        synth = make(name, schema).fit(frame)
        path = synth.save(tmp_path / "model")
        sample = load(path).sample(3000, seed=1)
    printed = capfd.readouterr()
    for text in _texts_of(path):
        _assert_absent(text)
    for number in _numbers_of(path):
        assert not np.isclose(number, NUMBERS, rtol=1e-9, atol=0).any()
    _assert_absent(sample.to_csv())
    _assert_absent(" ".join(map(str, sample["clinic"].cat.categories)))
    assert sample["income"].max() < 1e8
    assert sample["seen"].max() < RARE_DATE
    said = [printed.out, printed.err, caplog.text, *(str(item.message) for item in warned)]
    said += [f"{action.column} {action.action}" for action in synth.guard_report]
    for text in said:
        _assert_absent(text)


def test_the_search_finds_what_is_there(planted: tuple[pd.DataFrame, TableSchema], tmp_path: Path) -> None:
    """Without the guard the same search does find canaries: it is able to."""
    frame, schema = planted
    path = make("independent", schema, guard=False).fit(frame).save(tmp_path / "model")
    found = " ".join(_texts_of(path))
    assert WORDS[0] in found
    assert WORDS[1] in found
    assert WORDS[2] not in found
    assert WORDS[3] not in found


def test_saved_models_hold_no_training_row(planted: tuple[pd.DataFrame, TableSchema], tmp_path: Path) -> None:
    """No array of a saved copula is as long as the table; at most 1 in 50 different incomes is a knot."""
    frame, schema = planted
    path = make("gaussian_copula", schema).fit(frame).save(tmp_path / "model")
    with zipfile.ZipFile(path) as archive:
        arrays = [
            np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
            for name in archive.namelist()
            if name.endswith(".npy")
        ]
    assert all(len(frame) not in array.shape for array in arrays)
    knots = set(np.concatenate([array.ravel() for array in arrays]).tolist())
    assert len(knots & set(frame["income"])) <= len(frame) / 50


def test_no_canary_is_in_the_error_of_a_fit_that_fails(
    planted: tuple[pd.DataFrame, TableSchema],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """SDV fails with the canary in its message: neither our error nor its printed traceback holds it."""
    import_sdv()  # first, so that nothing is written to the home folder
    from sdv.single_table import GaussianCopulaSynthesizer as Model

    def fail(self: object, data: dict[str, pd.DataFrame]) -> None:  # noqa: ARG001 - SDV's signature
        message = f"column 'town' has the values {next(iter(data.values()))['town'].unique()} {WORDS}"
        raise ValueError(message)

    monkeypatch.setattr(Model, "fit", fail)
    frame, schema = planted
    synth: Synthesizer = make("gaussian_copula", schema, guard=False, as_sdv=True)
    with pytest.raises(FitError, match="'town'") as caught:
        synth.fit(frame)
    _assert_absent(str(caught.value))
    traceback.print_exception(caught.value, file=sys.stderr)
    _assert_absent(capfd.readouterr().err)
