"""From a CSV without a schema to a verdict that a script acts on.

A data team's usual way: the schema is guessed, a person reads the guess and corrects it, the corrected schema
is saved beside the code, and from then on the audit decides whether the synthetic table may leave the house.

Run: python examples/your_own_csv.py [YOUR.csv [FOLDER]]
Leaves with 0 when the table passes or comes with warnings, with 1 when it fails.
"""

import os
import sys
import tempfile
from pathlib import Path

import pandas as pd

import synthtab as st

# What a person knows about the table and its rows cannot tell. Public bounds and levels need no protection; a
# level that is not declared public is only kept when ten people share it. Write your own columns here.
CORRECTIONS: dict[str, dict[str, object]] = {
    "age": {"lower": 20, "upper": 80, "units": "years", "role": "quasi_identifier"},
    "general_health": {
        "kind": "ordinal",
        "categories": ["poor", "fair", "good", "very good", "excellent"],
    },
    "diabetes": {"categories": ["no", "borderline", "yes"], "domain": "public", "role": "sensitive"},
}
TARGET = "diabetes"


def example_csv(folder: Path) -> Path:
    """Write a CSV as it might come out of a clinic's database: a number for each patient, and no schema."""
    rows = int(os.environ.get("SYNTHTAB_EXAMPLE_ROWS", "5000"))
    columns = ["age", "sex", "general_health", "weight_kg", "height_cm", "systolic_bp", "hba1c", "diabetes"]
    frame = st.load_nhanes_adults().frame[columns].head(rows)
    frame.insert(0, "patient_id", [f"P-{number:06d}" for number in range(len(frame))])
    path = folder / "patients.csv"
    frame.to_csv(path, index=False)
    return path


def main(arguments: list[str]) -> int:
    """Infer, correct, save, split, fit, audit, decide."""
    folder = Path(arguments[1] if len(arguments) > 1 else tempfile.mkdtemp(prefix="synthtab-"))
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.read_csv(arguments[0] if arguments else example_csv(folder))

    schema = st.TableSchema.infer(frame)
    print("Guessed:", schema.explain(), sep="\n")

    for name, changes in CORRECTIONS.items():
        if name in schema:
            schema = schema.with_column(name, **changes)
    schema.save(folder / "schema.yaml")
    print("\nCorrected and saved. The table against it:", schema.check(frame), sep="\n")

    split = st.split(frame, schema, holdout=0.3, seed=0)
    synth = st.make("gaussian_copula", schema, seed=0).fit(split.train)
    sample = synth.sample(len(frame), seed=1)
    audit = st.audit(
        real=split.train,
        holdout=split.holdout,
        synthetic=sample,
        schema=schema,
        target=TARGET if TARGET in schema else None,
        guard=synth.guard,
        title="patients",
    )
    print(f"\n{audit}")
    print("report:", audit.to_html(folder / "audit.html"))

    if audit.verdict == "fail":
        print("The synthetic table stays in the house.")
        return 1
    sample.to_csv(folder / "synthetic.csv", index=False)
    print("The synthetic table is in", folder / "synthetic.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
