r"""Worsening: did a figure of a synthesizer get worse between two sets of refits, more than luck explains.

A refit is the replicate: its spread holds the luck of the fit and of the draw. Where both sets used the same
seeds, refits are compared one to one; else the two sets are compared as they are. The test is one-sided, for
worsening, because nobody needs to be kept from a better synthesizer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.results import GateStatus
from synthtab.selection.detectable import GATE_ALARM, UNDERPOWERED, detectable_worsening, refits_needed

__all__ = [
    "GATE_ALARM",
    "LEAST_PAIRS",
    "Judgement",
    "Worsening",
    "holm",
    "judge",
    "paired_worsening",
    "two_sample_worsening",
    "worsening_by_seed",
]

LEAST_PAIRS = 4
"""Fewer seeds in common leave too few degrees of freedom for a comparison one to one."""

_TWO_SIDED = 0.975
_TINY = 1e-12

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Worsening:
    """How much worse one figure got, and how surely.

    Parameters
    ----------
    mean : float
        Mean worsening; below 0 where the figure got better.
    error : float or None
        Its standard error; None where nothing can be tested.
    freedom : int
        Degrees of freedom of that error; 0 where there is none.
    p_value : float or None
        Of no worsening, one-sided, of this figure alone.
    low, high : float or None
        95 % interval of the worsening.
    pairs : int
        Refits compared one to one; 0 for two samples.
    is_identical : bool
        Whether refits were compared one to one, and each scores exactly as it did.
    spread : float or None
        Standard deviation of what refits, if they were independent, would show of a worsening: with S refits
        on each side the standard error is ``spread / sqrt(S)``.
    spread_freedom : int
        Degrees of freedom that one more refit on each side adds: 1 for pairs, 2 for two samples.
    """

    mean: float
    error: float | None
    freedom: int
    p_value: float | None
    low: float | None
    high: float | None
    pairs: int
    is_identical: bool
    spread: float | None
    spread_freedom: int


@dataclass(frozen=True)
class Judgement:
    """One figure's worsening, held against its margin beside the other figures of a gate.

    Parameters
    ----------
    worsening : Worsening
        What was found.
    margin : float
        A worsening that matters.
    p_value : float or None
        Adjusted over the figures that could be tested (Holm).
    detectable : float or None
        Smallest true worsening that would be called a failure with a chance of 80 %.
    status : GateStatus
        fail, warn or pass.
    is_significant : bool
        Whether the adjusted p-value is `GATE_ALARM` or less.
    is_underpowered : bool
        Whether a worsening of twice the margin could go unseen.
    refits_needed : int or None
        Refits on each side that would see twice the margin, where these do not; None where a thousand would
        not.
    """

    worsening: Worsening
    margin: float
    p_value: float | None
    detectable: float | None
    status: GateStatus
    is_significant: bool
    is_underpowered: bool
    refits_needed: int | None


def paired_worsening(before: Sequence[float], now: Sequence[float], *, higher_is_better: bool) -> Worsening:
    r"""Compare refits one to one: Student's t over the pairs.

    Parameters
    ----------
    before, now : sequence of float
        The figure, one a refit; the same place is the same seed. At least two.
    higher_is_better : bool
        Which way is good.

    Returns
    -------
    Worsening
        Mean of the S differences :math:`d`, and its test.

    Raises
    ------
    ValueError
        When the two differ in length, or there are fewer than two pairs.

    Notes
    -----
    :math:`t = \bar d \sqrt S / s_d` with S - 1 degrees of freedom, and p the chance of a larger one.
    Differences that are all alike (a synthesizer without luck) have p = 0 when they are a worsening, else 1.
    Where nothing changed all differences are zero and say nothing of what could be seen: the spread is then
    that of the refits themselves, as if they were drawn anew.

    References
    ----------
    Student (1908), The probable error of a mean. Biometrika 6.
    """
    if len(before) != len(now) or len(before) < 2:  # noqa: PLR2004 - one has no spread
        raise ValueError("Pairs need two lists of the same length, two or more.")
    differences = _oriented(before, now, higher_is_better=higher_is_better)
    count = len(differences)
    spread = _spread(differences)
    mean, error = float(differences.mean()), spread / math.sqrt(count)
    reach = _reach(error, count - 1)
    alike = spread <= _TINY
    own = math.sqrt(_spread(np.asarray(before)) ** 2 + _spread(np.asarray(now)) ** 2) if alike else spread
    return Worsening(
        mean=mean,
        error=error,
        freedom=count - 1,
        p_value=_one_sided(mean, error, count - 1),
        low=mean - reach,
        high=mean + reach,
        pairs=count,
        is_identical=bool(np.abs(differences).max() <= _TINY),
        spread=own,
        spread_freedom=2 if alike else 1,
    )


def two_sample_worsening(
    before: Sequence[float], now: Sequence[float], *, higher_is_better: bool
) -> Worsening:
    r"""Compare two sets of refits that have too few seeds in common: Student's t with a pooled variance.

    Parameters
    ----------
    before, now : sequence of float
        The figure, one a refit; each at least one.
    higher_is_better : bool
        Which way is good.

    Returns
    -------
    Worsening
        Difference of the means, and its test. With one refit on one side the spread of the other is taken for
        both; with one on each side nothing can be tested.

    Raises
    ------
    ValueError
        When a side has no refit.

    Notes
    -----
    :math:`t = (\bar b - \bar n) / (s \sqrt{1/S_b + 1/S_n})`, where :math:`s^2` is the variance pooled over
    both sides and t has :math:`S_b + S_n - 2` degrees of freedom. Seeds that both sides share make the
    difference vary less than that: the test then alarms too seldom, never too often.

    References
    ----------
    Student (1908), The probable error of a mean. Biometrika 6.
    """
    if not len(before) or not len(now):
        raise ValueError("Each side needs a refit.")
    sizes = len(before), len(now)
    mean = float(
        _oriented([float(np.mean(before))], [float(np.mean(now))], higher_is_better=higher_is_better)[0]
    )
    freedom = sum(sizes) - 2
    if not freedom:
        return Worsening(
            mean, None, 0, None, None, None, 0, is_identical=False, spread=None, spread_freedom=2
        )
    squares = sum((len(side) - 1) * _spread(np.asarray(side)) ** 2 for side in (before, now))
    spread = math.sqrt(squares / freedom)
    parts = 1 / sizes[0] + 1 / sizes[1]
    error = spread * math.sqrt(parts)
    reach = _reach(error, freedom)
    return Worsening(
        mean=mean,
        error=error,
        freedom=freedom,
        p_value=_one_sided(mean, error, freedom),
        low=mean - reach,
        high=mean + reach,
        pairs=0,
        is_identical=False,
        spread=spread * math.sqrt(2),
        spread_freedom=2,
    )


def worsening_by_seed(
    before: Mapping[int, float], now: Mapping[int, float], *, higher_is_better: bool
) -> Worsening:
    """Compare refits one to one where four seeds or more are in common, else as two samples.

    Parameters
    ----------
    before, now : mapping of int to float
        The figure by seed; each at least one.
    higher_is_better : bool
        Which way is good.

    Returns
    -------
    Worsening
        What was found.
    """
    common = sorted(before.keys() & now.keys())
    if len(common) >= LEAST_PAIRS:
        return paired_worsening(
            [before[seed] for seed in common],
            [now[seed] for seed in common],
            higher_is_better=higher_is_better,
        )
    return two_sample_worsening(
        [before[seed] for seed in sorted(before)],
        [now[seed] for seed in sorted(now)],
        higher_is_better=higher_is_better,
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    r"""Adjust p-values so that any false alarm among them is as rare as the level says.

    Parameters
    ----------
    p_values : sequence of float
        One a test.

    Returns
    -------
    tuple of float
        In the same order: :math:`\max_{j \le i} \min(1, (m - j + 1) p_{(j)})` for the i-th smallest of m.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure. Scand. J. Statistics 6.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    steps = np.minimum(1.0, raw[order] * np.arange(len(raw), 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.maximum.accumulate(steps)
    return tuple(float(value) for value in adjusted)


def judge(found: Sequence[Worsening], margins: Sequence[float]) -> tuple[Judgement, ...]:
    """Judge the figures of one gate together.

    Parameters
    ----------
    found : sequence of Worsening
        One a figure.
    margins : sequence of float
        A worsening that matters, one a figure.

    Returns
    -------
    tuple of Judgement
        fail: significant over all figures and beyond the margin. warn: significant within the margin, or
        twice the margin could go unseen, or nothing could be tested. pass: otherwise; refits that score
        exactly as they did pass however much they differ among themselves.
    """
    tested = [item.p_value for item in found if item.p_value is not None]
    adjusted = iter(holm(tested))
    return tuple(
        _judged(item, margin, None if item.p_value is None else next(adjusted), len(tested))
        for item, margin in zip(found, margins, strict=True)
    )


def _judged(found: Worsening, margin: float, p_value: float | None, figures: int) -> Judgement:
    if p_value is None or found.error is None or found.spread is None:
        return Judgement(
            found,
            margin,
            None,
            None,
            GateStatus.WARN,
            is_significant=False,
            is_underpowered=True,
            refits_needed=None,
        )
    error, freedom = found.error, found.freedom
    if error <= _TINY:
        # no difference between pairs varies: what could be seen follows from the refits themselves
        error = found.spread / math.sqrt(max(found.pairs, 1))
        freedom = found.spread_freedom * (found.pairs - 1) if found.pairs else found.freedom
    detectable = detectable_worsening(error, freedom, margin, figures)
    significant = p_value <= GATE_ALARM
    underpowered = detectable > UNDERPOWERED * margin
    status = GateStatus.PASS
    if significant:
        status = GateStatus.FAIL if found.mean > margin + _TINY else GateStatus.WARN
    elif underpowered and not found.is_identical:
        status = GateStatus.WARN
    needed = refits_needed(found.spread, found.spread_freedom, margin, figures) if underpowered else None
    return Judgement(
        found,
        margin,
        p_value,
        detectable,
        status,
        is_significant=significant,
        is_underpowered=underpowered,
        refits_needed=needed,
    )


def _oriented(before: Sequence[float], now: Sequence[float], *, higher_is_better: bool) -> _Floats:
    difference = np.asarray(before, dtype=np.float64) - np.asarray(now, dtype=np.float64)
    return difference if higher_is_better else -difference


def _spread(values: npt.ArrayLike) -> float:
    own = np.asarray(values, dtype=np.float64)
    # equal values whose mean is rounded must not seem to differ
    if len(own) < 2 or np.ptp(own) <= _TINY:  # noqa: PLR2004 - one has no spread
        return 0.0
    return float(own.std(ddof=1))


def _one_sided(mean: float, error: float, freedom: int) -> float:
    from scipy.special import stdtr

    if error <= _TINY:
        return 0.0 if mean > _TINY else 1.0
    return float(stdtr(freedom, -mean / error))


def _reach(error: float, freedom: int) -> float:
    """Give half the width of the 95 % interval."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, _TWO_SIDED)) * error
