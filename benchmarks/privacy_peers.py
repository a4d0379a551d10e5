"""The same planted leaks, judged by peers and by us in one run: what each tool says, and its CPU time.

    python -P benchmarks/privacy_peers.py [--tables nhanes,adult] [--tools anonymeter,mostly,sdmetrics,ours]
                                          [--keep FILE] [--write docs/privacy.md]

A third of real rows that nothing touched stands for a safe synthetic table; each case plants one leak of
training rows in it. The tables are written once, as Parquet, and every tool reads the same files. Every
measurement runs in a process of its own, with one native thread; CPU time is user and system time of that
process and of all it starts, from after its imports to the end of its work. Anonymeter and mostlyai-qa need
other versions of the same libraries than we do, so each runs in its own environment, told by
SYNTHTAB_ANONYMETER_PYTHON and SYNTHTAB_PEER_PYTHON; none asks for a network. With ``--keep``, what a peer
said is written to that file and not measured again; we are measured every time.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import logging
import math
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from synthtab import Split, TableSchema

ROOT = Path(__file__).parents[1]
SEEDS = (0, 1, 2)
ADULT_ROWS, ALONE_IN_ADULT = 12_000, "Holand-Netherlands"
Found = dict[str, Any]


def sibling(name: str) -> ModuleType:
    """Load another benchmark by its file: benchmarks are scripts, not a package."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------------- the planted leaks


@dataclass(frozen=True)
class Table:
    """A real table, and what an attacker is taken to know of it."""

    title: str
    target: str
    known_here: tuple[str, ...]
    known_there: tuple[str, ...]


TABLES = {
    "nhanes": Table(
        "NHANES",
        "diabetes",
        ("age", "sex", "ethnicity", "education", "marital_status", "weight_kg", "height_cm", "waist_cm"),
        (
            "general_health",
            "systolic_bp",
            "diastolic_bp",
            "total_cholesterol",
            "hdl_cholesterol",
            "hba1c",
            "blood_lead",
        ),
    ),
    "adult": Table(
        "Adult",
        "income",
        ("age", "education", "marital_status", "relationship", "race", "sex", "native_country"),
        ("workclass", "fnlwgt", "occupation", "capital_gain", "capital_loss", "hours_per_week", "income"),
    ),
}


@dataclass(frozen=True)
class Case:
    """What was done to the untouched third."""

    title: str
    plant: Callable[[Split, TableSchema, np.random.Generator], pd.DataFrame]
    safe: bool = False


def load(table: str, seed: int) -> tuple[Split, TableSchema]:
    """Cut a real table in thirds: training rows, holdout, and rows that stand for a synthetic table."""
    import synthtab as st

    if table == "nhanes":
        data = st.load_nhanes_adults()
        frame, schema = data.frame, data.schema
    else:
        frame = pd.read_parquet(ROOT / "tests/data/adult.parquet").iloc[:32_561]
        schema = st.TableSchema.load(ROOT / "tests/data/adult_schema.yaml")
        alone = frame[frame["native_country"] == ALONE_IN_ADULT]
        frame = frame.drop(alone.index).sample(ADULT_ROWS, random_state=seed)
    parts = st.split(frame, schema, holdout=1 / 3, verifier=1 / 3, seed=seed)
    if table == "adult":
        # the one person born there is to be among the training rows
        parts = replace(parts, train=pd.concat([alone, parts.train.iloc[1:]]))
    return parts, schema


def _fresh(parts: Split, _schema: TableSchema, _rng: np.random.Generator) -> pd.DataFrame:
    return parts.verifier


def _resampled(parts: Split, _schema: TableSchema, rng: np.random.Generator) -> pd.DataFrame:
    return parts.train.iloc[rng.integers(0, len(parts.train), len(parts.train))]


def _copied(share: float, parts: Split, _schema: TableSchema, rng: np.random.Generator) -> pd.DataFrame:
    many = round(share * len(parts.verifier))
    chosen = parts.train.iloc[rng.choice(len(parts.train), many, replace=False)]
    return pd.concat([parts.verifier.iloc[many:], chosen])


def _nearly_copied(parts: Split, schema: TableSchema, rng: np.random.Generator) -> pd.DataFrame:
    """Copy a tenth, every number moved by a fiftieth of its SD, whole numbers rounded; labels stay."""
    many = round(0.1 * len(parts.verifier))
    chosen = parts.train.iloc[rng.choice(len(parts.train), many, replace=False)].copy()
    for column in schema.modelled:
        if column.kind.value not in ("integer", "numeric"):
            continue
        moved = chosen[column.name] + rng.normal(0, 0.02 * parts.train[column.name].std(), many)
        moved = moved.round() if column.kind.value == "integer" else moved
        chosen[column.name] = moved.astype(parts.train[column.name].dtype)
    return pd.concat([parts.verifier.iloc[many:], chosen])


def _outlier(parts: Split, schema: TableSchema, _rng: np.random.Generator) -> pd.DataFrame:
    """Copy the one training row that lies farthest from its five nearest."""
    from sklearn.neighbors import NearestNeighbors

    columns = [column for column in schema.modelled if column.kind.is_modelled]
    numbers = parts.train[[column.name for column in columns if not column.kind.is_label]].astype(float)
    labels = parts.train[[column.name for column in columns if column.kind.is_label]].astype(object)
    scaled = ((numbers - numbers.mean()) / numbers.std()).fillna(0)
    # two rows with different labels lie one apart, as do a missing and a present number
    marks = pd.get_dummies(labels.fillna("missing")).astype(float) * math.sqrt(0.5)
    points = np.hstack([scaled, numbers.isna().astype(float), marks])
    distances = NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points)[0]
    farthest = int(distances[:, 1:].mean(axis=1).argmax())
    return pd.concat([parts.verifier.iloc[1:], parts.train.iloc[[farthest]]])


def lone_level(parts: Split, schema: TableSchema) -> tuple[str, str]:
    """Find a level that one training row holds and no other row."""
    names = [column.name for column in schema.modelled if column.kind.is_label]
    for name in reversed(names):
        counts = parts.train[name].value_counts()
        elsewhere = {*parts.holdout[name].dropna(), *parts.verifier[name].dropna()}
        for level in sorted(set(counts.index[counts == 1]) - elsewhere):
            return name, str(level)
    raise LookupError("No level is held by a single training row.")


def _leaked_level(parts: Split, schema: TableSchema, rng: np.random.Generator) -> pd.DataFrame:
    name, level = lone_level(parts, schema)
    made = parts.verifier.copy()
    made.loc[rng.choice(made.index), name] = level
    return made


def without_level(parts: Split, schema: TableSchema) -> TableSchema:
    """Take that level off its column's public list: only the training rows tell of it."""
    name, level = lone_level(parts, schema)
    kept = tuple(other for other in schema[name].categories or () if other != level)
    columns = (replace(c, categories=kept) if c.name == name else c for c in schema.columns)
    return replace(schema, columns=tuple(columns))


def _independent(parts: Split, _schema: TableSchema, rng: np.random.Generator) -> pd.DataFrame:
    made = parts.verifier.copy()
    for name in made.columns:
        made[name] = made[name].to_numpy()[rng.permutation(len(made))]
    return made


CASES = {
    "fresh": Case("fresh third", _fresh, safe=True),
    "independent": Case("independent columns", _independent, safe=True),
    "resampled": Case("resampled training rows", _resampled),
    "copies2": Case("2 % copies", partial(_copied, 0.02)),
    "copies1": Case("1 % copies", partial(_copied, 0.01)),
    "near": Case("10 % near-copies", _nearly_copied),
    "outlier": Case("one outlier copied", _outlier),
    "level": Case("one rare level leaked", _leaked_level),
}


def write_tables(folder: Path, table: str, seed: int) -> None:
    """Write training rows, holdout, every case, the schemas, and what an attacker knows."""
    parts, schema = load(table, seed)
    schema.save(folder / "schema.yaml")
    for name, rows in (("train", parts.train), ("holdout", parts.holdout)):
        rows.reset_index(drop=True).to_parquet(folder / f"{name}.parquet")
    for place, (name, case) in enumerate(CASES.items()):
        if seed and name != "fresh":
            continue
        made = case.plant(parts, schema, np.random.default_rng([seed, place]))
        shuffled = made.sample(frac=1, random_state=seed).reset_index(drop=True)
        shuffled.to_parquet(folder / f"{name}.parquet")
    quasi = [c.name for c in schema.modelled if c.role.value == "quasi_identifier"]
    numbers = [c.name for c in schema.modelled if c.kind.value in ("integer", "numeric")]
    (folder / "known.json").write_text(json.dumps({"quasi": quasi, "numbers": numbers}))
    if not seed:
        without_level(parts, schema).save(folder / "schema_level.yaml")


# ---------------------------------------------------------------------- what is measured, each in a process

ATTACKS = 1_000
SUBSAMPLED_FROM = 2_000


def read(folder: Path, case: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read training rows, holdout and the table to judge."""
    train, holdout, made = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "holdout", case)
    )
    return train, holdout, made


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """Name missing labels, for Anonymeter tells labels apart by equality."""
    labels = [str(name) for name in frame if frame[name].dtype.kind not in "fi"]
    return frame.assign(**{name: frame[name].astype(object).fillna("missing") for name in labels})


def _risk(evaluator: Any) -> Found:  # noqa: ANN401 - a peer's class, not installed here
    results, risk = evaluator.results(), evaluator.risk()
    return {
        "risk": float(risk.value),
        "low": float(risk.ci[0]),
        "high": float(risk.ci[1]),
        "main": int(results.n_success),
        "control": float(results.n_control),
        "baseline": int(results.n_baseline),
    }


def _warm_up(train: pd.DataFrame, columns: tuple[list[str], list[str]]) -> None:
    """Have numba compile before the clock starts."""
    from anonymeter.evaluators import LinkabilityEvaluator

    few = train.iloc[:50]
    LinkabilityEvaluator(ori=few, syn=few, control=few, n_attacks=5, aux_cols=columns).evaluate()


def anonymeter(folder: Path, table: str, case: str) -> Found:
    """Run Anonymeter's three attacks, the first in both modes, each with the holdout as control."""
    from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator

    train, holdout, made = map(_filled, read(folder, case))
    known, asked = json.loads((folder / "known.json").read_text()), TABLES[table]
    columns = (list(asked.known_here), list(asked.known_there))
    quasi = [name for name in known["quasi"] if name != asked.target]
    _warm_up(train, columns)
    tables = {"ori": train, "syn": made, "control": holdout, "n_attacks": ATTACKS}
    found: Found = {}

    def run() -> None:
        for mode in ("univariate", "multivariate"):
            found[mode] = _risk(SinglingOutEvaluator(**tables).evaluate(mode=mode))
        found["linkability"] = _risk(LinkabilityEvaluator(**tables, aux_cols=columns).evaluate())
        found["inference"] = _risk(
            InferenceEvaluator(**tables, aux_cols=quasi, secret=asked.target).evaluate()
        )

    return {"seconds": sibling("audit").timed(run), "version": version("anonymeter"), "found": found}


def anonymeter_linkability(folder: Path, table: str, case: str) -> Found:
    """Time Anonymeter's linkability attack by itself, on training rows and on as many control rows."""
    from anonymeter.evaluators import LinkabilityEvaluator

    train, holdout, made = map(_filled, read(folder, case))
    columns = (list(TABLES[table].known_here), list(TABLES[table].known_there))
    _warm_up(train, columns)
    evaluator = LinkabilityEvaluator(
        ori=train, syn=made, control=holdout, n_attacks=ATTACKS, aux_cols=columns
    )
    return {"seconds": sibling("audit").timed(evaluator.evaluate), "found": _risk(evaluator)}


def anonymeter_control(folder: Path, _table: str, case: str) -> Found:
    """Single out with a control as large as the training rows, and with a quarter of it."""
    from anonymeter.evaluators import SinglingOutEvaluator

    train, holdout, made = map(_filled, read(folder, case))
    quarter = holdout.sample(len(holdout) // 4, random_state=0)
    found = {}
    for name, control in (("whole", holdout), ("quarter", quarter)):
        evaluator = SinglingOutEvaluator(ori=train, syn=made, control=control, n_attacks=ATTACKS, seed=0)
        found[name] = _risk(evaluator.evaluate(mode="multivariate"))
    return {"found": found}


def mostly(folder: Path, _table: str, case: str) -> Found:
    """Run mostlyai-qa's whole report."""
    importlib.import_module("model2vec")
    from mostlyai import qa

    train, holdout, made = read(folder, case)
    out: list[Any] = []

    def run() -> None:
        page = folder / "mostly.html"
        out.append(qa.report(syn_tgt_data=made, trn_tgt_data=train, hol_tgt_data=holdout, report_path=page))

    seconds = sibling("audit").timed(run)
    metrics = out[0][1]
    distances = metrics.distances.model_dump()
    accuracy = {"overall": metrics.accuracy.overall, "overall_max": metrics.accuracy.overall_max}
    return {
        "seconds": seconds,
        "version": version("mostlyai-qa"),
        "found": distances | accuracy | {"rows": len(made)},
    }


def sdmetrics(folder: Path, _table: str, case: str) -> Found:
    """Run SDMetrics' two protections that rest on distances to the closest record."""
    from sdmetrics.single_table.privacy import DCRBaselineProtection, DCROverfittingProtection

    train, holdout, made = read(folder, case)
    numbers = json.loads((folder / "known.json").read_text())["numbers"]
    kinds = {name: {"sdtype": "numerical" if name in numbers else "categorical"} for name in train}
    rest: Found = {"metadata": {"columns": kinds}, "table_name": "table"}
    if len(made) > SUBSAMPLED_FROM:
        rest["num_rows_subsample"] = SUBSAMPLED_FROM
    found: Found = {"rows": min(len(made), SUBSAMPLED_FROM)}

    def run() -> None:
        overfitting = DCROverfittingProtection.compute_breakdown(train, made, holdout, **rest)
        baseline = DCRBaselineProtection.compute_breakdown(train, made, **rest)
        found["overfitting"] = float(overfitting["score"])
        found["closer"] = float(overfitting["synthetic_data_percentages"]["closer_to_training"])
        found["baseline"] = float(baseline["score"])

    return {"seconds": sibling("audit").timed(run), "version": version("sdmetrics"), "found": found}


def ours(folder: Path, table: str, case: str) -> Found:
    """Audit with the privacy section alone."""
    audit = sibling("audit")
    st = audit.load_synthtab()
    train, holdout, made = read(folder, case)
    level = folder / "schema_level.yaml"
    schema = st.TableSchema.load(level if case == "level" else folder / "schema.yaml")
    out: list[Any] = []
    seconds = audit.timed(
        lambda: out.append(
            st.audit(
                train,
                made,
                holdout=holdout,
                schema=schema,
                target=TABLES[table].target,
                sections=["privacy"],
                seed=0,
            )
        )
    )
    checks = [check for check in out[0].checks if check.section == "privacy"]
    found: Found = {"verdict": str(out[0].section_verdict("privacy").value)}
    for status in ("fail", "warn"):
        found[status] = [[check.code, check.name] for check in checks if check.status.value == status]
    return {"seconds": seconds, "version": version("synthtab"), "found": found}


def our_linkability_seconds(folder: Path, table: str, case: str) -> float | None:
    """Time our linkability attack on 1,000 training and 1,000 holdout rows, as Anonymeter's is timed."""
    audit = sibling("audit")
    st = audit.load_synthtab()
    from synthtab.attacks.knowledge import Knowledge
    from synthtab.attacks.linkability import linkability
    from synthtab.attacks.tables import AttackTables

    train, holdout, made = read(folder, case)
    schema = st.TableSchema.load(folder / "schema.yaml")
    here, there = TABLES[table].known_here, TABLES[table].known_there
    columns = tuple(column for column in schema.columns if column.name in (*here, *there))
    attacked = [rows.sample(ATTACKS, random_state=0) for rows in (train, holdout)]

    def attack() -> None:
        members, others, synthetic = (schema.cast(rows) for rows in (*attacked, made))
        tables = AttackTables.of(members, others, synthetic, columns, seed=0)
        linkability(tables, Knowledge(here, there, (), is_declared=True))

    return float(audit.timed(attack))


def ours_linkability(folder: Path, table: str, case: str) -> Found:
    """Tell the time of our linkability attack."""
    return {"seconds": our_linkability_seconds(folder, table, case)}


TASKS: dict[str, Callable[[Path, str, str], Found]] = {
    "anonymeter": anonymeter,
    "mostly": mostly,
    "sdmetrics": sdmetrics,
    "ours": ours,
    "anonymeter linkability": anonymeter_linkability,
    "anonymeter control": anonymeter_control,
    "ours linkability": ours_linkability,
}


# ---------------------------------------------------------------------- what is asked, and of whom


@dataclass(frozen=True)
class Asked:
    """One measurement: a task, a table, a seed of its cut, a case, and which time it is asked."""

    task: str
    table: str
    seed: int
    case: str
    again: int = 0

    @property
    def key(self) -> str:
        """Name in the file of kept results."""
        return "/".join((self.task, self.table, str(self.seed), self.case, str(self.again)))


@dataclass(frozen=True)
class Tool:
    """A judge of tables, and how to have it."""

    title: str
    variable: str | None
    install: str = ""

    @property
    def python(self) -> str | None:
        """The interpreter that has it, or None."""
        return sys.executable if self.variable is None else os.environ.get(self.variable)

    @property
    def how_to_make(self) -> str:
        """Tell how to make its environment."""
        folder = f"peers/{self.title.lower()}"
        return f"""\
{self.title} was not measured, because {self.variable} is not set. To make its environment:
    python3.11 -m venv {folder}
    {folder}/bin/python -m pip install {self.install}
    {self.variable}=$PWD/{folder}/bin/python python -P benchmarks/privacy_peers.py"""


TOOLS = {
    "anonymeter": Tool("Anonymeter", "SYNTHTAB_ANONYMETER_PYTHON", "'anonymeter==1.1.*'"),
    "mostly": Tool(
        "mostlyai-qa",
        "SYNTHTAB_PEER_PYTHON",
        "'mostlyai-qa==1.10.*'  # a build of torch for CPUs will do, installed first",
    ),
    "sdmetrics": Tool("SDMetrics", None),
    "ours": Tool("synthtab", None),
}


def asked_of(tool: str, table: str) -> Iterator[Asked]:
    """Give what is asked of a tool: every case, and safe tables of other cuts.

    Anonymeter draws its attacks anew at every call and is fast: it is asked three times.
    """
    times = len(SEEDS) if tool == "anonymeter" else 1
    for again in range(times):
        yield from (Asked(tool, table, 0, case, again) for case in CASES)
        yield from (Asked(tool, table, seed, "fresh", again) for seed in SEEDS[1:])
    if tool == "anonymeter":
        yield from (Asked("anonymeter control", table, seed, "fresh") for seed in SEEDS)
    if tool in ("anonymeter", "ours"):
        yield Asked(f"{tool} linkability", table, 0, "fresh")


def run(python: str, task: str, folder: Path) -> None:
    """Run a task in a fresh process."""
    single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    # -P: this folder holds a module named like one of the standard library
    command = [python, "-P", __file__, "--task", task, "--folder", str(folder)]
    subprocess.run(command, check=True, env=os.environ | single | offline)  # noqa: S603 - our own command line


def run_task(key: str, folder: Path) -> None:
    """Do what the parent process asked for."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    task, table, seed, case, _ = key.split("/")
    if task == "make":
        write_tables(folder, table, int(seed))
    else:
        (folder / "out.json").write_text(json.dumps(TASKS[task](folder, table, case)))


def measure(tools: list[str], tables: list[str], keep: Path | None) -> dict[Asked, Found]:
    """Measure all, and keep what peers said where that is wanted."""
    kept: dict[str, Found] = json.loads(keep.read_text()) if keep is not None and keep.exists() else {}
    found: dict[Asked, Found] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for table in tables:
            for seed in SEEDS:
                folder = Path(temporary, f"{table}{seed}")
                folder.mkdir()
                run(sys.executable, Asked("make", table, seed, "").key, folder)
        for tool in tools:
            questions = [asked for table in tables for asked in asked_of(tool, table)]
            python = TOOLS[tool].python
            if python is None and any(asked.key not in kept for asked in questions):
                print(TOOLS[tool].how_to_make)
                continue
            for asked in questions:
                if asked.key not in kept:
                    assert python is not None
                    folder = Path(temporary, f"{asked.table}{asked.seed}")
                    run(python, asked.key, folder)
                    kept[asked.key] = json.loads((folder / "out.json").read_text())
                found[asked] = kept[asked.key]
                print(asked.key, found[asked], flush=True)
                if keep is not None:
                    theirs = {key: value for key, value in kept.items() if not key.startswith("ours")}
                    keep.write_text(json.dumps(theirs, indent=0))
    return found


# ---------------------------------------------------------------------- what a reader would conclude

LEVEL = 0.01
COLUMN_GROUPS = 7  # mostlyai-qa looks at all columns and at six groups of them, and keeps the largest share
NNDR_HALVED = 0.5
RISKS = {
    "univariate": "singling out by one column",
    "multivariate": "by three",
    "linkability": "linkability",
    "inference": "inference",
}


def more_than(hits: float, trials: float, level: float = LEVEL) -> bool:
    """Say whether hits are more than half of the trials by more than chance, one-sided."""
    from scipy.stats import binom

    return trials > 0 and bool(binom.sf(round(hits) - 1, round(trials), 0.5) < level)


def alarms(tool: str, found: Found) -> list[str]:
    """Give what a reader would take for a leak, by the tool's own words and, where it has none, our sums."""
    if tool == "anonymeter":
        return [name for name in RISKS if found[name]["low"] > 0]
    if tool == "mostly":
        rows = found["rows"]
        same, by_chance = rows * found["ims_training"], rows * found["ims_holdout"]
        signs = {
            "identical matches": more_than(same, same + by_chance),
            "DCR share": more_than(rows * found["dcr_share"], rows, LEVEL / COLUMN_GROUPS),
            "NNDR": found["nndr_training"] < NNDR_HALVED * found["nndr_holdout"],
        }
        return [name for name, seen in signs.items() if seen]
    if tool == "sdmetrics":
        return ["overfitting"] if more_than(found["rows"] * found["closer"], found["rows"]) else []
    return [code for code, _ in found["fail"]]


def figures(tool: str, found: Found) -> str:
    """Write the headline figures."""
    if tool == "anonymeter":
        return "; ".join(f"{words} {risk(found[name])}" for name, words in RISKS.items())
    if tool == "mostly":
        nndr = f"NNDR ratio {found['nndr_training'] / found['nndr_holdout']:.2f}"
        return (
            f"accuracy {found['overall']:.3f} (max {found['overall_max']:.3f}); identical "
            f"{100 * found['ims_training']:.1f} % (holdout {100 * found['ims_holdout']:.1f} %); DCR share "
            f"{found['dcr_share']:.3f}; {nndr}"
        )
    if tool == "sdmetrics":
        return (
            f"DCROverfittingProtection {found['overfitting']:.2f} ({100 * found['closer']:.1f} % closer to "
            f"training rows); DCRBaselineProtection {found['baseline']:.2f}"
        )
    warned = [code for code, _ in found["warn"]]
    failed = [f"{code} {name}" for code, name in found["fail"]]
    return "; ".join(
        [*(failed or ["no check failed"]), *([f"warned: {', '.join(warned)}"] if warned else [])]
    )


def risk(one: Found) -> str:
    """Write a risk with its interval."""
    digits = 2 if one["high"] >= 0.1 else 3  # noqa: PLR2004 - small risks need one more digit
    return f"{one['risk']:.{digits}f} [{one['low']:.{digits}f}, {one['high']:.{digits}f}]"


# ---------------------------------------------------------------------- the tables


def told(tool: str, answers: list[Found]) -> str:
    """Write what was concluded, one time or several."""
    seen = [alarms(tool, answer["found"]) for answer in answers]
    if tool == "ours":
        return f"**{answers[0]['found']['verdict']}**"
    if not any(seen):
        return "no leak"
    if len(answers) == 1:
        return f"**leak**: {', '.join(seen[0])}"
    counts = {name: sum(name in one for one in seen) for one in seen for name in one}
    which = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"**leak** {sum(map(bool, seen))} of {len(seen)} times: {which}"


def answers_of(found: dict[Asked, Found], tool: str, table: str, seed: int, case: str) -> list[Found]:
    """Give all answers to one question."""
    asked = [Asked(tool, table, seed, case, again) for again in range(len(SEEDS))]
    return [found[one] for one in asked if one in found]


def overview(found: dict[Asked, Found], tools: list[str], tables: list[str]) -> list[str]:
    """Write who sees which leak."""
    lines = [
        "| table | planted | " + " | ".join(TOOLS[tool].title for tool in tools) + " |",
        "| --- | --- |" + " :---: |" * len(tools),
    ]
    for table in tables:
        for case, what in CASES.items():
            cells = [cell(found, tool, table, case) for tool in tools]
            planted = f"{what.title} (safe)" if what.safe else what.title
            lines.append(f"| {TABLES[table].title} | {planted} | {' | '.join(cells)} |")
    return lines


def cell(found: dict[Asked, Found], tool: str, table: str, case: str) -> str:
    """Write whether a tool sees a leak."""
    answers = answers_of(found, tool, table, 0, case)
    times = sum(bool(alarms(tool, one["found"])) for one in answers)
    counted = f", {times} of {len(answers)}" if times < len(answers) else ""
    if CASES[case].safe:
        return f"false alarm{counted}" if times else "silent"
    if not times:
        return "**missed**"
    safe = [one for seed in SEEDS for one in answers_of(found, tool, table, seed, "fresh")]
    return ("seen" if stands_out(tool, answers, safe) else "no more than safe tables") + counted


def stands_out(tool: str, answers: list[Found], safe: list[Found]) -> bool:
    """Say whether an alarm tells more than those that untouched thirds of the same table raise."""
    if tool == "sdmetrics":
        return bool(answers[0]["found"]["closer"] > max(one["found"]["closer"] for one in safe))
    usual = [alarms(tool, one["found"]) for one in safe]
    signs = {sign for one in answers for sign in alarms(tool, one["found"])}
    return any(2 * sum(sign in one for one in usual) <= len(usual) for sign in signs)


def details(found: dict[Asked, Found], tools: list[str], tables: list[str]) -> list[str]:
    """Write one line a case and tool."""
    lines = [
        "| table | planted | tool | what it says | read as | CPU seconds |",
        "| --- | --- | --- | --- | --- | ---: |",
    ]
    for table in tables:
        for case, what in CASES.items():
            for tool in tools:
                answers = answers_of(found, tool, table, 0, case)
                seconds = float(np.median([one["seconds"] for one in answers]))
                start = f"| {TABLES[table].title} | {what.title} | {TOOLS[tool].title} |"
                said = figures(tool, answers[0]["found"])
                lines.append(f"{start} {said} | {told(tool, answers)} | {seconds:.1f} |")
    return lines


def safe_lines(found: dict[Asked, Found], tools: list[str], tables: list[str]) -> list[str]:
    """Write how often safe tables raise an alarm, and how far answers to one question lie apart."""
    lines = [
        "| table | tool | alarms on fresh thirds | what varied |",
        "| --- | --- | ---: | --- |",
    ]
    for table in tables:
        for tool in tools:
            cuts = [answers_of(found, tool, table, seed, "fresh") for seed in SEEDS]
            flat = [one["found"] for cut in cuts for one in cut]
            count = sum(bool(alarms(tool, one)) for one in flat)
            start = f"| {TABLES[table].title} | {TOOLS[tool].title} | {count} of {len(flat)}"
            lines.append(f"{start} | {spread(tool, cuts)} |")
    return lines


def spread(tool: str, cuts: list[list[Found]]) -> str:
    """Write how the figures of safe tables differ, by cut or when the same table is judged again."""
    first = [cut[0]["found"] for cut in cuts]
    if tool == "anonymeter":
        same = [one["found"] for one in cuts[0]]
        words = (f"{words} {extent([one[name]['risk'] for one in same], 3)}" for name, words in RISKS.items())
        return "the same table asked three times: " + "; ".join(words)
    if tool == "mostly":
        ratios = [one["nndr_training"] / one["nndr_holdout"] for one in first]
        shares = extent([one["dcr_share"] for one in first], 3)
        return f"three cuts: DCR share {shares}; NNDR ratio {extent(ratios)}"
    if tool == "sdmetrics":
        closer = extent([100 * one["closer"] for one in first], 1)
        return f"three cuts: {closer} % closer to training rows"
    return "seeded; three cuts: " + ", ".join(one["verdict"] for one in first)


def extent(values: list[float], digits: int = 2) -> str:
    """Write the least and the greatest."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def control_lines(found: dict[Asked, Found], tables: list[str]) -> list[str]:
    """Write what a smaller control does to Anonymeter's singling-out risk of a safe table."""
    lines = [
        "| table | cut | control as large as the training table | a quarter of it |",
        "| --- | ---: | ---: | ---: |",
    ]
    for table in tables:
        for seed in SEEDS:
            one = found[Asked("anonymeter control", table, seed, "fresh")]["found"]
            lines.append(
                f"| {TABLES[table].title} | {seed} | {risk(one['whole'])} | {risk(one['quarter'])} |"
            )
    return lines


def linkability_lines(found: dict[Asked, Found], tables: list[str]) -> list[str]:
    """Write the seconds of 1,000 linkability attacks, ours beside Anonymeter's where we have one."""
    lines = []
    for table in tables:
        told = {
            TOOLS[tool].title: found.get(Asked(f"{tool} linkability", table, 0, "fresh"), {}).get("seconds")
            for tool in ("anonymeter", "ours")
        }
        said = ", ".join(f"{title} {one:.2f}" for title, one in told.items() if one is not None)
        if said:
            lines.append(f"- {TABLES[table].title}: {said} CPU seconds")
    return lines


def page(found: dict[Asked, Found], tools: list[str], tables: list[str]) -> list[str]:
    """Write all tables."""
    asked = {one.task for one in found}
    tools = [tool for tool in tools if tool in asked]
    versions = {
        tool: next(one["version"] for key, one in found.items() if key.task == tool) for tool in tools
    }
    named = ", ".join(f"{TOOLS[tool].title} {number}" for tool, number in versions.items())
    lines = [
        f"Measured: {named}.",
        "CPU seconds are of one table, without imports and compilation, with one native thread; of several",
        "answers the median.",
        "",
        *overview(found, tools, tables),
        "",
        "### What each tool said",
        "",
        *details(found, tools, tables),
        "",
        "### Safe tables: false alarms and spread",
        "",
        *safe_lines(found, tools, tables),
    ]
    if "anonymeter control" in asked:
        title = "### Anonymeter's singling-out risk of a safe table, by the size of the control"
        lines += ["", title, "", *control_lines(found, tables)]
    linked = linkability_lines(found, tables)
    if linked:
        title = "### 1,000 linkability attacks on training rows and 1,000 on holdout rows"
        without = (
            "The same columns on either side; Anonymeter's after compilation, which each process repeats."
        )
        lines += ["", title, "", without, "", *linked]
    return lines


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", default=",".join(TABLES), help="with commas between")
    parser.add_argument("--tools", default=",".join(TOOLS), help="with commas between")
    parser.add_argument("--keep", type=Path, help="JSON file of what peers said before")
    parser.add_argument("--write", type=Path, help="page to write the tables into")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.task:
        run_task(asked.task, asked.folder)
        return
    tools, tables = asked.tools.split(","), asked.tables.split(",")
    lines = page(measure(tools, tables, asked.keep), tools, tables)
    print("\n".join(lines))
    if asked.write:
        sibling("audit").write_part(asked.write, "privacy_peers", lines)


if __name__ == "__main__":
    main()
