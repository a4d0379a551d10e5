"""What changed: everything that a baseline recorded and that is not so now, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from synthtab.results import Baseline, BaselineColumn, Change
from synthtab.specs import Parameter, SynthesizerSpec

__all__ = ["list_changes", "shown_spec"]

_MOST_NAMES = 5


def list_changes(before: Baseline, now: Baseline) -> tuple[Change, ...]:
    """List what is not as it was when a baseline was recorded.

    Parameters
    ----------
    before, now : Baseline
        Then and now.

    Returns
    -------
    tuple of Change
        What most often explains a worsening first: data, schema, libraries, synthesizer, parameters, seeds,
        guard, rows, targets, metrics.
    """
    found = [
        *(("data", text) for text in _data(before, now)),
        *(("schema", text) for text in _schema(before, now)),
        *(("library", text) for text in _libraries(before, now)),
        *(("synthesizer", text) for text in _synthesizer(before, now)),
        *(("parameters", text) for text in _parameters(before, now)),
        *(("seeds", text) for text in _seeds(before, now)),
        *(("guard", text) for text in _guard(before, now)),
        *(("rows", text) for text in _rows(before, now)),
        *(("targets", text) for text in _targets(before, now)),
        *(("metric", text) for text in _metrics(before, now)),
    ]
    return tuple(Change(kind, text) for kind, text in found)


def shown_spec(baseline: Baseline) -> str:
    """Show the synthesizer of a baseline as a call.

    Parameters
    ----------
    baseline : Baseline
        Which.

    Returns
    -------
    str
        E.g. ``tvae(epochs=60)``.
    """
    return str(SynthesizerSpec(baseline.synthesizer, dict(baseline.params)))


def _data(before: Baseline, now: Baseline) -> list[str]:
    if before.data == now.data:
        return []
    was = {column.name: column for column in before.columns}
    moved = [
        column.name
        for column in now.columns
        if column.name in was
        and was[column.name].digest != column.digest
        and was[column.name].kind == column.kind
    ]
    if moved:
        how = f"their counts differ in {len(moved)} of {len(now.columns)} columns: {_named(moved)}"
    elif {(column.name, column.kind) for column in now.columns} != {(c.name, c.kind) for c in before.columns}:
        # told as a change of the schema
        return []
    else:
        how = "no column differs on its own, but how they go together does"
    return [f"The real rows are not the same: {how}."]


def _schema(before: Baseline, now: Baseline) -> list[str]:
    was = {column.name: column for column in before.columns}
    has = {column.name: column for column in now.columns}
    added = [name for name in has if name not in was]
    removed = [name for name in was if name not in has]
    kinds = [
        f"{name} ({was[name].kind} → {has[name].kind})"
        for name in has
        if name in was and was[name].kind != has[name].kind
    ]
    told = []
    if added:
        told.append(f"The schema has new columns: {_named(added)}.")
    if removed:
        told.append(f"The schema has lost columns: {_named(removed)}.")
    if kinds:
        told.append(f"Columns are of another kind: {_named(kinds)}.")
    if before.schema != now.schema and not told:
        order = [column.name for column in now.columns]
        if _names(before.columns) != order:
            told.append("The columns of the schema are in another order.")
        else:
            told.append(
                "The schema says something else of its columns: a role, bounds, levels, unit or weight."
            )
    return told


def _libraries(before: Baseline, now: Baseline) -> list[str]:
    was, has = dict(before.versions), dict(now.versions)
    return [
        f"{name} is another version: {was[name]} → {has[name]}."
        if name in was and name in has
        else (
            f"{name} {has[name]} was not there."
            if name in has
            else f"{name} {was[name]} is not there any more."
        )
        for name in sorted(was.keys() | has.keys())
        if was.get(name) != has.get(name)
    ]


def _synthesizer(before: Baseline, now: Baseline) -> list[str]:
    if before.synthesizer == now.synthesizer:
        return []
    return [f"The synthesizer is another one: {shown_spec(before)} → {shown_spec(now)}."]


def _parameters(before: Baseline, now: Baseline) -> list[str]:
    if before.synthesizer != now.synthesizer:
        # another synthesizer has other parameters: told above
        return []
    was, has = dict(before.params), dict(now.params)
    return [
        f"Parameter {name}: {_value(was, name)} → {_value(has, name)}."
        for name in sorted(was.keys() | has.keys())
        if (name in was) != (name in has) or was[name] != has[name]
    ]


def _value(params: dict[str, Parameter], name: str) -> str:
    return repr(params[name]) if name in params else "its default"


def _seeds(before: Baseline, now: Baseline) -> list[str]:
    if before.seeds == now.seeds:
        return []
    return [f"The seeds are others: {_listed(before.seeds)} → {_listed(now.seeds)}."]


def _guard(before: Baseline, now: Baseline) -> list[str]:
    if before.guard == now.guard:
        return []
    was, has = (f"k = {k}" if k else "off" for k in (before.guard, now.guard))
    return [f"The guard of the real rows is set otherwise: {was} → {has}."]


def _rows(before: Baseline, now: Baseline) -> list[str]:
    pairs = (
        ("Training rows", before.train_rows, now.train_rows),
        ("Holdout rows", before.holdout_rows, now.holdout_rows),
        ("Synthetic rows measured of each refit", before.measured_rows, now.measured_rows),
    )
    return [f"{what}: {was:,} → {has:,}." for what, was, has in pairs if was != has]


def _targets(before: Baseline, now: Baseline) -> list[str]:
    if before.targets == now.targets:
        return []
    was, has = (", ".join(item.targets) or "nothing" for item in (before, now))
    return [f"Models predict something else: {was} → {has}."]


def _metrics(before: Baseline, now: Baseline) -> list[str]:
    was = {figure.name: figure.version for figure in before.figures}
    return [
        f"The definition of {figure.name} changed: version {was[figure.name]} → {figure.version}."
        for figure in now.figures
        if was.get(figure.name, figure.version) != figure.version
    ]


def _names(columns: Sequence[BaselineColumn]) -> list[str]:
    return [column.name for column in columns]


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _listed(seeds: Sequence[int]) -> str:
    run = list(range(seeds[0], seeds[0] + len(seeds))) if seeds else []
    if len(seeds) > 2 and list(seeds) == run:  # noqa: PLR2004 - two are shorter said one by one
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds)) or "none"
