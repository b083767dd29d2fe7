"""Reads feature tables from requests: rows or columns of JSON, Arrow, Parquet."""

from collections.abc import Callable, Sequence
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET
from numpy.typing import NDArray

from features.definitions import FEATURE_COLUMNS, FEATURE_NAMES
from features.ingestion.casting import RowErrors, cast_text, strip_whitespace
from features.ingestion.validation import unreadable_type
from serving.api.arrow_parquet import TableColumns, plain_array, read_table
from serving.api.feature_constraints import impossible_row, impossible_rows
from serving.api.parameters import RequestLimits, ScoringContext
from serving.api.problem_details import MAXIMUM_FAULTS, invalid
from serving.api.request_body import fault_of, refuse_long_list, refuse_too_many
from serving.request_types import (
    NULLABLE_COLUMNS,
    OPTIONAL_COLUMNS,
    CustomerId,
    FeaturesRequest,
    feature_limits,
    id_text,
)
from serving.response_types import Duplicate
from serving.state import ServiceState

if TYPE_CHECKING:
    import pandas as pd

_decode_ids = msgspec.json.Decoder(list[CustomerId]).decode
_decode_numbers = msgspec.json.Decoder(list[float | None]).decode
SINGLE_ROWS = 200
"""Up to this many customers the plain-Python functions are faster than those of arrays."""
T = TypeVar("T")
Fault = tuple[str, str]
Faults = list[Fault]


class Features(NamedTuple):
    """Customers to score: their ids, a row of the feature table for each (null is NaN), and their repeated events.

    Few customers have their rows by name, from which each is scored without an array; many are one array.
    """

    ids: list[str]
    values: NDArray[np.float64] | list[dict[str, float]]
    duplicates: Sequence[Duplicate] = ()

    def rows(self) -> list[dict[str, float]]:
        """Return the rows of the feature table by name."""
        return rows_by_name(self.values)

    def array(self) -> NDArray[np.float64]:
        """Return the rows of the feature table as one array."""
        values = self.values
        return np.array([list(row.values()) for row in values], float) if isinstance(values, list) else values

    def frame(self) -> "pd.DataFrame":
        """Return the customers as a feature table, indexed by `customer_id`."""
        import pandas as pd

        index = pd.Index(self.ids, dtype="str", name="customer_id")
        return pd.DataFrame(self.array(), index=index, columns=list(FEATURE_NAMES), copy=False)


def features_in_json(request: FeaturesRequest, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return the features of a FeaturesRequest; raises a 413 or 422 problem."""
    rows, columns = request.rows or None, request.columns or None
    if (rows is None) == (columns is None):
        raise invalid([("", "expected rows or columns, and not both")])
    if columns is not None:
        return features_of_columns(columns, limits.customers, context.state)
    return features_of_rows(rows or [], limits.customers, context.state)


def _columns_read(state: ServiceState) -> set[str]:
    """Return the columns that the formula or the model in service reads."""
    return {*state.formula.columns, *(state.model.card.feature_columns if state.model else ())}


def features_of_rows(rows: Sequence[Any], maximum: int, state: ServiceState) -> Features:
    """Return FeatureRows, of which msgspec has checked each value; raises a 413 or 422 problem."""
    refuse_too_many("customers", len(rows), maximum)
    ids, path = [row.customer_id for row in rows], "rows/{row}/{name}"
    _refuse_unknown_in_rows(rows, state)
    given = (msgspec.structs.astuple(row)[1:] for row in rows)
    if len(rows) > SINGLE_ROWS:
        numbers = np.empty((len(rows), len(FEATURE_NAMES)))
        for position, row in enumerate(given):
            numbers[position] = [nan if number is UNSET else number for number in row]
        return _checked(ids, numbers, path, state.rating_maximum)
    values = [
        {
            name: nan if number is None or number is UNSET else number
            for name, number in zip(FEATURE_NAMES, row, strict=True)
        }
        for row in given
    ]
    return _checked(ids, values, path, state.rating_maximum)


def _refuse_unknown_in_rows(rows: Sequence[Any], state: ServiceState) -> None:
    """Raise a 422 problem where an optional column that is read has no value."""
    read: set[str] | None = None
    for number, row in enumerate(rows):
        for name in OPTIONAL_COLUMNS:
            if (value := getattr(row, name)) is UNSET or value is None:
                read = _columns_read(state) if read is None else read
                if name in read:
                    raise invalid([_absent_fault(f"rows/{number}", name)])


def _absent_fault(path: str, name: str) -> Fault:
    return path, f"Object missing required field `{name}`"


def features_of_columns(columns: Any, maximum: int, state: ServiceState) -> Features:
    """Return RawColumns, decoded; raises a 413 or 422 problem."""
    refuse_long_list("customers", columns.customer_id, maximum)
    ids = _decoded_column(columns, "customer_id", _decode_ids)
    if not ids:
        raise invalid([("columns/customer_id", "found no customers, expected at least one")])
    refuse_too_many("customers", len(ids), maximum)
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    absent = []
    for position, name in enumerate(FEATURE_NAMES):
        raw = getattr(columns, name)
        if raw is UNSET or bytes(memoryview(raw)[:4]) == b"null":
            values[:, position] = nan
            absent.append(name)
            continue
        refuse_long_list(f"values of {name}", raw, maximum)
        column = _decoded_column(columns, name, _decode_numbers)
        if len(column) != len(ids):
            detail = f"found {len(column)} values for {len(ids)} customers, expected one each"
            raise invalid([(f"columns/{name}", detail)])
        values[:, position] = column
    _refuse_absent(absent, state, "columns")
    return _checked_table(ids, values, "columns/{name}/{row}", state)


def _refuse_absent(absent: Sequence[str], state: ServiceState, path: str) -> None:
    """Raise a 422 problem where a column that is read, and may not be null, was left out."""
    missing = [name for name in absent if name not in NULLABLE_COLUMNS]
    if missing and (missing := [n for n in missing if n not in OPTIONAL_COLUMNS or n in _columns_read(state)]):
        raise invalid([_absent_fault(path, missing[0])])


def _decoded_column(columns: Any, name: str, decode: Callable[[msgspec.Raw], list[T]]) -> list[T]:
    try:
        return decode(getattr(columns, name))
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error), f"columns/{name}")]) from None


def features_of_table(body: bytes, media_type: str, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return a feature table in Arrow or Parquet; NaN in it is null, as in pandas. Raises a 400, 413 or 422 problem."""
    table = read_table(body, media_type, TABLE_COLUMNS, limits.customers)
    absent = [name for name in FEATURE_NAMES if name not in table.column_names]
    _refuse_absent(absent, context.state, "")
    ids = _customer_ids(plain_array(table["customer_id"]))
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    for position, name in enumerate(FEATURE_NAMES):
        if name in absent:
            values[:, position] = nan
        else:
            numbers = plain_array(table[name]).cast(pa.float64(), safe=False)
            values[:, position] = numbers.to_numpy(zero_copy_only=False)
    return _checked_table(ids, values, "{name}/{row}", context.state)


def _type_fault(name: str, type_: pa.DataType) -> str | None:
    """Return None if a column of a feature table can be read from this Arrow type, else what was expected."""
    if name == "customer_id":
        return unreadable_type(name, type_)
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    number = pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_decimal(type_)
    return None if number or pa.types.is_null(type_) else "numbers"


TABLE_COLUMNS = TableColumns(
    ("customer_id", *(name for name in FEATURE_NAMES if name not in (*NULLABLE_COLUMNS, *OPTIONAL_COLUMNS))),
    (*NULLABLE_COLUMNS, *OPTIONAL_COLUMNS),
    _type_fault,
)


def _checked_table(ids: Sequence[str | int], values: NDArray[np.float64], path: str, state: ServiceState) -> Features:
    """Return features with the checks that msgspec does of rows: limits, and nulls where there is no null rule."""
    faults = _limit_faults(values, path, state.rating_maximum)
    read: set[str] | None = None
    for numbers, column in zip(values.T, FEATURE_COLUMNS, strict=True):
        if column.null_when or not (null := np.isnan(numbers)).any():
            continue
        if column.name in OPTIONAL_COLUMNS:
            read = _columns_read(state) if read is None else read
            if column.name not in read:
                continue
        faults += row_faults(path.replace("{name}", column.name), null, "is null, expected a number")
    return _checked(ids, values, path, state.rating_maximum, faults)


def _customer_ids(array: pa.Array) -> list[str]:
    """Return a column of ids, trimmed; raises a 422 problem  where one is null, blank or not a text."""
    if expected := unreadable_type("customer_id", array.type):
        raise invalid([("customer_id", f"found {array.type}, expected {expected}")])
    errors = RowErrors()
    ids = strip_whitespace(cast_text("customer_id", array, errors))
    errors.add("customer_id", "is empty", ids.is_null())
    errors.add("customer_id", "holds a NUL byte", pc.match_substring(ids, "\0"))
    if errors.entries:
        raise invalid(faults_of(errors))
    texts: list[str] = ids.to_pylist()
    return texts


def repeated_customers(ids: Sequence[str], path: str) -> Faults:
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


def faults_of(errors: RowErrors) -> Faults:
    """Return the faults of the first wrong rows that ingest would name."""
    return [(f"{name}/{row}", why) for name, why, rows in errors.entries for row in rows[:MAXIMUM_FAULTS].tolist()]


def row_faults(path: str, wrong: NDArray[np.bool_], detail: str) -> Faults:
    """Return the faults of the first wrong rows of a column; `path` has a place for the `row`."""
    return [(path.format(row=row), detail) for row in np.flatnonzero(wrong)[:MAXIMUM_FAULTS]]


def _limit_faults(values: NDArray[np.float64], path: str, rating_maximum: float) -> Faults:
    """Return the faults of values outside the limits of their columns."""
    faults: Faults = []
    for numbers, column in zip(values.T, FEATURE_COLUMNS, strict=True):
        least, greatest, whole = feature_limits(column, rating_maximum)
        own_path = path.replace("{name}", column.name)
        null = np.isnan(numbers)
        outside = ~null & ~((numbers >= least) & (numbers <= greatest))
        faults += row_faults(own_path, outside, f"expected a number from {least:.15g} to {greatest:.15g}")
        if whole:
            faults += row_faults(own_path, ~null & ~outside & (numbers != np.floor(numbers)), "expected a whole number")
    return faults


def _checked(
    ids: Sequence[str | int],
    values: NDArray[np.float64] | list[dict[str, float]],
    path: str,
    rating_maximum: float,
    faults: Sequence[Fault] = (),
) -> Features:
    """Return features with trimmed ids; raises a 422 problem for impossible rows and repeated customers."""
    texts = [id_text(customer_id) for customer_id in ids]
    features = Features(texts, values if len(ids) > SINGLE_ROWS else rows_by_name(values))
    faults = [*faults, *repeated_customers(texts, path.replace("{name}", "customer_id"))[:MAXIMUM_FAULTS]]
    if isinstance(features.values, list):
        for number, row in enumerate(features.values):
            faults += impossible_row(row, path.replace("{row}", str(number)), rating_maximum)
    else:
        columns = dict(zip(FEATURE_NAMES, features.values.T, strict=True))
        faults += impossible_rows(columns, path, MAXIMUM_FAULTS, rating_maximum)
    if faults:
        raise invalid(faults)
    return features


def rows_by_name(values: NDArray[np.float64] | list[dict[str, float]]) -> list[dict[str, float]]:
    """Return the rows of the feature table by name."""
    if isinstance(values, list):
        return values
    return [dict(zip(FEATURE_NAMES, row, strict=True)) for row in values.tolist()]
