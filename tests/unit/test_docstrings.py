"""Public docstrings follow numpydoc: every parameter and return value is told, in the right order."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from numpydoc.validate import validate

import synthtab

SETTINGS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
CHECKS = set(SETTINGS["tool"]["numpydoc_validation"]["checks"])
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(synthtab.__path__, "synthtab.")
    if not module.name.rsplit(".", 1)[-1].startswith("_")
)


def takes_own_parameters(item: type) -> bool:
    """Say whether a class documents parameters: enumerations, protocols and heirs of a constructor do not."""
    own = "__init__" in vars(item)
    return own and not issubclass(item, Enum | Exception) and not getattr(item, "_is_protocol", False)


def public_objects(module_name: str) -> Iterator[str]:
    """Name a module's public functions and classes, and the public methods defined on those classes."""
    module = importlib.import_module(module_name)
    for name, item in vars(module).items():
        if name.startswith("_") or getattr(item, "__module__", None) != module_name:
            continue
        if inspect.isfunction(item) or (inspect.isclass(item) and takes_own_parameters(item)):
            yield f"{module_name}.{name}"
        if inspect.isclass(item) and not getattr(item, "_is_protocol", False):
            for method, member in vars(item).items():
                plain = inspect.isfunction(member) or isinstance(member, classmethod | staticmethod)
                if not method.startswith("_") and plain:
                    yield f"{module_name}.{name}.{method}"


@pytest.mark.parametrize("module_name", MODULES)
def test_docstrings_are_numpydoc(module_name: str) -> None:
    """No public docstring of the module breaks one of the checks that pyproject.toml lists."""
    found = [
        f"{name}: {code} {text}"
        for name in public_objects(module_name)
        for code, text in validate(name)["errors"]
        if code in CHECKS
    ]
    assert found == []
