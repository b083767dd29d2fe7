"""Reads feature tables from requests: rows or columns of JSON, Arrow, Parquet."""

from collections.abc import Callable, Sequence
from math import nan
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET
from numpy.typing import NDArray

from features.definitions import FEATURE_COLUMNS, FEATURE_NAMES
from features.ingestion.casting import RowErrors, cast_text, strip_whitespace
from features.ingestion.validation import unreadable_type
from serving.api.arrow_parquet import plain_array, read_table
from serving.api.feature_constraints import impossible_row, impossible_rows
from serving.api.parameters import RequestLimits, ScoringContext
from serving.api.problem_details import MAXIMUM_FAULTS, invalid
from serving.api.request_body import fault_of, refuse_too_many
from serving.request_types import OPTIONAL_COLUMNS, CustomerId, FeaturesRequest, feature_limits
from serving.response_types import Duplicate
from serving.state import ServiceState

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

    def frame(self) -> pd.DataFrame:
        """Return the customers as a feature table, indexed by `customer_id`."""
        values = self.values
        if isinstance(values, list):
            values = np.array([list(row.values()) for row in values], float)
        index = pd.Index(self.ids, dtype="str", name="customer_id")
        return pd.DataFrame(values, index=index, columns=list(FEATURE_NAMES), copy=False)


def features_in_json(request: FeaturesRequest, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return the features of a FeaturesRequest; raises a 413 or 422 problem."""
    given: Any = request.rows
    if (given is UNSET) == (request.columns is UNSET):
        raise invalid([("", "expected rows or columns, and not both")])
    if given is UNSET:
        _refuse_absent(_absent(request.columns), context.state, "columns")
        return features_of_columns(request.columns, limits.customers, context.state.rating_maximum)
    for number, row in enumerate(given):
        _refuse_absent(_absent(row), context.state, f"rows/{number}")
    return features_of_rows(given, limits.customers, context.state.rating_maximum)


def _absent(given: Any) -> list[str]:
    return [name for name in OPTIONAL_COLUMNS if getattr(given, name) is UNSET]


def _refuse_absent(absent: Sequence[str], state: ServiceState, path: str) -> None:
    """Raise a 422 problem where the formula or the model in service reads a column that was left out."""
    if absent:
        read = {*state.formula.columns, *(state.model.customer_model.card.feature_columns if state.model else ())}
        if missing := [name for name in absent if name in read]:
            raise invalid([(path, f"Object missing required field `{missing[0]}`")])


def features_of_rows(rows: Sequence[Any], maximum: int, rating_maximum: float) -> Features:
    """Return FeatureRows, of which msgspec has checked each value; raises a 413 or 422 problem."""
    refuse_too_many("customers", len(rows), maximum)
    ids, path = [row.customer_id for row in rows], "rows/{row}/{name}"
    given = (msgspec.structs.astuple(row)[1:] for row in rows)
    if len(rows) > SINGLE_ROWS:
        numbers = [[nan if number is UNSET else number for number in row] for row in given]
        return _checked(ids, np.array(numbers, dtype=np.float64), path, rating_maximum)
    values = [
        {
            name: nan if number is None or number is UNSET else number
            for name, number in zip(FEATURE_NAMES, row, strict=True)
        }
        for row in given
    ]
    return _checked(ids, values, path, rating_maximum)


def features_of_columns(columns: Any, maximum: int, rating_maximum: float) -> Features:
    """Return RawColumns, decoded; raises a 413 or 422 problem."""
    ids = _decoded_column(columns, "customer_id", _decode_ids)
    if not ids:
        raise invalid([("columns/customer_id", "found no customers, expected at least one")])
    refuse_too_many("customers", len(ids), maximum)
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    for position, name in enumerate(FEATURE_NAMES):
        if getattr(columns, name) is UNSET:
            values[:, position] = np.nan
            continue
        column = _decoded_column(columns, name, _decode_numbers)
        if len(column) != len(ids):
            detail = f"found {len(column)} values for {len(ids)} customers, expected one each"
            raise invalid([(f"columns/{name}", detail)])
        values[:, position] = column
    path = "columns/{name}/{row}"
    faults = _limit_faults(values, path, rating_maximum, _absent(columns))
    return _checked(ids, values, path, rating_maximum, faults)


def _decoded_column(columns: Any, name: str, decode: Callable[[msgspec.Raw], list[T]]) -> list[T]:
    try:
        return decode(getattr(columns, name))
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error), f"columns/{name}")]) from None


def features_of_table(body: bytes, media_type: str, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return a feature table in Arrow or Parquet; NaN in it is null, as in pandas. Raises a 400, 413 or 422 problem."""
    required = tuple(name for name in FEATURE_NAMES if name not in OPTIONAL_COLUMNS)
    table = read_table(body, media_type, ("customer_id", *required), OPTIONAL_COLUMNS, limits.customers)
    absent = [name for name in OPTIONAL_COLUMNS if name not in table.column_names]
    _refuse_absent(absent, context.state, "")
    ids = _customer_ids(plain_array(table["customer_id"]))
    values = np.empty((len(ids), len(FEATURE_NAMES)))
    for position, name in enumerate(FEATURE_NAMES):
        if name in absent:
            values[:, position] = np.nan
            continue
        array = plain_array(table[name])
        type_ = array.type
        if not (pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_null(type_)):
            raise invalid([(name, f"found {type_}, expected numbers")])
        values[:, position] = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    path, rating_maximum = "{name}/{row}", context.state.rating_maximum
    return _checked(ids, values, path, rating_maximum, _limit_faults(values, path, rating_maximum, absent))


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


def _limit_faults(values: NDArray[np.float64], path: str, rating_maximum: float, absent: Sequence[str] = ()) -> Faults:
    """Return the faults of values outside the limits of their columns, except those that were left out."""
    faults: Faults = []
    for numbers, column in zip(values.T, FEATURE_COLUMNS, strict=True):
        least, greatest, whole = feature_limits(column, rating_maximum)
        own_path = path.replace("{name}", column.name)
        null = np.isnan(numbers)
        outside = ~null & ~((numbers >= least) & (numbers <= greatest))
        faults += row_faults(own_path, outside, f"expected a number from {least:.15g} to {greatest:.15g}")
        if whole:
            faults += row_faults(own_path, ~null & ~outside & (numbers != np.floor(numbers)), "expected a whole number")
        if not column.null_when and column.name not in absent:
            faults += row_faults(own_path, null, "is null, expected a number")
    return faults


def _checked(
    ids: Sequence[str],
    values: NDArray[np.float64] | list[dict[str, float]],
    path: str,
    rating_maximum: float,
    faults: Sequence[Fault] = (),
) -> Features:
    """Return features with trimmed ids; raises a 422 problem for impossible rows and repeated customers."""
    ids = [customer_id.strip() for customer_id in ids]
    features = Features(ids, values if len(ids) > SINGLE_ROWS else rows_by_name(values))
    faults = [*faults, *repeated_customers(ids, path.replace("{name}", "customer_id"))[:MAXIMUM_FAULTS]]
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
