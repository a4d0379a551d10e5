"""Records: what is told of copies, membership and closeness."""

from __future__ import annotations

from synthtab.attacks.copies import CopiesResult
from synthtab.attacks.distance import ClosenessResult
from synthtab.attacks.membership import MembershipResult, OperatingPoint, ScoredAttack
from synthtab.attacks.rates import rate_of_counts
from synthtab.auditing.checks import Finding, p_words
from synthtab.auditing.policy import Policy
from synthtab.auditing.privacy_words import (
    CHECKS,
    DO_NOT_RELEASE,
    Told,
    adjusted,
    count_words,
    is_shown,
    not_asked,
    percent_words,
    rate_score,
    rows_words,
    shown_rate,
    status_of,
)
from synthtab.metrics.base import metric
from synthtab.results import Attack, Score, Section, Status

__all__ = ["MEMBERSHIP_ASKED", "closeness_told", "copies_told", "membership_told"]

MEMBERSHIP_ASKED = "membership disclosure, as an expert panel asks to report (Patterns, 2025)"
_SCORES = {
    "DOMIAS, nearest neighbour": (
        "membership_auc",
        "compares its nearest synthetic with its nearest real row",
    ),
    "DOMIAS, fifth neighbour": ("membership_auc_k5", "compares the fifth nearest rows"),
    "GAN-leaks": ("membership_auc_gan_leaks", "measures how close the nearest synthetic row lies"),
    "LOGAN": ("membership_auc_logan", "trains a classifier of synthetic against real rows"),
    "Gen-LRA": (
        "membership_auc_gen_lra",
        "asks how much likelier the record makes the synthetic rows around",
    ),
    "RMIA": ("membership_auc_rmia", "compares its density ratio with those of people like it"),
}
_INSIDER = "somebody who holds the whole record"


# ---------------------------------------------------------------------- copies


def copies_told(found: CopiesResult, policy: Policy, cap: str) -> Told:
    """Tell of exact copies.

    Parameters
    ----------
    found : CopiesResult
        What was found.
    policy : Policy
        Budget and the smallest number of people that may be shown.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check, figures, attack.
    """
    if found.p_value is None:
        return Told(not_asked("STB801", found.reason))
    k, p_value = policy.k, adjusted(found.p_value, "STB801", policy)
    rate = rate_of_counts(found.matched_train, found.n_train, found.matched_holdout, found.n_holdout)
    shown = shown_rate(rate, k)
    words = (
        f"{count_words(found.matched_train, k, 'training rows')} stand in the synthetic table word for word, "
        f"{count_words(found.matched_holdout, k, 'holdout rows').lower()} do by coincidence "
        f"({p_words(p_value)})."
    )
    finding = Finding(
        "STB801",
        Section.PRIVACY,
        CHECKS["STB801"],
        value=shown.main,
        low=None if shown.main is None else found.low,
        high=None if shown.main is None else found.high,
        reference=shown.control,
        p_value=p_value,
        smallest_seen=None if found.smallest_leak is None else found.smallest_leak / max(found.n_train, 1),
        detail=words,
        remedy=f"{DO_NOT_RELEASE} Use a synthesizer that learns distributions, not rows; "
        "a differentially private one if the table leaves the house.",
        cap=cap,
    )
    attack = Attack(
        "Exact copies",
        _INSIDER,
        "the whole record",
        "looks for it, word for word",
        status_of(finding, policy),
        finding.value,
        finding.low,
        finding.high,
        shown.control,
        found.control_low if shown.control is not None else None,
        found.control_high if shown.control is not None else None,
        rows_words(found.smallest_leak, found.n_train, "copied rows"),
        "STB801",
        words,
    )
    enough = all(count == 0 or count >= k for count in (found.matched_train, found.matched_holdout))
    scores = (
        Score(
            Section.PRIVACY,
            "exact_copies",
            metric("exact_copies").version,
            (),
            found.excess,
            floor=0.0,
            chance=1.0,
            releasable=enough,
        ),
    )
    return Told(finding, scores if found.excess is not None else (), (attack,))


# ---------------------------------------------------------------------- membership


def membership_told(found: MembershipResult, policy: Policy, cap: str) -> Told:
    """Tell of membership inference and near copies.

    Parameters
    ----------
    found : MembershipResult
        What was found.
    policy : Policy
        Budget and the smallest number of people that may be shown.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check, figures, an attack a score and one for near copies.
    """
    primary = found.primary
    if found.p_value is None or primary is None:
        return Told(not_asked("STB802", found.reason))
    p_value = adjusted(found.p_value, "STB802", policy)
    is_leak = p_value <= policy.privacy
    where = "by their whole ranking" if found.where == "ranking" else f"among the {found.where}"
    words = (
        f"Training rows show by how close synthetic rows lie to them ({p_words(p_value)}), clearest by "
        f"{found.strongest}, {where}."
        if is_leak
        else f"The best of {len(found.attacks)} attacks tells training rows no better than exchanged labels "
        f"let it ({p_words(p_value)})."
    )
    finding = Finding(
        "STB802",
        Section.PRIVACY,
        CHECKS["STB802"],
        value=primary.auc,
        low=primary.low,
        high=primary.high,
        reference=0.5,
        p_value=p_value,
        smallest_seen=None if found.smallest_leak is None else found.smallest_leak / max(found.n_train, 1),
        detail=words,
        remedy=f"{DO_NOT_RELEASE} Look for copied or nearly copied rows; train less, or privately."
        if is_leak
        else "Colleagues may have it. Outside, a model trained less closely, or privately, gives less away.",
        cap=" ".join(part for part in (cap, _on_average(found, policy)) if part),
    )
    status, seen = status_of(finding, policy), rows_words(found.smallest_leak, found.n_train, "copied rows")
    near = found.near_copies
    assert near is not None
    attacks = [_scored_attack(item, status, seen, found, policy) for item in found.attacks]
    shown = shown_rate(near, policy.k)
    attacks.append(
        Attack(
            "Near copies",
            _INSIDER,
            "the whole record",
            "looks for a synthetic row five times closer than any other person",
            status,
            shown.main,
            shown.low,
            shown.high,
            shown.control,
            shown.control_low,
            shown.control_high,
            seen,
            "STB802",
            f"{count_words(round(near.hits_main), policy.k, 'training rows')} have a synthetic row so close; "
            f"{count_words(round(near.hits_control), policy.k, 'holdout rows').lower()} do by coincidence.",
        )
    )
    scores = [score for item in found.attacks for score in _membership_scores(item, found, policy.k)]
    return Told(finding, (*scores, rate_score("near_copies", near, policy.k)), tuple(attacks))


def _on_average(found: MembershipResult, policy: Policy) -> str:
    """Say that training rows look more like members on the whole, when they do."""
    if found.p_overall is None or adjusted(found.p_overall, "STB802", policy) > policy.privacy:
        return ""
    item = next(item for item in found.attacks if item.name == found.strongest_overall)
    return (
        "On average training rows look slightly more like it than others (area under the curve "
        f"{item.auc:.3f} by {item.name}): it follows them closely, yet tells nobody for sure."
    )


def _scored_attack(
    item: ScoredAttack, status: Status, seen: str, found: MembershipResult, policy: Policy
) -> Attack:
    does = _SCORES[item.name][1]
    area = f"Area under the curve {item.auc:.3f} [{item.low:.3f}, {item.high:.3f}]; 0.5 is guessing."
    own = (
        f" Its own evidence, beside all others: {p_words(item.p_value)}." if item.p_value is not None else ""
    )
    point = next((point for point in item.points if point.allowed == 0.01), None)  # noqa: PLR2004 - one percent
    base = (f"Membership: {item.name}", _INSIDER, "the whole record", does, status)
    if point is None or not is_shown(round(point.tpr * found.n_train), found.n_train, policy.k):
        return Attack(
            *base,
            item.auc,
            item.low,
            item.high,
            0.5,
            smallest_seen=seen,
            code="STB802",
            reason=f"{area}{own}",
            asked_by=MEMBERSHIP_ASKED,
        )
    measured = _is_alarm_rate_shown(point, found.n_holdout, policy.k)
    ten = next((other for other in item.points if other.allowed == 0.10), None)  # noqa: PLR2004 - ten percent
    enough = ten is not None and is_shown(round(ten.tpr * found.n_train), found.n_train, policy.k)
    at_ten = f" At 10 % false alarms {percent_words(ten.tpr)}." if ten is not None and enough else ""
    return Attack(
        f"Membership at 1 % false alarms: {item.name}",
        *base[1:],
        point.tpr,
        point.low,
        point.high,
        point.fpr if measured else point.allowed,
        point.fpr_low if measured else None,
        point.fpr_high if measured else None,
        seen,
        "STB802",
        f"{area}{at_ten}{own}",
        MEMBERSHIP_ASKED,
    )


def _is_alarm_rate_shown(point: OperatingPoint, n_holdout: int, k: int) -> bool:
    """Say whether enough people stand behind the rate measured on the rest of the holdout."""
    return point.fpr * n_holdout / 2 >= k


def _membership_scores(item: ScoredAttack, found: MembershipResult, k: int) -> list[Score]:
    name = _SCORES[item.name][0]
    scores = [
        Score(
            Section.PRIVACY,
            name,
            metric(name).version,
            (),
            item.auc,
            item.low,
            item.high,
            floor=0.5,
            chance=1.0,
        )
    ]
    if name != "membership_auc":
        return scores
    for point in item.points:
        rate = f"membership_tpr_at_{100 * point.allowed:g}fpr".replace(".", "_")
        scores.append(
            Score(
                Section.PRIVACY,
                rate,
                metric(rate).version,
                (),
                point.tpr,
                point.low,
                point.high,
                floor=point.allowed,
                chance=1.0,
                excess=point.tpr - point.allowed,
                releasable=is_shown(round(point.tpr * found.n_train), found.n_train, k),
            )
        )
    return scores


# ---------------------------------------------------------------------- closeness, a description


def closeness_told(found: ClosenessResult) -> Told:
    """Tell of DCR and NNDR.

    Parameters
    ----------
    found : ClosenessResult
        What was found.

    Returns
    -------
    Told
        A note: it decides nothing.
    """
    if found.dcr_share is None:
        return Told(not_asked("STB803", found.reason))
    note = "Description only: 5 % of copied rows hardly move this figure, so it decides nothing."
    finding = Finding(
        "STB803",
        Section.PRIVACY,
        CHECKS["STB803"],
        value=found.dcr_share,
        low=found.dcr_low,
        high=found.dcr_high,
        reference=found.dcr_null,
        note=note,
    )
    scores = [
        Score(
            Section.PRIVACY,
            "dcr_share",
            metric("dcr_share").version,
            (),
            found.dcr_share,
            found.dcr_low,
            found.dcr_high,
            floor=found.dcr_null,
            chance=1.0,
        )
    ]
    if found.nndr_train is not None:
        scores.append(
            Score(
                Section.PRIVACY,
                "nndr",
                metric("nndr").version,
                (),
                found.nndr_train,
                floor=found.nndr_holdout,
            )
        )
    attack = Attack(
        "Closer to training rows (DCR share)",
        "nobody: a figure that readers expect",
        "every training row",
        "compares distances",
        Status.NOTE,
        found.dcr_share,
        found.dcr_low,
        found.dcr_high,
        found.dcr_null,
        found.dcr_null_low,
        found.dcr_null_high,
        "about 10 % copied rows",
        "STB803",
        "Quoted because readers expect it; it decides nothing.",
    )
    return Told(finding, tuple(scores), (attack,))
