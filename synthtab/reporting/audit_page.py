"""One audit as a page: what is said first, what decided it, and what stands behind it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from synthtab.reporting.association_charts import change_view, heat_view
from synthtab.reporting.audit_answers import faithful, gives_away, may_have, rests_on
from synthtab.reporting.audit_charts import column_views, family_strip, tag_of
from synthtab.reporting.audit_internal import InternalView, in_full, internal_view
from synthtab.reporting.audit_lineage import lineage_note, lineage_steps
from synthtab.reporting.audit_officer import OfficerView, officer_view
from synthtab.reporting.check_rows import check_row
from synthtab.reporting.learning_charts import detection_view, utility_view
from synthtab.reporting.logic_rows import logic_view
from synthtab.reporting.metric_words import figure_groups
from synthtab.reporting.privacy_charts import privacy_view
from synthtab.reporting.privacymodel import PrivacyView
from synthtab.reporting.rare_charts import band_view, rare_strip
from synthtab.reporting.sectionmodel import (
    BandView,
    ChangeView,
    DetectionView,
    FigureGroup,
    LogicView,
    SubgroupView,
    UtilityView,
)
from synthtab.reporting.subgroup_charts import subgroup_view
from synthtab.reporting.text import clean, plural
from synthtab.reporting.viewmodel import (
    Answer,
    CheckRow,
    ColumnView,
    FactRow,
    HeatView,
    NavItem,
    Strip,
    Tag,
)
from synthtab.results import AuditResult, Section, Status, Verdict

__all__ = ["AuditPage", "audit_page"]

_N_SHOWN = 9
_VERDICTS = {
    Verdict.PASS: Tag("pass", "Pass"),
    Verdict.WARN: Tag("warn", "Warn"),
    Verdict.FAIL: Tag("fail", "Fail"),
}


@dataclass(frozen=True)
class AuditPage:
    """The page of one audit.

    Parameters
    ----------
    title, made_by : str
        What was audited, and how it was made.
    meta : tuple of str
        Rows, columns, seed, date.
    verdict : Tag
        The verdict.
    summary : str
        The verdict in a sentence or two.
    answers : tuple of Answer
        The three cards.
    rests : Answer or None
        What they rest on, where that is not the third card.
    nav : tuple of NavItem
        Contents.
    decided, passed, unasked, notes : tuple of CheckRow
        Failed and warned checks; passed ones; those that could not be asked; descriptions.
    families : Strip
        Each family on one scale.
    family_figures : tuple of FigureGroup
        Figures of whole families, by section.
    columns : tuple of ColumnView
        Worst first.
    n_shown : int
        How many columns stand unfolded.
    rare : Strip or None
        The ladder of rare categories.
    bands : BandView or None
        Rare categories by how many rows hold them.
    changes : ChangeView or None
        Findings lost and invented.
    heat : HeatView or None
        Associations.
    logic : LogicView or None
        Rules that real rows obey.
    subgroups : SubgroupView or None
        Groups of people.
    utility : UtilityView or None
        Models trained on synthetic rows.
    detection : DetectionView or None
        Columns that give the synthetic table away.
    privacy : PrivacyView or None
        Who may have it, attacks, what regulators ask.
    releases : tuple of FactRow
        Each of several tables from one source, on its own.
    guard : tuple of FactRow
        What the guard did.
    limits : tuple of str
        What the audit cannot say.
    officer : OfficerView
        One sheet for a privacy officer.
    lineage : tuple of FactRow
        Who made the table from what.
    lineage_note : str
        What stands behind that.
    detail : InternalView or None
        What only those may see who hold the real table.
    provenance, versions : tuple of FactRow
        Where the tables came from; libraries.
    has_holdout : bool
        Whether there were real rows that nothing was fitted on.
    withheld : int
        How many cells of columns are withheld.
    k : int
        Fewest people that must stand behind a printed figure.
    """

    title: str
    made_by: str
    meta: tuple[str, ...]
    verdict: Tag
    summary: str
    answers: tuple[Answer, ...]
    rests: Answer | None
    nav: tuple[NavItem, ...]
    decided: tuple[CheckRow, ...]
    passed: tuple[CheckRow, ...]
    unasked: tuple[CheckRow, ...]
    notes: tuple[CheckRow, ...]
    families: Strip
    family_figures: tuple[FigureGroup, ...]
    columns: tuple[ColumnView, ...]
    n_shown: int
    rare: Strip | None
    bands: BandView | None
    changes: ChangeView | None
    heat: HeatView | None
    logic: LogicView | None
    subgroups: SubgroupView | None
    utility: UtilityView | None
    detection: DetectionView | None
    privacy: PrivacyView | None
    releases: tuple[FactRow, ...]
    guard: tuple[FactRow, ...]
    limits: tuple[str, ...]
    officer: OfficerView
    lineage: tuple[FactRow, ...]
    lineage_note: str
    detail: InternalView | None
    provenance: tuple[FactRow, ...]
    versions: tuple[FactRow, ...]
    has_holdout: bool
    withheld: int
    k: int


def audit_page(result: AuditResult) -> AuditPage:
    """Turn an audit into the page of it.

    Parameters
    ----------
    result : AuditResult
        Its releasable form; else the page is an internal one.

    Returns
    -------
    AuditPage
        Plain strings and numbers.
    """
    detail = internal_view(result)
    result = in_full(result)
    source = result.provenance
    rows = [check_row(check) for check in result.checks]
    by_status = {
        status: tuple(row for row, check in zip(rows, result.checks, strict=True) if check.status is status)
        for status in Status
    }
    columns = column_views(result.distributions, result.scores, source.k)
    logic = logic_view(result.logic)
    subgroups = subgroup_view(result.subgroups, _why_not(result, Section.SUBGROUPS))
    utility = utility_view(result.models, _why_not(result, Section.UTILITY))
    detection = detection_view(result.scores, _why_not(result, Section.DETECTION))
    readers = may_have(result)
    drawn = {
        "logic": logic,
        "subgroups": subgroups,
        "utility": utility,
        "detection": detection,
        "internal": detail,
    }
    return AuditPage(
        title=clean(source.title),
        made_by=clean(source.synthesizer) if source.synthesizer else "",
        meta=_meta(result),
        verdict=_VERDICTS[result.verdict],
        summary=clean(result.summary, 2_000),
        answers=(faithful(result), gives_away(result), readers or rests_on(result)),
        rests=rests_on(result) if readers is not None else None,
        nav=_nav(result, {target for target, view in drawn.items() if view is not None}),
        decided=by_status[Status.FAIL] + by_status[Status.WARN],
        passed=by_status[Status.PASS],
        unasked=by_status[Status.NOT_APPLICABLE],
        notes=by_status[Status.NOTE],
        families=family_strip(result.families),
        family_figures=figure_groups(result.scores),
        columns=columns,
        n_shown=_N_SHOWN,
        rare=rare_strip(result.rare),
        bands=band_view(result.rare_bands),
        changes=change_view(result.association_changes),
        heat=heat_view(result.associations),
        logic=logic,
        subgroups=subgroups,
        utility=utility,
        detection=detection,
        privacy=privacy_view(result),
        releases=tuple(
            FactRow(
                clean(release.name),
                f"{plural(release.rows, 'row')}. {clean(release.summary, 2_000)}",
                _VERDICTS[release.verdict],
            )
            for release in result.releases
        ),
        guard=tuple(FactRow(clean(item.column), clean(item.action)) for item in result.guard),
        limits=tuple(clean(limit, 2_000) for limit in result.limits),
        officer=officer_view(result),
        lineage=lineage_steps(result),
        lineage_note=lineage_note(result),
        detail=detail,
        provenance=_provenance(result),
        versions=tuple(FactRow(clean(name), clean(version)) for name, version in source.versions),
        has_holdout=source.holdout,
        withheld=sum(column.withheld for column in columns),
        k=source.k,
    )


def _why_not(result: AuditResult, section: Section) -> str:
    """Give the reason why a section could not be asked about, when there is one."""
    answers = [(item.section, item.status, item.reason) for item in result.families]
    answers += [(item.section, item.status, item.reason) for item in result.checks]
    asked = (section, Status.NOT_APPLICABLE)
    return next((reason for *answer, reason in answers if tuple(answer) == asked and reason), "")


def _meta(result: AuditResult) -> tuple[str, ...]:
    source = result.provenance
    return (
        f"{source.n_train:,} real rows",
        f"{source.n_holdout:,} held out" if source.holdout else "none held out",
        f"{source.n_synthetic:,} synthetic rows",
        plural(source.n_columns, "column"),
        f"seed {source.seed}",
        *([f"generation {source.generation}"] if source.generation is not None else []),
        clean(source.created),
    )


def _nav(result: AuditResult, drawn: AbstractSet[str]) -> tuple[NavItem, ...]:
    def tag(section: Section) -> Tag:
        found = result.section_verdict(section)
        return tag_of(Status(found.value))

    items = [
        NavItem("decided", "What decided it", None),
        *([NavItem("releases", "Releases", None)] if result.releases else []),
        NavItem("families", "Families", None),
        NavItem("columns", "Columns", tag(Section.MARGINAL)),
        NavItem("rare", "Rare categories", tag(Section.RARE)),
        NavItem("associations", "Associations", tag(Section.ASSOCIATION)),
        NavItem("logic", "Logic", tag(Section.SCHEMA)),
        NavItem("subgroups", "Subgroups", tag(Section.SUBGROUPS)),
        NavItem("utility", "Utility", tag(Section.UTILITY)),
        NavItem("detection", "Detection", tag(Section.DETECTION)),
        NavItem("privacy", "Privacy", tag(Section.PRIVACY)),
        NavItem("officer", "Sheet to sign", None),
        NavItem("guard", "Guard", None),
        NavItem("limits", "Limits", None),
        NavItem("provenance", "Provenance", None),
        NavItem("reading", "How to read this", None),
        NavItem("internal", "Internal", None),
    ]
    optional = {"logic", "subgroups", "utility", "detection", "internal"}
    return tuple(item for item in items if item.target in drawn or item.target not in optional)


def _provenance(result: AuditResult) -> tuple[FactRow, ...]:
    source = result.provenance
    return (
        FactRow("Table", clean(source.title)),
        FactRow("Made by", clean(source.synthesizer) if source.synthesizer else "not told"),
        FactRow(
            "Generation", "not told" if source.generation is None else f"{source.generation} (0 is real)"
        ),
        FactRow("Real rows, fitted on", f"{source.n_train:,}"),
        FactRow("Real rows, held out", f"{source.n_holdout:,}" if source.holdout else "none"),
        FactRow("Synthetic rows", f"{source.n_synthetic:,}, of which {source.n_compared:,} were compared"),
        FactRow("Columns scored", f"{source.n_columns:,}"),
        FactRow("Policy", clean(source.policy) if source.policy else "not told"),
        FactRow("Seed of the audit", f"{source.seed}"),
        FactRow("Date", clean(source.created)),
    )
