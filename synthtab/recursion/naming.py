"""Naming: regimes by name, as a command line or a configuration file spells them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import fields

from synthtab.errors import SpecError
from synthtab.recursion.curation import Curate, TailReweight
from synthtab.recursion.regime import Regime
from synthtab.recursion.regimes import (
    Accumulate,
    AccumulateSubsample,
    AllReal,
    FixedMix,
    FreshMix,
    Golden,
    Replace,
)

__all__ = ["REGIMES", "regime_of"]

REGIMES: Mapping[str, type[Regime]] = {
    kind.name: kind
    for kind in (
        Replace,
        Accumulate,
        AccumulateSubsample,
        FixedMix,
        FreshMix,
        AllReal,
        Golden,
        Curate,
        TailReweight,
    )
}

_CALL = re.compile(r"([a-z_]+)\s*(?:\(([^()]*)\))?")


def regime_of(text: str | Regime) -> Regime:
    """Make a regime from its name and parameters.

    Parameters
    ----------
    text : str or Regime
        E.g. ``"replace"``, ``"fresh_mix(0.1)"``, ``"curate(validity, 0.5)"``; a regime comes back as it is.

    Returns
    -------
    Regime
        The regime.

    Raises
    ------
    SpecError
        When there is none of that name, or the parameters are not its own.

    Examples
    --------
    >>> regime_of("fresh_mix(0.1)")
    FreshMix(alpha=0.1)
    """
    if isinstance(text, Regime):
        return text
    matched = _CALL.fullmatch(text.strip()) if isinstance(text, str) else None
    if matched is None:
        raise SpecError(
            f"{text!r} is no regime.", hint="Write a name, or a name and numbers, such as fresh_mix(0.1)."
        )
    name, inside = matched.group(1), matched.group(2) or ""
    if name not in REGIMES:
        near = difflib.get_close_matches(name, REGIMES, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"Regimes: {', '.join(sorted(REGIMES))}."
        raise SpecError(f"There is no regime {name!r}.", hint=hint)
    given = [_value(part.strip()) for part in inside.split(",") if part.strip()]
    make: Callable[..., Regime] = REGIMES[name]
    try:
        return make(*given)
    except TypeError as error:
        own = [item.name for item in fields(REGIMES[name]) if not item.kw_only]
        takes = f"takes {', '.join(own)}" if own else "takes no parameter"
        example = f"{name}(0.1)" if own else name
        raise SpecError(f"The regime {name!r} {takes}.", hint=f"Write {example}.") from error


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip("'\"")
