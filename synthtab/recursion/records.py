"""Records: what is kept of each generation, and where, so that a killed chain goes on where it stopped.

A generation is finished when its record is in the store; its synthetic table is put there before. The record
holds counts and figures, the table only what later generations train on.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from synthtab.errors import SavedModelError
from synthtab.execution import Store
from synthtab.recursion.chain import Costs
from synthtab.recursion.packing import pack_arrays, pack_table, unpack_arrays, unpack_table
from synthtab.recursion.regime import RealRows
from synthtab.schema import CastTable
from synthtab.schema.cast_table import FloatArray

__all__ = ["AuditedFigure", "ChainStore", "GenerationRecord", "chain_key"]

_KEPT_TABLES = 2


@dataclass(frozen=True)
class AuditedFigure:
    """A figure of the audit of one generation.

    Parameters
    ----------
    section, metric : str
        What it is.
    value, low, high : float
        With its interval over rows; NaN where there is none.
    """

    section: str
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class GenerationRecord:
    """What is kept of one generation of one chain.

    Parameters
    ----------
    generation : int
        g, 1 or more.
    synthesizer : str
        What was fitted.
    figures : ndarray of float, shape (figures,)
        As the measures of the study name them.
    before, after : tuple of ndarray of float, each of shape (cells,)
        One-way counts of T_g (by weight) and of the n rows of S_g, one for each column.
    measured : tuple of ndarray of float, each of shape (cells,)
        One-way counts of the measured rows; empty where these are the n rows of S_g.
    pairs : tuple of ndarray of int, each of shape (cells, cells)
        Two-way counts of the measured rows.
    real : RealRows
        Real rows that the fit touched.
    lineage : str
        What S_g is, as JSON.
    fit, sample, measure : Costs
        What the steps cost.
    audit : str
        The audit of S_g as JSON, in its releasable form; empty where none was asked.
    audited : tuple of AuditedFigure
        Its figures.
    """

    generation: int
    synthesizer: str
    figures: FloatArray
    before: tuple[FloatArray, ...]
    after: tuple[FloatArray, ...]
    measured: tuple[FloatArray, ...]
    pairs: tuple[FloatArray, ...]
    real: RealRows
    lineage: str
    fit: Costs
    sample: Costs
    measure: Costs
    audit: str = ""
    audited: tuple[AuditedFigure, ...] = ()

    def to_bytes(self) -> bytes:
        """Write the record.

        Returns
        -------
        bytes
            For `from_bytes`.
        """
        facts = {
            "generation": self.generation,
            "synthesizer": self.synthesizer,
            "real": [self.real.original, self.real.fresh],
            "lineage": self.lineage,
            "costs": [[c.wall, c.cpu] for c in (self.fit, self.sample, self.measure)],
            "audit": self.audit,
            "audited": [[f.section, f.metric] for f in self.audited],
            "columns": len(self.before),
            "pairs": len(self.pairs),
        }
        arrays = {"figures": self.figures}
        arrays["audited"] = np.array([[f.value, f.low, f.high] for f in self.audited], dtype=np.float64)
        for name in ("before", "after", "measured", "pairs"):
            arrays |= {f"{name}{index}": array for index, array in enumerate(getattr(self, name))}
        return pack_arrays(facts, arrays, compress=True)

    @classmethod
    def from_bytes(cls, payload: bytes) -> GenerationRecord:
        """Read a record.

        Parameters
        ----------
        payload : bytes
            What `to_bytes` wrote.

        Returns
        -------
        GenerationRecord
            The record.

        Raises
        ------
        SavedModelError
            When it cannot be read.
        """
        raw, arrays = unpack_arrays(payload)
        try:
            facts = _Facts(raw)
            figures = np.asarray(arrays["audited"], dtype=np.float64).reshape(-1, 3).tolist()
            sides = {
                name: tuple(np.asarray(arrays[f"{name}{i}"]) for i in range(facts.whole(count)))
                for name, count in (("before", "columns"), ("after", "columns"), ("pairs", "pairs"))
            }
            apart = range(facts.whole("columns") if "measured0" in arrays else 0)
            original, fresh = facts.items("real")
            costs = [Costs(float(wall), float(cpu)) for wall, cpu in facts.items("costs")]
            return cls(
                generation=facts.whole("generation"),
                synthesizer=facts.text("synthesizer"),
                figures=np.asarray(arrays["figures"], dtype=np.float64),
                before=sides["before"],
                after=sides["after"],
                measured=tuple(np.asarray(arrays[f"measured{i}"]) for i in apart),
                pairs=sides["pairs"],
                real=RealRows(int(original), int(fresh)),
                lineage=facts.text("lineage"),
                fit=costs[0],
                sample=costs[1],
                measure=costs[2],
                audit=facts.text("audit"),
                audited=tuple(
                    AuditedFigure(section, metric, *figure)
                    for (section, metric), figure in zip(facts.items("audited"), figures, strict=True)
                ),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise SavedModelError(
                "A checkpoint was written by another version.", hint="Use another run_dir."
            ) from error


class _Facts:
    """The plain values of a record, by type."""

    def __init__(self, raw: dict[str, object]) -> None:
        self._raw = raw

    def whole(self, name: str) -> int:
        return int(str(self._raw[name]))

    def text(self, name: str) -> str:
        return str(self._raw[name])

    def items(self, name: str) -> list:  # type: ignore[type-arg]
        found = self._raw[name]
        if not isinstance(found, list):
            raise TypeError(name)
        return found


def chain_key(synthesizer: str, regime: str, seed: int) -> str:
    """Name a chain in a store.

    Parameters
    ----------
    synthesizer, regime : str
        As they are shown.
    seed : int
        Seed of the chain.

    Returns
    -------
    str
        Readable, and different for different chains.
    """
    text = f"{synthesizer}\x1f{regime}"
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", f"{synthesizer}-{regime}").strip("-.")[:60]
    return f"chains/{readable}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}-s{seed}"


class ChainStore:
    """The records and tables of one chain in a store; the `Materials` of the chain.

    Parameters
    ----------
    store : Store
        The store of the study.
    key : str
        Name of the chain in it.
    """

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.key = key

    def record(self, generation: int) -> GenerationRecord | None:
        """Give a finished generation.

        Parameters
        ----------
        generation : int
            1 or more.

        Returns
        -------
        GenerationRecord or None
            None when it is not finished, or its file was damaged.
        """
        payload = self.store.get(f"{self.key}/g{generation:04d}")
        return None if payload is None else GenerationRecord.from_bytes(payload)

    def keep(self, record: GenerationRecord) -> None:
        """Finish a generation.

        Parameters
        ----------
        record : GenerationRecord
            Its record; its table is in the store already.
        """
        self.store.put(f"{self.key}/g{record.generation:04d}", record.to_bytes())

    def has(self, generation: int) -> bool:
        """Say whether the table of a generation can be read.

        Parameters
        ----------
        generation : int
            1 or more.

        Returns
        -------
        bool
            False when it is absent or damaged.
        """
        return self.store.get(self._table(generation)) is not None

    def get(self, generation: int) -> CastTable:
        """Give what may be trained on of S_g.

        Parameters
        ----------
        generation : int
            1 or more.

        Returns
        -------
        CastTable
            The rows.

        Raises
        ------
        SavedModelError
            When it is not there.
        """
        payload = self.store.get(self._table(generation))
        if payload is None:
            raise SavedModelError(f"The table of generation {generation} is gone.", hint="Run it again.")
        return unpack_table(payload)

    def put(self, generation: int, table: CastTable) -> None:
        """Keep what may be trained on of S_g.

        Parameters
        ----------
        generation : int
            1 or more.
        table : CastTable
            The rows.
        """
        self.store.put(self._table(generation), pack_table(table))

    def forget(self, generation: int) -> None:
        """Delete the table that no later generation needs; the last two stay, in case one is damaged.

        Parameters
        ----------
        generation : int
            The generation that was finished last.
        """
        if generation > _KEPT_TABLES:
            self.store.delete(self._table(generation - _KEPT_TABLES))

    def _table(self, generation: int) -> str:
        return f"{self.key}/g{generation:04d}.table"
