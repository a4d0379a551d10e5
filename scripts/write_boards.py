"""Compare all synthesizers on NHANES and on UCI Adult, and write the committed boards.

    python scripts/write_boards.py [--out reports] [--only nhanes|adult]

About half an hour of CPU time each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import synthtab as st

# as many epochs as the tables of a few thousand rows need; the defaults of SDV, 300, change little
EPOCHS = 60
SYNTHESIZERS = (
    "gaussian_copula",
    st.spec("tvae", epochs=EPOCHS),
    st.spec("ctgan", epochs=EPOCHS),
    st.spec("copula_gan", epochs=EPOCHS),
)
SEEDS = range(5)
ADULT = Path(__file__).parents[1] / "tests" / "data"
ADULT_ROWS = 8_000


def nhanes() -> st.BoardResult:
    """Compare on the embedded health survey."""
    data = st.load_nhanes_adults()
    split = st.split(data.frame, data.schema, holdout=0.5, seed=0)
    return st.compare(SYNTHESIZERS, split, data.schema, seeds=SEEDS, target="diabetes")


def adult() -> st.BoardResult:
    """Compare on a random part of UCI Adult."""
    schema = st.TableSchema.load(ADULT / "adult_schema.yaml")
    frame = pd.read_parquet(ADULT / "adult.parquet").sample(ADULT_ROWS, random_state=0)
    split = st.split(frame, schema, holdout=0.5, seed=0)
    return st.compare(SYNTHESIZERS, split, schema, seeds=SEEDS, target="income")


BOARDS: dict[str, Callable[[], st.BoardResult]] = {"nhanes": nhanes, "adult": adult}


def main() -> None:
    """Compare, and write what was found."""
    parser = argparse.ArgumentParser(description="Compare all synthesizers on two tables.")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="Folder for the boards.")
    parser.add_argument("--only", choices=tuple(BOARDS), help="One of the tables.")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, made in BOARDS.items():
        if arguments.only in (None, name):
            board = made()
            board.to_html(arguments.out / f"{name}-board.html")
            (arguments.out / f"{name}-board.json").write_text(board.to_json(), encoding="utf-8")
            print(board)
            print(board.costs().to_string(index=False))


if __name__ == "__main__":
    main()
