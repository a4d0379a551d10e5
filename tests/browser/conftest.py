"""One browser for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opened_pages import CHROMIUM, FLAGS
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), (
        f"These tests open reports in {CHROMIUM}, which is not installed: apt-get install chromium, "
        "or leave them out with -m 'not browser'."
    )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()
