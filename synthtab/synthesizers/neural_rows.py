"""Batches of training rows, which live as long as a fit does.

ctgan draws the rows of a CTGAN batch by one call of ``np.random.choice`` a row, and torch's ``DataLoader``
collates TVAE's batches row by row; here both take a few array operations a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Batches", "ConditionalRows"]

FloatArray = npt.NDArray[np.float64]
MatrixArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class ConditionalRows:
    """CTGAN's training by sampling: ask for a level of a column, and show real rows that hold it.

    It lives as long as the fit does.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n_rows, width)
        The training rows.
    spans : sequence of tuple of int
        First and last-plus-one matrix column of each choice that may be asked for.
    log_frequency : bool
        Whether levels are asked for by the logarithm of their frequency.
    """

    def __init__(self, matrix: MatrixArray, spans: Sequence[tuple[int, int]], *, log_frequency: bool) -> None:
        self._widths = np.array([stop - start for start, stop in spans], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(self._widths)]).astype(np.int64)
        widest = int(self._widths.max(initial=0))
        n_spans = len(spans)
        self._upto = np.ones((n_spans, widest))
        self._first = np.zeros((n_spans, widest + 1), dtype=np.int64)
        self._rows = np.zeros((n_spans, len(matrix)), dtype=np.int64)
        for position, (start, stop) in enumerate(spans):
            codes = matrix[:, start:stop].argmax(axis=1)
            counts = np.bincount(codes, minlength=stop - start)
            weights = np.log1p(counts) if log_frequency else counts.astype(np.float64)
            self._upto[position, : stop - start - 1] = (np.cumsum(weights) / weights.sum())[:-1]
            self._first[position, 1 : stop - start + 1] = np.cumsum(counts)
            self._rows[position] = np.argsort(codes, kind="stable")

    def probabilities(self, position: int) -> FloatArray:
        """Give how often each level of one column is asked for, once the column is.

        Parameters
        ----------
        position : int
            Number of the choice.

        Returns
        -------
        ndarray of float, shape (n_levels,)
            Probabilities.
        """
        return np.diff(self._upto[position, : self._widths[position]], prepend=0.0)

    def dim_cond_vec(self) -> int:
        """Give the number of levels of all columns together.

        Returns
        -------
        int
            Width of the condition.
        """
        return int(self._starts[-1])

    def sample_condvec(self, batch: int) -> tuple[MatrixArray, MatrixArray, IntArray, IntArray] | None:
        """Ask for a level of a column, once for each row of a batch.

        Parameters
        ----------
        batch : int
            Rows.

        Returns
        -------
        tuple of ndarray or None
            One-hot levels, one-hot columns, columns and levels; None when there is nothing to ask for.
        """
        n_spans = len(self._widths)
        if not n_spans:
            return None
        column = np.random.randint(n_spans, size=batch)  # noqa: NPY002 - the state that the fit has seeded
        level = (self._upto[column] > np.random.random(batch)[:, None]).argmax(axis=1)  # noqa: NPY002 - the same
        every_row = np.arange(batch)
        asked = np.zeros((batch, self.dim_cond_vec()), dtype=np.float32)
        asked[every_row, self._starts[column] + level] = 1.0
        mask = np.zeros((batch, n_spans), dtype=np.float32)
        mask[every_row, column] = 1.0
        return asked, mask, column, level

    def sample_data(
        self, data: MatrixArray, n: int, column: IntArray | None, level: IntArray | None
    ) -> MatrixArray:
        """Draw rows that hold the levels asked for.

        Parameters
        ----------
        data : ndarray of float32, shape (n_rows, width)
            The training rows.
        n : int
            How many.
        column, level : ndarray of int, shape (n,), or None
            What is asked for.

        Returns
        -------
        ndarray of float32, shape (n, width)
            Rows, drawn with replacement.
        """
        if column is None or level is None:
            return data[np.random.randint(len(data), size=n)]  # noqa: NPY002 - the state that the fit has seeded
        first, last = self._first[column, level], self._first[column, level + 1]
        place = first + np.floor(np.random.random(n) * (last - first)).astype(np.int64)  # noqa: NPY002 - the same
        return data[self._rows[column, place]]


class Batches:
    """Shuffled batches of a tensor, each by one indexing operation; stands for torch's ``DataLoader``.

    Parameters
    ----------
    dataset : torch.utils.data.TensorDataset
        One tensor of rows.
    batch_size : int
        Rows of a batch.
    **_others : object
        What else ``DataLoader`` is told; the loop wants it shuffled and complete.
    """

    def __init__(self, dataset: Any, batch_size: int, **_others: object) -> None:  # noqa: ANN401 - torch has no types here
        self._rows = dataset.tensors[0]
        self._batch_size = batch_size

    def __iter__(self) -> Iterator[list[Any]]:
        """Walk over all rows once, in a new random order."""
        import torch

        for rows in torch.randperm(len(self._rows)).split(self._batch_size):
            yield [self._rows[rows]]
