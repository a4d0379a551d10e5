"""TVAE and CTGAN beside SDV's own, on NHANES, over several splits: what each correction is worth.

    python benchmarks/neural_corrections.py [--epochs 60] [--seeds 2] [--each] [--only tvae]

For each seed NHANES is split 70 : 30. All models are fitted to the training rows under the same guard, and
sample as many rows. Quality, column shapes and pair trends are SDMetrics' against the training rows; the
holdout is scored the same way, as what fresh real rows would get (with fewer rows: a little low).
``detected`` is the area under the ROC curve of boosted trees that tell training rows from the others: 0.5 is
best. ``cancers`` are the kinds of cancer in the sample over those in the training rows; ``stroke`` is the
share of people with a stroke over the same share in the training rows; ``nulls`` the largest difference of a
column's null rate; ``broken`` the share of rows with an age at diagnosis of diabetes and no diagnosis. Times
are CPU seconds of the whole process, imports apart. ``--each`` takes back one correction at a time.
"""

from __future__ import annotations

import argparse
import importlib
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthtab.datasets import load_nhanes_adults
from synthtab.schema import TableSchema
from synthtab.seeding import one_native_thread
from synthtab.specs import SynthesizerSpec, spec
from synthtab.synthesizers import make
from synthtab.synthesizers.quiet import import_sdv
from synthtab.tables import split

HEADINGS = (
    "quality",
    "shapes",
    "trends",
    "detected",
    "cancers",
    "stroke",
    "nulls",
    "broken",
    "fit s",
    "sample s",
)
ROWS_OF_DETECTION = 1_500


@dataclass(frozen=True)
class Variant:
    """One way to fit a synthesizer.

    Parameters
    ----------
    name : str
        What is different.
    spec : SynthesizerSpec
        Synthesizer and parameters.
    """

    name: str
    spec: SynthesizerSpec


def variants(only: str, epochs: int, *, each: bool) -> list[Variant]:
    """List what is compared."""
    found = []
    if only in ("tvae", "both"):
        found += [
            Variant("tvae, SDV's own", spec("tvae", as_sdv=True)),
            Variant("tvae", spec("tvae")),
        ]
        if each:
            found += [
                Variant("  decode=sample", spec("tvae", decode="sample")),
                Variant("  decode=argmax", spec("tvae", decode="argmax")),
                Variant("  temperature=1", spec("tvae", temperature=1.0)),
                Variant("  temperature=0.5", spec("tvae", temperature=0.5)),
                Variant("  fitted_prior=False", spec("tvae", fitted_prior=False)),
                Variant("  calibrated=False", spec("tvae", calibrated=False)),
                Variant("  normal_scores=False", spec("tvae", normal_scores=False)),
                Variant("  batch_size=500", spec("tvae", batch_size=500)),
            ]
    if only in ("ctgan", "both"):
        found += [
            Variant("ctgan, SDV's own", spec("ctgan", as_sdv=True)),
            Variant("ctgan", spec("ctgan")),
        ]
        if each:
            found += [
                Variant("  log_frequency=True", spec("ctgan", log_frequency=True)),
                Variant("  calibrated=False", spec("ctgan", calibrated=False)),
                Variant("  both of these", spec("ctgan", calibrated=False, log_frequency=True)),
                Variant("  normal_scores=False", spec("ctgan", normal_scores=False)),
                Variant("  pac=10", spec("ctgan", pac=10)),
                Variant("  SDV's sizes", spec("ctgan", batch_size=500, generator_dim="256,256",
                        discriminator_dim="256,256", generator_lr=2e-4, discriminator_lr=2e-4)),
            ]  # fmt: skip
    return [Variant(variant.name, spec(variant.spec, epochs=epochs)) for variant in found]


def quality(real: pd.DataFrame, other: pd.DataFrame, schema: TableSchema) -> tuple[float, float, float]:
    """Give SDMetrics' overall score, column shapes and pair trends."""
    kinds = {
        column.name: "numerical" if column.kind.is_number else "categorical" for column in schema.modelled
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sdmetrics.reports.single_table import QualityReport

        report = QualityReport()
        metadata = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
        report.generate(real, other, metadata, verbose=False)
    shapes, trends = report.get_properties()["Score"]
    return report.get_score(), shapes, trends


def detected(real: pd.DataFrame, other: pd.DataFrame, schema: TableSchema) -> float:
    """Give how well boosted trees tell two tables apart, in three folds."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    n_rows = min(len(real), len(other), ROWS_OF_DETECTION)
    both = pd.concat([real.iloc[:n_rows], other.iloc[:n_rows]], ignore_index=True)
    columns = [
        both[column.name] if column.kind.is_number else pd.Series(pd.factorize(both[column.name])[0])
        for column in schema.modelled
    ]
    truth = np.repeat([0, 1], n_rows)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    with one_native_thread():
        odds = cross_val_predict(
            model, np.column_stack(columns).astype(float), truth, cv=3, method="predict_proba"
        )
    return float(roc_auc_score(truth, odds[:, 1]))


def score(real: pd.DataFrame, other: pd.DataFrame, schema: TableSchema) -> tuple[float, ...]:
    """Give the figures of one table, times apart."""
    kinds = set(real["cancer_type"].dropna()) - {"no cancer"}
    stroke = [float((frame["stroke"] == "yes").mean()) for frame in (other, real)]
    return (
        *quality(real, other, schema),
        detected(real, other, schema),
        len(kinds & set(other["cancer_type"].dropna())) / len(kinds),
        stroke[0] / stroke[1],
        float((real.isna().mean() - other.isna().mean()).abs().max()),
        float((other["diabetes_age"].notna() & (other["diabetes"] != "yes")).mean()),
    )


def line(name: str, figures: tuple[float, ...]) -> str:
    """Show one line of the table."""
    return f"{name:<22}" + "".join(f"{figure:>10.3f}" for figure in figures)


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--each", action="store_true", help="take back one correction at a time")
    parser.add_argument("--only", choices=("tvae", "ctgan", "both"), default="both")
    asked = parser.parse_args()
    data = load_nhanes_adults()
    import_sdv()
    # torch imports its compiler with the first optimizer, whether it is used or not: 2 s
    importlib.import_module("torch._dynamo")
    found: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(asked.seeds):
        parts = split(data.frame, data.schema, holdout=0.3, seed=seed)
        real = parts.train
        print(f"\nseed {seed}: {len(real):,} training rows × {real.shape[1]}, {asked.epochs} epochs")
        print(f"{'':<22}" + "".join(f"{heading:>10}" for heading in HEADINGS))
        found.setdefault("holdout", []).append((*score(real, parts.holdout, data.schema), 0.0, 0.0))
        print(line("holdout", found["holdout"][-1]))
        kind = ""
        for variant in variants(asked.only, asked.epochs, each=asked.each):
            kind = kind if variant.name.startswith(" ") else variant.spec.name
            start = time.process_time()
            synth = make(variant.spec, data.schema, seed=seed).fit(real)
            middle = time.process_time()
            drawn = synth.sample(len(real), seed=seed)
            times = middle - start, time.process_time() - middle
            found.setdefault(f"{kind}/{variant.name}", []).append((*score(real, drawn, data.schema), *times))
            print(line(variant.name, found[f"{kind}/{variant.name}"][-1]), flush=True)
    print(f"\nmean over {asked.seeds} seeds")
    print(f"{'':<22}" + "".join(f"{heading:>10}" for heading in HEADINGS))
    for name, figures in found.items():
        print(line(name.split("/")[-1], tuple(np.mean(figures, axis=0))))


if __name__ == "__main__":
    main()
