"""Attribute inference: whether a secret of somebody in the table can be read off better than a stranger's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.attacks.knowledge import Knowledge
from synthtab.attacks.label_test import RecordStatistic
from synthtab.attacks.lookup import Lookup, look_up, over_pool, targets_of
from synthtab.attacks.rates import ComparedRate, compared_rate
from synthtab.attacks.tables import AttackTables
from synthtab.schema import LabelColumn, NumberColumn
from synthtab.schema.cast_table import FloatArray, IntArray

__all__ = ["FAMILY", "AttributeInference", "AttributeResult", "attribute_inference"]

FAMILY = "attribute inference"
QUASI, EVERYTHING_ELSE = "quasi-identifiers", "everything but the secrets"
# a number is found out when the guess is within a tenth of a standard deviation
CLOSE = 0.1
RAREST = 0.1
_HUGE = 1e150  # squares of it are still finite


@dataclass(frozen=True)
class AttributeInference:
    """How well one secret is found out.

    Parameters
    ----------
    secret : str
        Column that is guessed.
    knows : str
        ``quasi-identifiers`` or ``everything but the secrets``.
    columns : tuple of str
        Columns that are known.
    rate : ComparedRate
        Share of right guesses on training and on holdout records.
    rarest : ComparedRate
        The same on the tenth of the records that stand most alone.
    naive : float
        Share of right guesses, over all records, of somebody who guesses the most frequent synthetic value.
    """

    secret: str
    knows: str
    columns: tuple[str, ...]
    rate: ComparedRate
    rarest: ComparedRate
    naive: float


@dataclass(frozen=True, eq=False)
class AttributeResult:
    """What attribute inference found.

    Parameters
    ----------
    inferences : tuple of AttributeInference
        Each secret, under each knowledge.
    statistics : tuple of RecordStatistic
        Success on each record, for the label test.
    reason : str
        Why there is no figure.
    """

    inferences: tuple[AttributeInference, ...] = ()
    statistics: tuple[RecordStatistic, ...] = ()
    reason: str = ""


def attribute_inference(tables: AttackTables, knowledge: Knowledge) -> AttributeResult:
    """Guess each secret from the synthetic rows that agree best with what is known of a person.

    The guess is the most frequent level, or the median, among the synthetic rows nearest in the known
    columns. What the same guess achieves on people who are not in the table is inference from the
    population, no leak; only the difference is held against the table.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows.
    knowledge : Knowledge
        What is known, and what is secret.

    Returns
    -------
    AttributeResult
        Shares of right guesses in [0, 1]; perfect is no difference between training and holdout records.

    References
    ----------
    Giomi et al. (2023), A unified framework for quantifying privacy risk in synthetic data, PoPETs;
    Article 29 Working Party (2014), Opinion 05/2014 on anonymisation techniques, WP216 (inference).
    """
    if tables.reason or not knowledge.secrets:
        return AttributeResult(reason=tables.reason or "no column is secret")
    targets = targets_of(tables)
    n = tables.pool.table.n_rows
    lonely = np.zeros(n, dtype=bool)
    lonely[targets] = tables.isolation[targets] >= np.quantile(tables.isolation[targets], 1 - RAREST)
    found, statistics = [], []
    knowing = ((QUASI, knowledge.known), (EVERYTHING_ELSE, knowledge.all_but_secrets))
    for knows, names in knowing:
        if not names or (knows == EVERYTHING_ELSE and names == knowledge.known):
            continue
        lookup = look_up(tables, names, targets)
        for secret in knowledge.secrets:
            right, naive, asked = _guessed(tables, lookup, secret)
            if not asked.any():
                continue
            success, tried = over_pool(right, targets, n), over_pool(asked.astype(float), targets, n) > 0
            found.append(
                AttributeInference(
                    secret,
                    knows,
                    names,
                    compared_rate(success, tables.pool, tried),
                    compared_rate(success, tables.pool, tried & lonely),
                    float(naive[asked].mean()),
                )
            )
            statistics.append(RecordStatistic(FAMILY, f"{secret}|{knows}", success, tried))
            statistics.append(RecordStatistic(FAMILY, f"{secret}|{knows}|rarest", success, tried & lonely))
    if not found:
        return AttributeResult(reason="no known column, or no value of a secret")
    return AttributeResult(tuple(found), tuple(statistics))


def _guessed(
    tables: AttackTables, lookup: Lookup, secret: str
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Give each target's chance of a right guess, that of a naive guess, and whether it has a value."""
    real, made = tables.pool.table[secret], tables.made[secret]
    if isinstance(real, LabelColumn) and isinstance(made, LabelColumn):
        return _guessed_level(real, made, lookup)
    assert isinstance(real, NumberColumn)
    assert isinstance(made, NumberColumn)
    return _guessed_number(real, made, lookup)


def _guessed_level(
    real: LabelColumn, made: LabelColumn, lookup: Lookup
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    levels = tuple(sorted({*real.levels, *made.levels}))
    truth, codes = real.recoded(levels)[lookup.targets], made.recoded(levels)
    n_groups = int(lookup.group_of_row.max()) + 1
    shown = codes >= 0
    right, known = _mode_is(
        lookup.group_of_row[shown], codes[shown], lookup.group_of_target, truth, n_groups, len(levels)
    )
    everyone = np.zeros(len(truth), dtype=np.int64)
    naive, _ = _mode_is(
        np.zeros(int(shown.sum()), dtype=np.int64), codes[shown], everyone, truth, 1, len(levels)
    )
    # rows that miss the secret give nothing to guess from but what all rows say
    return np.where(known, right, naive), naive, truth >= 0


def _mode_is(
    groups: IntArray, codes: IntArray, asked_groups: IntArray, truth: IntArray, n_groups: int, n_levels: int
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Give the chance that a group's most frequent code is the truth, equal ones drawn at random."""
    keys, counts = np.unique(groups * n_levels + codes, return_counts=True)
    most, ties = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups, dtype=np.int64)
    owner = keys // max(n_levels, 1)
    np.maximum.at(most, owner, counts)
    is_mode = counts == most[owner]
    np.add.at(ties, owner, is_mode)
    if not len(keys):
        return np.zeros(len(truth)), np.zeros(len(truth), dtype=bool)
    wanted = asked_groups * n_levels + np.maximum(truth, 0)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    hit = (keys[place] == wanted) & is_mode[place] & (truth >= 0)
    return np.where(hit, 1 / np.maximum(ties[asked_groups], 1), 0.0), most[asked_groups] > 0


def _guessed_number(
    real: NumberColumn, made: NumberColumn, lookup: Lookup
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    truth = real.values[lookup.targets]
    held = real.values[np.abs(real.values) <= _HUGE]
    close = CLOSE * float(held.std()) if held.size else 0.0
    shown = np.isfinite(made.values)
    groups, values = lookup.group_of_row[shown], made.values[shown]
    if not values.size:
        return np.zeros(len(truth)), np.zeros(len(truth)), np.isfinite(truth)
    order = np.lexsort((values, groups))
    groups, ordered = groups[order], values[order]
    n_groups = int(lookup.group_of_row.max()) + 1
    start = np.searchsorted(groups, np.arange(n_groups))
    size = np.bincount(groups, minlength=n_groups)
    middle = ordered[np.minimum(start + np.maximum(size - 1, 0) // 2, len(ordered) - 1)]
    typical = float(np.median(values))
    guess = np.where(size > 0, middle, typical)[lookup.group_of_target]

    def is_right(guessed: FloatArray | float) -> FloatArray:
        with np.errstate(invalid="ignore"):
            return (np.abs(truth - guessed) <= close).astype(np.float64)

    return is_right(guess), is_right(typical), np.isfinite(truth)
