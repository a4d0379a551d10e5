"""Privacy: what the synthetic table gives away about the people it was learned from, by attack."""

from __future__ import annotations

from synthtab.attacks.copies import CopiesResult, exact_copies
from synthtab.attacks.distance import ClosenessResult, closest_records
from synthtab.attacks.membership import MembershipResult, OperatingPoint, membership_inference
from synthtab.auditing.checks import Finding, p_words
from synthtab.auditing.normal import one_sided_p
from synthtab.auditing.policy import Policy
from synthtab.auditing.tables import AuditTables
from synthtab.metrics.base import metric
from synthtab.metrics.detection import classifier_two_sample_test
from synthtab.results import Attack, Score, Section, Status

__all__ = ["measure_privacy"]

_COPIES = ("STB801", "exact copies of training rows")
_MEMBERSHIP = ("STB802", "membership inference")
_CLOSENESS = ("STB803", "closer to training than to holdout rows")
_BLIND = ("STB804", "training told from holdout rows without it")
_TESTS = 2
_BLIND_LEVEL = 0.005

Measured = tuple[tuple[Finding, ...], tuple[Score, ...], tuple[Attack, ...]]


def measure_privacy(tables: AuditTables, policy: Policy, seed: int) -> Measured:
    """Attack the people behind the table, each time beside people who are not in it.

    Parameters
    ----------
    tables : AuditTables
        The tables; without a holdout nothing can be told from coincidence.
    policy : Policy
        Error budget and the smallest number of people that may be shown.
    seed : int
        Seed of every draw.

    Returns
    -------
    tuple
        Unjudged checks, scores, and the attacks as a report tells them.
    """
    holdout = tables.holdout
    if holdout is None:
        return _nothing("there is no holdout: copies cannot be told from coincidence", ())
    blind = classifier_two_sample_test(
        holdout.rows,
        tables.train.rows,
        tables.columns,
        real_persons=holdout.people,
        synthetic_persons=tables.train.people,
        seed=seed,
        n_bootstrap=100,
    )
    blind_scores: tuple[Score, ...] = ()
    blind_words = "Too few rows to try."
    if blind.auc is not None and blind.z is not None:
        version = metric("blind_auc").version
        blind_scores = (
            Score(
                Section.PRIVACY,
                "blind_auc",
                version,
                (),
                blind.auc,
                blind.low,
                blind.high,
                floor=0.5,
                chance=1.0,
            ),
        )
        blind_words = "Training and holdout rows cannot be told apart by themselves, as it should be."
        if one_sided_p(blind.z) <= _BLIND_LEVEL:
            why = "training and holdout rows can be told apart without the synthetic table: no random split"
            return _nothing(why, blind_scores)
    baseline = Finding(
        *_with_section(_BLIND),
        value=blind.auc,
        low=blind.low,
        high=blind.high,
        reference=0.5,
        note=blind_words,
    )
    alpha = policy.privacy / _TESTS
    train = tables.train
    copies = exact_copies(
        train.rows,
        holdout.rows,
        tables.synthetic.rows,
        tables.columns,
        train_persons=train.people,
        holdout_persons=holdout.people,
        alpha=alpha,
        seed=seed,
    )
    members = membership_inference(
        train.rows,
        holdout.rows,
        tables.synthetic.rows,
        tables.columns,
        train_persons=train.people,
        holdout_persons=holdout.people,
        alpha=alpha,
        seed=seed,
    )
    close = closest_records(
        train.rows,
        holdout.rows,
        tables.synthetic.rows,
        tables.columns,
        train_persons=train.people,
        holdout_persons=holdout.people,
        seed=seed,
    )
    findings = (
        _copies_finding(copies, policy.k),
        _membership_finding(members, policy),
        _closeness_finding(close),
        baseline,
    )
    attacks = (
        _copies_attack(copies, policy, findings[0]),
        *_membership_attacks(members, policy, findings[1]),
        _closeness_attack(close),
    )
    scores = (
        *_copies_scores(copies, policy.k),
        *_membership_scores(members),
        *_closeness_scores(close),
        *blind_scores,
    )
    return findings, scores, attacks


def _with_section(check: tuple[str, str]) -> tuple[str, Section, str]:
    return check[0], Section.PRIVACY, check[1]


def _nothing(why: str, scores: tuple[Score, ...]) -> Measured:
    findings = tuple(
        Finding(*_with_section(check), not_applicable=why) for check in (_COPIES, _MEMBERSHIP, _CLOSENESS)
    )
    attack = Attack(
        "All attacks", "–", "–", None, None, None, None, "nothing", Status.NOT_APPLICABLE, f"{why}."
    )
    return findings, scores, (attack,)


# ---------------------------------------------------------------------- copies


def _copies_finding(found: CopiesResult, k: int) -> Finding:
    if found.p_value is None:
        return Finding(*_with_section(_COPIES), not_applicable=found.reason)
    risk, low, high = _shown(found.risk, found.low, found.high, found.matched_train, k)
    control = _shown(found.control, None, None, found.matched_holdout, k)[0]
    p_value = min(1.0, _TESTS * found.p_value)
    words = (
        _count_words(found.matched_train, k, "training rows")
        + " stand in the synthetic table word for word, "
    )
    words += (
        _count_words(found.matched_holdout, k, "holdout rows").lower()
        + f" do by coincidence ({p_words(p_value)})."
    )
    smallest = None if found.smallest_leak is None else found.smallest_leak / max(found.n_train, 1)
    return Finding(
        *_with_section(_COPIES),
        value=risk,
        low=low,
        high=high,
        reference=control,
        p_value=p_value,
        smallest_seen=smallest,
        detail=words,
        remedy="Do not release this table. Use a synthesizer that learns distributions, not rows; "
        "a differentially private one if the table leaves the house.",
    )


def _shown(
    value: float | None, low: float | None, high: float | None, count: int, k: int
) -> tuple[float | None, float | None, float | None]:
    """Withhold a rate that rests on a few people; that there is nobody may be said."""
    return (value, low, high) if count == 0 or count >= k else (None, None, None)


def _count_words(count: int, k: int, what: str) -> str:
    if count == 0:
        return f"No {what}"
    return f"{count:,} {what}" if count >= k else f"Fewer than {k} {what}"


def _copies_scores(found: CopiesResult, k: int) -> tuple[Score, ...]:
    if found.excess is None:
        return ()
    enough = all(count == 0 or count >= k for count in (found.matched_train, found.matched_holdout))
    version = metric("exact_copies").version
    return (
        Score(
            Section.PRIVACY,
            "exact_copies",
            version,
            (),
            found.excess,
            floor=0.0,
            chance=1.0,
            releasable=enough,
        ),
    )


def _copies_attack(found: CopiesResult, policy: Policy, finding: Finding) -> Attack:
    if found.p_value is None:
        return Attack(
            "Exact copies",
            "a whole record",
            "looks it up",
            None,
            None,
            None,
            None,
            "–",
            Status.NOT_APPLICABLE,
            found.reason,
        )
    assert finding.p_value is not None
    return Attack(
        name="Exact copies",
        knows="a whole record",
        does="looks for it, word for word",
        risk=finding.value,
        low=finding.low,
        high=finding.high,
        control=finding.reference,
        smallest_seen=_rows_words(found.smallest_leak, found.n_train, "copied rows"),
        status=Status.FAIL if finding.p_value <= policy.privacy else Status.PASS,
        reason=finding.detail,
    )


def _rows_words(count: int | None, total: int, what: str) -> str:
    if count is None or not total:
        return "cannot see any at this size"
    return f"{count:,} {what} ({100 * count / total:.2g} %)"


# ---------------------------------------------------------------------- membership


def _membership_finding(found: MembershipResult, policy: Policy) -> Finding:
    if found.p_value is None:
        return Finding(*_with_section(_MEMBERSHIP), not_applicable=found.reason)
    p_value = min(1.0, _TESTS * found.p_value)
    where = f", strongest among the {found.strongest}" if found.strongest.startswith("top") else ""
    smallest = None if found.smallest_leak is None else found.smallest_leak / max(found.n_train, 1)
    return Finding(
        *_with_section(_MEMBERSHIP),
        value=found.auc,
        low=found.low,
        high=found.high,
        reference=0.5,
        p_value=p_value,
        smallest_seen=smallest,
        detail=f"Training rows show by how close synthetic rows lie to them ({p_words(p_value)}{where})."
        if p_value <= policy.privacy
        else f"Training rows are no closer to synthetic rows than holdout rows are ({p_words(p_value)}).",
        remedy="Do not release this table. Look for copied or nearly copied rows; train less, or privately.",
    )


def _membership_scores(found: MembershipResult) -> tuple[Score, ...]:
    if found.auc is None:
        return ()
    version = metric("membership_auc").version
    scores = [
        Score(
            Section.PRIVACY,
            "membership_auc",
            version,
            (),
            found.auc,
            found.low,
            found.high,
            floor=0.5,
            chance=1.0,
        )
    ]
    for point in found.points:
        name = f"membership_tpr_at_{round(100 * point.allowed)}fpr"
        scores.append(
            Score(
                Section.PRIVACY,
                name,
                metric(name).version,
                (),
                point.tpr,
                point.low,
                point.high,
                floor=point.allowed,
                chance=1.0,
                excess=point.tpr - point.allowed,
            )
        )
    return tuple(scores)


def _membership_attacks(found: MembershipResult, policy: Policy, finding: Finding) -> tuple[Attack, ...]:
    does = "measures how close synthetic rows lie to it"
    if found.p_value is None:
        return (
            Attack(
                "Membership",
                "a whole record",
                does,
                None,
                None,
                None,
                None,
                "–",
                Status.NOT_APPLICABLE,
                found.reason,
            ),
        )
    assert finding.p_value is not None
    status = Status.FAIL if finding.p_value <= policy.privacy else Status.PASS
    seen = _rows_words(found.smallest_leak, found.n_train, "copied rows")
    if not found.points:
        return (
            Attack(
                "Membership",
                "a whole record",
                does,
                found.auc,
                found.low,
                found.high,
                0.5,
                seen,
                status,
                finding.detail,
            ),
        )
    return tuple(
        Attack(
            name=f"Membership at {100 * point.allowed:.0f} % false alarms",
            knows="a whole record",
            does=does,
            risk=point.tpr,
            low=point.low,
            high=point.high,
            control=_false_alarms(point, found.n_holdout, policy.k),
            smallest_seen=seen,
            status=status,
            reason=finding.detail,
        )
        for point in found.points
    )


def _false_alarms(point: OperatingPoint, n_holdout: int, k: int) -> float:
    """Give the rate measured on the rest of the holdout, or the nominal one when few stand behind it."""
    return point.fpr if point.fpr * n_holdout / 2 >= k else point.allowed


# ---------------------------------------------------------------------- closeness, a description


def _closeness_finding(found: ClosenessResult) -> Finding:
    if found.dcr_share is None:
        return Finding(*_with_section(_CLOSENESS), not_applicable=found.reason)
    return Finding(
        *_with_section(_CLOSENESS),
        value=found.dcr_share,
        low=found.dcr_low,
        high=found.dcr_high,
        reference=found.dcr_null,
        note="Description only: 5 % of copied rows hardly move this figure, so it decides nothing.",
    )


def _closeness_scores(found: ClosenessResult) -> tuple[Score, ...]:
    if found.dcr_share is None:
        return ()
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
    return tuple(scores)


def _closeness_attack(found: ClosenessResult) -> Attack:
    status = Status.NOTE if found.dcr_share is not None else Status.NOT_APPLICABLE
    return Attack(
        "Closer to training rows (DCR share)",
        "every training row",
        "compares distances",
        found.dcr_share,
        found.dcr_low,
        found.dcr_high,
        found.dcr_null,
        "about 10 % copied rows",
        status,
        "Quoted because readers expect it; it decides nothing.",
    )
