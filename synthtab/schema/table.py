"""TableSchema: what is publicly known about a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import yaml

from synthtab.errors import SchemaError
from synthtab.schema.cast_table import CastTable
from synthtab.schema.casting import cast_columns
from synthtab.schema.checking import SchemaReport, check_frame
from synthtab.schema.columns import ColumnSpec, Domain, Role
from synthtab.schema.inference import infer_columns
from synthtab.schema.rules import Formula, Inequality, Rule, rule_from_dict
from synthtab.schema.survival import Survival, check_survival

__all__ = ["TableSchema"]

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class TableSchema:
    """Say what is publicly known about a table.

    Parameters
    ----------
    columns : sequence of ColumnSpec
        In the order of the table.
    unit : str, optional
        Column that says which person (or household, device…) a row belongs to; by default each row is one.
    weight : str, optional
        Column of survey weights.
    rules : sequence of Inequality, FixedCombination or Formula
        What every row must fulfil.
    name : str, default "table"
        Name of the table, for people.
    survival : sequence of Survival
        Pairs of columns that say how long a row was watched and whether the event then happened.

    Raises
    ------
    SchemaError
        When names are doubled, or a rule, the unit or a survival target speaks of a column that is not there.

    Examples
    --------
    >>> schema = TableSchema((ColumnSpec("age", "integer", lower=0, upper=120),))
    >>> schema["age"].upper
    120
    """

    columns: tuple[ColumnSpec, ...]
    unit: str | None = None
    weight: str | None = None
    rules: tuple[Rule, ...] = ()
    name: str = "table"
    survival: tuple[Survival, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the sequences and refuse contradictions."""
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rules", tuple(self.rules))
        object.__setattr__(self, "survival", tuple(self.survival))
        names = self.names
        if len(set(names)) < len(names):
            double = next(name for name in names if names.count(name) > 1)
            raise SchemaError(f"The schema has two columns named {double!r}.")
        for what, column in (("unit", self.unit), ("weight", self.weight)):
            if column is not None and column not in names:
                raise SchemaError(f"The schema's {what} {column!r} is no column of it.")
        for rule in self.rules:
            self._check_rule(rule)
        check_survival(self.survival, self.modelled)

    def _check_rule(self, rule: Rule) -> None:
        absent = [name for name in rule.columns if name not in self.names]
        if absent:
            raise SchemaError(
                f"The rule {rule.text!r} speaks of {absent[0]!r}, which is no column of the schema."
            )
        kinds = {name: self[name].kind for name in rule.columns}
        wrong = [name for name, kind in kinds.items() if not kind.is_modelled]
        if isinstance(rule, Inequality):
            wrong += [name for name, kind in kinds.items() if not kind.is_number]
        elif not isinstance(rule, Formula):
            wrong += [name for name, kind in kinds.items() if not kind.is_label]
        if wrong:
            raise SchemaError(
                f"The rule {rule.text!r} cannot be used on {wrong[0]!r}: it is {kinds[wrong[0]].value}."
            )

    def __getitem__(self, name: str) -> ColumnSpec:
        """Give one column."""
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError(f"The schema has no column {name!r}.", hint=f"It has: {', '.join(self.names)}.")

    def __contains__(self, name: object) -> bool:
        """Say whether the schema has a column of that name."""
        return name in self.names

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def modelled(self) -> tuple[ColumnSpec, ...]:
        """Columns that are learned and scored: no identifier, free text, unit or weight column."""
        return tuple(
            column
            for column in self.columns
            if column.kind.is_modelled and column.name not in {self.unit, self.weight}
        )

    @classmethod
    def infer(cls, frame: pd.DataFrame, *, unit: str | None = None, k: int = 10) -> TableSchema:
        """Guess a schema conservatively; `explain` says why each column was called what it is.

        Parameters
        ----------
        frame : pandas.DataFrame
            The table.
        unit : str, optional
            Column that says which person a row belongs to.
        k : int, default 10
            A level held by fewer than `k` rows is never listed.

        Returns
        -------
        TableSchema
            Categories marked ``from_data``, bounds left open, no rules.

        Raises
        ------
        DataError
            When a column name is no text or occurs twice.
        """
        return cls(infer_columns(frame, k), unit=unit)

    def explain(self) -> str:
        """Say what each column is taken for, and why.

        Returns
        -------
        str
            One line for each column, then the rules and the survival targets.
        """
        width = max((len(name) for name in self.names), default=0)
        lines = []
        for column in self.columns:
            domain = "" if column.domain is Domain.UNKNOWN else f" [{column.domain}]"
            role = "" if column.role is Role.NONE else f" ({column.role})"
            why = column.note or column.description
            lines.append(f"{column.name:<{width}}  {column.kind}{domain}{role}{': ' + why if why else ''}")
        lines += [f"rule: {rule.text}" for rule in self.rules]
        return "\n".join([*lines, *(f"survival: {target.text}" for target in self.survival)])

    def with_column(self, name: str, **changes: object) -> TableSchema:
        """Give a schema in which one column is changed.

        Parameters
        ----------
        name : str
            The column.
        **changes : object
            Fields of `ColumnSpec` and their new values.

        Returns
        -------
        TableSchema
            The changed schema.
        """
        raw = {**self[name].to_dict(), **changes}
        if "kind" in changes and changes["kind"] != self[name].kind.value:
            raw = {
                key: value
                for key, value in raw.items()
                if key in {"name", "kind", "missing", "role", *changes}
            }
        changed = ColumnSpec.from_dict(raw)
        return replace(self, columns=tuple(changed if c.name == name else c for c in self.columns))

    def cast(self, frame: pd.DataFrame, what: str = "given") -> CastTable:
        """Bring a table's modelled columns to the kinds of this schema.

        Parameters
        ----------
        frame : pandas.DataFrame
            Any dtypes.
        what : str, default "given"
            Name of the table, for messages.

        Returns
        -------
        CastTable
            The same rows; unit and weight columns are left out.

        Raises
        ------
        DataError
            When columns are missing, doubled or not named by text.
        """
        return cast_columns(frame, self.modelled, what)

    def check(self, frame: pd.DataFrame) -> SchemaReport:
        """Report every departure from this schema at once, never a value.

        Parameters
        ----------
        frame : pandas.DataFrame
            The table.

        Returns
        -------
        SchemaReport
            All problems.
        """
        return check_frame(frame, self.columns, self.rules)

    def to_dict(self) -> dict[str, object]:
        """Write the schema as plain values.

        Returns
        -------
        dict
            JSON-able values.
        """
        raw: dict[str, object] = {"version": SCHEMA_VERSION, "name": self.name}
        raw |= {
            key: value for key, value in (("unit", self.unit), ("weight", self.weight)) if value is not None
        }
        raw["columns"] = [column.to_dict() for column in self.columns]
        if self.rules:
            raw["rules"] = [rule.to_dict() for rule in self.rules]
        if self.survival:
            raw["survival"] = [target.to_dict() for target in self.survival]
        return raw

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> TableSchema:
        """Read a schema from plain values.

        Parameters
        ----------
        raw : mapping
            What `to_dict` wrote.

        Returns
        -------
        TableSchema
            The schema.

        Raises
        ------
        SchemaError
            When the values are no schema, or of a later version.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("columns"), list):
            raise SchemaError("This is not a schema.", hint="A schema has a list named columns.")
        if raw.get("version", SCHEMA_VERSION) != SCHEMA_VERSION:
            raise SchemaError(
                "The schema was written by another version.", hint=f"This one reads version {SCHEMA_VERSION}."
            )
        known = {"version", "name", "unit", "weight", "columns", "rules", "survival"}
        unknown = sorted(set(map(str, raw)) - known)
        if unknown:
            raise SchemaError(f"The schema has an unknown key {unknown[0]!r}.")
        columns, rules, survival = raw["columns"], raw.get("rules") or [], raw.get("survival") or []
        if not all(map(_all_mappings, (columns, rules, survival))):
            raise SchemaError(
                "Each column, rule and survival target of a schema is a mapping of keys to values."
            )
        return cls(
            tuple(ColumnSpec.from_dict(item) for item in columns),  # type: ignore[attr-defined] # checked above
            unit=_text_or_none(raw.get("unit")),
            weight=_text_or_none(raw.get("weight")),
            rules=tuple(rule_from_dict(item) for item in rules),  # type: ignore[attr-defined] # checked above
            name=str(raw.get("name", "table")),
            survival=tuple(Survival.from_dict(item) for item in survival),  # type: ignore[attr-defined] # as above
        )

    def to_json(self) -> str:
        """Write the schema as JSON.

        Returns
        -------
        str
            Indented JSON.
        """
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> TableSchema:
        """Read a schema from JSON.

        Parameters
        ----------
        text : str
            What `to_json` wrote.

        Returns
        -------
        TableSchema
            The schema.
        """
        try:
            return cls.from_dict(json.loads(text))
        except json.JSONDecodeError as error:
            raise SchemaError(f"The schema is no valid JSON (line {error.lineno}).") from error

    def to_yaml(self) -> str:
        """Write the schema as YAML, for people to read and edit.

        Returns
        -------
        str
            YAML.
        """
        return str(yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=100))

    @classmethod
    def from_yaml(cls, text: str) -> TableSchema:
        """Read a schema from YAML.

        Parameters
        ----------
        text : str
            What `to_yaml` wrote.

        Returns
        -------
        TableSchema
            The schema.
        """
        try:
            return cls.from_dict(yaml.safe_load(text))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" (line {mark.line + 1})" if mark is not None else ""
            raise SchemaError(f"The schema is no valid YAML{where}.") from error

    def save(self, path: str | Path) -> Path:
        """Write the schema to a file, as YAML or, by its ending, as JSON.

        Parameters
        ----------
        path : str or Path
            Ends in ``.yaml``, ``.yml`` or ``.json``.

        Returns
        -------
        Path
            The file.
        """
        target = Path(path)
        target.write_text(self.to_json() if target.suffix == ".json" else self.to_yaml(), encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: str | Path) -> TableSchema:
        """Read a schema from a file.

        Parameters
        ----------
        path : str or Path
            What `save` wrote.

        Returns
        -------
        TableSchema
            The schema.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise SchemaError(
                f"The schema file {Path(path).name!r} cannot be read.", hint="Check its path."
            ) from error
        return cls.from_json(text) if Path(path).suffix == ".json" else cls.from_yaml(text)

    def fingerprint(self) -> str:
        """Give a short hash of the schema, for lineage.

        Returns
        -------
        str
            Sixteen hexadecimal digits.
        """
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _all_mappings(items: object) -> bool:
    return isinstance(items, Iterable) and all(isinstance(item, Mapping) for item in items)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
