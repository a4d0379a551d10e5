"""Draw every report of a folder again from its JSON, and write the index over them.

python scripts/write_reports.py [--folder reports] [--check]

What a page shows is in its JSON: after a change of the drawing nothing need be measured again.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from synthtab.reporting.html import render, render_index
from synthtab.reporting.index_page import IndexEntry, index_entry
from synthtab.results import AuditResult, BoardResult, GateResult, StudyResult

KINDS = {kind.__name__: kind for kind in (AuditResult, BoardResult, GateResult, StudyResult)}


def pages_of(folder: Path) -> tuple[dict[Path, str], list[str]]:
    """Draw what lies in a folder: its pages with the index; name files that hold none that may be shown."""
    pages: dict[Path, str] = {}
    entries: list[IndexEntry] = []
    passed_over = []
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
        pages[page] = render(result)
        entries.append(index_entry(result, page.name, len(pages[page].encode())))
    pages[folder / "index.html"] = render_index(entries)
    return pages, passed_over


def main() -> int:
    """Write the pages, or say which are not what their JSON gives."""
    parser = argparse.ArgumentParser(description="Draw the reports of a folder again, and its index.")
    parser.add_argument("--folder", type=Path, default=Path("reports"), help="Folder of reports.")
    parser.add_argument("--check", action="store_true", help="Write nothing; exit with 1 when one differs.")
    arguments = parser.parse_args()
    pages, passed_over = pages_of(arguments.folder)
    for name in passed_over:
        print(f"passed over {name}: it holds no report that may be shown")
    old = [path for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in old:
        print(f"{'differs' if arguments.check else 'wrote'}: {path.name}")
        if not arguments.check:
            path.write_text(pages[path], encoding="utf-8")
    return int(arguments.check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
