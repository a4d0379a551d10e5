"""Dataset: a real table, what is public about it, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from synthtab.schema import TableSchema

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A real table with its schema.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows; the caller may change them, no other caller sees it.
    schema : TableSchema
        What is public about the table.
    name : str
        Short name.
    source : str
        Where the rows came from, on what terms, and what was repaired.
    """

    frame: pd.DataFrame
    schema: TableSchema
    name: str
    source: str

    def __repr__(self) -> str:
        """Show the name and the size, never a row."""
        return f"Dataset({self.name!r}, {len(self.frame)} rows × {len(self.frame.columns)} columns)"
