"""Logic rules that hold in the real rows: found by counting, kept only when independence would break them.

Counts come from one matrix product over indicators of frequent levels and of missing values.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from synthtab.profiling.mined_rules import BoolArray, MinedRule, RuleKind, mined_rule_from_dict
from synthtab.profiling.mining_counts import Candidate, Evidence, PairCounts, count_pairs, ranked_classes
from synthtab.profiling.mining_levels import Dependencies, find_dependencies, level_rules
from synthtab.profiling.mining_order import order_rules
from synthtab.schema import CastTable, TableSchema
from synthtab.seeding import generator, one_native_thread

__all__ = ["MinedRule", "RuleKind", "mine_rules", "mined_rule_from_dict"]


def mine_rules(
    schema: TableSchema,
    table: CastTable,
    *,
    k: int = 10,
    least_confidence: float = 0.995,
    at_most: int = 100,
    max_rows: int = 50_000,
) -> tuple[MinedRule, ...]:
    r"""Find the logic rules that real rows obey and that independent columns would break.

    Parameters
    ----------
    schema : TableSchema
        Kinds and units of the columns.
    table : CastTable
        The real training rows.
    k : int, default 10
        No level held by fewer rows is named, and no entry of a dependency rests on fewer.
    least_confidence : float, default 0.995
        Least share of the rows to which a rule applies that must obey it.
    at_most : int, default 100
        Number of rules to keep: those that independence would break most often.
    max_rows : int, default 50,000
        Above this, rules are sought in a sample that depends on the content of the rows alone; support and
        confidence are counted on all rows.

    Returns
    -------
    tuple of MinedRule
        Sorted by kind, then support, largest first, then text. The order of rows and columns changes nothing.

    Notes
    -----
    Let a rule apply to :math:`a` rows of which :math:`x` break it, and let :math:`E` rows be expected to
    break it were its two columns independent with the marginals that they have. With :math:`c` the least
    confidence and :math:`m` the number of level pairs counted, a rule is kept when

    .. math:: x \le (1 - c)\,a, \quad E \ge 20, \quad x \le 10\,(1 - c)\,E, \quad
              P(\mathrm{Poisson}(E) \le x) < 0.01 / m.

    So a rule whose two sides are both almost constant is not kept. One-sided rules (an implication, missing
    whenever) must also be broken by at least :math:`10\,(1 - c)` of the rows to which they apply under
    independence, 5 % by default; an order or a dependency by that share of all rows on which both columns
    are known; a dependency must beat the most frequent level by as much. Levels that never go together have
    :math:`x = 0`. A rule that follows from others (a chain of orders, dependencies or implications, a
    contrapositive) is left out. Rows are taken as independent; several rows of one person make the evidence
    look stronger than it is.
    """
    names = tuple(sorted(spec.name for spec in schema.modelled if spec.name in table.columns))
    if table.n_rows == 0 or not names or at_most < 1:
        return ()
    sample = CastTable({name: table[name] for name in names}, table.n_rows)
    if table.n_rows > max_rows:
        # drawn from the rows in content order: taking the smallest hashes would take twins together
        chosen = generator(0, "mine rules").choice(table.n_rows, max_rows, replace=False)
        sample = sample.take(np.argsort(sample.row_hash(), kind="stable")[np.sort(chosen)])
    with one_native_thread():
        counts = count_pairs(sample, k)
        evidence = Evidence(k, 1.0 - least_confidence, tests=counts.width**2)
        dependencies = find_dependencies(counts, sample, evidence)
        found = [
            *_missing_rules(counts, dependencies, evidence),
            *order_rules(schema, sample, evidence),
            *dependencies.candidates(),
            *level_rules(counts, dependencies, evidence),
        ]
    found.sort(key=lambda candidate: (-candidate.expected, candidate.text))
    declared = {rule.text for rule in schema.rules}
    kept: list[MinedRule] = []
    for candidate in found:
        if len(kept) == at_most:
            break
        if candidate.text in declared:
            continue  # counted as a rule of the schema
        rule = candidate.measured(table)
        if rule.support >= k and rule.confidence >= least_confidence:
            kept.append(rule)
    order = list(RuleKind)
    return tuple(sorted(kept, key=lambda rule: (order.index(rule.kind), -rule.support, rule.text)))


def _missing_rules(counts: PairCounts, dependencies: Dependencies, evidence: Evidence) -> Iterator[Candidate]:
    """Columns missing together, then one missing whenever another is, then missing at some levels."""
    n = counts.n_rows
    both = counts.both_missing
    missing = np.diagonal(both)
    one, other = missing[:, None], missing[None, :]
    expected = one * (n - other) / n + other * (n - one) / n
    held = (one >= evidence.k) & (other >= evidence.k)
    together = held & evidence.convinces(expected, one + other - 2 * both, one + other - both)
    np.fill_diagonal(together, val=False)
    group, _ = ranked_classes(together)
    for index, first in enumerate(group):
        if together[first, index]:
            names = (counts.names[first], counts.names[index])
            yield Candidate(RuleKind.MISSING_TOGETHER, names, float(expected[first, index]))

    # [i, j]: j is missing whenever i is
    expected = one * (n - other) / n
    alone = group == np.arange(len(group))
    whenever = held & evidence.convinces(expected, one - both, one, floor=one) & alone & alone[:, None]
    np.fill_diagonal(whenever, val=False)
    _, chained = ranked_classes(whenever)
    for index, follower in np.argwhere(chained):
        names = (counts.names[follower], counts.names[index])
        yield Candidate(RuleKind.MISSING_WHEN, names, float(expected[index, follower]), "whenever")

    labels = np.flatnonzero(dependencies.first == np.arange(len(dependencies.first)))
    determined = dependencies.relation
    for column in np.flatnonzero(alone & (missing >= evidence.k)):
        # a rule of either sort takes a level at which most rows miss the column
        mostly = counts.level_missing[:, column] > counts.level_rows / 2
        likely = np.intersect1d(labels, counts.level_labels[mostly])
        found = {int(label): _missing_at(counts, evidence, int(column), int(label)) for label in likely}
        exact = [label for label, rule in found.items() if rule is not None and rule.relation == "exactly"]
        for label, rule in found.items():
            # what the coarser of two columns says, the finer one repeats at more length
            if rule is not None and not determined[label, exact].any():
                yield rule


def _missing_at(counts: PairCounts, evidence: Evidence, column: int, label: int) -> Candidate | None:
    """Say at which levels of a label column another column is missing."""
    own = int(counts.label_columns[label])
    if column == own:
        return None
    block = counts.block(label)
    total, lacking = counts.level_rows[block], counts.level_missing[block, column]
    levels, names = counts.level_names[block], (counts.names[column], counts.names[own])
    # cut at one half: there, fewest rows break a rule that speaks of every level
    mostly = lacking > total / 2
    rows, gone, inside, agreed = total.sum(), lacking.sum(), total[mostly].sum(), lacking[mostly].sum()
    expected = (inside * (rows - gone) + gone * (rows - inside)) / rows
    either_way = inside - agreed <= evidence.tolerance * inside and gone - agreed <= evidence.tolerance * gone
    if either_way and evidence.convinces(expected, inside + gone - 2 * agreed, inside + gone - agreed):
        split = (_some(levels, mostly), _some(levels, ~mostly))
        return Candidate(RuleKind.MISSING_WHEN, names, float(expected), "exactly", split)
    both = counts.both_missing
    rate = (both[column, column] - both[column, own]) / (counts.n_rows - both[own, own])
    spread = total * (1 - rate)
    always = evidence.convinces(spread, total - lacking, total, floor=total)
    if not always.any():
        return None
    return Candidate(
        RuleKind.MISSING_WHEN, names, float(spread[always].sum()), "whenever", (_some(levels, always), ())
    )


def _some(labels: tuple[str, ...], chosen: BoolArray) -> tuple[str, ...]:
    return tuple(sorted(label for label, is_chosen in zip(labels, chosen, strict=True) if is_chosen))
