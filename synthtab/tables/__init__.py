"""Tables of every sort enter here, and are split here."""

from synthtab.tables.source import TableSource, read_frame
from synthtab.tables.split import Split, split

__all__ = ["Split", "TableSource", "read_frame", "split"]
