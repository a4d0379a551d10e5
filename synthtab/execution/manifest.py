"""The arguments that a run was begun with: a run goes on only with the same ones."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from synthtab.errors import RunMismatchError
from synthtab.execution.store import Store

__all__ = ["check_manifest"]

# two copies: one damaged file must not keep the finished generations from their owner
_KEYS = ("manifest", "manifest-copy")
_LONGEST_VALUE = 80


def check_manifest(store: Store, described: Mapping[str, str], *, may_differ: Collection[str] = ()) -> None:
    """Ask whether a store belongs to a run with these arguments; a new store is made theirs.

    Call it with the store locked.

    Parameters
    ----------
    store : Store
        Where the run keeps its checkpoints.
    described : mapping of str to str
        Every argument that changes a result, in words (a table by its digest); never a value of a table.
    may_differ : collection of str, default ()
        Arguments that may change from one call to the next, e.g. a number of generations that may grow.

    Raises
    ------
    RunMismatchError
        When the store was begun with other arguments (each is named), when nothing tells with which, or when
        a folder holds files that are none of a run's.
    """
    wanted = dict(sorted(described.items()))
    copies = [_read(store, key) for key in _KEYS]
    known = next((copy for copy in copies if copy is not None), None)
    if known is None:
        _refuse_unknown(store)
    else:
        differences = _differences(known, wanted, may_differ)
        if differences:
            raise RunMismatchError(
                f"This run was begun with other arguments: {'; '.join(differences)}.",
                hint="Give it another run_dir, or the same arguments as before.",
            )
    text = json.dumps(wanted, indent=1, ensure_ascii=False).encode()
    for key, copy in zip(_KEYS, copies, strict=True):
        if copy != wanted:
            store.put(key, text)


def _read(store: Store, key: str) -> dict[str, str] | None:
    payload = store.get(key)
    if payload is None:
        return None
    return {str(name): str(value) for name, value in json.loads(payload).items()}


def _refuse_unknown(store: Store) -> None:
    if store.keys():
        raise RunMismatchError(
            "This run_dir holds checkpoints, but what tells their arguments is lost or damaged.",
            hint="Give the run another run_dir.",
        )
    if store.foreign:
        raise RunMismatchError(
            "This run_dir holds other files and no run.", hint="Give the run a new folder, or an empty one."
        )


def _differences(there: Mapping[str, str], here: Mapping[str, str], may_differ: Collection[str]) -> list[str]:
    return [
        f"{name}: {_shown(there.get(name))} there, {_shown(here.get(name))} here"
        for name in sorted({*there, *here} - set(may_differ))
        if there.get(name) != here.get(name)
    ]


def _shown(value: str | None) -> str:
    if value is None:
        return "not set"
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
