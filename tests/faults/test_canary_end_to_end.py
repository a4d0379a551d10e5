"""Nothing real leaves: canaries planted in NHANES are looked for in every file that a whole run writes."""

from __future__ import annotations

import io
import logging
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthtab as st
from synthtab.datasets import Dataset
from synthtab.profiling import count_table, make_plan, save_profile

CANARY_TEXT = "Zzyzx-Canary-7731"
CANARY_NUMBER = 73311.377


def planted(nhanes: Dataset) -> tuple[pd.DataFrame, st.TableSchema]:
    """Give NHANES with a free column of towns, one of which is unique, and one impossible weight."""
    rng = np.random.default_rng(0)
    frame = nhanes.frame.iloc[:1500].copy()
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], len(frame))
    frame["cost"] = rng.gamma(2, 50, len(frame)).round(3)
    frame.loc[frame.index[3], "town"] = CANARY_TEXT
    frame.loc[frame.index[5], "cost"] = CANARY_NUMBER
    frame["record"] = [f"REC-{CANARY_TEXT}-{row}" for row in range(len(frame))]
    return frame, st.TableSchema.infer(frame)


def unpacked(path: Path) -> Iterator[bytes]:
    """Give a file's bytes, and those of everything inside it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                inner = archive.read(name)
                yield inner
                if zipfile.is_zipfile(io.BytesIO(inner)):
                    with zipfile.ZipFile(io.BytesIO(inner)) as nested:
                        yield from (nested.read(deep) for deep in nested.namelist())


def forms(number: float) -> list[bytes]:
    """Give the ways in which a number may stand in a file."""
    text = [repr(number), f"{number:.1f}", f"{number:.0f}", f"{number:,.0f}", f"{number:,.1f}"]
    return [part.encode() for part in text] + [
        np.array([number], dtype=kind).tobytes() for kind in ("<f8", "<f4")
    ]


@pytest.mark.parametrize("name", ["gaussian_copula", "independent"])
def test_no_file_of_a_run_holds_a_canary(
    name: str,
    nhanes: Dataset,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Fit, save, sample, audit, report, profile: no file, log, warning or message holds a real outlier."""
    frame, schema = planted(nhanes)
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parts = st.split(frame, schema, holdout=0.3, seed=2)
        # both outliers must be among the training rows, else this test proves nothing
        for column, value in (("town", CANARY_TEXT), ("cost", CANARY_NUMBER)):
            if not (parts.train[column] == value).any():
                parts.train.loc[parts.train.index[0], column] = value
        synth = st.make(name, schema, seed=0).fit(parts.train)
        synth.save(tmp_path / "model.synthtab")
        sample = synth.sample(len(parts.train), seed=1)
        sample.to_csv(tmp_path / "sample.csv", index=False)
        sample.to_parquet(tmp_path / "sample.parquet")
        result = st.audit(
            parts.train,
            sample,
            holdout=parts.holdout,
            schema=schema,
            guard=synth.guard,
            title="canaries",
            synthesizer=name,
        )
        result.to_html(tmp_path / "audit.html")
        (tmp_path / "audit.json").write_text(result.to_json(), encoding="utf-8")
        schema.save(tmp_path / "schema.yaml")
        cast = schema.cast(parts.train)
        save_profile(count_table(cast, make_plan(schema, [cast])), tmp_path / "profile.npz")
    printed = capfd.readouterr()
    said = (
        printed.out + printed.err + caplog.text + "".join(str(item.message) for item in caught) + str(result)
    )
    wanted = [CANARY_TEXT.encode(), *forms(CANARY_NUMBER)]
    found = [
        (path.name, needle)
        for path in sorted(tmp_path.iterdir())
        for content in unpacked(path)
        for needle in wanted
        if needle in content
    ]
    assert found == []
    assert not any(needle in said.encode() for needle in wanted[:6])
    assert sample["cost"].max() < CANARY_NUMBER
    assert not re.search(r"REC-", (tmp_path / "sample.csv").read_text(encoding="utf-8"))


def test_the_search_would_find_a_canary(nhanes: Dataset, tmp_path: Path) -> None:
    """The same search finds both canaries in a file that does hold them: the check can fail."""
    frame, schema = planted(nhanes)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    cast = schema.cast(frame)
    save_profile(count_table(cast, make_plan(schema, [cast])), tmp_path / "internal.npz", internal=True)
    content = list(unpacked(tmp_path / "rows.csv"))
    assert any(CANARY_TEXT.encode() in part for part in content)
    assert any(form in part for form in forms(CANARY_NUMBER) for part in content)
    inside = list(unpacked(tmp_path / "internal.npz"))
    assert any(form in part for form in forms(CANARY_NUMBER) for part in inside)
