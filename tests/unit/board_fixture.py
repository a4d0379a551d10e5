"""Boards made by hand, with numbers such as NHANES gives: what the tests of the page draw."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import mean, stdev

from report_fixture import nhanes_audit

from synthtab.results import (
    BoardCell,
    BoardCosts,
    BoardResult,
    BoardRow,
    BoardSettings,
    Check,
    ContextAnswer,
    ContextCount,
    Difference,
    FamilyFigure,
    FinalAnswer,
    FrontPoint,
    GuardAction,
    Interval,
    Recommendation,
    Role,
    Section,
    Status,
    Verdict,
)
from synthtab.selection.figures import FIGURES, RISK, USES

SEEDS = (0, 1, 2, 3, 4)
USE = USES[0]
_T = {1: None, 2: 12.71, 3: 4.30, 4: 3.18, 5: 2.776}

# what each row scores, in the order of the figures
_QUALITY = {
    "tvae(epochs=300)": (
        *(0.0, 0.42, 0.95, 0.93, 0.97, 0.81, 0.84, 0.86, 0.72, 0.58, 0.66, 0.83, 0.88, 0.91),
        *(0.66, 0.0004, 0.521, 0.014, 0.031),
    ),
    "tvae(epochs=60)": (
        *(0.0, 0.55, 0.91, 0.90, 0.93, 0.70, 0.75, 0.78, 0.55, 0.41, 0.52, 0.71, 0.79, 0.85),
        *(0.74, 0.0, 0.509, 0.012, 0.012),
    ),
    "gaussian_copula": (
        *(0.0, 0.92, 0.97, 0.96, 0.99, 0.64, 0.69, 0.83, 0.21, 0.83, 0.88, 0.93, 0.62, 0.80),
        *(0.82, 0.0, 0.502, 0.010, 0.004),
    ),
    "ctgan(epochs=300)": (
        *(0.0, 0.71, 0.86, 0.83, 0.95, 0.58, 0.62, 0.63, 0.38, 0.62, 0.59, 0.76, 0.64, 0.70),
        *(0.85, 0.0001, 0.505, 0.011, 0.009),
    ),
    "ctgan(epochs=60)": (
        *(0.0, 0.83, 0.78, 0.74, 0.91, 0.33, 0.38, 0.40, 0.17, 0.51, 0.47, 0.66, 0.35, 0.42),
        *(0.93, 0.0, 0.501, 0.010, 0.003),
    ),
    "copula_gan(epochs=60)": (
        *(0.0, 0.84, 0.80, 0.77, 0.90, 0.35, 0.36, 0.44, 0.15, 0.49, 0.44, 0.70, 0.33, 0.45),
        *(0.92, 0.0, 0.500, 0.010, 0.005),
    ),
    "gaussian_copula(default_distribution=norm)": (
        *(0.0, 0.95, 0.71, 0.66, 0.98, 0.49, 0.55, 0.70, 0.20, 0.81, 0.85, 0.38, 0.51, 0.69),
        *(0.96, 0.0, 0.499, 0.010, 0.002),
    ),
    "independent": (
        *(0.0, 0.97, 0.98, 0.98, 0.99, 0.00, 0.01, 0.00, 0.02, 0.84, 0.91, 0.96, -0.03, -0.01),
        *(0.995, 0.0, 0.499, 0.010, 0.001),
    ),
    "resampler": (
        *(0.0, 0.0, 0.99, 0.99, 1.0, 0.97, 0.98, 0.99, 0.98, 0.90, 0.97, 0.98, 0.99, 1.01),
        *(0.51, 0.98, 0.997, 0.97, 0.985),
    ),
    "fresh real rows": (
        *(0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.98, 1.0, 1.0, 1.0),
        *(0.5, 0.0, 0.5, 0.01, 0.0),
    ),
}
_SPREAD = (
    *(0.0, 0.01, 0.008, 0.01, 0.006, 0.02, 0.02, 0.02, 0.05, 0.05, 0.06, 0.04, 0.03, 0.025),
    *(0.012, 0.0002, 0.006, 0.002, 0.005),
)
_COSTS = {
    "tvae(epochs=300)": BoardCosts(214.3, 221.8, 0.61, 0.64, 488.0),
    "tvae(epochs=60)": BoardCosts(44.1, 46.0, 0.6, 0.62, 481.0),
    "gaussian_copula": BoardCosts(6.2, 6.4, 1.1, 1.13, 61.0),
    "ctgan(epochs=300)": BoardCosts(402.7, 419.0, 0.8, 0.83, 552.0),
    "ctgan(epochs=60)": BoardCosts(83.9, 86.1, 0.79, 0.84, 549.0),
    "copula_gan(epochs=60)": BoardCosts(91.6, 95.5, 1.4, 1.46, 561.0),
    "gaussian_copula(default_distribution=norm)": BoardCosts(2.3, 2.4, 1.1, 1.1, 58.0),
    "independent": BoardCosts(0.12, 0.12, 0.04, 0.04, 3.0),
    "resampler": BoardCosts(0.01, 0.01, 0.01, 0.01, None),
}
_EXPLAINED = {
    "independent": (Role.BASELINE, "Draws every column by itself: good columns, no dependence at all."),
    "resampler": (Role.BASELINE, "Draws real rows again: as useful as it gets, and gives everybody away."),
    "fresh real rows": (
        Role.MARK,
        "Other real rows of the same size: what a perfect synthesizer would give.",
    ),
}
_CIRCLES = (
    ("same_team", "Same team", "Colleagues who may see the real table anyway."),
    ("partners", "Partners", "People under contract, who may hold other tables of the same people."),
    ("public", "Public", "Anybody, with any knowledge, for ever."),
)


def _interval(values: list[float]) -> Interval:
    half = _T[len(values)]
    if half is None:
        return Interval(values[0], None, None)
    reach = half * stdev(values) / len(values) ** 0.5
    return Interval(mean(values), mean(values) - reach, mean(values) + reach)


def _drawn(name: str, place: int, seeds: int) -> list[float]:
    draws = random.Random(f"{name}/{place}")  # noqa: S311 - figures of a drawing, no secret
    spread = 0.0 if name == "fresh real rows" else _SPREAD[place]
    return [_QUALITY[name][place] + draws.gauss(0, spread) for _ in range(seeds)]


def _cell(name: str, place: int, seeds: int) -> BoardCell:
    values = _drawn(name, place, seeds)
    return BoardCell(_interval(values), tuple(values))


def _contexts(name: str, seeds: int) -> tuple[ContextCount, ...]:
    if name == "fresh real rows":
        return ()
    if name == "resampler":
        counts, why = ((0, 0, seeds),) * 3, ("STB801 exact copies of training rows: failed.",)
    elif name.startswith("tvae(epochs=300"):
        counts = ((seeds, 0, 0), (0, seeds - 1, 1), (0, 0, seeds))
        why = (
            "STB802 membership inference: failed in some refits.",
            "STB809 people who stand alone: warned.",
        )
    else:
        counts, why = ((seeds, 0, 0), (seeds - 1, 1, 0), (0, seeds, 0)), ("STB807 singling out: warned.",)
    return tuple(
        ContextCount(circle, label, *own, reasons=() if own[0] == seeds else why)
        for (circle, label, _), own in zip(_CIRCLES, counts, strict=True)
    )


def _row(name: str, seeds: int) -> BoardRow:
    role, explanation = _EXPLAINED.get(name, (Role.CONTENDER, ""))
    return BoardRow(
        name=name,
        role=role,
        explanation=explanation,
        fits=seeds,
        cells=tuple(_cell(name, place, seeds) for place in range(len(FIGURES))),
        costs=_COSTS.get(name),
        contexts=_contexts(name, seeds),
        releasable=name != "resampler",
    )


def _differences(rows: tuple[BoardRow, ...]) -> tuple[Difference, ...]:
    compared = [row for row in rows if row.role is not Role.MARK and row.cells]
    found = []
    for place, item in enumerate(FIGURES):
        sign = 1.0 if item.higher_is_better else -1.0
        for index, first in enumerate(compared):
            for second in compared[index + 1 :]:
                pairs = zip(first.cells[place].values, second.cells[place].values, strict=True)
                gaps = [sign * (a - b) for a, b in pairs if a is not None and b is not None]
                if not gaps:
                    continue
                better, worse = (first, second) if mean(gaps) >= 0 else (second, first)
                gaps = gaps if mean(gaps) >= 0 else [-gap for gap in gaps]
                by = _interval(gaps)
                real = by.low is not None and by.low > 0.25 * item.margin
                p = None if by.low is None else 0.0004 if real else 0.31
                matters = (by.value or 0.0) > item.margin
                found.append(Difference(item.name, better.name, worse.name, by, p, real, matters))
    return tuple(found)


def _front(rows: tuple[BoardRow, ...]) -> tuple[FrontPoint, ...]:
    use, risk = ([item.name for item in FIGURES].index(name) for name in (USE, RISK))
    own = {row.name: (row.cells[use].mean, row.cells[risk].mean) for row in rows if row.cells}
    kept = {
        name: pair for name, pair in own.items() if pair[0].value is not None and pair[1].value is not None
    }

    def beats(first: str, second: str) -> bool:
        (use_a, risk_a), (use_b, risk_b) = kept[first], kept[second]
        ahead = (use_a.value or 0) - (use_b.value or 0), (risk_b.value or 0) - (risk_a.value or 0)
        return min(ahead) >= 0 and max(ahead) > 0

    rivals = [row.name for row in rows if row.name in kept and row.role is not Role.MARK and row.releasable]
    beaten = {name: tuple(other for other in rivals if beats(other, name)) for name in kept}
    return tuple(FrontPoint(name, *kept[name], not beaten[name], beaten[name]) for name in kept)


def _final(name: str, contexts: tuple[str, ...], seed: int) -> FinalAnswer:
    audit = nhanes_audit()
    return FinalAnswer(
        synthesizer=name,
        contexts=contexts,
        seed=seed,
        verdict=Verdict.WARN,
        summary="As faithful as fresh real data in columns and tails. Look at associations and rare "
        "categories before using it. No leak was found, at the power stated in the audit.",
        families=tuple(
            replace(family, status=Status.WARN) if family.status is Status.FAIL else family
            for family in audit.families
        ),
        checks=tuple(
            replace(check, status=Status.WARN) if check.status is Status.FAIL else check
            for check in audit.checks
        ),
        answers=(
            ContextAnswer(*_CIRCLES[0], Verdict.PASS, (), ("STB801",)),
            ContextAnswer(*_CIRCLES[1], Verdict.WARN, ("STB807 singling out: warned.",), ("STB801",)),
            ContextAnswer(*_CIRCLES[2], Verdict.FAIL, ("STB805 attribute inference: failed.",), ("STB805",)),
        ),
    )


def _settings(seeds: int = 5) -> BoardSettings:
    return BoardSettings(
        table="nhanes_adults",
        seeds=SEEDS[:seeds],
        train_rows=2_632,
        search_rows=1_316,
        final_rows=1_317,
        measured_rows=20_000,
        columns=26,
        targets=("diabetes",),
        guard=10,
        k=10,
        policy="standard",
        created="2026-11-25",
        versions=(("numpy", "2.4.6"), ("pandas", "2.3.3"), ("sdv", "2.0.0"), ("synthtab", "0.1.0")),
        use_figure=USE,
        risk_figure=RISK,
    )


def nhanes_board(seeds: int = 5) -> BoardResult:
    """Make a board of eight contenders, one of which fails, two baselines and fresh real rows."""
    names = list(_QUALITY)
    fitted = tuple(_row(name, seeds) for name in names)
    failed = BoardRow(
        "dp_bayes(epsilon=0.5)",
        Role.CONTENDER,
        "",
        0,
        ("SynthesizerError: The privacy budget is too small for 26 columns.",),
    )
    rows = (*fitted[:7], failed, *fitted[7:])
    return BoardResult(
        settings=_settings(seeds),
        summary="Take tvae(epochs=300) for your own team: it keeps most of what models can learn. For "
        "partners take gaussian_copula, which gives less away. None of them may go to the public.",
        figures=FIGURES,
        rows=rows,
        differences=_differences(rows),
        front=_front(rows),
        recommendations=(
            Recommendation(
                *_CIRCLES[0],
                "tvae(epochs=300)",
                (
                    "All 5 refits may go there.",
                    "Nobody is of more use: it is ahead of the next by 0.09 [0.05, 0.13].",
                ),
            ),
            Recommendation(
                *_CIRCLES[1],
                "gaussian_copula",
                (
                    "4 of 5 refits may go there, 1 with notes.",
                    "Only tvae(epochs=60) is of more use, and it keeps half as many rare categories.",
                ),
            ),
            Recommendation(*_CIRCLES[2], "", ("No contender had a refit that may go there without notes.",)),
        ),
        finals=(
            _final("tvae(epochs=300)", ("Same team",), 1_000),
            _final("gaussian_copula", ("Partners",), 1_000),
        ),
        guard=(
            GuardAction("cancer_type", "17 levels of fewer than 10 rows each were pooled into one"),
            GuardAction("age", "values beyond the 10th largest were cut to it"),
        ),
        notes=("Models predict diabetes; with another target the order of use may differ.",),
    )


def single_seed_board() -> BoardResult:
    """Make a board of one refit each: no interval, no tested difference."""
    board = nhanes_board(1)
    return replace(board, differences=tuple(replace(d, is_real=False) for d in board.differences))


def failed_board() -> BoardResult:
    """Make a board on which nothing succeeded."""
    why = ("SynthesizerError: The loss was not a number.", "Timeout")
    rows = (
        BoardRow("ctgan", Role.CONTENDER, "", 0, why),
        BoardRow("tvae", Role.CONTENDER, "", 0),
        BoardRow("independent", Role.BASELINE, "Draws every column by itself.", 0, why[1:]),
    )
    return replace(
        nhanes_board(),
        settings=replace(_settings(), table="", versions=(), targets=(), guard=0, policy="", created=""),
        summary="Nothing could be fitted, so there is nothing to take.",
        rows=rows,
        differences=(),
        front=(),
        recommendations=tuple(
            Recommendation(*circle, "", ("Nothing could be fitted.",)) for circle in _CIRCLES
        ),
        finals=(),
        guard=(),
        notes=(),
    )


def lonely_board() -> BoardResult:
    """Make a board of one contender and nothing else: no baseline, no final rows, no context, no cost."""
    board = nhanes_board()
    row = replace(board.row("gaussian_copula"), costs=None, contexts=())
    return replace(
        board,
        settings=replace(board.settings, final_rows=0),
        rows=(row,),
        differences=(),
        front=tuple(point for point in board.front if point.name == row.name),
        recommendations=(),
        finals=(),
    )


def partial_board() -> BoardResult:
    """Make a board with holes: families that do not apply, refits that failed, a row without one figure."""
    board = nhanes_board()
    no_rare = "There is no category of few rows in this table."
    no_target = "No target was given."

    def holed(row: BoardRow) -> BoardRow:
        def cell(item: FamilyFigure, own: BoardCell) -> BoardCell:
            nothing = BoardCell(Interval(), (None,) * len(SEEDS), "")
            if item.section is Section.RARE:
                return replace(nothing, reason=no_rare)
            if item.section is Section.UTILITY:
                return replace(nothing, reason=no_target)
            if item.section is Section.TAILS and row.name.startswith("ctgan"):
                return replace(nothing, reason="Its tails were too short to be counted.")
            return own

        failures = ("SynthesizerError: The loss was not a number.",) if row.name.startswith("tvae") else ()
        cells = tuple(cell(item, own) for item, own in zip(board.figures, row.cells, strict=False))
        return replace(row, cells=cells, failures=failures or row.failures, fits=3 if failures else row.fits)

    gone = {item.name for item in board.figures if item.section in {Section.RARE, Section.UTILITY}}
    return replace(
        board,
        settings=replace(board.settings, use_figure=USES[2], targets=()),
        rows=tuple(holed(row) for row in board.rows),
        differences=tuple(d for d in board.differences if d.figure not in gone),
        front=tuple(replace(point, use=board.row(point.name).cells[5].mean) for point in board.front),
    )


def hostile_board(texts: tuple[str, ...]) -> BoardResult:
    """Make a board whose every text is one of these, each used at least once."""
    board = nhanes_board()
    place = iter(range(10**6))

    def evil() -> str:
        return texts[next(place) % len(texts)]

    template = board.row("gaussian_copula")
    rows = tuple(
        replace(
            template if number % 5 else board.row("resampler"),
            name=f"{text}" if texts.index(text) == number else f"{text} {number}",
            explanation=evil(),
            failures=(evil(), evil()),
            contexts=tuple(
                replace(item, name=f"c{n}", label=text, reasons=(evil(),))
                for n, item in enumerate(template.contexts)
            ),
            cells=tuple(
                cell if n % 3 or number % 4 else BoardCell(Interval(), (), evil())
                for n, cell in enumerate(template.cells)
            ),
        )
        for number, text in enumerate(texts[:12])
    )
    dead = tuple(
        BoardRow(f"{text} {n}", Role.CONTENDER, evil(), 0, (evil(),)) for n, text in enumerate(texts)
    )
    figures = tuple(replace(item, label=evil(), reason=evil(), explanation=evil()) for item in board.figures)
    named = [row.name for row in rows]
    checks = (Check("STB1", Section.RARE, evil(), Status.FAIL, 0.5, reason=evil(), remedy=evil()),)
    return replace(
        board,
        settings=replace(
            board.settings,
            table=evil(),
            targets=texts,
            policy=evil(),
            created=evil(),
            versions=tuple((text, text) for text in texts[:9]),
        ),
        summary=evil(),
        figures=figures,
        rows=(*rows, *dead),
        differences=tuple(
            Difference(item.name, named[0], other, Interval(0.1, 0.05, 0.15), 0.01, n % 2 == 0, n % 3 == 0)
            for item in figures
            for n, other in enumerate(named[1:])
        ),
        front=tuple(
            FrontPoint(
                name, Interval(0.5, 0.4, 0.6), Interval(0.1, 0.0, 0.2), n == 1, (named[1],) if n != 1 else ()
            )
            for n, name in enumerate(named)
        ),
        recommendations=tuple(
            Recommendation(f"c{n}", evil(), evil(), named[n], (evil(), evil())) for n in range(3)
        ),
        finals=tuple(
            FinalAnswer(
                *(named[n], (evil(),), 7, Verdict.FAIL, evil()),
                tuple(replace(f, label=evil(), reason=evil()) for f in nhanes_audit().families),
                checks,
                (ContextAnswer(f"c{n}", evil(), evil(), Verdict.FAIL, (evil(),), ()),),
            )
            for n in range(2)
        ),
        guard=tuple(GuardAction(text, text) for text in texts),
        notes=texts,
    )
