"""Conservative guesses of column kinds, each with its reason, never a real extreme or a rare level."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from synthtab.errors import DataError
from synthtab.schema.cast_table import FloatArray
from synthtab.schema.columns import ColumnSpec, Domain, Kind, Role, category_label

__all__ = ["infer_columns"]

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_IDENTIFIER_NAME = re.compile(
    r"(^|[_\W])(id|uuid|guid|key|ssn|mrn|nr|no|number|code)$|^(id|uuid)[_\W]|[a-z]Id$", re.IGNORECASE
)
_TRUTH = frozenset({"true", "false", "0", "1", "yes", "no", "y", "n", "t", "f"})
_FEW_ROWS = 20
_TEXT_LENGTH = 30
_MAX_DECIMALS = 6


def infer_columns(frame: pd.DataFrame, k: int = 10) -> tuple[ColumnSpec, ...]:
    """Guess the columns of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    k : int, default 10
        A level held by fewer than `k` rows is never listed.

    Returns
    -------
    tuple of ColumnSpec
        One for each column; categories are marked ``from_data``, bounds are left open.

    Raises
    ------
    DataError
        When a column name is no text or occurs twice.
    """
    names = list(frame.columns)
    if any(not isinstance(name, str) for name in names):
        raise DataError(
            "Some column names are not text.", hint="Rename them: frame.columns = frame.columns.map(str)."
        )
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise DataError(
            f"There is more than one column named {double!r}.", hint="Give each column its own name."
        )
    return tuple(_infer(frame[name], name, k) for name in names)


def _infer(series: pd.Series, name: str, k: int) -> ColumnSpec:
    present = series.dropna()
    missing = len(present) < len(series)
    if present.empty:
        return ColumnSpec(
            name, Kind.NUMERIC, note="holds no value at all; called numeric until you say otherwise"
        )
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _levels(present, name, k, missing, "pandas category")
    if pd.api.types.is_bool_dtype(present.infer_objects()):
        return ColumnSpec(
            name,
            Kind.BOOLEAN,
            missing,
            categories=("false", "true"),
            domain=Domain.PUBLIC,
            note="truth values",
        )
    if pd.api.types.is_timedelta64_dtype(series):
        return ColumnSpec(name, Kind.NUMERIC, missing, units="seconds", note="durations, as seconds")
    if pd.api.types.is_datetime64_any_dtype(series):
        return ColumnSpec(name, Kind.DATETIME, missing, note="datetime type")
    if pd.api.types.is_numeric_dtype(present.infer_objects()):
        return _number(present, name, missing)
    return _text(present, name, k, missing)


def _number(present: pd.Series, name: str, missing: bool) -> ColumnSpec:
    values = present.to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]
    if len(finite) and not np.any(finite % 1):
        if set(np.unique(finite)) <= {0.0, 1.0}:
            return ColumnSpec(
                name, Kind.BOOLEAN, missing, categories=("0", "1"), domain=Domain.PUBLIC, note="only 0 and 1"
            )
        unique = len(np.unique(finite)) == len(finite) and len(finite) > _FEW_ROWS
        is_integer_type = not pd.api.types.is_float_dtype(present)
        sequential = unique and np.ptp(finite) == len(finite) - 1
        if unique and is_integer_type and (sequential or _IDENTIFIER_NAME.search(name)):
            return _identifier(
                name, missing, "whole numbers, all different, named or numbered like an identifier"
            )
        return ColumnSpec(name, Kind.INTEGER, missing, rounding=0, note="whole numbers; bounds left open")
    decimals = next((d for d in range(_MAX_DECIMALS) if _has_decimals(finite, d)), None)
    return ColumnSpec(
        name, Kind.NUMERIC, missing, rounding=decimals, note="decimal numbers; bounds left open"
    )


def _has_decimals(finite: FloatArray, decimals: int) -> bool:
    """Say whether values have so many decimals; a few values usually tell that they have more."""
    return all(
        np.allclose(part, np.round(part, decimals), rtol=0, atol=1e-9) for part in (finite[:1000], finite)
    )


def _identifier(name: str, missing: bool, note: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.IDENTIFIER, missing, role=Role.DIRECT_IDENTIFIER, note=note)


def _text(present: pd.Series, name: str, k: int, missing: bool) -> ColumnSpec:
    words = _labels(present)
    levels = set(words.unique())
    if all(_ISO_DATE.fullmatch(level) for level in levels):
        return ColumnSpec(name, Kind.DATETIME, missing, note="text in the form of ISO dates")
    if len(levels) <= 2 and {level.lower() for level in levels} <= _TRUTH:  # noqa: PLR2004 - yes and no
        return ColumnSpec(
            name,
            Kind.BOOLEAN,
            missing,
            categories=tuple(sorted(levels)),
            domain=Domain.PUBLIC,
            note="truth words",
        )
    if len(words) > _FEW_ROWS and len(levels) > 0.5 * len(words):
        if words.str.len().mean() > _TEXT_LENGTH or words.str.count(r"\s").mean() >= 2:  # noqa: PLR2004 - sentences
            return ColumnSpec(
                name, Kind.TEXT, missing, role=Role.DIRECT_IDENTIFIER, note="long text, mostly different"
            )
        return _identifier(name, missing, "text, mostly different from row to row")
    return _levels(present, name, k, missing, "repeated text")


def _labels(present: pd.Series) -> pd.Series:
    """Give the label of each value; text is its own, and need not be gone through value by value."""
    if pd.api.types.infer_dtype(present, skipna=False) == "string":
        return present.astype(object)
    return present.map(category_label)


def _levels(present: pd.Series, name: str, k: int, missing: bool, what: str) -> ColumnSpec:
    counts = _labels(present).value_counts()
    common = tuple(sorted(str(level) for level in counts.index[counts >= k]))
    rare = int((counts < k).sum())
    note = f"{what}; {len(common)} levels held by {k} rows or more"
    if rare:
        note += "; rarer levels are not listed"
    return ColumnSpec(name, Kind.CATEGORICAL, missing, categories=common, domain=Domain.FROM_DATA, note=note)
