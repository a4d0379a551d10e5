"""What is public about a table: kinds, domains, rules, survival targets, privacy roles, the person unit."""

from synthtab.schema.cast_table import CastTable, LabelColumn, NumberColumn
from synthtab.schema.checking import POOLED_LEVEL, SchemaProblem, SchemaReport
from synthtab.schema.columns import ColumnSpec, Domain, Kind, Role, category_label
from synthtab.schema.rules import FixedCombination, Formula, Inequality, Rule
from synthtab.schema.survival import Survival
from synthtab.schema.table import TableSchema

__all__ = [
    "POOLED_LEVEL",
    "CastTable",
    "ColumnSpec",
    "Domain",
    "FixedCombination",
    "Formula",
    "Inequality",
    "Kind",
    "LabelColumn",
    "NumberColumn",
    "Role",
    "Rule",
    "SchemaProblem",
    "SchemaReport",
    "Survival",
    "TableSchema",
    "category_label",
]
