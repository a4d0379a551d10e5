"""A study of seconds, run by the tests themselves and, as a program, by the processes that they kill."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import synthtab as st
from synthtab.schema import TableSchema
from synthtab.tables import Split

COLUMNS = ("age", "education", "marital_status", "poverty_ratio", "cancer_type")


def real_rows() -> tuple[Split, TableSchema]:
    """Give 900 people of NHANES in five columns, as a split with a pool."""
    data = st.load_nhanes_adults()
    schema = TableSchema(tuple(column for column in data.schema.columns if column.name in COLUMNS))
    frame = data.frame[list(schema.names)].iloc[:900]
    return st.split(frame, schema, holdout=0.3, pool=0.2, seed=0), schema


def study(run_dir: Path | None = None, **changes: Any) -> st.StudyResult:
    """Run the study, or one with some other arguments."""
    arguments: dict[str, Any] = {
        "synthesizers": ["independent"],
        "regimes": ["replace", "accumulate"],
        "generations": 4,
        "seeds": [0, 1],
        "rows": 120,
        "null_chains": 50,
        "workers": 1,
        "progress": False,
    }
    parts, schema = real_rows()
    table = changes.pop("table", parts)
    schema = changes.pop("schema", schema)
    return st.recurse(table, schema, run_dir=run_dir, **(arguments | changes))


def csv_of(result: st.StudyResult) -> bytes:
    """Give the bytes that must be the same."""
    return result.frame().to_csv().encode()


LONG: dict[str, Any] = {
    "synthesizers": ["independent", "resampler"],
    "regimes": ["replace", "accumulate", "fresh_mix(0.1)"],
    "generations": 5,
    "rows": 200,
}


def main() -> None:
    """Run the long one: folder, workers, file for the frame."""
    folder, workers, target = sys.argv[1:]
    # imports are done: from here on every instant is one of the study's
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    found = study(Path(folder), workers=int(workers), keep_tables=True, **LONG)
    Path(target).write_bytes(csv_of(found))


if __name__ == "__main__":
    main()
