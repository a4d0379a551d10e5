"""Show what SDMetrics and synthtab say of the same synthetic tables; writes docs/misleading.md.

Run from the root of the repository, with the extra ``sdv`` installed: ``python scripts/show_misleading.py``.
The same tables are asked in tests/known_answer/test_misleading_cases.py, which fails if an answer changes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "known_answer"))

from misleading_cases import TRIALS, Answers, Figure  # noqa: E402 - found by the line above

from synthtab.results import AuditResult, Section, Status  # noqa: E402 - the same

PAGE = ROOT / "docs" / "misleading.md"
MOST_NAMED = 3

INTRODUCTION = """# Where one score misleads

Each row is one synthetic table with one defect, or one harmless thing that looks like a defect. SDMetrics
{version} and synthtab are asked about the same rows. In SDMetrics' scores 1 is perfect. The tables are
simulated: 1,200 training rows, as many in the holdout, seven columns, unless a row says otherwise.

| the synthetic table | SDMetrics says | synthtab says |
| --- | --- | --- |
"""

NOTES = """
## Why

- **Moved column, one outlier.** SDMetrics cuts a number into ten intervals of equal width, the real and the
  synthetic table each by itself. A shift is lost in that, and one outlier puts everybody into one interval.
  synthtab cuts both at rounded quantiles of the real rows.
- **Invented dependence.** SDMetrics' quality report leaves out pairs whose *real* association is weak, so
  what a synthesizer invents has no score. synthtab scores every pair against fresh real rows, and the worst
  pair by itself.
- **Invented nulls.** SDMetrics drops missing values before it compares a column. In synthtab they are a cell
  like any other.
- **Lost category.** A distance counts rows, and a rare category has few. synthtab asks how many rare
  categories are kept, beside how many fresh real rows would show.
- **Exact copy, copy of few levels.** Fidelity is perfect and everybody is given away: the two must be asked
  apart. Whether synthetic rows are *closer* to training than to holdout rows says little where most rows
  exist twice; how many training rows stand in the table word for word, beside how many holdout rows do by
  coincidence, says it all.
- **Shuffled columns.** A logistic regression sees each column by itself. A boosted test sees columns
  together.
- **Many levels.** Cramér's V of a wide table is large without any association. synthtab takes the bias off.
- **Utility.** An unseeded model has no one score; an F1 without that of real rows and of a constant beside it
  cannot be read; an encoder that never saw a level of the real rows should not end the audit.
- **Outlier in training.** SDMetrics scales distances by the range of the rows compared with, so one row
  decides how close everybody is. synthtab scales by training and holdout rows together, and exchanges their
  labels to see what chance does.
"""


def figures(items: Iterable[Figure]) -> str:
    """Put figures in a cell of the table."""
    return "; ".join(
        f"{item.name}: {'no score' if math.isnan(item.value) else f'{item.value:.4f}'}" for item in items
    )


def verdicts(result: AuditResult) -> str:
    """Say which checks failed, by section, or that none did."""
    asked = sorted({check.section for check in result.checks}, key=list(Section).index)
    said = []
    for section in asked:
        failed = [c for c in result.checks if c.section is section and c.status is Status.FAIL]
        if not failed:
            said.append(f"{section.value}: no failure")
            continue
        names = [c.name + (f" ({' × '.join(c.columns[:2])})" if "pair" in c.name else "") for c in failed]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        said.append(f"**FAIL** {section.value}: {', '.join(names[:MOST_NAMED])}{more}")
    for change in result.association_changes[:1]:
        names = f"{change.first} × {change.second}"
        # no minus before a zero
        before, after = change.real + 0.0, change.synthetic + 0.0
        said.append(f"{change.kind}: {names}, {change.measure} {before:.2f} → {after:.2f}")
    return "; ".join(said)


def row(name: str, defect: str, answers: Answers) -> str:
    """Give one row of the table."""
    theirs = figures(answers.theirs) or f"crashes ({answers.failure})"
    ours = [
        part for part in (figures(answers.ours), verdicts(answers.result) if answers.result else "") if part
    ]
    return f"| **{name[0].upper()}{name[1:]}**: {defect} | {theirs} | {'; '.join(ours)} |"


def main() -> None:
    """Ask both, print the page and write it."""
    rows = [row(trial.name, trial.defect, trial.ask()) for trial in TRIALS]
    page = INTRODUCTION.format(version=version("sdmetrics")) + "\n".join(rows) + "\n" + NOTES
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
