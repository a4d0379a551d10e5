"""Audits that strain a page: nothing found, hostile texts, two hundred columns, nothing at all."""

from __future__ import annotations

import math
from dataclasses import replace

from report_fixture import associations, column_scores, nhanes_audit

from synthtab.results import Attack, AuditResult, Check, GuardAction, Release, Section, Status, Verdict
from synthtab.results.internal import InternalDetail, LevelCount
from synthtab.results.provenance import TableLineage
from synthtab.results.shown import AssociationChange, LogicRule, ModelComparison, RareBand, Subgroup

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</title></svg><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;&amp;amp;",
    "invoice\u202etxt.exe",
    "a\u0000b\u0007c\u200bd\ufeff",
    "\ud800 lone surrogate",
    "z\u0301\u0302\u0303\u0304\u0305\u0306\u0307algo",
    "]]><!-- --><style>*{display:none}</style>",
    "url(https://evil.example/x)",
    "العمر بالسنوات",
    "年齢（満年齢、調査時点における記入）",
    "x" * 4_000,
    "   ",
    "",
)


def clean_audit() -> AuditResult:
    """Make an audit without a holdout, in which nothing failed and much could not be asked."""
    audit = nhanes_audit()
    reason = "There is no holdout: nobody to compare with."
    checks = tuple(
        Check(check.code, check.section, check.name, Status.NOT_APPLICABLE, reason=reason)
        if check.section is Section.PRIVACY
        else check
        for check in audit.checks
        if check.status is Status.PASS
    )
    scored = [family for family in audit.families if family.calibrated is not None and family.calibrated > 0]
    return replace(
        audit,
        verdict=Verdict.PASS,
        summary="Nothing departs from fresh real data beyond its margin.",
        checks=checks,
        families=tuple(replace(family, status=Status.PASS) for family in scored),
        rare=(),
        associations=None,
        attacks=(),
        contexts=(),
        guard=(),
        limits=(),
        provenance=replace(audit.provenance, holdout=False, n_holdout=0, generation=None, synthesizer=""),
        rare_bands=(),
        association_changes=(),
        logic=tuple(replace(rule, broken=0.0, low=0.0, status=Status.PASS) for rule in audit.logic),
        subgroups=(),
        models=tuple(
            replace(model, trstr=None, trstr_low=None, trstr_high=None, status=Status.PASS)
            for model in audit.models
        ),
    )


def empty_audit() -> AuditResult:
    """Make an audit that could ask nothing."""
    audit = clean_audit()
    return replace(
        audit,
        checks=(),
        scores=(),
        families=(),
        distributions=(),
        summary="Nothing could be asked.",
        logic=(),
        models=(),
    )


def leaky_audit() -> AuditResult:
    """Make an audit in which attacks of every kind fail, among them ones without figures and unknown ones."""
    audit = nhanes_audit()
    fails, silent = Status.FAIL, ("STB801", "STB805", "STB810")
    raised = {"Exact copies": 0.634, "Linkability": None, "Near copies": 0.63, "GAN-leaks": 0.64}
    attacks = tuple(
        attack
        if attack.code in silent or attack.status is Status.NOTE
        else replace(attack, status=fails, risk=raised.get(attack.name.rpartition(": ")[2], attack.risk))
        for attack in audit.attacks
    )
    insider = "somebody who has the synthesizer"
    shadow = Attack(
        *("Shadow models", insider, "the whole record", "fits it with and without", fails),
        *(0.81, 0.72, 0.9, 0.5),
        smallest_seen="an area under the curve of 0.70",
        code="STB812",
        reason="Over 64 fits an attacker tells which they were in.",
    )
    unknown = Attack(
        *("Reconstruction", "somebody new", "the table", "solves for rows", fails),
        *(0.2, 0.1, 0.3),
        code="STB899",
    )
    return replace(
        audit,
        summary="It gives away training rows.",
        attacks=(*attacks, shadow, unknown),
        checks=(
            *(
                replace(
                    check, status=fails, reason=f"{check.name} failed.", remedy="Do not release this table."
                )
                if check.code in {"STB802", "STB806", "STB807", "STB809"}
                else check
                for check in audit.checks
            ),
            Check("STB812", Section.PRIVACY, "shadow models", fails, 0.81, reason="Over 64 fits."),
        ),
        contexts=tuple(
            replace(context, answer=Verdict.FAIL, reasons=("STB809 single people: failed; one is too many.",))
            for context in audit.contexts
        ),
    )


def unheld_audit() -> AuditResult:
    """Make an audit without a holdout as it is asked today: copies and twins warn, the rest is unasked."""
    audit = nhanes_audit()
    why = "there is no holdout: nobody to compare with."
    kept = ("STB801", "STB809", "STB810")
    alone = "Without people who were not in training this can only warn."
    return replace(
        audit,
        verdict=Verdict.WARN,
        checks=tuple(
            check
            if check.section is not Section.PRIVACY
            else replace(check, status=Status.WARN, reason=alone)
            if check.code in kept
            else Check(
                *(check.code, check.section, check.name, Status.NOT_APPLICABLE),
                reason=f"Not applicable: {why}",
            )
            for check in audit.checks
            if check.code != "STB804"
        ),
        attacks=(
            *(
                replace(attack, status=Status.WARN, reason=alone, low=None, high=None)
                for attack in audit.attacks
                if attack.code in kept
            ),
            Attack(
                *("k-map, k = 10", "somebody with a register", "age, sex", "finds fewer than 10 people"),
                *(Status.NOTE, 0.28, 0.26, 0.3),
                smallest_seen="–",
                code="STB808",
                reason="Description only.",
            ),
            Attack(
                *("Membership, inference, linkability, singling out", "–", "–", "–"),
                Status.NOT_APPLICABLE,
                smallest_seen="nothing",
                reason=f"{why[0].upper()}{why[1:]}",
            ),
        ),
        contexts=tuple(
            replace(context, answer=Verdict.WARN if context.name == "same_team" else Verdict.FAIL)
            for context in audit.contexts
        ),
        provenance=replace(audit.provenance, holdout=False, n_holdout=0),
    )


def extreme_audit() -> AuditResult:
    """Make an audit with infinite bounds, figures that do not exist, a hundred rules and sixty groups."""
    audit = nhanes_audit()
    inf, nan = math.inf, math.nan
    ok, long = Status.PASS, "a_column_with_a_name_that_nobody_can_pronounce_" * 4
    long_level = "a level whose name was written by someone who was paid by the word " * 4
    return replace(
        audit,
        rare_bands=(
            RareBand("1 training row", 1, 0, 0.0, nan, 0.0, inf, Status.NOT_APPLICABLE),
            RareBand("2 to 5", 3_000, 0, 2_871.4, 0.0, 0.0, 0.0013, Status.FAIL),
            RareBand("6 to 10", 2, 2, 2.0, inf, 1.4, inf, Status.WARN),
            RareBand("11 to 20", 2, 2, nan, 700.0, 90.0, inf, Status.FAIL),
            RareBand(long_level, 1, 1, 1, 1.0, 1.0, 1.0, ok),
        ),
        association_changes=(
            AssociationChange(long, f"{long}2", "lost", "Spearman's correlation", 1.0, 0.0, -1.0, -1.0),
            AssociationChange("a", "b", "turned inside out", "Theil's U", -1.0, 1.0, -inf, inf),
            *(
                AssociationChange(f"c{place}", long, "invented", "Cramér's V", 0.0, 0.01 * place, nan, 1.0)
                for place in range(40, 0, -1)
            ),
        ),
        logic=tuple(
            LogicRule(
                f"{long} ≤ {place}" if place % 7 == 0 else f"c{place} determines d{place}",
                *("determines", (long, "e", "f", "g", "h"), 10 * place, 1 - place / 1e6),
                *(
                    (1.0, 0.99, 1.0)
                    if place == 0
                    else (0.0, 0.0, nan)
                    if place == 99
                    else (0.5 / place, 0.0, inf)
                ),
                *(None if place % 3 else 0.001, Status.FAIL if place < 12 else ok),
            )
            for place in range(100)
        ),
        subgroups=tuple(
            Subgroup(
                *(
                    f"column_{place % 9}" if place % 9 else long,
                    long_level if place == 4 else f"level {place}",
                ),
                *(0.016, None if place % 10 == 9 else nan if place == 58 else 0.9 - place / 60),
                *(-inf, inf if place % 2 else 2.0),
                *(0.5, -3.0, "r2", Status.NOT_APPLICABLE if place % 10 == 9 else ok),
            )
            for place in range(60)
        ),
        models=tuple(
            ModelComparison(
                *(
                    long if place == 0 else f"target_{place // 3}",
                    long if place == 4 else f"model {place}",
                    "r2",
                ),
                *(0.4, -70.0 if place == 1 else 0.39, -inf, inf),
                *(
                    (nan, nan, nan)
                    if place == 2
                    else (-80.0, -inf, inf)
                    if place == 3
                    else (0.41, 0.402, inf)
                ),
                *(0.0, Status.FAIL if place == 1 else ok),
            )
            for place in range(30)
        ),
        guard=(),
        provenance=replace(audit.provenance, k=25),
    )


def hostile_audit(texts: tuple[str, ...] = HOSTILE) -> AuditResult:
    """Make an audit whose every text is one of these, by default each an attack on the page."""
    audit = nhanes_audit()
    assert audit.associations is not None

    def evil(index: int) -> str:
        return texts[index % len(texts)]

    names = tuple(evil(index) for index in range(len(audit.associations.columns)))
    return replace(
        audit,
        summary=" ".join(texts[:5]),
        checks=tuple(
            replace(
                check,
                code=evil(place),
                name=evil(place + 1),
                reason=evil(place + 2),
                remedy=evil(place + 3),
                columns=texts,
            )
            for place, check in enumerate(audit.checks)
        ),
        scores=tuple(
            replace(
                score,
                metric=score.metric if score.section is Section.DETECTION else evil(place),
                columns=score.columns and (evil(place),),
            )
            for place, score in enumerate(audit.scores)
        ),
        families=tuple(
            replace(family, label=evil(place), reason=evil(place))
            for place, family in enumerate(audit.families)
        ),
        distributions=tuple(
            replace(
                item,
                column=evil(place),
                units=evil(place + 1),
                cells=tuple(
                    replace(cell, label=evil(place + number)) for number, cell in enumerate(item.cells)
                ),
            )
            for place, item in enumerate(audit.distributions)
        ),
        rare=tuple(replace(group, label=evil(place)) for place, group in enumerate(audit.rare)),
        associations=replace(audit.associations, columns=names, measure=evil(0)),
        attacks=tuple(
            replace(
                attack,
                name=evil(place),
                attacker=evil(place + 5),
                knows=evil(place + 1),
                does=evil(place + 2),
                smallest_seen=evil(place + 3),
                reason=evil(place + 4),
                asked_by=evil(place + 6),
                code=attack.code if place % 4 else evil(place + 7),
            )
            for place, attack in enumerate(audit.attacks)
        ),
        contexts=tuple(
            replace(
                context,
                name=evil(place),
                label=evil(place + 1),
                readers=evil(place + 2),
                reasons=texts,
                required=texts[:4],
            )
            for place, context in enumerate(audit.contexts)
        ),
        guard=tuple(GuardAction(text, evil(place + 1)) for place, text in enumerate(texts)),
        provenance=replace(
            audit.provenance,
            title=texts[0],
            synthesizer=texts[1],
            created=texts[2],
            policy=texts[3],
            versions=tuple((text, evil(place + 1)) for place, text in enumerate(texts)),
        ),
        limits=texts,
        rare_bands=tuple(replace(band, label=evil(place)) for place, band in enumerate(audit.rare_bands)),
        association_changes=tuple(
            replace(
                item,
                first=evil(place),
                second=evil(place + 1),
                measure=evil(place + 2),
                kind=evil(place) if place % 2 else item.kind,
            )
            for place, item in enumerate(audit.association_changes)
        ),
        logic=tuple(
            replace(rule, text=evil(place), kind=evil(place + 1), columns=texts)
            for place, rule in enumerate(audit.logic)
        ),
        subgroups=tuple(
            replace(group, column=evil(place % 5), level=evil(place), measure=evil(place))
            for place, group in enumerate(audit.subgroups)
        ),
        models=tuple(
            replace(model, target=evil(place), model=evil(place + 1), measure=evil(place + 2))
            for place, model in enumerate(audit.models)
        ),
    )


def named_audit(texts: tuple[str, ...]) -> AuditResult:
    """Make an audit whose every text is one of these, also in releases, ancestors and its internal part."""
    audit = hostile_audit(texts)

    def named(place: int) -> str:
        return texts[place % len(texts)]

    lineage = TableLineage(2, named(4), texts, 1, 2, 10, releasable=True, releases=3, regime=named(5))
    return replace(
        audit,
        releases=tuple(
            Release(text, 800, Verdict.FAIL, named(place + 1), (Section.PRIVACY,), (Section.RARE,))
            for place, text in enumerate(texts)
        ),
        provenance=replace(audit.provenance, lineage=lineage),
        detail=InternalDetail(
            distributions=audit.distributions,
            levels=tuple(
                LevelCount(text, named(place + 1), "lost", 3, 2, 0) for place, text in enumerate(texts)
            ),
            n_levels=len(texts),
            associations=audit.associations,
        ),
    )


def wide_audit(count: int = 200) -> AuditResult:
    """Make an audit of many columns."""
    audit = nhanes_audit()
    kinds = len(audit.distributions)
    distributions = tuple(
        replace(
            audit.distributions[place % kinds],
            column=f"{audit.distributions[place % kinds].column}_{place:03d}",
        )
        for place in range(count)
    )
    return replace(
        audit,
        distributions=distributions,
        scores=column_scores(distributions),
        associations=associations(tuple(item.column for item in distributions)),
        provenance=replace(audit.provenance, n_columns=count),
    )
