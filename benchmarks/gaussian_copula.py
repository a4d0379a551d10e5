"""Our Gaussian copula beside SDV's own, on NHANES, over several splits: SDMetrics quality and CPU time.

    python benchmarks/gaussian_copula.py [splits]

For each seed NHANES is split 70 : 30. Both models are fitted to the training rows under the same guard, and
sample as many rows. The score is SDMetrics' QualityReport against the training rows; the holdout is scored
the same way, as what fresh real rows would get (with fewer rows: a little low). CPU time is of the whole
process, imports apart; SDV is given its own behaviour by ``as_sdv=True``. The other columns are of our own
making: the mean difference of 2-way interactions (5 bins, against the holdout), of the correlations between
missing values, and rows that break the rule "diabetes_age only with diabetes".
"""

from __future__ import annotations

import itertools
import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthtab.datasets import load_nhanes_adults
from synthtab.schema import LabelColumn, TableSchema
from synthtab.synthesizers import make
from synthtab.synthesizers.quiet import import_sdv
from synthtab.tables import split

BINS = 5
SPLITS = 5
HEADINGS = ("", "quality", "shapes", "trends", "interaction", "missing", "rule broken", "fit s", "sample s")


@dataclass(frozen=True)
class Row:
    """What one table scored.

    Parameters
    ----------
    name : str
        Who made it.
    figures : tuple of float
        In the order of the headings.
    """

    name: str
    figures: tuple[float, ...]

    def __str__(self) -> str:
        """Show as one line of the table."""
        return f"{self.name:<22}" + "".join(f"{figure:>12.3f}" for figure in self.figures)


def quality(real: pd.DataFrame, other: pd.DataFrame, schema: TableSchema) -> tuple[float, ...]:
    """Give SDMetrics' overall score, column shapes and pair trends."""
    kinds = {
        column.name: "numerical" if column.kind.is_number else "categorical" for column in schema.modelled
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sdmetrics.reports.single_table import QualityReport

        report = QualityReport()
        report.generate(
            real, other, {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}, verbose=False
        )
    return (report.get_score(), *report.get_properties()["Score"])


def interaction(real: pd.DataFrame, other: pd.DataFrame, schema: TableSchema) -> float:
    """Give the mean, over pairs, of half the summed difference of 2-way tables less margins."""
    one, two = schema.cast(real), schema.cast(other)
    codes: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]] = {}
    for name, column in one.columns.items():
        if isinstance(column, LabelColumn):
            width = len(column.levels) + 1
            codes[name] = column.codes % width, two.label(name).recoded(column.levels) % width, width
            continue
        edges = np.unique(np.nanquantile(column.values, np.linspace(0, 1, BINS + 1)[1:-1]))
        binned = [
            np.where(np.isnan(values), BINS, np.searchsorted(edges, values, side="right"))
            for values in (column.values, two.number(name).values)
        ]
        codes[name] = binned[0], binned[1], BINS + 1

    def departure(
        first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], width: int, height: int
    ) -> object:
        table = np.bincount(first * height + second, minlength=width * height).reshape(width, height) / len(
            first
        )
        return table - table.sum(axis=1, keepdims=True) * table.sum(axis=0)

    total = [
        np.abs(departure(a[0], b[0], a[2], b[2]) - departure(a[1], b[1], a[2], b[2])).sum() / 2
        for a, b in itertools.combinations(codes.values(), 2)
    ]
    return float(np.mean(total))


def missing(real: pd.DataFrame, other: pd.DataFrame) -> float:
    """Give the mean absolute difference of the correlations between missing values."""
    names = [name for name in real if real[name].isna().mean() > 0.005]  # noqa: PLR2004 - twenty people
    one, two = (table[names].isna().astype(float).corr().to_numpy() for table in (real, other))
    return float(np.nanmean(np.abs(one - two)))


def broken(table: pd.DataFrame, schema: TableSchema) -> float:
    """Count rows that break the rule of what is missing by design."""
    rows = schema.cast(table)
    return float(sum(rule.broken(rows).sum() for rule in schema.rules if "missing(" in rule.text))


def main(splits: int = SPLITS) -> None:
    """Run the benchmark and print its tables.

    Parameters
    ----------
    splits : int, default 5
        How many splits.
    """
    data = load_nhanes_adults()
    import_sdv()
    rows: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(splits):
        parts = split(data.frame, data.schema, holdout=0.3, seed=seed)
        real, holdout = parts.train, parts.holdout
        print(f"\nsplit {seed}: {len(real):,} training rows × {real.shape[1]}")
        print(f"{HEADINGS[0]:<22}" + "".join(f"{heading:>12}" for heading in HEADINGS[1:]))
        for name, as_sdv in (("holdout", None), ("SDV's own", True), ("synthtab", False)):
            times = (0.0, 0.0)
            drawn = holdout
            if as_sdv is not None:
                start = time.process_time()
                synth = make("gaussian_copula", data.schema, seed=seed, as_sdv=as_sdv).fit(real)
                middle = time.process_time()
                drawn = synth.sample(len(real), seed=seed)
                times = (middle - start, time.process_time() - middle)
            figures = (
                *quality(real, drawn, data.schema),
                interaction(holdout if as_sdv is not None else real, drawn, data.schema),
                missing(real, drawn),
                broken(drawn, data.schema),
                *times,
            )
            rows.setdefault(name, []).append(figures)
            print(Row(name, figures))
    print(f"\nmean over {splits} splits")
    means = {name: np.mean(found, axis=0) for name, found in rows.items()}
    for name, figures in means.items():
        print(Row(name, tuple(figures)))
    ours, theirs = means["synthtab"], means["SDV's own"]
    print(f"\nCPU time of fit and sample: {ours[-2:].sum():.2f} s against {theirs[-2:].sum():.2f} s, "
          f"a ratio of {theirs[-2:].sum() / ours[-2:].sum():.1f}")  # fmt: skip
    print(f"quality: {ours[0]:.3f} against {theirs[0]:.3f}; fresh real rows {means['holdout'][0]:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SPLITS)
