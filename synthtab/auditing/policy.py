"""Policy: every margin in one table, each with its reason, and the error budgets that add up to 5 %."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from synthtab.errors import SpecError
from synthtab.results import Section

__all__ = ["Margin", "Policy", "ReleaseContext"]


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


# Parts of the privacy budget. Attribute inference, linkability, singling out and quasi-identifier cells are
# tested together, against the largest departure of all four, and share one part.
INFERENCE_CODES = ("STB805", "STB806", "STB807", "STB808")
_PRIVACY_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "STB801": 0.30,
        "STB802": 0.25,
        **dict.fromkeys(INFERENCE_CODES, 0.20),
        "STB809": 0.10,
        "STB810": 0.10,
        "STB812": 0.05,
    }
)


@dataclass(frozen=True)
class ReleaseContext:
    """A circle of readers, and what must hold before a table goes to them.

    Parameters
    ----------
    name : str
        Short name, e.g. ``partners``.
    label : str
        Name for people.
    readers : str
        Who they are, and what they may know.
    required : mapping of str to str
        Checks that must pass, by code, each with the reason why.
    largest_unseen : float, optional
        Share of the training rows that could be copied without being seen; more is told as a note.
    must_be_judged : bool, default True
        Whether a required check that could not be asked counts as no; else it is told as a note.
    no_rare_value : str, optional
        Why no value that only a few people hold may stand in the table, even by coincidence.
    """

    name: str
    label: str
    readers: str
    required: Mapping[str, str]
    largest_unseen: float | None = None
    must_be_judged: bool = True
    no_rare_value: str = ""

    def __post_init__(self) -> None:
        """Freeze the requirements."""
        object.__setattr__(self, "required", MappingProxyType(dict(self.required)))


_COPIES_ANYWHERE = {
    "STB801": "whoever takes copied rows for made-up ones will treat real people carelessly",
    "STB809": "one copied person is one person too many",
}
_OUTSIDE = {
    "STB801": "a real row in other hands is a disclosure, whatever the contract says",
    "STB802": "that somebody is in the table can itself be the secret: a clinic, a debt, a trial",
    "STB805": "partners know part of a person's data and may learn the rest",
    "STB806": "partners hold files of their own that could be joined",
    "STB807": "a description that fits one person in the source finds that person",
    "STB809": "those who stand alone are recognised first",
    "STB810": "a value that only a few people hold names them to those who know them",
}
_CONTEXTS = (
    ReleaseContext(
        "same_team",
        "Same team",
        "people who may see the real table anyway, and know who is in it",
        _COPIES_ANYWHERE,
        must_be_judged=False,
    ),
    ReleaseContext(
        "partners",
        "Partners",
        "people bound by contract, who know some people in the table and hold files about them",
        _OUTSIDE,
        largest_unseen=0.05,
    ),
    ReleaseContext(
        "public",
        "Public",
        "anybody, with any knowledge, for ever",
        {
            **_OUTSIDE,
            "STB808": "registers hold quasi-identifiers of everybody",
        },
        largest_unseen=0.01,
        no_rare_value="a stranger cannot tell chance from disclosure, and the table cannot be called back",
    ),
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
    contexts : sequence of ReleaseContext, optional
        Circles of readers that are answered for; by default the same team, partners, and the public.

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
    contexts: tuple[ReleaseContext, ...] = _CONTEXTS

    def __post_init__(self) -> None:
        """Freeze the table of margins."""
        object.__setattr__(self, "margins", MappingProxyType(dict(self.margins)))
        object.__setattr__(self, "contexts", tuple(self.contexts))

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

    def privacy_share(self, code: str) -> float:
        """Give the part of the privacy budget that a check may spend.

        Parameters
        ----------
        code : str
            Check code, e.g. ``"STB802"``.

        Returns
        -------
        float
            From 0 to 1; the parts add up to 1.
        """
        return _PRIVACY_SHARES[code]

    def privacy_alpha(self, code: str) -> float:
        """Give the level at which a privacy check is tested.

        Parameters
        ----------
        code : str
            Check code.

        Returns
        -------
        float
            The privacy budget times the check's part of it.
        """
        return self.privacy * self.privacy_share(code)

    def labellings(self, code: str) -> int:
        """Give the number of exchanged labellings that a privacy check needs.

        Parameters
        ----------
        code : str
            Check code.

        Returns
        -------
        int
            At least 999, and enough for four of them to be as extreme as the truth at its level.
        """
        return max(999, math.ceil(4 / self.privacy_alpha(code)) - 1)

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
