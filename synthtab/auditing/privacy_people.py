"""People: what is told of attribute inference, linkability, singling out, rare cells and rare values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from synthtab.attacks.attribute import QUASI, AttributeInference, AttributeResult
from synthtab.attacks.knowledge import Knowledge
from synthtab.attacks.label_test import LabelTest
from synthtab.attacks.linkability import FAMILY as LINKING
from synthtab.attacks.linkability import LinkabilityResult
from synthtab.attacks.quasi_identifiers import FAMILY as CELLS
from synthtab.attacks.quasi_identifiers import QuasiIdentifierResult
from synthtab.attacks.rare_values import RareValuesResult
from synthtab.attacks.rates import ComparedRate, rate_of_counts
from synthtab.attacks.singling_out import FAMILY as SINGLING
from synthtab.attacks.singling_out import SinglingOutResult
from synthtab.auditing.checks import Finding, p_words
from synthtab.auditing.policy import Policy
from synthtab.auditing.privacy_words import (
    CHECKS,
    Told,
    adjusted,
    not_asked,
    percent_words,
    rate_score,
    shown_rate,
    status_of,
)
from synthtab.results import Attack, Section

__all__ = ["attributes_told", "cells_told", "linkability_told", "rare_values_told", "singling_out_told"]

_INFERENCE = "attribute inference"
_OPINION = "Article 29 Working Party, Opinion 05/2014 (WP216): {}"
_MOST_NAMED = 4
_POOL = (
    "Pool rare levels before fitting (the guard does), clip numbers at public bounds, or declare them public."
)
# where an attack succeeds on nobody, so many successes, all on training people, would have been significant
_FEW_HITS = 12


def _named(columns: Sequence[str]) -> str:
    names = ", ".join(columns[:_MOST_NAMED])
    more = len(columns) - _MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names


def _joint_finding(
    code: str,
    family: str,
    joint: LabelTest | None,
    policy: Policy,
    cap: str,
    words: tuple[str, str],
    remedy: str,
    n_train: float,
) -> Finding:
    """Hold a family's largest departure against the largest of all families under exchanged labels."""
    p_value = None if joint is None else joint.p_value(family)
    if joint is None or p_value is None:
        # an attack that succeeds on everybody or nobody tells nobody apart
        return Finding(
            code,
            Section.PRIVACY,
            CHECKS[code],
            p_value=1.0,
            smallest_seen=_FEW_HITS / n_train if n_train > _FEW_HITS else None,
            detail="The attack does the same on everybody, in the table or not.",
            cap=cap,
        )
    joint_p = adjusted(p_value, code, policy)
    is_leak = joint_p <= policy.privacy
    return Finding(
        code,
        Section.PRIVACY,
        CHECKS[code],
        p_value=joint_p,
        smallest_seen=joint.smallest_seen(family),
        detail=f"{words[0] if is_leak else words[1]} ({p_words(joint_p)}).",
        remedy=remedy,
        cap=cap,
    )


def _with_rate(finding: Finding, rate: ComparedRate, k: int) -> Finding:
    shown = shown_rate(rate, k)
    return replace(finding, value=shown.main, low=shown.low, high=shown.high, reference=shown.control)


def _attack(
    finding: Finding,
    rate: ComparedRate,
    policy: Policy,
    *,
    name: str,
    attacker: str,
    knows: str,
    does: str,
    reason: str,
    asked_by: str,
) -> Attack:
    shown = shown_rate(rate, policy.k)
    added = ""
    if shown.main is not None and shown.control is not None:
        added = (
            f" Being in the table adds {percent_words(max(rate.risk, 0.0))} "
            f"[{percent_words(max(rate.risk_low, 0.0))}, {percent_words(max(rate.risk_high, 0.0))}] "
            "of what is left."
        )
    seen = "cannot see any at this size"
    if finding.smallest_seen is not None:
        seen = f"{100 * finding.smallest_seen:.2g} points more than on others"
    return Attack(
        name,
        attacker,
        knows,
        does,
        status_of(finding, policy),
        shown.main,
        shown.low,
        shown.high,
        shown.control,
        shown.control_low,
        shown.control_high,
        seen,
        finding.code,
        f"{reason}{added}".strip(),
        asked_by,
    )


def attributes_told(found: AttributeResult, joint: LabelTest | None, policy: Policy, cap: str) -> Told:
    """Tell of attribute inference.

    Parameters
    ----------
    found : AttributeResult
        What was found.
    joint : LabelTest or None
        Significance beside the other inference attacks.
    policy : Policy
        Budget and the smallest number of people that may be shown.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check, figures, an attack a secret.
    """
    if not found.inferences:
        return Told(not_asked("STB805", found.reason))
    finding = _joint_finding(
        "STB805",
        _INFERENCE,
        joint,
        policy,
        cap,
        (
            "Secrets of people in the table are found out more often than those of others",
            "Secrets of people in the table are found out no more often than those of others",
        ),
        "Do not release this table outside. Look for copied rows, or fit privately.",
        found.inferences[0].rate.n_main,
    )
    worst = max(found.inferences, key=lambda item: item.rate.main - item.rate.control)
    finding = _with_rate(finding, worst.rate, policy.k)
    scores = [
        rate_score(
            "attribute_inference" if item.knows == QUASI else "attribute_inference_all_known",
            item.rate,
            policy.k,
            (item.secret,),
        )
        for item in found.inferences
    ]
    scores += [
        rate_score("attribute_inference_rarest", item.rarest, policy.k, (item.secret,))
        for item in found.inferences
        if item.knows == QUASI
    ]
    by_secret: dict[str, list[AttributeInference]] = {}
    for item in found.inferences:
        by_secret.setdefault(item.secret, []).append(item)
    attacks = tuple(_inference(items, finding, policy) for items in by_secret.values())
    return Told(finding, tuple(scores), attacks)


def _inference(items: list[AttributeInference], finding: Finding, policy: Policy) -> Attack:
    first = items[0]
    said = [f"Whoever always guesses the most frequent value is right for {percent_words(first.naive)}."]
    rarest = shown_rate(first.rarest, policy.k)
    if rarest.main is not None and rarest.control is not None:
        said.append(
            f"Of those who stand most alone: {percent_words(rarest.main)}, others "
            f"{percent_words(rarest.control)}."
        )
    for item in items[1:]:
        known = shown_rate(item.rate, policy.k)
        if known.main is not None and known.control is not None:
            said.append(
                f"Knowing {item.knows}: {percent_words(known.main)}, others {percent_words(known.control)}."
            )
    return _attack(
        finding,
        first.rate,
        policy,
        name=f"Attribute inference: {first.secret}",
        attacker="an acquaintance, an employer, an insurer",
        knows=_named(first.columns),
        does=f"reads {first.secret} off the synthetic rows that agree best",
        reason=" ".join(said),
        asked_by=_OPINION.format("inference"),
    )


def linkability_told(found: LinkabilityResult, joint: LabelTest | None, policy: Policy, cap: str) -> Told:
    """Tell of linkability.

    Parameters
    ----------
    found : LinkabilityResult
        What was found.
    joint : LabelTest or None
        Significance beside the other inference attacks.
    policy : Policy
        Budget and the smallest number of people that may be shown.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check, figure, attack.
    """
    if found.rate is None:
        return Told(not_asked("STB806", found.reason))
    finding = _joint_finding(
        "STB806",
        LINKING,
        joint,
        policy,
        cap,
        (
            "Two files about people in the table can be joined through it more often than those of others",
            "It joins two files about people in the table no more often than those about others",
        ),
        "Do not release this table outside. Look for copied rows, or fit privately.",
        found.rate.n_main,
    )
    attack = _attack(
        finding,
        found.rate,
        policy,
        name="Linkability",
        attacker="somebody with two files about the same people",
        knows=f"{_named(found.first)} in one file, {_named(found.second)} in another",
        does="joins halves that point at the same synthetic row",
        reason="",
        asked_by=_OPINION.format("linkability"),
    )
    return Told(
        _with_rate(finding, found.rate, policy.k),
        (rate_score("linkability", found.rate, policy.k),),
        (attack,),
    )


def singling_out_told(found: SinglingOutResult, joint: LabelTest | None, policy: Policy, cap: str) -> Told:
    """Tell of singling out.

    Parameters
    ----------
    found : SinglingOutResult
        What was found.
    joint : LabelTest or None
        Significance beside the other inference attacks.
    policy : Policy
        Budget and the smallest number of people that may be shown.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check, figures, an attack a kind of description.
    """
    rates = [
        ("singling_out_one", "by one value", "a value of one column", found.one_column),
        ("singling_out_several", "by several values", _named(found.columns), found.several_columns),
    ]
    asked = [(name, how, knows, rate) for name, how, knows, rate in rates if rate is not None]
    if not asked:
        return Told(not_asked("STB807", found.reason))
    finding = _joint_finding(
        "STB807",
        SINGLING,
        joint,
        policy,
        cap,
        (
            "Descriptions read off the table fit exactly one person in it more often than one outside",
            "Descriptions read off the table fit one person in it no more often than one outside",
        ),
        "Do not release this table outside. Use a model that smooths, coarsen values, or fit privately.",
        asked[-1][3].n_main,
    )
    attacks = [
        _attack(
            finding,
            rate,
            policy,
            name=f"Singling out {how}",
            attacker="anybody with the synthetic table",
            knows=knows,
            does="takes what is unique in it, and finds the one person whom it fits",
            reason=f"Of {rate.n_main:.0f} descriptions; both sides at equal size.",
            asked_by=_OPINION.format("singling out"),
        )
        for _, how, knows, rate in asked
    ]
    return Told(
        _with_rate(finding, asked[-1][3], policy.k),
        tuple(rate_score(name, rate, policy.k) for name, _, _, rate in asked),
        tuple(attacks),
    )


def cells_told(
    found: QuasiIdentifierResult,
    joint: LabelTest | None,
    knowledge: Knowledge,
    policy: Policy,
    cap: str,
) -> Told:
    """Tell of small quasi-identifier cells.

    Parameters
    ----------
    found : QuasiIdentifierResult
        What was found.
    joint : LabelTest or None
        Significance beside the other inference attacks.
    knowledge : Knowledge
        Whether the schema declared privacy roles.
    policy : Policy
        Budget and the smallest number of people that may be shown.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check, figures, attacks.
    """
    if found.unique is None or found.small is None:
        return Told(not_asked("STB808", found.reason))
    finding = _joint_finding(
        "STB808",
        CELLS,
        joint,
        policy,
        cap,
        (
            "Rare combinations of quasi-identifiers of its people stand in it more often than others do",
            "Rare combinations of quasi-identifiers of its people stand in it no more often than others do",
        ),
        "Coarsen the quasi-identifiers, or fit privately.",
        found.small.n_main,
    )
    chosen = "" if knowledge.is_declared else "No privacy roles are declared: columns were chosen by name. "
    rows = [
        ("k_map_unique", "k-map, k = 2", "finds the one person with a combination", found.unique),
        ("k_map_small", f"k-map, k = {policy.k}", f"finds fewer than {policy.k} people", found.small),
        (
            "homogeneity",
            "l-diversity of one",
            "reads the secret that all synthetic rows of a combination share",
            found.homogeneous,
        ),
    ]
    asked = [(metric, name, does, rate) for metric, name, does, rate in rows if rate is not None]
    attacks = [
        _attack(
            finding,
            rate,
            policy,
            name=name,
            attacker="somebody with a register of quasi-identifiers",
            knows=_named(found.columns),
            does=does,
            reason=chosen,
            asked_by="",
        )
        for _, name, does, rate in asked
    ]
    return Told(
        _with_rate(finding, found.small, policy.k),
        tuple(rate_score(metric, rate, policy.k) for metric, _, _, rate in asked),
        tuple(attacks),
    )


def rare_values_told(found: RareValuesResult, policy: Policy, cap: str) -> Told:
    """Tell of values that only a few people hold.

    Parameters
    ----------
    found : RareValuesResult
        What was found.
    policy : Policy
        Budget and the smallest number of people that may be shown.
    cap : str
        Why the check can warn at best.

    Returns
    -------
    Told
        Check, figure and attack: columns, never a value.
    """
    if found.p_value is None:
        return Told(not_asked("STB810", found.reason))
    p_value = adjusted(found.p_value, "STB810", policy)
    columns = tuple(dict.fromkeys((*found.unpooled, *found.undeclared, *found.piled)))
    said = []
    if found.unpooled:
        said.append(f"Levels that the guard had pooled stand in it ({_named(found.unpooled)}).")
    if found.undeclared:
        said.append(
            f"Levels that are not among the public ones, and that fewer than {policy.k} people hold, all of "
            f"them in training, stand in it ({_named(found.undeclared)})."
        )
    if found.piled:
        said.append(
            f"Synthetic rows pile up on values of fewer than {policy.k} people ({_named(found.piled)})."
        )
    is_leak = p_value <= policy.privacy
    if is_leak and not said:
        said.append(
            f"It shares more rare levels with training than with holdout people ({p_words(p_value)})."
        )
    if not is_leak:
        said.append(
            f"Rare levels and extremes that nobody made public stand in it as often as those of others would "
            f"({p_words(p_value)})."
            if found.n_values
            else "No value of the table is rare and not public."
        )
        if found.shared:
            said.append(
                f"Levels of fewer than {policy.k} training people do stand in it ({_named(found.shared)}): "
                "by coincidence for all that can be seen, but whoever knows these people cannot tell."
            )
    finding = Finding(
        "STB810",
        Section.PRIVACY,
        CHECKS["STB810"],
        p_value=p_value,
        smallest_seen=1 / max(found.n_train, 1),
        detail=" ".join(said),
        remedy=_POOL,
        columns=columns if is_leak else (),
        cap=cap,
    )
    attack = Attack(
        "Values that only a few people hold",
        "somebody who knows of a rare value",
        "one rare level or extreme",
        "looks for it",
        status_of(finding, policy),
        smallest_seen="one level outside the public ones; else a value on which rows pile up",
        code="STB810",
        reason=finding.detail,
    )
    rate = rate_of_counts(found.found_train, found.n_train, found.found_holdout, found.n_holdout)
    return Told(finding, (rate_score("rare_values_shared", rate, policy.k),), (attack,))
