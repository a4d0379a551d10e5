"""Baselines that an audit is measured with: independent columns, a row bootstrap, a multivariate normal."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError, FitError, SavedModelError, SpecError
from synthtab.schema import CastTable, LabelColumn, NumberColumn, TableSchema
from synthtab.seeding import derive_seed, generator
from synthtab.synthesizers.base import FittedTable, ModelState, Synthesizer, refuse_unusable
from synthtab.synthesizers.descent import descend
from synthtab.synthesizers.guard import FittedGuard, Guard
from synthtab.synthesizers.layout import ColumnLayout
from synthtab.synthesizers.normal_scores import NormalScores, checked_quantiles
from synthtab.synthesizers.state import facts_of, listed

__all__ = ["GaussianSynthesizer", "IndependentSynthesizer", "ResamplerSynthesizer"]

FloatArray = npt.NDArray[np.float64]


class IndependentSynthesizer(Synthesizer):
    """Draw each column by itself: every marginal kept, every dependence lost.

    Levels come with their frequencies, numbers by the quantile function of `NormalScores`, missing values at
    their rate.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table.
    seed : int, default 0
        Seed of the fit, and of `sample` when it is given none.
    guard : bool or Guard, default True
        Whether, and with which `k`, the guard runs.
    quantiles : int, default 100
        Knots of a number's quantile function, besides its ends and heaps.
    """

    name: ClassVar[str] = "independent"

    def __init__(
        self, schema: TableSchema, *, seed: int = 0, guard: bool | Guard = True, quantiles: int = 100
    ) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        self.quantiles = checked_quantiles(quantiles, self.name)
        self._marginals: dict[str, tuple[float, NormalScores | tuple[tuple[str, ...], FloatArray]]] = {}

    def _fit(self, table: CastTable, seed: int) -> None:  # noqa: ARG002 - counting needs no seed
        self._marginals = {}
        for name, column in table.columns.items():
            missing = float(column.is_missing.mean())
            if isinstance(column, NumberColumn):
                self._marginals[name] = (
                    missing,
                    NormalScores.fit(column.values, self.people, quantiles=self.quantiles),
                )
            else:
                counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
                self._marginals[name] = missing, (column.levels, np.cumsum(counts) / counts.sum())

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        columns: dict[str, NumberColumn | LabelColumn] = {}
        for name, (share_missing, marginal) in self._marginals.items():
            draws = generator(seed, name)
            shares, missing = draws.random(n_rows), draws.random(n_rows) < share_missing
            if isinstance(marginal, NormalScores):
                columns[name] = NumberColumn(np.where(missing, np.nan, marginal.quantile(shares)))
            else:
                levels, upto = marginal
                codes = np.minimum(np.searchsorted(upto, shares, side="right"), len(levels) - 1)
                columns[name] = LabelColumn(np.where(missing, -1, codes).astype(np.int64), levels)
        return CastTable(columns, n_rows)

    def _state(self) -> ModelState:
        columns: list[dict[str, object]] = []
        arrays: dict[str, FloatArray] = {}
        for position, (name, (missing, marginal)) in enumerate(self._marginals.items()):
            if isinstance(marginal, NormalScores):
                columns.append({"name": name, "missing": missing})
                arrays[f"shares {position}"], arrays[f"values {position}"] = marginal.shares, marginal.values
            else:
                columns.append({"name": name, "missing": missing, "levels": list(marginal[0])})
                arrays[f"upto {position}"] = marginal[1]
        return ModelState({"columns": columns}, arrays)

    def _restore(self, state: ModelState) -> None:
        self._marginals = {}
        for position, column in enumerate(listed(state.facts, "columns")):
            facts, arrays = facts_of(column), state.arrays
            if "levels" in facts:
                upto = np.asarray(arrays[f"upto {position}"], dtype=np.float64)
                marginal: NormalScores | tuple[tuple[str, ...], FloatArray] = (
                    tuple(str(level) for level in listed(facts, "levels")),
                    upto,
                )
            else:
                marginal = NormalScores(
                    np.asarray(arrays[f"shares {position}"], dtype=np.float64),
                    np.asarray(arrays[f"values {position}"], dtype=np.float64),
                )
            self._marginals[str(facts["name"])] = float(str(facts["missing"])), marginal


class ResamplerSynthesizer(Synthesizer):
    """Draw training rows with replacement: perfect fidelity, no privacy. An instrument, never a release.

    Rows stay whole: identifiers, free text and rare values come out as they went in. There is no guard, and
    `save` refuses, because the model is its training rows.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table.
    seed : int, default 0
        Seed of `sample` when it is given none.
    guard : bool or Guard, default True
        Taken for the sake of one signature; an instrument has no guard.
    """

    name: ClassVar[str] = "resampler"
    is_instrument: ClassVar[bool] = True

    def __init__(self, schema: TableSchema, *, seed: int = 0, guard: bool | Guard = True) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        self._rows = pd.DataFrame()

    @property
    def has_model(self) -> bool:
        """Always true: the rows are the model."""
        return True

    def fit(
        self, frame: pd.DataFrame, *, max_generation: int | None = None, lineage_key: str | None = None
    ) -> Self:
        """Keep the rows.

        Parameters
        ----------
        frame : pandas.DataFrame, shape (n_rows, n_columns)
            The table; exactly the columns of the schema, in any order.
        max_generation : int, optional
            The last generation that what is drawn may be of; real rows give generation 1.
        lineage_key : str, optional
            Key of the HMAC by which samples name the real table.

        Returns
        -------
        Self
            This synthesizer.

        Raises
        ------
        DataError
            When the table cannot be used.
        GenerationError
            When what would be drawn is of a later generation than `max_generation`.
        """
        self._fitted, self._draws = None, {}
        refuse_unusable(frame, self.schema)
        lineage, _ = descend(self, frame, max_generation, lineage_key)
        self._rows = frame.reset_index(drop=True).copy()
        layouts = tuple(ColumnLayout(str(name), str(dtype)) for name, dtype in frame.dtypes.items())
        guard = FittedGuard.fit(frame, self.schema, None)
        self._fitted = FittedTable(layouts, {}, guard, len(frame), lineage)
        return self

    def sample(self, n: int, seed: int | None = None) -> pd.DataFrame:
        """Draw rows with replacement.

        Parameters
        ----------
        n : int
            Number of rows, 0 or more.
        seed : int, optional
            The same seed gives the same rows.

        Returns
        -------
        pandas.DataFrame, shape (n, n_columns)
            Training rows.
        """
        stream = self._stream(n, seed)
        rows = generator(stream, "rows").integers(self.fitted.n_rows, size=n)
        return self._marked(self._rows.iloc[rows].reset_index(drop=True), seed)

    def _fit(self, table: CastTable, seed: int) -> None:
        raise NotImplementedError

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        raise NotImplementedError

    def _state(self) -> ModelState:
        raise SavedModelError(
            "The resampler is its training rows: a saved one would give them away.",
            hint="Fit it again where it is needed, or save another synthesizer.",
        )

    def _restore(self, state: ModelState) -> None:  # noqa: ARG002 - nothing can have been saved
        self._state()


class GaussianSynthesizer(Synthesizer):
    """Draw from the normal distribution with the table's mean and covariance. An instrument for exact tests.

    Samples are N(mean, covariance) without rounding, clipping or guard, and float64 whatever the dtype was.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table; every modelled column must be numeric.
    seed : int, default 0
        Seed of `sample` when it is given none.
    guard : bool or Guard, default True
        Taken for the sake of one signature; an instrument has no guard.
    ddof : int, default 1
        The covariance is divided by n − ddof: 1 gives the unbiased estimate, 0 the likelihood's maximum.

    Attributes
    ----------
    mean : ndarray of float, shape (n_modelled,)
        Means, in schema order.
    covariance : ndarray of float, shape (n_modelled, n_modelled)
        Covariances.
    """

    name: ClassVar[str] = "gaussian"
    is_instrument: ClassVar[bool] = True
    keeps_numbers_raw: ClassVar[bool] = True
    models_constants: ClassVar[bool] = True
    takes_weights: ClassVar[bool] = True

    def __init__(
        self, schema: TableSchema, *, seed: int = 0, guard: bool | Guard = True, ddof: int = 1
    ) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        if ddof not in (0, 1):
            raise SpecError(f"{self.name}: ddof must be 0 or 1.")
        self.ddof = ddof
        self.mean: FloatArray = np.zeros(0)
        self.covariance: FloatArray = np.zeros((0, 0))
        self._names: tuple[str, ...] = ()

    def _fit(self, table: CastTable, seed: int) -> None:  # noqa: ARG002 - moments need no seed
        for name, column in table.columns.items():
            if isinstance(column, LabelColumn):
                raise DataError(
                    f"{self.name}: column {name!r} holds levels.", hint="Give numeric columns only."
                )
            if column.is_missing.any():
                raise DataError(
                    f"{self.name}: column {name!r} holds missing values.", hint="Drop or fill them."
                )
        if table.n_rows <= self.ddof:
            raise FitError(f"{self.name}: one row has no covariance.", hint="Give two rows, or ddof=0.")
        self._names = tuple(table.columns)
        rows = np.column_stack([table.number(name).values for name in self._names])
        weights = np.ones(table.n_rows) if self.row_weights is None else self.row_weights
        total = weights.sum()
        self.mean = weights @ rows / total
        centred = rows - self.mean
        self.covariance = (centred.T * weights) @ centred / (total - self.ddof)

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        # eigenvectors, not Cholesky: constant or collinear columns make the matrix singular
        variances, directions = np.linalg.eigh(self.covariance)
        root = directions * np.sqrt(np.maximum(variances, 0.0))
        normal = generator(derive_seed(seed, "normal")).standard_normal((n_rows, len(self._names)))
        rows = self.mean + normal @ root.T
        return CastTable(
            {name: NumberColumn(rows[:, i].copy()) for i, name in enumerate(self._names)}, n_rows
        )

    def _state(self) -> ModelState:
        return ModelState({"names": list(self._names)}, {"mean": self.mean, "covariance": self.covariance})

    def _restore(self, state: ModelState) -> None:
        self._names = tuple(str(name) for name in listed(state.facts, "names"))
        self.mean = np.asarray(state.arrays["mean"], dtype=np.float64)
        self.covariance = np.asarray(state.arrays["covariance"], dtype=np.float64)
