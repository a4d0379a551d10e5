"""The public face: every name is there, nothing shadows it, importing is light, floors stay in order."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import synthtab as st

PACKAGE = Path(st.__file__).parent
HEAVY = ("sdv", "torch", "sklearn", "scipy.stats", "opendp", "pandas", "polars", "pyarrow", "matplotlib")

# what a package of this house never imports: the floors above it
FORBIDDEN = {
    "errors": ("",),
    "results": ("tables", "metrics", "attacks", "synthesizers", "auditing", "reporting", "profiling"),
    "schema": ("tables", "profiling", "metrics", "synthesizers", "auditing", "reporting", "datasets"),
    "tables": ("profiling", "metrics", "attacks", "synthesizers", "auditing", "reporting"),
    "profiling": ("metrics", "attacks", "synthesizers", "auditing", "reporting"),
    "metrics": ("auditing", "reporting", "synthesizers"),
    "attacks": ("auditing", "reporting", "synthesizers"),
    "lineage": ("tables", "profiling", "metrics", "attacks", "synthesizers", "auditing", "recursion"),
    "execution": ("tables", "profiling", "metrics", "attacks", "synthesizers", "auditing", "recursion"),
    "synthesizers": ("auditing", "reporting", "metrics", "attacks", "recursion", "execution"),
    "auditing": ("recursion", "execution"),
    "recursion": ("reporting", "selection"),
    "selection": ("reporting", "recursion", "plotting"),
    "plotting": ("metrics", "attacks", "auditing", "synthesizers", "profiling", "recursion", "selection"),
    "reporting": (
        "metrics",
        "attacks",
        "auditing",
        "synthesizers",
        "profiling",
        "recursion",
        "execution",
        "selection",
    ),
}


def modules() -> list[str]:
    return sorted(
        info.name
        for info in pkgutil.walk_packages([str(PACKAGE)], "synthtab.")
        if "__main__" not in info.name
    )


@pytest.mark.parametrize("name", modules())
def test_every_module_imports_and_lists_what_it_has(name: str) -> None:
    """Each module can be imported by itself, and each name in its ``__all__`` exists."""
    module = importlib.import_module(name)
    assert isinstance(module, ModuleType)
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public), f"{name} promises {public}"


def test_no_submodule_shadows_a_public_name() -> None:
    """After every submodule was imported, each public name still is what it was: never a module."""
    for name in modules():
        importlib.import_module(name)
    for public in st.__all__:
        assert not isinstance(getattr(st, public), ModuleType), public
        assert public in dir(st)
    assert not set(st.__all__) & {name.split(".")[1] for name in modules()}


def test_the_promised_names_are_public() -> None:
    """What the design promises is there."""
    promised = """audit make load registered split load_nhanes_adults TableSchema ColumnSpec spec Guard Policy
    Inequality FixedCombination Formula SynthesizerSpec"""
    assert set(promised.split()) <= set(st.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A mistyped public name fails as Python's own do."""
    with pytest.raises(AttributeError, match="no attribute 'adit'"):
        st.adit  # noqa: B018 - the look-up is the test


def test_public_functions_can_be_called_after_every_import(tmp_path: Path) -> None:
    """With every submodule loaded, the whole way still runs by public names alone."""
    for name in modules():
        importlib.import_module(name)
    data = st.load_nhanes_adults()
    names = ["age", "sex", "bmi", "diabetes"]
    schema = st.TableSchema(tuple(data.schema[name] for name in names), rules=())
    split = st.split(data.frame[names].head(600), schema, holdout=0.5)
    assert "independent" in st.registered()
    synth = st.make(st.spec("independent"), schema, guard=st.Guard(k=10)).fit(split.train)
    sample = st.load(synth.save(tmp_path / "model.synthtab")).sample(300)
    result = st.audit(
        real=split.train,
        holdout=split.holdout,
        synthetic=sample,
        schema=schema,
        sections=["marginal"],
        policy=st.Policy(),
        guard=synth.guard,
    )
    assert result.verdict in {"pass", "warn", "fail"}
    assert st.TableSchema.infer(data.frame[names]).names == tuple(names)
    assert st.ColumnSpec("age", "integer").name == "age"
    assert st.Inequality is not st.Formula is not st.FixedCombination
    assert st.SynthesizerSpec("tvae", {"epochs": 3}) == st.spec("tvae", epochs=3)


@pytest.mark.parametrize("statement", ["import synthtab", "import synthtab.cli"])
def test_importing_is_light(statement: str) -> None:
    """Importing the package, or its command line, loads no heavy library."""
    code = f"import sys; {statement}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == ""


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("synthtab"):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("synthtab"))


@pytest.mark.parametrize("floor", sorted(FORBIDDEN))
def test_each_floor_imports_only_floors_below(floor: str) -> None:
    """No module imports from a floor above it, and nothing imports the command line."""
    here = PACKAGE / floor
    files = sorted(here.rglob("*.py")) if here.is_dir() else [PACKAGE / f"{floor}.py"]
    assert files
    above = tuple(f"synthtab.{name}" for name in (*FORBIDDEN[floor], "cli") if name)
    found = {
        (file.name, name)
        for file in files
        for name in imports_of(file)
        if any(name == other or name.startswith(f"{other}.") for other in above)
    }
    assert not found
