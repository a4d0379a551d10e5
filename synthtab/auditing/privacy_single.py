"""Single people: what is told of those who stand alone, of shadow models, and of the bound of epsilon."""

from __future__ import annotations

from synthtab.attacks.epsilon import EpsilonBound
from synthtab.attacks.isolated import IsolatedResult
from synthtab.attacks.shadow import ShadowResult
from synthtab.auditing.checks import Finding, p_words
from synthtab.auditing.epsilon import epsilon_result
from synthtab.auditing.policy import Policy
from synthtab.auditing.privacy_records import MEMBERSHIP_ASKED
from synthtab.auditing.privacy_words import (
    CHECKS,
    DO_NOT_RELEASE,
    Told,
    adjusted,
    not_asked,
    percent_words,
    status_of,
)
from synthtab.metrics.base import metric
from synthtab.results import Attack, Score, Section

__all__ = ["epsilon_told", "isolated_told", "shadow_told"]


def isolated_told(found: IsolatedResult, n_train: int, policy: Policy, cap: str) -> Told:
    """Tell of single isolated people.

    Parameters
    ----------
    found : IsolatedResult
        What was found.
    n_train : int
        Training rows.
    policy : Policy
        Budget.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check and attack; no figure of anybody.
    """
    if found.p_value is None:
        return Told(not_asked("STB809", found.reason))
    p_value = adjusted(found.p_value, "STB809", policy)
    is_leak = p_value <= policy.privacy
    words = (
        f"A synthetic row is a copy, or nearly one, of somebody who stands alone ({p_words(p_value)}). If "
        "the source holds people twice, look there first."
        if is_leak
        else f"No synthetic row lies closer to somebody who stands alone than people lie to each other "
        f"({p_words(p_value)})."
    )
    ratio = found.smallest_ratio
    finding = Finding(
        "STB809",
        Section.PRIVACY,
        CHECKS["STB809"],
        p_value=p_value,
        smallest_seen=None if ratio is None else 1 / max(n_train, 1),
        detail=words
        if ratio is not None or is_leak
        else f"{words} In tables as coarse as these people coincide: one copied person would not be seen.",
        remedy=f"{DO_NOT_RELEASE} Find the row in the internal list of vulnerable rows; guard or drop it.",
        cap=cap,
    )
    seen = "cannot see any at this size"
    if ratio is not None:
        seen = f"one row, at {percent_words(ratio)} of the distance to the next person"
    attack = Attack(
        "A single person who stands alone",
        "somebody who knows one unusual person",
        "the whole record",
        "asks whether a synthetic row lies beside it, where nobody else does",
        status_of(finding, policy),
        smallest_seen=seen,
        code="STB809",
        reason=words,
    )
    if found.distance_ratio is None:
        return Told(finding, attacks=(attack,))
    name = "isolated_ratio"
    # the distance of one person's record is for internal eyes
    score = Score(
        Section.PRIVACY, name, metric(name).version, (), found.distance_ratio, chance=0.0, releasable=False
    )
    return Told(finding, (score,), (attack,))


def epsilon_told(bound: EpsilonBound) -> Told:
    """Tell of the lower bound of epsilon from pairs of training and holdout records.

    Parameters
    ----------
    bound : EpsilonBound
        The bound.

    Returns
    -------
    Told
        A note: zero is no evidence of privacy.
    """
    if bound.epsilon is None:
        return Told(not_asked("STB811", bound.reason))
    said = epsilon_result("paired", "replace one", bound, None).sentence
    finding = Finding(
        "STB811", Section.PRIVACY, CHECKS["STB811"], value=bound.epsilon, reference=0.0, note=said
    )
    name = "epsilon_lower_bound"
    score = Score(Section.PRIVACY, name, metric(name).version, (), bound.epsilon, floor=0.0, chance=bound.cap)
    return Told(finding, (score,))


def shadow_told(found: ShadowResult | None, policy: Policy, cap: str) -> Told | None:
    """Tell of shadow models.

    Parameters
    ----------
    found : ShadowResult or None
        What was found; None when none were asked for.
    policy : Policy
        Budget.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told or None
        Check, figure, attack; None when none were asked for.
    """
    if found is None:
        return None
    if found.p_value is None or found.auc is None:
        return Told(not_asked("STB812", found.reason))
    p_value = adjusted(found.p_value, "STB812", policy)
    words = (
        f"Over {found.fits} fits with and without each of {found.n_targets} people who stand most alone, an "
        f"attacker tells which they were in with an area under the curve of {found.auc:.2f} "
        f"({p_words(p_value)})."
    )
    finding = Finding(
        "STB812",
        Section.PRIVACY,
        CHECKS["STB812"],
        value=found.auc,
        low=found.low,
        high=found.high,
        reference=0.5,
        p_value=p_value,
        smallest_seen=found.smallest_auc,
        detail=words,
        remedy="This synthesizer shows whether such people were in: guard or drop them, or fit privately.",
        cap=cap,
    )
    seen = "cannot see any with so few fits"
    if found.smallest_auc is not None:
        seen = f"an area under the curve of {found.smallest_auc:.2f}"
    attack = Attack(
        "Shadow models",
        "somebody who has the synthesizer, and data like yours",
        "the whole record, and what the table was made with",
        "fits it with and without the record, and compares",
        status_of(finding, policy),
        found.auc,
        found.low,
        found.high,
        0.5,
        smallest_seen=seen,
        code="STB812",
        reason=words,
        asked_by=MEMBERSHIP_ASKED,
    )
    name = "shadow_auc"
    score = Score(
        Section.PRIVACY,
        name,
        metric(name).version,
        (),
        found.auc,
        found.low,
        found.high,
        floor=0.5,
        chance=1.0,
    )
    return Told(finding, (score,), (attack,))
