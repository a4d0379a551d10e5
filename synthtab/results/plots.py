"""Plots of results: `.plot()` draws with matplotlib, found by name, so that results stay below plotting."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from synthtab.errors import MissingDependencyError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Panels: TypeAlias = NDArray[np.object_]

__all__ = ["AuditPlots", "BoardPlots", "GatePlots", "PlotResult", "StudyPlots"]


class PlotResult:
    """A result that can be drawn; the renderer is found by name."""

    def _drawn(self, module: str, function: str, *given: object, **named: object) -> Any:  # noqa: ANN401 - what the renderer gives
        """Draw with the renderer of that name."""
        try:
            importlib.import_module("matplotlib")
        except ImportError as error:
            if error.name != "matplotlib":
                raise
            raise MissingDependencyError(
                "Plots are drawn by matplotlib, which is not installed.",
                hint='Install it: pip install "synthtab[plot]".',
            ) from None
        renderer = importlib.import_module(f"synthtab.plotting.{module}")
        return getattr(renderer, function)(self, *given, **named)


class AuditPlots(PlotResult):
    """Plots of an audit."""

    @overload
    def plot(self, kind: Literal["associations"], *, ax: Iterable[Axes] | None = None) -> Panels: ...
    @overload
    def plot(
        self,
        kind: Literal["families", "distribution", "rare", "attacks"] = "families",
        *,
        ax: Axes | None = None,
        column: str | None = None,
    ) -> Axes: ...
    @overload
    def plot(
        self, kind: str, *, ax: Axes | Iterable[Axes] | None = None, column: str | None = None
    ) -> Axes | Panels: ...
    def plot(
        self,
        kind: str = "families",
        *,
        ax: Axes | Iterable[Axes] | None = None,
        column: str | None = None,
    ) -> Axes | Panels:
        """Draw one side of the audit with matplotlib; nothing that its releasable form does not hold.

        Parameters
        ----------
        kind : str
            ``families``: each on the scale from chance to fresh real data. ``distribution``: one column, real
            as bars, synthetic as a line. ``associations``: three triangles: real, synthetic, and their
            difference. ``rare``: the ladder of rare categories. ``attacks``: success on people in the table
            beside that on others, on an axis that spreads low rates out.
        ax : Axes or iterable of Axes, optional
            Where to draw, three for associations. By default in a new figure of pyplot, which a notebook
            shows by itself; else no figure is opened. Nothing global is changed.
        column : str, optional
            For a distribution: which column; by default the one that departs most.

        Returns
        -------
        Axes or numpy.ndarray of Axes
            What was drawn in: an array for associations.

        Raises
        ------
        SpecError
            When there is no such kind or column, or the audit has nothing of that kind.
        MissingDependencyError
            When matplotlib is not installed.
        """
        return self._drawn("audit_plots", "plot_audit", kind, ax=ax, column=column)  # type: ignore[no-any-return] # by name


class StudyPlots(PlotResult):
    """Plots of a study."""

    def plot(
        self,
        kind: str = "curves",
        *,
        metric: str | None = None,
        regime: str | None = None,
        ax: Axes | Iterable[Axes] | None = None,
    ) -> Axes | Panels:
        """Draw one side of the study with matplotlib, a panel for each regime.

        Parameters
        ----------
        kind : str
            ``curves``: a figure over the generations, beside what resampling alone does, fresh real data
            and chance. ``decay``: its score from chance (0) to fresh real data (1). ``survival``: rare levels
            kept in the last generation, by how many real rows held them.
        metric : str, optional
            For curves and decay: which figure, e.g. ``"levels_lost"``; by default the first of the report.
        regime : str, optional
            Which regime, as it is shown, e.g. ``"fresh_mix(0.1)"``; by default all.
        ax : Axes or iterable of Axes, optional
            Where to draw, as many as there are panels. By default in a new figure of pyplot, which a
            notebook shows by itself; else no figure is opened. Nothing global is changed.

        Returns
        -------
        Axes or numpy.ndarray of Axes
            What was drawn in: one axes for one panel, an array for several.

        Raises
        ------
        SpecError
            When there is no such kind, metric or regime, or the study has nothing of that kind.
        MissingDependencyError
            When matplotlib is not installed.
        """
        return self._drawn("study_plots", "plot_study", kind, ax=ax, metric=metric, regime=regime)  # type: ignore[no-any-return] # by name


class BoardPlots(PlotResult):
    """Plots of a board."""

    def plot(self, kind: str = "front", *, figure: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw one side of the board with matplotlib.

        Parameters
        ----------
        kind : str
            ``front``: what each row is good for against what it gives away, with both intervals.
            ``board``: one figure of every row, with its interval and each refit.
        figure : str, optional
            For a board: which figure, e.g. ``"rare.coverage"``; by default what the table is good for.
        ax : Axes, optional
            Where to draw. By default in a new figure of pyplot, which a notebook shows by itself; else no
            figure is opened. Nothing global is changed.

        Returns
        -------
        Axes
            What was drawn in.

        Raises
        ------
        SpecError
            When there is no such kind or figure, or nothing to draw.
        MissingDependencyError
            When matplotlib is not installed.
        """
        return self._drawn("board_plots", "plot_board", kind, ax=ax, figure=figure)  # type: ignore[no-any-return] # by name


class GatePlots(PlotResult):
    """Plot of a gate."""

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw with matplotlib how each figure changed, in units of the worsening that matters.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. By default in a new figure of pyplot, which a notebook shows by itself; else no
            figure is opened. Nothing global is changed.

        Returns
        -------
        Axes
            What was drawn in.

        Raises
        ------
        SpecError
            When the gate compared no figure.
        MissingDependencyError
            When matplotlib is not installed.
        """
        return self._drawn("gate_plots", "plot_gate", ax=ax)  # type: ignore[no-any-return] # by name
