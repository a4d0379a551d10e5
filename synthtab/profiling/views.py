"""Views: a number column read as a few named cells, such as weekdays or last digits.

Quantile cells cannot show that people round their weight to fives, or that nobody is seen on Sundays. A view
can, and costs a dozen counts a column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.schema import Kind
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["BETWEEN", "ViewPlan", "grid_unit", "plan_views"]

BETWEEN = "between"
"""Label of the cell for values that do not lie on the column's grid."""

MIN_DISTINCT = 20
MIN_ON_GRID = 0.995
_UNITS = tuple(float(f"1e{power}") for power in range(6, -7, -1))
_PROBE = 200
_CLEARLY_OFF = 0.9
_DAY = 86_400.0
_HOUR = 3_600.0
# beyond this many steps a float no longer tells neighbours on a decimal grid apart
_MOST_STEPS = 1e13
_SLIP = 1e-9
_ROUNDING = 4 * float(np.finfo(float).eps)
# three million years: further out, days no longer fit the calendar's whole numbers
_FURTHEST = 1e14
_THURSDAY = 3  # weekday of 1970-01-01, Monday being 0

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
HOURS = tuple(str(hour) for hour in range(24))
DIGITS = (*(str(digit) for digit in range(10)), BETWEEN)


@dataclass(frozen=True, eq=False)
class ViewPlan:
    """How one number column is read as few named cells.

    Parameters
    ----------
    column : int
        Position of the column among the plan's columns.
    part : str
        What of the value is shown: ``"weekday"``, ``"month"``, ``"hour"`` or ``"digit"``.
    labels : tuple of str
        Names of the cells, in order.
    unit : float
        For digits, the step of the column's grid, a power of ten; otherwise 0.
    """

    column: int
    part: str
    labels: tuple[str, ...]
    unit: float

    def encode(self, values: FloatArray) -> IntArray:
        """Give each value its cell.

        Parameters
        ----------
        values : ndarray of float, shape (n_rows,)
            Values; datetimes as seconds since 1970 UTC.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Position in `labels`; -1 where missing or infinite, or a date too far out for a calendar.

        Examples
        --------
        >>> view = ViewPlan(0, "digit", DIGITS, 1.0)
        >>> view.encode(np.array([70.0, -13.0, 2.5, np.nan])).tolist()
        [0, 3, 10, -1]
        """
        if self.part == "digit":
            usable = np.isfinite(values)
            steps, on_grid = _steps(np.where(usable, values, 0.0), self.unit)
            cells = np.where(on_grid, np.abs(steps) % 10, len(self.labels) - 1)
        else:
            usable = np.abs(values) < _FURTHEST
            seconds = np.where(usable, values, 0.0)
            days = np.floor(seconds / _DAY)
            if self.part == "weekday":
                cells = (days + _THURSDAY) % 7
            elif self.part == "month":
                months = days.astype(np.int64).astype("datetime64[D]").astype("datetime64[M]")
                cells = months.astype(np.int64) % 12
            else:
                cells = (seconds - days * _DAY) // _HOUR
        return np.where(usable, cells, -1).astype(np.int64)

    @property
    def multiples_of_five(self) -> npt.NDArray[np.bool_]:
        """Which cells hold multiples of five steps of the grid; none for parts of a date."""
        return np.array([self.part == "digit" and label in ("0", "5") for label in self.labels])

    @property
    def multiples_of_ten(self) -> npt.NDArray[np.bool_]:
        """Which cells hold multiples of ten steps of the grid; none for parts of a date."""
        return np.array([self.part == "digit" and label == "0" for label in self.labels])


def plan_views(column: int, kind: Kind, distinct: FloatArray, counts: IntArray) -> tuple[ViewPlan, ...]:
    """Choose the views of one number column from its reference values.

    Parameters
    ----------
    column : int
        Position of the column among the plan's columns.
    kind : Kind
        Kind of the column.
    distinct : ndarray of float, shape (n_distinct,)
        Distinct finite reference values, rising.
    counts : ndarray of int, shape (n_distinct,)
        Rows that hold each.

    Returns
    -------
    tuple of ViewPlan
        Weekday and month of a datetime, and its hour unless all values are midnight; the last digit of other
        numbers that have a grid and at least 20 distinct values.
    """
    if kind is Kind.DATETIME:
        if not len(distinct):
            return ()
        views = [ViewPlan(column, "weekday", WEEKDAYS, 0.0), ViewPlan(column, "month", MONTHS, 0.0)]
        if np.any(distinct % _DAY != 0):
            views.append(ViewPlan(column, "hour", HOURS, 0.0))
        return tuple(views)
    if len(distinct) < MIN_DISTINCT:
        return ()
    unit = grid_unit(distinct, counts)
    return () if unit is None else (ViewPlan(column, "digit", DIGITS, unit),)


def grid_unit(distinct: FloatArray, counts: IntArray) -> float | None:
    """Give the power of ten that values are rounded to.

    Parameters
    ----------
    distinct : ndarray of float, shape (n_distinct,)
        Distinct finite values.
    counts : ndarray of int, shape (n_distinct,)
        Rows that hold each.

    Returns
    -------
    float or None
        The largest of 1e6, 1e5 … 1e-6 of which at least 99.5 % of the rows hold a multiple; zeros, which are
        multiples of everything, are not asked. None when there is none.

    Examples
    --------
    >>> grid_unit(np.array([70.0, 75.0, 81.5]), np.array([50, 40, 10]))
    0.1
    """
    held = distinct != 0
    values, rows = distinct[held], counts[held]
    if not len(values):
        return None
    filled = np.cumsum(rows)
    probe = values[np.searchsorted(filled, (np.arange(_PROBE) + 0.5) * (filled[-1] / _PROBE))]
    for unit in _UNITS:
        # a few hundred rows settle nearly every unit that does not fit
        if _steps(probe, unit)[1].mean() < _CLEARLY_OFF:
            continue
        if rows @ _steps(values, unit)[1] >= MIN_ON_GRID * rows.sum():
            return unit
    return None


def _steps(values: FloatArray, unit: float) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Give the nearest whole number of steps of each finite value, and whether it lies there."""
    # a product with 100.0 is one rounding, a division by 0.01 two
    with np.errstate(over="ignore"):
        exact = values * np.round(1.0 / unit) if unit < 1 else values / unit
    steps = np.rint(exact)
    size = np.abs(exact)
    with np.errstate(invalid="ignore"):
        # a small slip of earlier sums is forgiven, but what is tiny beside the step is not zero
        slip = _SLIP * np.minimum(size, 1.0) + _ROUNDING * size
        on_grid = (np.abs(exact - steps) <= slip) & (size < _MOST_STEPS)
    return np.where(on_grid, steps, 0.0), on_grid
