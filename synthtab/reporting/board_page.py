"""One board as a page: what to take first, then every row beside the others, then what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

from synthtab.reporting.board_differences import difference_grids, difference_rows, is_tested
from synthtab.reporting.board_figures import circle_lines, cost_lines, family_forests
from synthtab.reporting.board_finals import final_views
from synthtab.reporting.board_front import front_view
from synthtab.reporting.board_lines import board_lines, head_figures, missing_rows
from synthtab.reporting.board_model import (
    BoardLine,
    CircleLine,
    CostLine,
    DifferenceRow,
    FamilyForests,
    FinalView,
    FrontView,
    HeadColumn,
    MissingRow,
    TakeCard,
)
from synthtab.reporting.board_rows import Names, take_cards
from synthtab.reporting.study_model import Grid
from synthtab.reporting.text import clean, plural
from synthtab.reporting.viewmodel import FactRow, NavItem
from synthtab.results import BoardResult, BoardSettings, Role

__all__ = ["BoardPage", "board_page"]

_LONGEST = 2_000
_FEW_REFITS = 10


@dataclass(frozen=True)
class BoardPage:
    """The page of one board.

    Parameters
    ----------
    title : str
        Table that synthesizers were compared on.
    meta : tuple of str
        Contenders, refits, rows.
    headline : str
        What to take, in a sentence or two.
    takes : tuple of TakeCard
        What to take, by circle of readers.
    nav : tuple of NavItem
        Contents.
    heads : tuple of HeadColumn
        Columns of the board.
    contenders, others : tuple of BoardLine
        Rows: best first; and what they are compared with.
    missing : tuple of MissingRow
        Why figures are missing.
    has_intervals : bool
        Whether rows were fitted more than once.
    seeds : int
        Refits a row.
    front : FrontView or None
        Use against risk.
    is_tested : bool
        Whether differences could be tested.
    differences, more_differences : tuple of DifferenceRow
        Which differences are real: in the columns of the board, and in the rest.
    grids : tuple of Grid
        Every difference.
    forests : tuple of FamilyForests
        Every figure, by family.
    circles : tuple of str
        Circles of readers.
    circle_lines : tuple of CircleLine
        Where tables may go.
    costs : tuple of CostLine
        Time and memory.
    finals : tuple of FinalView
        Recommended rows on rows that nobody searched on.
    final_rows : int
        How many real rows were kept for that.
    guard : tuple of FactRow
        What the guard did.
    k_guard : int
        Its k; 0 when it was off.
    notes, limits : tuple of str
        What a reader should know, and what the board cannot say.
    provenance, versions : tuple of FactRow
        How it was made; libraries.
    """

    title: str
    meta: tuple[str, ...]
    headline: str
    takes: tuple[TakeCard, ...]
    nav: tuple[NavItem, ...]
    heads: tuple[HeadColumn, ...]
    contenders: tuple[BoardLine, ...]
    others: tuple[BoardLine, ...]
    missing: tuple[MissingRow, ...]
    has_intervals: bool
    seeds: int
    front: FrontView | None
    is_tested: bool
    differences: tuple[DifferenceRow, ...]
    more_differences: tuple[DifferenceRow, ...]
    grids: tuple[Grid, ...]
    forests: tuple[FamilyForests, ...]
    circles: tuple[str, ...]
    circle_lines: tuple[CircleLine, ...]
    costs: tuple[CostLine, ...]
    finals: tuple[FinalView, ...]
    final_rows: int
    guard: tuple[FactRow, ...]
    k_guard: int
    notes: tuple[str, ...]
    limits: tuple[str, ...]
    provenance: tuple[FactRow, ...]
    versions: tuple[FactRow, ...]


def board_page(result: BoardResult) -> BoardPage:
    """Turn a board into the page of it.

    Parameters
    ----------
    result : BoardResult
        Its releasable form.

    Returns
    -------
    BoardPage
        Plain strings and numbers.
    """
    settings = result.settings
    names = Names.of(result.rows)
    heads = head_figures(result)
    places = [place for place, _ in heads]
    lines = board_lines(result, names, places)
    differences = difference_rows(result, names)
    circles, circle_rows = circle_lines(result, names)
    return BoardPage(
        title=clean(settings.table) if settings.table else "A table",
        meta=_meta(result),
        headline=clean(result.summary, _LONGEST) if result.summary else "Nothing was said of this board.",
        takes=take_cards(result),
        nav=_NAV,
        heads=tuple(column for _, column in heads),
        contenders=tuple(line for line in lines if line.name.kind == Role.CONTENDER.value),
        others=tuple(line for line in lines if line.name.kind != Role.CONTENDER.value),
        missing=missing_rows(result, names, places),
        has_intervals=len(settings.seeds) > 1,
        seeds=len(settings.seeds),
        front=front_view(result, names),
        is_tested=is_tested(result),
        differences=tuple(row for place, row in differences if place in places),
        more_differences=tuple(row for place, row in differences if place not in places),
        grids=difference_grids(result, names),
        forests=family_forests(result, names, places),
        circles=circles,
        circle_lines=circle_rows,
        costs=cost_lines(result, names),
        finals=final_views(result),
        final_rows=settings.final_rows,
        guard=tuple(FactRow(clean(item.column), clean(item.action, _LONGEST)) for item in result.guard),
        k_guard=settings.guard,
        notes=tuple(clean(note, _LONGEST) for note in result.notes),
        limits=_limits(result),
        provenance=_provenance(settings),
        versions=tuple(FactRow(clean(name), clean(version)) for name, version in settings.versions),
    )


_NAV = (
    NavItem("verdict", "What to take", None),
    NavItem("board", "The board", None),
    NavItem("front", "Use against risk", None),
    NavItem("differences", "Real differences", None),
    NavItem("figures", "Every figure", None),
    NavItem("circles", "Where tables may go", None),
    NavItem("cost", "Cost", None),
    NavItem("final", "Final answers", None),
    NavItem("guard", "Guard", None),
    NavItem("limits", "Limits", None),
    NavItem("provenance", "Provenance", None),
    NavItem("reading", "How to read this", None),
)


def _meta(result: BoardResult) -> tuple[str, ...]:
    settings = result.settings
    contenders = sum(row.role is Role.CONTENDER for row in result.rows)
    told = (
        plural(contenders, "contender"),
        f"{plural(len(settings.seeds), 'refit')} each",
        f"{settings.train_rows:,} real rows learned from",
        f"{settings.search_rows:,} compared with",
        f"{settings.final_rows:,} kept for the final answer" if settings.final_rows else "none kept",
        plural(settings.columns, "column"),
    )
    return (*told, clean(settings.created)) if settings.created else told


def _limits(result: BoardResult) -> tuple[str, ...]:
    settings = result.settings
    refits = len(settings.seeds)
    limits = []
    if refits == 1:
        limits.append(
            "Each row was fitted once: there are no intervals, and no difference can be told from luck."
        )
    elif refits < _FEW_REFITS:
        limits.append(
            f"The refit is the replicate, and there are {refits}: intervals are wide, and a difference that "
            "is not told apart may still be there."
        )
    limits += [
        (
            "Intervals are over refits with one table and one split. They say what another fit would give; "
            "they do not speak of another table."
        ),
        (
            f"Rows were compared and chosen on the same {settings.search_rows:,} search rows. The best of "
            "many looks a little better there than it is: that is what the final split is for."
            if settings.final_rows
            else f"Rows were compared and chosen on the same {settings.search_rows:,} search rows, and "
            "none were kept for a final answer: the best of many looks a little better here than it is."
        ),
        (
            "Attacks show how much a table gives away at least. That they find nothing is no promise, unless "
            "the synthesizer is differentially private."
        ),
        "Time and memory are of one machine, and never the same twice.",
    ]
    if result.finals:
        limits.append(
            "A final answer is one new fit. Another would differ by as much as the intervals of the board."
        )
    return tuple(limits)


def _provenance(settings: BoardSettings) -> tuple[FactRow, ...]:
    seeds = settings.seeds
    is_run = len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    told = f"{seeds[0]} to {seeds[-1]}" if is_run else ", ".join(map(str, seeds)) or "none"
    return (
        FactRow("Table", clean(settings.table) if settings.table else "not told"),
        FactRow("Real rows, fitted on", f"{settings.train_rows:,}"),
        FactRow("Real rows, compared with in the search", f"{settings.search_rows:,}"),
        FactRow("Real rows, kept for the final answer", f"{settings.final_rows:,}"),
        FactRow("Synthetic rows measured", f"{settings.measured_rows:,} of each refit"),
        FactRow("Columns scored", f"{settings.columns:,}"),
        FactRow("Targets of models", ", ".join(clean(name) for name in settings.targets) or "none"),
        FactRow("Seeds of the refits", told),
        FactRow("k of the guard", f"{settings.guard}" if settings.guard else "off"),
        FactRow("Fewest people behind a printed figure", f"{settings.k}"),
        FactRow("Policy", clean(settings.policy) if settings.policy else "not told"),
        FactRow("Date", clean(settings.created) if settings.created else "not told"),
    )
