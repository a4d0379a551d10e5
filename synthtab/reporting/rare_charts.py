"""Rare categories as view models: the ladder of the larger ones, and the rarer ones in bands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.axes import ratio_axis
from synthtab.reporting.sectionmodel import BandView
from synthtab.reporting.text import clean, open_interval, plural, whole
from synthtab.reporting.viewmodel import Strip, StripRow
from synthtab.results import RareGroup
from synthtab.results.shown import RareBand

__all__ = ["band_view", "rare_strip"]

_LADDER_TICKS = tuple(float(digit * 10**power) for power in range(7) for digit in (1, 3))


def rare_strip(groups: Sequence[RareGroup]) -> Strip | None:
    """Build the ladder of rare categories on an axis that gives small counts room.

    Parameters
    ----------
    groups : sequence of RareGroup
        The rungs.

    Returns
    -------
    Strip or None
        None when there is no rare category.
    """
    if not groups:
        return None
    seen = max(1.0, *(max(group.expected, group.synthetic) for group in groups))
    top = max(seen, *(min(group.high, 3 * seen) for group in groups))

    def place(count: float) -> float:
        return 0.02 + 0.96 * math.log1p(min(max(count, 0.0), top)) / math.log1p(top)

    rows = []
    for group in groups:
        label, tag = clean(group.label), tag_of(group.status)
        found, fresh = whole(group.synthetic), whole(group.expected)
        bounds = f"{whole(group.low)} to {whole(group.high)}"
        rows.append(
            StripRow(
                label=label,
                tag=tag,
                at=place(group.synthetic),
                low=place(group.low),
                high=place(group.high),
                beyond=0,
                band_low=None,
                band_high=None,
                mark=place(group.expected),
                figure=f"{found} of {fresh}",
                detail=(whole(group.levels), fresh, found, bounds),
                said=f"{label}: {tag.word}, {found} synthetic rows [{bounds}], {fresh} are expected",
            )
        )
    ticks = [0.0, *(tick for tick in _LADDER_TICKS if tick <= top)]
    head = ("Category", "Answer", "Levels", "Expected of fresh real data", "Synthetic rows", "95 % interval")
    named = tuple((place(tick), whole(tick)) for tick in ticks)
    return Strip(rows=tuple(rows), ticks=named, strong=(named[0][0],), head=head)


def band_view(bands: Sequence[RareBand]) -> BandView | None:
    """Show what each band of rare categories kept of its share of the rows.

    Parameters
    ----------
    bands : sequence of RareBand
        From the rarest up.

    Returns
    -------
    BandView or None
        None when there is no rare category. Ratios of 0 stand at the end of the axis as arrows.
    """
    if not bands:
        return None
    axis = ratio_axis([side for band in bands for side in (band.mass_ratio, band.low, band.high)])
    rows = []
    for band in bands:
        label, tag = clean(band.label), tag_of(band.status)
        kept, honest = whole(band.kept), whole(band.expected)
        ratio = open_interval(band.mass_ratio, band.low, band.high)
        levels = plural(band.levels, "category", "categories")
        rows.append(
            StripRow(
                label=label,
                tag=tag,
                at=axis.place(band.mass_ratio),
                low=axis.place(band.low),
                high=axis.place(band.high),
                beyond=axis.beyond(band.mass_ratio),
                band_low=None,
                band_high=None,
                mark=None,
                figure=ratio,
                detail=(whole(band.levels), kept, honest, ratio),
                said=f"{label}: {tag.word}, {kept} of {levels} kept, {honest} in fresh real rows; "
                f"synthetic over real share of the rows {ratio}",
                about=f"{kept} of {whole(band.levels)} kept; fresh real rows hold {honest}",
                absent="no real row to compare with",
            )
        )
    head = (
        *("Rows that hold each", "Answer", "Categories", "Kept", "In fresh real rows"),
        "Synthetic over real share of the rows [95 % interval]",
    )
    strip = Strip(tuple(rows), axis.named(), (axis.place(1.0) or 0.0,), head)
    return BandView(strip, _bands_said(bands))


def _bands_said(bands: Sequence[RareBand]) -> str:
    levels, kept = sum(band.levels for band in bands), sum(band.kept for band in bands)
    said = f"Of {plural(levels, 'rare category', 'rare categories')} the synthetic table keeps {whole(kept)}"
    honest = sum(band.expected for band in bands)
    return (
        f"{said}; as many fresh real rows would hold {whole(honest)}."
        if math.isfinite(honest)
        else f"{said}."
    )
