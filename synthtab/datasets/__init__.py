"""Real tables that ship inside the package, each with a schema of public facts."""

from synthtab.datasets.dataset import Dataset
from synthtab.datasets.nhanes import load_nhanes_adults

__all__ = ["Dataset", "load_nhanes_adults"]
