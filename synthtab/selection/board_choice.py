"""Choice: the front between use and risk, and what to take for each circle of readers."""

from __future__ import annotations

from collections.abc import Sequence

from synthtab.results import (
    BoardRow,
    ContextCount,
    Difference,
    FamilyFigure,
    FinalAnswer,
    FrontPoint,
    Interval,
    Recommendation,
    Role,
    Verdict,
)

__all__ = ["front_of", "order_rows", "recommend", "summary_of", "use_figure"]


def use_figure(figures: Sequence[FamilyFigure], rows: Sequence[BoardRow], uses: Sequence[str]) -> str:
    """Say which figure tells what a table is good for.

    Parameters
    ----------
    figures : sequence of FamilyFigure
        Columns of the board.
    rows : sequence of BoardRow
        Its rows.
    uses : sequence of str
        Figures that may, best first.

    Returns
    -------
    str
        The first that every row which was fitted has; the last where none is.
    """
    names = [item.name for item in figures]
    fitted = [row for row in rows if row.cells and row.role is not Role.MARK]
    for name in uses:
        if name in names and all(row.cells[names.index(name)].mean.value is not None for row in fitted):
            return name
    return uses[-1]


def order_rows(rows: Sequence[BoardRow], figures: Sequence[FamilyFigure], use: str) -> tuple[BoardRow, ...]:
    """Put contenders first, the most useful before others; baselines and marks follow.

    Parameters
    ----------
    rows : sequence of BoardRow
        Rows of the board.
    figures : sequence of FamilyFigure
        Its columns.
    use : str
        Name of the figure that tells what a table is good for.

    Returns
    -------
    tuple of BoardRow
        In order; what failed is last of its kind.
    """
    roles = list(Role)

    def place(row: BoardRow) -> tuple[int, float, str]:
        value = _cell(row, figures, use).value
        return roles.index(row.role), float("inf") if value is None else -value, row.name

    return tuple(sorted(rows, key=place))


def front_of(
    rows: Sequence[BoardRow], figures: Sequence[FamilyFigure], use: str, risk: str
) -> tuple[FrontPoint, ...]:
    """Find the rows that no other row beats in both use and risk.

    Parameters
    ----------
    rows : sequence of BoardRow
        Contenders, baselines and marks; marks stand on the drawing and beat nobody.
    figures : sequence of FamilyFigure
        Columns of the board.
    use, risk : str
        The two figures: of the first more is better, of the second less.

    Returns
    -------
    tuple of FrontPoint
        In the order of the rows; those without both figures are left out.
    """
    known = [
        (row, _cell(row, figures, use), _cell(row, figures, risk))
        for row in rows
        if row.cells
        and _cell(row, figures, use).value is not None
        and _cell(row, figures, risk).value is not None
    ]
    points = []
    for row, own_use, own_risk in known:
        beaten = tuple(
            other.name
            for other, other_use, other_risk in known
            if other.role is not Role.MARK
            and other is not row
            and _beats(other_use, other_risk, own_use, own_risk)
        )
        is_mark = row.role is Role.MARK
        points.append(FrontPoint(row.name, own_use, own_risk, not beaten and not is_mark, beaten))
    return tuple(points)


def recommend(
    rows: Sequence[BoardRow],
    figures: Sequence[FamilyFigure],
    found: Sequence[Difference],
    contexts: Sequence[tuple[str, str, str]],
    use: str,
    risk: str,
) -> tuple[Recommendation, ...]:
    """Say what to take for each circle of readers.

    Among contenders of which no refit was refused for the circle, the most useful; or one that is as useful,
    within the figure's margin, and really gives away less.

    Parameters
    ----------
    rows : sequence of BoardRow
        Rows of the board, best first.
    figures : sequence of FamilyFigure
        Its columns.
    found : sequence of Difference
        Which rows are told apart.
    contexts : sequence of tuple of str
        Name, label and readers of each circle.
    use, risk : str
        The two figures of the front.

    Returns
    -------
    tuple of Recommendation
        One a circle; without a synthesizer where none may go there.
    """
    return tuple(_recommend(rows, figures, found, context, use, risk) for context in contexts)


def summary_of(
    recommendations: Sequence[Recommendation], failed: Sequence[str], finals: Sequence[FinalAnswer] = ()
) -> str:
    """Say in a sentence or two what to take.

    Parameters
    ----------
    recommendations : sequence of Recommendation
        One a circle of readers.
    failed : sequence of str
        Rows of which nothing succeeded.
    finals : sequence of FinalAnswer, optional
        What audits of the recommended ones said: the best of a board need not be good.

    Returns
    -------
    str
        Plain words.
    """
    chosen: dict[str, list[str]] = {}
    for item in recommendations:
        chosen.setdefault(item.synthesizer, []).append(_within(item.label))
    told = [f"Take {name} for {_and(labels)}." for name, labels in chosen.items() if name]
    if "" in chosen:
        told.append(f"Nothing on this board may go to {_and(chosen[''])}.")
    told += [
        f"On rows that nobody searched on, {final.synthesizer} {_VERBS[final.verdict]}: {final.summary}"
        for final in finals
    ]
    if failed:
        told.append(f"{_and(list(failed))} could not be fitted.")
    return " ".join(told) or "No circle of readers was asked about: privacy was not measured."


# ---------------------------------------------------------------------- inside

_VERBS = {Verdict.PASS: "passes", Verdict.WARN: "passes with warnings", Verdict.FAIL: "fails"}


def _recommend(
    rows: Sequence[BoardRow],
    figures: Sequence[FamilyFigure],
    found: Sequence[Difference],
    context: tuple[str, str, str],
    use: str,
    risk: str,
) -> Recommendation:
    name, label, readers = context
    contenders = [row for row in rows if row.role is Role.CONTENDER and row.fits]
    allowed = [row for row in contenders if _may(row, name)]
    if not allowed:
        return Recommendation(name, label, readers, "", _why_none(rows, contenders, name))
    ranked = sorted(allowed, key=lambda row: (-(_cell(row, figures, use).value or 0.0), row.name))
    best = ranked[0]
    margin = next((item.margin for item in figures if item.name == use), 0.0)
    safer = [
        row
        for row in ranked[1:]
        if (_cell(best, figures, use).value or 0.0) - (_cell(row, figures, use).value or 0.0) <= margin
        and any(
            d.figure == risk and d.is_real and (d.better, d.worse) == (row.name, best.name) for d in found
        )
    ]
    taken = min(safer, key=lambda row: _risk(row, figures, risk), default=best)
    reasons = [_worth(taken, figures, use, risk), _counted(taken, name)]
    if taken is not best:
        reasons.append(
            f"{best.name} is hardly more useful, with {_shown(_cell(best, figures, use).value)}, and "
            f"gives away more: {_shown(_cell(best, figures, risk).value)}."
        )
    reasons += [
        f"{row.name} would be more useful, with {_shown(_cell(row, figures, use).value)}, but "
        f"{_refused(row, name)}"
        for row in contenders
        if not _may(row, name)
        and (_cell(row, figures, use).value or 0.0) > (_cell(taken, figures, use).value or 0.0)
    ]
    return Recommendation(name, label, readers, taken.name, tuple(reasons))


def _why_none(rows: Sequence[BoardRow], contenders: Sequence[BoardRow], name: str) -> tuple[str, ...]:
    reasons = [f"{row.name}: {_refused(row, name)}" for row in contenders]
    reasons += [
        f"The baseline {row.name} may go there."
        for row in rows
        if row.role is Role.BASELINE and row.fits and _may(row, name)
    ]
    return tuple(reasons) or ("No synthesizer was fitted.",)


def _may(row: BoardRow, name: str) -> bool:
    own = _context(row, name)
    return row.releasable and own is not None and own.no == 0


def _context(row: BoardRow, name: str) -> ContextCount | None:
    return next((item for item in row.contexts if item.name == name), None)


def _counted(row: BoardRow, name: str) -> str:
    own = _context(row, name)
    assert own is not None
    total = own.yes + own.with_notes
    if own.with_notes:
        notes = f": {own.reasons[0]}" if own.reasons else "."
        return f"No refit of {total} was refused; {own.with_notes} may go with notes{notes}"
    return f"Every one of {total} refits may go there." if total > 1 else "Its refit may go there."


def _refused(row: BoardRow, name: str) -> str:
    own = _context(row, name)
    if not row.releasable:
        return "it is an instrument that guards nobody."
    if own is None:
        return "privacy was not measured."
    total = own.yes + own.with_notes + own.no
    why = f": {own.reasons[0]}" if own.reasons else "."
    return f"{own.no} of {total} refits may not go there{why}"


def _worth(row: BoardRow, figures: Sequence[FamilyFigure], use: str, risk: str) -> str:
    labels = {item.name: item.label for item in figures}
    told = f"{labels.get(use, use)}: {_with_ends(_cell(row, figures, use))}, where real rows have 1"
    exposed = _cell(row, figures, risk)
    if exposed.value is not None:
        told += f"; largest advantage of an attacker {_with_ends(exposed)}, where 0 is none"
    return told + "."


def _risk(row: BoardRow, figures: Sequence[FamilyFigure], risk: str) -> float:
    value = _cell(row, figures, risk).value
    return float("inf") if value is None else value


def _cell(row: BoardRow, figures: Sequence[FamilyFigure], name: str) -> Interval:
    for item, cell in zip(figures, row.cells, strict=False):
        if item.name == name:
            return cell.mean
    return Interval()


def _beats(use: Interval, risk: Interval, own_use: Interval, own_risk: Interval) -> bool:
    assert use.value is not None
    assert own_use.value is not None
    assert risk.value is not None
    assert own_risk.value is not None
    better = (use.value > own_use.value) or (risk.value < own_risk.value)
    return better and use.value >= own_use.value and risk.value <= own_risk.value


def _with_ends(interval: Interval) -> str:
    if interval.value is None:
        return "not known"
    if interval.low is None or interval.high is None:
        return _shown(interval.value)
    return f"{_shown(interval.value)} [{_shown(interval.low)}, {_shown(interval.high)}]"


def _shown(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}".replace("-", "−")


def _within(label: str) -> str:
    return f"the {label[0].lower()}{label[1:]}" if label else label


def _and(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
