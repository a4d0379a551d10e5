"""The battery: every attack on one set of tables, and one label test over those that share a budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from synthtab.attacks.attribute import AttributeResult, attribute_inference
from synthtab.attacks.copies import CopiesResult, exact_copies
from synthtab.attacks.distance import ClosenessResult, closest_records
from synthtab.attacks.epsilon import EpsilonBound, paired_canaries
from synthtab.attacks.isolated import IsolatedResult, isolated_records
from synthtab.attacks.knowledge import Knowledge, attacker_knowledge
from synthtab.attacks.label_test import LabelTest, label_test, mean_differences
from synthtab.attacks.linkability import LinkabilityResult, linkability
from synthtab.attacks.membership import MembershipResult, membership_inference
from synthtab.attacks.quasi_identifiers import QuasiIdentifierResult, quasi_identifiers
from synthtab.attacks.rare_values import RareValuesResult, rare_values
from synthtab.attacks.record_scores import density_ratio
from synthtab.attacks.shadow import ShadowResult, shadow_models
from synthtab.attacks.singling_out import SinglingOutResult, singling_out
from synthtab.attacks.tables import AttackTables
from synthtab.auditing.policy import INFERENCE_CODES, Policy
from synthtab.auditing.tables import AuditTables
from synthtab.progress import current_progress
from synthtab.seeding import one_native_thread

__all__ = ["Battery", "Refit", "attack_tables", "run_battery", "shadow_attack"]

_SHADOW_TARGETS = 8
_STEPS = 6


@dataclass(frozen=True, eq=False)
class Refit:
    """How to make further synthetic tables, for attacks that need them.

    Parameters
    ----------
    fit_and_sample : callable
        From real rows and a seed to synthetic rows.
    train : pandas.DataFrame
        The training rows, as given.
    fits : int
        Budget in fits.
    """

    fit_and_sample: Callable[[pd.DataFrame, int], pd.DataFrame]
    train: pd.DataFrame
    fits: int


@dataclass(frozen=True, eq=False)
class Battery:
    """What every attack found.

    Parameters
    ----------
    tables : AttackTables
        What was attacked.
    knowledge : Knowledge
        What attackers know and want to know.
    copies, members, close, attributes, links, singled, cells, isolated, rare : results
        Of each attack.
    joint : LabelTest or None
        Over attribute inference, linkability, singling out and quasi-identifier cells.
    epsilon : EpsilonBound
        From pairs of training and holdout records.
    shadow : ShadowResult or None
        Refits on the most isolated records; None when none were asked for.
    """

    tables: AttackTables
    knowledge: Knowledge
    copies: CopiesResult
    members: MembershipResult
    close: ClosenessResult
    attributes: AttributeResult
    links: LinkabilityResult
    singled: SinglingOutResult
    cells: QuasiIdentifierResult
    isolated: IsolatedResult
    rare: RareValuesResult
    joint: LabelTest | None
    epsilon: EpsilonBound
    shadow: ShadowResult | None


def attack_tables(tables: AuditTables, seed: int) -> AttackTables:
    """Pool the real tables of an audit for attacks.

    Parameters
    ----------
    tables : AuditTables
        The tables; without a holdout the pool holds training rows only.
    seed : int
        Seed of every draw.

    Returns
    -------
    AttackTables
        Ready to be attacked.
    """
    train, holdout = tables.train, tables.holdout
    nobody = train.at_most(0, seed) if holdout is None else holdout
    return AttackTables.of(
        train.rows,
        nobody.rows,
        tables.synthetic.rows,
        tables.columns,
        train_persons=train.people,
        holdout_persons=nobody.people,
        seed=seed,
    )


def run_battery(
    attacked: AttackTables, tables: AuditTables, policy: Policy, *, thorough: bool, refit: Refit | None
) -> Battery:
    """Run every attack.

    Parameters
    ----------
    attacked : AttackTables
        From `attack_tables`.
    tables : AuditTables
        The tables of the audit.
    policy : Policy
        Budgets, and the smallest number of people that may be shown.
    thorough : bool
        Whether to add the slower membership scores.
    refit : Refit or None
        How to fit shadow models, if asked for.

    Returns
    -------
    Battery
        Every result.
    """
    progress, stage = current_progress(), "attacks"
    progress.start(stage, _STEPS)
    try:
        copies = exact_copies(
            attacked, alpha=policy.privacy_alpha("STB801"), n_labellings=policy.labellings("STB801")
        )
        progress.advance(stage, note="membership")
        members = membership_inference(
            attacked,
            alpha=policy.privacy_alpha("STB802"),
            n_labellings=policy.labellings("STB802"),
            thorough=thorough,
        )
        close = closest_records(attacked)
        progress.advance(stage, note="inference")
        knowledge = attacker_knowledge(attacked)
        attributes = attribute_inference(attacked, knowledge)
        links = linkability(attacked, knowledge)
        progress.advance(stage, note="singling out")
        singled = singling_out(attacked, knowledge)
        cells = quasi_identifiers(attacked, knowledge, k=policy.k)
        progress.advance(stage, note="single records")
        isolated = isolated_records(attacked, alpha=policy.privacy_alpha("STB809"))
        rare = rare_values(
            attacked,
            k=policy.k,
            withheld=tables.withheld,
            alpha=policy.privacy_alpha("STB810"),
            n_labellings=policy.labellings("STB810"),
        )
        progress.advance(stage, note="significance")
        joint = _joint_test(attacked, attributes, links, singled, cells, policy)
        pool = attacked.pool
        epsilon = (
            EpsilonBound(delta=0.0, confidence=0.95, reason=attacked.reason)
            if attacked.reason
            else paired_canaries(
                density_ratio(attacked.to_real, attacked.to_made),
                pool.is_train,
                pool.persons,
                seed=attacked.seed,
            )
        )
        shadow = shadow_attack(attacked, tables, policy, refit)
        progress.advance(stage)
    finally:
        progress.finish(stage)
    return Battery(
        attacked,
        knowledge,
        copies,
        members,
        close,
        attributes,
        links,
        singled,
        cells,
        isolated,
        rare,
        joint,
        epsilon,
        shadow,
    )


def _joint_test(
    attacked: AttackTables,
    attributes: AttributeResult,
    links: LinkabilityResult,
    singled: SinglingOutResult,
    cells: QuasiIdentifierResult,
    policy: Policy,
) -> LabelTest | None:
    records = [*attributes.statistics, *links.statistics, *cells.statistics]
    measured = []
    if records:
        keys = [(item.family, item.name) for item in records]
        measured.append((keys, mean_differences(attacked.pool, records)))
    if singled.statistics is not None:
        measured.append((list(singled.names), singled.statistics))
    if not measured:
        return None
    with one_native_thread():
        return label_test(
            attacked.pool,
            measured,
            alpha=policy.privacy_alpha(INFERENCE_CODES[0]),
            n_labellings=policy.labellings(INFERENCE_CODES[0]),
            seed=attacked.seed,
            purpose="inference",
        )


def shadow_attack(
    attacked: AttackTables, tables: AuditTables, policy: Policy, refit: Refit | None
) -> ShadowResult | None:
    """Fit with and without the training records that stand most alone; no holdout is needed.

    Parameters
    ----------
    attacked : AttackTables
        From `attack_tables`.
    tables : AuditTables
        The tables of the audit.
    policy : Policy
        Level of the test.
    refit : Refit or None
        How to fit, if asked for.

    Returns
    -------
    ShadowResult or None
        None when it was not asked for, or there is nothing to fit.
    """
    if refit is None or attacked.reason_without_holdout:
        return None
    pool = attacked.pool
    mine = [position for position in (-attacked.isolation).argsort(kind="stable") if pool.is_train[position]]
    numbers = tables.train.row_numbers
    rows = [int(numbers[pool.origin[position]]) for position in mine[:_SHADOW_TARGETS]]
    # rows of one person go in and out together, and no row of a target stays behind
    return shadow_models(
        refit.fit_and_sample,
        _without_people(refit.train, rows, tables),
        refit.train.iloc[rows].reset_index(drop=True),
        lambda frame: tables.schema.cast(frame, "shadow"),
        tables.columns,
        fits=refit.fits,
        rows=None,
        seed=attacked.seed,
        n_labellings=policy.labellings("STB812"),
    )


def _without_people(train: pd.DataFrame, rows: list[int], tables: AuditTables) -> pd.DataFrame:
    people = tables.train.given_people
    if people is None:
        return train.drop(index=train.index[rows]).reset_index(drop=True)
    gone = set(people[rows].tolist())
    return train.loc[[person not in gone for person in people.tolist()]].reset_index(drop=True)
