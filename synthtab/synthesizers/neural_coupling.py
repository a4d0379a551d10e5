"""What an autoencoder's latent points leave unexplained, and how it hangs together: noise drawn jointly.

A variational autoencoder decodes every column on its own once the latent point is given. After a training of
usual length the points do not carry all that columns have in common, and independent draws break it: 4.7 %
of NHANES rows had an age at diagnosis of diabetes without the diagnosis. The training rows, decoded from
their
own latent points, show what is left over. A Gaussian copula of these residuals, one dimension a span, makes
the
draws of a row depend on one another as the residuals do, and leaves each column's own distribution as it is:
2.2 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.synthesizers.neural_encoding import EncodedTable, MissingBlock, NumberBlock, Span

__all__ = ["Coupling", "choose_at", "couple", "odds"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_STEADYING_ROWS = 30.0
_STEADYING_LEVELS = 10.0
_WIDEST_DIRECTION = 2_000
_LARGEST_SCORE = 6.0
_LEAST_SPREAD = 0.05
_LEAST_EIGENVALUE = 1e-3


@dataclass(frozen=True)
class Coupling:
    """How the draws of a row depend on one another.

    Parameters
    ----------
    factor : ndarray of float, shape (n_spans, n_spans)
        Cholesky factor of the correlation of the spans' residuals.
    orders : tuple of ndarray of int, each of shape (width,)
        In which order the levels of each choice lie on the line of its residuals; one entry a choice.
    """

    factor: FloatArray
    orders: tuple[IntArray, ...]

    def draw(self, n_rows: int, draws: np.random.Generator) -> FloatArray:
        """Draw standard normal noise for every span.

        Parameters
        ----------
        n_rows : int
            How many rows.
        draws : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of float, shape (n_rows, n_spans)
            The noise.
        """
        return draws.standard_normal((n_rows, len(self.factor))) @ self.factor.T


def odds(logits: FloatArray) -> FloatArray:
    """Turn log odds into probabilities.

    Parameters
    ----------
    logits : ndarray of float, shape (n_rows, n_levels)
        Log odds.

    Returns
    -------
    ndarray of float, shape (n_rows, n_levels)
        Probabilities; each row sums to 1.
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def choose_at(probabilities: FloatArray, order: IntArray, places: FloatArray) -> IntArray:
    """Choose the level that lies at a place on the line of all levels.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_rows, n_levels)
        Probabilities of the levels.
    order : ndarray of int, shape (n_levels,)
        In which order the levels lie on the line.
    places : ndarray of float, shape (n_rows,)
        Shares of the line, in [0, 1].

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Positions of the levels.
    """
    upto = np.cumsum(probabilities[:, order], axis=1)
    # the last sum is 1 but for rounding
    place = np.minimum((upto <= places[:, None] * upto[:, -1:]).sum(axis=1), len(order) - 1)
    return np.asarray(order[place], dtype=np.int64)


def couple(table: EncodedTable, output: FloatArray) -> Coupling:
    """Learn how residuals hang together.

    Parameters
    ----------
    table : EncodedTable
        The training rows.
    output : ndarray of float, shape (n_rows, width)
        What the decoder says of each row's own latent point.

    Returns
    -------
    Coupling
        Factor and orders; no row.
    """
    spans = list(table.encoding.spans())
    gone = [table.matrix[:, span.start + 1] > 0 for span in spans if isinstance(span.block, MissingBlock)]
    scores = np.full((len(output), len(spans)), np.nan)
    surplus: dict[int, FloatArray] = {}
    for position, span in enumerate(spans):
        seen = table.matrix[:, span.start : span.stop].astype(np.float64)
        if span.is_scalar:
            residual = seen[:, 0] - np.tanh(output[:, span.start])
            assert isinstance(span.block, NumberBlock)
            if span.block.pattern >= 0:
                residual = np.where(gone[span.block.pattern], np.nan, residual)
            scores[:, position] = (residual - np.nanmean(residual)) / max(float(np.nanstd(residual)), 1e-9)
        else:
            surplus[position] = seen - odds(output[:, span.start : span.stop])
    numbers = np.nan_to_num(scores[:, [position for position, span in enumerate(spans) if span.is_scalar]])
    traits = {position: _traits(part, table, spans[position]) for position, part in surplus.items()}
    orders = []
    for position, part in surplus.items():
        others = [numbers, *(trait for other, trait in traits.items() if other != position)]
        order = _order(part, table, spans[position], np.hstack(others))
        orders.append(order)
        scores[:, position] = _level_scores(part, table, spans[position], order)
    factor = np.asarray(np.linalg.cholesky(_correlation(scores)), dtype=np.float64)
    return Coupling(factor, tuple(orders))


def _shares(table: EncodedTable, span: Span) -> FloatArray:
    return np.asarray(table.matrix[:, span.start : span.stop].mean(axis=0, dtype=np.float64))


def _traits(surplus: FloatArray, table: EncodedTable, span: Span) -> FloatArray:
    """Standardise the surplus of the common levels, by which other columns' levels are laid in order."""
    shares = _shares(table, span)
    common = np.flatnonzero(shares >= 0.01)  # noqa: PLR2004 - rarer levels say nothing of other columns' order
    return np.asarray(surplus[:, common] / np.sqrt(shares[common] + 0.01))


def _order(surplus: FloatArray, table: EncodedTable, span: Span, others: FloatArray) -> IntArray:
    """Lay levels on a line by the direction in which their residuals differ most on the other columns."""
    if not others.shape[1] or span.width == 2 or span.width > _WIDEST_DIRECTION:  # noqa: PLR2004 - two have one order
        return np.arange(span.width)
    weights = np.sqrt(_shares(table, span) + _STEADYING_LEVELS / len(surplus))
    means = surplus.T @ others / len(surplus) / weights[:, None]
    direction = np.linalg.svd(means, full_matrices=False)[0][:, 0] / weights
    # of a direction and its opposite, always the same one
    direction *= np.sign(direction[np.argmax(np.abs(direction))]) or 1.0
    return np.argsort(direction, kind="stable").astype(np.int64)


def _level_scores(surplus: FloatArray, table: EncodedTable, span: Span, order: IntArray) -> FloatArray:
    """Give each row the mean of the normal line over the interval of its level, standardised."""
    from scipy.special import ndtri

    seen = table.matrix[:, span.start : span.stop].argmax(axis=1)
    place = np.argsort(order)[seen]
    upto = np.cumsum((table.matrix[:, span.start : span.stop] - surplus)[:, order], axis=1)
    every_row = np.arange(len(surplus))
    high = upto[every_row, place]
    low = np.where(place > 0, upto[every_row, np.maximum(place - 1, 0)], 0.0)
    heights = [
        np.exp(-0.5 * ndtri(np.clip(end, 1e-9, 1 - 1e-9)) ** 2) / np.sqrt(2 * np.pi) for end in (low, high)
    ]
    means = (heights[0] - heights[1]) / np.maximum(high - low, 1e-9)
    return np.asarray(
        np.clip(means / max(float(means.std()), _LEAST_SPREAD), -_LARGEST_SCORE, _LARGEST_SCORE)
    )


def _correlation(scores: FloatArray) -> FloatArray:
    here = ~np.isnan(scores)
    known = np.where(here, scores, 0.0)
    pairs = here.T.astype(np.float64) @ here
    products = known.T @ known / (pairs + _STEADYING_ROWS)
    spreads = np.sqrt(np.maximum(np.diag(products), 1e-9))
    correlation = np.clip(products / np.outer(spreads, spreads), -0.98, 0.98)
    np.fill_diagonal(correlation, 1.0)
    eigenvalues, directions = np.linalg.eigh(correlation)
    repaired = (directions * np.maximum(eigenvalues, _LEAST_EIGENVALUE)) @ directions.T
    scale = np.sqrt(np.diag(repaired))
    return np.asarray(repaired / np.outer(scale, scale))
