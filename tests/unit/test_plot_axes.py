"""Plots: drawn in the caller's axes, with nothing global changed, no more than may be released, legibly."""

from __future__ import annotations

import ast
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from board_fixture import nhanes_board
from gate_fixture import varied_gate
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from plot_reading import (
    across,
    canvas,
    given,
    headless,
    key_words,
    marks,
    names,
    pixels,
    texts,
)
from report_fixture import nhanes_audit
from study_fixture import (
    empty_study,
    hostile_study,
    nhanes_study,
    troubled_study,
)

import synthtab
from synthtab.errors import MissingDependencyError, SpecError
from synthtab.plotting.axes_style import STATUS_STYLES, label, series_style
from synthtab.plotting.point_names import write_names
from synthtab.results import (
    AssociationMatrix,
    Attack,
    AuditResult,
    BoardResult,
    Cell,
    Distribution,
    GateResult,
    Interval,
    Status,
    StudyResult,
)

__all__ = ["headless"]

AUDIT, STUDY, BOARD, GATE = nhanes_audit(), nhanes_study(), nhanes_board(), varied_gate()
ALL: dict[str, tuple[Callable[..., Any], int]] = {
    "families": (lambda **more: AUDIT.plot("families", **more), 1),
    "numbers": (lambda **more: AUDIT.plot("distribution", column="hba1c", **more), 1),
    "levels": (lambda **more: AUDIT.plot("distribution", column="cancer_type", **more), 1),
    "associations": (lambda **more: AUDIT.plot("associations", **more), 3),
    "rare": (lambda **more: AUDIT.plot("rare", **more), 1),
    "attacks": (lambda **more: AUDIT.plot("attacks", **more), 1),
    "curves": (STUDY.plot, 3),
    "one curve": (lambda **more: STUDY.plot(metric="tvd", regime="replace", **more), 1),
    "decay": (lambda **more: STUDY.plot("decay", **more), 3),
    "one decay": (lambda **more: STUDY.plot("decay", regime="accumulate", **more), 1),
    "survival": (lambda **more: STUDY.plot("survival", **more), 3),
    "front": (BOARD.plot, 1),
    "board": (lambda **more: BOARD.plot("board", figure="detection.auc", **more), 1),
    "gate": (GATE.plot, 1),
}
"""Every kind of plot, and the axes it needs."""


# where it is drawn, and what stays as it was


@pytest.mark.parametrize("kind", ALL)
def test_given_axes_are_used_returned_and_no_figure_is_opened(kind: str) -> None:
    """What was passed comes back, drawn in; pyplot knows of no figure."""
    draw, count = ALL[kind]
    axes = canvas(count)
    back = draw(ax=given(axes))
    assert list(np.ravel(np.asarray(back, dtype=object))) == axes
    assert all(ax.has_data() or ax.images for ax in axes)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("kind", ALL)
def test_without_axes_one_figure_of_pyplot_is_made(kind: str) -> None:
    """A notebook shows it by itself: exactly one figure is open; one panel is an axes, several an array."""
    draw, count = ALL[kind]
    back = draw()
    assert len(plt.get_fignums()) == 1
    assert isinstance(back, Axes) if count == 1 else back.shape == (count,)
    pixels(plt.gcf())


@pytest.mark.parametrize("kind", ALL)
def test_nothing_global_changes(kind: str) -> None:
    """Neither settings of matplotlib, nor its colour maps, nor random numbers, nor the current axes."""
    draw, count = ALL[kind]
    _, mine = plt.subplots()
    before = dict(mpl.rcParams), sorted(mpl.colormaps), np.random.get_state()[1].tolist()  # noqa: NPY002 - the global state is what is watched
    draw(ax=given(canvas(count)))
    assert plt.gca() is mine
    after = dict(mpl.rcParams), sorted(mpl.colormaps), np.random.get_state()[1].tolist()  # noqa: NPY002 - the same
    assert after == before


@pytest.mark.parametrize("kind", ALL)
def test_the_same_result_gives_the_same_picture(kind: str) -> None:
    """Two drawings of one result are equal to the last pixel, and no plot warns."""
    draw, count = ALL[kind]
    pictures = []
    for _ in range(2):
        axes = canvas(count)
        draw(ax=given(axes))
        pictures.append(pixels(axes[0].figure))
    assert np.array_equal(*pictures)


def test_settings_of_the_reader_are_followed() -> None:
    """Fonts grow with the reader's own settings: no size of text in a curve is fixed."""
    sizes = []
    for size in (8.0, 16.0):
        with mpl.rc_context({"font.size": size}):
            (ax,) = canvas()
            STUDY.plot(regime="replace", ax=ax)
            sizes.append((ax.get_legend().get_texts()[0].get_fontsize(), ax.xaxis.label.get_fontsize()))
    assert np.array(sizes[1]) == pytest.approx(2 * np.array(sizes[0]))


def test_with_axes_of_the_caller_pyplot_is_never_imported() -> None:
    """A service that draws into its own Figure chooses no backend; importing synthtab loads no matplotlib."""
    code = (
        "import sys; import synthtab as st; st.AuditResult; assert 'matplotlib' not in sys.modules\n"
        "from report_fixture import nhanes_audit\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from matplotlib.figure import Figure\n"
        "nhanes_audit().plot(ax=Figure().subplots())\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr


# what is refused, and how


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: AUDIT.plot("familes"), "no kind 'familes' to plot. Did you mean 'families'"),
        (
            lambda: AUDIT.plot("checks"),
            "Known: 'families', 'distribution', 'associations', 'rare', 'attacks'",
        ),
        (lambda: AUDIT.plot("distribution", column="hba1"), "no column 'hba1' to plot. Did you mean 'hba1c'"),
        (lambda: AUDIT.plot("rare", column="hba1c"), "Kind 'rare' takes no column"),
        (lambda: AUDIT.plot(None), "no kind 'None'"),
        (
            lambda: replace(AUDIT, associations=None).plot("associations"),
            "nothing to draw of kind 'associations'",
        ),
        (lambda: replace(AUDIT, families=()).plot(), "nothing to draw of kind 'families'"),
        (lambda: replace(AUDIT, rare=()).plot("rare"), "nothing to draw of kind 'rare'"),
        (lambda: replace(AUDIT, attacks=()).plot("attacks"), "nothing to draw of kind 'attacks'"),
        (lambda: replace(AUDIT, distributions=()).plot("distribution"), "of kind 'distribution'"),
        (lambda: STUDY.plot("curve"), "no kind 'curve' to plot. Did you mean 'curves'"),
        (lambda: STUDY.plot(metric="tvdd"), "no metric 'tvdd' to plot. Did you mean 'tvd'"),
        (lambda: STUDY.plot("decay", metric="ks"), "no metric 'ks' to plot"),
        (lambda: STUDY.plot(regime="replaces"), "no regime 'replaces' to plot. Did you mean 'replace'"),
        (lambda: STUDY.plot("survival", metric="tvd"), "takes no metric"),
        (lambda: empty_study().plot(), "nothing to draw of kind 'curves'"),
        (lambda: empty_study().plot("decay"), "nothing to draw of kind 'decay'"),
        (lambda: empty_study().plot("survival"), "nothing to draw of kind 'survival'"),
        (lambda: BOARD.plot("pareto"), "no kind 'pareto' to plot. Known: 'front', 'board'"),
        (lambda: BOARD.plot("board", figure="detection"), "Did you mean 'detection.auc'"),
        (lambda: BOARD.plot(figure="detection.auc"), "Kind 'front' takes no figure"),
        (lambda: replace(BOARD, front=()).plot(), "no row with both use and risk"),
        (lambda: replace(GATE, figures=()).plot(), "compared no figure"),
        (lambda: AUDIT.plot("associations", ax=canvas(2)), "has 3 panels, but ax holds 2"),
        (lambda: STUDY.plot(ax=canvas()[0]), "has 3 panels, but ax holds 1"),
        (lambda: AUDIT.plot(ax=canvas(2)), "has 1 panel, but ax holds 2"),
        (lambda: AUDIT.plot(ax=Figure()), "Only matplotlib Axes can be drawn in"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_that_says_what_can(call: Callable[[], object], says: str) -> None:
    """Each wrong name tells the nearest and all that there are, and no figure is left open."""
    with pytest.raises(SpecError) as caught:
        call()
    assert says in str(caught.value)
    assert plt.get_fignums() == []


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw, _ in ALL.values():
        with pytest.raises(MissingDependencyError, match=r'pip install "synthtab\[plot\]"'):
            draw()


def test_a_broken_matplotlib_is_not_called_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When matplotlib is there but a library below it is not, the true error comes through."""
    broken = tmp_path / "matplotlib"
    broken.mkdir()
    (broken / "__init__.py").write_text("import no_such_library_below\n", encoding="utf-8")
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_library_below"):
        AUDIT.plot()


def test_plotting_reads_results_and_the_words_of_the_report_only() -> None:
    """No module of it imports what measures, attacks, audits, selects or recurses."""
    here = Path(synthtab.__file__).parent / "plotting"
    allowed = ("synthtab.errors", "synthtab.results", "synthtab.plotting", "synthtab.reporting")
    found = {
        node.module
        for file in here.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("synthtab")
    }
    assert found
    assert all(name.startswith(allowed) for name in found)


# never more than may be released


@pytest.mark.parametrize("kind", ALL)
def test_only_the_releasable_form_is_drawn(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the releasable form leaves out cannot be drawn, though the result in memory holds it."""
    nothing = {
        AuditResult: {"families": (), "distributions": (), "rare": (), "attacks": (), "associations": None},
        StudyResult: {"arms": ()},
        BoardResult: {"front": (), "figures": ()},
        GateResult: {"figures": ()},
    }
    for result, left in nothing.items():
        monkeypatch.setattr(result, "releasable", lambda self, left=left: replace(self, **left))
    draw, _ = ALL[kind]
    with pytest.raises(SpecError):
        draw()


def test_a_withheld_share_leaves_no_band_around_it() -> None:
    """The band of fresh samples would tell the share that it is drawn around."""
    cells = (Cell("a", 0.8, 0.7, 0.02), Cell("b", None, 0.3, 0.15))
    drawn = Distribution("x", "categorical", "", cells, None, None, None, Status.PASS)
    (ax,) = canvas()
    replace(AUDIT, distributions=(drawn,)).plot("distribution", ax=ax)
    assert all(math.isnan(container[1].get_width()) for container in ax.containers)


# names as they are written


HOSTILE = (
    "cost in $ and $",
    "$\\alpha$",
    "\\$x$",
    "_hidden",
    "a_b^c",
    "100 % {sure} & #1 ~ \\",
    "two\nlines\tand a tab",
    "\u202egnp.exe\u2066",
    "x" * 4_000,
    "",
)


def shown_texts(figure: Figure) -> list[Text]:
    return [item for item in figure.findobj(Text) if item.get_text() and item.get_visible()]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_taken_for_mathematics_or_breaks_a_picture(name: str) -> None:
    """Whatever a column, level or synthesizer is called, it is drawn as text of bounded length."""
    first = AUDIT.distributions[0]
    cells = (Cell(name, 0.6, 0.5, 0.02), Cell("other", 0.4, 0.5, 0.02))
    matrix = AssociationMatrix((name, "b"), ((), (0.5,)), ((), (0.1,)), name)
    audit = replace(
        AUDIT,
        families=(replace(AUDIT.families[0], label=name),),
        distributions=(replace(first, column=name, units=name, cells=cells),
                       replace(first, column="levels", kind="categorical", cells=cells)),
        rare=(replace(AUDIT.rare[0], label=name),),
        attacks=(replace(AUDIT.attacks[0], name=name), Attack(name, name, name, name, Status.PASS)),
        associations=matrix,
    )  # fmt: skip
    arm = replace(STUDY.arms[0], synthesizer=name, regime=name)
    study = replace(STUDY, arms=(arm,))
    row = replace(BOARD.rows[0], name=name)
    board = replace(BOARD, rows=(row,), front=(replace(BOARD.front[0], name=name),))
    gate = replace(GATE, figures=(replace(GATE.figures[-1], label=name, reason=name),))
    figure = Figure(figsize=(24, 18), dpi=30)
    axes = list(figure.subplots(4, 4).ravel())
    audit.plot(ax=axes[0])
    audit.plot("distribution", ax=axes[1])
    audit.plot("distribution", column="levels", ax=axes[2])
    audit.plot("rare", ax=axes[3])
    audit.plot("attacks", ax=axes[4])
    audit.plot("associations", ax=axes[5:8])
    study.plot(ax=axes[8])
    study.plot("decay", ax=axes[9])
    study.plot("survival", ax=axes[10])
    board.plot(ax=axes[11])
    board.plot("board", ax=axes[12])
    gate.plot(ax=axes[13])
    pixels(figure)
    for item in shown_texts(figure):
        _, is_math = item._preprocess_math(item.get_text())
        assert is_math is False, item.get_text()
        assert len(item.get_text()) < 160
    assert label(name, longest=48) in key_words(axes[8])


def test_a_name_is_drawn_as_it_is_written() -> None:
    """The dollar signs of a name are seen, once each, and its underscores too."""
    for name, seen in {"cost in $": "cost in $", "$x$": "$x$", "a_b": "a_b", "_a": " _a"}.items():
        assert Text(0, 0, label(name))._preprocess_math(label(name)) == (seen, False)


def test_with_latex_each_special_character_is_escaped() -> None:
    """A reader who sets text.usetex gets names that LaTeX can read."""
    with mpl.rc_context({"text.usetex": True}):
        assert label("a_b $5 & 10% #1 {x} ~ ^ \\") == (
            r"a\_b \$5 \& 10\% \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}"
        )


def test_a_hostile_study_and_a_troubled_one_are_drawn() -> None:
    """Names that attack, failed arms, arms without a null and figures of None: nothing breaks."""
    for study in (hostile_study(), troubled_study()):
        for kind in ("curves", "decay", "survival"):
            regimes = list(dict.fromkeys(arm.regime for arm in study.arms))
            axes = canvas(len(regimes))
            study.plot(kind, ax=given(axes))
            pixels(axes[0].figure)


def test_synthesizers_whose_names_were_cut_alike_each_have_an_entry() -> None:
    """Two long names that begin alike are two lines and two entries of the key."""
    arms = tuple(replace(arm, synthesizer="x" * 90 + end) for arm, end in zip(STUDY.arms, "ab", strict=False))
    (ax,) = canvas()
    replace(STUDY, arms=arms).plot(ax=ax)
    assert sum(words.startswith("xxx") for words in key_words(ax)) == 2


def test_a_panel_without_figures_says_so() -> None:
    """A regime of which nothing was finished is a panel that says it."""
    failed = replace(STUDY.arms[0], regime="curate", curves=(), decays=(), extinction=())
    study: StudyResult = replace(STUDY, arms=(STUDY.arms[0], failed))
    for kind in ("curves", "decay", "survival"):
        panels = study.plot(kind, ax=canvas(2))
        assert texts(panels[1]) == ["nothing was measured"]
        assert texts(panels[0]) == []


def test_a_single_refit_has_no_interval() -> None:
    """An interval without ends is not drawn, and the figure still is."""
    row = BOARD.rows[0]
    cell = replace(row.cells[0], mean=Interval(0.9), values=(0.9,))
    board = replace(BOARD, rows=(replace(row, cells=(cell,)),))
    (ax,) = canvas()
    board.plot("board", figure=board.figures[0].name, ax=ax)
    assert across(ax) == set()
    assert ("o", True, 0.9, 0.0) in marks(ax)


# told apart, and legible


def test_nothing_is_told_by_colour_alone() -> None:
    """Answers differ by marker, series by colour and by marker and line; thirty series are thirty looks."""
    assert len({style.marker for style in STATUS_STYLES.values()}) == len(STATUS_STYLES)
    styles = [series_style(place) for place in range(6)]
    for part in ("color", "marker", "line"):
        assert len({str(getattr(style, part)) for style in styles}) == 6
    assert len({(s.color, s.marker) for s in map(series_style, range(30))}) == 30


def test_rows_that_are_low_have_their_names_on_one_line_and_smaller() -> None:
    """Twenty rows in a small panel: names do not run into each other."""
    rare = tuple(
        replace(AUDIT.rare[3], label=f"cancer_type: Lymphoma, Hodgkin's disease {n}") for n in range(20)
    )
    ax = Figure(figsize=(4, 3)).subplots()
    replace(AUDIT, rare=rare).plot("rare", ax=ax)
    pixels(ax.figure)
    boxes = [item.get_window_extent() for item in ax.get_yticklabels()]
    assert all("\n" not in name for name in names(ax))
    assert all(above.y0 >= below.y1 - 2 for above, below in pairwise(boxes))


def test_names_beside_points_do_not_cover_each_other() -> None:
    """Four points in a heap get names in different places: no two of the drawn boxes overlap by much."""
    (ax,) = canvas()
    points = [(0.5, 0.5), (0.51, 0.5), (0.5, 0.51), (0.505, 0.505)]
    ax.set(xlim=(0, 1), ylim=(0, 1))
    write_names(ax, points, ["gaussian_copula", "tvae(epochs=60)", "ctgan", "mst(epsilon=1.0)"])
    pixels(ax.figure)
    boxes = [Text.get_window_extent(item) for item in ax.texts]
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert min(width, height) <= 3


@pytest.mark.parametrize("kind", ["families", "rare", "attacks", "board", "gate"])
def test_the_key_of_a_forest_stands_below_its_rows_and_inside_its_axes(kind: str) -> None:
    """In a figure of our own the key covers no row and is not cut off."""
    draw, _ = ALL[kind]
    ax = draw()
    pixels(ax.figure)
    box = ax.get_legend().get_window_extent()
    assert box.x1 <= ax.bbox.x1 + 2
    last = ax.transData.transform((0.0, len(ax.get_yticks()) - 0.6))[1]
    assert box.y1 <= last
