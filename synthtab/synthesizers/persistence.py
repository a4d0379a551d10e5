"""One file for a fitted synthesizer: JSON and NumPy arrays in a zip, checked by a hash, no code run on load.

The members of the archive:

``model.json``
    Format, library versions, the spec, seed, schema, guard, column layouts and the model's own facts.
``arrays/N.npy``
    The model's arrays, in NumPy's plain format; never pickled objects.
``model.pickle``
    Only where nothing else can hold a model (``as_sdv=True``); such a file loads only with ``trusted=True``.
``checksum``
    BLAKE2b over the names and bytes of all other members: finds a file that is torn or was edited. It is no
    signature: whoever rewrites a file on purpose can rewrite the checksum too.

The bytes are the same for the same model and draws: members are stored in a fixed order with a fixed date.

A model remembers what it learned from, and which tables were drawn from it before it was saved. Those that
the command line draws later stand beside it, in ``FILE.releases.json``; `load` reads both.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from synthtab.errors import SavedModelError, SchemaError, SpecError, TrustError
from synthtab.lineage import Draw, Lineage
from synthtab.schema import TableSchema
from synthtab.specs import SynthesizerSpec
from synthtab.synthesizers.base import FittedTable, Synthesizer
from synthtab.synthesizers.guard import FittedGuard, Guard
from synthtab.synthesizers.layout import ColumnLayout
from synthtab.synthesizers.registry import make
from synthtab.synthesizers.state import ModelState, facts_of, listed

__all__ = ["FORMAT_VERSION", "load", "record_draws", "register_of", "save_model"]

FORMAT_VERSION = 2

_KIND, _REGISTER_KIND = "synthtab model", "synthtab releases"
_FACTS, _PICKLE, _CHECKSUM = "model.json", "model.pickle", "checksum"
_LIBRARIES = ("synthtab", "numpy", "pandas", "scipy", "sdv", "ctgan", "copulas", "rdt", "torch")
_DATE = (1980, 1, 1, 0, 0, 0)
_TORN = "The saved model is torn, or was edited: {}."
_REMEDY = "Save it again, or fetch the file again."


def save_model(synthesizer: Synthesizer, path: str | Path) -> Path:
    """Write a fitted synthesizer to one file, at once or not at all.

    Parameters
    ----------
    synthesizer : Synthesizer
        Fitted.
    path : str or Path
        The file; folders are made.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotFittedError
        When it has not been fitted.
    """
    fitted = synthesizer.fitted
    state = synthesizer._state() if synthesizer.has_model else ModelState()  # noqa: SLF001 - our hook
    names = sorted(state.arrays)
    facts = {
        "kind": _KIND,
        "format_version": FORMAT_VERSION,
        "versions": _versions(),
        "spec": json.loads(synthesizer.spec.to_json()),
        "seed": synthesizer.seed,
        "guard_k": synthesizer.guard_config.k if synthesizer.guard_config is not None else None,
        "schema": synthesizer.schema.to_dict(),
        "guard": fitted.guard.to_dict(),
        "layouts": [layout.to_dict() for layout in fitted.layouts],
        "constants": dict(fitted.constants),
        "n_rows": fitted.n_rows,
        "lineage": json.loads(fitted.lineage.to_json()),
        "draws": [asdict(draw) for draw in synthesizer.draws],
        "arrays": names,
        "model": dict(state.facts),
    }
    members = {_FACTS: _json(facts)}
    members |= {f"arrays/{position}.npy": _npy(state.arrays[name]) for position, name in enumerate(names)}
    if state.pickled:
        members[_PICKLE] = state.pickled
    members[_CHECKSUM] = _digest(members).encode()
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = _zipped(members)
    is_new = not target.is_file() or target.read_bytes() != content
    _write_at_once(target, content)
    if is_new:
        # the draws of this model stand in the model itself; those of another one are not its own
        register_of(target).unlink(missing_ok=True)
    return target


def register_of(path: Path) -> Path:
    """Name the file that lists the tables drawn from a saved model.

    Parameters
    ----------
    path : Path
        The model file.

    Returns
    -------
    Path
        Beside it, with ``.releases.json`` after its whole name.
    """
    return path.with_name(f"{path.name}.releases.json")


def record_draws(synthesizer: Synthesizer, path: Path) -> Path:
    """Write down beside a saved model which tables were drawn from it, at once or not at all.

    Parameters
    ----------
    synthesizer : Synthesizer
        Loaded from that file.
    path : Path
        The model file.

    Returns
    -------
    Path
        The list.
    """
    draws = [asdict(draw) for draw in synthesizer.draws]
    facts = {"kind": _REGISTER_KIND, "format_version": FORMAT_VERSION, "draws": draws}
    target = register_of(path)
    _write_at_once(target, _json(facts) + b"\n")
    return target


def load(path: str | Path, *, trusted: bool = False) -> Synthesizer:
    """Read a fitted synthesizer; no code in the file is run unless it is trusted.

    Parameters
    ----------
    path : str or Path
        What `save` wrote.
    trusted : bool, default False
        Whether you know where the file comes from. Needed for ``as_sdv=True`` models only, which are pickles:
        a pickle can run any program when it is read.

    Returns
    -------
    Synthesizer
        The same synthesizer: the same seed gives the same rows.

    Raises
    ------
    SavedModelError
        When the file is torn, was edited, or is of another format.
    TrustError
        When it would run code and is not trusted.
    """
    members = _unzipped(Path(path))
    facts = _facts(members)
    if _PICKLE in members and not trusted:
        raise TrustError(
            "This saved model holds a pickle, which runs code when it is read.",
            hint="Load it with trusted=True if you know who made it.",
        )
    try:
        schema = TableSchema.from_dict(facts_of(facts["schema"]))
        spec = SynthesizerSpec.from_json(json.dumps(facts["spec"]))
        k = facts["guard_k"]
        synthesizer = make(
            spec, schema, seed=int(str(facts["seed"])), guard=False if k is None else Guard(int(str(k)))
        )
        constants = {name: _constant(value) for name, value in facts_of(facts["constants"]).items()}
        synthesizer._fitted = FittedTable(  # noqa: SLF001 - as in save_model
            tuple(ColumnLayout.from_dict(facts_of(raw)) for raw in listed(facts, "layouts")),
            constants,
            FittedGuard.from_dict(facts_of(facts["guard"]), schema),
            int(str(facts["n_rows"])),
            Lineage.from_json(json.dumps(facts["lineage"])),
        )
        synthesizer._draws = dict.fromkeys((*_draws(facts), *_registered(Path(path))))  # noqa: SLF001 - as above
        names = [str(name) for name in listed(facts, "arrays")]
        arrays = {name: _array(members[f"arrays/{position}.npy"]) for position, name in enumerate(names)}
        if synthesizer.has_model:
            state = ModelState(facts_of(facts["model"]), arrays, members.get(_PICKLE, b""))
            synthesizer._restore(state)  # noqa: SLF001 - as in save_model
    except (KeyError, ValueError, TypeError, SchemaError, pickle.UnpicklingError, EOFError) as error:
        raise SavedModelError(_TORN.format("a part of it cannot be read"), hint=_REMEDY) from error
    except SpecError as error:
        raise SavedModelError(f"The saved model cannot be made here. {error}") from error
    return synthesizer


def _facts(members: Mapping[str, bytes]) -> Mapping[str, object]:
    try:
        facts = facts_of(json.loads(members[_FACTS]))
    except (KeyError, ValueError) as error:
        raise SavedModelError("This file is no saved synthtab model.") from error
    if facts.get("kind") != _KIND:
        raise SavedModelError("This file is no saved synthtab model.")
    if facts.get("format_version") != FORMAT_VERSION:
        raise SavedModelError(
            f"The saved model has format {facts.get('format_version')}; expected {FORMAT_VERSION}.",
            hint="Install the synthtab that wrote it, or fit again.",
        )
    if members.get(_CHECKSUM, b"").decode("ascii", "replace") != _digest(members):
        raise SavedModelError(_TORN.format("its checksum does not fit"), hint=_REMEDY)
    return facts


def _registered(path: Path) -> tuple[Draw, ...]:
    """Read which tables were drawn from a saved model since it was saved."""
    register = register_of(path)
    if not register.is_file():
        return ()
    try:
        facts = facts_of(json.loads(register.read_bytes()))
        if facts.get("kind") == _REGISTER_KIND and facts.get("format_version") == FORMAT_VERSION:
            return _draws(facts)
    except (OSError, ValueError, SavedModelError) as error:
        raise _damaged(register) from error
    raise _damaged(register)


def _damaged(register: Path) -> SavedModelError:
    return SavedModelError(
        f"The list of releases {register.name!r} is damaged.",
        hint="Restore it: without it nobody knows how many tables were drawn from this model.",
    )


def _draws(facts: Mapping[str, object]) -> tuple[Draw, ...]:
    draws = []
    for raw in listed(facts, "draws"):
        told = facts_of(raw)
        rows, seed = told.get("rows"), told.get("seed")
        if set(told) != {"rows", "seed"} or not isinstance(rows, int) or not isinstance(seed, int | None):
            raise SavedModelError(_TORN.format("a draw cannot be read"), hint=_REMEDY)
        draws.append(Draw(rows, seed))
    return tuple(draws)


def _constant(value: object) -> float | str | None:
    if value is None or isinstance(value, str | float):
        return value
    raise SavedModelError(_TORN.format("a constant is neither a number nor text"))


def _versions() -> dict[str, str]:
    found = {}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def _json(facts: Mapping[str, object]) -> bytes:
    return json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()


def _npy(array: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _array(raw: bytes) -> npt.NDArray[np.generic]:
    return np.asarray(np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False))


def _digest(members: Mapping[str, bytes]) -> str:
    total = hashlib.blake2b(digest_size=32)
    for name in sorted(set(members) - {_CHECKSUM}):
        # lengths keep two members from being read as one
        total.update(f"{len(name)} {name} {len(members[name])} ".encode())
        total.update(members[name])
    return total.hexdigest()


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            entry.create_system = 3  # the same bytes on every system
            archive.writestr(entry, content)
    return buffer.getvalue()


def _unzipped(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(set(names)) < len(names):
                raise SavedModelError(_TORN.format("a part occurs twice"), hint=_REMEDY)
            return {name: archive.read(name) for name in names}
    except OSError as error:
        raise SavedModelError(
            f"The saved model {path.name!r} cannot be read.", hint="Check its path."
        ) from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        OverflowError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise SavedModelError(_TORN.format("it is no whole archive"), hint=_REMEDY) from error


def _write_at_once(target: Path, content: bytes) -> None:
    """Write beside the target, flush to disk, then rename over it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
