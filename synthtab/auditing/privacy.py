"""Privacy: what the synthetic table gives away about the people it was learned from, by attack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthtab.attacks.copies import own_twins
from synthtab.attacks.isolated import isolated_records
from synthtab.attacks.knowledge import attacker_knowledge
from synthtab.attacks.quasi_identifiers import quasi_identifiers
from synthtab.attacks.rare_values import rare_values
from synthtab.attacks.record_scores import density_ratio
from synthtab.attacks.tables import AttackTables
from synthtab.auditing.battery import Battery, Refit, attack_tables, run_battery, shadow_attack
from synthtab.auditing.blind import NO_RANDOM_SPLIT, blind_baseline, is_told_apart
from synthtab.auditing.checks import Finding, p_words
from synthtab.auditing.policy import Policy
from synthtab.auditing.privacy_people import (
    attributes_told,
    cells_told,
    linkability_told,
    rare_values_told,
    singling_out_told,
)
from synthtab.auditing.privacy_records import closeness_told, copies_told, membership_told
from synthtab.auditing.privacy_single import epsilon_told, isolated_told, shadow_told
from synthtab.auditing.privacy_words import (
    CHECKS,
    DO_NOT_RELEASE,
    Told,
    adjusted,
    count_words,
    is_shown,
    not_asked,
    percent_words,
)
from synthtab.auditing.tables import AuditTables
from synthtab.metrics.base import metric
from synthtab.metrics.detection import DetectionResult
from synthtab.results import Attack, Score, Section, Status, VulnerableRecord

__all__ = ["PrivacyMeasured", "measure_privacy"]

_MOST_VULNERABLE = 1_000
_NO_HOLDOUT = "there is no holdout: what training people give away cannot be told from what anybody would"
_NOT_JUDGED = "Without people who were not in training this can only warn."
_MANY_SHARED = 0.05
# what needs labels that could have been exchanged
_NEED_EXCHANGE = ("STB802", "STB803", "STB805", "STB806", "STB807", "STB808", "STB811")


@dataclass(frozen=True)
class PrivacyMeasured:
    """What attacks found.

    Parameters
    ----------
    findings : tuple of Finding
        Checks, not yet judged.
    scores : tuple of Score
        Figures.
    attacks : tuple of Attack
        Rows of the report.
    vulnerable : tuple of VulnerableRecord
        Training rows that stand most alone: internal.
    rare_values_stand : bool
        Whether a level that only a few people hold, and that is not public, stands in the table.
    limits : tuple of str
        What could not be said, in sentences.
    """

    findings: tuple[Finding, ...]
    scores: tuple[Score, ...] = ()
    attacks: tuple[Attack, ...] = ()
    vulnerable: tuple[VulnerableRecord, ...] = ()
    rare_values_stand: bool = False
    limits: tuple[str, ...] = ()


def measure_privacy(
    tables: AuditTables, policy: Policy, seed: int, *, thorough: bool = False, refit: Refit | None = None
) -> PrivacyMeasured:
    """Attack the people behind the table, each time beside people who are not in it.

    Parameters
    ----------
    tables : AuditTables
        The tables; without a holdout little can be told from coincidence.
    policy : Policy
        Error budget and the smallest number of people that may be shown.
    seed : int
        Seed of every draw.
    thorough : bool, default False
        Whether to add the slower membership scores.
    refit : Refit, optional
        How to fit shadow models, if asked for.

    Returns
    -------
    PrivacyMeasured
        Unjudged checks, scores, and the attacks as a report tells them.
    """
    attacked = attack_tables(tables, seed)
    if tables.holdout is None:
        return _without_holdout(attacked, tables, policy, None, refit)
    blind = blind_baseline(tables.train, tables.holdout, tables.columns, seed)
    if is_told_apart(blind):
        return _without_holdout(attacked, tables, policy, blind, refit)
    battery = run_battery(attacked, tables, policy, thorough=thorough, refit=refit)
    cap, limits = _people_in_both(battery, tables, policy)
    told = _told(battery, policy, cap)
    return PrivacyMeasured(
        (*(item.finding for item in told), _blind_finding(blind)),
        (*(score for item in told for score in item.scores), *_blind_scores(blind)),
        tuple(attack for item in told for attack in item.attacks),
        _vulnerable(attacked, tables),
        bool(battery.rare.shared),
        (*limits, *_sampled(attacked)),
    )


def _told(battery: Battery, policy: Policy, cap: str) -> list[Told]:
    n_train = battery.tables.everyone.n_train
    told = [
        copies_told(battery.copies, policy, cap),
        membership_told(battery.members, policy, cap),
        attributes_told(battery.attributes, battery.joint, policy, cap),
        linkability_told(battery.links, battery.joint, policy, cap),
        singling_out_told(battery.singled, battery.joint, policy, cap),
        cells_told(battery.cells, battery.joint, battery.knowledge, policy, cap),
        isolated_told(battery.isolated, n_train, policy, cap),
        rare_values_told(battery.rare, policy, cap),
        closeness_told(battery.close),
        epsilon_told(battery.epsilon),
    ]
    shadow = shadow_told(battery.shadow, policy, cap)
    return told if shadow is None else [*told, shadow]


# ---------------------------------------------------------------------- people on both sides


def _people_in_both(battery: Battery, tables: AuditTables, policy: Policy) -> tuple[str, tuple[str, ...]]:
    """Say which people stand in training and holdout: why checks can warn at best, and what limits to add."""
    if tables.on_both_sides:
        words = (
            f"The column {tables.on_both_sides[0]} looks like a person, and the same ones stand in training "
            "and holdout: name it as the unit of the schema, and split by it."
        )
        return words, (words,)
    shared = battery.tables.everyone.n_shared_persons
    if not shared:
        return "", ()
    pool = battery.tables.everyone
    people = len(np.unique(pool.persons[pool.is_train]))
    words = (
        f"{count_words(shared, policy.k, 'people')} stand in training and holdout and were left out of every "
        "attack: split by person."
    )
    return (words if shared > _MANY_SHARED * (shared + people) else ""), (words,)


def _sampled(attacked: AttackTables) -> tuple[str, ...]:
    if not attacked.is_sampled:
        return ()
    return (
        (
            f"Distances were looked up among {attacked.pool.table.n_rows:,} real and "
            f"{attacked.made.n_rows:,} synthetic rows, seeded samples of {attacked.everyone.table.n_rows:,} "
            f"and {attacked.everything.n_rows:,}."
        ),
    )


# ---------------------------------------------------------------------- the blind baseline


def _blind_scores(blind: DetectionResult) -> tuple[Score, ...]:
    if blind.auc is None:
        return ()
    name = "blind_auc"
    return (
        Score(
            Section.PRIVACY,
            name,
            metric(name).version,
            (),
            blind.auc,
            blind.low,
            blind.high,
            floor=0.5,
            chance=1.0,
        ),
    )


def _blind_finding(blind: DetectionResult) -> Finding:
    words = "Training and holdout rows cannot be told apart by themselves, as it should be."
    if is_told_apart(blind):
        words = f"{NO_RANDOM_SPLIT[0].upper()}{NO_RANDOM_SPLIT[1:]}."
    return Finding(
        "STB804",
        Section.PRIVACY,
        CHECKS["STB804"],
        value=blind.auc,
        low=blind.low,
        high=blind.high,
        reference=0.5,
        note=words if blind.auc is not None else "Too few rows to try.",
    )


# ---------------------------------------------------------------------- without people to compare with


def _without_holdout(
    attacked: AttackTables,
    tables: AuditTables,
    policy: Policy,
    blind: DetectionResult | None,
    refit: Refit | None,
) -> PrivacyMeasured:
    """Say what can be said of training rows alone: twins among themselves, rare values, small cells."""
    why = _NO_HOLDOUT if blind is None else NO_RANDOM_SPLIT
    baseline = () if blind is None else (_blind_finding(blind),)
    scores = () if blind is None else _blind_scores(blind)
    copies, copies_attack = _own_copies(attacked, policy)
    rare = rare_values(
        attacked, k=policy.k, withheld=tables.withheld, alpha=policy.privacy_alpha("STB810"), exchange=False
    )
    told = rare_values_told(rare, policy, _NOT_JUDGED)
    alone = isolated_told(
        isolated_records(attacked, alpha=policy.privacy_alpha("STB809")),
        attacked.everyone.n_train,
        policy,
        _NOT_JUDGED,
    )
    cells = quasi_identifiers(attacked, attacker_knowledge(attacked), k=policy.k)
    # its coins are thrown here: it rests on nobody outside
    shadow = shadow_told(shadow_attack(attacked, tables, policy, refit), policy, "")
    refits = () if shadow is None else (shadow,)
    described = []
    if cells.small is not None and is_shown(cells.small.hits_main, cells.small.n_main, policy.k):
        described.append(
            Attack(
                f"k-map, k = {policy.k}",
                "somebody with a register of quasi-identifiers",
                ", ".join(cells.columns),
                f"finds fewer than {policy.k} people",
                Status.NOTE,
                cells.small.main,
                cells.small.low,
                cells.small.high,
                smallest_seen="–",
                code="STB808",
                reason="Description only: how many others would be found like this is not known.",
            )
        )
    unasked = Attack(
        "Membership, inference, linkability, singling out",
        "–",
        "–",
        "–",
        Status.NOT_APPLICABLE,
        smallest_seen="nothing",
        reason=f"{why[0].upper()}{why[1:]}.",
    )
    return PrivacyMeasured(
        (
            copies,
            *(not_asked(code, why) for code in _NEED_EXCHANGE),
            told.finding,
            alone.finding,
            *baseline,
            *(item.finding for item in refits),
        ),
        (*scores, *(score for item in refits for score in item.scores)),
        (
            copies_attack,
            *alone.attacks,
            *told.attacks,
            *(attack for item in refits for attack in item.attacks),
            *described,
            unasked,
        ),
        _vulnerable(attacked, tables),
        bool(rare.shared),
        _sampled(attacked),
    )


def _own_copies(attacked: AttackTables, policy: Policy) -> tuple[Finding, Attack]:
    found = own_twins(attacked, alpha=policy.privacy_alpha("STB801"))
    if found.p_value is None:
        finding = not_asked("STB801", found.reason)
        return finding, Attack(
            "Exact copies", "–", "–", "–", Status.NOT_APPLICABLE, code="STB801", reason=found.reason
        )
    p_value = adjusted(found.p_value, "STB801", policy)
    is_leak = p_value <= policy.privacy
    copied = f"{percent_words(found.found)} of the synthetic rows are training rows word for word"
    if not is_shown(found.n_found, found.n_synthetic, policy.k):
        copied = f"{count_words(found.n_found, policy.k, 'synthetic rows')} are training rows word for word"
    detail = (
        f"{copied}, {'far more' if is_leak else 'no more'} than training rows have twins among themselves "
        f"({p_words(p_value)})."
    )
    shown = is_shown(found.n_found, found.n_synthetic, policy.k)
    finding = Finding(
        "STB801",
        Section.PRIVACY,
        CHECKS["STB801"],
        value=found.found if shown else None,
        reference=found.expected if is_shown(found.n_twins, found.n_train, policy.k) else None,
        p_value=p_value,
        smallest_seen=found.smallest_leak,
        detail=detail,
        remedy=f"{DO_NOT_RELEASE} Use a synthesizer that learns distributions, not rows.",
        cap=_NOT_JUDGED,
    )
    attack = Attack(
        "Exact copies",
        "somebody who holds the whole record",
        "the whole record",
        "looks for it, word for word",
        Status.FAIL if is_leak else Status.WARN,
        finding.value,
        control=finding.reference,
        smallest_seen="cannot see any at this size"
        if found.smallest_leak is None
        else f"{percent_words(found.smallest_leak)} of the synthetic rows",
        code="STB801",
        reason=f"{detail} {_NOT_JUDGED}",
    )
    return finding, attack


# ---------------------------------------------------------------------- who stands alone, for internal use


def _vulnerable(attacked: AttackTables, tables: AuditTables) -> tuple[VulnerableRecord, ...]:
    """Rank training rows by how much they stand alone; equal ones by their place in the table."""
    if attacked.reason_without_holdout:
        return ()
    pool = attacked.pool
    mine = np.flatnonzero(pool.is_train)
    rows = tables.train.row_numbers[pool.origin[mine]]
    isolation, nearest = attacked.isolation[mine], attacked.to_made.distances[mine, 0]
    scores = density_ratio(attacked.to_real, attacked.to_made)[mine]
    ranked = np.lexsort((rows, -isolation))[:_MOST_VULNERABLE]
    return tuple(
        VulnerableRecord(
            int(rows[place]), float(isolation[place]), float(nearest[place]), float(scores[place])
        )
        for place in ranked
    )
