"""Plots: what is drawn equals the numbers of the result."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from board_fixture import nhanes_board
from gate_fixture import varied_gate
from matplotlib.collections import LineCollection
from plot_reading import (
    across,
    canvas,
    headless,
    key_words,
    marks,
    names,
    texts,
    uprights,
)
from report_fixture import nhanes_audit
from study_fixture import (
    GENERATIONS,
    REGIMES,
    SYNTHESIZERS,
    nhanes_study,
)

from synthtab.plotting.axes_style import STATUS_STYLES, label
from synthtab.results import AssociationMatrix, Role

__all__ = ["headless"]

AUDIT, STUDY, BOARD, GATE = nhanes_audit(), nhanes_study(), nhanes_board().releasable(), varied_gate()


def test_families_stand_where_their_scores_are() -> None:
    """Each score, interval and band is drawn at its own figure, one family a row, the first on top."""
    (ax,) = canvas()
    AUDIT.plot(ax=ax)
    scored = [(row, f) for row, f in enumerate(AUDIT.families) if f.calibrated is not None]
    assert marks(ax) == {(STATUS_STYLES[f.status].marker, True, f.calibrated, row) for row, f in scored}
    assert across(ax) == {(f.low, f.high, row) for row, f in scored}
    bands = {
        (bar.get_x(), bar.get_x() + bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in ax.patches
    }
    assert {tuple(np.round(band, 9)) for band in bands} == {
        (f.band_low, f.band_high, row) for row, f in scored
    }
    assert names(ax) == [f.label for f in AUDIT.families]
    top, bottom = ax.get_ylim()[1], ax.get_ylim()[0]
    assert top < 0 < len(AUDIT.families) - 1 < bottom
    assert texts(ax) == ["not applicable"]
    assert [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2][:2] == [0.0, 1.0]


def test_a_family_far_from_the_scale_is_an_arrow_with_its_figure() -> None:
    """A score of -7 does not squeeze the others: an arrow at the end says how far it lies."""
    families = (replace(AUDIT.families[0], calibrated=-7.0, low=-8.0, high=-6.0), *AUDIT.families[1:])
    (ax,) = canvas()
    replace(AUDIT, families=families).plot(ax=ax)
    assert ax.get_xlim()[0] > -0.6
    assert "−7.00" in texts(ax)


def test_a_number_column_has_bars_a_line_and_a_band() -> None:
    """Real shares are bars, synthetic ones a line, and the band is a noise to each side; missing apart."""
    (ax,) = canvas()
    AUDIT.plot("distribution", column="hba1c", ax=ax)
    item = next(d for d in AUDIT.distributions if d.column == "hba1c")
    bars, band = ax.containers
    assert [bar.get_height() for bar in bars] == [cell.real for cell in item.cells]
    foot = [max(cell.real - cell.noise, 0.0) for cell in item.cells if cell.real is not None]
    assert [bar.get_y() for bar in band] == pytest.approx(foot)
    tops = [bar.get_y() + bar.get_height() for bar in band]
    assert tops == pytest.approx([cell.real + cell.noise for cell in item.cells if cell.real is not None])
    line, missing = ax.lines
    assert list(line.get_ydata()) == [cell.synthetic for cell in item.cells[:-1]]
    assert list(missing.get_ydata()) == [item.cells[-1].synthetic]
    # missing values are a share of other rows: they are not joined to the line
    assert missing.get_xdata()[0] > line.get_xdata()[-1] + 1
    assert ax.get_xlabel() == "hba1c, %"
    assert names(ax, "x")[-1] == "missing,\nof all rows"


def test_a_level_column_has_bars_from_the_top() -> None:
    """Levels are read from the top; a withheld one has no bar, no band and a hatched row."""
    (ax,) = canvas()
    AUDIT.plot("distribution", column="cancer_type", ax=ax)
    item = next(d for d in AUDIT.distributions if d.column == "cancer_type")
    bars = ax.containers[0]
    shown = [None if math.isnan(bar.get_width()) else bar.get_width() for bar in bars]
    assert shown == [cell.real for cell in item.cells]
    assert {line[0] for line in uprights(ax)} >= {cell.synthetic for cell in item.cells}
    assert [" ".join(name.split()) for name in names(ax)][:-1] == [cell.label for cell in item.cells[:-1]]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert len(hatched) == sum(cell.real is None for cell in item.cells) == 1
    assert "withheld: fewer than 10 people" in key_words(ax)


def test_without_a_column_the_worst_is_drawn() -> None:
    """The first of the audit's columns departs most, and is what is drawn unless another is named."""
    (ax,) = canvas()
    AUDIT.plot("distribution", ax=ax)
    assert ax.get_xlabel().startswith(AUDIT.distributions[0].column)


def test_associations_are_three_triangles() -> None:
    """Real, synthetic and their difference hold each pair once; what is withheld is masked and hatched."""
    panels = AUDIT.plot("associations", ax=canvas(3))
    matrix = AUDIT.associations
    assert matrix is not None
    arrays = [panel.images[0].get_array() for panel in panels]
    for row, (reals, synthetics) in enumerate(zip(matrix.real, matrix.synthetic, strict=True)):
        for column, (real, synthetic) in enumerate(zip(reals, synthetics, strict=True)):
            cells = [array[row, column] for array in arrays]
            if real is None or synthetic is None:
                assert all(np.ma.is_masked(cell) for cell in cells)
            else:
                assert cells == pytest.approx([real, synthetic, synthetic - real])
        assert all(np.ma.getmaskarray(array)[row, row:].all() for array in arrays)
    hidden = sum(value is None for row in matrix.real for value in row)
    assert [sum(bool(patch.get_hatch()) for patch in panel.patches) for panel in panels] == [hidden] * 3
    assert texts(panels[0]) == list(matrix.columns)
    assert [panel.child_axes[0].get_title(loc="left") for panel in panels] == [
        *("Real", "Synthetic", "Synthetic minus real"),
    ]


def test_few_associations_are_written_out_and_many_have_their_sign_marked() -> None:
    """No sign is told by colour alone: few pairs are figures, of many those below 0 carry a dash."""
    few = AssociationMatrix(("a", "b", "c"), ((), (0.5,), (-0.25, None)), ((), (0.1,), (-0.5, None)), "rho")
    real, _, change = replace(AUDIT, associations=few).plot("associations", ax=canvas(3))
    assert texts(real)[:2] == ["0.50", "−0.25"]
    assert texts(change)[:2] == ["−0.40", "−0.25"]
    panels = AUDIT.plot("associations", ax=canvas(3))
    array = panels[2].images[0].get_array()
    scale = panels[2].images[0].norm.vmax
    (dashes,) = panels[2].lines
    below = {(float(c), float(r)) for r, c in zip(*np.where(array.filled(0) <= -scale / 6), strict=True)}
    assert {(float(x), float(y)) for x, y in dashes.get_xydata()} == below != set()


def test_two_hundred_columns_are_drawn_without_names() -> None:
    """Names that could not be read are left out."""
    columns = tuple(f"column {place}" for place in range(200))
    rows = tuple(tuple(0.1 for _ in range(place)) for place in range(200))
    panels = replace(AUDIT, associations=AssociationMatrix(columns, rows, rows, "V")).plot(
        "associations", ax=canvas(3)
    )
    assert all(texts(panel) == [] for panel in panels)


def test_the_rare_ladder_has_what_is_expected_beside_what_is_found() -> None:
    """Counts stand at their figures on an axis that has a place for none."""
    (ax,) = canvas()
    AUDIT.plot("rare", ax=ax)
    found = {(STATUS_STYLES[g.status].marker, True, g.synthetic, row) for row, g in enumerate(AUDIT.rare)}
    expected = {("D", False, g.expected, row) for row, g in enumerate(AUDIT.rare)}
    assert marks(ax) == found | expected
    assert across(ax) == {(g.low, g.high, row) for row, g in enumerate(AUDIT.rare)}
    assert names(ax, "x")[:2] == ["0", "1"]
    assert 0 < ax.transAxes.inverted().transform(ax.transData.transform((0.0, 0.0)))[0] < 0.1


def test_attacks_have_success_beside_that_on_others() -> None:
    """Success stands above its control; an area under the curve and a withheld rate are words, no dot."""
    (ax,) = canvas()
    AUDIT.plot("attacks", ax=ax)
    attacks = AUDIT.attacks
    shares = [(row, a) for row, a in enumerate(attacks) if a.name != "Membership: LOGAN"]
    risk = {
        (STATUS_STYLES[a.status].marker, True, a.risk, row - 0.16) for row, a in shares if a.risk is not None
    }
    control = {("o", False, a.control, row + 0.16) for row, a in shares if a.control is not None}
    assert marks(ax) == risk | control
    intervals = {(a.low, a.high, row - 0.16) for row, a in shares if a.risk is not None}
    intervals |= {
        (a.control_low, a.control_high, row + 0.16) for row, a in shares if a.control_high is not None
    }
    assert across(ax) == intervals
    said = " ".join(texts(ax))
    for words in ("AUC 0.48", "withheld: fewer than 10 people", "no rate: one is enough"):
        assert words in said
    assert [" ".join(name.split()) for name in names(ax)] == [a.name for a in attacks]


def test_low_rates_of_attacks_are_spread_out_and_the_axis_stays_in_order() -> None:
    """From 0 to 1 % is as wide as from 40 to 50 %, roughly, and the scale can be inverted everywhere."""
    (ax,) = canvas()
    AUDIT.plot("attacks", ax=ax)
    transform = ax.xaxis.get_transform()
    shares = np.linspace(-0.5, 1.5, 401)
    mapped = transform.transform(shares)
    assert (np.diff(mapped) > 0).all()
    assert transform.inverted().transform(mapped) == pytest.approx(shares, abs=1e-9)
    at = {share: float(transform.transform(np.array([share]))[0]) for share in (0.0, 0.01, 0.4, 0.5)}
    assert at[0.01] - at[0.0] == pytest.approx(at[0.5] - at[0.4], rel=0.05)


@pytest.mark.parametrize("regime", REGIMES)
def test_curves_equal_the_means_bands_and_null(regime: str) -> None:
    """Every mean is a line and every band an area between its ends; the null, floor and chance are there."""
    (ax,) = canvas()
    STUDY.plot(metric="levels_lost", regime=regime, ax=ax)
    released = STUDY.releasable()
    curves = [
        next(c for c in released.arm(synthesizer, regime).curves if c.metric == "levels_lost")
        for synthesizer in SYNTHESIZERS
    ]
    lines = [line for line in ax.lines if len(line.get_xdata()) == GENERATIONS]
    assert [tuple(line.get_ydata()) for line in lines[:-1]] == [curve.mean for curve in curves]
    assert tuple(lines[-1].get_ydata()) == curves[0].null_mean
    assert all(tuple(line.get_xdata()) == tuple(range(1, GENERATIONS + 1)) for line in lines)
    areas = [collection.get_paths()[0].vertices for collection in ax.collections]
    for area, curve in zip(areas, curves, strict=False):
        assert set(curve.low) | set(curve.high) <= set(area[:, 1])
    null = set(areas[-1][:, 1])
    assert {min(c.null_low[g] or 0 for c in curves) for g in range(GENERATIONS)} <= null
    assert {max(c.null_high[g] or 0 for c in curves) for g in range(GENERATIONS)} <= null
    levels = [line.get_ydata()[0] for line in ax.lines if len(line.get_xdata()) == 2]
    assert levels == [curves[0].floor, curves[0].chance]
    words = key_words(ax)
    assert words[:4] == list(SYNTHESIZERS)
    # chance lies far above: the axis ends before it, and the key says where it is
    assert ax.get_ylim()[1] < 1.0
    assert "chance: 1.00, beyond the axis" in words
    assert ax.get_ylabel() == "Rare levels lost"


def test_panels_share_one_scale_and_a_synthesizer_looks_the_same_in_all() -> None:
    """Regimes can be compared by eye: one scale, and one colour, marker and line for a synthesizer."""
    panels = STUDY.plot(ax=canvas(3))
    assert len({panel.get_ylim() for panel in panels}) == 1
    assert [panel.get_title(loc="left") for panel in panels] == list(REGIMES)
    looks = [
        [(line.get_color(), line.get_marker(), str(line.get_linestyle())) for line in panel.lines[:4]]
        for panel in panels
    ]
    assert looks[0] == looks[1] == looks[2]
    assert len(set(looks[0])) == 4
    (alone,) = canvas()
    STUDY.plot(regime="accumulate", ax=alone)
    assert alone.get_title(loc="left") == ""


def test_decay_is_drawn_from_chance_to_fresh_real_data_and_said_in_words() -> None:
    """Relative scores are lines; with one regime the key says what became of each synthesizer."""
    (ax,) = canvas()
    STUDY.plot("decay", regime="replace", ax=ax)
    released = STUDY.releasable()
    decays = [
        next(d for d in released.arm(s, "replace").decays if d.metric == "interaction_tvd")
        for s in SYNTHESIZERS
    ]
    lines = [line for line in ax.lines if len(line.get_xdata()) == GENERATIONS]
    assert [tuple(line.get_ydata()) for line in lines] == [
        *(d.relative for d in decays),
        decays[0].null_relative,
    ]
    assert names(ax) == ["0 chance", "0.5", "1 fresh real"]
    words = key_words(ax)
    assert words[0] == "gaussian_copula: no decay detectable in 10 generations"
    assert words[1].startswith("tvae(epochs=60): decays, half-life 3.10 [2.20, 5.40]")


def test_survival_shows_what_was_kept_and_hides_classes_of_too_few_levels() -> None:
    """Kept is one less lost, with its interval; two levels are too few to tell a share of them."""
    (ax,) = canvas()
    STUDY.plot("survival", regime="replace", ax=ax)
    assert names(ax, "x") == ["1", "2–4", "5–9", "10–20"]
    released = STUDY.releasable()
    kept, ends, expected = set(), set(), set()
    for synthesizer in SYNTHESIZERS:
        for answer in released.arm(synthesizer, "replace").extinction[:4]:
            lost, low, high = answer.lost[-1], answer.low[-1], answer.high[-1]
            assert lost is not None
            assert low is not None
            assert high is not None
            kept.add(1.0 - lost)
            ends.add((1.0 - high, 1.0 - low))
            expected.add(1.0 - (answer.predicted[-1] or 0.0))
    assert {y for _, _, _, y in marks(ax)} == kept
    assert {(low, high) for _, low, high in uprights(ax)} == ends
    assert {height for _, _, height in across(ax)} == expected


def test_the_front_has_crosses_names_and_steps_of_what_may_be_handed_out() -> None:
    """Both intervals are drawn; a row that is not guarded, and a mark, are never on the front."""
    (ax,) = canvas()
    BOARD.plot(ax=ax)
    front = {point.name: point for point in BOARD.front}
    full = {(x, y) for _, is_full, x, y in marks(ax) if is_full}
    may = {row.name for row in BOARD.rows if row.releasable and row.role is not Role.MARK}
    best = {name for name, point in front.items() if point.on_front} & may
    assert len(best) >= 3
    assert front["resampler"].on_front
    assert front["fresh real rows"].on_front
    assert full == {(front[name].use.value, front[name].risk.value) for name in best}
    assert {(x, y) for *_, x, y in marks(ax)} == {(p.use.value, p.risk.value) for p in front.values()}
    assert across(ax) == {(p.use.low, p.use.high, p.risk.value) for p in front.values()}
    upright = {(p.use.value, p.risk.low, p.risk.high) for p in front.values() if p.risk.low != p.risk.high}
    assert uprights(ax) == upright
    (steps,) = [line for line in ax.lines if line.get_drawstyle() == "steps-pre"]
    assert list(steps.get_xdata()) == sorted(x for x, _ in full)
    assert sorted(texts(ax)) == sorted(label(name, longest=32) for name in front)
    # less risk is higher, as on the page
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.get_xlabel() == "Boosted model trained on it (more is better)"


def test_a_board_is_the_forest_of_one_figure() -> None:
    """Means, intervals and refits of the named figure; a row that failed says why."""
    (ax,) = canvas()
    BOARD.plot("board", figure="detection.auc", ax=ax)
    place = [item.name for item in BOARD.figures].index("detection.auc")
    rows = [(at, row.cells[place]) for at, row in enumerate(BOARD.rows) if row.cells]
    assert {(x, y) for shape, _, x, y in marks(ax) if shape != "|"} == {(c.mean.value, at) for at, c in rows}
    seeds = {v for row in BOARD.rows if row.cells for v in row.cells[place].values}
    assert {x for shape, _, x, _ in marks(ax) if shape == "|"} == seeds
    assert across(ax) == {(row.cells[place].mean.low, row.cells[place].mean.high, at) for at, row in
                          enumerate(BOARD.rows) if row.cells}  # fmt: skip
    assert texts(ax) == [BOARD.row("dp_bayes(epsilon=0.5)").failures[0]]
    assert names(ax) == [row.name for row in BOARD.rows]
    # the margin is on the side that is worse
    (band,) = [c for c in ax.collections if not isinstance(c, LineCollection)]
    edges = band.get_paths()[0].vertices[:, 0]
    assert (edges.min(), edges.max()) == pytest.approx((0.5, 0.5 + BOARD.figures[place].margin))


def test_a_gate_goes_from_then_to_now_in_margins() -> None:
    """Each worsening stands in units of its margin, with its interval and what would have been seen."""
    (ax,) = canvas()
    GATE.plot(ax=ax)
    known = [(row, f) for row, f in enumerate(GATE.figures) if f.worsening.value is not None]
    full = {(round(x, 9), y) for shape, is_full, x, y in marks(ax) if is_full and shape != "|"}
    assert full == {(round((f.worsening.value or 0.0) / f.margin, 9), row) for row, f in known}
    assert {(x, y) for _, is_full, x, y in marks(ax) if not is_full} == {(0.0, row) for row, _ in known}
    expected = {
        (round((f.worsening.low or 0.0) / f.margin, 9), round((f.worsening.high or 0.0) / f.margin, 9), row)
        for row, f in known
    }
    assert {(round(low, 9), round(high, 9), row) for low, high, row in across(ax)} == expected
    seen = {(round(x, 9), y) for shape, _, x, y in marks(ax) if shape == "|"}
    assert seen == {(round((f.detectable or 0.0) / f.margin, 9), row) for row, f in known}
    assert names(ax)[0] == "Dependence between columns\n0.64 → 0.52"
    assert texts(ax) == ["Its definition changed.", "There is no rare category.", "10.3"]
    assert ax.get_xlim()[1] < 10
