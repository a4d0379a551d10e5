"""Two hundred texts that try to break out of a page: on the pages of audits and studies they stay text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from page_checks import (
    CORPUS,
    HARMLESS,
    check_nothing_runs,
    check_quiet,
    check_structure,
    check_texts_stay_text,
    parsed,
    said,
    skeleton,
)
from report_variants import empty_audit, named_audit
from study_fixture import empty_study, named_study

import synthtab as st
from synthtab.reporting.html import render
from synthtab.reporting.text import clean
from synthtab.results import AuditResult, StudyResult


def _groups(size: int) -> list[tuple[str, ...]]:
    """Split all texts: those of a group play every part of a page of their own."""
    return [CORPUS[first : first + size] for first in range(0, len(CORPUS), size)]


@pytest.mark.parametrize(("is_internal", "size"), [(False, 10), (True, 20)], ids=["releasable", "internal"])
def test_two_hundred_hostile_texts_stay_text_in_an_audit(is_internal: bool, size: int) -> None:
    """As columns, levels, checks, rules, attacks, readers, files, guard actions, limits: never markup."""
    harmless = parsed(render(named_audit(HARMLESS[:size]), internal=is_internal))
    for texts in _groups(size):
        source = render(named_audit(texts), internal=is_internal)
        page = parsed(source)
        check_nothing_runs(page, {"#hatch"})
        check_quiet(source)
        check_texts_stay_text(page, harmless, texts, least=20)


def test_two_hundred_hostile_texts_stay_text_in_a_study() -> None:
    """As synthesizers, regimes, columns, figures, verdicts, failures, guard actions, notes: never markup."""
    harmless = parsed(render(named_study(HARMLESS[:10])))
    for texts in _groups(10):
        source = render(named_study(texts))
        page = parsed(source)
        check_nothing_runs(page, {"#hatch", "#stripes"})
        check_quiet(source)
        check_texts_stay_text(page, harmless, texts, least=20)


def _titled_audit(text: str) -> AuditResult:
    audit = empty_audit()
    source = replace(audit.provenance, title=text, synthesizer=text, created=text, policy=text)
    return replace(audit, summary=text, provenance=source)


def _titled_study(text: str) -> StudyResult:
    study = empty_study()
    return replace(study, settings=replace(study.settings, table=text))


@pytest.mark.parametrize(("make", "least"), [(_titled_audit, 5), (_titled_study, 2)])
def test_every_hostile_text_can_be_the_title(
    make: Callable[[str], AuditResult | StudyResult], least: int
) -> None:
    """A table of that name, by a synthesizer of that name: the window, the heading and the facts say it."""
    plain = skeleton(parsed(render(make("plain"))))
    for text in CORPUS:
        page = parsed(render(make(text)))
        assert said(page.root).count(" ".join(clean(text).split())) >= least, text
        assert skeleton(page) == plain, text


@pytest.mark.parametrize(
    ("shown", "planted"),
    [("&lt;b&gt;", "<b>"), ("&lt;/b&gt;", "</b>"), ('role="img"', 'role="img" tabindex="0"')],
)
def test_markup_that_comes_alive_is_found(shown: str, planted: str) -> None:
    """One text that is not escaped, or one attribute more, and the check of a page fails."""
    source = render(named_audit(CORPUS[:10]))
    harmless = parsed(render(named_audit(HARMLESS[:10])))
    assert shown in source
    with pytest.raises(AssertionError):
        check_texts_stay_text(parsed(source.replace(shown, planted, 1)), harmless, CORPUS[:10])


def _table(names: tuple[str, ...], levels: tuple[str, ...], seed: int) -> pd.DataFrame:
    """Draw a table of one latent variable: numbers and labels in turn."""
    draws = np.random.default_rng([seed, 88])
    latent = draws.normal(size=400)
    seen = [latent + draws.normal(size=400) for _ in names]
    bins = [-np.inf, -1.0, 0.0, 1.0, np.inf]
    return pd.DataFrame(
        {
            name: values.round(1) if place % 2 else np.array(levels)[np.digitize(values, bins) - 1]
            for place, (name, values) in enumerate(zip(names, seen, strict=True))
        }
    )


def test_a_whole_audit_of_hostile_columns_and_levels_stays_text() -> None:
    """What an audit itself writes of such columns and levels holds their names as text."""
    names, levels = CORPUS[::20][:8], CORPUS[7::50]
    real, fresh, made = (_table(names, levels, seed) for seed in range(3))
    result = st.audit(
        *(real, made),
        holdout=fresh,
        sections=["marginal", "association", "rare", "schema"],
        title=CORPUS[13],
        synthesizer=CORPUS[33],
    )
    for is_internal in (False, True):
        source = render(result, internal=is_internal)
        page = parsed(source)
        check_nothing_runs(page, {"#hatch"})
        check_structure(page)
        check_quiet(source)
        words = said(page.root)
        for text in (*names, *levels, CORPUS[13], CORPUS[33]):
            assert " ".join(clean(text).split()) in words, text
