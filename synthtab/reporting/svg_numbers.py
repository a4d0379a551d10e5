"""Numbers and places as drawings write them: in as few characters as the eye can tell apart."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

__all__ = ["anchor", "fine_percent", "joined", "percent", "tenths"]


def tenths(value: float) -> str:
    """Write a coordinate in as few characters as a tenth needs.

    Parameters
    ----------
    value : float
        In pixels, or in units of a box.

    Returns
    -------
    str
        E.g. ``12``, ``12.5``; never ``-0``.
    """
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def percent(share: float) -> str:
    """Write a place between 0 and 1 as a percentage, to a tenth.

    Parameters
    ----------
    share : float
        Between 0 and 1.

    Returns
    -------
    str
        E.g. ``12.5%``.
    """
    return f"{tenths(100 * share)}%"


def fine_percent(share: float) -> str:
    """Write a place between 0 and 1 as a percentage, to a hundredth, where bars must meet.

    Parameters
    ----------
    share : float
        Between 0 and 1.

    Returns
    -------
    str
        E.g. ``12.25%``.
    """
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    return f"{'0' if text == '-0' else text}%"


def joined(parts: Iterable[Markup]) -> Markup:
    """Put pieces of a drawing one after the other.

    Parameters
    ----------
    parts : iterable of Markup
        The pieces.

    Returns
    -------
    Markup
        All of them, with nothing between.
    """
    return Markup("").join(parts)


def anchor(at: float, edge: float) -> str:
    """Say which end of a label stands at its place: one at an edge stays inside the drawing.

    Parameters
    ----------
    at : float
        Its place, between 0 and 1.
    edge : float
        How close to 0 or 1 counts as an edge.

    Returns
    -------
    str
        start, middle or end: a class of the style sheet.
    """
    return "start" if at < edge else "end" if at > 1 - edge else "middle"
