"""Epsilon: how much a mechanism must be leaking for an attacker to guess so well who was trained on.

A bound holds whatever the attacker does, because chance alone decided who was in. Here are the bound itself,
and the design that needs neither a refit nor an inserted record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.errors import DataError, SpecError
from synthtab.metrics.ranking import PersonArray
from synthtab.schema.cast_table import FloatArray
from synthtab.seeding import generator

__all__ = [
    "EpsilonBound",
    "best_bound",
    "paired_canaries",
    "refuse_odd_claim",
    "steinke_bound",
    "usable_rounds",
]

PAIRED_ROUNDS = (16, 32, 80, 160)
_GRID = 257
_BISECTIONS = 50

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EpsilonBound:
    """A lower bound of epsilon, and what it rests on.

    Parameters
    ----------
    epsilon : float or None
        The bound, 0 or more; None when there were too few canaries.
    guesses, right : int
        Guesses of the round that gave the bound, and how many were right.
    canaries : int
        Canaries (or pairs of them) that could have been guessed.
    delta : float
        Delta at which the bound holds.
    confidence : float
        Share of repetitions in which the bound does not exceed the true epsilon, at least.
    cap : float or None
        The bound that an attacker whose every guess is right would have got: all that this design can show.
    fits : int
        Synthesizers that were fitted.
    reason : str
        Why there is no bound.
    """

    epsilon: float | None = None
    guesses: int = 0
    right: int = 0
    canaries: int = 0
    delta: float = 0.0
    confidence: float = 0.95
    cap: float | None = None
    fits: int = 0
    reason: str = ""


def steinke_bound(guesses: int, right: int, *, canaries: int, delta: float = 0.0, beta: float) -> float:
    r"""Bound epsilon from below by the number of canaries that an attacker guessed right.

    With :math:`q = 1 / (1 + e^{-\varepsilon})`, no mechanism of :math:`(\varepsilon, \delta)` lets v of r
    guesses be right with a probability above

    .. math:: p = P[B \ge v] + 2 m \delta \max_{1 \le i \le v} \tfrac1i P[v - i \le B < v],
       \quad B \sim \mathrm{Bin}(r, q).

    The bound is the largest epsilon with p < beta. At delta 0 it is the logit of the beta quantile
    :math:`I^{-1}_\beta(v, r - v + 1)`.

    Parameters
    ----------
    guesses : int
        Guesses made, r; for the other canaries the attacker kept silent.
    right : int
        Guesses that were right, v.
    canaries : int
        Canaries, each of which was in or out by a fair coin, m; at least `guesses`.
    delta : float, default 0
        Delta of the mechanism, in [0, 1).
    beta : float
        Chance that the bound may exceed the true epsilon, in (0, 1).

    Returns
    -------
    float
        Lower bound, 0 or more; 0 says nothing.

    Raises
    ------
    SpecError
        When the counts contradict each other, or delta or beta are no probabilities.

    References
    ----------
    Steinke, Nasr, Jagielski (2023), Privacy auditing with one (1) training run, arXiv 2305.08846.

    Examples
    --------
    >>> round(steinke_bound(100, 90, canaries=100, beta=0.05), 2)
    1.63
    """
    if not 0 <= right <= guesses <= canaries:
        raise SpecError(
            "Of the canaries some are guessed, and of the guesses some are right: counts must fall."
        )
    refuse_odd_claim(delta, 1 - beta)
    if right == 0:
        return 0.0
    from scipy.special import betaincinv

    share = float(betaincinv(right, guesses - right + 1, beta))
    without_delta = math.log(share) - math.log1p(-share) if share > 0 else 0.0
    if without_delta <= 0 or delta == 0:
        return max(0.0, without_delta)
    # p need not rise all the way: look down from where it is too large for certain
    grid = np.linspace(0.0, without_delta, _GRID)
    is_below = [_tail_chance(float(e), guesses, right, canaries * delta) < beta for e in grid[:-1]]
    if not any(is_below):
        return 0.0
    last = int(np.flatnonzero(is_below)[-1])
    low, high = float(grid[last]), float(grid[last + 1])
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _tail_chance(middle, guesses, right, canaries * delta) < beta:
            low = middle
        else:
            high = middle
    return low


def paired_canaries(
    scores: FloatArray,
    is_train: BoolArray,
    persons: PersonArray,
    *,
    seed: int,
    rounds: Sequence[int] = PAIRED_ROUNDS,
    delta: float = 0.0,
    confidence: float = 0.95,
) -> EpsilonBound:
    """Bound epsilon by guessing, in random pairs of a training and a holdout record, which of them was in.

    One record of each person is drawn at random, and training records are paired with holdout records at
    random, disjointly. If the split was random, a fair coin decided which one of each pair was in: also when
    training and holdout differ in size, where guessing "in" for each record by itself would not be fair.
    The guess is the record with the higher score, a coin where they tie; the pairs whose scores differ most
    are guessed first. The adjacency is *replace one*: a mechanism of epsilon under adding or removing one
    person has up to twice that here, so half of the bound is the bound for add or remove (at delta 0).

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Membership score of each record, worked out without a look at who is in; higher is more like a member.
    is_train : ndarray of bool, shape (n,)
        Who was in the training table.
    persons : ndarray of int, shape (n,)
        Person of each record; people with records on both sides are left out.
    seed : int
        Seed of the pairs and coins.
    rounds : sequence of int, default (16, 32, 80, 160)
        Numbers of guesses, fixed beforehand; the best counts, each at its share of the error. Those above the
        number of pairs are not tried.
    delta : float, default 0
        Delta at which the bound shall hold.
    confidence : float, default 0.95
        Confidence of the bound, between 0 and 1.

    Returns
    -------
    EpsilonBound
        From 0 to its `cap`; without a figure when there are fewer pairs than the smallest round.

    Raises
    ------
    DataError
        When a score is not finite or the arrays differ in length.
    SpecError
        When delta, the confidence or a round cannot be used.

    References
    ----------
    Steinke, Nasr, Jagielski (2023), Privacy auditing with one (1) training run, arXiv 2305.08846.
    """
    if not len(scores) == len(is_train) == len(persons) or not np.isfinite(scores).all():
        raise DataError("Each record needs one finite score, one label and one person.")
    rng = generator(seed, "attacks", "paired canaries")
    drawn = rng.permutation(len(scores))
    people, first, inverse = np.unique(persons[drawn], return_index=True, return_inverse=True)
    n_records = np.bincount(inverse, minlength=len(people))
    n_in = np.bincount(inverse, weights=is_train[drawn], minlength=len(people))
    chosen = drawn[first][(n_in == 0) | (n_in == n_records)]
    n_pairs = int(min(is_train[chosen].sum(), (~is_train[chosen]).sum()))
    members = rng.permutation(chosen[is_train[chosen]])[:n_pairs]
    others = rng.permutation(chosen[~is_train[chosen]])[:n_pairs]
    gap = scores[members] - scores[others]
    is_right = np.where(gap == 0, rng.random(n_pairs) < 0.5, gap > 0)  # noqa: PLR2004 - a fair coin
    # pairs stand in random order, so that equal differences are cut at random
    is_right = is_right[np.argsort(-np.abs(gap), kind="stable")]
    tried = [(r, int(is_right[:r].sum())) for r in usable_rounds(rounds, n_pairs)]
    return best_bound(
        tried,
        canaries=n_pairs,
        delta=delta,
        confidence=confidence,
        reason=f"{n_pairs} pairs of a training and a holdout person: at least {min(rounds)} are needed",
    )


def usable_rounds(rounds: Sequence[int], available: int) -> tuple[int, ...]:
    """Give the rounds that there are canaries enough for.

    Parameters
    ----------
    rounds : sequence of int
        Numbers of guesses, fixed beforehand.
    available : int
        Canaries, or pairs of them.

    Returns
    -------
    tuple of int
        Rising, each once.

    Raises
    ------
    SpecError
        When a round has no guess.
    """
    if not rounds or min(rounds) < 1:
        raise SpecError("Each round needs at least one guess.", hint="Give numbers such as (32, 80, 160).")
    return tuple(sorted({int(r) for r in rounds if r <= available}))


def best_bound(
    tried: Sequence[tuple[int, int]],
    *,
    canaries: int,
    delta: float,
    confidence: float,
    fits: int = 0,
    reason: str = "",
) -> EpsilonBound:
    """Take the best of what was tried, each at its share of the error (Bonferroni).

    Parameters
    ----------
    tried : sequence of tuple of int
        Guesses, and right ones among them, of each round that was fixed beforehand.
    canaries : int
        Canaries, or pairs of them.
    delta : float
        Delta at which the bound shall hold.
    confidence : float
        Confidence of the best bound, between 0 and 1.
    fits : int, default 0
        Synthesizers that were fitted.
    reason : str, default ""
        Why nothing was tried.

    Returns
    -------
    EpsilonBound
        Of the round with the largest bound; without a figure when nothing was tried.

    Raises
    ------
    SpecError
        When delta or the confidence cannot be used.
    """
    refuse_odd_claim(delta, confidence)
    blank = EpsilonBound(canaries=canaries, delta=delta, confidence=confidence, fits=fits)
    if not tried:
        return replace(blank, reason=reason)
    beta = (1 - confidence) / len(tried)
    bounds, caps = (
        [steinke_bound(r, v, canaries=canaries, delta=delta, beta=beta) for r, v in rounds]
        for rounds in (tried, [(r, r) for r, _ in tried])
    )
    best = max(range(len(tried)), key=lambda index: (bounds[index], tried[index]))
    return replace(blank, epsilon=bounds[best], guesses=tried[best][0], right=tried[best][1], cap=max(caps))


def refuse_odd_claim(delta: float, confidence: float) -> None:
    """Refuse what no bound can be asked for, before anything is fitted.

    Parameters
    ----------
    delta : float
        Must lie in [0, 1).
    confidence : float
        Must lie between 0 and 1.

    Raises
    ------
    SpecError
        When one of them does not.
    """
    if not 0 < confidence < 1:
        raise SpecError(f"confidence={confidence} is no confidence.", hint="Give a number such as 0.95.")
    if not 0 <= delta < 1:
        raise SpecError(f"delta={delta} is no delta.", hint="Give 0, or a small number such as 1e-5.")


def _tail_chance(epsilon: float, guesses: int, right: int, expected_failures: float) -> float:
    """Give the largest chance of so many right guesses; `expected_failures` is m times delta."""
    from scipy.special import betainc, gammaln

    share = 1 / (1 + math.exp(-epsilon))
    counts = np.arange(right - 1, -1, -1)
    logs = gammaln(guesses + 1) - gammaln(counts + 1) - gammaln(guesses - counts + 1)
    logs = logs + guesses * math.log(share) - (guesses - counts) * epsilon
    just_below = np.cumsum(np.exp(logs)) / np.arange(1, right + 1)
    at_least = float(betainc(right, guesses - right + 1, share))
    return at_least + 2 * expected_failures * float(just_below.max())
