"""A Gaussian copula over mixed columns with missing values: scores to fit it on, and a sampler.

Every column is seen through one latent standard normal dimension, and so is whether it is missing:

* Numbers by their normal scores (`NormalScores`).
* Levels by intervals of the normal line whose masses are their frequencies. Levels are laid on the line in
  their own order, or, where they have none, along the direction in which they differ most on the other
  columns. In fitting, a level stands at the mean of its interval; standardised, the scores then give the
  correlation of the latent dimensions and not one that is diluted by noise inside the intervals (polyserial
  correlation by scoring [1]_).
* Missingness likewise, as two levels. Its rate may depend on one *parent*: a column of levels or another
  column's missingness, whichever tells most about it. Rows missing by design (no age at diagnosis without a
  diagnosis; one blood sample, five results) so stay missing together, exactly.

References
----------
.. [1] Olsson, U., Drasgow, F., Dorans, N. J. (1982). The polyserial correlation coefficient. Psychometrika
  47.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.schema import CastTable, Kind, LabelColumn, NumberColumn, TableSchema
from synthtab.seeding import generator
from synthtab.synthesizers.normal_scores import NormalScores
from synthtab.synthesizers.people import count_people

__all__ = ["Copula", "LevelLine", "Missingness", "NumberLine", "ScoredTable", "score_table"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FEWEST_PAIRS = 30
_STRUCTURE_ROWS = 10_000
_SMALLEST_GAIN = 0.02
_CALIBRATION_ROWS = 8192
_COMMON = 0.05
_LEAST_EIGENVALUE = 1e-6


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
        most = (1 - _COMMON) * _CALIBRATION_ROWS
        columns: list[NumberLine | LevelLine] = []
        for position, line in enumerate(self.columns):
            present = ~missing[line.name] if line.name in missing else None
            # of a few missing values the centre cannot be told from chance
            if isinstance(line, LevelLine) or present is None or not _FEWEST_PAIRS <= present.sum() <= most:
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


@dataclass(frozen=True)
class ScoredTable:
    """A table on its latent dimensions, ready for a correlation.

    Parameters
    ----------
    columns : tuple of NumberLine or LevelLine
        In schema order.
    missing : tuple of Missingness
        Columns with missing values.
    scores : ndarray of float, shape (n_rows, n_free)
        Standardised among the present rows; 0 where missing. Dimensions without any spread are left out.
    present : ndarray of bool, shape (n_rows, n_free)
        Where there is a score.
    free : ndarray of int, shape (n_free,)
        Their positions among all dimensions.
    """

    columns: tuple[NumberLine | LevelLine, ...]
    missing: tuple[Missingness, ...]
    scores: FloatArray
    present: npt.NDArray[np.bool_]
    free: IntArray

    def copula(self, correlation: FloatArray) -> Copula:
        """Make the copula, given the correlation of the scores.

        The zeros that stand for missing scores shrink a correlation by √(p_i p_j) / p_ij, where p_i is the
        share of rows with score i and p_ij of those with both; this undoes it. Pairs met in too few rows
        count as uncorrelated. What is then no correlation matrix is brought to the nearest by its
        eigenvalues.

        Parameters
        ----------
        correlation : ndarray of float, shape (n_free, n_free)
            Pearson correlations of the columns of `scores`.

        Returns
        -------
        Copula
            The copula.
        """
        here = self.present.astype(np.float64)
        both = here.T @ here
        alone = np.sqrt(np.diag(both))
        with np.errstate(divide="ignore", invalid="ignore"):
            undiluted = correlation * np.outer(alone, alone) / both
        undiluted = np.where((both < min(_FEWEST_PAIRS, len(here))) | ~np.isfinite(undiluted), 0.0, undiluted)
        undiluted = np.clip((undiluted + undiluted.T) / 2, -0.999, 0.999)
        np.fill_diagonal(undiluted, 1.0)
        values, directions = np.linalg.eigh(undiluted)
        if len(values) and values[0] < _LEAST_EIGENVALUE:
            undiluted = (directions * np.maximum(values, _LEAST_EIGENVALUE)) @ directions.T
            scale = np.sqrt(np.diag(undiluted))
            undiluted = undiluted / np.outer(scale, scale)
        whole = np.eye(len(self.columns) + len(self.missing))
        whole[np.ix_(self.free, self.free)] = undiluted
        return Copula(self.columns, self.missing, whole)


def score_table(
    table: CastTable, schema: TableSchema, people: IntArray, seed: int, *, quantiles: int, k: int
) -> ScoredTable:
    """Bring a table to its latent dimensions.

    Parameters
    ----------
    table : CastTable
        The rows; no column is constant or all missing.
    schema : TableSchema
        Gives the order of ordinal levels.
    people : ndarray of int, shape (n_rows,)
        Number of the person of each row.
    seed : int
        Seed.
    quantiles : int
        Knots of each quantile function.
    k : int
        Fewest people who make a heap, or a missing rate of its own.

    Returns
    -------
    ScoredTable
        Scores, and how to read them.
    """
    scores: dict[str, FloatArray] = {}
    columns: dict[str, NumberLine | LevelLine] = {}
    for name, column in table.columns.items():
        if isinstance(column, NumberColumn):
            scores[name] = NormalScores.scores(column.values, generator(seed, "ties", name))
            columns[name] = NumberLine(
                name, NormalScores.fit(column.values, people, quantiles=quantiles, k=k)
            )
    codes: dict[str, IntArray] = {}
    some = _some_rows(table.n_rows, seed)
    few = table.take(some)
    traits = _traits(few, {name: own[some] for name, own in scores.items()})
    for name, column in table.columns.items():
        if isinstance(column, LabelColumn):
            order = _order(few.label(name), name, schema, traits)
            place = np.argsort(order)
            codes[name] = np.where(column.codes < 0, -1, place[column.codes])
            masses = np.bincount(codes[name][codes[name] >= 0], minlength=len(order)).astype(np.float64)
            upto = np.cumsum(masses) / masses.sum()
            columns[name] = LevelLine(name, tuple(column.levels[i] for i in order), upto)
            means = np.append(_interval_means(np.concatenate([[0.0], upto])), np.nan)
            scores[name] = means[codes[name]]
    gone = {name: column.is_missing for name, column in table.columns.items() if column.is_missing.any()}
    missing = _missingness(gone, codes, people, k, some)
    ordered = [scores[name] for name in table.columns]
    ordered += [_missing_scores(item, gone, codes) for item in missing]
    every = np.column_stack(ordered)
    present = ~np.isnan(every)
    n_present = present.sum(axis=0)
    filled = np.where(present, every - np.where(present, every, 0.0).sum(axis=0) / n_present, 0.0)
    spread = np.sqrt((filled**2).sum(axis=0) / n_present)
    # what is known from its parent, up to a few rows, has no latent life of its own
    free = np.flatnonzero(spread > _COMMON)
    return ScoredTable(
        tuple(columns[name] for name in table.columns),
        missing,
        filled[:, free] / spread[free],
        present[:, free],
        free,
    )


def _some_rows(n_rows: int, seed: int) -> npt.NDArray[np.intp]:
    """Give the rows that order and parents are judged on: all, or a sample of a large table."""
    if n_rows <= _STRUCTURE_ROWS:
        return np.arange(n_rows)
    return np.sort(generator(seed, "structure").choice(n_rows, _STRUCTURE_ROWS, replace=False)).astype(
        np.intp
    )


def _interval_means(upto: FloatArray) -> FloatArray:
    """Give the mean of a standard normal inside each interval of shares."""
    from scipy.special import ndtri

    density = np.exp(-0.5 * np.square(np.clip(ndtri(np.clip(upto, 0.0, 1.0)), -40.0, 40.0))) / np.sqrt(
        2 * np.pi
    )
    return np.asarray(-np.diff(density) / np.maximum(np.diff(upto), 1e-12), dtype=np.float64)


def _traits(table: CastTable, scores: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Give, by column, standardised traits of the rows that levels of other columns can be compared on."""
    traits = {name: np.nan_to_num(own)[:, None] for name, own in scores.items()}
    for name, column in table.columns.items():
        if isinstance(column, LabelColumn):
            shares = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels)) / table.n_rows
            common = np.flatnonzero((shares >= _COMMON) & (shares <= 1 - _COMMON))
            if len(common):
                own = shares[common]
                traits[name] = ((column.codes[:, None] == common) - own) / np.sqrt(own * (1 - own))
    return traits


def _order(
    column: LabelColumn, name: str, schema: TableSchema, traits: Mapping[str, FloatArray]
) -> npt.NDArray[np.intp]:
    """Lay levels on a line: in their own order, else by the main direction of their mean traits."""
    spec = schema[name]
    if spec.kind is Kind.ORDINAL and spec.categories is not None:
        place = {level: position for position, level in enumerate(spec.categories)}
        return np.array(sorted(range(len(column.levels)), key=lambda i: (place.get(column.levels[i], -1), i)))
    others = [own for other, own in traits.items() if other != name]
    if len(column.levels) <= 2 or not others:  # noqa: PLR2004 - two levels have one order
        return np.arange(len(column.levels))
    here = column.codes >= 0
    codes, rows = column.codes[here], np.hstack(others)[here]
    counts = np.bincount(codes, minlength=len(column.levels)).astype(np.float64)
    sums = np.column_stack([np.bincount(codes, weights=trait, minlength=len(counts)) for trait in rows.T])
    # ten average rows are added to each level, so that a level of one row does not set the direction
    means = sums / (counts + 10.0)[:, None]
    weighted = np.sqrt(counts)[:, None] * (means - (counts[:, None] * means).sum(axis=0) / counts.sum())
    direction = np.linalg.svd(weighted, full_matrices=False)[2][0]
    direction *= np.sign(direction[np.argmax(np.abs(direction))]) or 1.0
    return np.argsort(means @ direction, kind="stable")


def _missingness(
    gone: Mapping[str, npt.NDArray[np.bool_]],
    codes: Mapping[str, IntArray],
    people: IntArray,
    k: int,
    some: npt.NDArray[np.intp],
) -> tuple[Missingness, ...]:
    """Find, for each column with missing values, the parent that tells most about them, and the rates."""
    found: list[Missingness] = []
    earlier: dict[str, IntArray] = {}
    for name, own in gone.items():
        parent: str | None = None
        parent_codes, by_level, gain = np.zeros(len(own), dtype=np.int64), False, _SMALLEST_GAIN
        for group_by_level, group in ((True, codes), (False, earlier)):
            for other, other_codes in group.items():
                told = _told(own[some], other_codes[some]) if other != name else 0.0
                if told > gain:
                    parent, parent_codes, by_level, gain = other, other_codes, group_by_level, told
        rates = _rates(own, parent_codes, people, k)
        found.append(Missingness(name, parent, by_level, rates))
        earlier[name] = own.astype(np.int64)
    return tuple(found)


def _told(own: npt.NDArray[np.bool_], codes: IntArray) -> float:
    """Give the share of the missingness's entropy that a parent explains, less what chance would."""
    here = codes >= 0
    n = max(int(here.sum()), 1)
    totals = np.bincount(codes[here])
    ones = np.bincount(codes[here], weights=own[here])
    used = totals > 0
    whole = float(_entropy(ones.sum() / n))
    if whole == 0.0:
        return 0.0
    within = float((totals[used] * _entropy(ones[used] / totals[used])).sum() / n)
    by_chance = (int(used.sum()) - 1) / (2 * n)
    return (whole - within - by_chance) / whole


def _entropy(p: FloatArray | float) -> FloatArray:
    from scipy.special import entr

    return np.asarray(entr(p) + entr(1.0 - np.asarray(p)), dtype=np.float64)


def _rates(own: npt.NDArray[np.bool_], codes: IntArray, people: IntArray, k: int) -> FloatArray:
    """Give the share of missing rows by the parent's code; groups of few people get everybody's."""
    here = codes >= 0
    totals = np.bincount(codes[here])
    ones = np.bincount(codes[here], weights=own[here])
    holders = count_people(codes[here], people[here], len(totals))
    return np.where(holders >= k, ones / np.maximum(totals, 1), own.mean())


def _missing_scores(
    item: Missingness, gone: Mapping[str, npt.NDArray[np.bool_]], codes: Mapping[str, IntArray]
) -> FloatArray:
    own = gone[item.name]
    if item.parent is None:
        group = np.zeros(len(own), dtype=np.int64)
    else:
        group = codes[item.parent] if item.by_level else gone[item.parent].astype(np.int64)
    means = np.array([_interval_means(np.array([0.0, 1.0 - rate, 1.0])) for rate in item.rates])
    scores = means[np.maximum(group, 0), own.astype(np.int64)]
    return np.where(group < 0, np.nan, scores)
