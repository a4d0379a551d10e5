"""CPU time of whole audits, beside mostlyai-qa and SDMetrics on the same tables in the same run.

    python benchmarks/audit.py [--only nhanes,adult,million,wide] [--rows 1000000] [--write docs/speed.md]

Every measurement runs in a process of its own, one native thread each. CPU time is user and system time of
that process and of all it started, from after its imports to the end of its work. mostlyai-qa needs other
versions of the same libraries than we do, so it runs in its own environment, told by SYNTHTAB_PEER_PYTHON;
it brings its embedder with it and asks for no network.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from synthtab import AuditResult

PEER = "SYNTHTAB_PEER_PYTHON"
HOW_TO_MAKE_THE_PEER = f"""\
mostlyai-qa was not measured, because {PEER} is not set. To make its environment (a build of torch
for CPUs will do, installed first):
    python3.11 -m venv peer
    peer/bin/python -m pip install 'mostlyai-qa==1.10.*'
    {PEER}=$PWD/peer/bin/python python benchmarks/audit.py"""
PARTS = ("nhanes", "adult", "million", "wide")
COUNTED = ("schema", "marginal", "association", "rare", "tails")
BUT_PRIVACY = (*COUNTED, "subgroups", "utility", "detection")
MEGABYTE, GIGABYTE = 1e6, 1e9
MISSING_SHARE = 0.1
ADULT_TRAINED = 32_561
Measured = dict[str, float | str]


def sibling(name: str) -> ModuleType:
    """Load another benchmark by its file: benchmarks are scripts, not a package."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def cpu_seconds() -> float:
    """Give user and system time of this process, of those it waited for, and of those still at work."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used) + sum(map(_of_process, _children(os.getpid())))


def _children(process: int) -> list[int]:
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]


def _of_process(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    # own and waited-for user and system time, as proc(5) numbers them
    ticks = sum(int(fields[place]) for place in (11, 12, 13, 14))
    return ticks / os.sysconf("SC_CLK_TCK") + sum(map(_of_process, _children(process)))


def peak_memory() -> float:
    """Give the most memory that this process ever held, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def timed(call: Callable[[], object]) -> float:
    """Give the CPU seconds of a call."""
    start = cpu_seconds()
    call()
    return cpu_seconds() - start


# ---------------------------------------------------------------------- makers of tables


def write_nhanes(folder: Path, _rows: int) -> None:
    """Write training, holdout and synthetic rows of NHANES."""
    import synthtab as st

    data = st.load_nhanes_adults()
    parts = st.split(data.frame, data.schema, holdout=0.3, seed=0)
    synthetic = st.make("gaussian_copula", data.schema, seed=0).fit(parts.train).sample(
        len(parts.train), seed=1
    )  # fmt: skip
    for name, table in (("train", parts.train), ("holdout", parts.holdout), ("synthetic", synthetic)):
        table.to_parquet(folder / f"{name}.parquet")
    data.schema.save(folder / "schema.yaml")


def write_adult(folder: Path, _rows: int) -> None:
    """Write training, holdout and synthetic rows of UCI Adult, as its authors cut it."""
    import synthtab as st

    data = Path(__file__).parents[1] / "tests" / "data"
    frame, schema = pd.read_parquet(data / "adult.parquet"), st.TableSchema.load(data / "adult_schema.yaml")
    train, holdout = frame.iloc[:ADULT_TRAINED], frame.iloc[ADULT_TRAINED:]
    synthetic = st.make("gaussian_copula", schema, seed=0).fit(train).sample(len(train), seed=1)
    for name, table in (("train", train), ("holdout", holdout), ("synthetic", synthetic)):
        table.to_parquet(folder / f"{name}.parquet")
    schema.save(folder / "schema.yaml")


def write_million(folder: Path, rows: int) -> None:
    """Write two samples of one mixed table of fifteen columns; SDMetrics is told of its columns too."""
    from synthtab.schema import TableSchema  # the peer's environment has none

    frame = sibling("million_rows").table(2 * rows)
    TableSchema.infer(frame).save(folder / "schema.yaml")
    frame.iloc[:rows].to_parquet(folder / "train.parquet")
    frame.iloc[rows:].to_parquet(folder / "synthetic.parquet")


def write_wide(folder: Path, rows: int) -> None:
    """Write a table of 200 columns, split 70 : 30, and another sample of it."""
    kept = rows * 7 // 10
    frame = mixed_table(rows + kept, 200)
    for name, low, high in (("train", 0, kept), ("holdout", kept, rows), ("synthetic", rows, rows + kept)):
        frame.iloc[low:high].reset_index(drop=True).to_parquet(folder / f"{name}.parquet")


def mixed_table(rows: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """Make a table of which two columns in five are labels, every fifth has gaps, and neighbours depend."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 1 + columns // 10))
    found: dict[str, npt.NDArray[np.generic]] = {}
    for index in range(columns):
        score = 0.6 * shared[:, index // 10] + 0.8 * rng.normal(size=rows)
        if index % 5 in (1, 3):
            cuts = np.quantile(score, np.linspace(0, 1, 3 + index % 9)[1:-1])
            found[f"label_{index}"] = np.array(list("abcdefghij"))[np.searchsorted(cuts, score)]
        else:
            found[f"number_{index}"] = np.round(10 * score, index % 4)
        if index % 5 == 0:
            found[f"number_{index}"] = np.where(
                rng.random(rows) < MISSING_SHARE, np.nan, found[f"number_{index}"]
            )
    return pd.DataFrame(found)


# ---------------------------------------------------------------------- what is measured, each in a process


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the tables that a maker wrote."""
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def load_synthtab() -> ModuleType:
    """Import everything that an audit will need, so that imports are in no measurement."""
    for library in ("scipy.stats", "sklearn.ensemble", "sklearn.linear_model", "sklearn.tree"):
        importlib.import_module(library)
    synthtab = importlib.import_module("synthtab")
    # public names are loaded when they are first asked for
    assert synthtab.audit
    return synthtab


def ours(folder: Path, *, parts: dict[str, tuple[str, ...]], page: bool) -> Measured:
    """Audit the tables in the folder: each named part by itself, then the page of the first."""
    st = load_synthtab()
    tables = read(folder)
    path = folder / "schema.yaml"
    schema = st.TableSchema.load(path) if path.exists() else None
    found: Measured = {}
    for name, sections in parts.items():
        clock, start = time.monotonic(), cpu_seconds()
        result = st.audit(
            tables["train"],
            tables["synthetic"],
            holdout=tables.get("holdout"),
            schema=schema,
            sections=sections,
        )
        found[name] = cpu_seconds() - start
        if len(found) > 1:
            continue
        found["clock"] = time.monotonic() - clock
        found["limits"] = " ".join(limit for limit in result.limits if "pairs" in limit)
        found["pairs"] = float(pairs_scored(result))
        if page:
            out = folder / "ours.html"
            found["page"] = timed(partial(result.to_html, out))
            found["page_bytes"] = float(out.stat().st_size)
    return found


def pairs_scored(result: AuditResult) -> int:
    """Count the pairs that have a figure of their own."""
    return sum(score.metric == "interaction_tvd" and len(score.columns) == 2 for score in result.scores)  # noqa: PLR2004 - a pair


def mostly(folder: Path) -> Measured:
    """Run mostlyai-qa's whole report."""
    importlib.import_module("model2vec")
    from mostlyai import qa

    tables = read(folder)
    out = folder / "mostly.html"
    seconds = timed(
        lambda: qa.report(
            syn_tgt_data=tables["synthetic"],
            trn_tgt_data=tables["train"],
            hol_tgt_data=tables["holdout"],
            report_path=out,
        )
    )
    return {"audit": seconds, "page_bytes": float(out.stat().st_size), "version": version("mostlyai-qa")}


def sdmetrics(folder: Path) -> Measured:
    """Run SDMetrics' quality report."""
    from sdmetrics.reports.single_table import QualityReport

    tables = read(folder)
    real = tables["train"]
    kinds = {name: "numerical" if real[name].dtype.kind in "fi" else "categorical" for name in real}
    columns = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
    report = QualityReport()
    seconds = timed(lambda: report.generate(real, tables["synthetic"], columns, verbose=False))
    return {"audit": seconds, "version": version("sdmetrics")}


MAKERS = {"nhanes": write_nhanes, "adult": write_adult, "million": write_million, "wide": write_wide}
MEASURES: dict[str, Callable[[Path], Measured]] = {
    "nhanes": lambda folder: ours(folder, parts={"audit": BUT_PRIVACY, "privacy": ("privacy",)}, page=True),
    "adult": lambda folder: ours(folder, parts={"privacy": ("privacy",)}, page=False),
    "million": lambda folder: ours(folder, parts={"audit": ("marginal", "association", "rare")}, page=False),
    "wide": lambda folder: ours(folder, parts={"audit": BUT_PRIVACY}, page=False),
    "mostly": mostly,
    "sdmetrics": sdmetrics,
}


def measure(task: str, folder: Path, python: str = sys.executable) -> Measured:
    """Measure a task in a fresh process."""
    single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    out = folder / f"{task}.json"
    # -P: this folder holds a module named like one of the standard library
    command = [python, "-P", __file__, "--task", task, "--folder", str(folder)]
    subprocess.run(command, check=True, env=os.environ | single | offline)  # noqa: S603 - our own command line
    return dict(json.loads(out.read_text()))


def run_task(task: str, folder: Path, rows: int) -> None:
    """Do what the parent process asked for."""
    warnings.simplefilter("ignore")
    if task.startswith("make "):
        MAKERS[task.removeprefix("make ")](folder, rows)
        return
    found = MEASURES[task](folder) | {"memory": peak_memory()}
    (folder / f"{task}.json").write_text(json.dumps(found))


# ---------------------------------------------------------------------- the table


def row(what: str, seconds: float, times: str = "") -> str:
    """Write one row of the table."""
    return f"| {what} | {seconds:.1f} | {times} |"


def nhanes_lines(folder: Path) -> list[str]:
    """Measure NHANES, beside mostlyai-qa where there is an environment for it."""
    own = measure("nhanes", folder)
    rows, columns = pd.read_parquet(folder / "train.parquet").shape
    audit, page, privacy = (float(own[name]) for name in ("audit", "page", "privacy"))
    lines = [
        row(
            f"NHANES, {rows:,} training rows × {columns}: every section but privacy, and the page",
            audit + page,
        ),
        row(f"… of which the page, {float(own['page_bytes']) / MEGABYTE:.2f} MB", page),
        row("… the privacy section, besides", privacy),
    ]
    python = os.environ.get(PEER)
    if python is None:
        print(HOW_TO_MAKE_THE_PEER)
        return lines
    peer = measure("mostly", folder, python)
    seconds, size = float(peer["audit"]), float(peer["page_bytes"]) / MEGABYTE
    with_privacy = seconds / (audit + page + privacy)
    times = f"{seconds / (audit + page):.1f}; beside ours with privacy {with_privacy:.1f}"
    return [*lines, row(f"… mostlyai-qa {peer['version']}: its report, {size:.2f} MB", seconds, times)]


def adult_lines(folder: Path) -> list[str]:
    """Measure the attacks on a table of some size."""
    own = measure("adult", folder)
    what = (
        f"UCI Adult, {count_rows(folder, 'train', 'holdout'):,} real rows × 15, as many synthetic as "
        f"training rows: the privacy section; peak memory {float(own['memory']) / GIGABYTE:.1f} GB"
    )
    return [row(what, float(own["privacy"]))]


def million_lines(folder: Path) -> list[str]:
    """Measure the tall table, beside SDMetrics."""
    own, peer = measure("million", folder), measure("sdmetrics", folder)
    seconds, other = float(own["audit"]), float(peer["audit"])
    what = f"{count_rows(folder, 'train'):,} rows × 15 on either side: marginal, association and rare"
    theirs = f"… SDMetrics {peer['version']}: its quality report"
    return [row(what, seconds), row(theirs, other, f"{other / seconds:.1f}")]


def wide_lines(folder: Path) -> list[str]:
    """Measure the wide table."""
    own = measure("wide", folder)
    what = (
        f"{count_rows(folder, 'train', 'holdout'):,} real rows × 200, split 70 : 30: every section but "
        f"privacy; {float(own['pairs']):,.0f} pairs, peak memory {float(own['memory']) / GIGABYTE:.1f} GB"
    )
    said = [f"\nOn its pairs that audit says: “{own['limits']}”"] if own["limits"] else []
    return [row(what, float(own["audit"])), *said]


def count_rows(folder: Path, *names: str) -> int:
    """Count the rows of some tables."""
    return sum(len(pd.read_parquet(folder / f"{name}.parquet")) for name in names)


LINES: dict[str, Callable[[Path], list[str]]] = {
    "nhanes": nhanes_lines,
    "adult": adult_lines,
    "million": million_lines,
    "wide": wide_lines,
}
ROWS = {"nhanes": 0, "adult": 0, "million": 1_000_000, "wide": 50_000}


def write_part(path: Path, name: str, lines: list[str]) -> None:
    """Replace one part of a page, which stands between two comments."""
    start, end = f"<!-- {name}: written by benchmarks/{name}.py -->", f"<!-- end of {name} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    kept = rest.partition(end)[2]
    path.write_text("\n".join([before + start, "", *lines, "", end + kept]), encoding="utf-8")


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}, with commas between")
    parser.add_argument("--rows", type=int, help="rows of the tall and the wide table")
    parser.add_argument("--write", type=Path, help="page to write the table into")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.task:
        run_task(asked.task, asked.folder, asked.rows)
        return
    lines = ["| | CPU seconds | times ours |", "| --- | ---: | ---: |"]
    for name in asked.only.split(","):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            make = [sys.executable, "-P", __file__, "--task", f"make {name}", "--folder", temporary]
            rows = str(asked.rows or ROWS[name])
            subprocess.run([*make, "--rows", rows], check=True)  # noqa: S603 - our own command line
            found = LINES[name](folder)
            print("\n".join(found), flush=True)
            lines += found
    if asked.write:
        write_part(asked.write, "audit", lines)


if __name__ == "__main__":
    main()
