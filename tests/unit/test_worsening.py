"""The gate's statistics: known answers, error rates and power of what is called worse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthtab.results import GateStatus
from synthtab.selection import worsening
from synthtab.selection.detectable import (
    GATE_ALARM,
    POWER,
    chance_of_failure,
    detectable_worsening,
    refits_needed,
)
from synthtab.selection.worsening import (
    Worsening,
    holm,
    judge,
    paired_worsening,
    two_sample_worsening,
    worsening_by_seed,
)

# Student's own data: extra hours of sleep by two drugs; t = 4.0621, two-sided p = 0.00283 (paired),
# and t = 1.8608, p = 0.0792 (two samples with a pooled variance)
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
FIGURES = 8
SEEDS = 5


def test_paired_test_is_students() -> None:
    """Student's sleep data give his t, half of its two-sided p-value, and his interval."""
    found = paired_worsening(SECOND, FIRST, higher_is_better=True)
    assert found.error is not None
    assert found.mean == pytest.approx(1.58)
    assert found.mean / found.error == pytest.approx(4.0621, abs=1e-4)
    assert found.p_value == pytest.approx(0.00283 / 2, abs=1e-5)
    assert (found.low, found.high) == (pytest.approx(0.7001, abs=1e-4), pytest.approx(2.4599, abs=1e-4))
    assert (found.freedom, found.pairs) == (9, 10)


def test_two_sample_test_is_students() -> None:
    """The same data as two samples give the pooled t and its interval."""
    found = two_sample_worsening(SECOND, FIRST, higher_is_better=True)
    assert found.error is not None
    assert found.mean / found.error == pytest.approx(1.8608, abs=1e-4)
    assert found.p_value == pytest.approx(0.07919 / 2, abs=1e-5)
    assert (found.low, found.high) == (pytest.approx(-0.2039, abs=1e-4), pytest.approx(3.3639, abs=1e-4))
    assert (found.freedom, found.pairs) == (18, 0)


def test_direction_follows_what_is_good() -> None:
    """A fall is a worsening where higher is better, and an improvement where lower is."""
    up = paired_worsening([0.9, 0.8, 0.9, 0.8], [0.7, 0.7, 0.7, 0.7], higher_is_better=True)
    down = paired_worsening([0.9, 0.8, 0.9, 0.8], [0.7, 0.7, 0.7, 0.7], higher_is_better=False)
    assert up.mean == pytest.approx(0.15)
    assert down.mean == pytest.approx(-0.15)
    assert up.p_value is not None
    assert down.p_value == pytest.approx(1 - up.p_value)


def test_holm_gives_the_published_adjustment() -> None:
    """The example of Holm's procedure in R's p.adjust: .01, .04, .03, .005 become .03, .06, .06, .02."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
    assert holm([0.6, 0.7]) == (1.0, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_raw_and_bonferroni(raw: list[float]) -> None:
    """An adjusted p-value is no smaller than its own, no larger than m times it, and keeps the order."""
    adjusted = holm(raw)
    for own, given_p in zip(adjusted, raw, strict=True):
        assert given_p <= own <= min(1.0, len(raw) * max(raw)) + 1e-12
    by_raw = np.asarray(adjusted)[np.argsort(raw, kind="stable")]
    assert (np.diff(by_raw) >= 0).all()


def test_few_common_seeds_are_two_samples() -> None:
    """Four seeds in common are compared one to one, three are not, and their order does not matter."""
    before = {seed: 0.9 + 0.01 * seed for seed in range(5)}
    now = {seed: 0.8 + 0.02 * seed for seed in reversed(range(4))}
    assert worsening_by_seed(before, now, higher_is_better=True).pairs == 4
    del now[3]
    two = worsening_by_seed(before, now, higher_is_better=True)
    assert (two.pairs, two.freedom) == (0, 6)
    assert two.mean == pytest.approx(0.92 - 0.82)


def test_single_refit_borrows_the_spread_of_the_other_side() -> None:
    """One refit now against five then is tested with the spread of the five; one against one is not."""
    five = [0.8, 0.82, 0.84, 0.86, 0.88]
    found = two_sample_worsening(five, [0.7], higher_is_better=True)
    assert found.error == pytest.approx(np.std(five, ddof=1) * np.sqrt(1 / 5 + 1))
    assert found.freedom == 4
    alone = two_sample_worsening([0.9], [0.1], higher_is_better=True)
    assert (alone.p_value, alone.error, alone.low) == (None, None, None)
    answer = judge([alone], [0.05])[0]
    assert (answer.status, answer.is_underpowered, answer.detectable) == (GateStatus.WARN, True, None)


def test_synthesizer_without_luck_is_judged_by_its_figures() -> None:
    """Zero spread: the same figures pass, a fall within the margin warns, one beyond it fails."""
    same, within, beyond, better = (
        paired_worsening([0.9] * 5, [now] * 5, higher_is_better=True) for now in (0.9, 0.87, 0.8, 0.95)
    )
    assert [item.p_value for item in (same, within, beyond, better)] == [1.0, 0.0, 0.0, 1.0]
    assert [answer.status.value for answer in judge([same, within, beyond, better], [0.05] * 4)] == [
        "pass",
        "warn",
        "fail",
        "pass",
    ]


def test_rounding_is_no_spread() -> None:
    """Differences of the same size that binary fractions round apart count as alike."""
    before = [0.1 + 0.2, 0.3, 0.3, 0.3, 0.3]
    found = paired_worsening(before, [0.3] * 5, higher_is_better=True)
    assert (found.error, found.p_value, found.is_identical) == (0.0, 1.0, True)


def test_refits_that_score_as_they_did_pass_but_tell_their_spread() -> None:
    """Five pairs without a change pass, however noisy, and tell what they could see; two refits warn."""
    noisy = [0.5, 0.9, 0.6, 0.8, 0.7]
    answer = judge([paired_worsening(noisy, noisy, higher_is_better=True)], [0.05])[0]
    assert answer.status is GateStatus.PASS
    assert answer.is_underpowered
    error = np.std(noisy, ddof=1) * np.sqrt(2 / 5)
    assert answer.detectable == pytest.approx(detectable_worsening(error, 8, 0.05, 1))
    fast = worsening_by_seed(dict(enumerate(noisy)), {0: 0.5, 1: 0.9}, higher_is_better=True)
    assert judge([fast], [0.05])[0].status is GateStatus.WARN


def test_noise_that_hides_twice_the_margin_warns() -> None:
    """No worsening is seen, but two margins could go unseen: warn, with the refits that would do."""
    rng = np.random.default_rng(1)
    before, now = rng.normal(0.8, 0.1, (2, 5))
    answer = judge([paired_worsening(before, now, higher_is_better=True)], [0.02])[0]
    assert answer.detectable is not None
    assert answer.detectable > 0.04
    assert (answer.status, answer.is_underpowered) == (GateStatus.WARN, True)
    needed = answer.refits_needed
    assert needed is not None
    spread = answer.worsening.spread
    assert spread is not None
    for refits, sees in ((needed, True), (needed - 1, False)):
        found = detectable_worsening(spread / np.sqrt(refits), refits - 1, 0.02, 1)
        assert bool(found <= 0.04) is sees
    assert refits_needed(10.0, 1, 0.001, 8) is None


def test_detectable_worsening_has_known_limits() -> None:
    """With endless refits: z(alarm/m) + z(.8) errors without a margin, and margin + z(.8) with a wide one."""
    many = 10**6
    assert detectable_worsening(1.0, many, 0.0, 1) == pytest.approx(1.95996 + 0.84162, abs=2e-3)
    assert detectable_worsening(1.0, many, 0.0, 5) == pytest.approx(2.57583 + 0.84162, abs=2e-3)
    assert detectable_worsening(0.01, many, 1.0, 8) == pytest.approx(1.0 + 0.0084162, abs=1e-5)
    assert detectable_worsening(0.0, 4, 0.05, 8) == 0.05


def test_detectable_worsening_is_that_of_the_noncentral_t() -> None:
    """Without a margin the chance is that of a noncentral t: 80 % at the worsening that is told."""
    from scipy.special import nctdtr, stdtrit

    told = detectable_worsening(1.0, 4, 0.0, FIGURES)
    critical = stdtrit(4, 1 - GATE_ALARM / FIGURES)
    assert 1 - nctdtr(4, told, critical) == pytest.approx(POWER, abs=0.005)


@settings(max_examples=30)
@given(
    error=st.floats(1e-4, 1.0),
    freedom=st.integers(1, 40),
    margin=st.floats(0.001, 0.2),
    figures=st.integers(1, 8),
)
def test_detectable_worsening_is_beyond_the_margin_and_grows_with_noise(
    error: float, freedom: int, margin: float, figures: int
) -> None:
    """It lies beyond the margin, grows with the error, and its own chance is 80 %."""
    told = detectable_worsening(error, freedom, margin, figures)
    assert told > margin
    assert detectable_worsening(2 * error, freedom, margin, figures) > told
    assert chance_of_failure(told, error, freedom, margin, figures) == pytest.approx(POWER, abs=1e-6)


def simulated(gates: int, spread: float, worse: float, *, paired: bool = True) -> list[list[Worsening]]:
    """Give gates of eight figures, five refits then and five now, each with luck of its own."""
    rng = np.random.default_rng([gates, round(1_000 * worse), paired])
    before = rng.normal(0.8, spread, (gates, FIGURES, SEEDS))
    now = rng.normal(0.8 - worse, spread, (gates, FIGURES, SEEDS))
    compare = paired_worsening if paired else two_sample_worsening
    return [
        [compare(b, n, higher_is_better=True) for b, n in zip(*gate, strict=True)]
        for gate in zip(before, now, strict=True)
    ]


def alarms(gates: list[list[Worsening]]) -> int:
    """Count the gates in which any figure is significantly worse."""
    return sum(any(answer.is_significant for answer in judge(gate, [0.0] * len(gate))) for gate in gates)


@pytest.fixture
def without_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out how many refits would be needed: it is told, and decides nothing."""
    monkeypatch.setattr(worsening, "refits_needed", lambda *_: None)
    monkeypatch.setattr(worsening, "detectable_worsening", lambda *_: 0.0)


@pytest.mark.usefixtures("without_search")
@pytest.mark.parametrize("paired", [True, False])
def test_gates_alarm_no_more_often_than_the_level(*, paired: bool) -> None:
    """Where nothing changed 25 gates of 1,000 alarm: more than 40 of 1,000 by chance once in 500 times.

    Without Holm's adjustment the same gates alarm far more often, so that this test can fail.
    """
    gates = simulated(1_000, 0.02, 0.0, paired=paired)
    assert 10 <= alarms(gates) <= 40
    raw = sum(any(item.p_value is not None and item.p_value <= GATE_ALARM for item in gate) for gate in gates)
    assert raw > 120


@pytest.mark.usefixtures("without_search")
def test_margins_keep_alarms_from_being_failures() -> None:
    """A worsening of half the margin hardly ever fails, however surely it is seen."""
    gates = simulated(200, 0.001, 0.025)
    answers = [answer.status for gate in gates for answer in judge(gate, [0.05] * FIGURES)]
    assert answers.count(GateStatus.FAIL) == 0
    assert answers.count(GateStatus.WARN) > 0.99 * len(answers)


@pytest.mark.usefixtures("without_search")
@pytest.mark.parametrize(("paired", "margin"), [(True, 0.02), (True, 0.2), (False, 0.02), (False, 0.2)])
def test_detectable_worsening_fails_four_times_in_five(*, paired: bool, margin: float) -> None:
    """A figure that is worse by what is told fails in 72 to 90 % of 400 gates, whichever bar is higher."""
    spread = 0.02
    freedom = SEEDS - 1 if paired else 2 * (SEEDS - 1)
    told = detectable_worsening(spread * np.sqrt(2 / SEEDS), freedom, margin, FIGURES)
    rng = np.random.default_rng([7, paired, round(100 * margin)])
    compare = paired_worsening if paired else two_sample_worsening
    failed = 0
    for _ in range(400):
        before = rng.normal(0.8, spread, (FIGURES, SEEDS))
        now = rng.normal(0.8, spread, (FIGURES, SEEDS))
        now[0] -= told
        found = [compare(b, n, higher_is_better=True) for b, n in zip(before, now, strict=True)]
        failed += judge(found, [margin] * FIGURES)[0].status is GateStatus.FAIL
    assert 0.72 <= failed / 400 <= 0.90


def test_pairs_see_more_where_luck_is_shared() -> None:
    """Luck that both refits of a seed share falls out of the pairs and stays in two samples."""
    rng = np.random.default_rng(3)
    luck = rng.normal(0.8, 0.1, 6)
    before, now = luck, luck - 0.03 + rng.normal(0, 0.002, 6)
    pairs = paired_worsening(before, now, higher_is_better=True)
    samples = two_sample_worsening(before, now, higher_is_better=True)
    assert pairs.p_value is not None
    assert samples.p_value is not None
    assert pairs.p_value < 0.001
    assert samples.p_value > 0.2


def test_sides_without_refits_are_refused() -> None:
    """Nothing can be compared with no refit, or one to one with a single pair or lists of two lengths."""
    with pytest.raises(ValueError, match="needs a refit"):
        two_sample_worsening([], [0.1], higher_is_better=True)
    with pytest.raises(ValueError, match="same length"):
        paired_worsening([0.1, 0.2], [0.1], higher_is_better=True)
    with pytest.raises(ValueError, match="two or more"):
        paired_worsening([0.1], [0.1], higher_is_better=True)
