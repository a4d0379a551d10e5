"""One column of every odd type that a table may hold, with the kind its schema gives it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

ROWS = 400


def odd_columns() -> dict[str, tuple[pd.Series, str]]:
    """Build the columns, the same every time."""
    draws = np.random.default_rng(0)
    gone = draws.random(ROWS) < 0.2
    number = np.round(draws.normal(50, 10, ROWS), 2)
    whole = draws.integers(0, 100, ROWS)
    coin = draws.random(ROWS) < 0.3
    days = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(draws.integers(0, 900, ROWS), unit="D"))
    minutes = pd.Series(
        pd.Timestamp("2020-01-01") + pd.to_timedelta(draws.integers(0, 90_000, ROWS), unit="min")
    )
    letters = pd.Series(draws.choice(["a", "b", "c"], ROWS))
    sizes = pd.Series(
        pd.Categorical(draws.choice(["lo", "mid", "hi"], ROWS), ["lo", "mid", "hi"], ordered=True)
    )
    return {
        "int64": (pd.Series(whole), "integer"),
        "int8": (pd.Series(whole.astype("int8")), "integer"),
        "uint8": (pd.Series(whole.astype("uint8")), "integer"),
        "Int64": (pd.Series(whole).astype("Int64").mask(gone), "integer"),
        "int64 of 15 digits": (pd.Series(10**15 + whole), "integer"),
        "float16": (pd.Series(whole.astype("float16")).mask(gone), "numeric"),
        "float32": (pd.Series(np.round(number, 1).astype("float32")).mask(gone), "numeric"),
        "float64": (pd.Series(number).mask(gone), "numeric"),
        "Float64": (pd.Series(number).astype("Float64").mask(gone), "numeric"),
        "bool": (pd.Series(coin), "boolean"),
        "boolean": (pd.Series(coin).astype("boolean").mask(gone), "boolean"),
        "object of bool and None": (pd.Series(coin).astype(object).where(~gone, None), "boolean"),
        "0 and 1": (pd.Series(coin.astype(int)), "boolean"),
        "bool as a number": (pd.Series(coin), "integer"),
        "string": (letters.astype("string").mask(gone), "categorical"),
        "string[pyarrow]": (letters.astype("string[pyarrow]").mask(gone), "categorical"),
        "object with nan": (letters.mask(gone), "categorical"),
        "object with None": (letters.astype(object).where(~gone, None), "categorical"),
        "object with NA": (letters.astype(object).where(~gone, pd.NA), "categorical"),
        "object of int": (pd.Series(draws.choice([1, 2, 3], ROWS)).astype(object), "categorical"),
        "object of many types": (pd.Series([2, "x", 2.5, True] * (ROWS // 4), dtype=object), "categorical"),
        "int levels": (pd.Series(draws.choice([10, 20, 30], ROWS)), "categorical"),
        "float levels": (pd.Series(draws.choice([1.5, 2.5], ROWS)).mask(gone), "categorical"),
        "datetime levels": (
            pd.Series(pd.to_datetime(draws.choice(["2020-01-01", "2021-01-01"], ROWS))),
            "categorical",
        ),
        "timedelta levels": (pd.Series(pd.to_timedelta(draws.choice([1, 2], ROWS), unit="D")), "categorical"),
        "date levels": (
            pd.Series([dt.date(2020, 1, 1), dt.date(2021, 1, 1)] * (ROWS // 2), dtype=object),
            "categorical",
        ),
        "ordered category": (sizes.mask(gone), "ordinal"),
        "category of int": (
            pd.Series(pd.Categorical(draws.choice([3, 1, 2], ROWS), [3, 1, 2])),
            "categorical",
        ),
        "category of Timestamp": (pd.Series(pd.Categorical(days.where(days.dt.day < 15))), "datetime"),
        "category as a number": (pd.Series(pd.Categorical(whole % 5)), "integer"),
        "datetime of days": (days.mask(gone), "datetime"),
        "datetime64[us]": (minutes.astype("datetime64[us]"), "datetime"),
        "datetime with zone": (days.dt.tz_localize("Europe/Berlin").mask(gone), "datetime"),
        "datetime with zone, minutes": (
            minutes.dt.tz_localize("UTC").dt.tz_convert("US/Eastern"),
            "datetime",
        ),
        "text of days": (days.dt.strftime("%Y-%m-%d").mask(gone), "datetime"),
        "text of minutes": (minutes.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), "datetime"),
        "object of date": (pd.Series(list(days.dt.date), dtype=object), "datetime"),
        "object of Timestamp": (pd.Series(list(minutes), dtype=object), "datetime"),
        "timedelta": (pd.Series(pd.to_timedelta(whole, unit="min")).mask(gone), "numeric"),
        "object of Decimal": (pd.Series([Decimal(int(i)) / 4 for i in whole], dtype=object), "numeric"),
        "text of numbers": (
            pd.Series([f"{v:.2f}" for v in number], dtype=object).where(~gone, None),
            "numeric",
        ),
        "object of int and None": (
            pd.Series([int(v) for v in whole], dtype=object).where(~gone, None),
            "integer",
        ),
        "int64[pyarrow]": (pd.Series(whole).astype("int64[pyarrow]").mask(gone), "integer"),
        "ArrowDtype string": (letters.astype(pd.ArrowDtype(pa.string())).mask(gone), "categorical"),
        "timestamp[ns][pyarrow]": (days.astype("timestamp[ns][pyarrow]").mask(gone), "datetime"),
        "all missing, float": (pd.Series([np.nan] * ROWS), "numeric"),
        "all missing, object": (pd.Series([None] * ROWS, dtype=object), "categorical"),
        "constant int": (pd.Series([7] * ROWS), "integer"),
        "constant text": (pd.Series(["k"] * ROWS), "categorical"),
        "constant with missing": (pd.Series([7.5] * ROWS).mask(gone), "numeric"),
    }
