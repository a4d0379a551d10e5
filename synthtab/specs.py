"""SynthesizerSpec: which synthesizer with which parameters, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from synthtab.errors import SpecError

__all__ = ["Parameter", "SynthesizerSpec", "spec"]

Parameter = str | int | float | bool | None


@dataclass(frozen=True)
class SynthesizerSpec:
    """Name a synthesizer and its parameters.

    Parameters
    ----------
    name : str
        Registered name, e.g. ``"gaussian_copula"``.
    params : mapping of str to str, int, float, bool or None
        Parameters that differ from the defaults.

    Examples
    --------
    >>> str(SynthesizerSpec("ctgan", {"epochs": 10}))
    'ctgan(epochs=10)'
    """

    name: str
    params: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the parameters and refuse what JSON cannot hold."""
        for key, value in self.params.items():
            if not isinstance(key, str) or not isinstance(value, str | int | float | bool | type(None)):
                raise SpecError(
                    f"Parameter {key!r} of {self.name!r} has type {type(value).__name__}.",
                    hint="Use text, numbers, true/false or None: a spec must survive JSON.",
                )
        object.__setattr__(self, "params", MappingProxyType(dict(sorted(self.params.items()))))

    def __hash__(self) -> int:
        """Hash by name and parameters."""
        return hash((self.name, tuple(self.params.items())))

    def __reduce__(self) -> tuple[type[SynthesizerSpec], tuple[str, dict[str, Parameter]]]:
        """Pickle as plain values: a mapping proxy does not pickle."""
        return (SynthesizerSpec, (self.name, dict(self.params)))

    def __str__(self) -> str:
        """Show as a call: ``name(parameter=value)``."""
        inside = ", ".join(f"{key}={value!r}" for key, value in self.params.items())
        return f"{self.name}({inside})" if inside else self.name

    def to_json(self) -> str:
        """Write the spec as JSON.

        Returns
        -------
        str
            One JSON object with keys ``name`` and ``params``.
        """
        return json.dumps({"name": self.name, "params": dict(self.params)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> SynthesizerSpec:
        """Read a spec from JSON.

        Parameters
        ----------
        text : str
            What `to_json` wrote.

        Returns
        -------
        SynthesizerSpec
            The same spec.

        Raises
        ------
        SpecError
            When the text is no spec.
        """
        try:
            raw = json.loads(text)
            return cls(str(raw["name"]), dict(raw.get("params", {})))
        except (ValueError, KeyError, TypeError) as error:
            raise SpecError(
                "This is not a synthesizer spec.", hint='Write {"name": …, "params": {…}}.'
            ) from error


def spec(name: str | SynthesizerSpec, **params: Parameter) -> SynthesizerSpec:
    """Make a `SynthesizerSpec`.

    Parameters
    ----------
    name : str or SynthesizerSpec
        Registered name; a spec is returned with `params` laid over its own.
    **params : str, int, float, bool or None
        Parameters of the synthesizer.

    Returns
    -------
    SynthesizerSpec
        The spec.

    Examples
    --------
    >>> str(spec("tvae", epochs=60))
    'tvae(epochs=60)'
    """
    if isinstance(name, SynthesizerSpec):
        return SynthesizerSpec(name.name, {**name.params, **params})
    return SynthesizerSpec(name, params)
