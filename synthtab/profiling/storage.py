"""Profiles in files: arrays and JSON in one ``.npz``, nothing that runs code."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from synthtab.errors import SavedModelError
from synthtab.profiling.keys import KeyPlan
from synthtab.profiling.mined_rules import mined_rule_from_dict
from synthtab.profiling.plan import ColumnPlan, ProfilePlan
from synthtab.profiling.profile import Moments, Profile
from synthtab.profiling.suppression import releasable_profile
from synthtab.profiling.views import ViewPlan
from synthtab.schema import Kind, TableSchema

__all__ = ["load_profile", "save_profile"]

PROFILE_VERSION = 2
_PLAN_ARRAYS = ("points", "is_public_level", "cell_of_bin", "pair_of_bin", "group_of_bin", "edges")
_MOMENTS = ("both", "sums", "squares", "products", "centers")
_PLAIN = ("shard_rows", "overshoot", "outside", "broken", "beyond", "keys", "mined_rows", "mined_broken")


def save_profile(profile: Profile, path: str | Path, *, internal: bool = False, k: int = 10) -> Path:
    """Write a profile; only its releasable form unless asked otherwise.

    Parameters
    ----------
    profile : Profile
        The counts.
    path : str or Path
        File to write, ending in ``.npz``.
    internal : bool, default False
        Write exact counts of a profile that was not suppressed. Such a file is as sensitive as the table.
    k : int, default 10
        Smallest number of people that may be shown.

    Returns
    -------
    Path
        The file.
    """
    kept = profile if internal or profile.suppressed_below else releasable_profile(profile, k)
    head = {
        "version": PROFILE_VERSION,
        "suppressed_below": kept.suppressed_below,
        "schema": kept.plan.schema.to_dict(),
        "pairs": [list(pair) for pair in kept.plan.pairs],
        "columns": [
            {"name": c.name, "kind": c.kind.value, "exact": c.exact, "levels": list(c.levels)}
            for c in kept.plan.columns
        ],
        "pairs_rule": kept.plan.pairs_rule,
        "triples": [list(triple) for triple in kept.plan.triples],
        "views": [
            {"column": v.column, "part": v.part, "labels": list(v.labels), "unit": v.unit}
            for v in kept.plan.views
        ],
        "keys": None if kept.plan.keys is None else list(kept.plan.keys.columns),
        "mined": [rule.to_dict() for rule in kept.plan.mined],
    }
    arrays = {name: getattr(kept, name) for name in _PLAIN}
    arrays |= {f"moments_{name}": getattr(kept.moments, name) for name in _MOMENTS}
    for index, column in enumerate(kept.plan.columns):
        arrays |= {f"column_{index}_{name}": getattr(column, name) for name in _PLAN_ARRAYS}
        arrays[f"bins_{index}"] = kept.bins[index]
    arrays |= {f"pair_{index}": counts for index, counts in enumerate(kept.pairs)}
    arrays |= {f"view_{index}": counts for index, counts in enumerate(kept.views)}
    arrays |= {f"triple_{index}": counts for index, counts in enumerate(kept.triples)}
    if kept.plan.keys is not None:
        arrays["key_codes"] = kept.plan.keys.codes
    arrays["head"] = np.frombuffer(json.dumps(head, sort_keys=True).encode(), dtype=np.uint8)
    target = Path(path)
    with target.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return target


def load_profile(path: str | Path) -> Profile:
    """Read a profile.

    Parameters
    ----------
    path : str or Path
        What `save_profile` wrote.

    Returns
    -------
    Profile
        The counts.

    Raises
    ------
    SavedModelError
        When the file is no profile, is damaged, or of another version.
    """
    try:
        with np.load(Path(path), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(arrays["head"].tobytes())
        if head["version"] != PROFILE_VERSION:
            raise SavedModelError(
                "The profile was written by another version.", hint="Make it anew from the table."
            )
        columns = tuple(
            ColumnPlan(
                raw["name"],
                Kind(raw["kind"]),
                exact=raw["exact"],
                levels=tuple(raw["levels"]),
                **{name: arrays[f"column_{index}_{name}"] for name in _PLAN_ARRAYS},
            )
            for index, raw in enumerate(head["columns"])
        )
        plan = ProfilePlan(
            columns,
            tuple((a, b) for a, b in head["pairs"]),
            TableSchema.from_dict(head["schema"]),
            views=tuple(
                ViewPlan(int(raw["column"]), raw["part"], tuple(raw["labels"]), float(raw["unit"]))
                for raw in head["views"]
            ),
            triples=tuple((a, b, c) for a, b, c in head["triples"]),
            keys=None if head["keys"] is None else KeyPlan(tuple(head["keys"]), arrays["key_codes"]),
            mined=tuple(mined_rule_from_dict(raw) for raw in head["mined"]),
            pairs_rule=head["pairs_rule"],
        )
        return Profile(
            plan=plan,
            bins=tuple(arrays[f"bins_{index}"] for index in range(len(columns))),
            pairs=tuple(arrays[f"pair_{index}"] for index in range(len(plan.pairs))),
            views=tuple(arrays[f"view_{index}"] for index in range(len(plan.views))),
            triples=tuple(arrays[f"triple_{index}"] for index in range(len(plan.triples))),
            moments=Moments(**{name: arrays[f"moments_{name}"] for name in _MOMENTS}),
            suppressed_below=int(head["suppressed_below"]),
            **{name: arrays[name] for name in _PLAIN},
        )
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise SavedModelError(
            f"{Path(path).name!r} is no readable profile.", hint="Make it anew from the table."
        ) from error
