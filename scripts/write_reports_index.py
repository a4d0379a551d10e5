"""Write reports/index.html: every report that has its JSON beside it, by kind, in a sentence.

python scripts/write_reports_index.py [--folder reports] [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from synthtab.reporting.html import render_index
from synthtab.reporting.index_page import IndexEntry, index_entry
from synthtab.results import AuditResult, BoardResult, GateResult, StudyResult

KINDS = {kind.__name__: kind for kind in (AuditResult, BoardResult, GateResult, StudyResult)}


def entries_of(folder: Path) -> tuple[list[IndexEntry], list[str]]:
    """Read what lies in a folder: an entry a report, and the files that hold none that may be shown."""
    found, passed_over = [], []
    for path in sorted(folder.glob("*.json")):
        page = path.with_suffix(".html")
        if not page.exists():
            continue
        text = path.read_text(encoding="utf-8")
        try:
            kind = json.loads(text).get("kind")
        except (ValueError, AttributeError):
            kind = None
        if kind not in KINDS:
            passed_over.append(path.name)
            continue
        result = KINDS[kind].from_json(text)
        if result.is_internal:
            passed_over.append(path.name)
            continue
        found.append(index_entry(result, page.name, page.stat().st_size))
    return found, passed_over


def main() -> int:
    """Write the index, or say whether it is up to date."""
    parser = argparse.ArgumentParser(description="Write the index of a folder of reports.")
    parser.add_argument("--folder", type=Path, default=Path("reports"), help="Folder of reports.")
    parser.add_argument("--check", action="store_true", help="Write nothing; exit with 1 when it differs.")
    arguments = parser.parse_args()
    entries, passed_over = entries_of(arguments.folder)
    page, target = render_index(entries), arguments.folder / "index.html"
    for name in passed_over:
        print(f"passed over {name}: it holds no report that may be shown")
    if arguments.check:
        return int(not target.exists() or target.read_text(encoding="utf-8") != page)
    target.write_text(page, encoding="utf-8")
    print(f"wrote {target.name}: {len(entries)} reports")
    return 0


if __name__ == "__main__":
    sys.exit(main())
