"""Refits: how an audit makes further synthetic tables, for attacks that need them."""

from __future__ import annotations

import pandas as pd

from synthtab.auditing.battery import Refit
from synthtab.schema import TableSchema
from synthtab.seeding import derive_seed
from synthtab.specs import SynthesizerSpec

__all__ = ["make_refit"]


def make_refit(
    synthesizer: str | SynthesizerSpec, train: pd.DataFrame, schema: TableSchema, fits: int
) -> Refit:
    """Prepare refits of a synthesizer.

    Parameters
    ----------
    synthesizer : str or SynthesizerSpec
        What made the table.
    train : pandas.DataFrame
        The training rows, as given.
    schema : TableSchema
        What is public.
    fits : int
        Budget in fits.

    Returns
    -------
    Refit
        Ready to be used; a wrong name or parameter shows here, before anything is fitted.
    """
    from synthtab.synthesizers import make

    make(synthesizer, schema)

    def fit_and_sample(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
        model = make(synthesizer, schema, seed=derive_seed(seed, "fit")).fit(rows)
        return model.sample(len(train), seed=derive_seed(seed, "sample"))

    return Refit(fit_and_sample, train, fits)
