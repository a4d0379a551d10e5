"""Attackers on what an audit prints: they search, subtract, invert, and read drawings back to numbers."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import beta

from synthtab.attacks.counts import wilson
from synthtab.metrics.association import cramers_v
from synthtab.metrics.rare import mass_ratio_interval
from synthtab.results import AuditResult, Distribution

POOL, MISSING = "rarer levels", "missing"
DECIMALS = 4


# ---------------------------------------------------------------------- searching


def forms(number: float) -> list[str]:
    """Give the ways in which a number may stand in a text."""
    return [
        repr(number),
        f"{number:.2f}",
        f"{number:.1f}",
        f"{number:.0f}",
        f"{number:,.0f}",
        f"{number:,.1f}",
    ]


def found_in(content: str | bytes, needles: Iterable[str], numbers: Iterable[float] = ()) -> list[str]:
    """Name the planted strings and numbers that stand in a text or a file, as text or as binary numbers."""
    data = content.encode() if isinstance(content, str) else content
    hits = [needle for needle in needles if needle.encode() in data]
    for number in numbers:
        binary = [np.array([number], dtype=kind).tobytes() for kind in ("<f8", "<f4", "<i8", "<i4")]
        if any(form.encode() in data for form in forms(number)) or any(form in data for form in binary[:2]):
            hits.append(str(number))
    return hits


def unpacked(path: Path) -> Iterator[bytes]:
    """Give a file's bytes, and those of every file inside it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())


# ---------------------------------------------------------------------- subtracting


@dataclass(frozen=True)
class Finding:
    """What an attacker found: where, and between which numbers of people."""

    where: str
    low: int
    high: int


def hidden_bounds(shown: Sequence[int], hidden: int, total: int) -> tuple[int, int]:
    """Bound one of some hidden cells by what the shown ones leave of the total."""
    rest = total - sum(shown)
    return (rest if hidden == 1 else 0), rest


def tells(low: int, high: int, k: int) -> bool:
    """Say whether bounds on a number of people tell that they are few: it is not open from 0 up to k."""
    return not (low == 0 and high >= k) and high > 0 and low < k


def true_counts(drawn: Distribution, values: pd.Series) -> dict[str, int]:
    """Count the people in each cell of a drawn distribution, by its label."""
    present = values.dropna()
    counts = {MISSING: len(values) - len(present)}
    labels = [cell.label for cell in drawn.cells if cell.label != MISSING]
    if drawn.kind in ("numeric", "integer"):
        return counts | {label: int(_inside(present.astype(float), label).sum()) for label in labels}
    own = _as_text(present).value_counts()
    named = {label: int(own.get(label, 0)) for label in labels if label != POOL}
    return counts | named | ({POOL: len(present) - sum(named.values())} if POOL in labels else {})


def _as_text(values: pd.Series) -> pd.Series:
    return values.map(lambda value: str(value).lower() if isinstance(value, bool | np.bool_) else str(value))


def _inside(values: pd.Series, label: str) -> pd.Series:
    if label == "any value":
        return pd.Series(data=True, index=values.index)
    if label.startswith("under "):
        return values < _number(label.removeprefix("under "))
    if label.endswith(" and over"):
        return values >= _number(label.removesuffix(" and over"))
    low, high = label.split(" to ")
    return (values >= _number(low)) & (values < _number(high))


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def subtract_cells(result: AuditResult, real: pd.DataFrame, k: int) -> list[Finding]:
    """Find withheld cells of distributions, told the exact count of every cell that is shown.

    Rounding is no obstacle to this attacker: what cannot be found so, cannot be found from rounded shares.
    """
    found = []
    for drawn in result.distributions:
        counts = true_counts(drawn, real[drawn.column])
        cells = [cell for cell in drawn.cells if cell.label != MISSING]
        shown = [counts[cell.label] for cell in cells if cell.real is not None]
        hidden = [cell.label for cell in cells if cell.real is None]
        total = sum(counts[cell.label] for cell in cells)
        if hidden:
            low, high = hidden_bounds(shown, len(hidden), total)
            if tells(low, high, k):
                found.append(Finding(f"{drawn.column}: {hidden}", low, high))
        found += [
            Finding(f"{drawn.column}: {cell.label}", counts[cell.label], counts[cell.label])
            for cell in drawn.cells
            if cell.real is not None
            and 0
            < min(counts[cell.label], (len(real) if cell.label == MISSING else total) - counts[cell.label])
            < k
        ]
    return found


def subtract_levels(result: AuditResult, real: pd.DataFrame, k: int) -> list[Finding]:
    """Find levels of few people by putting together every place that tells of levels one by one.

    Distributions, the ladder of rare categories, and subgroups; the counts told are taken for exact.
    """
    found = []
    for drawn in result.distributions:
        if drawn.kind in ("numeric", "integer", "datetime"):
            continue
        own = _as_text(real[drawn.column].dropna()).value_counts()
        told = {cell.label for cell in drawn.cells if cell.real is not None}
        told |= {
            group.label.removeprefix(f"{drawn.column}: ")
            for group in result.rare
            if group.label.startswith(f"{drawn.column}: ")
        }
        told |= {
            group.level
            for group in result.subgroups
            if group.column == drawn.column and group.share is not None
        }
        rest = own[[level for level in own.index if level not in told]]
        if len(rest) and (rest.min() < k) and (len(rest) < 2 or rest.sum() < k):
            found.append(Finding(f"{drawn.column}: {[*rest.index]}", int(rest.sum()), int(rest.sum())))
    return found


def possible_missing(shares: Sequence[float], step: float, people: int) -> list[int]:
    """List how many of so many people may have no value, given the rounded shares of those who have one."""
    found = []
    for missing in range(people):
        present = people - missing
        low = np.ceil((np.array(shares) - step / 2) * present - 1e-9)
        high = np.floor((np.array(shares) + step / 2) * present + 1e-9)
        if (low <= high).all() and low.sum() <= present <= high.sum():
            found.append(missing)
    return found


def count_missing(
    result: AuditResult, real: pd.DataFrame, k: int, step_of: Callable[[int, int], float]
) -> list[Finding]:
    """Find how few people have no value, where that is withheld, from the denominators of the others."""
    found = []
    for drawn in result.distributions:
        cells = [cell for cell in drawn.cells if cell.label != MISSING]
        if any(cell.real is None for cell in cells) or any(
            cell.label == MISSING and cell.real is not None for cell in drawn.cells
        ):
            continue
        step = step_of(int(real[drawn.column].notna().sum()), k)
        open_to = possible_missing([float(cell.real or 0.0) for cell in cells], step, len(real))
        if real[drawn.column].isna().any() and tells(min(open_to), max(open_to), k):
            found.append(Finding(f"{drawn.column}: {MISSING}", min(open_to), max(open_to)))
    return found


def invert_strengths(result: AuditResult, real: pd.DataFrame, k: int) -> list[Finding]:
    """Find how few people are in a cell of two columns of two levels, from their strength of association."""
    matrix = result.associations
    if matrix is None:
        return []
    found = []
    for row, second in enumerate(matrix.columns):
        for column, first in enumerate(matrix.columns[:row]):
            strength = matrix.real[row][column]
            pair = real[[first, second]].dropna()
            if strength is None or any(pair[name].nunique() != 2 for name in (first, second)):
                continue
            table = pd.crosstab(pair[first], pair[second]).to_numpy()
            rows, columns, n = table.sum(axis=1), table.sum(axis=0), int(table.sum())
            for place in ((0, 0), (0, 1), (1, 0), (1, 1)):
                held = _cells_of_strength(strength, int(rows[place[0]]), int(columns[place[1]]), n)
                if held and max(held) < k and max(held) > 0:
                    found.append(Finding(f"{first} × {second}", min(held), max(held)))
    return found


def _cells_of_strength(strength: float, row: int, column: int, n: int) -> list[int]:
    cells = np.arange(max(0, row + column - n), min(row, column) + 1)
    tables = np.stack([cells, row - cells, column - cells, n - row - column + cells], axis=-1).reshape(
        -1, 2, 2
    )
    return [int(cell) for cell, value in zip(cells, cramers_v(tables.astype(float)), strict=True)
            if round(float(value), 2) == round(abs(strength), 2)]  # fmt: skip


# ---------------------------------------------------------------------- inverting intervals


def clopper(hits: int, trials: int) -> tuple[float, float]:
    """Give the exact interval of a rate."""
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, trials - hits + 1))
    return low, 1.0 if hits == trials else float(beta.ppf(0.975, hits + 1, trials - hits))


def counts_behind(value: float, low: float, high: float, trials: int, decimals: int = DECIMALS) -> set[int]:
    """List the numbers of successes out of so many whose rate and interval print as these."""
    printed = (round(value, decimals), round(low, decimals), round(high, decimals))
    near = round(value * trials)
    found = set()
    for hits in range(max(near - 2, 0), min(near + 2, trials) + 1):
        for ends in (wilson(hits, trials), clopper(hits, trials)):
            if printed == tuple(round(float(part), decimals) for part in (hits / trials, *ends)):
                found.add(hits)
    return found


def triples(result: AuditResult) -> Iterator[tuple[str, float, float, float]]:
    """Give every figure that is printed with an interval, and every rate of other people with its own."""
    for score in result.scores:
        yield f"score {score.metric} {score.columns}", score.value, score.low, score.high  # type: ignore[misc]
    for check in result.checks:
        yield f"check {check.code}", check.value, check.low, check.high  # type: ignore[misc]
    for attack in result.attacks:
        yield f"attack {attack.name}", attack.risk, attack.low, attack.high  # type: ignore[misc]
        others = (attack.control, attack.control_low, attack.control_high)
        yield (f"others {attack.name}", *others)  # type: ignore[misc] # None is looked for


def invert_intervals(result: AuditResult, sizes: Iterable[int], k: int) -> list[Finding]:
    """Find how few people an interval is of: no rate may stand for 1 to k - 1 people, or all but them.

    That nobody was found stands for nobody.
    """
    found = []
    for where, *figures in triples(result):
        if any(figure is None or not 0 <= figure <= 1 for figure in figures):
            continue
        for trials in sizes:
            hits = counts_behind(*figures, trials)
            if hits and (all(0 < hit < k for hit in hits) or all(0 < trials - hit < k for hit in hits)):
                found.append(Finding(where, min(hits), max(hits)))
    return found


def invert_ratios(result: AuditResult, sizes: tuple[int, int], k: int) -> list[Finding]:
    """Find how few real rows a ratio of masses rests on, told the synthetic rows of it."""
    real_rows, made_rows = sizes
    found = []
    for band in result.rare_bands:
        for drawn in range(60):
            hits = [
                count
                for count in range(1, 4 * k)
                if f"{drawn / made_rows * real_rows / count:.2g}" == f"{band.mass_ratio:.2g}"
                and _same_ends(mass_ratio_interval(count, real_rows, drawn, made_rows), (band.low, band.high))
            ]
            if hits and max(hits) < k:
                found.append(Finding(f"band {band.label}", min(hits), max(hits)))
    return found


def _same_ends(ends: tuple[float, float], printed: tuple[float, float]) -> bool:
    return all(f"{min(a, 100.0):.2g}" == f"{b:.2g}" for a, b in zip(ends, printed, strict=True))


# ---------------------------------------------------------------------- reading drawings


def read_histograms(page: str, result: AuditResult) -> Mapping[str, list[float | None]]:
    """Read the real shares of number columns from the heights of their bars; None where nothing is drawn.

    The scale is that of the synthetic line, whose shares everybody can count.
    """
    found = {}
    for place, drawn in enumerate(result.distributions, 1):
        svg = _drawing(page, f"column-{place}", "hist")
        if svg is None:
            continue
        cells = [cell for cell in drawn.cells if cell.label != MISSING]
        line = dict(re.findall(r'<path class="(real|syn)" d="([^"]*)"', svg))
        tops = {round(float(left)): float(top) for left, top in
                re.findall(r"M([\d.]+),100V([\d.]+)H", line.get("real", ""))}  # fmt: skip
        made = [float(top) for top in re.findall(r"V([\d.]+)H", line.get("syn", ""))]
        biggest = max(range(len(cells)), key=lambda index: cells[index].synthetic or 0.0)
        unit = (cells[biggest].synthetic or 0.0) / (100 - made[biggest])
        edges = [round(1000 * index / len(cells), 1) for index in range(len(cells))]
        found[drawn.column] = [
            None if round(edge) not in tops else unit * (100 - tops[round(edge)]) for edge in edges
        ]
    return found


def read_level_bars(page: str, result: AuditResult) -> Mapping[str, list[float | None]]:
    """Read the real shares of label columns back from the lengths of their bars."""
    found = {}
    for place, drawn in enumerate(result.distributions, 1):
        svg = _drawing(page, f"column-{place}", "levels")
        if svg is None:
            continue
        cells = [cell for cell in drawn.cells if cell.label != MISSING][:5]
        ticks = [float(x) for x in re.findall(r'class="syn tickmark" x1="([\d.]+)%"', svg)]
        biggest = max(range(len(cells)), key=lambda index: cells[index].synthetic or 0.0)
        unit = (cells[biggest].synthetic or 0.0) / ticks[biggest]
        bars = re.findall(r'<rect class="(real|withheld)" x="0" y="[\d.]+" width="([\d.]+)%"', svg)
        found[drawn.column] = [None if kind == "withheld" else unit * float(x) for kind, x in bars]
    return found


def _drawing(page: str, key: str, css: str) -> str | None:
    match = re.search(
        rf'<svg class="{css}" role="img" aria-labelledby="{key}-t .*?</figure>', page, re.DOTALL
    )
    return None if match is None else match.group(0).partition("<p class")[0]
