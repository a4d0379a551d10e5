"""Canaries: records whose presence an attacker shall guess; outliers, because those are given away first.

They stay in memory: the rarer values of real people stand in them, so they belong in no report or file.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.attacks.neighbours import Points, nearest
from synthtab.errors import DataError
from synthtab.metrics.features import FeatureEncoder
from synthtab.profiling.memory import person_hash
from synthtab.schema import LabelColumn, NumberColumn, TableSchema
from synthtab.schema.cast_table import FloatArray, IntArray
from synthtab.seeding import generator, one_native_thread

__all__ = ["isolated_record", "outlying_records", "people_of_rows", "under_one_another", "without_record"]

TAIL = 0.1  # numbers of a canary come from this share of the rows at either end
_DRAWN_FOR_EACH = 4
_MAX_ROWS = 20_000
_LARGEST_WHOLE = 2**53


def outlying_records(train: pd.DataFrame, schema: TableSchema, count: int, seed: int) -> pd.DataFrame:
    """Make up records that lie far from all others, out of the rarer values of each column.

    Columns are drawn independently: levels with a chance that falls with their frequency, numbers from the
    lowest and the highest tenth. Of four times as many drawn, the ones farthest from the training rows are
    kept; none is identical to a training row or to another.

    Parameters
    ----------
    train : pandas.DataFrame, shape (n_rows, n_columns)
        Training rows.
    schema : TableSchema
        What is public about them.
    count : int
        How many.
    seed : int
        Seed of the draws.

    Returns
    -------
    pandas.DataFrame, shape (at most count, n_columns)
        Each a person of its own; fewer than `count` when the table has too few combinations.
    """
    table, n_drawn = schema.cast(train, "real"), _DRAWN_FOR_EACH * count
    drawn = {}
    for name in train.columns:
        rng = generator(seed, "attacks", "canary values", str(name))
        chance = _chances(table[name]) if name in table.columns else np.full(len(train), 1 / len(train))
        drawn[name] = train[name].iloc[rng.choice(len(train), n_drawn, p=chance)].reset_index(drop=True)
    frame = _with_own_person(pd.DataFrame(drawn), train, schema)
    cast = schema.cast(frame, "canary")
    hashes = cast.row_hash()
    is_first = np.zeros(n_drawn, dtype=bool)
    is_first[np.unique(hashes, return_index=True)[1]] = True
    usable = np.flatnonzero(is_first & ~np.isin(hashes, table.row_hash()))
    encoder = FeatureEncoder.fit((table, cast), (table,), schema.modelled)
    with one_native_thread():
        references = Points.of(table.take(_some_rows(table.n_rows, seed)), encoder)
        distances = nearest(Points.of(cast.take(usable), encoder), references).distances[:, 0]
    farthest = usable[np.argsort(-distances, kind="stable")[:count]]
    return frame.iloc[np.sort(farthest)].reset_index(drop=True)


def isolated_record(train: pd.DataFrame, schema: TableSchema, seed: int) -> pd.DataFrame:
    """Find the training record that lies farthest from those of all other people.

    Parameters
    ----------
    train : pandas.DataFrame, shape (n_rows, n_columns)
        Training rows, of at least two people.
    schema : TableSchema
        What is public about them.
    seed : int
        Seed of the choice of 20,000 rows, where there are more.

    Returns
    -------
    pandas.DataFrame, shape (1, n_columns)
        The record.

    Raises
    ------
    DataError
        When there is nobody to lie far from.
    """
    rows = _some_rows(len(train), seed)
    table = schema.cast(train, "real").take(rows)
    encoder = FeatureEncoder.fit((table,), (table,), schema.modelled)
    with one_native_thread():
        points = Points.of(table, encoder, people_of_rows(train, schema)[rows])
        distances = nearest(points, points, skip_own=True).distances[:, 0]
    if not np.isfinite(distances).all():
        raise DataError("The real table holds fewer than two people.", hint="Give more rows.")
    return train.iloc[[rows[int(distances.argmax())]]].reset_index(drop=True)


def without_record(train: pd.DataFrame, record: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Take the person of a record out of a table, so that the record can be put in or left out.

    Parameters
    ----------
    train : pandas.DataFrame, shape (n_rows, n_columns)
        Training rows.
    record : pandas.DataFrame, shape (1, n_columns)
        The record.
    schema : TableSchema
        Says which column tells people apart.

    Returns
    -------
    pandas.DataFrame
        All rows but those of the record's person; where each row is a person, all but one that is identical
        to the record, if there is one.
    """
    people, own = person_hash(train, schema), person_hash(record, schema)
    if people is not None and own is not None:
        goes = np.flatnonzero(people == own[0])
    else:
        looked_for = schema.cast(record, "target").row_hash()[0]
        goes = np.flatnonzero(schema.cast(train, "real").row_hash() == looked_for)[:1]
    return train.iloc[np.setdiff1d(np.arange(len(train)), goes)].reset_index(drop=True)


def under_one_another(train: pd.DataFrame, records: pd.DataFrame, what: str) -> pd.DataFrame:
    """Put records under the training rows, so that whichever are chosen have the same dtypes.

    Parameters
    ----------
    train : pandas.DataFrame, shape (n_rows, n_columns)
        Training rows.
    records : pandas.DataFrame, shape (n_records, n_columns)
        Records; columns in any order, others are left out.
    what : str
        What the records are called in messages.

    Returns
    -------
    pandas.DataFrame, shape (n_rows + n_records, n_columns)
        All rows.

    Raises
    ------
    DataError
        When a column of the training rows is missing.
    """
    absent = [str(name) for name in train.columns if name not in records.columns]
    if absent:
        raise DataError(
            f"The {what} table has no column {', '.join(map(repr, absent[:5]))}.",
            hint="It needs every column of the real table, identifiers too.",
        )
    own = records[list(train.columns)].copy()
    for name in train.columns:
        wanted = train[name].dtype
        if own[name].dtype != wanted and not isinstance(wanted, pd.CategoricalDtype):
            try:
                own[name] = own[name].astype(wanted)
            except (TypeError, ValueError):
                own[name] = own[name].astype(object)
    return pd.concat([train, own], ignore_index=True)


def people_of_rows(frame: pd.DataFrame, schema: TableSchema) -> IntArray:
    """Give each row the number of its person.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (n_rows, n_columns)
        The rows.
    schema : TableSchema
        Says which column tells people apart.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        0 … n_people - 1.
    """
    people = person_hash(frame, schema)
    if people is None:
        return np.arange(len(frame), dtype=np.int64)
    return np.unique(people, return_inverse=True)[1].astype(np.int64)


def _chances(column: NumberColumn | LabelColumn) -> FloatArray:
    """Give each row's chance to lend its value to a canary."""
    if isinstance(column, LabelColumn):
        # a level of c rows is drawn with a chance in proportion to 1/c
        weights = 1.0 / np.bincount(column.codes + 1).astype(np.float64)[column.codes + 1] ** 2
    else:
        known = np.flatnonzero(np.isfinite(column.values))
        if not len(known):
            return np.full(len(column.values), 1 / len(column.values))
        n_tail = max(1, int(TAIL * len(known)))
        rising = known[np.argsort(column.values[known], kind="stable")]
        weights = np.zeros(len(column.values))
        weights[rising[:n_tail]] = weights[rising[-n_tail:]] = 1.0
    return np.asarray(weights / weights.sum())


def _with_own_person(frame: pd.DataFrame, train: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    if schema.unit is None or schema.unit not in train.columns:
        return frame
    known = train[schema.unit]
    # beyond 2**53 a whole number and the next one may be one float: text is sure to differ
    if pd.api.types.is_numeric_dtype(known) and abs(known.max()) < _LARGEST_WHOLE:
        frame[schema.unit] = int(known.max()) + 1 + np.arange(len(frame))
    else:
        frame[schema.unit] = [f"canary {number}" for number in range(len(frame))]
    return frame


def _some_rows(n_rows: int, seed: int) -> npt.NDArray[np.intp]:
    if n_rows <= _MAX_ROWS:
        return np.arange(n_rows)
    return np.sort(generator(seed, "attacks", "canary rows").choice(n_rows, _MAX_ROWS, replace=False))
