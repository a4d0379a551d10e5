"""Seeds, progress, specs and errors."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

from synthtab.errors import DataError, SpecError, SynthtabError
from synthtab.progress import SilentProgress, current_progress, reporting_to
from synthtab.seeding import derive_seed, generator, isolated_random_state, one_native_thread
from synthtab.specs import SynthesizerSpec, spec


def test_seeds_depend_on_every_word_and_on_nothing_else() -> None:
    """Each purpose has a stream of its own, the same in another process with another hash seed."""
    seeds = {
        derive_seed(seed, *words) for seed in (0, 1) for words in ((), ("fit",), ("fit", 1), ("fi", "t1"))
    }
    assert len(seeds) == 8
    code = "from synthtab.seeding import derive_seed; print(derive_seed(3, 'fit', 'ctgan'))"
    for hash_seed in ("0", "1"):
        out = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed},
        )
        assert int(out.stdout) == derive_seed(3, "fit", "ctgan")


def test_streams_are_independent() -> None:
    """Two purposes give uncorrelated draws."""
    first, second = (generator(0, word).normal(size=20_000) for word in ("fit", "sample"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def _draw_and_stop(inside: list[tuple[float, float]]) -> None:
    with isolated_random_state(7):
        inside.append((np.random.rand(), random.random()))  # noqa: NPY002, S311 - the global state is the point
        raise ValueError("stop")


def test_global_random_state_is_given_back() -> None:
    """NumPy's and Python's global state are seeded inside, and as they were outside, also after an error."""
    np.random.seed(5)  # noqa: NPY002 - the global state is the point
    random.seed(5)
    before = (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index] # legacy tuple # noqa: NPY002
    inside: list[tuple[float, float]] = []
    for _ in range(2):
        with pytest.raises(ValueError, match="stop"):
            _draw_and_stop(inside)
    assert inside[0] == inside[1]
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # type: ignore[index] # noqa: NPY002


def test_one_native_thread_holds_and_releases_blas() -> None:
    """BLAS pools have one thread inside and as many as before outside."""
    from threadpoolctl import threadpool_info

    before = [pool["num_threads"] for pool in threadpool_info()]
    with one_native_thread():
        assert all(pool["num_threads"] == 1 for pool in threadpool_info())
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_progress_is_silent_unless_somebody_watches() -> None:
    """Stages reach the display that was installed, and only inside its block."""
    told: list[tuple[str, ...]] = []

    class Watcher(SilentProgress):
        def start(self, stage: str, total: int) -> None:
            told.append(("start", stage, str(total)))

        def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
            told.append(("advance", stage, str(steps), note))

        def finish(self, stage: str) -> None:
            told.append(("finish", stage))

    current_progress().start("nobody", 1)
    with reporting_to(Watcher()):
        current_progress().start("fit", 2)
        current_progress().advance("fit", note="loss 1")
        current_progress().finish("fit")
    current_progress().advance("nobody")
    current_progress().finish("nobody")
    assert told == [("start", "fit", "2"), ("advance", "fit", "1", "loss 1"), ("finish", "fit")]


def test_spec_is_json_hashable_and_says_itself() -> None:
    """A spec survives JSON and copying, ignores the order of parameters, and lays others over its own."""
    import copy

    made = spec("ctgan", epochs=5, batch_size=10)
    assert (
        made
        == SynthesizerSpec("ctgan", {"batch_size": 10, "epochs": 5})
        == SynthesizerSpec.from_json(made.to_json())
    )
    assert hash(made) == hash(copy.deepcopy(made))
    assert str(spec(made, epochs=7)) == "ctgan(batch_size=10, epochs=7)"
    assert str(spec("tvae")) == "tvae"
    with pytest.raises(SpecError, match="type list"):
        spec("ctgan", epochs=[1])  # type: ignore[arg-type] # the point of the test
    for text in ("{}", "[", '{"name": "a", "params": 3}'):
        with pytest.raises(SpecError, match="not a synthesizer spec"):
            SynthesizerSpec.from_json(text)


def test_errors_carry_a_hint() -> None:
    """Every error says what was wrong, then what to do; all share one base."""
    error = DataError("The table has no rows.", hint="Give at least one row.")
    assert str(error) == "The table has no rows. Give at least one row."
    assert isinstance(error, SynthtabError)
    assert str(DataError("Plain.")) == "Plain."
