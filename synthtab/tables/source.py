"""TableSource: pandas, Arrow and polars tables, CSV and Parquet files, seen as one thing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd

from synthtab.errors import DataError
from synthtab.lineage import attach_lineage, lineage_of, lineage_of_file
from synthtab.seeding import generator

__all__ = ["TableLike", "TableSource", "read_frame"]


@runtime_checkable
class _ConvertsToPandas(Protocol):
    """Arrow and polars tables, by what they can do rather than by name."""

    def to_pandas(self) -> pd.DataFrame:
        """Give a pandas table."""
        ...


TableLike = pd.DataFrame | _ConvertsToPandas | str | Path

_READERS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq")


@dataclass(frozen=True)
class TableSource:
    """Where rows come from.

    Parameters
    ----------
    data : pandas.DataFrame
        The rows.
    name : str
        Name for people: a file's stem, or ``"table"``.
    """

    data: pd.DataFrame
    name: str = "table"

    @classmethod
    def of(cls, table: TableLike | TableSource) -> TableSource:
        """Take a table of any supported sort; the lineage that it carries goes with it.

        Parameters
        ----------
        table : pandas.DataFrame, pyarrow.Table, polars.DataFrame, str, Path or TableSource
            Rows, or the path of a CSV, TSV or Parquet file.

        Returns
        -------
        TableSource
            The source.

        Raises
        ------
        DataError
            When the sort is unknown or the file cannot be read.
        SavedModelError
            When the table carries a lineage that is damaged.

        Examples
        --------
        >>> TableSource.of(pd.DataFrame({"age": [40, 50]})).columns
        ('age',)
        """
        if isinstance(table, TableSource):
            return table
        if isinstance(table, pd.DataFrame):
            return cls(table)
        if isinstance(table, str | Path):
            frame = _read(Path(table))
            lineage = lineage_of_file(Path(table), len(frame))
            return cls(frame if lineage is None else attach_lineage(frame, lineage), _stem(Path(table)))
        if hasattr(table, "collect"):  # a lazy polars frame
            table = table.collect()
        if isinstance(table, _ConvertsToPandas):
            lineage = lineage_of(table)
            frame = table.to_pandas()
            return cls(frame if lineage is None else attach_lineage(frame, lineage))
        raise DataError(
            f"A {type(table).__name__} is no table that synthtab knows.",
            hint="Give a pandas, Arrow or polars table, or the path of a CSV or Parquet file.",
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self.data.columns)

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.data)

    def frame(self) -> pd.DataFrame:
        """Give all rows.

        Returns
        -------
        pandas.DataFrame
            The rows.
        """
        return self.data

    def sample(self, n: int, seed: int = 0) -> pd.DataFrame:
        """Give at most `n` rows, drawn without replacement.

        Parameters
        ----------
        n : int
            Number of rows.
        seed : int, default 0
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            The rows, in their own order.
        """
        if n >= self.count:
            return self.data
        rows = generator(seed, "table sample").choice(self.count, size=n, replace=False)
        rows.sort()
        return self.data.iloc[rows]


def read_frame(table: TableLike | TableSource) -> pd.DataFrame:
    """Give the rows of a table of any supported sort.

    Parameters
    ----------
    table : pandas.DataFrame, pyarrow.Table, polars.DataFrame, str, Path or TableSource
        Rows, or a path.

    Returns
    -------
    pandas.DataFrame
        The rows; what lineage they carry, `lineage_of` tells.
    """
    return TableSource.of(table).frame()


def _stem(path: Path) -> str:
    name = path.name
    for ending in sorted(_READERS, key=len, reverse=True):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return path.stem


def _read(path: Path) -> pd.DataFrame:
    lower = path.name.lower()
    if not lower.endswith(_READERS):
        raise DataError(
            f"The file {path.name!r} is of no known sort.", hint=f"Known endings: {', '.join(_READERS)}."
        )
    if not path.is_file():
        raise DataError(f"There is no file {path.name!r}.", hint="Check the path.")
    try:
        if lower.endswith((".parquet", ".pq")):
            return pd.read_parquet(path)
        return pd.read_csv(path, sep="\t" if ".tsv" in lower else ",", low_memory=False)
    except pd.errors.EmptyDataError as error:
        raise DataError(f"The file {path.name!r} is empty.") from error
    except (ValueError, OSError) as error:
        # the reader's own message may quote a value of the table
        what = "Parquet" if lower.endswith((".parquet", ".pq")) else "CSV"
        raise DataError(
            f"The file {path.name!r} cannot be read as {what}.",
            hint=f"The reader stopped with {type(error).__name__}; open the file elsewhere and save it anew.",
        ) from None
