"""Peak memory: what a block held at its highest, whatever was freed before."""

from __future__ import annotations

import numpy as np
import pytest

from synthtab.execution import memory, peak_memory

MEGABYTES = 80


def use(megabytes: int) -> None:
    """Hold so much memory for a moment."""
    assert float(np.ones(megabytes * 2**17).sum()) > 0


def test_the_same_block_costs_the_same_twice() -> None:
    """What an earlier block freed is given back to the system, so that the second does not seem free."""
    for _ in range(2):
        with peak_memory() as peak:
            use(MEGABYTES)
        assert peak.megabytes == pytest.approx(MEGABYTES, abs=8)


def test_the_highest_mark_before_a_block_is_not_in_it() -> None:
    """A larger use before the block does not count."""
    use(3 * MEGABYTES)
    with peak_memory() as peak:
        use(5)
    assert peak.megabytes is not None
    assert peak.megabytes < MEGABYTES


def test_where_the_system_does_not_tell_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the files of proc(5) the figure is None, not 0."""
    monkeypatch.setattr(memory, "_CLEAR", memory._CLEAR.with_name("no such file") / "below")
    with peak_memory() as peak:
        use(5)
    assert peak.megabytes is None
