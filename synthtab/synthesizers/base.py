"""Synthesizer: what every synthesizer does the same way, and the four methods in which they differ.

How to subclass
---------------
``fit`` and ``sample`` are template methods of this class. They validate, run the guard, bring columns to
their canonical kinds, take away what needs no model (identifiers, free text, constant and all-missing
columns), seed and silence what is called, translate errors, and give the sample the columns, order, dtypes
and missing markers of the table that was fitted. A subclass sees none of that. It says:

``name``
    Its registered name (class attribute).
``__init__(self, schema, *, seed=0, guard=True, <own parameters>)``
    Calls ``super().__init__(schema, seed=seed, guard=guard)`` and stores each own parameter in an attribute
    of the same name (``self.epochs = epochs``): ``spec`` is read from the signature. Parameters are text,
    numbers, truth values or None. A bad value is a `SpecError` here, not at fit.
``_prepare(self)``
    Optional. Import heavy libraries here, by `synthtab.synthesizers.quiet.import_sdv` for SDV: it runs
    *before* seeds and thread limits are set, which only reach libraries that are loaded already.
``_fit(self, table, seed)``
    Learn a `CastTable`: each column a `NumberColumn` (float64, NaN is missing, datetimes in seconds) or a
    `LabelColumn` (codes into sorted text levels, -1 is missing), at least one column and one row, none
    constant, none all missing, nothing infinite; the guard has run. Global random state of NumPy, Python and
    torch is seeded around the call and restored, one native thread is set, logs and warnings are silenced,
    joblib starts no workers. Specs of the columns (bounds, public categories, order): ``self.schema[name]``.
    ``self.people`` numbers the person of each row: what counts people must count these, not rows. Long fits
    report to `synthtab.progress.current_progress`.
``_sample(self, n_rows, seed)``
    Give a `CastTable` with the same columns and `n_rows` ≥ 1 rows, out of `seed` alone: the same numbers
    after `save` and `load`. Levels may be any superset of those that were fitted; numbers need no rounding or
    clipping.
``_state(self)`` and ``_restore(self, state)``
    The fitted model as a `ModelState`: JSON-able facts and NumPy arrays (a torch state dict becomes
    ``{name: tensor.numpy()}``), and back. No training row may be in it. Only an ``as_sdv`` model may fill
    ``pickled``; loading it then asks for ``trusted=True``.

Normal scores of numbers: `synthtab.synthesizers.normal_scores.NormalScores`.
"""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError, FitError, NotFittedError, SpecError, SynthtabError
from synthtab.lineage import Draw, Lineage, attach_lineage
from synthtab.results import GuardAction
from synthtab.schema import CastTable, LabelColumn, NumberColumn, TableSchema
from synthtab.schema.casting import cast_columns, require_columns
from synthtab.schema.columns import ColumnSpec, Kind
from synthtab.seeding import derive_seed, generator, isolated_random_state, one_native_thread
from synthtab.specs import Parameter, SynthesizerSpec
from synthtab.synthesizers.descent import descend
from synthtab.synthesizers.dtypes import refuse_odd
from synthtab.synthesizers.guard import FittedGuard, Guard, learned_columns
from synthtab.synthesizers.layout import ColumnLayout
from synthtab.synthesizers.people import people_of
from synthtab.synthesizers.quiet import silenced
from synthtab.synthesizers.state import ModelState

__all__ = ["DEBUG_VARIABLE", "FittedTable", "ModelState", "Synthesizer", "parameters_of", "refuse_unusable"]

DEBUG_VARIABLE = "SYNTHTAB_DEBUG"

_COMMON = frozenset({"self", "schema", "seed", "guard"})
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class FittedTable:
    """What is remembered about the table that was fitted, apart from the model.

    Parameters
    ----------
    layouts : tuple of ColumnLayout
        One for each column, in the order of the table.
    constants : mapping of str to float, str or None
        Columns that hold one value in every row; None is missing.
    guard : FittedGuard
        The guard, as fitted on the real rows.
    n_rows : int
        Rows that were fitted.
    lineage : Lineage
        That of what is sampled; rows, seed and number of the draw are still to be filled in.
    """

    layouts: tuple[ColumnLayout, ...]
    constants: Mapping[str, float | str | None]
    guard: FittedGuard
    n_rows: int
    lineage: Lineage


class Synthesizer(ABC):
    """Learn a table, then give rows that look like it.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table.
    seed : int, default 0
        Seed of the fit, and of `sample` when it is given none.
    guard : bool or Guard, default True
        Whether, and with which `k`, the guard runs on the rows before they are learned. It never runs on rows
        whose lineage says that they were guarded before. Switch it off only for rows that need no protection.
    """

    name: ClassVar[str]
    is_instrument: ClassVar[bool] = False
    """Whether this measures rather than releases: no guard, never releasable."""
    keeps_numbers_raw: ClassVar[bool] = False
    """Whether sampled numbers stay as the model drew them: float64, neither rounded nor clipped."""
    models_constants: ClassVar[bool] = False
    """Whether `_fit` is given constant and all-missing columns too."""
    takes_weights: ClassVar[bool] = False
    """Whether `_fit` heeds `row_weights`; who needs weights elsewhere repeats rows."""

    def __init__(self, schema: TableSchema, *, seed: int = 0, guard: bool | Guard = True) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise SpecError("The seed must be a whole number, 0 or more.")
        if not isinstance(guard, bool | Guard):
            raise SpecError("The guard must be True, False or a Guard.", hint="Write guard=Guard(k=20).")
        self.schema = schema
        self.seed = int(seed)
        wanted = Guard() if guard is True else guard
        self.guard_config: Guard | None = (
            wanted if isinstance(wanted, Guard) and not self.is_instrument else None
        )
        self._fitted: FittedTable | None = None
        self._draws: dict[Draw, None] = {}
        self.people: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.row_weights: npt.NDArray[np.float64] | None = None

    # ---------------------------------------------------------------- what a subclass says

    def _prepare(self) -> None:  # noqa: B027 - optional: most synthesizers have nothing heavy to import
        """Import what `_fit` and `_sample` need, before seeds and thread limits are set."""

    @abstractmethod
    def _fit(self, table: CastTable, seed: int) -> None:
        """Learn the modelled columns."""

    @abstractmethod
    def _sample(self, n_rows: int, seed: int) -> CastTable:
        """Draw rows of the modelled columns."""

    @abstractmethod
    def _state(self) -> ModelState:
        """Give the fitted model as plain data."""

    @abstractmethod
    def _restore(self, state: ModelState) -> None:
        """Take a fitted model back from plain data."""

    # ---------------------------------------------------------------- the public face

    @property
    def spec(self) -> SynthesizerSpec:
        """Name and those parameters that differ from their defaults."""
        own = {name: getattr(self, name) for name in parameters_of(type(self))}
        defaults = parameters_of(type(self))
        return SynthesizerSpec(
            self.name, {name: value for name, value in own.items() if value != defaults[name]}
        )

    @property
    def guard(self) -> FittedGuard:
        """The guard as fitted; it changes nothing when the guard is off."""
        return self.fitted.guard

    @property
    def guard_report(self) -> tuple[GuardAction, ...]:
        """What the guard did, in counts that are safe to print."""
        return self.fitted.guard.actions

    @property
    def releasable(self) -> bool:
        """Whether samples may leave the house as far as the guard is concerned; an audit says the rest."""
        if self._fitted is not None:
            return self._fitted.lineage.releasable
        return self.guard_config is not None and not self.is_instrument

    @property
    def draws(self) -> tuple[Draw, ...]:
        """Distinct tables drawn since the fit, in the order of the first draw; a saved model keeps them."""
        return tuple(self._draws)

    @property
    def fitted(self) -> FittedTable:
        """What is remembered about the fitted table."""
        if self._fitted is None:
            raise NotFittedError(
                f"This {self.name} synthesizer has not been fitted.", hint="Call fit(frame) first."
            )
        return self._fitted

    @property
    def has_model(self) -> bool:
        """Whether any column needed a model; else all are constant, missing or surrogates."""
        return len(self.fitted.constants) < len(learned_columns(self.schema))

    def fit(
        self, frame: pd.DataFrame, *, max_generation: int | None = None, lineage_key: str | None = None
    ) -> Self:
        """Learn a table; one that says it is synthetic is learned with a warning that names its generation.

        Parameters
        ----------
        frame : pandas.DataFrame, shape (n_rows, n_columns)
            The table; exactly the columns of the schema, in any order.
        max_generation : int, optional
            The last generation that what is learned may be of; real rows give generation 1.
        lineage_key : str, optional
            Key of the HMAC by which samples name the real table; by default that in the environment variable
            ``SYNTHTAB_LINEAGE_KEY``, if there is one.

        Returns
        -------
        Self
            This synthesizer.

        Raises
        ------
        DataError
            When the table cannot be used: no rows, missing, doubled or unknown columns, infinite values.
        GenerationError
            When what would be learned is of a later generation than `max_generation`.
        FitError
            When the model cannot learn it; the message holds no value of the table.
        """
        self._fitted, self._draws = None, {}
        refuse_unusable(frame, self.schema)
        lineage, config = descend(self, frame, max_generation, lineage_key)
        guard = FittedGuard.fit(frame, self.schema, config)
        guarded = guard.apply(frame)
        columns = learned_columns(self.schema)
        layouts = tuple(
            ColumnLayout.learn(guarded[name] if name in guarded else frame[name], self.schema[name])
            for name in frame.columns
        )
        table = cast_columns(guarded, columns)
        constants: dict[str, float | str | None] = {}
        if not self.models_constants:
            constants = {name: value for name in table.columns for value in _constant(table[name])}
        modelled = CastTable(
            {name: column for name, column in table.columns.items() if name not in constants}, table.n_rows
        )
        if modelled.columns:
            seed = derive_seed(self.seed, "fit", self.name)
            self.people = people_of(frame, self.schema)
            try:
                self._guarded_call("learn the table", seed, lambda: self._fit(modelled, seed))
            finally:
                self.people = np.zeros(0, dtype=np.int64)
        self._fitted = FittedTable(layouts, constants, guard, len(frame), lineage)
        return self

    def sample(self, n: int, seed: int | None = None) -> pd.DataFrame:
        """Draw synthetic rows.

        Parameters
        ----------
        n : int
            Number of rows, 0 or more.
        seed : int, optional
            The same seed gives the same rows; by default a seed that belongs to the synthesizer's own.

        Returns
        -------
        pandas.DataFrame, shape (n, n_columns)
            The columns, order, dtypes and missing markers of the fitted table; identifiers and free text are
            random surrogates. `lineage_of` tells where they come from.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        fitted = self.fitted
        stream = self._stream(n, seed)
        columns: dict[str, NumberColumn | LabelColumn] = {
            name: _repeated(value, int(n), self.schema[name]) for name, value in fitted.constants.items()
        }
        if self.has_model:
            # one row is drawn even when none is asked for, so that the dtypes can be seen
            drawn = self._guarded_call("be sampled", stream, lambda: self._sample(max(int(n), 1), stream))
            columns |= drawn.take(np.arange(int(n))).columns
        return self._marked(self._dressed(columns, int(n), stream), seed)

    def save(self, path: str | Path) -> Path:
        """Write the fitted model to one file.

        Parameters
        ----------
        path : str or Path
            The file; it is replaced at once or not at all.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        from synthtab.synthesizers.persistence import save_model

        return save_model(self, path)

    # ---------------------------------------------------------------- inside

    def _marked(self, frame: pd.DataFrame, seed: int | None) -> pd.DataFrame:
        """Count a draw, and let its rows carry their lineage."""
        draw = Draw(len(frame), None if seed is None else int(seed))
        self._draws.setdefault(draw)
        lineage = replace(
            self.fitted.lineage, rows=draw.rows, sample_seed=draw.seed, releases=len(self._draws)
        )
        return attach_lineage(frame, lineage)

    def _stream(self, n: int, seed: int | None) -> int:
        """Check what `sample` was asked for, and give the seed of its draws."""
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
            raise SpecError("The number of rows to sample must be a whole number, 0 or more.")
        if seed is not None and (
            isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0
        ):
            raise SpecError("The seed must be a whole number, 0 or more.")
        own = derive_seed(self.seed, "default sample") if seed is None else int(seed)
        return derive_seed(own, "sample", self.name)

    def _dressed(
        self, columns: Mapping[str, NumberColumn | LabelColumn], n_rows: int, seed: int
    ) -> pd.DataFrame:
        series: dict[str, pd.Series] = {}
        for layout in self.fitted.layouts:
            spec = self.schema[layout.name]
            column = columns.get(layout.name)
            if column is None:
                series[layout.name] = layout.surrogates(
                    spec, n_rows, generator(seed, "surrogate", layout.name)
                )
            elif isinstance(column, LabelColumn):
                series[layout.name] = layout.from_labels(column)
            elif self.keeps_numbers_raw:
                series[layout.name] = pd.Series(column.values, dtype=np.float64)
            else:
                low, high = self.fitted.guard.bounds(layout.name, spec)
                series[layout.name] = layout.from_numbers(column.values, low, high)
        return pd.DataFrame(
            series, columns=[layout.name for layout in self.fitted.layouts], index=range(n_rows)
        )

    def _guarded_call(self, what: str, seed: int, call: Callable[[], _Result]) -> _Result:
        """Call a model seeded, silenced and on one thread; its errors lose every value of the table."""
        failure: SynthtabError
        self._prepare()
        try:
            with silenced(), one_native_thread(), isolated_random_state(seed):
                return call()
        except SynthtabError:
            raise
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                raise FitError(f"{self.name} could not {what}.") from error
            failure = _without_values(error, self.name, self.schema, what)
        # raised out here, so that not even __context__ holds the original
        raise failure


def parameters_of(kind: type[Synthesizer]) -> dict[str, Parameter]:
    """List the parameters of a synthesizer class.

    Parameters
    ----------
    kind : type of Synthesizer
        The class.

    Returns
    -------
    dict of str to str, int, float, bool or None
        Name and default of each own parameter.
    """
    signature = inspect.signature(kind.__init__)
    return {name: item.default for name, item in signature.parameters.items() if name not in _COMMON}


def refuse_unusable(frame: pd.DataFrame, schema: TableSchema) -> None:
    """Refuse a table that no synthesizer can learn.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    schema : TableSchema
        Its schema.

    Raises
    ------
    DataError
        Naming the column and the rule, never a value.
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"Expected a pandas DataFrame, got {type(frame).__name__}.")
    require_columns(frame, schema.columns, "given")
    unknown = [name for name in frame.columns if name not in schema]
    if unknown:
        raise DataError(
            f"The given table has a column {unknown[0]!r} that the schema lacks.",
            hint="Add it to the schema, or drop it from the table.",
        )
    if not len(frame) or not len(frame.columns):
        raise DataError("The given table is empty.", hint="Fitting needs at least one row and one column.")
    for column in learned_columns(schema):
        series = frame[column.name]
        refuse_odd(series, column)
        cast = cast_columns(series.to_frame(), (column,))[column.name]
        if isinstance(cast, NumberColumn):
            if np.isinf(cast.values).any():
                raise DataError(
                    f"Column {column.name!r} holds infinite values.",
                    hint="Replace them by missing values or numbers.",
                )
            if cast.unreadable:
                what = "dates" if column.kind is Kind.DATETIME else "numbers"
                raise DataError(
                    f"Column {column.name!r} holds values that are no {what}.",
                    hint="Correct them, or change the column's kind in the schema.",
                )


def _constant(column: NumberColumn | LabelColumn) -> tuple[float | str | None, ...]:
    """Give the one value of a column that needs no model, or nothing."""
    missing = column.is_missing
    if missing.all():
        return (None,)
    if missing.any():
        return ()
    if isinstance(column, LabelColumn):
        return (column.levels[0],) if len(column.levels) == 1 else ()
    first = float(column.values[0])
    return (first,) if bool((column.values == first).all()) else ()


def _repeated(value: float | str | None, n_rows: int, spec: ColumnSpec) -> NumberColumn | LabelColumn:
    if spec.kind.is_label:
        code, levels = (-1, ()) if value is None else (0, (str(value),))
        return LabelColumn(np.full(n_rows, code, dtype=np.int64), levels)
    return NumberColumn(np.full(n_rows, np.nan if value is None else float(value)))


def _without_values(error: Exception, name: str, schema: TableSchema, what: str) -> FitError:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot show itself still has a kind
        text = ""
    mentioned = [column for column in schema.names if f"'{column}'" in text or f'"{column}"' in text]
    where = f" (column {mentioned[0]!r})" if mentioned else ""
    return FitError(
        f"{name} could not {what}: {type(error).__name__}{where}.",
        hint=f"Set {DEBUG_VARIABLE}=1 to see the library's own message; it may show values of the table.",
    )
