"""Reads what a plot has drawn back from its axes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def headless() -> Iterator[None]:
    """Draw without a display, and leave no figure open."""
    with mpl.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


def canvas(panels: int = 1) -> list[Axes]:
    return list(np.ravel(Figure(figsize=(5 * panels, 4)).subplots(1, panels)))


def given(axes: list[Axes]) -> Any:
    return axes[0] if len(axes) == 1 else axes


def pixels(figure: Figure) -> np.ndarray:
    agg = FigureCanvasAgg(figure)
    agg.draw()
    return np.asarray(agg.buffer_rgba()).copy()


def marks(ax: Axes) -> set[tuple[str, bool, float, float]]:
    """Give every marker that stands alone: its shape, whether it is full, and its place."""
    return {
        (str(line.get_marker()), line.get_markerfacecolor() != "white", float(x), float(y))
        for line in ax.lines
        if line.get_linestyle() == "None"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
        if not math.isnan(x)
    }


def segments_of(ax: Axes) -> list[np.ndarray]:
    return [s for c in ax.collections if isinstance(c, LineCollection) for s in c.get_segments() if len(s)]


def across(ax: Axes) -> set[tuple[float, float, float]]:
    """Give every level line of a collection: from, to, and its height."""
    segments = segments_of(ax)
    return {
        (float(a[0]), float(b[0]), float(a[1])) for a, b in segments if len({float(a[1]), float(b[1])}) == 1
    }


def uprights(ax: Axes) -> set[tuple[float, float, float]]:
    """Give every upright line of a collection: its place, from and to."""
    segments = segments_of(ax)
    return {(float(a[0]), float(a[1]), float(b[1])) for a, b in segments if a[0] == b[0] and a[1] != b[1]}


def texts(ax: Axes) -> list[str]:
    return [item.get_text() for item in ax.texts]


def names(ax: Axes, axis: str = "y") -> list[str]:
    found = ax.get_yticklabels() if axis == "y" else ax.get_xticklabels()
    return [item.get_text() for item in found]


def key_words(ax: Axes) -> list[str]:
    legend = ax.get_legend() or (ax.figure.legends[0] if ax.figure.legends else None)
    return [] if legend is None else [item.get_text() for item in legend.get_texts()]
