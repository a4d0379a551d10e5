"""Ask what happens to your table when models are trained on synthetic copies of it, and keep the answer.

Run: python examples/train_on_synthetic.py [FOLDER]
"""

import sys
from pathlib import Path

import synthtab as st

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")

# a pool of real rows feeds the regime with an inflow; nothing learns from the holdout
data = st.load_nhanes_adults()
split = st.split(data.frame, data.schema, holdout=0.3, pool=0.2, seed=0)


def main() -> None:
    """Run a small study: interrupt it, and the same call goes on where it stopped."""
    study = st.recurse(
        split,
        data.schema,
        synthesizers=["gaussian_copula", "independent"],
        regimes=["replace", "accumulate", st.FreshMix(0.1)],
        generations=4,
        seeds=range(3),  # ten and more for a study that you sign
        rows=600,
        null_chains=100,
        run_dir=folder / "run",
        keep_tables=True,
    )
    print(study.verdict)
    print(study.costs().round(3).to_string(index=False))
    print(study.to_html(folder / "study.html"))

    # every synthetic table says what it is
    table = next((folder / "run" / "tables").rglob("g0004.parquet"))
    print(table.name, st.lineage_of(table))


if __name__ == "__main__":  # worker processes import this file
    main()
