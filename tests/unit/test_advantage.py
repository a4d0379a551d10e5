"""Largest advantage: one number over all kinds of attack."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from synthtab.attacks.advantage import largest_advantage

SHARE = some.floats(0, 1)


def test_attacks_of_a_kind_are_averaged_and_kinds_compared() -> None:
    """By hand: kinds of .1 and (.2 - .1) / 2 = .05; the larger counts."""
    assert largest_advantage({"a": [(0.55, 0.45)], "b": [(0.7, 0.5), (0.4, 0.5)]}) == pytest.approx(0.1)


def test_nothing_attacked_is_no_figure() -> None:
    """No attack is not the same as no advantage."""
    assert math.isnan(largest_advantage({}))
    assert math.isnan(largest_advantage({"a": []}))


def test_a_leak_in_one_kind_is_not_averaged_away() -> None:
    """Twenty kinds that find nothing do not dilute one that finds a third."""
    kinds = {f"kind {i}": [(0.5, 0.5)] for i in range(20)}
    assert largest_advantage(kinds | {"copies": [(1 / 3, 0.0)]}) == pytest.approx(1 / 3)


@given(
    some.dictionaries(some.text(max_size=3), some.lists(some.tuples(SHARE, SHARE), min_size=1), min_size=1)
)
def test_bounds_and_order(rates: dict[str, list[tuple[float, float]]]) -> None:
    """From -1 to 1, whatever the order of kinds and of attacks."""
    found = largest_advantage(rates)
    assert -1 <= found <= 1
    turned = {name: list(reversed(pairs)) for name, pairs in reversed(rates.items())}
    assert largest_advantage(turned) == pytest.approx(found)
