"""Files that commands read and write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from synthtab.cli.choices import chosen
from synthtab.cli.output import PartFile
from synthtab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from synthtab.schema import TableSchema
    from synthtab.tables import Split

__all__ = [
    "read_schema",
    "refuse_no_folder",
    "refuse_overwriting",
    "refuse_unwritable",
    "table_ending",
    "write_parts",
    "write_table",
]

_PARQUET = (".parquet", ".pq")
_WRITERS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", *_PARQUET)


def read_schema(path: Path | None, frame: pd.DataFrame, unit: str | None) -> TableSchema:
    """Read the schema of a table, or infer it.

    Parameters
    ----------
    path : Path or None
        Schema file, if there is one.
    frame : pandas.DataFrame
        The table.
    unit : str or None
        Column that tells people apart; overrides that of the file.

    Returns
    -------
    TableSchema
        The schema.
    """
    from synthtab.schema import TableSchema

    if unit is not None:
        chosen(unit, map(str, frame.columns), "column")
    if path is None:
        return TableSchema.infer(frame, unit=unit)
    schema = TableSchema.load(path)
    return schema if unit is None else replace(schema, unit=unit)


def table_ending(path: Path) -> str:
    """Give the ending that a table of the same sort gets.

    Parameters
    ----------
    path : Path
        A table.

    Returns
    -------
    str
        ``.parquet`` or ``.csv``.
    """
    return ".parquet" if path.name.lower().endswith(_PARQUET) else ".csv"


def refuse_no_folder(path: Path) -> None:
    """Refuse a file where a folder is wanted, before any long work.

    Parameters
    ----------
    path : Path
        The folder, which need not exist.

    Raises
    ------
    DataError
        When it is a file.
    """
    if path.exists() and not path.is_dir():
        raise DataError(f"{path.name!r} is a file.", hint="Give the name of a folder as --out.")


def refuse_unwritable(path: Path) -> None:
    """Refuse a file name whose ending is that of no table, before any long work.

    Parameters
    ----------
    path : Path
        The file to write.

    Raises
    ------
    DataError
        When the ending is unknown.
    """
    if not path.name.lower().endswith(_WRITERS):
        raise DataError(
            f"A table cannot be written to {path.name!r}.", hint=f"Known endings: {', '.join(_WRITERS)}."
        )


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table to a file, in the format that its ending names.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    path : Path
        The file; folders are made.

    Returns
    -------
    Path
        The file.
    """
    refuse_unwritable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lower = path.name.lower()
    if lower.endswith(_PARQUET):
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if ".tsv" in lower else ",")
    return path


def write_parts(split: Split, folder: Path, ending: str) -> tuple[PartFile, ...]:
    """Write each part of a split to a file of its own.

    Parameters
    ----------
    split : Split
        The parts.
    folder : Path
        Where to.
    ending : str
        Ending of the files.

    Returns
    -------
    tuple of PartFile
        The files and their sizes.
    """
    return tuple(
        PartFile(name, str(write_table(part, folder / f"{name}{ending}")), len(part))
        for name, part in split.parts()
    )


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[Path | None]) -> None:
    """Stop before a file that is read would be written over.

    Parameters
    ----------
    outputs : iterable of Path
        What will be written.
    inputs : iterable of Path or None
        What is read.

    Raises
    ------
    DataError
        When a file is both.
    """
    read = {path.resolve() for path in inputs if path is not None}
    for path in outputs:
        if path.resolve() in read:
            raise DataError(
                f"{path.name!r} would be written over, but it is read.", hint="Choose another --out."
            )
