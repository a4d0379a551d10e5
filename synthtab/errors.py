"""Every error and warning that synthtab raises: one base class, one leaf per thing a caller can act on.

A message says what was wrong, in which column, what is allowed and what to do. It never holds a value
from the table.
"""

from __future__ import annotations

__all__ = [
    "DataError",
    "FitError",
    "GenerationError",
    "MissingDependencyError",
    "NotFittedError",
    "RunInUseError",
    "RunMismatchError",
    "SavedModelError",
    "SchemaError",
    "SpecError",
    "StorageError",
    "StorageFullError",
    "SynthtabError",
    "SynthtabWarning",
    "TrustError",
]


class SynthtabError(Exception):
    """Base of every error that synthtab raises on purpose.

    Parameters
    ----------
    message : str
        What was wrong and where.
    hint : str, optional
        What to do about it; the command line prints it on a line of its own.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, followed by the hint when there is one."""
        message = super().__str__()
        return f"{message} {self.hint}" if self.hint else message


class SchemaError(SynthtabError):
    """A schema contradicts itself, or asks for what a column cannot be."""


class DataError(SynthtabError):
    """A table cannot be used as it is: no rows, missing or duplicate columns, infinite values."""


class SpecError(SynthtabError):
    """An unknown synthesizer, or a parameter that it does not take."""


class FitError(SynthtabError):
    """A synthesizer could not learn the table; names the column and the rule, never a value."""


class GenerationError(SynthtabError):
    """What would be learned from a synthetic table is of a later generation than was allowed."""


class NotFittedError(SynthtabError):
    """A synthesizer was asked to sample or to be saved before it was fitted."""


class SavedModelError(SynthtabError):
    """A saved model or profile is torn, edited, or of a format this version cannot read."""


class TrustError(SynthtabError):
    """A file would run code when loaded, and the caller did not say that it is trusted."""


class MissingDependencyError(SynthtabError):
    """An optional library is needed for what was asked; the hint says how to install it."""


class RunInUseError(SynthtabError):
    """Another process is at work in the folder of a run; says which."""


class RunMismatchError(SynthtabError):
    """A folder belongs to a run with other arguments, or to no run; names each difference."""


class StorageError(SynthtabError):
    """A folder cannot be read, written or locked."""


class StorageFullError(StorageError):
    """The disk is full; what was finished before is safe."""


class SynthtabWarning(UserWarning):
    """Something worth a person's attention that does not stop the work."""
