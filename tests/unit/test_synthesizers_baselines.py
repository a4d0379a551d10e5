"""Baselines: independent columns, a row bootstrap, a multivariate normal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthtab.datasets import Dataset
from synthtab.errors import DataError, FitError, SavedModelError
from synthtab.schema import ColumnSpec, TableSchema
from synthtab.synthesizers import load, make


def test_independent_keeps_marginals_and_loses_dependence(nhanes: Dataset) -> None:
    """Frequencies, quantiles and missing rates stay; the correlation of weight and waist (.9) goes."""
    sample = make("independent", nhanes.schema).fit(nhanes.frame).sample(20_000, seed=1)
    real = nhanes.frame
    for name in ("cancer_type", "ethnicity", "education"):
        shares = real[name].value_counts(normalize=True)
        assert sample[name].value_counts(normalize=True).sub(shares, fill_value=0).abs().max() < 0.01
    for name in ("age", "blood_lead", "sleep_hours"):
        assert stats.ks_2samp(real[name].dropna(), sample[name].dropna()).statistic < 0.02
        assert abs(real[name].isna().mean() - sample[name].isna().mean()) < 0.01
    assert abs(sample["weight_kg"].corr(sample["waist_cm"])) < 0.03


def test_resampler_gives_whole_real_rows() -> None:
    """Every sampled row is a training row, identifiers and dtypes included; about 63 % of them occur."""
    frame = pd.DataFrame({"id": [f"P{i}" for i in range(500)], "x": pd.array(range(500), dtype="Int64")})
    schema = TableSchema((ColumnSpec("id", "identifier"), ColumnSpec("x", "integer")))
    synth = make("resampler", schema).fit(frame)
    sample = synth.sample(500, seed=1)
    assert (sample.dtypes == frame.dtypes).all()
    assert sample.merge(frame, on=["id", "x"]).shape[0] == 500
    assert 0.58 < sample["id"].nunique() / 500 < 0.68
    assert synth.guard_report == ()
    pd.testing.assert_frame_equal(sample, synth.sample(500, seed=1))


def test_resampler_copies_what_it_is_given() -> None:
    """A table that is changed after the fit does not change the samples."""
    frame = pd.DataFrame({"x": [1.0] * 30})
    synth = make("resampler", TableSchema((ColumnSpec("x", "numeric"),))).fit(frame)
    frame["x"] = 9.0
    assert set(synth.sample(10)["x"]) == {1.0}


def test_resampler_is_not_saved(tmp_path: Path) -> None:
    """Saving would write the training rows: refused, and no file is left."""
    schema = TableSchema((ColumnSpec("id", "identifier"),))
    synth = make("resampler", schema).fit(pd.DataFrame({"id": ["SECRET"] * 30}))
    with pytest.raises(SavedModelError, match="training rows"):
        synth.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def _normal_table(n: int = 300) -> tuple[pd.DataFrame, TableSchema]:
    draws = np.random.default_rng(0)
    rows = draws.multivariate_normal([1, -2, 3], [[2, 1, 0], [1, 3, 0.5], [0, 0.5, 1]], n)
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    return frame, TableSchema(tuple(ColumnSpec(name, "numeric") for name in frame))


@pytest.mark.parametrize("ddof", [0, 1])
def test_gaussian_has_the_exact_moments(ddof: int) -> None:
    """Mean and covariance are the table's, divided by n − ddof."""
    frame, schema = _normal_table()
    synth = make("gaussian", schema, ddof=ddof).fit(frame)
    np.testing.assert_allclose(synth.mean, frame.mean(), rtol=1e-12)  # type: ignore[attr-defined] # its own
    np.testing.assert_allclose(synth.covariance, np.cov(frame.T, ddof=ddof), rtol=1e-12)  # type: ignore[attr-defined]


def test_gaussian_samples_are_normal_with_those_moments() -> None:
    """Whitened by the fitted moments, 200,000 rows have mean 0, covariance 1 and pass KS tests."""
    frame, schema = _normal_table()
    synth = make("gaussian", schema, seed=3).fit(frame)
    rows = synth.sample(200_000, seed=1).to_numpy()
    root = np.linalg.cholesky(synth.covariance)  # type: ignore[attr-defined] # its own
    white = np.linalg.solve(root, (rows - synth.mean).T)  # type: ignore[attr-defined] # its own
    np.testing.assert_allclose(white.mean(axis=1), 0, atol=0.012)
    np.testing.assert_allclose(np.cov(white), np.eye(3), atol=0.015)
    for direction in white:
        assert stats.kstest(direction, "norm").pvalue > 1e-3


def test_gaussian_rounds_clips_and_guards_nothing(tmp_path: Path) -> None:
    """Whole numbers within bounds come out as floats beyond them; collinear and constant columns stay so."""
    draws = np.random.default_rng(1)
    a = draws.integers(0, 3, 200)
    frame = pd.DataFrame({"a": a, "twice": 2.0 * a, "five": 5.0})
    schema = TableSchema(
        (
            ColumnSpec("a", "integer", lower=0, upper=2),
            ColumnSpec("twice", "numeric"),
            ColumnSpec("five", "numeric"),
        )
    )
    synth = make("gaussian", schema).fit(frame)
    sample = synth.sample(5000, seed=1)
    assert sample["a"].dtype == "float64"
    assert sample["a"].min() < 0
    assert sample["a"].max() > 2
    np.testing.assert_allclose(sample["twice"], 2 * sample["a"], atol=1e-6)
    np.testing.assert_allclose(sample["five"], 5.0, atol=1e-6)
    pd.testing.assert_frame_equal(
        load(synth.save(tmp_path / "m")).sample(50, seed=1), synth.sample(50, seed=1)
    )


def test_gaussian_refuses_what_has_no_covariance() -> None:
    """Levels, missing values and a single row are refused, by column."""
    with pytest.raises(DataError, match="'x' holds levels"):
        make("gaussian", TableSchema((ColumnSpec("x", "categorical"),))).fit(pd.DataFrame({"x": ["a", "b"]}))
    schema = TableSchema((ColumnSpec("x", "numeric"),))
    with pytest.raises(DataError, match="'x' holds missing"):
        make("gaussian", schema).fit(pd.DataFrame({"x": [1.0, np.nan]}))
    with pytest.raises(FitError, match="one row"):
        make("gaussian", schema).fit(pd.DataFrame({"x": [1.0]}))
    assert make("gaussian", schema, ddof=0).fit(pd.DataFrame({"x": [1.0]})).sample(2)["x"].tolist() == [
        1.0,
        1.0,
    ]
