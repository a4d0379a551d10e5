"""Lineage: what a table is, told by the table itself.

It travels as JSON text in ``frame.attrs["synthtab.lineage"]``, which pandas hands on from frame to frame and
writes into Parquet; in Parquet and Arrow metadata under the key ``synthtab.lineage``; and beside a CSV as
``FILE.lineage.json``.

Nothing in it depends on what a real table holds: it has no hash of rows, and of the schema only what is
public. Whoever wants to tell real tables apart gives a key (``SYNTHTAB_LINEAGE_KEY``); `Lineage.source` is
then an HMAC, which confirms no guess to those who lack the key.

What it cannot see
------------------
* `pandas.concat` drops it unless all parts carry the same: attach `Lineage.of_mixture` to what was joined.
* polars keeps no metadata: a table that went through polars has lost it.
* Values that are changed in place keep it. Rows that were added are noticed by their number: such a table
  is guarded like a real one.
* A CSV that was replaced by another with as many rows, its sidecar left where it was, is taken for the old
  one.
"""

from synthtab.lineage.carrying import (
    ATTRIBUTE,
    attach_lineage,
    lineage_of,
    lineage_of_file,
    save_lineage,
    sidecar_of,
)
from synthtab.lineage.fingerprints import KEY_VARIABLE, keyed_hash, public_hash
from synthtab.lineage.record import Draw, Lineage, Origin, Parent, learned_from, refuse_generation

__all__ = [
    "ATTRIBUTE",
    "KEY_VARIABLE",
    "Draw",
    "Lineage",
    "Origin",
    "Parent",
    "attach_lineage",
    "keyed_hash",
    "learned_from",
    "lineage_of",
    "lineage_of_file",
    "public_hash",
    "refuse_generation",
    "save_lineage",
    "sidecar_of",
]
