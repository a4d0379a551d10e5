"""Rates: an attack's success on people in the table beside its success on people who are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthtab.attacks.candidates import Candidates
from synthtab.attacks.counts import effective_trials, excess_risk, wilson
from synthtab.schema.cast_table import FloatArray

__all__ = ["ComparedRate", "compared_rate", "rate_of_counts"]


@dataclass(frozen=True)
class ComparedRate:
    """How often an attack succeeds on training records, and on holdout records.

    Parameters
    ----------
    main, low, high : float
        Success on training records and its 95 % interval.
    control, control_low, control_high : float
        Success on holdout records and its 95 % interval.
    risk, risk_low, risk_high : float
        What being in the table adds, ``(main - control) / (1 - control)``; 0 is perfect.
    n_main, n_control : float
        Attacks on either side.
    hits_main, hits_control : float
        Successes on either side.
    """

    main: float
    low: float
    high: float
    control: float
    control_low: float
    control_high: float
    risk: float
    risk_low: float
    risk_high: float
    n_main: float
    n_control: float
    hits_main: float
    hits_control: float


def compared_rate(
    success: FloatArray, pool: Candidates, asked: npt.NDArray[np.bool_] | None = None
) -> ComparedRate:
    """Compare success on training and on holdout records.

    Parameters
    ----------
    success : ndarray of float, shape (n,)
        From 0 to 1 each.
    pool : Candidates
        Whose record each is; intervals count people, who may hold several.
    asked : ndarray of bool, shape (n,), optional
        Records that were attacked; all by default.

    Returns
    -------
    ComparedRate
        Rates, each from its own number of attacks: the sides need not be of one size.
    """
    own = np.ones(len(success), dtype=bool) if asked is None else asked
    sides = [own & side for side in (pool.is_train, ~pool.is_train)]
    counts = [value for side in sides for value in (float(success[side].sum()), float(side.sum()))]
    shares = [effective_trials(success[side], pool.persons[side]) / max(1, int(side.sum())) for side in sides]
    return rate_of_counts(*counts, *shares)


def rate_of_counts(
    hits_main: float,
    n_main: float,
    hits_control: float,
    n_control: float,
    told_main: float = 1.0,
    told_control: float = 1.0,
) -> ComparedRate:
    """Compare two rates given as counts.

    Parameters
    ----------
    hits_main, n_main : float
        Successes and attacks on training records.
    hits_control, n_control : float
        The same on holdout records.
    told_main, told_control : float, default 1.0
        Independent trials an attack: less than 1 where some are one person's.

    Returns
    -------
    ComparedRate
        Both rates and what being in the table adds.
    """
    main, control = (
        (hits_main * told_main, n_main * told_main),
        (hits_control * told_control, n_control * told_control),
    )
    low, high = wilson(*main)
    control_low, control_high = wilson(*control)
    risk, risk_low, risk_high = excess_risk(*main, *control)
    return ComparedRate(
        main=hits_main / n_main if n_main else 0.0,
        low=low,
        high=high,
        control=hits_control / n_control if n_control else 0.0,
        control_low=control_low,
        control_high=control_high,
        risk=risk,
        risk_low=risk_low,
        risk_high=risk_high,
        n_main=n_main,
        n_control=n_control,
        hits_main=hits_main,
        hits_control=hits_control,
    )
