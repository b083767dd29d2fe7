"""Feature tables in a request, however they come, to one frame: rows or columns of JSON, Arrow, Parquet."""

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
from serving.api.arrow_parquet import plain, read_table
from serving.api.feature_constraints import column_faults
from serving.api.problem_details import MOST_FAULTS, invalid
from serving.api.request_body import fault_of, too_many
from serving.request_types import COLUMN_TYPES, feature_limits

DECODERS = {name: msgspec.json.Decoder(each) for name, each in COLUMN_TYPES.items()}
LIMITS = [(column, *feature_limits(column)) for column in FEATURE_COLUMNS]


def frame_of_rows(rows: Sequence[Any]) -> pd.DataFrame:
    """Return FeatureRows as a feature table, indexed by `customer_id`; raises the problem invalid (422)."""
    values = np.array([msgspec.structs.astuple(row)[1:] for row in rows], dtype=np.float64)
    return _frame([row.customer_id for row in rows], values, "rows/{row}/{name}")


def frame_of_columns(columns: Any, most: int) -> pd.DataFrame:
    """Return RawColumns as a feature table; raises the problems invalid (422) and too-large (413)."""
    ids = _column(columns, "customer_id")
    if not ids:
        raise invalid([("columns/customer_id", "found no customers, expected at least one")])
    if len(ids) > most:
        raise too_many("customers", len(ids), most)
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    for position, name in enumerate(FEATURE_NAMES):
        found = _column(columns, name)
        if len(found) != len(ids):
            told = f"found {len(found)} values for {len(ids)} customers, expected one each"
            raise invalid([(f"columns/{name}", told)])
        values[:, position] = found
    return _frame(ids, values, "columns/{name}/{row}")


def _column(columns: Any, name: str) -> list[Any]:
    try:
        values: list[Any] = DECODERS[name].decode(getattr(columns, name))
        return values
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error), f"columns/{name}")]) from None


def frame_of_table(body: bytes, kind: str, most: int) -> pd.DataFrame:
    """Return a body of Arrow or Parquet as a feature table; NaN there is null, as pandas has it.

    Raises the problems malformed (400), invalid (422) and too-large (413).
    """
    table = read_table(body, kind, ("customer_id", *FEATURE_NAMES), (), most)
    ids = texts(plain(table["customer_id"]), "customer_id")
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    faults: list[tuple[str, str]] = []
    for position, (column, least, greatest, whole) in enumerate(LIMITS):
        array = plain(table[column.name])
        type_ = array.type
        if not (pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_null(type_)):
            faults.append((column.name, f"found {type_}, expected numbers"))
            continue
        found = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        values[:, position] = found
        null = np.isnan(found)
        wrong = ~null & ~((found >= least) & (found <= greatest))
        faults += _of_rows(column.name, wrong, f"expected a number from {least:.15g} to {greatest:.15g}")
        if whole:
            faults += _of_rows(column.name, ~null & ~wrong & (found != np.floor(found)), "expected a whole number")
        if not column.null_when:
            faults += _of_rows(column.name, null, "is null, expected a number")
    if faults:
        raise invalid(faults)
    return _frame(ids, values, "{name}/{row}")


def texts(array: pa.Array, name: str) -> list[str]:
    """Return a column of ids as trimmed texts; raises the problem invalid (422) where one is null, blank or no text."""
    type_ = array.type
    if not (pa.types.is_integer(type_) or pa.types.is_string(type_) or pa.types.is_large_string(type_)):
        raise invalid([(name, f"found {type_}, expected texts or whole numbers")])
    faults = RowErrors()
    found = strip_whitespace(cast_text(name, array, faults))
    faults.add(name, "is empty", found.is_null())
    faults.add(name, "holds a NUL byte", pc.match_substring(found, "\0"))
    if faults.entries:
        raise invalid([(f"{name}/{row}", reason) for _, reason, rows in faults.entries for row in rows[:MOST_FAULTS]])
    ids: list[str] = found.to_pylist()
    return ids


def twice(ids: Sequence[str]) -> list[tuple[int, str]]:
    """Return position and id of customers that came before."""
    if len(set(ids)) == len(ids):
        return []
    seen: set[str] = set()
    again = []
    for position, customer_id in enumerate(ids):
        if customer_id in seen:
            again.append((position, customer_id))
        seen.add(customer_id)
    return again


def _of_rows(name: str, wrong: Any, detail: str) -> list[tuple[str, str]]:
    return [(f"{name}/{row}", detail) for row in np.flatnonzero(wrong)[:MOST_FAULTS]]


def _frame(ids: Sequence[str], values: Any, path: str) -> pd.DataFrame:
    """Return the frame of checked values; raises invalid for rows that cannot be and ids that come twice."""
    ids = [customer_id.strip() for customer_id in ids]
    faults = [
        (path.format(name="customer_id", row=row), f"{customer_id!r} comes twice; give each customer once")
        for row, customer_id in twice(ids)[:MOST_FAULTS]
    ]
    faults += column_faults({name: values[:, at] for at, name in enumerate(FEATURE_NAMES)}, path, MOST_FAULTS)
    if faults:
        raise invalid(faults)
    return frame(ids, values)


def frame(ids: list[str], values: NDArray[np.float64]) -> pd.DataFrame:
    """Return a feature table: a row of `values`, in order of its columns, for each id."""
    index = pd.Index(ids, dtype="str", name="customer_id")
    return pd.DataFrame(values, index=index, columns=list(FEATURE_NAMES), copy=False)
