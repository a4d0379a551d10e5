"""Requirements: how they are read, what is refused, and when they hold."""

from __future__ import annotations

import re

import pytest

from synthtab.errors import SpecError
from synthtab.results import GateStatus
from synthtab.selection.requirements import answer_requirement, parse_requirements


def test_requirements_are_read_as_they_are_written() -> None:
    """All four operators, spaces, signs and exponents are understood, and the order is that of names."""
    found = parse_requirements(
        {
            "rare.coverage": " >= 0.9 ",
            "marginal.tvd": ">.95",
            "privacy.tpr_at_1fpr": "<=2e-2",
            "detection.auc": "< 0.6",
        }
    )
    assert [(item.figure.name, item.operator, item.limit) for item in found] == [
        ("detection.auc", "<", 0.6),
        ("marginal.tvd", ">", 0.95),
        ("privacy.tpr_at_1fpr", "<=", 0.02),
        ("rare.coverage", ">=", 0.9),
    ]
    assert found[3].bound == ">=0.9"
    assert parse_requirements(None) == ()


@pytest.mark.parametrize(
    "bound", ["", "0.9", "=0.9", "=>0.9", ">=", ">=high", ">=90%", ">=0.9 <=1", ">=nan", ">=1e999", 0.9, None]
)
def test_bounds_that_cannot_be_read_are_refused_with_what_is_allowed(bound: object) -> None:
    """A bound that is none is an error that names the figure and shows how to write one."""
    with pytest.raises(SpecError, match=re.escape("The bound of 'rare.coverage' cannot be read. Write >=")):
        parse_requirements({"rare.coverage": bound})  # type: ignore[dict-item] # what a test file may hold


def test_mistyped_figures_are_refused_with_the_nearest_one() -> None:
    """A requirement on a figure that does not exist would otherwise never fail."""
    with pytest.raises(SpecError, match=re.escape("Did you mean 'rare.coverage'")):
        parse_requirements({"rare.covrage": ">=0.9"})
    with pytest.raises(SpecError, match="must be a mapping"):
        parse_requirements([("rare.coverage", ">=0.9")])  # type: ignore[arg-type] # a common mistake


@pytest.mark.parametrize(
    ("name", "bound", "right"),
    [
        ("rare.coverage", "<=0.9", ">=0.9"),
        ("privacy.exact_copies", ">0", "<=0"),
        ("detection.auc", ">=.6", "<=.6"),
    ],
)
def test_bounds_in_the_wrong_direction_are_refused(name: str, bound: str, right: str) -> None:
    """Nobody means that a figure must be bad: the error shows the bound that was meant."""
    with pytest.raises(SpecError, match=f"wrong direction.*{re.escape(right)}"):
        parse_requirements({name: bound})


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [
        (">=0.9", 0.9, True),
        (">=0.9", 0.8999999, False),
        (">0.9", 0.9, False),
        (">0.9", 0.9000001, True),
    ],
)
def test_bounds_hold_to_the_last_digit(bound: str, value: float, *, met: bool) -> None:
    """The end of a bound belongs to it only where it says so, and the reason shows digits that tell."""
    answer = answer_requirement(parse_requirements({"rare.coverage": bound})[0], value, 5)
    assert (answer.status is GateStatus.PASS) is met
    assert "5 refits" in answer.reason
    if value != 0.9:
        assert str(value) in answer.reason


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_figures_that_cannot_be_had_fail(value: float | None) -> None:
    """A requirement on what does not apply is never silently met, and says why."""
    asked = parse_requirements({"rare.coverage": ">=0.9"})[0]
    answer = answer_requirement(asked, value, 3, "there is no rare category")
    assert (answer.status, answer.value) == (GateStatus.FAIL, None)
    assert answer.reason == "It must be >=0.9, and it cannot be had: there is no rare category."


def test_reason_tells_value_bound_and_refits() -> None:
    """The answer is a sentence with the mean, how many refits stand behind it, and the bound."""
    asked = parse_requirements({"privacy.tpr_at_1fpr": "<=0.02"})[0]
    assert answer_requirement(asked, 0.0312, 1).reason == (
        "It is 0.0312 on average over 1 refit and must be <=0.02: not met."
    )
    assert answer_requirement(asked, 0.01, 0).reason == "It is 0.01 and must be <=0.02: met."
