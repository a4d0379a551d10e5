"""Arms of a study: how each is named and drawn, what became of the table in words, and each in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synthtab.reporting.study_model import ArmName, OverviewRow, RegimeGroup, Series, ToldArm
from synthtab.reporting.study_words import change_words, kept_words, regime_words
from synthtab.reporting.text import NOT_A_NUMBER, clean, figure, interval, p_value, plural
from synthtab.results import DRIFT_ALARM, Arm, Curve, DecayAnswer, StudyResult

__all__ = ["Roster", "headline", "overview", "regime_groups"]

_STYLES = 6
_LONGEST = 2_000


@dataclass(frozen=True)
class Roster:
    """Arms in the order of the page: by regime, and within one by synthesizer.

    Parameters
    ----------
    series : dict of str to Series
        By name of the synthesizer.
    by_regime : dict of str to tuple of Arm
        Arms, by name of the regime.
    """

    series: dict[str, Series]
    by_regime: dict[str, tuple[Arm, ...]]

    @classmethod
    def of(cls, arms: Sequence[Arm]) -> Roster:
        """Put arms in order.

        Parameters
        ----------
        arms : sequence of Arm
            All arms of a study.

        Returns
        -------
        Roster
            Synthesizers and regimes in the order in which they first come.
        """
        names = list(dict.fromkeys(arm.synthesizer for arm in arms))
        shorts = [clean(name.partition("(")[0]) for name in names]
        series = {
            name: Series(
                f"s{place % _STYLES + 1}", clean(name), short if shorts.count(short) == 1 else clean(name)
            )
            for place, (name, short) in enumerate(zip(names, shorts, strict=True))
        }
        regimes = dict.fromkeys(arm.regime for arm in arms)
        return cls(
            series,
            {
                regime: tuple(
                    sorted(
                        (arm for arm in arms if arm.regime == regime),
                        key=lambda arm: names.index(arm.synthesizer),
                    )
                )
                for regime in regimes
            },
        )

    def name(self, arm: Arm) -> ArmName:
        """Name an arm.

        Parameters
        ----------
        arm : Arm
            One of these arms.

        Returns
        -------
        ArmName
            Clean.
        """
        return ArmName(self.series[arm.synthesizer], clean(arm.regime))

    def __iter__(self) -> Iterator[Arm]:
        """Give arm after arm."""
        return (arm for arms in self.by_regime.values() for arm in arms)


def headline(result: StudyResult) -> str:
    """Count what became of the table over all arms.

    Parameters
    ----------
    result : StudyResult
        Its releasable form.

    Returns
    -------
    str
        The verdict in a few sentences.
    """
    done = [arm for arm in result.arms if arm.chains]
    if not done:
        return "No chain of any arm was finished, so nothing can be said of the table."
    count = f"Of {plural(len(done), 'arm')} over {plural(result.settings.generations, 'generation')}: "
    parts = []
    lost = [curve for arm in done for curve in arm.curves if curve.metric == "levels_lost"]
    beyond = [curve for curve in lost if curve.p_drift is not None and curve.p_drift <= DRIFT_ALARM]
    if any(curve.p_drift is not None for curve in lost):
        more = sum((curve.excess.value or 0.0) > 0 for curve in beyond)
        parts.append(
            f"{more or 'none'} lost more rare levels than a finite sample must, "
            f"{len(beyond) - more or 'none'} fewer"
        )
    families = {"interaction_tvd": "dependence", "tvd": "marginals"}
    for metric, name in families.items():
        own = [decay for arm in done for decay in arm.decays if decay.metric == metric]
        if own:
            fading = sum(decay.direction == "decay" for decay in own)
            verb = "decays" if metric == "interaction_tvd" else "decay"
            parts.append(f"{name} detectably {verb} in {fading or 'none'}{_beyond(own)}")
    failed = len(result.arms) - len(done)
    trouble = f" {plural(failed, 'arm')} could not be finished." if failed else ""
    if not parts:
        return (
            f"{plural(len(done), 'arm')} ran, but no figure was asked that a decay could be seen in.{trouble}"
        )
    return f"{count}{'; '.join(parts)}.{trouble}"


def _beyond(decays: Sequence[DecayAnswer]) -> str:
    """Count where decay is more, and where it is less, than what resampling does."""
    tested = [d for d in decays if d.direction == "decay" and d.p_drift is not None]
    if not tested:
        return ""
    beyond = [d for d in tested if (d.p_drift or 0.0) <= DRIFT_ALARM]
    more = sum((d.excess.value or 0.0) > 0 for d in beyond)
    return (
        f", in {more or 'none'} of them more than resampling does and in {len(beyond) - more or 'none'} less"
    )


def regime_groups(roster: Roster, chains: int) -> tuple[RegimeGroup, ...]:
    """Say what became of the table, regime by regime.

    Parameters
    ----------
    roster : Roster
        Arms.
    chains : int
        Chains that each arm was to have.

    Returns
    -------
    tuple of RegimeGroup
        In the order of the regimes.
    """
    return tuple(
        RegimeGroup(
            clean(regime),
            regime_words(regime),
            next((clean(arm.statement, _LONGEST) for arm in arms if arm.statement), ""),
            tuple(_told(arm, roster, chains) for arm in arms),
        )
        for regime, arms in roster.by_regime.items()
    )


def _told(arm: Arm, roster: Roster, chains: int) -> ToldArm:
    sentence = clean(arm.sentence, _LONGEST) if arm.sentence else "nothing was said of this arm"
    sentence = sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
    trouble = ""
    if arm.chains and arm.failures:
        reasons = " ".join(_sentence(reason) for reason in arm.failures)
        trouble = f"{arm.chains} of {plural(chains, 'chain')} finished. {reasons}"
        if arm.chains >= chains:
            trouble = reasons
    return ToldArm(roster.name(arm), sentence, trouble)


def _sentence(text: str) -> str:
    shown = clean(text, _LONGEST)
    return shown if shown.endswith(".") else f"{shown}."


def overview(roster: Roster, generations: int) -> tuple[OverviewRow, ...]:
    """Put each arm in one line.

    Parameters
    ----------
    roster : Roster
        Arms.
    generations : int
        Length of the chains.

    Returns
    -------
    tuple of OverviewRow
        In the order of the page.
    """
    return tuple(_overview_row(arm, roster.name(arm), generations) for arm in roster)


def _overview_row(arm: Arm, name: ArmName, generations: int) -> OverviewRow:
    if not arm.chains:
        return OverviewRow(name, failure="No chain was finished")
    first = next((decay for decay in arm.decays if decay.metric == "interaction_tvd"), None)
    lost = next((curve for curve in arm.curves if curve.metric == "levels_lost"), None)
    pooled = next((item.ratio for item in arm.drift if not item.column), None)
    kept, expected = kept_words(lost)
    drift, strayed = _leaves(arm.curves)
    return OverviewRow(
        name=name,
        misfit=NOT_A_NUMBER
        if first is None
        else interval(first.misfit.value, first.misfit.low, first.misfit.high),
        misfit_null=_null_misfit(first),
        change=_change(first, generations, arm.chains),
        kept=kept,
        expected=expected,
        size=NOT_A_NUMBER if pooled is None else interval(pooled.value, pooled.low, pooled.high),
        drift=drift,
        strayed=strayed,
    )


def _null_misfit(decay: DecayAnswer | None) -> str:
    """Give what resampling loses in the first generation."""
    kept = decay.null_relative[0] if decay is not None and decay.null_relative else None
    return "" if kept is None else figure(1 - kept)


def _change(decay: DecayAnswer | None, generations: int, chains: int) -> str:
    return NOT_A_NUMBER if decay is None else change_words(decay, generations, chains, is_brief=True)


def _leaves(curves: Sequence[Curve]) -> tuple[str, str]:
    """Give the least p of an arm, and how many figures stray: each p is adjusted for all of them already."""
    tested = [curve.p_drift for curve in curves if curve.p_drift is not None]
    if not tested:
        return "no null", ""
    strayed = sum(p <= DRIFT_ALARM for p in tested)
    return p_value(min(tested)), f"strays in {strayed or 'none'} of {plural(len(tested), 'figure')}"
