"""Three triangles of pairwise associations: real, synthetic, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from synthtab.plotting.axes_style import CHANCE, QUIET, SYNTHETIC, Panels, as_panels, axes_for, label
from synthtab.reporting.text import figure
from synthtab.results import AssociationMatrix

__all__ = ["draw_matrices"]

_SCALES = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
_SMALLEST, _LARGEST = 3.5, 10.0
_FEW = 8
_FAINT = 1 / 6
_PALE = "#f4f3f0"


def draw_matrices(matrix: AssociationMatrix, ax: Axes | Iterable[Axes] | None) -> Panels:
    """Draw the strengths of all pairs in real and in synthetic rows, and their difference.

    Parameters
    ----------
    matrix : AssociationMatrix
        Strengths.
    ax : Axes, iterable of Axes, or None
        Three axes.

    Returns
    -------
    numpy.ndarray of Axes
        Real, synthetic, synthetic minus real.
    """
    axes = axes_for(ax, 3, (13.0, 4.4))
    size = len(matrix.columns)
    real, synthetic = (_triangle(rows, size) for rows in (matrix.real, matrix.synthetic))
    change = synthetic - real
    is_signed = bool(np.nanmin(np.stack([real, synthetic]), initial=0.0) < 0)
    widest = float(np.nanmax(np.abs(change), initial=0.0))
    scale = next(step for step in _SCALES if widest < step + 1e-9 or step == _SCALES[-1])
    for panel, values, name in zip(
        axes, (real, synthetic, change), ("Real", "Synthetic", "Synthetic minus real"), strict=True
    ):
        is_change = values is change
        _panel(panel, values, matrix.columns, name, scale if is_change else 1.0, is_change or is_signed)
    return as_panels(axes)


def _triangle(rows: Sequence[Sequence[float | None]], size: int) -> NDArray[np.float64]:
    """Make a square of the lower triangle, not a number where there is nothing to show."""
    square = np.full((size, size), np.nan)
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            square[row, column] = np.nan if value is None else value
    return square


def _colours(*, is_signed: bool) -> Colormap:
    # not registered by name: that would be seen by other figures
    ends = [CHANCE, _PALE, SYNTHETIC] if is_signed else [_PALE, SYNTHETIC]
    return LinearSegmentedColormap.from_list("synthtab", ends)


def _panel(
    ax: Axes, values: NDArray[np.float64], columns: Sequence[str], name: str, scale: float, is_signed: bool
) -> None:
    size = len(columns)
    image = ax.imshow(
        np.ma.masked_invalid(values),
        cmap=_colours(is_signed=is_signed),
        vmin=-scale if is_signed else 0.0,
        vmax=scale,
        interpolation="nearest",
    )
    withheld = [
        (row, column) for row in range(size) for column in range(row) if np.isnan(values[row, column])
    ]
    for row, column in withheld:
        ax.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, facecolor="none", edgecolor=QUIET, hatch="////", linewidth=0
            )
        )
    _say_signs(ax, values, scale)
    ax.set_xlim(-0.5, size - 0.5)
    ax.set_ylim(size - 0.5, -0.5)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    _names(ax, columns)
    _scale(ax, image, name, has_withheld=bool(withheld))


def _say_signs(ax: Axes, values: NDArray[np.float64], scale: float) -> None:
    """Write few figures out; of many mark those below 0, so that a sign is not told by colour alone."""
    size = len(values)
    known = [
        (row, column) for row in range(size) for column in range(row) if not np.isnan(values[row, column])
    ]
    if size <= _FEW:
        for row, column in known:
            value = float(values[row, column])
            shade = "white" if abs(value) > 0.6 * scale else "black"
            ax.text(
                column,
                row,
                figure(value, digits=2),
                ha="center",
                va="center",
                fontsize="small",
                color=shade,
            )
        return
    below = [(row, column) for row, column in known if values[row, column] <= -_FAINT * scale]
    if below:
        rows, across = zip(*below, strict=True)
        width = _row_points(ax, size)
        ax.plot(
            across,
            rows,
            linestyle="none",
            marker="_",
            markersize=0.5 * width,
            markeredgewidth=max(0.6, 0.09 * width),
            color="white",
        )


def _row_points(ax: Axes, size: int) -> float:
    """Estimate the height of a row in points; a matrix is square."""
    return 72.0 * min(ax.bbox.width, ax.bbox.height) / ax.figure.dpi / max(size, 1)


def _names(ax: Axes, columns: Sequence[str]) -> None:
    """Write each name at its place on the diagonal: it names the row to its left and the column below."""
    size = min(_LARGEST, 0.8 * _row_points(ax, len(columns)))
    if size < _SMALLEST:
        return
    for place, column in enumerate(columns):
        ax.text(place - 0.4, place, label(column, longest=24), va="center", ha="left", fontsize=size)


def _scale(ax: Axes, image: object, name: str, *, has_withheld: bool) -> None:
    """Put the colour scale and the panel's name where a triangle is empty."""
    corner = ax.inset_axes((0.58, 0.93, 0.4, 0.035))
    corner.figure.colorbar(image, cax=corner, orientation="horizontal")  # type: ignore[arg-type] # an image
    corner.set_title(name, fontsize="medium", loc="left", pad=4)
    corner.tick_params(labelsize="x-small", length=2)
    if has_withheld:
        corner.set_xlabel("hatched: withheld", fontsize="x-small", loc="left", labelpad=2)
