"""Lineage: what a table is and where it came from, as a frozen record that becomes JSON and comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import cattrs

from synthtab.errors import GenerationError, SavedModelError, SpecError
from synthtab.lineage.fingerprints import library_versions, public_hash
from synthtab.specs import SynthesizerSpec

if TYPE_CHECKING:
    from synthtab.schema import TableSchema

__all__ = ["FORMAT_VERSION", "Draw", "Lineage", "Origin", "Parent", "learned_from", "refuse_generation"]

FORMAT_VERSION = 1

_MISREAD = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Origin(StrEnum):
    """Whether rows were observed or made."""

    REAL = "real"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Draw:
    """One table that was drawn from a fitted synthesizer; the same draw again is the same table.

    Parameters
    ----------
    rows : int
        Number of rows.
    seed : int or None
        Seed of the draw; None for the synthesizer's own.
    """

    rows: int
    seed: int | None


@dataclass(frozen=True)
class Parent:
    """A table that was learned, or that is part of a mixture.

    Parameters
    ----------
    kind : Origin
        Real or synthetic.
    generation : int
        0 for real rows.
    rows : int
        Number of rows.
    synthesizer : str, default ""
        Who made it, with parameters.
    """

    kind: Origin
    generation: int
    rows: int
    synthesizer: str = ""

    def __str__(self) -> str:
        """Show in words."""
        if self.kind is Origin.REAL:
            return f"real table, {self.rows:,} rows"
        by = f", by {self.synthesizer}" if self.synthesizer else ""
        return f"synthetic table of generation {self.generation}, {self.rows:,} rows{by}"


@dataclass(frozen=True)
class Lineage:
    """Say what a table is and where it came from.

    Parameters
    ----------
    kind : Origin
        Real or synthetic; a mixture is synthetic.
    rows : int
        Number of rows that were drawn, or that the real table has.
    generation : int, default 0
        How many times rows were sampled on the way: 0 for real rows, 1 for a sample of a model of real rows.
    synthesizer : SynthesizerSpec, optional
        Who made the rows; none for real rows and mixtures.
    fit_seed, sample_seed : int, optional
        Seeds of the fit and of the draw; without a `sample_seed` the draw used the synthesizer's own.
    regime : str, default ""
        How training tables came about, where a recursion made them.
    parents : tuple of Parent
        What was learned, or what a mixture consists of.
    guard : int, default 0
        The k of the guard that real rows passed on the way here; 0 when they passed none.
    releasable : bool, default False
        Whether the rows may leave the house as far as the guard is concerned.
    releases : int, default 0
        Distinct tables drawn so far from the same fitted synthesizer, this one included; 0 for real rows.
    source : str, default ""
        HMAC-SHA256 of the real table at the root, where a key was given.
    schema_hash : str, default ""
        Hash of the public part of the schema (`public_hash`).
    versions : tuple of tuple of str and str
        Libraries in the environment where the rows were learned.
    format_version : int, default 1
        Format of the JSON.

    Raises
    ------
    SpecError
        When the parts contradict each other.
    """

    kind: Origin
    rows: int
    generation: int = 0
    synthesizer: SynthesizerSpec | None = None
    fit_seed: int | None = None
    sample_seed: int | None = None
    regime: str = ""
    parents: tuple[Parent, ...] = ()
    guard: int = 0
    releasable: bool = False
    releases: int = 0
    source: str = ""
    schema_hash: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        """Refuse contradictions."""
        if min(self.rows, self.generation, self.guard, self.releases) < 0:
            raise SpecError("A lineage counts rows, generations, people and releases from 0 on.")
        if self.is_synthetic != (self.generation > 0) or self.is_synthetic != (self.releases > 0):
            raise SpecError(
                "Real rows are of generation 0 and no release.",
                hint="Synthetic rows are of generation 1 or later, and the first release or a later one.",
            )

    @property
    def is_synthetic(self) -> bool:
        """Whether any row was made rather than observed."""
        return self.kind is Origin.SYNTHETIC

    @property
    def is_mixture(self) -> bool:
        """Whether the table was put together from several."""
        return self.is_synthetic and self.synthesizer is None

    def __str__(self) -> str:
        """Show in words: kind, generation, synthesizer."""
        if not self.is_synthetic:
            return "real"
        by = f", by {self.synthesizer}" if self.synthesizer is not None else ", a mixture"
        return f"synthetic: generation {self.generation}{by}"

    # ---------------------------------------------------------------- how one comes about

    @classmethod
    def of_real(cls, rows: int, schema: TableSchema | None = None, *, guard: int = 0) -> Lineage:
        """Say that rows are real.

        Parameters
        ----------
        rows : int
            How many.
        schema : TableSchema, optional
            What is public about them.
        guard : int, default 0
            The k of the guard, where they have passed it already; it then does not run again.

        Returns
        -------
        Lineage
            Generation 0.
        """
        hashed = "" if schema is None else public_hash(schema)
        return cls(Origin.REAL, rows, guard=guard, schema_hash=hashed, versions=library_versions())

    @classmethod
    def of_mixture(cls, parts: Sequence[Lineage], *, regime: str = "") -> Lineage:
        """Say what a table is that was put together from several.

        Parameters
        ----------
        parts : sequence of Lineage
            One for each part; real ones by `of_real`.
        regime : str, default ""
            By which rule it was put together.

        Returns
        -------
        Lineage
            Synthetic if any part is, of the highest generation; guarded only if every part was.

        Raises
        ------
        SpecError
            When there is no part.
        """
        if not parts:
            raise SpecError("A mixture needs at least one part.")
        first = parts[0]
        synthetic = any(part.is_synthetic for part in parts)
        return cls(
            Origin.SYNTHETIC if synthetic else Origin.REAL,
            sum(part.rows for part in parts),
            generation=max(part.generation for part in parts),
            regime=regime,
            parents=tuple(part.as_parent() for part in parts),
            guard=min(part.guard for part in parts),
            releases=max(part.releases for part in parts),
            source=first.source if len({part.source for part in parts}) == 1 else "",
            schema_hash=first.schema_hash if len({part.schema_hash for part in parts}) == 1 else "",
            versions=library_versions(),
        )

    def as_parent(self) -> Parent:
        """Give the short form in which a descendant names this table.

        Returns
        -------
        Parent
            Kind, generation, rows and synthesizer.
        """
        return Parent(self.kind, self.generation, self.rows, str(self.synthesizer or ""))

    def for_rows(self, rows: int) -> Lineage:
        """Give the lineage of the same table with another number of rows.

        Parameters
        ----------
        rows : int
            How many it holds now.

        Returns
        -------
        Lineage
            A part keeps every claim; where rows were added, those may be real, so none of them counts as
            guarded or releasable.
        """
        if rows <= self.rows:
            return replace(self, rows=rows)
        return replace(self, rows=rows, guard=0, releasable=False)

    # ---------------------------------------------------------------- JSON

    def to_json(self) -> str:
        """Write the lineage as JSON.

        Returns
        -------
        str
            One object with sorted keys.
        """
        raw = _CONVERTER.unstructure(self) | {"versions": dict(self.versions)}
        return json.dumps(raw, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Lineage:
        """Read a lineage from JSON.

        Parameters
        ----------
        text : str
            What `to_json` wrote.

        Returns
        -------
        Lineage
            The lineage.

        Raises
        ------
        SavedModelError
            When the text is no lineage, is damaged, or was written by a later version.
        """
        hint = "Write the table again with synthtab, or take the lineage away if you know what the table is."
        try:
            raw = json.loads(text)
            found = raw["format_version"]
            if found == FORMAT_VERSION:
                lineage = _CONVERTER.structure({**raw, "versions": sorted(raw["versions"].items())}, cls)
                # what was changed to fit the fields does not come out as it went in
                if json.dumps(raw, sort_keys=True) == json.dumps(
                    json.loads(lineage.to_json()), sort_keys=True
                ):
                    return lineage
        except (cattrs.BaseValidationError, SpecError, *_MISREAD) as error:
            raise SavedModelError("This is no lineage, or it is damaged.", hint=hint) from error
        if isinstance(found, int) and found > FORMAT_VERSION:
            raise SavedModelError(
                f"This lineage has format {found}; expected {FORMAT_VERSION}.",
                hint="Install the synthtab that wrote it.",
            )
        raise SavedModelError("This lineage is damaged or was edited.", hint=hint)


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_unstructure_hook(SynthesizerSpec, lambda spec: json.loads(spec.to_json()))
_CONVERTER.register_structure_hook(SynthesizerSpec, lambda raw, _: SynthesizerSpec.from_json(json.dumps(raw)))


def learned_from(
    parent: Lineage,
    *,
    synthesizer: SynthesizerSpec,
    seed: int,
    guard: int,
    releasable: bool,
    schema: TableSchema,
    source: str = "",
) -> Lineage:
    """Give the lineage of what is sampled from a synthesizer, before any draw.

    Parameters
    ----------
    parent : Lineage
        That of the rows which were learned.
    synthesizer : SynthesizerSpec
        Who learned them.
    seed : int
        Seed of the fit.
    guard : int
        The k of the guard, in this fit or before it.
    releasable : bool
        Whether samples may leave the house as far as the guard is concerned.
    schema : TableSchema
        What is public about the table.
    source : str, default ""
        HMAC of the real table at the root.

    Returns
    -------
    Lineage
        One generation further; rows, seed and number of the draw are still to be filled in.
    """
    return Lineage(
        Origin.SYNTHETIC,
        0,
        generation=parent.generation + 1,
        synthesizer=synthesizer,
        fit_seed=seed,
        regime=parent.regime,
        parents=parent.parents if parent.is_mixture else (parent.as_parent(),),
        guard=guard,
        releasable=releasable,
        releases=1,
        source=source,
        schema_hash=public_hash(schema),
        versions=library_versions(),
    )


def refuse_generation(parent: Lineage | None, max_generation: int | None) -> None:
    """Refuse a table whose samples would be too many generations from real rows.

    Parameters
    ----------
    parent : Lineage or None
        That of the table to be learned; None is taken for real rows.
    max_generation : int or None
        The last generation allowed.

    Raises
    ------
    GenerationError
        When what is learned would be of a later generation.
    SpecError
        When `max_generation` is no whole number of 1 or more.
    """
    if max_generation is None:
        return
    if isinstance(max_generation, bool) or not isinstance(max_generation, int) or max_generation < 1:
        raise SpecError("max_generation must be a whole number, 1 or more.")
    generation = (0 if parent is None else parent.generation) + 1
    if generation > max_generation:
        raise GenerationError(
            f"This table is synthetic: generation {generation - 1}. What is learned from it would be "
            f"generation {generation}; at most {max_generation} is allowed.",
            hint="Learn real rows, or an earlier generation, or raise max_generation.",
        )
