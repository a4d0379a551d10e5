"""Studies whose answer is known: chains that only drift, and chains that lose what is rare, or gain it.

Shared by `scripts/calibrate_recursion.py` and the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import ClassVar
from unittest import mock

import numpy as np
import pandas as pd

import synthtab as st
from synthtab.results import DRIFT_ALARM
from synthtab.seeding import generator
from synthtab.synthesizers import registry
from synthtab.synthesizers.baselines import ResamplerSynthesizer
from synthtab.synthesizers.guard import Guard

COLUMNS = 4
LEVELS = 40
ROWS = 500
RARE_AT_MOST = 20


class ThinningSynthesizer(ResamplerSynthesizer):
    """Draw training rows with replacement, rows with a rare level less often.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table.
    seed : int, default 0
        Seed of `sample` when it is given none.
    guard : bool or Guard, default True
        Taken for the sake of one signature.
    loss : float, default 0.1
        Share of the rare mass that each generation loses; below 0 it gains.
    """

    name: ClassVar[str] = "thinning"

    def __init__(
        self,
        schema: st.TableSchema,
        *,
        seed: int = 0,
        guard: bool | Guard = True,
        loss: float = 0.1,
    ) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        self.loss = loss

    def sample(self, n: int, seed: int | None = None) -> pd.DataFrame:
        """Draw rows."""
        rows = self._rows
        rare = np.zeros(len(rows), dtype=bool)
        for column in self.schema.columns:
            if column.kind.is_label:
                rare |= rows[column.name].map(rows[column.name].value_counts()).to_numpy() <= RARE_AT_MOST
        weight = np.where(rare, 1 - self.loss, 1.0)
        chosen = generator(self._stream(n, seed), "rows").choice(len(rows), size=n, p=weight / weight.sum())
        return self._marked(rows.iloc[chosen].reset_index(drop=True), seed)


@contextmanager
def known_synthesizers() -> Iterator[None]:
    """Register the synthesizers of this module, as an installed package would."""
    points = [EntryPoint("thinning", f"{__name__}:ThinningSynthesizer", registry.ENTRY_POINTS)]
    with mock.patch.object(registry, "entry_points", return_value=points):
        yield


def table(rows: int, seed: int) -> pd.DataFrame:
    """Draw a table of label columns with long tails and two numbers that depend on them."""
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, LEVELS + 1) ** 1.3
    shared = rng.random(rows)
    columns: dict[str, object] = {}
    for index in range(COLUMNS):
        mixed = np.where(rng.random(rows) < 0.5, shared, rng.random(rows))
        level = np.searchsorted(np.cumsum(weight / weight.sum()), mixed).clip(max=LEVELS - 1)
        columns[f"label {index}"] = [f"level {code:02d}" for code in level]
    columns["number"] = np.round(rng.normal(size=rows) + 2 * shared, 3)
    columns["other"] = np.round(rng.exponential(size=rows), 3)
    return pd.DataFrame(columns)


def alarms(study: st.StudyResult) -> tuple[str, ...]:
    """Name the figures of the first arm that leave the drift null."""
    arm = study.arms[0]
    found = [c.metric for c in arm.curves if c.p_drift is not None and c.p_drift <= DRIFT_ALARM]
    if arm.rare_p is not None and arm.rare_p <= DRIFT_ALARM:
        found.append("rare mass")
    return tuple(found)


def study(
    seed: int,
    synthesizer: str | st.SynthesizerSpec,
    regime: str,
    *,
    chains: int = 10,
    generations: int = 8,
    null_chains: int = 500,
) -> st.StudyResult:
    """Run one study on a table of its own."""
    drawn = table(4 * ROWS, seed)
    split = st.Split(
        drawn.iloc[:ROWS],
        drawn.iloc[ROWS : 2 * ROWS],
        drawn.iloc[2 * ROWS :],
        drawn.iloc[:0],
        seed,
    )
    with known_synthesizers():
        return st.recurse(
            split,
            st.TableSchema.infer(drawn),
            synthesizers=[synthesizer],
            regimes=[regime],
            generations=generations,
            seeds=range(seed * chains, (seed + 1) * chains),
            guard=False,
            null_chains=null_chains,
            workers=1,
            seed=seed,
            progress=False,
        )
