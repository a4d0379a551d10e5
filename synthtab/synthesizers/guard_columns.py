"""What the guard does to one column: the ends of numbers, the rare ones among levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError
from synthtab.schema import POOLED_LEVEL, ColumnSpec, LabelColumn, NumberColumn
from synthtab.schema.casting import cast_columns
from synthtab.synthesizers.dtypes import value_type_of
from synthtab.synthesizers.layout import ColumnLayout
from synthtab.synthesizers.people import are_rising, count_people, number_of_people

__all__ = ["GuardedLabels", "GuardedNumbers"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FEWEST_LEVELS_TOLD = 3


@dataclass(frozen=True)
class GuardedNumbers:
    """What the guard does to a column of numbers or dates.

    Parameters
    ----------
    low, high : float
        Ends, inclusive, on the number line.
    emptied : bool, default False
        Whether the whole column becomes missing.
    told : tuple of str
        What was done, in words and in counts that are safe to print.
    """

    low: float
    high: float
    emptied: bool = False
    told: tuple[str, ...] = ()

    @classmethod
    def learn(cls, column: NumberColumn, spec: ColumnSpec, people: IntArray, k: int) -> GuardedNumbers:
        """Find the ends of a column.

        Parameters
        ----------
        column : NumberColumn
            The column.
        spec : ColumnSpec
            Its public bounds.
        people : ndarray of int, shape (n_rows,)
            Number of the person of each row.
        k : int
            Fewest people who must share an end that is not public.

        Returns
        -------
        GuardedNumbers
            The ends.
        """
        here = ~column.is_missing
        values, holders = column.values[here], people[here]
        public_low = spec.lower_number if spec.is_public else -np.inf
        public_high = spec.upper_number if spec.is_public else np.inf
        if not len(values):
            return cls(public_low, public_high)
        if number_of_people(holders) < k:
            return cls(public_low, public_high, emptied=True, told=(_emptied_text(k),))
        low = _shared_end(values, holders, k) if np.isinf(public_low) else public_low
        high = -_shared_end(-values, holders, k) if np.isinf(public_high) else public_high
        ends = [name for name, end in (("bottom", public_low), ("top", public_high)) if np.isinf(end)]
        told = [f"{' and '.join(ends)} coded where {k} people share the end"] if ends else []
        if low > high:  # fewer than 2k people: both ends meet where half of them lie on either side
            low = high = float(np.clip(np.sort(values)[len(values) // 2], public_low, public_high))
            told = [f"coded to one value: it holds a value for fewer than {2 * k} people"]
        for where, rows in (("below", values < public_low), ("above", values > public_high)):
            count = number_of_people(holders[rows])
            if count:
                told.append(f"{_people_text(count, len(people), k)} {where} the public bound brought to it")
        return cls(float(low), float(high), told=tuple(told))

    def apply(self, series: pd.Series, spec: ColumnSpec) -> pd.Series:
        """Bring a column between its ends.

        Parameters
        ----------
        series : pandas.Series
            The column.
        spec : ColumnSpec
            Its kind.

        Returns
        -------
        pandas.Series
            The column, of the same dtype; a pandas category has the levels that are left.
        """
        if self.emptied:
            return _emptied(series)
        column = cast_columns(series.to_frame(spec.name), (spec,))[spec.name]
        assert isinstance(column, NumberColumn)
        outside = (column.values < self.low) | (column.values > self.high)
        if not outside.any():
            return series
        layout = ColumnLayout.learn(series, spec)
        if isinstance(series.dtype, pd.CategoricalDtype):
            return layout.from_numbers(column.values, self.low, self.high).set_axis(series.index)
        ends = layout.from_numbers(column.values[outside], self.low, self.high)
        out = series.copy()
        out[outside] = ends.to_numpy() if out.dtype == object else ends.array
        return out

    def to_dict(self) -> dict[str, object]:
        """Write as plain values.

        Returns
        -------
        dict
            JSON-able values.
        """
        low, high = (end if np.isfinite(end) else str(end) for end in (self.low, self.high))
        return {"low": low, "high": high, "emptied": self.emptied, "told": list(self.told)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> GuardedNumbers:
        """Read from plain values.

        Parameters
        ----------
        raw : mapping
            What `to_dict` wrote.

        Returns
        -------
        GuardedNumbers
            The same.
        """
        low, high = float(str(raw["low"])), float(str(raw["high"]))
        return cls(low, high, bool(raw["emptied"]), _texts(raw["told"]))


@dataclass(frozen=True)
class GuardedLabels:
    """What the guard does to a column of levels.

    Parameters
    ----------
    kept : tuple of str
        Levels that stay: public ones, and those held by `k` people.
    otherwise : str or None
        What any other level becomes: a level, or None for missing.
    nearest : bool, default False
        Whether any other level becomes the nearest number that is kept instead.
    emptied : bool, default False
        Whether the whole column becomes missing.
    told : tuple of str
        What was done, in words and in counts that are safe to print.
    """

    kept: tuple[str, ...]
    otherwise: str | None
    nearest: bool = False
    emptied: bool = False
    told: tuple[str, ...] = ()

    @classmethod
    def learn(
        cls, column: LabelColumn, spec: ColumnSpec, people: IntArray, k: int, *, holds_text: bool
    ) -> GuardedLabels:
        """Find the levels that stay.

        Parameters
        ----------
        column : LabelColumn
            The column.
        spec : ColumnSpec
            Its public categories, and whether it may be missing.
        people : ndarray of int, shape (n_rows,)
            Number of the person of each row.
        k : int
            Fewest people who must hold a level that is not public.
        holds_text : bool
            Whether the column has room for the pool's name.

        Returns
        -------
        GuardedLabels
            The levels that stay, and what becomes of the others.

        Raises
        ------
        DataError
            When nothing can become of them.
        """
        here = ~column.is_missing
        codes, own = column.codes[here], people[here]
        holders = count_people(codes, own, len(column.levels))
        public = set(spec.public_categories)
        stays = np.array([level in public for level in column.levels], dtype=bool) | (holders >= k)
        kept = {level for level, is_kept in zip(column.levels, stays, strict=True) if is_kept}
        # public levels that nobody holds here may turn up in another table that this guard is applied to
        everything_kept = tuple(sorted(kept | public))
        if stays.all():
            pool = POOLED_LEVEL if holds_text else None
            return cls(everything_kept, pool, nearest=not holds_text and _are_numbers(kept))
        if number_of_people(own) < k:
            return cls(everything_kept, None, emptied=True, told=(_emptied_text(k),))
        n_rare, n_people = int((~stays).sum()), number_of_people(own[~stays[codes]])
        what = f"{_levels_text(n_rare, n_people, number_of_people(people), k)} held by fewer than {k} people"
        commonest = column.levels[int(np.argmax(holders))] if kept else None
        if not holds_text and _are_numbers(kept):
            return cls(
                tuple(sorted(kept)),
                None,
                nearest=True,
                told=(f"{what} merged with the nearest that is kept",),
            )
        if holds_text and n_people >= k:
            return cls(everything_kept, POOLED_LEVEL, told=(f"{what} pooled into {POOLED_LEVEL}",))
        why = f": together fewer than {k} people hold them" if n_people < k else ""
        if commonest is None or (spec.missing and holds_text):
            if not spec.missing:
                raise DataError(
                    f"No level of column {spec.name!r} is held by {k} people, nor has it room for a pool.",
                    hint="Call it an identifier, or convert it to text.",
                )
            return cls(everything_kept, None, told=(f"{what} set missing{why}",))
        return cls(everything_kept, commonest, told=(f"{what} merged with the commonest level{why}",))

    def apply(self, series: pd.Series, spec: ColumnSpec) -> pd.Series:
        """Bring a column to the levels that stay.

        Parameters
        ----------
        series : pandas.Series
            The column.
        spec : ColumnSpec
            Its kind.

        Returns
        -------
        pandas.Series
            The column, of the same dtype; a pandas category loses the names of other levels and gains the
            pool.
        """
        if self.emptied:
            return _emptied(series)
        column = cast_columns(series.to_frame(spec.name), (spec,))[spec.name]
        assert isinstance(column, LabelColumn)
        kept = set(self.kept)
        is_changed = not kept.issuperset(column.levels)
        layout = ColumnLayout.learn(series, spec)
        if layout.categories is not None:
            layout = self._narrowed(layout, with_pool=is_changed)
        elif not is_changed:
            return series
        becomes = [level if level in kept else self._other(level) for level in column.levels]
        levels = tuple(sorted({level for level in becomes if level is not None}))
        place = {level: index for index, level in enumerate(levels)}
        codes = np.array([-1 if level is None else place[level] for level in becomes] + [-1], dtype=np.int64)
        return layout.from_labels(LabelColumn(codes[column.codes], levels)).set_axis(series.index)

    def to_dict(self) -> dict[str, object]:
        """Write as plain values.

        Returns
        -------
        dict
            JSON-able values.
        """
        return {
            "kept": list(self.kept),
            "otherwise": self.otherwise,
            "nearest": self.nearest,
            "emptied": self.emptied,
            "told": list(self.told),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> GuardedLabels:
        """Read from plain values.

        Parameters
        ----------
        raw : mapping
            What `to_dict` wrote.

        Returns
        -------
        GuardedLabels
            The same.
        """
        otherwise = None if raw["otherwise"] is None else str(raw["otherwise"])
        return cls(
            _texts(raw["kept"]), otherwise, bool(raw["nearest"]), bool(raw["emptied"]), _texts(raw["told"])
        )

    def _other(self, level: str) -> str | None:
        if not self.nearest or not self.kept or not _are_numbers({level}):
            return self.otherwise
        places = np.array([float(other) for other in self.kept])
        return self.kept[int(np.argmin(np.abs(places - float(level))))]

    def _narrowed(self, layout: ColumnLayout, *, with_pool: bool) -> ColumnLayout:
        """Take the names of levels that are not kept out of a pandas category, and let the pool in."""
        kept = set(self.kept)
        listed = tuple(level for level in layout.categories or () if level in kept)
        if not with_pool or self.otherwise is None or self.otherwise in kept:
            return replace(layout, categories=listed)
        # numbers beside a pool's name are objects, but numbers still
        kind = (
            layout.value_type if layout.category_dtype == "object" else value_type_of(layout.category_dtype)
        )
        return replace(layout, categories=(*listed, self.otherwise), category_dtype="object", value_type=kind)


def _shared_end(values: FloatArray, holders: IntArray, k: int) -> float:
    """Give the value that the k-th different person holds, counted from the lowest."""
    if are_rising(holders):
        return float(np.partition(values, k - 1)[k - 1])
    order = np.argsort(values, kind="stable")
    _, first = np.unique(holders[order], return_index=True)
    return float(values[order[np.sort(first)[k - 1]]])


def _are_numbers(labels: set[str]) -> bool:
    try:
        return bool(labels) and all(np.isfinite(float(label)) for label in labels)
    except ValueError:
        return False


def _emptied(series: pd.Series) -> pd.Series:
    if isinstance(series.dtype, pd.CategoricalDtype):
        empty = pd.CategoricalDtype(series.cat.categories[:0], ordered=series.cat.ordered)
        return pd.Series(
            pd.Categorical.from_codes([-1] * len(series), dtype=empty), series.index, name=series.name
        )
    gone = series[series.isna()]
    marker = gone.iloc[0] if len(gone) else None
    return pd.Series([marker] * len(series), index=series.index, dtype=series.dtype, name=series.name)


def _emptied_text(k: int) -> str:
    return f"emptied: it holds a value for fewer than {k} people"


def _people_text(count: int, total: int, k: int) -> str:
    return f"{count} people" if count >= k and total - count >= k else "a few people"


def _levels_text(n_levels: int, n_people: int, total: int, k: int) -> str:
    if n_levels >= _FEWEST_LEVELS_TOLD and n_people >= k and total - n_people >= k:
        return f"{n_levels} levels ({n_people} people in all) each"
    return "levels"


def _texts(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise TypeError
    return tuple(str(item) for item in raw)
