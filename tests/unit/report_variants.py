"""Audits that strain a page: nothing found, hostile texts, two hundred columns, nothing at all."""

from __future__ import annotations

from dataclasses import replace

from report_fixture import associations, column_scores, nhanes_audit

from synthtab.results import AuditResult, Check, GuardAction, Section, Status, Verdict

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
        guard=(),
        limits=(),
        provenance=replace(audit.provenance, holdout=False, n_holdout=0, generation=None, synthesizer=""),
    )


def empty_audit() -> AuditResult:
    """Make an audit that could ask nothing."""
    audit = clean_audit()
    return replace(
        audit, checks=(), scores=(), families=(), distributions=(), summary="Nothing could be asked."
    )


def hostile_audit() -> AuditResult:
    """Make an audit in which every text is an attack on the page."""
    audit = nhanes_audit()
    assert audit.associations is not None

    def evil(index: int) -> str:
        return HOSTILE[index % len(HOSTILE)]

    names = tuple(evil(index) for index in range(len(audit.associations.columns)))
    return replace(
        audit,
        summary=" ".join(HOSTILE[:5]),
        checks=tuple(
            replace(
                check,
                code=evil(place),
                name=evil(place + 1),
                reason=evil(place + 2),
                remedy=evil(place + 3),
                columns=HOSTILE,
            )
            for place, check in enumerate(audit.checks)
        ),
        scores=tuple(
            replace(score, metric=evil(place), columns=score.columns and (evil(place),))
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
                knows=evil(place + 1),
                does=evil(place + 2),
                smallest_seen=evil(place + 3),
                reason=evil(place + 4),
            )
            for place, attack in enumerate(audit.attacks)
        ),
        guard=tuple(GuardAction(text, evil(place + 1)) for place, text in enumerate(HOSTILE)),
        provenance=replace(
            audit.provenance,
            title=HOSTILE[0],
            synthesizer=HOSTILE[1],
            created=HOSTILE[2],
            policy=HOSTILE[3],
            versions=tuple((text, evil(place + 1)) for place, text in enumerate(HOSTILE)),
        ),
        limits=HOSTILE,
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
