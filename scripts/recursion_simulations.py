"""The same chains in plain NumPy, many at a time: nothing of synthtab is used here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

__all__ = [
    "FloatArray",
    "distinct_rows",
    "normal_chains",
    "normal_figures",
    "simulate_design",
    "simulate_determinants",
    "simulate_kernel",
    "simulate_levels",
    "simulate_subsample",
]

FloatArray = npt.NDArray[np.float64]
Compose = Callable[[int, list[FloatArray], np.random.Generator], tuple[FloatArray, FloatArray | None]]
"""Rows and weights of T_g from D0 and S_1 … S_{g−1}, each of shape (chains, rows)."""


def normal_figures(mean: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
    """Give what is said of a normal column from its fitted parameters, generations along the second axis."""
    sd = np.sqrt(variance)
    before = np.concatenate([np.zeros_like(mean[:, :1]), mean[:, :-1]], axis=1)
    return {
        "mean": mean,
        "mean2": mean**2,
        "step2": (mean - before) ** 2,
        "variance": variance,
        "sd": sd,
        "distance": mean**2 + (sd - 1) ** 2,
        "log_variance": np.log(variance),
        "below_half": (variance < 0.5).astype(np.float64),
        "crossed_half": (np.minimum.accumulate(variance, axis=1) < 0.5).astype(np.float64),
    }


def normal_chains(
    chains: int,
    generations: int,
    rng: np.random.Generator,
    *,
    n: int,
    ddof: int,
    drawn: int,
    compose: Compose,
) -> dict[str, FloatArray]:
    """Run chains of one normal column; `compose` says what each generation learns."""
    tables = [rng.standard_normal((chains, n))]
    means, variances = [], []
    for g in range(1, generations + 1):
        rows, weights = (tables[0], None) if g == 1 else compose(g, tables, rng)
        w = np.full(rows.shape[1], 1.0) if weights is None else weights
        mean = rows @ w / w.sum()
        variance = (rows - mean[:, None]) ** 2 @ w / (w.sum() - ddof)
        means.append(mean)
        variances.append(variance)
        tables.append(mean[:, None] + np.sqrt(variance)[:, None] * rng.standard_normal((chains, drawn)))
    return normal_figures(np.stack(means, axis=1), np.stack(variances, axis=1))


def simulate_subsample(
    chains: int, generations: int, rng: np.random.Generator, *, n: int
) -> dict[str, FloatArray]:
    """Accumulate, then learn n rows of it."""

    def compose(
        g: int, tables: list[FloatArray], rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray | None]:
        chosen = np.argpartition(rng.random((chains, g * n)), n - 1, axis=1)[:, :n]
        return np.take_along_axis(np.concatenate(tables, axis=1), chosen, axis=1), None

    return normal_chains(chains, generations, rng, n=n, ddof=0, drawn=n, compose=compose)


def simulate_determinants(
    chains: int, generations: int, rng: np.random.Generator, *, n: int, d: int
) -> dict[str, FloatArray]:
    """Replace d correlated normal columns; unbiased."""
    rows = rng.standard_normal((chains, n, d))
    found = []
    for _ in range(generations):
        mean = rows.mean(axis=1, keepdims=True)
        covariance = np.einsum("cni,cnj->cij", rows - mean, rows - mean) / (n - 1)
        found.append(np.linalg.det(covariance))
        root = np.linalg.cholesky(covariance)
        rows = mean + np.einsum("cnj,cij->cni", rng.standard_normal((chains, n, d)), root)
    return {"determinant": np.stack(found, axis=1)}


def simulate_kernel(
    chains: int, generations: int, rng: np.random.Generator, *, n: int, h: float, accumulate: bool
) -> dict[str, FloatArray]:
    """Draw rows of T_g and move them by noise."""
    table = rng.standard_normal((chains, n))
    found = []
    for _ in range(generations):
        found.append((table**2).mean(axis=1))
        centres = np.take_along_axis(table, rng.integers(table.shape[1], size=(chains, n)), axis=1)
        made = centres + h * rng.standard_normal((chains, n))
        table = np.concatenate([table, made], axis=1) if accumulate else made
    return {"second": np.stack(found, axis=1)}


def simulate_design(
    chains: int, generations: int, rng: np.random.Generator, *, rows: int, d: int, accumulate: bool
) -> dict[str, FloatArray]:
    """Least squares on one design; what is estimated is zero."""
    x = rng.standard_normal((chains, rows, d))
    solve = np.linalg.pinv(x)
    total = y = rng.standard_normal((chains, rows))
    found = []
    for g in range(1, generations + 1):
        slopes = np.einsum("cdt,ct->cd", solve, total / g if accumulate else y)
        found.append((slopes**2).sum(axis=1))
        y = np.einsum("ctd,cd->ct", x, slopes) + rng.standard_normal((chains, rows))
        total = total + y
    return {"error": np.stack(found, axis=1)}


def distinct_rows(levels: npt.NDArray[np.int64], size: int) -> FloatArray:
    """Count each level in each table, shape (tables, size)."""
    offset = np.arange(len(levels))[:, None] * size
    return np.bincount((levels + offset).ravel(), minlength=len(levels) * size).reshape(-1, size) * 1.0


def simulate_levels(
    chains: int,
    generations: int,
    rng: np.random.Generator,
    *,
    rows: int,
    start: Callable[[int, np.random.Generator], npt.NDArray[np.int64]],
    keep: int = 0,
    fresh: int = 0,
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Run chains of a row bootstrap: the levels of T_g and of S_g for each generation.

    `keep` is 1 where tables accumulate; `fresh` rows a generation are drawn by `start`, as D0 is.
    """
    table = start(rows, rng)
    found: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    for _ in range(generations):
        made = np.take_along_axis(table, rng.integers(table.shape[1], size=(chains, rows)), axis=1)
        found.append((table, made))
        if keep:
            table = np.concatenate([table, made], axis=1)
        else:
            table = np.concatenate([start(fresh, rng), made[:, : rows - fresh]], axis=1) if fresh else made
    return found


Figures = Mapping[str, FloatArray]
