"""The smallest recursion study, which many tests change in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import synthtab as st
from synthtab.execution import DirectoryStore
from synthtab.recursion.records import ChainStore, GenerationRecord

COLUMNS = ("age", "education", "marital_status", "poverty_ratio", "cancer_type")


def real_rows(**shares: float) -> tuple[st.Split, st.TableSchema]:
    """Give 600 people of NHANES in five columns."""
    data = st.load_nhanes_adults()
    schema = st.TableSchema(tuple(c for c in data.schema.columns if c.name in COLUMNS), name="people")
    frame = data.frame[list(schema.names)].iloc[:600]
    return st.split(frame, schema, seed=0, **({"holdout": 0.3, "pool": 0.2} | shares)), schema


def study(table: object = None, schema: st.TableSchema | None = None, **changes: Any) -> st.StudyResult:
    """Run the smallest study, or one with some other arguments."""
    arguments: dict[str, Any] = {
        "synthesizers": ["independent"],
        "regimes": ["replace"],
        "generations": 3,
        "seeds": [0],
        "rows": 100,
        "null_chains": 50,
        "workers": 1,
        "progress": False,
    }
    if table is None:
        table, schema = real_rows()
    return st.recurse(table, schema, **(arguments | changes))  # type: ignore[arg-type] # mistakes, too


def csv_of(result: st.StudyResult) -> str:
    """Give the bytes that must be the same."""
    return str(result.frame().to_csv())


def record(run: Path, generation: int, pattern: str = "*") -> GenerationRecord:
    """Read what is kept of a generation of the only chain that fits a pattern."""
    (folder,) = run.glob(f"chains/{pattern}")
    found = ChainStore(DirectoryStore(run), f"chains/{folder.name}").record(generation)
    assert found is not None
    return found


def tables_of(run: Path) -> dict[str, bytes]:
    """Give what chains trained on, to the bit."""
    return {
        f"{file.parent.name}/{file.name}": file.read_bytes()
        for file in run.glob("chains/*/*.table.checkpoint")
    }


MANY: dict[str, Any] = {
    "synthesizers": ["independent", "resampler"],
    "regimes": ["replace", "accumulate", "fresh_mix(0.1)", st.Curate(), st.TailReweight()],
    "seeds": [0, 1],
    "generations": 2,
}
