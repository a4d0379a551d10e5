"""Several releases on one page: each is named with its own verdict."""

from __future__ import annotations

from dataclasses import replace

from report_fixture import nhanes_audit

from synthtab.reporting.html import render
from synthtab.results import Release, Section, Verdict

RELEASES = (
    Release("release 1", 800, Verdict.PASS, "As faithful as fresh real data.", (), ()),
    Release("release 2", 955, Verdict.FAIL, "It gives away <training> rows.", (Section.PRIVACY,), ()),
)


def test_each_release_stands_with_its_verdict_and_clean_text() -> None:
    """Names, rows, verdicts and summaries are there; markup in a summary is shown as text."""
    page = render(replace(nhanes_audit(), releases=RELEASES))
    part = page.split('id="releases"', 1)[1].split("</section>", 1)[0]
    assert "release 1" in part
    assert "955 rows" in part
    assert "Pass" in part
    assert "Fail" in part
    assert "<training>" not in part
    assert 'href="#releases"' in page


def test_a_single_table_has_no_such_part() -> None:
    """Neither the part nor its entry in the contents is there."""
    assert 'id="releases"' not in render(nhanes_audit())
    assert 'href="#releases"' not in render(nhanes_audit())
