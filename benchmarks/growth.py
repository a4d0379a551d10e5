"""How the CPU time of an audit's counted sections grows with rows and with columns, as a table and a drawing.

    python benchmarks/growth.py [--rows 2000,8000,…] [--columns 8,16,…] [--write]

Schema, marginal, association, rare and tails of two samples of one mixed table, schema inference, cast and
counts included. Every size runs in a process of its own, with one native thread; the time is user
and system time after imports, of small tables the lesser of two. With ``--write`` the drawing and the table
go into docs/.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parents[1] / "docs"
ROWS, COLUMNS = (2_000, 8_000, 32_000, 128_000, 512_000), (8, 16, 32, 64, 128)
FIXED_COLUMNS, FIXED_ROWS = 15, 5_000
REPEATS, REPEATED_UP_TO = 2, 500_000


@dataclass(frozen=True)
class Curve:
    """Times over one size.

    Parameters
    ----------
    title : str
        What grows, and what stays.
    sizes : tuple of int
        Rows, or columns.
    seconds : tuple of float
        CPU seconds.
    """

    title: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def exponents(self) -> tuple[float, ...]:
        """Power of the size by which time grew, from each size to the next."""
        pairs = zip(self.sizes, self.seconds, strict=True)
        logs = [(math.log(size), math.log(seconds)) for size, seconds in pairs]
        return tuple((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(logs))


def sibling(name: str) -> ModuleType:
    """Load another benchmark by its file."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def measure_here(rows: int, columns: int) -> float:
    """Give the CPU seconds of an audit of two samples of a mixed table."""
    audit = sibling("audit")
    warnings.simplefilter("ignore")
    st = audit.load_synthtab()
    frame = audit.mixed_table(2 * rows, columns)
    real, synthetic = frame.iloc[:rows], frame.iloc[rows:]
    repeats = REPEATS if rows * columns <= REPEATED_UP_TO else 1
    return min(
        float(audit.timed(lambda: st.audit(real, synthetic, sections=audit.COUNTED))) for _ in range(repeats)
    )


def measure(rows: int, columns: int) -> float:
    """Measure in a fresh process."""
    single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    # -P: this folder holds a module named like one of the standard library
    command = [sys.executable, "-P", __file__, "--task", f"{rows},{columns}"]
    environment = os.environ | single
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command line
    seconds = float(json.loads(done.stdout.splitlines()[-1]))
    print(f"{rows:>9,} rows × {columns:>3} columns  {seconds:7.2f} s", flush=True)
    return seconds


# ---------------------------------------------------------------------- the drawing

WIDTH, HEIGHT, GAP = 420, 260, 30
LEFT, TOP, BOTTOM = 56, 46, 48
INK, FAINT, LINE = "#1f2937", "#d1d5db", "#0f766e"


def drawing(curves: Sequence[Curve]) -> str:
    """Draw the curves side by side on logarithmic axes, on one scale of seconds."""
    every = [seconds for curve in curves for seconds in curve.seconds]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    total = len(curves) * WIDTH + (len(curves) - 1) * GAP
    words = "; ".join(
        f"{curve.title}: from {curve.seconds[0]:.2g} to {curve.seconds[-1]:.2g} seconds" for curve in curves
    )
    panels = [_panel(curve, index * (WIDTH + GAP), low, high) for index, curve in enumerate(curves)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
    )
    title = f"<title>CPU seconds of the counted sections. {words}.</title>"
    ground = f'<rect width="{total}" height="{HEIGHT}" fill="#ffffff"/>'
    return "\n".join([head, title, ground, *panels, "</svg>\n"])


def _panel(curve: Curve, shift: int, low: int, high: int) -> str:
    start, stop = math.log10(curve.sizes[0]), math.log10(curve.sizes[-1])

    def across(size: float) -> float:
        return LEFT + (math.log10(size) - start) / (stop - start) * (WIDTH - LEFT - 24)

    def down(seconds: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(seconds) - low) / (high - low) * (HEIGHT - BOTTOM - TOP)

    parts = [f'<text x="{LEFT}" y="20" font-weight="600">{curve.title}</text>']
    for power in range(low, high + 1):
        y = down(10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 24}" stroke="{FAINT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    points = [(across(size), down(t)) for size, t in zip(curve.sizes, curve.seconds, strict=True)]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    parts.append(f'<path d="M{path}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    for (x, y), size, seconds in zip(points, curve.sizes, curve.seconds, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{LINE}"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{seconds:.2g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size:,}</text>')
    unit = "rows" if "rows" in curve.title.split(",")[0] else "columns"
    middle = (LEFT + WIDTH - 24) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{unit}</text>')
    return f'<g transform="translate({shift} 0)">' + "".join(parts) + "</g>"


def table(curve: Curve, unit: str) -> list[str]:
    """Write one curve as a Markdown table."""
    powers = ["", *(f"{power:.2f}" for power in curve.exponents)]
    rows = [
        f"| {size:,} | {seconds:.2f} | {power} |"
        for size, seconds, power in zip(curve.sizes, curve.seconds, powers, strict=True)
    ]
    return [
        f"\n{curve.title}\n",
        f"| {unit} | CPU seconds | power of growth since the line above |",
        "| ---: | ---: | ---: |",
        *rows,
    ]


def numbers(text: str) -> tuple[int, ...]:
    """Read numbers with commas between."""
    return tuple(int(part) for part in text.split(","))


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=numbers, default=ROWS)
    parser.add_argument("--columns", type=numbers, default=COLUMNS)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--task", type=numbers, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.task:
        print(json.dumps(measure_here(*asked.task)))
        return
    over_rows = Curve(
        f"rows, {FIXED_COLUMNS} columns",
        asked.rows,
        tuple(measure(rows, FIXED_COLUMNS) for rows in asked.rows),
    )
    over_columns = Curve(
        f"columns, {FIXED_ROWS:,} rows",
        asked.columns,
        tuple(measure(FIXED_ROWS, columns) for columns in asked.columns),
    )
    lines = [*table(over_rows, "rows"), *table(over_columns, "columns")]
    print("\n".join(lines))
    if asked.write:
        (DOCS / "growth.svg").write_text(drawing((over_rows, over_columns)), encoding="utf-8")
        sibling("audit").write_part(DOCS / "speed.md", "growth", lines)


if __name__ == "__main__":
    main()
