"""Copies: whether real records stand word for word in the synthetic table because they were trained on."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthtab.attacks.candidates import Candidates
from synthtab.attacks.counts import clopper_pearson, effective_trials, hypergeometric_tail
from synthtab.attacks.tables import AttackTables
from synthtab.metrics.columns import narrowed
from synthtab.schema.cast_table import FloatArray, HashArray
from synthtab.seeding import generator

__all__ = ["CopiesResult", "TwinsResult", "exact_copies", "own_twins"]

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CopiesResult:
    """What a search for exact copies found.

    Parameters
    ----------
    risk, low, high : float or None
        Share of the training records that stand in the synthetic table, and its 95 % exact
        interval (Clopper–Pearson).
    control, control_low, control_high : float or None
        The same share of holdout records, which nobody could have copied: coincidence.
    matched_train, matched_holdout : int
        The records behind these shares.
    p_value : float or None
        Chance of as many matched training records if labels meant nothing; exact.
    found_in_train, found_in_holdout : float or None
        Share of the synthetic rows that are identical to a training row, and to a holdout row.
    excess : float or None
        Identical match share: the first minus the second at equal size, the larger real table thinned to the
        smaller. 0 is perfect; the whole of a bootstrap's rows are copies at equal sizes: near 1.
    smallest_leak : int or None
        Copied training records that would have had an 80 % chance of a p-value below `alpha`; None when no
        number would.
    n_train, n_holdout, n_synthetic : int
        Rows that were compared.
    n_shared_persons : int
        People found in both real tables, left out.
    reason : str
        Why there is no figure.
    """

    risk: float | None = None
    low: float | None = None
    high: float | None = None
    control: float | None = None
    control_low: float | None = None
    control_high: float | None = None
    matched_train: int = 0
    matched_holdout: int = 0
    p_value: float | None = None
    found_in_train: float | None = None
    found_in_holdout: float | None = None
    excess: float | None = None
    smallest_leak: int | None = None
    n_train: int = 0
    n_holdout: int = 0
    n_synthetic: int = 0
    n_shared_persons: int = 0
    reason: str = ""


@dataclass(frozen=True)
class TwinsResult:
    """How many synthetic rows are training rows, beside how many training rows have twins.

    Parameters
    ----------
    found : float
        Share of the synthetic rows that are identical to a training row.
    expected : float
        Share of the training rows that are identical to one of another person.
    p_value : float or None
        Chance of as many, were synthetic rows fresh rows; exact.
    smallest_leak : float or None
        Share of copied rows that would have been significant at `alpha`; None when none would.
    n_found, n_twins, n_train, n_synthetic : int
        The rows behind these shares.
    reason : str
        Why there is no figure.
    """

    found: float = 0.0
    expected: float = 0.0
    p_value: float | None = None
    smallest_leak: float | None = None
    n_found: int = 0
    n_twins: int = 0
    n_train: int = 0
    n_synthetic: int = 0
    reason: str = ""


def own_twins(tables: AttackTables, *, alpha: float = 0.0045) -> TwinsResult:
    """Ask without any holdout whether synthetic rows are training rows more often than chance makes them.

    A fresh row has a twin among the training rows as often as these have twins among themselves. Both rates
    are estimated, hence Fisher's exact test between them.

    Parameters
    ----------
    tables : AttackTables
        Training records and synthetic rows.
    alpha : float, default 0.0045
        Level at which `smallest_leak` is told.

    Returns
    -------
    TwinsResult
        Shares in [0, 1]; equal is perfect.

    References
    ----------
    Fisher (1935), The design of experiments.
    """
    if tables.reason_without_holdout:
        return TwinsResult(reason=tables.reason_without_holdout)
    pool, synthetic = tables.everyone, tables.everything
    mine = pool.is_train
    records, persons = pool.table.row_hash()[mine], pool.persons[mine]
    _, kind = np.unique(records, return_inverse=True)
    # rows that one person holds twice are no coincidence
    people = np.unique(kind * (int(persons.max()) + 1) + persons) // (int(persons.max()) + 1)
    has_twin = np.bincount(people)[kind] > 1
    found = np.isin(narrowed(synthetic, tables.names).row_hash(), records)
    n, m, twins, copies = len(records), synthetic.n_rows, int(has_twin.sum()), int(found.sum())

    def tail(count: int) -> float:
        return hypergeometric_tail(count, m, count + twins, m + n)

    # more copies are never less significant
    least = bisect_left(range(m + 1), x=True, key=lambda count: tail(count) <= alpha)
    seen = least if least <= m else None
    return TwinsResult(
        copies / m, twins / n, tail(copies), None if seen is None else seen / m, copies, twins, n, m
    )


def exact_copies(tables: AttackTables, *, alpha: float = 0.0045, n_labellings: int = 999) -> CopiesResult:
    """Count real records that stand in the synthetic table, training beside holdout.

    The attacker holds a real record and looks it up. Of the K records of T ∪ H that have an identical row in
    S, the number that come from T is hypergeometric when labels mean nothing, however many rows of a coarse
    table are identical; with several records a person, people's labels are permuted instead.

    Parameters
    ----------
    tables : AttackTables
        Records and synthetic rows; all of them are compared.
    alpha : float, default 0.0045
        Level at which `smallest_leak` is told.
    n_labellings : int, default 999
        Permutations when people have several records.

    Returns
    -------
    CopiesResult
        Risk in [0, 1]; a risk equal to the control is perfect.

    References
    ----------
    Fisher (1935), The design of experiments (the exact test).
    """
    pool, synthetic = tables.everyone, tables.everything
    n_train, n_holdout = pool.n_train, pool.n_holdout
    sizes = CopiesResult(
        n_train=n_train,
        n_holdout=n_holdout,
        n_synthetic=synthetic.n_rows,
        n_shared_persons=pool.n_shared_persons,
    )
    if tables.reason:
        return replace(sizes, reason=tables.reason)
    records, made = pool.table.row_hash(), narrowed(synthetic, tables.names).row_hash()
    matched = np.isin(records, made)
    in_train, in_holdout = int(matched[pool.is_train].sum()), int(matched[~pool.is_train].sum())
    if pool.rows_are_persons:
        p_value = hypergeometric_tail(in_train, in_train + in_holdout, n_train, n_train + n_holdout)
    else:
        p_value = _permuted_p(pool, matched.astype(np.float64), n_labellings, tables.seed)
    size = min(n_train, n_holdout)
    found, thinned = zip(
        *(_found(made, records[side], size) for side in (pool.is_train, ~pool.is_train)), strict=True
    )
    told = [
        effective_trials(matched[side].astype(np.float64), pool.persons[side])
        for side in (pool.is_train, ~pool.is_train)
    ]
    low, high = clopper_pearson(in_train / n_train * told[0], told[0])
    control_low, control_high = clopper_pearson(in_holdout / n_holdout * told[1], told[1])
    return replace(
        sizes,
        risk=in_train / n_train,
        low=low,
        high=high,
        control=in_holdout / n_holdout,
        control_low=control_low,
        control_high=control_high,
        matched_train=in_train,
        matched_holdout=in_holdout,
        p_value=p_value,
        found_in_train=found[0],
        found_in_holdout=found[1],
        excess=thinned[0] - thinned[1],
        smallest_leak=_smallest_leak(pool, records, matched, alpha),
    )


def _permuted_p(pool: Candidates, matched: FloatArray, n_labellings: int, seed: int) -> float:
    shares = [
        labels @ matched / labels.sum(axis=1) - ~labels @ matched / (~labels).sum(axis=1)
        for labels in pool.labellings(n_labellings, generator(seed, "attacks", "copies"))
    ]
    statistic = np.concatenate(shares)
    # sums of the same numbers in another order are the same statistic
    return float((statistic >= statistic[0] - 1e-12).mean())


def _found(made: HashArray, real: HashArray, size: int) -> tuple[float, float]:
    """Give the share of synthetic rows found among the real ones, and that expected among `size` of them."""
    from scipy.special import gammaln

    levels, counts = np.unique(real, return_counts=True)
    place = np.minimum(np.searchsorted(levels, made), len(levels) - 1)
    held = np.where(levels[place] == made, counts[place], 0).astype(np.float64)
    spare = len(real) - held
    # chance that a random choice of `size` rows holds none of the identical ones
    logs = gammaln(spare + 1) - gammaln(np.maximum(spare - size, 0) + 1)
    logs -= gammaln(len(real) + 1) - gammaln(len(real) - size + 1)
    missed = np.where(spare >= size, np.exp(logs), 0.0)
    return float((held > 0).mean()), float(1 - missed.mean())


def _smallest_leak(pool: Candidates, records: HashArray, matched: BoolArray, alpha: float) -> int | None:
    """Give the fewest copied records that coincidence would rarely have hidden."""
    n_train, n_holdout = pool.n_train, pool.n_holdout
    in_holdout = int(matched[~pool.is_train].sum())
    chance = in_holdout / n_holdout
    # four times in five, coincidence alone matches at least this many training records
    others = chance * n_train - 0.842 * np.sqrt(n_train * chance * (1 - chance))
    # a copy of a record that was not matched yet matches its twins too, on both sides
    _, kind = np.unique(records, return_inverse=True)
    new = kind[pool.is_train & ~matched]
    twins, strangers = (
        float(np.bincount(kind, side)[new].mean()) if new.size else 0.0
        for side in (pool.is_train, ~pool.is_train)
    )

    def is_seen(leak: int) -> bool:
        fresh = leak * (1 - chance)
        in_train = min(n_train, int(others + fresh * twins))
        marked = in_train + min(n_holdout, round(in_holdout + fresh * strangers))
        return hypergeometric_tail(in_train, marked, n_train, n_train + n_holdout) <= alpha

    if not is_seen(n_train):
        return None
    low, high = 0, n_train
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_seen(middle) else (middle, high)
    return high
