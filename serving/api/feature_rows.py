"""Reads feature tables from requests: rows or columns of JSON, Arrow, Parquet."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.definitions import FEATURE_COLUMNS, FEATURE_NAMES
from features.ingestion.casting import RowErrors, cast_text, strip_whitespace
from serving.api.arrow_parquet import plain_array, read_table
from serving.api.feature_constraints import impossible_rows
from serving.api.problem_details import MAXIMUM_FAULTS, invalid
from serving.api.request_body import fault_of, refuse_too_many
from serving.request_types import COLUMN_TYPES, feature_limits

DECODERS = {name: msgspec.json.Decoder(type_) for name, type_ in COLUMN_TYPES.items()}


def frame_of_rows(rows: Sequence[Any], rating_maximum: float) -> pd.DataFrame:
    """Return FeatureRows as a feature table, indexed by `customer_id`; raises the problem invalid (422)."""
    values = np.array([msgspec.structs.astuple(row)[1:] for row in rows], dtype=np.float64)
    return _checked_frame([row.customer_id for row in rows], values, "rows/{row}/{name}", rating_maximum)


def frame_of_columns(columns: Any, maximum: int, rating_maximum: float) -> pd.DataFrame:
    """Return RawColumns as a feature table; raises the problems invalid (422) and too-large (413)."""
    ids = _decoded_column(columns, "customer_id")
    if not ids:
        raise invalid([("columns/customer_id", "found no customers, expected at least one")])
    refuse_too_many("customers", len(ids), maximum)
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    for position, name in enumerate(FEATURE_NAMES):
        column = _decoded_column(columns, name)
        if len(column) != len(ids):
            detail = f"found {len(column)} values for {len(ids)} customers, expected one each"
            raise invalid([(f"columns/{name}", detail)])
        values[:, position] = column
    return _checked_frame(ids, values, "columns/{name}/{row}", rating_maximum)


def _decoded_column(columns: Any, name: str) -> list[Any]:
    try:
        values: list[Any] = DECODERS[name].decode(getattr(columns, name))
        return values
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error), f"columns/{name}")]) from None


def frame_of_table(body: bytes, media_type: str, maximum: int, rating_maximum: float) -> pd.DataFrame:
    """Return a body of Arrow or Parquet as a feature table; NaN in it is null, as in pandas.

    Raises the problems malformed (400), invalid (422) and too-large (413).
    """
    table = read_table(body, media_type, ("customer_id", *FEATURE_NAMES), (), maximum)
    ids = _customer_ids(plain_array(table["customer_id"]))
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    faults: list[tuple[str, str]] = []
    for position, column in enumerate(FEATURE_COLUMNS):
        least, greatest, whole = feature_limits(column, rating_maximum)
        name, array = column.name, plain_array(table[column.name])
        type_ = array.type
        if not (pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_null(type_)):
            faults.append((name, f"found {type_}, expected numbers"))
            continue
        numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        values[:, position] = numbers
        null = np.isnan(numbers)
        outside = ~null & ~((numbers >= least) & (numbers <= greatest))
        faults += row_faults(name, outside, f"expected a number from {least:.15g} to {greatest:.15g}")
        if whole:
            faults += row_faults(name, ~null & ~outside & (numbers != np.floor(numbers)), "expected a whole number")
        if not column.null_when:
            faults += row_faults(name, null, "is null, expected a number")
    if faults:
        raise invalid(faults)
    return _checked_frame(ids, values, "{name}/{row}", rating_maximum)


def _customer_ids(array: pa.Array) -> list[str]:
    """Return a column of ids, trimmed; raises the problem invalid (422) where one is null, blank or not a text."""
    type_ = array.type
    if not (pa.types.is_integer(type_) or pa.types.is_string(type_) or pa.types.is_large_string(type_)):
        raise invalid([("customer_id", f"found {type_}, expected texts or whole numbers")])
    faults = RowErrors()
    ids = strip_whitespace(cast_text("customer_id", array, faults))
    faults.add("customer_id", "is empty", ids.is_null())
    faults.add("customer_id", "holds a NUL byte", pc.match_substring(ids, "\0"))
    if faults.entries:
        raise invalid([(f"{name}/{row}", why) for name, why, rows in faults.entries for row in rows[:MAXIMUM_FAULTS]])
    texts: list[str] = ids.to_pylist()
    return texts


def repeated_customers(ids: Sequence[str], path: str) -> list[tuple[str, str]]:
    """Return the faults of customers that come twice; `path` has a place for the `row`."""
    if len(set(ids)) == len(ids):
        return []
    seen: set[str] = set()
    faults = []
    for row, customer_id in enumerate(ids):
        if customer_id in seen:
            faults.append((path.format(row=row), f"{customer_id!r} comes twice; give each customer once"))
        seen.add(customer_id)
    return faults


def row_faults(name: str, wrong: NDArray[np.bool_], detail: str) -> list[tuple[str, str]]:
    """Return the faults of the first wrong rows of a column."""
    return [(f"{name}/{row}", detail) for row in np.flatnonzero(wrong)[:MAXIMUM_FAULTS]]


def _checked_frame(ids: Sequence[str], values: NDArray[np.float64], path: str, rating_maximum: float) -> pd.DataFrame:
    """Return the table of checked values; raises invalid for impossible rows and for customers that come twice."""
    ids = [customer_id.strip() for customer_id in ids]
    faults = repeated_customers(ids, path.replace("{name}", "customer_id"))[:MAXIMUM_FAULTS]
    columns = {name: values[:, position] for position, name in enumerate(FEATURE_NAMES)}
    faults += impossible_rows(columns, path, MAXIMUM_FAULTS, rating_maximum)
    if faults:
        raise invalid(faults)
    return feature_frame(ids, values)


def feature_frame(ids: list[str], values: NDArray[np.float64]) -> pd.DataFrame:
    """Return a feature table: a row of `values`, in the order of its columns, for each id."""
    index = pd.Index(ids, dtype="str", name="customer_id")
    return pd.DataFrame(values, index=index, columns=list(FEATURE_NAMES), copy=False)
