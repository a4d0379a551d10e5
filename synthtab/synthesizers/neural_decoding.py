"""What a network says, as a table: levels from its odds, numbers from its scores, held to their marginals.

After a training of usual length a network knows how columns hang together better than how often each level
occurs. Two corrections, learned once from a sample of its own output, hold every column to the shares and
quantiles of the table that was fitted:

* *Offsets* are added to the log odds of each choice until the mean probability of each level is its share.
  They are found by iterative scaling at the temperature at which levels are drawn: whatever the temperature,
  no rare level is lost.
* *Ranks*: a number's place among the network's own outputs, not the output itself, becomes the share that
  enters the column's quantile function.

Levels and the noise of numbers are drawn column by column, or jointly where a `Coupling` was learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.schema import CastTable, LabelColumn, NumberColumn
from synthtab.synthesizers.neural_coupling import Coupling, choose_at, odds
from synthtab.synthesizers.neural_encoding import SCALE, Encoding, MissingBlock, NumberBlock

__all__ = ["Decoder", "Draws", "calibrated_offsets", "choose"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_KNOTS = 257
_ITERATIONS = 60
_CLOSE_ENOUGH = 1e-3
_MOST_LOGITS = 3_000_000
_JITTER = 1e-6


def choose(logits: FloatArray, temperature: float, draws: np.random.Generator) -> IntArray:
    """Choose one level a row.

    Parameters
    ----------
    logits : ndarray of float, shape (n_rows, n_levels)
        Log odds.
    temperature : float
        1 draws from the odds as they are, less than 1 sharpens them, 0 takes the most likely level.
    draws : numpy.random.Generator
        Source of randomness; not used at temperature 0.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Positions of the levels.
    """
    if temperature == 0:
        return np.asarray(np.argmax(logits, axis=1), dtype=np.int64)
    # the largest of log odds plus Gumbel noise is a draw from the odds
    noisy = logits + temperature * draws.gumbel(size=logits.shape)
    return np.asarray(np.argmax(noisy, axis=1), dtype=np.int64)


def calibrated_offsets(logits: FloatArray, shares: FloatArray, temperature: float) -> FloatArray:
    r"""Find what to add to log odds so that levels are drawn as often as they should be.

    Solves :math:`\frac1n \sum_i \operatorname{softmax}((l_i + b) / T)_j = s_j` for :math:`b` by
    iterative scaling.

    Parameters
    ----------
    logits : ndarray of float, shape (n_rows, n_levels)
        Log odds :math:`l_i` of a sample of rows.
    shares : ndarray of float, shape (n_levels,)
        Wanted shares :math:`s`, summing to 1.
    temperature : float
        Temperature :math:`T` of the draws, above 0.

    Returns
    -------
    ndarray of float, shape (n_levels,)
        Offsets :math:`b`, the largest 0.
    """
    wanted = np.log(np.maximum(shares, 1e-12))
    offsets = np.zeros(len(shares))
    for _ in range(_ITERATIONS):
        powers = (logits + offsets) / temperature
        powers -= powers.max(axis=1, keepdims=True)
        np.exp(powers, out=powers)
        powers /= powers.sum(axis=1, keepdims=True)
        mean = powers.mean(axis=0)
        if 0.5 * np.abs(mean - shares).sum() < _CLOSE_ENOUGH * 0.1:
            break
        # steps are bounded: a level that never occurs in the sample must not shoot over
        offsets += temperature * np.clip(wanted - np.log(np.maximum(mean, 1e-12)), -3.0, 3.0)
    return np.asarray(offsets - offsets.max())


@dataclass(frozen=True)
class Draws:
    """What was drawn of a network's output, before numbers are held to their marginals.

    Parameters
    ----------
    numbers : tuple of ndarray of float, each of shape (n_rows,)
        Scores, or values of the mixture, in the order of the blocks.
    missing : tuple of ndarray of bool, each of shape (n_rows,)
        Whether each pattern of missing numbers holds.
    labels : mapping of str to LabelColumn
        Columns of levels.
    """

    numbers: tuple[FloatArray, ...]
    missing: tuple[npt.NDArray[np.bool_], ...]
    labels: Mapping[str, LabelColumn]


@dataclass(frozen=True)
class Decoder:
    """How a network's output becomes rows.

    Parameters
    ----------
    encoding : Encoding
        The layout of the output.
    temperature : float
        Temperature at which levels are drawn; 0 takes the most likely.
    noise : ndarray of float, shape (width,)
        Standard deviation of the noise that is added to each scalar.
    offsets : ndarray of float, shape (width,)
        Added to the log odds.
    outputs : ndarray of float, shape (n_numbers, n_knots) or (0, 0)
        Quantiles of the network's own output for each number, in the order of the blocks; none when numbers
        are not held to their marginals.
    coupling : Coupling, optional
        How the draws of a row depend on one another; by default they do not.
    """

    encoding: Encoding
    temperature: float
    noise: FloatArray
    offsets: FloatArray
    outputs: FloatArray
    coupling: Coupling | None = None

    @classmethod
    def plain(
        cls, encoding: Encoding, temperature: float, noise: FloatArray, coupling: Coupling | None = None
    ) -> Decoder:
        """Make a decoder that corrects nothing.

        Parameters
        ----------
        encoding : Encoding
            The layout of the output.
        temperature : float
            Temperature at which levels are drawn.
        noise : ndarray of float, shape (width,)
            Noise of the scalars.
        coupling : Coupling, optional
            How the draws of a row depend on one another.

        Returns
        -------
        Decoder
            The decoder.
        """
        return cls(encoding, temperature, noise, np.zeros(encoding.width), np.zeros((0, 0)), coupling)

    def calibrated(self, output: FloatArray, draws: np.random.Generator) -> Decoder:
        """Hold every column to its marginal.

        Parameters
        ----------
        output : ndarray of float, shape (n_rows, width)
            A sample of the network's output.
        draws : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        Decoder
            A decoder with offsets and output quantiles.
        """
        offsets = self.offsets.copy()
        for span in self.encoding.spans():
            block = span.block
            if not isinstance(block, NumberBlock) and self.temperature > 0:
                some = output[: max(_MOST_LOGITS // span.width, 500), span.start : span.stop]
                offsets[span.start : span.stop] = calibrated_offsets(some, block.shares, self.temperature)
        decoder = replace(self, offsets=offsets)
        drawn = decoder.drawn(output, draws)
        shares = np.linspace(0.0, 1.0, _KNOTS)
        outputs = []
        for block, values in zip(self.encoding.numbers, drawn.numbers, strict=True):
            here = values if block.pattern < 0 else values[~drawn.missing[block.pattern]]
            # a pattern that a small sample never draws as present tells nothing; all rows then stand in
            outputs.append(np.quantile(here if len(here) else values, shares))
        return replace(decoder, outputs=np.array(outputs).reshape(-1, _KNOTS))

    def rows(self, output: FloatArray, draws: np.random.Generator) -> CastTable:
        """Turn output into rows.

        Parameters
        ----------
        output : ndarray of float, shape (n_rows, width)
            The network's output.
        draws : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        CastTable
            The rows.
        """
        drawn = self.drawn(output, draws)
        columns: dict[str, NumberColumn | LabelColumn] = dict(drawn.labels)
        for position, (block, values) in enumerate(zip(self.encoding.numbers, drawn.numbers, strict=True)):
            if len(self.outputs):
                knots = self.outputs[position]
                found = block.quantile.quantile(np.interp(values, knots, np.linspace(0.0, 1.0, len(knots))))
            else:
                found = values if len(block.centres) else block.quantile.values_of(values)
            if block.pattern >= 0:
                found = np.where(drawn.missing[block.pattern], np.nan, found)
            columns[block.name] = NumberColumn(found)
        ordered = [block.name for block in self.encoding.blocks if not isinstance(block, MissingBlock)]
        return CastTable({name: columns[name] for name in ordered}, len(output))

    def drawn(self, output: FloatArray, draws: np.random.Generator) -> Draws:
        """Draw every span.

        Parameters
        ----------
        output : ndarray of float, shape (n_rows, width)
            The network's output.
        draws : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        Draws
            Scores, patterns of missing numbers, levels.
        """
        from scipy.special import ndtr

        numbers: list[FloatArray] = []
        missing: list[npt.NDArray[np.bool_]] = []
        labels: dict[str, LabelColumn] = {}
        noise = None if self.coupling is None else self.coupling.draw(len(output), draws)
        n_choices = 0
        for position, span in enumerate(self.encoding.spans()):
            block = span.block
            if span.is_scalar:
                # the jitter parts outputs that float32 cannot tell apart
                spread = max(float(self.noise[span.start]), _JITTER)
                shaken = draws.standard_normal(len(output)) if noise is None else noise[:, position]
                numbers.append((np.tanh(output[:, span.start]) + spread * shaken) * SCALE)
                continue
            logits = output[:, span.start : span.stop] + self.offsets[span.start : span.stop]
            if self.coupling is None or noise is None or self.temperature == 0:
                codes = choose(logits, self.temperature, draws)
            else:
                order = self.coupling.orders[n_choices]
                codes = choose_at(odds(logits / self.temperature), order, ndtr(noise[:, position]))
            n_choices += 1
            if isinstance(block, NumberBlock):
                numbers[-1] = block.centres[codes] + block.spreads[codes] * numbers[-1]
            elif isinstance(block, MissingBlock):
                missing.append(codes == 1)
            else:
                labels[block.name] = LabelColumn(
                    np.where(codes == len(block.levels), -1, codes), block.levels
                )
        return Draws(tuple(numbers), tuple(missing), labels)
