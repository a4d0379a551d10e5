"""The forest plot of attacks: people in the table above, people who are not below, on one axis."""

from __future__ import annotations

from markupsafe import Markup

from synthtab.reporting.svg_numbers import fine_percent, joined
from synthtab.reporting.viewmodel import Strip, StripRow

__all__ = ["forest_row"]

_MAIN, _OTHERS = "32%", "72%"


def forest_row(row: StripRow, strip: Strip) -> Markup:
    """Draw one attack.

    Parameters
    ----------
    row : StripRow
        The full dot and the hollow one, each with its interval.
    strip : Strip
        The axis it shares.

    Returns
    -------
    Markup
        An SVG as wide as its place; a side that is withheld leaves no trace in it.
    """
    line = Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    upright = Markup('<line class="{0}" x1="{1}" x2="{1}" y2="100%"/>')
    parts = [
        upright.format("axis" if at in strip.strong else "grid", fine_percent(at)) for at, _ in strip.ticks
    ]
    if row.hollow_low is not None and row.hollow_high is not None:
        parts.append(
            line.format(
                "ci-others", fine_percent(row.hollow_low), fine_percent(row.hollow_high), _OTHERS, _OTHERS
            )
        )
    if row.hollow is not None:
        mark = Markup('<use class="hollow" href="#m-hollow" x="{}" y="{}"/>')
        parts.append(mark.format(fine_percent(row.hollow), _OTHERS))
    if row.low is not None and row.high is not None:
        parts.append(
            line.format(f"ci {row.tag.kind}", fine_percent(row.low), fine_percent(row.high), _MAIN, _MAIN)
        )
    if row.at is not None:
        dot = Markup('<use class="dot {0}" href="#m-{0}" x="{1}" y="{2}"/>')
        parts.append(dot.format(row.tag.kind, fine_percent(row.at), _MAIN))
    frame = Markup('<svg role="img" aria-label="{}" width="100%" height="100%">{}</svg>')
    return frame.format(row.said, joined(parts))
