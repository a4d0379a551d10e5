"""Seeds: one independent stream per purpose, and global random state given back as it was found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_modules_when_held = 0

__all__ = ["derive_seed", "generator", "isolated_random_state", "one_native_thread"]


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Give the 32-bit seed that belongs to one purpose under a user's seed.

    Parameters
    ----------
    seed : int
        The user's seed, 0 or more.
    *purpose : str or int
        What the stream is for, e.g. ``"fit", "ctgan"``. Other words give an independent stream.

    Returns
    -------
    int
        A seed in [0, 2**32).

    Examples
    --------
    >>> derive_seed(0, "fit") == derive_seed(0, "fit"), derive_seed(0, "fit") == derive_seed(0, "sample")
    (True, False)
    """
    return int(np.random.SeedSequence(_entropy(seed, purpose)).generate_state(1)[0])


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Give a fresh NumPy generator for one purpose under a user's seed.

    Parameters
    ----------
    seed : int
        The user's seed, 0 or more.
    *purpose : str or int
        What the stream is for.

    Returns
    -------
    numpy.random.Generator
        The same stream for the same words, on every machine and in every process.
    """
    return np.random.default_rng(np.random.SeedSequence(_entropy(seed, purpose)))


def _entropy(seed: int, purpose: tuple[str | int, ...]) -> list[int]:
    # hash() differs between processes; blake2 does not
    words = hashlib.blake2b("\x1f".join(map(str, purpose)).encode(), digest_size=16).digest()
    return [int(seed), *np.frombuffer(words, dtype="<u4").tolist()]


@contextmanager
def isolated_random_state(seed: int) -> Iterator[None]:
    """Seed NumPy's, Python's and (when loaded) torch's global state inside a block, then restore all three.

    Parameters
    ----------
    seed : int
        Seed of the block, in [0, 2**32).

    Yields
    ------
    None
        Control, with the global state seeded.
    """
    import random
    import sys

    numpy_state = np.random.get_state()  # noqa: NPY002 - the global state is what other libraries draw from
    python_state = random.getstate()
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch is not None else None
    np.random.seed(seed)  # noqa: NPY002 - as above
    random.seed(seed)
    if torch is not None:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002 - as above
        random.setstate(python_state)
        if torch is not None:
            torch.set_rng_state(torch_state)


@contextmanager
def one_native_thread() -> Iterator[None]:
    """Hold BLAS, OpenMP and (when loaded) torch to one thread inside a block.

    Sums over several threads differ in the last bit, and on a busy machine two OpenMP threads spin on
    each other for minutes; parallelism belongs to chains and seeds.

    Yields
    ------
    None
        Control, with native libraries single-threaded.
    """
    import sys

    global _modules_when_held  # noqa: PLW0603 - thread pools are global too
    from threadpoolctl import threadpool_limits

    if _modules_when_held == len(sys.modules):
        # held already, and nothing was imported since: looking through all libraries takes a millisecond
        yield
        return
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch is not None else None
    if torch is not None:
        torch.set_num_threads(1)
    before, _modules_when_held = _modules_when_held, len(sys.modules)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        _modules_when_held = before
        if torch is not None:
            torch.set_num_threads(threads)
