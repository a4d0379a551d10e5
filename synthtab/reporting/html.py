"""Write a result as one HTML file: no script, nothing loaded, by default only what may be released."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup

from synthtab.reporting import board_svg, forest, matrices, study_svg, svg
from synthtab.reporting.audit_page import audit_page
from synthtab.reporting.board_page import board_page
from synthtab.reporting.gate_page import gate_page
from synthtab.reporting.index_page import IndexEntry, index_page
from synthtab.reporting.study_page import study_page
from synthtab.results import AuditResult, BoardResult, GateResult, StudyResult
from synthtab.results.base import JsonResult

__all__ = ["embed", "render", "render_index"]


@dataclass(frozen=True)
class _PageKind:
    """How one class of result becomes a page."""

    template: str
    view: Callable[[Any], object]


_PAGES: dict[type[JsonResult], _PageKind] = {
    AuditResult: _PageKind("audit.html.j2", audit_page),
    BoardResult: _PageKind("board.html.j2", board_page),
    GateResult: _PageKind("gate.html.j2", gate_page),
    StudyResult: _PageKind("study.html.j2", study_page),
}


def render(result: object, *, internal: bool = False) -> str:
    """Write a result as a self-contained HTML page.

    Parameters
    ----------
    result : object
        A result of a class that has a page: an audit, a board, a gate or a study.
    internal : bool, default False
        Whether to show everything that is known, under a banner; so does a result from an internal file.

    Returns
    -------
    str
        The page; the same result gives the same bytes. Else only the releasable form of the result is read.

    Raises
    ------
    TypeError
        When results of this class have no page.
    """
    for known, page in _PAGES.items():
        if isinstance(result, known):
            is_internal = internal or result.is_internal
            view = page.view(result.in_full() if is_internal else result.releasable())
            return _page(page.template, view, internal=is_internal)
    have = ", ".join(sorted(known.__name__ for known in _PAGES))
    raise TypeError(f"A {type(result).__name__} has no page. Results that have one: {have}.")


def embed(result: object, height: int = 900) -> str:
    """Write a result as a frame for a notebook, so that the page's style stays inside it.

    Parameters
    ----------
    result : object
        What `render` takes.
    height : int
        Height in pixels.

    Returns
    -------
    str
        One sandboxed frame that holds the page.
    """
    frame = Markup(
        '<iframe title="synthtab report" sandbox="" loading="lazy" srcdoc="{}" '
        'style="width:100%;height:{}px;border:0;border-radius:8px"></iframe>'
    )
    return str(frame.format(render(result), int(height)))


def render_index(entries: Sequence[IndexEntry]) -> str:
    """Write a folder of reports as a page that leads to each.

    Parameters
    ----------
    entries : sequence of IndexEntry
        Reports, in any order.

    Returns
    -------
    str
        The page; the same entries give the same bytes.
    """
    return _page("index.html.j2", index_page(entries))


def _page(template: str, view: object, *, internal: bool = False) -> str:
    return _environment().get_template(template).render(page=view, internal=internal).strip() + "\n"


@functools.cache
def _environment() -> jinja2.Environment:
    """Make the one environment: everything is escaped unless a drawing made it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("synthtab.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["draw"] = {
        "icon": svg.icon,
        "strip_row": svg.strip_row,
        "strip_axis": svg.strip_axis,
        "key": svg.key,
        "meter": svg.meter,
        "histogram": svg.histogram,
        "level_bars": svg.level_bars,
        "forest_row": forest.forest_row,
        "heat_map": matrices.heat_map,
        "heat_legend": matrices.heat_legend,
        "series_key": study_svg.series_key,
        "line_panel": study_svg.line_panel,
        "point_panel": study_svg.point_panel,
        "forest_line": study_svg.forest_line,
        "place": study_svg.place,
        "unlined": study_svg.unlined,
        "forest_axis": study_svg.forest_axis,
        "parts_bar": study_svg.parts_bar,
        "breakable": board_svg.breakable,
        "score_track": board_svg.score_track,
        "board_forest_line": board_svg.board_forest_line,
        "board_forest_axis": board_svg.board_forest_axis,
        "front_key": board_svg.front_key,
        "front_plot": board_svg.front_plot,
    }
    return environment
