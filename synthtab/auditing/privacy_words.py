"""What privacy checks say, and what they withhold: words, and rates that enough people stand behind."""

from __future__ import annotations

from dataclasses import dataclass, field

from synthtab.attacks.rates import ComparedRate
from synthtab.auditing.checks import Finding
from synthtab.auditing.policy import Policy
from synthtab.metrics.base import metric
from synthtab.results import Attack, Score, Section, Status

__all__ = [
    "CHECKS",
    "DO_NOT_RELEASE",
    "ShownRate",
    "Told",
    "adjusted",
    "count_words",
    "is_shown",
    "not_asked",
    "percent_words",
    "rate_score",
    "rows_words",
    "shown_rate",
    "status_of",
]

DO_NOT_RELEASE = "Do not release this table."
CHECKS = {
    "STB801": "exact copies of training rows",
    "STB802": "membership inference",
    "STB803": "closer to training than to holdout rows",
    "STB804": "training told from holdout rows without it",
    "STB805": "attribute inference",
    "STB806": "linkability",
    "STB807": "singling out",
    "STB808": "quasi-identifier cells",
    "STB809": "single people who stand alone",
    "STB810": "values that only a few people hold",
    "STB811": "lower bound of epsilon",
    "STB812": "shadow models of the most isolated people",
}


@dataclass(frozen=True)
class Told:
    """What is told of one family of attacks.

    Parameters
    ----------
    finding : Finding
        The check, not yet judged.
    scores : tuple of Score
        Figures.
    attacks : tuple of Attack
        Rows of the report.
    """

    finding: Finding
    scores: tuple[Score, ...] = ()
    attacks: tuple[Attack, ...] = ()


@dataclass(frozen=True)
class ShownRate:
    """A rate beside its control, withheld where too few people stand behind it.

    Parameters
    ----------
    main, low, high : float or None
        Success on people in the table and its 95 % interval.
    control, control_low, control_high : float or None
        The same on people who are not.
    """

    main: float | None = field(default=None)
    low: float | None = field(default=None)
    high: float | None = field(default=None)
    control: float | None = field(default=None)
    control_low: float | None = field(default=None)
    control_high: float | None = field(default=None)


def adjusted(p_value: float, code: str, policy: Policy) -> float:
    """Bring a p-value to the budget that all privacy checks share.

    Parameters
    ----------
    p_value : float
        Of the check alone.
    code : str
        The check.
    policy : Policy
        Its part of the budget.

    Returns
    -------
    float
        From 0 to 1; to be held against the whole budget.
    """
    return min(1.0, p_value / policy.privacy_share(code))


def is_shown(hits: float, trials: float, k: int) -> bool:
    """Say whether a rate may be printed: nobody or everybody, or enough people on either side of it.

    Parameters
    ----------
    hits, trials : float
        How often, out of how many.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    bool
        Whether no handful of people can be read off.
    """
    return all(count == 0 or count >= k for count in (hits, trials - hits))


def shown_rate(rate: ComparedRate, k: int) -> ShownRate:
    """Give a rate without what rests on too few people.

    Parameters
    ----------
    rate : ComparedRate
        What an attack achieved.
    k : int
        Smallest number of people that may be shown.

    Returns
    -------
    ShownRate
        Each side for itself.
    """
    main = is_shown(rate.hits_main, rate.n_main, k) and rate.n_main >= k
    control = is_shown(rate.hits_control, rate.n_control, k) and rate.n_control >= k
    return ShownRate(
        *((rate.main, rate.low, rate.high) if main else (None, None, None)),
        *((rate.control, rate.control_low, rate.control_high) if control else (None, None, None)),
    )


def rate_score(name: str, rate: ComparedRate, k: int, columns: tuple[str, ...] = ()) -> Score:
    """Give the figure of a rate, its control as what fresh data would have.

    Parameters
    ----------
    name : str
        Metric.
    rate : ComparedRate
        What an attack achieved.
    k : int
        Smallest number of people that may be shown.
    columns : tuple of str
        Column that it is about, if any.

    Returns
    -------
    Score
        Not releasable where too few people stand behind either side.
    """
    shown = shown_rate(rate, k)
    return Score(
        Section.PRIVACY,
        name,
        metric(name).version,
        columns,
        rate.main,
        rate.low,
        rate.high,
        floor=rate.control,
        chance=1.0,
        excess=rate.main - rate.control,
        releasable=shown.main is not None and shown.control is not None,
    )


def not_asked(code: str, why: str) -> Finding:
    """Say that a check could not be asked.

    Parameters
    ----------
    code : str
        The check.
    why : str
        Reason, in words that continue "Not applicable: …".

    Returns
    -------
    Finding
        Not applicable.
    """
    return Finding(code, Section.PRIVACY, CHECKS[code], not_applicable=why)


def status_of(finding: Finding, policy: Policy) -> Status:
    """Give the answer that attacks of one check share.

    Parameters
    ----------
    finding : Finding
        The check.
    policy : Policy
        The privacy budget.

    Returns
    -------
    Status
        fail, warn, pass, note or not_applicable.
    """
    if finding.not_applicable:
        return Status.NOT_APPLICABLE
    if finding.note or finding.p_value is None:
        return Status.NOTE
    if finding.p_value <= policy.privacy:
        return Status.FAIL
    return Status.WARN if finding.cap or finding.smallest_seen is None else Status.PASS


def count_words(count: int, k: int, what: str) -> str:
    """Say how many people, unless too few.

    Parameters
    ----------
    count : int
        How many.
    k : int
        Smallest number that may be shown.
    what : str
        Of what.

    Returns
    -------
    str
        The number, ``No …``, or ``Fewer than k …``.
    """
    if count == 0:
        return f"No {what}"
    return f"{count:,} {what}" if count >= k else f"Fewer than {k} {what}"


def rows_words(count: int | None, total: int, what: str) -> str:
    """Say how small a leak would have been seen.

    Parameters
    ----------
    count : int or None
        Rows; None when no number would have been.
    total : int
        Training rows.
    what : str
        Of what.

    Returns
    -------
    str
        E.g. ``14 copied rows (0.8 %)``.
    """
    if count is None or not total:
        return "cannot see any at this size"
    return f"{count:,} {what} ({100 * count / total:.2g} %)"


def percent_words(share: float) -> str:
    """Say a share in percent, two digits.

    Parameters
    ----------
    share : float
        From 0 to 1.

    Returns
    -------
    str
        E.g. ``1.6 %``.
    """
    if abs(share) >= 0.995:  # noqa: PLR2004 - two digits would make it a hundred
        return f"{100 * share:.3g} %"
    return f"{100 * share:.2g} %"
