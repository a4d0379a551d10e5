"""A board and a gate made by hand: what the tests of their plots draw."""

from __future__ import annotations

from synthtab.results import (
    BoardCell,
    BoardResult,
    BoardRow,
    BoardSettings,
    FamilyFigure,
    FrontPoint,
    GateFigure,
    GateResult,
    GateStatus,
    Interval,
    Role,
    Section,
)

SEEDS = (0, 1, 2)
FIGURES = (
    FamilyFigure(
        *("utility.boosted", "Boosted model trained on it", Section.UTILITY, 1, True, 1.0, 0.05),
        *("a twentieth of what a boosted model can learn is lost", "1 is what it learns from real rows."),
    ),
    FamilyFigure(
        *("detection.auc", "Told from real rows (AUC)", Section.DETECTION, 1, False, 0.5, 0.05),
        *("one more row in twenty is a new artefact", "0.5 is not at all, 1 is always."),
    ),
    FamilyFigure(
        *("privacy.largest_advantage", "Largest advantage of an attacker", Section.PRIVACY, 1, False, 0.0),
        *(0.02, "two people in a hundred more", "The largest of all attacks' success."),
    ),
)
# name, role, use, detection, risk: mean and half width of the interval
ROWS: tuple[tuple[str, Role, tuple[float, float], tuple[float, float], tuple[float, float]], ...] = (
    ("gaussian_copula", Role.CONTENDER, (0.91, 0.02), (0.64, 0.02), (0.004, 0.006)),
    ("tvae(epochs=60)", Role.CONTENDER, (0.95, 0.05), (0.71, 0.04), (0.021, 0.012)),
    ("ctgan(epochs=300)", Role.CONTENDER, (0.84, 0.07), (0.83, 0.05), (0.011, 0.009)),
    ("mst(epsilon=1.0)", Role.CONTENDER, (0.86, 0.03), (0.69, 0.03), (0.001, 0.004)),
    ("independent", Role.BASELINE, (0.02, 0.02), (0.97, 0.01), (0.0, 0.003)),
    ("resampler", Role.BASELINE, (1.0, 0.01), (0.5, 0.01), (0.48, 0.02)),
    ("fresh real rows", Role.MARK, (1.0, 0.03), (0.5, 0.02), (0.0, 0.004)),
)


def _cell(mean: float, half: float) -> BoardCell:
    values = tuple(mean + step * half / 2 for step in (-1.0, 0.2, 0.8))
    return BoardCell(Interval(mean, mean - half, mean + half), values)


def small_board() -> BoardResult:
    """Make a board of six rows and a mark in three figures; one row failed."""
    rows = tuple(
        BoardRow(
            *(name, role, "", 3, (), (_cell(*use), _cell(*told), _cell(*risk))),
            releasable=name != "resampler",
        )
        for name, role, use, told, risk in ROWS
    )
    failed = BoardRow("copula_gan", Role.CONTENDER, "", 0, ("The loss was not a number.",))
    best = {"independent", "mst(epsilon=1.0)", "gaussian_copula", "tvae(epochs=60)", "resampler"}
    front = tuple(
        FrontPoint(row.name, row.cells[0].mean, row.cells[2].mean, row.name in best) for row in rows
    )
    settings = BoardSettings(
        *("NHANES adults", SEEDS, 2_200, 1_500, 1_500, 20_000, 26, ("diabetes",), 10, 10, "default"),
        *("2026-11-22", (("synthtab", "0.1.0"),), "utility.boosted", "privacy.largest_advantage"),
    )
    return BoardResult(
        settings, "Take gaussian_copula.", FIGURES, (*rows[:4], failed, *rows[4:]), (), front, (), ()
    )


def _figure(
    name: str,
    label: str,
    status: GateStatus,
    ends: tuple[float, float],
    worsening: tuple[float, float, float],
    margin: float,
    detectable: float,
) -> GateFigure:
    return GateFigure(
        *(name, label, Section(name.partition(".")[0]), status, True, 1.0, *ends, 0.01, 0.01),
        *(Interval(*worsening), margin, 0.2, detectable, "In a sentence."),
    )


def small_gate() -> GateResult:
    """Make a gate of six figures: one of every answer, and one far beyond its margin."""
    ok, warns, fails = GateStatus.PASS, GateStatus.WARN, GateStatus.FAIL
    figures = (
        _figure("rare.coverage", "Rare categories kept", fails, (0.94, 0.72), (0.22, 0.15, 0.29), 0.1, 0.09),
        _figure(
            *("privacy.membership_auc", "Membership inference (AUC)", fails, (0.503, 0.71)),
            *((0.207, 0.18, 0.23), 0.02, 0.011),
        ),
        _figure("marginal.tvd", "Column shapes", warns, (0.98, 0.968), (0.012, 0.004, 0.02), 0.02, 0.011),
        _figure(
            *("association.interaction_tvd", "Dependence between columns", ok, (0.85, 0.853)),
            *((-0.003, -0.02, 0.014), 0.05, 0.024),
        ),
        _figure(
            "utility.boosted",
            "Boosted model trained on it",
            ok,
            (0.91, 0.93),
            (-0.02, -0.05, 0.01),
            0.05,
            0.06,
        ),
        GateFigure(
            *("detection.auc", "Told from real rows (AUC)", Section.DETECTION, GateStatus.INCOMPARABLE),
            *(False, 0.5, 0.64, 0.66, None, None, Interval(), 0.05, None, None),
            "Its definition changed from version 1 to 2.",
        ),
    )
    return GateResult(
        *(GateStatus.FAIL, "Two figures are worse.", "NHANES adults", "tvae(epochs=60)", "tvae(epochs=30)"),
        *(SEEDS, SEEDS, "paired over 3 seeds", figures, (), (), "", (("synthtab", "0.1.0"),)),
    )
