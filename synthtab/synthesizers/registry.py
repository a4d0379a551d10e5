"""The registry: names of synthesizers, their classes imported only when asked for, open to other packages.

A package adds its own by an entry point::

    [project.entry-points."synthtab.synthesizers"]
    my_synthesizer = "my_package.module:MySynthesizer"
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points

from synthtab.errors import SpecError
from synthtab.schema import TableSchema
from synthtab.specs import Parameter, SynthesizerSpec, spec
from synthtab.synthesizers.base import Synthesizer, parameters_of
from synthtab.synthesizers.guard import Guard

__all__ = ["make", "registered", "synthesizer_class"]

ENTRY_POINTS = "synthtab.synthesizers"

_OWN: Mapping[str, str] = {
    "copula_gan": "synthtab.synthesizers.neural:CopulaGANSynthesizer",
    "ctgan": "synthtab.synthesizers.neural:CTGANSynthesizer",
    "gaussian": "synthtab.synthesizers.baselines:GaussianSynthesizer",
    "gaussian_copula": "synthtab.synthesizers.sdv:GaussianCopulaSynthesizer",
    "independent": "synthtab.synthesizers.baselines:IndependentSynthesizer",
    "resampler": "synthtab.synthesizers.baselines:ResamplerSynthesizer",
    "tvae": "synthtab.synthesizers.neural:TVAESynthesizer",
}


def registered() -> tuple[str, ...]:
    """List the synthesizers that `make` knows.

    Returns
    -------
    tuple of str
        Names, sorted: synthtab's own and those of installed packages.
    """
    return tuple(sorted(_homes()))


def synthesizer_class(name: str) -> type[Synthesizer]:
    """Find the class of a synthesizer.

    Parameters
    ----------
    name : str
        Registered name.

    Returns
    -------
    type of Synthesizer
        The class.

    Raises
    ------
    SpecError
        When the name is not registered, or what is registered is no synthesizer.
    """
    # looking through all installed packages takes longer than a small fit: our own names need no look
    homes = _OWN if name in _OWN else _homes()
    if name not in homes:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), homes, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"Registered: {', '.join(sorted(homes))}."
        raise SpecError(f"There is no synthesizer {name!r}.", hint=hint)
    module, _, attribute = homes[name].partition(":")
    kind = getattr(importlib.import_module(module), attribute)
    if not (isinstance(kind, type) and issubclass(kind, Synthesizer)):
        raise SpecError(f"What is registered as {name!r} is no synthtab Synthesizer.")
    return kind


def make(
    synthesizer: str | SynthesizerSpec,
    schema: TableSchema,
    *,
    seed: int = 0,
    guard: bool | Guard = True,
    **params: Parameter,
) -> Synthesizer:
    """Make a synthesizer, ready to be fitted.

    Parameters
    ----------
    synthesizer : str or SynthesizerSpec
        Registered name, or name and parameters.
    schema : TableSchema
        What is public about the table.
    seed : int, default 0
        Seed of the fit, and of `sample` when it is given none.
    guard : bool or Guard, default True
        Whether, and with which `k`, the guard runs on the rows before they are learned.
    **params : str, int, float, bool or None
        Parameters of the synthesizer, laid over those of a spec.

    Returns
    -------
    Synthesizer
        The synthesizer.

    Raises
    ------
    SpecError
        When the name is unknown, or a parameter is not among the synthesizer's or has a value it cannot use.

    Examples
    --------
    >>> from synthtab.schema import ColumnSpec
    >>> synth = make("independent", TableSchema((ColumnSpec("age", "integer", lower=0, upper=120),)))
    >>> str(synth.spec)
    'independent'
    """
    wanted = spec(synthesizer, **params)
    kind = synthesizer_class(wanted.name)
    known = parameters_of(kind)
    for name in wanted.params:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            listing = f"It takes: {', '.join(sorted(known))}." if known else "It takes none."
            raise SpecError(
                f"{wanted.name} has no parameter {name!r}.",
                hint=f"Did you mean {near[0]!r}? {listing}" if near else listing,
            )
    return kind(schema, seed=seed, guard=guard, **wanted.params)


def _homes() -> dict[str, str]:
    # a name of our own is never taken over: a saved spec must go on meaning what it meant
    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)} | dict(_OWN)
