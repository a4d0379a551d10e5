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

_FEWEST_PRESENT = 30
_CALIBRATION_ROWS = 8192
_MOST_PRESENT = 0.95


@dataclass(frozen=True)
class NumberLine:
    """One column of numbers.

    Parameters
    ----------
    name : str
        Column.
    quantile : NormalScores
        Its quantile function among the present rows.
    centre, spread : float, default 0 and 1
        Mean and standard deviation of the latent score among the rows that are sampled as present: people
        with a value may lie off the middle of everybody.
    """

    name: str
    quantile: NormalScores
    centre: float = 0.0
    spread: float = 1.0


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
        scores, codes, missing = self._read(draws.standard_normal((n_rows, len(self.correlation))))
        out: dict[str, NumberColumn | LabelColumn] = {}
        for position, line in enumerate(self.columns):
            gone = missing.get(line.name)
            if isinstance(line, LevelLine):
                own = codes[line.name]
                out[line.name] = LabelColumn(own if gone is None else np.where(gone, -1, own), line.levels)
            else:
                values = line.quantile.values_of((scores[:, position] - line.centre) / line.spread)
                out[line.name] = NumberColumn(values if gone is None else np.where(gone, np.nan, values))
        return CastTable(out, n_rows)

    def calibrated(self, draws: np.random.Generator) -> Copula:
        """Find where, among sampled rows, the present values of each column of numbers lie.

        Parameters
        ----------
        draws : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        Copula
            The same copula, with centres and spreads.
        """
        half = draws.standard_normal((_CALIBRATION_ROWS // 2, len(self.correlation)))
        # mirrored pairs: where presence has nothing to do with the value, the centre is 0 without noise
        scores, _, missing = self._read(np.vstack([half, -half]))
        most = _MOST_PRESENT * _CALIBRATION_ROWS
        columns: list[NumberLine | LevelLine] = []
        for position, line in enumerate(self.columns):
            present = ~missing[line.name] if line.name in missing else None
            # of a few missing values the centre cannot be told from chance
            if isinstance(line, LevelLine) or present is None or not _FEWEST_PRESENT <= present.sum() <= most:
                columns.append(line)
                continue
            here = scores[present, position]
            columns.append(NumberLine(line.name, line.quantile, float(here.mean()), float(here.std())))
        return Copula(tuple(columns), self.missing, self.correlation)

    def _read(
        self, normal: FloatArray
    ) -> tuple[FloatArray, dict[str, IntArray], dict[str, npt.NDArray[np.bool_]]]:
        """Turn independent normal draws into latent scores, and read levels and missingness off them."""
        from scipy.special import ndtr

        values, directions = np.linalg.eigh(self.correlation)
        scores = normal @ (directions * np.sqrt(np.maximum(values, 0.0))).T
        codes: dict[str, IntArray] = {}
        for position, line in enumerate(self.columns):
            if isinstance(line, LevelLine):
                own = np.searchsorted(line.upto, ndtr(scores[:, position]), side="right")
                codes[line.name] = np.minimum(own, len(line.levels) - 1).astype(np.int64)
        missing: dict[str, npt.NDArray[np.bool_]] = {}
        for position, item in enumerate(self.missing, start=len(self.columns)):
            if item.parent is None:
                rates: FloatArray | np.float64 = item.rates[0]
            else:
                rates = item.rates[
                    codes[item.parent] if item.by_level else missing[item.parent].astype(np.int64)
                ]
            missing[item.name] = np.asarray(ndtr(scores[:, position]) >= 1.0 - rates)
        return scores, codes, missing
