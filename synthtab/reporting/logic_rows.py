"""Rules that real rows obey, as rows of a table with a small bar in each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthtab.reporting.audit_charts import tag_of
from synthtab.reporting.axes import linear_axis
from synthtab.reporting.sectionmodel import LogicView, Meter, RuleRow
from synthtab.reporting.text import clean, percent, percent_interval, plural, whole
from synthtab.results import Status
from synthtab.results.shown import LogicRule

__all__ = ["logic_view"]

_MOST_OPEN = 8
_MOST_NAMED = 3
_SHORTEST_SCALE = 0.01


def logic_view(rules: Sequence[LogicRule]) -> LogicView | None:
    """Show each rule with the share of synthetic rows that break it.

    Parameters
    ----------
    rules : sequence of LogicRule
        Most broken first.

    Returns
    -------
    LogicView or None
        None when no rule was asked about.
    """
    if not rules:
        return None
    shares = [share for rule in rules for share in (rule.broken, rule.high, rule.floor)]
    top = linear_axis([0.0, _SHORTEST_SCALE, *shares], least=0.0, most=1.0).high
    rows = [_rule_row(rule, top) for rule in rules]
    worse = sum(rule.status in (Status.FAIL, Status.WARN) for rule in rules)
    obeyed = f"Of {plural(len(rules), 'rule')} that real rows obey, "
    verb = "is" if worse <= 1 else "are"
    said = f"none {verb}" if not worse else f"{worse:,} {verb}"
    return LogicView(
        rows=tuple(rows[:_MOST_OPEN]),
        folded=tuple(rows[_MOST_OPEN:]),
        said=f"{obeyed}{said} broken by synthetic rows more often than by fresh real ones.",
        scale=f"{100 * top:g}\u00a0%",
        withheld=sum(rule.floor is None for rule in rules),
    )


def _rule_row(rule: LogicRule, top: float) -> RuleRow:
    def place(share: float | None) -> float | None:
        if share is None or math.isnan(share):
            return None
        # one rule that nearly all rows break would else leave no trace of the others
        return math.sqrt(min(max(share / top, 0.0), 1.0))

    unnamed = [name for name in rule.columns if name not in rule.text]
    return RuleRow(
        text=clean(rule.text, 400),
        kind=clean(rule.kind, 60),
        tag=tag_of(rule.status),
        support=f"about {whole(rule.support)}",
        confidence=_share_obeyed(rule.confidence),
        broken=percent_interval(rule.broken, rule.low, rule.high),
        fresh="withheld" if rule.floor is None else percent(rule.floor),
        meter=Meter(place(rule.broken) or 0.0, place(rule.low), place(rule.high), place(rule.floor)),
        columns=tuple(clean(name) for name in unnamed[:_MOST_NAMED]),
        more_columns=max(len(unnamed) - _MOST_NAMED, 0),
    )


def _share_obeyed(share: float) -> str:
    """Write a confidence so that a rule with exceptions never looks like one without."""
    almost = 0.9995
    return f"over {percent(0.999)}" if almost <= share < 1 else percent(share)
