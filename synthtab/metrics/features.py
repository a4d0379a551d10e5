"""FeatureEncoder: the rows of a cast table as matrices that learners and distances can use.

Columns stand in the order of their names, so that a reordered table gives the same matrix to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.metrics.columns import levels_by_count, modelled_names
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn
from synthtab.schema.cast_table import FloatArray, IntArray, text_hash

__all__ = [
    "FeatureEncoder",
    "Float32Array",
    "LabelFeature",
    "NumberFeature",
    "varying_columns",
]

Float32Array = npt.NDArray[np.float32]

# scikit-learn's boosting takes 255 categories: the most frequent ones, and one for all others
TREE_LEVELS = 254
LINEAR_LEVELS = 50
# A label column of more levels is told apart by random signs instead of one coordinate a level; with many
# label columns each gets fewer coordinates, at least 8, so that a row stays near a thousand of them.
DISTANCE_WIDTH = 64
DISTANCE_BUDGET = 1_024
# No value lies further than sqrt(n) standard deviations from its own mean: at 50,000 rows that is 224, so
# only strange synthetic values are cut, and float32 keeps its digits.
DISTANCE_CLIP = 250.0
LINEAR_CLIP = 20.0
_HUGE = 1e150  # squares of it are still finite


@dataclass(frozen=True)
class NumberFeature:
    """How a number column is scaled.

    Parameters
    ----------
    name : str
        Column name.
    centre, scale : float
        Mean and standard deviation of the scaling tables; scale is never 0.
    has_missing : bool
        Whether any table that shaped the encoder misses values.
    """

    name: str
    centre: float
    scale: float
    has_missing: bool

    def scaled(self, column: NumberColumn, clip: float) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Bring values to standard deviations from the mean.

        Parameters
        ----------
        column : NumberColumn
            The column.
        clip : float
            Largest size of a scaled value.

        Returns
        -------
        tuple of ndarray
            Scaled values, 0 where missing; and where they are missing.
        """
        missing = column.is_missing
        values = (_finite(column.values) - self.centre) / self.scale
        values[missing] = 0.0
        return np.clip(values, -clip, clip), missing


@dataclass(frozen=True)
class LabelFeature:
    """How a label column is coded.

    Parameters
    ----------
    name : str
        Column name.
    levels : tuple of str
        Levels of the shaping tables, most frequent first.
    has_missing : bool
        Whether any table that shaped the encoder misses values.
    """

    name: str
    levels: tuple[str, ...]
    has_missing: bool

    def capped_codes(self, column: LabelColumn, cap: int) -> IntArray:
        """Give codes in which all but the most frequent levels are one.

        Parameters
        ----------
        column : LabelColumn
            The column.
        cap : int
            Levels with a code of their own.

        Returns
        -------
        ndarray of int
            0 … cap - 1 for frequent levels, `width(cap) - 1` for all others and unseen ones, -1 missing.
        """
        codes = column.recoded(self.levels[:cap])
        codes[codes == -2] = min(cap, len(self.levels))  # noqa: PLR2004 - what `recoded` gives an unknown level
        return codes


@dataclass(frozen=True)
class FeatureEncoder:
    """Turn cast tables into matrices.

    Parameters
    ----------
    features : tuple of NumberFeature or LabelFeature
        In the order of their names.
    """

    features: tuple[NumberFeature | LabelFeature, ...]

    @classmethod
    def fit(
        cls, shaping: Sequence[CastTable], scaling: Sequence[CastTable], columns: tuple[ColumnSpec, ...]
    ) -> FeatureEncoder:
        """Learn levels and scales; no label of any table is looked at.

        Parameters
        ----------
        shaping : sequence of CastTable
            Tables whose levels and missing values get a place.
        scaling : sequence of CastTable
            Tables whose mean and standard deviation scale the numbers.
        columns : tuple of ColumnSpec
            Columns to use; identifiers and free text are passed over.

        Returns
        -------
        FeatureEncoder
            The encoder.
        """
        return cls(tuple(_fit_column(name, shaping, scaling) for name in modelled_names(columns, shaping)))

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, one for each column of the tree matrix."""
        return tuple(feature.name for feature in self.features)

    @property
    def is_label(self) -> npt.NDArray[np.bool_]:
        """Which columns of the tree matrix hold codes."""
        return np.array([isinstance(feature, LabelFeature) for feature in self.features], dtype=bool)

    def tree_matrix(self, table: CastTable) -> FloatArray:
        """Give numbers as they are and labels as codes, for histogram gradient boosting.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of float, shape (n_rows, n_columns)
            NaN is missing; codes are below 255.
        """
        matrix = np.empty((table.n_rows, len(self.features)))
        for index, feature in enumerate(self.features):
            if isinstance(feature, NumberFeature):
                matrix[:, index] = _finite(table.number(feature.name).values)
            else:
                codes = feature.capped_codes(table.label(feature.name), TREE_LEVELS)
                matrix[:, index] = np.where(codes < 0, np.nan, codes)
        return matrix

    def linear_matrix(self, table: CastTable) -> FloatArray:
        """Give scaled numbers, one column a level, and missing indicators, for linear models.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of float, shape (n_rows, n_coordinates)
            Missing numbers are 0, which is the mean; the 50 most frequent levels have a column each.
        """
        parts: list[FloatArray] = []
        for feature in self.features:
            if isinstance(feature, NumberFeature):
                values, missing = feature.scaled(table.number(feature.name), LINEAR_CLIP)
                parts.append(values[:, None])
                if feature.has_missing:
                    parts.append(missing[:, None].astype(np.float64))
            else:
                cap = min(LINEAR_LEVELS, len(feature.levels))
                parts.append(_one_hot(feature.capped_codes(table.label(feature.name), cap), cap + 2))
        return np.hstack(parts) if parts else np.empty((table.n_rows, 0))

    def distance_matrix(self, table: CastTable) -> Float32Array:
        """Give coordinates whose Euclidean distance compares rows of mixed kinds.

        A standard deviation of a number, another level and a value missing on one side only each count 1.

        Parameters
        ----------
        table : CastTable
            The rows.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_coordinates)
            Scaled numbers with missing indicators, and levels one-hot over √2. A column of more than 64
            levels gets random signs from a hash of the level: two levels are then 1 ± 0.13 apart.
        """
        n_labels = max(1, int(self.is_label.sum()))
        width = int(np.clip(DISTANCE_BUDGET // n_labels, 8, DISTANCE_WIDTH))
        parts: list[Float32Array] = []
        for feature in self.features:
            if isinstance(feature, NumberFeature):
                values, missing = feature.scaled(table.number(feature.name), DISTANCE_CLIP)
                parts.append(values[:, None].astype(np.float32))
                if feature.has_missing:
                    parts.append(missing[:, None].astype(np.float32))
                continue
            column = table.label(feature.name)
            if len(feature.levels) <= width:
                one_hot = _one_hot(feature.capped_codes(column, len(feature.levels)), len(feature.levels) + 2)
                parts.append((one_hot / np.sqrt(2)).astype(np.float32))
            else:
                parts.append(_signs(column, width))
        return (
            np.ascontiguousarray(np.hstack(parts)) if parts else np.empty((table.n_rows, 0), dtype=np.float32)
        )


def varying_columns(matrix: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which columns of a tree matrix can tell rows apart.

    Histogram gradient boosting raises on a number column without a value.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_rows, n_columns)
        Rows that a model learns from; NaN is missing.

    Returns
    -------
    ndarray of bool, shape (n_columns,)
        True where two rows differ and at least one value is present.
    """
    missing = np.isnan(matrix)
    low = np.where(missing, np.inf, matrix).min(axis=0, initial=np.inf)
    high = np.where(missing, -np.inf, matrix).max(axis=0, initial=-np.inf)
    some_missing = missing.any(axis=0)
    return np.asarray((low < high) | (some_missing & (low <= high)))


def _fit_column(
    name: str, shaping: Sequence[CastTable], scaling: Sequence[CastTable]
) -> NumberFeature | LabelFeature:
    has_missing = any(bool(table[name].is_missing.any()) for table in shaping)
    if isinstance(shaping[0][name], LabelColumn):
        return LabelFeature(name, levels_by_count([table.label(name) for table in shaping]), has_missing)
    centre, scale = _mean_and_sd([table.number(name) for table in scaling])
    if scale == 0:  # constant here: other tables may still differ from it
        scale = _mean_and_sd([table.number(name) for table in shaping])[1] or 1.0
    return NumberFeature(name, centre, scale, has_missing)


def _mean_and_sd(columns: Sequence[NumberColumn]) -> tuple[float, float]:
    values = np.concatenate([column.values for column in columns]) if columns else np.empty(0)
    values = values[np.isfinite(values) & (np.abs(values) <= _HUGE)]
    if not values.size:
        return 0.0, 0.0
    largest = float(np.abs(values).max()) or 1.0
    shares = values / largest  # so that squares cannot overflow
    sd = float(shares.std())
    return float(shares.mean()) * largest, sd * largest if sd > 1e-12 else 0.0  # noqa: PLR2004 - rounding of a constant


def _finite(values: FloatArray) -> FloatArray:
    return np.clip(values, -_HUGE, _HUGE)  # NaN stays NaN


def _one_hot(codes: IntArray, width: int) -> FloatArray:
    """Give one column for each code, the last one for -1."""
    matrix = np.zeros((len(codes), width))
    matrix[np.arange(len(codes)), codes] = 1.0
    return matrix


def _signs(column: LabelColumn, width: int) -> Float32Array:
    words = [text_hash(level) for level in column.levels] + [text_hash("\x00missing")]
    bits = (np.array(words, dtype=np.uint64)[:, None] >> np.arange(width, dtype=np.uint64)) & np.uint64(1)
    signs = np.where(bits == 1, 1.0, -1.0) / np.sqrt(2 * width)
    return np.asarray(signs[column.codes], dtype=np.float32)
