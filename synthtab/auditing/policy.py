"""Policy: every margin in one table, each with its reason, and the error budgets that add up to 5 %."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from synthtab.errors import SpecError
from synthtab.results import Section

__all__ = ["Margin", "Policy"]


@dataclass(frozen=True)
class Margin:
    """How far a figure may be from fresh real data before it matters in practice.

    Parameters
    ----------
    threshold : float
        The figure that is still acceptable.
    tolerance : float
        How far that lies from fresh real data; a check that could not see twice as much is underpowered.
    reason : str
        Why there.
    """

    threshold: float
    tolerance: float
    reason: str


_MARGINS: Mapping[str, Margin] = MappingProxyType(
    {
        "STB001": Margin(
            0.01, 0.01, "more than one row in a hundred outside the schema breaks somebody's loader"
        ),
        "STB002": Margin(
            0.01, 0.01, "more than one impossible row in a hundred is noticed by the first reader"
        ),
        "STB101": Margin(
            0.98, 0.02, "column shapes are the easy part: only 2 % of the way to chance is acceptable"
        ),
        "STB102": Margin(0.95, 0.05, "a twentieth of the way to chance shifts quantiles visibly"),
        "STB103": Margin(0.95, 0.05, "a twentieth of the way to chance shifts means visibly"),
        "STB104": Margin(0.95, 0.05, "missing rates are counted, not modelled: they should be right"),
        "STB105": Margin(0.10, 0.10, "one row in ten in the wrong place spoils any use of that column"),
        "STB106": Margin(
            0.10, 0.10, "one date in ten on another weekday or month is seen in any time series"
        ),
        "STB107": Margin(0.10, 0.10, "one value in ten with another last digit is what people notice first"),
        "STB108": Margin(0.05, 0.05, "one value in twenty beyond everything seen misleads about extremes"),
        "STB109": Margin(0.05, 0.05, "one row in twenty more or less missing changes who is left to analyse"),
        "STB201": Margin(0.80, 0.20, "a fifth of all dependence lost changes regression coefficients"),
        "STB202": Margin(
            0.80, 0.20, "a fifth of the strength of association lost is visible in any cross table"
        ),
        "STB203": Margin(0.80, 0.20, "a fifth of the rank correlation lost is visible in any scatter plot"),
        "STB204": Margin(0.05, 0.05, "one row in twenty moved in one pair is an invented or a lost finding"),
        "STB205": Margin(0.80, 0.20, "a fifth of what missing values depend on lost biases any imputation"),
        "STB206": Margin(
            0.10, 0.10, "one row in ten moved in one three-way table is a lost or invented finding"
        ),
        "STB207": Margin(0.05, 0.05, "more than one row in twenty that contradicts itself is soon found"),
        "STB301": Margin(0.75, 0.25, "more than a quarter of what honest sampling keeps is gone"),
        "STB302": Margin(0.50, 0.50, "rare groups halved or doubled mislead whoever counts them"),
        "STB303": Margin(0.01, 0.01, "levels that exist nowhere should not reach one row in a hundred"),
        "STB304": Margin(0.50, 0.50, "rare combinations halved or doubled mislead whoever looks for them"),
        "STB305": Margin(0.50, 0.50, "rare kinds of people halved or doubled mislead whoever counts them"),
        "STB401": Margin(0.50, 0.50, "tails half lost or half again too heavy mislead about extremes"),
        "STB501": Margin(
            0.05, 0.05, "one row in twenty misplaced, over all columns, fails that group of people"
        ),
        "STB502": Margin(
            0.80, 0.20, "a model that loses a fifth of its worth for one group should not serve that group"
        ),
        "STB503": Margin(
            0.10, 0.10, "one more wrong decision in ten for one group than for another is unequal treatment"
        ),
        "STB601": Margin(0.90, 0.10, "a tenth of what a boosted model can learn is lost"),
        "STB602": Margin(0.90, 0.10, "a tenth of what a linear model can learn is lost"),
        "STB603": Margin(0.90, 0.10, "a tenth of what extremely randomised trees can learn is lost"),
        "STB701": Margin(
            0.65, 0.15, "a boosted classifier that tells two rows in three apart has found an artefact"
        ),
    }
)


_UTILITY_IN_GROUPS = frozenset({"STB502", "STB503"})


@dataclass(frozen=True)
class Policy:
    """What is asked of a synthetic table, and with which error budgets.

    Parameters
    ----------
    name : str, default "standard"
        Name of the policy, printed on reports.
    margins : mapping of str to Margin, optional
        By check code.
    fidelity, utility, detection, privacy : float
        Chance of any false alarm in each family; together 5 %.
    k : int, default 10
        Fewer people than this are never printed.
    rare_target_threshold : float, default 0.8
        Utility margin when the rarest class of the target holds under 5 % of the rows.

    Examples
    --------
    >>> Policy().with_margin("STB701", 0.8, "an internal prototype").margins["STB701"].threshold
    0.8
    """

    name: str = "standard"
    margins: Mapping[str, Margin] = field(default_factory=lambda: _MARGINS)
    fidelity: float = 0.02
    utility: float = 0.01
    detection: float = 0.005
    privacy: float = 0.015
    k: int = 10
    rare_target_threshold: float = 0.8

    def __post_init__(self) -> None:
        """Freeze the table of margins."""
        object.__setattr__(self, "margins", MappingProxyType(dict(self.margins)))

    def with_margin(self, code: str, threshold: float, reason: str) -> Policy:
        """Give a policy with one margin changed.

        Parameters
        ----------
        code : str
            Check code, e.g. ``"STB201"``.
        threshold : float
            The figure that is still acceptable.
        reason : str
            Why; printed on the report.

        Returns
        -------
        Policy
            The changed policy.

        Raises
        ------
        SpecError
            When the code has no margin, or no reason is given.
        """
        if code not in self.margins:
            raise SpecError(f"No check {code!r} has a margin.", hint=f"Known: {', '.join(self.margins)}.")
        if not reason.strip():
            raise SpecError(
                f"The margin of {code} needs a reason.", hint="Say in a few words why it is acceptable."
            )
        old = self.margins[code]
        # the fresh-data end of the scale stays where it is
        fresh = (
            old.threshold + old.tolerance
            if old.threshold + old.tolerance == 1
            else old.threshold - old.tolerance
        )
        changed = Margin(threshold, abs(fresh - threshold), reason)
        return replace(self, name=f"{self.name}*", margins={**self.margins, code: changed})

    def shared_by(self, audits: int) -> Policy:
        """Give a policy whose error budgets are shared by several audits.

        Parameters
        ----------
        audits : int
            How many tables are judged together.

        Returns
        -------
        Policy
            With budgets divided, so that together they alarm no more often than one audit.
        """
        return replace(
            self,
            fidelity=self.fidelity / audits,
            utility=self.utility / audits,
            detection=self.detection / audits,
            privacy=self.privacy / audits,
        )

    def budget(self, section: Section, code: str = "") -> float:
        """Give the error budget that a section draws on.

        Parameters
        ----------
        section : Section
            The section.
        code : str, default ""
            Code of the check: those of models inside groups draw on the budget of the models.

        Returns
        -------
        float
            Chance of any false alarm in its family.
        """
        if code in _UTILITY_IN_GROUPS:
            return self.utility
        own = {
            Section.UTILITY: self.utility,
            Section.DETECTION: self.detection,
            Section.PRIVACY: self.privacy,
        }
        return own.get(section, self.fidelity)
