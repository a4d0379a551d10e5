"""Saved models: the same samples after a load, no code run, damage found, equal bytes for equal models."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from synthtab.errors import SavedModelError, TrustError
from synthtab.schema import TableSchema
from synthtab.synthesizers import Synthesizer, load, make, persistence

NAMES = ("gaussian_copula", "independent")


@pytest.fixture
def saved(small_frame: pd.DataFrame, tmp_path: Path) -> Path:
    synth = make("gaussian_copula", TableSchema.infer(small_frame), seed=3).fit(small_frame)
    return synth.save(tmp_path / "model.synthtab")


def _fit(name: str, frame: pd.DataFrame, **params: bool) -> Synthesizer:
    return make(name, TableSchema.infer(frame), seed=3, **params).fit(frame)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_the_same_after_a_load(name: str, small_frame: pd.DataFrame, tmp_path: Path) -> None:
    """Rows, dtypes, spec, schema, seed and guard report survive."""
    synth = _fit(name, small_frame)
    again = load(synth.save(tmp_path / "deep" / "folder" / "model"))
    pd.testing.assert_frame_equal(again.sample(300, seed=9), synth.sample(300, seed=9), check_exact=True)
    pd.testing.assert_frame_equal(again.sample(30), synth.sample(30), check_exact=True)
    assert (again.spec, again.schema, again.seed) == (synth.spec, synth.schema, synth.seed)
    assert again.guard == synth.guard
    assert again.releasable
    assert again.fitted == synth.fitted


def test_the_same_model_has_the_same_bytes(small_frame: pd.DataFrame, tmp_path: Path) -> None:
    """Two fits, and a load saved again, write byte for byte the same file."""
    paths = [_fit("gaussian_copula", small_frame).save(tmp_path / str(i)) for i in range(2)]
    paths.append(load(paths[0]).save(tmp_path / "again"))
    assert len({path.read_bytes() for path in paths}) == 1
    with zipfile.ZipFile(paths[0]) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_loaded_copula_is_sampled_without_sdv(saved: Path) -> None:
    """The sampler is ours: loading and sampling import neither SDV nor torch."""
    script = (
        "import sys\nfrom synthtab.synthesizers import load\n"
        f"print(len(load({str(saved)!r}).sample(10)))\n"
        "assert not {'sdv', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "10"


def test_a_guard_that_was_off_is_off_after_a_load(small_frame: pd.DataFrame, tmp_path: Path) -> None:
    """An unguarded model does not become releasable by being saved."""
    synth = make("independent", TableSchema.infer(small_frame), guard=False).fit(small_frame)
    assert not load(synth.save(tmp_path / "m")).releasable


# -------------------------------------------------------------------- trust


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo boom > " + _Bomb.target,)

    target = ""


def test_sdvs_own_models_need_trust(small_frame: pd.DataFrame, tmp_path: Path) -> None:
    """A pickle inside is refused unless trusted; trusted, it samples the same rows."""
    synth = _fit("gaussian_copula", small_frame, as_sdv=True)
    path = synth.save(tmp_path / "m")
    with pytest.raises(TrustError, match="trusted=True"):
        load(path)
    pd.testing.assert_frame_equal(load(path, trusted=True).sample(40, seed=1), synth.sample(40, seed=1))


def test_no_code_runs_before_trust_is_given(saved: Path, tmp_path: Path) -> None:
    """A bomb planted as the pickle, or as an array, with a checksum that fits, does not go off."""
    _Bomb.target = str(tmp_path / "boom")
    members = _members(saved)
    for name in ("model.pickle", "arrays/0.npy"):
        _rewrite(saved, {**members, name: pickle.dumps(_Bomb())}, with_checksum=True)
        with pytest.raises((TrustError, SavedModelError)):
            load(saved)
    array = io.BytesIO()
    np.save(array, np.array([_Bomb()], dtype=object), allow_pickle=True)
    _rewrite(saved, {**members, "arrays/0.npy": array.getvalue()}, with_checksum=True)
    with pytest.raises(SavedModelError):
        load(saved)
    assert not (tmp_path / "boom").exists()


# -------------------------------------------------------------------- damage


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _rewrite(path: Path, members: dict[str, bytes], *, with_checksum: bool = False) -> None:
    if with_checksum:
        members = {**members, "checksum": persistence._digest(members).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_an_edited_part_is_found(saved: Path) -> None:
    """Any change to any part, a part added or a part taken away, is told as damage."""
    members = _members(saved)
    facts = json.loads(members["model.json"])
    edited = {**members, "model.json": json.dumps({**facts, "n_rows": 10**6}).encode()}
    shorter = {name: content for name, content in members.items() if name != "arrays/1.npy"}
    for damaged in (
        edited,
        shorter,
        {**members, "arrays/99.npy": b"more"},
        {**members, "checksum": b"0" * 64},
    ):
        _rewrite(saved, damaged)
        with pytest.raises(SavedModelError, match="edited"):
            load(saved)


@given(some.floats(0.0, 0.999))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_file_is_found(saved: Path, share: float) -> None:
    """Cut off anywhere, the file is told to be torn."""
    whole = saved.read_bytes()
    torn = saved.with_suffix(".torn")
    torn.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SavedModelError):
        load(torn)


@given(some.floats(0.0, 0.9999), some.integers(1, 255))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_is_found_or_changes_nothing(saved: Path, share: float, flip: int) -> None:
    """One byte changed anywhere: told as damage, or (in the archive's own margins) the same samples."""
    whole = bytearray(saved.read_bytes())
    whole[int(share * len(whole))] ^= flip
    flipped = saved.with_suffix(".flipped")
    flipped.write_bytes(bytes(whole))
    try:
        sample = load(flipped).sample(20, seed=1)
    except SavedModelError:
        return
    pd.testing.assert_frame_equal(sample, load(saved).sample(20, seed=1))


def test_files_of_others_are_told_apart(saved: Path, tmp_path: Path) -> None:
    """No file, a text file, another zip, another format version, an unknown synthesizer: each is told."""
    with pytest.raises(SavedModelError, match="cannot be read"):
        load(tmp_path / "nothing")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(SavedModelError, match="archive"):
        load(tmp_path / "text")
    members = _members(saved)
    facts = json.loads(members["model.json"])
    for change, words in (
        ({"kind": "other"}, "no saved synthtab model"),
        ({"format_version": 99}, "format 99"),
        ({"spec": {"name": "nobody", "params": {}}}, "cannot be made here"),
        ({"layouts": [{"name": "age"}]}, "layout"),
        ({"constants": {"age": [1]}}, "constant"),
        ({"model": {"columns": "none"}}, "no list"),
        ({"guard": {"k": 10}}, "guard"),
        ({"schema": {"columns": [{"name": "age"}]}}, "cannot be read"),
    ):
        _rewrite(
            saved, {**members, "model.json": json.dumps({**facts, **change}).encode()}, with_checksum=True
        )
        with pytest.raises(SavedModelError, match=words):
            load(saved)
    _rewrite(saved, {"readme": b"a zip of something else"})
    with pytest.raises(SavedModelError, match="no saved synthtab model"):
        load(saved)


def test_a_part_that_occurs_twice_is_refused(saved: Path) -> None:
    """Two members of one name could be read as either."""
    with zipfile.ZipFile(saved, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("model.json", b"{}")
    with pytest.raises(SavedModelError, match="twice"):
        load(saved)


def test_a_failed_write_leaves_the_old_file(
    saved: Path, small_frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails before the rename leaves the old model whole and no litter."""
    before = saved.read_bytes()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(persistence.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        _fit("independent", small_frame).save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
