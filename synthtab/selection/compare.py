"""compare: several synthesizers on one table, side by side, and what to take for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np
import pandas as pd

from synthtab.arguments import rows_of, seeds_of, specs_of
from synthtab.auditing import audit
from synthtab.auditing.policy import Policy
from synthtab.errors import DataError
from synthtab.execution import Outcome
from synthtab.lineage.fingerprints import library_versions, today
from synthtab.progress import watching
from synthtab.results import (
    BoardCell,
    BoardCosts,
    BoardResult,
    BoardRow,
    BoardSettings,
    ContextCount,
    FinalAnswer,
    Recommendation,
    Role,
    Verdict,
)
from synthtab.schema import TableSchema
from synthtab.seeding import derive_seed, generator, one_native_thread
from synthtab.selection.board_choice import front_of, order_rows, recommend, summary_of, use_figure
from synthtab.selection.board_differences import differences, mean_interval
from synthtab.selection.figures import FIGURES, RISK, USES
from synthtab.selection.measuring import Measurer, Refit, RefitCosts
from synthtab.selection.refits import measure_refits
from synthtab.specs import SynthesizerSpec, spec
from synthtab.synthesizers import Guard, make
from synthtab.synthesizers.people import people_of
from synthtab.synthesizers.registry import synthesizer_class
from synthtab.tables import Split
from synthtab.tables.source import TableLike

__all__ = ["compare"]

_BASELINES = {
    "independent": "each column drawn by itself: what is right without any dependence",
    "resampler": "training rows drawn again: as faithful as can be, and it gives everybody away",
}
_FRESH = "fresh real rows"
_FRESH_EXPLAINED = (
    "what real rows score that nobody learned from; where a band stands, 95 % of such tables lie in it"
)
_SMALLEST_PART = 20
_NOTES_SHOWN = 3


def compare(
    synthesizers: Sequence[str | SynthesizerSpec],
    table: Split | TableLike,
    schema: TableSchema | None = None,
    *,
    holdout: TableLike | None = None,
    seeds: Sequence[int] = range(5),
    target: str | Sequence[str] | None = None,
    guard: bool | Guard = True,
    measured: int | None = None,
    policy: Policy | None = None,
    final: bool = True,
    workers: int | None = None,
    progress: bool | None = None,
    seed: int = 0,
) -> BoardResult:
    """Ask which synthesizer to take for this table, and for whom.

    Every synthesizer is fitted once a seed and measured on all families; intervals are over refits. The
    baselines ``independent`` and ``resampler`` and the mark of fresh real rows are always on the board. Half
    of the holdout (or the split's verifier part) is kept back: what is recommended is fitted anew and audited
    on those rows, because whatever wins a search looks better on the rows it was searched on.

    Parameters
    ----------
    synthesizers : sequence of str or SynthesizerSpec
        What is compared.
    table : Split or table
        Real rows; of a table without `holdout` three tenths are held out.
    schema : TableSchema, optional
        What is public about the table; inferred by default.
    holdout : table, optional
        Real rows that nothing learns from, where `table` is no split.
    seeds : sequence of int, default 0 to 4
        A refit of each synthesizer for each.
    target : str or sequence of str, optional
        What models predict; by default what `audit` would take.
    guard : bool or Guard, default True
        Whether, and with which k, the guard runs before fitting.
    measured : int, optional
        Synthetic rows of each refit that fidelity is measured on; by default ten training tables.
    policy : Policy, optional
        Margins, budgets, and the circles of readers that are answered for.
    final : bool, default True
        Whether real rows are kept back for a final answer.
    workers : int, optional
        Refits at the same time; by default what ``joblib.parallel_config`` says, else one a processor.
    progress : bool, optional
        Whether to show progress; by default where somebody watches and it takes long.
    seed : int, default 0
        Seed of everything that belongs to no refit.

    Returns
    -------
    BoardResult
        ``summary`` and ``recommendations`` in words, ``frame()``, ``differences_frame()``, ``costs()``,
        ``to_html()``.

    Raises
    ------
    SpecError
        When an argument is none of its kind, or a synthesizer or parameter is unknown.
    DataError
        When there are too few real rows held out, or a column is missing.

    Examples
    --------
    >>> import synthtab as st
    >>> data = st.load_nhanes_adults()
    >>> split = st.split(data.frame.iloc[:1200], data.schema, holdout=0.5, seed=0)
    >>> board = st.compare(["independent"], split, data.schema, seeds=[0], final=False, workers=1)
    >>> [row.name for row in board.rows]
    ['independent', 'resampler', 'fresh real rows']
    """
    wanted, chosen_seeds = specs_of(synthesizers), seeds_of(seeds)
    split, known = rows_of(table, schema, holdout, cut_holdout=True)
    for own in wanted:
        make(own, known)
    search, rest = _parts(split, known, seed) if final else (split, None)
    rules = policy or Policy()
    baselines = tuple(spec(name) for name in _BASELINES if spec(name) not in wanted)
    with watching(progress):
        measurer = Measurer.of(
            search,
            known,
            figures=_asked(known),
            targets=target,
            guard=guard,
            measured=measured,
            policy=rules,
            seed=seed,
        )
        outcomes = measure_refits(
            measurer, [*wanted, *baselines], chosen_seeds, workers=workers, stage="Comparison"
        )
        rows = [
            _row(own, Role.CONTENDER if own in wanted else Role.BASELINE, found, measurer)
            for own, found in zip([*wanted, *baselines], outcomes, strict=True)
        ]
        figures = measurer.figures
        use = use_figure(figures, rows, USES)
        rows = list(order_rows([*rows, _fresh_row(measurer)], figures, use))
        found_differences = differences(
            figures,
            {
                row.name: [cell.values for cell in row.cells]
                for row in rows
                if row.cells and row.role is not Role.MARK
            },
        )
        contexts = [(item.name, item.label, item.readers) for item in rules.contexts]
        taken = recommend(rows, figures, found_differences, contexts, use, RISK)
        finals = () if rest is None else _finals(taken, wanted, rest, known, measurer, chosen_seeds)
    return BoardResult(
        settings=BoardSettings(
            table=known.name,
            seeds=chosen_seeds,
            train_rows=measurer.train_rows,
            search_rows=measurer.holdout_rows,
            final_rows=0 if rest is None else len(rest),
            measured_rows=measurer.measured_rows,
            columns=len(known.modelled),
            targets=measurer.targets,
            guard=measurer.guard_k,
            k=rules.k,
            policy=rules.name,
            created=today(),
            versions=library_versions(),
            use_figure=use,
            risk_figure=RISK,
        ),
        summary=summary_of(
            taken, [row.name for row in rows if not row.fits and row.role is Role.CONTENDER], finals
        ),
        figures=figures,
        rows=tuple(rows),
        differences=found_differences,
        front=front_of(rows, figures, use, RISK),
        recommendations=taken,
        finals=finals,
        guard=measurer.guard_actions,
        notes=_notes(chosen_seeds, rest, split),
    )


# ---------------------------------------------------------------------- inside


def _asked(schema: TableSchema) -> list[str]:
    """List the figures that this schema has a question for."""
    return [item.name for item in FIGURES if schema.rules or item.name != "schema.broken_rules"]


def _parts(split: Split, schema: TableSchema, seed: int) -> tuple[Split, pd.DataFrame]:
    """Keep real rows back that the search never sees: the verifier part, or half of the people held out."""
    if len(split.verifier):
        return split, split.verifier
    people = people_of(split.holdout, schema)
    # the order that rows came in shall change nothing
    order = schema.cast(split.holdout, "holdout").content_order()
    names, first = np.unique(people[order], return_index=True)
    if len(names) < 2 * _SMALLEST_PART:
        raise DataError(
            f"Too few people are held out to keep half of them for the final answer: {len(names)}.",
            hint=f"Hold out {2 * _SMALLEST_PART} people or more, or leave the final answer out: final=False.",
        )
    by_content = names[np.argsort(first, kind="stable")]
    kept = generator(seed, "final").permutation(by_content)[: len(by_content) // 2]
    is_kept = np.isin(people, kept)
    return replace(split, holdout=split.holdout.loc[~is_kept]), split.holdout.loc[is_kept]


def _row(
    own: SynthesizerSpec, role: Role, outcomes: Sequence[Outcome[Refit]], measurer: Measurer
) -> BoardRow:
    refits = [outcome.result for outcome in outcomes]
    done = [refit for refit in refits if refit is not None]
    failures = dict.fromkeys(
        f"{outcome.failure.kind}: {outcome.failure.message}" for outcome in outcomes if outcome.failure
    )
    cells = []
    for place in range(len(measurer.figures) if done else 0):
        values = tuple(None if refit is None else refit.values[place] for refit in refits)
        reason = next((refit.reasons[place] for refit in done if refit.reasons[place]), "")
        cells.append(BoardCell(mean_interval(values), values, reason if None in values else ""))
    return BoardRow(
        name=str(own),
        role=role,
        explanation=_BASELINES.get(own.name, "") if role is Role.BASELINE else "",
        fits=len(done),
        failures=tuple(failures),
        cells=tuple(cells),
        costs=_costs([refit.costs for refit in done if refit.costs is not None]),
        contexts=_contexts(done),
        releasable=measurer.guard_config is not None and not synthesizer_class(own.name).is_instrument,
    )


def _fresh_row(measurer: Measurer) -> BoardRow:
    return BoardRow(
        name=_FRESH,
        role=Role.MARK,
        explanation=_FRESH_EXPLAINED,
        fits=0,
        cells=tuple(BoardCell(mark, ()) for mark in measurer.fresh()),
    )


def _costs(found: Sequence[RefitCosts]) -> BoardCosts | None:
    if not found:
        return None
    memory = [item.memory for item in found if item.memory is not None]
    return BoardCosts(
        median(item.fit_cpu for item in found),
        median(item.fit_wall for item in found),
        median(item.sample_cpu for item in found),
        median(item.sample_wall for item in found),
        median(memory) if memory else None,
    )


def _contexts(refits: Sequence[Refit]) -> tuple[ContextCount, ...]:
    answers = [answer for refit in refits for answer in refit.contexts]
    counted = []
    for name in dict.fromkeys(answer.name for answer in answers):
        own = [answer for answer in answers if answer.name == name]
        by_verdict = Counter(answer.answer for answer in own)
        worst = max((answer.answer for answer in own), key=list(Verdict).index)
        # what speaks against it in most refits first; numbers differ between refits, codes do not
        spoken = Counter(
            reason.partition(":")[0]
            for answer in own
            if answer.answer is worst
            for reason in dict.fromkeys(answer.reasons)
        )
        texts = {reason.partition(":")[0]: reason for answer in reversed(own) for reason in answer.reasons}
        counted.append(
            ContextCount(
                name,
                own[0].label,
                by_verdict[Verdict.PASS],
                by_verdict[Verdict.WARN],
                by_verdict[Verdict.FAIL],
                tuple(texts[head] for head, _ in spoken.most_common(_NOTES_SHOWN)),
            )
        )
    return tuple(counted)


def _finals(
    taken: Sequence[Recommendation],
    wanted: Sequence[SynthesizerSpec],
    rest: pd.DataFrame,
    schema: TableSchema,
    measurer: Measurer,
    seeds: Sequence[int],
) -> tuple[FinalAnswer, ...]:
    """Fit what is recommended anew, with a seed that the search did not use, and audit it on unseen rows."""
    own_seed = max(seeds) + 1
    answers = []
    for name in dict.fromkeys(item.synthesizer for item in taken if item.synthesizer):
        own = next(item for item in wanted if str(item) == name)
        with one_native_thread():
            model = make(
                own, schema, seed=derive_seed(own_seed, "refit"), guard=measurer.guard_config or False
            )
            model.fit(measurer.train)
            sample = model.sample(measurer.train_rows, seed=derive_seed(own_seed, "sample"))
        found = audit(
            measurer.train,
            sample,
            holdout=rest,
            schema=schema,
            target=list(measurer.targets) or None,
            policy=measurer.policy,
            guard=model.guard,
            synthesizer=name,
            seed=derive_seed(own_seed, "audit"),
        )
        answers.append(
            FinalAnswer(
                name,
                tuple(item.label for item in taken if item.synthesizer == name),
                own_seed,
                found.verdict,
                found.summary,
                found.families,
                found.releasable().checks,
                found.contexts,
            )
        )
    return tuple(answers)


def _notes(seeds: Sequence[int], rest: pd.DataFrame | None, split: Split) -> tuple[str, ...]:
    notes = []
    if len(seeds) == 1:
        notes.append("There is one refit of each: no interval and no difference can be given.")
    if rest is None:
        notes.append(
            "No rows were kept back: what is recommended was searched for on the rows it is shown on."
        )
    elif not len(split.verifier):
        notes.append("Half of the holdout was kept back for the final answer, at random and by person.")
    return tuple(notes)
