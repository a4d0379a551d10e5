"""Words and numbers on a page: harmless, short, with as many digits as mean something."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthtab.reporting.text import (
    NOT_A_NUMBER,
    clean,
    figure,
    interval,
    percent,
    percent_interval,
    plural,
    shorten,
    text_width,
    threshold,
    whole,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5812, "0.58"),
        (-0.0424, "−0.042"),
        (0.0042, "0.0042"),
        (0.001, "0.001"),
        (0.0, "0.00"),
        (-0.0000001, "0.00"),
        (12.345, "12.3"),
        (1284.4, "1,284"),
        (None, NOT_A_NUMBER),
        (math.nan, NOT_A_NUMBER),
        (math.inf, NOT_A_NUMBER),
    ],
)
def test_figures_have_two_or_three_digits(value: float | None, shown: str) -> None:
    """A figure is written with two or three significant digits and a true minus sign, never as minus zero."""
    assert figure(value) == shown


def test_a_sign_is_written_only_where_there_is_a_difference() -> None:
    """A plus sign stands before a positive difference and not before one that rounds to nothing."""
    assert figure(0.118, signed=True) == "+0.12"
    assert figure(-0.118, signed=True) == "−0.12"
    assert figure(0.0, signed=True) == "0.00"
    assert interval(0.00001, -0.2, 0.2, signed=True) == "0.00 [−0.20, 0.20]"


def test_a_figure_and_its_interval_share_their_decimals() -> None:
    """All three numbers are rounded alike, and a narrow interval does not look like a point."""
    assert interval(0.58, 0.49, 0.66) == "0.58 [0.49, 0.66]"
    assert interval(0.997, 0.996, 0.998) == "0.997 [0.996, 0.998]"
    assert interval(0.0, 0.0, 0.001) == "0.000 [0.000, 0.001]"
    assert interval(0.5, None, 0.6) == "0.50"
    assert interval(None, 0.1, 0.2) == NOT_A_NUMBER


def test_a_failed_figure_never_looks_equal_to_its_margin() -> None:
    """0.798 against a margin of 0.80 is shown with the digit that tells them apart."""
    assert interval(0.798, 0.78, 0.81, beside=0.8) == "0.798 [0.780, 0.810]"
    assert threshold(0.8, 0.798) == "≥ 0.800"
    assert threshold(0.8, 0.7) == "≥ 0.80"
    assert threshold(0.8, 0.8) == "≥ 0.80"
    assert threshold(0.05, None, at_least=False) == "≤ 0.050"
    assert threshold(None) == NOT_A_NUMBER


def test_shares_are_percentages() -> None:
    """A share is a percentage with one decimal, or two where it is tiny; number and sign never part."""
    assert percent(0.1234) == "12.3\u00a0%"
    assert percent(0.0004) == "0.04\u00a0%"
    assert percent(None) == NOT_A_NUMBER
    assert percent_interval(0.011, 0.006, 0.019) == "1.1\u00a0% [0.6, 1.9]"
    assert percent_interval(0.011, None, None) == "1.1\u00a0%"


def test_counts_are_whole_or_nearly() -> None:
    """Counts have separators of thousands; small expected counts keep a decimal."""
    assert [whole(count) for count in (3685, 4.1, 29.7, 0.0)] == ["3,685", "4.1", "30", "0"]
    assert plural(1, "check") == "1 check"
    assert plural(2, "family", "families") == "2 families"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand\rmore", "two lines and more"),
        ("invoice\u202etxt.exe", "invoice[U+202E]txt.exe"),
        ("a\u0000b", "a[U+0000]b"),
        ("a\u200cb", "a[U+200C]b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud800", "[U+D800]"),
        ("", "[empty]"),
        ("   ", "[blank]"),
        ("at 95 % of 3", "at 95\u00a0% of 3"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    """Control and bidirectional characters show as code points; scripts that need joiners keep them."""
    assert clean(text) == shown


def test_endless_names_are_cut_and_say_so() -> None:
    """A name of 4,000 characters keeps its beginning and tells its length; accents do not pile up."""
    assert clean("x" * 4_000) == "x" * 240 + "… (4,000 characters)"
    assert clean("z" + "\u0301" * 50) == "z" + "\u0301" * 3


@given(st.text(max_size=400))
def test_clean_text_is_always_safe_to_write(text: str) -> None:
    """Whatever comes in, what goes out is not empty, encodes as UTF-8 and holds no hidden character."""
    shown = clean(text)
    assert shown
    shown.encode("utf-8")
    assert not any(ord(char) < 32 or 0x202A <= ord(char) <= 0x202E or char == "\u2066" for char in shown)


@given(st.text(max_size=80), st.floats(min_value=20, max_value=400))
def test_shortened_text_fits(text: str, room: float) -> None:
    """A text is cut to its room, with an ellipsis, and only when it must be."""
    short = shorten(text, room)
    assert text_width(short) <= room
    assert short == text or short.endswith("…")
