"""From a table to a Gaussian copula: scores on latent dimensions, and the copula of their correlation.

Levels are laid on their line in their own order or, where they have none, along the direction in which they
differ most on the other columns. For the fit a level stands at the mean of its interval; what that hides of
the latent correlation is put back by `polychoric`, what zeros in place of missing scores hide by their share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.schema import CastTable, Kind, LabelColumn, NumberColumn, TableSchema
from synthtab.seeding import generator
from synthtab.synthesizers.copula import Copula, LevelLine, Missingness, NumberLine
from synthtab.synthesizers.normal_scores import NormalScores
from synthtab.synthesizers.people import count_people
from synthtab.synthesizers.polychoric import interval_means, latent_correlation, loadings, whole_loadings

__all__ = ["ScoredTable", "score_table"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FEWEST_PAIRS = 30
_STRUCTURE_ROWS = 10_000
_SMALLEST_GAIN = 0.02
_SMALLEST_SPREAD = 0.05
_COMMON = 0.05
_LEAST_EIGENVALUE = 1e-6


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
    seen : ndarray of float, shape (n_free, n_terms)
        How much of each latent dimension the scores show (`polychoric.loadings`).
    """

    columns: tuple[NumberLine | LevelLine, ...]
    missing: tuple[Missingness, ...]
    scores: FloatArray
    present: npt.NDArray[np.bool_]
    free: IntArray
    seen: FloatArray

    def copula(self, correlation: FloatArray) -> Copula:
        """Make the copula, given the correlation of the scores.

        The zeros that stand for missing scores shrink a correlation by √(p_i p_j) / p_ij, where p_i is the
        share of rows with score i and p_ij of those with both; this undoes it. Pairs met in too few rows
        count as uncorrelated. The rest are shrunk by r² / (r² + 1/n): what is no larger than its standard
        error is mostly chance, and more so once it is scaled up. Then `polychoric.latent_correlation` solves
        for the latent dimensions. What is no correlation matrix after all that is brought near to one by its
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
        undiluted = (undiluted + undiluted.T) / 2
        # of a correlation no larger than its standard error, half is taken for chance
        undiluted *= undiluted**2 / (undiluted**2 + 1.0 / np.maximum(both, 1.0))
        latent = latent_correlation(undiluted, self.seen)
        values, directions = np.linalg.eigh(latent)
        if len(values) and values[0] < _LEAST_EIGENVALUE:
            latent = (directions * np.maximum(values, _LEAST_EIGENVALUE)) @ directions.T
            scale = np.sqrt(np.diag(latent))
            latent = latent / np.outer(scale, scale)
        whole = np.eye(len(self.columns) + len(self.missing))
        whole[np.ix_(self.free, self.free)] = latent
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
    seen: dict[str, FloatArray] = {}
    for name, column in table.columns.items():
        if isinstance(column, NumberColumn):
            scores[name] = NormalScores.scores(column.values, generator(seed, "ties", name))
            seen[name] = whole_loadings()
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
            edges = np.concatenate([[0.0], upto])[None]
            scores[name] = np.append(interval_means(edges), np.nan)[codes[name]]
            seen[name] = loadings(edges, np.ones(1))
    gone = {name: column.is_missing for name, column in table.columns.items() if column.is_missing.any()}
    missing = _missingness(gone, codes, people, k, some)
    scored = [_ScoredMissingness.of(item, gone, codes) for item in missing]
    every = np.column_stack([*(scores[name] for name in table.columns), *(item.scores for item in scored)])
    every_seen = np.array([*(seen[name] for name in table.columns), *(item.seen for item in scored)])
    present = ~np.isnan(every)
    n_present = present.sum(axis=0)
    filled = np.where(present, every - np.where(present, every, 0.0).sum(axis=0) / n_present, 0.0)
    spread = np.sqrt((filled**2).sum(axis=0) / n_present)
    # what is known from its parent, up to a few rows, has no latent life of its own
    free = np.flatnonzero(spread > _SMALLEST_SPREAD)
    return ScoredTable(
        tuple(columns[name] for name in table.columns),
        missing,
        filled[:, free] / spread[free],
        present[:, free],
        free,
        every_seen[free],
    )


def _some_rows(n_rows: int, seed: int) -> npt.NDArray[np.intp]:
    """Give the rows that order and parents are judged on: all, or a sample of a large table."""
    if n_rows <= _STRUCTURE_ROWS:
        return np.arange(n_rows)
    return np.sort(generator(seed, "structure").choice(n_rows, _STRUCTURE_ROWS, replace=False)).astype(
        np.intp
    )


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


@dataclass(frozen=True)
class _ScoredMissingness:
    """Scores of whether one column is missing, and how much of the latent dimension they show."""

    scores: FloatArray
    seen: FloatArray

    @classmethod
    def of(
        cls, item: Missingness, gone: Mapping[str, npt.NDArray[np.bool_]], codes: Mapping[str, IntArray]
    ) -> _ScoredMissingness:
        """Score each row within the group that its parent puts it in."""
        own = gone[item.name].astype(np.int64)
        group = np.zeros_like(own)
        if item.parent is not None:
            group = codes[item.parent] if item.by_level else gone[item.parent].astype(np.int64)
        edges = np.column_stack([np.zeros_like(item.rates), 1.0 - item.rates, np.ones_like(item.rates)])
        scores = np.where(group < 0, np.nan, interval_means(edges)[np.maximum(group, 0), own])
        weights = np.bincount(group[group >= 0], minlength=len(edges)) / max(int((group >= 0).sum()), 1)
        return cls(scores, loadings(edges, weights))
