"""What a board recommends: the front, the circles of readers, and the words."""

from __future__ import annotations

import pytest

from synthtab.results import BoardCell, BoardRow, ContextCount, Interval, Role
from synthtab.selection.board_choice import front_of, order_rows, recommend, summary_of, use_figure
from synthtab.selection.board_differences import differences
from synthtab.selection.figures import RISK, USES, figures_named

USE = "utility.boosted"
FIGURES = figures_named([USE, RISK])
CIRCLE = ("partners", "Partners", "people bound by contract")


def row(
    name: str,
    use: list[float] | None,
    risk: list[float] | None = None,
    *,
    role: Role = Role.CONTENDER,
    refused: int = 0,
    releasable: bool = True,
) -> BoardRow:
    """Make a row from its values by seed."""
    if use is None:
        return BoardRow(name, role, "", 0, ("FitError: too few rows",))
    risks = risk or [0.0] * len(use)
    cells = tuple(
        BoardCell(Interval(sum(values) / len(values), min(values), max(values)), tuple(values))
        for values in (use, risks)
    )
    fits = len(use)
    why = ("STB802 membership inference: failed.",) if refused else ()
    context = ContextCount("partners", "Partners", fits - refused, 0, refused, why)
    return BoardRow(name, role, "", fits, cells=cells, contexts=(context,), releasable=releasable)


def chosen(*rows: BoardRow) -> tuple[str, tuple[str, ...]]:
    """Give what is recommended to partners, and why."""
    found = differences(FIGURES, {r.name: [cell.values for cell in r.cells] for r in rows if r.cells})
    (item,) = recommend(rows, FIGURES, found, [CIRCLE], USE, RISK)
    return item.synthesizer, item.reasons


def test_the_most_useful_that_may_go_there_is_taken() -> None:
    """One refused refit is enough to leave a synthesizer out, and the reasons say so."""
    best, good = row("best", [0.97, 0.97], refused=1), row("good", [0.9, 0.91])
    name, reasons = chosen(best, good, row("poor", [0.2, 0.3]))
    assert name == "good"
    assert any("best would be more useful, with 0.97" in reason for reason in reasons)
    assert any("1 of 2 refits may not go there: STB802" in reason for reason in reasons)


def test_noise_in_the_risk_turns_nothing() -> None:
    """A slightly smaller risk that is not really smaller does not beat a better use."""
    name, _ = chosen(
        row("best", [0.97, 0.98, 0.96], [0.02, 0.01, 0.03]), row("next", [0.95] * 3, [0.01, 0.02, 0.02])
    )
    assert name == "best"


def test_a_really_safer_one_that_is_as_useful_is_taken() -> None:
    """Within the margin of use, a risk that is really smaller decides; beyond the margin it does not."""
    leaky = row("leaky", [0.97, 0.98, 0.96, 0.97], [0.30, 0.31, 0.30, 0.31])
    safe = row("safe", [0.95, 0.96, 0.94, 0.95], [0.01, 0.02, 0.01, 0.015])
    name, reasons = chosen(leaky, safe)
    assert name == "safe"
    assert any("leaky is hardly more useful" in reason for reason in reasons)
    far = row("safe", [0.75, 0.76, 0.74, 0.75], [0.01, 0.02, 0.01, 0.015])
    assert chosen(leaky, far)[0] == "leaky"


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (row("a", [0.9, 0.9], refused=2), "a: 2 of 2 refits may not go there"),
        (row("gaussian", [0.9, 0.9], releasable=False), "gaussian: it is an instrument"),
    ],
)
def test_where_none_may_go_it_says_why(left: BoardRow, says: str) -> None:
    """Without an allowed contender nothing is taken; a baseline that may go there is named."""
    baseline = row("independent", [0.1, 0.1], role=Role.BASELINE)
    name, reasons = chosen(left, baseline)
    assert name == ""
    assert any(says in reason for reason in reasons)
    assert "The baseline independent may go there." in reasons


def test_where_nothing_was_fitted() -> None:
    """A contender that failed is no candidate; without a baseline the reason is just that."""
    assert chosen(row("a", None)) == ("", ("No synthesizer was fitted.",))


def test_the_front() -> None:
    """A row that another beats in one figure and equals in the other is off the front; marks beat nobody."""
    rows = [
        row("a", [0.9], [0.2]),
        row("b", [0.8], [0.1]),
        row("c", [0.8], [0.15]),
        row("real", [1.0], [0.0], role=Role.MARK),
        row("failed", None),
    ]
    found = {point.name: point for point in front_of(rows, FIGURES, USE, RISK)}
    assert [name for name, point in found.items() if point.on_front] == ["a", "b"]
    assert found["c"].beaten_by == ("b",)
    assert "failed" not in found


def test_contenders_first_and_best_first() -> None:
    """Order: contenders by use, those that failed last; then baselines, then marks."""
    rows = [
        row("mark", [1.0], role=Role.MARK),
        row("base", [0.99], role=Role.BASELINE),
        row("failed", None),
        row("low", [0.5]),
        row("high", [0.9]),
    ]
    assert [r.name for r in order_rows(rows, FIGURES, USE)] == ["high", "low", "failed", "base", "mark"]


def test_use_is_the_first_figure_that_all_have() -> None:
    """Where a target could not be predicted, dependence tells what a table is good for."""
    figures = figures_named(["association.interaction_tvd", USE, RISK])
    cells = (
        BoardCell(Interval(0.7), (0.7,)),
        BoardCell(Interval(), (None,), "no target"),
        BoardCell(Interval(0.0), (0.0,)),
    )
    without = BoardRow("a", Role.CONTENDER, "", 1, cells=cells)
    assert use_figure(figures, [without], USES) == "association.interaction_tvd"
    assert use_figure(FIGURES, [row("a", [0.9])], USES) == USE


def test_the_summary_joins_circles() -> None:
    """One synthesizer for several circles is one sentence; what failed is told."""
    rows = [row("a", [0.9, 0.9])]
    circles = [CIRCLE, ("public", "Public", "anybody")]
    both = recommend(rows, FIGURES, (), circles, USE, RISK)
    assert (
        summary_of(both, ["b"])
        == "Take a for the partners. Nothing on this board may go to the public. b could not be fitted."
    )
    assert "privacy was not measured" in summary_of((), [])
