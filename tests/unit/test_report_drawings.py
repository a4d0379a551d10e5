"""The drawings by themselves: what is withheld leaves no trace, nothing overlaps, arrows at the ends."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from report_fixture import nhanes_audit

from synthtab.reporting.association_charts import heat_view
from synthtab.reporting.audit_charts import column_views, family_strip
from synthtab.reporting.matrices import heat_legend, heat_map
from synthtab.reporting.rare_charts import rare_strip
from synthtab.reporting.svg import histogram, icon, level_bars, strip_axis, strip_row
from synthtab.reporting.text import text_width
from synthtab.reporting.viewmodel import ColumnView
from synthtab.results import Cell, Distribution, RareGroup, Status

NARROW = 252.0


def _column(cells: tuple[Cell, ...], kind: str = "numeric") -> ColumnView:
    (view,) = column_views([Distribution("a", kind, "", cells, 0.1, 0.0, 0.2, Status.PASS)], ())
    return view


def _cells(*shares: tuple[float | None, float | None]) -> tuple[Cell, ...]:
    return tuple(Cell(f"cell {place}", real, drawn, 0.01) for place, (real, drawn) in enumerate(shares))


@pytest.mark.parametrize("draw", [histogram, level_bars])
@pytest.mark.parametrize("noise", [0.0, 0.031, 0.2])
def test_a_withheld_share_leaves_no_coordinate(draw: object, noise: float) -> None:
    """The same picture comes out whatever noise a withheld cell still carries: hatching has a fixed size."""
    kind = "numeric" if draw is histogram else "categorical"
    cells = _cells((0.5, 0.4), (None, 0.3), (0.2, 0.3))
    hidden = (cells[0], replace(cells[1], noise=noise), cells[2])
    assert callable(draw)
    drawing = draw(_column(hidden, kind))
    assert drawing == draw(_column((cells[0], replace(cells[1], noise=0.0), cells[2]), kind))
    assert drawing.count('class="withheld"') == 1


def test_a_withheld_synthetic_share_is_a_gap_in_the_line() -> None:
    """The blue line goes down to the base before a withheld share and starts anew behind it."""
    whole, broken = (
        re.search(
            r'class="syn" d="([^"]*)"', histogram(_column(_cells((0.5, 0.4), (0.3, middle), (0.2, 0.3))))
        )
        for middle in (0.3, None)
    )
    assert whole is not None
    assert broken is not None
    assert whole.group(1).count("M") == 1
    assert broken.group(1).count("M") == 2


def test_the_tallest_bar_is_the_tallest_thing_known() -> None:
    """Heights are relative to what is shown: a withheld share does not set the scale."""
    drawing = histogram(_column(_cells((0.5, 0.4), (None, None), (0.25, 0.2))))
    (outline,) = re.findall(r'"real" d="([^"]*)"', drawing)
    tops = [float(top) for top in re.findall(r",100V([\d.]+)H", outline)]
    assert tops[1] - tops[0] == pytest.approx((100 - tops[0]) / 2, abs=0.2)


@pytest.mark.parametrize("column", column_views(nhanes_audit().distributions, ()), ids=lambda view: view.name)
def test_labels_of_a_column_do_not_touch(column: ColumnView) -> None:
    """In the narrowest figure no label runs into its neighbour or out of the picture."""
    drawing = histogram(column) if column.is_number else level_bars(column)
    lines: dict[str, list[tuple[float, float]]] = {}
    for css, x, y, text in re.findall(r'<text class="([^"]*)" x="([^"]*)" y="([^"]*)">([^<]*)<', drawing):
        place, size = float(x.rstrip("%")) / 100 * NARROW, text_width(text)
        start = place - (size if "end" in css else size / 2 if "middle" in css else 0)
        lines.setdefault(y, []).append((start, start + size))
    for spans in lines.values():
        spans.sort()
        assert spans[0][0] >= -0.5
        assert spans[-1][1] <= NARROW + 0.5
        assert all(left[1] < right[0] for left, right in pairwise(spans))


def test_a_column_of_one_cell_is_drawn() -> None:
    """A constant column, and one without any cell, have a picture too."""
    assert "any value" in histogram(_column((Cell("any value", 1.0, 1.0, 0.0),)))
    assert "Nothing to draw" in histogram(_column(()))
    assert "Nothing to draw" in level_bars(_column((), "categorical"))


def test_missing_values_stand_apart() -> None:
    """The missing share is no bar of the picture: it is a share of all rows."""
    view = _column((*_cells((0.6, 0.5), (0.4, 0.5)), Cell("missing", 0.9, 0.8, 0.01)))
    assert len(view.bars) == 2
    assert view.missing is not None
    assert view.missing.real == 0.9


def test_scores_beyond_the_axis_are_arrows() -> None:
    """Below 0 and beyond 1.2 a family stands at the end of the axis as an arrow, without its interval."""
    strip = family_strip(nhanes_audit().families)
    rows = {row.label: row for row in strip.rows}
    assert rows["Detection"].beyond == -1
    assert rows["Utility: linear model"].beyond == 1
    assert "#m-left" in strip_row(rows["Detection"], strip)
    assert "#m-right" in strip_row(rows["Utility: linear model"], strip)
    assert "#m-pass" in strip_row(rows["Tails"], strip)
    places = [place for row in strip.rows for place in (row.at, row.low, row.high) if place is not None]
    assert all(0 <= place <= 1 for place in places)
    assert rows["Rules"].at is None


def test_a_family_row_is_said_in_words() -> None:
    """People who hear the page are told the answer, the figure and where real samples fall."""
    strip = family_strip(nhanes_audit().families)
    said = {row.label: row.said for row in strip.rows}
    assert said["Tails"] == "Tails: Pass, 0.88 [0.80, 0.96]; real samples fall from 0.85 to 1.15"
    assert said["Rules"] == "Rules: Not applicable, not applicable"


def test_the_ladder_gives_small_counts_room() -> None:
    """On the ladder's axis 0 to 3 take more room than 30 to 33, and a wild bound does not stretch it."""
    groups = (
        RareGroup("a", 1, 30, 33, 20, 9_999, Status.PASS),
        RareGroup("b", 1, 3, 0, 0, 4, Status.FAIL),
    )
    strip = rare_strip(groups)
    assert strip is not None
    wild, lost = strip.rows
    assert lost.at is not None
    assert lost.mark is not None
    assert wild.at is not None
    assert wild.mark is not None
    assert lost.mark - lost.at > 5 * (wild.at - wild.mark)
    assert wild.high == pytest.approx(0.98)
    assert [label for _, label in strip.ticks] == ["0", "1", "3", "10", "30"]
    assert rare_strip(()) is None


def test_axis_labels_never_touch() -> None:
    """Of ticks that would overlap on a phone some lose their label, never the last one."""
    strip = rare_strip([RareGroup("a", 1, 250_000, 250_000, 1, 250_000, Status.PASS)])
    assert strip is not None
    drawn = re.findall(r'x="([\d.]+)%" y="14">([^<]*)<', strip_axis(strip))
    assert drawn[-1][1] == strip.ticks[-1][1]
    assert 2 < len(drawn) <= len(strip.ticks)


def test_a_heat_map_shows_many_columns_only_where_they_changed() -> None:
    """Of two hundred columns the thirty whose associations changed most are drawn."""
    audit = nhanes_audit()
    assert audit.associations is not None
    count = 200
    real = tuple(tuple(0.0 for _ in range(row)) for row in range(count))
    changed = [list(row) for row in real]
    changed[150][7] = -0.6
    names = tuple(f"c{place}" for place in range(count))
    drawn = tuple(tuple(row) for row in changed)
    view = heat_view(replace(audit.associations, columns=names, real=real, synthetic=drawn))
    assert view is not None
    assert len(view.columns) == 30
    assert (view.worst[0].first, view.worst[0].second, view.worst[0].difference) == ("c150", "c7", "−0.60")
    assert heat_view(None) is None


def test_a_withheld_pair_is_hatched_on_every_side() -> None:
    """A pair that is withheld in one table has no difference, and no colour."""
    audit = nhanes_audit()
    assert audit.associations is not None
    matrix = replace(
        audit.associations,
        columns=("a", "b", "c"),
        real=((), (None,), (0.2, 0.1)),
        synthetic=((), (0.9,), (0.2, 0.4)),
    )
    view = heat_view(matrix)
    assert view is not None
    assert view.panels[0].values[1] == (None,)
    assert view.pairs[0].difference == "withheld"
    assert "a × b" not in " ".join(f"{row.first} × {row.second}" for row in view.worst)
    drawing = heat_map(view, view.panels[0], 400, labelled=True)
    assert '<g class="withheld"><rect x="0" y="24"' in drawing
    assert "b × a: withheld" in drawing
    assert "+0.30" in drawing
    assert "Colour scale from −0.30 to 0.30" in heat_legend(view.panels[0])


def test_icons_are_hidden_from_those_who_listen() -> None:
    """An icon repeats the word beside it."""
    assert 'aria-hidden="true"' in icon("fail")
