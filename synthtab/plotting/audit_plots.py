"""Plots of an audit: families, one column, rare categories, attacks; associations stand apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray

from synthtab.errors import SpecError
from synthtab.plotting.association_plots import draw_matrices
from synthtab.plotting.axes_style import (
    CHANCE,
    FRESH,
    NOISE,
    QUIET,
    REAL,
    STATUS_STYLES,
    SYNTHETIC,
    MarkStyle,
    Panels,
    axes_for,
    chosen,
    label,
    numbers,
    tidy,
)
from synthtab.plotting.forests import RowMark, draw_marks, forest_axes, forest_key, row_text, upright
from synthtab.plotting.keys import band_key, key, line_key, mark_key
from synthtab.reporting.attack_groups import is_area
from synthtab.reporting.attack_lines import risk_words
from synthtab.reporting.text import whole
from synthtab.results import Attack, AuditResult, Cell, Distribution, FamilyScore, RareGroup, Status

__all__ = ["KINDS", "plot_audit"]

KINDS = ("families", "distribution", "associations", "rare", "attacks")
"""What can be drawn of an audit."""

_WIDTH = 6.4
_ROW = 0.42
_MISSING = "missing"
_NUMBER_KINDS = {"numeric", "integer", "datetime"}
_MOST_TICKS = 9
_BARS = 0.76
_BAND = 0.38
_EDGE = "#7b858f"
_NAME, _ATTACK = 26, 34
# a family far below chance would squeeze the others into a corner: it becomes an arrow
_LEAST, _MOST = -0.5, 1.75
_OTHERS = MarkStyle(QUIET, "o")
_EXPECTED = MarkStyle(FRESH, "D")
_COUNTS = tuple(float(digit * 10**power) for power in range(7) for digit in (1, 3))
_WITHHELD: dict[str, Any] = {"facecolor": "none", "edgecolor": QUIET, "hatch": "////", "linewidth": 0}
_SHARES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def plot_audit(
    result: AuditResult, kind: str = "families", *, ax: Axes | Iterable[Axes] | None, column: str | None
) -> Panels:
    """Draw one side of an audit: never more than its releasable form holds.

    Parameters
    ----------
    result : AuditResult
        The audit.
    kind : str
        One of `KINDS`.
    ax : Axes, iterable of Axes, or None
        Where to draw.
    column : str or None
        For distributions: which column.

    Returns
    -------
    Axes or numpy.ndarray of Axes
        What was drawn in.

    Raises
    ------
    SpecError
        When there is no such kind or column, or the audit has nothing of that kind.
    """
    kind = chosen("kind", kind, KINDS)
    if column is not None and kind != "distribution":
        raise SpecError(
            f"Kind {kind!r} takes no column.", hint='Ask for kind="distribution", or leave column out.'
        )
    released = result.releasable()
    if kind == "families":
        return _families(released.families or _nothing(kind), ax)
    if kind == "rare":
        return _rare(released.rare or _nothing(kind), ax)
    if kind == "attacks":
        asked = [attack for attack in released.attacks if attack.status is not Status.NOT_APPLICABLE]
        return _attacks(asked or _nothing(kind), released, ax)
    if kind == "associations":
        return draw_matrices(released.associations or _nothing(kind), ax)
    columns = {item.column: item for item in released.distributions} or _nothing(kind)
    # worst first
    name = next(iter(columns)) if column is None else chosen("column", column, tuple(columns))
    return _distribution(columns[name], released.provenance.k, ax)


def _nothing(kind: str) -> NoReturn:
    raise SpecError(
        f"This audit has nothing to draw of kind {kind!r}.", hint="Audit again with the section it needs."
    )


def _status_keys(statuses: Iterable[Status]) -> list[Artist]:
    seen = set(statuses)
    return [mark_key(style) for status, style in STATUS_STYLES.items() if status in seen]


def _families(families: Sequence[FamilyScore], ax: Axes | Iterable[Axes] | None) -> Axes:
    (axes,) = axes_for(ax, 1, (_WIDTH, 1.2 + _ROW * len(families)))
    forest_axes(axes, [family.label for family in families], _NAME)
    ends = [end for family in families for end in (family.calibrated, family.low, family.high)]
    known = [end for end in ends if end is not None]
    axes.set_xlim(max(_LEAST, min([-0.08, *known]) - 0.04), min(_MOST, max([1.12, *known]) + 0.04))
    for row, family in enumerate(families):
        if family.calibrated is None:
            row_text(axes, row, "not applicable")
        elif family.band_low is not None and family.band_high is not None:
            width = family.band_high - family.band_low
            axes.barh(
                row, width, left=family.band_low, height=0.62, color=NOISE, alpha=0.22, linewidth=0, zorder=1
            )
    upright(axes, 0.0, CHANCE, len(families), (0, (4, 2)))
    upright(axes, 1.0, FRESH, len(families))
    draw_marks(
        axes,
        [
            RowMark(row, family.calibrated, family.low, family.high, STATUS_STYLES[family.status])
            for row, family in enumerate(families)
        ],
    )
    axes.set_xticks([0.0, 0.5, 1.0], labels=["0\nchance", "0.5", "1\nfresh real data"])
    drawn = [family for family in families if family.calibrated is not None]
    keys = _status_keys(family.status for family in drawn)
    if any(family.band_low is not None for family in drawn):
        keys.append(band_key("95 % of fresh real samples", NOISE))
    forest_key(axes, keys, len(families))
    return axes


def _rare(groups: Sequence[RareGroup], ax: Axes | Iterable[Axes] | None) -> Axes:
    (axes,) = axes_for(ax, 1, (_WIDTH, 1.2 + _ROW * len(groups)))
    forest_axes(axes, [group.label for group in groups], _NAME)
    seen = max(1.0, *(max(group.expected, group.synthetic) for group in groups))
    top = max(seen, *(min(group.high, 3 * seen) for group in groups))
    # small counts have room, and none has a place of its own
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.5)
    axes.set_xlim(-0.3, 1.25 * top)
    ticks = [0.0, *(tick for tick in _COUNTS if tick <= top)]
    axes.set_xticks(ticks, labels=[whole(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    draw_marks(
        axes,
        [RowMark(row, group.expected, None, None, _EXPECTED, hollow=True) for row, group in enumerate(groups)]
        + [
            RowMark(row, group.synthetic, group.low, group.high, STATUS_STYLES[group.status])
            for row, group in enumerate(groups)
        ],
    )
    axes.set_xlabel("Synthetic rows, with 95 % intervals")
    keys = _status_keys(group.status for group in groups)
    keys.append(mark_key(_EXPECTED, "expected of fresh real data", hollow=True))
    forest_key(axes, keys, len(groups))
    return axes


def _to_angle(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map shares so that intervals from equally many people are about equally wide everywhere."""
    shares = np.asarray(shares, dtype=np.float64)
    inner = np.where(shares > 1.0, 2.0 - shares, np.abs(shares))
    angle = np.arcsin(np.sqrt(np.clip(inner, 0.0, 1.0)))
    mapped: NDArray[np.float64] = np.where(shares > 1.0, np.pi - angle, np.sign(shares) * angle)
    return mapped


def _to_share(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    angles = np.asarray(angles, dtype=np.float64)
    share = np.sin(np.where(angles > np.pi / 2, np.pi - angles, np.abs(angles))) ** 2
    mapped: NDArray[np.float64] = np.where(angles > np.pi / 2, 2.0 - share, np.sign(angles) * share)
    return mapped


def _attacks(attacks: Sequence[Attack], result: AuditResult, ax: Axes | Iterable[Axes] | None) -> Axes:
    (axes,) = axes_for(ax, 1, (_WIDTH + 0.8, 1.3 + 0.46 * len(attacks)))
    forest_axes(axes, [attack.name for attack in attacks], _ATTACK)
    axes.set_xscale("function", functions=(_to_angle, _to_share))
    axes.set_xlim(-0.0012, 1.0012)
    axes.set_xticks(_SHARES, labels=[f"{100 * share:.0f}" for share in _SHARES])
    shares = [(row, attack) for row, attack in enumerate(attacks) if not is_area(attack)]
    for row, attack in enumerate(attacks):
        if is_area(attack):
            said = f"{risk_words(attack, result.provenance.k)}, no share of people: 0.5 is guessing"
            row_text(axes, row, label(said))
        elif attack.risk is None:
            said = label(risk_words(attack, result.provenance.k))
            row_text(axes, row if attack.control is None else row - 0.2, said)
    marks = [
        RowMark(row + 0.16, a.control, a.control_low, a.control_high, _OTHERS, hollow=True)
        for row, a in shares
        if a.control is not None
    ]
    marks += [
        RowMark(row - 0.16, a.risk, a.low, a.high, STATUS_STYLES[a.status])
        for row, a in shares
        if a.risk is not None
    ]
    draw_marks(axes, marks)
    axes.set_xlabel("Success of the attack, % of people, with 95 % intervals")
    keys = _status_keys(attack.status for _, attack in shares if attack.risk is not None)
    if any(attack.control is not None for _, attack in shares):
        others = "people who are not in it" if result.provenance.holdout else "expected without a leak"
        keys.append(mark_key(_OTHERS, others, hollow=True))
    forest_key(axes, keys, len(attacks))
    return axes


def _distribution(item: Distribution, k: int, ax: Axes | Iterable[Axes] | None) -> Axes:
    is_number = item.kind in _NUMBER_KINDS
    size = (_WIDTH, 3.6) if is_number else (_WIDTH, 1.4 + 0.36 * len(item.cells))
    (axes,) = axes_for(ax, 1, size)
    has_missing = bool(item.cells) and item.cells[-1].label == _MISSING
    valued = item.cells[:-1] if has_missing else item.cells
    # missing values are a share of all rows, the others of rows with a value: a gap keeps them apart
    places = [float(place) for place in range(len(valued))] + ([len(valued) + 0.6] if has_missing else [])
    draw = _bars_across if is_number else _bars_down
    draw(axes, item.cells, places, len(valued))
    keys = [
        band_key("real", REAL, 1.0),
        line_key("synthetic", SYNTHETIC),
        band_key("95 % of fresh real samples", NOISE, _BAND),
    ]
    if any(cell.real is None for cell in item.cells):
        keys.append(band_key(f"withheld: fewer than {k} people", QUIET, hatch="////"))
    name = f"{item.column}, {item.units}" if item.units else item.column
    share = "Share of rows with a value"
    if is_number:
        axes.set_xlabel(label(name))
        axes.set_ylabel(share)
        axes.set_ylim(bottom=0)
        key(axes, keys)
    else:
        axes.set_ylabel(label(name, longest=40))
        axes.set_xlabel(share)
        axes.set_xlim(left=0)
        key(axes, keys)
    tidy(axes, "y" if is_number else "x")
    return axes


def _band(cells: Sequence[Cell]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give foot and height of the band of fresh real samples around each bar."""
    real, noise = numbers(cell.real for cell in cells), numbers(cell.noise for cell in cells)
    foot = np.maximum(real - noise, 0.0)
    return foot, real + noise - foot


def _level(name: str, *, at: int, valued: int) -> str:
    return label(name, longest=40, wrap=_NAME) if at < valued else "missing,\nof all rows"


def _bars_across(ax: Axes, cells: Sequence[Cell], places: Sequence[float], valued: int) -> None:
    """Draw a histogram: bars side by side, the synthetic line through their middles."""
    foot, height = _band(cells)
    real, synthetic = (numbers(getattr(cell, side) for cell in cells) for side in ("real", "synthetic"))
    ax.bar(places, real, width=0.94, color=REAL, linewidth=0, zorder=2)
    ax.bar(places, height, bottom=foot, width=0.94, color=NOISE, alpha=_BAND, linewidth=0, zorder=2.5)
    ax.plot(
        places[:valued],
        synthetic[:valued],
        color=SYNTHETIC,
        marker="o",
        markersize=3,
        linewidth=1.6,
        zorder=3,
    )
    if len(cells) > valued:
        ax.plot(places[valued:], synthetic[valued:], color=SYNTHETIC, marker="o", markersize=4, zorder=3)
    # the band covers the top of its bar
    ax.hlines(real, np.array(places) - 0.47, np.array(places) + 0.47, colors=_EDGE, linewidth=1, zorder=2.7)
    for place, cell in zip(places, cells, strict=True):
        if cell.real is None:
            ax.axvspan(place - 0.47, place + 0.47, **_WITHHELD)
    step = max(1, -(-valued // _MOST_TICKS))
    shown = [*range(0, valued, step), *range(valued, len(cells))]
    ax.set_xticks(
        [places[place] for place in shown],
        labels=[_level(cells[place].label, at=place, valued=valued) for place in shown],
        rotation=35,
        ha="right",
        rotation_mode="anchor",
    )
    ax.set_xlim(-0.8, (places[-1] if places else 0.0) + 0.8)


def _bars_down(ax: Axes, cells: Sequence[Cell], places: Sequence[float], valued: int) -> None:
    """Draw a bar a level, from the top, and the synthetic share as an upright line across it."""
    foot, height = _band(cells)
    real, synthetic = (numbers(getattr(cell, side) for cell in cells) for side in ("real", "synthetic"))
    ax.barh(places, real, height=_BARS, color=REAL, linewidth=0, zorder=2)
    ax.barh(places, height, left=foot, height=_BARS, color=NOISE, alpha=_BAND, linewidth=0, zorder=2.5)
    reach = _BARS / 2 + 0.08
    middle = np.array(places)
    ax.vlines(real, middle - _BARS / 2, middle + _BARS / 2, colors=_EDGE, linewidth=1, zorder=2.7)
    ax.vlines(
        synthetic,
        middle - reach,
        middle + reach,
        colors=SYNTHETIC,
        linewidth=2.4,
        zorder=3,
    )
    for place, cell in zip(places, cells, strict=True):
        if cell.real is None:
            ax.axhspan(place - _BARS / 2, place + _BARS / 2, **_WITHHELD)
    if len(cells) > valued > 0:
        ax.axhline(valued - 0.2, color=QUIET, linewidth=0.6, linestyle=":")
    names = [_level(cell.label, at=place, valued=valued) for place, cell in enumerate(cells)]
    ax.set_yticks(list(places), labels=names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim((places[-1] if places else 0.0) + 0.6, -0.6)
