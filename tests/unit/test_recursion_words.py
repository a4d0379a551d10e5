"""The sentence about an arm, branch by branch, from answers made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from synthtab.recursion.words import arm_sentence
from synthtab.results import DRIFT_ALARM, ColumnDrift, Curve, DecayAnswer, Interval, Section

NOTHING = Interval()

LOST = Curve(
    section=Section.RARE,
    metric="levels_lost",
    label="rare categories lost",
    mean=(0.1, 0.31),
    low=(0.08, 0.28),
    high=(0.12, 0.34),
    null_mean=(0.11, 0.3),
    null_low=(0.09, 0.27),
    null_high=(0.13, 0.33),
    floor=0.0,
    chance=1.0,
    excess=Interval(0.01, -0.02, 0.04),
    p_drift=0.4,
)
STILL = DecayAnswer(
    section=Section.MARGINAL,
    metric="tvd",
    relative=(0.9, 0.88),
    null_relative=(0.92, 0.9),
    excess=NOTHING,
    p_drift=None,
    misfit=Interval(0.1, 0.08, 0.12),
    direction="none",
    p_change=0.6,
    half_life=Interval(None, 12.0, None),
    halving_low=None,
    plateau=NOTHING,
    shape="steady",
)
PAIRS = replace(STILL, section=Section.ASSOCIATION, metric="interaction_tvd")
TAILS = replace(STILL, section=Section.TAILS, metric="tail_mass")
FALLING = replace(
    STILL,
    relative=(0.9, 0.4),
    direction="decay",
    p_change=0.001,
    half_life=Interval(3.14, 2.2, 12.7),
    plateau=Interval(0.31, 0.2, 0.4),
    shape="levelling",
)
SIZE = (ColumnDrift("", Interval(0.95, 0.8, 1.1)), ColumnDrift("age", Interval(0.5, 0.4, 0.6)))


def sentence(
    curves: tuple[Curve, ...] = (),
    decays: tuple[DecayAnswer, ...] = (),
    drift: tuple[ColumnDrift, ...] = (),
    moved: Interval = NOTHING,
    p_moved: float | None = None,
    *,
    generations: int = 10,
    chains: int = 10,
) -> str:
    return arm_sentence(curves, decays, drift, moved, p_moved, generations=generations, chains=chains)


def test_without_rare_levels_it_says_so() -> None:
    """No curve of lost levels, or one without an end: no level was rare."""
    assert sentence() == "no level is rare enough to be lost"
    assert sentence(drift=SIZE) == "no level is rare enough to be lost (N_e/n 0.95 [0.80, 1.10])"
    assert sentence((replace(LOST, mean=(0.1, None)),)) == "no level is rare enough to be lost"
    assert sentence(drift=(ColumnDrift("", NOTHING),)) == "no level is rare enough to be lost"


@pytest.mark.parametrize(
    "without",
    [{"null_mean": ()}, {"null_mean": (0.1, None)}, {"p_drift": None}],
    ids=["empty", "open", "no p"],
)
def test_without_a_null_nothing_is_compared(without: dict[str, object]) -> None:
    """A regime without a drift null is told what was lost, and that it has none."""
    lost = replace(LOST, **without)  # type: ignore[arg-type] # each a field of its own
    expected = "31 % of the rare levels lost; no drift null for this regime"
    assert sentence((lost,)) == expected
    assert sentence((lost,), drift=SIZE) == f"{expected} (N_e/n 0.95 [0.80, 1.10])"


@pytest.mark.parametrize(
    ("p", "excess", "expected"),
    [
        (0.4, 0.01, "rare levels lost as finite sampling predicts, 31 % beside 30 %"),
        (DRIFT_ALARM + 1e-6, 0.01, "rare levels lost as finite sampling predicts, 31 % beside 30 %"),
        (
            DRIFT_ALARM,
            0.01,
            "more rare levels lost than by finite sampling, 31 % beside 30 % (p = 0.025)",
        ),
        (0.0004, 0.01, "more rare levels lost than by finite sampling, 31 % beside 30 % (p < 0.001)"),
        (0.01, -0.01, "fewer rare levels lost than by finite sampling, 31 % beside 30 % (p = 0.010)"),
    ],
)
def test_rare_levels_are_held_against_the_null(p: float, excess: float, expected: str) -> None:
    """Up to the false alarm rate the loss is more or fewer, by the sign of the excess; above, the same."""
    assert sentence((replace(LOST, p_drift=p, excess=Interval(excess)),)) == expected


def test_rare_mass_that_keeps_its_way_is_told() -> None:
    """Movement in one direction is added with its p where it is significant."""
    same = "rare levels lost as finite sampling predicts, 31 % beside 30 %"
    losing = sentence((LOST,), moved=Interval(-0.02), p_moved=0.003)
    assert losing == f"{same}, and what was rare keeps on losing mass (p = 0.003)"
    assert "keeps on gaining mass" in sentence((LOST,), moved=Interval(0.02), p_moved=DRIFT_ALARM)
    assert sentence((LOST,), moved=Interval(-0.02), p_moved=DRIFT_ALARM + 1e-6) == same
    assert sentence((LOST,), moved=Interval(-0.02), p_moved=None) == same
    more = sentence((replace(LOST, p_drift=0.01),), moved=Interval(-0.02), p_moved=0.01, drift=SIZE)
    assert more.endswith(
        "(p = 0.010) (N_e/n 0.95 [0.80, 1.10]), and what was rare keeps on losing mass (p = 0.010)"
    )


def changes(decay: DecayAnswer) -> str:
    """Give what is said of one family, without the first part."""
    told = sentence((), (decay,))
    first, rest = told.split("; ", 1)
    assert first == "no level is rare enough to be lost"
    return rest


def test_decay_with_a_half_life() -> None:
    """A decay that levels off and whose half-life is bounded is told with interval, span and plateau."""
    expected = (
        "marginals decay with half-life 3.14 [2.20, 13] generations, from 90 % to 40 % of fresh real data, "
        "towards 31 %"
    )
    assert changes(FALLING) == expected
    assert changes(replace(FALLING, plateau=NOTHING)) == expected.removesuffix(", towards 31 %")
    assert changes(replace(FALLING, half_life=Interval(3.14, None, 12.7))).startswith(
        "marginals decay with half-life 3.14 generations,"
    )


def test_decay_without_an_upper_end() -> None:
    """Where nothing bounds the half-life from above, only its lower end is told, if that says anything."""
    span = "from 90 % to 40 % of fresh real data"
    open_end = replace(FALLING, half_life=Interval(3.14, 2.2, None))
    assert changes(open_end) == f"marginals decay with a half-life of more than 2.20 generations, {span}"
    steady = replace(FALLING, shape="steady")
    assert changes(steady) == f"marginals decay with a half-life of more than 2.20 generations, {span}"
    for low in (0.4, None):
        unknown = replace(FALLING, shape="steady", half_life=Interval(None, low, None))
        assert changes(unknown) == f"marginals decay, {span}"
        faster = replace(unknown, shape="accelerating")
        assert changes(faster) == f"marginals decay faster and faster, {span}"


def test_number_of_the_verb() -> None:
    """Dependence decays, marginals and tails decay; growth says closer, and is held against no null."""
    assert "marginals decay " in changes(FALLING)
    assert "tails decay " in changes(replace(FALLING, metric="tail_mass"))
    assert "dependence decays " in changes(replace(FALLING, metric="interaction_tvd"))
    span = "from 40 % to 90 % of fresh real data"
    growing = replace(FALLING, relative=(0.4, 0.9), direction="growth")
    growing = replace(growing, excess=Interval(-0.2), p_drift=0.001)
    assert changes(growing) == f"marginals get closer to real data, {span}"
    assert f"dependence gets closer to real data, {span}" in changes(
        replace(growing, metric="interaction_tvd")
    )


@pytest.mark.parametrize(
    ("p", "excess", "expected"),
    [
        (0.0004, 0.2, ", more than by finite sampling alone (p < 0.001)"),
        (DRIFT_ALARM, -0.2, ", less than by finite sampling alone (p = 0.025)"),
        (DRIFT_ALARM + 1e-6, 0.2, ", as by finite sampling alone"),
        (None, 0.2, ""),
        (0.01, None, ""),
    ],
)
def test_decay_is_held_against_the_null(p: float | None, excess: float | None, expected: str) -> None:
    """What was lost since generation 1 is told beside what finite sampling loses, where there is a null."""
    against = replace(FALLING, p_drift=p, excess=Interval(excess))
    assert changes(against) == changes(FALLING) + expected


def test_what_does_not_decay_is_told_together() -> None:
    """Families without a detectable change are joined; not with one chain alone."""
    assert changes(STILL) == "no decay of marginals detectable in 10 generations"
    both = sentence((), (STILL, TAILS))
    assert both.endswith("; no decay of marginals and tails detectable in 10 generations")
    three = sentence((), (STILL, TAILS, replace(PAIRS, relative=(None,))), generations=1)
    assert three.endswith("; no decay of marginals, tails and dependence detectable in 1 generation")
    alone = sentence((), (STILL,), chains=1)
    assert alone == "no level is rare enough to be lost; one chain only, so nothing has an interval"


def test_families_without_a_name_are_left_out() -> None:
    """Decay of lost levels is told by the first part: it is not said twice."""
    assert sentence((), (replace(FALLING, metric="levels_lost"),)) == "no level is rare enough to be lost"


def test_misfit_comes_last_and_apart() -> None:
    """What the first fit lost of the dependence is told beside one resampling, never as decay."""
    told = sentence((), (STILL, PAIRS))
    assert told.endswith(
        "; misfit: the first fit keeps 90 % of the dependence of fresh real data (one resampling 92 %)"
    )
    for unknown in ((), (None, 0.9)):
        alone = sentence((), (replace(PAIRS, null_relative=unknown),))
        assert alone.endswith("keeps 90 % of the dependence of fresh real data")
    assert "misfit" not in sentence((), (replace(PAIRS, relative=(None, 0.9)),))
    assert "misfit" not in sentence((), (replace(PAIRS, relative=()),))
    assert "misfit" not in sentence((), (STILL,))


def test_a_whole_sentence() -> None:
    """All parts, in order: rare levels, what changes, what does not, misfit."""
    told = sentence(
        (LOST,),
        (
            replace(FALLING, excess=Interval(0.2), p_drift=0.0004),
            replace(PAIRS, relative=(0.45, 0.44)),
            TAILS,
        ),
        SIZE,
        Interval(-0.02),
        0.003,
    )
    assert told == (
        "rare levels lost as finite sampling predicts, 31 % beside 30 % (N_e/n 0.95 [0.80, 1.10]), and what "
        "was rare keeps on losing mass (p = 0.003); "
        "marginals decay with half-life 3.14 [2.20, 13] generations, from 90 % to 40 % of fresh real data, "
        "towards 31 %, more than by finite sampling alone (p < 0.001); "
        "no decay of dependence and tails detectable in 10 generations; "
        "misfit: the first fit keeps 45 % of the dependence of fresh real data (one resampling 92 %)"
    )


def test_an_unknown_score_makes_no_span() -> None:
    """Where the first or last score is unknown no span is made up."""
    for unknown in ((0.9, None), (None, 0.4), (None, None)):
        assert changes(replace(FALLING, relative=unknown)) == (
            "marginals decay with half-life 3.14 [2.20, 13] generations, towards 31 %"
        )
        assert changes(replace(FALLING, relative=unknown, direction="growth")) == (
            "marginals get closer to real data"
        )


def test_no_decay_is_told_with_its_bound() -> None:
    """What bounds the halving of all families that stay is told, where it is beyond what was seen."""
    stays = "no decay of marginals and tails detectable in 10 generations"
    slow, slower = replace(STILL, halving_low=23.0), replace(TAILS, halving_low=40.0)
    assert sentence((), (slow, slower)).endswith(f"; {stays} (halving takes more than 23)")
    assert sentence((), (slow, TAILS)).endswith(stays)
    assert sentence((), (replace(slow, halving_low=10.0), slower)).endswith(stays)
