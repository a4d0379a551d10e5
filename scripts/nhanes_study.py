"""Run the committed recursion study on NHANES, and write its report.

    python scripts/nhanes_study.py --run-dir DIR [--out reports]

About an hour and a half of CPU time; with the same --run-dir it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import synthtab as st

SYNTHESIZERS = ("gaussian_copula", st.spec("tvae", epochs=60), "independent", "resampler")
REGIMES = ("replace", "accumulate", st.FreshMix(0.1))
GENERATIONS = 10
SEEDS = range(10)


def study(run_dir: Path | None) -> st.StudyResult:
    """Run the study, or go on with it."""
    data = st.load_nhanes_adults()
    split = st.split(data.frame, data.schema, holdout=0.3, pool=0.2, seed=0)
    return st.recurse(
        split,
        data.schema,
        synthesizers=SYNTHESIZERS,
        regimes=REGIMES,
        generations=GENERATIONS,
        seeds=SEEDS,
        audit_at=(1, GENERATIONS),
        target="diabetes",
        run_dir=run_dir,
    )


def main() -> None:
    """Run, and write what was found."""
    parser = argparse.ArgumentParser(description="Run the committed recursion study on NHANES.")
    parser.add_argument("--run-dir", type=Path, help="Folder for checkpoints.")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="Folder for the report.")
    arguments = parser.parse_args()
    found = study(arguments.run_dir)
    arguments.out.mkdir(parents=True, exist_ok=True)
    found.to_html(arguments.out / "nhanes-study.html")
    (arguments.out / "nhanes-study.json").write_text(found.to_json(), encoding="utf-8")
    print(found)
    print(found.costs().to_string(index=False))


if __name__ == "__main__":
    main()
