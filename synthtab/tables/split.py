"""Split: training, holdout, pool and verifier rows, cut by person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.errors import DataError
from synthtab.schema import TableSchema
from synthtab.seeding import generator
from synthtab.tables.source import TableLike, read_frame

__all__ = ["Split", "split"]


@dataclass(frozen=True)
class Split:
    """Disjoint parts of one real table.

    Parameters
    ----------
    train : pandas.DataFrame
        Rows that synthesizers learn from.
    holdout : pandas.DataFrame
        Rows that nothing learns from: the reference of every audit.
    pool : pandas.DataFrame
        Rows kept back as a later inflow of fresh real data.
    verifier : pandas.DataFrame
        Rows kept back for curation.
    seed : int
        Seed of the cut.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    pool: pd.DataFrame
    verifier: pd.DataFrame
    seed: int

    def parts(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Give the parts that hold rows.

        Yields
        ------
        tuple of str and pandas.DataFrame
            Name and rows.
        """
        for item in fields(self):
            part = getattr(self, item.name)
            if isinstance(part, pd.DataFrame) and len(part):
                yield item.name, part

    def __str__(self) -> str:
        """Show the sizes of the parts."""
        return ", ".join(f"{name} {len(part):,}" for name, part in self.parts())


def split(
    table: TableLike,
    schema: TableSchema,
    *,
    holdout: float = 0.3,
    pool: float = 0.0,
    verifier: float = 0.0,
    seed: int = 0,
    stratify: str | None = None,
) -> Split:
    """Cut a real table at random into disjoint parts; all rows of one person fall into one part.

    Parameters
    ----------
    table : pandas.DataFrame, pyarrow.Table, polars.DataFrame, str or Path
        The real table.
    schema : TableSchema
        Says who a person is (`unit`).
    holdout : float, default 0.3
        Share of the people that nothing learns from. A privacy audit sees most at 0.5.
    pool, verifier : float, default 0
        Shares kept back for recursion.
    seed : int, default 0
        Seed of the cut.
    stratify : str, optional
        Column whose levels (or quartiles) shall have the same shares in every part.

    Returns
    -------
    Split
        The parts, each in the table's own row order.

    Raises
    ------
    DataError
        When the shares leave no training or holdout row, or a column is missing.

    Examples
    --------
    >>> schema = TableSchema.infer(frame := pd.DataFrame({"age": range(100)}))
    >>> print(split(frame, schema, holdout=0.3))
    train 70, holdout 30
    """
    frame = read_frame(table)
    shares = {"holdout": holdout, "pool": pool, "verifier": verifier}
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise DataError(
                f"{name}={share} is no share.", hint="Give a number from 0 up to, not including, 1."
            )
    if sum(shares.values()) >= 1:
        raise DataError(
            "holdout, pool and verifier leave no training rows.", hint="Their sum must be below 1."
        )
    needed = {column for column in (schema.unit, stratify) if column is not None}
    for column in needed - set(map(str, frame.columns)):
        raise DataError(f"The table has no column {column!r} to split by.")
    people = _people(frame, schema)
    strata = np.zeros(len(frame), dtype=np.int64) if stratify is None else _strata(frame, schema, stratify)
    assigned = _assign(people, strata, tuple(shares.values()), seed)
    names = ("train", *shares)
    parts = {name: frame.iloc[np.flatnonzero(assigned == index)] for index, name in enumerate(names)}
    for name, share in (("train", 1.0), *shares.items()):
        if share > 0 and parts[name].empty:
            raise DataError(
                f"The table is too small: no row is left for {name}.", hint="Give more rows or other shares."
            )
    return Split(**parts, seed=seed)


def _people(frame: pd.DataFrame, schema: TableSchema) -> npt.NDArray[np.int64]:
    if schema.unit is None:
        return np.arange(len(frame), dtype=np.int64)
    codes = pd.factorize(frame[schema.unit])[0].astype(np.int64)
    # a row whose person is unknown stands for itself
    unknown = np.flatnonzero(codes < 0)
    codes[unknown] = codes.max(initial=-1) + 1 + np.arange(len(unknown))
    return codes


def _strata(frame: pd.DataFrame, schema: TableSchema, stratify: str) -> npt.NDArray[np.int64]:
    series = frame[stratify]
    if stratify in schema and schema[stratify].kind.is_number:
        quartiles = pd.qcut(schema.cast(frame).number(stratify).values, 4, labels=False, duplicates="drop")
        return np.nan_to_num(np.asarray(quartiles, dtype=np.float64), nan=-1).astype(np.int64)
    return pd.factorize(series)[0].astype(np.int64)


def _assign(
    people: npt.NDArray[np.int64], strata: npt.NDArray[np.int64], shares: tuple[float, ...], seed: int
) -> npt.NDArray[np.int64]:
    """Give each row its part: 0 is train, then one number a share."""
    _, first, person_of_row = np.unique(people, return_index=True, return_inverse=True)
    person_stratum = strata[first]
    part_of_person = np.zeros(len(first), dtype=np.int64)
    rng = generator(seed, "split")
    for stratum in np.unique(person_stratum):
        members = rng.permutation(np.flatnonzero(person_stratum == stratum))
        start = 0.0
        for index, share in enumerate(shares, start=1):
            low, high = round(start * len(members)), round((start + share) * len(members))
            part_of_person[members[low:high]] = index
            start += share
    return part_of_person[person_of_row]
