"""Cast tables of a known law, and the ways a synthetic table can be right or wrong about them."""

from __future__ import annotations

import numpy as np

from synthtab.metrics.columns import stacked
from synthtab.schema import CastTable, ColumnSpec, LabelColumn, NumberColumn

MIX = np.array(
    [
        [1, 0.6, 0.3, 0, 0, 0],
        [0, 0.8, 0.4, 0.2, 0, 0],
        [0, 0, 0.85, 0.3, 0, 0.2],
        [0, 0, 0, 0.9, 0.3, 0],
        [0, 0, 0, 0, 0.95, 0.3],
        [0, 0, 0, 0, 0, 0.9],
    ]
)
COLUMNS = (
    *(ColumnSpec(f"x{index}", "numeric") for index in range(6)),
    *(ColumnSpec(name, "categorical") for name in "aby"),
)


def gaussian_table(n_rows: int, rng: np.random.Generator) -> CastTable:
    """Six correlated normals, three label columns cut from them, some values missing."""
    z = rng.normal(size=(n_rows, 6)) @ MIX
    columns: dict[str, NumberColumn | LabelColumn] = {}
    for index in range(6):
        values = z[:, index].copy()
        if index in (1, 4):
            values[rng.random(n_rows) < 0.05] = np.nan
        columns[f"x{index}"] = NumberColumn(values)
    a = np.digitize(z[:, 0] + 0.7 * rng.normal(size=n_rows), [-1, 0, 1])
    b = np.where(
        rng.random(n_rows) < 0.8, np.digitize(z[:, 2], [-1.5, -0.5, 0.5, 1.5]), rng.integers(0, 5, n_rows)
    )
    b = np.where(rng.random(n_rows) < 0.05, -1, b)
    y = z[:, 1] + z[:, 3] + rng.normal(size=n_rows) > 0.8
    columns["a"] = LabelColumn(a.astype(np.int64), tuple("pqrs"))
    columns["b"] = LabelColumn(b.astype(np.int64), tuple("vwxyz"))
    columns["y"] = LabelColumn(y.astype(np.int64), ("no", "yes"))
    return CastTable(columns, n_rows).in_content_order()


def three_tables(seed: int, n_rows: int | tuple[int, int, int]) -> tuple[CastTable, CastTable, CastTable]:
    """Training, holdout and a fresh sample of the same law."""
    sizes = (n_rows,) * 3 if isinstance(n_rows, int) else n_rows
    rng = np.random.default_rng([seed, 77])
    train, holdout, fresh = (gaussian_table(size, rng) for size in sizes)
    return train, holdout, fresh


def bootstrap(table: CastTable, n_rows: int, rng: np.random.Generator) -> CastTable:
    """Rows drawn with replacement."""
    return table.take(rng.integers(0, table.n_rows, n_rows)).in_content_order()


def shuffled(table: CastTable, rng: np.random.Generator) -> CastTable:
    """Each column in an order of its own: right marginals, no dependence."""
    columns = {name: column.take(rng.permutation(table.n_rows)) for name, column in table.columns.items()}
    return CastTable(columns, table.n_rows).in_content_order()


def jittered(table: CastTable, rng: np.random.Generator, sds: float) -> CastTable:
    """Numbers moved by so many of their own standard deviations."""
    columns = {
        name: NumberColumn(column.values + sds * np.nanstd(column.values) * rng.normal(size=table.n_rows))
        if isinstance(column, NumberColumn)
        else column
        for name, column in table.columns.items()
    }
    return CastTable(columns, table.n_rows)


def leaking(
    fresh: CastTable, train: CastTable, n_leaked: int, rng: np.random.Generator, sds: float = 0.0
) -> CastTable:
    """Put (near) copies of training rows into a fresh sample."""
    leaked = train.take(rng.choice(train.n_rows, n_leaked, replace=False))
    leaked = jittered(leaked, rng, sds) if sds else leaked
    kept = fresh.take(np.arange(n_leaked, fresh.n_rows))
    return stacked((leaked, kept), tuple(fresh.columns)).in_content_order()


def numbers(**columns: list[float] | np.ndarray) -> CastTable:
    """Make a table of number columns."""
    cast = {name: NumberColumn(np.asarray(values, dtype=np.float64)) for name, values in columns.items()}
    return CastTable(cast, len(next(iter(cast.values())).values))


def labels(**columns: list[str | None] | list[str]) -> CastTable:
    """Make a table of label columns; None is missing."""
    cast: dict[str, LabelColumn] = {}
    for name, values in columns.items():
        levels = tuple(sorted({value for value in values if value is not None}))
        codes = [-1 if value is None else levels.index(value) for value in values]
        cast[name] = LabelColumn(np.array(codes, dtype=np.int64), levels)
    return CastTable(dict(cast), len(next(iter(cast.values())).codes))


def specs(table: CastTable) -> tuple[ColumnSpec, ...]:
    """Columns of a table, by what it holds."""
    return tuple(
        ColumnSpec(name, "numeric" if isinstance(column, NumberColumn) else "categorical")
        for name, column in table.columns.items()
    )


def reordered(table: CastTable) -> CastTable:
    """Turn the columns of a table the other way round."""
    return CastTable(dict(reversed(list(table.columns.items()))), table.n_rows)


def ugly_tables() -> dict[str, tuple[CastTable, CastTable, CastTable]]:
    """Training, holdout and synthetic tables that nobody wants but everybody has."""
    rng = np.random.default_rng(5)
    train, holdout, fresh = three_tables(5, 120)
    names = tuple(train.columns)

    def with_column(table: CastTable, name: str, column: NumberColumn | LabelColumn) -> CastTable:
        return CastTable({**table.columns, name: column}, table.n_rows)

    def levels(table: CastTable, of: range) -> CastTable:
        known = tuple(sorted(f"level {index}" for index in of))
        return with_column(table, "a", LabelColumn(rng.integers(0, len(known), table.n_rows), known))

    gone = np.full(120, np.nan)
    endless = fresh.number("x0").values.copy()
    endless[:3] = [np.inf, -np.inf, 1e300]
    missing = LabelColumn(np.full(120, -1, dtype=np.int64), ())
    ids = tuple(f"{index:05d}" for index in range(10_000))
    wide = tuple(
        with_column(numbers(x=rng.normal(size=600)), "id", LabelColumn(rng.permutation(10_000)[:600], ids))
        for _ in range(3)
    )
    return {
        "no synthetic row": (train, holdout, fresh.take(np.arange(0))),
        "no holdout row": (train, holdout.take(np.arange(0)), fresh),
        "one row each": tuple(table.take(np.arange(1)) for table in (train, holdout, fresh)),
        "two rows each": tuple(table.take(np.arange(2)) for table in (train, holdout, fresh)),
        "one synthetic row": (train, holdout, fresh.take(np.arange(1))),
        "constant": (
            numbers(x=np.ones(120), y=np.ones(120)),
            numbers(x=np.ones(120), y=np.ones(120)),
            numbers(x=np.full(120, 2.0), y=np.ones(120)),
        ),
        "a column missing in all": tuple(
            with_column(table, "x3", NumberColumn(gone)) for table in (train, holdout, fresh)
        ),
        "a column missing in synthetic": (train, holdout, with_column(fresh, "x3", NumberColumn(gone))),
        "labels missing in all": tuple(with_column(table, "a", missing) for table in (train, holdout, fresh)),
        "everything missing": tuple(
            CastTable({name: missing if name in "aby" else NumberColumn(gone) for name in names}, 120)
            for _ in range(3)
        ),
        "unseen levels": (
            levels(train, range(5)),
            levels(holdout, range(3, 9)),
            levels(fresh, range(20, 40)),
        ),
        "a level a row": wide,
        "infinite values": (train, holdout, with_column(fresh, "x0", NumberColumn(endless))),
        "infinite real values": (with_column(train, "x0", NumberColumn(endless)), holdout, fresh),
        "no column": tuple(CastTable({}, 120) for _ in range(3)),
        "one class in synthetic": (
            train,
            holdout,
            with_column(fresh, "y", LabelColumn(np.zeros(120, dtype=np.int64), ("yes",))),
        ),
        "a class invented": (
            train,
            holdout,
            with_column(fresh, "y", LabelColumn(rng.integers(0, 3, 120), ("banana", "no", "yes"))),
        ),
    }
