"""Words and numbers as a reader sees them: harmless, short, and with as many digits as mean something."""

from __future__ import annotations

import math
import re
import unicodedata

__all__ = [
    "NOT_A_NUMBER",
    "clean",
    "figure",
    "interval",
    "open_interval",
    "p_value",
    "percent",
    "percent_interval",
    "plural",
    "plus_minus",
    "shorten",
    "text_width",
    "threshold",
    "whole",
]

NOT_A_NUMBER = "–"
"""Stands where a figure does not exist."""

_LONGEST = 240
_MOST_MARKS = 3
_MOST_DECIMALS = 4
_MOST_INTERVAL_DECIMALS = 3
_PERCENT = "\u00a0%"
_LOOSE_PERCENT = re.compile(r"(?<=\d) %")
_JOINERS = "\u200c\u200d"
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

_NARROW = frozenset("iljI.,:;'|!()[]{}ftr\\/-` ")
_BROAD = frozenset("mwMW@%&…")
_NARROW_EM, _USUAL_EM, _CAPITAL_EM, _BROAD_EM, _WIDE_EM = 0.4, 0.63, 0.72, 0.98, 1.05


def clean(text: object, longest: int = _LONGEST) -> str:
    """Make a name or sentence harmless to show: what cannot be seen is spelled out, what is endless is cut.

    Parameters
    ----------
    text : object
        Anything that stands for a name, a level or a sentence.
    longest : int
        Most characters to keep.

    Returns
    -------
    str
        Line breaks and tabs become spaces; other control, bidirectional, private and unassigned
        characters become ``[U+202E]``; at most three accents in a row. Nothing is HTML-escaped here:
        templates and drawings do that.
    """
    raw = str(text)
    shown = raw[:longest]
    parts: list[str] = []
    marks = 0
    for place, char in enumerate(shown):
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if char in "\t\n\r":
            parts.append(" ")
        elif category in _HIDDEN_CATEGORIES and not _joins_letters(shown, place):
            parts.append(f"[U+{ord(char):04X}]")
        elif marks <= _MOST_MARKS:
            parts.append(char)
    if len(raw) > longest:
        parts.append(f"… ({len(raw):,} characters)")
    return _LOOSE_PERCENT.sub(_PERCENT, "".join(parts)).strip() or ("[empty]" if not raw else "[blank]")


def _joins_letters(text: str, place: int) -> bool:
    """Tell whether a zero-width joiner does its work between letters of a script that needs it."""
    around = text[max(place - 1, 0) : place] + text[place + 1 : place + 2]
    return text[place] in _JOINERS and len(around) == 2 and not any(char.isascii() for char in around)  # noqa: PLR2004


def text_width(text: str, size: float = 12.0) -> float:
    """Estimate how wide a text is, on the safe side for any system font.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size in pixels.

    Returns
    -------
    float
        Pixels.
    """
    return size * sum(_char_em(char) for char in text)


def _char_em(char: str) -> float:
    if char in _NARROW:
        return _NARROW_EM
    if char in _BROAD:
        return _BROAD_EM
    if unicodedata.combining(char):
        return 0.0
    if not char.isascii():
        return _WIDE_EM if unicodedata.east_asian_width(char) in "WF" else _CAPITAL_EM
    return _CAPITAL_EM if char.isupper() else _USUAL_EM


def shorten(text: str, pixels: float, size: float = 12.0) -> str:
    """Cut a text with an ellipsis so that it fits.

    Parameters
    ----------
    text : str
        One line, already clean.
    pixels : float
        Room.
    size : float
        Font size in pixels.

    Returns
    -------
    str
        The text, or its beginning and an ellipsis.
    """
    if text_width(text, size) <= pixels:
        return text
    kept = text
    while kept and text_width(kept + "…", size) > pixels:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _decimals(*values: float) -> int:
    """Two or three significant digits for the largest of the figures that stand together."""
    largest = round(max((abs(value) for value in values), default=0.0), _MOST_DECIMALS)
    steps = ((100.0, 0), (10.0, 1), (0.1, 2), (0.01, 3))
    digits = next((digits for bound, digits in steps if largest >= bound), _MOST_DECIMALS if largest else 2)
    if digits == _MOST_DECIMALS and all(
        math.isclose(round(value, 3), value, abs_tol=1e-9) for value in values
    ):
        return 3
    return digits


def _decimals_apart(value: float | None, bound: float | None, *others: float) -> int:
    """Digits with which a figure and its margin look different when they are."""
    known = [item for item in (value, bound, *others) if item is not None and math.isfinite(item)]
    digits = _decimals(*known)
    if value is None or bound is None or value == bound:
        return digits
    while digits < _MOST_DECIMALS and _fixed(value, digits) == _fixed(bound, digits):
        digits += 1
    return digits


def _fixed(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def figure(value: float | None, *, signed: bool = False, digits: int | None = None) -> str:
    """Write a figure with two or three significant digits.

    Parameters
    ----------
    value : float or None
        The figure.
    signed : bool
        Whether to write a plus sign.
    digits : int or None
        Decimals, where figures stand in a column; by default as many as the figure needs.

    Returns
    -------
    str
        E.g. ``0.58``, ``−0.042``, ``1,284``; an en dash for none.
    """
    if value is None or not math.isfinite(value):
        return NOT_A_NUMBER
    text = _fixed(value, _decimals(value) if digits is None else digits)
    return f"+{text}" if signed and value > 0 and text.strip("0.,") else text


def interval(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    signed: bool = False,
    beside: float | None = None,
) -> str:
    """Write a figure with its interval, all to the same decimals.

    Parameters
    ----------
    value, low, high : float or None
        The figure and its bounds.
    signed : bool
        Whether to write a plus sign before the figure.
    beside : float or None
        A margin that stands beside the figure and must not look equal when it is not.

    Returns
    -------
    str
        E.g. ``0.58 [0.49, 0.66]``; the figure alone when there are no bounds.
    """
    if value is None or not math.isfinite(value):
        return NOT_A_NUMBER
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        bounds, digits = "", _decimals_apart(value, beside)
    else:
        digits = _decimals_apart(value, beside, low, high)
        while digits < _MOST_INTERVAL_DECIMALS and low < high and _fixed(low, digits) == _fixed(high, digits):
            digits += 1
        bounds = f" [{_fixed(low, digits)}, {_fixed(high, digits)}]"
    shown = _fixed(value, digits)
    plus = "+" if signed and value > 0 and shown.strip("0.,") else ""
    return f"{plus}{shown}{bounds}"


def open_interval(value: float | None, low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Write a figure with its interval when an end of the interval may be infinite.

    Parameters
    ----------
    value, low, high : float or None
        The figure and its bounds.
    signed : bool
        Whether to write a plus sign before the figure.

    Returns
    -------
    str
        E.g. ``4.2 [1.1 or more]``; the bounds alone when the figure does not exist.
    """
    has_low, has_high = (bound is not None and math.isfinite(bound) for bound in (low, high))
    if value is not None and math.isfinite(value) and has_low and has_high:
        return interval(value, low, high, signed=signed)
    low_words, high_words = figure(low), figure(high)
    bounds = ""
    if has_low and has_high:
        bounds = f"{low_words} to {high_words}"
    elif has_low or has_high:
        bounds = f"{low_words} or more" if has_low else f"up to {high_words}"
    shown = figure(value, signed=signed)
    if shown == NOT_A_NUMBER:
        return bounds or shown
    return f"{shown} [{bounds}]" if bounds else shown


def threshold(bound: float | None, value: float | None = None, *, at_least: bool = True) -> str:
    """Write a margin so that it never looks equal to a figure on its other side.

    Parameters
    ----------
    bound : float or None
        The margin.
    value : float or None
        The figure that is compared with it.
    at_least : bool
        Whether the figure should be at least (else at most) the margin.

    Returns
    -------
    str
        E.g. ``≥ 0.80``.
    """
    if bound is None or not math.isfinite(bound):
        return NOT_A_NUMBER
    return f"{'≥' if at_least else '≤'} {_fixed(bound, _decimals_apart(value, bound))}"


def percent(share: float | None) -> str:
    """Write a share as a percentage.

    Parameters
    ----------
    share : float or None
        Between 0 and 1.

    Returns
    -------
    str
        E.g. ``12.3 %``; an en dash for none.
    """
    if share is None or not math.isfinite(share):
        return NOT_A_NUMBER
    return f"{_fixed(100 * share, _percent_decimals(share))}{_PERCENT}"


def _percent_decimals(*shares: float) -> int:
    largest = max(abs(share) for share in shares)
    return 2 if 0 < largest < 0.001 else 1  # noqa: PLR2004 - below a tenth of a per cent


def percent_interval(value: float | None, low: float | None, high: float | None) -> str:
    """Write a share and its interval as percentages.

    Parameters
    ----------
    value, low, high : float or None
        Shares.

    Returns
    -------
    str
        E.g. ``1.1 % [0.6, 1.9]``.
    """
    if value is None or low is None or high is None or not all(map(math.isfinite, (value, low, high))):
        return percent(value)
    digits = _percent_decimals(value, low, high)
    looks_equal = low < high and _fixed(100 * low, digits) == _fixed(100 * high, digits)
    looks_absent = value > 0 and float(_fixed(100 * value, digits).replace(",", "")) == 0
    if looks_equal or looks_absent:
        digits = 2
    bounds = ", ".join(_fixed(100 * bound, digits) for bound in (low, high))
    return f"{_fixed(100 * value, digits)}{_PERCENT} [{bounds}]"


def whole(count: float) -> str:
    """Write a count.

    Parameters
    ----------
    count : float
        A number of rows or levels.

    Returns
    -------
    str
        E.g. ``3,685``; one decimal for small expected counts that are not whole; an en dash for none.
    """
    if not math.isfinite(count):
        return NOT_A_NUMBER
    tenth = round(count, 1)
    few = 10
    return f"{tenth:,.1f}" if tenth != int(tenth) and tenth < few else f"{round(count):,}"


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun.

    Parameters
    ----------
    count : int
        How many.
    one : str
        The noun for one.
    many : str
        The noun for several; by default with an s.

    Returns
    -------
    str
        E.g. ``3 checks``.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def p_value(p: float | None) -> str:
    """Write a p-value.

    Parameters
    ----------
    p : float or None
        Between 0 and 1.

    Returns
    -------
    str
        E.g. ``p = 0.012`` or ``p < 0.001``; empty for none.
    """
    least = 0.001
    if p is None or not math.isfinite(p):
        return ""
    return "p < 0.001" if p < least else f"p = {figure(p, digits=3)}"


def plus_minus(value: float | None, low: float | None, high: float | None) -> str:
    """Write a figure with its interval in the fewest characters, for tables with many of them.

    Parameters
    ----------
    value, low, high : float or None
        The figure and its bounds.

    Returns
    -------
    str
        E.g. ``0.58 ± 0.08`` where the bounds lie as far below as above, else as `interval` does.
    """
    full = interval(value, low, high)
    if value is None or low is None or high is None or "[" not in full:
        return full
    digits = len(full.partition(" ")[0].partition(".")[2])
    below, above = (_fixed(side, digits) for side in (value - low, high - value))
    return f"{_fixed(value, digits)} ± {above}" if below == above else full
