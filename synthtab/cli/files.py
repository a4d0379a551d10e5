"""Files that commands read and write."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from synthtab.cli.choices import chosen
from synthtab.cli.output import PartFile, WrittenFile
from synthtab.errors import DataError, SavedModelError

if TYPE_CHECKING:
    import pandas as pd

    from synthtab.lineage import Lineage
    from synthtab.schema import TableSchema
    from synthtab.tables import Split

__all__ = [
    "read_schema",
    "refuse_no_folder",
    "refuse_overwriting",
    "refuse_unwritable",
    "table_ending",
    "with_lineage",
    "write_parts",
    "write_table",
    "written_lineage",
]

_PARQUET = (".parquet", ".pq")
_WRITERS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", *_PARQUET)


def read_schema(
    path: Path | None, frame: pd.DataFrame, unit: str | None, data: Path | None = None
) -> TableSchema:
    """Read the schema of a table, or infer it.

    Parameters
    ----------
    path : Path or None
        Schema file, if there is one.
    frame : pandas.DataFrame
        The table.
    unit : str or None
        Column that tells people apart; overrides that of the file.
    data : Path, optional
        File of the table: an inferred schema is called after it.

    Returns
    -------
    TableSchema
        The schema.
    """
    from synthtab.schema import TableSchema

    if unit is not None:
        chosen(unit, map(str, frame.columns), "column")
    if path is None:
        inferred = TableSchema.infer(frame, unit=unit)
        return inferred if data is None else replace(inferred, name=data.stem)
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
    """Write a table to a file, in the format that its ending names, at once or not at all.

    Its lineage goes along: into Parquet, or beside a CSV, where the one of a table that is replaced is taken
    away first, so that it never speaks of the new one.

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
    from synthtab.lineage import lineage_of, save_lineage, sidecar_of
    from synthtab.lineage.carrying import write_at_once

    refuse_unwritable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    told = lineage_of(frame)
    lineage = None if told is None else told.for_rows(len(frame))
    sidecar_of(path).unlink(missing_ok=True)
    if path.name.lower().endswith(_PARQUET):
        return write_at_once(path, lambda file: _write_parquet(frame, lineage, file))
    write_at_once(path, lambda file: _write_csv(frame, path.name.lower(), file))
    if lineage is not None:
        save_lineage(lineage, path)
    return path


def _write_parquet(frame: pd.DataFrame, lineage: Lineage | None, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from synthtab.lineage.carrying import metadata_of

    # pandas' own attributes would go in as well, with a number of rows that is no longer true
    plain = frame.copy(deep=False)
    plain.attrs = {}
    table = pa.Table.from_pandas(plain, preserve_index=False)
    if lineage is not None:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata_of(lineage)})
    pq.write_table(table, file)


def _write_csv(frame: pd.DataFrame, name: str, file: BinaryIO) -> None:
    separator = "\t" if ".tsv" in name else ","
    if not name.endswith(".gz"):
        frame.to_csv(file, index=False, sep=separator)
        return
    # neither a name nor a date inside: the same table is the same bytes
    with (
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        frame.to_csv(text, index=False, sep=separator)


def with_lineage(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Let rows that were read from a file carry the lineage that stands in it or beside it.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    path : Path
        Their file.

    Returns
    -------
    pandas.DataFrame
        The rows; as they are where nothing is told of them, or nothing that can be read.
    """
    from synthtab.lineage import attach_lineage
    from synthtab.lineage.carrying import lineage_of_file

    try:
        told = lineage_of_file(path, len(frame))
    except SavedModelError:
        return frame
    return frame if told is None else attach_lineage(frame, told)


def written_lineage(path: Path) -> tuple[WrittenFile, ...]:
    """Name the file beside a table in which its lineage stands.

    Parameters
    ----------
    path : Path
        What `write_table` wrote.

    Returns
    -------
    tuple of WrittenFile
        Empty where the lineage stands in the table's own file.
    """
    from synthtab.lineage import sidecar_of

    beside = sidecar_of(path)
    return (WrittenFile("its lineage", str(beside)),) if beside.is_file() else ()


def write_parts(split: Split, schema: TableSchema, folder: Path, ending: str) -> tuple[PartFile, ...]:
    """Write each part of a split to a file of its own; unless their lineage says otherwise, they are real.

    Parameters
    ----------
    split : Split
        The parts.
    schema : TableSchema
        What is public about them.
    folder : Path
        Where to.
    ending : str
        Ending of the files.

    Returns
    -------
    tuple of PartFile
        The files and their sizes.
    """
    from synthtab.lineage import Lineage, attach_lineage, lineage_of

    def told(part: pd.DataFrame) -> pd.DataFrame:
        return part if lineage_of(part) else attach_lineage(part, Lineage.of_real(len(part), schema))

    return tuple(
        PartFile(name, str(write_table(told(part), folder / f"{name}{ending}")), len(part))
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
