"""How a lineage travels: in a frame's attributes, in Parquet and Arrow metadata, in a file beside a CSV."""

from __future__ import annotations

import json
import os
import secrets
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from synthtab.errors import DataError, SavedModelError, SynthtabWarning
from synthtab.lineage.record import Lineage

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ATTRIBUTE",
    "attach_lineage",
    "lineage_of",
    "lineage_of_file",
    "metadata_of",
    "save_lineage",
    "sidecar_of",
    "write_at_once",
]

ATTRIBUTE = "synthtab.lineage"

_PANDAS_ATTRIBUTES = b"PANDAS_ATTRS"
_PARQUET = (".parquet", ".pq")


def attach_lineage(frame: pd.DataFrame, lineage: Lineage) -> pd.DataFrame:
    """Let a frame carry a lineage.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows; the frame itself is left as it is.
    lineage : Lineage
        What they are.

    Returns
    -------
    pandas.DataFrame
        The same rows, with the lineage in `attrs`.
    """
    out = frame.copy(deep=False)
    out.attrs[ATTRIBUTE] = lineage.to_json()
    return out


def lineage_of(table: object) -> Lineage | None:
    """Read what a table says it is.

    Parameters
    ----------
    table : pandas.DataFrame, pyarrow.Table, str or Path
        A table, or the path of a CSV, TSV or Parquet file. A polars table carries no metadata.

    Returns
    -------
    Lineage or None
        Its lineage; None where it carries none.

    Raises
    ------
    SavedModelError
        When it carries a lineage that is damaged.
    DataError
        When there is no such file, or it cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = attach_lineage(pd.DataFrame({"age": [40, 50]}), Lineage.of_real(2))
    >>> print(lineage_of(frame.head(1)))
    real
    """
    if isinstance(table, str | Path):
        return lineage_of_file(Path(table))
    attributes = getattr(table, "attrs", None)
    text = attributes.get(ATTRIBUTE) if isinstance(attributes, Mapping) else None
    if text is None:
        text = _in_metadata(getattr(getattr(table, "schema", None), "metadata", None))
    return None if text is None else _parsed(text, "table")


def lineage_of_file(path: Path, rows: int | None = None) -> Lineage | None:
    """Read what a file says it is.

    A lineage beside a file that now holds another number of rows is told by a warning, not refused: it may be
    a part of the same table. But it may be another table as well, perhaps of real rows, so that it counts
    neither as guarded nor as releasable.

    Parameters
    ----------
    path : Path
        A CSV, TSV or Parquet file.
    rows : int, optional
        Number of its rows, where it is known; else a CSV with a lineage beside it is read to count them.

    Returns
    -------
    Lineage or None
        Its lineage; None where it has none.

    Raises
    ------
    SavedModelError
        When the lineage is damaged.
    DataError
        When there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path.name!r}.", hint="Check the path.")
    if path.name.lower().endswith(_PARQUET):
        metadata, held = _parquet_facts(path)
        text = _in_metadata(metadata)
        if text is not None:
            return _parsed(text, f"file {path.name!r}")
        rows = held
    beside = sidecar_of(path)
    if not beside.is_file():
        return None
    try:
        text = beside.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SavedModelError(
            f"The lineage {beside.name!r} cannot be read.", hint="Check the file."
        ) from error
    lineage = _parsed(text, f"file {path.name!r} (in {beside.name!r})")
    count = _csv_rows(path) if rows is None else rows
    if count == lineage.rows:
        return lineage
    warnings.warn(
        f"{path.name!r} holds {count:,} rows, but {beside.name!r} speaks of {lineage.rows:,}: the table was "
        f"changed or replaced. It is taken for what the lineage says ({lineage}), but not for guarded.",
        SynthtabWarning,
        stacklevel=2,
    )
    return replace(lineage, rows=count, guard=0, releasable=False)


def sidecar_of(path: Path) -> Path:
    """Name the file in which the lineage of a CSV stands.

    Parameters
    ----------
    path : Path
        The CSV or TSV file.

    Returns
    -------
    Path
        Beside it, with ``.lineage.json`` after its whole name.
    """
    return path.with_name(f"{path.name}.lineage.json")


def save_lineage(lineage: Lineage, path: str | Path) -> Path:
    """Write a lineage beside a table file, at once or not at all.

    Parameters
    ----------
    lineage : Lineage
        What the table is; its rows must be those of the file.
    path : str or Path
        The table file: CSV, TSV, or a Parquet file that carries none itself.

    Returns
    -------
    Path
        The file that was written.
    """
    text = lineage.to_json() + "\n"
    return write_at_once(sidecar_of(Path(path)), lambda file: file.write(text.encode()))


def metadata_of(lineage: Lineage) -> dict[bytes, bytes]:
    """Give what a Parquet file or Arrow table carries for a lineage.

    Parameters
    ----------
    lineage : Lineage
        The lineage.

    Returns
    -------
    dict of bytes to bytes
        For the metadata of its schema; pandas finds it there too.
    """
    text = lineage.to_json()
    return {
        ATTRIBUTE.encode(): text.encode(),
        _PANDAS_ATTRIBUTES: json.dumps({ATTRIBUTE: text}).encode(),
    }


def write_at_once(target: Path, write: Callable[[BinaryIO], object]) -> Path:
    """Write beside a file, flush to disk, then rename over it: it is replaced at once or not at all.

    Parameters
    ----------
    target : Path
        The file.
    write : callable
        Writes to the open file that it is given.

    Returns
    -------
    Path
        The file.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return target


def _parsed(text: object, where: str) -> Lineage:
    try:
        # what is no text becomes text that is no lineage
        return Lineage.from_json(text.decode() if isinstance(text, bytes) else str(text))
    except (SavedModelError, UnicodeDecodeError) as error:
        hint = error.hint if isinstance(error, SavedModelError) else ""
        raise SavedModelError(
            f"The lineage of this {where} is damaged. {error.args[0]}", hint=hint
        ) from error


def _in_metadata(metadata: object) -> object:
    """Find the lineage in the metadata of a Parquet file or Arrow table, by our key or by pandas' own."""
    if not isinstance(metadata, Mapping):
        return None
    if ATTRIBUTE.encode() in metadata:
        return metadata[ATTRIBUTE.encode()]
    for key, part in ((_PANDAS_ATTRIBUTES, None), (b"pandas", "attributes")):
        try:
            told = json.loads(metadata.get(key, b"null"))
        except ValueError:
            continue
        if isinstance(told, dict) and part is not None:
            told = told.get(part)
        if isinstance(told, dict) and ATTRIBUTE in told:
            return told[ATTRIBUTE]
    return None


def _parquet_facts(path: Path) -> tuple[object, int]:
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(path)
    except (ValueError, OSError) as error:
        raise DataError(
            f"The file {path.name!r} cannot be read as Parquet.",
            hint=f"The reader stopped with {type(error).__name__}; open the file elsewhere and save it anew.",
        ) from None
    return footer.metadata, int(footer.num_rows)


def _csv_rows(path: Path) -> int:
    """Count the rows as whoever reads the table will."""
    import pandas as pd

    try:
        separator = "\t" if ".tsv" in path.name.lower() else ","
        return len(pd.read_csv(path, sep=separator, usecols=[0], low_memory=False))
    except (ValueError, OSError) as error:
        raise DataError(
            f"The file {path.name!r} cannot be read as CSV.",
            hint=f"The reader stopped with {type(error).__name__}; open the file elsewhere and save it anew.",
        ) from None
