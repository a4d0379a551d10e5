"""Quiet: other libraries neither log, warn, start workers, nor write to the home folder."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from synthtab.errors import MissingDependencyError
from synthtab.seeding import isolated_random_state

__all__ = ["import_sdv", "silenced"]

_LIBRARIES = frozenset({"sdv", "rdt", "ctgan", "copulas", "deepecho", "faker", "torch"})
_SDV = "sdv.single_table"
_EVENT_LOGS = ("SingleTableSynthesizer", "MultiTableSynthesizer", "Metadata", "SingleTableMetadata")


def import_sdv() -> ModuleType:
    """Import SDV, silently and without the settings file that it writes under the home folder.

    Returns
    -------
    module
        ``sdv``, with ``sdv.single_table`` and ``sdv.metadata`` loaded.

    Raises
    ------
    MissingDependencyError
        When SDV is not installed.
    """
    if _SDV in sys.modules:
        return sys.modules["sdv"]
    try:
        # importing it draws random numbers
        with silenced(), isolated_random_state(0), _elsewhere("XDG_DATA_HOME"):
            importlib.import_module(_SDV)

            # SDV has just opened a log of every fit there
            for name in _EVENT_LOGS:
                for handler in list(logging.getLogger(name).handlers):
                    logging.getLogger(name).removeHandler(handler)
                    handler.close()
    except ImportError as error:
        if (error.name or "").split(".")[0] not in _LIBRARIES:
            raise
        raise MissingDependencyError(
            "This synthesizer is built on SDV, which is not installed.",
            hint='Install it: pip install "synthtab[sdv]".',
        ) from None
    return sys.modules["sdv"]


@contextmanager
def silenced() -> Iterator[None]:
    """Hold back log records and warnings of other libraries, and keep joblib from starting workers.

    What they say may hold values of the table; what matters of it is raised as an error of our own. Output is
    left alone, because a progress display writes to it: tell libraries not to be verbose.

    Yields
    ------
    None
        Control, in silence.
    """
    before = [(logger, logger.disabled) for logger in _talkative_loggers()]
    try:
        for logger, _ in before:
            logger.disabled = True
        with warnings.catch_warnings(), _no_workers():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, disabled in before:
            logger.disabled = disabled


def _talkative_loggers() -> list[logging.Logger]:
    # a parent that is disabled still passes on what its children say, hence each of them
    return [
        logger
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger) and (name.split(".")[0] in _LIBRARIES or name in _EVENT_LOGS)
    ]


@contextmanager
def _no_workers() -> Iterator[None]:
    joblib = sys.modules.get("joblib")
    if joblib is None:
        yield
        return
    with joblib.parallel_config(backend="sequential"):
        yield


@contextmanager
def _elsewhere(variable: str) -> Iterator[None]:
    """Point an environment variable at an empty folder that is deleted afterwards."""
    before = os.environ.get(variable)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[variable] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[variable]
            else:
                os.environ[variable] = before
