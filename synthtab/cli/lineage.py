"""Command on a table of any origin: lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthtab.cli.app import app
from synthtab.cli.console import terminal
from synthtab.cli.options import DataArgument, DebugFlag, JsonFlag, QuietFlag
from synthtab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from synthtab.lineage import Lineage

__all__: list[str] = []


@app.command("lineage")
def _lineage(
    data: DataArgument,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Say what a table is: real or synthetic, which generation, made by what from what, guarded or not."""
    with terminal(as_json=json, quiet=quiet, debug=debug) as term:
        from synthtab.lineage import lineage_of

        lineage = lineage_of(data)
        if lineage is None:
            raise DataError(
                f"{data.name!r} carries no lineage.",
                hint="A Parquet file holds it inside, a CSV has it beside it; what synthtab writes has one.",
            )
        for name, told in _lines(lineage):
            term.say(f"{name:<13} {told}")
        term.result(lineage.to_json())


def _lines(lineage: Lineage) -> Iterator[tuple[str, str]]:
    """Give each part in words."""
    yield "what", str(lineage)
    yield "rows", f"{lineage.rows:,}"
    if lineage.fit_seed is not None:
        own = "the synthesizer's own" if lineage.sample_seed is None else lineage.sample_seed
        yield "seeds", f"fit {lineage.fit_seed}, sample {own}"
    if lineage.regime:
        yield "regime", lineage.regime
    for parent in lineage.parents:
        yield "part" if lineage.is_mixture else "learned from", str(parent)
    yield "guard", f"passed, k = {lineage.guard}" if lineage.guard else "none passed"
    if lineage.is_synthetic:
        yield "may go out", "yes, says the guard; ask an audit" if lineage.releasable else "no"
        yield "releases", f"{lineage.releases:,} from the same model when it was drawn, this one included"
    yield "source", f"HMAC-SHA256 {lineage.source}" if lineage.source else "not named: no key was given"
    yield "schema", lineage.schema_hash or "not known"
    yield "versions", ", ".join(f"{name} {number}" for name, number in lineage.versions)
