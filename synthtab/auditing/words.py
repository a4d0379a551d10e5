"""The verdict and its limits in plain words."""

from __future__ import annotations

from synthtab.results import Check, Section, Status, Verdict
from synthtab.schema import Domain, TableSchema

__all__ = ["limits_of", "summarise", "unanswered"]

_LOST = {
    Section.SCHEMA: "keeping to the schema and its rules",
    Section.MARGINAL: "column shapes",
    Section.ASSOCIATION: "associations between columns",
    Section.RARE: "rare categories",
    Section.TAILS: "tails",
    Section.SUBGROUPS: "subgroups",
    Section.UTILITY: "training models",
    Section.DETECTION: "passing for real rows",
}


def summarise(
    verdict: Verdict, checks: tuple[Check, ...], *, has_holdout: bool, from_profile: bool = False
) -> str:
    """Say the verdict in one or two sentences.

    Parameters
    ----------
    verdict : Verdict
        The verdict.
    checks : tuple of Check
        Every answer.
    has_holdout : bool
        Whether there were real rows that the synthesizer had not seen.
    from_profile : bool, default False
        Whether the real rows were known by a profile only.

    Returns
    -------
    str
        Plain words, no value of the table.
    """
    failed = _sections(checks, Status.FAIL)
    warned = [section for section in _sections(checks, Status.WARN) if section not in failed]
    sentences = []
    fidelity_lost = [section for section in failed if section is not Section.PRIVACY]
    if fidelity_lost:
        sentences.append(
            f"It falls short of fresh real data in {_list([_LOST[section] for section in fidelity_lost])}."
        )
    elif (from_profile or not unanswered(checks)) and any(_passed_fidelity(check) for check in checks):
        sentences.append("As faithful as fresh real data, as far as this audit can see.")
    if warned:
        words = [_LOST.get(section, "privacy") for section in warned]
        sentences.append(f"Look at {_list(words)} before using it.")
    if from_profile:
        return " ".join(
            [*sentences, "Only a profile of the real rows was at hand: nothing that needs rows was asked."]
        )
    sentences.append(_privacy_words(checks, has_holdout=has_holdout))
    silent = [_LOST[section] for section in unanswered(checks) if section is not Section.PRIVACY]
    if silent:
        sentences.append(f"These tables are too small to judge {_list(silent)}.")
    if verdict is Verdict.WARN and not has_holdout:
        sentences.append("Without a holdout this cannot be more than a warning.")
    return " ".join(sentence for sentence in sentences if sentence)


# any table of some size can be asked about these; rules, rare categories or pairs it may simply not have
_MUST_BE_ASKED = (Section.MARGINAL, Section.DETECTION, Section.PRIVACY)


def unanswered(checks: tuple[Check, ...]) -> tuple[Section, ...]:
    """List the sections that were asked and could not be answered, though every table should have an answer.

    Parameters
    ----------
    checks : tuple of Check
        Every answer.

    Returns
    -------
    tuple of Section
        Those of which no check passed, warned or failed.
    """
    answered = {check.section for check in checks if check.status in (Status.PASS, Status.WARN, Status.FAIL)}
    asked = {check.section for check in checks}
    return tuple(section for section in _MUST_BE_ASKED if section in asked - answered)


def _privacy_words(checks: tuple[Check, ...], *, has_holdout: bool) -> str:
    own = [check for check in checks if check.section is Section.PRIVACY]
    if not own:
        return ""
    if any(check.status is Status.FAIL for check in own):
        return "It gives away training rows."
    if not has_holdout or not any(check.status is Status.PASS for check in own):
        return "What it gives away could not be judged."
    return "No leak was found, at the power stated below."


def _passed_fidelity(check: Check) -> bool:
    return check.status is Status.PASS and check.section not in (Section.PRIVACY, Section.SCHEMA)


def _sections(checks: tuple[Check, ...], status: Status) -> list[Section]:
    return [
        section for section in Section if any(c.section is section and c.status is status for c in checks)
    ]


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def limits_of(
    schema: TableSchema,
    checks: tuple[Check, ...],
    *,
    n_train: int,
    n_holdout: int,
    from_profile: bool = False,
    pairs_rule: str = "",
) -> tuple[str, ...]:
    """List what an audit cannot say.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table.
    checks : tuple of Check
        Every answer.
    n_train, n_holdout : int
        Real rows; no holdout has none.
    from_profile : bool, default False
        Whether the real rows were known by a profile only.
    pairs_rule : str, default ""
        How pairs were chosen when there are too many to count all.

    Returns
    -------
    tuple of str
        Plain sentences.
    """
    found = []
    if from_profile:
        found.append(
            "The real rows were known by a profile of suppressed counts only: fidelity is optimistic, small "
            "cells could not be compared, and what needs rows could not be asked."
        )
    elif not n_holdout:
        found.append("There was no holdout: fidelity is optimistic, and privacy could not be judged.")
    elif abs(n_holdout - n_train) > 0.2 * n_train:
        found.append("Holdout and training differ in size: a privacy audit sees most when they are equal.")
    if schema.unit is None:
        found.append(
            "Each row was taken for one person. If people have several rows, name their column in the schema."
        )
    if schema.weight is not None:
        found.append("Survey weights were not used: every figure describes the sample, not the population.")
    if pairs_rule:
        found.append(pairs_rule)
    inferred = [column.name for column in schema.modelled if column.domain is Domain.FROM_DATA]
    if inferred:
        found.append(
            f"The categories of {len(inferred)} columns came from the data and were not declared public."
        )
    blind = [check for check in checks if check.status is Status.WARN and "too small" in check.reason]
    if blind:
        many = "One check was" if len(blind) == 1 else f"{len(blind)} checks were"
        found.append(f"{many} too weak at this size to see a departure that matters.")
    found.append(
        "Attacks that were not tried may succeed. No leak found is no proof that there is none, and nothing "
        "here says that the table is anonymous or compliant with any law."
    )
    return tuple(found)
