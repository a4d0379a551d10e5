"""A table as the matrix that a neural network learns: scores of numbers, one-hot levels, what is missing.

Each column becomes *spans* of neighbouring matrix columns:

* A number: one scalar in (-1, 1), a quarter of its normal score; or, for ctgan's mixture, the distance from
  the centre of one component, beside a one-hot span that names the component.
* A label: one-hot levels; "missing" is a level like any other.
* Missing numbers: one one-hot span (present, missing) for each *pattern*. Columns that are missing in just
  the same rows (one blood sample, two results) share a pattern, so they stay missing together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.errors import FitError
from synthtab.schema import CastTable, LabelColumn
from synthtab.seeding import generator
from synthtab.synthesizers.normal_scores import NormalScores

__all__ = [
    "EncodedTable",
    "Encoding",
    "LabelBlock",
    "MissingBlock",
    "NumberBlock",
    "Span",
    "encode",
    "filled_scores",
]

FloatArray = npt.NDArray[np.float64]
MatrixArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

SCALE = 4.0
"""Standard deviations that reach from the middle to the edge of the scalar's range, as in ctgan."""

_WIDEST = 5_000
_MOST_CELLS = 250_000_000
_STEADYING_ROWS = 30


@dataclass(frozen=True)
class NumberBlock:
    """One column of numbers.

    Parameters
    ----------
    name : str
        Column.
    quantile : NormalScores
        Its quantile function among the present rows.
    centres, spreads : ndarray of float, shape (n_components,)
        Components of the mixture; empty when the scalar is a normal score.
    pattern : int, default -1
        Number of the pattern of missing values that it follows; -1 is never missing.
    """

    name: str
    quantile: NormalScores
    centres: FloatArray
    spreads: FloatArray
    pattern: int = -1


@dataclass(frozen=True)
class LabelBlock:
    """One column of levels.

    Parameters
    ----------
    name : str
        Column.
    levels : tuple of str
        Levels.
    shares : ndarray of float, shape (n_levels,) or (n_levels + 1,)
        Share of the rows that hold each level; one more entry where some are missing.
    """

    name: str
    levels: tuple[str, ...]
    shares: FloatArray


@dataclass(frozen=True)
class MissingBlock:
    """One pattern of missing numbers.

    Parameters
    ----------
    shares : ndarray of float, shape (2,)
        Share of the rows in which its columns are present, and missing.
    """

    shares: FloatArray


@dataclass(frozen=True)
class Span:
    """Neighbouring columns of the matrix.

    Parameters
    ----------
    block : NumberBlock or LabelBlock or MissingBlock
        What they encode.
    start, stop : int
        First column, and the column after the last.
    is_scalar : bool
        Whether it is one number in (-1, 1) and not a one-hot choice.
    """

    block: NumberBlock | LabelBlock | MissingBlock
    start: int
    stop: int
    is_scalar: bool

    @property
    def width(self) -> int:
        """Number of matrix columns."""
        return self.stop - self.start

    @property
    def is_level(self) -> bool:
        """Whether it is the one-hot choice of a whole column or pattern: CTGAN is conditioned on these."""
        return not isinstance(self.block, NumberBlock)


@dataclass(frozen=True)
class Encoding:
    """How a table is laid out as a matrix.

    Parameters
    ----------
    blocks : tuple of NumberBlock, LabelBlock or MissingBlock
        Columns in the table's order, then the patterns of missing numbers in theirs.
    """

    blocks: tuple[NumberBlock | LabelBlock | MissingBlock, ...]

    def spans(self) -> Iterator[Span]:
        """Walk over the spans, in matrix order.

        Yields
        ------
        Span
            Each span.
        """
        at = 0
        for block in self.blocks:
            if isinstance(block, NumberBlock):
                yield Span(block, at, at + 1, is_scalar=True)
                at += 1
                if len(block.centres):
                    yield Span(block, at, at + len(block.centres), is_scalar=False)
                    at += len(block.centres)
            else:
                yield Span(block, at, at + len(block.shares), is_scalar=False)
                at += len(block.shares)

    @property
    def numbers(self) -> tuple[NumberBlock, ...]:
        """The columns of numbers."""
        return tuple(block for block in self.blocks if isinstance(block, NumberBlock))

    @property
    def width(self) -> int:
        """Number of matrix columns."""
        return sum(span.width for span in self.spans())


@dataclass(frozen=True)
class EncodedTable:
    """A table as a matrix; it holds the training rows and is never saved.

    Parameters
    ----------
    encoding : Encoding
        The layout.
    matrix : ndarray of float32, shape (n_rows, width)
        The rows.
    """

    encoding: Encoding
    matrix: MatrixArray


def encode(
    table: CastTable, people: IntArray, seed: int, *, normal_scores: bool = True, k: int = 10
) -> EncodedTable:
    """Lay a table out as a matrix.

    Parameters
    ----------
    table : CastTable
        The rows to be learned.
    people : ndarray of int, shape (n_rows,)
        Number of the person of each row.
    seed : int
        Breaks ties of normal scores and fills in missing numbers.
    normal_scores : bool, default True
        Whether numbers are normal scores rather than ctgan's mixture of Gaussians.
    k : int, default 10
        Fewest people who make a repeated value a heap of the quantile function.

    Returns
    -------
    EncodedTable
        Layout and matrix.
    """
    blocks: list[NumberBlock | LabelBlock | MissingBlock] = []
    parts: list[npt.NDArray[np.floating]] = []
    patterns: dict[bytes, int] = {}
    missing: list[BoolArray] = []
    scores: list[FloatArray] = []
    places: list[int] = []
    for name, column in table.columns.items():
        gone = column.is_missing
        if isinstance(column, LabelColumn):
            codes = np.where(gone, len(column.levels), column.codes)
            shares = np.bincount(codes, minlength=len(column.levels) + int(gone.any())) / table.n_rows
            blocks.append(LabelBlock(name, column.levels, shares))
            parts.append(_one_hot(codes, len(shares)))
            continue
        pattern = -1
        if gone.any():
            pattern = patterns.setdefault(np.packbits(gone).tobytes(), len(patterns))
            if pattern == len(missing):
                missing.append(gone)
        draws = generator(seed, "encode", name)
        quantile = NormalScores.fit(column.values, people, k=k)
        if normal_scores:
            block = NumberBlock(name, quantile, np.zeros(0), np.zeros(0), pattern)
            scores.append(NormalScores.scores(column.values, draws))
            places.append(len(parts))
            parts.append(scores[-1][:, None])
        else:
            block, coded = _mixture(name, quantile, column.values, draws, pattern)
            parts.append(coded)
        blocks.append(block)
    if scores:
        filled = filled_scores(np.column_stack(scores), generator(seed, "fill")) / SCALE
        for position, place in enumerate(places):
            parts[place] = filled[:, [position]]
    for gone in missing:
        share = float(gone.mean())
        blocks.append(MissingBlock(np.array([1.0 - share, share])))
        parts.append(_one_hot(gone.astype(np.int64), 2))
    return EncodedTable(Encoding(tuple(blocks)), np.concatenate(parts, axis=1, dtype=np.float32))


def filled_scores(scores: FloatArray, draws: np.random.Generator) -> FloatArray:
    """Fill missing normal scores by draws from a Gaussian copula, given the row's other scores.

    What is filled in is never sampled, but a network learns from it: filled with a constant or plain noise, a
    column that is mostly missing seems to have little to do with the others.

    Parameters
    ----------
    scores : ndarray of float, shape (n_rows, n_numbers)
        Normal scores; NaN is missing.
    draws : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float, shape (n_rows, n_numbers)
        The same scores, none missing.
    """
    here = ~np.isnan(scores)
    known = np.where(here, scores, 0.0)
    pairs = here.T.astype(np.float64) @ here
    # a few rows more of no correlation steady the pairs that are seldom seen together
    correlation = known.T @ known / (pairs + _STEADYING_ROWS)
    np.fill_diagonal(correlation, 1.0)
    eigenvalues, directions = np.linalg.eigh(correlation)
    correlation = (directions * np.maximum(eigenvalues, 1e-3)) @ directions.T
    filled = known
    masks, which = np.unique(here, axis=0, return_inverse=True)
    for position, seen in enumerate(masks):
        if seen.all():
            continue
        rows = np.flatnonzero(which.reshape(-1) == position)
        lacking = ~seen
        among, across = correlation[np.ix_(seen, seen)], correlation[np.ix_(lacking, seen)]
        slopes = np.linalg.solve(among, across.T).T
        rest = correlation[np.ix_(lacking, lacking)] - slopes @ across.T
        noise = draws.standard_normal((len(rows), int(lacking.sum()))) @ np.linalg.cholesky(rest).T
        filled[np.ix_(rows, lacking)] = known[np.ix_(rows, seen)] @ slopes.T + noise
    return filled


def _mixture(
    name: str, quantile: NormalScores, values: FloatArray, draws: np.random.Generator, pattern: int
) -> tuple[NumberBlock, FloatArray]:
    """Encode numbers as SDV does: the component of a Gaussian mixture, and the distance from its centre."""
    import pandas as pd
    from rdt.transformers import ClusterBasedNormalizer

    here = ~np.isnan(values)
    filled = values.copy()
    filled[~here] = draws.choice(values[here], int((~here).sum()))
    frame = pd.DataFrame({"number": filled})
    normalizer = ClusterBasedNormalizer(max_clusters=min(10, len(filled)), weight_threshold=0.005)
    normalizer.fit(frame, "number")
    coded = normalizer.transform(frame)
    valid = np.asarray(normalizer.valid_component_indicator, dtype=bool)
    mixture = normalizer._bgm_transformer  # noqa: SLF001 - it has no public name
    centres = np.asarray(mixture.means_, dtype=np.float64).reshape(-1)[valid]
    spreads = np.sqrt(np.asarray(mixture.covariances_, dtype=np.float64).reshape(-1)[valid])
    component = coded["number.component"].to_numpy().astype(np.int64)
    scalar = coded["number.normalized"].to_numpy(dtype=np.float64)
    block = NumberBlock(name, quantile, centres, spreads, pattern)
    return block, np.column_stack([scalar, _one_hot(component, len(centres))])


def _one_hot(codes: IntArray, width: int) -> MatrixArray:
    out = np.zeros((len(codes), width), dtype=np.float32)
    out[np.arange(len(codes)), codes] = 1.0
    return out


def refuse_too_wide(table: CastTable) -> None:
    """Refuse a table whose matrix would not fit a neural network.

    Parameters
    ----------
    table : CastTable
        The rows to be learned.

    Raises
    ------
    FitError
        When a column has too many levels.
    """
    levels = {
        name: len(column.levels) for name, column in table.columns.items() if isinstance(column, LabelColumn)
    }
    width = sum(levels.values()) + len(table.columns)
    if levels and (width > _WIDEST or width * table.n_rows > _MOST_CELLS):
        widest = max(levels, key=lambda name: levels[name])
        raise FitError(
            f"Column {widest!r} has too many levels for a neural synthesizer: all levels together may be at "
            f"most {_WIDEST}, and levels times rows at most {_MOST_CELLS:,}.",
            hint="Group its levels, call it an identifier, or use gaussian_copula.",
        )
