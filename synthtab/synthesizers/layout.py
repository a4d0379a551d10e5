"""ColumnLayout: in what dtype, rounding and missing marker a column came, so that a sample wears the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import FitError, SavedModelError
from synthtab.schema import ColumnSpec, LabelColumn, category_label
from synthtab.synthesizers import dtypes
from synthtab.synthesizers.surrogates import surrogate_identifiers

__all__ = ["ColumnLayout"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - seconds on the number line are UTC without a zone
_MINUTE = 60.0


@dataclass(frozen=True)
class ColumnLayout:
    """How one column is written.

    Parameters
    ----------
    name : str
        Column name.
    dtype : str
        Name of the pandas dtype.
    marker : str, default "nan"
        What an object column holds where a value is missing: None, nan, NA or NaT.
    decimals : int, optional
        Decimals of numbers; None leaves them as drawn.
    step : float, optional
        Seconds that datetimes and durations are whole multiples of.
    value_type : str, default "str"
        Name of the Python type of an object column's (or an object category's) values.
    other_types : mapping of str to str
        Labels whose values are of another type.
    date_text : str, default ""
        How dates are spelled where they are no datetimes: a ``strftime`` pattern.
    categories : tuple of str, optional
        Labels of a pandas category's levels, in its order.
    category_dtype : str, default "object"
        Name of the dtype of a category's levels.
    ordered : bool, default False
        Whether a pandas category is ordered.
    missing_share : float, default 0
        Share of missing values among identifiers and free text; other columns' is the model's business.
    """

    name: str
    dtype: str
    marker: str = "nan"
    decimals: int | None = None
    step: float | None = None
    value_type: str = "str"
    other_types: Mapping[str, str] = field(default_factory=dict)
    date_text: str = ""
    categories: tuple[str, ...] | None = None
    category_dtype: str = "object"
    ordered: bool = False
    missing_share: float = 0.0

    @classmethod
    def learn(cls, series: pd.Series, spec: ColumnSpec) -> ColumnLayout:
        """Read the layout off a column.

        Parameters
        ----------
        series : pandas.Series, shape (n_rows,)
            The column, after the guard.
        spec : ColumnSpec
            What is public about it.

        Returns
        -------
        ColumnLayout
            The layout; of values it holds no more than the names of a category's levels and of labels that
            are of an unusual type.
        """
        layout = cls(str(series.name), dtypes.dtype_text(series.dtype), dtypes.marker_of(series))
        if not spec.kind.is_modelled:
            kind = dtypes.value_types(series).common if layout.dtype == "object" else "str"
            return replace(layout, value_type=kind, missing_share=float(series.isna().mean()))
        plain = series
        if isinstance(series.dtype, pd.CategoricalDtype):
            levels = series.cat.categories
            labels = tuple(category_label(level) for level in levels) if spec.kind.is_label else None
            layout = replace(
                layout,
                categories=labels,
                category_dtype=dtypes.dtype_text(levels.dtype),
                ordered=bool(series.cat.ordered),
            )
            plain = levels.to_series()
        if dtypes.dtype_text(plain.dtype) == "object":
            types = dtypes.value_types(plain)
            layout = replace(
                layout, value_type=types.common, other_types=types.others if spec.kind.is_label else {}
            )
        if spec.kind.is_number:
            fine = dtypes.fineness_of(series, spec)
            layout = replace(layout, decimals=fine.decimals, step=fine.step, date_text=fine.date_text)
        return layout

    # ---------------------------------------------------------------- writing

    def from_numbers(self, values: FloatArray, low: float = -np.inf, high: float = np.inf) -> pd.Series:
        """Write numbers in this layout.

        Parameters
        ----------
        values : ndarray of float, shape (n_rows,)
            Numbers, or seconds; NaN is missing.
        low, high : float
            Bounds, inclusive; rounding does not leave them.

        Returns
        -------
        pandas.Series, shape (n_rows,)
            The column.

        Raises
        ------
        FitError
            When values are missing that the dtype cannot mark as missing.
        """
        if self.dtype == "category":
            return self._category_of_numbers(values, low, high)
        rounded = self._rounded(np.asarray(values, dtype=np.float64), low, high)
        missing = np.isnan(rounded)
        kind = dtypes.numpy_kind(self.dtype)
        if kind in dtypes.WITHOUT_MISSING:
            self._refuse_missing(missing)
        if self.date_text:
            return self._dates(rounded, missing)
        if kind == "b":
            return pd.Series(rounded >= 0.5, name=self.name)  # noqa: PLR2004 - the middle of 0 and 1
        if kind in dtypes.WHOLE:
            limits = np.iinfo(self.dtype)
            return pd.Series(_whole(rounded, limits.min, limits.max).astype(self.dtype), name=self.name)
        if kind == "f":
            return pd.Series(rounded.astype(self.dtype), name=self.name)
        if kind == "m" or dtypes.is_datetime(self.dtype):
            return self._moments(rounded, missing)
        if self.dtype == "object" or dtypes.is_text(self.dtype):
            return self._objects(rounded, missing)
        out = pd.Series(pd.array(rounded, dtype="Float64"))  # pandas takes NaN for missing here
        return dtypes.as_dtype(
            out.round().clip(0, 1) if self.dtype == "boolean" else out, self.dtype, self.name
        )

    def from_labels(self, column: LabelColumn) -> pd.Series:
        """Write levels in this layout.

        Parameters
        ----------
        column : LabelColumn
            Codes into text labels.

        Returns
        -------
        pandas.Series, shape (n_rows,)
            The column.

        Raises
        ------
        FitError
            When values are missing that the dtype cannot mark as missing.
        """
        if self.dtype == "category":
            return self._category_of_levels(column)
        values = [self._value(level) for level in column.levels]
        if dtypes.numpy_kind(self.dtype) in dtypes.WITHOUT_MISSING:
            self._refuse_missing(column.codes < 0)
        else:
            values.append(self._missing_marker())
        # code -1 takes the last entry: the missing marker
        lookup = dtypes.series_of(values, self.dtype)
        codes = np.where(column.codes < 0, len(values) - 1, column.codes)
        return pd.Series(lookup.take(codes).array, name=self.name)

    def surrogates(self, spec: ColumnSpec, n_rows: int, draws: np.random.Generator) -> pd.Series:
        """Write random identifiers that no real one went into.

        Parameters
        ----------
        spec : ColumnSpec
            Its format, if any.
        n_rows : int
            How many.
        draws : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        pandas.Series, shape (n_rows,)
            The column; an identifier of a datetime type comes out missing.
        """
        missing = draws.random(n_rows) < self.missing_share
        if dtypes.is_datetime(self.dtype) or dtypes.numpy_kind(self.dtype) == "m":
            return dtypes.series_of([pd.NaT] * n_rows, self.dtype, self.name)
        is_whole = self.value_type == "int" if self.dtype == "object" else dtypes.is_number(self.dtype)
        largest = np.iinfo(self.dtype).max if dtypes.numpy_kind(self.dtype) in dtypes.WHOLE else 2**53
        words = list(surrogate_identifiers(spec, n_rows, draws, int(largest) if is_whole else None))
        marked = [self._missing_marker() if gone else word for word, gone in zip(words, missing, strict=True)]
        return dtypes.series_of(marked, self.dtype, self.name)

    # ---------------------------------------------------------------- plain values

    def to_dict(self) -> dict[str, object]:
        """Write the layout as plain values.

        Returns
        -------
        dict
            JSON-able values by field name, defaults left out.
        """
        raw, blank = asdict(self), asdict(ColumnLayout("", ""))
        if self.categories is not None:
            raw["categories"] = list(self.categories)
        return {name: value for name, value in raw.items() if value != blank[name]}

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> ColumnLayout:
        """Read a layout from plain values.

        Parameters
        ----------
        raw : mapping
            What `to_dict` wrote.

        Returns
        -------
        ColumnLayout
            The layout.

        Raises
        ------
        SavedModelError
            When the values are no layout.
        """
        values = dict(raw)
        listing = values.get("categories")
        if isinstance(listing, list):
            values["categories"] = tuple(str(label) for label in listing)
        if set(values) - {item.name for item in fields(cls)} or not {"name", "dtype"} <= set(values):
            raise SavedModelError("The layout of a column in this file cannot be read.")
        return cls(**values)  # type: ignore[arg-type] # the checksum has vouched for what save wrote

    # ---------------------------------------------------------------- inside

    @property
    def _has_wall_clock(self) -> bool:
        """Whether rounding is left until the time zone is known: a day begins where the zone says."""
        if self.step is None or self.step <= _MINUTE or not dtypes.is_datetime(self.dtype):
            return False
        return getattr(dtypes.series_of([], self.dtype).dt, "tz", None) is not None

    def _missing_marker(self) -> object:
        return dtypes.MARKERS[self.marker] if self.dtype == "object" else None

    def _refuse_missing(self, missing: BoolArray) -> None:
        if missing.any():
            raise FitError(
                f"Column {self.name!r} has missing values in the sample, which {self.dtype} cannot hold."
            )

    def _value(self, label: str) -> object:
        dtype = self.category_dtype if self.dtype == "category" else self.dtype
        if dtype != "object":
            return dtypes.READERS[dtypes.value_type_of(dtype)](label)
        try:
            return dtypes.READERS[self.other_types.get(label, self.value_type)](label)
        except (ValueError, ArithmeticError):  # a level of our own, such as the pool's, is text
            return label

    def _category_of_levels(self, column: LabelColumn) -> pd.Series:
        known = self.categories or ()
        labels = (*known, *(level for level in column.levels if level not in set(known)))
        values = [self._value(label) for label in labels]
        is_known = len(labels) == len(known) and self.category_dtype != "object"
        categories = pd.Index(dtypes.series_of(values, self.category_dtype)) if is_known else pd.Index(values)
        return _categorical(column.recoded(labels), pd.CategoricalDtype(categories, self.ordered), self.name)

    def _category_of_numbers(self, values: FloatArray, low: float, high: float) -> pd.Series:
        """Write numbers as a category whose levels are the numbers that occur."""
        present = ~np.isnan(values)
        plain = replace(self, dtype=self.category_dtype).from_numbers(values[present], low, high)
        drawn = plain.astype("category").cat
        codes = np.full(len(values), -1, dtype=np.int64)
        codes[present] = drawn.codes
        return _categorical(codes, pd.CategoricalDtype(drawn.categories, self.ordered), self.name)

    def _rounded(self, values: FloatArray, low: float, high: float) -> FloatArray:
        out = np.clip(values, low, high)
        if (self.step is None and self.decimals is None) or self._has_wall_clock:
            return out
        unit = self.step if self.step is not None else 10.0 ** -(self.decimals or 0)
        out = self._multiples(out / unit, unit)
        # a bound between two multiples of the unit is rounded inwards, if there is room
        for outside, limit, inwards in ((out < low, low, np.ceil), (out > high, high, np.floor)):
            if outside.any():
                kept = self._multiples(inwards(np.round(np.array([limit / unit]), 9)), unit)
                out = np.where(outside, np.clip(kept, low, high), out)
        return out

    def _multiples(self, counts: FloatArray, unit: float) -> FloatArray:
        """Give whole multiples of the unit; decimals are rounded as such, or 3 × 0.1 would not be 0.3."""
        out = np.round(counts) * unit
        return np.asarray(
            out if self.step is not None else np.round(out, self.decimals or 0), dtype=np.float64
        )

    def _moments(self, seconds: FloatArray, missing: BoolArray) -> pd.Series:
        whole = np.where(missing, 0, np.round(seconds * 1e9)).astype(np.int64)
        if not dtypes.is_datetime(self.dtype):
            spans = whole.view("timedelta64[ns]")
            spans[missing] = np.timedelta64("NaT")
            return dtypes.as_dtype(pd.Series(spans), self.dtype, self.name)
        stamps = whole.view("datetime64[ns]")
        stamps[missing] = np.datetime64("NaT")
        moments = pd.Series(stamps)
        zone = getattr(dtypes.series_of([], self.dtype).dt, "tz", None)
        if zone is not None:
            moments = moments.dt.tz_localize("UTC").dt.tz_convert(zone)
            if self._has_wall_clock and self.step is not None:
                wall = moments.dt.tz_localize(None).dt.round(f"{int(self.step)}s")
                is_summer = np.ones(len(wall), dtype=bool)
                moments = wall.dt.tz_localize(zone, ambiguous=is_summer, nonexistent="shift_forward")
        return dtypes.as_dtype(moments, self.dtype, self.name)

    def _dates(self, seconds: FloatArray, missing: BoolArray) -> pd.Series:
        values = [
            self._missing_marker() if gone else self._date(_EPOCH + dt.timedelta(seconds=float(second)))
            for second, gone in zip(seconds, missing, strict=True)
        ]
        return dtypes.series_of(values, self.dtype, self.name)

    def _date(self, moment: dt.datetime) -> object:
        if self.value_type == "date":
            return moment.date()
        if self.value_type in ("datetime", "Timestamp"):
            return pd.Timestamp(moment) if self.value_type == "Timestamp" else moment
        spelled = moment.strftime(self.date_text)
        return int(spelled) if dtypes.is_number(self.dtype) or self.value_type == "int" else spelled

    def _objects(self, values: FloatArray, missing: BoolArray) -> pd.Series:
        words = [category_label(value) for value in values]
        is_text = dtypes.is_text(self.dtype) or self.value_type not in ("int", "float", "bool", "Decimal")
        if is_text and self.decimals:
            words = [f"{value:.{self.decimals}f}" for value in values]
        read = dtypes.READERS["str" if is_text else self.value_type]
        out = [
            self._missing_marker() if gone else read(word) for word, gone in zip(words, missing, strict=True)
        ]
        return dtypes.series_of(out, self.dtype, self.name)


def _categorical(codes: npt.NDArray[np.int64], dtype: pd.CategoricalDtype, name: str) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(codes.tolist(), dtype=dtype), name=name)


def _whole(values: FloatArray, least: int, most: int) -> FloatArray:
    # the largest int64 is no float: stay one step below it
    top = float(most) if most < 2**53 else np.nextafter(float(most), 0.0)
    return np.asarray(np.clip(np.rint(values), float(least), top), dtype=np.float64)
