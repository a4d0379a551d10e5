"""What ``synthtab_gate`` does inside a test: find the baseline, check or record it, tell what came of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

from synthtab.errors import SavedModelError, SpecError, SynthtabError
from synthtab.results import Baseline, GateResult, GateStatus
from synthtab.schema import TableSchema
from synthtab.selection.gate import (
    check_baseline,
    compare_baselines,
    compared_figures,
    read_baseline,
    record_baseline,
    write_baseline,
)
from synthtab.selection.gate_files import write_gate_files
from synthtab.selection.gate_message import gate_message
from synthtab.selection.pytest_plugin import PROPERTY
from synthtab.specs import SynthesizerSpec, spec
from synthtab.synthesizers import Guard
from synthtab.tables import Split
from synthtab.tables.source import TableLike

__all__ = ["GateFixture", "folder_of_test"]

_SEEDS = range(5)
_FAST_SEEDS = 2
_REPORTS = "synthtab-reports"
_LONGEST_NAME = 80


@dataclass(frozen=True)
class _Asked:
    """What a test says of its gate; None is what the baseline says."""

    synthesizer: str | SynthesizerSpec | None
    seeds: tuple[int, ...] | None
    figures: tuple[str, ...] | None
    require: Mapping[str, str] | None
    target: tuple[str, ...] | None
    guard: bool | Guard | None
    measured: int | None


class GateFixture:
    """Check a synthesizer choice against its baseline, from inside a test.

    Parameters
    ----------
    request : pytest.FixtureRequest
        The test.
    """

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._config = request.config
        self._calls = 0

    def __call__(
        self,
        baseline: str | Path,
        table: TableLike | None = None,
        schema: TableSchema | None = None,
        *,
        split: Split | None = None,
        holdout: TableLike | None = None,
        synthesizer: str | SynthesizerSpec | None = None,
        seeds: Sequence[int] | None = None,
        figures: Sequence[str] | None = None,
        require: Mapping[str, str] | None = None,
        target: str | Sequence[str] | None = None,
        guard: bool | Guard | None = None,
        measured: int | None = None,
    ) -> GateResult:
        """Fit, measure, and fail the test if the choice is worth less than when it was recorded.

        Parameters
        ----------
        baseline : str or Path
            File of the baseline: relative to the folder of the test file, else to the root folder of pytest.
        table : table, optional
            Real rows, in place of `split`.
        schema : TableSchema, optional
            What is public about them; inferred without.
        split : Split, optional
            Real rows, already cut.
        holdout : table, optional
            Real rows that nothing learns from, beside `table`.
        synthesizer : str or SynthesizerSpec, optional
            What is tested; by default what the baseline was recorded with.
        seeds : sequence of int, optional
            Refits; by default those of the baseline.
        figures : sequence of str, optional
            What is asked, by name; by default what the baseline holds.
        require : mapping of str to str, optional
            Absolute requirements, e.g. ``{"rare.coverage": ">=0.9"}``; by default those of the baseline.
        target : str or sequence of str, optional
            What models predict; by default as in the baseline.
        guard : bool or Guard, optional
            Whether real rows are guarded before they are learned; by default as in the baseline.
        measured : int, optional
            Synthetic rows that are measured of each refit; by default as in the baseline.

        Returns
        -------
        GateResult
            What became of the choice. Under ``--synthtab-update``: the new baseline held against itself.
        """
        self._calls += 1
        path = self._find(Path(baseline))
        try:
            rows = _rows(split, table)
            asked = _Asked(
                synthesizer,
                None if seeds is None else tuple(seeds),
                None if figures is None else _names("figures", figures),
                require,
                None if target is None else ((target,) if isinstance(target, str) else tuple(target)),
                guard,
                measured,
            )
            if self._config.option.synthtab_update:
                return self._record(path, rows, schema, holdout, asked)
            return self._check(path, rows, schema, holdout, asked)
        except SynthtabError as error:
            told = str(error)
        # not from within the handler: pytest would show the whole chain of errors above the one that helps
        pytest.fail(f"The gate {self._shown(path)} cannot be asked. {told}", pytrace=False)

    def _check(
        self,
        path: Path,
        rows: Split | TableLike,
        schema: TableSchema | None,
        holdout: TableLike | None,
        asked: _Asked,
    ) -> GateResult:
        if not path.is_file():
            pytest.fail(
                f"There is no baseline {self._shown(path)}: nothing was checked.\n"
                "Record it from what you trust today, and commit it: pytest --synthtab-update",
                pytrace=False,
            )
        baseline = read_baseline(path)
        _refuse_other_questions(baseline, asked)
        seeds = baseline.seeds if asked.seeds is None else asked.seeds
        is_fast = self._config.option.synthtab_fast
        result = check_baseline(
            baseline,
            rows,
            schema,
            holdout=holdout,
            synthesizer=asked.synthesizer,
            seeds=seeds[:_FAST_SEEDS] if is_fast else asked.seeds,
            require=asked.require,
            workers=self._workers,
            progress=False,
        )
        self._tell(path, result.status.value, result.summary)
        self._told("power", result.power)
        for figure in result.figures:
            self._told(figure.name, "" if figure.now is None else f"{figure.now:.5g}")
        if is_fast:
            fitted = f"{min(len(seeds), _FAST_SEEDS)} of {len(seeds)} seeds (--synthtab-fast)"
            self._told("note", f"{fitted}: {result.power}")
        where = self._write_reports(result)
        if result.status in (GateStatus.FAIL, GateStatus.INCOMPARABLE):
            pytest.fail("\n".join([gate_message(result), *where]), pytrace=False)
        return result

    def _record(
        self,
        path: Path,
        rows: Split | TableLike,
        schema: TableSchema | None,
        holdout: TableLike | None,
        asked: _Asked,
    ) -> GateResult:
        old, damage = _read_old(path)
        wanted = asked if old is None else _filled(asked, old)
        if wanted.synthesizer is None:
            raise SpecError(
                damage or "There is no baseline yet, and no synthesizer to record.",
                hint='Name it: synthtab_gate(..., synthesizer="gaussian_copula").',
            )
        new = record_baseline(
            rows,
            schema,
            holdout=holdout,
            synthesizer=wanted.synthesizer,
            seeds=_SEEDS if wanted.seeds is None else wanted.seeds,
            figures=wanted.figures,
            require=wanted.require,
            target=wanted.target,
            guard=True if wanted.guard is None else wanted.guard,
            measured=wanted.measured,
            workers=self._workers,
            progress=False,
        )
        write_baseline(new, path)
        itself = compare_baselines(new, new)
        fitted = spec(new.synthesizer, **dict(new.params))
        self._tell(
            path, "recorded", f"{fitted}, {len(new.seeds)} seeds, {len(compared_figures(new))} figures"
        )
        if damage:
            self._told("note", damage)
        if old is not None:
            self._tell_changes(compare_baselines(old, new))
        for answer in itself.requirements:
            if answer.status is not GateStatus.PASS:
                self._told("note", f"not met: {answer.reason}")
        return itself

    def _tell_changes(self, result: GateResult) -> None:
        """Note what a new baseline does not have in common with the old one."""
        moved = [figure for figure in result.figures if figure.before != figure.now]
        for change in result.changes:
            self._told("note", change.text)
        for figure in moved:
            self._told("note", f"{figure.name}: {_figure(figure.before)} -> {_figure(figure.now)}")
        if not moved and not result.changes:
            self._told("note", "nothing changed against the old baseline")

    def _find(self, baseline: Path) -> Path:
        """Give the file; one that is not there yet belongs where its folder already is."""
        places = [folder / baseline for folder in (self._node.path.parent, self._config.rootpath)]
        there = [place for place in places if place.is_file()]
        homes = [place for place in places if place.parent.is_dir()]
        return (there or homes or places)[0]

    def _write_reports(self, result: GateResult) -> list[str]:
        """Write the files of a gate where they are wanted, and say so in a line for a person."""
        wanted = self._config.option.synthtab_reports
        if wanted is None and result.status is GateStatus.PASS:
            return []
        folder = Path(wanted) if wanted is not None else self._config.rootpath / _REPORTS
        try:
            files = write_gate_files(result, folder / folder_of_test(self._node.nodeid, self._calls))
        except OSError as error:
            # a full disk must not hide what the gate found
            said = f"The report cannot be written: {error.strerror}."
            self._told("note", said)
            return [said]
        shown = self._shown(files[0])
        self._told("note", f"report: {shown}")
        beside = ", ".join(path.name for path in files[1:])
        return [f"Report: {shown} (beside it: {beside})"]

    @property
    def _workers(self) -> int | None:
        """One where pytest-xdist already keeps the cores busy."""
        return 1 if hasattr(self._config, "workerinput") else None

    def _shown(self, path: Path) -> str:
        """Give a path as a person at the terminal would type it."""
        for folder in (self._config.invocation_params.dir, self._config.rootpath):
            if path.is_relative_to(folder):
                return path.relative_to(folder).as_posix()
        return path.as_posix()

    def _tell(self, path: Path, status: str, summary: str) -> None:
        for name, value in (("baseline", self._shown(path)), ("status", status), ("summary", summary)):
            self._told(name, value)

    def _told(self, name: str, value: str) -> None:
        self._node.user_properties.append((f"{PROPERTY}{name}", value))


def folder_of_test(test: str, call: int = 1) -> str:
    """Give a test a folder name of its own that every file system takes.

    Parameters
    ----------
    test : str
        Its node id, whatever stands in it.
    call : int, default 1
        Which of its gates.

    Returns
    -------
    str
        Letters, digits, dots, dashes and underscores; the same test has the same name everywhere.
    """
    words = re.sub(r"[^A-Za-z0-9_.]+", "-", test.replace(".py::", "-")).strip(".-")
    digest = hashlib.sha256(test.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    # the digest tells apart what the words no longer do: long names, other signs, letters of another case
    name = f"{words[:_LONGEST_NAME].strip('.-')}-{digest}"
    return name if call == 1 else f"{name}-{call}"


def _rows(split: Split | None, table: TableLike | None) -> Split | TableLike:
    rows = [item for item in (split, table) if item is not None]
    if len(rows) != 1:
        raise SpecError("Real rows are given once.", hint="Give split=, or table= with holdout=.")
    return rows[0]


def _names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise SpecError(f"{what} must be a list of names.", hint=f"Write {what}=[{names!r}].")
    return tuple(names)


def _read_old(path: Path) -> tuple[Baseline | None, str]:
    """Give the baseline that is recorded anew, if it can be read, and else what is wrong with it."""
    if not path.is_file():
        return None, ""
    try:
        return read_baseline(path), ""
    except SavedModelError as error:
        return None, f"The old baseline could not be read: {error}"


def _filled(asked: _Asked, old: Baseline) -> _Asked:
    """Fill in what a test does not say from the baseline that it records anew."""
    before = _Asked(
        SynthesizerSpec(old.synthesizer, dict(old.params)),
        old.seeds,
        compared_figures(old),
        dict(old.require),
        old.targets or None,
        Guard(old.guard) if old.guard else False,
        old.measured_rows,
    )
    said = {item.name: getattr(asked, item.name) for item in fields(asked)}
    return replace(before, **{name: value for name, value in said.items() if value is not None})


def _refuse_other_questions(baseline: Baseline, asked: _Asked) -> None:
    """Stop where a test asks what its baseline cannot answer: a gate that looks elsewhere would pass."""
    recorded = compared_figures(baseline)
    other: Iterable[tuple[str, bool]] = (
        ("figures", asked.figures is not None and set(asked.figures) != set(recorded)),
        ("target", asked.target is not None and set(asked.target) != set(baseline.targets)),
        ("guard", asked.guard is not None and _k(asked.guard) != baseline.guard),
        ("measured", asked.measured is not None and asked.measured != baseline.measured_rows),
    )
    for name, differs in other:
        if differs:
            raise SpecError(
                f"The test asks for other {name}= than its baseline was recorded with.",
                hint="Record it anew: pytest --synthtab-update",
            )


def _k(guard: bool | Guard) -> int:
    if isinstance(guard, Guard):
        return guard.k
    return Guard().k if guard else 0


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
