"""A Gaussian copula over mixed columns with missing values: the fitted model and its sampler.

Every column is seen through one latent standard normal dimension, and so is whether it is missing:

* Numbers by their quantile function (`NormalScores`).
* Levels by intervals of the normal line whose masses are their frequencies.
* Missingness likewise, as two levels. Its rate may depend on one *parent*: a column of levels or another
  column's missingness. Rows missing by design (no age at diagnosis without a diagnosis; one blood sample,
  five results) so stay missing together, exactly.

How it is learned from a table: `copula_scores`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.schema import CastTable, LabelColumn, NumberColumn
from synthtab.synthesizers.normal_scores import NormalScores

__all__ = ["Copula", "LevelLine", "Missingness", "NumberLine"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


_BLOCK = 65_536


@dataclass(frozen=True)
class NumberLine:
    """One column of numbers.

    Parameters
    ----------
    name : str
        Column.
    quantile : NormalScores
        Its quantile function among the present rows.
    """

    name: str
    quantile: NormalScores


@dataclass(frozen=True)
class LevelLine:
    """One column of levels.

    Parameters
    ----------
    name : str
        Column.
    levels : tuple of str
        In the order in which they lie on the line.
    upto : ndarray of float, shape (n_levels,)
        Share of the present rows up to and including each level.
    """

    name: str
    levels: tuple[str, ...]
    upto: FloatArray


@dataclass(frozen=True)
class Missingness:
    """Whether one column is missing.

    Parameters
    ----------
    name : str
        Column.
    parent : str or None
        Column whose level, or whose missingness, the rate depends on.
    by_level : bool
        Whether it depends on the parent's level.
    rates : ndarray of float, shape (n_parent_codes,)
        Share of missing rows by the parent's level (as laid on its line), or for present and missing; one
        entry without a parent.
    """

    name: str
    parent: str | None
    by_level: bool
    rates: FloatArray


@dataclass(frozen=True)
class Copula:
    """A fitted copula.

    Parameters
    ----------
    columns : tuple of NumberLine or LevelLine
        In schema order.
    missing : tuple of Missingness
        Columns with missing values; a parent comes before those that depend on it.
    correlation : ndarray of float, shape (n_dimensions, n_dimensions)
        Of the latent dimensions: first the columns, then the missingness.
    """

    columns: tuple[NumberLine | LevelLine, ...]
    missing: tuple[Missingness, ...]
    correlation: FloatArray

    def sample(self, n_rows: int, draws: np.random.Generator) -> CastTable:
        """Draw rows.

        Parameters
        ----------
        n_rows : int
            How many.
        draws : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        CastTable
            The rows.
        """
        values, directions = np.linalg.eigh(self.correlation)
        root = (directions * np.sqrt(np.maximum(values, 0.0))).T
        # block by block, so that a million rows do not need all their latent scores at once
        blocks = [
            self._block(draws.standard_normal((min(_BLOCK, n_rows - start), len(values))) @ root)
            for start in range(0, n_rows, _BLOCK)
        ]
        out: dict[str, NumberColumn | LabelColumn] = {}
        for line in self.columns:
            whole = np.concatenate([block[line.name] for block in blocks])
            if isinstance(line, LevelLine):
                out[line.name] = LabelColumn(whole.astype(np.int64), line.levels)
            else:
                out[line.name] = NumberColumn(whole)
        return CastTable(out, n_rows)

    def _block(self, scores: FloatArray) -> dict[str, FloatArray | IntArray]:
        """Read values, codes and missingness off latent scores."""
        from scipy.special import ndtr

        out: dict[str, FloatArray | IntArray] = {}
        for position, line in enumerate(self.columns):
            shares = np.asarray(ndtr(scores[:, position]), dtype=np.float64)
            if isinstance(line, LevelLine):
                codes = np.searchsorted(line.upto, shares, side="right")
                out[line.name] = np.minimum(codes, len(line.levels) - 1).astype(np.int64)
            else:
                out[line.name] = line.quantile.quantile(shares)
        gone: dict[str, npt.NDArray[np.bool_]] = {}
        for position, item in enumerate(self.missing, start=len(self.columns)):
            group = np.zeros(len(scores), dtype=np.int64)
            if item.parent is not None:
                group = (out if item.by_level else gone)[item.parent].astype(np.int64)
            gone[item.name] = np.asarray(ndtr(scores[:, position]) >= 1.0 - item.rates[group])
        for line in self.columns:
            if line.name in gone:
                mark = -1 if isinstance(line, LevelLine) else np.nan
                out[line.name] = np.where(gone[line.name], mark, out[line.name])
        return out
