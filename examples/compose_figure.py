"""Compose one figure for a paper from an audit and a study: your panels, your letters, your file.

Run: python examples/compose_figure.py [FIGURE.pdf]
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

import synthtab as st

path = Path(sys.argv[1] if len(sys.argv) > 1 else "out/figure.pdf")

# a few columns, so that it takes seconds
COLUMNS = ["age", "sex", "education", "bmi", "hba1c", "cancer_type", "diabetes"]
data = st.load_nhanes_adults()
schema = st.TableSchema(tuple(data.schema[name] for name in COLUMNS))
split = st.split(data.frame[COLUMNS], schema, holdout=0.3, seed=0)


def main() -> None:
    """Audit one table, run a small study, and draw both into axes of one figure."""
    # baselines, because they fit at once: name your own synthesizers here
    synth = st.make("independent", schema, seed=0).fit(split.train)
    audit = st.audit(
        real=split.train,
        holdout=split.holdout,
        synthetic=synth.sample(3_000, seed=1),
        schema=schema,
        sections=["marginal", "association", "rare", "tails"],
        guard=synth.guard,
    )
    study = st.recurse(
        split,
        schema,
        synthesizers=["independent", "resampler"],
        regimes=["replace"],
        generations=4,
        seeds=range(4),  # ten and more for a study that you publish
        rows=600,
        null_chains=100,
    )

    figure = Figure(figsize=(11, 7.6), layout="constrained")
    (above_left, above_right), (below_left, below_right) = figure.subplots(2, 2)
    audit.plot("families", ax=above_left)
    audit.plot("distribution", column="hba1c", ax=above_right)
    audit.plot("rare", ax=below_left)
    study.plot("curves", metric="levels_lost", regime="replace", ax=below_right)

    # they are plain axes: change what you like
    for letter, ax in zip("abcd", figure.axes, strict=True):
        ax.set_title(letter, loc="left", fontweight="bold")
    above_right.set_xlabel("Glycated haemoglobin, %")

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    print(audit)
    print(study.verdict)
    print("figure:", path)


if __name__ == "__main__":  # worker processes import this file
    main()
